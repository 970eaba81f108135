//! The session that `gooseek login` keeps for a server: tokens in a file that its owner alone can read.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, bail};
use base::time::Clock;
use fetch::operator::OperatorClient;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;

/// A token that expires sooner is renewed before it is used, in seconds.
const MARGIN: i64 = 30;
/// Another command that renews the same session is done by then.
const LOCK_TIMEOUT: Duration = Duration::from_secs(20);
const LOCK_POLL: Duration = Duration::from_millis(50);

/// Tokens as auth-svc gives them.
#[derive(Debug, Deserialize)]
pub(super) struct IssuedTokens {
    access_token: String,
    refresh_token: String,
    /// Of the access token, in seconds.
    expires_in: i64,
}

/// What is in the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredSession {
    access_token: String,
    refresh_token: String,
    /// Unix time.
    expires_at: i64,
}

/// The file of one server, which may not be there.
pub(super) struct SessionFile {
    path: PathBuf,
    /// One request of this process renews at a time.
    renewing: Mutex<()>,
}

impl SessionFile {
    /// In the user's folder for configuration (XDG Base Directory Specification); `None` for a user without a home.
    pub(super) fn of(server: &str) -> Option<Self> {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
        let name = format!("{}.json", utf8_percent_encode(server, NON_ALPHANUMERIC));
        Some(Self { path: folder.join("gooseek/sessions").join(name), renewing: Mutex::default() })
    }

    pub(super) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// The access token in use, renewed if it is about to expire; `None` when there is no session.
    pub(super) async fn access_token(&self, http: &OperatorClient) -> anyhow::Result<Option<String>> {
        match self.read()? {
            None => Ok(None),
            Some(stored) if stored.is_fresh() => Ok(Some(stored.access_token)),
            Some(stored) => self.renew(http, &stored.access_token).await.map(Some),
        }
    }

    /// The access token that follows `used`, which is believed no more. Of several commands at once one renews the session, and the
    /// others take what it has stored.
    pub(super) async fn renew(&self, http: &OperatorClient, used: &str) -> anyhow::Result<String> {
        let _renewing = self.renewing.lock().await;
        let _lock = self.lock().await?;
        let ended = || anyhow::anyhow!("the session at {} has ended: run gooseek login", http.base());
        let stored = self.read()?.ok_or_else(ended)?;
        if stored.access_token != used && stored.is_fresh() {
            return Ok(stored.access_token);
        }
        let body = json!({ "refresh_token": stored.refresh_token });
        let response = http.post("/api/v1/auth/refresh").json(&body).send().await;
        let response = response.with_context(|| format!("the session at {} cannot be renewed", http.base()))?;
        match response.status() {
            StatusCode::OK => {
                let tokens: IssuedTokens = response.json().await.context("the server did not answer with tokens")?;
                self.store(&tokens)?;
                Ok(tokens.access_token)
            }
            StatusCode::UNAUTHORIZED => {
                self.delete()?;
                Err(ended())
            }
            status => bail!("the session at {} cannot be renewed: the server answered {status}", http.base()),
        }
    }

    /// Takes the place of an earlier session.
    pub(super) fn store(&self, tokens: &IssuedTokens) -> anyhow::Result<()> {
        let stored = StoredSession {
            access_token: tokens.access_token.clone(),
            refresh_token: tokens.refresh_token.clone(),
            expires_at: Clock::system().now().timestamp() + tokens.expires_in,
        };
        let text = serde_json::to_string(&stored)?;
        self.write(&text).with_context(|| format!("the session cannot be kept in {}", self.path.display()))
    }

    /// Whole or not at all, and never readable by others.
    fn write(&self, text: &str) -> std::io::Result<()> {
        self.make_folder()?;
        let unfinished = self.path.with_extension(format!("{}.tmp", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, &self.path)
    }

    fn make_folder(&self) -> std::io::Result<()> {
        let folder = self.path.parent().expect("the file stands in a folder");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    pub(super) fn delete(&self) -> anyhow::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be deleted", self.path.display()))
            }
            _ => Ok(()),
        }
    }

    /// A file that cannot be understood is no session.
    fn read(&self) -> anyhow::Result<Option<StoredSession>> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(serde_json::from_str(&text).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", self.path.display())),
        }
    }

    /// Held while the session is renewed: its refresh token is good once.
    async fn lock(&self) -> anyhow::Result<File> {
        self.make_folder()?;
        let path = self.path.with_extension("lock");
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let locked = async {
            while lock.try_lock().is_err() {
                tokio::time::sleep(LOCK_POLL).await;
            }
        };
        let waited = tokio::time::timeout(LOCK_TIMEOUT, locked).await;
        waited.context("another command keeps the session locked")?;
        Ok(lock)
    }
}

impl StoredSession {
    fn is_fresh(&self) -> bool {
        self.expires_at > Clock::system().now().timestamp() + MARGIN
    }
}
