//! The hardened fetcher: downloads an untrusted URL, or says why not.

use std::{pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::{Client, Response, redirect};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use url::Url;

use crate::{
    ContentKind, FetchError, Limits, Phase, Policy, Resolve, SystemResolver,
    body::{self, OversizePolicy},
    content::{ContentType, accept_header},
    decode::ACCEPT_ENCODING,
    host_limits::{HostLimits, HostPermit},
    policy::PeerNetwork,
    resolve::GuardedResolver,
    robots::{self, RobotsCache, RobotsTxt},
    target::Target,
};

/// Fetches untrusted addresses under one [`Policy`]. Clones share connections, limits and the robots.txt cache.
#[derive(Debug, Clone)]
pub struct Fetcher {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    policy: Arc<Policy>,
    http: Client,
    fetches: Semaphore,
    hosts: Arc<HostLimits>,
    robots: RobotsCache,
}

/// The HTTP client could not be built: no TLS roots, or an invalid user agent.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be built")]
pub struct BuildError(#[from] reqwest::Error);

/// Options of one fetch.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    pub accept: Vec<ContentKind>,
    /// `ETag` and `Last-Modified` of a cached copy; an unchanged page then gives status 304 and no body.
    pub if_none_match: Option<String>,
    pub if_modified_since: Option<String>,
    /// When to give up, if that is before the policy's total timeout.
    pub deadline: Option<std::time::Instant>,
}

impl Default for FetchRequest {
    fn default() -> Self {
        Self {
            accept: vec![ContentKind::Html, ContentKind::Pdf, ContentKind::Text, ContentKind::Feed],
            if_none_match: None,
            if_modified_since: None,
            deadline: None,
        }
    }
}

/// A downloaded page or file.
#[derive(Debug, Clone)]
pub struct FetchResponse {
    /// The address after redirects, without fragment.
    pub url: Url,
    /// 200, 203, or 304 when [`FetchRequest`] named a cached copy.
    pub status: u16,
    /// What declared type and first bytes agree on; `None` for status 304.
    pub kind: Option<ContentKind>,
    /// `type/subtype` as declared, in lower case; empty when the server named none.
    pub content_type: String,
    /// The declared charset, in lower case.
    pub charset: Option<String>,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// Decompressed.
    pub body: Bytes,
    pub fetched_at: DateTime<Utc>,
    /// Whether some hop was reachable only through [`Policy::allow_cidrs`]. Such a page must never be shared beyond the
    /// tenant that requested it.
    pub private: bool,
}

/// The response at the end of a redirect chain.
struct FinalResponse {
    target: Target,
    response: Response,
    private: bool,
    /// Held until the body is read.
    _permit: HostPermit,
}

/// What every request of a redirect chain has in common.
#[derive(Clone, Copy)]
struct RequestOptions<'a> {
    headers: &'a HeaderMap,
    deadline: Instant,
    obey_robots: bool,
}

impl Fetcher {
    pub fn new(policy: Policy) -> Result<Self, BuildError> {
        Self::with_resolver(policy, Arc::new(SystemResolver))
    }

