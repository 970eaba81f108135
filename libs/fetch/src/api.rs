//! One request to an API at an address that somebody supplied: an identity provider, a webhook, a push service. Under the same
//! rules as a page, but for what only pages have: nothing is redirected, no `robots.txt` is asked, and any status is an answer.

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::time::{Instant, timeout_at};

use crate::{
    FetchError, Fetcher, Phase,
    body::{self, OversizePolicy},
    fetcher::header_size,
    target::Target,
};

/// A request to an API.
#[derive(Debug, Clone)]
pub struct ApiRequest {
    pub method: Method,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl ApiRequest {
    /// `GET` without headers of its own.
    pub fn get() -> Self {
        Self { method: Method::GET, headers: HeaderMap::new(), body: Bytes::new() }
    }

    pub fn post(headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { method: Method::POST, headers, body: body.into() }
    }
}

/// What it answered.
#[derive(Debug, Clone)]
pub struct ApiResponse {
    pub status: u16,
    pub headers: HeaderMap,
    /// Decompressed.
    pub body: Bytes,
}

impl Fetcher {
    /// Sends one request.
    pub async fn call(&self, url: &str, request: ApiRequest) -> Result<ApiResponse, FetchError> {
        let (policy, limits) = (self.policy(), &self.policy().limits);
        let deadline = Instant::now() + limits.total;
        let target = Target::parse(url, policy)?;
        let _permit = self.permit(&target, deadline).await?;
        let sent = self.http().request(request.method, target.url().clone()).headers(request.headers);
        let answer = timeout_at(deadline, sent.body(request.body).send()).await;
        let answer = answer.map_err(|_| FetchError::Timeout(Phase::FirstByte))?;
        let response = answer.map_err(|error| FetchError::of_request(&error, target.host()))?;
        // The resolver has checked the address; this sees that of a pooled connection.
        let peer = policy.check_peer(response.remote_addr());
        peer.ok_or_else(|| FetchError::DeniedAddress(target.host().to_owned()))?;
        if header_size(response.headers()) > limits.header_bytes {
            return Err(FetchError::TooLarge("header"));
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = body::read(response, limits, deadline, OversizePolicy::Reject).await?;
        Ok(ApiResponse { status, headers, body })
    }
}
