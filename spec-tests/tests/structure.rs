//! Rules for the source tree, checked by reading the sources: which folder may name which, where
//! `unsafe` is allowed, and what is not allowed anywhere.

#[path = "structure/source.rs"]
mod source;

use source::{Source, sources};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Folders that the files of each folder may name, besides their own.
///
/// `ids` and `support` are at the bottom. `translate` and `execute` meet in `code` alone.
/// Nothing below `api` names it, so nothing there depends on the embedder's `T`. `walk` reads
/// the other folders and changes none.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("support", &[]),
    ("ids", &[]),
    // The source of a module's code, from its bytes alone.
    ("dwarf", &["support"]),
    ("code", &["ids", "support"]),
    ("module", &["code", "ids", "support"]),
    ("translate", &["code", "ids", "module", "stack", "support"]),
    ("stack", &["code", "heap", "ids", "module", "support"]),
    ("heap", &["code", "ids", "module", "stack", "support"]),
    (
        "execute",
        &["code", "heap", "ids", "module", "stack", "support"],
    ),
    (
        "walk",
        &[
            "code",
            "heap",
            "ids",
            "module",
            "stack",
            "support",
            "translate",
        ],
    ),
    // What `walk` has written becomes a store again, and `execute` begins its calls.
    (
        "restore",
        &[
            "code",
            "execute",
            "heap",
            "ids",
            "module",
            "stack",
            "support",
            "translate",
            "walk",
        ],
    ),
    // So do frames whose functions get other code.
    (
        "probe",
        &[
            "code",
            "heap",
            "ids",
            "module",
            "stack",
            "support",
            "translate",
            "walk",
        ],
    ),
    (
        "api",
        &[
            "code",
            "dwarf",
            "execute",
            "heap",
            "ids",
            "module",
            "probe",
            "restore",
            "stack",
            "support",
            "translate",
            "walk",
        ],
    ),
    // WASI uses the API as an embedder does, and the tools of `support`.
    ("wasi", &["api", "scheduler", "support"]),
    // So do the scheduler, the profiler and the debug server.
    ("debug", &["api", "support"]),
    ("scheduler", &["api", "support"]),
    ("profiler", &["api", "support"]),
    // The command uses the library as any other program does.
    ("cli", &[]),
];

/// Items of a folder that another one may name, for pairs of folders where that is less than
/// everything public.
const MAY_BE_NAMED: &[(&str, &str, &[&str])] = &[
    // The map from cells back to instructions, and its parts.
    (
        "walk",
        "translate",
        &[
            "frame_map",
            "FrameMap",
            "Class",
            "Kind",
            "Size",
            "Source",
            "Variable",
        ],
    ),
    (
        "restore",
        "translate",
        &["frame_map", "FrameMap", "Kind", "Source", "Variable"],
    ),
    // A module holds its published code. It has no access to opcodes or operands.
    (
        "module",
        "code",
        &[
            "AccessKind",
            "CodeBlock",
            "CodeHeader",
            "Entry",
            "HandlerTable",
            "ModuleCode",
            "fingerprint",
        ],
    ),
    // The types that pointers in the context and in frames point to. The store that owns
    // these structures stays out of reach.
    ("stack", "code", &["CodeHeader"]),
    (
        "stack",
        "heap",
        &["FuncObject", "GlobalCell", "InstanceCore", "ObjectCore"],
    ),
    (
        "stack",
        "module",
        &["EngineInner", "ListedModule", "MODULES"],
    ),
    // A store owns its stacks. It does not read frames: its `trace_stack` hook does, some at a time,
    // from the position that it returned before.
    (
        "heap",
        "stack",
        &["BOUNDARY_SLOTS", "ExitPoint", "StackState", "Stacks"],
    ),
    // A function's code, by the place where it is published, and reasons for failures.
    ("heap", "code", &["AccessKind", "Entry", "Trap"]),
    // The size of a record, which a frame's layout depends on.
    ("translate", "stack", &["RECORD_SLOTS"]),
];

/// Folders in which `unsafe` is allowed.
const UNSAFE: &[&str] = &["execute", "stack", "heap", "support"];

/// Files that may have `unsafe` functions, which ask a promise of the embedder, but no unsafe blocks.
const PROMISES: &[&str] = &["src/api/archive.rs"];

/// Types with the embedder's `T`, which nothing below `api` may name.
const GENERIC: &[&str] = &[
    "StoreContext",
    "StoreContextMut",
    "AsContext",
    "AsContextMut",
    "Caller",
    "Linker",
];

/// Maps and sets whose iteration order is not defined.
const UNORDERED: &[&str] = &[
    "HashMap",
    "HashSet",
    "HashTable",
    "hash_map",
    "hash_set",
    "hash_table",
    "hashbrown",
];

/// Macros that unfinished work contains.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

/// Maximum number of lines of a file.
const LONGEST: usize = 800;
/// A table, which may be longer.
const TABLES: [&str; 2] = ["src/code/fusion_rows.rs", "src/code/vector_fusion_rows.rs"];

