//! The part of a snapshot that ordinary dumps do not have.

use super::bytes::Result;
use super::capture::{Capture, FrameValues, Maps};
use super::contents::value;
use super::extension::{
    Awaits, ExecutionName, Hidden, HostFunction, HostValue, NumberState, Place, Segment, Snapshot,
    StackNumber, StackRest, Value, Wait, WaitState,
};
use super::objects::Objects;
use crate::heap::{FuncRef, StoreInner};
use crate::ids::{FuncIndex, StackId};
use crate::module::{HeapType, RefType, ValType};
use crate::stack::{Awaited, Edge, StackState, TimeOut};
use crate::support::error::Context;
use crate::support::wait_queue;
use crate::{ensure, format_err};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::any::Any;

/// The embedder's part of a snapshot.
pub struct HostPart<'h> {
    /// Returns a host value as bytes.
    pub values: &'h mut dyn FnMut(&(dyn Any + Send + Sync)) -> Result<Vec<u8>>,
    /// The embedder's data.
    pub data: Vec<u8>,
    /// True if the snapshot contains the modules.
    pub modules: bool,
    /// True if host functions that no module imports get an empty name. The embedder knows them by
    /// their indices.
    pub unnamed_functions: bool,
}

/// Builds the part of a snapshot, and checks that the dump is complete. No code of the store runs.
///
/// # Errors
///
/// If something in the store cannot be described.
pub fn snapshot(
    store: &StoreInner,
    capture: &Capture,
    maps: &Maps<'_>,
    objects: &Objects<'_>,
    host: &mut HostPart<'_>,
) -> Result<Snapshot> {
    ensure!(
        objects.complete,
        "there is no memory for the list of objects"
    );
    let stacks = &store.stacks;
    let numbers = (1..stacks.entries() as u32).map(|id| {
        let stack = stacks.stack(StackId(id));
        StackNumber {
            state: match stack.state {
                _ if stack.id() == StackId::NONE => NumberState::Retired,
                StackState::Free => NumberState::Free,
                _ => NumberState::Used,
            },
            revision: stack.revision(),
        }
    });
    let waits = stacks.waiters.all().map(|(stack, queue, ticket)| {
        let memory = store.memory_of_queue(queue);
        let memory = memory.ok_or_else(|| format_err!("a stack waits at a memory of no store"))?;
        Ok(Wait {
            stack: stack.0,
            memory: memory.0,
            address: ticket.address(),
            state: match ticket.state() {
                wait_queue::WaitState::Waiting => WaitState::Waiting,
                wait_queue::WaitState::Woken => WaitState::Woken,
                wait_queue::WaitState::TimedOut => WaitState::TimedOut,
            },
        })
    });
    let names = stacks.names.stacks().map(|stack| ExecutionName {
        stack: stack.0,
        name: stacks.names.of(stack).unwrap_or_default().to_string(),
    });
    let exn = ValType::Ref(RefType {
        nullable: true,
        heap: HeapType::Exn,
    });
    let pending = store.pending_exception.map(|index| {
        let bits = u64::from(index.0) + 1;
        objects.numbered(value(exn, [bits, 0]))
    });
    let reached = store.externs.all();
    let reached = reached.filter(|&(index, _)| objects.reaches(index));
    let values = reached.map(|(index, value)| {
        let bytes = (host.values)(value);
        Ok(HostValue {
            number: index.0,
            bytes: bytes.with_context(|| format!("host value {}", index.0))?,
        })
    });
    let (fuel, spent) = (stacks.fuel_debt(), stacks.fuel_spent());
    let epoch = stacks.epoch_deadline();
    let (places, hidden) = frames(capture, maps, objects)?;
    Ok(Snapshot {
        numbers: numbers.collect(),
        free: stacks.free_numbers().map(|id| id.0).collect(),
        stacks: capture
            .stacks
            .iter()
            .map(|stack| rest_of(store, stack.id, places.get(&stack.id.0).copied()))
            .collect(),
        waits: waits.collect::<Result<_>>()?,
        names: names.collect(),
        debt: fuel,
        spent,
        epoch: epoch.saturating_sub(store.engine().epoch.now()),
        host_functions: host_functions(store, host.unnamed_functions)?,
        next_value: store.externs.next(),
        host_values: values.collect::<Result<_>>()?,
        hidden,
        segments: segments(store, objects),
        pending,
        data: core::mem::take(&mut host.data),
    })
}

/// The place of the youngest frame of each stack, by its number, and the hidden values of all frames.
type Frames = (BTreeMap<u32, Place>, Vec<Hidden>);

