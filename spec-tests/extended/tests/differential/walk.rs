//! Compares the objects that are left after a collection with those that can be reached.
//!
//! The walk calls functions of the module, which read globals, tables and fields. So it shares nothing
//! with the collector.

use super::objects::DROP;
use super::observation::FUEL;
use super::random::Random;
use backstitch::{
    AnyRef, AsContextMut, Engine, ExternRef, Func, FuncType, Instance, Module, Result, RootScope,
    Rooted, Store, Val, ValType,
};
use std::collections::BTreeSet;

/// Runs a program of [`objects`](super::objects) without comparing its results, and collects garbage.
/// Returns a description of the difference, if there are more or fewer objects than can be reached. The
/// engine must count fuel.
///
/// # Errors
///
/// An error if the program cannot be instantiated or walked.
pub fn difference(engine: &Engine, bytes: &[u8], seed: u64) -> Result<Option<String>> {
    let module = Module::new(engine, bytes)?;
    let mut store = Store::new(engine, ());
    store.set_fuel(FUEL)?;
    let host = Func::wrap(&mut store, host);
    let instance = Instance::new(&mut store, &module, &[host.into()])?;
    let mut random = Random::new(seed);
    for _ in 0..3 {
        for export in module.exports() {
            if !export.name().starts_with("run") {
                continue;
            }
            let mut scope = RootScope::new(&mut store);
            let function = instance
                .get_func(&mut scope, export.name())
                .expect("a function");
            let ty = function.ty(&scope);
            let arguments = arguments(&mut random, &ty);
            let mut results = vec![Val::I32(0); ty.results().len()];
            // How a call ends is compared elsewhere. Without fuel, some would not.
            scope.as_context_mut().set_fuel(FUEL)?;
            if function.call(&mut scope, &arguments, &mut results).is_err() {
                scope.as_context_mut().take_pending_exception();
            }
        }
    }
    store.set_fuel(u64::MAX)?;
    call(&mut store, &instance, "drop", &[Val::I32(DROP)])?;
    let left = store.live_objects();
    let reached = reachable(&mut store, &instance)?;
    Ok((left != reached).then(|| format!("{left} objects are left, {reached} can be reached")))
}

/// Returns a number that depends on another one: the function that the programs import.
pub fn host(number: i32) -> i32 {
    number.rotate_left(3)
}

/// Returns random numbers as arguments.
pub fn arguments(random: &mut Random, ty: &FuncType) -> Vec<Val> {
    ty.params().map(|ty| number(random, &ty)).collect()
}

fn number(random: &mut Random, ty: &ValType) -> Val {
    match ty {
        ValType::I32 => Val::I32(random.value_32() as i32),
        ValType::I64 => Val::I64(random.value_64() as i64),
        _ => Val::F64(random.value_64()),
    }
}

fn call(
    mut store: impl AsContextMut,
    instance: &Instance,
    name: &str,
    arguments: &[Val],
) -> Result<Val> {
    let function = instance
        .get_func(&mut store, name)
        .expect("the module exports it");
    let mut results = vec![Val::I32(0); function.ty(&store).results().len()];
    function.call(&mut store, arguments, &mut results)?;
    Ok(results.first().copied().unwrap_or(Val::I32(0)))
}

/// Returns the number of structures and arrays that globals and tables lead to.
fn reachable(store: &mut Store<()>, instance: &Instance) -> Result<usize> {
    let mut scope = RootScope::new(store);
    let mut seen = BTreeSet::new();
    let mut open: Vec<Rooted<AnyRef>> = Vec::new();
    let roots = call(&mut scope, instance, "roots", &[])?.unwrap_i32();
    for root in 0..roots {
        if let Val::AnyRef(Some(root)) = call(&mut scope, instance, "root", &[Val::I32(root)])? {
            open.push(root);
        }
    }
    while let Some(object) = open.pop() {
        let is_object = object.is_struct(&scope)? || object.is_array(&scope)?;
        let identity = ExternRef::convert_any(&mut scope, object)?.to_raw(&mut scope)?;
        if !is_object || !seen.insert(identity) {
            continue;
        }
        let value = Val::AnyRef(Some(object));
        let children = call(&mut scope, instance, "children", &[value])?.unwrap_i32();
        for child in 0..children {
            let arguments = [value, Val::I32(child)];
            if let Val::AnyRef(Some(child)) = call(&mut scope, instance, "child", &arguments)? {
                open.push(child);
            }
        }
    }
    Ok(seen.len())
}
