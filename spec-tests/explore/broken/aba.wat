;; ABA: a thread that removes the uppermost node of a lock-free stack finds the same node there again,
;; and does not notice that it was removed and put back, and that the node below it is gone.
(module $aba
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "env" "memory" (memory 1 1 shared))
  (export "memory" (memory 0))

  ;; Counts a thread that has ended. The number is at address 0.
  (func $end
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))

  ;; Waits until a number of threads have ended.
  (func $join (param $count i32) (local $ended i32)
    (loop $again
      (local.set $ended (i32.atomic.load (i32.const 0)))
      (if (i32.ne (local.get $ended) (local.get $count))
        (then
          (drop (memory.atomic.wait32 (i32.const 0) (local.get $ended) (i64.const -1)))
          (br $again)))))

  ;; The number of the uppermost node is at address 16; 0 if the stack is empty. Node n is at address
  ;; 64 + 16 n: the number of the node below it, and the number of its owners.
  (func $node (param $node i32) (result i32)
    (i32.add (i32.const 64) (i32.mul (local.get $node) (i32.const 16))))

  (func $push (param $node i32) (local $top i32)
    (loop $again
      (local.set $top (i32.atomic.load (i32.const 16)))
      (i32.atomic.store (call $node (local.get $node)) (local.get $top))
      (br_if $again
        (i32.ne
          (i32.atomic.rmw.cmpxchg (i32.const 16) (local.get $top) (local.get $node))
          (local.get $top)))))

  ;; Removes the uppermost node. If it is the same as before, it need not have stayed there: the node
  ;; below it may be another one.
  (func $pop (result i32) (local $top i32) (local $below i32)
    (loop $again
      (local.set $top (i32.atomic.load (i32.const 16)))
      (if (i32.eqz (local.get $top)) (then (return (i32.const 0))))
      (local.set $below (i32.atomic.load (call $node (local.get $top))))
      (br_if $again
        (i32.ne
          (i32.atomic.rmw.cmpxchg (i32.const 16) (local.get $top) (local.get $below))
          (local.get $top))))
    (local.get $top))

  ;; Counts an owner of a node.
  (func $own (param $node i32)
    (drop (i32.atomic.rmw.add offset=4 (call $node (local.get $node)) (i32.const 1))))

  ;; Worker 0 takes a node. Worker 1 takes two, and puts the first one back.
  (func $work (param $worker i32) (local $first i32) (local $second i32)
    (local.set $first (call $pop))
    (if (i32.eqz (local.get $worker))
      (then (call $own (local.get $first)) (return)))
    (local.set $second (call $pop))
    (if (local.get $first) (then (call $push (local.get $first))))
    (call $own (local.get $second)))

  (func (export "wasi_thread_start") (param $thread i32) (param $argument i32)
    (call $work (local.get $argument))
    (call $end))

  (func (export "_start") (local $node i32)
    (call $push (i32.const 3))
    (call $push (i32.const 2))
    (call $push (i32.const 1))
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 1)))
    (call $join (i32.const 2))
    (loop $again
      (if (local.tee $node (call $pop))
        (then
          (call $own (local.get $node))
          (br $again))))
    ;; Each node has one owner.
    (loop $again
      (local.set $node (i32.add (local.get $node) (i32.const 1)))
      (if (i32.ne (i32.atomic.load offset=4 (call $node (local.get $node))) (i32.const 1))
        (then (unreachable)))
      (br_if $again (i32.lt_u (local.get $node) (i32.const 3))))))
