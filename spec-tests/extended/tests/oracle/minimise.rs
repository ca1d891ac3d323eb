//! Minimises the list of decisions that led to a program, while the program keeps a property.

use crate::choices::Choices;

/// Maximum number of programs that are tried.
const TRIES: usize = 3_000;

/// Returns a smaller list, if one is found. `fails` returns the decisions made for a list if its
/// program still has the property.
pub fn minimise(mut list: Vec<u32>, fails: &dyn Fn(Choices) -> Option<Vec<u32>>) -> Vec<u32> {
    let mut tries = 0;
    let mut attempt = |candidate: Vec<u32>| {
        tries += 1;
        (tries <= TRIES).then(|| fails(Choices::replay(candidate)))
    };
    let mut changed = true;
    while changed {
        changed = false;
        // Removes ever smaller ranges, or replaces them by the simplest decisions.
        let mut size = list.len().div_ceil(2);
        while size > 0 {
            let mut start = 0;
            while start < list.len() {
                let end = (start + size).min(list.len());
                let mut without = list.clone();
                without.drain(start..end);
                let mut simple = list.clone();
                simple[start..end].fill(0);
                let mut smaller = None;
                for candidate in [without, simple] {
                    if candidate == list {
                        continue;
                    }
                    match attempt(candidate) {
                        None => return list,
                        Some(Some(made)) if weight(&made) < weight(&list) => {
                            smaller = Some(made);
                            break;
                        }
                        Some(_) => {}
                    }
                }
                match smaller {
                    Some(made) => {
                        list = made;
                        changed = true;
                    }
                    None => start += size,
                }
            }
            size /= 2;
        }
    }
    list
}

/// Order of simplicity: the length of a list, then the sum of its numbers.
fn weight(list: &[u32]) -> (usize, u64) {
    (list.len(), list.iter().map(|&made| u64::from(made)).sum())
}
