//! The instruction set: every op, once.
//!
//! # How ops are named
//!
//! An op bears the name of the WebAssembly instruction that it carries out (`i32.add`),
//! or a plain verb where there is none (`copy`, `charge`). A *cell* is an op with chosen
//! places for its operands; its name is the op's with one letter for each operand, in
//! order, and one for the result:
//!
//! ```text
//!   i32.sub_sr.d      s = a stack slot   r = the accumulator   i = an immediate
//!           │││ └──── the result: in the accumulator alone (no suffix), or also in a
//!           ││└────── the second operand        slot (.d)
//!           │└─────── the first operand
//!           └──────── operands follow
//! ```
//!
//! # How to add one
//!
//! 1. Add a row below: its family, its Rust name, its printed name, its operand and
//!    result types, its body. The families (which cells an op has, and their fields) are
//!    described in [`layout`](super::layout).
//! 2. Emit it in `translate`. Handlers, encoder, decoder and printer follow by themselves.
//!
//! A new *family* needs a line in `layout` and one in `execute::handlers`; the two are
//! compared by the compiler.
//!
//! The macro calls `$callback!` with whatever else it was given, and all rows. Rows of the families `control` and
//! `service` have no body here: what they do is a function of the same name in `execute`.

macro_rules! for_each_op {
    ($callback:ident $($extra:tt)*) => {
        $callback! { [$($extra)*]
            // --- integers, 32 bits ---
            commutative I32Add "i32.add" (u32) -> u32 { |a, b| a.wrapping_add(b) }
            binary I32Sub "i32.sub" (u32) -> u32 { |a, b| a.wrapping_sub(b) }
            commutative I32Mul "i32.mul" (u32) -> u32 { |a, b| a.wrapping_mul(b) }
            partial I32DivS "i32.div_s" (i32) -> i32 { |a, b| numeric::i32_div_s(a, b) }
            partial I32DivU "i32.div_u" (u32) -> u32 { |a, b| numeric::i32_div_u(a, b) }
            partial I32RemS "i32.rem_s" (i32) -> i32 { |a, b| numeric::i32_rem_s(a, b) }
            partial I32RemU "i32.rem_u" (u32) -> u32 { |a, b| numeric::i32_rem_u(a, b) }
            commutative I32And "i32.and" (u32) -> u32 { |a, b| a & b }
            commutative I32Or "i32.or" (u32) -> u32 { |a, b| a | b }
            commutative I32Xor "i32.xor" (u32) -> u32 { |a, b| a ^ b }
            binary I32Shl "i32.shl" (u32) -> u32 { |a, b| a.wrapping_shl(b) }
            binary I32ShrS "i32.shr_s" (i32) -> i32 { |a, b| a.wrapping_shr(b as u32) }
            binary I32ShrU "i32.shr_u" (u32) -> u32 { |a, b| a.wrapping_shr(b) }
            binary I32Rotl "i32.rotl" (u32) -> u32 { |a, b| a.rotate_left(b & 31) }
            binary I32Rotr "i32.rotr" (u32) -> u32 { |a, b| a.rotate_right(b & 31) }
            compare I32Eq "i32.eq" (u32) -> u32 { |a, b| a == b }
            compare I32Ne "i32.ne" (u32) -> u32 { |a, b| a != b }
            compare I32LtS "i32.lt_s" (i32) -> u32 { |a, b| a < b }
            compare I32LtU "i32.lt_u" (u32) -> u32 { |a, b| a < b }
            compare I32GtS "i32.gt_s" (i32) -> u32 { |a, b| a > b }
            compare I32GtU "i32.gt_u" (u32) -> u32 { |a, b| a > b }
            compare I32LeS "i32.le_s" (i32) -> u32 { |a, b| a <= b }
            compare I32LeU "i32.le_u" (u32) -> u32 { |a, b| a <= b }
            compare I32GeS "i32.ge_s" (i32) -> u32 { |a, b| a >= b }
            compare I32GeU "i32.ge_u" (u32) -> u32 { |a, b| a >= b }
            compare I32TestAny "i32.test_any" (u32) -> u32 { |a, b| a & b != 0 }
            compare I32TestNone "i32.test_none" (u32) -> u32 { |a, b| a & b == 0 }
            unary I32Clz "i32.clz" (u32) -> u32 { |a| a.leading_zeros() }
            unary I32Ctz "i32.ctz" (u32) -> u32 { |a| a.trailing_zeros() }
            unary I32Popcnt "i32.popcnt" (u32) -> u32 { |a| a.count_ones() }
            unary I32Extend8S "i32.extend8_s" (u32) -> i32 { |a| i32::from(a as i8) }
            unary I32Extend16S "i32.extend16_s" (u32) -> i32 { |a| i32::from(a as i16) }

            // --- integers, 64 bits ---
            commutative_wide I64Add "i64.add" (u64) -> u64 { |a, b| a.wrapping_add(b) }
            binary I64Sub "i64.sub" (u64) -> u64 { |a, b| a.wrapping_sub(b) }
            commutative_wide I64Mul "i64.mul" (u64) -> u64 { |a, b| a.wrapping_mul(b) }
            partial I64DivS "i64.div_s" (i64) -> i64 { |a, b| numeric::i64_div_s(a, b) }
            partial I64DivU "i64.div_u" (u64) -> u64 { |a, b| numeric::i64_div_u(a, b) }
            partial I64RemS "i64.rem_s" (i64) -> i64 { |a, b| numeric::i64_rem_s(a, b) }
            partial I64RemU "i64.rem_u" (u64) -> u64 { |a, b| numeric::i64_rem_u(a, b) }
            commutative_wide I64And "i64.and" (u64) -> u64 { |a, b| a & b }
            commutative_wide I64Or "i64.or" (u64) -> u64 { |a, b| a | b }
            commutative_wide I64Xor "i64.xor" (u64) -> u64 { |a, b| a ^ b }
            binary I64Shl "i64.shl" (u64) -> u64 { |a, b| a.wrapping_shl(b as u32) }
            binary I64ShrS "i64.shr_s" (i64) -> i64 { |a, b| a.wrapping_shr(b as u32) }
            binary I64ShrU "i64.shr_u" (u64) -> u64 { |a, b| a.wrapping_shr(b as u32) }
            binary I64Rotl "i64.rotl" (u64) -> u64 { |a, b| a.rotate_left((b & 63) as u32) }
            binary I64Rotr "i64.rotr" (u64) -> u64 { |a, b| a.rotate_right((b & 63) as u32) }
            compare I64Eq "i64.eq" (u64) -> u32 { |a, b| a == b }
            compare I64Ne "i64.ne" (u64) -> u32 { |a, b| a != b }
            compare I64LtS "i64.lt_s" (i64) -> u32 { |a, b| a < b }
            compare I64LtU "i64.lt_u" (u64) -> u32 { |a, b| a < b }
            compare I64GtS "i64.gt_s" (i64) -> u32 { |a, b| a > b }
            compare I64GtU "i64.gt_u" (u64) -> u32 { |a, b| a > b }
            compare I64LeS "i64.le_s" (i64) -> u32 { |a, b| a <= b }
            compare I64LeU "i64.le_u" (u64) -> u32 { |a, b| a <= b }
            compare I64GeS "i64.ge_s" (i64) -> u32 { |a, b| a >= b }
            compare I64GeU "i64.ge_u" (u64) -> u32 { |a, b| a >= b }
            unary I64Clz "i64.clz" (u64) -> u64 { |a| u64::from(a.leading_zeros()) }
            unary I64Ctz "i64.ctz" (u64) -> u64 { |a| u64::from(a.trailing_zeros()) }
            unary I64Popcnt "i64.popcnt" (u64) -> u64 { |a| u64::from(a.count_ones()) }
            unary I64Extend8S "i64.extend8_s" (u64) -> i64 { |a| i64::from(a as i8) }
            unary I64Extend16S "i64.extend16_s" (u64) -> i64 { |a| i64::from(a as i16) }
            unary I64Extend32S "i64.extend32_s" (u64) -> i64 { |a| i64::from(a as i32) }
            unary I32WrapI64 "i32.wrap_i64" (u64) -> u32 { |a| a as u32 }
            wide I64Add128 "i64.add128" { |a, b| a.wrapping_add(b) }
            wide I64Sub128 "i64.sub128" { |a, b| a.wrapping_sub(b) }
            wide_multiply I64MulWideS "i64.mul_wide_s" {
                |a, b| (i128::from(a as i64) * i128::from(b as i64)) as u128
            }
            wide_multiply I64MulWideU "i64.mul_wide_u" { |a, b| u128::from(a) * u128::from(b) }

            // --- floats, 32 bits ---
            commutative F32Add "f32.add" (f32) -> f32 { |a, b| float::canonical32(a + b) }
            binary F32Sub "f32.sub" (f32) -> f32 { |a, b| float::canonical32(a - b) }
            commutative F32Mul "f32.mul" (f32) -> f32 { |a, b| float::canonical32(a * b) }
            binary F32Div "f32.div" (f32) -> f32 { |a, b| float::canonical32(a / b) }
            commutative F32Min "f32.min" (f32) -> f32 { |a, b| numeric::f32_min(a, b) }
            commutative F32Max "f32.max" (f32) -> f32 { |a, b| numeric::f32_max(a, b) }
            binary F32Copysign "f32.copysign" (f32) -> f32 { |a, b| a.copysign(b) }
            compare_float F32Eq "f32.eq" (f32) -> u32 { |a, b| a == b }
            compare_float F32Ne "f32.ne" (f32) -> u32 { |a, b| a != b }
            compare_float F32Lt "f32.lt" (f32) -> u32 { |a, b| a < b }
            compare_float F32Gt "f32.gt" (f32) -> u32 { |a, b| a > b }
            compare_float F32Le "f32.le" (f32) -> u32 { |a, b| a <= b }
            compare_float F32Ge "f32.ge" (f32) -> u32 { |a, b| a >= b }
            unary F32Abs "f32.abs" (f32) -> f32 { |a| a.abs() }
            unary F32Neg "f32.neg" (f32) -> f32 { |a| -a }
            unary F32Ceil "f32.ceil" (f32) -> f32 { |a| float::canonical32(float::ceil32(a)) }
            unary F32Floor "f32.floor" (f32) -> f32 { |a| float::canonical32(float::floor32(a)) }
            unary F32Trunc "f32.trunc" (f32) -> f32 { |a| float::canonical32(float::trunc32(a)) }
            unary F32Nearest "f32.nearest" (f32) -> f32 {
                |a| float::canonical32(float::nearest32(a))
            }
            unary F32Sqrt "f32.sqrt" (f32) -> f32 { |a| float::canonical32(float::sqrt32(a)) }

            // --- floats, 64 bits ---
            commutative F64Add "f64.add" (f64) -> f64 { |a, b| float::canonical64(a + b) }
            binary F64Sub "f64.sub" (f64) -> f64 { |a, b| float::canonical64(a - b) }
            commutative F64Mul "f64.mul" (f64) -> f64 { |a, b| float::canonical64(a * b) }
            binary F64Div "f64.div" (f64) -> f64 { |a, b| float::canonical64(a / b) }
            commutative F64Min "f64.min" (f64) -> f64 { |a, b| numeric::f64_min(a, b) }
            commutative F64Max "f64.max" (f64) -> f64 { |a, b| numeric::f64_max(a, b) }
            binary F64Copysign "f64.copysign" (f64) -> f64 { |a, b| a.copysign(b) }
            compare_float F64Eq "f64.eq" (f64) -> u32 { |a, b| a == b }
            compare_float F64Ne "f64.ne" (f64) -> u32 { |a, b| a != b }
            compare_float F64Lt "f64.lt" (f64) -> u32 { |a, b| a < b }
            compare_float F64Gt "f64.gt" (f64) -> u32 { |a, b| a > b }
            compare_float F64Le "f64.le" (f64) -> u32 { |a, b| a <= b }
            compare_float F64Ge "f64.ge" (f64) -> u32 { |a, b| a >= b }
            unary F64Abs "f64.abs" (f64) -> f64 { |a| a.abs() }
            unary F64Neg "f64.neg" (f64) -> f64 { |a| -a }
            unary F64Ceil "f64.ceil" (f64) -> f64 { |a| float::canonical64(float::ceil64(a)) }
            unary F64Floor "f64.floor" (f64) -> f64 { |a| float::canonical64(float::floor64(a)) }
            unary F64Trunc "f64.trunc" (f64) -> f64 { |a| float::canonical64(float::trunc64(a)) }
            unary F64Nearest "f64.nearest" (f64) -> f64 {
                |a| float::canonical64(float::nearest64(a))
            }
            unary F64Sqrt "f64.sqrt" (f64) -> f64 { |a| float::canonical64(float::sqrt64(a)) }

            // --- conversions ---
            unary I64ExtendI32S "i64.extend_i32_s" (i32) -> i64 { |a| i64::from(a) }
            partial_unary I32TruncF32S "i32.trunc_f32_s" (f32) -> i32 { |a| numeric::i32_trunc_f32_s(a) }
            partial_unary I32TruncF32U "i32.trunc_f32_u" (f32) -> u32 { |a| numeric::i32_trunc_f32_u(a) }
            partial_unary I32TruncF64S "i32.trunc_f64_s" (f64) -> i32 { |a| numeric::i32_trunc_f64_s(a) }
            partial_unary I32TruncF64U "i32.trunc_f64_u" (f64) -> u32 { |a| numeric::i32_trunc_f64_u(a) }
            partial_unary I64TruncF32S "i64.trunc_f32_s" (f32) -> i64 { |a| numeric::i64_trunc_f32_s(a) }
            partial_unary I64TruncF32U "i64.trunc_f32_u" (f32) -> u64 { |a| numeric::i64_trunc_f32_u(a) }
            partial_unary I64TruncF64S "i64.trunc_f64_s" (f64) -> i64 { |a| numeric::i64_trunc_f64_s(a) }
            partial_unary I64TruncF64U "i64.trunc_f64_u" (f64) -> u64 { |a| numeric::i64_trunc_f64_u(a) }
            unary I32TruncSatF32S "i32.trunc_sat_f32_s" (f32) -> i32 { |a| a as i32 }
            unary I32TruncSatF32U "i32.trunc_sat_f32_u" (f32) -> u32 { |a| a as u32 }
            unary I32TruncSatF64S "i32.trunc_sat_f64_s" (f64) -> i32 { |a| a as i32 }
            unary I32TruncSatF64U "i32.trunc_sat_f64_u" (f64) -> u32 { |a| a as u32 }
            unary I64TruncSatF32S "i64.trunc_sat_f32_s" (f32) -> i64 { |a| a as i64 }
            unary I64TruncSatF32U "i64.trunc_sat_f32_u" (f32) -> u64 { |a| a as u64 }
            unary I64TruncSatF64S "i64.trunc_sat_f64_s" (f64) -> i64 { |a| a as i64 }
            unary I64TruncSatF64U "i64.trunc_sat_f64_u" (f64) -> u64 { |a| a as u64 }
            unary F32ConvertI32S "f32.convert_i32_s" (i32) -> f32 { |a| a as f32 }
            unary F32ConvertI32U "f32.convert_i32_u" (u32) -> f32 { |a| a as f32 }
            unary F32ConvertI64S "f32.convert_i64_s" (i64) -> f32 { |a| a as f32 }
            unary F32ConvertI64U "f32.convert_i64_u" (u64) -> f32 { |a| a as f32 }
            unary F64ConvertI32S "f64.convert_i32_s" (i32) -> f64 { |a| f64::from(a) }
            unary F64ConvertI32U "f64.convert_i32_u" (u32) -> f64 { |a| f64::from(a) }
            unary F64ConvertI64S "f64.convert_i64_s" (i64) -> f64 { |a| a as f64 }
            unary F64ConvertI64U "f64.convert_i64_u" (u64) -> f64 { |a| a as f64 }
            unary F32DemoteF64 "f32.demote_f64" (f64) -> f32 { |a| float::canonical32(a as f32) }
            unary F64PromoteF32 "f64.promote_f32" (f32) -> f64 { |a| float::canonical64(f64::from(a)) }
            unary I32ReinterpretF32 "i32.reinterpret_f32" (f32) -> u32 { |a| a.to_bits() }
            unary I64ReinterpretF64 "i64.reinterpret_f64" (f64) -> u64 { |a| a.to_bits() }
            unary F32ReinterpretI32 "f32.reinterpret_i32" (u32) -> f32 { |a| f32::from_bits(a) }
            unary F64ReinterpretI64 "f64.reinterpret_i64" (u64) -> f64 { |a| f64::from_bits(a) }

            // --- memory: the type in memory, the type on the stack ---
            load I32Load "i32.load" (u32) -> u32 { |a| a }
            load I64Load "i64.load" (u64) -> u64 { |a| a }
            load F32Load "f32.load" (u32) -> f32 { |a| f32::from_bits(a) }
            load F64Load "f64.load" (u64) -> f64 { |a| f64::from_bits(a) }
            load I32Load8S "i32.load8_s" (u8) -> i32 { |a| i32::from(a as i8) }
            load I32Load8U "i32.load8_u" (u8) -> u32 { |a| u32::from(a) }
            load I32Load16S "i32.load16_s" (u16) -> i32 { |a| i32::from(a as i16) }
            load I32Load16U "i32.load16_u" (u16) -> u32 { |a| u32::from(a) }
            load I64Load8S "i64.load8_s" (u8) -> i64 { |a| i64::from(a as i8) }
            load I64Load16S "i64.load16_s" (u16) -> i64 { |a| i64::from(a as i16) }
            load I64Load32S "i64.load32_s" (u32) -> i64 { |a| i64::from(a as i32) }
            store I32Store "i32.store" (u32) -> u32 { |a| a }
            store I64Store "i64.store" (u64) -> u64 { |a| a }
            store I32Store8 "i32.store8" (u32) -> u8 { |a| a as u8 }
            store I32Store16 "i32.store16" (u32) -> u16 { |a| a as u16 }
            store_float F32Store "f32.store" (f32) -> u32 { |a| a.to_bits() }
            store_float F64Store "f64.store" (f64) -> u64 { |a| a.to_bits() }
            control MemorySize "memory.size" [D0, U12]
            control MemoryCopy "memory.copy" [FarS8]
            control MemoryFill "memory.fill" [FarS8]

            // --- slots, globals, tables ---
            control Copy "copy" [D0, S1]
            control CopyThrough "copy.d" [D0, S1]
            control CopyThrough2 "copy2.d" [D0, S1, D2, S3]
            control Copy2 "copy2" [D0, S1, D2, S3]
            control Copy4 "copy4" [D0, S1, D2, S3, D4, S5, D6, S7]
            control CopyFar "copy_far" [FarD8, FarS12]
            control CopyMany "copy_many" [FarD8, FarS12, U16]
            control CopyAcc "copy_r" [D0]
            control CopyAccF32 "copy_r.f32" [D0]
            control CopyAccF64 "copy_r.f64" [D0]
            control Const32 "const32" [D0, U12]
            control Const64 "const64" [D0, W2]
            control ZeroLocals "zero" [FarD8, U12]
            control GlobalGet "global.get" [U12]
            control GlobalGetSlot "global.get.d" [D0, U12]
            control GlobalSet "global.set_s" [S1, U12]
            control GlobalSetAcc "global.set_r" [U12]
            control TableGet "table.get" [D0, S1, U12]
            control TableSet "table.set" [S0, S1, U12]
            control TableGetWide "table.get_wide" [D0, S1, U12]
            control TableSetWide "table.set_wide" [S0, S1, U12]
            control TableSize "table.size" [D0, U12]
            control RefAsNonNull "ref.as_non_null" [S1]

            // --- control ---
            control Unreachable "unreachable" []
            control Branch "br" [T1]
            control BranchTableSlot "br_table_s" [S1, Targets]
            control BranchTableAcc "br_table_r" [Targets]
            control Charge "charge" [U12]
            control ChargeSize "charge_size" [FarS8]
            control PollFuel "poll_fuel" []
            control PollInterrupt "poll_interrupt" []
            control PollEpoch "poll_epoch" []
            control Return "return" []
            control ReturnSlot "return_s" [D0, S1]
            control ReturnAcc "return_r" [D0]
            control ReturnAccF32 "return_r.f32" [D0]
            control ReturnAccF64 "return_r.f64" [D0]
            control ReturnConst32 "return_i" [D0, U12]
            control ReturnMany "return_many" [FarD8, FarS12, U16]
            control Call "call" [Entry1, FarS16, U20]
            control CallImport "call_import" [FarS8, U12]
            control CallIndirectSlot "call_indirect_s" [S1, U12, U16, FarS20]
            control CallIndirectAcc "call_indirect_r" [U12, U16, FarS20]
            control IndirectCallee "indirect_callee" [FarS8, U12, U16]
            control CallRef "call_ref" [S1, FarS12]
            control ReturnCall "return_call" [Entry1, FarS16, H20, H22, U24]
            control ReturnCallImport "return_call_import" [U12, FarS16, H20, H22]
            control ReturnCallIndirect "return_call_indirect" [S1, U12, FarS16, H20, H22, U24]
            control ReturnCallRef "return_call_ref" [S1, FarS16, H20, H22]
            control Translate "translate" []
            control ReturnBoundary "return_boundary" []
            control ReturnHost "return_host" []
            control Suspend "suspend" [FarS8, U12, U16, U20]
            control SuspendValues "suspend_values" [FarS8, U12, U16, U20]
            control SuspendShared "suspend_shared" [FarS8, U12, U16, U20]
            control Resume "resume" [FarS8, Clauses]
            control ResumeValues "resume_values" [FarS8, Clauses]
            control ResumeThrow "resume_throw" [FarS8, Clauses]
            control ResumeThrowRef "resume_throw_ref" [FarS8, Clauses]
            control Switch "switch" [FarS8, U12, U16, U20]
            control StartHost "start_host" []
            control ReturnContinuation "return_continuation" []
            control Nop "nop" []

            // --- what the driver does, on operands in consecutive slots ---
            service MemoryGrow "memory.grow" [FarS8, U12]
            service MemoryCopyAny "memory.copy_any" [FarS8, U12, U16]
            service MemoryFillAny "memory.fill_any" [FarS8, U12]
            service MemoryInit "memory.init" [FarS8, U12, U16]
            service DataDrop "data.drop" [FarS8, U12]
            service TableGrow "table.grow" [FarS8, U12]
            service TableFill "table.fill" [FarS8, U12]
            service TableCopy "table.copy" [FarS8, U12, U16]
            service TableInit "table.init" [FarS8, U12, U16]
            service ElemDrop "elem.drop" [FarS8, U12]
            service RefFunc "ref.func" [FarS8, U12]
            service Throw "throw" [FarS8, U12]
            service ThrowRef "throw_ref" [FarS8, U12]
            service ContNew "cont.new" [FarS8]
            service ContBind "cont.bind" [FarS8, U12, U16]
        }
    };
}

pub(crate) use for_each_op;
