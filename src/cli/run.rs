//! `backstitch run`: runs a program, or one exported function of a module.

use super::failure::Failure;
use super::host::{self, Host};
use super::{coredump, input, signature, value, wasi};
use backstitch::wasi::{I32Exit, WasiCtx};
use backstitch::{
    CompilationMode, Config, Engine, Error, ExternType, FuncType, Linker, Module, Store,
    StoreLimitsBuilder, Val,
};
use clap::Args;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

/// The export that is called by default.
const ENTRY: &str = "_start";

/// The export that initialises a WASI reactor. It is called before any other export, unless the
/// module has [`ENTRY`] and no other export is selected.
const INITIALIZE: &str = "_initialize";

const EXAMPLES: &str = "\
Examples:
  backstitch run program.wasm
  backstitch run --dir . --env LANG=en program.wasm --verbose file
  backstitch run --invoke fib fib.wat 30
  backstitch run --invoke add add.wasm -1 0xff
  backstitch run --fuel 1000000 --max-memory 16777216 program.wasm
  backstitch run --coredump '%p-%h.core' program.wasm

Exit codes: 0 success; 1 an error in the file, an import, an export or an argument;
2 wrong usage; 134 the program trapped. A program that exits by itself chooses its own.";

/// The arguments of `backstitch run`.
#[derive(Args)]
#[command(
    override_usage = "backstitch run [OPTIONS] <FILE> [ARGS]...",
    after_help = EXAMPLES
)]
pub(crate) struct Arguments {
    /// Call this exported function instead of `_start` or the start function
    #[arg(long, value_name = "NAME")]
    invoke: Option<String>,

    /// Trap after this many WebAssembly instructions
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,

    /// Limit each memory to this many bytes
    #[arg(long, value_name = "BYTES")]
    max_memory: Option<usize>,

    /// Trap when calls need more than this many bytes of stack
    #[arg(long, value_name = "BYTES")]
    max_stack: Option<usize>,

    /// Write a core dump to this file if the program traps; `%p` in the path is replaced by the
    /// program's name, `%h` by a hash of its contents
    #[arg(long, value_name = "PATH")]
    coredump: Option<String>,

    #[command(flatten)]
    wasi: wasi::Given,

    /// Validate and translate the whole module before it runs
    #[arg(long, conflicts_with = "lazy")]
    eager: bool,

    /// Validate and translate each function when it is first called
    #[arg(long)]
    lazy: bool,

    /// The module, binary or text, followed by the arguments of the program, or of the function,
    /// which are parsed according to its parameter types
    // A single list, so that everything after the file belongs to the program, even if it looks
    // like an option.
    #[arg(
        value_name = "FILE [ARGS]",
        required = true,
        num_args = 1..,
        allow_hyphen_values = true,
        trailing_var_arg = true
    )]
    command: Vec<OsString>,
}

/// Returns the module's path, and the arguments that follow it.
fn split_command(arguments: &Arguments) -> Result<(&Path, Vec<String>), Failure> {
    let Some((file, rest)) = arguments.command.split_first() else {
        return Err(Failure::Input("no file is given".to_string()));
    };
    let text = |argument: &OsString| {
        argument.to_str().map(String::from).ok_or_else(|| {
            Failure::Input(format!(
                "the argument `{}` is not valid UTF-8, which arguments of programs must be",
                argument.display()
            ))
        })
    };
    let rest = rest.iter().map(text).collect::<Result<_, _>>()?;
    Ok((Path::new(file), rest))
}

/// Runs the program and prints its results, one per line.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let (path, texts) = split_command(arguments)?;
    let file = path.display().to_string();
    let bytes = input::read_module(path)?;
    let engine = Engine::new(&configuration(arguments))
        .map_err(|error| Failure::Input(format!("cannot create an engine: {error:#}")))?;
    let module = Module::from_binary(&engine, &bytes)
        .map_err(|error| Failure::Input(format!("cannot load `{file}`: {error:#}")))?;

    // All faults of the command are reported before anything runs.
    let is_program = arguments.invoke.is_none() && wasi::is_program(&module);
    // A program receives its arguments from WASI, not as parameters.
    let (program, parameters) = if is_program {
        (&texts[..], &[][..])
    } else {
        (&[][..], &texts[..])
    };
    let call = choose_call(&file, &module, arguments.invoke.as_deref(), parameters)?;
    let refuse = |error: Error| Failure::Input(format!("cannot run `{file}`: {error:#}"));
    let context = wasi::context(&arguments.wasi, path, program)?;
    let mut store = new_store(&engine, arguments, context).map_err(refuse)?;
    let mut linker = Linker::new(&engine);
    host::link(&mut linker).map_err(refuse)?;
    host::check_imports(&file, &module, &linker, &mut store)?;

    let dump = arguments.coredump.as_deref();
    let dump = dump
        .map(|pattern| coredump::path(pattern, path, &bytes))
        .transpose()?;
    let called = execute(&mut store, &linker, &module, &file, call);
    let results = match called {
        Ok(results) => results,
        Err(Stopped::Before(failure)) => return Err(failure),
        Err(Stopped::Running(error)) => {
            let error = match &dump {
                // An exit is not a crash.
                Some(dump) if !error.is::<I32Exit>() => {
                    coredump::write(&mut store, dump, &file, error)?
                }
                _ => error,
            };
            return Err(Failure::from_execution(&file, error));
        }
    };
    for result in &results {
        writeln!(out, "{}", value::print(result))?;
    }
    Ok(())
}

/// The reason why a program did not finish.
enum Stopped {
    /// The program could not be started.
    Before(Failure),
    /// The program failed, or exited by itself.
    Running(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Stopped::Running(error)
    }
}

