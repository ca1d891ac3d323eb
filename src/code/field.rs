//! The types that the fields of a cell can have.

use super::clauses::Awaits;
use super::observed::AccessKind;
use crate::ids::TypeId;

/// The encoding of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A slot, as a signed 16-bit distance from the record in bytes.
    NearSlot,
    /// A slot, as a signed 32-bit distance from the record in bytes.
    FarSlot,
    /// A part of a slot, as a signed 16-bit distance from the record in bytes.
    Lane,
    /// A 16-bit unsigned integer.
    U16,
    /// A 32-bit unsigned integer.
    U32,
    /// A 64-bit unsigned integer.
    U64,
    /// Two bytes without a value.
    Unused,
    /// 32 bits that listings leave out.
    Hidden,
    /// The number of elements of the list at the end of the cell, as a 32-bit integer.
    Length,
    /// A type, by its identity in the engine, as a 32-bit integer.
    Type,
    /// A type with a flag: see [`Awaits`].
    Awaits,
    /// A branch target: an address in finished code, a word offset before.
    Target,
    /// A callee's code: an address in finished code, a function index before.
    CalleeCode,
    /// The place where a callee's code is published: an address in finished code, a
    /// function index before.
    CalleeEntry,
    /// Branch targets up to the end of the cell.
    Targets,
    /// Clauses up to the end of the cell (see [`clauses`](super::clauses)).
    Clauses,
}

impl FieldKind {
    /// Returns the size of the field in bytes, which is also its alignment. A field that extends
    /// to the end of the cell has the size of a word.
    pub const fn size(self) -> usize {
        match self {
            FieldKind::NearSlot | FieldKind::Lane | FieldKind::U16 | FieldKind::Unused => 2,
            FieldKind::FarSlot
            | FieldKind::U32
            | FieldKind::Hidden
            | FieldKind::Length
            | FieldKind::Type
            | FieldKind::Awaits => 4,
            FieldKind::U64
            | FieldKind::Target
            | FieldKind::CalleeCode
            | FieldKind::CalleeEntry
            | FieldKind::Targets
            | FieldKind::Clauses => 8,
        }
    }

    /// Returns the minimum number of words from such a field to the end of the cell.
    pub const fn least_words(self) -> usize {
        match self {
            // The word that ends the list.
            FieldKind::Clauses => 1,
            _ => 0,
        }
    }

    /// Returns whether finishing the code replaces the field by an address.
    pub const fn is_relocated(self) -> bool {
        matches!(
            self,
            FieldKind::Target | FieldKind::CalleeCode | FieldKind::CalleeEntry
        )
    }

    /// Returns whether listings leave the field out.
    pub const fn is_hidden(self) -> bool {
        matches!(
            self,
            FieldKind::Unused | FieldKind::Hidden | FieldKind::Length
        )
    }

    /// Returns whether the field extends to the end of the cell.
    pub const fn is_list(self) -> bool {
        matches!(self, FieldKind::Targets | FieldKind::Clauses)
    }
}

/// The type of a field.
pub trait FieldType: Copy {
    /// Its encoding.
    const KIND: FieldKind;
    /// Returns the value as the low bits of a word.
    fn to_bits(self) -> u64;
    /// Returns the value whose low bits these are.
    fn from_bits(bits: u64) -> Self;
}

/// A slot within 4,095 slots of the record: its distance in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NearSlot(pub i16);

/// A slot: its distance from the record in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FarSlot(pub i32);

/// A lane of a vector in slots: its distance from the record in bytes.
#[cfg(feature = "simd")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(pub i16);

/// Two bytes that another variant of the op uses for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unused;

/// The number of elements of the list at the end of the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length(pub u32);

/// The tag of the exception that `resume_throw` throws; 0 in other cells that resume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrownTag(pub u32);

/// A branch target under assembly: its offset in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target(pub u32);

/// A callee under assembly, whose cell holds its code as it is when the caller is finished:
/// running code replaces that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalleeCode(pub u32);

/// A callee under assembly, whose cell holds the place where its code is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalleeEntry(pub u32);

/// The branch targets of a branch table, from this field to the end of the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Targets;

/// The clauses of a cell that resumes, from this field to the end of the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clauses;

/// A memory's index in its module, and the logarithm of its page size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PagedMemory(u32);

impl PagedMemory {
    /// Combines an index below 65,536 and the binary logarithm of a page size.
    pub const fn new(memory: u32, page_size_log2: u32) -> PagedMemory {
        PagedMemory(memory | page_size_log2 << 16)
    }

    /// Returns the memory's index.
    #[inline(always)]
    pub const fn memory(self) -> u32 {
        self.0 & 0xffff
    }

    /// Returns the binary logarithm of the page size.
    #[inline(always)]
    pub const fn page_size_log2(self) -> u32 {
        self.0 >> 16
    }
}

