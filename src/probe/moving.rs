//! Moving frames to other code of their functions.
//!
//! A frame's position is an instruction and a kind of place there, as in a snapshot, and the frame maps
//! of both codes lead from one cell to the other. Frames have the same layout in both. But an operand
//! that is a constant or the alias of a local in the one may be in a slot in the other, which gets its
//! value.

use super::values::{read, write};
use crate::code::{CodeHeader, HEADER_WORDS, Offset};
use crate::heap::StoreInner;
use crate::ids::{InstanceIndex, StackId};
use crate::module::{Module, ValBits};
use crate::stack::{RawFrame, RawFrames, Stack, StackState};
use crate::support::error::{Error, Result};
use crate::translate::{self, FrameMap, Variable};
use crate::walk::Frame;
use crate::{ensure, format_err};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The kind of a place at an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the poll of the function's entry.
    Entry,
    /// At the probe that stops before the instruction.
    Stopped,
    /// At the probe that compares an access with watched bytes, by the access's number.
    Watched(usize),
    /// Behind the announcement of an access, by the access's number.
    Announced(usize),
    /// Before the instruction, at a cell that can be suspended.
    Before,
    /// In the call that the instruction makes.
    Calling,
}

/// An instruction pointer, and whether it is a return address.
type Address = (*const u64, bool);

/// The position of frames in code.
#[derive(Debug)]
struct Position {
    instance: InstanceIndex,
    function: u32,
    /// The offset in the module of the instruction.
    wasm: u32,
    place: Place,
    values: Vec<Variable>,
    extent: u32,
}

/// The frames of a store whose functions get other code.
#[derive(Debug)]
pub struct Survey {
    positions: BTreeMap<Address, Position>,
    /// Stack, record and position of each frame.
    frames: Vec<(StackId, u32, Address)>,
    /// The functions of the positions whose frames are large.
    large: BTreeSet<u32>,
}

/// Positions and values of frames in other code.
#[derive(Debug)]
pub struct Moves {
    targets: BTreeMap<Address, Target>,
    frames: Vec<(StackId, u32, Address)>,
}

#[derive(Debug)]
struct Target {
    cell: *const u64,
    /// The values whose places differ, in the old and in the new code.
    copies: Vec<(Variable, Variable)>,
}

/// Returns whether the frames of a stack can be read: it is suspended, or waits for another one.
fn has_frames(stack: &Stack) -> bool {
    matches!(stack.state, StackState::Running | StackState::Suspended) && !stack.exit.ip.is_null()
}

fn raw_frames(stack: &Stack) -> impl Iterator<Item = RawFrame> {
    let frames = has_frames(stack).then(|| RawFrames::new(stack, stack.exit));
    frames.into_iter().flatten()
}

/// Returns the frames of a stack and of those that wait for it, youngest first.
pub fn frames_from(store: &StoreInner, first: StackId) -> impl Iterator<Item = Frame> {
    store.stacks.stacks_from(first).flat_map(move |id| {
        let raw = raw_frames(store.stacks.stack(id));
        raw.filter_map(move |raw| Frame::of(store, id, &raw))
    })
}

