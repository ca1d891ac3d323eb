;; Every operation on floats, on every pair of values in which targets might differ: NaNs with
;; all kinds of signs and payloads, zeros, infinities, the least and the greatest. The bits of
;; all results go to the standard output, in an order that does not matter to whoever compares
;; two runs.
(module $floats
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; 16 values of 32 bits
  (data (i32.const 0)
    "\00\00\00\00" "\00\00\00\80" "\00\00\80\3f" "\00\00\80\bf" ;; 0, -0, 1, -1
    "\00\00\80\7f" "\00\00\80\ff" "\00\00\c0\7f" "\00\00\c0\ff" ;; inf, -inf, nan, -nan
    "\01\00\80\7f" "\01\00\80\ff" "\45\23\e1\7f" "\ff\ff\ff\ff" ;; signalling and full of payload
    "\01\00\00\00" "\ff\ff\7f\7f" "\00\00\00\3f" "\db\0f\49\c0") ;; least, greatest, 0.5, -3.14…
  ;; and of 64
  (data (i32.const 64)
    "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\80"
    "\00\00\00\00\00\00\f0\3f" "\00\00\00\00\00\00\f0\bf"
    "\00\00\00\00\00\00\f0\7f" "\00\00\00\00\00\00\f0\ff"
    "\00\00\00\00\00\00\f8\7f" "\00\00\00\00\00\00\f8\ff"
    "\01\00\00\00\00\00\f0\7f" "\01\00\00\00\00\00\f0\ff"
    "\45\23\01\00\00\00\fc\7f" "\ff\ff\ff\ff\ff\ff\ff\ff"
    "\01\00\00\00\00\00\00\00" "\ff\ff\ff\ff\ff\ff\ef\7f"
    "\00\00\00\00\00\00\e0\3f" "\18\2d\44\54\fb\21\09\c0")
  (global $next (mut i32) (i32.const 1024))
  (func $flush
    (i32.store (i32.const 512) (i32.const 1024))
    (i32.store (i32.const 516) (i32.sub (global.get $next) (i32.const 1024)))
    (drop (call $write (i32.const 1) (i32.const 512) (i32.const 1) (i32.const 520)))
    (global.set $next (i32.const 1024)))
  (func $put32 (param f32)
    (f32.store (global.get $next) (local.get 0))
    (global.set $next (i32.add (global.get $next) (i32.const 4))))
  (func $put64 (param f64)
    (f64.store (global.get $next) (local.get 0))
    (global.set $next (i32.add (global.get $next) (i32.const 8))))
  (func $putint (param i64)
    (i64.store (global.get $next) (local.get 0))
    (global.set $next (i32.add (global.get $next) (i32.const 8))))
  (func $one32 (param $a f32)
    (call $put32 (f32.abs (local.get $a)))
    (call $put32 (f32.neg (local.get $a)))
    (call $put32 (f32.sqrt (local.get $a)))
    (call $put32 (f32.ceil (local.get $a)))
    (call $put32 (f32.floor (local.get $a)))
    (call $put32 (f32.trunc (local.get $a)))
    (call $put32 (f32.nearest (local.get $a)))
    (call $put64 (f64.promote_f32 (local.get $a)))
    (call $putint (i64.trunc_sat_f32_s (local.get $a)))
    (call $putint (i64.trunc_sat_f32_u (local.get $a)))
    (call $putint (i64.extend_i32_u (i32.trunc_sat_f32_s (local.get $a))))
    (call $putint (i64.extend_i32_u (i32.trunc_sat_f32_u (local.get $a))))
    (call $putint (i64.extend_i32_u (i32.reinterpret_f32 (local.get $a))))
    (call $put32 (f32.convert_i32_s (i32.reinterpret_f32 (local.get $a))))
    (call $put32 (f32.convert_i32_u (i32.reinterpret_f32 (local.get $a))))
    (call $put64 (f64.convert_i32_s (i32.reinterpret_f32 (local.get $a))))
    (call $put64 (f64.convert_i32_u (i32.reinterpret_f32 (local.get $a)))))
  (func $one64 (param $a f64)
    (call $put64 (f64.abs (local.get $a)))
    (call $put64 (f64.neg (local.get $a)))
    (call $put64 (f64.sqrt (local.get $a)))
    (call $put64 (f64.ceil (local.get $a)))
    (call $put64 (f64.floor (local.get $a)))
    (call $put64 (f64.trunc (local.get $a)))
    (call $put64 (f64.nearest (local.get $a)))
    (call $put32 (f32.demote_f64 (local.get $a)))
    (call $putint (i64.trunc_sat_f64_s (local.get $a)))
    (call $putint (i64.trunc_sat_f64_u (local.get $a)))
    (call $putint (i64.extend_i32_u (i32.trunc_sat_f64_s (local.get $a))))
    (call $putint (i64.extend_i32_u (i32.trunc_sat_f64_u (local.get $a))))
    (call $putint (i64.reinterpret_f64 (local.get $a)))
    (call $put32 (f32.convert_i64_s (i64.reinterpret_f64 (local.get $a))))
    (call $put32 (f32.convert_i64_u (i64.reinterpret_f64 (local.get $a))))
    (call $put64 (f64.convert_i64_s (i64.reinterpret_f64 (local.get $a))))
    (call $put64 (f64.convert_i64_u (i64.reinterpret_f64 (local.get $a)))))
  (func $two32 (param $a f32) (param $b f32)
    (call $put32 (f32.add (local.get $a) (local.get $b)))
    (call $put32 (f32.sub (local.get $a) (local.get $b)))
    (call $put32 (f32.mul (local.get $a) (local.get $b)))
    (call $put32 (f32.div (local.get $a) (local.get $b)))
    (call $put32 (f32.min (local.get $a) (local.get $b)))
    (call $put32 (f32.max (local.get $a) (local.get $b)))
    (call $put32 (f32.copysign (local.get $a) (local.get $b)))
    ;; One after the other, as fused cells do them.
    (call $put32 (f32.add (f32.mul (local.get $a) (local.get $b)) (local.get $a)))
    (call $put32 (f32.sub (f32.mul (local.get $a) (local.get $b)) (local.get $b)))
    (call $put32 (f32.neg (f32.add (local.get $a) (local.get $b))))
    (call $put32 (f32.abs (f32.div (local.get $a) (local.get $b))))
    (call $put32 (f32.add (f32.load (i32.const 32)) (f32.mul (local.get $a) (local.get $b))))
    (call $put32 (select (local.get $a) (local.get $b) (f32.lt (local.get $a) (local.get $b))))
    (call $put32 (select (local.get $a) (local.get $b) (f32.ne (local.get $a) (local.get $b)))))
  (func $two64 (param $a f64) (param $b f64)
    (call $put64 (f64.add (local.get $a) (local.get $b)))
    (call $put64 (f64.sub (local.get $a) (local.get $b)))
    (call $put64 (f64.mul (local.get $a) (local.get $b)))
    (call $put64 (f64.div (local.get $a) (local.get $b)))
    (call $put64 (f64.min (local.get $a) (local.get $b)))
    (call $put64 (f64.max (local.get $a) (local.get $b)))
    (call $put64 (f64.copysign (local.get $a) (local.get $b)))
    (call $put64 (f64.add (f64.mul (local.get $a) (local.get $b)) (local.get $a)))
    (call $put64 (f64.sub (f64.mul (local.get $a) (local.get $b)) (local.get $b)))
    (call $put64 (f64.neg (f64.add (local.get $a) (local.get $b))))
    (call $put64 (f64.abs (f64.div (local.get $a) (local.get $b))))
    (call $put64 (f64.add (f64.load (i32.const 128)) (f64.mul (local.get $a) (local.get $b))))
    (call $put64 (select (local.get $a) (local.get $b) (f64.lt (local.get $a) (local.get $b))))
    (call $put64 (select (local.get $a) (local.get $b) (f64.ne (local.get $a) (local.get $b)))))
  (func (export "_start") (local $i i32) (local $j i32)
    (loop $outer
      (call $one32 (f32.load (i32.shl (local.get $i) (i32.const 2))))
      (call $one64 (f64.load offset=64 (i32.shl (local.get $i) (i32.const 3))))
      (local.set $j (i32.const 0))
      (loop $inner
        (call $two32
          (f32.load (i32.shl (local.get $i) (i32.const 2)))
          (f32.load (i32.shl (local.get $j) (i32.const 2))))
        (call $two64
          (f64.load offset=64 (i32.shl (local.get $i) (i32.const 3)))
          (f64.load offset=64 (i32.shl (local.get $j) (i32.const 3))))
        (local.set $j (i32.add (local.get $j) (i32.const 1)))
        (br_if $inner (i32.lt_u (local.get $j) (i32.const 16))))
      (call $flush)
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $outer (i32.lt_u (local.get $i) (i32.const 16))))))
