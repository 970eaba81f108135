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
}

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
    pub(crate) fn new(server: &cli::Server) -> anyhow::Result<Self> {
        let http = OperatorClient::new(&server.url, Duration::from_secs(5)).context("--url")?;
        Ok(Self { http, token: server.token.clone() })
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
        let faults: String =
            problem.errors.iter().map(|fault| format!("\n  {}: {}", fault.pointer, fault.detail)).collect();
        if problem.errors.len() > 1 {
            bail!("{}{faults}", problem.detail);
        }
        bail!("{}", problem.detail)
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
