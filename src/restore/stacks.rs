//! Stacks: frames on them, and the links between them.

use super::frame::{Continuation, Placed, Return};
use super::functions::Functions;
use super::layout::Layout;
use super::numbers::has_ended;
use super::values::Values;
use crate::execute::{begin_continuation, continuation_fits, prepare};
use crate::heap::StoreInner;
use crate::ids::{FuncIndex, InstanceIndex, MemoryIndex, StackId, TagIndex};
use crate::module::{FuncType, Module, SiteKind, ValType, slot_count, types_after};
use crate::stack::{Awaited, BoundaryKind, ExitPoint, Owner, StackState, TimeOut};
use crate::support::error::{Context, Result};
use crate::support::wait_queue::WaitState;
use crate::walk::coredump::extension::{self, Awaits, Place, Snapshot, StackRest, Value};
use crate::walk::coredump::reader::{CoreDump, Frame};
use crate::{bail, ensure, format_err};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A frame of the snapshot, with its thread and its number there.
type Numbered<'d> = (u32, u32, &'d Frame);

/// The stacks of a snapshot, and what is needed to restore them.
struct Stacks<'s> {
    dump: &'s CoreDump<'s>,
    stacks: &'s [extension::Stack],
    rest: &'s [StackRest],
    /// The frames on each stack, youngest first.
    frames: Vec<Vec<Numbered<'s>>>,
    /// The stack that each stack waits for.
    children: Vec<Option<usize>>,
    hidden: BTreeMap<(u32, u32), &'s [Value]>,
    functions: &'s Functions,
}

/// The call that was made on a stack.
pub struct Call {
    /// The function.
    function: FuncIndex,
    /// The function's type.
    pub ty: Arc<FuncType>,
    /// The state that an initial stack shares with its execution.
    owner: Option<Arc<Owner>>,
    /// See [`StackRest::base`].
    pub base: Option<InstanceIndex>,
}

/// The parts of a stack that are known once its frames are written.
#[derive(Clone, Copy)]
struct Top<'s> {
    id: StackId,
    exit: ExitPoint,
    /// The call that the youngest frame waits for.
    waits: Option<Return<'s>>,
    /// The first slot for the values that the stack continues with.
    deliver: usize,
}