impl Survey {
    /// Finds the frames whose code gets replaced: those for whose instance and function `concerned`
    /// holds, except the youngest one of the stack `entered`, at which no code has run.
    ///
    /// # Errors
    ///
    /// An error if there is no memory.
    pub fn new(
        store: &StoreInner,
        entered: Option<StackId>,
        concerned: impl Fn(InstanceIndex, u32) -> bool,
    ) -> Result<Survey> {
        let mut found: BTreeMap<Address, Frame> = BTreeMap::new();
        let mut frames = Vec::new();
        for (id, stack) in store.stacks.in_use() {
            let skipped = usize::from(entered == Some(id));
            for raw in raw_frames(stack).skip(skipped) {
                let address = (raw.ip, raw.is_return);
                let frame = match found.get(&address) {
                    Some(&frame) if frame.instance == raw.instance => frame,
                    _ => match Frame::of(store, id, &raw) {
                        Some(frame) => frame,
                        None => continue,
                    },
                };
                if concerned(frame.instance, frame.function) {
                    found.insert(address, frame);
                    frames.try_reserve(1)?;
                    frames.push((id, raw.fp, address));
                }
            }
        }
        let mut wanted: BTreeMap<(InstanceIndex, u32, u16), Vec<u32>> = BTreeMap::new();
        let mut offsets = BTreeMap::new();
        for (&address, frame) in &found {
            let module = store.instance(frame.instance).module();
            let wasm = frame.module_offset(module).ok_or_else(|| lost(frame))?;
            offsets.insert(address, wasm);
            let key = (frame.instance, frame.function, frame.version);
            wanted.entry(key).or_default().push(wasm);
        }
        sort(&mut wanted);
        let mut survey = Survey {
            positions: BTreeMap::new(),
            frames,
            large: BTreeSet::new(),
        };
        for (address, frame) in found {
            let key = (frame.instance, frame.function, frame.version);
            let module = store.instance(frame.instance).module();
            let map = frame.map(module, &wanted[&key])?;
            let wasm = offsets[&address];
            let place = place_of(&map, &frame, wasm).ok_or_else(|| lost(&frame))?;
            if map.is_large() {
                survey.large.insert(frame.function);
            }
            survey.positions.insert(
                address,
                Position {
                    instance: frame.instance,
                    function: frame.function,
                    wasm,
                    place,
                    values: values_at(&map, wasm, place),
                    extent: map.extent(),
                },
            );
        }
        Ok(survey)
    }

    /// Returns the functions and offsets of the instructions before which frames have stopped.
    pub fn stopped(&self) -> impl Iterator<Item = (u32, u32)> {
        let stopped = |it: &&Position| matches!(it.place, Place::Stopped | Place::Watched(_));
        let positions = self.positions.values().filter(stopped);
        positions.map(|position| (position.function, position.wasm))
    }

    /// Returns the functions whose frames have the layout of large ones.
    pub fn large(&self) -> impl Iterator<Item = u32> {
        self.large.iter().copied()
    }

    /// Finds the positions of the frames in the code that their functions have now in the given modules,
    /// by instance. Functions that have none are translated.
    ///
    /// # Errors
    ///
    /// An error if a frame has no position there, or if there is no memory.
    pub fn plan<'m>(self, module: impl Fn(InstanceIndex) -> &'m Arc<Module>) -> Result<Moves> {
        let mut wanted: BTreeMap<(InstanceIndex, u32), Vec<u32>> = BTreeMap::new();
        for position in self.positions.values() {
            let of = wanted.entry((position.instance, position.function));
            of.or_default().push(position.wasm);
        }
        sort(&mut wanted);
        let mut targets = BTreeMap::new();
        for (address, old) in self.positions {
            let module = module(old.instance);
            let code = module.publish(old.function)?;
            let version = module
                .code
                .locate(start_of(code))
                .map_or(0, |it| it.version);
            let offsets = &wanted[&(old.instance, old.function)];
            let map = translate::frame_map(module, old.function, version, offsets)?;
            let cell = cell_of(&map, old.wasm, old.place);
            let cell = cell.filter(|_| map.extent() <= old.extent).ok_or_else(|| {
                format_err!(
                    "a frame of function {} cannot go on at offset {:#x} with other probes",
                    old.function,
                    old.wasm
                )
            })?;
            let new = values_at(&map, old.wasm, old.place);
            ensure!(
                new.len() == old.values.len(),
                "a frame has other values with other probes"
            );
            let copies = old.values.into_iter().zip(new);
            let target = Target {
                cell: start_of(code).wrapping_add(cell as usize),
                copies: copies
                    .filter(|(old, new)| old.source != new.source)
                    .collect(),
            };
            targets.insert(address, target);
        }
        Ok(Moves {
            targets,
            frames: self.frames,
        })
    }
}

