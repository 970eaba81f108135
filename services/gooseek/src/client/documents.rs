//! `gooseek documents`: adds files with a progress bar and a result per file; lists; deletes.

use std::{
    collections::HashMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reader::Format;
use reqwest::{
    Body, Method,
    multipart::{Form, Part},
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{ArgumentNames, Client, lists};
use crate::{cli, output::outln};

/// Files uploaded at the same time.
const UPLOAD_CONCURRENCY: usize = 4;
/// So much of a file tells what it is (bytes). Files of a folder that the server does not read are skipped and reported.
const DETECTED_BYTES: u64 = 4 << 10;

/// How many skipped files are named; of the others only the number is printed.
const NAMED_SKIPPED_LIMIT: usize = 5;
const ARGUMENT_NAMES: ArgumentNames = &[("slug", "--project"), ("project", "--project")];

#[derive(Debug, Deserialize)]
struct Document {
    id: Uuid,
    path: String,
    project_id: Uuid,
    status: String,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    chunks: Option<i64>,
    #[serde(default)]
    size: Option<i64>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Project {
    id: Uuid,
    slug: String,
}

pub(crate) async fn run(server: &cli::ServerArgs, command: cli::DocumentsCommand) -> anyhow::Result<()> {
    let client = Client::new(server, ARGUMENT_NAMES)?;
    match command {
        cli::DocumentsCommand::Add { project, paths } => add(&client, &project, &paths).await,
        cli::DocumentsCommand::List { project, json } => list(&client, project.as_deref(), json).await,
        cli::DocumentsCommand::Delete { ids } => {
            for id in ids {
                client.send(client.request(Method::DELETE, &format!("/api/v1/upload/{id}"))).await?;
                outln!("deleted {id}");
            }
            Ok(())
        }
    }
}

async fn add(client: &Client, project: &str, paths: &[PathBuf]) -> anyhow::Result<()> {
    let mut files = Vec::new();
    let mut skipped = Vec::new();
    for path in paths {
        // A file is known by its path from the folder that was given on, with that folder's name; a single file by its name.
        // `.` and `..` have no name of their own.
        let path = if path.is_dir() { path.canonicalize()? } else { path.clone() };
        let top = path.parent().unwrap_or(&path).to_owned();
        collect_files(&path, &top, true, &mut files, &mut skipped)?;
    }
    check_paths(&files)?;
    if files.is_empty() {
        bail!("no file to add: PDF, DOCX, EPUB, HTML, Markdown, CSV and plain text can be read");
    }
    ensure_project(client, project).await?;
    let bar = ProgressBar::new(files.len() as u64);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
    let results: Vec<(PathBuf, anyhow::Result<Document>)> = stream::iter(files)
        .map(|file| async {
            let result = add_one(client, project, &file).await;
            bar.set_message(terminal::printable(&file.relative).into_owned());
            bar.inc(1);
            (file.path, result)
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
                outln!("ok      {}  ({passages} passage{plural})", path.display());
                for warning in &file.warnings {
                    outln!("        {warning}");
                }
            }
            Ok(file) => {
                failed += 1;
                outln!("{:7} {}: {}", file.status, path.display(), file.error.as_deref().unwrap_or("not indexed yet"));
            }
            Err(error) => {
                failed += 1;
                outln!("failed  {}: {error:#}", path.display());
            }
        }
    }
    if !skipped.is_empty() {
        let named: Vec<String> =
            skipped.iter().take(NAMED_SKIPPED_LIMIT).map(|path| path.display().to_string()).collect();
        let more = if skipped.len() > NAMED_SKIPPED_LIMIT { ", …" } else { "" };
        outln!("{} file(s) that are empty or of other types left out: {}{more}", skipped.len(), named.join(", "));
    }
    if failed > 0 {
        bail!("{failed} of {} file(s) could not be added", results.len());
    }
    Ok(())
}

/// A file to be added.
struct LocalFile {
    path: PathBuf,
    /// Its path within the folder that was given.
    relative: String,
}

/// Collects the files below `path`, a part of the folder `top`. `explicit` files are taken whatever their type, so that the server
/// reports what is wrong with them.
fn collect_files(
    path: &Path,
    top: &Path,
    explicit: bool,
    files: &mut Vec<LocalFile>,
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
                collect_files(&entry, top, false, files, skipped)?;
            }
        }
        return Ok(());
    }
    if explicit || (kind.is_file() && is_readable(path)) {
        let relative = path.strip_prefix(top).unwrap_or(path).to_string_lossy().into_owned();
        files.push(LocalFile { path: path.to_owned(), relative });
    } else {
        skipped.push(path.to_owned());
    }
    Ok(())
}

