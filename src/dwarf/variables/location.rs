//! Locations of variables: expressions that end in an address, a value, or several parts.

use super::{Entry, FrameValues, Section, Unit};
use addr2line::gimli::{AttributeValue, Expression, Operation, constants};
use alloc::vec;
use alloc::vec::Vec;

/// Largest number of operations of an expression. None of them jumps.
const MAX_OPERATIONS: usize = 256;
/// Largest number of values on the stack of an expression.
const MAX_STACK: usize = 64;
/// Largest number of bytes that consist of parts.
const MAX_PARTS: usize = 1 << 12;

/// A frame whose variables are read.
#[derive(Clone, Copy)]
pub(super) struct Frame<'u, 'a> {
    pub(super) unit: Unit<'u, 'a>,
    /// The instruction, relative to the code.
    pub(super) address: u64,
    pub(super) values: &'u dyn FrameValues,
    /// The address that locations of the function are relative to.
    pub(super) base: Option<u64>,
}

impl Frame<'_, '_> {
    /// Returns the size of a pointer in bytes.
    pub(super) fn pointer_size(&self) -> usize {
        match self.unit.encoding().address_size {
            8 => 8,
            _ => 4,
        }
    }

    /// Returns the bits of a value that are a pointer.
    fn pointer(&self, value: u128) -> u64 {
        match self.pointer_size() {
            8 => value as u64,
            _ => u64::from(value as u32),
        }
    }
}

/// The place of a variable's bytes.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// An address in memory.
    Memory(u64),
    /// Bytes outside of memory, as far as they are known.
    Bytes(Vec<Option<u8>>),
}

impl Place {
    pub(super) fn of_bytes(bytes: &[u8]) -> Place {
        let bytes = bytes.get(..MAX_PARTS).unwrap_or(bytes);
        Place::Bytes(bytes.iter().copied().map(Some).collect())
    }

    /// Returns the place of a part.
    pub(super) fn at(&self, offset: u64) -> Option<Place> {
        Some(match self {
            Place::Memory(address) => Place::Memory(address.checked_add(offset)?),
            Place::Bytes(bytes) => {
                Place::Bytes(bytes.get(usize::try_from(offset).ok()?..)?.to_vec())
            }
        })
    }

    /// Reads the first bytes.
    pub(super) fn read(&self, values: &dyn FrameValues, buffer: &mut [u8]) -> Option<()> {
        match self {
            Place::Memory(address) => values.read(*address, buffer).then_some(()),
            Place::Bytes(bytes) => {
                let known = bytes.get(..buffer.len())?;
                for (byte, known) in buffer.iter_mut().zip(known) {
                    *byte = (*known)?;
                }
                Some(())
            }
        }
    }
}

/// Returns the place that an attribute describes, at the frame's instruction.
pub(super) fn place<'a>(
    frame: &Frame<'_, 'a>,
    value: AttributeValue<Section<'a>>,
) -> Option<Place> {
    if let AttributeValue::Exprloc(expression) = value {
        return evaluate(frame, expression);
    }
    let unit = frame.unit;
    let offset = match value {
        AttributeValue::LocationListsRef(offset) => offset,
        AttributeValue::DebugLocListsIndex(index) => unit.locations_offset(index).ok()?,
        _ => return None,
    };
    let mut entries = unit.locations(offset).ok()?;
    while let Some(entry) = entries.next().ok()? {
        if (entry.range.begin..entry.range.end).contains(&frame.address) {
            return evaluate(frame, entry.data);
        }
    }
    None
}

/// Returns the address that locations in a function are relative to.
pub(super) fn frame_base<'a>(frame: &Frame<'_, 'a>, function: &Entry<'a>) -> Option<u64> {
    match place(frame, function.attr_value(constants::DW_AT_frame_base)?)? {
        Place::Memory(address) => Some(address),
        bytes => {
            let mut address = [0; 8];
            let size = frame.pointer_size();
            bytes.read(frame.values, address.get_mut(..size)?)?;
            Some(u64::from_le_bytes(address))
        }
    }
}

/// The result of a part of an expression.
enum Part {
    Nothing,
    Address(u64),
    Value(u128),
    Bytes(Vec<u8>),
}

