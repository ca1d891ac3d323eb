//! The program of the firmware and of the PC: two modules, their results, and their failures. With
//! the feature `simd`, there is a third module, which uses vectors. With the feature `snapshots`, a call
//! also goes on from snapshots. With the feature `lines`, backtraces of the module compiled from Rust have
//! source lines, from the debugging information in it. With the feature `archives`, all modules come from
//! archives, so that the library needs no translator.
//!
//! Every line of output must be the same on both, including all offsets in backtraces.

#![no_std]

#[cfg(feature = "snapshots")]
extern crate alloc;

#[cfg(feature = "snapshots")]
mod snapshots;

#[cfg(feature = "simd")]
use backstitch::V128;
use backstitch::{
    Caller, CompilationMode, Config, Engine, Error, Extern, Func, Instance, Linker, Module,
    Outcome, Result, Store, StoreLimits, StoreLimitsBuilder, Suspension, Trap, TypedFunc, Val,
    WasmParams, WasmResults,
};
use core::fmt::{Display, Write};
use core::num::NonZeroUsize;

/// The bytes of a module, by its name.
#[cfg(not(feature = "archives"))]
macro_rules! bytes {
    ($name:literal) => {
        include_bytes!(concat!("../modules/", $name, ".wasm"))
    };
}

/// The archive of a module, by its name.
#[cfg(feature = "archives")]
macro_rules! bytes {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".stitch"))
    };
}

/// Module assembled from `controller.wat`, with 256 bytes of memory.
const CONTROLLER: &[u8] = bytes!("controller");
/// Module compiled from `readings.rs`.
#[cfg(not(feature = "lines"))]
const READINGS: &[u8] = bytes!("readings");
/// Module compiled from `readings.rs`, with line tables.
#[cfg(feature = "lines")]
const READINGS: &[u8] = bytes!("readings_lines");
/// Module assembled from `vectors.wat`, with 256 bytes of memory.
#[cfg(feature = "simd")]
const VECTORS: &[u8] = bytes!("vectors");

/// Loads a module, whose bytes stay where they are, in flash.
#[cfg(not(feature = "archives"))]
fn load(engine: &Engine, bytes: &'static [u8]) -> Result<Module> {
    Module::from_shared(engine, &bytes.into())
}

/// Loads an archive, whose bytes stay where they are, in flash.
#[cfg(feature = "archives")]
fn load(engine: &Engine, bytes: &'static [u8]) -> Result<Module> {
    // SAFETY: the build script has written the archives, with the same version of the library.
    unsafe { Module::deserialize_shared(engine, &bytes.into()) }
}

/// Data of the store, for host functions.
struct Board<O> {
    out: O,
    limits: StoreLimits,
    /// Number of sensors that work.
    sensors: i32,
}

impl<O: Write> Board<O> {
    fn line(&mut self, name: &str, value: impl Display) -> Result<()> {
        writeln!(self.out, "{name}: {value}")?;
        Ok(())
    }
}

/// Runs the program and writes its output.
///
/// # Errors
///
/// Fails if an operation has an unexpected outcome.
pub fn run(out: impl Write + Send + 'static) -> Result<()> {
    let mut config = Config::new();
    config
        .compilation_mode(CompilationMode::LazyTranslation)
        .consume_fuel(true)
        .max_wasm_stack(16 << 10)
        .wasm_backtrace_max_frames(NonZeroUsize::new(6));
    let engine = Engine::new(&config)?;
    let mut linker = Linker::new(&engine);
    link(&mut linker)?;

    let limits = StoreLimitsBuilder::new()
        .memory_size(64 << 10)
        .instances(3)
        .build();
    let mut store = Store::new(
        &engine,
        Board {
            out,
            limits,
            sensors: 60,
        },
    );
    store.limiter(|board| &mut board.limits);
    store.set_fuel(1_000_000)?;

    let module = load(&engine, CONTROLLER)?;
    let instance = linker.instantiate(&mut store, &module)?;
    control(&mut store, instance)?;
    suspend(&mut store, instance)?;

    let module = load(&engine, READINGS)?;
    let instance = linker.instantiate(&mut store, &module)?;
    read(&mut store, instance)?;

    #[cfg(feature = "simd")]
    {
        let module = load(&engine, VECTORS)?;
        let instance = linker.instantiate(&mut store, &module)?;
        filter(&mut store, instance)?;
    }

    let spent = 1_000_000 - store.get_fuel()?;
    store
        .data_mut()
        .line("fuel spent since it was last set", spent)?;

    #[cfg(feature = "snapshots")]
    snapshots::run(store.into_data())?;
    Ok(())
}

/// Defines the board's functions for guests.
fn link<O: Write + Send + 'static>(linker: &mut Linker<Board<O>>) -> Result<()> {
    linker.func_wrap(
        "board",
        "sense",
        |caller: Caller<'_, Board<O>>, sensor: i32| {
            if sensor >= caller.data().sensors {
                return Err(backstitch::format_err!("sensor {sensor} does not answer"));
            }
            Ok((sensor * 37 + 11) % 101 - 50)
        },
    )?;
    linker.func_wrap(
        "board",
        "print",
        |mut caller: Caller<'_, Board<O>>, text: u32, len: u32| -> Result<()> {
            let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
                return Err(Error::msg("the guest exports no memory"));
            };
            let (bytes, board) = memory.data_and_store_mut(&mut caller);
            let text = bytes
                .get(text as usize..)
                .and_then(|bytes| bytes.get(..len as usize));
            let text = text.ok_or(Trap::MemoryOutOfBounds)?;
            board.out.write_str(core::str::from_utf8(text)?)?;
            Ok(())
        },
    )?;
    Ok(())
}

