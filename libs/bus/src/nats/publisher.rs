//! From an outbox to the broker.

use async_trait::async_trait;

use super::{
    super::{DeliveryError, EventRecord, EventSink, envelope},
    Nats, PublishError,
};

/// Events in flight at once.
const MAX_IN_FLIGHT: usize = 256;

pub(super) struct Publisher {
    nats: Nats,
}

impl Publisher {
    pub(super) fn new(nats: Nats) -> Self {
        Self { nats }
    }
}

#[async_trait]
impl EventSink for Publisher {
    async fn deliver(&self, event: &EventRecord) -> Result<(), DeliveryError> {
        if !event.subject.starts_with("gooseek.") {
            return Err(DeliveryError::Poison("the subject does not start with gooseek.".to_owned()));
        }
        // Otherwise the client would buffer the message, and each event would run into its time limit.
        if !self.nats.is_up() {
            return Err(DeliveryError::Unavailable("the broker does not answer".to_owned()));
        }
        let headers = envelope::message_headers(event);
        let publishing = self.nats.publish(event.subject.clone(), headers, event.payload.clone());
        // So is a broker that accepts connections and answers nothing.
        let Ok(published) = tokio::time::timeout(self.nats.options.publish_timeout, publishing).await else {
            return Err(DeliveryError::Unavailable("the broker does not answer".to_owned()));
        };
        published.map_err(|error| match error {
            PublishError::TooLarge(reason) => DeliveryError::Poison(reason),
            PublishError::Unavailable(reason) => DeliveryError::Unavailable(reason),
        })
    }

    fn max_in_flight(&self) -> usize {
        MAX_IN_FLIGHT
    }
}
