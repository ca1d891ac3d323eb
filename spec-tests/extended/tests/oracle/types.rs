//! The types of a program: a matrix of parameters and results. It contains all types that result
//! from suspending, resuming, switching and binding continuations.

use crate::choices::Choices;
use crate::generator::Options;
use wasm_encoder::{
    CompositeInnerType, CompositeType, ContType, FuncType, HeapType, RefType, SubType, ValType,
};

/// Type of a value. References may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ty {
    I32,
    I64,
    /// A function with a signature.
    Func(usize),
    /// A continuation with a signature.
    Cont(usize),
    Funcref,
    Exnref,
}

use Ty::{Cont, Exnref, Func, Funcref, I32, I64};

/// Parameters and results of a function or continuation.
#[derive(Clone, Debug)]
pub struct Signature {
    pub params: Vec<Ty>,
    pub results: Vec<Ty>,
}

/// Signature of the host function that logs a number. The signatures of host functions come first,
/// and have types of their own.
pub const LOG: usize = 0;
/// Host function that calls a function without parameters and results, and returns how the call
/// ended.
pub const TRY_CALL: usize = 1;
/// Host function that calls such a function and propagates its error.
pub const PASS_CALL: usize = 2;
/// Host function that returns two numbers in reverse order.
pub const SWAP: usize = 3;
/// Host function that ends the program.
pub const EXIT: usize = 4;

/// Names and signatures of host functions. No two signatures are equal.
pub const HOST: [(&str, &[Ty], &[Ty]); 5] = [
    ("log", &[I32], &[]),
    ("try_call", &[Funcref], &[I32]),
    ("pass_call", &[Funcref], &[]),
    ("swap", &[I64, I32], &[I32, I64]),
    ("exit", &[I64], &[]),
];

/// Rows of the matrix: lists of parameters.
pub const NONE: usize = 0;
pub const NUMBER: usize = 1;
pub const NUMBERS: usize = 2;
/// Row whose last parameter is a continuation of the same type, for switching between peers.
pub const PEER: usize = 3;
/// Row with a parameter for a continuation without parameters, which may be that of a switch.
pub const OTHER: usize = 4;
pub const LARGE: usize = 5;
/// Row whose first parameter is a reference, which can be bound.
pub const REFERENCE: usize = 6;
pub const MIXED: usize = 7;
const ROWS: usize = 8;

/// Number of columns of the matrix: lists of results.
pub const COLUMNS: usize = 3;

/// Rows before and after binding some of the parameters.
pub const BINDINGS: [(usize, usize); 10] = [
    (NUMBER, NONE),
    (NUMBERS, NUMBER),
    (NUMBERS, NONE),
    (LARGE, NUMBERS),
    (LARGE, NONE),
    (REFERENCE, NUMBER),
    (MIXED, NUMBERS),
    (MIXED, NUMBER),
    (NONE, NONE),
    (NUMBER, NUMBER),
];

/// Parameters and results of a tag.
#[derive(Clone, Debug)]
pub struct TagSpec {
    pub params: Vec<Ty>,
    pub results: Vec<Ty>,
    /// Row of the continuation that waits for the results; `None` if the tag cannot be suspended
    /// with.
    pub row: Option<usize>,
    /// Column of continuations that can be switched to with the tag.
    pub column: Option<usize>,
}

/// All types of a program.
#[derive(Clone, Debug)]
pub struct Types {
    pub signatures: Vec<Signature>,
    pub tags: Vec<TagSpec>,
    pub exceptions: bool,
    pub references: bool,
}

/// Returns the signature in a row and column.
pub fn signature(row: usize, column: usize) -> usize {
    HOST.len() + column * ROWS + row
}

/// Returns the row and column of a signature, which must not be a host function's.
pub fn place(signature: usize) -> (usize, usize) {
    let index = signature - HOST.len();
    (index % ROWS, index / ROWS)
}

fn many(choices: &mut Choices) -> Vec<Ty> {
    // Long lists are rare, because they take the longest to validate. With two more parameters here
    // and a continuation at the end, the longest has the maximum length.
    let usual = [0, 1, 3, 3, 7, 7, 20, 20, 20, 130];
    let count = match choices.percent(2) {
        true => 997,
        false => *choices.pick(&usual),
    };
    let mut types: Vec<Ty> = (0..count).map(|index| [I32, I64][index % 2]).collect();
    types.extend([I64, I32]);
    types
}

