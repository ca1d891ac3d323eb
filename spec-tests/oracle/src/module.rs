//! Decoded and validated modules.

use crate::store::Failure;
use std::rc::Rc;
use wasmparser::types::{CoreTypeId, Types};
use wasmparser::{
    BlockType, CompositeInnerType, ConstExpr, Data, Element, Export, FunctionBody, Import,
    Operator, Parser, Payload, UnpackedIndex, ValType, Validator,
};

/// A module.
pub struct Module<'a> {
    pub types: Vec<Type>,
    pub imports: Vec<Import<'a>>,
    /// Type indices of the functions that the module defines.
    pub functions: Vec<u32>,
    pub tables: Vec<(u64, Option<ConstExpr<'a>>)>,
    /// Initial and maximum sizes of the memories, in pages.
    pub memories: Vec<(u64, Option<u64>)>,
    pub globals: Vec<ConstExpr<'a>>,
    pub tags: Vec<u32>,
    pub exports: Vec<Export<'a>>,
    pub start: Option<u32>,
    pub elements: Vec<Element<'a>>,
    pub data: Vec<Data<'a>>,
    pub bodies: Vec<Rc<Code<'a>>>,
    /// Type information from validation. The types of all modules of the store have comparable ids.
    pub known: Types,
}

/// A function type or continuation type. The arities of a continuation type are those of its
/// function type.
#[derive(Clone, Copy, Debug)]
pub struct Type {
    /// Identity of the type: equal for equal types in all modules of a store.
    pub id: CoreTypeId,
    pub params: usize,
    pub results: usize,
}

/// A function's body.
#[derive(Debug)]
pub struct Code<'a> {
    pub locals: Vec<ValType>,
    pub body: Vec<Operator<'a>>,
    /// For each instruction that opens a block, the index of its `end`.
    pub ends: Vec<usize>,
    /// For each `if`, the index of its `else` or `end`.
    pub elses: Vec<usize>,
}

fn refused(error: wasmparser::BinaryReaderError) -> Failure {
    Failure::Refused(error.to_string())
}

impl<'a> Module<'a> {
    /// Decodes and validates a module.
    pub fn new(validator: &mut Validator, bytes: &'a [u8]) -> Result<Module<'a>, Failure> {
        validator.reset();
        let known = validator.validate_all(bytes).map_err(refused)?;
        let mut module = Module {
            types: Vec::new(),
            imports: Vec::new(),
            functions: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            exports: Vec::new(),
            start: None,
            elements: Vec::new(),
            data: Vec::new(),
            bodies: Vec::new(),
            known,
        };
        for payload in Parser::new(0).parse_all(bytes) {
            module.section(payload.map_err(refused)?).map_err(refused)?;
        }
        Ok(module)
    }

    fn section(&mut self, payload: Payload<'a>) -> Result<(), wasmparser::BinaryReaderError> {
        match payload {
            Payload::TypeSection(groups) => {
                let mut shapes: Vec<Shape> = Vec::new();
                for group in groups {
                    let first = shapes.len();
                    for ty in group?.into_types() {
                        shapes.push(match ty.composite_type.inner {
                            CompositeInnerType::Func(ty) => {
                                Shape::Func(ty.params().len(), ty.results().len())
                            }
                            CompositeInnerType::Cont(ty) => match ty.0.unpack() {
                                UnpackedIndex::Module(index) => Shape::Cont(index as usize),
                                UnpackedIndex::RecGroup(index) => {
                                    Shape::Cont(first + index as usize)
                                }
                                UnpackedIndex::Id(_) => unreachable!("indices of the module"),
                            },
                            _ => Shape::Func(0, 0),
                        });
                    }
                }
                self.types = (0..shapes.len())
                    .map(|index| self.ty(&shapes, index))
                    .collect();
            }
            Payload::ImportSection(imports) => {
                self.imports = imports.into_imports().collect::<Result<_, _>>()?;
            }
            Payload::FunctionSection(functions) => {
                self.functions = functions.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let table = table?;
                    let init = match table.init {
                        wasmparser::TableInit::RefNull => None,
                        wasmparser::TableInit::Expr(expr) => Some(expr),
                    };
                    self.tables.push((table.ty.initial, init));
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let memory = memory?;
                    self.memories.push((memory.initial, memory.maximum));
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    self.globals.push(global?.init_expr);
                }
            }
            Payload::TagSection(tags) => {
                for tag in tags {
                    self.tags.push(tag?.func_type_idx);
                }
            }
            Payload::ExportSection(exports) => {
                self.exports = exports.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(elements) => {
                self.elements = elements.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::DataSection(data) => {
                self.data = data.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(Rc::new(Code::new(body)?)),
            _ => {}
        }
        Ok(())
    }

    fn ty(&self, shapes: &[Shape], index: usize) -> Type {
        let of = match shapes[index] {
            Shape::Cont(function) => function,
            Shape::Func(..) => index,
        };
        let Shape::Func(params, results) = shapes[of] else {
            unreachable!("validation: continuations are of functions")
        };
        let id = self.known.as_ref().core_type_at_in_module(index as u32);
        Type {
            id,
            params,
            results,
        }
    }

    /// Returns the number of parameters and results of a block.
    pub fn block(&self, ty: BlockType) -> (usize, usize) {
        match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(index) => {
                let ty = &self.types[index as usize];
                (ty.params, ty.results)
            }
        }
    }

    /// Returns whether `ty` is `of` or a declared subtype of it.
    pub fn is_subtype(&self, mut ty: CoreTypeId, of: CoreTypeId) -> bool {
        while ty != of {
            match self.known.as_ref().supertype_of(ty) {
                Some(supertype) => ty = supertype,
                None => return false,
            }
        }
        true
    }
}

enum Shape {
    /// Numbers of parameters and results.
    Func(usize, usize),
    /// Index of the function type.
    Cont(usize),
}

impl<'a> Code<'a> {
    fn new(body: FunctionBody<'a>) -> Result<Code<'a>, wasmparser::BinaryReaderError> {
        let mut locals = Vec::new();
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            locals.extend((0..count).map(|_| ty));
        }
        let mut operators = body.get_operators_reader()?;
        let mut body = Vec::new();
        while !operators.eof() {
            body.push(operators.read()?);
        }
        let (mut ends, mut elses) = (vec![0; body.len()], vec![0; body.len()]);
        let mut open = Vec::new();
        for (index, operator) in body.iter().enumerate() {
            match operator {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. } => open.push(index),
                Operator::Else => elses[*open.last().expect("validation: an if")] = index,
                Operator::End => {
                    // The last `end` is the function's.
                    if let Some(start) = open.pop() {
                        ends[start] = index;
                        if elses[start] == 0 {
                            elses[start] = index;
                        } else {
                            ends[elses[start]] = index;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(Code {
            locals,
            body,
            ends,
            elses,
        })
    }
}
