//! The library: every thread a person asked in, with its answers, citations and the passages they cite.
//!
//! Answers arrive as events ([`answers`]); people list, search, rename, pin and delete threads ([`threads`]). A thread
//! belongs to one person of one organisation; to anybody else it does not exist. Its deletion is published, for those
//! who keep something of it.

mod answers;
mod http;
mod snippet;
mod store;
mod threads;

use bus::Consumer;
use db::Migrations;
use server::{Deps, Service, ServiceBuilder, service::ServiceDef};

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef::new(registry::LIBRARY, MIGRATIONS, |_| ServiceBuilder::new(build));

const MIGRATIONS: Migrations = Migrations {
    tables: &sqlx::migrate!(),
    sqlite: Some(&sqlx::migrate!("migrations/sqlite")),
    postgres: Some(&sqlx::migrate!("migrations/postgres")),
};

async fn build(deps: Deps) -> anyhow::Result<Service> {
    let threads = threads::Threads::new(&deps);
    let mut service = Service::new(SERVICE.name, http::routes(threads));
    service.consumers = vec![Consumer::new("library.answers", deps.db, answers::Answers::new(deps.ids))];
    Ok(service)
}
