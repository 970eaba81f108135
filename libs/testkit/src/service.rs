//! Services built for a test: fresh databases and objects, a clock the test moves, people with real access tokens, and
//! the frame of the server around HTTP and gRPC.

mod answer;
mod clock;
mod idle;
mod members;
mod person;
mod tenancy;

use std::{path::PathBuf, sync::Arc};

use access::{ALL_IN_ONE, Auth, Authenticator, CachedDirectory, Role, RpcAuth, Verifier};
pub use answer::Answer;
use audit::Audit;
use axum::{Router, body::Body};
use base::{
    config::{Reader, Secret, Settings},
    time::Ids,
};
use bus::{DeliveryError, EventRecord, Outbox};
use cache::{Cache, limits::Limits, live::LiveFeeds, redis::Redis};
pub use clock::TestClock;
use db::{Db, DbError, PgConnections, fetch_all};
use http::Request;
use idempotency::IdempotencyKeys;
pub use idle::{idle, one_migration};
use jobs::{JobQueue, JobRunner};
use kit::cursor::CursorKey;
use objects::Objects;
pub use person::{Issuer, Person};
use proto::{Event, events::v1::AuditRecordCreated};
use quota::Quota;
use rpc::{Endpoints, Transport};
use server::{
    Accounts, Deps,
    http::{RequestMiddleware, with_middleware},
    service::ServiceDef,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, raw_sql, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
pub use tenancy::Tables;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

const CACHE_BYTES: u64 = 1 << 20;
/// Of each service to Postgres.
const CONNECTIONS: u32 = 12;

/// Expands `async fn name(world: World)` into one test on SQLite and one on Postgres.
///
/// ```text
/// testkit::on_both! {
///     async fn a_thread_is_listed(world: World) { … }
/// }
/// ```
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)*) => {
        $($(#[$meta])* async fn $name($world: $crate::service::World) $body)*

        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::service::World::sqlite()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(world) = $crate::service::World::postgres().await {
                    super::$name(world).await;
                }
            })*
        }
    };
}

/// What the services of one test share. Change the settings before starting the first service.
#[derive(Debug)]
pub struct World {
    pub clock: TestClock,
    pub ids: Ids,
    pub objects: Objects,
    /// Services share cache, limits and live logs through it; without it each start has its own.
    pub redis: Option<Redis>,
    /// Values of variables, as an operator would set them in the environment.
    pub settings: Vec<(String, String)>,
    /// The program that a service starts again as its parser child.
    pub executable: PathBuf,
    /// What organisations demand and who is in which project; that of a server without auth-svc unless a test has another.
    pub directory: CachedDirectory,
    /// What plans allow; everything unless a test has another.
    pub quota: Quota,
    has_accounts: bool,
    postgres: Option<Secret>,
    endpoints: Endpoints,
    issuer: Issuer,
    folder: TempDir,
}

impl World {
    /// Services keep their data in SQLite files.
    pub fn sqlite() -> Self {
        Self::new(None)
    }

    /// Services keep their data in a database of their own on the private Postgres, if that is installed.
    pub async fn postgres() -> Option<Self> {
        let url = crate::Postgres::database().await?;
        Some(Self::new(Some(Secret::new(url))))
    }

    /// Services keep their data in an empty database of a server that the test has its own plans with.
    pub fn on_postgres(server: &crate::KillablePostgres) -> Self {
        Self::new(Some(server.url()))
    }

