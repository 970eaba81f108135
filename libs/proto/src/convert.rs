//! Ids and times between messages and our own types.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use uuid::Uuid;

/// A field that does not hold what the contract says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {text:?} is not an id")]
pub struct InvalidId {
    pub field: &'static str,
    pub text: String,
}

/// The id in `field`.
pub fn id(field: &'static str, text: &str) -> Result<Uuid, InvalidId> {
    text.parse().map_err(|_| InvalidId { field, text: text.to_owned() })
}

/// `at` for a message.
pub fn timestamp(at: DateTime<Utc>) -> Timestamp {
    let nanos = i32::try_from(at.timestamp_subsec_nanos()).unwrap_or_default();
    Timestamp { seconds: at.timestamp(), nanos }
}

/// The time in a message, cut to microseconds, which is what both databases store. `None` for one that no calendar has.
pub fn time(stamp: Timestamp) -> Option<DateTime<Utc>> {
    let micros = u32::try_from(stamp.nanos).ok()? / 1_000;
    DateTime::from_timestamp(stamp.seconds, micros * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_to_what_databases_store() {
        let at = time(Timestamp { seconds: 1, nanos: 2_999 });
        assert_eq!(at.map(timestamp), Some(Timestamp { seconds: 1, nanos: 2_000 }));
        assert_eq!(time(Timestamp { seconds: 1, nanos: -1 }), None);
        assert_eq!(time(Timestamp { seconds: i64::MAX, nanos: 0 }), None);
    }
}
