;; Disjoint sets as a forest of objects, with $n thousand elements: unions by rank of pseudo-random
;; pairs, and searches that halve the paths. Most time is for reads and writes of references.
(module $union_find
  (type $set (struct (field $parent (mut (ref null $set))) (field $rank (mut i32)) (field $size (mut i32))))
  (type $sets (array (mut (ref null $set))))

  (func $find (param $set (ref $set)) (result (ref $set))
    (local $parent (ref $set)) (local $next (ref $set))
    (loop $again
      (local.set $parent (ref.as_non_null (struct.get $set $parent (local.get $set))))
      (if (ref.eq (local.get $parent) (local.get $set)) (then (return (local.get $set))))
      (local.set $next (ref.as_non_null (struct.get $set $parent (local.get $parent))))
      (struct.set $set $parent (local.get $set) (local.get $next))
      (local.set $set (local.get $next))
      (br $again))
    (unreachable))

  ;; Unites the sets of two elements. Returns whether they were different.
  (func $unite (param $a (ref $set)) (param $b (ref $set)) (result i32)
    (local $c (ref $set))
    (local.set $a (call $find (local.get $a)))
    (local.set $b (call $find (local.get $b)))
    (if (ref.eq (local.get $a) (local.get $b)) (then (return (i32.const 0))))
    (if (i32.lt_u (struct.get $set $rank (local.get $a)) (struct.get $set $rank (local.get $b)))
      (then
        (local.set $c (local.get $a))
        (local.set $a (local.get $b))
        (local.set $b (local.get $c))))
    (struct.set $set $parent (local.get $b) (local.get $a))
    (struct.set $set $size (local.get $a)
      (i32.add (struct.get $set $size (local.get $a)) (struct.get $set $size (local.get $b))))
    (if (i32.eq (struct.get $set $rank (local.get $a)) (struct.get $set $rank (local.get $b)))
      (then
        (struct.set $set $rank (local.get $a)
          (i32.add (struct.get $set $rank (local.get $a)) (i32.const 1)))))
    (i32.const 1))

  (func $run (export "run") (param $n i32) (result i64)
    (local $sets (ref $sets)) (local $i i32) (local $set (ref $set)) (local $state i32)
    (local $a i32) (local $b i32) (local $united i32) (local $sum i64)
    (local.set $n (i32.mul (local.get $n) (i32.const 1000)))
    (local.set $sets (array.new_default $sets (local.get $n)))
    (loop $create
      (local.set $set (struct.new $set (ref.null $set) (i32.const 0) (i32.const 1)))
      (struct.set $set $parent (local.get $set) (local.get $set))
      (array.set $sets (local.get $sets) (local.get $i) (local.get $set))
      (br_if $create
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.set $i (i32.const 0))
    (local.set $state (i32.const 12345))
    (loop $unite
      (local.set $state
        (i32.add (i32.mul (local.get $state) (i32.const 1664525)) (i32.const 1013904223)))
      (local.set $a (i32.rem_u (i32.shr_u (local.get $state) (i32.const 7)) (local.get $n)))
      (local.set $state
        (i32.add (i32.mul (local.get $state) (i32.const 1664525)) (i32.const 1013904223)))
      (local.set $b (i32.rem_u (i32.shr_u (local.get $state) (i32.const 7)) (local.get $n)))
      (local.set $united
        (i32.add
          (local.get $united)
          (call $unite
            (ref.as_non_null (array.get $sets (local.get $sets) (local.get $a)))
            (ref.as_non_null (array.get $sets (local.get $sets) (local.get $b))))))
      (br_if $unite
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.set $i (i32.const 0))
    (local.set $sum (i64.extend_i32_u (local.get $united)))
    (loop $digest
      (local.set $sum
        (i64.add
          (i64.mul (local.get $sum) (i64.const 0x100000001b3))
          (i64.extend_i32_u
            (struct.get $set $size
              (call $find
                (ref.as_non_null (array.get $sets (local.get $sets) (local.get $i))))))))
      (br_if $digest
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum)))
