;; Splits the day's loaves among the guests of each table, one of which is empty.
;; docs/core-dumps.md finds that out from a core dump.
(module $bakery
  (memory (export "memory") 1)
  (global $served (export "served") (mut i32) (i32.const 0))
  ;; Number of guests at each of the four tables.
  (data (i32.const 0x1000) "\04\00\00\00\02\00\00\00\00\00\00\00\03\00\00\00")
  (func $serve (export "serve") (param $loaves i32)
    (local $table i32)
    (loop $next
      (global.set $served
        (i32.add (global.get $served) (call $share (local.get $loaves) (local.get $table))))
      (local.set $table (i32.add (local.get $table) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $table) (i32.const 4)))))
  (func $share (param $loaves i32) (param $table i32) (result i32)
    (local $guests i32)
    (local.set $guests
      (i32.load offset=0x1000 (i32.mul (local.get $table) (i32.const 4))))
    (i32.div_u (local.get $loaves) (local.get $guests))))
