//! From instructions to ops.
//!
//! The translator is a visitor of the binary reader, which passes an instruction's immediates
//! in registers. Reading each instruction as a value of `wasmparser::Operator`, which is written
//! to memory, moved and matched on, took as long as all the rest of the translation.

use super::Failed;
use super::atomic::NARROW_ATOMICS;
use super::function::{Function, Local};
use super::object::Extension;
use super::observe::observe;
use super::operand::Kind;
#[cfg(feature = "simd")]
use super::vector::LaneAccess;
use crate::code::{Family, Op, Scalar, is_same};
use crate::module::ValType;
use alloc::vec::Vec;
use wasmparser::{FrameKind, FrameStack, MemArg, VisitOperator};

/// The opcode of the legacy instruction `catch`.
const CATCH: u8 = 0x07;
/// The opcode of the legacy instruction `delegate`.
const DELEGATE: u8 = 0x18;
/// The opcode of the legacy instruction `catch_all`.
const CATCH_ALL: u8 = 0x19;

/// Returns the op that has the same result with its operands exchanged, if there is one.
pub fn exchanged(op: Op) -> Option<Op> {
    use Op::*;
    Some(match op {
        I32Add | I32Mul | I32And | I32Or | I32Xor | I32TestAny | I32TestNone | I32Eq | I32Ne
        | I64Add | I64Mul | I64And | I64Or | I64Xor | I64Eq | I64Ne | F32Add | F32Mul | F32Min
        | F32Max | F32Eq | F32Ne | F64Add | F64Mul | F64Min | F64Max | F64Eq | F64Ne => op,
        I32LtS => I32GtS,
        I32LtU => I32GtU,
        I32GtS => I32LtS,
        I32GtU => I32LtU,
        I32LeS => I32GeS,
        I32LeU => I32GeU,
        I32GeS => I32LeS,
        I32GeU => I32LeU,
        I64LtS => I64GtS,
        I64LtU => I64GtU,
        I64GtS => I64LtS,
        I64GtU => I64LtU,
        I64LeS => I64GeS,
        I64LeU => I64GeU,
        I64GeS => I64LeS,
        I64GeU => I64LeU,
        F32Lt => F32Gt,
        F32Gt => F32Lt,
        F32Le => F32Ge,
        F32Ge => F32Le,
        F64Lt => F64Gt,
        F64Gt => F64Lt,
        F64Le => F64Ge,
        F64Ge => F64Le,
        #[cfg(feature = "simd")]
        _ if op.family() == Family::VectorCommutative => exchanged_vector(op),
        _ => return None,
    })
}

/// Returns the op on two vectors that has the same result with its operands exchanged.
#[cfg(feature = "simd")]
fn exchanged_vector(op: Op) -> Op {
    use Op::*;
    match op {
        I8x16LtS => I8x16GtS,
        I8x16LtU => I8x16GtU,
        I8x16GtS => I8x16LtS,
        I8x16GtU => I8x16LtU,
        I8x16LeS => I8x16GeS,
        I8x16LeU => I8x16GeU,
        I8x16GeS => I8x16LeS,
        I8x16GeU => I8x16LeU,
        I16x8LtS => I16x8GtS,
        I16x8LtU => I16x8GtU,
        I16x8GtS => I16x8LtS,
        I16x8GtU => I16x8LtU,
        I16x8LeS => I16x8GeS,
        I16x8LeU => I16x8GeU,
        I16x8GeS => I16x8LeS,
        I16x8GeU => I16x8LeU,
        I32x4LtS => I32x4GtS,
        I32x4LtU => I32x4GtU,
        I32x4GtS => I32x4LtS,
        I32x4GtU => I32x4LtU,
        I32x4LeS => I32x4GeS,
        I32x4LeU => I32x4GeU,
        I32x4GeS => I32x4LeS,
        I32x4GeU => I32x4LeU,
        I64x2LtS => I64x2GtS,
        I64x2GtS => I64x2LtS,
        I64x2LeS => I64x2GeS,
        I64x2GeS => I64x2LeS,
        F32x4Lt => F32x4Gt,
        F32x4Gt => F32x4Lt,
        F32x4Le => F32x4Ge,
        F32x4Ge => F32x4Le,
        F64x2Lt => F64x2Gt,
        F64x2Gt => F64x2Lt,
        F64x2Le => F64x2Ge,
        F64x2Ge => F64x2Le,
        other => other,
    }
}

