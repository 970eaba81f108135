//! Runs migrations under an advisory lock as the owner of a schema and grants the service's role its rows; checks whether
//! a schema is up to date.

use std::time::Duration;

use base::config::Secret;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection,
    migrate::{Migration, Migrator},
};

use super::{Db, DbError, dialect, postgres};

/// The tables every service has, and the functions their row-level security is made by.
static FRAME: Migrations =
    Migrations { tables: &sqlx::migrate!(), sqlite: None, postgres: Some(&sqlx::migrate!("migrations/postgres")) };

const FRAME_HISTORY: &str = "_frame_migrations";
const HISTORY: &str = "_sqlx_migrations";

/// The advisory lock of migrations: one for the whole database, because roles and extensions are not a schema's.
const LOCK: i64 = 0x676f_6f73_6565_6b00;
/// Between two tries to get it. Waiting inside Postgres would hold a snapshot, which `CREATE INDEX CONCURRENTLY` waits for.
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(100);
/// A change of a table that is in use gives way after this, since everybody queues behind it.
const LOCK_TIMEOUT: &str = "5s";

/// A service's migrations, written once in the dialect of Postgres. What search and vectors need may be written for each
/// database, in files whose names end in `_search.sql`. All have numbers of one sequence.
#[derive(Debug, Clone, Copy)]
pub struct Migrations {
    pub tables: &'static Migrator,
    pub sqlite: Option<&'static Migrator>,
    pub postgres: Option<&'static Migrator>,
}

/// What migrations are run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Migrations {
    /// Of a service without tables of its own.
    pub const NONE: Self = Self { tables: &Migrator::DEFAULT, sqlite: None, postgres: None };

    /// What is run, in order: the frame's own tables keep their own history beside the service's.
    pub(super) fn migrators(self, dialect: Dialect) -> [Migrator; 2] {
        let frame = Migrator { table_name: FRAME_HISTORY.into(), ..FRAME.migrator(dialect) };
        [frame, self.migrator(dialect)]
    }

    fn migrator(self, dialect: Dialect) -> Migrator {
        let (own, translate): (_, fn(&Migration) -> Migration) = match dialect {
            Dialect::Sqlite => (self.sqlite, dialect::for_sqlite),
            Dialect::Postgres => (self.postgres, Migration::clone),
        };
        let mut migrations: Vec<Migration> = self.tables.iter().map(translate).collect();
        migrations.extend(own.into_iter().flat_map(Migrator::iter).cloned());
        migrations.sort();
        Migrator { migrations: migrations.into(), ..Migrator::DEFAULT }
    }
}

impl Db {
    /// Creates the schema of `service`, brings it to the newest migration, and grants `role` its rows. A process that does
    /// so at the same moment is waited for, and then nothing is left to do. The role of `url` owns the schema.
    ///
    /// A `role` that does not exist is made, without a password, if the owner may make roles.
    pub async fn migrate(
        url: &Secret,
        service: &str,
        migrations: Migrations,
        role: Option<&str>,
    ) -> Result<(), DbError> {
        let options = postgres::owner_options(url, service)?.options([("lock_timeout", LOCK_TIMEOUT)]);
        let mut owner = options.connect().await?;
        lock(&mut owner).await?;
        let schema = postgres::schema(service);
        run(&mut owner, &schema, migrations).await?;
        if let Some(role) = role {
            grant(&mut owner, &schema, role).await?;
        }
        // The lock ends with the connection.
        Ok(owner.close().await?)
    }

    /// [`DbError::NotMigrated`] when the schema of `service` lacks a migration of this version.
    pub async fn check_migrated(url: &Secret, service: &str, migrations: Migrations) -> Result<(), DbError> {
        let mut connection = postgres::owner_options(url, service)?.connect().await?;
        check(&mut connection, &postgres::schema(service), migrations).await?;
        Ok(connection.close().await?)
    }

