//! Forks go on as their stores do: calls of the test scripts are forked while they are suspended, and
//! both end with the same results, fuel, traps and core dumps.
//!
//! `FORKS=all cargo test -p spec-tests --test forks` forks at every suspension, which takes much longer.

use backstitch::{Config, Engine, Error, Execution, Result, Store};
use spec_tests::copying::{Copied, Copying, scripts};
use spec_tests::script::Host;
use std::process::ExitCode;

/// Copies by forks.
struct Forking;

impl Copying<Host> for Forking {
    const NAME: &'static str = "forked";
    const KEEPS_HANDLES: bool = true;

    fn copy(&mut self, store: &mut Store<Host>, execution: &Execution) -> Result<Copied<Host>> {
        let dump = execution.core_dump(&*store);
        let mut fork = store.fork_with(Host::default(), |value| {
            Some(Box::new(*value.downcast_ref::<u32>()?))
        })?;
        let execution = fork.get(execution);
        let mut forked = fork.into_store();
        forked.limiter(|host| &mut host.limits);
        let copy = execution.core_dump(&forked);
        if dump.serialize(&mut *store, "x") != copy.serialize(&mut forked, "x") {
            return Err(Error::msg("another dump after a fork"));
        }
        Ok(Copied {
            store: forked,
            execution,
            bytes: 0,
        })
    }
}

fn main() -> ExitCode {
    // Forks copy memories, or share their pages. Every other script has the one or the other.
    let engines = [usize::MAX, 0].map(|size| {
        let mut config = Config::new();
        config.consume_fuel(true).copy_on_write_from(size);
        Engine::new(&config).expect("the default engine exists")
    });
    scripts::run("FORKS", |index, every| {
        let engines = match every {
            true => &engines[..],
            false => &engines[index % 2..][..1],
        };
        let engines = engines.iter().cloned();
        engines.map(|engine| (engine, Forking)).collect()
    })
}
