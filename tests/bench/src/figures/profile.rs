//! Breakdown of the time of an answer, by its step events and by the histograms of `/metrics`.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::median;
use crate::upstreams::PAGES_PER_ANSWER;

/// Steps and usage of some runs, from their events.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    /// Durations by kind of step (ms).
    steps: BTreeMap<String, Vec<f64>>,
    opened: Vec<u64>,
    degraded: Vec<String>,
}

impl Profile {
    /// Adds the event stream of one run.
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

    /// An error unless every run opened all its pages and was not degraded: otherwise the figures would be too good.
    pub(crate) fn ensure_complete(&self) -> anyhow::Result<()> {
        ensure!(!self.opened.is_empty(), "no run ended");
        ensure!(
            self.opened.iter().all(|opened| *opened >= PAGES_PER_ANSWER),
            "pages opened by each run: {:?}",
            self.opened
        );
        ensure!(self.degraded.is_empty(), "degraded: {}", self.degraded.join(", "));
        Ok(())
    }

    /// The median of each kind of step, in whole milliseconds as events give them.
    pub(crate) fn summary(&self) -> String {
        let kinds = self.steps.iter().map(|(kind, values)| format!("{kind} {:.0} ms", median(values.clone())));
        format!("medians of its steps: {}", kinds.collect::<Vec<_>>().join(", "))
    }
}

/// Seconds and calls of each series of a histogram in `/metrics`.
pub(crate) type Histogram = BTreeMap<String, (f64, f64)>;

/// Parses the histogram `name` from `/metrics`; series that differ only in status are merged.
pub(crate) fn histogram(metrics: &str, name: &str) -> Histogram {
    let mut series = Histogram::new();
    for line in metrics.lines() {
        let Some((key, value)) = line.strip_prefix(name).and_then(|rest| rest.rsplit_once(' ')) else { continue };
        let Ok(value) = value.parse::<f64>() else { continue };
        if let Some(labels) = key.strip_prefix("_sum") {
            series.entry(series_name(labels)).or_default().0 += value;
        } else if let Some(labels) = key.strip_prefix("_count") {
            series.entry(series_name(labels)).or_default().1 += value;
        }
    }
    series
}

/// The difference of two readings, longest in total first: `series: mean ms × calls`.
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

/// The values of the labels that identify what was called.
fn series_name(labels: &str) -> String {
    let pairs = labels.trim_matches(['{', '}']).split(',').filter_map(|pair| pair.split_once('='));
    let identifying = pairs.filter(|(name, _)| matches!(*name, "service" | "route" | "method" | "stage"));
    identifying.map(|(_, value)| value.trim_matches('"')).collect::<Vec<_>>().join(" ")
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
        assert!(profile.ensure_complete().is_err());
    }
}
