//! Text within a line: white space collapsed, powers and notes raised, readings of characters in brackets.

use html5ever::{local_name, ns};

use super::kind::{ElementKind, element_kind};
use super::tree::{NodeId, Tree};

/// Appends `text` with its white space collapsed.
pub(super) fn collapse(out: &mut String, text: &str) {
    for char in text.chars() {
        if !char.is_ascii_whitespace() {
            out.push(char);
        } else if !out.ends_with([' ', '\n']) && !out.is_empty() {
            out.push(' ');
        }
    }
}

/// The text of `id` on one line.
pub(super) fn inline_text(tree: &Tree, id: NodeId) -> String {
    let mut text = String::new();
    append_children(tree, id, &mut text);
    text.truncate(text.trim_end().len());
    text
}

/// The text of a heading: that of its pictures if it has none.
pub(super) fn heading_text(tree: &Tree, id: NodeId) -> String {
    let text = inline_text(tree, id);
    if !text.is_empty() {
        return text;
    }
    let pictures = tree.subtree(id).filter(|id| tree.name(*id) == "img");
    let names = pictures.filter_map(|id| tree.element(id)?.attribute("alt"));
    let mut text = String::new();
    for name in names {
        collapse(&mut text, name);
        collapse(&mut text, " ");
    }
    text
}

/// The text of `id` as it stands, with a line break where the page has one.
pub(super) fn preformatted_text(tree: &Tree, id: NodeId) -> String {
    let mut text = String::new();
    append_preformatted(tree, id, &mut text);
    text
}

fn append_preformatted(tree: &Tree, id: NodeId, out: &mut String) {
    for child in tree.children(id) {
        if let Some(text) = tree.text(child) {
            out.push_str(text);
            continue;
        }
        let kind = tree.element(child).map(element_kind);
        match kind {
            None | Some(ElementKind::Skip) => {}
            Some(ElementKind::Break) => out.push('\n'),
            Some(ElementKind::Inline | ElementKind::Code | ElementKind::Raised | ElementKind::Ruby) => {
                append_preformatted(tree, child, out);
            }
            Some(_) => {
                append_preformatted(tree, child, out);
                if !out.ends_with('\n') {
                    out.push('\n');
                }
            }
        }
    }
}

fn append_children(tree: &Tree, id: NodeId, out: &mut String) {
    for child in tree.children(id) {
        append(tree, child, out);
    }
}

/// Appends the text of `id` within a line.
pub(super) fn append(tree: &Tree, id: NodeId, out: &mut String) {
    if let Some(text) = tree.text(id) {
        return collapse(out, text);
    }
    match tree.element(id).map(element_kind) {
        None | Some(ElementKind::Skip) => {}
        Some(ElementKind::Formula) => out.push_str(formula_source(tree, id)),
        Some(ElementKind::Inline | ElementKind::Code | ElementKind::Quote) => append_children(tree, id, out),
        Some(ElementKind::Raised) => raised(tree, id, out),
        Some(ElementKind::Ruby) => ruby(tree, id, out),
        Some(ElementKind::Maths) => maths(tree, id, out),
        Some(ElementKind::Drawing) => drawing(tree, id, out),
        Some(_) => {
            collapse(out, " ");
            append_children(tree, id, out);
            collapse(out, " ");
        }
    }
}

/// A power becomes `10⁶`, so that it cannot be read as `106`; the mark of a note stands apart from the word before it.
fn raised(tree: &Tree, id: NodeId, out: &mut String) {
    let text = inline_text(tree, id);
    let is_note = tree.subtree(id).any(|id| tree.name(id) == "a");
    let superscript: Option<String> = text.chars().map(superscript).collect();
    match superscript {
        Some(superscript) if text.contains(|char: char| char.is_ascii_digit()) || text == "n" => {
            if is_note {
                collapse(out, " ");
            }
            out.push_str(&superscript);
        }
        _ => out.push_str(&text),
    }
}

fn superscript(char: char) -> Option<char> {
    Some(match char {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4'..='9' => char::from_u32(u32::from('⁴') + u32::from(char) - u32::from('4'))?,
        '+' => '⁺',
        '-' | '−' | '–' => '⁻',
        'n' => 'ⁿ',
        _ => return None,
    })
}

/// Characters with their reading: 漢字(かんじ).
fn ruby(tree: &Tree, id: NodeId, out: &mut String) {
    let mut base = String::new();
    let mut reading = String::new();
    for child in tree.children(id) {
        match tree.name(child) {
            "rt" | "rtc" => append_children(tree, child, &mut reading),
            "rp" => {}
            _ => append(tree, child, &mut base),
        }
    }
    out.push_str(base.trim());
    if !reading.trim().is_empty() {
        out.push('(');
        out.push_str(reading.trim());
        out.push(')');
    }
}

/// A formula on one line.
fn maths(tree: &Tree, id: NodeId, out: &mut String) {
    let mut operands = 0;
    let name = tree.element(id).map(|element| element.name.local.clone());
    for child in tree.children(id) {
        if let Some(text) = tree.text(child) {
            collapse(out, text.trim());
            continue;
        }
        let Some(element) = tree.element(child) else { continue };
        if element.name.ns == ns!(html) {
            append(tree, child, out);
            continue;
        }
        if matches!(&*element.name.local, "annotation" | "annotation-xml") {
            continue;
        }
        if operands > 0 {
            out.push_str(match name.as_deref() {
                Some("msup" | "mover") => "^",
                Some("msub" | "munder") => "_",
                Some("mfrac") => "/",
                Some("mtr" | "mtable" | "msubsup" | "munderover") => " ",
                _ => "",
            });
        }
        operands += 1;
        maths(tree, child, out);
    }
}

/// The source of a formula that is shown as a picture.
fn formula_source(tree: &Tree, id: NodeId) -> &str {
    tree.element(id).and_then(|element| element.attribute("alt")).unwrap_or_default()
}

/// The labels of a drawing.
fn drawing(tree: &Tree, id: NodeId, out: &mut String) {
    for child in tree.children(id) {
        let Some(element) = tree.element(child) else { continue };
        if element.name.ns == ns!(html) {
            collapse(out, " ");
            append(tree, child, out);
        } else if element.name.local == local_name!("text") {
            collapse(out, " ");
            label(tree, child, out);
            collapse(out, " ");
        } else if !matches!(
            &*element.name.local,
            "defs" | "title" | "desc" | "metadata" | "style" | "script" | "symbol"
        ) {
            drawing(tree, child, out);
        }
    }
}

fn label(tree: &Tree, id: NodeId, out: &mut String) {
    for child in tree.children(id) {
        match tree.text(child) {
            Some(text) => collapse(out, text),
            None => {
                label(tree, child, out);
                collapse(out, " ");
            }
        }
    }
}