    fn new(postgres: Option<Secret>) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let clock = TestClock::default();
        Self {
            ids: Ids::new(clock.clock()),
            objects: Objects::local(&folder.path().join("objects")).expect("the temporary folder can be written"),
            redis: None,
            settings: Vec::new(),
            executable: std::env::current_exe().expect("a test knows its own path"),
            directory: CachedDirectory::local(clock.clock()),
            quota: Quota::unlimited(),
            has_accounts: false,
            clock,
            postgres,
            endpoints: Endpoints::new(registry::names()),
            issuer: Issuer::new(),
            folder,
        }
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.settings.push((name.to_owned(), value.into()));
    }

    /// Whether services keep their data in Postgres.
    pub fn is_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    /// The folder that holds every SQLite file and, under `objects`, every object of this world.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A person of a new organisation.
    pub fn person(&self) -> Person {
        self.issuer.person(self.ids.next(), self.ids.next())
    }

    /// Another person of the organisation of `other`.
    pub fn colleague(&self, other: &Person) -> Person {
        self.issuer.person(other.org, self.ids.next())
    }

    /// A user of a new organisation with these roles.
    pub fn person_with(&self, roles: &[Role]) -> Person {
        self.issuer.person_with(self.ids.next(), self.ids.next(), roles)
    }

    /// From now on services believe the tokens of auth-svc, and ask it about organisations; start that first.
    ///
    /// # Panics
    /// When the policy does not let anybody ask it.
    pub fn use_accounts(&mut self) {
        self.directory = CachedDirectory::new(self.accounts(), self.clock.clock());
        self.has_accounts = true;
        self.set("JWT_SECRET", "a secret of the tests that is long enough 0123456789");
    }

    fn accounts(&self) -> Accounts {
        let peers = self.endpoints.for_caller(ALL_IN_ONE);
        Accounts::new(peers.to(registry::AUTH.name).expect("the policy has a row for every process"))
    }

    /// Builds a service with accounts and starts its tasks. Services started later can call it. Starting the same one again is
    /// another process on the same data.
    pub async fn start(&self, spec: ServiceDef) -> TestService {
        let verifier = if self.has_accounts { Verifier::with_source(self.accounts()) } else { self.issuer.verifier() };
        self.start_as(spec, Auth::Tokens(Arc::new(verifier))).await
    }

    /// [`start`](Self::start) for the local owner of a machine without accounts.
    pub async fn start_for_owner(&self, spec: ServiceDef) -> TestService {
        self.start_as(spec, Auth::LocalOwner).await
    }

    async fn start_as(&self, spec: ServiceDef, auth: Auth) -> TestService {
        let settings = self.settings(&spec);
        let mut reader = Reader::new(&settings);
        let builder = (spec.configure)(&mut reader);
        reader.finish().expect("the settings of the test are right");
        let deps = self.deps(&spec).await;
        let (db, jobs) = (deps.db.clone(), deps.jobs.clone());
        let service = builder.build(deps).await.expect("the service can be built");
        let (routes, _) = service.http.split_for_parts();
        // Nothing comes over the network: services call each other, and the test calls them, through the transport.
        let access = Authenticator::new(auth, RpcAuth::Closed, self.directory.clone());
        let middleware = RequestMiddleware::new(access, self.ids.clone());
        let grpc = with_middleware(service.grpc, middleware.clone());
        // Parts of the frame under test stand for no service, and are not called.
        if registry::names().any(|name| name == spec.name) {
            self.endpoints.connect_local(spec.name, grpc.clone()).expect("the service is a peer");
        }
        let own = Endpoints::new([spec.name]);
        own.connect_local(spec.name, grpc).expect("it has just been named");
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let runner = JobRunner::new(jobs.clone(), service.jobs);
        runner.add_schedules(&crate::system()).await.expect("the database takes the schedules");
        let tasks = service.tasks.into_iter().chain([runner.task()]);
        let tasks = tasks.map(|task| task.start(&tracker, stop.clone())).collect();
        TestService {
            db,
            jobs,
            consumers: service.consumers,
            clock: self.clock.clone(),
            http: with_middleware(routes, middleware),
            name: spec.name,
            endpoints: own,
            tasks,
            tracker,
            stop,
        }
    }

    /// What `spec` is built from, for tests that build parts of a service themselves.
    pub async fn deps(&self, spec: &ServiceDef) -> Deps {
        let db = self.open(spec).await.expect("the database can be opened");
        let clock = self.clock.clock();
        let (cache, limits, live) = match &self.redis {
            Some(redis) => (
                Cache::redis(redis.clone(), CACHE_BYTES),
                Limits::redis(redis.clone(), clock.clone()),
                LiveFeeds::redis(redis.clone()),
            ),
            None => (Cache::in_process(CACHE_BYTES), Limits::in_process(clock.clone()), LiveFeeds::in_process()),
        };
        let jobs = JobQueue::new(db.clone(), clock.clone(), self.ids.clone());
        self.clock.wakes(jobs.clone());
        let outbox = Outbox::new(self.ids.clone(), clock.clone());
        Deps {
            jobs,
            audit: Audit::new(spec.name, outbox.clone(), self.ids.clone(), clock.clone()),
            idempotency: IdempotencyKeys::new(db.clone(), clock.clone(), self.ids.clone()),
            quota: self.quota.clone(),
            ids: self.ids.clone(),
            cache,
            limits,
            live,
            objects: self.objects.clone(),
            peers: self.endpoints.for_caller(spec.name),
            directory: self.directory.clone(),
            has_accounts: self.has_accounts,
            insecure_http: false,
            outbox,
            cursor_key: CursorKey::new(&[7; 32]),
            drain: CancellationToken::new(),
            closing: CancellationToken::new(),
            executable: self.executable.clone(),
            clock,
            db,
        }
    }

    /// On Postgres every service has a role of its own, with rights to its rows alone.
    async fn open(&self, spec: &ServiceDef) -> Result<Db, DbError> {
        let Some(owner) = &self.postgres else {
            return Db::open_sqlite(self.folder.path(), spec.name, spec.migrations).await;
        };
        let role = registry::postgres_role(spec.name);
        Db::migrate(owner, spec.name, spec.migrations, Some(&role)).await?;
        let url = crate::Postgres::as_role(owner, &role);
        let connections = PgConnections::open(&url, spec.name, CONNECTIONS).await?;
        Db::open_postgres(&connections, spec.name, spec.migrations).await
    }

    /// Runs a statement that a service's role may not: as the owner of its schema, for tests that break something.
    ///
    /// # Panics
    /// When the database refuses it.
    pub async fn as_owner(&self, service: &str, statement: String) {
        match &self.postgres {
            Some(owner) => {
                let mut connection = PgConnection::connect(owner.expose()).await.expect("the owner is let in");
                let text = format!("SET search_path = \"{}\", public; {statement}", service.replace('-', "_"));
                raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.expect("the owner may do it");
            }
            None => {
                let file = SqliteConnectOptions::new().filename(self.folder.path().join(format!("{service}.db")));
                let mut connection = file.connect().await.expect("the file can be opened");
                raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect("SQLite takes it");
                connection.close().await.expect("a connection can be closed");
            }
        }
    }

    fn settings(&self, spec: &ServiceDef) -> Settings {
        let file = self.folder.path().join("no-such-file.toml");
        Settings::load(server::variables(&[*spec]), &file, self.settings.iter().cloned())
            .expect("the settings can be read")
    }
}

