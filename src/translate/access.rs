//! Which bytes of which memory an operator accesses.

use smallvec::{SmallVec, smallvec};
use wasmparser::{MemArg, MemArgTarget, Operator};

/// One access of an operator to a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The memory's index in the module.
    pub memory: u32,
    /// Which operand is the address, counted from the topmost one, which is 0.
    pub address: u32,
    /// What is added to it.
    pub offset: u64,
    /// The number of bytes.
    pub size: Size,
}

/// How many bytes an access is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As many.
    Bytes(u64),
    /// As many as the operand says that is counted in the same way.
    Operand(u32),
}

/// The accesses of an operator, in the order in which they are checked.
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

/// Matches operators with one address, each with the size of the access and the operands
/// above the address.
macro_rules! of_values {
    ($operator:ident: $($size:literal bytes below $above:literal: $($name:ident)*;)*) => {
        match $operator {
            $($(Operator::$name { memarg })|* => (memarg, $size, $above),)*
            _ => return None,
        }
    };
}

fn of_value(operator: &Operator<'_>) -> Option<Access> {
    let (memarg, size, address): (&MemArg, u64, u32) = of_values! { operator:
        1 bytes below 0: I32Load8S I32Load8U I64Load8S I64Load8U;
        2 bytes below 0: I32Load16S I32Load16U I64Load16S I64Load16U;
        4 bytes below 0: I32Load F32Load I64Load32S I64Load32U;
        8 bytes below 0: I64Load F64Load;
        1 bytes below 1: I32Store8 I64Store8;
        2 bytes below 1: I32Store16 I64Store16;
        4 bytes below 1: I32Store F32Store I64Store32;
        8 bytes below 1: I64Store F64Store;
    };
    let MemArgTarget::Memory(memory) = memarg.target else {
        return None;
    };
    Some(Access {
        memory,
        address,
        offset: memarg.offset,
        size: Size::Bytes(size),
    })
}
