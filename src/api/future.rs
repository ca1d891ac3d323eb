//! Asynchronous calls, for any executor.

use super::caller::Caller;
use super::context::{AsContextMut, StoreContextMut};
use super::engine::Engine;
use super::execution::{Execution, Outcome, Suspension};
use super::externals::Extern;
use super::func::Func;
use super::func_type::FuncType;
use super::instance::Instance;
use super::instance_pre::{InstancePre, Instantiation};
use super::into_func::HostFunc;
use super::linker::Linker;
use super::module::Module;
use super::typed_func::TypedFunc;
use super::values::Val;
use super::wasm_ty::{WasmParams, WasmResults, WasmRet};
use crate::code::Trap;
use crate::execute::ExecutionError;
use crate::heap::{HostCall, StoreInner};
use crate::support::error::{Error, Result};
use crate::support::sync::Mutex;
use crate::{ensure, module};
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;
use smallvec::{SmallVec, smallvec};

/// Encoder of a host function's results as slots. It runs when the store is available again.
type Encode = Box<dyn FnOnce(&StoreInner) -> Result<SmallVec<[u64; 8]>> + Send>;
type Pending = Pin<Box<dyn Future<Output = Result<Encode>> + Send>>;

/// The future of an asynchronous host function, as the payload of a request to suspend.
///
/// It is in a mutex because requests are `Sync` and futures need not be.
struct HostFuture(Mutex<Option<Pending>>);

impl HostFuture {
    fn new(future: impl Future<Output = Result<Encode>> + Send + 'static) -> HostFuture {
        HostFuture(Mutex::new(Some(Box::pin(future))))
    }

    fn take(&self) -> Option<Pending> {
        self.0.lock().take()
    }
}

/// Makes the host function that starts a future and suspends its execution until the future is
/// ready.
pub(super) fn host_func<T, Params, Returned, Run, Fut>(engine: &Engine, run: Run) -> HostFunc
where
    T: 'static,
    Params: WasmResults + WasmRet,
    Returned: WasmParams + WasmRet + 'static,
    Run: Fn(Caller<'_, T>, Params) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Returned>> + Send + 'static,
{
    let ty = FuncType::new(engine, Params::result_types(), Returned::result_types());
    HostFunc::of(ty, move |call: &mut HostCall<'_>| {
        let (store, slots) = call.arguments();
        let params = Params::load(slots, store);
        let caller = Caller::new(StoreContextMut::of(call.store), call.caller);
        let future = run(caller, params);
        Err(Error::suspend(HostFuture::new(async move {
            let returned = future.await?;
            let encode: Encode = Box::new(move |store| {
                let mut slots = smallvec![0; Returned::SLOTS];
                returned.store(store, &mut slots)?;
                Ok(slots)
            });
            Ok(encode)
        })))
    })
}

/// Makes an asynchronous host function whose type is given at run time.
fn dynamic_host_func<T, Run, Fut>(ty: FuncType, run: Run) -> HostFunc
where
    T: 'static,
    Run: Fn(Caller<'_, T>, &[Val]) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<Val>>> + Send + 'static,
{
    let types = Arc::clone(ty.inner());
    HostFunc::of(ty, move |call: &mut HostCall<'_>| {
        let (store, slots) = call.arguments();
        let params: SmallVec<[Val; 8]> = Val::read_all(&types.params, slots, store).collect();
        let caller = Caller::new(StoreContextMut::of(call.store), call.caller);
        let future = run(caller, &params);
        let types = Arc::clone(&types);
        Err(Error::suspend(HostFuture::new(async move {
            let results = future.await?;
            let encode: Encode = Box::new(move |store| to_slots(store, &types, &results));
            Ok(encode)
        })))
    })
}

/// Encodes the results of a host function as slots.
fn to_slots(
    store: &StoreInner,
    ty: &module::FuncType,
    results: &[Val],
) -> Result<SmallVec<[u64; 8]>> {
    ensure!(
        results.len() == ty.results.len(),
        "a host function with {} results returned {}",
        ty.results.len(),
        results.len()
    );
    let mut slots = smallvec![0; ty.result_slots()];
    Val::write_all(results, &ty.results, &mut slots, store, |index| {
        format!("result {index} of a host function is incompatible")
    })?;
    Ok(slots)
}

