//! Generation of statements that switch stacks or throw.

use crate::body::Body;
use crate::types::{LOG, NONE, NUMBER, OTHER, PEER, SWAP, TRY_CALL, Ty, cont_index, signature};
use std::borrow::Cow;
use wasm_encoder::{BlockType, Catch, Handle, Instruction};

impl Body<'_, '_> {
    /// Chooses a tag with a specification.
    fn tag(&mut self, spec: usize) -> u32 {
        let tags = self.module.tags_of(spec);
        *self.module.choices.pick(&tags)
    }

    /// Returns the specifications of tags that can be suspended with.
    fn suspendable(&self) -> Vec<usize> {
        let tags = &self.module.types.tags;
        (0..tags.len())
            .filter(|&spec| tags[spec].row.is_some())
            .collect()
    }

    /// Generates a `suspend`.
    pub fn suspend(&mut self, depth: usize) {
        let specs = self.suspendable();
        let usual = self.module.choices.percent(45);
        let spec = match usual {
            true => 0,
            false => *self.module.choices.pick(&specs),
        };
        let types = self.module.types;
        self.values(&types.tags[spec].params, depth - 1);
        let tag = self.tag(spec);
        self.emit(Instruction::Suspend(tag));
        self.sinks(&types.tags[spec].results);
    }

    /// Generates the resumption of any continuation.
    pub fn resume_any(&mut self, depth: usize) {
        if self.module.choices.percent(6) {
            return self.resume_host(depth);
        }
        let row = self.module.choices.below(8);
        let usual = self.module.choices.percent(70);
        let column = match usual {
            true => self.column,
            false => self.module.choices.below(3),
        };
        let of = signature(row, column);
        let driven = row == NONE && self.module.choices.percent(15);
        let caught = self.module.types.exceptions && self.module.choices.percent(25);
        let resume = |body: &mut Self| {
            if driven {
                body.cont(of, depth - 1);
                body.drive(column);
            } else {
                body.resume(of, None, depth - 1);
            }
            let types = body.module.types;
            body.sinks(&types.signatures[of].results);
        };
        match caught {
            true => self.try_with(resume),
            false => resume(self),
        }
    }

    /// Generates the resumption of a continuation whose function is a host function.
    fn resume_host(&mut self, depth: usize) {
        let of = *self.module.choices.pick(&[LOG, SWAP, TRY_CALL]);
        let types = self.module.types;
        self.values(&types.signatures[of].params, depth - 1);
        self.emit(Instruction::RefFunc(of as u32));
        self.emit(Instruction::ContNew(cont_index(of)));
        self.emit(Instruction::Resume {
            cont_type_index: cont_index(of),
            resume_table: Cow::Borrowed(&[]),
        });
        self.sinks(&types.signatures[of].results);
    }

    /// Generates the resumption of a continuation with a signature, from a local if one is given.
    /// The code leaves the results.
    fn resume(&mut self, of: usize, local: Option<usize>, depth: usize) {
        let types = self.module.types;
        let (_, column) = crate::types::place(of);
        let results = &types.signatures[of].results;
        let specs = self.suspendable();
        let count = *self.module.choices.pick(&[0, 1, 1, 1, 2, 2, 3]);
        let mut handled = Vec::new();
        for _ in 0..count {
            let usual = self.module.choices.percent(45);
            handled.push(if usual {
                0
            } else {
                *self.module.choices.pick(&specs)
            });
        }
        let done = self.block(results);
        let mut handles = Vec::new();
        for &spec in &handled {
            let tag = &types.tags[spec];
            let mut passed = tag.params.clone();
            passed.push(Ty::Cont(signature(
                tag.row.expect("the tag can be suspended with"),
                column,
            )));
            let label = self.block(&passed);
            for tag in self.module.tags_of(spec) {
                if self.module.choices.percent(70) {
                    handles.push((tag, Some(label)));
                }
            }
        }
        for (spec, tag) in types.tags.iter().enumerate() {
            if tag.column == Some(column) && self.module.choices.percent(40) {
                for tag in self.module.tags_of(spec) {
                    handles.push((tag, None));
                }
            }
        }
        if !handles.is_empty() {
            let first = self.module.choices.below(handles.len());
            handles.rotate_left(first);
        }
        self.resume_with(of, local, &handles, depth);
        if !handled.is_empty() {
            self.branch(done);
        }
        for (index, &spec) in handled.iter().enumerate().rev() {
            self.end();
            self.handle(spec, column, depth);
            if index > 0 {
                self.branch(done);
            }
        }
        self.end();
    }

