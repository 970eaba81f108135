//! Facts between services: written to the **outbox** in the same transaction as the change, delivered at least
//! once, and taken effect exactly once, because a consumer commits its effect together with an **inbox** row.
//!
//! The outbox is the truth; a [`Courier`] may lose what it was given. In one process the courier hands the event to the
//! consumer's handler; the delivery is marked only after the handler's commit, so a crash in between is a redelivery
//! that the inbox drops. Between processes the courier is [`Nats`], and each consumer takes from there; what the broker
//! lost, [`Relay::resync`] publishes again. Five attempts with growing pauses, then the event is a dead letter for that
//! consumer, which can be listed, replayed and dropped.

mod consumer;
mod dead;
mod ids;
mod nats;
mod outbox;
mod relay;
mod retry;

use async_trait::async_trait;
use base::{Scope, SystemScope};
pub use consumer::{Consumer, HandleError, Handler};
pub use dead::{BusError, DeadLetter, DeadLetters, LetterKey};
pub use nats::{Nats, NatsAddress, NatsError, NatsOptions};
pub use outbox::{Event, publish};
pub use relay::{Relay, RelayOptions, Route};
pub use retry::PAUSES;

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CourierError {
    /// Another attempt may succeed.
    #[error("{0}")]
    Retry(String),
    /// No attempt can succeed; it becomes a dead letter at once.
    #[error("{0}")]
    Poison(String),
    /// The way to the taker is cut. Says nothing about the event, so it costs no attempt.
    #[error("{0}")]
    Unavailable(String),
}

/// Takes an event to where it is kept: returns once the consumer (or a broker) has it durably.
#[async_trait]
pub trait Courier: Send + Sync {
    async fn deliver(&self, event: &Event) -> Result<(), CourierError>;

    /// How many events it may be given at once; with one, they come in the order of their ids.
    fn at_once(&self) -> usize {
        1
    }
}

/// Whose sessions the outbox and the inbox are read and written in.
#[expect(clippy::disallowed_methods, reason = "events of every organisation are delivered by one relay")]
fn system() -> Scope {
    SystemScope::new().into()
}
