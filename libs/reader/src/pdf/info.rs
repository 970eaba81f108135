//! Title, author and dates of a file, and the text strings they are written in.

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone, Utc};
use hayro_syntax::metadata::Metadata;
use hayro_syntax::object::DateTime as PdfDate;

use crate::document::non_empty_line;

/// Titles that say that there is none.
const NO_TITLES: [&str; 14] = [
    "untitled",
    "untitled document",
    "untitled 1",
    "no title",
    "title",
    "document",
    "document1",
    "unknown",
    "unspecified",
    "unbenannt",
    "dokument1",
    "sans titre",
    "без имени",
    "документ1",
];
/// Endings of names of files, which some programs write as the title.
const FILE_ENDINGS: [&str; 22] = [
    ".doc", ".docx", ".dot", ".dvi", ".eps", ".fm", ".htm", ".html", ".indd", ".odt", ".p65", ".pages", ".pdf", ".ppt",
    ".pptx", ".ps", ".pub", ".qxd", ".rtf", ".tex", ".xls", ".xlsx",
];

/// The title; `None` if it is one that a program made up or the name of some file.
pub(super) fn title(metadata: &Metadata) -> Option<String> {
    let title = non_empty_line(&text_string(metadata.title.as_deref()?))?;
    let plain = title.trim_matches(['(', ')', '[', ']', '<', '>', '"', ' ']).to_lowercase();
    let made_up = NO_TITLES.contains(&plain.as_str())
        || FILE_ENDINGS.iter().any(|ending| plain.ends_with(ending))
        || ["microsoft word - ", "microsoft powerpoint - ", "microsoft excel - ", "file:///"]
            .iter()
            .any(|start| plain.starts_with(start))
        || !plain.contains(char::is_alphanumeric);
    (!made_up).then_some(title)
}

pub(super) fn author(metadata: &Metadata) -> Option<String> {
    let author = non_empty_line(&text_string(metadata.author.as_deref()?))?;
    let plain = author.trim_matches(['(', ')', ' ']).to_lowercase();
    (!["anonymous", "unknown", "author", "user", "administrator"].contains(&plain.as_str())).then_some(author)
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
    use hayro_syntax::metadata::Metadata;

    use super::{text_string, title};

    #[test]
    fn a_title_that_says_nothing_is_none() {
        let titled = |title: &[u8]| Metadata { title: Some(title.into()), ..Metadata::default() };
        for none in ["untitled", "(Untitled)", "Microsoft Word - rent.doc", "report_final.dvi", " - ", "paper.TEX"] {
            assert_eq!(title(&titled(none.as_bytes())), None, "{none}");
        }
        assert_eq!(title(&titled(b"Untitled works of 1919")).unwrap(), "Untitled works of 1919");
        assert_eq!(text_string(b"\xfe\xff\x04\x10\x04\x31"), "Аб");
    }
}
