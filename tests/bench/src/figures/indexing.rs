//! Files: pages indexed a second, and retrieval over many chunks.

mod documents;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use proto::upload::v1::{RetrieveRequest, upload_service_client::UploadServiceClient};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use self::documents::Document;
use super::{median, ms};
use crate::{client::Client, gooseek::Gooseek, report::Report, upstreams::embeddings};

const PROJECT: &str = "bench";
/// Files sent at the same time.
const AT_ONCE: usize = 4;
/// Between two looks at a file.
const LOOK: Duration = Duration::from_millis(20);
/// A file that takes longer is a failure.
const PATIENCE: Duration = Duration::from_secs(300);
/// Retrievals whose median counts, after some that fill caches.
const QUERIES: usize = 200;
const WARMING: usize = 20;

/// Pages indexed a second, and retrieval by words.
pub(crate) async fn measure(binary: &Path, chunks: u64, report: &mut Report) -> anyhow::Result<()> {
    let gooseek = Gooseek::start(binary, &[("SEARCH_ENGINES", "none".to_owned())]).await?;
    let shelf = Shelf::new(&gooseek).await?;
    let (pages, files) = documents::pages();
    let cpu = gooseek.cpu_ms()?;
    let begun = Instant::now();
    let indexed = shelf.add(files).await?;
    let elapsed = begun.elapsed();
    let own = (gooseek.cpu_ms()? - cpu) / pages as f64;
    let bound = format!("gooseek used {own:.1} ms of CPU a page; the rest is its parser children and waiting");
    let rate = pages as f64 / elapsed.as_secs_f64();
    report.at_least("pages indexed, 500 of PDF and 500 of Markdown", rate, 200.0, "/s", bound);
    let held = shelf.fill(indexed, chunks, report).await?;
    let (middle, slow) = shelf.retrieve().await?;
    let figure = format!("retrieval by words over {held} chunks, median");
    report.at_most(&figure, middle, 20.0, "ms", "");
    report.shown("  the slowest tenth above", slow, "ms");
    Ok(())
}

/// Retrieval by words and vectors.
pub(crate) async fn measure_hybrid(binary: &Path, chunks: u64, report: &mut Report) -> anyhow::Result<()> {
    let server = embeddings::start().await;
    let mut variables = embeddings::variables(&server);
    variables.push(("SEARCH_ENGINES", "none".to_owned()));
    let gooseek = Gooseek::start(binary, &variables).await?;
    let shelf = Shelf::new(&gooseek).await?;
    let held = shelf.fill(0, chunks, report).await?;
    let (middle, slow) = shelf.retrieve().await?;
    report.shown(&format!("hybrid retrieval, 384 dimensions, {held} chunks, median"), middle, "ms");
    report.shown("  the slowest tenth above", slow, "ms");
    Ok(())
}

/// The files of a server.
struct Shelf {
    client: Client,
    url: String,
}

impl Shelf {
    async fn new(gooseek: &Gooseek) -> anyhow::Result<Self> {
        let client = Client::new(&gooseek.url)?;
        client.http.post("/api/v1/projects").json(&json!({"slug": PROJECT})).send().await?.error_for_status()?;
        Ok(Self { client, url: gooseek.url.clone() })
    }

    /// Adds files and waits until they are found; returns how many chunks they have.
    async fn add(&self, files: impl IntoIterator<Item = Document>) -> anyhow::Result<u64> {
        let added = stream::iter(files).map(|file| self.add_one(file)).buffer_unordered(AT_ONCE);
        added.try_fold(0, async |sum, chunks| Ok(sum + chunks)).await
    }

    async fn add_one(&self, document: Document) -> anyhow::Result<u64> {
        let part = Part::bytes(document.bytes).file_name(document.name);
        let form = Form::new().text("project", PROJECT).part("file", part);
        let response = self.client.http.post("/api/v1/upload").multipart(form).send().await?.error_for_status()?;
        let mut file: Value = response.json().await?;
        let id = file["id"].as_str().context("a file has an id")?.to_owned();
        let until = Instant::now() + PATIENCE;
        while file["status"] != "indexed" {
            ensure!(file["status"] != "failed" && Instant::now() < until, "not indexed: {file}");
            tokio::time::sleep(LOOK).await;
            file = self.client.http.get(&format!("/api/v1/upload/{id}")).send().await?.json().await?;
        }
        file["chunks"].as_u64().context("an indexed file has chunks")
    }

    /// Adds texts until there are `wanted` chunks; returns how many there are.
    async fn fill(&self, mut held: u64, wanted: u64, report: &mut Report) -> anyhow::Result<u64> {
        let begun = Instant::now();
        let before = held;
        let mut number = 0;
        while held < wanted {
            let batch = (number..number + AT_ONCE as u64).map(documents::text);
            held += self.add(batch).await?;
            number += AT_ONCE as u64;
        }
        let rate = (held - before) as f64 / begun.elapsed().as_secs_f64();
        report.note(format!("filled up to {held} chunks, at {rate:.0} a second"));
        Ok(held)
    }

    /// The median and the ninth tenth of retrievals one after the other, in milliseconds.
    async fn retrieve(&self) -> anyhow::Result<(f64, f64)> {
        let mut client = UploadServiceClient::connect(self.url.clone()).await?;
        let mut times = Vec::new();
        for number in 0..WARMING + QUERIES {
            let request = RetrieveRequest { queries: vec![documents::query(number as u64)], ..Default::default() };
            let begun = Instant::now();
            let found = client.retrieve(request).await?.into_inner();
            let time = ms(begun.elapsed());
            ensure!(!found.chunks.is_empty() && found.degraded.is_empty(), "retrieval: {}", found.degraded);
            if number >= WARMING {
                times.push(time);
            }
        }
        times.sort_by(f64::total_cmp);
        Ok((median(times.clone()), times[times.len() * 9 / 10]))
    }
}
