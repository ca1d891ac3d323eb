//! The calls that are open while a program is traced.

use super::points::{Leave, Point, Transfer};
use super::{Output, name};
use crate::cli::lanes::Shape;
use crate::cli::symbols::Symbols;
use crate::cli::value;
use backstitch::FrameState;
use backstitch::coredump::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The calls that have begun and not ended, as far as they are traced.
#[derive(Default)]
pub(super) struct Calls {
    /// The calls on each stack, oldest first.
    open: BTreeMap<u32, Vec<Call>>,
    /// The stacks at the last stop, youngest first.
    stacks: Vec<u32>,
    /// The continuations that are suspended.
    suspended: BTreeSet<u32>,
    /// What the program has done with stacks at the last stop.
    transfer: Option<Transfer>,
}

/// A call that has begun.
struct Call {
    function: u32,
    name: String,
    fp: usize,
}

impl Calls {
    /// Returns the number of open calls, without those in suspended continuations.
    pub(super) fn depth(&self) -> usize {
        let calls = self.stacks.iter().filter_map(|stack| self.open.get(stack));
        calls.map(Vec::len).sum()
    }

    /// Prints what happens at a point in a frame. `stacks` are the stacks now, youngest first.
    pub(super) fn stop(
        &mut self,
        out: &mut Output,
        symbols: &Symbols,
        point: &Point,
        frame: &FrameState,
        stacks: Vec<u32>,
    ) {
        self.follow(out, stacks);
        self.unwind(out, frame, point.enters);
        if point.enters {
            let name = name(symbols, frame.func_index());
            let parameters = symbols.signature(frame.func_index());
            let parameters = parameters.map_or(0, |ty| ty.params().len());
            let arguments = frame.locals().get(..parameters).unwrap_or_default();
            out.line(self.depth(), &format!("> {name}({})", list(arguments)));
            self.open.entry(frame.stack()).or_default().push(Call {
                function: frame.func_index(),
                name,
                fp: frame.fp(),
            });
        }
        if let Some(leave) = &point.leaves {
            self.leave(out, symbols, leave, frame);
        }
        self.transfer = point.transfers;
        let depth = self.depth();
        if depth > 0
            && let Some(transfer) = point.transfers
        {
            let name = name(symbols, frame.func_index());
            out.line(
                depth,
                &match transfer {
                    Transfer::Suspend(tag) => format!("~ {name} suspends with tag {tag}"),
                    Transfer::Resume => format!("~ {name} resumes a continuation"),
                    Transfer::Switch => format!("~ {name} switches to another continuation"),
                },
            );
        }
    }

    /// Prints the ends of all open calls on these stacks, youngest first, for one reason.
    pub(super) fn end(&mut self, out: &mut Output, stacks: Vec<u32>, reason: &str) {
        self.follow(out, stacks.clone());
        for stack in stacks {
            while let Some(call) = self.open.get_mut(&stack).and_then(Vec::pop) {
                out.line(self.depth(), &format!("! {} {reason}", call.name));
            }
        }
    }

    /// Returns the stacks at the last stop, youngest first.
    pub(super) fn stacks(&self) -> &[u32] {
        &self.stacks
    }

    /// Notes which stacks there are now. The calls on those that have gone have ended, unless the program
    /// has suspended them.
    fn follow(&mut self, out: &mut Output, stacks: Vec<u32>) {
        let is_suspended = matches!(self.transfer, Some(Transfer::Suspend(_) | Transfer::Switch));
        while let Some(&youngest) = self.stacks.first() {
            if stacks.contains(&youngest) {
                break;
            }
            if is_suspended {
                self.suspended.insert(youngest);
            } else {
                self.unwind_to(out, youngest, 0);
            }
            self.stacks.remove(0);
        }
        for stack in &stacks {
            self.suspended.remove(stack);
        }
        self.stacks = stacks;
    }

    /// Prints the ends of the calls on a frame's stack that the program has left without a point.
    fn unwind(&mut self, out: &mut Output, frame: &FrameState, enters: bool) {
        let first = frame.fp() + usize::from(!enters);
        self.unwind_to(out, frame.stack(), first);
    }

    /// Prints the ends of the calls on a stack whose records are at a position or further up.
    fn unwind_to(&mut self, out: &mut Output, stack: u32, first: usize) {
        let calls = |open: &mut BTreeMap<u32, Vec<Call>>| {
            let calls = open.get_mut(&stack)?;
            calls.pop_if(|call| call.fp >= first)
        };
        while let Some(call) = calls(&mut self.open) {
            out.line(self.depth(), &format!("! {} is left", call.name));
        }
    }

    /// Prints the end of a call, if its function ends at the instruction.
    fn leave(&mut self, out: &mut Output, symbols: &Symbols, leave: &Leave, frame: &FrameState) {
        let function = frame.func_index();
        let operands = frame.operands();
        let top = operands.last();
        // The number of operands that are not results.
        let (ends, others) = match leave {
            Leave::Always => (true, 0),
            Leave::IfTrue => (!matches!(top, Some(Value::I32(0))), 1),
            Leave::IfNull => (matches!(top, Some(Value::Ref(_, None))), 1),
            Leave::IfNotNull => (!matches!(top, Some(Value::Ref(_, None))), 0),
            Leave::Table(targets) => {
                let last = targets.len() - 1;
                let selected = match top {
                    Some(Value::I32(index)) => last.min(*index as usize),
                    _ => last,
                };
                (targets[selected], 1)
            }
            Leave::TailCall(_) => (true, 0),
        };
        let calls = self.open.get_mut(&frame.stack());
        let is_frame = |call: &mut Call| call.fp == frame.fp() && call.function == function;
        let Some(call) = calls.and_then(|calls| calls.pop_if(|call| ends && is_frame(call))) else {
            return;
        };
        let text = match leave {
            Leave::TailCall(Some(next)) => {
                format!("< {} becomes {}", call.name, name(symbols, *next))
            }
            Leave::TailCall(None) => format!("< {} becomes another function", call.name),
            _ => {
                let count = symbols
                    .signature(function)
                    .map_or(0, |ty| ty.results().len());
                let end = operands.len().saturating_sub(others);
                let results = &operands[end.saturating_sub(count)..end];
                match results {
                    [] => format!("< {}", call.name),
                    results => format!("< {} = {}", call.name, list(results)),
                }
            }
        };
        out.line(self.depth(), &text);
    }
}

/// Formats values with commas.
fn list(values: &[Value]) -> String {
    let texts = values.iter().map(|it| value::print_raw(it, Shape::WORDS));
    texts.collect::<Vec<_>>().join(", ")
}
