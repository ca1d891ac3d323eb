;; A broken version of Peterson's algorithm: a thread gives the turn to itself, and not to the other
;; one. So both can be in the critical section.
(module $peterson
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "env" "memory" (memory 1 1 shared))
  (export "memory" (memory 0))

  ;; Counts a thread that has ended. The number is at address 0.
  (func $end
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))

  ;; Waits until a number of threads have ended.
  (func $join (param $count i32) (local $ended i32)
    (loop $again
      (local.set $ended (i32.atomic.load (i32.const 0)))
      (if (i32.ne (local.get $ended) (local.get $count))
        (then
          (drop (memory.atomic.wait32 (i32.const 0) (local.get $ended) (i64.const -1)))
          (br $again)))))

  ;; A flag at address 16 or 20 says that a worker wants to enter. The turn is at address 24.
  (func $flag (param $worker i32) (result i32)
    (i32.add (i32.const 16) (i32.mul (local.get $worker) (i32.const 4))))

  (func $enter (param $worker i32) (local $other i32)
    (local.set $other (i32.sub (i32.const 1) (local.get $worker)))
    (i32.atomic.store (call $flag (local.get $worker)) (i32.const 1))
    (i32.atomic.store (i32.const 24) (local.get $worker))
    (block $free
      (loop $again
        (br_if $free (i32.eqz (i32.atomic.load (call $flag (local.get $other)))))
        (br_if $again (i32.eq (i32.atomic.load (i32.const 24)) (local.get $other))))))

  (func $leave (param $worker i32)
    (i32.atomic.store (call $flag (local.get $worker)) (i32.const 0)))

  ;; Counts the threads in the critical section at address 28.
  (func $work (param $worker i32)
    (call $enter (local.get $worker))
    (if (i32.load (i32.const 28)) (then (unreachable)))
    (i32.store (i32.const 28) (i32.const 1))
    (i32.store (i32.const 28) (i32.const 0))
    (call $leave (local.get $worker)))

  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (call $work (local.get $argument))
    (call $end))

  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 1)))
    (call $join (i32.const 2))))
