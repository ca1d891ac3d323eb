//! Checks the machine code of the tail-call backend's handlers. The backend relies on an
//! optimisation that Rust does not guarantee: that the compiler turns the last call of a handler
//! into a jump. This test builds the library in release mode and inspects the assembly of every
//! handler for:
//!
//! * a call of the next handler (any call through a register),
//! * a return, which is necessary only after such a call,
//! * in a hot handler, a frame: saved registers or an adjusted stack pointer.
//!
//! On x86-64 the handlers of ops on vectors exist twice: for every processor, and for those with
//! AVX2.
//!
//! Handlers that may have a frame are listed below with the reason. They must end in a jump, too.
//!
//! A target is examined if its standard library is installed (`rustup target add …`). The library
//! is compiled for it; nothing is linked or run. The variable `HANDLERS` selects targets by the
//! beginnings of their names: `HANDLERS='x86_64 aarch64'`.

#[path = "handlers/assembly.rs"]
mod assembly;

use assembly::{Architecture, Function, functions};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Handlers that call a function which is not worth inlining, and therefore have a frame. Each
/// entry is the beginning of a cell's name and the reason. Here and in the next list, an entry also
/// matches fused cells with such a part.
const WITH_FRAME: &[(&str, &str)] = &[
    (
        "CallImport",
        "copies the arguments beyond the boundary if the call crosses instances",
    ),
    (
        "CallIndirect",
        "copies the arguments beyond the boundary if the call crosses instances",
    ),
    (
        "CallRef",
        "copies the arguments beyond the boundary if the call crosses instances",
    ),
    ("ArrayNew", "writes any number of elements"),
    ("CopyMany", "moves any number of values of a branch"),
    ("MemoryCopy", "copies any number of bytes"),
    ("MemoryFill", "fills any number of bytes"),
    (
        "ReturnBoundary",
        "copies the results across the boundary when a call between instances returns",
    ),
    (
        "ReturnCall",
        "moves any number of arguments to the place of the parameters",
    ),
    (
        "ReturnMany",
        "moves any number of results to the place of the parameters",
    ),
];

/// Handlers that save registers on some targets without calling a function. Each entry is the
/// architecture, the beginning of the cell's name, and the reason.
const WITH_SPILLS: &[(Architecture, &str, &str)] = &[
    (
        Architecture::X86_64,
        "Apply<I32DivS, Binary<Slot, Imm",
        SIX_REGISTERS,
    ),
    (
        Architecture::X86_64,
        "Apply<I64DivS, Binary<Slot, Imm",
        SIX_REGISTERS,
    ),
    (Architecture::X86_64, "Apply<I32TruncF", SIX_REGISTERS),
    (Architecture::X86_64, "IndirectCallee", SIX_REGISTERS),
    (Architecture::X86_64, "Resume", SIX_REGISTERS),
    (Architecture::X86_64, "Suspend", SIX_REGISTERS),
    (Architecture::Riscv64, "Suspend", SIX_REGISTERS),
    (
        Architecture::X86_64,
        "Fused<Apply<F32x4Splat, Unary<Slot, Acc>>",
        "the address of the masks of a lane needs one register more than are free",
    ),
    (
        Architecture::Riscv64,
        "Apply<F32Load, LoadAny<Acc>",
        SPLIT_FLOATS,
    ),
    (
        Architecture::Riscv64,
        "Apply<F32Load, LoadFrom<",
        SPLIT_FLOATS,
    ),
    (
        Architecture::Riscv64,
        "Apply<F32Store, StoreTo<",
        SPLIT_FLOATS,
    ),
    (
        Architecture::Riscv64,
        "Fused<Apply<I64Store, StoreTo<",
        "two unaligned accesses by bytes need more registers than are free",
    ),
    (Architecture::X86_64, "Apply<ArrayGet", SIX_REGISTERS),
    (Architecture::X86_64, "Apply<ArraySet", SIX_REGISTERS),
    (Architecture::X86_64, "Apply<StructGetF", SIX_REGISTERS),
    (Architecture::X86_64, "Apply<StructSet", SIX_REGISTERS),
    (Architecture::X86_64, "ArrayGetV128", SIX_REGISTERS),
    (Architecture::X86_64, "ArraySetV128", SIX_REGISTERS),
    (Architecture::X86_64, "StructSetV128", SIX_REGISTERS),
    (Architecture::X86_64, "StructNew", SIX_REGISTERS),
    (Architecture::X86_64, "StructGetV128", SIX_REGISTERS),
    (
        Architecture::X86_64,
        "Apply<V128Load, LoadSharedAny",
        TWO_HALVES,
    ),
    (
        Architecture::X86_64,
        "Apply<V128Store, StoreShared",
        TWO_HALVES,
    ),
    (Architecture::Riscv64, "StructNew", SIX_REGISTERS),
    (Architecture::X86_64, "ArrayCopy", FIVE_OPERANDS),
    (Architecture::Aarch64, "ArrayCopy", FIVE_OPERANDS),
    (Architecture::Riscv64, "ArrayCopy", FIVE_OPERANDS),
    (Architecture::X86_64, "RefCast", SIX_REGISTERS),
    (Architecture::X86_64, "RefTest", SIX_REGISTERS),
    (Architecture::X86_64, "BrOnCast", SIX_REGISTERS),
    (Architecture::X86_64, "Apply<I32Atomic", SIX_REGISTERS),
    (Architecture::X86_64, "Apply<I64Atomic", SIX_REGISTERS),
    (Architecture::Aarch64, "Apply<I32AtomicRmw", OUT_OF_LINE),
    (Architecture::Aarch64, "Apply<I64AtomicRmw", OUT_OF_LINE),
    (
        Architecture::X86_64,
        "AtomicFence",
        "the fence is a locked access to the stack",
    ),
    (
        Architecture::Riscv64,
        "Apply<I64AtomicRmw",
        "two unaligned accesses by bytes need more registers than are free",
    ),
    (Architecture::Riscv64, "Apply<I8x16", LANE_BY_LANE),
    (Architecture::Riscv64, "Apply<I16x8", LANE_BY_LANE),
    (Architecture::Riscv64, "Apply<I32x4Dot", LANE_BY_LANE),
    (Architecture::Riscv64, "Apply<I32x4RelaxedDot", LANE_BY_LANE),
    (
        Architecture::Riscv64,
        "Apply<F32x4ExtractLane",
        LANE_BY_LANE,
    ),
    (
        Architecture::Riscv64,
        "Apply<F32x4ReplaceLane",
        LANE_BY_LANE,
    ),
    (Architecture::Riscv64, "Apply<V128Bitselect", LANE_BY_LANE),
    (Architecture::Riscv64, "Apply<V128Load", LANE_BY_LANE),
    (Architecture::Riscv64, "Apply<V128Store", LANE_BY_LANE),
];

