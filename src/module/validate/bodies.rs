//! Validation of function bodies, on several threads if that pays.

use crate::module::error::{Complaint, Fault, Place};
use crate::module::sections::{self, Sections};
use crate::support::parallel;
use core::ops::Range;
use wasmparser::{
    FuncToValidate, FuncValidator, FuncValidatorAllocations, FunctionBody, ValidatorResources,
    WasmFeatures, WasmModuleResources,
};

/// Minimum number of bytes of function bodies that a thread should validate: about 170 µs of
/// work.
const SHARE: usize = 32 << 10;

/// Returns whether a body is so large a part of all bodies that it should be started early.
pub(in crate::module) fn is_large(body: &Range<usize>, code_size: usize) -> bool {
    body.len() > code_size / 16
}

/// Validates the bodies. If several are invalid, returns the error of the first.
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
        parallel::workers(sections.code_size, SHARE),
        |index| is_large(&sections.bodies[index], sections.code_size),
        FuncValidatorAllocations::default,
        |allocations, index| {
            let body = sections::body(bytes, &sections.bodies[index], features);
            let function = sections.first_body + index as u32;
            validate_one(resources, function, &body, features, allocations)
        },
    )
}

/// Validates one body. The allocations are reused for the next one.
pub(super) fn validate_one(
    resources: &ValidatorResources,
    function: u32,
    body: &FunctionBody<'_>,
    features: WasmFeatures,
    allocations: &mut FuncValidatorAllocations,
) -> Result<(), Fault> {
    // The function section was read before the bodies, so each body has a type.
    let Some(ty) = resources.type_index_of_function(function) else {
        return Ok(());
    };
    // A reference instead of a clone, because threads would contend for the reference count.
    let task = FuncToValidate {
        resources,
        index: function,
        ty,
        features,
    };
    let mut validator = task.into_validator(core::mem::take(allocations));
    let outcome = validate_operators(&mut validator, body, features);
    *allocations = validator.into_allocations();
    outcome.map_err(|error| Fault {
        place: Place::Function(function),
        error,
    })
}

/// Largest number of operands on a body's operand stack. Two bytes can push a thousand operands,
/// so a body of a few hundred kilobytes could exhaust the host's memory during validation. No
/// stack of a usual size has room for that many.
const MOST_OPERANDS: u32 = 1 << 20;

/// Validates the instructions like the validator's own `validate`, with a limit on the operand
/// stack.
fn validate_operators(
    validator: &mut FuncValidator<&ValidatorResources>,
    body: &FunctionBody<'_>,
    features: WasmFeatures,
) -> Result<(), Complaint> {
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader)?;
    reader.set_features(features);
    while !reader.eof() {
        let offset = reader.original_position();
        reader.visit_operator(&mut validator.visitor(offset))??;
        if validator.operand_stack_height() > MOST_OPERANDS {
            let message = "more than 1,048,576 operands on the stack";
            return Err(Complaint::Limit { offset, message });
        }
    }
    Ok(reader.finish_expression(&validator.visitor(reader.original_position()))?)
}
