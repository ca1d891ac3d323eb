//! `backstitch run`: runs a program, or one exported function of a module.

use super::coverage::Coverage;
use super::failure::Failure;
use super::host::{self, Host};
use super::input::Source;
use super::names::{self, Selection};
use super::profile::{self, Profile};
use super::program::{self, Ended, Running, Stopped};
use super::snapshot::{self, Moment};
use super::trace::{self, Trace};
use super::value::{self, Notation};
use super::{coredump, coverage, debug_files, quantity, record, signature, wasi};
use backstitch::wasi::threads::has_threads;
use backstitch::wasi::{Program, Threads, WasiCtx};
use backstitch::{
    CompilationMode, Config, CoreDump, Engine, Error, Execution, ExternType, Func, FuncType,
    Instance, Linker, Module, Snapshot, Store, StoreLimits, StoreLimitsBuilder, Val,
    demangle_without_hash,
};
use clap::Args;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

/// The exports that are called by default, the first one that exists. Wasmtime's
/// `Linker::get_default` has the same.
const ENTRIES: [&str; 2] = ["", "_start"];

/// The export that initialises a WASI reactor. It is called before any other export than the
/// [`ENTRIES`].
const INITIALIZE: &str = "_initialize";

const EXAMPLES: &str = "\
Examples:
  backstitch run program.wasm
  backstitch run --dir . --env LANG=en program.wasm --verbose file
  backstitch run --invoke fib fib.wat 30
  backstitch run --invoke add add.wasm -1 0xff
  backstitch run --invoke shop::sell --hex shop.wasm 0x1.8p3
  backstitch run --invoke blend image.wasm i32x4:1,2,3,4 'f32x4 0.5 1 -2e3 nan'
  backstitch run --fuel 1e6 --max-memory 16MiB program.wasm
  backstitch run --coredump '%p-%h.core' program.wasm
  backstitch run --record program.log program.wasm
  backstitch run --profile program.svg program.wasm
  backstitch run --profile program.pb.gz --profile-interval 1ms program.wasm
  backstitch run --coverage program.info program.wasm
  backstitch run --trace-calls='shop::*' --trace-memory 0x400:16 program.wasm
  backstitch run --deterministic --snapshot half.core --at fuel=1e6 program.wasm

Exit codes: 0 success; 1 an error in the file, an import, an export or an argument;
2 wrong usage; 134 the program trapped. A program that exits by itself chooses its own.";

/// The arguments of `backstitch run`.
#[derive(Args)]
#[command(
    override_usage = "backstitch run [OPTIONS] <FILE> [ARGS]...",
    after_help = EXAMPLES
)]
pub(crate) struct Arguments {
    /// Call this exported function instead of `_start`, given by a name (mangled or not), or by
    /// the end of a name, such as `module::function`
    #[arg(long, value_name = "NAME")]
    invoke: Option<String>,

    /// Print numbers in hexadecimal, with all bits of floats
    #[arg(long)]
    hex: bool,

    #[command(flatten)]
    debug_files: debug_files::Arguments,

    /// Trap after this many WebAssembly instructions, such as `1e6`
    #[arg(long, value_name = "N", value_parser = quantity::count::<u64>)]
    fuel: Option<u64>,

    /// Limit each memory to this size, such as `64K` or `16MiB`
    #[arg(long, value_name = "BYTES", value_parser = quantity::size::<usize>)]
    max_memory: Option<usize>,

    /// Trap when calls need a stack larger than this size
    #[arg(long, value_name = "BYTES", value_parser = quantity::size::<usize>)]
    max_stack: Option<usize>,

    /// Write a core dump to this file if the program traps; `%p` in the path is replaced by the
    /// program's name, `%h` by a hash of its contents
    #[arg(long, value_name = "PATH")]
    coredump: Option<String>,

    #[command(flatten)]
    record: record::Recording,

    #[command(flatten)]
    snapshot: snapshot::Snapshotting,

    #[command(flatten)]
    profile: profile::Profiling,

    #[command(flatten)]
    coverage: coverage::Covering,

    #[command(flatten)]
    trace: trace::Tracing,

    #[command(flatten)]
    pub(super) wasi: wasi::Given,

    /// Validate and translate the whole module before it runs
    #[arg(long, conflicts_with = "lazy")]
    eager: bool,

    /// Validate and translate each function when it is first called
    #[arg(long)]
    lazy: bool,

