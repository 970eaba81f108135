//! Turns texts into typed values and keeps every fault it meets.

use std::{fmt, str::FromStr, time::Duration};

use super::{ConfigFaults, Settings};

/// A value that prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Reads typed values; a faulty one is noted and a stand-in returned, until [`finish`](Self::finish) reports
/// all of them.
#[derive(Debug)]
pub struct Reader<'a> {
    settings: &'a Settings,
    faults: Vec<String>,
}

impl<'a> Reader<'a> {
    pub fn new(settings: &'a Settings) -> Self {
        Self { settings, faults: Vec::new() }
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.settings.get(name).map(str::to_owned)
    }

    /// Whether an operator has set it, to its default or anything else.
    pub fn is_set(&self, name: &str) -> bool {
        self.settings.is_set(name)
    }

    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.settings.get(name).map(Secret::new)
    }

    /// A value with a default: `fallback` stands in only after a fault was noted.
    pub fn parse<T: FromStr>(&mut self, name: &str, expected: &str, fallback: T) -> T {
        let Some(text) = self.settings.get(name) else { return fallback };
        if let Ok(value) = text.parse() {
            return value;
        }
        self.fault(format!("{name}: {text:?} is not {expected}"));
        fallback
    }

    /// A duration such as `500ms`, `30s`, `5m`, `2h`, `7d`.
    pub fn duration(&mut self, name: &str) -> Duration {
        let Some(text) = self.settings.get(name) else { return Duration::ZERO };
        parse_duration(text).unwrap_or_else(|| {
            self.fault(format!("{name}: {text:?} is not a duration such as 500ms, 30s, 5m, 2h or 7d"));
            Duration::ZERO
        })
    }

    /// An http or https address.
    pub fn address(&mut self, name: &str) -> Option<String> {
        let text = self.settings.get(name)?;
        if text.starts_with("http://") || text.starts_with("https://") {
            return Some(text.trim_end_matches('/').to_owned());
        }
        self.fault(format!("{name}: {text:?} does not start with http:// or https://"));
        None
    }

    /// A comma-separated list; empty pieces are left out.
    pub fn list(&self, name: &str) -> Vec<String> {
        let text = self.settings.get(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
    }

    /// Notes a fault that spans variables ("A needs B"). Services that share a variable meet the same fault; it is told once.
    pub fn fault(&mut self, message: impl Into<String>) {
        let message = message.into();
        if !self.faults.contains(&message) {
            self.faults.push(message);
        }
    }

    /// All faults at once.
    pub fn finish(self) -> Result<(), ConfigFaults> {
        if self.faults.is_empty() { Ok(()) } else { Err(ConfigFaults(self.faults)) }
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3_600).map(Duration::from_secs),
        "d" => number.checked_mul(86_400).map(Duration::from_secs),
        _ => None,
    }
}
