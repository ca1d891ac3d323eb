//! Objects of the heap: their types, their contents, and the roots that no other part contains.

use super::{Run, Type, Value};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The type of structures or arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectType {
    /// The type, as an index into [`CoreDump::types`](crate::CoreDump::types). Equal types of several
    /// modules are one.
    pub ty: u32,
    /// `true` for an array type, `false` for a structure type.
    pub array: bool,
    /// The first module that defines the type.
    pub module: Option<u32>,
    /// The type's index in that module.
    pub index: u32,
    /// The type's name in that module's name section.
    pub name: Option<String>,
    /// The declared supertype, as an index into [`CoreDump::types`](crate::CoreDump::types).
    pub supertype: Option<u32>,
    /// The fields of a structure, or the element of an array.
    pub fields: Vec<Field>,
}

impl ObjectType {
    /// Returns the type's name, or a text with its index if it has none.
    pub fn name(&self) -> String {
        match (&self.name, self.array) {
            (Some(name), _) => name.clone(),
            (None, true) => format!("<array type {}>", self.index),
            (None, false) => format!("<struct type {}>", self.index),
        }
    }
}

/// A field of a structure, or the element of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name in the name section.
    pub name: Option<String>,
    /// `true` if the field is mutable.
    pub mutable: bool,
    /// The type of the contents.
    pub storage: Storage,
}

/// The type of a field's contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// A packed 8-bit integer.
    I8,
    /// A packed 16-bit integer.
    I16,
    /// A value.
    Value(Type),
}

/// An object: a structure, an array or an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The kind, and the type or the tag.
    pub kind: ObjectKind,
    /// The number of bytes that the object takes in the heap.
    pub size: u64,
    /// The contents.
    pub contents: Contents,
}

/// The kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A structure; its type is an index into
    /// [`CoreDump::object_types`](crate::CoreDump::object_types).
    Struct(u32),
    /// An array; its type is an index into
    /// [`CoreDump::object_types`](crate::CoreDump::object_types).
    Array(u32),
    /// An exception; its tag is an index into [`CoreDump::tags`](crate::CoreDump::tags).
    Exception(u32),
}

/// The contents of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The fields of a structure, or the payload of an exception. Packed integers are zero-extended.
    Values(Vec<Value>),
    /// The elements of an array of references, as runs of equal elements.
    Runs(Vec<Run>),
    /// The elements of an array of numbers, in little-endian byte order.
    Bytes(Vec<u8>),
}

/// The objects of a dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// The number of objects that can be reached.
    pub reached: u64,
    /// The number of bytes that these take in the heap.
    pub bytes: u64,
    /// The objects that are closest to a root, in the order in which a breadth-first search finds
    /// them.
    pub shown: Vec<Object>,
}

/// A root that no other part of a dump contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// The place of the reference.
    pub kind: RootKind,
    /// The reference.
    pub value: Value,
}

/// The place of a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootKind {
    /// The host holds the reference.
    Host,
    /// An element segment whose expressions create objects.
    Segment {
        /// The instance.
        instance: u32,
        /// The segment's index in the instance's module.
        segment: u32,
    },
    /// A slot of a frame that is neither a local nor an operand: the exception that a legacy catch
    /// part has caught.
    Hidden {
        /// The thread, as an index into [`CoreDump::threads`](crate::CoreDump::threads).
        thread: u32,
        /// The frame's index in the thread.
        frame: u32,
    },
}