/// Restores the stacks. Returns those of executions that the embedder had.
pub fn restore(
    store: &mut StoreInner,
    dump: &CoreDump<'_>,
    modules: &[Arc<Module>],
    snapshot: &Snapshot,
    values: &mut Values<'_>,
) -> Result<Vec<StackId>> {
    let stacks = dump.stacks();
    ensure!(
        snapshot.stacks.len() == stacks.len(),
        "the snapshot does not describe all stacks"
    );
    let mut frames: Vec<Vec<Numbered<'_>>> = Vec::new();
    frames.try_reserve_exact(stacks.len())?;
    frames.resize_with(stacks.len(), Vec::new);
    for (number, thread) in (0..).zip(dump.threads()) {
        ensure!(thread.complete, "a thread of the snapshot lacks frames");
        for (at, frame) in (0..).zip(&thread.frames) {
            let details = frame.details.as_ref();
            let stack = details.and_then(|details| frames.get_mut(details.stack as usize));
            let stack = stack.ok_or_else(|| format_err!("a frame is on no stack"))?;
            // The frames of a stack are those of one thread.
            ensure!(
                stack.first().is_none_or(|first| first.0 == number),
                "a stack has frames of two threads"
            );
            stack.try_reserve(1)?;
            stack.push((number, at, frame));
        }
    }
    let mut children = Vec::new();
    children.try_reserve_exact(stacks.len())?;
    children.resize(stacks.len(), None);
    for (index, stack) in stacks.iter().enumerate() {
        let Some(parent) = stack.parent else { continue };
        let place = children.get_mut(parent as usize);
        let place = place.ok_or_else(|| format_err!("there is no stack {parent}"))?;
        ensure!(
            stack.continuation && place.replace(index).is_none(),
            "two stacks were resumed by one, or one that is no continuation was"
        );
    }
    check_chains(stacks, &children)?;
    let place = |frame: &Frame| {
        let stack = frame.details.as_ref().map(|details| details.stack as usize);
        let youngest = stack.and_then(|stack| {
            let (_, _, first) = frames.get(stack)?.first()?;
            core::ptr::eq(*first, frame).then(|| snapshot.stacks[stack].place)
        });
        youngest.unwrap_or(Place::Usual)
    };
    let functions = Functions::new(dump, modules, place)?;
    let hidden = snapshot.hidden.iter();
    let all = Stacks {
        dump,
        stacks,
        rest: &snapshot.stacks,
        frames,
        children,
        hidden: hidden
            .map(|it| ((it.thread, it.frame), &*it.values))
            .collect(),
        functions: &functions,
    };
    let mut owners = Vec::new();
    let mut tops = Vec::new();
    tops.try_reserve_exact(stacks.len())?;
    for (index, stack) in stacks.iter().enumerate() {
        let number = stack.number;
        let top = match has_ended(stack) {
            true => None,
            false => all
                .restore(store, values, index, &mut owners)
                .with_context(|| format!("stack {number}"))?,
        };
        if let Some(top) = &top
            && stack.continuation
        {
            // Unless it is an end of several that are suspended at once.
            store.stacks.stack_mut(top.id).set_other_end(top.id);
        }
        tops.push(top);
    }
    for (index, stack) in stacks.iter().enumerate() {
        let number = stack.number;
        all.link(store, &tops, index)
            .with_context(|| format!("stack {number}"))?;
    }
    restore_waits(store, snapshot)?;
    for named in &snapshot.names {
        let known = owners.binary_search_by_key(&named.stack, |(id, _)| id.0);
        ensure!(
            known.is_ok(),
            format_err!("stack {} has a name and no execution", named.stack)
        );
        store.stacks.names.set(StackId(named.stack), &named.name);
    }
    Ok(owners.into_iter().map(|(id, _)| id).collect())
}

/// Checks that stacks wait for each other in chains, each of which begins at a stack that no other one
/// has resumed, and that none of them has ended.
fn check_chains(stacks: &[extension::Stack], children: &[Option<usize>]) -> Result<()> {
    let mut reached = 0;
    for (index, stack) in stacks.iter().enumerate() {
        let mut next = Some(index).filter(|_| stack.parent.is_none());
        while let Some(at) = next {
            reached += 1;
            next = children[at];
            ensure!(
                !has_ended(&stacks[at]) || (at == index && next.is_none()),
                "a stack that waits for another one, or is waited for, has ended"
            );
        }
    }
    // The others are in circles.
    ensure!(
        reached == stacks.len(),
        "stacks wait for each other in a circle"
    );
    Ok(())
}

