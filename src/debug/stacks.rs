//! Threads and frames at one moment, as core dumps have them.

use super::{Frame, ThreadId};
use crate::api::Result;
use crate::api::coredump::{self, ThreadState, Value};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;
use wasmparser::{Parser, Payload, TypeRef};

/// The threads of a debuggee, with all their frames.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    pub(super) threads: Vec<(ThreadId, coredump::Thread)>,
}

impl Stacks {
    fn thread(&self, thread: ThreadId) -> Option<&coredump::Thread> {
        let found = self.threads.iter().find(|(id, _)| *id == thread);
        found.map(|(_, thread)| thread)
    }

    /// Returns a frame, counted from the youngest one.
    pub(super) fn frame(&self, thread: ThreadId, frame: usize) -> Option<&coredump::Frame> {
        self.thread(thread)?.frames.get(frame)
    }

    /// Returns the numbers of the threads.
    pub(super) fn ids(&self) -> Vec<ThreadId> {
        self.threads.iter().map(|(id, _)| *id).collect()
    }

    /// Returns the name of a thread.
    pub(super) fn name(&self, thread: ThreadId) -> Option<String> {
        let name = &self.thread(thread)?.name;
        (!name.is_empty()).then(|| name.clone())
    }

    /// Returns the state of a thread as a phrase.
    pub(super) fn state(&self, thread: ThreadId) -> Option<String> {
        // The names of continuations say what they wait for.
        let state = self.thread(thread)?.state;
        let state = state.filter(|state| *state != ThreadState::Detached);
        state.map(|state| state.to_string())
    }

    /// Returns the positions of the frames of a thread, `most` at most. `module_of` returns the module
    /// of an instance, and `body` the offsets of a function's body.
    pub(super) fn positions(
        &self,
        thread: ThreadId,
        most: usize,
        module_of: impl Fn(u32) -> u32,
        body: impl Fn(u32, u32) -> Option<Range<u64>>,
    ) -> Vec<Frame> {
        let frames = self.thread(thread).map_or(&[][..], |thread| &thread.frames);
        let position = |frame: &coredump::Frame| {
            let module = module_of(frame.instance);
            let offset = body(module, frame.function).and_then(|body| {
                let offset = body.start.checked_add(frame.code_offset.into())?;
                body.contains(&offset).then_some(offset)
            });
            Frame {
                instance: frame.instance,
                module,
                offset,
            }
        };
        frames.iter().take(most).map(position).collect()
    }

    /// Returns a local of a frame.
    pub(super) fn local(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        self.frame(thread, frame)?.locals.get(index).copied()
    }

    /// Returns an operand of a frame, counted from the top.
    pub(super) fn operand(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        let operands = &self.frame(thread, frame)?.operands;
        let at = operands.len().checked_sub(1)?.checked_sub(index)?;
        operands.get(at).copied()
    }
}

/// The positions of a module's functions.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    /// The number of imported functions, which come before all others.
    imported: u32,
    /// The offsets of each function's body in the module.
    offsets: Vec<Range<u64>>,
}

impl Bodies {
    /// Reads a module.
    pub(super) fn read(bytes: &[u8]) -> Result<Bodies> {
        let mut bodies = Bodies::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        if let TypeRef::Func(_) | TypeRef::FuncExact(_) = import?.ty {
                            bodies.imported = bodies.imported.saturating_add(1);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.offsets.push(body.range()),
                _ => {}
            }
        }
        Ok(bodies)
    }

    /// Returns the offsets of a function's body.
    pub(super) fn get(&self, function: u32) -> Option<Range<u64>> {
        let defined = function.checked_sub(self.imported)?;
        self.offsets.get(defined as usize).cloned()
    }
}
