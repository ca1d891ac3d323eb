;; The game of life on a torus of 64 by 64 cells, for $n generations. A board is an array of rows
;; of `i31` values, as in a language whose arrays hold any value, and each generation is new.
(module $life
  (type $row (array (mut anyref)))
  (type $board (array (mut (ref null $row))))

  (func $is_alive (param $row (ref $row)) (param $x i32) (result i32)
    (i31.get_u
      (ref.cast (ref i31)
        (array.get $row (local.get $row) (i32.and (local.get $x) (i32.const 63))))))

  ;; The number of living cells among three.
  (func $three (param $row (ref $row)) (param $x i32) (result i32)
    (i32.add
      (call $is_alive (local.get $row) (i32.sub (local.get $x) (i32.const 1)))
      (i32.add
        (call $is_alive (local.get $row) (local.get $x))
        (call $is_alive (local.get $row) (i32.add (local.get $x) (i32.const 1))))))

  (func $row (param $board (ref $board)) (param $y i32) (result (ref $row))
    (ref.as_non_null
      (array.get $board (local.get $board) (i32.and (local.get $y) (i32.const 63)))))

  (func $next_row (param $above (ref $row)) (param $old (ref $row)) (param $below (ref $row))
    (result (ref $row))
    (local $new (ref $row)) (local $x i32) (local $count i32)
    (local.set $new (array.new_default $row (i32.const 64)))
    (loop $again
      (local.set $count
        (i32.add
          (call $three (local.get $above) (local.get $x))
          (i32.add
            (call $three (local.get $old) (local.get $x))
            (call $three (local.get $below) (local.get $x)))))
      (array.set $row (local.get $new) (local.get $x)
        (ref.i31
          (i32.or
            (i32.eq (local.get $count) (i32.const 3))
            (i32.and
              (i32.eq (local.get $count) (i32.const 4))
              (call $is_alive (local.get $old) (local.get $x))))))
      (br_if $again
        (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 1))) (i32.const 64))))
    (local.get $new))

  (func $next (param $old (ref $board)) (result (ref $board))
    (local $new (ref $board)) (local $y i32)
    (local.set $new (array.new_default $board (i32.const 64)))
    (loop $again
      (array.set $board (local.get $new) (local.get $y)
        (call $next_row
          (call $row (local.get $old) (i32.sub (local.get $y) (i32.const 1)))
          (call $row (local.get $old) (local.get $y))
          (call $row (local.get $old) (i32.add (local.get $y) (i32.const 1)))))
      (br_if $again
        (i32.lt_u (local.tee $y (i32.add (local.get $y) (i32.const 1))) (i32.const 64))))
    (local.get $new))

  (func $run (export "run") (param $n i32) (result i64)
    (local $board (ref $board)) (local $row (ref $row)) (local $x i32) (local $y i32)
    (local $state i32) (local $sum i64)
    (local.set $board (array.new_default $board (i32.const 64)))
    (local.set $state (i32.const 12345))
    (loop $rows
      (local.set $row (array.new_default $row (i32.const 64)))
      (local.set $x (i32.const 0))
      (loop $cells
        (local.set $state
          (i32.add (i32.mul (local.get $state) (i32.const 1664525)) (i32.const 1013904223)))
        (array.set $row (local.get $row) (local.get $x)
          (ref.i31 (i32.shr_u (local.get $state) (i32.const 31))))
        (br_if $cells
          (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 1))) (i32.const 64))))
      (array.set $board (local.get $board) (local.get $y) (local.get $row))
      (br_if $rows
        (i32.lt_u (local.tee $y (i32.add (local.get $y) (i32.const 1))) (i32.const 64))))
    (loop $generations
      (local.set $board (call $next (local.get $board)))
      (br_if $generations (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.set $y (i32.const 0))
    (loop $digest_rows
      (local.set $row (call $row (local.get $board) (local.get $y)))
      (local.set $x (i32.const 0))
      (loop $digest
        (local.set $sum
          (i64.add
            (i64.mul (local.get $sum) (i64.const 0x100000001b3))
            (i64.extend_i32_u (call $is_alive (local.get $row) (local.get $x)))))
        (br_if $digest
          (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 1))) (i32.const 64))))
      (br_if $digest_rows
        (i32.lt_u (local.tee $y (i32.add (local.get $y) (i32.const 1))) (i32.const 64))))
    (local.get $sum)))
