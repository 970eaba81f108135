//! The two migration trees of a service, compared.

use std::collections::BTreeSet;

use db::{Db, DbOptions, Migrations};
use server::service::ServiceDef;
use sqlx::migrate::Migrator;

/// Runs both trees and compares numbers, tables and columns. What `*_search.sql` makes may differ, and nothing else may
/// stand on it.
///
/// # Panics
/// When they differ; the message names the difference.
pub async fn assert_same_schema(spec: ServiceDef) {
    let Migrations { sqlite, postgres } = spec.migrations;
    assert_eq!(numbers(sqlite), numbers(postgres), "the migrations of {} differ", spec.name);
    let Some(url) = crate::Postgres::database().await else { return };
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    let url = base::config::Secret::new(url);
    let migrations = Migrations { sqlite: without_search(sqlite), postgres: without_search(postgres) };
    let mut columns = Vec::new();
    for place in [DbOptions::Sqlite { folder: folder.path() }, DbOptions::Postgres { url: &url }] {
        let db = Db::open(place, spec.name, migrations).await.expect("the migrations run");
        columns.push(columns_of(&db).await);
        db.close().await;
    }
    let differences: Vec<_> = columns[0].symmetric_difference(&columns[1]).collect();
    assert!(differences.is_empty(), "columns of {} in one database only: {differences:?}", spec.name);
}

fn numbers(migrator: &Migrator) -> Vec<(i64, &str)> {
    migrator.iter().map(|migration| (migration.version, &*migration.description)).collect()
}

fn without_search(migrator: &Migrator) -> &'static Migrator {
    let migrations = migrator.iter().filter(|migration| !migration.description.ends_with("search")).cloned().collect();
    Box::leak(Box::new(Migrator { migrations, ..Migrator::DEFAULT }))
}

/// `table.column` of everything but the histories of migrations, whose tables begin with an underscore.
async fn columns_of(db: &Db) -> BTreeSet<String> {
    let rows: Vec<(String,)> = match db {
        Db::Sqlite { readers, .. } => sqlx::query_as(
            "SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' AND m.name NOT LIKE '!_%' ESCAPE '!'",
        )
        .fetch_all(readers)
        .await
        .expect("SQLite knows its tables"),
        Db::Postgres(servers) => sqlx::query_as(
            "SELECT table_name || '.' || column_name FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name NOT LIKE '!_%' ESCAPE '!'",
        )
        .fetch_all(servers.primary())
        .await
        .expect("Postgres knows its tables"),
    };
    assert!(!rows.is_empty(), "no tables were found");
    rows.into_iter().map(|(name,)| name).collect()
}
