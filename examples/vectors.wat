;; Rows of four floats.
(module $vectors
  (memory 1)
  ;; Two rows, which end where the memory ends.
  (data (i32.const 65504) (f32 1 2 3 4) (f32 10 20 30 40))

  ;; Multiplies a row by a factor.
  (func (export "scale") (param $row v128) (param $factor f32) (result v128)
    (f32x4.mul (local.get $row) (f32x4.splat (local.get $factor))))

  ;; Adds rows. A third one would be beyond the end of the memory.
  (func (export "sum") (param $rows i32) (result v128)
    (local $at i32) (local $total v128)
    (loop $next
      (local.set $total
        (f32x4.add
          (local.get $total)
          (v128.load offset=65504 (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $next (local.get $rows)))
    (local.get $total)))
