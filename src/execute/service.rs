//! Services: the ops that the driver carries out, because they may allocate, call the
//! embedder, or change other parts of the store.

use super::bulk::{self, Progress};
use super::cell::Cell;
use super::object_service;
use super::observed::Access;
use super::regs::{Regs, Step};
use super::switching;
use super::waiting::{self, WaitOperands};
use crate::code::cells::*;
use crate::code::{
    At, FarSlot, FieldType, HandlerAddress, ModuleData, ModuleElements, ModuleFunc, ModuleMemory,
    ModuleTable, ModuleTag, Op, Trap,
};
use crate::heap::{Failure, FuncRef, ProbeEvent, ProbeWriter, StoreInner};
use crate::ids::{ExnIndex, InstanceIndex, MemoryIndex, ObjectRef, TableIndex};
use crate::stack::{Context, Exit};
use crate::support::vector::Level;
use core::marker::PhantomData;

/// The cells of an op that the driver carries out.
pub struct ServiceCell<C>(PhantomData<C>);

impl<C: Row> Cell for ServiceCell<C> {
    const WORDS: usize = C::WORDS;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X2.
        unsafe {
            (*r.ctx).service = C::OP as u16;
            r.exit(Exit::Service)
        }
    }
}

/// The operands of a service, in consecutive slots.
pub(super) struct Operands {
    pub(super) slots: *mut u64,
}

impl Operands {
    /// Returns an operand.
    pub fn get(&self, index: usize) -> u64 {
        // SAFETY: X1, S1: the cell's operands stand in consecutive slots of the frame.
        unsafe { *self.slots.add(index) }
    }

    /// Writes the result, which takes the first operand's slot.
    fn set(&self, value: u64) {
        self.put(0, value);
    }

    /// Replaces an operand.
    pub fn put(&self, index: usize, value: u64) {
        // SAFETY: as above; nothing else has an operand's slot.
        unsafe { *self.slots.add(index) = value }
    }
}

/// The cell of a service that running code has left.
pub(super) struct ServiceCall<'a> {
    pub(super) store: &'a mut StoreInner,
    pub(super) instance: InstanceIndex,
    r: Regs,
}

impl ServiceCall<'_> {
    /// Reads a field of the cell, which is one of `C`.
    pub(super) fn get<C, T: FieldType>(&self, at: At<C, T>) -> T {
        // SAFETY: X1: `ip` is the address of the cell, and `serve` matches its op.
        unsafe { self.r.get(at) }
    }

    /// Returns the operands, from the slot on that a field names.
    pub(super) fn operands<C>(&self, at: At<C, FarSlot>) -> Operands {
        // SAFETY: X1, S1: the operands lie within the frame.
        let slots = unsafe { self.r.far_slot(at) };
        Operands { slots }
    }

    /// Puts a new object into the first operand's slot and into the accumulator, as handlers do.
    pub(super) fn created(&self, operands: &Operands, object: ObjectRef) {
        let bits = u64::from(object.0);
        operands.set(bits);
        // SAFETY: X2; no handler runs.
        unsafe { (*self.r.ctx).acc = bits };
    }

    /// Returns the index in the store of the memory that a field names.
    fn memory<C>(&self, at: At<C, ModuleMemory>) -> MemoryIndex {
        self.store.instance(self.instance).parts().memories[self.get(at).0 as usize]
    }

    /// Returns the index in the store of memory 0.
    fn memory0(&self) -> MemoryIndex {
        self.store.instance(self.instance).parts().memories[0]
    }

    /// Returns the index in the store of the table that a field names.
    fn table<C>(&self, at: At<C, ModuleTable>) -> TableIndex {
        self.store.instance(self.instance).parts().tables[self.get(at).0 as usize]
    }
}

