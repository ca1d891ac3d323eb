;; Four threads write their letters to standard output and to a shared list, without waiting for each
;; other. The order depends on the schedule, and so does the exit code.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (export "memory" (memory 0))

  ;; Writes a letter 20 times, each time after more work than one slice has instructions. The
  ;; buffers of thread n are at 1024 n.
  (func $letters (param $thread i32) (param $letter i32)
    (local $left i32) (local $work i32) (local $at i32)
    (local.set $at (i32.mul (local.get $thread) (i32.const 1024)))
    (i32.store8 (i32.add (local.get $at) (i32.const 16)) (local.get $letter))
    (i32.store (local.get $at) (i32.add (local.get $at) (i32.const 16)))
    (i32.store offset=4 (local.get $at) (i32.const 1))
    (local.set $left (i32.const 20))
    (loop $again
      (local.set $work (i32.const 20000))
      (loop $busy
        (br_if $busy (local.tee $work (i32.sub (local.get $work) (i32.const 1)))))
      (drop (call $write (i32.const 1) (local.get $at) (i32.const 1)
        (i32.add (local.get $at) (i32.const 8))))
      ;; A checksum that depends on the order of the letters.
      (i32.store (i32.const 0) (i32.add (i32.mul (i32.load (i32.const 0)) (i32.const 31))
        (local.get $letter)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 4) (i32.const 1))))

  (func (export "wasi_thread_start") (param $thread i32) (param $letter i32)
    (call $letters (local.get $thread) (local.get $letter)))

  (func (export "_start") (local $ended i32)
    (drop (call $spawn (i32.const 98)))
    (drop (call $spawn (i32.const 99)))
    (drop (call $spawn (i32.const 100)))
    (call $letters (i32.const 8) (i32.const 97))
    (loop $wait
      (local.set $ended (i32.atomic.load (i32.const 4)))
      (if (i32.lt_u (local.get $ended) (i32.const 4))
        (then
          (drop (memory.atomic.wait32 (i32.const 4) (local.get $ended) (i64.const -1)))
          (br $wait))))
    (call $exit (i32.and (i32.load (i32.const 0)) (i32.const 127)))))
