//! Connections to Postgres: the primary, and a replica for reads that may be old.

use std::{
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base::config::Secret;
use sqlx::{
    PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::Instant;

use super::{DbError, Scope};

const CONNECTIONS: u32 = 12;
/// How long a session waits for a connection, or for a server that is starting.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same for the replica, which nobody depends on.
const REPLICA_PATIENCE: Duration = Duration::from_millis(500);
/// A replica that failed is not asked again for this long.
const REPLICA_PAUSE: Duration = Duration::from_secs(10);

/// What a statement, a wait for a lock and a silent transaction may take. Every statement of ours takes milliseconds:
/// these bound what one that went wrong, or a process that hangs, can cost the others.
const LIMITS: [(&str, &str); 3] =
    [("statement_timeout", "30s"), ("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "60s")];

/// The servers of one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Servers {
    primary: PgPool,
    replica: Option<Replica>,
}

#[derive(Debug, Clone)]
struct Replica {
    pool: PgPool,
    /// Not asked before this.
    rests_until: Arc<Mutex<Option<Instant>>>,
}

impl Servers {
    pub(super) async fn connect(url: &Secret, service: &str) -> Result<Self, DbError> {
        let primary = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_with(limited(options(url, service)?))
            .await?;
        let (role, bypasses): (String, bool) =
            sqlx::query_as("SELECT rolname::text, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
                .fetch_one(&primary)
                .await?;
        if bypasses {
            tracing::warn!(service, role, "row-level security does not apply to the role of POSTGRES_URL");
        }
        Ok(Self { primary, replica: None })
    }

    /// The replica is connected to when it is first asked: a start does not wait for it.
    pub(super) fn with_replica(self, url: &Secret, service: &str) -> Result<Self, DbError> {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(REPLICA_PATIENCE)
            .connect_lazy_with(limited(options(url, service)?));
        Ok(Self { replica: Some(Replica { pool, rests_until: Arc::default() }), ..self })
    }

    /// The server that has every committed row.
    pub fn primary(&self) -> &PgPool {
        &self.primary
    }

    pub(super) async fn begin(&self, scope: &Scope) -> Result<Transaction<'static, Postgres>, DbError> {
        begin(&self.primary, scope).await
    }

    pub(super) async fn begin_stale(&self, scope: &Scope) -> Result<Transaction<'static, Postgres>, DbError> {
        if let Some(replica) = self.replica.as_ref().filter(|replica| replica.is_asked()) {
            match begin(&replica.pool, scope).await {
                Ok(transaction) => return Ok(transaction),
                Err(error) => {
                    tracing::warn!(%error, "the replica does not answer; the primary is asked");
                    replica.rest();
                }
            }
        }
        begin(&self.primary, scope).await
    }

    pub(super) async fn close(&self) {
        if let Some(replica) = &self.replica {
            replica.pool.close().await;
        }
        self.primary.close().await;
    }
}

impl Replica {
    fn is_asked(&self) -> bool {
        let rests_until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        rests_until.is_none_or(|until| until <= Instant::now())
    }

    fn rest(&self) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REPLICA_PAUSE);
    }
}

/// A transaction that sees the rows of `scope`: row-level security compares with these settings, which end with it.
async fn begin(pool: &PgPool, scope: &Scope) -> Result<Transaction<'static, Postgres>, DbError> {
    let (org, system) = match scope {
        Scope::System(_) => (String::new(), "on"),
        tenant => (tenant.label(), "off"),
    };
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT set_config('app.org', $1, true), set_config('app.system', $2, true)")
        .bind(org)
        .bind(system)
        .execute(&mut *transaction)
        .await?;
    Ok(transaction)
}

/// The schema of a service.
pub(super) fn schema(service: &str) -> String {
    service.replace('-', "_")
}

/// How to connect for `service`: its schema is looked in first, then `public`, where extensions are.
pub(super) fn options(url: &Secret, service: &str) -> Result<PgConnectOptions, DbError> {
    let search_path = format!("{},public", schema(service));
    Ok(PgConnectOptions::from_str(url.expose())?
        .application_name(&format!("gooseek {service}"))
        .options([("search_path", search_path.as_str())]))
}

fn limited(options: PgConnectOptions) -> PgConnectOptions {
    options.options(LIMITS)
}
