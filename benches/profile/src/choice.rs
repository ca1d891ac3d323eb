//! Choice of the fused cells: sequences of cells, the greatest gain first.
//!
//! A third of the rows is chosen [greedily](greedy): sequences that are common to many programs
//! become fused cells, one after the other. The others [fill](fill) the rest.
//!
//! # Why
//!
//! *Why the square root of each program's share?* The table is for programs that are not among the
//! workloads. There, a sequence that is common to many programs gains more than one that makes up
//! most of a single program.
//!
//! *Why do crates count twice?* There are more kernels than crates, and each kernel exists at two
//! optimisation levels. In Fourier transforms of a crate, 2,500 rows chosen with equal weights
//! leave 0.64 of the dispatches, and rows chosen by crates alone leave 0.49.
//!
//! *Why fill, and in batches?* Translation takes the longest row that begins at a cell, regardless
//! of the cells after it. So after each batch, the stretches are cut as translation would cut them,
//! and the remaining pairs are counted. In the workloads, 2,000 rows leave 44 % of the dispatches,
//! and 49 % if all rows are chosen greedily.
//!
//! *Why by form?* Programs use the same forms of sequences with other instructions. The gain of a
//! pair is its own gain plus its part of the gain of all pairs of its form: for example, an
//! addition of an immediate before a load from the sum is likely for every kind of load. In 77
//! programs by which they were not chosen, 2,000 rows leave 66 % of the dispatches, and 68 %
//! without forms.
//!
//! *Why three cells?* With two, 57 % remain in the workloads. Four are hardly better than three.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use backstitch::DispatchCounts;

/// Maximum number of fused cells.
const LONGEST: usize = 3;

/// Number of batches in which the filling rows are chosen.
const BATCHES: usize = 8;

/// Beginnings of the names of cells whose handlers need all registers. Fused with others, they
/// would need a frame.
const ALONE: &[&str] = &["call_i", "call_ref", "return_call", "memory."];

/// Sequences whose handlers need a frame, although those of their cells do not.
const FRAMED: &[&[&str]] = &[
    &["I64Rotl::ri_d", "I32DivU::si"],
    &["I64Rotl::ri_d", "I32Add::si_d", "Call::cell"],
    &["I32LtU::ri", "I32Store8::sr"],
    &["I32RemU::ri", "I32LtU::ri", "I32Store8::sr"],
    &["F64Load::s", "Const32::cell"],
];

/// Cells that a program executes.
pub struct Counted {
    /// Weight of the program in the choice.
    pub weight: f64,
    /// Straight sequences of cells, each with the share of its executions in all executed cells.
    pub stretches: Vec<(Vec<u16>, f64)>,
}

impl Counted {
    /// Returns the number of dispatches per executed cell with these rows.
    pub fn dispatches(&self, rows: &[Vec<u16>]) -> f64 {
        let rows: HashSet<&[u16]> = rows.iter().map(Vec::as_slice).collect();
        let runs = |(stretch, share): &(Vec<u16>, f64)| cut(stretch, &rows).len() as f64 * share;
        self.stretches.iter().map(runs).sum()
    }
}

/// Index of a cell or of a fusion.
type Token = usize;

/// Returns the number of rows that are chosen greedily.
fn common(fusions: usize) -> usize {
    fusions / 3
}

/// Chooses `fusions` sequences of cells.
pub fn choose(programs: &[&Counted], fusions: usize) -> Vec<Vec<u16>> {
    let mut rows = greedy(programs, common(fusions));
    let batch = (fusions - rows.len()).div_ceil(BATCHES);
    while rows.len() < fusions {
        let more = fill(programs, &rows, batch.min(fusions - rows.len()));
        if more.is_empty() {
            break;
        }
        rows.extend(more);
    }
    rows
}

/// Chooses up to `most` sequences that contain a cell on vectors, beside those that are `present`.
pub fn choose_vectors(programs: &[&Counted], present: &[Vec<u16>], most: usize) -> Vec<Vec<u16>> {
    let mut rows = present.to_vec();
    let batch = most.div_ceil(BATCHES);
    let end = present.len() + most;
    while rows.len() < end {
        let mut more = fill(programs, &rows, usize::MAX);
        more.retain(|run| run.iter().any(|&cell| is_vector(cell)));
        more.truncate(batch.min(end - rows.len()));
        if more.is_empty() {
            break;
        }
        rows.extend(more);
    }
    rows.split_off(present.len())
}

