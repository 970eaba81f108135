//! Audit records: what was changed, and by what caller, committed together with the change.
//!
//! An action that is marked `audited` in the policy writes exactly one record in the session of its effect. The record is an
//! event in the outbox, which audit-svc consumes. In debug builds the server counts the records of each request
//! ([`counted`]) and fails one that did not keep to this, so that a forgotten record fails the first test of its route.

mod object;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use access::{Action, Caller, Subject};
use base::time::{Clock, Ids};
use bus::{EventRecord, Outbox};
use db::{DbError, Session};
pub use object::Object;
use proto::{Event, convert, events::v1::AuditRecordCreated};
use uuid::Uuid;

tokio::task_local! {
    /// Records that the request being served has committed.
    static COMMITTED: Arc<AtomicUsize>;
}

/// Serves a request; answers also how many audit records it committed.
pub async fn counted<T>(served: impl Future<Output = T>) -> (T, usize) {
    let committed = Arc::new(AtomicUsize::new(0));
    let answer = COMMITTED.scope(committed.clone(), served).await;
    (answer, committed.load(Ordering::Acquire))
}

/// Writes the records of one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Audit {
    service: &'static str,
    outbox: Outbox,
    ids: Ids,
    clock: Clock,
}

impl Audit {
    pub fn new(service: &'static str, outbox: Outbox, ids: Ids, clock: Clock) -> Self {
        Self { service, outbox, ids, clock }
    }

    /// Records in `session`, which makes the change, that `caller` did `action` to `object`.
    pub async fn record(
        &self,
        session: &mut Session,
        caller: &Caller,
        action: Action,
        object: Object,
    ) -> Result<(), DbError> {
        self.prepare(caller, action, object).write(session).await
    }

    /// A record to be written by another task. Call it while the request is served.
    pub fn prepare(&self, caller: &Caller, action: Action, object: Object) -> Record {
        let (actor_kind, actor_id) = actor(caller);
        let client = caller.client();
        let now = self.clock.now();
        let message = AuditRecordCreated {
            service: self.service.to_owned(),
            action: action.operation().to_owned(),
            object_kind: object.kind.to_owned(),
            object_id: object.id,
            actor_kind: actor_kind.to_owned(),
            actor_id,
            user_id: id_or_empty(caller.user()),
            address: client.address.map(|address| address.to_string()).unwrap_or_default(),
            user_agent: client.user_agent.as_deref().unwrap_or_default().to_owned(),
            request_id: client.request_id.to_string(),
            before_hash: object.before,
            after_hash: object.after,
            occurred_at: Some(convert::timestamp(now)),
        };
        let subject = AuditRecordCreated::SUBJECT.replace('*', self.service);
        Record {
            event: EventRecord { subject, ..EventRecord::new(self.ids.next(), caller.org(), &message, now) },
            outbox: self.outbox.clone(),
            committed: COMMITTED.try_with(Arc::clone).ok(),
        }
    }
}

/// A record that is not written yet.
#[derive(Debug, Clone)]
pub struct Record {
    event: EventRecord,
    outbox: Outbox,
    committed: Option<Arc<AtomicUsize>>,
}

impl Record {
    /// To be published by what makes the change in a session of its own, and then told by [`committed`](Self::committed).
    pub fn event(&self) -> EventRecord {
        self.event.clone()
    }

    /// The change was committed, and the record with it.
    pub fn committed(&self) {
        if let Some(committed) = &self.committed {
            committed.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Writes the record in the session that makes the change.
    pub async fn write(&self, session: &mut Session) -> Result<(), DbError> {
        self.outbox.publish_record(session, &self.event).await?;
        let record = self.clone();
        session.on_commit(move || record.committed());
        Ok(())
    }
}

fn actor(caller: &Caller) -> (&'static str, String) {
    match caller.subject() {
        Subject::User => ("user", id_or_empty(caller.user())),
        Subject::ApiKey(key) => ("api_key", key.to_string()),
        Subject::Service(name) => ("service", name.to_string()),
        Subject::Link(kind) => ("link", kind.as_str().to_owned()),
        Subject::Anonymous => ("anonymous", String::new()),
    }
}

/// Empty for a caller without one.
fn id_or_empty(id: Uuid) -> String {
    if id.is_nil() { String::new() } else { id.to_string() }
}
