/* Checksums, digests and ciphers. */
#include "kernel.h"

/* CRC-32 through a table. */
KERNEL(crc32) {
    static u32 table[256];
    for (u32 i = 0; i < 256; i++) {
        u32 rest = i;
        for (i32 bit = 0; bit < 8; bit++) {
            rest = rest & 1 ? rest >> 1 ^ 0xedb88320 : rest >> 1;
        }
        table[i] = rest;
    }
    u32 crc = ~0u;
    for (i32 i = 0; i < n; i++) {
        u8 byte = (u8)(i * 7 + (i >> 3));
        crc = table[(crc ^ byte) & 255] ^ crc >> 8;
    }
    return ~crc;
}

/* Adler-32, byte by byte. */
KERNEL(adler32) {
    u32 a = 1, b = 0;
    for (i32 i = 0; i < n; i++) {
        a = (a + (u8)(i * 13)) % 65521;
        b = (b + a) % 65521;
    }
    return (i64)(b << 16 | a);
}

/* FNV-1a and a multiplicative hash of short keys. */
KERNEL(short_keys) {
    u64 digest = 0;
    for (i32 i = 0; i < n; i++) {
        u64 hash = 0xcbf29ce484222325;
        for (u32 key = (u32)i * 2654435761u; key != 0; key >>= 8) {
            hash = (hash ^ (key & 255)) * 0x100000001b3;
        }
        hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15;
        digest ^= rotate_left_64(hash, (u32)i & 63);
    }
    return (i64)digest;
}

