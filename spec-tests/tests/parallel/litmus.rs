//! Litmus tests of the memory model: outcomes that sequentially consistent atomic accesses, and
//! ordinary accesses ordered by them, do not have.

use super::World;
use spec_tests::engines::each_dispatch;
use std::thread;

const ROUNDS: i32 = 5_000;

/// Runs a function of one number on two threads, for the numbers 0 and 1. Each round uses other
/// addresses, and begins when both threads have reached it.
fn two_threads(functions: &str, check: impl Fn(&World)) {
    let barrier = r#"
        ;; Waits until both threads have reached the round.
        (func $meet (param $round i32)
          (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
          (loop $wait
            (br_if $wait (i32.lt_u (i32.atomic.load (i32.const 0))
              (i32.mul (i32.add (local.get $round) (i32.const 1)) (i32.const 2))))))"#;
    each_dispatch(|engine| {
        let world = World::new(engine, &format!("{barrier} {functions}"));
        world.memory.grow(63).unwrap();
        thread::scope(|scope| {
            for me in [0, 1] {
                let world = &world;
                scope.spawn(move || world.call::<_, ()>("run", (me, ROUNDS)));
            }
        });
        check(&world);
    });
}

/// The address of the first word of a round, which has 64 bytes of its own.
fn of_round(round: i32) -> usize {
    64 * (round as usize + 1)
}

#[test]
fn a_message_is_complete_when_its_flag_is_seen() {
    two_threads(
        r#"(func (export "run") (param $me i32) (param $rounds i32) (local $round i32) (local $at i32)
             (loop $again
               (local.set $at (i32.mul (i32.add (local.get $round) (i32.const 1)) (i32.const 64)))
               (call $meet (local.get $round))
               (if (local.get $me)
                 (then
                   (i32.store offset=4 (local.get $at) (i32.const 1))
                   (f64.store offset=8 (local.get $at) (f64.const 2))
                   (i32.atomic.store (local.get $at) (i32.const 1)))
                 (else
                   (loop $wait (br_if $wait (i32.eqz (i32.atomic.load (local.get $at)))))
                   (i32.store offset=16 (local.get $at) (i32.load offset=4 (local.get $at)))
                   (f64.store offset=24 (local.get $at) (f64.load offset=8 (local.get $at)))))
               (local.set $round (i32.add (local.get $round) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $round) (local.get $rounds)))))"#,
        |world| {
            for round in 0..ROUNDS {
                let at = of_round(round);
                assert_eq!((world.word(at + 16), world.word(at + 28)), (1, 0x4000_0000));
            }
        },
    );
}

#[test]
fn one_of_two_stores_is_seen_by_the_other_thread() {
    two_threads(
        r#"(func (export "run") (param $me i32) (param $rounds i32) (local $round i32) (local $at i32)
             (loop $again
               (local.set $at (i32.mul (i32.add (local.get $round) (i32.const 1)) (i32.const 64)))
               (call $meet (local.get $round))
               (i32.atomic.store
                 (i32.add (local.get $at) (i32.mul (local.get $me) (i32.const 8)))
                 (i32.const 1))
               (i32.store offset=16
                 (i32.add (local.get $at) (i32.mul (local.get $me) (i32.const 8)))
                 (i32.atomic.load (i32.add (local.get $at)
                   (i32.mul (i32.sub (i32.const 1) (local.get $me)) (i32.const 8)))))
               (local.set $round (i32.add (local.get $round) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $round) (local.get $rounds)))))"#,
        |world| {
            for round in 0..ROUNDS {
                let at = of_round(round);
                assert_ne!((world.word(at + 16), world.word(at + 24)), (0, 0));
            }
        },
    );
}

#[test]
fn a_location_does_not_go_back() {
    two_threads(
        r#"(func (export "run") (param $me i32) (param $rounds i32)
             (local $round i32) (local $at i32) (local $first i32) (local $left i32)
             (loop $again
               (local.set $at (i32.mul (i32.add (local.get $round) (i32.const 1)) (i32.const 64)))
               (call $meet (local.get $round))
               (local.set $left (i32.const 4))
               (loop $more
                 (if (local.get $me)
                   (then (i32.store (local.get $at) (i32.sub (i32.const 5) (local.get $left))))
                   (else
                     (local.set $first (i32.load (local.get $at)))
                     (if (i32.lt_u (i32.load (local.get $at)) (local.get $first))
                       (then (i32.store offset=8 (local.get $at) (i32.const 1))))))
                 (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
               (local.set $round (i32.add (local.get $round) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $round) (local.get $rounds)))))"#,
        |world| {
            for round in 0..ROUNDS {
                assert_eq!(world.word(of_round(round) + 8), 0);
            }
        },
    );
}
