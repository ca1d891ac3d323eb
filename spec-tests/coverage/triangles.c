// Kinds of triangles: branches and early returns.

enum kind { NONE, ANY, ISOSCELES, EQUILATERAL };

static int is_valid(int a, int b, int c) {
    if (a <= 0 || b <= 0 || c <= 0)
        return 0;
    if (a + b <= c)
        return 0;
    if (a + c <= b)
        return 0;
    return b + c > a;
}

static enum kind kind_of(int a, int b, int c) {
    if (!is_valid(a, b, c)) {
        return NONE;
    }
    if (a == b && b == c) {
        return EQUILATERAL;
    } else if (a == b
               || b == c
               || a == c) {
        return ISOSCELES;
    } else {
        return ANY;
    }
}

// Never called.
int is_right(int a, int b, int c) {
    int longest = a;
    if (b > longest)
        longest = b;
    if (c > longest)
        longest = c;
    return 2 * longest * longest == a * a + b * b + c * c;
}

int run(int n) {
    int score = 0;
    switch (kind_of(n, 4, 5)) {
    case NONE:
        score = -1;
        break;
    case ANY:
        score += 1;
        // Falls through.
    case ISOSCELES:
        score += 10;
        break;
    case EQUILATERAL:
        score += 100;
        break;
    }
    return score > 0 ? score
                     : -score;
}
