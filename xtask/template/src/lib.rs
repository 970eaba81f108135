//! example-svc: items of an organisation, made, listed and read.

mod http;
mod items;
mod store;

use db::Migrations;
use server::{
    Deps, Service,
    service::{ServiceDef, ServiceFuture},
};

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef::new(registry::EXAMPLE, MIGRATIONS, service);

const MIGRATIONS: Migrations = Migrations { tables: &sqlx::migrate!(), sqlite: None, postgres: None };

/// Builds the service.
pub fn service(deps: Deps) -> ServiceFuture {
    Box::pin(async move {
        let items = items::Items::new(deps.db, deps.clock, deps.ids, deps.cursor_key);
        Ok(Service::new(SERVICE.name, http::routes(items)))
    })
}
