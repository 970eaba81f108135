//! Forgets what was asked in a thread, once its owner has deleted it in the library.
//!
//! A run that is still going on stays: its end has to be written somewhere. So do runs begun after the deletion.

use async_trait::async_trait;
use bus::{HandleError, Handler, Received};
use db::Session;
use proto::{convert, events::v1::ThreadDeleted};

use crate::store;

pub(crate) struct Forget;

#[async_trait]
impl Handler<ThreadDeleted> for Forget {
    async fn handle(&self, session: &mut Session, event: &Received<ThreadDeleted>) -> Result<(), HandleError> {
        let deleted = &event.message;
        let user = convert::id("user_id", &deleted.user_id)?;
        let thread = convert::id("thread_id", &deleted.thread_id)?;
        let deleted_at = deleted.deleted_at.and_then(convert::time).unwrap_or(event.occurred_at);
        session.narrow_to(user);
        store::forget_thread(session, thread, deleted_at).await?;
        Ok(())
    }
}
