/* Structures with pointers: lists, trees, maps, objects, an allocator. */
#include "kernel.h"

struct tree {
    struct tree *left, *right;
};

static struct tree *grow(i32 depth) {
    struct tree *tree = allocate(sizeof(struct tree));
    tree->left = depth == 0 ? 0 : grow(depth - 1);
    tree->right = depth == 0 ? 0 : grow(depth - 1);
    return tree;
}

static i32 count(const struct tree *tree) {
    return tree->left == 0 ? 1 : 1 + count(tree->left) + count(tree->right);
}

/* Full binary trees: built, counted and freed. */
KERNEL(binary_trees) {
    u64 digest = 0;
    for (i32 i = 0; i < n; i++) {
        release_all();
        digest = mix(digest, (u64)count(grow(4 + i % 9)));
    }
    return (i64)digest;
}

struct link {
    struct link *next;
    i32 value;
};

/* A linked list: reversed, searched for its greatest value, summed. */
KERNEL(linked_list) {
    release_all();
    seed(1);
    struct link *head = 0;
    for (i32 i = 0; i < 2000; i++) {
        struct link *link = allocate(sizeof(struct link));
        *link = (struct link){head, (i32)random_below(65536)};
        head = link;
    }
    i64 sum = 0;
    for (i32 round = 0; round < n; round++) {
        struct link *turned = 0;
        while (head != 0) {
            struct link *next = head->next;
            head->next = turned;
            turned = head;
            head = next;
        }
        head = turned;
        i32 greatest = 0;
        for (struct link *link = head; link != 0; link = link->next) {
            if (link->value > greatest) {
                greatest = link->value;
            }
            sum += link->value ^ round;
        }
        sum += greatest;
    }
    return sum;
}

/* A hash map from numbers to numbers, in two arrays, with linear probing. */
KERNEL(hash_map) {
    u32 size = 1 << 14, used = 0;
    release_all();
    seed(2);
    u32 *keys = allocate(4 * size), *values = allocate(4 * size);
    for (u32 i = 0; i < size; i++) {
        keys[i] = 0;
    }
    u64 sum = 0;
    for (i32 i = 0; i < n; i++) {
        u32 key = random_below(9000) + 1, at = key * 2654435761u >> 18;
        while (keys[at] != 0 && keys[at] != key) {
            at = (at + 1) & (size - 1);
        }
        if (keys[at] == 0) {
            keys[at] = key;
            values[at] = 0;
            used++;
        }
        values[at] += (u32)i;
        sum += values[at];
    }
    return (i64)(sum * 100 + used);
}

struct entry {
    struct entry *next;
    u64 key;
    f64 value;
};

/* A hash map with chains: insertions, look-ups, removals. */
KERNEL(chained_map) {
    static struct entry *buckets[256];
    struct entry *spare = 0;
    release_all();
    seed(3);
    for (i32 i = 0; i < 256; i++) {
        buckets[i] = 0;
    }
    f64 sum = 0;
    u32 found = 0;
    for (i32 i = 0; i < n; i++) {
        u64 key = (u64)random_below(1200) * 0x9e3779b97f4a7c15;
        struct entry **at = &buckets[key >> 56];
        while (*at != 0 && (*at)->key != key) {
            at = &(*at)->next;
        }
        struct entry *entry = *at;
        if (entry == 0) {
            entry = spare;
            if (entry != 0) {
                spare = entry->next;
            } else {
                entry = allocate(sizeof(struct entry));
            }
            *entry = (struct entry){0, key, i * 0.5};
            *at = entry;
        } else if (random_bits() & 64) {
            found++;
            sum += entry->value;
            *at = entry->next;
            entry->next = spare;
            spare = entry;
        } else {
            entry->value += 1.25;
        }
    }
    return (i64)(sum * 4) + found;
}

struct node {
    i32 key, priority;
    struct node *children[2];
};

static struct node *insert(struct node *root, struct node *added) {
    if (root == 0) {
        return added;
    }
    if (root->key == added->key) {
        root->priority ^= 1;
        return root;
    }
    i32 side = added->key > root->key;
    struct node *child = insert(root->children[side], added);
    root->children[side] = child;
    if (child->priority > root->priority) {
        root->children[side] = child->children[!side];
        child->children[!side] = root;
        return child;
    }
    return root;
}

/* A treap: insertions with rotations, and in-order traversal without recursion. */
KERNEL(ordered_map) {
    u64 digest = 0;
    seed(4);
    for (i32 round = 0; round < n; round++) {
        release_all();
        struct node *root = 0;
        for (i32 i = 0; i < 300; i++) {
            struct node *node = allocate(sizeof(struct node));
            *node = (struct node){(i32)random_below(5000), (i32)random_bits(), {0, 0}};
            root = insert(root, node);
        }
        struct node *above[300];
        i32 depth = 0;
        for (struct node *at = root; at != 0 || depth > 0;) {
            if (at != 0) {
                above[depth++] = at;
                at = at->children[0];
            } else {
                at = above[--depth];
                digest = mix(digest, (u64)at->key);
                at = at->children[1];
            }
        }
    }
    return (i64)digest;
}

struct block {
    u32 size;
    u32 is_free;
    struct block *next, *previous;
};

static struct block *heap_first;

