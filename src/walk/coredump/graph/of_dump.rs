//! A dump as a source of a graph.

use super::{FrameValues, HeapGraph, Source, build};
use crate::support::error::Result;
use crate::walk::coredump::reader::{
    CoreDump, ObjectKind, ObjectType, Root, Run, Stack, ThreadState, Value,
};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A dump, and a function that names the functions of its frames.
struct OfDump<'d> {
    dump: &'d CoreDump<'d>,
    name: &'d dyn Fn(u32, u32) -> String,
}

impl HeapGraph {
    /// Builds the graph of a dump's objects.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub fn new(dump: &CoreDump<'_>) -> Result<HeapGraph> {
        HeapGraph::with_names(dump, &|instance, function| {
            let instance = dump.instances().get(instance as usize);
            let module = instance.and_then(|it| dump.modules().get(it.module as usize));
            let module = module.map_or("<unknown>", |module| &module.name);
            format!("{module}!<wasm function {function}>")
        })
    }

    /// Builds the graph of a dump's objects. `name` returns the name of a function, from its instance
    /// and its index in the instance's module: dumps do not contain the names of functions.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub fn with_names(dump: &CoreDump<'_>, name: &dyn Fn(u32, u32) -> String) -> Result<HeapGraph> {
        build(&OfDump { dump, name })
    }
}

impl Source for OfDump<'_> {
    fn globals(&self) -> Vec<Value> {
        let globals = self.dump.globals().iter();
        globals.map(|global| global.value).collect()
    }

    fn table_count(&self) -> usize {
        self.dump.tables().len()
    }

    fn table(&self, table: usize, visit: &mut dyn FnMut(Run)) {
        let runs = self.dump.tables()[table].elements.iter();
        runs.copied().for_each(visit);
    }

    fn stacks(&self) -> &[Stack] {
        self.dump.stacks()
    }

    fn threads(&self) -> Vec<(&str, bool)> {
        let threads = self.dump.threads().iter();
        threads
            .map(|thread| (&*thread.name, thread.state == Some(ThreadState::Detached)))
            .collect()
    }

    fn frames(&self, thread: usize, visit: &mut dyn FnMut(FrameValues<'_>)) {
        for frame in &self.dump.threads()[thread].frames {
            visit(FrameValues {
                stack: frame.details.map_or(u32::MAX, |details| details.stack),
                function: &|| (self.name)(frame.instance, frame.function),
                locals: &frame.locals,
                operands: &frame.operands,
            });
        }
    }

    fn roots(&self) -> &[Root] {
        self.dump.other_roots()
    }

    fn module(&self, module: u32) -> &str {
        let module = self.dump.modules().get(module as usize);
        module.map_or("<unknown>", |module| &module.name)
    }

    fn object_types(&self) -> &[ObjectType] {
        self.dump.object_types()
    }

    fn object_count(&self) -> usize {
        self.dump.objects().len()
    }

    fn object(&self, number: usize) -> (ObjectKind, u64) {
        let object = &self.dump.objects()[number];
        (object.kind, object.size)
    }

    fn contents(&self, number: usize, visit: &mut dyn FnMut(Run)) {
        self.dump
            .references(&self.dump.objects()[number])
            .for_each(visit);
    }
}
