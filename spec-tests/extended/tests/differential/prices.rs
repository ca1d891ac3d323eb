//! Instructions that cost more fuel in one engine than in the other.

use wasmparser::{Operator, Parser, Payload, ValType};

/// The slots of declared locals of which entering a function costs a unit in Backstitch.
const ZEROED_SLOTS: u32 = 64;

/// The prices that differ in a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Backstitch charges more for some code: a memory that grows costs by its size, many declared
    /// locals by their number, an array by its length, and a suspension by the continuations that it
    /// passes.
    pub more: bool,
    /// Wasmtime charges more for some code: bulk instructions that fail cost by their operands, and
    /// those of arrays by other sizes.
    pub less: bool,
}

impl Prices {
    /// Returns the prices that differ in a valid module.
    pub fn of(bytes: &[u8]) -> Prices {
        let mut prices = Prices::default();
        for payload in Parser::new(0).parse_all(bytes) {
            let Payload::CodeSectionEntry(body) = payload.expect("the module is valid") else {
                continue;
            };
            let mut slots = 0;
            for run in body.get_locals_reader().expect("the module is valid") {
                let (count, ty) = run.expect("the module is valid");
                slots += count * if ty == ValType::V128 { 2 } else { 1 };
            }
            prices.more |= slots >= ZEROED_SLOTS;
            for operator in body.get_operators_reader().expect("the module is valid") {
                match operator.expect("the module is valid") {
                    Operator::MemoryGrow { .. }
                    | Operator::Suspend { .. }
                    | Operator::Switch { .. } => {
                        prices.more = true;
                    }
                    Operator::ArrayNew { .. }
                    | Operator::ArrayNewDefault { .. }
                    | Operator::ArrayNewData { .. }
                    | Operator::ArrayNewElem { .. }
                    | Operator::ArrayFill { .. }
                    | Operator::ArrayCopy { .. }
                    | Operator::ArrayInitData { .. }
                    | Operator::ArrayInitElem { .. } => {
                        prices.more = true;
                        prices.less = true;
                    }
                    Operator::TableGrow { .. }
                    | Operator::TableFill { .. }
                    | Operator::TableCopy { .. }
                    | Operator::TableInit { .. }
                    | Operator::MemoryFill { .. }
                    | Operator::MemoryCopy { .. }
                    | Operator::MemoryInit { .. } => prices.less = true,
                    _ => {}
                }
            }
        }
        prices
    }
}
