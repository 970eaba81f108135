//! `gooseek search`: prints web results.

use reqwest::Method;
use serde_json::{Value, json};

use super::Client;
use crate::{
    cli,
    output::{self, outln},
};

pub(crate) async fn run(server: &cli::ServerArgs, options: &cli::SearchArgs) -> anyhow::Result<()> {
    let client = Client::new(server, &[("max_results", "--limit")])?;
    let body = json!({"query": options.query.join(" "), "max_results": options.limit});
    let found: Value = client.json(client.request(Method::POST, "/api/v1/search").json(&body)).await?;
    if options.json {
        return output::json(&found);
    }
    let results = found["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    if results.is_empty() {
        outln!("nothing found");
    }
    for (number, result) in results.iter().enumerate() {
        let text = |name: &str| result[name].as_str().unwrap_or_default();
        outln!("{}. {}\n   {}", number + 1, text("title"), text("url"));
        let snippet: String = text("snippet").split_whitespace().collect::<Vec<_>>().join(" ");
        outln!("   {}\n", snippet.chars().take(240).collect::<String>());
    }
    Ok(())
}
