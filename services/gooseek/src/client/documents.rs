//! `gooseek documents`: adds files with a progress bar and a result per file; lists; deletes.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use futures::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Body, Method,
    multipart::{Form, Part},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use uuid::Uuid;

use super::{ArgumentNames, Client};
use crate::cli;

/// Files uploaded at the same time.
const UPLOAD_CONCURRENCY: usize = 4;
/// Supported file types; other files of a folder are skipped and reported.
const EXTENSIONS: [&str; 10] = ["pdf", "docx", "md", "markdown", "html", "htm", "txt", "csv", "tsv", "text"];

/// How many skipped files are named; of the others only the number is printed.
const NAMED_SKIPPED_LIMIT: usize = 5;
const ARGUMENT_NAMES: ArgumentNames = &[("slug", "--project"), ("project", "--project")];

#[derive(Debug, Deserialize)]
struct Document {
    id: Uuid,
    name: String,
    project_id: Uuid,
    status: String,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    chunks: Option<i64>,
    #[serde(default)]
    size: Option<i64>,
}

#[derive(Deserialize)]
struct Project {
    id: Uuid,
    slug: String,
}

/// A page of a list.
#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

pub(crate) async fn run(server: &cli::ServerArgs, command: cli::DocumentsCommand) -> anyhow::Result<()> {
    let client = Client::new(server, ARGUMENT_NAMES)?;
    match command {
        cli::DocumentsCommand::Add { project, paths } => add(&client, &project, &paths).await,
        cli::DocumentsCommand::List { project } => list(&client, project.as_deref()).await,
        cli::DocumentsCommand::Delete { ids } => {
            for id in ids {
                client.send(client.request(Method::DELETE, &format!("/api/v1/upload/{id}"))).await?;
                println!("deleted {id}");
            }
            Ok(())
        }
    }
}

async fn add(client: &Client, project: &str, paths: &[PathBuf]) -> anyhow::Result<()> {
    let mut files = Vec::new();
    let mut skipped = Vec::new();
    for path in paths {
        collect_files(path, true, &mut files, &mut skipped)?;
    }
    if files.is_empty() {
        bail!("no file to add: {} can be read", EXTENSIONS.join(", "));
    }
    ensure_project(client, project).await?;
    let bar = ProgressBar::new(files.len() as u64);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
    let results: Vec<(PathBuf, anyhow::Result<Document>)> = stream::iter(files)
        .map(|path| async {
            let result = add_one(client, project, &path).await;
            bar.set_message(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            bar.inc(1);
            (path, result)
        })
        .buffer_unordered(UPLOAD_CONCURRENCY)
        .collect()
        .await;
    bar.finish_and_clear();
    report(results, &skipped)
}

fn report(mut results: Vec<(PathBuf, anyhow::Result<Document>)>, skipped: &[PathBuf]) -> anyhow::Result<()> {
    results.sort_by(|a, b| a.0.cmp(&b.0));
    let mut failed = 0;
    for (path, result) in &results {
        match result {
            Ok(file) if file.status == "indexed" => {
                let passages = file.chunks.unwrap_or_default();
                let plural = if passages == 1 { "" } else { "s" };
                println!("ok      {}  ({passages} passage{plural})", path.display());
            }
            Ok(file) => {
                failed += 1;
                println!(
                    "{:7} {}: {}",
                    file.status,
                    path.display(),
                    file.error.as_deref().unwrap_or("not indexed yet")
                );
            }
            Err(error) => {
                failed += 1;
                println!("failed  {}: {error:#}", path.display());
            }
        }
    }
    if !skipped.is_empty() {
        let named: Vec<String> =
            skipped.iter().take(NAMED_SKIPPED_LIMIT).map(|path| path.display().to_string()).collect();
        let more = if skipped.len() > NAMED_SKIPPED_LIMIT { ", …" } else { "" };
        println!("{} file(s) of other types left out: {}{more}", skipped.len(), named.join(", "));
    }
    if failed > 0 {
        bail!("{failed} of {} file(s) could not be added", results.len());
    }
    Ok(())
}

/// Collects the files below `path`. `explicit` files are taken whatever their type, so that the server reports what is
/// wrong with them.
fn collect_files(
    path: &Path,
    explicit: bool,
    files: &mut Vec<PathBuf>,
    skipped: &mut Vec<PathBuf>,
) -> anyhow::Result<()> {
    let kind = fs::symlink_metadata(path).with_context(|| path.display().to_string())?;
    if kind.is_dir() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        entries.sort();
        for entry in entries {
            let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if !hidden {
                collect_files(&entry, false, files, skipped)?;
            }
        }
        return Ok(());
    }
    let readable = path
        .extension()
        .is_some_and(|extension| EXTENSIONS.contains(&extension.to_string_lossy().to_lowercase().as_str()));
    if explicit || (kind.is_file() && readable) {
        files.push(path.to_owned());
    } else {
        skipped.push(path.to_owned());
    }
    Ok(())
}

