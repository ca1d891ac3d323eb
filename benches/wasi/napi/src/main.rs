//! Runs npm packages that were built for WASI threads, as Node.js does.
//!
//! ```text
//! napi NODE_MODULES FOLDER
//! ```
//!
//! The first argument is the folder of the packages; files in the second one are scanned.

mod env;
mod js;

use backstitch::scheduler::Policy;
use backstitch::wasi::{self, DirPerms, FilePerms, Program, Threads, WasiCtx, WasiCtxBuilder};
use backstitch::{
    Caller, Config, Engine, ExternType, Func, Linker, Memory, Module, Ref, Result, Store, Table,
    Val,
};
use env::Env;
use js::{Handle, Js, Object, UNDEFINED, Value};

/// The data of a package's store.
pub struct Host {
    wasi: WasiCtx,
    threads: Threads<Host>,
    js: Js,
    memory: Option<Memory>,
    table: Option<Table>,
    malloc: Option<Func>,
}

/// An instance of a package's module.
struct Package {
    store: Store<Host>,
    program: Option<Program<Host>>,
    exports: Handle,
}

/// Loads a package, which may read `folder`.
fn load(path: &str, folder: &str) -> Result<Package> {
    let mut config = Config::new();
    config.consume_fuel(true).coredump_on_trap(true);
    let engine = Engine::new(&config)?;
    let module = Module::from_file(&engine, path)?;
    let wasi = WasiCtxBuilder::new()
        .inherit_stdio()
        .preopened_dir(folder, folder, DirPerms::all(), FilePerms::all())?
        .suspend_when_blocked(true)
        .build();
    let host = Host {
        wasi,
        threads: Threads::new(64),
        js: Js::new(),
        memory: None,
        table: None,
        malloc: None,
    };
    let mut store = Store::new(&engine, host);
    store.set_fuel(u64::MAX)?;
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)?;
    wasi::threads::add_to_linker(&mut linker, &mut store, &module, |host: &mut Host| {
        &mut host.threads
    })?;
    for import in module.imports() {
        if let ExternType::Func(ty) = import.ty()
            && ["env", "napi", "emnapi"].contains(&import.module())
        {
            let name = import.name().to_string();
            let is_float = ty
                .results()
                .next()
                .is_some_and(|ty| matches!(ty, backstitch::ValType::F64));
            linker.func_new(
                import.module(),
                import.name(),
                ty,
                move |mut caller: Caller<'_, Host>, arguments, results| {
                    let arguments = arguments.iter().map(|value| match value {
                        Val::I32(value) => *value as u32 as u64,
                        Val::I64(value) => *value as u64,
                        Val::F64(bits) => *bits,
                        _ => 0,
                    });
                    let arguments = arguments.collect();
                    let answer = Env {
                        caller: &mut caller,
                        arguments,
                    }
                    .call(&name)?;
                    if let Some(result) = results.first_mut() {
                        *result = if is_float {
                            Val::F64(0)
                        } else {
                            Val::I32(answer)
                        };
                    }
                    Ok(())
                },
            )?;
        }
    }
    let program = Program::new(
        Policy::Random {
            seed: 1,
            slice: 10_000,
        },
        |host: &mut Host| &mut host.wasi,
        |host: &mut Host| &mut host.threads,
    );
    let instance = program.instantiate(&mut store, &linker, &module)?;
    let memory = instance.get_memory(&mut store, "memory");
    let table = instance.get_table(&mut store, "__indirect_function_table");
    let malloc = instance.get_func(&mut store, "malloc");
    let host = store.data_mut();
    (host.memory, host.table, host.malloc) = (memory, table, malloc);
    let exports = host.js.add(Value::Object(Object::default()));
    if let Some(initialize) = instance.get_func(&mut store, "_initialize") {
        initialize.call(&mut store, &[], &mut [])?;
    }
    let names: Vec<String> = module
        .exports()
        .map(|export| export.name().to_string())
        .collect();
    for name in names
        .iter()
        .filter(|name| name.starts_with("__napi_register__"))
    {
        instance
            .get_func(&mut store, name)
            .unwrap()
            .call(&mut store, &[], &mut [])?;
    }
    let register = instance
        .get_func(&mut store, "napi_register_wasm_v1")
        .unwrap();
    register.call(
        &mut store,
        &[Val::I32(1), Val::I32(exports as i32)],
        &mut [Val::I32(0)],
    )?;
    Ok(Package {
        store,
        program: Some(program),
        exports,
    })
}

