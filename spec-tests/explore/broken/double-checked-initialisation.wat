;; Double-checked initialisation without synchronisation: a thread that finds the flag set has no
;; guarantee that it sees the value, as neither access to the flag outside the lock is atomic. In
;; this machine, which performs accesses in order, no schedule shows it; it is a data race.
(module $double-checked-initialisation
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

  ;; Returns the value at address 20, which is computed once. The flag is at address 16, the lock at
  ;; address 24.
  (func $value (result i32)
    (if (i32.eqz (i32.load (i32.const 16)))
      (then
        (call $lock (i32.const 24))
        (if (i32.eqz (i32.load (i32.const 16)))
          (then
            (i32.store (i32.const 20) (i32.const 42))
            (i32.store (i32.const 16) (i32.const 1))))
        (call $unlock (i32.const 24))))
    (i32.load (i32.const 20)))

  (func $work (param $worker i32)
    (if (i32.ne (call $value) (i32.const 42)) (then (unreachable))))

  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (call $work (local.get $argument))
    (call $end))

  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 1)))
    (call $join (i32.const 2))))
