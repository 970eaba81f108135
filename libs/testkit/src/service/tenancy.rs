//! The second wall between tenants, looked at with every condition taken away.

use db::{Db, DbError, Session};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::{Person, TestService, World};

/// Tables of the frame without an organisation: ids of events that were taken, and the histories of migrations.
const FRAME: [&str; 3] = ["inbox", "_frame_migrations", "_sqlx_migrations"];
/// Of the frame too; only the system may read it.
const SECRETS: &str = "frame_secrets";
/// Of the frame, and empty in some tests.
const FRAME_TENANTS: [&str; 6] = ["outbox", "outbox_deliveries", "dead_letters", "idempotency_keys", JOBS, SECRETS];
/// Of the frame; has rows of the system beside those of organisations.
const JOBS: &str = "jobs";

/// What is special about the tables of a service.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tables<'a> {
    /// Hold no tenant's rows.
    pub shared: &'a [&'a str],
    /// Index rows that anybody may look at, and only their own tenant may change.
    pub index: &'a [&'a str],
    /// Hold rows of the system, which no tenant sees.
    pub system: &'a [&'a str],
    /// Have no rows in this test.
    pub empty: &'a [&'a str],
}

impl World {
    /// Goes through every table that Postgres has for `service`, in which only `owner` has rows, and sees that row-level
    /// security is forced there, that statements without any condition show and change every row in the owner's name and none
    /// in the stranger's.
    ///
    /// # Panics
    /// When it is not so, or a table has no rows, which would prove nothing.
    pub async fn assert_hidden(&self, service: &TestService, name: &str, people: [&Person; 2], special: Tables<'_>) {
        let database = self.postgres.as_ref().expect("this world is on Postgres");
        let url = crate::Postgres::as_role(database, "postgres");
        let mut superuser = PgConnection::connect(url.expose()).await.expect("the superuser is let in");
        for (table, forced) in tables(&mut superuser, name).await {
            let table = table.as_str();
            if FRAME.contains(&table) || special.shared.contains(&table) {
                continue;
            }
            assert!(forced, "row-level security is not forced on {name}.{table}, or has no policy there");
            let condition = if table == JOBS { format!(" WHERE org <> '{}'", Uuid::nil()) } else { String::new() };
            let all = count(&mut superuser, &format!("{name}.{table}{condition}")).await;
            let may_be_empty = special.empty.contains(&table) || FRAME_TENANTS.contains(&table);
            assert!(all > 0 || may_be_empty, "{name}.{table} is empty, so this says nothing of it");
            for (person, own) in people.into_iter().zip([all, 0]) {
                let is_hidden = table == SECRETS || special.system.contains(&table);
                let own = if is_hidden { 0 } else { own };
                let visible = if special.index.contains(&table) { all } else { own };
                let seen = seen(&service.db, person, table).await;
                assert_eq!(seen, visible, "rows of {name}.{table} seen by {person:?}");
                let deleted = deleted(&service.db, person, table).await;
                assert_eq!(deleted.unwrap_or(own.max(1)), own, "rows of {name}.{table} deleted by {person:?}");
            }
        }
        superuser.close().await.expect("a connection can be closed");
    }
}

/// The tables of a schema, and whether row-level security is forced on each by a policy.
async fn tables(superuser: &mut PgConnection, schema: &str) -> Vec<(String, bool)> {
    let tables = sqlx::query_as(
        "SELECT relname::text, relrowsecurity AND relforcerowsecurity
             AND EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = pg_class.oid)
         FROM pg_class WHERE relnamespace = CAST($1 AS regnamespace) AND relkind IN ('r', 'p')",
    );
    let tables: Vec<_> = tables.bind(schema).fetch_all(superuser).await.expect("Postgres knows its tables");
    assert!(!tables.is_empty(), "no tables were found");
    tables
}

async fn count(connection: &mut PgConnection, table: &str) -> i64 {
    let text = format!("SELECT COUNT(*) FROM {table}");
    let (rows,): (i64,) =
        sqlx::query_as(AssertSqlSafe(text)).fetch_one(connection).await.expect("the table can be read");
    rows
}

/// How many rows a person's session sees.
async fn seen(db: &Db, who: &Person, table: &str) -> i64 {
    let mut session = begin(db, who).await;
    let text = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    let (rows,): (i64,) =
        db::fetch_one!(&mut session, unscoped on postgres: text).expect("a service's role may read its tables");
    rows
}

/// How many rows a person's session would delete, `None` when it tries to delete some that other rows refer to; all stay.
async fn deleted(db: &Db, who: &Person, table: &str) -> Option<i64> {
    let mut session = begin(db, who).await;
    match db::execute!(&mut session, unscoped on postgres: AssertSqlSafe(format!("DELETE FROM {table}"))) {
        Ok(rows) => Some(i64::try_from(rows).expect("few rows")),
        Err(DbError::Sql(sqlx::Error::Database(error))) if error.is_foreign_key_violation() => None,
        Err(error) => panic!("{table}: {error}"),
    }
}

async fn begin(db: &Db, who: &Person) -> Session {
    db.begin(&who.scope()).await.expect("the database answers")
}
