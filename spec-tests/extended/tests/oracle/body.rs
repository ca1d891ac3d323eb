//! Generation of function bodies: values and statements.

use crate::generator::{Builder, FIRST_HELD, FUEL, HELD, SLOTS, SUM, WIDE_SUM};
use crate::types::{
    self, BINDINGS, EXIT, HOST, LOG, NONE, NUMBER, OTHER, PASS_CALL, SWAP, Signature, TRY_CALL, Ty,
    cont_index, func_index, place, signature,
};
use std::borrow::Cow;
use wasm_encoder::{BlockType, Function, Instruction, MemArg, MemArgTarget};

/// Number of values above which all numbers are generated as constants.
const MANY: usize = 12;

/// Body of a function under construction.
pub struct Body<'b, 'c> {
    pub module: &'b mut Builder<'c>,
    /// Column of the function's signature.
    pub column: usize,
    params: usize,
    results: Vec<Ty>,
    locals: Vec<Ty>,
    code: Vec<Instruction<'static>>,
    /// Types of the values that a branch to each label carries, from the outermost label (the
    /// function's) inwards.
    labels: Vec<Vec<Ty>>,
}

impl<'b, 'c> Body<'b, 'c> {
    fn with(module: &'b mut Builder<'c>, params: &[Ty], results: &[Ty], column: usize) -> Self {
        let mut locals = params.to_vec();
        locals.extend([Ty::I32, Ty::I64]);
        Body {
            module,
            column,
            params: params.len(),
            results: results.to_vec(),
            locals,
            code: Vec::new(),
            labels: vec![results.to_vec()],
        }
    }

    /// Begins the body of a function with the given signature.
    pub fn new(module: &'b mut Builder<'c>, signature: usize) -> Self {
        let types = module.types;
        let of = &types.signatures[signature];
        let (_, column) = place(signature);
        Body::with(module, &of.params, &of.results, column)
    }

    /// Generates the whole function.
    pub fn function(mut self) -> Function {
        let (row, column) = self.row_and_column();
        if row == NUMBER && self.module.choices.percent(40) {
            self.deep(column);
        } else {
            self.prologue();
            if row == OTHER && self.module.choices.percent(60) {
                self.drive_parameter(column);
            }
            let most = if self.module.budget > 0 { 5 } else { 1 };
            for _ in 0..self.module.choices.below(most) + 1 {
                self.statement(3);
            }
            let results = self.results.clone();
            self.values(&results, 2);
        }
        self.end_function()
    }

    /// Drives the continuation that is the first parameter ([`Body::drive`]).
    fn drive_parameter(&mut self, column: usize) {
        let of = signature(NONE, column);
        let out = self.block(&[Ty::Cont(of)]);
        self.take_local(0);
        self.or_fresh(out, of);
        self.drive(column);
        let types = self.module.types;
        self.sinks(&types.signatures[of].results);
    }

    fn row_and_column(&self) -> (usize, usize) {
        let column = self.column;
        let types = &self.module.types.signatures;
        let is = |row: &usize| types[signature(*row, column)].params == self.locals[..self.params];
        ((0..8).find(is).unwrap_or(NONE), column)
    }

    fn end_function(mut self) -> Function {
        self.emit(Instruction::End);
        let mut function = Function::new_with_locals_types(
            self.locals[self.params..]
                .iter()
                .map(|&ty| types::val_type(ty)),
        );
        for instruction in &self.code {
            function.instruction(instruction);
        }
        function
    }

    /// Generates an exported step. In most cases it runs a continuation, and continues every
    /// suspended one.
    pub fn step(module: &'b mut Builder<'c>) -> Function {
        let column = match module.choices.percent(15) {
            true => module.choices.below(types::COLUMNS),
            false => module.column,
        };
        let mut body = Body::with(module, &[Ty::I32], &[Ty::I32], column);
        body.get(0);
        body.sink(Ty::I32);
        if body.module.choices.percent(92) {
            let first = signature(NONE, column);
            let caught = body.module.types.exceptions && body.module.choices.percent(40);
            let drive = |body: &mut Body<'_, '_>| {
                body.cont(first, 2);
                body.drive(column);
                let types = body.module.types;
                body.sinks(&types.signatures[first].results);
            };
            match caught {
                true => body.try_with(drive),
                false => drive(&mut body),
            }
        } else {
            body.statement(3);
            body.statement(3);
        }
        body.emit(Instruction::GlobalGet(SUM));
        body.end_function()
    }

