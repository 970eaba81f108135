//! How a reservation ends.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use access::{Caller, LOCAL_ORG, LOCAL_OWNER};
use base::Problem;
use quota::{Meter, Quota, QuotaSource};
use serde_json::json;
use uuid::Uuid;

/// A billing service that allows everything and notes what it is told.
#[derive(Debug, Clone, Default)]
struct Ledger(Arc<Mutex<Vec<String>>>);

impl Ledger {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn noted(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl QuotaSource for Ledger {
    async fn reserve(&self, _: &Caller, meter: Meter, amount: u64) -> Result<Uuid, Problem> {
        self.note(format!("reserved {amount} {}", meter.as_str()));
        Ok(Uuid::from_u128(1))
    }

    async fn settle(&self, _: Uuid, used: u64) -> Result<(), Problem> {
        self.note(format!("settled {used}"));
        Ok(())
    }

    async fn release(&self, _: Uuid) -> Result<(), Problem> {
        self.note("released");
        Ok(())
    }
}

fn owner() -> Caller {
    let rights = serde_json::from_value(json!({ "roles": ["owner"] })).unwrap();
    Caller::impersonate(&testkit::system(), LOCAL_ORG, LOCAL_OWNER, rights)
}

#[tokio::test(start_paused = true)]
async fn a_reservation_is_settled_released_or_left_to_who_goes_on_with_the_work() {
    for (end, last) in [("settle", Some("settled 3")), ("drop", Some("released")), ("leave", None)] {
        let ledger = Ledger::default();
        let quota = Quota::from_source(ledger.clone());
        let reservation = quota.reserve(&owner(), Meter::UploadBytes, 10).await.unwrap();
        match end {
            "settle" => reservation.settle(3).await,
            "drop" => drop(reservation),
            _ => reservation.leave(),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let expected: Vec<&str> = ["reserved 10 upload_bytes"].into_iter().chain(last).collect();
        assert_eq!(ledger.noted(), expected, "{end}");
    }
}