impl<T: 'static> Linker<T> {
    /// Defines an asynchronous host function: the closure returns a future, and the call continues
    /// when the future is ready.
    ///
    /// Only calls with [`Func::call_async`] and its siblings can wait. In any other call, the
    /// function fails.
    ///
    /// Unlike in Wasmtime, the future does not borrow the [`Caller`]: the store can be used while
    /// the future waits.
    ///
    /// ```
    /// use backstitch::*;
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// # if cfg!(not(feature = "wat")) { return Ok(()) }
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"
    ///     (module
    ///         (import "host" "fetch" (func $fetch (param i32) (result i64)))
    ///         (func (export "run") (result i64)
    ///             (i64.add (call $fetch (i32.const 1)) (call $fetch (i32.const 2)))))
    /// "#)?;
    /// let mut linker = Linker::new(&engine);
    /// linker.func_wrap_async("host", "fetch", |_: Caller<'_, ()>, (key,): (i32,)| async move {
    ///     Ok(i64::from(key) * 100)
    /// })?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = linker.instantiate(&mut store, &module)?;
    /// let run = instance.get_func(&mut store, "run").unwrap();
    ///
    /// // Any executor does; this is the least one.
    /// let mut results = [Val::I64(0)];
    /// {
    ///     let mut call = pin!(run.call_async(&mut store, &[], &mut results));
    ///     let mut context = Context::from_waker(Waker::noop());
    ///     while call.as_mut().poll(&mut context)?.is_pending() {}
    /// }
    /// assert_eq!(results[0].unwrap_i64(), 300);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the name is already defined.
    pub fn func_wrap_async<Params, Returned, Run, Fut>(
        &mut self,
        module: &str,
        name: &str,
        run: Run,
    ) -> Result<&mut Linker<T>>
    where
        Params: WasmResults + WasmRet,
        Returned: WasmParams + WasmRet + 'static,
        Run: Fn(Caller<'_, T>, Params) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Returned>> + Send + 'static,
    {
        let func = host_func(self.engine(), run);
        self.define_host(module, name, func)
    }

    /// Defines an asynchronous host function whose type is given at run time.
    ///
    /// The closure returns a future of the results. See [`Linker::func_wrap_async`].
    ///
    /// # Errors
    ///
    /// Returns an error if the name is already defined or the type belongs to another engine.
    pub fn func_new_async<Run, Fut>(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        run: Run,
    ) -> Result<&mut Linker<T>>
    where
        Run: Fn(Caller<'_, T>, &[Val]) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<Val>>> + Send + 'static,
    {
        ensure!(
            Engine::same(ty.engine(), self.engine()),
            "the type of `{module}::{name}` and the linker belong to different engines"
        );
        self.define_host(module, name, dynamic_host_func(ty, run))
    }

    /// Instantiates a module as [`Linker::instantiate`] does, with a start function that may wait.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Linker::instantiate`].
    pub async fn instantiate_async(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance> {
        let made = self.instantiate_resumable(&mut store, module)?;
        ready(made, &mut store).await
    }
}

impl<T: 'static> InstancePre<T> {
    /// Instantiates the module as [`InstancePre::instantiate`] does, with a start function that may
    /// wait.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`InstancePre::instantiate`].
    pub async fn instantiate_async(
        &self,
        mut store: impl AsContextMut<Data = T>,
    ) -> Result<Instance> {
        let made = self.instantiate_resumable(&mut store)?;
        ready(made, &mut store).await
    }
}

impl Instance {
    /// Instantiates a module as [`Instance::new`] does, with a start function that may wait.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Instance::new`].
    pub async fn new_async(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance> {
        let made = Instance::new_resumable(&mut store, module, imports)?;
        ready(made, &mut store).await
    }
}

impl Func {
    /// Creates an asynchronous host function: see [`Linker::func_wrap_async`].
    pub fn wrap_async<T, Params, Returned, Run, Fut>(
        mut store: impl AsContextMut<Data = T>,
        run: Run,
    ) -> Func
    where
        T: 'static,
        Params: WasmResults + WasmRet,
        Returned: WasmParams + WasmRet + 'static,
        Run: Fn(Caller<'_, T>, Params) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Returned>> + Send + 'static,
    {
        let store = store.as_context_mut();
        host_func(store.engine(), run).add_to(store.0)
    }

    /// Creates an asynchronous host function whose type is given at run time: see
    /// [`Linker::func_new_async`].
    ///
    /// # Panics
    ///
    /// Panics if the type belongs to another engine.
    pub fn new_async<T, Run, Fut>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        run: Run,
    ) -> Func
    where
        T: 'static,
        Run: Fn(Caller<'_, T>, &[Val]) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<Val>>> + Send + 'static,
    {
        let store = store.as_context_mut();
        assert!(
            Engine::same(ty.engine(), store.engine()),
            "the function's type and the store belong to different engines"
        );
        dynamic_host_func(ty, run).add_to(store.0)
    }

    /// Calls the function, and waits for the futures of asynchronous host functions: see
    /// [`Linker::func_wrap_async`].
    ///
    /// At an epoch deadline where the store's callback returns
    /// [`UpdateDeadline::Yield`](crate::UpdateDeadline::Yield), the future yields to other tasks.
    /// No particular executor is needed. Dropping the future ends the call.
    ///
    /// While the code waits at an address of a shared memory, the future is pending, and a
    /// notification or an interruption wakes its task. If the wait has a timeout, or the engine has
    /// epoch interruption, the future wakes its task at once instead, and polls the clock.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Func::call`]. A wait without a timeout that no other store can end
    /// is an error.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this function.
    pub async fn call_async(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let expected = self.ty(&store).results().len();
        ensure!(
            results.len() == expected,
            "expected {expected} results, got {}",
            results.len()
        );
        let mut execution = self.start(&mut store, params)?;
        results.clone_from_slice(&drive(&mut execution, &mut store).await?);
        Ok(())
    }
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    /// Calls the function as [`TypedFunc::call`] does, and waits as [`Func::call_async`] does.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`TypedFunc::call`].
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this function.
    pub async fn call_async(
        &self,
        mut store: impl AsContextMut,
        params: Params,
    ) -> Result<Results> {
        let mut execution = self.start(store.as_context_mut().0, params)?;
        let values = drive(&mut execution, &mut store).await?;
        let store = store.as_context_mut().0;
        let types = self.func().inner_type(store);
        let slots = to_slots(store, &types, &values)?;
        Ok(Results::load(&slots, store))
    }
}

/// Runs a start function to its end.
async fn ready(made: Instantiation, store: &mut impl AsContextMut) -> Result<Instance> {
    let (instance, start) = made.into_parts();
    if let Some(mut start) = start {
        drive(&mut start, store).await?;
    }
    Ok(instance)
}

/// Runs an execution to its end, and waits for the futures of its host functions.
async fn drive(execution: &mut Execution, store: &mut impl AsContextMut) -> Result<Vec<Val>> {
    let mut outcome = execution.resume(&mut *store)?;
    let mut waits = Waits::default();
    loop {
        outcome = match outcome {
            Outcome::Done(values) => return Ok(values),
            Outcome::Suspended(Suspension::Host(request)) => {
                let Some(future) = request.downcast_ref::<HostFuture>().map(HostFuture::take)
                else {
                    return Err(fail(execution, store, Error::new(request)));
                };
                let future = future.expect("each request is resumed once");
                match future.await {
                    Ok(encode) => {
                        let slots = encode(store.as_context_mut().0)?;
                        execution.resume_with_slots(store.as_context_mut().0, &slots)?
                    }
                    Err(error) => return Err(fail(execution, store, error)),
                }
            }
            Outcome::Suspended(Suspension::Epoch) => {
                yield_now().await;
                execution.resume(&mut *store)?
            }
            Outcome::Suspended(Suspension::Fuel) => {
                return Err(fail(execution, store, Trap::OutOfFuel.into()));
            }
            Outcome::Suspended(Suspension::Wait {
                timeout: Some(timeout),
                ..
            }) => {
                waits.wait(execution, store, timeout).await;
                execution.resume(&mut *store)?
            }
            Outcome::Suspended(Suspension::Wait {
                memory, address, ..
            }) => {
                if memory.is_exclusive(&*store) {
                    // Nothing ends the wait, as no other code of the store runs meanwhile.
                    let error = ExecutionError::Deadlock(address);
                    return Err(fail(execution, store, error.into()));
                }
                if store.as_context().0.engine().tunables.epoch_interruption {
                    // Nothing wakes the task at the deadline.
                    yield_now().await;
                } else {
                    poll_fn(|context| execution.poll_wait(&*store, context.waker())).await;
                }
                execution.resume(&mut *store)?
            }
            // Its access is performed at once.
            Outcome::Suspended(
                Suspension::Access(_) | Suspension::Breakpoint | Suspension::Watchpoint(_),
            ) => execution.resume(&mut *store)?,
            Outcome::Suspended(Suspension::Interrupt | Suspension::Tag(..)) => {
                return Err(fail(execution, store, Trap::Interrupt.into()));
            }
        };
    }
}

/// Adds the backtrace of a suspended execution to the error that ends it.
fn fail(execution: &Execution, store: &impl AsContextMut, error: Error) -> Error {
    let backtrace = execution.backtrace(store);
    if backtrace.frames().is_empty() {
        return error;
    }
    error.context(backtrace)
}

/// The waits of an execution at addresses of shared memories, with a timeout.
#[derive(Default)]
struct Waits {
    /// The time at which the present wait began.
    #[cfg(feature = "std")]
    begin: Option<std::time::Instant>,
}

impl Waits {
    /// Yields to other tasks once, or ends the wait if its timeout has passed.
    #[cfg(feature = "std")]
    async fn wait(&mut self, execution: &Execution, store: &mut impl AsContextMut, time: Duration) {
        let begin = *self.begin.get_or_insert_with(std::time::Instant::now);
        if begin.elapsed() < time {
            yield_now().await;
        } else {
            self.begin = None;
            execution.time_out(store);
        }
    }

    /// Ends the wait: without a clock, time passes at once.
    #[cfg(not(feature = "std"))]
    async fn wait(
        &mut self,
        execution: &Execution,
        store: &mut impl AsContextMut,
        _time: Duration,
    ) {
        execution.time_out(store);
    }
}

/// Yields to other tasks once.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if core::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
