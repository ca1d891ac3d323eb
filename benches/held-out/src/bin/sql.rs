//! SQL: a tokenizer, a parser by precedence, and a printer.
#![no_main]

use sqlparser::dialect::{GenericDialect, PostgreSqlDialect};
use sqlparser::parser::Parser;
use support::{Checksum, Random, text};

/// Parses and prints `n` statements.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x591);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let (a, b) = (name(&mut random), name(&mut random));
        let number = random.below(1000);
        let statement = match random.below(4) {
            0 => format!(
                "WITH t AS (SELECT {a}, COUNT(*) c FROM {b} GROUP BY 1 HAVING c > {number}) SELECT t.*, \
                 SUM(x) OVER (PARTITION BY {a} ORDER BY c DESC) FROM t LEFT JOIN u ON t.{a} = u.{b} \
                 WHERE x BETWEEN 1 AND 2 + {number} * 3 OR NOT y LIKE 'a%' ORDER BY 1, 2 LIMIT 5"
            ),
            1 => format!("INSERT INTO {a} ({b}, z) VALUES ({number}, 'it''s'), (-1.5e3, NULL)"),
            2 => format!(
                "UPDATE {a} SET {b} = CASE WHEN x IN (1, 2) THEN {number} ELSE x || 'y' END WHERE z IS NULL"
            ),
            _ => format!(
                "CREATE TABLE {a} ({b} INT PRIMARY KEY, v VARCHAR({number}) NOT NULL DEFAULT 'x')"
            ),
        };
        let statements = if random.chance(50) {
            Parser::parse_sql(&GenericDialect {}, &statement)
        } else {
            Parser::parse_sql(&PostgreSqlDialect {}, &statement)
        };
        for parsed in statements.expect("a valid statement") {
            checksum.bytes(parsed.to_string().as_bytes());
        }
    }
    checksum.finish()
}

fn name(random: &mut Random) -> String {
    format!("{}_{}", text::word(random), random.below(9))
}
