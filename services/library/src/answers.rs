//! Keeps finished answers.
//!
//! One run is kept once, whatever the number of events about it. A deleted thread leaves a mark with the time of its
//! deletion: answers to questions asked before that time are dropped however late they arrive (a redelivery, a run that was
//! going on), while a question asked in the thread afterwards starts it anew with that message only.

use async_trait::async_trait;
use base::time::Ids;
use bus::{HandleError, Handler, Received};
use chrono::{DateTime, Utc};
use db::Session;
use proto::{convert, events::v1::AnswerCompleted};
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;
use uuid::Uuid;

use crate::store::{self, NewMessage};

const TITLE_CHARS: usize = 80;

pub(crate) struct Answers {
    ids: Ids,
}

impl Answers {
    pub(crate) fn new(ids: Ids) -> Self {
        Self { ids }
    }
}

#[async_trait]
impl Handler<AnswerCompleted> for Answers {
    async fn handle(&self, session: &mut Session, event: &Received<AnswerCompleted>) -> Result<(), HandleError> {
        let answer = &event.message;
        session.narrow_to(convert::id("user_id", &answer.user_id)?);
        let message = message(self.ids.next(), answer, event.occurred_at)?;
        store::lock(session, message.thread_id).await?;
        if store::has_run(session, message.run_id).await? {
            return Ok(());
        }
        let deleted_at = store::deleted_at(session, message.thread_id).await?;
        if deleted_at.is_some_and(|deleted_at| message.created_at <= deleted_at) {
            return Ok(());
        }
        let completed_at = answer.completed_at.and_then(convert::time).unwrap_or(event.occurred_at);
        let title = title(&message.question);
        let title = store::touch_thread(session, &message, &title, completed_at).await?;
        store::insert_message(session, &message).await?;
        let texts = [title.as_str(), &message.question, &message.answer];
        store::search::index(session, message.thread_id, message.run_id, texts).await?;
        Ok(())
    }
}

fn message(id: Uuid, answer: &AnswerCompleted, occurred_at: DateTime<Utc>) -> Result<NewMessage, HandleError> {
    Ok(NewMessage {
        id,
        run_id: convert::id("run_id", &answer.run_id)?,
        thread_id: convert::id("thread_id", &answer.thread_id)?,
        question: storable(&answer.question),
        answer: storable(&answer.answer),
        status: storable(&answer.status),
        mode: storable(&answer.mode),
        citations: array("citations_json", &answer.citations_json)?,
        sources: array("sources_json", &answer.sources_json)?,
        degraded: Value::from(answer.degraded.clone()).to_string(),
        created_at: answer.asked_at.and_then(convert::time).unwrap_or(occurred_at),
    })
}

/// JSON texts are kept as they came, once they are known to be arrays.
fn array(field: &str, text: &str) -> Result<String, HandleError> {
    match serde_json::from_str::<Vec<Value>>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(HandleError::Poison(format!("{field} is not a JSON array: {error}"))),
    }
}

/// Postgres stores no NUL. One character stands in for another, so offsets into the text stay right.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The beginning of the question, up to a word's end.
fn title(question: &str) -> String {
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((limit, _)) = line.char_indices().nth(TITLE_CHARS) else { return line };
    let ends = line.split_word_bound_indices().map(|(start, word)| start + word.len());
    let end = ends.take_while(|end| *end <= limit).last().unwrap_or(limit);
    line[..end].trim_end().to_owned()
}
