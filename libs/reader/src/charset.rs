//! Decodes bytes to text. The charset comes from the byte order mark, the header, the page's `<meta>`, or a guess.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::utf16;

/// Where a `<meta charset>` is looked for (bytes). The HTML standard says 1,024; pages put it later.
const META_SEARCH_LIMIT: usize = 4096;

/// Invalid UTF-8 is still UTF-8 with at most one bad sequence per this many characters beyond ASCII.
const BROKEN_UTF8_RATIO: usize = 20;

/// Decodes `bytes`; `label` is the charset of the header.
pub(crate) fn decode<'a>(bytes: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    decode_as(bytes, label.and_then(named))
}

/// Decodes an HTML page, which may declare its charset in `<meta>`.
pub(crate) fn decode_html<'a>(bytes: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    decode_as(bytes, label.and_then(named).or_else(|| from_meta(bytes)))
}

fn decode_as<'a>(bytes: &'a [u8], declared: Option<&'static Encoding>) -> Cow<'a, str> {
    // `decode` gives a byte order mark precedence.
    if Encoding::for_bom(bytes).is_some() {
        return UTF_8.decode(bytes).0;
    }
    if let Some(encoding) = utf16::without_mark(bytes) {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    // Valid UTF-8 beyond ASCII is never another charset by chance, so the header is ignored.
    if declared.is_none_or(Encoding::is_ascii_compatible)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return Cow::Borrowed(text);
    }
    let Some(encoding) = declared.filter(|encoding| *encoding != UTF_8) else {
        return broken_utf8(bytes).map_or_else(|| guess(bytes).decode(bytes).0, Cow::Owned);
    };
    encoding.decode(bytes).0
}

/// UTF-8 with a few bad bytes, such as a page cut off within a character.
fn broken_utf8(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let bad = text.matches('\u{FFFD}').count();
    let good = text.chars().filter(|char| !char.is_ascii()).count() - bad;
    (bad * BROKEN_UTF8_RATIO <= good).then(|| text.into_owned())
}

fn named(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.trim().trim_matches(['"', '\'']).as_bytes())
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

fn from_meta(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(META_SEARCH_LIMIT)]).to_ascii_lowercase();
    if let Some(encoding) = from_xml_declaration(&head) {
        return Some(encoding);
    }
    for (at, _) in head.match_indices("<meta") {
        let tag = &head[at..];
        let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
        let Some(after) = tag.split_once("charset").map(|(_, after)| after) else {
            continue;
        };
        let value =
            after.trim_start().strip_prefix('=').unwrap_or_default().trim_start().trim_start_matches(['"', '\'']);
        let end = value.find(['"', '\'', ';', ' ', '/']).unwrap_or(value.len());
        let encoding = named(&value[..end])?;
        // The `<meta>` was readable as ASCII, so the page cannot be UTF-16.
        return Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding });
    }
    None
}

/// `<?xml version="1.0" encoding="iso-8859-1"?>` at the top of XHTML.
fn from_xml_declaration(head: &str) -> Option<&'static Encoding> {
    let declaration = head.trim_start().strip_prefix("<?xml")?.split("?>").next()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let encoding = named(value.trim_start_matches(['"', '\'']).split(['"', '\'']).next()?)?;
    Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_html};

    const CP1251: &[u8] =
        b"\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0! \xdd\xf2\xee \xf0\xf3\xf1\xf1\xea\xe8\xe9 \xf2\xe5\xea\xf1\xf2.";

    #[test]
    fn the_charset_comes_from_mark_header_meta_or_a_guess() {
        assert_eq!(decode(b"\xff\xfeh\0i\0", Some("windows-1251")), "hi");
        assert_eq!(decode(CP1251, Some("windows-1251")), "Привет, мир! Это русский текст.");
        assert_eq!(decode(CP1251, None), "Привет, мир! Это русский текст.");
        let mut page = b"<meta http-equiv=Content-Type content=\"text/html; charset=windows-1251\">".to_vec();
        page.extend_from_slice(CP1251);
        assert!(decode_html(&page, None).ends_with("Привет, мир! Это русский текст."));
        let mut page = b"<?xml version='1.0' encoding='windows-1251'?><html>".to_vec();
        page.extend_from_slice(CP1251);
        assert!(decode_html(&page, None).ends_with("Привет, мир! Это русский текст."));
        assert_eq!(decode("мир".as_bytes(), Some("iso-8859-1")), "мир");
        for text in ["Привет, мир! Это текст.\n", "Plain text of two lines.\n"] {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(decode(&little, None), text);
            assert_eq!(decode(&big, Some("utf-8")), text);
        }
        assert_eq!(decode(b"a\0b c", None), "a\0b c");
        assert_eq!(decode(b"\xcf\xf0\xe8", Some("utf-8")).chars().filter(|c| *c == '\u{FFFD}').count(), 0);
    }
}
