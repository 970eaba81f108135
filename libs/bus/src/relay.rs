//! Moves events from one service's outbox to those who take them.

mod pieces;
mod store;
mod upkeep;

use std::{fmt, sync::Arc, time::Duration};

use base::{telemetry, time::Clock};
use chrono::{DateTime, TimeDelta, Utc};
use db::{Db, DbError, Session};
use futures::future::join_all;
use store::{Delivery, Setback};
use tokio::{sync::watch, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty};
use upkeep::Backlog;
use uuid::Uuid;

use super::{Courier, CourierError, Event, retry, system};

const BATCH: i64 = 256;
/// The name that deliveries to a broker are recorded under. No consumer has it: theirs have a dot.
const BROKER: &str = "nats";

/// One taker of events: a consumer in this process, or a broker.
#[derive(Clone)]
pub struct Route {
    /// The name its deliveries are recorded under.
    pub name: String,
    /// The subject it takes; `None`: every one.
    pub subject: Option<String>,
    pub courier: Arc<dyn Courier>,
}

impl Route {
    /// The one route of an outbox whose events all go to a broker.
    pub fn to_broker(courier: Arc<dyn Courier>) -> Self {
        Self { name: BROKER.to_owned(), subject: None, courier }
    }
}

/// How long things are kept and waited for.
#[derive(Debug, Clone, Copy)]
pub struct RelayOptions {
    /// An event whose deliveries are done (or that nobody takes) is deleted after this.
    pub retention: Duration,
    /// One delivery may take this long.
    pub timeout: Duration,
    /// How often it looks for what nobody woke it for: what other replicas published, and what is due again.
    pub poll: Duration,
}

/// The relay of one service's outbox. Cheap to clone.
#[derive(Clone)]
pub struct Relay {
    db: Db,
    clock: Clock,
    published: watch::Sender<()>,
    due: watch::Sender<()>,
    options: RelayOptions,
}

impl Relay {
    pub fn new(db: Db, clock: Clock, options: RelayOptions) -> Self {
        Self { db, clock, published: watch::Sender::new(()), due: watch::Sender::new(()), options }
    }

    /// Tells the relay that something was published. Not calling it costs at most [`RelayOptions::poll`].
    pub fn wake(&self) {
        self.published.send_replace(());
    }

    /// Tells it that something became due again.
    pub(super) fn wake_takers(&self) {
        self.due.send_replace(());
    }

    /// Delivers until `stop`, then once more what is due, so that nothing waits for the next start without need. Each
    /// taker has its own pace. Without routes, events are only kept for takers to come.
    pub async fn run(&self, routes: Vec<Route>, stop: CancellationToken) {
        let last_expanded = CancellationToken::new();
        let mut takers = JoinSet::new();
        for route in routes.clone() {
            let (relay, stop) = (self.clone(), last_expanded.clone());
            takers.spawn(async move {
                let mut pace = Pace { news: relay.due.subscribe(), poll: relay.options.poll, stop, last: false };
                while pace.goes_on(relay.serve(&route).await).await {}
            });
        }
        let mut backlog = Backlog::new(self.clock.now());
        let mut pace = Pace { news: self.published.subscribe(), poll: self.options.poll, stop, last: false };
        while pace.goes_on(self.expand(&routes, &mut backlog).await).await {}
        last_expanded.cancel();
        while takers.join_next().await.is_some() {}
    }

    /// Makes a delivery row for each new event and each taker of its subject; whether there was any. Replicas share the
    /// work. New events do not wait for the backlog.
    async fn expand(&self, routes: &[Route], backlog: &mut Backlog) -> Result<bool, DbError> {
        let any = self.expand_new(routes).await?;
        self.backfill(routes, backlog).await?;
        Ok(any || !backlog.is_done)
    }

    async fn expand_new(&self, routes: &[Route]) -> Result<bool, DbError> {
        let mut session = self.begin().await?;
        let fresh = store::claim_new(&mut session, BATCH).await?;
        if fresh.is_empty() {
            return Ok(false);
        }
        let now = self.clock.now();
        for route in routes {
            store::add_deliveries(&mut session, &fresh, &route.name, route.subject.as_deref(), now).await?;
        }
        store::mark_expanded(&mut session, &fresh).await?;
        session.commit().await?;
        self.wake_takers();
        Ok(true)
    }

