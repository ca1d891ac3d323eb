//! Numbers: printing and parsing integers and floats, comparing versions, lexing JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use hifijson::token::Lex;
use hifijson::{SliceLexer, value};
use semver::{Version, VersionReq};
use support::{Checksum, Random};

/// Prints `n` records as JSON and parses them; counts versions, and those that match.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x9);
    let mut json = String::from("[");
    let mut versions: BTreeMap<Version, u64> = BTreeMap::new();
    let mut integer = itoa::Buffer::new();
    let mut float = ryu::Buffer::new();
    for record in 0..n {
        let bits = random.bits();
        json.push_str(if record > 0 {
            ",{\"count\":"
        } else {
            "{\"count\":"
        });
        json.push_str(integer.format(bits >> 20));
        json.push_str(",\"mean\":");
        json.push_str(float.format((bits >> 11) as f64 / 977.0));
        write!(json, ",\"key\":\"{:04x}-{record:>6}\"}}", bits as u16).expect("memory");
        let version = format!(
            "{}.{}.{}-rc.{record}",
            bits >> 60,
            (bits >> 40) & 15,
            bits & 7
        );
        *versions
            .entry(version.parse().expect("a version"))
            .or_default() += bits & 3;
    }
    json.push(']');
    let mut checksum = Checksum::new();
    checksum.bytes(json.as_bytes());
    let wanted = VersionReq::parse(">=3.2.0, <12.0.0").expect("a requirement");
    for (version, count) in &versions {
        checksum.word(version.minor ^ count ^ u64::from(wanted.matches(version)) << 32);
    }
    let mut lexer = SliceLexer::new(json.as_bytes());
    let value = lexer.exactly_one(Lex::ws_peek, value::parse_unbounded);
    let value = value.ok().expect("the text was just printed");
    checksum.bytes(format!("{value:?}").as_bytes());
    checksum.finish()
}
