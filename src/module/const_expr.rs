//! Constant expressions: initial values of globals, tables and elements, and offsets of
//! segments.

#[cfg(feature = "simd")]
use super::slots::ValBits;
use super::unsupported::{self, Needs};
use smallvec::SmallVec;
use wasmparser::Operator;

/// One instruction of a constant expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstOp {
    /// `i32.const`
    I32Const(i32),
    /// `i64.const`
    I64Const(i64),
    /// `f32.const`, as bits.
    F32Const(u32),
    /// `f64.const`, as bits.
    F64Const(u64),
    /// `v128.const`
    #[cfg(feature = "simd")]
    V128Const(ValBits),
    /// `global.get`
    GlobalGet(u32),
    /// `ref.func`
    RefFunc(u32),
    /// `ref.null` of any type.
    RefNull,
    /// `i32.add`
    I32Add,
    /// `i32.sub`
    I32Sub,
    /// `i32.mul`
    I32Mul,
    /// `i64.add`
    I64Add,
    /// `i64.sub`
    I64Sub,
    /// `i64.mul`
    I64Mul,
    /// `ref.i31`
    RefI31,
    /// `struct.new`, with the type's index in the module.
    StructNew(u32),
    /// `struct.new_default`
    StructNewDefault(u32),
    /// `array.new`
    ArrayNew(u32),
    /// `array.new_default`
    ArrayNewDefault(u32),
    /// `array.new_fixed`, with the number of elements.
    ArrayNewFixed(u32, u32),
}

/// A validated constant expression without its `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstExpr {
    /// Inline storage for one instruction, the usual length.
    ops: SmallVec<[ConstOp; 1]>,
}

impl ConstExpr {
    /// Returns the instructions in the order of their execution.
    pub fn ops(&self) -> &[ConstOp] {
        &self.ops
    }

    /// Returns the value in the format of a slot, if it is the same for every instance.
    pub fn as_constant(&self) -> Option<u64> {
        match *self.ops() {
            [ConstOp::I32Const(value)] => Some(u64::from(value as u32)),
            [ConstOp::I64Const(value)] => Some(value as u64),
            [ConstOp::F32Const(bits)] => Some(u64::from(bits)),
            [ConstOp::F64Const(bits)] => Some(bits),
            [ConstOp::RefNull] => Some(0),
            _ => None,
        }
    }

    /// Returns whether evaluating the expression creates objects, so that it must be evaluated once.
    pub fn creates(&self) -> bool {
        self.ops().iter().any(|op| {
            matches!(
                op,
                ConstOp::StructNew(_)
                    | ConstOp::StructNewDefault(_)
                    | ConstOp::ArrayNew(_)
                    | ConstOp::ArrayNewDefault(_)
                    | ConstOp::ArrayNewFixed(..)
            )
        })
    }

    /// Returns the function's index if the expression is a single `ref.func`.
    pub fn as_function(&self) -> Option<u32> {
        match *self.ops() {
            [ConstOp::RefFunc(function)] => Some(function),
            _ => None,
        }
    }

    /// Reads a validated expression. If it uses an unsupported proposal, returns an error with
    /// the offset.
    pub(super) fn read(expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr, ReadError> {
        let mut ops = SmallVec::new();
        for op in expr.get_operators_reader().into_iter_with_offsets() {
            let (op, offset) = op.map_err(ReadError::Invalid)?;
            ops.push(match op {
                Operator::I32Const { value } => ConstOp::I32Const(value),
                Operator::I64Const { value } => ConstOp::I64Const(value),
                Operator::F32Const { value } => ConstOp::F32Const(value.bits()),
                Operator::F64Const { value } => ConstOp::F64Const(value.bits()),
                #[cfg(feature = "simd")]
                Operator::V128Const { value } => {
                    let bits = u128::from_le_bytes(*value.bytes());
                    ConstOp::V128Const([bits as u64, (bits >> 64) as u64])
                }
                Operator::GlobalGet { global_index } => ConstOp::GlobalGet(global_index),
                Operator::RefFunc { function_index } => ConstOp::RefFunc(function_index),
                Operator::RefNull { hty } => {
                    unsupported::heap_type(hty).map_err(|needs| ReadError::Needs(needs, offset))?;
                    ConstOp::RefNull
                }
                Operator::I32Add => ConstOp::I32Add,
                Operator::I32Sub => ConstOp::I32Sub,
                Operator::I32Mul => ConstOp::I32Mul,
                Operator::I64Add => ConstOp::I64Add,
                Operator::I64Sub => ConstOp::I64Sub,
                Operator::I64Mul => ConstOp::I64Mul,
                Operator::RefI31 => ConstOp::RefI31,
                Operator::StructNew { struct_type_index } => ConstOp::StructNew(struct_type_index),
                Operator::StructNewDefault { struct_type_index } => {
                    ConstOp::StructNewDefault(struct_type_index)
                }
                Operator::ArrayNew { array_type_index } => ConstOp::ArrayNew(array_type_index),
                Operator::ArrayNewDefault { array_type_index } => {
                    ConstOp::ArrayNewDefault(array_type_index)
                }
                Operator::ArrayNewFixed {
                    array_type_index,
                    array_size,
                } => ConstOp::ArrayNewFixed(array_type_index, array_size),
                // They change no bits.
                Operator::AnyConvertExtern | Operator::ExternConvertAny => continue,
                Operator::End => break,
                other => {
                    let needs = unsupported::operator(&other)
                        .err()
                        .unwrap_or_else(|| Needs::new("extended-const", "a constant expression"));
                    return Err(ReadError::Needs(needs, offset));
                }
            });
        }
        Ok(ConstExpr { ops })
    }
}

/// The reason why an expression could not be read.
#[derive(Debug)]
pub(super) enum ReadError {
    Invalid(wasmparser::Error),
    Needs(Needs, u64),
}
