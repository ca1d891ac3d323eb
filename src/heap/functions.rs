//! Functions of a store, of its instances and of the host.

use super::func::{FuncObject, FuncRef, HostFunc};
use super::store::StoreInner;
use crate::ids::{FuncIndex, InstanceIndex, TypeId};
use alloc::sync::Arc;
use core::ptr;

impl StoreInner {
    /// Returns function `index`.
    pub fn func(&self, index: FuncIndex) -> &FuncObject {
        &self.functions[index.0 as usize]
    }

    /// Returns all functions that have become values, by index.
    pub fn functions(&self) -> &[FuncObject] {
        &self.functions
    }

    /// Returns the host function of a [`FuncObject`] for which `is_host` holds.
    pub fn host_func(&self, object: &FuncObject) -> Arc<dyn HostFunc> {
        Arc::clone(&self.host_functions[object.index as usize])
    }

    /// Returns the host function of a [`FuncObject`] for which `is_host` holds, valid as long
    /// as the store: none is ever removed, and each is in an allocation of its own. Calling it
    /// by address saves the two atomic operations that a clone of its `Arc` would take.
    pub fn host_func_address(&self, object: &FuncObject) -> *const dyn HostFunc {
        Arc::as_ptr(&self.host_functions[object.index as usize])
    }

    /// Adds a host function.
    pub fn add_host_func(&mut self, ty: TypeId, func: Arc<dyn HostFunc>) -> FuncIndex {
        let index = self.host_functions.len() as u32;
        self.host_functions.push(func);
        let layout = self.engine().types.layout(ty);
        if layout.depth() > 0 && self.objects.know_type(ty, &layout).is_err() {
            log::warn!("no room for a type: casts of a host function to its supertypes fail");
        }
        let signature = self.engine().types.func(ty);
        self.add_func(FuncObject {
            entry: ptr::null(),
            instance: ptr::null_mut(),
            ty,
            index,
            param_slots: signature.param_slots() as u16,
            result_slots: signature.result_slots() as u16,
        })
    }

    /// Returns function `index` of an instance, which becomes a function of the store at its
    /// first use.
    pub fn instance_func(&mut self, instance: InstanceIndex, index: u32) -> FuncIndex {
        let owner = &mut self.instances[instance.0 as usize];
        if let Some(func) = FuncRef(*owner.function_slot(index)).get() {
            return func;
        }
        let module = Arc::clone(owner.module());
        let core = owner.core();
        let signature = module.func_type(index);
        let func = self.add_func(FuncObject {
            entry: module.code.entry(index),
            instance: core,
            ty: module.type_of_function(index),
            index,
            param_slots: signature.param_slots() as u16,
            result_slots: signature.result_slots() as u16,
        });
        *self.instances[instance.0 as usize].function_slot(index) = FuncRef::new(func).0;
        func
    }

    fn add_func(&mut self, object: FuncObject) -> FuncIndex {
        let index = FuncIndex(self.functions.len() as u32);
        self.functions.push(object);
        // The vector may have moved.
        self.stacks.set_functions(self.functions.as_ptr());
        index
    }
}
