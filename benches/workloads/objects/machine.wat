;; An interpreter of a language with dynamic types, as a compiler of an object-oriented language
;; would translate it: each class has a table of methods, calls go through it, and a method
;; casts its first argument to its class. Small integers are `i31`, others are objects.
;; The program that it interprets counts the steps of the Collatz sequences of the first $n numbers.
(module $machine
  (rec
    (type $object (sub (struct (field $methods (ref $methods)))))
    (type $methods (sub (struct (field $evaluate (ref $evaluate)))))
    (type $evaluate (func (param (ref $object) (ref $frame)) (result (ref eq))))
    (type $frame (struct (field $variables (ref $variables))))
    (type $variables (array (mut (ref eq)))))

  (type $number (struct (field $value i64)))

  (type $constant (sub $object (struct (field $methods (ref $methods)) (field $value (ref eq)))))
  (type $variable (sub $object (struct (field $methods (ref $methods)) (field $index i32))))
  (type $assign
    (sub $object
      (struct (field $methods (ref $methods)) (field $index i32) (field $value (ref $object)))))
  (type $binary
    (sub $object
      (struct (field $methods (ref $methods)) (field $left (ref $object)) (field $right (ref $object)))))
  (type $add (sub $binary (struct (field $methods (ref $methods)) (field $left (ref $object)) (field $right (ref $object)))))
  (type $multiply (sub $binary (struct (field $methods (ref $methods)) (field $left (ref $object)) (field $right (ref $object)))))
  (type $halve (sub $object (struct (field $methods (ref $methods)) (field $of (ref $object)))))
  (type $is_odd (sub $object (struct (field $methods (ref $methods)) (field $of (ref $object)))))
  (type $less (sub $binary (struct (field $methods (ref $methods)) (field $left (ref $object)) (field $right (ref $object)))))
  (type $if
    (sub $object
      (struct
        (field $methods (ref $methods)) (field $test (ref $object))
        (field $then (ref $object)) (field $else (ref $object)))))
  (type $while
    (sub $object
      (struct (field $methods (ref $methods)) (field $test (ref $object)) (field $body (ref $object)))))
  (type $parts (array (ref $object)))
  (type $block (sub $object (struct (field $methods (ref $methods)) (field $parts (ref $parts)))))

  (global $of_constant (ref $methods) (struct.new $methods (ref.func $constant)))
  (global $of_variable (ref $methods) (struct.new $methods (ref.func $variable)))
  (global $of_assign (ref $methods) (struct.new $methods (ref.func $assign)))
  (global $of_add (ref $methods) (struct.new $methods (ref.func $add)))
  (global $of_multiply (ref $methods) (struct.new $methods (ref.func $multiply)))
  (global $of_halve (ref $methods) (struct.new $methods (ref.func $halve)))
  (global $of_is_odd (ref $methods) (struct.new $methods (ref.func $is_odd)))
  (global $of_less (ref $methods) (struct.new $methods (ref.func $less)))
  (global $of_if (ref $methods) (struct.new $methods (ref.func $if)))
  (global $of_while (ref $methods) (struct.new $methods (ref.func $while)))
  (global $of_block (ref $methods) (struct.new $methods (ref.func $block)))

  (elem declare func
    $constant $variable $assign $add $multiply $halve $is_odd $less $if $while $block)

  (func $call (param $node (ref $object)) (param $frame (ref $frame)) (result (ref eq))
    (call_ref $evaluate
      (local.get $node) (local.get $frame)
      (struct.get $methods $evaluate (struct.get $object $methods (local.get $node)))))

  ;; The value of a number.
  (func $value (param $it (ref eq)) (result i64)
    (block $small (result (ref i31))
      (br_on_cast $small (ref eq) (ref i31) (local.get $it))
      (return (struct.get $number $value (ref.cast (ref $number)))))
    (i64.extend_i32_s (i31.get_s)))

  ;; The number with a value.
  (func $number (param $value i64) (result (ref eq))
    (if (result (ref eq))
      (i64.eq
        (i64.shr_s (i64.shl (local.get $value) (i64.const 33)) (i64.const 33))
        (local.get $value))
      (then (ref.i31 (i32.wrap_i64 (local.get $value))))
      (else (struct.new $number (local.get $value)))))

  (func $is_true (param $it (ref eq)) (result i32)
    (i32.eqz (ref.eq (local.get $it) (ref.i31 (i32.const 0)))))

  (func $constant (type $evaluate) (param $this (ref $object)) (param $frame (ref $frame)) (result (ref eq))
    (struct.get $constant $value (ref.cast (ref $constant) (local.get $this))))

  (func $variable (type $evaluate) (param $this (ref $object)) (param $frame (ref $frame)) (result (ref eq))
    (array.get $variables
      (struct.get $frame $variables (local.get $frame))
      (struct.get $variable $index (ref.cast (ref $variable) (local.get $this)))))

  (func $assign (type $evaluate) (param $this (ref $object)) (param $frame (ref $frame)) (result (ref eq))
    (local $it (ref $assign)) (local $value (ref eq))
    (local.set $it (ref.cast (ref $assign) (local.get $this)))
    (local.set $value
      (call $call (struct.get $assign $value (local.get $it)) (local.get $frame)))
    (array.set $variables
      (struct.get $frame $variables (local.get $frame))
      (struct.get $assign $index (local.get $it))
      (local.get $value))
    (local.get $value))

  (func $add (type $evaluate) (param $this (ref $object)) (param $frame (ref $frame)) (result (ref eq))
    (local $it (ref $add))
    (local.set $it (ref.cast (ref $add) (local.get $this)))
    (call $number
      (i64.add
        (call $value (call $call (struct.get $add $left (local.get $it)) (local.get $frame)))
        (call $value (call $call (struct.get $add $right (local.get $it)) (local.get $frame))))))

  (func $multiply (type $evaluate) (param $this (ref $object)) (param $frame (ref $frame)) (result (ref eq))
    (local $it (ref $multiply))
    (local.set $it (ref.cast (ref $multiply) (local.get $this)))
    (call $number
      (i64.mul
        (call $value (call $call (struct.get $multiply $left (local.get $it)) (local.get $frame)))
        (call $value (call $call (struct.get $multiply $right (local.get $it)) (local.get $frame))))))

  (func $halve (type $evaluate) (param $this (ref $object)) (param $frame (ref $frame)) (result (ref eq))
    (call $number
      (i64.shr_s
        (call $value
          (call $call
            (struct.get $halve $of (ref.cast (ref $halve) (local.get $this)))
            (local.get $frame)))
        (i64.const 1))))

  (func $is_odd (type $evaluate) (param $this (ref $object)) (param $frame (ref $frame)) (result (ref eq))
    (ref.i31
      (i32.and
        (i32.const 1)
        (i32.wrap_i64
          (call $value
            (call $call
              (struct.get $is_odd $of (ref.cast (ref $is_odd) (local.get $this)))
              (local.get $frame)))))))

  (func $less (type $evaluate) (param $this (ref $object)) (param $frame (ref $frame)) (result (ref eq))
    (local $it (ref $less))
    (local.set $it (ref.cast (ref $less) (local.get $this)))
    (ref.i31
      (i64.lt_s
        (call $value (call $call (struct.get $less $left (local.get $it)) (local.get $frame)))
        (call $value (call $call (struct.get $less $right (local.get $it)) (local.get $frame))))))

  (func $if (type $evaluate) (param $this (ref $object)) (param $frame (ref $frame)) (result (ref eq))
    (local $it (ref $if))
    (local.set $it (ref.cast (ref $if) (local.get $this)))
    (if (result (ref eq))
      (call $is_true (call $call (struct.get $if $test (local.get $it)) (local.get $frame)))
      (then (call $call (struct.get $if $then (local.get $it)) (local.get $frame)))
      (else (call $call (struct.get $if $else (local.get $it)) (local.get $frame)))))

  (func $while (type $evaluate) (param $this (ref $object)) (param $frame (ref $frame)) (result (ref eq))
    (local $it (ref $while))
    (local.set $it (ref.cast (ref $while) (local.get $this)))
    (loop $again
      (if (call $is_true (call $call (struct.get $while $test (local.get $it)) (local.get $frame)))
        (then
          (drop (call $call (struct.get $while $body (local.get $it)) (local.get $frame)))
          (br $again))))
    (ref.i31 (i32.const 0)))

  (func $block (type $evaluate) (param $this (ref $object)) (param $frame (ref $frame)) (result (ref eq))
    (local $parts (ref $parts)) (local $i i32) (local $last (ref eq))
    (local.set $last (ref.i31 (i32.const 0)))
    (local.set $parts
      (struct.get $block $parts (ref.cast (ref $block) (local.get $this))))
    (loop $again
      (local.set $last
        (call $call (array.get $parts (local.get $parts) (local.get $i)) (local.get $frame)))
      (br_if $again
        (i32.lt_u
          (local.tee $i (i32.add (local.get $i) (i32.const 1)))
          (array.len (local.get $parts)))))
    (local.get $last))

  (func $make_constant (param $value i64) (result (ref $object))
    (struct.new $constant (global.get $of_constant) (call $number (local.get $value))))
  (func $make_variable (param $index i32) (result (ref $object))
    (struct.new $variable (global.get $of_variable) (local.get $index)))
  (func $make_assign (param $index i32) (param $value (ref $object)) (result (ref $object))
    (struct.new $assign (global.get $of_assign) (local.get $index) (local.get $value)))
  (func $make_add (param $left (ref $object)) (param $right (ref $object)) (result (ref $object))
    (struct.new $add (global.get $of_add) (local.get $left) (local.get $right)))

  ;; Variable 0 is the number, 1 the member of its sequence, 2 the number of steps, 3 is $n, and
  ;; 4 the sum of the members, which needs more than 31 bits.
  ;;
  ;;   while v0 < v3 {
  ;;     v0 = v0 + 1; v1 = v0
  ;;     while 1 < v1 {
  ;;       if odd(v1) { v1 = v1 * 3 + 1 } else { v1 = halve(v1) }
  ;;       v2 = v2 + 1; v4 = v4 + v1
  ;;     }
  ;;   }
  (func $program (result (ref $object))
    (struct.new $while (global.get $of_while)
      (struct.new $less (global.get $of_less)
        (call $make_variable (i32.const 0)) (call $make_variable (i32.const 3)))
      (struct.new $block (global.get $of_block)
        (array.new_fixed $parts 3
          (call $make_assign (i32.const 0)
            (call $make_add
              (call $make_variable (i32.const 0)) (call $make_constant (i64.const 1))))
          (call $make_assign (i32.const 1) (call $make_variable (i32.const 0)))
          (struct.new $while (global.get $of_while)
            (struct.new $less (global.get $of_less)
              (call $make_constant (i64.const 1)) (call $make_variable (i32.const 1)))
            (struct.new $block (global.get $of_block)
              (array.new_fixed $parts 3
                (struct.new $if (global.get $of_if)
                  (struct.new $is_odd (global.get $of_is_odd) (call $make_variable (i32.const 1)))
                  (call $make_assign (i32.const 1)
                    (call $make_add
                      (struct.new $multiply (global.get $of_multiply)
                        (call $make_variable (i32.const 1)) (call $make_constant (i64.const 3)))
                      (call $make_constant (i64.const 1))))
                  (call $make_assign (i32.const 1)
                    (struct.new $halve (global.get $of_halve) (call $make_variable (i32.const 1)))))
                (call $make_assign (i32.const 2)
                  (call $make_add
                    (call $make_variable (i32.const 2)) (call $make_constant (i64.const 1))))
                (call $make_assign (i32.const 4)
                  (call $make_add
                    (call $make_variable (i32.const 4)) (call $make_variable (i32.const 1)))))))))))

  (func $run (export "run") (param $n i32) (result i64)
    (local $variables (ref $variables))
    (local.set $variables (array.new $variables (ref.i31 (i32.const 0)) (i32.const 5)))
    (array.set $variables (local.get $variables) (i32.const 3) (ref.i31 (local.get $n)))
    (drop (call $call (call $program) (struct.new $frame (local.get $variables))))
    (i64.add
      (i64.mul
        (call $value (array.get $variables (local.get $variables) (i32.const 2)))
        (i64.const 0x100000001b3))
      (call $value (array.get $variables (local.get $variables) (i32.const 4))))))
