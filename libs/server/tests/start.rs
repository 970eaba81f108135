//! A process that is given servers: it uses them from its start, and says at `/ready` which of them is away.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{convert::Infallible, path::Path, process::Stdio, sync::Arc, time::Duration};

use axum::Router;
use base::{Scope, config::Settings};
use db::{Db, DbError, Migrations};
use fetch::operator::OperatorClient;
use serde_json::{Value, json};
use server::{
    Mode, Server,
    service::{Deps, Service, ServiceBuilder, ServiceDef},
};
use tempfile::TempDir;
use testkit::{KillablePostgres, Network};
use tokio::process::{Child, Command};
use utoipa_axum::router::OpenApiRouter;

const FOREVER: Duration = Duration::from_secs(60);
/// Whoever asks whether a process is ready waits no longer.
const ANSWER: Duration = Duration::from_secs(10);

/// A service that does nothing; it may keep objects.
fn idle(objects: bool) -> ServiceDef {
    ServiceDef { objects, ..testkit::service::idle("idle", Migrations::NONE) }
}

/// The same, always in the middle of a statement.
fn busy() -> ServiceDef {
    async fn build(deps: Deps) -> anyhow::Result<Service> {
        tokio::spawn(work(deps.db));
        Ok(Service::new("idle", OpenApiRouter::new()))
    }
    ServiceDef { configure: |_| ServiceBuilder::new(build), ..idle(true) }
}

/// On Postgres alone.
async fn work(db: Db) -> Result<Infallible, DbError> {
    let mut session = db.begin(&Scope::public()).await?;
    loop {
        db::execute!(&mut session, any on postgres: "SELECT pg_sleep(1)")?;
    }
}

/// Not a test by itself: the process that [`Process::alone`] starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "other tests start it"]
async fn runs_alone() {
    let settings = Settings::load(server::frame_variables(), Path::new("absent.toml"), std::env::vars()).unwrap();
    let mode = Mode::Single { name: "idle", port: 0 };
    let server = Server::build(&[busy()], Arc::new(settings), mode).await.unwrap();
    server.run(Router::new()).await.unwrap();
}

/// A process with one service that does nothing.
struct Process {
    client: OperatorClient,
    /// Unless it is this one.
    child: Option<Child>,
    _data: TempDir,
}

impl Process {
    /// Its service keeps objects.
    async fn start(variables: Vec<(&str, String)>) -> anyhow::Result<Self> {
        Self::of(idle(true), variables).await
    }

    async fn of(spec: ServiceDef, variables: Vec<(&str, String)>) -> anyhow::Result<Self> {
        let data = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", testkit::free_port());
        let own = [("BIND", address.clone()), ("DATA_DIR", data.path().display().to_string())];
        let environment = own.into_iter().chain(variables).map(|(name, value)| (name.to_owned(), value));
        let settings = Settings::load(server::frame_variables(), Path::new("absent.toml"), environment)?;
        let server = Server::build(&[spec], Arc::new(settings), Mode::AllInOne).await?;
        tokio::spawn(server.run(Router::new()));
        let client = OperatorClient::new(&format!("http://{address}"), FOREVER)?;
        Ok(Self { client, child: None, _data: data })
    }

    /// A service that runs alone, in a process of its own; it is not waited for.
    fn alone(variables: Vec<(&str, String)>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", testkit::free_port());
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "runs_alone", "--ignored", "--nocapture"])
            .env_clear()
            .env("BIND", &address)
            .env("GRPC_BIND", "127.0.0.1:0")
            .env("DATA_DIR", data.path())
            .envs(variables)
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let client = OperatorClient::new(&format!("http://{address}"), FOREVER).unwrap();
        Self { client, child: Some(command.spawn().unwrap()), _data: data }
    }

    /// Asks a process of its own to stop, and waits until it does so in order.
    async fn stops(mut self) {
        let mut child = self.child.take().unwrap();
        let pid = child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        let status = tokio::time::timeout(FOREVER, child.wait()).await.expect("it stops").unwrap();
        assert!(status.success(), "{status}");
    }

    /// Waits until `/ready` says this.
    async fn says(&self, status: u16, body: Value) {
        let mut last = None;
        let wait = async {
            while last != Some((status, body.clone())) {
                tokio::time::sleep(Duration::from_millis(20)).await;
                if let Ok(answer) = self.client.get("/ready").timeout(ANSWER).send().await {
                    last = Some((answer.status().as_u16(), answer.json().await.unwrap()));
                }
            }
        };
        let said = tokio::time::timeout(FOREVER, wait).await;
        assert!(said.is_ok(), "{last:?} instead of {status} {body}");
    }
}

fn s3_variables(server: &testkit::S3) -> Vec<(&'static str, String)> {
    let options = server.options();
    vec![
        ("MINIO_ENDPOINT", options.endpoint),
        ("MINIO_ACCESS_KEY", options.access_key.expose().to_owned()),
        ("MINIO_SECRET_KEY", options.secret_key.expose().to_owned()),
    ]
}

fn ready(degraded: &[&str]) -> Value {
    json!({"status": "ready", "degraded": degraded})
}

