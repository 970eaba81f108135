//! DOCX files: headings, paragraphs, lists, tables, formulas, notes, comments, headers and footers.
//!
//! What was deleted, moved away or hidden is left out. Headers, footers and comments are marked as what they are.

mod formula;
mod inline;
mod styles;
mod table;

use std::collections::{HashMap, HashSet};

use self::inline::NoteKind;
use self::styles::Styles;
use crate::archive::{self, Parts};
use crate::document::{Document, DocumentBuilder, one_line};
use crate::xml::{self, Element};
use crate::{ParseError, declared, html};

/// Text boxes inside of text boxes.
const MAX_NESTING: u8 = 8;
/// Deepest level of a list that is indented.
const MAX_INDENT: u8 = 8;

/// Parses a DOCX file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Document, ParseError> {
    // A password-protected file is an OLE container, not a zip archive.
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(ParseError::Encrypted);
    }
    let mut parts = Parts::open(bytes, archive::is_xml)?;
    let main = parts.main()?;
    let body = parts.read(&main)?.ok_or_else(|| ParseError::Damaged(format!("{main} is missing")))?;
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let mut writer = Writer::new(&mut parts, &folder, &main)?;
    xml::for_each_in(&body, "w:body", &mut |element| {
        writer.block(&element, 0);
        Ok(())
    })?;
    let mut document = writer.builder.finish()?;
    if let Some(core) = parts.read("docProps/core.xml")? {
        let core = xml::parse(&core, "x:coreProperties")?;
        let property = |name: &str| core.child(name).map(Element::text);
        document.title = property("x:title").as_deref().and_then(declared::title);
        document.author = property("x:creator").as_deref().and_then(declared::author);
        let dates = ["x:modified", "x:created"];
        document.published_at = dates.into_iter().find_map(|name| html::date(&property(name)?));
    }
    Ok(document)
}

impl Parts<'_> {
    /// The name of the main part.
    fn main(&mut self) -> Result<String, ParseError> {
        let relations = self.relations("_rels/.rels", "")?;
        let main = relations.into_iter().find(|relation| relation.kind == "officeDocument");
        Ok(main.map_or_else(|| "word/document.xml".to_owned(), |relation| relation.target))
    }

    fn relations(&mut self, name: &str, folder: &str) -> Result<Vec<Relation>, ParseError> {
        let part = self.elements(name, "x:Relationships")?;
        let relation = |element: &Element| {
            let target = element.attribute("Target")?;
            let target = match target.strip_prefix('/') {
                Some(absolute) => absolute.to_owned(),
                None if folder.is_empty() => target.to_owned(),
                None => format!("{folder}/{target}"),
            };
            Some(Relation { kind: element.attribute("Type")?.rsplit('/').next()?.to_owned(), target })
        };
        Ok(part.elements().filter_map(relation).collect())
    }
}

/// A part that another one refers to.
struct Relation {
    kind: String,
    target: String,
}

/// Writes blocks of the body into the document.
struct Writer {
    builder: DocumentBuilder,
    styles: Styles,
    /// The text of notes and comments.
    notes: HashMap<(NoteKind, String), String>,
    /// Numbers of the last items by list, for each level.
    numbers: HashMap<String, Vec<u32>>,
}