/// Checks that all frames can be restored.
fn frames(capture: &Capture, maps: &Maps<'_>, objects: &Objects<'_>) -> Result<Frames> {
    let mut places = BTreeMap::new();
    let mut all = Vec::new();
    let mut values = FrameValues::default();
    for (thread, frames) in (0..).zip(&capture.threads) {
        ensure!(frames.complete, "there is no memory for the list of frames");
        for (number, frame) in (0..).zip(&frames.frames) {
            maps.read(frame, &mut values);
            let unknown = |what: &str| {
                format_err!(
                    "{what} of function {} of instance {} at offset {:#x} of its body",
                    frame.function,
                    frame.instance.0,
                    values.code_offset
                )
            };
            let visible = values.locals.iter().chain(&values.operands);
            let known = values.captured && !visible.clone().any(|&it| it == Value::Missing);
            ensure!(known, unknown("there is no memory for the values"));
            let place = maps
                .place(frame)
                .ok_or_else(|| unknown("there is no way back to the position"))?;
            places.entry(frame.stack).or_insert(place);
            let mut hidden = maps.hidden(frame);
            if !hidden.is_empty() {
                objects.replace(&mut hidden);
                all.push(Hidden {
                    thread,
                    frame: number,
                    values: hidden,
                });
            }
        }
    }
    Ok((places, all))
}

fn rest_of(store: &StoreInner, id: StackId, place: Option<Place>) -> StackRest {
    let stacks = &store.stacks;
    let stack = stacks.stack(id);
    let Edge { crosses, base } = stack.edges();
    let time_out = stacks.suspensions.of(id);
    StackRest {
        first_revision: stack.first_revision,
        place: place.unwrap_or(Place::Usual),
        awaits: match stack.awaiting {
            None => Awaits::Nothing,
            Some(Awaited::Host(FuncIndex(function))) => Awaits::Host(function),
            Some(Awaited::Tag(tag)) => Awaits::Tag(tag.0),
        },
        crosses,
        base: base.map(|core| store.instance_of_core(core).0),
        handles: stack.owner().map_or_else(Vec::new, |owner| {
            owner.handles.iter().map(|tag| tag.0).collect()
        }),
        out_of_fuel: time_out == Some(TimeOut::Fuel),
        yielded: match time_out {
            Some(TimeOut::Epoch(ticks)) => Some(ticks),
            Some(TimeOut::Fuel) | None => None,
        },
    }
}

/// Returns the elements of segments whose expressions create objects.
fn segments(store: &StoreInner, objects: &Objects<'_>) -> Vec<Segment> {
    let mut all = Vec::new();
    for (instance, of) in (0..).zip(store.instances()) {
        for (segment, declared) in (0..).zip(&of.module().elements) {
            let Some(elements) = of.elements(segment) else {
                continue;
            };
            let ty = ValType::Ref(declared.ty);
            let elements = elements.iter();
            all.push(Segment {
                instance,
                segment,
                elements: elements
                    .map(|&bits| objects.numbered(value(ty, [bits, 0])))
                    .collect(),
            });
        }
    }
    all
}

/// Returns the functions to which globals and tables refer.
fn visible_functions(store: &StoreInner) -> impl Iterator<Item = (&'static str, FuncIndex)> + '_ {
    let is_func = |ty: RefType| ty.heap.top() == HeapType::Func;
    let globals = store.globals().iter().filter_map(move |global| {
        let ValType::Ref(ty) = global.ty().value else {
            return None;
        };
        let bits = global.get()[0] as u32;
        is_func(ty).then(|| FuncRef(bits).get())?
    });
    let tables = store.tables().iter();
    let tables = tables.filter(move |table| is_func(table.ty().element));
    let elements = tables.flat_map(|table| {
        let elements = (0..table.len()).filter_map(|index| table.get(index));
        elements.filter_map(|bits| FuncRef(bits as u32).get())
    });
    let globals = globals.map(|function| ("a global", function));
    globals.chain(elements.map(|function| ("a table", function)))
}

/// Returns the names under which modules import the host functions.
///
/// # Errors
///
/// If guests can refer to a host function that no module imports, unless such functions get an empty
/// name.
fn host_functions(store: &StoreInner, unnamed: bool) -> Result<Vec<HostFunction>> {
    let mut names = BTreeMap::new();
    for instance in store.instances() {
        let imports = instance.module().imports.iter();
        let functions = imports.filter(|import| import.is_function());
        for (import, &index) in functions.zip(&instance.parts().imported_functions) {
            names.entry(index).or_insert(import);
        }
    }
    let hosts = (0..).zip(store.functions());
    let named = hosts
        .filter(|(_, function)| function.is_host())
        .filter_map(|(index, _)| {
            let (module, name) = match names.get(&index) {
                Some(import) => (&*import.module, &*import.name),
                None if unnamed => ("", ""),
                None => return None,
            };
            Some(HostFunction {
                function: index,
                module: module.to_string(),
                name: name.to_string(),
            })
        })
        .collect();
    for (what, function) in visible_functions(store) {
        ensure!(
            unnamed || !store.func(function).is_host() || names.contains_key(&function.0),
            "{what} refers to a host function that no module imports, so that it has no name"
        );
    }
    Ok(named)
}
