/// A 64-bit digest of a stream of bytes and numbers.
///
/// It depends on the order and on boundaries: each call mixes in the length of its
/// argument. It detects errors of an engine; it is not cryptographic.
#[derive(Clone, Debug)]
pub struct Checksum(u64);

impl Checksum {
    /// Returns the digest of an empty stream.
    pub fn new() -> Self {
        Self(0x6a09_e667_f3bc_c908)
    }

    /// Mixes in one word.
    pub fn word(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = (mixed ^ (mixed >> 32)).rotate_left(23);
    }

    /// Mixes in a string of bytes, and its length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        let mut rest = [0; 8];
        rest[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        self.word(u64::from_le_bytes(rest));
        self.word(bytes.len() as u64);
    }

    /// Mixes in a float by its bits. All NaNs count as equal, because WebAssembly does
    /// not define their bits.
    pub fn float(&mut self, value: f64) {
        self.word(if value.is_nan() {
            0x7ff8_0000_0000_0000
        } else {
            value.to_bits()
        });
    }

    /// Returns the digest, as the result of `run`.
    pub fn finish(&self) -> i64 {
        let mut word = self.0;
        word = (word ^ (word >> 31)).wrapping_mul(0x7fb5_d329_728e_a185);
        word = (word ^ (word >> 27)).wrapping_mul(0x81da_def4_bc2d_d44d);
        (word ^ (word >> 33)) as i64
    }
}

impl Default for Checksum {
    fn default() -> Self {
        Self::new()
    }
}
