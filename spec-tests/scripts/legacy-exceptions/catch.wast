;; Catch parts of legacy `try`s: what is around the caught exception, and how a part is left.

(module
  (type $swap (func (param i32 i64) (result i64 i32)))
  (type $f (func))
  (type $k (cont $f))
  (elem declare func $gives)
  (tag $empty)
  (tag $i32 (param i32))
  (tag $give (param i32))
  (tag $pair (param i32 i64))
  (tag $many (param i32 i64 f32 f64 i32))
  (global $log (mut i32) (i32.const 0))

  (func $log (param i32)
    (global.set $log
      (i32.add (i32.mul (global.get $log) (i32.const 10)) (local.get 0))))
  (func (export "log") (result i32)
    (global.get $log)
    (global.set $log (i32.const 0)))
  (func $throw (param i32)
    (if (i32.eqz (local.get 0)) (then (throw $empty)))
    (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $i32 (i32.const 11))))
    (if (i32.eq (local.get 0) (i32.const 2))
      (then (throw $pair (i32.const 22) (i64.const 222)))))

  ;; A `try` without catch parts.
  (func (export "only-end") (param i32) (result i32)
    try (result i32)
      local.get 0
      call $throw
      i32.const 5
    end)
  (func (export "only-end-in-try") (param i32) (result i32)
    try (result i32)
      try
        local.get 0
        call $throw
      end
      i32.const 6
    catch $i32
    end)

  ;; Operands below a `try`, and its parameters, which catch parts do not have.
  (func (export "operands-below") (param i32) (result i32)
    i32.const 1000
    local.get 0
    i32.const 1
    i64.const 2
    try (type $swap)
      i64.const 100
      i64.mul
      local.get 0
      call $throw
      i32.wrap_i64
      i32.add
      i64.extend_i32_u
      i32.const 7
    catch $i32
      i32.const 9
      local.set 0
      i64.const 30
      i32.const 4
      br 0
    catch $pair
      i32.wrap_i64
      i32.sub
      drop
      i64.const 50
      i32.const 6
      local.get 0
      br_if 0
      unreachable
    catch_all
      i64.const 70
      i32.const 8
    end
    i64.extend_i32_u
    i64.add
    i32.wrap_i64
    i32.add
    i32.add)

  ;; Only the function's end follows.
  (func (export "result-below") (param i32) (result i32)
    (i32.const 77)
    try
      (call $throw (local.get 0))
    catch $i32
      drop
    catch_all
      block
        (br_if 0 (local.get 0))
        (call $log (i32.const 3))
      end
    end)
  (func (export "two-results-below") (param i32) (result i32 i64)
    (i32.const 77)
    (i64.const 78)
    try
      (call $throw (local.get 0))
    catch_all
      block
        (br_if 0 (local.get 0))
        (call $log (i32.const 4))
      end
    end)
  (func (export "one-of-two-below") (param i32) (result i32 i64)
    (i32.const 77)
    try (result i64)
      (call $throw (local.get 0))
      (i64.const 1)
    catch $i32
      drop
      (i64.const 2)
    catch $pair
      (local.set 0 (i32.const 5))
      (drop)
      (i64.add (i64.extend_i32_u) (i64.const 100))
    catch_all
      block (result i64)
        (br_if 0 (i64.const 3) (local.get 0))
      end
    end)

  ;; Many values pass the reference's slot, from a branch and from the part's end.
  (func (export "many") (param i32) (result i32 i64 f32 f64 i32)
    try (result i32 i64 f32 f64 i32)
      (throw $many (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (i32.const 5))
    catch $many
      (br_if 0 (local.get 0))
      drop drop drop drop drop
      try
        (rethrow 1)
      catch_all
        (call $log (i32.const 6))
      end
      (i32.const 10) (i64.const 20) (f32.const 30) (f64.const 40) (i32.const 50)
    end)

  ;; `rethrow` of the outer exception in the catch part of an inner one, and in its `try`.
  (func $rethrow-outer (param i32)
    try
      (throw $i32 (i32.const 1))
    catch $i32
      (call $log)
      try
        try
          (throw $pair (i32.const 2) (i64.const 3))
        catch $pair
          (call $log (i32.wrap_i64))
          (call $log)
          (br_if 0 (i32.eqz (local.get 0)))
          (rethrow 2)
        end
        (rethrow 1)
      catch $i32
        (call $log (i32.add (i32.const 3)))
        (br_table 0 1 2 (i32.sub (local.get 0) (i32.const 1)))
      end
      (call $log (i32.const 7))
      (rethrow 0)
    end
    (call $log (i32.const 8)))
  (func (export "rethrow-outer") (param i32) (result i32)
    try (result i32)
      (call $rethrow-outer (local.get 0))
      (i32.const 9)
    catch $i32
    end)

  ;; An exception thrown in a catch part is not caught by the same `try`.
  (func (export "throw-in-catch") (result i32)
    try (result i32)
      try
        (throw $empty)
      catch $empty
        (throw $empty)
      catch_all
        (call $log (i32.const 1))
      end
      (i32.const 2)
    catch_all
      (i32.const 3)
    end)
  (func (export "rethrow-is-not-caught-by-catch-all") (result i32)
    try (result i32)
      try
        (throw $empty)
      catch $empty
        (rethrow 0)
      catch_all
        (call $log (i32.const 1))
      end
      (i32.const 2)
    catch_all
      (i32.const 3)
    end)

  ;; A loop in a catch part, whose last round throws the exception again.
  (func (export "loop") (param i32) (result i32)
    (local $sum i32)
    try (result i32)
      try
        (call $throw (i32.const 1))
      catch $i32
        (local.set $sum)
        loop
          (local.set $sum (i32.add (local.get $sum) (i32.const 100)))
          try
            (call $throw (i32.const 0))
          catch_all
          end
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (br_if 0 (local.get 0))
          (rethrow 1)
        end
      end
      (i32.const 0)
    catch $i32
      (i32.add (local.get $sum))
    end)
  ;; A loop around a `try`, which catch parts continue.
  (func (export "retry") (param i32) (result i32)
    (local $sum i32)
    loop $again (result i32)
      try (result i32)
        (call $throw (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
        (local.set $sum (i32.add (local.get $sum) (i32.const 1)))
        (br $again)
      catch $empty
        (local.get $sum)
      catch $i32
        (local.set $sum (i32.add (local.get $sum)))
        (br $again)
      catch_all
        (local.set $sum (i32.add (local.get $sum) (i32.const 1000)))
        (br_if $again (i32.const 1))
        (unreachable)
      end
    end)

  ;; Catch parts of a `try` whose end, or whose parts, are never reached.
  (func (export "never-ends") (result i32)
    try (result i32)
      block
        try
          (throw $i32 (i32.const 4))
        catch $i32
          br 1
        catch_all
          (rethrow 0)
        end
        unreachable
      end
      (i32.const 5)
    end)
  (func (export "after-unreachable") (result i32)
    try (result i32)
      unreachable
      try (result i32)
        try
        delegate 0
        i32.const 1
      catch $pair
        rethrow 0
      catch_all
        rethrow 0
        try
        catch_all
          rethrow 0
        end
      end
    catch $i32
      br 0
      try (result i32)
        i32.const 2
      delegate 0
    catch_all
      i32.const 3
    end)
  (func (export "catch-after-unreachable") (result i32)
    try (result i32)
      (throw $i32 (i32.const 8))
      try
        throw $empty
      catch $i32
        drop
      end
      try
        throw $empty
      delegate 0
    catch $i32
    end)

  ;; Each kind of branch to the end of a catch part.
  (func (export "branch-table") (param i32) (result i32)
    block $out (result i32)
      try $l (result i32)
        (throw $i32 (i32.const 3))
      catch $i32
        (br_table $l $out (local.get 0))
      end
      (i32.add (i32.const 10))
    end)
  (func (export "branch-on-null") (param externref) (result i32)
    try $l (result i32)
      (throw $empty)
    catch_all
      (i32.const 6)
      (br_on_null $l (local.get 0))
      drop
      (i32.add (i32.const 1))
    end)
  (func (export "clause-of-try-table") (result i32)
    try $l (result i32)
      (throw $i32 (i32.const 1))
    catch $i32
      drop
      (try_table (catch $i32 $l) (throw $i32 (i32.const 30)))
      unreachable
    end)
  (func $gives (suspend $give (i32.const 5)))
  (func (export "clause-of-resume") (result i32)
    try $l (result i32 (ref null $k))
      (throw $empty)
    catch_all
      (i32.const 100)
      (resume $k (on $give $l) (cont.new $k (ref.func $gives)))
      (ref.null $k)
    end
    (drop))

  ;; `catch_all` does not catch traps.
  (func (export "trap") (result i32)
    try (result i32)
      (i32.div_u (i32.const 1) (i32.const 0))
    catch_all
      (i32.const 1)
    end)

  ;; A tail call leaves the `try`.
  (func $throw-then-0 (param i32) (result i32)
    (call $throw (local.get 0))
    (i32.const 0))
  (func $tail (param i32) (result i32)
    try (result i32)
      (return_call $throw-then-0 (local.get 0))
    catch_all
      (i32.const 1)
    end)
  (func (export "tail-call") (param i32) (result i32)
    try (result i32)
      (call $tail (local.get 0))
    catch $i32
    end)
  (func $tail-of-catch (param i32) (result i32)
    try (result i32)
      (call $throw-then-0 (local.get 0))
    catch $i32
      (return_call $throw-then-0 (i32.sub (i32.const 11)))
    catch_all
      (rethrow 0)
    end)
  (func (export "tail-call-of-catch") (param i32) (result i32)
    try (result i32)
      (call $tail-of-catch (local.get 0))
    catch $i32
      (i32.add (i32.const 100))
    catch_all
      (i32.const 5)
    end)
)

(assert_return (invoke "only-end" (i32.const 9)) (i32.const 5))
(assert_exception (invoke "only-end" (i32.const 1)))
(assert_return (invoke "only-end-in-try" (i32.const 9)) (i32.const 6))
(assert_return (invoke "only-end-in-try" (i32.const 1)) (i32.const 11))
(assert_exception (invoke "only-end-in-try" (i32.const 0)))

(assert_return (invoke "operands-below" (i32.const 9)) (i32.const 1217))
(assert_return (invoke "operands-below" (i32.const 1)) (i32.const 1035))
(assert_return (invoke "operands-below" (i32.const 2)) (i32.const 1058))
(assert_return (invoke "operands-below" (i32.const 0)) (i32.const 1078))

(assert_return (invoke "result-below" (i32.const 9)) (i32.const 77))
(assert_return (invoke "result-below" (i32.const 0)) (i32.const 77))
(assert_return (invoke "log") (i32.const 3))
(assert_return (invoke "result-below" (i32.const 1)) (i32.const 77))
(assert_return (invoke "result-below" (i32.const 2)) (i32.const 77))
(assert_return (invoke "log") (i32.const 0))
(assert_return (invoke "two-results-below" (i32.const 9)) (i32.const 77) (i64.const 78))
(assert_return (invoke "two-results-below" (i32.const 0)) (i32.const 77) (i64.const 78))
(assert_return (invoke "log") (i32.const 4))
(assert_return (invoke "two-results-below" (i32.const 1)) (i32.const 77) (i64.const 78))
(assert_return (invoke "log") (i32.const 0))
(assert_return (invoke "one-of-two-below" (i32.const 9)) (i32.const 77) (i64.const 1))
(assert_return (invoke "one-of-two-below" (i32.const 0)) (i32.const 77) (i64.const 3))
(assert_return (invoke "one-of-two-below" (i32.const 1)) (i32.const 77) (i64.const 2))
(assert_return (invoke "one-of-two-below" (i32.const 2)) (i32.const 77) (i64.const 122))

(assert_return (invoke "many" (i32.const 1))
  (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (i32.const 5))
(assert_return (invoke "log") (i32.const 0))
(assert_return (invoke "many" (i32.const 0))
  (i32.const 10) (i64.const 20) (f32.const 30) (f64.const 40) (i32.const 50))
(assert_return (invoke "log") (i32.const 6))

(assert_return (invoke "rethrow-outer" (i32.const 0)) (i32.const 9))
(assert_return (invoke "log") (i32.const 1324))
(assert_return (invoke "rethrow-outer" (i32.const 1)) (i32.const 1))
(assert_return (invoke "log") (i32.const 13247))
(assert_return (invoke "rethrow-outer" (i32.const 2)) (i32.const 9))
(assert_return (invoke "log") (i32.const 13248))
(assert_return (invoke "rethrow-outer" (i32.const 3)) (i32.const 9))
(assert_return (invoke "log") (i32.const 1324))

(assert_return (invoke "throw-in-catch") (i32.const 3))
(assert_return (invoke "rethrow-is-not-caught-by-catch-all") (i32.const 3))
(assert_return (invoke "log") (i32.const 0))
(assert_return (invoke "loop" (i32.const 1)) (i32.const 122))
(assert_return (invoke "loop" (i32.const 7)) (i32.const 722))
(assert_return (invoke "retry" (i32.const 1)) (i32.const 0))
(assert_return (invoke "retry" (i32.const 2)) (i32.const 11))
(assert_return (invoke "retry" (i32.const 6)) (i32.const 1014))
(assert_return (invoke "never-ends") (i32.const 5))
(assert_trap (invoke "after-unreachable") "unreachable")
(assert_return (invoke "catch-after-unreachable") (i32.const 8))
(assert_return (invoke "branch-table" (i32.const 0)) (i32.const 13))
(assert_return (invoke "branch-table" (i32.const 1)) (i32.const 3))
(assert_return (invoke "branch-on-null" (ref.null extern)) (i32.const 6))
(assert_return (invoke "branch-on-null" (ref.extern 1)) (i32.const 7))
(assert_return (invoke "clause-of-try-table") (i32.const 30))
(assert_return (invoke "clause-of-resume") (i32.const 5))
(assert_trap (invoke "trap") "integer divide by zero")
(assert_return (invoke "tail-call" (i32.const 9)) (i32.const 0))
(assert_return (invoke "tail-call" (i32.const 1)) (i32.const 11))
(assert_exception (invoke "tail-call" (i32.const 0)))
(assert_return (invoke "tail-call-of-catch" (i32.const 9)) (i32.const 0))
(assert_return (invoke "tail-call-of-catch" (i32.const 0)) (i32.const 5))
(assert_return (invoke "tail-call-of-catch" (i32.const 1)) (i32.const 5))

;; Labels and types.
(assert_invalid
  (module (func try catch_all block rethrow 0 end end))
  "invalid rethrow label")
(assert_invalid
  (module (func try rethrow 0 catch_all end))
  "invalid rethrow label")
(assert_invalid
  (module (func try catch_all rethrow 2 end))
  "unknown label")
(assert_invalid
  (module (func try delegate 1))
  "unknown label")
(assert_invalid
  (module (func (result i32) try (result i32) i32.const 1 catch_all end))
  "type mismatch")
(assert_invalid
  (module (func i32.const 1 try (param i32) drop catch_all drop end))
  "type mismatch")
(assert_invalid
  (module (func try catch 0 end))
  "unknown tag")
