//! The commands and their options.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use uuid::Uuid;

/// Ask the web and your own files, and get answers whose every claim can be checked.
#[derive(Debug, Parser)]
#[command(name = "gooseek", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) server: Server,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The server the client commands talk to.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// Address of the server.
    #[arg(long, global = true, env = "GOOSEEK_URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,
    /// Access token, where the server has accounts.
    #[arg(long, global = true, env = "GOOSEEK_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server: every service in this one process.
    Serve(Serve),
    /// Bring the schemas of a Postgres to this version, as their owner (POSTGRES_MIGRATE_URL).
    Migrate,
    /// Ask a question and watch the answer arrive.
    Ask(Ask),
    /// Search the web without writing an answer.
    Search(Search),
    /// Add, list and delete documents.
    #[command(subcommand)]
    Documents(Documents),
    /// Look after the events between services.
    #[command(subcommand)]
    Bus(Bus),
    /// Make the keys that services in processes of their own need.
    #[command(subcommand)]
    Auth(Auth),
    /// Print the configuration in force and where each value comes from.
    Config(Local),
    /// Say what is on, what is off, and what would turn it on.
    Doctor(Local),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port to listen on [default: 127.0.0.1:8080].
    #[arg(long)]
    pub(crate) bind: Option<String>,
    #[command(flatten)]
    pub(crate) local: Local,
    /// Only these services, e.g. chat,search; the others are reached at their …_SVC_URL.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
}

/// Where this machine's data is.
#[derive(Debug, Args)]
pub(crate) struct Local {
    /// Folder of everything the server keeps [default: ./data].
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// The question.
    #[arg(required = true)]
    pub(crate) question: Vec<String>,
    /// Read the files of this project only; without it a new thread reads those of every project.
    #[arg(long)]
    pub(crate) project: Option<String>,
    /// How thorough the answer is.
    #[arg(long, value_enum, default_value_t = Mode::Balanced)]
    pub(crate) mode: Mode,
    /// Go on with a thread.
    #[arg(long)]
    pub(crate) thread: Option<Uuid>,
    /// Print the whole answer as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Mode {
    Speed,
    Balanced,
    Quality,
}

impl Mode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Speed => "speed",
            Self::Balanced => "balanced",
            Self::Quality => "quality",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    #[arg(required = true)]
    pub(crate) query: Vec<String>,
    /// Results to show, 1 to 20.
    #[arg(long, default_value_t = 10)]
    pub(crate) limit: u32,
    /// Print the answer of the search API.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Documents {
    /// Add files, and the files in folders, to a project.
    Add {
        /// Slug of the project; it is made if it is not there.
        #[arg(long)]
        project: String,
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// List the documents of a project.
    List {
        #[arg(long)]
        project: Option<String>,
    },
    /// Delete documents and everything made from them.
    Delete {
        #[arg(required = true)]
        ids: Vec<Uuid>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Auth {
    /// Make one key for each service, their public key set, and an issuer of access tokens for trying things out; what is
    /// there already is kept. Prints a fresh token of an owner.
    Bootstrap {
        /// Folder of the keys; private ones are readable by its owner alone.
        #[arg(long)]
        dir: PathBuf,
        /// Hours the token is good for.
        #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=720))]
        hours: u32,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bus {
    /// Events a consumer could not take.
    #[command(subcommand)]
    Dlq(Dlq),
    /// Publish every event that is still kept once more, after the broker lost some.
    Resync,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Dlq {
    List,
    /// Deliver an event again.
    Replay {
        id: Uuid,
        consumer: String,
    },
    /// Give an event up.
    Drop {
        id: Uuid,
        consumer: String,
    },
}
