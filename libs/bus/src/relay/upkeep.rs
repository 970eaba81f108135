//! What goes over the whole outbox: giving old events to takers that lack them, giving the broker everything again, and
//! deleting what is old. An outbox may have a million rows and a statement its time limit, so this is done piece by piece,
//! each in a transaction of its own: others write in between, and what was cut short is gone on with by the next call.

use chrono::{DateTime, TimeDelta, Utc};
use db::DbError;
use uuid::Uuid;

use super::{BROKER, Relay, Route, pieces};

/// Events of a piece.
const PIECE: i64 = 1_000;

/// Old events that takers may lack, as far as they have not been looked at. Every start looks at all.
pub(super) struct Backlog {
    after: Uuid,
    /// Later events are expanded for every taker of this start.
    until: DateTime<Utc>,
    pub(super) is_done: bool,
}

impl Backlog {
    pub(super) fn new(until: DateTime<Utc>) -> Self {
        Self { after: Uuid::nil(), until, is_done: false }
    }
}

impl Relay {
    /// Deletes what is past its retention. Events with a pending or dead delivery stay.
    pub async fn prune(&self) -> Result<u64, DbError> {
        let age = TimeDelta::from_std(self.options.retention).unwrap_or(TimeDelta::MAX);
        let before = self.clock.now() - age;
        let mut pruned = 0;
        let mut after = Uuid::nil();
        loop {
            let mut session = self.begin().await?;
            // Ids are about in the order of time: where a piece has nothing old, neither has the rest.
            let piece = pieces::next(&mut session, after, PIECE).await?.filter(|piece| piece.oldest < before);
            let Some(piece) = piece else { break };
            pruned += pieces::prune(&mut session, &piece, before).await?;
            session.commit().await?;
            after = piece.last;
        }
        // The inbox outlives the outbox, so that a redelivery from a restored producer is still recognised.
        while self.forget(before - age).await? {}
        Ok(pruned)
    }

    /// Deletes a piece of the inbox; whether there may be more.
    async fn forget(&self, before: DateTime<Utc>) -> Result<bool, DbError> {
        let mut session = self.begin().await?;
        let forgotten = pieces::forget(&mut session, before, PIECE).await?;
        session.commit().await?;
        Ok(forgotten == u64::try_from(PIECE).expect("a piece has a size"))
    }

    /// Gives the broker every event that is still kept once more, after it lost some; how many those are. Consumers
    /// recognise what they have taken. Without a broker there is nothing that could have been lost.
    pub async fn resync(&self) -> Result<u64, DbError> {
        let now = self.clock.now();
        let mut repeated = 0;
        let mut after = Uuid::nil();
        loop {
            let mut session = self.begin().await?;
            // What is published meanwhile cannot have been lost before.
            let piece = pieces::next(&mut session, after, PIECE).await?.filter(|piece| piece.oldest <= now);
            let Some(piece) = piece else { break };
            repeated += pieces::repeat(&mut session, BROKER, &piece, now).await?;
            session.commit().await?;
            self.wake_takers();
            after = piece.last;
        }
        Ok(repeated)
    }

    /// Goes through a piece of the backlog.
    pub(super) async fn backfill(&self, routes: &[Route], backlog: &mut Backlog) -> Result<(), DbError> {
        if backlog.is_done {
            return Ok(());
        }
        let mut session = self.begin().await?;
        let piece = pieces::next(&mut session, backlog.after, PIECE).await?;
        let Some(piece) = piece.filter(|piece| !routes.is_empty() && piece.oldest <= backlog.until) else {
            backlog.is_done = true;
            return Ok(());
        };
        let with_broker = routes.iter().any(|route| route.name == BROKER);
        pieces::leave_other_bus(&mut session, BROKER, with_broker, &piece).await?;
        let now = self.clock.now();
        for route in routes {
            pieces::backfill(&mut session, &route.name, route.subject.as_deref(), &piece, now).await?;
        }
        session.commit().await?;
        self.wake_takers();
        backlog.after = piece.last;
        Ok(())
    }
}
