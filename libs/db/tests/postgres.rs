//! Postgres as a service meets it: what its role may do, which role migrates, what happens when the server dies.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base::{
    Scope,
    config::Secret,
    time::{Clock, Ids},
};
use bus::{EventRecord, Outbox};
use db::{Db, DbError, Migrations, PgConnections, Session, fetch_one, fetch_optional};
use futures::future::join_all;
use proto::events::v1::ThreadDeleted;
use sqlx::{Connection, PgConnection, raw_sql};
use testkit::{KillablePostgres, Postgres, service::one_migration, tenant};
use uuid::Uuid;

const KILLS: usize = 20;
const WRITES: usize = 10_000;
const WRITERS: usize = 8;

const NONE: Migrations = Migrations::NONE;

/// A migration that two that run it at once would both begin, and of which one would fail.
fn slow() -> Migrations {
    one_migration(
        "SELECT pg_sleep(0.2); CREATE TABLE things (name TEXT NOT NULL); INSERT INTO things VALUES ('made once')",
    )
}

async fn database() -> Option<Secret> {
    Postgres::database().await.map(Secret::new)
}

fn ann() -> Scope {
    tenant(Uuid::nil(), Uuid::nil())
}

/// The schema `stock` on connections of its own, migrated and then used by the owner.
async fn open(url: &Secret, migrations: Migrations) -> Db {
    Db::migrate(url, "stock", migrations, None).await.unwrap();
    connect(url, "stock", migrations).await.unwrap()
}

async fn connect(url: &Secret, service: &str, migrations: Migrations) -> Result<Db, DbError> {
    let connections = PgConnections::open(url, service, 12).await?;
    Db::open_postgres(&connections, service, migrations).await
}

