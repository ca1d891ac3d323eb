//! A program that traps, and its dump as different programs write it.

use backstitch::{
    Config, Engine, Error, Instance, Module, Store, Val, WasmBacktrace, WasmCoreDump,
};
use std::sync::OnceLock;
use wasm_encoder::{
    ConstExpr, CoreDumpInstancesSection, CoreDumpModulesSection, CoreDumpSection,
    CoreDumpStackSection, CoreDumpValue, DataSection, GlobalSection, GlobalType, MemorySection,
    MemoryType, ValType,
};

/// A module that divides by a number of customers, which is zero.
pub const SHOP: &str = r#"(module $shop
  (memory (export "memory") 2)
  (global $sales (mut i64) (i64.const 1234567890123))
  (global $open (mut i32) (i32.const 1))
  (data (i32.const 1024) "apples, pears")
  (func $divide (param $sum i32) (param $count i32) (result i32)
    (i32.div_s (local.get $sum) (local.get $count)))
  (func $average (param $list i32) (param $count i32) (result i32)
    (local $sum i32) (local $rate f64)
    (local.set $rate (f64.const 1.5))
    (local.set $sum (i32.const 840))
    (i32.add (i32.const 7)
      (block (result i32)
        (call $divide (local.get $sum) (local.get $count)))))
  (func $main (export "main") (result i32)
    (call $average (i32.const 1024) (i32.const 0))))"#;

/// Returns a module that traps in a continuation. Other continuations wait in a table with as many
/// elements as `places`: the first has not begun, the others are suspended.
pub fn kitchen(places: u32) -> Vec<u8> {
    let text = format!(
        r#"(module $kitchen
  (type $cook (func (param i32))) (type $chef (cont $cook))
  (type $rest (func)) (type $resting (cont $rest))
  (tag $break)
  (table $bench {places} (ref null $resting))
  (elem declare func $chop $burn)
  (func $chop (type $cook) (call $pause (local.get 0)))
  (func $pause (param $plate i32) (suspend $break))
  (func $burn (type $cook) (call $fire (local.get 0)))
  (func $fire (param $pan i32) (unreachable))
  (func (export "main") (local $place i32)
    (table.set $bench (i32.const 0)
      (cont.bind $chef $resting (i32.const 41) (cont.new $chef (ref.func $chop))))
    (loop $next
      (local.set $place (i32.add (local.get $place) (i32.const 1)))
      (if (i32.lt_u (local.get $place) (i32.const {places}))
        (then
          (table.set $bench (local.get $place)
            (block $rests (result (ref $resting))
              (resume $chef (on $break $rests)
                (local.get $place) (cont.new $chef (ref.func $chop)))
              (unreachable)))
          (br $next))))
    (resume $chef (i32.const 8) (cont.new $chef (ref.func $burn)))))"#
    );
    wat::parse_str(text).expect("the text is valid")
}

/// Returns a module that traps with vectors as a parameter, a local, an operand and a global.
pub fn mixer() -> Vec<u8> {
    let text = r#"(module $mixer
  (global $scale (mut v128) (v128.const f32x4 0.5 -2 1e10 nan))
  (func $blend (param $weight v128) (param $count i32) (local $sum v128)
    (local.set $sum (i8x16.add (local.get $weight) (local.get $weight)))
    (i8x16.neg (local.get $sum))
    (drop (i32.div_u (i32.const 7) (local.get $count)))
    (drop))
  (func (export "main")
    (call $blend (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 127) (i32.const 0))))"#;
    wat::parse_str(text).expect("the text is valid")
}

/// Returns the module of the example of orders, which traps with a list of structures in a global.
pub fn orders() -> Vec<u8> {
    let text = include_str!("../../../examples/orders.wat");
    let text = text.replace("(export \"serve\")", "(export \"main\")");
    wat::parse_str(text).expect("the text is valid")
}

/// Returns a module that traps with a list of `count` structures, linked in both directions, and as
/// many texts.
pub fn long_list(count: u32) -> Vec<u8> {
    let text = format!(
        r#"(module $long
  (type $text (array i8))
  (type $entry (struct (field $number i32) (field $text (ref $text))
    (field $next (mut (ref null $entry))) (field $previous (mut (ref null $entry)))))
  (global $first (mut (ref null $entry)) (ref.null $entry))
  (global $last (mut (ref null $entry)) (ref.null $entry))
  (func (export "main") (local $i i32) (local $entry (ref $entry))
    (loop $next
      (local.set $entry (struct.new $entry (local.get $i)
        (array.new $text (i32.const 97) (i32.const 5)) (ref.null $entry) (global.get $last)))
      (if (ref.is_null (global.get $last))
        (then (global.set $first (local.get $entry)))
        (else (struct.set $entry $next (global.get $last) (local.get $entry))))
      (global.set $last (local.get $entry))
      (br_if $next (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {count}))))
    unreachable))"#
    );
    wat::parse_str(text).expect("the text is valid")
}

/// Returns the binary of [`SHOP`].
pub fn shop() -> &'static [u8] {
    static BINARY: OnceLock<Vec<u8>> = OnceLock::new();
    BINARY.get_or_init(|| wat::parse_str(SHOP).expect("the text is valid"))
}

/// The dump that Wasmtime writes of the shop's trap. A test that links Wasmtime compares it
/// with what Wasmtime writes, and can write it anew.
pub const BY_WASMTIME: &[u8] = include_bytes!("by_wasmtime.coredump");

/// Locals and operands of a frame.
type Values = (Vec<CoreDumpValue>, Vec<CoreDumpValue>);

