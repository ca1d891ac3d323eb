//! Observable behaviour of a program.

/// Observable behaviour of a program in all of its steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    pub steps: Vec<Step>,
}

/// One call of an exported step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub end: End,
    /// Logged numbers.
    pub log: Vec<i32>,
    /// Codes of the ends of calls that the host caught ([`End::code`]).
    pub caught: Vec<i32>,
    /// Globals of each instance.
    pub globals: Vec<Vec<Seen>>,
    /// Tables of each instance.
    pub tables: Vec<Vec<Seen>>,
    /// Hash of the memories.
    pub memory: u64,
}

/// End of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    Returned(Vec<Seen>),
    /// Name of the trap, as in Wasmtime's `Trap`.
    Trap(String),
    /// Number of the tag, and the payload.
    Exception(usize, Vec<Seen>),
    /// Exit that the host requested.
    Exit(i32),
    /// Any other error.
    Failed(String),
}

impl End {
    /// Returns the number that the host function which caught this end passes to WebAssembly.
    pub fn code(&self) -> i32 {
        match self {
            End::Returned(_) => 0,
            End::Trap(name) => 10_000 + name.bytes().map(i32::from).sum::<i32>(),
            End::Exception(tag, values) => 1_000 + *tag as i32 * 16 + values.len() as i32,
            End::Exit(_) | End::Failed(_) => -1,
        }
    }
}

/// A value, as far as it can be compared.
#[derive(Clone, Copy, PartialEq)]
pub enum Seen {
    Number(i64),
    Null,
    Reference,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Seen::Number(number) => write!(f, "{number}"),
            Seen::Null => f.write_str("null"),
            Seen::Reference => f.write_str("ref"),
        }
    }
}

/// Error with which the host ends a program.
#[derive(Debug)]
pub struct Exit(pub i32);

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit with {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// Names of the instances, in the order of observations.
pub const INSTANCES: [&str; 3] = ["a", "b", "main"];

/// Number of bytes of each memory that are compared.
pub const BYTES: usize = 512;

/// Returns a hash of bytes (FNV-1a).
pub fn hash(seed: u64, bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}
