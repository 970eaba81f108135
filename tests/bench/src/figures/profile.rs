//! Where the time of an answer goes: by the steps of its events, and by the histograms of `/metrics`.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::median;
use crate::upstreams::OPENED;

/// What the events of some runs say about their parts.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    /// Milliseconds of each kind of step.
    steps: BTreeMap<String, Vec<f64>>,
    opened: Vec<u64>,
    degraded: Vec<String>,
}

impl Profile {
    /// Takes the events of one run, as they were sent.
    pub(crate) fn add(&mut self, events: &str) -> anyhow::Result<()> {
        for event in events.split("\n\n") {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
            let (Some(kind), Some(data)) = (field("event: "), field("data: ")) else { continue };
            let data: Value = serde_json::from_str(data).context("the data of an event")?;
            match kind {
                "step" => self.step(&data),
                "usage" => self.opened.push(data["pages_opened"].as_u64().unwrap_or_default()),
                "done" => {
                    let degraded = data["degraded"].as_array().into_iter().flatten();
                    self.degraded.extend(degraded.map(ToString::to_string));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Value) {
        if let (Some(kind), Some(ms)) = (step["kind"].as_str(), step["ms"].as_f64()) {
            self.steps.entry(kind.to_owned()).or_default().push(ms);
        }
    }

    /// An error unless every run opened its pages and had all it needed: else the figures would flatter.
    pub(crate) fn require_opened(&self) -> anyhow::Result<()> {
        ensure!(!self.opened.is_empty(), "no run ended");
        ensure!(self.opened.iter().all(|opened| *opened >= OPENED), "pages opened by each run: {:?}", self.opened);
        ensure!(self.degraded.is_empty(), "degraded: {}", self.degraded.join(", "));
        Ok(())
    }

    /// The median of each kind of step, in whole milliseconds as events give them.
    pub(crate) fn summary(&self) -> String {
        let kinds = self.steps.iter().map(|(kind, values)| format!("{kind} {:.0} ms", median(values.clone())));
        format!("medians of its steps: {}", kinds.collect::<Vec<_>>().join(", "))
    }
}

/// Seconds and calls of each series of a histogram, as `/metrics` shows them.
pub(crate) type Histogram = BTreeMap<String, (f64, f64)>;

/// Reads `name` from the text of `/metrics`; series that differ in status only are one.
pub(crate) fn histogram(metrics: &str, name: &str) -> Histogram {
    let mut series = Histogram::new();
    for line in metrics.lines() {
        let Some((key, value)) = line.strip_prefix(name).and_then(|rest| rest.rsplit_once(' ')) else { continue };
        let Ok(value) = value.parse::<f64>() else { continue };
        if let Some(labels) = key.strip_prefix("_sum") {
            series.entry(labelled(labels)).or_default().0 += value;
        } else if let Some(labels) = key.strip_prefix("_count") {
            series.entry(labelled(labels)).or_default().1 += value;
        }
    }
    series
}

/// What lies between two readings, longest in total first: `series: mean ms × calls`.
pub(crate) fn between(before: &Histogram, after: &Histogram) -> Vec<String> {
    let mut rows: Vec<(f64, String)> = Vec::new();
    for (series, (seconds, calls)) in after {
        let (seconds_before, calls_before) = before.get(series).copied().unwrap_or_default();
        let (seconds, calls) = (seconds - seconds_before, calls - calls_before);
        if calls > 0.0 {
            rows.push((seconds, format!("{series}: {:.2} ms × {calls:.0}", seconds * 1_000.0 / calls)));
        }
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The values of the labels that tell what was called.
fn labelled(labels: &str) -> String {
    let pairs = labels.trim_matches(['{', '}']).split(',').filter_map(|pair| pair.split_once('='));
    let told = pairs.filter(|(name, _)| matches!(*name, "service" | "route" | "method" | "stage"));
    told.map(|(_, value)| value.trim_matches('"')).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_between_two_readings_are_shown_with_their_mean() {
        let calls = |sum: &str, count: &str| {
            let labels = "{service=\"search\",method=\"Passages\",code=\"ok\"}";
            let text = format!(
                "gooseek_call_seconds_bucket{labels} 7\ngooseek_call_seconds_sum{labels} {sum}\n\
                                gooseek_call_seconds_count{labels} {count}\n"
            );
            histogram(&text, "gooseek_call_seconds")
        };
        assert_eq!(between(&calls("0.5", "10"), &calls("0.6", "30")), ["search Passages: 5.00 ms × 20"]);
    }

    #[test]
    fn a_run_that_opened_too_few_pages_is_not_measured() {
        let mut profile = Profile::default();
        profile.add("id: 1\nevent: usage\ndata: {\"pages_opened\":4}\n\n").expect("events");
        assert!(profile.require_opened().is_err());
    }
}
