//! From WebAssembly's operators to ops.

use super::Failed;
use super::function::Function;
use super::operand::Kind;
use crate::code::Op;
use crate::module::ValType;
use wasmparser::Operator;

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

/// What an operator costs in fuel: nothing where it emits nothing by its nature.
fn cost(operator: &Operator<'_>) -> u32 {
    match operator {
        Operator::Nop
        | Operator::Drop
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::Unreachable
        | Operator::Return
        | Operator::Else
        | Operator::End => 0,
        _ => 1,
    }
}

/// Translates one operator.
pub fn translate(f: &mut Function<'_>, operator: Operator<'_>) -> Result<(), Failed> {
    if let Some(depth) = f.unreachable {
        match operator {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. } => {
                f.unreachable = Some(depth + 1);
            }
            Operator::Else if depth == 0 => f.else_(),
            Operator::End if depth == 0 => f.end(),
            Operator::End => f.unreachable = Some(depth - 1),
            _ => {}
        }
        return Ok(());
    }
    f.cost += cost(&operator);
    reachable(f, operator)
}

/// Translates one operator that can be reached.
fn reachable(f: &mut Function<'_>, operator: Operator<'_>) -> Result<(), Failed> {
    use Kind::{F32, F64, I32, I64};
    match operator {
        // --- control ---
        Operator::Nop => {}
        Operator::Unreachable => {
            f.charge();
            f.values.assembler.cell(Op::Unreachable.opcode());
            f.set_unreachable();
        }
        Operator::Block { blockty } => f.block(blockty),
        Operator::Loop { blockty } => f.loop_(blockty),
        Operator::If { blockty } => f.if_(blockty),
        Operator::Else => f.else_(),
        Operator::End => f.end(),
        Operator::TryTable { try_table } => f.try_table(try_table),
        Operator::Throw { tag_index } => f.throw(tag_index),
        Operator::ThrowRef => f.throw_ref(),
        Operator::Br { relative_depth } => f.br(relative_depth),
        Operator::BrIf { relative_depth } => f.br_if(relative_depth),
        Operator::BrTable { targets } => f.br_table(&targets)?,
        Operator::BrOnNull { relative_depth } => f.br_on_null(relative_depth, true),
        Operator::BrOnNonNull { relative_depth } => f.br_on_null(relative_depth, false),
        Operator::Return => f.return_(),
        Operator::Call { function_index } => f.call(function_index),
        Operator::CallIndirect {
            type_index,
            table_index,
        } => {
            f.call_indirect(type_index, table_index);
        }
        Operator::CallRef { type_index } => f.call_ref(type_index),
        Operator::ReturnCall { function_index } => f.return_call(function_index),
        Operator::ReturnCallIndirect {
            type_index,
            table_index,
        } => {
            f.return_call_indirect(type_index, table_index);
        }
        Operator::ReturnCallRef { type_index } => f.return_call_ref(type_index),

        // --- continuations ---
        Operator::ContNew { .. } => f.cont_new(),
        Operator::ContBind {
            argument_index,
            result_index,
        } => f.cont_bind(argument_index, result_index),
        Operator::Suspend { tag_index } => f.suspend(tag_index),
        Operator::Switch {
            cont_type_index,
            tag_index,
        } => f.switch(cont_type_index, tag_index),
        Operator::Resume {
            cont_type_index,
            resume_table,
        } => f.resume(cont_type_index, &resume_table),
        Operator::ResumeThrow {
            cont_type_index,
            tag_index,
            resume_table,
        } => f.resume_throw(cont_type_index, tag_index, &resume_table),
        Operator::ResumeThrowRef {
            cont_type_index,
            resume_table,
        } => f.resume_throw_ref(cont_type_index, &resume_table),

        // --- values ---
        Operator::Drop => {
            f.values.pop();
        }
        Operator::Select | Operator::TypedSelect { .. } => f.select(),
        Operator::LocalGet { local_index } => {
            let kind = f.locals[local_index as usize];
            f.values.push_local(kind, local_index);
        }
        Operator::LocalSet { local_index } => f.set_local(local_index, false),
        Operator::LocalTee { local_index } => f.set_local(local_index, true),
        Operator::GlobalGet { global_index } => f.global_get(global_index),
        Operator::GlobalSet { global_index } => f.global_set(global_index),
        Operator::I32Const { value } => f.values.push_const(I32, u64::from(value as u32)),
        Operator::I64Const { value } => f.values.push_const(I64, value as u64),
        Operator::F32Const { value } => f.values.push_const(F32, u64::from(value.bits())),
        Operator::F64Const { value } => f.values.push_const(F64, value.bits()),
        Operator::RefNull { hty } => {
            f.values.push_const(Kind::of_references(f.module, hty), 0);
        }
        Operator::RefIsNull => {
            let reference = f.values.pop();
            f.values.push_as(&reference, I32);
            f.equals_zero(Op::I32Eq, I32);
        }
        Operator::RefFunc { function_index } => f.ref_func(function_index),
        Operator::RefAsNonNull => f.ref_as_non_null(),

        // --- memories and tables ---
        Operator::I32Load { memarg } => f.load(Op::I32Load, &memarg, I32),
        Operator::I64Load { memarg } => f.load(Op::I64Load, &memarg, I64),
        Operator::F32Load { memarg } => f.load(Op::F32Load, &memarg, F32),
        Operator::F64Load { memarg } => f.load(Op::F64Load, &memarg, F64),
        Operator::I32Load8S { memarg } => f.load(Op::I32Load8S, &memarg, I32),
        Operator::I32Load8U { memarg } => f.load(Op::I32Load8U, &memarg, I32),
        Operator::I32Load16S { memarg } => f.load(Op::I32Load16S, &memarg, I32),
        Operator::I32Load16U { memarg } => f.load(Op::I32Load16U, &memarg, I32),
        Operator::I64Load8S { memarg } => f.load(Op::I64Load8S, &memarg, I64),
        // Slots hold zeros above a 32-bit value, so these are the same.
        Operator::I64Load8U { memarg } => f.load(Op::I32Load8U, &memarg, I64),
        Operator::I64Load16S { memarg } => f.load(Op::I64Load16S, &memarg, I64),
        Operator::I64Load16U { memarg } => f.load(Op::I32Load16U, &memarg, I64),
        Operator::I64Load32S { memarg } => f.load(Op::I64Load32S, &memarg, I64),
        Operator::I64Load32U { memarg } => f.load(Op::I32Load, &memarg, I64),
        Operator::I32Store { memarg } | Operator::I64Store32 { memarg } => {
            f.store(Op::I32Store, &memarg);
        }
        Operator::I64Store { memarg } => f.store(Op::I64Store, &memarg),
        Operator::F32Store { memarg } => f.store_float(Op::F32Store, Op::I32Store, &memarg),
        Operator::F64Store { memarg } => f.store_float(Op::F64Store, Op::I64Store, &memarg),
        Operator::I32Store8 { memarg } | Operator::I64Store8 { memarg } => {
            f.store(Op::I32Store8, &memarg);
        }
        Operator::I32Store16 { memarg } | Operator::I64Store16 { memarg } => {
            f.store(Op::I32Store16, &memarg);
        }
        Operator::MemorySize { mem } => f.memory_size(mem),
        Operator::MemoryGrow { mem } => {
            let index = f.memory_index(mem);
            f.service(Op::MemoryGrow, 1, mem, 0, Some(index));
        }
        Operator::MemoryFill { mem } => f.memory_fill(mem),
        Operator::MemoryCopy { dst_mem, src_mem } => f.memory_copy(dst_mem, src_mem),
        Operator::MemoryInit { data_index, mem } => {
            f.service(Op::MemoryInit, 3, data_index, mem, None);
        }
        Operator::DataDrop { data_index } => f.service(Op::DataDrop, 0, data_index, 0, None),
        Operator::TableGet { table } => f.table_get(table),
        Operator::TableSet { table } => f.table_set(table),
        Operator::TableSize { table } => f.table_size(table),
        Operator::TableGrow { table } => {
            let index = f.table_index(table);
            f.service(Op::TableGrow, 2, table, 0, Some(index));
        }
        Operator::TableFill { table } => f.service(Op::TableFill, 3, table, 0, None),
        Operator::TableCopy {
            dst_table,
            src_table,
        } => {
            f.service(Op::TableCopy, 3, dst_table, src_table, None);
        }
        Operator::TableInit { elem_index, table } => {
            f.service(Op::TableInit, 3, elem_index, table, None);
        }
        Operator::ElemDrop { elem_index } => f.service(Op::ElemDrop, 0, elem_index, 0, None),

        // --- numbers ---
        Operator::I32Eqz => f.equals_zero(Op::I32Eq, I32),
        Operator::I64Eqz => f.equals_zero(Op::I64Eq, I64),
        Operator::I64ExtendI32U => {
            // A slot or accumulator with a 32-bit value has zeros above it already.
            let operand = f.values.pop();
            f.values.push_as(&operand, I64);
        }
        Operator::I64Add128 => f.wide(Op::I64Add128, 4),
        Operator::I64Sub128 => f.wide(Op::I64Sub128, 4),
        Operator::I64MulWideS => f.wide(Op::I64MulWideS, 2),
        Operator::I64MulWideU => f.wide(Op::I64MulWideU, 2),
        other => return numeric(f, other),
    }
    Ok(())
}

/// Maps operators to ops of one or two operands with the same name.
macro_rules! numeric_operators {
    ($(binary $result2:ident: $($op2:ident)*;)* $(unary $result1:ident: $($op1:ident)*;)*) => {
        fn numeric(f: &mut Function<'_>, operator: Operator<'_>) -> Result<(), Failed> {
            match operator {
                $($(Operator::$op2 => f.binary(Op::$op2, Kind::$result2),)*)*
                $($(Operator::$op1 => f.unary(Op::$op1, Kind::$result1),)*)*
                other => return Err(Failed::unsupported(&other)),
            }
            Ok(())
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

/// The kinds of a function type's results.
pub fn push_results(f: &mut Function<'_>, results: &[ValType]) {
    for &ty in results {
        f.values.push_temp(ty.into());
    }
}