/// Returns the comparison that holds exactly where this one does not, if there is one. (If an
/// operand is a NaN, neither "less" nor "greater or equal" holds.)
pub fn opposite(op: Op) -> Option<Op> {
    use Op::*;
    Some(match op {
        I32TestAny => I32TestNone,
        I32TestNone => I32TestAny,
        I32Eq => I32Ne,
        I32Ne => I32Eq,
        I32LtS => I32GeS,
        I32LtU => I32GeU,
        I32GtS => I32LeS,
        I32GtU => I32LeU,
        I32LeS => I32GtS,
        I32LeU => I32GtU,
        I32GeS => I32LtS,
        I32GeU => I32LtU,
        I64Eq => I64Ne,
        I64Ne => I64Eq,
        I64LtS => I64GeS,
        I64LtU => I64GeU,
        I64GtS => I64LeS,
        I64GtU => I64LeU,
        I64LeS => I64GtS,
        I64LeU => I64GtU,
        I64GeS => I64LtS,
        I64GeU => I64LtU,
        F32Eq => F32Ne,
        F32Ne => F32Eq,
        F64Eq => F64Ne,
        F64Ne => F64Eq,
        _ => return None,
    })
}

/// Returns the fuel that an instruction costs, by its name in `wasmparser`.
const fn cost(operator: &str) -> u32 {
    match operator.as_bytes() {
        b"Nop" | b"Drop" | b"Block" | b"Loop" | b"Unreachable" | b"Return" | b"Else" | b"End"
        | b"Catch" | b"CatchAll" | b"Delegate" => 0,
        _ => 1,
    }
}

/// Passes over an instruction in code that is never reached, `$depth` blocks deep in it. Its
/// immediates follow its name.
macro_rules! pass_over {
    ($f:ident $depth:ident Block $ty:ident) => {
        $f.unreachable = Some($depth + 1)
    };
    ($f:ident $depth:ident Loop $ty:ident) => {
        $f.unreachable = Some($depth + 1)
    };
    ($f:ident $depth:ident If $ty:ident) => {
        $f.unreachable = Some($depth + 1)
    };
    ($f:ident $depth:ident TryTable $table:ident) => {
        $f.unreachable = Some($depth + 1)
    };
    ($f:ident $depth:ident Try $ty:ident) => {
        $f.unreachable = Some($depth + 1)
    };
    ($f:ident $depth:ident Catch $tag:ident) => {
        if $depth == 0 {
            $f.catch(Some($tag))
        }
    };
    ($f:ident $depth:ident CatchAll) => {
        if $depth == 0 {
            $f.catch(None)
        }
    };
    ($f:ident $depth:ident Delegate $label:ident) => {
        match $depth {
            0 => $f.delegate($label),
            _ => $f.unreachable = Some($depth - 1),
        }
    };
    ($f:ident $depth:ident Else) => {
        if $depth == 0 {
            $f.else_()
        }
    };
    ($f:ident $depth:ident End) => {
        match $depth {
            0 => $f.end(),
            _ => $f.unreachable = Some($depth - 1),
        }
    };
    ($f:ident $depth:ident $op:ident $($immediate:ident)*) => {};
}

