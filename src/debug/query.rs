//! Packets that are answered without `gdbstub`: those that it does not know, and those for which it
//! would give another answer.

use super::adapter::Adapter;
use super::address::Address;
use super::packet::{MAX_PACKET, number, push_hex};
use super::{DebugError, Debuggee, ThreadId, stop};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// The kind of machine, as compilers name it.
pub(super) const TRIPLE: &str = "wasm32-unknown-unknown-wasm";
/// Size of a pointer in bytes.
const POINTER: u32 = 4;
/// Largest number of bytes of memory in an answer.
const MAX_READ: u64 = MAX_PACKET as u64 / 2 - 8;

/// The answer to a packet that could not be understood: `EINVAL`.
pub(super) const MALFORMED: &[u8] = b"E16";

/// Returns the answer to a packet; `None` if it is one of `gdbstub`'s.
pub(super) fn answer<D: Debuggee>(adapter: &Adapter<D>, packet: &[u8]) -> Option<Vec<u8>> {
    let (name, rest) = split(packet);
    Some(match name {
        b"?" => stop::reply(adapter),
        b"qSupported" => features(adapter).into_bytes(),
        b"qHostInfo" => host_info(adapter),
        b"qC" => match adapter.stop().thread() {
            Some(thread) => format!("QC{thread:x}").into_bytes(),
            None => error(DebugError::Missing),
        },
        b"qThreadStopInfo" => or_error(thread_stop(adapter, rest)),
        b"qMemoryRegionInfo" => or_error(region(adapter, rest)),
        b"m" => or_error(read(adapter, rest)),
        _ => return None,
    })
}

/// Splits a packet into its name and the rest. Names end at `:`, those that numbers follow at these.
fn split(packet: &[u8]) -> (&[u8], &[u8]) {
    for name in [&b"qThreadStopInfo"[..], b"m"] {
        if let Some(rest) = packet.strip_prefix(name) {
            return (name, rest);
        }
    }
    match packet.iter().position(|byte| *byte == b':') {
        Some(colon) => (&packet[..colon], &packet[colon + 1..]),
        None => (packet, b""),
    }
}

fn or_error(answer: Result<Vec<u8>, DebugError>) -> Vec<u8> {
    answer.unwrap_or_else(error)
}

/// Returns the answer that says why a debuggee refuses.
fn error(error: DebugError) -> Vec<u8> {
    format!("E{:02x}", error.number()).into_bytes()
}

fn features<D: Debuggee>(adapter: &Adapter<D>) -> String {
    let back = if adapter.debuggee.runs_back() {
        ";ReverseContinue+;ReverseStep+"
    } else {
        ""
    };
    format!(
        "PacketSize={MAX_PACKET:x};vContSupported+;QStartNoAckMode+;swbreak+;hwbreak+;\
         qXfer:libraries:read+{back}"
    )
}

/// Describes the machine.
fn host_info<D: Debuggee>(adapter: &Adapter<D>) -> Vec<u8> {
    let mut text = b"triple:".to_vec();
    push_hex(&mut text, TRIPLE.as_bytes());
    let watched = match adapter.debuggee.watches_after() {
        true => "after",
        false => "before",
    };
    let rest =
        format!(";endian:little;ptrsize:{POINTER};watchpoint_exceptions_received:{watched};");
    text.extend(rest.bytes());
    text
}

fn thread_stop<D: Debuggee>(adapter: &Adapter<D>, id: &[u8]) -> Result<Vec<u8>, DebugError> {
    let id = number(id).and_then(|id| u32::try_from(id).ok());
    let thread = id.and_then(ThreadId::new);
    let thread = thread.filter(|thread| adapter.debuggee.threads().contains(thread));
    Ok(stop::of_thread(adapter, thread.ok_or(DebugError::Missing)?))
}

/// Reads memory or a module: as many of the bytes as are there, and at least one.
fn read<D: Debuggee>(adapter: &Adapter<D>, range: &[u8]) -> Result<Vec<u8>, DebugError> {
    let mut parts = range.split(|byte| *byte == b',').map(number);
    let (Some(Some(start)), Some(Some(len)), None) = (parts.next(), parts.next(), parts.next())
    else {
        return Ok(MALFORMED.to_vec());
    };
    let address = Address::from_raw(start).ok_or(DebugError::OutOfBounds)?;
    let rest = adapter.size_from(address)?;
    if len > 0 && rest == 0 {
        return Err(DebugError::OutOfBounds);
    }
    // The result is smaller than `MAX_READ`.
    let mut bytes = vec![0; len.min(rest).min(MAX_READ) as usize];
    adapter.read(address, &mut bytes)?;
    let mut text = Vec::new();
    push_hex(&mut text, &bytes);
    Ok(text)
}

/// Describes the part of the address space that an address is in.
fn region<D: Debuggee>(adapter: &Adapter<D>, address: &[u8]) -> Result<Vec<u8>, DebugError> {
    let Some(raw) = number(address) else {
        return Ok(MALFORMED.to_vec());
    };
    // Each part has its own 32 bits.
    let start = raw & !u64::from(u32::MAX);
    let base = Address::from_raw(start);
    let size = base.and_then(|base| adapter.size_from(base).ok());
    let size = size.unwrap_or(0).min(1 << 32);
    let text = match base {
        Some(base) if raw - start < size => {
            let access = match base {
                Address::Code { .. } => "rx",
                Address::Memory { .. } => "rw",
            };
            format!("start:{start:x};size:{size:x};permissions:{access};")
        }
        _ => {
            let from = start.saturating_add(size);
            format!("start:{from:x};size:{:x};", (1_u64 << 32) - size)
        }
    };
    Ok(text.into_bytes())
}
