//! A call that goes on from snapshots, in other stores.

use super::{Board, CONTROLLER, link, load};
use alloc::vec::Vec;
use backstitch::{
    CompilationMode, Config, Engine, Execution, Linker, Outcome, Result, Snapshot, SnapshotHost,
    SnapshotOptions, Store, Suspension,
};
use core::fmt::Write;

/// Fuel of each part of the call.
const FUEL: u64 = 90;

/// The board while no store has it.
struct Shelf<O>(Option<Board<O>>);

impl<O> SnapshotHost<Board<O>> for Shelf<O> {
    fn save_data(&mut self, board: &Board<O>) -> Result<Vec<u8>> {
        Ok(board.sensors.to_le_bytes().to_vec())
    }

    fn restore_data(&mut self, bytes: &[u8]) -> Result<Board<O>> {
        let sensors = i32::from_le_bytes(bytes.try_into()?);
        let board = self.0.take().expect("the board is on the shelf");
        Ok(Board { sensors, ..board })
    }
}

/// Calls `statistics` in parts. After each part, the store becomes a snapshot, and the call goes on in
/// the store that is made of it, under the other compilation mode.
///
/// The length and a hash of each snapshot are written, so that the board's have the same bytes as the
/// PC's.
pub fn run<O: Write + Send + 'static>(board: Board<O>) -> Result<()> {
    let [engine, other] = [CompilationMode::LazyTranslation, CompilationMode::Eager].map(|mode| {
        Engine::new(
            Config::new()
                .compilation_mode(mode)
                .consume_fuel(true)
                .max_wasm_stack(16 << 10),
        )
    });
    let engines = [engine?, other?];
    let mut store = Store::new(&engines[0], board);
    let mut execution = begin(&engines[0], &mut store)?;
    for part in 1.. {
        store.set_fuel(FUEL)?;
        match execution.resume(&mut store)? {
            Outcome::Suspended(Suspension::Fuel) => {
                (store, execution) = copy(&engines[part % 2], store)?;
            }
            Outcome::Suspended(other) => {
                return Err(backstitch::format_err!("unexpected suspension: {other:?}"));
            }
            Outcome::Done(results) => {
                let (mean, deviation) = (results[0].unwrap_f64(), results[1].unwrap_f64());
                let line = format_args!("{mean}, deviation {deviation}, in {part} stores");
                return store.data_mut().line("mean again", line);
            }
        }
    }
    unreachable!("the call ends")
}

/// Samples the sensors, and starts the call of `statistics`.
fn begin<O: Write + Send + 'static>(
    engine: &Engine,
    store: &mut Store<Board<O>>,
) -> Result<Execution> {
    let mut linker = Linker::new(engine);
    link(&mut linker)?;
    store.set_fuel(1_000_000)?;
    let instance = linker.instantiate(&mut *store, &load(engine, CONTROLLER)?)?;
    super::get::<i32, ()>(store, instance, "sample")?.call(&mut *store, 60)?;
    super::func(store, instance, "statistics")?.start(store, &[])
}

/// Returns a copy of a store, made by `engine` of a snapshot, with its execution.
fn copy<O: Write + Send + 'static>(
    engine: &Engine,
    mut store: Store<Board<O>>,
) -> Result<(Store<Board<O>>, Execution)> {
    let mut bytes = Vec::new();
    store.snapshot(&mut Shelf(None), &mut bytes, &SnapshotOptions::new())?;
    let line = format_args!("{} bytes, hash {:016x}", bytes.len(), hash(&bytes));
    store.data_mut().line("snapshot", line)?;

    let mut shelf = Shelf(Some(store.into_data()));
    let mut linker = Linker::new(engine);
    link(&mut linker)?;
    let module = load(engine, CONTROLLER)?;
    let snapshot = Snapshot::parse(&bytes)?;
    let mut restored = Store::restore(engine, &linker, &[module], &snapshot, &mut shelf)?;
    let execution = restored.executions.pop();
    let execution = execution.expect("the call is suspended in the snapshot");
    Ok((restored.store, execution))
}

/// Returns the FNV-1a hash of bytes.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
