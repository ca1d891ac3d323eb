//! From WebAssembly's operators to ops.
//!
//! The translator is a visitor of the binary reader's: it is called with an operator's
//! immediates while they are in registers. A value of type [`Operator`] for each, which
//! would be written to memory, moved and matched on, took as long as all the rest.

use super::Failed;
use super::function::Function;
use super::operand::Kind;
use crate::code::Op;
use crate::module::ValType;
use alloc::vec::Vec;
use wasmparser::{FrameKind, FrameStack, Operator, VisitOperator};

/// The op that gives the same result with its operands exchanged, if there is one.
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
        _ => return None,
    })
}

/// The comparison that holds exactly where this one does not, if there is one. (Where an
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

/// Whether a comparison is one of 64-bit integers.
pub fn is_64_bit(op: Op) -> bool {
    op >= Op::I64Eq && op <= Op::I64GeU
}

/// What an operator costs in fuel, by its name: nothing where it emits nothing by its nature.
const fn cost(operator: &str) -> u32 {
    match operator.as_bytes() {
        b"Nop" | b"Drop" | b"Block" | b"Loop" | b"Unreachable" | b"Return" | b"Else" | b"End" => 0,
        _ => 1,
    }
}

/// What an operator does in code that is never reached, `$depth` blocks deep in it.
macro_rules! pass_over {
    ($f:ident $depth:ident Block) => {
        $f.unreachable = Some($depth + 1)
    };
    ($f:ident $depth:ident Loop) => {
        $f.unreachable = Some($depth + 1)
    };
    ($f:ident $depth:ident If) => {
        $f.unreachable = Some($depth + 1)
    };
    ($f:ident $depth:ident TryTable) => {
        $f.unreachable = Some($depth + 1)
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
    ($f:ident $depth:ident $op:ident) => {};
}

/// What an operator does in code that can be reached. Its immediates follow its name.
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
        $f.values.push_local($f.locals[$local as usize], $local)
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

    // --- memories and tables ---
    ($f:ident I32Load $arg:ident) => { $f.load(Op::I32Load, &$arg, Kind::I32) };
    ($f:ident I64Load $arg:ident) => { $f.load(Op::I64Load, &$arg, Kind::I64) };
    ($f:ident F32Load $arg:ident) => { $f.load(Op::F32Load, &$arg, Kind::F32) };
    ($f:ident F64Load $arg:ident) => { $f.load(Op::F64Load, &$arg, Kind::F64) };
    ($f:ident I32Load8S $arg:ident) => { $f.load(Op::I32Load8S, &$arg, Kind::I32) };
    ($f:ident I32Load8U $arg:ident) => { $f.load(Op::I32Load8U, &$arg, Kind::I32) };
    ($f:ident I32Load16S $arg:ident) => { $f.load(Op::I32Load16S, &$arg, Kind::I32) };
    ($f:ident I32Load16U $arg:ident) => { $f.load(Op::I32Load16U, &$arg, Kind::I32) };
    ($f:ident I64Load8S $arg:ident) => { $f.load(Op::I64Load8S, &$arg, Kind::I64) };
    // Slots hold zeros above a 32-bit value, so these are the same.
    ($f:ident I64Load8U $arg:ident) => { $f.load(Op::I32Load8U, &$arg, Kind::I64) };
    ($f:ident I64Load16S $arg:ident) => { $f.load(Op::I64Load16S, &$arg, Kind::I64) };
    ($f:ident I64Load16U $arg:ident) => { $f.load(Op::I32Load16U, &$arg, Kind::I64) };
    ($f:ident I64Load32S $arg:ident) => { $f.load(Op::I64Load32S, &$arg, Kind::I64) };
    ($f:ident I64Load32U $arg:ident) => { $f.load(Op::I32Load, &$arg, Kind::I64) };
    ($f:ident I32Store $arg:ident) => { $f.store(Op::I32Store, &$arg) };
    ($f:ident I64Store $arg:ident) => { $f.store(Op::I64Store, &$arg) };
    ($f:ident F32Store $arg:ident) => { $f.store_float(Op::F32Store, Op::I32Store, &$arg) };
    ($f:ident F64Store $arg:ident) => { $f.store_float(Op::F64Store, Op::I64Store, &$arg) };
    ($f:ident I32Store8 $arg:ident) => { $f.store(Op::I32Store8, &$arg) };
    ($f:ident I32Store16 $arg:ident) => { $f.store(Op::I32Store16, &$arg) };
    ($f:ident I64Store8 $arg:ident) => { $f.store(Op::I32Store8, &$arg) };
    ($f:ident I64Store16 $arg:ident) => { $f.store(Op::I32Store16, &$arg) };
    ($f:ident I64Store32 $arg:ident) => { $f.store(Op::I32Store, &$arg) };
    ($f:ident MemorySize $memory:ident) => { $f.memory_size($memory) };
    ($f:ident MemoryGrow $memory:ident) => {
        $f.service(Op::MemoryGrow, 1, $memory, 0, Some($f.memory_index($memory)))
    };
    ($f:ident MemoryFill $memory:ident) => { $f.memory_fill($memory) };
    ($f:ident MemoryCopy $to:ident $from:ident) => { $f.memory_copy($to, $from) };
    ($f:ident MemoryInit $data:ident $memory:ident) => {
        $f.service(Op::MemoryInit, 3, $data, $memory, None)
    };
    ($f:ident DataDrop $data:ident) => { $f.service(Op::DataDrop, 0, $data, 0, None) };
    ($f:ident TableGet $table:ident) => { $f.table_get($table) };
    ($f:ident TableSet $table:ident) => { $f.table_set($table) };
    ($f:ident TableSize $table:ident) => { $f.table_size($table) };
    ($f:ident TableGrow $table:ident) => {
        $f.service(Op::TableGrow, 2, $table, 0, Some($f.table_index($table)))
    };
    ($f:ident TableFill $table:ident) => { $f.service(Op::TableFill, 3, $table, 0, None) };
    ($f:ident TableCopy $to:ident $from:ident) => {
        $f.service(Op::TableCopy, 3, $to, $from, None)
    };
    ($f:ident TableInit $elements:ident $table:ident) => {
        $f.service(Op::TableInit, 3, $elements, $table, None)
    };
    ($f:ident ElemDrop $elements:ident) => { $f.service(Op::ElemDrop, 0, $elements, 0, None) };

    // --- numbers ---
    ($f:ident I32Eqz) => { $f.equals_zero(Op::I32Eq, Kind::I32) };
    ($f:ident I64Eqz) => { $f.equals_zero(Op::I64Eq, Kind::I64) };
    ($f:ident I64ExtendI32U) => { $f.extend_unsigned() };
    ($f:ident I64Add128) => { $f.wide(Op::I64Add128, 4) };
    ($f:ident I64Sub128) => { $f.wide(Op::I64Sub128, 4) };
    ($f:ident I64MulWideS) => { $f.wide(Op::I64MulWideS, 2) };
    ($f:ident I64MulWideU) => { $f.wide(Op::I64MulWideU, 2) };
    ($f:ident $op:ident) => {
        match const { numeric(&Operator::$op) } {
            Some(Numeric::Binary(op, result)) => $f.binary(op, result),
            Some(Numeric::Unary(op, result)) => $f.unary(op, result),
            None => Err(Failed::unsupported(stringify!($op)))?,
        }
    };

    ($f:ident $op:ident $($immediate:ident)+) => {{
        let _ = ($($immediate,)+);
        Err(Failed::unsupported(stringify!($op)))?
    }};
}