impl<'s> Stacks<'s> {
    /// Restores a stack that has not ended. Returns the position of its youngest frame, if code has
    /// run on it.
    fn restore(
        &self,
        store: &mut StoreInner,
        values: &mut Values<'_>,
        index: usize,
        owners: &mut Vec<(StackId, Arc<Owner>)>,
    ) -> Result<Option<Top<'s>>> {
        let (stack, rest) = (&self.stacks[index], &self.rest[index]);
        let function = stack
            .function
            .filter(|&it| (it as usize) < store.functions().len());
        let function = FuncIndex(function.ok_or_else(|| format_err!("it has no function"))?);
        let object = *store.func(function);
        let ty = store.engine().types.func(object.ty);
        let owner = match stack.continuation {
            true => None,
            false => {
                for &tag in &rest.handles {
                    ensure!(
                        (tag as usize) < store.tags().len(),
                        format_err!("there is no tag {tag}")
                    );
                }
                Some(Arc::new(Owner {
                    handles: rest.handles.iter().copied().map(TagIndex).collect(),
                }))
            }
        };
        let base = match rest.base {
            Some(base) => {
                ensure!(
                    (base as usize) < store.instances().len(),
                    format_err!("there is no instance {base}")
                );
                Some(InstanceIndex(base))
            }
            None => None,
        };
        let call = Call {
            function,
            ty,
            owner,
            base,
        };
        if stack.state != extension::StackState::Fresh {
            let top = self.restore_frames(store, values, index, &call)?;
            self.finish(store, index, top.id, call.owner, owners)?;
            return Ok(Some(top));
        }
        ensure!(
            self.frames[index].is_empty() && self.children[index].is_none(),
            "nothing has run on it, and it has frames"
        );
        let id = begin(store, values, stack, &call)?;
        self.finish(store, index, id, call.owner, owners)?;
        Ok(None)
    }

    /// Sets what a stack has whether code has run on it or not.
    fn finish(
        &self,
        store: &mut StoreInner,
        index: usize,
        id: StackId,
        owner: Option<Arc<Owner>>,
        owners: &mut Vec<(StackId, Arc<Owner>)>,
    ) -> Result<()> {
        let (stack, rest) = (&self.stacks[index], &self.rest[index]);
        ensure!(id.0 == stack.number, "it has another number");
        let restored = store.stacks.stack_mut(id);
        ensure!(
            u64::from(restored.revision()) == stack.revision
                && rest.first_revision <= restored.revision(),
            "its revision is not that of its number"
        );
        restored.first_revision = rest.first_revision;
        if rest.out_of_fuel {
            store.stacks.suspensions.set(id, Some(TimeOut::Fuel));
        } else if let Some(ticks) = rest.yielded {
            store
                .stacks
                .suspensions
                .set(id, Some(TimeOut::Epoch(ticks)));
        }
        if let Some(owner) = owner {
            owners.try_reserve(1)?;
            owners.push((id, owner));
        }
        Ok(())
    }

    /// Restores a stack on which code has run.
    fn restore_frames(
        &self,
        store: &mut StoreInner,
        values: &mut Values<'_>,
        index: usize,
        call: &Call,
    ) -> Result<Top<'s>> {
        let (stack, rest) = (&self.stacks[index], &self.rest[index]);
        let mut placed = Vec::new();
        placed.try_reserve_exact(self.frames[index].len())?;
        for &(thread, at, frame) in &self.frames[index] {
            let place = if placed.is_empty() {
                rest.place
            } else {
                Place::Usual
            };
            let hidden = self.hidden.get(&(thread, at)).copied().unwrap_or_default();
            let function = self.functions.function(self.dump, frame)?;
            placed.push(Placed::new(store, frame, function, place, hidden)?);
        }
        let layout = Layout::new(store, &placed, stack.continuation, call, rest)?;
        let slots = layout.slots;
        ensure!(
            !store.continuations_are_full(),
            "the limits do not allow as many stacks"
        );
        let id = store
            .stacks
            .acquire(call.function, slots, slots, call.owner.clone())
            .ok_or_else(|| format_err!("the limits or the host do not allow {slots} slots"))?;
        let fixed = store.engine().handlers.fixed;
        let (kind, bottom) = match stack.continuation {
            true => (
                BoundaryKind::Continuation,
                fixed.return_continuation.address(),
            ),
            false => (BoundaryKind::Host, fixed.return_host.address()),
        };
        let entry = store.stacks.stack_mut(id);
        entry.put_end(kind, call.ty.result_slots());
        let mut return_ip = bottom;
        let mut caller = 0;
        for boundary in &layout.positions {
            let core = store.instance(boundary.instance).core();
            match boundary.frame {
                None => {
                    let entry = store.stacks.stack_mut(id);
                    entry.put_boundary(boundary.at, return_ip, caller, core, boundary.results);
                    return_ip = fixed.return_boundary.address();
                }
                Some(frame) => {
                    let entry = store.stacks.stack_mut(id);
                    entry.put_record(boundary.at, return_ip, caller);
                    let frame = &placed[frame];
                    frame.write(store, values, id, boundary.at)?;
                    if let Continuation::Return(call) = frame.continuation {
                        return_ip = call.cell;
                    }
                }
            }
            caller = boundary.at;
        }
        let awaits_only = placed.is_empty() && layout.positions.is_empty();
        let is_host = store.func(call.function).is_host();
        let mut top = Top {
            id,
            exit: ExitPoint {
                ip: return_ip,
                instance: core::ptr::null_mut(),
                fp: caller as u32,
                is_return: true,
            },
            waits: None,
            deliver: layout.deliver,
        };
        match placed.first() {
            Some(youngest) => {
                top.exit.instance = store.instance(youngest.instance).core();
                match youngest.continuation {
                    Continuation::At(cell) => {
                        ensure!(!rest.crosses, "a frame that runs has called no function");
                        top.exit.ip = cell;
                        top.exit.is_return = false;
                    }
                    Continuation::Return(call) => top.waits = Some(call),
                }
            }
            None if awaits_only && is_host && !stack.continuation => {
                // The host has called a function of its own, so that no code runs.
                top.exit = ExitPoint::NONE;
            }
            None => {
                let base = call.base;
                let base = base.ok_or_else(|| format_err!("no instance has called the host"))?;
                top.exit.instance = store.instance(base).core();
            }
        }
        let entry = store.stacks.stack_mut(id);
        entry.exit = top.exit;
        let distance = top.deliver as i64 - i64::from(top.exit.fp);
        entry.deliver = (distance * size_of::<u64>() as i64) as i32;
        entry.state = StackState::Running;
        self.restore_awaited(store, index, &call.ty, &top, values)?;
        Ok(top)
    }

    /// Restores what a stack on which code has run waits for.
    fn restore_awaited(
        &self,
        store: &mut StoreInner,
        index: usize,
        ty: &FuncType,
        top: &Top<'_>,
        values: &mut Values<'_>,
    ) -> Result<()> {
        use extension::StackState::{Parent, Running, Suspended};
        let (stack, rest) = (&self.stacks[index], &self.rest[index]);
        let id = top.id;
        let results = top.waits.map_or(&*ty.results, |call| call.results);
        let types = &store.engine().types;
        let fits = |from: &[ValType], to: &[ValType]| {
            let mut pairs = from.iter().zip(to);
            from.len() == to.len() && pairs.all(|(&from, &to)| types.is_subtype(from, to))
        };
        let waits_for = top.waits.map(|call| call.kind);
        let mut awaiting = None;
        let by_host = matches!(rest.awaits, Awaits::Host(_));
        ensure!(
            by_host || !rest.crosses,
            "a boundary is above its youngest frame, which calls no host function"
        );
        // A continuation that code can resume takes no values from the host.
        let by_code = stack.continuation && stack.state == Suspended;
        match (stack.state, rest.awaits) {
            // An initial stack that waits for a continuation is suspended with it.
            (Parent | Suspended, Awaits::Nothing) if self.children[index].is_some() => {
                ensure!(
                    waits_for == Some(SiteKind::Resume),
                    "its youngest frame resumes no continuation"
                );
            }
            (Suspended, Awaits::Nothing) if stack.continuation => {
                ensure!(
                    matches!(waits_for, Some(SiteKind::Suspend(_) | SiteKind::Switch)),
                    "its youngest frame does not suspend it"
                );
                let bound = bound_slots(store, values, &stack.bound, results)?;
                let prefix = results[..stack.bound.len()].into();
                let prefix = FuncType::new(prefix, [].into());
                let prefix = store.engine().types.intern(prefix);
                let entry = store.stacks.stack_mut(id);
                for (slot, &bits) in (top.deliver..).zip(&bound) {
                    entry.put(slot, bits);
                }
                entry.deliver += (bound.len() * size_of::<u64>()) as i32;
                entry.bound_type = prefix;
            }
            (Suspended | Running, Awaits::Nothing) => {
                ensure!(
                    !top.exit.is_return && !top.exit.ip.is_null(),
                    "it waits for a call, and nothing will end the call"
                );
            }
            (Suspended | Running, Awaits::Host(function)) if !by_code => {
                let called = store.functions().get(function as usize);
                let called = called.filter(|called| called.is_host());
                let called = called.ok_or_else(|| format_err!("{function} is no host function"))?;
                ensure!(
                    fits(&types.func(called.ty).results, results)
                        && top.exit.is_return
                        && waits_for.is_none_or(|kind| kind == SiteKind::Call),
                    "its youngest frame does not call the host function"
                );
                awaiting = Some(Awaited::Host(FuncIndex(function)));
            }
            (Suspended | Running, Awaits::Tag(tag)) if !by_code => {
                let index = TagIndex(tag);
                let Some(SiteKind::Suspend(own)) = waits_for else {
                    bail!("its youngest frame does not suspend it");
                };
                let instance = store.instance_of_core(top.exit.instance);
                let tags = &store.instance(instance).parts().tags;
                ensure!(
                    tags.get(own as usize) == Some(&index),
                    "its youngest frame suspends it with another tag"
                );
                awaiting = Some(Awaited::Tag(index));
            }
            (state, awaits) => bail!("the state {state:?} does not fit {awaits:?}"),
        }
        store.stacks.stack_mut(id).awaiting = awaiting;
        Ok(())
    }

    /// Links a stack with the one that it waits for, and stacks that are suspended at once.
    fn link(&self, store: &mut StoreInner, tops: &[Option<Top<'s>>], index: usize) -> Result<()> {
        use extension::StackState::{Parent, Running, Suspended};
        let stack = &self.stacks[index];
        if has_ended(stack) {
            return Ok(());
        }
        let id = StackId(stack.number);
        if let Some(parent) = stack.parent {
            let above = &self.stacks[parent as usize];
            let top = tops[parent as usize];
            let (
                true,
                Some(Top {
                    exit,
                    waits: Some(call),
                    ..
                }),
            ) = (matches!(above.state, Parent | Suspended), top)
            else {
                bail!("the stack that has resumed it does not wait for it");
            };
            let types = &store.engine().types;
            let function = store.stacks.stack(id).function;
            let results = types.func(store.func(function).ty);
            let mut pairs = results.results.iter().zip(call.results);
            ensure!(
                results.results.len() == call.results.len()
                    && pairs.all(|(&from, &to)| types.is_subtype(from, to)),
                "it does not return what the stack that has resumed it expects"
            );
            store
                .stacks
                .stack_mut(id)
                .put_parent(StackId(above.number), exit.fp);
        }
        if stack.state == extension::StackState::Fresh {
            ensure!(
                stack.parent.is_none(),
                "it was resumed, and nothing has run on it"
            );
            return Ok(());
        }
        // The stacks that wait for each other, from the outermost one on.
        if stack.parent.is_some() {
            return Ok(());
        }
        let mut innermost = index;
        while let Some(child) = self.children[innermost] {
            innermost = child;
        }
        let last = &self.stacks[innermost];
        let last_id = StackId(last.number);
        if stack.continuation {
            ensure!(
                last.state == Suspended && last.continuation,
                "the continuation is not suspended"
            );
            let bound = self.bound(store, last_id, last)?;
            let entry = store.stacks.stack_mut(last_id);
            entry.set_other_end(id);
            entry.bind(bound);
            entry.state = StackState::Suspended;
            ensure!(
                innermost == index || stack.state == Parent,
                "a stack that waits for another one is in another state"
            );
        } else {
            ensure!(
                stack.state == Suspended && (innermost == index || last.state == Running),
                "the execution is not suspended"
            );
            let entry = store.stacks.stack_mut(id);
            entry.state = StackState::Suspended;
            if innermost != index {
                entry.set_other_end(last_id);
            }
            store.execution_waits(id);
        }
        Ok(())
    }

    /// Returns the number of slots of the values that are bound to a suspended continuation.
    fn bound(&self, store: &StoreInner, id: StackId, stack: &extension::Stack) -> Result<u32> {
        if stack.bound.is_empty() {
            return Ok(0);
        }
        let ty = store.engine().types.func(store.stacks.stack(id).bound_type);
        Ok(slot_count(&ty.params) as u32)
    }
}

