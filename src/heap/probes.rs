//! The log of the probes in a store's code: see `ProbeSet`.

use super::store::StoreInner;
use crate::ids::{FuncIndex, InstanceIndex, MemoryIndex};
use core::ops::Range;

/// The bytes that are watched, and the last event at a probe.
#[derive(Clone, Debug, Default)]
pub struct ProbeLog {
    /// The memory and the bytes that are watched.
    watched: Option<(MemoryIndex, Range<u64>)>,
    /// The host function whose calls are events.
    called: Option<FuncIndex>,
    /// Number of units of fuel before which events are recorded.
    before: u64,
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
    /// Records an event, if it is not too late.
    pub fn record(&mut self, event: ProbeEvent) {
        if event.spent < self.before {
            self.last = Some(event);
        }
    }

    /// Returns the last event that was recorded.
    pub fn last(&self) -> Option<ProbeEvent> {
        self.last
    }
}

impl StoreInner {
    /// Forgets what probes have seen, and records events before `before` units of fuel are spent. If
    /// bytes of a memory are given, writes to them are events; and if a host function is, its calls are.
    pub fn set_probes(
        &mut self,
        watched: Option<(MemoryIndex, Range<u64>)>,
        called: Option<FuncIndex>,
        before: u64,
    ) {
        let bytes = watched.as_ref().map_or(0..0, |(_, bytes)| bytes.clone());
        self.stacks.watch(bytes);
        self.probes = ProbeLog {
            watched,
            called,
            before,
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
        let Some((of, watched)) = &self.probes.watched else {
            return;
        };
        let end = address.saturating_add(size);
        if *of == memory
            && address < watched.end
            && end > watched.start
            && end <= self.memory(memory).byte_size() as u64
        {
            self.probes.record(event);
        }
    }
}
