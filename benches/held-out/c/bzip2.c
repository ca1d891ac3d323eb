// bzip2: sorted rotations of blocks, move to front, Huffman codes.

#include <stdlib.h>

#include "bzlib.h"
#include "common.h"

void bz_internal_error(int code) {
    (void)code;
    __builtin_trap();
}

int64_t run(int32_t n) {
    uint64_t sum = 1, random = 0xb2;
    unsigned length = (unsigned)n * 1024, packed_length = length + length / 50 + 700, restored_length = length;
    char *input = malloc(length), *packed = malloc(packed_length), *restored = malloc(length);
    fill_prose(&random, input, length);
    if (BZ2_bzBuffToBuffCompress(packed, &packed_length, input, length, 1, 0, 30) != BZ_OK) __builtin_trap();
    add_bytes(&sum, packed, packed_length);
    if (BZ2_bzBuffToBuffDecompress(restored, &restored_length, packed, packed_length, 0, 0) != BZ_OK)
        __builtin_trap();
    if (memcmp(input, restored, length)) __builtin_trap();
    free(input), free(packed), free(restored);
    return (int64_t)sum;
}
