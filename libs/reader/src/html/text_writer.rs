//! Renders the tree of a page as text: blocks, headings, lists, definitions, tables and code.

use super::inline::{self, collapse, heading_text, inline_text, preformatted_text};
use super::kind::{ElementKind, element_kind};
use super::table::{self, DataTable};
use super::tree::{NodeId, Tree};
use crate::document::DocumentBuilder;

/// Rows of a table that stand together under its head (tokens), so that a passage has the head of each of its rows.
const TABLE_PART: usize = 250;

/// A longer summary (bytes) is no heading.
const MAX_SUMMARY: usize = 200;

/// Details inside each other are headings down to this level.
const MAX_LEVEL: u8 = 7;

/// Which buttons and fields belong to the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// All: nothing of a file is lost.
    File,
    /// Those that open a part of the text.
    Page,
}

/// Appends the text of `root` to `builder`.
pub(super) fn append(builder: &mut DocumentBuilder, tree: &Tree, root: NodeId, scope: Scope) {
    let mut writer = TextWriter {
        builder,
        tree,
        scope,
        holds_block: block_holders(tree, root),
        inline: String::new(),
        lists: Vec::new(),
        marker: None,
        after_term: false,
    };
    writer.children(root);
    writer.flush();
}

/// Which nodes have blocks in them.
fn block_holders(tree: &Tree, root: NodeId) -> Vec<bool> {
    let mut holders = vec![false; tree.len()];
    let is_block = |id: NodeId| {
        tree.element(id).map(element_kind).is_some_and(|kind| {
            matches!(
                kind,
                ElementKind::Block
                    | ElementKind::Heading(_)
                    | ElementKind::List { .. }
                    | ElementKind::Preformatted
                    | ElementKind::Table
                    | ElementKind::Details
            )
        })
    };
    for id in tree.subtree(root).filter(|id| is_block(*id)) {
        for ancestor in tree.ancestors(id) {
            if std::mem::replace(&mut holders[ancestor.index()], true) {
                break;
            }
        }
    }
    holders
}

struct TextWriter<'b> {
    builder: &'b mut DocumentBuilder,
    tree: &'b Tree,
    scope: Scope,
    /// Which nodes have blocks in them: they are no part of a line, whatever their own kind is.
    holds_block: Vec<bool>,
    /// Text of the current block, white space collapsed.
    inline: String,
    /// Open lists; the number of the next item in ordered ones.
    lists: Vec<Option<usize>>,
    /// The marker of a list item or definition that has no text yet.
    marker: Option<String>,
    /// Whether the last line is a term whose definition follows.
    after_term: bool,
}

/// What stands before a definition, under its term.
const DEFINITION: &str = ": ";

