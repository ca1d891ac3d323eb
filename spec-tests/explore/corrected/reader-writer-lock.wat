;; A reader-writer lock, whose readers test and register at once.
(module $reader-writer-lock
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

  ;; The state of the lock is at address 16: the number of readers, or -1 for a writer.
  (func $start_reading (local $readers i32)
    (loop $again
      (local.set $readers (i32.atomic.load (i32.const 16)))
      (br_if $again (i32.eq (local.get $readers) (i32.const -1)))
      (br_if $again
        (i32.ne
          (i32.atomic.rmw.cmpxchg (i32.const 16)
            (local.get $readers)
            (i32.add (local.get $readers) (i32.const 1)))
          (local.get $readers)))))

  (func $stop_reading
    (drop (i32.atomic.rmw.sub (i32.const 16) (i32.const 1))))

  (func $start_writing
    (loop $again
      (br_if $again (i32.atomic.rmw.cmpxchg (i32.const 16) (i32.const 0) (i32.const -1)))))

  (func $stop_writing
    (drop (i32.atomic.rmw.add (i32.const 16) (i32.const 1))))

  ;; Worker 0 writes two equal numbers. The others read them.
  (func $work (param $worker i32)
    (if (local.get $worker)
      (then
        (call $start_reading)
        (if (i32.ne (i32.load (i32.const 20)) (i32.load (i32.const 24))) (then (unreachable)))
        (call $stop_reading))
      (else
        (call $start_writing)
        (i32.store (i32.const 20) (i32.const 1))
        (i32.store (i32.const 24) (i32.const 1))
        (call $stop_writing))))

  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (call $work (local.get $argument))
    (call $end))

  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 1)))
    (call $join (i32.const 2))))
