//! Probes in running programs: breakpoints, single steps, watched bytes, counters of executions.
//!
//! A store gets its own copies of its modules' code ([`enable`]), so that other stores never notice. A
//! change of the probes translates the functions anew that it concerns, and moves their frames to the
//! new code ([`moving`]); all other functions keep their code. Nothing here depends on how a
//! program is stopped: `execute` asks the store at each probe (`heap::debugging`).
//!
//! # Single steps
//!
//! While code stops before each instruction, a function gets such probes when code is about to run in
//! it: those of the two youngest frames, and of those that a switch of stacks leads to, before the program
//! goes on ([`prepare`]); others when they are called ([`entered`]), as the entrances of all functions
//! without are closed, or when they catch an exception ([`catches`]).

mod coverage;
mod moving;
mod targets;
mod values;

use crate::bail;
use crate::heap::{Debugging, StoreInner, Watched};
use crate::ids::{InstanceIndex, StackId};
use crate::module::{Counts, Module, OwnProbes};
use crate::support::error::Result;
use crate::walk::Frame;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
pub use coverage::{Runs, runs};
use moving::Survey;
pub use values::{FrameValue, ValuePlace};

/// Number of the youngest frames whose functions stop before each instruction: a step ends in the
/// youngest one, in its caller, or in a function that it calls.
const STEPPED: usize = 2;

/// Gives a store its own copies of its modules' code, unless it has them.
///
/// # Errors
///
/// An error if the store is recorded, or if there is no memory.
pub fn enable(store: &mut StoreInner) -> Result<()> {
    if store.debugging.is_some() {
        return Ok(());
    }
    if store.recording.is_some() {
        bail!("a store that is recorded can have no probes");
    }
    let mut copies: Vec<Arc<Module>> = Vec::new();
    for instance in store.instances() {
        let module = instance.module();
        let copy = match copies.iter().find(|copy| copy.is_copy_of(module)) {
            Some(copy) => Arc::clone(copy),
            None => module.with_own_code()?,
        };
        copies.push(copy);
    }
    let survey = Survey::new(store, None, |_, _| true)?;
    let moves = survey.plan(|instance| &copies[instance.0 as usize])?;
    store.replace_modules(copies);
    moves.carry_out(store);
    store.debugging = Some(Box::new(Debugging {
        stepping: false,
        counts: Counts::None,
        watched: Vec::new(),
        entered,
        catches,
    }));
    Ok(())
}

/// Returns the modules of a store that has its own copies, each once.
pub fn modules(store: &StoreInner) -> Vec<Arc<Module>> {
    let mut modules: Vec<Arc<Module>> = Vec::new();
    for instance in store.instances() {
        let module = instance.module();
        if !modules.iter().any(|other| Arc::ptr_eq(other, module)) {
            modules.push(Arc::clone(module));
        }
    }
    modules
}

/// Changes the probes of functions of a module. The frame that was just entered on the stack `entered`,
/// if one was, goes on in the driver.
fn change(
    store: &mut StoreInner,
    module: &Arc<Module>,
    concerned: impl Fn(u32) -> bool,
    entered: Option<StackId>,
    edit: impl FnOnce(&mut OwnProbes),
) -> Result<()> {
    let Some(own) = &module.own_probes else {
        bail!("the store shares the module's code with others");
    };
    let survey = Survey::new(store, entered, |instance, function| {
        Arc::ptr_eq(store.instance(instance).module(), module) && concerned(function)
    })?;
    {
        let mut own = own.lock();
        own.parked.retain(|&function, _| !concerned(function));
        for (function, offset) in survey.stopped() {
            own.parked.entry(function).or_default().insert(offset);
        }
        for function in survey.large() {
            own.large.insert(function);
        }
        edit(&mut own);
    }
    let first = module.imported_functions;
    for function in (first..module.functions.len() as u32).filter(|&it| concerned(it)) {
        if module.code.published(function).is_some() {
            module.code.withdraw(function);
        }
    }
    let moves = survey.plan(|_| module)?;
    moves.carry_out(store);
    Ok(())
}

/// Adds a breakpoint before the instruction at an offset in a module, or removes it. Returns whether
/// there was one.
///
/// # Errors
///
/// An error if no instance of the store is of the module, or if there is no instruction at the offset.
pub fn set_breakpoint(
    store: &mut StoreInner,
    module: &Module,
    offset: u32,
    add: bool,
) -> Result<bool> {
    enable(store)?;
    let own = modules(store);
    let Some(own) = own.iter().find(|own| own.is_copy_of(module)) else {
        bail!("no instance of the store is of the module");
    };
    let function = own.function_at(offset);
    let Some(function) = function.filter(|_| own.instruction_from(offset) == Some(offset)) else {
        bail!("there is no instruction at offset {offset:#x} of the module");
    };
    let probes = own.own_probes.as_ref();
    let had = probes.is_some_and(|own| own.lock().breakpoints.contains(&offset));
    if had != add {
        change(
            store,
            own,
            |it| it == function,
            None,
            |probes| match add {
                true => drop(probes.breakpoints.insert(offset)),
                false => drop(probes.breakpoints.remove(&offset)),
            },
        )?;
    }
    Ok(had)
}