impl TextWriter<'_> {
    fn children(&mut self, id: NodeId) {
        let tree = self.tree;
        for child in tree.children(id) {
            if self.builder.is_full() {
                return;
            }
            match tree.text(child) {
                Some(text) => collapse(&mut self.inline, text),
                None => self.element(child),
            }
        }
    }

    fn element(&mut self, id: NodeId) {
        let Some(kind) = self.tree.element(id).map(element_kind) else { return };
        match kind {
            ElementKind::Skip => {}
            ElementKind::Inline => self.children(id),
            ElementKind::Code | ElementKind::Quote | ElementKind::Raised if self.holds_block[id.index()] => {
                self.children(id);
            }
            ElementKind::Block => self.block(id),
            ElementKind::Heading(level) => self.heading(level, id),
            ElementKind::Break => self.line_break(),
            ElementKind::List { ordered } => self.list(ordered, id),
            ElementKind::Item => self.item(id),
            ElementKind::Term => self.term(id),
            ElementKind::Definition => self.definition(id),
            ElementKind::Details => self.details(id),
            ElementKind::Code => self.code(id),
            ElementKind::Quote => self.quote(id),
            ElementKind::Preformatted => self.preformatted(id),
            ElementKind::Table => self.table(id),
            ElementKind::Control => self.control(id),
            ElementKind::Raised
            | ElementKind::Ruby
            | ElementKind::Maths
            | ElementKind::Formula
            | ElementKind::Drawing => {
                inline::append(self.tree, id, &mut self.inline);
            }
        }
    }

    fn block(&mut self, id: NodeId) {
        self.flush();
        self.children(id);
        self.flush();
    }

    fn heading(&mut self, level: u8, id: NodeId) {
        self.flush();
        // What follows a heading within an item is no item.
        self.marker = None;
        let text = heading_text(self.tree, id);
        let text = text.trim_end_matches(['¶', ' ']);
        self.builder.heading(level, text.strip_suffix(" #").unwrap_or(text));
    }

    fn line_break(&mut self) {
        let length = self.inline.trim_end_matches(' ').len();
        self.inline.truncate(length);
        if !self.inline.is_empty() {
            self.inline.push('\n');
        }
    }

    fn list(&mut self, ordered: bool, id: NodeId) {
        self.flush();
        let start = self.tree.element(id).and_then(|element| element.attribute("start"));
        let first = start.and_then(|start| start.trim().parse().ok()).unwrap_or(1);
        self.lists.push(ordered.then_some(first));
        self.children(id);
        self.flush();
        self.lists.pop();
        self.marker = None;
    }

    fn item(&mut self, id: NodeId) {
        self.flush();
        let indent = "  ".repeat(self.lists.len().saturating_sub(1));
        self.marker = Some(match self.lists.last_mut() {
            Some(Some(number)) => {
                let value = self.tree.element(id).and_then(|element| element.attribute("value"));
                *number = value.and_then(|value| value.trim().parse().ok()).unwrap_or(*number).saturating_add(1);
                format!("{indent}{}. ", *number - 1)
            }
            _ => format!("{indent}- "),
        });
        self.children(id);
        self.flush();
        self.marker = None;
    }

    /// A term stands on a line of its own, right above its definition.
    fn term(&mut self, id: NodeId) {
        self.flush();
        let follows_term = self.after_term;
        let chars = self.builder.chars();
        self.children(id);
        self.marker = None;
        self.flush_as(if follows_term { Joint::Line } else { Joint::Block });
        self.after_term = self.builder.chars() > chars;
    }

    fn definition(&mut self, id: NodeId) {
        self.flush();
        self.marker = Some(DEFINITION.to_owned());
        self.children(id);
        self.flush();
        self.marker = None;
        self.after_term = false;
    }

    /// The summary is the heading of the details.
    fn details(&mut self, id: NodeId) {
        self.flush();
        let tree = self.tree;
        let summary = tree.children(id).find(|child| tree.name(*child) == "summary");
        let text = summary.map(|summary| inline_text(tree, summary)).unwrap_or_default();
        let is_heading = summary.is_some_and(|summary| {
            text.len() <= MAX_SUMMARY
                && !tree
                    .subtree(summary)
                    .filter_map(|id| tree.element(id))
                    .any(|element| matches!(element_kind(element), ElementKind::Heading(_)))
        });
        if !is_heading {
            return self.block(id);
        }
        let level = self.builder.level().saturating_add(1).min(MAX_LEVEL);
        self.builder.heading(level, &text);
        for child in tree.children(id).filter(|child| Some(*child) != summary) {
            match tree.text(child) {
                Some(text) => collapse(&mut self.inline, text),
                None => self.element(child),
            }
        }
        self.flush();
        self.builder.leave(level);
    }

    fn code(&mut self, id: NodeId) {
        let text = inline_text(self.tree, id);
        if !text.trim().is_empty() {
            self.inline.push('`');
            self.inline.push_str(text.trim());
            self.inline.push('`');
        }
    }

    fn quote(&mut self, id: NodeId) {
        self.inline.push('"');
        self.children(id);
        self.inline.push('"');
    }

    fn preformatted(&mut self, id: NodeId) {
        self.flush();
        let code = preformatted_text(self.tree, id);
        let code = code.trim_matches('\n').trim_end();
        if !code.trim().is_empty() {
            self.builder.block(&format!("```\n{code}\n```"));
        }
    }

    fn table(&mut self, id: NodeId) {
        self.flush();
        let Some(table) = table::read(self.tree, id) else {
            return self.block(id);
        };
        let tree = self.tree;
        let caption = tree.children(id).find(|child| tree.name(*child) == "caption");
        let caption = caption.map(|caption| inline_text(tree, caption)).unwrap_or_default();
        self.rows(&caption, &table);
        // What stands between the rows is shown above the table.
        for stray in tree.children(id).filter(|child| tree.name(*child) == "form") {
            self.block(stray);
        }
    }

    fn rows(&mut self, caption: &str, table: &DataTable) {
        let size: usize = table.rows.iter().map(|row| text::tokens::count(row)).sum();
        let Some(head) = table.head.as_deref().filter(|_| size > TABLE_PART) else {
            self.builder.block(caption);
            self.part(table.head.as_deref(), &table.rows);
            return;
        };
        let mut rest = table.rows.as_slice();
        while !rest.is_empty() {
            let mut tokens = 0;
            let fitting = rest.iter().take_while(|row| {
                tokens += text::tokens::count(row);
                tokens <= TABLE_PART
            });
            let (part, after) = rest.split_at(fitting.count().max(1));
            self.builder.part();
            self.builder.block(if rest.len() == table.rows.len() { caption } else { "" });
            self.part(Some(head), part);
            rest = after;
        }
        self.builder.part();
    }

    fn part(&mut self, head: Option<&str>, rows: &[String]) {
        for (number, row) in head.into_iter().chain(rows.iter().map(String::as_str)).enumerate() {
            if number == 0 { self.builder.block(row) } else { self.builder.line(row) }
        }
    }

    /// A button that opens a part of the text is its heading.
    fn control(&mut self, id: NodeId) {
        let opens = |name| self.tree.element(id).is_some_and(|element| element.attribute(name).is_some());
        if self.scope == Scope::File || opens("aria-controls") || opens("aria-expanded") {
            collapse(&mut self.inline, " ");
            self.children(id);
            collapse(&mut self.inline, " ");
        }
    }

    /// Ends the current block.
    fn flush(&mut self) {
        if self.inline.trim().is_empty() {
            return self.inline.clear();
        }
        let joint = match self.marker.as_deref() {
            Some(DEFINITION) if self.after_term || self.builder.ends_with_definition() => Joint::Line,
            Some(marker) if marker != DEFINITION && self.builder.ends_with_item() => Joint::Line,
            _ => Joint::Block,
        };
        self.flush_as(joint);
    }

    fn flush_as(&mut self, joint: Joint) {
        let text = self.inline.trim();
        if !text.is_empty() {
            let marked = format!("{}{text}", self.marker.take().unwrap_or_default());
            match joint {
                Joint::Line => self.builder.line(&marked),
                Joint::Block => self.builder.block(&marked),
            }
            self.after_term = false;
        }
        self.inline.clear();
    }
}

/// How a block follows the one before it.
#[derive(Clone, Copy)]
enum Joint {
    Line,
    Block,
}
