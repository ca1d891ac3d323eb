//! The rows of the op table for structures, arrays and casts: the gc proposal.
//!
//! They are rows like those of [`table`](super::table), whose page says how to read them. A row of
//! the families `FieldGet`, `FieldSet`, `ElementGet` and `ElementSet` has the type in the object
//! and the type on the stack.
//!
//! `for_each_object_op!` calls `$callback!` with the tokens it was given, the rows it was given,
//! these rows, and those of [`vector_table`](super::vector_table).

macro_rules! for_each_object_op {
    ($callback:ident [$($extra:tt)*] { $($rows:tt)* }) => {
        $crate::code::vector_table::for_each_vector_op! { $callback [$($extra)*] {
            $($rows)*

            // --- fields of structures ---
            /// Reads a 32-bit field of a structure; traps on null.
            FieldGet StructGetI32 "struct.get_i32" (u32) -> u32 { |a| a }
            /// Reads a 64-bit field of a structure; traps on null.
            FieldGet StructGetI64 "struct.get_i64" (u64) -> u64 { |a| a }
            /// Reads a float from a field of a structure; traps on null.
            FieldGet StructGetF32 "struct.get_f32" (u32) -> f32 { |a| f32::from_bits(a) }
            /// Reads a float from a field of a structure; traps on null.
            FieldGet StructGetF64 "struct.get_f64" (u64) -> f64 { |a| f64::from_bits(a) }
            /// Reads an 8-bit field of a structure and extends its sign; traps on null.
            FieldGet StructGet8S "struct.get8_s" (u8) -> i32 { |a| i32::from(a as i8) }
            /// Reads an 8-bit field of a structure and extends it with zeros; traps on null.
            FieldGet StructGet8U "struct.get8_u" (u8) -> u32 { |a| u32::from(a) }
            /// Reads a 16-bit field of a structure and extends its sign; traps on null.
            FieldGet StructGet16S "struct.get16_s" (u16) -> i32 { |a| i32::from(a as i16) }
            /// Reads a 16-bit field of a structure and extends it with zeros; traps on null.
            FieldGet StructGet16U "struct.get16_u" (u16) -> u32 { |a| u32::from(a) }
            /// Writes an 8-bit field of a structure; traps on null.
            FieldSet StructSet8 "struct.set8" (u32) -> u8 { |a| a as u8 }
            /// Writes a 16-bit field of a structure; traps on null.
            FieldSet StructSet16 "struct.set16" (u32) -> u16 { |a| a as u16 }
            /// Writes a 32-bit field of a structure; traps on null.
            FieldSet StructSet32 "struct.set32" (u32) -> u32 { |a| a }
            /// Writes a 64-bit field of a structure; traps on null.
            FieldSet StructSet64 "struct.set64" (u64) -> u64 { |a| a }
            /// Writes a reference to a field of a structure; traps on null.
            FieldSet StructSetRef "struct.set_ref" (u32) -> u32 { |a| a }
            // --- elements of arrays ---
            /// Reads a 32-bit element of an array; traps on null and out of bounds.
            ElementGet ArrayGetI32 "array.get_i32" (u32) -> u32 { |a| a }
            /// Reads a 64-bit element of an array; traps on null and out of bounds.
            ElementGet ArrayGetI64 "array.get_i64" (u64) -> u64 { |a| a }
            /// Reads a float from an element of an array; traps on null and out of bounds.
            ElementGet ArrayGetF32 "array.get_f32" (u32) -> f32 { |a| f32::from_bits(a) }
            /// Reads a float from an element of an array; traps on null and out of bounds.
            ElementGet ArrayGetF64 "array.get_f64" (u64) -> f64 { |a| f64::from_bits(a) }
            /// Reads an 8-bit element of an array and extends its sign; traps on null and out of bounds.
            ElementGet ArrayGet8S "array.get8_s" (u8) -> i32 { |a| i32::from(a as i8) }
            /// Reads an 8-bit element of an array and extends it with zeros; traps on null and out of bounds.
            ElementGet ArrayGet8U "array.get8_u" (u8) -> u32 { |a| u32::from(a) }
            /// Reads a 16-bit element of an array and extends its sign; traps on null and out of bounds.
            ElementGet ArrayGet16S "array.get16_s" (u16) -> i32 { |a| i32::from(a as i16) }
            /// Reads a 16-bit element of an array and extends it with zeros; traps on null and out of bounds.
            ElementGet ArrayGet16U "array.get16_u" (u16) -> u32 { |a| u32::from(a) }
            /// Writes an 8-bit element of an array; traps on null and out of bounds.
            ElementSet ArraySet8 "array.set8" (u32) -> u8 { |a| a as u8 }
            /// Writes a 16-bit element of an array; traps on null and out of bounds.
            ElementSet ArraySet16 "array.set16" (u32) -> u16 { |a| a as u16 }
            /// Writes a 32-bit element of an array; traps on null and out of bounds.
            ElementSet ArraySet32 "array.set32" (u32) -> u32 { |a| a }
            /// Writes a 64-bit element of an array; traps on null and out of bounds.
            ElementSet ArraySet64 "array.set64" (u64) -> u64 { |a| a }
            /// Writes a reference to an element of an array; traps on null and out of bounds.
            ElementSet ArraySetRef "array.set_ref" (u32) -> u32 { |a| a }
            /// Reads a vector from a field of a structure; traps on null.
            Control StructGetV128 "struct.get_v128" [result: NearSlot, object: NearSlot, offset: u32]
            /// Writes a vector to a field of a structure; traps on null.
            Control StructSetV128 "struct.set_v128" [object: NearSlot, value: NearSlot, offset: u32]
            /// Reads a vector from an element of an array; traps on null and out of bounds.
            Control ArrayGetV128 "array.get_v128" [result: NearSlot, array: NearSlot, index: NearSlot]
            /// Writes a vector to an element of an array; traps on null and out of bounds.
            Control ArraySetV128 "array.set_v128" [array: NearSlot, index: NearSlot, value: NearSlot]
            /// Writes a reference to an exception or a continuation to a field; traps on null.
            Service StructSetTraced "struct.set_traced" [operands: FarSlot, field: u32]
            /// Writes a reference to an exception or a continuation to an element; traps on null and out of bounds.
            Service ArraySetTraced "array.set_traced" [operands: FarSlot]

            // --- creation of objects, on operands in consecutive slots ---
            /// Creates a structure.
            Control StructNew "struct.new" [operands: FarSlot, ty: TypeId, class: u32]
            /// Creates a structure of one 32-bit field.
            Control StructNew1 "struct.new_1" [result: NearSlot, a: NearSlot, class: u16, ty: TypeId]
            /// Creates a structure of two 32-bit fields.
            Control StructNew2 "struct.new_2" [result: NearSlot, a: NearSlot, b: NearSlot, class: u16, ty: TypeId]
            /// Creates a structure of three 32-bit fields.
            Control StructNew3 "struct.new_3" [result: NearSlot, a: NearSlot, b: NearSlot, c: NearSlot, ty: TypeId, class: u16]
            /// Creates a structure of four 32-bit fields.
            Control StructNew4 "struct.new_4" [
                result: NearSlot, a: NearSlot, b: NearSlot, c: NearSlot, d: NearSlot, class: u16, ty: TypeId
            ]
            /// Creates a structure whose fields are zero and null.
            Control StructNewDefault "struct.new_default" [operands: FarSlot, ty: TypeId, class: u32]
            /// Creates an array of a length, with elements that are a value.
            Control ArrayNew "array.new" [operands: FarSlot, ty: TypeId, hidden: FarSlot, metered: u16]
            /// Continues to create a large array with elements that are a value.
            Service ArrayNewRest "array.new_rest" [operands: FarSlot, ty: TypeId, hidden: FarSlot]
            /// Creates an array of a length, with elements that are zero or null.
            Control ArrayNewDefault "array.new_default" [operands: FarSlot, ty: TypeId, metered: u16]
            /// Creates an array of the operands.
            Control ArrayNewFixed "array.new_fixed" [operands: FarSlot, ty: TypeId, count: u32]
            /// Creates an array of numbers in a data segment.
            Control ArrayNewData "array.new_data" [operands: FarSlot, ty: TypeId, hidden: FarSlot, data: ModuleData]
            /// Continues to create a large array of numbers in a data segment.
            Service ArrayNewDataRest "array.new_data_rest" [operands: FarSlot, ty: TypeId, hidden: FarSlot, data: ModuleData]
            /// Creates an array of references in an element segment.
            Control ArrayNewElem "array.new_elem" [operands: FarSlot, ty: TypeId, hidden: FarSlot, elements: ModuleElements]
            /// Continues to create a large array of references in an element segment.
            Service ArrayNewElemRest "array.new_elem_rest" [operands: FarSlot, ty: TypeId, hidden: FarSlot, elements: ModuleElements]

            // --- many elements of arrays ---
            /// Fills elements of an array with a value.
            Service ArrayFill "array.fill" [operands: FarSlot, ty: TypeId]
            /// Copies elements between arrays.
            Control ArrayCopy "array.copy" [operands: FarSlot, ty: TypeId, metered: u16]
            /// Copies numbers of a data segment to an array.
            Service ArrayInitData "array.init_data" [operands: FarSlot, ty: TypeId, data: ModuleData]
            /// Copies references of an element segment to an array.
            Service ArrayInitElem "array.init_elem" [operands: FarSlot, ty: TypeId, elements: ModuleElements]

            // --- integers of 31 bits ---
            /// Makes a reference of the low 31 bits of an integer.
            Unary RefI31 "ref.i31" (u32) -> u32 { |a| a << 1 | 1 }
            /// The integer in a reference, with its sign extended; traps on null.
            PartialUnary I31GetS "i31.get_s" (u32) -> i32 { |a| numeric::i31_get_s(a) }
            /// The integer in a reference, extended with zeros; traps on null.
            PartialUnary I31GetU "i31.get_u" (u32) -> u32 { |a| numeric::i31_get_u(a) }

            // --- tests of types ---
            /// Traps unless a reference is of a structure or array type.
            Control RefCast "ref.cast" [reference: NearSlot, test: CastTest, ty: TypeId]
            /// Traps unless a reference is of another type.
            Control RefCastAny "ref.cast_any" [reference: NearSlot, test: CastTest, ty: TypeId]
            /// Tests whether a reference is of a structure or array type.
            Control RefTest "ref.test" [result: NearSlot, reference: NearSlot, test: CastTest, ty: TypeId]
            /// Tests whether a reference is of another type.
            Control RefTestAny "ref.test_any" [result: NearSlot, reference: NearSlot, test: CastTest, ty: TypeId]
            /// Branches if a reference is of a structure or array type.
            Control BrOnCast "br_on_cast" [reference: NearSlot, test: CastTest, ty: TypeId, target: Target]
            /// Branches if a reference is of another type.
            Control BrOnCastAny "br_on_cast_any" [reference: NearSlot, test: CastTest, ty: TypeId, target: Target]
            /// Branches unless a reference is of a structure or array type.
            Control BrOnCastFail "br_on_cast_fail" [reference: NearSlot, test: CastTest, ty: TypeId, target: Target]
            /// Branches unless a reference is of another type.
            Control BrOnCastFailAny "br_on_cast_fail_any" [reference: NearSlot, test: CastTest, ty: TypeId, target: Target]
        } }
    };
}

pub(crate) use for_each_object_op;
