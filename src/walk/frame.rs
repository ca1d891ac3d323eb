//! One frame of WebAssembly.

use crate::code::{CodeLocation, ModuleCode};
use crate::heap::StoreInner;
use crate::ids::{InstanceIndex, StackId};
use crate::module::Module;
use crate::stack::{BoundaryKind, RawFrame};
use crate::translate;
use core::ptr;

/// A frame: which function of which instance, and where in it. Small, since a trace of deep
/// recursion has many: most of what that costs is memory written for the first time.
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
    pub fp: u32,
    /// What lies between it and the next older frame, if that has not called it within the
    /// same instance.
    pub boundary: Option<BoundaryKind>,
}

const _: () = assert!(size_of::<Frame>() == 24);

/// Finds where instruction pointers point, and remembers what it has found: deep stacks have
/// few return addresses, many times each.
#[derive(Debug)]
pub(super) struct Locator {
    /// Of an address, the one place where it is if it is remembered.
    known: [(*const u64, CodeLocation); Locator::PLACES],
}

impl Locator {
    const PLACES: usize = 32;

    pub fn new() -> Locator {
        let nowhere = CodeLocation {
            function: 0,
            offset: 0,
        };
        Locator {
            known: [(ptr::null(), nowhere); Locator::PLACES],
        }
    }

    #[inline(always)]
    fn locate(&mut self, code: &ModuleCode, address: *const u64) -> Option<CodeLocation> {
        let word = address.addr() / size_of::<u64>();
        // Calls stand a few words from each other, functions at any distance.
        let place = (word ^ (word / Locator::PLACES)) % Locator::PLACES;
        let (known, location) = self.known[place];
        if known == address {
            return Some(location);
        }
        self.look_up(code, address, place)
    }

    #[cold]
    fn look_up(
        &mut self,
        code: &ModuleCode,
        address: *const u64,
        place: usize,
    ) -> Option<CodeLocation> {
        let location = code.locate(address)?;
        self.known[place] = (address, location);
        Some(location)
    }
}

impl Frame {
    // What goes in and comes out would otherwise pass through memory, field by field.
    #[inline(always)]
    pub(super) fn new(
        store: &StoreInner,
        stack: StackId,
        raw: &RawFrame,
        locator: &mut Locator,
    ) -> Option<Frame> {
        let code = &store.instance(raw.instance).module().code;
        let location = locator.locate(code, raw.address())?;
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
