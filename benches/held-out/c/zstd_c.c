// Zstandard in C: match finders of several levels, entropy codes with several streams.

#include <stdlib.h>

#include "common.h"
#include "zstd.h"

int64_t run(int32_t n) {
    uint64_t sum = 1, random = 0x57d;
    size_t length = (size_t)n * 1024, bound = ZSTD_compressBound(length);
    char *input = malloc(length), *packed = malloc(bound), *restored = malloc(length);
    fill_prose(&random, input, length);
    for (int level = 1; level <= 13; level += 4) {
        size_t size = ZSTD_compress(packed, bound, input, length, level);
        if (ZSTD_isError(size)) __builtin_trap();
        add_bytes(&sum, packed, size);
        if (ZSTD_decompress(restored, length, packed, size) != length) __builtin_trap();
        if (memcmp(input, restored, length)) __builtin_trap();
    }
    free(input), free(packed), free(restored);
    return (int64_t)sum;
}
