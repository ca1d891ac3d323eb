//! The frames of one stack, from an exit point to the end of the stack.
//!
//! This depends on the layout of records only. `walk` finds the functions of the frames.

use super::directory::{ExitPoint, Stack};
use super::record::{BoundaryKind, RECORD_SLOTS, Record};
use crate::heap::InstanceCore;
use crate::ids::InstanceIndex;

/// A frame, by the contents of its stack.
#[derive(Clone, Copy, Debug)]
pub struct RawFrame {
    /// Address of the frame's cell, or the return address of its call.
    pub ip: *const u64,
    /// True if `ip` is the return address of a call.
    pub is_return: bool,
    /// Record of the frame, in slots from the stack's base.
    pub fp: u32,
    /// Instance of the frame.
    pub instance: InstanceIndex,
    /// Kind of the boundary between this frame and the next older one, if there is one: of
    /// several, the one nearest to the older frame.
    pub boundary: Option<BoundaryKind>,
}

impl RawFrame {
    /// Returns an address within the frame's cell. A return address is after the call's cell, and
    /// may be after all code of the function.
    #[inline]
    pub fn address(&self) -> *const u64 {
        self.ip.wrapping_sub(usize::from(self.is_return))
    }

    /// Returns a number that tells the frame's position in code from all others: its address, and in the
    /// lowest bit whether it is a return address.
    #[inline]
    pub fn position(&self) -> usize {
        self.ip.addr() | usize::from(self.is_return)
    }
}

/// Iterator over the frames of a stack, youngest first.
///
/// The position is in separate fields, each of which is read as it was written. An
/// [`ExitPoint`] that is written in parts and read as a whole would wait for the store buffer
/// at each frame.
#[derive(Debug)]
pub struct RawFrames<'a> {
    stack: &'a Stack,
    /// The next frame, with the fields of an [`ExitPoint`].
    ip: *const u64,
    is_return: bool,
    fp: u32,
    instance: *mut InstanceCore,
    /// True if there is no next frame.
    ended: bool,
    /// Kind of the oldest boundary above the next frame.
    boundary: Option<BoundaryKind>,
}

impl<'a> RawFrames<'a> {
    /// Returns the frames of `stack`, which does not run, from its exit point `exit` on.
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

    /// Returns the position of the next frame, if there is one. Frames from there on can be visited
    /// later, unless the stack has run meanwhile.
    pub fn position(&self) -> Option<ExitPoint> {
        (!self.ended).then_some(ExitPoint {
            ip: self.ip,
            instance: self.instance,
            fp: self.fp,
            is_return: self.is_return,
        })
    }

    /// Returns the record `fp` slots from the base, if all of it is in the stack.
    fn record(&self, fp: u32) -> Option<Record> {
        let fp = fp as usize;
        (fp + RECORD_SLOTS <= self.stack.slots()).then(|| Record(self.stack.base.wrapping_add(fp)))
    }

    /// Skips boundaries at the present position.
    #[inline]
    fn pass_boundaries(&mut self) {
        self.boundary = None;
        match self.record(self.fp) {
            // SAFETY: the record is in the stack and was written by a call, as links (S3) and exit
            // points lead to such records.
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

    // Callers use the fields of the result at once. Passing it through memory would take longer
    // than the rest.
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
