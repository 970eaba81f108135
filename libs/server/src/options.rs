//! The variables of the frame itself.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use access::{ALL_IN_ONE, RpcAuth, ServiceIdentity, TrustedProxies, Verifier};
use base::{
    config::{Reader, Secret, Settings, Variable},
    telemetry::{LogFormat, Telemetry},
    time::{Clock, Ids},
};
use bus::NatsAddress;
use cache::redis::Redis;
use objects::S3Options;

use super::probes;
use crate::{service::ServiceDef, tls::Tls};

/// Variables every process has: those below, and where each service is when it runs in another process.
pub fn frame_variables() -> Vec<Variable> {
    let about = "gRPC address of this service when it runs in another process";
    let peers = registry::SERVICES.iter().map(|service| Variable::optional(service.url_variable, about));
    VARIABLES.iter().copied().chain(peers).collect()
}

const VARIABLES: &[Variable] = &[
    Variable::with_default(
        "BIND",
        "127.0.0.1:8080",
        "address and port to listen on, 127.0.0.1 and its own port for a service that runs alone; other than loopback needs accounts",
    ),
    Variable::optional(
        "GRPC_BIND",
        "address and port for gRPC; unset: port 50051 at the address of BIND for a service that runs alone, otherwise gRPC shares BIND, as it does when both are the same",
    ),
    Variable::optional(
        "TLS_CERT",
        "certificate chain (PEM file) that BIND speaks HTTPS with; read again when it changes",
    ),
    Variable::optional("TLS_KEY", "private key (PEM file) of TLS_CERT"),
    Variable::with_default(
        "INSECURE_HTTP",
        "false",
        "true: plain HTTP also beyond loopback, where passwords and tokens can be read on the way",
    ),
    Variable::optional(
        "PUBLIC_URL",
        "address of this installation as people type it, for links, cookies and HSTS: https://seek.example.org; unset: that of BIND",
    ),
    Variable::with_default("MAX_CONNECTIONS", "8192", "connections a listener has open at once; further ones wait"),
    Variable::with_default("DATA_DIR", "./data", "folder of everything this process keeps"),
    Variable::secret("POSTGRES_URL", "Postgres instead of SQLite: postgresql://user:password@host:5432/database"),
    Variable::secret(
        "POSTGRES_MIGRATE_URL",
        "the same database by the role that owns the schemas, for `migrate`; set, nothing is migrated at start",
    ),
    Variable::with_default(
        "POSTGRES_CONNECTIONS",
        "12",
        "connections of the whole process to Postgres, however many services run in it",
    ),
    Variable::with_default(
        "BUS",
        "embedded",
        "without NATS_URL: embedded delivers events in this process, none leaves them in the outbox",
    ),
    Variable::secret(
        "NATS_URL",
        "events go through NATS JetStream: nats://user:password@host:4222 or nats://token@host:4222; a cluster is a comma list",
    ),
    Variable::with_default(
        "NATS_REPLICAS",
        "1",
        "servers of the NATS cluster that keep a copy of each stream: 1, 3 or 5",
    ),
    Variable::with_default("OUTBOX_RETENTION", "7d", "how long delivered events are kept"),
    Variable::with_default("CACHE_BYTES", "33554432", "size of the in-process cache"),
    Variable::secret(
        "REDIS_URL",
        "cache, limits and live runs shared by processes: redis://user:password@host:6379/0, rediss:// for TLS",
    ),
    Variable::optional("MINIO_ENDPOINT", "S3 server for uploaded files, instead of DATA_DIR: http://host:9000"),
    Variable::secret("MINIO_ACCESS_KEY", "access key for MINIO_ENDPOINT"),
    Variable::secret("MINIO_SECRET_KEY", "secret key for MINIO_ENDPOINT"),
    Variable::with_default("MINIO_BUCKET", "gooseek", "bucket for uploaded files; made if it is not there"),
    Variable::with_default("MINIO_REGION", "us-east-1", "region of the S3 server"),
    Variable::with_default(
        "AUTH_REQUIRED",
        "false",
        "true: people sign in with accounts, also on loopback; any other address needs them anyway",
    ),
    Variable::optional(
        "JWT_PUBLIC_KEY",
        "public key (PEM, JWK or JWKS, or a file with it) that access tokens are checked with; switches accounts on",
    ),
    Variable::optional("AUTH_SERVICE_URL", "auth-svc; its /.well-known/jwks.json is used when JWT_PUBLIC_KEY is unset"),
    Variable::secret("JWT_SECRET", "belongs to auth-svc alone; a process without it refuses to start with this"),
    Variable::optional(
        "TRUSTED_PROXIES",
        "networks of reverse proxies whose X-Forwarded-For is believed, a comma list such as 10.0.0.0/8,fd00::/8",
    ),
    Variable::secret(
        "SERVICE_KEY",
        "private key (PEM, or a file with it) that calls to services in other processes are signed with",
    ),
    Variable::optional("SERVICE_KEYS", "public keys of all services (JWKS, or a file with it)"),
    Variable::with_default(
        "DRAIN_LAME_DUCK",
        "0s",
        "pause between going unready and refusing new connections; 5s behind a load balancer",
    ),
    Variable::with_default(
        "RUST_LOG",
        "info,sqlx::postgres::notice=warn",
        "log filter, in the syntax of tracing's EnvFilter",
    ),
    Variable::with_default("LOG_FORMAT", "text", "text or json"),
    Variable::optional("OTEL_EXPORTER_OTLP_ENDPOINT", "OpenTelemetry collector (gRPC) for traces and metrics"),
];

