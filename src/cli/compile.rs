//! `backstitch compile`: translates a module ahead of time and writes it as an archive.

use super::failure::Failure;
use super::input::Source;
use super::output;
use backstitch::{Config, Engine, Error, Module, ModuleBytes};
use clap::Args;
use std::path::PathBuf;
use wasm_encoder::RawSection;
use wasmparser::{Parser, Payload};

const EXAMPLES: &str = "\
Examples:
  backstitch compile program.wasm -o program.stitch
  backstitch compile program.wasm -o program.stitch --strip-names --fuel

An engine reads an archive if its configuration has the same options; see `Module::deserialize`
in the library's documentation. The other commands run the module in an archive.";

/// The arguments of `backstitch compile`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Write the archive to this file
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,

    /// Leave the names and the debugging information of the module out
    #[arg(long)]
    strip_names: bool,

    /// For engines that count fuel (`Config::consume_fuel`)
    #[arg(long)]
    fuel: bool,

    /// For engines with epochs (`Config::epoch_interruption`)
    #[arg(long)]
    epochs: bool,

    /// For engines whose stores can be interrupted (`Config::interruptible`)
    #[arg(long)]
    interruptible: bool,

    /// The module, binary or text; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Translates the module and writes the archive.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let source = Source::read(&arguments.file)?;
    let refuse = |error: Error| {
        let description = source.describe(&error);
        Failure::Input(format!("cannot compile `{}`: {description}", source.file))
    };
    let mut config = Config::new();
    config
        .consume_fuel(arguments.fuel)
        .epoch_interruption(arguments.epochs)
        .interruptible(arguments.interruptible);
    let engine = Engine::new(&config).map_err(refuse)?;
    // With its names, so that an error has them.
    let mut module = source.load(&engine).map_err(refuse)?;
    if arguments.strip_names {
        let binary = ModuleBytes::from(without_names(&source.binary));
        module = Module::from_shared(&engine, &binary).map_err(refuse)?;
    }
    let archive = module.serialize().map_err(refuse)?;
    output::write(&arguments.output, &archive)
}

/// Returns a valid module without its name section, debugging information and list of producers.
fn without_names(binary: &[u8]) -> Vec<u8> {
    let mut module = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(binary) {
        let Ok(payload) = payload else {
            break;
        };
        if let Payload::CustomSection(section) = &payload
            && is_for_people(section.name())
        {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let data = &binary[range.start as usize..range.end as usize];
            module.section(&RawSection { id, data });
        }
    }
    module.finish()
}

/// Returns whether a custom section says only what people read.
fn is_for_people(name: &str) -> bool {
    const NAMES: [&str; 4] = [
        "name",
        "producers",
        "external_debug_info",
        "sourceMappingURL",
    ];
    NAMES.contains(&name) || name.starts_with(".debug_")
}
