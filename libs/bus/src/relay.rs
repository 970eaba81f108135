//! Moves events from the outbox of one service to the consumers in this process, or to a broker.

mod batches;
mod maintenance;
mod poll_loop;
mod store;

use std::{fmt, sync::Arc, time::Duration};

use base::{telemetry, time::Clock};
use chrono::{DateTime, TimeDelta, Utc};
use db::{Db, DbError, Session};
use futures::future::join_all;
use maintenance::BackfillCursor;
use poll_loop::{Pass, PollLoop};
use store::{Delivery, FailedDelivery};
use tokio::{sync::watch, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty};
use uuid::Uuid;

use super::{DeliveryError, EventRecord, EventSink, Outbox, SubjectPattern, retry, system};

const BATCH_SIZE: i64 = 256;
/// Before a dead letter is stored again that could not be.
const DEAD_LETTER_RETRY_DELAY: TimeDelta = TimeDelta::seconds(1);
/// The name that deliveries to a broker are recorded under. No consumer has it: their names have a dot.
const BROKER: &str = "nats";

/// One receiver of the events of an outbox: a consumer in this process, or a broker.
#[derive(Clone)]
pub struct Subscription {
    /// The name its deliveries are recorded under.
    pub name: String,
    pub subjects: SubjectPattern,
    pub sink: Arc<dyn EventSink>,
}

impl Subscription {
    /// The only subscription of an outbox whose events all go to a broker.
    pub fn to_broker(sink: Arc<dyn EventSink>) -> Self {
        Self { name: BROKER.to_owned(), subjects: SubjectPattern::ALL, sink }
    }
}

/// How long events are kept and waited for.
#[derive(Debug, Clone, Copy)]
pub struct RelayOptions {
    /// A delivered event, or one without a consumer, is deleted after this.
    pub retention: Duration,
    /// The time limit of one delivery.
    pub timeout: Duration,
    /// What another process published or left undone is found within this.
    pub poll_interval: Duration,
}

/// The relay of one service's outbox. Cheap to clone.
#[derive(Clone)]
pub struct Relay {
    db: Db,
    clock: Clock,
    outbox: Outbox,
    /// Changes when deliveries become due.
    due: watch::Sender<()>,
    options: RelayOptions,
}

impl Relay {
    /// Delivers what is published through `outbox`, and what others wrote into the same table.
    pub fn new(db: Db, outbox: Outbox, options: RelayOptions) -> Self {
        Self { db, clock: outbox.clock(), outbox, due: watch::Sender::new(()), options }
    }

    /// What publishes for this relay.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Tells the relay that deliveries became due.
    pub(super) fn wake_consumers(&self) {
        self.due.send_replace(());
    }

    pub(super) fn delivery_timeout(&self) -> Duration {
        self.options.timeout
    }

    /// Delivers until `stop`, then what is still due, so that nothing waits for the next start without need. A slow
    /// subscription delays no other. Without subscriptions events are only stored, for consumers to come.
    pub async fn run(&self, subscriptions: Vec<Subscription>, stop: CancellationToken) {
        let fan_out_ended = CancellationToken::new();
        let poll_interval = self.options.poll_interval;
        let mut deliveries = JoinSet::new();
        for subscription in subscriptions.clone() {
            let relay = self.clone();
            let mut poll = PollLoop::new(self.due.subscribe(), poll_interval, fan_out_ended.clone());
            deliveries
                .spawn(async move { while poll.should_continue(relay.deliver_due(&subscription).await).await {} });
        }
        let mut backfill = BackfillCursor::new(self.clock.now());
        let mut poll = PollLoop::new(self.outbox.published(), poll_interval, stop);
        while poll.should_continue(self.fan_out(&subscriptions, &mut backfill).await).await {}
        fan_out_ended.cancel();
        while deliveries.join_next().await.is_some() {}
    }

    /// Makes a delivery row for each new event and each subscription to its subject; then a batch of the backfill, for which
    /// new events do not wait. Replicas share the work.
    async fn fan_out(&self, subscriptions: &[Subscription], backfill: &mut BackfillCursor) -> Result<Pass, DbError> {
        let any = self.fan_out_new(subscriptions).await?;
        self.backfill(subscriptions, backfill).await?;
        Ok(if any || !backfill.is_done { Pass::Progress } else { Pass::Idle { next_due: None } })
    }

    async fn fan_out_new(&self, subscriptions: &[Subscription]) -> Result<bool, DbError> {
        let mut session = self.begin().await?;
        let events = store::claim_new(&mut session, BATCH_SIZE).await?;
        if events.is_empty() {
            return Ok(false);
        }
        self.add_deliveries(&mut session, subscriptions, &events).await?;
        let ids: Vec<Uuid> = events.into_iter().map(|(id, _)| id).collect();
        store::mark_fanned_out(&mut session, &ids).await?;
        session.commit().await?;
        self.wake_consumers();
        Ok(true)
    }

    /// A delivery of each of these events, ids and subjects, to each subscription that has none yet.
    async fn add_deliveries(
        &self,
        session: &mut Session,
        subscriptions: &[Subscription],
        events: &[(Uuid, String)],
    ) -> Result<(), DbError> {
        let now = self.clock.now();
        for subscription in subscriptions {
            let matching = events.iter().filter(|(_, subject)| subscription.subjects.matches(subject));
            let ids: Vec<Uuid> = matching.map(|(id, _)| *id).collect();
            if !ids.is_empty() {
                store::add_deliveries(session, &ids, &subscription.name, now).await?;
            }
        }
        Ok(())
    }

