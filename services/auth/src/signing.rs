//! The keys that access tokens are signed with, and how they change.
//!
//! A key is derived from `JWT_SECRET` and its number, so that none is stored and every replica has the same. The next key is in the
//! key set long enough before it signs for everybody to know it, and the last one for as long as its tokens live.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use access::keys::SigningKey;
use base::{Problem, time::Clock};
use chrono::{DateTime, TimeDelta, Utc};
use db::{Db, DbError, Session};
use serde_json::json;

use crate::{
    secrets::RootSecret,
    store::keys::{self as store, Epoch},
    system,
};

/// Others fetch the key set again within this.
const PUBLISHED_BEFORE: TimeDelta = TimeDelta::minutes(20);
/// A key stays in the set for this long after the next one began to sign: longer than an access token lives.
const KEPT_AFTER: TimeDelta = TimeDelta::minutes(15);

/// The signing keys of this installation. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SigningKeys {
    db: Db,
    clock: Clock,
    root: RootSecret,
    derived: Arc<Mutex<HashMap<i64, Arc<SigningKey>>>>,
}

impl SigningKeys {
    /// Makes the first key if there is none.
    pub(crate) async fn open(db: Db, clock: Clock, root: RootSecret) -> Result<Self, DbError> {
        let keys = Self { db, clock, root, derived: Arc::default() };
        let mut session = system::begin(&keys.db).await?;
        store::insert(&mut session, 1, keys.clock.now()).await?;
        session.commit().await?;
        Ok(keys)
    }

    /// The key that signs now.
    pub(crate) async fn current(&self, session: &mut Session) -> Result<Arc<SigningKey>, Problem> {
        let now = self.clock.now();
        let epochs = store::list(session).await?;
        let current = epochs.iter().filter(|epoch| epoch.revoked_at.is_none() && epoch.active_from <= now);
        let current = current.max_by_key(|epoch| epoch.epoch);
        let current = current.ok_or_else(|| Problem::unavailable("no key to sign with is active yet"))?;
        Ok(self.derive(current.epoch))
    }

    /// The public keys that tokens may be signed with, as a JWK set.
    pub(crate) async fn jwks(&self) -> Result<String, Problem> {
        let now = self.clock.now();
        let mut session = system::read(&self.db).await?;
        let epochs = store::list(&mut session).await?;
        let usable: Vec<_> = epochs.iter().filter(|epoch| is_usable(epoch, &epochs, now)).collect();
        let keys: Vec<_> = usable.into_iter().map(|epoch| self.derive(epoch.epoch).jwk()).collect();
        Ok(json!({ "keys": keys }).to_string())
    }

    /// Publishes the next key, which signs from some time on.
    pub(crate) async fn rotate(&self, session: &mut Session) -> Result<(), DbError> {
        let epochs = store::list(session).await?;
        let last = epochs.iter().map(|epoch| epoch.epoch).max().unwrap_or_default();
        store::insert(session, last + 1, self.clock.now() + PUBLISHED_BEFORE).await
    }

    /// For a key that has leaked: nothing that was signed so far is believed any more, and another key signs at once. The ids of
    /// the keys that were revoked.
    pub(crate) async fn revoke_all(&self, session: &mut Session) -> Result<Vec<String>, DbError> {
        let now = self.clock.now();
        let epochs = store::list(session).await?;
        let last = epochs.iter().map(|epoch| epoch.epoch).max().unwrap_or_default();
        store::revoke_all(session, now).await?;
        store::insert(session, last + 1, now).await?;
        let revoked = epochs.iter().filter(|epoch| epoch.revoked_at.is_none());
        Ok(revoked.map(|epoch| key_id(epoch.epoch)).collect())
    }

    fn derive(&self, epoch: i64) -> Arc<SigningKey> {
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let key = derived.entry(epoch).or_insert_with(|| {
            let seed = self.root.derive(&format!("access token key {epoch}"));
            Arc::new(SigningKey::from_seed(key_id(epoch), &seed))
        });
        key.clone()
    }
}

fn key_id(epoch: i64) -> String {
    format!("gooseek-{epoch}")
}

/// Not revoked, and not followed by a key that has signed for longer than tokens live.
fn is_usable(epoch: &Epoch, all: &[Epoch], now: DateTime<Utc>) -> bool {
    let follows = |other: &&Epoch| other.epoch > epoch.epoch && other.revoked_at.is_none();
    let followed = all.iter().filter(follows).any(|other| other.active_from + KEPT_AFTER <= now);
    epoch.revoked_at.is_none() && !followed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_in_the_set_while_its_tokens_live() {
        let at = |minutes| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let epoch = |epoch, minutes| Epoch { epoch, active_from: at(minutes), revoked_at: None };
        let all = [epoch(1, 0), epoch(2, 60)];
        for (minute, usable) in [(0, [true, true]), (60, [true, true]), (74, [true, true]), (75, [false, true])] {
            assert_eq!([&all[0], &all[1]].map(|epoch| is_usable(epoch, &all, at(minute))), usable, "{minute}");
        }
        let revoked = Epoch { revoked_at: Some(at(1)), ..epoch(2, 60) };
        assert!(is_usable(&all[0], &[epoch(1, 0), revoked], at(100)), "what was revoked replaces nothing");
    }
}
