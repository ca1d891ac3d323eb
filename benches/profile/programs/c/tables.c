/* Tables and grids: dynamic programming, shortest paths, cellular automata. */
#include "kernel.h"

/* The knapsack problem with one row. */
KERNEL(knapsack) {
    static i32 weights[64], values[64], best[4001];
    seed(1);
    for (i32 i = 0; i < 64; i++) {
        weights[i] = 1 + (i32)random_below(90);
        values[i] = (i32)random_below(500);
    }
    i64 sum = 0;
    for (i32 round = 0; round < n; round++) {
        for (i32 room = 0; room <= 4000; room++) {
            best[room] = 0;
        }
        for (i32 i = 0; i < 64; i++) {
            for (i32 room = 4000; room >= weights[i]; room--) {
                i32 with = best[room - weights[i]] + values[i];
                if (with > best[room]) {
                    best[room] = with;
                }
            }
        }
        sum += best[4000 - round % 7];
    }
    return sum;
}

/* The number of ways to make a sum of coins, in 64 bits. */
KERNEL(coins) {
    static const i32 coins[] = {1, 2, 5, 10, 20, 50, 100, 200};
    static u64 ways[2001];
    u64 digest = 0;
    for (i32 round = 0; round < n; round++) {
        for (i32 sum = 1; sum <= 2000; sum++) {
            ways[sum] = 0;
        }
        ways[0] = (u64)round + 1;
        for (i32 coin = 0; coin < 8; coin++) {
            for (i32 sum = coins[coin]; sum <= 2000; sum++) {
                ways[sum] += ways[sum - coins[coin]];
            }
        }
        digest = mix(digest, ways[2000]);
    }
    return (i64)digest;
}

/* The cheapest order of a chain of matrix products, in 64 bits. */
KERNEL(matrix_chain) {
    static i64 sizes[49], cost[48][48];
    u64 digest = 0;
    seed(2);
    for (i32 round = 0; round < n; round++) {
        for (i32 i = 0; i < 49; i++) {
            sizes[i] = 1 + random_below(1000);
        }
        for (i32 length = 1; length < 48; length++) {
            for (i32 first = 0; first + length < 48; first++) {
                i32 last = first + length;
                i64 least = 1LL << 60;
                for (i32 middle = first; middle < last; middle++) {
                    i64 sum = cost[first][middle] + cost[middle + 1][last] +
                              sizes[first] * sizes[middle + 1] * sizes[last + 1];
                    if (sum < least) {
                        least = sum;
                    }
                }
                cost[first][last] = least;
            }
        }
        digest = mix(digest, (u64)cost[0][47]);
    }
    return (i64)digest;
}

/* The longest common subsequence, with the path back through the table. */
KERNEL(common_sequence) {
    static u8 left[200], right[200];
    static u16 longest[201][201];
    u64 digest = 0;
    seed(3);
    for (i32 round = 0; round < n; round++) {
        for (i32 i = 0; i < 200; i++) {
            left[i] = (u8)random_below(4);
            right[i] = (u8)random_below(4);
        }
        for (i32 i = 0; i < 200; i++) {
            for (i32 j = 0; j < 200; j++) {
                u16 above = longest[i][j + 1], before = longest[i + 1][j];
                longest[i + 1][j + 1] = left[i] == right[j] ? longest[i][j] + 1
                                        : above > before    ? above
                                                            : before;
            }
        }
        for (i32 i = 200, j = 200; i > 0 && j > 0;) {
            if (left[i - 1] == right[j - 1]) {
                digest = mix(digest, left[i - 1]);
                i--;
                j--;
            } else if (longest[i - 1][j] >= longest[i][j - 1]) {
                i--;
            } else {
                j--;
            }
        }
    }
    return (i64)digest;
}