    /// A fetcher with its own `resolver`, whose addresses are checked like any others.
    pub fn with_resolver(policy: Policy, resolver: Arc<dyn Resolve>) -> Result<Self, BuildError> {
        let policy = Arc::new(policy);
        let header_bytes = u32::try_from(policy.limits.header_bytes).unwrap_or(u32::MAX);
        #[expect(clippy::disallowed_methods, reason = "this crate is where HTTP clients are made")]
        let http = Client::builder()
            .user_agent(&policy.user_agent)
            .dns_resolver(GuardedResolver::new(resolver, Arc::clone(&policy)))
            // The client counts name resolution as part of connecting.
            .connect_timeout(policy.limits.dns + policy.limits.connect)
            .http2_max_header_list_size(header_bytes)
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(policy.concurrency.per_host)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .build()?;
        let shared = Shared {
            fetches: Semaphore::new(policy.concurrency.total),
            hosts: HostLimits::new(policy.concurrency.per_host),
            robots: robots::cache(),
            http,
            policy,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.shared.policy
    }

    pub(crate) fn http(&self) -> &Client {
        &self.shared.http
    }

    /// The right to one more request to a host.
    pub(crate) async fn permit(&self, target: &Target, deadline: Instant) -> Result<HostPermit, FetchError> {
        timeout_at(deadline, self.shared.hosts.acquire(target.host())).await.map_err(|_| FetchError::Busy)
    }

    /// Fetches `url`, following redirects.
    pub async fn get(&self, url: &str, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let shared = &self.shared;
        let longest = Instant::now() + shared.policy.limits.total;
        let deadline = request.deadline.map_or(longest, |deadline| longest.min(deadline.into()));
        let target = Target::parse(url, &shared.policy)?;
        let headers = request.headers()?;
        let _permit = timeout_at(deadline, shared.fetches.acquire()).await.map_err(|_| FetchError::Busy)?;
        let options = RequestOptions { headers: &headers, deadline, obey_robots: shared.policy.robots };
        let last = shared.follow_redirects(target, options).await?;
        shared.read_response(last, &request, deadline).await
    }
}

impl FetchRequest {
    fn headers(&self) -> Result<HeaderMap, FetchError> {
        let mut headers = base_headers();
        let accept = HeaderValue::try_from(accept_header(&self.accept)).map_err(|_| FetchError::BadUrl)?;
        headers.insert(header::ACCEPT, accept);
        // Validators come from another server's headers: an invalid one is left out, and the page is downloaded again.
        let validators =
            [(header::IF_NONE_MATCH, &self.if_none_match), (header::IF_MODIFIED_SINCE, &self.if_modified_since)];
        for (name, value) in validators {
            if let Some(value) = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
                headers.insert(name, value);
            }
        }
        Ok(headers)
    }

    fn is_conditional(&self) -> bool {
        self.if_none_match.is_some() || self.if_modified_since.is_some()
    }
}

fn base_headers() -> HeaderMap {
    HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPT_ENCODING))])
}

impl Shared {
    /// Follows redirects up to the first response that is not one.
    async fn follow_redirects(
        &self,
        mut target: Target,
        options: RequestOptions<'_>,
    ) -> Result<FinalResponse, FetchError> {
        let mut private = false;
        for _ in 0..=self.policy.limits.max_redirects {
            if options.obey_robots && !self.robots_allow(&target, options.deadline).await? {
                return Err(FetchError::Robots);
            }
            let waiting = timeout_at(options.deadline, self.hosts.acquire(target.host()));
            let permit = waiting.await.map_err(|_| FetchError::Busy)?;
            let response = self.send(&target, options).await?;
            // A second check after the resolver, and the only one that sees the address of a pooled connection.
            let peer = self.policy.check_peer(response.remote_addr());
            private |= peer.ok_or_else(|| FetchError::DeniedAddress(target.host().to_owned()))? == PeerNetwork::Private;
            if !is_redirect(response.status()) {
                return Ok(FinalResponse { target, response, private, _permit: permit });
            }
            let location = response.headers().get(header::LOCATION).map(HeaderValue::as_bytes);
            target = target.redirect(location, &self.policy)?;
        }
        Err(FetchError::TooManyRedirects)
    }

    async fn send(&self, target: &Target, options: RequestOptions<'_>) -> Result<Response, FetchError> {
        let limits = &self.policy.limits;
        let request = self.http.get(target.url().clone()).headers(options.headers.clone());
        let latest = Instant::now() + limits.dns + limits.connect + limits.first_byte;
        let Ok(answer) = timeout_at(latest.min(options.deadline), request.send()).await else {
            let phase = if latest < options.deadline { Phase::FirstByte } else { Phase::Total };
            return Err(FetchError::Timeout(phase));
        };
        let response = answer.map_err(|error| FetchError::of_request(&error, target.host()))?;
        if header_size(response.headers()) > limits.header_bytes {
            return Err(FetchError::TooLarge("header"));
        }
        Ok(response)
    }

