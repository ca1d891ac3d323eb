//! Calls: of the same instance, of another one, of the host.
//!
//! The caller has staged the arguments at the top of its operands; the record of the
//! callee's frame stands right behind them. A call of the same instance costs a record. A
//! call of another instance puts a boundary where the arguments stood, and the arguments
//! behind it, so that its return can put the instance back. A call of the host is left to
//! the driver.

use super::cell::Cell;
use super::regs::{Regs, Step};
use super::transfer::cell;
use crate::code::{CodeHeader, Entry, HEADER_WORDS, Op, Trap};
use crate::heap::{FuncObject, FuncRef, InstanceCore};
use crate::ids::FuncIndex;
use crate::stack::{BOUNDARY_SLOTS, BOUNDARY_TAG, BoundaryKind, Exit, OutgoingCall, Record};
use core::ptr;

/// Where a call's arguments and the callee's record stand.
#[derive(Clone, Copy)]
struct Staged {
    /// The place of the callee's record, right behind the arguments.
    record: *mut u64,
    /// The number of argument slots.
    arguments: usize,
    /// Where the callee's results are wanted, as many slots as it has.
    results: usize,
}

/// The address of a function's first cell.
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
    /// Whether `bytes` bytes from `from` on are within the stack; where they are not, the
    /// driver is asked for them.
    #[inline(always)]
    unsafe fn has_room(&mut self, from: *mut u64, bytes: usize) -> bool {
        // SAFETY: X2.
        unsafe {
            let left = (*self.ctx).stack_limit.addr().wrapping_sub(from.addr());
            // Both are far below the half of the address space.
            if left.cast_signed() >= bytes.cast_signed() {
                return true;
            }
            (*self.ctx).grow_from = from;
            (*self.ctx).grow_bytes = bytes;
        }
        false
    }

    /// Enters a function of the running instance, whose record is to stand at `record`,
    /// as far from the caller's as the 32 bits at `DISTANCE` of the cell say.
    #[inline(always)]
    unsafe fn enter<const DISTANCE: usize>(
        &mut self,
        code: *const CodeHeader,
        record: *mut u64,
        words: usize,
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
            let link = self.distance_again::<DISTANCE>();
            Record(record).write(self.ip.add(words), link);
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

    /// Asks the driver to call a function of the host's.
    #[inline(always)]
    unsafe fn call_host(
        &mut self,
        function: u32,
        arguments: *mut u64,
        return_ip: *const u64,
    ) -> Step {
        // SAFETY: X2.
        unsafe {
            (*self.ctx).host = OutgoingCall {
                function,
                return_ip,
                arguments,
            };
            self.exit(Exit::Host)
        }
    }

    /// The signed 32 bits at a byte of the cell, read anew: keeping them from an earlier
    /// read would cost a register more than a handler has, and with that a frame.
    #[inline(always)]
    unsafe fn distance_again<const BYTE: usize>(&self) -> u64 {
        // SAFETY: X1.
        unsafe { i64::from(self.u32_address::<BYTE>().read_volatile().cast_signed()) as u64 }
    }

    /// Calls any function of the store.
    #[inline(always)]
    unsafe fn call_any<const DISTANCE: usize>(
        &mut self,
        function: u32,
        record: *mut u64,
        words: usize,
    ) -> Step {
        // SAFETY: X2: `function` is an index of the store's (H4).
        unsafe {
            let object = (*self.ctx).functions.add(function as usize);
            if (*object).instance == (*self.ctx).instance {
                let code = (*(*object).entry).load();
                return self.enter::<DISTANCE>(code, record, words, (*object).index);
            }
            self.call_elsewhere(object, function, record, words)
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
                return self.call_host(function, arguments, self.ip.add(words));
            }
            self.enter_instance(&*object, staged, words)
        }
    }
}

/// Calls a function of the same module.
pub struct Call;

impl Cell for Call {
    const WORDS: usize = 3;
    const CALLS: bool = true;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3. A published entry never changes back, and a call may use either
        // (see `code::module_code`).
        unsafe {
            let code = (*r.ip.add(1).cast::<Entry>()).load();
            let record = r.far_slot::<16>();
            let function = r.u32_at::<20>();
            r.enter::<16>(code, record, 3, function)
        }
    }
}

cell!(
    /// Calls an imported function.
    CallImport, 2, |r| {
        let function = *(*(*r.ctx).instance).imports.add(r.u32_at::<12>() as usize);
        let record = r.far_slot::<8>();
        r.call_any::<8>(function, record, 2)
    }
);

/// The function that a table's element refers to, if it has the wanted type.
#[inline(always)]
unsafe fn indirect(r: &Regs, table: u32, index: u64, ty: u32) -> Result<u32, Trap> {
    // SAFETY: X2, H1, H4.
    unsafe {
        let Some(element) = r.element(table, index) else {
            return Err(Trap::TableOutOfBounds);
        };
        let Some(function) = (*element).checked_sub(1) else {
            return Err(Trap::IndirectCallToNull);
        };
        if (*(*r.ctx).functions.add(function as usize)).ty.0 != ty {
            return Err(Trap::BadSignature);
        }
        Ok(function)
    }
}

