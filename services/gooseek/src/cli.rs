//! Definition of the command line: commands and options. Doc comments here are the help texts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use uuid::Uuid;

/// Ask the web and your own files, and get answers whose every claim can be checked.
#[derive(Debug, Parser)]
#[command(name = "gooseek", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Server of the client commands.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// Address of the server.
    #[arg(long, global = true, env = "GOOSEEK_URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,
    /// Access token or API key, where the server has accounts; without it, what `gooseek login` has kept.
    #[arg(long, global = true, env = "GOOSEEK_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server: every service in this one process.
    Serve(ServeArgs),
    /// Bring the schemas of a Postgres to this version, as their owner (POSTGRES_MIGRATE_URL).
    Migrate,
    /// Sign in at a server with accounts, by a code that you confirm in a browser.
    Login,
    /// End the session of `gooseek login`, and delete its tokens.
    Logout,
    /// Ask a question and watch the answer arrive.
    Ask(AskArgs),
    /// Search the web without writing an answer.
    Search(SearchArgs),
    /// List the projects.
    Projects {
        /// Print the items as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the threads, the newest first.
    Threads {
        /// Print the items as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Add, list and delete documents.
    #[command(subcommand)]
    Documents(DocumentsCommand),
    /// Inspect and repair the events between services.
    #[command(subcommand)]
    Bus(BusCommand),
    /// Make the keys that services in processes of their own need.
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Print the completions of a shell: source them in its start-up file.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page, in roff.
    Man {
        /// The page of this command, such as `documents add`, in place of that of the program.
        command: Vec<String>,
    },
    /// Print the effective configuration and where each value comes from.
    Config(DataArgs),
    /// Say what is on, what is off, and what would turn it on.
    Doctor(DataArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address and port to listen on [default: 127.0.0.1:8080].
    #[arg(long)]
    pub(crate) bind: Option<String>,
    #[command(flatten)]
    pub(crate) local: DataArgs,
    /// Only these services, e.g. chat,search; the others are reached at their …_SVC_URL.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
}

/// Location of the local data.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// Folder of everything the server keeps [default: ./data].
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    /// The question; - reads it from the standard input.
    #[arg(required = true)]
    pub(crate) question: Vec<String>,
    /// Read the files of this project only; without it a new thread reads those of every project.
    #[arg(long)]
    pub(crate) project: Option<String>,
    /// How thorough the answer is.
    #[arg(long, value_enum, default_value_t = Mode::Balanced)]
    pub(crate) mode: Mode,
    /// Where to look: web, academic, discussions, news, files [default: web,files].
    #[arg(long, value_delimiter = ',')]
    pub(crate) sources: Option<Vec<String>>,
    /// Continue a thread.
    #[arg(long)]
    pub(crate) thread: Option<Uuid>,
    /// List every source that was read, not only the cited ones, each with its date and address.
    #[arg(long, conflicts_with = "json")]
    pub(crate) list_sources: bool,
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
pub(crate) struct SearchArgs {
    /// What to search for.
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
pub(crate) enum DocumentsCommand {
    /// Add files, and the files in folders, to a project.
    Add {
        /// Slug of the project; created if it does not exist.
        #[arg(long)]
        project: String,
        /// Files, and folders with files in them.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// List the documents of a project.
    List {
        /// Slug of the project; without it the documents of all are listed.
        #[arg(long)]
        project: Option<String>,
        /// Print the items as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Delete documents and everything made from them.
    Delete {
        /// Ids, as the list has them.
        #[arg(required = true)]
        ids: Vec<Uuid>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Create a key for each service, their public key set, and a development issuer of access tokens; existing files are
    /// kept. Prints a fresh token of the owner.
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
pub(crate) enum BusCommand {
    /// Events a consumer failed to process (dead letters).
    #[command(subcommand)]
    Dlq(DeadLettersCommand),
    /// Publish every retained event again, after the broker lost some.
    Resync,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List them, with their ids and consumers.
    List,
    /// Deliver an event again.
    Replay {
        /// The id of the event.
        id: Uuid,
        /// Which consumer gets it.
        consumer: String,
    },
    /// Discard an event.
    Drop {
        /// The id of the event.
        id: Uuid,
        /// Which consumer does without it.
        consumer: String,
    },
}
