//! Which runs of cells to fuse: the greatest gain first.
//!
//! # Why
//!
//! *Why the root of each program's share?* The table is for programs that are not among
//! the workloads. What is common to many gains more there than what one does all the time:
//! of two halves of the workloads, each with the table of the other, 2,000 rows chosen so
//! leave 71 % of the dispatches, 72 % if chosen by the shares themselves. (The half that
//! they were chosen by: 48 and 47 %.)
//!
//! *Why three cells?* Two leave 59 % instead of 48 %, and four hardly less than three.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backstitch::DispatchCounts;

/// The most cells that are fused.
const LONGEST: usize = 3;

/// Cells whose handlers need all registers: fused with others they would need a frame.
const ALONE: &[&str] = &["call_i", "call_ref", "return_call", "memory."];

/// A cell or a fusion, by its index.
type Token = usize;

/// A stretch of cells, of which some have become fusions.
struct Stretch {
    program: usize,
    tokens: Vec<Token>,
    share: f64,
}

/// Where two neighbours stand.
#[derive(Default)]
struct Pair {
    /// The share of all cells, in each program.
    shares: BTreeMap<usize, f64>,
    stretches: BTreeSet<usize>,
}

impl Pair {
    fn gain(&self) -> f64 {
        self.shares
            .values()
            .map(|share| share.max(0.0).sqrt())
            .sum()
    }
}

/// Chooses `fusions` runs of cells, and prints them as rows of the table. Stretches come
/// with their shares of all cells that a program runs.
///
/// Stretches are sequences of tokens, at first those of their cells. Again and again the
/// two neighbours that gain most become a token. (A fusion grows at its end, by one cell.)
pub fn print(programs: Vec<Vec<(Vec<u16>, f64)>>, fusions: usize) {
    let mut runs: Vec<Vec<u16>> = Vec::new();
    let mut cells: HashMap<u16, Token> = HashMap::new();
    let mut stretches = Vec::new();
    for (program, counted) in programs.into_iter().enumerate() {
        for (stretch, share) in counted {
            let token = |cell| {
                *cells.entry(cell).or_insert_with(|| {
                    runs.push(vec![cell]);
                    runs.len() - 1
                })
            };
            let tokens = stretch.into_iter().map(token).collect();
            stretches.push(Stretch {
                program,
                tokens,
                share,
            });
        }
    }
    let mut pairs: HashMap<(Token, Token), Pair> = HashMap::new();
    for index in 0..stretches.len() {
        count(&mut pairs, &stretches, index, 1.0);
    }
    let is_alone = |cell: u16| {
        let name = DispatchCounts::name(cell);
        ALONE.iter().any(|alone| name.starts_with(alone))
    };
    let is_possible = |left: &[u16], right: &[u16]| {
        left.len() < LONGEST && right.len() == 1 && !is_alone(left[0]) && !is_alone(right[0])
    };
    for _ in 0..fusions {
        let best = pairs
            .iter()
            .filter(|((left, right), _)| is_possible(&runs[*left], &runs[*right]))
            .map(|(pair, counts)| (*pair, counts.gain()))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        let Some(((left, right), _)) = best else {
            break;
        };
        let run = [&runs[left][..], &runs[right][..]].concat();
        let name = |&cell| format!("{:?}", DispatchCounts::name(cell));
        println!("[{}]", run.iter().map(name).collect::<Vec<_>>().join(" "));
        runs.push(run);
        let fused = runs.len() - 1;
        for index in pairs[&(left, right)].stretches.clone() {
            count(&mut pairs, &stretches, index, -1.0);
            let tokens = &mut stretches[index].tokens;
            let mut at = 0;
            while at + 1 < tokens.len() {
                if tokens[at] == left && tokens[at + 1] == right {
                    tokens[at] = fused;
                    tokens.remove(at + 1);
                }
                at += 1;
            }
            count(&mut pairs, &stretches, index, 1.0);
        }
        pairs.remove(&(left, right));
    }
}

/// Counts the pairs of a stretch, or takes them back.
fn count(
    pairs: &mut HashMap<(Token, Token), Pair>,
    stretches: &[Stretch],
    index: usize,
    sign: f64,
) {
    let stretch = &stretches[index];
    for neighbours in stretch.tokens.windows(2) {
        let pair = pairs.entry((neighbours[0], neighbours[1])).or_default();
        *pair.shares.entry(stretch.program).or_default() += sign * stretch.share;
        pair.stretches.insert(index);
    }
}
