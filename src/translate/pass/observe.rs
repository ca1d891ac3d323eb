//! Cells that announce accesses to shared memories, if the engine's configuration requires them.
//!
//! Such a cell stands before the cells of the instruction that performs the access, and belongs to
//! the same instruction. All operands are in slots there, as the program can be suspended.
//!
//! `atomic.fence` is not announced: it accesses no memory, and the threads of a store run one at a
//! time, so nothing happens at a fence that another thread could see.

use super::access::{Access, Size};
use super::accesses::access_of;
use super::frame::far;
use super::function::Function;
use super::operand::Location;
use crate::code::cells::{ObserveAccess, ObserveRun};
use crate::code::{AccessKind, Family, ModuleMemory, Op};
use wasmparser::MemArg;

/// Announces the accesses of an instruction, whose immediates follow their names.
macro_rules! observe {
    ($f:ident MemoryFill [$mem:ident] $memory:ident) => {
        $f.observe_runs(&[($memory, 2, $crate::code::AccessKind::Store)])
    };
    ($f:ident MemoryInit [$data:ident $mem:ident] $segment:ident $memory:ident) => {
        $f.observe_runs(&[($memory, 2, $crate::code::AccessKind::Store)])
    };
    ($f:ident MemoryCopy [$dst:ident $src:ident] $to:ident $from:ident) => {
        $f.observe_runs(&[
            ($from, 1, $crate::code::AccessKind::Load),
            ($to, 2, $crate::code::AccessKind::Store),
        ])
    };
    ($f:ident $op:ident [memarg] $arg:ident) => {
        if let Some((op, _)) = const { $crate::translate::pass::operators::op_of(stringify!($op)) }
        {
            $f.observe_access(op, &$arg);
        }
    };
    ($f:ident $op:ident [memarg lane] $arg:ident $lane:ident) => {
        if let Some(lanes) =
            const { $crate::translate::pass::vector::LaneAccess::of(stringify!($op)) }
        {
            $f.observe_lane(&lanes, &$arg);
        }
    };
    ($f:ident $op:ident [$($name:ident)*] $($immediate:ident)*) => {};
}

pub(super) use observe;

/// Returns the kind of access that an op performs.
fn kind_of(op: Op) -> AccessKind {
    match op {
        Op::MemoryAtomicNotify => return AccessKind::Notify,
        Op::MemoryAtomicWait32 | Op::MemoryAtomicWait64 => return AccessKind::Wait,
        _ => {}
    }
    match op.family() {
        Family::Load => AccessKind::Load,
        Family::AtomicLoad => AccessKind::AtomicLoad,
        Family::AtomicStore => AccessKind::AtomicStore,
        Family::AtomicUpdate | Family::AtomicExchange => AccessKind::AtomicUpdate,
        _ => AccessKind::Store,
    }
}

impl Function<'_> {
    /// Returns whether accesses to a memory are announced.
    fn is_observed(&self, memory: u32) -> bool {
        self.tunables.observe_accesses && self.module.memories[memory as usize].shared
    }

    /// Announces the access of an instruction that `op` carries out.
    #[inline]
    pub fn observe_access(&mut self, op: Op, memarg: &MemArg) {
        if self.tunables.observe_accesses || self.probes.is_some() {
            self.observe_op(op, memarg);
        }
    }

    #[cold]
    fn observe_op(&mut self, op: Op, memarg: &MemArg) {
        if let Some(access) = access_of(op, memarg) {
            self.observe(&access, kind_of(op));
        }
    }

    /// Announces the access of an instruction on a lane.
    #[cfg_attr(
        not(feature = "simd"),
        allow(
            dead_code,
            reason = "used if another crate turns the reader's vectors on"
        )
    )]
    pub fn observe_lane(&mut self, lanes: &super::vector::LaneAccess, memarg: &MemArg) {
        let kind = match lanes.stores() {
            true => AccessKind::Store,
            false => AccessKind::Load,
        };
        let access = Access {
            memory: super::memory::memory_of(memarg),
            address: 1,
            offset: memarg.offset,
            size: Size::Bytes(lanes.size()),
        };
        self.observe(&access, kind);
    }

    /// Announces the accesses of a bulk operation: the memory and the address of each, as an
    /// operand counted from the topmost one, which is the number of bytes.
    pub fn observe_runs(&mut self, runs: &[(u32, u32, AccessKind)]) {
        for &(memory, address, kind) in runs {
            let access = Access {
                memory,
                address,
                offset: 0,
                size: Size::Operand(0),
            };
            self.observe(&access, kind);
        }
    }

    fn observe(&mut self, access: &Access, kind: AccessKind) {
        if self.probes_access(kind) {
            self.probe_access(access, kind);
        }
        if !self.is_observed(access.memory) {
            return;
        }
        let address = self.height_of(access.address);
        self.settle_for_observer(address);
        let slot = |height| far(self.values.frame.temp(height));
        let (address, memory) = (slot(address), ModuleMemory(access.memory));
        match access.size {
            Size::Bytes(size) => self.values.assembler.emit(ObserveAccess {
                address,
                memory,
                size: size as u32,
                kind,
                offset: access.offset,
            }),
            Size::Operand(operand) => {
                let size = slot(self.height_of(operand));
                self.values.assembler.emit(ObserveRun {
                    address,
                    size,
                    memory,
                    kind,
                })
            }
        };
        if let Some(mapping) = &mut self.mapping {
            mapping.announced(&self.values);
        }
    }

    /// Returns the height of an operand, counted from the topmost one, which is 0.
    pub(super) fn height_of(&self, operand: u32) -> u32 {
        let mut height = self.values.height();
        for _ in 0..=operand {
            height -= 1;
            while self.values.operand(height).location == Location::Upper {
                height -= 1;
            }
        }
        height
    }
}
