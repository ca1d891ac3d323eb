;; A bounded queue, whose consumers and producers test again after they have waited.
(module $bounded-queue
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

  ;; Acquires the lock at an address: 0 if it is free, 1 otherwise.
  (func $lock (param $lock i32)
    (loop $again
      (if (i32.atomic.rmw.cmpxchg (local.get $lock) (i32.const 0) (i32.const 1))
        (then
          (drop (memory.atomic.wait32 (local.get $lock) (i32.const 1) (i64.const -1)))
          (br $again)))))

  ;; Releases the lock at an address.
  (func $unlock (param $lock i32)
    (i32.atomic.store (local.get $lock) (i32.const 0))
    (drop (memory.atomic.notify (local.get $lock) (i32.const 1))))

  ;; The lock is at address 16, the number of items at address 20, the number of changes at address
  ;; 24. The items are at address 32 on; there is room for one.
  (func $changed
    (drop (i32.atomic.rmw.add (i32.const 24) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 24) (i32.const -1))))

  ;; Releases the lock, waits until something changes, and acquires the lock again.
  (func $wait (local $changes i32)
    (local.set $changes (i32.atomic.load (i32.const 24)))
    (call $unlock (i32.const 16))
    (drop (memory.atomic.wait32 (i32.const 24) (local.get $changes) (i64.const -1)))
    (call $lock (i32.const 16)))

  (func $put (param $item i32)
    (call $lock (i32.const 16))
    (loop $again
      (if (i32.eq (i32.load (i32.const 20)) (i32.const 1))
        (then (call $wait) (br $again))))
    (i32.store (i32.const 32) (local.get $item))
    (i32.store (i32.const 20) (i32.const 1))
    (call $changed)
    (call $unlock (i32.const 16)))

  (func $take (result i32) (local $item i32)
    (call $lock (i32.const 16))
    (loop $again
      (if (i32.eqz (i32.load (i32.const 20)))
        (then (call $wait)(br $again))))
    (if (i32.eqz (i32.load (i32.const 20))) (then (unreachable)))
    (local.set $item (i32.load (i32.const 32)))
    (i32.store (i32.const 20) (i32.const 0))
    (call $changed)
    (call $unlock (i32.const 16))
    (local.get $item))

  ;; Workers 0 and 1 take an item each. Worker 2 puts both.
  (func $work (param $worker i32)
    (if (i32.lt_u (local.get $worker) (i32.const 2))
      (then
        (drop (i32.atomic.rmw.add (i32.const 40) (call $take))))
      (else
        (call $put (i32.const 3))
        (call $put (i32.const 5)))))

  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (call $work (local.get $argument))
    (call $end))

  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 1)))
    (drop (call $spawn (i32.const 2)))
    (call $join (i32.const 3))
    (if (i32.ne (i32.atomic.load (i32.const 40)) (i32.const 8))
      (then (unreachable)))))
