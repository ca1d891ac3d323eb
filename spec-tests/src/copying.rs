//! Calls that are copied while they are suspended: those of test scripts ([`scripts`]), and of random
//! programs in other tests. Each call runs with one unit of fuel after the other. The copies and the call
//! itself must end with the same results, fuel, traps and core dumps.

pub mod saving;
pub mod scripts;

use backstitch::coredump::RootKind;
use backstitch::{
    CoreDump, Error, Execution, Func, Outcome, Result, Store, Suspension, Val, WasmCoreDump,
};

/// Suspensions of a call after which it is left alone.
const MOST: u64 = 5_000;
/// Bytes of memories above which stores are not copied, as some scripts have memories of 4 GiB.
const LARGE: usize = 8 << 20;

/// A way to copy stores with data of type `T`.
pub trait Copying<T: 'static> {
    /// Name of the copies, in messages.
    const NAME: &'static str;
    /// True if copies have the references that only the host has.
    const KEEPS_HANDLES: bool;

    /// Copies a store with a suspended call. Returns the copy, the call there, and the number of bytes
    /// that were written, if the copy is made of bytes.
    ///
    /// # Errors
    ///
    /// An error if the store cannot be copied, or if the copy differs.
    fn copy(&mut self, store: &mut Store<T>, execution: &Execution) -> Result<Copied<T>>;

    /// Returns what is compared of the data of stores: nothing by default.
    fn compare(&mut self, data: &T) -> Vec<u8> {
        let _ = data;
        Vec::new()
    }
}

/// A copied call.
pub struct Copied<T: 'static> {
    /// The copy of the store.
    pub store: Store<T>,
    /// The call in the copy.
    pub execution: Execution,
    /// Number of bytes that were written.
    pub bytes: usize,
}

/// The end of a call, for comparison.
#[derive(Debug, PartialEq)]
struct End {
    outcome: String,
    fuel: Option<u64>,
    suspensions: u64,
    data: Vec<u8>,
    dump: Vec<u8>,
}

/// Advances a call by a unit of fuel. Returns its outcome at its end.
fn step<T>(
    execution: &mut Execution,
    store: &mut Store<T>,
    suspensions: &mut u64,
) -> Option<Result<Vec<Val>>> {
    if let Err(error) = store.set_fuel(1) {
        return Some(Err(error));
    }
    let mut outcome = execution.resume(&mut *store);
    while let Ok(Outcome::Suspended(Suspension::Wait { timeout, .. })) = &outcome {
        if timeout.is_none() {
            return Some(Err(Error::msg("deadlock")));
        }
        execution.time_out(&mut *store);
        outcome = execution.resume(&mut *store);
    }
    match outcome {
        Ok(Outcome::Suspended(_)) => {
            *suspensions += 1;
            None
        }
        Ok(Outcome::Done(values)) => Some(Ok(values)),
        Err(error) => Some(Err(error)),
    }
}

/// Runs calls, and copies them while they are suspended.
pub struct Copier<C> {
    copying: C,
    /// True if a call is copied at every suspension, and false if only at those whose numbers are
    /// powers of 8.
    every: bool,
    /// Number of copies.
    pub copies: u64,
    /// Number of bytes that were written.
    pub bytes: u64,
    /// Description of the first difference.
    pub difference: Option<String>,
}

impl<C> Copier<C> {
    /// Creates a copier. A call is copied at every suspension if `every` is true, and else at those
    /// whose numbers are powers of 8.
    pub fn new(copying: C, every: bool) -> Copier<C> {
        Copier {
            copying,
            every,
            copies: 0,
            bytes: 0,
            difference: None,
        }
    }

    /// Copies a suspended call, unless memories are too large.
    fn copy<T>(&mut self, store: &mut Store<T>, execution: &Execution) -> Option<Copied<T>>
    where
        C: Copying<T>,
    {
        let dump = execution.core_dump(&*store);
        let memories = dump.memories().iter();
        let size: usize = memories.map(|memory| memory.data_size(&*store)).sum();
        if size > LARGE {
            return None;
        }
        match self.copying.copy(store, execution) {
            Ok(copied) => {
                self.copies += 1;
                self.bytes += copied.bytes as u64;
                Some(copied)
            }
            Err(error) => {
                let text = format!("not {}: {error:?}", C::NAME);
                self.difference.get_or_insert(text);
                None
            }
        }
    }

