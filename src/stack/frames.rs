//! The frames of one stack, from an exit point to the host.
//!
//! This knows the layout of records and nothing else. Who stands where is for `walk` to
//! say.

use super::directory::{ExitPoint, Stack};
use super::record::{BoundaryKind, RECORD_SLOTS, Record};
use crate::heap::{InstanceCore, InstanceIndex};

/// A frame as the stack shows it.
#[derive(Clone, Copy, Debug)]
pub struct RawFrame {
    /// The instruction, or where a call returns to.
    pub ip: *const u64,
    /// Whether `ip` is where a call returns to.
    pub is_return: bool,
    /// The frame's record, in slots from the stack's base.
    pub fp: u32,
    /// The instance that runs in it.
    pub instance: InstanceIndex,
    /// What lies between it and the next older frame, if that is not its caller of the same
    /// instance: the boundary that is nearest to the older one.
    pub boundary: Option<BoundaryKind>,
}

impl RawFrame {
    /// An address within the instruction that it stands at. A call's return address is behind
    /// the call: perhaps behind all code of its function.
    #[inline]
    pub fn address(&self) -> *const u64 {
        self.ip.wrapping_sub(usize::from(self.is_return))
    }
}

/// The frames of a stack, the youngest first.
#[derive(Debug)]
pub struct RawFrames<'a> {
    stack: &'a Stack,
    /// The next frame, or boundaries above it.
    next: Option<ExitPoint>,
    /// The kind of the last boundary that was passed.
    boundary: Option<BoundaryKind>,
}

impl<'a> RawFrames<'a> {
    /// The frames of `stack` from `exit` on, which is a point of it: the stack does not
    /// run.
    pub fn new(stack: &'a Stack, exit: ExitPoint) -> RawFrames<'a> {
        let mut frames = RawFrames {
            stack,
            next: None,
            boundary: None,
        };
        frames.next = frames.below_boundaries(exit);
        frames
    }

    /// The record at so many slots from the base, if all of it lies in the stack.
    fn record(&self, fp: u32) -> Option<Record> {
        let fp = fp as usize;
        (fp + RECORD_SLOTS <= self.stack.slots()).then(|| Record(self.stack.base.wrapping_add(fp)))
    }

    /// Passes the boundaries at `point`, whose record is the next older one: the frame
    /// below them, if it is not the host's.
    #[inline]
    fn below_boundaries(&mut self, point: ExitPoint) -> Option<ExitPoint> {
        self.boundary = None;
        let record = self.record(point.fp)?;
        // SAFETY: the record lies in the stack, and was written by a call: each link leads to
        // one (S3), and so does each exit point.
        if unsafe { record.is_boundary() } {
            return self.pass_boundaries(point);
        }
        Some(point)
    }

    #[cold]
    fn pass_boundaries(&mut self, mut point: ExitPoint) -> Option<ExitPoint> {
        loop {
            let record = self.record(point.fp)?;
            // SAFETY: as in `below_boundaries`.
            unsafe {
                if !record.is_boundary() {
                    return Some(point);
                }
                self.boundary = Some(record.boundary_kind());
                if record.ends_stack() {
                    return None;
                }
                let instance: *mut InstanceCore = record.boundary_instance();
                point = ExitPoint {
                    ip: record.return_ip(),
                    is_return: true,
                    fp: self.slots_to(record.caller())?,
                    instance,
                };
            }
        }
    }

    fn slots_to(&self, record: Record) -> Option<u32> {
        let distance = record.0.addr().checked_sub(self.stack.base.addr())?;
        u32::try_from(distance / size_of::<u64>()).ok()
    }
}

impl Iterator for RawFrames<'_> {
    type Item = RawFrame;

    // What it gives is taken apart at once: through memory that would take longer than the rest.
    #[inline(always)]
    fn next(&mut self) -> Option<RawFrame> {
        let point = self.next.take()?;
        let record = self.record(point.fp)?;
        // SAFETY: as in `below_boundaries`; instances live as long as their store (H1).
        let (caller, instance) = unsafe {
            let caller = ExitPoint {
                ip: record.return_ip(),
                is_return: true,
                fp: self.slots_to(record.caller())?,
                instance: point.instance,
            };
            (caller, (*point.instance).index)
        };
        self.next = self.below_boundaries(caller);
        Some(RawFrame {
            ip: point.ip,
            is_return: point.is_return,
            fp: point.fp,
            instance,
            boundary: self.boundary,
        })
    }
}
