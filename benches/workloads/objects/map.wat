;; A persistent map from i32 to i64: a trie of the bits of the hashed keys, whose nodes have arrays
;; without gaps. An insertion copies the nodes on the path to the key. $n keys are inserted,
;; and all are looked up.
(module $map
  (type $items (array (mut eqref)))
  ;; For each bit of $bits, $items has a leaf or a node.
  (type $node (struct (field $bits i32) (field $items (ref $items))))
  (type $leaf (struct (field $key i32) (field $hash i32) (field $value i64)))

  (func $hash (param $key i32) (result i32)
    (local.set $key
      (i32.mul
        (i32.xor (local.get $key) (i32.shr_u (local.get $key) (i32.const 16)))
        (i32.const 0x45d9f3b)))
    (i32.xor (local.get $key) (i32.shr_u (local.get $key) (i32.const 15))))

  ;; The bit of a hash in a node at $shift.
  (func $bit (param $hash i32) (param $shift i32) (result i32)
    (i32.shl
      (i32.const 1)
      (i32.and (i32.shr_u (local.get $hash) (local.get $shift)) (i32.const 31))))

  ;; The position of the item of a bit.
  (func $position (param $bits i32) (param $bit i32) (result i32)
    (i32.popcnt (i32.and (local.get $bits) (i32.sub (local.get $bit) (i32.const 1)))))

  (func $get (param $node (ref $node)) (param $key i32) (result i64)
    (local $hash i32) (local $shift i32) (local $bit i32) (local $item eqref)
    (local $leaf (ref $leaf))
    (local.set $hash (call $hash (local.get $key)))
    (loop $down
      (local.set $bit (call $bit (local.get $hash) (local.get $shift)))
      (if (i32.eqz (i32.and (local.get $bit) (struct.get $node $bits (local.get $node))))
        (then (return (i64.const -1))))
      (local.set $item
        (array.get $items
          (struct.get $node $items (local.get $node))
          (call $position (struct.get $node $bits (local.get $node)) (local.get $bit))))
      (local.set $shift (i32.add (local.get $shift) (i32.const 5)))
      (block $is_leaf (result (ref $leaf))
        (local.set $node
          (ref.cast (ref $node) (br_on_cast $is_leaf eqref (ref $leaf) (local.get $item))))
        (br $down))
      (local.set $leaf)
      (if (i32.eq (struct.get $leaf $key (local.get $leaf)) (local.get $key))
        (then (return (struct.get $leaf $value (local.get $leaf)))))
      (return (i64.const -1)))
    (unreachable))

  ;; A node with two leaves whose hashes are different from $shift on.
  (func $pair (param $a (ref $leaf)) (param $b (ref $leaf)) (param $shift i32)
    (result (ref $node))
    (local $bit_a i32) (local $bit_b i32)
    (local.set $bit_a (call $bit (struct.get $leaf $hash (local.get $a)) (local.get $shift)))
    (local.set $bit_b (call $bit (struct.get $leaf $hash (local.get $b)) (local.get $shift)))
    (if (i32.eq (local.get $bit_a) (local.get $bit_b))
      (then
        (return
          (struct.new $node
            (local.get $bit_a)
            (array.new_fixed $items 1
              (call $pair (local.get $a) (local.get $b)
                (i32.add (local.get $shift) (i32.const 5))))))))
    (struct.new $node
      (i32.or (local.get $bit_a) (local.get $bit_b))
      (if (result (ref $items)) (i32.lt_u (local.get $bit_a) (local.get $bit_b))
        (then (array.new_fixed $items 2 (local.get $a) (local.get $b)))
        (else (array.new_fixed $items 2 (local.get $b) (local.get $a))))))

  ;; A copy of $node with $leaf.
  (func $insert (param $node (ref $node)) (param $leaf (ref $leaf)) (param $shift i32)
    (result (ref $node))
    (local $bit i32) (local $at i32) (local $old (ref $items)) (local $new (ref $items))
    (local $item eqref) (local $other (ref $leaf)) (local $len i32) (local $bits i32)
    (local.set $bit (call $bit (struct.get $leaf $hash (local.get $leaf)) (local.get $shift)))
    (local.set $bits (struct.get $node $bits (local.get $node)))
    (local.set $at (call $position (local.get $bits) (local.get $bit)))
    (local.set $old (struct.get $node $items (local.get $node)))
    (local.set $len (array.len (local.get $old)))
    (if (i32.eqz (i32.and (local.get $bit) (local.get $bits)))
      (then
        (local.set $new
          (array.new $items (local.get $leaf) (i32.add (local.get $len) (i32.const 1))))
        (array.copy $items $items
          (local.get $new) (i32.const 0) (local.get $old) (i32.const 0) (local.get $at))
        (array.copy $items $items
          (local.get $new) (i32.add (local.get $at) (i32.const 1))
          (local.get $old) (local.get $at)
          (i32.sub (local.get $len) (local.get $at)))
        (return
          (struct.new $node (i32.or (local.get $bits) (local.get $bit)) (local.get $new)))))
    (local.set $new (array.new_default $items (local.get $len)))
    (array.copy $items $items
      (local.get $new) (i32.const 0) (local.get $old) (i32.const 0) (local.get $len))
    (local.set $item (array.get $items (local.get $old) (local.get $at)))
    (block $is_leaf (result (ref $leaf))
      (array.set $items (local.get $new) (local.get $at)
        (call $insert
          (ref.cast (ref $node) (br_on_cast $is_leaf eqref (ref $leaf) (local.get $item)))
          (local.get $leaf)
          (i32.add (local.get $shift) (i32.const 5))))
      (return (struct.new $node (local.get $bits) (local.get $new))))
    (local.set $other)
    (array.set $items (local.get $new) (local.get $at)
      (if (result eqref)
        (i32.eq (struct.get $leaf $key (local.get $other)) (struct.get $leaf $key (local.get $leaf)))
        (then (local.get $leaf))
        (else
          (call $pair (local.get $other) (local.get $leaf)
            (i32.add (local.get $shift) (i32.const 5))))))
    (struct.new $node (local.get $bits) (local.get $new)))

  (func $run (export "run") (param $n i32) (result i64)
    (local $map (ref $node)) (local $i i32) (local $key i32) (local $sum i64)
    (local.set $map (struct.new $node (i32.const 0) (array.new_fixed $items 0)))
    (loop $insert
      (local.set $key (i32.mul (local.get $i) (i32.const 0x9e3779b1)))
      (local.set $map
        (call $insert
          (local.get $map)
          (struct.new $leaf
            (local.get $key)
            (call $hash (local.get $key))
            (i64.extend_i32_u (i32.xor (local.get $i) (i32.const 0x5555))))
          (i32.const 0)))
      (br_if $insert
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.set $i (i32.const 0))
    ;; Half of the keys are not in the map.
    (loop $look
      (local.set $sum
        (i64.add
          (i64.mul (local.get $sum) (i64.const 0x100000001b3))
          (call $get (local.get $map) (i32.mul (local.get $i) (i32.const 0x9e3779b1)))))
      (br_if $look
        (i32.lt_u
          (local.tee $i (i32.add (local.get $i) (i32.const 1)))
          (i32.mul (local.get $n) (i32.const 2)))))
    (local.get $sum)))