#[tokio::test]
async fn without_redis_a_process_starts_and_is_ready_but_degraded() {
    let Some(mut server) = testkit::Redis::start().await else { return };
    let url = server.url().expose().to_owned();
    let process = Process::start(vec![("REDIS_URL", url.clone())]).await.unwrap();
    process.says(200, ready(&[])).await;
    server.kill();
    process.says(200, ready(&["redis"])).await;
    let late = Process::start(vec![("REDIS_URL", url)]).await.unwrap();
    late.says(200, ready(&["redis"])).await;
    server.restart().await;
    process.says(200, ready(&[])).await;
    late.says(200, ready(&[])).await;
}

#[tokio::test]
async fn without_s3_a_process_is_not_ready() {
    let Some(mut server) = testkit::S3::start().await else { return };
    let process = Process::start(s3_variables(&server)).await.unwrap();
    process.says(200, ready(&[])).await;
    server.freeze();
    process.says(503, json!({"status": "unready", "missing": "objects"})).await;
    server.thaw();
    process.says(200, ready(&[])).await;
    server.kill();
    process.says(503, json!({"status": "unready", "missing": "objects"})).await;
    let refused = Process::start(s3_variables(&server)).await.err().unwrap().to_string();
    assert!(refused.contains("MINIO_ENDPOINT") && refused.contains("nothing answers"), "{refused}");
    server.restart().await;
    process.says(200, ready(&[])).await;
}

#[tokio::test]
async fn a_service_that_keeps_no_objects_does_without_s3() {
    let Some(mut server) = testkit::S3::start().await else { return };
    server.kill();
    let process = Process::of(idle(false), s3_variables(&server)).await.unwrap();
    process.says(200, ready(&[])).await;
}

/// What a service stands on in a cluster.
struct Servers {
    postgres: KillablePostgres,
    s3: testkit::S3,
    redis: testkit::Redis,
    nats: testkit::Nats,
}

impl Servers {
    async fn start() -> Option<Self> {
        let (postgres, s3) = (KillablePostgres::start().await?, testkit::S3::start().await?);
        Some(Self { postgres, s3, redis: testkit::Redis::start().await?, nats: testkit::Nats::start()? })
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = s3_variables(&self.s3);
        variables.push(("POSTGRES_URL", self.postgres.url().expose().to_owned()));
        variables.push(("REDIS_URL", self.redis.url().expose().to_owned()));
        variables.push(("NATS_URL", self.nats.url()));
        variables
    }

    fn kill(&mut self) {
        self.postgres.kill();
        self.s3.kill();
        self.redis.kill();
        self.nats.kill();
    }

    async fn run(&mut self, name: &str) {
        match name {
            "postgres" => self.postgres.run().await,
            "s3" => self.s3.restart().await,
            "redis" => self.redis.restart().await,
            _ => self.nats.run(),
        }
    }
}

/// Each of them comes last once; the service says what it still waits for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_may_start_before_everything_it_stands_on_in_any_order() {
    let Some(mut servers) = Servers::start().await else { return };
    let unready = |missing: &str| (503, json!({"status": "unready", "missing": missing}));
    let (database, objects) = ("database: it does not answer", "objects: the store does not answer");
    let orders = [
        (["s3", "redis", "nats", "postgres"], unready(database)),
        (["nats", "redis", "postgres", "s3"], unready(objects)),
        (["postgres", "nats", "s3", "redis"], (200, ready(&["redis"]))),
        (["redis", "postgres", "s3", "nats"], (200, ready(&["bus"]))),
    ];
    for (order, (status, before)) in orders {
        servers.kill();
        let process = Process::alone(servers.variables());
        process.says(503, unready(database).1).await;
        let alive = process.client.get("/health").timeout(ANSWER).send().await.unwrap();
        assert_eq!(alive.status(), 200);
        let (last, earlier) = order.split_last().unwrap();
        for name in earlier {
            servers.run(name).await;
        }
        process.says(status, before).await;
        servers.run(last).await;
        process.says(200, ready(&[])).await;
    }
}

#[tokio::test]
async fn a_service_that_waits_for_its_database_stops_when_it_is_told_to() {
    let nobody = format!("postgresql://nobody@127.0.0.1:{}/nothing", testkit::free_port());
    let process = Process::alone(vec![("POSTGRES_URL", nobody)]);
    process.says(503, json!({"status": "unready", "missing": "database: it does not answer"})).await;
    process.stops().await;
}

#[tokio::test]
async fn a_service_stops_though_its_database_is_cut_off() {
    let Some(network) = Network::start() else { return };
    let Some(server) = KillablePostgres::start_behind(&network).await else { return };
    let process = Process::alone(vec![("POSTGRES_URL", server.url().expose().to_owned())]);
    process.says(200, ready(&[])).await;
    network.cut();
    process.says(503, json!({"status": "unready", "missing": "database"})).await;
    process.stops().await;
}

#[tokio::test]
async fn an_address_that_cannot_be_is_refused_without_its_password() {
    let variables = vec![("REDIS_URL", "rediss://:hunter2@".to_owned()), ("MINIO_ENDPOINT", "host:9000".to_owned())];
    let refused = Process::start(variables).await.err().unwrap().to_string();
    assert!(refused.contains("REDIS_URL") && refused.contains("MINIO_ACCESS_KEY"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
}
