//! The files of a tenant: received, parsed in a child process, cut into chunks, indexed, and found again.
//!
//! A file goes through durable stages, one transaction each: `received` (its object is stored), `parsed` (its text and
//! chunks are there and full text finds them), `indexed` (its vectors are there too, or nobody asked for vectors), or `failed`.

mod config;
mod files;
mod grpc;
mod http;
mod jobs;
mod lexical;
mod parse;
mod retrieve;
mod store;
mod vectors;

use bus::Consumer;
use config::Config;
use db::Migrations;
use llm::Embedder;
use reader::child::{ChildLimits, ParserChild};
use server::{Deps, Service, ServiceBuilder, service::ServiceDef};

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef {
    variables: &[config::VARIABLES, llm::settings::VARIABLES],
    ..ServiceDef::new(registry::UPLOAD, MIGRATIONS, |reader| {
        let config = Config::read(reader);
        ServiceBuilder::new(move |deps| build(config, deps))
    })
};

const MIGRATIONS: Migrations = Migrations {
    tables: &sqlx::migrate!(),
    sqlite: Some(&sqlx::migrate!("migrations/sqlite")),
    postgres: Some(&sqlx::migrate!("migrations/postgres")),
};

async fn build(config: Config, deps: Deps) -> anyhow::Result<Service> {
    let embedder = match config.embedder {
        Some(config) => Some(Embedder::open(config).await?),
        None => None,
    };
    let files = files::Files::new(&deps, config.max_bytes)?;
    let retriever = retrieve::Retriever::new(&deps, embedder.clone(), config.vector_cache_bytes);
    let parser = ParserChild::new(
        deps.executable.clone(),
        ChildLimits { concurrency: config.workers, ..ChildLimits::default() },
    );
    let mut service = Service::new(SERVICE.name, http::routes(files)).with_grpc(grpc::server(retriever));
    if let Some(embedder) = &embedder {
        service.tasks.push(jobs::reembed_task(deps.db.clone(), deps.jobs.clone(), embedder.name().to_owned()));
    }
    service.jobs = jobs::handlers(&deps, parser, embedder, config.workers);
    let deleted_projects = jobs::DeletedProjects::new(&deps);
    service.consumers = vec![Consumer::new("upload.deleted_projects", deps.db, deleted_projects)];
    Ok(service)
}
