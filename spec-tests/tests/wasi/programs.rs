//! Published programs, built by `benches/wasi/build`, must give the same results as their native
//! builds. Programs that are not built are skipped with a notice.

use crate::command::program;
use crate::guest::Folder;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn built(kind: &str, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/wasi/target/programs");
    folder.join(kind).join("bin").join(name)
}

fn output(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let mut stdin = child.stdin.take().expect("the input is piped");
    // A program that does not read its input may have exited already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("the program ends")
}

/// Returns the files of a folder and its subfolders, by relative path.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let inside = path
                    .strip_prefix(folder)
                    .expect("the path is in the folder");
                all.push((inside.to_path_buf(), fs::read(&path).expect("a file")));
            }
        }
    }
    all.sort();
    all
}

/// Runs a program natively and in Backstitch, in equal folders, and compares all results.
fn same(name: &str, prepare: &[(&str, &str)], arguments: &[&str], input: &str) {
    let bytes = |&(path, text)| (path, str::as_bytes(text));
    let prepare: Vec<(&str, &[u8])> = prepare.iter().map(bytes).collect();
    same_with(name, &prepare, arguments, input);
}

/// Does the same as [`same`], with binary files.
fn same_with(name: &str, prepare: &[(&str, &[u8])], arguments: &[&str], input: &str) {
    let (wasm, native) = (
        built("wasm", &format!("{name}.wasm")),
        built("native", name),
    );
    if !wasm.exists() || !native.exists() {
        println!("skipped: `{name}` is not built (run benches/wasi/build)");
        return;
    }
    let prepared = || {
        let folder = Folder::new();
        for (path, contents) in prepare {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("the path has a parent")).expect("a folder");
            fs::write(path, contents).expect("a file");
        }
        folder
    };
    let (here, there) = (prepared(), prepared());
    let expected = output(
        Command::new(native)
            .args(arguments)
            .current_dir(here.path()),
        input,
    );
    let seen = output(
        Command::new(program())
            .args(["run", "--dir", "."])
            .arg(wasm)
            .args(arguments)
            .current_dir(there.path()),
        input,
    );
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(
        text(&seen.stdout),
        text(&expected.stdout),
        "`{name}` {arguments:?}, standard error: {}",
        text(&seen.stderr)
    );
    assert_eq!(
        seen.status.code(),
        expected.status.code(),
        "`{name}` {arguments:?}"
    );
    assert_eq!(
        files(there.path()),
        files(here.path()),
        "`{name}` {arguments:?}"
    );
}

const POEM: &str = "# Stitches\n\nA *stitch* in time saves **nine**,\n\n- so they\n- say\n\n\
    | a | b |\n|---|---|\n| 1 | `two` |\n\n> quoted\n";

#[test]
fn markdown() {
    for options in [&[][..], &["-T"], &["-T", "-S", "-F"], &["--events", "-T"]] {
        same("pulldown-cmark", &[], options, POEM);
    }
}

#[test]
fn a_scripting_language() {
    let script = r#"
        fn fibonacci(n) { if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) } }
        let words = ["needle", "thread", "thimble"];
        for word in words { print(`${word}: ${word.len}`); }
        let counts = #{ a: 1, b: [1.5, 2.25] };
        print(counts.b.map(|x| x * 2));
        print(fibonacci(15));
    "#;
    same("rhai-run", &[("script.rhai", script)], &["script.rhai"], "");
    same(
        "rhai-run",
        &[("wrong.rhai", "let x = ;")],
        &["wrong.rhai"],
        "",
    );
}

#[test]
fn a_json_tool() {
    let json = r#"{"users":[{"name":"Ada","age":36},{"name":"Grace","age":45}],"ok":true}"#;
    let data = [("data.json", json)];
    for filter in [
        ".",
        ".users[].name",
        ".users | map(.age) | add / length",
        "[.users[] | select(.age > 40)] | length",
        ".none.none",
        ".users.name",
    ] {
        same("jaq", &data, &[filter, "data.json"], "");
        same("jaq", &[], &["-c", filter], json);
    }
    same("jaq", &data, &[".", "none.json"], "");
}

