//! The proposals that modules may use.

use wasmparser::WasmFeatures;

/// Features that are fully supported.
pub(super) const SUPPORTED: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::GC)
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::LEGACY_EXCEPTIONS)
    .union(WasmFeatures::STACK_SWITCHING)
    .union(WasmFeatures::COMPACT_IMPORTS)
    .union(WasmFeatures::THREADS)
    .union(VECTORS);

/// The features of the proposals for vectors, if this build has them.
const VECTORS: WasmFeatures = if cfg!(feature = "simd") {
    WasmFeatures::SIMD.union(WasmFeatures::RELAXED_SIMD)
} else {
    WasmFeatures::empty()
};

/// Features that an embedder can allow. All are allowed by default.
pub(super) const DEFAULT: WasmFeatures = SUPPORTED;
