//! The program on a Postgres whose schema is another role's: it is migrated by command, and waited for until then.

use std::{net::TcpListener, time::Duration};

use base::config::Secret;
use db::Db;
use futures::future::join_all;
use sqlx::{Connection, PgConnection};
use testkit::{
    Gooseek, Postgres,
    gooseek::{Builder, Client},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_chat-svc");

fn migrate(owner: &Secret) -> Builder {
    Builder::new(PROGRAM).arg("migrate").set("POSTGRES_MIGRATE_URL", owner.expose())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_that_migrate_at_once_migrate_once() {
    let Some(owner) = Postgres::database().await.map(Secret::new) else { return };
    for output in join_all((0..8).map(|_| migrate(&owner).output())).await {
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(printed, "chat: migrated\ngranted to gooseek_chat\n");
    }
    let mut connection = PgConnection::connect(owner.expose()).await.unwrap();
    let (applied,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM chat._sqlx_migrations").fetch_one(&mut connection).await.unwrap();
    assert_eq!(usize::try_from(applied).unwrap(), chat_svc::SERVICE.migrations.tables.iter().count());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_may_not_migrate_is_alive_and_says_what_it_waits_for() {
    let Some(owner) = Postgres::database().await.map(Secret::new) else { return };
    // The role is there before the schema: whoever sets up the server gives it a password.
    let other = Postgres::database().await.map(Secret::new).unwrap();
    Db::migrate(&other, chat_svc::SERVICE.name, chat_svc::SERVICE.migrations, Some("gooseek_chat")).await.unwrap();
    let role = Postgres::as_role(&owner, "gooseek_chat");

    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let starting = Gooseek::alone(PROGRAM).set("BIND", &address).set("POSTGRES_URL", role.expose()).start();
    let migrating = async {
        let client = Client::new(&format!("http://{address}"), None);
        while client.status("/ready").await != Some(503) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let unready = client.request("GET", "/ready").send().await.unwrap().text().await.unwrap();
        assert_eq!(client.status("/health").await, Some(200));
        let output = migrate(&owner).output().await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        unready
    };
    let (mut server, unready) = tokio::join!(starting, migrating);
    assert!(unready.contains("the schema chat lacks migrations of this version; run chat-svc migrate"), "{unready}");
    assert!(server.log().contains("run chat-svc migrate"), "{}", server.log());
    assert_eq!(server.stop().await.code, Some(0));
}
