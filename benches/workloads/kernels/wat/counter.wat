;; The shortest loops, with a local, a global and memory. Written by hand, so that the code does
;; not depend on a compiler.
(module $counter
  (memory 1)
  (global $count (mut i64) (i64.const 0))

  ;; In locals: $n thousand rounds, at least one.
  (func $run (export "run") (param $n i32) (result i64)
    (local $i i32) (local $sum i64)
    (local.set $i (i32.mul (local.get $n) (i32.const 1000)))
    (loop $again
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $i))))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br_if $again (local.get $i)))
    (local.get $sum))

  ;; In a global: $n thousand rounds.
  (func $global (export "global") (param $n i32) (result i64)
    (local $i i32)
    (global.set $count (i64.const 0))
    (loop $again
      (global.set $count (i64.add (global.get $count) (i64.const 3)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.mul (local.get $n) (i32.const 1000)))))
    (global.get $count))

  ;; In memory: $n thousand rounds with unaligned accesses.
  (func $memory (export "memory_count") (param $n i32) (result i64)
    (local $i i32)
    (i64.store offset=13 (i32.const 0) (i64.const 0))
    (block $done
      (loop $again
        (br_if $done (i32.ge_u (local.get $i) (i32.mul (local.get $n) (i32.const 1000))))
        (i64.store offset=13 align=1 (i32.const 0)
          (i64.add (i64.load offset=13 align=1 (i32.const 0)) (i64.const 7)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $again)))
    (i64.load offset=13 (i32.const 0))))
