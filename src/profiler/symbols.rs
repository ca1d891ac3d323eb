//! Names and source positions of the functions in samples.

use super::stack_tree::Place;
#[cfg(feature = "dwarf")]
use crate::api::Symbolizer;
use crate::api::{Module, demangle_without_hash};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

/// The name that stands for a stack without frames.
pub(super) const NO_FUNCTION: &str = "<no WebAssembly>";

/// A function that an instruction belongs to.
#[derive(Clone, Debug, Default)]
pub(super) struct Symbol {
    /// The name for readers.
    pub(super) name: Rc<str>,
    /// The name in the module, which may be mangled.
    pub(super) raw_name: String,
    /// The path of the source file.
    pub(super) file: Option<String>,
    /// The line in it: that of the instruction, or that of the call of the function that is inlined.
    pub(super) line: Option<u32>,
}

/// The symbols of functions, with the debugging information of their modules.
pub(super) struct Symbols<'m> {
    modules: &'m [(String, Module)],
    #[cfg(feature = "dwarf")]
    symbolizers: Vec<Option<Symbolizer<'m>>>,
    known: BTreeMap<Place, Rc<[Symbol]>>,
}

impl<'m> Symbols<'m> {
    pub(super) fn new(modules: &'m [(String, Module)]) -> Symbols<'m> {
        #[cfg(feature = "dwarf")]
        let symbolizer =
            |(_, module): &'m (String, Module)| module.symbolizer().unwrap_or_default();
        Symbols {
            modules,
            #[cfg(feature = "dwarf")]
            symbolizers: modules.iter().map(symbolizer).collect(),
            known: BTreeMap::new(),
        }
    }

    /// Returns the functions that an instruction belongs to: the last one is inlined into the one before
    /// it, and so on.
    pub(super) fn of(&mut self, place: Place) -> Rc<[Symbol]> {
        if let Some(symbols) = self.known.get(&place) {
            return Rc::clone(symbols);
        }
        let symbols: Rc<[Symbol]> = self.look_up(place).into();
        self.known.insert(place, Rc::clone(&symbols));
        symbols
    }

    /// Returns the offset of an instruction in its module, unless it is unknown. This takes long if the
    /// function has to be translated again.
    pub(super) fn offset(&self, place: Place) -> Option<u32> {
        self.modules[place.module].1.offset_of(place.location)
    }

    /// Returns whether a module has debugging information.
    pub(super) fn has_source(&self, module: usize) -> bool {
        #[cfg(feature = "dwarf")]
        return self.symbolizers[module].is_some();
        #[cfg(not(feature = "dwarf"))]
        return module == usize::MAX;
    }

    fn look_up(&self, place: Place) -> Vec<Symbol> {
        let own = self.of_function(place);
        #[cfg(feature = "dwarf")]
        if let Some(symbolizer) = &self.symbolizers[place.module]
            && let Some(offset) = self.offset(place)
        {
            let found = symbolizer.symbols(u64::from(offset));
            let Some((function, inlined)) = found.split_last() else {
                return vec![own];
            };
            let own = Symbol {
                file: function.file().map(String::from),
                line: function.line(),
                ..own
            };
            let inlined = inlined.iter().rev().map(|symbol| {
                let name = symbol.name();
                Symbol {
                    name: match name {
                        Some(name) => demangle_without_hash(name).into(),
                        None => "<inlined function>".into(),
                    },
                    raw_name: name.unwrap_or_default().to_string(),
                    file: symbol.file().map(String::from),
                    line: symbol.line(),
                }
            });
            return core::iter::once(own).chain(inlined).collect();
        }
        vec![own]
    }

    /// Returns a symbol with the name that the module has for the function.
    fn of_function(&self, place: Place) -> Symbol {
        let (module_name, module) = &self.modules[place.module];
        let raw_name = module.func_name(place.location.function);
        let name = match raw_name {
            Some(name) => demangle_without_hash(name),
            None => format!("<wasm function {}>", place.location.function),
        };
        Symbol {
            name: match self.modules.len() {
                0..=1 => name.into(),
                2.. => format!("{module_name}!{name}").into(),
            },
            raw_name: raw_name.unwrap_or_default().to_string(),
            ..Symbol::default()
        }
    }
}
