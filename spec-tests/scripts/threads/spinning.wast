;; Threads that wait for each other without `memory.atomic.wait`: each makes way for the others.

(module $memory (memory (export "shared") 1 1 shared))
(register "memory" $memory)

(thread $even (shared (module $memory))
  (register "memory" $memory)
  (module
    (memory (import "memory" "shared") 1 1 shared)
    ;; Adds 1 to the number whenever its lowest bit is the parameter.
    (func (export "alternate") (param $bit i32) (result i32) (local $n i32)
      (loop $again
        (if (i32.eq (i32.and (i32.atomic.load (i32.const 0)) (i32.const 1)) (local.get $bit))
          (then
            (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))))
        (br_if $again (i32.lt_u (local.get $n) (i32.const 10))))
      (local.get $n)))
  (assert_return (invoke "alternate" (i32.const 0)) (i32.const 10)))

(thread $odd (shared (module $memory))
  (register "memory" $memory)
  (module
    (memory (import "memory" "shared") 1 1 shared)
    (func (export "alternate") (param $bit i32) (result i32) (local $n i32)
      (loop $again
        (if (i32.eq (i32.and (i32.atomic.load (i32.const 0)) (i32.const 1)) (local.get $bit))
          (then
            (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))))
        (br_if $again (i32.lt_u (local.get $n) (i32.const 10))))
      (local.get $n))
    (func (export "notify") (result i32)
      (i32.atomic.store (i32.const 4) (i32.const 1))
      (memory.atomic.notify (i32.const 4) (i32.const 1))))
  (assert_return (invoke "alternate" (i32.const 1)) (i32.const 10))
  (assert_return (invoke "notify") (i32.const 1)))

;; So does the script itself.
(module
  (memory (import "memory" "shared") 1 1 shared)
  (func (export "spin") (result i32)
    (loop $again
      (br_if $again (i32.lt_u (i32.atomic.load (i32.const 0)) (i32.const 20))))
    (i32.atomic.load (i32.const 0)))
  (func (export "wait") (result i32)
    (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1)))
  (func (export "time-out") (result i32)
    (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 1000))))
(assert_return (invoke "wait") (i32.const 0))
(assert_return (invoke "spin") (i32.const 20))
(wait $even)
(wait $odd)
(assert_return (invoke "time-out") (i32.const 2))
