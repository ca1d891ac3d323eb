/* Integers: number theory, bits, large numbers, recursion. */
#include "kernel.h"

/* The sieve of Eratosthenes. */
KERNEL(sieve) {
    release_all();
    u8 *is_prime = allocate((u32)n + 1);
    for (i32 i = 0; i <= n; i++) {
        is_prime[i] = 1;
    }
    for (i32 i = 2; i * i <= n; i++) {
        if (is_prime[i]) {
            for (i32 multiple = i * i; multiple <= n; multiple += i) {
                is_prime[multiple] = 0;
            }
        }
    }
    i64 sum = 0;
    for (i32 i = 2; i <= n; i++) {
        if (is_prime[i]) {
            sum += i;
        }
    }
    return sum;
}

/* Product of two square matrices. */
KERNEL(matrix_product) {
    release_all();
    i32 cells = n * n;
    i32 *a = allocate(4 * (u32)cells), *b = allocate(4 * (u32)cells);
    for (i32 i = 0; i < cells; i++) {
        a[i] = i % 17 - 3;
        b[i] = i % 11;
    }
    u64 digest = 0;
    for (i32 row = 0; row < n; row++) {
        for (i32 column = 0; column < n; column++) {
            i32 sum = 0;
            for (i32 k = 0; k < n; k++) {
                sum += a[row * n + k] * b[k * n + column];
            }
            digest = mix(digest, (u64)(i64)sum);
        }
    }
    return (i64)digest;
}