impl Moves {
    /// Moves the frames.
    pub fn carry_out(self, store: &mut StoreInner) {
        for &(id, fp, address) in &self.frames {
            let Some(target) = self.targets.get(&address) else {
                continue;
            };
            let stack = store.stacks.stack_mut(id);
            let values = target.copies.iter();
            let values: Vec<ValBits> = values.map(|(old, _)| read(stack, fp, old)).collect();
            for ((_, new), bits) in target.copies.iter().zip(values) {
                // A constant or an alias of a local has the same value already.
                write(stack, fp, new, bits);
            }
        }
        let stacks: Vec<StackId> = store.stacks.in_use().map(|(id, _)| id).collect();
        for id in stacks {
            let fresh = store.stacks.stack(id).state == StackState::Fresh;
            if fresh {
                begin_again(store, id);
                continue;
            }
            let stack = store.stacks.stack_mut(id);
            if has_frames(stack) {
                stack.redirect(|ip, is_return| Some(self.targets.get(&(ip, is_return))?.cell));
            }
        }
    }
}

/// Makes a call on which nothing has run yet begin with the present code of its function.
fn begin_again(store: &mut StoreInner, id: StackId) {
    let function = *store.func(store.stacks.stack(id).function);
    if function.is_host() {
        return;
    }
    let module = store
        .instance(store.instance_of_core(function.instance))
        .module();
    let code = module.code.entry(function.index).load();
    store.stacks.stack_mut(id).exit.ip = start_of(code);
}

/// Sorts the offsets of instructions.
fn sort<K: Ord>(wanted: &mut BTreeMap<K, Vec<u32>>) {
    for offsets in wanted.values_mut() {
        offsets.sort_unstable();
        offsets.dedup();
    }
}

fn start_of(code: *const CodeHeader) -> *const u64 {
    code.cast::<u64>().wrapping_add(HEADER_WORDS)
}

fn lost(frame: &Frame) -> Error {
    format_err!(
        "a frame of function {} is at no place where its code can be replaced",
        frame.function
    )
}

/// Returns the kind of place at which a frame is.
fn place_of(map: &FrameMap, frame: &Frame, wasm: u32) -> Option<Place> {
    let at = frame.code_offset;
    if !frame.is_call && map.entry().contains(&at) {
        return Some(Place::Entry);
    }
    let points = map.resume_points(wasm)?;
    if frame.is_call {
        // The offset is that of the word before the return address.
        let returns = points.calling?.cell.0 == at + 1;
        return returns.then_some(Place::Calling);
    }
    if points.stopped.is_some_and(|cell| cell.0 == at) {
        return Some(Place::Stopped);
    }
    let at_one = |cells: &[Offset]| cells.iter().position(|cell| cell.0 == at);
    if let Some(index) = at_one(&points.watched) {
        return Some(Place::Watched(index));
    }
    if let Some(index) = at_one(&points.announced) {
        return Some(Place::Announced(index));
    }
    (points.before?.0 <= at).then_some(Place::Before)
}

/// Returns the cell of a place, as an offset in words.
fn cell_of(map: &FrameMap, wasm: u32, place: Place) -> Option<u32> {
    if place == Place::Entry {
        return Some(map.entry().start);
    }
    let points = map.resume_points(wasm)?;
    let cell = match place {
        Place::Entry => None,
        Place::Stopped => points.stopped,
        // The probe that stops is before the same instruction.
        Place::Watched(index) => points.watched.get(index).copied().or(points.stopped),
        Place::Announced(index) => points.announced.get(index).copied(),
        Place::Before => points.before,
        Place::Calling => Some(points.calling?.cell),
    };
    cell.map(|cell| cell.0)
}

/// Returns the operands at a place, and the hidden values of the instruction.
fn values_at(map: &FrameMap, wasm: u32, place: Place) -> Vec<Variable> {
    let operands = match place {
        Place::Entry => return Vec::new(),
        Place::Calling => map.calling(wasm),
        _ => map.before(wasm),
    };
    let operands = operands.unwrap_or_default().iter().copied();
    operands.chain(map.hidden(wasm)).collect()
}
