//! Checks of bytes: CRCs of several widths and SipHash.
#![no_main]

use std::hash::Hasher;

use crc::{CRC_16_IBM_SDLC, CRC_32_ISCSI, CRC_64_XZ, Crc};
use siphasher::sip::{SipHasher13, SipHasher24};
use support::{Checksum, Random};

/// Checks `n` messages with each function.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xc4c);
    let mut checksum = Checksum::new();
    let narrow = Crc::<u16>::new(&CRC_16_IBM_SDLC);
    let middle = Crc::<u32>::new(&CRC_32_ISCSI);
    let wide = Crc::<u64>::new(&CRC_64_XZ);
    for _ in 0..n.max(1) {
        let length = random.index(3000);
        let message = random.bytes(length);
        checksum.word(u64::from(narrow.checksum(&message)));
        checksum.word(u64::from(middle.checksum(&message)));
        checksum.word(wide.checksum(&message));
        let mut hasher = SipHasher13::new_with_keys(random.bits(), random.bits());
        hasher.write(&message);
        checksum.word(hasher.finish());
        let mut hasher = SipHasher24::new();
        message.chunks(7).for_each(|part| hasher.write(part));
        checksum.word(hasher.finish());
    }
    checksum.finish()
}
