//! The numbers of stacks: which are in use, free or retired, and their revisions.

use crate::heap::StoreInner;
use crate::ids::StackId;
use crate::support::error::Result;
use crate::walk::coredump::extension::{NumberState, Snapshot, Stack, StackState};
use crate::{ensure, format_err};
use alloc::vec::Vec;

/// Number of revisions of a stack number.
pub const REVISIONS: u32 = 1 << 31;

/// Returns whether a stack of the snapshot has ended. Nothing is restored of it.
pub fn has_ended(stack: &Stack) -> bool {
    matches!(stack.state, StackState::Returned | StackState::Trapped)
}

/// Adds the numbers to the store. Those of the snapshot's stacks are given out first, by ascending
/// number.
pub fn restore(store: &mut StoreInner, snapshot: &Snapshot, stacks: &[Stack]) -> Result<()> {
    let numbers = &snapshot.numbers;
    let state = |number: u32| {
        let at = number.checked_sub(1)? as usize;
        numbers.get(at).map(|it| it.state)
    };
    let mut order = Vec::new();
    order.try_reserve_exact(numbers.len())?;
    let ended = stacks.iter().filter(|stack| has_ended(stack));
    order.extend(ended.map(|stack| StackId(stack.number)));
    for &number in &snapshot.free {
        ensure!(
            state(number) == Some(NumberState::Free),
            format_err!("stack number {number} is not free")
        );
        order.push(StackId(number));
    }
    for stack in stacks.iter().rev().filter(|stack| !has_ended(stack)) {
        order.push(StackId(stack.number));
    }
    let used = stacks.iter();
    ensure!(
        used.clone()
            .all(|stack| state(stack.number) == Some(NumberState::Used))
            && used
                .zip(stacks.iter().skip(1))
                .all(|(one, next)| one.number < next.number),
        "the stacks of the snapshot have no distinct, ascending numbers in use"
    );
    let available = numbers.iter();
    let available = available.filter(|it| it.state != NumberState::Retired);
    let mut sorted = order.clone();
    sorted.sort_unstable();
    sorted.dedup();
    ensure!(
        sorted.len() == order.len() && order.len() == available.count(),
        "each stack number of the snapshot must be in use, free or retired, and not twice so"
    );
    ensure!(
        numbers.iter().all(|it| it.revision < REVISIONS),
        "a stack number of the snapshot has a revision that is too large"
    );
    let revisions = numbers.iter().map(|it| match it.state {
        NumberState::Retired => None,
        NumberState::Used | NumberState::Free => Some(it.revision),
    });
    let restored = store.stacks.restore_numbers(revisions, order);
    restored.ok_or_else(|| format_err!("there is no memory for the stacks of the snapshot"))
}
