;; Guests leave their tables in the evening, and the last loaves are split among those who stay.
;; docs/replay.md finds out who has emptied a table.
(module $closing
  (memory (export "memory") 1)
  ;; Number of guests at each of the four tables.
  (data (i32.const 0x1000) "\04\00\00\00\02\00\00\00\03\00\00\00\01\00\00\00")
  (func $leave (param $table i32) (param $guests i32)
    (local $at i32)
    (local.set $at (i32.mul (local.get $table) (i32.const 4)))
    (i32.store offset=0x1000 (local.get $at)
      (i32.sub (i32.load offset=0x1000 (local.get $at)) (local.get $guests))))
  (func $close (param $table i32)
    (call $leave (local.get $table)
      (i32.load offset=0x1000 (i32.mul (local.get $table) (i32.const 4)))))
  (func $share (param $loaves i32) (param $table i32) (result i32)
    (i32.div_u (local.get $loaves)
      (i32.load offset=0x1000 (i32.mul (local.get $table) (i32.const 4)))))
  (func $evening (export "evening") (result i32)
    (call $leave (i32.const 0) (i32.const 2))
    (call $close (i32.const 2))
    (call $leave (i32.const 0) (i32.const 1))
    (call $share (i32.const 12) (i32.const 2))))
