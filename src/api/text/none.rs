//! Stand-in for the text format: input that looks like it is refused with a hint.

use crate::ensure;
use crate::support::error::Result;
use alloc::borrow::Cow;

/// Returns binary input unchanged.
pub(super) fn to_binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    ensure!(
        !bytes.trim_ascii_start().starts_with(b"("),
        "this looks like WebAssembly's text format, which needs the crate's feature `wat`"
    );
    Ok(Cow::Borrowed(bytes))
}
