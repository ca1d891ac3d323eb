//! Stack switching: making, binding, suspending, resuming and switching continuations.

use crate::coverage::Edge;
use crate::frame::{Clause, Continuation, Frame, Prompt, prompts};
use crate::machine::{MANY_VALUES, Machine, Step};
use crate::store::{Failure, Store, TagId, Trap, Value};
use wasmparser::{Handle, Operator, ResumeTable};

/// Number of stacks above which a chain counts as deep ([`Edge::DeepChain`]).
const DEEP: usize = 50;

impl<'a> Machine<'a> {
    /// Executes an instruction on continuations.
    pub fn switching(&mut self, store: &mut Store<'a>, operator: &Operator<'a>) -> Step {
        let types = |call: &crate::frame::Call<'a>, store: &Store<'a>, index: u32| {
            store.instances[call.instance.0].module.types[index as usize]
        };
        match operator {
            Operator::ContNew { .. } => {
                let Value::Func(func) = self.top().pop() else {
                    return Err(Trap::NullFunction.into());
                };
                let continuation = self.add(store, vec![Frame::Enter(func, Vec::new())], None);
                self.top().push(continuation);
                Ok(None)
            }
            Operator::ContBind {
                argument_index,
                result_index,
            } => {
                let reference = self.top().pop();
                let before = types(self.top(), store, *argument_index).params;
                let after = types(self.top(), store, *result_index).params;
                let values = self.top().pop_many(before - after);
                let continuation = take(store, reference)?;
                let fresh = continuation.is_fresh();
                store.coverage.edge_if(fresh, Edge::BindFresh);
                store.coverage.edge_if(!fresh, Edge::BindSuspended);
                store.coverage.edge_if(values.is_empty(), Edge::BindNothing);
                let bound = continuation.bound || values.iter().any(|value| value.is_object());
                let mut frames = continuation.frames;
                pass(store, &mut frames, values);
                let reference = self.add(store, frames, continuation.resumer);
                if let Value::Cont(id) = reference
                    && let Some(continuation) = &mut store.continuations[id]
                {
                    continuation.bound = bound;
                }
                self.top().push(reference);
                Ok(None)
            }
            Operator::Resume {
                cont_type_index,
                resume_table,
            } => {
                let reference = self.top().pop();
                let params = types(self.top(), store, *cont_type_index).params;
                let values = self.top().pop_many(params);
                let continuation = take(store, reference)?;
                self.attach(store, resume_table, continuation);
                pass(store, &mut self.frames, values);
                Ok(None)
            }
            Operator::ResumeThrow {
                tag_index,
                resume_table,
                ..
            } => {
                let reference = self.top().pop();
                let exception = self.new_exception(store, *tag_index);
                let continuation = take(store, reference)?;
                self.raise(store, resume_table, continuation, exception)
            }
            Operator::ResumeThrowRef { resume_table, .. } => {
                let (reference, exception) = (self.top().pop(), self.top().pop());
                let Value::Exn(exception) = exception else {
                    store.coverage.edge(Edge::NullExceptionFirst);
                    return Err(Trap::NullException.into());
                };
                let continuation = take(store, reference)?;
                store.coverage.edge(Edge::ResumeThrowRef);
                self.raise(store, resume_table, continuation, exception)
            }
            Operator::Suspend { tag_index } => self.suspend(store, *tag_index),
            Operator::Switch {
                cont_type_index,
                tag_index,
            } => {
                let reference = self.top().pop();
                // The last parameter is the reference to the continuation that is switched from.
                let params = types(self.top(), store, *cont_type_index).params - 1;
                let values = self.top().pop_many(params);
                self.switch(store, *tag_index, reference, values)
            }
            other => Err(Failure::Unsupported(format!("{other:?}"))),
        }
    }

    /// Adds a continuation to the store and returns a reference to it.
    fn add(&self, store: &mut Store<'a>, frames: Vec<Frame<'a>>, resumer: Option<u64>) -> Value {
        store.continuations.push(Some(Continuation {
            frames,
            resumer,
            bound: false,
            in_table: false,
            in_global: false,
        }));
        Value::Cont(store.continuations.len() - 1)
    }

