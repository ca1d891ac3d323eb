//! The table and element sections of an image.

use super::{Image, runs, segments_each};
use crate::format_err;
use crate::heap::Table;
use crate::module::{ConstExpr, ConstOp, ElementItems, ExportItem, HeapType, RefType, ValType};
use crate::support::error::Result;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;
use wasm_encoder::{ElementSection, Elements, TableSection, TableType};
use wasmparser::{Payload, TableInit};

/// Largest number of elements of a segment that other runtimes accept.
const MAX_ELEMENTS: usize = 10_000_000;

impl Image<'_> {
    /// Writes both sections. Adds the functions to which they refer to `declared`, and an element
    /// segment with those to which code refers although they do not occur elsewhere.
    ///
    /// # Errors
    ///
    /// If an element has a value that no constant expression has.
    pub(super) fn tables(
        &self,
        declared: &mut BTreeSet<u32>,
    ) -> Result<(TableSection, ElementSection)> {
        let mut elements = ElementSection::new();
        self.keep_segments(&mut elements, declared)?;

        // None of them is imported.
        let tables = &self.owner.parts().tables;
        let inits = self.table_inits();
        let limit = segments_each(self.usage.elements as usize + 1, tables.len())?;
        let mut section = TableSection::new();
        let mut active = Vec::new();
        for (index, &table) in tables.iter().enumerate() {
            let table = self.store.table(table);
            let ty = table.ty();
            let written = TableType {
                element_type: self.values.ref_type(ty.element),
                table64: ty.table64,
                minimum: table.size(),
                maximum: ty.maximum,
                shared: false,
            };
            let mut most = 0;
            if ty.element.nullable {
                section.table(written);
            } else if let Some(bits) = table.get(0) {
                most = bits;
                let value = self.element(index, table, 0)?;
                declared.extend(value.get_ref_func());
                section.table_with_init(written, &value);
            } else {
                // There is no element to take the value of. This one is never read.
                let init = self.module.table_inits[index].as_ref();
                declared.extend(init.into_iter().flat_map(functions_of));
                let raw = inits.get(index).copied().flatten().unwrap_or(&[]);
                let init = wasm_encoder::ConstExpr::raw(raw.iter().copied());
                section.table_with_init(written, &init);
            }
            let differs = |at| table.get(at) != Some(most);
            for run in runs::merge(runs::differing(table.len(), differs), 1, limit) {
                active.extend(chunks(run).map(|run| (index, table, run)));
            }
        }
        let mut contents = Vec::new();
        for (index, table, run) in active {
            contents.push((
                index,
                table,
                run.start,
                self.segment(index, table, run, declared)?,
            ));
        }

        let missing: Vec<u32> = self.usage.functions.difference(declared).copied().collect();
        if !missing.is_empty() {
            elements.declared(Elements::Functions(missing.into()));
        }
        for (index, table, start, segment) in contents {
            let offset = match table.ty().table64 {
                true => wasm_encoder::ConstExpr::i64_const(start as i64),
                false => wasm_encoder::ConstExpr::i32_const(start as u32 as i32),
            };
            // Without a number, the encoding is that of WebAssembly 1.0.
            let number = Some(index as u32).filter(|&index| index != 0);
            elements.active(number, &offset, segment);
        }
        Ok((section, elements))
    }

    /// Writes the segments to which code refers.
    fn keep_segments(
        &self,
        section: &mut ElementSection,
        declared: &mut BTreeSet<u32>,
    ) -> Result<()> {
        let raw = self.element_segments();
        for index in 0..self.usage.elements {
            let segment = &self.module.elements[index as usize];
            if self.owner.element_dropped(index) {
                section.passive(match segment.ty {
                    RefType {
                        nullable: false,
                        heap: HeapType::Func,
                    } => Elements::Functions([][..].into()),
                    ty => Elements::Expressions(self.values.ref_type(ty), [][..].into()),
                });
                continue;
            }
            match &segment.items {
                ElementItems::Functions(functions) => declared.extend(functions.iter().copied()),
                ElementItems::Expressions(list) => {
                    if list.iter().any(ConstExpr::creates) {
                        return Err(format_err!(
                            "element segment {index} refers to structures or arrays, which an \
                             image cannot contain"
                        ));
                    }
                    declared.extend(list.iter().flat_map(functions_of));
                }
            }
            let range = raw.get(index as usize).cloned().unwrap_or_default();
            section.raw(self.module.bytes.get(range).unwrap_or(&[]));
        }
        Ok(())
    }

    /// Returns a run of a table's elements.
    fn segment(
        &self,
        index: usize,
        table: &Table,
        run: Range<usize>,
        declared: &mut BTreeSet<u32>,
    ) -> Result<Elements<'static>> {
        let ty = table.ty().element;
        if ty.heap == HeapType::Func {
            let functions = run.clone().map(|at| {
                let bits = table.get(at).filter(|&bits| bits != 0)?;
                self.values.function(bits).ok()
            });
            if let Some(functions) = functions.collect::<Option<Vec<u32>>>() {
                declared.extend(functions.iter().copied());
                return Ok(Elements::Functions(functions.into()));
            }
        }
        let values = run.map(|at| self.element(index, table, at));
        let values = values.collect::<Result<Vec<_>>>()?;
        declared.extend(values.iter().filter_map(|value| value.get_ref_func()));
        Ok(Elements::Expressions(
            self.values.ref_type(ty),
            values.into(),
        ))
    }

    /// Returns an expression with the value of an element.
    fn element(&self, index: usize, table: &Table, at: usize) -> Result<wasm_encoder::ConstExpr> {
        let bits = table.get(at).unwrap_or_default();
        let value = self
            .values
            .expression(ValType::Ref(table.ty().element), [bits, 0]);
        value.map_err(|kind| {
            let table = self.describe("table", ExportItem::Table(index as u32));
            format_err!("element {at} of {table} refers to {kind}, which an image cannot contain")
        })
    }

    /// Returns the ranges of the module's element segments in its bytes.
    fn element_segments(&self) -> Vec<Range<usize>> {
        let mut starts = Vec::new();
        for payload in self.parse() {
            if let Ok(Payload::ElementSection(reader)) = payload {
                let end = reader.range().end as usize;
                let segments = reader.into_iter_with_offsets();
                starts.extend(segments.flatten().map(|(offset, _)| offset as usize));
                starts.push(end);
            }
        }
        starts.windows(2).map(|pair| pair[0]..pair[1]).collect()
    }

    /// Returns the initial values of the module's tables, as encoded instructions without `end`.
    fn table_inits(&self) -> Vec<Option<&[u8]>> {
        let mut inits = Vec::new();
        for payload in self.parse() {
            if let Ok(Payload::TableSection(reader)) = payload {
                inits.extend(reader.into_iter().flatten().map(|table| match table.init {
                    TableInit::RefNull => None,
                    TableInit::Expr(expr) => {
                        let range = expr.get_binary_reader().range();
                        // The last byte is the `end`.
                        let range = range.start as usize..(range.end as usize).saturating_sub(1);
                        self.module.bytes.get(range)
                    }
                }));
            }
        }
        inits
    }
}

/// Returns the functions to which an expression refers.
fn functions_of(expr: &ConstExpr) -> impl Iterator<Item = u32> + '_ {
    expr.ops().iter().filter_map(|op| match *op {
        ConstOp::RefFunc(function) => Some(function),
        _ => None,
    })
}

/// Divides a run into parts of at most [`MAX_ELEMENTS`].
fn chunks(run: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = run.end;
    run.step_by(MAX_ELEMENTS)
        .map(move |start| start..end.min(start + MAX_ELEMENTS))
}
