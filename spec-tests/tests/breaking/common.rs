//! Engines of every mode, and helper functions for tests.

use backstitch::{AsContextMut, Engine, Error, Func, Instance, Module, Trap, Val, WasmBacktrace};
pub use spec_tests::engines::{dispatches, each_mode as each};

/// Runs `test` as [`each`] does, without further configuration.
pub fn each_default(test: impl Fn(&Engine)) {
    each(|_| {}, test);
}

/// Compiles a module's text.
pub fn module(engine: &Engine, text: &str) -> Module {
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    Module::new(engine, &bytes).unwrap_or_else(|error| panic!("{error:?}"))
}

/// Calls an exported function.
pub fn call(
    mut store: impl AsContextMut,
    instance: &Instance,
    name: &str,
    arguments: &[Val],
) -> Result<Vec<Val>, Error> {
    let func = instance
        .get_func(&mut store, name)
        .expect("the export exists");
    call_func(store, &func, arguments)
}

/// Calls a function.
pub fn call_func(
    mut store: impl AsContextMut,
    func: &Func,
    arguments: &[Val],
) -> Result<Vec<Val>, Error> {
    let count = func.ty(&store).results().len();
    let mut results = vec![Val::I32(0); count];
    func.call(&mut store, arguments, &mut results)?;
    Ok(results)
}

/// Converts numeric values to `i64`: integers sign-extended, floats by their bits.
pub fn numbers(values: &[Val]) -> Vec<i64> {
    let number = |value: &Val| match value {
        Val::I32(value) => i64::from(*value),
        Val::I64(value) => *value,
        Val::F32(bits) => i64::from(*bits),
        Val::F64(bits) => *bits as i64,
        other => panic!("{other:?} is not a number"),
    };
    values.iter().map(number).collect()
}

/// Returns the trap that a call has ended with.
pub fn trap<T>(result: Result<T, Error>) -> Option<Trap> {
    result
        .err()
        .expect("the call fails")
        .downcast_ref()
        .copied()
}

/// Returns the names of a backtrace's functions, or their indices if they have no names.
pub fn names(backtrace: &WasmBacktrace) -> Vec<String> {
    let name = |frame: &backstitch::FrameInfo| match frame.func_name() {
        Some(name) => name.to_owned(),
        None => frame.func_index().to_string(),
    };
    backtrace.frames().iter().map(name).collect()
}

/// Returns the names of the functions in an error's backtrace.
pub fn error_names(error: &Error) -> Vec<String> {
    names(
        error
            .downcast_ref::<WasmBacktrace>()
            .expect("the error has a backtrace"),
    )
}

/// A generator of pseudo-random orders, which are the same in each run.
pub struct Shuffle(pub u64);

impl Shuffle {
    /// Returns a number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        ((self.0 >> 33) as usize) % end
    }

    /// Shuffles the items.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            let other = self.below(index + 1);
            items.swap(index, other);
        }
    }
}
