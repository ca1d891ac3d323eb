//! Writes two copies of each of the library's examples, one that uses Backstitch and one that uses
//! Wasmtime, and lists them as modules for `tests/examples.rs`.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Import line of an example, and the line that replaces it for Wasmtime.
const IMPORT: (&str, &str) = ("use backstitch::*;", "use wasmtime::*;");

fn main() {
    let examples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"));
    println!("cargo::rerun-if-changed={}", examples.display());
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut names: Vec<_> = fs::read_dir(examples)
        .expect("the folder of examples")
        .map(|entry| entry.expect("a readable entry of the folder").path())
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
        writeln!(modules, "mod {engine} {{").expect("writing to a string cannot fail");
        for name in &names {
            let original = examples.join(name).with_extension("rs");
            let source = fs::read_to_string(&original).expect("readable examples");
            // No other line may name the library.
            assert_eq!(
                source.matches("backstitch").count(),
                1,
                "{name} names the library outside its import line"
            );
            assert!(
                source.lines().any(|line| line == IMPORT.0),
                "{name}: {}",
                IMPORT.0
            );
            // The test is in another module, so `main` has to be public.
            let source = source
                .replace(IMPORT.0, import)
                .replace("\nfn main(", "\npub fn main(");
            let copy = output.join(format!("{engine}-{name}.rs"));
            fs::write(&copy, source).expect("the copy can be written");
            writeln!(modules, "#[path = {copy:?}] pub mod {name};")
                .expect("writing to a string cannot fail");
        }
        writeln!(modules, "}}").expect("writing to a string cannot fail");
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
    .expect("writing to a string cannot fail");
    fs::write(output.join("examples.rs"), modules).expect("the list can be written");
}
