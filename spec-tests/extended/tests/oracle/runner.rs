//! Runs programs in an engine. The same source is expanded for both engines, with the name of the
//! crate.

/// Defines `observe` for the crate `$engine`. `$call` calls a function, and `$call_back` calls one
/// from a host function. `$references` tells whether the API can read tables and globals of
/// continuations. Without `$call` and `$call_back`, calls cannot be suspended.
macro_rules! runner {
    ($engine:ident, $references:expr) => {
        runner!($engine, call, call_inner, $references);

        fn call(
            func: &Func,
            store: &mut Store<Host>,
            arguments: &[Val],
            results: &mut [Val],
        ) -> Result<(), Error> {
            func.call(store, arguments, results)
        }

        fn call_inner(func: &Func, caller: &mut Caller<'_, Host>) -> Result<(), Error> {
            func.call(caller, &[], &mut [])
        }
    };
    ($engine:ident, $call:path, $call_back:path, $references:expr) => {
        use crate::generator::{FIRST_HELD, FUEL, HELD, Program};
        use crate::observation::*;
        use $engine::{
            AsContext, AsContextMut, Caller, Engine, Error, Func, Instance, Linker, Module,
            RootScope, Store, Tag, ThrownException, Trap, Val,
        };

        /// State that host functions share.
        #[derive(Default)]
        pub struct Host {
            log: Vec<i32>,
            caught: Vec<i32>,
            tags: Vec<Tag>,
        }

        /// Runs a program and returns the observation.
        pub fn observe(engine: &Engine, program: &Program) -> Result<Observation, Error> {
            let mut store = Store::new(engine, Host::default());
            let mut linker = Linker::new(engine);
            functions(&mut linker)?;
            let library = Module::new(engine, &program.library)?;
            let main = Module::new(engine, &program.main)?;
            let mut instances = Vec::new();
            for name in ["a", "b"] {
                let instance = linker.instantiate(&mut store, &library)?;
                linker.instance(&mut store, name, instance)?;
                instances.push(instance);
            }
            instances.push(linker.instantiate(&mut store, &main)?);
            note_tags(&mut store, &instances);
            let mut steps = Vec::new();
            for (index, &(argument, fuel)) in program.steps.iter().enumerate() {
                for instance in &instances {
                    let global = instance.get_global(&mut store, &format!("global{FUEL}"));
                    global
                        .expect("the export exists")
                        .set(&mut store, Val::I32(fuel))?;
                }
                let step = instances[2].get_func(&mut store, &format!("step{index}"));
                let step = step.expect("the export exists");
                let mut results = [Val::I32(0)];
                let ended = $call(&step, &mut store, &[Val::I32(argument)], &mut results);
                let ended = ended.map(|()| results.to_vec());
                let end = end(&mut store, &ended);
                steps.push(look(&mut store, &instances, end)?);
            }
            Ok(Observation { steps })
        }

        /// Gives the host the tags of the instances, of which the last has the first ones.
        fn note_tags(store: &mut Store<Host>, instances: &[Instance]) {
            for instance in instances.iter().rev() {
                let tags =
                    (0..).map_while(|index| instance.get_tag(&mut *store, &format!("tag{index}")));
                let mut tags = tags.collect();
                store.data_mut().tags.append(&mut tags);
            }
        }

        fn look(store: &mut Store<Host>, instances: &[Instance], end: End) -> Result<Step, Error> {
            let mut step = Step {
                end,
                log: std::mem::take(&mut store.data_mut().log),
                caught: std::mem::take(&mut store.data_mut().caught),
                globals: Vec::new(),
                tables: Vec::new(),
                memory: 0,
            };
            // What is read here is no root afterwards.
            let mut scope = RootScope::new(store);
            for instance in instances {
                let (last, tables) = if $references {
                    (FIRST_HELD + HELD as u32, HELD + 1)
                } else {
                    (FIRST_HELD, 0)
                };
                let mut globals = Vec::new();
                for index in 0..last {
                    let global = instance.get_global(&mut scope, &format!("global{index}"));
                    globals.push(seen(&global.expect("the export exists").get(&mut scope)));
                }
                step.globals.push(globals);
                for index in 0..tables {
                    let table = instance.get_table(&mut scope, &format!("table{index}"));
                    let table = table.expect("the export exists");
                    let mut elements = Vec::new();
                    for index in 0..table.size(&scope) {
                        let element = table.get(&mut scope, index).expect("the item exists");
                        elements.push(seen(&element.into()));
                    }
                    step.tables.push(elements);
                }
                let memory = instance.get_memory(&mut scope, "memory");
                let memory = memory.expect("the export exists");
                step.memory = hash(step.memory, &memory.data(scope.as_context())[..BYTES]);
            }
            Ok(step)
        }

        fn functions(linker: &mut Linker<Host>) -> Result<(), Error> {
            linker.func_wrap(
                "host",
                "log",
                |mut caller: Caller<'_, Host>, number: i32| {
                    caller.data_mut().log.push(number);
                },
            )?;
            linker.func_wrap(
                "host",
                "try_call",
                |mut caller: Caller<'_, Host>, function: Option<Func>| -> Result<i32, Error> {
                    let Some(ended) = call_back(&mut caller, function) else {
                        return Ok(-1);
                    };
                    if ended.as_ref().is_err_and(|error| error.is::<Exit>()) {
                        return Err(ended.expect_err("the call fails"));
                    }
                    let code = end(&mut caller, &ended.map(|()| Vec::new())).code();
                    caller.data_mut().caught.push(code);
                    Ok(code)
                },
            )?;
            linker.func_wrap(
                "host",
                "pass_call",
                |mut caller: Caller<'_, Host>, function: Option<Func>| -> Result<(), Error> {
                    call_back(&mut caller, function).unwrap_or(Ok(()))
                },
            )?;
            linker.func_wrap("host", "swap", |a: i64, b: i32| (b, a))?;
            linker.func_wrap("host", "exit", |code: i64| -> Result<(), Error> {
                Err(Exit(code as i32).into())
            })?;
            Ok(())
        }

        fn call_back(
            caller: &mut Caller<'_, Host>,
            function: Option<Func>,
        ) -> Option<Result<(), Error>> {
            let function = function?;
            let ty = function.ty(&*caller);
            if ty.params().len() + ty.results().len() != 0 {
                return None;
            }
            Some($call_back(&function, caller))
        }

        /// Returns the end of a call. Takes the pending exception.
        fn end(mut store: impl AsContextMut<Data = Host>, ended: &Result<Vec<Val>, Error>) -> End {
            let error = match ended {
                Ok(values) => return End::Returned(values.iter().map(seen).collect()),
                Err(error) => error,
            };
            if let Some(trap) = error.downcast_ref::<Trap>() {
                return End::Trap(format!("{trap:?}"));
            }
            if let Some(Exit(code)) = error.downcast_ref::<Exit>() {
                return End::Exit(*code);
            }
            if error.is::<ThrownException>() {
                let mut store = store.as_context_mut();
                let Some(exception) = store.take_pending_exception() else {
                    return End::Failed("no exception is pending".into());
                };
                let tag = exception
                    .tag(&mut store)
                    .expect("the exception belongs to the store");
                let tags = store.data().tags.clone();
                let tag = tags.iter().position(|known| Tag::eq(known, &tag, &store));
                let fields = exception
                    .fields(&mut store)
                    .expect("the exception belongs to the store");
                let values = fields.map(|value| seen(&value)).collect();
                return End::Exception(tag.expect("all tags are known"), values);
            }
            End::Failed(format!("{error:?}"))
        }

        fn seen(value: &Val) -> Seen {
            match value {
                Val::I32(value) => Seen::Number((*value).into()),
                Val::I64(value) => Seen::Number(*value),
                Val::FuncRef(None) | Val::ContRef(None) | Val::ExnRef(None) => Seen::Null,
                _ => Seen::Reference,
            }
        }
    };
}

pub(crate) use runner;
