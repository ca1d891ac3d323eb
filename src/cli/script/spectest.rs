//! The module `spectest`, which scripts import, with the contents that the specification's
//! interpreter defines.

use backstitch::{
    AsContextMut, Caller, Engine, Extern, Global, GlobalType, Linker, Memory, MemoryType,
    Mutability, Ref, RefType, Result, Store, StoreLimits, StoreLimitsBuilder, Table, TableType,
    Val, ValType,
};

const NAME: &str = "spectest";

/// Scripts have memories slightly larger than 4 GiB, and use little of them.
const MEMORY_BYTES: u64 = 8 << 30;

/// The data of a script's store.
pub struct Host {
    /// The output of the print functions, one line per call.
    pub(super) printed: Vec<String>,
    /// Limits for guests.
    pub limits: StoreLimits,
}

impl Default for Host {
    fn default() -> Host {
        let memory = usize::try_from(MEMORY_BYTES).unwrap_or(usize::MAX);
        Host {
            printed: Vec::new(),
            limits: StoreLimitsBuilder::new().memory_size(memory).build(),
        }
    }
}

/// Defines the module's functions, globals, tables and memory.
pub(super) fn define(linker: &mut Linker<Host>, store: &mut Store<Host>) -> Result<()> {
    define_functions(linker)?;

    // The value of the specification's interpreter, in each type's precision.
    let globals = [
        ("global_i32", ValType::I32, Val::I32(666)),
        ("global_i64", ValType::I64, Val::I64(666)),
        ("global_f32", ValType::F32, Val::F32(666.6_f32.to_bits())),
        ("global_f64", ValType::F64, Val::F64(666.6_f64.to_bits())),
    ];
    for (name, ty, value) in globals {
        let global = Global::new(&mut *store, GlobalType::new(ty, Mutability::Const), value)?;
        define_item(linker, store, name, global)?;
    }

    let ty = TableType::new(RefType::FUNCREF, 10, Some(20));
    let table = Table::new(&mut *store, ty, Ref::Func(None))?;
    define_item(linker, store, "table", table)?;
    let ty = TableType::new64(RefType::FUNCREF, 10, Some(20));
    let table64 = Table::new(&mut *store, ty, Ref::Func(None))?;
    define_item(linker, store, "table64", table64)?;

    let memory = Memory::new(&mut *store, MemoryType::new(1, Some(2)))?;
    define_item(linker, store, "memory", memory)?;
    let ty = MemoryType::builder()
        .min(1)
        .max(Some(2))
        .shared(true)
        .build()?;
    let memory = Memory::new(&mut *store, ty)?;
    define_item(linker, store, "shared_memory", memory)
}

fn define_functions(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap(NAME, "print", |caller: Caller<'_, Host>| {
        print(caller, "print", &[]);
    })?;
    linker.func_wrap(NAME, "print_i32", |caller: Caller<'_, Host>, value: i32| {
        print(caller, "print_i32", &[&value]);
    })?;
    linker.func_wrap(NAME, "print_i64", |caller: Caller<'_, Host>, value: i64| {
        print(caller, "print_i64", &[&value]);
    })?;
    linker.func_wrap(NAME, "print_f32", |caller: Caller<'_, Host>, value: f32| {
        print(caller, "print_f32", &[&value]);
    })?;
    linker.func_wrap(NAME, "print_f64", |caller: Caller<'_, Host>, value: f64| {
        print(caller, "print_f64", &[&value]);
    })?;
    linker.func_wrap(
        NAME,
        "print_i32_f32",
        |caller: Caller<'_, Host>, first: i32, second: f32| {
            print(caller, "print_i32_f32", &[&first, &second]);
        },
    )?;
    linker.func_wrap(
        NAME,
        "print_f64_f64",
        |caller: Caller<'_, Host>, first: f64, second: f64| {
            print(caller, "print_f64_f64", &[&first, &second]);
        },
    )?;
    Ok(())
}

fn print(mut caller: Caller<'_, Host>, name: &str, values: &[&dyn std::fmt::Display]) {
    let values: Vec<String> = values.iter().map(|value| value.to_string()).collect();
    let line = format!("{NAME}.{name}({})", values.join(", "));
    caller.data_mut().printed.push(line);
}

fn define_item(
    linker: &mut Linker<Host>,
    store: &mut Store<Host>,
    name: &str,
    item: impl Into<Extern>,
) -> Result<()> {
    linker.define(store.as_context_mut(), NAME, name, item)?;
    Ok(())
}

/// Creates a linker with only this module. Shadowing is allowed because scripts register
/// different modules under the same name.
pub(super) fn new_linker(engine: &Engine, store: &mut Store<Host>) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    linker.allow_shadowing(true);
    define(&mut linker, store)?;
    Ok(linker)
}
