//! One SQL text on two databases: SQLite, one file per service, or Postgres, one schema per service.
//!
//! A [`Session`] is opened for a [`Scope`], and statements are written with [`execute!`], [`fetch_all!`], [`fetch_one!`]
//! and [`fetch_optional!`], which bind the scope's organisation and user themselves. The portable dialect: `$1`
//! parameters, times and ids bound from the injected clock and id maker (never `now()`), `BIGINT` for integers, sums
//! cast.

mod connect;
mod dialect;
mod error;
mod macros;
mod migrate;
mod postgres;
mod session;
mod statement;

use std::sync::Arc;

use base::Scope;
pub use error::DbError;
pub use migrate::Migrations;
pub use postgres::PgConnections;
pub use session::Session;
use sqlx::{SqlitePool, pool::PoolConnection};

/// What the macros expand to.
#[doc(hidden)]
pub mod private {
    pub use sqlx;

    pub use crate::{
        session::Connection,
        statement::{Bound, Statement},
    };
}

use session::{Connection, SqliteConnection};

/// The database of one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db(Store);

#[derive(Debug, Clone)]
enum Store {
    /// One writer, so that writes queue in the process instead of failing as busy; a few readers beside it.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres {
        connections: PgConnections,
        schema: Arc<str>,
    },
}

impl Db {
    /// A session to read with. On Postgres it is a transaction, because the tenant is set per transaction.
    pub async fn read(&self, scope: &Scope) -> Result<Session, DbError> {
        let connection = match &self.0 {
            Store::Sqlite { readers, .. } => {
                let reader: PoolConnection<_> = readers.acquire().await?;
                Connection::Sqlite(SqliteConnection::Read(reader))
            }
            Store::Postgres { connections, schema } => Connection::Postgres(connections.begin(schema, scope).await?),
        };
        Ok(Session::new(scope.clone(), connection))
    }

    /// A transaction to write with; dropped without [`Session::commit`] it is rolled back. Never hold one across a
    /// call to another service: on SQLite it blocks every other writer of this one.
    pub async fn begin(&self, scope: &Scope) -> Result<Session, DbError> {
        let connection = match &self.0 {
            // A deferred transaction that reads first and writes later fails as busy; an immediate one waits.
            Store::Sqlite { writer, .. } => {
                Connection::Sqlite(SqliteConnection::Write(writer.begin_with("BEGIN IMMEDIATE").await?))
            }
            Store::Postgres { connections, schema } => Connection::Postgres(connections.begin(schema, scope).await?),
        };
        Ok(Session::new(scope.clone(), connection))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), DbError> {
        match &self.0 {
            Store::Sqlite { readers, .. } => sqlx::query("SELECT 1").execute(readers).await.map(drop)?,
            Store::Postgres { connections, .. } => {
                sqlx::query("SELECT 1").execute(connections.pool()).await.map(drop)?;
            }
        }
        Ok(())
    }

    /// Whether data lie in a SQLite file, which one process has for itself.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.0, Store::Sqlite { .. })
    }

    /// `SQLite` or `Postgres`, for reports.
    pub fn kind(&self) -> &'static str {
        if self.is_sqlite() { "SQLite" } else { "Postgres" }
    }

    /// Closes every connection; on SQLite this also folds the write-ahead log into the file.
    pub async fn close(&self) {
        match &self.0 {
            Store::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Store::Postgres { connections, .. } => connections.close().await,
        }
    }
}
