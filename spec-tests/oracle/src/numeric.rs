//! Integer instructions.

use crate::frame::Call;
use crate::store::{Trap, Value};
use wasmparser::Operator;

macro_rules! integers {
    ($call:ident, $operator:ident, $($ty:ident $unsigned:ident $variant:ident $get:ident:
        $Add:ident $Sub:ident $Mul:ident $And:ident $Or:ident $Xor:ident $Shl:ident $ShrS:ident
        $ShrU:ident $Rotl:ident $Rotr:ident $DivS:ident $DivU:ident $RemS:ident $RemU:ident
        $Eq:ident $Ne:ident $LtS:ident $LtU:ident $GtS:ident $GtU:ident $LeS:ident $LeU:ident
        $GeS:ident $GeU:ident $Eqz:ident $Clz:ident $Ctz:ident $Popcnt:ident;)*) => {
        match $operator {
            $(
                Operator::$Eqz => {
                    let a = $call.pop().$get();
                    $call.push(Value::I32((a == 0).into()));
                    return Ok(true);
                }
                Operator::$Clz | Operator::$Ctz | Operator::$Popcnt => {
                    let a = $call.pop().$get();
                    let count = match $operator {
                        Operator::$Clz => a.leading_zeros(),
                        Operator::$Ctz => a.trailing_zeros(),
                        _ => a.count_ones(),
                    };
                    $call.push(Value::$variant(count as $ty));
                    return Ok(true);
                }
                Operator::$Eq | Operator::$Ne | Operator::$LtS | Operator::$LtU | Operator::$GtS
                | Operator::$GtU | Operator::$LeS | Operator::$LeU | Operator::$GeS
                | Operator::$GeU => {
                    let b = $call.pop().$get();
                    let a = $call.pop().$get();
                    let (c, d) = (a as $unsigned, b as $unsigned);
                    let truth = match $operator {
                        Operator::$Eq => a == b,
                        Operator::$Ne => a != b,
                        Operator::$LtS => a < b,
                        Operator::$LtU => c < d,
                        Operator::$GtS => a > b,
                        Operator::$GtU => c > d,
                        Operator::$LeS => a <= b,
                        Operator::$LeU => c <= d,
                        Operator::$GeS => a >= b,
                        _ => c >= d,
                    };
                    $call.push(Value::I32(truth.into()));
                    return Ok(true);
                }
                Operator::$Add | Operator::$Sub | Operator::$Mul | Operator::$And | Operator::$Or
                | Operator::$Xor | Operator::$Shl | Operator::$ShrS | Operator::$ShrU
                | Operator::$Rotl | Operator::$Rotr | Operator::$DivS | Operator::$DivU
                | Operator::$RemS | Operator::$RemU => {
                    let b = $call.pop().$get();
                    let a = $call.pop().$get();
                    let (c, d) = (a as $unsigned, b as $unsigned);
                    let by = b as u32;
                    let divides = matches!(
                        $operator,
                        Operator::$DivS | Operator::$DivU | Operator::$RemS | Operator::$RemU
                    );
                    if divides && b == 0 {
                        return Err(Trap::DivisionByZero);
                    }
                    let result = match $operator {
                        Operator::$Add => a.wrapping_add(b),
                        Operator::$Sub => a.wrapping_sub(b),
                        Operator::$Mul => a.wrapping_mul(b),
                        Operator::$And => a & b,
                        Operator::$Or => a | b,
                        Operator::$Xor => a ^ b,
                        Operator::$Shl => a.wrapping_shl(by),
                        Operator::$ShrS => a.wrapping_shr(by),
                        Operator::$ShrU => c.wrapping_shr(by) as $ty,
                        Operator::$Rotl => a.rotate_left(by % $ty::BITS),
                        Operator::$Rotr => a.rotate_right(by % $ty::BITS),
                        Operator::$DivS => a.checked_div(b).ok_or(Trap::IntegerOverflow)?,
                        Operator::$DivU => (c / d) as $ty,
                        Operator::$RemS => a.wrapping_rem(b),
                        _ => (c % d) as $ty,
                    };
                    $call.push(Value::$variant(result));
                    return Ok(true);
                }
            )*
            _ => {}
        }
    };
}

/// Executes an instruction on integers. Returns false if it is another instruction.
pub fn step(call: &mut Call<'_>, operator: &Operator<'_>) -> Result<bool, Trap> {
    integers! { call, operator,
        i32 u32 I32 i32:
            I32Add I32Sub I32Mul I32And I32Or I32Xor I32Shl I32ShrS I32ShrU I32Rotl I32Rotr
            I32DivS I32DivU I32RemS I32RemU I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS
            I32LeU I32GeS I32GeU I32Eqz I32Clz I32Ctz I32Popcnt;
        i64 u64 I64 i64:
            I64Add I64Sub I64Mul I64And I64Or I64Xor I64Shl I64ShrS I64ShrU I64Rotl I64Rotr
            I64DivS I64DivU I64RemS I64RemU I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS
            I64LeU I64GeS I64GeU I64Eqz I64Clz I64Ctz I64Popcnt;
    }
    let value = match operator {
        Operator::I32Const { value } => Value::I32(*value),
        Operator::I64Const { value } => Value::I64(*value),
        Operator::F32Const { value } => Value::F32(value.bits()),
        Operator::F64Const { value } => Value::F64(value.bits()),
        Operator::I32WrapI64 => Value::I32(call.pop().i64() as i32),
        Operator::I64ExtendI32S => Value::I64(call.pop().i32().into()),
        Operator::I64ExtendI32U => Value::I64((call.pop().i32() as u32).into()),
        _ => return Ok(false),
    };
    call.push(value);
    Ok(true)
}
