//! What a cell looks like: the families of ops, their variants, the fields of each.
//!
//! A cell is a run of 64-bit words. Word 0 holds the handler (while a function is being
//! assembled: the opcode). Word 1 holds up to four 16-bit slot operands, or two of them
//! and a 32-bit immediate; further words hold what is wider:
//!
//! ```text
//!   byte  0        8     10    12    14    16
//!         handler  slot0 slot1 slot2 slot3 │ immediate, target …
//!                              └ imm32 ──┘
//! ```
//!
//! Slot operands are byte distances from `fp`, so that an access is one addressing mode.

/// A field of a cell. `D` fields are destinations, `S` fields sources; the digit names
/// the 16-bit field, or the byte of the cell at which the field begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The slot written, in 16-bit field 0.
    D0,
    /// The slot written, in 16-bit field 2.
    D2,
    /// The slot written, in 16-bit field 4.
    D4,
    /// The slot written, in 16-bit field 6.
    D6,
    /// A slot read, in 16-bit field 0.
    S0,
    /// A slot read, in 16-bit field 1.
    S1,
    /// A slot read, in 16-bit field 2.
    S2,
    /// A slot read, in 16-bit field 3.
    S3,
    /// A slot read, in 16-bit field 4.
    S4,
    /// A slot read, in 16-bit field 5.
    S5,
    /// A slot read, in 16-bit field 7.
    S7,
    /// A 16-bit unsigned immediate at byte 14.
    H14,
    /// A 16-bit unsigned immediate at byte 20.
    H20,
    /// A 16-bit unsigned immediate at byte 22.
    H22,
    /// A 32-bit immediate at byte 12.
    U12,
    /// A 32-bit immediate at byte 16.
    U16,
    /// A 32-bit immediate at byte 20.
    U20,
    /// A 32-bit immediate at byte 24.
    U24,
    /// A 64-bit immediate in word 2.
    W2,
    /// The slot written, 32 bits wide, at byte 8.
    FarD8,
    /// A slot, 32 bits wide, at byte 8.
    FarS8,
    /// A slot, 32 bits wide, at byte 12.
    FarS12,
    /// A slot, 32 bits wide, at byte 16.
    FarS16,
    /// A slot, 32 bits wide, at byte 20.
    FarS20,
    /// A callee's entry in word 1.
    Entry1,
    /// A branch target in word 1.
    T1,
    /// A branch target in word 2.
    T2,
    /// A branch target in word 3.
    T3,
    /// Branch targets from word 2 on, their number at byte 12.
    Targets,
    /// What a cell that resumes says of suspensions (see `code::clauses`).
    Clauses,
}

impl Field {
    /// The number of words that a cell with this field has at least.
    const fn words(self) -> usize {
        use Field::*;
        match self {
            S4 | D4 | S5 | D6 | S7 | H20 | H22 | U16 | U20 | W2 | FarS16 | FarS20 | T2 => 3,
            U24 | T3 => 4,
            Clauses => super::clauses::words(0),
            _ => 2,
        }
    }
}

/// Where an operand of an op comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A slot.
    S,
    /// The accumulator of its type.
    R,
    /// An immediate.
    I,
}

/// Operand modes of two-operand ops, in the order of their variants. Those of ops whose
/// operands can be exchanged come first.
pub const BINARY_MODES: [(Mode, Mode); 7] = [
    (Mode::S, Mode::S),
    (Mode::R, Mode::S),
    (Mode::S, Mode::I),
    (Mode::R, Mode::I),
    (Mode::S, Mode::R),
    (Mode::I, Mode::S),
    (Mode::I, Mode::R),
];

/// Address and value modes of stores, in the order of their variants.
pub const STORE_MODES: [(Mode, Mode); 8] = [
    (Mode::S, Mode::S),
    (Mode::R, Mode::S),
    (Mode::I, Mode::S),
    (Mode::S, Mode::I),
    (Mode::R, Mode::I),
    (Mode::I, Mode::I),
    (Mode::S, Mode::R),
    (Mode::I, Mode::R),
];

