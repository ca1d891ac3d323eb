//! Debugging information in other files than the module (D1): each must give the output of a module that
//! has the same debugging information itself.

use crate::command::{Run, backstitch};
use backstitch::{Symbolizer, embed_debug_info};
use std::fs;
use std::path::{Path, PathBuf};
use wasm_encoder::{CustomSection, Encode, Module, RawSection};
use wasmparser::{Parser, Payload};

const PACKAGE: &str = "external/programs.dwp";

/// Modules with debugging information, the same ones with it in other files, and the option for that.
const PAIRS: &[(&str, &str, Option<&str>)] = &[
    ("modules/orders.wasm", "external/orders.wasm", None),
    (
        "modules/orders.wasm",
        "external/orders_split.wasm",
        Some(PACKAGE),
    ),
    (
        "modules/shapes.wasm",
        "external/shapes_split.wasm",
        Some(PACKAGE),
    ),
    (
        "modules/orders_dwarf5.wasm",
        "external/orders_dwarf5_split.wasm",
        None,
    ),
];

fn file(name: &str) -> String {
    format!("{}/dwarf/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Returns an empty folder for a test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("debug_files")
        .join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("the folder can be made");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

/// Returns the parts of a command with the option for a file with debugging information.
fn with<'a>(command: &[&'a str], package: Option<&'a str>) -> Vec<&'a str> {
    let option = package.map(|path| ["--debug-info", path]);
    let (first, rest) = command.split_at(1);
    [
        first,
        option.as_ref().map_or(&[], |option| &option[..]),
        rest,
    ]
    .concat()
}

/// Returns everything that the commands print of a module's debugging information.
fn seen(module: &str, package: Option<&str>) -> String {
    let package = package.map(file);
    let package = package.as_deref();
    let module = &file(module);
    let folder = folder("seen");
    let dump = folder.join("program.core");
    let dump = text(&dump);
    let mut seen = String::new();
    for kind in ["1", "2", "3"] {
        let command = ["run", "--coredump", dump, "--invoke", "run", module, kind];
        let run = backstitch(with(&command, package));
        seen += &run.err;
        // The compiler may have removed what traps.
        if run.code != Some(134) {
            continue;
        }
        for frame in ["0", "1"] {
            let command = ["inspect", dump, "--module", module, "--frame", frame];
            let run = backstitch(with(&command, package));
            seen += &format!("{}{}", run.out, run.err);
        }
    }
    let run = backstitch(with(&["dis", module], package));
    assert_eq!((run.code, &*run.err), (Some(0), ""));
    seen += &run.out;
    let lcov = folder.join("program.info");
    let command = [
        "run",
        "--coverage",
        text(&lcov),
        "--invoke",
        "run",
        module,
        "1",
    ];
    backstitch(with(&command, package));
    seen += &fs::read_to_string(&lcov).expect("coverage is written");
    seen
}

/// Returns the words of a line that are not hexadecimal: the tools that split files move the code.
fn without_offsets(line: &str) -> Vec<&str> {
    let words = line.split_whitespace();
    words.filter(|word| !word.starts_with("0x")).collect()
}

#[test]
fn d1_debugging_information_in_files_is_that_in_modules() {
    for (inside, outside, package) in PAIRS {
        let (inside, outside) = (seen(inside, None), seen(outside, *package));
        assert_eq!(inside.lines().count(), outside.lines().count());
        for (inside, outside) in inside.lines().zip(outside.lines()) {
            assert_eq!(without_offsets(inside), without_offsets(outside));
        }
        assert!(inside.contains("variables of") && inside.contains("/programs/"));
    }
}

/// Copies a module without its section `external_debug_info`, and with further sections.
fn copy(module: &str, sections: &[(&str, &[u8])]) -> Vec<u8> {
    let bytes = fs::read(file(module)).expect("the module is there");
    let mut copy = Module::new();
    for payload in Parser::new(0).parse_all(&bytes) {
        let payload = payload.expect("the module is well-formed");
        if let Payload::CustomSection(section) = &payload
            && section.name() == "external_debug_info"
        {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let data = &bytes[range.start as usize..range.end as usize];
            copy.section(&RawSection { id, data });
        }
    }
    for (name, data) in sections {
        copy.section(&CustomSection {
            name: (*name).into(),
            data: (*data).into(),
        });
    }
    copy.finish()
}

/// Writes a module that names a file with debugging information.
fn naming(folder: &Path, name: &str) -> PathBuf {
    let mut data = Vec::new();
    name.encode(&mut data);
    let path = folder.join("program.wasm");
    let module = copy("external/orders.wasm", &[("external_debug_info", &data)]);
    fs::write(&path, module).expect("the module can be written");
    path
}

fn trap(module: &Path, options: &[&str]) -> Run {
    let command = ["--invoke", "run", text(module), "1"];
    let run = backstitch([&["run"], options, &command].concat());
    assert_eq!(run.code, Some(134), "{}", run.err);
    run
}

const LINE: &str = "/programs/orders.c:21:18";

#[test]
fn d1_files_that_cannot_be_used_are_named() {
    let folder = folder("unusable");
    let module = naming(&folder, "https://example.org/orders.wasm");
    let run = trap(&module, &[]);
    assert!(!run.err.contains(LINE));
    run.says(&[
        "at `https://example.org/orders.wasm`, which is not fetched",
        "--debug-info",
    ]);
    // The option replaces what the module says.
    let given = file("external/orders.debug.wasm");
    let run = trap(&module, &["--debug-info", &given]);
    assert!(
        run.err.contains(LINE) && !run.err.contains("https"),
        "{}",
        run.err
    );
    // Only a backtrace needs the file.
    let run = backstitch(["run", "--invoke", "run", text(&module), "0"]);
    assert_eq!((run.code, &*run.err), (Some(0), ""));

    // An absolute path, and the folder itself, a missing file, and files of other kinds.
    let module = naming(&folder, &given);
    assert!(trap(&module, &[]).err.contains(LINE));
    let module = naming(&folder, "missing.wasm");
    trap(&module, &[]).says(&["missing.wasm` is not used as debugging information: "]);
    let module = naming(&folder, ".");
    trap(&module, &[]).says(&["is not used as debugging information: it is not a regular file"]);
    fs::write(folder.join("secret"), "secret").expect("the file can be written");
    let run = trap(&naming(&folder, "secret"), &[]);
    run.says(&["secret` is not used as debugging information: it is not a WebAssembly module"]);
    let module = naming(&folder, "program.wasm");
    trap(&module, &[]).says(&["it has none"]);
    // The debugging information of another module, which has code.
    let other = file("modules/shapes.wasm");
    trap(&module, &["--debug-info", &other]).says(&["is that of another module"]);
}

#[test]
fn d1_build_ids_are_compared() {
    let folder = folder("build_ids");
    let paths = [folder.join("program.wasm"), folder.join("other.wasm")];
    for (path, id) in paths.iter().zip([b"\x01a", b"\x01b"]) {
        let from = match path.ends_with("program.wasm") {
            true => "external/orders.wasm",
            false => "external/orders.debug.wasm",
        };
        fs::write(path, copy(from, &[("build_id", id)])).expect("the file can be written");
    }
    let run = trap(&paths[0], &["--debug-info", text(&paths[1])]);
    run.says(&["is that of another module"]);
}

#[test]
fn d1_debugging_information_is_embedded() {
    let read = |name: &str| fs::read(file(name)).expect("the file is there");
    let (module, debug) = (
        read("external/orders.wasm"),
        read("external/orders.debug.wasm"),
    );
    let embedded = embed_debug_info(&module, &[&debug]).expect("they fit");
    let embedded = embedded.expect("the file has debugging information");
    assert!(embedded.starts_with(&module));
    let ours = Symbolizer::new(&embedded)
        .expect("DWARF")
        .expect("there is some");
    let theirs = Symbolizer::with_files(&module, &[&debug]);
    let theirs = theirs.expect("DWARF").expect("there is some");
    for offset in 0..module.len() as u64 {
        assert_eq!(ours.symbols(offset), theirs.symbols(offset));
    }
    // A module that has some keeps it, and without the file there is none.
    assert_eq!(
        embed_debug_info(&embedded, &[&debug]).expect("they fit"),
        None
    );
    assert_eq!(embed_debug_info(&module, &[]).expect("a module"), None);
    assert!(embed_debug_info(&module, &[&read("modules/shapes.wasm")]).is_err());
}
