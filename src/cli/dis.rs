//! `backstitch dis`: prints the translated code of a module's functions.

use super::debug_files;
use super::failure::Failure;
use super::input::Source;
use super::names::{self, Selection};
use super::symbols::Symbols;
use backstitch::{Config, Engine, Module};
use clap::Args;
use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;

/// Number of names that a message lists before it gives only a count.
const LISTED: usize = 40;

const EXAMPLES: &str = "\
Examples:
  backstitch dis program.wasm
  backstitch dis program.wasm --func main
  backstitch dis program.wasm --func shop::sell --explain
  backstitch dis program.wasm --func 12";

/// The arguments of `backstitch dis`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The module, binary or text, or an archive; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Show only this function, given by its index, by a name (exported or in the name section,
    /// mangled or not), or by the end of a name, such as `module::function`
    #[arg(long, value_name = "INDEX|NAME")]
    func: Option<String>,

    /// Print the documentation of its ops below each function
    #[arg(long)]
    explain: bool,

    #[command(flatten)]
    debug_files: debug_files::Arguments,
}

/// Prints the translated code of all functions, or of the selected one.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let mut source = Source::read(&arguments.file)?;
    source.debug_files.add(&arguments.debug_files);
    let file = &source.file;
    let load = |error| {
        let description = source.describe(&error);
        Failure::Input(format!("cannot load `{file}`: {description}"))
    };
    let config = match &source.archive {
        Some(archive) => Config::for_archive(archive).map_err(load)?,
        None => Config::new(),
    };
    let engine = Engine::new(&config).map_err(load)?;
    let module = match &source.archive {
        Some(archive) => Module::deserialize_checked(&engine, archive).map_err(load)?,
        None => source.load(&engine).map_err(load)?,
    };
    let symbols = source.symbols()?;
    let symbolizer = match module.symbolizer() {
        Ok(symbolizer) => symbolizer,
        Err(error) => {
            eprintln!("`{file}` is shown without source lines: {error:#}");
            None
        }
    };
    let selected = match &arguments.func {
        Some(text) => {
            let index = find(&symbols, text)
                .map_err(|reason| Failure::Input(format!("`{file}` {reason}")))?;
            index..index + 1
        }
        None => symbols.defined.clone(),
    };
    for index in selected {
        let listing = match &symbolizer {
            Some(symbolizer) => module
                .disassemble_with_lines(index, symbolizer)
                .map(|code| text(&code, arguments.explain)),
            None => module
                .disassemble(index)
                .map(|code| text(&code, arguments.explain)),
        };
        let listing = listing.map_err(|error| {
            let description = source.describe(&error);
            Failure::Input(format!(
                "cannot translate function {index} of `{file}`: {description}"
            ))
        })?;
        writeln!(out, "{}", with_shown_name(&symbols, index, &listing))?;
    }
    Ok(())
}

/// Formats a listing, in its alternate form with the documentation of its ops.
fn text(code: &dyn Display, explain: bool) -> String {
    match explain {
        true => format!("{code:#}"),
        false => code.to_string(),
    }
}

/// Replaces the name in the heading of a listing by the name for people.
fn with_shown_name<'l>(symbols: &Symbols, index: u32, listing: &'l str) -> Cow<'l, str> {
    let name = symbols
        .section_name(index)
        .or_else(|| symbols.export(index));
    let rest = name.and_then(|name| listing.strip_prefix(&format!("function {index} `{name}`")));
    match (rest, symbols.function(index)) {
        (Some(rest), Some(name)) => {
            Cow::Owned(format!("function {index} `{}`{rest}", names::shown(name)))
        }
        (Some(rest), None) => Cow::Owned(format!("function {index}{rest}")),
        (None, _) => names::printable_lines(listing),
    }
}

/// Returns the index of the function with code that the user has named.
fn find(symbols: &Symbols, text: &str) -> Result<u32, String> {
    let index = select(symbols, text)?;
    if symbols.defined.contains(&index) {
        Ok(index)
    } else if index < symbols.defined.start {
        Err(format!(
            "imports function {index}, so there is no code for it; {}",
            range(symbols)
        ))
    } else {
        Err(format!("has no function {index}; {}", range(symbols)))
    }
}

/// Returns the index of the function that the user has named, which may be an import. The error lists
/// the functions that exist.
pub(super) fn select(symbols: &Symbols, text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(index) => Ok(index),
        Err(_) => match names::select(text, symbols.all_names()) {
            Selection::Found(index) => Ok(index),
            Selection::Ambiguous(indices) => {
                let list = indices.iter().map(|index| describe(symbols, *index));
                Err(format!(
                    "has several functions `{text}`; select one by its index:{}",
                    listed(list)
                ))
            }
            Selection::Missing(suggestions) => {
                let hint = names::did_you_mean(&suggestions);
                Err(format!("has no function `{text}`{hint}\n{}", list(symbols)))
            }
        },
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
    let defined = symbols.defined.clone();
    let named = defined.filter_map(|index| {
        let name = symbols.export(index).filter(|name| !name.is_empty());
        let name = name.or_else(|| symbols.function(index))?;
        Some(names::shown(name))
    });
    let listed = listed(named);
    if listed.is_empty() {
        return range(symbols);
    }
    format!("it has{listed}")
}

fn describe(symbols: &Symbols, index: u32) -> String {
    match symbols.function(index) {
        Some(name) => format!("{index}: {}", names::shown(name)),
        None => index.to_string(),
    }
}

/// Formats the first items of a list on lines of their own, and the number of others.
fn listed(items: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    let mut more = 0;
    for (number, item) in items.enumerate() {
        if number < LISTED {
            text += &format!("\n  {item}");
        } else {
            more += 1;
        }
    }
    if more > 0 {
        text += &format!("\n  and {more} more");
    }
    text
}
