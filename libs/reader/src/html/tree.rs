//! The tree of a page: elements and text in one vector, linked by their places in it.

use std::num::NonZeroU32;

use html5ever::tendril::StrTendril;
use html5ever::{Attribute, QualName, ns};

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(NonZeroU32);

impl NodeId {
    /// The id of the node at `index` of the vector.
    pub(super) fn new(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("a tree has fewer nodes than there are numbers"))
    }

    pub(super) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) parent: Option<NodeId>,
    pub(super) previous: Option<NodeId>,
    pub(super) next: Option<NodeId>,
    pub(super) first_child: Option<NodeId>,
    pub(super) last_child: Option<NodeId>,
    pub(super) data: NodeData,
}

#[derive(Debug)]
pub(super) enum NodeData {
    Document,
    Element(Element),
    Text(StrTendril),
    /// Comments, processing instructions and document types: never part of the tree.
    Ignored,
}

#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: QualName,
    pub(super) attributes: Vec<Attribute>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
    }

    /// The name of an HTML element; empty for elements of SVG and MathML.
    pub(super) fn html_name(&self) -> &str {
        if self.name.ns == ns!(html) { &self.name.local } else { "" }
    }

    /// The words of `id` and `class`.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        [self.attribute("id"), self.attribute("class")].into_iter().flatten().flat_map(str::split_ascii_whitespace)
    }

    pub(super) fn role(&self) -> &str {
        self.attribute("role").unwrap_or_default().trim()
    }
}

/// A parsed page.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Nodes that are not read, with all below them.
    dropped: Vec<bool>,
}

impl Tree {
    pub(super) fn new(nodes: Vec<Node>) -> Self {
        let dropped = vec![false; nodes.len()];
        Self { nodes, dropped }
    }

    pub(super) fn root(&self) -> NodeId {
        NodeId::new(0)
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn element(&self, id: NodeId) -> Option<&Element> {
        match &self.nodes[id.index()].data {
            NodeData::Element(element) => Some(element),
            _ => None,
        }
    }

    /// The name of an HTML element, else an empty one.
    pub(super) fn name(&self, id: NodeId) -> &str {
        self.element(id).map_or("", Element::html_name)
    }

    pub(super) fn text(&self, id: NodeId) -> Option<&str> {
        match &self.nodes[id.index()].data {
            NodeData::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.nodes[id.index()].parent
    }

    /// From the parent of `id` to the root.
    pub(super) fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(self.parent(id), |id| self.parent(*id))
    }

    /// Children that are read.
    pub(super) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(self.nodes[id.index()].first_child, |id| self.nodes[id.index()].next)
            .filter(|id| !self.dropped[id.index()])
    }

    /// `id` and all nodes below it that are read, in the order of the document.
    pub(super) fn subtree(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let mut next = (!self.dropped[id.index()]).then_some(id);
        std::iter::from_fn(move || {
            let current = next?;
            next = self.children(current).next().or_else(|| self.after(current, id));
            Some(current)
        })
    }

    /// The first node after everything below `current`, within `top`.
    fn after(&self, mut current: NodeId, top: NodeId) -> Option<NodeId> {
        while current != top {
            let mut sibling = self.nodes[current.index()].next;
            while let Some(id) = sibling {
                if !self.dropped[id.index()] {
                    return Some(id);
                }
                sibling = self.nodes[id.index()].next;
            }
            current = self.parent(current)?;
        }
        None
    }

    /// The first element of `name` that is read.
    pub(super) fn find(&self, name: &str) -> Option<NodeId> {
        self.subtree(self.root()).find(|id| self.name(*id) == name)
    }

    /// Leaves `id` out of everything that is read from now on.
    pub(super) fn drop_subtree(&mut self, id: NodeId) {
        self.dropped[id.index()] = true;
    }

    pub(super) fn restore_subtree(&mut self, id: NodeId) {
        self.dropped[id.index()] = false;
    }

    /// All text below `id`, as it stands.
    pub(super) fn raw_text(&self, id: NodeId) -> String {
        self.subtree(id).filter_map(|id| self.text(id)).collect()
    }
}