/// Two files of one path would be two versions of one.
fn check_paths(files: &[LocalFile]) -> anyhow::Result<()> {
    let mut seen = HashMap::new();
    for file in files {
        if let Some(other) = seen.insert(&file.relative, &file.path).filter(|other| **other != file.path) {
            let (one, two) = (other.display(), file.path.display());
            bail!("{one} and {two} would both be {}: add them one after the other, or the folder above", file.relative);
        }
    }
    Ok(())
}

/// Whether the server reads what the file begins with, whatever it is called.
fn is_readable(path: &Path) -> bool {
    let mut head = Vec::new();
    let Ok(file) = fs::File::open(path) else { return false };
    if file.take(DETECTED_BYTES).read_to_end(&mut head).is_err() {
        return false;
    }
    let name = path.file_name().map(|name| name.to_string_lossy());
    Format::detect(name.as_deref(), None, &head).is_ok()
}

/// Creates the project if it does not exist, and prints that it did.
async fn ensure_project(client: &Client, slug: &str) -> anyhow::Result<()> {
    let request = client.request(Method::POST, "/api/v1/projects").json(&json!({"slug": slug}));
    let response = client.exchange(request).await?;
    match response.status().as_u16() {
        201 => outln!("made project {slug}"),
        409 => {}
        _ => {
            client.send(client.request(Method::POST, "/api/v1/projects").json(&json!({"slug": slug}))).await?;
        }
    }
    Ok(())
}

async fn add_one(client: &Client, project: &str, local: &LocalFile) -> anyhow::Result<Document> {
    let file = tokio::fs::File::open(&local.path).await?;
    let metadata = file.metadata().await?;
    let name = local.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let part = Part::stream_with_length(Body::from(file), metadata.len()).file_name(name);
    let mut form = Form::new().text("project", project.to_owned()).text("path", local.relative.clone());
    if let Ok(modified) = metadata.modified() {
        form = form.text("modified_at", DateTime::<Utc>::from(modified).to_rfc3339());
    }
    let form = form.part("file", part);
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

async fn list(client: &Client, project: Option<&str>, json: bool) -> anyhow::Result<()> {
    let query = project.map(|slug| format!("&project={}", utf8_percent_encode(slug, NON_ALPHANUMERIC)));
    if json {
        return lists::print_json(client, "/api/v1/upload", &query.unwrap_or_default()).await;
    }
    let files: Vec<Document> = client.all("/api/v1/upload", &query.unwrap_or_default()).await?;
    if files.is_empty() {
        outln!("no documents");
        return Ok(());
    }
    // The column is shown only if no project was given.
    let projects: Vec<Project> = match project {
        Some(_) => Vec::new(),
        None => client.all("/api/v1/projects", "").await?,
    };
    let slug = |file: &Document| {
        projects.iter().find(|project| project.id == file.project_id).map(|known| known.slug.as_str())
    };
    let width = projects.iter().map(|project| project.slug.len()).max().unwrap_or_default().max("PROJECT".len());
    let column = |slug: &str| if project.is_some() { String::new() } else { format!("  {slug:width$}") };
    outln!("{:36}{}  {:8} {:>10}  NAME", "ID", column("PROJECT"), "STATE", "BYTES");
    for file in &files {
        let note = file.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
        let project = column(slug(file).unwrap_or_default());
        outln!("{}{project}  {:8} {:>10}  {}{note}", file.id, file.status, file.size.unwrap_or_default(), file.path);
    }
    Ok(())
}
