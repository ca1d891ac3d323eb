//! `backstitch dis`: prints the translated code of a module's functions.

use super::failure::Failure;
use super::input;
use super::symbols::Symbols;
use backstitch::{Config, Engine, Module};
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

/// Number of names that a message lists before it gives only a count.
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

    /// Show only this function, given by its index, exported name or name in the name section
    #[arg(long, value_name = "INDEX|NAME")]
    func: Option<String>,
}

/// Prints the translated code of all functions, or of the selected one.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let file = arguments.file.display();
    let bytes = input::read_module(&arguments.file)?;
    let load = |error| Failure::Input(format!("cannot load `{file}`: {error:#}"));
    let engine = Engine::new(&Config::new()).map_err(load)?;
    let module = Module::from_binary(&engine, &bytes).map_err(load)?;
    let symbols = Symbols::read(&bytes)
        .map_err(|error| Failure::Input(format!("cannot read `{file}`: {error}")))?;
    let chosen = match &arguments.func {
        Some(text) => {
            let index = find(&symbols, text)
                .map_err(|reason| Failure::Input(format!("`{file}` {reason}")))?;
            index..index + 1
        }
        None => symbols.defined.clone(),
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

/// Finds the function that a user selected. The error lists the functions that exist.
fn find(symbols: &Symbols, text: &str) -> Result<u32, String> {
    let index = match text.parse::<u32>() {
        Ok(index) => Some(index),
        Err(_) => (0..symbols.defined.end)
            .find(|index| symbols.all_names(*index).any(|name| name == text)),
    };
    match index {
        Some(index) if symbols.defined.contains(&index) => Ok(index),
        Some(index) if index < symbols.defined.start => Err(format!(
            "imports function {index}, so there is no code for it; {}",
            range(symbols)
        )),
        Some(index) => Err(format!("has no function {index}; {}", range(symbols))),
        None => Err(format!("has no function `{text}`; {}", list(symbols))),
    }
}

fn range(symbols: &Symbols) -> String {
    if symbols.defined.is_empty() {
        return "it defines no functions".to_string();
    }
    format!(
        "it defines the functions {} to {}",
        symbols.defined.start,
        symbols.defined.end - 1
    )
}

fn list(symbols: &Symbols) -> String {
    let named: Vec<&str> = symbols
        .defined
        .clone()
        .filter_map(|index| symbols.all_names(index).next())
        .collect();
    if named.is_empty() {
        return range(symbols);
    }
    let listed = &named[..named.len().min(LISTED)];
    let rest = match named.len() - listed.len() {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    format!("it has\n  {}{rest}", listed.join("\n  "))
}
