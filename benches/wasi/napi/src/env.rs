//! The functions of Node-API that the packages import.

use crate::Host;
use crate::js::{Frame, GLOBAL, Handle, NULL, Object, Property, UNDEFINED, Value};
use backstitch::{Caller, Error, Ref, Result, Val};

/// Status codes of Node-API.
const OK: i32 = 0;
const PENDING_EXCEPTION: i32 = 10;

/// A call of Node-API by the module, or an access to its memory.
pub struct Env<'a, 'c> {
    pub caller: &'a mut Caller<'c, Host>,
    pub arguments: Vec<u64>,
}

impl Env<'_, '_> {
    fn at(&self, index: usize) -> u32 {
        self.arguments[index] as u32
    }

    pub fn read(&mut self, address: u32, len: u32) -> Vec<u8> {
        let memory = self.caller.data().memory.expect("the memory is known");
        let mut bytes = vec![0; len as usize];
        memory
            .read(&*self.caller, address as usize, &mut bytes)
            .expect("in bounds");
        bytes
    }

    pub fn write(&mut self, address: u32, bytes: &[u8]) {
        let memory = self.caller.data().memory.expect("the memory is known");
        memory
            .write(&mut *self.caller, address as usize, bytes)
            .expect("in bounds");
    }

    fn word(&mut self, address: u32) -> u32 {
        u32::from_le_bytes(self.read(address, 4).try_into().unwrap())
    }

    /// Writes a word to the address in an argument, unless that is null.
    fn give(&mut self, index: usize, word: u32) {
        if self.at(index) != 0 {
            self.write(self.at(index), &word.to_le_bytes());
        }
    }

    fn string(&mut self, address: u32, len: u32) -> String {
        let mut bytes = Vec::new();
        for at in 0..len {
            let byte = self.read(address + at, 1)[0];
            if len == u32::MAX && byte == 0 {
                break;
            }
            bytes.push(byte);
        }
        String::from_utf8(bytes).expect("UTF-8")
    }

    fn add(&mut self, index: usize, value: Value) -> i32 {
        let handle = self.caller.data_mut().js.add(value);
        self.give(index, handle);
        OK
    }

    /// Allocates memory of the module.
    pub fn allocate(&mut self, len: u32) -> Result<u32> {
        let malloc = self.caller.data().malloc;
        let malloc = malloc.ok_or_else(|| Error::msg("no `malloc`"))?;
        let mut results = [Val::I32(0)];
        malloc.call(
            &mut *self.caller,
            &[Val::I32(len.max(1) as i32)],
            &mut results,
        )?;
        Ok(results[0].unwrap_i32() as u32)
    }

    fn callback(&mut self, callback: u32, data: u32) -> Handle {
        let callback = Some((callback, data));
        self.caller.data_mut().js.add(Value::Object(Object {
            callback,
            ..Object::default()
        }))
    }

    fn properties(&mut self, count: u32, address: u32) -> Vec<(Property, bool)> {
        let mut all = Vec::new();
        for at in 0..count {
            let words: Vec<u32> = (0..8)
                .map(|word| self.word(address + at * 32 + word * 4))
                .collect();
            let name = match words[0] {
                0 => self.caller.data().js.show(words[1]),
                name => self.string(name, u32::MAX),
            };
            let property = Property {
                name,
                method: words[2],
                getter: words[3],
                value: words[5],
                data: words[7],
            };
            all.push((property, words[6] & 1 << 10 != 0));
        }
        all
    }

    fn define(&mut self, object: Handle, property: &Property) {
        let value = match property {
            Property {
                method: 0,
                getter: 0,
                value,
                ..
            } => *value,
            // Getters are called by those that read the property.
            Property {
                method: 0,
                getter,
                data,
                ..
            } => self.callback(*getter, *data),
            Property { method, data, .. } => self.callback(*method, *data),
        };
        let object = self.caller.data_mut().js.object(object).expect("an object");
        object.properties.insert(property.name.clone(), value);
    }

