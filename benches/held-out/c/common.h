// Input and checksums of the programs in C and C++, as in `benches/workloads/support`.

#include <stdint.h>
#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

// Returns the checksum of the work that `n` stands for.
__attribute__((export_name("run"))) int64_t run(int32_t n);

#ifdef __cplusplus
}
#endif

static inline uint64_t next_bits(uint64_t *state) {
    uint64_t word = *state += 0x9e3779b97f4a7c15u;
    word = (word ^ word >> 32) * 0xd6e8feb86659fd93u;
    word = (word ^ word >> 32) * 0xd6e8feb86659fd93u;
    return word ^ word >> 32;
}

static inline uint32_t below(uint64_t *state, uint32_t bound) {
    return (uint32_t)((next_bits(state) >> 32) * bound >> 32);
}

static inline void add_word(uint64_t *sum, uint64_t word) {
    uint64_t mixed = (*sum ^ word) * 0x9e3779b97f4a7c15u;
    mixed ^= mixed >> 32;
    *sum = mixed << 23 | mixed >> 41;
}

static inline void add_bytes(uint64_t *sum, const void *bytes, size_t length) {
    const uint8_t *byte = (const uint8_t *)bytes;
    for (size_t at = 0; at < length; at++) add_word(sum, byte[at]);
    add_word(sum, length);
}

// Fills `text` with words, which repeat.
static inline void fill_prose(uint64_t *state, char *text, size_t length) {
    static const char *const words[] = {"the ", "of ", "thread ", "needle ", "cloth, ", "stitch ",
        "pattern ", "loom. ", "through ", "bobbin ", "selvage ", "tension ", "machine ", "invisible "};
    size_t at = 0;
    while (at < length) {
        const char *word = words[below(state, 1 + below(state, 14))];
        size_t size = strlen(word);
        if (size > length - at) size = length - at;
        memcpy(text + at, word, size);
        at += size;
    }
}
