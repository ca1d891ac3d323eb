;; A library that needs a table of primes, which takes a while to build. A ready image contains
;; the table from the start:
;;
;;   backstitch preinit examples/primes.wat -o primes.wasm
;;   backstitch run --invoke below primes.wasm 1000000
(module $primes
  ;; A byte for each number: 1 for those that are not prime.
  (memory 32)
  (global $size i32 (i32.const 0x200000))
  ;; The number of primes in the table, which is 0 until it has been built.
  (global $primes (mut i32) (i32.const 0))

  ;; Marks the multiples of a number, from its square on.
  (func $mark (param $number i32)
    (local $at i32)
    (local.set $at (i32.mul (local.get $number) (local.get $number)))
    (loop $next
      (if (i32.lt_u (local.get $at) (global.get $size))
        (then
          (i32.store8 (local.get $at) (i32.const 1))
          (local.set $at (i32.add (local.get $at) (local.get $number)))
          (br $next)))))

  ;; Builds the table.
  (func $build (export "wizer.initialize")
    (local $number i32)
    (i32.store16 (i32.const 0) (i32.const 0x101))
    (local.set $number (i32.const 2))
    (loop $next
      (if (i32.eqz (i32.load8_u (local.get $number)))
        (then (call $mark (local.get $number))))
      (local.set $number (i32.add (local.get $number) (i32.const 1)))
      (br_if $next
        (i32.lt_u (i32.mul (local.get $number) (local.get $number)) (global.get $size))))
    (global.set $primes (call $count (global.get $size))))

  ;; The number of primes below a limit.
  (func $count (param $limit i32) (result i32)
    (local $count i32)
    (loop $next
      (local.set $limit (i32.sub (local.get $limit) (i32.const 1)))
      (if (i32.ge_s (local.get $limit) (i32.const 0))
        (then
          (local.set $count
            (i32.add (local.get $count) (i32.eqz (i32.load8_u (local.get $limit)))))
          (br $next))))
    (local.get $count))

  ;; Builds the table unless that has been done.
  (func $ready
    (if (i32.eqz (global.get $primes)) (then (call $build))))

  ;; Whether a number below 2^21 is prime.
  (func (export "is_prime") (param $number i32) (result i32)
    (call $ready)
    (i32.eqz (i32.load8_u (local.get $number))))

  ;; The number of primes below a limit of at most 2^21.
  (func (export "below") (param $limit i32) (result i32)
    (call $ready)
    (call $count (local.get $limit)))

  ;; The number of primes below 2^21.
  (func (export "all") (result i32)
    (call $ready)
    (global.get $primes)))
