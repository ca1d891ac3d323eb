//! Lookup of instructions in the line tables and functions of a module.

use super::sections::{Section, Sections};
use super::variables::{self, FrameValues, SourceScope};
use super::{FrameSymbol, SourceFunction, function};
use crate::ensure;
use crate::support::error::Result;
use addr2line::gimli::{self, Dwarf, DwarfPackage, UnitRef};
use addr2line::{Context, LookupContinuation, LookupResult, SplitDwarfLoad};
use alloc::borrow::ToOwned;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

/// Largest number of functions that are inlined into each other. `addr2line` recurses for each.
const MAX_INLINED: usize = 256;

/// The functions and source lines of a module's instructions, from the DWARF in its custom sections or in
/// those of other files.
///
/// Looking an instruction up takes memory in proportion to the debugging information, in allocations
/// that must not fail.
///
/// ```
/// use backstitch::Symbolizer;
///
/// // This module has no debugging information.
/// let symbolizer = Symbolizer::new(b"\0asm\x01\0\0\0")?;
/// assert!(symbolizer.is_none());
/// # Ok::<(), backstitch::Error>(())
/// ```
pub struct Symbolizer<'a> {
    dwarf: Arc<Dwarf<Section<'a>>>,
    /// The units of which `dwarf` has only skeletons.
    package: Option<DwarfPackage<Section<'a>>>,
    context: Context<Section<'a>>,
    /// Offset in the module of the code section's contents. Addresses are relative to it.
    code: u64,
}

/// Instructions of one source line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine<'s> {
    /// Offsets of the instructions in the module.
    pub offsets: Range<u64>,
    /// The path of the source file, if it is known.
    pub file: Option<&'s str>,
    /// The line number, starting from 1.
    pub line: Option<u32>,
    /// The column number, starting from 1.
    pub column: Option<u32>,
}

