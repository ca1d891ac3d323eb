//! Recordings as debuggees.

use super::image::Image;
use super::{
    Action, DebugError, Debuggee, Direction, Frame, Location, Resumption, Stop, ThreadId,
    WatchKind, Watchpoint,
};
use crate::api::coredump::Value;
use crate::api::{Breakpoint, Result, Timeline};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

/// The thread of the calls of the host. The others have the numbers of their stacks, plus one.
const MAIN: ThreadId = ThreadId::MIN;

/// A recording as a [`Debuggee`], which runs in both directions.
///
/// The program stops at the positions of a [`Timeline`]: before instructions that cost fuel. Breakpoints at other
/// instructions stop at the next such one. Watchpoints are for writes only, and stop behind them in the
/// direction of the run: backwards, where the bytes have the value from before.
#[derive(Debug)]
pub struct Recorded<'t> {
    timeline: &'t mut Timeline,
    image: Image,
    breakpoints: Vec<Location>,
    watchpoints: Vec<Watchpoint>,
    stop: Stop,
}

impl<'t> Recorded<'t> {
    /// Returns a recording that is at its first instruction.
    ///
    /// # Errors
    ///
    /// As [`Timeline::seek`].
    pub fn new(timeline: &'t mut Timeline) -> Result<Recorded<'t>> {
        // All modules have numbers from the beginning, so that breakpoints can be in any.
        timeline.seek(timeline.end())?;
        let mut recorded = Recorded {
            timeline,
            image: Image::default(),
            breakpoints: Vec::new(),
            watchpoints: Vec::new(),
            stop: Stop::HistoryEnds {
                thread: MAIN,
                is_start: true,
            },
        };
        recorded.read();
        recorded.timeline.seek(0)?;
        while recorded.timeline.backtrace().frames().is_empty() && recorded.timeline.step()? {}
        recorded.read();
        Ok(recorded)
    }

    /// Reads the stacks at the position.
    fn read(&mut self) {
        let dump = self.timeline.captured();
        let id = |stack: u32| ThreadId::new(stack.checked_add(1)?);
        self.image.read(&dump, MAIN, id);
    }

    fn run(&mut self, direction: Direction, action: &Action) -> Result<Stop> {
        let back = direction == Direction::Back;
        let ends = Stop::HistoryEnds {
            thread: MAIN,
            is_start: back,
        };
        match action {
            Action::Continue => {
                let breakpoints = self.places();
                let watched = self.watched();
                let found = match back {
                    true => self.timeline.reverse_continue(&breakpoints, &watched)?,
                    false => self.timeline.continue_to(&breakpoints, &watched)?,
                };
                if !found {
                    self.go_to_edge(back)?;
                    return Ok(ends);
                }
                let stop = self.reason();
                if !back && matches!(stop, Stop::Watchpoint { .. }) {
                    self.step(false)?;
                }
                Ok(stop)
            }
            Action::Step => {
                if !self.step(back)? {
                    return Ok(ends);
                }
                Ok(Stop::Step { thread: MAIN })
            }
            Action::StepOut { module, offsets } => loop {
                if !self.step(back)? {
                    return Ok(ends);
                }
                let location = self.location();
                let inside =
                    location.is_some_and(|it| it.module == *module && offsets.contains(&it.offset));
                if !inside {
                    return Ok(Stop::Step { thread: MAIN });
                }
            },
        }
    }

    /// Goes to the next position with a frame, in a direction. Returns false, and stays, if there is
    /// none.
    fn step(&mut self, back: bool) -> Result<bool> {
        let from = self.timeline.position();
        loop {
            let moved = match back {
                true => self.timeline.step_back()?,
                false => self.timeline.step()?,
            };
            if !moved {
                self.timeline.seek(from)?;
                return Ok(false);
            }
            if !self.timeline.backtrace().frames().is_empty() {
                return Ok(true);
            }
        }
    }

    /// Goes to the first or the last position with a frame.
    fn go_to_edge(&mut self, back: bool) -> Result<()> {
        let edge = if back { 0 } else { self.timeline.end() };
        self.timeline.seek(edge)?;
        if self.timeline.backtrace().frames().is_empty() {
            self.step(!back)?;
        }
        Ok(())
    }

    /// Returns the instruction at the position.
    fn location(&self) -> Option<Location> {
        self.image.youngest(&self.timeline.backtrace())
    }

    /// Returns why a run ends at the position: at a breakpoint, or else before a write.
    fn reason(&self) -> Stop {
        let thread = MAIN;
        let at = self.location();
        if at.is_some_and(|at| self.breakpoints.contains(&at)) {
            return Stop::Breakpoint { thread };
        }
        match self.watchpoints.first() {
            Some(watchpoint) => Stop::Watchpoint {
                thread,
                watchpoint: watchpoint.clone(),
            },
            None => Stop::Breakpoint { thread },
        }
    }

    fn places(&self) -> Vec<Breakpoint> {
        let places = self.breakpoints.iter().filter_map(|location| {
            let module = self.image.module(location.module)?;
            Some(Breakpoint {
                module: self.timeline.number_of(module)?,
                offset: u32::try_from(location.offset).ok()?,
            })
        });
        places.collect()
    }

    fn watched(&self) -> Vec<(u32, Range<u64>)> {
        let watched = self.watchpoints.iter().filter_map(|watchpoint| {
            let memory = self.timeline.store().memory_of(watchpoint.instance)?;
            Some((memory.number(), watchpoint.addresses.clone()))
        });
        watched.collect()
    }
}

impl Debuggee for Recorded<'_> {
    fn modules(&self) -> Vec<String> {
        self.image.names()
    }

