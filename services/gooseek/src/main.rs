//! The `gooseek` program: all services in one process, and the command-line client.

mod bootstrap;
mod cli;
mod client;
mod config;
mod docs;
mod doctor;
mod manual;
mod output;
mod page;
mod serve;

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Parser;
use cli::{Cli, Command};
use terminal::printable;

fn main() -> ExitCode {
    // The parser child restricts itself before it reads any input, which must happen before the runtime starts threads.
    if let Some(code) = reader::child::run_if_child() {
        return code;
    }
    let cli = Cli::parse();
    // Problems of a server, which are in errors, are not for the terminal to obey.
    server::process(|| async { run(cli).await.map_err(|error| anyhow!("{}", printable(&format!("{error:#}")))) })
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(options) => serve::run(&options).await,
        Command::Migrate => serve::migrate().await,
        Command::Login => client::login::login(&cli.server).await,
        Command::Logout => client::login::logout(&cli.server).await,
        Command::Ask(options) => client::ask::run(&cli.server, &options).await,
        Command::Search(options) => client::search::run(&cli.server, &options).await,
        Command::Documents(command) => client::documents::run(&cli.server, command).await,
        Command::Bus(command) => client::bus::run(&cli.server, command).await,
        Command::Auth(cli::AuthCommand::Bootstrap { dir, hours }) => bootstrap::run(&dir, hours),
        Command::Projects { json } => client::lists::projects(&cli.server, json).await,
        Command::Threads { json } => client::lists::threads(&cli.server, json).await,
        Command::Completions { shell } => {
            manual::print_completions(shell);
            Ok(())
        }
        Command::Man { command } => manual::print(&command),
        Command::Config(options) => config::print(&options),
        Command::Doctor(options) => doctor::run(&cli.server, &options).await,
    }
}
