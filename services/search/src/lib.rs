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

use db::Migrations;
use jobs::{JobError, Jobs};
use llm::Embedder;
use server::{Deps, Service, ServiceBuilder, service::ServiceDef};

use self::{config::Config, pages::PageCache, vectors::PassageVectors, web::WebSearch};

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef {
    variables: &[config::VARIABLES, llm::settings::VARIABLES],
    ..ServiceDef::new(registry::SEARCH, MIGRATIONS, |reader| {
        let config = Config::read(reader);
        ServiceBuilder::new(move |deps| build(config, deps))
    })
};

const MIGRATIONS: Migrations = Migrations {
    tables: &sqlx::migrate!(),
    sqlite: Some(&sqlx::migrate!("migrations/sqlite")),
    postgres: Some(&sqlx::migrate!("migrations/postgres")),
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

/// Builds the service. [`Deps::executable`] must call [`reader::child::run_if_child`] first, or PDF pages are not read.
async fn build(config: Config, deps: Deps) -> anyhow::Result<Service> {
    let pages = PageCache::new(&deps, &config)?;
    let vectors = match config.embedder.clone() {
        Some(embedder) => Some(PassageVectors::new(Embedder::open(embedder).await?, config.embed_timeout)),
        None => None,
    };
    let web = WebSearch::new(&deps, &config)?;
    let search = Search { web, pages, vectors, clock: deps.clock.clone(), ids: deps.ids.clone() };
    let mut service = Service::new(SERVICE.name, http::routes(search.clone())).with_grpc(grpc::server(search.clone()));
    let (pages, limit) = (search.pages, config.index_limit);
    service.jobs = Jobs::default().cron("search.trim_pages", "*/10 * * * *", move |context| {
        let pages = pages.clone();
        async move { pages.trim(context.scope(), limit).await.map_err(JobError::from) }
    });
    Ok(service)
}
