//! Limits as one process counts them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};

use super::{LimitKey, PerMinute};

/// Fewer keys than this are not searched for expired ones.
const CLEANUP_THRESHOLD: usize = 10_000;

/// For each key the time, in microseconds since 1970, at which its limit is fully available again.
#[derive(Debug, Default)]
pub(super) struct Memory {
    keys: Mutex<HashMap<LimitKey, u64>>,
}

impl Memory {
    /// Acquires one, if the limit allows it. Returns the microseconds until the limit is fully available again, and whether one
    /// was acquired. A clock that was set back locks no user out: no time is further ahead than a whole window.
    pub(super) fn try_acquire(&self, key: &LimitKey, limit: PerMinute, now: DateTime<Utc>) -> (u64, bool) {
        let now = u64::try_from(now.timestamp_micros()).unwrap_or_default();
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= CLEANUP_THRESHOLD && keys.len() == keys.capacity() {
            // A fully available limit is the same as an unknown one. The map grows only when this frees nothing.
            keys.retain(|_, reset_at| *reset_at > now);
        }
        let reset_at = keys.get(key).copied().unwrap_or(now).clamp(now, now + limit.window());
        if reset_at + limit.interval() > now + limit.window() {
            return (reset_at - now, false);
        }
        keys.insert(key.clone(), reset_at + limit.interval());
        (reset_at + limit.interval() - now, true)
    }
}
