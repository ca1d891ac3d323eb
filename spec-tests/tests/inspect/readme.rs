//! The section "From a trap to its cause" of the README: its commands must print the output shown
//! there.

use crate::command::{file, program};
use std::path::Path;
use std::process::Command;

const HEADING: &str = "\n## From a trap to its cause\n";

/// Returns the commands of the section, each with its output in the README.
fn commands(readme: &str) -> Vec<(String, String)> {
    let (_, section) = readme.split_once(HEADING).expect("the section exists");
    let section = section.split("\n## ").next().unwrap_or(section);
    let blocks = section.split("```console\n").skip(1);
    let mut commands = Vec::new();
    for block in blocks.filter_map(|block| block.split("```").next()) {
        for command in block.split("$ backstitch ").skip(1) {
            let (arguments, output) = command.split_once('\n').expect("a command ends its line");
            commands.push((arguments.to_string(), output.to_string()));
        }
    }
    commands
}

#[test]
fn c16_the_readmes_commands_print_what_it_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = |name: &str| std::fs::read_to_string(root.join(name)).expect("the file can be read");
    let module = file("readme/examples/bakery.wat", text("examples/bakery.wat"));
    let folder = module.ancestors().nth(2).expect("the path has two parents");
    let commands = commands(&text("README.md"));
    assert!(commands.len() >= 4, "{commands:?}");
    for (arguments, expected) in commands {
        let output = Command::new(program())
            .args(arguments.split_whitespace())
            .current_dir(folder)
            .output()
            .expect("the command can be started");
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8(printed).expect("the output is text");
        // The README marks omissions with "…".
        let mut rest = &*printed;
        for part in expected.split("…\n") {
            let at = rest.find(part);
            let at = at.unwrap_or_else(|| panic!("`{part}` is not in\n{printed}"));
            rest = &rest[at + part.len()..];
        }
        assert!(
            expected.contains("…\n") || printed == expected,
            "{arguments} prints\n{printed}"
        );
    }
}
