//! Types and values as text.

use super::location::{Frame, Place};
use super::{Entry, Unit, attribute, name, type_of};
use addr2line::gimli::{AttributeValue, DwTag, UnitOffset, constants};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Largest depth of types that contain or refer to each other.
const MAX_DEPTH: usize = 16;
/// Largest number of elements or members that are shown of one value.
const MAX_ITEMS: usize = 32;
/// Largest number of characters of a text that is shown.
const MAX_TEXT: usize = 64;
/// Number of bytes of output after which a value is cut off.
const MAX_OUTPUT: usize = 2048;
/// Largest number of entries that are read for one variable.
const MAX_ENTRIES: usize = 4096;

/// Writes the type and the value of one variable.
pub(super) struct Renderer<'f, 'u, 'a> {
    frame: &'f Frame<'u, 'a>,
    /// Number of entries that may still be read.
    entries: usize,
}

impl<'f, 'u, 'a> Renderer<'f, 'u, 'a> {
    pub(super) fn new(frame: &'f Frame<'u, 'a>) -> Renderer<'f, 'u, 'a> {
        Renderer {
            frame,
            entries: MAX_ENTRIES,
        }
    }

    fn unit(&self) -> Unit<'u, 'a> {
        self.frame.unit
    }

    fn entry(&mut self, offset: UnitOffset) -> Option<Entry<'a>> {
        self.entries = self.entries.checked_sub(1)?;
        self.unit().entry(offset).ok()
    }

    /// Returns the name of a type.
    pub(super) fn type_name(&mut self, ty: Option<UnitOffset>) -> String {
        self.name_of(ty, MAX_DEPTH).unwrap_or_else(|| "?".into())
    }

    fn name_of(&mut self, ty: Option<UnitOffset>, depth: usize) -> Option<String> {
        let Some(ty) = ty else {
            return Some("void".into());
        };
        let depth = depth.checked_sub(1)?;
        let entry = self.entry(ty)?;
        if let Some(name) = name(self.unit(), &entry) {
            return Some(name);
        }
        let inner = type_of(self.unit(), &entry);
        let mut inner = |suffix: &str| Some(self.name_of(inner, depth)? + suffix);
        match entry.tag() {
            constants::DW_TAG_pointer_type => {
                let pointee = inner("")?;
                let space = if pointee.ends_with('*') { "" } else { " " };
                Some(format!("{pointee}{space}*"))
            }
            constants::DW_TAG_reference_type => inner(" &"),
            constants::DW_TAG_rvalue_reference_type => inner(" &&"),
            constants::DW_TAG_const_type => Some(format!("const {}", inner("")?)),
            constants::DW_TAG_volatile_type => Some(format!("volatile {}", inner("")?)),
            constants::DW_TAG_array_type => {
                let element = inner("")?;
                let count = self.count(ty);
                Some(count.map_or(format!("{element}[]"), |count| {
                    format!("{element}[{count}]")
                }))
            }
            constants::DW_TAG_subroutine_type => inner(" ()"),
            constants::DW_TAG_structure_type => Some("struct".into()),
            constants::DW_TAG_class_type => Some("class".into()),
            constants::DW_TAG_union_type => Some("union".into()),
            constants::DW_TAG_enumeration_type => Some("enum".into()),
            _ => inner(""),
        }
    }

    /// Returns a value, or `None` if nothing of it is known.
    pub(super) fn value(&mut self, ty: Option<UnitOffset>, place: &Place) -> Option<String> {
        let mut out = String::new();
        self.write(ty?, place, MAX_DEPTH, &mut out)?;
        Some(out)
    }

    fn write(
        &mut self,
        ty: UnitOffset,
        place: &Place,
        depth: usize,
        out: &mut String,
    ) -> Option<()> {
        let Some(depth) = depth.checked_sub(1).filter(|_| out.len() < MAX_OUTPUT) else {
            out.push('…');
            return Some(());
        };
        let entry = self.entry(ty)?;
        match entry.tag() {
            constants::DW_TAG_base_type => {
                let text = self.base(&entry, place)?;
                out.push_str(&text);
            }
            constants::DW_TAG_pointer_type
            | constants::DW_TAG_reference_type
            | constants::DW_TAG_rvalue_reference_type => {
                let size = self.frame.pointer_size();
                let address = self.unsigned(place, size)?;
                out.push_str(&format!("{address:#0width$x}", width = 2 + 2 * size));
                if let Some(pointee) = type_of(self.unit(), &entry)
                    && address != 0
                    && self.is_character(pointee, depth)
                    && let Some(text) = self.text(address, None)
                {
                    out.push_str(&format!(" {text}"));
                }
            }
            constants::DW_TAG_enumeration_type => {
                let text = self.enumerator(ty, &entry, place)?;
                out.push_str(&text);
            }
            constants::DW_TAG_array_type => self.array(ty, &entry, place, depth, out)?,
            constants::DW_TAG_structure_type
            | constants::DW_TAG_class_type
            | constants::DW_TAG_union_type => self.members(ty, place, depth, out)?,
            // Names of types, and qualifiers.
            _ => self.write(type_of(self.unit(), &entry)?, place, depth, out)?,
        }
        Some(())
    }

