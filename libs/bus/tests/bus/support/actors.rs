//! What runs in a test: processes, and what their consumers do.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bus::{EventRecord, HandleError, Handler, Received, RecordHandler};
use db::{DbError, Session, execute};
use prost::Message;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Happened;

/// Running relay and consumers. Dropped, they stop where they stand, as if the process had been killed.
pub(crate) struct Process {
    pub(super) stop: CancellationToken,
    pub(super) tasks: Vec<JoinHandle<()>>,
}

impl Process {
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        for task in self.tasks.drain(..) {
            task.await.unwrap();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Keeps what it is told, except that `poison` can never be handled, `panic`, `fail` and `away` only in good health. `slow` takes
/// a while.
pub(super) struct Keeper {
    pub(super) name: &'static str,
    pub(super) ill: Arc<AtomicBool>,
    pub(super) calls: Arc<Mutex<HashMap<String, u32>>>,
}

impl Keeper {
    async fn keep(&self, session: &mut Session, what: &str) -> Result<(), HandleError> {
        *self.calls.lock().unwrap().entry(what.to_owned()).or_default() += 1;
        execute!(session, unscoped: "INSERT INTO effects (consumer, what) VALUES ($1, $2)", self.name, what)?;
        let ill = self.ill.load(Ordering::SeqCst);
        match what {
            "poison" => Err(HandleError::Poison("not my\nformat".to_owned())),
            "panic" if ill => panic!("a bug of the handler"),
            "fail" if ill => Err(DbError::Inconsistent { table: "effects", detail: "not yet".to_owned() }.into()),
            "away" if ill => Err(DbError::Unavailable(sqlx::Error::PoolTimedOut).into()),
            "slow" => {
                tokio::time::sleep(Duration::from_secs(3)).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Handler<Happened> for Keeper {
    async fn handle(&self, session: &mut Session, event: &Received<Happened>) -> Result<(), HandleError> {
        self.keep(session, &event.message.what).await
    }
}

#[async_trait]
impl RecordHandler for Keeper {
    async fn handle(&self, session: &mut Session, event: &EventRecord) -> Result<(), HandleError> {
        self.keep(session, &Happened::decode(event.payload.clone()).unwrap().what).await
    }
}
