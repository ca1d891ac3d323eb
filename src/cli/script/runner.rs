//! Execution of a script, directive by directive.

use super::expectation;
use super::message;
use super::older;
use super::spectest;
use super::thread::Thread;
use super::{Driver, Failure, Flat, Host, Report};
use backstitch::{Error, Extern, Func, Instance, Linker, Module, Store, Trap, Val};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, Wat};

/// The reason why scripts are skipped.
const NESTED_THREADS: &str = "threads that start threads are not supported";

/// Runs a script.
pub fn run(text: &str, driver: &mut dyn Driver) -> Report {
    let mut report = Report::default();
    let fail = |report: &mut Report, line, reason| report.failures.push(Failure { line, reason });

    // Lines are the same in the flat text.
    let flat = Flat::new(text);
    let text = flat.text();
    // Scripts test names with misleading characters.
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer);
    let parsed = buffer
        .as_ref()
        .map_err(|error| (error.span(), error.message()))
        .and_then(|buffer| {
            parser::parse::<Wast<'_>>(buffer).map_err(|error| (error.span(), error.message()))
        });
    let directives = match parsed {
        Ok(script) => script.directives,
        Err((span, message)) => {
            let line = span.linecol_in(text).0 + 1;
            fail(&mut report, line, format!("not a script: {message}"));
            return report;
        }
    };
    let is_thread = |directive: &WastDirective<'_>| matches!(directive, WastDirective::Thread(_));
    let is_nested = |directive: &WastDirective<'_>| match directive {
        WastDirective::Thread(thread) => thread.directives.iter().any(is_thread),
        _ => false,
    };
    if directives.iter().any(is_nested) {
        let assertions = directives.iter().map(count_assertions).sum();
        return Report::skip(assertions, NESTED_THREADS);
    }
    let prepared = match directives.iter().any(is_thread) {
        true => driver.count_instructions(),
        false => Ok(()),
    };
    let created = prepared.and_then(|()| Runner::new(text, driver));
    let mut runner = match created {
        Ok(runner) => runner,
        Err(error) => {
            let reason = format!("cannot create a store: {}", message::one_line(&error));
            fail(&mut report, 1, reason);
            return report;
        }
    };
    for directive in directives {
        match directive {
            WastDirective::Thread(thread) => runner.start_thread(thread),
            WastDirective::Wait { thread, .. } => runner.wait_for(thread),
            directive => runner.perform(directive),
        }
    }
    runner.end_threads();
    report = runner.report;
    report.failures.sort_by_key(|failure| failure.line);
    report.printed = std::mem::take(&mut runner.store.data_mut().printed);
    report
}