    /// Pushes a prompt and then the continuation's frames.
    fn attach(
        &mut self,
        store: &mut Store<'a>,
        table: &ResumeTable,
        continuation: Continuation<'a>,
    ) {
        let serial = self.top().serial;
        let several = continuation.stacks() > 1;
        let elsewhere = continuation.resumer.is_some_and(|old| old != serial);
        store
            .coverage
            .edge_if(several && elsewhere, Edge::OtherParent);
        let tags = &store.instances[self.top().instance.0].tags;
        let clauses = table.handlers.iter().map(|handle| match *handle {
            Handle::OnLabel { tag, label } => (tag, Some(label)),
            Handle::OnSwitch { tag } => (tag, None),
        });
        let clauses = clauses.map(|(index, label)| Clause {
            tag: tags[index as usize],
            index,
            label,
        });
        let prompt = Prompt {
            clauses: clauses.collect(),
            switched: false,
        };
        self.frames.push(Frame::Prompt(prompt));
        self.frames.extend(continuation.frames);
        let deep = self.frames.len() > DEEP && prompts(&self.frames) > DEEP;
        store.coverage.edge_if(deep, Edge::DeepChain);
    }

    fn raise(
        &mut self,
        store: &mut Store<'a>,
        table: &ResumeTable,
        continuation: Continuation<'a>,
        exception: usize,
    ) -> Step {
        let fresh = continuation.is_fresh();
        store.coverage.edge_if(fresh, Edge::ResumeThrowFresh);
        store.coverage.edge_if(!fresh, Edge::ResumeThrowSuspended);
        self.attach(store, table, continuation);
        self.throw(store, exception)
    }

    /// Finds the topmost prompt with a clause for `tag` (`on switch` if `switch`). Returns its
    /// index and the clause.
    fn find(
        &self,
        store: &mut Store<'a>,
        (tag, index): (TagId, u32),
        switch: bool,
    ) -> Result<(usize, Clause), Failure> {
        let mut wrong_kind = false;
        let mut passed = false;
        for (place, frame) in self.frames.iter().enumerate().rev() {
            let Frame::Prompt(prompt) = frame else {
                continue;
            };
            let fits = |clause: &&Clause| clause.tag == tag && clause.label.is_none() == switch;
            let Some(found) = prompt.clauses.iter().find(fits) else {
                wrong_kind |= prompt.clauses.iter().any(|clause| clause.tag == tag);
                passed = true;
                continue;
            };
            let coverage = &mut store.coverage;
            let before = prompt.clauses.iter().take_while(|clause| !fits(clause));
            let mut other_tag = false;
            let mut other_kind = false;
            for clause in before {
                other_kind |= clause.tag == tag;
                let same_type = store.tags[clause.tag.0].1 == store.tags[tag.0].1;
                other_tag |= clause.tag != tag && same_type;
            }
            coverage.edge_if(wrong_kind, Edge::WrongKindGoesOn);
            coverage.edge_if(other_kind, Edge::WrongKindSkipped);
            coverage.edge_if(other_tag, Edge::OtherInstanceSkipped);
            coverage.edge_if(found.index != index, Edge::AliasMatches);
            coverage.edge_if(passed, Edge::SearchPassesParents);
            let several = prompt.clauses.iter().filter(fits).count() > 1;
            coverage.edge_if(several, Edge::FirstClauseWins);
            return Ok((place, *found));
        }
        Err(Trap::UnhandledTag.into())
    }