/// Instantiates the module and makes the call, if there is one. Returns the call's results.
fn execute(
    store: &mut Store<Host>,
    linker: &Linker<Host>,
    module: &Module,
    file: &str,
    call: Option<Call>,
) -> Result<Vec<Val>, Stopped> {
    let instance = linker.instantiate(&mut *store, module)?;
    let readies_itself = call
        .as_ref()
        .is_some_and(|call| [ENTRY, INITIALIZE].contains(&&*call.name));
    if !readies_itself
        && let Some(initialize) = instance.get_func(&mut *store, INITIALIZE)
        && let Ok(initialize) = initialize.typed::<(), ()>(&*store)
    {
        initialize.call(&mut *store, ())?;
    }
    let Some(call) = call else {
        return Ok(Vec::new());
    };
    let function = instance.get_func(&mut *store, &call.name).ok_or_else(|| {
        let missing = format!("`{file}` exports no function `{}`", call.name);
        Stopped::Before(Failure::Input(missing))
    })?;
    let mut results = vec![Val::I32(0); call.result_count];
    function.call(&mut *store, &call.arguments, &mut results)?;
    Ok(results)
}

/// The call of an exported function that the command selects.
struct Call {
    name: String,
    arguments: Vec<Val>,
    result_count: usize,
}

fn configuration(arguments: &Arguments) -> Config {
    let mut config = Config::new();
    config.compilation_mode(match (arguments.eager, arguments.lazy) {
        (true, _) => CompilationMode::Eager,
        (_, true) => CompilationMode::Lazy,
        _ => CompilationMode::LazyTranslation,
    });
    config.consume_fuel(arguments.fuel.is_some() || arguments.wasi.is_deterministic());
    config.coredump_on_trap(arguments.coredump.is_some());
    if let Some(bytes) = arguments.max_stack {
        config.max_wasm_stack(bytes);
    }
    config
}

fn new_store(engine: &Engine, arguments: &Arguments, wasi: WasiCtx) -> Result<Store<Host>, Error> {
    let mut limits = StoreLimitsBuilder::new();
    if let Some(bytes) = arguments.max_memory {
        limits = limits.memory_size(bytes);
    }
    let host = Host {
        limits: limits.build(),
        wasi,
    };
    let mut store = Store::new(engine, host);
    // A store without a limiter keeps the library's finite defaults.
    if arguments.max_memory.is_some() {
        store.limiter(|host| &mut host.limits);
    }
    // A deterministic clock counts executed instructions, even if they are not limited.
    let fuel = arguments
        .fuel
        .or(arguments.wasi.is_deterministic().then_some(u64::MAX));
    if let Some(fuel) = fuel {
        store.set_fuel(fuel)?;
    }
    Ok(store)
}

/// Finds the function to call and parses its arguments. Returns `None` if the module has no
/// entry, so that only its start function runs.
fn choose_call(
    file: &str,
    module: &Module,
    invoke: Option<&str>,
    texts: &[String],
) -> Result<Option<Call>, Failure> {
    let name = invoke.unwrap_or(ENTRY);
    match (module.get_export(name), invoke) {
        (Some(ExternType::Func(ty)), _) => Ok(Some(Call {
            name: name.to_string(),
            arguments: parse_arguments(name, &ty, texts)?,
            result_count: ty.results().len(),
        })),
        (Some(other), Some(_)) => Err(Failure::Input(format!(
            "`{name}` of `{file}` is {}, not a function; {}",
            signature::kind(&other),
            exported_functions(module)
        ))),
        (None, Some(_)) => Err(Failure::Input(format!(
            "`{file}` exports no function `{name}`; {}",
            exported_functions(module)
        ))),
        (_, None) if !texts.is_empty() => Err(Failure::Input(format!(
            "`{file}` exports no function `{ENTRY}` that could take the arguments; \
             select one with --invoke before the file; {}",
            exported_functions(module)
        ))),
        (_, None) => Ok(None),
    }
}

fn exported_functions(module: &Module) -> String {
    let functions: Vec<String> = module
        .exports()
        .filter_map(|export| match export.ty() {
            ExternType::Func(ty) => Some(format!(
                "\n  {}{}",
                export.name(),
                signature::of_function(&ty)
            )),
            _ => None,
        })
        .collect();
    if functions.is_empty() {
        "it exports no functions".to_string()
    } else {
        format!("it exports these functions:{}", functions.concat())
    }
}

fn parse_arguments(name: &str, ty: &FuncType, texts: &[String]) -> Result<Vec<Val>, Failure> {
    let expected = ty.params().len();
    if texts.len() != expected {
        let hint = match texts.iter().find(|text| text.starts_with("--")) {
            Some(option) => format!(" (options such as `{option}` must precede the file)"),
            None => String::new(),
        };
        return Err(Failure::Input(format!(
            "`{name}` has the type {} and takes {}, but {} given{hint}",
            signature::of_function(ty),
            match expected {
                0 => "no arguments".to_string(),
                1 => "1 argument".to_string(),
                _ => format!("{expected} arguments"),
            },
            match texts.len() {
                0 => "none was".to_string(),
                1 => "1 was".to_string(),
                given => format!("{given} were"),
            },
        )));
    }
    let parse = |(index, (text, ty)): (usize, (&String, _))| {
        value::parse(text, &ty).map_err(|reason| {
            Failure::Input(format!("argument {} of `{name}`: {reason}", index + 1))
        })
    };
    texts
        .iter()
        .zip(ty.params())
        .enumerate()
        .map(parse)
        .collect()
}
