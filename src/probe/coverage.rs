//! The number of executions of each straight run of code.

use crate::code::CounterKind;
use crate::module::{Counts, Module};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The straight runs of a function's code: the offset in the module of each one's first instruction,
/// ascending, and the number of executions. A run ends where the next one begins.
pub type Runs = Vec<(u32, u64)>;

/// Returns the straight runs of the functions of a store's own copy of a module that were called, by
/// function.
pub fn runs(module: &Module) -> BTreeMap<u32, Runs> {
    let Some(own) = &module.own_probes else {
        return BTreeMap::new();
    };
    let own = own.lock();
    if own.counts == Counts::None {
        return BTreeMap::new();
    }
    let mut sums: BTreeMap<u32, BTreeMap<u32, u64>> = BTreeMap::new();
    module.code.counters(|function, counter, count| {
        let executed = own.executed.get(&function);
        let count = match counter.kind {
            CounterKind::Counted(_) => count,
            CounterKind::Once => {
                let executed = executed.is_some_and(|it| it.contains(&counter.wasm));
                let of_function = sums.entry(function).or_default();
                of_function.insert(counter.wasm, executed.into());
                return;
            }
            CounterKind::Dead => 0,
        };
        let sum = sums.entry(function).or_default().entry(counter.wasm);
        let sum = sum.or_default();
        *sum = sum.saturating_add(count);
    });
    let functions = sums.into_iter();
    functions
        .map(|(function, runs)| (function, runs.into_iter().collect()))
        .collect()
}
