//! Errors of a fetch. Their messages are safe to show to a client.

use std::{error::Error, fmt, io};

use crate::resolve::ResolveError;

/// Why a fetch failed. No message contains an IP address that a host name resolved to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("the address is not a valid URL")]
    BadUrl,
    #[error("addresses of scheme {0:?} are not fetched")]
    Scheme(String),
    #[error("port {0} is not open to fetches")]
    Port(u16),
    #[error("the address carries a user name or password")]
    Credentials,
    #[error("{0:?} is not a public address")]
    DeniedAddress(String),
    #[error("{0:?} could not be resolved")]
    Dns(String),
    #[error("no connection to {0:?}")]
    Connect(String),
    #[error("no secure connection to {0:?}")]
    Tls(String),
    #[error("timed out {0}")]
    Timeout(Phase),
    #[error("too many redirects")]
    TooManyRedirects,
    #[error("redirect refused: {0}")]
    RedirectRefused(&'static str),
    #[error("the {0} is too large")]
    TooLarge(&'static str),
    #[error("the body cannot be decompressed: {0}")]
    Decompression(&'static str),
    #[error("content of type {0:?} is not accepted")]
    ContentType(String),
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("robots.txt of the site forbids it")]
    Robots,
    #[error("the server sends too slowly")]
    TooSlow,
    #[error("too many fetches at once")]
    Busy,
    #[error("the server's answer is not valid HTTP or broke off")]
    BadResponse,
}

/// The part of a fetch that timed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Dns,
    Connect,
    FirstByte,
    Total,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "resolving the host name",
            Self::Connect => "connecting",
            Self::FirstByte => "waiting for the answer",
            Self::Total => "reading the whole answer",
        })
    }
}

impl FetchError {
    /// A stable, machine-readable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadUrl => "bad_url",
            Self::Scheme(_) => "scheme",
            Self::Port(_) => "port",
            Self::Credentials => "credentials",
            Self::DeniedAddress(_) => "denied_address",
            Self::Dns(_) => "dns",
            Self::Connect(_) => "connect",
            Self::Tls(_) => "tls",
            Self::Timeout(Phase::Dns) => "timeout_dns",
            Self::Timeout(Phase::Connect) => "timeout_connect",
            Self::Timeout(Phase::FirstByte) => "timeout_first_byte",
            Self::Timeout(Phase::Total) => "timeout_total",
            Self::TooManyRedirects => "too_many_redirects",
            Self::RedirectRefused(_) => "redirect_refused",
            Self::TooLarge(_) => "too_large",
            Self::Decompression(_) => "decompression",
            Self::ContentType(_) => "content_type",
            Self::Status(_) => "status",
            Self::Robots => "robots",
            Self::TooSlow => "too_slow",
            Self::Busy => "busy",
            Self::BadResponse => "bad_response",
        }
    }

    /// Whether the same fetch may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Dns(_) | Self::Connect(_) | Self::Timeout(_) | Self::TooSlow | Self::Busy | Self::BadResponse => true,
            Self::Status(status) => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// The error of a request to `host` that failed before its header was read.
    pub(crate) fn of_request(error: &reqwest::Error, host: &str) -> Self {
        if let Some(cause) = find_cause::<ResolveError>(error) {
            return match cause {
                ResolveError::Denied => Self::DeniedAddress(host.to_owned()),
                ResolveError::Failed => Self::Dns(host.to_owned()),
                ResolveError::TimedOut => Self::Timeout(Phase::Dns),
            };
        }
        if find_cause::<rustls::Error>(error).is_some() {
            return Self::Tls(host.to_owned());
        }
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => Self::Timeout(Phase::Connect),
            (true, false) => Self::Connect(host.to_owned()),
            _ => Self::BadResponse,
        }
    }
}

/// The first `T` in the source chain of `error`. An `io::Error` does not return the error it wraps as its source, so
/// that one is checked too.
fn find_cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|wrapped| wrapped.downcast_ref::<T>()) {
            return Some(found);
        }
        cause = error.source();
    }
    None
}