    fn unsigned(&self, place: &Place, size: usize) -> Option<u64> {
        let mut bytes = [0; 8];
        place.read(self.frame.values, bytes.get_mut(..size)?)?;
        Some(u64::from_le_bytes(bytes))
    }

    fn base(&self, entry: &Entry<'a>, place: &Place) -> Option<String> {
        let size = size(entry)?;
        if size == 0 {
            // Rust's `()`.
            return Some("()".into());
        }
        let encoding = match entry.attr_value(constants::DW_AT_encoding)? {
            AttributeValue::Encoding(encoding) => encoding,
            _ => return None,
        };
        if size == 16 {
            let mut bytes = [0; 16];
            place.read(self.frame.values, &mut bytes)?;
            return Some(match encoding {
                constants::DW_ATE_signed => i128::from_le_bytes(bytes).to_string(),
                constants::DW_ATE_unsigned => u128::from_le_bytes(bytes).to_string(),
                _ => return None,
            });
        }
        let bits = self.unsigned(place, usize::try_from(size).ok()?)?;
        let unused = 64 - 8 * u32::try_from(size).ok()?;
        let signed = (bits << unused).cast_signed() >> unused;
        Some(match (encoding, size) {
            (constants::DW_ATE_boolean, _) => if bits == 0 { "false" } else { "true" }.into(),
            (constants::DW_ATE_float, 4) => f32::from_bits(bits as u32).to_string(),
            (constants::DW_ATE_float, 8) => f64::from_bits(bits).to_string(),
            (constants::DW_ATE_signed_char | constants::DW_ATE_unsigned_char, 1) => {
                character(bits as u8)
            }
            (constants::DW_ATE_UTF, _) => match u32::try_from(bits).ok().and_then(char::from_u32) {
                Some(char) => format!("{char:?}"),
                None => format!("{bits:#x}"),
            },
            (constants::DW_ATE_signed | constants::DW_ATE_signed_char, _) => signed.to_string(),
            _ => bits.to_string(),
        })
    }

    /// Returns whether a type is one of C's characters.
    fn is_character(&mut self, ty: UnitOffset, depth: usize) -> bool {
        let Some(entry) = self.entry(ty) else {
            return false;
        };
        match (entry.tag(), depth.checked_sub(1)) {
            (constants::DW_TAG_base_type, _) => matches!(
                entry.attr_value(constants::DW_AT_encoding),
                Some(AttributeValue::Encoding(
                    constants::DW_ATE_signed_char | constants::DW_ATE_unsigned_char
                ))
            ),
            (
                constants::DW_TAG_const_type
                | constants::DW_TAG_volatile_type
                | constants::DW_TAG_typedef,
                Some(depth),
            ) => {
                let inner = type_of(self.unit(), &entry);
                inner.is_some_and(|inner| self.is_character(inner, depth))
            }
            _ => false,
        }
    }

    /// Returns the text at an address: of the given length, or else up to a zero.
    fn text(&self, address: u64, len: Option<u64>) -> Option<String> {
        let most = len.map_or(MAX_TEXT, |len| {
            usize::try_from(len).unwrap_or(MAX_TEXT).min(MAX_TEXT)
        });
        let mut bytes = Vec::new();
        let mut is_whole = len.is_some_and(|len| len <= MAX_TEXT as u64);
        for at in 0..most {
            let mut byte = [0];
            let address = address.checked_add(at as u64)?;
            self.frame.values.read(address, &mut byte).then_some(())?;
            if len.is_none() && byte[0] == 0 {
                is_whole = true;
                break;
            }
            bytes.push(byte[0]);
        }
        let text = String::from_utf8_lossy(&bytes);
        Some(format!("{text:?}{}", if is_whole { "" } else { "…" }))
    }

