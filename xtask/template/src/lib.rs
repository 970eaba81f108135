//! example-svc: items of an organisation, made, listed and read.

mod http;
mod items;
mod store;

use db::Migrations;
use server::{Deps, Service, ServiceBuilder, service::ServiceDef};

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef::new(registry::EXAMPLE, MIGRATIONS, |_| ServiceBuilder::new(build));

const MIGRATIONS: Migrations = Migrations { tables: &sqlx::migrate!(), sqlite: None, postgres: None };

async fn build(deps: Deps) -> anyhow::Result<Service> {
    Ok(Service::new(SERVICE.name, http::routes(items::Items::new(deps))))
}
