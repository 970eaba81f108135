//! Messages that a consumer cannot read: of a newer program, or no events at all.

use async_nats::HeaderMap;
use bus::{DeadLetterKey, ReplayError};
use bytes::Bytes;
use db::execute;
use prost::Message;
use proto::Event;
use testkit::service::World;
use uuid::Uuid;

use crate::support::{Bus, Happened, Process, eventually, operator, scope, stranger};

const SUBJECT: &str = Happened::SUBJECT;

async fn running(world: World) -> Option<(Bus, Process)> {
    let bus = Bus::with_broker(world).await?;
    let process = bus.start(&["test.consumer"]).await;
    bus.publish("first").await;
    bus.taken("test.consumer", &["first"]).await;
    Some((bus, process))
}

/// Puts a message on the stream as it is.
async fn put(bus: &Bus, headers: &[(&str, &str)], payload: impl Into<Bytes>) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, *value);
    }
    let broker = async_nats::jetstream::new(bus.client().await);
    let put = broker.publish_with_headers(SUBJECT, map, payload.into()).await.unwrap();
    put.await.unwrap();
}

fn payload(what: &str) -> Vec<u8> {
    Happened { what: what.to_owned() }.encode_to_vec()
}

/// Makes the stored message one that this program can read, as a program that knows the version would.
async fn understand(bus: &Bus, id: Uuid) {
    let mut session = bus.consumer.db.begin(&operator()).await.unwrap();
    execute!(
        &mut session,
        any: "UPDATE dead_letters SET headers = REPLACE(headers, '[\"Gooseek-Version\",\"2\"]', '[\"Gooseek-Version\",\"1\"]')
              WHERE event_id = $1",
        id
    )
    .unwrap();
    session.commit().await.unwrap();
}

testkit::on_both! {
    async fn a_message_that_is_no_event_is_for_the_operator_alone(world: World) {
        let Some((bus, _process)) = running(world).await else { return };
        put(&bus, &[], "garbage").await;
        put(&bus, &[("Gooseek-Org", "no id"), ("Gooseek-Version", "1")], "garbage").await;
        let dead = bus.dead(2).await;
        for letter in &dead {
            assert_eq!((letter.consumer.as_str(), letter.subject.as_str()), ("test.consumer", SUBJECT));
            assert_eq!((letter.reason.as_str(), letter.org), ("not an event", None));
        }
        let (letters, key) = (bus.dead_letters(), dead[0].key());
        for tenant in [scope(), stranger()] {
            assert!(letters.list(&tenant, &DeadLetterKey::start(), 1).await.unwrap().is_empty());
            assert!(!letters.replay(&tenant, &key).await.unwrap());
            assert!(!letters.drop_letter(&tenant, &key).await.unwrap());
        }
        assert!(matches!(letters.replay(&operator(), &key).await, Err(ReplayError::Failed(_))));
        assert!(letters.drop_letter(&operator(), &key).await.unwrap());
        bus.dead(1).await;
        bus.publish("last").await;
        bus.taken("test.consumer", &["first", "last"]).await;
    }

    async fn an_event_of_a_newer_program_waits_for_it(world: World) {
        let Some((bus, _process)) = running(world).await else { return };
        let id = bus.world.ids.next();
        let text = id.to_string();
        let headers = [
            ("Gooseek-Version", "2"),
            ("Gooseek-Id", text.as_str()),
            ("Gooseek-Subject", SUBJECT),
            ("Gooseek-Org", "00000000-0000-0000-0000-000000000000"),
            ("Gooseek-Occurred-At", "2026-01-02T03:04:05Z"),
            ("Gooseek-Actor", "unknown to version 1"),
        ];
        put(&bus, &headers, payload("new")).await;
        let letter = bus.dead(1).await.remove(0);
        assert_eq!((letter.id, letter.org, letter.attempts), (id, Some(Uuid::nil()), 1));
        assert_eq!(letter.reason, "an envelope of version 2, which this program does not know");
        let (letters, key) = (bus.dead_letters(), letter.key());
        assert!(letters.list(&stranger(), &DeadLetterKey::start(), 1).await.unwrap().is_empty());
        assert!(!letters.replay(&stranger(), &key).await.unwrap());
        assert!(!letters.drop_letter(&stranger(), &key).await.unwrap());
        let failed = letters.replay(&scope(), &key).await.unwrap_err();
        assert_eq!(failed.to_string(), letter.reason);
        // Delivered again it is neither handled nor listed twice.
        put(&bus, &headers, payload("new")).await;
        bus.publish("last").await;
        bus.taken("test.consumer", &["first", "last"]).await;
        assert_eq!(bus.dead(1).await[0].attempts, 2);
        understand(&bus, id).await;
        assert!(letters.replay(&scope(), &key).await.unwrap());
        bus.taken("test.consumer", &["first", "last", "new"]).await;
        bus.dead(0).await;
    }

    async fn an_event_of_the_program_before_versions_is_handled(world: World) {
        let Some((bus, _process)) = running(world).await else { return };
        let id = bus.world.ids.next().to_string();
        let headers = [
            ("Gooseek-Id", id.as_str()),
            ("Gooseek-Subject", SUBJECT),
            ("Gooseek-Org", "00000000-0000-0000-0000-000000000000"),
            ("Gooseek-Occurred-At", "2026-01-02T03:04:05Z"),
        ];
        put(&bus, &headers, payload("old")).await;
        bus.taken("test.consumer", &["first", "old"]).await;
    }

    async fn a_payload_of_another_message_is_a_dead_letter_at_once(world: World) {
        let bus = Bus::embedded(world).await;
        let mut event = bus.event("never");
        event.payload = vec![0xff; 9].into();
        bus.publish_all(&[event]).await;
        let _process = bus.start(&["test.consumer"]).await;
        let dead = bus.dead(1).await;
        assert!(dead[0].reason.starts_with("not a message of gooseek.producer.thing.happened.v1"), "{dead:?}");
        assert_eq!(dead[0].attempts, 1);
    }

    async fn a_dead_letter_that_was_dropped_does_not_come_back_with_a_resync(world: World) {
        let Some((bus, _process)) = running(world).await else { return };
        let server = bus.server.as_ref().unwrap();
        bus.publish("poison").await;
        let letter = bus.dead(1).await.remove(0);
        assert!(bus.dead_letters().drop_letter(&scope(), &letter.key()).await.unwrap());
        // The broker recognises no event any more.
        server.kill();
        server.forget();
        server.run();
        bus.publish("second").await;
        bus.taken("test.consumer", &["first", "second"]).await;
        assert_eq!(bus.relay.resync().await.unwrap(), 3);
        eventually("all published", async || bus.pending().await == 0).await;
        bus.publish("last").await;
        bus.taken("test.consumer", &["first", "last", "second"]).await;
        assert_eq!(bus.calls("poison"), 1);
        bus.dead(0).await;
    }
}