    fn enumerator(&mut self, ty: UnitOffset, entry: &Entry<'a>, place: &Place) -> Option<String> {
        let size = usize::try_from(size(entry)?).ok()?;
        let bits = self.unsigned(place, size)?;
        let mask = u64::MAX >> (64 - 8 * size.clamp(1, 8));
        let value = |entry: &Entry<'_>| {
            let value = entry.attr_value(constants::DW_AT_const_value)?;
            let value = value.udata_value();
            let value = value.or_else(|| {
                let signed = entry
                    .attr_value(constants::DW_AT_const_value)?
                    .sdata_value()?;
                Some(signed.cast_unsigned())
            });
            Some(value? & mask)
        };
        for child in self.children(ty, constants::DW_TAG_enumerator) {
            if value(&child) == Some(bits) {
                return name(self.unit(), &child);
            }
        }
        Some(bits.to_string())
    }

    /// Returns the children of an entry with a tag, as far as they may still be read.
    fn children(&mut self, of: UnitOffset, tag: DwTag) -> Vec<Entry<'a>> {
        let mut found = Vec::new();
        let Ok(mut entries) = self.unit().entries_at_offset(of) else {
            return found;
        };
        let Ok(Some(parent)) = entries.next_dfs() else {
            return found;
        };
        let depth = parent.depth();
        while let Ok(Some(entry)) = entries.next_dfs() {
            if entry.depth() <= depth {
                break;
            }
            match self.entries.checked_sub(1) {
                Some(rest) => self.entries = rest,
                None => break,
            }
            if entry.depth() == depth + 1 && entry.tag() == tag {
                found.push(entry.clone());
            }
        }
        found
    }

    /// Returns the number of elements of an array.
    fn count(&mut self, array: UnitOffset) -> Option<u64> {
        let range = self.children(array, constants::DW_TAG_subrange_type);
        let range = range.first()?;
        let number = |name| range.attr_value(name).and_then(|value| value.udata_value());
        let above = number(constants::DW_AT_upper_bound).map(|bound| bound.saturating_add(1));
        number(constants::DW_AT_count).or(above)
    }

    fn array(
        &mut self,
        ty: UnitOffset,
        entry: &Entry<'a>,
        place: &Place,
        depth: usize,
        out: &mut String,
    ) -> Option<()> {
        let element = type_of(self.unit(), entry)?;
        let size = self.size_of(element, depth)?;
        let count = self.count(ty)?;
        out.push('[');
        for at in 0..count {
            if at > 0 {
                out.push_str(", ");
            }
            if at >= MAX_ITEMS as u64 || out.len() >= MAX_OUTPUT {
                out.push('…');
                break;
            }
            self.part(element, place, at.checked_mul(size)?, depth, out);
        }
        out.push(']');
        Some(())
    }

    /// Writes a part of a value, or `?` if it is not known.
    fn part(&mut self, ty: UnitOffset, place: &Place, offset: u64, depth: usize, out: &mut String) {
        let before = out.len();
        let place = place.at(offset);
        let written = place.and_then(|place| self.write(ty, &place, depth, out));
        if written.is_none() {
            out.truncate(before);
            out.push('?');
        }
    }

    fn size_of(&mut self, ty: UnitOffset, depth: usize) -> Option<u64> {
        let depth = depth.checked_sub(1)?;
        let entry = self.entry(ty)?;
        if let Some(size) = size(&entry) {
            return Some(size);
        }
        match entry.tag() {
            constants::DW_TAG_pointer_type | constants::DW_TAG_reference_type => {
                Some(self.frame.pointer_size() as u64)
            }
            constants::DW_TAG_array_type => {
                let element = type_of(self.unit(), &entry)?;
                self.size_of(element, depth)?.checked_mul(self.count(ty)?)
            }
            _ => self.size_of(type_of(self.unit(), &entry)?, depth),
        }
    }

    fn members(
        &mut self,
        ty: UnitOffset,
        place: &Place,
        depth: usize,
        out: &mut String,
    ) -> Option<()> {
        let variants = self.children(ty, constants::DW_TAG_variant_part);
        if let Some(variants) = variants.first() {
            return self.variant(variants, place, depth, out);
        }
        let bases = self.children(ty, constants::DW_TAG_inheritance);
        let members = self.children(ty, constants::DW_TAG_member);
        // Rust's `&str`.
        if let [data, length] = &*members
            && name(self.unit(), data).as_deref() == Some("data_ptr")
            && self
                .entry(ty)
                .and_then(|entry| name(self.unit(), &entry))
                .as_deref()
                == Some("&str")
        {
            let size = self.frame.pointer_size();
            let data = self.unsigned(&place.at(offset_of(data)?)?, size)?;
            let length = self.unsigned(&place.at(offset_of(length)?)?, size)?;
            out.push_str(&self.text(data, Some(length))?);
            return Some(());
        }
        out.push('{');
        let mut is_first = true;
        for member in bases.iter().chain(&members) {
            // Static members have no offset in structures, those of unions are at the start.
            let Some(ty) = type_of(self.unit(), member) else {
                continue;
            };
            if member.attr_value(constants::DW_AT_external).is_some() {
                continue;
            }
            if !is_first {
                out.push_str(", ");
            }
            if out.len() >= MAX_OUTPUT {
                out.push('…');
                break;
            }
            is_first = false;
            let name = match name(self.unit(), member) {
                Some(name) => name,
                None => self.type_name(Some(ty)),
            };
            out.push_str(&format!("{name} = "));
            if member
                .attr_value(constants::DW_AT_data_bit_offset)
                .is_some()
                || member.attr_value(constants::DW_AT_bit_size).is_some()
            {
                let text = self.bits(member, ty, place);
                out.push_str(text.as_deref().unwrap_or("?"));
            } else {
                self.part(ty, place, offset_of(member).unwrap_or(0), depth, out);
            }
        }
        out.push('}');
        Some(())
    }

    /// Returns a bit field.
    fn bits(&mut self, member: &Entry<'a>, ty: UnitOffset, place: &Place) -> Option<String> {
        let number = |name| attribute(self.unit(), member, name)?.udata_value();
        let size = number(constants::DW_AT_bit_size).filter(|size| (1..=64).contains(size))?;
        let offset = number(constants::DW_AT_data_bit_offset)?;
        let bytes = usize::try_from((offset % 8 + size).div_ceil(8)).ok()?;
        let bits = self.unsigned(&place.at(offset / 8)?, bytes)? >> (offset % 8);
        let unused = 64 - u32::try_from(size).ok()?;
        let bits = bits << unused;
        let entry = self.entry(ty)?;
        let is_signed = matches!(
            entry.attr_value(constants::DW_AT_encoding),
            Some(AttributeValue::Encoding(constants::DW_ATE_signed))
        );
        Some(match is_signed {
            true => (bits.cast_signed() >> unused).to_string(),
            false => (bits >> unused).to_string(),
        })
    }

    /// Writes the variant of a Rust `enum` that a value has.
    fn variant(
        &mut self,
        part: &Entry<'a>,
        place: &Place,
        depth: usize,
        out: &mut String,
    ) -> Option<()> {
        let discriminant = attribute(self.unit(), part, constants::DW_AT_discr)
            .and_then(|value| super::target(self.unit(), &value));
        let value = match discriminant {
            Some(offset) => {
                let member = self.entry(offset)?;
                let ty = type_of(self.unit(), &member)?;
                let size = usize::try_from(self.size_of(ty, depth)?).ok()?;
                Some(self.unsigned(&place.at(offset_of(&member)?)?, size)?)
            }
            None => None,
        };
        let variants = self.children(part.offset(), constants::DW_TAG_variant);
        let of = |variant: &Entry<'_>| {
            let value = variant.attr_value(constants::DW_AT_discr_value)?;
            value.udata_value()
        };
        let found = variants
            .iter()
            .find(|variant| value.is_some() && of(variant) == value);
        // The variant without a value is that of all others.
        let found = found.or_else(|| variants.iter().find(|variant| of(variant).is_none()))?;
        let members = self.children(found.offset(), constants::DW_TAG_member);
        let member = members.first()?;
        let name = name(self.unit(), member).unwrap_or_default();
        out.push_str(&name);
        let mut inner = String::new();
        self.part(
            type_of(self.unit(), member)?,
            place,
            offset_of(member)?,
            depth,
            &mut inner,
        );
        if inner != "{}" {
            out.push_str(&format!(" {inner}"));
        }
        Some(())
    }
}

fn size(entry: &Entry<'_>) -> Option<u64> {
    entry.attr_value(constants::DW_AT_byte_size)?.udata_value()
}

fn offset_of(member: &Entry<'_>) -> Option<u64> {
    match member.attr_value(constants::DW_AT_data_member_location) {
        Some(value) => value.udata_value(),
        // Members of unions, and bit fields.
        None => Some(0),
    }
}

/// Returns a character of C.
fn character(byte: u8) -> String {
    match byte {
        0x20..=0x7e => format!("{:?}", char::from(byte)),
        _ => format!("'\\x{byte:02x}'"),
    }
}
