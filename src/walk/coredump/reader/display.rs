//! Types in the syntax of the text format; reasons and states as phrases.

use super::{Heap, Reason, ReasonKind, ThreadState, Type};
use core::fmt;

/// The abstract heap types: the byte, the name, and the name of the nullable reference type.
const ABSTRACT: [(u8, &str, &str); 14] = [
    (0x75, "nocont", "nullcontref"),
    (0x74, "noexn", "nullexnref"),
    (0x73, "nofunc", "nullfuncref"),
    (0x72, "noextern", "nullexternref"),
    (0x71, "none", "nullref"),
    (0x70, "func", "funcref"),
    (0x6f, "extern", "externref"),
    (0x6e, "any", "anyref"),
    (0x6d, "eq", "eqref"),
    (0x6c, "i31", "i31ref"),
    (0x6b, "struct", "structref"),
    (0x6a, "array", "arrayref"),
    (0x69, "exn", "exnref"),
    (0x68, "cont", "contref"),
];

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nullable, heap) = match self {
            Type::I32 => return f.write_str("i32"),
            Type::I64 => return f.write_str("i64"),
            Type::F32 => return f.write_str("f32"),
            Type::F64 => return f.write_str("f64"),
            Type::V128 => return f.write_str("v128"),
            Type::Ref { nullable, heap } => (*nullable, *heap),
        };
        let null = if nullable { "null " } else { "" };
        match heap {
            Heap::Concrete(index) => write!(f, "(ref {null}{index})"),
            Heap::Abstract(byte) => match ABSTRACT.iter().find(|(known, ..)| *known == byte) {
                Some((_, _, reference)) if nullable => f.write_str(reference),
                Some((_, name, _)) => write!(f, "(ref {name})"),
                None => write!(f, "(ref {null}{byte:#04x})"),
            },
        }
    }
}

/// The reason as a clause such as "it trapped", or the message that the program's end had.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.message.is_empty() {
            return f.write_str(&self.message);
        }
        f.write_str(match self.kind {
            ReasonKind::Requested => "the host requested a dump",
            ReasonKind::Trap => "it trapped",
            ReasonKind::HostError => "a host function returned an error",
            ReasonKind::OutOfFuel => "no fuel was left",
            ReasonKind::Interrupt => "it was interrupted from outside",
            ReasonKind::Epoch => "an epoch's deadline passed",
            ReasonKind::HostRequest => "a host function suspended it",
            ReasonKind::UncaughtException => "nothing caught an exception",
            ReasonKind::UnhandledTag => "nothing handled a suspension",
            ReasonKind::Breakpoint => "it reached a breakpoint",
            ReasonKind::Wait => "it waited at an address of a shared memory",
            ReasonKind::Deadlock => "all threads waited for each other",
        })
    }
}

impl fmt::Display for ThreadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ThreadState::Running => f.write_str("running"),
            ThreadState::Ready => f.write_str("can run"),
            ThreadState::Waiting { memory, address } => {
                write!(f, "waits at address {address:#x} of memory {memory}")
            }
            ThreadState::Blocked => f.write_str("waits for the host"),
            ThreadState::Detached => f.write_str("waits to be resumed"),
        }
    }
}
