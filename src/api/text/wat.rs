//! The text format, translated with the `wat` crate.

use crate::support::error::Result;
use alloc::borrow::Cow;

/// Returns the binary format of a module in either format.
pub(super) fn to_binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    // A byte-order mark is no part of the text format.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    Ok(wat::parse_bytes(text)?)
}
