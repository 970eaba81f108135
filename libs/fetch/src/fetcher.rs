//! The fetcher: from an address nobody vouches for to the bytes behind it, or a reason why not.

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
    FetchError, Kind, Limits, Phase, Policy, Resolve, SystemResolver,
    body::{self, Oversize},
    content::{ContentType, accept_header},
    decode::ACCEPT_ENCODING,
    policy::Peer,
    resolve::Guarded,
    robots::{self, Robots, RobotsCache},
    slots::{HostSlot, HostSlots},
    target::Target,
};

/// Fetches untrusted addresses under one [`Policy`]. Clones share connections, slots and the robots.txt cache.
#[derive(Debug, Clone)]
pub struct Fetcher {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    policy: Arc<Policy>,
    http: Client,
    slots: Semaphore,
    host_slots: Arc<HostSlots>,
    robots: RobotsCache,
}

/// The HTTP client could not be built, for want of TLS roots or of a usable user agent.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be built")]
pub struct BuildError(#[from] reqwest::Error);

/// What to ask of an address, beside the address.
#[derive(Debug, Clone)]
pub struct Get {
    pub accept: Vec<Kind>,
    /// `ETag` and `Last-Modified` of the copy at hand; an unchanged page then gives status 304 and no body.
    pub if_none_match: Option<String>,
    pub if_modified_since: Option<String>,
    /// The moment to give up, if that is sooner than the policy's total.
    pub deadline: Option<std::time::Instant>,
}

impl Default for Get {
    fn default() -> Self {
        Self {
            accept: vec![Kind::Html, Kind::Pdf, Kind::Text, Kind::Feed],
            if_none_match: None,
            if_modified_since: None,
            deadline: None,
        }
    }
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The address after redirects, without fragment.
    pub url: Url,
    /// 200, 203, or 304 when [`Get`] named a copy at hand.
    pub status: u16,
    /// What declared type and first bytes agree on; none for status 304.
    pub kind: Option<Kind>,
    /// `type/subtype` as declared, in lower case; empty when the server named none.
    pub content_type: String,
    /// The declared charset, in lower case.
    pub charset: Option<String>,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// Decompressed.
    pub body: Bytes,
    pub fetched_at: DateTime<Utc>,
    /// Whether some hop was reached only thanks to [`Policy::allow_cidrs`]. Such a page must never be shared beyond the
    /// tenant that asked.
    pub private: bool,
}

/// The end of a chain of redirects.
struct Arrival {
    target: Target,
    response: Response,
    private: bool,
    /// Held until the body is read.
    _slot: HostSlot,
}

/// A walk along redirects.
#[derive(Clone, Copy)]
struct Walk<'a> {
    headers: &'a HeaderMap,
    deadline: Instant,
    obey_robots: bool,
}

impl Fetcher {
    pub fn new(policy: Policy) -> Result<Self, BuildError> {
        Self::with_resolver(policy, Arc::new(SystemResolver))
    }

