//! The benchmarks, by subject.

pub(crate) mod cost;
pub(crate) mod indexing;
pub(crate) mod memory;
mod profile;
pub(crate) mod relayed;
pub(crate) mod scale;
pub(crate) mod waiting;

/// The median; zero if there are no values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn ms(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

/// The number of cores, for the explanation of a missed limit.
fn cores() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("this machine has {cores}")
}
