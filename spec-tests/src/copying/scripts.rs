//! Test scripts whose calls are copied while they are suspended.

use super::{Copier, Copying};
use crate::harness::{self, Arguments, Test};
use crate::script::{self, Host, driver::Driver};
use crate::suite;
use backstitch::{Engine, Func, Instance, Linker, Module, Result, Store, Val};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// A driver that copies suspended calls.
struct Copied<C> {
    engine: Engine,
    copier: Copier<C>,
}

impl<C: Copying<Host>> Driver for Copied<C> {
    fn engine(&self) -> &Engine {
        &self.engine
    }

    fn count_instructions(&mut self) -> Result<()> {
        Ok(())
    }

    fn instantiate(
        &mut self,
        store: &mut Store<Host>,
        linker: &Linker<Host>,
        module: &Module,
    ) -> Result<Instance> {
        store.set_fuel(1 << 40)?;
        linker.instantiate(store, module)
    }

    fn call(
        &mut self,
        store: &mut Store<Host>,
        function: &Func,
        arguments: &[Val],
    ) -> Result<Vec<Val>> {
        self.copier.call(store, function, arguments)
    }
}

/// Runs the scripts that the arguments of the process select. `copiers` returns the engines of a script,
/// by its index, and a way to copy for each. The calls are copied at every suspension if the environment
/// has `variable` with the value `all`.
pub fn run<C: Copying<Host>>(
    variable: &str,
    copiers: impl Fn(usize, bool) -> Vec<(Engine, C)> + Sync,
) -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::FAILURE;
        }
    };
    let every = std::env::var(variable).is_ok_and(|value| value == "all");
    let scripts = suite::sampled(every);
    let (copies, bytes) = (&AtomicU64::new(0), &AtomicU64::new(0));
    let copiers = &copiers;
    let tests: Vec<Test<'_>> = scripts
        .iter()
        .enumerate()
        .filter(|(_, script)| arguments.selects(&script.name))
        .map(|(index, script)| Test {
            name: &script.name,
            run: Box::new(move || {
                for (engine, copying) in copiers(index, every) {
                    let copier = Copier::new(copying, every);
                    let mut driver = Copied { engine, copier };
                    script::run(&script.text, &mut driver);
                    let copier = driver.copier;
                    copies.fetch_add(copier.copies, Ordering::Relaxed);
                    bytes.fetch_add(copier.bytes, Ordering::Relaxed);
                    if let Some(difference) = copier.difference {
                        return Err(difference);
                    }
                }
                Ok(())
            }),
        })
        .collect();
    let skipped = scripts.len() - tests.len();
    let totals = || {
        let (copies, bytes) = (
            copies.load(Ordering::Relaxed),
            bytes.load(Ordering::Relaxed),
        );
        format!("{copies} calls {}, {bytes} bytes", C::NAME)
    };
    match harness::run(&arguments, &tests, skipped, totals) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
