//! Ready images in Backstitch and in Wasmtime.
//!
//! Random programs are instantiated and called. Then an image of the instance is written, and
//! instantiated in both engines. It must have the same memories, globals and tables, and further
//! calls must have the same results as in the original instance.
//!
//! `BACKSTITCH_IMAGES=A..B` selects the seeds.

#[path = "differential/generator.rs"]
#[allow(dead_code)]
mod generator;
#[path = "differential/observation.rs"]
#[allow(dead_code)]
mod observation;
#[path = "differential/observer.rs"]
mod observer;
#[path = "differential/operators.rs"]
#[allow(dead_code)]
mod operators;
#[path = "differential/prices.rs"]
#[allow(dead_code)]
mod prices;
#[path = "differential/random.rs"]
#[allow(dead_code)]
mod random;
#[expect(dead_code, reason = "programs with objects have no images")]
#[path = "differential/smith.rs"]
mod smith;

use observation::{End, Step};
use std::env;
use std::thread;

/// Number of modules by `wasm-smith`, most of which import what an image cannot contain.
const SMITH: u64 = 3_000;

/// Number of modules of nested expressions. Each runs for long, and has an image.
const NESTED: u64 = 100;

/// Stack size in bytes of the thread that runs programs. Wasmtime's frames are on the native stack.
const NATIVE_STACK: usize = 16 << 20;

/// Defines `Session`, an instance of a program, for the crate of the module's `observer!`.
macro_rules! session {
    () => {
        /// Fuel for an instantiation: one engine charges for segments, too, and some start functions
        /// never end.
        const PLENTY: u64 = 1 << 20;

        /// An instance of a program.
        pub struct Session {
            store: Store<Host>,
            instance: Instance,
            /// The exports with their names.
            names: Vec<String>,
            items: Vec<Extern>,
        }

        impl Session {
            /// Instantiates a program with imports that depend on `seed`.
            pub fn new(engine: &Engine, bytes: &[u8], seed: u64) -> Result<Session, Error> {
                let module = Module::new(engine, bytes)?;
                let limits = StoreLimitsBuilder::new()
                    .memory_size(1 << 20)
                    .table_elements(2_000)
                    .build();
                let host = Host {
                    limits,
                    calls: Vec::new(),
                };
                let mut store = Store::new(engine, host);
                store.limiter(|host| &mut host.limits);
                store.set_fuel(PLENTY)?;
                let mut random = Random::new(seed);
                let mut imports = Vec::new();
                for import in module.imports() {
                    let name = format!("{}.{}", import.module(), import.name());
                    imports.push(provide(&mut store, &mut random, name, import.ty()));
                }
                let instance = Instance::new(&mut store, &module, &imports)?;
                let exports = module.exports();
                let names: Vec<String> = exports.map(|export| export.name().into()).collect();
                let items = names.iter().map(|name| {
                    let item = instance.get_export(&mut store, name);
                    item.expect("the module has this export")
                });
                let items = items.collect();
                Ok(Session {
                    store,
                    instance,
                    names,
                    items,
                })
            }

            /// Returns the contents of memories, globals and tables.
            pub fn state(&mut self) -> State {
                state(&mut self.store, &self.items)
            }

            /// Calls all exported functions with arguments that depend on `seed`, until one has an
            /// end after which the engines cannot be compared.
            pub fn calls(&mut self, seed: u64) -> Vec<Step> {
                let mut random = Random::new(seed);
                let mut steps: Vec<Step> = Vec::new();
                for (name, item) in self.names.iter().zip(&self.items) {
                    if steps.last().is_some_and(|step| step.end.ends_comparison()) {
                        break;
                    }
                    let Extern::Func(func) = item else { continue };
                    let ty = func.ty(&self.store);
                    let params = ty.params();
                    let arguments: Vec<Val> = params
                        .map(|ty| value(&mut random, &ty, &self.items))
                        .collect();
                    let results = ty.results().len();
                    let (step, _) = step(&mut self.store, &self.items, name, true, |store| {
                        let mut values = vec![Val::I32(0); results];
                        call(func, store, &arguments, &mut values)?;
                        Ok((values, ()))
                    });
                    steps.push(step);
                }
                steps
            }
        }
    };
}

#[allow(dead_code)]
mod subject {
    use crate::observer::observer;

    observer!(backstitch, FUEL);
    session!();

    impl Session {
        /// Returns the image of the instance.
        pub fn image(&self) -> Result<Vec<u8>, Error> {
            self.instance.to_module(&self.store)
        }
    }
}

#[allow(dead_code)]
mod reference {
    use crate::observer::observer;

    // Wasmtime traps when no fuel is left, Backstitch when an instruction costs more than is left.
    observer!(wasmtime, FUEL + 1);
    session!();
}

