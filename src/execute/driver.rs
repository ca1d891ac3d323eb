//! Runs a stack's code, and does what it asks for when it comes back.
//!
//! All of a call's slow paths end here, one native frame above running code, however deep
//! the WebAssembly stack is: growing the stack, translating a function, calling the host,
//! services, suspension, traps.

use super::bulk::Progress;
use super::call::first_cell;
use super::dispatch;
use super::execution::{Outcome, Suspension};
use super::regs::Regs;
use super::service;
use crate::code::{self, Op, Trap};
use crate::heap::{Crossing, EpochDecision, Failure, FuncIndex, FuncObject, HostCall, StoreInner};
use crate::stack::{
    Activation, Awaited, BOUNDARY_SLOTS, Context, Exit, ExitPoint, Record, StackId, StackState,
};
use crate::support::error::Error;
use core::slice;

/// Advances the execution on stack `id` until it is done, suspended or has failed. A
/// failure has been described while its frames stood.
pub(super) fn advance(store: &mut StoreInner, id: StackId) -> Result<Outcome, Error> {
    let here = 0_u8;
    let mut linked = Linked::new(store, id, (&raw const here).addr());
    let called = linked.crossing(Crossing::CallingWasm);
    if linked.store.call_hook.is_some() {
        // It may have run other code, which has left the registers elsewhere.
        linked.enter();
    }
    let ran = called.and_then(|()| linked.run());
    let ran = match ran {
        Ok(outcome) => linked
            .crossing(Crossing::ReturningFromWasm)
            .map(|()| outcome),
        Err(failure) => Err(failure),
    };
    ran.map_err(|failure| linked.describe(failure))
}

/// Describes the failure of a call that cannot be suspended, but was.
pub(super) fn refuse(store: &mut StoreInner, id: StackId, suspension: Suspension) -> Error {
    let failure = match suspension {
        Suspension::Fuel => Failure::Trap(Trap::OutOfFuel),
        Suspension::Interrupt | Suspension::Epoch => Failure::Trap(Trap::Interrupt),
        Suspension::Host(error) => Failure::Host(error),
        Suspension::Tag(..) => Failure::Trap(Trap::UnhandledTag),
    };
    // Linking takes it for the return address of a call, which it need not be.
    let running = store.stacks.stack(id).innermost();
    let exit = store.stacks.stack(running).exit;
    let here = 0_u8;
    let mut linked = Linked::new(store, id, (&raw const here).addr());
    linked.store.stacks.stack_mut(running).exit = exit;
    linked.activation().exited = true;
    linked.describe(failure)
}

/// The state of the chain while an execution is advanced. Dropping it unlinks the
/// execution, on every path: also when a host function panics.
pub(super) struct Linked<'a> {
    pub(super) store: &'a mut StoreInner,
    /// The initial stack. Another one may be running.
    pub(super) id: StackId,
    pub(super) ctx: *mut Context,
    outer: Outer,
    /// What becomes of the initial stack.
    state: StackState,
}

/// What belongs to the activation under which this one was started.
struct Outer {
    stack_limit: *mut u64,
    instance: *mut crate::heap::InstanceCore,
    running: StackId,
    activations: usize,
}

impl Drop for Linked<'_> {
    fn drop(&mut self) {
        let stacks = &mut self.store.stacks;
        let running = stacks.running();
        match self.state {
            StackState::Suspended if running != self.id => {
                stacks.stack_mut(self.id).set_other_end(running);
            }
            StackState::Suspended | StackState::Returned => {}
            _ => {
                stacks.release_continuations(running);
            }
        }
        stacks.stack_mut(self.id).state = self.state;
        self.store.execution_waits(self.id);
        let stacks = &mut self.store.stacks;
        stacks.end_activations(self.outer.activations);
        stacks.set_running(self.outer.running);
        // SAFETY: X2; no handler runs.
        unsafe {
            (*self.ctx).stack_limit = self.outer.stack_limit;
            (*self.ctx).set_instance(self.outer.instance);
        }
    }
}

