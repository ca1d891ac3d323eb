//! Pseudo-random numbers that depend only on the seed.

/// The generator SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Creates a generator. Each seed gives a sequence of its own.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// Returns 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`, which must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// Returns true once in `count` times.
    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Returns one of `choices`.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// Returns `count` random bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let words = (0..count.div_ceil(8)).flat_map(|_| self.bits().to_le_bytes());
        words.take(count).collect()
    }

    /// Returns the bits of a 32-bit value: a small number, an extreme one, a special float, or any.
    pub fn value_32(&mut self) -> u32 {
        match self.below(6) {
            0 => self.below(10) as u32,
            1 => (self.below(10) as u32).wrapping_neg(),
            2 => *self.pick(&[i32::MAX as u32, 1 << 31, 0xffff, 0x1_0000, 0x80, 0x7f, 0xff]),
            3 => {
                let special = [
                    f32::NAN,
                    f32::INFINITY,
                    f32::MIN,
                    -0.0,
                    f32::MIN_POSITIVE,
                    1.5,
                ];
                self.pick(&special).to_bits()
            }
            4 => ((self.bits() as i32) as f32).to_bits(),
            _ => self.bits() as u32,
        }
    }

    /// Returns the bits of a 64-bit value: a small number, an extreme one, a special float, or any.
    pub fn value_64(&mut self) -> u64 {
        match self.below(7) {
            0 => self.below(10) as u64,
            1 => (self.below(10) as u64).wrapping_neg(),
            2 => *self.pick(&[
                i64::MAX as u64,
                1 << 63,
                u64::from(u32::MAX),
                1 << 32,
                1 << 31,
            ]),
            3 => {
                let special = [
                    f64::NAN,
                    f64::INFINITY,
                    f64::MIN,
                    -0.0,
                    f64::MIN_POSITIVE,
                    1.5,
                ];
                self.pick(&special).to_bits()
            }
            4 => ((self.bits() as i32) as f64).to_bits(),
            5 => u64::from(self.value_32()),
            _ => self.bits(),
        }
    }
}
