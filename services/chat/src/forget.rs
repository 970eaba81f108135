//! Forgets what was asked in a thread, once its owner has deleted it in the library.
//!
//! A run that is still going on stays: its end has to be written somewhere. So do runs begun after the deletion.

use async_trait::async_trait;
use bus::{Event, HandleError, Handler};
use chrono::{DateTime, Utc};
use db::Session;
use prost::Message as _;
use proto::events::v1::ThreadDeleted;
use uuid::Uuid;

use crate::store;

/// What is taken.
pub(crate) const SUBJECT: &str = "gooseek.library.thread.deleted.v1";

/// The handler of [`SUBJECT`].
pub(crate) struct Forget;

#[async_trait]
impl Handler for Forget {
    async fn handle(&self, session: &mut Session, event: &Event) -> Result<(), HandleError> {
        let deleted = ThreadDeleted::decode(event.payload.clone())
            .map_err(|error| HandleError::Poison(format!("not a ThreadDeleted: {error}")))?;
        let user = id("user_id", &deleted.user_id)?;
        let thread = id("thread_id", &deleted.thread_id)?;
        let deleted_at = deleted.deleted_at.as_ref().and_then(time).unwrap_or(event.occurred_at);
        session.narrow_to(user);
        store::forget_thread(session, thread, deleted_at).await?;
        Ok(())
    }
}

fn id(field: &str, text: &str) -> Result<Uuid, HandleError> {
    text.parse().map_err(|_| HandleError::Poison(format!("{field} {text:?} is not an id")))
}

fn time(stamp: &prost_types::Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(stamp.seconds, u32::try_from(stamp.nanos).ok()?)
}
