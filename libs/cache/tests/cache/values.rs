//! The contract of the cache, in process and through Redis, and what a Redis that is dead, silent or forgetful does to it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use base::{Scope, config::Secret};
use bytes::Bytes;
use cache::{
    Cache, CacheKey,
    redis::{CALL_TIMEOUT, Redis},
};
use uuid::Uuid;

const HOUR: Duration = Duration::from_secs(3_600);
/// Nothing here takes so long unless it takes forever.
const FOREVER: Duration = Duration::from_secs(60);

/// A cache and the Redis behind it.
struct Twin {
    cache: Cache,
    server: Option<testkit::Redis>,
}

/// A cache of each kind.
async fn both() -> Vec<Twin> {
    let mut twins = vec![Twin { cache: Cache::in_process(1 << 20), server: None }];
    if let Some(server) = testkit::Redis::start().await {
        twins.push(Twin { cache: another_process(&server, FOREVER).await, server: Some(server) });
    }
    twins
}

/// The cache of a process that uses this Redis.
async fn another_process(server: &testkit::Redis, patience: Duration) -> Cache {
    Cache::redis(Redis::open(&server.url(), patience).await.unwrap(), 1 << 20)
}

fn key(name: &str) -> CacheKey {
    CacheKey::new(&Scope::public(), "test.things", name)
}

fn tenant(org: u128) -> Scope {
    testkit::tenant(Uuid::from_u128(org), Uuid::nil())
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(FOREVER, wait).await.is_ok(), "never: {what}");
}

#[tokio::test]
async fn the_last_value_set_is_found() {
    for Twin { cache, server: _server } in both().await {
        assert_eq!(cache.get(&key("a")).await, None);
        cache.set(key("a"), "one".into(), HOUR).await;
        cache.set(key("a"), "two".into(), HOUR).await;
        cache.set(key("b"), Bytes::new(), HOUR).await;
        assert_eq!(cache.get(&key("a")).await, Some("two".into()));
        assert_eq!(cache.get(&key("b")).await, Some(Bytes::new()), "nothing is a value too");
    }
}

#[tokio::test]
async fn a_value_is_gone_when_its_time_is_over() {
    for Twin { cache, server: _server } in both().await {
        cache.set(key("short"), "x".into(), Duration::from_millis(50)).await;
        cache.set(key("long"), "x".into(), HOUR).await;
        cache.set(key("none"), "x".into(), Duration::ZERO).await;
        eventually("the value goes", async || cache.get(&key("short")).await.is_none()).await;
        assert_eq!(cache.get(&key("long")).await, Some("x".into()));
        assert_eq!(cache.get(&key("none")).await, None);
    }
}

#[tokio::test]
async fn tenants_and_kinds_share_nothing() {
    for Twin { cache, server: _server } in both().await {
        cache.set(CacheKey::new(&tenant(1), "test.things", "a"), "secret".into(), HOUR).await;
        for stranger in [
            CacheKey::new(&tenant(2), "test.things", "a"),
            CacheKey::new(&Scope::public(), "test.things", "a"),
            CacheKey::new(&tenant(1), "test.others", "a"),
        ] {
            assert_eq!(cache.get(&stranger).await, None, "{stranger:?}");
        }
        assert_eq!(cache.get(&CacheKey::new(&tenant(1), "test.things", "a")).await, Some("secret".into()));
    }
}

#[tokio::test]
async fn a_huge_value_is_not_kept() {
    for Twin { cache, server: _server } in both().await {
        cache.set(key("large"), vec![7; 1 << 19].into(), HOUR).await;
        cache.set(key("huge"), vec![7; (1 << 20) + 1].into(), HOUR).await;
        assert_eq!(cache.get(&key("large")).await, Some(vec![7; 1 << 19].into()));
        assert_eq!(cache.get(&key("huge")).await, None);
    }
}

#[tokio::test]
async fn processes_share_what_they_find_under_keys_that_tell_nothing() {
    let Some(server) = testkit::Redis::start().await else { return };
    let (one, other) = (another_process(&server, FOREVER).await, another_process(&server, FOREVER).await);
    one.set(CacheKey::new(&tenant(1), "test.things", "is the moon hollow?"), "no".into(), HOUR).await;
    let found = other.get(&CacheKey::new(&tenant(1), "test.things", "is the moon hollow?")).await;
    assert_eq!(found, Some("no".into()));
    let keys = server.keys().await;
    assert!(keys.contains(&format!("gooseek/{}/test.things/", Uuid::from_u128(1))), "{keys}");
    assert!(!keys.contains("moon"), "{keys}");
}

