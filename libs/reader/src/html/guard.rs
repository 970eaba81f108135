//! Refuses pages that would make the tree builder work or grow without bound, before it sees them.
//!
//! The scan is a rough tokenizer: it never allows less than a browser would accept of an honest page, and it bounds what
//! costs more than linear time in an HTML tree builder: open elements, formatting elements that are opened again in each
//! block, and attributes of one tag.

use crate::ParseError;

/// Elements of one page, those that the tree builder repeats included.
const MAX_ELEMENTS: usize = 200_000;

/// Elements that are open at once; deeper pages are no text.
const MAX_OPEN: usize = 512;

/// Attributes of one tag: each is compared with all before it.
const MAX_ATTRIBUTES: usize = 512;

/// Elements without content, and those whose end tag is commonly left out: neither makes a page deeper by itself.
const FLAT: [&str; 33] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "p",
    "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup", "colgroup", "caption", "rt",
    "rp", "html", "head", "body",
];

/// Elements that are opened again in the next block when they were left open.
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// Elements whose content is not markup.
const RAW: [&str; 6] = ["script", "style", "textarea", "title", "xmp", "noembed"];

#[derive(Default)]
struct Scan {
    elements: usize,
    open: Vec<(Box<str>, usize)>,
    open_total: usize,
    formatting_open: usize,
}

/// Checks `html` against the limits.
pub(crate) fn check(html: &str) -> Result<(), ParseError> {
    let bytes = html.as_bytes();
    let mut scan = Scan::default();
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
        let name = html[name_start..name_start + name_len].to_ascii_lowercase();
        at = end_of_tag(bytes, name_start + name_len)?;
        if closing {
            scan.close(&name)?;
            continue;
        }
        scan.open(&name, bytes.get(at - 2) == Some(&b'/'))?;
        if RAW.contains(&name.as_str()) {
            at = after_raw(bytes, at, &name);
            scan.close(&name)?;
        }
    }
    Ok(())
}

/// The place after the `>` of a tag whose name ends at `at`.
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

/// The place of the end tag of a raw element.
fn after_raw(bytes: &[u8], at: usize, name: &str) -> usize {
    let mut from = at;
    while let Some(found) = bytes[from..].iter().position(|byte| *byte == b'<') {
        let tag = from + found;
        let end = bytes.get(tag + 2..tag + 2 + name.len());
        if bytes.get(tag + 1) == Some(&b'/') && end.is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes())) {
            return tag;
        }
        from = tag + 1;
    }
    bytes.len()
}

impl Scan {
    fn open(&mut self, name: &str, self_closing: bool) -> Result<(), ParseError> {
        self.count(1 + self.formatting_open)?;
        // In SVG and MathML every element nests, and `/>` ends one.
        let flat = if self.is_foreign() { self_closing } else { FLAT.contains(&name) };
        if flat {
            return Ok(());
        }
        self.open_total += 1;
        if self.open_total > MAX_OPEN {
            return Err(ParseError::TooLarge(format!("more than {MAX_OPEN} elements inside each other")));
        }
        self.formatting_open += usize::from(FORMATTING.contains(&name));
        match self.open.iter_mut().find(|(open, _)| **open == *name) {
            Some((_, count)) => *count += 1,
            None => self.open.push((name.into(), 1)),
        }
        Ok(())
    }

    /// An end tag that matches no start tag closes nothing, but the tree builder looks for its start.
    fn close(&mut self, name: &str) -> Result<(), ParseError> {
        let Some(place) = self.open.iter().position(|(open, _)| **open == *name) else {
            return self.count(usize::from(!FLAT.contains(&name)));
        };
        self.open[place].1 -= 1;
        if self.open[place].1 == 0 {
            self.open.swap_remove(place);
        }
        self.open_total -= 1;
        self.formatting_open -= usize::from(FORMATTING.contains(&name));
        Ok(())
    }

    fn count(&mut self, elements: usize) -> Result<(), ParseError> {
        self.elements += elements;
        if self.elements > MAX_ELEMENTS {
            return Err(ParseError::TooLarge(format!("more than {MAX_ELEMENTS} elements")));
        }
        Ok(())
    }

    fn is_foreign(&self) -> bool {
        self.open.iter().any(|(name, _)| matches!(&**name, "svg" | "math"))
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn honest_pages_pass() {
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
