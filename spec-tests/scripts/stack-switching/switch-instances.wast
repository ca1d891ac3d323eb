;; Switches between continuations of functions of several instances, whose handlers are in another one.

(module $library
  (rec
    (type $f (func (param (ref null $c)) (result i32)))
    (type $c (cont $f)))
  (tag $t (export "t") (result i32))
  (global $n (export "n") (mut i32) (i32.const 0))
  (elem declare func $partner)
  (func $work (param $turns i32)
    (loop $again
      (br_if $again (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))))))
  (func $partner (export "partner") (type $f)
    (call $work (i32.const 3))
    (loop $again
      (global.set $n (i32.add (global.get $n) (i32.const 1)))
      (call $work (i32.const 3))
      (local.set 0 (switch $c $t (local.get 0)))
      (br $again))
    (unreachable))
  (func $begin (export "begin") (type $f)
    (local $left i32)
    (local.set $left (i32.const 5))
    (local.set 0 (cont.new $c (ref.func $partner)))
    (loop $again
      (call $work (i32.const 3))
      (local.set 0 (switch $c $t (local.get 0)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.add (i32.const 100) (global.get $n))))
(register "a" $library)

(module $second
  (rec
    (type $f (func (param (ref null $c)) (result i32)))
    (type $c (cont $f)))
  (import "a" "begin" (func $begin (type $f)))
  (import "a" "partner" (func $partner (type $f)))
  (import "a" "t" (tag $t (result i32)))
  (tag $own (result i32))
  (elem declare func $begin $partner $local $other)
  (func $local (type $f)
    (call $begin (local.get 0)))
  (func (export "direct") (result i32)
    (resume $c (on $t switch) (ref.null $c) (cont.new $c (ref.func $begin))))
  (func (export "through") (result i32)
    (resume $c (on $own switch) (on $t switch) (ref.null $c) (cont.new $c (ref.func $local))))
  (func $other (type $f)
    (local $back (ref null $c))
    (local.set $back (switch $c $t (cont.new $c (ref.func $partner))))
    (local.set $back (switch $c $t (local.get $back)))
    (i32.const 7))
  (func (export "other") (result i32)
    (resume $c (on $own switch) (on $t switch) (ref.null $c) (cont.new $c (ref.func $other)))))

(assert_return (invoke "direct") (i32.const 105))
(assert_return (invoke "through") (i32.const 110))
(assert_return (invoke "other") (i32.const 7))