/// Signs access tokens. A service that reads it names it among its own variables; no other process may have it.
const SIGNING_SECRET: &str = "JWT_SECRET";
/// What `BIND` is to be.
const BIND_EXPECTED: &str = "an address and port such as 127.0.0.1:8080";
/// Where a service that runs alone serves gRPC.
const GRPC_PORT: u16 = 50_051;

/// How a process runs its services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything in `gooseek serve`: without accounts the machine has one local owner.
    AllInOne,
    /// One service in its own binary: without accounts only health is served.
    Single { name: &'static str, port: u16 },
}

/// How events get from one service to another.
#[derive(Debug, Clone)]
pub enum Bus {
    /// This process delivers to the services in it.
    Embedded,
    /// They stay in the outbox.
    OutboxOnly,
    /// Through a broker, to every process; streams have this many copies.
    Nats { address: NatsAddress, replicas: usize },
}

/// How requests are matched to users, as configured.
#[derive(Debug, Clone)]
pub enum AuthOption {
    /// No accounts: whatever reaches the loopback port is the owner's.
    LocalOwner,
    /// Access tokens, checked against `JWT_PUBLIC_KEY` or a JWKS at `AUTH_SERVICE_URL`.
    Tokens(Arc<Verifier>),
    /// Accounts of auth-svc, in this process or at `AUTH_SVC_URL`.
    Accounts,
    /// None of these: everything but health is refused.
    Closed,
}

