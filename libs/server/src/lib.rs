//! Starts services and stops them: configuration faults first, then databases, services, events, listeners; on a
//! signal readiness goes false, streams are told to reconnect, requests finish, the outbox is flushed.

mod admin_jobs;
mod database;
mod directory;
mod events;
pub mod http;
mod listen;
mod maintenance;
mod openapi;
mod operator;
mod options;
mod probes;
mod secrets;
pub mod service;
mod startup;
mod stop;
mod tls;

use std::{
    fs::{File, Permissions},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::Arc,
};

use access::{Auth, Authenticator, CachedDirectory};
use anyhow::Context;
use audit::Audit;
use axum::Router;
use base::{
    config::{Reader, Settings, Variable},
    tasks::Task,
    time::{Clock, Ids},
};
use bus::{DeadLetters, Nats, Outbox, Relay, Subscription};
use cache::{
    Cache,
    limits::Limits,
    live::LiveFeeds,
    redis::{self, Redis},
};
pub use database::migrate;
use db::{Db, PgConnections};
pub use directory::Accounts;
use idempotency::IdempotencyKeys;
use jobs::{DeadJobs, JobQueue, JobRunner};
use kit::cursor::CursorKey;
use objects::Objects;
pub use options::{AuthOption, Bus, Mode, Options, frame_variables, public_url, telemetry};
use quota::Quota;
use rpc::Endpoints;
pub use secrets::stored_secret;
pub use tls::Tls;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;

pub use crate::service::{Deps, Service, ServiceBuilder};
use crate::{
    http::{LoopbackGuard, RequestMiddleware, with_middleware},
    service::ServiceDef,
};

