//! Dominators and paths of random graphs, compared with the simplest algorithms.

use super::build::{FrameValues, Source, build};
use super::*;
use crate::walk::coredump::extension::{
    ObjectKind, ObjectType, RefKind, Root, RootKind, Run, Stack, Value,
};
use alloc::collections::BTreeSet;
use alloc::vec;

/// Number from which references of [`Lists`] are to host values, which are numbered from 0.
const HOST_VALUES: u64 = 1 << 40;

/// Objects by the numbers of those to which they refer.
struct Lists {
    objects: Vec<Vec<u64>>,
    roots: Vec<Root>,
}

impl Lists {
    fn new(roots: &[u64], objects: Vec<Vec<u64>>) -> Lists {
        let roots = roots.iter().map(|&number| Root {
            kind: RootKind::Host,
            value: Value::Ref(RefKind::Any, Some(number)),
        });
        Lists {
            objects,
            roots: roots.collect(),
        }
    }

    fn graph(&self) -> HeapGraph {
        build(self).unwrap()
    }
}

impl Source for Lists {
    fn globals(&self) -> Vec<Value> {
        Vec::new()
    }

    fn table_count(&self) -> usize {
        0
    }

    fn table(&self, _: usize, _: &mut dyn FnMut(Run)) {}

    fn stacks(&self) -> &[Stack] {
        &[]
    }

    fn threads(&self) -> Vec<(&str, bool)> {
        Vec::new()
    }

    fn frames(&self, _: usize, _: &mut dyn FnMut(FrameValues<'_>)) {}

    fn roots(&self) -> &[Root] {
        &self.roots
    }

    fn module(&self, _: u32) -> &str {
        "module"
    }

    fn object_types(&self) -> &[ObjectType] {
        &[]
    }

    fn object_count(&self) -> usize {
        self.objects.len()
    }

    fn object(&self, number: usize) -> (ObjectKind, u64) {
        (ObjectKind::Array(0), 1 << (number % 40))
    }

    fn contents(&self, number: usize, visit: &mut dyn FnMut(Run)) {
        for &number in &self.objects[number] {
            let value = match number.checked_sub(HOST_VALUES) {
                Some(number) => Value::Ref(RefKind::Extern, Some(number)),
                None => Value::Ref(RefKind::Any, Some(number)),
            };
            visit(Run { count: 1, value });
        }
    }
}

/// Returns the nodes that can be reached without passing a node.
fn reached_without(graph: &HeapGraph, without: Option<u32>) -> BTreeSet<u32> {
    let mut reached = BTreeSet::new();
    let mut pending = vec![ROOT];
    while let Some(node) = pending.pop() {
        if Some(node) != without && reached.insert(node) {
            pending.extend(graph.edges(node).map(|edge| edge.to));
        }
    }
    reached
}

/// Compares the dominators, retained bytes and paths of a graph with those by definition.
fn check(graph: &HeapGraph) {
    let dominators = graph.dominators().unwrap();
    let reached = reached_without(graph, None);
    for node in 0..graph.len() {
        let left = reached_without(graph, Some(node));
        let lost: BTreeSet<u32> = reached.difference(&left).copied().collect();
        // Those that the node dominates depend on the node or on one of them.
        for &other in lost.iter().filter(|&&other| other != node) {
            let mut at = Some(other);
            while at != Some(node) {
                at = dominators.of(at.unwrap());
            }
        }
        if reached.contains(&node) {
            let bytes = lost.iter().map(|&node| graph.node(node).size);
            assert_eq!(dominators.retained(node), bytes.sum::<u64>());
        } else {
            assert_eq!(dominators.of(node), None);
        }
    }
    let paths = graph.paths().unwrap();
    let referrers = graph.referrers().unwrap();
    for node in 1..graph.len() {
        let before = paths.before(node);
        assert_eq!(before.is_some(), reached.contains(&node));
        if let Some((from, edge)) = before {
            assert_eq!(graph.edge_at(from, edge).to, node);
            assert!(referrers.of(node).any(|it| it == (from, edge)));
        }
    }
    let count: usize = (0..graph.len()).map(|node| referrers.of(node).len()).sum();
    let edges: usize = (0..graph.len()).map(|node| graph.edges(node).len()).sum();
    assert_eq!(count, edges);
}

#[test]
fn c18_dominators_are_those_of_the_definition() {
    let mut random = 88172645463325252_u64;
    let mut below = |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 20) % bound as u64
    };
    let graphs = if cfg!(miri) { 5 } else { 300 };
    for _ in 0..graphs {
        let count = 1 + below(24) as usize;
        let roots: Vec<u64> = (0..=below(2)).map(|_| below(count)).collect();
        let mut objects = vec![Vec::new(); count];
        for _ in 0..below(3 * count) {
            // Some numbers are those of objects that are left out.
            objects[below(count) as usize].push(below(count + 2));
        }
        check(&Lists::new(&roots, objects).graph());
    }
}

/// Retained bytes of a class count nothing twice.
#[test]
fn c18_a_class_retains_what_its_outermost_nodes_do() {
    // 0 ─► 1 ─► 2 ─► 3, 0 ─► 4: with 0 and 2 of the class, 1 and 4 of another.
    let graph = Lists::new(&[0], vec![vec![1, 4], vec![2], vec![3], vec![], vec![]]).graph();
    let dominators = graph.dominators().unwrap();
    let class = |node| match graph.object_of(node)? {
        0 | 2 => Some(0),
        1 | 4 => Some(1),
        _ => None,
    };
    let totals = graph.retained_by(&dominators, 2, class).unwrap();
    assert_eq!(totals, [31, 2 + 4 + 8 + 16]);
}

/// Lists whose nodes refer to both neighbours, with a reference to both ends: simpler algorithms take
/// quadratic time for these, and recursive ones much of the native stack.
#[test]
#[cfg_attr(miri, ignore = "takes minutes there")]
fn c18_long_lists_take_linear_time() {
    let count = 300_000;
    let last = count - 1;
    let neighbours = |at: u64| match at {
        0 => vec![1],
        at if at == last => vec![at - 1],
        at => vec![at - 1, at + 1],
    };
    let lists = Lists::new(&[0, last], (0..count).map(neighbours).collect());
    let graph = lists.graph();
    let dominators = graph.dominators().unwrap();
    let host = 2;
    assert!((0..count as u32).all(|at| dominators.of(graph.object(at)) == Some(host)));
    let classes = graph.retained_by(&dominators, 1, |_| Some(0)).unwrap();
    assert_eq!(classes, [dominators.retained(ROOT)]);
}

#[test]
fn host_values_are_nodes_behind_the_objects() {
    let [one, two] = [7, 9].map(|number| HOST_VALUES + number);
    let graph = Lists::new(&[0], vec![vec![1, 2, one], vec![one, two], vec![]]).graph();
    check(&graph);
    let first = graph.object(3);
    assert_eq!(graph.len(), first + 2);
    let [one, two] = [first, first + 1].map(|node| graph.node(node));
    assert_eq!((one.kind, one.name), (NodeKind::HostValue, "host value 7"));
    assert_eq!((two.name, two.size), ("host value 9", 0));
    assert_eq!(graph.object_of(first), None);
    assert_eq!(graph.object_of(first - 1), Some(2));
    let to: Vec<u32> = graph.edges(graph.object(1)).map(|edge| edge.to).collect();
    assert_eq!(to, [first, first + 1]);
    let dominators = graph.dominators().unwrap();
    assert_eq!(dominators.of(first), Some(graph.object(0)));
    assert_eq!(dominators.of(first + 1), Some(graph.object(1)));
}