static void *take(u32 size) {
    size = (size + 15) & ~15u;
    for (struct block *block = heap_first; block != 0; block = block->next) {
        if (!block->is_free || block->size < size) {
            continue;
        }
        if (block->size >= size + sizeof(struct block) + 16) {
            struct block *rest = (struct block *)((u8 *)(block + 1) + size);
            *rest =
                (struct block){block->size - size - sizeof(struct block), 1, block->next, block};
            if (rest->next != 0) {
                rest->next->previous = rest;
            }
            block->next = rest;
            block->size = size;
        }
        block->is_free = 0;
        return block + 1;
    }
    return 0;
}

static void absorb_next(struct block *block) {
    struct block *next = block->next;
    if (next == 0 || !next->is_free) {
        return;
    }
    block->size += next->size + sizeof(struct block);
    block->next = next->next;
    if (block->next != 0) {
        block->next->previous = block;
    }
}

static void give_back(void *memory) {
    struct block *block = (struct block *)memory - 1;
    block->is_free = 1;
    absorb_next(block);
    if (block->previous != 0 && block->previous->is_free) {
        absorb_next(block->previous);
    }
}

/* An allocator with a list of blocks that are split and merged, used for small objects. */
KERNEL(allocator) {
    static u8 *objects[128];
    release_all();
    seed(5);
    heap_first = allocate(1 << 16);
    *heap_first = (struct block){(1 << 16) - sizeof(struct block), 1, 0, 0};
    for (i32 i = 0; i < 128; i++) {
        objects[i] = 0;
    }
    u64 digest = 0;
    for (i32 i = 0; i < n; i++) {
        u32 at = random_below(128);
        if (objects[at] != 0) {
            digest = mix(digest, objects[at][3]);
            give_back(objects[at]);
            objects[at] = 0;
        } else {
            u32 size = 4 + random_below(200);
            objects[at] = take(size);
            if (objects[at] == 0) {
                digest++;
                continue;
            }
            for (u32 k = 0; k < size; k += 1 + k / 4) {
                objects[at][k] = (u8)(k + (u32)i);
            }
        }
    }
    return (i64)digest;
}

struct shape;

struct shape_type {
    f64 (*area)(const struct shape *);
    void (*scale)(struct shape *, f64);
    u32 (*corners)(const struct shape *);
};

struct shape {
    const struct shape_type *type;
    f64 width, height;
};

static f64 rectangle_area(const struct shape *shape) { return shape->width * shape->height; }
static f64 triangle_area(const struct shape *shape) { return shape->width * shape->height / 2; }
static f64 circle_area(const struct shape *shape) { return shape->width * shape->width * 3.14159; }

static void scale_both(struct shape *shape, f64 factor) {
    shape->width *= factor;
    shape->height *= factor;
}

static void scale_width(struct shape *shape, f64 factor) { shape->width *= factor; }

static u32 no_corners(const struct shape *shape) { return shape->width > 1e6; }
static u32 three_corners(const struct shape *shape) { return shape->width > 0 ? 3 : 2; }
static u32 four_corners(const struct shape *shape) { return shape->height > 0 ? 4 : 2; }

/* Objects of three classes with tables of methods. */
KERNEL(objects) {
    static const struct shape_type types[] = {{rectangle_area, scale_both, four_corners},
                                              {triangle_area, scale_both, three_corners},
                                              {circle_area, scale_width, no_corners}};
    struct shape *shapes[64];
    release_all();
    seed(6);
    for (i32 i = 0; i < 64; i++) {
        shapes[i] = allocate(sizeof(struct shape));
        *shapes[i] = (struct shape){&types[random_below(3)], 1 + i, 2 + i % 5};
    }
    f64 area = 0;
    u64 corners = 0;
    for (i32 round = 0; round < n; round++) {
        for (i32 i = 0; i < 64; i++) {
            struct shape *shape = shapes[i];
            area += shape->type->area(shape);
            corners += shape->type->corners(shape);
            shape->type->scale(shape, round & 1 ? 0.5 : 2.0);
        }
    }
    return (i64)(area * 8) + (i64)corners;
}

static i32 by_value(const void *a, const void *b) {
    i32 left = *(const i32 *)a, right = *(const i32 *)b;
    return (left > right) - (left < right);
}

static i32 by_low_bits(const void *a, const void *b) {
    return (i32)(*(const u32 *)a & 1023) - (i32)(*(const u32 *)b & 1023);
}

/* Shell sort of elements of any size with a comparison function. */
static void sort_by(u8 *items, u32 count, u32 size, i32 (*compare)(const void *, const void *)) {
    for (u32 gap = count / 2; gap > 0; gap /= 2) {
        for (u32 i = gap; i < count; i++) {
            for (u32 at = i; at >= gap; at -= gap) {
                u8 *right = items + at * size, *left = right - gap * size;
                if (compare(left, right) <= 0) {
                    break;
                }
                for (u32 k = 0; k < size; k++) {
                    u8 old = left[k];
                    left[k] = right[k];
                    right[k] = old;
                }
            }
        }
    }
}

/* A generic sort. */
KERNEL(generic_sort) {
    static i32 (*const volatile orders[])(const void *, const void *) = {by_value, by_low_bits};
    static i32 numbers[500];
    u64 digest = 0;
    seed(7);
    for (i32 round = 0; round < n; round++) {
        for (i32 i = 0; i < 500; i++) {
            numbers[i] = (i32)random_bits();
        }
        sort_by((u8 *)numbers, 500, 4, orders[round & 1]);
        digest = mix(digest, (u32)numbers[round % 500]);
    }
    return (i64)digest;
}
