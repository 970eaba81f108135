//! The databases of a process: migrated by whoever may.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use base::config::{Reader, Secret, Settings};
use db::{Db, DbError, DbOptions};
use sqlx::postgres::PgConnectOptions;

use super::options::{Mode, Options};
use crate::service::ServiceDef;

/// The database of a service, migrated first where that is this process's to do.
pub(super) async fn open(spec: &ServiceDef, options: &Options) -> Result<Db, DbError> {
    let Some(url) = &options.postgres else {
        return Db::open(DbOptions::Sqlite { folder: &options.data }, spec.name, spec.migrations).await;
    };
    let db = if owns(spec, options, url).await? {
        Db::open(DbOptions::Postgres { url }, spec.name, spec.migrations).await?
    } else {
        Db::connect(url, spec.name, spec.migrations).await?
    };
    match &options.postgres_replica {
        Some(replica) => db.with_replica(replica, spec.name),
        None => Ok(db),
    }
}

/// Whether this process migrates by itself: its role may, and nobody else is named for it.
async fn owns(spec: &ServiceDef, options: &Options, url: &Secret) -> Result<bool, DbError> {
    Ok(options.postgres_migrate.is_none() && Db::may_migrate(url, spec.name).await?)
}

/// What has to be done before the databases can be opened: a schema lacks migrations that this process may not run, or the
/// database of a service that runs alone does not answer.
pub(super) async fn missing(specs: &[ServiceDef], options: &Options, mode: Mode) -> anyhow::Result<Option<String>> {
    let Some(url) = &options.postgres else { return Ok(None) };
    for spec in specs {
        match look(spec, options, url).await {
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

async fn look(spec: &ServiceDef, options: &Options, url: &Secret) -> Result<(), DbError> {
    if owns(spec, options, url).await? {
        return Ok(());
    }
    Db::connect(url, spec.name, spec.migrations).await?.close().await;
    Ok(())
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
        let own = format!("gooseek_{}", spec.name.replace('-', "_"));
        let role = role.clone().or((service.is_none()).then_some(own));
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
