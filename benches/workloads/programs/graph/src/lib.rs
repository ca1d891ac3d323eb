//! Graphs: adjacency lists, heaps, union-find, hash tables, depth-first searches
//! with explicit stacks.

use petgraph::{
    Graph, Undirected,
    algo::{
        connected_components, dijkstra, is_isomorphic, kosaraju_scc, maximum_matching,
        min_spanning_tree, page_rank, tarjan_scc, toposort,
    },
    data::FromElements,
    graph::{DiGraph, NodeIndex, UnGraph},
    visit::{Bfs, EdgeRef},
};
use support::{Checksum, Random};

/// Runs a dozen algorithms over graphs of `n` nodes.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x6a);
    let mut checksum = Checksum::new();
    let nodes = n.max(2) as usize;

    let mut directed: DiGraph<u32, u32> = DiGraph::new();
    let mut layered: DiGraph<u32, f64> = DiGraph::new();
    let mut plain: UnGraph<u32, u32> = UnGraph::new_undirected();
    for node in 0..nodes as u32 {
        directed.add_node(node);
        layered.add_node(node);
        plain.add_node(node);
    }
    for _ in 0..nodes * 4 {
        let (a, b) = (random.index(nodes), random.index(nodes));
        let weight = 1 + random.below(1000);
        if random.chance(50) {
            directed.add_edge(NodeIndex::new(a), NodeIndex::new(b), weight);
        }
        if a != b {
            layered.add_edge(
                NodeIndex::new(a.min(b)),
                NodeIndex::new(a.max(b)),
                f64::from(weight),
            );
            plain.add_edge(NodeIndex::new(a), NodeIndex::new(b), weight);
        }
    }

    let start = NodeIndex::new(0);
    let distances = dijkstra(&directed, start, None, |edge| *edge.weight());
    for node in directed.node_indices() {
        checksum.word(
            distances
                .get(&node)
                .map_or(u64::MAX, |&distance| u64::from(distance)),
        );
    }
    for components in [tarjan_scc(&directed), kosaraju_scc(&directed)] {
        for component in components {
            let sum: usize = component.iter().map(|node| node.index()).sum();
            checksum.word((component.len() as u64) << 32 | sum as u64);
        }
    }
    for node in toposort(&layered, None).expect("edges lead upwards") {
        checksum.word(node.index() as u64);
    }
    let tree: Graph<u32, u32, Undirected> = Graph::from_elements(min_spanning_tree(&plain));
    checksum.word(
        tree.edge_references()
            .map(|edge| u64::from(*edge.weight()))
            .sum(),
    );
    checksum.word(connected_components(&plain) as u64);
    checksum.word(maximum_matching(&plain).len() as u64);
    for rank in page_rank(&directed, 0.85_f64, 3) {
        checksum.float(rank);
    }
    let mut search = Bfs::new(&plain, start);
    while let Some(node) = search.next(&plain) {
        checksum.word(node.index() as u64);
    }

    let mut turned = plain.clone();
    turned.reverse();
    checksum.word(u64::from(is_isomorphic(&plain, &turned)));
    plain.retain_nodes(|graph, node| graph.neighbors(node).count() > 4);
    plain.retain_edges(|graph, edge| graph[edge] % 3 != 0);
    for edge in plain.edge_references() {
        checksum.word((edge.source().index() << 20 | edge.target().index()) as u64);
    }
    checksum.finish()
}
