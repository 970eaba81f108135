//! Elements of the XML of Office files and books, with their namespaces reduced to a letter.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use quick_xml::{XmlVersion, escape};

use crate::ParseError;

/// Elements inside each other.
const MAX_DEPTH: usize = 256;

/// An element. Names are `w:p` for those of Word, `m:f` for those of formulas, `x:…` for all others; attributes have
/// no prefix.
#[derive(Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Node>,
}

pub(crate) enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The `val` attribute.
    pub(crate) fn value(&self) -> Option<&str> {
        self.attribute("val")
    }

    pub(crate) fn elements(&self) -> impl DoubleEndedIterator<Item = &Element> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.name == name)
    }

    /// The element at the end of a path of names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// Whether the switch `name` is on: it is there and not `0` or `false`.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.child(name).is_some_and(|switch| !matches!(switch.value(), Some("0" | "false" | "off" | "none")))
    }

    /// The text directly inside.
    pub(crate) fn text(&self) -> String {
        let text = self.children.iter().filter_map(|child| match child {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        text.collect()
    }
}

/// Calls `each` with the elements directly inside of the first one called `parent`, one after the other, so that only
/// one is in memory.
pub(crate) fn for_each_in(
    xml: &str,
    parent: &str,
    each: &mut dyn FnMut(Element) -> Result<(), ParseError>,
) -> Result<(), ParseError> {
    let damaged = |error: &dyn std::fmt::Display| ParseError::Damaged(error.to_string());
    let mut reader = NsReader::from_str(xml);
    let mut inside = false;
    let mut open: Vec<Element> = Vec::new();
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|error| damaged(&error))?;
        match event {
            Event::Start(start) => {
                let element = element(&namespace, &start);
                if !inside {
                    inside = element.name == parent;
                    continue;
                }
                if open.len() == MAX_DEPTH {
                    return Err(ParseError::TooLarge(format!("more than {MAX_DEPTH} elements inside each other")));
                }
                open.push(element);
            }
            Event::Empty(start) if inside => close(element(&namespace, &start), &mut open, each)?,
            Event::End(_) if inside => match open.pop() {
                Some(element) => close(element, &mut open, each)?,
                None => return Ok(()),
            },
            Event::Text(text) => add_text(&mut open, &text.decode().map_err(|error| damaged(&error))?),
            Event::CData(text) => add_text(&mut open, &text.decode().map_err(|error| damaged(&error))?),
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|error| damaged(&error))?;
                if let Ok(Some(char)) = reference.resolve_char_ref() {
                    add_text(&mut open, char.encode_utf8(&mut [0; 4]));
                } else if let Some(text) = escape::resolve_predefined_entity(&name) {
                    add_text(&mut open, text);
                }
            }
            Event::Eof if inside => return Err(ParseError::Damaged("an XML part ends too early".to_owned())),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// All of a small part: the elements inside of its root.
pub(crate) fn parse(xml: &str, root: &str) -> Result<Element, ParseError> {
    let mut whole = Element { name: root.to_owned(), ..Element::default() };
    for_each_in(xml, root, &mut |element| {
        whole.children.push(Node::Element(element));
        Ok(())
    })?;
    Ok(whole)
}

fn close(
    element: Element,
    open: &mut [Element],
    each: &mut dyn FnMut(Element) -> Result<(), ParseError>,
) -> Result<(), ParseError> {
    match open.last_mut() {
        Some(parent) => {
            parent.children.push(Node::Element(element));
            Ok(())
        }
        None => each(element),
    }
}

fn add_text(open: &mut [Element], text: &str) {
    let Some(element) = open.last_mut() else { return };
    match element.children.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ => element.children.push(Node::Text(text.to_owned())),
    }
}

fn element(namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Element {
    // Transitional and strict files have different namespaces.
    let prefix = match namespace {
        ResolveResult::Bound(Namespace(uri)) if uri.ends_with(b"/math") => 'm',
        ResolveResult::Bound(Namespace(b"http://schemas.openxmlformats.org/wordprocessingml/2006/main")) => 'w',
        ResolveResult::Bound(Namespace(b"http://purl.oclc.org/ooxml/wordprocessingml/main")) => 'w',
        _ => 'x',
    };
    let local = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let attributes = start.attributes().flatten().map(|attribute| {
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap_or_default().into_owned();
        (local(attribute.key.local_name().as_ref()), value)
    });
    Element {
        name: format!("{prefix}:{}", local(start.local_name().as_ref())),
        attributes: attributes.collect(),
        children: Vec::new(),
    }
}
