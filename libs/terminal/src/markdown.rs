//! One block of Markdown as lines.

use std::{collections::HashSet, ops::Range};

use anstyle::{Effects, Style};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::{
    inline::{Inline, code_style, open_from},
    line::{Line, Span, width_of, wrap, wrapped},
    table::Table,
};

/// What is indented deeper is not indented any further: no answer needs it, and hostile text must not fill the screen with it.
const DEEPEST: usize = 8;
/// Text is given at least so much, however deep it is indented.
const NARROWEST: usize = 16;
const CODE_INDENT: &str = "    ";

fn parser(source: &str) -> Parser<'_> {
    Parser::new_ext(source, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH)
}

/// Where each block of `source` is (bytes); together they are all of it but blank lines at the start. A definition of a link
/// is a block, too.
pub(crate) fn blocks(source: &str) -> Vec<Range<usize>> {
    let mut starts = Vec::new();
    let mut depth = 0;
    let parser = parser(source);
    starts.extend(parser.reference_definitions().iter().map(|(_, definition)| definition.span.start));
    for (event, range) in parser.into_offset_iter() {
        if depth == 0 {
            starts.push(range.start);
        }
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    // From the start of its line: blanks before a block are part of what it is.
    let mut starts: Vec<usize> =
        starts.into_iter().map(|start| source[..start].rfind('\n').map_or(0, |at| at + 1)).collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([source.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// A rendered block.
pub(crate) struct Rendered {
    pub(crate) lines: Vec<Line>,
    /// How many of them stay as they are, whatever text is added to the block.
    pub(crate) settled: usize,
}

/// Renders one block for a terminal of `width` columns. The addresses in `known` are not shown beside their links.
pub(crate) fn render(source: &str, width: usize, known: &HashSet<String>) -> Rendered {
    let mut renderer = Renderer {
        width,
        known,
        lines: Vec::new(),
        settled: 0,
        containers: Vec::new(),
        lists: Vec::new(),
        inline: Inline::default(),
        needs_gap: false,
        code: None,
        table: None,
    };
    for event in parser(source) {
        renderer.event(event);
    }
    renderer.flush();
    let Renderer { mut lines, settled, .. } = renderer;
    if lines.is_empty() && !source.trim().is_empty() {
        // The definition of a link is printed as it was written: nothing of an answer is left out.
        lines = wrapped("", source.trim(), width);
    }
    // Words may be added to the last line.
    let settled = settled.min(lines.len().saturating_sub(1));
    Rendered { lines, settled }
}

/// A block with blocks in it.
struct Container {
    /// What its first line begins with, until that is printed.
    first: Option<String>,
    /// What its other lines begin with.
    rest: String,
}

struct Renderer<'a> {
    width: usize,
    known: &'a HashSet<String>,
    lines: Vec<Line>,
    settled: usize,
    containers: Vec<Container>,
    /// The number of the next item of each list.
    lists: Vec<Option<u64>>,
    inline: Inline,
    /// Whether an empty line comes before the next block.
    needs_gap: bool,
    code: Option<String>,
    table: Option<Table>,
}

impl Renderer<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.inline.push(&text),
            },
            Event::Code(code) => self.inline.push_code(&code),
            Event::InlineMath(tex) => self.inline.push_literal(&format!("${tex}$")),
            Event::DisplayMath(tex) => self.inline.push_literal(&format!("$${tex}$$")),
            Event::InlineHtml(tag) if tag.trim_end_matches(['>', '/', ' ']).eq_ignore_ascii_case("<br") => {
                self.inline.push("\n");
            }
            Event::Html(html) | Event::InlineHtml(html) => self.inline.push_literal(&html),
            Event::SoftBreak => self.inline.push(" "),
            Event::HardBreak => self.inline.push("\n"),
            Event::Rule => {
                self.begin_block();
                let rule = "─".repeat(self.available());
                self.emit(&[Span::new(Effects::DIMMED.into(), &rule)]);
                self.needs_gap = true;
            }
            Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.begin_block();
                let is_top = level == HeadingLevel::H1;
                self.inline.begin(if is_top { Effects::BOLD | Effects::UNDERLINE } else { Effects::BOLD });
            }
            Tag::BlockQuote(_) => {
                self.begin_block();
                self.begin_container(None, "│ ");
            }
            Tag::CodeBlock(_) => {
                self.begin_block();
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.flush();
                if self.lists.is_empty() {
                    self.begin_block();
                }
                self.lists.push(first);
            }
            Tag::Item => self.begin_item(),
            Tag::Table(alignments) => {
                self.begin_block();
                self.table = Some(Table::new(alignments));
            }
            Tag::Emphasis => self.inline.begin(Effects::ITALIC),
            Tag::Strong => self.inline.begin(Effects::BOLD),
            Tag::Strikethrough => self.inline.begin(Effects::STRIKETHROUGH),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.inline.begin_link(&dest_url),
            Tag::TableHead | Tag::TableRow | Tag::TableCell => {}
            _ => self.begin_block(),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.inline.end();
                self.end_block();
            }
            TagEnd::BlockQuote(_) => {
                self.end_block();
                self.containers.pop();
            }
            TagEnd::Item => {
                self.flush();
                if self.containers.last().is_some_and(|item| item.first.is_some()) {
                    self.emit(&[]);
                }
                self.containers.pop();
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::List(_) => {
                self.lists.pop();
                self.end_block();
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => self.inline.end(),
            TagEnd::Link | TagEnd::Image => self.inline.end_link(self.known),
            TagEnd::TableCell => {
                let cell = self.inline.take();
                if let Some(table) = &mut self.table {
                    table.push_cell(&cell);
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                if let Some(table) = &mut self.table {
                    table.end_row();
                }
            }
            TagEnd::Table => self.end_table(),
            _ => self.end_block(),
        }
    }

    fn begin_block(&mut self) {
        self.flush();
        if self.needs_gap {
            self.emit(&[]);
        }
        self.needs_gap = false;
    }

    fn end_block(&mut self) {
        self.flush();
        self.needs_gap = true;
    }

    fn begin_container(&mut self, first: Option<String>, rest: &str) {
        let is_shown = self.containers.len() < DEEPEST;
        let rest = if is_shown { rest.to_owned() } else { String::new() };
        self.containers.push(Container { first, rest });
        self.needs_gap = false;
    }

    /// Items stand close together, whether or not lines are between them in the source: that is known only at their end.
    fn begin_item(&mut self) {
        self.flush();
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number += 1;
                mark
            }
            _ => "• ".to_owned(),
        };
        let rest = " ".repeat(width_of(&mark));
        self.begin_container(Some(mark), &rest);
    }

    /// Code is not wrapped: it is copied from here.
    fn end_code(&mut self) {
        let code = self.code.take().unwrap_or_default();
        for line in code.lines() {
            self.emit(&[Span::literal(code_style(), &format!("{CODE_INDENT}{line}"))]);
        }
        self.settled = self.lines.len();
        self.needs_gap = true;
    }

    /// The width of its columns is known only at its end.
    fn end_table(&mut self) {
        let Some(table) = self.table.take() else { return };
        self.settled = self.lines.len();
        for line in table.lines(self.available()) {
            self.emit(&[Span::plain(&line)]);
        }
        self.needs_gap = true;
    }

    /// Lays out the text that has come together.
    fn flush(&mut self) {
        if self.inline.is_empty() {
            return;
        }
        let spans = self.inline.take();
        let open = open_from(&spans).unwrap_or(usize::MAX);
        let before = self.lines.len();
        for line in wrap(&spans, self.available()) {
            self.emit(&line.spans);
            // Another word may still find room on the line before this one.
            if line.end <= open {
                self.settled = self.lines.len() - 1;
            }
        }
        self.settled = self.settled.max(before);
    }

    fn available(&self) -> usize {
        let indent: usize = self.containers.iter().map(|container| width_of(&container.rest)).sum();
        self.width.saturating_sub(indent).max(NARROWEST)
    }

    fn emit(&mut self, spans: &[Span]) {
        let mut line = Vec::new();
        for container in &mut self.containers {
            let prefix = container.first.take().unwrap_or_else(|| container.rest.clone());
            let style = if prefix.starts_with('│') { Effects::DIMMED.into() } else { Style::new() };
            line.push(Span::new(style, &prefix));
        }
        line.extend_from_slice(spans);
        self.lines.push(Line::new(&line));
    }
}
