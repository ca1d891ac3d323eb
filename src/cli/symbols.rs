//! Functions of a module's binary: names, types, and positions.

use std::collections::BTreeMap;
use std::ops::Range;
use wasmparser::{
    BinaryReaderError, CompositeInnerType, ExternalKind, FuncType, FunctionBody, HeapType,
    KnownCustom, Name, NameMap, NameSectionReader, Parser, Payload, TypeRef, ValType,
};

/// The functions of a module.
#[derive(Default)]
pub(crate) struct Symbols {
    /// The module's own name.
    pub(crate) module: Option<String>,
    /// The indices of the functions with a body. Imported functions have the indices before them.
    pub(crate) defined: Range<u32>,
    /// The range of each body, from its local count to its end.
    pub(crate) bodies: Vec<Range<usize>>,
    /// The names by which functions are exported.
    exports: BTreeMap<u32, Vec<String>>,
    /// The functions' names in the name section.
    names: BTreeMap<u32, String>,
    /// The locals' names in the name section, by function and local.
    locals: BTreeMap<(u32, u32), String>,
    types: Vec<Option<FuncType>>,
    /// The types' names in the name section.
    type_names: BTreeMap<u32, String>,
    /// The type index of each function.
    functions: Vec<u32>,
    /// `true` if the module has a start function.
    pub(crate) has_start: bool,
    /// `true` for an object file, which is to be linked to a module.
    pub(crate) is_object: bool,
}

impl Symbols {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut symbols = Symbols::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        for ty in group?.into_types() {
                            symbols.types.push(match ty.composite_type.inner {
                                CompositeInnerType::Func(ty) => Some(ty),
                                _ => None,
                            });
                        }
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        if let TypeRef::Func(ty) | TypeRef::FuncExact(ty) = import?.ty {
                            symbols.functions.push(ty);
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    let imported = symbols.functions.len() as u32;
                    symbols.defined = imported..imported.saturating_add(section.count());
                    for ty in section {
                        symbols.functions.push(ty?);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            let names = symbols.exports.entry(export.index).or_default();
                            names.push(export.name.to_string());
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    let range = body.range();
                    symbols
                        .bodies
                        .push(range.start as usize..range.end as usize);
                }
                Payload::StartSection { .. } => symbols.has_start = true,
                Payload::CustomSection(section) => {
                    symbols.is_object |= section.name() == "linking";
                    if let KnownCustom::Name(subsections) = section.as_known() {
                        symbols.read_names(subsections);
                    }
                }
                _ => {}
            }
        }
        Ok(symbols)
    }

    /// Reads the name section as far as it is well-formed. Names are only informative, so a
    /// malformed section is not an error.
    fn read_names(&mut self, subsections: NameSectionReader<'_>) {
        for subsection in subsections {
            match subsection {
                Ok(Name::Module { name, .. }) => self.module = Some(name.to_string()),
                Ok(Name::Function(map)) => for_each_name(map, |index, name| {
                    self.names.entry(index).or_insert_with(|| name.to_string());
                }),
                Ok(Name::Type(map)) => for_each_name(map, |index, name| {
                    let named = self.type_names.entry(index);
                    named.or_insert_with(|| name.to_string());
                }),
                Ok(Name::Local(functions)) => {
                    for function in functions.into_iter().map_while(Result::ok) {
                        for_each_name(function.names, |local, name| {
                            let key = (function.index, local);
                            self.locals.entry(key).or_insert_with(|| name.to_string());
                        });
                    }
                }
                _ => {}
            }
        }
    }

    /// Returns a function's name in the name section, or else the first name by which it is
    /// exported. Empty names are left out.
    pub(crate) fn function(&self, index: u32) -> Option<&str> {
        let exported = self.exports.get(&index).into_iter().flatten();
        let mut names = self.names.get(&index).into_iter().chain(exported);
        names.find(|name| !name.is_empty()).map(String::as_str)
    }

    /// Returns a local's name.
    pub(crate) fn local(&self, function: u32, local: u32) -> Option<&str> {
        self.locals.get(&(function, local)).map(String::as_str)
    }

    /// Returns a function's name in the name section.
    pub(crate) fn section_name(&self, index: u32) -> Option<&str> {
        self.names.get(&index).map(String::as_str)
    }

    /// Returns the first name by which a function is exported.
    pub(crate) fn export(&self, index: u32) -> Option<&str> {
        self.exports.get(&index)?.first().map(String::as_str)
    }

    /// Returns the names of all functions: those by which they are exported, and then those in
    /// the name section.
    pub(crate) fn all_names(&self) -> impl Iterator<Item = (u32, &str)> + Clone {
        self.exported_names().chain(self.section_names())
    }

    /// Returns the names of exported functions: those by which they are exported, and then those
    /// in the name section.
    pub(crate) fn names_of_exported(&self) -> impl Iterator<Item = (u32, &str)> + Clone {
        let names = self.section_names();
        let exported = names.filter(|(index, _)| self.exports.contains_key(index));
        self.exported_names().chain(exported)
    }

    fn exported_names(&self) -> impl Iterator<Item = (u32, &str)> + Clone {
        let exports = self.exports.iter();
        exports.flat_map(|(index, names)| names.iter().map(|name| (*index, &**name)))
    }

    fn section_names(&self) -> impl Iterator<Item = (u32, &str)> + Clone {
        self.names.iter().map(|(index, name)| (*index, &**name))
    }

    /// Returns a function's type.
    pub(crate) fn signature(&self, index: u32) -> Option<&FuncType> {
        let ty = *self.functions.get(index as usize)?;
        self.types.get(ty as usize)?.as_ref()
    }

    /// Formats a type of a value as in the text format.
    pub(crate) fn value_type(&self, ty: ValType) -> String {
        let (ValType::Ref(reference), Some(index)) = (ty, concrete(ty)) else {
            return ty.to_string();
        };
        let null = if reference.is_nullable() { "null " } else { "" };
        match self.type_names.get(&index) {
            Some(name) => format!("(ref {null}${name})"),
            None => format!("(ref {null}{index})"),
        }
    }

    /// Returns the range of a function's body, if it has one.
    pub(crate) fn body(&self, index: u32) -> Option<Range<usize>> {
        let defined = index.checked_sub(self.defined.start)?;
        self.bodies.get(defined as usize).cloned()
    }

    /// Returns the types of the locals that a body declares, as far as it is well-formed; at most
    /// `most` of them, because a few bytes can declare many.
    pub(crate) fn declared_locals(body: &[u8], most: usize) -> Vec<ValType> {
        let body = FunctionBody::new(wasmparser::BinaryReader::new(body, 0));
        let mut types = Vec::new();
        for group in body
            .get_locals_reader()
            .into_iter()
            .flatten()
            .map_while(Result::ok)
        {
            let count = (group.0 as usize).min(most - types.len());
            types.extend(std::iter::repeat_n(group.1, count));
        }
        types
    }
}

/// Returns the index of the defined type of a reference, if its type is one.
fn concrete(ty: ValType) -> Option<u32> {
    match ty {
        ValType::Ref(ty) => match ty.heap_type() {
            HeapType::Concrete(index) => index.as_module_index(),
            _ => None,
        },
        _ => None,
    }
}

fn for_each_name(map: NameMap<'_>, mut each: impl FnMut(u32, &str)) {
    for naming in map.into_iter().map_while(Result::ok) {
        each(naming.index, naming.name);
    }
}
