//! Builds the tree of a page under limits of depth, nodes and work, so that no page costs more than its size allows.

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};

use html5ever::tendril::StrTendril;
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, QualName};

use super::tree::{Element, Node, NodeData, NodeId};

/// Elements inside each other.
pub(super) const MAX_DEPTH: u16 = 256;

/// Formatting elements inside each other: each is compared with all around it, and reopened in each block.
const MAX_FORMATTING_DEPTH: u16 = 128;

/// Attributes that repeated `<html>` and `<body>` tags add to the first.
const MAX_MERGED_ATTRIBUTES: usize = 256;

/// Elements and texts that any page may have, and one more for each of its bytes: more are repeated ones.
const MIN_NODES: usize = 1_000;

/// Calls of the tree builder for each byte of the page; ordinary pages need one or two.
const WORK_PER_BYTE: u64 = 24;

/// Calls that any page may take.
const MIN_WORK: u64 = 2_000_000;

/// Formatting elements: if left open, they are reopened in the next block.
fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b" | "big" | "code" | "em" | "font" | "i" | "nobr" | "s" | "small" | "strike" | "strong" | "tt" | "u"
    )
}

/// Where a node stands, counted while the tree grows.
#[derive(Clone, Copy, Default)]
struct Level {
    depth: u16,
    formatting: u16,
}

/// A limit that a page exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    Depth,
    FormattingDepth,
    /// More than so many.
    Nodes(usize),
    Work,
}

impl Excess {
    pub(super) fn message(self) -> String {
        match self {
            Self::Depth => format!("more than {MAX_DEPTH} elements inside each other"),
            Self::FormattingDepth => format!("more than {MAX_FORMATTING_DEPTH} formatting elements inside each other"),
            Self::Nodes(limit) => format!("more than {limit} elements and texts"),
            Self::Work => "its tags are nested too badly".to_owned(),
        }
    }
}

/// Receives the nodes from the tree builder. After an [`Excess`] what it holds is of no use.
pub(super) struct BoundedSink {
    nodes: RefCell<Vec<Node>>,
    levels: RefCell<Vec<Level>>,
    work: Cell<u64>,
    max_work: u64,
    max_nodes: usize,
    merged_attributes: Cell<usize>,
    excess: Cell<Option<Excess>>,
}

impl BoundedSink {
    /// A sink for a page of `bytes` and at most `max_nodes` elements and texts, repeated ones included.
    pub(super) fn new(bytes: usize, max_nodes: usize) -> Self {
        let sink = Self {
            nodes: RefCell::default(),
            levels: RefCell::default(),
            work: Cell::new(0),
            max_work: MIN_WORK + WORK_PER_BYTE * bytes as u64,
            max_nodes: max_nodes.min(MIN_NODES + bytes),
            merged_attributes: Cell::new(0),
            excess: Cell::new(None),
        };
        sink.push(NodeData::Document);
        sink.push(NodeData::Ignored);
        sink
    }

    pub(super) fn excess(&self) -> Option<Excess> {
        self.excess.get()
    }

    pub(super) fn into_nodes(self) -> Vec<Node> {
        self.nodes.into_inner()
    }

    /// Stands for everything that is not kept.
    fn ignored(&self) -> NodeId {
        NodeId::new(1)
    }

    fn exceed(&self, excess: Excess) {
        self.excess.set(self.excess.get().or(Some(excess)));
    }

    fn work(&self, amount: u64) {
        let work = self.work.get() + amount;
        self.work.set(work);
        if work > self.max_work {
            self.exceed(Excess::Work);
        }
    }

    fn push(&self, data: NodeData) -> NodeId {
        let mut nodes = self.nodes.borrow_mut();
        if nodes.len() > self.max_nodes {
            self.exceed(Excess::Nodes(self.max_nodes));
        }
        let node = Node { parent: None, previous: None, next: None, first_child: None, last_child: None, data };
        nodes.push(node);
        self.levels.borrow_mut().push(Level::default());
        NodeId::new(nodes.len() - 1)
    }

    /// The node for `child`; text is added to the text `before` it instead, if there is one.
    fn node_for(&self, before: Option<NodeId>, child: NodeOrText<NodeId>) -> Option<NodeId> {
        match child {
            NodeOrText::AppendNode(id) => (id != self.ignored()).then_some(id),
            NodeOrText::AppendText(text) => {
                if let Some(before) = before
                    && let NodeData::Text(existing) = &mut self.nodes.borrow_mut()[before.index()].data
                {
                    existing.push_tendril(&text);
                    return None;
                }
                Some(self.push(NodeData::Text(text)))
            }
        }
    }

