//! The `gooseek` program: all services in one process, and the command-line client.

mod bootstrap;
mod cli;
mod client;
mod config;
mod docs;
mod doctor;
mod page;
mod serve;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

fn main() -> ExitCode {
    // The parser child restricts itself before it reads any input, which must happen before the runtime starts threads.
    if let Some(code) = reader::child::run_if_child() {
        return code;
    }
    let cli = Cli::parse();
    if !matches!(cli.command, Command::Serve(_)) {
        sigpipe::reset();
    }
    server::process(|| run(cli))
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(options) => serve::run(&options).await,
        Command::Migrate => serve::migrate().await,
        Command::Ask(options) => client::ask::run(&cli.server, &options).await,
        Command::Search(options) => client::search::run(&cli.server, &options).await,
        Command::Documents(command) => client::documents::run(&cli.server, command).await,
        Command::Bus(command) => client::bus::run(&cli.server, command).await,
        Command::Auth(cli::AuthCommand::Bootstrap { dir, hours }) => bootstrap::run(&dir, hours),
        Command::Config(options) => config::print(&options),
        Command::Doctor(options) => doctor::run(&cli.server, &options).await,
    }
}