/// Returns whether a cell has a vector as an operand or as its result.
fn is_vector(cell: u16) -> bool {
    const LANES: [&str; 7] = ["V128", "I8x16", "I16x8", "I32x4", "I64x2", "F32x4", "F64x2"];
    let path = DispatchCounts::path(cell);
    LANES.iter().any(|lanes| path.contains(lanes))
}

/// The lines of the table for rows.
pub fn lines(rows: &[Vec<u16>]) -> String {
    let line = |row: &Vec<u16>| {
        let cells: Vec<_> = row.iter().copied().map(DispatchCounts::path).collect();
        format!("[{}]\n", cells.join(" "))
    };
    rows.iter().map(line).collect()
}

/// The lines of the table for the chosen rows, with a semicolon after those that are chosen
/// greedily.
pub fn text(rows: &[Vec<u16>], fusions: usize) -> String {
    let (common, others) = rows.split_at(common(fusions).min(rows.len()));
    format!("{};\n{}", lines(common), lines(others))
}

fn is_alone(cell: u16) -> bool {
    let name = DispatchCounts::name(cell);
    ALONE.iter().any(|alone| name.starts_with(alone))
}

fn is_framed(run: &[u16]) -> bool {
    let paths: Vec<_> = run.iter().map(|&cell| DispatchCounts::path(cell)).collect();
    FRAMED.iter().any(|framed| paths.iter().eq(framed.iter()))
}

/// Returns the gain from the shares in all programs.
fn gain(programs: &[&Counted], shares: &BTreeMap<usize, f64>) -> f64 {
    let gain = |(&program, share): (&usize, &f64)| {
        let weight = programs[program].weight;
        weight * share.max(0.0).sqrt()
    };
    shares.iter().map(gain).sum()
}

// Greedy choice.

/// A stretch of cells, some of which have been replaced by fusions.
struct Stretch {
    program: usize,
    tokens: Vec<Token>,
    share: f64,
}

/// Occurrences of a pair of neighbours.
#[derive(Default)]
struct Pair {
    /// Share of the pair's executions in all executed cells of each program.
    shares: BTreeMap<usize, f64>,
    stretches: BTreeSet<usize>,
}

/// Chooses rows greedily. Stretches are sequences of tokens, initially one per cell. In each step,
/// the pair of neighbours with the greatest gain becomes a token. A fusion can only be extended at
/// its end, by one cell.
fn greedy(programs: &[&Counted], fusions: usize) -> Vec<Vec<u16>> {
    let mut runs: Vec<Vec<u16>> = Vec::new();
    let mut cells: HashMap<u16, Token> = HashMap::new();
    let mut stretches = Vec::new();
    for (program, counted) in programs.iter().enumerate() {
        for (stretch, share) in &counted.stretches {
            let token = |&cell| {
                *cells.entry(cell).or_insert_with(|| {
                    runs.push(vec![cell]);
                    runs.len() - 1
                })
            };
            stretches.push(Stretch {
                program,
                tokens: stretch.iter().map(token).collect(),
                share: *share,
            });
        }
    }
    let mut pairs: HashMap<(Token, Token), Pair> = HashMap::new();
    for index in 0..stretches.len() {
        count(&mut pairs, &stretches, index, 1.0);
    }
    let is_possible = |left: &[u16], right: &[u16]| {
        left.len() < LONGEST
            && right.len() == 1
            && !is_alone(left[0])
            && !is_alone(right[0])
            && !is_framed(&[left, right].concat())
    };
    let mut rows = Vec::new();
    for _ in 0..fusions {
        let best = pairs
            .iter()
            .filter(|((left, right), _)| is_possible(&runs[*left], &runs[*right]))
            .map(|(pair, counts)| (*pair, gain(programs, &counts.shares)))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        let Some(((left, right), _)) = best else {
            break;
        };
        let run = [&runs[left][..], &runs[right][..]].concat();
        rows.push(run.clone());
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
    rows
}

/// Adds the pairs of a stretch to the counts (`sign` = 1), or subtracts them (-1).
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

// Filling choice.

/// Cuts a stretch into rows and single cells, with the longest possible row at each position.
fn cut<'s>(stretch: &'s [u16], rows: &HashSet<&[u16]>) -> Vec<&'s [u16]> {
    let mut runs = Vec::new();
    let mut rest = stretch;
    while !rest.is_empty() {
        let is_longer = |len: usize| rest.get(..len).is_some_and(|run| rows.contains(run));
        let len = (2..=LONGEST).take_while(|&len| is_longer(len)).count() + 1;
        let (run, behind) = rest.split_at(len);
        runs.push(run);
        rest = behind;
    }
    runs
}

