//! Writes each of the library's examples once more with Wasmtime in its import line, and
//! lists both as modules for `tests/examples.rs`.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The line of an example that names the library, and what it becomes.
const IMPORT: (&str, &str) = ("use backstitch::*;", "use wasmtime::*;");

fn main() {
    let examples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"));
    println!("cargo::rerun-if-changed={}", examples.display());
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let mut names: Vec<_> = fs::read_dir(examples)
        .expect("the folder of examples")
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();

    let mut modules = String::new();
    for (engine, import) in [("with_backstitch", IMPORT.0), ("with_wasmtime", IMPORT.1)] {
        writeln!(modules, "mod {engine} {{").expect("a string takes all");
        for name in &names {
            let original = examples.join(name).with_extension("rs");
            let source = fs::read_to_string(&original).expect("readable examples");
            // Nothing else in it may depend on which library it is.
            assert_eq!(
                source.matches("backstitch").count(),
                1,
                "{name} names it elsewhere"
            );
            assert!(
                source.lines().any(|line| line == IMPORT.0),
                "{name}: {}",
                IMPORT.0
            );
            // The test is another module, so the way in has to be a public one.
            let source = source
                .replace(IMPORT.0, import)
                .replace("\nfn main(", "\npub fn main(");
            let copy = output.join(format!("{engine}-{name}.rs"));
            fs::write(&copy, source).expect("room for the copy");
            writeln!(modules, "#[path = {copy:?}] pub mod {name};").expect("a string takes all");
        }
        writeln!(modules, "}}").expect("a string takes all");
    }
    let list: Vec<_> = names
        .iter()
        .map(|name| {
            format!("({name:?}, with_backstitch::{name}::main, with_wasmtime::{name}::main)")
        })
        .collect();
    writeln!(
        modules,
        "const EXAMPLES: &[Example] = &[{}];",
        list.join(", ")
    )
    .expect("a string takes all");
    fs::write(output.join("examples.rs"), modules).expect("room for the list");
}
