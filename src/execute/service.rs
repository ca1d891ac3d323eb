//! What the driver does for running code: everything that may allocate, ask the embedder,
//! or change what other parts of the store have.

use super::bulk::{self, Progress};
use super::cell::Cell;
use super::regs::{Regs, Step};
use super::switching;
use crate::code::{Op, Trap};
use crate::heap::{Failure, FuncRef, StoreInner};
use crate::ids::{ExnIndex, InstanceIndex, TypeId};
use crate::stack::{Context, Exit};

/// The cell of a service: leaves running code.
pub struct ServiceCell<const OP: u8>;

impl<const OP: u8> Cell for ServiceCell<OP> {
    const WORDS: usize = Op::new(OP).opcode().words();

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X2.
        unsafe {
            (*r.ctx).service = OP;
            r.exit(Exit::Service)
        }
    }
}

/// The operands of a service.
pub(super) struct Operands {
    slots: *mut u64,
    /// The immediate at byte 12.
    first: u32,
    /// The immediate at byte 16, where the cell has one.
    second: u32,
}

impl Operands {
    pub fn get(&self, index: usize) -> u64 {
        // SAFETY: X1, S1: the cell's operands stand in consecutive slots of the frame.
        unsafe { *self.slots.add(index) }
    }

    fn set(&self, value: u64) {
        // The result takes the first operand's slot.
        self.put(0, value);
    }

    pub fn put(&self, index: usize, value: u64) {
        // SAFETY: as above; nothing else has an operand's slot.
        unsafe { *self.slots.add(index) = value }
    }
}

/// Carries out the service at `ctx.ip`, or a piece of it, and goes on behind it once it is done.
/// Where that throws, it is the cell that code has left.
///
/// # Safety
///
/// X1, X2: `ctx` is the store's, and code has left it with [`Exit::Service`].
pub(super) unsafe fn serve(store: &mut StoreInner, ctx: *mut Context) -> Result<Progress, Failure> {
    // SAFETY: X1, X2: the cell at `ip` is one of the service's op.
    let (op, instance, operands) = unsafe {
        let op = Op::new((*ctx).service);
        let r = Regs::restore(ctx);
        let second = if op.opcode().words() > 2 {
            r.u32_at::<16>()
        } else {
            0
        };
        let operands = Operands {
            slots: r.far_slot::<8>(),
            first: r.u32_at::<12>(),
            second,
        };
        (op, (*(*ctx).instance).index, operands)
    };
    let progress = carry_out(store, instance, op, &operands)?;
    if progress == Progress::Done {
        // SAFETY: X1: another cell follows.
        unsafe { (*ctx).ip = (*ctx).ip.add(op.opcode().words()) };
    }
    Ok(progress)
}

fn carry_out(
    store: &mut StoreInner,
    instance: InstanceIndex,
    op: Op,
    operands: &Operands,
) -> Result<Progress, Failure> {
    let Operands { first, second, .. } = *operands;
    let memory =
        |store: &StoreInner, index: u32| store.instance(instance).parts().memories[index as usize];
    let table =
        |store: &StoreInner, index: u32| store.instance(instance).parts().tables[index as usize];
    match op {
        Op::MemoryGrow => {
            let index = memory(store, first);
            let is_64 = store.memory(index).ty().memory64;
            let grown = store
                .grow_memory(index, operands.get(0))
                .map_err(Failure::Host)?;
            operands.set(grown.unwrap_or(minus_one(is_64)));
        }
        Op::MemoryCopy | Op::MemoryFill => {
            let memory = memory(store, 0);
            return match op {
                Op::MemoryCopy => bulk::copy_memory(store, memory, memory, operands),
                _ => bulk::fill_memory(store, memory, operands),
            };
        }
        Op::MemoryCopyAny => {
            let (to, from) = (memory(store, first), memory(store, second));
            return bulk::copy_memory(store, to, from, operands);
        }
        Op::MemoryFillAny => {
            let memory = memory(store, first);
            return bulk::fill_memory(store, memory, operands);
        }
        Op::MemoryInit => {
            let memory = memory(store, second);
            return bulk::init_memory(store, instance, memory, first, operands);
        }
        Op::DataDrop => store.instance_mut(instance).drop_data(first),
        Op::TableGrow => {
            let index = table(store, first);
            let is_64 = store.table(index).ty().table64;
            let (init, delta) = (operands.get(0), operands.get(1));
            let grown = store
                .grow_table(index, delta, init)
                .map_err(Failure::Host)?;
            operands.set(grown.unwrap_or(minus_one(is_64)));
        }
        Op::TableFill => {
            let table = table(store, first);
            return bulk::fill_table(store, table, operands);
        }
        Op::TableCopy => {
            let (to, from) = (table(store, first), table(store, second));
            return bulk::copy_table(store, to, from, operands);
        }
        Op::TableInit => {
            let table = table(store, second);
            return bulk::init_table(store, instance, table, first, operands);
        }
        Op::ElemDrop => store.instance_mut(instance).drop_element(first),
        Op::RefFunc => {
            let function = store.instance_func(instance, first);
            operands.set(u64::from(FuncRef::new(function).0));
        }
        Op::Throw => {
            let tag = store.instance(instance).parts().tags[first as usize];
            let payload = (0..store.tag(tag).payload_slots()).map(|index| operands.get(index));
            return Err(match store.add_exception(tag, payload) {
                Ok(exception) => Failure::Exception(exception),
                Err(_) => Failure::Trap(Trap::AllocationTooLarge),
            });
        }
        Op::ThrowRef => {
            let exception = (operands.get(0) as u32).checked_sub(1).map(ExnIndex);
            return Err(exception.map_or(Failure::Trap(Trap::NullReference), Failure::Exception));
        }
        Op::IndirectCallee => {
            let element = store
                .table(table(store, first))
                .get(operands.get(0) as usize);
            let callee = element.and_then(|bits| FuncRef(bits as u32).get());
            let types = &store.engine().types;
            let fits = callee.is_some_and(|callee| {
                types.is_declared_subtype(store.func(callee).ty, TypeId(second))
            });
            match callee.filter(|_| fits) {
                Some(callee) => operands.set(u64::from(FuncRef::new(callee).0)),
                None => return Err(Failure::Trap(Trap::BadSignature)),
            }
        }
        Op::ContNew => operands.set(switching::make(store, operands.get(0))?),
        Op::ContBind => {
            let (ty, count) = (TypeId(second), first as usize);
            // SAFETY: X2: the reference follows the values.
            let bound = unsafe { switching::bind(store, ty, operands.slots, count)? };
            operands.set(bound);
        }
        other => unreachable!("{other:?} is no service"),
    }
    Ok(Progress::Done)
}

/// What `memory.grow` and `table.grow` give where they fail.
fn minus_one(is_64: bool) -> u64 {
    if is_64 { u64::MAX } else { u64::from(u32::MAX) }
}
