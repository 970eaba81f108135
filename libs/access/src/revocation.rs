//! What was taken back before it expired: sessions, users, API keys, keys that sign tokens.
//!
//! A process asks for the list when it serves requests, and not when it is idle. What was asked less than [`FRESH`] ago is used;
//! what is older than [`STALE`] is waited for. So a revocation holds everywhere within seconds, and while the list cannot be had
//! at all, until the access tokens expire.

use std::{sync::Arc, sync::RwLock, time::Duration};

use base::{Problem, time::Clock};
use chrono::{DateTime, Utc};
use moka::sync::Cache;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{Directory, SecretHash, Verified};

/// A list of this age is not asked for again.
const FRESH: Duration = Duration::from_secs(2);
/// Requests wait for a newer list than this.
const STALE: Duration = Duration::from_secs(4);
const TIMEOUT: Duration = Duration::from_secs(1);
/// Longer than an access token lives, by what clocks differ.
const KEPT: Duration = Duration::from_secs(900);
const MAX_ENTRIES: u64 = 1_000_000;

/// One thing that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    Session(Uuid),
    /// The tokens that a user was given before: its roles have changed, or it is disabled.
    User {
        user: Uuid,
        before: DateTime<Utc>,
    },
    /// What is remembered of an organisation.
    Organisation(Uuid),
    ApiKey(SecretHash),
    /// By its `kid`.
    SigningKey(String),
}

/// What was revoked since one was asked last, and from when to ask next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocations {
    pub list: Vec<Revocation>,
    pub until: DateTime<Utc>,
}

/// What a process knows to be revoked. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct RevocationList {
    sessions: Cache<Uuid, ()>,
    users: Cache<Uuid, DateTime<Utc>>,
    keys: Cache<String, ()>,
    /// When the list was asked for last.
    asked_at: Arc<RwLock<Option<DateTime<Utc>>>>,
    /// From when to ask; held while it is asked.
    since: Arc<Mutex<Option<DateTime<Utc>>>>,
    clock: Clock,
}

impl RevocationList {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { sessions: kept(), users: kept(), keys: kept(), asked_at: Arc::default(), since: Arc::default(), clock }
    }

    /// Asks `source` when the list is old; what it answered that others remember.
    pub(crate) async fn update(&self, source: &dyn Directory) -> Vec<Revocation> {
        let Some(age) = self.age() else { return self.ask(source, self.since.lock().await).await };
        if age < FRESH {
            return Vec::new();
        }
        if age < STALE {
            let Ok(since) = self.since.try_lock() else { return Vec::new() };
            return self.ask(source, since).await;
        }
        self.ask(source, self.since.lock().await).await
    }

    /// Whether a token that was verified is to be believed no more.
    pub(crate) fn covers(&self, token: &Verified) -> bool {
        let user = token.caller.user();
        token.session.is_some_and(|session| self.sessions.contains_key(&session))
            || token.key_id.as_ref().is_some_and(|id| self.keys.contains_key(id))
            || self.users.get(&user).is_some_and(|before| token.issued_at.is_none_or(|at| at <= before.timestamp()))
    }

    fn age(&self) -> Option<Duration> {
        let asked_at = *self.asked_at.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        asked_at.map(|at| (self.clock.now() - at).to_std().unwrap_or_default())
    }

    async fn ask(
        &self,
        source: &dyn Directory,
        mut since: tokio::sync::MutexGuard<'_, Option<DateTime<Utc>>>,
    ) -> Vec<Revocation> {
        // Another request may have asked while this one waited.
        if self.age().is_some_and(|age| age < FRESH) {
            return Vec::new();
        }
        let asked = tokio::time::timeout(TIMEOUT, source.revocations(*since)).await;
        *self.asked_at.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(self.clock.now());
        let asked = asked.unwrap_or_else(|_| Err(Problem::unavailable("no answer in time")));
        let Revocations { list, until } = match asked {
            Ok(revocations) => revocations,
            Err(problem) => {
                tracing::warn!(
                    detail = problem.detail,
                    "failed to ask what was revoked; revoked tokens are taken until they expire"
                );
                return Vec::new();
            }
        };
        *since = Some(until);
        for revocation in &list {
            match revocation {
                Revocation::Session(session) => self.sessions.insert(*session, ()),
                Revocation::User { user, before } => self.users.insert(*user, *before),
                Revocation::SigningKey(id) => self.keys.insert(id.clone(), ()),
                Revocation::Organisation(_) | Revocation::ApiKey(_) => {}
            }
        }
        list
    }
}

fn kept<K, V>() -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(MAX_ENTRIES).time_to_live(KEPT).build()
}