    /// The module, binary or text (`-` reads standard input), followed by the arguments of the
    /// program, or of the function, which are parsed according to its parameter types
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

impl Arguments {
    /// Returns the module's path, and the number of arguments that follow it.
    pub(super) fn file(&self) -> Result<(&Path, usize), Failure> {
        let (path, rest) = split_command(&self.command)?;
        Ok((path, rest.len()))
    }

    /// Returns the option that a program under a debugger cannot have, if one is given.
    pub(super) fn refused_by_debugger(&self) -> Option<&'static str> {
        if self.record.is_some() {
            Some("--record")
        } else if self.snapshot.is_some() {
            Some("--snapshot")
        } else if self.profile.is_some() {
            Some("--profile")
        } else if self.trace.is_some() {
            Some("--trace-calls and --trace-memory")
        } else {
            None
        }
    }

    /// Returns the files with debugging information.
    pub(super) fn debug_files(&self) -> &debug_files::Arguments {
        &self.debug_files
    }

    /// Returns the limits of a store.
    pub(super) fn limits(&self) -> StoreLimits {
        let mut limits = StoreLimitsBuilder::new();
        if let Some(bytes) = self.max_memory {
            limits = limits.memory_size(bytes);
        }
        limits.build()
    }

    /// Returns whether the user set limits.
    pub(super) fn has_limits(&self) -> bool {
        self.max_memory.is_some()
    }
}