/// Carries out the service at `ctx.ip`, or a piece of it, and continues behind it once it is
/// done. If it throws, its cell is the one that running code has left.
///
/// # Safety
///
/// X1, X2: `ctx` is the store's, and code has left it with [`Exit::Service`].
pub(super) unsafe fn serve(store: &mut StoreInner, ctx: *mut Context) -> Result<Progress, Failure> {
    // SAFETY: X1, X2: the cell at `ip` is one of the service's op.
    let (op, instance, r) = unsafe {
        let op = Op::new((*ctx).service);
        (op, (*(*ctx).instance).index, Regs::restore(ctx))
    };
    let progress = carry_out(op, ServiceCall { store, instance, r })?;
    if matches!(
        progress,
        Progress::Done | Progress::Entered | Progress::Accessing(_)
    ) {
        // SAFETY: X1: another cell follows.
        unsafe { (*ctx).ip = (*ctx).ip.add(op.only().words()) };
    }
    Ok(progress)
}

/// Returns whether the driver polls before a service: its work depends on the size of a memory or
/// table, or it waits.
pub(super) fn is_polled(op: Op) -> bool {
    matches!(
        op,
        Op::MemoryGrow
            | Op::MemoryCopy
            | Op::MemoryFill
            | Op::MemoryCopyMetered
            | Op::MemoryFillMetered
            | Op::MemoryCopyAny
            | Op::MemoryFillAny
            | Op::MemoryInit
            | Op::TableGrow
            | Op::TableFill
            | Op::TableCopy
            | Op::TableInit
            | Op::MemoryAtomicWait32
            | Op::MemoryAtomicWait64
            | Op::ArrayNewRest
            | Op::ArrayNewDataRest
            | Op::ArrayNewElemRest
            | Op::ArrayFill
            | Op::ArrayCopy
            | Op::ArrayInitData
            | Op::ArrayInitElem
    )
}

