//! Stops, as packets.
//!
//! # Why
//!
//! LLDB takes the program counter from the packet of a run's end: without, it would believe that the
//! thread is where it was before. For all other threads, and before the first run, the packet does not
//! contain it: when LLDB asks for it, it first names the thread, and its packets for locals do not name
//! any.

use super::adapter::Adapter;
use super::packet::push_hex;
use super::{Debuggee, Stop, ThreadId, WatchKind};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Returns the packet that says why the debuggee stopped.
pub(super) fn reply<D: Debuggee>(adapter: &Adapter<D>) -> Vec<u8> {
    match adapter.stop() {
        Stop::Exited { status } => format!("W{status:02x}").into_bytes(),
        stop => match stop.thread() {
            Some(thread) => of_thread(adapter, thread),
            // Nothing is there that could run.
            None => b"W00".to_vec(),
        },
    }
}

/// Returns the packet that says why one of the threads does not run.
pub(super) fn of_thread<D: Debuggee>(adapter: &Adapter<D>, thread: ThreadId) -> Vec<u8> {
    let stop = adapter.stop();
    let has_stopped = stop.thread() == Some(thread);
    let mut text = if has_stopped { "T05" } else { "T00" }.as_bytes().to_vec();
    text.extend(format!("thread:{thread:x};").bytes());
    if let Some(name) = name(&adapter.debuggee, thread) {
        push(&mut text, "hexname", name.as_bytes());
    }
    if has_stopped {
        if adapter.has_run()
            && let Some(pc) = adapter.call_stack(thread, 1).first()
        {
            text.extend(b"00:");
            push_hex(&mut text, &pc.to_le_bytes());
            text.push(b';');
        }
        reason(&mut text, adapter, stop);
    }
    text
}

/// Returns the name of a thread with its state.
pub(super) fn name(debuggee: &impl Debuggee, thread: ThreadId) -> Option<String> {
    let name = debuggee.thread_name(thread);
    match (name, debuggee.thread_state(thread)) {
        (Some(name), Some(state)) => Some(format!("{name} ({state})")),
        (name, state) => name.or(state),
    }
}

fn reason<D: Debuggee>(text: &mut Vec<u8>, adapter: &Adapter<D>, stop: &Stop) {
    match stop {
        Stop::Breakpoint { .. } => text.extend(b"reason:breakpoint;"),
        Stop::Step { .. } => text.extend(b"reason:trace;"),
        Stop::Watchpoint { watchpoint, .. } => {
            let key = match watchpoint.kind {
                WatchKind::Read => "rwatch",
                WatchKind::Write => "watch",
                WatchKind::Access => "awatch",
            };
            if let Some(address) = adapter.watched(watchpoint) {
                text.extend(format!("{key}:{address:x};").bytes());
            }
        }
        Stop::Trapped { message, .. } => {
            text.extend(b"reason:exception;");
            push(text, "description", message.as_bytes());
        }
        Stop::Interrupted { .. } => text.extend(b"reason:signal;"),
        Stop::HistoryEnds { is_start, .. } => {
            let end = if *is_start { "begin" } else { "end" };
            text.extend(format!("replaylog:{end};").bytes());
        }
        Stop::Exited { .. } | Stop::Yielded => {}
    }
}

/// Appends a key with bytes as hexadecimal digits.
fn push(text: &mut Vec<u8>, key: &str, bytes: &[u8]) {
    text.extend(key.bytes());
    text.push(b':');
    push_hex(text, bytes);
    text.push(b';');
}