    /// Delivers what is due for one taker; whether it got anywhere.
    async fn serve(&self, route: &Route) -> Result<bool, DbError> {
        let due = self.claim(route).await?;
        // What is begun within half the lease ends within it, and nobody else begins the same.
        let begun = Instant::now();
        let mut outcomes = Vec::with_capacity(due.len());
        for deliveries in due.chunks(route.courier.at_once()) {
            if begun.elapsed() > self.options.timeout {
                break;
            }
            let delivering = deliveries.iter().map(|delivery| self.deliver(route, &delivery.event));
            outcomes.extend(join_all(delivering).await);
        }
        let moved = outcomes.iter().any(|outcome| !matches!(outcome, Err(CourierError::Unavailable(_))));
        if !due.is_empty() {
            self.settle(route, due, outcomes).await?;
        }
        Ok(moved)
    }

    async fn claim(&self, route: &Route) -> Result<Vec<Delivery>, DbError> {
        let now = self.clock.now();
        let lease = now + TimeDelta::from_std(self.options.timeout * 2).unwrap_or(TimeDelta::MAX);
        let mut session = match self.db {
            // Nothing is written there, and other writers need not wait.
            Db::Sqlite { .. } => self.db.read(&system()).await?,
            Db::Postgres(_) => self.begin().await?,
        };
        let due = store::claim_due(&mut session, &route.name, now, lease, BATCH).await?;
        session.commit().await?;
        Ok(due)
    }

    async fn deliver(&self, route: &Route, event: &Event) -> Result<(), CourierError> {
        let span = tracing::info_span!("delivery", trace_id = Empty, subject = %event.subject, consumer = %route.name, id = %event.id);
        telemetry::set_parent(&span, event.trace.as_deref());
        let outcome = retry::attempt(self.options.timeout, route.courier.deliver(event)).instrument(span).await;
        retry::count(&route.name, &outcome);
        outcome
    }

    /// Writes down what became of `due`; where outcomes are missing, nobody has begun.
    async fn settle(
        &self,
        route: &Route,
        due: Vec<Delivery>,
        outcomes: Vec<Result<(), CourierError>>,
    ) -> Result<(), DbError> {
        let now = self.clock.now();
        let mut outcomes = outcomes.into_iter();
        let mut session = self.begin().await?;
        let mut done: Vec<Uuid> = Vec::new();
        for delivery in due {
            let setback = match outcomes.next() {
                Some(Ok(())) => {
                    done.push(delivery.event.id);
                    continue;
                }
                Some(Err(error)) => after(&error, delivery.attempts, now),
                None => Setback { state: "pending", attempts: delivery.attempts, next_at: now, error: None },
            };
            if setback.state == "dead" {
                let (id, consumer, error) = (delivery.event.id, &route.name, &setback.error);
                tracing::error!(%id, consumer, error, "event is a dead letter");
            }
            store::set_back(&mut session, &route.name, delivery.event.id, &setback).await?;
        }
        store::mark_done(&mut session, &route.name, &done).await?;
        session.commit().await
    }

    async fn begin(&self) -> Result<Session, DbError> {
        self.db.begin(&system()).await
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("db", &self.db.kind()).finish_non_exhaustive()
    }
}

fn after(error: &CourierError, attempts: i64, now: DateTime<Utc>) -> Setback {
    let reason = Some(error.to_string());
    if let CourierError::Unavailable(_) = error {
        return Setback { state: "pending", attempts, next_at: now, error: reason };
    }
    let attempts = attempts + 1;
    let pause = match error {
        CourierError::Poison(_) => None,
        _ => retry::pause(&retry::PAUSES, attempts),
    };
    match pause {
        Some(pause) => Setback { state: "pending", attempts, next_at: now + pause, error: reason },
        None => Setback { state: "dead", attempts, next_at: now, error: reason },
    }
}

/// When a loop does its next round, and when it ends.
struct Pace {
    news: watch::Receiver<()>,
    poll: Duration,
    stop: CancellationToken,
    /// Whether the round under way began after the word to stop.
    last: bool,
}

impl Pace {
    /// Waits for a reason for another round unless this one `worked`; `false` when it began after the word to stop and found
    /// nothing left.
    async fn goes_on(&mut self, worked: Result<bool, DbError>) -> bool {
        if let Err(error) = &worked {
            tracing::warn!(%error, "outbox pass failed");
        }
        if worked.unwrap_or(false) {
            return true;
        }
        if self.last {
            return false;
        }
        tokio::select! {
            _ = self.news.changed() => {}
            () = tokio::time::sleep(self.poll) => {}
            () = self.stop.cancelled() => {}
        }
        self.last = self.stop.is_cancelled();
        true
    }
}
