//! The rules that the source tree keeps, read from the source itself: who may name whom,
//! where `unsafe` stands, what may not be there at all.

#[path = "structure/source.rs"]
mod source;

use source::{Source, sources};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Which folders the files of a folder may name. (Its own are not listed.)
///
/// `translate` and `execute` meet in `code` alone; nothing below `api` names it, and so
/// nothing knows the embedder's `T`; `walk` looks at everything and touches nothing.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("support", &[]),
    ("module", &["code", "support"]),
    ("code", &["module", "support"]),
    ("translate", &["code", "module", "stack", "support"]),
    ("stack", &["code", "heap", "module", "support"]),
    ("heap", &["code", "module", "stack", "support"]),
    ("execute", &["code", "heap", "module", "stack", "support"]),
    (
        "walk",
        &["code", "heap", "module", "stack", "support", "translate"],
    ),
    (
        "api",
        &[
            "code",
            "execute",
            "heap",
            "module",
            "stack",
            "support",
            "translate",
            "walk",
        ],
    ),
    // A user of the API, like an embedder; below it, the tools alone.
    ("wasi", &["api", "support"]),
    // The command is a user of the library like any other.
    ("cli", &[]),
];

/// What of a folder others may name, where that is not all that it makes public.
const MAY_BE_NAMED: &[(&str, &str, &[&str])] = &[
    // The map from cells back to operators, and what it is made of.
    (
        "walk",
        "translate",
        &[
            "frame_map",
            "FrameMap",
            "Kind",
            "Size",
            "Source",
            "Variable",
        ],
    ),
    // What the registers point to, not what it is.
    ("stack", "code", &["CodeHeader"]),
    // Numbers and distances that both sides of the record agree on, no stacks.
    ("translate", "stack", &["RECORD_SLOTS", "RED_ZONE_SLOTS"]),
];

/// Where `unsafe` may stand.
const UNSAFE: &[&str] = &["execute", "stack", "heap", "support"];

/// The embedder's types, which nothing below `api` may mention.
const GENERIC: &[&str] = &[
    "StoreContext",
    "StoreContextMut",
    "AsContext",
    "AsContextMut",
    "Caller",
    "Linker",
];

/// Maps and sets without an order.
const UNORDERED: &[&str] = &[
    "HashMap",
    "HashSet",
    "HashTable",
    "hash_map",
    "hash_set",
    "hash_table",
    "hashbrown",
];

/// What work in progress leaves behind.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

/// No file is longer,
const LONGEST: usize = 800;
/// but for a table, of which nobody reads more than a few rows.
const TABLE: &str = "src/code/fusion_rows.rs";

/// All that may stand beside `src`.
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

/// Fails with all of the violations at once.
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

/// The library's and the command's files.
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
                // The root's own names are the API's, but for the macros for errors and what
                // they expand to.
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
    // Were these not found, nothing would be.
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
            if !source
                .folder()
                .is_some_and(|folder| UNSAFE.contains(&folder))
            {
                violations.push(format!("{}: unsafe", source.at(token.line)));
            }
            let next = source
                .tokens
                .get(index + 1)
                .map(|token| token.text.as_str());
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
        "Unsafe code stands in the core, and says why it is sound",
        violations,
    );
}

#[test]
fn nothing_below_the_api_knows_the_embedders_data() {
    let mut violations = Vec::new();
    for source in library() {
        if matches!(source.folder(), None | Some("api" | "wasi" | "cli")) {
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
        "Nothing below the API knows the embedder's data",
        violations,
    );
}

/// A function's cells and its operators are matched in `sites`. Observers ask the frame
/// map, which asks there.
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
                "frame_map" if !matches!(source.folder(), Some("translate" | "walk")) => {
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
        "the offset of a cell's operator is decided in one place, and asked for through another"
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
        "Output depends on the input alone: no map without an order",
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
                // Put together here, so that this file passes.
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
        if source.lines > LONGEST && source.path != TABLE {
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
        "Each file says what it is, and is no longer than an idea",
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
        "What stands beside the sources is what everybody expects",
        violations,
    );
}

/// The behaviours of the walk that no test can show yet: there are no shared memories.
const UNTESTED: &[&str] = &["C4"];

/// Each behaviour that the walk's contract names has a test that begins with its name:
/// `b5_…`, `c02_c14_…`. (The contract is beside the workspace on some machines only.)
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

/// `b05` and `B5` as `B5`; none for what names no row.
fn row_named(name: &str) -> Option<String> {
    let (letter, number) = name.split_at_checked(1)?;
    let is_row = matches!(letter, "b" | "c" | "e" | "B" | "C" | "E");
    let number: u32 = number.parse().ok()?;
    is_row.then(|| format!("{}{number}", letter.to_uppercase()))
}
