//! Logs, traces, metrics and the context that ties them together across services (W3C Trace Context).

mod otlp_metrics;

use std::{collections::HashMap, io::IsTerminal};

use opentelemetry::{
    global,
    propagation::TextMapPropagator,
    trace::{TraceContextExt, TraceId, TracerProvider},
};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{
    Resource, metrics::SdkMeterProvider, propagation::TraceContextPropagator, trace::SdkTracerProvider,
};
pub use otlp_metrics::OtlpRecorder;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Keeps the exporters alive; [`flush`](Self::flush) before the process ends.
#[derive(Default)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    metrics: Option<(SdkMeterProvider, OtlpRecorder)>,
}

impl Telemetry {
    /// Installs the subscriber of the process. `filter` is in the syntax of `RUST_LOG`; `otlp` is a gRPC collector.
    pub fn install(service: &str, filter: &str, format: LogFormat, otlp: Option<&str>) -> anyhow::Result<Self> {
        let logs = match format {
            LogFormat::Json => {
                tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed()
            }
            LogFormat::Text => tracing_subscriber::fmt::layer()
                .with_ansi(std::io::stderr().is_terminal())
                .with_target(false)
                .with_writer(std::io::stderr)
                .boxed(),
        };
        let traces = otlp.map(|endpoint| tracer(service, endpoint)).transpose()?;
        let spans =
            traces.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("gooseek")));
        let metrics = otlp.map(|endpoint| otlp_metrics::exporter(service, endpoint)).transpose()?;
        let filter = EnvFilter::try_new(filter)?;
        tracing_subscriber::registry().with(filter).with(logs).with(spans).try_init()?;
        global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Self { traces, metrics })
    }

    /// What records metrics for the collector, where there is one.
    pub fn recorder(&self) -> Option<OtlpRecorder> {
        self.metrics.as_ref().map(|(_, recorder)| recorder.clone())
    }

    /// Sends what is still held.
    pub fn flush(&self) {
        if let Some(traces) = &self.traces
            && let Err(error) = traces.shutdown()
        {
            tracing::warn!(%error, "failed to send the last traces; they are lost");
        }
        if let Some((metrics, _)) = &self.metrics
            && let Err(error) = metrics.shutdown()
        {
            tracing::warn!(%error, "failed to send the last metrics; they are lost");
        }
    }
}

fn tracer(service: &str, endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let resource = Resource::builder().with_service_name(service.to_owned()).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// The `traceparent` of the current span; `None` when nothing is traced, rather than a made-up id.
pub fn current_traceparent() -> Option<String> {
    let context = Span::current().context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.remove("traceparent")
}

/// Makes `span` a child of a remote parent, if there is one, and writes the id of its trace into its field `trace_id`, so
/// that log lines carry it.
pub fn set_parent(span: &Span, traceparent: Option<&str>) {
    let mut remote = None;
    if let Some(parent) = traceparent {
        let carrier = HashMap::from([("traceparent".to_owned(), parent.to_owned())]);
        let context = TraceContextPropagator::new().extract(&carrier);
        remote = Some(context.span().span_context().trace_id());
        // Without an exporter there is no span to attach to, and nothing is lost.
        let _ = span.set_parent(context);
    }
    let own = span.context().span().span_context().trace_id();
    let trace = if own == TraceId::INVALID { remote.unwrap_or(own) } else { own };
    if trace != TraceId::INVALID {
        span.record("trace_id", tracing::field::display(trace));
    }
}
