//! Runs a program and records its observable behaviour.
//!
//! The same source is expanded for both engines, with the name of the crate.

/// Defines `observe` for the crate `$engine`. `$start_fuel` is the fuel for a call. `$call` calls a
/// function; without it, calls cannot be suspended.
macro_rules! observer {
    ($engine:ident, $start_fuel:expr) => {
        observer!($engine, $start_fuel, call);

        fn call(
            func: &Func,
            store: &mut Store<Host>,
            arguments: &[Val],
            results: &mut [Val],
        ) -> Result<(), Error> {
            func.call(store, arguments, results)
        }
    };
    ($engine:ident, $start_fuel:expr, $call:path) => {
        use crate::observation::*;
        use crate::random::Random;
        use $engine::{
            Engine, Error, Extern, ExternType, Func, FuncType, Global, Instance, Memory, Module,
            Ref, Store, StoreLimits, StoreLimitsBuilder, Table, Tag, ThrownException, Trap, Val,
            ValType, WasmBacktrace,
        };

        /// Data of the store.
        pub struct Host {
            limits: StoreLimits,
            calls: Vec<HostCall>,
        }

        /// Instantiates `bytes`, and calls the exported functions with arguments that depend on
        /// `seed`. Executes at most `most` steps.
        pub fn observe(
            engine: &Engine,
            bytes: &[u8],
            seed: u64,
            fuelled: bool,
            most: usize,
        ) -> Result<Observation, Error> {
            let module = Module::new(engine, bytes)?;
            let limits = StoreLimitsBuilder::new()
                .memory_size(1 << 20)
                .table_elements(2_000)
                .build();
            let mut store = Store::new(
                engine,
                Host {
                    limits,
                    calls: Vec::new(),
                },
            );
            store.limiter(|host| &mut host.limits);
            let mut random = Random::new(seed);
            let mut imports = Vec::new();
            for import in module.imports() {
                let name = format!("{}.{}", import.module(), import.name());
                imports.push(provide(&mut store, &mut random, name, import.ty()));
            }
            let mut steps = Vec::new();
            let (first, instance) = step(&mut store, &[], "instantiation", fuelled, |store| {
                Instance::new(store, &module, &imports).map(|instance| (Vec::new(), instance))
            });
            steps.push(first);
            let Some(instance) = instance else {
                return Ok(Observation { steps });
            };
            // If only the instantiation is to be compared, nothing else may run.
            if most <= 1 {
                return Ok(Observation { steps });
            }
            let mut items = Vec::new();
            for export in module.exports() {
                items.push(instance.get_export(&mut store, export.name()).unwrap());
            }
            for round in 0..2 {
                for (export, item) in module.exports().zip(&items) {
                    let Extern::Func(func) = item else { continue };
                    let func = func.clone();
                    let ty = func.ty(&store);
                    // Random values of these types do not exist.
                    if ty.params().any(|ty| !has_values(&ty)) {
                        continue;
                    }
                    let arguments: Vec<Val> = ty
                        .params()
                        .map(|ty| value(&mut random, &ty, &items))
                        .collect();
                    let name = format!("{}#{round} {:?}", export.name(), show_all(&arguments));
                    let results = ty.results().len();
                    let (step, _) = step(&mut store, &items, &name, fuelled, |store| {
                        let mut values = vec![Val::I32(0); results];
                        $call(&func, store, &arguments, &mut values)?;
                        Ok((values, ()))
                    });
                    let last = step.end.ends_comparison() || steps.len() + 1 == most;
                    steps.push(step);
                    if last {
                        return Ok(Observation { steps });
                    }
                }
            }
            Ok(Observation { steps })
        }

        fn step<R>(
            store: &mut Store<Host>,
            items: &[Extern],
            name: &str,
            fuelled: bool,
            run: impl FnOnce(&mut Store<Host>) -> Result<(Vec<Val>, R), Error>,
        ) -> (Step, Option<R>) {
            if fuelled {
                store.set_fuel($start_fuel).unwrap();
            }
            let (end, result) = match run(store) {
                Ok((values, result)) => (End::Returned(show_all(&values)), Some(result)),
                Err(error) if error.is::<ThrownException>() => {
                    let exception = store
                        .take_pending_exception()
                        .expect("an exception is pending");
                    let payload: Vec<Val> = exception.fields(&mut *store).unwrap().collect();
                    (End::Threw(show_all(&payload)), None)
                }
                Err(error) => (failure(&error), None),
            };
            let fuel = fuelled.then(|| $start_fuel - store.get_fuel().unwrap());
            let host = std::mem::take(&mut store.data_mut().calls);
            let state = state(store, items);
            (
                Step {
                    name: name.into(),
                    end,
                    host,
                    fuel,
                    state,
                },
                result,
            )
        }

        fn failure(error: &Error) -> End {
            let frames = match error.downcast_ref::<WasmBacktrace>() {
                Some(backtrace) => show_frames(backtrace),
                None => Vec::new(),
            };
            match error.downcast_ref::<Trap>() {
                Some(trap) => End::Trapped {
                    trap: format!("{trap:?}"),
                    frames,
                },
                None => End::Failed {
                    message: error.root_cause().to_string(),
                    frames,
                },
            }
        }

        fn show_frames(backtrace: &WasmBacktrace) -> Vec<Frame> {
            let frames = backtrace.frames().iter().take(FRAMES);
            frames
                .map(|frame| Frame {
                    function: frame.func_index(),
                    offset: frame.module_offset(),
                })
                .collect()
        }

        fn provide(
            store: &mut Store<Host>,
            random: &mut Random,
            name: String,
            ty: ExternType,
        ) -> Extern {
            match ty {
                ExternType::Func(ty) => host_function(store, name, ty).into(),
                ExternType::Global(ty) => {
                    let value = value(random, ty.content(), &[]);
                    Global::new(store, ty, value).unwrap().into()
                }
                ExternType::Table(ty) => {
                    let null = Ref::null(ty.element().heap_type());
                    Table::new(store, ty, null).unwrap().into()
                }
                ExternType::Memory(ty) => Memory::new(store, ty).unwrap().into(),
                ExternType::Tag(ty) => Tag::new(store, &ty).unwrap().into(),
                #[allow(unreachable_patterns, reason = "one engine has no other variants")]
                _ => panic!("nothing else is imported"),
            }
        }

        /// Creates a function whose results depend on its arguments, and which sometimes fails.
        fn host_function(store: &mut Store<Host>, name: String, ty: FuncType) -> Func {
            let results: Vec<ValType> = ty.results().collect();
            Func::new(store, ty, move |mut caller, arguments, values| {
                let shown = show_all(arguments);
                let seed = hash(format!("{name} {shown:?}").as_bytes());
                let mut random = Random::new(seed);
                if caller.data().calls.len() < HOST_CALLS {
                    let frames = show_frames(&WasmBacktrace::force_capture(&caller));
                    let call = HostCall {
                        name: name.clone(),
                        arguments: shown,
                        frames,
                    };
                    caller.data_mut().calls.push(call);
                }
                if random.one_in(12) {
                    return Err(Error::msg(format!("{name} refuses {seed:#x}")));
                }
                for (place, ty) in values.iter_mut().zip(&results) {
                    *place = value(&mut random, ty, &[]);
                }
                Ok(())
            })
        }

        /// Returns whether null or numbers are values of a type.
        fn has_values(ty: &ValType) -> bool {
            match ty {
                ValType::Ref(ty) => ty.is_nullable(),
                _ => true,
            }
        }

        /// Returns a random value of a type: for functions, one of `items` or null.
        fn value(random: &mut Random, ty: &ValType, items: &[Extern]) -> Val {
            match ty {
                ValType::I32 => Val::I32(random.value_32() as i32),
                ValType::I64 => Val::I64(random.value_64() as i64),
                ValType::F32 => Val::F32(random.value_32()),
                ValType::F64 => Val::F64(random.value_64()),
                ValType::V128 => {
                    let [low, high] = [0; 2].map(|_| u128::from(random.value_64()));
                    Val::V128((low | high << 64).into())
                }
                ValType::Ref(ty) => {
                    let chosen = random.bits() as usize;
                    match items.get(chosen % items.len().max(1)) {
                        Some(Extern::Func(func)) if ty.heap_type().is_func() => {
                            Val::FuncRef(Some(func.clone()))
                        }
                        _ => Val::null_ref(ty.heap_type()),
                    }
                }
            }
        }

        fn state(store: &mut Store<Host>, items: &[Extern]) -> State {
            let mut state = State::default();
            for item in items {
                match item {
                    Extern::Memory(memory) => {
                        let bytes = memory.data(&*store);
                        state.memories.push((bytes.len(), hash(bytes)));
                    }
                    Extern::Global(global) => {
                        let value = global.get(&mut *store);
                        state.globals.push(show(&value));
                    }
                    Extern::Table(table) => {
                        let size = table.size(&*store);
                        let elements = (0..size.min(200))
                            .map(|index| match table.get(&mut *store, index) {
                                Some(element) if element.is_null() => Value::Null,
                                _ => Value::Reference,
                            })
                            .collect();
                        state.tables.push((size, elements));
                    }
                    _ => {}
                }
            }
            state
        }

        fn show_all(values: &[Val]) -> Vec<Value> {
            values.iter().map(show).collect()
        }

        fn show(value: &Val) -> Value {
            match value {
                Val::I32(value) => Value::Bits32(*value as u32),
                Val::F32(bits) => Value::Bits32(*bits),
                Val::I64(value) => Value::Bits64(*value as u64),
                Val::F64(bits) => Value::Bits64(*bits),
                Val::V128(vector) => Value::Bits128((*vector).into()),
                Val::FuncRef(None)
                | Val::ExternRef(None)
                | Val::AnyRef(None)
                | Val::ExnRef(None) => Value::Null,
                Val::FuncRef(Some(_))
                | Val::ExternRef(Some(_))
                | Val::AnyRef(Some(_))
                | Val::ExnRef(Some(_)) => Value::Reference,
                _ => panic!("programs have no other values"),
            }
        }
    };
}

pub(crate) use observer;
