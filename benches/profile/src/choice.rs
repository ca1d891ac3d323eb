//! Which runs of cells to fuse: the greatest gain first.
//!
//! A third of the rows is chosen [greedily](greedy): what is common to many programs becomes
//! one cell after the other. The rest [fills](fill) what these leave.
//!
//! # Why
//!
//! *Why the root of each program's share?* The table is for programs that are not among
//! the workloads. What is common to many gains more there than what one does all the time.
//!
//! *Why do crates count twice?* There are more kernels than crates, and each kernel is there
//! at two levels of optimisation: by all alike, 2,500 rows left 0.64 of the dispatches in
//! Fourier transforms of a crate, and 0.49 by crates alone.
//!
//! *Why fill, and in batches?* Code takes the longest run that begins at a cell, whatever
//! that does to the cells behind. So after each batch the stretches are cut as code would
//! cut them, and what is still apart counts: 2,000 rows leave 44 % of the dispatches in the
//! workloads, 49 % if all are chosen greedily.
//!
//! *Why by form?* Programs do the same things with other operators. What a pair gains is
//! what it gained, and its part of what all pairs of its form did: an addition of an
//! immediate before a load from the sum is likely whichever load it is. In 77 programs by
//! which they were not chosen, 2,000 rows leave 66 % so, 68 % without forms.
//!
//! *Why three cells?* Two leave 57 % in the workloads, and four hardly less than three.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use backstitch::DispatchCounts;

/// The most cells that are fused.
const LONGEST: usize = 3;

/// The number of batches in which rows that fill are chosen.
const BATCHES: usize = 8;

/// Cells whose handlers need all registers: fused with others they would need a frame.
const ALONE: &[&str] = &["call_i", "call_ref", "return_call", "memory."];

/// Runs whose handlers need a frame although those of their cells need none.
const FRAMED: &[&[&str]] = &[
    &["I64Rotl::ri_d", "I32DivU::si"],
    &["I64Rotl::ri_d", "I32Add::si_d", "Call::cell"],
    &["I32LtU::ri", "I32Store8::sr"],
    &["I32RemU::ri", "I32LtU::ri", "I32Store8::sr"],
    &["F64Load::s", "Const32::cell"],
];

/// What a program runs.
pub struct Counted {
    /// How much it has to say.
    pub weight: f64,
    /// Its stretches of cells, with their shares of all cells that it runs.
    pub stretches: Vec<(Vec<u16>, f64)>,
}

impl Counted {
    /// The dispatches for each cell with these rows.
    pub fn dispatches(&self, rows: &[Vec<u16>]) -> f64 {
        let rows: HashSet<&[u16]> = rows.iter().map(Vec::as_slice).collect();
        let runs = |(stretch, share): &(Vec<u16>, f64)| cut(stretch, &rows).len() as f64 * share;
        self.stretches.iter().map(runs).sum()
    }
}

/// A cell or a fusion, by its index.
type Token = usize;

/// The number of rows of so many that are chosen greedily.
fn common(fusions: usize) -> usize {
    fusions / 3
}

/// Chooses `fusions` runs of cells.
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

/// The lines of the table for the chosen rows, with a semicolon after those that are chosen
/// greedily.
pub fn text(rows: &[Vec<u16>], fusions: usize) -> String {
    let line = |row: &Vec<u16>| {
        let cells: Vec<_> = row.iter().copied().map(DispatchCounts::path).collect();
        format!("[{}]\n", cells.join(" "))
    };
    let (common, others) = rows.split_at(common(fusions).min(rows.len()));
    let common: String = common.iter().map(line).collect();
    let others: String = others.iter().map(line).collect();
    format!("{common};\n{others}")
}

fn is_alone(cell: u16) -> bool {
    let name = DispatchCounts::name(cell);
    ALONE.iter().any(|alone| name.starts_with(alone))
}

fn is_framed(run: &[u16]) -> bool {
    let paths: Vec<_> = run.iter().map(|&cell| DispatchCounts::path(cell)).collect();
    FRAMED.iter().any(|framed| paths.iter().eq(framed.iter()))
}

/// What a share in each program gains.
fn gain(programs: &[&Counted], shares: &BTreeMap<usize, f64>) -> f64 {
    let gain = |(&program, share): (&usize, &f64)| {
        let weight = programs[program].weight;
        weight * share.max(0.0).sqrt()
    };
    shares.iter().map(gain).sum()
}

// --- greedily ---

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

/// Stretches are sequences of tokens, at first those of their cells. Again and again the
/// two neighbours that gain most become a token. (A fusion grows at its end, by one cell.)
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

// --- what is left ---

/// The runs that a stretch is cut into, the longest that there is at each place.
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

/// The forms of the cells of a run.
type Form = Vec<String>;

/// Things by their form: what those of a form weigh together, and each by itself.
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

    /// Those of a form, each with its part of them all.
    fn parts(&self, form: &[String]) -> impl Iterator<Item = (&K, f64)> {
        let (sum, all) = &self.members[form];
        all.iter().map(move |(key, weight)| (key, weight / sum))
    }
}

/// The `most` best of the runs that are one cell longer than what stretches are cut into.
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
