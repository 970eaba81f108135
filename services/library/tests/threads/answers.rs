//! Events as chat-svc publishes them when an answer is finished.

use bus::EventRecord;
use proto::{convert, events::v1::AnswerCompleted};
use serde_json::json;
use testkit::service::{Person, World};
use uuid::Uuid;

/// An answer that is being written now.
pub(crate) fn answer(world: &World, thread: Uuid, question: &str, answer: &str) -> AnswerCompleted {
    let stamp = convert::timestamp(world.clock.clock().now());
    AnswerCompleted {
        run_id: world.ids.next().to_string(),
        thread_id: thread.to_string(),
        question: question.to_owned(),
        answer: answer.to_owned(),
        status: "complete".to_owned(),
        citations_json: json!([{ "index": 1, "source": 1, "start": 0, "end": 5, "quote": "two months" }]).to_string(),
        sources_json: json!([{ "index": 1, "kind": "file", "passages": [{ "text": "two months", "start": 10 }] }])
            .to_string(),
        degraded: vec!["web: all engines failed".to_owned()],
        mode: "speed".to_owned(),
        asked_at: Some(stamp),
        completed_at: Some(stamp),
        ..AnswerCompleted::default()
    }
}

/// The event of `answer`, given to `who`.
pub(crate) fn event(world: &World, who: &Person, answer: &AnswerCompleted) -> EventRecord {
    let answer = AnswerCompleted { user_id: who.user.to_string(), ..answer.clone() };
    EventRecord::new(world.ids.next(), who.org, &answer, world.clock.clock().now())
}
