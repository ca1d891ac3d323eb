/* Floats: matrices, physics, transforms, images. */
#include "kernel.h"

/* Product of two square matrices. */
KERNEL(matrix_product) {
    release_all();
    u32 cells = (u32)(n * n);
    f64 *a = allocate(8 * cells), *b = allocate(8 * cells), *product = allocate(8 * cells);
    for (u32 i = 0; i < cells; i++) {
        a[i] = (i32)(i % 7) - 3;
        b[i] = i % 5 * 0.5;
    }
    for (i32 row = 0; row < n; row++) {
        for (i32 column = 0; column < n; column++) {
            f64 sum = 0;
            for (i32 k = 0; k < n; k++) {
                sum += a[row * n + k] * b[k * n + column];
            }
            product[row * n + column] = sum;
        }
    }
    u64 digest = 0;
    for (u32 i = 0; i < cells; i++) {
        digest = mix(digest, (u64)(i64)(product[i] * 2));
    }
    return (i64)digest;
}

/* Gaussian elimination with the greatest pivot of each column. */
KERNEL(elimination) {
    release_all();
    seed(1);
    i32 width = n + 1;
    f64 *rows = allocate(8 * (u32)(n * width));
    for (i32 i = 0; i < n * width; i++) {
        rows[i] = (f64)random_below(2000) / 100.0 - 10.0;
    }
    for (i32 step = 0; step < n; step++) {
        i32 best = step;
        for (i32 row = step + 1; row < n; row++) {
            if (__builtin_fabs(rows[row * width + step]) >
                __builtin_fabs(rows[best * width + step])) {
                best = row;
            }
        }
        for (i32 column = step; column < width; column++) {
            f64 old = rows[best * width + column];
            rows[best * width + column] = rows[step * width + column];
            rows[step * width + column] = old;
        }
        for (i32 row = step + 1; row < n; row++) {
            f64 factor = rows[row * width + step] / rows[step * width + step];
            for (i32 column = step; column < width; column++) {
                rows[row * width + column] -= factor * rows[step * width + column];
            }
        }
    }
    f64 product = 1;
    for (i32 i = 0; i < n; i++) {
        f64 pivot = __builtin_fabs(rows[i * width + i]);
        product = product * 0.5 + __builtin_sqrt(pivot);
    }
    return (i64)(product * 1e6);
}

struct body {
    f64 at[3], speed[3], mass;
};

/* Bodies that attract each other. */
KERNEL(bodies) {
    static struct body all[6];
    for (i32 i = 0; i < 6; i++) {
        for (i32 axis = 0; axis < 3; axis++) {
            all[i].at[axis] = i * (1.5 - axis) + 0.3 * axis * axis;
            all[i].speed[axis] = 0.1 * (i - 2) + 0.05 * axis;
        }
        all[i].mass = 1 + 0.5 * i;
    }
    for (i32 step = 0; step < n; step++) {
        for (struct body *a = all; a < all + 6; a++) {
            for (struct body *b = a + 1; b < all + 6; b++) {
                f64 way[3], square = 0.01;
                for (i32 axis = 0; axis < 3; axis++) {
                    way[axis] = a->at[axis] - b->at[axis];
                    square += way[axis] * way[axis];
                }
                f64 pull = 0.001 / (square * __builtin_sqrt(square));
                for (i32 axis = 0; axis < 3; axis++) {
                    a->speed[axis] -= way[axis] * b->mass * pull;
                    b->speed[axis] += way[axis] * a->mass * pull;
                }
            }
        }
        for (struct body *body = all; body < all + 6; body++) {
            for (i32 axis = 0; axis < 3; axis++) {
                body->at[axis] += 0.001 * body->speed[axis];
            }
        }
    }
    f64 sum = 0;
    for (struct body *body = all; body < all + 6; body++) {
        sum += body->at[0] * 3 + body->at[1] * 5 + body->at[2] * 7;
    }
    return (i64)(sum * 1e6);
}

/* The Mandelbrot set: number of steps until each point escapes. */
KERNEL(mandelbrot) {
    u64 digest = 0;
    for (i32 row = 0; row < n; row++) {
        for (i32 column = 0; column < n; column++) {
            f64 real = 2.0 * column / n - 1.5, imaginary = 2.0 * row / n - 1.0;
            f64 x = 0, y = 0;
            u32 rounds = 0;
            while (rounds < 50 && x * x + y * y <= 4.0) {
                f64 next = x * x - y * y + real;
                y = 2 * x * y + imaginary;
                x = next;
                rounds++;
            }
            digest = mix(digest, rounds);
        }
    }
    return (i64)digest;
}

static f64 element(i32 row, i32 column) {
    i32 diagonal = row + column;
    return 1.0 / (diagonal * (diagonal + 1) / 2 + row + 1);
}

static void multiply(const f64 *from, f64 *to, i32 n, i32 is_transposed) {
    for (i32 i = 0; i < n; i++) {
        f64 sum = 0;
        for (i32 j = 0; j < n; j++) {
            sum += (is_transposed ? element(j, i) : element(i, j)) * from[j];
        }
        to[i] = sum;
    }
}

