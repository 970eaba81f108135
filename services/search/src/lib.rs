//! search-svc: web search. Queries several search engines in parallel, opens and caches pages, and ranks their passages
//! against a question.

mod config;
pub mod engines;
mod grpc;
mod http;
mod local;
mod pages;
mod passages;
mod store;
mod vectors;
mod web;

use axum::Router;
use base::{Scope, config::Reader, tasks::Task};
use db::Migrations;
use llm::Embedder;
use server::{
    Deps, Service,
    service::{ServiceDef, ServiceFuture},
};
use tonic::service::Routes;

use self::{config::Config, pages::PageCache, vectors::PassageVectors, web::WebSearch};

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef {
    name: "search",
    port: 3001,
    variables: &[config::VARIABLES, llm::settings::VARIABLES],
    migrations: Migrations {
        sqlite: &sqlx::migrate!("migrations/sqlite"),
        postgres: &sqlx::migrate!("migrations/postgres"),
    },
    objects: false,
    check: |reader| drop(Config::read(reader)),
    build: service,
};

/// Shared by the gRPC and HTTP handlers. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    web: WebSearch,
    pages: PageCache,
    /// `None`: passages are ranked by BM25 alone.
    vectors: Option<PassageVectors>,
    clock: base::time::Clock,
    ids: base::time::Ids,
}

/// Builds the service. [`Deps::executable`] must serve [`reader::child::SUBCOMMAND`], or PDF pages are not read.
pub fn service(deps: Deps) -> ServiceFuture {
    Box::pin(async move {
        let mut reader = Reader::new(&deps.settings);
        let config = Config::read(&mut reader);
        reader.finish()?;
        let pages = PageCache::new(&deps, &config)?;
        let vectors = match config.embedder.clone() {
            Some(embedder) => Some(PassageVectors::new(Embedder::open(embedder).await?, config.embed_timeout)),
            None => None,
        };
        let web = WebSearch::new(&deps, &config)?;
        let search = Search { web, pages, vectors, clock: deps.clock.clone(), ids: deps.ids.clone() };
        let mut service = Service::new(SERVICE.name, http::routes(search.clone()));
        service.tasks.push(trim(&search, deps.clock, config.index_limit));
        service.grpc = Routes::from(Router::new()).add_service(grpc::server(search)).into_axum_router();
        Ok(service)
    })
}

/// Task that trims the local index to `keep` pages.
fn trim(search: &Search, clock: base::time::Clock, keep: i64) -> Task {
    let pages = search.pages.clone();
    Task::on_schedule("trim page index", "*/10 * * * *", clock, move |system| {
        let pages = pages.clone();
        async move {
            if let Err(error) = pages.trim(&Scope::from(system), keep).await {
                tracing::warn!(%error, "failed to trim page index; next run will retry");
            }
        }
    })
}
