//! Services that do nothing, for tests of what the frame does for them.

use db::Migrations;
use server::service::{Service, ServiceBuilder, ServiceDef};
use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};
use utoipa_axum::router::OpenApiRouter;

/// A service that does nothing, with a database of its own.
pub fn idle(name: &'static str, migrations: Migrations) -> ServiceDef {
    ServiceDef {
        name,
        port: 0,
        variables: &[],
        migrations,
        objects: false,
        configure: |_| ServiceBuilder::new(async |_| Ok(Service::new("idle", OpenApiRouter::new()))),
    }
}

/// One migration with this text. It lives as long as the test process.
pub fn one_migration(text: &'static str) -> Migrations {
    let migration = Migration::new(1, "test".into(), MigrationType::Simple, text.into_sql_str(), false);
    let tables = Box::leak(Box::new(Migrator::with_migrations(vec![migration])));
    Migrations { tables, ..Migrations::NONE }
}
