//! Whether bytes are a valid module that can be run.
//!
//! Flows in: bytes, and the proposals that the embedder allows. Flows out: the module's
//! sections, or the reason why not.
//!
//! # Why twice
//!
//! A module is first validated with only those proposals on that can be run: nearly all
//! modules pass, and this costs nothing beyond the validator itself, because it refuses
//! the others' instructions as a part of its work. Only what fails is validated once
//! more with everything on: what fails again is invalid, and the rest is searched for
//! what needs a proposal that cannot be run yet. Where nothing is found, the module used
//! that part of a proposal that can be run: types of the gc proposal, or a constant
//! `global.get` of a global of the module's own, which came with it.

mod bodies;

use super::error::{Fault, ModuleError, Place};
use super::sections::{self, Sections};
use super::unsupported::{self, Needs};
pub(super) use bodies::is_large;
use core::ops::Range;
use wasmparser::{FuncValidatorAllocations, ValidatorResources, WasmFeatures};

/// What can be run, whatever of it a module uses.
const SUPPORTED: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::STACK_SWITCHING)
    .union(WasmFeatures::COMPACT_IMPORTS);

/// What cannot be run yet, but is known well enough to tell whether it is valid.
const KNOWN: WasmFeatures = WasmFeatures::SIMD
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::LEGACY_EXCEPTIONS);

/// What can be run in part: types can, and a module that has them is searched for the
/// instructions that cannot. They are built on typed function references, and valid with
/// these alone.
const PARTLY: WasmFeatures = WasmFeatures::GC;

/// What an embedder can allow, and does where nothing is said.
pub(super) const DEFAULT: WasmFeatures = SUPPORTED.union(PARTLY);

/// When the bodies of functions are validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bodies {
    Now,
    AtFirstCall,
}

/// A module that is valid, as far as has been looked at.
pub(super) struct Valid<'a> {
    pub sections: Sections<'a>,
    /// Whether the module may need what cannot be run: its parts must be searched.
    pub doubtful: bool,
}

/// Validates a module under the rules of what the embedder allows.
pub(super) fn module(
    bytes: &[u8],
    allowed: WasmFeatures,
    bodies: Bodies,
) -> Result<Valid<'_>, ModuleError> {
    let quick = allowed.intersection(SUPPORTED);
    let (sections, outcome) = Sections::read(bytes, quick);
    let outcome = outcome.and_then(|()| match bodies {
        Bodies::Now => bodies::validate(bytes, &sections, quick),
        Bodies::AtFirstCall => Ok(()),
    });
    if outcome.is_ok() {
        return Ok(Valid {
            sections,
            doubtful: false,
        });
    }
    let complete = with_known(allowed);
    let (sections, outcome) = Sections::read(bytes, complete);
    // The bodies found stand before the fault, if there was one: theirs come first.
    if bodies == Bodies::Now {
        bodies::validate(bytes, &sections, complete).map_err(refusal)?;
    }
    outcome.map_err(refusal)?;
    Ok(Valid {
        sections,
        doubtful: true,
    })
}

/// Searches the bodies of a valid module for what cannot be run.
pub(super) fn search_bodies(bytes: &[u8], sections: &Sections<'_>) -> Result<(), ModuleError> {
    for (range, function) in sections.bodies.iter().zip(sections.first_body..) {
        let body = sections::body(bytes, range, WasmFeatures::all());
        unsupported::body(function, &body)?;
    }
    Ok(())
}

/// What it takes to validate bodies later, one at a time.
#[derive(Debug)]
pub(super) struct Deferred {
    resources: ValidatorResources,
    allowed: WasmFeatures,
}

impl Deferred {
    /// What is needed for the bodies of these sections, where there are any.
    pub(super) fn new(sections: &mut Sections<'_>, allowed: WasmFeatures) -> Option<Deferred> {
        Some(Deferred {
            resources: sections.resources.take()?,
            allowed,
        })
    }

    /// Validates the body of `function`, and that it can be run. The allocations are kept
    /// for the next.
    pub(super) fn validate(
        &self,
        bytes: &[u8],
        range: &Range<usize>,
        function: u32,
        allocations: &mut FuncValidatorAllocations,
    ) -> Result<(), ModuleError> {
        let mut check = |features| {
            let body = sections::body(bytes, range, features);
            bodies::validate_one(&self.resources, function, &body, features, allocations)
        };
        let quick = self.allowed.intersection(SUPPORTED);
        if check(quick).is_ok() {
            return Ok(());
        }
        check(with_known(self.allowed)).map_err(refusal)?;
        unsupported::body(function, &sections::body(bytes, range, WasmFeatures::all()))
    }
}

fn with_known(allowed: WasmFeatures) -> WasmFeatures {
    let all = allowed.intersection(SUPPORTED).union(KNOWN);
    // Without these the embedder's choice would have no effect.
    let switched_off = !allowed.contains(WasmFeatures::FUNCTION_REFERENCES);
    if switched_off {
        all
    } else {
        all.union(allowed.intersection(PARTLY))
    }
}

/// The fault of a module that is not valid even with all proposals on that are known.
fn refusal(fault: Fault) -> ModuleError {
    let missing = fault
        .error
        .missing_features()
        .and_then(unsupported::proposal);
    let Some(proposal) = missing else {
        return fault.into_invalid();
    };
    let what = match fault.place {
        Place::Component => "a component",
        _ => fault.error.message(),
    };
    Needs::new(proposal, what).at(fault.place, fault.error.offset())
}

#[cfg(test)]
mod tests;
