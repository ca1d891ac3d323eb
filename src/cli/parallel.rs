//! Programs of `backstitch run` whose threads are threads of the operating system.

use super::coredump;
use super::failure::Failure;
use super::host;
use super::input::Source;
use super::program::Stopped;
use super::run::{Arguments, Call, call};
use backstitch::wasi::{I32Exit, ParallelProgram, WasiCtx};
use backstitch::{Engine, Error, Linker, Module, Store, StoreLimits, Val};

/// The data of the store of a thread: the limits that the user set.
type Limits = StoreLimits;

/// Runs a program, and returns the results of the selected call.
pub(super) fn run(
    source: &Source,
    module: &Module,
    arguments: &Arguments,
    context: WasiCtx,
    dump: Option<&str>,
    selected: Option<Call>,
) -> Result<Vec<Val>, Stopped> {
    let (engine, limits) = (module.engine().clone(), arguments.limits());
    let threads = arguments.wasi.max_threads();
    let has_limits = arguments.has_limits();
    let mut program = ParallelProgram::new(context, threads, move || {
        Ok(new_store(&engine, limits.clone(), has_limits))
    });
    if let Some(dump) = dump {
        let (dump, file) = (dump.to_string(), source.file.clone());
        program.on_failure(move |store, error| write_dump(store, &dump, &file, error));
    }
    let mut linker = Linker::new(module.engine());
    let refuse = |error: Error| Stopped::Command(Failure::refused(source, &error));
    program.add_to_linker(&mut linker, module).map_err(refuse)?;
    let mut store = new_store(module.engine(), arguments.limits(), has_limits);
    host::check_imports(source, module, &linker, &mut store).map_err(Stopped::Command)?;
    drop(store);

    // A failure before the call is no error of the program.
    let mut before = None;
    let results = program.run(&linker, module, |store, instance| {
        match call(store, instance, &source.file, selected) {
            Ok(results) => Ok(results),
            Err(Stopped::Program(error)) => Err(error),
            Err(Stopped::Command(failure)) => {
                before = Some(failure);
                Err(Error::msg("the program could not be started"))
            }
        }
    });
    match before {
        Some(failure) => Err(Stopped::Command(failure)),
        None => Ok(results?),
    }
}

fn new_store(engine: &Engine, limits: Limits, has_limits: bool) -> Store<Limits> {
    let mut store = Store::new(engine, limits);
    // A store without a limiter keeps the library's finite defaults.
    if has_limits {
        store.limiter(|limits| limits);
    }
    store
}

/// Writes the core dump that an error carries, and returns the error without it. An exit is not a
/// crash.
fn write_dump(store: &mut Store<Limits>, path: &str, file: &str, error: Error) -> Error {
    if error.is::<I32Exit>() {
        return error;
    }
    match coredump::write(store, path, file, error) {
        Ok(error) => error,
        Err(Failure::Input(message)) => Error::msg(message),
        Err(_) => Error::msg("cannot write the core dump"),
    }
}
