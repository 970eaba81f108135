//! Events between services: written to the **outbox** in the transaction of the change, delivered at least once, and
//! applied exactly once, because a consumer commits its effect together with an **inbox** row.
//!
//! The outbox is the source of truth; an [`EventSink`] may lose what it was given. In one process the sink hands the event
//! to the consumer's handler, and the delivery is marked only after the handler's commit: a crash in between causes a
//! redelivery that the inbox drops. Between processes the sink is [`Nats`], from which each consumer pulls; what the broker
//! lost is published again by [`Relay::resync`]. After five attempts with growing delays, or at once when it can never be
//! handled, an event becomes a dead letter in the consumer's database, where it can be listed, replayed and dropped.

mod consumer;
mod dead_letters;
mod envelope;
mod ids;
mod nats;
mod outbox;
mod relay;
mod retry;
mod subject;

use async_trait::async_trait;
use base::{Scope, SystemScope};
pub use consumer::{Consumer, HandleError, Handler, Received, RecordHandler};
pub use dead_letters::{DeadLetter, DeadLetterKey, DeadLetters, ReplayError};
pub use nats::{Nats, NatsAddress, NatsError, NatsOptions};
pub use outbox::{EventRecord, Outbox};
pub use relay::{Relay, RelayOptions, Subscription};
pub use retry::RETRY_DELAYS;
pub use subject::SubjectPattern;

/// Why an event was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Another attempt may succeed.
    #[error("{0}")]
    Retry(String),
    /// No attempt can succeed; the event becomes a dead letter at once.
    #[error("{0}")]
    Poison(String),
    /// The receiver cannot be reached. This says nothing about the event, so it costs no attempt.
    #[error("{0}")]
    Unavailable(String),
}

/// Receives events from a relay: a consumer in this process, or a broker.
#[async_trait]
pub trait EventSink: Send + Sync {
    /// Returns once the event is stored durably by the receiver.
    async fn deliver(&self, event: &EventRecord) -> Result<(), DeliveryError>;

    /// Stores an event whose delivery failed for good; `false` when the receiver stores none, and it stays in the outbox.
    async fn dead_letter(&self, _event: &EventRecord, _attempts: i64, _reason: &str) -> Result<bool, DeliveryError> {
        Ok(false)
    }

    /// How many events may be delivered at once; with one, they come in the order of their ids.
    fn max_in_flight(&self) -> usize {
        1
    }
}

#[expect(clippy::disallowed_methods, reason = "relays and consumers act for every organisation")]
const SYSTEM: SystemScope = SystemScope::new();

fn system() -> Scope {
    Scope::from(SYSTEM)
}
