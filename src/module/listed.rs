//! The list of the process's modules, for debuggers.

use super::Module;
use crate::code::Entry;
use crate::support::registry::List;
use crate::support::send::shared;

/// All modules of the process.
pub static MODULES: List<ListedModule> = List::new();

/// The properties of a module that a debugger needs: its binary, which contains the functions'
/// names, and the position of its code.
#[derive(Debug)]
#[repr(C)]
pub struct ListedModule {
    /// Address of the binary.
    pub bytes: *const u8,
    /// Size of the binary in bytes.
    pub bytes_len: usize,
    /// Address of an array that contains the address of each function's code header. A function
    /// without code, for example an imported one, has a header whose cells are the same for all.
    pub entries: *const Entry,
    /// Number of functions, including imports.
    pub functions: usize,
    /// Number of imported functions, which come first.
    pub imported_functions: usize,
}

shared!(
    /// The addresses refer to memory that is not moved and not freed before the module, which
    /// first unlists itself. This process does not read through them.
    ListedModule
);

impl Module {
    /// Returns the module's entry in the list. It is valid as long as the module.
    pub fn listed(&self) -> *const ListedModule {
        self.listed.value()
    }
}
