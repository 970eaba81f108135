//! Projects (spaces): what groups files and threads. Each belongs to one organisation and has a slug unique in it.

mod grpc;
mod http;
mod projects;
mod store;

use db::Migrations;
use server::{Deps, Service, ServiceBuilder, service::ServiceDef};

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef::new(registry::PROJECTS, MIGRATIONS, |_| ServiceBuilder::new(build));

const MIGRATIONS: Migrations = Migrations { tables: &sqlx::migrate!(), sqlite: None, postgres: None };

async fn build(deps: Deps) -> anyhow::Result<Service> {
    let projects = projects::Projects::new(deps);
    Ok(Service::new(SERVICE.name, http::routes(projects.clone())).with_grpc(grpc::server(projects)))
}
