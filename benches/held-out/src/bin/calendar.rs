//! Dates and times: calendar arithmetic, formatting and parsing.
#![no_main]

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Unit};
use support::{Checksum, Random};

/// Computes with `n` moments.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xca1);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let second = i64::from(random.below(u32::MAX)) - 1_000_000_000;
        let moment = Timestamp::from_second(second).expect("a moment of this age");
        let zone = TimeZone::fixed(jiff::tz::offset((random.below(24) as i8) - 12));
        let zoned = moment.to_zoned_datetime(zone);
        checksum.bytes(zoned.to_string().as_bytes());
        let later = zoned.datetime() + 3.months().days(random.below(90)).hours(5).minutes(7);
        let written = strtime::format("%a, %d %b %Y %H:%M:%S", later).expect("a valid format");
        checksum.bytes(written.as_bytes());
        let restored = DateTime::strptime("%a, %d %b %Y %H:%M:%S", &written).expect("a moment");
        let apart = zoned
            .datetime()
            .until((Unit::Year, restored))
            .expect("a span");
        checksum.bytes(apart.to_string().as_bytes());
        let date: Date = later.date().last_of_month();
        checksum.word(u64::from(date.weekday().to_monday_zero_offset() as u8));
    }
    checksum.finish()
}
