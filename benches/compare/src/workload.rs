//! The programs in `../workloads`, with their expected results.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use regex::Regex;

/// One call of one export of one module.
pub struct Workload {
    /// Name of the module, followed by that of the export unless it is `run`, such as
    /// `kernels/sieve`.
    pub name: String,
    pub group: Group,
    pub export: String,
    /// Argument of the call, which is the amount of work.
    pub amount: i32,
    /// Checksum that the call must return.
    pub expected: i64,
    pub bytes: Vec<u8>,
}

/// Group of workloads with a mean of its own, because ratios of hot loops and of whole crates are
/// different in kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// A hot loop that was written as a benchmark.
    Kernel,
    /// A program that uses a published crate.
    Program,
    /// A program that uses a published crate with vector instructions.
    Vector,
    /// A program like a [`Group::Vector`], built without vector instructions.
    Scalar,
    /// A program on structures and arrays.
    Object,
}

impl Group {
    /// Groups of the comparison without vectors.
    pub const PLAIN: &[Self] = &[Self::Kernel, Self::Program];

    /// Groups of `compare vectors`.
    pub const VECTORS: &[Self] = &[Self::Vector, Self::Scalar];

    /// Groups of `compare objects`.
    pub const OBJECTS: &[Self] = &[Self::Object];

    /// All groups.
    pub const ALL: &[Self] = &[
        Self::Kernel,
        Self::Program,
        Self::Vector,
        Self::Scalar,
        Self::Object,
    ];
}

/// Amount of work, if the list has several amounts for an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Size {
    /// The least amount: some milliseconds of native code, which suffice for a sample.
    Small,
    /// The greatest amount, with larger working sets and longer times.
    Large,
}

impl Workload {
    /// Reads the workloads like [`Workload::read_some`]. Fails if there are none.
    pub fn read_all(
        folder: &Path,
        groups: &[Group],
        only: Option<&Regex>,
        size: Size,
    ) -> Result<Vec<Self>> {
        let workloads = Self::read_some(folder, groups, only, size)?;
        if workloads.is_empty() {
            bail!("{}: no program to run", folder.display());
        }
        Ok(workloads)
    }

    /// Reads `checksums.txt`, which has a line `module export amount checksum` for each call, and
    /// the modules of these groups that it names. A module that has not been built is skipped with a message.
    pub fn read_some(
        folder: &Path,
        groups: &[Group],
        only: Option<&Regex>,
        size: Size,
    ) -> Result<Vec<Self>> {
        let list = folder.join("checksums.txt");
        let text = fs::read_to_string(&list).with_context(|| list.display().to_string())?;
        let mut workloads: Vec<Self> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            if line.trim().is_empty() {
                continue;
            }
            let workload = Self::read(folder, line, groups, only)
                .with_context(|| format!("{}:{}", list.display(), index + 1))?;
            let Some(workload) = workload else { continue };
            match workloads
                .iter_mut()
                .find(|other| other.name == workload.name)
            {
                None => workloads.push(workload),
                Some(other) if size.prefers(workload.amount, other.amount) => *other = workload,
                Some(_) => {}
            }
        }
        Ok(workloads)
    }

    fn read(
        folder: &Path,
        line: &str,
        groups: &[Group],
        only: Option<&Regex>,
    ) -> Result<Option<Self>> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[module, export, amount, expected] = fields.as_slice() else {
            bail!("expected `module export amount checksum`");
        };
        let name = name(module, export);
        let group = group(folder, module);
        if !groups.contains(&group) || only.is_some_and(|only| !only.is_match(&name)) {
            return Ok(None);
        }
        let paths = ["wasm", "wat"].map(|format| folder.join(format!("wasm/{module}.{format}")));
        let Some(path) = paths.into_iter().find(|path| path.is_file()) else {
            eprintln!("{name}: skipped, its module has not been built");
            return Ok(None);
        };
        Ok(Some(Self {
            name,
            group,
            export: export.to_owned(),
            amount: amount.parse()?,
            expected: parse_checksum(expected)?,
            bytes: read_module(&path)?,
        }))
    }
}

impl Size {
    /// Returns the name for `--size`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
        }
    }

    fn prefers(self, amount: i32, other: i32) -> bool {
        match self {
            Self::Small => amount < other,
            Self::Large => amount > other,
        }
    }
}

/// Reads a module in the binary or the text format.
pub fn read_module(path: &Path) -> Result<Vec<u8>> {
    wat::parse_file(path).with_context(|| path.display().to_string())
}

fn name(module: &str, export: &str) -> String {
    if export == "run" {
        module.to_owned()
    } else {
        format!("{module}/{export}")
    }
}

/// Returns the group of a module. Kernels are in the module of that name, or written as text; the
/// beginning of the name shows how programs with vectors were built, and which use objects.
pub fn group(folder: &Path, module: &str) -> Group {
    let text = folder.join(format!("kernels/wat/{module}.wat"));
    if module.starts_with("simd_") || module.starts_with("relaxed_") {
        Group::Vector
    } else if module.starts_with("scalar_") {
        Group::Scalar
    } else if module.starts_with("objects_") {
        Group::Object
    } else if module == "kernels" || text.is_file() {
        Group::Kernel
    } else {
        Group::Program
    }
}

/// Parses a checksum: an unsigned hexadecimal number, which calls return as a signed one.
fn parse_checksum(text: &str) -> Result<i64> {
    Ok(u64::from_str_radix(text, 16)?.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::parse_checksum;

    #[test]
    fn checksums_are_bits() {
        assert_eq!(parse_checksum("10").unwrap(), 16);
        assert_eq!(parse_checksum("ffffffffffffffff").unwrap(), -1);
        assert!(parse_checksum("many").is_err());
    }
}
