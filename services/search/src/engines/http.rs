//! HTTP client of the engines: one configured origin, a user agent with a contact address, a bounded response body, and
//! HTTP failures mapped to [`EngineError`].

use std::{io::Read, time::Duration};

use chrono::{DateTime, Utc};
use fetch::operator::{OperatorClient, OperatorError, user_agent};
use flate2::read::MultiGzDecoder;
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{self, HeaderMap},
};
use serde::de::DeserializeOwned;

use super::{EngineClock, EngineError};

/// Longest response of an engine, compressed or not: 10 MiB.
const MAX_RESPONSE_BYTES: usize = 10 * 1024 * 1024;

/// A slower engine is of no use to a waiting user.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// What every engine needs to reach its upstream.
#[derive(Clone)]
pub struct UpstreamAccess {
    user_agent: String,
    clock: EngineClock,
}

impl UpstreamAccess {
    /// `contact` is an address or page where the operator can be reached, or empty; Wikimedia, Crossref and others
    /// block clients without one.
    pub fn new(contact: &str, clock: EngineClock) -> Self {
        Self { user_agent: user_agent(contact), clock }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    pub(super) fn upstream(&self, base: &str) -> Result<Upstream, OperatorError> {
        Ok(Upstream { client: OperatorClient::new(base, CONNECT_TIMEOUT)?, access: self.clone() })
    }
}

/// One origin that answers searches.
#[derive(Clone)]
pub(super) struct Upstream {
    client: OperatorClient,
    access: UpstreamAccess,
}

impl Upstream {
    pub(super) fn base(&self) -> &str {
        self.client.base()
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.access.now()
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, path).header(header::USER_AGENT, &self.access.user_agent)
    }

    /// Sends a request and reads the whole response, whatever its status.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<UpstreamResponse, EngineError> {
        let response = request.send().await.map_err(|error| transport(&error))?;
        UpstreamResponse::read(response, self.now()).await
    }

    /// Sends a request and parses a successful response as JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, EngineError> {
        self.send(request).await?.success()?.json()
    }
}

/// A response that has been read to its end.
pub(super) struct UpstreamResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    received_at: DateTime<Utc>,
}

impl UpstreamResponse {
    async fn read(mut response: Response, received_at: DateTime<Utc>) -> Result<Self, EngineError> {
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| interrupted(&error))? {
            if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
                return Err(EngineError::TooLarge { limit: MAX_RESPONSE_BYTES });
            }
            body.extend_from_slice(&chunk);
        }
        let is_compressed = headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
        let body = if is_compressed { decompress(&body)? } else { body };
        Ok(Self { status, headers, body, received_at })
    }

    /// This response if its status is a success, else [`Self::failure`].
    pub(super) fn success(self) -> Result<Self, EngineError> {
        if self.status.is_success() { Ok(self) } else { Err(self.failure()) }
    }

    /// The error that status and headers stand for.
    pub(super) fn failure(&self) -> EngineError {
        let challenged = self.headers.get("cf-mitigated").is_some_and(|value| value == "challenge");
        if challenged {
            return EngineError::Captcha;
        }
        let retry_after = self.retry_after();
        match self.status {
            StatusCode::UNAUTHORIZED => EngineError::Unauthorized,
            StatusCode::FORBIDDEN => EngineError::Blocked,
            StatusCode::TOO_MANY_REQUESTS => EngineError::RateLimited { retry_after, advice: None },
            StatusCode::SERVICE_UNAVAILABLE if retry_after.is_some() => {
                EngineError::RateLimited { retry_after, advice: None }
            }
            StatusCode::BAD_REQUEST | StatusCode::URI_TOO_LONG | StatusCode::UNPROCESSABLE_ENTITY => {
                EngineError::BadQuery { status: self.status.as_u16() }
            }
            status => EngineError::Upstream { status: status.as_u16() },
        }
    }

    /// RFC 9110 `Retry-After`: seconds or a date.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = DateTime::parse_from_rfc2822(value).ok()?.with_timezone(&Utc);
        Some((date - self.received_at).to_std().unwrap_or_default())
    }

    pub(super) fn is_json(&self) -> bool {
        let kind = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
    }

    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, EngineError> {
        serde_json::from_slice(&self.body).map_err(|error| EngineError::Decode(error.to_string()))
    }
}

fn decompress(compressed: &[u8]) -> Result<Vec<u8>, EngineError> {
    let mut body = Vec::new();
    let limit = MAX_RESPONSE_BYTES as u64 + 1;
    let read = MultiGzDecoder::new(compressed).take(limit).read_to_end(&mut body);
    read.map_err(|_| EngineError::Decode("broken gzip".to_owned()))?;
    if body.len() > MAX_RESPONSE_BYTES { Err(EngineError::TooLarge { limit: MAX_RESPONSE_BYTES }) } else { Ok(body) }
}

fn transport(error: &reqwest::Error) -> EngineError {
    if error.is_timeout() { EngineError::Timeout } else { EngineError::Unreachable }
}

fn interrupted(error: &reqwest::Error) -> EngineError {
    if error.is_timeout() { EngineError::Timeout } else { EngineError::Cut }
}
