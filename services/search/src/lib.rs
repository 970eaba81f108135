//! search-svc: the web. Search engines behind one interface, asked side by side; pages opened, kept and cut into
//! passages that are ranked against a question.

mod config;
pub mod engines;
mod grpc;
mod http;
mod local;
mod pages;
mod passages;
mod store;
mod trim;
mod vectors;
mod web;

use db::Migrations;
use llm::Embedder;
use server::{Deps, Service, ServiceBuilder, service::ServiceDef};

use self::{config::Config, pages::Pages, vectors::Vectors, web::Web};

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

/// What gRPC and HTTP share. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    web: Web,
    pages: Pages,
    /// `None`: passages are ranked by words alone.
    vectors: Option<Vectors>,
    clock: base::time::Clock,
    ids: base::time::Ids,
}

/// Builds the service. [`Deps::executable`] must call [`reader::child::run_if_child`] first, or PDF pages are not read.
async fn build(config: Config, deps: Deps) -> anyhow::Result<Service> {
    let pages = Pages::new(&deps, &config)?;
    let vectors = match config.embedder.clone() {
        Some(embedder) => Some(Vectors::new(Embedder::open(embedder).await?, config.embed_within)),
        None => None,
    };
    let web = Web::new(&deps, &config)?;
    let search = Search { web, pages, vectors, clock: deps.clock.clone(), ids: deps.ids.clone() };
    let mut service = Service::new(SERVICE.name, http::routes(search.clone())).with_grpc(grpc::server(search.clone()));
    service.jobs = trim::jobs(search.pages, config.index_limit)?;
    Ok(service)
}
