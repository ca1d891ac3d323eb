//! The two engines, set up alike.

use super::observation::{FRAMES, Observation, Step};
use std::num::NonZeroUsize;

/// No frames reach this before the fuel ends.
const STACK: usize = 64 << 20;

/// As much as Wasmtime may be given.
const NATIVE_WASM_STACK: usize = 2 << 20;

/// The stack of the thread on which programs run: Wasmtime's frames stand there.
pub const NATIVE_STACK: usize = NATIVE_WASM_STACK + (8 << 20);

/// Wasmtime, which is asked what is right.
pub struct Reference(wasmtime::Engine);

mod reference {
    use crate::observer::observer;

    // It stops when no fuel is left, not when too little is left: hence one more.
    observer!(wasmtime, FUEL + 1);
}

impl Reference {
    /// An engine that counts fuel.
    pub fn new() -> Reference {
        let mut config = wasmtime::Config::new();
        config
            .consume_fuel(true)
            .cranelift_nan_canonicalization(true)
            .cranelift_opt_level(wasmtime::OptLevel::None)
            .max_wasm_stack(NATIVE_WASM_STACK)
            // Otherwise an access out of bounds is found where its result is used, if
            // Cranelift has made one instruction of both.
            .signals_based_traps(false)
            .memory_reservation(0)
            .memory_guard_size(0)
            .wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES))
            .wasm_custom_page_sizes(true)
            .wasm_exceptions(true)
            .wasm_function_references(true)
            .wasm_wide_arithmetic(true);
        Reference(wasmtime::Engine::new(&config).expect("Wasmtime works here"))
    }

    /// What the program does.
    pub fn observe(&self, bytes: &[u8], seed: u64) -> wasmtime::Result<Observation> {
        reference::observe(&self.0, bytes, seed, true, usize::MAX)
    }
}

/// Backstitch, in one of its modes.
pub struct Subject {
    engine: backstitch::Engine,
    /// How it runs, for messages.
    pub name: String,
    /// Whether calls get their fuel unit by unit.
    pub stepwise: bool,
    fuelled: bool,
}

mod at_once {
    use crate::observer::observer;

    observer!(backstitch, FUEL);
}

mod in_steps {
    use crate::observer::observer;
    use backstitch::{Outcome, Suspension};

    observer!(backstitch, FUEL, call);

    /// Lets it suspend wherever it can, until it has spent what a call in one go gets.
    fn call(
        func: &Func,
        store: &mut Store<Host>,
        arguments: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        store.set_fuel(0)?;
        let mut execution = func.start(&mut *store, arguments)?;
        for _ in 0..FUEL {
            match execution.resume(&mut *store)? {
                Outcome::Done(values) => {
                    results.copy_from_slice(&values);
                    return Ok(());
                }
                Outcome::Suspended(Suspension::Fuel) => store.set_fuel(1)?,
                Outcome::Suspended(other) => panic!("suspended for {other:?}"),
            }
        }
        Err(Trap::OutOfFuel.into())
    }
}

impl Subject {
    /// Every mode of this build.
    pub fn all() -> Vec<Subject> {
        use backstitch::{CompilationMode, Dispatch};
        let mut dispatches = vec![Dispatch::best()];
        if !dispatches.contains(&Dispatch::Loop) {
            dispatches.push(Dispatch::Loop);
        }
        let mut subjects = Vec::new();
        for dispatch in dispatches {
            let modes = [
                (true, false, CompilationMode::LazyTranslation),
                (false, false, CompilationMode::Eager),
                (true, true, CompilationMode::Lazy),
            ];
            for (fuelled, stepwise, compilation) in modes {
                let mut config = backstitch::Config::new();
                config
                    .dispatch(dispatch)
                    .compilation_mode(compilation)
                    .consume_fuel(fuelled)
                    .max_wasm_stack(STACK)
                    .wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES));
                let engine = backstitch::Engine::new(&config).expect("the backend works");
                let name = format!("{dispatch:?} fuelled={fuelled} stepwise={stepwise}");
                subjects.push(Subject {
                    engine,
                    name,
                    stepwise,
                    fuelled,
                });
            }
        }
        subjects
    }

    /// What the program does, where `expected` is what Wasmtime saw.
    pub fn observe(
        &self,
        bytes: &[u8],
        seed: u64,
        expected: &Observation,
    ) -> backstitch::Result<Observation> {
        // What ends for want of fuel might not end at all without fuel.
        let ends = |step: &&Step| !step.end.ends_comparison();
        let most = match self.fuelled {
            true => expected.steps.len(),
            false => expected.steps.iter().take_while(ends).count(),
        };
        if most == 0 {
            return Ok(Observation { steps: Vec::new() });
        }
        if !self.stepwise {
            return at_once::observe(&self.engine, bytes, seed, self.fuelled, most);
        }
        let mut observation = in_steps::observe(&self.engine, bytes, seed, true, most)?;
        // What is spent beyond the unit that there was is forgiven at each suspension.
        for step in &mut observation.steps {
            step.fuel = None;
        }
        Ok(observation)
    }
}
