//! Variables of a frame's source (D2), from debugging information.

use super::inspection::{Inspection, Subject};
use crate::cli::names::printable;
use backstitch::coredump::{Frame, Memory, Value};
use backstitch::{FrameValues, SourceScope, demangle_without_hash};
use std::io::{self, Write};

/// The values of a frame in a dump.
struct Values<'i, 'a> {
    frame: &'i Frame,
    /// The globals of the frame's instance.
    globals: Vec<Option<Value>>,
    /// The first memory of the frame's instance.
    memory: Option<&'i Memory<'a>>,
}

impl<'i, 'a> Values<'i, 'a> {
    fn new(inspection: &'i Inspection<'a>, frame: &'i Frame) -> Values<'i, 'a> {
        let dump = &inspection.dump;
        let instance = dump.instances().get(frame.instance as usize);
        let global = |index: usize| dump.globals().get(index).map(|global| global.value);
        let (globals, memory) = match instance {
            Some(instance) => {
                let globals = instance.globals.iter();
                let memory = instance.memories.first();
                (
                    globals.map(|index| global(*index as usize)).collect(),
                    memory.and_then(|index| dump.memories().get(*index as usize)),
                )
            }
            // Some writers list no instances; all is then part of the only one.
            None => (
                (0..dump.globals().len()).map(global).collect(),
                dump.memories().first(),
            ),
        };
        Values {
            frame,
            globals,
            memory,
        }
    }
}

fn bits(value: Option<&Value>) -> Option<u128> {
    match *value? {
        Value::I32(bits) | Value::F32(bits) => Some(bits.into()),
        Value::I64(bits) | Value::F64(bits) => Some(bits.into()),
        Value::V128(bits) => Some(bits),
        Value::Ref(..) | Value::Missing => None,
    }
}

impl FrameValues for Values<'_, '_> {
    fn local(&self, index: u32) -> Option<u128> {
        bits(self.frame.locals.get(index as usize))
    }

    fn global(&self, index: u32) -> Option<u128> {
        bits(self.globals.get(index as usize)?.as_ref())
    }

    fn operand(&self, index: u32) -> Option<u128> {
        bits(self.frame.operands.get(index as usize))
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> bool {
        let Some(memory) = self.memory else {
            return false;
        };
        let mut addresses = (address..).take(buffer.len());
        addresses.all(|address| memory.is_kept(address)) && memory.read(address, buffer).is_ok()
    }
}

/// Returns the variables in scope at a frame's instruction, with demangled names of functions: those of
/// the function first that was inlined last.
pub(crate) fn scopes(
    inspection: &Inspection<'_>,
    frame: &Frame,
    subject: &Subject,
) -> Vec<SourceScope> {
    let find = || {
        let offset = subject.module_offset(frame)?;
        let symbolizer = inspection.debug_info(subject.module?).as_ref().ok()?;
        let values = Values::new(inspection, frame);
        Some(symbolizer.as_ref()?.variables(offset, &values))
    };
    let mut scopes = find().unwrap_or_default();
    for scope in &mut scopes {
        scope.function = scope.function.as_deref().map(demangle_without_hash);
    }
    scopes
}

/// Prints the variables of a frame, if its module has debugging information.
pub(crate) fn print(scopes: &[SourceScope], out: &mut dyn Write) -> io::Result<()> {
    for scope in scopes {
        let function = scope.function.as_deref().unwrap_or("<unknown>");
        write!(out, "\nvariables of {}", printable(function))?;
        writeln!(
            out,
            "{}",
            if scope.variables.is_empty() {
                ": none"
            } else {
                ""
            }
        )?;
        for variable in &scope.variables {
            let role = if variable.is_parameter {
                "param"
            } else {
                "local"
            };
            let ty = printable(&variable.ty);
            let name = variable.name.as_deref().unwrap_or("<unnamed>");
            let value = variable.value.as_deref().unwrap_or("<unknown>");
            let (name, value) = (printable(name), printable(value));
            writeln!(out, "       {role}  ({ty}) {name} = {value}")?;
        }
    }
    Ok(())
}
