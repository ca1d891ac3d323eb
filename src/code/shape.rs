//! The shapes of cells: which operands a variant of an op has, and where each comes from.
//!
//! A shape is a type, such as `Binary<Slot, Imm, Acc>`: two operands, the first in a slot,
//! the second an immediate, and a result that goes to the accumulator alone. `execute` gives
//! shapes a meaning; the [`Spec`] of a shape is the same as a value. Both have their fields
//! from the one list in this file.

use super::field::FieldKind;
use super::layout::Layout;
use super::scalar::Scalar;
use core::marker::PhantomData;

/// The source of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A slot.
    Slot,
    /// The accumulator of the operand's type.
    Acc,
    /// An immediate: 32 bits, of 64-bit floats 64.
    Imm,
    /// An immediate of 64 bits.
    Wide,
}

impl Place {
    /// Returns the encoding of the field of an operand in a slot, or of the place that is kept
    /// for it, so that the variants of an op differ little; none of an immediate.
    const fn slot(self) -> Option<FieldKind> {
        match self {
            Place::Slot => Some(FieldKind::NearSlot),
            Place::Acc => Some(FieldKind::Unused),
            Place::Imm | Place::Wide => None,
        }
    }

    /// Returns the encoding of the field of an immediate; none of other operands.
    const fn immediate(self, ty: Scalar) -> Option<FieldKind> {
        match self {
            Place::Slot | Place::Acc => None,
            Place::Imm if !ty.has_wide_immediates() => Some(FieldKind::U32),
            Place::Imm | Place::Wide => Some(FieldKind::U64),
        }
    }

    /// Returns the encoding of the operand's field.
    const fn kind(self, ty: Scalar) -> Option<FieldKind> {
        match self {
            Place::Slot | Place::Acc => self.slot(),
            Place::Imm | Place::Wide => self.immediate(ty),
        }
    }
}

/// The destination of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Out {
    /// The accumulator of the result's type.
    Acc,
    /// That accumulator and a slot.
    AccAndSlot,
}

impl Out {
    const fn kind(self) -> Option<FieldKind> {
        Some(match self {
            // The result of the last cell can be redirected: its slot has a place in all.
            Out::Acc => FieldKind::Unused,
            Out::AccAndSlot => FieldKind::NearSlot,
        })
    }
}

/// The form of an address in memory 0.
///
/// The field of the offset has the distance from the base to the *end* of the access: the offset of the
/// instruction plus the number of bytes that it accesses. So a handler adds once before it compares with
/// the size of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// An operand in a slot, plus a 32-bit offset.
    BasedSlot,
    /// An operand in the accumulator, plus a 32-bit offset.
    BasedAcc,
    /// A constant.
    Fixed,
    /// The wrapping sum of two slots, plus a 16-bit offset.
    IndexedSlot,
    /// The wrapping sum of the accumulator and a slot, plus a 16-bit offset.
    IndexedAcc,
}

impl Address {
    const fn base(self) -> Option<FieldKind> {
        match self {
            Address::BasedSlot | Address::IndexedSlot => Some(FieldKind::NearSlot),
            Address::BasedAcc | Address::Fixed | Address::IndexedAcc => None,
        }
    }

    const fn index(self) -> Option<FieldKind> {
        match self {
            Address::IndexedSlot | Address::IndexedAcc => Some(FieldKind::NearSlot),
            Address::BasedSlot | Address::BasedAcc | Address::Fixed => None,
        }
    }

    const fn offset(self) -> Option<FieldKind> {
        match self {
            Address::BasedSlot | Address::BasedAcc | Address::Fixed => Some(FieldKind::U32),
            Address::IndexedSlot | Address::IndexedAcc => Some(FieldKind::U16),
        }
    }
}

/// The outcome of a comparison on which a cell branches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The comparison holds.
    Holds,
    /// It does not hold.
    Fails,
}

/// A type that stands for a [`Place`], an [`Out`], an [`Address`] or a [`When`].
pub trait Marks<E> {
    /// The value.
    const VALUE: E;
}

