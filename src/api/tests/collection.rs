//! Test of the collector with a random program that changes everything that it can between the
//! collector's steps.
//!
//! The stacks of the program have no code: a list for each stack replaces the frame maps. For each
//! comparison, the reachable objects are computed anew from the program's own lists, by the
//! simplest possible algorithm.

use super::*;
use crate::heap::{AnyKind, KeptFrameRoots, Reference, StoreInner, TracedFrames};
use crate::ids::{ExnIndex, StackId, TableIndex};
use crate::module::HeapType;
use crate::stack::{
    Activation, BOUNDARY_SLOTS, BoundaryKind, ExitPoint, Owner, StackState, next_reference,
};
use crate::support::error::Error;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Contents of each stack.
type Contents = BTreeMap<StackId, Vec<Reference>>;

fn trace_stack(
    store: &StoreInner,
    id: StackId,
    from: Option<ExitPoint>,
    most: usize,
    _kept: &mut KeptFrameRoots,
    visit: &mut dyn FnMut(HeapType, u64),
) -> Result<TracedFrames, Error> {
    let contents = store.data.downcast_ref::<Contents>().unwrap();
    // Each reference is in a frame of its own, whose position is its number.
    let first = from.map_or(0, |position| position.fp as usize);
    let rest = contents[&id].get(first..).unwrap_or_default();
    let frames = rest.len().min(most);
    for &reference in &rest[..frames] {
        visit(HEAPS[kind(reference)], bits(reference));
    }
    let next = (frames < rest.len()).then(|| ExitPoint {
        fp: (first + frames) as u32,
        ..ExitPoint::NONE
    });
    Ok(TracedFrames { frames, next })
}

/// A generator of pseudorandom numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % bound
    }
}

/// Number of elements of each table: several cards, and a part of one.
const ELEMENTS: usize = 1100;

/// A random program. Its first stack runs from the beginning.
struct Program {
    store: Store<Contents>,
    random: Random,
    /// The initial stack and the continuations that run on it, outermost first.
    chain: Vec<StackId>,
    /// Suspended executions of the embedder.
    waiting: Vec<(StackId, Arc<Owner>)>,
    owned: Vec<(Reference, Arc<()>)>,
    held: Vec<Reference>,
    tables: [TableIndex; 4],
    globals: [crate::ids::GlobalIndex; 4],
    /// Type of structures with a field of each kind.
    structure: crate::ids::TypeId,
    tag: crate::ids::TagIndex,
    function: crate::ids::FuncIndex,
}

/// Returns the index of the tables and globals for references of this kind.
fn kind(reference: Reference) -> usize {
    match reference {
        Reference::Extern(_) => 0,
        Reference::Exn(_) => 1,
        Reference::Cont(_) => 2,
        Reference::Object(_) => 3,
    }
}

fn bits(reference: Reference) -> u64 {
    match reference {
        Reference::Extern(index) => AnyKind::Extern(index).bits(),
        Reference::Exn(ExnIndex(index)) => u64::from(index) + 1,
        Reference::Cont(bits) => bits,
        Reference::Object(object) => AnyKind::Object(object).bits(),
    }
}

const HEAPS: [HeapType; 4] = [
    HeapType::Extern,
    HeapType::Exn,
    HeapType::Cont,
    HeapType::Any,
];

