//! Tests of forks: S6. They are small enough for Miri; `spec-tests` forks the calls of the official
//! scripts. Most stores are dropped before their forks run, so that Miri finds what these share.

use super::*;
use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

/// Returns a fork in which host values that are numbers are copied, with a handle of the fork.
fn forked<H: StoreHandle>(store: &Store<()>, handle: &H) -> (Store<()>, H) {
    let copy = |value: &(dyn core::any::Any + Send + Sync)| {
        let number: &u32 = value.downcast_ref()?;
        Some(Box::new(*number) as Box<dyn core::any::Any + Send + Sync>)
    };
    let mut fork = store.fork_with((), copy).unwrap();
    let handle = fork.get(handle);
    (fork.into_store(), handle)
}

fn instantiated(engine: &Engine, text: &str) -> (Store<()>, Instance) {
    let mut store = Store::new(engine, ());
    if store.get_fuel().is_ok() {
        store.set_fuel(1 << 20).unwrap();
    }
    let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
    (store, instance)
}

fn call(
    store: &mut Store<()>,
    instance: &Instance,
    name: &str,
    params: &[Val],
) -> Result<Vec<Val>> {
    let function = instance.get_func(&mut *store, name).unwrap();
    let mut results = alloc::vec![Val::I32(0); function.ty(&*store).results().len()];
    function.call(store, params, &mut results)?;
    Ok(results)
}

fn number(store: &mut Store<()>, instance: &Instance, name: &str, param: i32) -> i32 {
    call(store, instance, name, &[Val::I32(param)]).unwrap()[0].unwrap_i32()
}

const STATE: &str = r#"(module
    (memory (export "memory") 1 4)
    (table $t (export "t") 2 funcref)
    (global $g (mut i32) (i32.const 1))
    (data $d "abc")
    (elem declare func $one $two)
    (func $one (result i32) (i32.const 1))
    (func $two (result i32) (i32.const 2))
    ;; Adds to all of the state, and returns a number that depends on it.
    (func (export "add") (param $n i32) (result i32)
        (global.set $g (i32.add (global.get $g) (local.get $n)))
        (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (local.get $n)))
        (if (i32.eq (local.get $n) (i32.const 2))
            (then
                (drop (memory.grow (i32.const 1)))
                (table.set $t (i32.const 0) (ref.func $two))
                (data.drop $d))
            (else
                (table.set $t (i32.const 0) (ref.func $one))))
        (i32.add
            (i32.add (global.get $g) (i32.load (i32.const 8)))
            (i32.add
                (i32.mul (i32.const 1000) (call_indirect $t (result i32) (i32.const 0)))
                (i32.mul (i32.const 10000) (memory.size)))))
    (func (export "init") (param i32) (result i32)
        (memory.init $d (i32.const 100) (i32.const 0) (i32.const 3))
        (i32.load8_u (i32.const 101))))"#;

#[test]
fn neither_side_sees_what_the_other_does() {
    let (mut store, instance) = instantiated(&Engine::default(), STATE);
    assert_eq!(number(&mut store, &instance, "add", 1), 11_003);
    let (mut fork, copy) = forked(&store, &instance);
    assert_eq!(number(&mut fork, &copy, "add", 2), 22_007);
    assert_eq!(number(&mut store, &instance, "add", 1), 11_005);
    says(
        call(&mut fork, &copy, "init", &[Val::I32(0)]),
        "out of bounds memory access",
    );
    assert_eq!(number(&mut store, &instance, "init", 0), i32::from(b'b'));
    // A fork can be forked, also when its origin has gone.
    drop(store);
    let (mut second, again) = forked(&fork, &copy);
    drop(fork);
    assert_eq!(number(&mut second, &again, "add", 2), 32_011);
    let memory = again.get_memory(&mut second, "memory").unwrap();
    assert_eq!(memory.size(&second), 3);
}