/// Sets the bytes that are watched.
///
/// # Errors
///
/// As [`enable`].
pub fn watch(store: &mut StoreInner, watched: Vec<Watched>) -> Result<()> {
    enable(store)?;
    let start = watched.iter().map(|it| it.bytes.start).min();
    let end = watched.iter().map(|it| it.bytes.end).max();
    let reads = watched.iter().any(|it| it.reads);
    let writes = watched.iter().any(|it| it.writes);
    for module in modules(store) {
        let own = module.own_probes.as_ref();
        let same = own.is_none_or(|own| {
            let own = own.lock();
            (own.reads, own.writes) == (reads, writes)
        });
        if !same {
            change(
                store,
                &module,
                |_| true,
                None,
                |probes| (probes.reads, probes.writes) = (reads, writes),
            )?;
        }
    }
    store.stacks.watch(start.unwrap_or(0)..end.unwrap_or(0));
    if let Some(debugging) = &mut store.debugging {
        debugging.watched = watched;
    }
    Ok(())
}

/// Sets whether code stops before each instruction.
///
/// # Errors
///
/// As [`enable`].
pub fn single_step(store: &mut StoreInner, stepping: bool) -> Result<()> {
    enable(store)?;
    if let Some(debugging) = &mut store.debugging {
        debugging.stepping = stepping;
    }
    if stepping {
        return Ok(());
    }
    for module in modules(store) {
        let own = module.own_probes.as_ref();
        let stepped = own.map_or_else(BTreeSet::new, |own| own.lock().stepping.clone());
        if !stepped.is_empty() {
            let concerned = |function| stepped.contains(&function);
            change(store, &module, concerned, None, |probes| {
                probes.stepping.clear();
            })?;
        }
        set_entrances(&module, false);
    }
    Ok(())
}

/// Sets the way in which the executions of straight runs of code are counted, from zero.
///
/// # Errors
///
/// As [`enable`].
pub fn count(store: &mut StoreInner, counts: Counts) -> Result<()> {
    enable(store)?;
    for module in modules(store) {
        change(
            store,
            &module,
            |_| true,
            None,
            |probes| {
                probes.counts = counts;
                probes.executed.clear();
                probes.omitted.clear();
                probes.relieved.clear();
                // The probes in it may be gone.
                probes.forget_counters();
            },
        )?;
        module.code.clear_counters();
    }
    if let Some(debugging) = &mut store.debugging {
        debugging.counts = counts;
    }
    Ok(())
}

/// Prepares the execution on an initial stack for its next step, if its store's code stops before each
/// instruction.
///
/// # Errors
///
/// An error if there is no memory.
pub fn prepare(store: &mut StoreInner, stack: StackId) -> Result<()> {
    let debugging = store.debugging.as_ref();
    if !debugging.is_some_and(|debugging| debugging.stepping) {
        return Ok(());
    }
    let innermost = store.stacks.stack(stack).innermost();
    let mut frames: Vec<Frame> = moving::frames_from(store, innermost)
        .take(STEPPED)
        .collect();
    if let Some(youngest) = frames.first() {
        frames.extend(targets::of_switch(store, innermost, youngest));
    }
    for frame in frames {
        step(store, frame.instance, frame.function, None)?;
    }
    for module in modules(store) {
        set_entrances(&module, true);
    }
    Ok(())
}

/// Closes the entrances of all functions of a module that do not stop before each instruction, or opens
/// them again.
fn set_entrances(module: &Module, close: bool) {
    let Some(own) = &module.own_probes else {
        return;
    };
    let own = own.lock();
    for function in module.imported_functions..module.functions.len() as u32 {
        match close && !own.stepping.contains(&function) {
            true => module.code.close(function),
            false => module.code.open(function),
        }
    }
}

/// Makes a function stop before each instruction.
fn step(
    store: &mut StoreInner,
    instance: InstanceIndex,
    function: u32,
    entered: Option<StackId>,
) -> Result<()> {
    let module = Arc::clone(store.instance(instance).module());
    let own = module.own_probes.as_ref();
    if own.is_some_and(|own| own.lock().stepping.contains(&function)) {
        return Ok(());
    }
    change(
        store,
        &module,
        |it| it == function,
        entered,
        |probes| {
            probes.stepping.insert(function);
        },
    )
}

/// Makes the function stop before each instruction whose frame, at `fp` slots from the base of a stack, is
/// about to catch an exception.
fn catches(store: &mut StoreInner, stack: StackId, fp: usize) -> Result<()> {
    match targets::frame_at(store, stack, fp) {
        Some(frame) => step(store, frame.instance, frame.function, None),
        None => Ok(()),
    }
}

/// Gives a function that running code has just entered, and whose entrance may be closed, the code that
/// it needs.
fn entered(store: &mut StoreInner, instance: InstanceIndex, function: u32) -> Result<()> {
    let running = store.stacks.running();
    if store.steps() {
        step(store, instance, function, Some(running))?;
    }
    let module = Arc::clone(store.instance(instance).module());
    let own = module.own_probes.as_ref();
    if own.is_some_and(|own| own.lock().relieved.remove(&function)) {
        change(
            store,
            &module,
            |it| it == function,
            Some(running),
            |probes| {
                let executed = probes.executed.get(&function).cloned();
                probes
                    .omitted
                    .insert(function, executed.unwrap_or_default());
            },
        )?;
    }
    module.code.open(function);
    Ok(())
}
