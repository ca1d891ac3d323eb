//! The functions and segments to which the code of a module refers.

use crate::module::{Module, ModuleError, Place};
use crate::support::error::{Error, Result};
use alloc::collections::BTreeSet;
use wasmparser::{BinaryReader, FunctionBody, Operator};

/// References from code.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The functions of `ref.func`, each of which must occur outside of code, too.
    pub functions: BTreeSet<u32>,
    /// Number of data segments up to the last one that code refers to.
    pub data: u32,
    /// Number of element segments up to the last one that code refers to.
    pub elements: u32,
}

impl Usage {
    /// Reads all bodies of a module.
    ///
    /// # Errors
    ///
    /// A [`ModuleError`] if a body is malformed. The bodies of a module may not have been validated
    /// yet.
    pub fn of(module: &Module) -> Result<Usage> {
        let mut usage = Usage::default();
        for (index, range) in module.bodies.iter().enumerate() {
            let body = FunctionBody::new(BinaryReader::new_features(
                module.bytes.get(range.clone()).unwrap_or(&[]),
                range.start as u64,
                module.engine.tunables.features,
            ));
            usage.read(&body).map_err(|error| {
                let function = module.imported_functions + index as u32;
                Error::new(ModuleError::Invalid {
                    message: error.message().into(),
                    offset: error.offset(),
                    place: Place::Function(function),
                })
            })?;
        }
        Ok(usage)
    }

    fn read(&mut self, body: &FunctionBody<'_>) -> wasmparser::Result<()> {
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::RefFunc { function_index } => {
                    self.functions.insert(function_index);
                }
                Operator::MemoryInit { data_index, .. }
                | Operator::DataDrop { data_index }
                | Operator::ArrayNewData {
                    array_data_index: data_index,
                    ..
                }
                | Operator::ArrayInitData {
                    array_data_index: data_index,
                    ..
                } => self.data = self.data.max(data_index + 1),
                Operator::TableInit { elem_index, .. }
                | Operator::ElemDrop { elem_index }
                | Operator::ArrayNewElem {
                    array_elem_index: elem_index,
                    ..
                }
                | Operator::ArrayInitElem {
                    array_elem_index: elem_index,
                    ..
                } => self.elements = self.elements.max(elem_index + 1),
                _ => {}
            }
        }
        Ok(())
    }
}
