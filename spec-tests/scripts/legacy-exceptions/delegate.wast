;; `delegate` to each kind of label.

(module
  (tag $a)
  (tag $b (param i32))
  (func $throw (param i32)
    (if (i32.eqz (local.get 0)) (then (throw $a)))
    (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $b (i32.const 10)))))

  ;; The `try`s between are skipped, whether they are in their first part or in a catch part.
  (func (export "skip") (param i32) (result i32)
    try $outer (result i32)
      try (result i32)
        try (result i32)
          try (result i32)
            (call $throw (local.get 0))
            (i32.const 1)
          delegate $outer
        catch_all
          (i32.const 2)
        end
      catch_all
        (i32.const 3)
      end
    catch $b
    catch_all
      (i32.const 4)
    end)
  (func (export "skip-in-catch") (param i32) (result i32)
    try $outer (result i32)
      try (result i32)
        (throw $a)
      catch $a
        try (result i32)
          try (result i32)
            (call $throw (local.get 0))
            (i32.const 1)
          delegate $outer
        catch_all
          (i32.const 2)
        end
      catch_all
        (i32.const 3)
      end
    catch $b
    catch_all
      (i32.const 4)
    end)

  ;; What protects the delegating `try`'s own part catches first.
  (func (export "own") (param i32) (result i32)
    try (result i32)
      try (result i32)
        try (result i32)
          try (result i32)
            (call $throw (local.get 0))
            (i32.const 1)
          catch $a
            (i32.const 2)
          end
        delegate 1
      catch_all
        (i32.const 3)
      end
    catch_all
      (i32.const 4)
    end)

  ;; The label of a `try` whose catch part it is in: the next one catches.
  (func (export "catch-part") (result i32)
    try (result i32)
      try $l (result i32)
        (throw $a)
      catch $a
        try (result i32)
          (throw $a)
        delegate $l
      catch_all
        (i32.const 1)
      end
    catch_all
      (i32.const 2)
    end)
  ;; The catch part is itself in a `try` of that catch part.
  (func (export "try-in-catch-part") (result i32)
    try (result i32)
      try $l (result i32)
        (throw $a)
      catch $a
        try $m (result i32)
          try (result i32)
            block (result i32)
              try (result i32)
                (throw $a)
              delegate 0
            end
          delegate $m
        catch $a
          (i32.const 1)
        end
      end
    catch_all
      (i32.const 2)
    end)

  ;; Labels of blocks, loops, `if`s: the `try` around them catches, not one within.
  (func (export "blocks") (param i32) (result i32)
    try (result i32)
      block $block (result i32)
        try (result i32)
          loop $loop (result i32)
            try (result i32)
              (i32.const 1)
              if $if (result i32)
                try (result i32)
                  try (result i32)
                    try (result i32)
                      try (result i32)
                        (throw $a)
                        (br_if 0 (i32.const 1) (i32.eqz (local.get 0)))
                        (br_if 0 (i32.const 2))
                      delegate $if
                    catch_all
                      (i32.const 10)
                    end
                  catch_all
                    (i32.const 11)
                  end
                catch_all
                  (i32.const 12)
                end
              else
                (i32.const 13)
              end
            catch_all
              (br_if $block (i32.const 1) (i32.eqz (local.get 0)))
              (drop)
              try (result i32)
                try (result i32)
                  (throw $b (i32.const 14))
                delegate $loop
              catch_all
                (i32.const 15)
              end
            end
          end
        catch $b
          (br_if $block (i32.eq (local.get 0) (i32.const 1)))
          (drop)
          try (result i32)
            try (result i32)
              (throw $b (i32.const 16))
            delegate $block
          catch_all
            (i32.const 17)
          end
        end
      end
    catch $b
      (i32.add (i32.const 100))
    end)

  ;; Labels of functions: the caller's `try` catches.
  (func $to-caller (param i32)
    try
      try
        (call $throw (local.get 0))
      delegate 1
    catch_all
    end)
  (func $in-block-to-caller (param i32)
    block
      try
        block
          try
            (call $throw (local.get 0))
          delegate 3
        end
      catch_all
      end
    end)
  (func (export "caller") (param i32) (result i32)
    try (result i32)
      (call $to-caller (local.get 0))
      (i32.const 1)
    catch $b
      try (result i32)
        (call $in-block-to-caller (local.get 0))
        (i32.const 2)
      catch $b
      end
      (i32.add)
    catch_all
      (i32.const 3)
    end)

  ;; One delegates to another one.
  (func (export "chain") (param i32) (result i32)
    try (result i32)
      try (result i32)
        try $third (result i32)
          try (result i32)
            try $second (result i32)
              try (result i32)
                try (result i32)
                  (call $throw (local.get 0))
                  (i32.const 1)
                delegate $second
              catch_all
                (i32.const 2)
              end
            delegate $third
          catch_all
            (i32.const 3)
          end
        delegate 1
      catch_all
        (i32.const 4)
      end
    catch $b
    end)

  ;; A branch to the label of a `try` that delegates.
  (func (export "branch") (param i32) (result i32)
    (i32.const 1000)
    try $l (result i32)
      (br_if $l (i32.const 1) (local.get 0))
      (drop)
      try (result i32)
        (br $l (i32.const 2))
      delegate $l
    delegate 0
    (i32.add))

  ;; Between the two forms.
  (func (export "to-try-table") (param i32) (result i32)
    (block $a
      (block $b (result i32)
        (try_table $t (result i32) (catch $a $a) (catch $b $b)
          (try (result i32)
            (do
              (try (result i32)
                (do (call $throw (local.get 0)) (i32.const 1))
                (delegate $t)))
            (catch_all (i32.const 2))))
        (return))
      (i32.add (i32.const 100))
      (return))
    (i32.const 200))
  (func (export "from-try-table") (param i32) (result i32)
    (try $t (result i32)
      (do
        (block $a (result exnref)
          (try (result i32)
            (do
              (try_table (result i32) (catch_ref $a $a)
                (call $throw (local.get 0))
                (i32.const 1)))
            (delegate $t))
          (return))
        (throw_ref))
      (catch $b (i32.add (i32.const 100)))
      (catch $a
        (block $again (result exnref)
          (try_table (catch_all_ref $again) (rethrow 2))
          (unreachable))
        (drop)
        (i32.const 200))))
)