impl<'a> Symbolizer<'a> {
    /// Reads the debugging information of a module: `None` if it has none.
    ///
    /// # Errors
    ///
    /// If the bytes are not a module, or if the debugging information is malformed. The functions and
    /// lines of a compilation unit are read when one of its instructions is looked up.
    pub fn new(wasm: &'a [u8]) -> Result<Option<Symbolizer<'a>>> {
        Symbolizer::with_files(wasm, &[])
    }

    /// Reads the debugging information of a module, which may be in other files: `None` if there is none.
    ///
    /// Such files are modules too, of which only custom sections are read: those with DWARF, instead of the
    /// ones in the module, or a package of split DWARF (`.dwp`), to which the skeletons in the module or in
    /// another file refer. Of several files of a kind, the first counts.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Symbolizer::new`], and an error if a file has other code or another `build_id`
    /// than the module.
    pub fn with_files(wasm: &'a [u8], files: &[&'a [u8]]) -> Result<Option<Symbolizer<'a>>> {
        let Some(sections) = Sections::read(wasm, files)? else {
            return Ok(None);
        };
        ensure!(
            is_shallow(&sections.dwarf)?,
            "the debugging information is malformed: more than {MAX_INLINED} functions are inlined \
             into each other"
        );
        let dwarf = Arc::new(sections.dwarf);
        Ok(Some(Symbolizer {
            context: Context::from_arc_dwarf(Arc::clone(&dwarf))?,
            dwarf,
            package: sections.package,
            code: sections.code,
        }))
    }

    /// Returns the result of a lookup, with the units in the package that it asks for.
    fn resolve<L>(&self, mut lookup: LookupResult<L>) -> L::Output
    where
        L: LookupContinuation<Buf = Section<'a>>,
    {
        loop {
            lookup = match lookup {
                LookupResult::Output(output) => return output,
                LookupResult::Load { load, continuation } => continuation.resume(self.split(&load)),
            };
        }
    }

    /// Returns a unit in the package. There is none if it is malformed.
    fn split(&self, load: &SplitDwarfLoad<Section<'a>>) -> Option<Arc<Dwarf<Section<'a>>>> {
        let package = self.package.as_ref()?;
        let dwarf = package.find_cu(load.dwo_id, &load.parent).ok()??;
        is_shallow(&dwarf).ok()?.then(|| Arc::new(dwarf))
    }

    /// Returns the functions that the instruction at an offset in the module belongs to, with the source
    /// positions in them: inlined functions first, each before the one that it is inlined into.
    ///
    /// There are none if the instruction has no debugging information, or malformed one.
    pub fn symbols(&self, offset: u64) -> Vec<FrameSymbol> {
        self.find(offset).unwrap_or_default()
    }

    fn find(&self, offset: u64) -> Result<Vec<FrameSymbol>> {
        let mut symbols = Vec::new();
        let Some(address) = offset.checked_sub(self.code) else {
            return Ok(symbols);
        };
        let mut frames = self.resolve(self.context.find_frames(address))?;
        while let Some(frame) = frames.next()? {
            let name = frame.function.as_ref();
            let name = name.and_then(|function| function.raw_name().ok());
            let location = frame.location;
            symbols.push(FrameSymbol {
                name: name.map(|name| name.into_owned()),
                file: location.as_ref().and_then(|it| it.file.map(str::to_owned)),
                line: location.as_ref().and_then(|it| it.line),
                column: location.as_ref().and_then(|it| it.column),
            });
        }
        Ok(symbols)
    }

    /// Returns the variables that are in scope at the instruction at an offset in the module, with their
    /// values in a frame: those of the function first that was inlined last.
    ///
    /// There are none if the instruction has no debugging information, or malformed one. In a caller, the
    /// instruction is the call.
    pub fn variables(&self, offset: u64, frame: &dyn FrameValues) -> Vec<SourceScope> {
        let find = || {
            let address = offset.checked_sub(self.code)?;
            let unit = self.resolve(self.context.find_dwarf_and_unit(address))?;
            variables::scopes(unit, address, frame).ok()
        };
        find().unwrap_or_default()
    }

    /// Returns the source lines of the instructions at these offsets in the module, in their order.
    ///
    /// Instructions without debugging information, or with malformed one, are left out.
    pub fn lines(&self, offsets: Range<u64>) -> Vec<SourceLine<'_>> {
        let mut lines = Vec::new();
        let start = offsets.start.saturating_sub(self.code);
        let end = offsets.end.saturating_sub(self.code);
        for (address, size, location) in self
            .context
            .find_location_range(start, end)
            .into_iter()
            .flatten()
        {
            let first = address.saturating_add(self.code);
            lines.push(SourceLine {
                offsets: first..first.saturating_add(size),
                file: location.file,
                line: location.line,
                column: location.column,
            });
        }
        lines
    }

    /// Returns the places of all functions of the program's source that have code, in the order of the
    /// debugging information. A function has several if it is inlined.
    ///
    /// Functions that the linker has removed may be among them, at offsets without code. Those whose name
    /// is not UTF-8 are left out.
    ///
    /// # Errors
    ///
    /// Returns an error if the debugging information is malformed.
    pub fn functions(&self) -> Result<Vec<SourceFunction<'a>>> {
        let mut functions = function::functions(&self.dwarf, self.package.as_ref())?;
        for function in &mut functions {
            let Range { start, end } = function.offsets;
            function.offsets = start.saturating_add(self.code)..end.saturating_add(self.code);
        }
        Ok(functions)
    }
}

impl fmt::Debug for Symbolizer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Symbolizer").finish_non_exhaustive()
    }
}

/// Returns whether no more functions are inlined into each other than can be looked up.
fn is_shallow(dwarf: &Dwarf<Section<'_>>) -> gimli::Result<bool> {
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let unit = dwarf.unit(header);
        if unit.is_ok_and(|unit| inlined_depth(unit.unit_ref(dwarf)) > MAX_INLINED) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the largest number of inlined functions that enclose each other in a unit, as far as the
/// unit is well-formed.
fn inlined_depth(unit: UnitRef<'_, Section<'_>>) -> usize {
    let mut deepest = 0;
    // The depths of the inlined functions that enclose the entry.
    let mut enclosing: Vec<isize> = Vec::new();
    let Ok(mut entries) = unit.entries_raw(None) else {
        return 0;
    };
    while !entries.is_empty() {
        let depth = entries.next_depth();
        let Ok(abbreviation) = entries.read_abbreviation() else {
            break;
        };
        let Some(abbreviation) = abbreviation else {
            continue;
        };
        while enclosing.last().is_some_and(|&outer| outer >= depth) {
            enclosing.pop();
        }
        if abbreviation.tag() == gimli::DW_TAG_inlined_subroutine {
            enclosing.push(depth);
            deepest = deepest.max(enclosing.len());
        }
        if entries.skip_attributes(abbreviation.attributes()).is_err() {
            break;
        }
    }
    deepest
}
