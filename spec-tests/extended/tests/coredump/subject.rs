//! Reads the values of frames from Backstitch's dumps.

use super::debugger::{Frame, Looks, Value};
use super::generator::{FUNCTIONS, imports, values};
use super::parsed;
use super::random::Random;
use backstitch::coredump;
use backstitch::{
    AsContextMut, Caller, Config, CoreDump, CoreDumpOptions, Dispatch, Engine, Linker, Module,
    Store, Val, WasmCoreDump,
};

/// Position of a frame: function, and its instruction's offset in the module.
pub type Site = (u32, u32);

/// Data of a store: the observations, and the sites of all observed frames.
#[derive(Default)]
pub struct Seen {
    pub looks: Looks,
    pub sites: Vec<Site>,
    /// True for each site whose frame waits for a call.
    pub calling: Vec<bool>,
}

/// Returns the arguments for the functions of a random program.
pub fn arguments(seed: u64) -> Vec<[u64; 5]> {
    let mut random = Random::new(seed ^ 0xa5a5);
    let float = |random: &mut Random| random.below(2_000) as f64 - 1_000.0;
    let arguments = (0..FUNCTIONS).map(|_| {
        [
            random.value_32().into(),
            random.value_64(),
            (float(&mut random) as f32).to_bits().into(),
            float(&mut random).to_bits(),
            random.value_32().into(),
        ]
    });
    arguments.collect()
}

/// Compiles a program.
pub fn module(dispatch: Dispatch, fuel: bool, bytes: &[u8]) -> Module {
    let mut config = Config::new();
    config
        .dispatch(dispatch)
        .consume_fuel(fuel)
        .coredump_on_trap(true);
    let engine = Engine::new(&config).expect("the backend is available");
    Module::new(&engine, bytes).expect("the program is valid")
}

/// Runs a program's functions and returns the observations of each.
pub fn looks(module: &Module, arguments: &[[u64; 5]]) -> Vec<Seen> {
    let mut linker: Linker<Seen> = Linker::new(module.engine());
    let look = |mut caller: Caller<'_, Seen>| {
        let dump = WasmCoreDump::capture(&mut caller);
        read(caller, &dump);
    };
    imports!(linker, Caller<'_, Seen>, look);
    let mut store = Store::new(module.engine(), Seen::default());
    let _ = store.set_fuel(u64::MAX);
    let instance = linker.instantiate(&mut store, module).unwrap();
    (0..FUNCTIONS)
        .map(|index| {
            let func = instance.get_func(&mut store, &format!("f{index}")).unwrap();
            let arguments = values!(Val, arguments[index]);
            let error = func.call(&mut store, &arguments, &mut []).unwrap_err();
            let dump = error
                .downcast_ref::<WasmCoreDump>()
                .expect("the call traps");
            read(&mut store, dump);
            std::mem::take(store.data_mut())
        })
        .collect()
}

/// Records the frames in a dump.
fn read(mut store: impl AsContextMut<Data = Seen>, dump: &WasmCoreDump) {
    let mut file = Vec::new();
    let mut options = CoreDumpOptions::new();
    options.keep_no_memory();
    dump.serialize_to(&mut store, "a program", &mut file, &options)
        .expect("writing to a vector cannot fail");
    let parsed = CoreDump::parse(&file).expect("a core dump");
    let thread = &parsed.threads()[0];
    assert_eq!(thread.frames.len(), dump.frames().len());
    compare_standard(&thread.frames, &parsed::parse(&file).stacks[0].1);
    let mut frames = Vec::new();
    let mut store = store.as_context_mut();
    for (frame, info) in thread.frames.iter().zip(dump.frames()) {
        assert_eq!(Some(frame.code_offset as usize), info.func_offset());
        let offset = info.module_offset().expect("an offset") as u32;
        frames.push(Frame {
            function: frame.function,
            offset,
            locals: frame.locals.iter().map(value).collect(),
            operands: frame.operands.iter().map(value).collect(),
        });
        let details = frame.details.as_ref().expect("a dump of ours");
        let seen = store.data_mut();
        seen.sites.push((frame.function, offset));
        seen.calling
            .push(details.position == coredump::Position::Calling);
    }
    store.data_mut().looks.push(frames);
}

/// Checks that the standard's sections have the same values as the extension, except for
/// references.
fn compare_standard(frames: &[coredump::Frame], standard: &[parsed::ParsedFrame]) {
    let show = |value: &coredump::Value| match *value {
        coredump::Value::I32(bits) => format!("i32 {}", bits as i32),
        coredump::Value::I64(bits) => format!("i64 {}", bits as i64),
        coredump::Value::F32(bits) => format!("f32 {bits:x}"),
        coredump::Value::F64(bits) => format!("f64 {bits:x}"),
        _ => "missing".to_string(),
    };
    for (frame, standard) in frames.iter().zip(standard) {
        assert!(
            frame
                .locals
                .iter()
                .map(show)
                .eq(standard.locals.iter().cloned())
        );
        assert!(
            frame
                .operands
                .iter()
                .map(show)
                .eq(standard.operands.iter().cloned())
        );
    }
    assert_eq!(frames.len(), standard.len());
}

fn value(value: &coredump::Value) -> Value {
    use coredump::Value::{F32, F64, I32, I64, Missing, Ref, V128};
    match *value {
        I32(bits) | F32(bits) => Value::Bits32(bits),
        I64(bits) | F64(bits) => Value::Bits64(bits),
        V128(bits) => Value::Bits128(bits),
        Ref(_, None) => Value::Null,
        Ref(_, Some(_)) => Value::Reference,
        Missing => Value::Missing,
    }
}