/* SHA-1's compression function on successive blocks. */
KERNEL(sha1) {
    u32 state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    for (i32 block = 0; block < n; block++) {
        u8 bytes[64];
        u32 words[80];
        for (u32 i = 0; i < 64; i++) {
            bytes[i] = (u8)(i * (u32)block + state[0]);
        }
        for (i32 i = 0; i < 16; i++) {
            const u8 *four = bytes + 4 * i;
            words[i] = (u32)four[0] << 24 | (u32)four[1] << 16 | (u32)four[2] << 8 | four[3];
        }
        for (i32 i = 16; i < 80; i++) {
            words[i] = rotate_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
        }
        u32 a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
        for (i32 i = 0; i < 80; i++) {
            u32 mixed, constant;
            if (i < 20) {
                mixed = (b & c) | (~b & d);
                constant = 0x5a827999;
            } else if (i < 40) {
                mixed = b ^ c ^ d;
                constant = 0x6ed9eba1;
            } else if (i < 60) {
                mixed = (b & c) | (b & d) | (c & d);
                constant = 0x8f1bbcdc;
            } else {
                mixed = b ^ c ^ d;
                constant = 0xca62c1d6;
            }
            u32 next = rotate_left(a, 5) + mixed + e + constant + words[i];
            e = d;
            d = c;
            c = rotate_left(b, 30);
            b = a;
            a = next;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
    }
    return (i64)(((u64)state[0] << 32 | state[1]) ^ state[2] ^ state[3] ^ state[4]);
}

/* Rounds like those of MD5: four functions, words in four orders, rotations from a table. */
KERNEL(md5) {
    static const u8 rotations[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    u32 constants[64];
    for (u32 i = 0; i < 64; i++) {
        constants[i] = i * 0x9e3779b9 ^ 0xd76aa478;
    }
    u32 state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    for (u32 block = 0; block < (u32)n; block++) {
        u32 words[16];
        for (u32 i = 0; i < 16; i++) {
            words[i] = i * block + state[0];
        }
        u32 a = state[0], b = state[1], c = state[2], d = state[3];
        for (u32 i = 0; i < 64; i++) {
            u32 mixed, word;
            switch (i / 16) {
            case 0:
                mixed = (b & c) | (~b & d);
                word = i;
                break;
            case 1:
                mixed = (d & b) | (~d & c);
                word = 5 * i + 1;
                break;
            case 2:
                mixed = b ^ c ^ d;
                word = 3 * i + 5;
                break;
            default:
                mixed = c ^ (b | ~d);
                word = 7 * i;
                break;
            }
            u32 sum = a + mixed + constants[i] + words[word & 15];
            a = d;
            d = c;
            c = b;
            b += rotate_left(sum, rotations[i / 16][i & 3]);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
    }
    return (i64)(((u64)state[0] << 32 | state[1]) ^ state[2] ^ state[3]);
}

/* Keccak's permutation, with loops over its lanes. */
KERNEL(keccak) {
    static u64 lanes[25];
    for (u32 i = 0; i < 25; i++) {
        lanes[i] = i;
    }
    for (i32 block = 0; block < n; block++) {
        u8 shift = 1;
        for (i32 round = 0; round < 24; round++) {
            u64 parity[5], kept[25];
            for (i32 x = 0; x < 5; x++) {
                parity[x] = 0;
                for (i32 y = 0; y < 25; y += 5) {
                    parity[x] ^= lanes[x + y];
                }
            }
            for (i32 x = 0; x < 5; x++) {
                u64 both = parity[(x + 4) % 5] ^ rotate_left_64(parity[(x + 1) % 5], 1);
                for (i32 y = 0; y < 25; y += 5) {
                    lanes[x + y] ^= both;
                }
            }
            kept[0] = lanes[0];
            i32 x = 1, y = 0;
            for (u32 step = 0; step < 24; step++) {
                u64 lane = rotate_left_64(lanes[x + 5 * y], (step + 1) * (step + 2) / 2);
                i32 turned = (2 * x + 3 * y) % 5;
                x = y;
                y = turned;
                kept[x + 5 * y] = lane;
            }
            for (i32 row = 0; row < 25; row += 5) {
                for (i32 i = 0; i < 5; i++) {
                    lanes[row + i] =
                        kept[row + i] ^ (~kept[row + (i + 1) % 5] & kept[row + (i + 2) % 5]);
                }
            }
            /* The round constant, from a linear feedback shift register. */
            for (u32 bit = 1; bit <= 64; bit *= 2) {
                if (shift & 1) {
                    lanes[0] ^= 1ULL << (bit - 1);
                }
                shift = (u8)(shift << 1 ^ (shift & 128 ? 0x71 : 0));
            }
        }
    }
    return (i64)(lanes[0] ^ lanes[7]);
}

static void quarter_round(u32 *a, u32 *b, u32 *c, u32 *d) {
    *a += *b;
    *d = rotate_left(*d ^ *a, 16);
    *c += *d;
    *b = rotate_left(*b ^ *c, 12);
    *a += *b;
    *d = rotate_left(*d ^ *a, 8);
    *c += *d;
    *b = rotate_left(*b ^ *c, 7);
}

/* ChaCha20's key stream. */
KERNEL(chacha20) {
    u32 input[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    u64 digest = 0;
    for (u32 i = 4; i < 16; i++) {
        input[i] = i * 0x01010101;
    }
    for (i32 block = 0; block < n; block++) {
        u32 x[16];
        for (i32 i = 0; i < 16; i++) {
            x[i] = input[i];
        }
        for (i32 round = 0; round < 10; round++) {
            for (i32 i = 0; i < 4; i++) {
                quarter_round(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
            }
            for (i32 i = 0; i < 4; i++) {
                quarter_round(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4],
                              &x[12 + (i + 3) % 4]);
            }
        }
        for (i32 i = 0; i < 16; i++) {
            digest = mix(digest, x[i] + input[i]);
        }
        input[12]++;
    }
    return (i64)digest;
}

/* Doubles an element of the field with 256 elements. */
static u8 twice(u8 byte) { return (u8)(byte << 1 ^ (byte & 128 ? 0x1b : 0)); }

/* AES: substitution of bytes, rotation of rows, mixing of columns, key schedule. */
KERNEL(aes) {
    static u8 box[256];
    /* All elements except 0, each with its inverse. */
    u8 element = 1, inverse = 1;
    do {
        element ^= twice(element);
        inverse ^= (u8)(inverse << 1);
        inverse ^= (u8)(inverse << 2);
        inverse ^= (u8)(inverse << 4);
        if (inverse & 128) {
            inverse ^= 9;
        }
        u8 mixed = inverse;
        for (i32 i = 1; i < 5; i++) {
            mixed ^= (u8)(inverse << i | inverse >> (8 - i));
        }
        box[element] = mixed ^ 0x63;
    } while (element != 1);
    box[0] = 0x63;

    u8 state[16] = {0}, key[16];
    for (i32 block = 0; block < n; block++) {
        for (i32 i = 0; i < 16; i++) {
            key[i] = (u8)(i + block);
            state[i] ^= key[i];
        }
        u8 constant = 1;
        for (i32 round = 1; round <= 10; round++) {
            u8 moved[16];
            for (i32 i = 0; i < 16; i++) {
                moved[i] = box[state[(i + 4 * (i % 4)) % 16]];
            }
            key[0] ^= constant;
            constant = twice(constant);
            for (i32 i = 0; i < 16; i++) {
                key[i] ^= i < 4 ? box[key[12 + (i + 1) % 4]] : key[i - 4];
            }
            for (i32 column = 0; column < 16; column += 4) {
                u8 *four = moved + column;
                u8 all = four[0] ^ four[1] ^ four[2] ^ four[3], first = four[0];
                for (i32 i = 0; i < 4 && round < 10; i++) {
                    u8 next = i < 3 ? four[i + 1] : first;
                    four[i] ^= twice(four[i] ^ next) ^ all;
                }
            }
            for (i32 i = 0; i < 16; i++) {
                state[i] = moved[i] ^ key[i];
            }
        }
    }
    u64 digest = 0;
    for (i32 i = 0; i < 16; i++) {
        digest = mix(digest, state[i]);
    }
    return (i64)digest;
}
