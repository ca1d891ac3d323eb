//! Function bodies that are made to take a translator much time or memory. Both must be
//! proportional to the size of the input.
//!
//! Each body is loaded in every mode. Time is not measured, but each body is so large that
//! quadratic work would not finish.

use crate::guard::{on_small_stack, peak_of};
use backstitch::{CompilationMode, Config, Engine, Linker, Module, Result, Store, Trap, Val};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ElementSection, Elements, Encode, ExportKind, ExportSection,
    Function, FunctionSection, Instruction as I, MemArg, MemArgTarget, MemorySection, MemoryType,
    RefType, TableSection, TableType, TypeSection, ValType,
};

/// Maximum number of results of a function or block that the validator allows.
const MOST_RESULTS: usize = 1000;

/// Builds a module. Types 0 to 3 are `()`, `(i32) -> (i32)`, `() -> (i32 × 1000)` and `(i32 × 1000)
/// -> (i32 × 1000)`.
fn module(functions: &[(u32, Function)]) -> Vec<u8> {
    let many = || std::iter::repeat_n(ValType::I32, MOST_RESULTS);
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([ValType::I32], [ValType::I32]);
    types.ty().function([], many());
    types.ty().function(many(), many());
    let mut section = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    for (index, (ty, function)) in functions.iter().enumerate() {
        section.function(*ty);
        if index < 10 {
            exports.export(&format!("f{index}"), ExportKind::Func, index as u32);
        }
        code.function(function);
    }
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        minimum: 1,
        maximum: None,
        table64: false,
        shared: false,
    });
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut elements = ElementSection::new();
    elements.active(
        None,
        &ConstExpr::i32_const(0),
        Elements::Functions((&[0u32][..]).into()),
    );
    let mut module = wasm_encoder::Module::new();
    module
        .section(&types)
        .section(&section)
        .section(&tables)
        .section(&memories);
    module.section(&exports).section(&elements).section(&code);
    module.finish()
}

