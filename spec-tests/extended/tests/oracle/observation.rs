//! What a run of a program shows.

/// What came of a program's steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    pub steps: Vec<Step>,
}

/// One call of an exported step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub end: End,
    /// What was logged.
    pub log: Vec<i32>,
    /// How the calls ended that the host caught, by their codes.
    pub caught: Vec<i32>,
    /// What the globals of each instance hold.
    pub globals: Vec<Vec<Seen>>,
    /// What the tables of each instance hold.
    pub tables: Vec<Vec<Seen>>,
    /// A hash of the memories.
    pub memory: u64,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    Returned(Vec<Seen>),
    /// The trap's name, as Wasmtime has it.
    Trap(String),
    /// The tag's number, and the payload.
    Exception(usize, Vec<Seen>),
    /// The host ended it.
    Exit(i32),
    /// In some other way.
    Failed(String),
}

impl End {
    /// What a host function that has caught it gives to WebAssembly.
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

/// The error with which the host ends a program.
#[derive(Debug)]
pub struct Exit(pub i32);

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit with {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// The instances, in the order of observations.
pub const INSTANCES: [&str; 3] = ["a", "b", "main"];

/// So many bytes of each memory are compared.
pub const BYTES: usize = 512;

/// A hash of bytes (FNV-1a).
pub fn hash(seed: u64, bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}
