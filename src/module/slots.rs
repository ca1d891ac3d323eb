//! Values in consecutive slots: how many slots each one takes, and its bits there.

use super::types::{FuncType, ValType};

/// Bits of a value: its first slot, and its second one or zero.
pub type ValBits = [u64; 2];

impl ValType {
    /// Returns the number of slots that a value of this type takes.
    #[inline]
    pub const fn slots(self) -> usize {
        match self {
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::Ref(_) => 1,
            ValType::V128 => 2,
        }
    }
}

impl FuncType {
    /// Returns the number of slots that arguments take.
    pub fn param_slots(&self) -> usize {
        self.param_slots as usize
    }

    /// Returns the number of slots that results take.
    pub fn result_slots(&self) -> usize {
        self.result_slots as usize
    }

    /// Returns the number of slots that a call takes: those of its arguments, which its
    /// results replace.
    pub fn call_slots(&self) -> usize {
        self.param_slots().max(self.result_slots())
    }
}

/// Returns the number of slots that values of these types take.
pub fn slot_count(types: &[ValType]) -> usize {
    types.iter().map(|ty| ty.slots()).sum()
}

/// Reads values of these types from the slots that they take. More slots may follow.
///
/// # Panics
///
/// The iterator panics if there are fewer slots.
pub fn read_values<'a>(
    types: &'a [ValType],
    slots: &'a [u64],
) -> impl ExactSizeIterator<Item = (ValType, ValBits)> + 'a {
    let mut rest = slots;
    types.iter().map(move |&ty| {
        let (value, after) = rest.split_at(ty.slots());
        rest = after;
        (ty, [value[0], value.get(1).copied().unwrap_or_default()])
    })
}

/// Returns the types of the values that remain once the first `slots` slots are taken, or
/// `None` if there are fewer or a value lies across the limit.
pub fn types_after(types: &[ValType], slots: usize) -> Option<&[ValType]> {
    let (mut rest, mut taken) = (types, 0);
    while taken < slots {
        let (first, after) = rest.split_first()?;
        taken += first.slots();
        rest = after;
    }
    (taken == slots).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const TYPES: [ValType; 3] = [ValType::I32, ValType::V128, ValType::F64];

    #[test]
    fn a_vector_takes_two_slots() {
        assert_eq!(slot_count(&TYPES), 4);
        let ty = FuncType::new(TYPES.into(), [ValType::V128].into());
        assert_eq!(
            (ty.param_slots(), ty.result_slots(), ty.call_slots()),
            (4, 2, 4)
        );
        let values: Vec<_> = read_values(&TYPES, &[1, 2, 3, 4, 5]).collect();
        assert_eq!(
            values,
            [
                (ValType::I32, [1, 0]),
                (ValType::V128, [2, 3]),
                (ValType::F64, [4, 0])
            ]
        );
    }

    #[test]
    fn types_follow_whole_values() {
        assert_eq!(types_after(&TYPES, 0), Some(&TYPES[..]));
        assert_eq!(types_after(&TYPES, 1), Some(&TYPES[1..]));
        assert_eq!(types_after(&TYPES, 2), None);
        assert_eq!(types_after(&TYPES, 3), Some(&TYPES[2..]));
        assert_eq!(types_after(&TYPES, 4), Some(&[][..]));
        assert_eq!(types_after(&TYPES, 5), None);
    }
}