fn carry_out(op: Op, call: ServiceCall<'_>) -> Result<Progress, Failure> {
    match op {
        Op::MemoryGrow => {
            let operands = call.operands(MemoryGrow::operands);
            let memory = call.memory(MemoryGrow::memory);
            let is_64 = call.store.memory(memory).ty().memory64;
            let grown = bulk::grow_memory(call.store, memory, operands.get(0))?;
            operands.set(grown.unwrap_or(minus_one(is_64)));
        }
        Op::MemoryCopy => {
            let (memory, operands) = (call.memory0(), call.operands(MemoryCopy::operands));
            return bulk::copy_memory(call.store, memory, memory, &operands);
        }
        Op::MemoryFill => {
            let (memory, operands) = (call.memory0(), call.operands(MemoryFill::operands));
            return bulk::fill_memory(call.store, memory, &operands);
        }
        Op::MemoryCopyMetered => {
            let memory = call.memory0();
            let operands = call.operands(MemoryCopyMetered::operands);
            return bulk::copy_memory(call.store, memory, memory, &operands);
        }
        Op::MemoryFillMetered => {
            let memory = call.memory0();
            let operands = call.operands(MemoryFillMetered::operands);
            return bulk::fill_memory(call.store, memory, &operands);
        }
        Op::MemoryCopyAny => {
            let operands = call.operands(MemoryCopyAny::operands);
            let to = call.memory(MemoryCopyAny::to);
            let from = call.memory(MemoryCopyAny::from);
            return bulk::copy_memory(call.store, to, from, &operands);
        }
        Op::MemoryFillAny => {
            let operands = call.operands(MemoryFillAny::operands);
            let memory = call.memory(MemoryFillAny::memory);
            return bulk::fill_memory(call.store, memory, &operands);
        }
        Op::MemoryInit => {
            let operands = call.operands(MemoryInit::operands);
            let memory = call.memory(MemoryInit::memory);
            let ModuleData(segment) = call.get(MemoryInit::data);
            return bulk::init_memory(call.store, call.instance, memory, segment, &operands);
        }
        Op::ObserveAccess => {
            let base = call.operands(ObserveAccess::address).get(0);
            return Ok(Progress::Accessing(Access {
                memory: call.memory(ObserveAccess::memory),
                address: base.saturating_add(call.get(ObserveAccess::offset)),
                size: call.get(ObserveAccess::size).into(),
                kind: call.get(ObserveAccess::kind),
            }));
        }
        Op::ObserveRun => {
            return Ok(Progress::Accessing(Access {
                memory: call.memory(ObserveRun::memory),
                address: call.operands(ObserveRun::address).get(0),
                size: call.operands(ObserveRun::size).get(0),
                kind: call.get(ObserveRun::kind),
            }));
        }
        Op::ProbeStore => {
            let base = call.operands(ProbeStore::address).get(0);
            let access = Access {
                memory: call.memory(ProbeStore::memory),
                address: base.saturating_add(call.get(ProbeStore::offset)),
                size: call.get(ProbeStore::size).into(),
                kind: call.get(ProbeStore::kind),
            };
            return Ok(watch(call.store, access, call.get(ProbeStore::cost)));
        }
        Op::ProbeRun => {
            let access = Access {
                memory: call.memory(ProbeRun::memory),
                address: call.operands(ProbeRun::address).get(0),
                size: call.operands(ProbeRun::size).get(0),
                kind: call.get(ProbeRun::kind),
            };
            return Ok(watch(call.store, access, call.get(ProbeRun::cost)));
        }
        Op::ProbeEntry => return Ok(Progress::Entered),
        Op::ProbeStop => {
            let offset = call.get(ProbeStop::offset);
            if call.store.stops_at(call.instance, offset) {
                return Ok(Progress::Stopped);
            }
        }
        Op::ProbeOnce => {
            let offset = call.get(ProbeOnce::offset);
            call.store.note_execution(call.instance, offset);
            const { assert!(<ProbeOnce as Row>::WORDS == <ProbePast as Row>::WORDS) };
            let past =
                call.store.engine().handlers.handlers[Op::ProbePast.only().number() as usize];
            // SAFETY: X1; the cell is in the store's own code, and its fields are those of the other one.
            unsafe { *call.r.ip.cast::<HandlerAddress>().cast_mut() = past };
        }
        Op::ProbePlace => {
            let event = probe_event(call.store, call.get(ProbePlace::cost));
            call.store.probes.record(event);
        }
        Op::DataDrop => {
            let ModuleData(segment) = call.get(DataDrop::data);
            call.store.instance_mut(call.instance).drop_data(segment);
        }
        Op::MemoryAtomicNotify => {
            let operands = call.operands(MemoryAtomicNotify::operands);
            let memory = call.memory(MemoryAtomicNotify::memory);
            let offset = call.get(MemoryAtomicNotify::offset);
            let (base, count) = (operands.get(0), operands.get(1) as u32);
            let memory = call.store.memory(memory);
            let woken = waiting::notify(memory, base, offset, count);
            operands.set(woken.map_err(Failure::Trap)?.into());
        }
        Op::MemoryAtomicWait32 => {
            let operands = call.operands(MemoryAtomicWait32::operands);
            let memory = call.memory(MemoryAtomicWait32::memory);
            let offset = call.get(MemoryAtomicWait32::offset);
            return wait(call.store, memory, offset, 4, &operands);
        }
        Op::MemoryAtomicWait64 => {
            let operands = call.operands(MemoryAtomicWait64::operands);
            let memory = call.memory(MemoryAtomicWait64::memory);
            let offset = call.get(MemoryAtomicWait64::offset);
            return wait(call.store, memory, offset, 8, &operands);
        }
        Op::TableGrow => {
            let operands = call.operands(TableGrow::operands);
            let table = call.table(TableGrow::table);
            let is_64 = call.store.table(table).ty().table64;
            let (init, delta) = (operands.get(0), operands.get(1));
            let grown = bulk::grow_table(call.store, table, delta, init)?;
            operands.set(grown.unwrap_or(minus_one(is_64)));
        }
        Op::TableFill => {
            let operands = call.operands(TableFill::operands);
            let table = call.table(TableFill::table);
            return bulk::fill_table(call.store, table, &operands);
        }
        Op::TableCopy => {
            let operands = call.operands(TableCopy::operands);
            let (to, from) = (call.table(TableCopy::to), call.table(TableCopy::from));
            return bulk::copy_table(call.store, to, from, &operands);
        }
        Op::TableInit => {
            let operands = call.operands(TableInit::operands);
            let table = call.table(TableInit::table);
            let ModuleElements(segment) = call.get(TableInit::elements);
            return bulk::init_table(call.store, call.instance, table, segment, &operands);
        }
        Op::ElemDrop => {
            let ModuleElements(segment) = call.get(ElemDrop::elements);
            call.store.instance_mut(call.instance).drop_element(segment);
        }
        Op::RefFunc => {
            let ModuleFunc(function) = call.get(RefFunc::function);
            let function = call.store.instance_func(call.instance, function);
            let operands = call.operands(RefFunc::operands);
            operands.set(u64::from(FuncRef::new(function).0));
        }
        Op::Throw => {
            let operands = call.operands(Throw::operands);
            let ModuleTag(tag) = call.get(Throw::tag);
            let tag = call.store.instance(call.instance).parts().tags[tag as usize];
            let payload = (0..call.store.tag(tag).payload_slots()).map(|index| operands.get(index));
            return Err(match call.store.add_exception(tag, payload) {
                Ok(exception) => Failure::Exception(exception),
                Err(_) => Failure::Trap(Trap::AllocationTooLarge),
            });
        }
        Op::ThrowRef => {
            let reference = call.operands(ThrowRef::operands).get(0);
            let exception = (reference as u32).checked_sub(1).map(ExnIndex);
            return Err(exception.map_or(Failure::Trap(Trap::NullReference), Failure::Exception));
        }
        Op::IndirectCallee => {
            let index = call.operands(IndirectCallee::index);
            let ty = call.get(IndirectCallee::ty);
            let table = call.store.table(call.table(IndirectCallee::table));
            let element = table.get(index.get(0) as usize);
            let callee = element.and_then(|bits| FuncRef(bits as u32).get());
            let types = &call.store.engine().types;
            let fits = callee
                .is_some_and(|callee| types.is_declared_subtype(call.store.func(callee).ty, ty));
            match callee.filter(|_| fits) {
                Some(callee) => index.set(u64::from(FuncRef::new(callee).0)),
                None => return Err(Failure::Trap(Trap::BadSignature)),
            }
        }
        Op::ContNew => {
            let operands = call.operands(ContNew::operands);
            operands.set(switching::make(call.store, operands.get(0))?);
        }
        Op::ContBind => {
            let operands = call.operands(ContBind::operands);
            let (ty, count) = (call.get(ContBind::ty), call.get(ContBind::count) as usize);
            // SAFETY: X2: the reference follows the values.
            let bound = unsafe { switching::bind(call.store, ty, operands.slots, count)? };
            operands.set(bound);
        }
        other => return object_service::carry_out(other, call),
    }
    Ok(Progress::Done)
}

