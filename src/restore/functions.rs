//! The functions and instructions at which frames of the snapshot are.

use crate::code::{CodeHeader, HEADER_WORDS};
use crate::module::{FunctionTypes, Module, SiteTypes};
use crate::support::error::{Context, Result};
use crate::translate::{self, FrameMap};
use crate::walk::coredump::extension::Place;
use crate::walk::coredump::reader::{CoreDump, Frame};
use crate::{ensure, format_err};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A function that has frames.
#[derive(Debug)]
pub struct Function {
    /// Address of its first cell.
    start: *const u64,
    /// Places of values and cells.
    pub map: Arc<FrameMap>,
    /// Types of values.
    pub types: FunctionTypes,
}

impl Function {
    /// Returns the address of the cell at an offset in words, which the function's map names.
    pub fn cell(&self, offset: u32) -> *const u64 {
        self.start.wrapping_add(offset as usize)
    }

    /// Returns the types at an instruction that was requested.
    pub fn site(&self, wasm: u32) -> Result<&SiteTypes> {
        let site = self.types.instructions.get(&wasm);
        site.ok_or_else(|| format_err!("there is no instruction at offset {wasm:#x}"))
    }
}

/// The functions that have frames, by module and index.
#[derive(Debug)]
pub struct Functions {
    functions: BTreeMap<(u32, u32), Function>,
}

/// Returns the module of a frame's instance, as an index.
fn module_index(dump: &CoreDump<'_>, frame: &Frame) -> Result<u32> {
    let instance = dump.instances().get(frame.instance as usize);
    let instance =
        instance.ok_or_else(|| format_err!("there is no instance {}", frame.instance))?;
    Ok(instance.module)
}

/// Returns the offset in the module of a frame's instruction.
pub fn instruction_offset(module: &Module, frame: &Frame) -> Result<u32> {
    let body = module.body(frame.function);
    let start = body.map(|body| body.start as u64 + u64::from(frame.code_offset));
    let offset = start.and_then(|offset| u32::try_from(offset).ok());
    offset.ok_or_else(|| {
        format_err!(
            "instance {} has no function {}",
            frame.instance,
            frame.function
        )
    })
}

impl Functions {
    /// Translates the functions that have frames, and finds the types at the frames' instructions.
    pub fn new(
        dump: &CoreDump<'_>,
        modules: &[Arc<Module>],
        place: impl Fn(&Frame) -> Place,
    ) -> Result<Functions> {
        let mut wanted: BTreeMap<u32, BTreeMap<u32, Vec<u32>>> = BTreeMap::new();
        for frame in dump.threads().iter().flat_map(|thread| &thread.frames) {
            let module = module_index(dump, frame)?;
            let of = modules.get(module as usize);
            let of = of.ok_or_else(|| format_err!("there is no module {module}"))?;
            let offset = instruction_offset(of, frame)?;
            let functions = wanted.entry(module).or_default();
            let offsets = functions.entry(frame.function).or_default();
            if place(frame) != Place::Entry {
                offsets.try_reserve(1)?;
                offsets.push(offset);
            }
        }
        let mut functions = BTreeMap::new();
        for (number, mut wanted) in wanted {
            let module = &modules[number as usize];
            for offsets in wanted.values_mut() {
                offsets.sort_unstable();
                offsets.dedup();
            }
            let mut types = module
                .operand_types(&wanted)
                .with_context(|| format!("module {number}"))?;
            for (&index, offsets) in &wanted {
                let code = module.publish(index)?;
                let map = translate::frame_map(module, index, 0, offsets)?;
                let types = types.remove(&index).unwrap_or_default();
                ensure!(
                    types.locals.len() == map.locals().len(),
                    format_err!("function {index} has other locals")
                );
                let function = Function {
                    start: start_of(code),
                    map,
                    types,
                };
                functions.insert((number, index), function);
            }
        }
        Ok(Functions { functions })
    }

    /// Returns the function of a frame.
    pub fn function(&self, dump: &CoreDump<'_>, frame: &Frame) -> Result<&Function> {
        let function = self
            .functions
            .get(&(module_index(dump, frame)?, frame.function));
        function.ok_or_else(|| format_err!("there is no function {}", frame.function))
    }
}

fn start_of(code: *const CodeHeader) -> *const u64 {
    code.cast::<u64>().wrapping_add(HEADER_WORDS)
}
