//! Rejects pages that would cost the HTML tree builder unbounded time or memory, before it parses them.
//!
//! The scan is an approximate tokenizer: it accepts every ordinary page and bounds what costs more than linear time in
//! a tree builder: open elements, formatting elements that are reopened in each block, and attributes per tag.

use crate::ParseError;

/// Elements of a page, including those the tree builder repeats.
const MAX_ELEMENTS: usize = 200_000;

/// Elements open at the same time.
const MAX_OPEN: usize = 512;

/// Attributes per tag: each is compared with all before it.
const MAX_ATTRIBUTES: usize = 512;

/// Longer names (bytes) are truncated: no element with special treatment has one.
const MAX_NAME_LENGTH: usize = 16;

/// Void elements, and elements whose end tag is commonly omitted: they do not count towards the depth.
fn is_flat(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
            | b"p"
            | b"li"
            | b"dt"
            | b"dd"
            | b"tr"
            | b"td"
            | b"th"
            | b"thead"
            | b"tbody"
            | b"tfoot"
            | b"option"
            | b"optgroup"
            | b"colgroup"
            | b"caption"
            | b"rt"
            | b"rp"
            | b"html"
            | b"head"
            | b"body"
    )
}

/// Formatting elements: if left open, they are reopened in the next block.
fn is_formatting(name: &[u8]) -> bool {
    matches!(
        name,
        b"a" | b"b"
            | b"big"
            | b"code"
            | b"em"
            | b"font"
            | b"i"
            | b"nobr"
            | b"s"
            | b"small"
            | b"strike"
            | b"strong"
            | b"tt"
            | b"u"
    )
}

/// Elements with raw text content.
fn is_raw(name: &[u8]) -> bool {
    matches!(name, b"script" | b"style" | b"textarea" | b"title" | b"xmp" | b"noembed")
}

#[derive(Default)]
struct TagScanner {
    elements: usize,
    /// Open elements by name, with their count.
    open: Vec<([u8; MAX_NAME_LENGTH], usize)>,
    open_total: usize,
    formatting_open: usize,
    /// Open `<svg>` and `<math>`.
    foreign_open: usize,
}

/// Checks `html` against the limits.
pub(crate) fn check(html: &str) -> Result<(), ParseError> {
    let bytes = html.as_bytes();
    let mut scan = TagScanner::default();
    let mut at = 0;
    while let Some(found) = html[at..].find('<') {
        let tag = at + found + 1;
        if html[tag..].starts_with("!--") {
            at = html[tag + 3..].find("-->").map_or(html.len(), |end| tag + 3 + end + 3);
            continue;
        }
        let closing = bytes.get(tag) == Some(&b'/');
        let name_start = tag + usize::from(closing);
        if !bytes.get(name_start).is_some_and(u8::is_ascii_alphabetic) {
            at = tag;
            continue;
        }
        let name_len = bytes[name_start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let mut padded = [0; MAX_NAME_LENGTH];
        let length = name_len.min(MAX_NAME_LENGTH);
        padded[..length].copy_from_slice(&bytes[name_start..name_start + length]);
        padded.make_ascii_lowercase();
        let name = &padded[..length];
        at = end_of_tag(bytes, name_start + name_len)?;
        if closing {
            scan.close(padded, name)?;
            continue;
        }
        scan.open(padded, name, bytes.get(at - 2) == Some(&b'/'))?;
        if is_raw(name) {
            at = after_raw(bytes, at, name);
            scan.close(padded, name)?;
        }
    }
    Ok(())
}

/// The offset after the `>` of a tag whose name ends at `at`.
fn end_of_tag(bytes: &[u8], mut at: usize) -> Result<usize, ParseError> {
    let mut attributes = 0;
    let mut quote = None;
    let mut after_equals = false;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return Ok(at),
            (None, b'"' | b'\'') if after_equals => quote = Some(byte),
            (None, b' ' | b'\t' | b'\n' | b'\r' | b'\x0C' | b'/' | b'"' | b'\'') => attributes += 1,
            (None, _) => {}
        }
        after_equals = byte == b'=' || (after_equals && byte.is_ascii_whitespace());
        if attributes > MAX_ATTRIBUTES * 2 {
            return Err(ParseError::TooLarge(format!("more than {MAX_ATTRIBUTES} attributes in a tag")));
        }
    }
    Ok(at)
}

