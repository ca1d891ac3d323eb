/* Compression and interpreters. */
#include "kernel.h"

/* Generates text with many repetitions. */
static u8 *repetitive(i32 n) {
    u8 *bytes = allocate((u32)n);
    for (i32 i = 0; i < n; i++) {
        u32 bits = random_bits() >> 5;
        bytes[i] = i > 40 && (bits & 7) < 5 ? bytes[i - 1 - (i32)(bits >> 3 & 31)] : bits >> 8 & 15;
    }
    return bytes;
}

static u64 digest_of(const u8 *bytes, i32 n) {
    u64 digest = 0;
    for (i32 i = 0; i < n; i++) {
        digest = mix(digest, bytes[i]);
    }
    return digest;
}

#define ESCAPE 255

/* Dictionary compression: matches are found by hashes of three bytes. And decompression. */
KERNEL(dictionary) {
    static i32 last[4096];
    release_all();
    seed(1);
    u8 *in = repetitive(n), *packed = allocate((u32)n + 64), *out = allocate((u32)n);
    for (i32 i = 0; i < 4096; i++) {
        last[i] = -1;
    }
    i32 size = 0, done = 0;
    for (i32 at = 0; at < n;) {
        i32 length = 0, back = 0;
        if (at + 3 < n) {
            u32 three = (u32)in[at] << 16 | (u32)in[at + 1] << 8 | in[at + 2];
            u32 hash = three * 2654435761u >> 20;
            i32 before = last[hash];
            last[hash] = at;
            back = at - before;
            while (before >= 0 && back < 65536 && at + length < n && length < 255 &&
                   in[before + length] == in[at + length]) {
                length++;
            }
        }
        if (length >= 4) {
            packed[size++] = ESCAPE;
            packed[size++] = (u8)length;
            packed[size++] = (u8)back;
            packed[size++] = (u8)(back >> 8);
            at += length;
        } else {
            packed[size++] = in[at++];
        }
    }
    for (i32 at = 0; at < size;) {
        if (packed[at] != ESCAPE) {
            out[done++] = packed[at++];
            continue;
        }
        i32 back = packed[at + 2] | packed[at + 3] << 8;
        for (i32 length = packed[at + 1]; length > 0; length--, done++) {
            out[done] = out[done - back];
        }
        at += 4;
    }
    return (i64)(digest_of(out, done) + (u64)size);
}

/* Run-length encoding and decoding. */
KERNEL(run_lengths) {
    release_all();
    seed(2);
    u8 *in = allocate((u32)n), *packed = allocate(2 * (u32)n);
    for (i32 i = 0; i < n; i++) {
        in[i] = i > 0 && random_below(8) < 6 ? in[i - 1] : (u8)random_bits();
    }
    i32 size = 0;
    for (i32 at = 0; at < n;) {
        i32 end = at + 1;
        while (end < n && end - at < 255 && in[end] == in[at]) {
            end++;
        }
        packed[size++] = (u8)(end - at);
        packed[size++] = in[at];
        at = end;
    }
    u64 digest = (u64)size;
    for (i32 at = 0; at < size; at += 2) {
        for (i32 length = packed[at]; length > 0; length--) {
            digest = mix(digest, packed[at + 1]);
        }
    }
    return (i64)digest;
}

