//! What threads are and the rules about them.

use access::{Action, Caller};
use audit::{Audit, Object};
use base::{Problem, time::Clock};
use bus::Outbox;
use chrono::{DateTime, Utc};
use db::Db;
use kit::{IfMatch, Page, PageOf, Resource, Tagged, cursor::CursorKey};
use proto::{convert, events::v1::ThreadDeleted};
use serde::Serialize;
use serde_json::Value;
use server::Deps;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    snippet::{self, Match},
    store::{self, MessageRow, Position, ThreadRow, search::Hit},
};

/// A thread in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ThreadItem {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) pinned: bool,
    pub(crate) created_at: DateTime<Utc>,
    /// When its newest answer was finished; renaming and pinning are not activity.
    pub(crate) updated_at: DateTime<Utc>,
    /// How many messages it has.
    pub(crate) messages: i64,
    /// In a search: a piece of the first message found, or of the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) snippet: Option<String>,
    /// Where in the snippet the words are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) matches: Option<Vec<Match>>,
}

/// A thread with everything asked and answered in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Thread {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) pinned: bool,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// The oldest first.
    pub(crate) messages: Vec<Message>,
}

impl Resource for Thread {
    const NAME: &'static str = "thread";
}

/// A question and its answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) run_id: Uuid,
    pub(crate) question: String,
    pub(crate) answer: String,
    /// `complete`, `partial`, `cancelled` or `error`.
    pub(crate) status: String,
    pub(crate) mode: String,
    /// As the run's `citation` events had them.
    pub(crate) citations: Vec<Value>,
    /// As the run's `sources` events had them, with the passages that were read.
    pub(crate) sources: Vec<Value>,
    /// What the answer had to do without, as `part: reason`.
    pub(crate) degraded: Vec<String>,
    /// When it was asked.
    pub(crate) created_at: DateTime<Utc>,
}

/// An edit.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) title: Option<String>,
    pub(crate) pinned: Option<bool>,
}

/// The threads of every user; each call is made for one caller. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Threads {
    db: Db,
    clock: Clock,
    outbox: Outbox,
    audit: Audit,
    cursors: CursorKey,
}

impl Threads {
    pub(crate) fn new(deps: &Deps) -> Self {
        Self {
            db: deps.db.clone(),
            clock: deps.clock.clone(),
            outbox: deps.outbox.clone(),
            audit: deps.audit.clone(),
            cursors: deps.cursor_key.clone(),
        }
    }

    /// Pinned threads first, then by newest activity; with a `query` those where one message and the title have all its words.
    pub(crate) async fn list(
        &self,
        who: &Caller,
        page: &Page,
        query: Option<&str>,
    ) -> Result<PageOf<ThreadItem>, Problem> {
        // A cursor goes on with its own query only.
        let list = query.map_or_else(|| "threads".to_owned(), |query| format!("threads about {query}"));
        let after = self.cursors.position(&list, page)?.unwrap_or_else(Position::start);
        let limit = page.fetch_limit();
        let mut session = self.db.read(&who.scope()).await?;
        let items: Vec<ThreadItem> = match query {
            None => store::list(&mut session, after, limit).await?.into_iter().map(ThreadItem::from).collect(),
            Some(query) => {
                let terms = text::terms::query_terms(query);
                let hits = store::search::find(&mut session, &terms, after, limit).await?;
                hits.into_iter().map(|hit| found(hit, &terms)).collect()
            }
        };
        Ok(self.cursors.page(&list, page, items, ThreadItem::position))
    }

    pub(crate) async fn get(&self, who: &Caller, id: Uuid) -> Result<Tagged<Thread>, Problem> {
        let mut session = self.db.read(&who.scope()).await?;
        let row = store::thread(&mut session, id).await?.ok_or_else(Thread::missing)?;
        let rows = store::messages(&mut session, id).await?;
        let messages = rows.into_iter().map(Message::try_from).collect::<Result<_, _>>().map_err(Problem::internal)?;
        let thread = Thread {
            id: row.id,
            title: row.title,
            pinned: row.pinned,
            created_at: row.created_at,
            updated_at: row.updated_at,
            messages,
        };
        Ok(Tagged { version: row.version, body: thread })
    }

    /// Changes a thread if `if_match` allows it.
    pub(crate) async fn change(
        &self,
        who: &Caller,
        id: Uuid,
        change: Change,
        if_match: &IfMatch,
    ) -> Result<Tagged<ThreadItem>, Problem> {
        let mut session = self.db.begin(&who.scope()).await?;
        store::lock(&mut session, id).await?;
        let before = store::thread(&mut session, id).await?.ok_or_else(Thread::missing)?;
        if_match.check(before.version)?;
        let object = Object::new(Thread::NAME, id).before(&(&before.title, before.pinned));
        let title = change.title.filter(|title| *title != before.title);
        let row = ThreadRow {
            title: title.clone().unwrap_or(before.title),
            pinned: change.pinned.unwrap_or(before.pinned),
            version: before.version + 1,
            ..before
        };
        store::update(&mut session, &row).await?;
        if title.is_some() {
            store::search::remove(&mut session, id).await?;
            for message in store::messages(&mut session, id).await? {
                let texts = [row.title.as_str(), &message.question, &message.answer];
                store::search::index(&mut session, id, message.run_id, texts).await?;
            }
        }
        let object = object.after(&(&row.title, row.pinned));
        self.audit.record(&mut session, who, Action::ChangeThread, object).await?;
        session.commit().await?;
        Ok(Tagged { version: row.version, body: ThreadItem::from(row) })
    }

    /// Deletes a thread with all that was made of it, here and, by the event, elsewhere.
    pub(crate) async fn delete(&self, who: &Caller, id: Uuid) -> Result<(), Problem> {
        let now = self.clock.now();
        let mut session = self.db.begin(&who.scope()).await?;
        store::lock(&mut session, id).await?;
        store::search::remove(&mut session, id).await?;
        if !store::delete(&mut session, id, now).await? {
            return Err(Thread::missing());
        }
        let deleted = ThreadDeleted {
            thread_id: id.to_string(),
            user_id: who.user().to_string(),
            deleted_at: Some(convert::timestamp(now)),
        };
        self.outbox.publish(&mut session, &deleted).await?;
        self.audit.record(&mut session, who, Action::DeleteThread, Object::new(Thread::NAME, id)).await?;
        Ok(session.commit().await?)
    }
}

fn found(hit: Hit, terms: &[String]) -> ThreadItem {
    let snippet = snippet::best([&hit.answer, &hit.question, &hit.thread.title], terms);
    ThreadItem { snippet: Some(snippet.text), matches: Some(snippet.matches), ..ThreadItem::from(hit.thread) }
}

impl ThreadItem {
    fn position(&self) -> Position {
        Position { pinned: self.pinned, updated_at: self.updated_at, id: self.id }
    }
}

impl From<ThreadRow> for ThreadItem {
    fn from(row: ThreadRow) -> Self {
        Self {
            id: row.id,
            title: row.title,
            pinned: row.pinned,
            created_at: row.created_at,
            updated_at: row.updated_at,
            messages: row.messages,
            snippet: None,
            matches: None,
        }
    }
}

impl TryFrom<MessageRow> for Message {
    type Error = serde_json::Error;

    fn try_from(row: MessageRow) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id: row.id,
            run_id: row.run_id,
            question: row.question,
            answer: row.answer,
            status: row.status,
            mode: row.mode,
            citations: serde_json::from_str(&row.citations)?,
            sources: serde_json::from_str(&row.sources)?,
            degraded: serde_json::from_str(&row.degraded)?,
            created_at: row.created_at,
        })
    }
}
