//! chat-svc: answers questions. Each question becomes a run, which is independent of the connection that started it: it
//! can be followed from any process, cancelled with one call, and is taken over if its process dies.
//!
//! A run goes through [`pipeline`]: understand → research → rank → write and verify → related → done. Its events are
//! committed to the run's log ([`log`]) before they are sent to clients.

mod api;
mod callees;
mod config;
mod event;
mod forget;
mod http;
mod log;
mod mode;
mod pipeline;
mod runs;
mod store;

use bus::Consumer;
use config::Config;
use db::Migrations;
use server::{Deps, Service, ServiceBuilder, service::ServiceDef};

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef {
    variables: &[config::VARIABLES, llm::settings::VARIABLES],
    ..ServiceDef::new(registry::CHAT, MIGRATIONS, |reader| {
        let config = Config::read(reader);
        ServiceBuilder::new(move |deps| build(config, deps))
    })
};

const MIGRATIONS: Migrations = Migrations { tables: &sqlx::migrate!(), sqlite: None, postgres: None };

async fn build(config: Config, deps: Deps) -> anyhow::Result<Service> {
    let context = http::HttpContext {
        limits: deps.limits.clone(),
        insecure_http: deps.insecure_http,
        ask_limits: config.ask_limits,
        drain: deps.drain.clone(),
        closing: deps.closing.clone(),
    };
    let forget = Consumer::new("chat.deleted_threads", deps.db.clone(), forget::Forget);
    let runs = runs::Runs::new(deps, config)?;
    let mut service = Service::new(SERVICE.name, http::routes(runs.clone(), context));
    service.consumers = vec![forget];
    service.tasks = runs.tasks();
    Ok(service)
}
