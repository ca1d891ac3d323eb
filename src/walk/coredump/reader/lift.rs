//! Assembles a dump from the standard sections and the more precise data of the extension.

use super::sections::Sections;
use super::{CoreDump, Frame, FrameDetails, InstanceDetails, ModuleIdentity, Reached, Thread};
use crate::walk::coredump::extension;

/// Assembles the dump that the sections describe.
pub(super) fn lift(sections: Sections<'_>) -> CoreDump<'_> {
    let mut dump = CoreDump {
        name: sections.name,
        modules: sections.modules,
        instances: sections.instances,
        memories: sections.memories,
        globals: sections.globals,
        threads: sections.threads,
        extension_version: sections.extension_version,
        ..CoreDump::default()
    };
    let Some(extension) = sections.extension else {
        return dump;
    };
    dump.producer = Some(extension.producer).filter(|producer| !producer.is_empty());
    dump.reason = Some(extension.reason);
    dump.fuel = extension.fuel;
    dump.configuration = extension.configuration;
    dump.types = extension.types;
    dump.functions = extension.functions;
    dump.tables = extension.tables;
    dump.tags = extension.tags;
    dump.stacks = extension.stacks;
    dump.object_types = extension.object_types;
    dump.other_roots = extension.roots;
    dump.snapshot = extension.snapshot;
    dump.module_bytes = extension.module_bytes;
    if let Some(objects) = extension.objects {
        dump.reached = Some(Reached {
            objects: objects.reached,
            bytes: objects.bytes,
        });
        dump.objects = objects.shown;
    }
    for (module, known) in dump.modules.iter_mut().zip(extension.modules) {
        module.identity = Some(ModuleIdentity {
            size: known.size,
            sha256: known.sha256,
        });
    }
    for (instance, known) in dump.instances.iter_mut().zip(extension.instances) {
        instance.details = Some(InstanceDetails {
            imported_functions: known.imported_functions,
            tables: known.tables,
            tags: known.tags,
            dropped_data: known.dropped_data,
            dropped_elements: known.dropped_elements,
        });
    }
    for (memory, known) in dump.memories.iter_mut().zip(extension.memories) {
        memory.set_kept(known.kept);
    }
    for (global, known) in dump.globals.iter_mut().zip(extension.globals) {
        global.ty = known.ty;
        global.value = known.value;
    }
    // The extension contains all values of frames, `corestack` only some.
    if !extension.threads.is_empty() {
        dump.threads = extension.threads.into_iter().map(thread).collect();
    }
    dump
}

fn thread(thread: extension::Thread) -> Thread {
    Thread {
        name: thread.name,
        complete: thread.complete,
        frames: thread.frames.into_iter().map(frame).collect(),
        state: thread.state,
    }
}

fn frame(frame: extension::Frame) -> Frame {
    Frame {
        instance: frame.instance,
        function: frame.function,
        code_offset: frame.code_offset,
        locals: frame.locals,
        operands: frame.operands,
        details: Some(FrameDetails {
            stack: frame.stack,
            position: frame.position,
            boundary: frame.boundary,
            captured: frame.captured,
        }),
    }
}
