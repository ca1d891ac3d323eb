//! The string table of a profile for pprof.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Different strings, each of which has an index. The empty one is the first.
pub(super) struct Strings {
    list: Vec<String>,
    known: BTreeMap<String, i64>,
}

impl Strings {
    pub(super) fn new() -> Strings {
        let mut strings = Strings {
            list: Vec::new(),
            known: BTreeMap::new(),
        };
        strings.index("");
        strings
    }

    /// Returns the index of a string, which is added if it is new.
    pub(super) fn index(&mut self, string: &str) -> i64 {
        if let Some(&index) = self.known.get(string) {
            return index;
        }
        let index = self.list.len() as i64;
        self.list.push(string.to_string());
        self.known.insert(string.to_string(), index);
        index
    }

    /// Returns the strings in the order of their indices.
    pub(super) fn into_list(self) -> Vec<String> {
        self.list
    }
}
