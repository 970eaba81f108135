//! The operator's routes of a process: what administrators may do with what belongs to no organisation, or to all.

use std::{path::Path, sync::Arc, time::Duration};

use access::keys::SigningKey;
use axum::{
    Router,
    http::{Method, StatusCode},
};
use base::{config::Settings, time::Clock};
use db::Migrations;
use fetch::operator::OperatorClient;
use serde_json::{Value, json};
use server::Mode;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use testkit::service::idle;
use uuid::Uuid;

use crate::support::eventually;

const LETTERS: &str = "/api/v1/admin/bus/dead-letters";
const DEAD_JOBS: &str = "/api/v1/admin/jobs/dead";
const RESYNC: &str = "/api/v1/admin/bus/resync";

/// A process with one service that does nothing.
struct Process {
    client: OperatorClient,
    key: SigningKey,
    data: TempDir,
}

impl Process {
    /// Without accounts, unless it is given the variable of them.
    async fn start(key: SigningKey, variables: &[(&str, String)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", testkit::free_port());
        let own = [("BIND", address.clone()), ("DATA_DIR", data.path().display().to_string())];
        let environment = own.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), value.clone()));
        let settings = Settings::load(server::frame_variables(), Path::new("absent.toml"), environment).unwrap();
        let server = server::Server::build(&[idle("idle", Migrations::NONE)], Arc::new(settings), Mode::AllInOne).await;
        tokio::spawn(server.unwrap().run(Router::new()));
        let client = OperatorClient::new(&format!("http://{address}"), Duration::from_secs(60)).unwrap();
        let process = Self { client, key, data };
        eventually("an answer", async || process.client.get("/health").send().await.is_ok()).await;
        process
    }

    /// What it answers an administrator of some organisation.
    async fn answer(&self, method: Method, path: &str) -> (StatusCode, Value) {
        let expires = Clock::system().now().timestamp() + 3_600;
        let claims = json!({
            "sub": Uuid::from_u128(7), "org": Uuid::from_u128(8), "role": "admin", "iss": "gooseek", "aud": "gooseek", "exp": expires,
        });
        let token = self.key.sign("at+jwt", &claims);
        let answer = self.client.request(method, path).bearer_auth(token).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    /// Dead letters that an administrator sees.
    async fn letters(&self) -> usize {
        let (status, listing) = self.answer(Method::GET, LETTERS).await;
        assert_eq!(status, StatusCode::OK);
        listing["items"].as_array().unwrap().len()
    }

    async fn database(&self) -> SqliteConnection {
        let file = self.data.path().join("idle.db");
        SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap()
    }

    /// What an administrator sees of a dead letter without a readable organisation, and what becomes of dropping it.
    async fn list_and_drop_unattributed(&self) -> (usize, StatusCode) {
        let id = Uuid::from_u128(9);
        sqlx::query(
            "INSERT INTO dead_letters (event_id, consumer, subject, org, headers, payload, attempts, reason, occurred_at)
             VALUES ($1, 'test.consumer', 'gooseek.idle.thing.happened.v1', NULL, '[]', x'00', 1, 'not an event', $2)",
        )
        .bind(id)
        .bind(Clock::system().now())
        .execute(&mut self.database().await)
        .await
        .unwrap();
        let seen = self.letters().await;
        (seen, self.answer(Method::DELETE, &format!("{LETTERS}/{id}/test.consumer")).await.0)
    }
}

impl Process {
    /// A job that was given up, of organisation `org`.
    async fn add_dead_job(&self, id: Uuid, org: Uuid) {
        sqlx::query(
            "INSERT INTO jobs (id, org, user_id, kind, payload, state, run_at, attempts, crashes, created_at)
             VALUES ($1, $2, $2, 'idle.rest', '{}', 'dead', $3, 5, 0, $3)",
        )
        .bind(id)
        .bind(org)
        .bind(Clock::system().now())
        .execute(&mut self.database().await)
        .await
        .unwrap();
    }

    async fn state_of_job(&self, id: Uuid) -> Option<String> {
        let row = sqlx::query_as("SELECT state FROM jobs WHERE id = $1").bind(id);
        let row: Option<(String,)> = row.fetch_optional(&mut self.database().await).await.unwrap();
        row.map(|(state,)| state)
    }
}

fn accounts() -> (SigningKey, (&'static str, String)) {
    let key = SigningKey::generate("test");
    let public = key.jwk().to_string();
    (key, ("JWT_PUBLIC_KEY", public))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_without_an_organisation_is_not_for_the_administrators_of_organisations() {
    let (key, with_accounts) = accounts();
    let process = Process::start(key, &[with_accounts]).await;
    assert_eq!(process.list_and_drop_unattributed().await, (0, StatusCode::NOT_FOUND));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_without_an_organisation_is_for_the_owner_of_the_machine() {
    let process = Process::start(accounts().0, &[]).await;
    assert_eq!(process.list_and_drop_unattributed().await, (1, StatusCode::NO_CONTENT));
    assert_eq!(process.letters().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_resync_goes_on_at_a_time() {
    let (key, with_accounts) = accounts();
    let process = Process::start(key, &[with_accounts]).await;
    let mut writer = process.database().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.unwrap();
    {
        let mut resyncs = [RESYNC, RESYNC].map(|path| Box::pin(process.answer(Method::POST, path)));
        let [one, other] = &mut resyncs;
        // Neither could end, as the database is held.
        let (refused, goes_on) = tokio::select! {
            answer = one.as_mut() => (answer, other),
            answer = other.as_mut() => (answer, one),
        };
        assert_eq!((refused.0, &refused.1["code"]), (StatusCode::CONFLICT, &json!("resync_running")));
        sqlx::query("ROLLBACK").execute(&mut writer).await.unwrap();
        assert_eq!(goes_on.await.0, StatusCode::ACCEPTED);
    }
    assert_eq!(process.answer(Method::POST, RESYNC).await.0, StatusCode::ACCEPTED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_job_is_replayed_and_dropped_by_administrators_of_its_organisation() {
    let (key, with_accounts) = accounts();
    let process = Process::start(key, &[with_accounts]).await;
    let (replayed, dropped, foreign) = (Uuid::from_u128(20), Uuid::from_u128(21), Uuid::from_u128(22));
    for (id, org) in [(replayed, 8), (dropped, 8), (foreign, 9)] {
        process.add_dead_job(id, Uuid::from_u128(org)).await;
    }
    let (_, listing) = process.answer(Method::GET, DEAD_JOBS).await;
    let ids: Vec<&Value> = listing["items"].as_array().unwrap().iter().map(|job| &job["id"]).collect();
    assert_eq!(ids, [&json!(replayed), &json!(dropped)]);
    for (method, id, suffix, status) in [
        (Method::POST, replayed, "/replay", StatusCode::ACCEPTED),
        (Method::POST, replayed, "/replay", StatusCode::NOT_FOUND),
        (Method::DELETE, dropped, "", StatusCode::NO_CONTENT),
        (Method::DELETE, dropped, "", StatusCode::NOT_FOUND),
        (Method::POST, foreign, "/replay", StatusCode::NOT_FOUND),
        (Method::DELETE, foreign, "", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(process.answer(method, &format!("{DEAD_JOBS}/{id}{suffix}")).await.0, status, "{id}{suffix}");
    }
    assert_ne!(process.state_of_job(replayed).await.as_deref(), Some("dead"));
    assert_eq!(process.state_of_job(dropped).await, None);
    assert_eq!(process.state_of_job(foreign).await.as_deref(), Some("dead"));
}
