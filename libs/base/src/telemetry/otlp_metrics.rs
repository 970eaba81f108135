//! Sends the process's metrics to an OpenTelemetry collector too, beside the Prometheus page.
//!
//! A recorder of the `metrics` facade whose counters, gauges and histograms are OpenTelemetry instruments.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use metrics_util::registry::{Registry, Storage};
use opentelemetry::{
    KeyValue,
    metrics::{Meter, MeterProvider},
};
use opentelemetry_otlp::{MetricExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, metrics::SdkMeterProvider};

/// A provider that sends to `endpoint` once a minute, and the recorder in front of it.
pub(super) fn exporter(service: &str, endpoint: &str) -> anyhow::Result<(SdkMeterProvider, OtlpRecorder)> {
    let exporter = MetricExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let resource = Resource::builder().with_service_name(service.to_owned()).build();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter).with_resource(resource).build();
    let instruments = Instruments { meter: provider.meter("gooseek") };
    Ok((provider, OtlpRecorder { registry: Arc::new(Registry::new(instruments)) }))
}

/// The recorder. Cheap to clone.
#[derive(Clone)]
pub struct OtlpRecorder {
    registry: Arc<Registry<Key, Instruments>>,
}

impl Recorder for OtlpRecorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.registry.get_or_create_counter(key, |counter| Counter::from_arc(counter.clone()))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.registry.get_or_create_gauge(key, |gauge| Gauge::from_arc(gauge.clone()))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.registry.get_or_create_histogram(key, |histogram| Histogram::from_arc(histogram.clone()))
    }
}

/// Makes an instrument for each key that is used for the first time.
struct Instruments {
    meter: Meter,
}

impl Storage<Key> for Instruments {
    type Counter = Arc<OtlpCounter>;
    type Gauge = Arc<OtlpGauge>;
    type Histogram = Arc<OtlpHistogram>;

    fn counter(&self, key: &Key) -> Self::Counter {
        let instrument = self.meter.u64_counter(key.name().to_owned()).build();
        Arc::new(OtlpCounter { instrument, attributes: attributes(key), total: AtomicU64::new(0) })
    }

    fn gauge(&self, key: &Key) -> Self::Gauge {
        let instrument = self.meter.f64_gauge(key.name().to_owned()).build();
        Arc::new(OtlpGauge { instrument, attributes: attributes(key), value: Mutex::new(0.0) })
    }

    fn histogram(&self, key: &Key) -> Self::Histogram {
        let instrument = self.meter.f64_histogram(key.name().to_owned()).build();
        Arc::new(OtlpHistogram { instrument, attributes: attributes(key) })
    }
}

fn attributes(key: &Key) -> Vec<KeyValue> {
    key.labels().map(|label| KeyValue::new(label.key().to_owned(), label.value().to_owned())).collect()
}

struct OtlpCounter {
    instrument: opentelemetry::metrics::Counter<u64>,
    attributes: Vec<KeyValue>,
    /// What was counted so far; absolute values are turned into differences.
    total: AtomicU64,
}

impl CounterFn for OtlpCounter {
    fn increment(&self, value: u64) {
        self.total.fetch_add(value, Ordering::Relaxed);
        self.instrument.add(value, &self.attributes);
    }

    fn absolute(&self, value: u64) {
        let before = self.total.fetch_max(value, Ordering::Relaxed);
        self.instrument.add(value.saturating_sub(before), &self.attributes);
    }
}

struct OtlpGauge {
    instrument: opentelemetry::metrics::Gauge<f64>,
    attributes: Vec<KeyValue>,
    value: Mutex<f64>,
}

impl OtlpGauge {
    fn change(&self, change: impl FnOnce(f64) -> f64) {
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        *value = change(*value);
        self.instrument.record(*value, &self.attributes);
    }
}

impl GaugeFn for OtlpGauge {
    fn increment(&self, value: f64) {
        self.change(|before| before + value);
    }

    fn decrement(&self, value: f64) {
        self.change(|before| before - value);
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

struct OtlpHistogram {
    instrument: opentelemetry::metrics::Histogram<f64>,
    attributes: Vec<KeyValue>,
}

impl HistogramFn for OtlpHistogram {
    fn record(&self, value: f64) {
        self.instrument.record(value, &self.attributes);
    }
}
