use std::{cell::RefCell, hint::black_box};

/// A way to fail. Those before `Unreachable` are panics, which trap in the standard
/// library; the others trap at their own instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// 0: a panic with a message.
    Explicit,
    /// 1: an index out of bounds.
    Index,
    /// 2: unwrapping `None`.
    Unwrap,
    /// 3: a division by zero.
    Division,
    /// 4: a second borrow of a cell.
    Borrow,
    /// 5: slicing a string inside a character.
    Character,
    /// 6: `expect` on an error.
    Expect,
    /// 7: the instruction `unreachable`.
    Unreachable,
    /// 8: a load far outside of the memory.
    Memory,
    /// 9: a call through a table, of a null element.
    Table,
    /// 10: a call through a table, of a function with another type.
    Signature,
}

impl Fault {
    /// Returns the fault with a number, or the first one if there is none with that number.
    pub fn numbered(number: i32) -> Self {
        match number {
            1 => Self::Index,
            2 => Self::Unwrap,
            3 => Self::Division,
            4 => Self::Borrow,
            5 => Self::Character,
            6 => Self::Expect,
            7 => Self::Unreachable,
            8 => Self::Memory,
            9 => Self::Table,
            10 => Self::Signature,
            _ => Self::Explicit,
        }
    }

    /// Fails.
    #[inline(never)]
    pub fn happen(self, depth: usize) -> usize {
        match self {
            Self::Explicit => panic!("a dropped stitch at depth {depth}"),
            Self::Index => black_box([1, 2, 3].as_slice())[depth + 3],
            Self::Unwrap => black_box(None::<usize>).unwrap(),
            Self::Division => depth / black_box(0),
            Self::Borrow => borrow(&RefCell::new(depth)),
            Self::Character => black_box("é")[..1].len(),
            Self::Expect => black_box("no number").parse().expect("a number"),
            Self::Unreachable => core::arch::wasm32::unreachable(),
            Self::Memory => load(black_box(usize::MAX - 15)),
            Self::Table => call(black_box(0x00ff_ffff)),
            Self::Signature => call(black_box(other as extern "C" fn(f64) -> f64 as usize)),
        }
    }
}

#[inline(never)]
fn borrow(cell: &RefCell<usize>) -> usize {
    let _held = cell.borrow_mut();
    *black_box(cell).borrow()
}

#[inline(never)]
fn load(address: usize) -> usize {
    // SAFETY: not safe, and meant to trap: the address is beyond any memory.
    unsafe { std::ptr::read_volatile(address as *const usize) }
}

#[inline(never)]
fn call(index: usize) -> usize {
    // SAFETY: not safe, and meant to trap: a function pointer is an index into the table,
    // which has no function of this type there.
    let function: extern "C" fn(i64, i32) -> i64 = unsafe { std::mem::transmute(index) };
    black_box(function)(1, 2) as usize
}

extern "C" fn other(number: f64) -> f64 {
    number + 1.0
}
