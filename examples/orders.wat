;; Delivers a bakery's orders, one of which has no customer.
;; docs/core-dumps.md finds that out from the objects in a core dump.
(module $orders
  (type $text (array i8))
  (type $customer (struct (field $name (ref $text)) (field $loaves (mut i32))))
  (type $order (struct
    (field $number i32) (field $loaves i32)
    (field $customer (ref null $customer)) (field $next (ref null $order))))
  (data $names "AdaGrace")
  (global $last (mut (ref null $order)) (ref.null $order))
  (func $customer (param $start i32) (param $length i32) (result (ref $customer))
    (struct.new $customer
      (array.new_data $text $names (local.get $start) (local.get $length)) (i32.const 0)))
  (func $take (param $number i32) (param $customer (ref null $customer))
    (global.set $last
      (struct.new $order (local.get $number)
        (i32.mul (local.get $number) (i32.const 2)) (local.get $customer) (global.get $last))))
  (func $deliver (param $order (ref null $order))
    (local $customer (ref null $customer))
    (loop $next
      (local.set $customer (struct.get $order $customer (local.get $order)))
      (struct.set $customer $loaves (local.get $customer)
        (i32.add (struct.get $customer $loaves (local.get $customer))
          (struct.get $order $loaves (local.get $order))))
      (br_if $next (i32.eqz (ref.is_null
        (local.tee $order (struct.get $order $next (local.get $order))))))))
  (func $serve (export "serve")
    (local $ada (ref $customer)) (local $grace (ref $customer))
    (local.set $ada (call $customer (i32.const 0) (i32.const 3)))
    (local.set $grace (call $customer (i32.const 3) (i32.const 5)))
    (call $take (i32.const 1) (local.get $ada))
    (call $take (i32.const 2) (ref.null $customer))
    (call $take (i32.const 3) (local.get $ada))
    (call $take (i32.const 4) (local.get $grace))
    (call $deliver (global.get $last))))