/// Returns the module's path, and the arguments that follow it.
pub(crate) fn split_command(command: &[OsString]) -> Result<(&Path, Vec<String>), Failure> {
    let Some((file, rest)) = command.split_first() else {
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

/// Serves a debugger while a call runs, and returns the results of the call.
pub(super) type Debug<'a> =
    &'a mut dyn FnMut(&mut Store<Host>, Execution) -> Result<Vec<Val>, Stopped>;

/// Runs the program and prints its results, one per line.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    run_debugged(arguments, out, None)
}

/// Runs the program under a debugger, if there is one.
pub(super) fn run_debugged(
    arguments: &Arguments,
    out: &mut dyn Write,
    debug: Option<Debug<'_>>,
) -> Result<(), Failure> {
    let (path, texts) = split_command(&arguments.command)?;
    let mut source = Source::read(path)?;
    source.debug_files.add(&arguments.debug_files);
    let is_debugged = debug.is_some();
    let file = &source.file;
    let moment = arguments.snapshot.suspends();
    let counts = arguments.fuel.is_some()
        || arguments.wasi.is_deterministic()
        || arguments.profile.counts()
        || moment.is_some();
    let mut module = load(&source, arguments, counts, is_debugged)?;
    let has_threads = has_threads(&module);
    if has_threads && is_debugged {
        return Err(Failure::Input(format!(
            "cannot debug `{file}`: it has threads"
        )));
    }
    if has_threads && arguments.profile.is_some() {
        return Err(Failure::Input(format!(
            "cannot make a profile of `{file}`: it has threads"
        )));
    }
    if has_threads && arguments.trace.is_some() {
        return Err(Failure::Input(format!(
            "cannot trace `{file}`: it has threads"
        )));
    }
    // Threads whose instructions are counted take turns, and so do those that are recorded, saved, or
    // measured.
    let takes_turns = counts
        || arguments.record.is_some()
        || arguments.snapshot.is_some()
        || arguments.coverage.is_some();
    let parallel = has_threads && !takes_turns && cfg!(backstitch_threads);
    if has_threads && !counts {
        module = load(&source, arguments, !parallel, parallel)?;
    }
    let engine = module.engine().clone();

    // All faults of the command are reported before anything runs.
    let has_wasi = wasi::is_program(&module);
    let entry = match &arguments.invoke {
        Some(name) => Ok(Some(find_export(&source, &module, name)?)),
        None => default_entry(&source, &module, !has_wasi && !texts.is_empty()),
    };
    // A program receives its arguments from WASI, not as parameters. So does a selected function
    // without parameters.
    let has_parameters = match &entry {
        Ok(Some((_, ty))) => arguments.invoke.is_some() && ty.params().len() != 0,
        Ok(None) | Err(_) => false,
    };
    let (program, parameters) = if has_wasi && !has_parameters {
        (&texts[..], &[][..])
    } else {
        (&[][..], &texts[..])
    };
    let coverage = arguments.coverage.prepare(&module, file)?;
    let mut trace = arguments.trace.start(&module, &source)?;
    let call = match &entry {
        Ok(Some((name, ty))) => Some(Call::new(name, ty, parameters)?),
        Ok(None) | Err(_) => None,
    };
    let refuse = |error: Error| Failure::refused(&source, &error);
    let context = wasi::context(&arguments.wasi, path, program, has_threads)?;
    let dump = arguments.coredump.as_deref();
    let dump = dump
        .map(|pattern| coredump::path(pattern, path, &source.binary))
        .transpose()?;
    #[cfg(backstitch_threads)]
    if parallel {
        entry?;
        let dump = dump.as_deref();
        let called = super::parallel::run(&source, &module, arguments, context, dump, call);
        return match called {
            Ok(results) => print_results(out, Notation::of(arguments.hex), &results),
            Err(Stopped::Command(failure)) => Err(failure),
            Err(Stopped::Program(error)) => Err(Failure::from_execution(&source, error)),
        };
    }
    let mut store = new_store(&engine, arguments, context).map_err(refuse)?;
    let notation = Notation::of(arguments.hex);
    arguments.record.start(&mut store, path, notation)?;
    arguments.coverage.start(&mut store).map_err(refuse)?;
    let mut linker = Linker::new(&engine);
    host::link(&mut linker, &mut store, &module).map_err(refuse)?;
    host::check_imports(&source, &module, &linker, &mut store)?;
    // Missing imports explain more, so they are reported first.
    entry?;

    let threads = has_threads.then(|| program::with_threads(arguments.wasi.policy()));
    let mut profile = arguments.profile.start(&module, file).map_err(refuse)?;
    let manner = match (moment, &mut profile, &mut trace, debug) {
        (Some(moment), ..) => Manner::To(moment),
        (None, Some(profile), ..) => Manner::Sampled(profile),
        (None, None, Some(trace), _) => Manner::Traced(trace),
        (None, None, None, Some(debug)) => Manner::Debugged(debug),
        (None, None, None, None) => Manner::Plain,
    };
    let ended = execute(&mut store, &linker, &module, file, call, threads, manner);
    let dump = dump.as_deref();
    let ended = program::conclude(ended, &mut store, &arguments.snapshot, dump, &source, file);
    arguments.record.end(&mut store, ended.as_ref().err())?;
    let profiled = profile.map_or(Ok(()), Profile::finish);
    let covered = coverage.map_or(Ok(()), |coverage: Coverage| coverage.finish(&store));
    let traced = trace.map_or(Ok(()), Trace::finish);
    print_results(out, notation, &ended?)?;
    profiled.and(covered).and(traced)
}

/// Prints the results of the selected call, one per line.
pub(super) fn print_results(
    out: &mut dyn Write,
    notation: Notation,
    results: &[Val],
) -> Result<(), Failure> {
    for result in results {
        writeln!(out, "{}", value::print(result, notation))?;
    }
    Ok(())
}

/// The manner in which a call is made.
enum Manner<'a, 'm> {
    /// To its end.
    Plain,
    /// To the moment of a snapshot.
    To(&'a Moment),
    /// To its end, with samples for a profile.
    Sampled(&'a mut Profile),
    /// As a debugger wants it.
    Debugged(Debug<'a>),
    /// To its end, with a trace.
    Traced(&'a mut Trace<'m>),
}

/// Instantiates the module and makes the call, if there is one.
fn execute(
    store: &mut Store<Host>,
    linker: &Linker<Host>,
    module: &Module,
    file: &str,
    selected: Option<Call>,
    threads: Option<Program<Host>>,
    manner: Manner<'_, '_>,
) -> Result<Ended, Stopped> {
    let instance = match &threads {
        Some(program) => program.instantiate(store, linker, module)?,
        None => linker.instantiate(&mut *store, module)?,
    };
    if threads.is_none() && matches!(manner, Manner::Plain) {
        return Ok(Ended::Done(call(store, instance, file, selected)?));
    }
    initialize(store, instance, selected.as_ref())?;
    let Some(selected) = selected else {
        return Ok(Ended::Done(Vec::new()));
    };
    let function = find_function(store, instance, file, &selected)?;
    let first = function.start(&mut *store, &selected.arguments)?;
    let moment = match manner {
        Manner::Plain => None,
        Manner::To(moment) => Some(moment),
        Manner::Sampled(profile) => return Ok(Ended::Done(profile.run(store, first)?)),
        Manner::Debugged(debug) => return Ok(Ended::Done(debug(store, first)?)),
        Manner::Traced(trace) => return Ok(Ended::Done(trace.run(store, first)?)),
    };
    let running = Running::start(store, threads, first);
    if let Some(Moment::Fuel(count)) = moment {
        let spent = store.fuel_spent().unwrap_or_default();
        store.set_fuel(count.saturating_sub(spent))?;
    }
    running.advance(store, moment)
}

/// Makes the selected call of an instance, if there is one. Returns its results.
pub(super) fn call<T: 'static>(
    store: &mut Store<T>,
    instance: Instance,
    file: &str,
    selected: Option<Call>,
) -> Result<Vec<Val>, Stopped> {
    initialize(store, instance, selected.as_ref())?;
    let Some(selected) = selected else {
        return Ok(Vec::new());
    };
    let function = find_function(store, instance, file, &selected)?;
    let mut results = vec![Val::I32(0); selected.result_count];
    function.call(&mut *store, &selected.arguments, &mut results)?;
    Ok(results)
}

/// Initialises a WASI reactor, unless the selected call does it.
fn initialize<T: 'static>(
    store: &mut Store<T>,
    instance: Instance,
    selected: Option<&Call>,
) -> Result<(), Error> {
    let readies_itself =
        selected.is_some_and(|call| ENTRIES.contains(&&*call.name) || call.name == INITIALIZE);
    if !readies_itself
        && let Some(initialize) = instance.get_func(&mut *store, INITIALIZE)
        && let Ok(initialize) = initialize.typed::<(), ()>(&*store)
    {
        initialize.call(&mut *store, ())?;
    }
    Ok(())
}

fn find_function<T: 'static>(
    store: &mut Store<T>,
    instance: Instance,
    file: &str,
    call: &Call,
) -> Result<Func, Stopped> {
    instance.get_func(store, &call.name).ok_or_else(|| {
        let name = names::printable(&call.name);
        Failure::Input(format!("`{file}` exports no function `{name}`")).into()
    })
}

/// The call of an exported function that the command selects.
pub(super) struct Call {
    name: String,
    arguments: Vec<Val>,
    result_count: usize,
}

impl Call {
    fn new(name: &str, ty: &FuncType, texts: &[String]) -> Result<Call, Failure> {
        Ok(Call {
            name: name.to_string(),
            arguments: parse_arguments(name, ty, texts)?,
            result_count: ty.results().len(),
        })
    }
}

/// Validates the module, with an engine that counts instructions or can be interrupted if it must.
fn load(
    source: &Source,
    arguments: &Arguments,
    counts: bool,
    interruptible: bool,
) -> Result<Module, Failure> {
    let engine = Engine::new(&configuration(arguments, counts, interruptible))
        .map_err(|error| Failure::Input(format!("cannot create an engine: {error:#}")))?;
    source.load(&engine).map_err(|error| {
        let description = source.describe(&error);
        Failure::Input(format!("cannot load `{}`: {description}", source.file))
    })
}

fn configuration(arguments: &Arguments, counts: bool, interruptible: bool) -> Config {
    let mut config = Config::new();
    config.compilation_mode(match (arguments.eager, arguments.lazy) {
        (true, _) => CompilationMode::Eager,
        (_, true) => CompilationMode::Lazy,
        _ => CompilationMode::LazyTranslation,
    });
    config.consume_fuel(counts);
    // A thread that fails or exits ends the others.
    config.interruptible(interruptible || arguments.profile.interrupts());
    // A debugger shows the frames of a failure, too.
    config.coredump_on_trap(arguments.coredump.is_some() || interruptible);
    arguments.snapshot.configure(&mut config);
    if let Some(bytes) = arguments.max_stack {
        config.max_wasm_stack(bytes);
    }
    config
}

fn new_store(engine: &Engine, arguments: &Arguments, wasi: WasiCtx) -> Result<Store<Host>, Error> {
    let host = Host {
        limits: arguments.limits(),
        wasi,
        threads: Threads::new(arguments.wasi.max_threads()),
        saved: None,
    };
    let mut store = Store::new(engine, host);
    // A store without a limiter keeps the library's finite defaults.
    if arguments.has_limits() {
        store.limiter(|host| &mut host.limits);
    }
    // Instructions are counted for a deterministic clock or for threads, even if they are not
    // limited.
    if store.get_fuel().is_ok() {
        store.set_fuel(arguments.fuel.unwrap_or(u64::MAX))?;
    }
    Ok(store)
}

/// A function to call: the name by which it is exported, and its type.
pub(crate) type Entry = (String, FuncType);

/// Finds the exported function that a user selected.
pub(crate) fn find_export(source: &Source, module: &Module, text: &str) -> Result<Entry, Failure> {
    let file = &source.file;
    let function = |name: &str| match module.get_export(name) {
        Some(ExternType::Func(ty)) => Some((name.to_string(), ty)),
        _ => None,
    };
    if let Some(entry) = function(text) {
        return Ok(entry);
    }
    if let Some(other) = module.get_export(text) {
        return Err(Failure::Input(format!(
            "`{text}` of `{file}` is {}, not a function; {}",
            signature::kind(&other),
            exported_functions(module)
        )));
    }
    let symbols = source.symbols()?;
    let exports = |index: u32| symbols.export(index).and_then(function);
    match names::select(text, symbols.names_of_exported()) {
        Selection::Found(index) => exports(index).ok_or_else(|| {
            Failure::Input(format!(
                "`{file}` does not export function {index} (`{text}`)"
            ))
        }),
        Selection::Ambiguous(indices) => {
            let listed = indices.into_iter().filter_map(exports);
            let listed = listed.map(|(name, ty)| exported_function(&name, &ty));
            Err(Failure::Input(format!(
                "`{file}` exports several functions `{text}`; select one of:{}",
                listed.collect::<String>()
            )))
        }
        Selection::Missing(suggestions) => Err(Failure::Input(format!(
            "`{file}` exports no function `{text}`{}{}",
            match &*names::did_you_mean(&suggestions) {
                "" => "; ".to_string(),
                hint => format!("{hint}\n"),
            },
            exported_functions(module)
        ))),
    }
}

/// Finds the function that is called if the user selects none. Returns `None` if the module has
/// only a start function.
///
/// # Errors
///
/// If the module has nothing to run.
pub(crate) fn default_entry(
    source: &Source,
    module: &Module,
    has_arguments: bool,
) -> Result<Option<Entry>, Failure> {
    for name in ENTRIES {
        if let Some(ExternType::Func(ty)) = module.get_export(name) {
            return Ok(Some((name.to_string(), ty)));
        }
    }
    let file = &source.file;
    let symbols = source.symbols()?;
    let exported = exported_functions(module);
    let is_reactor = matches!(module.get_export(INITIALIZE), Some(ExternType::Func(_)));
    if is_reactor {
        return Err(Failure::Input(format!(
            "nothing was run: `{file}` is a WASI reactor, a library without `_start`; \
             call one of its functions with --invoke before the file; {exported}"
        )));
    }
    if symbols.has_start && has_arguments {
        return Err(Failure::Input(format!(
            "`{file}` exports no function `_start` that could take the arguments; \
             select one with --invoke before the file; {exported}"
        )));
    }
    if symbols.has_start {
        return Ok(None);
    }
    if Snapshot::parse(&source.binary).is_ok() {
        return Err(Failure::Input(format!(
            "nothing was run: `{file}` is a snapshot, from which `backstitch resume` goes on"
        )));
    }
    if CoreDump::parse(&source.binary).is_ok() {
        return Err(Failure::Input(format!(
            "nothing was run: `{file}` is a core dump, which `backstitch inspect` shows"
        )));
    }
    Err(Failure::Input(format!(
        "nothing was run: `{file}` has neither a function `_start` nor a start function; \
         call an exported function with --invoke before the file; {exported}"
    )))
}

fn exported_functions(module: &Module) -> String {
    let functions: String = module
        .exports()
        .filter_map(|export| match export.ty() {
            ExternType::Func(ty) => Some(exported_function(export.name(), &ty)),
            _ => None,
        })
        .collect();
    if functions.is_empty() {
        "it exports no functions".to_string()
    } else {
        format!("it exports these functions:{functions}")
    }
}

/// Formats a function on a line of its own: as it is exported, since that is the name to give.
fn exported_function(name: &str, ty: &FuncType) -> String {
    let plain = demangle_without_hash(name);
    let demangled = match plain == name {
        true => String::new(),
        false => format!("  ({})", names::printable(&plain)),
    };
    format!(
        "\n  {}{}{demangled}",
        names::printable(name),
        signature::of_function(ty)
    )
}

pub(super) fn parse_arguments(
    name: &str,
    ty: &FuncType,
    texts: &[String],
) -> Result<Vec<Val>, Failure> {
    let name = names::shown(name);
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