/// The services of a process, built and not yet serving.
pub struct Server {
    pub settings: Arc<Settings>,
    pub options: Options,
    /// One document for all services of this process.
    pub openapi: OpenApi,
    /// Signs the cursors of the operator's lists.
    cursors: CursorKey,
    /// What administrators see of each service.
    administered: Vec<Administered>,
    /// The relay of each service's outbox.
    relays: Vec<(&'static str, Relay)>,
    http: Router,
    grpc: Router,
    middleware: RequestMiddleware,
    tasks: Vec<Task>,
    /// Where every relay delivers to.
    subscriptions: Vec<Subscription>,
    broker: Option<Nats>,
    dbs: Vec<Db>,
    objects: Objects,
    redis: Option<Redis>,
    drain: CancellationToken,
    closing: CancellationToken,
    signals: stop::Signals,
    /// Held for as long as the process has the data folder.
    _lock: File,
}

/// What administrators see of a service, whatever it does.
#[derive(Debug, Clone)]
struct Administered {
    service: &'static str,
    letters: DeadLetters,
    jobs: DeadJobs,
    audit: Audit,
}

/// Every variable the server and the services read, each once.
pub fn variables(specs: &[ServiceDef]) -> Vec<Variable> {
    let mut variables = frame_variables();
    for variable in specs.iter().flat_map(|spec| spec.variables).copied().flatten() {
        if variables.iter().all(|known| known.name != variable.name) {
            variables.push(*variable);
        }
    }
    variables
}

/// Reads the configuration of the server and of every service, and names all faults at once.
pub fn check(specs: &[ServiceDef], settings: &Settings, mode: Mode) -> anyhow::Result<Options> {
    configure(specs, settings, mode).map(|(options, _)| options)
}

fn configure(specs: &[ServiceDef], settings: &Settings, mode: Mode) -> anyhow::Result<(Options, Vec<ServiceBuilder>)> {
    let mut reader = Reader::new(settings);
    let options = Options::read(&mut reader, specs, mode);
    let builders = specs.iter().map(|spec| (spec.configure)(&mut reader)).collect();
    reader.finish()?;
    Ok((options, builders))
}

impl Server {
    /// Opens the databases and builds the services. A signal ends the process meanwhile: nothing is served yet.
    pub async fn build(specs: &[ServiceDef], settings: Arc<Settings>, mode: Mode) -> anyhow::Result<Self> {
        let mut signals = stop::Signals::listen()?;
        tokio::select! {
            built = build(specs, settings, mode) => built,
            () = signals.next() => {
                tracing::info!("stopped before the start");
                std::process::exit(0);
            }
        }
    }
}

async fn build(specs: &[ServiceDef], settings: Arc<Settings>, mode: Mode) -> anyhow::Result<Server> {
    // Those that come after this are for `Server::run`.
    let signals = stop::Signals::listen()?;
    let (options, builders) = configure(specs, &settings, mode)?;
    // Before anything is counted.
    probes::recorder();
    let lock = lock_data(&options)?;
    startup::wait_for_dependencies(specs, &options, mode).await?;
    let shared = SharedResources::new(&options, specs, mode).await?;
    let broker = events::broker(&options).await?;
    let mut services = Vec::new();
    let mut relays = Vec::new();
    let mut dbs = Vec::new();
    let mut administered = Vec::new();
    let access = Authenticator::new(shared.auth.clone(), options.rpc_auth(), shared.directory.clone());
    let middleware = RequestMiddleware {
        proxies: options.proxies.clone(),
        is_https: options.is_https(),
        ..RequestMiddleware::new(access, shared.ids.clone())
    };
    let mut tasks = Vec::new();
    let mut cursors = None;
    for (spec, builder) in specs.iter().zip(builders) {
        let deps = shared.deps(spec, &options).await?;
        cursors.get_or_insert_with(|| deps.cursor_key.clone());
        let (db, queue, audit) = (deps.db.clone(), deps.jobs.clone(), deps.audit.clone());
        let keys = deps.idempotency.clone();
        let relay = Relay::new(db.clone(), deps.outbox.clone(), events::relay_options(&options));
        let mut service = builder.build(deps).await.with_context(|| format!("{} could not be built", spec.name))?;
        shared.endpoints.connect_local(spec.name, with_middleware(service.grpc.clone(), middleware.clone()))?;
        let consumers = service.consumers.clone();
        let letters = DeadLetters::new(db.clone(), shared.clock.clone(), relay.clone(), consumers);
        let jobs = maintenance::add(std::mem::take(&mut service.jobs), relay.clone(), keys);
        tasks.push(JobRunner::new(queue.clone(), jobs).task());
        administered.push(Administered { service: spec.name, letters, jobs: DeadJobs::new(queue), audit });
        relays.push((spec.name, relay));
        dbs.push(db);
        services.push(service);
    }
    let consumers = services.iter().flat_map(|service| service.consumers.iter().cloned()).collect();
    let (subscriptions, consumer_tasks) = events::deliveries(&options.bus, broker.as_ref(), consumers, &shared.clock);
    tasks.extend(consumer_tasks);
    let mut server = Server {
        settings,
        options,
        openapi: OpenApi::default(),
        cursors: cursors.context("a process has at least one service")?,
        administered,
        relays,
        http: Router::new(),
        grpc: probes::grpc(shared.drain.clone()),
        middleware,
        tasks,
        subscriptions,
        broker,
        dbs,
        objects: shared.objects,
        redis: shared.redis,
        drain: shared.drain,
        closing: shared.closing,
        signals,
        _lock: lock,
    };
    for service in services {
        server.add(service);
    }
    Ok(server)
}

/// One process at a time has a data folder: two would each take the other's unfinished work for a dead one's.
fn lock_data(options: &Options) -> anyhow::Result<File> {
    let data = options.data.display();
    std::fs::create_dir_all(&options.data).with_context(|| format!("cannot make {data}"))?;
    // Everybody's documents and questions are in it.
    std::fs::set_permissions(&options.data, Permissions::from_mode(0o700))
        .with_context(|| format!("cannot keep {data} to ourselves"))?;
    let lock = File::create(options.data.join("lock")).with_context(|| format!("cannot write to {data}"))?;
    if let Err(error) = lock.try_lock() {
        anyhow::bail!("another process uses the data folder {data} ({error}); DATA_DIR names another one");
    }
    Ok(lock)
}

/// What all services of a process share.
struct SharedResources {
    clock: Clock,
    ids: Ids,
    cache: Cache,
    limits: Limits,
    live: LiveFeeds,
    objects: Objects,
    redis: Option<Redis>,
    endpoints: Endpoints,
    auth: Auth,
    directory: CachedDirectory,
    postgres: Option<PgConnections>,
    drain: CancellationToken,
    closing: CancellationToken,
    executable: PathBuf,
}

impl SharedResources {
    async fn new(options: &Options, specs: &[ServiceDef], mode: Mode) -> anyhow::Result<Self> {
        let clock = Clock::system();
        let names = registry::names().chain(specs.iter().map(|spec| spec.name));
        let endpoints = Endpoints::new(names);
        // A service of this process is called here, whatever its address elsewhere.
        let elsewhere = options.remote.iter().filter(|(name, _)| specs.iter().all(|spec| spec.name != *name));
        for (name, address) in elsewhere {
            endpoints.connect_remote(name, address, options.identity.clone())?;
        }
        let (auth, directory) = directory::connect(options, mode, &endpoints, &clock)?;
        let redis = match &options.redis {
            Some(url) => Some(Redis::open(url, redis::CALL_TIMEOUT).await?),
            None => None,
        };
        let (cache, limits, live) = match &redis {
            Some(redis) => (
                Cache::redis(redis.clone(), options.cache_bytes),
                Limits::redis(redis.clone(), clock.clone()),
                LiveFeeds::redis(redis.clone()),
            ),
            None => {
                (Cache::in_process(options.cache_bytes), Limits::in_process(clock.clone()), LiveFeeds::in_process())
            }
        };
        let keeps = specs.iter().any(|spec| spec.objects);
        let objects = match options.s3.as_ref().filter(|_| keeps) {
            Some(s3) => Objects::s3(s3).await?,
            None => Objects::local(&options.data.join("objects"))?,
        };
        let postgres = database::connect(options, mode).await.context("the database cannot be opened")?;
        Ok(Self {
            ids: Ids::new(clock.clone()),
            auth,
            directory,
            clock,
            cache,
            limits,
            live,
            objects,
            redis,
            endpoints,
            postgres,
            drain: CancellationToken::new(),
            closing: CancellationToken::new(),
            executable: std::env::current_exe().context("the path of this executable is not known")?,
        })
    }