/// Translates an instruction in code that can be reached. Its immediates follow its name.
macro_rules! translate {
    // --- control ---
    ($f:ident Nop) => {};
    ($f:ident Unreachable) => { $f.unreachable_() };
    ($f:ident Block $ty:ident) => { $f.block($ty) };
    ($f:ident Loop $ty:ident) => { $f.loop_($ty) };
    ($f:ident If $ty:ident) => { $f.if_($ty) };
    ($f:ident Else) => { $f.else_() };
    ($f:ident End) => { $f.end() };
    ($f:ident TryTable $table:ident) => { $f.try_table($table) };
    ($f:ident Try $ty:ident) => { $f.try_($ty) };
    ($f:ident Catch $tag:ident) => { $f.catch(Some($tag)) };
    ($f:ident CatchAll) => { $f.catch(None) };
    ($f:ident Delegate $depth:ident) => { $f.delegate($depth) };
    ($f:ident Rethrow $depth:ident) => { $f.rethrow($depth) };
    ($f:ident Throw $tag:ident) => { $f.throw($tag) };
    ($f:ident ThrowRef) => { $f.throw_ref() };
    ($f:ident Br $depth:ident) => { $f.br($depth) };
    ($f:ident BrIf $depth:ident) => { $f.br_if($depth) };
    ($f:ident BrTable $targets:ident) => { $f.br_table(&$targets)? };
    ($f:ident BrOnNull $depth:ident) => { $f.br_on_null($depth, true) };
    ($f:ident BrOnNonNull $depth:ident) => { $f.br_on_null($depth, false) };
    ($f:ident Return) => { $f.return_() };
    ($f:ident Call $function:ident) => { $f.call($function) };
    ($f:ident CallIndirect $ty:ident $table:ident) => { $f.call_indirect($ty, $table) };
    ($f:ident CallRef $ty:ident) => { $f.call_ref($ty) };
    ($f:ident ReturnCall $function:ident) => { $f.return_call($function) };
    ($f:ident ReturnCallIndirect $ty:ident $table:ident) => {
        $f.return_call_indirect($ty, $table)
    };
    ($f:ident ReturnCallRef $ty:ident) => { $f.return_call_ref($ty) };

    // --- continuations ---
    ($f:ident ContNew $ty:ident) => { { let _ = $ty; $f.cont_new() } };
    ($f:ident ContBind $from:ident $to:ident) => { $f.cont_bind($from, $to) };
    ($f:ident Suspend $tag:ident) => { $f.suspend($tag) };
    ($f:ident Switch $ty:ident $tag:ident) => { $f.switch($ty, $tag) };
    ($f:ident Resume $ty:ident $table:ident) => { $f.resume($ty, &$table) };
    ($f:ident ResumeThrow $ty:ident $tag:ident $table:ident) => {
        $f.resume_throw($ty, $tag, &$table)
    };
    ($f:ident ResumeThrowRef $ty:ident $table:ident) => { $f.resume_throw_ref($ty, &$table) };

    // --- values ---
    ($f:ident Drop) => { { $f.values.pop(); } };
    ($f:ident Select) => { $f.select() };
    ($f:ident TypedSelect $ty:ident) => { { let _ = $ty; $f.select() } };
    ($f:ident LocalGet $local:ident) => {
        {
            let Local { kind, slot } = $f.locals[$local as usize];
            $f.values.push_local(kind, slot)
        }
    };
    ($f:ident LocalSet $local:ident) => { $f.set_local($local, false) };
    ($f:ident LocalTee $local:ident) => { $f.set_local($local, true) };
    ($f:ident GlobalGet $global:ident) => { $f.global_get($global) };
    ($f:ident GlobalSet $global:ident) => { $f.global_set($global) };
    ($f:ident I32Const $value:ident) => {
        $f.values.push_const(Kind::I32, u64::from($value.cast_unsigned()))
    };
    ($f:ident I64Const $value:ident) => { $f.values.push_const(Kind::I64, $value.cast_unsigned()) };
    ($f:ident F32Const $value:ident) => {
        $f.values.push_const(Kind::F32, u64::from($value.bits()))
    };
    ($f:ident F64Const $value:ident) => { $f.values.push_const(Kind::F64, $value.bits()) };
    ($f:ident RefNull $ty:ident) => {
        $f.values.push_const(Kind::of_references($f.module, $ty), 0)
    };
    ($f:ident RefIsNull) => { $f.ref_is_null() };
    ($f:ident RefFunc $function:ident) => { $f.ref_func($function) };
    ($f:ident RefAsNonNull) => { $f.ref_as_non_null() };

    // --- structures, arrays, types ---
    ($f:ident StructNew $ty:ident) => { $f.struct_new($ty) };
    ($f:ident StructNewDefault $ty:ident) => { $f.struct_new_default($ty) };
    ($f:ident StructGet $ty:ident $field:ident) => {
        $f.struct_get($ty, $field, Extension::None)
    };
    ($f:ident StructGetS $ty:ident $field:ident) => {
        $f.struct_get($ty, $field, Extension::Signed)
    };
    ($f:ident StructGetU $ty:ident $field:ident) => {
        $f.struct_get($ty, $field, Extension::Unsigned)
    };
    ($f:ident StructSet $ty:ident $field:ident) => { $f.struct_set($ty, $field) };
    ($f:ident ArrayNew $ty:ident) => { $f.array_new($ty) };
    ($f:ident ArrayNewDefault $ty:ident) => { $f.array_new_default($ty) };
    ($f:ident ArrayNewFixed $ty:ident $count:ident) => { $f.array_new_fixed($ty, $count) };
    ($f:ident ArrayNewData $ty:ident $data:ident) => { $f.array_new_data($ty, $data) };
    ($f:ident ArrayNewElem $ty:ident $elements:ident) => { $f.array_new_elem($ty, $elements) };
    ($f:ident ArrayGet $ty:ident) => { $f.array_get($ty, Extension::None) };
    ($f:ident ArrayGetS $ty:ident) => { $f.array_get($ty, Extension::Signed) };
    ($f:ident ArrayGetU $ty:ident) => { $f.array_get($ty, Extension::Unsigned) };
    ($f:ident ArraySet $ty:ident) => { $f.array_set($ty) };
    ($f:ident ArrayLen) => { $f.array_len() };
    ($f:ident ArrayFill $ty:ident) => { $f.array_fill($ty) };
    ($f:ident ArrayCopy $to:ident $from:ident) => { { let _ = $from; $f.array_copy($to) } };
    ($f:ident ArrayInitData $ty:ident $data:ident) => { $f.array_init_data($ty, $data) };
    ($f:ident ArrayInitElem $ty:ident $elements:ident) => { $f.array_init_elem($ty, $elements) };
    ($f:ident RefEq) => { $f.ref_eq() };
    ($f:ident RefI31) => { $f.ref_i31() };
    ($f:ident AnyConvertExtern) => { $f.convert(Kind::AnyRef) };
    ($f:ident ExternConvertAny) => { $f.convert(Kind::ExternRef) };
    ($f:ident RefTestNonNull $ty:ident) => { $f.ref_test(false, $ty) };
    ($f:ident RefTestNullable $ty:ident) => { $f.ref_test(true, $ty) };
    ($f:ident RefCastNonNull $ty:ident) => { $f.ref_cast(false, $ty) };
    ($f:ident RefCastNullable $ty:ident) => { $f.ref_cast(true, $ty) };
    ($f:ident BrOnCast $depth:ident $from:ident $to:ident) => {
        { let _ = $from; $f.br_on_cast($depth, $to, false) }
    };
    ($f:ident BrOnCastFail $depth:ident $from:ident $to:ident) => {
        { let _ = $from; $f.br_on_cast($depth, $to, true) }
    };

    // --- memories and tables ---
    ($f:ident MemorySize $memory:ident) => { $f.memory_size($memory) };
    ($f:ident MemoryGrow $memory:ident) => {
        $f.memory_grow($memory)
    };
    ($f:ident MemoryFill $memory:ident) => { $f.memory_fill($memory) };
    ($f:ident MemoryCopy $to:ident $from:ident) => { $f.memory_copy($to, $from) };
    ($f:ident MemoryInit $data:ident $memory:ident) => {
        $f.memory_init($data, $memory)
    };
    ($f:ident DataDrop $data:ident) => { $f.data_drop($data) };
    ($f:ident TableGet $table:ident) => { $f.table_get($table) };
    ($f:ident TableSet $table:ident) => { $f.table_set($table) };
    ($f:ident TableSize $table:ident) => { $f.table_size($table) };
    ($f:ident TableGrow $table:ident) => {
        $f.table_grow($table)
    };
    ($f:ident TableFill $table:ident) => { $f.table_fill($table) };
    ($f:ident TableCopy $to:ident $from:ident) => {
        $f.table_copy($to, $from)
    };
    ($f:ident TableInit $elements:ident $table:ident) => {
        $f.table_init($elements, $table)
    };
    ($f:ident ElemDrop $elements:ident) => { $f.elem_drop($elements) };

    // --- atomic accesses ---
    ($f:ident AtomicFence $ordering:ident) => { { let _ = $ordering; $f.atomic_fence() } };
    ($f:ident MemoryAtomicNotify $memarg:ident) => { $f.atomic_notify(&$memarg) };
    ($f:ident MemoryAtomicWait32 $memarg:ident) => { $f.atomic_wait32(&$memarg) };
    ($f:ident MemoryAtomicWait64 $memarg:ident) => { $f.atomic_wait64(&$memarg) };

    // --- vectors ---
    ($f:ident V128Const $value:ident) => { $f.vector(*$value.bytes()) };
    ($f:ident I8x16Shuffle $lanes:ident) => { $f.shuffle($lanes) };

    // --- numbers ---
    ($f:ident I32Eqz) => { $f.equals_zero(Op::I32Eq, Kind::I32) };
    ($f:ident I64Eqz) => { $f.equals_zero(Op::I64Eq, Kind::I64) };
    ($f:ident I64ExtendI32U) => { $f.extend_unsigned() };
    ($f:ident $op:ident) => {
        match const { op_of(stringify!($op)) } {
            Some((op, result)) => $f.operation(op, result),
            None => Err(Failed::unsupported(stringify!($op)))?,
        }
    };
    ($f:ident $op:ident $($immediate:ident)+) => {{
        let _ = ($($immediate,)+);
        Err(Failed::unsupported(stringify!($op)))?
    }};
}

