// What the C library would import from a system. Nothing here is called in a run that succeeds, except
// the clocks, which stand still.

#include <stdint.h>

#define REFUSE(name, ...) \
    int32_t __imported_wasi_snapshot_preview1_##name(__VA_ARGS__) { return 52; }

REFUSE(fd_close, int32_t file)
REFUSE(fd_fdstat_get, int32_t file, int32_t result)
REFUSE(fd_fdstat_set_flags, int32_t file, int32_t flags)
REFUSE(fd_prestat_dir_name, int32_t file, int32_t path, int32_t length)
REFUSE(fd_read, int32_t file, int32_t parts, int32_t count, int32_t result)
REFUSE(fd_renumber, int32_t file, int32_t other)
REFUSE(fd_seek, int32_t file, int64_t offset, int32_t from, int32_t result)
REFUSE(fd_write, int32_t file, int32_t parts, int32_t count, int32_t result)
REFUSE(fd_filestat_get, int32_t file, int32_t result)
REFUSE(fd_filestat_set_size, int32_t file, int64_t size)
REFUSE(path_filestat_get, int32_t folder, int32_t flags, int32_t path, int32_t length, int32_t result)
REFUSE(path_remove_directory, int32_t folder, int32_t path, int32_t length)
REFUSE(path_unlink_file, int32_t folder, int32_t path, int32_t length)
REFUSE(environ_get, int32_t strings, int32_t bytes)
REFUSE(path_open, int32_t folder, int32_t look, int32_t path, int32_t length, int32_t how, int64_t rights,
    int64_t inheriting, int32_t flags, int32_t result)

// There are no open folders: the library stops at the first number that is none.
int32_t __imported_wasi_snapshot_preview1_fd_prestat_get(int32_t file, int32_t result) {
    (void)file, (void)result;
    return 8;
}

int32_t __imported_wasi_snapshot_preview1_environ_sizes_get(int32_t count, int32_t size) {
    *(uint32_t *)count = *(uint32_t *)size = 0;
    return 0;
}

int32_t __imported_wasi_snapshot_preview1_clock_time_get(int32_t clock, int64_t precision, int32_t result) {
    (void)clock, (void)precision;
    *(uint64_t *)result = 0;
    return 0;
}

_Noreturn void __imported_wasi_snapshot_preview1_proc_exit(int32_t code) {
    (void)code;
    __builtin_trap();
}

int64_t clock(void) {
    return 0;
}
