//! Reads the values of frames with Wasmtime's debugger.

use super::generator::{FUNCTIONS, imports, values};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wasmtime::{
    AsContextMut, Caller, Config, DebugEvent, DebugHandler, Engine, FrameHandle, Linker, Module,
    OptLevel, Store, StoreContextMut, Val,
};

/// A value in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Bits32(u32),
    Bits64(u64),
    Bits128(u128),
    Null,
    Reference,
    Missing,
}

/// A frame: its function, its instruction's offset in the module, its locals and operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub function: u32,
    pub offset: u32,
    pub locals: Vec<Value>,
    pub operands: Vec<Value>,
}

/// Frames, the youngest first, of each observation.
pub type Looks = Vec<Vec<Frame>>;

/// Data of a store.
#[derive(Default)]
struct Seen {
    looks: Looks,
    /// Youngest frame before the current instruction.
    before: Option<Frame>,
}

/// Runs a program's functions and returns the observations of each.
pub fn looks(bytes: &[u8], arguments: &[[u64; 5]]) -> Vec<Looks> {
    let mut config = Config::new();
    config
        .guest_debug(true)
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(OptLevel::None)
        .signals_based_traps(false)
        .memory_reservation(0)
        .memory_guard_size(0)
        .wasm_function_references(true);
    let engine = Engine::new(&config).expect("Wasmtime supports this machine");
    let module = Module::new(&engine, bytes).expect("the program is valid");
    let mut linker: Linker<Seen> = Linker::new(&engine);
    let look = |mut caller: Caller<'_, Seen>| {
        let exit = caller.debug_exit_frames().next();
        let frames = frames(&mut caller, exit);
        caller.data_mut().looks.push(frames);
    };
    imports!(linker, Caller<'_, Seen>, look);
    let mut store = Store::new(&engine, Seen::default());
    store.set_debug_handler(Traps);
    let mut edit = store.edit_breakpoints().expect("debugging is on");
    edit.single_step(true).unwrap();
    drop(edit);
    let instance = ready(linker.instantiate_async(&mut store, &module)).unwrap();
    (0..FUNCTIONS)
        .map(|index| {
            let func = instance.get_func(&mut store, &format!("f{index}")).unwrap();
            let arguments = values!(Val, arguments[index]);
            let result = ready(func.call_async(&mut store, &arguments, &mut []));
            assert!(result.is_err(), "f{index} traps");
            std::mem::take(&mut store.data_mut().looks)
        })
        .collect()
}

/// Observes the frames at each trap. The youngest frame is taken from before the instruction,
/// because some of its operands may have been popped at the trap.
#[derive(Clone)]
struct Traps;

impl DebugHandler for Traps {
    type Data = Seen;

    async fn handle(&self, mut store: StoreContextMut<'_, Seen>, event: DebugEvent<'_>) {
        let exit = store.debug_exit_frames().next();
        match event {
            DebugEvent::Breakpoint => {
                let youngest = exit.map(|frame| show(&mut store, &frame));
                store.data_mut().before = youngest;
            }
            DebugEvent::Trap(_) => {
                let mut frames = frames(&mut store, exit);
                frames[0] = store
                    .data_mut()
                    .before
                    .take()
                    .expect("single-stepping has recorded a frame");
                store.data_mut().looks.push(frames);
            }
            _ => {}
        }
    }
}

fn frames(mut store: impl AsContextMut<Data = Seen>, mut next: Option<FrameHandle>) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some(frame) = next {
        frames.push(show(&mut store, &frame));
        next = frame.parent(&mut store).unwrap();
    }
    frames
}

fn show(mut store: impl AsContextMut<Data = Seen>, frame: &FrameHandle) -> Frame {
    let (function, pc) = frame
        .wasm_function_index_and_pc(&mut store)
        .unwrap()
        .expect("a function of the program");
    let locals = frame.num_locals(&mut store).unwrap();
    let locals = (0..locals)
        .map(|index| value(frame.local(&mut store, index).unwrap()))
        .collect();
    let operands = frame.num_stacks(&mut store).unwrap();
    let operands = (0..operands)
        .map(|index| value(frame.stack(&mut store, index).unwrap()))
        .collect();
    Frame {
        function: function.as_u32() + super::generator::IMPORTED,
        offset: pc.raw(),
        locals,
        operands,
    }
}

fn value(value: Val) -> Value {
    match value {
        Val::I32(value) => Value::Bits32(value as u32),
        Val::F32(bits) => Value::Bits32(bits),
        Val::I64(value) => Value::Bits64(value as u64),
        Val::F64(bits) => Value::Bits64(bits),
        Val::V128(vector) => Value::Bits128(vector.into()),
        Val::FuncRef(None) => Value::Null,
        Val::FuncRef(Some(_)) => Value::Reference,
        other => panic!("no program has {other:?}"),
    }
}

/// Polls a future that is never pending.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
    }
}
