;; Tail calls, direct and through a table. The stack must not grow.
(module $tail_calls
  (type $step (func (param i32 i64) (result i64)))
  (table funcref (elem $even $odd $fold))

  (func $even (type $step) (param $i i32) (param $sum i64) (result i64)
    (if (i32.eqz (local.get $i)) (then (return (local.get $sum))))
    (return_call $odd
      (i32.sub (local.get $i) (i32.const 1))
      (i64.add (i64.rotl (local.get $sum) (i64.const 1)) (i64.const 1))))

  (func $odd (type $step) (param $i i32) (param $sum i64) (result i64)
    (if (i32.eqz (local.get $i)) (then (return (i64.sub (i64.const 0) (local.get $sum)))))
    (return_call_indirect (type $step)
      (i32.sub (local.get $i) (i32.const 1))
      (i64.xor (local.get $sum) (i64.extend_i32_u (local.get $i)))
      (i32.and (local.get $i) (i32.const 2))))

  ;; Has one parameter more than its caller, so that the record moves.
  (func $fold (type $step) (param $i i32) (param $sum i64) (result i64)
    (return_call $wide (local.get $i) (i32.const 5) (local.get $sum)))

  (func $wide (param $i i32) (param $by i32) (param $sum i64) (result i64)
    (return_call $even (local.get $i)
      (i64.mul (local.get $sum) (i64.extend_i32_u (local.get $by)))))

  ;; $n thousand steps.
  (func (export "run") (param $n i32) (result i64)
    (call $even (i32.mul (local.get $n) (i32.const 1000)) (i64.const 1))))