/// Files and folders that are allowed beside `src`.
const TOP_LEVEL: &[&str] = &[
    ".ci",
    ".git",
    ".gitattributes",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "build.rs",
    "deny.toml",
    "docs",
    "examples",
    "fuzz",
    "no_std-check",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "spec-tests",
    "src",
    "target",
];

/// Fails with all violations, if there are any.
#[track_caller]
fn report(rule: &str, violations: Vec<String>) {
    assert!(
        violations.is_empty(),
        "{rule}:\n  {}",
        violations.join("\n  ")
    );
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Returns the files of the library and the command.
fn library() -> Vec<Source> {
    let sources = sources(&root().join("src"));
    assert!(sources.len() > 80, "the source tree is somewhere else");
    sources
}

#[test]
fn folders_name_only_what_they_may() {
    let allowed: BTreeMap<_, _> = MAY_NAME.iter().copied().collect();
    let restricted: BTreeMap<_, _> = MAY_BE_NAMED
        .iter()
        .map(|&(from, to, names)| ((from, to), names))
        .collect();
    let mut violations = Vec::new();
    let mut seen = BTreeSet::new();
    for source in library() {
        let Some(folder) = source.folder() else {
            continue;
        };
        let Some(may_name) = allowed.get(folder) else {
            violations.push(format!("{}: no rule for this folder", source.path));
            continue;
        };
        for path in source.crate_paths() {
            let Some(first) = path.names.first().map(String::as_str) else {
                continue;
            };
            let Some((to, _)) = allowed.get_key_value(first) else {
                // The root's own names are those of the API, except the macros for errors and
                // their expansions.
                let macros = ["bail", "ensure", "format_err", "error", "Error"];
                if folder != "api" && !macros.contains(&first) {
                    violations.push(format!("{}: names crate::{first}", source.at(path.line)));
                }
                continue;
            };
            if *to == folder {
                continue;
            }
            seen.insert((folder.to_owned(), *to));
            if !may_name.contains(to) {
                violations.push(format!("{}: {folder} names {to}", source.at(path.line)));
            }
            if let Some(names) = restricted.get(&(folder, *to))
                && path
                    .names
                    .get(1)
                    .is_some_and(|name| !names.contains(&name.as_str()))
            {
                let name = path.names.join("::");
                violations.push(format!("{}: {folder} names {name}", source.at(path.line)));
            }
        }
    }
    // If the search works, it finds these.
    for edge in [
        ("walk", "translate"),
        ("execute", "code"),
        ("translate", "code"),
    ] {
        assert!(
            seen.contains(&(edge.0.to_owned(), edge.1)),
            "{edge:?} is not found"
        );
    }
    report("Folders name only what they may", violations);
}

#[test]
fn unsafe_code_is_where_it_may_be_and_says_why() {
    let mut violations = Vec::new();
    let mut blocks = 0;
    for source in library() {
        for (index, token) in source.tokens.iter().enumerate() {
            if token.text != "unsafe" {
                continue;
            }
            let next = source
                .tokens
                .get(index + 1)
                .map(|token| token.text.as_str());
            let is_promise = next == Some("fn") && PROMISES.contains(&source.path.as_str());
            let may_be = source
                .folder()
                .is_some_and(|folder| UNSAFE.contains(&folder));
            if !may_be && !is_promise {
                violations.push(format!("{}: unsafe", source.at(token.line)));
            }
            if matches!(next, Some("{" | "impl")) {
                blocks += 1;
                if !source.is_justified(token.line) {
                    violations.push(format!("{}: no SAFETY comment", source.at(token.line)));
                }
            }
        }
    }
    assert!(blocks > 100, "only {blocks} unsafe blocks are found");
    report(
        "Unsafe code is in the core only, with a reason for its soundness",
        violations,
    );
}

#[test]
fn nothing_below_the_api_knows_the_embedders_data() {
    let mut violations = Vec::new();
    for source in library() {
        if matches!(
            source.folder(),
            None | Some("api" | "debug" | "profiler" | "scheduler" | "wasi" | "cli")
        ) {
            continue;
        }
        for (index, token) in source.tokens.iter().enumerate() {
            let next = source
                .tokens
                .get(index + 1)
                .map(|token| token.text.as_str());
            let store = token.text == "Store" && next == Some("<");
            if store || GENERIC.contains(&token.text.as_str()) {
                violations.push(format!("{}: {}", source.at(token.line), token.text));
            }
        }
    }
    report(
        "Nothing below the API depends on the embedder's data",
        violations,
    );
}

/// A function's cells and its instructions are matched in `sites`. Observers use the frame map,
/// which uses `sites`.
#[test]
fn positions_are_translated_in_one_place() {
    let mut violations = Vec::new();
    let mut definitions = Vec::new();
    for source in library() {
        let path = source.path.as_str();
        for (index, token) in source.tokens.iter().enumerate() {
            match token.text.as_str() {
                "Sites" | "sites" if source.folder() != Some("translate") => {
                    violations.push(format!("{}: names the sites", source.at(token.line)));
                }
                "frame_map"
                    if !matches!(
                        source.folder(),
                        Some("translate" | "walk" | "restore" | "probe")
                    ) =>
                {
                    violations.push(format!("{}: names the frame map", source.at(token.line)));
                }
                "fn" => {
                    let name = &source.tokens[index + 1].text;
                    if name.contains("wasm_offset") || name.contains("wasm_pc") {
                        definitions.push(path.to_owned());
                    }
                }
                _ => {}
            }
        }
    }
    assert_eq!(
        definitions,
        ["src/translate/frame_map.rs", "src/translate/sites.rs"],
        "the offset of a cell's instruction is found in one place, and reached through another"
    );
    report("Positions are translated in one place", violations);
}

#[test]
fn maps_have_an_order() {
    let mut violations = Vec::new();
    for source in library() {
        for token in &source.tokens {
            if UNORDERED.contains(&token.text.as_str()) {
                violations.push(format!("{}: {}", source.at(token.line), token.text));
            }
        }
    }
    report(
        "Output depends on the input alone: all maps have an order",
        violations,
    );
}

#[test]
fn nothing_is_unfinished() {
    let mut violations = Vec::new();
    for folder in ["src", "spec-tests", "examples", "no_std-check", "benches"] {
        for source in sources(&root().join(folder)) {
            for (index, token) in source.tokens.iter().enumerate() {
                let next = source
                    .tokens
                    .get(index + 1)
                    .map(|token| token.text.as_str());
                let unfinished = next == Some("!") && UNFINISHED.contains(&token.text.as_str());
                let before = index.checked_sub(1).map(|index| &source.tokens[index].text);
                let ignored = token.text == "ignore" && before.is_some_and(|text| text == "[");
                if unfinished || ignored {
                    violations.push(format!("{}: {}", source.at(token.line), token.text));
                }
            }
            for (line, comment) in &source.comments {
                // The marks are put together here so that this file passes.
                for mark in [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]].map(|mark| mark.concat()) {
                    if comment.contains(&mark) {
                        violations.push(format!("{}: {mark}", source.at(*line)));
                    }
                }
            }
        }
    }
    report("Nothing is unfinished", violations);
}

