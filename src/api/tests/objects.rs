//! Tests of memories, tables, globals and references.

use super::*;
use alloc::string::ToString;

#[test]
fn memories_are_read_written_and_grown() {
    let mut store = Store::new(&Engine::default(), 5);
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3))).unwrap();
    memory.write(&mut store, 65534, &[1, 2]).unwrap();
    let mut buffer = [0; 2];
    memory.read(&store, 65534, &mut buffer).unwrap();
    assert_eq!(buffer, [1, 2]);
    let error = memory.write(&mut store, 65535, &[7, 7]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "out of bounds memory access: 2 bytes at address 65535 of a memory of 65536 bytes"
    );
    assert!(memory.read(&store, usize::MAX, &mut buffer).is_err());
    assert_eq!(memory.data(&store)[65535], 2);

    assert_eq!(memory.grow(&mut store, 2).unwrap(), 1);
    assert_eq!(
        (memory.size(&store), memory.data_size(&store)),
        (3, 3 * 65536)
    );
    says(
        memory.grow(&mut store, 1),
        "failed to grow memory by `1`: it has 3 pages",
    );
    assert_eq!(memory.ty(&store).minimum(), 1);
    let (bytes, data) = memory.data_and_store_mut(&mut store);
    bytes[0] = *data;
    *data = 6;
    assert_eq!((memory.data(&store)[0], *store.data()), (5, 6));
    memory.data_mut(&mut store)[1] = 9;
    assert_eq!(memory.data(&store)[..2], [5, 9]);
}

#[test]
fn small_pages() {
    let mut store = Store::new(&Engine::default(), ());
    let ty = MemoryType::builder()
        .page_size_log2(0)
        .min(10)
        .build()
        .unwrap();
    let memory = Memory::new(&mut store, ty).unwrap();
    assert_eq!((memory.size(&store), memory.data_size(&store)), (10, 10));
    assert_eq!(memory.grow(&mut store, 5).unwrap(), 10);
    assert_eq!(
        (memory.data_size(&store), memory.page_size(&store)),
        (15, 1)
    );
}

#[test]
fn a_limiter_is_asked_and_told() {
    #[derive(Default)]
    struct Log {
        asked: alloc::vec::Vec<(usize, usize, Option<usize>)>,
        failed: usize,
    }
    impl ResourceLimiter for Log {
        fn memory_growing(&mut self, a: usize, b: usize, c: Option<usize>) -> Result<bool> {
            self.asked.push((a, b, c));
            if b == 4 << 16 {
                bail!("four is unlucky");
            }
            Ok(b <= 2 << 16)
        }
        fn table_growing(&mut self, a: usize, b: usize, c: Option<usize>) -> Result<bool> {
            self.asked.push((a, b, c));
            Ok(true)
        }
        fn table_grow_failed(&mut self, _: Error) -> Result<()> {
            self.failed += 1;
            Ok(())
        }
    }
    let mut store = Store::new(&Engine::default(), Log::default());
    store.limiter(|log| log);
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(9))).unwrap();
    says(memory.grow(&mut store, 2), "failed to grow memory");
    says(memory.grow(&mut store, 3), "four is unlucky");
    let page = 1 << 16;
    let maximum = Some(9 * page);
    assert_eq!(
        store.data().asked,
        [
            (0, page, maximum),
            (page, 3 * page, maximum),
            (page, 4 * page, maximum)
        ]
    );
    let ty = TableType::new(RefType::FUNCREF, 0, Some(1));
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    assert!(table.grow(&mut store, 2, Ref::Func(None)).is_err());
    assert_eq!(store.data().failed, 1);
}

#[test]
fn without_a_limiter_tables_are_finite() {
    let mut store = Store::new(&Engine::default(), ());
    let ty = TableType::new(RefType::FUNCREF, 1_000_000_000, None);
    says(
        Table::new(&mut store, ty, Ref::Func(None)),
        "exceeds table limits",
    );
    let ty = MemoryType::new64(1 << 40, None);
    says(Memory::new(&mut store, ty), "exceeds memory limits");
}

#[test]
fn tables_hold_references_of_their_type() {
    let mut store = Store::new(&Engine::default(), ());
    let func = Func::wrap(&mut store, || {});
    let other = Func::wrap(&mut store, || {});
    let ty = TableType::new(RefType::FUNCREF, 2, Some(5));
    let table = Table::new(&mut store, ty, func.into()).unwrap();
    assert_eq!(table.grow(&mut store, 2, Ref::Func(None)).unwrap(), 2);
    says(
        table.grow(&mut store, 2, Ref::Func(None)),
        "failed to grow table by `2`",
    );
    table.set(&mut store, 3, other.into()).unwrap();
    says(
        table.set(&mut store, 4, other.into()),
        "index 4 out of bounds",
    );
    says(
        table.set(&mut store, 0, Ref::Extern(None)),
        "value does not match table element type: type mismatch: expected (ref null func), \
         found (ref null noextern)",
    );
    Table::copy(&mut store, &table, 0, &table, 2, 2).unwrap();
    assert!(table.get(&mut store, 0).unwrap().is_null());
    assert_eq!(
        table.get(&mut store, 1).unwrap().unwrap_func(),
        Some(&other)
    );

    let concrete = RefType::new(true, HeapType::from(func.ty(&store)));
    let ty = TableType::new(concrete, 4, None);
    let narrow = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    Table::copy(&mut store, &table, 0, &narrow, 0, 4).unwrap();
    says(
        Table::copy(&mut store, &narrow, 0, &table, 0, 1),
        "same element type",
    );
    says(
        Table::copy(&mut store, &table, 1, &narrow, 0, 4),
        "out of bounds table access",
    );
    table.fill(&mut store, 1, func.into(), 3).unwrap();
    assert_eq!(table.get(&mut store, 3).unwrap().unwrap_func(), Some(&func));
    says(
        table.fill(&mut store, u64::MAX, func.into(), 3),
        "of a table of 4",
    );

    let taker = Func::wrap(&mut store, |_: i32| {});
    says(narrow.set(&mut store, 0, taker.into()), "type mismatch");
    let mut elsewhere = Store::new(store.engine(), ());
    let foreign = Func::wrap(&mut elsewhere, || {});
    says(
        table.set(&mut store, 0, foreign.into()),
        "cross-`Store` values",
    );
}

