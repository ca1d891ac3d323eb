;; A controller for a machine with little memory. Its pages have one byte each, so that it takes
;; exactly 256 bytes.
(module $controller
  (import "board" "sense" (func $sense (param i32) (result i32)))

  (memory (export "memory") 256 256 (pagesize 1))
  (global $samples (mut i32) (i32.const 0))
  (type $step (func (param i32) (result i32)))
  (type $notify (func))
  (table 3 funcref)
  (elem (i32.const 0) func $halve $negate $notify)

  ;; Reads $count samples into memory, 4 bytes each.
  (func $sample (export "sample") (param $count i32)
    (local $index i32)
    (loop $next
      (if (i32.lt_u (local.get $index) (local.get $count))
        (then
          (call $store
            (i32.mul (local.get $index) (i32.const 4))
            (call $sense (local.get $index)))
          (local.set $index (i32.add (local.get $index) (i32.const 1)))
          (br $next))))
    (global.set $samples (local.get $count)))

  (func $store (param $address i32) (param $value i32)
    (i32.store (local.get $address) (local.get $value)))

  ;; Returns the mean and the standard deviation of the samples.
  (func $statistics (export "statistics") (result f64 f64)
    (local $index i32) (local $sum f64) (local $squares f64) (local $value f64)
    (local $mean f64) (local $count f64)
    (local.set $count (f64.convert_i32_u (global.get $samples)))
    (loop $next
      (local.set $value
        (f64.convert_i32_s (i32.load (i32.mul (local.get $index) (i32.const 4)))))
      (local.set $sum (f64.add (local.get $sum) (local.get $value)))
      (local.set $squares
        (f64.add (local.get $squares) (f64.mul (local.get $value) (local.get $value))))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $index) (global.get $samples))))
    (local.set $mean (f64.div (local.get $sum) (local.get $count)))
    (local.get $mean)
    (f64.sqrt
      (f64.sub
        (f64.div (local.get $squares) (local.get $count))
        (f64.mul (local.get $mean) (local.get $mean)))))

  ;; Operations that a 32-bit processor does not have: 128-bit products, division, rotation and
  ;; rounding.
  (func $wide (export "wide") (param $a i64) (param $b i64) (result i64 i64 i64 f32)
    (local $low i64) (local $high i64)
    (i64.mul_wide_u (local.get $a) (local.get $b))
    (local.set $high)
    (local.set $low)
    (i64.xor (local.get $low) (local.get $high))
    (i64.rem_s (local.get $low) (i64.or (local.get $b) (i64.const 6)))
    (i64.rotl (i64.div_u (local.get $high) (i64.const 1000)) (local.get $a))
    (f32.nearest (f32.convert_i64_s (local.get $high))))

  ;; Computes the sum of 1 to n with tail calls.
  (func $sum (export "sum") (param $n i64) (param $total i64) (result i64)
    (if (result i64) (i64.eqz (local.get $n))
      (then (local.get $total))
      (else
        (return_call $sum
          (i64.sub (local.get $n) (i64.const 1))
          (i64.add (local.get $total) (local.get $n))))))

  (func $halve (type $step) (i32.div_s (local.get 0) (i32.const 2)))
  (func $negate (type $step) (i32.sub (i32.const 0) (local.get 0)))
  (func $notify (type $notify))

  ;; Calls a function in the table.
  (func $apply (export "apply") (param $step i32) (param $value i32) (result i32)
    (call_indirect (type $step) (local.get $value) (local.get $step)))

  ;; Divides by a sample.
  (func $ratio (export "ratio") (param $index i32) (result i32)
    (i32.div_u
      (i32.const 1000)
      (i32.load (i32.mul (local.get $index) (i32.const 4)))))

  ;; Never returns.
  (func $descend (export "descend") (param $depth i32) (result i32)
    (i32.add (call $descend (i32.add (local.get $depth) (i32.const 1))) (i32.const 1)))
)