#[tokio::test]
async fn a_redis_that_forgets_everything_costs_only_the_values() {
    for Twin { cache, server } in both().await {
        let Some(server) = server else { continue };
        cache.set(key("a"), "old".into(), HOUR).await;
        server.flush().await;
        assert_eq!(cache.get(&key("a")).await, None, "what Redis has forgotten is not served from elsewhere");
        cache.set(key("a"), "new".into(), HOUR).await;
        assert_eq!(cache.get(&key("a")).await, Some("new".into()));
    }
}

#[tokio::test]
async fn without_redis_a_process_goes_on_with_what_it_set_itself() {
    let Some(mut server) = testkit::Redis::start().await else { return };
    let redis = Redis::open(&server.url(), FOREVER).await.unwrap();
    let cache = Cache::redis(redis.clone(), 1 << 20);
    cache.set(key("before"), "x".into(), HOUR).await;
    server.kill();
    assert_eq!(cache.get(&key("before")).await, Some("x".into()));
    assert!(!redis.ping().await);
    cache.set(key("meanwhile"), "y".into(), HOUR).await;
    assert_eq!(cache.get(&key("meanwhile")).await, Some("y".into()));

    server.restart().await;
    eventually("Redis is found again", async || redis.ping().await).await;
    assert_eq!(cache.get(&key("meanwhile")).await, None, "this Redis is empty, and it is asked");
    cache.set(key("after"), "z".into(), HOUR).await;
    assert_eq!(another_process(&server, FOREVER).await.get(&key("after")).await, Some("z".into()));
}

#[tokio::test]
async fn a_redis_that_is_silent_is_not_waited_for() {
    let Some(server) = testkit::Redis::start().await else { return };
    let redis = Redis::open(&server.url(), CALL_TIMEOUT).await.unwrap();
    let cache = Cache::redis(redis.clone(), 1 << 20);
    server.freeze();
    let use_it = async {
        for number in 0..1_000 {
            let key = key(&number.to_string());
            cache.set(key.clone(), "x".into(), HOUR).await;
            assert_eq!(cache.get(&key).await, Some("x".into()));
        }
    };
    tokio::time::timeout(FOREVER, use_it).await.unwrap();
    assert!(!redis.ping().await);
    let late = tokio::time::timeout(FOREVER, Redis::open(&server.url(), CALL_TIMEOUT)).await.unwrap().unwrap();
    assert!(!late.ping().await);
    server.thaw();
    eventually("Redis is found again", async || redis.ping().await).await;
}

#[tokio::test]
async fn many_calls_that_fail_at_once_make_one_probe() {
    let Some(server) = testkit::Redis::start().await else { return };
    let redis = Redis::open(&server.url(), CALL_TIMEOUT).await.unwrap();
    let before = server.connections().await;
    server.freeze();
    let asked = futures::future::join_all((0..200).map(|_| redis.ping())).await;
    assert!(!asked.contains(&true));
    // Longer than a probe pauses, so that all there are have connected.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    server.thaw();
    eventually("Redis is found again", async || redis.ping().await).await;
    let made = server.connections().await - before;
    assert!(made < 20, "{made} connections");
}

#[tokio::test]
async fn a_redis_that_is_not_there_yet_is_found_later() {
    let Some(mut server) = testkit::Redis::start().await else { return };
    server.kill();
    let redis = Redis::open(&server.url(), FOREVER).await.unwrap();
    let cache = Cache::redis(redis.clone(), 1 << 20);
    cache.set(key("a"), "x".into(), HOUR).await;
    assert_eq!(cache.get(&key("a")).await, Some("x".into()));
    server.restart().await;
    eventually("Redis is found", async || redis.ping().await).await;
}

#[tokio::test]
async fn a_wrong_password_is_a_redis_that_is_away() {
    let Some(server) = testkit::Redis::start().await else { return };
    let wrong = Secret::new(server.url().expose().replace("secret", "guess"));
    let redis = Redis::open(&wrong, FOREVER).await.unwrap();
    assert!(!redis.ping().await);
}
