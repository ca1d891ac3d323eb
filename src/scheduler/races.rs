//! Detection of data races.
//!
//! Two accesses race if they are to the same byte by two threads, at least one writes, at least one
//! is not atomic, and none *happens before* the other. The relation is that of the threads proposal:
//! the order of each thread; an atomic load after the atomic store whose value it reads; the end of
//! a wait after the notification; and the begin of a thread after the step that started it. It does
//! not depend on the order in which the accesses happened to be performed, so a race is often found
//! in a run in which it did no harm.
//!
//! Each thread has a *vector clock*: for each thread, the part of it that happened before. Each byte
//! of memory has the clocks of the accesses that another one can still race with (as in FastTrack,
//! Flanagan and Freund, PLDI 2009), and if it was stored atomically, the clock of the thread that
//! did so. A failed compare-exchange counts as a store, so a few races may remain hidden.

use super::ThreadId;
use super::listener::Position;
use crate::api::{Access, AccessKind, Memory, Module, WasmBacktrace};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use smallvec::SmallVec;

/// The number of bytes of a page of shadow memory.
const PAGE: u64 = 64;

/// The number of bytes of a value on which threads wait that a notification is for.
const NOTIFIED: u64 = 4;

/// One of the two accesses of a [`Race`].
#[derive(Clone, Debug)]
pub struct RacingAccess {
    /// The thread.
    pub thread: ThreadId,
    /// The kind of the access.
    pub kind: AccessKind,
    /// The address of the first byte.
    pub address: u64,
    /// The number of bytes.
    pub size: u64,
    /// The backtrace of the thread at the access.
    pub backtrace: Arc<WasmBacktrace>,
}

/// A data race.
#[derive(Clone, Debug)]
pub struct Race {
    /// The memory.
    pub memory: Memory,
    /// The first byte that both accesses have in common.
    pub address: u64,
    /// The access that was performed first.
    pub first: RacingAccess,
    /// The access that was performed second.
    pub second: RacingAccess,
}

impl fmt::Display for RacingAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            thread: ThreadId(thread),
            kind,
            address,
            size,
            ..
        } = self;
        write!(f, "thread {thread}: {kind} of {size} byte")?;
        write!(f, "{} at {address:#x}", if *size == 1 { "" } else { "s" })
    }
}

/// The clock of a thread: for each thread, the number of its stores and starts that happened before.
#[derive(Clone, Debug, Default)]
struct Clock(SmallVec<[u32; 6]>);

impl Clock {
    fn get(&self, thread: u32) -> u32 {
        self.0.get(thread as usize).copied().unwrap_or_default()
    }

    fn increment(&mut self, thread: u32) {
        let at = thread as usize;
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        self.0[at] += 1;
    }

    fn join(&mut self, other: &Clock) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (own, &other) in self.0.iter_mut().zip(&other.0) {
            *own = other.max(*own);
        }
    }
}

/// An access to a byte that another one may race with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    thread: u32,
    /// The thread's own time.
    time: u32,
    /// The access, as an index into [`RaceDetector::origins`].
    origin: u32,
    writes: bool,
    is_atomic: bool,
}

/// The accesses to a byte.
type Entries = SmallVec<[Entry; 2]>;

/// The accesses to the bytes of a page.
enum Page {
    /// The same ones to all bytes.
    Uniform(Entries),
    Bytes(Box<[Entries]>),
}

/// A place in the code at which memory is accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct CodePlace {
    /// The module, as an index into [`RaceDetector::modules`].
    module: u32,
    function: u32,
    /// The position in the function's code.
    offset: u32,
}

/// A kind of access at a place in the code, with its callers.
struct Origin {
    kind: AccessKind,
    /// The place of the access itself, if it is known.
    place: Option<CodePlace>,
    backtrace: Arc<WasmBacktrace>,
}

/// The bytes of an access.
#[derive(Clone, Copy)]
struct Extent {
    address: u64,
    size: u64,
}

impl Extent {
    fn contains(&self, address: u64) -> bool {
        address
            .checked_sub(self.address)
            .is_some_and(|distance| distance < self.size)
    }
}

