//! The scale shape on one machine: every service a process of its own, chat-svc and upload-svc twice, on a Postgres database, NATS, Redis and S3
//! of their own, behind Traefik. Asked through one address like the all-in-one program.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use base::config::Secret;
use registry::SERVICES;
use tempfile::TempDir;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Builder, Keys};
use crate::{
    Nats, Postgres, Redis, S3,
    installed::{Kept, free_port, installed},
};

/// A cluster has a dozen processes; this many at a time is what a small machine bears.
static ROOM: std::sync::LazyLock<std::sync::Arc<Semaphore>> =
    std::sync::LazyLock::new(|| std::sync::Arc::new(Semaphore::new(1)));

/// One process of a service.
#[derive(Debug, Clone)]
pub(super) struct Replica {
    /// `chat`, `chat-2`.
    pub(super) name: String,
    service: &'static str,
    http: u16,
    grpc: u16,
}

impl Replica {
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }
}

/// Everything around the services, which outlives their restarts.
#[derive(Debug)]
pub struct Cluster {
    pub keys: Keys,
    pub nats: Nats,
    pub redis: Redis,
    pub s3: S3,
    postgres: Secret,
    pub(super) replicas: Vec<Replica>,
    programs: PathBuf,
    edge: u16,
    _traefik: Kept,
    _folder: TempDir,
    _room: OwnedSemaphorePermit,
}

impl Cluster {
    /// The servers and the edge, without services yet. `gooseek` is the all-in-one program; the others lie beside it.
    /// `None` when a server is not installed.
    pub(super) async fn start(gooseek: &Path, edge: Option<u16>) -> Option<Self> {
        let traefik = installed("Traefik", "traefik/traefik")?;
        let room = ROOM.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (postgres, nats) = (Secret::new(Postgres::database().await?), Nats::start()?);
        let (redis, s3) = (Redis::start().await?, S3::start().await?);
        migrate(gooseek, &postgres).await;
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let edge = edge.unwrap_or_else(free_port);
        let replicas = replicas();
        let routes = folder.path().join("routes.yaml");
        std::fs::write(&routes, dynamic(&replicas)).expect("the temporary folder can be written");
        let traefik = Kept::spawn(&traefik, |command| {
            command.arg(format!("--entrypoints.web.address=127.0.0.1:{edge}"));
            command.arg(format!("--providers.file.filename={}", routes.display()));
            command.args(["--global.checknewversion=false", "--global.sendanonymoususage=false", "--log.level=ERROR"]);
        });
        Some(Self {
            keys: Keys::bootstrap(gooseek).await,
            nats,
            redis,
            s3,
            postgres,
            replicas,
            programs: gooseek.parent().expect("a program is in a folder").to_owned(),
            edge,
            _traefik: traefik,
            _folder: folder,
            _room: room,
        })
    }

    /// Where it is asked.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.edge)
    }

    /// The program of one replica with everything it needs, and with what the test has set.
    pub(super) fn program(&self, replica: &Replica, environment: &[(String, String)]) -> Builder {
        let mut builder = Builder::new(self.programs.join(format!("{}-svc", replica.service)));
        let s3 = self.s3.options();
        let own = [
            ("SEARCH_ENGINES", "none".to_owned()),
            ("ASKS_PER_MINUTE", "0".to_owned()),
            ("POSTGRES_URL", self.postgres_of(replica.service)),
            ("NATS_URL", self.nats.url()),
            ("REDIS_URL", self.redis.url().expose().to_owned()),
            ("MINIO_ENDPOINT", s3.endpoint),
            ("MINIO_ACCESS_KEY", s3.access_key.expose().to_owned()),
            ("MINIO_SECRET_KEY", s3.secret_key.expose().to_owned()),
            ("MINIO_BUCKET", s3.bucket),
            ("DATA_DIR", format!("data/{}", replica.name)),
            ("BIND", format!("127.0.0.1:{}", replica.http)),
            ("GRPC_BIND", format!("127.0.0.1:{}", replica.grpc)),
        ];
        for (name, value) in own {
            builder = builder.set(name, value);
        }
        for service in SERVICES {
            builder = builder.set(service.url_variable, self.addresses(service.name));
        }
        builder = self.keys.give(builder, replica.service);
        environment.iter().fold(builder, |builder, (name, value)| builder.set(name, value.clone()))
    }

    /// The database in the name of a service's own role, which may do nothing outside of its schema.
    fn postgres_of(&self, service: &str) -> String {
        Postgres::as_role(&self.postgres, &registry::postgres_role(service)).expose().to_owned()
    }

    /// The gRPC addresses of every replica of a service.
    fn addresses(&self, service: &str) -> String {
        let replicas = self.replicas.iter().filter(|replica| replica.service == service);
        replicas.map(|replica| format!("http://127.0.0.1:{}", replica.grpc)).collect::<Vec<_>>().join(",")
    }
}

/// The paths of each service begin with one of these.
pub(super) fn prefixes() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().flat_map(|service| service.prefixes).copied()
}

/// Makes the schemas and roles, as an operator does before a roll-out.
async fn migrate(gooseek: &Path, owner: &Secret) {
    let output = Builder::new(gooseek).arg("migrate").set("POSTGRES_MIGRATE_URL", owner.expose()).output().await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn replicas() -> Vec<Replica> {
    let numbered = SERVICES.iter().flat_map(|service| (1..=service.replicas).map(|number| (service.name, number)));
    numbered
        .map(|(service, number)| {
            let name = if number == 1 { service.to_owned() } else { format!("{service}-{number}") };
            Replica { name, service, http: free_port(), grpc: free_port() }
        })
        .collect()
}

/// Traefik's dynamic configuration: one router for each service; a replica that cannot be reached is left out and another one tried.
fn dynamic(replicas: &[Replica]) -> String {
    let mut yaml = "http:\n  middlewares:\n    again:\n      retry:\n        attempts: 4\n        initialInterval: 50ms\n  routers:\n".to_owned();
    let write = "a string can be written to";
    for service in SERVICES {
        let (name, rule) = (service.name, registry::edge_rule(service));
        write!(yaml, "    {name}:\n      rule: {rule}\n      service: {name}\n").expect(write);
        yaml.push_str("      middlewares: [again]\n");
    }
    yaml.push_str("  services:\n");
    for service in registry::names() {
        write!(yaml, "    {service}:\n      loadBalancer:\n        servers:\n").expect(write);
        for replica in replicas.iter().filter(|replica| replica.service == service) {
            writeln!(yaml, "          - url: {}", replica.url()).expect(write);
        }
        // A replica that is stopping says so before it closes its connections; one on a busy machine is slow, not away.
        // Streams are passed on as they come.
        yaml.push_str(
            "        healthCheck:\n          path: /ready\n          interval: 200ms\n          timeout: 10s\n",
        );
        yaml.push_str("        responseForwarding:\n          flushInterval: -1ms\n");
    }
    yaml
}
