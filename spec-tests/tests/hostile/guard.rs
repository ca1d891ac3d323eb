//! Instruments of these tests: an allocator that counts bytes and can refuse allocations, threads
//! with small native stacks, and a count of panics.

use std::alloc::{GlobalAlloc, Layout, System};
use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, Location, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Size in bytes of the native stack that must suffice, no matter how deep the guest's stack is.
pub const NATIVE_STACK: usize = 256 << 10;

/// Alignment of the raw allocations for memories, tables, stacks and objects. Of other types of the
/// engine, only global variables have it, whose number the module bounds.
const RAW_ALIGN: usize = 16;
/// Size in bytes of a global variable.
const GLOBAL: usize = 16;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    /// Number of raw allocations that this thread may still make; negative for any number.
    static ALLOWED: Cell<isize> = const { Cell::new(-1) };
    /// Size in bytes from which any allocation counts as a raw one.
    static LARGE: Cell<usize> = const { Cell::new(usize::MAX) };
    /// True if an allocation was refused.
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// The system's allocator, instrumented.
pub struct Allocator;

fn grew(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

/// Returns whether an allocation is to fail. Only allocations for the guest fail, because the
/// standard library aborts if others do.
fn refuses(align: usize, size: usize) -> bool {
    let allowed = ALLOWED.get();
    let is_raw = align == RAW_ALIGN && size > GLOBAL;
    if !is_raw && size < LARGE.get() || allowed < 0 {
        return false;
    }
    if allowed == 0 {
        REFUSED.set(true);
        return true;
    }
    ALLOWED.set(allowed - 1);
    false
}

// SAFETY: all blocks are the system allocator's; a null pointer is a permitted result.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if refuses(layout.align(), layout.size()) {
            return std::ptr::null_mut();
        }
        grew(layout.size() as isize);
        // SAFETY: the caller guarantees the requirements.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if refuses(layout.align(), layout.size()) {
            return std::ptr::null_mut();
        }
        grew(layout.size() as isize);
        // SAFETY: the caller guarantees the requirements.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        grew(-(layout.size() as isize));
        // SAFETY: the caller guarantees the requirements.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if refuses(layout.align(), size) {
            return std::ptr::null_mut();
        }
        grew(size as isize - layout.size() as isize);
        // SAFETY: the caller guarantees the requirements.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// Returns the number of bytes that this thread has allocated and not freed.
pub fn held() -> isize {
    LIVE.get()
}

/// Runs `work`. Returns its result, and the maximum number of bytes that this thread had allocated
/// meanwhile, in addition to those before.
pub fn peak_of<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, (PEAK.get() - before).max(0) as usize)
}

/// Runs `work` with a limited number of raw allocations on this thread. Returns its result, and
/// whether an allocation was refused.
pub fn with_allocations<R>(allowed: usize, work: impl FnOnce() -> R) -> (R, bool) {
    with_large_allocations(allowed, usize::MAX, work)
}

/// As [`with_allocations`], but counts and refuses all allocations of at least `large` bytes, too.
pub fn with_large_allocations<R>(
    allowed: usize,
    large: usize,
    work: impl FnOnce() -> R,
) -> (R, bool) {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            ALLOWED.set(-1);
            LARGE.set(usize::MAX);
        }
    }
    REFUSED.set(false);
    LARGE.set(large);
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
        let worker = builder.spawn_scoped(scope, work).expect("a thread starts");
        worker
            .join()
            .unwrap_or_else(|panic| panic::resume_unwind(panic))
    })
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Returns the number of panics since the first call, caught or not, except for those in these
/// tests' own files.
pub fn panics() -> usize {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            // Failed assertions of the tests are panics, too, but in the tests' files.
            let own = |place: &Location<'_>| place.file().contains("hostile");
            if !panic.location().is_some_and(own) {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            report(panic);
        }));
    });
    PANICS.load(Ordering::Relaxed)
}

/// Runs `work`. If it panics, panics with a message that contains `what`.
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

/// Returns an address on the native stack, as a measure of its depth.
#[inline(never)]
pub fn native_depth() -> usize {
    let here = 0u8;
    std::hint::black_box(&raw const here).addr()
}
