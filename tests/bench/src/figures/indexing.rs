//! Files: pages indexed per second, and retrieval over many chunks.

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
/// Files uploaded at the same time.
const CONCURRENCY: usize = 4;
/// Between two requests for the status of a file.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Limit on indexing one file.
const INDEXING_TIMEOUT: Duration = Duration::from_secs(300);
/// Retrievals that are measured, after some that warm caches.
const MEASURED_QUERIES: usize = 200;
const WARMUP_QUERIES: usize = 20;

/// Measures pages indexed per second, and lexical retrieval.
pub(crate) async fn measure(binary: &Path, chunks: u64, report: &mut Report) -> anyhow::Result<()> {
    let gooseek = Gooseek::start(binary, &[("SEARCH_ENGINES", "none".to_owned())]).await?;
    let project = TestProject::new(&gooseek).await?;
    let (pages, files) = documents::pages();
    let cpu = gooseek.cpu_ms()?;
    let started = Instant::now();
    let indexed = project.add(files).await?;
    let elapsed = started.elapsed();
    let own = (gooseek.cpu_ms()? - cpu) / pages as f64;
    let bound = format!("gooseek used {own:.1} ms of CPU a page; the rest is its parser children and waiting");
    let rate = pages as f64 / elapsed.as_secs_f64();
    report.at_least("pages indexed, 500 of PDF and 500 of Markdown", rate, 200.0, "/s", bound);
    let held = project.fill(indexed, chunks, report).await?;
    let (median_ms, p90_ms) = project.retrieve().await?;
    let figure = format!("retrieval by words over {held} chunks, median");
    report.at_most(&figure, median_ms, 20.0, "ms", "");
    report.info("  the slowest tenth above", p90_ms, "ms");
    Ok(())
}

/// Measures hybrid retrieval: lexical and vectors.
pub(crate) async fn measure_hybrid(binary: &Path, chunks: u64, report: &mut Report) -> anyhow::Result<()> {
    let server = embeddings::start().await;
    let mut variables = embeddings::variables(&server);
    variables.push(("SEARCH_ENGINES", "none".to_owned()));
    let gooseek = Gooseek::start(binary, &variables).await?;
    let project = TestProject::new(&gooseek).await?;
    let held = project.fill(0, chunks, report).await?;
    let (median_ms, p90_ms) = project.retrieve().await?;
    report.info(&format!("hybrid retrieval, 384 dimensions, {held} chunks, median"), median_ms, "ms");
    report.info("  the slowest tenth above", p90_ms, "ms");
    Ok(())
}

/// A project of the measured server, filled with files.
struct TestProject {
    client: Client,
    url: String,
}

impl TestProject {
    async fn new(gooseek: &Gooseek) -> anyhow::Result<Self> {
        let client = Client::new(&gooseek.url)?;
        client.http.post("/api/v1/projects").json(&json!({"slug": PROJECT})).send().await?.error_for_status()?;
        Ok(Self { client, url: gooseek.url.clone() })
    }

    /// Uploads files and waits until they are indexed; returns the number of their chunks.
    async fn add(&self, files: impl IntoIterator<Item = Document>) -> anyhow::Result<u64> {
        let added = stream::iter(files).map(|file| self.add_one(file)).buffer_unordered(CONCURRENCY);
        added.try_fold(0, async |sum, chunks| Ok(sum + chunks)).await
    }

    async fn add_one(&self, document: Document) -> anyhow::Result<u64> {
        let part = Part::bytes(document.bytes).file_name(document.name);
        let form = Form::new().text("project", PROJECT).part("file", part);
        let response = self.client.http.post("/api/v1/upload").multipart(form).send().await?.error_for_status()?;
        let mut file: Value = response.json().await?;
        let id = file["id"].as_str().context("a file has an id")?.to_owned();
        let until = Instant::now() + INDEXING_TIMEOUT;
        while file["status"] != "indexed" {
            ensure!(file["status"] != "failed" && Instant::now() < until, "not indexed: {file}");
            tokio::time::sleep(POLL_INTERVAL).await;
            file = self.client.http.get(&format!("/api/v1/upload/{id}")).send().await?.json().await?;
        }
        file["chunks"].as_u64().context("an indexed file has chunks")
    }

    /// Uploads texts until there are `target` chunks; returns how many there are.
    async fn fill(&self, mut chunks: u64, target: u64, report: &mut Report) -> anyhow::Result<u64> {
        let started = Instant::now();
        let before = chunks;
        let mut number = 0;
        while chunks < target {
            let batch = (number..number + CONCURRENCY as u64).map(documents::text);
            chunks += self.add(batch).await?;
            number += CONCURRENCY as u64;
        }
        let rate = (chunks - before) as f64 / started.elapsed().as_secs_f64();
        report.note(format!("filled up to {chunks} chunks, at {rate:.0} a second"));
        Ok(chunks)
    }

    /// Median and 90th percentile of sequential retrievals, in milliseconds.
    async fn retrieve(&self) -> anyhow::Result<(f64, f64)> {
        let mut client = UploadServiceClient::connect(self.url.clone()).await?;
        let mut times = Vec::new();
        for number in 0..WARMUP_QUERIES + MEASURED_QUERIES {
            let request = RetrieveRequest { queries: vec![documents::query(number as u64)], ..Default::default() };
            let started = Instant::now();
            let found = client.retrieve(request).await?.into_inner();
            let time = ms(started.elapsed());
            ensure!(!found.chunks.is_empty() && found.degraded.is_empty(), "retrieval: {}", found.degraded);
            if number >= WARMUP_QUERIES {
                times.push(time);
            }
        }
        times.sort_by(f64::total_cmp);
        Ok((median(times.clone()), times[times.len() * 9 / 10]))
    }
}
