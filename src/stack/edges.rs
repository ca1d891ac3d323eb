//! The boundaries of a stack that no frame shows.
//!
//! A tail call of a function of another instance puts a boundary in the place of the frame. If that
//! frame was the oldest one of its stack, the boundary stands directly on the stack's end; if the
//! function is one of the host, no frame is above the boundary.

use super::directory::{Stack, StackState};
use super::record::{BoundaryKind, Record};
use crate::heap::InstanceCore;

/// The boundaries at both ends of a stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    /// True if a boundary between instances is above the youngest frame, or, on a stack without
    /// frames, above the stack's end.
    pub crosses: bool,
    /// The instance of the boundary between instances that stands on the stack's end. On a stack
    /// without frames, the instance that has called the host.
    pub base: Option<*const InstanceCore>,
}

impl Stack {
    /// Returns the boundaries at both ends of the stack, which does not run.
    pub fn edges(&self) -> Edge {
        let lives = matches!(
            self.state,
            StackState::Fresh | StackState::Running | StackState::Suspended
        );
        let mut edge = Edge::default();
        if !lives || self.exit.ip.is_null() {
            return edge;
        }
        if self.exit.fp == 0 {
            edge.base = Some(self.exit.instance.cast_const());
            return edge;
        }
        let first = Record(self.base.wrapping_add(self.exit.fp as usize));
        let mut record = first;
        // SAFETY: exit points and links lead to records (S3), and a boundary ends each stack.
        unsafe {
            edge.crosses = first.is_boundary();
            while !record.ends_stack() {
                let caller = record.caller();
                let is_base = caller.ends_stack() && record.is_boundary();
                if is_base && record.boundary_kind() == BoundaryKind::Instance {
                    edge.base = Some(record.boundary_instance().cast_const());
                }
                record = caller;
            }
        }
        edge
    }
}
