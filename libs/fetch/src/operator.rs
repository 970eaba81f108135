//! The client for addresses from configuration: one fixed origin, private networks allowed, and no redirect
//! that leaves the origin.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Url, redirect::Policy};

/// What we call ourselves to other servers; Wikimedia blocks clients without a contact address.
pub const USER_AGENT: &str = concat!("GooSeek/", env!("CARGO_PKG_VERSION"), " (self-hosted answer engine)");

/// [`USER_AGENT`] with the page or address where the operator can be reached; `contact` is empty when there is none.
pub fn user_agent(contact: &str) -> String {
    if contact.is_empty() { USER_AGENT.to_owned() } else { format!("{USER_AGENT} (+{contact})") }
}

/// A base address that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error("{0:?} is not an http or https address")]
    Address(String),
    #[error("the HTTP client could not be built")]
    Client(#[from] reqwest::Error),
}

/// An HTTP client bound to one configured origin.
#[derive(Debug, Clone)]
pub struct OperatorClient {
    http: Client,
    base: Url,
}

impl OperatorClient {
    /// `base` may have a path (`http://host/v1`); paths given later are appended to it.
    /// `connect` bounds the connection only: callers bound each request, since a model may stream for minutes.
    pub fn new(base: &str, connect: Duration) -> Result<Self, OperatorError> {
        let address = || OperatorError::Address(base.to_owned());
        let mut base = Url::parse(base).map_err(|_| address())?;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err(address());
        }
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        #[expect(clippy::disallowed_methods, reason = "this crate is where HTTP clients are made")]
        let http = Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(connect)
            .no_proxy()
            .redirect(same_origin(base.clone()))
            .build()?;
        Ok(Self { http, base })
    }

    /// The configured base address, without a trailing slash.
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// A request to `path` (which starts with `/`) below the base address.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base()))
    }

    /// A GET request below the base address.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A POST request below the base address.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }
}

fn same_origin(base: Url) -> Policy {
    Policy::custom(move |attempt| {
        if attempt.previous().len() > 5 {
            return attempt.error("too many redirects");
        }
        if attempt.url().origin() == base.origin() { attempt.follow() } else { attempt.stop() }
    })
}

/// Why an answer of a configured address could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the answer is not UTF-8")]
    Encoding,
}

/// Sends `request` and reads a successful answer of at most `limit` bytes as text.
pub async fn text(request: RequestBuilder, limit: usize) -> Result<String, AnswerError> {
    let mut response = request.send().await?.error_for_status()?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Err(AnswerError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).map_err(|_| AnswerError::Encoding)
}