#[test]
fn a_call_that_passed_instances_goes_on_in_a_fork() {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("host", "ask", |number: i32| -> Result<i32> {
            Err(Error::suspend(number))
        })
        .unwrap();
    let mut store = Store::new(&engine, ());
    let inner = module(
        &engine,
        r#"(module
            (import "host" "ask" (func $ask (param i32) (result i32)))
            (global $calls (mut i32) (i32.const 0))
            (func $inner (export "inner") (param i32) (result i32)
                (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
                (i32.add (global.get $calls) (call $ask (local.get 0)))))"#,
    );
    let inner = linker.instantiate(&mut store, &inner).unwrap();
    linker.instance(&mut store, "inner", inner).unwrap();
    let outer = module(
        &engine,
        r#"(module
            (import "inner" "inner" (func $inner (param i32) (result i32)))
            (global $sum (mut i32) (i32.const 100))
            (func $outer (export "outer") (param $n i32) (result i32)
                (loop $again
                    (global.set $sum (i32.add (global.get $sum) (call $inner (local.get $n))))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (global.get $sum)))"#,
    );
    let outer = linker.instantiate(&mut store, &outer).unwrap();
    let outer = outer.get_func(&mut store, "outer").unwrap();
    let mut execution = outer.start(&mut store, &[Val::I32(3)]).unwrap();
    let mut outcome = execution.resume(&mut store).unwrap();
    for turn in 0.. {
        let request = match outcome {
            Outcome::Suspended(Suspension::Host(request)) => request,
            Outcome::Done(results) => {
                assert_eq!((turn, results[0].unwrap_i32()), (3, 100 + 6 + 60));
                break;
            }
            other => panic!("{other:?}"),
        };
        let answer = request.downcast_ref::<i32>().unwrap() * 10;
        // The store and the execution are replaced by those of a fork.
        let trace = execution.backtrace(&store).to_string();
        (store, execution) = forked(&store, &execution);
        assert_eq!(execution.backtrace(&store).to_string(), trace);
        assert!(
            trace.contains("outer") && trace.contains("inner"),
            "{trace}"
        );
        outcome = execution
            .resume_with(&mut store, &[Val::I32(answer)])
            .unwrap();
    }
}

#[test]
fn continuations_and_their_handlers_go_on_in_both() {
    let text = r#"(module
        (type $f (func (result i32)))
        (type $k (cont $f))
        (tag $yield (param i32))
        (tag $oops (param i32))
        (table $kept 1 (ref null $k))
        (elem declare func $generate)
        (func $generate (result i32) (local $n i32)
            (loop $again
                (suspend $yield (local.tee $n (i32.add (local.get $n) (i32.const 1))))
                (br_if $again (i32.lt_s (local.get $n) (i32.const 3))))
            (throw $oops (i32.const 70)))
        (func (export "begin") (param i32) (result i32)
            (table.set $kept (i32.const 0) (cont.new $k (ref.func $generate)))
            (i32.const 0))
        (func (export "next") (param i32) (result i32) (local $k (ref null $k))
            (block $thrown (result i32)
                (try_table (result i32) (catch $oops $thrown)
                    (block $on (result i32 (ref $k))
                        (return (resume $k (on $yield $on) (table.get $kept (i32.const 0)))))
                    (local.set $k)
                    (table.set $kept (i32.const 0) (local.get $k))))))"#;
    let (mut store, instance) = instantiated(&Engine::default(), text);
    number(&mut store, &instance, "begin", 0);
    let (mut early, early_instance) = forked(&store, &instance);
    assert_eq!(number(&mut store, &instance, "next", 0), 1);
    assert_eq!(number(&mut store, &instance, "next", 0), 2);
    let (mut late, late_instance) = forked(&store, &instance);
    store.gc(None).unwrap();
    drop(store);
    assert_eq!(number(&mut late, &late_instance, "next", 0), 3);
    assert_eq!(number(&mut late, &late_instance, "next", 0), 70);
    assert_eq!(number(&mut early, &early_instance, "next", 0), 1);
}

