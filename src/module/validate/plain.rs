//! Quick validation of plain function bodies.
//!
//! * Input: a body, and the declarations that it refers to.
//! * Output: true if the body is valid and plain: it contains only instructions on numbers,
//!   locals, numeric globals and the first memory, control instructions and calls. False if it is
//!   not, or not certainly: then the validator decides, and makes the error.
//! * Never: true for a body that the validator refuses.
//!
//! Compilers of C, C++ and Rust make hardly any other bodies. A type is one byte here, and the
//! types of an instruction are found in a table, so that this takes a quarter of the validator's
//! time. Most of the time to create a module is that of its validation.

use super::bodies::MOST_OPERANDS;
use alloc::vec::Vec;
use core::slice;
use wasmparser::{
    CompositeInnerType, RefType, ValType, ValidatorResources, WasmFeatures, WasmModuleResources,
};

/// Features of the instructions that are plain. If one of them is switched off, no body is plain.
const FEATURES: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY);

/// Largest body that may be plain, in bytes. An instruction other than a call or the end of a
/// block pushes at most one operand, and takes two bytes then: so such a body pushes less than
/// half of [`MOST_OPERANDS`] in this way.
const MOST_BYTES: usize = MOST_OPERANDS as usize;

/// Largest number of operands after instructions that push several.
const MOST_PUSHED: usize = MOST_OPERANDS as usize / 2;

/// Largest number of parameters and locals.
const MOST_LOCALS: usize = 50_000;

// Types, as in the binary format.
const I32: u8 = 0x7f;
const I64: u8 = 0x7e;
const F32: u8 = 0x7d;
const F64: u8 = 0x7c;

/// All types of operands of plain bodies.
const TYPES: [u8; 4] = [I32, I64, F32, F64];

/// Marks a global's type if the global is mutable.
const MUTABLE: u8 = 0x80;

/// Type of addresses if there is no memory, and of a global that is not plain.
const NONE: u8 = 0;

/// The declarations of a module that plain bodies refer to.
#[derive(Debug)]
pub(super) struct Declarations {
    /// [`TYPES`], and the parameters and results of all signatures.
    types: Vec<u8>,
    /// The module's types; `None` for those that are not plain.
    signatures: Vec<Option<Signature>>,
    /// The type of each global.
    globals: Vec<u8>,
    /// The type of the first memory's addresses.
    address: u8,
}

/// The type of a function or block: a range of [`Declarations::types`].
#[derive(Clone, Copy, Debug)]
struct Signature {
    start: u32,
    params: u16,
    results: u16,
}

impl Declarations {
    /// Collects the declarations of a module, if bodies may be plain with these features.
    pub(super) fn new(
        resources: &ValidatorResources,
        features: WasmFeatures,
    ) -> Option<Declarations> {
        if !features.contains(FEATURES) {
            return None;
        }
        let mut types = Vec::from(TYPES);
        let signatures = (0..)
            .map_while(|index| resources.sub_type_at(index))
            .map(|ty| signature(ty, &mut types))
            .collect();
        let globals = (0..)
            .map_while(|index| resources.global_at(index))
            .map(|global| match number(global.content_type) {
                Some(ty) if global.mutable => ty | MUTABLE,
                Some(ty) => ty,
                None => NONE,
            })
            .collect();
        let address = match resources.memory_at(0) {
            Some(memory) if memory.memory64 => I64,
            Some(_) => I32,
            None => NONE,
        };
        Some(Declarations {
            types,
            signatures,
            globals,
            address,
        })
    }

    fn params(&self, ty: Signature) -> &[u8] {
        &self.types[ty.start as usize..][..usize::from(ty.params)]
    }

    fn results(&self, ty: Signature) -> &[u8] {
        let start = ty.start as usize + usize::from(ty.params);
        &self.types[start..][..usize::from(ty.results)]
    }

    fn signature(&self, index: u32) -> Option<Signature> {
        *self.signatures.get(index as usize)?
    }
}

/// Adds the parameters and results of a type to `types`, if it is plain.
fn signature(ty: &wasmparser::SubType, types: &mut Vec<u8>) -> Option<Signature> {
    let CompositeInnerType::Func(func) = &ty.composite_type.inner else {
        return None;
    };
    let start = types.len();
    for &ty in func.params().iter().chain(func.results()) {
        let Some(ty) = number(ty) else {
            types.truncate(start);
            return None;
        };
        types.push(ty);
    }
    Some(Signature {
        start: start.try_into().ok()?,
        params: func.params().len().try_into().ok()?,
        results: func.results().len().try_into().ok()?,
    })
}

