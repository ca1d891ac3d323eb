//! Frame maps: the instructions of cells, and the values in slots.
//!
//! # Why
//!
//! Nothing is recorded while code runs, or when it is translated to run. A map is made when an
//! observer reads a frame, by the same translation pass, run in recording mode. A module caches the
//! maps that were made last, since one function often has many frames.

use super::access::Access;
use super::archive;
use super::costs::Costs;
use super::operand::Kind;
#[cfg(feature = "validate")]
use super::pass::{Function, Translated};
use super::places::{Operands, ResumeClause, Variable};
use super::resume_points::ResumePoints;
use super::sites::Sites;
use crate::code::Offset;
use crate::module::Module;
use crate::support::error::Error;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

/// The instructions and the places of values of one function, for observers of its frames.
#[derive(Clone, Debug)]
pub struct FrameMap {
    pub(super) sites: Sites,
    pub(super) costs: Costs,
    pub(super) entry: Range<Offset>,
    pub(super) first_instruction: Option<u32>,
    /// Number of slots of a frame from its record on.
    pub(super) extent: u32,
    /// True if frames have the layout of large ones.
    pub(super) is_large: bool,
    pub(super) locals: Vec<Variable>,
    pub(super) operands: BTreeMap<u32, Operands>,
}

impl FrameMap {
    /// Returns the offset in the module of the instruction that the cell at `offset` words belongs
    /// to. The cells at the function's entry belong to the first instruction, before which there are
    /// no operands.
    pub fn wasm_offset(&self, offset: u32) -> Option<u32> {
        if offset < self.entry.end.0 {
            return self.first_instruction;
        }
        self.sites.wasm_offset(Offset(offset))
    }

    /// Returns the fuel that the code before the cell at `offset` words has used, with the cell's
    /// instruction, and that no cell before it charges.
    pub fn uncharged_cost(&self, offset: u32) -> u32 {
        self.costs.uncharged(Offset(offset))
    }

    /// Returns the locals, parameters first.
    pub fn locals(&self) -> &[Variable] {
        &self.locals
    }

    /// Returns the operand stack before the instruction at `wasm`, the lowest value first, with the
    /// instruction's operands. None if the map was made without this instruction.
    pub fn before(&self, wasm: u32) -> Option<&[Variable]> {
        Some(&self.operands.get(&wasm)?.before)
    }

    /// Returns the operand stack during the call at `wasm`, without the call's operands. None also if
    /// the instruction is not a call.
    pub fn calling(&self, wasm: u32) -> Option<&[Variable]> {
        self.operands.get(&wasm)?.calling.as_deref()
    }

    /// Returns the operand stack of a frame at the instruction at `wasm`, the lowest value first: during the
    /// call if `is_call` is true and the instruction is one, and otherwise before it. None if the map was
    /// made without this instruction.
    pub fn operands(&self, wasm: u32, is_call: bool) -> Option<&[Variable]> {
        let calling = self.calling(wasm).filter(|_| is_call);
        calling.or_else(|| self.before(wasm))
    }

    /// Returns the exceptions of the legacy catch parts around the instruction at `wasm`, which
    /// are references besides the operands.
    pub fn caught(&self, wasm: u32) -> &[Variable] {
        self.operands
            .get(&wasm)
            .map_or(&[], |operands| &operands.caught)
    }

    /// Returns the values at the instruction at `wasm` that are neither locals nor operands: those of
    /// [`FrameMap::caught`], and the number of filled elements of an array under creation.
    pub fn hidden(&self, wasm: u32) -> impl Iterator<Item = Variable> + '_ {
        let operands = self.operands.get(&wasm);
        let filled = operands.and_then(|operands| operands.resume.filled);
        let filled = filled.map(|slot| Variable::in_slot(Kind::I32, slot));
        self.caught(wasm).iter().copied().chain(filled)
    }

    /// Returns the memory accesses of the instruction at `wasm`, if the map was made for it.
    pub fn accesses(&self, wasm: u32) -> &[Access] {
        self.operands
            .get(&wasm)
            .map_or(&[], |operands| &operands.accesses)
    }

    /// Returns the clauses of the instruction at `wasm`, if it resumes a continuation and the map was
    /// made for it.
    pub fn clauses(&self, wasm: u32) -> &[ResumeClause] {
        self.operands
            .get(&wasm)
            .map_or(&[], |operands| &operands.clauses)
    }

    /// Returns the cells at which a suspended frame at the instruction at `wasm` continues, if the map
    /// was made for it.
    pub fn resume_points(&self, wasm: u32) -> Option<&ResumePoints> {
        Some(&self.operands.get(&wasm)?.resume)
    }

    /// Returns the cells that poll at the function's entry, as offsets in words. A frame that is
    /// suspended there continues at the first of them.
    pub fn entry(&self) -> Range<u32> {
        self.entry.start.0..self.entry.end.0
    }

    /// Returns the number of slots of a frame from its record on.
    pub fn extent(&self) -> u32 {
        self.extent
    }

    /// Returns whether frames have the layout of large ones, which sets some slots aside.
    pub fn is_large(&self) -> bool {
        self.is_large
    }

    /// Returns the map that a translation has recorded, which was asked to.
    #[cfg(feature = "validate")]
    pub(super) fn of(translated: Translated<'_>) -> FrameMap {
        let mapping = translated
            .mapping
            .expect("a translation maps if it is asked to");
        FrameMap {
            sites: mapping.sites,
            costs: mapping.costs,
            entry: mapping.entry,
            first_instruction: mapping.first_instruction,
            extent: translated.extent,
            is_large: translated.values.frame.is_large(),
            locals: translated.locals,
            operands: mapping.operands,
        }
    }

    /// Returns the approximate size of the map in bytes.
    fn bytes(&self) -> usize {
        let variables = |operands: &Operands| {
            let calling = operands.calling.as_ref().map_or(0, Vec::len);
            operands.before.len() + calling + operands.caught.len()
        };
        let variables = self.locals.len() + self.operands.values().map(variables).sum::<usize>();
        size_of::<FrameMap>()
            + self.sites.bytes()
            + self.costs.bytes()
            + variables * size_of::<Variable>()
            + self.operands.len() * size_of::<(u32, Operands)>()
    }
}

/// Returns the frame map of a version of a function's code, with the operands of the instructions at
/// these offsets in the module, which ascend. The function is translated again, unless the module has
/// cached the map.
///
/// # Errors
///
/// As [`translate`](super::translate).
pub fn frame_map(
    module: &Module,
    function: u32,
    version: u16,
    wanted: &[u32],
) -> Result<Arc<FrameMap>, Error> {
    let key = u64::from(function) << 16 | u64::from(version);
    let kept: Option<Arc<FrameMap>> = module.frame_maps.get(key);
    let mut all = Vec::new();
    let mut wanted = wanted;
    if let Some(kept) = kept {
        if wanted.iter().all(|wasm| kept.operands.contains_key(wasm)) {
            return Ok(kept);
        }
        all.extend(kept.operands.keys().chain(wanted));
        all.sort_unstable();
        all.dedup();
        wanted = &all;
    }
    let map = match archive::map(module, function, wanted)? {
        Some(map) => map,
        #[cfg(feature = "validate")]
        None => FrameMap::of(Function::translate(
            module,
            function,
            version,
            Some(wanted),
        )?),
        #[cfg(not(feature = "validate"))]
        None => return Err(archive::no_code()),
    };
    let map = Arc::new(map);
    let bytes = map.bytes();
    module.frame_maps.put(key, Arc::clone(&map), bytes);
    Ok(map)
}
