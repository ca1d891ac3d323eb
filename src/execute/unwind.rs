//! Unwinding: finding the clause that catches an exception, and continuing there.
//!
//! The frames of all stacks stay in place during the search. If nothing catches the
//! exception, they still show where it was thrown.

use super::chain_guard::ChainGuard;
use crate::code::{Passed, PublishedBlocks};
use crate::heap::{Failure, InstanceCore, StoreInner, ThrownException};
use crate::ids::{ExnIndex, InstanceIndex, StackId, TagIndex};
use crate::stack::RawFrames;

/// Place where an exception is caught.
#[derive(Clone, Copy, Debug)]
struct Landing {
    /// Stack of the frame that catches it.
    stack: StackId,
    /// Record of this frame, in slots from the stack's base.
    fp: usize,
    /// Address of the cell that runs next.
    ip: *const u64,
    /// Instance of the frame.
    instance: *mut InstanceCore,
    /// First slot for the values that are passed, counted from the record.
    slot: i32,
    /// True if the payload is passed. A clause for all exceptions does not receive it.
    with_fields: bool,
    /// Reference to the exception that is passed.
    reference: Passed,
}

/// Throws an exception and continues where it is caught. The cell at `ip` throws it, or, if
/// `is_return`, the call before `ip`.
///
/// # Errors
///
/// [`Failure::Exception`] if nothing catches it.
pub(super) fn throw(
    guard: &mut ChainGuard<'_>,
    exception: ExnIndex,
    is_return: bool,
) -> Result<(), Failure> {
    guard.leave(is_return);
    let landing = prepare_landing(guard, exception)?;
    land(
        guard,
        exception,
        landing.ok_or(Failure::Exception(exception))?,
    );
    Ok(())
}

/// Throws the exception of a host function, if that is how the function has failed, and
/// continues where it is caught.
///
/// # Errors
///
/// The failure itself, if it is no exception or nothing catches it: the host's own error contains
/// more than [`Failure::Exception`].
pub(super) fn throw_failure(guard: &mut ChainGuard<'_>, failure: Failure) -> Result<(), Failure> {
    let thrown = match &failure {
        Failure::Host(error) if error.is::<ThrownException>() => guard.store.pending_exception,
        _ => None,
    };
    let landing = match thrown {
        Some(exception) => prepare_landing(guard, exception)?,
        None => None,
    };
    let (Some(exception), Some(landing)) = (thrown, landing) else {
        return Err(failure);
    };
    guard.store.pending_exception = None;
    land(guard, exception, landing);
    Ok(())
}

/// Returns the place where an exception is caught. The observer of a store, if it has one, may give other
/// code to the function first.
fn prepare_landing(
    guard: &mut ChainGuard<'_>,
    exception: ExnIndex,
) -> Result<Option<Landing>, Failure> {
    let landing = find_landing(guard, exception);
    if let Some(found) = landing
        && guard.store.steps()
        && let Some(debugging) = &guard.store.debugging
    {
        (debugging.catches)(guard.store, found.stack, found.fp).map_err(Failure::Host)?;
        return Ok(find_landing(guard, exception));
    }
    Ok(landing)
}

fn find_landing(guard: &ChainGuard<'_>, exception: ExnIndex) -> Option<Landing> {
    let tag = guard.store.exceptions.get(exception)?.tag;
    let stacks = &guard.store.stacks;
    stacks
        .stacks_from(guard.running())
        .find_map(|stack| find_on(guard.store, stack, tag))
}

/// Sets the registers to a landing, and writes there what its clause receives. The
/// continuations between the throw and the landing end.
fn land(guard: &mut ChainGuard<'_>, exception: ExnIndex, landing: Landing) {
    let mut id = guard.running();
    while id != landing.stack
        && let Some(parent) = guard.store.stacks.stack(id).parent()
    {
        guard.store.stacks.release(id);
        id = parent;
    }
    guard.store.stacks.set_running(landing.stack);
    let stack = guard.store.stacks.stack_mut(landing.stack);
    stack.exit.is_return = true;
    let (base, limit) = (stack.base, stack.limit);
    let fields = match guard.store.exceptions.get(exception) {
        Some(caught) if landing.with_fields => &caught.fields[..],
        _ => &[],
    };
    let reference = u64::from(exception.0) + 1;
    // SAFETY: S1: the frame has slots for all values that its label takes; X1, X2: the landing
    // is a cell of the frame's code.
    unsafe {
        let fp = base.add(landing.fp);
        let mut payload = fp.offset(landing.slot as isize);
        match landing.reference {
            Passed::Nothing => {}
            Passed::Behind => *payload.add(fields.len()) = reference,
            Passed::Before { rethrown } => {
                *payload = if rethrown { reference } else { 0 };
                payload = payload.add(1);
            }
        }
        payload.copy_from_nonoverlapping(fields.as_ptr(), fields.len());
        (*guard.ctx).stack_limit = limit;
        (*guard.ctx).ip = landing.ip;
        (*guard.ctx).fp = fp;
        (*guard.ctx).set_instance(landing.instance);
    }
    guard.activation().exited = false;
    let escapes = match landing.reference {
        Passed::Nothing => false,
        Passed::Behind => true,
        Passed::Before { rethrown } => rethrown,
    };
    if escapes {
        guard.store.exceptions.escape(exception);
        guard.store.collector.count();
    } else {
        guard.store.exceptions.caught(exception);
    }
}

/// Returns the landing in the youngest frame of a stack that catches exceptions of a tag. The
/// frames begin at the stack's exit point.
fn find_on(store: &StoreInner, id: StackId, tag: TagIndex) -> Option<Landing> {
    let stack = store.stacks.stack(id);
    // Frames of one instance are mostly consecutive: its code is locked once for all of them.
    let mut code: Option<(InstanceIndex, PublishedBlocks<'_>)> = None;
    for frame in RawFrames::new(stack, stack.exit) {
        let instance = store.instance(frame.instance);
        let blocks = match code {
            Some((of, ref blocks)) if of == frame.instance => blocks,
            _ => {
                // One lock is released before another is taken.
                drop(code.take());
                let blocks = instance.module().code.published_blocks();
                &code.insert((frame.instance, blocks)).1
            }
        };
        let Some((block, offset)) = blocks.find(frame.address()) else {
            continue;
        };
        let tags = &instance.parts().tags;
        // A clause without a tag catches all exceptions.
        let catches = |of: Option<u32>| of.is_none_or(|index| tags[index as usize] == tag);
        let mut clauses = block.catches().clauses_at(offset);
        if let Some(clause) = clauses.find(|clause| catches(clause.tag)) {
            return Some(Landing {
                stack: id,
                fp: frame.fp as usize,
                ip: block.cell(clause.target),
                instance: instance.core(),
                slot: clause.slot,
                with_fields: clause.tag.is_some(),
                reference: clause.reference,
            });
        }
    }
    None
}
