//! Dominators: the nodes that keep others alive.

use super::build::filled;
use super::{HeapGraph, ROOT};
use crate::support::error::Result;
use alloc::vec::Vec;

/// The number of no node.
const NONE: u32 = u32::MAX;

/// For each node of a graph, the node that alone keeps it alive: all paths from the root to the node
/// pass through its immediate dominator.
#[derive(Clone, Debug)]
pub struct Dominators {
    /// The immediate dominator of each node; [`NONE`] for the root and for nodes out of its reach.
    immediate: Vec<u32>,
    /// The bytes that each node keeps alive, its own included.
    retained: Vec<u64>,
}

impl Dominators {
    /// Returns the immediate dominator of a node, unless it is the root or out of the root's reach.
    ///
    /// # Panics
    ///
    /// If there are not as many nodes.
    pub fn of(&self, node: u32) -> Option<u32> {
        Some(self.immediate[node as usize]).filter(|&node| node != NONE)
    }

    /// Returns the number of bytes that would be free without a node: its own and those of all nodes
    /// that it dominates.
    ///
    /// # Panics
    ///
    /// If there are not as many nodes.
    pub fn retained(&self, node: u32) -> u64 {
        self.retained[node as usize]
    }
}

impl HeapGraph {
    /// Computes the dominators of all nodes, in nearly linear time, by the algorithm of Lengauer and
    /// Tarjan.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub fn dominators(&self) -> Result<Dominators> {
        let mut search = Search::new(self)?;
        search.number(self)?;
        search.find(self)?;
        let count = self.nodes.len();
        let mut immediate = filled(NONE, count)?;
        let mut retained = Vec::new();
        retained.try_reserve_exact(count)?;
        retained.extend(self.nodes.iter().map(|node| node.size));
        // A dominator has a lower number than the nodes that it dominates.
        for number in (1..search.nodes.len()).rev() {
            let node = search.nodes[number] as usize;
            let dominator = search.nodes[search.dominators[number] as usize];
            immediate[node] = dominator;
            retained[dominator as usize] =
                retained[dominator as usize].saturating_add(retained[node]);
        }
        Ok(Dominators {
            immediate,
            retained,
        })
    }

    /// Returns the number of bytes that each class of nodes keeps alive, for classes below `count`.
    /// A node that is dominated by another one of its class counts with that one only.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    ///
    /// # Panics
    ///
    /// If a class is not below `count`.
    pub fn retained_by(
        &self,
        dominators: &Dominators,
        count: usize,
        class: impl Fn(u32) -> Option<usize>,
    ) -> Result<Vec<u64>> {
        // The children of each node in the tree of dominators.
        let mut next = filled(NONE, self.nodes.len())?;
        let mut children = filled(NONE, self.nodes.len())?;
        for node in (0..self.len()).rev() {
            if let Some(parent) = dominators.of(node) {
                next[node as usize] = children[parent as usize];
                children[parent as usize] = node;
            }
        }
        let mut totals = filled(0_u64, count)?;
        let mut depth = filled(0_u32, count)?;
        // Nodes from the root to the present one.
        let mut node = ROOT;
        loop {
            if let Some(class) = class(node) {
                if depth[class] == 0 {
                    totals[class] = totals[class].saturating_add(dominators.retained(node));
                }
                depth[class] += 1;
            }
            if children[node as usize] != NONE {
                node = children[node as usize];
                continue;
            }
            loop {
                if let Some(class) = class(node) {
                    depth[class] -= 1;
                }
                if next[node as usize] != NONE {
                    node = next[node as usize];
                    break;
                }
                match dominators.of(node) {
                    Some(parent) => node = parent,
                    None => return Ok(totals),
                }
            }
        }
    }
}

/// The state of the algorithm. Nodes are numbered in the order of a depth-first search; all lists but
/// `numbers` have an entry for each number.
struct Search {
    /// The number of each node; [`NONE`] if it is not reached.
    numbers: Vec<u32>,
    /// The node of each number.
    nodes: Vec<u32>,
    /// The parent in the tree of the search.
    parents: Vec<u32>,
    semidominators: Vec<u32>,
    dominators: Vec<u32>,
    /// The parent in the forest of nodes that are done.
    ancestors: Vec<u32>,
    /// The number with the lowest semidominator on the way to the root of the forest's tree.
    labels: Vec<u32>,
    /// The first number with this semidominator, and the next one with the same.
    buckets: Vec<u32>,
    next: Vec<u32>,
    /// Numbers on a path that is compressed.
    path: Vec<u32>,
}