/// The instructions on 64-bit integers that an op on 32-bit integers carries out: slots have
/// zeros above a 32-bit value.
const NARROW_OPS: &[(&str, Op)] = &[
    ("I64Load8U", Op::I32Load8U),
    ("I64Load16U", Op::I32Load16U),
    ("I64Load32U", Op::I32Load),
    ("I64Store8", Op::I32Store8),
    ("I64Store16", Op::I32Store16),
    ("I64Store32", Op::I32Store),
];

/// The relaxed instructions that do the same as another instruction in the deterministic profile
/// of the specification, and the op of that instruction.
#[cfg(feature = "simd")]
const RELAXED_OPS: &[(&str, Op)] = &[
    ("I8x16RelaxedSwizzle", Op::I8x16Swizzle),
    ("I32x4RelaxedTruncF32x4S", Op::I32x4TruncSatF32x4S),
    ("I32x4RelaxedTruncF32x4U", Op::I32x4TruncSatF32x4U),
    ("I32x4RelaxedTruncF64x2SZero", Op::I32x4TruncSatF64x2SZero),
    ("I32x4RelaxedTruncF64x2UZero", Op::I32x4TruncSatF64x2UZero),
    ("I8x16RelaxedLaneselect", Op::V128Bitselect),
    ("I16x8RelaxedLaneselect", Op::V128Bitselect),
    ("I32x4RelaxedLaneselect", Op::V128Bitselect),
    ("I64x2RelaxedLaneselect", Op::V128Bitselect),
    ("F32x4RelaxedMin", Op::F32x4Min),
    ("F32x4RelaxedMax", Op::F32x4Max),
    ("F64x2RelaxedMin", Op::F64x2Min),
    ("F64x2RelaxedMax", Op::F64x2Max),
    ("I16x8RelaxedQ15mulrS", Op::I16x8Q15MulrSatS),
];

