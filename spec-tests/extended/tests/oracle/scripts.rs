//! Runs official scripts in the oracle, to show that it is correct.

use oracle::{Extern, Failure, InstanceId, Store, Trap, Value};
use std::collections::BTreeMap;
use std::rc::Rc;
use wast::core::{WastArgCore, WastRetCore};
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

/// Scripts that use only what the oracle supports, with the minimum number of assertions that must
/// be run.
pub const SCRIPTS: &[(&str, usize)] = &[
    ("stack-switching/cont.wast", 35),
    ("stack-switching/resume_throw.wast", 11),
    ("core/throw.wast", 9),
    ("core/throw_ref.wast", 12),
    ("core/try_table.wast", 49),
    ("core/call_ref.wast", 27),
    ("core/return_call.wast", 32),
    ("core/return_call_indirect.wast", 48),
    ("core/return_call_ref.wast", 35),
    ("core/br_on_null.wast", 6),
    ("core/br_on_non_null.wast", 8),
    ("core/fac.wast", 7),
    ("core/switch.wast", 26),
];

/// Runs a script. Returns the number of assertions that hold.
pub fn run(text: &str) -> Result<usize, String> {
    let buffer = ParseBuffer::new(text).map_err(|error| error.to_string())?;
    let script = parser::parse::<Wast<'_>>(&buffer).map_err(|error| error.to_string())?;
    let mut modules = Vec::new();
    let mut directives = Vec::new();
    for directive in script.directives {
        if let WastDirective::Module(mut module) = directive {
            let bytes = module.encode().map_err(|error| error.to_string())?;
            let name = name_of(&module);
            directives.push(Err((name, modules.len())));
            modules.push(bytes);
        } else {
            directives.push(Ok(directive));
        }
    }
    let mut runner = Runner {
        store: Store::new(),
        named: BTreeMap::new(),
        registered: BTreeMap::new(),
        last: None,
    };
    let mut held = 0;
    for directive in directives {
        match directive {
            Err((name, module)) => runner.instantiate(name, &modules[module]),
            Ok(directive) => {
                let line = directive.span().linecol_in(text).0 + 1;
                let done = runner.directive(directive);
                held += usize::from(done.map_err(|error| format!("line {line}: {error}"))?);
            }
        }
    }
    Ok(held)
}

fn name_of(module: &QuoteWat<'_>) -> Option<String> {
    module.name().map(|name| name.name().to_owned())
}

struct Runner<'a> {
    store: Store<'a>,
    named: BTreeMap<String, InstanceId>,
    registered: BTreeMap<String, InstanceId>,
    /// Last instance; `None` if the oracle does not support the module.
    last: Option<InstanceId>,
}

impl<'a> Runner<'a> {
    fn instantiate(&mut self, name: Option<String>, bytes: &'a [u8]) {
        let exports: BTreeMap<(String, String), Extern<'a>> = BTreeMap::new();
        let mut found = exports;
        for payload in wasmparser::Parser::new(0).parse_all(bytes) {
            let Ok(wasmparser::Payload::ImportSection(imports)) = payload else {
                continue;
            };
            for import in imports.into_imports().flatten() {
                let place = (import.module.to_owned(), import.name.to_owned());
                if import.module == "spectest" {
                    found.insert(place, Extern::Host(Rc::new(|_, _| Ok(Vec::new()))));
                } else if let Some(&instance) = self.registered.get(import.module)
                    && let Some(export) = self.store.export(instance, import.name)
                {
                    found.insert(place, export);
                }
            }
        }
        let mut import =
            |module: &str, name: &str| found.get(&(module.to_owned(), name.to_owned())).cloned();
        self.last = self.store.instantiate(bytes, &mut import).ok();
        if let (Some(name), Some(instance)) = (name, self.last) {
            self.named.insert(name, instance);
        }
    }

