//! Random programs with continuations. They are well-typed and terminate.
//!
//! A program consists of three instances: two of a library, whose tags have the same types but are
//! distinct, and one of a main module, which imports from both. It imports the first library's tags
//! under two indices. Exported steps of the main module are called in sequence. They share state in
//! tables and globals.
//!
//! Each function entry and each round of a loop decrements a global. A function or loop ends if the
//! global is negative.

use crate::body::Body;
use crate::choices::Choices;
use crate::types::{self, COLUMNS, EXIT, HOST, NONE, NUMBER, Ty, Types, signature};
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction,
    MemorySection, MemoryType, Module, TableSection, TableType, TagKind, TagSection, TagType,
    TypeSection,
};

/// Options for the generation of programs.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Enables exceptions.
    pub exceptions: bool,
    /// Enables references to exceptions. Must be false if `exceptions` is.
    pub references: bool,
}

/// A generated program.
#[derive(Clone, Debug)]
pub struct Program {
    pub library: Vec<u8>,
    pub main: Vec<u8>,
    /// Argument and fuel of each step.
    pub steps: Vec<(i32, i32)>,
    /// Number of tags that the main module exports, both its own and imported ones.
    pub tags: usize,
}

/// Global with the remaining fuel. Every module has this global and the next two.
pub const FUEL: u32 = 0;
/// Global with a checksum of the `i32` values so far.
pub const SUM: u32 = 1;
/// Global with a checksum of the `i64` values so far.
pub const WIDE_SUM: u32 = 2;
/// First of the globals that hold continuations.
pub const FIRST_HELD: u32 = 3;
/// Number of signatures that have a global and a table for continuations.
pub const HELD: usize = 3;
/// Number of elements of such a table.
pub const SLOTS: usize = 3;

/// Generates the program that the decisions lead to.
pub fn program(choices: &mut Choices, options: Options) -> Program {
    let types = Types::new(choices, options);
    let column = choices.below(COLUMNS);
    let mut library = Builder::new(choices, &types, column, 250);
    for spec in 0..types.tags.len() {
        library.tags.push(spec);
    }
    library.function(signature(NONE, column));
    library.function(signature(NUMBER, column));
    library.function(signature(NONE, 0));
    let exported = library.all_functions();
    let library = library.finish(&[], 0);

    let budget = *choices.pick(&[200, 500, 900, 1500]);
    let steps = 1 + choices.below(3);
    let mut main = Builder::new(choices, &types, column, budget);
    let mut imports = Vec::new();
    for spec in 0..types.tags.len() {
        imports.push(("a", format!("tag{spec}"), spec));
    }
    for spec in [0, 3, 4] {
        imports.push(("a", format!("tag{spec}"), spec));
        imports.push(("b", format!("tag{spec}"), spec));
    }
    imports.push(("b", "tag1".into(), 1));
    main.tags.extend(imports.iter().map(|&(_, _, spec)| spec));
    let imported_tags = imports.len();
    main.tags.extend([0, 5]);
    let tags = main.tags.len();
    let mut functions = Vec::new();
    for (instance, count) in [("a", 3), ("b", 2)] {
        for (index, &signature) in exported.iter().enumerate().take(count) {
            functions.push((instance, format!("f{index}"), signature));
            main.import(signature);
        }
    }
    let imports = Imports {
        tags: imports,
        functions,
    };
    let main = main.with_steps(steps, &imports, imported_tags);
    let steps = (0..steps).map(|_| {
        let argument = choices.below(1000) as i32;
        (argument, *choices.pick(&[12, 30, 60, 120, 250]))
    });
    let steps = steps.collect();
    Program {
        library,
        main,
        steps,
        tags,
    }
}

/// Imports of the main module, except for the host functions.
struct Imports {
    tags: Vec<(&'static str, String, usize)>,
    functions: Vec<(&'static str, String, usize)>,
}

/// A module under construction.
pub struct Builder<'c> {
    pub choices: &'c mut Choices,
    pub types: &'c Types,
    /// Column of most functions.
    pub column: usize,
    /// Specification of each tag.
    pub tags: Vec<usize>,
    /// Signature of each function.
    pub functions: Vec<usize>,
    /// Signatures of the continuations in globals and tables.
    pub held: [usize; HELD],
    /// Number of instructions that may still be generated.
    pub budget: isize,
    /// Function with infinite recursion, if there is one.
    pub endless: Option<u32>,
    imported: usize,
    own_types: Vec<(Vec<Ty>, Vec<Ty>)>,
    bodies: Vec<Function>,
    elements: Vec<Option<u32>>,
}

/// Number of functions from which on existing ones are reused.
const ENOUGH_FUNCTIONS: usize = 24;

impl<'c> Builder<'c> {
    fn new(
        choices: &'c mut Choices,
        types: &'c Types,
        column: usize,
        budget: isize,
    ) -> Builder<'c> {
        let other = signature(choices.below(8), choices.below(COLUMNS));
        let held = [signature(NONE, column), signature(NONE, 0), other];
        Builder {
            choices,
            types,
            column,
            tags: Vec::new(),
            functions: (0..HOST.len()).collect(),
            held,
            budget,
            endless: None,
            imported: HOST.len(),
            own_types: Vec::new(),
            bodies: Vec::new(),
            elements: Vec::new(),
        }
    }