    fn suspend(&mut self, store: &mut Store<'a>, index: u32) -> Step {
        let (tag, count) = self.tag(store, index);
        self.used(store, tag, 1);
        let values = self.top().pop_many(count);
        let (place, clause) = match self.find(store, (tag, index), false) {
            Ok(found) => found,
            Err(failure) => {
                let initial = prompts(&self.frames) == 0;
                store.coverage.edge_if(initial, Edge::SuspendOnInitialStack);
                let outside = store
                    .callers
                    .iter()
                    .any(|caller| caller.handled.contains(&tag));
                store.coverage.edge_if(outside, Edge::HostIsBarrier);
                return Err(failure);
            }
        };
        let captured = self.frames.split_off(place + 1);
        self.frames.pop();
        store.coverage.edge(Edge::HandlerGetsPayload);
        let several = prompts(&captured) > 0;
        store.coverage.edge_if(several, Edge::CapturedWhole);
        let many = values.len() > MANY_VALUES;
        store.coverage.edge_if(many, Edge::LargeArity);
        let inside = values.iter().any(|value| matches!(value, Value::Cont(_)));
        store.coverage.edge_if(inside, Edge::ContinuationInPayload);
        let resumer = self.top().serial;
        let reference = self.add(store, captured, Some(resumer));
        let call = self.top();
        call.operands.extend(values);
        call.push(reference);
        match call.branch(clause.label.expect("a clause for suspensions")) {
            true => self.return_(store),
            false => Ok(None),
        }
    }

    fn switch(
        &mut self,
        store: &mut Store<'a>,
        index: u32,
        peer: Value,
        mut values: Vec<Value>,
    ) -> Step {
        check(store, peer)?;
        let (tag, _) = self.tag(store, index);
        self.used(store, tag, 2);
        let found = self.find(store, (tag, index), true);
        store
            .coverage
            .edge_if(found.is_err(), Edge::UnhandledSwitch);
        let (place, _) = found?;
        let continuation = take(store, peer)?;
        let fresh = continuation.is_fresh();
        store.coverage.edge_if(fresh, Edge::SwitchToFresh);
        store.coverage.edge_if(!fresh, Edge::SwitchToSuspended);
        let captured = self.frames.split_off(place + 1);
        let several = prompts(&captured) > 0;
        store.coverage.edge_if(several, Edge::CapturedWhole);
        if let Some(Frame::Prompt(prompt)) = self.frames.last_mut() {
            prompt.switched = true;
        }
        let resumer = match &self.frames[place - 1] {
            Frame::Call(call) => call.serial,
            _ => unreachable!("the frame below a prompt is the resuming function"),
        };
        let elsewhere = continuation.resumer.is_some_and(|old| old != resumer);
        let moved = elsewhere && continuation.stacks() > 1;
        store.coverage.edge_if(moved, Edge::OtherParent);
        values.push(self.add(store, captured, Some(resumer)));
        self.frames.extend(continuation.frames);
        pass(store, &mut self.frames, values);
        Ok(None)
    }
}

/// Checks that a continuation is neither null nor consumed, and returns its index.
fn check(store: &mut Store<'_>, reference: Value) -> Result<usize, Failure> {
    let Value::Cont(id) = reference else {
        store.coverage.edge(Edge::Null);
        return Err(Trap::NullContinuation.into());
    };
    if store.continuations[id].is_none() {
        store.coverage.edge(Edge::Consumed);
        return Err(Trap::ContinuationConsumed.into());
    }
    Ok(id)
}

/// Consumes a continuation.
fn take<'a>(store: &mut Store<'a>, reference: Value) -> Result<Continuation<'a>, Failure> {
    let id = check(store, reference)?;
    let continuation = store.continuations[id].take().expect("it was there");
    let coverage = &mut store.coverage;
    coverage.edge_if(continuation.in_table, Edge::ContinuationInTable);
    coverage.edge_if(continuation.in_global, Edge::ContinuationInGlobal);
    coverage.edge_if(continuation.bound, Edge::BoundReference);
    if let [Frame::Enter(func, _)] = continuation.frames[..] {
        let is_host = matches!(store.funcs[func.0].body, crate::store::Body::Host(_));
        coverage.edge_if(is_host, Edge::HostOnContinuation);
    }
    Ok(continuation)
}

/// Passes values to the top frame, as operands or arguments.
fn pass<'a>(store: &mut Store<'a>, frames: &mut [Frame<'a>], values: Vec<Value>) {
    let many = values.len() > MANY_VALUES;
    store.coverage.edge_if(many, Edge::LargeArity);
    match frames.last_mut() {
        Some(Frame::Call(call)) => call.operands.extend(values),
        Some(Frame::Enter(_, arguments)) => arguments.extend(values),
        _ => unreachable!("the top frame takes values"),
    }
}
