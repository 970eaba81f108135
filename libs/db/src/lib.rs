//! One SQL text on two databases: SQLite, one file per service, or Postgres, one schema per service.
//!
//! A connection is handed out only for a [`Scope`], and every statement is written once and expanded for both
//! by [`on_db!`]. The portable dialect: `$1` parameters, times and ids bound from the injected clock and id
//! maker (never `now()`), `BIGINT` for integers, sums cast.

mod connect;
mod migrate;
mod postgres;

use std::ops::{Deref, DerefMut};

use base::{Problem, Scope};
pub use connect::DbOptions;
pub use migrate::Migrations;
pub use postgres::Servers;
use sqlx::{Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction, pool::PoolConnection};

/// What can go wrong below a store function.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database does not answer; trying later makes sense.
    #[error("database unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    #[error("database error: {0}")]
    Sql(#[source] sqlx::Error),
    #[error("migration failed: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The schema lacks a migration of this version, and the service's role may not change it.
    #[error("the schema {schema} lacks migrations of this version")]
    NotMigrated { schema: String },
    /// A role that services cannot be given.
    #[error("the role {role} {fault}")]
    Role { role: String, fault: &'static str },
    /// A stored value that breaks an invariant.
    #[error("inconsistent row in {table}: {detail}")]
    Inconsistent { table: &'static str, detail: String },
}

impl DbError {
    /// Whether a unique constraint refused the write.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(cause) if passes(cause.code().as_deref()) => {
                Self::Unavailable(sqlx::Error::Database(cause))
            }
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error)
            }
            other => Self::Sql(other),
        }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(cause) => {
                tracing::error!(error = %cause, "database unavailable; the request fails");
                Self::unavailable("the database does not answer")
            }
            other => Self::internal(other),
        }
    }
}

/// Refusals of Postgres that another attempt may not meet: shutting down, starting, out of connections, a serialisation
/// failure, a deadlock, a statement, a lock or an idle transaction past its time (PostgreSQL documentation, appendix A).
fn passes(code: Option<&str>) -> bool {
    matches!(code, Some("57P01" | "57P02" | "57P03" | "53300" | "40001" | "40P01" | "57014" | "55P03" | "25P03"))
}

/// The database of one service. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Db {
    /// One writer, so that writes queue in the process instead of failing as busy; a few readers beside it.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(Servers),
}

impl Db {
    /// A session to read with. On Postgres it is a transaction, because the tenant is set per transaction.
    pub async fn read(&self, scope: &Scope) -> Result<Session, DbError> {
        match self {
            Self::Sqlite { readers, .. } => Ok(Session::Sqlite(SqliteSession::Read(readers.acquire().await?))),
            Self::Postgres(servers) => Ok(Session::Postgres(servers.begin(scope).await?)),
        }
    }

    /// [`read`](Self::read) for what may be some seconds old: from the replica where there is one and it answers. Not for
    /// a read that a write rests on, nor for one that must show its own person's last write.
    pub async fn read_stale(&self, scope: &Scope) -> Result<Session, DbError> {
        match self {
            Self::Sqlite { .. } => self.read(scope).await,
            Self::Postgres(servers) => Ok(Session::Postgres(servers.begin_stale(scope).await?)),
        }
    }

    /// A transaction to write with; dropped without [`Session::commit`] it is rolled back. Never hold one across a
    /// call to another service: on SQLite it blocks every other writer of this one.
    pub async fn begin(&self, scope: &Scope) -> Result<Session, DbError> {
        match self {
            // A deferred transaction that reads first and writes later fails as busy; an immediate one waits.
            Self::Sqlite { writer, .. } => {
                Ok(Session::Sqlite(SqliteSession::Write(writer.begin_with("BEGIN IMMEDIATE").await?)))
            }
            Self::Postgres(servers) => Ok(Session::Postgres(servers.begin(scope).await?)),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), DbError> {
        match self {
            Self::Sqlite { readers, .. } => sqlx::query("SELECT 1").execute(readers).await.map(drop)?,
            Self::Postgres(servers) => sqlx::query("SELECT 1").execute(servers.primary()).await.map(drop)?,
        }
        Ok(())
    }

    /// `SQLite` or `Postgres`, for reports.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "SQLite",
            Self::Postgres(_) => "Postgres",
        }
    }

    /// Closes every connection; on SQLite this also folds the write-ahead log into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(servers) => servers.close().await,
        }
    }
}

/// A connection for one scope; see [`on_db!`].
#[derive(Debug)]
pub enum Session {
    Sqlite(SqliteSession),
    Postgres(Transaction<'static, Postgres>),
}

impl Session {
    /// Makes the writes of this session durable.
    pub async fn commit(self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(SqliteSession::Write(transaction)) => transaction.commit().await?,
            Self::Sqlite(SqliteSession::Read(_)) => {}
            Self::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}

/// A SQLite connection that reads, or the writer's transaction.
#[derive(Debug)]
pub enum SqliteSession {
    Read(PoolConnection<Sqlite>),
    Write(Transaction<'static, Sqlite>),
}

impl Deref for SqliteSession {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self {
            Self::Read(connection) => connection,
            Self::Write(transaction) => transaction,
        }
    }
}

impl DerefMut for SqliteSession {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Read(connection) => connection,
            Self::Write(transaction) => transaction,
        }
    }
}

/// Expands one body for both databases: `on_db!(session, conn => sqlx::query("…").execute(conn).await)`.
///
/// `conn` is `&mut SqliteConnection` in one arm and `&mut PgConnection` in the other. Keep the body to query, bind
/// and fetch; convert rows outside, since it is compiled twice.
#[macro_export]
macro_rules! on_db {
    ($session:expr, $conn:ident => $body:expr) => {
        match $session {
            $crate::Session::Sqlite(sqlite) => {
                let $conn: &mut sqlx::SqliteConnection = &mut *sqlite;
                $body
            }
            $crate::Session::Postgres(postgres) => {
                let $conn: &mut sqlx::PgConnection = &mut *postgres;
                $body
            }
        }
    };
}
