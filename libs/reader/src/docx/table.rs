//! Tables: each row with the values of merged cells repeated, so that it can be understood alone.

use super::inline::{self, NoteKind};
use super::styles::Styles;
use crate::document::one_line;
use crate::xml::Element;

/// Columns that a merged cell covers.
const MAX_SPAN: usize = 64;
/// Tables inside of tables.
const MAX_NESTING: u8 = 8;

/// Rows of a table as lists of cells, and the notes that they refer to.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Vec<String>>,
    pub(super) notes: Vec<(NoteKind, String)>,
}

pub(super) fn read(table: &Element, styles: &Styles) -> Rows {
    let mut rows = Rows::default();
    read_into(&mut rows, table, styles, 0);
    rows
}

fn read_into(out: &mut Rows, table: &Element, styles: &Styles, depth: u8) {
    for row in content(table, "w:tr") {
        if row.child("w:trPr").is_some_and(|properties| properties.child("w:del").is_some()) {
            continue;
        }
        let above = out.rows.last();
        let mut cells: Vec<String> = Vec::new();
        for cell in content(row, "w:tc") {
            let properties = cell.child("w:tcPr");
            let property = |name: &str| properties.and_then(|properties| properties.child(name));
            let span = property("w:gridSpan").and_then(Element::value).and_then(|span| span.parse().ok()).unwrap_or(1);
            let continues = property("w:vMerge").is_some_and(|merge| merge.value() != Some("restart"));
            let text = match above.and_then(|above| above.get(cells.len())) {
                Some(above) if continues => above.clone(),
                _ => cell_text(cell, styles, &mut out.notes, depth),
            };
            cells.extend(std::iter::repeat_n(text, span.clamp(1, MAX_SPAN)));
        }
        if cells.iter().any(|cell| !cell.is_empty()) {
            out.rows.push(cells);
        }
    }
}

/// Elements of one name, also those in content controls and changes.
fn content<'e>(parent: &'e Element, name: &str) -> Vec<&'e Element> {
    let mut found = Vec::new();
    let mut open: Vec<&Element> = parent.elements().rev().collect();
    while let Some(element) = open.pop() {
        if element.name == name {
            found.push(element);
        } else if matches!(element.name.as_str(), "w:sdt" | "w:sdtContent" | "w:ins" | "w:moveTo" | "w:customXml") {
            open.extend(element.elements().rev());
        }
    }
    found
}

/// The paragraphs of a cell on one line, and those of tables inside of it as `a, b; c, d`.
fn cell_text(cell: &Element, styles: &Styles, notes: &mut Vec<(NoteKind, String)>, depth: u8) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut open: Vec<&Element> = cell.elements().rev().collect();
    while let Some(element) = open.pop() {
        match element.name.as_str() {
            "w:p" => {
                let inline = inline::read(element, styles);
                parts.push(one_line(&inline.text));
                notes.extend(inline.notes);
                open.extend(inline.boxes.iter().rev());
            }
            "w:tbl" if depth < MAX_NESTING => {
                let mut inner = Rows::default();
                read_into(&mut inner, element, styles, depth + 1);
                let rows: Vec<String> = inner.rows.iter().map(|cells| cells.join(", ")).collect();
                parts.push(rows.join("; "));
                notes.extend(inner.notes);
            }
            "w:tbl" | "w:tcPr" | "w:del" | "w:moveFrom" => {}
            _ => open.extend(element.elements().rev()),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}
