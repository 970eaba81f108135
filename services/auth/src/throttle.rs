//! How often somebody may try to prove something: a password, a code, a token.
//!
//! Counted by account and by address, in the database, so that replicas count together and a restart forgets nothing. Each attempt is
//! counted as failed before it is looked at, so that many at once are no more than many in a row; success takes the account's back.
//! The delay grows with each failure and ends by itself: nobody is locked out for good, and a device that signed in to the account
//! before is counted apart from strangers.

use std::{net::IpAddr, time::Duration};

use base::{Problem, time::Clock};
use chrono::TimeDelta;
use db::{Db, DbError, Session};
use sha2::{Digest, Sha256};

use crate::{revocations::hexadecimal, store::attempts as store, system};

/// So many attempts are looked at without delay: of an account, and of an address, behind which there may be an office.
const FREE_OF_ACCOUNT: i64 = 5;
const FREE_OF_ADDRESS: i64 = 30;
/// After that the delay doubles from a second up to this.
const MAX_DELAY: TimeDelta = TimeDelta::minutes(15);
/// Failures are forgotten after this long without another one.
const FORGOTTEN: TimeDelta = TimeDelta::hours(1);

/// Who tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    keys: Vec<(String, i64)>,
}

impl Attempt {
    /// `what` is tried for an account (an address of mail, or an id), from an address if it is known. `device` is one that has
    /// signed in to the account before.
    pub(crate) fn new(what: &str, account: &str, address: Option<IpAddr>, device: Option<&str>) -> Self {
        let account = hexadecimal(&Sha256::digest(account)[..16]);
        let account = match device {
            Some(device) => format!("{what}/account/{account}/device/{device}"),
            None => format!("{what}/account/{account}"),
        };
        let mut keys = vec![(account, FREE_OF_ACCOUNT)];
        if let Some(address) = address {
            keys.push((format!("{what}/address/{}", network(address)), FREE_OF_ADDRESS));
        }
        Self { keys }
    }
}

/// All of an IPv4 address, or of an IPv6 network of a subscriber (/64).
fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x}", address.to_bits() >> 64),
    }
}

/// Counts attempts. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Throttle {
    db: Db,
    clock: Clock,
}

impl Throttle {
    pub(crate) fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// Counts the attempt as a failure; 429 when it is not to be looked at yet.
    pub(crate) async fn begin(&self, attempt: &Attempt) -> Result<(), Problem> {
        let now = self.clock.now();
        let mut session = system::begin(&self.db).await?;
        let mut wait = TimeDelta::zero();
        for (key, free) in &attempt.keys {
            let (failures, blocked_until) = store::count(&mut session, key, now, now + FORGOTTEN).await?;
            wait = wait.max(blocked_until - now);
            store::block(&mut session, key, blocked_until.max(now + delay(failures - free))).await?;
        }
        if wait > TimeDelta::zero() {
            // What was counted is rolled back: an attempt that is not looked at makes nothing longer.
            metrics::counter!("gooseek_attempts_refused").increment(1);
            let seconds = wait.to_std().unwrap_or_default().as_secs().max(1);
            return Err(Problem::too_many_requests("too many attempts: wait before the next one", seconds));
        }
        Ok(session.commit().await?)
    }

    /// It was right: the account's failures are forgotten, in the session of what it was tried for. Those of the address are not:
    /// who has an account of its own could guess on for ever.
    pub(crate) async fn succeed(&self, session: &mut Session, attempt: &Attempt) -> Result<(), DbError> {
        match attempt.keys.first() {
            Some((account, _)) => store::delete(session, account).await,
            None => Ok(()),
        }
    }
}

/// After so many failures more than are free.
fn delay(over: i64) -> TimeDelta {
    let Ok(over) = u32::try_from(over) else { return TimeDelta::zero() };
    let seconds = 1_u64.checked_shl(over).unwrap_or(u64::MAX);
    TimeDelta::from_std(Duration::from_secs(seconds)).map_or(MAX_DELAY, |delay| delay.min(MAX_DELAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_a_quarter_of_an_hour() {
        assert_eq!(delay(-1), TimeDelta::zero());
        assert_eq!([0, 1, 5].map(|over| delay(over).num_seconds()), [1, 2, 32]);
        assert_eq!([20, 63, 1_000].map(delay), [MAX_DELAY; 3]);
    }
}
