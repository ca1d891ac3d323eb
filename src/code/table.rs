//! The op table: every op of the interpreter, once.
//!
//! # How to read a row
//!
//! ```text
//!   /// Adds.
//!   Commutative I32Add "i32.add" (u32) -> u32 { |a, b| a.wrapping_add(b) }
//!   │           │      │         │        │    └ the meaning, as a Rust expression
//!   │           │      │         │        └ the result's type
//!   │           │      │         └ the operands' type
//!   │           │      └ the name in listings
//!   │           └ the name in Rust: `Op::I32Add`
//!   └ the family, which says what variants the op has
//!
//!   /// Calls a function of the same module.
//!   Control Call "call" [callee: CalleeCode, record: FarSlot, function: ModuleFunc]
//!                        └ the fields of the cell, in order: name and type
//! ```
//!
//! The first line is the op's documentation: `dis --explain` prints it. An op that carries
//! out one instruction of WebAssembly has the instruction's name, in Rust and in listings.
//!
//! From a row follow the opcodes and their names, the layout of the cells, the functions that
//! write cells in `translate` and read them in `execute`, the listing, the number and types
//! of operands and results, and the size of a memory access.
//!
//! # How cells are named
//!
//! A cell of a family has a suffix with a letter for the source of each operand, in order:
//! `s` for a slot, `r` for the accumulator (a register), `i` for an immediate, `w` for an
//! immediate of 64 bits. `.d` says that the result goes to a slot (its destination) as well
//! as to the accumulator:
//!
//! ```text
//!   i32.sub_sr.d s[4], s[2]     s[4] and the accumulator become s[2] less the accumulator
//!         ││ └── the result goes to a slot as well
//!         │└──── the second operand is in the accumulator
//!         └───── the first operand is in a slot
//! ```
//!
//! | suffix | of | meaning |
//! |---|---|---|
//! | `_ss` `_rs` `_si` `_ri` `_sr` `_is` `_ir` `_sw` `_rw` | two operands | where they come from |
//! | `_s` `_r` | one operand, or the vector of `extract_lane` | where it comes from |
//! | `_sss` `_rss` `_srs` `_ssr` | three vectors | where they come from |
//! | `_rr` | `replace_lane`, stores of vectors | each operand is in the accumulator of its type |
//! | `.d` | all with a result | the result goes to a slot as well |
//! | `.br_if_…` | comparisons | branches where the comparison holds |
//! | `.br_unless_…` | comparisons of floats | branches where it does not hold |
//! | `.select_…` | comparisons | selects one of two slots |
//! | `.count_br_if_s` `.count_br_if_i` | comparisons of integers | adds an immediate to a slot, then compares the sum with a slot or an immediate, and branches where that holds |
//! | `_s` `_r` `_i` | loads | the address is a slot, the accumulator, or a constant |
//! | `_indexed_ss` `_indexed_rs` | loads | the address is a sum of two operands |
//! | `_ss` … `_ir` | stores | the sources of address and value |
//! | `_any` | loads, stores | any memory, any address |
//!
//! # How to add an op
//!
//! *A numeric op*: one row here, if its family exists. The translator finds it by the name
//! of the instruction. To see that, `i64.popcnt` is this row and nothing else:
//!
//! ```text
//!   /// Counts ones.
//!   Unary I64Popcnt "i64.popcnt" (u64) -> u64 { |a| u64::from(a.count_ones()) }
//! ```
//!
//! The instruction must be accepted as well: `module::unsupported` lists what is not.
//!
//! *An op with fields of its own*: a row here, its meaning in `execute`, and in `translate` the
//! function that writes its cell and the arm that calls it. For `table.size` these are
//!
//! ```text
//!   /// The number of elements of a table.
//!   Control TableSize "table.size" [result: NearSlot, table: ModuleTable]
//!
//!   impl Execute for TableSize {                                   // execute/transfer.rs
//!       unsafe fn run(r: &mut Regs) -> Step {
//!           …
//!           *r.slot(TableSize::result) = (*core).len as u64;
//!           r.next::<Self>()
//!
//!   self.slot_result(kind, |result| TableSize { result, table });  // translate/pass/table.rs
//!   ($f:ident TableSize $table:ident) => { $f.table_size($table) };  // translate/pass/operators.rs
//! ```
//!
//! An op that the driver carries out is a `Service`: it needs an arm in `execute::service`
//! instead of an `Execute`.
//!
//! *A family*: an entry in [`family`](super::family) with its variants, made of the shapes
//! in [`shape`](super::shape); an arm in `execute::handlers` that makes a type of a row's
//! body; for a new shape, its fields in `shape`, a `Cell` for it in `execute`, and a function
//! that writes it in [`assembler`](super::assembler).
//!
//! # The macro
//!
//! `for_each_op!` calls `$callback!` with the tokens it was given and all rows: those below,
//! then those of [`object_table`](super::object_table) and [`vector_table`](super::vector_table).

