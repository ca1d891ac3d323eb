//! The families of ops, and the variants of each.

use super::shape::*;

/// Calls `$callback!` with whatever else it was given and the variants of a family: the name
/// of each in Rust, its suffix in listings, and its shape.
macro_rules! for_each_variant {
    ($callback:ident [$($extra:tt)*] Commutative) => {
        for_each_variant! { $callback [$($extra)*] both Binary {} }
    };
    ($callback:ident [$($extra:tt)*] CommutativeWide) => {
        for_each_variant! { $callback [$($extra)*] both Binary {
            sw "_sw" Binary<Slot, Wide, Acc>, sw_d "_sw.d" Binary<Slot, Wide, AccAndSlot>,
            rw "_rw" Binary<Acc, Wide, Acc>, rw_d "_rw.d" Binary<Acc, Wide, AccAndSlot>
        } }
    };
    ($callback:ident [$($extra:tt)*] Binary) => {
        for_each_variant! { $callback [$($extra)*] both Binary {
            sr "_sr" Binary<Slot, Acc, Acc>, sr_d "_sr.d" Binary<Slot, Acc, AccAndSlot>,
            is "_is" Binary<Imm, Slot, Acc>, is_d "_is.d" Binary<Imm, Slot, AccAndSlot>,
            ir "_ir" Binary<Imm, Acc, Acc>, ir_d "_ir.d" Binary<Imm, Acc, AccAndSlot>
        } }
    };
    ($callback:ident [$($extra:tt)*] Partial) => {
        for_each_variant! { $callback [$($extra)*] Binary }
    };
    ($callback:ident [$($extra:tt)*] Compare) => {
        for_each_variant! { $callback [$($extra)*] comparison {
            count_br_if_s ".count_br_if_s" Count<Slot>,
            count_br_if_i ".count_br_if_i" Count<Imm>
        } }
    };
    ($callback:ident [$($extra:tt)*] CompareFloat) => {
        for_each_variant! { $callback [$($extra)*] comparison {
            br_unless_ss ".br_unless_ss" Branch<Slot, Slot, Fails>,
            br_unless_rs ".br_unless_rs" Branch<Acc, Slot, Fails>,
            br_unless_si ".br_unless_si" Branch<Slot, Imm, Fails>,
            br_unless_ri ".br_unless_ri" Branch<Acc, Imm, Fails>
        } }
    };
    ($callback:ident [$($extra:tt)*] comparison { $($own:tt)* }) => {
        for_each_variant! { $callback [$($extra)*] both Comparison {
            br_if_ss ".br_if_ss" Branch<Slot, Slot, Holds>,
            br_if_rs ".br_if_rs" Branch<Acc, Slot, Holds>,
            br_if_si ".br_if_si" Branch<Slot, Imm, Holds>,
            br_if_ri ".br_if_ri" Branch<Acc, Imm, Holds>,
            select_ss ".select_ss" Select<Slot, Slot>,
            select_rs ".select_rs" Select<Acc, Slot>,
            select_si ".select_si" Select<Slot, Imm>,
            select_ri ".select_ri" Select<Acc, Imm>,
            $($own)*
        } }
    };
    ($callback:ident [$($extra:tt)*] both $shape:ident { $($own:tt)* }) => {
        $callback! { [$($extra)*]
            ss "_ss" $shape<Slot, Slot, Acc>, ss_d "_ss.d" $shape<Slot, Slot, AccAndSlot>,
            rs "_rs" $shape<Acc, Slot, Acc>, rs_d "_rs.d" $shape<Acc, Slot, AccAndSlot>,
            si "_si" $shape<Slot, Imm, Acc>, si_d "_si.d" $shape<Slot, Imm, AccAndSlot>,
            ri "_ri" $shape<Acc, Imm, Acc>, ri_d "_ri.d" $shape<Acc, Imm, AccAndSlot>,
            $($own)*
        }
    };
    ($callback:ident [$($extra:tt)*] Unary) => {
        $callback! { [$($extra)*]
            s "_s" Unary<Slot, Acc>, s_d "_s.d" Unary<Slot, AccAndSlot>,
            r "_r" Unary<Acc, Acc>, r_d "_r.d" Unary<Acc, AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] PartialUnary) => {
        for_each_variant! { $callback [$($extra)*] Unary }
    };
    ($callback:ident [$($extra:tt)*] Load) => {
        with_shared_loads! { $callback [$($extra)*]
            s "_s" LoadFrom<Based<Slot>, Acc>, s_d "_s.d" LoadFrom<Based<Slot>, AccAndSlot>,
            r "_r" LoadFrom<Based<Acc>, Acc>, r_d "_r.d" LoadFrom<Based<Acc>, AccAndSlot>,
            i "_i" LoadFrom<Fixed, Acc>, i_d "_i.d" LoadFrom<Fixed, AccAndSlot>,
            indexed_ss "_indexed_ss" LoadFrom<Indexed<Slot>, Acc>,
            indexed_ss_d "_indexed_ss.d" LoadFrom<Indexed<Slot>, AccAndSlot>,
            indexed_rs "_indexed_rs" LoadFrom<Indexed<Acc>, Acc>,
            indexed_rs_d "_indexed_rs.d" LoadFrom<Indexed<Acc>, AccAndSlot>,
            any "_any" LoadAny<Acc>, any_d "_any.d" LoadAny<AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] Store) => {
        with_shared_stores! { $callback [$($extra)*]
            ss "_ss" StoreTo<Based<Slot>, Slot>,
            rs "_rs" StoreTo<Based<Acc>, Slot>,
            is "_is" StoreTo<Fixed, Slot>,
            si "_si" StoreTo<Based<Slot>, Wide>,
            ri "_ri" StoreTo<Based<Acc>, Wide>,
            ii "_ii" StoreTo<Fixed, Wide>,
            sr "_sr" StoreTo<Based<Slot>, Acc>,
            ir "_ir" StoreTo<Fixed, Acc>,
            any "_any" StoreAny
        }
    };
    ($callback:ident [$($extra:tt)*] StoreFloat) => {
        $callback! { [$($extra)*]
            sr "_sr" StoreTo<Based<Slot>, Acc>, ir "_ir" StoreTo<Fixed, Acc>
        }
    };
    ($callback:ident [$($extra:tt)*] VectorCommutative) => {
        $callback! { [$($extra)*]
            ss "_ss" Binary<Slot, Slot, Acc>, ss_d "_ss.d" Binary<Slot, Slot, AccAndSlot>,
            rs "_rs" Binary<Acc, Slot, Acc>, rs_d "_rs.d" Binary<Acc, Slot, AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] VectorBinary) => {
        $callback! { [$($extra)*]
            ss "_ss" Binary<Slot, Slot, Acc>, ss_d "_ss.d" Binary<Slot, Slot, AccAndSlot>,
            rs "_rs" Binary<Acc, Slot, Acc>, rs_d "_rs.d" Binary<Acc, Slot, AccAndSlot>,
            sr "_sr" Binary<Slot, Acc, Acc>, sr_d "_sr.d" Binary<Slot, Acc, AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] Ternary) => {
        $callback! { [$($extra)*]
            sss "_sss" Ternary<Slot, Slot, Slot, Acc>,
            sss_d "_sss.d" Ternary<Slot, Slot, Slot, AccAndSlot>,
            rss "_rss" Ternary<Acc, Slot, Slot, Acc>,
            rss_d "_rss.d" Ternary<Acc, Slot, Slot, AccAndSlot>,
            srs "_srs" Ternary<Slot, Acc, Slot, Acc>,
            srs_d "_srs.d" Ternary<Slot, Acc, Slot, AccAndSlot>,
            ssr "_ssr" Ternary<Slot, Slot, Acc, Acc>,
            ssr_d "_ssr.d" Ternary<Slot, Slot, Acc, AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] Shift) => {
        $callback! { [$($extra)*]
            ss "_ss" Shift<Slot, Slot, Acc>, ss_d "_ss.d" Shift<Slot, Slot, AccAndSlot>,
            rs "_rs" Shift<Acc, Slot, Acc>, rs_d "_rs.d" Shift<Acc, Slot, AccAndSlot>,
            si "_si" Shift<Slot, Imm, Acc>, si_d "_si.d" Shift<Slot, Imm, AccAndSlot>,
            ri "_ri" Shift<Acc, Imm, Acc>, ri_d "_ri.d" Shift<Acc, Imm, AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] Shuffle) => {
        $callback! { [$($extra)*]
            ss "_ss" Shuffle<Slot, Slot, Acc>, ss_d "_ss.d" Shuffle<Slot, Slot, AccAndSlot>,
            rs "_rs" Shuffle<Acc, Slot, Acc>, rs_d "_rs.d" Shuffle<Acc, Slot, AccAndSlot>,
            sr "_sr" Shuffle<Slot, Acc, Acc>, sr_d "_sr.d" Shuffle<Slot, Acc, AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] ReplaceLane) => {
        $callback! { [$($extra)*]
            ss "_ss" ReplaceLane<Slot, Slot, Acc>, ss_d "_ss.d" ReplaceLane<Slot, Slot, AccAndSlot>,
            rs "_rs" ReplaceLane<Acc, Slot, Acc>, rs_d "_rs.d" ReplaceLane<Acc, Slot, AccAndSlot>,
            sr "_sr" ReplaceLane<Slot, Acc, Acc>, sr_d "_sr.d" ReplaceLane<Slot, Acc, AccAndSlot>,
            rr "_rr" ReplaceLane<Acc, Acc, Acc>, rr_d "_rr.d" ReplaceLane<Acc, Acc, AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] ExtractLane) => {
        $callback! { [$($extra)*]
            s "_s" ExtractLane<Acc>, s_d "_s.d" ExtractLane<AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] Constant) => {
        $callback! { [$($extra)*]
            cell "" Constant<Acc>, d ".d" Constant<AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] VectorStore) => {
        with_shared_stores! { $callback [$($extra)*]
            ss "_ss" StoreTo<Based<Slot>, Slot>,
            rs "_rs" StoreTo<Based<Acc>, Slot>,
            is "_is" StoreTo<Fixed, Slot>,
            sr "_sr" StoreTo<Based<Slot>, Acc>,
            rr "_rr" StoreTo<Based<Acc>, Acc>,
            ir "_ir" StoreTo<Fixed, Acc>,
            any "_any" StoreAny
        }
    };
    ($callback:ident [$($extra:tt)*] AtomicLoad) => {
        $callback! { [$($extra)*]
            cell "" AtomicLoad<Acc>, d ".d" AtomicLoad<AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] AtomicStore) => {
        $callback! { [$($extra)*] cell "" AtomicStore }
    };
    ($callback:ident [$($extra:tt)*] AtomicUpdate) => {
        $callback! { [$($extra)*]
            cell "" AtomicUpdate<Acc>, d ".d" AtomicUpdate<AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] AtomicExchange) => {
        $callback! { [$($extra)*]
            cell "" AtomicExchange<Acc>, d ".d" AtomicExchange<AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] FieldGet) => {
        $callback! { [$($extra)*]
            s "_s" GetField<Slot, Acc>, s_d "_s.d" GetField<Slot, AccAndSlot>,
            r "_r" GetField<Acc, Acc>, r_d "_r.d" GetField<Acc, AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] FieldSet) => {
        $callback! { [$($extra)*]
            ss "_ss" SetField<Slot, Slot>, rs "_rs" SetField<Acc, Slot>,
            sr "_sr" SetField<Slot, Acc>,
            si "_si" SetField<Slot, Wide>, ri "_ri" SetField<Acc, Wide>
        }
    };
    ($callback:ident [$($extra:tt)*] ElementGet) => {
        $callback! { [$($extra)*]
            ss "_ss" GetElement<Slot, Slot, Acc>, ss_d "_ss.d" GetElement<Slot, Slot, AccAndSlot>,
            rs "_rs" GetElement<Acc, Slot, Acc>, rs_d "_rs.d" GetElement<Acc, Slot, AccAndSlot>,
            sr "_sr" GetElement<Slot, Acc, Acc>, sr_d "_sr.d" GetElement<Slot, Acc, AccAndSlot>,
            si "_si" GetElement<Slot, Imm, Acc>, si_d "_si.d" GetElement<Slot, Imm, AccAndSlot>,
            ri "_ri" GetElement<Acc, Imm, Acc>, ri_d "_ri.d" GetElement<Acc, Imm, AccAndSlot>
        }
    };
    ($callback:ident [$($extra:tt)*] ElementSet) => {
        $callback! { [$($extra)*]
            ss "_sss" SetElement<Slot, Slot>, rs "_srs" SetElement<Acc, Slot>,
            sr "_ssr" SetElement<Slot, Acc>, is "_sis" SetElement<Imm, Slot>,
            ir "_sir" SetElement<Imm, Acc>,
            si "_ssi" SetElement<Slot, Wide>, ri "_sri" SetElement<Acc, Wide>,
            ii "_sii" SetElement<Imm, Wide>
        }
    };
    ($callback:ident [$($extra:tt)*] Wide) => {
        $callback! { [$($extra)*] cell "" WideBinary }
    };
    ($callback:ident [$($extra:tt)*] WideMultiply) => {
        $callback! { [$($extra)*] cell "" WideMultiply }
    };
    ($callback:ident [$($extra:tt)*] Control) => {
        $callback! { [$($extra)*] cell "" row }
    };
    ($callback:ident [$($extra:tt)*] Service) => {
        $callback! { [$($extra)*] cell "" row }
    };
}

