//! How engines talk to their upstreams: one configured origin, a user agent with a contact address, a bounded
//! body, and HTTP failures turned into [`EngineError`].

use std::{io::Read, time::Duration};

use chrono::{DateTime, Utc};
use fetch::operator::{OperatorClient, OperatorError, user_agent};
use flate2::read::MultiGzDecoder;
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{self, HeaderMap},
};
use serde::de::DeserializeOwned;

use super::{Clock, EngineError};

/// No answer of an engine may be larger, packed or unpacked: ten megabytes.
const ANSWER_LIMIT: usize = 10 * 1024 * 1024;

/// Engines are near or they are of no use to a person who waits.
const CONNECT: Duration = Duration::from_secs(3);

/// What every engine needs to reach its upstream.
#[derive(Clone)]
pub struct Access {
    user_agent: String,
    clock: Clock,
}

impl Access {
    /// `contact` (empty when the operator gives none) is an address or page where the operator can be reached; Wikimedia, Crossref and others block
    /// clients without one.
    pub fn new(contact: &str, clock: Clock) -> Self {
        Self { user_agent: user_agent(contact), clock }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    pub(super) fn upstream(&self, base: &str) -> Result<Upstream, OperatorError> {
        Ok(Upstream { client: OperatorClient::new(base, CONNECT)?, access: self.clone() })
    }
}

/// One origin that answers searches.
#[derive(Clone)]
pub(super) struct Upstream {
    client: OperatorClient,
    access: Access,
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

    /// Sends and reads to the end, whatever the status.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Reply, EngineError> {
        let response = request.send().await.map_err(|error| transport(&error))?;
        Reply::read(response, self.now()).await
    }

    /// Sends, and reads a successful answer as JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, EngineError> {
        self.send(request).await?.success()?.json()
    }
}

/// A whole answer.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    received_at: DateTime<Utc>,
}

impl Reply {
    async fn read(mut response: Response, received_at: DateTime<Utc>) -> Result<Self, EngineError> {
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| interrupted(&error))? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                return Err(EngineError::TooLarge { limit: ANSWER_LIMIT });
            }
            body.extend_from_slice(&chunk);
        }
        let packed = headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
        let body = if packed { unpack(&body)? } else { body };
        Ok(Self { status, headers, body, received_at })
    }

    /// This answer if its status is a success, else the failure that its status and headers mean.
    pub(super) fn success(self) -> Result<Self, EngineError> {
        if self.status.is_success() { Ok(self) } else { Err(self.failure()) }
    }

    /// The usual meaning of a status that is not a success.
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

fn unpack(packed: &[u8]) -> Result<Vec<u8>, EngineError> {
    let mut body = Vec::new();
    let limit = ANSWER_LIMIT as u64 + 1;
    let read = MultiGzDecoder::new(packed).take(limit).read_to_end(&mut body);
    read.map_err(|_| EngineError::Decode("broken gzip".to_owned()))?;
    if body.len() > ANSWER_LIMIT { Err(EngineError::TooLarge { limit: ANSWER_LIMIT }) } else { Ok(body) }
}

fn transport(error: &reqwest::Error) -> EngineError {
    if error.is_timeout() { EngineError::Timeout } else { EngineError::Unreachable }
}

fn interrupted(error: &reqwest::Error) -> EngineError {
    if error.is_timeout() { EngineError::Timeout } else { EngineError::Cut }
}
