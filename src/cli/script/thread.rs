//! Threads of a script: `thread` and `wait`.
//!
//! A thread executes its directives in a scope of its own, in the script's store. Threads take
//! turns: one runs until a call waits at an address of a shared memory, or for a number of
//! instructions. So do the calls of the script itself while there are threads. If all wait, time
//! passes up to the first timeout.

use super::driver::FUEL;
use super::expectation;
use super::message;
use super::runner::{self, Runner, Scope};
use backstitch::{Error, Execution, Func, Outcome, Suspension, Val, WasmBacktrace};
use std::collections::VecDeque;
use std::mem;
use std::time::Duration;
use wast::token::Id;
use wast::{WastDirective, WastExecute, WastInvoke, WastRet, WastThread};

/// Number of instructions after which a call makes way for others.
const SLICE: u64 = 10_000;

/// A thread that has not ended.
pub(super) struct Thread<'script> {
    name: String,
    scope: Scope,
    directives: VecDeque<WastDirective<'script>>,
    /// The call that waits.
    pending: Option<Pending<'script>>,
}

/// A call that waits at an address of a shared memory.
struct Pending<'script> {
    line: usize,
    execution: Execution,
    expected: Expected<'script>,
    /// The time after which the wait ends.
    timeout: Option<Duration>,
}

/// The outcome that a directive expects of a call.
enum Expected<'script> {
    /// Any results.
    Anything,
    Results(Vec<WastRet<'script>>),
    Trap(&'script str),
}

impl Expected<'_> {
    fn assertions(&self) -> usize {
        match self {
            Expected::Anything => 0,
            Expected::Results(_) | Expected::Trap(_) => 1,
        }
    }
}

/// Returns the call of a directive and the expected outcome, or the directive if it is another one.
fn as_call<'script>(
    directive: WastDirective<'script>,
) -> Result<(WastInvoke<'script>, Expected<'script>), Box<WastDirective<'script>>> {
    Ok(match directive {
        WastDirective::Invoke(call) => (call, Expected::Anything),
        WastDirective::AssertReturn {
            exec: WastExecute::Invoke(call),
            results,
            ..
        } => (call, Expected::Results(results)),
        WastDirective::AssertTrap {
            exec: WastExecute::Invoke(call),
            message,
            ..
        } => (call, Expected::Trap(message)),
        other => return Err(Box::new(other)),
    })
}

