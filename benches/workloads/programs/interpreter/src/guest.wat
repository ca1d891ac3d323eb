;; The program that the inner interpreter runs.
(module
  (import "host" "note" (func $note (param i64)))
  (memory 1)
  (table 2 funcref)
  (elem (i32.const 0) $double $square)
  (type $unary (func (param i64) (result i64)))

  (func $double (type $unary) (i64.shl (local.get 0) (i64.const 1)))
  (func $square (type $unary) (i64.mul (local.get 0) (local.get 0)))

  (func $fibonacci (export "fibonacci") (param $n i32) (result i64)
    (if (result i64) (i32.lt_u (local.get $n) (i32.const 2))
      (then (i64.extend_i32_u (local.get $n)))
      (else (i64.add
        (call $fibonacci (i32.sub (local.get $n) (i32.const 1)))
        (call $fibonacci (i32.sub (local.get $n) (i32.const 2)))))))

  (func (export "mix") (param $n i32) (result i64)
    (local $i i32) (local $sum i64) (local $x f64)
    (loop $again
      (i64.store (i32.and (i32.mul (local.get $i) (i32.const 40)) (i32.const 0xfff8))
        (i64.xor (local.get $sum) (i64.extend_i32_u (local.get $i))))
      (local.set $sum (i64.rotl
        (i64.add (local.get $sum)
          (call_indirect (type $unary)
            (i64.load (i32.and (i32.mul (local.get $i) (i32.const 24)) (i32.const 0xfff8)))
            (i32.and (local.get $i) (i32.const 1))))
        (i64.const 7)))
      (local.set $x (f64.add (f64.sqrt (f64.add (local.get $x) (f64.const 2))) (f64.const 0.25)))
      (if (i32.eqz (i32.and (local.get $i) (i32.const 63)))
        (then (call $note (local.get $sum))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (i64.xor (local.get $sum) (i64.reinterpret_f64 (local.get $x))))

  (func (export "fail") (param i32) (result i64)
    (i64.extend_i32_u (i32.div_u (i32.const 1) (local.get 0)))))
