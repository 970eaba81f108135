//! From an outbox to the broker.

use async_trait::async_trait;

use super::{
    super::{Courier, CourierError, Event},
    Nats, PutError, envelope,
};

pub(super) struct Publisher {
    nats: Nats,
}

impl Publisher {
    pub(super) fn new(nats: Nats) -> Self {
        Self { nats }
    }
}

#[async_trait]
impl Courier for Publisher {
    async fn deliver(&self, event: &Event) -> Result<(), CourierError> {
        if !event.subject.starts_with("gooseek.") {
            return Err(CourierError::Poison("the subject does not start with gooseek.".to_owned()));
        }
        // Without this, what is sent waits in the client and each event runs into its time limit.
        if !self.nats.is_up() {
            return Err(CourierError::Unavailable("the broker does not answer".to_owned()));
        }
        let headers = envelope::headers(event, Some(&event.id.to_string()));
        let put = self.nats.put(event.subject.clone(), headers, event.payload.clone());
        // A broker that takes connections and answers nothing is away, too.
        let Ok(put) = tokio::time::timeout(self.nats.options.patience, put).await else {
            return Err(CourierError::Unavailable("the broker does not answer".to_owned()));
        };
        put.map_err(|error| match error {
            PutError::TooLarge(reason) => CourierError::Poison(reason),
            PutError::Unavailable(reason) => CourierError::Unavailable(reason),
        })
    }

    fn at_once(&self) -> usize {
        256
    }
}
