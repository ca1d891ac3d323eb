//! The commands in the README, in `CONTRIBUTING.md` and in the pages of `docs` work as written.
//!
//! * Blocks marked `console` contain commands after `$ `, each followed by its output, in which
//!   a line `…` stands for any text. The commands are run, and their output is compared.
//! * Blocks marked `sh` contain commands. Those of `backstitch` are run, and exit with 0 or with
//!   the code in a comment `# exit code N`. All others stand in `.ci/run`, which runs them.
//!
//! Blocks with any other mark are not read: those that install packages, for example, are
//! marked `text`.

#[allow(dead_code)]
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

/// Returns the pages, as paths from the root.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<_> = fs::read_dir(root().join("docs"))
        .expect("the folder of pages")
        .map(|entry| Path::new("docs").join(entry.expect("an entry of the folder").file_name()))
        .collect();
    pages.extend(["README.md", "CONTRIBUTING.md"].map(PathBuf::from));
    pages.sort();
    pages
}

/// Returns the mark and the contents of each block of a page.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    // Every other part is a block, and begins with its mark.
    let parts = page.split("\n```").skip(1).step_by(2);
    parts
        .map(|part| part.split_once('\n').expect("a mark ends its line"))
        .collect()
}

/// Creates a folder with the examples, for the commands of a page.
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

/// Runs `backstitch` in the folder. Returns the exit code and everything printed.
fn run(arguments: &str, folder: &Path) -> (Option<i32>, String) {
    for argument in arguments.split_whitespace() {
        let folders = ["benches/", "examples/", "spec-tests/"];
        let is_mapped = argument.contains('=');
        let path = argument.rsplit('=').next().unwrap_or(argument);
        let inside = folders.iter().any(|folder| path.starts_with(folder));
        if inside && root().join(path).is_file() {
            copy(Path::new(path), folder);
        } else if inside && is_mapped {
            for entry in fs::read_dir(root().join(path)).expect("a folder of sources") {
                let file = Path::new(path).join(entry.expect("an entry of it").file_name());
                if root().join(&file).is_file() {
                    copy(&file, folder);
                }
            }
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
fn c16_commands_work_as_the_pages_show() {
    let script = text(&root().join(".ci/run"));
    let mut count = 0;
    for path in pages() {
        let page = text(&root().join(&path));
        let folder = folder(&path);
        for (mark, block) in blocks(&page) {
            match mark {
                "console" => count += shown_commands(block, &folder),
                "sh" => block
                    .lines()
                    .for_each(|line| command_works(line, &folder, &script)),
                _ => {}
            }
        }
    }
    assert!(count > 10, "only {count} commands are found");
}

/// Runs the commands of a block and compares their output. Returns the number of commands.
fn shown_commands(block: &str, folder: &Path) -> usize {
    let text = format!("\n{block}\n");
    let commands = text.split("\n$ ").skip(1);
    commands
        .map(|command| {
            let (line, expected) = command.split_once('\n').unwrap_or((command, ""));
            let arguments = line.strip_prefix("backstitch ");
            let arguments = arguments.unwrap_or_else(|| panic!("not a command of ours: {line}"));
            // The end of the last line belongs to the start of the next command.
            let is_ended = expected.is_empty() || expected.ends_with('\n');
            let expected = format!("{expected}{}", if is_ended { "" } else { "\n" });
            compare(line, &run(arguments, folder).1, &expected);
        })
        .count()
}

/// Fails unless the command of a line works, or stands in the script.
#[track_caller]
fn command_works(line: &str, folder: &Path, script: &str) {
    let (command, comment) = line.split_once('#').unwrap_or((line, ""));
    let command = command.trim();
    let Some(arguments) = command.strip_prefix("backstitch ") else {
        let is_run = command.is_empty() || script.lines().any(|line| is_command(line, command));
        assert!(is_run, "`{command}` is not in .ci/run");
        return;
    };
    let expected = comment.split_once("exit code ").map_or(0, |(_, code)| {
        let end = code.find(|c: char| !c.is_ascii_digit());
        code[..end.unwrap_or(code.len())].parse().expect("a number")
    });
    let (code, printed) = run(arguments, folder);
    assert_eq!(code, Some(expected), "`{command}` prints\n{printed}");
}

/// Returns whether a line of a script is the command, with nothing behind it but a redirection.
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