    /// Describes the end of a call. Handles of references name stores, so they are left out.
    fn end<T>(&mut self, store: &mut Store<T>, outcome: &Result<Vec<Val>>, suspensions: u64) -> End
    where
        C: Copying<T>,
    {
        let value = |value: &Val| match value {
            Val::I32(_) | Val::I64(_) | Val::F32(_) | Val::F64(_) | Val::V128(_) => {
                format!("{value:?}")
            }
            other => format!(
                "reference, null: {}",
                other.ref_().is_none_or(|it| it.is_null())
            ),
        };
        // A collection that is under way keeps garbage.
        store.gc(None).expect("garbage is collected");
        let outcome = match outcome {
            Ok(values) => values.iter().map(|it| value(it) + "\n").collect(),
            Err(error) => format!("{error:?}"),
        };
        let mut dump = WasmCoreDump::capture(&mut *store).serialize(&mut *store, "end");
        let parsed = CoreDump::parse(&dump).expect("a core dump");
        let mut roots = parsed.other_roots().iter();
        if !C::KEEPS_HANDLES && roots.any(|root| root.kind == RootKind::Host) {
            dump.clear();
        }
        End {
            outcome,
            fuel: store.fuel_spent(),
            suspensions,
            data: self.copying.compare(store.data()),
            dump,
        }
    }

    /// Calls a function, whose store counts fuel, and its copies.
    ///
    /// # Errors
    ///
    /// The error of the call. A difference between the call and a copy is
    /// [`Copier::difference`].
    pub fn call<T>(
        &mut self,
        store: &mut Store<T>,
        function: &Func,
        arguments: &[Val],
    ) -> Result<Vec<Val>>
    where
        C: Copying<T>,
    {
        let mut execution = function.start(&mut *store, arguments)?;
        let mut copies = Vec::new();
        let (mut suspensions, mut next) = (0, 0);
        let outcome = loop {
            if suspensions == next && suspensions <= MOST {
                next = match self.every {
                    true => next + 1,
                    false => (next * 8).max(1),
                };
                let copied = self.copy(store, &execution);
                copies.extend(copied.map(|copied| (suspensions, copied)));
            }
            if suspensions > MOST {
                store.set_fuel(1 << 40)?;
                return match execution.resume(&mut *store)? {
                    Outcome::Done(values) => Ok(values),
                    Outcome::Suspended(_) => Err(Error::msg("suspended")),
                };
            }
            if let Some(outcome) = step(&mut execution, store, &mut suspensions) {
                break outcome;
            }
        };
        if copies.is_empty() {
            return outcome;
        }
        let expected = self.end(store, &outcome, suspensions);
        let copied: Vec<u64> = copies.iter().map(|(began, _)| *began).collect();
        for (began, copy) in copies {
            let (mut store, mut execution, mut steps) = (copy.store, copy.execution, began);
            let outcome = loop {
                // Copying the store at hand has collected garbage there.
                if steps > began && copied.contains(&steps) {
                    store.gc(None)?;
                }
                if let Some(outcome) = step(&mut execution, &mut store, &mut steps) {
                    break outcome;
                }
                if steps > suspensions {
                    break Err(Error::msg("the copy goes on"));
                }
            };
            let mut found = self.end(&mut store, &outcome, steps);
            if !C::KEEPS_HANDLES && (expected.dump.is_empty() || found.dump.is_empty()) {
                found.dump.clone_from(&expected.dump);
            }
            if found != expected {
                let text = format!(
                    "{} after {began} suspensions: {} {:?} {} instead of {} {:?} {}, dumps equal: {}",
                    C::NAME,
                    found.outcome,
                    found.fuel,
                    found.suspensions,
                    expected.outcome,
                    expected.fuel,
                    expected.suspensions,
                    found.dump == expected.dump,
                );
                self.difference.get_or_insert(text);
            }
        }
        outcome
    }
}
