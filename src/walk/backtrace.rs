//! Backtraces: the frames of all activations of a store.

use super::frame::{Frame, Locator};
use crate::heap::StoreInner;
use crate::ids::StackId;
use crate::stack::{RawFrames, StackState};
use alloc::vec::Vec;
use core::ops::ControlFlow;

/// The frames of a store's activations, the youngest first.
#[derive(Clone, Debug, Default)]
pub struct Backtrace {
    frames: Vec<Frame>,
}

impl Backtrace {
    /// No frames.
    pub fn empty() -> Backtrace {
        Backtrace::default()
    }

    /// The youngest frames of the activations under way: `limit` at the most, and fewer
    /// where there is no memory for them.
    pub fn new(store: &StoreInner, limit: usize) -> Backtrace {
        let mut backtrace = Backtrace::empty();
        Backtrace::trace(store, |frame| backtrace.add(frame, limit));
        backtrace
    }

    /// The youngest frames of an execution that is suspended, in the same way.
    pub fn of_suspended(store: &StoreInner, stack: StackId, limit: usize) -> Backtrace {
        let mut backtrace = Backtrace::empty();
        Backtrace::trace_suspended(store, stack, |frame| backtrace.add(frame, limit));
        backtrace
    }

    fn add(&mut self, frame: Frame, limit: usize) -> ControlFlow<()> {
        let is_full = self.frames.len() == self.frames.capacity();
        if self.frames.len() == limit || is_full && self.frames.try_reserve(1).is_err() {
            return ControlFlow::Break(());
        }
        self.frames.push(frame);
        ControlFlow::Continue(())
    }

    /// The frames, the youngest first, without the backtrace.
    pub fn into_frames(self) -> Vec<Frame> {
        self.frames
    }

    /// Visits the frames of an execution or a continuation that is suspended, and of the
    /// stacks that wait for it, in the same way as [`Backtrace::trace`].
    pub fn trace_suspended(
        store: &StoreInner,
        stack: StackId,
        mut visit: impl FnMut(Frame) -> ControlFlow<()>,
    ) {
        let suspended = store.stacks.stack(stack);
        if suspended.state == StackState::Suspended {
            let _ = trace_chain(store, suspended.innermost(), &mut visit);
        }
    }

    /// Visits the frames of the activations under way, the youngest first, until `visit`
    /// breaks. Allocates nothing.
    pub fn trace(store: &StoreInner, mut visit: impl FnMut(Frame) -> ControlFlow<()>) {
        for activation in store.stacks.activations.iter().rev() {
            // An activation that has not left WebAssembly has nothing to show: it is about
            // to begin, or the host calls the host. It does not end the chain.
            if !activation.exited {
                continue;
            }
            if trace_chain(store, activation.chain.first(), &mut visit).is_break() {
                return;
            }
        }
    }
}

/// Visits the frames of a stack and of those that wait for it.
fn trace_chain(
    store: &StoreInner,
    first: StackId,
    visit: &mut impl FnMut(Frame) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut locator = Locator::new();
    for id in store.stacks.stacks_from(first) {
        let stack = store.stacks.stack(id);
        if stack.exit.ip.is_null() {
            continue;
        }
        for raw in RawFrames::new(stack, stack.exit) {
            let Some(frame) = Frame::new(store, id, &raw, &mut locator) else {
                continue;
            };
            visit(frame)?;
        }
    }
    ControlFlow::Continue(())
}