/// The values that a cast accepts, apart from null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CastTarget {
    /// None.
    None,
    /// All.
    All,
    /// Integers of 31 bits, structures and arrays.
    Eq,
    /// Integers of 31 bits.
    I31,
    /// Structures.
    Struct,
    /// Arrays.
    Array,
    /// Structures or arrays of a defined type.
    Object,
    /// Functions of a defined type.
    Func,
}

impl CastTarget {
    const ALL: [CastTarget; 8] = [
        CastTarget::None,
        CastTarget::All,
        CastTarget::Eq,
        CastTarget::I31,
        CastTarget::Struct,
        CastTarget::Array,
        CastTarget::Object,
        CastTarget::Func,
    ];
}

/// The test of a cast: the target, whether null passes, and the number of supertypes of a
/// defined type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CastTest(u16);

impl CastTest {
    /// Creates a test. `depth` is the number of supertypes of a defined type, or 0.
    pub const fn new(target: CastTarget, nullable: bool, depth: u32) -> CastTest {
        // A reference to an object has the low bits 00, one to a host value 10.
        let kinds = match target {
            CastTarget::All => 0b1111,
            CastTarget::Eq => 0b1011,
            CastTarget::I31 => 0b1010,
            _ => 0,
        };
        CastTest((depth as u16) << 8 | (nullable as u16) << 7 | kinds << 3 | target as u16)
    }

    /// Returns whether all references pass whose two low bits are those of `bits`, which is not null.
    #[inline(always)]
    pub const fn accepts_kind(self, bits: u32) -> bool {
        self.0 >> (3 + (bits & 3)) & 1 != 0
    }

    /// Returns the target.
    #[inline(always)]
    pub const fn target(self) -> CastTarget {
        CastTarget::ALL[(self.0 & 7) as usize]
    }

    /// Returns whether null passes.
    #[inline(always)]
    pub const fn accepts_null(self) -> bool {
        self.0 & 1 << 7 != 0
    }

    /// Returns the number of supertypes of a defined type.
    #[inline(always)]
    pub const fn depth(self) -> u32 {
        (self.0 >> 8) as u32
    }
}

macro_rules! field_types {
    ($($ty:ty: $kind:ident, |$value:ident| $to:expr, |$bits:ident| $from:expr;)*) => {$(
        impl FieldType for $ty {
            const KIND: FieldKind = FieldKind::$kind;
            #[inline(always)]
            fn to_bits(self) -> u64 {
                let $value = self;
                $to
            }
            #[inline(always)]
            fn from_bits($bits: u64) -> Self {
                $from
            }
        }
    )*};
}

field_types! {
    NearSlot: NearSlot, |slot| u64::from(slot.0.cast_unsigned()), |bits| NearSlot(bits as i16);
    FarSlot: FarSlot, |slot| u64::from(slot.0.cast_unsigned()), |bits| FarSlot(bits as i32);
    u16: U16, |value| u64::from(value), |bits| bits as u16;
    u32: U32, |value| u64::from(value), |bits| bits as u32;
    u64: U64, |value| value, |bits| bits;
    Unused: Unused, |_value| 0, |_bits| Unused;
    Length: Length, |length| u64::from(length.0), |bits| Length(bits as u32);
    ThrownTag: Hidden, |tag| u64::from(tag.0), |bits| ThrownTag(bits as u32);
    Target: Target, |target| u64::from(target.0), |bits| Target(bits as u32);
    CalleeCode: CalleeCode, |callee| u64::from(callee.0), |bits| CalleeCode(bits as u32);
    CalleeEntry: CalleeEntry, |callee| u64::from(callee.0), |bits| CalleeEntry(bits as u32);
    Targets: Targets, |_value| 0, |_bits| Targets;
    Clauses: Clauses, |_value| 0, |_bits| Clauses;
    PagedMemory: U32, |memory| u64::from(memory.0), |bits| PagedMemory(bits as u32);
    TypeId: Type, |ty| u64::from(ty.0), |bits| TypeId(bits as u32);
    AccessKind: U32, |kind| u64::from(kind.encode()), |bits| AccessKind::decode(bits as u32);
    CastTest: U16, |test| u64::from(test.0), |bits| CastTest(bits as u16);
    Awaits: Awaits, |awaits| u64::from(awaits.encode()), |bits| Awaits::decode(bits as u32);
}

/// Defines indices into a module's index spaces, as cells hold them.
macro_rules! module_indices {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub u32);

        field_types! {
            $name: U32, |index| u64::from(index.0), |bits| $name(bits as u32);
        }
    )*};
}

module_indices! {
    /// A function's index in its module.
    ModuleFunc;
    /// A global's index in its module.
    ModuleGlobal;
    /// A table's index in its module.
    ModuleTable;
    /// A memory's index in its module.
    ModuleMemory;
    /// A tag's index in its module.
    ModuleTag;
    /// A data segment's index in its module.
    ModuleData;
    /// An element segment's index in its module.
    ModuleElements;
}