/// A kind of ops that have the same variants.
///
/// Where an op has a result, variants come in pairs: into the accumulator alone, and,
/// one opcode higher, into a slot as well (`.d`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Two operands that can be exchanged.
    Commutative,
    /// Two operands that can be exchanged, 64 bits wide: also with an immediate that needs
    /// all of them.
    CommutativeWide,
    /// Two operands.
    Binary,
    /// Two operands; may trap.
    Partial,
    /// A comparison of integers; the branch where it holds, also of a sum that is put into
    /// a slot before; and the selection by it.
    Compare,
    /// A comparison of floats, the branches where it holds and where it does not, and the
    /// selection by it.
    CompareFloat,
    /// One operand.
    Unary,
    /// One operand; may trap.
    PartialUnary,
    /// A load: from memory 0 if that is a 32-bit one, with one address or a sum of two;
    /// and from any memory.
    Load,
    /// A store of an integer or reference.
    Store,
    /// A store of a float that is in its accumulator.
    StoreFloat,
    /// Two 128-bit operands in four slots, which the result overwrites.
    Wide,
    /// Two 64-bit operands in two slots, which the 128-bit result overwrites.
    WideMultiply,
    /// An op of one variant with a function of its own.
    Control,
    /// An op of one variant that the driver carries out.
    Service,
}

/// First variant of [`Family::Load`] whose address is a sum.
pub const LOAD_INDEXED: u8 = 6;
/// Variant of [`Family::Load`] for any memory.
pub const LOAD_ANY: u8 = 10;
/// Variant of [`Family::Store`] for any memory.
pub const STORE_ANY: u8 = 8;
/// Address modes of [`Family::StoreFloat`], in the order of their variants. (A float in a
/// slot is stored as an integer.)
pub const STORE_FLOAT_MODES: [Mode; 2] = [Mode::S, Mode::I];
/// First variant of the comparisons that branches where the comparison holds.
pub const BRANCH_IF: u8 = 8;
/// First variant of the comparisons that selects: a slot where the comparison holds, else
/// another.
pub const SELECT: u8 = 12;
/// First variant of [`Family::Compare`] that counts: adds an immediate to a slot, puts the
/// sum into another, and branches by comparing it, with a slot or an immediate.
pub const COUNT: u8 = 16;
/// First variant of [`Family::CompareFloat`] that branches where it does not hold.
pub const BRANCH_UNLESS: u8 = 16;
/// First variant of [`Family::CommutativeWide`] with a 64-bit immediate.
pub const WIDE_IMMEDIATE: u8 = 8;

impl Family {
    /// How many variants an op of this family has.
    pub const fn variants(self) -> u8 {
        match self {
            Family::Commutative => 8,
            Family::CommutativeWide => 12,
            Family::Binary | Family::Partial => 14,
            Family::Compare => 18,
            Family::CompareFloat => 20,
            Family::Unary | Family::PartialUnary => 4,
            Family::Load => 12,
            Family::Store => 9,
            Family::StoreFloat => 2,
            Family::Wide | Family::WideMultiply | Family::Control | Family::Service => 1,
        }
    }

