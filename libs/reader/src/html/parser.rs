//! Parses a page into its tree, piece by piece, and stops where it costs more than a page may.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use html5ever::TokenizerResult;
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};

use super::attribute_count::AttributeCount;
use super::tree::{NodeId, Tree};
use super::tree_sink::{BoundedSink, Excess, MAX_DEPTH};
use crate::ParseError;

/// Pieces that are fed to the tokenizer (bytes); each ends before the next `<`.
const MAX_PIECE: usize = 16 << 10;

/// A page that is parsed for longer is given up. The other limits are exact, this one is for what they do not foresee; a
/// build without optimisation takes ten times as long.
const MAX_TIME: Duration = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 5 });

/// How many pieces are fed between two looks at the clock.
const PIECES_PER_CHECK: usize = 256;

/// Parses a page of at most `max_nodes` elements and texts.
pub(super) fn parse(html: &str, max_nodes: usize) -> Result<Tree, ParseError> {
    let started = Instant::now();
    let options = TreeBuilderOpts { scripting_enabled: false, drop_doctype: true, ..TreeBuilderOpts::default() };
    let builder = TreeBuilder::new(BoundedSink::new(html.len(), max_nodes), options);
    let gate = Gate { builder, tokens: Cell::new(0), raw_element: RefCell::new(None) };
    let tokenizer = Tokenizer::new(gate, TokenizerOpts::default());
    let input = BufferQueue::default();
    let whole = StrTendril::from(html);
    let mut tag: Option<AttributeCount> = None;
    let mut tokens_before = None;
    for (number, piece) in pieces(html).enumerate() {
        let gate = &tokenizer.sink;
        // Without a token the tokenizer is still where it was: in a tag, or in a comment.
        if tokens_before != Some(gate.tokens.get()) {
            tag = gate.starts_tag(piece.text).then(AttributeCount::default);
        }
        tokens_before = Some(gate.tokens.get());
        if let Some(tag) = &mut tag {
            tag.count(piece.text)?;
        }
        input.push_back(whole.subtendril(piece.start, piece.length));
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
        if let Some(excess) = gate.builder.sink.excess() {
            return Err(ParseError::TooLarge(excess.message()));
        }
        if number % PIECES_PER_CHECK == 0 && started.elapsed() > MAX_TIME {
            return Err(ParseError::Timeout);
        }
    }
    tokenizer.end();
    finish(tokenizer.sink.builder.sink)
}

fn finish(sink: BoundedSink) -> Result<Tree, ParseError> {
    if let Some(excess) = sink.excess() {
        return Err(ParseError::TooLarge(excess.message()));
    }
    let tree = Tree::new(sink.into_nodes());
    // Elements that were moved while the tree grew have taken their children to another depth.
    if depth(&tree) > usize::from(MAX_DEPTH) + 1 {
        return Err(ParseError::TooLarge(Excess::Depth.message()));
    }
    Ok(tree)
}

fn depth(tree: &Tree) -> usize {
    let mut depths = vec![0; tree.len()];
    let mut deepest = 0;
    for id in tree.subtree(tree.root()) {
        let depth = tree.parent(id).map_or(0, |parent: NodeId| depths[parent.index()] + 1);
        depths[id.index()] = depth;
        deepest = deepest.max(depth);
    }
    deepest
}

struct Piece<'h> {
    text: &'h str,
    start: u32,
    length: u32,
}

/// Splits `html` before each `<` and after [`MAX_PIECE`] bytes.
fn pieces(html: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &html[start..];
        let first = rest.chars().next()?;
        let mut length = rest[first.len_utf8()..].find('<').map_or(rest.len(), |at| first.len_utf8() + at);
        if length > MAX_PIECE {
            length = rest.floor_char_boundary(MAX_PIECE);
        }
        let piece =
            Piece { text: &rest[..length], start: u32::try_from(start).ok()?, length: u32::try_from(length).ok()? };
        start += length;
        Some(piece)
    })
}

/// Stands between tokenizer and tree builder: drops attributes nobody reads, and everything after an excess.
struct Gate {
    builder: TreeBuilder<NodeId, BoundedSink>,
    /// Tokens so far.
    tokens: Cell<u64>,
    /// The element whose content is raw text at the moment.
    raw_element: RefCell<Option<String>>,
}

impl Gate {
    /// Whether the tokenizer will take `piece` for the start of a tag.
    fn starts_tag(&self, piece: &str) -> bool {
        let bytes = piece.as_bytes();
        let name = match bytes {
            [b'<', b'/', ..] => 2,
            [b'<', ..] => 1,
            _ => return false,
        };
        match self.raw_element.borrow().as_deref() {
            Some(raw) => {
                name == 2 && bytes.get(2..2 + raw.len()).is_some_and(|found| found.eq_ignore_ascii_case(raw.as_bytes()))
            }
            None => bytes.get(name).is_some_and(u8::is_ascii_alphabetic),
        }
    }
}

impl TokenSink for Gate {
    type Handle = NodeId;

    fn process_token(&self, mut token: Token, line: u64) -> TokenSinkResult<NodeId> {
        // Faults are found within a tag too.
        if matches!(token, Token::ParseError(_)) {
            return TokenSinkResult::Continue;
        }
        self.tokens.set(self.tokens.get() + 1);
        if self.builder.sink.excess().is_some() {
            return TokenSinkResult::Continue;
        }
        let mut name = None;
        if let Token::TagToken(tag) = &mut token {
            keep_known_attributes(tag);
            match tag.kind {
                TagKind::StartTag => name = Some(tag.name.to_string()),
                TagKind::EndTag => *self.raw_element.borrow_mut() = None,
            }
        }
        let result = self.builder.process_token(token, line);
        if matches!(result, TokenSinkResult::RawData(_) | TokenSinkResult::Plaintext) {
            *self.raw_element.borrow_mut() = name;
        }
        result
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

fn keep_known_attributes(tag: &mut Tag) {
    tag.attrs.retain(|attribute| is_known_attribute(&attribute.name.local));
}

/// Attributes that the tree builder or a reader of the tree looks at.
fn is_known_attribute(name: &str) -> bool {
    matches!(
        name,
        "alt"
            | "aria-controls"
            | "aria-expanded"
            | "aria-hidden"
            | "aria-label"
            | "aria-level"
            | "aria-modal"
            | "bgcolor"
            | "charset"
            | "class"
            | "color"
            | "colspan"
            | "content"
            | "datetime"
            | "encoding"
            | "face"
            | "hidden"
            | "href"
            | "http-equiv"
            | "id"
            | "itemprop"
            | "lang"
            | "media"
            | "name"
            | "open"
            | "property"
            | "rel"
            | "role"
            | "rowspan"
            | "scope"
            | "shadowrootmode"
            | "size"
            | "start"
            | "style"
            | "text"
            | "type"
            | "value"
            | "xml:lang"
    )
}
