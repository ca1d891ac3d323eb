//! Instruction sets that code may be compiled for.

/// The instruction set that a build of the instructions uses.
pub trait Level: 'static {
    /// True if AVX2 and the extensions before it may be used.
    // Also under Miri, where only the plain forms are used.
    #[cfg_attr(any(miri, not(target_arch = "x86_64")), allow(dead_code))]
    const AVX2: bool;
}

/// The instruction set that the crate is compiled for.
pub struct Baseline;

impl Level for Baseline {
    const AVX2: bool = cfg!(all(target_arch = "x86_64", target_feature = "avx2"));
}

/// AVX2. Only for functions with `#[target_feature(enable = "avx2")]`, into which the functions of
/// `ops` are inlined.
#[cfg(target_arch = "x86_64")]
#[cfg_attr(not(backstitch_avx2), allow(dead_code, reason = "there is one level"))]
pub struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Level for Avx2 {
    const AVX2: bool = true;
}