impl<'script> Runner<'script, '_> {
    /// Starts a thread and runs it until it waits.
    pub(super) fn start_thread(&mut self, thread: WastThread<'script>) {
        let directive = WastDirective::Thread(thread);
        let line = self.line(&directive);
        let WastDirective::Thread(thread) = directive else {
            unreachable!("the directive is a thread")
        };
        let mut scope = None;
        self.attempt(line, 0, |runner| {
            scope = Some(runner.new_scope(thread.shared_module)?);
            Ok(())
        });
        if let Some(scope) = scope {
            self.threads.push(Thread {
                name: thread.name.name().to_string(),
                scope,
                directives: thread.directives.into(),
                pending: None,
            });
            self.advance(self.threads.len() - 1);
        }
    }

    /// Runs all threads until the one of a name has ended.
    pub(super) fn wait_for(&mut self, name: Id<'_>) {
        while self.threads.iter().any(|thread| thread.name == name.name()) {
            self.turn_or_wait();
        }
    }

    /// Runs all threads to their ends.
    pub(super) fn end_threads(&mut self) {
        while !self.threads.is_empty() {
            self.turn_or_wait();
        }
    }

    /// Lets each thread run once. If none can, ends the wait with the shortest timeout.
    fn turn_or_wait(&mut self) {
        if !self.turn() && !self.pass_time(&mut None) {
            self.fail_all();
        }
    }

    /// Lets each thread run once that can. Returns `false` if there is none.
    fn turn(&mut self) -> bool {
        let mut any_runs = false;
        let mut at = 0;
        while at < self.threads.len() {
            if self.threads[at].can_run(&self.store) {
                any_runs = true;
                if self.advance(at) {
                    continue;
                }
            }
            at += 1;
        }
        any_runs
    }

    /// Lets time pass up to the first timeout of the threads, and of a call that has the time `own`
    /// left. Returns `false` if there is no timeout.
    fn pass_time(&mut self, own: &mut Option<Duration>) -> bool {
        let timeout = |thread: &Thread<'_>| thread.pending.as_ref()?.timeout;
        let timeouts = self.threads.iter().filter_map(timeout);
        let Some(time) = timeouts.chain(*own).min() else {
            return false;
        };
        if let Some(left) = own {
            *left -= time;
        }
        for pending in self
            .threads
            .iter_mut()
            .filter_map(|thread| thread.pending.as_mut())
        {
            if let Some(left) = &mut pending.timeout {
                *left -= time;
                if left.is_zero() {
                    pending.execution.time_out(&mut self.store);
                }
            }
        }
        true
    }

    /// Calls a function while there are threads, which run as well.
    pub(super) fn call_among_threads(
        &mut self,
        function: &Func,
        arguments: &[Val],
    ) -> Result<Vec<Val>, Error> {
        let mut execution = function.start(&mut self.store, arguments)?;
        loop {
            let mut left = match self.run_slice(&mut execution)? {
                Outcome::Done(results) => return Ok(results),
                Outcome::Suspended(Suspension::Fuel) => {
                    self.turn();
                    continue;
                }
                Outcome::Suspended(Suspension::Wait { timeout, .. }) => timeout,
                Outcome::Suspended(other) => {
                    return Err(Error::msg(format!("suspended: {other:?}")));
                }
            };
            while execution.is_waiting(&self.store) {
                if self.turn() {
                    continue;
                }
                if !self.pass_time(&mut left) {
                    let backtrace = execution.backtrace(&self.store);
                    let error = Error::msg("deadlock: the call waits for ever");
                    return Err(error.context(backtrace));
                }
                if left.is_some_and(|left| left.is_zero()) {
                    execution.time_out(&mut self.store);
                }
            }
        }
    }

    /// Runs an execution for a slice of instructions.
    fn run_slice(&mut self, execution: &mut Execution) -> Result<Outcome, Error> {
        self.store.set_fuel(SLICE)?;
        let outcome = execution.resume(&mut self.store);
        self.store.set_fuel(FUEL)?;
        outcome
    }

    /// Ends all threads, which wait for each other.
    fn fail_all(&mut self) {
        for thread in mem::take(&mut self.threads) {
            if let Some(Pending {
                line, execution, ..
            }) = thread.pending
            {
                let backtrace = WasmBacktrace::to_string(&execution.backtrace(&self.store));
                self.attempt(line, 0, |_| {
                    Err(format!("deadlock: the call waits for ever: {backtrace}"))
                });
            }
        }
    }

    /// Runs the thread at a position until it waits or its slice is over. Returns `true` if it has ended, and removes it.
    fn advance(&mut self, at: usize) -> bool {
        let thread = &mut self.threads[at];
        mem::swap(&mut self.scope, &mut thread.scope);
        let mut pending = thread.pending.take();
        let mut directives = mem::take(&mut thread.directives);
        self.is_in_thread = true;
        loop {
            if let Some(call) = pending.take() {
                pending = self.resume(call);
                if pending.is_some() {
                    break;
                }
            }
            let Some(directive) = directives.pop_front() else {
                break;
            };
            let line = self.line(&directive);
            match as_call(directive) {
                Ok((call, expected)) => pending = self.begin(line, &call, expected),
                Err(directive) => self.perform(*directive),
            }
        }
        self.is_in_thread = false;
        let thread = &mut self.threads[at];
        mem::swap(&mut self.scope, &mut thread.scope);
        let ended = pending.is_none();
        thread.pending = pending;
        thread.directives = directives;
        if ended {
            self.threads.remove(at);
        }
        ended
    }

    /// Prepares a call.
    fn begin(
        &mut self,
        line: usize,
        call: &WastInvoke<'_>,
        expected: Expected<'script>,
    ) -> Option<Pending<'script>> {
        let mut begun = None;
        self.attempt(line, 0, |runner| {
            let (function, arguments) = runner.call_of(call)?;
            let execution = function
                .start(&mut runner.store, &arguments)
                .map_err(|error| message::one_line(&error))?;
            begun = Some(execution);
            Ok(())
        });
        Some(Pending {
            line,
            execution: begun?,
            expected,
            timeout: None,
        })
    }

    /// Runs a call for a slice. Returns it if it has not ended; reports the result otherwise.
    fn resume(&mut self, mut call: Pending<'script>) -> Option<Pending<'script>> {
        let outcome = match self.run_slice(&mut call.execution) {
            Ok(Outcome::Done(results)) => Ok(results),
            Ok(Outcome::Suspended(Suspension::Wait { timeout, .. })) => {
                call.timeout = timeout;
                return Some(call);
            }
            Ok(Outcome::Suspended(Suspension::Fuel)) => {
                call.timeout = None;
                return Some(call);
            }
            Ok(Outcome::Suspended(other)) => Err(Error::msg(format!("suspended: {other:?}"))),
            Err(error) => Err(error),
        };
        let assertions = call.expected.assertions();
        self.attempt(call.line, assertions, |runner| match call.expected {
            Expected::Trap(message) => runner::expect_trap(outcome, message),
            expected => {
                let found = outcome.map_err(|error| {
                    let error = message::one_line(&error);
                    format!("expected results, found an error: {error}")
                })?;
                match expected {
                    Expected::Results(results) => {
                        expectation::compare(&runner.store, &found, &results)
                    }
                    _ => Ok(()),
                }
            }
        });
        None
    }
}

impl Thread<'_> {
    /// Returns whether nothing that it waits for is missing.
    fn can_run(&self, store: &backstitch::Store<super::Host>) -> bool {
        let pending = self.pending.as_ref();
        pending.is_none_or(|pending| !pending.execution.is_waiting(store))
    }
}