/// Finds data races among the accesses of threads.
///
/// A [`Listener`](super::Listener) forwards to it what it is called for. For each pair of places in
/// the code, one race is reported.
#[derive(Default)]
pub struct RaceDetector {
    clocks: Vec<Clock>,
    memories: Vec<Memory>,
    modules: Vec<Module>,
    origins: Vec<Origin>,
    by_frames: BTreeMap<(AccessKind, Vec<CodePlace>), u32>,
    /// The last access of each origin and thread.
    extents: BTreeMap<(u32, u32), Extent>,
    /// The clock of each byte that was last stored atomically, by memory and address.
    released: BTreeMap<(u32, u64), Clock>,
    /// The accesses, by memory and number of the page.
    shadow: BTreeMap<(u32, u64), Page>,
    races: Vec<Race>,
    /// True if races with an atomic access are left out.
    is_plain_only: bool,
    /// The pairs of places that were reported.
    reported: BTreeSet<[Option<CodePlace>; 2]>,
}

impl fmt::Debug for RaceDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaceDetector")
            .field("clocks", &self.clocks)
            .field("races", &self.races)
            .finish_non_exhaustive()
    }
}

impl RaceDetector {
    /// Creates a detector for threads that have not run.
    pub fn new() -> RaceDetector {
        RaceDetector::default()
    }

    /// Sets whether races of which one access is atomic are left out. The default is `false`.
    ///
    /// C libraries have many that are intended: they read variables with plain loads that other
    /// threads change atomically.
    pub fn plain_only(&mut self, enable: bool) {
        self.is_plain_only = enable;
    }

    /// Returns the races that were found, in the order in which they were.
    pub fn races(&self) -> &[Race] {
        &self.races
    }

    /// Records that a thread was added: see [`Listener::added`](super::Listener::added).
    pub fn added(&mut self, thread: ThreadId, by: Option<ThreadId>) {
        let mut clock = Clock::default();
        if let Some(ThreadId(by)) = by {
            clock.join(self.clock(by));
            self.clock(by).increment(by);
        }
        clock.increment(thread.0);
        *self.clock(thread.0) = clock;
    }

    /// Records an access: see [`Listener::accesses`](super::Listener::accesses).
    pub fn accesses(&mut self, access: Access, position: &Position<'_>) {
        let ThreadId(thread) = position.thread;
        let memory = self.memory(access.memory);
        let kind = access.kind;
        let bytes = access.address..access.address.saturating_add(access.size);
        if kind == AccessKind::Notify {
            self.release(
                thread,
                memory,
                access.address..access.address + NOTIFIED,
                true,
            );
            return;
        }
        let acquires = matches!(
            kind,
            AccessKind::AtomicLoad | AccessKind::AtomicUpdate | AccessKind::Wait
        );
        if acquires {
            self.acquire(thread, memory, bytes.clone());
        }
        if !bytes.is_empty() {
            let origin = self.origin(kind, &position.backtrace());
            let extent = Extent {
                address: access.address,
                size: access.size,
            };
            let entry = Entry {
                thread,
                time: self.clock(thread).get(thread),
                origin,
                writes: kind.writes(),
                is_atomic: kind.is_atomic(),
            };
            self.record(access.memory, memory, entry, extent);
        }
        if kind.is_atomic() && kind.writes() {
            self.release(thread, memory, bytes, false);
        }
    }

    /// Records that a notification has ended a wait: see
    /// [`Listener::woken`](super::Listener::woken).
    pub fn woken(&mut self, thread: ThreadId, memory: Memory, address: u64) {
        let memory = self.memory(memory);
        self.acquire(thread.0, memory, address..address + NOTIFIED);
    }

    fn clock(&mut self, thread: u32) -> &mut Clock {
        let at = thread as usize;
        if self.clocks.len() <= at {
            self.clocks.resize_with(at + 1, Clock::default);
        }
        &mut self.clocks[at]
    }

    /// Returns the number of a memory.
    fn memory(&mut self, memory: Memory) -> u32 {
        let found = self.memories.iter().position(|&other| other == memory);
        let at = found.unwrap_or_else(|| {
            self.memories.push(memory);
            self.memories.len() - 1
        });
        at as u32
    }

    /// Makes everything that happened before the last atomic stores to some bytes happen before what
    /// the thread does next.
    fn acquire(&mut self, thread: u32, memory: u32, bytes: core::ops::Range<u64>) {
        let mut clock = core::mem::take(self.clock(thread));
        let range = (memory, bytes.start)..(memory, bytes.end);
        for released in self.released.range(range) {
            clock.join(released.1);
        }
        *self.clock(thread) = clock;
    }

    /// Makes what the thread has done happen before what other threads do after they have read some
    /// bytes. Keeps what happened before earlier stores if `joins`.
    fn release(&mut self, thread: u32, memory: u32, bytes: core::ops::Range<u64>, joins: bool) {
        let clock = self.clock(thread).clone();
        for address in bytes {
            let released = self.released.entry((memory, address)).or_default();
            if !joins {
                *released = Clock::default();
            }
            released.join(&clock);
        }
        self.clock(thread).increment(thread);
    }

