//! Leaves out what cannot be seen on a page, so that hidden instructions reach no model.

use super::colour::{BLACK, Colour, WHITE};
use super::style::{self, Property, Style};
use super::style_sheet::StyleSheet;
use super::tree::{Element, NodeId, Tree};
use super::visible_words;
use crate::ParseError;

/// A page of which less than one in so many words is seen is shown by its scripts.
const MOSTLY_HIDDEN: u32 = 10;

/// Leaves out hidden elements and text.
pub(super) fn drop_hidden(tree: &mut Tree) -> Result<(), ParseError> {
    let sheet = StyleSheet::of(tree);
    let hidden = find(tree, &sheet)?;
    let hides_page = !sheet.is_empty() && is_shown_by_scripts(tree, &hidden);
    let hidden = if hides_page { find(tree, &StyleSheet::default())? } else { hidden };
    for id in hidden {
        tree.drop_subtree(id);
    }
    Ok(())
}

/// Whether the style sheet of a page hides almost all of it, or all: then its scripts show it to its readers.
fn is_shown_by_scripts(tree: &mut Tree, hidden: &[NodeId]) -> bool {
    let all = visible_words(tree);
    hidden.iter().for_each(|id| tree.drop_subtree(*id));
    let seen = visible_words(tree);
    hidden.iter().for_each(|id| tree.restore_subtree(*id));
    seen == 0 || (seen < all / MOSTLY_HIDDEN && tree.find("script").is_some())
}

/// What text inherits from the elements around it.
#[derive(Clone, Copy)]
struct Surroundings {
    colour: Colour,
    background: Colour,
    is_tiny: bool,
    is_invisible: bool,
}

impl Surroundings {
    fn hide_text(&self) -> bool {
        self.is_tiny || self.is_invisible || self.colour.vanishes_on(self.background)
    }
}

/// The topmost hidden nodes.
fn find(tree: &Tree, sheet: &StyleSheet) -> Result<Vec<NodeId>, ParseError> {
    let mut hidden = Vec::new();
    let mut comparisons = 0;
    // The background is unknown where style sheets of other files may have set it.
    let background = if has_linked_sheet(tree) { Colour::Unknown } else { WHITE };
    let holds_page = page_holders(tree);
    let page = Surroundings { colour: BLACK, background, is_tiny: false, is_invisible: false };
    let mut pending = vec![(tree.root(), page)];
    while let Some((id, around)) = pending.pop() {
        if tree.text(id).is_some() {
            if around.hide_text() {
                hidden.push(id);
            }
            continue;
        }
        let mut inside = around;
        if let Some(element) = tree.element(id) {
            let is_page = matches!(element.html_name(), "html" | "body");
            let mut style = Style::default();
            sheet.apply(tree, id, &mut style, &mut comparisons)?;
            for declaration in style::declarations(element.attribute("style").unwrap_or_default()) {
                style.declare(declaration, true, 0, 0);
            }
            // Some pages hide their body until their scripts have run.
            if !is_page && (is_hidden(element, holds_page[id.index()]) || style.hides_subtree()) {
                hidden.push(id);
                continue;
            }
            inside = surroundings(element, &style, around, is_page);
        }
        pending.extend(tree.children(id).map(|child| (child, inside)));
    }
    Ok(hidden)
}

fn surroundings(element: &Element, style: &Style, around: Surroundings, is_page: bool) -> Surroundings {
    let attribute = |name| element.attribute(name).map(|value| super::colour::parse(&value.to_ascii_lowercase()));
    let mut inside = around;
    let background = style.colour(Property::Background).or_else(|| attribute("bgcolor"));
    if let Some(background) = background.filter(|background| *background != Colour::Transparent) {
        inside.background = background;
    }
    let colour = style.colour(Property::Colour).or_else(|| attribute(if is_page { "text" } else { "color" }));
    if let Some(colour) = colour {
        // Text in the colours of its background is drawn transparent on it.
        let is_cut_out = colour == Colour::Transparent && style.hides(Property::BackgroundClip).is_some();
        inside.colour = if is_cut_out { Colour::Unknown } else { colour };
    }
    if !is_page {
        inside.is_tiny = style.hides(Property::FontSize).unwrap_or(around.is_tiny);
        inside.is_invisible = style.hides(Property::Visibility).unwrap_or(around.is_invisible);
    }
    inside
}

fn has_linked_sheet(tree: &Tree) -> bool {
    tree.subtree(tree.root()).filter_map(|id| tree.element(id)).any(|element| {
        element.html_name() == "link"
            && element.attribute("rel").is_some_and(|rel| rel.to_ascii_lowercase().contains("stylesheet"))
    })
}

fn is_hidden(element: &Element, holds_page: bool) -> bool {
    let is_template = element.html_name() == "template" && element.attribute("shadowrootmode").is_none();
    let is_closed = element.html_name() == "dialog" && element.attribute("open").is_none();
    if is_template || is_closed || element.html_name() == "noscript" {
        return true;
    }
    let has =
        |name: &str, unless: &str| element.attribute(name).is_some_and(|value| !value.eq_ignore_ascii_case(unless));
    let is_decoration = element.attribute("aria-hidden").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    has("hidden", "until-found")
        // While a dialog is open, the whole page behind it is marked so.
        || (is_decoration && !holds_page)
        || element.attribute("class").is_some_and(|class| class.split_ascii_whitespace().any(is_unseen_class))
}

/// Which nodes hold what only a whole page has.
fn page_holders(tree: &Tree) -> Vec<bool> {
    let mut holders = vec![false; tree.len()];
    for id in tree.subtree(tree.root()).filter(|id| matches!(tree.name(*id), "h1" | "main" | "article")) {
        for ancestor in tree.ancestors(id) {
            if std::mem::replace(&mut holders[ancestor.index()], true) {
                break;
            }
        }
    }
    holders
}

/// Classes that common style sheets hide, or that mark controls instead of text.
fn is_unseen_class(class: &str) -> bool {
    matches!(class, "sr-only" | "visually-hidden" | "screen-reader-text" | "mw-editsection" | "headerlink")
}