/// Begins a call on which nothing has run yet: one of the host, or a continuation.
fn begin(
    store: &mut StoreInner,
    values: &mut Values<'_>,
    stack: &extension::Stack,
    call: &Call,
) -> Result<StackId> {
    let object = *store.func(call.function);
    let bound = bound_slots(store, values, &stack.bound, &call.ty.params)?;
    if !stack.continuation {
        ensure!(
            bound.len() == call.ty.param_slots(),
            "a call that has not begun has other arguments than its function"
        );
        return prepare(store, call.function, &bound, call.owner.clone());
    }
    let creator = match call.base {
        Some(base) => store.instance(base).core(),
        None if object.is_host() => bail!("no instance has created it"),
        None => core::ptr::null_mut(),
    };
    let id = begin_continuation(store, call.function, creator)?;
    let stack = store.stacks.stack_mut(id);
    for (slot, &bits) in (stack.delivery_slot()..).zip(&bound) {
        stack.put(slot, bits);
    }
    if !bound.is_empty() {
        stack.deliver += (bound.len() * size_of::<u64>()) as i32;
        stack.bound_type = object.ty;
        stack.bind(bound.len() as u32);
    }
    Ok(id)
}

/// Returns the slots of values that are the first ones of those of the types.
fn bound_slots(
    store: &StoreInner,
    values: &mut Values<'_>,
    bound: &[Value],
    types: &[ValType],
) -> Result<Vec<u64>> {
    ensure!(
        bound.len() <= types.len(),
        "more values are bound than it takes"
    );
    let mut slots = Vec::new();
    slots.try_reserve_exact(slot_count(&types[..bound.len()]))?;
    for (&value, &ty) in bound.iter().zip(types) {
        let bits = values.bits(store, value, ty)?;
        slots.extend_from_slice(&bits[..ty.slots()]);
    }
    debug_assert!(types_after(types, slots.len()).is_some());
    Ok(slots)
}