impl Package {
    /// Gives a closure the environment of the module.
    fn with<R: Send + 'static>(
        &mut self,
        run: impl FnOnce(&mut Env<'_, '_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let run = std::sync::Mutex::new(Some(run));
        let sender = std::sync::Mutex::new(sender);
        let function = Func::wrap(
            &mut self.store,
            move |mut caller: Caller<'_, Host>| -> Result<()> {
                let run = run.lock().unwrap().take().unwrap();
                let result = run(&mut Env {
                    caller: &mut caller,
                    arguments: Vec::new(),
                })?;
                sender.lock().unwrap().send(result).unwrap();
                Ok(())
            },
        );
        function.call(&mut self.store, &[], &mut [])?;
        Ok(receiver.recv().unwrap())
    }

    fn js(&mut self) -> &mut Js {
        &mut self.store.data_mut().js
    }

    fn text(&mut self, text: &str) -> Handle {
        self.js().text(text)
    }

    fn object(&mut self, properties: &[(&str, Handle)]) -> Handle {
        let properties = properties
            .iter()
            .map(|(name, value)| (name.to_string(), *value))
            .collect();
        self.js().add(Value::Object(Object {
            properties,
            ..Object::default()
        }))
    }

    /// Makes a `Uint8Array`.
    fn bytes(&mut self, bytes: &[u8]) -> Result<Handle> {
        let bytes = bytes.to_vec();
        self.with(move |env| {
            let address = env.allocate(bytes.len() as u32)?;
            env.write(address, &bytes);
            let bytes = Some((address, bytes.len() as u32));
            Ok(env.caller.data_mut().js.add(Value::Object(Object {
                bytes,
                ..Object::default()
            })))
        })
    }

    /// Calls an exported function.
    fn call(&mut self, name: &str, arguments: Vec<Handle>) -> Result<Handle> {
        let exports = self.exports;
        let function = self.js().get(exports, name);
        let value = self.with(move |env| env.call_js(function, UNDEFINED, arguments))?;
        self.check()?;
        Ok(value)
    }

    /// Returns the exception that was thrown, if any, as an error.
    fn check(&mut self) -> Result<()> {
        match self.js().exception.take() {
            Some(error) => Err(backstitch::Error::msg(format!(
                "exception: {}",
                self.js().show(error)
            ))),
            None => Ok(()),
        }
    }

    /// Returns the bytes of a `Uint8Array`, in hexadecimal.
    fn hex(&mut self, value: Handle) -> Result<String> {
        let (address, len) = self
            .js()
            .object(value)
            .and_then(|object| object.bytes)
            .unwrap();
        let bytes = self.with(move |env| Ok(env.read(address, len)))?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Calls a method as the first thread of a program. This is the last call.
    fn run(mut self, object: Handle, method: &str, arguments: Vec<Handle>) -> Result<(Handle, Js)> {
        let function = self.js().get(object, method);
        let (callback, data) = self.js().object(function).unwrap().callback.unwrap();
        let js = self.js();
        js.frames.push(js::Frame {
            this: object,
            arguments,
            data,
        });
        let frame = js.frames.len() as i32 - 1;
        let table = self.store.data().table.unwrap();
        let Some(Ref::Func(Some(function))) = table.get(&mut self.store, callback.into()) else {
            panic!()
        };
        let first = function.start(&mut self.store, &[Val::I32(1), Val::I32(frame)])?;
        let results = self.program.take().unwrap().run(&mut self.store, first)?;
        self.check()?;
        Ok((results[0].unwrap_i32() as u32, self.store.into_data().js))
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let (folder, project) = (&arguments[1], &arguments[2]);
    let package = |path: &str| load(&format!("{folder}/{path}"), project);
    {
        let mut crc = package("@node-rs/crc32-wasm32-wasi/crc32.wasm32-wasi.wasm")?;
        let text = crc.text("hello threads");
        let a = crc.call("crc32", vec![text])?;
        let bytes = crc.bytes(b"hello threads")?;
        let b = crc.call("crc32c", vec![bytes])?;
        println!("crc32 {} {}", crc.js().show(a), crc.js().show(b));
    }
    {
        let mut hash = package("@node-rs/xxhash-wasm32-wasi/xxhash.wasm32-wasi.wasm")?;
        let text = hash.text("hello threads");
        let seed = hash.js().add(Value::Number(7.0));
        let a = hash.call("xxh32", vec![text, seed])?;
        println!("xxh32 {}", hash.js().show(a));
        let b = hash.call("xxh64", vec![text])?;
        println!("xxh64 {}", hash.js().show(b));
    }
    {
        let mut argon = package("@node-rs/argon2-wasm32-wasi/argon2.wasm32-wasi.wasm")?;
        let secret = argon.text("secret");
        let salt = argon.bytes(b"0123456789abcdef")?;
        let mut number = |value: f64| argon.js().add(Value::Number(value));
        let (memory, time, parallel) = (number(1024.0), number(2.0), number(2.0));
        let options = argon.object(&[
            ("salt", salt),
            ("memoryCost", memory),
            ("timeCost", time),
            ("parallelism", parallel),
        ]);
        let hash = argon.call("hashRawSync", vec![secret, options])?;
        println!("argon2 {}", argon.hex(hash)?);
    }
    {
        let mut snappy = package("@napi-rs/snappy-wasm32-wasi/snappy.wasm32-wasi.wasm")?;
        let text = snappy.text(&"abcabcabcabcabcabcabcabcabcabc".repeat(20));
        let packed = snappy.call("compressSync", vec![text])?;
        println!("snappy {}", snappy.hex(packed)?);
    }
    {
        let mut tailwind =
            package("@tailwindcss/oxide-wasm32-wasi/tailwindcss-oxide.wasm32-wasi.wasm")?;
        let (base, pattern) = (tailwind.text(project), tailwind.text("**/*"));
        let negated = tailwind.js().add(Value::Bool(false));
        let source = tailwind.object(&[("base", base), ("pattern", pattern), ("negated", negated)]);
        let sources = tailwind.js().add(Value::Object(Object {
            elements: Some(vec![source]),
            ..Object::default()
        }));
        let options = tailwind.object(&[("sources", sources)]);
        let exports = tailwind.exports;
        let class = tailwind.js().get(exports, "Scanner");
        let scanner = tailwind.with(move |env| env.construct(class, vec![options]))?;
        tailwind.check()?;
        let (found, js) = tailwind.run(scanner, "scan", Vec::new())?;
        println!("{}", js.show(found));
    }
    Ok(())
}