/// Forms of the cells of a sequence.
type Form = Vec<String>;

/// Items grouped by form, with the total weight of each group and the weight of each item.
struct Forms<K> {
    members: BTreeMap<Form, (f64, Vec<(K, f64)>)>,
}

impl<K: Ord + Clone> Forms<K> {
    fn new(weights: BTreeMap<K, f64>, form: impl Fn(&K) -> Form) -> Self {
        let mut members: BTreeMap<_, (f64, Vec<_>)> = BTreeMap::new();
        for (key, weight) in weights {
            let (sum, all) = members.entry(form(&key)).or_default();
            *sum += weight;
            all.push((key, weight));
        }
        Self { members }
    }

    /// Returns the items of a form, each with its part of the total weight.
    fn parts(&self, form: &[String]) -> impl Iterator<Item = (&K, f64)> {
        let (sum, all) = &self.members[form];
        all.iter().map(move |(key, weight)| (key, weight / sum))
    }
}

/// Chooses the `most` best sequences that are one cell longer than the pieces into which stretches
/// are cut.
fn fill(programs: &[&Counted], chosen: &[Vec<u16>], most: usize) -> Vec<Vec<u16>> {
    let rows: HashSet<&[u16]> = chosen.iter().map(Vec::as_slice).collect();
    let mut lefts: BTreeMap<&[u16], BTreeMap<usize, f64>> = BTreeMap::new();
    let mut pairs: BTreeMap<(&[u16], u16), BTreeMap<usize, f64>> = BTreeMap::new();
    for (program, counted) in programs.iter().enumerate() {
        for (stretch, share) in &counted.stretches {
            let runs = cut(stretch, &rows);
            for run in &runs {
                *lefts.entry(run).or_default().entry(program).or_default() += share;
            }
            for two in runs.windows(2) {
                let pair = pairs.entry((two[0], two[1][0])).or_default();
                *pair.entry(program).or_default() += share;
            }
        }
    }
    let form = |cells: &[u16]| -> Form {
        cells
            .iter()
            .map(|&cell| DispatchCounts::form(cell))
            .collect()
    };
    let mut rights: BTreeMap<u16, f64> = BTreeMap::new();
    for (run, shares) in &lefts {
        *rights.entry(run[0]).or_default() += gain(programs, shares);
    }
    let lefts = lefts
        .iter()
        .map(|(run, shares)| (*run, gain(programs, shares)));
    let lefts = Forms::new(lefts.collect(), |run| form(run));
    let rights = Forms::new(rights, |&cell| form(&[cell]));

    let mut gains: BTreeMap<Vec<u16>, f64> = BTreeMap::new();
    let mut by_form: BTreeMap<(Form, Form), f64> = BTreeMap::new();
    for ((run, cell), shares) in &pairs {
        let gain = gain(programs, shares);
        *by_form.entry((form(run), form(&[*cell]))).or_default() += gain;
        *gains.entry([run, &[*cell][..]].concat()).or_default() += gain;
    }
    for ((left, right), gain) in &by_form {
        for (run, part) in lefts.parts(left) {
            for (&cell, of) in rights.parts(right) {
                *gains.entry([run, &[cell][..]].concat()).or_default() += gain * part * of;
            }
        }
    }
    gains.retain(|run, _| {
        run.len() <= LONGEST && !run.iter().any(|&cell| is_alone(cell)) && !rows.contains(&run[..])
    });
    let mut ranked: Vec<_> = gains.into_iter().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.retain(|(run, _)| !is_framed(run));
    ranked.truncate(most);
    ranked.into_iter().map(|(run, _)| run).collect()
}
