//! Quotas: what a plan allows is reserved before work begins, settled with what the work used, and released when it was
//! not done. Without a billing service nothing is limited.

use std::{fmt, sync::Arc};

use access::Caller;
use async_trait::async_trait;
use base::Problem;
use uuid::Uuid;

/// What is metered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meter {
    /// Questions asked.
    Questions,
    /// Bytes of uploaded files.
    UploadBytes,
}

impl Meter {
    /// As metrics and the billing service name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Questions => "questions",
            Self::UploadBytes => "upload_bytes",
        }
    }
}

/// Where plans and their use are known.
#[async_trait]
pub trait QuotaSource: fmt::Debug + Send + Sync {
    /// Sets `amount` aside; the id of the reservation. A problem with the code `quota_exceeded` when the plan does not
    /// allow it.
    async fn reserve(&self, caller: &Caller, meter: Meter, amount: u64) -> Result<Uuid, Problem>;

    /// Ends a reservation with what was used of it.
    async fn settle(&self, reservation: Uuid, used: u64) -> Result<(), Problem>;

    /// Ends a reservation of which nothing was used.
    async fn release(&self, reservation: Uuid) -> Result<(), Problem>;
}

/// The quotas of every organisation. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Quota {
    source: Option<Arc<dyn QuotaSource>>,
}

impl Quota {
    /// Nothing is limited.
    pub fn unlimited() -> Self {
        Self::default()
    }

    pub fn from_source(source: impl QuotaSource + 'static) -> Self {
        Self { source: Some(Arc::new(source)) }
    }

    /// Sets `amount` aside for work that is about to begin; 429 `quota_exceeded` when the plan does not allow it.
    pub async fn reserve(&self, caller: &Caller, meter: Meter, amount: u64) -> Result<Reservation, Problem> {
        let Some(source) = &self.source else { return Ok(Reservation { held: None, meter }) };
        let id = source.reserve(caller, meter, amount).await?;
        Ok(Reservation { held: Some((source.clone(), id)), meter })
    }
}

/// An amount that is set aside. Dropped without [`Reservation::settle`] it is released.
#[must_use]
#[derive(Debug)]
pub struct Reservation {
    held: Option<(Arc<dyn QuotaSource>, Uuid)>,
    meter: Meter,
}

impl Reservation {
    /// The work was done and used so much. A failure is logged: the work is done, and the reservation stands for it.
    pub async fn settle(mut self, used: u64) {
        metrics::counter!("gooseek_metered_total", "meter" => self.meter.as_str()).increment(used);
        let Some((source, id)) = self.held.take() else { return };
        if let Err(problem) = source.settle(id, used).await {
            tracing::warn!(reservation = %id, detail = problem.detail, "failed to settle quota; the reserved amount is charged");
        }
    }

    /// The work goes on elsewhere: the reservation stands until it expires at the billing service.
    pub fn leave(mut self) {
        self.held = None;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let Some((source, id)) = self.held.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(problem) = source.release(id).await {
                tracing::warn!(reservation = %id, detail = problem.detail, "failed to release quota; it expires by itself");
            }
        });
    }
}
