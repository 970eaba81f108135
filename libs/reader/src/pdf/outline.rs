//! The outline of a file: its headings, by page.

use std::collections::HashMap;

use hayro_syntax::object::dict::keys::{A, D, DEST, DESTS, FIRST, KIDS, NAMES, NEXT, OUTLINES, TITLE};
use hayro_syntax::object::{Array, Dict, MaybeRef, Object, ObjectIdentifier, String as PdfString};
use hayro_syntax::page::Pages;

use super::info::text_string;
use crate::document::one_line;

/// Depth of the outline that is read.
const MAX_LEVEL: u8 = 6;
/// Items of an outline, and nodes of the tree of names.
const MAX_ITEMS: usize = 50_000;

/// A heading and its level, from 1.
pub(super) type Heading = (u8, String);

/// Headings of the outline by page (from 0).
pub(super) fn headings(catalog: &Dict<'_>, pages: &Pages<'_>) -> HashMap<usize, Vec<Heading>> {
    let mut by_page: HashMap<usize, Vec<Heading>> = HashMap::new();
    let first = catalog.get::<Dict<'_>>(OUTLINES).and_then(|outline| outline.get::<Dict<'_>>(FIRST));
    let Some(first) = first else { return by_page };
    let places = Places::new(catalog, pages);
    let mut items = 0;
    let mut open = vec![first];
    while let Some(item) = open.pop() {
        items += 1;
        if items > MAX_ITEMS {
            break;
        }
        let level = u8::try_from(open.len() + 1).unwrap_or(u8::MAX);
        let title = item.get::<PdfString<'_>>(TITLE).map(|title| one_line(&text_string(&title)));
        if let (Some(title), Some(page)) = (title.filter(|title| !title.is_empty()), places.page(&item)) {
            by_page.entry(page).or_default().push((level, title));
        }
        let child = item.get::<Dict<'_>>(FIRST).filter(|_| level < MAX_LEVEL);
        // A stack of the items that come next: one for each level.
        match (child, item.get::<Dict<'_>>(NEXT)) {
            (Some(child), Some(next)) => open.extend([next, child]),
            (Some(child), None) => open.extend([Dict::empty(), child]),
            (None, Some(next)) => open.push(next),
            (None, None) => while open.pop_if(|item| item.is_empty()).is_some() {},
        }
    }
    by_page
}

/// Where destinations are.
struct Places {
    pages: HashMap<ObjectIdentifier, usize>,
    names: HashMap<Vec<u8>, usize>,
}

impl Places {
    fn new(catalog: &Dict<'_>, pages: &Pages<'_>) -> Self {
        let ids = pages.iter().enumerate().filter_map(|(index, page)| Some((page.raw().obj_id()?, index)));
        let mut places = Self { pages: ids.collect(), names: HashMap::new() };
        if let Some(named) = catalog.get::<Dict<'_>>(DESTS) {
            for name in named.keys() {
                places.add(name.to_vec(), named.get::<Object<'_>>(name.as_ref()));
            }
        }
        let mut open: Vec<Dict<'_>> =
            catalog.get::<Dict<'_>>(NAMES).and_then(|names| names.get(DESTS)).into_iter().collect();
        let mut nodes = 0;
        while let Some(node) = open.pop() {
            nodes += 1;
            if nodes > MAX_ITEMS {
                break;
            }
            if let Some(children) = node.get::<Array<'_>>(KIDS) {
                open.extend(children.iter::<Dict<'_>>().take(MAX_ITEMS - nodes));
            }
            let Some(named) = node.get::<Array<'_>>(NAMES) else { continue };
            let mut named = named.iter::<Object<'_>>();
            while let (Some(Object::String(name)), Some(place)) = (named.next(), named.next()) {
                places.add(name.to_vec(), Some(place));
            }
        }
        places
    }

    fn add(&mut self, name: Vec<u8>, place: Option<Object<'_>>) {
        let place = match place {
            Some(Object::Dict(dict)) => dict.get::<Object<'_>>(D),
            place => place,
        };
        if let Some(page) = place.and_then(|place| self.explicit(&place)) {
            self.names.insert(name, page);
        }
    }

    /// The page of an outline item.
    fn page(&self, item: &Dict<'_>) -> Option<usize> {
        let action = || item.get::<Dict<'_>>(A)?.get::<Object<'_>>(D);
        match item.get::<Object<'_>>(DEST).or_else(action)? {
            Object::String(name) => self.names.get(name.as_bytes()).copied(),
            Object::Name(name) => self.names.get(name.as_ref()).copied(),
            place => self.explicit(&place),
        }
    }

    /// The page of an explicit destination: a list whose first item is the page.
    fn explicit(&self, place: &Object<'_>) -> Option<usize> {
        let Object::Array(list) = place else { return None };
        match list.raw_iter().next()? {
            MaybeRef::Ref(page) => self.pages.get(&page.into()).copied(),
            MaybeRef::NotRef(Object::Number(page)) => usize::try_from(page.as_i64()).ok(),
            MaybeRef::NotRef(_) => None,
        }
    }
}
