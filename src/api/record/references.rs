//! Functions, types and values as a recorder writes them.

use super::format::{event, reference, write_number, write_text};
use super::values::{write_numeric, write_type};
use super::writer::{Frame, Function, Writer};
use crate::bail;
use crate::heap::{AnyKind, FuncRef, StoreInner};
use crate::ids::{ExnIndex, FuncIndex, StackId};
use crate::module::{FuncType, HeapType, ValBits, ValType, read_values};
use crate::stack::Awaited;
use crate::support::error::{Error, Result};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

impl Writer {
    /// Returns the number of a host function, which is described in the log first. It may be an
    /// import of this name of the module that was described last.
    pub(super) fn host_function(
        &mut self,
        store: &StoreInner,
        function: FuncIndex,
        import: Option<(&str, &str)>,
    ) -> Result<u32> {
        let name = import.map(|(module, name)| (String::from(module), String::from(name)));
        if let Some(&number) = self.numbers.get(&function) {
            let known = &mut self.functions[number as usize].name;
            if known.1.is_empty() {
                *known = name.unwrap_or_default();
            }
            return Ok(number);
        }
        let ty = type_of(store, function);
        let has_type = is_writable(&ty);
        if !has_type && name.is_none() {
            bail!("a host function whose type a module defines cannot be recorded");
        }
        self.event(event::FUNCTION);
        self.buffer.push(u8::from(has_type));
        let name = name.unwrap_or_default();
        if has_type {
            self.write_func_type(&ty)?;
        } else {
            // The type of the import is close enough.
            write_text(&mut self.buffer, &name.0);
            write_text(&mut self.buffer, &name.1);
        }
        let number = self.functions.len() as u32;
        self.functions.push(Function {
            name,
            shape: None,
            is_numeric: !ty.results.iter().any(|ty| matches!(ty, ValType::Ref(_))),
            ty,
        });
        self.numbers.insert(function, number);
        Ok(number)
    }

    pub(super) fn write_func_type(&mut self, ty: &FuncType) -> Result<()> {
        for types in [&ty.params, &ty.results] {
            self.number(types.len() as u64);
            for &ty in types.iter() {
                self.write_type(ty)?;
            }
        }
        Ok(())
    }

    pub(super) fn write_type(&mut self, ty: ValType) -> Result<()> {
        if write_type(&mut self.buffer, ty) {
            return Ok(());
        }
        Err(Error::msg(
            "a type that a module defines cannot be recorded",
        ))
    }

    /// Returns a function as a reference. If it is one of the host, it is described in the log.
    pub(super) fn function(&mut self, store: &StoreInner, function: FuncIndex) -> Result<Vec<u8>> {
        let object = store.func(function);
        let mut out = Vec::new();
        if object.is_host() {
            let number = self.host_function(store, function, None)?;
            out.push(reference::HOST_FUNCTION);
            write_number(&mut out, number.into());
        } else {
            let instance = store.instance_of_core(object.instance);
            out.push(reference::FUNCTION);
            write_number(&mut out, instance.0.into());
            write_number(&mut out, object.index.into());
        }
        Ok(out)
    }

    pub(super) fn arguments(
        &mut self,
        store: &StoreInner,
        function: FuncIndex,
        arguments: &[u64],
    ) -> Result<Vec<u8>> {
        let ty = type_of(store, function);
        self.values(store, &ty.params, arguments)
    }

    pub(super) fn awaited(
        &mut self,
        store: &StoreInner,
        stack: StackId,
        results: &[u64],
    ) -> Result<Vec<u8>> {
        let innermost = store.stacks.stack(stack).innermost();
        let ty = match store.stacks.stack(innermost).awaiting {
            Some(Awaited::Host(function)) => type_of(store, function),
            Some(Awaited::Tag(tag)) => store.engine().types.func(store.tag(tag).ty()),
            None => bail!("an execution waits for nothing"),
        };
        self.values(store, &ty.results, results)
    }

