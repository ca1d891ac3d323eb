//! One frame of WebAssembly.

use crate::code::{CodeLocation, CodeRange, ModuleCode};
use crate::heap::{InstanceIndex, StoreInner};
use crate::module::Module;
use crate::stack::{BoundaryKind, RawFrame, StackId};
use crate::translate;

/// A frame: which function of which instance, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The instance that runs in it.
    pub instance: InstanceIndex,
    /// The function, by its index in the instance's module.
    pub function: u32,
    /// Where in the function's translated code: the instruction that has trapped or that
    /// comes next, or a word of the call that is under way.
    pub code_offset: u32,
    /// Whether it is a call that is under way.
    pub is_call: bool,
    /// The stack that it is on.
    pub stack: u32,
    /// Its record, in slots from the stack's base.
    pub fp: usize,
    /// What lies between it and the next older frame, if that has not called it within the
    /// same instance.
    pub boundary: Option<BoundaryKind>,
}

/// Finds the functions that instruction pointers point into, and remembers those that were found
/// last: most frames are of a few functions.
#[derive(Debug, Default)]
pub(super) struct Locator {
    /// The last one first.
    recent: [Option<CodeRange>; 4],
}

impl Locator {
    fn locate(&mut self, code: &ModuleCode, address: *const u64) -> Option<CodeLocation> {
        let known = self.recent.iter().flatten();
        if let Some(location) = known.filter_map(|range| range.locate(address)).next() {
            return Some(location);
        }
        let range = code.range_of(address)?;
        self.recent.rotate_right(1);
        self.recent[0] = Some(range);
        range.locate(address)
    }
}

impl Frame {
    pub(super) fn new(
        store: &StoreInner,
        stack: StackId,
        raw: &RawFrame,
        locator: &mut Locator,
    ) -> Option<Frame> {
        let code = &store.instance(raw.instance).module().code;
        // A call's return address is behind it: perhaps behind all code of its function.
        let address = raw.ip.wrapping_sub(usize::from(raw.is_return));
        let location = locator.locate(code, address)?;
        Some(Frame {
            instance: raw.instance,
            function: location.function,
            code_offset: location.offset,
            is_call: raw.is_return,
            stack: stack.0,
            fp: raw.fp,
            boundary: raw.boundary,
        })
    }

    /// The offset of the instruction in `module`, which is that of the frame's instance.
    pub fn module_offset(&self, module: &Module) -> Option<u32> {
        translate::frame_map(module, self.function, &[])
            .ok()?
            .wasm_offset(self.code_offset)
    }
}
