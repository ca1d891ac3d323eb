//! Kernels: small loops that each exercise one feature, so that the effect of a change in
//! the engine can be traced to its cause. All are exports of one module, of type
//! `(n: i32) -> i64`. The time grows linearly with `n` unless the kernel says otherwise.

mod calls;
mod counter;
mod fibonacci;
mod keccak;
mod machine;
mod mandelbrot;
mod matrix;
mod nbody;
mod queens;
mod sieve;
mod sort;
mod spectral;
mod strings;
mod table;
mod trees;
