//! Where a generator's decisions come from: random, or a list of earlier ones.
//!
//! Each decision is a number, and the smaller it is the simpler is what it leads to. So a
//! program is made smaller by making its list of decisions smaller, whatever the program is.

/// Decisions.
#[derive(Clone, Debug)]
pub struct Choices {
    state: u64,
    replayed: Option<Vec<u32>>,
    /// Those that were made.
    pub made: Vec<u32>,
}

impl Choices {
    /// Random ones; each seed gives a sequence of its own.
    pub fn random(seed: u64) -> Choices {
        Choices {
            state: seed.wrapping_mul(0x2545_f491_4f6c_dd1d),
            replayed: None,
            made: Vec::new(),
        }
    }

    /// Those of a list, and then the simplest.
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

    /// A number below `end`, which is not 0.
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

    /// True so many times in a hundred; false is simpler.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// One of `items`, the first being the simplest.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// The index of one of `weights`, as often as its weight has it; the first is the
    /// simplest.
    pub fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut rest = self.below(weights.iter().sum());
        for (index, &weight) in weights.iter().enumerate() {
            match rest.checked_sub(weight) {
                Some(less) => rest = less,
                None => return index,
            }
        }
        unreachable!("the rest is less than all of the weights")
    }
}
