;; Strings as arrays of i16, and a buffer that grows. $n numbers are formatted and appended, the
;; text is split into strings again, and these are sorted into a chain of hash buckets.
(module $strings
  (type $string (array (mut i16)))
  (type $bytes (array (mut i8)))
  (type $buffer (struct (field $text (mut (ref $string))) (field $len (mut i32))))
  (type $entry (struct (field $text (ref $string)) (field $count (mut i32)) (field $next (ref null $entry))))
  (type $entries (array (mut (ref null $entry))))

  ;; Makes room for $more code units.
  (func $reserve (param $buffer (ref $buffer)) (param $more i32)
    (local $old (ref $string)) (local $new (ref $string)) (local $len i32)
    (local.set $old (struct.get $buffer $text (local.get $buffer)))
    (local.set $len (struct.get $buffer $len (local.get $buffer)))
    (if (i32.le_u (i32.add (local.get $len) (local.get $more)) (array.len (local.get $old)))
      (then (return)))
    (local.set $new
      (array.new_default $string
        (i32.add (i32.mul (local.get $len) (i32.const 2)) (local.get $more))))
    (array.copy $string $string
      (local.get $new) (i32.const 0) (local.get $old) (i32.const 0) (local.get $len))
    (struct.set $buffer $text (local.get $buffer) (local.get $new)))

  (func $push (param $buffer (ref $buffer)) (param $unit i32)
    (call $reserve (local.get $buffer) (i32.const 1))
    (array.set $string
      (struct.get $buffer $text (local.get $buffer))
      (struct.get $buffer $len (local.get $buffer))
      (local.get $unit))
    (struct.set $buffer $len (local.get $buffer)
      (i32.add (struct.get $buffer $len (local.get $buffer)) (i32.const 1))))

  (func $append (param $buffer (ref $buffer)) (param $string (ref $string))
    (local $len i32)
    (local.set $len (array.len (local.get $string)))
    (call $reserve (local.get $buffer) (local.get $len))
    (array.copy $string $string
      (struct.get $buffer $text (local.get $buffer))
      (struct.get $buffer $len (local.get $buffer))
      (local.get $string) (i32.const 0) (local.get $len))
    (struct.set $buffer $len (local.get $buffer)
      (i32.add (struct.get $buffer $len (local.get $buffer)) (local.get $len))))

  (func $part (param $string (ref $string)) (param $from i32) (param $to i32)
    (result (ref $string))
    (local $part (ref $string))
    (local.set $part
      (array.new_default $string (i32.sub (local.get $to) (local.get $from))))
    (array.copy $string $string
      (local.get $part) (i32.const 0)
      (local.get $string) (local.get $from) (array.len (local.get $part)))
    (local.get $part))

  ;; A number in decimal digits.
  (func $format (param $number i32) (result (ref $string))
    (local $digits (ref $string)) (local $at i32)
    (local.set $at (i32.const 10))
    (local.set $digits (array.new_default $string (i32.const 10)))
    (loop $again
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (array.set $string (local.get $digits) (local.get $at)
        (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
      (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
      (br_if $again (local.get $number)))
    (call $part (local.get $digits) (local.get $at) (i32.const 10)))

  (func $hash (param $string (ref $string)) (result i32)
    (local $i i32) (local $hash i32)
    (loop $again
      (if (i32.lt_u (local.get $i) (array.len (local.get $string)))
        (then
          (local.set $hash
            (i32.add
              (i32.mul (local.get $hash) (i32.const 31))
              (array.get_u $string (local.get $string) (local.get $i))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $again))))
    (i32.xor (local.get $hash) (i32.shr_u (local.get $hash) (i32.const 11))))

  (func $equal (param $a (ref $string)) (param $b (ref $string)) (result i32)
    (local $i i32)
    (if (i32.ne (array.len (local.get $a)) (array.len (local.get $b)))
      (then (return (i32.const 0))))
    (loop $again
      (if (i32.lt_u (local.get $i) (array.len (local.get $a)))
        (then
          (if
            (i32.ne
              (array.get_u $string (local.get $a) (local.get $i))
              (array.get_u $string (local.get $b) (local.get $i)))
            (then (return (i32.const 0))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $again))))
    (i32.const 1))

  ;; Counts an occurrence of a string.
  (func $count (param $entries (ref $entries)) (param $string (ref $string))
    (local $at i32) (local $entry (ref null $entry))
    (local.set $at (i32.and (call $hash (local.get $string)) (i32.const 1023)))
    (local.set $entry (array.get $entries (local.get $entries) (local.get $at)))
    (loop $again
      (if (i32.eqz (ref.is_null (local.get $entry)))
        (then
          (if (call $equal (struct.get $entry $text (local.get $entry)) (local.get $string))
            (then
              (struct.set $entry $count (local.get $entry)
                (i32.add (struct.get $entry $count (local.get $entry)) (i32.const 1)))
              (return)))
          (local.set $entry (struct.get $entry $next (local.get $entry)))
          (br $again))))
    (array.set $entries (local.get $entries) (local.get $at)
      (struct.new $entry
        (local.get $string)
        (i32.const 1)
        (array.get $entries (local.get $entries) (local.get $at)))))

  ;; The text in UTF-8, if it has no surrogates.
  (func $encode (param $text (ref $string)) (param $len i32) (result (ref $bytes))
    (local $bytes (ref $bytes)) (local $i i32) (local $at i32) (local $unit i32)
    (local.set $bytes (array.new_default $bytes (i32.mul (local.get $len) (i32.const 2))))
    (loop $again
      (local.set $unit (array.get_u $string (local.get $text) (local.get $i)))
      (if (i32.lt_u (local.get $unit) (i32.const 128))
        (then
          (array.set $bytes (local.get $bytes) (local.get $at) (local.get $unit))
          (local.set $at (i32.add (local.get $at) (i32.const 1))))
        (else
          (array.set $bytes (local.get $bytes) (local.get $at)
            (i32.or (i32.const 0xc0) (i32.shr_u (local.get $unit) (i32.const 6))))
          (array.set $bytes (local.get $bytes) (i32.add (local.get $at) (i32.const 1))
            (i32.or (i32.const 0x80) (i32.and (local.get $unit) (i32.const 63))))
          (local.set $at (i32.add (local.get $at) (i32.const 2)))))
      (br_if $again
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $len))))
    (local.get $bytes))

  (func $run (export "run") (param $n i32) (result i64)
    (local $buffer (ref $buffer)) (local $i i32) (local $from i32) (local $sum i64)
    (local $text (ref $string)) (local $len i32) (local $entries (ref $entries))
    (local $bytes (ref $bytes)) (local $entry (ref null $entry))
    (local.set $buffer
      (struct.new $buffer (array.new_default $string (i32.const 16)) (i32.const 0)))
    (loop $format
      (call $append (local.get $buffer)
        (call $format
          (i32.rem_u (i32.mul (local.get $i) (i32.const 0x9e3779b1)) (i32.const 3001))))
      (call $push (local.get $buffer) (i32.const 0xb7))
      (br_if $format
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.set $text (struct.get $buffer $text (local.get $buffer)))
    (local.set $len (struct.get $buffer $len (local.get $buffer)))
    (local.set $entries (array.new_default $entries (i32.const 1024)))
    (local.set $i (i32.const 0))
    (loop $split
      (if (i32.eq (array.get_u $string (local.get $text) (local.get $i)) (i32.const 0xb7))
        (then
          (call $count
            (local.get $entries)
            (call $part (local.get $text) (local.get $from) (local.get $i)))
          (local.set $from (i32.add (local.get $i) (i32.const 1)))))
      (br_if $split
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $len))))
    (local.set $bytes (call $encode (local.get $text) (local.get $len)))
    (local.set $i (i32.const 0))
    (loop $bytes
      (local.set $sum
        (i64.add
          (i64.mul (local.get $sum) (i64.const 0x100000001b3))
          (i64.extend_i32_s (array.get_s $bytes (local.get $bytes) (local.get $i)))))
      (br_if $bytes
        (i32.lt_u
          (local.tee $i (i32.add (local.get $i) (i32.const 1)))
          (array.len (local.get $bytes)))))
    (local.set $i (i32.const 0))
    (loop $buckets
      (local.set $entry (array.get $entries (local.get $entries) (local.get $i)))
      (loop $chain
        (if (i32.eqz (ref.is_null (local.get $entry)))
          (then
            (local.set $sum
              (i64.add
                (i64.mul (local.get $sum) (i64.const 0x100000001b3))
                (i64.extend_i32_u (struct.get $entry $count (local.get $entry)))))
            (local.set $entry (struct.get $entry $next (local.get $entry)))
            (br $chain))))
      (br_if $buckets
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1024))))
    (local.get $sum)))