#[test]
fn globals_hold_values_of_their_type() {
    let mut store = Store::new(&Engine::default(), ());
    let variable = GlobalType::new(ValType::F64, Mutability::Var);
    let global = Global::new(&mut store, variable, Val::from(1.5)).unwrap();
    global.set(&mut store, Val::from(2.5)).unwrap();
    assert_eq!(global.get(&mut store).unwrap_f64(), 2.5);
    says(
        global.set(&mut store, Val::I32(1)),
        "the new value of a global: type mismatch: expected f64, found i32",
    );
    let constant = GlobalType::new(ValType::I64, Mutability::Const);
    let global = Global::new(&mut store, constant, Val::I64(-7)).unwrap();
    says(
        global.set(&mut store, Val::I64(1)),
        "immutable global cannot be set",
    );
    assert_eq!(global.get(&mut store).unwrap_i64(), -7);
    assert!(global.ty(&store).mutability().is_const());
}

#[test]
fn values_of_the_host_pass_through() {
    let mut store = Store::new(&Engine::default(), ());
    let value = ExternRef::new(&mut store, "text".to_string()).unwrap();
    let echo = Func::wrap(&mut store, |value: Option<Rooted<ExternRef>>| value);
    let echo = echo
        .typed::<Option<Rooted<ExternRef>>, Option<Rooted<ExternRef>>>(&store)
        .unwrap();
    let back = echo.call(&mut store, Some(value)).unwrap().unwrap();
    assert!(Rooted::ref_eq(&store, &value, &back).unwrap());
    assert!(echo.call(&mut store, None).unwrap().is_none());
    let data = back.data(&store).unwrap().unwrap();
    assert_eq!(
        data.downcast_ref::<alloc::string::String>().unwrap(),
        "text"
    );
    let data = back.data_mut(&mut store).unwrap().unwrap();
    data.downcast_mut::<alloc::string::String>()
        .unwrap()
        .push('!');
    let raw = value.to_raw(&mut store).unwrap();
    let value = ExternRef::from_raw(&mut store, raw).unwrap();
    let data = value.data(&store).unwrap().unwrap();
    assert_eq!(
        data.downcast_ref::<alloc::string::String>().unwrap(),
        "text!"
    );
    assert!(ExternRef::from_raw(&mut store, 0).is_none());
    assert!(ExternRef::from_raw(&mut store, 98).is_none());
    let other = Store::new(store.engine(), ());
    assert!(value.data(&other).is_err());
}

#[test]
fn values_know_their_types() {
    let mut store = Store::new(&Engine::default(), ());
    let func = Func::wrap(&mut store, || 1_i32);
    let ty = Val::from(func).ty(&store).unwrap();
    assert!(ty.matches(&ValType::FUNCREF));
    assert_eq!(
        *ty.unwrap_ref().heap_type().unwrap_concrete_func(),
        func.ty(&store)
    );
    assert!(
        Val::FuncRef(None)
            .matches_ty(&store, &ValType::FUNCREF)
            .unwrap()
    );
    assert!(
        !Val::FuncRef(None)
            .matches_ty(&store, &ValType::EXTERNREF)
            .unwrap()
    );
    assert!(!Val::I32(0).matches_ty(&store, &ValType::I64).unwrap());
    assert!(
        Val::default_for_ty(&ValType::EXTERNREF)
            .unwrap()
            .unwrap_externref()
            .is_none()
    );
    assert!(Val::default_for_ty(&ty).is_none());
    assert!(size_of::<Val>() <= 24);
}

#[test]
#[should_panic(expected = "object used with the wrong store")]
fn a_memory_of_another_store() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    memory.data(&Store::new(&engine, ()));
}

#[test]
#[should_panic(expected = "object used with the wrong store")]
fn a_function_of_another_store() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let func = Func::wrap(&mut store, || {})
        .typed::<(), ()>(&store)
        .unwrap();
    let _ = func.call(Store::new(&engine, ()), ());
}

#[test]
#[should_panic(expected = "object used with the wrong store")]
fn an_instance_of_another_store() {
    let engine = Engine::default();
    let empty = module(&engine, "(module)");
    let instance = Instance::new(Store::new(&engine, ()), &empty, &[]).unwrap();
    instance.get_export(Store::new(&engine, ()), "x");
}