fn restore_waits(store: &mut StoreInner, snapshot: &Snapshot) -> Result<()> {
    let mut seen = BTreeSet::new();
    for wait in &snapshot.waits {
        let id = StackId(wait.stack);
        let lives = (1..store.stacks.entries()).contains(&(wait.stack as usize))
            && store.stacks.stack(id).state != StackState::Free;
        ensure!(
            lives && seen.insert(id),
            format_err!("stack {} cannot wait", wait.stack)
        );
        let memory = store.memories().get(wait.memory as usize);
        let queue = memory.and_then(|memory| memory.waiters()).cloned();
        let queue = queue
            .ok_or_else(|| format_err!("stack {} waits at memory {}", wait.stack, wait.memory))?;
        debug_assert!(MemoryIndex(wait.memory).0 < store.memories().len() as u32);
        let owner = store.stacks.owner_of(id);
        let state = match wait.state {
            extension::WaitState::Waiting => WaitState::Waiting,
            extension::WaitState::Woken => WaitState::Woken,
            extension::WaitState::TimedOut => WaitState::TimedOut,
        };
        let waiters = &mut store.stacks.waiters;
        let restored = waiters.restore(id, &queue, wait.address, state, owner);
        restored.ok_or_else(|| format_err!("there is no memory for a wait"))?;
    }
    Ok(())
}

/// Checks that references to continuations name ones that can be resumed, and of their types.
pub fn check_continuations(store: &StoreInner, values: &Values<'_>) -> Result<()> {
    for &(id, ty) in &values.continuations {
        let reference = store.stacks.stack(id).reference;
        let found = store.stacks.continuation(reference) == Some(id);
        ensure!(found, format_err!("stack {} cannot be resumed", id.0));
        if let Some(ty) = ty {
            let definition = store.engine().types.get(ty);
            let function = match definition.composite {
                crate::module::CompositeType::Cont(function) => function,
                _ => bail!("a reference to a continuation has another type"),
            };
            ensure!(
                continuation_fits(store, id, &store.engine().types.func(function)),
                format_err!("stack {} is not of the type of a reference to it", id.0)
            );
        }
    }
    Ok(())
}