    pub fn emit(&mut self, instruction: Instruction<'static>) {
        self.module.budget -= 1;
        self.code.push(instruction);
    }

    pub fn number(&mut self, value: i32) {
        self.emit(Instruction::I32Const(value));
    }

    pub fn get(&mut self, local: usize) {
        self.emit(Instruction::LocalGet(local as u32));
    }

    pub fn set(&mut self, local: usize) {
        self.emit(Instruction::LocalSet(local as u32));
    }

    /// Returns a local of a type: any of the present ones, or a new one if there is none.
    pub fn local(&mut self, ty: Ty) -> usize {
        let fits = |&index: &usize| self.locals[index] == ty;
        let known: Vec<usize> = (0..self.locals.len()).filter(fits).collect();
        if known.is_empty() {
            return self.new_local(ty);
        }
        *self.module.choices.pick(&known)
    }

    pub fn new_local(&mut self, ty: Ty) -> usize {
        self.locals.push(ty);
        self.locals.len() - 1
    }

    fn has_local(&self, ty: Ty) -> bool {
        self.locals.contains(&ty)
    }

    pub fn block_type(&mut self, params: &[Ty], results: &[Ty]) -> BlockType {
        match (params, results) {
            ([], []) => BlockType::Empty,
            ([], &[ty]) => BlockType::Result(types::val_type(ty)),
            _ => BlockType::FunctionType(self.module.own_type(params, results)),
        }
    }

    /// Begins a block and returns its label.
    pub fn block(&mut self, results: &[Ty]) -> usize {
        let ty = self.block_type(&[], results);
        self.emit(Instruction::Block(ty));
        self.label(results)
    }

    /// Begins a loop and returns its label.
    pub fn loop_(&mut self) -> usize {
        self.emit(Instruction::Loop(BlockType::Empty));
        self.label(&[])
    }

    /// Adds a label. `branch` are the types of the values that a branch to it carries.
    pub fn label(&mut self, branch: &[Ty]) -> usize {
        self.labels.push(branch.to_vec());
        self.labels.len() - 1
    }

    pub fn end(&mut self) {
        self.labels.pop();
        self.emit(Instruction::End);
    }

    /// Returns the relative depth of a label.
    pub fn depth(&self, label: usize) -> u32 {
        (self.labels.len() - 1 - label) as u32
    }

    pub fn branch(&mut self, label: usize) {
        self.emit(Instruction::Br(self.depth(label)));
    }

    /// Generates code that spends a unit of fuel, and pushes whether there was none left.
    pub fn spend(&mut self) {
        self.emit(Instruction::GlobalGet(FUEL));
        self.number(1);
        self.emit(Instruction::I32Sub);
        self.emit(Instruction::GlobalSet(FUEL));
        self.emit(Instruction::GlobalGet(FUEL));
        self.number(0);
        self.emit(Instruction::I32LtS);
    }

    fn prologue(&mut self) {
        self.spend();
        self.emit(Instruction::If(BlockType::Empty));
        self.label(&[]);
        let results = self.results.clone();
        self.defaults(&results);
        self.emit(Instruction::Return);
        self.end();
    }

    /// Generates default values of the types: zeros and nulls.
    pub fn defaults(&mut self, types: &[Ty]) {
        for &ty in types {
            match ty {
                Ty::I32 => self.number(0),
                Ty::I64 => self.emit(Instruction::I64Const(0)),
                _ => self.emit(Instruction::RefNull(types::heap_type(ty))),
            }
        }
    }

    /// Generates values of the types.
    pub fn values(&mut self, types: &[Ty], depth: usize) {
        for (index, &ty) in types.iter().enumerate() {
            match ty {
                Ty::I32 if types.len() > MANY => self.number(index as i32),
                Ty::I64 if types.len() > MANY => self.emit(Instruction::I64Const(index as i64)),
                _ => self.value(ty, depth),
            }
        }
    }