    fn values(&mut self, store: &StoreInner, types: &[ValType], slots: &[u64]) -> Result<Vec<u8>> {
        let mut values = Vec::new();
        for (ty, bits) in read_values(types, slots) {
            values.extend(self.value(store, ty, bits)?);
        }
        Ok(values)
    }

    /// Returns a value that the running host function passes.
    pub(super) fn value(
        &mut self,
        store: &StoreInner,
        ty: ValType,
        bits: ValBits,
    ) -> Result<Vec<u8>> {
        self.spill();
        let frame = self.frames.pop();
        let value = self.value_of(store, ty, bits, frame.as_ref());
        self.frames.extend(frame);
        value
    }

    pub(super) fn value_of(
        &mut self,
        store: &StoreInner,
        ty: ValType,
        bits: ValBits,
        frame: Option<&Frame>,
    ) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let ValType::Ref(ty) = ty else {
            write_numeric(&mut out, ty, bits);
            return Ok(out);
        };
        let [bits, _] = bits;
        if bits as u32 == 0 {
            out.push(reference::NULL);
            return Ok(out);
        }
        match ty.heap.top() {
            HeapType::Func => {
                let Some(index) = FuncRef(bits as u32).get() else {
                    bail!("a function has no number");
                };
                return self.function(store, index);
            }
            HeapType::Exn => return self.exception(store, ExnIndex(bits as u32 - 1)),
            HeapType::Any | HeapType::Extern => match AnyKind::of(bits) {
                Some(AnyKind::I31(value)) => {
                    out.push(reference::I31);
                    write_number(&mut out, value.into());
                    return Ok(out);
                }
                Some(AnyKind::Extern(index)) => {
                    out.push(reference::HOST_VALUE);
                    write_number(&mut out, index.0.into());
                    return Ok(out);
                }
                _ => {}
            },
            _ => {}
        }
        let argument = frame.and_then(|frame| {
            let mut arguments = read_values(&frame.ty.params, &frame.arguments);
            arguments.position(|(of, [argument, _])| match of {
                ValType::Ref(of) => of.heap.top() == ty.heap.top() && argument == bits,
                _ => false,
            })
        });
        let Some(argument) = argument else {
            bail!(
                "a reference to a structure, an array or a continuation, other than an argument of \
                 the host function, cannot be recorded"
            );
        };
        out.push(reference::ARGUMENT);
        write_number(&mut out, argument as u64);
        Ok(out)
    }

    /// Returns an exception: its tag and its fields.
    pub(super) fn exception(&mut self, store: &StoreInner, index: ExnIndex) -> Result<Vec<u8>> {
        let Some(exception) = store.exceptions.get(index) else {
            bail!("an exception was freed");
        };
        let mut out = Vec::new();
        out.push(reference::EXCEPTION);
        write_number(&mut out, exception.tag.0.into());
        let ty = store.engine().types.func(store.tag(exception.tag).ty());
        for (ty, bits) in read_values(&ty.params, &exception.fields) {
            if let ValType::Ref(ty) = ty
                && ty.heap.top() == HeapType::Exn
                && bits[0] as u32 != 0
            {
                bail!("an exception in another one cannot be recorded");
            }
            let value = self.value_of(store, ty, bits, None)?;
            out.extend_from_slice(&value);
        }
        Ok(out)
    }

    pub(super) fn execution(&self, stack: StackId) -> Result<u32> {
        let number = self.executions.get(&stack).copied();
        number.ok_or_else(|| Error::msg("an execution has begun before the recording"))
    }

    /// Adds the name of a host function to an error.
    pub(super) fn of_function(&self, function: u32, error: Error) -> Error {
        let (module, name) = &self.functions[function as usize].name;
        error.context(format!("cannot record what `{module}::{name}` does"))
    }
}

/// Returns the type of a function.
pub(super) fn type_of(store: &StoreInner, function: FuncIndex) -> Arc<FuncType> {
    store.engine().types.func(store.func(function).ty)
}

/// Returns whether a type contains none that a module defines.
pub(super) fn is_writable(ty: &FuncType) -> bool {
    let mut types = ty.params.iter().chain(ty.results.iter());
    types.all(|&ty| write_type(&mut Vec::new(), ty))
}
