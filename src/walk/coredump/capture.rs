//! The state of all stacks at one moment.
//!
//! A capture is a copy, so it stays valid when the store runs on. It contains the list of frames
//! and the slots of their stacks. The slots are interpreted only when a dump is written.
//!
//! # Why
//!
//! A trap's frames are gone once the embedder has the error. Copying the stacks as they are is
//! the least work that can be done at that point: no frame is interpreted, and no function is
//! translated again for a dump that is never read.

use super::contents::{reference, value};
use super::extension::{
    Access, Handler, Place, Position, Reason, ReasonKind, RefKind, ThreadState, Value,
};
use crate::code::Trap;
use crate::heap::{StoreInner, ThrownException};
use crate::ids::{FuncIndex, StackId};
use crate::module::{Module, ValBits};
use crate::stack::{RawFrames, Stack, StackImage, StackState};
use crate::support::error::Error;
use crate::translate::{self, Class, FrameMap, Kind, Variable};
use crate::walk::fault::{self, OutOfBounds};
use crate::walk::frame::Locator;
use crate::walk::{Backtrace, Frame};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::ControlFlow;

/// The reason for a capture.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    /// The embedder requested it.
    Request,
    /// A trap.
    Trap(Trap),
    /// A host function's error, or an uncaught exception.
    Host(&'a Error),
    /// Another reason, with a message for people that may be empty.
    Other(ReasonKind, &'a str),
}

/// The frames of a run of stacks, each of which waits for the one before it.
#[derive(Clone, Debug)]
pub struct Thread {
    /// The thread's name in the dump.
    pub name: String,
    /// The frames, youngest first.
    pub frames: Vec<Frame>,
    /// `true` if all frames are present.
    pub complete: bool,
    /// The state; `None` if the thread has no frames because nothing has run. The memory of a wait
    /// is that of the store.
    pub state: Option<ThreadState>,
}

/// A stack at the time of the capture.
#[derive(Clone, Debug)]
pub struct CapturedStack {
    /// The stack's number in the store.
    pub id: StackId,
    /// The stack's state.
    pub state: StackState,
    /// The function that was called on the stack.
    pub function: FuncIndex,
    /// `true` if the stack is a continuation's.
    pub continuation: bool,
    /// The stack's revision.
    pub revision: u32,
    /// The stack that waits for this one.
    pub parent: Option<StackId>,
    /// Values that were passed to the stack and not yet consumed.
    pub given: Vec<Value>,
    /// The clauses of the instruction that resumed the stack.
    pub handlers: Vec<Handler>,
    image: Option<StackImage>,
}

/// The state of all stacks at one moment, with the frames on them.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The reason for the capture.
    pub reason: Reason,
    /// The threads: the one that ran or that was selected, the suspended executions, and the
    /// detached continuations.
    pub threads: Vec<Thread>,
    /// All stacks in use, by ascending number.
    pub stacks: Vec<CapturedStack>,
    /// The modules of all instances, in the order of their first instance.
    pub modules: Vec<Arc<Module>>,
    /// The module of each instance, as an index into `modules`.
    pub instances: Vec<u32>,
    /// Number of sweeps of the heap that had begun. Objects to which values of the capture refer are
    /// certainly live until the next one.
    pub sweeps: u64,
    accumulators: [ValBits; Class::COUNT],
}

