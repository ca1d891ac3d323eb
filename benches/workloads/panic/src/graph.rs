use petgraph::{
    graph::{DiGraph, NodeIndex},
    visit::{Control, DfsEvent, depth_first_search},
};
use support::Random;

/// References from chapters to chapters.
pub struct References(DiGraph<usize, u32>);

impl References {
    /// Creates random references between `chapters` chapters.
    pub fn new(chapters: usize, random: &mut Random) -> Self {
        let mut graph = DiGraph::new();
        for chapter in 0..chapters {
            graph.add_node(chapter);
        }
        for chapter in 0..chapters {
            for _ in 0..2 {
                let other = NodeIndex::new(random.index(chapters));
                graph.add_edge(NodeIndex::new(chapter), other, random.below(10));
            }
        }
        Self(graph)
    }

    /// Calls `visit` with each chapter that can be reached from `start` within eight steps.
    #[inline(never)]
    pub fn reach(&self, start: usize, visit: &mut dyn FnMut(usize, usize)) {
        let mut steps = 0;
        depth_first_search(&self.0, Some(NodeIndex::new(start)), |event| match event {
            DfsEvent::Discover(node, _) if steps < 8 => {
                steps += 1;
                visit(steps, self.0[node]);
                Control::Continue
            }
            DfsEvent::Discover(..) => Control::Break(()),
            _ => Control::Continue,
        });
    }
}
