//! Programs that stop for an observer end as others do (D3): calls of the test scripts are stopped at
//! breakpoints, before watched bytes and in single steps, all of which change while the calls run. Locals
//! and operands are set to the values that they have. The scripts have the same results as without.
//!
//! `PROBES=all cargo test -p spec-tests --test probes` stops in all engines, and more often.

use backstitch::coredump::Value;
use backstitch::{
    AsContext, Config, CoverageKind, Dispatch, Engine, Error, Execution, Func, Module, Outcome,
    Result, Store, Suspension, Val, Watchpoint,
};
use spec_tests::harness::{self, Arguments, Test};
use spec_tests::script::{self, Host, driver::Driver};
use spec_tests::suite;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// A driver that stops calls.
struct Stopping {
    engine: Engine,
    /// State of the generator of random numbers.
    random: u64,
    /// Number of stops after which a call is left alone.
    most: u64,
    stops: u64,
    /// Number of values that were set.
    set: u64,
    /// Description of the first stop that was wrong.
    wrong: Option<String>,
}

/// The probes that are set during a call.
#[derive(Default)]
struct Probes {
    breakpoints: Vec<(Module, u32)>,
    watches: bool,
    steps: bool,
}

impl Stopping {
    /// Returns a number below `below`.
    fn random(&mut self, below: u64) -> u64 {
        self.random = self
            .random
            .wrapping_mul(0x5851_F42D_4C95_7F2D)
            .wrapping_add(1);
        (self.random >> 33) % below
    }

    /// Changes a probe, near the youngest frame if there is one.
    fn change(
        &mut self,
        store: &mut Store<Host>,
        execution: &Execution,
        probes: &mut Probes,
    ) -> Result<()> {
        match self.random(8) {
            0 => {
                probes.steps = !probes.steps;
                store.single_step(probes.steps)?;
            }
            1 => {
                probes.watches = !probes.watches;
                let memories = execution.core_dump(&*store).memories().to_vec();
                let watched: Vec<Watchpoint> = memories
                    .into_iter()
                    .filter(|_| probes.watches)
                    .map(|memory| Watchpoint {
                        memory,
                        bytes: 0..u64::MAX,
                        reads: self.random(2) == 0,
                        writes: true,
                    })
                    .collect();
                store.watch(&watched)?;
            }
            // This changes all code of the store.
            2 if self.random(16) == 0 => {
                let kind = match self.random(3) {
                    0 => None,
                    1 => Some(CoverageKind::Once),
                    _ => Some(CoverageKind::Counts),
                };
                store.count_executions(kind)?;
            }
            2 | 3 => {
                let count = probes.breakpoints.len() as u64;
                if count != 0 {
                    let at = self.random(count) as usize;
                    let (module, offset) = probes.breakpoints.swap_remove(at);
                    assert!(store.remove_breakpoint(&module, offset)?);
                }
            }
            _ => {
                let backtrace = execution.backtrace(&*store);
                let frames = backtrace.frames();
                let count = frames.len() as u64;
                if count == 0 {
                    return Ok(());
                }
                let frame = &frames[self.random(count) as usize];
                let module = frame.module().clone();
                let from = frame.module_offset().unwrap_or_default() as u64;
                let from = (from + self.random(24)).saturating_sub(8);
                if let Some(offset) = module.instruction_from(from as u32)
                    && store.add_breakpoint(&module, offset)?
                {
                    probes.breakpoints.push((module, offset));
                }
            }
        }
        Ok(())
    }

    /// Sets a number of a frame to the value that it has. Returns what is wrong with that.
    fn set(&mut self, store: &mut Store<Host>, execution: &Execution) -> Option<String> {
        let frame = self.random(3) as usize;
        let state = execution.frame_state(&*store, frame)?;
        let (locals, operands) = (state.locals(), state.operands());
        let is_local = self.random(2) == 0;
        let values = if is_local { locals } else { operands };
        let at = self.random(1 + values.len() as u64) as usize;
        let value = match *values.get(at)? {
            Value::I32(bits) => Val::I32(bits as i32),
            Value::I64(bits) => Val::I64(bits as i64),
            Value::F32(bits) => Val::F32(bits),
            Value::F64(bits) => Val::F64(bits),
            Value::V128(bits) => Val::V128(bits.into()),
            _ => return None,
        };
        let set = if is_local {
            execution.set_local(&mut *store, frame, at, value)
        } else {
            execution.set_operand(&mut *store, frame, at, value)
        };
        match set {
            Ok(()) => {
                self.set += 1;
                let now = execution.frame_state(store, frame)?;
                let is_same = now.locals() == locals && now.operands() == operands;
                (!is_same).then(|| format!("frame {frame} has other values: {now:?}"))
            }
            Err(error) => {
                let error = error.to_string();
                let is_known = ["cannot be set", "has not begun"];
                let is_known = is_known.iter().any(|it| error.contains(it));
                (!is_known).then_some(error)
            }
        }
    }

    /// Returns what is wrong with a stop.
    fn examine(
        store: impl AsContext,
        execution: &Execution,
        suspension: &Suspension,
        probes: &Probes,
    ) -> Option<String> {
        let backtrace = execution.backtrace(store);
        let Some(frame) = backtrace.frames().first() else {
            return Some("a stop without a frame".to_string());
        };
        let offset = frame.module_offset().unwrap_or_default() as u32;
        if frame.module().instruction_from(offset) != Some(offset) {
            return Some(format!("a stop at {offset:#x}, which is no instruction"));
        }
        let is_expected = match suspension {
            Suspension::Watchpoint(_) => probes.watches,
            _ => {
                let mut breakpoints = probes.breakpoints.iter();
                probes.steps
                    || breakpoints
                        .any(|(module, at)| *at == offset && Module::same(module, frame.module()))
            }
        };
        (!is_expected).then(|| format!("a stop at {offset:#x} without a reason"))
    }

