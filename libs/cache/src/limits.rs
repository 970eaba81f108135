//! Rate limits: the generic cell rate algorithm (GCRA, ITU-T I.371), one number a key.
//!
//! With Redis all processes count together, by the clock of Redis and in one round trip. While Redis does not answer each
//! process counts for itself: the limit is then multiplied by the number of processes, and nothing is refused because of it.

mod memory;

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{http::HeaderValue, response::Response};
use base::{Problem, time::Clock};
use memory::Memory;
use redis::Script;
use uuid::Uuid;

use crate::redis::Redis;

/// The same as [`Memory::try_acquire`]: returns the microseconds until the limit is fully available again, and whether one was
/// acquired.
const ACQUIRE_SCRIPT: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
full = math.min(math.max(full, now), now + window)
if full + interval > now + window then
  return {full - now, 0}
end
full = full + interval
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return {full - now, 1}
";

/// A limit: so many at once, and as many again spread evenly over each minute. Zero allows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerMinute(pub u32);

impl PerMinute {
    /// Microseconds in which one comes back.
    fn interval(self) -> u64 {
        (60_000_000 / u64::from(self.0.max(1))).max(1)
    }

    /// Microseconds in which all come back.
    fn window(self) -> u64 {
        self.interval() * u64::from(self.0)
    }
}

/// Whose limit, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LimitKey(String);

impl LimitKey {
    /// Of one user; `what` starts with the service, e.g. `chat.asks`.
    pub fn user(org: Uuid, user: Uuid, what: &str) -> Self {
        Self(format!("gooseek/{org}/{what}/{user}"))
    }

    /// Of a whole organisation.
    pub fn organisation(org: Uuid, what: &str) -> Self {
        Self(format!("gooseek/{org}/{what}"))
    }

    /// Of an address: all of an IPv4 address, or of an IPv6 network of a subscriber (/64).
    pub fn address(address: IpAddr, what: &str) -> Self {
        match address {
            IpAddr::V4(address) => Self(format!("gooseek/address/{what}/{address}")),
            IpAddr::V6(address) => Self(format!("gooseek/address/{what}/{:x}", address.to_bits() >> 64)),
        }
    }
}

/// A limit of somebody.
pub type KeyedLimit = (LimitKey, PerMinute);

/// What came of acquiring one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitDecision {
    pub allowed: bool,
    pub limit: PerMinute,
    /// How many can be acquired now.
    pub remaining: u64,
    /// Until one more can be acquired; zero when there is one.
    pub retry_after: Duration,
    /// Until all of them can be acquired.
    pub reset_after: Duration,
}

impl RateLimitDecision {
    fn new(limit: PerMinute, allowed: bool, until_reset: u64) -> Self {
        let (interval, window) = (limit.interval(), limit.window());
        Self {
            allowed,
            limit,
            remaining: window.saturating_sub(until_reset) / interval,
            retry_after: Duration::from_micros((until_reset + interval).saturating_sub(window)),
            reset_after: Duration::from_micros(until_reset),
        }
    }

    /// 429 when it was not allowed; `what` is counted, e.g. `questions`.
    pub fn ok_or_429(&self, what: &str) -> Result<(), Problem> {
        if self.allowed {
            return Ok(());
        }
        let detail = format!("more than {} {what} a minute", self.limit.0);
        Err(Problem::too_many_requests(detail, seconds(self.retry_after).max(1)))
    }

    /// Writes the rate limit headers (draft-ietf-httpapi-ratelimit-headers-10); `policy` is a plain word.
    pub fn write_headers(&self, policy: &str, response: &mut Response) {
        let quota = format!("\"{policy}\";q={};w=60", self.limit.0);
        let standing = format!("\"{policy}\";r={};t={}", self.remaining, seconds(self.reset_after));
        for (name, value) in [("ratelimit-policy", quota), ("ratelimit", standing)] {
            let value = HeaderValue::try_from(value).expect("words and numbers are fit for a header");
            response.headers_mut().insert(name, value);
        }
    }
}

/// Rounded up, so that a client that waits this long has waited long enough.
fn seconds(duration: Duration) -> u64 {
    duration.as_micros().div_ceil(1_000_000).try_into().unwrap_or(u64::MAX)
}

/// The rate limiter. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Limits {
    memory: Arc<Memory>,
    clock: Clock,
    redis: Option<(Redis, Arc<Script>)>,
}

impl Limits {
    /// Counted in this process alone.
    pub fn in_process(clock: Clock) -> Self {
        Self { memory: Arc::default(), clock, redis: None }
    }

    /// Counted by all processes with this Redis.
    pub fn redis(redis: Redis, clock: Clock) -> Self {
        Self { redis: Some((redis, Arc::new(Script::new(ACQUIRE_SCRIPT)))), ..Self::in_process(clock) }
    }

    /// Acquires one, if the limit allows it.
    pub async fn try_acquire(&self, key: &LimitKey, limit: PerMinute) -> RateLimitDecision {
        let (until_reset, allowed) = match self.try_acquire_in_redis(key, limit).await {
            Some(answer) => answer,
            None => self.memory.try_acquire(key, limit, self.clock.now()),
        };
        RateLimitDecision::new(limit, allowed, until_reset)
    }

    /// Acquires one of each limit, up to the first that refuses. The decision with the least left; `None` without limits.
    pub async fn try_acquire_each(&self, limits: &[KeyedLimit]) -> Option<RateLimitDecision> {
        let mut tightest: Option<RateLimitDecision> = None;
        for (key, limit) in limits {
            let decision = self.try_acquire(key, *limit).await;
            if !decision.allowed {
                return Some(decision);
            }
            if tightest.is_none_or(|tightest| decision.remaining < tightest.remaining) {
                tightest = Some(decision);
            }
        }
        tightest
    }

    async fn try_acquire_in_redis(&self, key: &LimitKey, limit: PerMinute) -> Option<(u64, bool)> {
        let (redis, script) = self.redis.as_ref()?;
        let mut call = script.key(&key.0);
        call.arg(limit.interval()).arg(limit.window());
        redis.call(|mut connection| async move { call.invoke_async(&mut connection).await }).await
    }
}