    /// Generates the instruction that resumes, and its operands.
    fn resume_with(
        &mut self,
        of: usize,
        local: Option<usize>,
        handles: &[(u32, Option<usize>)],
        depth: usize,
    ) {
        let handles: Vec<Handle> = (handles.iter())
            .map(|&(tag, label)| match label {
                Some(label) => Handle::OnLabel {
                    tag,
                    label: self.depth(label),
                },
                None => Handle::OnSwitch { tag },
            })
            .collect();
        let types = self.module.types;
        let how = match (types.exceptions, types.references) {
            (true, true) => self.module.choices.weighted(&[90, 6, 4]),
            (true, false) => self.module.choices.weighted(&[90, 6]),
            _ => 0,
        };
        match how {
            0 => self.values(&types.signatures[of].params, depth),
            1 => {}
            _ if self.module.choices.percent(12) => self.defaults(&[Ty::Exnref]),
            _ => self.exception(),
        }
        let thrown = *self.module.choices.pick(&[0, 5]);
        if how == 1 {
            self.values(&types.tags[thrown].params, 1);
        }
        match local {
            Some(local) => self.take_local(local),
            None => self.cont(of, depth),
        }
        let cont_type_index = cont_index(of);
        let resume_table = Cow::Owned(handles);
        match how {
            0 => self.emit(Instruction::Resume {
                cont_type_index,
                resume_table,
            }),
            1 => {
                let tag_index = self.tag(thrown);
                self.emit(Instruction::ResumeThrow {
                    cont_type_index,
                    tag_index,
                    resume_table,
                });
            }
            _ => self.emit(Instruction::ResumeThrowRef {
                cont_type_index,
                resume_table,
            }),
        }
    }

    /// Generates code that uses a payload and a continuation, and leaves the results of the
    /// resumption.
    fn handle(&mut self, spec: usize, column: usize, depth: usize) {
        let types = self.module.types;
        let tag = &types.tags[spec];
        let of = signature(tag.row.expect("the tag can be suspended with"), column);
        let local = self.local(Ty::Cont(of));
        self.set(local);
        self.sinks(&tag.params);
        if self.module.choices.percent(30) {
            self.statement(depth.min(1));
        }
        let results = &types.signatures[of].results;
        match self.module.choices.weighted(&[15, 20, 45, 12]) {
            0 => self.values(results, 1),
            1 => {
                self.take_local(local);
                self.sink(Ty::Cont(of));
                self.values(results, 1);
            }
            2 if depth > 0 && self.module.budget > 0 => self.resume(of, Some(local), depth - 1),
            2 => self.resume_with(of, Some(local), &[], 0),
            _ => {
                // Binds all arguments, and stores the continuation for a later resumption.
                let rest = signature(NONE, column);
                self.values(&types.signatures[of].params, 1);
                self.take_local(local);
                self.emit(Instruction::ContBind {
                    argument_index: cont_index(of),
                    result_index: cont_index(rest),
                });
                self.sink(Ty::Cont(rest));
                self.values(results, 1);
            }
        }
    }

