//! Tests of stacks that are suspended, switched, bound, thrown into, moved and collected.
//!
//! They are small enough for Miri; `spec-tests` tests the behaviour.

use super::*;
use alloc::vec::Vec;

/// Depth of recursion in continuations, at which their stacks have grown.
const DEPTH: i32 = if cfg!(miri) { 40 } else { 4_000 };

/// Instantiates a module without imports, and returns the instance and its export `run`.
fn prepared(store: &mut Store<()>, text: &str) -> (Instance, Func) {
    let module = module(&store.engine().clone(), text);
    let instance = Instance::new(&mut *store, &module, &[]).unwrap();
    let run = instance.get_func(&mut *store, "run").unwrap();
    (instance, run)
}

fn call(store: &mut Store<()>, run: &Func, argument: i32) -> Result<i32> {
    let mut results = [Val::I32(0)];
    run.call(store, &[Val::I32(argument)], &mut results)?;
    Ok(results[0].unwrap_i32())
}

/// A generator suspends at every depth of a recursion while its consumer recurses too: both stacks
/// move between one switch and the next.
#[test]
fn both_stacks_move_between_switches() {
    let text = r#"(module
        (type $f (func (param i32)))
        (type $k (cont $f))
        (type $rest (func (param i32)))
        (type $r (cont $rest))
        (tag $yield (param i32) (result i32))
        (elem declare func $generate)
        (func $generate (param i32)
            (if (local.get 0) (then
                (call $generate
                    (i32.sub (suspend $yield (local.get 0)) (i32.const 1))))))
        (func $consume (param $k (ref $r)) (param $answer i32) (result i32)
            (local $got i32)
            (block $h (result i32 (ref $r))
                (resume $r (on $yield $h) (local.get $answer) (local.get $k))
                (return (i32.const 0)))
            (local.set $k) (local.set $got)
            (i32.add (i32.const 1) (call $consume (local.get $k) (local.get $got))))
        (func (export "run") (param i32) (result i32)
            (call $consume (cont.new $k (ref.func $generate)) (local.get 0))))"#;
    let mut store = Store::new(&Engine::default(), ());
    let (_, run) = prepared(&mut store, text);
    assert_eq!(call(&mut store, &run, DEPTH).unwrap(), DEPTH);
    assert_eq!(call(&mut store, &run, 3).unwrap(), 3);
}

/// Two continuations switch to each other, with arguments bound to the first.
#[test]
fn stacks_switch_to_each_other() {
    let text = r#"(module
        (rec (type $f (func (param i32 (ref null $k)) (result i32)))
             (type $k (cont $f)))
        (type $f2 (func (param i32 i32 (ref null $k)) (result i32)))
        (type $k2 (cont $f2))
        (tag $e (result i32))
        (elem declare func $ping $pong)
        (func $ping (type $f2) (param $step i32) (param $n i32) (param $to (ref null $k)) (result i32)
            (local.set $to (cont.new $k (ref.func $pong)))
            (loop $again
                (if (i32.le_s (local.get $n) (i32.const 0)) (then (return (local.get $n))))
                (switch $k $e (i32.sub (local.get $n) (local.get $step)) (local.get $to))
                (local.set $to) (local.set $n)
                (br $again))
            (unreachable))
        (func $pong (type $f) (param $n i32) (param $to (ref null $k)) (result i32)
            (loop $again
                (switch $k $e (i32.sub (local.get $n) (i32.const 1)) (local.get $to))
                (local.set $to) (local.set $n)
                (br $again))
            (unreachable))
        (func (export "run") (param i32) (result i32)
            (resume $k (on $e switch)
                (local.get 0) (ref.null $k)
                (cont.bind $k2 $k (i32.const 3) (cont.new $k2 (ref.func $ping))))))"#;
    let mut store = Store::new(&Engine::default(), ());
    let (_, run) = prepared(&mut store, text);
    assert_eq!(call(&mut store, &run, 40).unwrap(), 0);
}