/// The offset of the end tag of a raw text element.
fn after_raw(bytes: &[u8], at: usize, name: &[u8]) -> usize {
    let mut from = at;
    while let Some(found) = bytes[from..].iter().position(|byte| *byte == b'<') {
        let tag = from + found;
        let end = bytes.get(tag + 2..tag + 2 + name.len());
        if bytes.get(tag + 1) == Some(&b'/') && end.is_some_and(|end| end.eq_ignore_ascii_case(name)) {
            return tag;
        }
        from = tag + 1;
    }
    bytes.len()
}

impl TagScanner {
    fn open(&mut self, padded: [u8; MAX_NAME_LENGTH], name: &[u8], self_closing: bool) -> Result<(), ParseError> {
        self.count(1 + self.formatting_open)?;
        // In SVG and MathML every element nests, and `/>` ends one.
        let flat = if self.foreign_open > 0 { self_closing } else { is_flat(name) };
        if flat {
            return Ok(());
        }
        self.open_total += 1;
        if self.open_total > MAX_OPEN {
            return Err(ParseError::TooLarge(format!("more than {MAX_OPEN} elements inside each other")));
        }
        self.formatting_open += usize::from(is_formatting(name));
        self.foreign_open += usize::from(matches!(name, b"svg" | b"math"));
        let known = self.open.iter().position(|(open, _)| *open == padded);
        // Entries with count zero are reused, so that the list stays as short as the tree is deep.
        match known.or_else(|| self.open.iter().position(|(_, count)| *count == 0)) {
            Some(index) => self.open[index] = (padded, self.open[index].1 + 1),
            None => self.open.push((padded, 1)),
        }
        Ok(())
    }

    /// An end tag without a start tag closes nothing, but makes the tree builder search for its start.
    fn close(&mut self, padded: [u8; MAX_NAME_LENGTH], name: &[u8]) -> Result<(), ParseError> {
        let Some((_, count)) = self.open.iter_mut().find(|(open, count)| *open == padded && *count > 0) else {
            return self.count(usize::from(!is_flat(name)));
        };
        *count -= 1;
        self.open_total -= 1;
        self.formatting_open -= usize::from(is_formatting(name));
        self.foreign_open -= usize::from(matches!(name, b"svg" | b"math"));
        Ok(())
    }

    fn count(&mut self, elements: usize) -> Result<(), ParseError> {
        self.elements += elements;
        if self.elements > MAX_ELEMENTS {
            return Err(ParseError::TooLarge(format!("more than {MAX_ELEMENTS} elements")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn ordinary_pages_pass() {
        let rows = "<tr><td>a<td>b".repeat(5_000);
        assert_eq!(check(&format!("<!doctype html><table>{rows}</table>")), Ok(()));
        assert_eq!(check(&"<p>unclosed <b>bold</b><br>".repeat(20_000)), Ok(()));
        assert_eq!(check(&format!("<script>{}</script>", "'<div>'".repeat(9_000))), Ok(()));
        assert_eq!(check(&format!("<img src=\"data:{}\">", "a /b ".repeat(9_000))), Ok(()));
        assert_eq!(check("a < b, <3 and <"), Ok(()));
    }

    #[test]
    fn what_would_explode_is_refused() {
        let hostile = [
            "<div>".repeat(100_000),
            "<i></i>".repeat(1_000_000),
            "<div></p>".repeat(5_000),
            format!("<svg>{}", "<td>".repeat(5_000)),
            format!("<div>{}", "</x>".repeat(300_000)),
            format!("{}{}", (0..900).map(|n| format!("<b id={n}>")).collect::<String>(), "<p>x".repeat(4_000)),
            format!("<a {}>", (0..2_000).map(|n| format!("a{n} ")).collect::<String>()),
        ];
        for html in hostile {
            assert!(check(&html).is_err(), "{}", &html[..30]);
        }
    }
}
