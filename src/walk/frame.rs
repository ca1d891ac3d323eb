//! One WebAssembly frame.

use crate::code::{CodeLocation, ModuleCode};
use crate::heap::StoreInner;
use crate::ids::{InstanceIndex, StackId};
use crate::module::Module;
use crate::stack::{BoundaryKind, RawFrame};
use crate::support::error::Result;
use crate::translate::{self, FrameMap};
use alloc::sync::Arc;
use core::ptr;

/// A WebAssembly frame: a function of an instance, and a position in the function's code.
///
/// The type is kept small because a trace of deep recursion has many frames, and most of its cost
/// is memory that is written for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The instance whose code runs in the frame.
    pub instance: InstanceIndex,
    /// The function, as an index in the instance's module.
    pub function: u32,
    /// Offset into the function's translated code: the cell that trapped or that executes next,
    /// or a word of the call that is under way.
    pub code_offset: u32,
    /// `true` if the frame waits for a call that is under way.
    pub is_call: bool,
    /// The version of the function's code.
    pub version: u16,
    /// The number of the frame's stack.
    pub stack: u32,
    /// The frame's record, in slots from the stack's base.
    pub fp: u32,
    /// The boundary between the frame and the next older one; `None` if that one called it within
    /// the same instance.
    pub boundary: Option<BoundaryKind>,
}

const _: () = assert!(size_of::<Frame>() == 24);

/// Maps instruction pointers to code locations and caches the results: deep stacks have few
/// distinct return addresses, each of them many times.
#[derive(Debug)]
pub(super) struct Locator {
    /// A direct-mapped cache: each address has one entry that may hold its location.
    known: [(*const u64, CodeLocation); Locator::PLACES],
}

impl Locator {
    const PLACES: usize = 32;

    pub fn new() -> Locator {
        let nowhere = CodeLocation {
            function: 0,
            version: 0,
            offset: 0,
        };
        Locator {
            known: [(ptr::null(), nowhere); Locator::PLACES],
        }
    }

    #[inline(always)]
    fn locate(&mut self, code: &ModuleCode, address: *const u64) -> Option<CodeLocation> {
        let word = address.addr() / size_of::<u64>();
        // Return addresses of one function are a few words apart; functions are at any distance.
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

/// Returns the offset in a module of the instruction at a position in its code.
pub fn module_offset(module: &Module, location: CodeLocation) -> Option<u32> {
    let map = translate::frame_map(module, location.function, location.version, &[]);
    map.ok()?.wasm_offset(location.offset)
}

impl Frame {
    /// Returns a frame of a stack, unless its code is unknown.
    pub fn of(store: &StoreInner, stack: StackId, raw: &RawFrame) -> Option<Frame> {
        Frame::new(store, stack, raw, &mut Locator::new())
    }

    // Inlined so that arguments and result do not pass through memory field by field.
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
            version: location.version,
            code_offset: location.offset,
            is_call: raw.is_return,
            stack: stack.0,
            fp: raw.fp,
            boundary: raw.boundary,
        })
    }

    /// Returns the position of the frame's instruction in its module's code.
    pub fn location(&self) -> CodeLocation {
        CodeLocation {
            function: self.function,
            version: self.version,
            offset: self.code_offset,
        }
    }

    /// Returns the offset of the frame's instruction in `module`, which must be the module of the
    /// frame's instance.
    pub fn module_offset(&self, module: &Module) -> Option<u32> {
        module_offset(module, self.location())
    }

    /// Returns the frame map of the frame's code, with the operands of the instructions at these offsets
    /// in `module`, which ascend. It must be the module of the frame's instance.
    pub fn map(&self, module: &Module, wanted: &[u32]) -> Result<Arc<FrameMap>> {
        translate::frame_map(module, self.function, self.version, wanted)
    }
}