fn number(ty: ValType) -> Option<u8> {
    Some(match ty {
        ValType::I32 => I32,
        ValType::I64 => I64,
        ValType::F32 => F32,
        ValType::F64 => F64,
        ValType::V128 | ValType::Ref(_) => return None,
    })
}

/// Memory that is reused for the next body.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    locals: Vec<u8>,
    operands: Vec<u8>,
    frames: Vec<Frame>,
}

/// A block.
#[derive(Clone, Copy, Debug)]
struct Frame {
    kind: Kind,
    ty: Signature,
    /// `height` of the block around this one.
    outer_height: usize,
    /// `unreachable` of the block around this one.
    outer_unreachable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A function's body, a `block` or the `else` of an `if`.
    Block,
    Loop,
    If,
}

/// Returns whether a body is certainly valid. `ty` is the index of the function's type.
pub(super) fn is_valid(
    declarations: &Declarations,
    resources: &ValidatorResources,
    stacks: &mut Stacks,
    ty: u32,
    code: &[u8],
) -> bool {
    if code.len() > MOST_BYTES {
        return false;
    }
    stacks.locals.clear();
    stacks.operands.clear();
    stacks.frames.clear();
    let body = Body {
        declarations,
        resources,
        code: code.iter(),
        height: 0,
        unreachable: false,
        stacks,
    };
    body.run(ty).is_some()
}

/// A body that is validated. Methods return `None` if it is not certainly valid.
struct Body<'a> {
    declarations: &'a Declarations,
    resources: &'a ValidatorResources,
    /// The rest of the code.
    code: slice::Iter<'a, u8>,
    /// Number of operands below the innermost block.
    height: usize,
    /// True if the rest of the innermost block is unreachable.
    unreachable: bool,
    stacks: &'a mut Stacks,
}

