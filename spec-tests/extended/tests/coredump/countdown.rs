//! Makes programs trap at any chosen point. Each function entry and each round of a loop decrements
//! a counter, and executes `unreachable` when it reaches zero.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, Encode, ExportKind, ExportSection, GlobalSection,
    GlobalType, Instruction, RawSection, Section, SectionId, ValType,
};
use wasmparser::{BinaryReader, FunctionBody, Operator, Parser, Payload};

/// Name under which the counter is exported: a mutable global of type `i64`.
pub const COUNTER: &str = "countdown";

/// Adds a counter to a module. Indices and names do not change. The module must import no globals
/// and export something.
pub fn with_countdown(module: &[u8]) -> Vec<u8> {
    let mut counted = wasm_encoder::Module::new();
    let mut counter = None;
    let mut code = CodeSection::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.expect("the module is well-formed");
        if let (Payload::CodeSectionEntry(body), Some(counter)) = (&payload, counter) {
            code.raw(&counted_body(module, body, counter));
            if code.len() == functions(module) {
                counted.section(&code);
            }
        }
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        let data = &module[range.start as usize..range.end as usize];
        const GLOBAL: u8 = SectionId::Global as u8;
        const EXPORT: u8 = SectionId::Export as u8;
        const CODE: u8 = SectionId::Code as u8;
        match id {
            GLOBAL => {
                counter = Some(count_of(data));
                counted.section(&appended(data, &new_global()));
            }
            EXPORT => {
                if counter.is_none() {
                    counted.section(&new_global());
                }
                let mut export = ExportSection::new();
                let index = *counter.get_or_insert(0);
                export.export(COUNTER, ExportKind::Global, index);
                counted.section(&appended(data, &export));
            }
            // The section is written after its last body has been read.
            CODE => {}
            id => {
                counted.section(&RawSection { id, data });
            }
        }
    }
    counted.finish()
}

fn new_global() -> GlobalSection {
    let mut globals = GlobalSection::new();
    let ty = GlobalType {
        val_type: ValType::I64,
        mutable: true,
        shared: false,
    };
    globals.global(ty, &ConstExpr::i64_const(0));
    globals
}

/// Returns the number of entries of a section.
fn count_of(data: &[u8]) -> u32 {
    BinaryReader::new(data, 0)
        .read_var_u32()
        .expect("a section begins with a count")
}

fn functions(module: &[u8]) -> u32 {
    let count = |payload| match payload {
        Ok(Payload::CodeSectionStart { count, .. }) => Some(count),
        _ => None,
    };
    let mut payloads = Parser::new(0).parse_all(module);
    payloads
        .find_map(count)
        .expect("the module has a code section")
}

/// Returns a section with the only entry of `more` appended.
fn appended(data: &[u8], more: &impl Section) -> OwnedSection {
    let mut entries = BinaryReader::new(data, 0);
    let count = entries
        .read_var_u32()
        .expect("a section begins with a count");
    let old = &data[entries.original_position() as usize..];
    let mut new = Vec::new();
    more.encode(&mut new);
    let mut new = BinaryReader::new(&new, 0);
    new.read_var_u32().expect("a size");
    new.read_var_u32().expect("a count");
    let mut data = Vec::new();
    (count + 1).encode(&mut data);
    data.extend_from_slice(old);
    let len = new.bytes_remaining();
    data.extend_from_slice(new.read_bytes(len).expect("what remains"));
    OwnedSection {
        id: more.id(),
        data,
    }
}

struct OwnedSection {
    id: u8,
    data: Vec<u8>,
}

impl Encode for OwnedSection {
    fn encode(&self, sink: &mut Vec<u8>) {
        self.data.encode(sink);
    }
}

impl Section for OwnedSection {
    fn id(&self) -> u8 {
        self.id
    }
}

/// Encodes a function's body with a countdown at its entry and at the beginning of each loop.
fn counted_body(module: &[u8], body: &FunctionBody<'_>, counter: u32) -> Vec<u8> {
    let mut count = Vec::new();
    for instruction in [
        Instruction::GlobalGet(counter),
        Instruction::I64Const(1),
        Instruction::I64Sub,
        Instruction::GlobalSet(counter),
        Instruction::GlobalGet(counter),
        Instruction::I64Eqz,
        Instruction::If(BlockType::Empty),
        Instruction::Unreachable,
        Instruction::End,
    ] {
        instruction.encode(&mut count);
    }
    let mut operators = body.get_operators_reader().expect("a body");
    let range = body.range();
    let mut copied = range.start as usize;
    let mut counted = Vec::new();
    let mut begins = true;
    while !operators.eof() {
        if begins {
            let at = operators.original_position() as usize;
            counted.extend_from_slice(&module[copied..at]);
            counted.extend_from_slice(&count);
            copied = at;
        }
        begins = matches!(operators.read(), Ok(Operator::Loop { .. }));
    }
    counted.extend_from_slice(&module[copied..range.end as usize]);
    counted
}
