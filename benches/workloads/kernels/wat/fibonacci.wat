;; Fibonacci numbers: a common measure of the cost of calls. Written by hand, because compilers
;; turn one of the two calls into a loop.
(module $fibonacci
  ;; With two calls. The time is proportional to the result.
  (func $run (export "run") (param $n i32) (result i64)
    (if (result i64) (i32.lt_s (local.get $n) (i32.const 2))
      (then (i64.extend_i32_s (local.get $n)))
      (else
        (i64.add
          (call $run (i32.sub (local.get $n) (i32.const 1)))
          (call $run (i32.sub (local.get $n) (i32.const 2)))))))

  ;; With a loop of $n thousand rounds, modulo 2^64.
  (func $iterative (export "iterative") (param $n i32) (result i64)
    (local $a i64) (local $b i64) (local $i i32)
    (local.set $b (i64.const 1))
    (local.set $i (i32.mul (local.get $n) (i32.const 1000)))
    (loop $again
      (local.get $b)
      (local.set $b (i64.add (local.get $a) (local.get $b)))
      (local.set $a)
      (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (local.get $a))

  ;; With two calls through a table.
  (type $number (func (param i32) (result i64)))
  (table funcref (elem $indirect))
  (func $indirect (export "indirect") (type $number) (param $n i32) (result i64)
    (if (result i64) (i32.lt_s (local.get $n) (i32.const 2))
      (then (i64.extend_i32_s (local.get $n)))
      (else
        (i64.add
          (call_indirect (type $number) (i32.sub (local.get $n) (i32.const 1)) (i32.const 0))
          (call_indirect (type $number) (i32.sub (local.get $n) (i32.const 2)) (i32.const 0)))))))
