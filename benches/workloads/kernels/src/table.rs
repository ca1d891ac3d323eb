//! A hash table with open addressing: unpredictable loads, multiplications.

use support::{Checksum, Random};

struct Table {
    slots: Vec<Option<(u32, u32)>>,
    len: usize,
}

impl Table {
    fn slot(&self, key: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = (key.wrapping_mul(0x9e37_79b1) >> 7) as usize & mask;
        while self.slots[at].is_some_and(|(other, _)| other != key) {
            at = (at + 1) & mask;
        }
        at
    }

    fn add(&mut self, key: u32) {
        if self.len * 2 >= self.slots.len() {
            let doubled = vec![None; self.slots.len() * 2];
            for entry in std::mem::replace(&mut self.slots, doubled)
                .into_iter()
                .flatten()
            {
                let slot = self.slot(entry.0);
                self.slots[slot] = Some(entry);
            }
        }
        let slot = self.slot(key);
        match &mut self.slots[slot] {
            Some((_, count)) => *count += 1,
            vacant => {
                *vacant = Some((key, 1));
                self.len += 1;
            }
        }
    }
}

/// Executes a thousand times `n` insertions and look-ups.
#[unsafe(no_mangle)]
pub extern "C" fn hash_table(n: i32) -> i64 {
    let mut random = Random::new(0x7ab);
    let keys = n as u32 * 300;
    let mut table = Table {
        slots: vec![None; 16],
        len: 0,
    };
    for _ in 0..n * 500 {
        table.add(random.below(keys));
    }
    let mut checksum = Checksum::new();
    for _ in 0..n * 500 {
        let slot = table.slot(random.below(keys));
        checksum.word(
            table.slots[slot].map_or(0, |(key, count)| u64::from(key) << 8 | u64::from(count)),
        );
    }
    checksum.finish()
}