const LIST: &str = r#"(module
    (type $node (struct (field i32) (field (mut (ref null $node)))))
    (type $bytes (array (mut i8)))
    (tag $t (param (ref null $node)))
    (global $list (mut (ref null $node)) (ref.null $node))
    (global $exn (mut exnref) (ref.null exn))
    (global $host (export "host") (mut externref) (ref.null extern))
    (global $large (mut (ref null $bytes)) (ref.null $bytes))
    ;; Adds numbers to the list, and as many garbage objects.
    (func (export "push") (param $n i32) (result i32)
        (loop $again
            (drop (struct.new $node (i32.const -1) (global.get $list)))
            (global.set $list (struct.new $node (local.get $n) (global.get $list)))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (global.set $large (array.new $bytes (i32.const 7) (i32.const 100000)))
        (block $caught (result exnref)
            (try_table (catch_all_ref $caught) (throw $t (global.get $list)))
            (unreachable))
        (global.set $exn)
        (i32.const 0))
    (func (export "sum") (param $n i32) (result i32) (local $at (ref null $node))
        (local.set $at
            (block $list (result (ref null $node))
                (try_table (catch $t $list) (throw_ref (global.get $exn)))
                (unreachable)))
        (loop $again
            (if (ref.is_null (local.get $at)) (then (return (local.get $n))))
            (local.set $n (i32.add (local.get $n) (struct.get $node 0 (local.get $at))))
            (local.set $at (struct.get $node 1 (local.get $at)))
            (br $again))
        (unreachable)))"#;

#[test]
fn objects_exceptions_and_host_values_are_copied_at_any_point_of_a_collection() {
    let mut config = Config::new();
    // A step of the collector marks a few objects.
    config.gc_threshold(1).gc_step(64);
    let engine = Engine::new(&config).unwrap();
    let (mut store, instance) = instantiated(&engine, LIST);
    let value = ExternRef::new(&mut store, 42_u32).unwrap();
    let host = instance.get_global(&mut store, "host").unwrap();
    host.set(&mut store, Val::ExternRef(Some(value))).unwrap();
    let mut sum = 0;
    for count in if cfg!(miri) { 2..4 } else { 5..60 } {
        number(&mut store, &instance, "push", count);
        sum += count * (count + 1) / 2;
        let (mut fork, copy) = forked(&store, &instance);
        // The fork goes on alone, collects, and ends.
        number(&mut fork, &copy, "push", 3);
        fork.gc(None).unwrap();
        assert_eq!(number(&mut fork, &copy, "sum", 0), sum + 6);
        let host = copy.get_global(&mut fork, "host").unwrap();
        let Val::ExternRef(Some(value)) = host.get(&mut fork) else {
            panic!("the value is kept");
        };
        let value = value.data(&fork).unwrap().unwrap().downcast_ref::<u32>();
        assert_eq!(value, Some(&42));
        assert_eq!(number(&mut store, &instance, "sum", 0), sum);
    }
    let (mut fork, copy) = forked(&store, &instance);
    drop(store);
    let last = if cfg!(miri) { 3 } else { 20 };
    number(&mut fork, &copy, "push", last);
    let expected = sum + last * (last + 1) / 2;
    assert_eq!(number(&mut fork, &copy, "sum", 0), expected);
}

#[test]
fn waiting_executions_are_woken_in_their_own_store() {
    let text = r#"(module
        (memory (export "memory") 1 1 shared)
        (func (export "wait") (param i32) (result i32)
            (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))
        (func (export "notify") (param i32) (result i32)
            (memory.atomic.notify (i32.const 8) (local.get 0))))"#;
    let (mut store, instance) = instantiated(&Engine::default(), text);
    let wait = instance.get_func(&mut store, "wait").unwrap();
    let mut waits: Vec<Execution> = (0..3)
        .map(|_| wait.start(&mut store, &[Val::I32(0)]).unwrap())
        .collect();
    for wait in &mut waits {
        let outcome = wait.resume(&mut store).unwrap();
        assert!(matches!(
            outcome,
            Outcome::Suspended(Suspension::Wait { .. })
        ));
    }
    // One was woken before the fork, and has not gone on.
    assert_eq!(number(&mut store, &instance, "notify", 1), 1);
    let mut fork = store.fork(()).unwrap();
    let copy = fork.get(&instance);
    let mut copies: Vec<Execution> = waits.iter().map(|wait| fork.get(wait)).collect();
    let mut fork = fork.into_store();
    assert!(!copies[0].is_waiting(&fork) && copies[1].is_waiting(&fork));
    assert_eq!(number(&mut fork, &copy, "notify", 1), 1);
    assert!(!copies[1].is_waiting(&fork) && copies[2].is_waiting(&fork));
    assert!(waits[1].is_waiting(&store) && waits[2].is_waiting(&store));
    for (wait, expected) in copies.iter_mut().zip([Some(0), Some(0), None]) {
        match (wait.resume(&mut fork).unwrap(), expected) {
            (Outcome::Done(results), Some(expected)) => {
                assert_eq!(results[0].unwrap_i32(), expected);
            }
            (Outcome::Suspended(Suspension::Wait { .. }), None) => {}
            (outcome, _) => panic!("{outcome:?}"),
        }
    }
    assert_eq!(number(&mut store, &instance, "notify", 5), 2);
    // An execution that is not translated has ended in the fork: it does not count.
    let (mut fork, copy) = forked(&fork, &copy);
    assert_eq!(number(&mut fork, &copy, "notify", 5), 0);
}