#[test]
fn files_introduce_themselves_and_end() {
    let mut violations = Vec::new();
    for source in library() {
        if source.lines > LONGEST && !TABLES.contains(&source.path.as_str()) {
            violations.push(format!("{}: {} lines", source.path, source.lines));
        }
        let introduced = source.text.starts_with("//! ");
        if !introduced {
            violations.push(format!("{}: does not begin with `//! `", source.path));
        }
    }
    for entry in fs::read_dir(root().join("src")).expect("the source tree") {
        let entry = entry.expect("an entry of the source tree");
        let is_folder = entry
            .file_type()
            .expect("an entry of the source tree")
            .is_dir();
        if is_folder && !entry.path().join("mod.rs").exists() {
            violations.push(format!("src/{}: no mod.rs", entry.file_name().display()));
        }
    }
    report(
        "Each file begins with a description and is not too long",
        violations,
    );
}

#[test]
fn the_top_level_is_tidy() {
    let mut violations = Vec::new();
    for entry in fs::read_dir(root()).expect("the checkout") {
        let name = entry.expect("an entry of the checkout").file_name();
        if !TOP_LEVEL.iter().any(|allowed| name == **allowed) {
            violations.push(name.display().to_string());
        }
    }
    report(
        "Only known files and folders are beside the sources",
        violations,
    );
}

/// Behaviours of the walk that no test can show yet: there are no shared memories (C4, C19), and no
/// vectors in modules (C20).
const UNTESTED: &[&str] = &["C4", "C19", "C20"];

/// Each row of the walk's contract has a test whose name begins with the row's: `b5_…`,
/// `c02_c14_…`. (The contract is beside the workspace on some machines only.)
#[test]
fn each_row_of_the_walk_has_a_test() {
    let Ok(contract) = fs::read_to_string(root().join("../shared/docs/walk.md")) else {
        return;
    };
    let rows = contract.lines().filter_map(|line| {
        let cell = line.strip_prefix("| ")?.split([' ', '|']).next()?;
        row_named(cell)
    });
    let rows: BTreeSet<String> = rows.collect();
    assert!(rows.len() > 30, "the contract has another form");
    let mut tested = BTreeSet::new();
    for folder in ["src", "spec-tests/tests", "spec-tests/extended/tests"] {
        for source in sources(&root().join(folder)) {
            let pairs = source.tokens.windows(2);
            for pair in pairs.filter(|pair| pair[0].text == "fn") {
                tested.extend(pair[1].text.split('_').map_while(row_named));
            }
        }
    }
    let untested = rows.difference(&tested).cloned();
    let untested: Vec<String> = untested
        .filter(|row| !UNTESTED.contains(&row.as_str()))
        .collect();
    report("rows of the walk without a test", untested);
}

/// Returns the row that a name stands for, `B5` for `b05` and `B5`, or `None`.
fn row_named(name: &str) -> Option<String> {
    let (letter, number) = name.split_at_checked(1)?;
    let is_row = matches!(letter, "b" | "c" | "e" | "B" | "C" | "E");
    let number: u32 = number.parse().ok()?;
    is_row.then(|| format!("{}{number}", letter.to_uppercase()))
}
