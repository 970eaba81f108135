//! PDF files: text of each page, with sections from the outline.

mod layout;
mod reflow;

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone, Utc};
use pdf_oxide::Error;
use pdf_oxide::document::PdfDocument;
use pdf_oxide::object::Object;
use pdf_oxide::outline::{Destination, OutlineItem};

use crate::ParseError;
use crate::document::{Document, DocumentBuilder, non_empty_line};

/// Longer documents are refused.
const MAX_PAGES: usize = 10_000;

/// Depth of the outline that is read.
const MAX_OUTLINE: u8 = 6;

/// Parses a PDF file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Document, ParseError> {
    if !tail(bytes).windows(5).any(|window| window == b"%%EOF") {
        return Err(ParseError::Damaged("the end of the file is missing".to_owned()));
    }
    let file = PdfDocument::from_bytes(bytes.to_vec()).map_err(parse_error)?;
    if file.is_encrypted() && !file.authenticate(b"").map_err(parse_error)? {
        return Err(ParseError::Encrypted);
    }
    let pages = file.page_count().map_err(parse_error)?;
    if pages > MAX_PAGES {
        return Err(ParseError::TooLarge(format!("more than {MAX_PAGES} pages")));
    }
    let headings = headings(&file);
    let mut builder = DocumentBuilder::default();
    let mut broken = None;
    for index in 0..pages {
        let number = u32::try_from(index + 1).expect("at most MAX_PAGES");
        builder.page(number);
        let outline = headings.get(&index).map_or(&[][..], Vec::as_slice);
        match page_text(&file, index) {
            Ok(text) => append_page(&mut builder, &text, outline),
            Err(error) => broken = broken.or(Some((number, parse_error(error)))),
        }
        if builder.is_full() {
            break;
        }
    }
    let mut document = match broken {
        // An incomplete document presented as complete is worse than an error.
        Some((number, ParseError::Damaged(why))) => return Err(ParseError::Damaged(format!("page {number}: {why}"))),
        Some((_, error)) => return Err(error),
        None => builder.finish()?,
    };
    document.title = info(&file, "Title");
    document.author = info(&file, "Author");
    document.published_at = info(&file, "CreationDate").as_deref().and_then(date);
    Ok(document)
}

/// The text of a page (from 0) in reading order.
fn page_text(file: &PdfDocument, index: usize) -> Result<String, Error> {
    let spans = file.extract_spans(index)?;
    if layout::needs_library_order(&spans) {
        return Ok(reflow::paragraphs(&[file.extract_text(index)?]));
    }
    Ok(layout::text(&spans, file.get_page_rotation(index)?))
}

/// Where the `%%EOF` marker must be.
fn tail(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.len().saturating_sub(2048)..]
}

fn parse_error(error: Error) -> ParseError {
    match error {
        Error::EncryptedPdf => ParseError::Encrypted,
        // Unsupported ciphers are identified only by the text of the error.
        error if error.to_string().contains("legacy-crypto") => ParseError::Encrypted,
        error => ParseError::Damaged(error.to_string()),
    }
}

/// Headings of the outline by page (from 0).
fn headings(file: &PdfDocument) -> HashMap<usize, Vec<(u8, String)>> {
    let mut by_page = HashMap::new();
    if let Ok(Some(items)) = file.get_outline() {
        collect(&items, 1, &mut by_page);
    }
    by_page
}

fn collect(items: &[OutlineItem], level: u8, by_page: &mut HashMap<usize, Vec<(u8, String)>>) {
    for item in items {
        if let Some(Destination::PageIndex(page)) = item.dest {
            by_page.entry(page).or_default().push((level, item.title.clone()));
        }
        if level < MAX_OUTLINE {
            collect(&item.children, level + 1, by_page);
        }
    }
}

/// Adds the text of a page, split at the headings of the outline.
fn append_page(builder: &mut DocumentBuilder, text: &str, outline: &[(u8, String)]) {
    let mut rest = text;
    for (level, heading) in outline {
        if let Some(at) = rest.find(heading.trim()) {
            builder.block(&rest[..at]);
            rest = &rest[at..];
        }
        builder.section(*level, heading);
    }
    builder.block(rest);
}

/// A string of the information dictionary.
fn info(file: &PdfDocument, key: &str) -> Option<String> {
    let resolve = |object: &Object| file.resolve_object(object).ok();
    let info = resolve(file.trailer().as_dict()?.get("Info")?)?;
    let value = resolve(info.as_dict()?.get(key)?)?;
    non_empty_line(&text_string(value.as_string()?))
}

/// A text string (ISO 32000-2, 7.9.2.2): UTF-16 or UTF-8 with its mark, else PDFDocEncoding, which is close to Latin-1.
fn text_string(bytes: &[u8]) -> String {
    match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding.decode(bytes).0.into_owned(),
        None => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    }
}

/// A date (ISO 32000-2, 7.9.4): `D:YYYYMMDDHHmmSSOHH'mm'`; everything after the year is optional.
fn date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim().trim_start_matches("D:");
    let digits: String = text.chars().take_while(char::is_ascii_digit).take(14).collect();
    let part = |from: usize, len: usize, default: u32| match digits.get(from..from + len) {
        Some(part) => part.parse().ok(),
        None => Some(default),
    };
    let day = NaiveDate::from_ymd_opt(digits.get(..4)?.parse().ok()?, part(4, 2, 1)?, part(6, 2, 1)?)?;
    let time = day.and_hms_opt(part(8, 2, 0)?, part(10, 2, 0)?, part(12, 2, 0)?)?;
    let zone = offset(&text[digits.len()..]).unwrap_or(FixedOffset::east_opt(0)?);
    Some(zone.from_local_datetime(&time).single()?.to_utc())
}

/// `+03'00'` and the like.
fn offset(text: &str) -> Option<FixedOffset> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let mut parts = text[1..].split('\'');
    let hours: i32 = parts.next()?.parse().ok()?;
    let minutes: i32 = parts.next().and_then(|minutes| minutes.parse().ok()).unwrap_or(0);
    FixedOffset::east_opt(sign * (hours.checked_mul(3600)? + minutes.checked_mul(60)?))
}

#[cfg(test)]
mod tests {
    use super::{date, text_string};

    #[test]
    fn dates_and_texts_of_the_information_dictionary() {
        assert_eq!(date("D:20240501101500+03'00'").unwrap().to_rfc3339(), "2024-05-01T07:15:00+00:00");
        assert_eq!(date("D:2024").unwrap().to_rfc3339(), "2024-01-01T00:00:00+00:00");
        assert_eq!(date("D:20241399"), None);
        assert_eq!(text_string(b"\xfe\xff\x04\x10\x04\x31"), "Аб");
    }
}
