//! Changes of a memory that the host has borrowed.

use core::ops::Range;

/// Number of unchanged bytes between two changes from which on they are two writes.
const GAP: usize = 8;

/// Returns the next range of bytes that have changed, from an offset on. A few bytes in it may be
/// the same.
pub(super) fn next_change(before: &[u8], now: &[u8], from: usize) -> Option<Range<usize>> {
    let end = before.len().min(now.len());
    let mut start = from;
    // Most of a memory has not changed.
    while start + 64 <= end && before[start..start + 64] == now[start..start + 64] {
        start += 64;
    }
    while start < end && before[start] == now[start] {
        start += 1;
    }
    if start >= end {
        return None;
    }
    let (mut last, mut at) = (start, start + 1);
    while at < end && at - last <= GAP {
        if before[at] != now[at] {
            last = at;
        }
        at += 1;
    }
    Some(start..last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn changes_are_found() {
        let before = [0; 300];
        let mut now = before;
        for at in [0, 5, 100, 299] {
            now[at] = 1;
        }
        let mut changes = Vec::new();
        let mut at = 0;
        while let Some(change) = next_change(&before, &now, at) {
            at = change.end;
            changes.push(change);
        }
        assert_eq!(changes, [0..6, 100..101, 299..300]);
    }
}
