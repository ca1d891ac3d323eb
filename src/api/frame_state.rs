//! The frames of a suspended execution, with their values.

use super::context::{AsContext, AsContextMut};
use super::execution::Execution;
use super::instance::Instance;
use super::values::Val;
use crate::heap::StoreInner;
#[cfg(feature = "validate")]
use crate::probe::{FrameValue, ValuePlace};
use crate::support::error::{Context, Result};
use crate::walk::coredump::extension::Value;
use crate::walk::{Backtrace, Frame, FrameValues};
use crate::{ensure, format_err};
use alloc::format;
use alloc::vec::Vec;
use core::ops::ControlFlow;

/// A frame of a suspended execution, with its locals and operands: see [`Execution::frame_state`].
#[derive(Debug)]
pub struct FrameState {
    instance: Instance,
    frame: Frame,
    values: FrameValues,
}

impl FrameState {
    /// Returns the instance in which the function runs.
    pub fn instance(&self) -> Instance {
        self.instance
    }

    /// Returns the function's index in its module. Imported functions are counted.
    pub fn func_index(&self) -> u32 {
        self.frame.function
    }

    /// Returns the offset in the module of the frame's instruction: the one that it executes next, or the
    /// call that it waits for.
    pub fn module_offset(&self) -> u32 {
        self.values.wasm
    }

    /// Returns whether the frame waits for a call.
    pub fn is_calling(&self) -> bool {
        self.frame.is_call
    }

    /// Returns the number of the stack that contains the frame.
    pub fn stack(&self) -> u32 {
        self.frame.stack
    }

    /// Returns the position of the frame's record, in slots from the base of its stack. Younger frames of
    /// the stack have larger ones.
    pub fn fp(&self) -> usize {
        self.frame.fp as usize
    }

    /// Returns the locals, parameters first.
    ///
    /// References have the numbers that they have in a core dump that is made now, except those to
    /// objects.
    pub fn locals(&self) -> &[Value] {
        &self.values.locals
    }

    /// Returns the operands, lowest first. Those of the call that the frame waits for are not among them.
    pub fn operands(&self) -> &[Value] {
        &self.values.operands
    }
}

/// # Frames
impl Execution {
    /// Returns a frame of the suspended execution, with its values: 0 is the youngest one.
    ///
    /// This takes time in proportion to the number of the frame. The first time at an instruction, the
    /// function is translated once more, for the places of its values. There is no such frame if there
    /// are not as many, or if there is no memory for the values.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    ///
    /// ```
    /// use backstitch::coredump::Value;
    /// use backstitch::{Engine, Instance, Module, Store, Val};
    ///
    /// # if cfg!(not(feature = "wat")) { return Ok(()) }
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///   (func (export "triple") (param i32) (result i32)
    ///     (i32.mul (i32.const 3) (local.get 0))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let triple = instance.get_func(&mut store, "triple").unwrap();
    /// let mut execution = triple.start(&mut store, &[Val::I32(14)])?;
    /// store.single_step(true)?;
    /// for _ in 0..3 {
    ///     execution.resume(&mut store)?;
    /// }
    /// let frame = execution.frame_state(&store, 0).unwrap();
    /// assert_eq!(frame.locals(), [Value::I32(14)]);
    /// assert_eq!(frame.operands(), [Value::I32(3), Value::I32(14)]);
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    pub fn frame_state(&self, store: impl AsContext, index: usize) -> Option<FrameState> {
        let store = store.as_context().0;
        self.check(store);
        let frame = self.frame(store, index)?;
        Some(FrameState {
            instance: Instance::of(store.id(), frame.instance),
            values: FrameValues::read(store, &frame)?,
            frame,
        })
    }

    /// Sets a local of a frame of the suspended execution, which must be a number or a vector. Frames
    /// and locals are counted as in [`Execution::frame_state`].
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such frame or local, if the value is of another type, if the local
    /// is a reference, if the frame's function has not begun, if the store is recorded, or if there is no
    /// memory. Also if an operand is in the same slot, because the local was put on the operand stack. That
    /// is never so where the frame has stopped at a breakpoint or after a step.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    ///
    /// ```
    /// use backstitch::{Engine, Instance, Module, Outcome, Store, Val};
    ///
    /// # if cfg!(not(feature = "wat")) { return Ok(()) }
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///   (func (export "triple") (param i32) (result i32)
    ///     (i32.mul (local.get 0) (i32.const 3))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let triple = instance.get_func(&mut store, "triple").unwrap();
    /// let mut execution = triple.start(&mut store, &[Val::I32(14)])?;
    /// store.single_step(true)?;
    /// execution.resume(&mut store)?;
    /// execution.set_local(&mut store, 0, 0, Val::I32(5))?;
    /// store.single_step(false)?;
    /// let Outcome::Done(results) = execution.resume(&mut store)? else { unreachable!() };
    /// assert_eq!(results[0].unwrap_i32(), 15);
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    #[cfg(feature = "validate")]
    pub fn set_local(
        &self,
        mut store: impl AsContextMut,
        frame: usize,
        local: usize,
        value: Val,
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        self.set_value(store, frame, FrameValue::Local(local), value)
    }

    /// Sets an operand of a frame of the suspended execution, which must be a number or a vector. Frames
    /// and operands are counted as in [`Execution::frame_state`].
    ///
    /// # Errors
    ///
    /// Returns an error as [`Execution::set_local`] does, and if the operand is a constant of the code, or
    /// in the same slot as a local or another operand. That is never so where the frame has stopped at a
    /// breakpoint or after a step.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    #[cfg(feature = "validate")]
    pub fn set_operand(
        &self,
        mut store: impl AsContextMut,
        frame: usize,
        operand: usize,
        value: Val,
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        self.set_value(store, frame, FrameValue::Operand(operand), value)
    }

    #[cfg(feature = "validate")]
    fn set_value(
        &self,
        store: &mut StoreInner,
        frame: usize,
        place: FrameValue,
        value: Val,
    ) -> Result<()> {
        self.check(store);
        ensure!(
            store.recording.is_none(),
            "values of a store that is recorded cannot be set"
        );
        let found = self.frame(store, frame);
        let found = found.ok_or_else(|| format_err!("there is no frame {frame}"))?;
        let found = ValuePlace::find(store, &found, place)?;
        let bits = value
            .to_bits(store, found.ty)
            .with_context(|| format!("the new value of {place}"))?;
        found.set(store, bits);
        Ok(())
    }

    /// Returns a frame: 0 is the youngest one.
    fn frame(&self, store: &StoreInner, index: usize) -> Option<Frame> {
        let (mut left, mut found) = (index, None);
        Backtrace::trace_suspended(store, self.stack(), |frame| match left.checked_sub(1) {
            Some(fewer) => {
                left = fewer;
                ControlFlow::Continue(())
            }
            None => {
                found = Some(frame);
                ControlFlow::Break(())
            }
        });
        found
    }

    /// Returns the numbers of the suspended execution's stacks, youngest first: that of the continuation
    /// in which code is suspended, those of the continuations that have resumed it, and the one of the
    /// call itself.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    pub fn stacks(&self, store: impl AsContext) -> Vec<u32> {
        let store = store.as_context().0;
        self.check(store);
        let innermost = store.stacks.stack(self.stack()).innermost();
        let stacks = store.stacks.stacks_from(innermost);
        stacks.map(|stack| stack.0).collect()
    }
}