impl<'a> Body<'a> {
    fn run(mut self, ty: u32) -> Option<()> {
        let ty = self.declarations.signature(ty)?;
        self.read_locals(ty)?;
        let whole = Signature {
            params: 0,
            start: ty.start + u32::from(ty.params),
            ..ty
        };
        self.enter(Kind::Block, whole)?;
        loop {
            let opcode = self.byte()?;
            match opcode {
                0x00 => self.make_unreachable(),
                0x01 => {}
                0x02 => {
                    let ty = self.block_type()?;
                    self.enter(Kind::Block, ty)?;
                }
                0x03 => {
                    let ty = self.block_type()?;
                    self.enter(Kind::Loop, ty)?;
                }
                0x04 => {
                    let ty = self.block_type()?;
                    self.pop(I32)?;
                    self.enter(Kind::If, ty)?;
                }
                0x05 => {
                    let frame = self.leave()?;
                    if frame.kind != Kind::If {
                        return None;
                    }
                    self.push_all(self.declarations.params(frame.ty))?;
                    self.enter(Kind::Block, frame.ty)?;
                }
                0x0b => {
                    let frame = self.leave()?;
                    let results = self.declarations.results(frame.ty);
                    // Without `else`, the operands are the results.
                    if frame.kind == Kind::If && self.declarations.params(frame.ty) != results {
                        return None;
                    }
                    if self.stacks.frames.is_empty() {
                        return self.code.as_slice().is_empty().then_some(());
                    }
                    self.push_all(results)?;
                }
                0x0c => {
                    let depth = self.u32()?;
                    self.pop_all(self.label(depth)?)?;
                    self.make_unreachable();
                }
                0x0d => {
                    self.pop(I32)?;
                    let depth = self.u32()?;
                    let types = self.label(depth)?;
                    self.pop_all(types)?;
                    self.push_all(types)?;
                }
                0x0e => self.branch_table()?,
                0x0f => {
                    let outermost = self.stacks.frames.first()?;
                    self.pop_all(self.declarations.results(outermost.ty))?;
                    self.make_unreachable();
                }
                0x10 => {
                    let function = self.u32()?;
                    self.call(self.resources.type_index_of_function(function)?)?;
                }
                0x11 => {
                    let ty = self.u32()?;
                    let index = self.u32()?;
                    let table = self.resources.table_at(index)?;
                    if table.element_type != RefType::FUNCREF || table.table64 {
                        return None;
                    }
                    self.pop(I32)?;
                    self.call(ty)?;
                }
                0x1a => {
                    if self.stacks.operands.len() > self.height {
                        self.stacks.operands.pop();
                    } else if !self.unreachable {
                        return None;
                    }
                }
                0x1b => {
                    self.pop(I32)?;
                    let [first, second] = *self.stacks.operands.get(self.height..)?.last_chunk()?;
                    if first != second {
                        return None;
                    }
                    self.stacks.operands.pop();
                }
                0x20 => {
                    let ty = self.local()?;
                    self.push(ty);
                }
                0x21 => {
                    let ty = self.local()?;
                    self.pop(ty)?;
                }
                0x22 => {
                    let ty = self.local()?;
                    self.pop(ty)?;
                    self.push(ty);
                }
                0x23 => match self.global()? & !MUTABLE {
                    NONE => return None,
                    ty => self.push(ty),
                },
                0x24 => {
                    let ty = self.global()?;
                    if ty & MUTABLE == 0 {
                        return None;
                    }
                    self.pop(ty & !MUTABLE)?;
                }
                0x28..=0x35 => {
                    let (ty, align) = LOADS[usize::from(opcode - 0x28)];
                    let address = self.memory_operand(align)?;
                    self.pop(address)?;
                    self.push(ty);
                }
                0x36..=0x3e => {
                    let (ty, align) = STORES[usize::from(opcode - 0x36)];
                    let address = self.memory_operand(align)?;
                    self.pop(ty)?;
                    self.pop(address)?;
                }
                0x3f => {
                    let address = self.memory()?;
                    self.push(address);
                }
                0x40 => {
                    let address = self.memory()?;
                    self.pop(address)?;
                    self.push(address);
                }
                0x41 => {
                    self.skip_signed(32)?;
                    self.push(I32);
                }
                0x42 => {
                    self.skip_signed(64)?;
                    self.push(I64);
                }
                0x43 => {
                    self.skip(4)?;
                    self.push(F32);
                }
                0x44 => {
                    self.skip(8)?;
                    self.push(F64);
                }
                0x45..=0xc4 => {
                    let (operand, operands, result) = NUMERIC[usize::from(opcode - 0x45)];
                    self.pop(operand)?;
                    if operands == 2 {
                        self.pop(operand)?;
                    }
                    self.push(result);
                }
                0xfc => self.prefixed()?,
                _ => return None,
            }
        }
    }

    fn read_locals(&mut self, ty: Signature) -> Option<()> {
        let params = self.declarations.params(ty);
        self.stacks.locals.extend_from_slice(params);
        for _ in 0..self.u32()? {
            let count = self.u32()? as usize;
            let ty = self.byte()?;
            let locals = &mut self.stacks.locals;
            if !TYPES.contains(&ty) || count > MOST_LOCALS - locals.len() {
                return None;
            }
            locals.resize(locals.len() + count, ty);
        }
        Some(())
    }

    /// Reads the type of a block.
    fn block_type(&mut self) -> Option<Signature> {
        let byte = self.byte()?;
        let result = TYPES.iter().position(|&ty| ty == byte);
        match byte {
            0x40 => Some(Signature {
                start: 0,
                params: 0,
                results: 0,
            }),
            // Larger indices take several bytes.
            0x00..0x40 => self.declarations.signature(u32::from(byte)),
            _ => Some(Signature {
                start: result? as u32,
                params: 0,
                results: 1,
            }),
        }
    }

    fn enter(&mut self, kind: Kind, ty: Signature) -> Option<()> {
        let params = self.declarations.params(ty);
        self.pop_all(params)?;
        self.stacks.frames.push(Frame {
            kind,
            ty,
            outer_height: self.height,
            outer_unreachable: self.unreachable,
        });
        self.height = self.stacks.operands.len();
        self.unreachable = false;
        self.push_all(params)
    }

    /// Ends the innermost block. Its results are no longer on the stack, and those that
    /// follow must be pushed.
    fn leave(&mut self) -> Option<Frame> {
        let frame = *self.stacks.frames.last()?;
        self.pop_all(self.declarations.results(frame.ty))?;
        if self.stacks.operands.len() != self.height {
            return None;
        }
        self.stacks.frames.pop();
        self.height = frame.outer_height;
        self.unreachable = frame.outer_unreachable;
        Some(frame)
    }

