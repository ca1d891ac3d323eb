//! The board: start-up, output, heap, and a measurement of the memory used.

use core::alloc::{GlobalAlloc, Layout};
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hio};
use embedded_alloc::LlffHeap;
use log as _;
use panic_semihosting as _;

#[global_allocator]
static HEAP: Heap = Heap {
    inner: LlffHeap::empty(),
    highest: AtomicUsize::new(0),
};

/// A heap that records its peak.
struct Heap {
    inner: LlffHeap,
    highest: AtomicUsize,
}

// SAFETY: all calls are passed to an allocator that fulfils the contract.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller fulfils the contract.
        let block = unsafe { self.inner.alloc(layout) };
        self.highest.fetch_max(self.inner.used(), Ordering::Relaxed);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller fulfils the contract.
        unsafe { self.inner.dealloc(block, layout) }
    }
}

/// Output to the debugger.
struct Output(hio::HostStream);

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write_all(text.as_bytes()).map_err(|()| fmt::Error)
    }
}

unsafe extern "C" {
    /// Beginning of the native stack: the end of the RAM.
    static _stack_start: u32;
    /// Lowest address of the native stack: the end of the heap.
    static _stack_end: u32;
}

#[entry]
fn main() -> ! {
    let heap = cortex_m_rt::heap_start().addr();
    let size = (&raw const _stack_end).addr() - heap;
    // SAFETY: it is called once, before any allocation. The memory between the static data and the
    // stack is unused.
    unsafe { HEAP.inner.init(heap, size) };
    let status = match hio::hstdout() {
        Ok(stream) => report(Output(stream)),
        Err(()) => debug::EXIT_FAILURE,
    };
    debug::exit(status);
    unreachable!("the emulator has ended")
}

fn report(out: Output) -> debug::ExitStatus {
    use fmt::Write;
    if let Err(error) = program::run(out) {
        let _ = hio::hstderr().map(|stream| writeln!(Output(stream), "Error: {error:?}"));
        return debug::EXIT_FAILURE;
    }
    // This is written to the other stream, because the program's output is compared with the PC's.
    let heap = HEAP.highest.load(Ordering::Relaxed);
    let stack = stack_used();
    let _ = hio::hstderr().map(|stream| writeln!(Output(stream), "heap {heap}\nstack {stack}"));
    debug::EXIT_SUCCESS
}

/// Returns the number of bytes of the native stack that were written. It was painted before `main`.
fn stack_used() -> usize {
    let (top, mut word) = (&raw const _stack_start, &raw const _stack_end);
    // SAFETY: both ends come from the linker; everything in between is readable and aligned.
    while word < top && unsafe { word.read_volatile() } == cortex_m_rt::STACK_PAINT_VALUE {
        word = word.wrapping_add(1);
    }
    top.addr() - word.addr()
}
