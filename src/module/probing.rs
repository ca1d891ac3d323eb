//! Probes in code, as far as modules know of them.
//!
//! An engine can have probes in the code of all its modules: see [`ProbeSet`]. A store can have its own
//! copies of its modules' code, with probes of its own: see [`OwnProbes`]. Both say which probes a
//! function's code has: see [`FunctionProbes`].

use super::{CompilationMode, ExportItem, Module, ProbeSet};
use crate::bail;
use crate::code::{AccessKind, CodeHeader};
use crate::support::error::Error;
use crate::support::send::shared;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The probes in the code of a function. With the function's bytes and the engine's configuration, they
/// determine its code.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FunctionProbes {
    /// True if the program is suspended when the function is entered.
    pub entry: bool,
    /// True if code polls before each instruction that costs fuel.
    pub polls: bool,
    /// True if writes to memories are compared with the bytes that are watched.
    pub writes: bool,
    /// True if reads are.
    pub reads: bool,
    /// The offsets in the module of the instructions whose execution is recorded. They ascend.
    pub records: Vec<u32>,
    /// The instructions before which code asks whether it stops.
    pub stops: Stops,
    /// The kind of the probes that count how often code is executed.
    pub counts: Counts,
    /// The offsets of the instructions that need no [`Counts::Once`] any more.
    pub omitted: BTreeSet<u32>,
    /// True if frames have the layout of large ones, whatever their size.
    pub large: bool,
}

impl FunctionProbes {
    /// Returns whether accesses of a kind are compared with the bytes that are watched.
    pub fn watch(&self, kind: AccessKind) -> bool {
        match kind {
            AccessKind::Notify => false,
            AccessKind::AtomicUpdate => self.writes || self.reads,
            kind if kind.writes() => self.writes,
            _ => self.reads,
        }
    }
}

/// The instructions before which code asks whether it stops.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stops {
    /// The instructions at these offsets in the module, which ascend.
    At(Vec<u32>),
    /// All instructions.
    All,
}

impl Default for Stops {
    fn default() -> Stops {
        Stops::At(Vec::new())
    }
}

impl Stops {
    /// Returns whether the instruction at an offset is one of them.
    pub fn contains(&self, offset: u32) -> bool {
        match self {
            Stops::At(offsets) => offsets.binary_search(&offset).is_ok(),
            Stops::All => true,
        }
    }
}

/// The probes that count how often straight runs of code are executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counts {
    /// There are none.
    #[default]
    None,
    /// Each notices the first execution, and takes no time afterwards.
    Once,
    /// Each counts all executions.
    All,
}

/// The probes in a store's own copy of a module's code.
#[derive(Debug, Default)]
pub struct OwnProbes {
    /// The offsets of the instructions at which the embedder wants to stop.
    pub breakpoints: BTreeSet<u32>,
    /// The offsets of the instructions before which frames have stopped, by function. They keep their
    /// probes until the frames have gone on.
    pub parked: BTreeMap<u32, BTreeSet<u32>>,
    /// The functions that stop before each instruction.
    pub stepping: BTreeSet<u32>,
    /// True if writes are compared with the bytes that are watched.
    pub writes: bool,
    /// True if reads are.
    pub reads: bool,
    /// The probes that count.
    pub counts: Counts,
    /// The offsets of the instructions that [`Counts::Once`] has noticed, by function.
    pub executed: BTreeMap<u32, BTreeSet<u32>>,
    /// The offsets of those that have no such probe in the present code.
    pub omitted: BTreeMap<u32, BTreeSet<u32>>,
    /// The functions that can do without more of their probes from their next call on.
    pub relieved: BTreeSet<u32>,
    /// The functions whose frames have the layout of large ones.
    pub large: BTreeSet<u32>,
    /// The versions of each function's code: the probes of each, and the code if it was made.
    versions: BTreeMap<u32, Vec<(FunctionProbes, Option<MadeCode>)>>,
}

/// Code of a function, in the module's [`ModuleCode`](crate::code::ModuleCode).
#[derive(Clone, Copy, Debug)]
pub struct MadeCode(pub *const CodeHeader);

shared!(
    /// The address is read by the thread only that uses the store.
    MadeCode
);

impl Module {
    /// Returns a copy with code of its own, for one store. It has no probes yet.
    ///
    /// # Errors
    ///
    /// As [`Module::new`]; the module was created before, so that only the lack of memory is new.
    #[cfg(feature = "validate")]
    pub fn with_own_code(&self) -> Result<Arc<Module>, Error> {
        let bytes = &self.bytes;
        let mode = CompilationMode::Lazy;
        let probes = Some(OwnProbes::default());
        let copy = Module::create(&self.engine, bytes, Some(bytes), mode, probes)?;
        Ok(copy.with_debug_files_of(self))
    }

    /// Returns whether another module has the same bytes, in the same memory: it is this one, or a copy
    /// with code of its own.
    pub fn is_copy_of(&self, other: &Module) -> bool {
        core::ptr::eq(&*self.bytes, &*other.bytes)
    }

    /// Returns the probes in a version of a function's code, if there can be some.
    pub fn function_probes(&self, function: u32, version: u16) -> Option<FunctionProbes> {
        match (&self.own_probes, &self.engine.tunables.probes) {
            (Some(own), _) => own.lock().of_version(function, version),
            (None, Some(probes)) => Some(self.shared_probes(probes, function)),
            (None, None) => None,
        }
    }

