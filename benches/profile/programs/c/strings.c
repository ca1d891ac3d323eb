/* Text: searching, comparing, encoding, parsing and formatting. */
#include "kernel.h"

static i32 length_of(const char *string) {
    i32 length = 0;
    while (string[length] != 0) {
        length++;
    }
    return length;
}

/* Naive search for several patterns. */
KERNEL(search) {
    static const char *const patterns[] = {"aab", "abac", "a b", "cd ea", "aaaa"};
    release_all();
    seed(1);
    char *text = allocate((u32)n);
    for (i32 i = 0; i < n; i++) {
        text[i] = "aabacd e"[random_bits() & 7];
    }
    u64 digest = 0;
    for (i32 p = 0; p < 5; p++) {
        const char *pattern = patterns[p];
        i32 length = length_of(pattern), found = 0;
        for (i32 start = 0; start + length <= n; start++) {
            i32 same = 0;
            while (same < length && text[start + same] == pattern[same]) {
                same++;
            }
            found += same == length;
        }
        digest = mix(digest, (u64)found);
    }
    return (i64)digest;
}

/* Search that skips by a table of the characters' last positions in the pattern. */
KERNEL(skipping_search) {
    release_all();
    seed(2);
    u8 *text = allocate((u32)n);
    for (i32 i = 0; i < n; i++) {
        text[i] = (u8)('a' + random_below(6));
    }
    static const char pattern[] = "fadedbead";
    i32 length = sizeof pattern - 1, found = 0;
    u8 skip[256];
    for (i32 i = 0; i < 256; i++) {
        skip[i] = (u8)length;
    }
    for (i32 i = 0; i < length - 1; i++) {
        skip[(u8)pattern[i]] = (u8)(length - 1 - i);
    }
    u64 digest = 0;
    for (i32 start = 0; start + length <= n;) {
        i32 at = length - 1;
        while (at >= 0 && text[start + at] == (u8)pattern[at]) {
            at--;
        }
        if (at < 0) {
            found++;
        }
        digest = mix(digest, (u64)at);
        start += skip[text[start + length - 1]];
    }
    return (i64)(digest + (u64)found);
}

/* Edit distance with one row. */
KERNEL(edit_distance) {
    static u8 left[500], right[480];
    static i32 row[481];
    u64 digest = 0;
    seed(3);
    for (i32 round = 0; round < n; round++) {
        for (i32 i = 0; i < 500; i++) {
            left[i] = (u8)random_below(26);
        }
        for (i32 i = 0; i < 480; i++) {
            right[i] = (u8)random_below(26);
            row[i + 1] = i + 1;
        }
        row[0] = 0;
        for (i32 i = 0; i < 500; i++) {
            i32 diagonal = row[0];
            row[0] = i + 1;
            for (i32 j = 0; j < 480; j++) {
                i32 least = diagonal + (left[i] != right[j]);
                diagonal = row[j + 1];
                if (diagonal + 1 < least) {
                    least = diagonal + 1;
                }
                if (row[j] + 1 < least) {
                    least = row[j] + 1;
                }
                row[j + 1] = least;
            }
        }
        digest = mix(digest, (u64)row[480]);
    }
    return (i64)digest;
}

/* Base64 encoding and decoding. */
KERNEL(base64) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static u8 values[256];
    for (u8 i = 0; i < 64; i++) {
        values[(u8)letters[i]] = i;
    }
    release_all();
    seed(4);
    n -= n % 3;
    u8 *bytes = allocate((u32)n), *text = allocate((u32)n / 3 * 4);
    for (i32 i = 0; i < n; i++) {
        bytes[i] = (u8)random_bits();
    }
    u8 *out = text;
    for (i32 i = 0; i < n; i += 3) {
        u32 three = (u32)bytes[i] << 16 | (u32)bytes[i + 1] << 8 | bytes[i + 2];
        *out++ = (u8)letters[three >> 18];
        *out++ = (u8)letters[three >> 12 & 63];
        *out++ = (u8)letters[three >> 6 & 63];
        *out++ = (u8)letters[three & 63];
    }
    u64 digest = 0;
    for (const u8 *in = text; in < out; in += 4) {
        u32 three = (u32)values[in[0]] << 18 | (u32)values[in[1]] << 12 | (u32)values[in[2]] << 6 |
                    values[in[3]];
        digest = mix(digest, (u8)(three >> 16));
        digest = mix(digest, (u8)(three >> 8));
        digest = mix(digest, (u8)three);
    }
    return (i64)digest;
}

