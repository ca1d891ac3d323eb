//! Layers of a neural network: products of matrices of 8-bit integers and of `f32`, and activations
//! by polynomials.

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_simd::{SimdOp, SimdUnaryOp};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use rten_vecmath::{Gelu, Sigmoid, Softmax, Tanh};
use support::{Checksum, Random};

const SIZE: usize = 48;

/// Rounds a value, because instructions may differ in how they round.
fn rounded(value: f32) -> u64 {
    (f64::from(value) * 256.0).round() as i64 as u64
}

/// Applies layers with 48 neurons `n` times.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x17e);
    let mut checksum = Checksum::new();
    let bytes = GemmExecutor::<u8, i8, i32>::new();
    let floats = GemmExecutor::<f32, f32, f32>::new();
    let shape = [SIZE, SIZE];
    let mut number = |bound| random.below(bound) as i32;
    let left: Vec<u8> = (0..SIZE * SIZE).map(|_| number(128) as u8).collect();
    let right: Vec<i8> = (0..SIZE * SIZE).map(|_| number(128) as i8 - 64).collect();
    let left = NdTensor::from_data(shape, left);
    let right = NdTensor::from_data(shape, right);
    let weights: Vec<f32> = (0..SIZE * SIZE).map(|_| number(9) as f32 - 4.0).collect();
    let weights = NdTensor::from_data(shape, weights);
    let mut products = vec![0; SIZE * SIZE];
    let mut sums = vec![0.0; SIZE * SIZE];
    for round in 0..n.max(1) as usize {
        bytes
            .gemm(
                &mut products,
                GemmInputA::Unpacked(left.view()),
                GemmInputB::Unpacked(right.view()),
                GemmOptions::default(),
            )
            .expect("the right shapes");
        let inputs: Vec<f32> = products
            .iter()
            .map(|&product| (product >> 9) as f32)
            .collect();
        let inputs = NdTensor::from_data(shape, inputs);
        floats
            .gemm(
                &mut sums,
                GemmInputA::Unpacked(inputs.view()),
                GemmInputB::Unpacked(weights.view()),
                GemmOptions::default(),
            )
            .expect("the right shapes");
        for row in sums.chunks_mut(SIZE) {
            row.iter_mut().for_each(|sum| *sum /= 256.0);
            match round % 4 {
                0 => Sigmoid {}.map_mut(row),
                1 => Tanh {}.map_mut(row),
                2 => Gelu {}.map_mut(row),
                _ => _ = Softmax::new_mut(row).dispatch(),
            }
        }
        checksum.word(i64::from(products[round % products.len()]).cast_unsigned());
        for step in 0..8 {
            checksum.word(rounded(sums[(round * 37 + step * 101) % sums.len()]));
        }
    }
    checksum.finish()
}