/// Stops the program before an access to bytes that are watched, or records it. The code before it has
/// used `cost` that is not charged yet.
fn watch(store: &mut StoreInner, access: Access, cost: u32) -> Progress {
    let Access {
        memory,
        address,
        size,
        kind,
    } = access;
    if store.stops_before(memory, address, size, kind) {
        return Progress::Watched(access);
    }
    let event = probe_event(store, cost);
    store.probe_write(memory, address, size, event);
    Progress::Done
}

/// Returns the event of the instruction after a probe. The code before it has used `cost` that is
/// not charged yet.
fn probe_event(store: &StoreInner, cost: u32) -> ProbeEvent {
    ProbeEvent {
        spent: store.stacks.fuel_spent() + u64::from(cost),
        writer: ProbeWriter::Instruction,
    }
}

/// Waits for a value of `size` bytes in memory.
fn wait(
    store: &mut StoreInner,
    memory: MemoryIndex,
    offset: u64,
    size: u64,
    operands: &Operands,
) -> Result<Progress, Failure> {
    let request = WaitOperands {
        memory,
        base: operands.get(0),
        offset,
        size,
        expected: operands.get(1),
        timeout: operands.get(2).cast_signed(),
    };
    match waiting::wait(store, &request).map_err(Failure::Trap)? {
        Ok(result) => {
            operands.set(result);
            Ok(Progress::Done)
        }
        Err(wait) => Ok(Progress::Waiting(wait)),
    }
}

/// Returns the result of a `memory.grow` or `table.grow` that failed.
fn minus_one(is_64: bool) -> u64 {
    if is_64 { u64::MAX } else { u64::from(u32::MAX) }
}