macro_rules! for_each_op {
    ($callback:ident $($extra:tt)*) => {
        $crate::code::object_table::for_each_object_op! { $callback [$($extra)*] {
            // --- integers, 32 bits ---
            /// Adds.
            Commutative I32Add "i32.add" (u32) -> u32 { |a, b| a.wrapping_add(b) }
            /// Subtracts.
            Binary I32Sub "i32.sub" (u32) -> u32 { |a, b| a.wrapping_sub(b) }
            /// Multiplies.
            Commutative I32Mul "i32.mul" (u32) -> u32 { |a, b| a.wrapping_mul(b) }
            /// Divides signed integers; traps on zero and on overflow.
            Partial I32DivS "i32.div_s" (i32) -> i32 { |a, b| numeric::i32_div_s(a, b) }
            /// Divides unsigned integers; traps on zero.
            Partial I32DivU "i32.div_u" (u32) -> u32 { |a, b| numeric::i32_div_u(a, b) }
            /// The remainder of signed integers; traps on zero.
            Partial I32RemS "i32.rem_s" (i32) -> i32 { |a, b| numeric::i32_rem_s(a, b) }
            /// The remainder of unsigned integers; traps on zero.
            Partial I32RemU "i32.rem_u" (u32) -> u32 { |a, b| numeric::i32_rem_u(a, b) }
            /// Bitwise and.
            Commutative I32And "i32.and" (u32) -> u32 { |a, b| a & b }
            /// Bitwise or.
            Commutative I32Or "i32.or" (u32) -> u32 { |a, b| a | b }
            /// Bitwise exclusive or.
            Commutative I32Xor "i32.xor" (u32) -> u32 { |a, b| a ^ b }
            /// Shifts left.
            Binary I32Shl "i32.shl" (u32) -> u32 { |a, b| a.wrapping_shl(b) }
            /// Shifts right, with copies of the sign.
            Binary I32ShrS "i32.shr_s" (i32) -> i32 { |a, b| a.wrapping_shr(b as u32) }
            /// Shifts right, with zeros.
            Binary I32ShrU "i32.shr_u" (u32) -> u32 { |a, b| a.wrapping_shr(b) }
            /// Rotates left.
            Binary I32Rotl "i32.rotl" (u32) -> u32 { |a, b| a.rotate_left(b & 31) }
            /// Rotates right.
            Binary I32Rotr "i32.rotr" (u32) -> u32 { |a, b| a.rotate_right(b & 31) }
            /// Tests whether two values are equal.
            Compare I32Eq "i32.eq" (u32) -> u32 { |a, b| a == b }
            /// Tests whether two values differ.
            Compare I32Ne "i32.ne" (u32) -> u32 { |a, b| a != b }
            /// Tests whether the first signed integer is less than the second.
            Compare I32LtS "i32.lt_s" (i32) -> u32 { |a, b| a < b }
            /// Tests whether the first unsigned integer is less than the second.
            Compare I32LtU "i32.lt_u" (u32) -> u32 { |a, b| a < b }
            /// Tests whether the first signed integer is greater than the second.
            Compare I32GtS "i32.gt_s" (i32) -> u32 { |a, b| a > b }
            /// Tests whether the first unsigned integer is greater than the second.
            Compare I32GtU "i32.gt_u" (u32) -> u32 { |a, b| a > b }
            /// Tests whether the first signed integer is at most the second.
            Compare I32LeS "i32.le_s" (i32) -> u32 { |a, b| a <= b }
            /// Tests whether the first unsigned integer is at most the second.
            Compare I32LeU "i32.le_u" (u32) -> u32 { |a, b| a <= b }
            /// Tests whether the first signed integer is at least the second.
            Compare I32GeS "i32.ge_s" (i32) -> u32 { |a, b| a >= b }
            /// Tests whether the first unsigned integer is at least the second.
            Compare I32GeU "i32.ge_u" (u32) -> u32 { |a, b| a >= b }
            /// Tests whether two values have a set bit in common.
            Compare I32TestAny "i32.test_any" (u32) -> u32 { |a, b| a & b != 0 }
            /// Tests whether two values have no set bit in common.
            Compare I32TestNone "i32.test_none" (u32) -> u32 { |a, b| a & b == 0 }
            /// Counts leading zeros.
            Unary I32Clz "i32.clz" (u32) -> u32 { |a| a.leading_zeros() }
            /// Counts trailing zeros.
            Unary I32Ctz "i32.ctz" (u32) -> u32 { |a| a.trailing_zeros() }
            /// Counts ones.
            Unary I32Popcnt "i32.popcnt" (u32) -> u32 { |a| a.count_ones() }
            /// Extends the sign of the low 8 bits.
            Unary I32Extend8S "i32.extend8_s" (u32) -> i32 { |a| i32::from(a as i8) }
            /// Extends the sign of the low 16 bits.
            Unary I32Extend16S "i32.extend16_s" (u32) -> i32 { |a| i32::from(a as i16) }

            // --- integers, 64 bits ---
            /// Adds.
            CommutativeWide I64Add "i64.add" (u64) -> u64 { |a, b| a.wrapping_add(b) }
            /// Subtracts.
            Binary I64Sub "i64.sub" (u64) -> u64 { |a, b| a.wrapping_sub(b) }
            /// Multiplies.
            CommutativeWide I64Mul "i64.mul" (u64) -> u64 { |a, b| a.wrapping_mul(b) }
            /// Divides signed integers; traps on zero and on overflow.
            Partial I64DivS "i64.div_s" (i64) -> i64 { |a, b| numeric::i64_div_s(a, b) }
            /// Divides unsigned integers; traps on zero.
            Partial I64DivU "i64.div_u" (u64) -> u64 { |a, b| numeric::i64_div_u(a, b) }
            /// The remainder of signed integers; traps on zero.
            Partial I64RemS "i64.rem_s" (i64) -> i64 { |a, b| numeric::i64_rem_s(a, b) }
            /// The remainder of unsigned integers; traps on zero.
            Partial I64RemU "i64.rem_u" (u64) -> u64 { |a, b| numeric::i64_rem_u(a, b) }
            /// Bitwise and.
            CommutativeWide I64And "i64.and" (u64) -> u64 { |a, b| a & b }
            /// Bitwise or.
            CommutativeWide I64Or "i64.or" (u64) -> u64 { |a, b| a | b }
            /// Bitwise exclusive or.
            CommutativeWide I64Xor "i64.xor" (u64) -> u64 { |a, b| a ^ b }
            /// Shifts left.
            Binary I64Shl "i64.shl" (u64) -> u64 { |a, b| a.wrapping_shl(b as u32) }
            /// Shifts right, with copies of the sign.
            Binary I64ShrS "i64.shr_s" (i64) -> i64 { |a, b| a.wrapping_shr(b as u32) }
            /// Shifts right, with zeros.
            Binary I64ShrU "i64.shr_u" (u64) -> u64 { |a, b| a.wrapping_shr(b as u32) }
            /// Rotates left.
            Binary I64Rotl "i64.rotl" (u64) -> u64 { |a, b| a.rotate_left((b & 63) as u32) }
            /// Rotates right.
            Binary I64Rotr "i64.rotr" (u64) -> u64 { |a, b| a.rotate_right((b & 63) as u32) }
            /// Tests whether two values are equal.
            Compare I64Eq "i64.eq" (u64) -> u32 { |a, b| a == b }
            /// Tests whether two values differ.
            Compare I64Ne "i64.ne" (u64) -> u32 { |a, b| a != b }
            /// Tests whether the first signed integer is less than the second.
            Compare I64LtS "i64.lt_s" (i64) -> u32 { |a, b| a < b }
            /// Tests whether the first unsigned integer is less than the second.
            Compare I64LtU "i64.lt_u" (u64) -> u32 { |a, b| a < b }
            /// Tests whether the first signed integer is greater than the second.
            Compare I64GtS "i64.gt_s" (i64) -> u32 { |a, b| a > b }
            /// Tests whether the first unsigned integer is greater than the second.
            Compare I64GtU "i64.gt_u" (u64) -> u32 { |a, b| a > b }
            /// Tests whether the first signed integer is at most the second.
            Compare I64LeS "i64.le_s" (i64) -> u32 { |a, b| a <= b }
            /// Tests whether the first unsigned integer is at most the second.
            Compare I64LeU "i64.le_u" (u64) -> u32 { |a, b| a <= b }
            /// Tests whether the first signed integer is at least the second.
            Compare I64GeS "i64.ge_s" (i64) -> u32 { |a, b| a >= b }
            /// Tests whether the first unsigned integer is at least the second.
            Compare I64GeU "i64.ge_u" (u64) -> u32 { |a, b| a >= b }
            /// Counts leading zeros.
            Unary I64Clz "i64.clz" (u64) -> u64 { |a| u64::from(a.leading_zeros()) }
            /// Counts trailing zeros.
            Unary I64Ctz "i64.ctz" (u64) -> u64 { |a| u64::from(a.trailing_zeros()) }
            /// Counts ones.
            Unary I64Popcnt "i64.popcnt" (u64) -> u64 { |a| u64::from(a.count_ones()) }
            /// Extends the sign of the low 8 bits.
            Unary I64Extend8S "i64.extend8_s" (u64) -> i64 { |a| i64::from(a as i8) }
            /// Extends the sign of the low 16 bits.
            Unary I64Extend16S "i64.extend16_s" (u64) -> i64 { |a| i64::from(a as i16) }
            /// Extends the sign of the low 32 bits.
            Unary I64Extend32S "i64.extend32_s" (u64) -> i64 { |a| i64::from(a as i32) }
            /// The low 32 bits of a 64-bit integer.
            Unary I32WrapI64 "i32.wrap_i64" (u64) -> u32 { |a| a as u32 }
            /// Adds 128-bit integers, which are in pairs of slots.
            Wide I64Add128 "i64.add128" (u64) -> u64 { |a, b| a.wrapping_add(b) }
            /// Subtracts 128-bit integers, which are in pairs of slots.
            Wide I64Sub128 "i64.sub128" (u64) -> u64 { |a, b| a.wrapping_sub(b) }
            /// Multiplies signed 64-bit integers to a 128-bit product.
            WideMultiply I64MulWideS "i64.mul_wide_s" (u64) -> u64 {
                |a, b| (i128::from(a as i64) * i128::from(b as i64)) as u128
            }
            /// Multiplies unsigned 64-bit integers to a 128-bit product.
            WideMultiply I64MulWideU "i64.mul_wide_u" (u64) -> u64 { |a, b| u128::from(a) * u128::from(b) }

            // --- floats, 32 bits ---
            /// Adds.
            Commutative F32Add "f32.add" (f32) -> f32 { |a, b| float::canonical32(a + b) }
            /// Subtracts.
            Binary F32Sub "f32.sub" (f32) -> f32 { |a, b| float::canonical32(a - b) }
            /// Multiplies.
            Commutative F32Mul "f32.mul" (f32) -> f32 { |a, b| float::canonical32(a * b) }
            /// Divides.
            Binary F32Div "f32.div" (f32) -> f32 { |a, b| float::canonical32(a / b) }
            /// The lesser of two floats; NaN if either is one.
            Commutative F32Min "f32.min" (f32) -> f32 { |a, b| numeric::f32_min(a, b) }
            /// The greater of two floats; NaN if either is one.
            Commutative F32Max "f32.max" (f32) -> f32 { |a, b| numeric::f32_max(a, b) }
            /// The first float with the sign of the second.
            Binary F32Copysign "f32.copysign" (f32) -> f32 { |a, b| a.copysign(b) }
            /// Tests whether two values are equal.
            CompareFloat F32Eq "f32.eq" (f32) -> u32 { |a, b| a == b }
            /// Tests whether two values differ.
            CompareFloat F32Ne "f32.ne" (f32) -> u32 { |a, b| a != b }
            /// Tests whether the first float is less than the second.
            CompareFloat F32Lt "f32.lt" (f32) -> u32 { |a, b| a < b }
            /// Tests whether the first float is greater than the second.
            CompareFloat F32Gt "f32.gt" (f32) -> u32 { |a, b| a > b }
            /// Tests whether the first float is at most the second.
            CompareFloat F32Le "f32.le" (f32) -> u32 { |a, b| a <= b }
            /// Tests whether the first float is at least the second.
            CompareFloat F32Ge "f32.ge" (f32) -> u32 { |a, b| a >= b }
            /// The absolute value.
            Unary F32Abs "f32.abs" (f32) -> f32 { |a| a.abs() }
            /// The negated value.
            Unary F32Neg "f32.neg" (f32) -> f32 { |a| -a }
            /// Rounds up to an integral value.
            Unary F32Ceil "f32.ceil" (f32) -> f32 { |a| float::canonical32(float::ceil32(a)) }
            /// Rounds down to an integral value.
            Unary F32Floor "f32.floor" (f32) -> f32 { |a| float::canonical32(float::floor32(a)) }
            /// Rounds toward zero to an integral value.
            Unary F32Trunc "f32.trunc" (f32) -> f32 { |a| float::canonical32(float::trunc32(a)) }
            /// Rounds to the nearest integral value, ties to even.
            Unary F32Nearest "f32.nearest" (f32) -> f32 {
                |a| float::canonical32(float::nearest32(a))
            }
            /// The square root.
            Unary F32Sqrt "f32.sqrt" (f32) -> f32 { |a| float::canonical32(float::sqrt32(a)) }

            // --- floats, 64 bits ---
            /// Adds.
            Commutative F64Add "f64.add" (f64) -> f64 { |a, b| float::canonical64(a + b) }
            /// Subtracts.
            Binary F64Sub "f64.sub" (f64) -> f64 { |a, b| float::canonical64(a - b) }
            /// Multiplies.
            Commutative F64Mul "f64.mul" (f64) -> f64 { |a, b| float::canonical64(a * b) }
            /// Divides.
            Binary F64Div "f64.div" (f64) -> f64 { |a, b| float::canonical64(a / b) }
            /// The lesser of two floats; NaN if either is one.
            Commutative F64Min "f64.min" (f64) -> f64 { |a, b| numeric::f64_min(a, b) }
            /// The greater of two floats; NaN if either is one.
            Commutative F64Max "f64.max" (f64) -> f64 { |a, b| numeric::f64_max(a, b) }
            /// The first float with the sign of the second.
            Binary F64Copysign "f64.copysign" (f64) -> f64 { |a, b| a.copysign(b) }
            /// Tests whether two values are equal.
            CompareFloat F64Eq "f64.eq" (f64) -> u32 { |a, b| a == b }
            /// Tests whether two values differ.
            CompareFloat F64Ne "f64.ne" (f64) -> u32 { |a, b| a != b }
            /// Tests whether the first float is less than the second.
            CompareFloat F64Lt "f64.lt" (f64) -> u32 { |a, b| a < b }
            /// Tests whether the first float is greater than the second.
            CompareFloat F64Gt "f64.gt" (f64) -> u32 { |a, b| a > b }
            /// Tests whether the first float is at most the second.
            CompareFloat F64Le "f64.le" (f64) -> u32 { |a, b| a <= b }
            /// Tests whether the first float is at least the second.
            CompareFloat F64Ge "f64.ge" (f64) -> u32 { |a, b| a >= b }
            /// The absolute value.
            Unary F64Abs "f64.abs" (f64) -> f64 { |a| a.abs() }
            /// The negated value.
            Unary F64Neg "f64.neg" (f64) -> f64 { |a| -a }
            /// Rounds up to an integral value.
            Unary F64Ceil "f64.ceil" (f64) -> f64 { |a| float::canonical64(float::ceil64(a)) }
            /// Rounds down to an integral value.
            Unary F64Floor "f64.floor" (f64) -> f64 { |a| float::canonical64(float::floor64(a)) }
            /// Rounds toward zero to an integral value.
            Unary F64Trunc "f64.trunc" (f64) -> f64 { |a| float::canonical64(float::trunc64(a)) }
            /// Rounds to the nearest integral value, ties to even.
            Unary F64Nearest "f64.nearest" (f64) -> f64 {
                |a| float::canonical64(float::nearest64(a))
            }
            /// The square root.
            Unary F64Sqrt "f64.sqrt" (f64) -> f64 { |a| float::canonical64(float::sqrt64(a)) }

            // --- conversions ---
            /// Extends a signed 32-bit integer.
            Unary I64ExtendI32S "i64.extend_i32_s" (i32) -> i64 { |a| i64::from(a) }
            /// Truncates a float to a signed integer; traps on NaN and out of range.
            PartialUnary I32TruncF32S "i32.trunc_f32_s" (f32) -> i32 { |a| numeric::i32_trunc_f32_s(a) }
            /// Truncates a float to an unsigned integer; traps on NaN and out of range.
            PartialUnary I32TruncF32U "i32.trunc_f32_u" (f32) -> u32 { |a| numeric::i32_trunc_f32_u(a) }
            /// Truncates a float to a signed integer; traps on NaN and out of range.
            PartialUnary I32TruncF64S "i32.trunc_f64_s" (f64) -> i32 { |a| numeric::i32_trunc_f64_s(a) }
            /// Truncates a float to an unsigned integer; traps on NaN and out of range.
            PartialUnary I32TruncF64U "i32.trunc_f64_u" (f64) -> u32 { |a| numeric::i32_trunc_f64_u(a) }
            /// Truncates a float to a signed integer; traps on NaN and out of range.
            PartialUnary I64TruncF32S "i64.trunc_f32_s" (f32) -> i64 { |a| numeric::i64_trunc_f32_s(a) }
            /// Truncates a float to an unsigned integer; traps on NaN and out of range.
            PartialUnary I64TruncF32U "i64.trunc_f32_u" (f32) -> u64 { |a| numeric::i64_trunc_f32_u(a) }
            /// Truncates a float to a signed integer; traps on NaN and out of range.
            PartialUnary I64TruncF64S "i64.trunc_f64_s" (f64) -> i64 { |a| numeric::i64_trunc_f64_s(a) }
            /// Truncates a float to an unsigned integer; traps on NaN and out of range.
            PartialUnary I64TruncF64U "i64.trunc_f64_u" (f64) -> u64 { |a| numeric::i64_trunc_f64_u(a) }
            /// Truncates a float to a signed integer; saturates out of range.
            Unary I32TruncSatF32S "i32.trunc_sat_f32_s" (f32) -> i32 { |a| a as i32 }
            /// Truncates a float to an unsigned integer; saturates out of range.
            Unary I32TruncSatF32U "i32.trunc_sat_f32_u" (f32) -> u32 { |a| a as u32 }
            /// Truncates a float to a signed integer; saturates out of range.
            Unary I32TruncSatF64S "i32.trunc_sat_f64_s" (f64) -> i32 { |a| a as i32 }
            /// Truncates a float to an unsigned integer; saturates out of range.
            Unary I32TruncSatF64U "i32.trunc_sat_f64_u" (f64) -> u32 { |a| a as u32 }
            /// Truncates a float to a signed integer; saturates out of range.
            Unary I64TruncSatF32S "i64.trunc_sat_f32_s" (f32) -> i64 { |a| a as i64 }
            /// Truncates a float to an unsigned integer; saturates out of range.
            Unary I64TruncSatF32U "i64.trunc_sat_f32_u" (f32) -> u64 { |a| a as u64 }
            /// Truncates a float to a signed integer; saturates out of range.
            Unary I64TruncSatF64S "i64.trunc_sat_f64_s" (f64) -> i64 { |a| a as i64 }
            /// Truncates a float to an unsigned integer; saturates out of range.
            Unary I64TruncSatF64U "i64.trunc_sat_f64_u" (f64) -> u64 { |a| a as u64 }
            /// Converts a signed 32-bit integer to a float.
            Unary F32ConvertI32S "f32.convert_i32_s" (i32) -> f32 { |a| a as f32 }
            /// Converts an unsigned 32-bit integer to a float.
            Unary F32ConvertI32U "f32.convert_i32_u" (u32) -> f32 { |a| a as f32 }
            /// Converts a signed 64-bit integer to a float.
            Unary F32ConvertI64S "f32.convert_i64_s" (i64) -> f32 { |a| a as f32 }
            /// Converts an unsigned 64-bit integer to a float.
            Unary F32ConvertI64U "f32.convert_i64_u" (u64) -> f32 { |a| a as f32 }
            /// Converts a signed 32-bit integer to a float.
            Unary F64ConvertI32S "f64.convert_i32_s" (i32) -> f64 { |a| f64::from(a) }
            /// Converts an unsigned 32-bit integer to a float.
            Unary F64ConvertI32U "f64.convert_i32_u" (u32) -> f64 { |a| f64::from(a) }
            /// Converts a signed 64-bit integer to a float.
            Unary F64ConvertI64S "f64.convert_i64_s" (i64) -> f64 { |a| a as f64 }
            /// Converts an unsigned 64-bit integer to a float.
            Unary F64ConvertI64U "f64.convert_i64_u" (u64) -> f64 { |a| a as f64 }
            /// Converts a 64-bit float to 32 bits.
            Unary F32DemoteF64 "f32.demote_f64" (f64) -> f32 { |a| float::canonical32(a as f32) }
            /// Converts a 32-bit float to 64 bits.
            Unary F64PromoteF32 "f64.promote_f32" (f32) -> f64 { |a| float::canonical64(f64::from(a)) }
            /// The bits of a float.
            Unary I32ReinterpretF32 "i32.reinterpret_f32" (f32) -> u32 { |a| a.to_bits() }
            /// The bits of a float.
            Unary I64ReinterpretF64 "i64.reinterpret_f64" (f64) -> u64 { |a| a.to_bits() }
            /// The float with these bits.
            Unary F32ReinterpretI32 "f32.reinterpret_i32" (u32) -> f32 { |a| f32::from_bits(a) }
            /// The float with these bits.
            Unary F64ReinterpretI64 "f64.reinterpret_i64" (u64) -> f64 { |a| f64::from_bits(a) }

            // --- memory: the type in memory, the type on the stack ---
            /// Loads a value from memory.
            Load I32Load "i32.load" (u32) -> u32 { |a| a }
            /// Loads a value from memory.
            Load I64Load "i64.load" (u64) -> u64 { |a| a }
            /// Loads a value from memory.
            Load F32Load "f32.load" (u32) -> f32 { |a| f32::from_bits(a) }
            /// Loads a value from memory.
            Load F64Load "f64.load" (u64) -> f64 { |a| f64::from_bits(a) }
            /// Loads 8 bits and extends their sign.
            Load I32Load8S "i32.load8_s" (u8) -> i32 { |a| i32::from(a as i8) }
            /// Loads 8 bits and extends them with zeros.
            Load I32Load8U "i32.load8_u" (u8) -> u32 { |a| u32::from(a) }
            /// Loads 16 bits and extends their sign.
            Load I32Load16S "i32.load16_s" (u16) -> i32 { |a| i32::from(a as i16) }
            /// Loads 16 bits and extends them with zeros.
            Load I32Load16U "i32.load16_u" (u16) -> u32 { |a| u32::from(a) }
            /// Loads 8 bits and extends their sign.
            Load I64Load8S "i64.load8_s" (u8) -> i64 { |a| i64::from(a as i8) }
            /// Loads 16 bits and extends their sign.
            Load I64Load16S "i64.load16_s" (u16) -> i64 { |a| i64::from(a as i16) }
            /// Loads 32 bits and extends their sign.
            Load I64Load32S "i64.load32_s" (u32) -> i64 { |a| i64::from(a as i32) }
            /// Stores a value to memory.
            Store I32Store "i32.store" (u32) -> u32 { |a| a }
            /// Stores a value to memory.
            Store I64Store "i64.store" (u64) -> u64 { |a| a }
            /// Stores the low 8 bits.
            Store I32Store8 "i32.store8" (u32) -> u8 { |a| a as u8 }
            /// Stores the low 16 bits.
            Store I32Store16 "i32.store16" (u32) -> u16 { |a| a as u16 }
            /// Stores a float from its accumulator to memory.
            StoreFloat F32Store "f32.store" (f32) -> u32 { |a| a.to_bits() }
            /// Stores a float from its accumulator to memory.
            StoreFloat F64Store "f64.store" (f64) -> u64 { |a| a.to_bits() }

            // --- atomic accesses ---
            /// Loads a value atomically.
            AtomicLoad I32AtomicLoad "i32.atomic.load" (u32) -> u32 { |a| a }
            /// Loads a value atomically.
            AtomicLoad I64AtomicLoad "i64.atomic.load" (u64) -> u64 { |a| a }
            /// Loads 8 bits atomically and extends them with zeros.
            AtomicLoad I32AtomicLoad8U "i32.atomic.load8_u" (u8) -> u32 { |a| u32::from(a) }
            /// Loads 16 bits atomically and extends them with zeros.
            AtomicLoad I32AtomicLoad16U "i32.atomic.load16_u" (u16) -> u32 { |a| u32::from(a) }
            /// Stores a value atomically.
            AtomicStore I32AtomicStore "i32.atomic.store" (u32) -> u32 { |a| a }
            /// Stores a value atomically.
            AtomicStore I64AtomicStore "i64.atomic.store" (u64) -> u64 { |a| a }
            /// Stores the low 8 bits atomically.
            AtomicStore I32AtomicStore8 "i32.atomic.store8" (u32) -> u8 { |a| a as u8 }
            /// Stores the low 16 bits atomically.
            AtomicStore I32AtomicStore16 "i32.atomic.store16" (u32) -> u16 { |a| a as u16 }
            /// Adds to a value in memory atomically; the result is the former value.
            AtomicUpdate I32AtomicRmwAdd "i32.atomic.rmw.add" (u32) -> u32 { |old, value| old.wrapping_add(value) }
            /// Adds to a value in memory atomically; the result is the former value.
            AtomicUpdate I64AtomicRmwAdd "i64.atomic.rmw.add" (u64) -> u64 { |old, value| old.wrapping_add(value) }
            /// Adds to 8 bits in memory atomically; the result is the former value with zeros above it.
            AtomicUpdate I32AtomicRmw8AddU "i32.atomic.rmw8.add_u" (u8) -> u32 { |old, value| old.wrapping_add(value) }
            /// Adds to 16 bits in memory atomically; the result is the former value with zeros above it.
            AtomicUpdate I32AtomicRmw16AddU "i32.atomic.rmw16.add_u" (u16) -> u32 { |old, value| old.wrapping_add(value) }
            /// Subtracts from a value in memory atomically; the result is the former value.
            AtomicUpdate I32AtomicRmwSub "i32.atomic.rmw.sub" (u32) -> u32 { |old, value| old.wrapping_sub(value) }
            /// Subtracts from a value in memory atomically; the result is the former value.
            AtomicUpdate I64AtomicRmwSub "i64.atomic.rmw.sub" (u64) -> u64 { |old, value| old.wrapping_sub(value) }
            /// Subtracts from 8 bits in memory atomically; the result is the former value with zeros above it.
            AtomicUpdate I32AtomicRmw8SubU "i32.atomic.rmw8.sub_u" (u8) -> u32 { |old, value| old.wrapping_sub(value) }
            /// Subtracts from 16 bits in memory atomically; the result is the former value with zeros above it.
            AtomicUpdate I32AtomicRmw16SubU "i32.atomic.rmw16.sub_u" (u16) -> u32 { |old, value| old.wrapping_sub(value) }
            /// Combines a value in memory by bitwise and, atomically; the result is the former value.
            AtomicUpdate I32AtomicRmwAnd "i32.atomic.rmw.and" (u32) -> u32 { |old, value| old & value }
            /// Combines a value in memory by bitwise and, atomically; the result is the former value.
            AtomicUpdate I64AtomicRmwAnd "i64.atomic.rmw.and" (u64) -> u64 { |old, value| old & value }
            /// Combines 8 bits in memory by bitwise and, atomically; the result is the former value with zeros above it.
            AtomicUpdate I32AtomicRmw8AndU "i32.atomic.rmw8.and_u" (u8) -> u32 { |old, value| old & value }
            /// Combines 16 bits in memory by bitwise and, atomically; the result is the former value with zeros above it.
            AtomicUpdate I32AtomicRmw16AndU "i32.atomic.rmw16.and_u" (u16) -> u32 { |old, value| old & value }
            /// Combines a value in memory by bitwise or, atomically; the result is the former value.
            AtomicUpdate I32AtomicRmwOr "i32.atomic.rmw.or" (u32) -> u32 { |old, value| old | value }
            /// Combines a value in memory by bitwise or, atomically; the result is the former value.
            AtomicUpdate I64AtomicRmwOr "i64.atomic.rmw.or" (u64) -> u64 { |old, value| old | value }
            /// Combines 8 bits in memory by bitwise or, atomically; the result is the former value with zeros above it.
            AtomicUpdate I32AtomicRmw8OrU "i32.atomic.rmw8.or_u" (u8) -> u32 { |old, value| old | value }
            /// Combines 16 bits in memory by bitwise or, atomically; the result is the former value with zeros above it.
            AtomicUpdate I32AtomicRmw16OrU "i32.atomic.rmw16.or_u" (u16) -> u32 { |old, value| old | value }
            /// Combines a value in memory by bitwise exclusive or, atomically; the result is the former value.
            AtomicUpdate I32AtomicRmwXor "i32.atomic.rmw.xor" (u32) -> u32 { |old, value| old ^ value }
            /// Combines a value in memory by bitwise exclusive or, atomically; the result is the former value.
            AtomicUpdate I64AtomicRmwXor "i64.atomic.rmw.xor" (u64) -> u64 { |old, value| old ^ value }
            /// Combines 8 bits in memory by bitwise exclusive or, atomically; the result is the former value with zeros above it.
            AtomicUpdate I32AtomicRmw8XorU "i32.atomic.rmw8.xor_u" (u8) -> u32 { |old, value| old ^ value }
            /// Combines 16 bits in memory by bitwise exclusive or, atomically; the result is the former value with zeros above it.
            AtomicUpdate I32AtomicRmw16XorU "i32.atomic.rmw16.xor_u" (u16) -> u32 { |old, value| old ^ value }
            /// Replaces a value in memory atomically; the result is the former value.
            AtomicUpdate I32AtomicRmwXchg "i32.atomic.rmw.xchg" (u32) -> u32 { |_old, value| value }
            /// Replaces a value in memory atomically; the result is the former value.
            AtomicUpdate I64AtomicRmwXchg "i64.atomic.rmw.xchg" (u64) -> u64 { |_old, value| value }
            /// Replaces 8 bits in memory atomically; the result is the former value with zeros above it.
            AtomicUpdate I32AtomicRmw8XchgU "i32.atomic.rmw8.xchg_u" (u8) -> u32 { |_old, value| value }
            /// Replaces 16 bits in memory atomically; the result is the former value with zeros above it.
            AtomicUpdate I32AtomicRmw16XchgU "i32.atomic.rmw16.xchg_u" (u16) -> u32 { |_old, value| value }
            /// Replaces a value in memory atomically if the expected value is there; the result is the former value.
            AtomicExchange I32AtomicRmwCmpxchg "i32.atomic.rmw.cmpxchg" (u32) -> u32 { |old, expected| old == expected }
            /// Replaces a value in memory atomically if the expected value is there; the result is the former value.
            AtomicExchange I64AtomicRmwCmpxchg "i64.atomic.rmw.cmpxchg" (u64) -> u64 { |old, expected| old == expected }
            /// Replaces 8 bits in memory atomically if the expected value is there; the result is the former value with zeros above it.
            AtomicExchange I32AtomicRmw8CmpxchgU "i32.atomic.rmw8.cmpxchg_u" (u8) -> u32 { |old, expected| old == expected }
            /// Replaces 16 bits in memory atomically if the expected value is there; the result is the former value with zeros above it.
            AtomicExchange I32AtomicRmw16CmpxchgU "i32.atomic.rmw16.cmpxchg_u" (u16) -> u32 { |old, expected| old == expected }
            /// Orders the atomic accesses before it and after it.
            Control AtomicFence "atomic.fence" []
            /// The size of a memory, in pages.
            Control MemorySize "memory.size" [result: NearSlot, memory: PagedMemory]
            /// Copies bytes within memory 0: destination, source and size are in three slots.
            Control MemoryCopy "memory.copy" [operands: FarSlot]
            /// Fills bytes of memory 0: destination, value and size are in three slots.
            Control MemoryFill "memory.fill" [operands: FarSlot]
            /// Copies bytes within memory 0, each of which costs a unit of fuel.
            Control MemoryCopyMetered "memory.copy_metered" [operands: FarSlot]
            /// Fills bytes of memory 0, each of which costs a unit of fuel.
            Control MemoryFillMetered "memory.fill_metered" [operands: FarSlot]

            // --- slots, globals, tables ---
            /// Copies a slot.
            Control Copy "copy" [to: NearSlot, from: NearSlot]
            /// Copies a slot, by way of the integer accumulator.
            Control CopyThrough "copy.d" [to: NearSlot, from: NearSlot]
            /// Copies two slots, one after the other, the first by way of the integer accumulator.
            Control CopyThrough2 "copy2.d" [to: NearSlot, from: NearSlot, to2: NearSlot, from2: NearSlot]
            /// Copies two slots, one after the other.
            Control Copy2 "copy2" [to: NearSlot, from: NearSlot, to2: NearSlot, from2: NearSlot]
            /// Copies four slots, one after the other.
            Control Copy4 "copy4" [
                to: NearSlot, from: NearSlot, to2: NearSlot, from2: NearSlot, to3: NearSlot, from3: NearSlot, to4: NearSlot, from4: NearSlot
            ]
            /// Copies a slot anywhere in a large frame.
            Control CopyFar "copy_far" [to: FarSlot, from: FarSlot]
            /// Copies a run of slots, which may overlap its destination.
            Control CopyMany "copy_many" [to: FarSlot, from: FarSlot, count: u32]
            /// Copies the integer accumulator to a slot.
            Control CopyAcc "copy_r" [to: NearSlot]
            /// Copies the accumulator of 32-bit floats to a slot.
            Control CopyAccF32 "copy_r.f32" [to: NearSlot]
            /// Copies the accumulator of 64-bit floats to a slot.
            Control CopyAccF64 "copy_r.f64" [to: NearSlot]
            /// Writes a constant below 2³² to a slot.
            Control Const32 "const32" [to: NearSlot, value: u32]
            /// Writes a constant to a slot.
            Control Const64 "const64" [to: NearSlot, value: u64]
            /// Sets the declared locals to zero.
            Control ZeroLocals "zero" [first: FarSlot, count: u32]
            /// Reads a global into the integer accumulator.
            Control GlobalGet "global.get" [result: Unused, global: ModuleGlobal]
            /// Reads a global into the integer accumulator and a slot.
            Control GlobalGetSlot "global.get.d" [result: NearSlot, global: ModuleGlobal]
            /// Writes a slot to a global.
            Control GlobalSet "global.set_s" [value: NearSlot, global: ModuleGlobal]
            /// Writes the integer accumulator to a global.
            Control GlobalSetAcc "global.set_r" [global: ModuleGlobal]
            /// Reads an element of a table; traps out of bounds.
            Control TableGet "table.get" [result: NearSlot, index: NearSlot, table: ModuleTable]
            /// Writes an element of a table; traps out of bounds.
            Control TableSet "table.set" [index: NearSlot, value: NearSlot, table: ModuleTable]
            /// Reads a 64-bit element of a table; traps out of bounds.
            Control TableGetWide "table.get_wide" [result: NearSlot, index: NearSlot, table: ModuleTable]
            /// Writes a 64-bit element of a table; traps out of bounds.
            Control TableSetWide "table.set_wide" [index: NearSlot, value: NearSlot, table: ModuleTable]
            /// The number of elements of a table.
            Control TableSize "table.size" [result: NearSlot, table: ModuleTable]
            /// Traps if a reference is null.
            Control RefAsNonNull "ref.as_non_null" [reference: NearSlot]

            // --- control ---
            /// Traps.
            Control Unreachable "unreachable" []
            /// Branches.
            Control Branch "br" [target: Target]
            /// Branches to the target whose number is in a slot, or to the last one.
            Control BranchTableSlot "br_table_s" [index: NearSlot, count: Length, targets: Targets]
            /// Branches to the target whose number is in the accumulator, or to the last one.
            Control BranchTableAcc "br_table_r" [count: Length, targets: Targets]
            /// Takes fuel for code that has been executed.
            Control Charge "charge" [cost: u32]
            /// Gives fuel back that the code behind a label takes.
            Control Refund "refund" [cost: u32]
            /// Takes fuel as `charge` does, and exits if no fuel is left.
            Control ChargePoll "charge_poll" [cost: u32]
            /// Exits if no fuel is left.
            Control PollFuel "poll_fuel" []
            /// Exits as `poll_fuel` does, before an instruction that costs fuel.
            Control ProbeStep "probe_step" []
            /// Exits if the next instruction accesses bytes of a memory that are watched.
            Control ProbeStore "probe_store" [address: FarSlot, memory: ModuleMemory, size: u32, kind: AccessKind, cost: u32, offset: u64]
            /// Counts its executions, in itself. The next instruction, at an offset in the module, begins a straight run.
            Control ProbeCount "probe_count" [offset: u32, count: u64]
            /// Does nothing: it was a `probe_once`.
            Control ProbePast "probe_past" [offset: u32]
            /// Exits if an interruption was requested.
            Control PollInterrupt "poll_interrupt" []
            /// Exits if the deadline of the epoch has passed.
            Control PollEpoch "poll_epoch" []
            /// Returns; the results, if any, are in place.
            Control Return "return" []
            /// Returns a slot.
            Control ReturnSlot "return_s" [to: NearSlot, from: NearSlot]
            /// Returns the integer accumulator.
            Control ReturnAcc "return_r" [to: NearSlot]
            /// Returns the accumulator of 32-bit floats.
            Control ReturnAccF32 "return_r.f32" [to: NearSlot]
            /// Returns the accumulator of 64-bit floats.
            Control ReturnAccF64 "return_r.f64" [to: NearSlot]
            /// Returns a constant below 2³².
            Control ReturnConst32 "return_i" [to: NearSlot, value: u32]
            /// Returns a run of slots.
            Control ReturnMany "return_many" [to: FarSlot, from: FarSlot, count: u32]
            /// Calls a function of the same module.
            Control Call "call" [callee: CalleeCode, record: FarSlot, function: ModuleFunc]
            /// Calls an imported function.
            Control CallImport "call_import" [record: FarSlot, function: ModuleFunc]
            /// Calls a function of a table whose index is in a slot; traps if its type differs.
            Control CallIndirectSlot "call_indirect_s" [
                index: NearSlot, table: ModuleTable, ty: TypeId, record: FarSlot
            ]
            /// Calls a function of a table whose index is in the accumulator; traps if its type differs.
            Control CallIndirectAcc "call_indirect_r" [table: ModuleTable, ty: TypeId, record: FarSlot]
            /// Replaces an index in a slot by the function of a table, whose type may be a subtype; traps if it is not.
            Control IndirectCallee "indirect_callee" [index: FarSlot, table: ModuleTable, ty: TypeId]
            /// Calls a function reference; traps if it is null.
            Control CallRef "call_ref" [reference: NearSlot, record: FarSlot]
            /// Calls a function of the same module in place of the running frame.
            Control ReturnCall "return_call" [
                callee: CalleeEntry, arguments: FarSlot, count: u16, own: u16, function: ModuleFunc
            ]
            /// Calls an imported function in place of the running frame.
            Control ReturnCallImport "return_call_import" [
                function: ModuleFunc, arguments: FarSlot, count: u16, own: u16
            ]
            /// Calls a function of a table in place of the running frame.
            Control ReturnCallIndirect "return_call_indirect" [
                index: NearSlot, table: ModuleTable, arguments: FarSlot, count: u16, own: u16, ty: TypeId
            ]
            /// Calls a function reference in place of the running frame.
            Control ReturnCallRef "return_call_ref" [
                reference: NearSlot, arguments: FarSlot, count: u16, own: u16
            ]
            /// Translates the function that was called; the only cell of a stub.
            Control Translate "translate" []
            /// Returns across a boundary into the calling instance.
            Control ReturnBoundary "return_boundary" []
            /// Returns from WebAssembly to the host.
            Control ReturnHost "return_host" []
            /// Suspends without values, with a tag that has one index in its module.
            Control Suspend "suspend" [operands: FarSlot, tag: ModuleTag, values: u32, awaits: Awaits]
            /// Suspends with values, with a tag that has one index in its module.
            Control SuspendValues "suspend_values" [
                operands: FarSlot, tag: ModuleTag, values: u32, awaits: Awaits
            ]
            /// Suspends with a tag that may have several indices in its module.
            Control SuspendShared "suspend_shared" [
                operands: FarSlot, tag: ModuleTag, values: u32, awaits: Awaits
            ]
            /// Resumes a continuation without values.
            Control Resume "resume" [
                operands: FarSlot, count: Length, values: u32, tag: ThrownTag, reference: FarSlot, end: Target, clauses: Clauses
            ]
            /// Resumes a continuation with values.
            Control ResumeValues "resume_values" [
                operands: FarSlot, count: Length, values: u32, tag: ThrownTag, reference: FarSlot, end: Target, clauses: Clauses
            ]
            /// Resumes a continuation by throwing an exception of a tag in it.
            Control ResumeThrow "resume_throw" [
                operands: FarSlot, count: Length, values: u32, tag: ThrownTag, reference: FarSlot, end: Target, clauses: Clauses
            ]
            /// Resumes a continuation by throwing an exception in it.
            Control ResumeThrowRef "resume_throw_ref" [
                operands: FarSlot, count: Length, values: u32, tag: ThrownTag, reference: FarSlot, end: Target, clauses: Clauses
            ]
            /// Suspends, and resumes another continuation.
            Control Switch "switch" [operands: FarSlot, tag: ModuleTag, values: u32, awaits: Awaits]
            /// Begins a continuation whose function is a host function.
            Control StartHost "start_host" []
            /// Ends a continuation.
            Control ReturnContinuation "return_continuation" []
            /// Counts the accumulator down and stays; probes of a dispatch backend run it.
            Control Nop "nop" []

            // --- what the driver does, on operands in consecutive slots ---
            /// Grows a memory by a number of pages.
            Service MemoryGrow "memory.grow" [operands: FarSlot, memory: ModuleMemory]
            /// Copies bytes between any two memories.
            Service MemoryCopyAny "memory.copy_any" [operands: FarSlot, to: ModuleMemory, from: ModuleMemory]
            /// Fills bytes of any memory.
            Service MemoryFillAny "memory.fill_any" [operands: FarSlot, memory: ModuleMemory]
            /// Copies bytes of a data segment to a memory.
            Service MemoryInit "memory.init" [operands: FarSlot, data: ModuleData, memory: ModuleMemory]
            /// Wakes threads that wait at an address of a memory.
            Service MemoryAtomicNotify "memory.atomic.notify" [operands: FarSlot, memory: ModuleMemory, offset: u64]
            /// Waits at an address of a memory while 32 bits there have the expected value.
            Service MemoryAtomicWait32 "memory.atomic.wait32" [operands: FarSlot, memory: ModuleMemory, offset: u64]
            /// Waits at an address of a memory while 64 bits there have the expected value.
            Service MemoryAtomicWait64 "memory.atomic.wait64" [operands: FarSlot, memory: ModuleMemory, offset: u64]
            /// Suspends before an access to a shared memory, whose size is a constant, if that is observed.
            Service ObserveAccess "observe_access" [address: FarSlot, memory: ModuleMemory, size: u32, kind: AccessKind, offset: u64]
            /// Suspends before an access to a shared memory, whose size is in a slot, if that is observed.
            Service ObserveRun "observe_run" [address: FarSlot, size: FarSlot, memory: ModuleMemory, kind: AccessKind]
            /// Exits if the next instruction accesses bytes of a memory, whose number is in a slot, and that are watched.
            Service ProbeRun "probe_run" [address: FarSlot, size: FarSlot, memory: ModuleMemory, kind: AccessKind, cost: u32]
            /// Suspends at a function's entry.
            Service ProbeEntry "probe_entry" []
            /// Stops before the instruction at an offset in the module, if the store wants that.
            Service ProbeStop "probe_stop" [offset: u32]
            /// Records that the next instruction, at an offset in the module, is executed, and becomes a `probe_past`.
            Service ProbeOnce "probe_once" [offset: u32]
            /// Records that the next instruction is executed.
            Service ProbePlace "probe_place" [cost: u32]
            /// Drops a data segment.
            Service DataDrop "data.drop" [operands: FarSlot, data: ModuleData]
            /// Grows a table by a number of elements.
            Service TableGrow "table.grow" [operands: FarSlot, table: ModuleTable]
            /// Fills elements of a table.
            Service TableFill "table.fill" [operands: FarSlot, table: ModuleTable]
            /// Copies elements between tables.
            Service TableCopy "table.copy" [operands: FarSlot, to: ModuleTable, from: ModuleTable]
            /// Copies elements of an element segment to a table.
            Service TableInit "table.init" [operands: FarSlot, elements: ModuleElements, table: ModuleTable]
            /// Drops an element segment.
            Service ElemDrop "elem.drop" [operands: FarSlot, elements: ModuleElements]
            /// Makes a reference to a function of the module.
            Service RefFunc "ref.func" [operands: FarSlot, function: ModuleFunc]
            /// Throws an exception of a tag.
            Service Throw "throw" [operands: FarSlot, tag: ModuleTag]
            /// Throws an exception reference; traps if it is null.
            Service ThrowRef "throw_ref" [operands: FarSlot]
            /// Creates a continuation of a function.
            Service ContNew "cont.new" [operands: FarSlot]
            /// Binds arguments to a continuation.
            Service ContBind "cont.bind" [operands: FarSlot, count: u32, ty: TypeId]
        } }
    };
}

pub(crate) use for_each_op;
