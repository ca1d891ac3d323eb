// Orders of a shop, in a list and in an array. `run` fails in the way that its argument selects.

typedef enum { OPEN, PAID, SENT } State;

typedef struct Order {
    int number;
    unsigned short pieces;
    double price;
    State state;
    const char *customer;
    struct Order *next;
} Order;

static Order orders[8];
static Order *first;
int sold[4];

static const char *const customers[] = {"Ada", "Grace", "Barbara", "Frances"};

static inline __attribute__((always_inline)) int quotient(int total, int count) {
    return total / count;
}

static void check(const Order *order) {
    if (order->pieces > 100)
        __builtin_trap();
}

static Order *add(int number, unsigned short pieces, double price) {
    Order *order = &orders[number % 8];
    order->number = number;
    order->pieces = pieces;
    order->price = price;
    order->state = number % 3;
    order->customer = customers[number % 4];
    order->next = first;
    first = order;
    check(order);
    return order;
}

static int pieces_of(const Order *order) {
    int pieces = 0;
    for (; order; order = order->next) {
        pieces += order->pieces;
        sold[order->number & 3] += order->pieces;
    }
    return pieces;
}

// Recurses, so that several frames have the same position.
static int deep(const Order *order, int limit) {
    if (limit == 0)
        return *(volatile const int *)0xfffffff0;
    return deep(order->next ? order->next : order, limit - 1) + order->pieces;
}

typedef int (*Measure)(const Order *);

static int price_of(const Order *order) {
    return (int)order->price;
}

static const Measure measures[] = {pieces_of, price_of};

int run(int kind) {
    first = 0;
    for (int i = 0; i < 6; i++)
        add(i, i * 3, i * 1.5);
    int total = pieces_of(first);
    switch (kind) {
    case 1:
        return quotient(total, sold[0] - sold[0]);
    case 2:
        add(7, 101, 0.5);
        break;
    case 3:
        return deep(first, 5);
    case 4:
        return ((Measure)measures[1])((const Order *)0xffffff00);
    case 5:
        return ((int (*)(int, int))(void *)measures[0])(1, 2);
    case 6:
        return (int)(first->price * 1e300);
    }
    return total + measures[1](first);
}
