//! Regular expressions: a large program (parser, compiler, one-pass and lazy
//! automata, literal searchers) with dense transition tables.

use std::fmt::Write;

use regex::{Captures, Regex, RegexSet};
use support::{Checksum, Random, text};

fn log(random: &mut Random, lines: i32) -> String {
    let mut out = String::new();
    for _ in 0..lines {
        let _ = writeln!(
            out,
            "20{:02}-{:02}-{:02}T{:02}:{:02}:{:02}Z {} {}.{}.{}.{} {}@{}.example \"GET /{}/{}?q={}\" {} caf\u{e9} {}",
            random.below(99),
            1 + random.below(12),
            1 + random.below(28),
            random.below(24),
            random.below(60),
            random.below(60),
            random.pick(&["INFO", "WARN", "ERROR", "DEBUG"]),
            random.below(256),
            random.below(256),
            random.below(256),
            random.below(256),
            text::word(random),
            text::word(random),
            text::word(random),
            text::word(random),
            random.below(100_000),
            random.pick(&[200, 301, 404, 500]),
            random.below(1_000_000),
        );
    }
    out
}

const ADDRESS: &str = r"\b(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}\b";
const MAIL: &str = r"(?<user>[a-z][a-z0-9._-]*)@(?<host>[a-z]+)\.example";
const STAMP: &str = r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z";

/// Searches, captures, splits and replaces over a log of `n` lines.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x4e);
    let mut checksum = Checksum::new();
    let log = log(&mut random, n.max(1));

    for found in Regex::new(ADDRESS).expect("well formed").find_iter(&log) {
        checksum.word(found.start() as u64);
        checksum.bytes(found.as_str().as_bytes());
    }
    for captures in Regex::new(MAIL).expect("well formed").captures_iter(&log) {
        checksum.bytes(captures["user"].as_bytes());
        checksum.bytes(captures["host"].as_bytes());
    }
    let stamps = Regex::new(STAMP).expect("well formed");
    let rewritten = stamps.replace_all(&log, |captures: &Captures<'_>| {
        format!(
            "{}.{}.{} {}h{}",
            &captures[3], &captures[2], &captures[1], &captures[4], &captures[5]
        )
    });
    checksum.bytes(rewritten.as_bytes());

    let words = Regex::new(r"\b\w{5,}\b|(?i-u:error|warn)\s").expect("well formed");
    checksum.word(words.find_iter(&log).map(|found| found.len() as u64).sum());

    let kinds = RegexSet::new([
        "ERROR.*500",
        "WARN.*(301|404)",
        "^20[0-4]",
        r"caf\u{e9} \d{6}$",
        ADDRESS,
    ])
    .expect("well formed");
    for line in log.lines() {
        for kind in &kinds.matches(line) {
            checksum.word(kind as u64);
        }
    }
    let fields = Regex::new(r#"[\s"?=@/]+"#).expect("well formed");
    checksum.word(
        fields
            .split(&log)
            .fold(0, |sum, field| sum * 31 % 1_000_003 + field.len() as u64),
    );
    checksum.finish()
}
