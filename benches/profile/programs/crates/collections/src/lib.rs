//! The standard library: maps, heaps, queues, shared nodes, trait objects, formatting.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::fmt::Write;
use std::hash::BuildHasherDefault;
use std::rc::Rc;

use support::{Checksum, Random, text};

/// The standard library's map, with its hash function but without random seeds.
type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// A place, and the paths that lead away from it.
struct Place {
    name: String,
    ways: Vec<(Rc<RefCell<Place>>, u64)>,
    distance: Option<u64>,
}

/// Computes shortest paths through shared nodes with Dijkstra's algorithm.
fn journeys(random: &mut Random, checksum: &mut Checksum) {
    let places: Vec<Rc<RefCell<Place>>> = (0..60)
        .map(|number| {
            Rc::new(RefCell::new(Place {
                name: format!("{}-{number}", text::word(random)),
                ways: Vec::new(),
                distance: None,
            }))
        })
        .collect();
    for place in &places {
        for _ in 0..4 {
            let way = (Rc::clone(random.pick(&places)), 1 + random.bits() % 100);
            place.borrow_mut().ways.push(way);
        }
    }
    let mut queue = BinaryHeap::from([Reverse((0, 0))]);
    let index = |wanted: &Rc<RefCell<Place>>| places.iter().position(|p| Rc::ptr_eq(p, wanted));
    while let Some(Reverse((distance, at))) = queue.pop() {
        if places[at].borrow().distance.is_some() {
            continue;
        }
        places[at].borrow_mut().distance = Some(distance);
        for (to, length) in &places[at].borrow().ways {
            queue.push(Reverse((distance + length, index(to).expect("a place"))));
        }
    }
    for place in &places {
        let place = place.borrow();
        checksum.bytes(place.name.as_bytes());
        checksum.word(place.distance.unwrap_or(u64::MAX));
    }
    // Removes reference cycles, so that the places are freed.
    for place in &places {
        place.borrow_mut().ways.clear();
    }
}

/// A stage of a pipeline of bytes.
trait Stage {
    fn pass(&mut self, byte: u8) -> Option<u8>;
}

struct Upper;
struct Squeeze(u8);
struct Rotate(u8);

impl Stage for Upper {
    fn pass(&mut self, byte: u8) -> Option<u8> {
        Some(byte.to_ascii_uppercase())
    }
}

impl Stage for Squeeze {
    fn pass(&mut self, byte: u8) -> Option<u8> {
        let before = std::mem::replace(&mut self.0, byte);
        (byte != before).then_some(byte)
    }
}

impl Stage for Rotate {
    fn pass(&mut self, byte: u8) -> Option<u8> {
        self.0 = self.0.wrapping_add(1);
        Some(byte.rotate_left(u32::from(self.0 & 7)))
    }
}

/// Counts words in maps, sorts them, and prints a table.
fn report(prose: &str, checksum: &mut Checksum) {
    let mut counts: Map<String, usize> = Map::default();
    let mut by_letter: BTreeMap<char, BTreeSet<&str>> = BTreeMap::new();
    for word in prose.split(|c: char| !c.is_alphanumeric()) {
        let Some(first) = word.chars().next() else {
            continue;
        };
        *counts.entry(word.to_lowercase()).or_default() += 1;
        by_letter.entry(first).or_default().insert(word);
    }
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut table = String::new();
    for (place, (word, count)) in sorted.iter().enumerate() {
        let share = *count as f64 / prose.len() as f64;
        writeln!(table, "{place:>4} {word:<16} {count:5} {share:.4}").expect("memory");
    }
    for (letter, words) in &by_letter {
        writeln!(table, "{letter:?}: {words:?}").expect("memory");
    }
    checksum.bytes(table.as_bytes());
}

/// Does all of this `n` times.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xc011);
    let mut checksum = Checksum::new();
    for _ in 0..n {
        journeys(&mut random, &mut checksum);
        let prose = text::prose(&mut random, 2000);
        report(&prose, &mut checksum);
        let mut stages: Vec<Box<dyn Stage>> =
            vec![Box::new(Upper), Box::new(Squeeze(0)), Box::new(Rotate(3))];
        let mut recent = VecDeque::new();
        for byte in prose.bytes() {
            let passed = stages
                .iter_mut()
                .try_fold(byte, |byte, stage| stage.pass(byte));
            recent.extend(passed);
            if recent.len() > 100 {
                recent.pop_front();
            }
        }
        checksum.bytes(recent.make_contiguous());
    }
    checksum.finish()
}
