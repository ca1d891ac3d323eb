//! Recordings that are read in both directions: what is found by going back is what is seen by going
//! forward.

use super::Random;
use backstitch::{Breakpoint, Engine, Module, Replayer, Timeline, TimelineOptions};
use std::collections::BTreeSet;

/// The state at a position, for comparison.
#[derive(Clone, Debug, PartialEq)]
struct Sight {
    position: u64,
    frames: Vec<(u32, Option<usize>)>,
    memory: Vec<u8>,
}

/// Bytes of memory 0 that are compared.
const SEEN: usize = 2000;

fn sight(timeline: &Timeline) -> Sight {
    let backtrace = timeline.backtrace();
    let frames = backtrace.frames().iter();
    let memory = timeline.memory(0).map(|memory| {
        let bytes = memory.data(timeline.store());
        bytes[..bytes.len().min(SEEN)].to_vec()
    });
    Sight {
        position: timeline.position(),
        frames: frames
            .map(|it| (it.func_index(), it.module_offset()))
            .collect(),
        memory: memory.unwrap_or_default(),
    }
}

pub fn timeline(log: &[u8], binary: &[u8], options: &TimelineOptions) -> Timeline {
    let mut replayer = Replayer::new(log.to_vec()).unwrap();
    let engine = Engine::new(&replayer.config()).unwrap();
    replayer.add_module(Module::new(&engine, binary).unwrap());
    Timeline::new(replayer, options).unwrap()
}

/// Walks through a recording from its beginning, and compares that with what is found from its end.
pub fn check(log: &[u8], binary: &[u8], seed: u64) {
    let random = &mut Random(seed | 1);
    let mut options = TimelineOptions::new();
    options.interval(1 + random.below(300));
    if random.below(2) == 0 {
        options.budget(1 << 20);
    }
    let mut timeline = timeline(log, binary, &options);
    timeline.seek(0).unwrap();
    let mut sights = vec![sight(&timeline)];
    while timeline.step().unwrap() {
        let next = sight(&timeline);
        let last = sights.last().unwrap().position;
        assert!(next.position > last || next.position == timeline.end());
        sights.push(next);
    }
    let end = timeline.end();
    assert_eq!(timeline.position(), end);
    for _ in 0..12 {
        let target = random.below(end + 1);
        let index = sights.partition_point(|it| it.position < target);
        timeline.seek(target).unwrap();
        assert_eq!(sight(&timeline), sights[index], "{seed}: at {target}");
        let moved = timeline.step_back().unwrap();
        assert_eq!(moved, index > 0, "{seed}: before {target}");
        assert_eq!(
            sight(&timeline),
            sights[index.saturating_sub(1)],
            "{seed}: before {target}"
        );
    }
    for _ in 0..12 {
        let start = random.below(SEEN as u64 - 16);
        let bytes = start..start + 1 + random.below(16);
        let before = random.below(end + 2);
        let range = bytes.start as usize..bytes.end as usize;
        let written = timeline.last_write(0, bytes, before).unwrap();
        let part = |sight: &Sight| sight.memory.get(range.clone()).map(<[u8]>::to_vec);
        let mut changes = sights.windows(2).filter(|pair| {
            // Instantiation is no write.
            pair[0].position < before
                && !pair[0].memory.is_empty()
                && part(&pair[0]) != part(&pair[1])
        });
        let changed = changes.next_back().map(|pair| pair[0].position);
        match (changed, &written) {
            // The same bytes may have been written again.
            (Some(changed), Some(write)) => assert!(write.position >= changed),
            (Some(_), None) => panic!("{seed}: the write is missing"),
            (None, _) => {}
        }
        if let Some(write) = written {
            assert!(write.position < before);
            let reached = timeline.seek(write.position).unwrap();
            assert_eq!(reached, write.position, "{seed}");
        }
    }
    let places: BTreeSet<usize> = (sights.iter())
        .filter_map(|it| it.frames.first()?.1)
        .collect();
    let places: Vec<usize> = places.into_iter().collect();
    for _ in 0..12 {
        let place = places[random.below(places.len() as u64) as usize];
        let before = random.below(end + 1);
        timeline.seek(before).unwrap();
        let before = timeline.position();
        let breakpoint = Breakpoint {
            module: 0,
            offset: place as u32,
        };
        let found = timeline.reverse_continue(&[breakpoint], &[]).unwrap();
        let is_there = |it: &&Sight| it.frames.first().is_some_and(|it| it.1 == Some(place));
        let mut all = sights.iter().rev().filter(|it| it.position < before);
        let expected = all.find(is_there).map(|it| it.position);
        assert_eq!(
            found,
            expected.is_some(),
            "{seed}: {place:#x} before {before}"
        );
        assert_eq!(
            timeline.position(),
            expected.unwrap_or(before),
            "{seed}: {place:#x}"
        );
    }
}
