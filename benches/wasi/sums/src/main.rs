//! Computes with threads of rayon, crossbeam and the standard library. What it prints does not
//! depend on their order.

use rayon::prelude::*;
use std::sync::{Arc, Barrier, Mutex, RwLock, mpsc};
use std::thread;
use std::time::Duration;

fn is_prime(n: u32) -> bool {
    n > 1 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0)
}

/// Counts, sorts and joins with four threads of rayon.
fn with_rayon() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4);
    pool.build_global().expect("threads can be started");
    let numbers = (0..60_000_u32).into_par_iter();
    println!("primes {}", numbers.filter(|&n| is_prime(n)).count());
    let word = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
    let mut words: Vec<u64> = (0..50_000).map(word).collect();
    words.par_sort_unstable();
    let weighted = words.par_iter().enumerate();
    let sum = weighted.map(|(at, word)| word.wrapping_mul(at as u64));
    let sum = sum.reduce(|| 0, u64::wrapping_add);
    println!("sorted {} {sum:x}", words.is_sorted());
    let (factorial, fibonacci) = rayon::join(
        || (1..=20).product::<u64>(),
        || (1..=90).fold((0_u64, 1_u64), |(a, b), _| (b, a + b)).0,
    );
    println!("joined {factorial} {fibonacci}");
}

/// Sends numbers to three threads through a channel that holds three.
fn with_crossbeam() {
    let (sender, receiver) = crossbeam::channel::bounded(3);
    let total = Mutex::new(0);
    crossbeam::scope(|scope| {
        for _ in 0..3 {
            let (receiver, total) = (receiver.clone(), &total);
            scope.spawn(move |_| {
                for n in receiver {
                    *total.lock().unwrap() += n;
                }
            });
        }
        for n in 0..5_000_u64 {
            sender.send(n).unwrap();
        }
        drop(sender);
    })
    .unwrap();
    println!("received {}", total.lock().unwrap());
}

/// Meets two other threads at a barrier.
fn with_the_standard_library() {
    let barrier = Arc::new(Barrier::new(3));
    let table = Arc::new(RwLock::new(vec![0; 3]));
    let (sender, receiver) = mpsc::channel();
    let start = |n: usize| {
        let (barrier, table, sender) = (barrier.clone(), table.clone(), sender.clone());
        thread::spawn(move || {
            table.write().unwrap()[n] = n + 1;
            barrier.wait();
            let sum: usize = table.read().unwrap().iter().sum();
            sender.send(sum).unwrap();
            thread::sleep(Duration::from_millis(2));
        })
    };
    let threads: Vec<_> = (0..3).map(start).collect();
    drop(sender);
    for thread in threads {
        thread.join().unwrap();
    }
    println!("met {:?}", receiver.iter().collect::<Vec<_>>());
}

fn main() {
    with_rayon();
    with_crossbeam();
    with_the_standard_library();
}
