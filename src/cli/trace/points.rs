//! The instructions at which calls begin and end, and those at which continuations do.

use crate::cli::symbols::Symbols;
use std::collections::BTreeMap;
use wasmparser::{BinaryReader, BinaryReaderError, FunctionBody, Operator};

/// What happens at an instruction.
#[derive(Default)]
pub(super) struct Point {
    /// A function begins.
    pub(super) enters: bool,
    /// The function may end.
    pub(super) leaves: Option<Leave>,
    /// Another stack goes on.
    pub(super) transfers: Option<Transfer>,
}

/// A way in which a function ends.
pub(super) enum Leave {
    /// The results are the topmost operands.
    Always,
    /// If the operand on the results is not zero.
    IfTrue,
    /// If the reference on the results is null.
    IfNull,
    /// If the last result is not null.
    IfNotNull,
    /// If the operand on the results selects one of these targets of a table. The last target is for all
    /// larger numbers.
    Table(Vec<bool>),
    /// Another function takes its place: it is known for direct calls.
    TailCall(Option<u32>),
}

/// A way in which another stack goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Transfer {
    /// The continuation is suspended, with a tag.
    Suspend(u32),
    /// A continuation is resumed.
    Resume,
    /// Another continuation takes the place of this one.
    Switch,
}

/// Returns the points of a module's functions, by offset: of calls of the functions that are selected, and
/// of continuations in all functions.
pub(super) fn find(
    symbols: &Symbols,
    binary: &[u8],
    selected: impl Fn(u32) -> bool,
) -> Result<BTreeMap<u32, Point>, BinaryReaderError> {
    let mut points: BTreeMap<u32, Point> = BTreeMap::new();
    for function in symbols.defined.clone() {
        let Some(body) = symbols.body(function) else {
            continue;
        };
        let reader = BinaryReader::new(&binary[body.clone()], body.start as u64);
        let operators = FunctionBody::new(reader).get_operators_reader()?;
        let is_selected = selected(function);
        let mut is_first = true;
        // The number of blocks around the instruction, with the function itself.
        let mut depth: u32 = 1;
        for operator in operators.into_iter_with_offsets() {
            let (operator, offset) = operator?;
            match operator {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::Try { .. }
                | Operator::TryTable { .. } => depth += 1,
                Operator::End | Operator::Delegate { .. } => depth = depth.saturating_sub(1),
                _ => {}
            }
            let point = Point {
                enters: is_selected && is_first,
                leaves: leave(&operator, depth)?.filter(|_| is_selected),
                transfers: transfer(&operator),
            };
            is_first = false;
            if point.enters || point.leaves.is_some() || point.transfers.is_some() {
                points.insert(offset as u32, point);
            }
        }
    }
    Ok(points)
}

/// Returns how an instruction in a number of blocks ends its function. After an `end`, these are the
/// blocks behind it.
fn leave(operator: &Operator<'_>, depth: u32) -> Result<Option<Leave>, BinaryReaderError> {
    let is_outermost = |label: u32| label + 1 == depth;
    Ok(match *operator {
        Operator::Return => Some(Leave::Always),
        Operator::End => (depth == 0).then_some(Leave::Always),
        Operator::Br { relative_depth } => is_outermost(relative_depth).then_some(Leave::Always),
        Operator::BrIf { relative_depth } => is_outermost(relative_depth).then_some(Leave::IfTrue),
        Operator::BrOnNull { relative_depth } => {
            is_outermost(relative_depth).then_some(Leave::IfNull)
        }
        Operator::BrOnNonNull { relative_depth } => {
            is_outermost(relative_depth).then_some(Leave::IfNotNull)
        }
        Operator::BrTable { ref targets } => {
            let labels = targets.targets().collect::<Result<Vec<u32>, _>>()?;
            let all = labels.into_iter().chain([targets.default()]);
            let leaves: Vec<bool> = all.map(is_outermost).collect();
            leaves.contains(&true).then_some(Leave::Table(leaves))
        }
        Operator::ReturnCall { function_index } => Some(Leave::TailCall(Some(function_index))),
        Operator::ReturnCallIndirect { .. } | Operator::ReturnCallRef { .. } => {
            Some(Leave::TailCall(None))
        }
        _ => None,
    })
}

fn transfer(operator: &Operator<'_>) -> Option<Transfer> {
    match *operator {
        Operator::Suspend { tag_index } => Some(Transfer::Suspend(tag_index)),
        Operator::Resume { .. }
        | Operator::ResumeThrow { .. }
        | Operator::ResumeThrowRef { .. } => Some(Transfer::Resume),
        Operator::Switch { .. } => Some(Transfer::Switch),
        _ => None,
    }
}