impl<'a> Linked<'a> {
    /// `native_stack` is an address in the caller's frame.
    fn new(store: &'a mut StoreInner, id: StackId, native_stack: usize) -> Linked<'a> {
        let ctx = store.stacks.context();
        // SAFETY: X2; no handler runs.
        let outer = unsafe {
            Outer {
                stack_limit: (*ctx).stack_limit,
                instance: (*ctx).instance,
                running: (*(*ctx).running).id(),
                activations: store.stacks.depth(),
            }
        };
        let initial = store.stacks.stack_mut(id);
        initial.state = StackState::Running;
        let running = initial.other_end().get().unwrap_or(id);
        initial.set_other_end(StackId::NONE);
        let chain = store.stacks.chain(running);
        store.stacks.begin_activation(Activation {
            chain,
            exited: false,
            native_stack,
        });
        store.stacks.set_running(running);
        let mut linked = Linked {
            store,
            id,
            ctx,
            outer,
            state: StackState::Trapped,
        };
        linked.enter();
        linked
    }

    /// The stack whose code runs.
    pub(super) fn running(&self) -> StackId {
        self.store.stacks.running()
    }

    /// Sets the registers to where the running stack's code goes on.
    fn enter(&mut self) {
        let running = self.running();
        let stack = self.store.stacks.stack_mut(running);
        stack.exit.is_return = true;
        // SAFETY: X2; no handler runs.
        unsafe {
            (*self.ctx).stack_limit = stack.limit;
            (*self.ctx).set_instance(stack.exit.instance);
            (*self.ctx).ip = stack.exit.ip;
            (*self.ctx).fp = stack.base.wrapping_add(stack.exit.fp as usize);
            (*self.ctx).acc = stack.acc;
        }
    }

    fn crossing(&mut self, crossing: Crossing) -> Result<(), Failure> {
        self.store.cross(crossing).map_err(Failure::Host)
    }

    fn describe(&mut self, failure: Failure) -> Error {
        // Where the host has called the host, and where a hook has failed, what ran last
        // may have been another stack's code: then this one has nothing to show.
        if !self.activation().exited && self.stands_on_stack() {
            self.leave(false);
        }
        (self.store.describe_failure)(self.store, failure)
    }

    pub(super) fn activation(&mut self) -> &mut Activation {
        &mut self.store.stacks.activations[self.outer.activations]
    }

    /// Whether the frame where code has left lies on the running stack.
    fn stands_on_stack(&self) -> bool {
        let stack = self.store.stacks.stack(self.running());
        // SAFETY: X2.
        let fp = unsafe { (*self.ctx).fp };
        (stack.base.addr()..stack.limit.addr()).contains(&fp.addr())
    }

    /// Keeps where running code has left: the activation is in the host from now on.
    pub(super) fn leave(&mut self, is_return: bool) {
        let running = self.running();
        let chain = self.store.stacks.chain(running);
        let activation = self.activation();
        activation.chain = chain;
        activation.exited = true;
        let stack = self.store.stacks.stack_mut(running);
        // SAFETY: X2.
        unsafe {
            stack.exit = ExitPoint {
                ip: (*self.ctx).ip,
                instance: (*self.ctx).instance,
                fp: stack.slots_to((*self.ctx).fp) as u32,
                is_return,
            };
        }
    }

    /// Puts the registers back to where running code has left. The host may have run other
    /// code meanwhile; the stack has not moved.
    pub(super) fn come_back(&mut self) {
        self.activation().exited = false;
        let running = self.running();
        let stack = self.store.stacks.stack_mut(running);
        stack.exit.is_return = true;
        // SAFETY: X2.
        unsafe {
            (*self.ctx).ip = stack.exit.ip;
            (*self.ctx).fp = stack.base.add(stack.exit.fp as usize);
        }
    }

    fn run(&mut self) -> Result<Outcome, Failure> {
        if self
            .store
            .func(self.store.stacks.stack(self.id).function)
            .is_host()
        {
            return self.run_host();
        }
        let table = self.store.engine().handlers;
        loop {
            // SAFETY: X1 to X3: the context holds where the stack's code goes on, all of
            // which is made of the engine's handlers.
            let exit = unsafe {
                if self.store.cell_hook.is_none() {
                    dispatch::run(table, Regs::restore(self.ctx));
                } else {
                    self.run_by_cells();
                }
                (*self.ctx).exit
            };
            match exit {
                Exit::Done => {
                    self.state = StackState::Returned;
                    return Ok(Outcome::Done);
                }
                Exit::Trap => {
                    // SAFETY: X2.
                    let trap = Trap::from_u8(unsafe { (*self.ctx).trap });
                    return Err(Failure::Trap(trap.expect("handlers name their trap")));
                }
                Exit::Grow => {
                    // SAFETY: X2.
                    let (wanted, needed) = unsafe { ((*self.ctx).wanted, (*self.ctx).needed) };
                    self.grow(wanted, needed)?;
                }
                Exit::GrowForCallee => {
                    // SAFETY: X2; published code lives as long as its module.
                    let (wanted, needed) =
                        unsafe { ((*self.ctx).wanted, (*(*self.ctx).callee).extent) };
                    self.grow(wanted, needed)?;
                }
                Exit::Translate => self.translate()?,
                Exit::Host => {
                    if let Some(outcome) = self.call_host()? {
                        return Ok(outcome);
                    }
                }
                Exit::Service => {
                    self.collect_if_due();
                    // SAFETY: the exit says so.
                    match unsafe { service::serve(self.store, self.ctx) } {
                        Err(Failure::Exception(exception)) => self.throw(exception, false)?,
                        Ok(Progress::More) => {
                            if let Some(suspension) = self.poll()? {
                                return Ok(self.suspend(suspension, false));
                            }
                        }
                        served => drop(served?),
                    }
                }
                Exit::Switching => {
                    self.collect_if_due();
                    if let Some(suspension) = self.switching()? {
                        return Ok(self.suspend(suspension, true));
                    }
                }
                Exit::ContinuationDone => self.return_continuation(),
                Exit::StartHost => {
                    if let Some(error) = self.start_host()? {
                        return Ok(self.suspend(Suspension::Host(error), true));
                    }
                }
                Exit::Poll => {
                    if let Some(suspension) = self.poll()? {
                        return Ok(self.suspend(suspension, false));
                    }
                }
                Exit::Probe => unreachable!("probes run no module's code"),
            }
        }
    }

    /// Collects, if that is due, or there is no room otherwise, before the instruction that
    /// has left.
    fn collect_if_due(&mut self) {
        // SAFETY: X2.
        let is_full = match Op::new(unsafe { (*self.ctx).service }) {
            Op::ContNew => self.store.continuations_are_full(),
            Op::Throw | Op::ResumeThrow => self.store.exceptions_are_full(),
            _ => false,
        };
        if is_full || self.store.collector.is_due() {
            self.leave(false);
            if is_full {
                self.store.collect();
            } else {
                self.store.collect_some();
            }
            self.come_back();
        }
    }

    /// A function of the host's that the embedder calls: there is no WebAssembly frame.
    fn run_host(&mut self) -> Result<Outcome, Failure> {
        let stack = self.store.stacks.stack(self.id);
        let function = stack.function;
        // SAFETY: the boundary has been written, and its arguments follow it.
        let arguments = unsafe { stack.base.add(BOUNDARY_SLOTS) };
        match self.call_function(function, arguments, false) {
            Err(Failure::Host(error)) if error.asks_to_suspend() => {
                self.await_results(Awaited::Host(function), arguments);
                Ok(self.suspend(Suspension::Host(error), true))
            }
            Err(failure) => Err(failure),
            Ok(()) => {
                self.state = StackState::Returned;
                Ok(Outcome::Done)
            }
        }
    }

    /// Makes room for `needed` bytes from `wanted` on.
    fn grow(&mut self, wanted: *mut u64, needed: usize) -> Result<(), Failure> {
        let running = self.running();
        let stack = self.store.stacks.stack(running);
        // SAFETY: X2.
        let fp = stack.slots_to(unsafe { (*self.ctx).fp });
        let bytes = (wanted.addr() - stack.base.addr()).saturating_add(needed);
        let slots = bytes.div_ceil(size_of::<u64>());
        let grown = self.store.grow_stack(running, slots);
        let stack = self.store.stacks.stack(running);
        // SAFETY: X2; S4: no handler runs while the stack moves, and no slot holds an
        // address of one (S3).
        unsafe {
            (*self.ctx).fp = stack.base.wrapping_add(fp);
            (*self.ctx).stack_limit = stack.limit;
        }
        if grown {
            Ok(())
        } else {
            Err(Failure::Trap(Trap::StackOverflow))
        }
    }

    /// Gets the code of the function whose frame has just been entered.
    fn translate(&mut self) -> Result<(), Failure> {
        // SAFETY: X2, H1.
        let (function, instance) =
            unsafe { ((*self.ctx).acc as u32, (*(*self.ctx).instance).index) };
        let module = self.store.instance(instance).module().clone();
        let prepared = code::publish(&module, function)
            .map_err(Failure::Host)
            .and_then(|code| {
                // SAFETY: X2; published code lives as long as its module, and the instance
                // holds that.
                unsafe {
                    let fp = (*self.ctx).fp;
                    if (*self.ctx).stack_limit.addr() - fp.addr() < (*code).extent {
                        self.grow(fp, (*code).extent)?;
                    }
                }
                Ok(code)
            });
        match prepared {
            Ok(code) => {
                let handlers = self.store.engine().handlers;
                // SAFETY: X1, X2; what the record returns to follows a call cell, unless
                // it is one of the cells that belong to no function.
                unsafe {
                    let return_ip = Record((*self.ctx).fp).return_ip();
                    if !handlers.fixed.contains(return_ip) {
                        let call = handlers.handlers[Op::Call.only().number() as usize];
                        let stub = handlers.fixed.stub.code();
                        Regs::patch_call(return_ip, call.0, stub, code);
                    }
                    (*self.ctx).ip = first_cell(code);
                }
                Ok(())
            }
            Err(failure) => {
                // It is the call that has failed: its caller is the newest frame.
                self.leave_frame();
                Err(failure)
            }
        }
    }

    /// Takes the newest frame from the stack, and boundaries below it, so that the call in
    /// its caller is what failed.
    fn leave_frame(&mut self) {
        // SAFETY: X2, S3.
        unsafe {
            let mut record = Record((*self.ctx).fp);
            let mut return_ip = record.return_ip();
            record = record.caller();
            while record.is_boundary() && !record.ends_stack() {
                (*self.ctx).set_instance(record.boundary_instance());
                return_ip = record.return_ip();
                record = record.caller();
            }
            (*self.ctx).ip = return_ip;
            (*self.ctx).fp = record.0;
        }
        self.leave(true);
    }

    /// Calls the function of the host's that running code asks for. An outcome, if that
    /// suspends the execution.
    fn call_host(&mut self) -> Result<Option<Outcome>, Failure> {
        // SAFETY: X2.
        let request = unsafe { (*self.ctx).host };
        // SAFETY: X2.
        unsafe { (*self.ctx).ip = request.return_ip };
        self.leave(true);
        let function = FuncIndex(request.function);
        match self.call_function(function, request.arguments, true) {
            Ok(()) => {
                self.come_back();
                // SAFETY: X2; the slots are those of the call.
                unsafe { (*self.ctx).acc = *request.arguments };
                Ok(None)
            }
            Err(Failure::Host(error)) if error.asks_to_suspend() => {
                self.await_results(Awaited::Host(function), request.arguments);
                self.come_back();
                Ok(Some(self.suspend(Suspension::Host(error), true)))
            }
            Err(failure) => self.throw_on(failure).map(|()| None),
        }
    }

    pub(super) fn call_function(
        &mut self,
        function: FuncIndex,
        arguments: *mut u64,
        from_wasm: bool,
    ) -> Result<(), Failure> {
        let object = *self.store.func(function);
        let host = self.store.host_func_address(&object);
        let caller = if from_wasm {
            // SAFETY: H1.
            Some(unsafe { (*(*self.ctx).instance).index })
        } else {
            None
        };
        self.crossing(Crossing::CallingHost)?;
        let slots = object.params.max(object.results).into();
        let held = self.store.collector.held();
        if object.traced {
            self.hold_arguments(&object, arguments);
        }
        // SAFETY: the caller's frame has room for the larger of parameters and results
        // from `arguments` on, and this stack stands still until the call returns.
        let call = unsafe { HostCall::new(self.store, caller, arguments, slots) };
        // SAFETY: host functions live as long as their store.
        let called = unsafe { (*host).call(call) };
        self.store.collector.let_go(held);
        called.map_err(Failure::Host)?;
        self.crossing(Crossing::ReturningFromHost)
    }

    /// The host holds what the arguments of a call refer to: no frame has them any more.
    #[cold]
    fn hold_arguments(&mut self, object: &FuncObject, arguments: *const u64) {
        let ty = self.store.engine().types.func(object.ty);
        // SAFETY: they stand there.
        let values = unsafe { slice::from_raw_parts(arguments, ty.params.len()) };
        self.store.hold_values(&ty.params, values);
    }

    /// What the stack that has left waits for goes to the slots from an address on.
    pub(super) fn await_results(&mut self, awaited: Awaited, slots: *mut u64) {
        let running = self.running();
        let stack = self.store.stacks.stack_mut(running);
        let distance = stack.slots_to(slots) as i32 - stack.exit.fp as i32;
        stack.deliver = distance * size_of::<u64>() as i32;
        stack.awaiting = Some(awaited);
    }

    /// What to do at a loop header or function entry where code was asked to stop.
    fn poll(&mut self) -> Result<Option<Suspension>, Failure> {
        let engine = self.store.engine().clone();
        if engine.tunables.interruptible && self.store.stacks.take_interrupt() {
            return Ok(Some(Suspension::Interrupt));
        }
        if engine.tunables.epoch_interruption
            && engine.epoch.now() >= self.store.stacks.epoch_deadline()
        {
            self.leave(false);
            let decision = match self.store.epoch_hook.take() {
                None => EpochDecision::Trap,
                Some(mut hook) => {
                    let decision = hook(self.store);
                    self.store.epoch_hook.get_or_insert(hook);
                    decision.map_err(Failure::Host)?
                }
            };
            self.come_back();
            let now = engine.epoch.now();
            match decision {
                EpochDecision::Trap => return Err(Failure::Trap(Trap::Interrupt)),
                EpochDecision::Continue(delta) => {
                    self.store
                        .stacks
                        .set_epoch_deadline(now.saturating_add(delta));
                }
                EpochDecision::Yield(delta) => {
                    self.store
                        .stacks
                        .set_epoch_deadline(now.saturating_add(delta));
                    return Ok(Some(Suspension::Epoch));
                }
            }
        }
        let out_of_fuel = engine.tunables.consume_fuel && self.store.stacks.is_out_of_fuel();
        Ok(out_of_fuel.then_some(Suspension::Fuel))
    }

    fn suspend(&mut self, suspension: Suspension, is_return: bool) -> Outcome {
        // A function of the host's has no frame; what it calls has left the registers.
        if self.stands_on_stack() {
            self.leave(is_return);
        }
        self.state = StackState::Suspended;
        Outcome::Suspended(suspension)
    }
}
