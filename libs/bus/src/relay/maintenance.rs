//! Work over the whole outbox: giving stored events to new consumers, giving the broker everything again, deleting old events.
//!
//! An outbox may have a million rows and a statement has a time limit, so this goes batch by batch, each in a transaction of
//! its own: other writers get their turn in between, and work that was cut short is continued by the next call.

use chrono::{DateTime, TimeDelta, Utc};
use db::DbError;
use uuid::Uuid;

use super::{BROKER, Relay, Subscription, batches};

/// Rows of a batch.
const BATCH_SIZE: i64 = 1_000;

/// How far the backfill of this start has come: stored events are given to subscriptions that lack them.
pub(super) struct BackfillCursor {
    after: Uuid,
    /// Later events are fanned out to every subscription of this start.
    until: DateTime<Utc>,
    obsolete_dropped: bool,
    pub(super) is_done: bool,
}

impl BackfillCursor {
    pub(super) fn new(until: DateTime<Utc>) -> Self {
        Self { after: Uuid::nil(), until, obsolete_dropped: false, is_done: false }
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
            // Ids are roughly in the order of time: if a batch has nothing old, neither has the rest.
            let batch = batches::next(&mut session, after, BATCH_SIZE).await?.filter(|batch| batch.oldest < before);
            let Some(batch) = batch else { break };
            pruned += batches::prune(&mut session, &batch, before).await?;
            session.commit().await?;
            after = batch.last;
        }
        // The inbox outlives the outbox, so that a redelivery from a restored producer is still recognised.
        while self.prune_inbox(before - age).await? {}
        Ok(pruned)
    }

    /// Deletes a batch of the inbox; whether there may be more.
    async fn prune_inbox(&self, before: DateTime<Utc>) -> Result<bool, DbError> {
        let mut session = self.begin().await?;
        let pruned = batches::prune_inbox(&mut session, before, BATCH_SIZE).await?;
        session.commit().await?;
        Ok(is_full(pruned))
    }

    /// Publishes every stored event to the broker once more, after it lost some; returns how many. Consumers recognise what they
    /// have handled. Without a broker nothing can have been lost.
    pub async fn resync(&self) -> Result<u64, DbError> {
        let now = self.clock.now();
        let mut requeued = 0;
        let mut after = Uuid::nil();
        loop {
            let mut session = self.begin().await?;
            // What is published meanwhile cannot have been lost before.
            let batch = batches::next(&mut session, after, BATCH_SIZE).await?.filter(|batch| batch.oldest <= now);
            let Some(batch) = batch else { break };
            requeued += batches::requeue(&mut session, BROKER, &batch, now).await?;
            session.commit().await?;
            self.wake_consumers();
            after = batch.last;
        }
        Ok(requeued)
    }

    /// Does one batch of the backfill.
    pub(super) async fn backfill(
        &self,
        subscriptions: &[Subscription],
        cursor: &mut BackfillCursor,
    ) -> Result<(), DbError> {
        if cursor.is_done {
            return Ok(());
        }
        if subscriptions.is_empty() {
            cursor.is_done = true;
            return Ok(());
        }
        let mut session = self.begin().await?;
        if !cursor.obsolete_dropped {
            let with_broker = subscriptions.iter().any(|subscription| subscription.name == BROKER);
            let dropped = batches::drop_obsolete_deliveries(&mut session, BROKER, with_broker, BATCH_SIZE).await?;
            session.commit().await?;
            cursor.obsolete_dropped = !is_full(dropped);
            return Ok(());
        }
        let batch = batches::next(&mut session, cursor.after, BATCH_SIZE).await?;
        let Some(batch) = batch.filter(|batch| batch.oldest <= cursor.until) else {
            cursor.is_done = true;
            return Ok(());
        };
        self.add_deliveries(&mut session, subscriptions, &batch.events).await?;
        session.commit().await?;
        self.wake_consumers();
        cursor.after = batch.last;
        Ok(())
    }
}

/// Whether a batch of this many rows may not have been the last.
fn is_full(rows: u64) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows >= BATCH_SIZE)
}