    /// Generates a value of a type.
    pub fn value(&mut self, ty: Ty, depth: usize) {
        let leaf = depth == 0 || self.module.budget <= 0;
        match ty {
            Ty::I32 => self.value_i32(depth, leaf),
            Ty::I64 => self.value_i64(depth, leaf),
            Ty::Func(signature) => {
                if self.has_local(ty) && self.module.choices.percent(20) {
                    let local = self.local(ty);
                    self.get(local);
                } else if self.module.choices.percent(1) {
                    self.defaults(&[ty]);
                } else {
                    let function = self.module.function_of(signature);
                    self.emit(Instruction::RefFunc(function));
                }
            }
            Ty::Funcref => {
                let harmless = self.module.choices.percent(70);
                let function = match harmless {
                    true => self.module.function_of(signature(NONE, 0)),
                    false => self.module.any_function(),
                };
                self.emit(Instruction::RefFunc(function));
            }
            Ty::Cont(signature) => self.cont(signature, depth),
            Ty::Exnref => self.exception(),
        }
    }

    fn value_i32(&mut self, depth: usize, leaf: bool) {
        match self.module.choices.below(if leaf { 3 } else { 8 }) {
            0 => {
                let value = *self.module.choices.pick(&[0, 1, 2, 7, 100, -1, i32::MIN]);
                self.number(value);
            }
            1 => {
                let local = self.local(Ty::I32);
                self.get(local);
            }
            2 => self.emit(Instruction::GlobalGet(SUM)),
            3 => {
                self.value(Ty::I32, depth - 1);
                self.value(Ty::I32, depth - 1);
                let operator = self.module.choices.pick(&OPERATORS_32).clone();
                self.emit(operator);
            }
            4 => {
                self.value(Ty::I64, depth - 1);
                self.emit(Instruction::I32WrapI64);
            }
            5 => {
                self.address();
                self.emit(Instruction::I32Load(access(2)));
            }
            6 => {
                let table = 1 + self.module.choices.below(HELD) as u32;
                let slot = self.module.choices.below(SLOTS) as i32;
                self.number(slot);
                self.emit(Instruction::TableGet(table));
                self.emit(Instruction::RefIsNull);
            }
            _ => {
                self.value(Ty::I32, depth - 1);
                self.value(Ty::I32, depth - 1);
                self.value(Ty::I32, depth - 1);
                self.emit(Instruction::Select);
            }
        }
    }

    fn value_i64(&mut self, depth: usize, leaf: bool) {
        match self.module.choices.below(if leaf { 3 } else { 6 }) {
            0 => {
                let value = *self.module.choices.pick(&[0, 1, 5, -1, 1 << 40]);
                self.emit(Instruction::I64Const(value));
            }
            1 => {
                let local = self.local(Ty::I64);
                self.get(local);
            }
            2 => self.emit(Instruction::GlobalGet(WIDE_SUM)),
            3 => {
                self.value(Ty::I64, depth - 1);
                self.value(Ty::I64, depth - 1);
                let operator = self.module.choices.pick(&OPERATORS_64).clone();
                self.emit(operator);
            }
            4 => {
                self.value(Ty::I32, depth - 1);
                self.emit(Instruction::I64ExtendI32U);
            }
            _ => {
                self.address();
                self.emit(Instruction::I64Load(access(3)));
            }
        }
    }

    /// Generates an address, which is within bounds in most cases.
    pub fn address(&mut self) {
        let beyond = self.module.choices.percent(1);
        let address = self.module.choices.below(256) as i32;
        self.number(if beyond { 65536 * 3 } else { address });
    }

    /// Generates a continuation with a signature, which is seldom null or consumed.
    pub fn cont(&mut self, of: usize, depth: usize) {
        let ty = Ty::Cont(of);
        let held = self.module.held.iter().position(|&held| held == of);
        let is_local = self.has_local(ty);
        let leaf = depth == 0 || self.module.budget <= 0 || of < HOST.len();
        let weights = [
            40,
            if is_local { 50 } else { 0 },
            if held.is_some() { 30 } else { 0 },
            if held.is_some() { 30 } else { 0 },
            if leaf { 0 } else { 20 },
            1,
        ];
        match self.module.choices.weighted(&weights) {
            0 => self.fresh(of),
            1 => {
                let out = self.block(&[ty]);
                let local = self.local(ty);
                self.take_local(local);
                self.or_fresh(out, of);
            }
            2 => {
                let out = self.block(&[ty]);
                let global = FIRST_HELD + held.expect("the signature is held") as u32;
                self.emit(Instruction::GlobalGet(global));
                if !self.module.choices.percent(15) {
                    self.defaults(&[ty]);
                    self.emit(Instruction::GlobalSet(global));
                }
                self.or_fresh(out, of);
            }
            3 => {
                let out = self.block(&[ty]);
                let table = 1 + held.expect("the signature is held") as u32;
                let slot = self.module.choices.below(SLOTS) as i32;
                self.number(slot);
                self.emit(Instruction::TableGet(table));
                if !self.module.choices.percent(15) {
                    self.number(slot);
                    self.defaults(&[ty]);
                    self.emit(Instruction::TableSet(table));
                }
                self.or_fresh(out, of);
            }
            4 => self.bound(of, depth),
            _ => self.defaults(&[ty]),
        }
    }

