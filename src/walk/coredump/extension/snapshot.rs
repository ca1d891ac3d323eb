//! The parts that only snapshots have: a dump with them can be restored and go on.

use super::Value;
use alloc::string::String;
use alloc::vec::Vec;

/// The part of a snapshot that ordinary dumps do not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The stack numbers that were given out, from 1 on.
    pub numbers: Vec<StackNumber>,
    /// The free stack numbers. The last one is taken first.
    pub free: Vec<u32>,
    /// The rest of each stack of [`CoreDump::stacks`](crate::CoreDump::stacks).
    pub stacks: Vec<StackRest>,
    /// The waits at addresses of memories, in the order in which they began.
    pub waits: Vec<Wait>,
    /// The names of executions, in the order in which they were given.
    pub names: Vec<ExecutionName>,
    /// Fuel that was spent beyond what there was.
    pub debt: u64,
    /// All fuel that was spent.
    pub spent: u64,
    /// Number of increments of the epoch until the deadline.
    pub epoch: u64,
    /// The names of the host functions, as modules import them.
    pub host_functions: Vec<HostFunction>,
    /// The number of the next host value.
    pub next_value: u32,
    /// The host values.
    pub host_values: Vec<HostValue>,
    /// The values in slots of frames that are neither locals nor operands.
    pub hidden: Vec<Hidden>,
    /// The elements of segments whose expressions create objects, of those that were not dropped.
    pub segments: Vec<Segment>,
    /// The exception of an error that the host has not taken yet.
    pub pending: Option<Value>,
    /// The embedder's data.
    pub data: Vec<u8>,
}

/// A stack number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackNumber {
    /// Use of the number.
    pub state: NumberState,
    /// Revision of the next reference.
    pub revision: u32,
}

/// Use of a stack number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum NumberState {
    /// A stack has the number.
    Used = 0,
    /// The next new stack may get the number.
    Free = 1,
    /// No stack gets the number again.
    Retired = 2,
}

/// The part of a stack that ordinary dumps do not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackRest {
    /// Revision of the first reference.
    pub first_revision: u32,
    /// Place of the youngest frame, beyond its position.
    pub place: Place,
    /// Source of the results without which the stack cannot continue.
    pub awaits: Awaits,
    /// True if a host function was called in place of a function of another instance than that of the
    /// youngest frame.
    pub crosses: bool,
    /// The instance to which the oldest frame returns, although the host or a continuation is below
    /// it; for a continuation of a host function, the instance that has created it.
    pub base: Option<u32>,
    /// The tags that the host handles.
    pub handles: Vec<u32>,
    /// True if the execution was suspended because no fuel was left.
    pub out_of_fuel: bool,
    /// Number of increments of the epoch from the continuation to the next deadline, if the last one
    /// has suspended the execution.
    pub yielded: Option<u64>,
}

/// The place of a frame at its instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Place {
    /// The place that the frame's position gives.
    Usual = 0,
    /// At the function's entry.
    Entry = 1,
    /// Behind the announcement of the first access of the instruction.
    FirstAccess = 2,
    /// Behind the announcement of the second access of the instruction.
    SecondAccess = 3,
}

/// Source of the results that a stack waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaits {
    /// The stack does not wait for results of the host.
    Nothing,
    /// The host function of this index.
    Host(u32),
    /// The tag of this index, which the host handles.
    Tag(u32),
}

/// A wait at an address of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Number of the stack.
    pub stack: u32,
    /// The memory.
    pub memory: u32,
    /// The address.
    pub address: u64,
    /// The state of the wait.
    pub state: WaitState,
}

/// The state of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum WaitState {
    /// Nothing has ended it.
    Waiting = 0,
    /// A notification has ended it.
    Woken = 1,
    /// Its timeout has ended it.
    TimedOut = 2,
}

/// The name of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionName {
    /// Number of the execution's stack.
    pub stack: u32,
    /// The name.
    pub name: String,
}

/// A host function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFunction {
    /// Index of the function.
    pub function: u32,
    /// The module's part of the name.
    pub module: String,
    /// The other part.
    pub name: String,
}

/// A host value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostValue {
    /// The number in references.
    pub number: u32,
    /// The value, as the embedder has written it.
    pub bytes: Vec<u8>,
}

/// The elements of a segment whose expressions create objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The instance.
    pub instance: u32,
    /// The segment's index in the instance's module.
    pub segment: u32,
    /// The elements.
    pub elements: Vec<Value>,
}

/// Values of a frame that are neither locals nor operands: the exceptions of the legacy catch parts
/// around the instruction; the array that the instruction creates, and the number of its filled
/// elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The thread, as an index into [`CoreDump::threads`](crate::CoreDump::threads).
    pub thread: u32,
    /// The frame's index in the thread.
    pub frame: u32,
    /// The values.
    pub values: Vec<Value>,
}
