;; Use after free: a reader that has read a pointer and has not registered yet is not waited for
;; before the object is freed.
(module $use-after-free
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

  ;; A pointer to an object is at address 16, the number of readers at address 20.
  (func $read (local $object i32)
    (local.set $object (i32.atomic.load (i32.const 16)))
    (drop (i32.atomic.rmw.add (i32.const 20) (i32.const 1)))
    (if (local.get $object)
      (then
        (if (i32.ne (i32.load (local.get $object)) (i32.const 42)) (then (unreachable)))))
    (drop (i32.atomic.rmw.sub (i32.const 20) (i32.const 1))))

  ;; Hides the object, waits until no one reads, and frees it.
  (func $free (local $object i32)
    (local.set $object (i32.atomic.rmw.xchg (i32.const 16) (i32.const 0)))
    (loop $again
      (br_if $again (i32.atomic.load (i32.const 20))))
    (i32.store (local.get $object) (i32.const 0xdead)))

  (func $work (param $worker i32)
    (if (local.get $worker) (then (call $free)) (else (call $read))))

  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (call $work (local.get $argument))
    (call $end))

  (func (export "_start")
    (i32.store (i32.const 64) (i32.const 42))
    (i32.atomic.store (i32.const 16) (i32.const 64))
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 1)))
    (call $join (i32.const 2))))