    /// Generates a loop that resumes the operand, a continuation without parameters, until it
    /// returns. The loop answers every suspension. The code leaves the results.
    pub fn drive(&mut self, column: usize) {
        let types = self.module.types;
        let of = signature(NONE, column);
        let results = &types.signatures[of].results;
        let local = self.new_local(Ty::Cont(of));
        self.set(local);
        let specs = self.suspendable();
        let out = self.block(results);
        let again = self.loop_();
        self.spend();
        self.emit(Instruction::If(BlockType::Empty));
        self.label(&[]);
        self.defaults(results);
        self.branch(out);
        self.end();
        let next = self.block(&[Ty::Cont(of)]);
        let mut handles = Vec::new();
        let mut blocks = Vec::new();
        for &spec in &specs {
            let tag = &types.tags[spec];
            let label = match (&tag.params[..], tag.row) {
                ([], Some(NONE)) => next,
                (_, row) => {
                    let mut passed = tag.params.clone();
                    passed.push(Ty::Cont(signature(
                        row.expect("the tag can be suspended with"),
                        column,
                    )));
                    let label = self.block(&passed);
                    blocks.push(spec);
                    label
                }
            };
            for tag in self.module.tags_of(spec) {
                handles.push((tag, Some(label)));
            }
        }
        for (spec, tag) in types.tags.iter().enumerate() {
            if tag.column == Some(column) {
                for tag in self.module.tags_of(spec) {
                    handles.push((tag, None));
                }
            }
        }
        let first = self.module.choices.below(handles.len());
        handles.rotate_left(first);
        self.resume_with(of, Some(local), &handles, 0);
        self.branch(out);
        for &spec in blocks.iter().rev() {
            self.end();
            let tag = &types.tags[spec];
            let waits = signature(tag.row.expect("the tag can be suspended with"), column);
            let taken = self.local(Ty::Cont(waits));
            self.set(taken);
            self.sinks(&tag.params);
            if types.exceptions && self.module.choices.percent(15) {
                self.seldom(|body| body.raise(waits, taken, out));
            }
            self.values(&types.signatures[waits].params, 1);
            self.take_local(taken);
            self.emit(Instruction::ContBind {
                argument_index: cont_index(waits),
                result_index: cont_index(of),
            });
            self.branch(next);
        }
        self.end();
        self.set(local);
        if types.exceptions && self.module.choices.percent(15) {
            self.seldom(|body| body.raise(of, local, out));
        }
        if self.module.choices.percent(20) {
            // Another function continues it.
            self.seldom(|body| {
                let other = body.module.function_of(signature(OTHER, column));
                body.take_local(local);
                body.emit(Instruction::Call(other));
                body.branch(out);
            });
        }
        if self.module.choices.percent(25) {
            // Stores it and takes another continuation instead.
            self.get(local);
            self.sink(Ty::Cont(of));
            self.cont(of, 1);
            self.set(local);
        }
        self.branch(again);
        self.end();
        self.emit(Instruction::Unreachable);
        self.end();
    }

    /// Generates a `resume_throw` of a local's continuation, and a branch with the results.
    fn raise(&mut self, of: usize, local: usize, out: usize) {
        let thrown = *self.module.choices.pick(&[0, 5]);
        let types = self.module.types;
        self.values(&types.tags[thrown].params, 1);
        self.take_local(local);
        let tag_index = self.tag(thrown);
        self.emit(Instruction::ResumeThrow {
            cont_type_index: cont_index(of),
            tag_index,
            resume_table: Cow::Borrowed(&[]),
        });
        self.branch(out);
    }

    /// Generates a switch to another continuation.
    pub fn switch(&mut self, depth: usize) {
        let own = self.module.choices.percent(90);
        let column = match own {
            true => self.column,
            false => self.module.choices.below(3),
        };
        let types = self.module.types;
        let spec = (types.tags.iter()).position(|tag| tag.column == Some(column));
        let tag = self.tag(spec.expect("each column has a tag"));
        let row = *self.module.choices.pick(&[OTHER, PEER, PEER]);
        let of = signature(row, column);
        let params = &types.signatures[of].params;
        self.values(&params[..params.len() - 1], depth - 1);
        self.cont(of, depth - 1);
        self.emit(Instruction::Switch {
            cont_type_index: cont_index(of),
            tag_index: tag,
        });
        if row == PEER {
            self.sinks(params);
        }
    }

    /// Generates a `throw`.
    pub fn throw(&mut self, depth: usize) {
        if self.module.types.references && self.module.choices.percent(20) {
            self.exception();
            return self.emit(Instruction::ThrowRef);
        }
        let spec = *self.module.choices.pick(&[0, 5]);
        let types = self.module.types;
        self.values(&types.tags[spec].params, depth - 1);
        let tag = self.tag(spec);
        self.emit(Instruction::Throw(tag));
    }

