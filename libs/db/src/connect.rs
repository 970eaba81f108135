//! Opening a service's database.

use std::{path::Path, time::Duration};

use base::config::Secret;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{
    Db, DbError, Migrations, Servers,
    migrate::{self, FRAME_SQLITE},
    postgres,
};

/// Where a service's data is.
#[derive(Debug, Clone)]
pub enum DbOptions<'a> {
    /// A folder; the file is `<service>.db` in it.
    Sqlite { folder: &'a Path },
    /// A connection string; the schema is the service's name.
    Postgres { url: &'a Secret },
}

impl Db {
    /// Opens the database of `service`, creating file or schema, and brings it to the newest migration under a lock. On
    /// Postgres the role of the connection string becomes the owner of the schema.
    pub async fn open(options: DbOptions<'_>, service: &str, migrations: Migrations) -> Result<Self, DbError> {
        match options {
            DbOptions::Sqlite { folder } => open_sqlite(&folder.join(format!("{service}.db")), migrations).await,
            DbOptions::Postgres { url } => {
                Self::migrate(url, service, migrations, None).await?;
                Self::connect(url, service, migrations).await
            }
        }
    }

    /// Opens the schema of `service` in the name of a role that may read and write its rows and no more.
    ///
    /// [`DbError::NotMigrated`] when the schema lacks a migration; one that has newer ones is taken, since versions are
    /// replaced one process at a time.
    pub async fn connect(url: &Secret, service: &str, migrations: Migrations) -> Result<Self, DbError> {
        let servers = Servers::connect(url, service).await?;
        if let Err(error) = migrate::check(servers.primary(), &postgres::schema(service), migrations).await {
            servers.close().await;
            return Err(error);
        }
        Ok(Self::Postgres(servers))
    }

    /// Reads that may be old go to `replica`; nothing changes on SQLite.
    pub fn with_replica(self, replica: &Secret, service: &str) -> Result<Self, DbError> {
        match self {
            Self::Postgres(servers) => Ok(Self::Postgres(servers.with_replica(replica, service)?)),
            sqlite @ Self::Sqlite { .. } => Ok(sqlite),
        }
    }

    /// Whether a Postgres server lets us in; nothing is created.
    pub async fn probe_postgres(url: &Secret) -> Result<(), DbError> {
        use sqlx::{ConnectOptions, Connection};
        let connection = postgres::options(url, "probe")?.connect().await?;
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
    migrate::frame(&FRAME_SQLITE).run(&writer).await?;
    migrations.sqlite.run(&writer).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(4)
        .idle_timeout(Duration::from_secs(60))
        .connect_lazy_with(options.read_only(true));
    Ok(Db::Sqlite { writer, readers })
}