    async fn deps(&self, spec: &ServiceDef, options: &Options) -> anyhow::Result<Deps> {
        let opened = database::open(spec, options, self.postgres.as_ref()).await;
        let db = opened.with_context(|| format!("the database of {} cannot be opened", spec.name))?;
        let outbox = Outbox::new(self.ids.clone(), self.clock.clone());
        Ok(Deps {
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            cursor_key: secrets::cursor_key(&db).await?,
            audit: Audit::new(spec.name, outbox.clone(), self.ids.clone(), self.clock.clone()),
            idempotency: IdempotencyKeys::new(db.clone(), self.clock.clone(), self.ids.clone()),
            quota: Quota::unlimited(),
            outbox,
            jobs: JobQueue::new(db.clone(), self.clock.clone(), self.ids.clone()),
            db,
            cache: self.cache.clone(),
            limits: self.limits.clone(),
            live: self.live.clone(),
            objects: self.objects.clone(),
            peers: self.endpoints.for_caller(spec.name),
            directory: self.directory.clone(),
            has_accounts: matches!(options.auth, AuthOption::Accounts),
            insecure_http: options.insecure_http,
            drain: self.drain.clone(),
            closing: self.closing.clone(),
            executable: self.executable.clone(),
        })
    }
}

impl Server {
    fn add(&mut self, service: Service) {
        let (routes, described) = service.http.split_for_parts();
        openapi::add(&mut self.openapi, service.name, described);
        let http = std::mem::take(&mut self.http);
        self.http = http.merge(routes);
        let grpc = std::mem::take(&mut self.grpc);
        self.grpc = grpc.merge(service.grpc);
        self.tasks.extend(service.tasks);
    }

