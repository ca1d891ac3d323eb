//! Calls: within an instance, between instances, and of host functions.
//!
//! The caller has staged the arguments at the top of its operands; the record of the
//! callee's frame stands right behind them. A call of the same instance costs a record. A
//! call of another instance puts a boundary where the arguments stood, and the arguments
//! behind it, so that its return can put the instance back. A call of the host is left to
//! the driver.

use super::cell::Execute;
use super::regs::{Regs, Step, read_field};
use crate::code::cells::*;
use crate::code::{At, CodeHeader, Entry, FarSlot, HEADER_WORDS, ModuleFunc, ModuleTable, Trap};
use crate::heap::{FuncObject, FuncRef, InstanceCore};
use crate::ids::{FuncIndex, TypeId};
use crate::stack::{BOUNDARY_SLOTS, BOUNDARY_TAG, BoundaryKind, Exit, OutgoingCall, Record};
use core::ptr;

/// The arguments of a call, staged at the top of the caller's operands.
#[derive(Clone, Copy)]
struct Staged {
    /// The slot of the callee's record, right behind the arguments.
    record: *mut u64,
    /// The number of argument slots.
    arguments: usize,
    /// The number of result slots.
    results: usize,
}

/// Returns the address of a function's first cell.
///
/// # Safety
///
/// `code` is finished code.
#[inline(always)]
pub(super) unsafe fn first_cell(code: *const CodeHeader) -> *const u64 {
    // SAFETY: cells follow their header.
    unsafe { code.cast::<u64>().add(HEADER_WORDS) }
}

impl Regs {
    /// Returns whether `bytes` bytes from `from` on are within the stack. If they are not, the
    /// context tells the driver what is needed.
    #[inline(always)]
    unsafe fn has_room(&mut self, from: *mut u64, bytes: usize) -> bool {
        // SAFETY: X2.
        unsafe {
            let left = (*self.ctx).stack_limit.addr().wrapping_sub(from.addr());
            // Both are far below half of the address space, so the signs tell.
            if left.cast_signed() >= bytes.cast_signed() {
                return true;
            }
            (*self.ctx).grow_from = from;
            (*self.ctx).grow_bytes = bytes;
        }
        false
    }

    /// Enters a function of the running instance from the cell of `C`. Its record is to stand
    /// at `record`, which the field at `distance` names.
    #[inline(always)]
    unsafe fn enter<C: Row>(
        &mut self,
        distance: At<C, FarSlot>,
        code: *const CodeHeader,
        record: *mut u64,
        function: u32,
    ) -> Step {
        // SAFETY: S1 by `has_room`; X1: the code's first cell follows its header.
        unsafe {
            let left = (*self.ctx).stack_limit.addr().wrapping_sub(record.addr());
            if left.cast_signed() < (*code).extent.cast_signed() {
                (*self.ctx).grow_from = record;
                (*self.ctx).grow_callee = code;
                return self.exit(Exit::GrowForCallee);
            }
            let FarSlot(link) = self.get_again(distance);
            let link = i64::from(link).cast_unsigned();
            Record(record).write(self.ip.add(C::WORDS), link);
            self.fp = record;
            self.ip = first_cell(code);
            self.acc = u64::from(function);
        }
        Step::Jump
    }

    /// Calls a function of another instance: a boundary takes the arguments' place, and
    /// they follow it.
    #[inline(always)]
    unsafe fn enter_instance(&mut self, object: &FuncObject, staged: Staged, words: usize) -> Step {
        // SAFETY: S1 by `has_room`, X2, H1.
        unsafe {
            let code = (*object.entry).load();
            let record = staged.record.wrapping_add(BOUNDARY_SLOTS);
            if !self.has_room(record, (*code).extent) {
                return self.exit(Exit::Grow);
            }
            let boundary = staged.record.sub(staged.arguments);
            ptr::copy(boundary, boundary.add(BOUNDARY_SLOTS), staged.arguments);
            let link = boundary.byte_offset_from(self.fp) as u64;
            Record(boundary).write(self.ip.add(words), link | BOUNDARY_TAG);
            Record(boundary).write_boundary(
                BoundaryKind::Instance,
                (*self.ctx).instance,
                staged.results,
            );
            self.enter_behind(object, code, boundary, record);
        }
        Step::Jump
    }