    /// Returns the probes that the engine's configuration asks for.
    fn shared_probes(&self, probes: &ProbeSet, function: u32) -> FunctionProbes {
        let exported = |name: &str| self.export(name) == Some(ExportItem::Func(function));
        let records = match probes.places.is_empty() {
            true => Vec::new(),
            false => self.records(probes, function),
        };
        FunctionProbes {
            entry: probes.exports.iter().any(|name| exported(name)),
            polls: probes.steps,
            writes: probes.writes,
            records,
            ..FunctionProbes::default()
        }
    }

    fn records(&self, probes: &ProbeSet, function: u32) -> Vec<u32> {
        let (sha256, body) = (self.sha256(), self.body(function));
        let places = probes.places.iter();
        let own = places.filter(|(module, offset)| {
            module == sha256 && body.is_some_and(|body| body.contains(&(*offset as usize)))
        });
        own.map(|&(_, offset)| offset).collect()
    }

    /// Returns the offset in the module of the first instruction at or after an offset.
    pub fn instruction_from(&self, offset: u32) -> Option<u32> {
        let before = self
            .bodies
            .partition_point(|body| body.end <= offset as usize);
        let range = self.bodies.get(before)?.clone();
        let reader = wasmparser::BinaryReader::new(&self.bytes[range.clone()], range.start as u64);
        let body = wasmparser::FunctionBody::new(reader);
        let mut operators = body.get_operators_reader().ok()?;
        while !operators.eof() {
            let at = u32::try_from(operators.original_position()).ok()?;
            if at >= offset {
                return Some(at);
            }
            operators.read().ok()?;
        }
        None
    }

    /// Returns whether the instruction at an offset in the module may switch to another stack: whether its
    /// opcode is one of the stack-switching proposal, from `suspend` to `switch`.
    pub fn switches_stacks(&self, offset: u32) -> bool {
        matches!(self.bytes.get(offset as usize), Some(0xe2..=0xe6))
    }

    /// Returns the function whose body contains an offset in the module.
    pub fn function_at(&self, offset: u32) -> Option<u32> {
        let after = self
            .bodies
            .partition_point(|body| body.start <= offset as usize);
        let index = after.checked_sub(1)?;
        let contains = self.bodies[index].contains(&(offset as usize));
        contains.then_some(self.imported_functions + index as u32)
    }
}

impl OwnProbes {
    /// Records that the instruction at an offset was executed. Returns whether the function gets other
    /// code at its next call: after 1, 2, 4 such records and so on, so that it seldom does.
    pub fn executed(&mut self, function: u32, offset: u32) -> bool {
        let executed = self.executed.entry(function).or_default();
        let relieved = executed.insert(offset) && executed.len().is_power_of_two();
        if relieved {
            self.relieved.insert(function);
        }
        relieved
    }

    /// Returns the version of a function's code that has the present probes, and the code if it was made
    /// before.
    ///
    /// # Errors
    ///
    /// If the function has had too many versions.
    pub fn version(
        &mut self,
        function: u32,
        module: &Module,
    ) -> Result<(u16, Option<MadeCode>), Error> {
        let probes = self.of(function, module);
        let versions = self.versions.entry(function).or_default();
        let known = versions.iter().position(|(of, _)| *of == probes);
        let index = known.unwrap_or(versions.len());
        let Ok(version) = u16::try_from(index) else {
            bail!("the probes of function {function} were changed too often");
        };
        if known.is_none() {
            versions.push((probes, None));
        }
        Ok((version, versions[index].1))
    }

    /// Records the code of a version.
    pub fn made(&mut self, function: u32, version: u16, code: MadeCode) {
        let versions = self.versions.get_mut(&function);
        if let Some((_, made)) = versions.and_then(|it| it.get_mut(usize::from(version))) {
            *made = Some(code);
        }
    }

    /// Forgets the code of all versions with counters, so that it is made again.
    pub fn forget_counters(&mut self) {
        for (probes, made) in self.versions.values_mut().flatten() {
            if probes.counts != Counts::None {
                *made = None;
            }
        }
    }

    fn of_version(&self, function: u32, version: u16) -> Option<FunctionProbes> {
        let versions = self.versions.get(&function)?;
        Some(versions.get(usize::from(version))?.0.clone())
    }

    /// Returns the probes that a function of a module has now.
    fn of(&self, function: u32, module: &Module) -> FunctionProbes {
        let stops = if self.stepping.contains(&function) {
            Stops::All
        } else {
            let body = module.body(function).cloned().unwrap_or_default();
            let wanted = self.breakpoints.range(body.start as u32..body.end as u32);
            let parked = self.parked.get(&function).into_iter().flatten();
            let all: BTreeSet<u32> = wanted.chain(parked).copied().collect();
            Stops::At(all.into_iter().collect())
        };
        FunctionProbes {
            stops,
            writes: self.writes,
            reads: self.reads,
            counts: self.counts,
            omitted: self.omitted.get(&function).cloned().unwrap_or_default(),
            large: self.large.contains(&function),
            ..FunctionProbes::default()
        }
    }
}