    /// Gets a continuation from a local, which in most cases is set to null.
    pub fn take_local(&mut self, local: usize) {
        let ty = self.locals[local];
        self.get(local);
        if !self.module.choices.percent(12) {
            self.defaults(&[ty]);
            self.set(local);
        }
    }

    /// Ends a block with the operand, or with a fresh continuation if the operand is null.
    fn or_fresh(&mut self, out: usize, of: usize) {
        self.emit(Instruction::BrOnNonNull(self.depth(out)));
        self.fresh(of);
        self.end();
    }

    fn fresh(&mut self, of: usize) {
        let rare = self.module.choices.percent(2);
        if rare && of == signature(NONE, 0) && self.module.choices.percent(30) {
            let endless = self.module.endless();
            self.emit(Instruction::RefFunc(endless));
        } else if rare && self.module.choices.percent(10) {
            self.defaults(&[Ty::Func(of)]);
        } else {
            let function = self.module.function_of(of);
            self.emit(Instruction::RefFunc(function));
        }
        self.emit(Instruction::ContNew(cont_index(of)));
    }

    /// Generates a continuation with some arguments bound.
    fn bound(&mut self, of: usize, depth: usize) {
        let (row, column) = place(of);
        let mut sources: Vec<usize> = (BINDINGS.iter())
            .filter(|&&(_, left)| left == row)
            .map(|&(from, _)| signature(from, column))
            .collect();
        if column == 0 && matches!(row, NONE | NUMBER) {
            sources.push(LOG);
        }
        if sources.is_empty() {
            return self.fresh(of);
        }
        let from = *self.module.choices.pick(&sources);
        let before = self.module.types.signatures[from].params.clone();
        let after = self.module.types.signatures[of].params.len();
        self.values(&before[..before.len() - after], depth - 1);
        self.cont(from, depth - 1);
        self.emit(Instruction::ContBind {
            argument_index: cont_index(from),
            result_index: cont_index(of),
        });
    }

    /// Consumes an operand: adds it to a sum, stores it or drops it.
    pub fn sink(&mut self, ty: Ty) {
        match ty {
            Ty::I32 => {
                self.emit(Instruction::GlobalGet(SUM));
                self.number(31);
                self.emit(Instruction::I32Mul);
                self.emit(Instruction::I32Add);
                self.emit(Instruction::GlobalSet(SUM));
            }
            Ty::I64 => {
                self.emit(Instruction::GlobalGet(WIDE_SUM));
                self.emit(Instruction::I64Const(7));
                self.emit(Instruction::I64Rotl);
                self.emit(Instruction::I64Xor);
                self.emit(Instruction::GlobalSet(WIDE_SUM));
            }
            Ty::Cont(of) => {
                let held = self.module.held.iter().position(|&held| held == of);
                match (self.module.choices.below(4), held) {
                    (0, _) => self.emit(Instruction::Drop),
                    (1, Some(held)) => self.emit(Instruction::GlobalSet(FIRST_HELD + held as u32)),
                    (2, Some(held)) => {
                        let local = self.local(ty);
                        self.set(local);
                        let slot = self.module.choices.below(SLOTS) as i32;
                        self.number(slot);
                        self.take_local(local);
                        self.emit(Instruction::TableSet(1 + held as u32));
                    }
                    _ => {
                        let local = self.local(ty);
                        self.set(local);
                    }
                }
            }
            _ if self.module.choices.percent(50) => {
                let local = self.local(ty);
                self.set(local);
            }
            _ => self.emit(Instruction::Drop),
        }
    }

    /// Consumes operands.
    pub fn sinks(&mut self, types: &[Ty]) {
        for (index, &ty) in types.iter().enumerate().rev() {
            if types.len() > MANY && index % 16 != 0 && index + 2 < types.len() {
                self.emit(Instruction::Drop);
            } else {
                self.sink(ty);
            }
        }
    }

