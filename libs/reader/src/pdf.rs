//! PDF files: text of each page, with sections from the outline.

mod annotations;
mod content;
mod fonts;
mod info;
mod layers;
mod layout;
mod legible;
mod outline;
mod reflow;

use std::collections::VecDeque;

use hayro_font::kurbo::Affine;
use hayro_syntax::object::dict::keys::CONTENTS;
use hayro_syntax::object::{Array, Dict, Stream};
use hayro_syntax::page::Page;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use self::content::{Interpreter, Shared};
use self::fonts::Fonts;
use self::layers::Layers;
use self::layout::{PageEdges, PageRows, PageText};
use self::legible::Legibility;
use self::outline::Heading;
use crate::ParseError;
use crate::document::{Document, DocumentBuilder, one_line};

/// Longer documents are refused.
const MAX_PAGES: usize = 10_000;
/// Objects inside each other.
const MAX_NESTING: usize = 500;
/// Running heads are told by the pages before and after a page, at most this many each.
const NEAR_PAGES: usize = 4;

/// Parses a PDF file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Document, ParseError> {
    check_end(bytes)?;
    check_nesting(bytes)?;
    let file = Pdf::new(bytes.to_vec()).map_err(load_error)?;
    let pages = file.pages();
    if pages.len() > MAX_PAGES {
        return Err(ParseError::TooLarge(format!("more than {MAX_PAGES} pages")));
    }
    let catalog = file.xref().get::<Dict<'_>>(file.xref().root_id()).unwrap_or_default();
    let mut headings = outline::headings(&catalog, pages);
    let shared = Shared { fonts: Fonts::new(), layers: Layers::new(&catalog) };
    let mut reader =
        Reader { shared: &shared, pages, near: VecDeque::new(), next: 0, legibility: Legibility::default() };
    let mut builder = DocumentBuilder::default();
    let mut page = reader.page(0)?;
    for index in 0..pages.len() {
        let mut next = reader.page(index + 1)?;
        page.body.take_rest_of_sentence(&mut next.body);
        builder.page(u32::try_from(index + 1).expect("at most MAX_PAGES"));
        append_page(&mut builder, &page, &headings.remove(&index).unwrap_or_default());
        if builder.is_full() {
            break;
        }
        page = next;
    }
    let mut document = builder.finish()?;
    reader.legibility.check(&document.text)?;
    document.pages_without_text = reader.legibility.blank_pages();
    let metadata = file.metadata();
    document.title = info::title(metadata);
    document.author = info::author(metadata);
    document.published_at = info::written_at(metadata);
    Ok(document)
}

/// Reads pages in order, some ahead of those that are asked for.
struct Reader<'r, 'a> {
    shared: &'r Shared<'a>,
    pages: &'a [Page<'a>],
    /// Pages that have been read: the rows of those that have not been asked for, the edges of all.
    near: VecDeque<(usize, PageEdges, Option<PageRows>)>,
    next: usize,
    legibility: Legibility,
}

impl Reader<'_, '_> {
    /// The text of a page (from 0); empty after the last one.
    fn page(&mut self, index: usize) -> Result<PageText, ParseError> {
        while self.next < self.pages.len() && self.next <= index + NEAR_PAGES {
            let rows = self.read(self.next)?;
            self.near.push_back((self.next, rows.edges(), Some(rows)));
            self.next += 1;
        }
        while self.near.front().is_some_and(|(number, ..)| number + NEAR_PAGES < index) {
            self.near.pop_front();
        }
        let others = self.near.iter().filter(|(number, ..)| *number != index).map(|(_, edges, _)| edges);
        let Some((_, edges, _)) = self.near.iter().find(|(number, ..)| *number == index) else {
            return Ok(PageText::default());
        };
        let heads = edges.heads(others);
        let asked = self.near.iter_mut().find(|(number, ..)| *number == index);
        let rows = asked.and_then(|(.., rows)| rows.take()).unwrap_or_default();
        Ok(rows.text(heads))
    }