static u8 *encode_character(u8 *out, u32 c) {
    if (c < 0x80) {
        *out++ = (u8)c;
        return out;
    }
    if (c < 0x800) {
        *out++ = (u8)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *out++ = (u8)(0xe0 | c >> 12);
        } else {
            *out++ = (u8)(0xf0 | c >> 18);
            *out++ = (u8)(0x80 | (c >> 12 & 63));
        }
        *out++ = (u8)(0x80 | (c >> 6 & 63));
    }
    *out++ = (u8)(0x80 | (c & 63));
    return out;
}

/* Decodes the character at `*in` and advances it; returns ~0 for invalid bytes. */
static u32 decode_character(const u8 **in, const u8 *end) {
    u32 first = *(*in)++;
    if (first < 0x80) {
        return first;
    }
    i32 more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || end - *in < more) {
        return ~0u;
    }
    u32 character = first & (0x3fu >> more);
    for (i32 i = 0; i < more; i++) {
        u32 next = **in;
        if ((next & 0xc0) != 0x80) {
            return ~0u;
        }
        character = character << 6 | (next & 63);
        (*in)++;
    }
    return character;
}

/* UTF-8: encoding, validating and decoding; some bytes are corrupted in between. */
KERNEL(utf8) {
    release_all();
    seed(5);
    u8 *text = allocate(4 * (u32)n), *end = text;
    for (i32 i = 0; i < n; i++) {
        u32 character = random_bits() & 0x1fffff, width = random_bits() & 15;
        end = encode_character(end, width < 11   ? character & 127
                                    : width < 13 ? character & 0x7ff
                                    : width < 15 ? character & 0xffff
                                                 : character & 0xfffff);
    }
    for (u8 *at = text; at < end; at += 97) {
        *at ^= 0x40;
    }
    u64 digest = 0;
    u32 errors = 0;
    for (const u8 *at = text; at < end;) {
        u32 character = decode_character(&at, end);
        if (character == ~0u) {
            errors++;
        } else {
            digest = mix(digest, character);
        }
    }
    return (i64)(digest + errors);
}

/* Sums as text, evaluated from left to right. */
KERNEL(sums) {
    static char text[4096];
    i32 length = 0;
    seed(6);
    while (length < 4000) {
        for (u32 digits = 1 + random_below(6); digits > 0; digits--) {
            text[length++] = (char)('0' + random_below(10));
        }
        text[length++] = "+-*,"[random_below(4)];
    }
    text[length] = 0;
    u64 digest = 0;
    for (i32 round = 0; round < n; round++) {
        u64 total = (u64)round, number = 0;
        char operation = '+';
        for (const char *at = text; *at != 0; at++) {
            if (*at >= '0' && *at <= '9') {
                number = number * 10 + (u64)(*at - '0');
                continue;
            }
            switch (operation) {
            case '+':
                total += number;
                break;
            case '-':
                total -= number;
                break;
            case '*':
                total = (u32)total * number;
                break;
            default:
                total ^= number;
            }
            operation = *at;
            number = 0;
        }
        digest = mix(digest, total);
    }
    return (i64)digest;
}

/* Parses an expression by recursive descent: terms at level 0, factors at 1, atoms at 2. */
static i64 expression(const char **at, i32 level) {
    if (level == 2) {
        i64 value = 0;
        if (**at == '(') {
            (*at)++;
            value = expression(at, 0);
            (*at)++;
            return value;
        }
        while (**at >= '0' && **at <= '9') {
            value = value * 10 + (*(*at)++ - '0');
        }
        return value;
    }
    i64 value = expression(at, level + 1);
    for (;;) {
        char operation = **at;
        if (level == 0 ? operation != '+' && operation != '-'
                       : operation != '*' && operation != '/') {
            return value;
        }
        (*at)++;
        i64 right = expression(at, level + 1);
        if (operation == '+') {
            value += right;
        } else if (operation == '-') {
            value -= right;
        } else if (operation == '*') {
            value = value * right % 1000003;
        } else {
            value /= right == 0 ? 1 : right;
        }
    }
}

/* Nested expressions, by recursive descent. */
KERNEL(expressions) {
    static const char *const texts[] = {"1+2*(3-4*(5+6))/7", "((((9))))*8-7/(6-5)+4321",
                                        "12*34*56-78/(9+1)", "(1+2)*(3+4)*(5+6)*(7+8)/(9-2)"};
    u64 digest = 0;
    for (i32 i = 0; i < n; i++) {
        const char *text = texts[i & 3];
        digest = mix(digest, (u64)(expression(&text, 0) ^ i));
    }
    return (i64)digest;
}

static char *print_number(char *out, u64 value, u32 base, i32 width, char fill) {
    char digits[24];
    i32 count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    for (; width > count; width--) {
        *out++ = fill;
    }
    while (count > 0) {
        *out++ = digits[--count];
    }
    return out;
}