    /// Generates a reference to an exception: a local's, or a new one.
    pub fn exception(&mut self) {
        let out = self.block(&[Ty::Exnref]);
        let local = self.local(Ty::Exnref);
        self.get(local);
        self.emit(Instruction::BrOnNonNull(self.depth(out)));
        let tag = self.tag(0);
        let catch = Catch::OneRef {
            tag,
            label: self.depth(out),
        };
        self.emit(Instruction::TryTable(
            BlockType::Empty,
            Cow::Owned(vec![catch]),
        ));
        self.label(&[]);
        self.emit(Instruction::Throw(tag));
        self.end();
        self.emit(Instruction::Unreachable);
        self.end();
    }

    /// Generates statements, some of whose exceptions are caught.
    pub fn try_(&mut self, depth: usize) {
        self.try_with(|body| {
            body.statement(depth - 1);
            body.statement(depth - 1);
        });
    }

    /// Generates code by `inside`, some of whose exceptions are caught.
    pub fn try_with(&mut self, inside: impl FnOnce(&mut Self)) {
        let types = self.module.types;
        let out = self.block(&[]);
        let count = 1 + self.module.choices.below(3);
        let mut clauses = Vec::new();
        for _ in 0..count {
            let spec = match self.module.choices.below(4) {
                0 | 1 => Some(0),
                2 => Some(5),
                _ => None,
            };
            let with_reference = types.references && self.module.choices.percent(40);
            let mut passed = spec.map_or(Vec::new(), |spec| types.tags[spec].params.clone());
            if with_reference {
                passed.push(Ty::Exnref);
            }
            clauses.push((spec, with_reference, self.block(&passed), passed));
        }
        let mut catches = Vec::new();
        for &(spec, with_reference, label, _) in &clauses {
            let label = self.depth(label);
            match spec {
                None if with_reference => catches.push(Catch::AllRef { label }),
                None => catches.push(Catch::All { label }),
                Some(spec) => {
                    for tag in self.module.tags_of(spec) {
                        if self.module.choices.percent(25) {
                            continue;
                        }
                        catches.push(match with_reference {
                            true => Catch::OneRef { tag, label },
                            false => Catch::One { tag, label },
                        });
                    }
                }
            }
        }
        self.emit(Instruction::TryTable(BlockType::Empty, Cow::Owned(catches)));
        self.label(&[]);
        inside(self);
        self.end();
        self.branch(out);
        for (_, _, _, passed) in clauses.iter().rev() {
            self.end();
            self.sinks(passed);
            self.branch(out);
        }
        self.end();
    }

    /// Generates a function that calls itself in nested continuations, to a depth given by its
    /// argument, and there suspends, traps, calls or throws.
    pub fn deep(&mut self, column: usize) {
        let types = self.module.types;
        let of = signature(NUMBER, column);
        let results = &types.signatures[of].results;
        let most = *self.module.choices.pick(&[3, 7, 15, 127]);
        self.get(0);
        self.number(most);
        self.emit(Instruction::I32And);
        self.emit(Instruction::LocalTee(0));
        self.emit(Instruction::If(BlockType::Empty));
        self.label(&[]);
        self.get(0);
        self.number(1);
        self.emit(Instruction::I32Sub);
        let function = self.module.function_of(of);
        self.emit(Instruction::RefFunc(function));
        self.emit(Instruction::ContNew(cont_index(of)));
        // No clause, or only clauses of the wrong kind.
        let mut handles = Vec::new();
        for (spec, tag) in types.tags.iter().enumerate() {
            if tag.column == Some(column) && self.module.choices.percent(50) {
                handles = self.module.tags_of(spec);
            }
        }
        let handles = handles.into_iter().map(|tag| Handle::OnSwitch { tag });
        self.emit(Instruction::Resume {
            cont_type_index: cont_index(of),
            resume_table: handles.collect(),
        });
        self.emit(Instruction::Return);
        self.end();
        let exceptions = if types.exceptions { 20 } else { 0 };
        match self.module.choices.weighted(&[60, 5, 5, exceptions]) {
            0 => self.suspend(1),
            1 => self.emit(Instruction::Unreachable),
            2 => self.call_log(),
            _ => self.throw(1),
        }
        self.values(results, 1);
    }

    fn call_log(&mut self) {
        self.get(0);
        self.emit(Instruction::Call(LOG as u32));
    }
}
