//! Kernels: small loops that each stress one thing, so that a change of the engine
//! can be traced to its cause. All of them are exports of one module, of type
//! `(n: i32) -> i64`; time grows linearly with `n` unless the kernel says otherwise.

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
