//! Coverage: how often code was executed.

use super::module::Module;
use super::store::Store;
use crate::module::Counts;
use crate::probe::{self, Runs};
use crate::support::error::Result;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

/// The way in which executions of code are counted.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoverageKind {
    /// Whether code was executed at all: the counts are 0 or 1. A probe goes away after its first
    /// execution, so that a program is soon as fast as without.
    Once,
    /// All executions.
    Counts,
}

/// The coverage of a module's code, by all of its instances in a store.
#[derive(Clone, Debug)]
pub struct ModuleCoverage {
    module: Module,
    functions: Vec<FunctionCoverage>,
}

/// The coverage of a function's code.
#[derive(Clone, Debug)]
pub struct FunctionCoverage {
    index: u32,
    body: Range<u32>,
    runs: Runs,
}

impl ModuleCoverage {
    /// Creates the coverage of a module of which nothing was executed.
    pub fn new(module: &Module) -> ModuleCoverage {
        ModuleCoverage::of(module.clone(), BTreeMap::new())
    }

    /// Makes the coverage of a module from the straight runs of its functions.
    fn of(module: Module, mut runs: BTreeMap<u32, Runs>) -> ModuleCoverage {
        let bodies = (module.0.imported_functions..).zip(&module.0.bodies);
        let functions = bodies.map(|(index, body)| FunctionCoverage {
            index,
            body: body.start as u32..body.end as u32,
            runs: runs.remove(&index).unwrap_or_default(),
        });
        ModuleCoverage {
            functions: functions.collect(),
            module,
        }
    }

    /// Returns the module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Returns the coverage of all functions that the module defines, by ascending index.
    pub fn functions(&self) -> &[FunctionCoverage] {
        &self.functions
    }

    /// Returns how often the instruction at an offset in the module was executed.
    pub fn count_at(&self, offset: u32) -> u64 {
        let function = self.function_at(offset);
        function.map_or(0, |function| function.count_at(offset))
    }

    /// Returns the function that has the code at an offset in the module.
    pub fn function_at(&self, offset: u32) -> Option<&FunctionCoverage> {
        let after = self.functions.partition_point(|it| it.body.start <= offset);
        let function = &self.functions[after.checked_sub(1)?];
        function.body.contains(&offset).then_some(function)
    }
}

impl FunctionCoverage {
    /// Returns the function's index in the module.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Returns the offsets in the module of the function's body, from its local declarations to its end.
    pub fn body(&self) -> Range<u32> {
        self.body.clone()
    }

    /// Returns the straight runs of the code: the offset in the module of the first instruction of each,
    /// ascending, and the number of times that it was executed. A run goes to the next one, or to the
    /// end of the body. If the function was never called, there are none.
    ///
    /// If an instruction of a run traps, or a call in it does not return, the rest of the run counts as
    /// executed all the same.
    pub fn runs(&self) -> &[(u32, u64)] {
        &self.runs
    }

    /// Returns how often the function was called.
    pub fn calls(&self) -> u64 {
        self.runs.first().map_or(0, |&(_, count)| count)
    }

    /// Returns how often the instruction at an offset in the module was executed: 0 if it is in another
    /// function.
    pub fn count_at(&self, offset: u32) -> u64 {
        let after = self.runs.partition_point(|&(start, _)| start <= offset);
        let run = after.checked_sub(1).map(|at| self.runs[at].1);
        run.filter(|_| self.body.contains(&offset)).unwrap_or(0)
    }
}

/// # Coverage
///
/// As for debugging, the store gets its own copies of its modules' code.
impl<T: 'static> Store<T> {
    /// Begins to count executions of code, from zero, or ends that (`None`), for all instances of the
    /// store.
    ///
    /// # Errors
    ///
    /// Returns an error if the store is recorded, or if there is no memory.
    ///
    /// ```
    /// use backstitch::{CoverageKind, Engine, Instance, Module, Store};
    ///
    /// # if cfg!(not(feature = "wat")) { return Ok(()) }
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///   (func (export "abs") (param $n i32) (result i32)
    ///     (if (i32.lt_s (local.get $n) (i32.const 0))
    ///       (then (return (i32.sub (i32.const 0) (local.get $n)))))
    ///     (local.get $n)))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// store.count_executions(Some(CoverageKind::Counts))?;
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let abs = instance.get_typed_func::<i32, i32>(&mut store, "abs")?;
    /// abs.call(&mut store, 3)?;
    /// abs.call(&mut store, 4)?;
    /// abs.call(&mut store, -5)?;
    /// let coverage = &store.coverage()[0];
    /// let counts: Vec<u64> = coverage.functions()[0].runs().iter().map(|run| run.1).collect();
    /// assert_eq!(counts, [3, 1, 0, 2]);
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    pub fn count_executions(&mut self, kind: Option<CoverageKind>) -> Result<()> {
        let counts = match kind {
            None => Counts::None,
            Some(CoverageKind::Once) => Counts::Once,
            Some(CoverageKind::Counts) => Counts::All,
        };
        probe::count(&mut self.inner, counts)
    }

    /// Returns how often code was executed since [`Store::count_executions`], for each module of which
    /// the store has instances, in the order of the first ones.
    ///
    /// The bytes of modules, the guest's actions and the kind alone determine the result.
    pub fn coverage(&self) -> Vec<ModuleCoverage> {
        let modules = probe::modules(&self.inner).into_iter();
        modules
            .map(|module| {
                let runs = probe::runs(&module);
                ModuleCoverage::of(Module(module), runs)
            })
            .collect()
    }
}
