//! One record and how it is written.

use std::{
    fmt::Write,
    sync::{Arc, atomic::{AtomicUsize, Ordering}},
};

use access::{Action, Caller, Subject};
use base::time::{Clock, Ids};
use db::{DbError, Session};
use proto::{convert::timestamp, events::v1::AuditRecordCreated};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::COMMITTED;

/// What was changed.
#[derive(Debug, Clone)]
pub struct Object {
    kind: &'static str,
    id: String,
    before: String,
    after: String,
}

impl Object {
    /// `kind` as a 404 names it, e.g. `thread`.
    pub fn new(kind: &'static str, id: impl ToString) -> Self {
        Self { kind, id: id.to_string(), before: String::new(), after: String::new() }
    }

    /// What it was before, for those that existed.
    #[must_use]
    pub fn before(self, value: &impl Serialize) -> Self {
        Self { before: json_hash(value), ..self }
    }

    /// What it is now, for those that still exist.
    #[must_use]
    pub fn after(self, value: &impl Serialize) -> Self {
        Self { after: json_hash(value), ..self }
    }
}

/// SHA-256 of the JSON form, in hex: tells whether something changed without keeping what it was.
pub fn json_hash(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).unwrap_or_default();
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(json) {
        write!(hex, "{byte:02x}").expect("a String takes everything");
    }
    hex
}

/// A record of the request being served. Made by its handler; may be written by another task.
#[derive(Debug, Clone)]
pub struct Record {
    org: Uuid,
    message: AuditRecordCreated,
    committed: Option<Arc<AtomicUsize>>,
}

impl Record {
    pub fn new(clock: &Clock, service: &str, caller: &Caller, action: Action, object: Object) -> Self {
        let (actor_kind, actor_id) = actor(caller);
        let client = caller.client();
        let message = AuditRecordCreated {
            service: service.to_owned(),
            action: action.operation().to_owned(),
            object_kind: object.kind.to_owned(),
            object_id: object.id,
            actor_kind: actor_kind.to_owned(),
            actor_id,
            user_id: text(caller.user()),
            address: client.address.map(|address| address.to_string()).unwrap_or_default(),
            user_agent: client.user_agent.as_deref().unwrap_or_default().to_owned(),
            request_id: client.request_id.to_string(),
            before_hash: object.before,
            after_hash: object.after,
            occurred_at: Some(timestamp(clock.now())),
        };
        Self { org: caller.org(), message, committed: COMMITTED.try_with(Arc::clone).ok() }
    }

    /// Writes the record in the session of its effect.
    pub async fn write(self, session: &mut Session, ids: &Ids, clock: &Clock) -> Result<(), DbError> {
        bus::publish(session, ids, clock, self.org, &self.message).await?;
        if let Some(committed) = self.committed {
            session.on_commit(move || {
                committed.fetch_add(1, Ordering::AcqRel);
            });
        }
        Ok(())
    }
}

fn actor(caller: &Caller) -> (&'static str, String) {
    match caller.subject() {
        Subject::User => ("user", text(caller.user())),
        Subject::ApiKey(key) => ("api_key", key.to_string()),
        Subject::Service(name) => ("service", name.to_string()),
        Subject::Link(kind) => ("link", kind.as_str().to_owned()),
        Subject::Anonymous => ("anonymous", String::new()),
    }
}

/// Empty for a caller without one.
fn text(id: Uuid) -> String {
    if id.is_nil() { String::new() } else { id.to_string() }
}
