//! No text format: what looks like it is refused with a hint.

use crate::ensure;
use crate::support::error::Result;
use alloc::borrow::Cow;

/// The binary format of a module in the binary format.
pub(super) fn to_binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    ensure!(
        !bytes.trim_ascii_start().starts_with(b"("),
        "this looks like WebAssembly's text format, which needs the crate's feature `wat`"
    );
    Ok(Cow::Borrowed(bytes))
}
