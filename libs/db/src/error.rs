//! What can go wrong below a store function, and what a client is told of it.

use base::Problem;

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
            sqlx::Error::Database(cause) if is_transient(cause.code().as_deref()) => {
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
fn is_transient(code: Option<&str>) -> bool {
    matches!(code, Some("57P01" | "57P02" | "57P03" | "53300" | "40001" | "40P01" | "57014" | "55P03" | "25P03"))
}