    fn import(&mut self, signature: usize) {
        self.functions.push(signature);
        self.imported += 1;
    }

    /// Adds a function with a signature. Its body is generated later.
    fn function(&mut self, signature: usize) -> u32 {
        self.functions.push(signature);
        (self.functions.len() - 1) as u32
    }

    /// Returns a function with a signature, either an existing one or a new one.
    pub fn function_of(&mut self, signature: usize) -> u32 {
        let fits = |&index: &usize| self.functions[index] == signature;
        let known: Vec<usize> = (0..self.functions.len()).filter(fits).collect();
        let few = self.functions.len() < ENOUGH_FUNCTIONS && self.budget > 0;
        if signature >= HOST.len() && (known.is_empty() || few && self.choices.percent(30)) {
            return self.function(signature);
        }
        *self.choices.pick(&known) as u32
    }

    /// Returns the function with infinite recursion.
    pub fn endless(&mut self) -> u32 {
        match self.endless {
            Some(function) => function,
            None => {
                let function = self.function(signature(NONE, 0));
                self.endless = Some(function);
                function
            }
        }
    }

    /// Returns the index of a type with these parameters and results.
    pub fn own_type(&mut self, params: &[Ty], results: &[Ty]) -> u32 {
        let is = |(p, r): &(Vec<Ty>, Vec<Ty>)| p == params && r == results;
        let known = self.own_types.iter().position(is);
        let index = known.unwrap_or_else(|| {
            self.own_types.push((params.to_vec(), results.to_vec()));
            self.own_types.len() - 1
        });
        self.types.first_own() + index as u32
    }

    /// Returns the indices of the tags with a specification.
    pub fn tags_of(&self, spec: usize) -> Vec<u32> {
        let tags = self.tags.iter().enumerate();
        tags.filter(|&(_, &of)| of == spec)
            .map(|(index, _)| index as u32)
            .collect()
    }

    /// Returns an index in the table of functions whose element has a signature.
    pub fn element_of(&mut self, signature: usize) -> usize {
        let function = self.function_of(signature);
        let known = self
            .elements
            .iter()
            .position(|&element| element == Some(function));
        known.unwrap_or_else(|| {
            self.elements.push(Some(function));
            self.elements.len() - 1
        })
    }

    /// Generates the missing bodies, which may add further functions.
    fn write_bodies(&mut self) {
        while self.imported + self.bodies.len() < self.functions.len() {
            let index = self.imported + self.bodies.len();
            let body = if self.endless == Some(index as u32) {
                let mut body = Function::new([]);
                body.instruction(&Instruction::Call(index as u32));
                body.instruction(&Instruction::Call(index as u32));
                body.instruction(&Instruction::End);
                body
            } else {
                let signature = self.functions[index];
                Body::new(self, signature).function()
            };
            self.bodies.push(body);
        }
    }

    /// Returns the signatures of all functions that the module defines so far.
    fn all_functions(&self) -> Vec<usize> {
        self.functions[self.imported..].to_vec()
    }

    fn with_steps(mut self, steps: usize, imports: &Imports, imported_tags: usize) -> Vec<u8> {
        let ty = self.own_type(&[Ty::I32], &[Ty::I32]);
        let mut written = Vec::new();
        for _ in 0..steps {
            written.push(Body::step(&mut self));
        }
        self.write_bodies();
        let first = self.functions.len() as u32;
        let mut exports = Vec::new();
        for (index, body) in written.into_iter().enumerate() {
            exports.push((format!("step{index}"), first + index as u32, ty));
            self.bodies.push(body);
        }
        self.encode(imports, imported_tags, &exports)
    }

