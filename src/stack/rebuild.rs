//! Making stacks of descriptions that come from outside.
//!
//! Writes are checked against the stack's bounds here. That return addresses, links and values fit
//! together is the caller's task: it has compared them with the frame maps of the functions.

use super::directory::{ExitPoint, Stack};
use super::record::{
    BOUNDARY_SLOTS, BOUNDARY_TAG, BoundaryKind, RECORD_SLOTS, RED_ZONE_SLOTS, Record,
};
use super::stacks::Stacks;
use crate::heap::InstanceCore;
use crate::ids::StackId;
use alloc::vec::Vec;

impl Stacks {
    /// Adds stack numbers, from 1 on, to an empty directory: with the revision of the next reference,
    /// or retired ones. `free` has those that are not retired; the last one is given out first.
    /// Returns `None` if there is no memory.
    pub fn restore_numbers(
        &mut self,
        revisions: impl Iterator<Item = Option<u32>>,
        free: Vec<StackId>,
    ) -> Option<()> {
        for revision in revisions {
            let id = StackId(self.entries() as u32);
            let stack = match revision {
                Some(revision) => Stack {
                    reference: u64::from(id.0) | u64::from(revision) << 32,
                    ..Stack::new(id)
                },
                None => {
                    self.retired += 1;
                    Stack::none()
                }
            };
            if !self.stacks.push(stack) {
                return None;
            }
        }
        self.share_directory(StackId::NONE);
        self.free = free;
        // Releasing a stack must never allocate memory.
        self.free.try_reserve(self.entries()).ok()
    }
}

impl Stack {
    fn has(&self, at: usize, slots: usize) {
        let end = at.checked_add(slots);
        assert!(
            end.is_some_and(|end| end <= self.slots()),
            "the slots are on the stack"
        );
    }

    /// Sets a slot, counted from the base.
    ///
    /// # Panics
    ///
    /// For this method and the others: if the slots are not on the stack.
    pub fn put(&mut self, at: usize, bits: u64) {
        self.has(at, 1);
        // SAFETY: the slot is in the stack's memory, and no code runs on it.
        unsafe { *self.base.add(at) = bits };
    }

    /// Writes a record at a slot, whose link leads to the record at the slot `caller`.
    pub fn put_record(&mut self, at: usize, return_ip: *const u64, caller: usize) {
        self.has(at, RECORD_SLOTS);
        let link = (at - caller) * size_of::<u64>();
        // SAFETY: as in `put`.
        unsafe { Record(self.base.add(at)).write(return_ip, link as u64) };
    }

    /// Writes a boundary between instances at a slot: of a call by code of `instance`.
    pub fn put_boundary(
        &mut self,
        at: usize,
        return_ip: *const u64,
        caller: usize,
        instance: *mut InstanceCore,
        results: usize,
    ) {
        self.has(at, BOUNDARY_SLOTS);
        let link = ((at - caller) * size_of::<u64>()) as u64;
        // SAFETY: as in `put`.
        unsafe {
            let record = Record(self.base.add(at));
            record.write(return_ip, link | BOUNDARY_TAG);
            record.write_boundary(BoundaryKind::Instance, instance, results);
        }
    }

    /// Writes the boundary at the base.
    pub fn put_end(&mut self, kind: BoundaryKind, results: usize) {
        self.has(0, BOUNDARY_SLOTS);
        // SAFETY: as in `put`.
        unsafe {
            Record(self.base).write(core::ptr::null(), BOUNDARY_TAG);
            Record(self.base).write_boundary(kind, core::ptr::null_mut(), results);
        }
    }

    /// Replaces the addresses of the cells at which frames go on: that of the youngest one, and return
    /// addresses, for which `is_return` is true. Those for which `new` returns nothing stay.
    pub fn redirect(&mut self, new: impl Fn(*const u64, bool) -> Option<*const u64>) {
        let ExitPoint { ip, is_return, .. } = self.exit;
        self.exit.ip = new(ip, is_return).unwrap_or(ip);
        let mut at = self.exit.fp as usize;
        loop {
            // The record of a function that was just entered may reach into the red zone.
            let end = self.slots() + RED_ZONE_SLOTS;
            assert!(at + RECORD_SLOTS <= end, "the record is on the stack");
            // SAFETY: exit points and links (S3) lead to records, the last of which ends the stack.
            unsafe {
                let record = Record(self.base.add(at));
                if record.ends_stack() {
                    return;
                }
                if let Some(cell) = new(record.return_ip(), true) {
                    record.write(cell, record.link());
                }
                at = self.slots_to(record.caller().0);
            }
        }
    }

    /// Sets the stack that waits for this one, and the record of its youngest frame.
    pub fn put_parent(&mut self, parent: StackId, fp: u32) {
        self.has(0, BOUNDARY_SLOTS);
        // SAFETY: as in `put`; the boundary at the base was written.
        unsafe { Record(self.base).set_parent(parent, fp) };
    }
}
