;; Continuations that are suspended at once with those that they have resumed. The program does other work
;; while they are, and resumes them in the order in which they were created, and in another one.

(module
  (type $f (func (result i32)))
  (type $c (cont $f))
  (tag $t)
  (elem declare func $inner $middle $outer)
  (func $work (param $turns i32)
    (loop $again
      (br_if $again (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))))))
  (func $inner (type $f)
    (suspend $t)
    (suspend $t)
    (i32.const 1))
  (func $middle (type $f)
    (i32.add (i32.const 10) (resume $c (cont.new $c (ref.func $inner)))))
  (func $outer (type $f)
    (i32.add (i32.const 100) (resume $c (cont.new $c (ref.func $middle)))))

  ;; Resumes a continuation until it returns, with other work in between.
  (func $finish (param $next (ref null $c)) (result i32)
    (loop $again (result i32)
      (block $suspended (result (ref $c))
        (return (resume $c (on $t $suspended) (local.get $next))))
      (local.set $next)
      (call $work (i32.const 5))
      (br $again)))

  (func (export "one") (result i32)
    (call $finish (cont.new $c (ref.func $outer))))

  ;; Two at the same time. The second is resumed first.
  (func (export "two") (result i32)
    (local $first (ref null $c)) (local $second (ref null $c))
    (local.set $first
      (block $suspended (result (ref $c))
        (drop (resume $c (on $t $suspended) (cont.new $c (ref.func $outer))))
        (unreachable)))
    (local.set $second
      (block $suspended (result (ref $c))
        (drop (resume $c (on $t $suspended) (cont.new $c (ref.func $middle))))
        (unreachable)))
    (call $work (i32.const 5))
    (i32.sub
      (i32.mul (i32.const 1000) (call $finish (local.get $second)))
      (call $finish (local.get $first)))))

(assert_return (invoke "one") (i32.const 111))
(assert_return (invoke "two") (i32.const 10889))
