//! The values of JavaScript that Node-API passes, as far as the packages need them.

use std::collections::BTreeMap;

/// The number of a value. Values are never freed.
pub type Handle = u32;

/// A value.
pub enum Value {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    BigInt(u64),
    String(String),
    Object(Object),
}

/// An object, array or function.
#[derive(Default)]
pub struct Object {
    pub properties: BTreeMap<String, Handle>,
    /// The elements, if it is an array.
    pub elements: Option<Vec<Handle>>,
    /// Address and length of its bytes in the module's memory, if it is a `Uint8Array`.
    pub bytes: Option<(u32, u32)>,
    /// Index of the callback in the module's table and its data, if it is a function.
    pub callback: Option<(u32, u32)>,
    pub native: Option<u32>,
    pub is_error: bool,
    /// Properties of a class's instances.
    pub class: Vec<Property>,
}

/// A property that a class defines.
#[derive(Clone)]
pub struct Property {
    pub name: String,
    pub method: u32,
    pub getter: u32,
    pub value: Handle,
    pub data: u32,
}

/// A call of a callback.
pub struct Frame {
    pub this: Handle,
    pub arguments: Vec<Handle>,
    pub data: u32,
}

/// All values, the calls, and the exception that was thrown.
pub struct Js {
    pub values: Vec<Value>,
    pub frames: Vec<Frame>,
    pub exception: Option<Handle>,
}

pub const UNDEFINED: Handle = 1;
pub const NULL: Handle = 2;
pub const GLOBAL: Handle = 3;

impl Js {
    pub fn new() -> Js {
        let object = || Value::Object(Object::default());
        Js {
            values: vec![Value::Undefined, Value::Undefined, Value::Null, object()],
            // A frame's number is not null.
            frames: vec![Frame {
                this: UNDEFINED,
                arguments: Vec::new(),
                data: 0,
            }],
            exception: None,
        }
    }

    pub fn add(&mut self, value: Value) -> Handle {
        self.values.push(value);
        self.values.len() as Handle - 1
    }

    pub fn text(&mut self, text: &str) -> Handle {
        self.add(Value::String(text.to_string()))
    }

    pub fn object(&mut self, handle: Handle) -> Option<&mut Object> {
        match self.values.get_mut(handle as usize)? {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    pub fn get(&mut self, object: Handle, name: &str) -> Handle {
        let found = self
            .object(object)
            .and_then(|object| object.properties.get(name).copied());
        found.unwrap_or(UNDEFINED)
    }

    pub fn show(&self, handle: Handle) -> String {
        match &self.values[handle as usize] {
            Value::Undefined => "undefined".into(),
            Value::Null => "null".into(),
            Value::Bool(value) => value.to_string(),
            Value::Number(value) => value.to_string(),
            Value::BigInt(value) => value.to_string(),
            Value::String(value) => value.clone(),
            Value::Object(object) => match (&object.elements, object.properties.get("message")) {
                (Some(elements), _) => {
                    let shown: Vec<String> = elements.iter().map(|&each| self.show(each)).collect();
                    shown.join("\n")
                }
                (None, Some(&message)) => self.show(message),
                _ => "object".into(),
            },
        }
    }
}
