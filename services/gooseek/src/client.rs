//! The commands that talk to a server.

pub(crate) mod ask;
pub(crate) mod bus;
pub(crate) mod documents;
pub(crate) mod search;
mod sse;

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use fetch::operator::OperatorClient;
use reqwest::{Method, RequestBuilder, Response};
use serde::{Deserialize, de::DeserializeOwned};

use crate::cli;

/// A server, and who asks it.
pub(crate) struct Client {
    http: OperatorClient,
    token: Option<String>,
    arguments: Arguments,
}

/// What fields of the API are called on the command line of a command. Other fields go by their own names.
type Arguments = &'static [(&'static str, &'static str)];

#[derive(Deserialize)]
struct Problem {
    detail: String,
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    pointer: String,
    detail: String,
}

impl Client {
    pub(crate) fn new(server: &cli::Server, arguments: Arguments) -> anyhow::Result<Self> {
        let http = OperatorClient::new(&server.url, Duration::from_secs(5)).context("--url")?;
        Ok(Self { http, token: server.token.clone(), arguments })
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, path);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request; an answer that is a problem becomes an error that says what is wrong.
    pub(crate) async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.text().await.unwrap_or_default();
        let Ok(problem) = serde_json::from_str::<Problem>(&body) else {
            bail!("the server answered {status}");
        };
        let mut faults =
            problem.errors.iter().map(|fault| format!("{}: {}", self.argument(&fault.pointer), fault.detail));
        match problem.errors.len() {
            0 => bail!("{}", problem.detail),
            1 => bail!(faults.next().unwrap_or_default()),
            _ => bail!("{}\n  {}", problem.detail, faults.collect::<Vec<_>>().join("\n  ")),
        }
    }

    /// What the field at `pointer` is called on the command line.
    fn argument<'a>(&self, pointer: &'a str) -> &'a str {
        let field = pointer.trim_start_matches('/');
        self.arguments.iter().find(|(name, _)| *name == field).map_or(field, |(_, argument)| argument)
    }

    pub(crate) async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        Ok(self.send(request).await?.json().await?)
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        if error.is_connect() {
            return anyhow!("nothing answers at {}; start it: make run", self.http.base());
        }
        anyhow!("the server at {} broke off: {error}", self.http.base())
    }
}
