//! Styles and numberings: which paragraphs are headings, items of lists, or hidden.

use std::collections::HashMap;

use crate::xml::Element;

/// Styles that a style is based on.
const MAX_BASES: usize = 12;

/// What a style says about its paragraphs.
#[derive(Default)]
struct Style {
    base: Option<String>,
    heading: Option<u8>,
    hidden: Option<bool>,
    list: Option<(String, u8)>,
}

/// Styles and numberings of a document.
#[derive(Default)]
pub(super) struct Styles {
    styles: HashMap<String, Style>,
    /// Whether levels are numbered (with the first number) or bulleted, by numbering.
    lists: HashMap<String, Vec<Option<u32>>>,
}

impl Styles {
    /// `styles` and `numbering` are the elements of those parts.
    pub(super) fn new(styles: &Element, numbering: &Element) -> Self {
        let styles = styles.elements().filter(|style| style.name == "w:style");
        let styles = styles.filter_map(|style| Some((style.attribute("styleId")?.to_owned(), self::style(style))));
        Self { styles: styles.collect(), lists: lists(numbering) }
    }

    /// The level of the heading that a paragraph with these properties is.
    pub(super) fn heading(&self, properties: Option<&Element>) -> Option<u8> {
        let own = properties.and_then(outline_level);
        own.or_else(|| self.of_style(style_of(properties, "w:pStyle")?, |style| style.heading))
            .filter(|level| *level > 0)
    }

    /// The numbering and level of the list that a paragraph with these properties is in.
    pub(super) fn list(&self, properties: Option<&Element>) -> Option<(String, u8)> {
        let own = properties.and_then(list_of);
        let list = own.or_else(|| self.of_style(style_of(properties, "w:pStyle")?, |style| style.list.clone()))?;
        (list.0 != "0").then_some(list)
    }

    /// The first number of a level of a list; `None` if it has bullets.
    pub(super) fn first_number(&self, list: &str, level: u8) -> Option<u32> {
        self.lists.get(list)?.get(usize::from(level)).copied().flatten()
    }

    /// Whether text with these run properties, in a paragraph of this style, is hidden.
    pub(super) fn is_hidden(&self, run: Option<&Element>, paragraph: Option<&str>) -> bool {
        if let Some(run) = run.filter(|run| run.child("w:vanish").is_some()) {
            return run.is_on("w:vanish");
        }
        let of_run = style_of(run, "w:rStyle").and_then(|style| self.of_style(style, |style| style.hidden));
        of_run.or_else(|| self.of_style(paragraph?, |style| style.hidden)).unwrap_or(false)
    }

    fn of_style<T>(&self, id: &str, get: impl Fn(&Style) -> Option<T>) -> Option<T> {
        let mut style = self.styles.get(id);
        for _ in 0..MAX_BASES {
            let found = style?;
            if let Some(value) = get(found) {
                return Some(value);
            }
            style = self.styles.get(found.base.as_deref()?);
        }
        None
    }
}

/// The style that properties name.
pub(super) fn style_of<'e>(properties: Option<&'e Element>, key: &str) -> Option<&'e str> {
    properties?.child(key)?.value()
}

fn style(element: &Element) -> Style {
    let name = element.child("w:name").and_then(Element::value).unwrap_or_default().to_ascii_lowercase();
    let named = name.strip_prefix("heading").and_then(|level| level.trim().parse().ok());
    let named = named.filter(|level| (1..=9).contains(level)).or_else(|| (name == "title").then_some(1));
    let paragraph = element.child("w:pPr");
    Style {
        base: element.child("w:basedOn").and_then(Element::value).map(str::to_owned),
        heading: paragraph.and_then(outline_level).or(named),
        hidden: element.child("w:rPr").filter(|run| run.child("w:vanish").is_some()).map(|run| run.is_on("w:vanish")),
        list: paragraph.and_then(list_of),
    }
}

/// The outline level, from 1; 0 is body text.
fn outline_level(properties: &Element) -> Option<u8> {
    let level: u8 = properties.child("w:outlineLvl")?.value()?.parse().ok()?;
    Some(if level < 9 { level + 1 } else { 0 })
}

fn list_of(properties: &Element) -> Option<(String, u8)> {
    let numbering = properties.child("w:numPr")?;
    let level = numbering.child("w:ilvl").and_then(Element::value).and_then(|level| level.parse().ok()).unwrap_or(0);
    Some((numbering.child("w:numId")?.value()?.to_owned(), level))
}

fn lists(numbering: &Element) -> HashMap<String, Vec<Option<u32>>> {
    let levels = |list: &Element| {
        let levels = list.elements().filter(|level| level.name == "w:lvl");
        let first = |level: &Element| {
            let format = level.child("w:numFmt").and_then(Element::value).unwrap_or("decimal");
            let start = level.child("w:start").and_then(Element::value).and_then(|start| start.parse().ok());
            (!matches!(format, "bullet" | "none")).then_some(start.unwrap_or(1))
        };
        levels.map(first).collect::<Vec<_>>()
    };
    let named = |name: &'static str| numbering.elements().filter(move |element| element.name == name);
    let abstracts: HashMap<&str, Vec<Option<u32>>> =
        named("w:abstractNum").filter_map(|list| Some((list.attribute("abstractNumId")?, levels(list)))).collect();
    named("w:num")
        .filter_map(|list| {
            let levels = abstracts.get(list.child("w:abstractNumId")?.value()?)?;
            Some((list.attribute("numId")?.to_owned(), levels.clone()))
        })
        .collect()
}