async fn text(session: &mut Session, statement: &'static str) -> Result<String, DbError> {
    let (text,): (String,) = fetch_one!(session, unscoped on postgres: statement)?;
    Ok(text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_that_are_run_at_once_are_run_once() {
    let Some(url) = database().await else { return };
    let all = (0..8).map(|_| Db::migrate(&url, "stock", slow(), Some("gooseek_stock")));
    for migrated in join_all(all).await {
        migrated.unwrap();
    }
    let db = connect(&Postgres::as_role(&url, "gooseek_stock"), "stock", slow()).await.unwrap();
    let mut session = db.read(&ann()).await.unwrap();
    assert_eq!(text(&mut session, "SELECT COUNT(*)::text FROM things").await.unwrap(), "1");
}

#[tokio::test]
async fn a_service_may_be_called_like_a_word_of_sql() {
    let Some(url) = database().await else { return };
    for service in ["create", "cache-worker"] {
        let role = format!("gooseek_{}", service.replace('-', "_"));
        let migrations = one_migration("CREATE TABLE things (name TEXT NOT NULL); INSERT INTO things VALUES ('made')");
        Db::migrate(&url, service, migrations, Some(&role)).await.unwrap();
        let db = connect(&Postgres::as_role(&url, &role), service, migrations).await.unwrap();
        let mut session = db.read(&ann()).await.unwrap();
        assert_eq!(text(&mut session, "SELECT name FROM things").await.unwrap(), "made", "{service}");
    }
}

#[tokio::test]
async fn a_schema_that_lacks_a_migration_is_refused_and_one_that_has_more_is_not() {
    let Some(url) = database().await else { return };
    let role = Postgres::as_role(&url, "gooseek_stock");
    Db::migrate(&url, "stock", NONE, Some("gooseek_stock")).await.unwrap();
    let refused = connect(&role, "stock", slow()).await.unwrap_err();
    assert!(matches!(refused, DbError::NotMigrated { .. }), "{refused}");
    let refused = connect(&role, "elsewhere", NONE).await.unwrap_err();
    assert!(matches!(refused, DbError::NotMigrated { .. }), "{refused}");
    assert!(!Db::may_migrate(&role, "stock").await.unwrap());

    Db::migrate(&url, "stock", slow(), Some("gooseek_stock")).await.unwrap();
    // A version that is brought back.
    Db::migrate(&url, "stock", NONE, Some("gooseek_stock")).await.unwrap();
    connect(&role, "stock", NONE).await.unwrap();
}

#[tokio::test]
async fn a_role_that_row_level_security_does_not_bind_is_refused() {
    let Some(url) = database().await else { return };
    let refused = Db::migrate(&url, "stock", NONE, Some("postgres")).await.unwrap_err();
    assert!(matches!(&refused, DbError::Role { role, .. } if role == "postgres"), "{refused}");
}

#[tokio::test]
async fn a_services_role_reads_and_writes_its_rows_and_nothing_else() {
    let Some(url) = database().await else { return };
    for service in ["stock", "till"] {
        Db::migrate(&url, service, slow(), Some(&format!("gooseek_{service}"))).await.unwrap();
    }
    let role = Postgres::as_role(&url, "gooseek_stock");
    let mut connection = PgConnection::connect(role.expose()).await.unwrap();
    for allowed in ["SELECT * FROM stock.things", "UPDATE stock.things SET name = 'sold'", "DELETE FROM stock.things"] {
        raw_sql(allowed).execute(&mut connection).await.unwrap();
    }
    for denied in [
        "SELECT * FROM till.things",
        "INSERT INTO till.things VALUES ('smuggled')",
        "CREATE TABLE stock.more ()",
        "CREATE TABLE public.more ()",
        "CREATE SCHEMA more",
        "ALTER TABLE stock.things ADD COLUMN more TEXT",
        "ALTER TABLE stock.outbox DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON stock.outbox",
        "SET row_security = off; SELECT * FROM stock.outbox",
        "TRUNCATE stock.things",
        "DROP TABLE stock.things",
        "DELETE FROM stock._sqlx_migrations",
        "UPDATE stock._frame_migrations SET success = FALSE",
        "SET ROLE gooseek",
        "SET ROLE postgres",
        "ALTER ROLE gooseek_stock BYPASSRLS",
        "CREATE ROLE another",
        "COPY stock.things TO PROGRAM 'true'",
        "GRANT gooseek_till TO gooseek_stock",
    ] {
        let refused = raw_sql(denied).execute(&mut connection).await.expect_err(denied);
        let code =
            refused.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default().into_owned();
        assert_eq!(code, "42501", "{denied}: {refused}");
        raw_sql("SET row_security = on").execute(&mut connection).await.unwrap();
    }
}

#[tokio::test]
async fn a_session_sees_its_own_organisation_for_one_transaction() {
    let Some(url) = database().await else { return };
    let db = open(&url, NONE).await;
    write(&db, &Ids::new(Clock::system())).await.unwrap();
    let other = tenant(Uuid::max(), Uuid::nil());
    for (scope, seen) in [(ann(), "1"), (other, "0"), (Scope::public(), "0")] {
        let mut session = db.read(&scope).await.unwrap();
        assert_eq!(text(&mut session, "SELECT COUNT(*)::text FROM outbox").await.unwrap(), seen, "{scope}");
        session.commit().await.unwrap();
    }
    // The same role, without a scope.
    let mut connection = PgConnection::connect(url.expose()).await.unwrap();
    let (seen,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM stock.outbox").fetch_one(&mut connection).await.unwrap();
    assert_eq!(seen, 0);
    // A row cannot be given away.
    let mut session = db.begin(&ann()).await.unwrap();
    let moved = text(&mut session, "UPDATE outbox SET org = gen_random_uuid() RETURNING subject").await.unwrap_err();
    assert!(moved.to_string().contains("row-level security"), "{moved}");
}

#[tokio::test]
async fn what_takes_too_long_is_ended_and_may_be_tried_again() {
    let Some(url) = database().await else { return };
    let db = open(&url, NONE).await;
    let mut session = db.read(&ann()).await.unwrap();
    for (setting, limit) in [
        ("SHOW statement_timeout", "30s"),
        ("SHOW lock_timeout", "10s"),
        ("SHOW idle_in_transaction_session_timeout", "1min"),
    ] {
        assert_eq!(text(&mut session, setting).await.unwrap(), limit, "{setting}");
    }
    text(&mut session, "SELECT set_config('statement_timeout', '20ms', true)").await.unwrap();
    let ended = text(&mut session, "SELECT pg_sleep(60)::text").await.unwrap_err();
    assert!(matches!(ended, DbError::Unavailable(_)), "{ended}");
}

/// The same statement in two schemas over one connection: it was prepared for the first, and its plan holds that one's table.
#[tokio::test]
async fn services_that_share_connections_do_not_see_each_others_rows() {
    let Some(url) = database().await else { return };
    let connections = PgConnections::open(&url, "serve", 1).await.unwrap();
    let mut dbs = Vec::new();
    for (service, table) in [
        ("stock", "CREATE TABLE things (name TEXT NOT NULL, more TEXT); INSERT INTO things VALUES ('of stock')"),
        ("till", "CREATE TABLE things (more BIGINT, name TEXT NOT NULL); INSERT INTO things VALUES (1, 'of till')"),
    ] {
        let migrations = one_migration(table);
        Db::migrate(&url, service, migrations, None).await.unwrap();
        dbs.push((service, Db::open_postgres(&connections, service, migrations).await.unwrap()));
    }
    // Prepared, run often enough for a generic plan, and then in turns.
    for round in 0..20 {
        for (service, db) in &dbs {
            for _ in 0..10_i32 {
                let mut session = db.read(&ann()).await.unwrap();
                let (name,): (String,) =
                    fetch_one!(&mut session, unscoped on postgres: "SELECT name FROM things WHERE name <> $1", "")
                        .unwrap();
                assert_eq!(name, format!("of {service}"), "round {round}");
            }
        }
    }
}

/// Sixteen services are one pool: a connection is theirs for a transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_has_as_many_connections_as_it_may_however_many_services_run_in_it() {
    let Some(url) = database().await else { return };
    let connections = PgConnections::open(&url, "serve", 3).await.unwrap();
    let mut dbs = Vec::new();
    for number in 0..16 {
        let service = format!("service-{number}");
        Db::migrate(&url, &service, NONE, None).await.unwrap();
        dbs.push(Db::open_postgres(&connections, &service, NONE).await.unwrap());
    }
    let reading = dbs.iter().map(async |db| {
        for _ in 0..20 {
            let mut session = db.read(&ann()).await.unwrap();
            text(&mut session, "SELECT COUNT(*)::text FROM outbox").await.unwrap();
        }
    });
    join_all(reading).await;
    let mut observer = PgConnection::connect(url.expose()).await.unwrap();
    let open = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'gooseek serve'";
    let (open,): (i64,) = sqlx::query_as(open).fetch_one(&mut observer).await.unwrap();
    assert!((1..=3).contains(&open), "{open} connections");
}

/// An event in a transaction of its own; its id once the commit was acknowledged.
async fn write(db: &Db, ids: &Ids) -> Result<Uuid, DbError> {
    let event = EventRecord::new(ids.next(), Uuid::nil(), &ThreadDeleted::default(), Clock::system().now());
    let mut session = db.begin(&ann()).await?;
    Outbox::new(ids.clone(), Clock::system()).publish_record(&mut session, &event).await?;
    session.commit().await?;
    Ok(event.id)
}

/// Writes until `WRITES` of all writers together were acknowledged; its own.
async fn keep_writing(db: Db, ids: Ids, acknowledged: Arc<AtomicUsize>) -> Vec<Uuid> {
    let mut own = Vec::new();
    while acknowledged.load(Ordering::Relaxed) < WRITES {
        match write(&db, &ids).await {
            Ok(id) => {
                own.push(id);
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err(DbError::Unavailable(_)) => {}
            Err(error) => panic!("a server that is down is something else: {error:?}"),
        }
    }
    own
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_after_the_server_was_killed() {
    let Some(mut server) = KillablePostgres::start().await else { return };
    let db = open(&server.url(), NONE).await;
    let (ids, acknowledged) = (Ids::new(Clock::system()), Arc::new(AtomicUsize::new(0)));
    let writers: Vec<_> =
        (0..WRITERS).map(|_| tokio::spawn(keep_writing(db.clone(), ids.clone(), acknowledged.clone()))).collect();
    for kill in 1..=KILLS {
        while acknowledged.load(Ordering::Relaxed) < kill * WRITES / (KILLS + 1) {
            assert!(!writers.iter().all(tokio::task::JoinHandle::is_finished), "the writers gave up");
            tokio::task::yield_now().await;
        }
        server.kill_and_restart().await;
    }
    let mut lost = 0;
    let mut session = db.read(&ann()).await.unwrap();
    for writer in writers {
        for id in writer.await.unwrap() {
            let kept: Option<(Uuid,)> =
                fetch_optional!(&mut session, unscoped: "SELECT id FROM outbox WHERE id = $1", id).unwrap();
            lost += usize::from(kept.is_none());
        }
    }
    assert_eq!(lost, 0, "of {} writes that were acknowledged", acknowledged.load(Ordering::Relaxed));
}
