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

use std::sync::Arc;

use bus::Consumer;
use db::Migrations;
use server::{
    Deps, Service,
    service::{ServiceDef, ServiceFuture},
};

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef {
    name: "library",
    port: 3009,
    variables: &[],
    migrations: Migrations {
        sqlite: &sqlx::migrate!("migrations/sqlite"),
        postgres: &sqlx::migrate!("migrations/postgres"),
    },
    objects: false,
    check: |_| {},
    build: service,
};

/// Builds the service.
pub fn service(deps: Deps) -> ServiceFuture {
    Box::pin(async move {
        let threads = threads::Threads::new(&deps);
        let mut service = Service::new(SERVICE.name, http::routes(threads));
        service.consumers = vec![Consumer {
            name: "library.answers",
            subject: answers::SUBJECT,
            db: deps.db,
            handler: Arc::new(answers::Answers::new(deps.ids)),
        }];
        Ok(service)
    })
}
