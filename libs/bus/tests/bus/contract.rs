//! What the bus promises, with and without a broker, on both databases. The order of events is not promised.

use bus::{DeadLetter, DeadLetterKey, ReplayError, SubjectPattern};

use crate::support::{Bus, eventually, on_every_bus, scope, stranger};

const KILLS: u32 = 50;
/// Events for each of them.
const PART: u32 = 20;

on_every_bus! {
    async fn an_event_is_taken_once_by_each_consumer(bus: Bus) {
        let _process = bus.start(&["test.one", "test.other"]).await;
        bus.publish("first").await;
        bus.publish("second").await;
        for taker in ["test.one", "test.other"] {
            bus.taken(taker, &["first", "second"]).await;
        }
    }

    async fn what_was_rolled_back_is_not_told(bus: Bus) {
        let _process = bus.start(&["test.consumer"]).await;
        let mut session = bus.producer.db.begin(&scope()).await.unwrap();
        bus.relay.outbox().publish_record(&mut session, &bus.event("never")).await.unwrap();
        drop(session);
        bus.publish("really").await;
        bus.taken("test.consumer", &["really"]).await;
    }

    async fn an_effect_that_failed_halfway_is_undone_and_tried_again(bus: Bus) {
        bus.heal(false);
        let events = ["fail", "good", "panic"].map(|what| bus.event(what));
        bus.publish_all(&events).await;
        let _process = bus.start(&["test.consumer"]).await;
        bus.taken("test.consumer", &["good"]).await;
        eventually("an attempt", async || bus.calls("fail") > 0 && bus.calls("panic") > 0).await;
        assert_eq!(bus.effects("test.consumer").await, ["good"]);
        bus.heal(true);
        let all = async || {
            bus.skip_pauses();
            bus.effects("test.consumer").await == ["fail", "good", "panic"]
        };
        eventually("another attempt", all).await;
    }

    async fn poison_is_a_dead_letter_at_once_and_holds_up_nobody(bus: Bus) {
        let poison = bus.publish("poison").await;
        bus.publish("good").await;
        let _process = bus.start(&["test.consumer"]).await;
        bus.taken("test.consumer", &["good"]).await;
        let dead = bus.dead(1).await;
        assert_eq!((dead[0].id, dead[0].attempts, dead[0].consumer.as_str()), (poison, 1, "test.consumer"));
        assert_eq!(dead[0].reason, "not my format");
        let letters = bus.dead_letters();
        assert!(letters.list(&stranger(), &DeadLetterKey::start(), 1).await.unwrap().is_empty());
        assert!(!letters.replay(&stranger(), &dead[0].key()).await.unwrap());
        assert!(!letters.drop_letter(&stranger(), &dead[0].key()).await.unwrap());
        assert!(letters.drop_letter(&scope(), &dead[0].key()).await.unwrap());
        assert!(!letters.drop_letter(&scope(), &dead[0].key()).await.unwrap());
        bus.dead(0).await;
        bus.publish("after").await;
        bus.taken("test.consumer", &["after", "good"]).await;
    }

    async fn what_fails_five_times_is_dead_and_can_be_replayed_to_that_consumer(bus: Bus) {
        bus.heal(false);
        let id = bus.publish("fail").await;
        let process = bus.start(&["test.consumer"]).await;
        for attempt in 1..=5 {
            let tried = async || {
                bus.skip_pauses();
                bus.calls("fail") >= attempt
            };
            eventually("the next attempt", tried).await;
        }
        let dead = bus.dead(1).await;
        assert_eq!((dead[0].id, dead[0].attempts), (id, 5));
        let letters = bus.dead_letters();
        let failed = letters.replay(&scope(), &dead[0].key()).await.unwrap_err();
        assert!(matches!(&failed, ReplayError::Failed(reason) if reason.contains("not yet")), "{failed}");
        assert_eq!(bus.dead(1).await[0].attempts, 6);
        bus.heal(true);
        assert!(bus.effects("test.consumer").await.is_empty());
        process.stop().await;
        let _process = bus.start(&["test.consumer", "test.other"]).await;
        bus.taken("test.other", &["fail"]).await;
        assert!(letters.replay(&scope(), &dead[0].key()).await.unwrap());
        bus.taken("test.consumer", &["fail"]).await;
        assert!(!letters.replay(&scope(), &dead[0].key()).await.unwrap());
        bus.publish("last").await;
        bus.taken("test.other", &["fail", "last"]).await;
        assert_eq!(bus.calls("fail"), 8, "five attempts, two replays, and the other consumer's own");
    }

    async fn a_database_that_is_away_costs_an_event_no_attempt(bus: Bus) {
        bus.heal(false);
        bus.publish("away").await;
        let _process = bus.start(&["test.consumer"]).await;
        eventually("more attempts than a failing event has", async || bus.calls("away") > 5).await;
        bus.heal(true);
        bus.taken("test.consumer", &["away"]).await;
        bus.dead(0).await;
    }

    async fn a_replay_is_for_one_consumer_and_may_fail_again(bus: Bus) {
        bus.publish("poison").await;
        let _process = bus.start(&["test.one", "test.other"]).await;
        let dead = bus.dead(2).await;
        let letters = bus.dead_letters();
        letters.replay(&scope(), &dead[0].key()).await.unwrap_err();
        bus.dead(2).await;
        bus.publish("last").await;
        for taker in ["test.one", "test.other"] {
            bus.taken(taker, &["last"]).await;
        }
        assert_eq!(bus.calls("poison"), 3);
    }

    async fn dead_letters_come_in_pages(bus: Bus) {
        let events: Vec<_> = (0..7).map(|_| bus.event("poison")).collect();
        bus.publish_all(&events).await;
        let _process = bus.start(&["test.consumer"]).await;
        bus.dead(7).await;
        let letters = bus.dead_letters();
        let mut seen = Vec::new();
        let mut after = DeadLetterKey::start();
        for expected in [3, 3, 1, 0] {
            let page = letters.list(&scope(), &after, 3).await.unwrap();
            assert_eq!(page.len(), expected);
            after = page.last().map_or(after, DeadLetter::key);
            seen.extend(page.into_iter().map(|letter| letter.id));
        }
        assert!(seen.iter().eq(events.iter().map(|event| &event.id)), "each once, the oldest first");
    }

    async fn a_consumer_of_a_pattern_gets_the_events_of_all_its_subjects(bus: Bus) {
        let patterns = [
            ("test.exact", "gooseek.producer.thing.happened.v1"),
            ("test.star", "gooseek.*.thing.*.v1"),
            ("test.rest", "gooseek.producer.>"),
            ("test.short", "gooseek.*"),
            ("test.elsewhere", "gooseek.library.*.*.*"),
        ];
        let consumers = patterns.map(|(name, pattern)| bus.consumer_of(name, SubjectPattern::new(pattern)));
        let _process = bus.start_with(consumers.to_vec()).await;
        let mut other = bus.event("other");
        other.subject = "gooseek.producer.other.happened.v1".to_owned();
        bus.publish_all(&[bus.event("thing"), other]).await;
        bus.taken("test.rest", &["other", "thing"]).await;
        bus.taken("test.star", &["thing"]).await;
        bus.taken("test.exact", &["thing"]).await;
        for none in ["test.short", "test.elsewhere"] {
            bus.taken(none, &[]).await;
        }
    }

    async fn a_consumer_that_was_not_here_gets_what_is_still_kept(bus: Bus) {
        let old = bus.start(&["test.old"]).await;
        bus.publish("before").await;
        bus.taken("test.old", &["before"]).await;
        old.stop().await;
        let both = bus.start(&["test.old", "test.new"]).await;
        bus.taken("test.new", &["before"]).await;
        both.stop().await;
        bus.publish("down").await;
        let _process = bus.start(&["test.old", "test.new"]).await;
        bus.taken("test.new", &["before", "down"]).await;
        bus.taken("test.old", &["before", "down"]).await;
    }

    async fn a_process_that_is_killed_loses_and_repeats_nothing(bus: Bus) {
        bus.publish_numbers(0..KILLS * PART).await;
        // What the dead had claimed and not marked is due again when its lease is over.
        let reached = async |count| {
            bus.skip_pauses();
            bus.inbox().await >= i64::from(count)
        };
        for part in 0..KILLS {
            let process = bus.start(&["test.consumer"]).await;
            eventually("a part", async || reached(part * PART + 1).await).await;
            drop(process);
        }
        let _process = bus.start(&["test.consumer"]).await;
        eventually("the rest", async || reached(KILLS * PART).await).await;
        bus.taken_numbers("test.consumer", KILLS * PART).await;
    }

    async fn two_processes_share_the_work(bus: Bus) {
        let _one = bus.start(&["test.consumer"]).await;
        let _other = bus.start(&["test.consumer"]).await;
        for part in 0..10 {
            bus.publish_numbers(part * 20..(part + 1) * 20).await;
        }
        bus.taken_numbers("test.consumer", 200).await;
        eventually("marks", async || bus.pending().await == 0).await;
    }
}
