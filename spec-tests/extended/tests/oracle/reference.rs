//! Runs programs in the oracle.

use crate::generator::{FIRST_HELD, FUEL, HELD, Program};
use crate::observation::{BYTES, End, INSTANCES, Observation, Seen, Step, hash};
use oracle::{Coverage, Extern, Failure, HostFunc, InstanceId, Store, TagId, Trap, Value};
use std::cell::RefCell;
use std::rc::Rc;

/// State that host functions share.
#[derive(Default)]
struct Host {
    log: Vec<i32>,
    caught: Vec<i32>,
    tags: Vec<TagId>,
}

/// Runs a program and returns the observation, and the coverage of stack switching.
pub fn observe(program: &Program) -> Result<(Observation, Coverage), String> {
    let host = Rc::new(RefCell::new(Host::default()));
    let mut store = Store::new();
    let mut instances: Vec<InstanceId> = Vec::new();
    let functions = functions(&host);
    for (index, bytes) in [&program.library, &program.library, &program.main]
        .into_iter()
        .enumerate()
    {
        let mut found = Vec::new();
        if index == 2 {
            for (name, &instance) in INSTANCES.iter().zip(&instances) {
                for item in names(program) {
                    if let Some(export) = store.export(instance, &item) {
                        found.push((*name, item, export));
                    }
                }
            }
        }
        let mut import = |module: &str, name: &str| match module {
            "host" => functions
                .iter()
                .find(|(host, _)| *host == name)
                .map(|(_, f)| Extern::Host(f.clone())),
            _ => (found.iter())
                .find(|(from, item, _)| *from == module && item == name)
                .map(|(_, _, export)| export.clone()),
        };
        let instance = match (index, instances.first()) {
            (1, Some(&first)) => store.instantiate_again(first, &mut import),
            _ => store.instantiate(bytes, &mut import),
        };
        instances.push(instance.map_err(|error| format!("{error:?}"))?);
    }
    for &instance in instances.iter().rev() {
        for index in 0..program.tags {
            if let Some(Extern::Tag(tag)) = store.export(instance, &format!("tag{index}")) {
                host.borrow_mut().tags.push(tag);
            }
        }
    }
    let mut steps = Vec::new();
    for (index, &(argument, fuel)) in program.steps.iter().enumerate() {
        for &instance in &instances {
            let global = global(&store, instance, FUEL);
            store.set_global(global, Value::I32(fuel));
        }
        let main = instances[INSTANCES.len() - 1];
        let Some(Extern::Func(step)) = store.export(main, &format!("step{index}")) else {
            return Err(format!("step {index} is not exported"));
        };
        let ended = store.call(step, &[Value::I32(argument)]);
        let end = end(&store, &host.borrow().tags, &ended);
        if let End::Failed(reason) = end {
            return Err(reason);
        }
        let log = std::mem::take(&mut host.borrow_mut().log);
        let caught = std::mem::take(&mut host.borrow_mut().caught);
        let mut step = Step {
            end,
            log,
            caught,
            globals: Vec::new(),
            tables: Vec::new(),
            memory: 0,
        };
        for &instance in &instances {
            let globals = (0..FIRST_HELD + HELD as u32)
                .map(|index| seen(store.global(global(&store, instance, index))));
            step.globals.push(globals.collect());
            for index in 0..=HELD {
                if let Some(Extern::Table(table)) = store.export(instance, &format!("table{index}"))
                {
                    step.tables.push(
                        store
                            .table(table)
                            .iter()
                            .map(|&value| seen(value))
                            .collect(),
                    );
                }
            }
            if let Some(Extern::Memory(memory)) = store.export(instance, "memory") {
                step.memory = hash(step.memory, &store.memory(memory)[..BYTES]);
            }
        }
        steps.push(step);
        store.collect();
    }
    Ok((Observation { steps }, store.coverage.clone()))
}

/// Returns the names of exports that another instance may import.
fn names(program: &Program) -> Vec<String> {
    let tags = (0..program.tags).map(|index| format!("tag{index}"));
    tags.chain((0..4).map(|index| format!("f{index}")))
        .collect()
}

