//! Forks: a search in which the host answers each question of a program in every possible way. At each
//! question the store is forked, so that the program runs on with each answer from where it is.

use backstitch::*;

/// Places queens on a board of six columns, one per row, in the columns that the host chooses. Returns
/// false once two of them attack each other.
const MODULE: &str = r#"
    (module $queens
        (import "host" "choose" (func $choose (param i32) (result i32)))
        (memory (export "columns") 1)
        (func $attacks (param $row i32) (param $other i32) (result i32) (local $distance i32)
            (local.set $distance (i32.sub
                (i32.load8_u (local.get $row)) (i32.load8_u (local.get $other))))
            (i32.or (i32.eqz (local.get $distance))
                (i32.eq (i32.mul (local.get $distance) (local.get $distance))
                    (i32.mul (i32.sub (local.get $row) (local.get $other))
                        (i32.sub (local.get $row) (local.get $other))))))
        (func (export "place") (param $rows i32) (result i32) (local $row i32) (local $other i32)
            (loop $next
                (i32.store8 (local.get $row) (call $choose (local.get $rows)))
                (local.set $other (i32.const 0))
                (block $all
                    (loop $compare
                        (br_if $all (i32.eq (local.get $other) (local.get $row)))
                        (if (call $attacks (local.get $row) (local.get $other))
                            (then (return (i32.const 0))))
                        (local.set $other (i32.add (local.get $other) (i32.const 1)))
                        (br $compare)))
                (local.set $row (i32.add (local.get $row) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $row) (local.get $rows))))
            (i32.const 1)))
"#;

/// Runs a program from where it is with every answer to each of its questions. Returns the number of
/// ways to a success, and prints the columns of the first.
fn search(store: &Store<()>, call: &Execution, memory: Memory, printed: &mut bool) -> Result<u32> {
    let mut successes = 0;
    for answer in 0..6 {
        let mut fork = store.fork(())?;
        let (mut call, memory) = (fork.get(call), fork.get(&memory));
        let mut fork = fork.into_store();
        let outcome = match call.awaits(&fork).is_some() {
            true => call.resume_with(&mut fork, &[Val::I32(answer)])?,
            // The first run, up to the first question.
            false => {
                call.resume(&mut fork)?;
                return search(&fork, &call, memory, printed);
            }
        };
        match outcome {
            Outcome::Suspended(_) => successes += search(&fork, &call, memory, printed)?,
            Outcome::Done(results) if results[0].unwrap_i32() == 1 => {
                if !*printed {
                    println!("columns {:?}", &memory.data(&fork)[..6]);
                    *printed = true;
                }
                successes += 1;
            }
            Outcome::Done(_) => {}
        }
    }
    Ok(successes)
}

fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, MODULE)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "choose", |_: i32| -> Result<i32> {
        Err(Error::suspend("which column?"))
    })?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    let memory = instance
        .get_memory(&mut store, "columns")
        .expect("an export");
    let place = instance.get_func(&mut store, "place").expect("an export");
    let call = place.start(&mut store, &[Val::I32(6)])?;
    let solutions = search(&store, &call, memory, &mut false)?;
    println!("{solutions} solutions");
    assert_eq!(solutions, 4);
    Ok(())
}
