//! The log of the probes in a store's code: see `ProbeSet`.

use super::store::StoreInner;
use crate::ids::{FuncIndex, InstanceIndex, MemoryIndex};
use alloc::vec::Vec;
use core::ops::Range;

/// The bytes that are watched, and the last event at a probe.
#[derive(Clone, Debug, Default)]
pub struct ProbeLog {
    /// The bytes of memories that are watched.
    watched: Vec<(MemoryIndex, Range<u64>)>,
    /// The host function whose calls are events.
    called: Option<FuncIndex>,
    /// Numbers of units of fuel that are spent before the events that are recorded.
    spent: Range<u64>,
    first: Option<ProbeEvent>,
    last: Option<ProbeEvent>,
}

/// An event at a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeEvent {
    /// The fuel that was spent before the instruction.
    pub spent: u64,
    /// The writer, or the host function that is called.
    pub writer: ProbeWriter,
}

/// The cause of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeWriter {
    /// The instruction that has the probe.
    Instruction,
    /// A host function, or the host between two calls.
    Host(Option<FuncIndex>),
    /// The instantiation of a module, which writes its active data segments. This is the segment's
    /// index.
    Data(InstanceIndex, u32),
}

impl ProbeLog {
    /// Records an event, if it is neither too early nor too late.
    pub fn record(&mut self, event: ProbeEvent) {
        if self.spent.contains(&event.spent) {
            self.first.get_or_insert(event);
            self.last = Some(event);
        }
    }

    /// Returns the first event that was recorded.
    pub fn first(&self) -> Option<ProbeEvent> {
        self.first
    }

    /// Returns the last event that was recorded.
    pub fn last(&self) -> Option<ProbeEvent> {
        self.last
    }
}

impl StoreInner {
    /// Forgets what probes have seen, and records events before which a number of units of fuel in
    /// `spent` is spent. Writes to the given bytes of memories are events; and if a host function is
    /// given, its calls are.
    pub fn set_probes(
        &mut self,
        watched: Vec<(MemoryIndex, Range<u64>)>,
        called: Option<FuncIndex>,
        spent: Range<u64>,
    ) {
        let start = watched.iter().map(|(_, bytes)| bytes.start).min();
        let end = watched.iter().map(|(_, bytes)| bytes.end).max();
        self.stacks.watch(start.unwrap_or(0)..end.unwrap_or(0));
        self.probes = ProbeLog {
            watched,
            called,
            spent,
            first: None,
            last: None,
        };
    }

    /// Records a call of a host function, if its calls are events.
    pub fn probe_call(&mut self, function: FuncIndex, event: ProbeEvent) {
        if self.probes.called == Some(function) {
            self.probes.record(event);
        }
    }

    /// Records a write of `size` bytes to a memory, if they are watched and in bounds: other writes
    /// trap.
    pub fn probe_write(&mut self, memory: MemoryIndex, address: u64, size: u64, event: ProbeEvent) {
        let end = address.saturating_add(size);
        let mut watched = self.probes.watched.iter();
        let is_watched =
            watched.any(|(of, bytes)| *of == memory && address < bytes.end && end > bytes.start);
        if is_watched && end <= self.memory(memory).byte_size() as u64 {
            self.probes.record(event);
        }
    }
}
