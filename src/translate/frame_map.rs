//! From cells back to operators, and from slots back to values.
//!
//! # Why
//!
//! Nothing is recorded while code runs, or when it is translated to run: a map is made
//! when somebody looks at a frame, by the same translation with a pen in its hand. A module keeps the
//! maps that were made last, as one function has often many frames.

use super::access::Access;
use super::function::Function;
use super::mapping::{Operands, ResumeClause, Variable};
use super::sites::Sites;
use crate::code::Offset;
use crate::module::Module;
use crate::support::error::Error;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What the cells of one function mean to an observer of its frames.
#[derive(Clone, Debug)]
pub struct FrameMap {
    sites: Sites,
    locals: Vec<Variable>,
    operands: BTreeMap<u32, Operands>,
}

impl FrameMap {
    /// The offset in the module of the operator that the cell at `offset` words belongs
    /// to.
    pub fn wasm_offset(&self, offset: u32) -> Option<u32> {
        self.sites.wasm_offset(Offset(offset))
    }

    /// The locals, parameters first.
    pub fn locals(&self) -> &[Variable] {
        &self.locals
    }

    /// The operand stack before the operator at `wasm`, the lowest value first, with all that
    /// the operator takes. None if the map was made without asking for that operator.
    pub fn before(&self, wasm: u32) -> Option<&[Variable]> {
        Some(&self.operands.get(&wasm)?.before)
    }

    /// The operand stack while the call at `wasm` is under way, without what the call takes.
    /// None too if the operator is not one that a frame waits in.
    pub fn calling(&self, wasm: u32) -> Option<&[Variable]> {
        self.operands.get(&wasm)?.calling.as_deref()
    }

    /// The accesses to memories that the operator at `wasm` makes, if the map was made
    /// for it.
    pub fn accesses(&self, wasm: u32) -> &[Access] {
        self.operands
            .get(&wasm)
            .map_or(&[], |operands| &operands.accesses)
    }

    /// The clauses of the operator at `wasm`, if it resumes a continuation and the map was
    /// made for it.
    pub fn clauses(&self, wasm: u32) -> &[ResumeClause] {
        self.operands
            .get(&wasm)
            .map_or(&[], |operands| &operands.clauses)
    }

    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        let variables = |operands: &Operands| {
            operands.before.len() + operands.calling.as_ref().map_or(0, Vec::len)
        };
        let variables = self.locals.len() + self.operands.values().map(variables).sum::<usize>();
        size_of::<FrameMap>()
            + self.sites.bytes()
            + variables * size_of::<Variable>()
            + self.operands.len() * size_of::<(u32, Operands)>()
    }
}

/// The map of a function, with the operands of the operators at these offsets in the
/// module, which ascend. It is made by translating the function once more, unless the
/// module has kept it.
///
/// # Errors
///
/// As [`translate`](super::translate).
pub fn frame_map(module: &Module, function: u32, wanted: &[u32]) -> Result<Arc<FrameMap>, Error> {
    let kept: Option<Arc<FrameMap>> = module.frame_maps.get(function);
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
    let translated = Function::translate(module, function, Some(wanted))?;
    let mapping = translated
        .mapping
        .expect("a translation maps if it is asked to");
    let map = Arc::new(FrameMap {
        sites: mapping.sites,
        locals: translated.locals,
        operands: mapping.operands,
    });
    let bytes = map.bytes();
    module.frame_maps.put(function, Arc::clone(&map), bytes);
    Ok(map)
}
