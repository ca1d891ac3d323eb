//! Types of locals and operands at instructions, for values that come from outside.
//!
//! Translated code relies on the types that validation has found. A snapshot may contain any value in
//! any place, so the same validator is run once more, up to the instructions at which frames of the
//! snapshot are, and gives the types that their values must have.

use super::sections;
use super::with_known;
use crate::format_err;
use crate::module::features::DEFAULT;
use crate::module::sections::Sections;
use crate::module::{HeapType, Module, RefType, ValType};
use crate::support::error::Error;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use wasmparser::types::CoreTypeId;
use wasmparser::{
    FuncToValidate, FuncValidatorAllocations, Operator, UnpackedIndex, WasmModuleResources,
};

/// Most operands at all instructions together. A hostile snapshot could otherwise make the host keep
/// a large operand stack for each of many instructions.
const MOST: usize = 1 << 22;

/// The types of the values of a function's frames.
#[derive(Debug, Default)]
pub struct FunctionTypes {
    /// Types of the locals, parameters first.
    pub locals: Vec<ValType>,
    /// The requested instructions, by their offsets in the module.
    pub instructions: BTreeMap<u32, SiteTypes>,
}

/// The types of operands at an instruction.
#[derive(Debug)]
pub struct SiteTypes {
    /// Kind of the instruction.
    pub kind: SiteKind,
    /// Types of the operands before the instruction, the lowest first; for a `loop`, behind it, since
    /// other ways lead there.
    pub before: Vec<ValType>,
    /// Types of the operands behind the instruction, if it is of a kind, or creates an array in steps.
    pub after: Vec<ValType>,
}

/// The kind of an instruction, as far as suspensions are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteKind {
    /// A call that returns behind the instruction.
    Call,
    /// Resumes a continuation.
    Resume,
    /// Suspends with a tag of the module.
    Suspend(u32),
    /// Switches to another continuation.
    Switch,
    /// Any other instruction.
    Other,
}

impl SiteKind {
    fn of(operator: &Operator<'_>) -> SiteKind {
        match *operator {
            Operator::Call { .. } | Operator::CallIndirect { .. } | Operator::CallRef { .. } => {
                SiteKind::Call
            }
            Operator::Resume { .. }
            | Operator::ResumeThrow { .. }
            | Operator::ResumeThrowRef { .. } => SiteKind::Resume,
            Operator::Suspend { tag_index } => SiteKind::Suspend(tag_index),
            Operator::Switch { .. } => SiteKind::Switch,
            _ => SiteKind::Other,
        }
    }
}

impl Module {
    /// Returns the types of locals and operands of functions: for each function, at the instructions
    /// at these offsets in the module, which ascend.
    ///
    /// # Errors
    ///
    /// An error if a function has no instruction at such an offset, if the instruction is never
    /// reached, or if there are very many operands.
    pub fn operand_types(
        &self,
        wanted: &BTreeMap<u32, Vec<u32>>,
    ) -> Result<BTreeMap<u32, FunctionTypes>, Error> {
        let mut sections = Sections::default();
        let features = with_known(self.engine.tunables.features.intersection(DEFAULT));
        let read = sections.read(&self.bytes, features);
        let (Ok(()), Some(resources), Some(declared)) =
            (read, sections.resources, sections.validated)
        else {
            return Err(format_err!("the module has no functions"));
        };
        let count = declared.as_ref().core_type_count_in_module();
        let ids = (0..count).map(|index| (declared.as_ref().core_type_at_in_module(index), index));
        let types = Types {
            module: self,
            ids: ids.collect(),
        };
        let mut most = MOST;
        let mut all = BTreeMap::new();
        for (&function, offsets) in wanted {
            let missing = || format_err!("function {function} has no body");
            let range = self.body(function).ok_or_else(missing)?;
            let ty = resources.type_index_of_function(function);
            let task = FuncToValidate {
                resources: &resources,
                index: function,
                ty: ty.ok_or_else(missing)?,
                features,
            };
            let mut validator = task.into_validator(FuncValidatorAllocations::default());
            let body = sections::body(&self.bytes, range, features);
            let mut reader = body.get_binary_reader();
            validator.read_locals(&mut reader)?;
            reader.set_features(features);
            let mut found = FunctionTypes::default();
            for local in 0..validator.len_locals() {
                let ty = validator.get_local_type(local);
                found.locals.try_reserve(1)?;
                found.locals.push(types.of(ty.ok_or_else(missing)?)?);
            }
            let last = offsets.last().copied().unwrap_or_default();
            while !reader.eof() && reader.original_position() <= u64::from(last) {
                let offset = reader.original_position();
                let operator = reader.peek_operator(&validator.visitor(offset))?;
                let is_wanted = offsets.binary_search(&(offset as u32)).is_ok();
                let is_last = validator.control_stack_height() == 1;
                let before = match (is_wanted, &operator) {
                    (false, _) | (true, Operator::Loop { .. }) => Vec::new(),
                    // The code before the function's end may end in a branch.
                    (true, Operator::End) if is_last => self.func_type(function).results.to_vec(),
                    (true, _) => types.operands(&validator, &mut most)?,
                };
                reader.visit_operator(&mut validator.visitor(offset))??;
                if !is_wanted {
                    continue;
                }
                let kind = SiteKind::of(&operator);
                let mut site = SiteTypes {
                    kind,
                    before,
                    after: Vec::new(),
                };
                match &operator {
                    Operator::Loop { .. } => site.before = types.operands(&validator, &mut most)?,
                    Operator::CallIndirect { type_index, .. }
                    | Operator::ReturnCallIndirect { type_index, .. } => {
                        types.resolve_callee(&mut site.before, *type_index);
                    }
                    _ => {}
                }
                let creates = matches!(
                    operator,
                    Operator::ArrayNew { .. }
                        | Operator::ArrayNewData { .. }
                        | Operator::ArrayNewElem { .. }
                );
                if kind != SiteKind::Other || creates {
                    site.after = types.operands(&validator, &mut most)?;
                }
                found.instructions.insert(offset as u32, site);
            }
            if let Some(offset) = offsets
                .iter()
                .find(|it| !found.instructions.contains_key(it))
            {
                return Err(format_err!(
                    "function {function} has no instruction at offset {offset:#x} of the module"
                ));
            }
            all.insert(function, found);
        }
        Ok(all)
    }
}