    /// Delivers what is due for one subscription.
    async fn deliver_due(&self, subscription: &Subscription) -> Result<Pass, DbError> {
        let due = self.claim(subscription).await?;
        // What is begun within half the lease ends within the lease, so no replica begins the same.
        let begun = Instant::now();
        let mut outcomes = Vec::with_capacity(due.len());
        for deliveries in due.chunks(subscription.sink.max_in_flight()) {
            if begun.elapsed() > self.options.timeout {
                break;
            }
            let delivering = deliveries.iter().map(|delivery| self.deliver(subscription, &delivery.event));
            outcomes.extend(join_all(delivering).await);
        }
        let progressed = outcomes.iter().any(|outcome| !matches!(outcome, Err(DeliveryError::Unavailable(_))));
        if !due.is_empty() {
            self.record_outcomes(subscription, due, outcomes).await?;
        }
        if progressed {
            return Ok(Pass::Progress);
        }
        Ok(Pass::Idle { next_due: self.next_due(subscription).await? })
    }

    async fn claim(&self, subscription: &Subscription) -> Result<Vec<Delivery>, DbError> {
        let now = self.clock.now();
        let lease = now + TimeDelta::from_std(self.options.timeout * 2).unwrap_or(TimeDelta::MAX);
        // On SQLite nothing is written, so no other writer has to wait.
        let mut session = if self.db.is_sqlite() { self.db.read(&system()).await? } else { self.begin().await? };
        let due = store::claim_due(&mut session, &subscription.name, now, lease, BATCH_SIZE).await?;
        session.commit().await?;
        Ok(due)
    }

    /// How long until a delivery is due; `None` when none is pending.
    async fn next_due(&self, subscription: &Subscription) -> Result<Option<Duration>, DbError> {
        let mut session = self.db.read(&system()).await?;
        let next = store::next_due(&mut session, &subscription.name).await?;
        Ok(next.map(|at| (at - self.clock.now()).to_std().unwrap_or_default()))
    }

    async fn deliver(&self, subscription: &Subscription, event: &EventRecord) -> Result<(), DeliveryError> {
        let (name, subject) = (&subscription.name, &event.subject);
        let span = tracing::info_span!("delivery", trace_id = Empty, %subject, consumer = %name, id = %event.id);
        telemetry::set_parent(&span, event.trace.as_deref());
        let outcome = retry::attempt(self.options.timeout, subscription.sink.deliver(event)).instrument(span).await;
        retry::count(name, outcome.is_ok());
        outcome
    }

    /// Records the outcomes of `due`; where outcomes are missing, no delivery was begun.
    async fn record_outcomes(
        &self,
        subscription: &Subscription,
        due: Vec<Delivery>,
        outcomes: Vec<Result<(), DeliveryError>>,
    ) -> Result<(), DbError> {
        let now = self.clock.now();
        let mut outcomes = outcomes.into_iter();
        let mut done: Vec<Uuid> = Vec::new();
        let mut failed: Vec<(Uuid, FailedDelivery)> = Vec::new();
        for delivery in due {
            let failure = match outcomes.next() {
                Some(Ok(())) => None,
                Some(Err(error)) => self.after_failure(subscription, &delivery, &error, now).await,
                None => Some(FailedDelivery::pending(delivery.attempts, now, None)),
            };
            match failure {
                Some(failure) => failed.push((delivery.event.id, failure)),
                None => done.push(delivery.event.id),
            }
        }
        let mut session = self.begin().await?;
        for (event, failure) in &failed {
            store::record_failure(&mut session, &subscription.name, *event, failure).await?;
        }
        store::mark_done(&mut session, &subscription.name, &done).await?;
        session.commit().await
    }

    /// What becomes of a delivery that failed; `None` when the receiver stored it as a dead letter, so that it is done.
    async fn after_failure(
        &self,
        subscription: &Subscription,
        delivery: &Delivery,
        error: &DeliveryError,
        now: DateTime<Utc>,
    ) -> Option<FailedDelivery> {
        let reason = error.to_string();
        let attempts = delivery.attempts + 1;
        let delay = match error {
            DeliveryError::Unavailable(_) => {
                return Some(FailedDelivery::pending(delivery.attempts, now, Some(reason)));
            }
            DeliveryError::Retry(_) => retry::delay(&retry::RETRY_DELAYS, attempts),
            DeliveryError::Poison(_) => None,
        };
        if let Some(delay) = delay {
            return Some(FailedDelivery::pending(attempts, now + delay, Some(reason)));
        }
        match subscription.sink.dead_letter(&delivery.event, attempts, &reason).await {
            Ok(true) => None,
            Ok(false) => {
                let (id, consumer) = (delivery.event.id, &subscription.name);
                tracing::error!(%id, consumer, reason, "event became a dead letter of the outbox");
                Some(FailedDelivery { state: "dead", attempts, next_at: now, error: Some(reason) })
            }
            Err(error) => {
                tracing::warn!(%error, id = %delivery.event.id, "failed to store dead letter; the event will be retried");
                Some(FailedDelivery::pending(delivery.attempts, now + DEAD_LETTER_RETRY_DELAY, Some(reason)))
            }
        }
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
