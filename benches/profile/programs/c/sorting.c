/* Sorting algorithms, a priority queue, and binary search. */
#include "kernel.h"

static i32 *random_numbers(i32 n) {
    i32 *numbers = allocate(4 * (u32)n);
    for (i32 i = 0; i < n; i++) {
        numbers[i] = (i32)random_bits();
    }
    return numbers;
}

static i64 digest_of(const i32 *numbers, i32 n) {
    u64 digest = 0;
    for (i32 i = 0; i < n; i++) {
        digest = mix(digest, (u64)(i64)numbers[i]);
    }
    return (i64)digest;
}

static void swap(i32 *a, i32 *b) {
    i32 old = *a;
    *a = *b;
    *b = old;
}

static void sort_range(i32 *numbers, i32 low, i32 high) {
    while (low < high) {
        i32 pivot = numbers[low + (high - low) / 2];
        i32 left = low, right = high;
        while (left <= right) {
            while (numbers[left] < pivot) {
                left++;
            }
            while (numbers[right] > pivot) {
                right--;
            }
            if (left <= right) {
                swap(&numbers[left++], &numbers[right--]);
            }
        }
        /* Recursion for the smaller part, the loop for the larger one. */
        if (right - low < high - left) {
            sort_range(numbers, low, right);
            low = left;
        } else {
            sort_range(numbers, left, high);
            high = right;
        }
    }
}

/* Quicksort with the middle element as pivot. */
KERNEL(quicksort) {
    release_all();
    seed(12345);
    i32 *numbers = random_numbers(n);
    sort_range(numbers, 0, n - 1);
    return digest_of(numbers, n);
}

static void merge_range(i32 *numbers, i32 *spare, i32 n) {
    if (n < 2) {
        return;
    }
    i32 middle = n / 2;
    merge_range(numbers, spare, middle);
    merge_range(numbers + middle, spare, n - middle);
    i32 left = 0, right = middle, out = 0;
    while (left < middle && right < n) {
        spare[out++] = numbers[left] <= numbers[right] ? numbers[left++] : numbers[right++];
    }
    while (left < middle) {
        spare[out++] = numbers[left++];
    }
    for (i32 i = 0; i < out; i++) {
        numbers[i] = spare[i];
    }
}

/* Merge sort, top down, through a second array. */
KERNEL(merge_sort) {
    release_all();
    seed(1);
    i32 *numbers = random_numbers(n);
    merge_range(numbers, allocate(4 * (u32)n), n);
    return digest_of(numbers, n);
}

static void sift_down(i32 *heap, i32 root, i32 end) {
    for (i32 child; (child = 2 * root + 1) < end; root = child) {
        if (child + 1 < end && heap[child + 1] > heap[child]) {
            child++;
        }
        if (heap[root] >= heap[child]) {
            return;
        }
        swap(&heap[root], &heap[child]);
    }
}

/* Heap sort in place. */
KERNEL(heap_sort) {
    release_all();
    seed(2);
    i32 *numbers = random_numbers(n);
    for (i32 root = n / 2 - 1; root >= 0; root--) {
        sift_down(numbers, root, n);
    }
    for (i32 end = n - 1; end > 0; end--) {
        swap(&numbers[0], &numbers[end]);
        sift_down(numbers, 0, end);
    }
    return digest_of(numbers, n);
}

/* Insertion sort of short ranges, as a library's sort does at the end. */
KERNEL(insertion_sort) {
    u64 digest = 0;
    seed(3);
    for (i32 row = 0; row < n; row++) {
        i16 numbers[24];
        for (i32 i = 0; i < 24; i++) {
            i16 number = (i16)random_bits();
            i32 at = i;
            for (; at > 0 && numbers[at - 1] > number; at--) {
                numbers[at] = numbers[at - 1];
            }
            numbers[at] = number;
        }
        digest = mix(digest, (u64)numbers[row % 24]);
    }
    return (i64)digest;
}

/* Radix sort by bytes, with counts and a second array. */
KERNEL(radix_sort) {
    release_all();
    seed(4);
    u32 *from = (u32 *)random_numbers(n), *to = allocate(4 * (u32)n);
    for (u32 shift = 0; shift < 32; shift += 8) {
        u32 starts[257] = {0};
        for (i32 i = 0; i < n; i++) {
            starts[(from[i] >> shift & 255) + 1]++;
        }
        for (i32 i = 0; i < 256; i++) {
            starts[i + 1] += starts[i];
        }
        for (i32 i = 0; i < n; i++) {
            to[starts[from[i] >> shift & 255]++] = from[i];
        }
        u32 *old = from;
        from = to;
        to = old;
    }
    return digest_of((i32 *)from, n);
}

struct event {
    i64 time;
    u32 kind;
};

static void push(struct event *queue, u32 *length, struct event event) {
    u32 at = (*length)++;
    while (at > 0) {
        u32 parent = (at - 1) / 2;
        if (queue[parent].time <= event.time) {
            break;
        }
        queue[at] = queue[parent];
        at = parent;
    }
    queue[at] = event;
}

static struct event pop(struct event *queue, u32 *length) {
    struct event first = queue[0], last = queue[--*length];
    u32 at = 0;
    for (u32 child; (child = 2 * at + 1) < *length; at = child) {
        if (child + 1 < *length && queue[child + 1].time < queue[child].time) {
            child++;
        }
        if (last.time <= queue[child].time) {
            break;
        }
        queue[at] = queue[child];
    }
    queue[at] = last;
    return first;
}

/* A simulation: the earliest event is removed from a binary heap, and adds later ones. */
KERNEL(events) {
    release_all();
    seed(5);
    struct event *queue = allocate(1024 * sizeof(struct event));
    u32 length = 0;
    u64 digest = 0;
    for (u32 kind = 0; kind < 200; kind++) {
        push(queue, &length, (struct event){random_below(1000), kind});
    }
    for (i32 i = 0; i < n; i++) {
        struct event event = pop(queue, &length);
        digest = mix(digest, (u64)event.time ^ event.kind);
        i64 later = event.time + 1 + random_below(5000);
        push(queue, &length, (struct event){later, event.kind * 5 + 1});
    }
    return (i64)digest;
}

/* Binary search in a sorted array. */
KERNEL(binary_search) {
    release_all();
    seed(6);
    u64 *keys = allocate(8 * 4096);
    u64 key = 0;
    for (i32 i = 0; i < 4096; i++) {
        keys[i] = key += 1 + random_below(1 << 20);
    }
    u64 digest = 0;
    for (i32 i = 0; i < n; i++) {
        u64 wanted = (u64)random_bits() % key;
        u32 low = 0, high = 4096;
        while (low < high) {
            u32 middle = (low + high) / 2;
            if (keys[middle] < wanted) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        digest += low;
    }
    return (i64)digest;
}
