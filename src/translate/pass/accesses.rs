//! The accesses of instructions to memories.

use super::access::{Access, Size};
use super::operators::op_of;
use crate::code::{Family, Op};
use smallvec::{SmallVec, smallvec};
use wasmparser::{MemArg, MemArgTarget, Operator};

/// Returns the accesses of an instruction, in the order in which they are checked.
pub fn accesses(operator: &Operator<'_>) -> SmallVec<[Access; 2]> {
    let of_run = |memory: u32, address: u32| Access {
        memory,
        address,
        offset: 0,
        size: Size::Operand(0),
    };
    match *operator {
        Operator::MemoryCopy { dst_mem, src_mem } => {
            smallvec![of_run(dst_mem, 2), of_run(src_mem, 1)]
        }
        Operator::MemoryFill { mem } | Operator::MemoryInit { mem, .. } => {
            smallvec![of_run(mem, 2)]
        }
        _ => of_value(operator).into_iter().collect(),
    }
}

/// Returns from `of_value` if the operator is a load or store, whose one immediate is named
/// `memarg` and whose op is a row of the op table.
macro_rules! return_access {
    ($operator:ident $op:ident memarg) => {
        if let Some((op, _)) = const { op_of(stringify!($op)) }
            && let Operator::$op { memarg } = $operator
        {
            return access_of(op, memarg);
        }
    };
    ($operator:ident $op:ident memarg lane) => {
        if let Some(lanes) = const { super::vector::LaneAccess::of(stringify!($op)) }
            && let Operator::$op { memarg, .. } = $operator
            && let MemArgTarget::Memory(memory) = memarg.target
        {
            return Some(Access {
                memory,
                address: 1,
                offset: memarg.offset,
                size: Size::Bytes(lanes.size()),
            });
        }
    };
    ($operator:ident $op:ident $($immediate:ident)*) => {};
}

macro_rules! define_of_value {
    ($(@$proposal:ident $op:ident $({ $($immediate:ident: $ty:ty),* })?
        => $visit:ident ($($arity:tt)*))*) => {
        /// Returns the access of an instruction with one address.
        fn of_value(operator: &Operator<'_>) -> Option<Access> {
            $(return_access!(operator $op $($($immediate)*)?);)*
            None
        }
    };
}

wasmparser::for_each_operator!(define_of_value);

/// Returns the size of the value on which threads wait, and the operand that is its address.
fn waited_on(op: Op) -> Option<(u64, u32)> {
    match op {
        Op::MemoryAtomicNotify => Some((4, 1)),
        Op::MemoryAtomicWait32 => Some((4, 2)),
        Op::MemoryAtomicWait64 => Some((8, 2)),
        _ => None,
    }
}

/// Returns the access of the instruction that `op` carries out.
pub fn access_of(op: Op, memarg: &MemArg) -> Option<Access> {
    let MemArgTarget::Memory(memory) = memarg.target else {
        return None;
    };
    let (size, address) = match op.family() {
        Family::Load | Family::AtomicLoad => (op.accessed_bytes(), 0),
        Family::AtomicUpdate => (op.operand().size(), 1),
        Family::AtomicExchange => (op.operand().size(), 2),
        Family::Service => waited_on(op)?,
        _ => (op.result()?.size(), 1),
    };
    Some(Access {
        memory,
        address,
        offset: memarg.offset,
        size: Size::Bytes(size),
    })
}
