//! Building a graph from a source of nodes and references.

use super::{EdgeData, HeapGraph, NodeData, NodeKind, ROOT};
use crate::support::error::{Error, Result};
use crate::walk::coredump::extension::{
    ObjectKind, ObjectType, RefKind, Root, RootKind, Run, Stack, Value,
};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The values of a frame.
pub struct FrameValues<'f> {
    /// The frame's stack.
    pub stack: u32,
    /// Returns the name of the function.
    pub function: &'f dyn Fn() -> String,
    /// The locals.
    pub locals: &'f [Value],
    /// The operands.
    pub operands: &'f [Value],
}

/// Something that has the contents of a dump: a dump, or a store.
pub trait Source {
    /// Returns the values of all globals.
    fn globals(&self) -> Vec<Value>;
    /// Returns the number of tables.
    fn table_count(&self) -> usize;
    /// Visits the elements of a table.
    fn table(&self, table: usize, visit: &mut dyn FnMut(Run));
    /// Returns the stacks.
    fn stacks(&self) -> &[Stack];
    /// Returns the name of each thread, and whether it is a continuation that waits to be resumed.
    fn threads(&self) -> Vec<(&str, bool)>;
    /// Visits the frames of a thread.
    fn frames(&self, thread: usize, visit: &mut dyn FnMut(FrameValues<'_>));
    /// Returns the roots that are nowhere else.
    fn roots(&self) -> &[Root];
    /// Returns the name of a module.
    fn module(&self, module: u32) -> &str;
    /// Returns the types of objects.
    fn object_types(&self) -> &[ObjectType];
    /// Returns the number of objects.
    fn object_count(&self) -> usize;
    /// Returns the kind of an object and the number of its bytes.
    fn object(&self, number: usize) -> (ObjectKind, u64);
    /// Visits the contents of an object. Those without references may be left out.
    fn contents(&self, number: usize, visit: &mut dyn FnMut(Run));
}

/// Builds the graph of a source.
///
/// # Errors
///
/// If there is no memory for it.
pub fn build(source: &dyn Source) -> Result<HeapGraph> {
    let mut builder = Builder {
        nodes: Vec::new(),
        edges: Vec::new(),
        names: Vec::new(),
        known: BTreeMap::new(),
        first_stack: 0,
        first_object: 0,
        stacks: BTreeMap::new(),
        objects: source.object_count(),
        host_values: BTreeMap::new(),
        failed: false,
    };
    builder.add_nodes(source)?;
    builder.add_edges(source);
    builder.finish()
}

/// An edge that has not been sorted, with the node that has it.
type FromEdge = (u32, EdgeData);

struct Builder {
    nodes: Vec<NodeData>,
    edges: Vec<FromEdge>,
    names: Vec<String>,
    /// Indices of names of types and fields, by the type and the field.
    known: BTreeMap<(u32, Option<u64>), u32>,
    first_stack: u32,
    first_object: u32,
    /// Revision and node of each stack, by number.
    stacks: BTreeMap<u32, (u64, u32)>,
    /// Number of objects.
    objects: usize,
    /// Node of each host value that was found, by number. They follow the objects.
    host_values: BTreeMap<u64, u32>,
    /// True if there was no memory for an edge.
    failed: bool,
}

/// The node of the globals, which follows the root.
const GLOBALS: u32 = 1;
/// The node of the host.
const HOST: u32 = 2;

impl Builder {
    fn add_name(&mut self, name: String) -> u32 {
        if self.names.try_reserve(1).is_err() {
            self.failed = true;
            return 0;
        }
        self.names.push(name);
        self.names.len() as u32 - 1
    }

    fn add_node(&mut self, kind: NodeKind, name: u32, size: u64) -> Result<u32> {
        if self.nodes.len() == u32::MAX as usize {
            return Err(Error::msg("the heap has too many objects for a graph"));
        }
        self.nodes.try_reserve(1)?;
        self.nodes.push(NodeData { kind, name, size });
        Ok(self.nodes.len() as u32 - 1)
    }

    fn add_nodes(&mut self, source: &dyn Source) -> Result<()> {
        for (kind, name) in [
            (NodeKind::Root, ""),
            (NodeKind::Group, "globals"),
            (NodeKind::Group, "the host"),
        ] {
            let name = self.add_name(name.to_string());
            self.add_node(kind, name, 0)?;
        }
        for table in 0..source.table_count() {
            let name = self.add_name(format!("table {table}"));
            self.add_node(NodeKind::Table, name, 0)?;
        }
        self.first_stack = self.nodes.len() as u32;
        for stack in source.stacks() {
            let what = match stack.continuation {
                true => "continuation",
                false => "stack",
            };
            let name = self.add_name(format!("{what} {}", stack.number));
            let node = self.add_node(NodeKind::Stack, name, 0)?;
            self.stacks.insert(stack.number, (stack.revision, node));
        }
        self.first_object = self.nodes.len() as u32;
        let types = source.object_types();
        let first = types.first().and_then(|ty| ty.module);
        let has_several = types.iter().any(|ty| ty.module != first);
        for number in 0..self.objects {
            let (kind, size) = source.object(number);
            let (kind, name) = match kind {
                ObjectKind::Struct(ty) => (NodeKind::Struct, (ty, None)),
                ObjectKind::Array(ty) => (NodeKind::Array, (ty, None)),
                // No type has as many fields.
                ObjectKind::Exception(tag) => (NodeKind::Exception, (tag, Some(u64::MAX))),
            };
            let name = match self.known.get(&name) {
                Some(&known) => known,
                None => {
                    let text = match kind {
                        NodeKind::Exception => format!("exception of tag {}", name.0),
                        _ => type_name(source, name.0, has_several),
                    };
                    let new = self.add_name(text);
                    self.known.insert(name, new);
                    new
                }
            };
            self.add_node(kind, name, size)?;
        }
        Ok(())
    }

    fn add_edge(&mut self, from: u32, is_named: bool, label: u32, to: u32) {
        if self.edges.try_reserve(1).is_err() || self.edges.len() == u32::MAX as usize {
            self.failed = true;
            return;
        }
        let edge = EdgeData {
            is_named,
            label,
            to,
        };
        self.edges.push((from, edge));
    }

    fn add_named(&mut self, from: u32, name: impl FnOnce() -> String, to: u32) {
        let name = self.add_name(name());
        self.add_edge(from, true, name, to);
    }

    /// Returns the node to which a value refers, if the dump has it.
    fn target(&mut self, value: Value) -> Option<u32> {
        match value {
            Value::Ref(RefKind::Any | RefKind::Exn, Some(number)) => {
                let number = usize::try_from(number).ok()?;
                (number < self.objects).then(|| self.first_object + number as u32)
            }
            Value::Ref(RefKind::Cont, Some(bits)) => {
                let &(revision, node) = self.stacks.get(&(bits as u32))?;
                (revision == bits >> 32).then_some(node)
            }
            Value::Ref(RefKind::Extern, Some(number)) => self.host_value(number),
            _ => None,
        }
    }

    /// Returns the node of a host value, and adds it if it is new.
    fn host_value(&mut self, number: u64) -> Option<u32> {
        if let Some(&known) = self.host_values.get(&number) {
            return Some(known);
        }
        let name = self.add_name(format!("host value {number}"));
        let Ok(node) = self.add_node(NodeKind::HostValue, name, 0) else {
            self.failed = true;
            return None;
        };
        self.host_values.insert(number, node);
        Some(node)
    }

    fn add_edges(&mut self, source: &dyn Source) {
        self.add_edge(ROOT, false, 0, GLOBALS);
        for table in 0..source.table_count() as u32 {
            self.add_edge(ROOT, false, 1 + table, HOST + 1 + table);
        }
        self.add_edge(ROOT, false, 1 + source.table_count() as u32, HOST);
        for (index, value) in (0..).zip(source.globals()) {
            if let Some(to) = self.target(value) {
                self.add_edge(GLOBALS, false, index, to);
            }
        }
        for table in 0..source.table_count() {
            let from = HOST + 1 + table as u32;
            source.table(table, &mut self.elements_of(from));
        }
        self.add_stacks(source);
        for root in source.roots() {
            let Some(to) = self.target(root.value) else {
                continue;
            };
            match root.kind {
                RootKind::Host => self.add_named(HOST, || "reference".to_string(), to),
                RootKind::Segment { instance, segment } => {
                    let name = || format!("element segment {segment} of instance {instance}");
                    self.add_named(GLOBALS, name, to);
                }
                RootKind::Hidden { thread, frame } => {
                    let name = || format!("frame {frame} of thread {thread}, caught exception");
                    self.add_named(HOST, name, to);
                }
            }
        }
        for number in 0..self.objects {
            let from = self.first_object + number as u32;
            match source.object(number).0 {
                ObjectKind::Struct(ty) => {
                    let types = source.object_types();
                    let mut index = 0;
                    source.contents(number, &mut |run| {
                        if let Some(to) = self.target(run.value) {
                            let name = self.field(types, ty, index);
                            self.add_edge(from, true, name, to);
                        }
                        index += 1;
                    });
                }
                ObjectKind::Array(_) | ObjectKind::Exception(_) => {
                    source.contents(number, &mut self.elements_of(from));
                }
            }
        }
    }

    /// Returns a function that adds edges for the elements of a node, which it is called with. A run
    /// of equal elements is one edge.
    fn elements_of(&mut self, from: u32) -> impl FnMut(Run) {
        let mut index: u64 = 0;
        move |run: Run| {
            if let Some(to) = self.target(run.value) {
                let label = u32::try_from(index).unwrap_or(u32::MAX);
                self.add_edge(from, false, label, to);
            }
            index = index.saturating_add(run.count);
        }
    }

    /// Returns the name of a field.
    fn field(&mut self, types: &[ObjectType], ty: u32, index: u64) -> u32 {
        if let Some(&known) = self.known.get(&(ty, Some(index))) {
            return known;
        }
        let fields = types.get(ty as usize).map(|ty| &ty.fields);
        let field = fields.and_then(|fields| fields.get(usize::try_from(index).ok()?));
        let name = match field.and_then(|field| field.name.clone()) {
            Some(name) => name,
            None => format!("field {index}"),
        };
        let name = self.add_name(name);
        self.known.insert((ty, Some(index)), name);
        name
    }

    fn add_stacks(&mut self, source: &dyn Source) {
        let stacks = source.stacks();
        let mut is_root: Vec<bool> = stacks.iter().map(|stack| !stack.continuation).collect();
        for (thread, (name, is_detached)) in source.threads().into_iter().enumerate() {
            let mut number = 0;
            source.frames(thread, &mut |frame| {
                let FrameValues {
                    stack,
                    function,
                    locals,
                    operands,
                } = frame;
                let Some(is_root) = is_root.get_mut(stack as usize) else {
                    number += 1;
                    return;
                };
                *is_root |= !is_detached;
                let from = self.first_stack + stack;
                if number == 0 && !stacks[stack as usize].continuation {
                    self.nodes[from as usize].name = self.add_name(format!("thread {name}"));
                }
                for (what, values) in [("local", locals), ("operand", operands)] {
                    for (index, &value) in values.iter().enumerate() {
                        if let Some(to) = self.target(value) {
                            let name = || format!("frame {number} {}, {what} {index}", function());
                            self.add_named(from, name, to);
                        }
                    }
                }
                number += 1;
            });
        }
        for (from, stack) in (self.first_stack..).zip(stacks) {
            for (index, &value) in stack.bound.iter().enumerate() {
                if let Some(to) = self.target(value) {
                    self.add_named(from, || format!("bound argument {index}"), to);
                }
            }
            let parent = stack.parent.filter(|&it| (it as usize) < stacks.len());
            if let Some(parent) = parent {
                let to = self.first_stack + parent;
                self.add_named(from, || "parent".to_string(), to);
            }
        }
        let first = 2 + source.table_count() as u32;
        for (at, _) in (0..).zip(is_root).filter(|&(_, is_root)| is_root) {
            self.add_edge(ROOT, false, first + at, self.first_stack + at);
        }
    }

    /// Sorts the edges by the nodes that have them.
    fn finish(self) -> Result<HeapGraph> {
        if self.failed {
            return Err(Error::msg("there is no memory for the graph of the heap"));
        }
        let mut first = filled(0, self.nodes.len() + 1)?;
        for &(from, _) in &self.edges {
            first[from as usize + 1] += 1;
        }
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        let mut next = Vec::new();
        next.try_reserve_exact(first.len())?;
        next.extend_from_slice(&first);
        let empty = EdgeData {
            is_named: false,
            label: 0,
            to: 0,
        };
        let mut edges = filled(empty, self.edges.len())?;
        for (from, edge) in self.edges {
            let at = &mut next[from as usize];
            edges[*at as usize] = edge;
            *at += 1;
        }
        Ok(HeapGraph {
            nodes: self.nodes,
            first,
            edges,
            names: self.names,
            first_stack: self.first_stack,
            first_object: self.first_object,
            objects: self.objects as u32,
        })
    }
}

/// Returns a list of equal items.
pub(super) fn filled<T: Clone>(item: T, count: usize) -> Result<Vec<T>> {
    let mut items = Vec::new();
    items.try_reserve_exact(count)?;
    items.resize(count, item);
    Ok(items)
}

/// Returns the name of a type, with that of its module if objects have types of several modules.
fn type_name(source: &dyn Source, number: u32, has_several: bool) -> String {
    let Some(ty) = source.object_types().get(number as usize) else {
        return format!("<type {number}>");
    };
    match ty.module {
        Some(module) if has_several => format!("{}!{}", source.module(module), ty.name()),
        _ => ty.name(),
    }
}
