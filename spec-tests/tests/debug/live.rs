//! A running program behind a client of our own (D3, D4): breakpoints, steps, watched bytes, an endless
//! loop that is interrupted, a trap, and continuations as threads.

use crate::client::{Client, Stream, hex};
use backstitch::debug::Live;
use backstitch::{Config, Engine, Execution, Instance, Module, Store};
use std::thread;
use std::time::Duration;

/// A generator, a loop that may be endless, a write, and a trap.
const TEXT: &str = r#"(module
  (type $f (func))
  (type $k (cont $f))
  (tag $yield)
  (memory 1)
  (global $again (mut i32) (i32.const 1))
  (elem declare func $generator)
  (func $generator
    (suspend $yield)
    (i32.store (i32.const 64) (i32.const 7)))
  (func $spin (param $turns i32)
    (loop $turn
      (local.set $turns (i32.sub (local.get $turns) (i32.const 1)))
      (br_if $turn (local.get $turns))))
  (func (export "run") (param $turns i32) (local $k (ref null $k))
    (block $yielded (result (ref $k))
      (resume $k (on $yield $yielded) (cont.new $k (ref.func $generator)))
      (return))
    (local.set $k)
    (call $spin (local.get $turns))
    (resume $k (local.get $k))
    (unreachable)))"#;

fn start(turns: i32) -> (Store<()>, Module, Execution) {
    let mut config = Config::new();
    config.interruptible(true).coredump_on_trap(true);
    config.wasm_stack_switching(true);
    let engine = Engine::new(&config).expect("an engine");
    let module = Module::new(&engine, TEXT).expect("a module");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
    let run = instance.get_func(&mut store, "run").expect("a function");
    let call = run.start(&mut store, &[turns.into()]).expect("a call");
    (store, module, call)
}

/// Returns the offsets of all instructions of a module.
fn instructions(module: &Module) -> Vec<u32> {
    std::iter::successors(module.instruction_from(0), |at| {
        module.instruction_from(at + 1)
    })
    .collect()
}

/// Returns the address of an instruction in hexadecimal.
fn code(offset: u32) -> String {
    format!("{:x}", 0x4000_0001_0000_0000_u64 + u64::from(offset))
}

/// Returns the instruction at which the client's thread is.
fn pc(client: &mut Client<impl Stream>) -> u32 {
    let answer = client.ask("p0");
    let bytes: Vec<u8> = (0..4)
        .map(|at| u8::from_str_radix(&answer[2 * at..2 * at + 2], 16).expect("a digit"))
        .collect();
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

#[test]
fn d3_a_program_stops_and_goes_on() {
    let (mut store, module, call) = start(2);
    let offsets = instructions(&module);
    let main = call.number();
    let mut client = Client::local(Live::new(&mut store, call).expect("a debuggee"));
    client.trust();
    assert!(client.ask("?").starts_with("T05"));
    // `suspend`, and the `i32.store` of the generator.
    let (suspend, write) = (offsets[0], offsets[3]);
    client.expect(&format!("Z0,{},1", code(suspend)), "OK");
    assert!(client.ask("c").contains("reason:breakpoint"));
    assert_eq!(pc(&mut client), suspend);
    client.expect(&format!("z0,{},1", code(suspend)), "OK");
    // The generator has its caller's frames below.
    assert_eq!(
        client.ask(&format!("qWasmCallStack:{main:x}")).len(),
        2 * 16
    );
    // A step suspends it: then it is a thread of its own.
    assert!(
        client
            .ask(&format!("vCont;s:{main:x}"))
            .contains("reason:trace")
    );
    assert_ne!(pc(&mut client), suspend);
    assert_eq!(client.ask("qfThreadInfo").matches(',').count(), 1);
    // A range is stepped over as a whole.
    let spin = offsets[5];
    client.expect(&format!("Z0,{},1", code(spin)), "OK");
    assert!(client.ask("c").contains("reason:breakpoint"));
    let (from, to) = (code(spin), code(offsets[14]));
    let stop = client.ask(&format!("vCont;r{from},{to}:{main:x}"));
    assert!(stop.contains("reason:trace"), "{stop}");
    assert!(pc(&mut client) > offsets[13]);
    // The write is watched, and has not happened yet.
    client.expect("Z2,42,1", "OK");
    let stop = client.ask("c");
    assert!(stop.contains("watch:42;"), "{stop}");
    assert_eq!(pc(&mut client), write);
    client.expect("m40,4", "00000000");
    client.expect("M40,1:05", "OK");
    client.expect("m40,4", "05000000");
    client.expect("z2,42,1", "OK");
    let stop = client.ask("c");
    let message = hex("wasm trap: wasm `unreachable` instruction executed");
    assert!(stop.contains("reason:exception"), "{stop}");
    assert!(stop.contains(&message), "{stop}");
    client.expect("m40,4", "07000000");
    assert!(!client.ask(&format!("qWasmCallStack:{main:x}")).is_empty());
    client.expect("c", "W86");
}

#[test]
fn d3_an_endless_loop_is_interrupted() {
    let (mut store, _, call) = start(0);
    let handle = store.interrupt_handle().expect("a handle");
    let main = call.number();
    let mut client = Client::local(Live::new(&mut store, call).expect("a debuggee"));
    client.trust();
    let ticker = thread::spawn(move || {
        for _ in 0..400 {
            thread::sleep(Duration::from_millis(5));
            handle.interrupt();
        }
    });
    client.send("c");
    client.stream.server.run();
    client.stream.send(b"\x03");
    let stop = client.answer();
    assert!(stop.contains("reason:signal"), "{stop}");
    assert!(client.ask(&format!("qWasmCallStack:{main:x}")).len() >= 16);
    client.expect("vKill;1", "OK");
    drop(client);
    ticker.join().expect("the thread ends");
}
