//! Runs the `backstitch` command.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Output and exit code of a command.
pub struct Run {
    /// Exit code; `None` if a signal ended the command.
    pub code: Option<i32>,
    /// The standard output.
    pub out: String,
    /// The standard error.
    pub err: String,
}

impl Run {
    /// Fails unless the exit code and the standard output are the given ones.
    #[track_caller]
    pub fn expect(self, code: i32, out: &str) -> Self {
        assert_eq!(
            (self.code, self.out.as_str()),
            (Some(code), out),
            "standard error:\n{}",
            self.err
        );
        self
    }

    /// Fails unless the standard error contains all of these parts.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(
                self.err.contains(part),
                "`{part}` is missing from the standard error:\n{}",
                self.err
            );
        }
        self
    }
}

/// Returns the command's program, built once by the same cargo and with the same profile as this
/// test.
///
/// Cargo gives a test the paths of programs of its own package only, not of another. Building is
/// quick if the program is up to date.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
        let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(1);
        let root = folders.find(|folder| folder.join("spec-tests").is_dir());
        let manifest = root.expect("the workspace's folder").join("Cargo.toml");
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
            .args(["--profile", profile()])
            .arg("--manifest-path")
            .arg(manifest)
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

/// Returns the profile of this test, which is part of the test's own path.
fn profile() -> &'static str {
    let path = std::env::current_exe().unwrap_or_default();
    let is_folder = |name: &str| path.components().any(|part| part.as_os_str() == name);
    if is_folder("release") {
        "release"
    } else {
        "dev"
    }
}

/// Runs the command with these arguments.
pub fn backstitch(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
    let output = Command::new(program())
        .args(arguments)
        .output()
        .expect("the command can be started");
    Run {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Writes a file with the given name for a test.
pub fn file(name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME"));
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, contents).unwrap();
    path
}
