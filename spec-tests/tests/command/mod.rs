//! Running the `backstitch` command, as scripts and people do.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What a command printed and how it ended.
pub struct Run {
    /// The exit code, unless a signal ended it.
    pub code: Option<i32>,
    /// The standard output.
    pub out: String,
    /// The standard error.
    pub err: String,
}

impl Run {
    /// Fails unless it ended with this code and printed this.
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

    /// Fails unless the standard error has all of these parts.
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

/// The command, built once by the same cargo in the same profile as this test.
///
/// Cargo tells a test where the programs of its own package are, but not those
/// of another; a build that has nothing to do is quick.
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
            .expect("cargo can be run");
        assert!(output.status.success(), "the command does not build");
        let messages = String::from_utf8_lossy(&output.stdout);
        let (_, path) = messages
            .rsplit_once("\"executable\":\"")
            .expect("cargo names the program that it built");
        let (path, _) = path.split_once('"').expect("the path ends");
        // The messages are in JSON, where a backslash of Windows is two.
        PathBuf::from(path.replace("\\\\", "\\"))
    })
}

/// The profile that this test was built in, which its own path names.
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
        .expect("the command can be run");
    Run {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Writes a file for one test, whose name it has.
pub fn file(name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME"));
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, contents).unwrap();
    path
}
