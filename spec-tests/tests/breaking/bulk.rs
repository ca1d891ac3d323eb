//! Bulk instructions are executed in pieces. A program can be suspended between two pieces.

use crate::common::{each, module, trap};
use backstitch::{Config, Engine, Execution, Instance, Outcome, Store, Suspension, Trap};

/// Size of each memory in bytes.
const BYTES: usize = 8 << 20;
const ELEMENTS: usize = 1 << 20;

/// Sizes of the segments, which are larger than a piece.
const DATA: usize = (2 << 20) + 5;
const ITEMS: usize = 150_000;

fn text() -> String {
    format!(
        r#"(module
            (memory $a (export "a") 128) (memory $b (export "b") i64 128)
            (table $t (export "t") {ELEMENTS} funcref)
            (data $data "{}")
            (elem $items func {})
            (func $f (export "f")) (func $g (export "g"))
            (func (export "fill")
                (memory.fill (i32.const 3) (i32.const 7) (i32.const {most})))
            (func (export "fill_b")
                (memory.fill $b (i64.const 3) (i32.const 7) (i64.const {most})))
            (func (export "up")
                (memory.copy (i32.const 5) (i32.const 0) (i32.const {most})))
            (func (export "down")
                (memory.copy (i32.const 0) (i32.const 5) (i32.const {most})))
            (func (export "up_b")
                (memory.copy $b $b (i64.const 5) (i64.const 0) (i64.const {most})))
            (func (export "across")
                (memory.copy $b $a (i64.const 2) (i32.const 1) (i32.const {most})))
            (func (export "init")
                (memory.init $a $data (i32.const 9) (i32.const 1) (i32.const {data})))
            (func (export "table_fill")
                (table.fill $t (i32.const 2) (ref.func $g) (i32.const {elements})))
            (func (export "table_up")
                (table.copy $t $t (i32.const 3) (i32.const 1) (i32.const {elements})))
            (func (export "table_init")
                (table.init $t $items (i32.const 4) (i32.const 1) (i32.const {items})))
            ;; One byte beyond the end.
            (func (export "outside")
                (memory.fill (i32.const 1) (i32.const 7) (i32.const {BYTES}))))"#,
        "ab".repeat(DATA / 2 + 1),
        "$f $g ".repeat(ITEMS / 2),
        most = BYTES - 5,
        data = DATA - 2,
        elements = ELEMENTS - 3,
        items = ITEMS - 1,
    )
}

/// State that the operations change.
#[derive(PartialEq)]
struct State {
    memories: [Vec<u8>; 2],
    /// Function of each element: 0 for null, 1 for `f`, 2 for `g`.
    table: Vec<u8>,
}

impl State {
    fn new() -> State {
        let bytes = |salt| (0..BYTES).map(|at| (at ^ at >> 9 ^ salt) as u8).collect();
        State {
            memories: [bytes(0), bytes(77)],
            table: (0..ELEMENTS).map(|at| (at % 7 % 3) as u8).collect(),
        }
    }

    /// Returns the state after the operation.
    fn after(mut self, name: &str) -> State {
        let [a, b] = &mut self.memories;
        let most = BYTES - 5;
        match name {
            "fill" => a[3..3 + most].fill(7),
            "fill_b" => b[3..3 + most].fill(7),
            "up" => a.copy_within(..most, 5),
            "down" => a.copy_within(5.., 0),
            "up_b" => b.copy_within(..most, 5),
            "across" => b[2..2 + most].copy_from_slice(&a[1..=most]),
            "init" => {
                for (at, byte) in a[9..][..DATA - 2].iter_mut().enumerate() {
                    *byte = b"ba"[at % 2];
                }
            }
            "table_fill" => self.table[2..ELEMENTS - 1].fill(2),
            "table_up" => self.table.copy_within(1..ELEMENTS - 2, 3),
            "table_init" => {
                for (at, element) in self.table[4..][..ITEMS - 1].iter_mut().enumerate() {
                    *element = [2, 1][at % 2];
                }
            }
            other => panic!("unknown operation {other}"),
        }
        self
    }
}

struct Scene {
    store: Store<()>,
    instance: Instance,
}

impl Scene {
    fn new(engine: &Engine, text: &str, state: &State) -> Scene {
        let mut store = Store::new(engine, ());
        store.set_fuel(1).unwrap();
        let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
        for (name, bytes) in ["a", "b"].iter().zip(&state.memories) {
            let memory = instance.get_memory(&mut store, name).unwrap();
            memory.data_mut(&mut store).copy_from_slice(bytes);
        }
        let table = instance.get_table(&mut store, "t").unwrap();
        let functions = ["f", "g"].map(|name| instance.get_func(&mut store, name).unwrap());
        for (at, &element) in state.table.iter().enumerate() {
            if let Some(function) = usize::from(element).checked_sub(1) {
                let value = functions[function].into();
                table.set(&mut store, at as u64, value).unwrap();
            }
        }
        Scene { store, instance }
    }

    fn start(&mut self, name: &str) -> Execution {
        let func = self.instance.get_func(&mut self.store, name).unwrap();
        func.start(&mut self.store, &[]).unwrap()
    }

    fn state(&mut self) -> State {
        let Scene { store, instance } = self;
        let memories = ["a", "b"].map(|name| {
            let memory = instance.get_memory(&mut *store, name).unwrap();
            memory.data(&*store).to_vec()
        });
        let table = instance.get_table(&mut *store, "t").unwrap();
        let [_, g] = ["f", "g"].map(|name| instance.get_func(&mut *store, name).unwrap());
        let element = |at| {
            let value = table.get(&mut *store, at as u64).unwrap();
            let function = value.unwrap_func().copied();
            function.map_or(0, |function| if function == g { 2 } else { 1 })
        };
        let table = (0..ELEMENTS).map(element).collect();
        State { memories, table }
    }

