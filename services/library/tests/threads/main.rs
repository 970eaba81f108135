//! Threads through HTTP, from the event that makes one to its deletion, on both databases.
#![expect(clippy::unwrap_used, reason = "tests")]

mod answers;
mod hostile_queries;
mod searching;

use std::time::Duration;

use answers::{answer, event};
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use bus::{DeliveryError, EventRecord};
use db::fetch_one;
use proto::events::v1::ThreadDeleted;
use serde_json::{Value, json};
use testkit::service::{Person, Tables, TestService, World};
use uuid::Uuid;

const LIST: &str = "/api/v1/library/threads";

/// A service that has been told of one answer; the thread's address.
async fn with_thread(world: &World, who: &Person, question: &str) -> (TestService, String) {
    let library = world.start(library_svc::SERVICE).await;
    let thread = world.ids.next();
    let answer = answer(world, thread, question, "Two months [1].");
    library.deliver(&event(world, who, &answer)).await;
    (library, format!("{LIST}/{thread}"))
}

/// Takes an answer in `thread`.
async fn ask(library: &TestService, world: &World, who: &Person, thread: Uuid, question: &str) {
    library.deliver(&event(world, who, &answer(world, thread, question, "An answer."))).await;
}

/// The titles of a page.
fn titles(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect()
}