(assert_return (invoke "skip" (i32.const 2)) (i32.const 1))
(assert_return (invoke "skip" (i32.const 1)) (i32.const 10))
(assert_return (invoke "skip" (i32.const 0)) (i32.const 4))
(assert_return (invoke "skip-in-catch" (i32.const 2)) (i32.const 1))
(assert_return (invoke "skip-in-catch" (i32.const 1)) (i32.const 10))
(assert_return (invoke "skip-in-catch" (i32.const 0)) (i32.const 4))
(assert_return (invoke "own" (i32.const 2)) (i32.const 1))
(assert_return (invoke "own" (i32.const 1)) (i32.const 4))
(assert_return (invoke "own" (i32.const 0)) (i32.const 2))
(assert_return (invoke "catch-part") (i32.const 2))
(assert_return (invoke "try-in-catch-part") (i32.const 1))
(assert_return (invoke "blocks" (i32.const 0)) (i32.const 1))
(assert_return (invoke "blocks" (i32.const 1)) (i32.const 14))
(assert_return (invoke "blocks" (i32.const 2)) (i32.const 116))
(assert_return (invoke "caller" (i32.const 2)) (i32.const 1))
(assert_return (invoke "caller" (i32.const 1)) (i32.const 20))
(assert_return (invoke "caller" (i32.const 0)) (i32.const 3))
(assert_return (invoke "chain" (i32.const 2)) (i32.const 1))
(assert_return (invoke "chain" (i32.const 1)) (i32.const 10))
(assert_exception (invoke "chain" (i32.const 0)))
(assert_return (invoke "branch" (i32.const 1)) (i32.const 1001))
(assert_return (invoke "branch" (i32.const 0)) (i32.const 1002))
(assert_return (invoke "to-try-table" (i32.const 2)) (i32.const 1))
(assert_return (invoke "to-try-table" (i32.const 1)) (i32.const 110))
(assert_return (invoke "to-try-table" (i32.const 0)) (i32.const 200))
(assert_return (invoke "from-try-table" (i32.const 2)) (i32.const 1))
(assert_return (invoke "from-try-table" (i32.const 1)) (i32.const 110))
(assert_return (invoke "from-try-table" (i32.const 0)) (i32.const 200))
