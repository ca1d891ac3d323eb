//! The two engines, with equivalent configurations.

use super::observation::{FRAMES, Observation, Step};
use std::num::NonZeroUsize;

/// Size in bytes that no stack reaches before the fuel is spent.
const STACK: usize = 64 << 20;

/// Size in bytes of the stack for WebAssembly in Wasmtime.
const NATIVE_WASM_STACK: usize = 2 << 20;

/// Stack size in bytes of threads that run programs. Wasmtime's frames are on the native stack.
pub const NATIVE_STACK: usize = NATIVE_WASM_STACK + (8 << 20);

/// Wasmtime, which gives the expected results.
pub struct Reference(wasmtime::Engine);

mod reference {
    use crate::observer::observer;

    // Wasmtime traps when no fuel is left, Backstitch when an instruction costs more than is left.
    // So Wasmtime gets one unit more.
    observer!(wasmtime, FUEL + 1);
}

impl Reference {
    /// Creates an engine that counts fuel.
    pub fn new() -> Reference {
        let mut config = wasmtime::Config::new();
        config
            .consume_fuel(true)
            .cranelift_nan_canonicalization(true)
            .cranelift_opt_level(wasmtime::OptLevel::None)
            .cranelift_regalloc_algorithm(wasmtime::RegallocAlgorithm::SinglePass)
            .max_wasm_stack(NATIVE_WASM_STACK)
            // With signals, Cranelift may fuse a load with the use of its result, and an access out
            // of bounds then traps at the use.
            .signals_based_traps(false)
            .memory_reservation(0)
            .memory_guard_size(0)
            .relaxed_simd_deterministic(true)
            .wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES))
            .wasm_custom_page_sizes(true)
            .wasm_exceptions(true)
            .wasm_function_references(true)
            .wasm_gc(true)
            .wasm_wide_arithmetic(true);
        Reference(wasmtime::Engine::new(&config).expect("Wasmtime supports this machine"))
    }

    /// Runs a program and returns the observation.
    pub fn observe(&self, bytes: &[u8], seed: u64) -> wasmtime::Result<Observation> {
        reference::observe(&self.0, bytes, seed, true, usize::MAX)
    }
}

/// Backstitch in one of its modes.
pub struct Subject {
    /// Engine in the mode.
    pub engine: backstitch::Engine,
    /// Name of the mode, for messages.
    pub name: String,
    /// True if calls get one unit of fuel at a time.
    pub stepwise: bool,
    /// True if the engine counts fuel.
    pub fuelled: bool,
}

mod at_once {
    use crate::observer::observer;

    observer!(backstitch, FUEL);
}

mod in_steps {
    use crate::observer::observer;
    use backstitch::{Outcome, Suspension};

    observer!(backstitch, FUEL, call);

    /// Calls a function with one unit of fuel at a time, so that it suspends at every possible
    /// point, until it has spent as much fuel as a call without suspensions gets.
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
                Outcome::Suspended(other) => panic!("unexpected suspension: {other:?}"),
            }
        }
        Err(Trap::OutOfFuel.into())
    }
}

impl Subject {
    /// Returns every mode of this build.
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
                match compilation {
                    // The pace of programs.
                    CompilationMode::LazyTranslation => {}
                    // A small step at every allocation.
                    CompilationMode::Eager => {
                        config.gc_stress(true).gc_step(64);
                    }
                    // A complete collection at every allocation.
                    _ => {
                        config.gc_stress(true).gc_step(1 << 30);
                    }
                }
                config
                    .dispatch(dispatch)
                    .compilation_mode(compilation)
                    .consume_fuel(fuelled)
                    .max_wasm_stack(STACK)
                    .wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES));
                let engine = backstitch::Engine::new(&config).expect("the backend is available");
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

    /// Runs a program and returns the observation. `expected` is Wasmtime's.
    pub fn observe(
        &self,
        bytes: &[u8],
        seed: u64,
        expected: &Observation,
    ) -> backstitch::Result<Observation> {
        // A call that ends for lack of fuel might not end without fuel.
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
        // When an execution suspends, fuel spent beyond the one unit is not charged.
        for step in &mut observation.steps {
            step.fuel = None;
        }
        Ok(observation)
    }
}
