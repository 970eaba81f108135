//! Moves events from one service's outbox to those who take them.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{FutureExt, future::join_all};
use rand::Rng;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use super::{Courier, CourierError, Event};
use crate::{
    db::{Db, DbError, Scope, SystemScope},
    on_db, telemetry,
    time::Clock,
};

/// Pauses after the first, second … failed attempt; after the last the event is a dead letter.
const BACKOFF: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(120)];
const BATCH: i64 = 64;

/// One taker of events: a consumer in this process, or a broker.
#[derive(Clone)]
pub struct Route {
    /// The name its deliveries are recorded under.
    pub name: String,
    /// The subject it takes.
    pub subject: String,
    pub courier: Arc<dyn Courier>,
}

/// How long things are kept and waited for.
#[derive(Debug, Clone, Copy)]
pub struct RelayOptions {
    /// An event whose deliveries are done (or that nobody takes) is deleted after this.
    pub retention: Duration,
    /// One delivery may take this long.
    pub timeout: Duration,
}

/// The relay of one service's outbox. Cheap to clone.
#[derive(Clone)]
pub struct Relay {
    db: Db,
    clock: Clock,
    wake: Arc<Notify>,
    options: RelayOptions,
}

impl Relay {
    pub fn new(db: Db, clock: Clock, options: RelayOptions) -> Self {
        Self { db, clock, wake: Arc::default(), options }
    }