/* Huffman coding: counts, a tree built from the two rarest nodes, codes, bit streams. */
KERNEL(huffman) {
    static u32 counts[512];
    static u16 children[512][2], parents[512];
    static u64 codes[256];
    static u8 lengths[256];
    release_all();
    seed(3);
    u8 *in = repetitive(n), *packed = allocate((u32)n * 2 + 16);
    for (i32 i = 0; i < 512; i++) {
        counts[i] = 0;
    }
    for (i32 i = 0; i < n; i++) {
        in[i] = (u8)(in[i] + (i & 48));
        counts[in[i]]++;
    }
    u16 root = 256;
    for (;; root++) {
        i32 rarest = -1, second = -1;
        for (i32 i = 0; i < root; i++) {
            if (counts[i] == 0) {
                continue;
            }
            if (rarest < 0 || counts[i] < counts[rarest]) {
                second = rarest;
                rarest = i;
            } else if (second < 0 || counts[i] < counts[second]) {
                second = i;
            }
        }
        if (second < 0) {
            root = (u16)rarest;
            break;
        }
        children[root][0] = (u16)rarest;
        children[root][1] = (u16)second;
        parents[rarest] = parents[second] = root;
        counts[root] = counts[rarest] + counts[second];
        counts[rarest] = counts[second] = 0;
        lengths[rarest & 255] = lengths[second & 255] = 0;
    }
    u64 digest = 0;
    for (u32 byte = 0; byte < 64; byte++) {
        u64 code = 0;
        u8 length = 0;
        for (u16 at = (u16)byte; at != root && parents[at] != 0; at = parents[at], length++) {
            code |= (u64)(children[parents[at]][1] == at) << length;
        }
        codes[byte] = code;
        lengths[byte] = length;
    }
    u64 buffer = 0;
    u32 held = 0, size = 0;
    for (i32 i = 0; i < n; i++) {
        buffer = buffer << lengths[in[i]] | codes[in[i]];
        for (held += lengths[in[i]]; held >= 8; held -= 8) {
            packed[size++] = (u8)(buffer >> (held - 8));
        }
    }
    packed[size++] = (u8)(buffer << (8 - held));
    u32 bit = 0;
    for (i32 i = 0; i < n; i++) {
        u16 at = root;
        while (at >= 256) {
            at = children[at][packed[bit / 8] >> (7 - bit % 8) & 1];
            bit++;
        }
        digest = mix(digest, at);
    }
    return (i64)(digest ^ size);
}

/* Variable-length encoding of differences in groups of seven bits, and decoding. */
KERNEL(variable_length) {
    release_all();
    seed(4);
    u8 *bytes = allocate((u32)n * 10), *end = bytes;
    i64 previous = 0;
    for (i32 i = 0; i < n; i++) {
        i64 number = (i64)random_bits() >> random_below(32);
        i64 difference = number - previous;
        previous = number;
        u64 rest = (u64)difference << 1 ^ (u64)(difference >> 63);
        for (; rest >= 128; rest >>= 7) {
            *end++ = (u8)(rest | 128);
        }
        *end++ = (u8)rest;
    }
    u64 digest = 0, number = 0;
    for (const u8 *at = bytes; at < end;) {
        u64 value = 0;
        u32 shift = 0;
        for (;; shift += 7) {
            u8 byte = *at++;
            value |= (u64)(byte & 127) << shift;
            if (byte < 128) {
                break;
            }
        }
        number += value >> 1 ^ -(value & 1);
        digest = mix(digest, number);
    }
    return (i64)digest;
}

enum { PUSH, LOAD, STORE, ADD, SUBTRACT, JUMP_IF_LESS, STOP };

/* A stack machine in one `switch`, running a counting loop. */
KERNEL(stack_machine) {
    static i32 code[32];
    static const i32 loop[] = {PUSH, 0,   STORE, 0, PUSH,         0, STORE, 1, LOAD, 0,     LOAD,
                               1,    ADD, STORE, 0, LOAD,         1, PUSH,  1, ADD,  STORE, 1,
                               LOAD, 1,   PUSH,  0, JUMP_IF_LESS, 8, LOAD,  0, STOP};
    for (i32 i = 0; i < 31; i++) {
        code[i] = loop[i];
    }
    code[25] = n;
    i32 variables[2] = {0, 0}, top = 0, at = 0;
    u32 stack[32];
    for (;;) {
        switch (code[at++]) {
        case PUSH:
            stack[top++] = (u32)code[at++];
            break;
        case LOAD:
            stack[top++] = (u32)variables[code[at++] & 1];
            break;
        case STORE:
            variables[code[at++] & 1] = (i32)stack[--top];
            break;
        case ADD:
            top--;
            stack[top - 1] += stack[top];
            break;
        case SUBTRACT:
            top--;
            stack[top - 1] -= stack[top];
            break;
        case JUMP_IF_LESS:
            top -= 2;
            at = (i32)stack[top] < (i32)stack[top + 1] ? code[at] : at + 1;
            break;
        case STOP:
            return (i32)stack[--top];
        default:
            __builtin_trap();
        }
    }
}

