//! `make cluster`: runs every service as separate processes on this machine, with their own servers, until Ctrl-C.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Parser;
use testkit::Gooseek;

/// Starts the scale shape around the programs that lie beside `gooseek`. What it keeps is gone when it stops.
#[derive(Debug, Parser)]
#[command(name = "cluster")]
struct Options {
    /// The all-in-one program, as `cargo build --workspace --bins` leaves it.
    gooseek: PathBuf,
    /// Port of loopback that it is asked at.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// A variable of every service, such as `SEARXNG_URL=http://127.0.0.1:8888`.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    server::process(|| run(options))
}

async fn run(options: Options) -> anyhow::Result<()> {
    let gooseek = options.gooseek.canonicalize().with_context(|| options.gooseek.display().to_string())?;
    let cluster = Gooseek::cluster_at(&gooseek, Some(options.port)).await.context("make deps installs the servers")?;
    let mut cluster = cluster.set("SEARCH_ENGINES", "all");
    for setting in &options.settings {
        let (name, value) = setting.split_once('=').with_context(|| format!("--set {setting}: there is no ="))?;
        cluster = cluster.set(name, value);
    }
    let mut cluster = cluster.start().await;
    println!("{} processes serve at {}", cluster.processes().len(), cluster.url());
    for (name, process) in cluster.processes() {
        println!("  {name:<10} {process}");
    }
    println!("ask as the owner, in another terminal:");
    println!("  export GOOSEEK_URL={} GOOSEEK_TOKEN={}", cluster.url(), cluster.servers().keys.owner());
    println!("  {} ask \"…\"", options.gooseek.display());
    tokio::signal::ctrl_c().await?;
    cluster.stop().await;
    Ok(())
}
