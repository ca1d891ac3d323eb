//! The graph of a dump's objects, with what `inspect` shows of it.

use super::inspection::Inspection;
use crate::cli::failure::Failure;
use backstitch::Error;
use backstitch::coredump::{
    Contents, Dominators, Frame, HeapGraph, Label, NodeKind, Object, ObjectKind, Paths, Referrers,
};
use std::collections::BTreeMap;

/// The graph of a dump's objects, analysed.
pub(crate) struct Heap {
    pub(crate) graph: HeapGraph,
    pub(crate) dominators: Dominators,
    pub(crate) paths: Paths,
    referrers: Referrers,
}

/// The objects of one type.
pub(crate) struct Class {
    /// The name of the type.
    pub(crate) name: String,
    pub(crate) kind: ObjectKind,
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
    /// The bytes that would be free without these objects.
    pub(crate) retained: u64,
}

/// A reference to an object, and its holder.
pub(crate) struct Step {
    /// The object that holds the reference, if an object does.
    pub(crate) object: Option<u32>,
    /// The name of the holder: of an object, that of its type.
    pub(crate) holder: String,
    /// The place in the holder; empty if there is only one.
    pub(crate) place: String,
}

impl Heap {
    /// Analyses the objects of a dump.
    ///
    /// # Errors
    ///
    /// If the dump contains no objects, or there is no memory for the graph.
    pub(crate) fn new(inspection: &Inspection<'_>) -> Result<Heap, Failure> {
        if inspection.dump.reached().is_none() {
            return Err(Failure::Input(format!(
                "`{}` contains no list of objects",
                inspection.file
            )));
        }
        Heap::analyse(inspection).map_err(|error| {
            Failure::Input(format!("the objects of `{}`: {error}", inspection.file))
        })
    }

    /// Analyses the objects of a dump, if it has any.
    pub(crate) fn analyse(inspection: &Inspection<'_>) -> Result<Heap, Error> {
        let name = |instance, function| {
            let frame = Frame {
                instance,
                function,
                code_offset: 0,
                locals: Vec::new(),
                operands: Vec::new(),
                details: None,
            };
            inspection.subject(&frame).title()
        };
        let graph = HeapGraph::with_names(&inspection.dump, &name)?;
        Ok(Heap {
            dominators: graph.dominators()?,
            paths: graph.paths()?,
            referrers: graph.referrers()?,
            graph,
        })
    }

    /// Returns the objects by type, those that retain most first.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub(crate) fn classes(&self, inspection: &Inspection<'_>) -> Result<Vec<Class>, Error> {
        // Types of several modules may have the same name, so the name is no key.
        let mut numbers = BTreeMap::new();
        let mut classes: Vec<Class> = Vec::new();
        let mut of = Vec::new();
        for (number, object) in (0..).zip(inspection.dump.objects()) {
            let key = match object.kind {
                ObjectKind::Struct(ty) | ObjectKind::Array(ty) => (false, ty),
                ObjectKind::Exception(tag) => (true, tag),
            };
            let class = *numbers.entry(key).or_insert_with(|| {
                classes.push(Class {
                    name: self.type_of(number).to_string(),
                    kind: object.kind,
                    objects: 0,
                    bytes: 0,
                    retained: 0,
                });
                classes.len() - 1
            });
            classes[class].objects += 1;
            classes[class].bytes = classes[class].bytes.saturating_add(object.size);
            of.push(class);
        }
        let class = |node| {
            let object = self.graph.object_of(node)?;
            of.get(object as usize).copied()
        };
        let retained = self
            .graph
            .retained_by(&self.dominators, classes.len(), class)?;
        for (class, retained) in classes.iter_mut().zip(retained) {
            class.retained = retained;
        }
        classes.sort_by(|a, b| (b.retained, &a.name).cmp(&(a.retained, &b.name)));
        Ok(classes)
    }

    /// Returns the name of an object's type.
    pub(crate) fn type_of(&self, object: u32) -> &str {
        self.graph.node(self.graph.object(object)).name
    }

    /// Returns the bytes that would be free without an object.
    pub(crate) fn retained(&self, object: u32) -> u64 {
        self.dominators.retained(self.graph.object(object))
    }

    /// Returns the references to an object.
    pub(crate) fn referrers(&self, object: u32) -> impl ExactSizeIterator<Item = Step> + '_ {
        let entries = self.referrers.of(self.graph.object(object));
        entries.map(|(from, edge)| self.step(from, edge))
    }

    /// Returns a shortest path from a root to an object: the references on it, that of the root first.
    /// The path is empty if no root leads to the object.
    pub(crate) fn path(&self, object: u32) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut node = self.graph.object(object);
        while let Some((from, edge)) = self.paths.before(node) {
            // The root of the graph is no holder.
            if self.graph.node(from).kind != NodeKind::Root {
                steps.push(self.step(from, edge));
            }
            node = from;
        }
        steps.reverse();
        steps
    }

    /// Returns the last reference on the shortest path to an object, if a root leads to it.
    pub(crate) fn before(&self, object: u32) -> Option<Step> {
        let (from, edge) = self.paths.before(self.graph.object(object))?;
        Some(self.step(from, edge))
    }

    fn step(&self, from: u32, edge: u32) -> Step {
        let node = self.graph.node(from);
        let place = match (self.graph.edge_at(from, edge).label, node.kind) {
            (Label::Name(name), NodeKind::Struct) => format!("field {name}"),
            (Label::Name(name), _) => name.to_string(),
            (Label::Index(index), NodeKind::Exception) => format!("value {index}"),
            (Label::Index(index), NodeKind::Group) => format!("global {index}"),
            (Label::Index(index), _) => format!("element {index}"),
        };
        Step {
            object: self.graph.object_of(from),
            holder: node.name.to_string(),
            place,
        }
    }
}

/// Returns the text that an array of characters of 8 or 16 bits is, if it is one.
pub(crate) fn text(inspection: &Inspection<'_>, object: &Object) -> Option<String> {
    use backstitch::coredump::Storage;
    let Contents::Bytes(bytes) = &object.contents else {
        return None;
    };
    let element = inspection.dump.object_type(object)?.fields.first()?;
    let text = match element.storage {
        Storage::I8 => String::from_utf8(bytes.clone()).ok()?,
        Storage::I16 => {
            let units = bytes.chunks_exact(2);
            let units: Vec<u16> = units.map(|it| u16::from_le_bytes([it[0], it[1]])).collect();
            String::from_utf16(&units).ok()?
        }
        Storage::Value(_) => return None,
    };
    let is_text = |character: char| !character.is_control() || "\n\r\t".contains(character);
    (!text.is_empty() && text.chars().all(is_text)).then_some(text)
}