testkit::on_both! {
    async fn an_answer_makes_a_thread(world: World) {
        let ann = world.person();
        let (library, address) = with_thread(&world, &ann, "How long is the notice?").await;

        let page = library.get(&ann, LIST).await.expect(StatusCode::OK);
        assert_eq!(titles(&page), ["How long is the notice?"]);
        assert_eq!(page["items"][0]["messages"], 1);
        assert_eq!(page["items"][0]["pinned"], false);
        assert_eq!(page["items"][0].get("snippet"), None);
        assert_eq!(page["next_cursor"], Value::Null);

        let thread = library.get(&ann, &address).await.expect(StatusCode::OK);
        let message = &thread["messages"][0];
        assert_eq!(message["question"], "How long is the notice?");
        assert_eq!(message["answer"], "Two months [1].");
        assert_eq!(message["status"], "complete");
        assert_eq!(message["mode"], "speed");
        assert_eq!(message["citations"][0]["quote"], "two months");
        assert_eq!(message["sources"][0]["passages"][0], json!({ "text": "two months", "start": 10 }));
        assert_eq!(message["degraded"], json!(["web: all engines failed"]));
    }

    async fn an_answer_told_again_is_kept_once(world: World) {
        let ann = world.person();
        let library = world.start(library_svc::SERVICE).await;
        let answer = answer(&world, world.ids.next(), "Once?", "Once.");
        let told = event(&world, &ann, &answer);
        library.deliver(&told).await;
        library.deliver(&told).await;
        library.deliver(&event(&world, &ann, &answer)).await;
        let page = library.get(&ann, LIST).await.expect(StatusCode::OK);
        assert_eq!(page["items"][0]["messages"], 1);
    }

    async fn answers_that_come_out_of_order_stand_in_the_order_they_were_asked_in(world: World) {
        let ann = world.person();
        let library = world.start(library_svc::SERVICE).await;
        let thread = world.ids.next();
        let first = answer(&world, thread, "First?", "1");
        world.clock.advance(Duration::from_secs(1));
        let second = answer(&world, thread, "Second?", "2");
        library.deliver(&event(&world, &ann, &second)).await;
        let before = library.get(&ann, LIST).await.json();
        library.deliver(&event(&world, &ann, &first)).await;
        let after = library.get(&ann, LIST).await.json();
        assert_eq!(after["items"][0]["updated_at"], before["items"][0]["updated_at"]);
        let thread = library.get(&ann, &format!("{LIST}/{thread}")).await.json();
        let questions: Vec<_> = thread["messages"].as_array().unwrap().iter().map(|m| m["question"].clone()).collect();
        assert_eq!(questions, ["First?", "Second?"]);
    }

    async fn a_long_question_is_cut_at_a_word(world: World) {
        let ann = world.person();
        let question = "Какой срок уведомления\nпредусмотрен договором аренды офиса на улице Ленина, и кто платит за ремонт?";
        let (library, _) = with_thread(&world, &ann, question).await;
        let page = library.get(&ann, LIST).await.json();
        assert_eq!(titles(&page), ["Какой срок уведомления предусмотрен договором аренды офиса на улице Ленина, и"]);
    }

    async fn a_text_no_database_would_keep_is_kept_readable(world: World) {
        let ann = world.person();
        let (library, address) = with_thread(&world, &ann, "What is \0?").await;
        let thread = library.get(&ann, &address).await.expect(StatusCode::OK);
        assert_eq!(thread["messages"][0]["question"], "What is \u{fffd}?");
    }

    async fn pages_neither_skip_nor_repeat_while_answers_come_in(world: World) {
        let ann = world.person();
        let library = world.start(library_svc::SERVICE).await;
        for number in 0..7 {
            ask(&library, &world, &ann, world.ids.next(), &format!("Question {number}")).await;
            world.clock.advance(Duration::from_secs(1));
        }
        let mut seen = Vec::new();
        let mut address = format!("{LIST}?limit=2");
        loop {
            let page = library.get(&ann, &address).await.expect(StatusCode::OK);
            seen.extend(titles(&page).into_iter().map(str::to_owned));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            address = format!("{LIST}?limit=2&cursor={cursor}");
            ask(&library, &world, &ann, world.ids.next(), "In between").await;
            world.clock.advance(Duration::from_secs(1));
        }
        assert_eq!(seen, [6, 5, 4, 3, 2, 1, 0].map(|number| format!("Question {number}")));
    }

    async fn pinned_threads_come_first(world: World) {
        let ann = world.person();
        let (library, oldest) = with_thread(&world, &ann, "Oldest").await;
        for title in ["Middle", "Newest"] {
            world.clock.advance(Duration::from_secs(1));
            ask(&library, &world, &ann, world.ids.next(), title).await;
        }
        let item = library.send_json(&ann, "PATCH", &oldest, &json!({ "pinned": true })).await.expect(StatusCode::OK);
        assert_eq!(item["pinned"], true);
        let first = library.get(&ann, &format!("{LIST}?limit=1")).await.json();
        assert_eq!(titles(&first), ["Oldest"]);
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = library.get(&ann, &format!("{LIST}?cursor={cursor}")).await.json();
        assert_eq!(titles(&rest), ["Newest", "Middle"]);
    }

    async fn a_rename_on_an_old_reading_is_refused(world: World) {
        let ann = world.person();
        let (library, address) = with_thread(&world, &ann, "Before").await;
        let rename = async |title: &str, tag: &str| library.patch(&ann, &address, tag, &json!({ "title": title })).await;
        let read = library.get(&ann, &address).await.headers["etag"].to_str().unwrap().to_owned();
        let renamed = rename("After", &read).await;
        assert_eq!(renamed.expect(StatusCode::OK)["title"], "After");
        let problem = rename("Too late", &read).await.expect(StatusCode::PRECONDITION_FAILED);
        assert_eq!(problem["code"], "precondition_failed");
        assert_eq!(library.get(&ann, &address).await.json()["title"], "After");
        // The tag of the new edit is good, an answer in between notwithstanding.
        let thread = address.rsplit('/').next().unwrap().parse().unwrap();
        ask(&library, &world, &ann, thread, "More?").await;
        rename("Again", renamed.headers["etag"].to_str().unwrap()).await.expect(StatusCode::OK);
        rename("Anyway", "*").await.expect(StatusCode::OK);
    }

    async fn a_change_names_every_fault(world: World) {
        let ann = world.person();
        let (library, address) = with_thread(&world, &ann, "Title").await;
        for body in [json!({}), json!({ "title": " " }), json!({ "title": "x".repeat(201) }), json!({ "tilte": "x" })] {
            library.send_json(&ann, "PATCH", &address, &body).await.expect(StatusCode::BAD_REQUEST);
        }
        for query in ["?limit=0", "?limit=101", "?cursor=made-up", "?sort=title"] {
            library.get(&ann, &format!("{LIST}{query}")).await.expect(StatusCode::BAD_REQUEST);
        }
    }

    async fn a_deleted_thread_leaves_nothing_behind(world: World) {
        let ann = world.person();
        let (library, address) = with_thread(&world, &ann, "How long is the notice?").await;
        library.delete(&ann, &address).await.expect(StatusCode::NO_CONTENT);
        library.get(&ann, &address).await.expect(StatusCode::NOT_FOUND);
        library.delete(&ann, &address).await.expect(StatusCode::NOT_FOUND);
        assert_eq!(library.get(&ann, LIST).await.json()["items"], json!([]));
        assert_eq!(library.get(&ann, &format!("{LIST}?q=notice")).await.json()["items"], json!([]));
        let mut session = library.db.read(&ann.scope()).await.unwrap();
        let all = "SELECT (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM message_index)";
        let (rows,): (i64,) = fetch_one!(&mut session, unscoped: all).unwrap();
        assert_eq!(rows, 0);
    }

    async fn a_deletion_is_published(world: World) {
        let ann = world.person();
        let (library, address) = with_thread(&world, &ann, "How long is the notice?").await;
        let deleted_at = world.clock.clock().now();
        library.delete(&world.colleague(&ann), &address).await.expect(StatusCode::NOT_FOUND);
        library.delete(&ann, &address).await.expect(StatusCode::NO_CONTENT);
        library.delete(&ann, &address).await.expect(StatusCode::NOT_FOUND);
        let published = library.events::<ThreadDeleted>(&ann).await;
        let [fact] = published.as_slice() else { panic!("one event: {published:?}") };
        assert!(address.ends_with(&fact.thread_id), "{fact:?}");
        assert_eq!(fact.user_id, ann.user.to_string());
        assert_eq!(fact.deleted_at.unwrap().seconds, deleted_at.timestamp());
    }

    async fn a_deleted_thread_is_not_brought_back_by_old_answers(world: World) {
        let ann = world.person();
        let library = world.start(library_svc::SERVICE).await;
        let thread = world.ids.next();
        let address = format!("{LIST}/{thread}");
        let kept = answer(&world, thread, "Kept?", "Yes.");
        let running = answer(&world, thread, "Still running?", "Yes.");
        library.deliver(&event(&world, &ann, &kept)).await;
        world.clock.advance(Duration::from_secs(1));
        library.delete(&ann, &address).await.expect(StatusCode::NO_CONTENT);
        // Told again under another id, as a restored outbox would, and told for the first time.
        library.deliver(&event(&world, &ann, &kept)).await;
        library.deliver(&event(&world, &ann, &running)).await;
        library.get(&ann, &address).await.expect(StatusCode::NOT_FOUND);
        // Asked after the deletion: the person wants the thread.
        world.clock.advance(Duration::from_secs(1));
        ask(&library, &world, &ann, thread, "A new start?").await;
        library.deliver(&event(&world, &ann, &kept)).await;
        let thread = library.get(&ann, &address).await.expect(StatusCode::OK);
        assert_eq!(thread["title"], "A new start?");
        assert_eq!(thread["messages"].as_array().unwrap().len(), 1);
    }

    async fn a_thread_is_its_owners_alone(world: World) {
        let ann = world.person();
        let (library, address) = with_thread(&world, &ann, "Secret notice").await;
        let missing = library.get(&ann, &format!("{LIST}/{}", world.ids.next())).await;
        let no_id = library.get(&ann, &format!("{LIST}/nonsense")).await;
        for other in [world.colleague(&ann), world.person()] {
            assert_eq!(library.get(&other, LIST).await.json()["items"], json!([]));
            assert_eq!(library.get(&other, &format!("{LIST}?q=secret")).await.json()["items"], json!([]));
            let refused = [
                library.get(&other, &address).await,
                library.send_json(&other, "PATCH", &address, &json!({ "pinned": true })).await,
                library.delete(&other, &address).await,
            ];
            for answer in refused.iter().chain([&no_id]) {
                assert_eq!(answer.status, StatusCode::NOT_FOUND);
                assert_eq!(answer.json()["detail"], missing.json()["detail"]);
            }
            // The same thread id in another library is another thread.
            let thread = address.rsplit('/').next().unwrap().parse().unwrap();
            ask(&library, &world, &other, thread, "Mine").await;
            assert_eq!(titles(&library.get(&other, LIST).await.json()), ["Mine"]);
        }
        assert_eq!(titles(&library.get(&ann, LIST).await.json()), ["Secret notice"]);
        let anonymous = Request::get(LIST).body(Body::empty()).unwrap();
        library.send(anonymous).await.expect(StatusCode::UNAUTHORIZED);
    }

    async fn an_event_that_makes_no_sense_is_refused_for_good(world: World) {
        let ann = world.person();
        let library = world.start(library_svc::SERVICE).await;
        let mut wrong = answer(&world, world.ids.next(), "?", "!");
        wrong.sources_json = "{}".to_owned();
        let wrong = event(&world, &ann, &wrong);
        let garbage = EventRecord { id: world.ids.next(), payload: vec![0xff; 9].into(), ..wrong.clone() };
        for event in [wrong, garbage] {
            let refusal = library.try_deliver(&event).await.unwrap_err();
            assert!(matches!(refusal, DeliveryError::Poison(_)), "{refusal}");
        }
        assert_eq!(library.get(&ann, LIST).await.json()["items"], json!([]));
    }
}

/// Conditions forgotten in a statement would still show nothing of another organisation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_hides_rows_of_other_organisations() {
    let Some(world) = World::postgres().await else { return };
    let (ann, eve) = (world.person(), world.person());
    let (library, address) = with_thread(&world, &ann, "Forgotten").await;
    library.delete(&ann, &address).await.expect(StatusCode::NO_CONTENT);
    ask(&library, &world, &ann, world.ids.next(), "Hidden").await;
    let special = Tables { index: &["message_index"], ..Tables::default() };
    world.assert_hidden(&library, library_svc::SERVICE.name, [&ann, &eve], special).await;
}