    async fn read_response(
        &self,
        last: FinalResponse,
        request: &FetchRequest,
        deadline: Instant,
    ) -> Result<FetchResponse, FetchError> {
        let headers = last.response.headers();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let declared = ContentType::parse(headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes));
        let (etag, last_modified) = (text(header::ETAG), text(header::LAST_MODIFIED));
        let status = last.response.status();
        let unchanged = status == StatusCode::NOT_MODIFIED && request.is_conditional();
        if !unchanged && !matches!(status, StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION) {
            return Err(FetchError::Status(status.as_u16()));
        }
        let mut body = Bytes::new();
        let mut kind = None;
        if !unchanged {
            let refuse = || FetchError::ContentType(declared.essence.clone());
            if !declared.may_be(&request.accept) {
                return Err(refuse());
            }
            body = body::read(last.response, &self.policy.limits, deadline, OversizePolicy::Reject).await?;
            let found = declared.kind(&body).filter(|kind| request.accept.contains(kind));
            kind = Some(found.ok_or_else(refuse)?);
        }
        Ok(FetchResponse {
            url: last.target.into_url(),
            status: status.as_u16(),
            kind,
            content_type: declared.essence,
            charset: declared.charset,
            etag,
            last_modified,
            body,
            fetched_at: now(),
            private: last.private,
        })
    }

    /// Whether the site's robots.txt allows `target`. Concurrent calls share one download of the file.
    async fn robots_allow(&self, target: &Target, deadline: Instant) -> Result<bool, FetchError> {
        let rules = self.robots.try_get_with(target.origin(), self.load_robots(target.robots()));
        match timeout_at(deadline, rules).await {
            Ok(Ok(rules)) => Ok(rules.allows(target.path())),
            Ok(Err(error)) => Err((*error).clone()),
            Err(_) => Err(FetchError::Timeout(Phase::Total)),
        }
    }

    /// Downloads a robots.txt under the same checks as any page. If the site cannot be reached, its error is returned
    /// and not cached.
    fn load_robots(&self, file: Target) -> LoadingRobots<'_> {
        Box::pin(async move {
            // Not the caller's deadline: other fetches may wait for the same file, and each bounds its own wait.
            let deadline = Instant::now() + self.policy.limits.total;
            let headers = base_headers();
            let last = match self
                .follow_redirects(file, RequestOptions { headers: &headers, deadline, obey_robots: false })
                .await
            {
                Ok(last) => last,
                Err(FetchError::TooManyRedirects) => return Ok(Arc::new(RobotsTxt::AllowAll)),
                Err(error) => return Err(error),
            };
            let status = last.response.status();
            if status.is_client_error() {
                return Ok(Arc::new(RobotsTxt::AllowAll));
            }
            if !status.is_success() {
                return Ok(Arc::new(RobotsTxt::DisallowAll));
            }
            let limits = Limits {
                wire_bytes: robots::ROBOTS_SIZE_LIMIT,
                decoded_bytes: robots::ROBOTS_SIZE_LIMIT,
                ..self.policy.limits.clone()
            };
            let body = body::read(last.response, &limits, deadline, OversizePolicy::Truncate).await?;
            Ok(Arc::new(RobotsTxt::parse(&body, robots::product_token(&self.policy.user_agent))))
        })
    }
}

/// Boxed because downloading a robots.txt follows redirects, and following redirects downloads robots.txt.
type LoadingRobots<'a> = Pin<Box<dyn Future<Output = Result<Arc<RobotsTxt>, FetchError>> + Send + 'a>>;

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

pub(crate) fn header_size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum()
}

/// When a response arrived: informational only.
#[expect(clippy::disallowed_methods, reason = "no logic depends on it, so no test needs to move it")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