    fn module_bytes(&self, module: u32) -> Option<&[u8]> {
        self.image.bytes(module)
    }

    fn instance_of(&self, module: u32) -> Option<u32> {
        self.image.instance_of(module)
    }

    fn threads(&self) -> Vec<ThreadId> {
        self.image.stacks.ids()
    }

    fn thread_name(&self, thread: ThreadId) -> Option<String> {
        self.image.stacks.name(thread)
    }

    fn thread_state(&self, thread: ThreadId) -> Option<String> {
        match thread {
            MAIN => None,
            other => self.image.stacks.state(other),
        }
    }

    fn frames(&self, thread: ThreadId, most: usize) -> Vec<Frame> {
        self.image.frames(thread, most)
    }

    fn local(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        self.image.stacks.local(thread, frame, index)
    }

    fn operand(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        self.image.stacks.operand(thread, frame, index)
    }

    fn global(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        let instance = self.image.stacks.frame(thread, frame)?.instance;
        self.timeline.store().global_of(instance, index)
    }

    fn memory_size(&self, instance: u32) -> Option<u64> {
        let store = self.timeline.store();
        Some(store.memory_of(instance)?.data_size(store) as u64)
    }

    fn read_memory(
        &self,
        instance: u32,
        address: u64,
        buffer: &mut [u8],
    ) -> Result<(), DebugError> {
        let store = self.timeline.store();
        let memory = store.memory_of(instance).ok_or(DebugError::Missing)?;
        let address = usize::try_from(address).map_err(|_| DebugError::OutOfBounds)?;
        let read = memory.read(store, address, buffer);
        read.map_err(|_| DebugError::OutOfBounds)
    }

    fn stop(&self) -> Stop {
        self.stop.clone()
    }

    fn resume(&mut self, resumption: &Resumption) -> Stop {
        let action = resumption.action(MAIN).cloned();
        let action = action.unwrap_or(Action::Continue);
        self.stop = match self.run(resumption.direction, &action) {
            Ok(stop) => stop,
            Err(error) => Stop::Trapped {
                thread: MAIN,
                message: error.to_string(),
            },
        };
        self.read();
        self.stop()
    }

    fn watches_after(&self) -> bool {
        true
    }

    fn runs_back(&self) -> bool {
        true
    }

    fn set_breakpoint(&mut self, location: Location) -> Result<(), DebugError> {
        let location = self.image.instruction(location)?;
        if !self.breakpoints.contains(&location) {
            self.breakpoints.push(location);
        }
        Ok(())
    }

    fn clear_breakpoint(&mut self, location: Location) -> Result<(), DebugError> {
        let location = self.image.instruction(location)?;
        let found = self.breakpoints.iter().position(|it| *it == location);
        self.breakpoints.remove(found.ok_or(DebugError::Missing)?);
        Ok(())
    }

    fn set_watchpoint(&mut self, watchpoint: &Watchpoint) -> Result<(), DebugError> {
        if watchpoint.kind != WatchKind::Write {
            return Err(DebugError::Unsupported);
        }
        self.watchpoints.push(watchpoint.clone());
        Ok(())
    }

    fn clear_watchpoint(&mut self, watchpoint: &Watchpoint) -> Result<(), DebugError> {
        let found = self.watchpoints.iter().position(|it| it == watchpoint);
        self.watchpoints.remove(found.ok_or(DebugError::Missing)?);
        Ok(())
    }
}