impl Capture {
    /// Captures the current state of the stacks of `store`. The first thread is the suspended
    /// execution on the stack `first`, or else the code that runs.
    pub fn new(store: &StoreInner, cause: Cause<'_>, first: Option<StackId>) -> Capture {
        let (modules, instances) = modules(store);
        let mut capture = Capture {
            reason: reason(cause),
            threads: Vec::new(),
            stacks: Vec::new(),
            modules,
            instances,
            sweeps: store.objects.sweeps(),
            accumulators: store.stacks.accumulators(),
        };
        match first {
            Some(stack) => capture.add_suspended(store, stack, "main"),
            None => capture.add_running(store),
        }
        if let (Cause::Trap(Trap::StackOverflow), None) = (cause, first)
            && let Some(youngest) = capture.threads[0].frames.first_mut()
        {
            // The call is what trapped, at whatever point of it the overflow was detected.
            youngest.is_call = true;
        }
        let reachable = store.reachable_continuations();
        let is_reachable = |id: StackId, stack: &Stack| {
            !stack.is_continuation()
                || (reachable.as_ref()).is_none_or(|all| all.binary_search(&id).is_ok())
        };
        for id in suspended_executions(store) {
            if Some(id) != first {
                let name = alloc::format!("stack {} (suspended)", id.0);
                capture.add_suspended(store, id, &name);
            }
        }
        for (id, stack) in store.stacks.in_use() {
            let state = match stack.state {
                StackState::Suspended => "suspended",
                StackState::Fresh => "fresh",
                _ => continue,
            };
            if stack.is_continuation() && is_reachable(id, stack) {
                let name = alloc::format!("continuation {} ({state})", id.0);
                let state = Some(ThreadState::Detached);
                capture.add_thread(&name, state, |visit| {
                    Backtrace::trace_suspended(store, id, visit)
                });
            }
        }
        capture.add_stacks(store, is_reachable);
        if let (Cause::Trap(Trap::MemoryOutOfBounds), None) = (cause, first) {
            capture.find_access(store);
        }
        capture
    }

    /// Adds the thread that runs: all calls from the host that are in progress.
    fn add_running(&mut self, store: &StoreInner) {
        let activations = &store.stacks.activations;
        let initial = activations.iter().rev().filter_map(|activation| {
            let stacks = store.stacks.stacks_from(activation.chain.first());
            store.stacks.names.of(stacks.last()?)
        });
        let name = initial.into_iter().next().unwrap_or("main");
        let state = (!activations.is_empty()).then_some(ThreadState::Running);
        self.add_thread(name, state, |visit| Backtrace::trace(store, visit));
    }

    /// Adds the suspended execution on a stack, with a name that it has if it was given no other.
    fn add_suspended(&mut self, store: &StoreInner, id: StackId, name: &str) {
        let innermost = store.stacks.stack(id).innermost();
        let state = match store.stacks.waiters.place(innermost) {
            Some((queue, address)) => {
                let memory = store.memory_of_queue(queue);
                ThreadState::Waiting {
                    memory: memory.map_or(u32::MAX, |memory| memory.0),
                    address,
                }
            }
            None if store.stacks.stack(innermost).awaiting.is_some() => ThreadState::Blocked,
            None => ThreadState::Ready,
        };
        let name = store.stacks.names.of(id).unwrap_or(name);
        self.add_thread(name, Some(state), |visit| {
            Backtrace::trace_suspended(store, id, visit)
        });
    }

    fn add_thread(
        &mut self,
        name: &str,
        state: Option<ThreadState>,
        trace: impl FnOnce(&mut dyn FnMut(Frame) -> ControlFlow<()>),
    ) {
        let mut thread = Thread {
            name: name.to_string(),
            frames: Vec::new(),
            complete: true,
            state,
        };
        trace(&mut |frame| {
            if thread.frames.try_reserve(1).is_err() {
                thread.complete = false;
                return ControlFlow::Break(());
            }
            thread.frames.push(frame);
            ControlFlow::Continue(())
        });
        if self.threads.try_reserve(1).is_ok() {
            self.threads.push(thread);
        }
    }

