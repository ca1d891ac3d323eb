//! The rows of the op table for vectors: the proposals simd and relaxed-simd.
//!
//! They are rows like those of [`table`](super::table), whose page says how to read them. `L` in
//! a body is the instruction set that the handler may use. Relaxed instructions that do the same
//! as another instruction in the deterministic profile of the specification have no row of
//! their own; loads and stores of a single lane are two cells.
//!
//! `for_each_vector_op!` calls `$callback!` with the tokens it was given, the rows it was given,
//! and, behind them, the rows for vectors.

#[cfg(feature = "simd")]
macro_rules! for_each_vector_op {
    ($callback:ident [$($extra:tt)*] { $($rows:tt)* }) => {
        $callback! { [$($extra)*]
            $($rows)*

            // --- vectors of bits ---
            /// A constant.
            Constant V128Const "v128.const" (v128) -> v128 { |a| a }
            /// Bitwise complement.
            Unary V128Not "v128.not" (v128) -> v128 { |a| vector::v128_not::<L>(a) }
            /// Bitwise and.
            VectorCommutative V128And "v128.and" (v128) -> v128 { |a, b| vector::v128_and::<L>(a, b) }
            /// Bitwise and with the complement of the second operand.
            VectorBinary V128AndNot "v128.andnot" (v128) -> v128 { |a, b| vector::v128_andnot::<L>(a, b) }
            /// Bitwise or.
            VectorCommutative V128Or "v128.or" (v128) -> v128 { |a, b| vector::v128_or::<L>(a, b) }
            /// Bitwise exclusive or.
            VectorCommutative V128Xor "v128.xor" (v128) -> v128 { |a, b| vector::v128_xor::<L>(a, b) }
            /// Selects bits: of the first operand where the third has ones, else of the second.
            Ternary V128Bitselect "v128.bitselect" (v128) -> v128 { |a, b, c| vector::v128_bitselect::<L>(a, b, c) }
            /// Tests whether any bit is set.
            Unary V128AnyTrue "v128.any_true" (v128) -> u32 { |a| vector::v128_any_true::<L>(a) }

            // --- 16 integers of 8 bits ---
            /// Selects bytes of two operands by constant indices.
            Shuffle I8x16Shuffle "i8x16.shuffle" (v128) -> v128 { |a, b, lanes| vector::i8x16_shuffle::<L>(a, b, lanes) }
            /// Reads a lane and extends its sign.
            ExtractLane I8x16ExtractLaneS "i8x16.extract_lane_s" (u8) -> i32 { |a| i32::from(a as i8) }
            /// Reads a lane and extends it with zeros.
            ExtractLane I8x16ExtractLaneU "i8x16.extract_lane_u" (u8) -> u32 { |a| u32::from(a) }
            /// Replaces a lane.
            ReplaceLane I8x16ReplaceLane "i8x16.replace_lane" (u32) -> v128 { |a, b, lane| vector::i8x16_replace_lane::<L>(a, b, lane) }
            /// Selects bytes of the first operand by the indices in the second; zero for an index above 15.
            VectorBinary I8x16Swizzle "i8x16.swizzle" (v128) -> v128 { |a, b| vector::i8x16_swizzle::<L>(a, b) }
            /// Copies a value to every lane.
            Unary I8x16Splat "i8x16.splat" (u32) -> v128 { |a| vector::i8x16_splat::<L>(a) }
            /// Tests for each lane whether two values are equal: all ones or all zeros.
            VectorCommutative I8x16Eq "i8x16.eq" (v128) -> v128 { |a, b| vector::i8x16_eq::<L>(a, b) }
            /// Tests for each lane whether two values differ: all ones or all zeros.
            VectorCommutative I8x16Ne "i8x16.ne" (v128) -> v128 { |a, b| vector::i8x16_ne::<L>(a, b) }
            /// Tests for each lane whether the first signed value is less than the second: all ones or all zeros.
            VectorCommutative I8x16LtS "i8x16.lt_s" (v128) -> v128 { |a, b| vector::i8x16_lt_s::<L>(a, b) }
            /// Tests for each lane whether the first unsigned value is less than the second: all ones or all zeros.
            VectorCommutative I8x16LtU "i8x16.lt_u" (v128) -> v128 { |a, b| vector::i8x16_lt_u::<L>(a, b) }
            /// Tests for each lane whether the first signed value is greater than the second: all ones or all zeros.
            VectorCommutative I8x16GtS "i8x16.gt_s" (v128) -> v128 { |a, b| vector::i8x16_gt_s::<L>(a, b) }
            /// Tests for each lane whether the first unsigned value is greater than the second: all ones or all zeros.
            VectorCommutative I8x16GtU "i8x16.gt_u" (v128) -> v128 { |a, b| vector::i8x16_gt_u::<L>(a, b) }
            /// Tests for each lane whether the first signed value is at most the second: all ones or all zeros.
            VectorCommutative I8x16LeS "i8x16.le_s" (v128) -> v128 { |a, b| vector::i8x16_le_s::<L>(a, b) }
            /// Tests for each lane whether the first unsigned value is at most the second: all ones or all zeros.
            VectorCommutative I8x16LeU "i8x16.le_u" (v128) -> v128 { |a, b| vector::i8x16_le_u::<L>(a, b) }
            /// Tests for each lane whether the first signed value is at least the second: all ones or all zeros.
            VectorCommutative I8x16GeS "i8x16.ge_s" (v128) -> v128 { |a, b| vector::i8x16_ge_s::<L>(a, b) }
            /// Tests for each lane whether the first unsigned value is at least the second: all ones or all zeros.
            VectorCommutative I8x16GeU "i8x16.ge_u" (v128) -> v128 { |a, b| vector::i8x16_ge_u::<L>(a, b) }
            /// The absolute value of each lane.
            Unary I8x16Abs "i8x16.abs" (v128) -> v128 { |a| vector::i8x16_abs::<L>(a) }
            /// The negated value of each lane.
            Unary I8x16Neg "i8x16.neg" (v128) -> v128 { |a| vector::i8x16_neg::<L>(a) }
            /// Counts the ones of each lane.
            Unary I8x16Popcnt "i8x16.popcnt" (v128) -> v128 { |a| vector::i8x16_popcnt::<L>(a) }
            /// Tests whether no lane is zero.
            Unary I8x16AllTrue "i8x16.all_true" (v128) -> u32 { |a| vector::i8x16_all_true::<L>(a) }
            /// The most significant bits of the lanes, as an integer.
            Unary I8x16Bitmask "i8x16.bitmask" (v128) -> u32 { |a| vector::i8x16_bitmask::<L>(a) }
            /// Narrows signed lanes of two operands, with signed saturation.
            VectorBinary I8x16NarrowI16x8S "i8x16.narrow_i16x8_s" (v128) -> v128 { |a, b| vector::i8x16_narrow_i16x8_s::<L>(a, b) }
            /// Narrows signed lanes of two operands, with unsigned saturation.
            VectorBinary I8x16NarrowI16x8U "i8x16.narrow_i16x8_u" (v128) -> v128 { |a, b| vector::i8x16_narrow_i16x8_u::<L>(a, b) }
            /// Shifts each lane left.
            Shift I8x16Shl "i8x16.shl" (v128) -> v128 { |a, b| vector::i8x16_shl::<L>(a, b) }
            /// Shifts each lane right, with copies of the sign.
            Shift I8x16ShrS "i8x16.shr_s" (v128) -> v128 { |a, b| vector::i8x16_shr_s::<L>(a, b) }
            /// Shifts each lane right, with zeros.
            Shift I8x16ShrU "i8x16.shr_u" (v128) -> v128 { |a, b| vector::i8x16_shr_u::<L>(a, b) }
            /// Adds lanes.
            VectorCommutative I8x16Add "i8x16.add" (v128) -> v128 { |a, b| vector::i8x16_add::<L>(a, b) }
            /// Adds signed lanes with saturation.
            VectorCommutative I8x16AddSatS "i8x16.add_sat_s" (v128) -> v128 { |a, b| vector::i8x16_add_sat_s::<L>(a, b) }
            /// Adds unsigned lanes with saturation.
            VectorCommutative I8x16AddSatU "i8x16.add_sat_u" (v128) -> v128 { |a, b| vector::i8x16_add_sat_u::<L>(a, b) }
            /// Subtracts lanes.
            VectorBinary I8x16Sub "i8x16.sub" (v128) -> v128 { |a, b| vector::i8x16_sub::<L>(a, b) }
            /// Subtracts signed lanes with saturation.
            VectorBinary I8x16SubSatS "i8x16.sub_sat_s" (v128) -> v128 { |a, b| vector::i8x16_sub_sat_s::<L>(a, b) }
            /// Subtracts unsigned lanes with saturation.
            VectorBinary I8x16SubSatU "i8x16.sub_sat_u" (v128) -> v128 { |a, b| vector::i8x16_sub_sat_u::<L>(a, b) }
            /// The lesser of two signed integers in each lane.
            VectorCommutative I8x16MinS "i8x16.min_s" (v128) -> v128 { |a, b| vector::i8x16_min_s::<L>(a, b) }
            /// The lesser of two unsigned integers in each lane.
            VectorCommutative I8x16MinU "i8x16.min_u" (v128) -> v128 { |a, b| vector::i8x16_min_u::<L>(a, b) }
            /// The greater of two signed integers in each lane.
            VectorCommutative I8x16MaxS "i8x16.max_s" (v128) -> v128 { |a, b| vector::i8x16_max_s::<L>(a, b) }
            /// The greater of two unsigned integers in each lane.
            VectorCommutative I8x16MaxU "i8x16.max_u" (v128) -> v128 { |a, b| vector::i8x16_max_u::<L>(a, b) }
            /// The rounded average of unsigned lanes.
            VectorCommutative I8x16AvgrU "i8x16.avgr_u" (v128) -> v128 { |a, b| vector::i8x16_avgr_u::<L>(a, b) }

            // --- 8 integers of 16 bits ---
            /// Reads a lane and extends its sign.
            ExtractLane I16x8ExtractLaneS "i16x8.extract_lane_s" (u16) -> i32 { |a| i32::from(a as i16) }
            /// Reads a lane and extends it with zeros.
            ExtractLane I16x8ExtractLaneU "i16x8.extract_lane_u" (u16) -> u32 { |a| u32::from(a) }
            /// Replaces a lane.
            ReplaceLane I16x8ReplaceLane "i16x8.replace_lane" (u32) -> v128 { |a, b, lane| vector::i16x8_replace_lane::<L>(a, b, lane) }
            /// Copies a value to every lane.
            Unary I16x8Splat "i16x8.splat" (u32) -> v128 { |a| vector::i16x8_splat::<L>(a) }
            /// Tests for each lane whether two values are equal: all ones or all zeros.
            VectorCommutative I16x8Eq "i16x8.eq" (v128) -> v128 { |a, b| vector::i16x8_eq::<L>(a, b) }
            /// Tests for each lane whether two values differ: all ones or all zeros.
            VectorCommutative I16x8Ne "i16x8.ne" (v128) -> v128 { |a, b| vector::i16x8_ne::<L>(a, b) }
            /// Tests for each lane whether the first signed value is less than the second: all ones or all zeros.
            VectorCommutative I16x8LtS "i16x8.lt_s" (v128) -> v128 { |a, b| vector::i16x8_lt_s::<L>(a, b) }
            /// Tests for each lane whether the first unsigned value is less than the second: all ones or all zeros.
            VectorCommutative I16x8LtU "i16x8.lt_u" (v128) -> v128 { |a, b| vector::i16x8_lt_u::<L>(a, b) }
            /// Tests for each lane whether the first signed value is greater than the second: all ones or all zeros.
            VectorCommutative I16x8GtS "i16x8.gt_s" (v128) -> v128 { |a, b| vector::i16x8_gt_s::<L>(a, b) }
            /// Tests for each lane whether the first unsigned value is greater than the second: all ones or all zeros.
            VectorCommutative I16x8GtU "i16x8.gt_u" (v128) -> v128 { |a, b| vector::i16x8_gt_u::<L>(a, b) }
            /// Tests for each lane whether the first signed value is at most the second: all ones or all zeros.
            VectorCommutative I16x8LeS "i16x8.le_s" (v128) -> v128 { |a, b| vector::i16x8_le_s::<L>(a, b) }
            /// Tests for each lane whether the first unsigned value is at most the second: all ones or all zeros.
            VectorCommutative I16x8LeU "i16x8.le_u" (v128) -> v128 { |a, b| vector::i16x8_le_u::<L>(a, b) }
            /// Tests for each lane whether the first signed value is at least the second: all ones or all zeros.
            VectorCommutative I16x8GeS "i16x8.ge_s" (v128) -> v128 { |a, b| vector::i16x8_ge_s::<L>(a, b) }
            /// Tests for each lane whether the first unsigned value is at least the second: all ones or all zeros.
            VectorCommutative I16x8GeU "i16x8.ge_u" (v128) -> v128 { |a, b| vector::i16x8_ge_u::<L>(a, b) }
            /// Adds neighbouring signed lanes to sums of twice the width.
            Unary I16x8ExtAddPairwiseI8x16S "i16x8.extadd_pairwise_i8x16_s" (v128) -> v128 { |a| vector::i16x8_extadd_pairwise_i8x16_s::<L>(a) }
            /// Adds neighbouring unsigned lanes to sums of twice the width.
            Unary I16x8ExtAddPairwiseI8x16U "i16x8.extadd_pairwise_i8x16_u" (v128) -> v128 { |a| vector::i16x8_extadd_pairwise_i8x16_u::<L>(a) }
            /// The absolute value of each lane.
            Unary I16x8Abs "i16x8.abs" (v128) -> v128 { |a| vector::i16x8_abs::<L>(a) }
            /// The negated value of each lane.
            Unary I16x8Neg "i16x8.neg" (v128) -> v128 { |a| vector::i16x8_neg::<L>(a) }
            /// Multiplies fractions of 15 bits, with rounding and saturation.
            VectorCommutative I16x8Q15MulrSatS "i16x8.q15mulr_sat_s" (v128) -> v128 { |a, b| vector::i16x8_q15mulr_sat_s::<L>(a, b) }
            /// Tests whether no lane is zero.
            Unary I16x8AllTrue "i16x8.all_true" (v128) -> u32 { |a| vector::i16x8_all_true::<L>(a) }
            /// The most significant bits of the lanes, as an integer.
            Unary I16x8Bitmask "i16x8.bitmask" (v128) -> u32 { |a| vector::i16x8_bitmask::<L>(a) }
            /// Narrows signed lanes of two operands, with signed saturation.
            VectorBinary I16x8NarrowI32x4S "i16x8.narrow_i32x4_s" (v128) -> v128 { |a, b| vector::i16x8_narrow_i32x4_s::<L>(a, b) }
            /// Narrows signed lanes of two operands, with unsigned saturation.
            VectorBinary I16x8NarrowI32x4U "i16x8.narrow_i32x4_u" (v128) -> v128 { |a, b| vector::i16x8_narrow_i32x4_u::<L>(a, b) }
            /// Extends the low half of the signed lanes to twice their width.
            Unary I16x8ExtendLowI8x16S "i16x8.extend_low_i8x16_s" (v128) -> v128 { |a| vector::i16x8_extend_low_i8x16_s::<L>(a) }
            /// Extends the high half of the signed lanes to twice their width.
            Unary I16x8ExtendHighI8x16S "i16x8.extend_high_i8x16_s" (v128) -> v128 { |a| vector::i16x8_extend_high_i8x16_s::<L>(a) }
            /// Extends the low half of the unsigned lanes to twice their width.
            Unary I16x8ExtendLowI8x16U "i16x8.extend_low_i8x16_u" (v128) -> v128 { |a| vector::i16x8_extend_low_i8x16_u::<L>(a) }
            /// Extends the high half of the unsigned lanes to twice their width.
            Unary I16x8ExtendHighI8x16U "i16x8.extend_high_i8x16_u" (v128) -> v128 { |a| vector::i16x8_extend_high_i8x16_u::<L>(a) }
            /// Shifts each lane left.
            Shift I16x8Shl "i16x8.shl" (v128) -> v128 { |a, b| vector::i16x8_shl::<L>(a, b) }
            /// Shifts each lane right, with copies of the sign.
            Shift I16x8ShrS "i16x8.shr_s" (v128) -> v128 { |a, b| vector::i16x8_shr_s::<L>(a, b) }
            /// Shifts each lane right, with zeros.
            Shift I16x8ShrU "i16x8.shr_u" (v128) -> v128 { |a, b| vector::i16x8_shr_u::<L>(a, b) }
            /// Adds lanes.
            VectorCommutative I16x8Add "i16x8.add" (v128) -> v128 { |a, b| vector::i16x8_add::<L>(a, b) }
            /// Adds signed lanes with saturation.
            VectorCommutative I16x8AddSatS "i16x8.add_sat_s" (v128) -> v128 { |a, b| vector::i16x8_add_sat_s::<L>(a, b) }
            /// Adds unsigned lanes with saturation.
            VectorCommutative I16x8AddSatU "i16x8.add_sat_u" (v128) -> v128 { |a, b| vector::i16x8_add_sat_u::<L>(a, b) }
            /// Subtracts lanes.
            VectorBinary I16x8Sub "i16x8.sub" (v128) -> v128 { |a, b| vector::i16x8_sub::<L>(a, b) }
            /// Subtracts signed lanes with saturation.
            VectorBinary I16x8SubSatS "i16x8.sub_sat_s" (v128) -> v128 { |a, b| vector::i16x8_sub_sat_s::<L>(a, b) }
            /// Subtracts unsigned lanes with saturation.
            VectorBinary I16x8SubSatU "i16x8.sub_sat_u" (v128) -> v128 { |a, b| vector::i16x8_sub_sat_u::<L>(a, b) }
            /// Multiplies lanes.
            VectorCommutative I16x8Mul "i16x8.mul" (v128) -> v128 { |a, b| vector::i16x8_mul::<L>(a, b) }
            /// The lesser of two signed integers in each lane.
            VectorCommutative I16x8MinS "i16x8.min_s" (v128) -> v128 { |a, b| vector::i16x8_min_s::<L>(a, b) }
            /// The lesser of two unsigned integers in each lane.
            VectorCommutative I16x8MinU "i16x8.min_u" (v128) -> v128 { |a, b| vector::i16x8_min_u::<L>(a, b) }
            /// The greater of two signed integers in each lane.
            VectorCommutative I16x8MaxS "i16x8.max_s" (v128) -> v128 { |a, b| vector::i16x8_max_s::<L>(a, b) }
            /// The greater of two unsigned integers in each lane.
            VectorCommutative I16x8MaxU "i16x8.max_u" (v128) -> v128 { |a, b| vector::i16x8_max_u::<L>(a, b) }
            /// The rounded average of unsigned lanes.
            VectorCommutative I16x8AvgrU "i16x8.avgr_u" (v128) -> v128 { |a, b| vector::i16x8_avgr_u::<L>(a, b) }
            /// Multiplies the low half of the signed lanes to products of twice the width.
            VectorCommutative I16x8ExtMulLowI8x16S "i16x8.extmul_low_i8x16_s" (v128) -> v128 { |a, b| vector::i16x8_extmul_low_i8x16_s::<L>(a, b) }
            /// Multiplies the high half of the signed lanes to products of twice the width.
            VectorCommutative I16x8ExtMulHighI8x16S "i16x8.extmul_high_i8x16_s" (v128) -> v128 { |a, b| vector::i16x8_extmul_high_i8x16_s::<L>(a, b) }
            /// Multiplies the low half of the unsigned lanes to products of twice the width.
            VectorCommutative I16x8ExtMulLowI8x16U "i16x8.extmul_low_i8x16_u" (v128) -> v128 { |a, b| vector::i16x8_extmul_low_i8x16_u::<L>(a, b) }
            /// Multiplies the high half of the unsigned lanes to products of twice the width.
            VectorCommutative I16x8ExtMulHighI8x16U "i16x8.extmul_high_i8x16_u" (v128) -> v128 { |a, b| vector::i16x8_extmul_high_i8x16_u::<L>(a, b) }
            /// Multiplies signed 8-bit lanes and adds neighbouring products.
            VectorBinary I16x8RelaxedDotI8x16I7x16S "i16x8.relaxed_dot_i8x16_i7x16_s" (v128) -> v128 { |a, b| vector::i16x8_relaxed_dot_i8x16_i7x16_s::<L>(a, b) }

            // --- 4 integers of 32 bits ---
            /// Reads a lane.
            ExtractLane I32x4ExtractLane "i32x4.extract_lane" (u32) -> u32 { |a| a }
            /// Replaces a lane.
            ReplaceLane I32x4ReplaceLane "i32x4.replace_lane" (u32) -> v128 { |a, b, lane| vector::i32x4_replace_lane::<L>(a, b, lane) }
            /// Copies a value to every lane.
            Unary I32x4Splat "i32x4.splat" (u32) -> v128 { |a| vector::i32x4_splat::<L>(a) }
            /// Tests for each lane whether two values are equal: all ones or all zeros.
            VectorCommutative I32x4Eq "i32x4.eq" (v128) -> v128 { |a, b| vector::i32x4_eq::<L>(a, b) }
            /// Tests for each lane whether two values differ: all ones or all zeros.
            VectorCommutative I32x4Ne "i32x4.ne" (v128) -> v128 { |a, b| vector::i32x4_ne::<L>(a, b) }
            /// Tests for each lane whether the first signed value is less than the second: all ones or all zeros.
            VectorCommutative I32x4LtS "i32x4.lt_s" (v128) -> v128 { |a, b| vector::i32x4_lt_s::<L>(a, b) }
            /// Tests for each lane whether the first unsigned value is less than the second: all ones or all zeros.
            VectorCommutative I32x4LtU "i32x4.lt_u" (v128) -> v128 { |a, b| vector::i32x4_lt_u::<L>(a, b) }
            /// Tests for each lane whether the first signed value is greater than the second: all ones or all zeros.
            VectorCommutative I32x4GtS "i32x4.gt_s" (v128) -> v128 { |a, b| vector::i32x4_gt_s::<L>(a, b) }
            /// Tests for each lane whether the first unsigned value is greater than the second: all ones or all zeros.
            VectorCommutative I32x4GtU "i32x4.gt_u" (v128) -> v128 { |a, b| vector::i32x4_gt_u::<L>(a, b) }
            /// Tests for each lane whether the first signed value is at most the second: all ones or all zeros.
            VectorCommutative I32x4LeS "i32x4.le_s" (v128) -> v128 { |a, b| vector::i32x4_le_s::<L>(a, b) }
            /// Tests for each lane whether the first unsigned value is at most the second: all ones or all zeros.
            VectorCommutative I32x4LeU "i32x4.le_u" (v128) -> v128 { |a, b| vector::i32x4_le_u::<L>(a, b) }
            /// Tests for each lane whether the first signed value is at least the second: all ones or all zeros.
            VectorCommutative I32x4GeS "i32x4.ge_s" (v128) -> v128 { |a, b| vector::i32x4_ge_s::<L>(a, b) }
            /// Tests for each lane whether the first unsigned value is at least the second: all ones or all zeros.
            VectorCommutative I32x4GeU "i32x4.ge_u" (v128) -> v128 { |a, b| vector::i32x4_ge_u::<L>(a, b) }
            /// Adds neighbouring signed lanes to sums of twice the width.
            Unary I32x4ExtAddPairwiseI16x8S "i32x4.extadd_pairwise_i16x8_s" (v128) -> v128 { |a| vector::i32x4_extadd_pairwise_i16x8_s::<L>(a) }
            /// Adds neighbouring unsigned lanes to sums of twice the width.
            Unary I32x4ExtAddPairwiseI16x8U "i32x4.extadd_pairwise_i16x8_u" (v128) -> v128 { |a| vector::i32x4_extadd_pairwise_i16x8_u::<L>(a) }
            /// The absolute value of each lane.
            Unary I32x4Abs "i32x4.abs" (v128) -> v128 { |a| vector::i32x4_abs::<L>(a) }
            /// The negated value of each lane.
            Unary I32x4Neg "i32x4.neg" (v128) -> v128 { |a| vector::i32x4_neg::<L>(a) }
            /// Tests whether no lane is zero.
            Unary I32x4AllTrue "i32x4.all_true" (v128) -> u32 { |a| vector::i32x4_all_true::<L>(a) }
            /// The most significant bits of the lanes, as an integer.
            Unary I32x4Bitmask "i32x4.bitmask" (v128) -> u32 { |a| vector::i32x4_bitmask::<L>(a) }
            /// Extends the low half of the signed lanes to twice their width.
            Unary I32x4ExtendLowI16x8S "i32x4.extend_low_i16x8_s" (v128) -> v128 { |a| vector::i32x4_extend_low_i16x8_s::<L>(a) }
            /// Extends the high half of the signed lanes to twice their width.
            Unary I32x4ExtendHighI16x8S "i32x4.extend_high_i16x8_s" (v128) -> v128 { |a| vector::i32x4_extend_high_i16x8_s::<L>(a) }
            /// Extends the low half of the unsigned lanes to twice their width.
            Unary I32x4ExtendLowI16x8U "i32x4.extend_low_i16x8_u" (v128) -> v128 { |a| vector::i32x4_extend_low_i16x8_u::<L>(a) }
            /// Extends the high half of the unsigned lanes to twice their width.
            Unary I32x4ExtendHighI16x8U "i32x4.extend_high_i16x8_u" (v128) -> v128 { |a| vector::i32x4_extend_high_i16x8_u::<L>(a) }
            /// Shifts each lane left.
            Shift I32x4Shl "i32x4.shl" (v128) -> v128 { |a, b| vector::i32x4_shl::<L>(a, b) }
            /// Shifts each lane right, with copies of the sign.
            Shift I32x4ShrS "i32x4.shr_s" (v128) -> v128 { |a, b| vector::i32x4_shr_s::<L>(a, b) }
            /// Shifts each lane right, with zeros.
            Shift I32x4ShrU "i32x4.shr_u" (v128) -> v128 { |a, b| vector::i32x4_shr_u::<L>(a, b) }
            /// Adds lanes.
            VectorCommutative I32x4Add "i32x4.add" (v128) -> v128 { |a, b| vector::i32x4_add::<L>(a, b) }
            /// Subtracts lanes.
            VectorBinary I32x4Sub "i32x4.sub" (v128) -> v128 { |a, b| vector::i32x4_sub::<L>(a, b) }
            /// Multiplies lanes.
            VectorCommutative I32x4Mul "i32x4.mul" (v128) -> v128 { |a, b| vector::i32x4_mul::<L>(a, b) }
            /// The lesser of two signed integers in each lane.
            VectorCommutative I32x4MinS "i32x4.min_s" (v128) -> v128 { |a, b| vector::i32x4_min_s::<L>(a, b) }
            /// The lesser of two unsigned integers in each lane.
            VectorCommutative I32x4MinU "i32x4.min_u" (v128) -> v128 { |a, b| vector::i32x4_min_u::<L>(a, b) }
            /// The greater of two signed integers in each lane.
            VectorCommutative I32x4MaxS "i32x4.max_s" (v128) -> v128 { |a, b| vector::i32x4_max_s::<L>(a, b) }
            /// The greater of two unsigned integers in each lane.
            VectorCommutative I32x4MaxU "i32x4.max_u" (v128) -> v128 { |a, b| vector::i32x4_max_u::<L>(a, b) }
            /// Multiplies signed 16-bit lanes and adds neighbouring products.
            VectorCommutative I32x4DotI16x8S "i32x4.dot_i16x8_s" (v128) -> v128 { |a, b| vector::i32x4_dot_i16x8_s::<L>(a, b) }
            /// Multiplies the low half of the signed lanes to products of twice the width.
            VectorCommutative I32x4ExtMulLowI16x8S "i32x4.extmul_low_i16x8_s" (v128) -> v128 { |a, b| vector::i32x4_extmul_low_i16x8_s::<L>(a, b) }
            /// Multiplies the high half of the signed lanes to products of twice the width.
            VectorCommutative I32x4ExtMulHighI16x8S "i32x4.extmul_high_i16x8_s" (v128) -> v128 { |a, b| vector::i32x4_extmul_high_i16x8_s::<L>(a, b) }
            /// Multiplies the low half of the unsigned lanes to products of twice the width.
            VectorCommutative I32x4ExtMulLowI16x8U "i32x4.extmul_low_i16x8_u" (v128) -> v128 { |a, b| vector::i32x4_extmul_low_i16x8_u::<L>(a, b) }
            /// Multiplies the high half of the unsigned lanes to products of twice the width.
            VectorCommutative I32x4ExtMulHighI16x8U "i32x4.extmul_high_i16x8_u" (v128) -> v128 { |a, b| vector::i32x4_extmul_high_i16x8_u::<L>(a, b) }
            /// Converts floats to signed 32-bit integers, with saturation.
            Unary I32x4TruncSatF32x4S "i32x4.trunc_sat_f32x4_s" (v128) -> v128 { |a| vector::i32x4_trunc_sat_f32x4_s::<L>(a) }
            /// Converts floats to unsigned 32-bit integers, with saturation.
            Unary I32x4TruncSatF32x4U "i32x4.trunc_sat_f32x4_u" (v128) -> v128 { |a| vector::i32x4_trunc_sat_f32x4_u::<L>(a) }
            /// Converts floats to signed 32-bit integers, with saturation; the upper lanes are zero.
            Unary I32x4TruncSatF64x2SZero "i32x4.trunc_sat_f64x2_s_zero" (v128) -> v128 { |a| vector::i32x4_trunc_sat_f64x2_s_zero::<L>(a) }
            /// Converts floats to unsigned 32-bit integers, with saturation; the upper lanes are zero.
            Unary I32x4TruncSatF64x2UZero "i32x4.trunc_sat_f64x2_u_zero" (v128) -> v128 { |a| vector::i32x4_trunc_sat_f64x2_u_zero::<L>(a) }
            /// Multiplies signed 8-bit lanes, and adds four neighbouring products and a lane of the third operand.
            Ternary I32x4RelaxedDotI8x16I7x16AddS "i32x4.relaxed_dot_i8x16_i7x16_add_s" (v128) -> v128 { |a, b, c| vector::i32x4_relaxed_dot_i8x16_i7x16_add_s::<L>(a, b, c) }

            // --- 2 integers of 64 bits ---
            /// Reads a lane.
            ExtractLane I64x2ExtractLane "i64x2.extract_lane" (u64) -> u64 { |a| a }
            /// Replaces a lane.
            ReplaceLane I64x2ReplaceLane "i64x2.replace_lane" (u64) -> v128 { |a, b, lane| vector::i64x2_replace_lane::<L>(a, b, lane) }
            /// Copies a value to every lane.
            Unary I64x2Splat "i64x2.splat" (u64) -> v128 { |a| vector::i64x2_splat::<L>(a) }
            /// Tests for each lane whether two values are equal: all ones or all zeros.
            VectorCommutative I64x2Eq "i64x2.eq" (v128) -> v128 { |a, b| vector::i64x2_eq::<L>(a, b) }
            /// Tests for each lane whether two values differ: all ones or all zeros.
            VectorCommutative I64x2Ne "i64x2.ne" (v128) -> v128 { |a, b| vector::i64x2_ne::<L>(a, b) }
            /// Tests for each lane whether the first signed value is less than the second: all ones or all zeros.
            VectorCommutative I64x2LtS "i64x2.lt_s" (v128) -> v128 { |a, b| vector::i64x2_lt_s::<L>(a, b) }
            /// Tests for each lane whether the first signed value is greater than the second: all ones or all zeros.
            VectorCommutative I64x2GtS "i64x2.gt_s" (v128) -> v128 { |a, b| vector::i64x2_gt_s::<L>(a, b) }
            /// Tests for each lane whether the first signed value is at most the second: all ones or all zeros.
            VectorCommutative I64x2LeS "i64x2.le_s" (v128) -> v128 { |a, b| vector::i64x2_le_s::<L>(a, b) }
            /// Tests for each lane whether the first signed value is at least the second: all ones or all zeros.
            VectorCommutative I64x2GeS "i64x2.ge_s" (v128) -> v128 { |a, b| vector::i64x2_ge_s::<L>(a, b) }
            /// The absolute value of each lane.
            Unary I64x2Abs "i64x2.abs" (v128) -> v128 { |a| vector::i64x2_abs::<L>(a) }
            /// The negated value of each lane.
            Unary I64x2Neg "i64x2.neg" (v128) -> v128 { |a| vector::i64x2_neg::<L>(a) }
            /// Tests whether no lane is zero.
            Unary I64x2AllTrue "i64x2.all_true" (v128) -> u32 { |a| vector::i64x2_all_true::<L>(a) }
            /// The most significant bits of the lanes, as an integer.
            Unary I64x2Bitmask "i64x2.bitmask" (v128) -> u32 { |a| vector::i64x2_bitmask::<L>(a) }
            /// Extends the low half of the signed lanes to twice their width.
            Unary I64x2ExtendLowI32x4S "i64x2.extend_low_i32x4_s" (v128) -> v128 { |a| vector::i64x2_extend_low_i32x4_s::<L>(a) }
            /// Extends the high half of the signed lanes to twice their width.
            Unary I64x2ExtendHighI32x4S "i64x2.extend_high_i32x4_s" (v128) -> v128 { |a| vector::i64x2_extend_high_i32x4_s::<L>(a) }
            /// Extends the low half of the unsigned lanes to twice their width.
            Unary I64x2ExtendLowI32x4U "i64x2.extend_low_i32x4_u" (v128) -> v128 { |a| vector::i64x2_extend_low_i32x4_u::<L>(a) }
            /// Extends the high half of the unsigned lanes to twice their width.
            Unary I64x2ExtendHighI32x4U "i64x2.extend_high_i32x4_u" (v128) -> v128 { |a| vector::i64x2_extend_high_i32x4_u::<L>(a) }
            /// Shifts each lane left.
            Shift I64x2Shl "i64x2.shl" (v128) -> v128 { |a, b| vector::i64x2_shl::<L>(a, b) }
            /// Shifts each lane right, with copies of the sign.
            Shift I64x2ShrS "i64x2.shr_s" (v128) -> v128 { |a, b| vector::i64x2_shr_s::<L>(a, b) }
            /// Shifts each lane right, with zeros.
            Shift I64x2ShrU "i64x2.shr_u" (v128) -> v128 { |a, b| vector::i64x2_shr_u::<L>(a, b) }
            /// Adds lanes.
            VectorCommutative I64x2Add "i64x2.add" (v128) -> v128 { |a, b| vector::i64x2_add::<L>(a, b) }
            /// Subtracts lanes.
            VectorBinary I64x2Sub "i64x2.sub" (v128) -> v128 { |a, b| vector::i64x2_sub::<L>(a, b) }
            /// Multiplies lanes.
            VectorCommutative I64x2Mul "i64x2.mul" (v128) -> v128 { |a, b| vector::i64x2_mul::<L>(a, b) }
            /// Multiplies the low half of the signed lanes to products of twice the width.
            VectorCommutative I64x2ExtMulLowI32x4S "i64x2.extmul_low_i32x4_s" (v128) -> v128 { |a, b| vector::i64x2_extmul_low_i32x4_s::<L>(a, b) }
            /// Multiplies the high half of the signed lanes to products of twice the width.
            VectorCommutative I64x2ExtMulHighI32x4S "i64x2.extmul_high_i32x4_s" (v128) -> v128 { |a, b| vector::i64x2_extmul_high_i32x4_s::<L>(a, b) }
            /// Multiplies the low half of the unsigned lanes to products of twice the width.
            VectorCommutative I64x2ExtMulLowI32x4U "i64x2.extmul_low_i32x4_u" (v128) -> v128 { |a, b| vector::i64x2_extmul_low_i32x4_u::<L>(a, b) }
            /// Multiplies the high half of the unsigned lanes to products of twice the width.
            VectorCommutative I64x2ExtMulHighI32x4U "i64x2.extmul_high_i32x4_u" (v128) -> v128 { |a, b| vector::i64x2_extmul_high_i32x4_u::<L>(a, b) }

            // --- 4 floats of 32 bits ---
            /// Reads a lane.
            ExtractLane F32x4ExtractLane "f32x4.extract_lane" (u32) -> f32 { |a| f32::from_bits(a) }
            /// Replaces a lane.
            ReplaceLane F32x4ReplaceLane "f32x4.replace_lane" (f32) -> v128 { |a, b, lane| vector::f32x4_replace_lane::<L>(a, b, lane) }
            /// Copies a value to every lane.
            Unary F32x4Splat "f32x4.splat" (f32) -> v128 { |a| vector::f32x4_splat::<L>(a) }
            /// Tests for each lane whether two values are equal: all ones or all zeros.
            VectorCommutative F32x4Eq "f32x4.eq" (v128) -> v128 { |a, b| vector::f32x4_eq::<L>(a, b) }
            /// Tests for each lane whether two values differ: all ones or all zeros.
            VectorCommutative F32x4Ne "f32x4.ne" (v128) -> v128 { |a, b| vector::f32x4_ne::<L>(a, b) }
            /// Tests for each lane whether the first value is less than the second: all ones or all zeros.
            VectorCommutative F32x4Lt "f32x4.lt" (v128) -> v128 { |a, b| vector::f32x4_lt::<L>(a, b) }
            /// Tests for each lane whether the first value is greater than the second: all ones or all zeros.
            VectorCommutative F32x4Gt "f32x4.gt" (v128) -> v128 { |a, b| vector::f32x4_gt::<L>(a, b) }
            /// Tests for each lane whether the first value is at most the second: all ones or all zeros.
            VectorCommutative F32x4Le "f32x4.le" (v128) -> v128 { |a, b| vector::f32x4_le::<L>(a, b) }
            /// Tests for each lane whether the first value is at least the second: all ones or all zeros.
            VectorCommutative F32x4Ge "f32x4.ge" (v128) -> v128 { |a, b| vector::f32x4_ge::<L>(a, b) }
            /// Rounds each lane up to an integral value.
            Unary F32x4Ceil "f32x4.ceil" (v128) -> v128 { |a| vector::f32x4_ceil::<L>(a) }
            /// Rounds each lane down to an integral value.
            Unary F32x4Floor "f32x4.floor" (v128) -> v128 { |a| vector::f32x4_floor::<L>(a) }
            /// Rounds each lane toward zero to an integral value.
            Unary F32x4Trunc "f32x4.trunc" (v128) -> v128 { |a| vector::f32x4_trunc::<L>(a) }
            /// Rounds each lane to the nearest integral value, ties to even.
            Unary F32x4Nearest "f32x4.nearest" (v128) -> v128 { |a| vector::f32x4_nearest::<L>(a) }
            /// The absolute value of each lane.
            Unary F32x4Abs "f32x4.abs" (v128) -> v128 { |a| vector::f32x4_abs::<L>(a) }
            /// The negated value of each lane.
            Unary F32x4Neg "f32x4.neg" (v128) -> v128 { |a| vector::f32x4_neg::<L>(a) }
            /// The square root of each lane.
            Unary F32x4Sqrt "f32x4.sqrt" (v128) -> v128 { |a| vector::f32x4_sqrt::<L>(a) }
            /// Adds lanes.
            VectorCommutative F32x4Add "f32x4.add" (v128) -> v128 { |a, b| vector::f32x4_add::<L>(a, b) }
            /// Subtracts lanes.
            VectorBinary F32x4Sub "f32x4.sub" (v128) -> v128 { |a, b| vector::f32x4_sub::<L>(a, b) }
            /// Multiplies lanes.
            VectorCommutative F32x4Mul "f32x4.mul" (v128) -> v128 { |a, b| vector::f32x4_mul::<L>(a, b) }
            /// Divides lanes.
            VectorBinary F32x4Div "f32x4.div" (v128) -> v128 { |a, b| vector::f32x4_div::<L>(a, b) }
            /// The lesser of two floats in each lane; NaN if either is one.
            VectorCommutative F32x4Min "f32x4.min" (v128) -> v128 { |a, b| vector::f32x4_min::<L>(a, b) }
            /// The greater of two floats in each lane; NaN if either is one.
            VectorCommutative F32x4Max "f32x4.max" (v128) -> v128 { |a, b| vector::f32x4_max::<L>(a, b) }
            /// The second float where it is less than the first, else the first.
            VectorBinary F32x4PMin "f32x4.pmin" (v128) -> v128 { |a, b| vector::f32x4_pmin::<L>(a, b) }
            /// The second float where it is greater than the first, else the first.
            VectorBinary F32x4PMax "f32x4.pmax" (v128) -> v128 { |a, b| vector::f32x4_pmax::<L>(a, b) }
            /// Converts signed 32-bit integers to floats.
            Unary F32x4ConvertI32x4S "f32x4.convert_i32x4_s" (v128) -> v128 { |a| vector::f32x4_convert_i32x4_s::<L>(a) }
            /// Converts unsigned 32-bit integers to floats.
            Unary F32x4ConvertI32x4U "f32x4.convert_i32x4_u" (v128) -> v128 { |a| vector::f32x4_convert_i32x4_u::<L>(a) }
            /// Converts two 64-bit floats to 32 bits; the upper lanes are zero.
            Unary F32x4DemoteF64x2Zero "f32x4.demote_f64x2_zero" (v128) -> v128 { |a| vector::f32x4_demote_f64x2_zero::<L>(a) }
            /// Multiplies the first two operands and adds the third, rounding both.
            Ternary F32x4RelaxedMadd "f32x4.relaxed_madd" (v128) -> v128 { |a, b, c| vector::f32x4_relaxed_madd::<L>(a, b, c) }
            /// Multiplies the negated first operand and the second and adds the third, rounding both.
            Ternary F32x4RelaxedNmadd "f32x4.relaxed_nmadd" (v128) -> v128 { |a, b, c| vector::f32x4_relaxed_nmadd::<L>(a, b, c) }

            // --- 2 floats of 64 bits ---
            /// Reads a lane.
            ExtractLane F64x2ExtractLane "f64x2.extract_lane" (u64) -> f64 { |a| f64::from_bits(a) }
            /// Replaces a lane.
            ReplaceLane F64x2ReplaceLane "f64x2.replace_lane" (f64) -> v128 { |a, b, lane| vector::f64x2_replace_lane::<L>(a, b, lane) }
            /// Copies a value to every lane.
            Unary F64x2Splat "f64x2.splat" (f64) -> v128 { |a| vector::f64x2_splat::<L>(a) }
            /// Tests for each lane whether two values are equal: all ones or all zeros.
            VectorCommutative F64x2Eq "f64x2.eq" (v128) -> v128 { |a, b| vector::f64x2_eq::<L>(a, b) }
            /// Tests for each lane whether two values differ: all ones or all zeros.
            VectorCommutative F64x2Ne "f64x2.ne" (v128) -> v128 { |a, b| vector::f64x2_ne::<L>(a, b) }
            /// Tests for each lane whether the first value is less than the second: all ones or all zeros.
            VectorCommutative F64x2Lt "f64x2.lt" (v128) -> v128 { |a, b| vector::f64x2_lt::<L>(a, b) }
            /// Tests for each lane whether the first value is greater than the second: all ones or all zeros.
            VectorCommutative F64x2Gt "f64x2.gt" (v128) -> v128 { |a, b| vector::f64x2_gt::<L>(a, b) }
            /// Tests for each lane whether the first value is at most the second: all ones or all zeros.
            VectorCommutative F64x2Le "f64x2.le" (v128) -> v128 { |a, b| vector::f64x2_le::<L>(a, b) }
            /// Tests for each lane whether the first value is at least the second: all ones or all zeros.
            VectorCommutative F64x2Ge "f64x2.ge" (v128) -> v128 { |a, b| vector::f64x2_ge::<L>(a, b) }
            /// Rounds each lane up to an integral value.
            Unary F64x2Ceil "f64x2.ceil" (v128) -> v128 { |a| vector::f64x2_ceil::<L>(a) }
            /// Rounds each lane down to an integral value.
            Unary F64x2Floor "f64x2.floor" (v128) -> v128 { |a| vector::f64x2_floor::<L>(a) }
            /// Rounds each lane toward zero to an integral value.
            Unary F64x2Trunc "f64x2.trunc" (v128) -> v128 { |a| vector::f64x2_trunc::<L>(a) }
            /// Rounds each lane to the nearest integral value, ties to even.
            Unary F64x2Nearest "f64x2.nearest" (v128) -> v128 { |a| vector::f64x2_nearest::<L>(a) }
            /// The absolute value of each lane.
            Unary F64x2Abs "f64x2.abs" (v128) -> v128 { |a| vector::f64x2_abs::<L>(a) }
            /// The negated value of each lane.
            Unary F64x2Neg "f64x2.neg" (v128) -> v128 { |a| vector::f64x2_neg::<L>(a) }
            /// The square root of each lane.
            Unary F64x2Sqrt "f64x2.sqrt" (v128) -> v128 { |a| vector::f64x2_sqrt::<L>(a) }
            /// Adds lanes.
            VectorCommutative F64x2Add "f64x2.add" (v128) -> v128 { |a, b| vector::f64x2_add::<L>(a, b) }
            /// Subtracts lanes.
            VectorBinary F64x2Sub "f64x2.sub" (v128) -> v128 { |a, b| vector::f64x2_sub::<L>(a, b) }
            /// Multiplies lanes.
            VectorCommutative F64x2Mul "f64x2.mul" (v128) -> v128 { |a, b| vector::f64x2_mul::<L>(a, b) }
            /// Divides lanes.
            VectorBinary F64x2Div "f64x2.div" (v128) -> v128 { |a, b| vector::f64x2_div::<L>(a, b) }
            /// The lesser of two floats in each lane; NaN if either is one.
            VectorCommutative F64x2Min "f64x2.min" (v128) -> v128 { |a, b| vector::f64x2_min::<L>(a, b) }
            /// The greater of two floats in each lane; NaN if either is one.
            VectorCommutative F64x2Max "f64x2.max" (v128) -> v128 { |a, b| vector::f64x2_max::<L>(a, b) }
            /// The second float where it is less than the first, else the first.
            VectorBinary F64x2PMin "f64x2.pmin" (v128) -> v128 { |a, b| vector::f64x2_pmin::<L>(a, b) }
            /// The second float where it is greater than the first, else the first.
            VectorBinary F64x2PMax "f64x2.pmax" (v128) -> v128 { |a, b| vector::f64x2_pmax::<L>(a, b) }
            /// Converts the two low signed 32-bit integers to floats.
            Unary F64x2ConvertLowI32x4S "f64x2.convert_low_i32x4_s" (v128) -> v128 { |a| vector::f64x2_convert_low_i32x4_s::<L>(a) }
            /// Converts the two low unsigned 32-bit integers to floats.
            Unary F64x2ConvertLowI32x4U "f64x2.convert_low_i32x4_u" (v128) -> v128 { |a| vector::f64x2_convert_low_i32x4_u::<L>(a) }
            /// Converts the two low 32-bit floats to 64 bits.
            Unary F64x2PromoteLowF32x4 "f64x2.promote_low_f32x4" (v128) -> v128 { |a| vector::f64x2_promote_low_f32x4::<L>(a) }
            /// Multiplies the first two operands and adds the third, rounding both.
            Ternary F64x2RelaxedMadd "f64x2.relaxed_madd" (v128) -> v128 { |a, b, c| vector::f64x2_relaxed_madd::<L>(a, b, c) }
            /// Multiplies the negated first operand and the second and adds the third, rounding both.
            Ternary F64x2RelaxedNmadd "f64x2.relaxed_nmadd" (v128) -> v128 { |a, b, c| vector::f64x2_relaxed_nmadd::<L>(a, b, c) }

            // --- memory: the type in memory, the type on the stack ---
            /// Loads a vector from memory.
            Load V128Load "v128.load" (v128) -> v128 { |a| a }
            /// Loads 64 bits and extends signed lanes to twice their width.
            Load V128Load8x8S "v128.load8x8_s" (u64) -> v128 { |a| vector::v128_load8x8_s::<L>(a) }
            /// Loads 64 bits and extends unsigned lanes to twice their width.
            Load V128Load8x8U "v128.load8x8_u" (u64) -> v128 { |a| vector::v128_load8x8_u::<L>(a) }
            /// Loads 64 bits and extends signed lanes to twice their width.
            Load V128Load16x4S "v128.load16x4_s" (u64) -> v128 { |a| vector::v128_load16x4_s::<L>(a) }
            /// Loads 64 bits and extends unsigned lanes to twice their width.
            Load V128Load16x4U "v128.load16x4_u" (u64) -> v128 { |a| vector::v128_load16x4_u::<L>(a) }
            /// Loads 64 bits and extends signed lanes to twice their width.
            Load V128Load32x2S "v128.load32x2_s" (u64) -> v128 { |a| vector::v128_load32x2_s::<L>(a) }
            /// Loads 64 bits and extends unsigned lanes to twice their width.
            Load V128Load32x2U "v128.load32x2_u" (u64) -> v128 { |a| vector::v128_load32x2_u::<L>(a) }
            /// Loads 8 bits and copies them to every lane.
            Load V128Load8Splat "v128.load8_splat" (u8) -> v128 { |a| vector::i8x16_splat::<L>(u32::from(a)) }
            /// Loads 16 bits and copies them to every lane.
            Load V128Load16Splat "v128.load16_splat" (u16) -> v128 { |a| vector::i16x8_splat::<L>(u32::from(a)) }
            /// Loads 32 bits and copies them to every lane.
            Load V128Load32Splat "v128.load32_splat" (u32) -> v128 { |a| vector::i32x4_splat::<L>(a) }
            /// Loads 64 bits and copies them to every lane.
            Load V128Load64Splat "v128.load64_splat" (u64) -> v128 { |a| vector::i64x2_splat::<L>(a) }
            /// Loads 32 bits into the lowest lane; the other bits are zero.
            Load V128Load32Zero "v128.load32_zero" (u32) -> v128 { |a| vector::v128_load32_zero::<L>(a) }
            /// Loads 64 bits into the lowest lane; the other bits are zero.
            Load V128Load64Zero "v128.load64_zero" (u64) -> v128 { |a| vector::v128_load64_zero::<L>(a) }
            /// Stores a vector to memory.
            VectorStore V128Store "v128.store" (v128) -> v128 { |a| a }

            // --- slots and globals ---
            /// Copies a vector between slots.
            Control CopyV128 "copy.v128" [to: NearSlot, from: NearSlot]
            /// Copies a vector between slots, by way of the accumulator of vectors.
            Control CopyThroughV128 "copy.v128.d" [to: NearSlot, from: NearSlot]
            /// Copies the accumulator of vectors to slots.
            Control CopyAccV128 "copy_r.v128" [to: NearSlot]
            /// Selects the first vector where an integer is not zero, else the second.
            Control SelectV128 "select.v128" [result: NearSlot, first: NearSlot, second: NearSlot, condition: NearSlot]
            /// Reads a global into the accumulator of vectors and slots.
            Control GlobalGetV128 "global.get.v128" [result: NearSlot, global: ModuleGlobal]
            /// Writes a vector in slots to a global.
            Control GlobalSetV128 "global.set.v128" [value: NearSlot, global: ModuleGlobal]
            /// Returns a vector in slots.
            Control ReturnV128 "return_s.v128" [to: NearSlot, from: NearSlot]
            /// Returns the accumulator of vectors.
            Control ReturnAccV128 "return_r.v128" [to: NearSlot]
        }
    };
}

/// As above, without the rows for vectors.
#[cfg(not(feature = "simd"))]
macro_rules! for_each_vector_op {
    ($callback:ident [$($extra:tt)*] { $($rows:tt)* }) => {
        $callback! { [$($extra)*] $($rows)* }
    };
}

pub(crate) use for_each_vector_op;
