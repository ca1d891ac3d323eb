;; Executes everything whose outcome might depend on the machine: reads clocks, random bytes, its
;; input and a directory, waits, and writes the results to its output and to a file. Then it traps
;; four calls deep in a continuation, for a core dump, while another continuation is suspended, a
;; local holds an exception, and there are values of every type in locals, operands, globals,
;; tables and memories.
(module $state
  (type $body (func (param i32 f64) (result i64)))
  (type $cont (cont $body))
  (type $resumed (func (param i32) (result i64)))
  (type $suspended (cont $resumed))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_res_get" (func $resolution (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fdstat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_get" (func $filestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir"
    (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get"
    (func $stat (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (memory $wide i64 1 3)
  (memory $fine 300 400 (pagesize 1))
  (table $functions 4 funcref)
  (elem (table $functions) (i32.const 1) func $work $die)
  (elem declare func $body)
  (table $kept 2 (ref null $suspended))
  (global $i32 (mut i32) (i32.const -559038737))
  (global $i64 (mut i64) (i64.const 0x0123456789abcdef))
  (global $f32 (mut f32) (f32.const -nan:0x200001))
  (global $f64 (mut f64) (f64.const nan:0x4000000000001))
  (global $function (mut funcref) (ref.func $work))
  (tag $yield (param i64 f32) (result i32))
  (tag $mistake (param i32 i64 f32 f64))
  (data (i32.const 0) "\00\10\00\00\00\10\00\00") ;; 4 KiB at 4096
  (data (i32.const 32) "copy")
  (data (i32.const 64) "\07\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00") ;; for a clock:
  (data (i32.const 80) "\01\00\00\00\00\00\00\00\00\ca\9a\3b\00\00\00\00") ;; for a second
  (data (memory $wide) (i64.const 70) "wide")
  (data (memory $fine) (i32.const 295) "fine!")

  ;; Writes $len bytes at 4096 to the output and to the file.
  (func $put (param $len i32)
    (i32.store (i32.const 4) (local.get $len))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $write (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 8))))

  (func $see
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 4) (i32.const 1)
      (i64.const 0x6f) (i64.const 0) (i32.const 0) (i32.const 16)))
    (drop (call $args (i32.const 4096) (i32.const 4160)))
    (drop (call $environ (i32.const 4224) (i32.const 4288)))
    (call $put (i32.const 512))
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 4096)))
    (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 4104)))
    (drop (call $resolution (i32.const 1) (i32.const 4112)))
    (drop (call $poll (i32.const 64) (i32.const 4120) (i32.const 1) (i32.const 8)))
    (drop (call $clock (i32.const 2) (i64.const 0) (i32.const 4152)))
    (drop (call $random (i32.const 4160) (i32.const 99)))
    (call $put (i32.const 163))
    (loop $more
      (i32.store (i32.const 4) (i32.const 33))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (call $put (i32.load (i32.const 8)))
      (br_if $more (i32.load (i32.const 8))))
    (drop (call $readdir (i32.const 3) (i32.const 4096) (i32.const 4096) (i64.const 0) (i32.const 8)))
    (call $put (i32.load (i32.const 8)))
    (drop (call $stat (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 4) (i32.const 4096)))
    (drop (call $filestat (i32.const 3) (i32.const 4160)))
    (drop (call $fdstat (i32.const 0) (i32.const 4224)))
    (drop (call $fdstat (i32.load (i32.const 16)) (i32.const 4248)))
    (drop (call $seek (i32.load (i32.const 16)) (i64.const -5) (i32.const 2) (i32.const 4272)))
    (call $put (i32.const 184))
    ;; A descriptor that is not open.
    (drop (call $seek (i32.const 77) (i64.const 0) (i32.const 0) (i32.const 8))))

  ;; Computes with numbers of all types.
  (func $work (param $n i32) (result i64) (local $sum i64) (local $x f64) (local $y f32)
    (local.set $x (f64.const 0.5))
    (loop $again
      (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 7))
        (i64.mul (i64.extend_i32_u (local.get $n)) (global.get $i64))))
      (local.set $x (f64.sqrt (f64.add (f64.mul (local.get $x) (f64.const 3.7))
        (f64.convert_i64_u (local.get $sum)))))
      (local.set $y (f32.div (f32.demote_f64 (local.get $x)) (f32.convert_i32_s (local.get $n))))
      (local.set $sum (i64.xor (local.get $sum) (i64.reinterpret_f64 (local.get $x))))
      (i64.store $wide offset=128 (i64.and (local.get $sum) (i64.const 0x3fff)) (local.get $sum))
      (i32.store16 $fine (i32.rem_u (local.get $n) (i32.const 256)) (local.get $n))
      (global.set $i32 (i32.xor (global.get $i32) (i32.reinterpret_f32 (local.get $y))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))

  (func $body (type $body) (local $kept i64)
    (local.set $kept (call_indirect $functions (type $resumed) (local.get 0) (i32.const 1)))
    (global.set $f64 (local.get 1))
    (i32.store (i32.const 40)
      (suspend $yield (local.get $kept) (f32.demote_f64 (local.get 1))))
    (i64.add (local.get $kept)
      (call_indirect $functions (type $resumed) (i32.load (i32.const 40)) (i32.const 2))))

  (func $die (type $resumed) (local $f f32) (local $d f64) (local $e exnref)
    (local.set $f (f32.reinterpret_i32 (i32.const 0xffa00001)))
    (local.set $d (f64.neg (f64.const nan)))
    (block $caught (result i32 i64 f32 f64 exnref)
      (try_table (catch_ref $mistake $caught)
        (throw $mistake (i32.const -1) (i64.const 0x8000000000000001) (local.get $f)
          (local.get $d)))
      (unreachable))
    (local.set $e)
    (global.set $f64)
    (global.set $f32)
    (global.set $i64)
    (global.set $i32)
    (i64.add (i64.const 0x7fffffff00000000)
      (i64.extend_i32_s (i32.div_u (local.get 0) (i32.load (i32.const 60000))))))

  ;; Runs a continuation until it suspends. Returns the values that it passes, and the continuation.
  (func $first (param i32 f64) (result i64 f32 (ref $suspended))
    (block $suspends (result i64 f32 (ref $suspended))
      (drop (resume $cont (on $yield $suspends) (local.get 0) (local.get 1)
        (cont.new $cont (ref.func $body))))
      (unreachable)))

  (func (export "_start") (local $kept (ref null $suspended))
    (call $see)
    (call $first (i32.const 1000) (f64.const 2.75))
    (local.set $kept)
    (table.set $kept (i32.const 1) (local.get $kept))
    (global.set $f32)
    (drop)
    (call $first (i32.const 77) (f64.const -0))
    (local.set $kept)
    (drop)
    (drop)
    (drop (resume $suspended (i32.const 5) (local.get $kept)))))