/// Conversion of the validator's types.
struct Types<'m> {
    module: &'m Module,
    /// Indices of the module's types by their identities in the validator.
    ids: BTreeMap<CoreTypeId, u32>,
}

impl Types<'_> {
    /// Returns the types of all operands, and takes their number from `most`.
    fn operands<R: WasmModuleResources>(
        &self,
        validator: &wasmparser::FuncValidator<R>,
        most: &mut usize,
    ) -> Result<Vec<ValType>, Error> {
        let height = validator.operand_stack_height() as usize;
        *most = most.checked_sub(height).ok_or_else(|| {
            format_err!("more than {MOST} operands at all instructions of frames")
        })?;
        let mut types = Vec::new();
        types.try_reserve_exact(height)?;
        for depth in (0..height).rev() {
            let ty = validator.get_operand_type(depth).flatten();
            let ty = ty.ok_or_else(|| format_err!("a frame is at code that is never reached"))?;
            types.push(self.of(ty)?);
        }
        Ok(types)
    }

    /// Replaces the type of the index of an indirect call by that of the function, in which
    /// translated code keeps the callee if the call's type may have subtypes.
    fn resolve_callee(&self, operands: &mut [ValType], type_index: u32) {
        let ty = &self.module.types[type_index as usize];
        if let (false, Some(callee)) = (ty.ty.is_final, operands.last_mut()) {
            *callee = ValType::Ref(RefType {
                nullable: false,
                heap: HeapType::ConcreteFunc(ty.id),
            });
        }
    }

    fn of(&self, ty: wasmparser::ValType) -> Result<ValType, Error> {
        Ok(match ty {
            wasmparser::ValType::I32 => ValType::I32,
            wasmparser::ValType::I64 => ValType::I64,
            wasmparser::ValType::F32 => ValType::F32,
            wasmparser::ValType::F64 => ValType::F64,
            wasmparser::ValType::V128 => ValType::V128,
            wasmparser::ValType::Ref(ty) => ValType::Ref(RefType {
                nullable: ty.is_nullable(),
                heap: self.heap(ty.heap_type())?,
            }),
        })
    }

    fn heap(&self, ty: wasmparser::HeapType) -> Result<HeapType, Error> {
        let unsupported = || format_err!("a frame has a value of an unsupported type");
        let ty = match ty {
            wasmparser::HeapType::Abstract { shared: true, .. } => return Err(unsupported()),
            wasmparser::HeapType::Abstract { ty, .. } => ty,
            wasmparser::HeapType::Concrete(index) | wasmparser::HeapType::Exact(index) => {
                let index = match index {
                    UnpackedIndex::Module(index) => index,
                    UnpackedIndex::Id(id) => *self.ids.get(&id).ok_or_else(unsupported)?,
                    UnpackedIndex::RecGroup(_) => return Err(unsupported()),
                };
                let defined = self.module.types.get(index as usize);
                let defined = defined.ok_or_else(unsupported)?;
                return Ok(HeapType::concrete(defined.ty.composite.kind(), defined.id));
            }
        };
        Ok(HeapType::of_abstract(ty))
    }
}