/// Builds a body with `locals` locals of type `i32`. Each part is a sequence of instructions and
/// its number of repetitions.
fn body(locals: u32, parts: &[(usize, &[I<'_>])]) -> Function {
    let mut function = Function::new([(locals, ValType::I32)]);
    for (times, instructions) in parts {
        let mut bytes = Vec::new();
        instructions
            .iter()
            .for_each(|instruction| instruction.encode(&mut bytes));
        function.raw(bytes.repeat(*times));
    }
    function.instruction(&I::End);
    function
}

/// Loads a module in every mode, calls its first function with `argument`, and checks that the
/// outcome is the same in all modes.
fn run(what: &str, module: &[u8], argument: Option<i32>) -> Result<Vec<i32>> {
    let bound = (64 << 20) + 200 * module.len();
    let mut outcomes = Vec::new();
    for mode in [
        CompilationMode::Eager,
        CompilationMode::LazyTranslation,
        CompilationMode::Lazy,
    ] {
        for watched in [false, true] {
            let mut config = Config::new();
            config
                .compilation_mode(mode)
                .max_wasm_stack(1 << 20)
                .consume_fuel(watched)
                .epoch_interruption(watched);
            let (outcome, peak) = peak_of(|| run_once(&config, watched, module, argument));
            assert!(
                peak < bound,
                "{what}: {peak} bytes allocated for a module of {} bytes in {mode:?}",
                module.len()
            );
            outcomes.push(outcome);
        }
    }
    let texts: Vec<String> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Ok(values) => format!("{values:?}"),
            Err(error) => error.root_cause().to_string(),
        })
        .collect();
    assert!(
        texts.iter().all(|text| text == &texts[0]),
        "{what}: {texts:?}"
    );
    outcomes.remove(0)
}

fn run_once(
    config: &Config,
    watched: bool,
    module: &[u8],
    argument: Option<i32>,
) -> Result<Vec<i32>> {
    let engine = Engine::new(config)?;
    let module = Module::new(&engine, module)?;
    let mut store = Store::new(&engine, ());
    if watched {
        store.set_fuel(1 << 40)?;
        store.set_epoch_deadline(1 << 40);
    }
    let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
    let function = instance
        .get_func(&mut store, "f0")
        .expect("the first function is exported");
    let mut results = vec![Val::I32(0); function.ty(&store).results().len()];
    let arguments: Vec<Val> = argument.map(Val::I32).into_iter().collect();
    function.call(&mut store, &arguments, &mut results)?;
    Ok(results.iter().map(Val::unwrap_i32).collect())
}

#[track_caller]
fn gives(what: &str, module: &[u8], argument: Option<i32>, expected: &[i32]) {
    let outcome = run(what, module, argument).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!(outcome, expected, "{what}");
}

#[test]
fn deep_blocks() {
    on_small_stack(|| {
        const DEEP: usize = 100_000;
        for block in [I::Block(BlockType::Empty), I::Loop(BlockType::Empty)] {
            let blocks = body(
                0,
                &[(DEEP, &[block]), (DEEP, &[I::End]), (1, &[I::LocalGet(0)])],
            );
            gives("blocks", &module(&[(1, blocks)]), Some(5), &[5]);
        }
        let result = BlockType::Result(ValType::I32);
        let ifs = body(
            0,
            &[
                (DEEP, &[I::LocalGet(0), I::If(result)]),
                (1, &[I::I32Const(8)]),
                (DEEP, &[I::Else, I::I32Const(9), I::End]),
            ],
        );
        let ifs = module(&[(1, ifs)]);
        gives("ifs", &ifs, Some(5), &[8]);
        gives("ifs", &ifs, Some(0), &[9]);
        // Branches from each block to each enclosing one.
        let mut out = Function::new([]);
        out.raw([2, 0x40].repeat(DEEP));
        for left in (0..DEEP as u32).rev() {
            out.instruction(&I::LocalGet(0))
                .instruction(&I::BrIf(left))
                .instruction(&I::End);
        }
        out.instruction(&I::I32Const(6)).instruction(&I::End);
        gives("out", &module(&[(1, out)]), Some(0), &[6]);
    });
}

#[test]
fn tall_operand_stacks() {
    on_small_stack(|| {
        const TALL: usize = 100_000;
        let drops = body(
            0,
            &[
                (TALL, &[I::I32Const(7)]),
                (TALL, &[I::Drop]),
                (1, &[I::LocalGet(0)]),
            ],
        );
        gives("constants", &module(&[(1, drops)]), Some(1), &[1]);
        let sum = body(0, &[(TALL, &[I::LocalGet(0)]), (TALL - 1, &[I::I32Add])]);
        gives("sum", &module(&[(1, sum)]), Some(2), &[2 * TALL as i32]);
        let tees = body(
            1,
            &[
                (
                    TALL,
                    &[
                        I::LocalGet(0),
                        I::LocalTee(1),
                        I::LocalGet(1),
                        I::LocalSet(0),
                    ],
                ),
                (TALL - 1, &[I::I32Xor]),
            ],
        );
        gives("tees", &module(&[(1, tees)]), Some(3), &[0]);
        // Aliases of a local that is assigned repeatedly.
        let changes = body(
            1,
            &[
                (TALL, &[I::LocalGet(0), I::I32Const(1), I::LocalSet(0)]),
                (TALL - 1, &[I::I32Add]),
            ],
        );
        gives(
            "changes",
            &module(&[(1, changes)]),
            Some(5),
            &[4 + TALL as i32],
        );
        // Blocks, calls and branches on top of a tall operand stack.
        let blocks = body(
            0,
            &[
                (TALL, &[I::LocalGet(0), I::I32Const(1)]),
                (
                    TALL,
                    &[
                        I::Block(BlockType::Empty),
                        I::LocalGet(0),
                        I::BrIf(0),
                        I::End,
                    ],
                ),
                (TALL, &[I::Call(1)]),
                (2 * TALL - 1, &[I::I32Add]),
            ],
        );
        let module = module(&[(1, blocks), (0, body(0, &[]))]);
        let error = run("more than a stack holds", &module, Some(1)).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
    });
}

#[test]
fn operand_stacks_beyond_the_limit() {
    on_small_stack(|| {
        // Two bytes push a thousand values. A few hundred kilobytes of code push more than memory
        // can hold, and the validator itself would push them all.
        let calls = body(0, &[(300_000, &[I::Call(1)]), (1, &[I::Unreachable])]);
        let many = body(0, &[(MOST_RESULTS, &[I::I32Const(1)])]);
        let module = module(&[(0, calls), (2, many)]);
        let error = run("calls", &module, None).unwrap_err();
        assert!(format!("{error:#}").contains("operand"), "{error:#}");
    });
}

#[test]
fn branch_tables() {
    on_small_stack(|| {
        const ENTRIES: usize = 1_000_000;
        let entries: Vec<u32> = (0..ENTRIES as u32).map(|entry| entry % 2).collect();
        let switch = I::BrTable(entries.into(), 2);
        let large = body(
            0,
            &[
                (3, &[I::Block(BlockType::Empty)]),
                (1, &[I::LocalGet(0), switch]),
                (1, &[I::End, I::I32Const(10), I::Return]),
                (1, &[I::End, I::I32Const(20), I::Return]),
                (1, &[I::End, I::I32Const(30)]),
            ],
        );
        let large = module(&[(1, large)]);
        for (argument, expected) in [(0, 10), (1, 20), (999_999, 20), (1_000_000, 30), (-1, 30)] {
            gives("a million entries", &large, Some(argument), &[expected]);
        }
        // Each entry targets another block, and each branch moves a thousand values.
        const DEEP: usize = 2_000;
        let all: Vec<u32> = (0..DEEP as u32).collect();
        let stubs = body(
            0,
            &[
                (
                    DEEP,
                    &[I::Block(BlockType::FunctionType(2)), I::I32Const(4)],
                ),
                (1, &[I::Call(1), I::I32Const(1), I::BrTable(all.into(), 0)]),
                (DEEP - 1, &[I::End, I::Br(0)]),
                (1, &[I::End]),
            ],
        );
        let many = body(0, &[(MOST_RESULTS, &[I::I32Const(1)])]);
        let stubs = module(&[(2, stubs), (2, many)]);
        gives("a block each", &stubs, None, &[1; MOST_RESULTS]);
    });
}

#[test]
fn branches_that_move_a_thousand_values() {
    on_small_stack(|| {
        const BRANCHES: usize = 20_000;
        let many = || body(0, &[(MOST_RESULTS, &[I::I32Const(1)])]);
        // Behind another value, so that the values have to be moved.
        let moves = body(
            0,
            &[
                (
                    1,
                    &[
                        I::Block(BlockType::FunctionType(2)),
                        I::I32Const(4),
                        I::Call(1),
                    ],
                ),
                (BRANCHES, &[I::I32Const(0), I::BrIf(0)]),
                (1, &[I::Br(0), I::End]),
            ],
        );
        gives(
            "not in place",
            &module(&[(2, moves), (2, many())]),
            None,
            &[1; MOST_RESULTS],
        );
        let returns = body(
            0,
            &[
                (1, &[I::I32Const(4), I::Call(1)]),
                (BRANCHES, &[I::I32Const(0), I::BrIf(0)]),
                (1, &[I::Return]),
            ],
        );
        gives(
            "returns",
            &module(&[(2, returns), (2, many())]),
            None,
            &[1; MOST_RESULTS],
        );
        let calls = body(0, &[(1, &[I::Call(1)]), (5_000, &[I::Call(2)])]);
        let mut same = Function::new([]);
        for index in 0..MOST_RESULTS as u32 {
            same.instruction(&I::LocalGet(index));
        }
        same.instruction(&I::End);
        let calls = module(&[(2, calls), (2, many()), (3, same)]);
        gives("calls", &calls, None, &[1; MOST_RESULTS]);
        // A thousand results for each of the blocks that are open at the same time.
        const DEEP: usize = 100_000;
        let blocks = body(
            0,
            &[
                (DEEP, &[I::Block(BlockType::FunctionType(2))]),
                (1, &[I::Unreachable]),
                (DEEP, &[I::End]),
            ],
        );
        let error = run("blocks", &module(&[(2, blocks)]), None).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
    });
}

#[test]
fn fifty_thousand_locals() {
    on_small_stack(|| {
        const LOCALS: u32 = 49_999;
        let last = body(
            LOCALS,
            &[(
                1,
                &[I::LocalGet(0), I::LocalSet(LOCALS), I::LocalGet(LOCALS)],
            )],
        );
        let mut functions = vec![(1, last)];
        functions.extend((0..2_000).map(|_| (1, body(LOCALS, &[(1, &[I::LocalGet(LOCALS)])]))));
        gives("many functions", &module(&functions), Some(77), &[77]);
        // All locals are far from the record, so that each operand is copied.
        let far = body(
            LOCALS,
            &[
                (
                    50_000,
                    &[
                        I::LocalGet(LOCALS),
                        I::LocalGet(0),
                        I::I32Add,
                        I::LocalSet(LOCALS),
                    ],
                ),
                (1, &[I::LocalGet(LOCALS)]),
            ],
        );
        gives("far locals", &module(&[(1, far)]), Some(2), &[100_000]);
        // Groups without locals, and more locals than the limit.
        let runs = Function::new(std::iter::repeat_n((0, ValType::I64), 100_000));
        let mut empty = runs.clone();
        empty.instruction(&I::LocalGet(0)).instruction(&I::End);
        gives("empty runs", &module(&[(1, empty)]), Some(4), &[4]);
        let error = run("too many", &module(&[(1, body(50_000, &[]))]), Some(1)).unwrap_err();
        assert!(error.to_string().contains("too many locals"), "{error}");
        let error = run(
            "far too many",
            &module(&[(1, body(u32::MAX, &[]))]),
            Some(1),
        )
        .unwrap_err();
        assert!(error.to_string().contains("too many locals"), "{error}");
    });
}

#[test]
fn long_repetitions_of_one_sequence() {
    on_small_stack(|| {
        const LONG: usize = 500_000;
        let memory = MemArg {
            offset: 0,
            align: 2,
            target: MemArgTarget::default(),
            ordering: None,
        };
        let index = I::CallIndirect {
            type_index: 1,
            table_index: 0,
        };
        for (what, part) in [
            ("nop", &[I::Nop][..]),
            ("tee", &[I::LocalGet(0), I::LocalTee(0), I::LocalSet(0)]),
            (
                "eqz",
                &[I::LocalGet(0), I::I32Eqz, I::I32Eqz, I::I32Eqz, I::Drop],
            ),
            (
                "select",
                &[
                    I::LocalGet(0),
                    I::LocalGet(0),
                    I::I32Const(1),
                    I::Select,
                    I::LocalSet(0),
                ],
            ),
            ("load", &[I::I32Const(0), I::I32Load(memory), I::Drop]),
            (
                "store",
                &[I::I32Const(0), I::LocalGet(0), I::I32Store(memory)],
            ),
            ("empty block", &[I::Block(BlockType::Empty), I::End]),
            (
                "never taken",
                &[
                    I::Block(BlockType::Empty),
                    I::I32Const(0),
                    I::BrIf(0),
                    I::End,
                ],
            ),
            (
                "unreachable",
                &[I::Block(BlockType::Empty), I::Br(0), index, I::Drop, I::End],
            ),
            (
                "if",
                &[I::LocalGet(0), I::If(BlockType::Empty), I::Else, I::End],
            ),
            ("size", &[I::MemorySize(0), I::Drop]),
        ] {
            let long = body(0, &[(LONG, part), (1, &[I::LocalGet(0)])]);
            gives(what, &module(&[(1, long)]), Some(1), &[1]);
        }
    });
}

#[test]
fn bodies_beyond_the_limit() {
    let huge = body(0, &[(8_000_000, &[I::Nop]), (1, &[I::LocalGet(0)])]);
    let error = Module::new(&Engine::default(), module(&[(1, huge)])).unwrap_err();
    assert!(error.to_string().contains("offset"), "{error}");
    println!("{error}");
}