/// Program whose dumps are imitated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Writer {
    /// Wasmtime, which writes no values.
    Wasmtime,
    /// The crates of the format's first version, which write no values, modules or instances.
    First,
    /// A writer that uses everything that the standard's sections can express.
    Thorough,
}

/// Returns a dump of the shop's trap.
pub fn dump(writer: Writer) -> Vec<u8> {
    match writer {
        Writer::Wasmtime => return BY_WASMTIME.to_vec(),
        Writer::First => return by_the_first(),
        Writer::Thorough => {}
    }
    let mut stack = CoreDumpStackSection::new("main");
    let i32 = CoreDumpValue::I32;
    let values: [Values; 3] = [
        (vec![i32(840), i32(0)], vec![i32(840), i32(0)]),
        (
            vec![i32(1024), i32(0), i32(840), CoreDumpValue::F64(1.5.into())],
            vec![i32(7)],
        ),
        (vec![], vec![]),
    ];
    for ((function, offset), (locals, operands)) in trap().into_iter().zip(values) {
        stack.frame(0, function, offset, locals, operands);
    }
    with_stack(&stack)
}

/// Returns a dump that the crates of the format's first version write.
fn by_the_first() -> Vec<u8> {
    use wasm_coredump_builder::{CoredumpBuilder, FrameBuilder, ThreadBuilder};
    let mut memory = vec![0; 2 << 16];
    memory[1024..1037].copy_from_slice(b"apples, pears");
    let mut dump = CoredumpBuilder::new()
        .executable_name("shop.wasm")
        .memory(2, None)
        .data(&memory);
    let mut thread = ThreadBuilder::new().thread_name("main");
    for (function, offset) in trap() {
        let frame = FrameBuilder::new().funcidx(function).codeoffset(offset);
        thread.add_frame(frame.build());
    }
    dump.add_thread(thread.build());
    dump.serialize().expect("writing to a vector cannot fail")
}

/// Returns a dump of a recursion with `frames` frames.
pub fn deep(frames: u32) -> Vec<u8> {
    let mut stack = CoreDumpStackSection::new("main");
    for depth in (0..frames).rev() {
        let locals = [CoreDumpValue::I32(depth as i32), CoreDumpValue::I32(-1)];
        stack.frame(0, 0, 3, locals, []);
    }
    with_stack(&stack)
}

/// Returns a dump of a memory of 256 MiB with 24 MiB of random bytes, and a text that a local
/// points to.
pub fn big() -> Vec<u8> {
    const POINTED: usize = 0xc00_0000;
    let mut random = 1_u64;
    let mut next = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 56) as u8
    };
    let bytes: Vec<u8> = (0..24 << 20).map(|_| next()).collect();
    let mut stack = CoreDumpStackSection::new("main");
    stack.frame(
        0,
        0,
        3,
        [CoreDumpValue::I32(POINTED as i32), CoreDumpValue::I32(-1)],
        [],
    );
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(0xb00_0000), bytes);
    data.active(0, &ConstExpr::i32_const(POINTED as i32), *b"pointed to");
    with_memory(4096, &data, &stack)
}

/// Returns Backstitch's dump of a module whose `main` traps.
pub fn ours(module: &[u8], name: &str) -> Vec<u8> {
    let (mut store, error) = trapped(module);
    let dump = error.downcast_ref::<WasmCoreDump>();
    dump.expect("dumps are configured")
        .serialize(&mut store, name)
}

/// Calls the `main` of a module, which must trap. Returns the store and the error.
fn trapped(module: &[u8]) -> (Store<()>, Error) {
    let mut config = Config::new();
    config.coredump_on_trap(true);
    let engine = Engine::new(&config).expect("the configuration is valid");
    let module = Module::new(&engine, module).expect("the module is valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("the module has no imports");
    let main = instance
        .get_func(&mut store, "main")
        .expect("the export exists");
    let ty = main.ty(&store);
    let arguments: Option<Vec<Val>> = ty.params().map(|ty| ty.default_value()).collect();
    let mut results = vec![Val::I32(0); ty.results().len()];
    let arguments = arguments.expect("every parameter has a default");
    let outcome = main.call(&mut store, &arguments, &mut results);
    (store, outcome.expect_err("the call traps"))
}

fn with_stack(stack: &CoreDumpStackSection) -> Vec<u8> {
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(1024), *b"apples, pears");
    with_memory(2, &data, stack)
}

fn with_memory(pages: u64, data: &DataSection, stack: &CoreDumpStackSection) -> Vec<u8> {
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: pages,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    for (val_type, value) in [
        (ValType::I64, ConstExpr::i64_const(1_234_567_890_123)),
        (ValType::I32, ConstExpr::i32_const(1)),
    ] {
        let ty = GlobalType {
            val_type,
            mutable: true,
            shared: false,
        };
        globals.global(ty, &value);
    }
    let mut modules = CoreDumpModulesSection::new();
    modules.module("shop");
    let mut instances = CoreDumpInstancesSection::new();
    instances.instance(0, [0], [0, 1]);
    let mut module = wasm_encoder::Module::new();
    module
        .section(&CoreDumpSection::new("shop.wasm"))
        .section(&memories)
        .section(&globals)
        .section(data)
        .section(&modules)
        .section(&instances)
        .section(stack);
    module.finish()
}

/// Returns the functions and offsets of the shop's trap, from the backtrace.
fn trap() -> Vec<(u32, u32)> {
    let (_, error) = trapped(shop());
    let backtrace = error
        .downcast_ref::<WasmBacktrace>()
        .expect("the call trapped");
    let frames = backtrace.frames().iter();
    frames
        .map(|frame| {
            let offset = frame.func_offset().expect("offsets are known");
            (frame.func_index(), offset as u32)
        })
        .collect()
}
