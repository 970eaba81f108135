//! Title, author and dates of a file, and the text strings they are written in.

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone, Utc};
use hayro_syntax::metadata::Metadata;
use hayro_syntax::object::DateTime as PdfDate;

use crate::declared;

/// The title; `None` if it says nothing.
pub(super) fn title(metadata: &Metadata) -> Option<String> {
    declared::title(&text_string(metadata.title.as_deref()?))
}

pub(super) fn author(metadata: &Metadata) -> Option<String> {
    declared::author(&text_string(metadata.author.as_deref()?))
}

/// When the file was written.
pub(super) fn written_at(metadata: &Metadata) -> Option<DateTime<Utc>> {
    metadata.creation_date.or(metadata.modification_date).and_then(utc)
}

fn utc(date: PdfDate) -> Option<DateTime<Utc>> {
    let day = NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())?;
    let time = day.and_hms_opt(date.hour.into(), date.minute.into(), date.second.into())?;
    let hours = i32::from(date.utc_offset_hour);
    let minutes = i32::from(date.utc_offset_minute) * if hours < 0 { -1 } else { 1 };
    let zone = FixedOffset::east_opt(hours * 3600 + minutes * 60).or_else(|| FixedOffset::east_opt(0))?;
    Some(zone.from_local_datetime(&time).single()?.to_utc())
}

/// A text string (ISO 32000-2, 7.9.2.2): UTF-16 or UTF-8 with its mark, else PDFDocEncoding, which is close to Latin-1.
pub(super) fn text_string(bytes: &[u8]) -> String {
    match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding.decode(bytes).0.into_owned(),
        None => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::text_string;

    #[test]
    fn a_text_string_is_unicode_or_not() {
        assert_eq!(text_string(b"\xfe\xff\x04\x10\x04\x31"), "Аб");
        assert_eq!(text_string(b"M\xfcller"), "Müller");
    }
}
