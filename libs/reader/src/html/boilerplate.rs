//! Leaves out what is around the text of a web page: navigation, consent boxes, lists of links, buttons to share.
//!
//! An element goes only when something speaks against it: what it is, what it is called, or what it says. Text that
//! nothing speaks against stays, wherever it stands.

use super::consent;
use super::tree::{Element, NodeId, Tree};

/// A list of links has at least so many.
const MIN_LINKS: u32 = 3;

/// A block that is called like boilerplate stays if it has more words than this and they are no links.
const MAX_LABELLED_WORDS: u32 = 60;

/// A header or footer with more words of its own than this stays.
const MAX_EDGE_WORDS: u32 = 12;

/// If less than this share (percent) of the words would be left, lists of links are what the page is about.
const MIN_KEPT: u32 = 30;

/// What an element contains.
#[derive(Clone, Copy, Default)]
struct Content {
    words: u32,
    link_words: u32,
    links: u32,
    holds_page: bool,
    holds_heading: bool,
}

impl Content {
    fn is_mostly_links(&self) -> bool {
        self.words > 0 && self.link_words * 10 >= self.words * 7
    }

    fn own_words(&self) -> u32 {
        self.words - self.link_words
    }
}

/// Why an element goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    Certain,
    /// It is a list of links, which a page of links is made of.
    Links,
}

/// Leaves out the navigation of a file or page, marked as such.
pub(super) fn drop_navigation(tree: &mut Tree) {
    let found: Vec<NodeId> = tree
        .subtree(tree.root())
        .filter(|id| tree.element(*id).is_some_and(is_navigation))
        .filter(|id| !tree.subtree(*id).any(|id| matches!(tree.name(id), "main" | "article")))
        .collect();
    for id in found {
        tree.drop_subtree(id);
    }
}

pub(super) fn is_navigation(element: &Element) -> bool {
    element.html_name() == "nav" || matches!(element.role(), "navigation" | "menu" | "menubar")
}

/// Leaves out the boilerplate of a web page.
pub(super) fn drop_boilerplate(tree: &mut Tree) {
    let Some(body) = tree.find("body") else { return };
    let contents = contents(tree, body);
    let mut found = Vec::new();
    let mut pending = vec![(body, Place::default())];
    while let Some((id, place)) = pending.pop() {
        let content = contents[id.index()];
        let Some(element) = tree.element(id) else { continue };
        if id != body
            && let Some(reason) = reason(tree, id, element, content, place)
        {
            found.push((id, reason));
            continue;
        }
        let place = place.inside(element);
        pending.extend(tree.children(id).map(|child| (child, place)));
    }
    let words = |reason: Reason| -> u32 {
        found.iter().filter(|(_, why)| *why == reason).map(|(id, _)| contents[id.index()].words).sum()
    };
    let rest = contents[body.index()].words - words(Reason::Certain);
    let left = rest - words(Reason::Links);
    let is_about_links = left * 100 < rest * MIN_KEPT;
    for (id, reason) in found {
        if reason == Reason::Certain || !is_about_links {
            tree.drop_subtree(id);
        }
    }
}

/// Where an element stands.
#[derive(Clone, Copy, Default)]
struct Place {
    in_main: bool,
    /// In a header, footer or aside of the page.
    in_edge: bool,
}

impl Place {
    fn inside(mut self, element: &Element) -> Self {
        self.in_main |= is_main(element);
        self.in_edge |= !self.in_main && matches!(element.html_name(), "header" | "footer" | "aside");
        self
    }
}

fn is_main(element: &Element) -> bool {
    matches!(element.html_name(), "main" | "article") || element.role() == "main"
}

fn reason(tree: &Tree, id: NodeId, element: &Element, content: Content, place: Place) -> Option<Reason> {
    let name = element.html_name();
    if content.holds_page || is_main(element) {
        return None;
    }
    if matches!(element.role(), "search" | "tablist" | "toolbar") && content.words <= MAX_LABELLED_WORDS {
        return Some(Reason::Certain);
    }
    if is_block(name) && consent::is_box(tree, id, element) {
        return Some(Reason::Certain);
    }
    let is_edge = matches!(name, "header" | "footer") && !place.in_main;
    if is_edge && (content.is_mostly_links() || content.own_words() <= MAX_EDGE_WORDS) && !content.holds_heading {
        return Some(Reason::Certain);
    }
    let is_labelled = is_block(name) && element.labels().any(is_boilerplate_label);
    if is_labelled && (content.is_mostly_links() || content.words <= MAX_LABELLED_WORDS) {
        return Some(Reason::Certain);
    }
    let is_list = matches!(name, "ul" | "ol" | "menu") || (is_block(name) && place.in_edge);
    let is_menu = is_list && content.links >= MIN_LINKS && content.is_mostly_links();
    // A list of links in the text of a page belongs to it; sentences are no links of a menu.
    let is_short = content.link_words <= content.links * 8;
    (is_menu && is_short && !place.in_main).then_some(Reason::Links)
}

fn is_block(name: &str) -> bool {
    matches!(name, "div" | "section" | "aside" | "ul" | "ol" | "form" | "dialog" | "p" | "table" | "menu" | "footer")
}

/// Names that authors of pages give to what is around the text.
fn is_boilerplate_label(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    label.split(['-', '_']).any(|word| {
        matches!(
            word,
            "ad" | "ads"
                | "advert"
                | "advertisement"
                | "breadcrumb"
                | "breadcrumbs"
                | "menu"
                | "navbar"
                | "navigation"
                | "newsletter"
                | "noprint"
                | "pager"
                | "pagination"
                | "promo"
                | "promoted"
                | "recommended"
                | "related"
                | "share"
                | "sharing"
                | "skip"
                | "social"
                | "sponsored"
                | "subscribe"
                | "trending"
        )
    })
}

/// What each node below `body` contains.
fn contents(tree: &Tree, body: NodeId) -> Vec<Content> {
    let mut contents = vec![Content::default(); tree.len()];
    let order: Vec<NodeId> = tree.subtree(body).collect();
    let mut in_link = vec![false; tree.len()];
    for id in &order {
        let is_link = tree.element(*id).is_some_and(|element| {
            element.html_name() == "a" && element.attribute("href").is_some() || element.html_name() == "button"
        });
        in_link[id.index()] = is_link || tree.parent(*id).is_some_and(|parent| in_link[parent.index()]);
        contents[id.index()].links = u32::from(is_link);
    }
    // Children come after their parents in the order of the document.
    for id in order.into_iter().rev() {
        let mut content = contents[id.index()];
        if let Some(text) = tree.text(id) {
            let is_read = tree.parent(id).is_none_or(|parent| !matches!(tree.name(parent), "script" | "style"));
            content.words = if is_read { crate::coverage::words(text) } else { 0 };
            content.link_words = if in_link[id.index()] { content.words } else { 0 };
        }
        content.holds_page |= matches!(tree.name(id), "h1" | "main" | "article");
        content.holds_heading |= matches!(tree.name(id), "h1" | "h2" | "h3");
        contents[id.index()] = content;
        if let Some(parent) = tree.parent(id).filter(|_| id != body) {
            let above = &mut contents[parent.index()];
            above.words += content.words;
            above.link_words += content.link_words;
            above.links += content.links;
            above.holds_page |= content.holds_page;
            above.holds_heading |= content.holds_heading;
        }
    }
    contents
}
