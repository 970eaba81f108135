//! `gooseek bus dlq`.

use reqwest::Method;
use serde_json::Value;

use super::Client;
use crate::cli;

const LETTERS: &str = "/api/v1/admin/bus/dead-letters";

pub(crate) async fn run(server: &cli::Server, command: cli::Dlq) -> anyhow::Result<()> {
    let client = Client::new(server)?;
    match command {
        cli::Dlq::List => list(&client).await,
        cli::Dlq::Replay { id, consumer } => {
            client.send(client.request(Method::POST, &format!("{LETTERS}/{id}/{consumer}/replay"))).await?;
            println!("{id} is delivered to {consumer} again");
            Ok(())
        }
        cli::Dlq::Drop { id, consumer } => {
            client.send(client.request(Method::DELETE, &format!("{LETTERS}/{id}/{consumer}"))).await?;
            println!("{id} is given up for {consumer}");
            Ok(())
        }
    }
}

async fn list(client: &Client) -> anyhow::Result<()> {
    let listing: Value = client.json(client.request(Method::GET, LETTERS)).await?;
    let letters = listing["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    if letters.is_empty() {
        println!("no dead letters");
    }
    for letter in letters {
        let text = |name: &str| letter[name].as_str().unwrap_or_default();
        println!("{} {} → {}: {}", text("id"), text("subject"), text("consumer"), text("error"));
    }
    Ok(())
}
