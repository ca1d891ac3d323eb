// A calculator for formulas: recursion, nested conditions, and errors that leave early.

static const char *const formulas[] = {
    "1+2*3",
    "(4-1)*(2+5)",
    "8/(2-2)",
    "7*",
    "((1))",
};

struct parser {
    const char *next;
    int failed;
};

static int sum(struct parser *parser);

static int is_digit(char character) {
    return character >= '0' && character <= '9';
}

static int fail(struct parser *parser) {
    parser->failed = 1;
    return 0;
}

static int atom(struct parser *parser) {
    if (*parser->next == '(') {
        parser->next++;
        int value = sum(parser);
        if (*parser->next != ')')
            return fail(parser);
        parser->next++;
        return value;
    }
    if (!is_digit(*parser->next))
        return fail(parser);
    int value = 0;
    while (is_digit(*parser->next))
        value = 10 * value + (*parser->next++ - '0');
    return value;
}

static int product(struct parser *parser) {
    int value = atom(parser);
    for (;;) {
        switch (*parser->next) {
        case '*':
            parser->next++;
            value *= atom(parser);
            break;
        case '/': {
            parser->next++;
            int by = atom(parser);
            if (by == 0)
                return fail(parser);
            value /= by;
            break;
        }
        default:
            return value;
        }
    }
}

static int sum(struct parser *parser) {
    int value = product(parser);
    while (*parser->next == '+' || *parser->next == '-') {
        char sign = *parser->next++;
        int next = product(parser);
        value = sign == '+'
            ? value + next
            : value - next;
    }
    return value;
}

int run(int n) {
    struct parser parser = {
        .next = formulas[n % 5],
        .failed = 0,
    };
    int value = sum(&parser);
    if (parser.failed)
        return -1;
    if (*parser.next)
        return -2;
    return value;
}
