//! The source text in the page.
//!
//! A page contains the lines around the positions of its frames, of files that the user allows to be read.

use crate::cli::inspect::inspection::Inspection;
use crate::cli::inspect::source::around;
use crate::cli::sources;
use backstitch::FrameSymbol;
use serde::Serialize;
use std::collections::BTreeMap;

/// Number of lines on either side of a position.
const AROUND: usize = 40;

/// Number of bytes of all lines in a page.
const MOST_BYTES: usize = 4 << 20;

/// A position as text, the index of its file, and its line.
pub(super) type Position = (String, Option<usize>, Option<u32>);

/// A file, with lines of it by their numbers.
#[derive(Default, Serialize)]
pub(super) struct Text {
    lines: BTreeMap<u32, String>,
    /// The reason why there are no lines, or not all around the positions.
    missing: Option<String>,
}

/// The source files that frames are in, each once.
#[derive(Default)]
pub(super) struct Texts {
    indices: BTreeMap<String, usize>,
    texts: Vec<Text>,
    /// Number of bytes of all lines.
    bytes: usize,
}

impl Texts {
    /// Returns the positions of an instruction, and adds the lines around them.
    pub(super) fn positions(
        &mut self,
        inspection: &Inspection<'_>,
        symbols: &[FrameSymbol],
    ) -> Vec<Position> {
        let texts = sources::lines(symbols).into_iter();
        let positions = texts.zip(symbols).map(|(text, symbol)| {
            let file = symbol.file().zip(symbol.line());
            let file = file.filter(|_| inspection.sources.are_allowed());
            let file = file.map(|(name, number)| self.add(inspection, name, number));
            (text, file, symbol.line())
        });
        positions.collect()
    }

    /// Adds the lines around a position. Returns the index of the file.
    fn add(&mut self, inspection: &Inspection<'_>, name: &str, number: u32) -> usize {
        let index = *self.indices.entry(name.to_string()).or_insert_with(|| {
            self.texts.push(Text::default());
            self.texts.len() - 1
        });
        let text = &mut self.texts[index];
        if self.bytes >= MOST_BYTES {
            text.missing = Some(format!(
                "the page has {MOST_BYTES} bytes of other source text"
            ));
            return index;
        }
        match &*inspection.sources.lines(name) {
            Ok(lines) => {
                for (number, line, _) in around(lines, number, AROUND) {
                    text.lines.entry(number).or_insert_with(|| {
                        self.bytes += line.len();
                        line.to_string()
                    });
                }
            }
            Err(reason) => text.missing = Some(reason.clone()),
        }
        index
    }

    pub(super) fn finish(self) -> Vec<Text> {
        self.texts
    }
}
