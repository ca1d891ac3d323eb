//! Sorting: comparisons, swaps and unpredictable branches.

use support::{Checksum, Random};

fn numbers(len: i32) -> Vec<i32> {
    let mut random = Random::new(0x5027);
    (0..len).map(|_| random.bits() as i32).collect()
}

fn digest(sorted: &[i32]) -> i64 {
    assert!(sorted.is_sorted());
    let mut checksum = Checksum::new();
    for &number in sorted {
        checksum.word(number as u64);
    }
    checksum.finish()
}

/// Sorts `n` numbers with bubble sort. The time is quadratic.
#[unsafe(no_mangle)]
pub extern "C" fn bubble_sort(n: i32) -> i64 {
    let mut numbers = numbers(n);
    for end in (1..numbers.len()).rev() {
        for i in 0..end {
            if numbers[i] > numbers[i + 1] {
                numbers.swap(i, i + 1);
            }
        }
    }
    digest(&numbers)
}

fn quick(numbers: &mut [i32]) {
    if numbers.len() < 2 {
        return;
    }
    let last = numbers.len() - 1;
    numbers.swap(last / 2, last);
    let pivot = numbers[last];
    let mut boundary = 0;
    for i in 0..last {
        if numbers[i] < pivot {
            numbers.swap(i, boundary);
            boundary += 1;
        }
    }
    numbers.swap(boundary, last);
    let (left, right) = numbers.split_at_mut(boundary);
    quick(left);
    quick(&mut right[1..]);
}

/// Sorts `n` numbers with recursive quicksort.
#[unsafe(no_mangle)]
pub extern "C" fn quick_sort(n: i32) -> i64 {
    let mut numbers = numbers(n);
    quick(&mut numbers);
    digest(&numbers)
}

/// Sorts `n` numbers with the standard library's stable and unstable sorts.
#[unsafe(no_mangle)]
pub extern "C" fn library_sort(n: i32) -> i64 {
    let mut stable = numbers(n);
    let mut unstable = stable.clone();
    stable.sort_by_key(|number| number.rotate_left(9));
    unstable.sort_unstable();
    stable.sort();
    assert_eq!(stable, unstable);
    digest(&stable)
}
