//! The text of a paragraph: what a reader sees when all changes are accepted.

use super::formula;
use super::styles::{Styles, style_of};
use crate::xml::{Element, Node};

/// Text, and what is to follow it in blocks of its own.
#[derive(Default)]
pub(super) struct Inline<'e> {
    pub(super) text: String,
    /// Notes and comments that the text refers to: their kind and number.
    pub(super) notes: Vec<(NoteKind, String)>,
    /// Text boxes that are anchored here.
    pub(super) boxes: Vec<&'e Element>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum NoteKind {
    Footnote,
    Endnote,
    Comment,
}

/// Reads the content of a paragraph.
pub(super) fn read<'e>(paragraph: &'e Element, styles: &Styles) -> Inline<'e> {
    let style = style_of(paragraph.child("w:pPr"), "w:pStyle");
    let mut inline = Inline::default();
    append(&mut inline, paragraph, styles, style);
    inline
}

fn append<'e>(inline: &mut Inline<'e>, parent: &'e Element, styles: &Styles, style: Option<&str>) {
    for element in parent.elements() {
        match element.name.as_str() {
            // What was deleted or moved away, and what is no text.
            "w:del" | "w:moveFrom" | "w:pPr" | "w:rPr" | "w:sdtPr" | "w:instrText" | "w:delText" | "w:rt" => {}
            "w:r" if styles.is_hidden(element.child("w:rPr"), style) => {}
            "w:t" => inline.text.push_str(&element.text()),
            "w:tab" | "w:ptab" => inline.text.push('\t'),
            "w:br" if matches!(element.attribute("type"), Some("page" | "column")) => {}
            "w:br" | "w:cr" => inline.text.push('\n'),
            "w:noBreakHyphen" => inline.text.push('-'),
            "w:sym" => inline.text.extend(symbol(element)),
            "w:footnoteReference" => refer(inline, NoteKind::Footnote, element),
            "w:endnoteReference" => refer(inline, NoteKind::Endnote, element),
            "w:commentReference" => refer(inline, NoteKind::Comment, element),
            "m:oMath" => append_formula(inline, element),
            "w:txbxContent" => inline.boxes.push(element),
            // The same content for programs of different age.
            "x:AlternateContent" => {
                let choice = element.elements().find(|choice| choice.name == "x:Choice");
                if let Some(choice) = choice.or_else(|| element.elements().next()) {
                    append(inline, choice, styles, style);
                }
            }
            _ => append(inline, element, styles, style),
        }
    }
}

fn refer(inline: &mut Inline<'_>, kind: NoteKind, element: &Element) {
    let Some(id) = element.attribute("id") else { return };
    if kind != NoteKind::Comment {
        inline.text.push_str(&format!("[{id}]"));
    }
    inline.notes.push((kind, id.to_owned()));
}

/// A formula with a space where it touches a word.
fn append_formula(inline: &mut Inline<'_>, element: &Element) {
    let formula = formula::linear(element);
    if inline.text.ends_with(char::is_alphanumeric) && formula.starts_with(char::is_alphanumeric) {
        inline.text.push(' ');
    }
    inline.text.push_str(&formula);
}

/// A character of a symbol font.
fn symbol(element: &Element) -> Option<char> {
    let code = u32::from_str_radix(element.attribute("char")?, 16).ok()?;
    match code {
        0xF0B7 | 0xF0A7 | 0xF0D8 => Some('•'),
        0xF0FC | 0xF0FE => Some('✓'),
        // Such fonts have their letters here.
        0xF020..=0xF07E => char::from_u32(code - 0xF000),
        code => char::from_u32(code).filter(|char| !('\u{E000}'..='\u{F8FF}').contains(char)),
    }
}

/// The paragraphs directly inside of a note, a header or a comment, in one line each.
pub(super) fn lines(part: &Element, styles: &Styles) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<&Element> = vec![part];
    while let Some(element) = open.pop() {
        if element.name == "w:p" {
            let inline = read(element, styles);
            found.push(inline.text);
            open.extend(inline.boxes.iter().rev());
            continue;
        }
        let children = element.children.iter().rev().filter_map(|child| match child {
            Node::Element(child) if !child.name.ends_with("Pr") => Some(child),
            _ => None,
        });
        open.extend(children);
    }
    found.retain(|line| !line.trim().is_empty());
    found
}
