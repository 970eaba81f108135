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

    /// A value that may be unset.
    pub fn parse_optional<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        self.read(name, expected, |text| text.parse().ok())
    }

    /// A value of a variable with a default, which is used when the value is empty or faulty.
    ///
    /// # Panics
    /// When the variable is declared without a default of this type.
    pub fn parse<T: FromStr>(&mut self, name: &str, expected: &str) -> T {
        self.read_or_default(name, expected, |text| text.parse().ok())
    }

    /// The same for a duration such as `500ms`, `30s`, `5m`, `2h`, `7d`.
    ///
    /// # Panics
    /// When the variable is declared without a default that is a duration.
    pub fn duration(&mut self, name: &str) -> Duration {
        self.read_or_default(name, "a duration such as 500ms, 30s, 5m, 2h or 7d", parse_duration)
    }

    fn read_or_default<T>(&mut self, name: &str, expected: &str, read: fn(&str) -> Option<T>) -> T {
        let value = self.read(name, expected, read);
        let default = || self.settings.default_of(name).and_then(read);
        value.or_else(default).unwrap_or_else(|| panic!("{name} is declared without a default that can be read"))
    }

    fn read<T>(&mut self, name: &str, expected: &str, read: fn(&str) -> Option<T>) -> Option<T> {
        let text = self.settings.get(name)?;
        let value = read(text);
        if value.is_none() {
            self.fault(format!("{name}: {text:?} is not {expected}"));
        }
        value
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