    /// Executes a directive. Returns whether it is an assertion that was run.
    fn directive(&mut self, directive: WastDirective<'_>) -> Result<bool, String> {
        let (execute, expected) = match directive {
            WastDirective::Register { name, module, .. } => {
                let instance = match module {
                    Some(id) => self.named.get(id.name()).copied(),
                    None => self.last,
                };
                self.registered
                    .extend(instance.map(|instance| (name.to_owned(), instance)));
                return Ok(false);
            }
            WastDirective::Invoke(invoke) => {
                self.invoke(&invoke);
                return Ok(false);
            }
            WastDirective::AssertReturn { exec, results, .. } => (exec, Expected::Values(results)),
            WastDirective::AssertTrap { exec, message, .. }
            | WastDirective::AssertSuspension { exec, message, .. } => {
                (exec, Expected::Trap(message))
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                (WastExecute::Invoke(call), Expected::Trap(message))
            }
            WastDirective::AssertException { exec, .. } => (exec, Expected::Exception),
            _ => return Ok(false),
        };
        let WastExecute::Invoke(invoke) = execute else {
            return Ok(false);
        };
        let Some(ended) = self.invoke(&invoke) else {
            return Ok(false);
        };
        let holds = match (&expected, &ended) {
            (_, Err(Failure::Unsupported(_))) => return Ok(false),
            (Expected::Values(expected), Ok(found)) => {
                expected.len() == found.len()
                    && expected
                        .iter()
                        .zip(found)
                        .all(|(wanted, &found)| is(wanted, found))
            }
            (Expected::Trap(message), Err(Failure::Trap(trap))) => {
                text(*trap).starts_with(message) || message.starts_with(text(*trap))
            }
            (Expected::Exception, Err(Failure::Exception(_))) => true,
            _ => false,
        };
        match holds {
            true => Ok(true),
            false => Err(format!(
                "{}: {ended:?}, but expected {expected:?}",
                invoke.name
            )),
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Option<Result<Vec<Value>, Failure>> {
        let instance = match invoke.module {
            Some(id) => *self.named.get(id.name())?,
            None => self.last?,
        };
        let Some(Extern::Func(func)) = self.store.export(instance, invoke.name) else {
            return None;
        };
        let arguments: Option<Vec<Value>> = invoke.args.iter().map(argument).collect();
        Some(self.store.call(func, &arguments?))
    }
}

#[derive(Debug)]
enum Expected<'a> {
    Values(Vec<WastRet<'a>>),
    Trap(&'a str),
    Exception,
}

fn argument(argument: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(argument) = argument else {
        return None;
    };
    Some(match argument {
        WastArgCore::I32(value) => Value::I32(*value),
        WastArgCore::I64(value) => Value::I64(*value),
        WastArgCore::F32(value) => Value::F32(value.bits),
        WastArgCore::F64(value) => Value::F64(value.bits),
        WastArgCore::RefNull(_) => Value::Null,
        WastArgCore::RefExtern(value) => Value::Extern(*value),
        _ => return None,
    })
}

fn is(expected: &WastRet<'_>, found: Value) -> bool {
    use wast::core::NanPattern;
    let WastRet::Core(expected) = expected else {
        return false;
    };
    match (expected, found) {
        (WastRetCore::I32(expected), Value::I32(found)) => *expected == found,
        (WastRetCore::I64(expected), Value::I64(found)) => *expected == found,
        (WastRetCore::F32(NanPattern::Value(expected)), Value::F32(found)) => {
            expected.bits == found
        }
        (WastRetCore::F64(NanPattern::Value(expected)), Value::F64(found)) => {
            expected.bits == found
        }
        (WastRetCore::RefNull(_), Value::Null) => true,
        (WastRetCore::RefExtern(Some(expected)), Value::Extern(found)) => *expected == found,
        (WastRetCore::RefFunc(_), Value::Func(_)) => true,
        _ => false,
    }
}

/// Returns the scripts' text of a trap.
fn text(trap: Trap) -> &'static str {
    match trap {
        Trap::Unreachable => "unreachable",
        Trap::DivisionByZero => "integer divide by zero",
        Trap::IntegerOverflow => "integer overflow",
        Trap::MemoryOutOfBounds => "out of bounds memory access",
        Trap::TableOutOfBounds => "undefined element",
        Trap::NullElement => "uninitialized element",
        Trap::SignatureMismatch => "indirect call type mismatch",
        Trap::NullFunction => "null function reference",
        Trap::NullContinuation => "null continuation reference",
        Trap::NullException => "null exception reference",
        Trap::NullReference => "null reference",
        Trap::ContinuationConsumed => "continuation already consumed",
        Trap::UnhandledTag => "unhandled tag",
        Trap::StackExhausted => "call stack exhausted",
    }
}
