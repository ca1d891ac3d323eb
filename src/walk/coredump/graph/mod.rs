//! The references between the objects of a heap, as a graph.
//!
//! Input: a dump, or a store and a capture of its stacks. Output: nodes and edges, the shortest path
//! to each node, the dominator of each node, and a file in Chrome's format. Never allowed: recursion,
//! or a panic because of what a dump contains.
//!
//! ```text
//!   build        nodes and edges, from any source of them
//!   of_dump      a dump as a source         of_store   a store
//!   dominators   which node keeps which alive
//!   paths        shortest paths from the root, and referrers
//!   snapshot     Chrome's file format
//! ```
//!
//! Nodes are the root, the places that hold references (globals, tables, stacks and the host), the
//! objects, and the host values to which any of these refer, in this order. The root refers to all places from which objects can be reached. A stack
//! that waits only to be resumed is not one of them: references to its continuation lead to it.

mod build;
mod dominators;
mod of_dump;
mod of_store;
mod paths;
mod snapshot;

#[cfg(test)]
mod tests;

pub use dominators::Dominators;
pub use paths::{Paths, Referrers};

use alloc::string::String;
use alloc::vec::Vec;
use build::{FrameValues, Source, build};

/// The kind of a node of a [`HeapGraph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// The node from which everything is reached.
    Root,
    /// The globals, or the references of the host.
    Group,
    /// A table.
    Table,
    /// A stack, with the values of its frames.
    Stack,
    /// A structure.
    Struct,
    /// An array.
    Array,
    /// An exception.
    Exception,
    /// A value of the host. Its size and the references in it are not known.
    HostValue,
}

/// A node of a [`HeapGraph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node<'g> {
    /// The kind.
    pub kind: NodeKind,
    /// The name: of an object, that of its type.
    pub name: &'g str,
    /// The number of bytes that an object takes in the heap; 0 for other nodes.
    pub size: u64,
}

/// An edge of a [`HeapGraph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge<'g> {
    /// The place of the reference in its holder.
    pub label: Label<'g>,
    /// The node that the reference refers to.
    pub to: u32,
}

/// The place of a reference in its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label<'g> {
    /// A name: of a field, or of a place in a frame.
    Name(&'g str),
    /// The index of an element, or of the first of a run of equal elements.
    Index(u32),
}

/// The references between the objects of a dump.
///
/// ```
/// use backstitch::CoreDump;
/// use backstitch::coredump::HeapGraph;
///
/// # use wasm_encoder::*;
/// # let mut module = wasm_encoder::Module::new();
/// # let bytes = module.section(&CoreDumpSection::new("shop.wasm")).as_slice();
/// let dump = CoreDump::parse(bytes)?;
/// let graph = HeapGraph::new(&dump)?;
/// let dominators = graph.dominators()?;
/// for number in 0..dump.objects().len() as u32 {
///     let node = graph.object(number);
///     println!("{}: {} bytes", graph.node(node).name, dominators.retained(node));
/// }
/// # Ok::<(), backstitch::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct HeapGraph {
    nodes: Vec<NodeData>,
    /// The first edge of each node, and the number of edges.
    first: Vec<u32>,
    edges: Vec<EdgeData>,
    /// Names of nodes and edges.
    names: Vec<String>,
    first_stack: u32,
    first_object: u32,
    /// Number of objects.
    objects: u32,
}

#[derive(Clone, Copy, Debug)]
struct NodeData {
    kind: NodeKind,
    /// Index of the name.
    name: u32,
    size: u64,
}

#[derive(Clone, Copy, Debug)]
struct EdgeData {
    /// True if `label` is the index of a name.
    is_named: bool,
    label: u32,
    to: u32,
}

/// The number of the root.
const ROOT: u32 = 0;

impl HeapGraph {
    /// Returns the number of nodes. Node 0 is the root.
    pub fn len(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// Returns whether there are no nodes, which is never the case.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns a node.
    ///
    /// # Panics
    ///
    /// If there are not as many nodes.
    pub fn node(&self, node: u32) -> Node<'_> {
        let NodeData { kind, name, size } = self.nodes[node as usize];
        let name = &self.names[name as usize];
        Node { kind, name, size }
    }

    /// Returns the node of a stack, an index into [`CoreDump::stacks`](crate::CoreDump::stacks).
    pub fn stack(&self, stack: u32) -> u32 {
        self.first_stack + stack
    }

    /// Returns the node of an object, an index into [`CoreDump::objects`](crate::CoreDump::objects).
    pub fn object(&self, number: u32) -> u32 {
        self.first_object + number
    }

    /// Returns the number of the object that a node is, if it is one.
    pub fn object_of(&self, node: u32) -> Option<u32> {
        let number = node.checked_sub(self.first_object)?;
        (number < self.objects).then_some(number)
    }

    /// Returns the edges of a node, in the order of the references.
    ///
    /// # Panics
    ///
    /// If there are not as many nodes.
    pub fn edges(&self, node: u32) -> impl ExactSizeIterator<Item = Edge<'_>> {
        self.data(node).iter().map(|edge| self.edge(edge))
    }

    fn edge(&self, edge: &EdgeData) -> Edge<'_> {
        Edge {
            label: match edge.is_named {
                true => Label::Name(&self.names[edge.label as usize]),
                false => Label::Index(edge.label),
            },
            to: edge.to,
        }
    }

    /// Returns the edges of a node.
    fn data(&self, node: u32) -> &[EdgeData] {
        let [start, end] = [0, 1].map(|at| self.first[node as usize + at] as usize);
        &self.edges[start..end]
    }
}