    /// Enters a function whose record stands behind a boundary and the arguments.
    #[inline(always)]
    unsafe fn enter_behind(
        &mut self,
        object: &FuncObject,
        code: *const CodeHeader,
        boundary: *mut u64,
        record: *mut u64,
    ) {
        // SAFETY: S1, X2, H1.
        unsafe {
            let link = record.byte_offset_from(boundary) as u64;
            Record(record).write((*self.ctx).return_boundary, link);
            (*self.ctx).set_instance(object.instance);
            self.load_instance();
            self.fp = record;
            self.ip = first_cell(code);
            self.acc = u64::from(object.index);
        }
    }

    /// Exits to the driver, which calls a host function.
    #[inline(always)]
    unsafe fn call_host(
        &mut self,
        function: u32,
        arguments: *mut u64,
        return_ip: *const u64,
        is_tail: bool,
    ) -> Step {
        // SAFETY: X2.
        unsafe {
            (*self.ctx).host = OutgoingCall {
                function,
                return_ip,
                arguments,
                is_tail,
            };
            self.exit(Exit::Host)
        }
    }

    /// Calls any function of the store.
    #[inline(always)]
    unsafe fn call_any<C: Row>(&mut self, distance: At<C, FarSlot>, function: u32) -> Step {
        // SAFETY: X2: `function` is an index of the store's (H4).
        unsafe {
            let record = self.far_slot(distance);
            let object = (*self.ctx).functions.add(function as usize);
            if (*object).instance == (*self.ctx).instance {
                let code = (*(*object).entry).load();
                return self.enter(distance, code, record, (*object).index);
            }
            self.call_elsewhere(object, function, record, C::WORDS)
        }
    }

    #[inline(always)]
    unsafe fn call_elsewhere(
        &mut self,
        object: *const FuncObject,
        function: u32,
        record: *mut u64,
        words: usize,
    ) -> Step {
        // SAFETY: as in `call_any`.
        unsafe {
            let staged = Staged {
                record,
                arguments: (*object).param_slots as usize,
                results: (*object).result_slots as usize,
            };
            if (*object).is_host() {
                let slots = staged.arguments.max(staged.results);
                let arguments = record.sub(staged.arguments);
                if !self.has_room(arguments, slots * size_of::<u64>()) {
                    return self.exit(Exit::Grow);
                }
                return self.call_host(function, arguments, self.ip.add(words), false);
            }
            self.enter_instance(&*object, staged, words)
        }
    }
}

impl Execute for Call {
    const CALLS: bool = true;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3. A published entry never changes back, and a call may use either
        // (see `code::module_code`).
        unsafe {
            let code = (*r.callee_code(Call::callee)).load();
            let record = r.far_slot(Call::record);
            let function = r.get(Call::function);
            r.enter(Call::record, code, record, function.0)
        }
    }
}

impl Execute for CallImport {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1.
        unsafe {
            let function = r.imported(CallImport::function);
            r.call_any(CallImport::record, function)
        }
    }
}

impl Regs {
    /// Returns the index in the store of an imported function.
    #[inline(always)]
    unsafe fn imported<C>(&self, at: At<C, ModuleFunc>) -> u32 {
        // SAFETY: X1, X2, H1: the instance has such an import.
        unsafe { *(*(*self.ctx).instance).imports.add(self.get(at).0 as usize) }
    }

    /// Returns the index in the store of the function that an element of a table refers to, if
    /// its type is `ty`.
    #[inline(always)]
    unsafe fn indirect(&self, table: ModuleTable, index: u64, ty: TypeId) -> Result<u32, Trap> {
        // SAFETY: X2, H1, H4.
        unsafe {
            let Some(element) = self.element(table, index) else {
                return Err(Trap::TableOutOfBounds);
            };
            let Some(function) = (*element).checked_sub(1) else {
                return Err(Trap::IndirectCallToNull);
            };
            if (*(*self.ctx).functions.add(function as usize)).ty.0 != ty.0 {
                return Err(Trap::BadSignature);
            }
            Ok(function)
        }
    }
}