    /// Removes all probes.
    fn remove(store: &mut Store<Host>, probes: Probes) -> Result<()> {
        if probes.steps {
            store.single_step(false)?;
        }
        if probes.watches {
            store.watch(&[])?;
        }
        for (module, offset) in probes.breakpoints {
            store.remove_breakpoint(&module, offset)?;
        }
        Ok(())
    }
}

impl Driver for Stopping {
    fn engine(&self) -> &Engine {
        &self.engine
    }

    fn count_instructions(&mut self) -> Result<()> {
        self.engine = counting()?;
        Ok(())
    }

    fn call(
        &mut self,
        store: &mut Store<Host>,
        function: &Func,
        arguments: &[Val],
    ) -> Result<Vec<Val>> {
        let mut execution = function.start(&mut *store, arguments)?;
        let mut probes = Probes::default();
        if self.random(2) == 0 {
            probes.steps = true;
            store.single_step(true)?;
        }
        let mut stops = 0;
        let outcome = loop {
            match execution.resume(&mut *store) {
                Ok(Outcome::Done(values)) => break Ok(values),
                Err(error) => break Err(error),
                Ok(Outcome::Suspended(
                    suspension @ (Suspension::Breakpoint | Suspension::Watchpoint(_)),
                )) => {
                    let wrong = Self::examine(&*store, &execution, &suspension, &probes);
                    let wrong = wrong.or_else(|| self.set(store, &execution));
                    if let Some(wrong) = wrong {
                        self.wrong.get_or_insert(wrong);
                    }
                    stops += 1;
                    if stops == self.most {
                        Self::remove(store, std::mem::take(&mut probes))?;
                    } else if self.random(4) == 0 {
                        self.change(store, &execution, &mut probes)?;
                    }
                }
                Ok(Outcome::Suspended(Suspension::Wait { timeout, .. })) => {
                    if timeout.is_none() {
                        break Err(Error::msg("deadlock"));
                    }
                    execution.time_out(&mut *store);
                }
                Ok(Outcome::Suspended(other)) => {
                    break Err(execution.fail(&*store, Error::msg(format!("{other:?}"))));
                }
            }
        };
        Self::remove(store, probes)?;
        self.stops += stops;
        outcome
    }
}

/// A driver that calls functions without stops.
struct Plain(Engine);

impl Driver for Plain {
    fn engine(&self) -> &Engine {
        &self.0
    }

    fn count_instructions(&mut self) -> Result<()> {
        self.0 = counting()?;
        Ok(())
    }
}

/// Returns the engine for scripts with threads.
fn counting() -> Result<Engine> {
    let mut config = Config::new();
    config.consume_fuel(true);
    Engine::new(&config)
}

/// Returns the engines: with and without polls, of each dispatch backend.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for dispatch in [Dispatch::best(), Dispatch::Loop] {
        for kind in 0..3 {
            let mut config = Config::new();
            config.dispatch(dispatch);
            match kind {
                0 => {}
                1 => drop(config.interruptible(true)),
                _ => drop(config.consume_fuel(true)),
            }
            engines.push(Engine::new(&config).expect("the engine exists"));
        }
    }
    engines
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::FAILURE;
        }
    };
    let every = std::env::var("PROBES").is_ok_and(|value| value == "all");
    let engines = engines();
    let scripts = suite::sampled(every);
    let stops = &AtomicU64::new(0);
    let set = &AtomicU64::new(0);
    let engines = &engines;
    let tests: Vec<Test<'_>> = scripts
        .iter()
        .enumerate()
        .filter(|(_, script)| arguments.selects(&script.name))
        .map(|(index, script)| Test {
            name: &script.name,
            run: Box::new(move || {
                let of_script = match every {
                    true => &engines[..],
                    false => &engines[index % engines.len()..][..1],
                };
                for engine in of_script {
                    let mut driver = Stopping {
                        engine: engine.clone(),
                        random: index as u64,
                        most: if every { 2_000 } else { 60 },
                        stops: 0,
                        set: 0,
                        wrong: None,
                    };
                    let found = script::run(&script.text, &mut driver);
                    stops.fetch_add(driver.stops, Ordering::Relaxed);
                    set.fetch_add(driver.set, Ordering::Relaxed);
                    if let Some(wrong) = driver.wrong {
                        return Err(wrong);
                    }
                    let mut plain = Plain(engine.clone());
                    let expected = script::run(&script.text, &mut plain);
                    let text = |report: &script::Report| {
                        format!("{} passed, {:?}", report.passed, report.failures)
                    };
                    if text(&found) != text(&expected) {
                        return Err(format!("{} instead of {}", text(&found), text(&expected)));
                    }
                }
                Ok(())
            }),
        })
        .collect();
    let skipped = scripts.len() - tests.len();
    let totals = || {
        let (stops, set) = (stops.load(Ordering::Relaxed), set.load(Ordering::Relaxed));
        format!("{stops} stops, {set} values set")
    };
    match harness::run(&arguments, &tests, skipped, totals) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