    /// Serves until a signal, then stops in order: the services, the operator's routes, and `extras`, which the binary adds.
    pub async fn run(mut self, extras: Router) -> anyhow::Result<()> {
        let listener = listen::bind(self.options.bind).await?;
        let bound = listener.local_addr()?;
        let grpc_listener = match self.options.grpc_bind {
            Some(address) => Some(listen::bind(address).await?),
            None => None,
        };
        let (operator, described) = operator::routes(&self).merge(admin_jobs::routes(&self)).split_for_parts();
        let mut document = self.openapi.clone();
        openapi::add(&mut document, "admin", described);
        openapi::finish(&mut document);
        let ready = probes::Ready {
            dbs: self.dbs.clone(),
            objects: self.objects.clone(),
            broker: self.broker.clone(),
            redis: self.redis.clone(),
            drain: self.drain.clone(),
        };
        let probes = probes::http(ready, &document);
        let mut http = self.http.clone().merge(operator).merge(extras).merge(probes);
        if grpc_listener.is_none() {
            http = http.merge(self.grpc.clone());
        }
        let stop = stop::Stop::new(self.drain.clone(), self.closing.clone());
        self.start_tasks(&stop);
        let mut servers = tokio::task::JoinSet::new();
        servers.spawn(self.serve(listener, http, bound, self.options.tls.clone(), &stop));
        if let Some(listener) = grpc_listener {
            let bound = listener.local_addr()?;
            tracing::info!("gRPC at http://{bound}");
            // Services call each other without TLS; each call is signed.
            servers.spawn(self.serve(listener, self.grpc.clone(), bound, None, &stop));
        }
        if self.options.insecure_http {
            tracing::warn!(
                "INSECURE_HTTP: passwords and tokens cross the network unencrypted; TLS_CERT and TLS_KEY would protect them"
            );
        }
        tracing::info!("listening on {}://{bound}", self.options.scheme());
        stop.until_signal(&mut self.signals, self.options.lame_duck).await;
        stop.finish(&mut self.signals, servers, &self.dbs).await;
        Ok(())
    }

    /// Serves `routes` on one listener.
    fn serve(
        &self,
        listener: TcpListener,
        routes: Router,
        bound: SocketAddr,
        tls: Option<Tls>,
        stop: &stop::Stop,
    ) -> impl Future<Output = ()> + Send + 'static {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let routes = with_middleware(routes, self.frame_at(bound, scheme));
        let timeouts = listen::Timeouts::default();
        listen::serve(listener, routes, self.options.connections, timeouts, tls, stop.accepting.clone())
    }

    /// The middleware of one listener: without accounts, requests must name its very port.
    fn frame_at(&self, bound: SocketAddr, scheme: &'static str) -> RequestMiddleware {
        let guard = self.middleware.access.is_local_owner().then(|| LoopbackGuard::new(bound, scheme));
        RequestMiddleware { guard, ..self.middleware.clone() }
    }

    fn start_tasks(&self, stop: &stop::Stop) {
        for (service, relay) in &self.relays {
            let (relay, token) = (relay.clone(), stop.relays.token.clone());
            let own = self.subscriptions.iter().filter(|subscription| subscription.subjects.covers_service(service));
            let own: Vec<Subscription> = own.cloned().collect();
            stop.relays.tracker.spawn(async move { relay.run(own, token).await });
        }
        let limiter = self.middleware.limiter.clone();
        let watch = Task::new("adjust concurrency limits", move |_, stop| {
            let limiter = limiter.clone();
            async move {
                stop.run_until_cancelled(limiter.adjust_limits()).await;
            }
        });
        let reload = self
            .options
            .tls
            .clone()
            .map(|tls| Task::new("read the certificate again", move |_, stop| tls.clone().reload_until(stop)));
        for task in self.tasks.iter().cloned().chain([watch, probes::metrics_upkeep()]).chain(reload) {
            task.start(&stop.tasks.tracker, stop.tasks.token.clone());
        }
    }
}

/// The whole `main` of a thin binary: one service, its own ports, no local owner. `<service>-svc migrate` brings its schema
/// to this version instead.
pub fn main(spec: ServiceDef) -> std::process::ExitCode {
    crate::process(move || async move {
        let settings = Settings::load(variables(&[spec]), std::path::Path::new("gooseek.toml"), std::env::vars())?;
        match std::env::args().nth(1).as_deref() {
            None => {}
            Some("migrate") => return migrate(&[spec], &settings).await,
            Some(other) => anyhow::bail!("{other:?} is not a command; there is `migrate`, and none to serve"),
        }
        let telemetry = options::telemetry(&settings, &format!("{}-svc", spec.name))?;
        let mode = Mode::Single { name: spec.name, port: spec.port };
        let server = Server::build(&[spec], Arc::new(settings), mode).await?;
        server.run(Router::new()).await?;
        telemetry.flush();
        Ok(())
    })
}

/// Runs `work` on a runtime, after the one TLS provider of the process is installed.
pub fn process<F, Fut>(work: F) -> std::process::ExitCode
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    // An error means that one is installed already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    match runtime.block_on(work()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
