//! A database in memory: a B-tree that is copied when written, with transactions.
#![no_main]

use std::sync::OnceLock;

use redb::backends::InMemoryBackend;
use redb::{Database, ReadableTable, TableDefinition};
use support::{Checksum, Random, text};

const WORDS: TableDefinition<&str, u64> = TableDefinition::new("words");
const NUMBERS: TableDefinition<u64, &[u8]> = TableDefinition::new("numbers");

/// The database of all calls, because creating one takes long. A call leaves it empty.
static DATABASE: OnceLock<Database> = OnceLock::new();

/// Commits `n` transactions.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xdb);
    let mut checksum = Checksum::new();
    let database = DATABASE.get_or_init(|| {
        Database::builder()
            .set_cache_size(1 << 20)
            .create_with_backend(InMemoryBackend::new())
            .expect("memory")
    });
    for _ in 0..n.max(1) {
        let transaction = database.begin_write().expect("memory");
        {
            let mut words = transaction.open_table(WORDS).expect("a table");
            let mut numbers = transaction.open_table(NUMBERS).expect("a table");
            for _ in 0..20 {
                let key = format!("{} {}", text::word(&mut random), random.below(100));
                let count = words
                    .get(key.as_str())
                    .expect("memory")
                    .map_or(0, |it| it.value());
                words.insert(key.as_str(), count + 1).expect("memory");
                let length = random.index(100);
                numbers
                    .insert(
                        u64::from(random.below(5000)),
                        random.bytes(length).as_slice(),
                    )
                    .expect("memory");
                numbers
                    .remove(u64::from(random.below(5000)))
                    .expect("memory");
            }
        }
        transaction.commit().expect("memory");
    }
    let transaction = database.begin_read().expect("memory");
    let words = transaction.open_table(WORDS).expect("a table");
    for entry in words.iter().expect("memory") {
        let (key, count) = entry.expect("memory");
        checksum.bytes(key.value().as_bytes());
        checksum.word(count.value());
    }
    let numbers = transaction.open_table(NUMBERS).expect("a table");
    for entry in numbers.range(100..3000).expect("memory") {
        checksum.bytes(entry.expect("memory").1.value());
    }
    drop((words, numbers, transaction));
    let transaction = database.begin_write().expect("memory");
    let deleted = [
        transaction.delete_table(WORDS),
        transaction.delete_table(NUMBERS),
    ];
    for is_deleted in deleted {
        checksum.word(u64::from(is_deleted.expect("memory")));
    }
    transaction.commit().expect("memory");
    checksum.finish()
}
