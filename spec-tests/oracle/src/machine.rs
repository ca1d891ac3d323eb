//! Single steps of a computation: control, calls and exceptions.

use crate::coverage::Edge;
use crate::frame::{Call, Frame, Label, prompts};
use crate::numeric;
use crate::store::{Body, Caller, Exception, Failure, FuncId, Store, TagId, Trap, Value};
use crate::table;
use std::rc::Rc;
use wasmparser::{Catch, Operator};

/// Number of values above which an arity counts as large ([`Edge::LargeArity`]).
pub const MANY_VALUES: usize = 100;

/// A computation that has not ended.
pub struct Machine<'a> {
    /// Frames from the first call to the last.
    pub frames: Vec<Frame<'a>>,
}

/// Result of a step: the results of the computation if this step was its last, else `None`.
pub type Step = Result<Option<Vec<Value>>, Failure>;

impl Call<'_> {
    pub fn push(&mut self, value: Value) {
        self.operands.push(value);
    }

    pub fn pop(&mut self) -> Value {
        self.operands.pop().expect("validation: an operand exists")
    }

    /// Pops an address, an index or a size.
    pub fn pop_index(&mut self) -> usize {
        self.pop().i32() as u32 as usize
    }

    pub fn pop_many(&mut self, count: usize) -> Vec<Value> {
        self.operands.split_off(self.operands.len() - count)
    }

    fn enter(&mut self, (params, results): (usize, usize), is_loop: bool, target: usize) {
        self.labels.push(Label {
            height: self.operands.len() - params,
            arity: if is_loop { params } else { results },
            target,
            catches: Vec::new(),
        });
    }

    /// Branches to a label. Returns true if it is the label of the function's body, from which the
    /// caller has to return.
    pub fn branch(&mut self, depth: u32) -> bool {
        let Some(index) = self.labels.len().checked_sub(depth as usize + 1) else {
            return true;
        };
        let label = self.labels.swap_remove(index);
        self.labels.truncate(index);
        let values = self.pop_many(label.arity);
        self.operands.truncate(label.height);
        self.operands.extend(values);
        self.pc = label.target;
        false
    }
}

