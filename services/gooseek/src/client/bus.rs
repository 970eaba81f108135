//! `gooseek bus`: dead letters and resync.

use reqwest::Method;
use serde_json::Value;

use super::Client;
use crate::{cli, output::outln};

const BUS: &str = "/api/v1/admin/bus";
const DEAD_LETTERS: &str = "/api/v1/admin/bus/dead-letters";

pub(crate) async fn run(server: &cli::ServerArgs, command: cli::BusCommand) -> anyhow::Result<()> {
    let client = Client::new(server, &[])?;
    match command {
        cli::BusCommand::Dlq(cli::DeadLettersCommand::List) => list(&client).await,
        cli::BusCommand::Dlq(cli::DeadLettersCommand::Replay { id, consumer }) => {
            client.send(client.request(Method::POST, &format!("{DEAD_LETTERS}/{id}/{consumer}/replay"))).await?;
            outln!("{id} is replayed to {consumer}");
            Ok(())
        }
        cli::BusCommand::Dlq(cli::DeadLettersCommand::Drop { id, consumer }) => {
            client.send(client.request(Method::DELETE, &format!("{DEAD_LETTERS}/{id}/{consumer}"))).await?;
            outln!("{id} is given up for {consumer}");
            Ok(())
        }
        cli::BusCommand::Resync => {
            let resync: Value = client.json(client.request(Method::POST, &format!("{BUS}/resync"))).await?;
            outln!("{} events are published again", resync["events"]);
            Ok(())
        }
    }
}

async fn list(client: &Client) -> anyhow::Result<()> {
    let mut cursor: Option<String> = None;
    let mut is_empty = true;
    loop {
        let mut request = client.request(Method::GET, DEAD_LETTERS);
        if let Some(cursor) = &cursor {
            request = request.query(&[("cursor", cursor)]);
        }
        let page: Value = client.json(request).await?;
        for dead_letter in page["items"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let text = |name: &str| dead_letter[name].as_str().unwrap_or_default();
            outln!("{} {} → {}: {}", text("id"), text("subject"), text("consumer"), text("reason"));
            is_empty = false;
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    if is_empty {
        outln!("no dead letters");
    }
    Ok(())
}