#[test]
fn a_grep() {
    let tree = [
        ("a.txt", "one needle\ntwo\nNEEDLE three\n"),
        ("sub/b.txt", "nothing\n"),
        ("sub/deep/c.txt", "a needle, a needle\n"),
        (".hidden", "needle\n"),
    ];
    for options in [
        &["-j1", "--sort=path", "needle", "."][..],
        &["-j1", "--sort=path", "-i", "-n", "needle", "."],
        &["-j1", "--sort=path", "-c", "needle", "."],
        &["-j1", "--sort=path", "-l", "--hidden", "needle", "."],
        &["-j1", "-o", "n.e+dle", "a.txt"],
        &["-j1", "missing", "a.txt"],
        &["-j1", "(", "a.txt"],
    ] {
        same("rg", &tree, options, "");
    }
    same("rg", &[], &["-j1", "b", "-"], "abc\nxyz\nb\n");
}

/// Returns an uncompressed picture of 16 by 16 shades of grey.
fn picture() -> Vec<u8> {
    let chunk = |name: &[u8; 4], contents: &[u8]| {
        let mut chunk = (contents.len() as u32).to_be_bytes().to_vec();
        let checked = [&name[..], contents].concat();
        chunk.extend(&checked);
        chunk.extend(crc32(&checked).to_be_bytes());
        chunk
    };
    // Each row begins with its filter type, 0 for none.
    let row = |y: u32| (0..17).map(move |x| if x == 0 { 0 } else { (x * y % 64 * 4) as u8 });
    let rows: Vec<u8> = (0..16).flat_map(row).collect();
    let length = rows.len() as u16;
    let mut stream = vec![0x78, 0x01, 1];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(&rows);
    stream.extend(adler32(&rows).to_be_bytes());
    let header = [0, 0, 0, 16, 0, 0, 0, 16, 8, 0, 0, 0, 0];
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &header),
        chunk(b"IDAT", &stream),
        chunk(b"IEND", &[]),
    ]
    .concat()
}

/// Returns the checksum of a chunk in a PNG file.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

/// Returns the checksum of a stream in a PNG file.
fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), &byte| {
        let low = (low + u32::from(byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

#[test]
fn an_encoder() {
    let picture = picture();
    let files = [("a.png", &picture[..])];
    for options in [
        &["--out", "b.png", "a.png"][..],
        &["-o", "1", "--strip", "all", "a.png"],
        &["--out", "b.png", "none.png"],
    ] {
        same_with("oxipng", &files, options, "");
    }
    same_with("oxipng", &[("a.png", &picture[..60])], &["a.png"], "");
}

#[test]
fn a_database() {
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, value REAL);
        BEGIN;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
            INSERT INTO t SELECT i, 'row ' || i, i * 1.5 FROM n;
        COMMIT;
        CREATE INDEX by_name ON t (name);
        DELETE FROM t WHERE id % 7 = 0;
        SELECT count(*), sum(value), max(name) FROM t;
        SELECT * FROM t WHERE name LIKE 'row 49%' ORDER BY value DESC;
        VACUUM;
        PRAGMA integrity_check;";
    same("sqlite", &[], &["data.db"], sql);
    same("sqlite", &[], &[":memory:"], sql);
    same("sqlite", &[], &["data.db"], "SELECT nothing FROM nowhere;");
}

#[test]
fn programs_with_threads_print_what_their_native_builds_do() {
    same("sums", &[], &[], "");
    same("queue", &[], &[], "");
}

#[test]
fn an_interpreter_with_a_library() {
    let library = "const squares = Array.from({ length: 300 }, (_, i) => i * i);
        function find(text, word) { return text.match(new RegExp(word, 'g')).length; }";
    let script = "[squares.reduce((a, b) => a + b), find('to and fro, to and fro', 'to|fro')]";
    same("js", &[("library.js", library)], &["library.js"], script);
    let module = built("wasm", "js.wasm");
    if !module.exists() {
        return;
    }
    // The image contains the library.
    let folder = Folder::new();
    let (given, image) = (
        folder.path().join("library.js"),
        folder.path().join("ready.wasm"),
    );
    fs::write(&given, library).expect("a file");
    let written = Command::new(program())
        .args(["preinit", "--stdin"])
        .args([&given, &module])
        .arg("-o")
        .arg(&image)
        .status();
    assert!(written.expect("the program can be started").success());
    let seen = output(Command::new(program()).arg("run").arg(image), script);
    assert_eq!(String::from_utf8_lossy(&seen.stdout), "8955050,4\n");
}