/// Adds the variants of loads from memories that threads share, where there are threads.
#[cfg(backstitch_threads)]
macro_rules! with_shared_loads {
    ($callback:ident [$($extra:tt)*] $($variants:tt)*) => {
        $callback! { [$($extra)*]
            $($variants)*,
            shared_s "_shared_s" LoadShared<Based<Slot>, Acc>,
            shared_s_d "_shared_s.d" LoadShared<Based<Slot>, AccAndSlot>,
            shared_r "_shared_r" LoadShared<Based<Acc>, Acc>,
            shared_r_d "_shared_r.d" LoadShared<Based<Acc>, AccAndSlot>,
            shared_any "_shared_any" LoadSharedAny<Acc>,
            shared_any_d "_shared_any.d" LoadSharedAny<AccAndSlot>
        }
    };
}

#[cfg(not(backstitch_threads))]
macro_rules! with_shared_loads {
    ($callback:ident [$($extra:tt)*] $($variants:tt)*) => {
        $callback! { [$($extra)*] $($variants)* }
    };
}

/// Adds the variants of stores to memories that threads share, where there are threads.
#[cfg(backstitch_threads)]
macro_rules! with_shared_stores {
    ($callback:ident [$($extra:tt)*] $($variants:tt)*) => {
        $callback! { [$($extra)*]
            $($variants)*,
            shared_ss "_shared_ss" StoreShared<Based<Slot>, Slot>,
            shared_rs "_shared_rs" StoreShared<Based<Acc>, Slot>,
            shared_sr "_shared_sr" StoreShared<Based<Slot>, Acc>,
            shared_any "_shared_any" StoreSharedAny
        }
    };
}

