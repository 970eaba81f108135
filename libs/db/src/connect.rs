//! Opening a service's database.

use std::{path::Path, time::Duration};

use base::config::Secret;
use sqlx::{
    ConnectOptions, Connection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    Db, DbError, Migrations, PgConnections, Store,
    migrate::{self, Dialect},
    postgres,
};

impl Db {
    /// Opens `<service>.db` in `folder`, creating it, and brings it to the newest migration.
    pub async fn open_sqlite(folder: &Path, service: &str, migrations: Migrations) -> Result<Self, DbError> {
        let options = SqliteConnectOptions::new()
            .filename(folder.join(format!("{service}.db")))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .pragma("cache_size", "-512")
            .pragma("temp_store", "MEMORY")
            .optimize_on_close(true, None);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        for migrator in migrations.migrators(Dialect::Sqlite) {
            migrator.run(&writer).await?;
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .idle_timeout(Duration::from_secs(60))
            .connect_lazy_with(options.read_only(true));
        Ok(Self(Store::Sqlite { writer, readers }))
    }

    /// Opens the schema of `service` in the name of a role that may read and write its rows and need no more.
    ///
    /// [`DbError::NotMigrated`] when the schema lacks a migration; one that has newer ones is taken, since versions are
    /// replaced one process at a time.
    pub async fn open_postgres(
        connections: &PgConnections,
        service: &str,
        migrations: Migrations,
    ) -> Result<Self, DbError> {
        let schema = postgres::schema(service);
        let mut connection = connections.pool().acquire().await?;
        migrate::check(&mut connection, &schema, migrations).await?;
        Ok(Self(Store::Postgres { connections: connections.clone(), schema: schema.into() }))
    }

    /// Whether a Postgres server lets us in; nothing is created.
    pub async fn probe_postgres(url: &Secret) -> Result<(), DbError> {
        let connection = postgres::owner_options(url, "probe")?.connect().await?;
        Ok(connection.close().await?)
    }
}
