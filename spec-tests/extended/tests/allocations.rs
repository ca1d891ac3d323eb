//! Programs with objects whose allocations fail, one after the other: that is an error or a trap. The
//! store stays usable, and no memory is lost.
//!
//! Each run allows one allocation more than the last, until a run needs no more.

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../../tests/hostile/guard.rs"]
mod guard;

use backstitch::{
    AsContextMut, Config, Engine, Error, ExternRef, Func, Instance, Module, ResourceLimiter,
    Result, RootScope, Rooted, Store, Trap, Val,
};
use guard::{held, with_allocations, with_large_allocations};

#[global_allocator]
static ALLOCATOR: guard::Allocator = guard::Allocator;

/// Number of bytes from which any allocation fails, for whatever it is. Everything that grows with
/// the number of objects exceeds it.
const LARGE: usize = 4 << 10;

const TEXT: &str = r#"(module
    (import "host" "value" (func $value (param i32) (result externref)))
    (type $node (struct (field (mut (ref null $node))) (field i64)))
    (type $nodes (array (mut (ref null $node))))
    (type $bytes (array (mut i8)))
    (type $values (array (mut anyref)))
    (tag $thrown (param anyref i32))
    (global $list (mut (ref null $node)) (ref.null none))
    (global $wide (mut (ref null $nodes)) (ref.null none))
    (global $kept (mut (ref null $bytes)) (ref.null none))
    (global $hosts (mut (ref null $values)) (ref.null none))
    (table $exceptions 0 exnref)
    (table $items 4 anyref)
    ;; A list of which each second node is dropped.
    (func (export "list") (result i32) (local $i i32)
        (global.set $list (ref.null none))
        (loop $more
            (drop (struct.new $node (global.get $list) (i64.const 1)))
            (global.set $list (struct.new $node (global.get $list)
                (i64.extend_i32_s (local.get $i))))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                (i32.const 3000))))
        (i32.wrap_i64 (struct.get $node 1 (global.get $list))))
    ;; An array whose elements are all to be visited at once.
    (func (export "wide") (result i32) (local $i i32)
        (global.set $wide (array.new_default $nodes (i32.const 2000)))
        (loop $more
            (array.set $nodes (global.get $wide) (local.get $i)
                (struct.new $node (struct.new_default $node) (i64.const 2)))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                (i32.const 2000))))
        (array.len (global.get $wide)))
    ;; Large objects, of which one is kept.
    (func (export "large") (result i32) (local $i i32)
        (loop $more
            (global.set $kept (array.new $bytes (local.get $i) (i32.const 50000)))
            (array.copy $bytes $bytes (global.get $kept) (i32.const 0)
                (array.new_default $bytes (i32.const 40000)) (i32.const 0) (i32.const 40000))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                (i32.const 12))))
        (array.get_u $bytes (global.get $kept) (i32.const 45000)))
    ;; Exceptions with an object each, which a table holds.
    (func (export "throw") (result i32) (local $i i32) (local $exception exnref)
        (table.fill $exceptions (i32.const 0) (ref.null exn) (table.size $exceptions))
        (loop $more
            (block $caught (result anyref i32 exnref)
                (try_table (catch_ref $thrown $caught)
                    (throw $thrown (struct.new_default $node) (local.get $i)))
                (unreachable))
            (local.set $exception) (drop) (drop)
            (if (i32.ge_u (local.get $i) (table.size $exceptions)) (then
                (if (i32.eq (i32.const -1)
                        (table.grow $exceptions (ref.null exn) (i32.const 100)))
                    (then (return (i32.const -1))))))
            (table.set $exceptions (local.get $i) (local.get $exception))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                (i32.const 900))))
        (table.size $exceptions))
    ;; Values of the host in objects.
    (func (export "values") (result i32) (local $i i32)
        (global.set $hosts (array.new_default $values (i32.const 1500)))
        (loop $more
            (array.set $values (global.get $hosts) (local.get $i)
                (any.convert_extern (call $value (local.get $i))))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                (i32.const 1500))))
        (array.len (global.get $hosts)))
    (elem $segment anyref (item (struct.new_default $node)) (item (ref.i31 (i32.const 5))))
    ;; Objects from a segment.
    (func (export "segment") (result i32) (local $values (ref $values))
        (local.set $values (array.new_elem $values $segment (i32.const 0) (i32.const 2)))
        (table.set $items (i32.const 1) (local.get $values))
        (array.len (local.get $values))))"#;

/// Exported functions and their results.
const CALLS: [(&str, i32); 6] = [
    ("list", 2999),
    ("wide", 2000),
    ("large", 11),
    ("throw", 900),
    ("values", 1500),
    ("segment", 2),
];

/// A limiter that refuses everything after a number of requests.
struct Limits {
    allowed: usize,
    was_refused: bool,
}

impl Limits {
    fn new(allowed: usize) -> Limits {
        Limits {
            allowed,
            was_refused: false,
        }
    }

    fn decide(&mut self) -> bool {
        self.was_refused |= self.allowed == 0;
        let decision = self.allowed > 0;
        self.allowed = self.allowed.saturating_sub(1);
        decision
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
        Ok(self.decide())
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
        Ok(self.decide())
    }
}

