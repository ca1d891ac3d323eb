//! Measures the flash and RAM that firmware takes. `flash FIRMWARE.elf` prints both in bytes,
//! `flash --parts FIRMWARE.elf` the larger parts of the flash.

use object::elf::{PT_LOAD, SHF_ALLOC, SHT_NOBITS};
use object::read::elf::{ElfFile32, ProgramHeader, SectionHeader};
use object::{Endianness, Object, ObjectSection, ObjectSymbol, SymbolKind};
use std::collections::BTreeMap;
use std::error::Error;
use std::{env, fs};

/// Size in bytes below which functions are counted only as parts of their crate or folder.
const LARGE: u64 = 2 << 10;

type Elf<'data> = ElfFile32<'data, Endianness>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--parts", file] => parts(&Elf::parse(&*fs::read(file)?)?),
        [file] => totals(&Elf::parse(&*fs::read(file)?)?),
        _ => Err("usage: flash [--parts] FIRMWARE.elf".into()),
    }
}

/// Prints the totals. Flash contains everything that is loaded; RAM contains everything with an
/// address that is not executed or read in place.
fn totals(elf: &Elf) -> Result<(), Box<dyn Error>> {
    let endian = elf.endian();
    let loaded =
        |header: &&object::elf::ProgramHeader32<Endianness>| header.p_type(endian) == PT_LOAD;
    let headers = elf.elf_program_headers();
    let flash: u32 = headers
        .iter()
        .filter(loaded)
        .map(|header| header.p_filesz(endian))
        .sum();
    // A segment whose load address differs from its address is data, which is copied at start-up.
    let in_ram = |header: &&object::elf::ProgramHeader32<Endianness>| {
        loaded(header)
            && (header.p_paddr(endian) != header.p_vaddr(endian) || header.p_filesz(endian) == 0)
    };
    let ram: u32 = headers
        .iter()
        .filter(in_ram)
        .map(|header| header.p_memsz(endian))
        .sum();
    println!("{flash} {ram}");
    Ok(())
}

fn parts(elf: &Elf) -> Result<(), Box<dyn Error>> {
    let endian = elf.endian();
    let mut sections = BTreeMap::new();
    for section in elf.sections() {
        let header = section.elf_section_header();
        if header.sh_flags(endian) & SHF_ALLOC != 0 && header.sh_type(endian) != SHT_NOBITS {
            sections.insert(
                section.index().0,
                (section.name()?.to_owned(), section.size()),
            );
        }
    }
    let mut crates: BTreeMap<String, u64> = BTreeMap::new();
    let mut large = Vec::new();
    let mut named: BTreeMap<usize, u64> = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for symbol in elf.symbols() {
        let Some(section) = symbol.section_index() else {
            continue;
        };
        // Identical functions share an address and are counted once.
        let counts = matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Data)
            && sections.contains_key(&section.0)
            && seen.insert(symbol.address());
        if counts {
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name()?));
            *crates.entry(part(&name)).or_default() += symbol.size();
            *named.entry(section.0).or_default() += symbol.size();
            large.push((symbol.size(), name));
        }
    }
    for (index, (name, size)) in &sections {
        println!("{size:8} {name}");
        let unnamed = size.saturating_sub(named.get(index).copied().unwrap_or(0));
        *crates
            .entry(format!("({name} without symbols)"))
            .or_default() += unnamed;
    }
    println!("\nparts:");
    let mut crates: Vec<_> = crates.into_iter().collect();
    crates.sort_by_key(|(name, size)| (u64::MAX - size, name.clone()));
    for (name, size) in crates.iter().filter(|(_, size)| *size > 0) {
        println!("{size:8} {name}");
    }
    println!("\nsymbols of {LARGE} bytes and more:");
    large.sort_by_key(|(size, name)| (u64::MAX - size, name.clone()));
    for (size, name) in large.iter().filter(|(size, _)| *size >= LARGE) {
        println!("{size:8} {name}");
    }
    Ok(())
}

/// Returns the crate of a function, and for this library the folder. `<a::B as c::D>::e` belongs to
/// `a`.
fn part(name: &str) -> String {
    let path = name.trim_start_matches(['<', '&', '[', '*', '(']);
    let path = path.trim_start_matches("mut ").trim_start_matches("dyn ");
    let end = |path: &str| path.find(|c: char| !c.is_alphanumeric() && !"_:".contains(c));
    let path = &path[..end(path).unwrap_or(path.len())];
    let mut words = path.split("::");
    match (words.next(), words.next()) {
        (Some("backstitch"), Some(folder)) => format!("backstitch::{folder}"),
        (Some(name), Some(_)) => name.to_owned(),
        _ => "(compiler, C and assembly)".to_owned(),
    }
}
