;; Filters samples with vectors. Needs the feature `simd`. Its pages have one byte each.
(module $vectors
  (import "board" "sense" (func $sense (param i32) (result i32)))

  (memory (export "memory") 256 256 (pagesize 1))

  ;; Reads 64 samples of 16 bits into the lower half of the memory.
  (func $sample (export "sample")
    (local $index i32)
    (loop $next
      (i32.store16
        (i32.shl (local.get $index) (i32.const 1))
        (i32.mul (call $sense (local.get $index)) (i32.const 321)))
      (br_if $next
        (i32.lt_u
          (local.tee $index (i32.add (local.get $index) (i32.const 1)))
          (i32.const 64)))))

  ;; Returns the saturated differences of neighbouring samples, summed in 4 lanes.
  (func $differences (export "differences") (result v128)
    (local $at i32) (local $sum v128)
    (loop $next
      (local.set $sum
        (i32x4.add
          (local.get $sum)
          (i32x4.extadd_pairwise_i16x8_s
            (i16x8.sub_sat_s
              (v128.load offset=2 (local.get $at))
              (v128.load (local.get $at))))))
      (br_if $next
        (i32.lt_u
          (local.tee $at (i32.add (local.get $at) (i32.const 16)))
          (i32.const 112))))
    (local.get $sum))

  ;; Multiplies all samples by themselves with rounding, into the upper half of the memory, and
  ;; returns the sum of squares.
  (func $energy (export "energy") (result i64)
    (local $at i32) (local $samples v128) (local $sum v128)
    (loop $next
      (local.set $samples (v128.load (local.get $at)))
      (v128.store offset=128 (local.get $at)
        (i16x8.q15mulr_sat_s (local.get $samples) (local.get $samples)))
      (local.set $sum
        (i64x2.add
          (local.get $sum)
          (i64x2.extend_low_i32x4_u
            (i32x4.dot_i16x8_s (local.get $samples) (local.get $samples)))))
      (br_if $next
        (i32.lt_u
          (local.tee $at (i32.add (local.get $at) (i32.const 16)))
          (i32.const 128))))
    (i64.add
      (i64x2.extract_lane 0 (local.get $sum))
      (i64x2.extract_lane 1 (local.get $sum))))

  ;; Mixes a vector with the filtered samples, as bytes and as floats.
  (func $mix (export "mix") (param $with v128) (result v128 f32)
    (local $at i32) (local $floats v128)
    (local.set $at (i32.const 128))
    (loop $next
      (local.set $floats
        (f32x4.max
          (f32x4.mul (local.get $floats) (f32x4.splat (f32.const 0.75)))
          (f32x4.sqrt
            (f32x4.convert_i32x4_u
              (i32x4.extend_high_i16x8_u (v128.load (local.get $at)))))))
      (local.set $with
        (i8x16.avgr_u
          (i8x16.swizzle
            (local.get $with)
            (v128.const i8x16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0))
          (v128.xor (local.get $with) (v128.load (local.get $at)))))
      (br_if $next
        (i32.lt_u
          (local.tee $at (i32.add (local.get $at) (i32.const 16)))
          (i32.const 256))))
    (local.get $with)
    (f32x4.extract_lane 3
      (f32x4.add
        (local.get $floats)
        (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11
          (local.get $floats)
          (local.get $floats)))))

  ;; Loads a vector whose last bytes are out of bounds if $at is greater than 240.
  (func $load (export "load") (param $at i32)
    (drop (v128.load (local.get $at)))))