pub(super) fn count_assertions(directive: &WastDirective<'_>) -> usize {
    match directive {
        WastDirective::AssertMalformed { .. }
        | WastDirective::AssertMalformedCustom { .. }
        | WastDirective::AssertInvalid { .. }
        | WastDirective::AssertInvalidCustom { .. }
        | WastDirective::AssertTrap { .. }
        | WastDirective::AssertReturn { .. }
        | WastDirective::AssertExhaustion { .. }
        | WastDirective::AssertUnlinkable { .. }
        | WastDirective::AssertException { .. }
        | WastDirective::AssertSuspension { .. } => 1,
        WastDirective::Thread(thread) => thread.directives.iter().map(count_assertions).sum(),
        WastDirective::Module(_)
        | WastDirective::ModuleDefinition(_)
        | WastDirective::ModuleInstance { .. }
        | WastDirective::Register { .. }
        | WastDirective::Invoke(_)
        | WastDirective::Wait { .. } => 0,
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("with a value that is not a string");
    format!("the engine panicked: {text}")
}

/// The result of an action that may trap.
pub(super) type Outcome = Result<Vec<Val>, Error>;

/// The names that directives use, and what they stand for. Each thread of a script has its own.
pub(super) struct Scope {
    linker: Linker<Host>,
    definitions: BTreeMap<String, Module>,
    /// The last definition, for directives without a name.
    definition: Option<Module>,
    instances: BTreeMap<String, Instance>,
    /// The names under which instances were registered.
    registered: BTreeSet<String>,
    /// The last instance, for directives without a name. `None` after a module that failed, so
    /// that directives do not use an older instance.
    instance: Option<Instance>,
}

impl Scope {
    /// Creates a scope with the module `spectest` alone.
    fn new(driver: &mut dyn Driver, store: &mut Store<Host>) -> Result<Scope, Error> {
        Ok(Scope {
            linker: spectest::new_linker(driver.engine(), store)?,
            definitions: BTreeMap::new(),
            definition: None,
            instances: BTreeMap::new(),
            registered: BTreeSet::new(),
            instance: None,
        })
    }
}

/// A script's state between directives.
pub(super) struct Runner<'script, 'driver> {
    text: &'script str,
    driver: &'driver mut dyn Driver,
    pub(super) store: Store<Host>,
    /// The scope of the thread whose directives are executed.
    pub(super) scope: Scope,
    /// The threads that have not ended, in the order in which they were started.
    pub(super) threads: Vec<Thread<'script>>,
    /// True while the directives of a thread are executed.
    pub(super) is_in_thread: bool,
    pub(super) report: Report,
}

impl<'script, 'driver> Runner<'script, 'driver> {
    fn new(text: &'script str, driver: &'driver mut dyn Driver) -> Result<Self, Error> {
        let mut store = driver.new_store()?;
        let scope = Scope::new(driver, &mut store)?;
        Ok(Runner {
            text,
            driver,
            store,
            scope,
            threads: Vec::new(),
            is_in_thread: false,
            report: Report::default(),
        })
    }

    /// Returns the scope of a new thread, which has the instance of a name in common with the
    /// present one.
    pub(super) fn new_scope(&mut self, shared: Option<Id<'_>>) -> Result<Scope, String> {
        let why = |error| format!("cannot start a thread: {}", message::one_line(&error));
        let mut scope = Scope::new(self.driver, &mut self.store).map_err(why)?;
        if let Some(name) = shared {
            let instance = self.find_instance(Some(name))?;
            scope.instances.insert(name.name().to_string(), instance);
        }
        Ok(scope)
    }

    /// Returns the line of a directive, from 1.
    pub(super) fn line(&self, directive: &WastDirective<'_>) -> usize {
        directive.span().linecol_in(self.text).0 + 1
    }

    /// Executes a directive and reports its result.
    pub(super) fn perform(&mut self, directive: WastDirective<'_>) {
        let line = self.line(&directive);
        let assertions = count_assertions(&directive);
        self.attempt(line, assertions, |runner| runner.run(directive));
    }

    /// Does what a directive at a line says, and reports the result.
    pub(super) fn attempt(
        &mut self,
        line: usize,
        assertions: usize,
        action: impl FnOnce(&mut Self) -> Result<(), String>,
    ) {
        // The store is used further after a panic: later directives may not depend on the lost
        // state.
        let result = catch_unwind(AssertUnwindSafe(|| action(self)));
        let reason = match result {
            Ok(Ok(())) => {
                self.report.passed += assertions;
                return;
            }
            Ok(Err(reason)) => reason,
            Err(panic) => panic_message(&*panic),
        };
        self.report.failures.push(Failure { line, reason });
    }

    fn run(&mut self, directive: WastDirective<'_>) -> Result<(), String> {
        match directive {
            WastDirective::Module(mut module) => {
                let name = module.name();
                self.scope.instance = None;
                self.define(name, &mut module)?;
                self.instantiate_definition(name, name)
            }
            WastDirective::ModuleDefinition(mut module) => {
                let name = module.name();
                self.define(name, &mut module)
            }
            WastDirective::ModuleInstance {
                instance, module, ..
            } => {
                self.scope.instance = None;
                self.instantiate_definition(module, instance)
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.find_instance(module)?;
                self.scope.registered.insert(name.to_string());
                self.register(name, instance)
            }
            WastDirective::Invoke(invoke) => match self.invoke(invoke)? {
                Ok(_) => Ok(()),
                Err(error) => Err(message::one_line(&error)),
            },
            WastDirective::AssertReturn { exec, results, .. } => match self.execute(exec)? {
                Ok(found) => expectation::compare(&self.store, &found, &results),
                Err(error) => Err(format!(
                    "expected results, found an error: {}",
                    message::one_line(&error)
                )),
            },
            // An unhandled suspension is a trap.
            WastDirective::AssertTrap { exec, message, .. }
            | WastDirective::AssertSuspension { exec, message, .. } => {
                let outcome = self.execute(exec)?;
                expect_trap(outcome, message)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let outcome = self.invoke(call)?;
                expect_trap(outcome, message)
            }
            WastDirective::AssertException { exec, .. } => match self.execute(exec)? {
                Ok(_) => Err("expected an exception, but the call returned".to_string()),
                Err(error) if error.downcast_ref::<Trap>().is_some() => Err(format!(
                    "expected an exception, found a trap: {}",
                    message::one_line(&error)
                )),
                Err(_) => Ok(()),
            },
            WastDirective::AssertMalformed {
                module, message, ..
            }
            | WastDirective::AssertMalformedCustom {
                module, message, ..
            } => self.expect_refusal(module, "malformed", message),
            WastDirective::AssertInvalid {
                module, message, ..
            }
            | WastDirective::AssertInvalidCustom {
                module, message, ..
            } => self.expect_refusal(module, "invalid", message),
            WastDirective::AssertUnlinkable {
                module, message, ..
            } => match self.instantiate_anonymous(module)? {
                Ok(_) => Err(format!(
                    "expected linking to fail with `{message}`, but it succeeded"
                )),
                Err(error) => message::expect_link_error(&error, message),
            },
            WastDirective::Thread(_) | WastDirective::Wait { .. } => {
                Err("threads are started and waited for by the script itself".to_string())
            }
        }
    }

    /// Compiles a module and stores it under its name.
    fn define(&mut self, name: Option<Id<'_>>, module: &mut QuoteWat<'_>) -> Result<(), String> {
        self.scope.definition = None;
        if let Some(name) = name {
            // If the module fails, an older one of the same name must not remain.
            self.scope.definitions.remove(name.name());
            self.scope.instances.remove(name.name());
        }
        let bytes = module
            .encode()
            .map_err(|error| format!("not a module: {}", error.message()))?;
        let module = self.new_module(&bytes)?;
        if let Some(name) = name {
            self.scope
                .definitions
                .insert(name.name().to_string(), module.clone());
        }
        self.scope.definition = Some(module);
        Ok(())
    }

    fn new_module(&mut self, bytes: &[u8]) -> Result<Module, String> {
        self.driver
            .load(bytes)
            .map_err(|error| format!("the module was refused: {}", message::one_line(&error)))
    }

    /// Instantiates a defined module, and makes the instance the current one.
    fn instantiate_definition(
        &mut self,
        module: Option<Id<'_>>,
        instance: Option<Id<'_>>,
    ) -> Result<(), String> {
        let found = match module {
            Some(name) => self.scope.definitions.get(name.name()),
            None => self.scope.definition.as_ref(),
        };
        let module = found.ok_or_else(|| no_such("module", module))?;
        let made = self
            .driver
            .instantiate(&mut self.store, &self.scope.linker, module)
            .map_err(|error| format!("cannot instantiate: {}", message::one_line(&error)))?;
        self.scope.instance = Some(made);
        if let Some(name) = instance {
            self.scope.instances.insert(name.name().to_string(), made);
            // Wasmtime's scripts import from an instance by its name in the script, unless
            // another instance was registered under that name.
            if !self.scope.registered.contains(name.name()) {
                return self.register(name.name(), made);
            }
        }
        Ok(())
    }

    /// Makes an instance available for imports of later modules.
    fn register(&mut self, name: &str, instance: Instance) -> Result<(), String> {
        let registered = self.scope.linker.instance(&mut self.store, name, instance);
        let why = |error| format!("cannot register `{name}`: {}", message::one_line(&error));
        registered.map(drop).map_err(why)
    }

    /// Instantiates the module of an assertion. The current instance does not change.
    fn instantiate_anonymous(
        &mut self,
        mut module: Wat<'_>,
    ) -> Result<Result<Instance, Error>, String> {
        let bytes = module
            .encode()
            .map_err(|error| format!("not a module: {}", error.message()))?;
        let module = self.new_module(&bytes)?;
        Ok(self
            .driver
            .instantiate(&mut self.store, &self.scope.linker, &module))
    }

    fn find_instance(&self, name: Option<Id<'_>>) -> Result<Instance, String> {
        let instance = match name {
            Some(name) => self.scope.instances.get(name.name()).copied(),
            None => self.scope.instance,
        };
        instance.ok_or_else(|| no_such("instance", name))
    }

    fn find_export(&mut self, module: Option<Id<'_>>, name: &str) -> Result<Extern, String> {
        let instance = self.find_instance(module)?;
        instance
            .get_export(&mut self.store, name)
            .ok_or_else(|| format!("the instance exports no `{name}`"))
    }

    fn execute(&mut self, action: WastExecute<'_>) -> Result<Outcome, String> {
        match action {
            WastExecute::Invoke(invoke) => self.invoke(invoke),
            WastExecute::Wat(module) => {
                let outcome = self.instantiate_anonymous(module)?;
                Ok(outcome.map(|_| Vec::new()))
            }
            WastExecute::Get { module, global, .. } => match self.find_export(module, global)? {
                Extern::Global(global) => Ok(Ok(vec![global.get(&mut self.store)])),
                _ => Err(format!("`{global}` is not a global")),
            },
        }
    }

    fn invoke(&mut self, invoke: WastInvoke<'_>) -> Result<Outcome, String> {
        let (function, arguments) = self.call_of(&invoke)?;
        if self.threads.is_empty() || self.is_in_thread {
            Ok(self.driver.call(&mut self.store, &function, &arguments))
        } else {
            Ok(self.call_among_threads(&function, &arguments))
        }
    }

    /// Returns the function that a directive calls, and its arguments.
    pub(super) fn call_of(&mut self, invoke: &WastInvoke<'_>) -> Result<(Func, Vec<Val>), String> {
        let Extern::Func(function) = self.find_export(invoke.module, invoke.name)? else {
            return Err(format!("`{}` is not a function", invoke.name));
        };
        let ty = function.ty(&self.store);
        if ty.params().len() != invoke.args.len() {
            return Err(format!(
                "`{}` takes {} arguments, but the script gives {}",
                invoke.name,
                ty.params().len(),
                invoke.args.len()
            ));
        }
        let mut arguments = Vec::with_capacity(invoke.args.len());
        for (argument, ty) in invoke.args.iter().zip(ty.params()) {
            arguments.push(expectation::argument(&mut self.store, argument, &ty)?);
        }
        Ok((function, arguments))
    }

    /// Checks that a module is refused, by the text parser or by the engine.
    fn expect_refusal(
        &mut self,
        mut module: QuoteWat<'_>,
        fault: &str,
        expected: &str,
    ) -> Result<(), String> {
        let Ok(bytes) = module.encode() else {
            return Ok(());
        };
        let verdict = self.driver.validate(&bytes);
        let lifted = verdict
            .as_ref()
            .map_or_else(message::wants_everything_shared, |()| true);
        if lifted && older::refuses(expected, &bytes) {
            return Ok(());
        }
        match verdict {
            Ok(()) => Err(format!(
                "the module is {fault} ({expected}), but was accepted"
            )),
            Err(error) if message::is_unsupported(&error) => Err(format!(
                "the module is {fault} ({expected}), but was refused for something else: {}",
                message::one_line(&error)
            )),
            Err(_) => Ok(()),
        }
    }
}

pub(super) fn expect_trap(outcome: Outcome, expected: &str) -> Result<(), String> {
    match outcome {
        Ok(_) => Err(format!(
            "expected the trap `{expected}`, but the call returned"
        )),
        Err(error) => message::expect_trap(&error, expected),
    }
}

fn no_such(what: &str, name: Option<Id<'_>>) -> String {
    match name {
        Some(name) => format!(
            "there is no {what} `${}`: it was not defined, or its definition failed",
            name.name()
        ),
        None => format!("there is no {what}: none was defined, or its definition failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstitch::{Config, Engine};

    /// A driver that makes plain calls, but panics for functions without results.
    struct Moody(Engine);

    impl Driver for Moody {
        fn engine(&self) -> &Engine {
            &self.0
        }

        fn count_instructions(&mut self) -> Result<(), Error> {
            Ok(())
        }

        fn call(
            &mut self,
            store: &mut Store<Host>,
            function: &Func,
            arguments: &[Val],
        ) -> Result<Vec<Val>, Error> {
            assert_ne!(function.ty(&*store).results().len(), 0, "on purpose");
            super::super::driver::call_directly(store, function, arguments)
        }
    }

    fn run_moody(script: &str) -> Report {
        run(script, &mut Moody(Engine::new(&Config::new()).unwrap()))
    }

    #[test]
    fn a_panic_stops_nothing() {
        let report = run_moody(
            r#"(module (func (export "none")) (func (export "one") (result i32) (i32.const 1)))
               (assert_return (invoke "none"))
               (assert_return (invoke "one") (i32.const 1))"#,
        );
        assert_eq!(report.counts(), "1 passed, 1 failed, 0 skipped");
        assert_eq!(report.failures[0].line, 2);
        assert!(report.failures[0].reason.contains("panicked: "));
        assert!(report.failures[0].reason.contains("on purpose"));
    }

    #[test]
    fn a_failed_module_leaves_none() {
        let report = run_moody(
            r#"(module $m (func (export "one") (result i32) (i32.const 1)))
               (module $m (import "no" "such" (func)))
               (assert_return (invoke "one") (i32.const 1))
               (assert_return (invoke $m "one") (i32.const 1))"#,
        );
        let lines: Vec<usize> = report.failures.iter().map(|failure| failure.line).collect();
        assert_eq!(lines, [2, 3, 4]);
        assert_eq!(report.passed, 0);
    }

    #[test]
    fn an_assertion_leaves_the_current_instance() {
        let report = run_moody(
            r#"(module (func (export "one") (result i32) (i32.const 1)))
               (assert_trap (module (func $f unreachable) (start $f)) "unreachable")
               (assert_unlinkable (module (import "no" "such" (func))) "unknown import")
               (assert_malformed (module quote "(func") "unexpected token")
               (assert_return (invoke "one") (i32.const 1))"#,
        );
        assert_eq!(report.counts(), "4 passed, 0 failed, 0 skipped");
    }

    #[test]
    fn spectest_prints_in_order() {
        let report = run_moody(
            r#"(module
                 (import "spectest" "print_i32" (func $int (param i32)))
                 (import "spectest" "print_f64_f64" (func $floats (param f64 f64)))
                 (func (export "print") (result i32)
                   (call $int (i32.const -7))
                   (call $floats (f64.const 0.5) (f64.const 1e300))
                   (i32.const 0)))
               (invoke "print")"#,
        );
        assert_eq!(report.failed(), 0);
        assert_eq!(report.printed[0], "spectest.print_i32(-7)");
        assert!(report.printed[1].starts_with("spectest.print_f64_f64(0.5, 1"));
    }

    /// Old scripts are right under the rules of their time: before multiple memories, before
    /// globals in constant expressions, and before tags with results. Modules that only an
    /// unsupported proposal makes well-formed count as malformed.
    #[test]
    fn rules_that_were_lifted_since() {
        let report = run_moody(
            r#"(assert_invalid (module (memory 0) (memory 0)) "multiple memories")
               (assert_invalid
                 (module (global i32 (i32.const 0)) (global i32 (global.get 0)))
                 "unknown global 0")
               (assert_invalid (module (tag (result i32))) "non-empty tag result type")
               (assert_malformed
                 (module binary "\00asm\\01\\00\\00\\00\\06\\06\\01\\7f\\02\\41\\00\\0b")
                 "malformed mutability")"#,
        );
        assert_eq!(report.counts(), "4 passed, 0 failed, 0 skipped");
        let report = run_moody(
            r#"(assert_invalid (module (memory 0) (memory 0)) "type mismatch")
               (assert_invalid (module (memory 0)) "multiple memories")"#,
        );
        assert_eq!(report.counts(), "0 passed, 2 failed, 0 skipped");
    }

    #[test]
    fn named_instances_can_be_imported_from_unless_the_name_is_registered() {
        let report = run_moody(
            r#"(module $m (func (export "f") (result i32) (i32.const 1)))
               (module (import "m" "f" (func $f (result i32)))
                 (func (export "call") (result i32) (call $f)))
               (assert_return (invoke "call") (i32.const 1))
               (register "n" $m)
               (module $n (func (export "f") (result i32) (i32.const 2)))
               (module (import "n" "f" (func $f (result i32)))
                 (func (export "call") (result i32) (call $f)))
               (assert_return (invoke "call") (i32.const 1))
               (assert_return (invoke $n "f") (i32.const 2))"#,
        );
        assert_eq!(report.counts(), "3 passed, 0 failed, 0 skipped");
    }

    /// The messages of failed links are compared if they are the specification's; others are
    /// specific to one engine.
    #[test]
    fn links_that_fail() {
        let report = run_moody(
            r#"(module $m (memory (export "m") 1))
               (assert_unlinkable (module (import "m" "m" (memory i64 1)))
                 "expected 64-bit memory, found 32-bit memory")
               (assert_unlinkable (module (import "m" "m" (memory i64 1)))
                 "incompatible import type")
               (assert_unlinkable (module (import "m" "m" (memory i64 1))) "unknown import")"#,
        );
        assert_eq!(report.counts(), "2 passed, 1 failed, 0 skipped");
    }

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn memories_of_more_than_four_gibibytes() {
        let report = run_moody(
            r#"(module (memory i64 0x1_0001)
                 (func (export "load") (result i32) (i32.load (i64.const 0x1_0000_0000))))
               (assert_return (invoke "load") (i32.const 0))"#,
        );
        assert_eq!(report.counts(), "1 passed, 0 failed, 0 skipped");
    }

    #[test]
    fn what_is_no_script() {
        let report = run_moody("(module)\n(assert_retrun (invoke \"f\"))");
        assert_eq!(report.failures.len(), 1);
        assert_eq!(report.failures[0].line, 2);
    }
}
