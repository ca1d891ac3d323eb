//! Instances of modules.

use super::global::GlobalCell;
use super::memory::MemoryCore;
use super::store::StoreInner;
use super::table::TableCore;
use crate::ids::{GlobalIndex, InstanceIndex, MemoryIndex, TableIndex, TagIndex};
use crate::module::{ListedModule, Module};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::ptr::NonNull;

/// The part of an instance that handlers read (see H1, H2).
#[derive(Debug)]
#[repr(C)]
pub struct InstanceCore {
    /// Memory 0, or an empty one where the module has none.
    pub memory0: *mut MemoryCore,
    /// The cell of each global, by the module's index.
    pub globals: *const *mut GlobalCell,
    /// Each memory, by the module's index.
    pub memories: *const *mut MemoryCore,
    /// Each table, by the module's index.
    pub tables: *const *mut TableCore,
    /// Each imported function, as an index into the store's functions.
    pub imports: *const u32,
    /// Each tag, as an index into the store's tags.
    pub tags: *const TagIndex,
    /// Which instance this is.
    pub index: InstanceIndex,
    /// Its module, for debuggers.
    pub module: *const ListedModule,
}

/// What an instance is made of, by index in the store.
#[derive(Debug, Default)]
pub struct InstanceParts {
    /// Imported functions, in the module's order.
    pub imported_functions: Vec<u32>,
    /// All tables, imported ones first.
    pub tables: Vec<TableIndex>,
    /// All memories, imported ones first.
    pub memories: Vec<MemoryIndex>,
    /// All globals, imported ones first.
    pub globals: Vec<GlobalIndex>,
    /// All tags, imported ones first.
    pub tags: Vec<TagIndex>,
}

/// An instance.
#[derive(Debug)]
pub struct Instance {
    core: NonNull<UnsafeCell<InstanceCore>>,
    module: Arc<Module>,
    /// The index in the store plus one of each function that has become a value.
    functions: Vec<u32>,
    parts: InstanceParts,
    dropped_elements: Vec<bool>,
    dropped_data: Vec<bool>,
    // What `core` points to: vectors, as a box that moves would claim its contents for
    // itself.
    _globals: Vec<*mut GlobalCell>,
    _memories: Vec<*mut MemoryCore>,
    _tables: Vec<*mut TableCore>,
}

impl Instance {
    /// An instance of `module` made of `parts`, which are complete and of the right types.
    pub(super) fn new(
        store: &StoreInner,
        index: InstanceIndex,
        module: Arc<Module>,
        parts: InstanceParts,
    ) -> Instance {
        let globals: Vec<_> = parts
            .globals
            .iter()
            .map(|&i| store.global(i).cell())
            .collect();
        let memories: Vec<_> = parts
            .memories
            .iter()
            .map(|&i| store.memory(i).core())
            .collect();
        let tables: Vec<_> = parts
            .tables
            .iter()
            .map(|&i| store.table(i).core())
            .collect();
        let core = InstanceCore {
            memory0: memories.first().copied().unwrap_or(store.empty_memory()),
            globals: globals.as_ptr(),
            memories: memories.as_ptr(),
            tables: tables.as_ptr(),
            imports: parts.imported_functions.as_ptr(),
            tags: parts.tags.as_ptr(),
            index,
            module: module.listed(),
        };
        let mut functions = vec![0; module.functions.len()];
        for (slot, &import) in functions.iter_mut().zip(&parts.imported_functions) {
            *slot = import + 1;
        }
        Instance {
            core: NonNull::from(Box::leak(Box::new(UnsafeCell::new(core)))),
            functions,
            dropped_elements: vec![false; module.elements.len()],
            dropped_data: vec![false; module.data.len()],
            module,
            parts,
            _globals: globals,
            _memories: memories,
            _tables: tables,
        }
    }

    /// The address of its core, stable for the store's life (H1).
    pub fn core(&self) -> *mut InstanceCore {
        UnsafeCell::raw_get(self.core.as_ptr())
    }

    /// Its module.
    pub fn module(&self) -> &Arc<Module> {
        &self.module
    }

    /// What it is made of.
    pub fn parts(&self) -> &InstanceParts {
        &self.parts
    }

    /// The store's number for function `index`, plus one, or zero where it has none yet.
    pub(super) fn function_slot(&mut self, index: u32) -> &mut u32 {
        &mut self.functions[index as usize]
    }

    /// Whether element segment `index` has been dropped.
    pub fn element_dropped(&self, index: u32) -> bool {
        self.dropped_elements[index as usize]
    }

    /// Drops element segment `index`.
    pub fn drop_element(&mut self, index: u32) {
        self.dropped_elements[index as usize] = true;
    }

    /// Whether data segment `index` has been dropped.
    pub fn data_dropped(&self, index: u32) -> bool {
        self.dropped_data[index as usize]
    }

    /// The bytes of data segment `index`: none once it has been dropped.
    pub fn data(&self, index: u32) -> &[u8] {
        if self.dropped_data[index as usize] {
            &[]
        } else {
            self.module.data_bytes(index)
        }
    }

    /// Drops data segment `index`.
    pub fn drop_data(&mut self, index: u32) {
        self.dropped_data[index as usize] = true;
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: the core came from `Box::leak` in `new`, and is dropped with its store.
        drop(unsafe { Box::from_raw(self.core.as_ptr()) });
    }
}
