//! XHTML as HTML: elements that close where they open.

/// Elements that HTML closes itself.
const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// `<title/>` as `<title></title>`: to a reader of HTML the first is open, and all that follows is inside of it.
pub(super) fn as_html(xhtml: &str) -> String {
    let mut html = String::with_capacity(xhtml.len());
    let mut rest = xhtml;
    while let Some(at) = rest.find('<') {
        html.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(length) = markup_len(rest) else { break };
        let (markup, after) = rest.split_at(length);
        match closed_element(markup) {
            Some((start, name)) => {
                html.push_str(start);
                html.push_str("></");
                html.push_str(name);
                html.push('>');
            }
            None => html.push_str(markup),
        }
        rest = after;
    }
    html.push_str(rest);
    html
}

/// The length of the tag, comment or declaration at the start of `text`; `None` if it does not end.
fn markup_len(text: &str) -> Option<usize> {
    for (start, end) in [("<!--", "-->"), ("<![CDATA[", "]]>")] {
        if let Some(rest) = text.strip_prefix(start) {
            return rest.find(end).map(|at| start.len() + at + end.len());
        }
    }
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (byte, quote) {
            (b'>', None) => return Some(at + 1),
            (b'"' | b'\'', None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            _ => {}
        }
    }
    None
}

/// What stands before the end of a tag that closes its element, and the element's name, if HTML would leave it open.
fn closed_element(markup: &str) -> Option<(&str, &str)> {
    let start = markup.strip_suffix("/>")?;
    let name = start[1..].split(|c: char| c.is_ascii_whitespace()).next()?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
    (is_name && !VOID.contains(&name.to_ascii_lowercase().as_str())).then_some((start, name))
}

#[cfg(test)]
mod tests {
    use super::as_html;

    #[test]
    fn elements_that_close_where_they_open_are_closed() {
        for (xhtml, html) in [
            ("<title/><p>a</p>", "<title></title><p>a</p>"),
            ("<a id='x' />b<br/>", "<a id='x' ></a>b<br/>"),
            ("<p title='>/>'/>a", "<p title='>/>'></p>a"),
            ("<!-- <p/> --><![CDATA[<p/>]]><?p/?>", "<!-- <p/> --><![CDATA[<p/>]]><?p/?>"),
            ("a < b <p", "a < b <p"),
            ("</p/>< /><", "</p/>< /><"),
        ] {
            assert_eq!(as_html(xhtml), html, "{xhtml}");
        }
    }
}