    /// Generates a statement.
    pub fn statement(&mut self, depth: usize) {
        if depth == 0 || self.module.budget <= 0 {
            self.value(Ty::I32, 0);
            return self.sink(Ty::I32);
        }
        let exceptions = if self.module.types.exceptions { 10 } else { 0 };
        let weights = [
            10, 8, 22, 20, 12, 14, 6, 6, 10, exceptions, exceptions, 4, 5, 6, 8, 3, 3,
        ];
        match self.module.choices.weighted(&weights) {
            0 => {
                self.value(Ty::I32, depth);
                self.sink(Ty::I32);
            }
            1 => {
                let count = self.locals.len();
                let local = self.module.choices.below(count);
                self.value(self.locals[local], depth);
                self.set(local);
            }
            2 => self.suspend(depth),
            3 => self.resume_any(depth),
            4 => self.call(depth),
            5 => self.switch(depth),
            6 => self.if_(depth),
            7 => self.repeat(depth),
            8 => {
                let held = self.module.choices.below(HELD);
                let of = self.module.held[held];
                let slot = self.module.choices.below(SLOTS) as i32;
                self.number(slot);
                self.cont(of, depth);
                self.emit(Instruction::TableSet(1 + held as u32));
            }
            9 => self.try_(depth),
            10 => self.seldom(|body| body.throw(depth)),
            11 => {
                self.address();
                self.value(Ty::I64, depth - 1);
                self.emit(Instruction::I64Store(access(3)));
            }
            12 => {
                self.value(Ty::I32, depth - 1);
                self.emit(Instruction::Call(LOG as u32));
            }
            13 => self.call_back(),
            14 => self.seldom(|body| body.tail_call(depth)),
            15 => self.end_badly(),
            _ => self.choose(depth),
        }
    }

    /// Generates code that is executed under a condition that seldom holds.
    pub fn seldom(&mut self, then: impl FnOnce(&mut Self)) {
        self.value(Ty::I32, 1);
        self.number(3);
        self.emit(Instruction::I32And);
        self.emit(Instruction::I32Eqz);
        self.emit(Instruction::If(BlockType::Empty));
        self.label(&[]);
        then(self);
        self.end();
    }

    fn if_(&mut self, depth: usize) {
        self.value(Ty::I32, 1);
        self.emit(Instruction::If(BlockType::Empty));
        self.label(&[]);
        self.statement(depth - 1);
        self.emit(Instruction::Else);
        self.statement(depth - 1);
        self.end();
    }

    /// Generates a loop of a few rounds.
    fn repeat(&mut self, depth: usize) {
        let out = self.block(&[]);
        let again = self.loop_();
        self.spend();
        self.emit(Instruction::BrIf(self.depth(out)));
        self.statement(depth - 1);
        self.statement(depth - 1);
        self.value(Ty::I32, 1);
        self.number(3);
        self.emit(Instruction::I32And);
        self.emit(Instruction::BrIf(self.depth(again)));
        self.end();
        self.end();
    }

    /// Generates a branch to one of several blocks.
    fn choose(&mut self, depth: usize) {
        let out = self.block(&[]);
        let first = self.block(&[]);
        let second = self.block(&[]);
        self.value(Ty::I32, 1);
        self.number(3);
        self.emit(Instruction::I32And);
        let targets = vec![self.depth(first), self.depth(out), self.depth(second)];
        self.emit(Instruction::BrTable(targets.into(), self.depth(second)));
        self.end();
        self.statement(depth - 1);
        self.branch(out);
        self.end();
        self.statement(depth - 1);
        self.end();
    }

    fn call(&mut self, depth: usize) {
        let function = self.module.any_function();
        let of = self.module.functions[function as usize];
        let types = self.module.types;
        let Signature { params, results } = &types.signatures[of];
        self.values(params, depth - 1);
        match self
            .module
            .choices
            .below(if of < HOST.len() { 1 } else { 3 })
        {
            0 => self.emit(Instruction::Call(function)),
            1 => {
                self.value(Ty::Func(of), 1);
                self.emit(Instruction::CallRef(func_index(of)));
            }
            _ => {
                let element = self.element(of);
                self.number(element);
                self.emit(Instruction::CallIndirect {
                    type_index: func_index(of),
                    table_index: 0,
                });
            }
        }
        self.sinks(results);
    }

    /// Returns an index in the table of functions. It is seldom that of a function with another
    /// signature, of a null element, or out of bounds.
    fn element(&mut self, of: usize) -> i32 {
        let right = self.module.element_of(of) as i32;
        match self.module.choices.below(60) {
            58 => 0,
            59 => 1000,
            _ => right,
        }
    }

