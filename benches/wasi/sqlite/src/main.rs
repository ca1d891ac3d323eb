//! `sqlite DATABASE < STATEMENTS` executes SQL statements and prints the results, one row per line.

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection, Result};
use std::io::Read;

fn main() -> Result<()> {
    let path = std::env::args().nth(1).expect("the database's path");
    let mut sql = String::new();
    std::io::stdin()
        .read_to_string(&mut sql)
        .expect("statements in UTF-8");
    let connection = Connection::open(path)?;
    let mut statements = Batch::new(&connection, &sql);
    while let Some(mut statement) = statements.next()? {
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let values: Result<Vec<String>> = (0..columns)
                .map(|index| {
                    Ok(match row.get_ref(index)? {
                        ValueRef::Null => String::new(),
                        ValueRef::Integer(value) => value.to_string(),
                        ValueRef::Real(value) => value.to_string(),
                        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
                    })
                })
                .collect();
            println!("{}", values?.join("|"));
        }
    }
    Ok(())
}