static u32 greatest_divisor(u32 a, u32 b) {
    while (b != 0) {
        u32 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static u64 power_modulo(u64 base, u32 exponent, u64 modulus) {
    u64 power = 1;
    for (base %= modulus; exponent > 0; exponent >>= 1) {
        if (exponent & 1) {
            power = power * base % modulus;
        }
        base = base * base % modulus;
    }
    return power;
}

/* Greatest common divisors, powers modulo primes, Collatz sequences. */
KERNEL(number_theory) {
    u64 digest = 0;
    seed(1);
    for (i32 i = 0; i < n; i++) {
        u32 number = random_bits() | 1;
        digest = mix(digest, greatest_divisor(number, random_bits()));
        digest = mix(digest, power_modulo(number, random_bits() >> 8, 4294967291u));
        u32 steps = 0;
        for (u64 chain = number >> 12 | 1; chain != 1; steps++) {
            chain = chain & 1 ? 3 * chain + 1 : chain >> 1;
        }
        digest = mix(digest, steps);
    }
    return (i64)digest;
}

/* Bits of 64-bit words: counting, reversing, the lowest one, interleaving. */
KERNEL(bits) {
    u64 word = 0x0123456789abcdef, digest = 0;
    for (i32 i = 0; i < n; i++) {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        digest += (u64)__builtin_popcountll(word) + (u64)__builtin_clzll(word | 1);
        u64 lowest = word & -word;
        digest ^= lowest + (u64)__builtin_ctzll(word);
        u64 reversed = (word >> 1 & 0x5555555555555555) | (word & 0x5555555555555555) << 1;
        reversed = (reversed >> 2 & 0x3333333333333333) | (reversed & 0x3333333333333333) << 2;
        reversed = (reversed >> 4 & 0x0f0f0f0f0f0f0f0f) | (reversed & 0x0f0f0f0f0f0f0f0f) << 4;
        u64 spread = word & 0xffffffff;
        spread = (spread | spread << 16) & 0x0000ffff0000ffff;
        spread = (spread | spread << 8) & 0x00ff00ff00ff00ff;
        digest = mix(digest, reversed ^ spread) + word % 1000003;
    }
    return (i64)digest;
}

/* Bit sets: insertions, removals, iteration in order, unions. */
KERNEL(bit_set) {
    static u64 left[64], right[64];
    u64 digest = 0;
    seed(2);
    for (i32 i = 0; i < 64; i++) {
        left[i] = right[i] = 0;
    }
    for (i32 i = 0; i < n; i++) {
        for (i32 k = 0; k < 60; k++) {
            u32 in = random_bits() >> 20, out = random_bits() >> 20;
            left[in / 64] |= 1ULL << in % 64;
            left[out / 64] &= ~(1ULL << out % 64);
            right[out / 64] ^= 1ULL << out % 64;
        }
        for (u32 word = 0; word < 64; word++) {
            right[word] |= left[word] >> 1;
            for (u64 rest = left[word] & ~right[word]; rest != 0; rest &= rest - 1) {
                digest += word * 64 + (u32)__builtin_ctzll(rest);
            }
        }
    }
    return (i64)digest;
}

#define LIMBS 40

/* Divides `rest`, which is twice as long, by `divisor`, whose highest bit is set. */
static void divide(u32 *rest, const u32 *divisor, u32 *quotient) {
    for (i32 at = LIMBS - 1; at >= 0; at--) {
        u64 high = (u64)rest[at + LIMBS] << 32 | rest[at + LIMBS - 1];
        u64 guess = high / divisor[LIMBS - 1], left = high % divisor[LIMBS - 1];
        while (guess >> 32 || guess * divisor[LIMBS - 2] > (left << 32 | rest[at + LIMBS - 2])) {
            guess--;
            left += divisor[LIMBS - 1];
            if (left >> 32) {
                break;
            }
        }
        u64 carry = 0;
        i64 borrow = 0;
        for (i32 i = 0; i < LIMBS; i++) {
            carry += guess * divisor[i];
            i64 difference = (i64)rest[at + i] - (i64)(u32)carry + borrow;
            rest[at + i] = (u32)difference;
            borrow = difference >> 32;
            carry >>= 32;
        }
        i64 top = (i64)rest[at + LIMBS] - (i64)carry + borrow;
        rest[at + LIMBS] = (u32)top;
        if (top < 0) {
            guess--;
            carry = 0;
            for (i32 i = 0; i < LIMBS; i++) {
                carry += (u64)rest[at + i] + divisor[i];
                rest[at + i] = (u32)carry;
                carry >>= 32;
            }
            rest[at + LIMBS] += (u32)carry;
        }
        quotient[at] = (u32)guess;
    }
}

/* Large numbers: schoolbook multiplication, and long division of the products. */
KERNEL(large_numbers) {
    u64 digest = 0;
    seed(3);
    for (i32 round = 0; round < n; round++) {
        u32 a[LIMBS], b[LIMBS], product[2 * LIMBS] = {0}, quotient[LIMBS];
        for (i32 i = 0; i < LIMBS; i++) {
            a[i] = random_bits();
            b[i] = random_bits();
        }
        b[LIMBS - 1] |= 1u << 31;
        a[LIMBS - 1] &= ~(1u << 31);
        for (i32 i = 0; i < LIMBS; i++) {
            u64 carry = 0;
            for (i32 k = 0; k < LIMBS; k++) {
                carry += (u64)a[i] * b[k] + product[i + k];
                product[i + k] = (u32)carry;
                carry >>= 32;
            }
            product[i + LIMBS] = (u32)carry;
        }
        divide(product, b, quotient);
        for (i32 i = 0; i < LIMBS; i++) {
            if (quotient[i] != a[i] || product[i] != 0) {
                __builtin_trap();
            }
            digest = mix(digest, quotient[i]);
        }
    }
    return (i64)digest;
}

static i32 fibonacci_number(i32 n) {
    return n < 2 ? n : fibonacci_number(n - 1) + fibonacci_number(n - 2);
}

/* Fibonacci numbers by recursion. */
KERNEL(fibonacci) { return fibonacci_number(n); }

static u32 ackermann_number(u32 m, u32 n) {
    if (m == 0) {
        return n + 1;
    }
    return ackermann_number(m - 1, n == 0 ? 1 : ackermann_number(m, n - 1));
}

/* Ackermann's function: deep recursion. */
KERNEL(ackermann) {
    i64 sum = 0;
    for (i32 i = 0; i < n; i++) {
        sum += ackermann_number(2, 5 + (u32)i % 9);
    }
    return sum;
}

static i32 takeuchi_number(i32 x, i32 y, i32 z) {
    if (x <= y) {
        return z;
    }
    return takeuchi_number(takeuchi_number(x - 1, y, z), takeuchi_number(y - 1, z, x),
                           takeuchi_number(z - 1, x, y));
}

/* Takeuchi's function: nested recursive calls. */
KERNEL(takeuchi) {
    i64 sum = 0;
    for (i32 i = 0; i < n; i++) {
        sum += takeuchi_number(14, 8, i % 5);
    }
    return sum;
}

static i32 is_safe(const i32 *queens, i32 row) {
    for (i32 i = 0; i < row; i++) {
        i32 way = queens[i] - queens[row];
        if (way == 0 || way == row - i || way == i - row) {
            return 0;
        }
    }
    return 1;
}

static i32 place_queens(i32 *queens, i32 row, i32 n) {
    if (row == n) {
        return 1;
    }
    i32 ways = 0;
    for (queens[row] = 0; queens[row] < n; queens[row]++) {
        if (is_safe(queens, row)) {
            ways += place_queens(queens, row + 1, n);
        }
    }
    return ways;
}

/* The n-queens problem by backtracking. */
KERNEL(queens) {
    i32 queens[16];
    return place_queens(queens, 0, n);
}

/* Permutations in order. In each, as many elements are reversed as the first says, until it is 0. */
KERNEL(turn_around) {
    u8 order[10], turned[10];
    u64 digest = 0;
    for (u8 i = 0; i < 10; i++) {
        order[i] = (i + 5) % 10;
    }
    for (i32 round = 0; round < n; round++) {
        for (i32 i = 0; i < 10; i++) {
            turned[i] = order[i];
        }
        u32 turns = 0;
        for (; turned[0] != 0; turns++) {
            for (i32 low = 0, high = turned[0]; low < high; low++, high--) {
                u8 old = turned[low];
                turned[low] = turned[high];
                turned[high] = old;
            }
        }
        digest = mix(digest, turns);
        /* The next permutation in lexicographic order. */
        i32 at = 8, other = 9;
        while (at >= 0 && order[at] > order[at + 1]) {
            at--;
        }
        if (at < 0) {
            break;
        }
        while (order[other] < order[at]) {
            other--;
        }
        u8 old = order[at];
        order[at] = order[other];
        order[other] = old;
        for (i32 low = at + 1, high = 9; low < high; low++, high--) {
            old = order[low];
            order[low] = order[high];
            order[high] = old;
        }
    }
    return (i64)digest;
}
