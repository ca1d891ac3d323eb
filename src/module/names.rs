//! The name section.
//!
//! It is optional, so malformed parts are ignored. Names are not copied: a name is a range of
//! the module's bytes.

use super::sections::CustomSection;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::str;
use wasmparser::{BinaryReader, Name, NameMap, NameSectionReader};

/// The range of a name in the module's bytes.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    len: u32,
}

impl Span {
    fn of(name: &str, bytes: &[u8]) -> Option<Span> {
        let start = name.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
        Some(Span {
            start: start.try_into().ok()?,
            len: name.len().try_into().ok()?,
        })
    }

    fn text(self, bytes: &[u8]) -> Option<&str> {
        let start = self.start as usize;
        str::from_utf8(bytes.get(start..start + self.len as usize)?).ok()
    }
}

/// The names of the defined types of a module, and of their fields.
#[derive(Debug, Default)]
pub struct TypeNames<'a> {
    types: BTreeMap<u32, &'a str>,
    fields: BTreeMap<(u32, u32), &'a str>,
}

impl<'a> TypeNames<'a> {
    pub(super) fn read(bytes: &'a [u8], sections: &[CustomSection]) -> TypeNames<'a> {
        let mut names = TypeNames::default();
        for_each_subsection(bytes, sections, |subsection| match subsection {
            Name::Type(map) => {
                for naming in map.map_while(Result::ok) {
                    names.types.entry(naming.index).or_insert(naming.name);
                }
            }
            Name::Field(types) => {
                for ty in types.into_iter().map_while(Result::ok) {
                    for naming in ty.names.map_while(Result::ok) {
                        let field = names.fields.entry((ty.index, naming.index));
                        field.or_insert(naming.name);
                    }
                }
            }
            _ => {}
        });
        names
    }

    /// Returns the name of a type.
    pub fn ty(&self, index: u32) -> Option<&'a str> {
        self.types.get(&index).copied()
    }

    /// Returns the name of a field of a structure type.
    pub fn field(&self, ty: u32, field: u32) -> Option<&'a str> {
        self.fields.get(&(ty, field)).copied()
    }
}

/// The names of a module and its functions.
#[derive(Debug, Default)]
pub(super) struct Names {
    module: Option<Span>,
    /// Sorted by function index.
    functions: Vec<(u32, Span)>,
}

impl Names {
    pub(super) fn read(bytes: &[u8], sections: &[CustomSection]) -> Names {
        let mut names = Names::default();
        for_each_subsection(bytes, sections, |subsection| match subsection {
            Name::Module { name, .. } if names.module.is_none() => {
                names.module = Span::of(name, bytes);
            }
            Name::Function(map) => for_each_name(map, bytes, |index, span| {
                names.functions.push((index, span));
            }),
            _ => {}
        });
        // A section is in order. If there are several sections, the first name is used.
        names.functions.sort_by_key(|(index, _)| *index);
        names.functions.dedup_by_key(|(index, _)| *index);
        names.functions.shrink_to_fit();
        names
    }

    pub(super) fn module<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        self.module?.text(bytes)
    }

    pub(super) fn function<'a>(&self, bytes: &'a [u8], function: u32) -> Option<&'a str> {
        let at = self
            .functions
            .binary_search_by_key(&function, |(index, _)| *index)
            .ok()?;
        self.functions[at].1.text(bytes)
    }
}

fn for_each_subsection<'a>(
    bytes: &'a [u8],
    sections: &[CustomSection],
    mut each: impl FnMut(Name<'a>),
) {
    for section in sections
        .iter()
        .filter(|section| section.name(bytes) == "name")
    {
        let reader = BinaryReader::new(section.data(bytes), section.data.start as u64);
        NameSectionReader::new(reader)
            .map_while(Result::ok)
            .for_each(&mut each);
    }
}

fn for_each_name(map: NameMap<'_>, bytes: &[u8], mut each: impl FnMut(u32, Span)) {
    for naming in map.map_while(Result::ok) {
        if let Some(span) = Span::of(naming.name, bytes) {
            each(naming.index, span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::features::DEFAULT;
    use super::super::sections::Sections;
    use super::*;

    fn custom(bytes: &[u8]) -> Vec<CustomSection> {
        let mut sections = Sections::default();
        sections.read(bytes, DEFAULT).unwrap();
        sections.custom
    }

    #[test]
    fn names_of_everything() {
        let bytes = wat::parse_str(
            "(module $m (func $one (param $x i32) (local $y i64)) (func) (func $three))",
        )
        .unwrap();
        let custom = custom(&bytes);
        let names = Names::read(&bytes, &custom);
        assert_eq!(names.module(&bytes), Some("m"));
        assert_eq!(names.function(&bytes, 0), Some("one"));
        assert_eq!(names.function(&bytes, 1), None);
        assert_eq!(names.function(&bytes, 2), Some("three"));
    }

    #[test]
    fn names_of_types_and_fields() {
        let bytes = wat::parse_str(
            "(module (type (func)) (type $pair (struct (field $first i32) (field i64))))",
        )
        .unwrap();
        let custom = custom(&bytes);
        let names = TypeNames::read(&bytes, &custom);
        assert_eq!((names.ty(0), names.ty(1)), (None, Some("pair")));
        assert_eq!(names.field(1, 0), Some("first"));
        assert_eq!((names.field(1, 1), names.field(0, 0)), (None, None));
    }

    #[test]
    fn malformed_names_are_left_out() {
        let good = wat::parse_str("(module $m (func $one) (func $two))").unwrap();
        let at = good.windows(3).position(|window| window == b"two").unwrap();
        let mut bytes = good.clone();
        bytes[at] = 0xff;
        let names = Names::read(&bytes, &custom(&bytes));
        assert_eq!(names.function(&bytes, 0), Some("one"));
        assert_eq!(names.function(&bytes, 1), None);
        // Reading terminates for any contents of the section.
        let section = custom(&good)[0].data.clone();
        for at in section {
            for byte in [0, 1, 2, 0x7f, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] = byte;
                let custom = custom(&bytes);
                let names = Names::read(&bytes, &custom);
                names.module(&bytes);
                names.function(&bytes, 1);
                TypeNames::read(&bytes, &custom);
            }
        }
    }
}
