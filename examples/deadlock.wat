;; Two bakers share a rolling pin and a bowl. Each takes one of them, and then waits for the other,
;; in opposite orders: a deadlock.
;;
;;   backstitch run --deterministic --coredump deadlock.core examples/deadlock.wat
;;   backstitch inspect deadlock.core --module examples/deadlock.wat
(module $kitchen
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (export "memory" (memory 0))

  ;; The locks: 1 if the tool is in use.
  (global $pin i32 (i32.const 16))
  (global $bowl i32 (i32.const 20))
  ;; The number of bakers that have their first tool.
  (global $busy i32 (i32.const 0))

  (func $take (param $tool i32)
    (loop $again
      (if (i32.atomic.rmw.cmpxchg (local.get $tool) (i32.const 0) (i32.const 1))
        (then
          (drop (memory.atomic.wait32 (local.get $tool) (i32.const 1) (i64.const -1)))
          (br $again)))))

  (func $release (param $tool i32)
    (i32.atomic.store (local.get $tool) (i32.const 0))
    (drop (memory.atomic.notify (local.get $tool) (i32.const 1))))

  (func $bake (param $first i32) (param $second i32)
    (call $take (local.get $first))
    ;; Both have a tool before either takes the second one, so that it happens each time.
    (drop (i32.atomic.rmw.add (global.get $busy) (i32.const 1)))
    (loop $other
      (drop (call $yield))
      (br_if $other (i32.lt_u (i32.atomic.load (global.get $busy)) (i32.const 2))))
    (call $take (local.get $second))
    (call $release (local.get $second))
    (call $release (local.get $first)))

  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (call $bake (global.get $bowl) (global.get $pin)))

  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (call $bake (global.get $pin) (global.get $bowl))))
