//! Shortest paths from the root, and the references to each node.

use super::build::filled;
use super::{Edge, HeapGraph, ROOT};
use crate::support::error::Result;
use alloc::vec::Vec;

/// The number of no edge.
const NONE: u32 = u32::MAX;

/// The nodes that refer to each node of a graph.
#[derive(Clone, Debug)]
pub struct Referrers {
    /// The first entry of each node, and the number of entries.
    first: Vec<u32>,
    /// Referrers, and the index of the edge among those of the referrer.
    entries: Vec<(u32, u32)>,
}

impl Referrers {
    /// Returns the nodes that refer to a node, in ascending order, each with the index of the edge
    /// among those of that node.
    ///
    /// # Panics
    ///
    /// If there are not as many nodes.
    pub fn of(&self, node: u32) -> impl ExactSizeIterator<Item = (u32, u32)> + '_ {
        let [start, end] = [0, 1].map(|at| self.first[node as usize + at] as usize);
        self.entries[start..end].iter().copied()
    }
}

/// A shortest path from the root to each node of a graph.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The node before each node on its path, and the index of the edge among those of that node;
    /// [`NONE`] for the root and for nodes out of its reach.
    before: Vec<(u32, u32)>,
}

impl Paths {
    /// Returns the node before a node on its path, and the index of the edge among those of that
    /// node; `None` for the root and for nodes out of its reach.
    ///
    /// # Panics
    ///
    /// If there are not as many nodes.
    pub fn before(&self, node: u32) -> Option<(u32, u32)> {
        Some(self.before[node as usize]).filter(|&(_, edge)| edge != NONE)
    }
}

impl HeapGraph {
    /// Returns an edge by its index among those of a node, as [`Referrers`] and [`Paths`] have it.
    ///
    /// # Panics
    ///
    /// If there is no such edge.
    pub fn edge_at(&self, node: u32, index: u32) -> Edge<'_> {
        self.edge(&self.data(node)[index as usize])
    }

    /// Finds the nodes that refer to each node.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub fn referrers(&self) -> Result<Referrers> {
        let mut first = filled(0_u32, self.nodes.len() + 1)?;
        for edge in &self.edges {
            first[edge.to as usize + 1] += 1;
        }
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        let mut next = Vec::new();
        next.try_reserve_exact(first.len())?;
        next.extend_from_slice(&first);
        let mut entries = filled((0, 0), self.edges.len())?;
        for node in 0..self.len() {
            for (index, edge) in (0..).zip(self.data(node)) {
                let at = &mut next[edge.to as usize];
                entries[*at as usize] = (node, index);
                *at += 1;
            }
        }
        Ok(Referrers { first, entries })
    }

    /// Finds a shortest path from the root to each node: the first one in the order of edges.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub fn paths(&self) -> Result<Paths> {
        let mut before = filled((0, NONE), self.nodes.len())?;
        let mut reached = Vec::new();
        reached.try_reserve_exact(self.nodes.len())?;
        reached.push(ROOT);
        let mut next = 0;
        while let Some(&node) = reached.get(next) {
            next += 1;
            for (index, edge) in (0..).zip(self.data(node)) {
                let place = &mut before[edge.to as usize];
                if place.1 == NONE && edge.to != ROOT {
                    *place = (node, index);
                    reached.push(edge.to);
                }
            }
        }
        Ok(Paths { before })
    }
}
