// SQLite: a parser, a planner, a register machine and B-trees in memory.

#include <stdio.h>
#include <stdlib.h>

#include "common.h"
#include "sqlite3.h"

// A system without files. Databases in memory need its name only.
static int refuse(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
    (void)vfs, (void)name, (void)file, (void)flags, (void)out;
    return SQLITE_CANTOPEN;
}

static int randomness(sqlite3_vfs *vfs, int size, char *bytes) {
    (void)vfs;
    memset(bytes, 7, (size_t)size);
    return size;
}

static int now(sqlite3_vfs *vfs, sqlite3_int64 *milliseconds) {
    (void)vfs;
    *milliseconds = 0;
    return SQLITE_OK;
}

int sqlite3_os_init(void) {
    static sqlite3_vfs vfs = {.iVersion = 2, .szOsFile = sizeof(sqlite3_file), .mxPathname = 64,
        .zName = "none", .xOpen = refuse, .xRandomness = randomness, .xCurrentTimeInt64 = now};
    return sqlite3_vfs_register(&vfs, 1);
}

int sqlite3_os_end(void) {
    return SQLITE_OK;
}

static void execute(sqlite3 *database, const char *statements) {
    if (sqlite3_exec(database, statements, NULL, NULL, NULL) != SQLITE_OK) __builtin_trap();
}

static sqlite3_stmt *prepare(sqlite3 *database, const char *statement) {
    sqlite3_stmt *prepared;
    if (sqlite3_prepare_v2(database, statement, -1, &prepared, NULL) != SQLITE_OK) __builtin_trap();
    return prepared;
}

// Adds all rows of a query to the checksum.
static void query(sqlite3 *database, const char *statement, uint64_t *sum) {
    sqlite3_stmt *prepared = prepare(database, statement);
    while (sqlite3_step(prepared) == SQLITE_ROW)
        for (int column = 0; column < sqlite3_column_count(prepared); column++) {
            const void *text = sqlite3_column_text(prepared, column);
            add_bytes(sum, text, (size_t)sqlite3_column_bytes(prepared, column));
        }
    sqlite3_finalize(prepared);
}

int64_t run(int32_t n) {
    uint64_t sum = 1, random = 0x591;
    sqlite3 *database;
    if (sqlite3_open(":memory:", &database) != SQLITE_OK) __builtin_trap();
    execute(database, "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL, kind INT);"
                      "CREATE TABLE sale(item INT REFERENCES item(id), amount INT, day INT);"
                      "CREATE INDEX by_kind ON item(kind, price); CREATE INDEX by_item ON sale(item); BEGIN");
    sqlite3_stmt *insert = prepare(database, "INSERT INTO item(name, price, kind) VALUES(?, ?, ?)");
    for (int32_t row = 0; row < n; row++) {
        char name[24];
        fill_prose(&random, name, sizeof name);
        sqlite3_bind_text(insert, 1, name, sizeof name, SQLITE_STATIC);
        sqlite3_bind_double(insert, 2, below(&random, 10000) / 8.0);
        sqlite3_bind_int(insert, 3, (int)below(&random, 9));
        if (sqlite3_step(insert) != SQLITE_DONE) __builtin_trap();
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    insert = prepare(database, "INSERT INTO sale VALUES(?, ?, ?)");
    for (int32_t row = 0; row < 3 * n; row++) {
        sqlite3_bind_int(insert, 1, 1 + (int)below(&random, (uint32_t)n));
        sqlite3_bind_int(insert, 2, (int)below(&random, 50));
        sqlite3_bind_int(insert, 3, (int)below(&random, 365));
        if (sqlite3_step(insert) != SQLITE_DONE) __builtin_trap();
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    execute(database, "COMMIT; UPDATE item SET price = price * 1.5 WHERE kind = 3;"
                      "DELETE FROM sale WHERE amount < 3 AND day % 2 = 0");
    query(database, "SELECT kind, count(*), round(sum(price), 3), max(name) FROM item GROUP BY kind", &sum);
    query(database, "SELECT i.name, sum(s.amount * i.price) AS total FROM item i JOIN sale s ON s.item = i.id "
                    "WHERE i.name LIKE '%needle%' GROUP BY i.id ORDER BY total DESC LIMIT 20", &sum);
    query(database, "WITH RECURSIVE t(a, b) AS (SELECT 1, 1 UNION ALL SELECT b, (a + b) % 9973 FROM t LIMIT 300) "
                    "SELECT group_concat(a, '-') FROM t", &sum);
    query(database, "SELECT day, sum(amount) OVER (ORDER BY day ROWS 3 PRECEDING) FROM sale WHERE item < 40", &sum);
    sqlite3_close(database);
    return (int64_t)sum;
}
