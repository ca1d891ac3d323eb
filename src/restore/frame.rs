//! One frame: its place at its instruction, and the values in its slots.

use super::functions::{Function, instruction_offset};
use super::values::{Made, Values};
use crate::heap::{AnyKind, StoreInner};
use crate::ids::{InstanceIndex, ObjectRef};
use crate::module::{FuncType, HeapType, RefType, SiteKind, SiteTypes, ValBits, ValType};
use crate::stack::Stack;
use crate::support::error::Result;
use crate::translate::{Kind, Source, Variable};
use crate::walk::coredump::extension::{Boundary, Place, Position, RefKind, Value};
use crate::walk::coredump::reader::{Frame, FrameDetails};
use crate::{bail, ensure, format_err};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The continuation of a frame that waits for a call.
#[derive(Clone, Copy, Debug)]
pub struct Return<'s> {
    /// Kind of the instruction.
    pub kind: SiteKind,
    /// The return address.
    pub cell: *const u64,
    /// Distance of the first slot of the arguments from the record.
    pub arguments: usize,
    /// Types of the values that the frame continues with.
    pub results: &'s [ValType],
}

/// The continuation of a frame.
#[derive(Clone, Copy, Debug)]
pub enum Continuation<'s> {
    /// The frame waits for a call to return.
    Return(Return<'s>),
    /// The frame goes on at this cell.
    At(*const u64),
}

/// A frame whose place was found.
#[derive(Debug)]
pub struct Placed<'s> {
    frame: &'s Frame,
    function: &'s Function,
    site: Option<&'s SiteTypes>,
    /// Offset of the instruction in the module.
    wasm: u32,
    /// Values in hidden slots.
    hidden: &'s [Value],
    /// True if the code goes on with a return.
    returns: bool,
    /// Operands at the place.
    operands: Vec<Variable>,
    /// Instance of the frame.
    pub instance: InstanceIndex,
    /// The function's type.
    pub ty: Arc<FuncType>,
    /// The boundary between the frame and its caller.
    pub boundary: Boundary,
    /// Continuation of the frame.
    pub continuation: Continuation<'s>,
    /// Number of slots from the record on.
    pub extent: usize,
}

