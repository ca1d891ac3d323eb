//! Code shared by the fuzz targets: runs a module within narrow limits, and records everything
//! observable.

use backstitch::{
    CompilationMode, Config, Dispatch, Engine, Error, Extern, ExternType, Instance, Linker, Module,
    Result, Store, StoreLimits, StoreLimitsBuilder, Val,
};
use std::fmt::Write;

/// Amount of fuel for an instantiation and for each call.
const FUEL: u64 = 10_000;

/// Combinations of compilation mode and dispatch backend, which must give the same results.
pub const WAYS: [(CompilationMode, Option<Dispatch>); 3] = [
    (CompilationMode::Eager, Some(Dispatch::Loop)),
    (CompilationMode::LazyTranslation, None),
    (CompilationMode::Lazy, None),
];

/// Creates an engine with a small stack that counts fuel.
pub fn engine((mode, dispatch): (CompilationMode, Option<Dispatch>)) -> Engine {
    let mut config = Config::new();
    config
        .compilation_mode(mode)
        .consume_fuel(true)
        // A reference that the collector misses makes a difference.
        .gc_stress(mode == CompilationMode::Eager)
        .max_wasm_stack(64 << 10);
    if let Some(dispatch) = dispatch {
        config.dispatch(dispatch);
    }
    Engine::new(&config).expect("the backends are in every build")
}

/// Instantiates a module and calls its exports. Returns everything observable: results, errors with
/// their backtraces, remaining fuel, memories, globals. Returns `None` if the module is refused.
pub fn observe(engine: &Engine, bytes: &[u8]) -> Option<String> {
    let module = Module::new(engine, bytes).ok()?;
    let limits = StoreLimitsBuilder::new()
        .memory_size(1 << 20)
        .table_elements(10_000)
        .instances(4)
        .build();
    let mut store: Store<StoreLimits> = Store::new(engine, limits);
    store.limiter(|limits| limits);
    let mut log = String::new();
    fuel(&mut store);
    match instantiate(&mut store, engine, &module) {
        Ok(instance) => {
            let exports: Vec<Extern> = instance
                .exports(&mut store)
                .map(|export| export.into_extern())
                .collect();
            for export in &exports {
                call(&mut store, export, &mut log);
            }
            for export in &exports {
                look(&mut store, export, &mut log);
            }
        }
        Err(error) => describe(&error, &mut log),
    }
    Some(log)
}

fn fuel(store: &mut Store<StoreLimits>) {
    store.set_fuel(FUEL).expect("fuel is configured");
}

fn instantiate(
    store: &mut Store<StoreLimits>,
    engine: &Engine,
    module: &Module,
) -> Result<Instance> {
    let mut linker = Linker::new(engine);
    linker.allow_shadowing(true);
    for import in module.imports() {
        if !matches!(import.ty(), ExternType::Func(_)) {
            let item = import.ty().default_value(&mut *store)?;
            linker.define(&mut *store, import.module(), import.name(), item)?;
        }
    }
    linker.define_unknown_imports_as_traps(module)?;
    linker.instantiate(store, module)
}

fn call(store: &mut Store<StoreLimits>, export: &Extern, log: &mut String) {
    let Extern::Func(function) = export else {
        return;
    };
    let ty = function.ty(&*store);
    let arguments: Option<Vec<Val>> = ty.params().map(|ty| ty.default_value()).collect();
    let Some(arguments) = arguments else { return };
    let mut results = vec![Val::I32(0); ty.results().len()];
    fuel(store);
    match function.call(&mut *store, &arguments, &mut results) {
        Ok(()) => results.iter().for_each(|result| write_value(result, log)),
        Err(error) => describe(&error, log),
    }
    let _ = writeln!(
        log,
        "fuel {}",
        store.get_fuel().expect("fuel is configured")
    );
}

fn look(store: &mut Store<StoreLimits>, export: &Extern, log: &mut String) {
    match export {
        Extern::Memory(memory) => {
            let sum = memory.data(&*store).iter().fold(0u64, |sum, &byte| {
                (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
            let _ = writeln!(log, "{} pages, {sum:x}", memory.size(&*store));
        }
        Extern::Table(table) => {
            let _ = writeln!(log, "{} elements", table.size(&*store));
        }
        Extern::Global(global) => {
            let value = global.get(&mut *store);
            write_value(&value, log);
        }
        _ => {}
    }
}

/// Prints a value without the identity of its store.
fn write_value(value: &Val, log: &mut String) {
    let _ = match value {
        Val::FuncRef(function) => writeln!(log, "function {}", function.is_some()),
        Val::ExternRef(value) => writeln!(log, "value {}", value.is_some()),
        Val::AnyRef(value) => writeln!(log, "object {}", value.is_some()),
        Val::ExnRef(value) => writeln!(log, "exception {}", value.is_some()),
        other => writeln!(log, "{other:?}"),
    };
}

fn describe(error: &Error, log: &mut String) {
    let text = format!("{error:?}");
    // The numbers of concrete types depend on the modules that the engine has compiled before.
    let digits = |c: char| c.is_ascii_digit();
    for part in text.split_inclusive("func ") {
        log.push_str(part.trim_start_matches('#').trim_start_matches(digits));
    }
    log.push('\n');
}
