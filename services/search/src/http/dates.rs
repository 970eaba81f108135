//! Dates as the Search API writes them: MM/DD/YYYY.

use chrono::{DateTime, NaiveDate, Utc};
use kit::Validator;

/// From when to when a page may have been published; both days are excluded, as in the API's own words "after" and
/// "before".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Period {
    after: Option<NaiveDate>,
    before: Option<NaiveDate>,
}

impl Period {
    /// Reads two filters; each fault is noted at its field.
    pub(super) fn read(check: &mut Validator, after: (&str, Option<&str>), before: (&str, Option<&str>)) -> Self {
        Self { after: date(check, after), before: date(check, before) }
    }

    /// A page without a date passes only when no date was asked for.
    pub(super) fn holds(&self, published: Option<DateTime<Utc>>) -> bool {
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