    fn make_unreachable(&mut self) {
        self.stacks.operands.truncate(self.height);
        self.unreachable = true;
    }

    /// Returns the types of a label's operands.
    fn label(&self, depth: u32) -> Option<&'a [u8]> {
        let frames = &self.stacks.frames;
        let frame = frames[frames.len().checked_sub(depth as usize + 1)?];
        Some(match frame.kind {
            Kind::Loop => self.declarations.params(frame.ty),
            Kind::Block | Kind::If => self.declarations.results(frame.ty),
        })
    }

    fn branch_table(&mut self) -> Option<()> {
        self.pop(I32)?;
        // Operands of unreachable code can have a different type for each label.
        if self.unreachable {
            return None;
        }
        let mut arity = None;
        let targets = self.u32()?;
        for _ in 0..=targets {
            let depth = self.u32()?;
            let types = self.label(depth)?;
            let fits = self.stacks.operands[self.height..].ends_with(types);
            if !fits || *arity.get_or_insert(types.len()) != types.len() {
                return None;
            }
        }
        self.make_unreachable();
        Some(())
    }

    fn call(&mut self, ty: u32) -> Option<()> {
        let ty = self.declarations.signature(ty)?;
        self.pop_all(self.declarations.params(ty))?;
        self.push_all(self.declarations.results(ty))
    }

    /// Validates an instruction that begins with the byte 0xfc.
    fn prefixed(&mut self) -> Option<()> {
        let (operand, result) = match self.byte()? {
            0 | 1 => (F32, I32),
            2 | 3 => (F64, I32),
            4 | 5 => (F32, I64),
            6 | 7 => (F64, I64),
            10 => {
                let address = self.memory()?;
                self.memory()?;
                return self.pop_all(&[address, address, address]);
            }
            11 => {
                let address = self.memory()?;
                return self.pop_all(&[address, I32, address]);
            }
            _ => return None,
        };
        self.pop(operand)?;
        self.push(result);
        Some(())
    }

    /// Reads the index of a local, and returns its type.
    #[inline(always)]
    fn local(&mut self) -> Option<u8> {
        let index = self.u32()?;
        self.stacks.locals.get(index as usize).copied()
    }

    /// Reads the index of a global, and returns its type.
    fn global(&mut self) -> Option<u8> {
        let index = self.u32()?;
        self.declarations.globals.get(index as usize).copied()
    }

    /// Reads the index of a memory, and returns the type of its addresses.
    fn memory(&mut self) -> Option<u8> {
        let address = self.declarations.address;
        (self.byte()? == 0 && address != NONE).then_some(address)
    }

    /// Reads the alignment and offset of a load or store, and returns the type of addresses.
    #[inline(always)]
    fn memory_operand(&mut self, most_align: u8) -> Option<u8> {
        // The index of another memory is announced by a bit that makes this larger.
        if self.byte()? > most_align {
            return None;
        }
        let address = self.declarations.address;
        match address {
            I32 => self.unsigned(32)?,
            I64 => self.unsigned(64)?,
            _ => return None,
        };
        Some(address)
    }

    #[inline(always)]
    fn push(&mut self, ty: u8) {
        self.stacks.operands.push(ty);
    }

    fn push_all(&mut self, types: &[u8]) -> Option<()> {
        for &ty in types {
            self.push(ty);
        }
        (self.stacks.operands.len() <= MOST_PUSHED).then_some(())
    }

    #[inline(always)]
    fn pop(&mut self, ty: u8) -> Option<()> {
        let operands = &mut self.stacks.operands;
        if operands.len() > self.height {
            (operands.pop() == Some(ty)).then_some(())
        } else {
            self.unreachable.then_some(())
        }
    }

    fn pop_all(&mut self, types: &[u8]) -> Option<()> {
        types.iter().rev().try_for_each(|&ty| self.pop(ty))
    }

    #[inline(always)]
    fn byte(&mut self) -> Option<u8> {
        self.code.next().copied()
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.code = self.code.as_slice().get(bytes..)?.iter();
        Some(())
    }

    #[inline(always)]
    fn u32(&mut self) -> Option<u32> {
        self.unsigned(32).map(|value| value as u32)
    }

    /// Reads an unsigned integer in LEB128 encoding.
    #[inline(always)]
    fn unsigned(&mut self, bits: u32) -> Option<u64> {
        match self.byte()? {
            byte @ 0..0x80 => Some(u64::from(byte)),
            byte => self.long_unsigned(byte, bits),
        }
    }

    fn long_unsigned(&mut self, first: u8, bits: u32) -> Option<u64> {
        let mut value = u64::from(first & 0x7f);
        let mut shift = 7;
        loop {
            let byte = self.byte()?;
            // The last byte has no continuation bit either.
            if shift + 7 > bits && byte >> (bits - shift) != 0 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
            shift += 7;
        }
    }

    /// Skips a signed integer in LEB128 encoding.
    #[inline(always)]
    fn skip_signed(&mut self, bits: u32) -> Option<()> {
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            // The bits of the last byte that are not of the number are copies of its sign.
            if shift + 7 > bits {
                let extension = byte >> (bits - shift - 1);
                let all = 0x7f >> (bits - shift - 1);
                return (extension == 0 || extension == all).then_some(());
            }
            if byte < 0x80 {
                return Some(());
            }
            shift += 7;
        }
    }
}

