//! Fuel: every way through a function costs what its instructions cost.

use super::*;

/// Labels that code reaches in several ways, which owe different amounts of fuel there: by branches of
/// every kind, by clauses and from above. A number decides on the way, and whether it ends with a trap.
const WAYS: &str = r#"(module
  (tag $thrown (param i32))
  (type $pair (struct (field i32)))
  (func $throws (param i32)
    (if (local.get 0) (then (throw $thrown (local.get 0)))))
  (func (export "run") (param $n i32) (result i32)
    (local $i i32) (local $sum i32) (local $any anyref)
    (block $out
      (loop $more
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (block $caught (result i32)
          (i32.const 5)
          (br_if $caught (i32.eq (local.get $i) (local.get $n)))
          (drop)
          (try_table (catch $thrown $caught)
            (call $throws (i32.and (local.get $i) (i32.const 3)))
            (br_if $more (i32.lt_u (local.get $i) (i32.and (local.get $n) (i32.const 12)))))
          (i32.const 9))
        (local.set $sum (i32.add (local.get $sum)))
        (block $a
          (block $b
            (block $c
              (br_if $b (i32.and (local.get $n) (i32.const 4)))
              (nop)
              (br_if $c (i32.eqz (i32.rem_u (local.get $i) (i32.const 3))))
              (br_table $a $b $c $more $a $out
                (i32.rem_u (i32.add (local.get $i) (local.get $n)) (i32.const 6))))
            (local.set $sum (i32.add (local.get $sum) (i32.const 7)))
            (br_if $a (i32.eqz (i32.and (local.get $i) (i32.const 5)))))
          (if (i32.and (local.get $i) (i32.const 2))
            (then (local.set $sum (i32.mul (local.get $sum) (i32.const 3))))))
        (if (i32.and (local.get $i) (i32.const 1))
          (then (local.set $any (struct.new $pair (local.get $i))))
          (else
            (local.set $any (ref.i31 (local.get $sum)))
            (br_if $more (i32.lt_u (local.get $i) (local.get $n)))))
        (block $pair (result (ref $pair))
          (block $null
            (br_on_cast $pair anyref (ref $pair) (br_on_null $null (local.get $any)))
            (drop)
            (local.set $any (ref.null any)))
          (struct.new $pair (i32.const 3)))
        (struct.get $pair 0)
        (local.set $sum (i32.xor (local.get $sum)))
        (loop $again
          (try_table (catch_all $again)
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.eq (local.get $i) (i32.const 4)))
            (call $throws (i32.and (local.get $i) (i32.const 1)))))
        (br_if $more (i32.lt_u (local.get $i) (local.get $n)))))
    (if (i32.eq (local.get $n) (i32.const 6)) (then (return (i32.const 1))))
    (i32.div_u (local.get $sum) (i32.rem_u (local.get $n) (i32.const 5)))))"#;

/// Returns the fuel that a call of `run` spends, how it ended, and what the instructions cost at which it
/// has stopped before, if it is run in single steps.
fn run(engine: &Engine, module: &Module, n: i32, single_steps: bool) -> (u64, String, u64) {
    let mut store = Store::new(engine, ());
    store.set_fuel(1 << 20).unwrap();
    let instance = Instance::new(&mut store, module, &[]).unwrap();
    let function = instance.get_func(&mut store, "run").unwrap();
    let mut execution = function.start(&mut store, &[Val::I32(n)]).unwrap();
    store.single_step(single_steps).unwrap();
    let mut cost = 1;
    let end = loop {
        match execution.resume(&mut store) {
            Ok(Outcome::Suspended(Suspension::Breakpoint)) => {
                let backtrace = execution.backtrace(&store);
                let offset = backtrace.frames()[0].module_offset().unwrap();
                cost += match module.0.bytes[offset] {
                    // `unreachable`, `nop`, `block`, `loop`, `else`, `end`, `return`, `drop`
                    0x00..=0x03 | 0x05 | 0x0B | 0x0F | 0x1A => 0,
                    // `call`, which enters a function
                    0x10 => 2,
                    _ => 1,
                };
            }
            Ok(Outcome::Done(results)) => break format!("{:?}", results[0].i32()),
            Ok(other) => panic!("{other:?}"),
            Err(error) => break format!("{:?}", error.downcast_ref::<Trap>()),
        }
    };
    (store.fuel_spent().unwrap(), end, cost)
}

#[test]
#[cfg_attr(miri, ignore = "it takes long")]
fn every_way_to_a_label_costs_what_its_instructions_cost() {
    let mut ends = alloc::collections::BTreeSet::new();
    for dispatch in [Dispatch::best(), Dispatch::Loop] {
        let engine = Engine::new(Config::new().dispatch(dispatch).consume_fuel(true)).unwrap();
        let module = module(&engine, WAYS);
        for n in 0..40 {
            let (fuel, end, _) = run(&engine, &module, n, false);
            let (stepped_fuel, stepped_end, cost) = run(&engine, &module, n, true);
            assert_eq!((fuel, &end), (cost, &stepped_end), "{n}");
            assert_eq!(stepped_fuel, cost, "{n}, in single steps");
            ends.insert(end);
        }
    }
    assert!(ends.len() > 10, "{ends:?}");
}
