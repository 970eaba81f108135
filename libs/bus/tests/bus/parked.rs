//! Messages that a consumer cannot read, and letters that the operator drops.

use async_nats::HeaderMap;
use bus::{DeadLetter, LetterKey};
use bytes::Bytes;
use testkit::service::World;
use uuid::Uuid;

use crate::support::{Bus, Process, SUBJECT, eventually};

async fn running(world: World) -> Option<(Bus, Process)> {
    let bus = Bus::with_broker(world).await?;
    let process = bus.start(&["test.taker"]).await;
    bus.publish("first").await;
    bus.taken("test.taker", &["first"]).await;
    Some((bus, process))
}

/// Puts a message on the stream as it is.
async fn put(bus: &Bus, headers: &[(&str, &str)], payload: &'static str) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, *value);
    }
    let broker = async_nats::jetstream::new(bus.client().await);
    let put = broker.publish_with_headers(SUBJECT, map, Bytes::from(payload)).await.unwrap();
    put.await.unwrap();
}

async fn only_letter(bus: &Bus) -> DeadLetter {
    bus.dead(1).await.remove(0)
}

/// Lists and replays `letter` as its organisation may, or anybody when it has none.
async fn replay(bus: &Bus, org: Uuid, letter: &DeadLetter) {
    let letters = bus.dead_letters().await;
    eventually("the broker", async || letters.list(org, &LetterKey::start(), 1).await.is_ok()).await;
    assert!(letters.replay(org, &letter.key()).await.unwrap());
    // It is given to the same program, which still cannot read it.
    let again = async || letters.list(org, &LetterKey::start(), 2).await.unwrap();
    eventually("the letter again", async || again().await.len() == 1).await;
    assert_eq!((again().await[0].id, &again().await[0].error), (letter.id, &letter.error));
}

testkit::on_both! {
    async fn a_message_that_is_no_event_is_put_aside(world: World) {
        let Some((bus, _process)) = running(world).await else { return };
        put(&bus, &[], "garbage").await;
        put(&bus, &[("Gooseek-Org", "nobody's"), ("Gooseek-Version", "1")], "garbage").await;
        let letters = bus.dead(2).await;
        for letter in &letters {
            assert_eq!((letter.consumer.as_str(), letter.subject.as_str()), ("test.taker", SUBJECT));
            assert_eq!((letter.error.as_deref(), letter.org), (Some("not an event"), Uuid::nil()));
        }
        let (first, second) = (&letters[0], letters[1].key());
        let dlq = bus.dead_letters().await;
        eventually("a drop", async || dlq.drop_nobodys(&second).await.is_ok()).await;
        replay(&bus, Uuid::max(), first).await;
        assert!(!dlq.drop_letter(Uuid::max(), &first.key()).await.unwrap(), "it may be another's");
        assert!(dlq.is_nobodys(&first.key()).await.unwrap());
        assert!(dlq.drop_nobodys(&first.key()).await.unwrap());
        bus.dead(0).await;
        bus.publish("last").await;
        bus.taken("test.taker", &["first", "last"]).await;
    }

    async fn an_event_of_a_newer_program_is_put_aside_for_it(world: World) {
        let Some((bus, _process)) = running(world).await else { return };
        let id = bus.world.ids.next().to_string();
        let headers = [
            ("Gooseek-Version", "2"),
            ("Gooseek-Id", &id),
            ("Gooseek-Subject", SUBJECT),
            ("Gooseek-Org", "00000000-0000-0000-0000-000000000000"),
            ("Gooseek-Occurred-At", "2026-01-02T03:04:05Z"),
            ("Gooseek-Actor", "of whom version 1 knows nothing"),
        ];
        put(&bus, &headers, "new").await;
        let letter = only_letter(&bus).await;
        assert_eq!(letter.id.to_string(), id);
        assert_eq!(letter.error.as_deref(), Some("an envelope of version 2, which this program does not know"));
        let stream = async_nats::jetstream::new(bus.client().await).get_stream("gooseek_dead").await.unwrap();
        let subject = format!("gooseek_dead.producer.{}.{id}.test.taker", Uuid::nil());
        let kept = stream.get_last_raw_message_by_subject(&subject).await.unwrap();
        assert_eq!(kept.payload, "new");
        for (name, value) in headers {
            assert_eq!(kept.headers.get(name).unwrap().as_str(), value);
        }
        let letters = bus.dead_letters().await;
        eventually("the broker", async || letters.list(Uuid::max(), &LetterKey::start(), 1).await.is_ok()).await;
        let (stranger, key) = (Uuid::max(), letter.key());
        assert!(letters.list(stranger, &LetterKey::start(), 1).await.unwrap().is_empty(), "it has an organisation");
        assert!(!letters.replay(stranger, &key).await.unwrap());
        assert!(!letters.drop_letter(stranger, &key).await.unwrap());
        assert!(!letters.drop_nobodys(&key).await.unwrap());
        replay(&bus, Uuid::nil(), &letter).await;
        assert!(letters.drop_letter(Uuid::nil(), &key).await.unwrap());
        assert!(letters.list(Uuid::nil(), &LetterKey::start(), 1).await.unwrap().is_empty());
        // Dropped, it is not put aside again when it comes again.
        eventually("the drop is remembered", async || bus.inbox().await == 2).await;
        put(&bus, &headers, "new").await;
        bus.publish("last").await;
        bus.taken("test.taker", &["first", "last"]).await;
        bus.dead(0).await;
    }

    async fn an_event_of_the_program_before_versions_is_taken(world: World) {
        let Some((bus, _process)) = running(world).await else { return };
        let id = bus.world.ids.next().to_string();
        let headers = [
            ("Gooseek-Id", id.as_str()),
            ("Gooseek-Subject", SUBJECT),
            ("Gooseek-Org", "00000000-0000-0000-0000-000000000000"),
            ("Gooseek-Occurred-At", "2026-01-02T03:04:05Z"),
        ];
        put(&bus, &headers, "old").await;
        bus.taken("test.taker", &["first", "old"]).await;
    }

    async fn a_letter_that_was_dropped_does_not_come_back_with_a_resync(world: World) {
        let Some((bus, _process)) = running(world).await else { return };
        let server = bus.server.as_ref().unwrap();
        bus.publish("poison").await;
        let letter = only_letter(&bus).await;
        let letters = bus.dead_letters().await;
        eventually("the drop", async || letters.drop_letter(Uuid::nil(), &letter.key()).await.is_ok()).await;
        eventually("the drop is remembered", async || bus.inbox().await == 2).await;
        // The broker recognises no event any more.
        server.kill();
        server.forget();
        server.run();
        bus.publish("second").await;
        bus.taken("test.taker", &["first", "second"]).await;
        assert_eq!(bus.producer.relay.resync().await.unwrap(), 3);
        eventually("all published", async || bus.pending().await == 0).await;
        bus.publish("last").await;
        bus.taken("test.taker", &["first", "last", "second"]).await;
        assert_eq!(bus.calls("poison"), 1);
        bus.dead(0).await;
    }
}
