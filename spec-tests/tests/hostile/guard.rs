//! What watches over the tests: an allocator that counts and can refuse, small native
//! stacks, and a count of panics.

use std::alloc::{GlobalAlloc, Layout, System};
use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, Location, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The native stack that everything must run on, however deep the guest's is.
pub const NATIVE_STACK: usize = 256 << 10;

/// The alignment by which memories, tables and stacks are told from everything else: no
/// other type of the engine's has it.
const RAW_ALIGN: usize = 16;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    /// How many raw allocations this thread may make still; below zero for any number.
    static ALLOWED: Cell<isize> = const { Cell::new(-1) };
    /// Whether one was refused.
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// The system's allocator, watched.
pub struct Allocator;

fn grew(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

/// Whether an allocation is to fail. Only those are refused that an engine makes for its
/// guest: the standard library aborts where others fail.
fn refuses(layout: Layout) -> bool {
    let allowed = ALLOWED.get();
    if layout.align() != RAW_ALIGN || allowed < 0 {
        return false;
    }
    if allowed == 0 {
        REFUSED.set(true);
        return true;
    }
    ALLOWED.set(allowed - 1);
    false
}

// SAFETY: all work is the system allocator's; a null pointer is an allowed answer.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if refuses(layout) {
            return std::ptr::null_mut();
        }
        grew(layout.size() as isize);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if refuses(layout) {
            return std::ptr::null_mut();
        }
        grew(layout.size() as isize);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        grew(-(layout.size() as isize));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if refuses(layout) {
            return std::ptr::null_mut();
        }
        grew(size as isize - layout.size() as isize);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// The bytes that this thread holds.
pub fn held() -> isize {
    LIVE.get()
}

/// Runs `work` and gives its result with the most bytes that this thread held at a time,
/// beyond those that it held before.
pub fn peak_of<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, (PEAK.get() - before).max(0) as usize)
}

/// Runs `work` while only so many raw allocations succeed on this thread. Gives its result
/// and whether one was refused.
pub fn with_allocations<R>(allowed: usize, work: impl FnOnce() -> R) -> (R, bool) {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            ALLOWED.set(-1);
        }
    }
    REFUSED.set(false);
    ALLOWED.set(allowed as isize);
    let restore = Restore;
    let result = work();
    drop(restore);
    (result, REFUSED.get())
}

/// Runs `work` on a thread with a small native stack.
pub fn on_small_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(NATIVE_STACK);
        let worker = builder
            .spawn_scoped(scope, work)
            .expect("a thread can be had");
        worker
            .join()
            .unwrap_or_else(|panic| panic::resume_unwind(panic))
    })
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// The number of panics outside of these tests' own files since the first call, caught or
/// not.
pub fn panics() -> usize {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            // A test that fails panics too, but in its own file.
            let own = |place: &Location<'_>| place.file().contains("hostile");
            if !panic.location().is_some_and(own) {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            report(panic);
        }));
    });
    PANICS.load(Ordering::Relaxed)
}

/// Runs `work`, and says `what` it was where that panics.
pub fn survives<R>(what: impl FnOnce() -> String, work: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        panic!("{} panicked: {}", what(), panic_text(&*panic));
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "(no text)",
    }
}

/// An address on the native stack: how deep it is here.
#[inline(never)]
pub fn native_depth() -> usize {
    let here = 0u8;
    std::hint::black_box(&raw const here).addr()
}
