//! A private mail server.

use std::{fs, net::TcpStream, path::Path};

use serde::Deserialize;
use tempfile::TempDir;

use crate::{
    eventually,
    installed::{Kept, free_port, python_packages},
};

const PROGRAM: &str = include_str!("smtp.py");
const FAULT: &str = "fault";

/// A mail server of one test (aiosmtpd), which takes mails of the user `ann` and keeps them for the test to look at.
#[derive(Debug)]
pub struct Smtp {
    packages: std::path::PathBuf,
    folder: TempDir,
    port: u16,
    server: Option<Kept>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpFault {
    /// The recipient is refused with this status.
    Refuse(u16),
    /// The mail is taken, and the connection cut before the answer.
    Cut,
    /// The mail is taken, and the answer held back until the fault is over.
    Hold,
}

/// A mail as the server was given it.
#[derive(Debug, Clone, Deserialize)]
pub struct ReceivedMail {
    /// Who gave it to the server.
    pub user: Option<String>,
    /// The sender and the recipients of the envelope.
    pub from: String,
    pub to: Vec<String>,
    /// Decoded.
    pub headers: Vec<(String, String)>,
    pub text: Option<String>,
    pub html: Option<String>,
}

impl ReceivedMail {
    /// The value of a header; empty when there is none.
    ///
    /// # Panics
    /// When it is there twice.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let value = values.next().map_or("", |(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }
}

impl Smtp {
    /// Without mails and faults; `None`, with a word about it, when aiosmtpd is not installed.
    ///
    /// # Panics
    /// When it is not installed and `CI` is set, and when it does not start.
    pub async fn start() -> Option<Self> {
        let packages = python_packages("aiosmtpd")?;
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        fs::write(folder.path().join("smtp.py"), PROGRAM).expect("the temporary folder can be written");
        let mut smtp = Self { packages, folder, port: free_port(), server: None };
        smtp.restart().await;
        Some(smtp)
    }

    /// What `SMTP_URL` takes.
    pub fn url(&self) -> String {
        format!("smtp://ann:a%2Fsecret@127.0.0.1:{}", self.port)
    }

    /// `kill -9`. The mails it took stay.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Starts it again on the same port.
    pub async fn restart(&mut self) {
        self.kill();
        let (folder, port) = (self.folder.path(), self.port.to_string());
        self.server = Some(Kept::spawn(Path::new("python3"), |command| {
            command.arg(folder.join("smtp.py")).arg(folder).arg(&port);
            command.env("PYTHONPATH", &self.packages).env("PYTHONDONTWRITEBYTECODE", "1");
        }));
        eventually("the mail server", async || TcpStream::connect(("127.0.0.1", self.port)).is_ok()).await;
    }

    /// From now on this goes wrong, or nothing.
    pub fn fail(&self, fault: impl Into<Option<SmtpFault>>) {
        let path = self.folder.path().join(FAULT);
        let text = match fault.into() {
            Some(SmtpFault::Refuse(status)) => status.to_string(),
            Some(SmtpFault::Cut) => "cut".to_owned(),
            Some(SmtpFault::Hold) => "hold".to_owned(),
            // There may have been no fault.
            None => return drop(fs::remove_file(path)),
        };
        fs::write(path, text).expect("the temporary folder can be written");
    }

    /// The mails it took, oldest first.
    ///
    /// # Panics
    /// When they cannot be read.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        let entries = fs::read_dir(self.folder.path()).expect("the temporary folder can be read");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|kind| kind == "json"));
        paths.sort();
        let read =
            |path| serde_json::from_slice(&fs::read(path).expect("it is there")).expect("the server writes JSON");
        paths.into_iter().map(read).collect()
    }
}