    /// A fetcher that looks names up with `resolver`. Its answers are checked like any others.
    pub fn with_resolver(policy: Policy, resolver: Arc<dyn Resolve>) -> Result<Self, BuildError> {
        let policy = Arc::new(policy);
        let header_bytes = u32::try_from(policy.limits.header_bytes).unwrap_or(u32::MAX);
        #[expect(clippy::disallowed_methods, reason = "this crate is where HTTP clients are made")]
        let http = Client::builder()
            .user_agent(&policy.user_agent)
            .dns_resolver(Guarded::new(resolver, Arc::clone(&policy)))
            // The client counts the lookup as part of connecting.
            .connect_timeout(policy.limits.dns + policy.limits.connect)
            .http2_max_header_list_size(header_bytes)
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(policy.concurrency.per_host)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .build()?;
        let shared = Shared {
            slots: Semaphore::new(policy.concurrency.total),
            host_slots: HostSlots::new(policy.concurrency.per_host),
            robots: robots::cache(),
            http,
            policy,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Fetches `url`, following redirects.
    pub async fn get(&self, url: &str, request: Get) -> Result<Fetched, FetchError> {
        let shared = &self.shared;
        let longest = Instant::now() + shared.policy.limits.total;
        let deadline = request.deadline.map_or(longest, |deadline| longest.min(deadline.into()));
        let target = Target::parse(url, &shared.policy)?;
        let headers = request.headers()?;
        let _slot = timeout_at(deadline, shared.slots.acquire()).await.map_err(|_| FetchError::Busy)?;
        let walk = Walk { headers: &headers, deadline, obey_robots: shared.policy.robots };
        let arrival = shared.walk(target, walk).await?;
        shared.receive(arrival, &request, deadline).await
    }
}

impl Get {
    fn headers(&self) -> Result<HeaderMap, FetchError> {
        let mut headers = base_headers();
        let accept = HeaderValue::try_from(accept_header(&self.accept)).map_err(|_| FetchError::BadUrl)?;
        headers.insert(header::ACCEPT, accept);
        // Validators come from another server's header: one that is no header value is left out, and the page read anew.
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
    /// Follows redirects to the first answer that is not one.
    async fn walk(&self, mut target: Target, walk: Walk<'_>) -> Result<Arrival, FetchError> {
        let mut private = false;
        for _ in 0..=self.policy.limits.max_redirects {
            if walk.obey_robots && !self.robots_allow(&target, walk.deadline).await? {
                return Err(FetchError::Robots);
            }
            let waiting = timeout_at(walk.deadline, self.host_slots.acquire(target.host()));
            let slot = waiting.await.map_err(|_| FetchError::Busy)?;
            let response = self.send(&target, walk).await?;
            // A second lock behind the resolver, and the only place that sees the address of a pooled connection.
            let peer = self.policy.judge_peer(response.remote_addr());
            private |= peer.ok_or_else(|| FetchError::DeniedAddress(target.host().to_owned()))? == Peer::Private;
            if !is_redirect(response.status()) {
                return Ok(Arrival { target, response, private, _slot: slot });
            }
            let location = response.headers().get(header::LOCATION).map(HeaderValue::as_bytes);
            target = target.redirect(location, &self.policy)?;
        }
        Err(FetchError::TooManyRedirects)
    }

    async fn send(&self, target: &Target, walk: Walk<'_>) -> Result<Response, FetchError> {
        let limits = &self.policy.limits;
        let request = self.http.get(target.url().clone()).headers(walk.headers.clone());
        let latest = Instant::now() + limits.dns + limits.connect + limits.first_byte;
        let Ok(answer) = timeout_at(latest.min(walk.deadline), request.send()).await else {
            let phase = if latest < walk.deadline { Phase::FirstByte } else { Phase::Total };
            return Err(FetchError::Timeout(phase));
        };
        let response = answer.map_err(|error| FetchError::of_request(&error, target.host()))?;
        if header_size(response.headers()) > limits.header_bytes {
            return Err(FetchError::TooLarge("header"));
        }
        Ok(response)
    }

    async fn receive(&self, arrival: Arrival, request: &Get, deadline: Instant) -> Result<Fetched, FetchError> {
        let headers = arrival.response.headers();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let declared = ContentType::parse(headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes));
        let (etag, last_modified) = (text(header::ETAG), text(header::LAST_MODIFIED));
        let status = arrival.response.status();
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
            body = body::read(arrival.response, &self.policy.limits, deadline, Oversize::Refuse).await?;
            let found = declared.kind(&body).filter(|kind| request.accept.contains(kind));
            kind = Some(found.ok_or_else(refuse)?);
        }
        Ok(Fetched {
            url: arrival.target.into_url(),
            status: status.as_u16(),
            kind,
            content_type: declared.essence,
            charset: declared.charset,
            etag,
            last_modified,
            body,
            fetched_at: now(),
            private: arrival.private,
        })
    }

    /// Whether the site's robots.txt lets us read `target`. The file is read once for all who ask at the same time.
    async fn robots_allow(&self, target: &Target, deadline: Instant) -> Result<bool, FetchError> {
        let rules = self.robots.try_get_with(target.origin(), self.load_robots(target.robots()));
        match timeout_at(deadline, rules).await {
            Ok(Ok(rules)) => Ok(rules.allows(target.path())),
            Ok(Err(error)) => Err((*error).clone()),
            Err(_) => Err(FetchError::Timeout(Phase::Total)),
        }
    }

    /// Reads a robots.txt through the same guard as any page. A site that cannot be reached is not read, with the
    /// reason given, and nothing is remembered.
    fn load_robots(&self, file: Target) -> LoadingRobots<'_> {
        Box::pin(async move {
            // Not the asker's deadline: others may be waiting for the same file, and each bounds its own wait.
            let deadline = Instant::now() + self.policy.limits.total;
            let headers = base_headers();
            let arrival = match self.walk(file, Walk { headers: &headers, deadline, obey_robots: false }).await {
                Ok(arrival) => arrival,
                Err(FetchError::TooManyRedirects) => return Ok(Arc::new(Robots::Open)),
                Err(error) => return Err(error),
            };
            let status = arrival.response.status();
            if status.is_client_error() {
                return Ok(Arc::new(Robots::Open));
            }
            if !status.is_success() {
                return Ok(Arc::new(Robots::Closed));
            }
            let limits = Limits {
                wire_bytes: robots::MAX_BYTES,
                decoded_bytes: robots::MAX_BYTES,
                ..self.policy.limits.clone()
            };
            let body = body::read(arrival.response, &limits, deadline, Oversize::Cut).await?;
            Ok(Arc::new(Robots::parse(&body, robots::product(&self.policy.user_agent))))
        })
    }
}

/// Boxed because reading a robots.txt walks redirects, and walking redirects reads robots.txt.
type LoadingRobots<'a> = Pin<Box<dyn Future<Output = Result<Arc<Robots>, FetchError>> + Send + 'a>>;

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn header_size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum()
}

/// When an answer arrived: told to readers, and decided by nothing here.
#[expect(clippy::disallowed_methods, reason = "no logic depends on it, so no test needs to move it")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
