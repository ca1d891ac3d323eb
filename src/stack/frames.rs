//! The frames of one stack, from an exit point to the host.
//!
//! This knows the layout of records and nothing else. Who stands where is for `walk` to
//! say.

use super::directory::{ExitPoint, Stack};
use super::record::{BoundaryKind, RECORD_SLOTS, Record};
use crate::heap::InstanceCore;
use crate::ids::InstanceIndex;

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
///
/// Where it stands is in fields of its own, each of which is read as it was written: what is
/// written in parts and read as a whole waits for the store buffer, at each frame.
#[derive(Debug)]
pub struct RawFrames<'a> {
    stack: &'a Stack,
    /// The next frame, as in [`ExitPoint`],
    ip: *const u64,
    is_return: bool,
    fp: u32,
    instance: *mut InstanceCore,
    /// if there is one.
    ended: bool,
    /// The kind of the oldest boundary above it.
    boundary: Option<BoundaryKind>,
}

impl<'a> RawFrames<'a> {
    /// The frames of `stack` from `exit` on, which is a point of it: the stack does not
    /// run.
    pub fn new(stack: &'a Stack, exit: ExitPoint) -> RawFrames<'a> {
        let mut frames = RawFrames {
            stack,
            ip: exit.ip,
            is_return: exit.is_return,
            fp: exit.fp,
            instance: exit.instance,
            ended: false,
            boundary: None,
        };
        frames.pass_boundaries();
        frames
    }

    /// The record at so many slots from the base, if all of it lies in the stack.
    fn record(&self, fp: u32) -> Option<Record> {
        let fp = fp as usize;
        (fp + RECORD_SLOTS <= self.stack.slots()).then(|| Record(self.stack.base.wrapping_add(fp)))
    }

    /// Goes on behind the boundaries whose record is the next one.
    #[inline]
    fn pass_boundaries(&mut self) {
        self.boundary = None;
        match self.record(self.fp) {
            // SAFETY: the record lies in the stack, and was written by a call: each link
            // leads to one (S3), and so does each exit point.
            Some(record) if unsafe { record.is_boundary() } => self.pass_boundary(record),
            Some(_) => {}
            None => self.ended = true,
        }
    }

    #[cold]
    fn pass_boundary(&mut self, mut record: Record) {
        // SAFETY: as in `pass_boundaries`.
        while unsafe { record.is_boundary() } {
            // SAFETY: it is the record of a boundary.
            let caller = unsafe {
                self.boundary = Some(record.boundary_kind());
                self.ip = record.return_ip();
                self.is_return = true;
                self.instance = record.boundary_instance();
                (!record.ends_stack()).then(|| record.caller())
            };
            let fp = caller.and_then(|caller| self.slots_to(caller));
            let Some((fp, next)) = fp.and_then(|fp| Some((fp, self.record(fp)?))) else {
                self.ended = true;
                return;
            };
            (self.fp, record) = (fp, next);
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
        if self.ended {
            return None;
        }
        let record = self.record(self.fp)?;
        // SAFETY: as in `pass_boundaries`; instances live as long as their store (H1).
        let (return_ip, caller, instance) = unsafe {
            let caller = self.slots_to(record.caller())?;
            (record.return_ip(), caller, (*self.instance).index)
        };
        let (ip, is_return, fp) = (self.ip, self.is_return, self.fp);
        (self.ip, self.is_return, self.fp) = (return_ip, true, caller);
        self.pass_boundaries();
        Some(RawFrame {
            ip,
            is_return,
            fp,
            instance,
            boundary: self.boundary,
        })
    }
}
