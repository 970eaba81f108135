//! The inbox of each person: what it was told, across its organisations.

use access::{Action, Caller};
use audit::{Audit, Object};
use base::{
    Problem,
    time::{Clock, Ids},
};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use db::{Db, DbError, Session};
use futures::Stream;
use kit::{Page, PageOf, Resource, cursor::CursorKey, sse};
use serde::Serialize;
use server::Deps;
use std::time::Duration;
use tokio::{sync::broadcast, time::Instant};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{store::inbox as store, system};

const LIST: &str = "notifications";
/// Notifications that are read from the database at once.
const BATCH: i64 = 50;
/// How late a stream shows what another process has added.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// A stream ends after this long, so that its reader shows again that it may read it.
const STREAM_LIFETIME: Duration = Duration::from_secs(600);
/// Additions that a stream may be behind before it reads the database at its next turn anyway.
const ARRIVALS: usize = 256;

/// What a person was told.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct Notification {
    pub(crate) id: Uuid,
    /// What it is about: `invitation`, `password_changed`, `reset_password`, `account_exists`, `session_reuse`, `new_sign_in`.
    pub(crate) kind: String,
    /// One line.
    pub(crate) title: String,
    /// Plain text.
    pub(crate) text: String,
    /// Where to do something about it. Links that prove an address are in the mail alone.
    pub(crate) link: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    /// `null` until it is read.
    pub(crate) read_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub(crate) seq: i64,
}

impl Resource for Notification {
    const NAME: &'static str = "notification";
}

/// A page of the inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InboxPage {
    /// Newest first.
    #[schema(max_items = 100)]
    items: Vec<Notification>,
    /// The `cursor` of the next page; `null` on the last one.
    next_cursor: Option<String>,
    /// How many of all were not read.
    #[schema(minimum = 0)]
    unread: i64,
    /// The `Last-Event-ID` with which the stream goes on from here.
    #[schema(minimum = 0)]
    last_event_id: i64,
}

/// What is to be added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewNotification<'a> {
    pub(crate) kind: &'a str,
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    pub(crate) link: Option<&'a str>,
}

/// The inboxes of all users. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Inbox {
    db: Db,
    clock: Clock,
    ids: Ids,
    audit: Audit,
    cursors: CursorKey,
    /// The users to whose inboxes this process has added something.
    arrivals: broadcast::Sender<Uuid>,
}

impl Inbox {
    pub(crate) fn new(deps: &Deps) -> Self {
        Self {
            db: deps.db.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids.clone(),
            audit: deps.audit.clone(),
            cursors: deps.cursor_key.clone(),
            arrivals: broadcast::Sender::new(ARRIVALS),
        }
    }

    /// Adds to a user's inbox in a session of the system; streams show it when that is committed.
    pub(crate) async fn add(
        &self,
        session: &mut Session,
        user: Uuid,
        new: &NewNotification<'_>,
    ) -> Result<(), DbError> {
        store::add(session, user, self.ids.next(), new, self.clock.now()).await?;
        let arrivals = self.arrivals.clone();
        // Nobody may be listening.
        session.on_commit(move || drop(arrivals.send(user)));
        Ok(())
    }

    pub(crate) async fn list(&self, who: &Caller, page: &Page) -> Result<InboxPage, Problem> {
        let before: Option<i64> = self.cursors.position(LIST, page)?;
        let (user, mut session) = (who.user(), self.db.read(&system::scope()).await?);
        // Before the items are read, so that what comes in between is shown twice and not missed.
        let last_event_id = store::last_seq(&mut session, user).await?;
        let items = store::list(&mut session, user, before, page.fetch_limit()).await?;
        let unread = store::unread(&mut session, user).await?;
        let PageOf { items, next_cursor } = self.cursors.page(LIST, page, items, |item| item.seq);
        Ok(InboxPage { items, next_cursor, unread, last_event_id })
    }

    /// Another person's notification is answered as one that does not exist.
    pub(crate) async fn read(&self, who: &Caller, id: Uuid) -> Result<(), Problem> {
        let mut session = self.db.begin(&system::scope()).await?;
        if !store::mark_read(&mut session, who.user(), id, self.clock.now()).await? {
            return Err(Notification::missing());
        }
        let object = Object::new(Notification::NAME, id);
        self.audit.record(&mut session, who, Action::ReadNotification, object).await?;
        Ok(session.commit().await?)
    }

    pub(crate) async fn read_all(&self, who: &Caller) -> Result<(), Problem> {
        let mut session = self.db.begin(&system::scope()).await?;
        store::mark_all_read(&mut session, who.user(), self.clock.now()).await?;
        let object = Object::new("inbox", who.user());
        self.audit.record(&mut session, who, Action::ReadAllNotifications, object).await?;
        Ok(session.commit().await?)
    }

    /// The caller's notifications after number `last`, or those that come from now on, as framed events.
    pub(crate) async fn follow(
        &self,
        who: &Caller,
        last: Option<i64>,
    ) -> Result<impl Stream<Item = Bytes> + Send + 'static, Problem> {
        // Before the first look, so that nothing arrives unnoticed in between.
        let mut arrivals = self.arrivals.subscribe();
        let (db, user, end) = (self.db.clone(), who.user(), Instant::now() + STREAM_LIFETIME);
        let mut position = match last {
            Some(last) => last,
            None => store::last_seq(&mut db.read(&system::scope()).await?, user).await?,
        };
        Ok(async_stream::stream! {
            while Instant::now() < end {
                let fresh = match after(&db, user, position).await {
                    Ok(fresh) => fresh,
                    Err(error) => {
                        tracing::warn!(%error, "notifications of a stream cannot be read; they are read later");
                        Vec::new()
                    }
                };
                if let Some(newest) = fresh.last() {
                    position = newest.seq;
                    yield frames(&fresh);
                } else {
                    wait(&mut arrivals, user).await;
                }
            }
        })
    }
}

async fn after(db: &Db, user: Uuid, position: i64) -> Result<Vec<Notification>, DbError> {
    let mut session = db.read(&system::scope()).await?;
    store::after(&mut session, user, position, BATCH).await
}

fn frames(notifications: &[Notification]) -> Bytes {
    let mut frames = BytesMut::new();
    for notification in notifications {
        let data = serde_json::to_string(notification).expect("a notification is plain data");
        sse::frame(&mut frames, Some(notification.seq), "notification", &data);
    }
    frames.freeze()
}

/// Until this process adds something for the user, or another one may have.
async fn wait(arrivals: &mut broadcast::Receiver<Uuid>, user: Uuid) {
    let arrival = async {
        // Whoever missed some looks.
        while arrivals.recv().await.is_ok_and(|arrived| arrived != user) {}
    };
    let _ = tokio::time::timeout(POLL_INTERVAL, arrival).await;
}
