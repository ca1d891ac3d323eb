;; The queens puzzle with lists, as in a functional language: all solutions for a board of 6 by 6,
;; $n times. A list of queens is a board; a list of boards has the solutions for some rows.
(module $queens
  (type $list (struct (field $head i32) (field $tail (ref null $list))))
  (type $boards (struct (field $board (ref null $list)) (field $more (ref null $boards))))

  ;; Whether a queen in $column is safe from those of the rows before.
  (func $is_safe (param $column i32) (param $distance i32) (param $queens (ref null $list))
    (result i32)
    (local $other i32) (local $queen (ref $list))
    (loop $again
      (block $end
        (local.set $queen (br_on_null $end (local.get $queens)))
        (local.set $other (struct.get $list $head (local.get $queen)))
        (if (i32.eq (local.get $other) (local.get $column)) (then (return (i32.const 0))))
        (if (i32.eq (i32.add (local.get $other) (local.get $distance)) (local.get $column))
          (then (return (i32.const 0))))
        (if (i32.eq (i32.sub (local.get $other) (local.get $distance)) (local.get $column))
          (then (return (i32.const 0))))
        (local.set $distance (i32.add (local.get $distance) (i32.const 1)))
        (local.set $queens (struct.get $list $tail (local.get $queen)))
        (br $again)))
    (i32.const 1))

  ;; Adds all boards with one more queen than $board in $column or a lower one to $boards.
  (func $extend (param $board (ref null $list)) (param $column i32) (param $boards (ref null $boards))
    (result (ref null $boards))
    (if (i32.eqz (local.get $column)) (then (return (local.get $boards))))
    (return_call $extend
      (local.get $board)
      (i32.sub (local.get $column) (i32.const 1))
      (if (result (ref null $boards))
        (call $is_safe (local.get $column) (i32.const 1) (local.get $board))
        (then
          (struct.new $boards
            (struct.new $list (local.get $column) (local.get $board))
            (local.get $boards)))
        (else (local.get $boards)))))

  ;; All solutions for the first $rows rows of a board of $size columns.
  (func $solve (param $rows i32) (param $size i32) (result (ref null $boards))
    (local $from (ref null $boards)) (local $to (ref null $boards)) (local $some (ref $boards))
    (if (i32.eqz (local.get $rows))
      (then (return (struct.new $boards (ref.null $list) (ref.null $boards)))))
    (local.set $from
      (call $solve (i32.sub (local.get $rows) (i32.const 1)) (local.get $size)))
    (loop $again
      (block $end
        (local.set $some (br_on_null $end (local.get $from)))
        (local.set $to
          (call $extend
            (struct.get $boards $board (local.get $some)) (local.get $size) (local.get $to)))
        (local.set $from (struct.get $boards $more (local.get $some)))
        (br $again)))
    (local.get $to))

  (func $digest (param $boards (ref null $boards)) (param $sum i64) (result i64)
    (local $list (ref null $list)) (local $some (ref $boards)) (local $queen (ref $list))
    (loop $next
      (block $end
        (local.set $some (br_on_null $end (local.get $boards)))
        (local.set $list (struct.get $boards $board (local.get $some)))
        (loop $again
          (block $end_of_board
            (local.set $queen (br_on_null $end_of_board (local.get $list)))
            (local.set $sum
              (i64.add
                (i64.mul (local.get $sum) (i64.const 0x100000001b3))
                (i64.extend_i32_u (struct.get $list $head (local.get $queen)))))
            (local.set $list (struct.get $list $tail (local.get $queen)))
            (br $again)))
        (local.set $boards (struct.get $boards $more (local.get $some)))
        (br $next)))
    (local.get $sum))

  (func $run (export "run") (param $n i32) (result i64)
    (local $sum i64)
    (loop $again
      (local.set $sum
        (call $digest (call $solve (i32.const 6) (i32.const 6)) (local.get $sum)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