impl Writer {
    fn new(parts: &mut Parts<'_>, folder: &str, main: &str) -> Result<Self, ParseError> {
        let file = main.rsplit('/').next().unwrap_or(main);
        let relations = parts.relations(&format!("{folder}/_rels/{file}.rels"), folder)?;
        let target = |kind: &str| {
            let relation = relations.iter().find(|relation| relation.kind == kind);
            relation.map(|relation| relation.target.clone()).unwrap_or_default()
        };
        let styles = Styles::new(
            &parts.elements(&target("styles"), "w:styles")?,
            &parts.elements(&target("numbering"), "w:numbering")?,
        );
        let mut notes = HashMap::new();
        for (kind, part, root) in [
            (NoteKind::Footnote, "footnotes", "w:footnotes"),
            (NoteKind::Endnote, "endnotes", "w:endnotes"),
            (NoteKind::Comment, "comments", "w:comments"),
        ] {
            for note in parts.elements(&target(part), root)?.elements() {
                // Separators are notes, too.
                let Some(id) = note.attribute("id").filter(|_| note.attribute("type").is_none()) else { continue };
                let text = one_line(&inline::lines(note, &styles).join(" "));
                notes.insert((kind, id.to_owned()), marked(kind, id, note.attribute("author"), &text));
            }
        }
        let mut builder = DocumentBuilder::default();
        let mut seen = HashSet::new();
        for (kind, root, mark) in [("header", "w:hdr", "Header"), ("footer", "w:ftr", "Footer")] {
            for relation in relations.iter().filter(|relation| relation.kind == kind) {
                let part = parts.elements(&relation.target, root)?;
                let text = one_line(&inline::lines(&part, &styles).join(" "));
                if !text.is_empty() && seen.insert((kind, text.clone())) {
                    builder.block(&format!("[{mark}] {text}"));
                }
            }
        }
        Ok(Self { builder, styles, notes, numbers: HashMap::new() })
    }

    /// Adds a block of the body, or what is inside of an element around blocks.
    fn block(&mut self, element: &Element, depth: u8) {
        match element.name.as_str() {
            "w:p" => self.paragraph(element, depth),
            "w:tbl" => self.table(element),
            "w:del" | "w:moveFrom" | "w:sectPr" | "w:sdtPr" => {}
            _ => element.elements().for_each(|inner| self.block(inner, depth)),
        }
    }

    fn paragraph(&mut self, element: &Element, depth: u8) {
        let inline = inline::read(element, &self.styles);
        let properties = element.child("w:pPr");
        if let Some(level) = self.styles.heading(properties) {
            self.builder.heading(level, &inline.text);
        } else if let Some((list, level)) = self.styles.list(properties).filter(|_| !inline.text.trim().is_empty()) {
            self.item(&list, level, inline.text.trim());
        } else {
            self.builder.block(&inline.text);
        }
        self.append_notes(inline.notes);
        if depth < MAX_NESTING {
            for text_box in inline.boxes {
                text_box.elements().for_each(|inner| self.block(inner, depth + 1));
            }
        }
    }

    fn item(&mut self, list: &str, level: u8, text: &str) {
        let indent = "  ".repeat(usize::from(level.min(MAX_INDENT)));
        let item = match self.styles.first_number(list, level) {
            Some(first) => {
                let numbers = self.numbers.entry(list.to_owned()).or_default();
                let known = numbers.len() > usize::from(level);
                numbers.resize(usize::from(level) + 1, 0);
                let last = numbers.last_mut().expect("it was just resized to one at least");
                *last = if known { last.saturating_add(1) } else { first };
                let number = *last;
                format!("{indent}{number}. {text}")
            }
            None => format!("{indent}- {text}"),
        };
        if self.builder.ends_with_item() {
            self.builder.line(&item);
        } else {
            self.builder.block(&item);
        }
    }

    fn table(&mut self, element: &Element) {
        let table = table::read(element, &self.styles);
        for (index, cells) in table.rows.iter().enumerate() {
            let line = cells.join(" | ");
            if index == 0 {
                self.builder.block(&line);
            } else {
                self.builder.line(&line);
            }
        }
        self.append_notes(table.notes);
    }

    /// Adds what the text above refers to.
    fn append_notes(&mut self, notes: Vec<(NoteKind, String)>) {
        for note in notes {
            if let Some(text) = self.notes.remove(&note) {
                self.builder.block(&text);
            }
        }
    }
}

/// A note with its number, a comment with its author.
fn marked(kind: NoteKind, id: &str, author: Option<&str>, text: &str) -> String {
    match (kind, author) {
        (NoteKind::Comment, Some(author)) => format!("[Comment by {author}] {text}"),
        (NoteKind::Comment, None) => format!("[Comment] {text}"),
        _ => format!("[{id}] {text}"),
    }
}