fn backstitch() -> backstitch::Engine {
    let mut config = backstitch::Config::new();
    config.consume_fuel(true);
    backstitch::Engine::new(&config).expect("the configuration is valid")
}

fn wasmtime() -> wasmtime::Engine {
    let mut config = wasmtime::Config::new();
    config
        .consume_fuel(true)
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(wasmtime::OptLevel::None)
        .signals_based_traps(false)
        .memory_reservation(0)
        .memory_guard_size(0)
        .relaxed_simd_deterministic(true)
        .wasm_custom_page_sizes(true)
        .wasm_exceptions(true)
        .wasm_function_references(true)
        .wasm_wide_arithmetic(true);
    wasmtime::Engine::new(&config).expect("Wasmtime supports this machine")
}

#[test]
fn modules_of_wasm_smith() {
    compare_all("smith", smith::program, SMITH);
}

#[test]
fn modules_of_nested_expressions() {
    compare_all("nested", generator::program, NESTED);
}

fn compare_all(kind: &'static str, program: fn(u64) -> Option<Vec<u8>>, count: u64) {
    let run = move || {
        let (backstitch, wasmtime) = (backstitch(), wasmtime());
        let seeds = seeds(count);
        let (mut images, mut calls) = (0, 0);
        for seed in seeds.clone() {
            let Some(bytes) = program(seed) else { continue };
            if let Some(compared) = compare(&backstitch, &wasmtime, &bytes, seed)
                .unwrap_or_else(|difference| panic!("{kind} {seed}: {difference}"))
            {
                images += 1;
                calls += compared;
            }
        }
        println!("{kind}: {images} images, {calls} calls");
        assert!(images > (seeds.end - seeds.start) / 50, "{images} images");
    };
    let thread = thread::Builder::new().stack_size(NATIVE_STACK);
    let ended = thread.spawn(run).expect("a thread starts").join();
    ended.expect("no image differs");
}

/// Returns the seeds that were selected, or the first `count`.
fn seeds(count: u64) -> std::ops::Range<u64> {
    let Ok(wanted) = env::var("BACKSTITCH_IMAGES") else {
        return 0..count;
    };
    let (start, end) = wanted.split_once("..").expect("BACKSTITCH_IMAGES is A..B");
    let number = |text: &str| text.parse().expect("BACKSTITCH_IMAGES has numbers");
    number(start)..number(end)
}

/// Compares a program's image with the instance from which it was written. Returns the number of
/// calls, or `None` if the program cannot be instantiated or has no image.
fn compare(
    backstitch: &backstitch::Engine,
    wasmtime: &wasmtime::Engine,
    bytes: &[u8],
    seed: u64,
) -> Result<Option<usize>, String> {
    let Ok(mut original) = subject::Session::new(backstitch, bytes, seed) else {
        return Ok(None);
    };
    original.calls(seed);
    let Ok(image) = original.image() else {
        return Ok(None);
    };
    let state = original.state();
    let mut ours = subject::Session::new(backstitch, &image, seed)
        .map_err(|error| format!("Backstitch refuses the image: {error:?}"))?;
    let mut theirs = reference::Session::new(wasmtime, &image, seed)
        .map_err(|error| format!("Wasmtime refuses the image: {error:?}"))?;
    if ours.state() != state || theirs.state() != state {
        return Err("the image has another state".into());
    }
    if ours.image().map_err(|error| format!("{error:?}"))? != image {
        return Err("the image of the image differs".into());
    }
    let expected = original.calls(seed + 1);
    for (name, found) in [
        ("Backstitch", ours.calls(seed + 1)),
        ("Wasmtime", theirs.calls(seed + 1)),
    ] {
        for (expected, found) in expected.iter().zip(&found) {
            if expected.end.ends_comparison() || found.end.ends_comparison() {
                break;
            }
            let (expected, found) = (plain(expected), plain(found));
            if expected != found {
                return Err(format!("{name}: expected {expected:?},\n  found {found:?}"));
            }
        }
    }
    Ok(Some(expected.len()))
}

/// Returns a step without the parts that differ between a module and its image: the offsets in
/// backtraces; and without the fuel, which differs between the engines.
fn plain(step: &Step) -> Step {
    let host = step.host.iter().map(|call| observation::HostCall {
        name: call.name.clone(),
        arguments: call.arguments.clone(),
        frames: Vec::new(),
    });
    Step {
        name: step.name.clone(),
        end: match &step.end {
            End::Trapped { trap, .. } => End::Trapped {
                trap: trap.clone(),
                frames: Vec::new(),
            },
            End::Failed { message, .. } => End::Failed {
                message: message.clone(),
                frames: Vec::new(),
            },
            end => end.clone(),
        },
        host: host.collect(),
        fuel: None,
        state: step.state.clone(),
    }
}