/* The spectral norm of the corner of an infinite matrix, by power iteration. */
KERNEL(spectral_norm) {
    release_all();
    u32 size = 8 * (u32)n;
    f64 *u = allocate(size), *v = allocate(size), *between = allocate(size);
    for (i32 i = 0; i < n; i++) {
        u[i] = 1;
    }
    for (i32 round = 0; round < 4; round++) {
        multiply(u, between, n, 0);
        multiply(between, v, n, 1);
        multiply(v, between, n, 0);
        multiply(between, u, n, 1);
    }
    f64 both = 0, square = 0;
    for (i32 i = 0; i < n; i++) {
        both += u[i] * v[i];
        square += v[i] * v[i];
    }
    return (i64)(__builtin_sqrt(both / square) * 1e9);
}

#define POINTS 1024

/* Fourier transform in `f32`: bit reversal, then butterflies. */
KERNEL(fourier) {
    static f32 real[POINTS], imaginary[POINTS];
    u64 digest = 0;
    for (i32 round = 0; round < n; round++) {
        for (u32 i = 0, reversed = 0; i < POINTS; i++) {
            real[reversed] = (f32)((i * 37 + (u32)round) % 101) / 50.0f - 1.0f;
            imaginary[reversed] = 0;
            u32 bit = POINTS / 2;
            for (; bit > 0 && (reversed & bit); bit >>= 1) {
                reversed ^= bit;
            }
            reversed ^= bit;
        }
        /* The rotation of each level, by the first terms of the series of cosine and sine. */
        for (i32 length = 2; length <= POINTS; length *= 2) {
            f32 angle = -6.2831853f / (f32)length, square = angle * angle;
            f32 turn_real = 1 - square / 2 + square * square / 24;
            f32 turn_imaginary = angle - angle * square / 6;
            for (i32 start = 0; start < POINTS; start += length) {
                f32 c = 1, s = 0;
                for (i32 a = start; a < start + length / 2; a++) {
                    i32 b = a + length / 2;
                    f32 x = real[b] * c - imaginary[b] * s, y = real[b] * s + imaginary[b] * c;
                    real[b] = real[a] - x;
                    imaginary[b] = imaginary[a] - y;
                    real[a] += x;
                    imaginary[a] += y;
                    f32 next = c * turn_real - s * turn_imaginary;
                    s = c * turn_imaginary + s * turn_real;
                    c = next;
                }
            }
        }
        for (i32 i = 0; i < POINTS; i += 61) {
            digest = mix(digest, (u64)(i64)(real[i] * 100));
        }
    }
    return (i64)digest;
}

#define WIDTH 96
#define HEIGHT 64

/* An image filter: a weighted mean of nine neighbours, then edges, then clamping to bytes. */
KERNEL(image_filter) {
    static f32 image[HEIGHT][WIDTH], soft[HEIGHT][WIDTH];
    static const f32 weights[3][3] = {{1, 2, 1}, {2, 4, 2}, {1, 2, 1}};
    static u8 bytes[HEIGHT][WIDTH];
    seed(2);
    for (i32 y = 0; y < HEIGHT; y++) {
        for (i32 x = 0; x < WIDTH; x++) {
            image[y][x] = (f32)(random_bits() & 255) / 255.0f;
        }
    }
    u64 digest = 0;
    for (i32 round = 0; round < n; round++) {
        for (i32 y = 1; y < HEIGHT - 1; y++) {
            for (i32 x = 1; x < WIDTH - 1; x++) {
                f32 sum = 0;
                for (i32 dy = 0; dy < 3; dy++) {
                    for (i32 dx = 0; dx < 3; dx++) {
                        sum += weights[dy][dx] * image[y + dy - 1][x + dx - 1];
                    }
                }
                soft[y][x] = sum / 16;
            }
        }
        for (i32 y = 1; y < HEIGHT - 1; y++) {
            for (i32 x = 1; x < WIDTH - 1; x++) {
                f32 across = soft[y][x + 1] - soft[y][x - 1];
                f32 down = soft[y + 1][x] - soft[y - 1][x];
                f32 edge = __builtin_sqrtf(across * across + down * down);
                f32 value = soft[y][x] * 1.1f - edge * 0.2f;
                value = value < 0 ? 0 : value > 1 ? 1 : value;
                image[y][x] = value;
                bytes[y][x] = (u8)(value * 255.0f + 0.5f);
            }
        }
        for (i32 i = 0; i < WIDTH; i++) {
            digest = mix(digest, bytes[i * 7 % HEIGHT][i]);
        }
    }
    return (i64)digest;
}

static f64 polynomial(f64 x) { return ((2.0 * x - 3.5) * x + 0.25) * x - 7.0; }

/* Roots by Newton's method, and an integral by Simpson's rule. */
KERNEL(calculus) {
    f64 total = 0;
    for (i32 i = 0; i < n; i++) {
        f64 x = 3.0 + i % 10;
        for (i32 round = 0; round < 40; round++) {
            f64 slope = (polynomial(x + 1e-6) - polynomial(x - 1e-6)) / 2e-6;
            f64 step = polynomial(x) / slope;
            x -= step;
            if (__builtin_fabs(step) < 1e-9) {
                break;
            }
        }
        f64 width = x / 32, sum = polynomial(0) + polynomial(x);
        for (i32 k = 1; k < 32; k++) {
            sum += (k % 2 ? 4 : 2) * polynomial(k * width);
        }
        total += sum * width / 3 + __builtin_floor(x * 16);
    }
    return (i64)(total * 1e3);
}