cell!(
    /// Calls through a table, by a slot.
    CallIndirectSlot, 3, |r| {
        match indirect(r, r.u32_at::<12>(), *r.slot::<1>(), r.u32_at::<16>()) {
            Ok(function) => r.call_any::<20>(function, r.far_slot::<20>(), 3),
            Err(trap) => r.trap(trap),
        }
    }
);

cell!(
    /// Calls through a table, by the accumulator.
    CallIndirectAcc, 3, |r| {
        match indirect(r, r.u32_at::<12>(), r.acc, r.u32_at::<16>()) {
            Ok(function) => r.call_any::<20>(function, r.far_slot::<20>(), 3),
            Err(trap) => r.trap(trap),
        }
    }
);

cell!(
    /// Puts the function that a table's element refers to in the place of the index, if it
    /// has the wanted type or one declared a subtype of it.
    IndirectCallee, 3, |r| {
        let slot = r.far_slot::<8>();
        match indirect(r, r.u32_at::<12>(), *slot, r.u32_at::<16>()) {
            Ok(function) => {
                *slot = u64::from(FuncRef::new(FuncIndex(function)).0);
                r.advance(3)
            }
            // The registry knows which types were declared subtypes.
            Err(Trap::BadSignature) => {
                (*r.ctx).service = Op::IndirectCallee as u8;
                r.exit(Exit::Service)
            }
            Err(trap) => r.trap(trap),
        }
    }
);

cell!(
    /// Calls a function reference.
    CallRef, 2, |r| {
        match (*r.slot::<1>() as u32).checked_sub(1) {
            Some(function) => r.call_any::<12>(function, r.far_slot::<12>(), 2),
            None => r.trap(Trap::NullReference),
        }
    }
);

/// What a tail call needs to know of both functions.
struct Tail {
    /// Where the arguments are staged.
    staged: *mut u64,
    /// The callee's parameters.
    arguments: usize,
    /// The caller's own parameters: there the arguments go.
    own: usize,
}

impl Tail {
    #[inline(always)]
    unsafe fn of(r: &Regs) -> Tail {
        // SAFETY: X1: all tail call cells have these fields.
        unsafe {
            Tail {
                staged: r.far_slot::<16>(),
                arguments: r.u16_at::<20>() as usize,
                own: r.u16_at::<22>() as usize,
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
            self.call_host(function, base, return_ip)
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

cell!(
    /// A tail call of a function of the same module.
    ReturnCall, 4, |r| {
        let code = (*r.address_at::<1>().cast::<Entry>()).load();
        let tail = Tail::of(r);
        r.replace(code, tail, r.u32_at::<24>())
    }
);

cell!(
    /// A tail call of an imported function.
    ReturnCallImport, 3, |r| {
        let function = *(*(*r.ctx).instance).imports.add(r.u32_at::<12>() as usize);
        let tail = Tail::of(r);
        r.replace_any(function, tail)
    }
);

cell!(
    /// A tail call through a table.
    ReturnCallIndirect, 4, |r| {
        match indirect(r, r.u32_at::<12>(), *r.slot::<1>(), r.u32_at::<24>()) {
            Ok(function) => {
                let tail = Tail::of(r);
                r.replace_any(function, tail)
            }
            Err(trap) => r.trap(trap),
        }
    }
);

cell!(
    /// A tail call of a function reference.
    ReturnCallRef, 3, |r| {
        match (*r.slot::<1>() as u32).checked_sub(1) {
            Some(function) => {
                let tail = Tail::of(r);
                r.replace_any(function, tail)
            }
            None => r.trap(Trap::NullReference),
        }
    }
);

cell!(
    /// What a function without code runs.
    Translate, 2, |r| {
        r.exit(Exit::Translate)
    }
);

cell!(
    /// The end of a call from another instance: the results go to where the boundary
    /// stands, and its instance runs on.
    ReturnBoundary, 2, |r| {
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
);

impl Regs {
    /// Whether the call that returns to `return_ip` is a direct one of a function without
    /// code; then it is given the code.
    ///
    /// # Safety
    ///
    /// `return_ip` follows a call cell of translated code.
    pub(super) unsafe fn patch_call(
        return_ip: *const u64,
        call: *const (),
        stub: *const CodeHeader,
        code: *const CodeHeader,
    ) {
        // SAFETY: a call cell has two words at least, and a header precedes all cells, so
        // three words before `return_ip` are readable. Whatever else they may hold, the
        // first is a call's handler only where a call cell begins: the cell behind which
        // its function returns has three words then.
        unsafe {
            if *return_ip.sub(3).cast::<*const ()>() == call {
                (*return_ip.sub(2).cast::<Entry>()).replace(stub, code);
            }
        }
    }
}
