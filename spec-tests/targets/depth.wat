;; Calls until the stack overflows. The number of calls is in a global, which a core dump contains.
(module $depth
  (type $f (func))
  (type $c (cont $f))
  (global $calls (mut i64) (i64.const 0))
  (func $down (param i32 i64 f32) (local i64 i64 i64) (local $kept f64)
    (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
    (local.set $kept (f64.convert_i64_s (global.get $calls)))
    (call $down (i32.add (local.get 0) (i32.const 1)) (local.get 1) (local.get 2))
    (drop (local.get $kept)))
  (func $inside (call $down (i32.const 0) (i64.const 1) (f32.const 2)))
  (elem declare func $inside)
  (func (export "calls") (call $inside))
  (func (export "calls in a continuation") (resume $c (cont.new $c (ref.func $inside)))))
