//! Values of a snapshot, checked against the types that they must have.

use super::numbers::REVISIONS;
use crate::heap::{AnyKind, FuncRef, StoreInner};
use crate::ids::{ExnIndex, ExternIndex, FuncIndex, ObjectRef, StackId, TypeId};
use crate::module::{HeapType, ValBits, ValType};
use crate::support::error::Result;
use crate::walk::coredump::extension::{NumberState, RefKind, StackNumber, Value};
use crate::{bail, ensure, format_err};
use alloc::vec::Vec;

/// An object of the snapshot in the store.
#[derive(Clone, Copy, Debug)]
pub enum Made {
    /// A structure or an array.
    Object(ObjectRef),
    /// An exception.
    Exception(ExnIndex),
}

/// Conversion of values to the bits that the store has for them.
#[derive(Debug)]
pub struct Values<'a> {
    /// The objects, by their numbers in the snapshot.
    pub objects: Vec<Made>,
    numbers: &'a [StackNumber],
    /// References to continuations that can be resumed, with the types of continuations that they
    /// must be of. The stacks exist only later.
    pub continuations: Vec<(StackId, Option<TypeId>)>,
}

impl<'a> Values<'a> {
    /// Creates the conversion, without objects.
    pub fn new(numbers: &'a [StackNumber]) -> Values<'a> {
        Values {
            objects: Vec::new(),
            numbers,
            continuations: Vec::new(),
        }
    }

    /// Returns the bits of a value of a type.
    ///
    /// # Errors
    ///
    /// If the value is not of the type, or refers to nothing.
    pub fn bits(&mut self, store: &StoreInner, value: Value, ty: ValType) -> Result<ValBits> {
        let (kind, number) = match (value, ty) {
            (Value::I32(bits), ValType::I32) | (Value::F32(bits), ValType::F32) => {
                return Ok([bits.into(), 0]);
            }
            (Value::I64(bits), ValType::I64) | (Value::F64(bits), ValType::F64) => {
                return Ok([bits, 0]);
            }
            (Value::V128(bits), ValType::V128) => return Ok([bits as u64, (bits >> 64) as u64]),
            (Value::Ref(kind, number), ValType::Ref(_)) => (kind, number),
            _ => bail!("{value:?} is not of the type {ty:?}"),
        };
        let ValType::Ref(ty) = ty else {
            bail!("{value:?} is not of the type {ty:?}");
        };
        let mismatch = || format_err!("{value:?} is not of the type {ty:?}");
        let top = match kind {
            RefKind::Func => HeapType::Func,
            RefKind::Exn => HeapType::Exn,
            RefKind::Cont => HeapType::Cont,
            RefKind::Extern | RefKind::Any | RefKind::I31 => ty.heap.top(),
        };
        ensure!(
            top == ty.heap.top()
                && (matches!(top, HeapType::Any | HeapType::Extern)
                    == matches!(kind, RefKind::Extern | RefKind::Any | RefKind::I31)),
            mismatch()
        );
        let Some(number) = number else {
            ensure!(ty.nullable, mismatch());
            return Ok([0, 0]);
        };
        let (heap, bits) = match kind {
            RefKind::Func => {
                let function = FuncIndex(u32::try_from(number).map_err(|_| mismatch())?);
                let object = store.functions().get(function.0 as usize);
                let object = object.ok_or_else(|| format_err!("there is no function {number}"))?;
                let heap = HeapType::ConcreteFunc(object.ty);
                (heap, FuncRef::new(function).0.into())
            }
            RefKind::Cont => return self.continuation(number, ty.heap),
            RefKind::Exn => match self.object(number)? {
                Made::Exception(index) => (HeapType::Exn, u64::from(index.0) + 1),
                Made::Object(_) => return Err(mismatch()),
            },
            RefKind::I31 => {
                let value = u32::try_from(number).map_err(|_| mismatch())?;
                ensure!(value < 1 << 31, mismatch());
                (HeapType::I31, AnyKind::I31(value).bits())
            }
            RefKind::Extern => {
                let index = ExternIndex(u32::try_from(number).map_err(|_| mismatch())?);
                ensure!(
                    store.extern_value(index).is_some(),
                    format_err!("there is no host value {number}")
                );
                (HeapType::Any, AnyKind::Extern(index).bits())
            }
            RefKind::Any => match self.object(number)? {
                Made::Object(object) => {
                    let id = store.objects.type_of(object);
                    let kind = store.objects.layout_of(object).kind;
                    let bits = AnyKind::Object(object).bits();
                    (HeapType::concrete(kind, id), bits)
                }
                Made::Exception(_) => return Err(mismatch()),
            },
        };
        // The `extern` hierarchy has one type with values.
        let fits = match top {
            HeapType::Extern => ty.heap == HeapType::Extern,
            _ => store.engine().types.heap_is_subtype(heap, ty.heap),
        };
        ensure!(fits, mismatch());
        Ok([bits, 0])
    }

    fn object(&self, number: u64) -> Result<Made> {
        let found = usize::try_from(number).ok();
        let found = found.and_then(|number| self.objects.get(number));
        found
            .copied()
            .ok_or_else(|| format_err!("there is no object {number}"))
    }

    /// Returns the bits of a reference to a continuation. One that was used refers to nothing, and has
    /// an older revision than its stack.
    fn continuation(&mut self, bits: u64, heap: HeapType) -> Result<ValBits> {
        let (id, revision) = (StackId(bits as u32), (bits >> 32) as u32);
        let missing = || format_err!("there is no continuation {} of revision {revision}", id.0);
        let number = id.0.checked_sub(1);
        let number = number.and_then(|number| self.numbers.get(number as usize));
        let number = number.ok_or_else(missing)?;
        let ty = match heap {
            HeapType::Cont => None,
            HeapType::ConcreteCont(ty) => Some(ty),
            _ => bail!("a reference to a continuation is not of the type {heap:?}"),
        };
        match number.state {
            NumberState::Used if revision == number.revision => {
                self.continuations.try_reserve(1)?;
                self.continuations.push((id, ty));
            }
            NumberState::Retired => {
                // No revision of a retired number is ever valid again.
                ensure!(revision < REVISIONS, missing());
            }
            _ => ensure!(revision < number.revision, missing()),
        }
        Ok([bits, 0])
    }
}