    /// The fields of a variant. `wide` says that immediates take a word of their own
    /// (they are 64-bit floats). [`Family::Control`] and [`Family::Service`] list theirs
    /// in the table.
    pub const fn fields(self, variant: u8, wide: bool) -> &'static [Field] {
        use Field::*;
        match self {
            Family::Commutative | Family::Binary | Family::Partial => binary(variant, wide),
            Family::CommutativeWide if variant >= WIDE_IMMEDIATE => match variant {
                8 => &[S1, W2],
                9 => &[D0, S1, W2],
                10 => &[W2],
                _ => &[D0, W2],
            },
            Family::CommutativeWide => binary(variant, wide),
            Family::Compare | Family::CompareFloat if variant < BRANCH_IF => binary(variant, wide),
            Family::Compare if variant >= COUNT => match variant - COUNT {
                0 => &[D0, S1, S2, U16, T3],
                _ => &[D0, S1, U16, U20, T3],
            },
            Family::Compare | Family::CompareFloat if variant >= SELECT && variant < SELECT + 4 => {
                match (variant % 4, wide) {
                    (0, _) => &[D0, S1, S2, S3, S4],
                    (1, _) => &[D0, S1, S2, S4],
                    (2, false) => &[D0, S1, S2, S3, U16],
                    (2, true) => &[D0, S1, S2, S3, W2],
                    (_, false) => &[D0, S1, S2, U16],
                    (_, true) => &[D0, S1, S2, W2],
                }
            }
            Family::Compare | Family::CompareFloat => match (variant % 4, wide) {
                (0, _) => &[S1, S2, T2],
                (1, _) => &[S2, T2],
                (2, false) => &[S1, U12, T2],
                (2, true) => &[S1, W2, T3],
                (_, false) => &[U12, T2],
                (_, true) => &[W2, T3],
            },
            Family::Unary | Family::PartialUnary => match variant {
                0 => &[S1],
                1 => &[D0, S1],
                2 => &[],
                _ => &[D0],
            },
            Family::Load => match variant {
                0 => &[S1, U12],
                1 => &[D0, S1, U12],
                2 => &[U12],
                3 => &[D0, U12],
                4 => &[U12],
                5 => &[D0, U12],
                6 => &[S1, S2, H14],
                7 => &[D0, S1, S2, H14],
                8 => &[S2, H14],
                9 => &[D0, S2, H14],
                10 => &[S1, U12, W2],
                _ => &[D0, S1, U12, W2],
            },
            Family::Store => match variant {
                0 => &[S0, S1, U12],
                1 => &[S1, U12],
                2 => &[S1, U12],
                3 => &[S0, U12, W2],
                4 => &[U12, W2],
                5 => &[U12, W2],
                6 => &[S0, U12],
                7 => &[U12],
                _ => &[S0, S1, U12, W2],
            },
            Family::StoreFloat => match variant {
                0 => &[S0, U12],
                _ => &[U12],
            },
            Family::Wide | Family::WideMultiply => &[FarS8],
            Family::Control | Family::Service => &[],
        }
    }

    /// What is added to an op's name for a variant.
    pub const fn suffix(self, variant: u8) -> &'static str {
        const BINARY: [&str; 14] = [
            "_ss", "_ss.d", "_rs", "_rs.d", "_si", "_si.d", "_ri", "_ri.d", "_sr", "_sr.d", "_is",
            "_is.d", "_ir", "_ir.d",
        ];
        const WIDE: [&str; 4] = ["_sw", "_sw.d", "_rw", "_rw.d"];
        const COUNTING: [&str; 2] = [".count_br_if_s", ".count_br_if_i"];
        const BRANCH: [&str; 12] = [
            ".br_if_ss",
            ".br_if_rs",
            ".br_if_si",
            ".br_if_ri",
            ".select_ss",
            ".select_rs",
            ".select_si",
            ".select_ri",
            ".br_unless_ss",
            ".br_unless_rs",
            ".br_unless_si",
            ".br_unless_ri",
        ];
        const LOAD: [&str; 12] = [
            "_s",
            "_s.d",
            "_r",
            "_r.d",
            "_i",
            "_i.d",
            "_indexed_ss",
            "_indexed_ss.d",
            "_indexed_rs",
            "_indexed_rs.d",
            "_any",
            "_any.d",
        ];
        const STORE: [&str; 9] = [
            "_ss", "_rs", "_is", "_si", "_ri", "_ii", "_sr", "_ir", "_any",
        ];
        let v = variant as usize;
        match self {
            Family::Commutative | Family::Binary | Family::Partial => BINARY[v],
            Family::CommutativeWide if variant >= WIDE_IMMEDIATE => WIDE[v - 8],
            Family::CommutativeWide => BINARY[v],
            Family::Compare | Family::CompareFloat if variant < BRANCH_IF => BINARY[v],
            Family::Compare if variant >= COUNT => COUNTING[v - COUNT as usize],
            Family::Compare | Family::CompareFloat => BRANCH[v - BRANCH_IF as usize],
            Family::Unary | Family::PartialUnary => ["_s", "_s.d", "_r", "_r.d"][v],
            Family::Load => LOAD[v],
            Family::Store => STORE[v],
            Family::StoreFloat => ["_sr", "_ir"][v],
            Family::Wide | Family::WideMultiply | Family::Control | Family::Service => "",
        }
    }
}

/// The number of words of a cell with these fields, before any branch table.
pub const fn words(fields: &[Field]) -> usize {
    let mut words = 2;
    let mut i = 0;
    while i < fields.len() {
        if fields[i].words() > words {
            words = fields[i].words();
        }
        i += 1;
    }
    words
}

const fn binary(variant: u8, wide: bool) -> &'static [Field] {
    use Field::*;
    match (variant, wide) {
        (0, _) => &[S1, S2],
        (1, _) => &[D0, S1, S2],
        (2, _) => &[S2],
        (3, _) => &[D0, S2],
        (4, false) => &[S1, U12],
        (5, false) => &[D0, S1, U12],
        (6, false) => &[U12],
        (7, false) => &[D0, U12],
        (4, true) => &[S1, W2],
        (5, true) => &[D0, S1, W2],
        (6, true) => &[W2],
        (7, true) => &[D0, W2],
        (8, _) => &[S1],
        (9, _) => &[D0, S1],
        (10, false) => &[S1, U12],
        (11, false) => &[D0, S1, U12],
        (12, false) => &[U12],
        (13, false) => &[D0, U12],
        (10, true) => &[S1, W2],
        (11, true) => &[D0, S1, W2],
        (12, true) => &[W2],
        (_, _) => &[D0, W2],
    }
}