    /// Tells the relay that something was published. Not calling it costs at most a second.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Delivers until `stop`, then once more what is due, so that nothing waits for the next start without need.
    pub async fn run(&self, routes: Vec<Route>, stop: CancellationToken) {
        let mut backfilled = false;
        loop {
            let worked = match self.round(&routes, &mut backfilled).await {
                Ok(worked) => worked,
                Err(error) => {
                    tracing::warn!(%error, "outbox pass failed");
                    false
                }
            };
            if stop.is_cancelled() && !worked {
                return;
            }
            if worked {
                continue;
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn round(&self, routes: &[Route], backfilled: &mut bool) -> Result<bool, DbError> {
        if !*backfilled {
            self.backfill(routes).await?;
            *backfilled = true;
        }
        self.pass(routes).await
    }

    /// Deletes what is past its retention. Events with a pending or dead delivery stay.
    pub async fn prune(&self) -> Result<u64, DbError> {
        let age = TimeDelta::from_std(self.options.retention).unwrap_or(TimeDelta::MAX);
        let before = self.clock.now() - age;
        let mut session = self.db.begin(&system()).await?;
        let pruned = on_db!(&mut session, conn => sqlx::query(
            "DELETE FROM outbox WHERE occurred_at < $1 AND expanded AND NOT EXISTS (
                 SELECT 1 FROM outbox_deliveries d WHERE d.event_id = outbox.id AND d.state <> 'done')")
            .bind(before)
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        // The inbox outlives the outbox, so that a redelivery from a restored producer is still recognised.
        on_db!(&mut session, conn => sqlx::query("DELETE FROM inbox WHERE handled_at < $1")
            .bind(before - age)
            .execute(conn)
            .await
            .map(drop))?;
        session.commit().await?;
        Ok(pruned)
    }

    /// A taker that is new, or that was not here when they were expanded, gets the events that are still kept.
    async fn backfill(&self, routes: &[Route]) -> Result<(), DbError> {
        let mut session = self.db.begin(&system()).await?;
        for route in routes {
            on_db!(&mut session, conn => sqlx::query(
                "INSERT INTO outbox_deliveries (event_id, consumer, state, attempts, next_at)
                 SELECT o.id, $1, 'pending', 0, $2 FROM outbox o
                 WHERE o.expanded AND o.subject = $3 AND NOT EXISTS (
                     SELECT 1 FROM outbox_deliveries d WHERE d.event_id = o.id AND d.consumer = $1)
                 ON CONFLICT DO NOTHING")
                .bind(&route.name)
                .bind(self.clock.now())
                .bind(&route.subject)
                .execute(conn)
                .await
                .map(drop))?;
        }
        session.commit().await
    }

    /// One round; whether there was anything to do. Takers are served side by side; the slowest ends the round.
    async fn pass(&self, routes: &[Route]) -> Result<bool, DbError> {
        let mut worked = self.expand(routes).await?;
        for served in join_all(routes.iter().map(|route| self.serve(route))).await {
            worked |= served?;
        }
        Ok(worked)
    }

    /// Delivers what is due for one taker; whether there was anything.
    async fn serve(&self, route: &Route) -> Result<bool, DbError> {
        let due = self.due(route).await?;
        if due.is_empty() {
            return Ok(false);
        }
        let mut settled = Vec::with_capacity(due.len());
        for delivery in due {
            let outcome = self.deliver(route, &delivery.event).await;
            settled.push((delivery, outcome));
        }
        self.settle(route, settled).await?;
        Ok(true)
    }

    /// Makes a delivery row for each new event and each taker of its subject.
    async fn expand(&self, routes: &[Route]) -> Result<bool, DbError> {
        let mut session = self.db.read(&system()).await?;
        let fresh: Vec<(Uuid, String)> = on_db!(&mut session, conn => sqlx::query_as(
            "SELECT id, subject FROM outbox WHERE NOT expanded ORDER BY id LIMIT $1")
            .bind(BATCH)
            .fetch_all(conn)
            .await)?;
        drop(session);
        if fresh.is_empty() {
            return Ok(false);
        }
        let now = self.clock.now();
        let mut session = self.db.begin(&system()).await?;
        for (id, subject) in &fresh {
            for route in routes.iter().filter(|route| route.subject == *subject) {
                on_db!(&mut session, conn => sqlx::query(
                    "INSERT INTO outbox_deliveries (event_id, consumer, state, attempts, next_at)
                     VALUES ($1, $2, 'pending', 0, $3) ON CONFLICT DO NOTHING")
                    .bind(id)
                    .bind(&route.name)
                    .bind(now)
                    .execute(conn)
                    .await
                    .map(drop))?;
            }
            on_db!(&mut session, conn => sqlx::query("UPDATE outbox SET expanded = $2 WHERE id = $1")
                .bind(id)
                .bind(true)
                .execute(conn)
                .await
                .map(drop))?;
        }
        session.commit().await?;
        Ok(true)
    }

    async fn due(&self, route: &Route) -> Result<Vec<Delivery>, DbError> {
        let mut session = self.db.read(&system()).await?;
        let rows: Vec<DueRow> = on_db!(&mut session, conn => sqlx::query_as(
            "SELECT o.id, o.subject, o.org, o.payload, o.occurred_at, o.trace, d.attempts
             FROM outbox_deliveries d JOIN outbox o ON o.id = d.event_id
             WHERE d.consumer = $1 AND d.state = 'pending' AND d.next_at <= $2 ORDER BY d.next_at, o.id LIMIT $3")
            .bind(&route.name)
            .bind(self.clock.now())
            .bind(BATCH)
            .fetch_all(conn)
            .await)?;
        Ok(rows.into_iter().map(Delivery::from).collect())
    }

    async fn deliver(&self, route: &Route, event: &Event) -> Result<(), CourierError> {
        let span = tracing::info_span!("event", subject = %event.subject, consumer = %route.name, id = %event.id);
        telemetry::set_parent(&span, event.trace.as_deref());
        // A panic is this event's failure, not the end of all deliveries.
        let delivery = AssertUnwindSafe(route.courier.deliver(event)).catch_unwind();
        let outcome = match tokio::time::timeout(self.options.timeout, delivery).instrument(span).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(CourierError::Retry("the consumer panicked".to_owned())),
            Err(_) => Err(CourierError::Retry("timed out".to_owned())),
        };
        let label = if outcome.is_ok() { "ok" } else { "failed" };
        metrics::counter!("gooseek_deliveries_total", "consumer" => route.name.clone(), "outcome" => label)
            .increment(1);
        outcome
    }

    async fn settle(&self, route: &Route, settled: Vec<(Delivery, Result<(), CourierError>)>) -> Result<(), DbError> {
        let mut session = self.db.begin(&system()).await?;
        for (delivery, outcome) in settled {
            let attempts = delivery.attempts + 1;
            let (state, next_at, error) = verdict(outcome, attempts, self.clock.now());
            if state == "dead" {
                tracing::error!(id = %delivery.event.id, consumer = %route.name, error, "event is a dead letter");
            }
            on_db!(&mut session, conn => sqlx::query(
                "UPDATE outbox_deliveries SET state = $3, attempts = $4, next_at = $5, error = $6
                 WHERE event_id = $1 AND consumer = $2 AND state = 'pending'")
                .bind(delivery.event.id)
                .bind(&route.name)
                .bind(state)
                .bind(attempts)
                .bind(next_at)
                .bind(error)
                .execute(conn)
                .await
                .map(drop))?;
        }
        session.commit().await
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("db", &self.db.kind()).finish_non_exhaustive()
    }
}

fn system() -> Scope {
    Scope::from(SystemScope::new())
}

fn verdict(
    outcome: Result<(), CourierError>,
    attempts: i64,
    now: DateTime<Utc>,
) -> (&'static str, DateTime<Utc>, Option<String>) {
    match outcome {
        Ok(()) => ("done", now, None),
        Err(CourierError::Poison(reason)) => ("dead", now, Some(reason)),
        Err(CourierError::Retry(reason)) => {
            let pause = usize::try_from(attempts - 1).ok().and_then(|index| BACKOFF.get(index));
            match pause {
                Some(pause) => ("pending", now + jittered(*pause), Some(reason)),
                None => ("dead", now, Some(reason)),
            }
        }
    }
}

/// Between half and the whole pause, so that what failed together does not come back together.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::rng().random_range(0.5..1.0))
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
    subject: String,
    org: Uuid,
    payload: Vec<u8>,
    occurred_at: DateTime<Utc>,
    trace: Option<String>,
    attempts: i64,
}

struct Delivery {
    event: Event,
    attempts: i64,
}

impl From<DueRow> for Delivery {
    fn from(row: DueRow) -> Self {
        let event = Event {
            id: row.id,
            subject: row.subject,
            org: row.org,
            payload: row.payload.into(),
            occurred_at: row.occurred_at,
            trace: row.trace,
        };
        Self { event, attempts: row.attempts }
    }
}