const SIX_REGISTERS: &str = "all of the calling convention's free registers are in use; \
     dearer than a register saved is what the instruction does";
const FIVE_OPERANDS: &str = "two arrays, two places and a length need more registers than are free";
const TWO_HALVES: &str = "the two halves of a shared vector need more registers than are free";
const OUT_OF_LINE: &str = "the instructions that exchange a value differ between processors, and \
     the compiler calls a function that selects them";
const SPLIT_FLOATS: &str = "an unaligned access is one by bytes here, and moves a float to \
     or from them through the stack";
const LANE_BY_LANE: &str = "the lanes of a vector need more registers than are free";

/// Handlers for every x86-64 processor that save registers, because they select bytes by comparing
/// numbers. Those for processors with AVX2 have an instruction for it.
const BY_COMPARING: &[&str] = &["Apply<I8x16Shuffle", "Apply<I8x16Swizzle"];

/// The beginnings of the names of functions that handlers may call.
const CALLEES: &[&str] = &["memmove", "memcpy", "memset", "__aarch64_cas"];

#[test]
fn on_x86_64() {
    examine(Architecture::X86_64);
}

#[test]
fn on_aarch64() {
    examine(Architecture::Aarch64);
}

#[test]
fn on_riscv64() {
    examine(Architecture::Riscv64);
}

fn examine(architecture: Architecture) {
    let target = architecture.target();
    let chosen = std::env::var("HANDLERS").unwrap_or_default();
    if !chosen.is_empty() && !chosen.split(' ').any(|name| target.starts_with(name)) {
        eprintln!("skipped: `HANDLERS` does not name {target}");
        return;
    }
    if !is_installed(target) {
        eprintln!("skipped: `rustup target add {target}` lets this test examine {target}");
        return;
    }
    let assembly = compile(target);
    let handlers: Vec<_> = functions(&assembly)
        .into_iter()
        .filter_map(Handler::of)
        .collect();
    assert!(
        handlers.len() > 1_000,
        "only {} handlers are found",
        handlers.len()
    );
    let violations: Vec<_> = handlers
        .iter()
        .flat_map(|handler| handler.violations(architecture))
        .collect();
    assert!(
        violations.is_empty(),
        "on {target}:\n  {}",
        violations.join("\n  ")
    );
    let unused = exceptions(architecture)
        .filter(|prefix| {
            let framed = |handler: &&Handler| handler.has_frame(architecture);
            !handlers
                .iter()
                .filter(framed)
                .any(|handler| is_made_of(&handler.cell, prefix))
        })
        .collect::<Vec<_>>();
    let with_avx2 = handlers.iter().filter(|handler| handler.needs_avx2).count();
    assert_eq!(with_avx2 > 200, architecture == Architecture::X86_64);
    println!(
        "{target}: {} handlers, {with_avx2} of them with AVX2, no frame needed for {unused:?}",
        handlers.len()
    );
}

