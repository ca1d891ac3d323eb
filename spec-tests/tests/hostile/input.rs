//! Invalid files on the command line: exit code 1, with a message that gives the error and its
//! position.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Returns the command's program, built with this test's profile, as in `tests/cli.rs`.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
        let path = std::env::current_exe().unwrap_or_default();
        let is_release = path.components().any(|part| part.as_os_str() == "release");
        let output = Command::new(cargo)
            .args([
                "build",
                "--quiet",
                "--bin",
                "backstitch",
                "--features",
                "cli",
            ])
            .args(["--message-format", "json-render-diagnostics"])
            .args(["--profile", if is_release { "release" } else { "dev" }])
            .arg("--manifest-path")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo can be started");
        assert!(output.status.success(), "the command does not build");
        let messages = String::from_utf8_lossy(&output.stdout);
        let (_, path) = messages
            .rsplit_once("\"executable\":\"")
            .expect("cargo prints the program's path");
        let (path, _) = path.split_once('"').expect("the path ends");
        // The messages are JSON, in which a backslash of a Windows path is escaped.
        PathBuf::from(path.replace("\\\\", "\\"))
    })
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn file(name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, contents).unwrap();
    path
}

/// Runs `backstitch COMMAND PATH`. Fails unless it exits with 1 and prints all `parts`.
#[track_caller]
fn refused(command: &str, path: &Path, parts: &[&str]) {
    let arguments = [OsStr::new(command), path.as_os_str()];
    let output = Command::new(program())
        .args(arguments)
        .output()
        .expect("the command can be started");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{command} {}: {text}",
        path.display()
    );
    assert!(
        text.starts_with("Error: "),
        "{command} {}: {text}",
        path.display()
    );
    // The message must be short, no matter what the file contains.
    assert!(
        text.len() < 4096,
        "{command} {}: {} bytes of text",
        path.display(),
        text.len()
    );
    for part in parts {
        assert!(
            text.contains(part),
            "{command} {}: no `{part}` in {text}",
            path.display()
        );
    }
}

#[test]
fn invalid_modules_are_refused() {
    let cases: [(&str, Vec<u8>, &[&str]); 16] = [
        (
            "binary.wasm",
            (0..=255).collect(),
            &["not a WebAssembly module"],
        ),
        ("zeros.wasm", vec![0; 100], &["not a WebAssembly module"]),
        (
            "elf.wasm",
            b"\x7fELF\x02\x01\x01\0\0\xff".to_vec(),
            &["is an ELF file"],
        ),
        (
            "magic.wasm",
            b"\0asm".to_vec(),
            &["cannot load", "offset 0x4"],
        ),
        (
            "version.wasm",
            b"\0asm\x02\0\0\0".to_vec(),
            &["WebAssembly of version 2"],
        ),
        (
            "component.wasm",
            b"\0asm\x0d\0\x01\0".to_vec(),
            &["is a WebAssembly component", "wasm32-wasip1"],
        ),
        (
            "section.wasm",
            b"\0asm\x01\0\0\0\x7f\0".to_vec(),
            &["cannot load", "offset"],
        ),
        (
            "cut.wasm",
            b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\x0f".to_vec(),
            &["cannot load", "offset"],
        ),
        ("empty.wasm", Vec::new(), &["is empty"]),
        ("blank.wat", b" \n\t\n".to_vec(), &["is empty"]),
        ("paren.wat", b"(module".to_vec(), &["paren.wat:1:8"]),
        ("more.wat", b"(module))".to_vec(), &["more.wat:1:"]),
        ("word.wat", b"hello".to_vec(), &["word.wat:1:1"]),
        (
            "string.wat",
            b"(module (data \"".to_vec(),
            &["string.wat:1:"],
        ),
        (
            "line.wat",
            b"(module\n\n  (func $f\n    (i32.frob)))".to_vec(),
            &["line.wat:4:6", "i32.frob"],
        ),
        (
            "comment.wat",
            b"(; (; ;) (module)".to_vec(),
            &["comment.wat:1:"],
        ),
    ];
    for (name, contents, parts) in cases {
        let path = file(name, contents);
        for command in ["run", "dis"] {
            refused(command, &path, &[parts, &[name]].concat());
        }
    }
}

#[test]
fn unreadable_files_are_refused() {
    for command in ["run", "dis"] {
        refused(command, &folder(), &["cannot read", "hostile"]);
        refused(
            command,
            &folder().join("absent.wasm"),
            &["cannot read", "absent.wasm"],
        );
    }
    refused(
        "wast",
        &folder().join("absent.wast"),
        &["cannot read", "absent.wast"],
    );
}

#[test]
fn text_with_too_deep_nesting() {
    let nested = |open: &str, close: &str| {
        format!(
            "(module (func {}{}))",
            open.repeat(200_000),
            close.repeat(200_000)
        )
    };
    let path = file("parens.wat", "(".repeat(1_000_000));
    refused("run", &path, &["parens.wat:1:"]);
    // Such deep nesting of folded instructions may be accepted, but must not overflow the native
    // stack.
    for (name, open, close) in [
        ("blocks.wat", "(block ", ")"),
        ("values.wat", "(drop (i32.eqz (i32.const 0", ")))"),
    ] {
        let path = file(name, nested(open, close));
        let output = Command::new(program())
            .arg("run")
            .arg(&path)
            .output()
            .expect("the command can be started");
        assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
    }
}
