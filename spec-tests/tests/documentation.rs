//! The commands in the README, in `CONTRIBUTING.md` and in the pages of `docs` work as written.
//!
//! * Blocks marked `console` contain commands after `$ `, each followed by its output, in which
//!   a line `…` stands for any text. The commands are run, and their output is compared.
//! * Blocks marked `sh` contain commands. Those of `backstitch` are run, and exit with 0 or with
//!   the code in a comment `# exit code N`. All others stand in `.ci/run`, which runs them.
//!
//! Blocks with any other mark are not read: those that install packages, for example, are
//! marked `text`.

mod command;

use command::program;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pages, as paths from the root.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<_> = fs::read_dir(root().join("docs"))
        .expect("the folder of pages")
        .map(|entry| Path::new("docs").join(entry.expect("an entry of the folder").file_name()))
        .collect();
    pages.extend(["README.md", "CONTRIBUTING.md"].map(PathBuf::from));
    pages.sort();
    pages
}

/// The contents of the page's blocks with this mark.
fn blocks<'page>(page: &'page str, mark: &str) -> Vec<&'page str> {
    let start = format!("\n```{mark}\n");
    let blocks = page.split(&start[..]).skip(1);
    blocks
        .map(|rest| rest.split_once("\n```").expect("a block ends").0)
        .collect()
}

/// An empty folder with the examples, for the commands of a page.
fn folder(page: &Path) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("documentation")
        .join(page.file_stem().expect("a page has a name"));
    let _ = fs::remove_dir_all(&folder);
    for entry in fs::read_dir(root().join("examples")).expect("the folder of examples") {
        let name = entry.expect("an entry of the folder").file_name();
        if Path::new(&name).extension().is_some_and(|it| it == "wat") {
            copy(&Path::new("examples").join(name), &folder);
        }
    }
    folder
}

/// Copies a file of the repository to the same place in the folder.
fn copy(file: &Path, folder: &Path) {
    let to = folder.join(file);
    fs::create_dir_all(to.parent().expect("the file is in a folder")).expect("a new folder");
    fs::copy(root().join(file), to).expect("the file can be copied");
}

/// Runs `backstitch` with arguments, in the folder; the exit code and everything printed.
fn run(arguments: &str, folder: &Path) -> (Option<i32>, String) {
    for argument in arguments.split_whitespace() {
        let inside = argument.starts_with("benches/") || argument.starts_with("examples/");
        if inside && root().join(argument).is_file() {
            copy(Path::new(argument), folder);
        }
    }
    let output = Command::new(program())
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("the command can be run");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8(printed).expect("the output is text");
    (output.status.code(), printed)
}

/// Fails unless the printed text is the expected one, in which `…` stands for any text.
#[track_caller]
fn compare(command: &str, printed: &str, expected: &str) {
    let mut rest = printed;
    let parts: Vec<_> = expected.split("…\n").collect();
    for (index, part) in parts.iter().enumerate() {
        let at = match index {
            0 => rest.starts_with(part).then_some(0),
            _ => rest.find(part),
        };
        let at = at.unwrap_or_else(|| panic!("{command}: `{part}` is not in\n{printed}"));
        rest = &rest[at + part.len()..];
    }
    let is_whole = parts.last().is_some_and(|last| last.is_empty()) && parts.len() > 1;
    assert!(is_whole || rest.is_empty(), "{command} prints\n{printed}");
}

#[test]
fn c16_commands_print_what_the_pages_show() {
    let mut count = 0;
    for path in pages() {
        let page = text(&root().join(&path));
        let folder = folder(&path);
        for block in blocks(&page, "console") {
            for command in format!("\n{block}\n").split("\n$ ").skip(1) {
                let (line, expected) = command.split_once('\n').unwrap_or((command, ""));
                let arguments = line.strip_prefix("backstitch ");
                let arguments = arguments.unwrap_or_else(|| panic!("{}: {line}", path.display()));
                // The next command's `$` took the end of the last line.
                let ends = expected.is_empty() || expected.ends_with('\n');
                let expected = format!("{expected}{}", if ends { "" } else { "\n" });
                let (_, printed) = run(arguments, &folder);
                compare(line, &printed, &expected);
                count += 1;
            }
        }
    }
    assert!(count > 10, "only {count} commands are found");
}

#[test]
fn other_commands_work_or_are_run_by_ci() {
    let script = text(&root().join(".ci/run"));
    let mut wrong = Vec::new();
    for path in pages() {
        let page = text(&root().join(&path));
        let folder = folder(&path.with_extension("sh.md"));
        for line in blocks(&page, "sh").iter().flat_map(|block| block.lines()) {
            let (command, comment) = line.split_once('#').unwrap_or((line, ""));
            let command = command.trim();
            if command.is_empty() {
                continue;
            }
            if let Some(arguments) = command.strip_prefix("backstitch ") {
                let code = comment.split_once("exit code ").map_or(0, |(_, code)| {
                    let digits = code.find(|c: char| !c.is_ascii_digit());
                    code[..digits.unwrap_or(code.len())]
                        .parse()
                        .expect("a number")
                });
                if run(arguments, &folder).0 != Some(code) {
                    wrong.push(format!("{}: `{command}` fails", path.display()));
                }
            } else if !script.lines().any(|line| is_command(line, command)) {
                wrong.push(format!("{}: `{command}` is not in .ci/run", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whether a line of a script is the command, with nothing behind it but a redirection.
fn is_command(line: &str, command: &str) -> bool {
    let rest = line.trim().strip_prefix(command);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" 2>") || rest.starts_with(" |"))
}

/// Links between the pages, and from them to files, lead to files.
#[test]
fn links_lead_to_files() {
    let mut wrong = Vec::new();
    for path in pages() {
        let full = root().join(&path);
        for link in text(&full).split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap_or_default();
            let is_file = !target.is_empty() && !target.contains("://");
            if is_file && !full.with_file_name(target).exists() {
                wrong.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
