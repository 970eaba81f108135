//! The contract of limits, in process and through Redis.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use base::time::Clock;
use cache::{
    limits::{LimitKey, Limits, PerMinute, RateLimitDecision},
    redis::Redis,
};
use chrono::DateTime;
use uuid::Uuid;

/// Three at once, and one more each 20 seconds, which no test takes.
const FEW: PerMinute = PerMinute(3);
const FOREVER: Duration = Duration::from_secs(60);

/// Limits and the Redis behind them.
struct Twin {
    limits: Limits,
    server: Option<testkit::Redis>,
}

async fn both() -> Vec<Twin> {
    let mut twins = vec![Twin { limits: Limits::in_process(Clock::system()), server: None }];
    if let Some(server) = testkit::Redis::start().await {
        twins.push(Twin { limits: another_process(&server).await, server: Some(server) });
    }
    twins
}

async fn another_process(server: &testkit::Redis) -> Limits {
    Limits::redis(Redis::open(&server.url(), FOREVER).await.unwrap(), Clock::system())
}

/// One person's allowance of one thing.
fn key(user: u128, what: &str) -> LimitKey {
    LimitKey::user(Uuid::nil(), Uuid::from_u128(user), what)
}

async fn taken(limits: &Limits, key: &LimitKey, times: usize) -> Vec<bool> {
    let mut taken = Vec::new();
    for _ in 0..times {
        taken.push(limits.try_acquire(key, FEW).await.allowed);
    }
    taken
}

#[tokio::test]
async fn as_many_as_allowed_are_taken_at_once_and_no_more() {
    for Twin { limits, server: _server } in both().await {
        let key = key(1, "test.asks");
        let first = limits.try_acquire(&key, FEW).await;
        assert!(
            matches!(
                first,
                RateLimitDecision { allowed: true, limit: FEW, remaining: 2, retry_after: Duration::ZERO, .. }
            ),
            "{first:?}"
        );
        assert!(first.reset_after <= Duration::from_secs(20), "{first:?}");
        assert_eq!(taken(&limits, &key, 4).await, [true, true, false, false]);
        let refused = limits.try_acquire(&key, FEW).await;
        assert!(matches!(refused, RateLimitDecision { allowed: false, remaining: 0, .. }), "{refused:?}");
        assert!(!refused.retry_after.is_zero() && refused.retry_after <= Duration::from_secs(20), "{refused:?}");
        assert!(refused.reset_after > Duration::from_secs(20), "what is refused is not counted: {refused:?}");
    }
}

#[tokio::test]
async fn what_was_taken_comes_back_with_time() {
    // One each 50 ms.
    let often = PerMinute(1_200);
    for Twin { limits, server: _server } in both().await {
        let key = key(1, "test.asks");
        let all_taken = async { while limits.try_acquire(&key, often).await.allowed {} };
        tokio::time::timeout(FOREVER, all_taken).await.unwrap();
        let comes_back = async {
            while !limits.try_acquire(&key, often).await.allowed {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(FOREVER, comes_back).await.unwrap();
    }
}

#[tokio::test]
async fn each_person_and_each_thing_has_its_own() {
    for Twin { limits, server: _server } in both().await {
        assert_eq!(taken(&limits, &key(1, "test.asks"), 4).await, [true, true, true, false]);
        assert_eq!(taken(&limits, &key(1, "test.files"), 1).await, [true]);
        assert_eq!(taken(&limits, &key(2, "test.asks"), 1).await, [true]);
        let elsewhere = LimitKey::user(Uuid::from_u128(1), Uuid::from_u128(1), "test.asks");
        assert_eq!(taken(&limits, &elsewhere, 1).await, [true]);
    }
}

#[tokio::test]
async fn none_allowed_is_none_taken() {
    for Twin { limits, server: _server } in both().await {
        assert!(!limits.try_acquire(&key(1, "test.asks"), PerMinute(0)).await.allowed);
    }
}

#[tokio::test]
async fn processes_with_one_redis_count_together() {
    let Some(server) = testkit::Redis::start().await else { return };
    let (one, other) = (another_process(&server).await, another_process(&server).await);
    let key = key(1, "test.asks");
    let mut count = 0;
    for _ in 0..4 {
        let (here, there) = tokio::join!(one.try_acquire(&key, FEW), other.try_acquire(&key, FEW));
        count += u32::from(here.allowed) + u32::from(there.allowed);
    }
    assert_eq!(count, FEW.0);
}

#[tokio::test]
async fn without_redis_each_process_counts_for_itself() {
    let Some(mut server) = testkit::Redis::start().await else { return };
    let (one, other) = (another_process(&server).await, another_process(&server).await);
    let key = key(1, "test.asks");
    assert_eq!(taken(&one, &key, 3).await, [true, true, true]);
    server.kill();
    for limits in [one, other] {
        assert_eq!(taken(&limits, &key, 4).await, [true, true, true, false]);
    }
}

#[tokio::test]
async fn a_redis_that_forgets_gives_everybody_a_whole_allowance() {
    for Twin { limits, server } in both().await {
        let Some(server) = server else { continue };
        let key = key(1, "test.asks");
        assert_eq!(taken(&limits, &key, 4).await, [true, true, true, false]);
        server.flush().await;
        assert_eq!(taken(&limits, &key, 4).await, [true, true, true, false]);
    }
}

#[tokio::test]
async fn to_the_microsecond_and_whatever_the_clock_does() {
    let micros = Arc::new(AtomicI64::new(1_000_000_000_000));
    let limits = Limits::in_process(Clock::from_fn({
        let micros = micros.clone();
        move || DateTime::from_timestamp_micros(micros.load(Ordering::Relaxed)).unwrap()
    }));
    let key = key(1, "test.asks");
    assert_eq!(taken(&limits, &key, 4).await, [true, true, true, false]);
    micros.fetch_add(19_999_999, Ordering::Relaxed);
    assert_eq!(limits.try_acquire(&key, FEW).await.retry_after, Duration::from_micros(1));
    micros.fetch_add(1, Ordering::Relaxed);
    assert_eq!(taken(&limits, &key, 2).await, [true, false]);
    micros.fetch_add(3_600_000_000, Ordering::Relaxed);
    assert_eq!(taken(&limits, &key, 4).await, [true, true, true, false], "no more than a whole allowance comes back");
    micros.fetch_sub(3_600_000_000, Ordering::Relaxed);
    assert!(
        limits.try_acquire(&key, FEW).await.retry_after <= Duration::from_secs(20),
        "a clock set back locks nobody out"
    );
}

#[test]
fn an_address_is_one_of_ipv4_or_the_network_of_a_subscriber() {
    let key = |address: &str| LimitKey::address(address.parse().unwrap(), "test.asks");
    assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:0:0:2"));
    assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
    assert_ne!(key("203.0.113.1"), key("203.0.113.2"));
}
