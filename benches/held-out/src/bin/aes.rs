//! AES: a block cipher in bit slices, without tables.
#![no_main]

use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use aes::{Aes128, Aes256, Block};
use support::{Checksum, Random};

/// Encrypts `n` KiB in counter mode, and decrypts blocks in chains.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xae5);
    let mut checksum = Checksum::new();
    let wide = Aes256::new_from_slice(&random.bytes(32)).expect("a key of 256 bits");
    let narrow = Aes128::new_from_slice(&random.bytes(16)).expect("a key of 128 bits");
    let mut last = Block::default();
    for counter in 0..n.max(1) as u64 {
        let mut blocks: Vec<Block> = (0..64u64)
            .map(|index| {
                let mut block = Block::default();
                block[..8].copy_from_slice(&(counter * 64 + index).to_le_bytes());
                block
            })
            .collect();
        wide.encrypt_blocks(&mut blocks);
        for block in &mut blocks {
            let before = *block;
            narrow.decrypt_block(block);
            block
                .iter_mut()
                .zip(last)
                .for_each(|(byte, other)| *byte ^= other);
            last = before;
            checksum.bytes(block);
        }
    }
    checksum.finish()
}
