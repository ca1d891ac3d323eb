//! Coverage of the source of a program: how often its lines and functions were executed.

use super::coverage::{FunctionCoverage, ModuleCoverage};
use crate::support::error::Result;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use core::ops::Range;

/// The coverage of a file of a program's source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceCoverage {
    lines: BTreeMap<u32, u64>,
    functions: BTreeMap<(u32, String), u64>,
}

impl SourceCoverage {
    /// Returns the lines with code, ascending from 1, and how often each was executed: the count of its
    /// instruction that was executed most often.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = (u32, u64)> {
        self.lines.iter().map(|(&line, &count)| (line, count))
    }

    /// Returns the functions with code: the line of the declaration, ascending, the name, which may be
    /// mangled, and the number of calls, those of its inlined copies among them.
    pub fn functions(&self) -> impl ExactSizeIterator<Item = (u32, &str, u64)> {
        let functions = self.functions.iter();
        functions.map(|((line, name), &calls)| (*line, &**name, calls))
    }
}

/// # Source
///
/// With the feature `dwarf`.
impl ModuleCoverage {
    /// Returns the coverage of each file of the program's source, by the file's path. There is none if
    /// the module has no debugging information.
    ///
    /// Lines and functions for which the module has no code are left out. An instruction belongs to the
    /// line that the compiler gives it, and instructions that only end or begin a block belong to none
    /// if the line has others. In optimised code, a line may share its instructions with another one, or
    /// be executed ahead of a condition; an inlined function counts as called when its first instruction
    /// is executed.
    ///
    /// # Errors
    ///
    /// Returns an error if the debugging information is malformed.
    pub fn sources(&self) -> Result<BTreeMap<String, SourceCoverage>> {
        let mut files: BTreeMap<String, SourceCoverage> = BTreeMap::new();
        let Some(symbolizer) = self.module().symbolizer()? else {
            return Ok(files);
        };
        for function in self.functions() {
            let body = function.body();
            let Some(first) = self.module().instruction_from(body.start) else {
                continue;
            };
            // Lines with nothing but beginnings and ends of blocks, and their counts.
            let mut marked = BTreeMap::new();
            for line in symbolizer.lines(body.start.into()..body.end.into()) {
                let (Some(file), Some(number)) = (line.file, line.line) else {
                    continue;
                };
                let start = line.offsets.start.max(first.into()) as u32;
                let end = line.offsets.end.min(body.end.into()) as u32;
                match self.count(function, start..end) {
                    Count::None => {}
                    Count::Executed(count) => {
                        let lines = &mut files.entry(file.to_string()).or_default().lines;
                        let largest = lines.entry(number).or_default();
                        *largest = count.max(*largest);
                    }
                    Count::Marked(count) => {
                        let largest = marked.entry((file, number)).or_insert(0);
                        *largest = count.max(*largest);
                    }
                }
            }
            for ((file, number), count) in marked {
                let lines = &mut files.entry(file.to_string()).or_default().lines;
                lines.entry(number).or_insert(count);
            }
        }
        for function in symbolizer.functions()? {
            let Ok(start) = u32::try_from(function.offsets.start) else {
                continue;
            };
            let Some(code) = self.function_at(start) else {
                continue;
            };
            let position = match function.line {
                Some(line) => function.file.map(|file| (file.to_string(), line)),
                // Without a declaration, a function is where its code begins.
                None => {
                    let lines = symbolizer.lines(start.into()..u64::from(start) + 1);
                    let first = lines.into_iter().next();
                    first.and_then(|first| Some((first.file?.to_string(), first.line?)))
                }
            };
            if let Some((file, line)) = position {
                let calls = match function.is_inlined {
                    false => code.calls(),
                    true => code.count_at(start),
                };
                let functions = &mut files.entry(file).or_default().functions;
                let sum = functions.entry((line, function.name.to_string()));
                let sum = sum.or_default();
                *sum = sum.saturating_add(calls);
            }
        }
        Ok(files)
    }

    /// Returns how often the instruction among some of a function was executed that was executed most
    /// often.
    fn count(&self, function: &FunctionCoverage, offsets: Range<u32>) -> Count {
        let runs = function.runs();
        let mut count = Count::None;
        let mut start = offsets.start;
        while start < offsets.end {
            let next = runs.partition_point(|&(first, _)| first <= start);
            let end = runs.get(next).map_or(offsets.end, |next| next.0);
            let end = end.min(offsets.end);
            let executed = function.count_at(start);
            let code = self.module().0.bytes.get(start as usize..end as usize);
            count = count.and(match is_only_marks(code.unwrap_or_default()) {
                true => Count::Marked(executed),
                false => Count::Executed(executed),
            });
            start = end;
        }
        count
    }
}

/// The number of executions of instructions.
#[derive(Clone, Copy)]
enum Count {
    /// There are no instructions.
    None,
    /// They only begin or end blocks.
    Marked(u64),
    /// Others are among them.
    Executed(u64),
}

impl Count {
    /// Returns the larger one of two numbers, of which those of beginnings and ends of blocks count less.
    fn and(self, other: Count) -> Count {
        match (self, other) {
            (Count::None, count) | (count, Count::None) => count,
            (Count::Executed(a), Count::Executed(b)) => Count::Executed(a.max(b)),
            (Count::Marked(a), Count::Marked(b)) => Count::Marked(a.max(b)),
            (Count::Marked(_), count) | (count, Count::Marked(_)) => count,
        }
    }
}

/// Returns whether instructions only begin or end blocks. Compilers leave those to the line before,
/// whose code may not be executed when they are.
fn is_only_marks(mut code: &[u8]) -> bool {
    const BLOCK: u8 = 0x02;
    const LOOP: u8 = 0x03;
    const ELSE: u8 = 0x05;
    const END: u8 = 0x0B;
    loop {
        code = match code {
            [] => return true,
            [ELSE | END, rest @ ..] => rest,
            [BLOCK | LOOP, rest @ ..] => {
                // The type is a number in LEB128.
                let last = rest.iter().position(|byte| byte & 0x80 == 0);
                last.map_or(&[][..], |last| &rest[last + 1..])
            }
            _ => return false,
        }
    }
}