/* A register machine with 32-bit words, like a small processor. */
KERNEL(register_machine) {
    /* kind in bits 0 to 2, target 3 to 6, operands 7 to 10 and 11 to 14, immediate above */
    static u32 code[64];
    u32 registers[16] = {0};
    static u32 memory[256];
    seed(5);
    for (i32 i = 0; i < 64; i++) {
        code[i] = random_bits();
    }
    for (u32 i = 0; i < 256; i++) {
        memory[i] = i;
    }
    u32 at = 0;
    for (i32 step = 0; step < n; step++) {
        u32 word = code[at++ & 63];
        u32 *target = &registers[word >> 3 & 15];
        u32 a = registers[word >> 7 & 15], b = registers[word >> 11 & 15], immediate = word >> 15;
        switch (word & 7) {
        case 0:
            *target = a + b;
            break;
        case 1:
            *target = a ^ (b << (immediate & 31));
            break;
        case 2:
            *target = a * (immediate | 1);
            break;
        case 3:
            *target = memory[(a + immediate) & 255];
            break;
        case 4:
            memory[(b + immediate) & 255] = a;
            break;
        case 5:
            *target = a < b ? immediate : b;
            break;
        case 6:
            if (a & 1) {
                at += immediate & 3;
            }
            break;
        default:
            *target += (u32)step >> 2;
        }
    }
    u64 digest = 0;
    for (i32 i = 0; i < 16; i++) {
        digest = mix(digest, registers[i]);
    }
    return (i64)digest;
}

typedef u32 (*operation)(u32, u32);

static u32 add(u32 a, u32 b) { return a + b; }
static u32 exclude(u32 a, u32 b) { return a ^ b; }
static u32 multiply(u32 a, u32 b) { return a * b + 1; }
static u32 shift(u32 a, u32 b) { return (a >> 3) - b; }

/* A program that is a sequence of calls through a table of functions. */
KERNEL(function_table) {
    static const operation volatile operations[4] = {add, exclude, multiply, shift};
    static u8 program[64];
    seed(6);
    for (i32 i = 0; i < 64; i++) {
        program[i] = random_bits() >> 7 & 3;
    }
    u32 value = 1;
    for (u32 i = 0; i < (u32)n; i++) {
        value = operations[program[i & 63]](value, i);
    }
    return value;
}

/* A tokenizer with a table of states and character classes. */
KERNEL(tokens) {
    static const char source[] = "let total = 0; for i in 10..count { total += values[i] * 0x1f; } "
                                 "/* a comment */ if total >= 1000 { print(\"large: \", total) }";
    enum { SPACE, LETTER, DIGIT, QUOTE, SIGN, KINDS };
    /* state 0: between tokens; 1: name; 2: number; 3: string */
    static const u8 next[4][KINDS] = {
        {0, 1, 2, 3, 0}, {0, 1, 1, 3, 0}, {0, 2, 2, 3, 0}, {3, 3, 3, 0, 3}};
    static u8 kinds[128];
    for (i32 c = 0; c < 128; c++) {
        i32 is_letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
        kinds[c] = c <= ' '               ? SPACE
                   : is_letter            ? LETTER
                   : c >= '0' && c <= '9' ? DIGIT
                   : c == '"'             ? QUOTE
                                          : SIGN;
    }
    u64 digest = 0;
    for (i32 round = 0; round < n; round++) {
        u32 state = 0, hash = (u32)round;
        for (const char *at = source; *at != 0; at++) {
            u8 character = (u8)*at, kind = kinds[character];
            u32 then = next[state][kind];
            if (then != state) {
                digest = mix(digest, hash);
                hash = 0;
            }
            hash = hash * 33 + character;
            state = then;
        }
    }
    return (i64)digest;
}