    fn add_stacks(&mut self, store: &StoreInner, shown: impl Fn(StackId, &Stack) -> bool) {
        // Each call from the host runs on a stack of its own. The stack that called the host
        // waits for it.
        let mut callers = BTreeMap::new();
        let mut below = None;
        for first in store
            .stacks
            .activations
            .iter()
            .map(|activation| activation.chain.first())
        {
            if let Some(initial) = store.stacks.stacks_from(first).last() {
                callers.insert(initial, below);
                below = Some(first);
            }
        }
        let frames = self.threads.iter().flat_map(|thread| &thread.frames);
        let with_frames: BTreeSet<u32> = frames.map(|frame| frame.stack).collect();
        for (id, stack) in store.stacks.in_use() {
            if self.stacks.try_reserve(1).is_err() {
                break;
            }
            if !shown(id, stack) {
                continue;
            }
            self.stacks.push(CapturedStack {
                id,
                state: stack.state,
                function: stack.function,
                continuation: stack.is_continuation(),
                revision: stack.revision(),
                parent: stack.parent().or_else(|| *callers.get(&id)?),
                given: store.given(id).map(|(ty, bits)| value(ty, bits)).collect(),
                handlers: stack
                    .parent()
                    .and_then(|parent| handlers(store, parent))
                    .unwrap_or_default(),
                image: with_frames
                    .contains(&id.0)
                    .then(|| StackImage::new(stack))
                    .flatten(),
            });
        }
    }

    /// Finds the operands of an access that was out of bounds.
    fn find_access(&mut self, store: &StoreInner) {
        let Some(&frame) = self.threads.first().and_then(|main| main.frames.first()) else {
            return;
        };
        if frame.is_call {
            return;
        }
        let module = store.instance(frame.instance).module();
        let Some((map, wasm)) = map_of(module, &frame) else {
            return;
        };
        let value = |variable: &Variable| self.bits(&frame, variable).map(|[low, _]| low);
        let found = OutOfBounds::find(store, frame.instance, &map, wasm, value);
        self.reason.access = found.map(|found| Access {
            memory: found.memory.0,
            address: found.address,
            offset: found.offset,
            size: found.size,
        });
    }

    /// Returns the position of a frame relative to its instruction.
    pub fn position(&self, frame: &Frame) -> Position {
        let running = |main: &&Thread| main.state == Some(ThreadState::Running);
        let first = self.threads.first().filter(running);
        let youngest = first.and_then(|main| main.frames.first());
        if frame.is_call {
            Position::Calling
        } else if [ReasonKind::Trap, ReasonKind::UnhandledTag].contains(&self.reason.kind)
            && youngest == Some(frame)
        {
            Position::Trapped
        } else {
            Position::Before
        }
    }

    /// Returns the image of the stack with the given number.
    fn image(&self, stack: u32) -> Option<&StackImage> {
        let at = self.stacks.binary_search_by_key(&stack, |stack| stack.id.0);
        self.stacks[at.ok()?].image.as_ref()
    }

    /// Returns the bits of a variable of a frame.
    fn bits(&self, frame: &Frame, variable: &Variable) -> Option<ValBits> {
        fault::bits(variable, &self.accumulators, |distance| {
            self.image(frame.stack)?.slot(frame.fp, distance)
        })
    }

    fn value(&self, frame: &Frame, variable: &Variable) -> Value {
        let bits = self.bits(frame, variable);
        bits.map_or(Value::Missing, |bits| value_of(variable.kind, bits))
    }
}

/// Returns the value that bits of a frame are.
pub fn value_of(kind: Kind, [bits, high]: ValBits) -> Value {
    match kind {
        Kind::I32 => Value::I32(bits as u32),
        Kind::I64 => Value::I64(bits),
        Kind::F32 => Value::F32(bits as u32),
        Kind::F64 => Value::F64(bits),
        Kind::V128 => Value::V128(u128::from(bits) | u128::from(high) << 64),
        Kind::FuncRef => reference(RefKind::Func, bits),
        Kind::ExternRef => reference(RefKind::Extern, bits),
        Kind::ExnRef => reference(RefKind::Exn, bits),
        Kind::ContRef => reference(RefKind::Cont, bits),
        Kind::AnyRef => reference(RefKind::Any, bits),
    }
}

/// The values of one frame.
#[derive(Clone, Debug, Default)]
pub struct FrameValues {
    /// Offset of the frame's instruction from the start of the function's body.
    pub code_offset: u32,
    /// `true` if the values are known.
    pub captured: bool,
    /// The locals, parameters first.
    pub locals: Vec<Value>,
    /// The operand stack, lowest first.
    pub operands: Vec<Value>,
    /// The references in hidden slots.
    pub hidden: Vec<Value>,
}