impl Types {
    /// Chooses random types.
    pub fn new(choices: &mut Choices, options: Options) -> Types {
        let Options {
            exceptions,
            references,
        } = options;
        let third = match choices.below(4) {
            0 => vec![I64, I32],
            1 => vec![Cont(signature(NONE, 0)), I32],
            2 => vec![I32, I64, I64],
            _ => many(choices),
        };
        let columns = [vec![], vec![I32], third.clone()];
        let large = many(choices);
        let first = if references && choices.percent(50) {
            Exnref
        } else {
            Func(signature(NONE, 0))
        };
        let of_host = |(_, params, results): &(&str, &[Ty], &[Ty])| Signature {
            params: params.to_vec(),
            results: results.to_vec(),
        };
        let mut signatures: Vec<Signature> = HOST.iter().map(of_host).collect();
        for (column, results) in columns.iter().enumerate() {
            let rows = [
                vec![],
                vec![I32],
                vec![I64, I32],
                vec![I32, Cont(signature(PEER, column))],
                vec![Cont(signature(NONE, column))],
                large.clone(),
                vec![Cont(signature(NONE, 0)), I32],
                vec![first, I64, I32],
            ];
            signatures.extend(rows.into_iter().map(|params| Signature {
                params,
                results: results.clone(),
            }));
        }
        let row = |row: usize| (signatures[signature(row, 0)].params.clone(), Some(row));
        let tag = |params: &[Ty], (results, row): (Vec<Ty>, Option<usize>), column| TagSpec {
            params: params.to_vec(),
            results,
            row,
            column,
        };
        let fourth = if third == [I64, I32] {
            Some(NUMBERS)
        } else {
            None
        };
        let tags = vec![
            tag(&[], row(NONE), Some(0)),
            tag(&[I32], row(NUMBER), None),
            tag(&[I64, Cont(signature(NONE, 0))], row(NUMBERS), None),
            tag(&[], row(NUMBER), Some(1)),
            tag(&[], (third, fourth), Some(2)),
            tag(&[I32, I64], row(NONE), None),
            tag(&large, row(LARGE), None),
            tag(&[I32], row(REFERENCE), None),
        ];
        Types {
            signatures,
            tags,
            exceptions,
            references,
        }
    }

    /// Encodes the types that all modules share. A module adds its own after them.
    pub fn encode(&self, section: &mut wasm_encoder::TypeSection) {
        for (index, (_, params, results)) in HOST.iter().enumerate() {
            section.ty().func_type(&func_type(params, results));
            section.ty().cont(&ContType(2 * index as u32));
        }
        let mut group = Vec::new();
        for (index, signature) in self.signatures.iter().enumerate().skip(HOST.len()) {
            let func = func_type(&signature.params, &signature.results);
            group.push(sub_type(CompositeInnerType::Func(func)));
            group.push(sub_type(CompositeInnerType::Cont(ContType(
                2 * index as u32,
            ))));
        }
        section.ty().rec(group);
    }

    /// Returns the index of the first type that a module adds itself. The section counts recursion
    /// groups, not types.
    pub fn first_own(&self) -> u32 {
        2 * self.signatures.len() as u32
    }
}

fn sub_type(inner: CompositeInnerType) -> SubType {
    SubType {
        is_final: true,
        supertype_idxs: Vec::new(),
        composite_type: CompositeType {
            inner,
            shared: false,
            descriptor: None,
            describes: None,
        },
    }
}

/// Returns a function type.
pub fn func_type(params: &[Ty], results: &[Ty]) -> FuncType {
    FuncType::new(
        params.iter().map(|&ty| val_type(ty)),
        results.iter().map(|&ty| val_type(ty)),
    )
}

/// Returns the index of a signature's function type.
pub fn func_index(signature: usize) -> u32 {
    2 * signature as u32
}

/// Returns the index of a signature's continuation type.
pub fn cont_index(signature: usize) -> u32 {
    2 * signature as u32 + 1
}

/// Returns the heap type of a reference type.
pub fn heap_type(ty: Ty) -> HeapType {
    match ty {
        Func(signature) => HeapType::Concrete(func_index(signature)),
        Cont(signature) => HeapType::Concrete(cont_index(signature)),
        Exnref => EXN,
        Funcref | I32 | I64 => HeapType::FUNC,
    }
}

/// Returns the encoded type.
pub fn val_type(ty: Ty) -> ValType {
    match ty {
        I32 => ValType::I32,
        I64 => ValType::I64,
        _ => ValType::Ref(RefType {
            nullable: true,
            heap_type: heap_type(ty),
        }),
    }
}

const EXN: HeapType = HeapType::Abstract {
    shared: false,
    ty: wasm_encoder::AbstractHeapType::Exn,
};
