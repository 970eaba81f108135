//! HTTP client of the commands that talk to a server.

pub(crate) mod ask;
pub(crate) mod bus;
pub(crate) mod documents;
pub(crate) mod lists;
pub(crate) mod login;
pub(crate) mod search;
mod session;
mod sse;

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use fetch::operator::OperatorClient;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use session::SessionFile;

use crate::cli;

/// A server, and who asks it.
pub(crate) struct Client {
    http: OperatorClient,
    credentials: Credentials,
    argument_names: ArgumentNames,
}

/// What requests are made with.
enum Credentials {
    Nobody,
    /// An access token or API key that was given.
    Token(String),
    /// What `gooseek login` has kept.
    Session(SessionFile),
}

/// Maps API fields to arguments of the command, for error messages. Other fields keep their names.
type ArgumentNames = &'static [(&'static str, &'static str)];

#[derive(Deserialize)]
struct Problem {
    detail: String,
    #[serde(default)]
    errors: Vec<Violation>,
}

#[derive(Deserialize)]
struct Violation {
    pointer: String,
    detail: String,
}

/// A page of a list.
#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

impl Client {
    /// A token that was given wins over a session that was kept.
    pub(crate) fn new(server: &cli::ServerArgs, argument_names: ArgumentNames) -> anyhow::Result<Self> {
        let client = match &server.token {
            Some(token) => Self { credentials: Credentials::Token(token.clone()), ..Self::anonymous(server)? },
            None => Self::of_session(server)?,
        };
        Ok(Self { argument_names, ..client })
    }

    fn anonymous(server: &cli::ServerArgs) -> anyhow::Result<Self> {
        let http = OperatorClient::new(&server.url, Duration::from_secs(5)).context("--url")?;
        Ok(Self { http, credentials: Credentials::Nobody, argument_names: &[] })
    }

    /// With what `gooseek login` has kept, if it has.
    fn of_session(server: &cli::ServerArgs) -> anyhow::Result<Self> {
        let client = Self::anonymous(server)?;
        let credentials = match SessionFile::of(client.base()).filter(SessionFile::exists) {
            Some(file) => Credentials::Session(file),
            None => Credentials::Nobody,
        };
        Ok(Self { credentials, ..client })
    }

    fn base(&self) -> &str {
        self.http.base()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, path)
    }

    /// Sends a request as the user, whatever is answered. A session whose token is not believed any more is renewed.
    pub(crate) async fn exchange(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let (token, session) = match &self.credentials {
            Credentials::Nobody => (None, None),
            Credentials::Token(token) => (Some(token.clone()), None),
            Credentials::Session(file) => (file.access_token(&self.http).await?, Some(file)),
        };
        let again = request.try_clone();
        let response = self.exchange_with(request, token.as_deref()).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        match (token, session, again) {
            (Some(used), Some(file), Some(request)) => {
                let token = file.renew(&self.http, &used).await?;
                self.exchange_with(request, Some(&token)).await
            }
            (None, ..) => bail!("you are not signed in at {}: run gooseek login", self.base()),
            _ => Ok(response),
        }
    }

    async fn exchange_with(&self, request: RequestBuilder, token: Option<&str>) -> anyhow::Result<Response> {
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.map_err(|error| self.connection_error(&error))
    }

    /// Sends a request; a problem response becomes an error that lists what is wrong.
    pub(crate) async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = self.exchange(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.text().await.unwrap_or_default();
        let Ok(problem) = serde_json::from_str::<Problem>(&body) else {
            bail!("the server answered {status}");
        };
        let mut violations = problem
            .errors
            .iter()
            .map(|violation| format!("{}: {}", self.argument_name(&violation.pointer), violation.detail));
        match problem.errors.len() {
            0 => bail!("{}", problem.detail),
            1 => bail!(violations.next().unwrap_or_default()),
            _ => bail!("{}\n  {}", problem.detail, violations.collect::<Vec<_>>().join("\n  ")),
        }
    }

    /// The argument for the field at `pointer`.
    fn argument_name<'a>(&self, pointer: &'a str) -> &'a str {
        let field = pointer.trim_start_matches('/');
        self.argument_names.iter().find(|(name, _)| *name == field).map_or(field, |(_, argument)| argument)
    }

    pub(crate) async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        Ok(self.send(request).await?.json().await?)
    }

    /// All items of a list, fetched page by page.
    pub(crate) async fn all<T: DeserializeOwned>(&self, path: &str, query: &str) -> anyhow::Result<Vec<T>> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let address = format!("{path}?limit=100{query}{cursor}");
            let page: Page<T> = self.json(self.request(Method::GET, &address)).await?;
            items.extend(page.items);
            match page.next_cursor {
                Some(next) => cursor = format!("&cursor={}", utf8_percent_encode(&next, NON_ALPHANUMERIC)),
                None => return Ok(items),
            }
        }
    }

    fn connection_error(&self, error: &reqwest::Error) -> anyhow::Error {
        let base = self.base();
        if let Some(rest) = base.strip_prefix("https://").filter(|_| error.is_connect() || error.is_request()) {
            return anyhow!("nothing speaks HTTPS at {base}; if it is plain HTTP there: --url http://{rest}");
        }
        if error.is_connect() {
            return anyhow!("nothing answers at {base}; start it: make run");
        }
        anyhow!("the server at {base} broke off: {error}")
    }
}
