//! Any bytes as a core dump: they are refused, or parsed, and then all contents are read.

#![no_main]

use backstitch::CoreDump;
use backstitch::coredump::HeapGraph;
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
    for object in dump.objects() {
        dump.contents(object).for_each(drop);
    }
    let graph = HeapGraph::new(&dump).expect("there is memory");
    let dominators = graph.dominators().expect("there is memory");
    let paths = graph.paths().expect("there is memory");
    for node in 0..graph.len() {
        assert_eq!(paths.before(node).is_some(), dominators.of(node).is_some());
    }
    let mut snapshot = Vec::new();
    graph
        .write_snapshot(&mut snapshot)
        .expect("there is memory");
});
