;; Bubble sort of $n pseudo-random i32 at address 0: quadratic. The memory grows first.
(module $sort
  (memory 0)

  (func $reserve (param $bytes i32)
    (local $pages i32)
    (local.set $pages
      (i32.sub
        (i32.shr_u (i32.add (local.get $bytes) (i32.const 65535)) (i32.const 16))
        (memory.size)))
    (if (i32.gt_s (local.get $pages) (i32.const 0))
      (then
        (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1))
          (then (unreachable))))))

  ;; Fills $n words with a linear congruential generator.
  (func $fill (param $n i32)
    (local $i i32) (local $state i32)
    (local.set $state (i32.const 12345))
    (loop $again
      (local.set $state
        (i32.add (i32.mul (local.get $state) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store (i32.shl (local.get $i) (i32.const 2))
        (i32.xor (local.get $state) (i32.shr_u (local.get $state) (i32.const 15))))
      (br_if $again
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))

  (func $bubble (param $n i32)
    (local $end i32) (local $at i32) (local $a i32) (local $b i32)
    (local.set $end (i32.shl (i32.sub (local.get $n) (i32.const 1)) (i32.const 2)))
    (block $sorted
      (loop $pass
        (br_if $sorted (i32.le_s (local.get $end) (i32.const 0)))
        (local.set $at (i32.const 0))
        (loop $again
          (local.set $a (i32.load (local.get $at)))
          (local.set $b (i32.load offset=4 (local.get $at)))
          (if (i32.gt_s (local.get $a) (local.get $b))
            (then
              (i32.store (local.get $at) (local.get $b))
              (i32.store offset=4 (local.get $at) (local.get $a))))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br_if $again (i32.lt_u (local.get $at) (local.get $end))))
        (local.set $end (i32.sub (local.get $end) (i32.const 4)))
        (br $pass))))

  ;; Combines the words to a checksum, and traps if they are not in order.
  (func $digest (param $n i32) (result i64)
    (local $i i32) (local $sum i64) (local $last i32) (local $word i32)
    (local.set $last (i32.const 0x80000000))
    (loop $again
      (local.set $word (i32.load (i32.shl (local.get $i) (i32.const 2))))
      (if (i32.lt_s (local.get $word) (local.get $last)) (then (unreachable)))
      (local.set $last (local.get $word))
      (local.set $sum
        (i64.add
          (i64.mul (local.get $sum) (i64.const 0x100000001b3))
          (i64.extend_i32_s (local.get $word))))
      (br_if $again
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))

  (func $run (export "run") (param $n i32) (result i64)
    (call $reserve (i32.shl (local.get $n) (i32.const 2)))
    (call $fill (local.get $n))
    (call $bubble (local.get $n))
    (call $digest (local.get $n))))
