;; Binary trees, a common measure of allocators and collectors: $n trees with 2047 nodes live for a
;; short time, while a tree with 32,767 nodes lives all the time.
(module $trees
  (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree))))

  ;; A tree of $depth levels below its root.
  (func $make (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (local.get $depth)
      (then
        (struct.new $tree
          (call $make (i32.sub (local.get $depth) (i32.const 1)))
          (call $make (i32.sub (local.get $depth) (i32.const 1)))))
      (else (struct.new_default $tree))))

  ;; The number of nodes.
  (func $count (param $tree (ref $tree)) (result i32)
    (local $left (ref null $tree))
    (local.set $left (struct.get $tree $left (local.get $tree)))
    (if (ref.is_null (local.get $left)) (then (return (i32.const 1))))
    (i32.add
      (i32.const 1)
      (i32.add
        (call $count (ref.as_non_null (local.get $left)))
        (call $count (ref.as_non_null (struct.get $tree $right (local.get $tree)))))))

  (func $run (export "run") (param $n i32) (result i64)
    (local $i i32) (local $sum i64) (local $long (ref $tree))
    (local.set $long (call $make (i32.const 14)))
    (loop $again
      (local.set $sum
        (i64.add
          (i64.mul (local.get $sum) (i64.const 31))
          (i64.extend_i32_u (call $count (call $make (i32.const 10))))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (i64.add (local.get $sum) (i64.extend_i32_u (call $count (local.get $long))))))