struct argument {
    i64 number;
    const char *string;
    f64 fraction;
};

/* Formats arguments: %d, %x, %s, %f, with a width and leading zeros. */
static char *print(char *out, const char *format, const struct argument *argument) {
    for (; *format != 0; format++) {
        if (*format != '%') {
            *out++ = *format;
            continue;
        }
        char fill = ' ';
        i32 width = 0;
        if (*++format == '0') {
            fill = '0';
            format++;
        }
        while (*format >= '0' && *format <= '9') {
            width = width * 10 + (*format++ - '0');
        }
        switch (*format) {
        case 'd': {
            i64 number = argument->number;
            if (number < 0) {
                *out++ = '-';
                width--;
            }
            out = print_number(out, number < 0 ? -(u64)number : (u64)number, 10, width, fill);
            break;
        }
        case 'x':
            out = print_number(out, (u64)argument->number, 16, width, fill);
            break;
        case 's': {
            i32 length = length_of(argument->string);
            for (; width > length; width--) {
                *out++ = fill;
            }
            for (const char *at = argument->string; *at != 0; at++) {
                *out++ = *at;
            }
            break;
        }
        case 'f': {
            u64 whole = (u64)argument->fraction;
            out = print_number(out, whole, 10, width, fill);
            *out++ = '.';
            u64 rest = (u64)((argument->fraction - (f64)whole) * 1e6);
            out = print_number(out, rest, 10, 6, '0');
            break;
        }
        default:
            *out++ = *format;
            continue;
        }
        argument++;
    }
    return out;
}

/* Formatted output. */
KERNEL(format) {
    static const char *const names[] = {"needle", "yarn", "a", "selvage"};
    char line[256];
    u64 digest = 0;
    seed(7);
    for (i32 i = 0; i < n; i++) {
        struct argument arguments[] = {
            {.number = i},
            {.string = names[i & 3]},
            {.fraction = (f64)random_bits() / 1024.0},
            {.number = (i64)random_bits() * -77},
            {.number = (i64)random_bits() << 8},
        };
        const char *end = print(line, "#%05d %8s: %f (%d, %%) 0x%012x\n", arguments);
        for (const char *at = line; at < end; at++) {
            digest = mix(digest, (u8)*at);
        }
    }
    return (i64)digest;
}

struct word {
    u32 hash, start, length, count;
};

/* A hash map with string keys that counts words. */
KERNEL(words) {
    release_all();
    seed(8);
    u8 *text = allocate((u32)n);
    for (i32 i = 0; i < n; i++) {
        u32 bits = random_bits();
        text[i] =
            (bits >> 8 & 3) == 0 ? ' ' : (u8)('a' + (bits >> 12) % 7 % (1 + (bits >> 20) % 7));
    }
    u32 size = 64, used = 0;
    struct word *map = allocate(size * sizeof(struct word));
    for (u32 i = 0; i < size; i++) {
        map[i].length = 0;
    }
    for (u32 start = 0, end = 0; end <= (u32)n; end++) {
        if (end < (u32)n && text[end] != ' ') {
            continue;
        }
        u32 length = end - start;
        if (length > 0) {
            u32 hash = 0x811c9dc5;
            for (u32 i = start; i < end; i++) {
                hash = (hash ^ text[i]) * 0x01000193;
            }
            u32 at = hash & (size - 1);
            for (; map[at].length != 0; at = (at + 1) & (size - 1)) {
                if (map[at].hash == hash && map[at].length == length) {
                    u32 same = 0;
                    while (same < length && text[map[at].start + same] == text[start + same]) {
                        same++;
                    }
                    if (same == length) {
                        break;
                    }
                }
            }
            if (map[at].length == 0) {
                map[at] = (struct word){hash, start, length, 0};
                used++;
            }
            map[at].count++;
            if (used * 4 > size * 3) {
                struct word *larger = allocate(2 * size * sizeof(struct word));
                for (u32 i = 0; i < 2 * size; i++) {
                    larger[i].length = 0;
                }
                for (u32 i = 0; i < size; i++) {
                    if (map[i].length != 0) {
                        u32 to = map[i].hash & (2 * size - 1);
                        while (larger[to].length != 0) {
                            to = (to + 1) & (2 * size - 1);
                        }
                        larger[to] = map[i];
                    }
                }
                map = larger;
                size *= 2;
            }
        }
        start = end + 1;
    }
    u64 digest = used;
    for (u32 i = 0; i < size; i++) {
        digest = mix(digest, map[i].length == 0 ? 0 : map[i].count);
    }
    return (i64)digest;
}
