;; Missing notify-all: the thread that opens a gate wakes one of those that wait in front of it. If
;; two wait, one waits for ever.
(module $missing-notify-all
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

  ;; The gate is at address 16: 1 if it is open.
  (func $pass
    (loop $again
      (if (i32.eqz (i32.atomic.load (i32.const 16)))
        (then
          (drop (memory.atomic.wait32 (i32.const 16) (i32.const 0) (i64.const -1)))
          (br $again)))))

  (func $open
    (i32.atomic.store (i32.const 16) (i32.const 1))
    (drop (memory.atomic.notify (i32.const 16) (i32.const 1))))

  ;; Worker 0 opens the gate for the others.
  (func $work (param $worker i32)
    (if (local.get $worker) (then (call $pass)) (else (call $open))))

  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (call $work (local.get $argument))
    (call $end))

  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 1)))
    (drop (call $spawn (i32.const 2)))
    (call $join (i32.const 3))))
