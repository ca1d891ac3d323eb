//! The file `counts.txt` (committed as `counts.txt.gz`): what the programs execute, from which
//! the rows of `src/code/fusion_rows.rs` are chosen.
//!
//! The first line lists the cells that occur. A line `program WEIGHT CELLS NAME` begins a
//! program; each line below it is a stretch of cells: how often it runs, and the cells, by their
//! places in the first line. Cells are named, so that the file stays valid when opcodes get
//! other numbers.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;

use crate::choice::Counted;

use backstitch::DispatchCounts;

/// The counts of one program.
pub struct Counts {
    /// The name of the program.
    pub name: String,
    /// The factor of its gains.
    pub weight: f64,
    /// The number of cells that it executes.
    pub cells: u64,
    /// Its stretches of cells, and how often each runs.
    pub stretches: Vec<(Vec<u16>, u64)>,
}

impl Counts {
    /// The shares of the stretches in all cells.
    pub fn counted(&self) -> Counted {
        let share = |(stretch, count): &(Vec<u16>, u64)| {
            (stretch.clone(), *count as f64 / self.cells as f64)
        };
        Counted {
            weight: self.weight,
            stretches: self.stretches.iter().map(share).collect(),
        }
    }
}

/// The text of the file.
pub fn write(programs: &[Counts]) -> String {
    let stretches = programs.iter().flat_map(|program| &program.stretches);
    let mut places: BTreeMap<u16, usize> = BTreeMap::new();
    for cell in stretches.flat_map(|(stretch, _)| stretch) {
        places.entry(*cell).or_default();
    }
    for (place, (_, given)) in places.iter_mut().enumerate() {
        *given = place;
    }
    let names: Vec<_> = places
        .keys()
        .map(|&cell| DispatchCounts::path(cell))
        .collect();
    let mut text = names.join(" ");
    text.push('\n');
    for program in programs {
        let (weight, cells, name) = (program.weight, program.cells, &program.name);
        writeln!(text, "program {weight} {cells} {name}").expect("a string takes it");
        for (stretch, count) in &program.stretches {
            write!(text, "{count}").expect("a string takes it");
            for cell in stretch {
                write!(text, " {}", places[cell]).expect("a string takes it");
            }
            text.push('\n');
        }
    }
    text
}

/// The counts in the text of the file.
pub fn read(text: &str) -> Result<Vec<Counts>, Box<dyn Error>> {
    let numbers: BTreeMap<String, u16> = DispatchCounts::numbers()
        .map(|number| (DispatchCounts::path(number), number))
        .collect();
    let mut lines = text.lines();
    let names = lines.next().ok_or("the file is empty")?.split(' ');
    let number = |name| {
        numbers
            .get(name)
            .copied()
            .ok_or(format!("there is no cell {name}"))
    };
    let cells = names.map(number).collect::<Result<Vec<_>, _>>()?;
    let mut programs: Vec<Counts> = Vec::new();
    for line in lines {
        let wrong = || format!("expected a program or a stretch: {line}");
        if let Some(program) = line.strip_prefix("program ") {
            let mut fields = program.splitn(3, ' ');
            let mut field = || fields.next().ok_or_else(wrong);
            programs.push(Counts {
                weight: field()?.parse()?,
                cells: field()?.parse()?,
                name: field()?.to_owned(),
                stretches: Vec::new(),
            });
            continue;
        }
        let mut fields = line.split(' ');
        let count = fields.next().ok_or_else(wrong)?.parse()?;
        let cell = |place: &str| -> Result<u16, Box<dyn Error>> {
            Ok(*cells.get(place.parse::<usize>()?).ok_or_else(wrong)?)
        };
        let stretch = fields.map(cell).collect::<Result<_, _>>()?;
        let program = programs.last_mut().ok_or_else(wrong)?;
        program.stretches.push((stretch, count));
    }
    Ok(programs)
}
