//! Runs each program in `examples` with Backstitch and with Wasmtime. Except for the import line
//! the source is the same, and so must be the output.

use std::cell::RefCell;
use std::panic;

thread_local! {
    /// Output of the running example.
    static PRINTED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Replaces the standard library's macro in the examples, which are modules of this test.
macro_rules! println {
    ($($argument:tt)*) => {
        crate::print(format!($($argument)*))
    };
}

/// An example: its name, and its `main` function for each engine.
type Example = (
    &'static str,
    fn() -> backstitch::Result<()>,
    fn() -> wasmtime::Result<()>,
);

include!(concat!(env!("OUT_DIR"), "/examples.rs"));

fn print(line: String) {
    PRINTED.with_borrow_mut(|printed| {
        printed.push_str(&line);
        printed.push('\n');
    });
}

/// Runs an example and returns its output. Fails if the example returns an error.
fn output<E: std::fmt::Debug>(main: fn() -> Result<(), E>) -> String {
    PRINTED.take();
    main().expect("the example succeeds");
    PRINTED.take()
}

#[test]
fn both_engines_print_the_same() {
    assert_eq!(EXAMPLES.len(), 12, "twelve examples");
    let mut failures = Vec::new();
    for &(name, with_backstitch, with_wasmtime) in EXAMPLES {
        let (ours, theirs) = (
            panic::catch_unwind(|| output(with_backstitch)),
            panic::catch_unwind(|| output(with_wasmtime)),
        );
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                assert!(!ours.is_empty(), "{name} prints something");
                for (ours, theirs) in ours.lines().zip(theirs.lines()) {
                    if ours != theirs {
                        failures.push(format!("{name}: {ours:?}, but {theirs:?} with Wasmtime"));
                    }
                }
                if ours.lines().count() != theirs.lines().count() {
                    failures.push(format!("{name}: different number of lines"));
                }
            }
            (ours, theirs) => failures.push(format!(
                "{name} fails{}{}",
                if ours.is_err() {
                    " with Backstitch"
                } else {
                    ""
                },
                if theirs.is_err() {
                    " with Wasmtime"
                } else {
                    ""
                },
            )),
        }
    }
    assert!(failures.is_empty(), "\n  {}", failures.join("\n  "));
}