    pub fn call_js(
        &mut self,
        function: Handle,
        this: Handle,
        arguments: Vec<Handle>,
    ) -> Result<Handle> {
        let js = &mut self.caller.data_mut().js;
        let Some((callback, data)) = js.object(function).and_then(|object| object.callback) else {
            return Ok(UNDEFINED);
        };
        js.frames.push(Frame {
            this,
            arguments,
            data,
        });
        let frame = js.frames.len() as i32 - 1;
        let table = self.caller.data().table.expect("the table is known");
        let function = table
            .get(&mut *self.caller, callback.into())
            .and_then(|element| match element {
                Ref::Func(function) => function,
                _ => None,
            });
        let function = function.ok_or_else(|| Error::msg("no callback"))?;
        let mut results = [Val::I32(0)];
        function.call(
            &mut *self.caller,
            &[Val::I32(1), Val::I32(frame)],
            &mut results,
        )?;
        Ok(match results[0].unwrap_i32() as u32 {
            0 => UNDEFINED,
            value => value,
        })
    }

    /// Carries out a function. Returns its result.
    pub fn call(&mut self, name: &str) -> Result<i32> {
        Ok(match name {
            "napi_create_function" => {
                let function = self.callback(self.at(3), self.at(4));
                self.give(5, function);
                OK
            }
            "napi_create_string_utf8" => {
                let text = self.string(self.at(1), self.at(2));
                self.add(3, Value::String(text))
            }
            "napi_get_value_string_utf8" => {
                let Value::String(text) = &self.caller.data().js.values[self.at(1) as usize] else {
                    return Ok(3);
                };
                let mut bytes = text.clone().into_bytes();
                if self.at(2) == 0 {
                    self.give(4, bytes.len() as u32);
                } else {
                    bytes.truncate((self.at(3) as usize).saturating_sub(1));
                    self.give(4, bytes.len() as u32);
                    bytes.push(0);
                    self.write(self.at(2), &bytes);
                }
                OK
            }
            "napi_set_named_property" => {
                let name = self.string(self.at(2), u32::MAX);
                let (object, value) = (self.at(1), self.at(3));
                if let Some(object) = self.caller.data_mut().js.object(object) {
                    object.properties.insert(name, value);
                }
                OK
            }
            "napi_get_named_property" => {
                let name = self.string(self.at(2), u32::MAX);
                let object = self.at(1);
                let value = self.caller.data_mut().js.get(object, &name);
                self.give(3, value);
                OK
            }
            "napi_has_own_property" => {
                let (object, key) = (self.at(1), self.at(2));
                let js = &mut self.caller.data_mut().js;
                let key = js.show(key);
                let has = js
                    .object(object)
                    .is_some_and(|object| object.properties.contains_key(&key));
                self.write(self.at(3), &[u8::from(has)]);
                OK
            }
            "napi_get_cb_info" => {
                let frame = self.at(1) as usize;
                let frame = &self.caller.data().js.frames[frame];
                let (this, given, data) = (frame.this, frame.arguments.clone(), frame.data);
                if self.at(2) != 0 {
                    let room = self.word(self.at(2));
                    for at in 0..room {
                        let value = given.get(at as usize).copied().unwrap_or(UNDEFINED);
                        if self.at(3) != 0 {
                            self.write(self.at(3) + 4 * at, &value.to_le_bytes());
                        }
                    }
                    self.give(2, given.len() as u32);
                }
                self.give(4, this);
                self.give(5, data);
                OK
            }
            "napi_typeof" => {
                let kind = match &self.caller.data().js.values[self.at(1) as usize] {
                    Value::Undefined => 0,
                    Value::Null => 1,
                    Value::Bool(_) => 2,
                    Value::Number(_) => 3,
                    Value::String(_) => 4,
                    Value::Object(Object {
                        callback: Some(_), ..
                    }) => 7,
                    Value::Object(_) => 6,
                    Value::BigInt(_) => 9,
                };
                self.give(2, kind);
                OK
            }
            "napi_is_typedarray" | "napi_is_error" | "napi_is_array" => {
                let handle = self.at(1);
                let object = self.caller.data_mut().js.object(handle);
                let is = object.is_some_and(|object| match name {
                    "napi_is_error" => object.is_error,
                    "napi_is_array" => object.elements.is_some(),
                    _ => object.bytes.is_some(),
                });
                self.write(self.at(2), &[u8::from(is)]);
                OK
            }
            "napi_get_typedarray_info" => {
                let handle = self.at(1);
                let object = self.caller.data_mut().js.object(handle);
                let (address, len) = object.and_then(|object| object.bytes).expect("an array");
                for (index, word) in [(2, 1), (3, len), (4, address), (5, handle), (6, 0)] {
                    self.give(index, word);
                }
                OK
            }
            "napi_create_buffer" | "napi_create_buffer_copy" | "napi_create_external_buffer" => {
                let len = self.at(1);
                let (address, result) = match name {
                    "napi_create_buffer" => {
                        let address = self.allocate(len)?;
                        self.give(2, address);
                        (address, 3)
                    }
                    "napi_create_buffer_copy" => {
                        let address = self.allocate(len)?;
                        let bytes = self.read(self.at(2), len);
                        self.write(address, &bytes);
                        self.give(3, address);
                        (address, 4)
                    }
                    _ => (self.at(2), 5),
                };
                let bytes = Some((address, len));
                self.add(
                    result,
                    Value::Object(Object {
                        bytes,
                        ..Object::default()
                    }),
                )
            }
            "napi_get_value_uint32"
            | "napi_get_value_int32"
            | "napi_get_value_bool"
            | "napi_get_value_double"
            | "napi_get_value_int64" => {
                let number = match &self.caller.data().js.values[self.at(1) as usize] {
                    Value::Number(number) => *number,
                    Value::Bool(value) => f64::from(u8::from(*value)),
                    _ => return Ok(6),
                };
                match name {
                    "napi_get_value_bool" => self.write(self.at(2), &[u8::from(number != 0.0)]),
                    "napi_get_value_double" => self.write(self.at(2), &number.to_le_bytes()),
                    "napi_get_value_int64" => {
                        self.write(self.at(2), &(number as i64).to_le_bytes())
                    }
                    _ => self.give(2, number as i64 as u32),
                }
                OK
            }
            "napi_create_uint32" => self.add(2, Value::Number(self.at(1).into())),
            "napi_create_int32" => self.add(2, Value::Number((self.at(1) as i32).into())),
            "napi_create_int64" => self.add(2, Value::Number(self.arguments[1] as i64 as f64)),
            "napi_create_bigint_uint64" => self.add(2, Value::BigInt(self.arguments[1])),
            "napi_create_bigint_words" => {
                let words = self.read(self.at(3), 8);
                self.add(
                    4,
                    Value::BigInt(u64::from_le_bytes(words.try_into().unwrap())),
                )
            }
            "napi_get_boolean" => self.add(2, Value::Bool(self.at(1) != 0)),
            "napi_get_undefined" => {
                self.give(1, UNDEFINED);
                OK
            }
            "napi_get_null" => {
                self.give(1, NULL);
                OK
            }
            "napi_get_global" => {
                self.give(1, GLOBAL);
                OK
            }
            "napi_create_object" => self.add(1, Value::Object(Object::default())),
            "napi_create_array_with_length" => {
                let elements = Some(vec![UNDEFINED; self.at(1) as usize]);
                self.add(
                    2,
                    Value::Object(Object {
                        elements,
                        ..Object::default()
                    }),
                )
            }
            "napi_get_array_length" => {
                let handle = self.at(1);
                let object = self.caller.data_mut().js.object(handle);
                let elements = object.and_then(|object| object.elements.as_ref());
                let len = elements.map_or(0, Vec::len);
                self.give(2, len as u32);
                OK
            }
            "napi_set_element" => {
                let (handle, index, value) = (self.at(1), self.at(2) as usize, self.at(3));
                let object = self.caller.data_mut().js.object(handle).expect("an array");
                let elements = object.elements.as_mut().expect("an array");
                if elements.len() <= index {
                    elements.resize(index + 1, UNDEFINED);
                }
                elements[index] = value;
                OK
            }
            "napi_get_element" => {
                let (handle, index) = (self.at(1), self.at(2) as usize);
                let object = self.caller.data_mut().js.object(handle);
                let elements = object.and_then(|object| object.elements.as_ref());
                let value = elements
                    .and_then(|all| all.get(index).copied())
                    .unwrap_or(UNDEFINED);
                self.give(3, value);
                OK
            }
            "napi_define_class" => {
                let class = self.callback(self.at(3), self.at(4));
                for (property, is_static) in self.properties(self.at(5), self.at(6)) {
                    if is_static {
                        self.define(class, &property);
                    } else {
                        let object = self.caller.data_mut().js.object(class).expect("a class");
                        object.class.push(property);
                    }
                }
                self.give(7, class);
                OK
            }
            "napi_define_properties" => {
                for (property, _) in self.properties(self.at(2), self.at(3)) {
                    self.define(self.at(1), &property);
                }
                OK
            }
            "napi_create_reference" => {
                let value = self.at(1);
                self.give(3, value);
                OK
            }
            "napi_get_reference_value" => {
                let value = self.at(1);
                self.give(2, value);
                OK
            }
            "napi_reference_unref" => {
                self.give(2, 0);
                OK
            }
            "napi_delete_reference" => OK,
            "napi_wrap" => {
                let (handle, native) = (self.at(1), self.at(2));
                self.caller
                    .data_mut()
                    .js
                    .object(handle)
                    .expect("an object")
                    .native = Some(native);
                self.give(5, handle);
                OK
            }
            "napi_unwrap" | "napi_remove_wrap" => {
                let handle = self.at(1);
                let object = self.caller.data_mut().js.object(handle);
                let Some(native) = object.and_then(|object| object.native) else {
                    return Ok(1);
                };
                self.give(2, native);
                OK
            }
            "napi_is_exception_pending" => {
                let pending = self.caller.data().js.exception.is_some();
                self.write(self.at(1), &[u8::from(pending)]);
                OK
            }
            "napi_get_and_clear_last_exception" => {
                let exception = self.caller.data_mut().js.exception.take();
                self.give(1, exception.unwrap_or(UNDEFINED));
                OK
            }
            "napi_throw" => {
                let exception = self.at(1);
                self.caller.data_mut().js.exception = Some(exception);
                OK
            }
            "napi_throw_error" | "napi_create_error" => {
                let message = match name {
                    "napi_throw_error" => self.string(self.at(2), u32::MAX),
                    _ => self.caller.data().js.show(self.at(2)),
                };
                let js = &mut self.caller.data_mut().js;
                let message = js.text(&message);
                let properties = [("message".to_string(), message)].into();
                let error = Object {
                    properties,
                    is_error: true,
                    ..Object::default()
                };
                let error = js.add(Value::Object(error));
                if name == "napi_throw_error" {
                    js.exception = Some(error)
                } else {
                    self.give(3, error)
                }
                OK
            }
            "napi_call_function" | "napi_new_instance" => {
                let is_call = name == "napi_call_function";
                let first = 1 + usize::from(is_call);
                let (function, count, list) =
                    (self.at(first), self.at(first + 1), self.at(first + 2));
                let arguments = (0..count).map(|at| self.word(list + 4 * at)).collect();
                let value = match is_call {
                    true => self.call_js(function, self.at(1), arguments)?,
                    false => self.construct(function, arguments)?,
                };
                self.give(first + 3, value);
                if self.caller.data().js.exception.is_some() {
                    PENDING_EXCEPTION
                } else {
                    OK
                }
            }
            "napi_coerce_to_string" => {
                let text = self.caller.data().js.show(self.at(1));
                self.add(2, Value::String(text))
            }
            "napi_coerce_to_object" => {
                let value = self.at(1);
                self.give(2, value);
                OK
            }
            "napi_get_prototype" => {
                self.give(2, GLOBAL);
                OK
            }
            "napi_strict_equals" => {
                let equal = self.at(1) == self.at(2);
                self.write(self.at(3), &[u8::from(equal)]);
                OK
            }
            "_emnapi_is_main_runtime_thread" => 1,
            "napi_create_threadsafe_function" => {
                self.give(10, 77);
                OK
            }
            "napi_unref_threadsafe_function"
            | "napi_open_handle_scope"
            | "napi_close_handle_scope"
            | "napi_add_env_cleanup_hook"
            | "napi_remove_env_cleanup_hook" => OK,
            name if name.contains("emnapi_") => 0,
            name => return Err(Error::msg(format!("`{name}` is not provided"))),
        })
    }

    pub fn construct(&mut self, class: Handle, arguments: Vec<Handle>) -> Result<Handle> {
        let js = &mut self.caller.data_mut().js;
        let object = js.add(Value::Object(Object::default()));
        let properties = js
            .object(class)
            .map(|class| class.class.clone())
            .unwrap_or_default();
        for property in &properties {
            self.define(object, property);
        }
        self.call_js(class, object, arguments)?;
        Ok(object)
    }
}
