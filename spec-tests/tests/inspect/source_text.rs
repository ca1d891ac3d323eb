//! Source text around frames (D2), on the command line.

use crate::command::backstitch;
use crate::sources::{dump, module};
use std::fs;
use std::path::Path;

/// Inspects a frame of `orders` that has trapped, with further options.
fn frame(options: &[&str]) -> String {
    let (module, dump) = (module("orders"), dump("orders", "1"));
    let command = ["inspect", &dump, "--module", &module, "--frame", "0"];
    let run = backstitch([&command, options].concat());
    assert_eq!(run.code, Some(0), "{}", run.err);
    run.out
}

/// Makes a folder with files.
fn folder(name: &str, files: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("source_text")
        .join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("the folder can be made");
    for (name, text) in files {
        fs::write(path.join(name), text).expect("the file can be written");
    }
    path.to_str().expect("the path is text").to_string()
}

#[test]
fn d2_frames_have_the_source_around_them() {
    let programs = format!("{}/dwarf", env!("CARGO_MANIFEST_DIR"));
    let text = frame(&["--source-map", &format!("/programs={programs}")]);
    let expected = "
source in /programs/orders.c
           18  static const char *const customers[] = {\"Ada\", \"Grace\", \"Barbara\", \"Frances\"};
           19
           20  static inline __attribute__((always_inline)) int quotient(int total, int count) {
  =>       21      return total / count;
           22  }
           23
           24  static void check(const Order *order) {
";
    assert!(text.contains(expected), "{text}");
    assert!(text.matches("source in /programs/orders.c\n").count() == 2);
    // Without permission, nothing is said of sources.
    assert!(!frame(&[]).contains("source in"));
    let others = frame(&["--source-path", &programs]);
    let reason = "source in /programs/orders.c: not shown, because it is in no directory of";
    assert!(others.contains(reason), "{others}");
}

#[test]
fn d2_only_regular_files_in_the_directory_are_read() {
    let map = |to: &str| frame(&["--source-map", &format!("/programs={to}")]);
    let not_shown = |to: &str, reason: &str| {
        let text = map(to);
        let expected = format!("source in /programs/orders.c: not shown, because {reason}");
        assert!(text.contains(&expected), "{text}");
    };
    let secret = folder("secret", &[("orders.c", &"secret\n".repeat(30))]);
    assert!(map(&secret).contains("  =>       21  secret\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        let linked = folder("linked", &[]);
        symlink(format!("{secret}/orders.c"), format!("{linked}/orders.c")).expect("a link");
        not_shown(&linked, "its path leads out of the directory");
    }
    let inner = folder("inner", &[]);
    fs::create_dir(format!("{inner}/orders.c")).expect("a folder");
    not_shown(&inner, "it is not a regular file");
    let large = folder("large", &[("orders.c", &"x".repeat((4 << 20) + 1))]);
    not_shown(&large, "it has more than 4194304 bytes");
    // Lines that do not exist are not shown, and long ones are cut off. Nothing reaches the terminal that it
    // would interpret.
    let short = folder("short", &[("orders.c", "\n")]);
    assert!(
        map(&short).contains("source in /programs/orders.c\n\ncode"),
        "{}",
        map(&short)
    );
    let line = format!("\t\x1b[2J{}\n", "x".repeat(1000));
    let odd = map(&folder("odd", &[("orders.c", &line.repeat(30))]));
    let expected = format!("           22      \\u{{1b}}[2J{}…\n", "x".repeat(292));
    assert!(odd.contains(&expected), "{odd}");
}

#[test]
fn d2_wrong_options_are_refused() {
    let (module, dump) = (module("orders"), dump("orders", "1"));
    let run =
        |options: &[&str]| backstitch([&["inspect", &dump, "--module", &module], options].concat());
    run(&["--source-path", "/no/such"])
        .expect(1, "")
        .says(&["cannot read sources in `/no/such`"]);
    run(&["--source-path", &module])
        .expect(1, "")
        .says(&["it is not a directory"]);
    run(&["--source-map", "/programs"])
        .expect(2, "")
        .says(&["not of the form FROM=TO"]);
    run(&["--source-path", ".", "--json"]).expect(2, "");
}
