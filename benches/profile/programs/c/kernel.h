/* Code shared by the kernels: type names, exports, random numbers, an arena, a digest. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef short i16;
typedef int i32;
typedef long long i64;
typedef float f32;
typedef double f64;

/* A kernel: work in proportion to `n`, and a digest of all results. */
#define KERNEL(name) __attribute__((export_name(#name))) i64 name(i32 n)

/* A generator of pseudo-random numbers. */
static u32 random_state = 1;

static inline void seed(u32 value) { random_state = value * 2 + 1; }

static inline u32 random_bits(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static inline u32 random_below(u32 bound) { return (random_bits() >> 4) % bound; }

/* An arena that is freed as a whole. */
#define ARENA_SIZE (1 << 22)
static u8 arena[ARENA_SIZE] __attribute__((aligned(16)));
static u32 arena_top;

static inline void release_all(void) { arena_top = 0; }

static inline void *allocate(u32 size) {
    void *start = arena + arena_top;
    arena_top = (arena_top + size + 15) & ~15u;
    if (arena_top > ARENA_SIZE) {
        __builtin_trap();
    }
    return start;
}

/* A digest that depends on the order of its inputs. */
static inline u64 mix(u64 digest, u64 value) { return digest * 31 + value; }

static inline u32 rotate_left(u32 value, u32 count) {
    return value << (count & 31) | value >> (-count & 31);
}

static inline u64 rotate_left_64(u64 value, u32 count) {
    return value << (count & 63) | value >> (-count & 63);
}
