//! Opening and migrating a service's database.

use std::{path::Path, str::FromStr, time::Duration};

use sqlx::{
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Db, DbError};
use crate::config::Secret;

static FRAME_SQLITE: Migrator = sqlx::migrate!("migrations/frame/sqlite");
static FRAME_POSTGRES: Migrator = sqlx::migrate!("migrations/frame/postgres");

/// A service's migrations: two trees with the same numbers, tables and columns.
#[derive(Debug, Clone, Copy)]
pub struct Migrations {
    pub sqlite: &'static Migrator,
    pub postgres: &'static Migrator,
}

/// Where a service's data is.
#[derive(Debug, Clone)]
pub enum DbOptions<'a> {
    /// A folder; the file is `<service>.db` in it.
    Sqlite { folder: &'a Path },
    /// A connection string; the schema is the service's name.
    Postgres { url: &'a Secret },
}

impl Db {
    /// Opens the database of `service`, creating file or schema, and brings it to the newest migration under a lock.
    pub async fn open(options: DbOptions<'_>, service: &str, migrations: Migrations) -> Result<Self, DbError> {
        match options {
            DbOptions::Sqlite { folder } => open_sqlite(&folder.join(format!("{service}.db")), migrations).await,
            DbOptions::Postgres { url } => open_postgres(url.expose(), service, migrations).await,
        }
    }

    /// Whether a Postgres server lets us in; nothing is created.
    pub async fn probe_postgres(url: &Secret) -> Result<(), DbError> {
        use sqlx::{ConnectOptions, Connection};
        let connection = PgConnectOptions::from_str(url.expose())?.connect().await?;
        Ok(connection.close().await?)
    }
}

async fn open_sqlite(file: &Path, migrations: Migrations) -> Result<Db, DbError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .pragma("cache_size", "-512")
        .pragma("temp_store", "MEMORY")
        .optimize_on_close(true, None);
    let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    frame(&FRAME_SQLITE).run(&writer).await?;
    migrations.sqlite.run(&writer).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(4)
        .idle_timeout(Duration::from_secs(60))
        .connect_lazy_with(options.read_only(true));
    Ok(Db::Sqlite { writer, readers })
}

async fn open_postgres(url: &str, service: &str, migrations: Migrations) -> Result<Db, DbError> {
    let schema = service.replace('-', "_");
    let options = PgConnectOptions::from_str(url)?.options([("search_path", format!("{schema},public").as_str())]);
    let pool =
        PgPoolOptions::new().max_connections(12).acquire_timeout(Duration::from_secs(5)).connect_with(options).await?;
    let mut frame = frame(&FRAME_POSTGRES);
    frame.create_schema(schema);
    frame.run(&pool).await?;
    migrations.postgres.run(&pool).await?;
    Ok(Db::Postgres(pool))
}

/// The frame's own tables keep their own history beside the service's.
fn frame(migrator: &Migrator) -> Migrator {
    let mut migrator = copy(migrator);
    migrator.dangerous_set_table_name("_frame_migrations");
    migrator
}

fn copy(migrator: &Migrator) -> Migrator {
    Migrator { migrations: migrator.migrations.clone(), ..Migrator::DEFAULT }
}