    /// Returns the number of an access at a place in the code.
    fn origin(&mut self, kind: AccessKind, backtrace: &WasmBacktrace) -> u32 {
        let mut frames = Vec::with_capacity(backtrace.frames().len());
        for frame in backtrace.frames() {
            let is_same = |module: &Module| Module::same(module, frame.module());
            let module = self.modules.iter().position(is_same).unwrap_or_else(|| {
                self.modules.push(frame.module().clone());
                self.modules.len() - 1
            });
            frames.push(CodePlace {
                module: module as u32,
                function: frame.func_index(),
                offset: frame.code_offset(),
            });
        }
        let place = frames.first().copied();
        let next = self.origins.len() as u32;
        let origin = *self.by_frames.entry((kind, frames)).or_insert(next);
        if origin == next {
            self.origins.push(Origin {
                kind,
                place,
                backtrace: Arc::new(backtrace.clone()),
            });
        }
        origin
    }

    /// Compares an access with those before it, and adds it to them.
    fn record(&mut self, of: Memory, memory: u32, entry: Entry, extent: Extent) {
        let clock = self.clock(entry.thread).clone();
        let mut racing: SmallVec<[(u64, Entry); 2]> = SmallVec::new();
        let end = extent.address.saturating_add(extent.size);
        let is_reported =
            |other: Entry| !(self.is_plain_only && (other.is_atomic || entry.is_atomic));
        let mut at = extent.address;
        while at < end {
            let number = at / PAGE;
            let next = (number + 1).saturating_mul(PAGE).min(end);
            let page = self
                .shadow
                .entry((memory, number))
                .or_insert_with(|| Page::Uniform(Entries::new()));
            let mut visit = |address: u64, entries: &mut Entries| {
                for &other in entries.iter() {
                    if races(other, entry, &clock)
                        && is_reported(other)
                        && !racing.iter().any(|&(_, seen)| seen == other)
                    {
                        racing.push((address, other));
                    }
                }
                entries.retain(|other| !replaces(entry, *other, &clock));
                entries.push(entry);
            };
            match page {
                Page::Uniform(entries) if next - at == PAGE => visit(at, entries),
                Page::Bytes(bytes) => {
                    for address in at..next {
                        visit(address, &mut bytes[(address % PAGE) as usize]);
                    }
                }
                Page::Uniform(entries) => {
                    let mut bytes: Box<[Entries]> = (0..PAGE).map(|_| entries.clone()).collect();
                    for address in at..next {
                        visit(address, &mut bytes[(address % PAGE) as usize]);
                    }
                    *page = Page::Bytes(bytes);
                }
            }
            at = next;
        }
        for (address, other) in racing {
            let places =
                [other.origin, entry.origin].map(|origin| self.origins[origin as usize].place);
            let mut pair = places;
            pair.sort_unstable();
            if self.reported.insert(pair) {
                let earlier = self.extents.get(&(other.thread, other.origin));
                // It may have accessed other bytes since.
                let earlier = match earlier {
                    Some(earlier) if earlier.contains(address) => *earlier,
                    _ => Extent { address, size: 1 },
                };
                let access = |entry: Entry, extent: Extent| {
                    let origin = &self.origins[entry.origin as usize];
                    RacingAccess {
                        thread: ThreadId(entry.thread),
                        kind: origin.kind,
                        address: extent.address,
                        size: extent.size,
                        backtrace: Arc::clone(&origin.backtrace),
                    }
                };
                let race = Race {
                    memory: of,
                    address,
                    first: access(other, earlier),
                    second: access(entry, extent),
                };
                self.races.push(race);
            }
        }
        self.extents.insert((entry.thread, entry.origin), extent);
    }
}

/// Returns whether an access races with an earlier one to the same byte. `clock` is that of its
/// thread.
fn races(earlier: Entry, later: Entry, clock: &Clock) -> bool {
    earlier.thread != later.thread
        && (earlier.writes || later.writes)
        && !(earlier.is_atomic && later.is_atomic)
        && earlier.time > clock.get(earlier.thread)
}

/// Returns whether whatever races with an earlier access races with a later one, too. `clock` is that
/// of the later one's thread.
fn replaces(later: Entry, earlier: Entry, clock: &Clock) -> bool {
    let happened_before = earlier.time <= clock.get(earlier.thread);
    happened_before && (later.writes || !earlier.writes) && (!later.is_atomic || earlier.is_atomic)
}
