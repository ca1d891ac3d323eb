//! Source of a generator's decisions: random numbers, or a list of earlier decisions.
//!
//! Each decision is a number, and a smaller number leads to simpler code. A program is minimised by
//! minimising its list of decisions.

/// A source of decisions.
#[derive(Clone, Debug)]
pub struct Choices {
    state: u64,
    replayed: Option<Vec<u32>>,
    /// Decisions made so far.
    pub made: Vec<u32>,
}

impl Choices {
    /// Makes random decisions. Each seed gives another sequence.
    pub fn random(seed: u64) -> Choices {
        Choices {
            state: seed.wrapping_mul(0x2545_f491_4f6c_dd1d),
            replayed: None,
            made: Vec::new(),
        }
    }

    /// Repeats the decisions of a list, and then makes the simplest decisions.
    pub fn replay(list: Vec<u32>) -> Choices {
        Choices {
            state: 0,
            replayed: Some(list),
            made: Vec::new(),
        }
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`, which must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        let made = match &self.replayed {
            Some(list) => list
                .get(self.made.len())
                .map_or(0, |&made| made as usize % end),
            None => (self.bits() % end as u64) as usize,
        };
        self.made.push(made as u32);
        made
    }

    /// Returns true in `percent` of 100 cases. False is simpler.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// Returns one of the items. The first one is the simplest.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Returns the index of one of the weights, with a probability in proportion to the weight. The
    /// first one is the simplest.
    pub fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut rest = self.below(weights.iter().sum());
        for (index, &weight) in weights.iter().enumerate() {
            match rest.checked_sub(weight) {
                Some(less) => rest = less,
                None => return index,
            }
        }
        unreachable!("the number is below the sum of the weights")
    }
}
