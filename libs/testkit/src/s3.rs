//! A private S3 server: Versity's gateway in front of a folder.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use base::config::Secret;
use objects::S3Options;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::installed::{Kept, free_port, installed};

/// An S3 server of one test. What it keeps outlives a restart.
#[derive(Debug)]
pub struct S3 {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    server: Option<Kept>,
}

impl S3 {
    /// One without buckets; `None`, with a word about it, when the server is not installed.
    ///
    /// # Panics
    /// When it is not installed and `CI` is set, and when it does not start.
    pub async fn start() -> Option<Self> {
        let program = installed("an S3 server", "versitygw/versitygw")?;
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        for part in ["buckets", "metadata"] {
            std::fs::create_dir(folder.path().join(part)).expect("the temporary folder can be written");
        }
        let mut s3 = Self { program, folder, port: free_port(), server: None };
        s3.restart().await;
        Some(s3)
    }

    /// What the `MINIO_` variables say.
    pub fn options(&self) -> S3Options {
        S3Options {
            endpoint: format!("http://127.0.0.1:{}", self.port),
            access_key: Secret::new("gooseek"),
            secret_key: Secret::new("secret-of-a-test"),
            bucket: "files".to_owned(),
            region: "us-east-1".to_owned(),
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Starts it again on the same port, with what it kept.
    pub async fn restart(&mut self) {
        self.kill();
        let address = format!("127.0.0.1:{}", self.port);
        let folder = self.folder.path();
        self.server = Some(Kept::spawn(&self.program, |command| {
            command.env("ROOT_ACCESS_KEY", "gooseek").env("ROOT_SECRET_KEY", "secret-of-a-test");
            command.args(["--quiet", "--port", &address, "posix", "--disable-object-lock-file", "--sidecar"]);
            command.arg(folder.join("metadata")).arg(folder.join("buckets"));
        }));
        let answers = async {
            while TcpStream::connect(&address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), answers).await.expect("the S3 server starts");
    }

    /// Takes connections and answers none, until [`thaw`](Self::thaw).
    pub fn freeze(&self) {
        self.running().signal(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.running().signal(Signal::CONT);
    }

    /// Every file it keeps in its bucket, parts of unfinished uploads included.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect(&self.folder.path().join("buckets"), &mut files);
        files
    }

    fn running(&self) -> &Kept {
        self.server.as_ref().expect("the S3 server was not killed")
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    // A folder may go away while it is looked at.
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.path().is_dir() {
            collect(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}
