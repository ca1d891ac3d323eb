//! A guest as a generator. It suspends with each value to the host, which takes as many values as
//! it needs. This takes no threads, and no native stack while the guest is suspended.

use backstitch::*;

/// `collatz` yields each number of the sequence that begins with its argument, and returns how many
/// there were. It suspends from nested calls, one deeper for each number.
const MODULE: &str = r#"
    (module
        (tag $yield (export "yield") (param i64))
        (func $next (param i64) (result i64)
            (if (result i64) (i64.eqz (i64.rem_u (local.get 0) (i64.const 2)))
                (then (i64.div_u (local.get 0) (i64.const 2)))
                (else (i64.add (i64.mul (local.get 0) (i64.const 3)) (i64.const 1)))))
        (func $collatz (export "collatz") (param i64) (result i64)
            (suspend $yield (local.get 0))
            (if (i64.le_u (local.get 0) (i64.const 1)) (then (return (i64.const 1))))
            (i64.add (i64.const 1) (call $collatz (call $next (local.get 0))))))
"#;

/// Iterator over the values that a call yields.
struct Generator<'s> {
    store: &'s mut Store<()>,
    execution: Execution,
    /// Results of the call, after it has returned.
    returned: Option<Vec<Val>>,
}

impl Generator<'_> {
    fn advance(&mut self) -> Result<Option<Val>> {
        if self.returned.is_some() {
            return Ok(None);
        }
        // No values are passed at the first resumption, and `yield` has no results.
        match self.execution.resume(&mut *self.store)? {
            Outcome::Suspended(Suspension::Tag(_, payload)) => Ok(payload.first().copied()),
            Outcome::Suspended(other) => bail!("unexpected suspension: {other:?}"),
            Outcome::Done(results) => {
                self.returned = Some(results);
                Ok(None)
            }
        }
    }
}

impl Iterator for Generator<'_> {
    type Item = Result<Val>;

    fn next(&mut self) -> Option<Result<Val>> {
        self.advance().transpose()
    }
}

/// Runs the example, which checks its own results.
pub fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, MODULE)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let tag = instance
        .get_tag(&mut store, "yield")
        .expect("the module exports `yield`");
    let collatz = instance
        .get_func(&mut store, "collatz")
        .expect("the module exports `collatz`");

    // The host gives the tags that it handles. Any other tag traps, as in an ordinary call.
    let execution = collatz.start_handling(&mut store, &[Val::I64(7)], &[tag])?;
    let mut generator = Generator {
        store: &mut store,
        execution,
        returned: None,
    };

    let first: Vec<i64> = generator
        .by_ref()
        .take(5)
        .map(|value| Ok(value?.unwrap_i64()))
        .collect::<Result<_>>()?;
    println!("the first five: {first:?}");
    assert_eq!(first, [7, 22, 11, 34, 17]);

    // The suspended guest is five calls deep.
    let frames = generator.execution.backtrace(&*generator.store);
    println!("{} frames wait", frames.frames().len());

    let rest = generator.by_ref().count();
    let returned = generator.returned.expect("the call has returned")[0].unwrap_i64();
    println!("{rest} more, {returned} in all");
    assert_eq!((rest, returned), (12, 17));
    Ok(())
}