/// A running service. Dropped, it stops where it stands, as if its process had been killed.
#[derive(Debug)]
pub struct TestService {
    pub db: Db,
    pub jobs: JobQueue,
    /// Its routes in the frame of the server.
    pub http: Router,
    consumers: Vec<bus::Consumer>,
    clock: TestClock,
    name: &'static str,
    /// This service alone.
    endpoints: Endpoints,
    tasks: Vec<JoinHandle<()>>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl TestService {
    /// What tonic's clients are built on. Calls are made as another service makes them, with the token on the request, and pass
    /// the middleware and the policy.
    ///
    /// # Panics
    /// When no service may call any of its methods.
    pub fn transport(&self) -> Transport {
        self.endpoints.for_caller(ALL_IN_ONE).to(self.name).expect("the policy has a row for a method of the service")
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.http.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        Answer::read(response).await
    }

    /// `GET path` in a person's name.
    pub async fn get(&self, who: &Person, path: &str) -> Answer {
        self.send(who.http("GET", path).body(Body::empty()).expect("a request is well formed")).await
    }

    /// `DELETE path` in a person's name.
    pub async fn delete(&self, who: &Person, path: &str) -> Answer {
        self.send(who.http("DELETE", path).body(Body::empty()).expect("a request is well formed")).await
    }

    /// A request with a JSON body in a person's name.
    pub async fn send_json(&self, who: &Person, method: &str, path: &str, body: &serde_json::Value) -> Answer {
        let request = who.http(method, path).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).expect("a request is well formed")).await
    }

    /// `PATCH path` with a JSON body in a person's name, if what is there has still this `ETag`.
    pub async fn patch(&self, who: &Person, path: &str, tag: &str, body: &serde_json::Value) -> Answer {
        let request = who.http("PATCH", path).header("content-type", "application/json").header("if-match", tag);
        self.send(request.body(Body::from(body.to_string())).expect("a request is well formed")).await
    }

    /// The audit records of the person's organisation, the oldest first.
    pub async fn audit_records(&self, who: &Person) -> Vec<AuditRecordCreated> {
        self.events(who).await
    }

    /// The events of one kind that the service has published for the person's organisation, the oldest first.
    ///
    /// # Panics
    /// When the outbox cannot be read.
    pub async fn events<E: Event>(&self, who: &Person) -> Vec<E> {
        let mut session = self.db.read(&who.scope()).await.expect("the database can be read");
        let rows: Vec<(Vec<u8>,)> = fetch_all!(
            &mut session,
            org: "SELECT payload FROM outbox WHERE org = $1 AND subject = $2 ORDER BY id",
            E::SUBJECT.replace('*', self.name)
        )
        .expect("the outbox can be read");
        let decode = |(payload,): (Vec<u8>,)| E::decode(payload.as_slice());
        rows.into_iter().map(|row| decode(row).expect("an event can be decoded")).collect()
    }

    /// Hands an event to every consumer of its subject, as the relay would.
    ///
    /// # Panics
    /// When a consumer fails.
    pub async fn deliver(&self, event: &EventRecord) {
        self.try_deliver(event).await.expect("the consumer handles the event");
    }

    /// [`deliver`](Self::deliver) up to the first consumer that fails.
    pub async fn try_deliver(&self, event: &EventRecord) -> Result<(), DeliveryError> {
        for consumer in self.consumers.iter().filter(|consumer| consumer.subjects.matches(&event.subject)) {
            consumer.clone().in_process(self.clock.clock()).deliver(event).await?;
        }
        Ok(())
    }

    /// Stops the tasks in order and waits for them.
    pub async fn stop(mut self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        self.tasks.clear();
    }
}

impl Drop for TestService {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