impl Execute for CallIndirectSlot {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1.
        unsafe {
            let table = r.get(CallIndirectSlot::table);
            match r.indirect(
                table,
                *r.slot(CallIndirectSlot::index),
                r.get(CallIndirectSlot::ty),
            ) {
                Ok(function) => r.call_any(CallIndirectSlot::record, function),
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl Execute for CallIndirectAcc {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1.
        unsafe {
            let table = r.get(CallIndirectAcc::table);
            match r.indirect(table, r.acc, r.get(CallIndirectAcc::ty)) {
                Ok(function) => r.call_any(CallIndirectAcc::record, function),
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl Execute for IndirectCallee {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1.
        unsafe {
            let slot = r.far_slot(IndirectCallee::index);
            let table = r.get(IndirectCallee::table);
            match r.indirect(table, *slot, r.get(IndirectCallee::ty)) {
                Ok(function) => {
                    *slot = u64::from(FuncRef::new(FuncIndex(function)).0);
                    r.next::<Self>()
                }
                // The registry knows the declared subtypes.
                Err(Trap::BadSignature) => {
                    (*r.ctx).service = IndirectCallee::OP as u16;
                    r.exit(Exit::Service)
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl Execute for CallRef {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1.
        unsafe {
            match (*r.slot(CallRef::reference) as u32).checked_sub(1) {
                Some(function) => r.call_any(CallRef::record, function),
                None => r.trap(Trap::NullReference),
            }
        }
    }
}

/// The frames of a tail call.
struct Tail {
    /// The slot of the first argument.
    staged: *mut u64,
    /// The number of the callee's parameter slots.
    arguments: usize,
    /// The number of the running function's parameter slots, where the arguments go.
    own: usize,
}

impl Tail {
    #[inline(always)]
    unsafe fn of<C>(
        r: &Regs,
        staged: At<C, FarSlot>,
        arguments: At<C, u16>,
        own: At<C, u16>,
    ) -> Tail {
        // SAFETY: X1: the cell is of `C`.
        unsafe {
            Tail {
                staged: r.far_slot(staged),
                arguments: r.get(arguments) as usize,
                own: r.get(own) as usize,
            }
        }
    }
}

impl Regs {
    /// Puts a function of the same instance in the place of the running frame.
    #[inline(always)]
    unsafe fn replace(&mut self, code: *const CodeHeader, tail: Tail, function: u32) -> Step {
        // SAFETY: S1 by `has_room`; the record is read before anything moves, and its link
        // grows by what the record moves up, so it leads to the same caller.
        unsafe {
            let base = self.fp.sub(tail.own);
            let record = base.wrapping_add(tail.arguments);
            if !self.has_room(record, (*code).extent) {
                return self.exit(Exit::Grow);
            }
            let return_ip = Record(self.fp).return_ip();
            let link = Record(self.fp).link();
            let moved = record.byte_offset_from(self.fp) as u64;
            ptr::copy(tail.staged, base, tail.arguments);
            Record(record).write(return_ip, link.wrapping_add(moved));
            self.fp = record;
            self.ip = first_cell(code);
            self.acc = u64::from(function);
        }
        Step::Jump
    }

    /// Puts any function of the store in the place of the running frame.
    #[inline(always)]
    unsafe fn replace_any(&mut self, function: u32, tail: Tail) -> Step {
        // SAFETY: X2, H4.
        unsafe {
            let object = (*self.ctx).functions.add(function as usize);
            if (*object).instance == (*self.ctx).instance {
                let code = (*(*object).entry).load();
                return self.replace(code, tail, (*object).index);
            }
            if (*object).is_host() {
                return self.replace_host(&*object, function, tail);
            }
            self.replace_instance(&*object, tail)
        }
    }

    /// A tail call of the host: the frame goes, the arguments take its parameters' place.
    #[inline(always)]
    unsafe fn replace_host(&mut self, object: &FuncObject, function: u32, tail: Tail) -> Step {
        // SAFETY: S1 by `has_room`.
        unsafe {
            let base = self.fp.sub(tail.own);
            if !self.has_room(
                base,
                tail.arguments.max(object.result_slots.into()) * size_of::<u64>(),
            ) {
                return self.exit(Exit::Grow);
            }
            let record = Record(self.fp);
            let return_ip = record.return_ip();
            let caller = record.caller();
            ptr::copy(tail.staged, base, tail.arguments);
            self.fp = caller.0;
            self.call_host(function, base, return_ip, true)
        }
    }

    /// A tail call of another instance: reuses the boundary that the frame stands on, or
    /// puts one in the frame's place.
    #[inline(always)]
    unsafe fn replace_instance(&mut self, object: &FuncObject, tail: Tail) -> Step {
        // SAFETY: S1 by `has_room`; S3.
        unsafe {
            let code = (*object.entry).load();
            let frame = Record(self.fp);
            let caller = frame.caller();
            let reuse = caller.is_boundary() && caller.boundary_kind() == BoundaryKind::Instance;
            let boundary = if reuse {
                caller.0
            } else {
                self.fp.sub(tail.own)
            };
            let record = boundary.wrapping_add(BOUNDARY_SLOTS + tail.arguments);
            if !self.has_room(record, (*code).extent) {
                return self.exit(Exit::Grow);
            }
            let return_ip = frame.return_ip();
            ptr::copy(tail.staged, boundary.add(BOUNDARY_SLOTS), tail.arguments);
            if !reuse {
                let link = boundary.byte_offset_from(caller.0) as u64;
                Record(boundary).write(return_ip, link | BOUNDARY_TAG);
                Record(boundary).write_boundary(
                    BoundaryKind::Instance,
                    (*self.ctx).instance,
                    object.result_slots as usize,
                );
            }
            self.enter_behind(object, code, boundary, record);
        }
        Step::Jump
    }
}

impl Execute for ReturnCall {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1.
        unsafe {
            let code = (*r.address(ReturnCall::callee).cast::<Entry>()).load();
            let tail = Tail::of(r, ReturnCall::arguments, ReturnCall::count, ReturnCall::own);
            r.replace(code, tail, r.get(ReturnCall::function).0)
        }
    }
}

impl Execute for ReturnCallImport {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1.
        unsafe {
            let function = r.imported(ReturnCallImport::function);
            let tail = Tail::of(
                r,
                ReturnCallImport::arguments,
                ReturnCallImport::count,
                ReturnCallImport::own,
            );
            r.replace_any(function, tail)
        }
    }
}

impl Execute for ReturnCallIndirect {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1.
        unsafe {
            let table = r.get(ReturnCallIndirect::table);
            let index = *r.slot(ReturnCallIndirect::index);
            match r.indirect(table, index, r.get(ReturnCallIndirect::ty)) {
                Ok(function) => {
                    let tail = Tail::of(
                        r,
                        ReturnCallIndirect::arguments,
                        ReturnCallIndirect::count,
                        ReturnCallIndirect::own,
                    );
                    r.replace_any(function, tail)
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl Execute for ReturnCallRef {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1.
        unsafe {
            match (*r.slot(ReturnCallRef::reference) as u32).checked_sub(1) {
                Some(function) => {
                    let tail = Tail::of(
                        r,
                        ReturnCallRef::arguments,
                        ReturnCallRef::count,
                        ReturnCallRef::own,
                    );
                    r.replace_any(function, tail)
                }
                None => r.trap(Trap::NullReference),
            }
        }
    }
}

impl Execute for Translate {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X2.
        unsafe { r.exit(Exit::Translate) }
    }
}

impl Execute for ReturnBoundary {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X2, S3: `fp` is the address of a boundary, behind which the results stand.
        unsafe {
            let boundary = Record(r.fp);
            let return_ip = boundary.return_ip();
            let instance: *mut InstanceCore = boundary.boundary_instance();
            let caller = boundary.caller();
            let results = boundary.boundary_results();
            ptr::copy(r.fp.add(BOUNDARY_SLOTS), r.fp, results);
            (*r.ctx).set_instance(instance);
            r.load_instance();
            r.fp = caller.0;
            r.ip = return_ip;
            Step::Jump
        }
    }
}

impl Regs {
    /// Patches the call that returns to `return_ip` with a function's code, if it is a direct call of
    /// that function. (A function that a tail call has entered returns to a call of another one.)
    ///
    /// # Safety
    ///
    /// `return_ip` follows a call cell of translated code.
    pub(super) unsafe fn patch_call(
        return_ip: *const u64,
        call: *const (),
        function: u32,
        code: *const CodeHeader,
    ) {
        // SAFETY: a call cell has two words at least, and a header precedes all cells, so as
        // many words as a `Call` has are readable before `return_ip`. Whatever they hold, the
        // first is the handler of `Call` only if such a cell begins there.
        unsafe {
            let cell = return_ip.sub(Call::WORDS);
            if *cell.cast::<*const ()>() == call && read_field(cell, Call::function).0 == function {
                (*cell.add(Call::callee.word()).cast::<Entry>()).replace(code);
            }
        }
    }
}