impl Program {
    fn new(seed: u64) -> Program {
        let mut config = Config::new();
        config.gc_threshold(usize::MAX).gc_step(1);
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, Contents::new());
        let text = "(module
            (tag (export \"e\") (param externref exnref contref anyref))
            (type $s (struct (field (mut externref)) (field (mut exnref)) (field (mut contref)) (field (mut anyref))))
            (table (export \"0\") 1100 externref)
            (table (export \"1\") 1100 exnref)
            (table (export \"2\") 1100 contref)
            (table (export \"3\") 1100 anyref)
            (global (export \"g3\") (mut anyref) (ref.null any))
            (global (export \"g0\") (mut externref) (ref.null extern))
            (global (export \"g1\") (mut exnref) (ref.null exn))
            (global (export \"g2\") (mut contref) (ref.null cont)))";
        let module = module(&engine, text);
        Instance::new(&mut store, &module, &[]).unwrap();
        let structure = store.inner.instances().next().unwrap().module();
        let mut types = structure.types.iter();
        let is_struct = |kind| kind == crate::module::CompositeKind::Struct;
        let structure = types.find(|ty| is_struct(ty.layout.kind)).unwrap().id;
        let function = Func::wrap(&mut store, || {}).index();
        store.inner.trace_stack = trace_stack;
        let mut program = Program {
            store,
            random: Random(seed * 2 + 1),
            chain: Vec::new(),
            waiting: Vec::new(),
            owned: Vec::new(),
            held: Vec::new(),
            tables: [0, 1, 2, 3].map(TableIndex),
            globals: [1, 2, 3, 0].map(crate::ids::GlobalIndex),
            structure,
            tag: crate::ids::TagIndex(0),
            function,
        };
        let main = program.stack(BoundaryKind::Host, None);
        program.run(main);
        program
    }

    fn inner(&mut self) -> &mut StoreInner {
        &mut self.store.inner
    }

    fn contents(&mut self, id: StackId) -> &mut Vec<Reference> {
        self.store.data_mut().entry(id).or_default()
    }

    /// Returns the contents of the running stack.
    fn here(&mut self) -> &mut Vec<Reference> {
        let running = *self.chain.last().unwrap();
        self.contents(running)
    }

    fn any(&mut self) -> Option<Reference> {
        let count = self.here().len();
        let index = self.random.below(count.max(1));
        self.here().get(index).copied()
    }

    fn any_of(&mut self, wanted: usize) -> Option<Reference> {
        self.any().filter(|&reference| kind(reference) == wanted)
    }

    fn stack(&mut self, kind: BoundaryKind, owner: Option<Arc<Owner>>) -> StackId {
        let function = self.function;
        let stacks = &mut self.inner().stacks;
        let id = stacks.acquire(function, BOUNDARY_SLOTS, 8, owner).unwrap();
        stacks.stack_mut(id).lay_bare(kind);
        self.store.data_mut().insert(id, Vec::new());
        id
    }

    /// Makes a stack run, or wait for one that runs.
    fn run(&mut self, id: StackId) {
        self.inner().stacks.stack_mut(id).state = StackState::Running;
        self.chain.push(id);
        self.say_chain();
    }

    fn say_chain(&mut self) {
        let running = *self.chain.last().unwrap();
        let stacks = &mut self.inner().stacks;
        stacks.end_activations(0);
        let chain = stacks.chain(running);
        stacks.begin_activation(Activation {
            chain,
            exited: true,
            native_stack: 0,
        });
    }

    /// Uses a continuation, and returns its new reference.
    fn rename(&mut self, id: StackId) -> Reference {
        let stack = self.inner().stacks.stack_mut(id);
        stack.change();
        stack.reference = next_reference(stack.reference).unwrap();
        Reference::Cont(stack.reference)
    }

    fn act(&mut self) {
        match self.random.below(30) {
            0..=1 => {
                let value = alloc::boxed::Box::new(());
                let index = self.inner().add_extern(value).unwrap();
                self.here().push(Reference::Extern(index));
            }
            2..=4 => {
                let fields = [0, 1, 2, 3].map(|kind| self.any_of(kind).map_or(0, bits));
                let tag = self.tag;
                let index = self.inner().add_exception(tag, fields.into_iter()).unwrap();
                self.inner().exceptions.escape(index);
                self.here().push(Reference::Exn(index));
            }
            5..=6 => {
                let id = self.stack(BoundaryKind::Continuation, None);
                let reference = self.inner().stacks.stack(id).reference;
                self.here().push(Reference::Cont(reference));
            }
            7..=8 => {
                let index = self.random.below(ELEMENTS);
                if let Some(reference) = self.any() {
                    let table = self.tables[kind(reference)];
                    self.inner().table_mut(table).set(index, bits(reference));
                }
            }
            // Choose among the first cards, apart from the elements written last.
            9 => {
                let kind = self.random.below(4);
                let (table, index) = (self.tables[kind], self.random.below(ELEMENTS));
                let found = self.inner().table(table).get(index).unwrap();
                let found = Reference::new(HEAPS[kind], found);
                self.inner().table_mut(table).set(index, 0);
                self.here().extend(found);
            }
            10 => {
                if let Some(reference) = self.any() {
                    let global = self.globals[kind(reference)];
                    self.inner().global_mut(global).set([bits(reference), 0]);
                }
            }
            11 => {
                let kind = self.random.below(4);
                let global = self.globals[kind];
                let found = self.inner().global(global).get();
                self.inner().global_mut(global).set([0; 2]);
                self.here().extend(Reference::new(HEAPS[kind], found[0]));
            }
            12..=13 => {
                let count = self.here().len();
                let index = self.random.below(count.max(1));
                if index < count {
                    self.here().swap_remove(index);
                }
            }
            14 => {
                if let Some(Reference::Exn(index)) = self.any_of(1) {
                    let fields = self.inner().exceptions.get(index).unwrap().fields.clone();
                    for (&heap, bits) in HEAPS.iter().zip(fields) {
                        self.here().extend(Reference::new(heap, bits));
                    }
                }
            }
            15..=16 => self.resume(),
            17 => self.suspend(),
            18 => self.leave(),
            19 => self.hold(),
            20 => self.own(),
            21 => self.execute(),
            22..=24 => {
                let ty = self.structure;
                let object = self.inner().new_struct(ty).unwrap();
                self.here().push(Reference::Object(object));
            }
            25..=27 => {
                let value = self.any();
                if let (Some(Reference::Object(object)), Some(value)) = (self.any_of(3), value) {
                    let field = kind(value) as u32;
                    if field == 3 && self.random.below(2) == 0 {
                        self.inner()
                            .set_field_as_handlers(object, field, bits(value));
                    } else {
                        self.inner().set_field(object, field, [bits(value), 0]);
                    }
                }
            }
            _ => {
                let field = self.random.below(4);
                if let Some(Reference::Object(object)) = self.any_of(3) {
                    let [found, _] = self.inner().objects.get(object, field as u32).unwrap();
                    self.inner().set_field(object, field as u32, [0; 2]);
                    self.here().extend(Reference::new(HEAPS[field], found));
                }
            }
        }
    }

    fn resume(&mut self) {
        let Some(Reference::Cont(bits)) = self.any_of(2) else {
            return;
        };
        let Some(id) = self.inner().stacks.continuation(bits) else {
            return;
        };
        self.rename(id);
        let waiting = *self.chain.last().unwrap();
        let stacks = &mut self.inner().stacks;
        let outermost = stacks.stack(id).other_end();
        stacks.stack_mut(id).set_other_end(id);
        let mut resumed: Vec<_> = stacks.stacks_from(id).collect();
        assert_eq!(resumed.last(), Some(&outermost));
        stacks.stack_mut(outermost).wait_for(waiting);
        while let Some(id) = resumed.pop() {
            self.run(id);
        }
        // Pass a reference.
        if let Some(passed) = self.contents(waiting).pop() {
            self.here().push(passed);
        }
    }

    fn suspend(&mut self) {
        if self.chain.len() == 1 {
            return;
        }
        let outermost = 1 + self.random.below(self.chain.len() - 1);
        let outermost_id = self.chain[outermost];
        let running = *self.chain.last().unwrap();
        let passed = self.here().pop();
        self.chain.truncate(outermost);
        let stacks = &mut self.inner().stacks;
        stacks.stack_mut(outermost_id).wait_for(StackId::NONE);
        stacks.stack_mut(running).set_other_end(outermost_id);
        stacks.stack_mut(running).state = StackState::Suspended;
        let reference = Reference::Cont(stacks.stack(running).reference);
        self.say_chain();
        self.here().push(reference);
        self.here().extend(passed);
    }

    /// Ends the running continuation.
    fn leave(&mut self) {
        if self.chain.len() > 1 {
            let done = self.chain.pop().unwrap();
            self.say_chain();
            self.inner().stacks.release(done);
            self.store.data_mut().remove(&done);
        }
    }

    fn hold(&mut self) {
        let keep = self.random.below(self.held.len() + 3);
        match self.any() {
            Some(reference) if keep >= self.held.len() => {
                self.held.push(reference);
                self.inner().hold(reference);
            }
            _ => {
                self.held.truncate(keep);
                self.inner().collector.let_go(keep);
            }
        }
    }

    fn own(&mut self) {
        if self.random.below(2) == 0 && !self.owned.is_empty() {
            let index = self.random.below(self.owned.len());
            self.owned.swap_remove(index);
        } else if let Some(reference) = self.any() {
            let (_, token) = self.inner().root_until_dropped(0, Some(reference)).unwrap();
            self.owned.push((reference, token));
        }
    }

    /// Starts an execution of the embedder, continues one for a moment, or drops one.
    fn execute(&mut self) {
        let taken = self.here().pop();
        let index = self.random.below(self.waiting.len() + 2);
        if index >= self.waiting.len() {
            let owner = Arc::new(Owner::default());
            let id = self.stack(BoundaryKind::Host, Some(Arc::clone(&owner)));
            self.contents(id).extend(taken);
            self.waiting.push((id, owner));
            self.inner().execution_waits(id);
        } else if self.random.below(4) == 0 {
            // The collector takes the stack back some time later.
            self.waiting.swap_remove(index);
        } else {
            let id = self.waiting[index].0;
            let stack = self.inner().stacks.stack_mut(id);
            stack.set_other_end(StackId::NONE);
            let given = self.contents(id).pop();
            self.contents(id).extend(taken);
            self.here().extend(given);
            self.inner().execution_waits(id);
        }
    }

    /// Computes the reachable objects without the collector.
    fn reachable(&self) -> BTreeSet<(usize, u64)> {
        let store = &self.store.inner;
        let mut reached = BTreeSet::new();
        let mut next: Vec<Reference> = self.held.clone();
        next.extend(self.owned.iter().map(|(reference, _)| reference));
        for (kind, &heap) in HEAPS.iter().enumerate() {
            let table = store.table(self.tables[kind]);
            let elements = (0..ELEMENTS).map(|index| table.get(index).unwrap());
            let values = elements.chain([store.global(self.globals[kind]).get()[0]]);
            next.extend(values.filter_map(|bits| Reference::new(heap, bits)));
        }
        let contents = self.store.data();
        let roots = self.waiting.iter().map(|(id, _)| id).chain(&self.chain);
        next.extend(roots.flat_map(|id| &contents[id]));
        while let Some(reference) = next.pop() {
            let lives = match reference {
                Reference::Cont(bits) => store.stacks.continuation(bits).is_some(),
                _ => true,
            };
            if !lives || !reached.insert((kind(reference), bits(reference))) {
                continue;
            }
            match reference {
                Reference::Extern(_) => {}
                Reference::Exn(index) => {
                    let exception = store.exceptions.get(index);
                    let fields = &exception.expect("what is reachable is there").fields;
                    let fields = HEAPS.iter().zip(fields);
                    next.extend(fields.filter_map(|(&heap, &bits)| Reference::new(heap, bits)));
                }
                Reference::Object(object) => {
                    let fields = HEAPS.iter().zip(0..);
                    let field = |(&heap, field)| {
                        Reference::new(heap, store.objects.get(object, field).unwrap()[0])
                    };
                    next.extend(fields.filter_map(field));
                }
                Reference::Cont(bits) => {
                    let id = store.stacks.continuation(bits).unwrap();
                    next.extend(store.stacks.stacks_from(id).flat_map(|id| &contents[&id]));
                }
            }
        }
        reached
    }

    /// Checks that everything reachable exists and, if `all`, that nothing else does.
    fn check(&self, all: bool) {
        let store = &self.store.inner;
        let reachable = self.reachable();
        let count = |wanted| {
            reachable
                .iter()
                .filter(|&&(kind, _)| kind == wanted)
                .count()
        };
        for &(kind, bits) in &reachable {
            if kind == 0 {
                let Some(Reference::Extern(index)) = Reference::of_any(bits) else {
                    panic!("{bits} is no host value");
                };
                let value = store.extern_value(index);
                assert!(value.is_some(), "the host's value {bits} is gone");
            }
            if kind == 3 {
                let Some(Reference::Object(object)) = Reference::of_any(bits) else {
                    panic!("{bits} is no structure");
                };
                assert_eq!(store.objects.type_of(object), self.structure);
            }
        }
        if all {
            assert_eq!(store.externs.count(), count(0), "values of the host's");
            assert_eq!(store.exceptions.count(), count(1), "exceptions");
            assert_eq!(store.objects.live_bytes(), 32 * count(3), "structures");
            let resumable = |bits: &u64| store.stacks.continuation(*bits).is_some();
            let continuations = store.stacks.continuations().filter(resumable);
            assert_eq!(continuations.count(), count(2), "continuations");
        }
        let mut listed = store.reachable_continuations().unwrap();
        listed.retain(|id| !self.chain.contains(id));
        let in_chains = |&(kind, bits): &(usize, u64)| {
            (kind == 2).then(|| {
                store
                    .stacks
                    .stacks_from(store.stacks.continuation(bits).unwrap())
            })
        };
        let mut expected: Vec<_> = reachable.iter().filter_map(in_chains).flatten().collect();
        expected.sort_unstable();
        listed.retain(|id| expected.binary_search(id).is_err());
        if all {
            assert_eq!(listed, [], "what nobody can reach is listed");
        }
    }
}

fn steps(program: &mut Program, steps: usize) {
    for _ in 0..steps {
        program.inner().collect_some();
    }
}

/// With steps of the least size between any two changes, nothing reachable is freed, and
/// everything unreachable is freed by the second collection that begins afterwards.
#[test]
fn steps_between_any_two_changes_free_what_is_unreachable() {
    let (programs, changes) = if cfg!(miri) { (1, 20) } else { (60, 3_000) };
    for seed in 1..=programs {
        let mut program = Program::new(seed);
        let often = [1, 1, 3, 50][seed as usize % 4];
        for change in 0..changes {
            program.act();
            if change % often == 0 {
                let count = 1 + program.random.below(4);
                steps(&mut program, count);
            }
            if change % 40 == 0 {
                program.check(false);
            }
        }
        program.check(false);
        for _ in 0..2 {
            while program.inner().is_collecting() {
                steps(&mut program, 1);
            }
            steps(&mut program, 1);
        }
        while program.inner().is_collecting() {
            steps(&mut program, 1);
        }
        program.check(true);
        program.act();
        program.store.gc(None).unwrap();
        program.check(true);
    }
}