/* Shortest paths between all pairs. */
KERNEL(all_distances) {
    release_all();
    seed(4);
    i32 *distances = allocate(4 * (u32)(n * n));
    for (i32 i = 0; i < n * n; i++) {
        distances[i] = 1 + (i32)random_below(1000);
    }
    for (i32 via = 0; via < n; via++) {
        for (i32 from = 0; from < n; from++) {
            for (i32 to = 0; to < n; to++) {
                i32 way = distances[from * n + via] + distances[via * n + to];
                if (way < distances[from * n + to]) {
                    distances[from * n + to] = way;
                }
            }
        }
    }
    u64 digest = 0;
    for (i32 i = 0; i < n * n; i++) {
        digest = mix(digest, (u64)distances[i]);
    }
    return (i64)digest;
}

#define SIDE 64

/* Paths through a maze, breadth first. */
KERNEL(maze) {
    static u8 walls[SIDE][SIDE];
    static i32 steps[SIDE][SIDE];
    static u16 queue[SIDE * SIDE];
    static const i32 sides[4][2] = {{0, 1}, {1, 0}, {0, -1}, {-1, 0}};
    u64 digest = 0;
    seed(5);
    for (i32 round = 0; round < n; round++) {
        for (i32 y = 0; y < SIDE; y++) {
            for (i32 x = 0; x < SIDE; x++) {
                walls[y][x] = random_below(10) < 3;
                steps[y][x] = -1;
            }
        }
        u32 first = 0, end = 1;
        queue[0] = 0;
        steps[0][0] = 0;
        while (first < end) {
            i32 y = queue[first] / SIDE, x = queue[first] % SIDE;
            first++;
            for (i32 side = 0; side < 4; side++) {
                i32 ny = y + sides[side][0], nx = x + sides[side][1];
                if (ny < 0 || ny >= SIDE || nx < 0 || nx >= SIDE) {
                    continue;
                }
                if (!walls[ny][nx] && steps[ny][nx] < 0) {
                    steps[ny][nx] = steps[y][x] + 1;
                    queue[end++] = (u16)(ny * SIDE + nx);
                }
            }
        }
        digest = mix(digest, end + (u64)(u32)steps[SIDE - 1][SIDE - 1]);
    }
    return (i64)digest;
}

/* The Game of Life on a torus. */
KERNEL(life) {
    static u8 worlds[2][SIDE][SIDE];
    seed(6);
    for (i32 y = 0; y < SIDE; y++) {
        for (i32 x = 0; x < SIDE; x++) {
            worlds[0][y][x] = random_bits() >> 9 & 1;
        }
    }
    for (i32 round = 0; round < n; round++) {
        u8(*now)[SIDE] = worlds[round & 1], (*next)[SIDE] = worlds[~round & 1];
        for (i32 y = 0; y < SIDE; y++) {
            for (i32 x = 0; x < SIDE; x++) {
                i32 neighbours = -now[y][x];
                for (i32 dy = -1; dy <= 1; dy++) {
                    for (i32 dx = -1; dx <= 1; dx++) {
                        neighbours += now[(y + dy + SIDE) % SIDE][(x + dx + SIDE) % SIDE];
                    }
                }
                next[y][x] = neighbours == 3 || (neighbours == 2 && now[y][x]);
            }
        }
    }
    u64 digest = 0;
    for (i32 i = 0; i < SIDE * SIDE; i++) {
        digest = digest * 3 + worlds[n & 1][i / SIDE][i % SIDE];
    }
    return (i64)digest;
}

/* Copies backwards byte by byte, then forwards word by word. */
KERNEL(copies) {
    static u64 words[1024], turned[1024];
    u8 *from = (u8 *)words, *to = (u8 *)turned;
    for (i32 i = 0; i < 8192; i++) {
        from[i] = (u8)i;
    }
    u64 sum = 0;
    for (i32 round = 0; round < n; round++) {
        for (i32 i = 0; i < 8192; i++) {
            to[i] = from[8191 - i];
        }
        for (i32 i = 0; i < 1024; i++) {
            words[i] ^= turned[i] + (u64)round;
        }
        sum += from[round & 8191];
    }
    return (i64)sum;
}
