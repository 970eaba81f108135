//! Renders an HTML tree as text: blocks, headings, lists, tables and code.

use dom_query::{NodeData, NodeRef};

use super::table;
use crate::document::DocumentBuilder;

/// Which elements belong to the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// All: the elements around the main text have been removed.
    Article,
    /// All outside of headers, asides and forms.
    Page,
}

/// Appends the text of `root` to `builder`.
pub(super) fn append(builder: &mut DocumentBuilder, root: NodeRef<'_>, scope: Scope) {
    let mut writer = TextWriter { builder, scope, inline: String::new(), lists: Vec::new(), marker: None };
    writer.children(root);
    writer.flush();
}

struct TextWriter<'b> {
    builder: &'b mut DocumentBuilder,
    scope: Scope,
    /// Text of the current block, white space collapsed.
    inline: String,
    /// Open lists; the number of the next item in ordered ones.
    lists: Vec<Option<usize>>,
    /// The marker of a list item that has no text yet.
    marker: Option<String>,
}

enum ElementKind {
    Skip,
    Chrome,
    Inline,
    Block,
    Heading(u8),
    Break,
    List { ordered: bool },
    Item,
    Code,
    Preformatted,
    Table,
}

fn element_kind(name: &str) -> ElementKind {
    match name {
        "script" | "style" | "template" | "noscript" | "iframe" | "object" | "embed" | "canvas" | "audio" | "video"
        | "select" | "button" | "input" | "textarea" | "svg" | "annotation" | "annotation-xml" | "head"
        | "datalist" | "dialog" | "nav" | "footer" | "menu" => ElementKind::Skip,
        "header" | "aside" | "form" => ElementKind::Chrome,
        "h1" => ElementKind::Heading(1),
        "h2" => ElementKind::Heading(2),
        "h3" => ElementKind::Heading(3),
        "h4" => ElementKind::Heading(4),
        "h5" => ElementKind::Heading(5),
        "h6" => ElementKind::Heading(6),
        "br" => ElementKind::Break,
        "ul" | "ol" => ElementKind::List { ordered: name == "ol" },
        "li" => ElementKind::Item,
        "code" | "kbd" | "samp" => ElementKind::Code,
        "pre" => ElementKind::Preformatted,
        "table" => ElementKind::Table,
        "html" | "body" | "address" | "article" | "blockquote" | "caption" | "center" | "dd" | "details" | "div"
        | "dl" | "dt" | "fieldset" | "figcaption" | "figure" | "hgroup" | "hr" | "legend" | "main" | "p"
        | "section" | "summary" | "tbody" | "td" | "tfoot" | "th" | "thead" | "tr" => ElementKind::Block,
        _ => ElementKind::Inline,
    }
}

