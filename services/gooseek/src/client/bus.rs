//! `gooseek bus`.

use reqwest::Method;
use serde_json::Value;

use super::Client;
use crate::cli;

const BUS: &str = "/api/v1/admin/bus";
const LETTERS: &str = "/api/v1/admin/bus/dead-letters";

pub(crate) async fn run(server: &cli::Server, command: cli::Bus) -> anyhow::Result<()> {
    let client = Client::new(server, &[])?;
    match command {
        cli::Bus::Dlq(cli::Dlq::List) => list(&client).await,
        cli::Bus::Dlq(cli::Dlq::Replay { id, consumer }) => {
            client.send(client.request(Method::POST, &format!("{LETTERS}/{id}/{consumer}/replay"))).await?;
            println!("{id} is replayed to {consumer}");
            Ok(())
        }
        cli::Bus::Dlq(cli::Dlq::Drop { id, consumer }) => {
            client.send(client.request(Method::DELETE, &format!("{LETTERS}/{id}/{consumer}"))).await?;
            println!("{id} is given up for {consumer}");
            Ok(())
        }
        cli::Bus::Resync => {
            let resync: Value = client.json(client.request(Method::POST, &format!("{BUS}/resync"))).await?;
            println!("{} events are published again", resync["events"]);
            Ok(())
        }
    }
}

async fn list(client: &Client) -> anyhow::Result<()> {
    let mut cursor: Option<String> = None;
    let mut none = true;
    loop {
        let mut request = client.request(Method::GET, LETTERS);
        if let Some(cursor) = &cursor {
            request = request.query(&[("cursor", cursor)]);
        }
        let page: Value = client.json(request).await?;
        for letter in page["items"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let text = |name: &str| letter[name].as_str().unwrap_or_default();
            println!("{} {} → {}: {}", text("id"), text("subject"), text("consumer"), text("reason"));
            none = false;
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    if none {
        println!("no dead letters");
    }
    Ok(())
}
