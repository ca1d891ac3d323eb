//! Any bytes as a core dump: they are refused, or parsed, and then all contents are read.

#![no_main]

use backstitch::CoreDump;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(dump) = CoreDump::parse(bytes) else {
        return;
    };
    for frame in dump.threads().iter().flat_map(|thread| &thread.frames) {
        dump.module_of(frame);
    }
    for memory in dump.memories() {
        let mut buffer = [0; 64];
        for (address, _) in memory.chunks() {
            let _ = memory.read(address.saturating_sub(32), &mut buffer);
            memory.is_kept(address);
        }
    }
    for global in dump.globals() {
        let _ = global.ty.to_string();
    }
});