/// The frame's configuration, validated.
#[derive(Debug, Clone)]
pub struct Options {
    pub bind: SocketAddr,
    pub grpc_bind: Option<SocketAddr>,
    /// HTTPS at `bind`.
    pub tls: Option<Tls>,
    /// Whether others reach `bind` over plain HTTP, as the operator wants it.
    pub insecure_http: bool,
    /// Where people reach this installation, without a slash at its end.
    pub public_url: String,
    /// Per listener.
    pub connections: usize,
    pub data: PathBuf,
    pub postgres: Option<Secret>,
    /// The owner of the schemas, where it is not the role of `postgres`.
    pub postgres_migrate: Option<Secret>,
    /// Of the whole process.
    pub postgres_connections: u32,
    pub bus: Bus,
    pub outbox_retention: Duration,
    pub delivery_timeout: Duration,
    pub cache_bytes: u64,
    pub redis: Option<Secret>,
    /// Objects are files in `data` without it.
    pub s3: Option<S3Options>,
    pub auth: AuthOption,
    pub proxies: TrustedProxies,
    /// This process among the services, when it has a key.
    pub identity: Option<ServiceIdentity>,
    pub remote: Vec<(&'static str, String)>,
    pub lame_duck: Duration,
}

impl Options {
    pub(super) fn read(reader: &mut Reader<'_>, specs: &[ServiceDef], mode: Mode) -> Self {
        let (bind, grpc_bind) = addresses(reader, mode);
        let issues_tokens = specs.iter().any(|spec| spec.reads(SIGNING_SECRET));
        if reader.text(SIGNING_SECRET).is_some() && !issues_tokens {
            reader.fault(format!(
                "{SIGNING_SECRET} is set, but it belongs to auth-svc alone: this process needs JWT_PUBLIC_KEY only"
            ));
        }
        let format = reader.text("LOG_FORMAT").unwrap_or_default();
        if !matches!(format.as_str(), "text" | "json") {
            reader.fault(format!("LOG_FORMAT: {format:?} is neither text nor json"));
        }
        let [postgres, postgres_migrate] = ["POSTGRES_URL", "POSTGRES_MIGRATE_URL"].map(|name| postgres(reader, name));
        let auth = auth(reader, specs, mode, bind);
        for (name, address) in [("BIND", Some(bind)), ("GRPC_BIND", grpc_bind)] {
            if let Some(address) = address.filter(|address| !address.ip().is_loopback())
                && matches!(auth, AuthOption::LocalOwner)
            {
                reader.fault(format!(
                    "{name}: {address} is not loopback, which needs accounts: set AUTH_REQUIRED=true, JWT_PUBLIC_KEY or AUTH_SERVICE_URL"
                ));
            }
        }
        let (tls, proxies) = (tls(reader), proxies(reader));
        let has_proxy = reader.is_set("TRUSTED_PROXIES");
        Self {
            bind,
            grpc_bind,
            insecure_http: insecure_http(reader, mode, bind, tls.is_some() || has_proxy),
            tls,
            public_url: public_url(reader),
            connections: reader.parse::<usize>("MAX_CONNECTIONS", "a number of connections").max(1),
            data: PathBuf::from(reader.text("DATA_DIR").unwrap_or_default()),
            postgres,
            postgres_migrate,
            postgres_connections: reader.parse::<u32>("POSTGRES_CONNECTIONS", "a number of connections").max(1),
            bus: bus(reader),
            outbox_retention: reader.duration("OUTBOX_RETENTION"),
            delivery_timeout: Duration::from_secs(30),
            cache_bytes: reader.parse("CACHE_BYTES", "a number of bytes"),
            redis: redis(reader),
            s3: s3(reader),
            auth,
            proxies,
            identity: identity(reader, mode),
            remote: remote(reader),
            lame_duck: reader.duration("DRAIN_LAME_DUCK"),
        }
    }
}

/// A certificate and its key. One half alone is a mistake.
fn tls(reader: &mut Reader<'_>) -> Option<Tls> {
    let (cert, key) = match (reader.text("TLS_CERT"), reader.text("TLS_KEY")) {
        (Some(cert), Some(key)) => (cert, key),
        (None, None) => return None,
        (cert, _) => {
            let missing = if cert.is_some() { "TLS_KEY" } else { "TLS_CERT" };
            reader.fault(format!("{missing} is not set: TLS_CERT and TLS_KEY belong together"));
            return None;
        }
    };
    Tls::open(Path::new(&cert), Path::new(&key)).map_err(|fault| reader.fault(fault)).ok()
}

/// Whether the all-in-one server speaks plain HTTP with others, which is a fault unless the operator wants it. Services in
/// processes of their own stand behind a proxy.
fn insecure_http(reader: &mut Reader<'_>, mode: Mode, bind: SocketAddr, is_protected: bool) -> bool {
    let allowed: bool = reader.parse("INSECURE_HTTP", "true or false");
    let is_open = mode == Mode::AllInOne && !bind.ip().is_loopback() && !is_protected;
    if is_open && !allowed {
        reader.fault(format!(
            "BIND: at {bind} passwords and tokens would cross the network unencrypted: set TLS_CERT and TLS_KEY, TRUSTED_PROXIES \
             where a proxy speaks HTTPS, or INSECURE_HTTP=true in a network whose every device you trust"
        ));
    }
    is_open && allowed
}

/// Where people reach this installation, without a slash at its end: `PUBLIC_URL`, or what a browser on this machine would type.
pub fn public_url(reader: &mut Reader<'_>) -> String {
    if let Some(url) = reader.address("PUBLIC_URL") {
        return url;
    }
    let bind: SocketAddr = reader.parse("BIND", BIND_EXPECTED);
    let scheme = if reader.text("TLS_CERT").is_some() { "https" } else { "http" };
    if bind.ip().is_unspecified() {
        return format!("{scheme}://localhost:{}", bind.port());
    }
    format!("{scheme}://{bind}")
}

/// The services that run in other processes, and where.
fn remote(reader: &mut Reader<'_>) -> Vec<(&'static str, String)> {
    let known = registry::SERVICES.iter();
    known.filter_map(|service| Some((service.name, reader.address(service.url_variable)?))).collect()
}

/// Where HTTP is served, and gRPC if it has an address of its own: always when a service runs alone, unless both are given
/// the same.
fn addresses(reader: &mut Reader<'_>, mode: Mode) -> (SocketAddr, Option<SocketAddr>) {
    let mut bind = reader.parse::<SocketAddr>("BIND", BIND_EXPECTED);
    let mut grpc_bind = None;
    if let Mode::Single { port, .. } = mode {
        if !reader.is_set("BIND") {
            bind.set_port(port);
        }
        grpc_bind = Some(SocketAddr::new(bind.ip(), GRPC_PORT));
    }
    if let Some(address) = reader.parse_optional("GRPC_BIND", BIND_EXPECTED) {
        grpc_bind = Some(address);
    }
    (bind, grpc_bind.filter(|address| *address != bind))
}

fn bus(reader: &mut Reader<'_>) -> Bus {
    let bus = match reader.text("BUS").as_deref() {
        Some("embedded") => Bus::Embedded,
        Some("none") => Bus::OutboxOnly,
        other => {
            reader.fault(format!("BUS: {:?} is neither embedded nor none", other.unwrap_or_default()));
            Bus::OutboxOnly
        }
    };
    let replicas = reader.parse("NATS_REPLICAS", "1, 3 or 5");
    if !matches!(replicas, 1 | 3 | 5) {
        reader.fault(format!("NATS_REPLICAS: {replicas} is not 1, 3 or 5"));
    }
    let Some(url) = reader.secret("NATS_URL") else { return bus };
    if matches!(bus, Bus::OutboxOnly) {
        reader.fault("BUS=none leaves events in the outbox, but NATS_URL is set: unset one of them");
    }
    match NatsAddress::parse(url.expose()) {
        Ok(address) => Bus::Nats { address, replicas },
        Err(fault) => {
            reader.fault(format!("NATS_URL: {fault}"));
            bus
        }
    }
}

fn postgres(reader: &mut Reader<'_>, name: &'static str) -> Option<Secret> {
    let url = reader.secret(name)?;
    if url.expose().starts_with("postgres://") || url.expose().starts_with("postgresql://") {
        return Some(url);
    }
    reader.fault(format!("{name}: does not start with postgresql://"));
    None
}

/// The key pair calls are signed with. One half alone is a mistake.
fn identity(reader: &mut Reader<'_>, mode: Mode) -> Option<ServiceIdentity> {
    let (private, public) = match (reader.secret("SERVICE_KEY"), reader.text("SERVICE_KEYS")) {
        (Some(private), Some(public)) => (private, public),
        (None, None) => return None,
        (private, _) => {
            let missing = if private.is_some() { "SERVICE_KEYS" } else { "SERVICE_KEY" };
            reader.fault(format!("{missing} is not set: SERVICE_KEY and SERVICE_KEYS belong together"));
            return None;
        }
    };
    let name = match mode {
        Mode::AllInOne => ALL_IN_ONE,
        Mode::Single { name, .. } => name,
    };
    let clock = Clock::system();
    let made = value_or_file("SERVICE_KEY", private.expose()).and_then(|private| {
        let public = value_or_file("SERVICE_KEYS", &public)?;
        ServiceIdentity::new(name, &private, &public, clock.clone(), Ids::new(clock))
    });
    made.map_err(|fault| reader.fault(fault)).ok()
}

/// Keys are mounted as files in a cluster, and pasted into variables elsewhere.
fn value_or_file(variable: &str, value: &str) -> Result<String, String> {
    if value.starts_with("-----BEGIN") || value.trim_start().starts_with('{') {
        return Ok(value.to_owned());
    }
    std::fs::read_to_string(value).map_err(|error| format!("{variable}: the file cannot be read: {error}"))
}

impl Options {
    /// What is spoken at `bind`.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Whether browsers reach this server over HTTPS, here or at a proxy.
    pub fn is_https(&self) -> bool {
        self.tls.is_some() || self.public_url.starts_with("https://")
    }