/// Module, function and version of code.
type MapKey = (u32, u32, u16);

/// The frame maps of all functions that have frames in a capture. Each is made once, whatever the
/// number of the function's frames.
#[derive(Debug)]
pub struct Maps<'a> {
    capture: &'a Capture,
    maps: BTreeMap<MapKey, Arc<FrameMap>>,
}

impl<'a> Maps<'a> {
    /// Creates the maps.
    pub fn new(capture: &'a Capture) -> Maps<'a> {
        let mut maps = Maps {
            capture,
            maps: BTreeMap::new(),
        };
        let mut wanted: BTreeMap<MapKey, Vec<u32>> = BTreeMap::new();
        for frame in capture.threads.iter().flat_map(|thread| &thread.frames) {
            wanted
                .entry(maps.key(frame))
                .or_default()
                .push(frame.code_offset);
        }
        for ((module, function, version), mut offsets) in wanted {
            let module_of = &capture.modules[module as usize];
            offsets.sort_unstable();
            offsets.dedup();
            let Ok(positions) = translate::frame_map(module_of, function, version, &[]) else {
                continue;
            };
            let operators = offsets.iter().filter_map(|&at| positions.wasm_offset(at));
            let mut operators: Vec<u32> = operators.collect();
            operators.dedup();
            if let Ok(map) = translate::frame_map(module_of, function, version, &operators) {
                maps.maps.insert((module, function, version), map);
            }
        }
        maps
    }

    /// Returns the place of a frame, beyond its position, if the frame can be restored there.
    pub fn place(&self, frame: &Frame) -> Option<Place> {
        let map = self.maps.get(&self.key(frame))?;
        let at = frame.code_offset;
        if !frame.is_call && map.entry().contains(&at) {
            return Some(Place::Entry);
        }
        let points = map.resume_points(map.wasm_offset(at)?)?;
        if frame.is_call {
            // The offset is that of the word before the return address.
            let returns = points.calling?.cell.0 == at + 1;
            return returns.then_some(Place::Usual);
        }
        let accesses = [Place::FirstAccess, Place::SecondAccess];
        let mut announced = points.announced.iter().zip(accesses);
        if let Some((_, place)) = announced.find(|(cell, _)| cell.0 == at) {
            return Some(place);
        }
        (points.before?.0 <= at).then_some(Place::Usual)
    }

    /// Returns the values of a frame that are neither locals nor operands.
    pub fn hidden(&self, frame: &Frame) -> Vec<Value> {
        let Some(map) = self.maps.get(&self.key(frame)) else {
            return Vec::new();
        };
        let Some(wasm) = map.wasm_offset(frame.code_offset) else {
            return Vec::new();
        };
        map.hidden(wasm)
            .map(|variable| self.capture.value(frame, &variable))
            .collect()
    }

    fn key(&self, frame: &Frame) -> MapKey {
        let module = self.capture.instances[frame.instance.0 as usize];
        (module, frame.function, frame.version)
    }

    /// Replaces `values` with the values of a frame.
    pub fn read(&self, frame: &Frame, values: &mut FrameValues) {
        values.locals.clear();
        values.operands.clear();
        values.hidden.clear();
        values.code_offset = 0;
        values.captured = false;
        let key = self.key(frame);
        let Some(map) = self.maps.get(&key) else {
            return;
        };
        let Some(wasm) = map.wasm_offset(frame.code_offset) else {
            return;
        };
        let body = self.capture.modules[key.0 as usize].body(frame.function);
        values.code_offset = body.map_or(0, |body| wasm - body.start as u32);
        if self.capture.image(frame.stack).is_none() {
            return;
        }
        let Some(operands) = map.operands(wasm, frame.is_call) else {
            return;
        };
        let room = (values.locals.try_reserve(map.locals().len()))
            .and_then(|()| values.operands.try_reserve(operands.len()))
            .and_then(|()| values.hidden.try_reserve(map.caught(wasm).len()));
        if room.is_err() {
            return;
        }
        let value = |variable| self.capture.value(frame, variable);
        values.locals.extend(map.locals().iter().map(value));
        values.operands.extend(operands.iter().map(value));
        values.hidden.extend(map.caught(wasm).iter().map(value));
        values.captured = true;
    }
}

/// Returns the stacks of suspended executions: those with names in the order in which they got
/// them, and then the others by ascending number.
fn suspended_executions(store: &StoreInner) -> impl Iterator<Item = StackId> + '_ {
    let stacks = &store.stacks;
    let unnamed = stacks.in_use().map(|(id, _)| id);
    let unnamed = unnamed.filter(|&id| stacks.names.of(id).is_none());
    stacks.names.stacks().chain(unnamed).filter(|&id| {
        let stack = stacks.stack(id);
        let waits = match stack.state {
            StackState::Suspended => true,
            // It has not begun. Without a name it is nothing but a function.
            StackState::Fresh => stacks.names.of(id).is_some(),
            _ => false,
        };
        waits && !stack.is_continuation() && !stacks.was_dropped(id)
    })
}

