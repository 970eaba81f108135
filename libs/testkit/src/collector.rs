//! An OpenTelemetry collector that keeps the spans and the names of the metrics it is sent (OTLP over gRPC).

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::any_value::Value,
    resource::v1::Resource,
};
use tonic::{Request, Response, Status, service::Routes};

use crate::FakeServer;

/// What was received, by the service that sent it.
#[derive(Debug, Clone, Default)]
struct Received {
    spans: Arc<Mutex<Vec<ReceivedSpan>>>,
    /// `service: metric`
    metrics: Arc<Mutex<BTreeSet<String>>>,
}

#[derive(Debug, Clone)]
struct ReceivedSpan {
    service: String,
    trace: Vec<u8>,
    name: String,
}

/// A collector on a free port.
#[derive(Debug)]
pub struct FakeCollector {
    server: FakeServer,
    received: Received,
}

impl FakeCollector {
    pub async fn start() -> Self {
        let received = Received::default();
        let routes = Routes::new(TraceServiceServer::new(received.clone()))
            .add_service(MetricsServiceServer::new(received.clone()))
            .into_axum_router();
        Self { server: FakeServer::start(routes).await, received }
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` takes.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// `service: metric` of each metric that was received.
    pub fn metrics(&self) -> BTreeSet<String> {
        self.received.metrics.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `service: span` of each kind of span in the trace with this id (hexadecimal).
    pub fn trace(&self, id: &str) -> BTreeSet<String> {
        let spans = self.received.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let of_trace = spans.iter().filter(|span| hex(&span.trace) == id);
        of_trace.map(|span| format!("{}: {}", span.service, span.name)).collect()
    }
}

#[tonic::async_trait]
impl MetricsService for Received {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let mut received = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        for resource in request.into_inner().resource_metrics {
            let service = service_of(resource.resource.as_ref());
            let metrics = resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
            received.extend(metrics.map(|metric| format!("{service}: {}", metric.name)));
        }
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl TraceService for Received {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut received = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        for resource in request.into_inner().resource_spans {
            let service = service_of(resource.resource.as_ref());
            let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            received.extend(spans.map(|span| ReceivedSpan {
                service: service.clone(),
                trace: span.trace_id,
                name: span.name,
            }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn service_of(resource: Option<&Resource>) -> String {
    let attributes = resource.into_iter().flat_map(|resource| &resource.attributes);
    let name = attributes.into_iter().find(|attribute| attribute.key == "service.name");
    match name.and_then(|name| name.value.as_ref()?.value.as_ref()) {
        Some(Value::StringValue(name)) => name.clone(),
        _ => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
