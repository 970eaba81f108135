//! How an element is read.

use html5ever::ns;

use super::tree::Element;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ElementKind {
    Skip,
    Inline,
    Block,
    Heading(u8),
    Break,
    List {
        ordered: bool,
    },
    Item,
    Term,
    Definition,
    Details,
    Code,
    Quote,
    Raised,
    Ruby,
    Preformatted,
    Table,
    Maths,
    /// A picture of a formula.
    Formula,
    Drawing,
    /// Buttons, choices and fields with text in them.
    Control,
}

impl ElementKind {
    /// Whether a word may go on through the tags of it.
    pub(super) fn is_within_words(self) -> bool {
        matches!(self, Self::Inline | Self::Code | Self::Quote | Self::Raised | Self::Ruby | Self::Maths)
    }
}

pub(super) fn element_kind(element: &Element) -> ElementKind {
    if element.name.ns == ns!(mathml) {
        return ElementKind::Maths;
    }
    if element.name.ns == ns!(svg) {
        return ElementKind::Drawing;
    }
    if element.role() == "heading" {
        let level = element.attribute("aria-level").and_then(|level| level.trim().parse().ok());
        return ElementKind::Heading(level.unwrap_or(2).clamp(1, 6));
    }
    if &*element.name.local == "img" && element.labels().any(is_formula_label) {
        return ElementKind::Formula;
    }
    of_name(&element.name.local)
}

fn is_formula_label(label: &str) -> bool {
    label.split(['-', '_']).any(|word| matches!(word, "math" | "tex" | "latex" | "equation"))
}

fn of_name(name: &str) -> ElementKind {
    match name {
        "script" | "style" | "noscript" | "iframe" | "embed" | "canvas" | "audio" | "video" | "input" | "head"
        | "datalist" | "title" | "noframes" | "noembed" | "rp" | "meta" | "link" | "base" | "area" | "param"
        | "source" | "track" | "frame" => ElementKind::Skip,
        "h1" => ElementKind::Heading(1),
        "h2" => ElementKind::Heading(2),
        "h3" => ElementKind::Heading(3),
        "h4" => ElementKind::Heading(4),
        "h5" => ElementKind::Heading(5),
        "h6" => ElementKind::Heading(6),
        "br" => ElementKind::Break,
        "ul" | "ol" | "menu" | "dir" => ElementKind::List { ordered: name == "ol" },
        "li" => ElementKind::Item,
        "dt" => ElementKind::Term,
        "dd" => ElementKind::Definition,
        "details" => ElementKind::Details,
        "code" | "kbd" | "samp" | "tt" => ElementKind::Code,
        "q" => ElementKind::Quote,
        "sup" => ElementKind::Raised,
        "ruby" => ElementKind::Ruby,
        "pre" | "xmp" | "listing" | "plaintext" => ElementKind::Preformatted,
        "table" => ElementKind::Table,
        "button" | "select" | "textarea" => ElementKind::Control,
        "html" | "body" | "address" | "article" | "aside" | "blockquote" | "caption" | "center" | "dialog" | "div"
        | "dl" | "fieldset" | "figcaption" | "figure" | "footer" | "form" | "header" | "hgroup" | "hr" | "legend"
        | "main" | "nav" | "optgroup" | "option" | "p" | "search" | "section" | "summary" | "tbody" | "td"
        | "template" | "tfoot" | "th" | "thead" | "tr" => ElementKind::Block,
        _ => ElementKind::Inline,
    }
}
