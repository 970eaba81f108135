//! HTTP client for addresses from the configuration: one fixed origin, private networks allowed, and no redirect
//! that leaves the origin.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Url, redirect::Policy};

/// The `User-Agent` header; Wikimedia blocks clients without a contact address.
pub const USER_AGENT: &str = concat!("GooSeek/", env!("CARGO_PKG_VERSION"), " (self-hosted answer engine)");

/// [`USER_AGENT`] with the URL or e-mail address of the operator, unless `contact` is empty.
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
    /// `connect_timeout` bounds the connection only: callers bound each request, since a model may stream for minutes.
    pub fn new(base: &str, connect_timeout: Duration) -> Result<Self, OperatorError> {
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
            .connect_timeout(connect_timeout)
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

/// Why a response of a configured server could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ResponseError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the answer is not UTF-8")]
    Encoding,
}

/// Sends `request` and reads a successful response of at most `limit` bytes as text.
pub async fn text(request: RequestBuilder, limit: usize) -> Result<String, ResponseError> {
    let mut response = request.send().await?.error_for_status()?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Err(ResponseError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).map_err(|_| ResponseError::Encoding)
}
