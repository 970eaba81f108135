//! Connections to Postgres: one pool for all services of a process, each with a schema of its own.

use std::{str::FromStr, time::Duration};

use base::{Scope, config::Secret};
use sqlx::{
    AssertSqlSafe, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::DbError;

/// How long a session waits for a connection, or for a server that is starting.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements that a connection keeps: about those of sixteen services.
const STATEMENTS: usize = 1_000;

/// What a statement, a wait for a lock and a silent transaction may take. Every statement of ours takes milliseconds:
/// these bound what one that went wrong, or a process that hangs, can cost the others.
const LIMITS: [(&str, &str); 3] =
    [("statement_timeout", "30s"), ("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "60s")];

/// The connections of a process to Postgres, shared by its services. Cheap to clone.
///
/// Which schema a statement is about is set for each transaction, together with its tenant. A statement that was prepared
/// for one schema and is run for another is planned again by Postgres, which compares the search path at each run
/// (`RevalidateCachedQuery` in `plancache.c`).
#[derive(Debug, Clone)]
pub struct PgConnections(PgPool);

impl PgConnections {
    /// At most `max` connections, which Postgres lists under `name`. One is made at once.
    pub async fn open(url: &Secret, name: &str, max: u32) -> Result<Self, DbError> {
        let options = PgConnectOptions::from_str(url.expose())?.application_name(&format!("gooseek {name}"));
        let pool = PgPoolOptions::new()
            .max_connections(max)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.options(LIMITS).statement_cache_capacity(STATEMENTS))
            .await?;
        let (role, bypasses): (String, bool) =
            sqlx::query_as("SELECT rolname::text, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
                .fetch_one(&pool)
                .await?;
        if bypasses {
            tracing::warn!(name, role, "row-level security does not apply to the role of POSTGRES_URL");
        }
        Ok(Self(pool))
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.0
    }

    /// A transaction in `schema` that sees the rows of `scope`: row-level security compares with these settings, which end
    /// with it. All is one round trip.
    pub(super) async fn begin(&self, schema: &str, scope: &Scope) -> Result<Transaction<'static, Postgres>, DbError> {
        let text = format!("BEGIN; SET LOCAL search_path = \"{schema}\", public; {}", set_tenant(scope));
        Ok(self.0.begin_with(AssertSqlSafe(text)).await?)
    }

    /// Closes every connection, for all services of the process.
    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

/// The settings that row-level security compares with, for the rest of a transaction.
pub(super) fn set_tenant(scope: &Scope) -> String {
    let (org, system) = if scope.is_system() { (String::new(), "on") } else { (scope.label(), "off") };
    format!("SET LOCAL app.org = '{org}'; SET LOCAL app.system = '{system}'")
}

/// The schema of a service. Statements quote it: `create` is a word of the language.
pub(super) fn schema(service: &str) -> String {
    service.replace('-', "_")
}

/// How the owner of the schema of `service` connects: that is looked in first, then `public`, where extensions are.
pub(super) fn owner_options(url: &Secret, service: &str) -> Result<PgConnectOptions, DbError> {
    let search_path = format!("\"{}\",public", schema(service));
    Ok(PgConnectOptions::from_str(url.expose())?
        .application_name(&format!("gooseek {service}"))
        .options([("search_path", search_path.as_str())]))
}
