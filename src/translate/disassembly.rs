//! Listings of translated code.

use super::frame_map::frame_map;
use super::function_code::FunctionCode;
use crate::code::{BlockForm, CatchTable, Op, Passed};
use crate::format_err;
use crate::module::{Export, ExportItem, Module};
use crate::support::error::Error;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// A listing of the cells of a function.
#[derive(Clone, Debug)]
pub struct Disassembly {
    function: u32,
    name: Option<String>,
    extent: u32,
    lines: Vec<Line>,
    catches: CatchTable,
    /// Notes on instructions, by the offset in the module of the first one that each belongs to.
    notes: BTreeMap<u32, String>,
}

#[derive(Clone, Debug)]
struct Line {
    cell: u32,
    wasm: Option<u32>,
    op: Op,
    text: String,
}

impl Disassembly {
    /// Lists the cells of a function of `module`.
    ///
    /// # Errors
    ///
    /// As [`translate`](super::translate), and if there is no such function or if it is imported.
    pub fn new(module: &Module, function: u32) -> Result<Disassembly, Error> {
        if module.body(function).is_none() {
            return Err(if function < module.imported_functions {
                format_err!("function {function} is imported")
            } else {
                format_err!("there is no function {function}")
            });
        }
        let map = frame_map(module, function, 0, &[])?;
        let code = FunctionCode::of(module, function, 0)?;
        let lines = code
            .assembler
            .cells()
            .map(|cell| Line {
                cell: cell.offset.0,
                wasm: map.sites.wasm_offset(cell.offset),
                op: cell.op(),
                text: cell.to_string(),
            })
            .collect();
        let name = name(module, function).map(ToString::to_string);
        Ok(Disassembly {
            function,
            name,
            extent: code.extent,
            lines,
            catches: code.catches,
            notes: BTreeMap::new(),
        })
    }

    /// Adds a note on the instructions from an offset in the module on, up to the next note.
    #[cfg(feature = "dwarf")]
    pub fn note(&mut self, offset: u32, note: String) {
        self.notes.insert(offset, note);
    }
}

/// Returns the name of a function in backtraces, or else the first name that it is exported by.
fn name(module: &Module, function: u32) -> Option<&str> {
    module.func_name(function).or_else(|| {
        let is_it = |export: &&Export| export.item == ExportItem::Func(function);
        module
            .exports
            .iter()
            .find(is_it)
            .map(|export| &*export.name)
    })
}

impl Disassembly {
    /// Writes the documentation of each op in the listing, in the order of their first cells.
    fn explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ops: Vec<Op> = Vec::new();
        for Line { op, .. } in &self.lines {
            if !ops.contains(op) {
                ops.push(*op);
            }
        }
        writeln!(f)?;
        let width = ops.iter().map(|op| op.name().len()).max().unwrap_or(0);
        for op in ops {
            writeln!(f, "  {:<width$}  {}", op.name(), op.doc())?;
        }
        Ok(())
    }
}

impl fmt::Display for Disassembly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "function {}", self.function)?;
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        writeln!(f, ": frame of {} slots", self.extent)?;
        writeln!(f, "  cell    wasm")?;
        let mut last = None;
        for Line {
            cell, wasm, text, ..
        } in &self.lines
        {
            let note = wasm.and_then(|wasm| self.notes.range(..=wasm).next_back());
            let note = note.map(|(_, note)| note);
            if let Some(note) = note.filter(|_| note != last) {
                writeln!(f, "                ; {note}")?;
                last = Some(note);
            }
            match wasm {
                Some(wasm) => writeln!(f, "{cell:>6}  {wasm:#8x}  {text}")?,
                None => writeln!(f, "{cell:>6}  {:>8}  {text}", "")?,
            }
        }
        let name = |form| match form {
            BlockForm::TryTable => "try_table",
            BlockForm::Try | BlockForm::Delegate => "try",
        };
        let forms: Vec<BlockForm> = self.catches.blocks().map(|(form, ..)| form).collect();
        // A later copy may have made the cell before a place longer.
        let first_from = |place: u32| {
            let at = self.lines.partition_point(|line| line.cell < place);
            self.lines.get(at).map_or(place, |line| line.cell)
        };
        for (start, end, block) in self.catches.stretches() {
            write!(f, "  cells from {}", first_from(start.0))?;
            if let Some(end) = end {
                write!(f, " to {}", first_from(end.0))?;
            }
            writeln!(f, " are in {} {block}", name(forms[block as usize]))?;
        }
        for (number, (form, outer, clauses)) in self.catches.blocks().enumerate() {
            write!(f, "  {} {number}", name(form))?;
            match (form, outer) {
                (BlockForm::Delegate, Some(outer)) => write!(f, "; delegates to {outer}")?,
                (BlockForm::Delegate, None) => f.write_str("; delegates to the caller")?,
                (_, Some(outer)) => write!(f, " in {outer}")?,
                (_, None) => {}
            }
            for catch in clauses {
                f.write_str("; catch")?;
                match catch.tag {
                    Some(tag) => write!(f, " tag {tag}")?,
                    None => f.write_str(" all")?,
                }
                match catch.reference {
                    Passed::Behind => f.write_str(" with its reference")?,
                    Passed::Before { rethrown: true } => f.write_str(" after its reference")?,
                    Passed::Before { rethrown: false } => f.write_str(" after null")?,
                    Passed::Nothing => {}
                }
                write!(f, " s[{}], -> {}", catch.slot, catch.target.0)?;
            }
            writeln!(f)?;
        }
        if f.alternate() {
            self.explain(f)?;
        }
        Ok(())
    }
}
