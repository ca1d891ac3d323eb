;; A barrier that counts how often it has opened, and can be used again.
(module $barrier-reuse
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

  ;; The number of threads at the barrier is at address 16, the number of times that it has opened
  ;; at address 20.
  (func $barrier (local $opened i32)
    (local.set $opened (i32.atomic.load (i32.const 20)))
    (if (i32.eq (i32.atomic.rmw.add (i32.const 16) (i32.const 1)) (i32.const 1))
      (then
        (i32.atomic.store (i32.const 16) (i32.const 0))
        (drop (i32.atomic.rmw.add (i32.const 20) (i32.const 1)))
        (drop (memory.atomic.notify (i32.const 20) (i32.const -1))))
      (else
        (loop $again
          (if (i32.eq (i32.atomic.load (i32.const 20)) (local.get $opened))
            (then
              (drop (memory.atomic.wait32 (i32.const 20) (local.get $opened) (i64.const -1)))
              (br $again)))))))

  (func $work (param $worker i32)
    (call $barrier)
    (call $barrier))

  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (call $work (local.get $argument))
    (call $end))

  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 1)))
    (call $join (i32.const 2))))
