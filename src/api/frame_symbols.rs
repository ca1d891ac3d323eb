//! The symbols of the frames of a backtrace.

use super::module::Module;
use crate::dwarf::FrameSymbol;
#[cfg(feature = "dwarf")]
use crate::dwarf::Symbolizer;
use crate::walk::Frame;
#[cfg(feature = "dwarf")]
use alloc::collections::BTreeMap;
use alloc::sync::Arc;

/// The symbols of instructions, with the debugging information that was read for them.
#[derive(Default)]
pub(super) struct FrameSymbols<'m> {
    /// The debugging information of each module, by the module's address.
    #[cfg(feature = "dwarf")]
    symbolizers: BTreeMap<usize, Option<Symbolizer<'m>>>,
    /// The symbols that were found, by the module's address and the offset of the instruction.
    #[cfg(feature = "dwarf")]
    found: BTreeMap<(usize, u32), Arc<[FrameSymbol]>>,
    #[cfg(not(feature = "dwarf"))]
    modules: core::marker::PhantomData<&'m Module>,
}

impl<'m> FrameSymbols<'m> {
    /// Returns the symbols of a frame's instruction, which is one of `module`. There are none if the
    /// engine's configuration does not ask for them, or if the debugging information is malformed.
    #[cfg(feature = "dwarf")]
    pub(super) fn of(&mut self, module: &'m Module, frame: Frame) -> Arc<[FrameSymbol]> {
        if !module.0.engine.tunables.backtrace_details {
            return Arc::default();
        }
        let Some(offset) = frame.module_offset(&module.0) else {
            return Arc::default();
        };
        let address = Arc::as_ptr(&module.0).addr();
        let symbolizer = self
            .symbolizers
            .entry(address)
            .or_insert_with(|| module.symbolizer().unwrap_or_default());
        let Some(symbolizer) = symbolizer else {
            return Arc::default();
        };
        let found = self.found.entry((address, offset));
        Arc::clone(found.or_insert_with(|| symbolizer.symbols(u64::from(offset)).into()))
    }

    /// Returns no symbols: debugging information is not read without the feature `dwarf`.
    #[cfg(not(feature = "dwarf"))]
    pub(super) fn of(&mut self, _: &'m Module, _: Frame) -> Arc<[FrameSymbol]> {
        Arc::default()
    }
}