fn global(store: &Store<'_>, instance: InstanceId, index: u32) -> usize {
    match store.export(instance, &format!("global{index}")) {
        Some(Extern::Global(global)) => global,
        _ => unreachable!("each instance exports its globals"),
    }
}

fn functions<'a>(host: &Rc<RefCell<Host>>) -> Vec<(&'static str, HostFunc<'a>)> {
    let log = Rc::clone(host);
    let shared = Rc::clone(host);
    vec![
        (
            "log",
            Rc::new(move |_, values| {
                if let Value::I32(number) = values[0] {
                    log.borrow_mut().log.push(number);
                }
                Ok(Vec::new())
            }),
        ),
        (
            "try_call",
            Rc::new(move |store, values| {
                let ended = call_back(store, values[0]);
                let Some(ended) = ended else {
                    return Ok(vec![Value::I32(-1)]);
                };
                let end = end(store, &shared.borrow().tags, &ended);
                match ended {
                    Err(failure @ (Failure::Host(_) | Failure::Unsupported(_))) => Err(failure),
                    _ => {
                        shared.borrow_mut().caught.push(end.code());
                        Ok(vec![Value::I32(end.code())])
                    }
                }
            }),
        ),
        (
            "pass_call",
            Rc::new(|store, values| match call_back(store, values[0]) {
                Some(ended) => ended,
                None => Ok(Vec::new()),
            }),
        ),
        ("swap", Rc::new(|_, values| Ok(vec![values[1], values[0]]))),
        (
            "exit",
            Rc::new(|_, values| match values[0] {
                Value::I64(code) => Err(Failure::Host(code as i32)),
                _ => Ok(Vec::new()),
            }),
        ),
    ]
}

/// Calls a function without parameters.
fn call_back(store: &mut Store<'_>, function: Value) -> Option<Result<Vec<Value>, Failure>> {
    match function {
        Value::Func(function) if store.arity(function) == (0, 0) => Some(store.call(function, &[])),
        _ => None,
    }
}

fn end(store: &Store<'_>, tags: &[TagId], ended: &Result<Vec<Value>, Failure>) -> End {
    match ended {
        Ok(values) => End::Returned(values.iter().map(|&value| seen(value)).collect()),
        Err(Failure::Trap(trap)) => End::Trap(name(*trap).into()),
        Err(Failure::Exception(exception)) => {
            let (tag, values) = store.exception(*exception);
            let tag = tags.iter().position(|&known| known == tag);
            let values = values.iter().map(|&value| seen(value)).collect();
            End::Exception(tag.expect("all tags are known"), values)
        }
        Err(Failure::Host(code)) => End::Exit(*code),
        Err(Failure::Refused(reason) | Failure::Unsupported(reason)) => End::Failed(reason.clone()),
    }
}

fn seen(value: Value) -> Seen {
    match value {
        Value::I32(value) => Seen::Number(value.into()),
        Value::I64(value) => Seen::Number(value),
        Value::F32(bits) => Seen::Number(bits.into()),
        Value::F64(bits) => Seen::Number(bits as i64),
        Value::Null => Seen::Null,
        _ => Seen::Reference,
    }
}

/// Returns the engines' name of a trap.
fn name(trap: Trap) -> &'static str {
    match trap {
        Trap::Unreachable => "UnreachableCodeReached",
        Trap::DivisionByZero => "IntegerDivisionByZero",
        Trap::IntegerOverflow => "IntegerOverflow",
        Trap::MemoryOutOfBounds => "MemoryOutOfBounds",
        Trap::TableOutOfBounds => "TableOutOfBounds",
        Trap::NullElement => "IndirectCallToNull",
        Trap::SignatureMismatch => "BadSignature",
        Trap::NullFunction | Trap::NullContinuation | Trap::NullException | Trap::NullReference => {
            "NullReference"
        }
        Trap::ContinuationConsumed => "ContinuationAlreadyConsumed",
        Trap::UnhandledTag => "UnhandledTag",
        Trap::StackExhausted => "StackOverflow",
    }
}
