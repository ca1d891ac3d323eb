;; A tokenizer of a text in an array of bytes. Tokens are objects of a class for each kind, in a
;; list, which is then searched with casts. The text repeats a line $n times.
(module $tokens
  (type $text (array (mut i8)))
  (type $token (sub (struct (field $next (mut (ref null $token))))))
  (type $number (sub $token (struct (field $next (mut (ref null $token))) (field $value i32))))
  (type $name (sub $token (struct (field $next (mut (ref null $token))) (field $from i32) (field $to i32) (field $hash i32))))
  (type $sign (sub $token (struct (field $next (mut (ref null $token))) (field $byte i32))))

  (data $line "let total = (width_2 + 1048) * height - 7; if x1 >= limit { call(a, b, 31415); }\n")

  ;; The class of a byte: 0 space, 1 digit, 2 letter, 3 sign.
  (func $class (param $byte i32) (result i32)
    (if (i32.le_u (local.get $byte) (i32.const 32)) (then (return (i32.const 0))))
    (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 48)) (i32.const 10))
      (then (return (i32.const 1))))
    (if (i32.lt_u (i32.sub (i32.or (local.get $byte) (i32.const 32)) (i32.const 97)) (i32.const 26))
      (then (return (i32.const 2))))
    (select (i32.const 2) (i32.const 3) (i32.eq (local.get $byte) (i32.const 95))))

  ;; The list of all tokens, behind an entry that is none.
  (func $tokenize (param $text (ref $text)) (result (ref $token))
    (local $first (ref $token)) (local $last (ref $token)) (local $token (ref $token))
    (local $at i32) (local $len i32) (local $byte i32) (local $class i32) (local $from i32)
    (local $value i32)
    (local.set $len (array.len (local.get $text)))
    (local.tee $last (struct.new_default $token))
    (local.set $first)
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $at) (local.get $len)))
        (local.set $byte (array.get_u $text (local.get $text) (local.get $at)))
        (local.set $class (call $class (local.get $byte)))
        (local.set $from (local.get $at))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (block $sign
          (block $name
            (block $number
              (br_table $next $number $name $sign (local.get $class)))
            (local.set $value (i32.sub (local.get $byte) (i32.const 48)))
            (block $done
              (loop $digit
                (br_if $done (i32.ge_u (local.get $at) (local.get $len)))
                (local.set $byte
                  (i32.sub (array.get_u $text (local.get $text) (local.get $at)) (i32.const 48)))
                (br_if $done (i32.ge_u (local.get $byte) (i32.const 10)))
                (local.set $value
                  (i32.add (i32.mul (local.get $value) (i32.const 10)) (local.get $byte)))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br $digit)))
            (local.set $token (struct.new $number (ref.null $token) (local.get $value)))
            (struct.set $token $next (local.get $last) (local.get $token))
            (local.set $last (local.get $token))
            (br $next))
          (local.set $value (local.get $byte))
          (block $done
            (loop $letter
              (br_if $done (i32.ge_u (local.get $at) (local.get $len)))
              (local.set $byte (array.get_u $text (local.get $text) (local.get $at)))
              (local.set $class (call $class (local.get $byte)))
              (br_if $done
                (i32.ge_u (i32.sub (local.get $class) (i32.const 1)) (i32.const 2)))
              (local.set $value
                (i32.add (i32.mul (local.get $value) (i32.const 31)) (local.get $byte)))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br $letter)))
          (local.set $token
            (struct.new $name
              (ref.null $token) (local.get $from) (local.get $at) (local.get $value)))
          (struct.set $token $next (local.get $last) (local.get $token))
          (local.set $last (local.get $token))
          (br $next))
        (local.set $token (struct.new $sign (ref.null $token) (local.get $byte)))
        (struct.set $token $next (local.get $last) (local.get $token))
        (local.set $last (local.get $token))
        (br $next)))
    (local.get $first))

  (func $digest (param $first (ref $token)) (result i64)
    (local $sum i64) (local $token (ref null $token)) (local $some (ref $token))
    (local.set $token (struct.get $token $next (local.get $first)))
    (block $end
      (loop $next
        (local.set $some (br_on_null $end (local.get $token)))
        (local.set $token (struct.get $token $next (local.get $some)))
        (local.set $sum (i64.mul (local.get $sum) (i64.const 0x100000001b3)))
        (block $name (result (ref $name))
          (block $number (result (ref $number))
            (br_on_cast $name (ref $token) (ref $name) (local.get $some))
            (br_on_cast $number (ref $token) (ref $number))
            (local.set $sum
              (i64.add
                (i64.extend_i32_u (struct.get $sign $byte (ref.cast (ref $sign))))
                (local.get $sum)))
            (br $next))
          (local.set $sum
            (i64.add (i64.extend_i32_u (struct.get $number $value)) (local.get $sum)))
          (br $next))
        (local.set $sum
          (i64.xor (i64.extend_i32_u (struct.get $name $hash)) (local.get $sum)))
        (br $next)))
    (local.get $sum))

  (func $run (export "run") (param $n i32) (result i64)
    (local $line (ref $text)) (local $text (ref $text)) (local $i i32) (local $len i32)
    (local.set $line (array.new_data $text $line (i32.const 0) (i32.const 81)))
    (local.set $len (array.len (local.get $line)))
    (local.set $text (array.new_default $text (i32.mul (local.get $n) (local.get $len))))
    (loop $copy
      (array.copy $text $text
        (local.get $text) (i32.mul (local.get $i) (local.get $len))
        (local.get $line) (i32.const 0) (local.get $len))
      (br_if $copy
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (call $digest (call $tokenize (local.get $text)))))
