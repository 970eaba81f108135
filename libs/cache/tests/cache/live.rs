//! The live log through a real Redis: what one process appends, others hear at once and in order; what Redis loses is missed
//! visibly, and nobody waits for a Redis that does not answer.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use cache::{
    live::{FeedEntry, FeedKey, Follower, LiveFeeds},
    redis::{CALL_TIMEOUT, Redis},
};
use uuid::Uuid;

/// Nothing here takes so long unless it takes forever.
const FOREVER: Duration = Duration::from_secs(60);

/// The live log of another process with this Redis.
async fn process(server: &testkit::Redis) -> LiveFeeds {
    LiveFeeds::redis(Redis::open(&server.url(), CALL_TIMEOUT).await.unwrap())
}

fn log(org: u128) -> FeedKey {
    FeedKey::new(Uuid::from_u128(org), "test.logs", Uuid::nil())
}

fn entry(seq: i64) -> FeedEntry {
    FeedEntry { seq, kind: "delta".to_owned(), data: format!("{{\"text\":\"слово {seq}\\n\"}}") }
}

/// The next entries, `count` of them.
async fn hear(follower: &mut Follower, count: usize) -> Vec<FeedEntry> {
    let heard = async {
        let mut heard = Vec::new();
        while heard.len() < count {
            heard.extend(follower.next().await);
        }
        heard
    };
    tokio::time::timeout(FOREVER, heard).await.expect("the entries are heard")
}

async fn until_hears(follower: &Follower, hears: bool) {
    let wait = async {
        while follower.is_connected() != hears {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(FOREVER, wait).await.expect("it is noticed");
}

#[tokio::test]
async fn entries_are_heard_by_others_whole_and_in_order() {
    let Some(server) = testkit::Redis::start().await else { return };
    let (writer, reader) = (process(&server).await, process(&server).await);
    for seq in 1..=40 {
        writer.append(&log(1), || entry(seq));
    }
    let mut late = reader.follow(log(1), 30);
    assert_eq!(hear(&mut late, 10).await, (31..=40).map(entry).collect::<Vec<_>>());
    let mut all = reader.follow(log(1), 0);
    assert_eq!(hear(&mut all, 40).await, (1..=40).map(entry).collect::<Vec<_>>());
    writer.append(&log(1), || entry(41));
    assert_eq!((hear(&mut late, 1).await, hear(&mut all, 1).await), (vec![entry(41)], vec![entry(41)]));
}

#[tokio::test]
async fn the_same_log_of_another_organisation_is_another_log() {
    let Some(server) = testkit::Redis::start().await else { return };
    let (writer, reader) = (process(&server).await, process(&server).await);
    let mut follower = reader.follow(log(2), 0);
    writer.append(&log(1), || entry(1));
    writer.append(&log(2), || entry(2));
    assert_eq!(hear(&mut follower, 1).await, [entry(2)]);
}

#[tokio::test]
async fn a_number_that_was_written_stays_as_it_is() {
    let Some(server) = testkit::Redis::start().await else { return };
    let (writer, reader) = (process(&server).await, process(&server).await);
    let late = FeedEntry { data: "of one who was taken for dead".to_owned(), ..entry(1) };
    for entry in [entry(1), entry(2), late, entry(3)] {
        writer.append(&log(1), || entry);
    }
    let mut follower = reader.follow(log(1), 0);
    assert_eq!(hear(&mut follower, 3).await, [entry(1), entry(2), entry(3)]);
}

#[tokio::test]
async fn what_redis_forgot_is_missing_by_its_number() {
    let Some(server) = testkit::Redis::start().await else { return };
    let (writer, reader) = (process(&server).await, process(&server).await);
    let mut follower = reader.follow(log(1), 0);
    writer.append(&log(1), || entry(1));
    assert_eq!(hear(&mut follower, 1).await, [entry(1)]);
    server.flush().await;
    writer.append(&log(1), || entry(3));
    assert_eq!(hear(&mut follower, 1).await, [entry(3)]);
}

#[tokio::test]
async fn a_redis_that_is_silent_or_dead_is_noticed_and_found_again() {
    let Some(mut server) = testkit::Redis::start().await else { return };
    let (writer, reader) = (process(&server).await, process(&server).await);
    let mut follower = reader.follow(log(1), 0);
    until_hears(&follower, true).await;
    server.freeze();
    until_hears(&follower, false).await;
    server.thaw();
    until_hears(&follower, true).await;
    server.kill();
    until_hears(&follower, false).await;
    // Nobody waits, and what cannot be kept is left out.
    for seq in 1..=10_000 {
        writer.append(&log(1), || entry(seq));
    }
    server.restart().await;
    until_hears(&follower, true).await;
    let heard = async {
        let mut seq = 20_000;
        loop {
            writer.append(&log(1), || entry(seq));
            if let Ok(heard) = tokio::time::timeout(Duration::from_millis(100), follower.next()).await
                && heard.iter().any(|entry| entry.seq >= 20_000)
            {
                return;
            }
            seq += 1;
        }
    };
    tokio::time::timeout(FOREVER, heard).await.expect("entries are heard again");
}

#[tokio::test]
async fn without_redis_nothing_is_heard() {
    let live = LiveFeeds::in_process();
    let mut follower = live.follow(log(1), 0);
    live.append(&log(1), || unreachable!("nobody would read it"));
    assert!(!follower.is_connected());
    assert!(tokio::time::timeout(Duration::from_millis(20), follower.next()).await.is_err());
}