#[cfg(not(backstitch_threads))]
macro_rules! with_shared_stores {
    ($callback:ident [$($extra:tt)*] $($variants:tt)*) => {
        $callback! { [$($extra)*] $($variants)* }
    };
}

pub(crate) use for_each_variant;
pub(crate) use with_shared_loads;
pub(crate) use with_shared_stores;

/// A variant of the ops of a family.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// The name in Rust, as rows of fusions have it.
    pub name: &'static str,
    /// What listings add to the name of the op.
    pub suffix: &'static str,
    /// The shape of the cells.
    pub spec: Spec,
}

macro_rules! variant_list {
    ([] cell $suffix:literal row) => {
        &[Variant { name: "cell", suffix: $suffix, spec: Spec::Row }]
    };
    ([] $($name:ident $suffix:literal $shape:ident $(<$($param:ty),*>)?),* $(,)?) => {
        &[$(Variant {
            name: stringify!($name),
            suffix: $suffix,
            spec: <$shape $(<$($param),*>)? as Shape>::SPEC,
        }),*]
    };
}

macro_rules! families {
    ($($(#[doc = $doc:literal])* $family:ident,)*) => {
        /// A kind of ops that have the same variants.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Family {
            $($(#[doc = $doc])* $family,)*
        }

        impl Family {
            const COUNT: usize = [$(Family::$family),*].len();

            /// Returns the variants, in the order of their opcodes.
            pub const fn variants(self) -> &'static [Variant] {
                VARIANTS[self as usize]
            }
        }

        const VARIANTS: [&[Variant]; Family::COUNT] =
            [$(for_each_variant! { variant_list [] $family }),*];
    };
}

families! {
    /// Two operands that can be exchanged.
    Commutative,
    /// Two 64-bit operands that can be exchanged; the second may be an immediate of 64 bits.
    CommutativeWide,
    /// Two operands.
    Binary,
    /// Two operands; may trap.
    Partial,
    /// A comparison of integers: a value, a branch, a selection, or a branch after an
    /// addition.
    Compare,
    /// A comparison of floats: a value, a branch where it holds or where it does not, or a
    /// selection.
    CompareFloat,
    /// One operand.
    Unary,
    /// One operand; may trap.
    PartialUnary,
    /// A load.
    Load,
    /// A store of an integer or reference.
    Store,
    /// A store of a float that is in its accumulator. (A float in a slot is stored as an
    /// integer.)
    StoreFloat,
    /// An atomic load.
    AtomicLoad,
    /// An atomic store.
    AtomicStore,
    /// An atomic operation on a value in memory, with one operand.
    AtomicUpdate,
    /// An atomic exchange of a value in memory, on a condition.
    AtomicExchange,
    /// Two vectors that can be exchanged, by themselves or with the opposite comparison.
    VectorCommutative,
    /// Two vectors.
    VectorBinary,
    /// Three vectors.
    Ternary,
    /// A vector and a count, which is a 32-bit integer.
    Shift,
    /// Two vectors and 16 constant indices.
    Shuffle,
    /// A vector, a scalar, and the constant number of a lane that the scalar replaces.
    ReplaceLane,
    /// A lane of a vector in a slot.
    ExtractLane,
    /// A constant vector.
    Constant,
    /// A store of a vector.
    VectorStore,
    /// A read of a field of a structure.
    FieldGet,
    /// A write of a field of a structure.
    FieldSet,
    /// A read of an element of an array.
    ElementGet,
    /// A write of an element of an array.
    ElementSet,
    /// Two 128-bit integers.
    Wide,
    /// Two 64-bit operands and a 128-bit result.
    WideMultiply,
    /// An op of one variant whose row lists its fields.
    Control,
    /// As [`Family::Control`], of an op that the driver carries out.
    Service,
}

impl Family {
    /// Returns whether all cells of the family go on with the next cell or with a target, whatever their
    /// operands are.
    pub const fn is_total(self) -> bool {
        matches!(
            self,
            Family::Commutative
                | Family::CommutativeWide
                | Family::Binary
                | Family::Compare
                | Family::CompareFloat
                | Family::Unary
                | Family::VectorCommutative
                | Family::VectorBinary
                | Family::Ternary
                | Family::Shift
                | Family::Shuffle
                | Family::ReplaceLane
                | Family::ExtractLane
                | Family::Constant
                | Family::Wide
                | Family::WideMultiply
        )
    }
}

/// No variant.
const NONE: u8 = u8::MAX;

/// The variant of each form, for each family, with its result in the accumulator alone.
static BY_FORM: [[u8; Spec::FORMS]; Family::COUNT] = {
    let mut table = [[NONE; Spec::FORMS]; Family::COUNT];
    let mut family = 0;
    while family < Family::COUNT {
        let mut variant = 0;
        while variant < VARIANTS[family].len() {
            let spec = VARIANTS[family][variant].spec;
            if !spec.has_slot_result() {
                let form = spec.form();
                assert!(table[family][form] == NONE, "two variants have one form");
                table[family][form] = variant as u8;
            }
            variant += 1;
        }
        family += 1;
    }
    table
};

/// The variant with its result in a slot as well, for each family and variant.
static WITH_SLOT_RESULT: [[u8; MOST_VARIANTS]; Family::COUNT] = {
    let mut table = [[NONE; MOST_VARIANTS]; Family::COUNT];
    let mut family = 0;
    while family < Family::COUNT {
        let variants = VARIANTS[family];
        let mut variant = 0;
        while variant < variants.len() {
            if variants[variant].spec.has_acc_result() {
                let mut other = 0;
                while !(variants[other].spec.has_slot_result()
                    && variants[other].spec.form() == variants[variant].spec.form())
                {
                    other += 1;
                }
                table[family][variant] = other as u8;
            }
            variant += 1;
        }
        family += 1;
    }
    table
};

/// The most variants of a family.
const MOST_VARIANTS: usize = {
    let mut most = 0;
    let mut family = 0;
    while family < Family::COUNT {
        if VARIANTS[family].len() > most {
            most = VARIANTS[family].len();
        }
        family += 1;
    }
    most
};

impl Family {
    /// Returns whether the ops are comparisons.
    pub const fn compares(self) -> bool {
        matches!(self, Family::Compare | Family::CompareFloat)
    }

    /// Returns the number of the variant of a form, whose result, if it has one, goes to the
    /// accumulator alone.
    pub fn variant(self, form: usize) -> Option<u8> {
        let variant = BY_FORM[self as usize][form];
        (variant != NONE).then_some(variant)
    }

    /// Returns the variant that puts its result into a slot as well as `variant` does not.
    pub fn with_slot_result(self, variant: u8) -> Option<u8> {
        let variant = WITH_SLOT_RESULT[self as usize][variant as usize];
        (variant != NONE).then_some(variant)
    }
}
