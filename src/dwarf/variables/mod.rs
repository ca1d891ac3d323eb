//! Variables of a program's source, and their values in a frame.
//!
//! * Input: debugging information, an instruction, and the values of a frame there. All may be hostile.
//! * Output: the variables in scope, with types and values as text.
//! * Rules: a value that is not known is `None`. What one variable costs is bounded by [`render`].

mod location;
mod render;
mod scope;

use super::sections::Section;
use addr2line::gimli::{
    AttributeValue, DebuggingInformationEntry, DwAt, UnitOffset, UnitRef, constants,
};
use alloc::string::String;
use alloc::vec::Vec;

pub(super) use scope::scopes;

/// Largest number of references that are followed to a name or type.
const MAX_ORIGINS: usize = 16;

type Unit<'u, 'a> = UnitRef<'u, Section<'a>>;
type Entry<'a> = DebuggingInformationEntry<Section<'a>>;

/// The values of a frame, in which variables are.
pub trait FrameValues {
    /// Returns the bits of a local, or `None` if they are not known.
    fn local(&self, index: u32) -> Option<u128>;

    /// Returns the bits of a global of the frame's instance, or `None` if they are not known.
    fn global(&self, index: u32) -> Option<u128>;

    /// Returns the bits of an operand, counted from the bottom of the frame's operand stack, or `None` if
    /// they are not known.
    fn operand(&self, index: u32) -> Option<u128>;

    /// Reads the first memory of the frame's instance. Returns `false` if not all bytes are known.
    fn read(&self, address: u64, buffer: &mut [u8]) -> bool;
}

/// The variables of a function that are in scope at an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceScope {
    /// The function's name, which may be mangled.
    pub function: Option<String>,
    /// The parameters and variables, in the order of their declarations, those of inner blocks last.
    pub variables: Vec<SourceVariable>,
}

/// A variable of a program's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceVariable {
    /// The name, if it has one.
    pub name: Option<String>,
    /// The type, in the syntax of C unless the compiler names it.
    pub ty: String,
    /// The value as debuggers show it; `None` if it is not known, for example because the compiler has
    /// removed it. Long values are cut off, with `…`.
    pub value: Option<String>,
    /// `true` for a parameter of the function.
    pub is_parameter: bool,
}

/// Returns the entry that an attribute refers to, if that is in the same unit.
fn target<'a>(unit: Unit<'_, 'a>, value: &AttributeValue<Section<'a>>) -> Option<UnitOffset> {
    match *value {
        AttributeValue::UnitRef(offset) => Some(offset),
        AttributeValue::DebugInfoRef(offset) => offset.to_unit_offset(&unit.header),
        _ => None,
    }
}

/// Returns an attribute of an entry, or else of the declaration that it completes.
fn attribute<'a>(
    unit: Unit<'_, 'a>,
    entry: &Entry<'a>,
    name: DwAt,
) -> Option<AttributeValue<Section<'a>>> {
    let mut found = entry.attr_value(name);
    let mut origin = origin(unit, entry);
    for _ in 0..MAX_ORIGINS {
        if found.is_some() {
            break;
        }
        let next = unit.entry(origin?).ok()?;
        found = next.attr_value(name);
        origin = self::origin(unit, &next);
    }
    found
}

fn origin<'a>(unit: Unit<'_, 'a>, entry: &Entry<'a>) -> Option<UnitOffset> {
    let names = [
        constants::DW_AT_abstract_origin,
        constants::DW_AT_specification,
    ];
    let value = names.iter().find_map(|name| entry.attr_value(*name))?;
    target(unit, &value)
}

/// Returns the name of an entry.
fn name<'a>(unit: Unit<'_, 'a>, entry: &Entry<'a>) -> Option<String> {
    let value = attribute(unit, entry, constants::DW_AT_name)?;
    text(unit, value)
}

fn text<'a>(unit: Unit<'_, 'a>, value: AttributeValue<Section<'a>>) -> Option<String> {
    let bytes = unit.attr_string(value).ok()?;
    Some(String::from_utf8_lossy(bytes.slice()).into_owned())
}

/// Returns the type of an entry. There is none for C's `void`.
fn type_of<'a>(unit: Unit<'_, 'a>, entry: &Entry<'a>) -> Option<UnitOffset> {
    target(unit, &attribute(unit, entry, constants::DW_AT_type)?)
}