/// Result and greatest alignment of the loads, from `i32.load` (0x28).
const LOADS: [(u8, u8); 14] = [
    (I32, 2),
    (I64, 3),
    (F32, 2),
    (F64, 3),
    (I32, 0),
    (I32, 0),
    (I32, 1),
    (I32, 1),
    (I64, 0),
    (I64, 0),
    (I64, 1),
    (I64, 1),
    (I64, 2),
    (I64, 2),
];

/// Operand and greatest alignment of the stores, from `i32.store` (0x36).
const STORES: [(u8, u8); 9] = [
    (I32, 2),
    (I64, 3),
    (F32, 2),
    (F64, 3),
    (I32, 0),
    (I32, 1),
    (I64, 0),
    (I64, 1),
    (I64, 2),
];

/// Type of the operands, their number, and the result of numeric instructions, from `i32.eqz`
/// (0x45).
static NUMERIC: [(u8, u8, u8); 128] = {
    let mut table = [(NONE, 0, NONE); 128];
    let mut index = 0;
    while index < table.len() {
        table[index] = numeric(index as u8 + 0x45);
        index += 1;
    }
    table
};

const fn numeric(opcode: u8) -> (u8, u8, u8) {
    match opcode {
        // Tests and comparisons.
        0x45 => (I32, 1, I32),
        0x46..=0x4f => (I32, 2, I32),
        0x50 => (I64, 1, I32),
        0x51..=0x5a => (I64, 2, I32),
        0x5b..=0x60 => (F32, 2, I32),
        0x61..=0x66 => (F64, 2, I32),
        // Arithmetic.
        0x67..=0x69 => (I32, 1, I32),
        0x6a..=0x78 => (I32, 2, I32),
        0x79..=0x7b => (I64, 1, I64),
        0x7c..=0x8a => (I64, 2, I64),
        0x8b..=0x91 => (F32, 1, F32),
        0x92..=0x98 => (F32, 2, F32),
        0x99..=0x9f => (F64, 1, F64),
        0xa0..=0xa6 => (F64, 2, F64),
        // Conversions.
        0xa7 => (I64, 1, I32),
        0xa8 | 0xa9 => (F32, 1, I32),
        0xaa | 0xab => (F64, 1, I32),
        0xac | 0xad => (I32, 1, I64),
        0xae | 0xaf => (F32, 1, I64),
        0xb0 | 0xb1 => (F64, 1, I64),
        0xb2 | 0xb3 => (I32, 1, F32),
        0xb4 | 0xb5 => (I64, 1, F32),
        0xb6 => (F64, 1, F32),
        0xb7 | 0xb8 => (I32, 1, F64),
        0xb9 | 0xba => (I64, 1, F64),
        0xbb => (F32, 1, F64),
        0xbc => (F32, 1, I32),
        0xbd => (F64, 1, I64),
        0xbe => (I32, 1, F32),
        0xbf => (I64, 1, F64),
        // Sign extension.
        0xc0 | 0xc1 => (I32, 1, I32),
        0xc2..=0xc4 => (I64, 1, I64),
        _ => panic!("not a numeric instruction"),
    }
}

#[cfg(test)]
mod tests;