impl<'s> Placed<'s> {
    /// Finds the place of a frame of a function.
    pub fn new(
        store: &StoreInner,
        frame: &'s Frame,
        function: &'s Function,
        place: Place,
        hidden: &'s [Value],
    ) -> Result<Placed<'s>> {
        let Some(FrameDetails {
            position, boundary, ..
        }) = frame.details
        else {
            bail!("the frame has no description in the extension");
        };
        let instance = InstanceIndex(frame.instance);
        let module = store.instance(instance).module();
        let wasm = instruction_offset(module, frame)?;
        let map = &function.map;
        let mut placed = Placed {
            frame,
            function,
            site: None,
            wasm,
            hidden,
            returns: false,
            operands: Vec::new(),
            instance,
            ty: Arc::clone(module.func_type(frame.function)),
            boundary,
            continuation: Continuation::At(core::ptr::null()),
            extent: map.extent() as usize,
        };
        if place == Place::Entry {
            ensure!(
                position == Position::Before && !map.entry().is_empty(),
                "the program cannot be suspended at a function's entry in this engine"
            );
            placed.continuation = Continuation::At(function.cell(map.entry().start));
            return Ok(placed);
        }
        let site = function.site(wasm)?;
        placed.site = Some(site);
        let nowhere = || {
            format_err!(
                "the program cannot be suspended at offset {wasm:#x} of the module in this engine"
            )
        };
        let points = map.resume_points(wasm).ok_or_else(nowhere)?;
        match position {
            Position::Trapped => bail!("a frame that has trapped cannot go on"),
            Position::Calling => {
                let calling = points.calling.ok_or_else(nowhere)?;
                placed.operands = map.calling(wasm).ok_or_else(nowhere)?.to_vec();
                let results = site
                    .after
                    .get(placed.operands.len()..)
                    .ok_or_else(nowhere)?;
                placed.continuation = Continuation::Return(Return {
                    kind: site.kind,
                    cell: function.cell(calling.cell.0),
                    arguments: usize::try_from(calling.arguments).map_err(|_| nowhere())?,
                    results,
                });
            }
            Position::Before => {
                let cell = match place {
                    Place::FirstAccess => points.announced.first().copied(),
                    Place::SecondAccess => points.announced.get(1).copied(),
                    Place::Usual | Place::Entry => points.before,
                };
                placed.returns = points.returns && place == Place::Usual;
                placed.operands = map.before(wasm).ok_or_else(nowhere)?.to_vec();
                let cell = cell.ok_or_else(nowhere)?;
                placed.continuation = Continuation::At(function.cell(cell.0));
            }
        }
        Ok(placed)
    }

    /// Writes the values of the frame, whose record is at the slot `fp`.
    pub fn write(
        &self,
        store: &mut StoreInner,
        values: &mut Values<'_>,
        stack: crate::ids::StackId,
        fp: usize,
    ) -> Result<()> {
        let mut writer = Writer {
            fp,
            written: Vec::new(),
        };
        let map = &self.function.map;
        let locals = &self.frame.locals;
        ensure!(
            locals.len() == map.locals().len() && self.frame.operands.len() == self.operands.len(),
            format_err!(
                "the frame has {} locals and {} operands, and its function {} and {} at offset {:#x}",
                locals.len(),
                self.frame.operands.len(),
                map.locals().len(),
                self.operands.len(),
                self.wasm
            )
        );
        let declared = self.function.types.locals.iter();
        for ((&variable, &value), &ty) in map.locals().iter().zip(locals).zip(declared) {
            // A local that is not set yet is null, whatever its type.
            let bits = values.bits(store, value, nullable(ty))?;
            writer.write(store, stack, variable, ty, bits)?;
        }
        if let Some(site) = self.site {
            let results = &self.ty.results;
            let first_result = match self.returns {
                true => self.operands.len().checked_sub(results.len()),
                false => Some(self.operands.len()),
            };
            let first_result =
                first_result.ok_or_else(|| format_err!("the results of a return are missing"))?;
            let operands = self.operands.iter().zip(&self.frame.operands);
            for (index, (&variable, &value)) in operands.enumerate() {
                let ty = match results.get(index.wrapping_sub(first_result)) {
                    Some(&ty) if index >= first_result => ty,
                    _ => *site
                        .before
                        .get(index)
                        .ok_or_else(|| format_err!("the instruction has fewer operands"))?,
                };
                let bits = values.bits(store, value, ty)?;
                writer.write(store, stack, variable, ty, bits)?;
            }
        }
        self.write_hidden(store, values, stack, &mut writer)?;
        writer.compare(store, stack)
    }

    /// Writes the values that are neither locals nor operands.
    fn write_hidden(
        &self,
        store: &mut StoreInner,
        values: &mut Values<'_>,
        stack: crate::ids::StackId,
        writer: &mut Writer,
    ) -> Result<()> {
        let places = self.site.map(|_| self.function.map.hidden(self.wasm));
        let places: Vec<Variable> = places.into_iter().flatten().collect();
        ensure!(
            places.len() == self.hidden.len(),
            "the frame has another number of hidden values than its function"
        );
        let mut array = None;
        for (&variable, &value) in places.iter().zip(self.hidden) {
            let ty = match variable.kind {
                // Null where the exception is not needed.
                Kind::ExnRef => ValType::Ref(RefType {
                    nullable: true,
                    heap: HeapType::Exn,
                }),
                Kind::AnyRef => {
                    array = Some(self.array(store, values, value)?);
                    let created = self.site.and_then(|site| site.after.last());
                    *created.ok_or_else(|| format_err!("the instruction creates no array"))?
                }
                _ => ValType::I32,
            };
            let bits = values.bits(store, value, ty)?;
            if let (ValType::I32, Some(array)) = (ty, array) {
                let len = store.objects.array_len(array);
                ensure!(
                    bits[0] <= len.into(),
                    "more elements of an array are filled than it has"
                );
            }
            writer.write(store, stack, variable, ty, bits)?;
        }
        Ok(())
    }

    /// Returns the array under creation, which is exactly of the type that the instruction creates.
    fn array(&self, store: &StoreInner, values: &Values<'_>, value: Value) -> Result<ObjectRef> {
        let created = self.site.and_then(|site| site.after.last().copied());
        let (Value::Ref(RefKind::Any, Some(number)), Some(ValType::Ref(ty))) = (value, created)
        else {
            bail!("an array under creation is missing");
        };
        let found = usize::try_from(number).ok();
        match found.and_then(|number| values.objects.get(number)) {
            Some(&Made::Object(array))
                if ty.heap == HeapType::ConcreteArray(store.objects.type_of(array)) =>
            {
                debug_assert!(matches!(
                    AnyKind::of(u64::from(array.0)),
                    Some(AnyKind::Object(_))
                ));
                Ok(array)
            }
            _ => bail!("an array under creation is of another type"),
        }
    }
}

fn nullable(ty: ValType) -> ValType {
    match ty {
        ValType::Ref(RefType { heap, .. }) => ValType::Ref(RefType {
            nullable: true,
            heap,
        }),
        number => number,
    }
}

/// Writes values to the slots of a frame. Several values can have one slot, if they are equal.
struct Writer {
    fp: usize,
    written: Vec<(usize, u64)>,
}

impl Writer {
    fn write(
        &mut self,
        store: &mut StoreInner,
        stack: crate::ids::StackId,
        variable: Variable,
        ty: ValType,
        bits: ValBits,
    ) -> Result<()> {
        ensure!(
            variable.kind == Kind::from(ty),
            format_err!("a value of type {ty:?} is kept as {:?}", variable.kind)
        );
        match variable.source {
            Source::Slot(distance) => {
                let slot = self.fp.checked_add_signed(distance as isize);
                let slot = slot.ok_or_else(|| format_err!("a value is below its stack"))?;
                let stack: &mut Stack = store.stacks.stack_mut(stack);
                self.written.try_reserve(2)?;
                for (slot, &bits) in (slot..).zip(&bits[..ty.slots()]) {
                    stack.put(slot, bits);
                    self.written.push((slot, bits));
                }
            }
            Source::Constant(constant) => {
                ensure!(
                    [constant, 0] == bits,
                    format_err!(
                        "an operand is the constant {constant:#x}, not {:#x}",
                        bits[0]
                    )
                );
            }
            Source::Accumulator | Source::Sum(..) | Source::AccumulatorSum(_) => {
                bail!("an operand is not in a slot while the program is suspended")
            }
        }
        Ok(())
    }

    /// Checks that no value was replaced by another one.
    fn compare(&self, store: &StoreInner, stack: crate::ids::StackId) -> Result<()> {
        let stack = store.stacks.stack(stack);
        let kept = |&(slot, bits): &(usize, u64)| stack.slot(slot) == Some(bits);
        ensure!(
            self.written.iter().all(kept),
            "two values of a frame are in one slot, and differ"
        );
        Ok(())
    }
}
