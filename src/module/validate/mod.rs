//! Validation of modules.
//!
//! * Input: bytes, and the proposals that the embedder allows.
//! * Output: the module's sections, or the reason why it is refused.
//!
//! # Function bodies
//!
//! Most bodies are plain, and `plain` finds them valid in a fraction of the validator's time. The
//! validator decides on all others, and alone finds errors.
//!
//! # Why two passes
//!
//! A module is first validated with only the supported features. Nearly all modules pass, and
//! the pass costs nothing in addition to validation, because the validator itself refuses
//! unsupported instructions. A module that fails is validated again with all known features. If
//! it fails again, it is invalid. Otherwise it is searched for the use of an unsupported
//! proposal.

mod bodies;
mod plain;
mod sections;
mod states;

use super::error::{Fault, ModuleError, Place};
use super::features::SUPPORTED;
use super::sections::Sections;
use super::unsupported::{self, Needs};
use crate::support::sync::OnceLock;
pub(super) use bodies::{Workspace, is_large};
use core::ops::Range;
use plain::Declarations;
pub use states::{FunctionTypes, SiteKind, SiteTypes};
use wasmparser::{ValidatorResources, WasmFeatures};

/// Features that are not supported, but known well enough to validate modules that use them.
const KNOWN: WasmFeatures = WasmFeatures::SIMD
    .union(WasmFeatures::RELAXED_SIMD)
    // What the embedder has turned off is refused, and not validated once more.
    .difference(SUPPORTED);

/// The time at which function bodies are validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bodies {
    Now,
    AtFirstCall,
}

/// Validates a module with the features that the embedder allows, and finds its sections:
/// `sections` must be empty. Returns whether the module must be searched for unsupported proposals.
pub(super) fn module<'a>(
    sections: &mut Sections<'a>,
    bytes: &'a [u8],
    allowed: WasmFeatures,
    bodies: Bodies,
) -> Result<bool, ModuleError> {
    let quick = supported(allowed);
    let outcome = sections.read(bytes, quick).and_then(|()| match bodies {
        Bodies::Now => bodies::validate(bytes, sections, quick),
        Bodies::AtFirstCall => Ok(()),
    });
    if outcome.is_ok() {
        return Ok(false);
    }
    let complete = with_known(allowed);
    *sections = Sections::default();
    let outcome = sections.read(bytes, complete);
    // The bodies found precede the fault, so their errors are reported first.
    if bodies == Bodies::Now {
        bodies::validate(bytes, sections, complete).map_err(refusal)?;
    }
    outcome.map_err(refusal)?;
    Ok(true)
}

/// Searches the bodies of a valid module for unsupported proposals.
pub(super) fn search_bodies(bytes: &[u8], sections: &Sections<'_>) -> Result<(), ModuleError> {
    for (range, function) in sections.bodies.iter().zip(sections.first_body..) {
        let body = sections::body(bytes, range, WasmFeatures::all());
        unsupported::body(function, &body)?;
    }
    Ok(())
}

/// The state for validating bodies later, one at a time.
#[derive(Debug)]
pub(super) struct Deferred {
    resources: ValidatorResources,
    /// Made for the first body. `None` if no body is plain.
    declarations: OnceLock<Option<Declarations>>,
    allowed: WasmFeatures,
}

impl Deferred {
    /// Creates the state for the bodies of these sections, if there are any.
    pub(super) fn new(sections: &mut Sections<'_>, allowed: WasmFeatures) -> Option<Deferred> {
        Some(Deferred {
            resources: sections.resources.take()?,
            declarations: OnceLock::new(),
            allowed,
        })
    }

    /// Validates the body of `function` and checks that it is supported.
    pub(super) fn validate(
        &self,
        bytes: &[u8],
        range: &Range<usize>,
        function: u32,
        workspace: &mut Workspace,
    ) -> Result<(), ModuleError> {
        let resources = &self.resources;
        let quick = supported(self.allowed);
        let declarations = self
            .declarations
            .get_or_init(|| bodies::declarations(resources, quick))
            .as_ref();
        let mut check = |features| {
            let body = sections::body(bytes, range, features);
            bodies::validate_one(
                resources,
                declarations,
                function,
                &body,
                features,
                workspace,
            )
        };
        if check(quick).is_ok() {
            return Ok(());
        }
        check(with_known(self.allowed)).map_err(refusal)?;
        unsupported::body(function, &sections::body(bytes, range, WasmFeatures::all()))
    }
}

/// Returns the supported features that the embedder allows.
fn supported(allowed: WasmFeatures) -> WasmFeatures {
    let supported = allowed.intersection(SUPPORTED);
    // The gc proposal includes typed function references, and must not allow them.
    if allowed.contains(WasmFeatures::FUNCTION_REFERENCES) {
        supported
    } else {
        supported.difference(WasmFeatures::GC)
    }
}

fn with_known(allowed: WasmFeatures) -> WasmFeatures {
    supported(allowed).union(KNOWN)
}

/// Converts the fault of a module that is invalid even with all known features.
fn refusal(fault: Fault) -> ModuleError {
    let missing = fault
        .error
        .missing_features()
        .and_then(unsupported::proposal);
    // Without vectors, the reader does not decode their instructions.
    let unread = !cfg!(feature = "simd") && fault.error.message().contains("SIMD opcode");
    let Some(proposal) = missing.or(unread.then_some("simd")) else {
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
