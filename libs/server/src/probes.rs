//! Health, readiness, metrics, the OpenAPI document; gRPC health and reflection.

use std::{sync::OnceLock, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use base::tasks::Task;
use base::telemetry::OtlpRecorder;
use bus::Nats;
use bytes::Bytes;
use cache::redis::Redis;
use db::Db;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_util::layers::FanoutBuilder;
use objects::Objects;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use utoipa::openapi::OpenApi;

/// Upper bounds of the latency histograms, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The same for jobs, which may take minutes.
const JOB_BUCKETS: [f64; 12] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0, 300.0, 900.0];

/// How long each of them may take to answer.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// What the services of a process need to do their work.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) dbs: Vec<Db>,
    pub(super) objects: Objects,
    /// Without it events wait in the outbox.
    pub(super) broker: Option<Nats>,
    /// What it holds, a process can do without.
    pub(super) redis: Option<Redis>,
    pub(super) drain: CancellationToken,
}

impl Ready {
    /// The first thing that is missing.
    async fn missing(&self) -> Option<&'static str> {
        if self.drain.is_cancelled() {
            return Some("stopping");
        }
        for db in &self.dbs {
            let answer = tokio::time::timeout(PING_TIMEOUT, db.ping()).await;
            if !matches!(answer, Ok(Ok(()))) {
                return Some("database");
            }
        }
        let answer = tokio::time::timeout(PING_TIMEOUT, self.objects.ping()).await;
        (!matches!(answer, Ok(Ok(())))).then_some("objects")
    }

    /// What is away and only makes it slower.
    async fn degraded(&self) -> Vec<&'static str> {
        let mut away = Vec::new();
        if self.broker.as_ref().is_some_and(|broker| !broker.is_up()) {
            away.push("bus");
        }
        if let Some(redis) = &self.redis
            && !redis.ping().await
        {
            away.push("redis");
        }
        away
    }
}

pub(super) fn http(ready: Ready, openapi: &OpenApi) -> Router {
    let recorder = recorder();
    let document = Bytes::from(serde_json::to_vec(openapi).expect("a document of strings is JSON"));
    Router::new()
        .route("/health", get(|| async { Json(json!({"status": "alive"})) }))
        .route("/ready", get(readiness).with_state(ready))
        .route(
            "/metrics",
            get(move || async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], recorder.render()) }),
        )
        .route("/openapi.json", get(move || async move { ([(header::CONTENT_TYPE, "application/json")], document) }))
}

/// The probes of a process that cannot start its services yet; `missing` says why.
pub(super) fn waiting(missing: watch::Receiver<String>) -> Router {
    let unready = move || async move {
        let missing = missing.borrow().clone();
        (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "unready", "missing": missing})))
    };
    Router::new().route("/health", get(|| async { Json(json!({"status": "alive"})) })).route("/ready", get(unready))
}

async fn readiness(State(ready): State<Ready>) -> Response {
    match ready.missing().await {
        None => Json(json!({"status": "ready", "degraded": ready.degraded().await})).into_response(),
        Some(missing) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "unready", "missing": missing}))).into_response()
        }
    }
}

/// gRPC health, which says that it does not serve from `drain` on, and reflection, without tonic's fallback, which would
/// answer unknown REST paths with 200.
pub(super) fn grpc(drain: CancellationToken) -> Router {
    let (reporter, health) = tonic_health::server::health_reporter();
    tokio::spawn(async move {
        drain.cancelled_owned().await;
        reporter.set_service_status("", ServingStatus::NotServing).await;
    });
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
        .build_v1()
        .expect("the descriptors are made by our own build");
    Routes::from(Router::new()).add_service(health).add_service(reflection).into_axum_router()
}

/// The recorder is global to the process; several servers in one test process share it.
pub(super) fn recorder() -> PrometheusHandle {
    install_recorder(None)
}

/// The same; the first call decides whether a collector gets the metrics too.
pub(super) fn install_recorder(collector: Option<OtlpRecorder>) -> PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    let install = || {
        let jobs = Matcher::Full("gooseek_job_seconds".to_owned());
        let builder = PrometheusBuilder::new()
            .set_buckets(&BUCKETS)
            .and_then(|builder| builder.set_buckets_for_metric(jobs, &JOB_BUCKETS))
            .expect("there are buckets");
        let page = builder.build_recorder();
        let handle = page.handle();
        let installed = match collector {
            None => metrics::set_global_recorder(page).is_ok(),
            Some(collector) => {
                let both = FanoutBuilder::default().add_recorder(page).add_recorder(collector).build();
                metrics::set_global_recorder(both).is_ok()
            }
        };
        if !installed {
            tracing::debug!("another metrics recorder is installed");
        }
        handle
    };
    RECORDER.get_or_init(install).clone()
}

/// The recorder holds raw samples until this folds them; without it memory grows.
pub(super) fn metrics_upkeep() -> Task {
    Task::new("metrics upkeep", |_, stop| async move {
        while !stop.is_cancelled() {
            recorder().run_upkeep();
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(5)) => {}
                () = stop.cancelled() => {}
            }
        }
    })
}