impl<'a> Machine<'a> {
    /// Creates a machine that is to call `func`.
    pub fn new(func: FuncId, arguments: &[Value]) -> Machine<'a> {
        Machine {
            frames: vec![Frame::Enter(func, arguments.to_vec())],
        }
    }

    /// Runs the computation to its end.
    pub fn run(mut self, store: &mut Store<'a>) -> Result<Vec<Value>, Failure> {
        loop {
            match self.step(store) {
                Ok(None) => {}
                Ok(Some(results)) => return Ok(results),
                Err(failure) => {
                    let on_continuation = prompts(&self.frames) > 0;
                    if on_continuation && matches!(failure, Failure::Trap(_)) {
                        store.coverage.edge(Edge::TrapEndsChain);
                    }
                    if on_continuation && matches!(failure, Failure::Host(_)) {
                        store.coverage.edge(Edge::ExitFromInside);
                    }
                    return Err(failure);
                }
            }
        }
    }

    /// Returns the running function's call.
    pub fn top(&mut self) -> &mut Call<'a> {
        match self.frames.last_mut() {
            Some(Frame::Call(call)) => call,
            _ => unreachable!("a function runs"),
        }
    }

    fn step(&mut self, store: &mut Store<'a>) -> Step {
        let call = match self.frames.last_mut() {
            Some(Frame::Call(call)) => call,
            Some(Frame::Enter(func, arguments)) => {
                let (func, arguments) = (*func, std::mem::take(arguments));
                self.frames.pop();
                return self.invoke(store, func, arguments);
            }
            _ => unreachable!("the top frame can make a step"),
        };
        let code = Rc::clone(&call.code);
        let pc = call.pc;
        let operator = &code.body[pc];
        call.pc += 1;
        store.coverage.operator(operator);
        if numeric::step(call, operator)? || table::step(store, call, operator)? {
            return Ok(None);
        }
        let module = Rc::clone(&store.instances[call.instance.0].module);
        let returns = match operator {
            Operator::Nop => false,
            Operator::Unreachable => return Err(Trap::Unreachable.into()),
            Operator::Block { blockty } => {
                call.enter(module.block(*blockty), false, code.ends[pc] + 1);
                false
            }
            Operator::Loop { blockty } => {
                call.enter(module.block(*blockty), true, pc);
                false
            }
            Operator::If { blockty } => {
                let taken = call.pop().i32() != 0;
                call.enter(module.block(*blockty), false, code.ends[pc] + 1);
                if !taken {
                    let other = code.elses[pc];
                    // Skips an `else`, but not an `end`.
                    call.pc = other + usize::from(other != code.ends[pc]);
                }
                false
            }
            Operator::TryTable { try_table } => {
                call.enter(module.block(try_table.ty), false, code.ends[pc] + 1);
                let label = call.labels.last_mut().expect("the label was pushed");
                label.catches = try_table.catches.clone();
                false
            }
            Operator::Else => {
                call.pc = code.ends[pc];
                false
            }
            Operator::End => call.labels.pop().is_none(),
            Operator::Return => true,
            Operator::Br { relative_depth } => call.branch(*relative_depth),
            Operator::BrIf { relative_depth } => {
                call.pop().i32() != 0 && call.branch(*relative_depth)
            }
            Operator::BrTable { targets } => {
                let index = call.pop_index();
                let chosen = targets.targets().nth(index);
                let chosen = chosen.map_or(targets.default(), |target| target.expect("validation"));
                call.branch(chosen)
            }
            Operator::BrOnNull { relative_depth } => match call.pop() {
                Value::Null => call.branch(*relative_depth),
                value => {
                    call.push(value);
                    false
                }
            },
            Operator::BrOnNonNull { relative_depth } => match call.pop() {
                Value::Null => false,
                value => {
                    call.push(value);
                    call.branch(*relative_depth)
                }
            },
            Operator::Drop => {
                call.pop();
                false
            }
            Operator::Select | Operator::TypedSelect { .. } => {
                let (condition, second, first) = (call.pop().i32(), call.pop(), call.pop());
                call.push(if condition != 0 { first } else { second });
                false
            }
            Operator::LocalGet { local_index } => {
                call.push(call.locals[*local_index as usize]);
                false
            }
            Operator::LocalSet { local_index } => {
                call.locals[*local_index as usize] = call.pop();
                false
            }
            Operator::LocalTee { local_index } => {
                let value = call.pop();
                call.push(value);
                call.locals[*local_index as usize] = value;
                false
            }
            Operator::RefNull { .. } => {
                call.push(Value::Null);
                false
            }
            Operator::RefIsNull => {
                let is_null = call.pop() == Value::Null;
                call.push(Value::I32(is_null.into()));
                false
            }
            Operator::RefAsNonNull => match call.pop() {
                Value::Null => return Err(Trap::NullReference.into()),
                value => {
                    call.push(value);
                    false
                }
            },
            Operator::RefFunc { function_index } => {
                let func = store.instances[call.instance.0].funcs[*function_index as usize];
                call.push(Value::Func(func));
                false
            }
            Operator::Call { .. }
            | Operator::CallRef { .. }
            | Operator::CallIndirect { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::ReturnCallIndirect { .. } => return self.call(store, operator),
            Operator::Throw { tag_index } => {
                let exception = self.new_exception(store, *tag_index);
                return self.throw(store, exception);
            }
            Operator::ThrowRef => match call.pop() {
                Value::Exn(exception) => return self.throw(store, exception),
                _ => return Err(Trap::NullException.into()),
            },
            _ => return self.switching(store, operator),
        };
        if returns {
            self.return_(store)
        } else {
            Ok(None)
        }
    }

    fn call(&mut self, store: &mut Store<'a>, operator: &Operator<'a>) -> Step {
        let call = self.top();
        let instance = &store.instances[call.instance.0];
        let func = match operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                instance.funcs[*function_index as usize]
            }
            Operator::CallRef { .. } | Operator::ReturnCallRef { .. } => match call.pop() {
                Value::Func(func) => func,
                _ => return Err(Trap::NullFunction.into()),
            },
            Operator::CallIndirect {
                type_index,
                table_index,
            }
            | Operator::ReturnCallIndirect {
                type_index,
                table_index,
            } => {
                let table = &store.tables[instance.tables[*table_index as usize]];
                let wanted = instance.module.types[*type_index as usize].id;
                match table.get(call.pop_index()) {
                    None => return Err(Trap::TableOutOfBounds.into()),
                    Some(Value::Func(func)) => {
                        let callee = &store.funcs[func.0];
                        let module = &store.instances[callee.instance.0].module;
                        if !module.is_subtype(callee.ty, wanted) {
                            return Err(Trap::SignatureMismatch.into());
                        }
                        *func
                    }
                    Some(_) => return Err(Trap::NullElement.into()),
                }
            }
            _ => unreachable!("a call"),
        };
        let arguments = call.pop_many(store.funcs[func.0].params);
        if matches!(
            operator,
            Operator::ReturnCall { .. }
                | Operator::ReturnCallRef { .. }
                | Operator::ReturnCallIndirect { .. }
        ) {
            self.frames.pop();
            let at_bottom = matches!(self.frames.last(), Some(Frame::Prompt(_)));
            let to_host = matches!(store.funcs[func.0].body, Body::Host(_));
            store.coverage.edge_if(at_bottom, Edge::BottomTailCall);
            store.coverage.edge_if(to_host, Edge::TailCallToHost);
            store
                .coverage
                .edge_if(at_bottom && to_host, Edge::BottomTailCallToHost);
        }
        self.invoke(store, func, arguments)
    }

    /// Calls a function on top of the present frames.
    fn invoke(&mut self, store: &mut Store<'a>, func: FuncId, arguments: Vec<Value>) -> Step {
        let object = store.funcs[func.0].clone();
        let index = match object.body {
            Body::Wasm(index) => index,
            Body::Host(host) => {
                let caller = self.caller();
                let on_continuation = caller.on_continuation;
                store.callers.push(caller);
                let ended = host(store, &arguments);
                let inner = store.callers.pop().and_then(|caller| caller.failure);
                if on_continuation && ended.is_ok() {
                    let trapped = matches!(inner, Some(Failure::Trap(_)));
                    let thrown = matches!(inner, Some(Failure::Exception(_)));
                    store.coverage.edge_if(trapped, Edge::HostCatchesTrap);
                    store.coverage.edge_if(thrown, Edge::HostCatchesException);
                }
                return match ended {
                    Ok(results) => Ok(self.deliver(store, results)),
                    Err(Failure::Exception(exception)) => self.throw(store, exception),
                    Err(failure) => Err(failure),
                };
            }
        };
        let depth = match self.frames.last() {
            Some(Frame::Call(call)) => call.depth + 1,
            _ => 0,
        };
        if depth >= store.frame_limit {
            let on_continuation = prompts(&self.frames) > 0;
            store
                .coverage
                .edge_if(on_continuation, Edge::StackExhausted);
            return Err(Trap::StackExhausted.into());
        }
        let code = Rc::clone(&store.instances[object.instance.0].module.bodies[index]);
        let mut locals = arguments;
        locals.extend(code.locals.iter().map(|&ty| Value::default(ty)));
        store.serial += 1;
        self.frames.push(Frame::Call(Call {
            serial: store.serial,
            depth,
            instance: object.instance,
            code,
            pc: 0,
            results: object.results,
            locals,
            operands: Vec::new(),
            labels: Vec::new(),
        }));
        Ok(None)
    }

    /// Returns the context in which a host function is called.
    fn caller(&self) -> Caller {
        let mut caller = Caller::default();
        for frame in &self.frames {
            if let Frame::Prompt(prompt) = frame {
                caller.on_continuation = true;
                let clauses = prompt.clauses.iter();
                let handled = clauses.filter(|clause| clause.label.is_some());
                caller.handled.extend(handled.map(|clause| clause.tag));
            }
        }
        caller
    }

    /// Returns from the running function.
    pub fn return_(&mut self, store: &mut Store<'a>) -> Step {
        let call = self.top();
        let results = call.pop_many(call.results);
        self.frames.pop();
        Ok(self.deliver(store, results))
    }

    /// Passes results to the frame below; returns them if there is none.
    fn deliver(&mut self, store: &mut Store<'a>, results: Vec<Value>) -> Option<Vec<Value>> {
        loop {
            match self.frames.last_mut() {
                None => return Some(results),
                Some(Frame::Call(call)) => {
                    call.operands.extend(results);
                    return None;
                }
                Some(Frame::Prompt(prompt)) => {
                    let many = results.len() > MANY_VALUES;
                    store.coverage.edge_if(many, Edge::LargeArity);
                    store
                        .coverage
                        .edge_if(prompt.switched, Edge::ReturnAfterSwitch);
                    self.frames.pop();
                }
                Some(Frame::Enter(..)) => unreachable!("the frame has not been entered"),
            }
        }
    }

    /// Returns the tag with the given index in the running function's module, and the number of its
    /// values.
    pub fn tag(&mut self, store: &Store<'a>, index: u32) -> (TagId, usize) {
        let tag = store.instances[self.top().instance.0].tags[index as usize];
        (tag, store.tags[tag.0].0)
    }

    /// Notes that a tag is thrown (`how` = 0), suspended with (1) or switched with (2).
    pub fn used(&mut self, store: &mut Store<'a>, tag: TagId, how: usize) {
        let uses = store.uses.entry(tag).or_default();
        uses[how] = true;
        if uses.iter().all(|&used| used) {
            store.coverage.edge(Edge::OneTagForAll);
        }
    }

    /// Creates an exception of a tag with the topmost operands.
    pub fn new_exception(&mut self, store: &mut Store<'a>, tag: u32) -> usize {
        let (tag, count) = self.tag(store, tag);
        self.used(store, tag, 0);
        let values = self.top().pop_many(count);
        store.exceptions.push(Exception { tag, values });
        store.exceptions.len() - 1
    }

    /// Pops frames until one catches the exception.
    pub fn throw(&mut self, store: &mut Store<'a>, exception: usize) -> Step {
        let on_continuation = prompts(&self.frames) > 0;
        let mut crossed = 0;
        while let Some(frame) = self.frames.last_mut() {
            if let Frame::Call(call) = frame {
                while let Some(label) = call.labels.pop() {
                    for &catch in &label.catches {
                        let (tag, with_reference, target) = match catch {
                            Catch::One { tag, label } => (Some(tag), false, label),
                            Catch::OneRef { tag, label } => (Some(tag), true, label),
                            Catch::All { label } => (None, false, label),
                            Catch::AllRef { label } => (None, true, label),
                        };
                        let thrown = &store.exceptions[exception];
                        let tags = &store.instances[call.instance.0].tags;
                        if tag.is_some_and(|tag| tags[tag as usize] != thrown.tag) {
                            continue;
                        }
                        call.operands.truncate(label.height);
                        if tag.is_some() {
                            call.operands.extend(&thrown.values);
                        }
                        if with_reference {
                            call.operands.push(Value::Exn(exception));
                        }
                        let clause = match (tag, with_reference) {
                            (Some(_), false) => Edge::CaughtByTag,
                            (Some(_), true) => Edge::CaughtByTagRef,
                            (None, false) => Edge::CaughtAll,
                            (None, true) => Edge::CaughtAllRef,
                        };
                        store.coverage.edge(clause);
                        let inside = on_continuation && crossed == 0;
                        store.coverage.edge_if(inside, Edge::ThrowCaughtInside);
                        store.coverage.edge_if(crossed > 0, Edge::ThrowAcrossResume);
                        return match call.branch(target) {
                            true => self.return_(store),
                            false => Ok(None),
                        };
                    }
                }
            }
            crossed += usize::from(matches!(frame, Frame::Prompt(_)));
            self.frames.pop();
        }
        Err(Failure::Exception(exception))
    }
}
