//! Fingerprints of the instruction set. They tell whether this build can read the code in an archive.

use super::cells::ROW_FIELDS;
use super::opcode::Op;
use super::scalar::Scalar;
use super::shape::Spec;

/// The fingerprint of the ops without vectors, which every build has.
pub const SCALAR: u64 = of_rows(0, FIRST_VECTOR);

/// The fingerprint of the ops on vectors, if this build has them.
pub const VECTOR: Option<u64> = if FIRST_VECTOR < Op::COUNT {
    Some(of_rows(FIRST_VECTOR, Op::COUNT))
} else {
    None
};

/// The first of the ops that builds without vectors do not have, which are the last ones.
const FIRST_VECTOR: usize = {
    let mut op = 0;
    while op < Op::COUNT && !has_vector(Op::new(op as u16)) {
        op += 1;
    }
    op
};

const fn has_vector(op: Op) -> bool {
    matches!(op.row_operand(), Some(Scalar::v128)) || matches!(op.result(), Some(Scalar::v128))
}

/// Returns whether builds without vectors do not have an op.
pub fn needs_vectors(op: Op) -> bool {
    op as usize >= FIRST_VECTOR
}

const fn is_shared(spec: Spec) -> bool {
    matches!(
        spec,
        Spec::LoadShared { .. }
            | Spec::LoadSharedAny { .. }
            | Spec::StoreShared { .. }
            | Spec::StoreSharedAny { .. }
    )
}

/// Returns the FNV-1a hash of the version of this crate and of the names, variants and fields of ops.
const fn of_rows(first: usize, end: usize) -> u64 {
    let mut hash = bytes(0xcbf2_9ce4_8422_2325, env!("CARGO_PKG_VERSION").as_bytes());
    let mut row = first;
    while row < end {
        let op = Op::new(row as u16);
        hash = bytes(hash, op.name().as_bytes());
        let variants = op.family().variants();
        let mut at = 0;
        while at < variants.len() {
            // Builds without threads do not have those for shared memories, which are the last.
            if !is_shared(variants[at].spec) {
                hash = bytes(hash, variants[at].suffix.as_bytes());
            }
            at += 1;
        }
        let fields = ROW_FIELDS[row];
        let mut at = 0;
        while at < fields.len() {
            hash = byte(hash, fields[at] as u8);
            at += 1;
        }
        row += 1;
    }
    hash
}

const fn bytes(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut at = 0;
    while at < bytes.len() {
        hash = byte(hash, bytes[at]);
        at += 1;
    }
    hash
}

const fn byte(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(0x100_0000_01b3)
}
