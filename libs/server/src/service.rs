//! What a service is given and what it gives back.

use std::{future::Future, path::PathBuf, pin::Pin, sync::Arc};

use axum::Router;
use base::{
    config::{Reader, Settings, Variable},
    tasks::Task,
    time::{Clock, Ids},
};
use bus::{Consumer, Relay};
use cache::{Cache, limits::Limits, live::LiveLog};
use db::{Db, Migrations};
use kit::cursor::CursorKey;
use objects::Objects;
use rpc::Peers;
use tokio_util::sync::CancellationToken;
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
    /// Reads the service's configuration for its faults, before anything starts.
    pub check: fn(&mut Reader<'_>),
    pub build: fn(Deps) -> ServiceFuture,
}

/// A service being built.
pub type ServiceFuture = Pin<Box<dyn Future<Output = anyhow::Result<Service>> + Send>>;

/// Everything a service stands on. It cannot tell what is embedded and what is a server.
#[derive(Debug, Clone)]
pub struct Deps {
    pub settings: Arc<Settings>,
    pub clock: Clock,
    pub ids: Ids,
    pub db: Db,
    pub cache: Cache,
    pub limits: Limits,
    pub live: LiveLog,
    pub objects: Objects,
    pub peers: Peers,
    /// Delivers what the service publishes; wake it after a commit.
    pub relay: Relay,
    pub cursor_key: CursorKey,
    /// Cancelled when the process starts to stop: streams send `reconnect` and end.
    pub drain: CancellationToken,
    /// Cancelled when a stopping process is about to close its connections: an answer that is not ready is an apology.
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
    pub tasks: Vec<Task>,
}

impl Service {
    /// A service with routes and nothing else.
    pub fn new(name: &'static str, http: OpenApiRouter) -> Self {
        Self { name, http, grpc: Router::new(), consumers: Vec::new(), tasks: Vec::new() }
    }
}
