//! Names of the functions in samples.

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

/// The names of functions, with the debugging information of their modules.
pub(super) struct Symbols<'m> {
    modules: &'m [(String, Module)],
    #[cfg(feature = "dwarf")]
    symbolizers: Vec<Option<Symbolizer<'m>>>,
    known: BTreeMap<Place, Rc<[Rc<str>]>>,
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

    /// Returns the names of the functions that an instruction belongs to: the last one is inlined into the
    /// one before it, and so on.
    pub(super) fn names(&mut self, place: Place) -> Rc<[Rc<str>]> {
        if let Some(names) = self.known.get(&place) {
            return Rc::clone(names);
        }
        let names: Rc<[Rc<str>]> = self.look_up(place).into_iter().map(Rc::from).collect();
        self.known.insert(place, Rc::clone(&names));
        names
    }

    fn look_up(&self, place: Place) -> Vec<String> {
        let (name, module) = &self.modules[place.module];
        let mut own = match module.func_name(place.function) {
            Some(name) => demangle_without_hash(name),
            None => format!("<wasm function {}>", place.function),
        };
        if self.modules.len() > 1 {
            own = format!("{name}!{own}");
        }
        #[cfg(feature = "dwarf")]
        if let (Some(symbolizer), Some(offset)) = (&self.symbolizers[place.module], place.offset) {
            let symbols = symbolizer.symbols(u64::from(offset));
            let inlined = symbols.len().saturating_sub(1);
            let names = symbols[..inlined].iter().rev();
            let names = names.map(|symbol| match symbol.name() {
                Some(name) => demangle_without_hash(name),
                None => "<inlined function>".to_string(),
            });
            return core::iter::once(own).chain(names).collect();
        }
        vec![own]
    }
}
