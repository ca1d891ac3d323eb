;; A program of WASI preview 1 that writes a file to its standard output:
;;
;;   backstitch run --dir examples examples/cat.wat bakery.wat
;;
;; The file is opened in the first directory that the program is given (descriptor 3). An
;; error number of WASI is the program's exit code.
(module $cat
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get"
    (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))

  ;; 0: the buffer's address and length, 8: a result of a call, 256: pointers to the
  ;; arguments, 1024: the arguments, 4096: the buffer.
  (memory (export "memory") 2)
  (global $buffer i32 (i32.const 4096))
  (global $capacity i32 (i32.const 4096))

  ;; Ends the program if a call has failed.
  (func $check (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (local.get $errno)))))

  (func $length (param $text i32) (result i32)
    (local $end i32)
    (local.set $end (local.get $text))
    (loop $next
      (if (i32.load8_u (local.get $end))
        (then
          (local.set $end (i32.add (local.get $end) (i32.const 1)))
          (br $next))))
    (i32.sub (local.get $end) (local.get $text)))

  ;; The descriptor of the file that the first argument names.
  (func $open (result i32)
    (local $path i32)
    (call $check (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (if (i32.lt_u (i32.load (i32.const 0)) (i32.const 2))
      (then (call $proc_exit (i32.const 64))))
    (call $check (call $args_get (i32.const 256) (i32.const 1024)))
    (local.set $path (i32.load (i32.const 260)))
    (call $check
      (call $path_open
        (i32.const 3) (i32.const 1)
        (local.get $path) (call $length (local.get $path))
        (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8)))
    (i32.load (i32.const 8)))

  (func $write (param $length i32)
    (local $from i32)
    (local.set $from (global.get $buffer))
    (loop $next
      (if (local.get $length)
        (then
          (i32.store (i32.const 0) (local.get $from))
          (i32.store (i32.const 4) (local.get $length))
          (call $check
            (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
          (local.set $from (i32.add (local.get $from) (i32.load (i32.const 8))))
          (local.set $length (i32.sub (local.get $length) (i32.load (i32.const 8))))
          (br $next)))))

  (func (export "_start")
    (local $file i32)
    (local.set $file (call $open))
    (loop $next
      (i32.store (i32.const 0) (global.get $buffer))
      (i32.store (i32.const 4) (global.get $capacity))
      (call $check
        (call $fd_read (local.get $file) (i32.const 0) (i32.const 1) (i32.const 8)))
      (if (i32.load (i32.const 8))
        (then
          (call $write (i32.load (i32.const 8)))
          (br $next))))))