#[test]
fn a_trap_can_be_examined_in_a_fork() {
    let text = r#"(module $m
        (func $inner (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
        (func (export "outer") (param i32) (result i32) (call $inner (local.get 0))))"#;
    let (mut store, instance) = instantiated(&Engine::default(), text);
    let outer = instance.get_func(&mut store, "outer").unwrap();
    let mut execution = outer.start(&mut store, &[Val::I32(0)]).unwrap();
    says(execution.resume(&mut store), "integer divide by zero");
    let trace = execution.backtrace(&store).to_string();
    let dump = execution.core_dump(&store).serialize(&mut store, "trap");
    let (mut fork, mut copy) = forked(&store, &execution);
    drop(store);
    assert_eq!(copy.backtrace(&fork).to_string(), trace);
    assert!(copy.core_dump(&fork).serialize(&mut fork, "trap") == dump);
    says(copy.resume(&mut fork), "has ended");
}

#[test]
fn fuel_and_names_are_copied_and_hooks_are_not() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let (mut store, instance) = instantiated(&engine, STATE);
    store.call_hook(|_, _| bail!("called"));
    store.set_fuel(500).unwrap();
    let spent = store.fuel_spent();
    let (mut fork, copy) = forked(&store, &instance);
    assert_eq!((fork.get_fuel().unwrap(), fork.fuel_spent()), (500, spent));
    assert_eq!(number(&mut fork, &copy, "add", 1), 11_003);
    assert!(fork.get_fuel().unwrap() < 500);
    says(call(&mut store, &instance, "add", &[Val::I32(1)]), "called");
    assert_eq!(store.get_fuel().unwrap(), 500);
}

#[test]
fn what_cannot_be_copied_is_named() {
    let mut store = Store::new(&Engine::default(), ());
    ExternRef::new(&mut store, 'x').unwrap();
    assert_eq!(store.fork(()).unwrap_err(), ForkError::HostValue(0));
    #[cfg(backstitch_threads)]
    {
        let mut store = Store::new(&Engine::default(), ());
        Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
        let memory = Memory::new(&mut store, MemoryType::shared(1, 1)).unwrap();
        assert!(store.fork(()).is_ok());
        let _shared = memory.to_shared(&mut store).unwrap();
        assert_eq!(store.fork(()).unwrap_err(), ForkError::SharedMemory(1));
    }
}

#[test]
#[should_panic(expected = "object used with the wrong store")]
fn a_handle_of_the_fork_is_not_one_of_the_store() {
    let (store, instance) = instantiated(&Engine::default(), STATE);
    let (_, copy) = forked(&store, &instance);
    let _ = store.fork(()).unwrap().get(&copy);
}

#[cfg(feature = "std")]
#[test]
fn forks_run_on_several_threads() {
    let (mut store, instance) = instantiated(&Engine::default(), STATE);
    number(&mut store, &instance, "add", 1);
    std::thread::scope(|scope| {
        for times in 1..4 {
            let (store, instance) = (&store, &instance);
            scope.spawn(move || {
                let (mut fork, copy) = forked(store, instance);
                let results = (0..times).map(|_| number(&mut fork, &copy, "add", 1));
                assert_eq!(results.last(), Some(11_003 + 2 * times));
            });
        }
    });
}
