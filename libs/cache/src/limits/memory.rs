//! Limits as one process counts them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};

use super::{LimitKey, PerMinute};

/// Fewer keys than this are not worth looking through for those whose allowance is whole again.
const FEW: usize = 10_000;

/// For each key the time, in microseconds since 1970, at which its allowance is whole again.
#[derive(Debug, Default)]
pub(super) struct Memory {
    keys: Mutex<HashMap<LimitKey, u64>>,
}

impl Memory {
    /// Takes one, if there is one. Returns the microseconds until the allowance is whole, and whether there was one.
    /// A clock that was set back locks nobody out: nothing is further ahead than a whole allowance.
    pub(super) fn take(&self, key: &LimitKey, limit: PerMinute, now: DateTime<Utc>) -> (u64, bool) {
        let now = u64::try_from(now.timestamp_micros()).unwrap_or_default();
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= FEW && keys.len() == keys.capacity() {
            // What is whole is as good as unknown. The map grows only when this frees nothing.
            keys.retain(|_, whole| *whole > now);
        }
        let whole = keys.get(key).copied().unwrap_or(now).clamp(now, now + limit.window());
        if whole + limit.interval() > now + limit.window() {
            return (whole - now, false);
        }
        keys.insert(key.clone(), whole + limit.interval());
        (whole + limit.interval() - now, true)
    }
}
