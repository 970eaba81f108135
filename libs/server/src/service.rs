//! What a service is given and what it gives back.

use std::{convert::Infallible, future::Future, path::PathBuf, pin::Pin};

use access::CachedDirectory;
use audit::Audit;
use axum::Router;
use base::{
    config::{Reader, Variable},
    tasks::Task,
    time::{Clock, Ids},
};
use bus::{Consumer, Outbox};
use cache::{Cache, limits::Limits, live::LiveFeeds};
use db::{Db, Migrations};
use idempotency::IdempotencyKeys;
use jobs::{JobQueue, Jobs};
use kit::cursor::CursorKey;
use objects::Objects;
use quota::Quota;
use registry::ServiceInfo;
use rpc::Peers;
use tokio_util::sync::CancellationToken;
use tonic::{server::NamedService, service::Routes};
use utoipa_axum::router::OpenApiRouter;

/// A service as the binaries know it, before it is built.
#[derive(Debug, Clone, Copy)]
pub struct ServiceDef {
    /// `chat`; its binary is `chat-svc`, its schema and database file `chat`.
    pub name: &'static str,
    /// HTTP port of the thin binary.
    pub port: u16,
    /// Groups of variables; a group may be shared by services.
    pub variables: &'static [&'static [Variable]],
    pub migrations: Migrations,
    /// Whether it keeps objects; the others neither open the store nor wait for it.
    pub objects: bool,
    /// Reads the service's configuration, once and before anything starts; what it answers builds the service from it.
    pub configure: fn(&mut Reader<'_>) -> ServiceBuilder,
}

impl ServiceDef {
    /// A service of the registry without variables of its own.
    pub const fn new(
        info: ServiceInfo,
        migrations: Migrations,
        configure: fn(&mut Reader<'_>) -> ServiceBuilder,
    ) -> Self {
        let ServiceInfo { name, port, objects, .. } = info;
        Self { name, port, variables: &[], migrations, objects, configure }
    }

    /// Whether the service names this variable among its own.
    pub(crate) fn reads(&self, variable: &str) -> bool {
        self.variables.iter().copied().flatten().any(|known| known.name == variable)
    }
}

/// A service with its configuration, to be built when its dependencies are there.
pub struct ServiceBuilder(Box<dyn FnOnce(Deps) -> ServiceFuture + Send>);

type ServiceFuture = Pin<Box<dyn Future<Output = anyhow::Result<Service>> + Send>>;

impl ServiceBuilder {
    pub fn new<F>(build: impl FnOnce(Deps) -> F + Send + 'static) -> Self
    where
        F: Future<Output = anyhow::Result<Service>> + Send + 'static,
    {
        Self(Box::new(move |deps| Box::pin(build(deps))))
    }

    /// Builds the service. Only after [`Reader::finish`]: after a fault the configuration holds defaults.
    pub async fn build(self, deps: Deps) -> anyhow::Result<Service> {
        (self.0)(deps).await
    }
}

/// Everything a service depends on. It does not know what is embedded and what is a server.
#[derive(Debug, Clone)]
pub struct Deps {
    pub clock: Clock,
    pub ids: Ids,
    pub db: Db,
    pub cache: Cache,
    pub limits: Limits,
    pub live: LiveFeeds,
    pub objects: Objects,
    /// The other services, as this one may call them.
    pub peers: Peers,
    /// What organisations demand and who is in which project.
    pub directory: CachedDirectory,
    /// Whether people sign in with accounts of auth-svc.
    pub has_accounts: bool,
    /// Whether passwords and tokens cross the network unencrypted, which the operator has allowed.
    pub insecure_http: bool,
    /// Publishes the events of the service.
    pub outbox: Outbox,
    /// Records who changed what, in the session of the change.
    pub audit: Audit,
    /// Answers of requests that may be sent again.
    pub idempotency: IdempotencyKeys,
    /// What the plans of organisations allow.
    pub quota: Quota,
    /// Enqueues the jobs of the service; their handlers are in [`Service::jobs`].
    pub jobs: JobQueue,
    pub cursor_key: CursorKey,
    /// Cancelled when the process starts to stop: streams send `reconnect` and end.
    pub drain: CancellationToken,
    /// Cancelled shortly before connections are closed. A handler that is still working should answer 503 now.
    pub closing: CancellationToken,
    /// This executable, which runs again as the parser child.
    pub executable: PathBuf,
}

/// A built service.
pub struct Service {
    pub name: &'static str,
    pub http: OpenApiRouter,
    /// tonic services, as a router.
    pub grpc: Router,
    pub consumers: Vec<Consumer>,
    /// Durable background work, done once per cluster.
    pub jobs: Jobs,
    /// Loops of this process.
    pub tasks: Vec<Task>,
}

impl Service {
    /// A service with routes and nothing else.
    pub fn new(name: &'static str, http: OpenApiRouter) -> Self {
        Self { name, http, grpc: Router::new(), consumers: Vec::new(), jobs: Jobs::default(), tasks: Vec::new() }
    }

    /// Adds a tonic service.
    #[must_use]
    pub fn with_grpc<S>(mut self, service: S) -> Self
    where
        S: tower::Service<http::Request<tonic::body::Body>, Error = Infallible> + NamedService + Clone + Send + Sync,
        S: 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        // Built on an empty router, since tonic's own fallback would answer unknown addresses with 200.
        self.grpc = self.grpc.merge(Routes::from(Router::new()).add_service(service).into_axum_router());
        self
    }
}
