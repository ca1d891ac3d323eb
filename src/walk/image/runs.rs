//! Division of memories and tables into the runs that become segments.

use alloc::vec::Vec;
use core::ops::Range;

/// Number of bytes that are tested for zero at once.
const BLOCK: usize = 64;

/// Merges ascending runs that are less than `gap` apart. If more than `limit` runs are left, larger
/// gaps are closed, too. `limit` must not be zero.
pub fn merge(
    runs: impl Iterator<Item = Range<usize>>,
    mut gap: usize,
    limit: usize,
) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for run in runs {
        match merged.last_mut() {
            Some(last) if run.start - last.end < gap => last.end = run.end,
            _ => merged.push(run),
        }
        while merged.len() > limit {
            gap = gap.saturating_mul(2).max(1);
            merged.dedup_by(|next, last| {
                let near = next.start - last.end < gap;
                if near {
                    last.end = next.end;
                }
                near
            });
        }
    }
    merged
}

/// Returns the runs of bytes that are not zero.
pub fn not_zero(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    core::iter::from_fn(move || {
        let start = at + zeros(&bytes[at..]);
        let rest = bytes[start..].iter();
        at = start + rest.take_while(|&&byte| byte != 0).count();
        (start < at).then_some(start..at)
    })
}

/// Returns the runs of positions below `len` for which `differs` is true.
pub fn differing(
    len: usize,
    differs: impl Fn(usize) -> bool,
) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    core::iter::from_fn(move || {
        let start = (at..len).find(|&at| differs(at))?;
        at = (start..len).find(|&at| !differs(at)).unwrap_or(len);
        Some(start..at)
    })
}

/// Returns the number of zeros at the beginning.
fn zeros(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let zero = |block: &&[u8; BLOCK]| block.iter().fold(0, |all, byte| all | byte) == 0;
    let skipped = BLOCK * blocks.iter().take_while(zero).count();
    let rest = bytes[skipped..].iter();
    skipped + rest.take_while(|&&byte| byte == 0).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn runs_are_found() {
        let mut bytes = vec![0; 300];
        bytes[0] = 1;
        bytes[130..133].fill(1);
        bytes[299] = 1;
        let expected = [0..1, 130..133, 299..300];
        assert_eq!(not_zero(&bytes).collect::<Vec<_>>(), expected);
        let differs = |at: usize| bytes[at] != 0;
        assert_eq!(differing(300, differs).collect::<Vec<_>>(), expected);
        assert_eq!(not_zero(&[0; 200]).count(), 0);
        assert_eq!(not_zero(&[]).count(), 0);
    }

    #[test]
    fn near_runs_are_merged() {
        let runs = || [0..1, 3..5, 8..9, 20..30].into_iter();
        assert_eq!(merge(runs(), 0, 10), [0..1, 3..5, 8..9, 20..30]);
        assert_eq!(merge(runs(), 3, 10), [0..5, 8..9, 20..30]);
        assert_eq!(merge(runs(), 4, 10), [0..9, 20..30]);
    }

    #[test]
    fn there_are_no_more_runs_than_the_limit() {
        for limit in 1..20 {
            for gap in [0, 1, 5] {
                let runs: Vec<_> = (0..100).map(|at| at * at..at * at + 1).collect();
                let merged = merge(runs.iter().cloned(), gap, limit);
                assert!(merged.len() <= limit, "{limit} {gap}");
                let covered =
                    |run: &Range<usize>| merged.iter().any(|all| all.contains(&run.start));
                assert!(runs.iter().all(covered), "{limit} {gap}");
            }
        }
    }
}
