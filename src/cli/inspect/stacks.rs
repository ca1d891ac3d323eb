//! The stacks of a store, as a tree.

use super::inspection::{Inspection, state};
use backstitch::coredump::Stack;
use std::io::{self, Write};

/// Number of stacks that are listed.
const LISTED: usize = 40;
/// Largest depth that is indented.
const DEEPEST: usize = 20;

/// Prints the stacks as a tree, each below the one that waits for it. Prints nothing if there are
/// no continuations.
pub(crate) fn print(inspection: &Inspection<'_>, out: &mut dyn Write) -> io::Result<()> {
    let stacks = inspection.dump.stacks();
    if !stacks.iter().any(|stack| stack.continuation) {
        return Ok(());
    }
    writeln!(out)?;
    writeln!(out, "Stacks, each below the one that waits for it:")?;
    let tree = tree(stacks);
    for &(depth, stack) in tree.iter().take(LISTED) {
        let indent = 2 + 2 * depth.min(DEEPEST);
        write!(out, "{:indent$}", "")?;
        writeln!(out, "{}", describe(inspection, stack))?;
    }
    if tree.len() > LISTED {
        writeln!(out, "  … {} more", tree.len() - LISTED)?;
    }
    Ok(())
}

/// Returns the stacks with their depths, parents before children.
fn tree(stacks: &[Stack]) -> Vec<(usize, &Stack)> {
    let mut children = vec![Vec::new(); stacks.len()];
    let mut pending = Vec::new();
    for (index, stack) in stacks.iter().enumerate().rev() {
        match stack.parent.map(|parent| parent as usize) {
            Some(parent) if parent < stacks.len() && parent != index => {
                children[parent].push(index);
            }
            _ => pending.push((0, index)),
        }
    }
    // A cycle of stacks that wait for each other is not reachable from here and left out.
    let mut all = Vec::new();
    while let Some((depth, index)) = pending.pop() {
        all.push((depth, &stacks[index]));
        pending.extend(children[index].drain(..).map(|child| (depth + 1, child)));
    }
    all
}

fn describe(inspection: &Inspection<'_>, stack: &Stack) -> String {
    let what = if stack.continuation {
        "continuation"
    } else {
        "call from the host, stack"
    };
    let mut text = format!("{what} {}: {}", stack.number, state(stack.state));
    if !stack.bound.is_empty() {
        let values = stack.bound.iter().map(|value| inspection.text(value));
        text += &format!(", bound ({})", values.collect::<Vec<_>>().join(", "));
    }
    if !stack.handlers.is_empty() {
        let handlers = stack.handlers.iter().map(|handler| match handler.switch {
            true => format!("switch of tag {}", handler.tag),
            false => format!("tag {}", handler.tag),
        });
        let handlers: Vec<_> = handlers.collect();
        text += &format!(", handlers around it: {}", handlers.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstitch::coredump::StackState;

    fn stack(number: u32, parent: Option<u32>) -> Stack {
        Stack {
            number,
            continuation: true,
            state: StackState::Suspended,
            parent,
            function: None,
            revision: 0,
            bound: Vec::new(),
            handlers: Vec::new(),
        }
    }

    #[test]
    fn parents_come_before_children_and_circles_do_no_harm() {
        let stacks = [
            stack(1, None),
            stack(2, Some(3)),
            stack(3, Some(0)),
            stack(4, Some(4)),
            stack(5, Some(5)),
            stack(6, Some(9)),
        ];
        let tree = tree(&stacks);
        let depths: Vec<_> = tree.iter().map(|(depth, s)| (*depth, s.number)).collect();
        assert_eq!(depths, [(0, 1), (1, 3), (0, 6), (1, 5), (2, 4), (3, 2)]);
        let circle = [stack(1, Some(1)), stack(2, Some(0))];
        assert!(super::tree(&circle).is_empty());
    }
}