    fn read(&mut self, index: usize) -> Result<PageRows, ParseError> {
        let page = &self.pages[index];
        // An incomplete document presented as complete is worse than an error.
        check_content(page).map_err(|why| ParseError::Damaged(format!("page {}: {why}", index + 1)))?;
        let upright = Affine::new(page.initial_transform(false).as_coeffs());
        let mut interpreter = Interpreter::new(self.shared, upright);
        interpreter.run(page.page_stream().unwrap_or_default(), page.resources())?;
        interpreter.annotations(page, upright)?;
        let content = interpreter.finish();
        self.legibility.add(&content);
        Ok(PageRows::new(&content.glyphs))
    }
}

/// Checks that the file has not been cut: what is added to a file ends with a mark. Junk behind it is no fault.
fn check_end(bytes: &[u8]) -> Result<(), ParseError> {
    let missing = || ParseError::Damaged("the end of the file is missing".to_owned());
    let end = rfind(bytes, b"%%EOF").or_else(|| rfind(bytes, b"startxref")).ok_or_else(missing)?;
    if rfind(&bytes[end..], b" obj").is_some() {
        return Err(missing());
    }
    Ok(())
}

/// Objects in objects are skipped again at each level, so that their number must be bounded. In other bytes of a file,
/// beginnings and ends are as frequent as each other.
fn check_nesting(bytes: &[u8]) -> Result<(), ParseError> {
    for [begin, end] in [[b"<<", b">>"], [b"[[", b"]]"]] {
        let mut open = 0;
        let mut rest = bytes;
        while let Some((pair, _)) = rest.split_first_chunk::<2>() {
            let found = pair == begin || pair == end;
            open = if pair == begin {
                open + 1
            } else if pair == end {
                0
            } else {
                open
            };
            if open > MAX_NESTING {
                return Err(ParseError::TooLarge(format!("more than {MAX_NESTING} objects inside each other")));
            }
            rest = &rest[if found { 2 } else { 1 }..];
        }
    }
    Ok(())
}

fn rfind(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).rposition(|window| window == word)
}

fn check_content(page: &Page<'_>) -> Result<(), &'static str> {
    let complete = match page.raw().get::<Array<'_>>(CONTENTS) {
        Some(parts) => parts.iter::<Stream<'_>>().all(|part| part.decoded_data().is_ok()),
        None => page.raw().get::<Stream<'_>>(CONTENTS).is_none() || page.page_stream().is_some(),
    };
    complete.then_some(()).ok_or("its content cannot be unpacked")
}

fn load_error(error: LoadPdfError) -> ParseError {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => ParseError::Encrypted,
        LoadPdfError::Decryption(DecryptionError::UnsupportedAlgorithm) => {
            ParseError::Refused("it is encrypted in a way that is not supported".to_owned())
        }
        LoadPdfError::Decryption(_) => ParseError::Damaged("its encryption is not valid".to_owned()),
        LoadPdfError::Invalid => ParseError::Damaged("it has no pages that can be found".to_owned()),
    }
}

/// Adds the text of a page, split at the headings of the outline.
fn append_page(builder: &mut DocumentBuilder, page: &PageText, outline: &[Heading]) {
    builder.block(&page.header);
    let mut rest = page.body.text.as_str();
    for (level, heading) in outline {
        if let Some(at) = find_heading(rest, heading) {
            builder.block(&rest[..at]);
            rest = &rest[at..];
        }
        builder.section(*level, heading);
    }
    builder.block(rest);
    builder.block(&page.footer);
}

/// Where the line with a heading begins; the page may show a number before it that the outline does not have.
fn find_heading(text: &str, heading: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let shown = one_line(line);
        if shown == *heading || shown.strip_suffix(heading).is_some_and(is_number) {
            return Some(start);
        }
        start += line.len();
    }
    text.find(heading)
}

/// Whether this is what stands before a heading: `1.2`, `Chapter 3`, `A.`.
fn is_number(text: &str) -> bool {
    let text = text.trim();
    text.chars().count() <= 12
        && text.split_whitespace().count() <= 2
        && text.ends_with(|char: char| {
            char.is_ascii_digit() || char == '.' || char == ':' || char == ')' || char.is_uppercase()
        })
}
