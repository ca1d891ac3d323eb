//! Observable behaviour of a program, in types that both engines share.

use crate::prices::Prices;
use std::fmt;

/// Observable behaviour of a program, from its instantiation through all calls.
#[derive(Debug, PartialEq)]
pub struct Observation {
    /// The instantiation and the calls.
    pub steps: Vec<Step>,
}

/// The instantiation, or one call.
#[derive(Debug, PartialEq)]
pub struct Step {
    /// Name of the called function.
    pub name: String,
    /// End of the call.
    pub end: End,
    /// Calls of host functions during the call.
    pub host: Vec<HostCall>,
    /// Fuel spent.
    pub fuel: Option<u64>,
    /// State after the call.
    pub state: State,
}

/// End of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// The call returned these results.
    Returned(Vec<Value>),
    /// The call trapped.
    Trapped {
        /// Name of the trap.
        trap: String,
        /// Backtrace.
        frames: Vec<Frame>,
    },
    /// The call ended with an uncaught exception with this payload.
    Threw(Vec<Value>),
    /// A host function failed.
    Failed {
        /// Message of the error.
        message: String,
        /// Backtrace.
        frames: Vec<Frame>,
    },
}

impl End {
    /// Returns whether the call ended with the trap of that name.
    pub fn is_trap(&self, name: &str) -> bool {
        matches!(self, End::Trapped { trap, .. } if trap == name)
    }

    /// Returns whether later steps cannot be compared. Each engine has a stack overflow at a depth
    /// of its own, lack of fuel may be noticed at different points, and the heap of an engine that
    /// frees nothing may be full.
    pub fn ends_comparison(&self) -> bool {
        ["StackOverflow", "OutOfFuel", "AllocationTooLarge"]
            .iter()
            .any(|trap| self.is_trap(trap))
    }
}

/// A frame of a backtrace.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Index of the function.
    pub function: u32,
    /// Offset of the instruction in the module.
    pub offset: Option<usize>,
}

/// A call of a host function.
#[derive(Clone, Debug, PartialEq)]
pub struct HostCall {
    /// Name of the function.
    pub name: String,
    /// Arguments.
    pub arguments: Vec<Value>,
    /// Backtrace of the callers.
    pub frames: Vec<Frame>,
}

/// A value.
#[derive(Clone, Copy, PartialEq)]
pub enum Value {
    /// Bits of a 32-bit number.
    Bits32(u32),
    /// Bits of a 64-bit number.
    Bits64(u64),
    /// Bits of a vector.
    Bits128(u128),
    /// A null reference.
    Null,
    /// A non-null reference.
    Reference,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bits32(bits) => write!(f, "{bits:#x}"),
            Value::Bits64(bits) => write!(f, "{bits:#x}_64"),
            Value::Bits128(bits) => write!(f, "{bits:#x}_128"),
            Value::Null => f.write_str("null"),
            Value::Reference => f.write_str("reference"),
        }
    }
}

/// Contents of the exported memories, globals and tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Size in bytes and hash of each memory.
    pub memories: Vec<(usize, u64)>,
    /// Values of globals.
    pub globals: Vec<Value>,
    /// Size and elements of each table.
    pub tables: Vec<(u64, Vec<Value>)>,
}

/// Returns a hash of bytes (FNV-1a, by words of 64 bits).
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().expect("chunks have 8 bytes"));
        hash = (hash ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
    }
    for &byte in chunks.remainder() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// Returns a description of the first difference between two observations, or `None` if there is
/// none.
///
/// The second engine may notice lack of fuel a little later, even after the call's end. Then the
/// rest of that call cannot be compared. Nor can it be if the first engine runs out of fuel by a
/// charge that the second one does not make, or if its heap, from which it frees nothing, is full.
pub fn difference(expected: &Observation, found: &Observation, prices: Prices) -> Option<String> {
    for (index, (a, b)) in expected.steps.iter().zip(&found.steps).enumerate() {
        let at = format!("step {index}, {}", a.name);
        if a.name != b.name {
            return Some(format!("{at}: the other called {}", b.name));
        }
        if [&a.end, &b.end]
            .iter()
            .any(|end| end.is_trap("StackOverflow"))
        {
            return None;
        }
        let starved = |step: &Step| step.end.is_trap("OutOfFuel");
        // Wasmtime charges for segments at instantiation.
        let later = index == 0 || b.fuel.is_none_or(|spent| spent >= FUEL) || prices.less;
        if starved(a) && (starved(b) || later) {
            return None;
        }
        if a.end != b.end {
            if a.end.is_trap("AllocationTooLarge") {
                return None;
            }
            return Some(format!("{at}: expected {:?},\n  found {:?}", a.end, b.end));
        }
        if a.host != b.host {
            return Some(format!(
                "{at}: host calls {:?},\n  found {:?}",
                a.host, b.host
            ));
        }
        if a.state != b.state {
            return Some(format!("{at}: state {:?},\n  found {:?}", a.state, b.state));
        }
        // The cost of instantiation differs between the engines. The second one also charges code
        // up to a trap, of which a call that returns contains some if a host function has called
        // it. A charge that only the first engine makes can only lower what the second one spends.
        let costs_more = prices.more || !a.host.is_empty();
        if index > 0
            && let (End::Returned(_), Some(expected), Some(found)) = (&a.end, a.fuel, b.fuel)
            && (found < expected && !prices.less || found > expected && !costs_more)
        {
            return Some(format!("{at}: fuel {expected}, found {found}"));
        }
    }
    None
}

/// Fuel for each call.
pub const FUEL: u64 = 20_000;

/// Maximum number of frames of a backtrace that are compared.
pub const FRAMES: usize = 300;

/// Maximum number of host calls of a step that are compared.
pub const HOST_CALLS: usize = 60;
