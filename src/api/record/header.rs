//! The header of a log: the configuration that the results of a program depend on.

use super::format::{MAGIC, Reader, Unreadable, VERSION, write_number, write_text};
use crate::api::Config;
use crate::api::hooks::FUEL_VERSION;
use crate::heap::FixedLimits;
use crate::module::Tunables;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use wasmparser::WasmFeatures;

/// The proposals that can be turned off. The place of each is that of its bit in the header.
const FEATURES: [WasmFeatures; 17] = [
    WasmFeatures::TAIL_CALL,
    WasmFeatures::CUSTOM_PAGE_SIZES,
    WasmFeatures::THREADS,
    WasmFeatures::REFERENCE_TYPES,
    WasmFeatures::FUNCTION_REFERENCES,
    WasmFeatures::WIDE_ARITHMETIC,
    WasmFeatures::GC,
    WasmFeatures::SIMD,
    WasmFeatures::RELAXED_SIMD,
    WasmFeatures::BULK_MEMORY,
    WasmFeatures::MULTI_VALUE,
    WasmFeatures::MULTI_MEMORY,
    WasmFeatures::MEMORY64,
    WasmFeatures::EXTENDED_CONST,
    WasmFeatures::STACK_SWITCHING,
    WasmFeatures::EXCEPTIONS,
    WasmFeatures::LEGACY_EXCEPTIONS,
];

/// Maximum number of nested calls of a replay, whatever the log says: each takes native stack.
const MOST_NESTED_CALLS: usize = 100;

/// The header of a log.
#[derive(Clone, Debug)]
pub(super) struct Header {
    /// True if the log contains numbers of instructions.
    pub counts: bool,
    interruptible: bool,
    epoch_interruption: bool,
    /// The proposals, as bits.
    features: u64,
    max_stack: usize,
    max_nested_calls: usize,
    gc_least: usize,
    gc_step: usize,
    pub limits: FixedLimits,
    /// Names and texts of the embedder.
    pub notes: Vec<(String, String)>,
}

impl Header {
    pub(super) fn new(
        tunables: &Tunables,
        limits: FixedLimits,
        notes: Vec<(String, String)>,
    ) -> Header {
        let bits = FEATURES.iter().enumerate();
        let bits =
            bits.map(|(bit, &feature)| u64::from(tunables.features.contains(feature)) << bit);
        Header {
            counts: tunables.consume_fuel,
            interruptible: tunables.interruptible,
            epoch_interruption: tunables.epoch_interruption,
            features: bits.sum(),
            max_stack: tunables.max_stack,
            max_nested_calls: tunables.max_nested_calls,
            gc_least: tunables.collector.least,
            gc_step: tunables.collector.step,
            limits,
            notes,
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(MAGIC);
        write_number(out, VERSION);
        write_number(out, FUEL_VERSION.into());
        out.push(
            u8::from(self.counts)
                | u8::from(self.interruptible) << 1
                | u8::from(self.epoch_interruption) << 2,
        );
        write_number(out, self.features);
        let limits = &self.limits;
        for size in [
            self.max_stack,
            self.max_nested_calls,
            self.gc_least,
            self.gc_step,
            limits.instances,
            limits.tables,
            limits.memories,
            limits.continuations,
            limits.stack_bytes,
            limits.exception_bytes,
            limits.object_bytes,
        ] {
            // The largest number means that there is no limit.
            let size = if size == usize::MAX {
                u64::MAX
            } else {
                size as u64
            };
            write_number(out, size);
        }
        write_number(out, self.notes.len() as u64);
        for (name, text) in &self.notes {
            write_text(out, name);
            write_text(out, text);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Header, Unreadable> {
        if reader.array()? != *MAGIC {
            reader.at = 0;
            return Err(reader.invalid("this is not a recording"));
        }
        let version = reader.number()?;
        if version != VERSION {
            return Err(reader.invalid(format!(
                "version {version} of the format is not known, only {VERSION}"
            )));
        }
        let fuel = reader.number()?;
        if fuel != u64::from(FUEL_VERSION) {
            return Err(reader.invalid(format!(
                "instructions are counted by the rules of version {fuel}, and here by those of \
                 version {FUEL_VERSION}"
            )));
        }
        let flags = reader.byte()?;
        let features = reader.number()?;
        let mut sizes = [0; 11];
        for size in &mut sizes {
            *size = reader.size()?;
        }
        let [
            max_stack,
            max_nested_calls,
            gc_least,
            gc_step,
            instances,
            tables,
            memories,
            continuations,
            stack_bytes,
            exception_bytes,
            object_bytes,
        ] = sizes;
        let mut notes = Vec::new();
        for _ in 0..reader.count()? {
            notes.push((reader.text()?.into(), reader.text()?.into()));
        }
        Ok(Header {
            counts: flags & 1 != 0,
            interruptible: flags & 2 != 0,
            epoch_interruption: flags & 4 != 0,
            features,
            max_stack,
            max_nested_calls,
            gc_least,
            gc_step,
            limits: FixedLimits {
                instances,
                tables,
                memories,
                continuations,
                stack_bytes,
                exception_bytes,
                object_bytes,
            },
            notes,
        })
    }

    /// Returns the configuration for a replay.
    pub(super) fn config(&self) -> Config {
        let mut config = Config::new();
        for (bit, &feature) in FEATURES.iter().enumerate() {
            let on = self.features >> bit & 1 != 0;
            config.tunables.features.set(feature, on);
        }
        config
            .consume_fuel(self.counts)
            .interruptible(self.interruptible)
            .epoch_interruption(self.epoch_interruption)
            .max_wasm_stack(self.max_stack)
            .max_nested_calls(self.max_nested_calls.min(MOST_NESTED_CALLS))
            .gc_threshold(self.gc_least)
            .gc_step(self.gc_step);
        config
    }
}
