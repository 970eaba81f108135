//! `gooseek projects` and `gooseek threads`: what there is, one line each.

use serde::Deserialize;
use serde_json::Value;

use super::Client;
use crate::{
    cli,
    output::{self, outln},
};

#[derive(Deserialize)]
struct Project {
    slug: String,
    name: String,
}

#[derive(Deserialize)]
struct Thread {
    id: String,
    title: String,
}

pub(crate) async fn projects(server: &cli::ServerArgs, json: bool) -> anyhow::Result<()> {
    let client = Client::new(server, &[])?;
    if json {
        return print_json(&client, "/api/v1/projects", "").await;
    }
    let projects: Vec<Project> = client.all("/api/v1/projects", "").await?;
    let width = projects.iter().map(|project| project.slug.len()).max().unwrap_or_default();
    for Project { slug, name } in &projects {
        outln!("{slug:width$}  {name}");
    }
    if projects.is_empty() {
        outln!("no projects");
    }
    Ok(())
}

pub(crate) async fn threads(server: &cli::ServerArgs, json: bool) -> anyhow::Result<()> {
    let client = Client::new(server, &[])?;
    if json {
        return print_json(&client, "/api/v1/library/threads", "").await;
    }
    let threads: Vec<Thread> = client.all("/api/v1/library/threads", "").await?;
    for Thread { id, title } in &threads {
        outln!("{id}  {title}");
    }
    if threads.is_empty() {
        outln!("no threads");
    }
    Ok(())
}

/// All items of a list as one JSON array.
pub(super) async fn print_json(client: &Client, path: &str, query: &str) -> anyhow::Result<()> {
    let items: Vec<Value> = client.all(path, query).await?;
    output::json(&items)
}
