//! Date filters of the Search API: MM/DD/YYYY.

use chrono::{DateTime, NaiveDate, Utc};
use kit::Validator;

/// The dates between which a page may have been published, both exclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DateRange {
    after: Option<NaiveDate>,
    before: Option<NaiveDate>,
}

impl DateRange {
    /// Parses two filters; an error is reported at its field.
    pub(super) fn read(check: &mut Validator, after: (&str, Option<&str>), before: (&str, Option<&str>)) -> Self {
        Self { after: date(check, after), before: date(check, before) }
    }

    /// Whether a date is in the range. A page without a date is only if the range is unlimited.
    pub(super) fn contains(&self, published: Option<DateTime<Utc>>) -> bool {
        if self.after.is_none() && self.before.is_none() {
            return true;
        }
        let Some(day) = published.map(|time| time.date_naive()) else { return false };
        self.after.is_none_or(|after| day > after) && self.before.is_none_or(|before| day < before)
    }
}

fn date(check: &mut Validator, (field, text): (&str, Option<&str>)) -> Option<NaiveDate> {
    let text = text?;
    // The parser also takes days and years of other lengths.
    let date = NaiveDate::parse_from_str(text, "%m/%d/%Y").ok().filter(|_| text.len() == 10);
    check.ensure(date.is_some(), &format!("/{field}"), "a date as MM/DD/YYYY");
    date
}