fn engine() -> Engine {
    let mut config = Config::new();
    config.gc_threshold(200).gc_step(4 << 10);
    Engine::new(&config).expect("the configuration is valid")
}

fn store(engine: &Engine, allowed: usize) -> Store<Limits> {
    let mut store = Store::new(engine, Limits::new(allowed));
    store.limiter(|limits| limits);
    store
}

fn instantiate(store: &mut Store<Limits>, module: &Module) -> Result<Instance> {
    let value = Func::wrap(
        &mut *store,
        |mut caller: backstitch::Caller<'_, Limits>,
         number: i32|
         -> Result<Option<Rooted<ExternRef>>> {
            Ok(Some(ExternRef::new(&mut caller, number)?))
        },
    );
    Instance::new(store, module, &[value.into()])
}

/// Calls all functions. Fails at the first that fails.
fn run(store: &mut Store<Limits>, instance: &Instance) -> Result<()> {
    for (name, expected) in CALLS {
        let mut scope = RootScope::new(&mut *store);
        let function = instance.get_func(&mut scope, name).expect("it is exported");
        let mut result = [Val::I32(0)];
        function.call(scope.as_context_mut(), &[], &mut result)?;
        if name == "throw" && result[0].unwrap_i32() == -1 {
            return Err(Trap::AllocationTooLarge.into());
        }
        assert_eq!(result[0].unwrap_i32(), expected, "{name}");
    }
    Ok(())
}

/// Returns the number of objects that are left when all calls have succeeded.
fn objects_left(engine: &Engine, module: &Module) -> usize {
    let mut store = store(engine, usize::MAX);
    let instance = instantiate(&mut store, module).expect("there is memory");
    run(&mut store, &instance).expect("there is memory");
    store.live_objects()
}

fn is_clear(error: &Error) {
    let text = format!("{error:#}");
    let trap = error.downcast_ref::<Trap>();
    assert!(
        matches!(trap, Some(Trap::AllocationTooLarge | Trap::StackOverflow))
            || text.contains("cannot allocate that much")
            || text.contains("limit exceeded")
            || text.contains("exceeds table limits")
            || text.contains("out of memory")
            || text.contains("memory allocation failed"),
        "{text}"
    );
}

/// Runs the program with more and more allocations. `attempt` runs its second argument with as many
/// as the first, and returns whether one was refused.
fn with_each_allocation(
    what: &str,
    attempt: impl Fn(usize, &mut dyn FnMut() -> Result<()>) -> (Result<()>, bool),
) {
    let engine = engine();
    let module = Module::new(&engine, TEXT).expect("the module is valid");
    let left = objects_left(&engine, &module);
    let sweep = || {
        for allowed in 0.. {
            let mut store = store(&engine, usize::MAX);
            let mut instance = None;
            let (outcome, was_refused) = attempt(allowed, &mut || {
                let instance = *instance.insert(instantiate(&mut store, &module)?);
                run(&mut store, &instance)?;
                store.gc(None)?;
                Ok(())
            });
            if let Err(error) = outcome {
                assert!(was_refused, "{error:?}");
                is_clear(&error);
            }
            // The same store can do all of it now.
            let instance = match instance {
                Some(instance) => instance,
                None => instantiate(&mut store, &module).expect("there is memory"),
            };
            run(&mut store, &instance).expect("there is memory");
            assert_eq!(store.live_objects(), left, "{what}: {allowed} allocations");
            if !was_refused {
                return allowed;
            }
        }
        unreachable!("no run needs that many allocations")
    };
    let refusals = sweep();
    // The first sweep leaves frame maps of the failures' places in the module.
    let held_before = held();
    assert_eq!(sweep(), refusals);
    assert_eq!(held(), held_before, "{what}: memory is lost");
    println!("{what}: {refusals} allocations refused");
    assert!(refusals > 20, "{what}: {refusals}");
}

#[test]
fn failed_allocations_of_objects_are_traps() {
    with_each_allocation("raw", |allowed, work| with_allocations(allowed, work));
}

#[test]
fn failed_allocations_of_what_grows_with_objects_are_traps() {
    with_each_allocation("large", |allowed, work| {
        with_large_allocations(allowed, LARGE, work)
    });
}

#[test]
fn refusals_of_the_limiter_are_traps() {
    let engine = engine();
    let module = Module::new(&engine, TEXT).expect("the module is valid");
    let left = objects_left(&engine, &module);
    for allowed in 0.. {
        let mut store = store(&engine, allowed);
        let first = instantiate(&mut store, &module);
        let outcome = match &first {
            Ok(instance) => run(&mut store, instance),
            Err(error) => {
                is_clear(error);
                Ok(())
            }
        };
        let was_refused = store.data().was_refused;
        if let Err(error) = &outcome {
            assert!(was_refused, "{error:?}");
            is_clear(error);
        }
        *store.data_mut() = Limits::new(usize::MAX);
        let instance = match first {
            Ok(instance) => instance,
            Err(_) => instantiate(&mut store, &module).expect("the limiter allows it"),
        };
        run(&mut store, &instance).expect("the limiter allows it");
        assert_eq!(store.live_objects(), left, "{allowed} requests");
        if !was_refused {
            assert!(allowed > 5, "{allowed}");
            break;
        }
    }
}