/// Creates the project if it does not exist, and prints that it did.
async fn ensure_project(client: &Client, slug: &str) -> anyhow::Result<()> {
    let response = client
        .request(Method::POST, "/api/v1/projects")
        .json(&json!({"slug": slug}))
        .send()
        .await
        .map_err(|error| client.connection_error(&error))?;
    match response.status().as_u16() {
        201 => println!("made project {slug}"),
        409 => {}
        _ => {
            client.send(client.request(Method::POST, "/api/v1/projects").json(&json!({"slug": slug}))).await?;
        }
    }
    Ok(())
}

async fn add_one(client: &Client, project: &str, path: &Path) -> anyhow::Result<Document> {
    let file = tokio::fs::File::open(path).await?;
    let length = file.metadata().await?.len();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let part = Part::stream_with_length(Body::from(file), length).file_name(name);
    let form = Form::new().text("project", project.to_owned()).part("file", part);
    let file: Document = client.json(client.request(Method::POST, "/api/v1/upload").multipart(form)).await?;
    wait_until_indexed(client, file).await
}

async fn wait_until_indexed(client: &Client, mut file: Document) -> anyhow::Result<Document> {
    let mut delay = Duration::from_millis(50);
    while !matches!(file.status.as_str(), "indexed" | "failed" | "pending") {
        tokio::time::sleep(delay).await;
        delay = (delay * 2).min(Duration::from_secs(1));
        file = client.json(client.request(Method::GET, &format!("/api/v1/upload/{}", file.id))).await?;
    }
    Ok(file)
}

async fn list(client: &Client, project: Option<&str>) -> anyhow::Result<()> {
    let query = project.map(|slug| format!("&project={}", utf8_percent_encode(slug, NON_ALPHANUMERIC)));
    let files: Vec<Document> = fetch_all(client, "/api/v1/upload", &query.unwrap_or_default()).await?;
    if files.is_empty() {
        println!("no documents");
        return Ok(());
    }
    // The column is shown only if no project was given.
    let projects: Vec<Project> = match project {
        Some(_) => Vec::new(),
        None => fetch_all(client, "/api/v1/projects", "").await?,
    };
    let slug = |file: &Document| {
        projects.iter().find(|project| project.id == file.project_id).map(|known| known.slug.as_str())
    };
    let width = projects.iter().map(|project| project.slug.len()).max().unwrap_or_default().max("PROJECT".len());
    let column = |slug: &str| if project.is_some() { String::new() } else { format!("  {slug:width$}") };
    println!("{:36}{}  {:8} {:>10}  NAME", "ID", column("PROJECT"), "STATE", "BYTES");
    for file in &files {
        let note = file.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
        let project = column(slug(file).unwrap_or_default());
        println!("{}{project}  {:8} {:>10}  {}{note}", file.id, file.status, file.size.unwrap_or_default(), file.name);
    }
    Ok(())
}

/// All items of a list, fetched page by page.
async fn fetch_all<T: DeserializeOwned>(client: &Client, path: &str, query: &str) -> anyhow::Result<Vec<T>> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let address = format!("{path}?limit=100{query}{cursor}");
        let page: Page<T> = client.json(client.request(Method::GET, &address)).await?;
        items.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={}", utf8_percent_encode(&next, NON_ALPHANUMERIC)),
            None => return Ok(items),
        }
    }
}
