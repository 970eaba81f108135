//! Tags within the paragraphs of Markdown: they are no text, and what they hide is none either.

use std::ops::Range;

use super::Change;
use crate::html;

/// Names of HTML elements. Others are placeholders and types, such as `<file>` and `<String>`, and stay.
const ELEMENTS: &str = " a abbr acronym address area article aside audio b base bdi bdo big blink blockquote body br button \
    canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset \
    figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins \
    kbd label legend li link main map mark marquee math menu meta meter nav nobr noembed noframes noscript object ol \
    optgroup option output p param picture plaintext pre progress q rp rt ruby s samp script search section select slot \
    small source span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title \
    tr track tt u ul var video wbr xmp ";

/// The tags of one paragraph.
#[derive(Default)]
pub(super) struct InlineHtml {
    hiding: Option<HidingElement>,
}

/// An open element that hides what follows.
struct HidingElement {
    name: String,
    /// How many elements of the name are open inside each other.
    depth: usize,
    start: usize,
}

impl InlineHtml {
    /// At the `end` of the paragraph: what an element that was not closed has hidden.
    pub(super) fn end(&mut self, end: usize) -> Option<(Range<usize>, Change)> {
        let hiding = self.hiding.take()?;
        Some((hiding.start..end, Change::Replace("\n")))
    }

    /// What happens to the text because of the `tag` at `range`.
    pub(super) fn tag(&mut self, tag: &str, range: Range<usize>) -> Option<(Range<usize>, Change)> {
        let is_end = tag.starts_with("</");
        let inner = tag.trim_start_matches(['<', '/']);
        let end = inner.find(|char: char| !(char.is_ascii_alphanumeric() || char == '-')).unwrap_or(inner.len());
        let name = inner[..end].to_ascii_lowercase();
        if let Some(hiding) = &mut self.hiding {
            if hiding.name == name && is_end {
                hiding.depth -= 1;
            } else if hiding.name == name && !tag.ends_with("/>") {
                hiding.depth += 1;
            }
            if hiding.depth > 0 {
                return None;
            }
            let hidden = hiding.start..range.end;
            self.hiding = None;
            return Some((hidden, Change::Replace("")));
        }
        if !is_end && html::hides_inline(tag) {
            self.hiding = Some(HidingElement { name, depth: 1, start: range.start });
            return Some((range, Change::Replace("")));
        }
        let has_attributes = inner[end..].contains('=');
        let is_placeholder = !name.is_empty() && !ELEMENTS.contains(&format!(" {name} ")) && !has_attributes;
        if is_placeholder {
            return None;
        }
        let replacement = match name.as_str() {
            "br" => "\n",
            // Else a power would become another number.
            "sup" if !is_end => "^",
            "td" | "th" | "li" | "p" | "div" => " ",
            _ => "",
        };
        Some((range, Change::Replace(replacement)))
    }
}