impl Search {
    fn new(graph: &HeapGraph) -> Result<Search> {
        let count = graph.nodes.len();
        let mut nodes = Vec::new();
        let mut parents = Vec::new();
        nodes.try_reserve_exact(count)?;
        parents.try_reserve_exact(count)?;
        let mut path = Vec::new();
        path.try_reserve_exact(count)?;
        Ok(Search {
            numbers: filled(NONE, count)?,
            nodes,
            parents,
            semidominators: Vec::new(),
            dominators: Vec::new(),
            ancestors: Vec::new(),
            labels: Vec::new(),
            buckets: Vec::new(),
            next: Vec::new(),
            path,
        })
    }

    /// Numbers the nodes.
    fn number(&mut self, graph: &HeapGraph) -> Result<()> {
        // For each node on the path from the root, the next edge to follow.
        let mut cursors = filled(0_u32, graph.nodes.len())?;
        self.reach(ROOT, NONE);
        let mut at = 0_u32;
        loop {
            let node = self.nodes[at as usize];
            let cursor = &mut cursors[node as usize];
            let edge = graph.data(node).get(*cursor as usize);
            *cursor += 1;
            match edge {
                Some(edge) if self.numbers[edge.to as usize] == NONE => {
                    self.reach(edge.to, at);
                    at = self.nodes.len() as u32 - 1;
                }
                Some(_) => {}
                None => match self.parents[at as usize] {
                    NONE => break,
                    parent => at = parent,
                },
            }
        }
        let count = self.nodes.len();
        let mut identity: Vec<u32> = Vec::new();
        identity.try_reserve_exact(count)?;
        identity.extend(0..count as u32);
        self.semidominators.try_reserve_exact(count)?;
        self.semidominators.extend_from_slice(&identity);
        self.labels = identity;
        self.dominators = filled(0, count)?;
        self.ancestors = filled(NONE, count)?;
        self.buckets = filled(NONE, count)?;
        self.next = filled(NONE, count)?;
        Ok(())
    }

    fn reach(&mut self, node: u32, parent: u32) {
        self.numbers[node as usize] = self.nodes.len() as u32;
        self.nodes.push(node);
        self.parents.push(parent);
    }

    /// Finds the dominator of each number.
    fn find(&mut self, graph: &HeapGraph) -> Result<()> {
        let referrers = graph.referrers()?;
        for number in (1..self.nodes.len() as u32).rev() {
            for (from, _) in referrers.of(self.nodes[number as usize]) {
                let from = self.numbers[from as usize];
                if from != NONE {
                    let best = self.evaluate(from);
                    let semidominator = self.semidominators[best as usize];
                    let own = &mut self.semidominators[number as usize];
                    *own = (*own).min(semidominator);
                }
            }
            let bucket = self.semidominators[number as usize] as usize;
            self.next[number as usize] = self.buckets[bucket];
            self.buckets[bucket] = number;
            let parent = self.parents[number as usize];
            self.ancestors[number as usize] = parent;
            let mut member = core::mem::replace(&mut self.buckets[parent as usize], NONE);
            while member != NONE {
                let best = self.evaluate(member);
                let is_lower =
                    self.semidominators[best as usize] < self.semidominators[member as usize];
                self.dominators[member as usize] = if is_lower { best } else { parent };
                member = self.next[member as usize];
            }
        }
        for number in 1..self.nodes.len() {
            if self.dominators[number] != self.semidominators[number] {
                self.dominators[number] = self.dominators[self.dominators[number] as usize];
            }
        }
        Ok(())
    }

    /// Returns the number with the lowest semidominator among `number` and its ancestors in the
    /// forest, except the root of the tree. Shortens the path to it.
    fn evaluate(&mut self, number: u32) -> u32 {
        if self.ancestors[number as usize] == NONE {
            return number;
        }
        let mut at = number;
        loop {
            let ancestor = self.ancestors[at as usize];
            if self.ancestors[ancestor as usize] == NONE {
                break;
            }
            self.path.push(at);
            at = ancestor;
        }
        while let Some(at) = self.path.pop() {
            let ancestor = self.ancestors[at as usize] as usize;
            let (own, other) = (self.labels[at as usize], self.labels[ancestor]);
            if self.semidominators[other as usize] < self.semidominators[own as usize] {
                self.labels[at as usize] = other;
            }
            self.ancestors[at as usize] = self.ancestors[ancestor];
        }
        self.labels[number as usize]
    }
}