    /// Whether the role of `url` may create and change the schema of `service`.
    pub async fn may_migrate(url: &Secret, service: &str) -> Result<bool, DbError> {
        let mut connection = postgres::owner_options(url, service)?.connect().await?;
        let (may,): (bool,) = sqlx::query_as(
            "SELECT COALESCE((SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = $1),
                 has_database_privilege(current_database(), 'CREATE'))",
        )
        .bind(postgres::schema(service))
        .fetch_one(&mut connection)
        .await?;
        connection.close().await?;
        Ok(may)
    }
}

async fn lock(owner: &mut PgConnection) -> Result<(), DbError> {
    loop {
        let (locked,): (bool,) =
            sqlx::query_as("SELECT pg_try_advisory_lock($1)").bind(LOCK).fetch_one(&mut *owner).await?;
        if locked {
            return Ok(());
        }
        tokio::time::sleep(LOCK_POLL_INTERVAL).await;
    }
}

async fn run(owner: &mut PgConnection, schema: &str, migrations: Migrations) -> Result<(), DbError> {
    let [mut frame, own] = migrations.migrators(Dialect::Postgres);
    frame.create_schema(format!("\"{schema}\""));
    for mut migrator in [frame, own] {
        // An older version that is brought back finds the migrations of the newer one.
        migrator.set_ignore_missing(true).set_locking(false);
        migrator.run(&mut *owner).await?;
    }
    Ok(())
}

/// Reading and writing rows, and nothing else.
async fn grant(owner: &mut PgConnection, schema: &str, role: &str) -> Result<(), DbError> {
    ensure_role(owner, role).await?;
    let role = quoted(role);
    let grants = format!(
        "GRANT USAGE ON SCHEMA \"{schema}\" TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \"{schema}\" TO {role};
         REVOKE INSERT, UPDATE, DELETE ON \"{schema}\".{HISTORY}, \"{schema}\".{FRAME_HISTORY} FROM {role};"
    );
    sqlx::raw_sql(AssertSqlSafe(grants)).execute(owner).await?;
    Ok(())
}

async fn ensure_role(owner: &mut PgConnection, role: &str) -> Result<(), DbError> {
    let fault = |fault| DbError::Role { role: role.to_owned(), fault };
    match bypasses(owner, role).await? {
        Some(false) => return Ok(()),
        Some(true) => {
            return Err(fault("is a superuser or passes by row-level security; services need one that is not"));
        }
        None => {}
    }
    let create = format!("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS", quoted(role));
    let created = sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut *owner).await;
    // Roles belong to all databases of a server, the lock to one: another database may have been quicker.
    match created {
        Err(_) if bypasses(owner, role).await?.is_some() => Ok(()),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42501") => {
            Err(fault("does not exist, and the owner of the schema may not make roles"))
        }
        created => Ok(created.map(drop)?),
    }
}

/// Whether row-level security does not apply to `role`; `None` when there is no such role.
async fn bypasses(owner: &mut PgConnection, role: &str) -> Result<Option<bool>, DbError> {
    let row: Option<(bool,)> = sqlx::query_as("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = $1")
        .bind(role)
        .fetch_optional(owner)
        .await?;
    Ok(row.map(|(bypasses,)| bypasses))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// [`DbError::NotMigrated`] unless every migration of this version has been run.
pub(super) async fn check(connection: &mut PgConnection, schema: &str, migrations: Migrations) -> Result<(), DbError> {
    for migrator in migrations.migrators(Dialect::Postgres) {
        let text = format!("SELECT version, checksum FROM \"{schema}\".{} WHERE success", migrator.table_name);
        let applied: Vec<(i64, Vec<u8>)> = match sqlx::query_as(AssertSqlSafe(text)).fetch_all(&mut *connection).await {
            Ok(applied) => applied,
            Err(sqlx::Error::Database(error)) if is_absent(error.code().as_deref()) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let is_applied = |version, checksum: &[u8]| applied.iter().any(|(v, c)| *v == version && c == checksum);
        if !migrator.iter().all(|migration| is_applied(migration.version, &migration.checksum)) {
            return Err(DbError::NotMigrated { schema: schema.to_owned() });
        }
    }
    Ok(())
}

/// No such table, no such schema, no right to look into it.
fn is_absent(code: Option<&str>) -> bool {
    matches!(code, Some("42P01" | "3F000" | "42501"))
}
