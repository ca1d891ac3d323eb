;; Lost wake-up: the event may happen after the flag was found unset and before the thread reads the
;; number that it waits with. Then it waits for the next event.
(module $lost-wake-up
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

  ;; The flag is at address 16. The number of events is at address 20.
  (func $signal
    (i32.atomic.store (i32.const 16) (i32.const 1))
    (drop (i32.atomic.rmw.add (i32.const 20) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 20) (i32.const -1))))

  (func $wait (local $events i32)
    (loop $again
      (if (i32.eqz (i32.atomic.load (i32.const 16)))
        (then
          (local.set $events (i32.atomic.load (i32.const 20)))
          (drop (memory.atomic.wait32 (i32.const 20) (local.get $events) (i64.const -1)))
          (br $again)))))

  ;; Worker 0 waits for worker 1.
  (func $work (param $worker i32)
    (if (local.get $worker) (then (call $signal)) (else (call $wait))))

  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (call $work (local.get $argument))
    (call $end))

  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 1)))
    (call $join (i32.const 2))))
