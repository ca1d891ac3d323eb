//! A test harness with the arguments and the output of Rust's own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// Default number of tests that run at the same time.
const THREADS: usize = 2;

/// The arguments after `cargo test --`.
#[derive(Debug)]
pub struct Arguments {
    filters: Vec<String>,
    skipped: Vec<String>,
    exact: bool,
    only_ignored: bool,
    /// List the tests instead of running them.
    pub list: bool,
    quiet: bool,
    threads: usize,
    /// Rewrite the ratchet, because of `--bless` or the environment variable `BLESS`.
    pub bless: bool,
    /// Run only the modes whose names contain this string.
    pub mode: Option<String>,
}

impl Arguments {
    /// Parses arguments. The error names the wrong one.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Arguments {
            filters: Vec::new(),
            skipped: Vec::new(),
            exact: false,
            only_ignored: false,
            list: false,
            quiet: false,
            threads: THREADS,
            bless: std::env::var_os("BLESS").is_some_and(|value| !value.is_empty() && value != "0"),
            mode: None,
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_string())),
                _ => (argument.as_str(), None),
            };
            let mut value = || {
                value
                    .clone()
                    .or_else(|| arguments.next())
                    .ok_or_else(|| format!("`{name}` needs a value"))
            };
            match name {
                "--bless" => parsed.bless = true,
                "--mode" => parsed.mode = Some(value()?),
                "--exact" => parsed.exact = true,
                "--ignored" => parsed.only_ignored = true,
                "--list" => parsed.list = true,
                "-q" | "--quiet" => parsed.quiet = true,
                "--skip" => {
                    let name = value()?;
                    parsed.skipped.push(name);
                }
                "--test-threads" => {
                    let number = value()?;
                    parsed.threads = number
                        .parse()
                        .ok()
                        .filter(|&threads| threads > 0)
                        .ok_or_else(|| format!("`--test-threads {number}`: expected 1 or more"))?;
                }
                // Arguments of Rust's harness that have no effect here.
                "--color" | "--format" | "-Z" | "--logfile" => drop(value()?),
                "--nocapture" | "--no-capture" | "--show-output" | "--include-ignored"
                | "--test" | "--report-time" => {}
                _ if name.starts_with('-') => return Err(format!("unknown argument `{name}`")),
                _ => parsed.filters.push(argument),
            }
        }
        Ok(parsed)
    }

    /// Returns whether tests are selected by name.
    pub fn has_filters(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Returns whether a test is selected.
    pub fn selects(&self, test: &str) -> bool {
        let fits = |filter: &String| {
            if self.exact {
                test == filter
            } else {
                test.contains(filter.as_str())
            }
        };
        // There are no ignored tests, so `--ignored` selects none.
        !self.only_ignored
            && (self.filters.is_empty() || self.filters.iter().any(fits))
            && !self.skipped.iter().any(fits)
    }
}

/// A test.
pub struct Test<'a> {
    /// Name of the test.
    pub name: &'a str,
    /// Runs the test; the error is the reason for its failure.
    pub run: Box<dyn Fn() -> Result<(), String> + Sync + 'a>,
}

/// Runs tests in parallel, prints their results, and then a summary. Returns whether all passed.
/// `filtered_out` is the number of tests that were not selected.
pub fn run(
    arguments: &Arguments,
    tests: &[Test<'_>],
    filtered_out: usize,
    summary: impl FnOnce() -> String,
) -> bool {
    let start = Instant::now();
    println!("\nrunning {} tests", tests.len());
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..arguments.threads.min(tests.len()) {
            scope.spawn(|| {
                while let Some(test) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = catch_unwind(AssertUnwindSafe(|| (test.run)()))
                        .unwrap_or_else(|_| Err("the test itself panicked".to_string()));
                    let word = if result.is_ok() { "ok" } else { "FAILED" };
                    if !arguments.quiet || result.is_err() {
                        println!("test {} ... {word}", test.name);
                    }
                    if let Err(reason) = result {
                        let mut failures = failures.lock().unwrap_or_else(|lock| lock.into_inner());
                        failures.push((test.name, reason));
                    }
                }
            });
        }
    });

    let mut failures = failures
        .into_inner()
        .unwrap_or_else(|lock| lock.into_inner());
    // Threads finish in any order; the output must not depend on it.
    failures.sort();
    if !failures.is_empty() {
        println!("\nfailures:\n");
        for (name, reason) in &failures {
            println!("---- {name} ----\n{}\n", reason.trim_end());
        }
        println!("failures:");
        for (name, _) in &failures {
            println!("    {name}");
        }
    }
    println!(
        "\n{}\ntest result: {}. {} passed; {} failed; 0 ignored; 0 measured; {filtered_out} filtered \
         out; finished in {:.2}s\n",
        summary(),
        if failures.is_empty() { "ok" } else { "FAILED" },
        tests.len() - failures.len(),
        failures.len(),
        start.elapsed().as_secs_f64()
    );
    failures.is_empty()
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    fn parse(arguments: &[&str]) -> Result<Arguments, String> {
        Arguments::parse(arguments.iter().map(|argument| argument.to_string()))
    }

    #[test]
    fn filters() {
        let arguments = parse(&["core/", "--skip", "simd", "--test-threads=1"]).unwrap();
        assert!(arguments.selects("core/i32.wast"));
        assert!(!arguments.selects("core/simd_lane.wast"));
        assert!(!arguments.selects("threads/memory.wast"));
        let arguments = parse(&["--exact", "core/i32.wast"]).unwrap();
        assert!(!arguments.selects("core/i32.wasts"));
    }

    #[test]
    fn mistakes() {
        for arguments in [&["--skip"][..], &["--test-threads", "0"], &["--typo"]] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