macro_rules! markers {
    ($($(#[doc = $doc:literal])* $marker:ident: $($enum:ident::$value:ident),*;)*) => {$(
        $(#[doc = $doc])*
        pub struct $marker;
        $(
            impl Marks<$enum> for $marker {
                const VALUE: $enum = $enum::$value;
            }
        )*
    )*};
}

markers! {
    /// An operand in a slot.
    Slot: Place::Slot;
    /// An operand, or a result, in the accumulator of its type.
    Acc: Place::Acc, Out::Acc;
    /// An immediate.
    Imm: Place::Imm;
    /// An immediate of 64 bits.
    Wide: Place::Wide;
    /// A result in the accumulator of its type and in a slot.
    AccAndSlot: Out::AccAndSlot;
    /// An address that is a constant.
    Fixed: Address::Fixed;
    /// A branch that is taken where the comparison holds.
    Holds: When::Holds;
    /// A branch that is taken where the comparison does not hold.
    Fails: When::Fails;
}

/// An address that is an operand plus a 32-bit offset.
pub struct Based<A>(PhantomData<A>);

/// An address that is the wrapping sum of two operands plus a 16-bit offset.
pub struct Indexed<A>(PhantomData<A>);

impl Marks<Address> for Based<Slot> {
    const VALUE: Address = Address::BasedSlot;
}

impl Marks<Address> for Based<Acc> {
    const VALUE: Address = Address::BasedAcc;
}

impl Marks<Address> for Indexed<Slot> {
    const VALUE: Address = Address::IndexedSlot;
}

impl Marks<Address> for Indexed<Acc> {
    const VALUE: Address = Address::IndexedAcc;
}

/// A shape, as a type.
pub trait Shape {
    /// The same as a value.
    const SPEC: Spec;
}

/// The most fields of a shape.
pub const MOST_FIELDS: usize = 6;

/// The encodings of the fields of a cell, in order; none for operands without a field.
pub type Kinds = [Option<FieldKind>; MOST_FIELDS];

/// Returns a list of fields with nothing behind its last one.
const fn padded<const N: usize>(kinds: [Option<FieldKind>; N]) -> Kinds {
    let mut all = [None; MOST_FIELDS];
    let mut at = 0;
    while at < N {
        all[at] = kinds[at];
        at += 1;
    }
    all
}

/// Defines shapes: the parameters of each, and its fields in order. `$ty` is the type of
/// the op's operands.
macro_rules! shapes {
    ($(
        $(#[doc = $doc:literal])*
        $shape:ident<$($param:ident: $enum:ident as $name:ident),*> |$ty:ident|
            $values:ident { $($field:ident: $kind:expr),* $(,)? }
    )*) => {
        $(
            $(#[doc = $doc])*
            #[cfg_attr(
                not(backstitch_threads),
                allow(dead_code, reason = "some shapes are those of accesses that threads share")
            )]
            pub struct $shape<$($param),*>(PhantomData<($($param,)*)>);

            impl<$($param: Marks<$enum>),*> Shape for $shape<$($param),*> {
                const SPEC: Spec = Spec::$shape { $($name: $param::VALUE),* };
            }

            $(#[doc = $doc])*
            ///
            /// These are the bits of the fields; those of operands without a field are
            /// ignored, and read as 0.
            #[allow(missing_docs, reason = "the shape documents them")]
            #[allow(dead_code, reason = "some shapes are written with the fields of another")]
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            pub struct $values {
                $(pub $field: u64),*
            }

            #[allow(dead_code, reason = "few shapes are read back")]
            impl $values {
                /// Returns the fields in order.
                pub fn to_bits(self) -> [u64; MOST_FIELDS] {
                    let mut all = [0; MOST_FIELDS];
                    let bits = [$(self.$field),*];
                    all[..bits.len()].copy_from_slice(&bits);
                    all
                }

                /// Returns the fields that stand in this order.
                pub fn from_bits(bits: [u64; MOST_FIELDS]) -> $values {
                    let mut bits = bits.into_iter();
                    $values { $($field: bits.next().unwrap_or(0)),* }
                }
            }
        )*

        /// A shape, as a value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the shapes document their parameters")]
        pub enum Spec {
            /// A cell whose row lists its fields.
            Row,
            $(
                $(#[doc = $doc])*
                $shape { $($name: $enum),* },
            )*
        }

        impl Spec {
            /// Returns the encodings of the fields of a cell of an op on operands of type
            /// `ty`.
            pub const fn kinds(self, ty: Scalar) -> Kinds {
                match self {
                    Spec::Row => [None; MOST_FIELDS],
                    $(Spec::$shape { $($name),* } => {
                        let $ty = ty;
                        let _ = ($ty, $($name),*);
                        padded([$($kind),*])
                    })*
                }
            }

            /// Returns the places of those fields.
            pub const fn layout(self, ty: Scalar) -> Layout {
                match self {
                    Spec::Row => Layout::EMPTY,
                    $(Spec::$shape { $($name),* } => {
                        let $ty = ty;
                        let _ = ($ty, $($name),*);
                        Layout::EMPTY$(.with_some(stringify!($field), $kind))*
                    })*
                }
            }
        }
    };
}

shapes! {
    /// An operation on two operands with a result.
    Binary<A: Place as a, B: Place as b, R: Out as out> |ty| BinaryFields {
        result: out.kind(),
        a: a.slot(),
        b: b.kind(ty),
        a_constant: a.immediate(ty),
    }

    /// An operation on one operand with a result.
    Unary<A: Place as a, R: Out as out> |ty| UnaryFields {
        result: out.kind(),
        a: a.kind(ty),
    }

    /// A comparison whose result is a value.
    Comparison<A: Place as a, B: Place as b, R: Out as out> |ty| ComparisonFields {
        result: out.kind(),
        a: a.kind(ty),
        b: b.kind(ty),
    }

    /// A branch that is taken where a comparison holds, or where it does not.
    Branch<A: Place as a, B: Place as b, W: When as when> |ty| BranchFields {
        a: a.kind(ty),
        b: b.kind(ty),
        target: Some(FieldKind::Target),
    }

    /// A selection: the slot `first` where a comparison of `a` and `b` holds, else the slot
    /// `second`. The result goes to a slot; an integer is in the accumulator as well.
    Select<A: Place as a, B: Place as b> |ty| SelectFields {
        result: Some(FieldKind::NearSlot),
        first: Some(FieldKind::NearSlot),
        second: Some(FieldKind::NearSlot),
        a: a.kind(ty),
        b: b.kind(ty),
    }

    /// The sum of a slot and an immediate, which goes to a slot, and a branch that is taken
    /// where a comparison of the sum with the bound holds.
    Count<B: Place as bound> |ty| CountFields {
        result: Some(FieldKind::NearSlot),
        a: Some(FieldKind::NearSlot),
        bound: bound.slot(),
        step: Some(FieldKind::U32),
        bound_constant: bound.immediate(ty),
        target: Some(FieldKind::Target),
    }

    /// A load from memory 0, which has 32-bit addresses.
    LoadFrom<A: Address as address, R: Out as out> |_ty| LoadFields {
        result: out.kind(),
        base: address.base(),
        index: address.index(),
        offset: address.offset(),
    }

    /// A load from any memory.
    LoadAny<R: Out as out> |_ty| LoadAnyFields {
        result: out.kind(),
        base: Some(FieldKind::NearSlot),
        memory: Some(FieldKind::U32),
        offset: Some(FieldKind::U64),
    }

    /// A store to memory 0, which has 32-bit addresses.
    StoreTo<A: Address as address, V: Place as value> |ty| StoreFields {
        base: address.base(),
        value: value.slot(),
        offset: address.offset(),
        value_constant: value.immediate(ty),
    }

    /// A store to any memory.
    StoreAny<> |_ty| StoreAnyFields {
        base: Some(FieldKind::NearSlot),
        value: Some(FieldKind::NearSlot),
        memory: Some(FieldKind::U32),
        offset: Some(FieldKind::U64),
    }

    /// A load from memory 0, which has 32-bit addresses and is shared with other threads.
    LoadShared<A: Address as address, R: Out as out> |_ty| LoadSharedFields {
        result: out.kind(),
        base: address.base(),
        index: address.index(),
        offset: address.offset(),
    }

    /// A load from any memory that is shared with other threads.
    LoadSharedAny<R: Out as out> |_ty| LoadSharedAnyFields {
        result: out.kind(),
        base: Some(FieldKind::NearSlot),
        memory: Some(FieldKind::U32),
        offset: Some(FieldKind::U64),
    }

    /// A store to memory 0, which has 32-bit addresses and is shared with other threads.
    StoreShared<A: Address as address, V: Place as value> |ty| StoreSharedFields {
        base: address.base(),
        value: value.slot(),
        offset: address.offset(),
        value_constant: value.immediate(ty),
    }

    /// A store to any memory that is shared with other threads.
    StoreSharedAny<> |_ty| StoreSharedAnyFields {
        base: Some(FieldKind::NearSlot),
        value: Some(FieldKind::NearSlot),
        memory: Some(FieldKind::U32),
        offset: Some(FieldKind::U64),
    }

    /// An atomic load from any memory.
    AtomicLoad<R: Out as out> |_ty| AtomicLoadFields {
        result: out.kind(),
        base: Some(FieldKind::NearSlot),
        memory: Some(FieldKind::U32),
        offset: Some(FieldKind::U64),
    }

    /// An atomic store to any memory.
    AtomicStore<> |_ty| AtomicStoreFields {
        base: Some(FieldKind::NearSlot),
        value: Some(FieldKind::NearSlot),
        memory: Some(FieldKind::U32),
        offset: Some(FieldKind::U64),
    }

    /// An atomic operation on a value in any memory, whose former value is the result.
    AtomicUpdate<R: Out as out> |_ty| AtomicUpdateFields {
        result: out.kind(),
        base: Some(FieldKind::NearSlot),
        value: Some(FieldKind::NearSlot),
        memory: Some(FieldKind::U32),
        offset: Some(FieldKind::U64),
    }

    /// An atomic exchange of a value in any memory if an expected one is there. The former value
    /// is the result.
    AtomicExchange<R: Out as out> |_ty| AtomicExchangeFields {
        result: out.kind(),
        base: Some(FieldKind::NearSlot),
        expected: Some(FieldKind::NearSlot),
        value: Some(FieldKind::NearSlot),
        memory: Some(FieldKind::U32),
        offset: Some(FieldKind::U64),
    }

    /// An operation on three vectors with a result.
    Ternary<A: Place as a, B: Place as b, C: Place as c, R: Out as out> |_ty| TernaryFields {
        result: out.kind(),
        a: a.slot(),
        b: b.slot(),
        c: c.slot(),
    }

    /// A shift of a vector by a 32-bit integer.
    Shift<A: Place as a, B: Place as b, R: Out as out> |_ty| ShiftFields {
        result: out.kind(),
        a: a.slot(),
        count: b.kind(Scalar::u32),
    }

    /// A selection of bytes of two vectors by constant indices.
    Shuffle<A: Place as a, B: Place as b, R: Out as out> |_ty| ShuffleFields {
        result: out.kind(),
        a: a.slot(),
        b: b.slot(),
        low: Some(FieldKind::U64),
        high: Some(FieldKind::U64),
    }

    /// A replacement of a lane of a vector by a scalar.
    ReplaceLane<A: Place as a, B: Place as b, R: Out as out> |_ty| ReplaceLaneFields {
        result: out.kind(),
        a: a.slot(),
        b: b.slot(),
        lane: Some(FieldKind::U16),
    }

    /// A read of a lane of a vector in a slot.
    ExtractLane<R: Out as out> |_ty| ExtractLaneFields {
        result: out.kind(),
        a: Some(FieldKind::Lane),
    }

    /// A constant vector.
    Constant<R: Out as out> |_ty| ConstantFields {
        result: out.kind(),
        low: Some(FieldKind::U64),
        high: Some(FieldKind::U64),
    }

    /// A read of a field of a structure.
    GetField<A: Place as object, R: Out as out> |_ty| GetFieldFields {
        result: out.kind(),
        object: object.slot(),
        offset: Some(FieldKind::U32),
    }

    /// A write of a field of a structure.
    SetField<A: Place as object, V: Place as value> |ty| SetFieldFields {
        object: object.slot(),
        value: value.slot(),
        offset: Some(FieldKind::U32),
        value_constant: value.immediate(ty),
    }

    /// A read of an element of an array.
    GetElement<A: Place as array, I: Place as index, R: Out as out> |_ty| GetElementFields {
        result: out.kind(),
        array: array.slot(),
        index: index.kind(Scalar::u32),
    }

    /// A write of an element of an array in a slot.
    SetElement<I: Place as index, V: Place as value> |ty| SetElementFields {
        array: Some(FieldKind::NearSlot),
        value: value.slot(),
        index: index.kind(Scalar::u32),
        value_constant: value.immediate(ty),
    }

    /// An operation on 128-bit integers: four consecutive slots become two.
    WideBinary<> |_ty| WideBinaryFields {
        operands: Some(FieldKind::FarSlot),
    }

    /// A multiplication of 64-bit integers: two consecutive slots hold the operands, and then
    /// the 128-bit product.
    WideMultiply<> |_ty| WideMultiplyFields {
        operands: Some(FieldKind::FarSlot),
    }
}

impl Spec {
    /// The number of forms.
    pub const FORMS: usize = 107;

    /// Returns a number of the shape that does not depend on where its result goes.
    pub const fn form(self) -> usize {
        const fn pair(a: Place, b: Place) -> usize {
            a as usize * 4 + b as usize
        }
        match self {
            Spec::Row
            | Spec::WideBinary { .. }
            | Spec::WideMultiply { .. }
            | Spec::ExtractLane { .. }
            | Spec::Constant { .. }
            | Spec::AtomicLoad { .. }
            | Spec::AtomicStore { .. }
            | Spec::AtomicUpdate { .. }
            | Spec::AtomicExchange { .. } => 0,
            Spec::LoadAny { .. } => 1,
            Spec::StoreAny { .. } => 2,
            Spec::Count { bound } => 3 + bound as usize,
            Spec::LoadFrom { address, .. } => 7 + address as usize,
            Spec::StoreTo { address, value } => 12 + address as usize * 4 + value as usize,
            Spec::Binary { a, b, .. }
            | Spec::Comparison { a, b, .. }
            | Spec::Shift { a, b, .. }
            | Spec::Shuffle { a, b, .. }
            | Spec::ReplaceLane { a, b, .. } => 32 + pair(a, b),
            Spec::Ternary { a, b, c, .. } => 32 + pair(a, b) + (c as usize & 1) * 16,
            Spec::Unary { a, .. } => 32 + pair(a, Place::Slot),
            Spec::GetField { object, .. } => 32 + pair(object, Place::Slot),
            Spec::SetField { object, value } => 32 + pair(object, value),
            Spec::GetElement { array, index, .. } => 32 + pair(array, index),
            Spec::SetElement { index, value } => 32 + pair(index, value),
            Spec::Branch { a, b, when } => match when {
                When::Holds => 44 + pair(a, b),
                When::Fails => 56 + pair(a, b),
            },
            Spec::Select { a, b } => 68 + pair(a, b),
            Spec::LoadSharedAny { .. } => 80,
            Spec::StoreSharedAny { .. } => 81,
            Spec::LoadShared { address, .. } => 82 + address as usize,
            Spec::StoreShared { address, value } => 87 + address as usize * 4 + value as usize,
        }
    }

    /// Returns the destination of the result, if the shape has one in an accumulator.
    const fn out(self) -> Option<Out> {
        match self {
            Spec::Binary { out, .. }
            | Spec::Comparison { out, .. }
            | Spec::Unary { out, .. }
            | Spec::GetField { out, .. }
            | Spec::GetElement { out, .. }
            | Spec::LoadFrom { out, .. }
            | Spec::LoadAny { out }
            | Spec::LoadShared { out, .. }
            | Spec::LoadSharedAny { out }
            | Spec::Ternary { out, .. }
            | Spec::Shift { out, .. }
            | Spec::Shuffle { out, .. }
            | Spec::ReplaceLane { out, .. }
            | Spec::ExtractLane { out }
            | Spec::Constant { out }
            | Spec::AtomicLoad { out }
            | Spec::AtomicUpdate { out }
            | Spec::AtomicExchange { out } => Some(out),
            _ => None,
        }
    }

    /// Returns whether the shape has a result in the accumulator alone.
    pub const fn has_acc_result(self) -> bool {
        matches!(self.out(), Some(Out::Acc))
    }

    /// Returns whether the shape has a result in a slot as well as in the accumulator.
    pub const fn has_slot_result(self) -> bool {
        matches!(self.out(), Some(Out::AccAndSlot))
    }
}
