// Sorting: loops, with `break`, `continue` and `goto`, and functions through pointers.

#define LENGTH 12

typedef int (*compare)(int, int);

static int numbers[LENGTH];
static int swaps;

static int ascending(int a, int b) {
    return a - b;
}

static int descending(int a, int b) {
    return b - a;
}

static void swap(int *a, int *b) {
    int old = *a;
    *a = *b;
    *b = old;
    swaps++;
}

static void fill(unsigned seed) {
    for (int i = 0; i < LENGTH; i++) {
        seed = seed * 1103515245u + 12345u;
        numbers[i] = (int)(seed >> 16 & 31);
    }
}

static void bubble(compare order) {
    int done;
    do {
        done = 1;
        for (int i = 1; i < LENGTH; i++) {
            if (order(numbers[i - 1], numbers[i]) <= 0)
                continue;
            swap(&numbers[i - 1], &numbers[i]);
            done = 0;
        }
    } while (!done);
}

static int find(int number) {
    int low = 0, high = LENGTH;
    while (low < high) {
        int middle = (low + high) / 2;
        if (numbers[middle] == number)
            return middle;
        if (numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

static int first_double(void) {
    int i = 1;
again:
    if (i == LENGTH)
        goto none;
    if (numbers[i - 1] != numbers[i]) {
        i++;
        goto again;
    }
    return numbers[i];
none:
    return -1;
}

// Never called.
void clear(void) {
    while (swaps > 0)
        swaps--;
    for (int i = 0; i < LENGTH; i++)
        numbers[i] = 0;
}

int run(int n) {
    fill(n);
    bubble(n % 2 ? descending : ascending);
    int sum = 0;
    for (int i = 0; i < LENGTH; i++) {
        if (numbers[i] > 30)
            break;
        sum += numbers[i];
    }
    if (n % 2 == 0) {
        sum += find(numbers[3]);
        sum += find(99);
    }
    if (n > 1000) {
        clear();
        return 0;
    }
    return sum + first_double() + swaps;
}
