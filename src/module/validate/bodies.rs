//! Validation of function bodies, on several threads if that pays.

use super::plain::{self, Declarations, Stacks};
use super::sections;
use crate::module::error::{Complaint, Fault, Place};
use crate::module::sections::Sections;
use crate::support::parallel;
use core::ops::Range;
use wasmparser::{
    BinaryReader, FuncToValidate, FuncValidator, FuncValidatorAllocations, FunctionBody,
    ValidatorResources, VisitOperator, WasmFeatures, WasmModuleResources,
};

/// Minimum number of bytes of function bodies that a thread should validate: about 170 µs of
/// work if they are plain, and twice that if not.
const SHARE: usize = 64 << 10;

/// True if plain bodies are recognised. Targets with little flash do without.
const QUICK: bool = cfg!(any(test, not(feature = "small")));

/// Memory that is reused for the next body.
#[derive(Default)]
pub(in crate::module) struct Workspace {
    stacks: Stacks,
    allocations: FuncValidatorAllocations,
}

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
    let declarations = declarations(resources, features);
    parallel::try_for_each(
        sections.bodies.len(),
        parallel::workers(sections.code_size, SHARE),
        |index| is_large(&sections.bodies[index], sections.code_size),
        Workspace::default,
        |workspace, index| {
            let body = sections::body(bytes, &sections.bodies[index], features);
            let function = sections.first_body + index as u32;
            let declarations = declarations.as_ref();
            validate_one(
                resources,
                declarations,
                function,
                &body,
                features,
                workspace,
            )
        },
    )
}

/// Returns what [`validate_one`] needs to recognise plain bodies, unless none is plain.
pub(super) fn declarations(
    resources: &ValidatorResources,
    features: WasmFeatures,
) -> Option<Declarations> {
    QUICK
        .then(|| Declarations::new(resources, features))
        .flatten()
}

/// Validates one body.
pub(super) fn validate_one(
    resources: &ValidatorResources,
    declarations: Option<&Declarations>,
    function: u32,
    body: &FunctionBody<'_>,
    features: WasmFeatures,
    workspace: &mut Workspace,
) -> Result<(), Fault> {
    // The function section was read before the bodies, so each body has a type.
    let Some(ty) = resources.type_index_of_function(function) else {
        return Ok(());
    };
    if let Some(declarations) = declarations {
        let stacks = &mut workspace.stacks;
        if plain::is_valid(declarations, resources, stacks, ty, body.as_bytes()) {
            return Ok(());
        }
    }
    // A reference instead of a clone, because threads would contend for the reference count.
    let task = FuncToValidate {
        resources,
        index: function,
        ty,
        features,
    };
    let mut validator = task.into_validator(core::mem::take(&mut workspace.allocations));
    let outcome = validate_operators(&mut validator, body, features);
    workspace.allocations = validator.into_allocations();
    outcome.map_err(|error| Fault {
        place: Place::Function(function),
        error,
    })
}

/// Largest number of operands on a body's operand stack. Two bytes can push a thousand operands,
/// so a body of a few hundred kilobytes could exhaust the host's memory during validation. No
/// stack of a usual size has room for that many.
pub(super) const MOST_OPERANDS: u32 = 1 << 20;

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
    let (code, start) = (body.as_bytes(), body.range().start);
    while !reader.eof() {
        let offset = reader.original_position();
        let opcode = code[(offset - start) as usize];
        let visited = if validator.control_stack_height() > 0 {
            visit_frequent(opcode, &mut reader, &mut validator.visitor(offset))?
        } else {
            false
        };
        if !visited {
            reader.visit_operator(&mut validator.visitor(offset))??;
        }
        if validator.operand_stack_height() > MOST_OPERANDS {
            let message = "more than 1,048,576 operands on the stack";
            return Err(Complaint::Limit { offset, message });
        }
    }
    Ok(reader.finish_expression(&validator.visitor(reader.original_position()))?)
}

/// Validates an instruction if it is a frequent one. Returns false for all others, which have
/// not been read then.
///
/// `BinaryReader::visit_operator` does the same, but is too large to be inlined: this function
/// takes 15 to 25 % off the validator's time in programs built with link-time optimisation, for
/// 850 bytes of flash on a Cortex-M4.
#[inline(always)]
fn visit_frequent<'a>(
    opcode: u8,
    reader: &mut BinaryReader<'a>,
    visitor: &mut impl VisitOperator<'a, Output = wasmparser::Result<()>>,
) -> wasmparser::Result<bool> {
    macro_rules! visit {
        ($($opcode:literal $visit:ident $(($read:ident))?,)*) => {
            match opcode {
                $($opcode => {
                    reader.read_u8()?;
                    visitor.$visit($(reader.$read()?)?)?;
                })*
                _ => return Ok(false),
            }
        };
    }
    visit! {
        0x0b visit_end,
        0x0c visit_br(read_var_u32),
        0x0d visit_br_if(read_var_u32),
        0x10 visit_call(read_var_u32),
        0x1a visit_drop,
        0x1b visit_select,
        0x20 visit_local_get(read_var_u32),
        0x21 visit_local_set(read_var_u32),
        0x22 visit_local_tee(read_var_u32),
        0x23 visit_global_get(read_var_u32),
        0x24 visit_global_set(read_var_u32),
        0x41 visit_i32_const(read_var_i32),
        0x42 visit_i64_const(read_var_i64),
        0x45 visit_i32_eqz,
        0x46 visit_i32_eq,
        0x47 visit_i32_ne,
        0x48 visit_i32_lt_s,
        0x49 visit_i32_lt_u,
        0x4a visit_i32_gt_s,
        0x4b visit_i32_gt_u,
        0x4c visit_i32_le_s,
        0x4d visit_i32_le_u,
        0x4e visit_i32_ge_s,
        0x4f visit_i32_ge_u,
        0x6a visit_i32_add,
        0x6b visit_i32_sub,
        0x6c visit_i32_mul,
        0x71 visit_i32_and,
        0x72 visit_i32_or,
        0x73 visit_i32_xor,
        0x74 visit_i32_shl,
        0x75 visit_i32_shr_s,
        0x76 visit_i32_shr_u,
        0x7c visit_i64_add,
        0x7e visit_i64_mul,
        0x83 visit_i64_and,
        0x84 visit_i64_or,
        0x85 visit_i64_xor,
        0x86 visit_i64_shl,
        0x88 visit_i64_shr_u,
        0xa7 visit_i32_wrap_i64,
        0xad visit_i64_extend_i32_u,
    }
    Ok(true)
}
