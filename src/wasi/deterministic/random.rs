//! Pseudo-random numbers from a seed.

/// SplitMix64 by Steele, Lea and Flood: an addition and a mixing of bits per step. It is fast,
/// small and uniformly distributed. It is not secure: its output can be computed from the seed.
#[derive(Debug)]
pub(super) struct Generator {
    pub(super) state: u64,
    /// Unused bytes of the last step.
    pub(super) rest: u64,
    /// Number of these bytes, at most 8.
    pub(super) left: u32,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Generator {
        Generator {
            state: seed,
            rest: 0,
            left: 0,
        }
    }

    fn step(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Fills `bytes`. The sequence of bytes does not depend on how it is divided into calls.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.left == 0 {
                self.rest = self.step();
                self.left = 8;
            }
            *byte = self.rest as u8;
            self.rest >>= 8;
            self.left -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_steps_are_the_published_ones() {
        let mut generator = Generator::new(1_234_567);
        assert_eq!(generator.step(), 6_457_827_717_110_365_317);
        assert_eq!(generator.step(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn pieces_do_not_matter() {
        let (mut whole, mut parts) = ([0; 21], [0; 21]);
        Generator::new(5).fill(&mut whole);
        let mut generator = Generator::new(5);
        for part in parts.chunks_mut(4) {
            generator.fill(part);
        }
        assert_eq!(whole, parts);
    }
}