    fn finish(mut self, exports: &[(String, u32, u32)], imported_tags: usize) -> Vec<u8> {
        self.write_bodies();
        let imports = Imports {
            tags: Vec::new(),
            functions: Vec::new(),
        };
        self.encode(&imports, imported_tags, exports)
    }

    fn encode(
        mut self,
        imports: &Imports,
        imported_tags: usize,
        steps: &[(String, u32, u32)],
    ) -> Vec<u8> {
        let types = self.types;
        let tag_types: Vec<u32> = (types.tags.iter())
            .map(|tag| self.own_type(&tag.params, &tag.results))
            .collect();
        let mut module = Module::new();
        let mut section = TypeSection::new();
        types.encode(&mut section);
        for (params, results) in &self.own_types {
            section.ty().func_type(&types::func_type(params, results));
        }
        module.section(&section);

        let tag_type = |spec: usize| TagType {
            kind: TagKind::Exception,
            func_type_idx: tag_types[spec],
        };
        let mut section = ImportSection::new();
        for (index, (name, ..)) in HOST.iter().enumerate() {
            section.import("host", name, EntityType::Function(types::func_index(index)));
        }
        for (from, name, signature) in &imports.functions {
            let ty = EntityType::Function(types::func_index(*signature));
            section.import(from, name, ty);
        }
        for (from, name, spec) in &imports.tags {
            section.import(from, name, EntityType::Tag(tag_type(*spec)));
        }
        module.section(&section);

        let mut section = FunctionSection::new();
        for &signature in &self.functions[self.imported..] {
            section.function(types::func_index(signature));
        }
        for &(_, _, ty) in steps {
            section.function(ty);
        }
        module.section(&section);

        let table = |ty: Ty, size: usize| TableType {
            element_type: match types::val_type(ty) {
                wasm_encoder::ValType::Ref(ty) => ty,
                _ => unreachable!("tables hold references"),
            },
            table64: false,
            minimum: size as u64,
            maximum: None,
            shared: false,
        };
        let mut section = TableSection::new();
        section.table(table(Ty::Funcref, self.elements.len() + 1));
        for signature in self.held {
            section.table(table(Ty::Cont(signature), SLOTS));
        }
        module.section(&section);

        let mut section = MemorySection::new();
        section.memory(MemoryType {
            minimum: 1,
            maximum: Some(2),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        module.section(&section);

        let mut section = TagSection::new();
        for &spec in &self.tags[imported_tags..] {
            section.tag(tag_type(spec));
        }
        module.section(&section);

        let mut section = GlobalSection::new();
        let global = |ty| GlobalType {
            val_type: types::val_type(ty),
            mutable: true,
            shared: false,
        };
        section.global(global(Ty::I32), &ConstExpr::i32_const(0));
        section.global(global(Ty::I32), &ConstExpr::i32_const(1));
        section.global(global(Ty::I64), &ConstExpr::i64_const(2));
        for signature in self.held {
            let ty = Ty::Cont(signature);
            section.global(global(ty), &ConstExpr::ref_null(types::heap_type(ty)));
        }
        module.section(&section);

        let mut section = ExportSection::new();
        for (index, _) in self.tags.iter().enumerate() {
            section.export(&format!("tag{index}"), ExportKind::Tag, index as u32);
        }
        for index in self.imported..self.functions.len() {
            let name = format!("f{}", index - self.imported);
            section.export(&name, ExportKind::Func, index as u32);
        }
        for (name, index, _) in steps {
            section.export(name, ExportKind::Func, *index);
        }
        for index in 0..FIRST_HELD + HELD as u32 {
            section.export(&format!("global{index}"), ExportKind::Global, index);
        }
        for index in 0..=HELD as u32 {
            section.export(&format!("table{index}"), ExportKind::Table, index);
        }
        section.export("memory", ExportKind::Memory, 0);
        module.section(&section);

        let mut section = ElementSection::new();
        let elements: Vec<u32> = self.elements.iter().flatten().copied().collect();
        section.active(
            None,
            &ConstExpr::i32_const(0),
            Elements::Functions(elements.into()),
        );
        let all: Vec<u32> = (0..self.functions.len() as u32).collect();
        section.declared(Elements::Functions(all.into()));
        module.section(&section);

        let mut section = CodeSection::new();
        for body in &self.bodies {
            section.function(body);
        }
        module.section(&section);
        module.finish()
    }

    /// Returns a function that can be called without ending the program.
    pub fn any_function(&mut self) -> u32 {
        let function = self.choices.below(self.functions.len());
        let ends = self.functions[function] == EXIT || self.endless == Some(function as u32);
        if ends { 0 } else { function as u32 }
    }
}
