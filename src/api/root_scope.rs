//! Scopes of the host's references.

use super::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};

/// A scope for the host's references: those that it gets in the scope are held until the scope is
/// dropped.
///
/// ```
/// use backstitch::{Engine, ExternRef, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// for number in 0..10_000 {
///     let mut scope = RootScope::new(&mut store);
///     let _value = ExternRef::new(&mut scope, number)?;
/// }
/// # Ok::<(), backstitch::Error>(())
/// ```
#[derive(Debug)]
pub struct RootScope<C: AsContextMut> {
    store: C,
    held: usize,
}

impl<C: AsContextMut> RootScope<C> {
    /// Creates a scope.
    pub fn new(store: C) -> RootScope<C> {
        let held = store.as_context().0.collector.held();
        RootScope { store, held }
    }

    /// Makes room for `additional` references in this scope.
    pub fn reserve(&mut self, additional: usize) {
        self.store.as_context_mut().0.collector.reserve(additional);
    }
}

impl<C: AsContextMut> AsContext for RootScope<C> {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        self.store.as_context()
    }
}

impl<C: AsContextMut> AsContextMut for RootScope<C> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        self.store.as_context_mut()
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    fn drop(&mut self) {
        let held = self.held;
        self.store.as_context_mut().0.collector.let_go(held);
    }
}
