//! Opens the databases of a process over one pool of connections; migrates them first where its role may.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use base::config::{Reader, Secret, Settings};
use db::{Db, DbError, PgConnections};
use sqlx::postgres::PgConnectOptions;

use super::options::{Mode, Options};
use crate::service::ServiceDef;

/// The connections to Postgres that all services of the process share; `None` on SQLite.
pub(super) async fn connect(options: &Options, mode: Mode) -> Result<Option<PgConnections>, DbError> {
    let Some(url) = &options.postgres else { return Ok(None) };
    let name = match mode {
        Mode::AllInOne => "serve",
        Mode::Single { name, .. } => name,
    };
    Ok(Some(PgConnections::open(url, name, options.postgres_connections).await?))
}

/// The database of a service, migrated first where that is this process's to do.
pub(super) async fn open(
    spec: &ServiceDef,
    options: &Options,
    connections: Option<&PgConnections>,
) -> Result<Db, DbError> {
    let (Some(url), Some(connections)) = (&options.postgres, connections) else {
        return Db::open_sqlite(&options.data, spec.name, spec.migrations).await;
    };
    if owns(spec, options, url).await? {
        Db::migrate(url, spec.name, spec.migrations, None).await?;
    }
    Db::open_postgres(connections, spec.name, spec.migrations).await
}

/// Whether this process migrates at start: its role may, and no other role is configured for it.
async fn owns(spec: &ServiceDef, options: &Options, url: &Secret) -> Result<bool, DbError> {
    Ok(options.postgres_migrate.is_none() && Db::may_migrate(url, spec.name).await?)
}

/// Why the databases cannot be opened yet: a schema lacks migrations that this process may not run, or the database of a service
/// that runs alone does not answer.
pub(super) async fn unavailable(specs: &[ServiceDef], options: &Options, mode: Mode) -> anyhow::Result<Option<String>> {
    let Some(url) = &options.postgres else { return Ok(None) };
    for spec in specs {
        match check(spec, options, url).await {
            Ok(()) => {}
            Err(error @ DbError::NotMigrated { .. }) => {
                let command = match mode {
                    Mode::AllInOne => "gooseek migrate".to_owned(),
                    Mode::Single { .. } => format!("{}-svc migrate", spec.name),
                };
                return Ok(Some(format!("database: {error}; run {command}")));
            }
            Err(DbError::Unavailable(_)) if mode != Mode::AllInOne => {
                return Ok(Some("database: it does not answer".to_owned()));
            }
            Err(error) => bail!("the database of {} cannot be opened: {error}", spec.name),
        }
    }
    Ok(None)
}

async fn check(spec: &ServiceDef, options: &Options, url: &Secret) -> Result<(), DbError> {
    if owns(spec, options, url).await? {
        return Ok(());
    }
    Db::check_migrated(url, spec.name, spec.migrations).await
}

/// Brings the schemas of `specs` to this version, as their owner, and grants each to the role of `POSTGRES_URL`, or to
/// `gooseek_<service>` where that is unset.
pub async fn migrate(specs: &[ServiceDef], settings: &Settings) -> anyhow::Result<()> {
    let reader = Reader::new(settings);
    let [owner, service] = ["POSTGRES_MIGRATE_URL", "POSTGRES_URL"].map(|name| reader.secret(name));
    reader.finish()?;
    let Some(url) = owner.as_ref().or(service.as_ref()) else {
        bail!("POSTGRES_MIGRATE_URL is unset: SQLite is migrated at start");
    };
    let role = match (&owner, &service) {
        (Some(owner), Some(service)) => Some(user(service)?).filter(|role| user(owner).ok().as_ref() != Some(role)),
        _ => None,
    };
    let mut granted = BTreeSet::new();
    for spec in specs {
        let role = role.clone().or_else(|| service.is_none().then(|| registry::postgres_role(spec.name)));
        let migrated = Db::migrate(url, spec.name, spec.migrations, role.as_deref()).await;
        migrated.with_context(|| format!("the schema of {} cannot be migrated", spec.name))?;
        granted.extend(role);
        println!("{}: migrated", spec.name);
    }
    for role in granted {
        println!("granted to {role}");
    }
    Ok(())
}

fn user(url: &Secret) -> anyhow::Result<String> {
    let options: PgConnectOptions = url.expose().parse().context("not a Postgres URL")?;
    Ok(options.get_username().to_owned())
}
