//! Load shedding: requests beyond what the process can serve are refused at once, so that the others are served in time.
//!
//! Each route has a concurrency limit, which falls while the scheduler is late ([`SchedulerDelay`]) and grows back when
//! it is not. Excess requests wait a moment for a permit, shared fairly between organisations. A request holds its permit
//! until the head of its answer, a gRPC call until the end of it; one that takes long by nature gives it back
//! ([`exempt_from_limit`]) and has a limit of its own.

mod scheduler_delay;

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, http::header, response::Response};
use base::Problem;
use http_body_util::BodyExt;
use kit::tenant_limiter::{Tenant, TenantLimiter, TenantPermit};
use scheduler_delay::SchedulerDelay;
use tokio::sync::Notify;

/// Requests of one route served at once.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// So few do not make a machine slow: they are always served.
    pub min: usize,
    pub max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { min: 32, max: 1_024 }
    }
}

/// How long a user's request waits for a permit: long enough for a burst, short enough to try again.
pub(super) const USER_QUEUE_TIMEOUT: Duration = Duration::from_millis(100);
/// The same for a call between services, which is part of work that was admitted elsewhere and would be lost.
pub(super) const RPC_QUEUE_TIMEOUT: Duration = Duration::from_secs(2);
/// The limits are adjusted this often. It takes some windows to bring them down, so a burst of a few seconds is served.
const ADJUST_INTERVAL: Duration = Duration::from_millis(500);
/// Routes are known by names that a caller may have made up; further ones share a limit.
const MAX_ROUTES: usize = 512;
/// What becomes of a limit in a window in which the scheduler was late, and in one in which it was not.
const DECREASE: f64 = 0.8;
const INCREASE: f64 = 1.25;

tokio::task_local! {
    /// The permit of the request being served.
    static PERMIT: RefCell<Option<Permit>>;
}

/// Gives back the permit of the request being served. For requests that take long and have a limit of their own.
pub fn exempt_from_limit() {
    // Outside of a request there is no permit.
    let _ = PERMIT.try_with(|permit| drop(permit.take()));
}

/// The concurrency limits of a process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct AdaptiveLimiter {
    bounds: Bounds,
    routes: Arc<Mutex<HashMap<String, Arc<Route>>>>,
    activity: Arc<Activity>,
}

/// Requests that hold a permit; wakes the adjustment of limits when there are any.
#[derive(Debug, Default)]
struct Activity {
    in_flight: AtomicUsize,
    started: Notify,
}

#[derive(Debug)]
struct Route {
    limiter: TenantLimiter,
    limit: Mutex<f64>,
    shed: metrics::Counter,
    limit_gauge: metrics::Gauge,
    in_flight_gauge: metrics::Gauge,
}

/// A request that counts towards its route's limit.
#[derive(Debug)]
struct Permit {
    _held: TenantPermit,
    activity: Arc<Activity>,
}

impl AdaptiveLimiter {
    /// With other bounds than a server's.
    pub fn with_bounds(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Adjusts the limits to the scheduler's delay, for ever; without it they stay at their maximum. Sleeps while the
    /// process is idle.
    pub async fn adjust_limits(&self) {
        let mut delay = SchedulerDelay::default();
        loop {
            if self.activity.in_flight.load(Ordering::Acquire) == 0 && self.is_relaxed() {
                self.activity.started.notified().await;
            }
            delay.measure(ADJUST_INTERVAL).await;
            for route in self.routes().values() {
                route.adjust(self.bounds, delay.is_late());
            }
        }
    }

    /// Serves a request of `tenant` once it has a permit, or refuses it after `timeout`.
    pub(super) async fn serve(
        &self,
        route: &str,
        tenant: Tenant,
        timeout: Duration,
        served: impl Future<Output = Response>,
    ) -> Result<Response, Problem> {
        let route = self.route(route);
        let Some(held) = route.limiter.acquire(tenant, timeout).await else {
            route.shed.increment(1);
            return Err(Problem::overloaded("more requests than this server can serve; try again in a moment"));
        };
        let permit = Permit::new(held, self.activity.clone());
        let counted = async {
            let response = served.await;
            match PERMIT.with(RefCell::take) {
                Some(permit) if is_grpc(&response) => response.map(|body| permit.until_end_of(body)),
                _ => response,
            }
        };
        Ok(PERMIT.scope(RefCell::new(Some(permit)), counted).await)
    }

    /// Whether every limit is at its maximum.
    fn is_relaxed(&self) -> bool {
        self.routes().values().all(|route| *route.limit() >= self.bounds.max as f64)
    }

    fn routes(&self) -> MutexGuard<'_, HashMap<String, Arc<Route>>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, name: &str) -> Arc<Route> {
        let mut routes = self.routes();
        let name = if routes.len() < MAX_ROUTES || routes.contains_key(name) { name } else { "other" };
        if let Some(route) = routes.get(name) {
            return route.clone();
        }
        let route = Arc::new(Route::new(name, self.bounds.max));
        routes.insert(name.to_owned(), route.clone());
        route
    }
}

impl Route {
    fn new(name: &str, limit: usize) -> Self {
        Self {
            limiter: TenantLimiter::new(limit),
            limit: Mutex::new(limit as f64),
            shed: metrics::counter!("gooseek_shed_total", "route" => name.to_owned()),
            limit_gauge: metrics::gauge!("gooseek_concurrency_limit", "route" => name.to_owned()),
            in_flight_gauge: metrics::gauge!("gooseek_concurrency", "route" => name.to_owned()),
        }
    }

    fn limit(&self) -> MutexGuard<'_, f64> {
        self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the limit for the next window. A route that serves no more than the minimum is not what keeps the process busy.
    fn adjust(&self, Bounds { min, max }: Bounds, is_late: bool) {
        let in_flight = self.limiter.in_flight();
        let factor = if is_late && in_flight > min { DECREASE } else { INCREASE };
        let limit = {
            let mut limit = self.limit();
            *limit = (*limit * factor).clamp(min as f64, max as f64);
            limit.floor()
        };
        // Between two numbers of requests.
        self.limiter.set_limit(limit as usize);
        self.limit_gauge.set(limit);
        self.in_flight_gauge.set(in_flight as f64);
    }
}

impl Permit {
    fn new(held: TenantPermit, activity: Arc<Activity>) -> Self {
        if activity.in_flight.fetch_add(1, Ordering::AcqRel) == 0 {
            activity.started.notify_one();
        }
        Self { _held: held, activity }
    }

    /// The answer to a call may be a stream, which is worked on until its end.
    fn until_end_of(self, body: Body) -> Body {
        Body::new(body.map_frame(move |frame| {
            let _held = &self;
            frame
        }))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.activity.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

fn is_grpc(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}