/// Returns the clauses of the instruction with which a stack resumed another one.
fn handlers(store: &StoreInner, parent: StackId) -> Option<Vec<Handler>> {
    let stack = store.stacks.stack(parent);
    let raw = RawFrames::new(stack, stack.exit).next()?;
    let frame = Frame::new(store, parent, &raw, &mut Locator::new())?;
    let instance = store.instance(frame.instance);
    let (map, wasm) = map_of(instance.module(), &frame)?;
    let clauses = map.clauses(wasm).iter();
    Some(
        clauses
            .map(|clause| Handler {
                tag: instance.parts().tags[clause.tag as usize].0,
                switch: clause.label.is_none(),
                label: clause.label.unwrap_or_default(),
            })
            .collect(),
    )
}

/// Returns the map of a frame's function for its instruction, and the instruction's offset in the
/// module.
fn map_of(module: &Module, frame: &Frame) -> Option<(Arc<FrameMap>, u32)> {
    let wasm = frame.module_offset(module)?;
    let map = frame.map(module, &[wasm]).ok()?;
    Some((map, wasm))
}

/// Returns the modules of all instances, and for each instance the index of its module. Modules with the
/// same bytes are one.
fn modules(store: &StoreInner) -> (Vec<Arc<Module>>, Vec<u32>) {
    let mut modules = Vec::new();
    let mut numbers = BTreeMap::new();
    let instances = store.instances().map(|instance| {
        let module = instance.module();
        *numbers.entry(Arc::as_ptr(module)).or_insert_with(|| {
            let mut known = modules.iter();
            let same = known.position(|it: &Arc<Module>| it.bytes == module.bytes);
            same.unwrap_or_else(|| {
                modules.push(Arc::clone(module));
                modules.len() - 1
            }) as u32
        })
    });
    let instances = instances.collect();
    (modules, instances)
}

fn reason(cause: Cause<'_>) -> Reason {
    let mut reason = Reason::default();
    match cause {
        Cause::Request => {}
        Cause::Trap(trap) => {
            reason.kind = match trap {
                Trap::OutOfFuel => ReasonKind::OutOfFuel,
                Trap::Interrupt => ReasonKind::Interrupt,
                Trap::UnhandledTag => ReasonKind::UnhandledTag,
                _ => ReasonKind::Trap,
            };
            reason.trap = Some(alloc::format!("{trap:?}"));
            reason.message = trap.to_string();
        }
        Cause::Host(error) => {
            reason.kind = match error.is::<ThrownException>() {
                true => ReasonKind::UncaughtException,
                false => ReasonKind::HostError,
            };
            reason.message = error.to_string();
        }
        Cause::Other(kind, message) => {
            reason.kind = kind;
            reason.message = message.to_string();
        }
    }
    reason
}
