//! One walk over a tree of HTML that writes its text: blocks, headings, lists, tables and code.

use dom_query::{NodeData, NodeRef};

use super::table;
use crate::document::Builder;

/// Which elements belong to the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// All of them: what stands around the main text is already gone.
    Article,
    /// Those outside of headers, asides and forms.
    Page,
}

/// Appends the text of `root` to `builder`.
pub(super) fn append(builder: &mut Builder, root: NodeRef<'_>, scope: Scope) {
    let mut walk = Walk { builder, scope, inline: String::new(), lists: Vec::new(), marker: None };
    walk.children(root);
    walk.flush();
}

struct Walk<'b> {
    builder: &'b mut Builder,
    scope: Scope,
    /// Text of the block that is being read, white space already collapsed.
    inline: String,
    /// Open lists; the number of the next item in ordered ones.
    lists: Vec<Option<usize>>,
    /// The marker of a list item whose first text has not come yet.
    marker: Option<String>,
}

enum Kind {
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

fn kind(name: &str) -> Kind {
    match name {
        "script" | "style" | "template" | "noscript" | "iframe" | "object" | "embed" | "canvas" | "audio" | "video"
        | "select" | "button" | "input" | "textarea" | "svg" | "annotation" | "annotation-xml" | "head"
        | "datalist" | "dialog" | "nav" | "footer" | "menu" => Kind::Skip,
        "header" | "aside" | "form" => Kind::Chrome,
        "h1" => Kind::Heading(1),
        "h2" => Kind::Heading(2),
        "h3" => Kind::Heading(3),
        "h4" => Kind::Heading(4),
        "h5" => Kind::Heading(5),
        "h6" => Kind::Heading(6),
        "br" => Kind::Break,
        "ul" | "ol" => Kind::List { ordered: name == "ol" },
        "li" => Kind::Item,
        "code" | "kbd" | "samp" => Kind::Code,
        "pre" => Kind::Preformatted,
        "table" => Kind::Table,
        "html" | "body" | "address" | "article" | "blockquote" | "caption" | "center" | "dd" | "details" | "div"
        | "dl" | "dt" | "fieldset" | "figcaption" | "figure" | "hgroup" | "hr" | "legend" | "main" | "p"
        | "section" | "summary" | "tbody" | "td" | "tfoot" | "th" | "thead" | "tr" => Kind::Block,
        _ => Kind::Inline,
    }
}

impl Walk<'_> {
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
        let Some(kind) = node.element_ref().map(|element| kind(&element.name.local)) else {
            return;
        };
        match kind {
            Kind::Skip => {}
            Kind::Chrome if self.scope == Scope::Page && !holds_article(&node) => {}
            Kind::Inline => self.children(node),
            Kind::Chrome | Kind::Block => self.block(node),
            Kind::Heading(level) => self.heading(level, node),
            Kind::Break => self.line_break(),
            Kind::List { ordered } => self.list(ordered, node),
            Kind::Item => self.item(node),
            Kind::Code => self.code(node),
            Kind::Preformatted => self.preformatted(node),
            Kind::Table => self.table(node),
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
        let kept = self.inline.trim_end_matches(' ').len();
        self.inline.truncate(kept);
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

    /// Ends the block that is being read.
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

/// Whether a header or form stands around the text and not beside it.
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
    gather(node, &mut |piece| match piece {
        Some(piece) => collapse(&mut text, piece),
        None => collapse(&mut text, " "),
    });
    text.truncate(text.trim_end().len());
    text
}

fn raw_text(node: NodeRef<'_>) -> String {
    let mut text = String::new();
    gather(node, &mut |piece| text.push_str(piece.unwrap_or("\n")));
    text
}

/// Hands on every piece of text below `node`, and `None` where a line ends.
fn gather(node: NodeRef<'_>, out: &mut impl FnMut(Option<&str>)) {
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
        match child.element_ref().map(|element| kind(&element.name.local)) {
            None | Some(Kind::Skip) => {}
            Some(Kind::Inline | Kind::Code) => gather(child, out),
            Some(Kind::Break) => out(None),
            Some(_) => {
                gather(child, out);
                out(None);
            }
        }
    }
}
