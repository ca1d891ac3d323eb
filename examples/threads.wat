;; Two threads and the first one count loaves in a shared memory, and exit with the sum.
;;
;;   backstitch run examples/threads.wat; echo $?
;;   backstitch run --deterministic=7 examples/threads.wat; echo $?
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (export "memory" (memory 0))

  ;; Adds the loaves of one thread, and wakes the first thread.
  (func $bake (export "wasi_thread_start") (param $thread i32) (param $loaves i32)
    (loop $loaf
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (br_if $loaf (local.tee $loaves (i32.sub (local.get $loaves) (i32.const 1)))))
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 4) (i32.const 1))))

  (func (export "_start") (local $ready i32)
    (drop (call $spawn (i32.const 12)))
    (drop (call $spawn (i32.const 20)))
    (call $bake (i32.const 0) (i32.const 10))
    (loop $wait
      (local.set $ready (i32.atomic.load (i32.const 4)))
      (if (i32.lt_u (local.get $ready) (i32.const 3))
        (then
          (drop (memory.atomic.wait32 (i32.const 4) (local.get $ready) (i64.const -1)))
          (br $wait))))
    (call $exit (i32.atomic.load (i32.const 0)))))