/// Returns the beginnings of the names of cells that may have a frame.
fn exceptions(architecture: Architecture) -> impl Iterator<Item = &'static str> {
    let spills = WITH_SPILLS
        .iter()
        .filter(move |(on, ..)| *on == architecture);
    WITH_FRAME
        .iter()
        .map(|&(prefix, _)| prefix)
        .chain(spills.map(|&(_, prefix, _)| prefix))
}

/// Returns whether the name of a cell, or of a part of a fused cell, begins with `prefix`.
fn is_made_of(cell: &str, prefix: &str) -> bool {
    cell.starts_with(prefix) || cell.starts_with("Fused<") && cell.contains(prefix)
}

/// The handler of a cell.
struct Handler {
    /// Type of the cell, without paths.
    cell: String,
    /// True for a handler for processors with AVX2.
    needs_avx2: bool,
    function: Function,
}

impl Handler {
    fn of(function: Function) -> Option<Handler> {
        let name = format!("{:#}", rustc_demangle::demangle(&function.symbol));
        let (kind, cell) = name
            .strip_prefix("backstitch::execute::dispatch::tail::")?
            .split_once("::<")?;
        let needs_avx2 = match kind {
            "handler" => false,
            "avx2_handler" => true,
            _ => return None,
        };
        Some(Handler {
            cell: without_paths(cell.strip_suffix('>')?),
            needs_avx2,
            function,
        })
    }

    fn has_frame(&self, architecture: Architecture) -> bool {
        self.function
            .instructions
            .iter()
            .any(|line| architecture.touches_stack(line))
    }

    /// Returns the name of the cell and of the instruction set, for messages.
    fn name(&self) -> String {
        let level = if self.needs_avx2 { " with AVX2" } else { "" };
        format!("{}{level}", self.cell)
    }

    fn violations(&self, architecture: Architecture) -> Vec<String> {
        let name = self.name();
        let mut violations = Vec::new();
        let mut jumps_on = false;
        for line in &self.function.instructions {
            if architecture.is_return(line) {
                violations.push(format!("{name}: returns: {line}"));
            }
            if architecture.is_indirect_call(line) {
                violations.push(format!("{name}: calls the next handler: {line}"));
            }
            if let Some(callee) = architecture.callee(line)
                && !CALLEES.iter().any(|start| callee.starts_with(start))
            {
                violations.push(format!("{name}: calls {callee}"));
            }
            jumps_on |= architecture.is_jump_out(line);
        }
        if !jumps_on {
            violations.push(format!("{name}: does not end in a jump"));
        }
        let by_comparing = architecture == Architecture::X86_64 && !self.needs_avx2;
        let excepted = exceptions(architecture)
            .chain(BY_COMPARING.iter().copied().filter(|_| by_comparing))
            .any(|prefix| is_made_of(&self.cell, prefix));
        if self.has_frame(architecture) && !excepted {
            let mut instructions = self.function.instructions.iter();
            let first = instructions.find(|line| architecture.touches_stack(line));
            let first = first.map_or("", String::as_str);
            violations.push(format!("{name}: has a frame: {first}"));
        }
        violations
    }
}

/// Reduces each path in a type's name to its last segment.
fn without_paths(name: &str) -> String {
    let mut short = String::new();
    let mut word = 0;
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        if character == ':' && characters.peek() == Some(&':') {
            characters.next();
            short.truncate(word);
            continue;
        }
        short.push(character);
        if !character.is_alphanumeric() && character != '_' {
            word = short.len();
        }
    }
    short
}

fn is_installed(target: &str) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .output();
    let folder = output.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    folder.is_ok_and(|folder| {
        fs::read_dir(folder).is_ok_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libcore"))
            })
        })
    })
}

/// Compiles the library for a target in release mode and returns the assembly.
fn compile(target: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("handlers")
        .join(target);
    let assembly = folder.join("backstitch.s");
    let output = Command::new(env!("CARGO"))
        .args([
            "rustc",
            "--release",
            "--lib",
            "--no-default-features",
            "--features",
            "simd,std,validate",
        ])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        .args(["--target", target, "--", "-C", "symbol-mangling-version=v0"])
        .arg(format!("--emit=asm={}", assembly.display()))
        .env("CARGO_TARGET_DIR", &folder)
        // The handlers are compiled with the library. With fat LTO there would be no machine code
        // yet.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .output()
        .expect("cargo");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the library does not compile for {target}:\n{errors}"
    );
    fs::read_to_string(&assembly).unwrap_or_else(|error| panic!("{}: {error}", assembly.display()))
}

#[test]
fn names_lose_their_paths() {
    assert_eq!(
        without_paths("a::b::Apply<a::ops::I32Add, c::Unary<c::Slot, c::Acc>>"),
        "Apply<I32Add, Unary<Slot, Acc>>"
    );
}
