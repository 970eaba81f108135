//! Load shedding: more requests than a process can serve are refused at once, so that those it serves are served in time.
//!
//! Each route has a limit of requests served at once, which falls while the process is late ([`Lag`]) and grows back when it
//! is not. Over it a request waits its turn for a moment, and no longer than that once a queue stands (CoDel, RFC 8289, as a
//! limit on waiting). A place that becomes free goes to the organisation that has the fewest, and a full queue makes room for
//! one that has fewer in it: who asks for ten times as much gets a fair share and not more. A request counts until the head of
//! its answer, a call until the end of it; one that takes long by nature says so ([`takes_long`]) and is limited elsewhere.

mod lag;
mod shares;

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{body::Body, http::header, response::Response};
use base::Problem;
use http_body_util::BodyExt;
use lag::Lag;
use shares::{Entered, Org, State};
use tokio::{sync::oneshot, time::Instant};
use uuid::Uuid;

/// Requests of one route served at once.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// So few do not make a machine slow: they are always served.
    pub least: usize,
    pub most: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { least: 32, most: 1_024 }
    }
}

/// How requests wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queue {
    places: usize,
    /// How long a queue may be there without being in the way: a burst.
    burst: Duration,
}

/// A person is better told to try again.
pub(super) const OF_PERSONS: Queue = Queue { places: 64, burst: Duration::from_millis(100) };
/// Calls are part of work that was let in elsewhere, which would be lost.
pub(super) const OF_SERVICES: Queue = Queue { places: 1_024, burst: Duration::from_secs(2) };
/// How long one waits in a queue that has been there for longer.
const STANDING: Duration = Duration::from_millis(5);
/// The limits are set this often. They take some windows to become low: a burst of a few seconds is served.
const WINDOW: Duration = Duration::from_millis(500);
/// Routes are known by names that a caller may have made up; further ones share a limit.
const ROUTES: usize = 512;

tokio::task_local! {
    /// The place of the request being served.
    static PLACE: RefCell<Option<Place>>;
}

/// Gives up the place of the request being served: it waits for a person, or for work that has a limit of its own, and says
/// nothing of how busy the process is.
pub fn takes_long() {
    // Whoever is called outside a request has no place.
    let _ = PLACE.try_with(|place| drop(place.take()));
}

/// The limits of a process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Overload {
    bounds: Bounds,
    routes: Arc<Mutex<HashMap<String, Arc<Route>>>>,
}

impl Overload {
    /// With other limits than a server's.
    pub fn within(bounds: Bounds) -> Self {
        Self { bounds, routes: Arc::default() }
    }

    /// Sets the limits by how late the process is, for ever; without it they stay at their highest.
    pub async fn watch(&self) {
        let mut lag = Lag::default();
        loop {
            lag.measure(WINDOW).await;
            for route in self.routes().values() {
                route.state().adjust(lag.is_late());
            }
        }
    }

    /// Serves a request of `org` when there is a place for it, or refuses it.
    pub(super) async fn serve(
        &self,
        route: &str,
        org: Option<Uuid>,
        queue: Queue,
        served: impl Future<Output = Response>,
    ) -> Result<Response, Problem> {
        let place = self.route(route).place(org, queue).await?;
        let counted = async {
            let response = served.await;
            match PLACE.with(RefCell::take) {
                Some(place) if is_grpc(&response) => response.map(|body| place.until_the_end(body)),
                _ => response,
            }
        };
        Ok(PLACE.scope(RefCell::new(Some(place)), counted).await)
    }

    fn routes(&self) -> MutexGuard<'_, HashMap<String, Arc<Route>>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, name: &str) -> Arc<Route> {
        let mut routes = self.routes();
        let name = if routes.len() < ROUTES || routes.contains_key(name) { name } else { "other" };
        if let Some(route) = routes.get(name) {
            return route.clone();
        }
        let route = Arc::new(Route::new(name, self.bounds));
        routes.insert(name.to_owned(), route.clone());
        route
    }
}

#[derive(Debug)]
struct Route {
    state: Mutex<State>,
    shed: metrics::Counter,
}

impl Route {
    fn new(name: &str, bounds: Bounds) -> Self {
        let shed = metrics::counter!("gooseek_shed_total", "route" => name.to_owned());
        Self { state: Mutex::new(State::new(bounds, name)), shed }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn place(self: Arc<Self>, org: Org, queue: Queue) -> Result<Place, Problem> {
        let entered = self.state().enter(org, queue, Instant::now());
        let granted = match entered {
            Entered::Served => true,
            Entered::Full => false,
            Entered::Waiting { turn, patience } => {
                let mut waiting = Waiting { route: self.clone(), org, turn, granted: false };
                let turn = tokio::time::timeout(patience, &mut waiting.turn).await;
                waiting.granted = matches!(turn, Ok(Ok(())));
                waiting.granted
            }
        };
        if granted {
            return Ok(Place { route: self, org });
        }
        self.shed.increment(1);
        Err(Problem::overloaded("more requests than this server can serve; try again in a moment"))
    }
}

/// A request in the queue; it leaves it when its client does.
struct Waiting {
    route: Arc<Route>,
    org: Org,
    turn: oneshot::Receiver<()>,
    granted: bool,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.granted {
            return;
        }
        self.turn.close();
        let mut state = self.route.state();
        // The turn may have come while nobody looked.
        match self.turn.try_recv() {
            Ok(()) => state.leave(self.org),
            Err(_) => state.withdraw(self.org),
        }
    }
}

/// One request that is served.
#[derive(Debug)]
struct Place {
    route: Arc<Route>,
    org: Org,
}

impl Place {
    /// The answer to a call may be a stream, which is worked on until its end.
    fn until_the_end(self, body: Body) -> Body {
        Body::new(body.map_frame(move |frame| {
            let _held = &self;
            frame
        }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.route.state().leave(self.org);
    }
}

fn is_grpc(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}
