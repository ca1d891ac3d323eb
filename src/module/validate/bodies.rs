//! The bodies of functions, on as many threads as pay.

use crate::module::error::{Fault, Place};
use crate::module::sections::{self, Sections};
use crate::support::parallel;
use wasmparser::{
    FuncToValidate, FuncValidatorAllocations, FunctionBody, ValidatorResources, WasmFeatures,
    WasmModuleResources,
};

/// Validates the bodies; where several are faulty, the first is reported.
pub(super) fn validate(
    bytes: &[u8],
    sections: &Sections<'_>,
    features: WasmFeatures,
) -> Result<(), Fault> {
    let Some(resources) = &sections.resources else {
        return Ok(());
    };
    parallel::try_for_each(
        sections.bodies.len(),
        parallel::workers(sections.code_size),
        FuncValidatorAllocations::default,
        |allocations, index| {
            let body = sections::body(bytes, &sections.bodies[index], features);
            let function = sections.first_body + index as u32;
            validate_one(resources, function, &body, features, allocations)
        },
    )
}

/// Validates one body. The allocations are kept for the next.
pub(super) fn validate_one(
    resources: &ValidatorResources,
    function: u32,
    body: &FunctionBody<'_>,
    features: WasmFeatures,
    allocations: &mut FuncValidatorAllocations,
) -> Result<(), Fault> {
    // The function section was read with the bodies, so each has its type.
    let Some(ty) = resources.type_index_of_function(function) else {
        return Ok(());
    };
    // By reference: counting references to the resources is work that threads would
    // have to do one after the other.
    let task = FuncToValidate {
        resources,
        index: function,
        ty,
        features,
    };
    let mut validator = task.into_validator(core::mem::take(allocations));
    let outcome = validator.validate(body);
    *allocations = validator.into_allocations();
    outcome.map_err(|error| Fault {
        place: Place::Function(function),
        error,
    })
}
