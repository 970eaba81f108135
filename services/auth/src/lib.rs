//! Accounts: who people are and what they may do. Registering, signing in, sessions and their tokens, second factors, API keys,
//! organisations with their members and invitations.
//!
//! It alone can sign access tokens; everybody else checks them with the keys it publishes, and asks it what was revoked. Without
//! accounts (`gooseek serve` on loopback) it is there and idle.

mod accounts;
mod config;
mod dns;
mod grpc;
mod http;
mod oidc;
mod pages;
mod passwords;
mod revocations;
mod schedules;
mod secrets;
mod signing;
mod store;
mod system;
mod throttle;

use accounts::Accounts;
use anyhow::{Context, bail};
use config::Config;
use db::Migrations;
use secrets::RootSecret;
use server::{Deps, Service, ServiceBuilder, service::ServiceDef, stored_secret};
use signing::SigningKeys;

/// Files of the page at `/` that the pages of accounts need too, by name.
pub const SHARED_ASSETS: [(&str, &str); 3] = pages::SHARED_ASSETS;

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef {
    variables: &[config::VARIABLES],
    ..ServiceDef::new(registry::AUTH, MIGRATIONS, |reader| {
        let config = Config::read(reader);
        ServiceBuilder::new(move |deps| build(config, deps))
    })
};

const MIGRATIONS: Migrations = Migrations { tables: &sqlx::migrate!(), sqlite: None, postgres: None };

async fn build(config: Config, deps: Deps) -> anyhow::Result<Service> {
    let root = root_secret(&config, &deps).await?;
    let keys = SigningKeys::open(deps.db.clone(), deps.clock.clone(), root.clone()).await?;
    let accounts = Accounts::new(&deps, config, &root, keys)?;
    if deps.has_accounts
        && let Some(link) = accounts.set_up_link().await.map_err(|problem| anyhow::anyhow!(problem.detail))?
    {
        tracing::warn!("there is no account yet; whoever opens this link makes the first one: {link}");
    }
    let mut routes = http::routes(accounts.clone());
    if deps.has_accounts {
        routes = routes.merge(pages::routes(accounts.clone()));
    }
    let mut service = Service::new(SERVICE.name, routes).with_grpc(grpc::server(accounts.clone()));
    service.jobs = schedules::jobs(&accounts);
    Ok(service)
}

/// The operator's, or one that is made at the first start and kept in the file of the accounts, where only one process reads it.
async fn root_secret(config: &Config, deps: &Deps) -> anyhow::Result<RootSecret> {
    if let Some(secret) = &config.root_secret {
        return Ok(secret.clone());
    }
    if deps.has_accounts && !deps.db.is_sqlite() {
        bail!("JWT_SECRET is not set: with Postgres every replica needs the same one (openssl rand -base64 48)");
    }
    let secret = stored_secret(&deps.db, "root").await.context("the secret of the accounts cannot be stored")?;
    Ok(RootSecret::new(secret))
}
