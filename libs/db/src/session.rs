//! A connection for one scope. It owns the scope, so that store functions are not told whose data they are about.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use base::Scope;
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction, pool::PoolConnection, raw_sql};
use uuid::Uuid;

use crate::{DbError, postgres};

/// A connection for one scope: a transaction, or on SQLite a reader.
pub struct Session {
    scope: Scope,
    connection: Connection,
    on_commit: Vec<Box<dyn FnOnce() + Send + Sync>>,
}

/// The connection of a session, for what the macros expand to.
#[derive(Debug)]
pub enum Connection {
    Sqlite(SqliteConnection),
    Postgres(Transaction<'static, Postgres>),
}

impl Session {
    pub(crate) fn new(scope: Scope, connection: Connection) -> Self {
        Self { scope, connection, on_commit: Vec::new() }
    }

    /// Whose rows it is about.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The organisation whose rows it is about.
    ///
    /// # Panics
    /// When it is the public's or the system's session: code for an organisation was called in it.
    pub fn org(&self) -> Uuid {
        self.scope.org().expect("code for an organisation is called in a session of an organisation")
    }

    /// The user whose rows it is about.
    ///
    /// # Panics
    /// When it is not one user's session: code for a user was called in it.
    pub fn user(&self) -> Uuid {
        self.scope.user().expect("code for a user is called in a session of a user")
    }

    /// Whether statements run on SQLite, for the few that have two texts.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.connection, Connection::Sqlite(_))
    }

    /// Goes on in the same transaction for another scope, of which the caller has the proof: a consumer's session is
    /// the system's, and each event is handled in the session of its organisation.
    pub async fn enter(&mut self, scope: Scope) -> Result<(), DbError> {
        if self.scope == scope {
            return Ok(());
        }
        if let Connection::Postgres(transaction) = &mut self.connection {
            raw_sql(AssertSqlSafe(postgres::set_tenant(&scope))).execute(&mut **transaction).await?;
        }
        self.scope = scope;
        Ok(())
    }

    /// Goes on for one user of the organisation whose session this is: the handler of an event reads from the event
    /// whom it is about.
    ///
    /// # Panics
    /// When this is not the session of a whole organisation.
    pub fn narrow_to(&mut self, user: Uuid) {
        self.scope =
            self.scope.narrowed_to(user).expect("only the session of a whole organisation is narrowed to a user");
    }

    /// Runs `action` once the writes of this session are durable, and not at all if they are rolled back.
    pub fn on_commit(&mut self, action: impl FnOnce() + Send + Sync + 'static) {
        self.on_commit.push(Box::new(action));
    }

    /// Makes the writes of this session durable.
    pub async fn commit(self) -> Result<(), DbError> {
        match self.connection {
            Connection::Sqlite(SqliteConnection::Write(transaction)) => transaction.commit().await?,
            Connection::Sqlite(SqliteConnection::Read(_)) => {}
            Connection::Postgres(transaction) => transaction.commit().await?,
        }
        for action in self.on_commit {
            action();
        }
        Ok(())
    }

    /// What a statement runs on. Only the macros of this crate use it: it knows no scope.
    #[doc(hidden)]
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// A SQLite connection that reads, or the writer's transaction.
#[derive(Debug)]
pub enum SqliteConnection {
    Read(PoolConnection<Sqlite>),
    Write(Transaction<'static, Sqlite>),
}

impl Deref for SqliteConnection {
    type Target = sqlx::SqliteConnection;

    fn deref(&self) -> &sqlx::SqliteConnection {
        match self {
            Self::Read(connection) => connection,
            Self::Write(transaction) => transaction,
        }
    }
}

impl DerefMut for SqliteConnection {
    fn deref_mut(&mut self) -> &mut sqlx::SqliteConnection {
        match self {
            Self::Read(connection) => connection,
            Self::Write(transaction) => transaction,
        }
    }
}
