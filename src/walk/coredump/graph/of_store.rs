//! A store as a source of a graph.

use super::{FrameValues, HeapGraph, Source, build};
use crate::heap::StoreInner;
use crate::support::error::{Error, Result};
use crate::walk::coredump::capture::{self, Capture, Cause, Maps};
use crate::walk::coredump::contents::{contents, runs};
use crate::walk::coredump::extension::{
    Extension, ObjectKind, ObjectType, Root, Run, Stack, ThreadState, Value,
};
use crate::walk::coredump::objects::Objects;
use crate::walk::coredump::shown::Shown;
use crate::walk::coredump::writer::Options;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

/// A store, with a capture of its stacks and what a dump of it would contain.
struct OfStore<'a> {
    store: &'a StoreInner,
    capture: &'a Capture,
    maps: &'a Maps<'a>,
    objects: &'a Objects<'a>,
    extension: &'a Extension,
}

impl HeapGraph {
    /// Builds the graph of a store's objects.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub(crate) fn of_store(store: &StoreInner) -> Result<HeapGraph> {
        let capture = Capture::new(store, Cause::Request, None);
        let maps = Maps::new(&capture);
        let objects = Objects::new(store, &capture, &maps, true);
        if !objects.complete {
            return Err(Error::msg("there is no memory for the list of objects"));
        }
        let shown = Shown::new(store, &Options::default());
        let extension = contents(store, &capture, &shown, &[], &objects);
        build(&OfStore {
            store,
            capture: &capture,
            maps: &maps,
            objects: &objects,
            extension: &extension,
        })
    }
}

impl Source for OfStore<'_> {
    fn globals(&self) -> Vec<Value> {
        let globals = self.extension.globals.iter();
        globals.map(|global| global.value).collect()
    }

    fn table_count(&self) -> usize {
        self.store.tables().len()
    }

    fn table(&self, table: usize, visit: &mut dyn FnMut(Run)) {
        runs(&self.store.tables()[table], self.objects).for_each(visit);
    }

    fn stacks(&self) -> &[Stack] {
        &self.extension.stacks
    }

    fn threads(&self) -> Vec<(&str, bool)> {
        let threads = self.extension.threads.iter();
        threads
            .map(|thread| (&*thread.name, thread.state == Some(ThreadState::Detached)))
            .collect()
    }

    fn frames(&self, thread: usize, visit: &mut dyn FnMut(FrameValues<'_>)) {
        let mut values = capture::FrameValues::default();
        for frame in &self.capture.threads[thread].frames {
            self.maps.read(frame, &mut values);
            self.objects.replace(&mut values.locals);
            self.objects.replace(&mut values.operands);
            let stacks = &self.capture.stacks;
            let stack = stacks.binary_search_by_key(&frame.stack, |stack| stack.id.0);
            visit(FrameValues {
                stack: stack.map_or(u32::MAX, |at| at as u32),
                function: &|| {
                    let module = self.store.instance(frame.instance).module();
                    let name = match module.func_name(frame.function) {
                        Some(name) => name.to_string(),
                        None => format!("<wasm function {}>", frame.function),
                    };
                    format!("{}!{name}", module.name().unwrap_or("<module>"))
                },
                locals: &values.locals,
                operands: &values.operands,
            });
        }
    }

    fn roots(&self) -> &[Root] {
        &self.extension.roots
    }

    fn module(&self, module: u32) -> &str {
        let module = self.capture.modules.get(module as usize);
        module.and_then(|it| it.name()).unwrap_or("<module>")
    }

    fn object_types(&self) -> &[ObjectType] {
        &self.extension.object_types
    }

    fn object_count(&self) -> usize {
        self.objects.count()
    }

    fn object(&self, number: usize) -> (ObjectKind, u64) {
        self.objects.head(number)
    }

    fn contents(&self, number: usize, visit: &mut dyn FnMut(Run)) {
        self.objects.visit_references(number, visit);
    }
}
