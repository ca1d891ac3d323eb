//! `backstitch dis`: the code that a module's functions are translated to.

use super::failure::Failure;
use super::input;
use backstitch::{Config, Engine, Module};
use clap::Args;
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use wasmparser::{BinaryReaderError, ExternalKind, KnownCustom, Name, Parser, Payload, TypeRef};

/// How many names a message lists before it gives only their number.
const LISTED: usize = 40;

const EXAMPLES: &str = "\
Examples:
  backstitch dis program.wasm
  backstitch dis program.wasm --func main
  backstitch dis program.wasm --func 12";

/// The arguments of `backstitch dis`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The module, binary or text
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Show only this function: its index, exported name or name in the name section
    #[arg(long, value_name = "INDEX|NAME")]
    func: Option<String>,
}

/// Prints the translated code of all functions, or of the one that was chosen.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let file = arguments.file.display();
    let bytes = input::read_module(&arguments.file)?;
    let load = |error| Failure::Input(format!("cannot load `{file}`: {error:#}"));
    let engine = Engine::new(&Config::new()).map_err(load)?;
    let module = Module::from_binary(&engine, &bytes).map_err(load)?;
    let functions = Functions::read(&bytes)
        .map_err(|error| Failure::Input(format!("cannot read `{file}`: {error}")))?;
    let chosen = match &arguments.func {
        Some(text) => {
            let index = functions
                .find(text)
                .map_err(|reason| Failure::Input(format!("`{file}` {reason}")))?;
            index..index + 1
        }
        None => functions.defined.clone(),
    };
    for index in chosen {
        let code = module.disassemble(index).map_err(|error| {
            Failure::Input(format!(
                "cannot translate function {index} of `{file}`: {error:#}"
            ))
        })?;
        writeln!(out, "{code}")?;
    }
    Ok(())
}

/// Which functions a module has, and what they are called.
struct Functions {
    /// The indices of those with a body; the imported ones come before them.
    defined: Range<u32>,
    /// Each function's names: those it is exported by, then its debugging name.
    names: BTreeMap<u32, Vec<String>>,
}

impl Functions {
    fn read(bytes: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut imported = 0;
        let mut bodies = 0;
        let mut names: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let ty = import?.ty;
                        if matches!(ty, TypeRef::Func(_) | TypeRef::FuncExact(_)) {
                            imported += 1;
                        }
                    }
                }
                Payload::FunctionSection(section) => bodies = section.count(),
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            let name = export.name.to_string();
                            names.entry(export.index).or_default().push(name);
                        }
                    }
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(subsections) = section.as_known() {
                        read_debugging_names(subsections, &mut names);
                    }
                }
                _ => {}
            }
        }
        Ok(Functions {
            defined: imported..imported + bodies,
            names,
        })
    }

    /// The function that a user means; the error says which there are.
    fn find(&self, text: &str) -> Result<u32, String> {
        let index = match text.parse::<u32>() {
            Ok(index) => Some(index),
            Err(_) => {
                let mut named = self.names.iter();
                named
                    .find(|(_, names)| names.iter().any(|name| name == text))
                    .map(|(index, _)| *index)
            }
        };
        match index {
            Some(index) if self.defined.contains(&index) => Ok(index),
            Some(index) if index < self.defined.start => Err(format!(
                "imports function {index}, so there is no code for it; {}",
                self.range()
            )),
            Some(index) => Err(format!("has no function {index}; {}", self.range())),
            None => Err(format!("has no function `{text}`; {}", self.list())),
        }
    }

    fn range(&self) -> String {
        if self.defined.is_empty() {
            return "it defines no functions".to_string();
        }
        format!(
            "it defines the functions {} to {}",
            self.defined.start,
            self.defined.end - 1
        )
    }

    fn list(&self) -> String {
        let named: Vec<&str> = self
            .names
            .range(self.defined.clone())
            .filter_map(|(_, names)| names.first().map(String::as_str))
            .collect();
        if named.is_empty() {
            return self.range();
        }
        let listed = &named[..named.len().min(LISTED)];
        let rest = match named.len() - listed.len() {
            0 => String::new(),
            more => format!("\n  and {more} more"),
        };
        format!("it has\n  {}{rest}", listed.join("\n  "))
    }
}

/// Reads the function names of the name section, as far as it is well-formed:
/// it is only for people, so a mistake in it is no error.
fn read_debugging_names(
    subsections: wasmparser::NameSectionReader<'_>,
    names: &mut BTreeMap<u32, Vec<String>>,
) {
    for subsection in subsections {
        let Ok(Name::Function(map)) = subsection else {
            continue;
        };
        for naming in map {
            let Ok(naming) = naming else {
                break;
            };
            let of_function = names.entry(naming.index).or_default();
            if !of_function.iter().any(|name| name == naming.name) {
                of_function.push(naming.name.to_string());
            }
        }
    }
}
