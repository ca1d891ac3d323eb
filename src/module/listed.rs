//! The modules of the process, as a debugger finds them.

use super::Module;
use crate::code::Entry;
use crate::support::registry::List;
use crate::support::send::shared;

/// All modules of the process.
pub static MODULES: List<ListedModule> = List::new();

/// What an outsider may know of a module: its binary, which has the names of its
/// functions, and where its code is.
#[derive(Debug)]
#[repr(C)]
pub struct ListedModule {
    /// Its binary,
    pub bytes: *const u8,
    /// and how long that is.
    pub bytes_len: usize,
    /// For each function the address of its code's header, by index; for a function without
    /// code that of a header whose cells are fixed, and for an imported one too.
    pub entries: *const Entry,
    /// The number of functions, imported ones included.
    pub functions: usize,
    /// How many of them are imported: they come first.
    pub imported_functions: usize,
}

shared!(
    /// The addresses are of what does not move and is not freed before the module, which
    /// unlists itself first; nobody follows them in this process.
    ListedModule
);

impl Module {
    /// Its entry in the list of modules: valid as long as the module.
    pub fn listed(&self) -> *const ListedModule {
        self.listed.value()
    }
}