    /// How services that call this process are known.
    pub fn rpc_auth(&self) -> RpcAuth {
        match (&self.auth, &self.identity) {
            (_, Some(identity)) => RpcAuth::Known(identity.clone()),
            (AuthOption::LocalOwner, None) => RpcAuth::Anyone,
            (_, None) => RpcAuth::Closed,
        }
    }
}

fn redis(reader: &mut Reader<'_>) -> Option<Secret> {
    let url = reader.secret("REDIS_URL")?;
    if let Err(error) = Redis::check(&url) {
        reader.fault(format!("REDIS_URL: {error}"));
        return None;
    }
    Some(url)
}

/// A server and its two keys: all of them or none.
fn s3(reader: &mut Reader<'_>) -> Option<S3Options> {
    const TOGETHER: [&str; 3] = ["MINIO_ENDPOINT", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"];
    let missing: Vec<&str> = TOGETHER.into_iter().filter(|name| reader.text(name).is_none()).collect();
    if !missing.is_empty() {
        if missing.len() < TOGETHER.len() {
            reader.fault(format!("an S3 server needs {}; unset: {}", TOGETHER.join(", "), missing.join(", ")));
        }
        return None;
    }
    Some(S3Options {
        endpoint: reader.address("MINIO_ENDPOINT")?,
        access_key: reader.secret("MINIO_ACCESS_KEY")?,
        secret_key: reader.secret("MINIO_SECRET_KEY")?,
        bucket: reader.text("MINIO_BUCKET").unwrap_or_default(),
        region: reader.text("MINIO_REGION").unwrap_or_default(),
    })
}

fn auth(reader: &mut Reader<'_>, specs: &[ServiceDef], mode: Mode, bind: SocketAddr) -> AuthOption {
    let required = reader.parse("AUTH_REQUIRED", "true or false");
    let has_accounts = specs.iter().any(|spec| spec.name == registry::AUTH.name);
    let elsewhere = reader.text(registry::AUTH.url_variable).is_some();
    let verifier = match (reader.text("JWT_PUBLIC_KEY"), reader.address("AUTH_SERVICE_URL")) {
        (Some(pinned), _) => value_or_file("JWT_PUBLIC_KEY", &pinned)
            .and_then(|pinned| Verifier::pinned(&pinned).map_err(|error| format!("JWT_PUBLIC_KEY: {error}"))),
        (None, Some(base)) if !has_accounts => {
            Verifier::remote(&base).map_err(|error| format!("AUTH_SERVICE_URL: {error}"))
        }
        _ if has_accounts && (mode != Mode::AllInOne || required || !bind.ip().is_loopback()) => {
            return AuthOption::Accounts;
        }
        _ if elsewhere => return AuthOption::Accounts,
        _ if required => {
            Err("AUTH_REQUIRED is true, but auth-svc is not part of this process and AUTH_SVC_URL is not set"
                .to_owned())
        }
        _ if mode == Mode::AllInOne => return AuthOption::LocalOwner,
        _ => return AuthOption::Closed,
    };
    match verifier {
        Ok(verifier) => AuthOption::Tokens(Arc::new(verifier)),
        Err(fault) => {
            reader.fault(fault);
            AuthOption::Closed
        }
    }
}

fn proxies(reader: &mut Reader<'_>) -> TrustedProxies {
    let proxies = TrustedProxies::parse(&reader.list("TRUSTED_PROXIES"));
    proxies.map_err(|fault| reader.fault(format!("TRUSTED_PROXIES: {fault}"))).unwrap_or_default()
}

/// Installs logs, traces and metrics as configured.
pub fn telemetry(settings: &Settings, service: &str) -> anyhow::Result<Telemetry> {
    let format = if settings.get("LOG_FORMAT") == Some("json") { LogFormat::Json } else { LogFormat::Text };
    let filter = settings.get("RUST_LOG").unwrap_or("info");
    let telemetry = Telemetry::install(service, filter, format, settings.get("OTEL_EXPORTER_OTLP_ENDPOINT"))?;
    probes::install_recorder(telemetry.recorder());
    Ok(telemetry)
}