/// An exception that is thrown into a suspended stack is caught there, and one that is thrown out
/// of it is caught by the stack that resumed it.
#[test]
fn exceptions_go_in_and_out_of_stacks() {
    let text = r#"(module
        (type $f (func (result i32)))
        (type $k (cont $f))
        (tag $yield)
        (tag $e (param i32))
        (elem declare func $inner)
        (func $deep (param i32)
            (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))))
            (suspend $yield))
        (func $inner (result i32)
            (throw $e (i32.add (i32.const 1)
                (block $caught (result i32)
                    (try_table (catch $e $caught) (call $deep (i32.const 9)))
                    (unreachable)))))
        (func (export "run") (param i32) (result i32)
            (local $k (ref null $k))
            (block $h (result (ref $k))
                (drop (resume $k (on $yield $h) (cont.new $k (ref.func $inner))))
                (unreachable))
            (local.set $k)
            (block $caught (result i32)
                (try_table (catch $e $caught)
                    (drop (resume_throw $k $e (local.get 0) (local.get $k))))
                (unreachable))))"#;
    let mut store = Store::new(&Engine::default(), ());
    let (_, run) = prepared(&mut store, text);
    for argument in [1, 70] {
        assert_eq!(call(&mut store, &run, argument).unwrap(), argument + 1);
    }
}

/// Stacks in a cycle through a table element are walked, kept while they can be reached, and freed
/// afterwards.
#[test]
fn suspended_stacks_are_walked_and_collected() {
    let text = r#"(module
        (type $f (func (param i32)))
        (type $k (cont $f))
        (type $rest (func))
        (type $r (cont $rest))
        (tag $yield)
        (table $kept 8 (ref null $r))
        (elem declare func $inner)
        (func $inner (param i32)
            (if (local.get 0) (then (call $inner (i32.sub (local.get 0) (i32.const 1)))))
            (suspend $yield))
        (func (export "run") (param i32) (result i32)
            (i32.rem_u (local.get 0) (i32.const 8))
            (block $h (result (ref $r))
                (resume $k (on $yield $h) (local.get 0) (cont.new $k (ref.func $inner)))
                (unreachable))
            (table.set $kept)
            (local.get 0))
        (func (export "clear") (table.fill $kept (i32.const 0) (ref.null $r) (i32.const 8))))"#;
    let mut store = Store::new(&Engine::default(), ());
    let (instance, run) = prepared(&mut store, text);
    for depth in 0..12 {
        call(&mut store, &run, depth).unwrap();
    }
    store.gc(None).unwrap();
    let frames: Vec<usize> = store
        .continuations()
        .map(|stack| stack.backtrace(&store).unwrap().frames().len())
        .collect();
    let mut sorted = frames.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (5..13).collect::<Vec<_>>());
    let dump = WasmCoreDump::capture(&mut store);
    assert!(!dump.serialize(&mut store, "switching").is_empty());
    let clear = instance.get_typed_func::<(), ()>(&mut store, "clear");
    clear.unwrap().call(&mut store, ()).unwrap();
    store.gc(None).unwrap();
    assert_eq!(store.continuations().count(), 0);
}

/// The host handles a tag, answers, and drops an execution in the middle of another.
#[test]
fn the_host_answers_and_abandons() {
    let text = r#"(module
        (tag $ask (export "ask") (param i32) (result i32))
        (func $deep (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1)))
                               (suspend $ask (local.get 0))))
                (else (i32.const 0))))
        (func (export "run") (param i32) (result i32) (call $deep (local.get 0))))"#;
    let mut store = Store::new(&Engine::default(), ());
    let (instance, run) = prepared(&mut store, text);
    let ask = instance.get_tag(&mut store, "ask").unwrap();
    let start = |store: &mut Store<()>| {
        let arguments = [Val::I32(DEPTH.min(12))];
        run.start_handling(store, &arguments, &[ask]).unwrap()
    };
    let mut abandoned = start(&mut store);
    let mut answered = start(&mut store);
    let mut questions = 0;
    let (mut first, mut outcome) = (
        abandoned.resume(&mut store).unwrap(),
        answered.resume(&mut store).unwrap(),
    );
    while let Outcome::Suspended(Suspension::Tag(_, payload)) = &outcome {
        questions += 1;
        let answer = Val::I32(payload[0].unwrap_i32() * 2);
        outcome = answered.resume_with(&mut store, &[answer]).unwrap();
        if questions < 3 {
            first = abandoned.resume_with(&mut store, &[Val::I32(1)]).unwrap();
        }
    }
    assert_eq!(questions, 12);
    assert!(matches!(first, Outcome::Suspended(Suspension::Tag(..))));
    drop(abandoned);
    let Outcome::Done(results) = outcome else {
        panic!("it returns, but: {outcome:?}");
    };
    assert_eq!(results[0].unwrap_i32(), 12 * 13);
}
