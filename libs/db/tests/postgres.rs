//! Postgres as a service meets it: what its role may do, who migrates, what happens when the server dies or a replica does.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base::{
    Scope,
    config::Secret,
    time::{Clock, Ids},
};
use bus::{Event, publish};
use db::{Db, DbError, DbOptions, Migrations, Session};
use futures::future::join_all;
use sqlx::{
    Connection, PgConnection, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
    raw_sql,
};
use testkit::{KillablePostgres, Postgres};
use uuid::Uuid;

const KILLS: usize = 20;
const WRITES: usize = 10_000;
const WRITERS: usize = 8;

static NOTHING: Migrator = Migrator { migrations: Cow::Borrowed(&[]), ..Migrator::DEFAULT };

fn none() -> Migrations {
    Migrations { sqlite: &NOTHING, postgres: &NOTHING }
}

/// A migration that two who run it at once would both begin, and of whom one would fail.
fn slow() -> Migrations {
    let text = "SELECT pg_sleep(0.2); CREATE TABLE things (name TEXT NOT NULL);
                INSERT INTO things VALUES ('made once')";
    let migration = Migration::new(1, "things".into(), MigrationType::Simple, text.into_sql_str(), false);
    let postgres = Box::leak(Box::new(Migrator::with_migrations(vec![migration])));
    Migrations { sqlite: &NOTHING, postgres }
}

async fn database() -> Option<Secret> {
    Postgres::database().await.map(Secret::new)
}

fn tenant() -> Scope {
    Scope::Tenant { org: Uuid::nil(), user: Uuid::nil() }
}

async fn text(session: &mut Session, statement: &'static str) -> Result<String, DbError> {
    let Session::Postgres(postgres) = session else { panic!("this is Postgres") };
    let (text,): (String,) = sqlx::query_as(statement).fetch_one(&mut **postgres).await?;
    Ok(text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_migrates_at_once_migrates_once() {
    let Some(url) = database().await else { return };
    let all = (0..8).map(|_| Db::migrate(&url, "stock", slow(), Some("gooseek_stock")));
    for migrated in join_all(all).await {
        migrated.unwrap();
    }
    let db = Db::connect(&Postgres::as_role(&url, "gooseek_stock"), "stock", slow()).await.unwrap();
    let mut session = db.read(&tenant()).await.unwrap();
    assert_eq!(text(&mut session, "SELECT COUNT(*)::text FROM things").await.unwrap(), "1");
}

#[tokio::test]
async fn a_schema_that_lacks_a_migration_is_refused_and_one_that_has_more_is_not() {
    let Some(url) = database().await else { return };
    let role = Postgres::as_role(&url, "gooseek_stock");
    Db::migrate(&url, "stock", none(), Some("gooseek_stock")).await.unwrap();
    let refused = Db::connect(&role, "stock", slow()).await.unwrap_err();
    assert!(matches!(refused, DbError::NotMigrated { .. }), "{refused}");
    let refused = Db::connect(&role, "elsewhere", none()).await.unwrap_err();
    assert!(matches!(refused, DbError::NotMigrated { .. }), "{refused}");
    assert!(!Db::may_migrate(&role, "stock").await.unwrap());

    Db::migrate(&url, "stock", slow(), Some("gooseek_stock")).await.unwrap();
    // A version that is brought back.
    Db::migrate(&url, "stock", none(), Some("gooseek_stock")).await.unwrap();
    Db::connect(&role, "stock", none()).await.unwrap();
}

#[tokio::test]
async fn a_role_that_row_level_security_does_not_bind_is_refused() {
    let Some(url) = database().await else { return };
    let refused = Db::migrate(&url, "stock", none(), Some("postgres")).await.unwrap_err();
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
    let db = Db::open(DbOptions::Postgres { url: &url }, "stock", none()).await.unwrap();
    write(&db, &Ids::new(Clock::system())).await.unwrap();
    let other = Scope::Tenant { org: Uuid::max(), user: Uuid::nil() };
    for (scope, seen) in [(tenant(), "1"), (other, "0"), (Scope::Public, "0")] {
        let mut session = db.read(&scope).await.unwrap();
        assert_eq!(text(&mut session, "SELECT COUNT(*)::text FROM outbox").await.unwrap(), seen, "{scope}");
        session.commit().await.unwrap();
    }
    // The same connections, without a scope.
    let Db::Postgres(servers) = &db else { panic!("this is Postgres") };
    let (seen,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM outbox").fetch_one(servers.primary()).await.unwrap();
    assert_eq!(seen, 0);
    // A row cannot be given away.
    let mut session = db.begin(&tenant()).await.unwrap();
    let moved = text(&mut session, "UPDATE outbox SET org = gen_random_uuid() RETURNING subject").await.unwrap_err();
    assert!(moved.to_string().contains("row-level security"), "{moved}");
}

#[tokio::test]
async fn what_takes_too_long_is_ended_and_may_be_tried_again() {
    let Some(url) = database().await else { return };
    let db = Db::open(DbOptions::Postgres { url: &url }, "stock", none()).await.unwrap();
    let mut session = db.read(&tenant()).await.unwrap();
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

/// Two databases stand for a server and its replica, so that it can be seen which one answered.
#[tokio::test]
async fn old_reads_go_to_the_replica_and_to_the_primary_when_it_is_down() {
    let (Some(url), Some(replica)) = (database().await, database().await) else { return };
    Db::migrate(&replica, "stock", none(), None).await.unwrap();
    let name = replica.expose().rsplit('/').next().unwrap().to_owned();
    let primary = url.expose().rsplit('/').next().unwrap().to_owned();
    let db = Db::open(DbOptions::Postgres { url: &url }, "stock", none()).await.unwrap();
    let asked = async |db: &Db| {
        let stale =
            text(&mut db.read_stale(&tenant()).await.unwrap(), "SELECT current_database()::text").await.unwrap();
        let fresh = text(&mut db.read(&tenant()).await.unwrap(), "SELECT current_database()::text").await.unwrap();
        (stale, fresh)
    };
    assert_eq!(asked(&db).await, (primary.clone(), primary.clone()));
    let with_replica = db.clone().with_replica(&replica, "stock").unwrap();
    assert_eq!(asked(&with_replica).await, (name, primary.clone()));
    let nobody = Secret::new("postgresql://gooseek@127.0.0.1:1/nothing".to_owned());
    let without = db.with_replica(&nobody, "stock").unwrap();
    assert_eq!(asked(&without).await, (primary.clone(), primary));
}

/// An event in a transaction of its own; its id once the commit was acknowledged.
async fn write(db: &Db, ids: &Ids) -> Result<Uuid, DbError> {
    let event = Event::new(ids.next(), "gooseek.test.thing.happened.v1", Uuid::nil(), "x", Clock::system().now());
    let mut session = db.begin(&tenant()).await?;
    publish(&mut session, &event).await?;
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
    let db = Db::open(DbOptions::Postgres { url: &server.url() }, "stock", none()).await.unwrap();
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
    let mut session = db.read(&tenant()).await.unwrap();
    let Session::Postgres(postgres) = &mut session else { panic!("this is Postgres") };
    for writer in writers {
        for id in writer.await.unwrap() {
            let kept: Option<(Uuid,)> = sqlx::query_as("SELECT id FROM outbox WHERE id = $1")
                .bind(id)
                .fetch_optional(&mut **postgres)
                .await
                .unwrap();
            lost += usize::from(kept.is_none());
        }
    }
    assert_eq!(lost, 0, "of {} writes that were acknowledged", acknowledged.load(Ordering::Relaxed));
}
