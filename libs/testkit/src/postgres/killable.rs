//! A Postgres that a test kills and starts again.

use std::{
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use base::config::Secret;
use sqlx::{Connection, PgConnection, raw_sql};
use tempfile::TempDir;
use tokio::time::timeout;

use super::{NOBODY, as_nobody_at, free_port, is_root, programs};
use crate::{Network, network::Place};

/// Longer than a start with recovery takes on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Its data outlives every kill and is gone with this value.
#[derive(Debug)]
pub struct KillablePostgres {
    programs: PathBuf,
    folder: TempDir,
    place: Place,
    port: u16,
    child: Child,
}

impl KillablePostgres {
    /// A server with an empty database owned by the role `gooseek`; `None`, with a word about it, when Postgres is not
    /// installed.
    pub async fn start() -> Option<Self> {
        Self::start_at(Place::loopback()).await
    }

    /// The same on the other side of `network`.
    pub async fn start_behind(network: &Network) -> Option<Self> {
        Self::start_at(network.place()).await
    }

    async fn start_at(place: Place) -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("root may give a folder away");
        }
        let port = free_port();
        let child = spawn(&place, &programs, &folder, port);
        let mut server = Self { programs, folder, place, port, child };
        let mut superuser = server.ready().await;
        let setup = "CREATE ROLE gooseek LOGIN CREATEROLE; CREATE DATABASE gooseek OWNER gooseek";
        for statement in setup.split(';') {
            raw_sql(statement).execute(&mut superuser).await.expect("Postgres obeys its superuser");
        }
        Some(server)
    }

    /// The URL of the database.
    pub fn url(&self) -> Secret {
        Secret::new(format!("postgresql://gooseek@{}:{}/gooseek", self.place.address, self.port))
    }

    /// Kills the server where it stands and starts it again; returns when it takes connections.
    pub async fn kill_and_restart(&mut self) {
        self.kill();
        self.run().await;
    }

    /// Starts it again after [`kill`](Self::kill); returns when it takes connections.
    pub async fn run(&mut self) {
        self.child = spawn(&self.place, &self.programs, &self.folder, self.port);
        self.ready().await;
    }

    /// Kills the server where it stands.
    pub fn kill(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().expect("sh can be waited for");
    }

    /// Waits for the server. The first start after a kill may meet processes of the old server that have not noticed yet.
    async fn ready(&mut self) -> PgConnection {
        let url = format!("postgresql://postgres@{}:{}/postgres", self.place.address, self.port);
        let started = timeout(START_TIMEOUT, async {
            loop {
                if let Ok(connection) = PgConnection::connect(&url).await {
                    return connection;
                }
                if matches!(self.child.try_wait(), Ok(Some(_))) {
                    self.child = spawn(&self.place, &self.programs, &self.folder, self.port);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        started.await.expect("Postgres starts")
    }
}

impl Drop for KillablePostgres {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(place: &Place, programs: &Path, folder: &TempDir, port: u16) -> Child {
    let mut command = as_nobody_at(place, "sh");
    command.args(["-c", include_str!("killable.sh"), "killable.sh"]).arg(programs).arg(folder.path());
    command.arg(port.to_string()).arg(place.address.to_string()).stdin(Stdio::piped());
    command.spawn().expect("sh can be started")
}