fn evaluate<'a>(frame: &Frame<'_, 'a>, expression: Expression<Section<'a>>) -> Option<Place> {
    let mut stack: Vec<u128> = Vec::new();
    let mut part = Part::Nothing;
    // The parts so far, if there are several.
    let mut parts: Option<Vec<Option<u8>>> = None;
    let mut operations = expression.operations(frame.unit.encoding());
    for _ in 0..MAX_OPERATIONS {
        let Some(operation) = operations.next().ok()? else {
            let place = match (parts, part) {
                (Some(bytes), _) => Place::Bytes(bytes),
                (None, Part::Address(address)) => Place::Memory(frame.pointer(address.into())),
                (None, Part::Value(bits)) => Place::of_bytes(&bits.to_le_bytes()),
                (None, Part::Bytes(bytes)) => Place::of_bytes(&bytes),
                (None, Part::Nothing) => return None,
            };
            return Some(place);
        };
        part = match operation {
            Operation::WasmLocal { index } => Part::Value(frame.values.local(index)?),
            Operation::WasmGlobal { index } => Part::Value(frame.values.global(index)?),
            Operation::WasmStack { index } => Part::Value(frame.values.operand(index)?),
            Operation::Address { address } => Part::Address(address),
            Operation::AddressIndex { index } => Part::Address(frame.unit.address(index).ok()?),
            Operation::FrameOffset { offset } => {
                Part::Address(frame.base?.wrapping_add_signed(offset))
            }
            Operation::UnsignedConstant { value } => Part::Address(value),
            Operation::SignedConstant { value } => Part::Address(value.cast_unsigned()),
            Operation::PlusConstant { value } => {
                Part::Address((stack.pop()? as u64).wrapping_add(value))
            }
            Operation::Deref { size, .. } => {
                let mut bytes = [0; 8];
                let buffer = bytes.get_mut(..usize::from(size))?;
                let address = frame.pointer(stack.pop()?);
                frame.values.read(address, buffer).then_some(())?;
                Part::Address(u64::from_le_bytes(bytes))
            }
            Operation::Plus => binary(&mut stack, u64::wrapping_add)?,
            Operation::Minus => binary(&mut stack, u64::wrapping_sub)?,
            Operation::Mul => binary(&mut stack, u64::wrapping_mul)?,
            Operation::And => binary(&mut stack, |a, b| a & b)?,
            Operation::Or => binary(&mut stack, |a, b| a | b)?,
            Operation::Xor => binary(&mut stack, |a, b| a ^ b)?,
            Operation::Shl => binary(&mut stack, |a, b| shift(b).map_or(0, |by| a << by))?,
            Operation::Shr => binary(&mut stack, |a, b| shift(b).map_or(0, |by| a >> by))?,
            Operation::Shra => binary(&mut stack, |a, b| {
                (a.cast_signed() >> shift(b).unwrap_or(63)).cast_unsigned()
            })?,
            Operation::Not => Part::Address(!(stack.pop()? as u64)),
            Operation::Neg => Part::Address((stack.pop()? as u64).wrapping_neg()),
            Operation::StackValue => Part::Value(stack.pop()?),
            Operation::ImplicitValue { data } => Part::Bytes(data.slice().to_vec()),
            Operation::Piece {
                size_in_bits,
                bit_offset: None,
            } => {
                let bytes = usize::try_from(size_in_bits / 8).ok()?;
                let all = parts.get_or_insert_default();
                if all.len().saturating_add(bytes) > MAX_PARTS {
                    return None;
                }
                all.extend(piece(frame, &part, bytes));
                stack.clear();
                Part::Nothing
            }
            Operation::Nop => part,
            // What has several parts may have one that is not known.
            _ => return None,
        };
        // Everything but the ends of parts is an operand of the next operation.
        match part {
            Part::Address(value) => stack.push(value.into()),
            Part::Value(value) => stack.push(value),
            Part::Bytes(_) | Part::Nothing => {}
        }
        if stack.len() > MAX_STACK {
            return None;
        }
    }
    None
}

/// Returns the bytes of a part of a variable.
fn piece<'a>(frame: &Frame<'_, 'a>, part: &Part, len: usize) -> Vec<Option<u8>> {
    let place = match part {
        Part::Nothing => None,
        Part::Address(address) => Some(Place::Memory(frame.pointer((*address).into()))),
        Part::Value(bits) => Some(Place::of_bytes(&bits.to_le_bytes())),
        Part::Bytes(bytes) => Some(Place::of_bytes(bytes)),
    };
    let mut bytes = vec![0; len];
    let known = place.and_then(|place| place.read(frame.values, &mut bytes));
    match known {
        Some(()) => bytes.into_iter().map(Some).collect(),
        None => vec![None; len],
    }
}

fn binary(stack: &mut Vec<u128>, result: impl Fn(u64, u64) -> u64) -> Option<Part> {
    let second = stack.pop()? as u64;
    let first = stack.pop()? as u64;
    Some(Part::Address(result(first, second)))
}

fn shift(by: u64) -> Option<u32> {
    u32::try_from(by).ok().filter(|by| *by < 64)
}