/// A build without vectors has no relaxed instructions.
#[cfg(not(feature = "simd"))]
const RELAXED_OPS: &[(&str, Op)] = &[];

/// Returns the op that a list has for an instruction, if there is one.
const fn listed(list: &[(&str, Op)], instruction: &str) -> Option<Op> {
    let mut at = 0;
    while at < list.len() {
        let (name, op) = list[at];
        if is_same(name, instruction) {
            return Some(op);
        }
        at += 1;
    }
    None
}

/// Returns the op that carries out an instruction, and the kind of the result if there is one.
/// The instruction has its name in `wasmparser`.
pub const fn op_of(instruction: &str) -> Option<(Op, Option<Kind>)> {
    let narrow = match listed(NARROW_OPS, instruction) {
        None => listed(NARROW_ATOMICS, instruction),
        narrow => narrow,
    };
    if let Some(op) = narrow {
        return Some((op, Some(Kind::I64)));
    }
    let op = match listed(RELAXED_OPS, instruction) {
        Some(op) => op,
        None => match Op::by_path(instruction) {
            Some(op) => op,
            None => return None,
        },
    };
    let result = match op.result() {
        Some(Scalar::u32 | Scalar::i32) => Some(Kind::I32),
        Some(Scalar::u64 | Scalar::i64) => Some(Kind::I64),
        Some(Scalar::f32) => Some(Kind::F32),
        Some(Scalar::f64) => Some(Kind::F64),
        Some(Scalar::v128) => Some(Kind::V128),
        Some(Scalar::u8 | Scalar::u16) | None => None,
    };
    Some((op, result))
}

