//! Many programs on one thread. A program that waits for input is suspended, and continues when
//! there is input.

use backstitch::wasi::{
    self, Blocked, MemoryInputPipe, MemoryOutputPipe, Retried, WasiCtx, WasiCtxBuilder,
};
use backstitch::{Engine, Execution, Linker, Module, Outcome, Result, Store, Suspension};

/// Copies its input to its output.
const PROGRAM: &str = r#"
    (module
        (import "wasi_snapshot_preview1" "fd_read"
            (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (loop $again
                (i32.store (i32.const 0) (i32.const 1024))
                (i32.store (i32.const 4) (i32.const 1024))
                (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                (br_if $again (i32.load (i32.const 4))))))
"#;

/// A program and its input and output.
struct Guest {
    store: Store<WasiCtx>,
    execution: Execution,
    input: MemoryInputPipe,
    output: MemoryOutputPipe,
    waits: Option<Blocked>,
}

impl Guest {
    fn new(engine: &Engine, linker: &Linker<WasiCtx>, module: &Module) -> Result<Guest> {
        let input = MemoryInputPipe::open();
        let output = MemoryOutputPipe::new(1 << 16);
        let ctx = WasiCtxBuilder::new()
            .stdin(input.clone())
            .stdout(output.clone())
            .suspend_when_blocked(true)
            .build();
        let mut store = Store::new(engine, ctx);
        let instance = linker.instantiate(&mut store, module)?;
        let start = instance
            .get_func(&mut store, "_start")
            .expect("the program has an entry");
        let mut execution = start.start(&mut store, &[])?;
        let outcome = execution.resume(&mut store)?;
        Ok(Guest {
            store,
            execution,
            input,
            output,
            waits: waits(outcome)?,
        })
    }

    /// Continues the program until it waits again, or ends.
    fn run(&mut self) -> Result<()> {
        while let Some(blocked) = self.waits.take() {
            match blocked.retry(&mut self.store, |ctx| ctx)? {
                Retried::Done(results) => {
                    let outcome = self.execution.resume_with(&mut self.store, &results)?;
                    self.waits = waits(outcome)?;
                }
                Retried::Blocked(blocked) => {
                    self.waits = Some(blocked);
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Returns the call that a suspended program waits in, or `None` if it has ended.
fn waits(outcome: Outcome) -> Result<Option<Blocked>> {
    match outcome {
        Outcome::Suspended(Suspension::Host(request)) => {
            Ok(Some(request.downcast().expect("only WASI suspends here")))
        }
        _ => Ok(None),
    }
}

/// Runs the example, which checks its own results.
pub fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, PROGRAM)?;
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx)?;
    let mut guests = (0..100)
        .map(|_| Guest::new(&engine, &linker, &module))
        .collect::<Result<Vec<_>>>()?;
    assert!(guests.iter().all(|guest| guest.waits.is_some()));

    for (number, guest) in guests.iter_mut().enumerate().rev() {
        guest.input.push(format!("program {number}, "));
        guest.run()?;
        assert!(guest.waits.is_some(), "the program waits for more input");
        guest.input.push("suspended twice");
        guest.input.close();
        guest.run()?;
        assert!(guest.waits.is_none(), "the program has ended");
        let output = String::from_utf8_lossy(&guest.output.contents()).into_owned();
        assert_eq!(output, format!("program {number}, suspended twice"));
        println!("{output}");
    }
    Ok(())
}