    /// Links `child`, which has no parent, into `parent` before `next`.
    fn link(&self, parent: NodeId, child: NodeId, next: Option<NodeId>) {
        self.set_level(parent, child);
        let mut nodes = self.nodes.borrow_mut();
        let previous = match next {
            Some(next) => nodes[next.index()].previous.replace(child),
            None => nodes[parent.index()].last_child.replace(child),
        };
        match previous {
            Some(previous) => nodes[previous.index()].next = Some(child),
            None => nodes[parent.index()].first_child = Some(child),
        }
        let node = &mut nodes[child.index()];
        (node.parent, node.previous, node.next) = (Some(parent), previous, next);
    }

    fn set_level(&self, parent: NodeId, child: NodeId) {
        let nodes = self.nodes.borrow();
        let mut levels = self.levels.borrow_mut();
        let mut level = levels[parent.index()];
        level.depth += 1;
        if let NodeData::Element(element) = &nodes[child.index()].data {
            if is_formatting(element.html_name()) {
                level.formatting += 1;
                // The tree builder compares its attributes with those of all formatting elements around it.
                self.work(u64::from(level.formatting) * (1 + element.attributes.len() as u64));
            }
            if level.depth > MAX_DEPTH {
                self.exceed(Excess::Depth);
            }
        }
        if level.formatting > MAX_FORMATTING_DEPTH {
            self.exceed(Excess::FormattingDepth);
        }
        levels[child.index()] = level;
    }

    fn unlink(&self, id: NodeId) {
        let mut nodes = self.nodes.borrow_mut();
        let node = &mut nodes[id.index()];
        let (parent, previous, next) = (node.parent.take(), node.previous.take(), node.next.take());
        let Some(parent) = parent else { return };
        match previous {
            Some(previous) => nodes[previous.index()].next = next,
            None => nodes[parent.index()].first_child = next,
        }
        match next {
            Some(next) => nodes[next.index()].previous = previous,
            None => nodes[parent.index()].last_child = previous,
        }
    }
}

impl TreeSink for BoundedSink {
    type ElemName<'a> = Ref<'a, QualName>;
    type Handle = NodeId;
    type Output = Self;

    fn finish(self) -> Self {
        self
    }

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        NodeId::new(0)
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        self.work(1);
        Ref::map(self.nodes.borrow(), |nodes| match &nodes[target.index()].data {
            NodeData::Element(element) => &element.name,
            _ => unreachable!("the tree builder asks for names of elements only"),
        })
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _flags: ElementFlags) -> NodeId {
        self.work(1);
        self.push(NodeData::Element(Element { name, attributes }))
    }

    fn create_comment(&self, _text: StrTendril) -> NodeId {
        self.ignored()
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> NodeId {
        self.ignored()
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.work(1);
        let last = self.nodes.borrow()[parent.index()].last_child;
        if let Some(child) = self.node_for(last, child) {
            self.unlink(child);
            self.link(*parent, child, None);
        }
    }

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        self.work(1);
        let (parent, previous) = {
            let node = &self.nodes.borrow()[sibling.index()];
            (node.parent, node.previous)
        };
        let Some(parent) = parent else { return };
        if let Some(child) = self.node_for(previous, child) {
            self.unlink(child);
            self.link(parent, child, Some(*sibling));
        }
    }

    fn append_based_on_parent_node(&self, element: &NodeId, previous: &NodeId, child: NodeOrText<NodeId>) {
        let has_parent = self.nodes.borrow()[element.index()].parent.is_some();
        if has_parent { self.append_before_sibling(element, child) } else { self.append(previous, child) }
    }

    fn append_doctype_to_document(&self, _name: StrTendril, _public_id: StrTendril, _system_id: StrTendril) {}

    /// The contents of a template are its children: those of a shadow root are shown.
    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        *target
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        self.work(1);
        x == y
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn add_attrs_if_missing(&self, target: &NodeId, attributes: Vec<Attribute>) {
        let merged = self.merged_attributes.get() + attributes.len();
        if merged > MAX_MERGED_ATTRIBUTES {
            return;
        }
        self.merged_attributes.set(merged);
        if let NodeData::Element(element) = &mut self.nodes.borrow_mut()[target.index()].data {
            for attribute in attributes {
                if element.attributes.iter().all(|existing| existing.name != attribute.name) {
                    element.attributes.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.work(1);
        self.unlink(*target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        loop {
            let child = self.nodes.borrow()[node.index()].first_child;
            let Some(child) = child else { return };
            self.work(1);
            self.unlink(child);
            self.link(*new_parent, child, None);
        }
    }
}