impl Function<'_> {
    /// An instruction without immediates whose op is a row with a body.
    fn operation(&mut self, op: Op, result: Option<Kind>) {
        let result = result.expect("the row has a result");
        match op.family() {
            Family::Unary | Family::PartialUnary => self.unary(op, result),
            Family::Wide => self.wide(op, 4),
            Family::WideMultiply => self.wide(op, 2),
            #[cfg(feature = "simd")]
            Family::Shift => self.shift(op),
            #[cfg(feature = "simd")]
            Family::Ternary => self.ternary(op),
            _ => self.binary(op, result),
        }
    }

    /// A load or store whose op is a row with a body.
    fn memory_access(&mut self, op: Op, result: Option<Kind>, memarg: &MemArg) {
        match op.family() {
            Family::Load => self.load(op, memarg, result.expect("the row has a result")),
            Family::StoreFloat => {
                let as_integer = match op.operand() {
                    Scalar::f32 => Op::I32Store,
                    _ => Op::I64Store,
                };
                self.store_float(op, as_integer, memarg);
            }
            #[cfg(feature = "simd")]
            Family::VectorStore => self.store_vector(op, memarg),
            Family::AtomicStore => self.atomic_store(op, memarg),
            Family::AtomicLoad | Family::AtomicUpdate | Family::AtomicExchange => {
                self.atomic_access(op, result.expect("the row has a result"), memarg);
            }
            _ => self.store(op, memarg),
        }
    }
}

/// Translates a memory access, whose one immediate is named `memarg`, an instruction on a lane,
/// whose immediate is named `lane`, or another instruction.
macro_rules! translate_access {
    ($f:ident MemoryAtomicNotify [memarg] $arg:ident) => { translate!($f MemoryAtomicNotify $arg) };
    ($f:ident MemoryAtomicWait32 [memarg] $arg:ident) => { translate!($f MemoryAtomicWait32 $arg) };
    ($f:ident MemoryAtomicWait64 [memarg] $arg:ident) => { translate!($f MemoryAtomicWait64 $arg) };
    ($f:ident $op:ident [memarg] $arg:ident) => {
        match const { op_of(stringify!($op)) } {
            Some((op, result)) => $f.memory_access(op, result, &$arg),
            None => Err(Failed::unsupported(stringify!($op)))?,
        }
    };
    ($f:ident $op:ident [lane] $lane:ident) => {
        match const { op_of(stringify!($op)) } {
            Some((op, Some(result))) => $f.lane(op, result, $lane),
            _ => Err(Failed::unsupported(stringify!($op)))?,
        }
    };
    ($f:ident $op:ident [memarg lane] $arg:ident $lane:ident) => {
        match const { LaneAccess::of(stringify!($op)) } {
            Some(lanes) => $f.lane_access(&lanes, &$arg, $lane),
            None => Err(Failed::unsupported(stringify!($op)))?,
        }
    };
    ($f:ident $op:ident [$($name:ident)*] $($immediate:ident)*) => {
        translate!($f $op $($immediate)*)
    };
}

macro_rules! define_visitor {
    ($(@$proposal:ident $op:ident $({ $($immediate:ident: $ty:ty),* })?
        => $visit:ident ($($arity:tt)*))*) => {
        $(fn $visit(&mut self $($(, $immediate: $ty)*)?) -> Result<(), Failed> {
            if let Some(_depth) = self.unreachable {
                pass_over!(self _depth $op $($($immediate)*)?);
                return Ok(());
            }
            if const { cost(stringify!($op)) } != 0 && self.probes.is_some() {
                self.probe_step();
            }
            self.spend(const { cost(stringify!($op)) });
            observe!(self $op [$($($immediate)*)?] $($($immediate)*)?);
            translate_access!(self $op [$($($immediate)*)?] $($($immediate)*)?);
            Ok(())
        })*
    };
}

impl<'a> VisitOperator<'a> for Function<'_> {
    type Output = Result<(), Failed>;

    #[cfg(feature = "simd")]
    fn simd_visitor(
        &mut self,
    ) -> Option<&mut dyn wasmparser::VisitSimdOperator<'a, Output = Self::Output>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(define_visitor);
}

#[cfg(feature = "simd")]
impl<'a> wasmparser::VisitSimdOperator<'a> for Function<'_> {
    wasmparser::for_each_visit_simd_operator!(define_visitor);
}

impl FrameStack for Function<'_> {
    /// Returns the frame that the current instruction needs: validation has checked that each
    /// `else` is in an `if`, each `catch` in a `try`, and that the body ends.
    fn current_frame(&self) -> Option<FrameKind> {
        Some(match self.opcode() {
            Some(CATCH | CATCH_ALL) => FrameKind::LegacyCatch,
            Some(DELEGATE) => FrameKind::LegacyTry,
            _ => FrameKind::If,
        })
    }
}

/// Pushes the results of a function type, which are in the slots of their heights.
pub fn push_results(f: &mut Function<'_>, results: &[ValType]) {
    for &ty in results {
        f.values.push_temp(ty.into());
    }
}
