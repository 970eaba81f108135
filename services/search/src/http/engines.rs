//! Health of the engines.

use access::{Allowed, action};
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Search, engines::EngineStatus};

/// The search engines, the primary one first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EngineList {
    engines: Vec<EngineState>,
}

/// Health of an engine since this process started.
#[derive(Debug, Serialize, ToSchema)]
struct EngineState {
    name: &'static str,
    /// `unknown` (no request yet), `up`, `failing` or `suspended`.
    #[schema(value_type = String)]
    status: EngineStatus,
    /// Moving average over successful requests, in milliseconds.
    latency_ms: Option<f64>,
    requests: u64,
    failures: u64,
    suspended_until: Option<DateTime<Utc>>,
    /// Error code of the last failure.
    last_error: Option<&'static str>,
    last_error_message: Option<String>,
}

/// Health of each search engine.
#[utoipa::path(get, path = "/api/v1/search/engines", operation_id = "list_search_engines")]
pub(crate) async fn engines(
    State(search): State<Search>,
    _who: Allowed<action::ListSearchEngines>,
) -> Json<EngineList> {
    let engines = search.web.health().into_iter().map(|health| EngineState {
        name: health.name,
        status: health.status,
        latency_ms: health.latency_ms,
        requests: health.requests,
        failures: health.failures,
        suspended_until: health.suspended_until,
        last_error: health.last_error,
        last_error_message: health.last_error_message,
    });
    Json(EngineList { engines: engines.collect() })
}
