//! What a run of a program showed, in terms that both engines share.

use std::fmt;

/// What a program did, from its instantiation through all calls.
#[derive(Debug, PartialEq)]
pub struct Observation {
    /// The instantiation, and the calls.
    pub steps: Vec<Step>,
}

/// One call.
#[derive(Debug, PartialEq)]
pub struct Step {
    /// The name of what was called.
    pub name: String,
    /// How it ended.
    pub end: End,
    /// What the host functions saw that it called.
    pub host: Vec<HostCall>,
    /// The fuel spent.
    pub fuel: Option<u64>,
    /// What everything holds afterwards.
    pub state: State,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// With these results.
    Returned(Vec<Value>),
    /// With a trap.
    Trapped {
        /// The trap's name.
        trap: String,
        /// Where.
        frames: Vec<Frame>,
    },
    /// With an exception of this payload that nothing has caught.
    Threw(Vec<Value>),
    /// With an error of the host's.
    Failed {
        /// What it says.
        message: String,
        /// Where.
        frames: Vec<Frame>,
    },
}

impl End {
    /// Whether the trap of that name was the end.
    pub fn is_trap(&self, name: &str) -> bool {
        matches!(self, End::Trapped { trap, .. } if trap == name)
    }

    /// Whether what comes after it is not to be compared: a stack overflow happens at a
    /// depth that is each engine's own, and so much may have happened before the fuel
    /// ends.
    pub fn ends_comparison(&self) -> bool {
        self.is_trap("StackOverflow") || self.is_trap("OutOfFuel")
    }
}

/// A frame of a backtrace.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The function's index.
    pub function: u32,
    /// The instruction's offset in the module.
    pub offset: Option<usize>,
}

/// A call of a host function.
#[derive(Clone, Debug, PartialEq)]
pub struct HostCall {
    /// The function's name.
    pub name: String,
    /// Its arguments.
    pub arguments: Vec<Value>,
    /// Its callers.
    pub frames: Vec<Frame>,
}

/// A value.
#[derive(Clone, Copy, PartialEq)]
pub enum Value {
    /// A number of 32 bits.
    Bits32(u32),
    /// A number of 64 bits.
    Bits64(u64),
    /// A null reference.
    Null,
    /// A reference.
    Reference,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bits32(bits) => write!(f, "{bits:#x}"),
            Value::Bits64(bits) => write!(f, "{bits:#x}_64"),
            Value::Null => f.write_str("null"),
            Value::Reference => f.write_str("reference"),
        }
    }
}

/// What the exported memories, globals and tables hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The size in bytes and a hash of each memory.
    pub memories: Vec<(usize, u64)>,
    /// The values of globals.
    pub globals: Vec<Value>,
    /// The elements of tables.
    pub tables: Vec<(u64, Vec<Value>)>,
}

/// A hash of bytes (FNV-1a, by words).
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

/// Where two observations differ first, in words; nothing where they agree.
///
/// Where the fuel ends may be noticed a little later in the second, even after the call's
/// end: then nothing else of that call can be compared.
pub fn difference(expected: &Observation, found: &Observation) -> Option<String> {
    for (index, (a, b)) in expected.steps.iter().zip(&found.steps).enumerate() {
        let at = format!("step {index}, {}", a.name);
        if a.name != b.name {
            return Some(format!("{at}: the other did {}", b.name));
        }
        if [&a.end, &b.end]
            .iter()
            .any(|end| end.is_trap("StackOverflow"))
        {
            return None;
        }
        let starved = |step: &Step| step.end.is_trap("OutOfFuel");
        // Wasmtime charges for segments, too.
        let later = index == 0 || b.fuel.is_none_or(|spent| spent >= FUEL);
        if starved(a) && (starved(b) || later) {
            return None;
        }
        if a.end != b.end {
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
        // What the instantiation itself costs is each engine's own.
        if index > 0
            && let (End::Returned(_), Some(expected), Some(found)) = (&a.end, a.fuel, b.fuel)
            && expected != found
        {
            return Some(format!("{at}: fuel {expected}, found {found}"));
        }
    }
    None
}

/// The fuel of each call.
pub const FUEL: u64 = 20_000;

/// How many frames of a backtrace are compared.
pub const FRAMES: usize = 300;

/// How many calls of host functions of a step are compared.
pub const HOST_CALLS: usize = 60;
