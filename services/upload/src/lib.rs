//! The files of a tenant: received, parsed in a child process, cut into chunks, indexed, and found again.
//!
//! A file goes through durable stages, one transaction each: `received` (its object is stored), `parsed` (its text and
//! chunks are there and full text finds them), `indexed` (its vectors are there too, or nobody asked for vectors), or `failed`.

mod config;
mod files;
mod grpc;
mod http;
mod lexical;
mod parse;
mod queue;
mod retrieve;
mod store;
mod upkeep;
mod vectors;

use std::sync::Arc;

use axum::Router;
use db::Migrations;
use llm::Embedder;
use reader::child::{ChildLimits, ParserChild};
use server::{
    Deps, Service,
    service::{ServiceDef, ServiceFuture},
};
use tokio::sync::Notify;
use tonic::service::Routes;

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef {
    name: "upload",
    port: 3007,
    variables: &[config::VARIABLES, llm::settings::VARIABLES],
    migrations: Migrations {
        sqlite: &sqlx::migrate!("migrations/sqlite"),
        postgres: &sqlx::migrate!("migrations/postgres"),
    },
    objects: true,
    check: |reader| {
        config::Config::read(reader);
    },
    build: service,
};

/// Builds the service.
pub fn service(deps: Deps) -> ServiceFuture {
    Box::pin(async move {
        let config = config::Config::read(&mut base::config::Reader::new(&deps.settings));
        let embedder = match config.embedder {
            Some(config) => Some(Embedder::open(config).await?),
            None => None,
        };
        let wake = Arc::new(Notify::new());
        let files = files::Files::new(&deps, config.max_bytes, wake.clone());
        let retriever = retrieve::Retriever::new(deps.db.clone(), embedder.clone(), config.vector_cache_bytes);
        let parser = ParserChild::new(
            deps.executable.clone(),
            ChildLimits { concurrency: config.workers, ..ChildLimits::default() },
        );
        let queue = queue::Queue::new(&deps, parser, embedder, config.workers, wake);
        let mut service = Service::new(SERVICE.name, http::routes(files));
        service.grpc = Routes::from(Router::new()).add_service(grpc::server(retriever)).into_axum_router();
        service.tasks = vec![queue.task(), upkeep::task(deps.db, deps.objects, deps.clock)];
        Ok(service)
    })
}
