;; Threads of a script take turns, wait for each other, and have names of their own.

(module $Memory (memory (export "memory") 1 1 shared))

;; The first thread waits twice; the second one wakes it in between.
(thread $Consumer (shared (module $Memory))
  (register "shared" $Memory)
  (module
    (memory (import "shared" "memory") 1 1 shared)
    (func (export "wait") (param $at i32) (result i32)
      (memory.atomic.wait32 (local.get $at) (i32.const 0) (i64.const -1)))
    (func (export "value") (result i32) (i32.load (i32.const 100)))
    (func (export "unaligned") (result i32)
      (memory.atomic.wait32 (i32.const 2) (i32.const 0) (i64.const -1))))
  (assert_return (invoke "wait" (i32.const 0)) (i32.const 0))
  (assert_return (invoke "value") (i32.const 7))
  (assert_trap (invoke "unaligned") "unaligned atomic")
  (assert_return (invoke "wait" (i32.const 8)) (i32.const 0))
  (assert_return (invoke "value") (i32.const 8)))

(thread $Producer (shared (module $Memory))
  (register "shared" $Memory)
  (module
    (memory (import "shared" "memory") 1 1 shared)
    (func (export "put") (param $value i32)
      (i32.store (i32.const 100) (local.get $value)))
    (func (export "wake") (param $at i32) (result i32)
      (memory.atomic.notify (local.get $at) (i32.const 1)))
    (func (export "pause") (result i32)
      (memory.atomic.wait32 (i32.const 16) (i32.const 0) (i64.const 1000000))))
  (invoke "put" (i32.const 7))
  (assert_return (invoke "wake" (i32.const 0)) (i32.const 1))
  ;; The other thread runs while this one waits.
  (assert_return (invoke "pause") (i32.const 2))
  (invoke "put" (i32.const 8))
  (assert_return (invoke "wake" (i32.const 8)) (i32.const 1)))

(wait $Consumer)
(wait $Producer)

;; Both names are in the scopes of the threads only.
(assert_unlinkable
  (module (import "shared" "memory" (memory 1 1 shared)))
  "unknown import")

;; If all threads wait, time passes: the shorter timeout ends first.
(thread $Long (shared (module $Memory))
  (register "shared" $Memory)
  (module
    (memory (import "shared" "memory") 1 1 shared)
    (func (export "sleep") (result i32)
      (memory.atomic.wait64 (i32.const 24) (i64.const 0) (i64.const 9000000000)))
    (func (export "order") (result i32) (i32.atomic.rmw.add (i32.const 32) (i32.const 1))))
  (assert_return (invoke "sleep") (i32.const 2))
  (assert_return (invoke "order") (i32.const 1)))
(thread $Short (shared (module $Memory))
  (register "shared" $Memory)
  (module
    (memory (import "shared" "memory") 1 1 shared)
    (func (export "sleep") (result i32)
      (memory.atomic.wait64 (i32.const 24) (i64.const 0) (i64.const 8000000000)))
    (func (export "order") (result i32) (i32.atomic.rmw.add (i32.const 32) (i32.const 1))))
  (assert_return (invoke "sleep") (i32.const 2))
  (assert_return (invoke "order") (i32.const 0)))
(wait $Long)
(wait $Short)