impl TextWriter<'_> {
    fn children(&mut self, node: NodeRef<'_>) {
        for child in node.children_it(false) {
            if self.builder.is_full() {
                return;
            }
            let is_text = child.query_or(false, |node| match &node.data {
                NodeData::Text { contents } => {
                    collapse(&mut self.inline, contents);
                    true
                }
                _ => false,
            });
            if !is_text {
                self.element(child);
            }
        }
    }

    fn element(&mut self, node: NodeRef<'_>) {
        let Some(kind) = node.element_ref().map(|element| element_kind(&element.name.local)) else {
            return;
        };
        match kind {
            ElementKind::Skip => {}
            ElementKind::Chrome if self.scope == Scope::Page && !holds_article(&node) => {}
            ElementKind::Inline => self.children(node),
            ElementKind::Chrome | ElementKind::Block => self.block(node),
            ElementKind::Heading(level) => self.heading(level, node),
            ElementKind::Break => self.line_break(),
            ElementKind::List { ordered } => self.list(ordered, node),
            ElementKind::Item => self.item(node),
            ElementKind::Code => self.code(node),
            ElementKind::Preformatted => self.preformatted(node),
            ElementKind::Table => self.table(node),
        }
    }

    fn block(&mut self, node: NodeRef<'_>) {
        self.flush();
        self.children(node);
        self.flush();
    }

    fn heading(&mut self, level: u8, node: NodeRef<'_>) {
        self.flush();
        let text = inline_text(node);
        self.builder.heading(level, text.trim_end_matches(['#', '¶', ' ']));
    }

    fn line_break(&mut self) {
        let length = self.inline.trim_end_matches(' ').len();
        self.inline.truncate(length);
        if !self.inline.is_empty() {
            self.inline.push('\n');
        }
    }

    fn list(&mut self, ordered: bool, node: NodeRef<'_>) {
        self.flush();
        let first = node.attr("start").and_then(|start| start.parse().ok()).unwrap_or(1);
        self.lists.push(ordered.then_some(first));
        self.children(node);
        self.flush();
        self.lists.pop();
        self.marker = None;
    }

    fn item(&mut self, node: NodeRef<'_>) {
        self.flush();
        let indent = "  ".repeat(self.lists.len().saturating_sub(1));
        self.marker = Some(match self.lists.last_mut() {
            Some(Some(number)) => {
                *number = number.saturating_add(1);
                format!("{indent}{}. ", *number - 1)
            }
            _ => format!("{indent}- "),
        });
        self.children(node);
        self.flush();
        self.marker = None;
    }

    fn code(&mut self, node: NodeRef<'_>) {
        let text = inline_text(node);
        if text.trim().is_empty() {
            return;
        }
        self.inline.push('`');
        self.inline.push_str(text.trim());
        self.inline.push('`');
    }

    fn preformatted(&mut self, node: NodeRef<'_>) {
        self.flush();
        let code = raw_text(node);
        let code = code.trim_matches('\n').trim_end();
        if !code.trim().is_empty() {
            self.builder.block(&format!("```\n{code}\n```"));
        }
    }

    fn table(&mut self, node: NodeRef<'_>) {
        self.flush();
        let Some(rows) = table::rows(node) else {
            self.children(node);
            self.flush();
            return;
        };
        if let Some(caption) = node.children_it(false).find(|child| child.has_name("caption")) {
            self.builder.block(&inline_text(caption));
        }
        for (number, row) in rows.iter().enumerate() {
            if number == 0 {
                self.builder.block(row);
            } else {
                self.builder.line(row);
            }
        }
    }

    /// Ends the current block.
    fn flush(&mut self) {
        let text = self.inline.trim();
        if !text.is_empty() {
            match self.marker.take() {
                Some(marker) => {
                    let item = format!("{marker}{text}");
                    if self.builder.ends_with_item() {
                        self.builder.line(&item);
                    } else {
                        self.builder.block(&item);
                    }
                }
                None => self.builder.block(text),
            }
        }
        self.inline.clear();
    }
}

/// Whether a header or form contains the main text.
fn holds_article(node: &NodeRef<'_>) -> bool {
    !node.has_name("aside") && node.descendants_it().any(|child| child.has_name("h1") || child.has_name("article"))
}

/// Appends `text` with its white space collapsed.
fn collapse(out: &mut String, text: &str) {
    for char in text.chars() {
        if char.is_ascii_whitespace() {
            if !out.ends_with([' ', '\n']) && !out.is_empty() {
                out.push(' ');
            }
        } else {
            out.push(char);
        }
    }
}

/// The text of `node` on one line.
pub(super) fn inline_text(node: NodeRef<'_>) -> String {
    let mut text = String::new();
    visit_text(node, &mut |piece| match piece {
        Some(piece) => collapse(&mut text, piece),
        None => collapse(&mut text, " "),
    });
    text.truncate(text.trim_end().len());
    text
}

fn raw_text(node: NodeRef<'_>) -> String {
    let mut text = String::new();
    visit_text(node, &mut |piece| text.push_str(piece.unwrap_or("\n")));
    text
}

/// Calls `out` with every text node below `node`, and with `None` at the end of each line.
fn visit_text(node: NodeRef<'_>, out: &mut impl FnMut(Option<&str>)) {
    for child in node.children_it(false) {
        let is_text = child.query_or(false, |node| match &node.data {
            NodeData::Text { contents } => {
                out(Some(contents));
                true
            }
            _ => false,
        });
        if is_text {
            continue;
        }
        match child.element_ref().map(|element| element_kind(&element.name.local)) {
            None | Some(ElementKind::Skip) => {}
            Some(ElementKind::Inline | ElementKind::Code) => visit_text(child, out),
            Some(ElementKind::Break) => out(None),
            Some(_) => {
                visit_text(child, out);
                out(None);
            }
        }
    }
}