/// Runs the controller: results, then every kind of failure.
fn control<O: Write + Send + 'static>(
    store: &mut Store<Board<O>>,
    controller: Instance,
) -> Result<()> {
    get::<i32, ()>(store, controller, "sample")?.call(&mut *store, 60)?;
    let (mean, deviation) =
        get::<(), (f64, f64)>(store, controller, "statistics")?.call(&mut *store, ())?;
    store.data_mut().line("mean", mean)?;
    store.data_mut().line("deviation", deviation)?;

    let wide = get::<(i64, i64), (i64, i64, i64, f32)>(store, controller, "wide")?;
    for (a, b) in [
        (-1, -1),
        (0x0123_4567_89ab_cdef, 0xfedc_ba98),
        (i64::MIN, 77),
    ] {
        let (mixed, remainder, rotated, rounded) = wide.call(&mut *store, (a, b))?;
        let line = format_args!("{mixed:#x} {remainder} {rotated} {rounded}");
        writeln!(store.data_mut().out, "wide {a} {b}: {line}")?;
    }
    let sum = get::<(i64, i64), i64>(store, controller, "sum")?.call(&mut *store, (1000, 0))?;
    store.data_mut().line("sum", sum)?;
    let apply = get::<(i32, i32), i32>(store, controller, "apply")?;
    let (halved, negated) = (
        apply.call(&mut *store, (0, -9))?,
        apply.call(&mut *store, (1, 7))?,
    );
    store
        .data_mut()
        .line("applied", format_args!("{halved} {negated}"))?;

    fail(store, controller, "ratio", 42)?;
    fail(store, controller, "apply", (2, 5))?;
    fail(store, controller, "apply", (3, 5))?;
    fail(store, controller, "descend", 0)?;
    fail(store, controller, "sample", 61)?;
    store.data_mut().sensors = i32::MAX;
    fail(store, controller, "sample", 65)
}

/// Runs a call that is suspended whenever its fuel is spent.
fn suspend<O: Write + Send + 'static>(
    store: &mut Store<Board<O>>,
    controller: Instance,
) -> Result<()> {
    let sum = func(store, controller, "sum")?;
    let mut execution = sum.start(&mut *store, &[Val::I64(1000), Val::I64(0)])?;
    let mut times = 0;
    store.set_fuel(500)?;
    let results = loop {
        match execution.resume(&mut *store)? {
            Outcome::Done(results) => break results,
            Outcome::Suspended(Suspension::Fuel) => store.set_fuel(500)?,
            Outcome::Suspended(other) => {
                return Err(backstitch::format_err!("unexpected suspension: {other:?}"));
            }
        }
        times += 1;
    };
    store.set_fuel(1_000_000)?;
    let sum = results[0].unwrap_i64();
    store.data_mut().line(
        "the same sum",
        format_args!("{sum}, suspended {times} times"),
    )
}

/// Runs the guest in Rust: results, and a panic.
fn read<O: Write + Send + 'static>(store: &mut Store<Board<O>>, readings: Instance) -> Result<()> {
    get::<(), ()>(store, readings, "report")?.call(&mut *store, ())?;
    writeln!(store.data_mut().out)?;
    let sum = get::<(), u64>(store, readings, "checksum")?.call(&mut *store, ())?;
    store
        .data_mut()
        .line("checksum", format_args!("{sum:#018x}"))?;
    fail(store, readings, "reading", 64)
}

/// Runs the guest with vectors: results, and an access out of bounds.
#[cfg(feature = "simd")]
fn filter<O: Write + Send + 'static>(store: &mut Store<Board<O>>, vectors: Instance) -> Result<()> {
    writeln!(store.data_mut().out)?;
    get::<(), ()>(store, vectors, "sample")?.call(&mut *store, ())?;
    let sums = get::<(), V128>(store, vectors, "differences")?.call(&mut *store, ())?;
    let line = format_args!("{:#034x}", u128::from(sums));
    store.data_mut().line("differences", line)?;
    let energy = get::<(), i64>(store, vectors, "energy")?.call(&mut *store, ())?;
    store.data_mut().line("energy", energy)?;
    let mix = get::<V128, (V128, f32)>(store, vectors, "mix")?;
    for with in [0, u128::MAX / 255 * 7, u128::MAX / 7] {
        let (mixed, level) = mix.call(&mut *store, with.into())?;
        let line = format_args!("{:#034x} {level}", u128::from(mixed));
        store.data_mut().line("mixed", line)?;
    }
    fail(store, vectors, "load", 241)
}

/// Calls a function that must fail, and writes the error with its backtrace.
fn fail<O: Write + Send + 'static, P: WasmParams>(
    store: &mut Store<Board<O>>,
    instance: Instance,
    name: &str,
    params: P,
) -> Result<()> {
    let called = func(store, instance, name)?;
    let result = match called.typed::<P, i32>(&*store) {
        Ok(called) => called.call(&mut *store, params).map(|_| ()),
        Err(_) => called.typed::<P, ()>(&*store)?.call(&mut *store, params),
    };
    let Err(error) = result else {
        return Err(backstitch::format_err!("`{name}` did not fail"));
    };
    let out = &mut store.data_mut().out;
    writeln!(out, "\n`{name}` fails.\nError: {error:?}")?;
    Ok(())
}

fn get<P: WasmParams, R: WasmResults>(
    store: &mut Store<Board<impl Write + Send + 'static>>,
    instance: Instance,
    name: &str,
) -> Result<TypedFunc<P, R>> {
    instance.get_typed_func(store, name)
}

fn func(
    store: &mut Store<Board<impl Write + Send + 'static>>,
    instance: Instance,
    name: &str,
) -> Result<Func> {
    instance
        .get_func(store, name)
        .ok_or_else(|| backstitch::format_err!("no function `{name}`"))
}
