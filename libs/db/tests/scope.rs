//! Whose rows a statement is about, on both databases: bound by the session, and missed where it is not named.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::panic::AssertUnwindSafe;

use base::Scope;
use db::{DbError, Session, execute, fetch_all, fetch_one, fetch_optional};
use futures::FutureExt;
use server::service::ServiceDef;
use testkit::{
    on_both,
    service::{idle, one_migration},
    system, tenant,
};
use uuid::Uuid;

const ORG: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);
const ANN: Uuid = Uuid::from_u128(3);
const BEN: Uuid = Uuid::from_u128(4);

/// A service with the one table `things`, of users.
fn things() -> ServiceDef {
    idle(
        "things",
        one_migration(
            "CREATE TABLE things (org UUID NOT NULL, user_id UUID NOT NULL, name TEXT NOT NULL);
SELECT tenant_table('things');\n",
        ),
    )
}

async fn add(session: &mut Session, name: &str) -> Result<u64, DbError> {
    execute!(session, owner: "INSERT INTO things (org, user_id, name) VALUES ($1, $2, $3)", name)
}

async fn of_org(session: &mut Session) -> Vec<String> {
    let rows: Vec<(String,)> =
        fetch_all!(session, org: "SELECT name FROM things WHERE org = $1 ORDER BY name").unwrap();
    rows.into_iter().map(|(name,)| name).collect()
}

async fn of_user(session: &mut Session, name: &str) -> Option<(String,)> {
    fetch_optional!(session, owner: "SELECT name FROM things WHERE org = $1 AND user_id = $2 AND name = $3", name)
        .unwrap()
}

/// What a statement that must not run panics with.
async fn refused(statement: impl Future<Output = Result<u64, DbError>>) -> String {
    let panic = AssertUnwindSafe(statement).catch_unwind().await.expect_err("the statement was run");
    *panic.downcast::<String>().expect("a panic with a message")
}

on_both! {
    async fn a_session_binds_its_own_organisation_and_user(world: World) {
        let db = world.deps(&things()).await.db;
        for (org, user, name) in [(ORG, ANN, "ann's"), (ORG, BEN, "ben's"), (OTHER, ANN, "another's")] {
            let mut session = db.begin(&tenant(org, user)).await.unwrap();
            assert_eq!(add(&mut session, name).await.unwrap(), 1);
            session.commit().await.unwrap();
        }
        let mut session = db.read(&tenant(ORG, ANN)).await.unwrap();
        assert_eq!((session.org(), session.user()), (ORG, ANN));
        assert_eq!(of_org(&mut session).await, ["ann's", "ben's"]);
        assert!(of_user(&mut session, "ann's").await.is_some());
        assert!(of_user(&mut session, "ben's").await.is_none());
    }

    async fn a_statement_that_forgets_the_tenant_is_refused(world: World) {
        let db = world.deps(&things()).await.db;
        let mut session = db.begin(&tenant(ORG, ANN)).await.unwrap();
        let all = refused(async { execute!(&mut session, any: "DELETE FROM things") }).await;
        assert!(all.contains("without a tenant"), "{all}");
        for (named, statement) in [
            ("bound", "DELETE FROM things"),
            ("another column", "DELETE FROM things WHERE reorg = $1"),
            ("another parameter", "DELETE FROM things WHERE org = $10"),
            ("what is inserted", "INSERT INTO things (user_id, name) VALUES ($1, 'x')"),
        ] {
            let panic = refused(async { execute!(&mut session, org: statement) }).await;
            assert!(panic.contains("Org is bound and not named"), "{named}: {panic}");
        }
        let user = refused(async { execute!(&mut session, owner: "DELETE FROM things WHERE org = $1") }).await;
        assert!(user.contains("Owner is bound and not named"), "{user}");
    }

    async fn a_statement_of_a_tenant_is_refused_in_the_session_of_another_scope(world: World) {
        let db = world.deps(&things()).await.db;
        for scope in [Scope::public(), Scope::from(system())] {
            let mut session = db.begin(&scope).await.unwrap();
            refused(async { execute!(&mut session, org: "DELETE FROM things WHERE org = $1") }).await;
        }
        let mut session = db.begin(&system().organisation(ORG)).await.unwrap();
        refused(add(&mut session, "no user")).await;
    }

    async fn the_systems_session_goes_on_for_an_organisation_and_a_user(world: World) {
        let db = world.deps(&things()).await.db;
        let mut session = db.begin(&Scope::from(system())).await.unwrap();
        for (org, user) in [(ORG, ANN), (ORG, BEN), (OTHER, ANN)] {
            session.enter(system().organisation(org)).await.unwrap();
            session.narrow_to(user);
            add(&mut session, "made").await.unwrap();
            let seen = if user == BEN { 2 } else { 1 };
            assert_eq!(of_org(&mut session).await.len(), seen);
        }
        session.enter(Scope::from(system())).await.unwrap();
        let (all,): (i64,) = fetch_one!(&mut session, any: "SELECT COUNT(*) FROM things").unwrap();
        assert_eq!(all, 3);
        session.commit().await.unwrap();
    }

    async fn what_is_to_be_done_on_commit_is_not_done_on_a_rollback(world: World) {
        let db = world.deps(&things()).await.db;
        for commits in [false, true] {
            let (done, mut was_done) = tokio::sync::oneshot::channel();
            let mut session = db.begin(&tenant(ORG, ANN)).await.unwrap();
            session.on_commit(move || done.send(()).unwrap());
            if commits {
                session.commit().await.unwrap();
            } else {
                drop(session);
            }
            assert_eq!(was_done.try_recv().is_ok(), commits);
        }
    }
}

/// The second wall: with the organisation's condition left out, Postgres shows its rows alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organisation_that_a_session_goes_on_for_is_all_that_postgres_shows() {
    let Some(world) = testkit::service::World::postgres().await else { return };
    let db = world.deps(&things()).await.db;
    let mut session = db.begin(&Scope::from(system())).await.unwrap();
    for org in [ORG, OTHER] {
        session.enter(system().on_behalf_of(org, ANN)).await.unwrap();
        add(&mut session, "made").await.unwrap();
        let (all,): (i64,) = fetch_one!(&mut session, unscoped: "SELECT COUNT(*) FROM things").unwrap();
        assert_eq!(all, 1);
    }
}
