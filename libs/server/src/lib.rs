//! Starts services and stops them: configuration faults first, then databases, services, events, listeners; on a
//! signal readiness goes false, streams are told to reconnect, requests finish, the outbox is flushed.

mod database;
pub mod http;
mod listen;
mod operator;
mod options;
mod probes;
pub mod service;
mod stop;
mod wait;

use std::{
    fs::{File, Permissions},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use access::Auth;
use anyhow::Context;
use axum::Router;
use base::{
    Scope, SystemScope,
    config::{Reader, Settings, Variable},
    tasks::Task,
    time::{Clock, Ids},
};
use bus::{DeadLetters, Nats, NatsOptions, Relay, RelayOptions, Route};
use cache::{
    Cache,
    limits::Limits,
    live::LiveLog,
    redis::{self, Redis},
};
pub use database::migrate;
use db::{Db, on_db};
use kit::cursor::CursorKey;
use objects::Objects;
pub use options::{Bus, FRAME_VARIABLES, Mode, Options, telemetry};
use rand::RngCore;
use rpc::Peers;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};

pub use crate::service::{Deps, Service};
use crate::{
    http::{AdaptiveLimiter, Frame, LoopbackGuard, framed},
    service::ServiceDef,
};

/// The services of a process, built and not yet serving.
pub struct Server {
    pub settings: Arc<Settings>,
    pub options: Options,
    /// One document for all services of this process.
    pub openapi: OpenApi,
    /// The dead letters of each service's outbox.
    dead_letters: Vec<(&'static str, DeadLetters)>,
    /// The relay of each service's outbox.
    relays: Vec<Relay>,
    http: Router,
    grpc: Router,
    frame: Frame,
    tasks: Vec<Task>,
    /// Where every relay delivers to.
    routes: Vec<Route>,
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

/// Every variable the frame and the services read, each once.
pub fn variables(specs: &[ServiceDef]) -> Vec<Variable> {
    let mut variables = FRAME_VARIABLES.to_vec();
    for variable in specs.iter().flat_map(|spec| spec.variables).copied().flatten() {
        if variables.iter().all(|known| known.name != variable.name) {
            variables.push(*variable);
        }
    }
    variables
}

/// Reads the configuration of the frame and of every service, and names all faults at once.
pub fn check(specs: &[ServiceDef], settings: &Settings, mode: Mode) -> anyhow::Result<Options> {
    let mut reader = Reader::new(settings);
    let options = Options::read(&mut reader, mode);
    for spec in specs {
        (spec.check)(&mut reader);
    }
    reader.finish()?;
    Ok(options)
}

/// Opens the databases and builds the services. A signal ends the process meanwhile: nothing is served yet.
pub async fn assemble(specs: &[ServiceDef], settings: Arc<Settings>, mode: Mode) -> anyhow::Result<Server> {
    let mut signals = stop::Signals::listen()?;
    tokio::select! {
        assembled = build(specs, settings, mode) => assembled,
        () = signals.next() => {
            tracing::info!("stopped before the start");
            std::process::exit(0);
        }
    }
}

async fn build(specs: &[ServiceDef], settings: Arc<Settings>, mode: Mode) -> anyhow::Result<Server> {
    // What comes after all is built is for whoever runs it.
    let signals = stop::Signals::listen()?;
    let options = check(specs, &settings, mode)?;
    // Before anything is counted.
    probes::recorder();
    let lock = lock_data(&options)?;
    wait::until_it_can_start(specs, &options, mode).await?;
    let parts = Parts::new(&options, specs).await?;
    let broker = broker(&options).await?;
    let mut services = Vec::new();
    let mut relays = Vec::new();
    let mut dbs = Vec::new();
    let mut dead_letters = Vec::new();
    for spec in specs {
        let deps = parts.deps(spec, &options, settings.clone()).await?;
        let (db, relay) = (deps.db.clone(), deps.relay.clone());
        let service = (spec.build)(deps).await.with_context(|| format!("{} could not be built", spec.name))?;
        parts.peers.connect_local(spec.name, service.grpc.clone());
        let letters = DeadLetters::new(spec.name, db.clone(), parts.clock.clone(), relay.clone(), broker.clone());
        dead_letters.push((spec.name, letters));
        relays.push(relay);
        dbs.push(db);
        services.push(service);
    }
    let (routes, taking) = deliveries(&options.bus, broker.as_ref(), &services, &parts.clock);
    let frame = Frame {
        auth: options.auth.clone(),
        guard: None,
        callers: options.callers(),
        ids: parts.ids.clone(),
        limiter: AdaptiveLimiter::default(),
    };
    let mut assembly = Server {
        settings,
        options,
        openapi: document(),
        dead_letters,
        relays,
        http: Router::new(),
        grpc: probes::grpc(parts.drain.clone()),
        frame,
        tasks: taking,
        routes,
        broker,
        dbs,
        objects: parts.objects,
        redis: parts.redis,
        drain: parts.drain,
        closing: parts.closing,
        signals,
        _lock: lock,
    };
    for service in services {
        assembly.add(service);
    }
    Ok(assembly)
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
struct Parts {
    clock: Clock,
    ids: Ids,
    cache: Cache,
    limits: Limits,
    live: LiveLog,
    objects: Objects,
    redis: Option<Redis>,
    peers: Peers,
    drain: CancellationToken,
    closing: CancellationToken,
    executable: PathBuf,
}

impl Parts {
    async fn new(options: &Options, specs: &[ServiceDef]) -> anyhow::Result<Self> {
        let clock = Clock::system();
        let peers = Peers::new(options::PEERS.map(|(name, _)| name));
        // A service of this process is called here, whatever its address elsewhere.
        let elsewhere = options.remote.iter().filter(|(name, _)| specs.iter().all(|spec| spec.name != *name));
        for (name, address) in elsewhere {
            peers.connect_remote(name, address, options.identity.clone())?;
        }
        let redis = match &options.redis {
            Some(url) => Some(Redis::open(url, redis::PATIENCE).await?),
            None => None,
        };
        let (cache, limits, live) = match &redis {
            Some(redis) => (
                Cache::redis(redis.clone(), options.cache_bytes),
                Limits::redis(redis.clone(), clock.clone()),
                LiveLog::redis(redis.clone()),
            ),
            None => (Cache::in_process(options.cache_bytes), Limits::in_process(clock.clone()), LiveLog::in_process()),
        };
        let keeps = specs.iter().any(|spec| spec.objects);
        let objects = match options.s3.as_ref().filter(|_| keeps) {
            Some(s3) => Objects::s3(s3).await?,
            None => Objects::local(&options.data.join("objects"))?,
        };
        Ok(Self {
            ids: Ids::new(clock.clone()),
            clock,
            cache,
            limits,
            live,
            objects,
            redis,
            peers,
            drain: CancellationToken::new(),
            closing: CancellationToken::new(),
            executable: std::env::current_exe().context("the path of this executable is not known")?,
        })
    }

    async fn deps(&self, spec: &ServiceDef, options: &Options, settings: Arc<Settings>) -> anyhow::Result<Deps> {
        let opened = database::open(spec, options).await;
        let db = opened.with_context(|| format!("the database of {} cannot be opened", spec.name))?;
        let relay_options = RelayOptions {
            retention: options.outbox_retention,
            timeout: options.delivery_timeout,
            poll: Duration::from_secs(1),
        };
        Ok(Deps {
            settings,
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            cursor_key: cursor_key(&db).await?,
            relay: Relay::new(db.clone(), self.clock.clone(), relay_options),
            db,
            cache: self.cache.clone(),
            limits: self.limits.clone(),
            live: self.live.clone(),
            objects: self.objects.clone(),
            peers: self.peers.clone(),
            drain: self.drain.clone(),
            closing: self.closing.clone(),
            executable: self.executable.clone(),
        })
    }
}

/// Made at the first start and kept in the database, so that every replica signs with the same key.
async fn cursor_key(db: &Db) -> anyhow::Result<CursorKey> {
    let mut fresh = [0_u8; 32];
    rand::rng().fill_bytes(&mut fresh);
    #[expect(clippy::disallowed_methods, reason = "the key belongs to the service, not to an organisation")]
    let system = Scope::from(SystemScope::new());
    let mut session = db.begin(&system).await?;
    on_db!(&mut session, conn => sqlx::query(
        "INSERT INTO frame_secrets (name, value) VALUES ('cursor', $1) ON CONFLICT DO NOTHING")
        .bind(fresh.as_slice())
        .execute(conn)
        .await
        .map(drop))?;
    let (secret,): (Vec<u8>,) = on_db!(&mut session, conn => sqlx::query_as(
        "SELECT value FROM frame_secrets WHERE name = 'cursor'")
        .fetch_one(conn)
        .await)?;
    session.commit().await?;
    Ok(CursorKey::new(&secret))
}

fn document() -> OpenApi {
    let info = InfoBuilder::new().title("GooSeek").version(env!("CARGO_PKG_VERSION")).build();
    OpenApiBuilder::new().info(info).build()
}

async fn broker(options: &Options) -> anyhow::Result<Option<Nats>> {
    let Bus::Nats { address, replicas } = &options.bus else { return Ok(None) };
    let nats = Nats::connect(address, NatsOptions::new(*replicas, options.outbox_retention)).await;
    Ok(Some(nats.context("NATS_URL cannot be used")?))
}

/// Where relays deliver to, and the work of taking from a broker.
fn deliveries(bus: &Bus, broker: Option<&Nats>, services: &[Service], clock: &Clock) -> (Vec<Route>, Vec<Task>) {
    let consumers = services.iter().flat_map(|service| service.consumers.iter().cloned());
    if let Some(broker) = broker {
        let taking = consumers.map(|consumer| broker.taking(consumer, clock.clone()));
        return (vec![Route::to_broker(broker.courier())], taking.collect());
    }
    if matches!(bus, Bus::OutboxOnly) {
        return (Vec::new(), Vec::new());
    }
    let routes = consumers.map(|consumer| Route {
        name: consumer.name.to_owned(),
        subject: Some(consumer.subject.to_owned()),
        courier: consumer.in_process(clock.clone()),
    });
    (routes.collect(), Vec::new())
}

impl Server {
    fn add(&mut self, service: Service) {
        let (routes, openapi) = service.http.split_for_parts();
        self.openapi.merge(openapi);
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
        let (operator, documented) = operator::routes(&self).split_for_parts();
        let mut openapi = self.openapi.clone();
        openapi.merge(documented);
        let ready = probes::Ready {
            dbs: self.dbs.clone(),
            objects: self.objects.clone(),
            broker: self.broker.clone(),
            redis: self.redis.clone(),
            drain: self.drain.clone(),
        };
        let probes = probes::http(ready, &openapi);
        let mut http = self.http.clone().merge(operator).merge(extras).merge(probes);
        if grpc_listener.is_none() {
            http = http.merge(self.grpc.clone());
        }
        let stop = stop::Stop::new(self.drain.clone(), self.closing.clone());
        self.start_tasks(&stop);
        let mut servers = tokio::task::JoinSet::new();
        servers.spawn(self.serve(listener, http, bound, &stop));
        if let Some(listener) = grpc_listener {
            let bound = listener.local_addr()?;
            tracing::info!("gRPC at http://{bound}");
            servers.spawn(self.serve(listener, self.grpc.clone(), bound, &stop));
        }
        tracing::info!("listening on http://{bound}");
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
        stop: &stop::Stop,
    ) -> impl Future<Output = ()> + Send + 'static {
        let routes = framed(routes, self.frame_at(bound));
        let patience = listen::Patience::default();
        listen::serve(listener, routes, self.options.connections, patience, stop.accepting.clone())
    }

    /// The frame of one listener: without accounts, requests must name its very port.
    fn frame_at(&self, bound: SocketAddr) -> Frame {
        let guard = matches!(self.frame.auth, Auth::LocalOwner).then(|| LoopbackGuard::new(bound));
        Frame { guard, ..self.frame.clone() }
    }

    fn start_tasks(&self, stop: &stop::Stop) {
        for relay in &self.relays {
            let (relay, routes, token) = (relay.clone(), self.routes.clone(), stop.relays.token.clone());
            stop.relays.tracker.spawn(async move { relay.run(routes, token).await });
        }
        let relays = self.relays.clone();
        let prune = Task::on_schedule("prune outboxes", "17 * * * *", Clock::system(), move |_| {
            let relays = relays.clone();
            async move {
                for relay in &relays {
                    if let Err(error) = relay.prune().await {
                        tracing::warn!(%error, "outbox could not be pruned");
                    }
                }
            }
        });
        let limiter = self.frame.limiter.clone();
        let watch = Task::new("adjust concurrency limits", move |_, stop| {
            let limiter = limiter.clone();
            async move {
                stop.run_until_cancelled(limiter.adjust_limits()).await;
            }
        });
        for task in self.tasks.iter().cloned().chain([prune, watch, probes::metrics_upkeep()]) {
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
        let assembly = assemble(&[spec], Arc::new(settings), mode).await?;
        assembly.run(Router::new()).await?;
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