/// An op of the same name as an operator, with the kind of its result.
enum Numeric {
    /// Of two operands.
    Binary(Op, Kind),
    /// Of one operand.
    Unary(Op, Kind),
}

/// Maps operators to ops of one or two operands with the same name.
macro_rules! numeric_operators {
    ($(binary $result2:ident: $($op2:ident)*;)* $(unary $result1:ident: $($op1:ident)*;)*) => {
        const fn numeric(operator: &Operator<'_>) -> Option<Numeric> {
            match operator {
                $($(Operator::$op2 => Some(Numeric::Binary(Op::$op2, Kind::$result2)),)*)*
                $($(Operator::$op1 => Some(Numeric::Unary(Op::$op1, Kind::$result1)),)*)*
                _ => None,
            }
        }
    };
}

numeric_operators! {
    binary I32: I32Add I32Sub I32Mul I32DivS I32DivU I32RemS I32RemU I32And I32Or I32Xor I32Shl
        I32ShrS I32ShrU I32Rotl I32Rotr I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU
        I32GeS I32GeU I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU F32Eq
        F32Ne F32Lt F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le F64Ge;
    binary I64: I64Add I64Sub I64Mul I64DivS I64DivU I64RemS I64RemU I64And I64Or I64Xor I64Shl
        I64ShrS I64ShrU I64Rotl I64Rotr;
    binary F32: F32Add F32Sub F32Mul F32Div F32Min F32Max F32Copysign;
    binary F64: F64Add F64Sub F64Mul F64Div F64Min F64Max F64Copysign;
    unary I32: I32Clz I32Ctz I32Popcnt I32Extend8S I32Extend16S I32WrapI64 I32TruncF32S
        I32TruncF32U I32TruncF64S I32TruncF64U I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S
        I32TruncSatF64U I32ReinterpretF32;
    unary I64: I64Clz I64Ctz I64Popcnt I64Extend8S I64Extend16S I64Extend32S I64ExtendI32S
        I64TruncF32S I64TruncF32U I64TruncF64S I64TruncF64U I64TruncSatF32S I64TruncSatF32U
        I64TruncSatF64S I64TruncSatF64U I64ReinterpretF64;
    unary F32: F32Abs F32Neg F32Ceil F32Floor F32Trunc F32Nearest F32Sqrt F32ConvertI32S
        F32ConvertI32U F32ConvertI64S F32ConvertI64U F32DemoteF64 F32ReinterpretI32;
    unary F64: F64Abs F64Neg F64Ceil F64Floor F64Trunc F64Nearest F64Sqrt F64ConvertI32S
        F64ConvertI32U F64ConvertI64S F64ConvertI64U F64PromoteF32 F64ReinterpretI64;
}

macro_rules! define_visitor {
    ($(@$proposal:ident $op:ident $({ $($immediate:ident: $ty:ty),* })?
        => $visit:ident ($($arity:tt)*))*) => {
        $(fn $visit(&mut self $($(, $immediate: $ty)*)?) -> Result<(), Failed> {
            if let Some(_depth) = self.unreachable {
                pass_over!(self _depth $op);
                return Ok(());
            }
            self.cost += const { cost(stringify!($op)) };
            translate!(self $op $($($immediate)*)?);
            Ok(())
        })*
    };
}

impl<'a> VisitOperator<'a> for Function<'_> {
    type Output = Result<(), Failed>;

    wasmparser::for_each_visit_operator!(define_visitor);
}

impl FrameStack for Function<'_> {
    /// The reader asks whether an `else` stands in an `if`, and whether the body has ended:
    /// validation has made sure of that.
    fn current_frame(&self) -> Option<FrameKind> {
        Some(FrameKind::If)
    }
}

/// The kinds of a function type's results.
pub fn push_results(f: &mut Function<'_>, results: &[ValType]) {
    for &ty in results {
        f.values.push_temp(ty.into());
    }
}
