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
    /// Memory 0, or an empty one if the module has no memory.
    pub memory0: *mut MemoryCore,
    /// Cells of all globals, by index in the module.
    pub globals: *const *mut GlobalCell,
    /// Cores of all memories, by index in the module.
    pub memories: *const *mut MemoryCore,
    /// Cores of all tables, by index in the module.
    pub tables: *const *mut TableCore,
    /// Imported functions, as indices into the store's functions.
    pub imports: *const u32,
    /// Tags by index in the module.
    pub tags: *const TagIndex,
    /// Index of the instance in the store.
    pub index: InstanceIndex,
    /// Module of the instance, for debuggers.
    pub module: *const ListedModule,
}

/// Parts of an instance, as indices in the store.
#[derive(Clone, Debug, Default)]
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
    /// For each function of the module its index in the store plus one, or zero if it is not
    /// in the store yet.
    functions: Vec<u32>,
    parts: InstanceParts,
    dropped_elements: Vec<bool>,
    /// For each element segment whose expressions create objects, the elements.
    elements: Vec<Option<Box<[u64]>>>,
    dropped_data: Vec<bool>,
    // `core` points into these. They are vectors, as a box asserts unique access to its
    // contents when it moves.
    _globals: Vec<*mut GlobalCell>,
    _memories: Vec<*mut MemoryCore>,
    _tables: Vec<*mut TableCore>,
}

impl Instance {
    /// Creates an instance of `module` from `parts`, which are complete and of the right types.
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
            elements: Vec::new(),
            dropped_data: vec![false; module.data.len()],
            module,
            parts,
            _globals: globals,
            _memories: memories,
            _tables: tables,
        }
    }

    /// Copies the instance for a fork of its store, which has memories, tables, globals and tags of
    /// the same indices.
    pub(super) fn fork(&self, fork: &StoreInner, index: InstanceIndex) -> Instance {
        let module = Arc::clone(&self.module);
        let mut copy = Instance::new(fork, index, module, self.parts.clone());
        copy.functions.clone_from(&self.functions);
        copy.dropped_elements.clone_from(&self.dropped_elements);
        copy.elements.clone_from(&self.elements);
        copy.dropped_data.clone_from(&self.dropped_data);
        copy
    }

    /// Returns the address of its core, which is stable for the store's life (H1).
    pub fn core(&self) -> *mut InstanceCore {
        UnsafeCell::raw_get(self.core.as_ptr())
    }

    /// Returns its module.
    pub fn module(&self) -> &Arc<Module> {
        &self.module
    }

    /// Replaces its module by a copy with other code. No code runs.
    pub(super) fn replace_module(&mut self, copy: Arc<Module>) {
        debug_assert!(copy.is_copy_of(&self.module));
        // SAFETY: H1, H2: no handler runs.
        unsafe { (*self.core()).module = copy.listed() };
        self.module = copy;
    }

    /// Returns its parts.
    pub fn parts(&self) -> &InstanceParts {
        &self.parts
    }

    /// Returns the index in the store of function `index`, plus one, or zero if it is not in the
    /// store yet.
    pub(super) fn function_slot(&mut self, index: u32) -> &mut u32 {
        &mut self.functions[index as usize]
    }

    /// Returns whether element segment `index` was dropped.
    pub fn element_dropped(&self, index: u32) -> bool {
        self.dropped_elements[index as usize]
    }

    /// Drops element segment `index`.
    pub fn drop_element(&mut self, index: u32) {
        self.dropped_elements[index as usize] = true;
        if let Some(elements) = self.elements.get_mut(index as usize) {
            *elements = None;
        }
    }

    /// Returns the number of elements of a segment: 0 if it was dropped.
    pub fn element_count(&self, index: u32) -> u64 {
        match self.element_dropped(index) {
            true => 0,
            false => self.module.elements[index as usize].items.len() as u64,
        }
    }

    /// Sets the elements of segment `index`, whose expressions create objects.
    pub fn set_elements(&mut self, index: u32, elements: Box<[u64]>) {
        self.elements.resize(self.module.elements.len(), None);
        self.elements[index as usize] = Some(elements);
    }

    /// Returns the elements of segment `index`, if its expressions create objects and it was not
    /// dropped.
    pub fn elements(&self, index: u32) -> Option<&[u64]> {
        self.elements.get(index as usize)?.as_deref()
    }

    /// Returns whether data segment `index` was dropped.
    pub fn data_dropped(&self, index: u32) -> bool {
        self.dropped_data[index as usize]
    }

    /// Returns the bytes of data segment `index`: none if it was dropped.
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