    /// Fails if the present state differs from `state`, without printing megabytes.
    #[track_caller]
    fn check(&mut self, name: &str, state: &State) {
        assert!(self.state() == *state, "{name} has another result");
    }
}

const OPERATIONS: &[&str] = &[
    "fill",
    "fill_b",
    "up",
    "down",
    "up_b",
    "across",
    "init",
    "table_fill",
    "table_up",
    "table_init",
];

fn counting(config: &mut Config) {
    config.consume_fuel(true).interruptible(true);
}

/// The fuel of a piece of an operation on a memory, and of one on a table.
const PIECE: [u64; 2] = [1 << 20, 1 << 17];

/// An operation that is suspended after each piece has the same result as without suspensions, and
/// does as much with some fuel as that pays for.
#[test]
fn a_suspended_bulk_operation_continues_where_it_stopped() {
    let text = text();
    for dispatch in crate::common::dispatches() {
        let mut config = Config::new();
        config.dispatch(dispatch);
        counting(&mut config);
        let engine = Engine::new(&config).unwrap();
        for &name in OPERATIONS {
            let mut scene = Scene::new(&engine, &text, &State::new());
            let mut execution = scene.start(name);
            let piece = PIECE[usize::from(name.starts_with("table"))];
            let before = scene.store.fuel_spent().unwrap();
            let mut suspended = 0;
            loop {
                scene.store.set_fuel(piece).unwrap();
                let Outcome::Suspended(why) = execution.resume(&mut scene.store).unwrap() else {
                    break;
                };
                assert!(matches!(why, Suspension::Fuel), "{name}: {why:?}");
                assert_eq!(scene.store.get_fuel().unwrap(), 0);
                suspended += 1;
                let spent = scene.store.fuel_spent().unwrap() - before;
                assert_eq!(spent, suspended * piece, "{name}");
                if suspended == 1 {
                    let now = scene.state();
                    assert!(now != State::new(), "{name}: no change after a piece");
                    assert!(
                        now != State::new().after(name),
                        "{name}: finished after one piece"
                    );
                }
            }
            scene.check(name, &State::new().after(name));
            let pieces = match name {
                "init" => 3,
                "table_init" => 2,
                _ => 8,
            };
            assert!([pieces - 1, pieces].contains(&suspended), "{name}");
        }
    }
}

/// An interruption ends a long operation in the middle and leaves a usable store. Accesses out of
/// bounds are detected before anything is written.
#[test]
fn an_interruption_stops_a_bulk_operation_in_the_middle() {
    let text = text();
    each(counting, |engine| {
        let mut scene = Scene::new(engine, &text, &State::new());
        let mut execution = scene.start("fill");
        for _ in 0..3 {
            scene.store.set_fuel(PIECE[0]).unwrap();
            let outcome = execution.resume(&mut scene.store).unwrap();
            assert!(matches!(outcome, Outcome::Suspended(Suspension::Fuel)));
        }
        scene.store.set_fuel(1 << 40).unwrap();
        scene.store.interrupt_handle().unwrap().interrupt();
        let outcome = execution.resume(&mut scene.store).unwrap();
        assert!(matches!(outcome, Outcome::Suspended(Suspension::Interrupt)));
        drop(execution);
        let state = scene.state();
        let [written, rest] = [&state.memories[0][3..], &State::new().memories[0][3..]];
        // Entering the function and four instructions are paid first.
        let done = (3 << 20) - 5;
        assert!(written[..done].iter().all(|&byte| byte == 7));
        assert!(written[done..] == rest[done..]);

        let outside = scene
            .instance
            .get_func(&mut scene.store, "outside")
            .unwrap();
        let ended = outside.call(&mut scene.store, &[], &mut []);
        assert_eq!(trap(ended), Some(Trap::MemoryOutOfBounds));
        scene.check("a fill out of bounds", &state);

        let up = scene.instance.get_func(&mut scene.store, "up").unwrap();
        up.call(&mut scene.store, &[], &mut []).unwrap();
        scene.check("up", &state.after("up"));
    });
}

/// An operation is charged once, no matter how often fuel runs out between pieces.
#[test]
fn a_bulk_operation_is_charged_once() {
    let text = text();
    let spent = |config: &mut Config, often: bool| {
        let engine = Engine::new(config.consume_fuel(true)).unwrap();
        let mut scene = Scene::new(&engine, &text, &State::new());
        let before = scene.store.fuel_spent().unwrap();
        let fuel = if often { 0 } else { 1 << 40 };
        scene.store.set_fuel(fuel).unwrap();
        let mut execution = scene.start("up");
        let mut suspended = 0;
        while let Outcome::Suspended(_) = execution.resume(&mut scene.store).unwrap() {
            scene.store.set_fuel(1_000).unwrap();
            suspended += 1;
        }
        scene.check("up", &State::new().after("up"));
        assert_eq!(suspended > 0, often);
        scene.store.fuel_spent().unwrap() - before
    };
    for dispatch in crate::common::dispatches() {
        let mut config = Config::new();
        config.dispatch(dispatch);
        let once = spent(&mut config, false);
        assert!(once > BYTES as u64 - 5);
        assert_eq!(spent(&mut config, true), once);
    }
}