    fn tail_call(&mut self, depth: usize) {
        let fits = |&index: &usize| {
            let of = self.module.functions[index];
            let results = &self.module.types.signatures[of].results;
            *results == self.results && of != EXIT && self.module.endless != Some(index as u32)
        };
        let known: Vec<usize> = (0..self.module.functions.len()).filter(fits).collect();
        if known.is_empty() {
            return self.statement(0);
        }
        let function = *self.module.choices.pick(&known);
        let of = self.module.functions[function];
        let types = self.module.types;
        self.values(&types.signatures[of].params, depth - 1);
        match self
            .module
            .choices
            .below(if of < HOST.len() { 1 } else { 3 })
        {
            0 => self.emit(Instruction::ReturnCall(function as u32)),
            1 => {
                self.value(Ty::Func(of), 1);
                self.emit(Instruction::ReturnCallRef(func_index(of)));
            }
            _ => {
                let element = self.element(of);
                self.number(element);
                self.emit(Instruction::ReturnCallIndirect {
                    type_index: func_index(of),
                    table_index: 0,
                });
            }
        }
    }

    /// Generates a call of a host function that calls a function.
    fn call_back(&mut self) {
        if self.module.choices.percent(10) {
            self.value(Ty::I64, 1);
            self.value(Ty::I32, 1);
            self.emit(Instruction::Call(SWAP as u32));
            return self.sinks(&[Ty::I32, Ty::I64]);
        }
        let function = self.module.function_of(signature(NONE, 0));
        self.emit(Instruction::RefFunc(function));
        if self.module.choices.percent(75) {
            self.emit(Instruction::Call(TRY_CALL as u32));
            self.sink(Ty::I32);
        } else {
            self.emit(Instruction::Call(PASS_CALL as u32));
        }
    }

    /// Generates two uses of a continuation, the second one under a condition.
    fn use_twice(&mut self) {
        let of = signature(NONE, 0);
        let local = self.local(Ty::Cont(of));
        self.cont(of, 0);
        self.emit(Instruction::LocalTee(local as u32));
        let resume = Instruction::Resume {
            cont_type_index: cont_index(of),
            resume_table: Cow::Borrowed(&[]),
        };
        self.emit(resume.clone());
        self.seldom(|body| {
            body.get(local);
            body.emit(resume);
        });
    }

    fn end_badly(&mut self) {
        match self.module.choices.below(10) {
            8 => self.use_twice(),
            9 => {
                let endless = self.module.endless();
                self.seldom(|body| {
                    body.emit(Instruction::RefFunc(endless));
                    body.emit(Instruction::ContNew(cont_index(signature(NONE, 0))));
                    body.emit(Instruction::Resume {
                        cont_type_index: cont_index(signature(NONE, 0)),
                        resume_table: Cow::Borrowed(&[]),
                    });
                });
            }
            0 | 1 => self.seldom(|body| body.emit(Instruction::Unreachable)),
            2 | 3 => {
                self.value(Ty::I32, 1);
                self.value(Ty::I32, 1);
                self.emit(Instruction::I32DivS);
                self.sink(Ty::I32);
            }
            4 => {
                let endless = self.module.endless();
                self.seldom(|body| body.emit(Instruction::Call(endless)));
            }
            5 => {
                self.defaults(&[Ty::Cont(signature(NONE, 0))]);
                self.emit(Instruction::RefAsNonNull);
                self.sink(Ty::Cont(signature(NONE, 0)));
            }
            _ => self.seldom(|body| {
                body.value(Ty::I64, 1);
                body.emit(Instruction::Call(EXIT as u32));
            }),
        }
    }
}

/// Immediates of a memory access with the given alignment exponent.
fn access(align: u32) -> MemArg {
    MemArg {
        offset: 0,
        align,
        target: MemArgTarget::Memory(0),
        ordering: None,
    }
}

const OPERATORS_32: [Instruction<'static>; 8] = [
    Instruction::I32Add,
    Instruction::I32Sub,
    Instruction::I32Mul,
    Instruction::I32Xor,
    Instruction::I32And,
    Instruction::I32LtS,
    Instruction::I32Eq,
    Instruction::I32ShrU,
];

const OPERATORS_64: [Instruction<'static>; 4] = [
    Instruction::I64Add,
    Instruction::I64Sub,
    Instruction::I64Mul,
    Instruction::I64Xor,
];
