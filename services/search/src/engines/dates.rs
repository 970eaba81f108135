//! Dates as engines write them. Those without a zone are taken as UTC.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// Reads ISO 8601 and what passes for it: with or without zone, seconds and time of day.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(date) = DateTime::parse_from_rfc3339(text) {
        return Some(date.to_utc());
    }
    for zoned in ["%Y-%m-%d %H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M:%S%.f%z"] {
        if let Ok(date) = DateTime::parse_from_str(text, zoned) {
            return Some(date.to_utc());
        }
    }
    for local in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(date) = NaiveDateTime::parse_from_str(text, local) {
            return Some(date.and_utc());
        }
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(midnight)
}

/// The first moment of a year, month or day, as bibliographies give it: `[2020]`, `[2020, 5]`, `[2020, 5, 1]`.
pub(super) fn from_parts(parts: &[i32]) -> Option<DateTime<Utc>> {
    let part = |index: usize| parts.get(index).copied().unwrap_or(1);
    let (month, day) = (u32::try_from(part(1)).ok()?, u32::try_from(part(2)).ok()?);
    NaiveDate::from_ymd_opt(*parts.first()?, month, day).map(midnight)
}

/// The moment of a Unix time in seconds.
pub(super) fn from_unix(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}

#[cfg(test)]
mod tests {
    use super::{from_parts, parse};

    #[test]
    fn dates_with_and_without_zone_are_read() {
        for (given, expected) in [
            ("2026-03-01T10:00:00", "2026-03-01 10:00:00 UTC"),
            ("2026-03-01T10:00:00.250", "2026-03-01 10:00:00.250 UTC"),
            ("2026-03-01 10:00:00+03:00", "2026-03-01 07:00:00 UTC"),
            ("2026-03-01T10:00:00+0300", "2026-03-01 07:00:00 UTC"),
            ("2026-03-01T10:00:00Z", "2026-03-01 10:00:00 UTC"),
            ("2026-03-01", "2026-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(parse(given).map(|date| date.to_string()).as_deref(), Some(expected));
        }
        assert_eq!(parse("3 hours ago"), None);
        assert_eq!(from_parts(&[2020, 5]), parse("2020-05-01"));
        assert_eq!(from_parts(&[]), None);
    }
}
