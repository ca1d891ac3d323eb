//! Types that modules define (declared subtypes, recursion groups, structures, arrays and
//! continuations) at link time and at run time.

use crate::{each, module};
use backstitch::{
    ArrayType, ContType, Engine, FieldType, FuncType, Global, HeapType, Instance, Linker,
    Mutability, Ref, RefType, StorageType, Store, StructType, Table, Trap, Val, ValType,
};

#[test]
fn indirect_calls_accept_declared_subtypes() {
    each(|engine| {
        let text = r#"(module
            (type $top (sub (func (result i32))))
            (type $low (sub $top (func (result i32))))
            (type $lowest (sub final $low (func (result i32))))
            (type $other (sub (func (result i32) (result i32))))
            (table 5 funcref)
            (elem (i32.const 0) func $a $b $c $d)
            (func $a (type $top) (i32.const 1))
            (func $b (type $low) (i32.const 2))
            (func $c (type $lowest) (i32.const 3))
            (func $d (type $other) (i32.const 4) (i32.const 5))
            (func (export "top") (param i32) (result i32)
                (i32.add (i32.const 10) (call_indirect (type $top) (local.get 0))))
            (func (export "low") (param i32) (result i32)
                (i32.add (i32.const 10) (call_indirect (type $low) (local.get 0))))
            (func (export "lowest") (param i32) (result i32)
                (i32.add (i32.const 10) (call_indirect (type $lowest) (local.get 0))))
            (func (export "tail") (param i32) (result i32)
                (return_call_indirect (type $low) (local.get 0))))"#;
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module(engine, text), &[]).unwrap();
        let mut call = |name: &str, index: i32| {
            let func = instance
                .get_typed_func::<i32, i32>(&mut store, name)
                .unwrap();
            let result = func.call(&mut store, index);
            result.map_err(|error| *error.downcast_ref::<Trap>().expect("a trap"))
        };
        for (name, results) in [
            ("top", [Ok(11), Ok(12), Ok(13)]),
            ("low", [Err(Trap::BadSignature), Ok(12), Ok(13)]),
            (
                "lowest",
                [Err(Trap::BadSignature), Err(Trap::BadSignature), Ok(13)],
            ),
            ("tail", [Err(Trap::BadSignature), Ok(2), Ok(3)]),
        ] {
            for (index, result) in results.into_iter().enumerate() {
                assert_eq!(call(name, index as i32), result, "{name} {index}");
            }
            assert_eq!(call(name, 3), Err(Trap::BadSignature));
            assert_eq!(call(name, 4), Err(Trap::IndirectCallToNull));
            assert_eq!(call(name, 5), Err(Trap::TableOutOfBounds));
            assert_eq!(call(name, -1), Err(Trap::TableOutOfBounds));
        }
    });
}

#[test]
fn types_are_equal_across_modules_if_their_recursion_groups_are() {
    each(|engine| {
        let types = r#"(rec (type $a (sub (func (param (ref null $b)))))
                            (type $b (sub $a (func (param (ref null $b))))))"#;
        let exporter = module(
            engine,
            &format!(r#"(module {types} (func (export "f") (type $b)))"#),
        );
        let mut store = Store::new(engine, ());
        let f = Instance::new(&mut store, &exporter, &[])
            .unwrap()
            .get_func(&mut store, "f")
            .unwrap();
        let mut linker = Linker::new(engine);
        linker.define(&store, "", "f", f).unwrap();
        let mut link = |types: &str, ty: &str| {
            let importer = module(
                engine,
                &format!(r#"(module {types} (import "" "f" (func (type {ty}))))"#),
            );
            linker
                .instantiate(&mut store, &importer)
                .map(|_| ())
                .map_err(|error| format!("{error:#}"))
        };
        // Other types before them change their indices only.
        assert_eq!(link(types, "$b"), Ok(()));
        assert_eq!(
            link(&format!("(type (func (result f64))) {types}"), "$a"),
            Ok(())
        );
        let alone = "(type $a (sub (func (param (ref null $a)))))";
        assert_eq!(
            link(alone, "$a").unwrap_err(),
            "incompatible import type for `::f`: types incompatible: expected \
             `(sub (func (param (ref null (sub (func (param (ref null …))))))))`, found \
             `(rec 1/2 (sub (rec 0/2 (sub (func (param (ref null …))))) (func (param (ref null \
             (rec 1/2 (sub … (func (param (ref null …))))))))))`"
        );
    });
}

#[test]
fn values_of_every_kind_of_reference_can_be_null() {
    each(|engine| {
        let kinds = [
            "func", "nofunc", "extern", "noextern", "any", "eq", "i31", "struct", "array", "none",
            "exn", "noexn", "cont", "nocont", "$f", "$s", "$a", "$c",
        ];
        for kind in kinds {
            let text = format!(
                r#"(module
                    (type $f (func)) (type $s (struct)) (type $a (array i8)) (type $c (cont $f))
                    (global $g (export "g") (mut (ref null {kind})) (ref.null {kind}))
                    (table $t (export "t") 2 9 (ref null {kind}))
                    (func (export "pass") (param $x (ref null {kind}))
                            (result (ref null {kind}) i32 i32)
                        (local $y (ref null {kind}))
                        (block $null
                            (br_on_null $null (table.get $t (i32.const 0)))
                            (unreachable))
                        (local.set $y (local.get $x))
                        (local.get $y) (ref.is_null (local.get $y)) (i32.const 7))
                    (func (export "size") (result i32)
                        (local $y (ref null {kind}))
                        (table.set $t (i32.const 1) (local.get $y))
                        (global.set $g (table.get $t (i32.const 1)))
                        (drop (table.grow $t (global.get $g) (i32.const 3)))
                        (table.fill $t (i32.const 0) (ref.null {kind}) (i32.const 5))
                        (table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 3))
                        (i32.add (table.size $t) (ref.is_null (table.get $t (i32.const 4))))))"#
            );
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module(engine, &text), &[]).unwrap();
            let global = instance.get_global(&mut store, "g").unwrap();
            let ty = global.ty(&store).content().clone();
            let null = ty.default_value().unwrap();
            let pass = instance.get_func(&mut store, "pass").unwrap();
            let mut results = [Val::I32(0); 3];
            pass.call(&mut store, &[null], &mut results).unwrap();
            assert!(results[0].ref_().unwrap().is_null(), "{kind}");
            assert!(results[0].matches_ty(&store, &ty).unwrap(), "{kind}");
            assert_eq!((results[1].i32(), results[2].i32()), (Some(1), Some(7)));
            let size = instance
                .get_typed_func::<(), i32>(&mut store, "size")
                .unwrap();
            assert_eq!(size.call(&mut store, ()).unwrap(), 6, "{kind}");
            let table = instance.get_table(&mut store, "t").unwrap();
            assert!(table.get(&mut store, 4).unwrap().is_null());
            assert_eq!(ValType::from(table.ty(&store).element().clone()), ty);
            assert!(global.set(&mut store, Val::I32(0)).is_err());
        }
    });
}

#[test]
fn the_embedder_makes_the_same_types() {
    let engine = Engine::default();
    let text = r#"(module
        (type $f (func (param i32)))
        (type $s (struct (field i8) (field (mut (ref null $f)))))
        (type $a (array (mut i64)))
        (type $c (cont $f))
        (global (export "s") (mut (ref null $s)) (ref.null none))
        (global (export "a") (ref null $a) (ref.null none))
        (global (export "c") (ref null $c) (ref.null nocont)))"#;
    let module = module(&engine, text);
    let content = |name: &str| {
        let ty = module.get_export(name).unwrap();
        let heap = ty
            .unwrap_global()
            .content()
            .unwrap_ref()
            .heap_type()
            .clone();
        (heap.to_string(), heap)
    };
    let f = FuncType::new(&engine, [ValType::I32], []);
    let to_f = RefType::new(true, HeapType::from(f.clone()));
    let fields = [
        FieldType::new(Mutability::Const, StorageType::I8),
        FieldType::new(Mutability::Var, ValType::from(to_f).into()),
    ];
    let (text, s) = content("s");
    assert_eq!(
        text,
        "(struct (field i8) (field (mut (ref null (func (param i32))))))"
    );
    let made = StructType::new(&engine, fields.clone()).unwrap();
    assert_eq!(s, HeapType::from(made.clone()));
    assert!(made.fields().eq(fields) && made.matches(s.unwrap_concrete_struct()));
    let (text, a) = content("a");
    assert_eq!(text, "(array (mut i64))");
    let element = FieldType::new(Mutability::Var, ValType::I64.into());
    assert_eq!(a, HeapType::from(ArrayType::new(&engine, element)));
    let (text, c) = content("c");
    assert_eq!(text, "(cont (func (param i32)))");
    assert_eq!(c, HeapType::from(ContType::new(&f)));
    assert_eq!(c.unwrap_concrete_cont().func_type(), f);
    for (low, high) in [
        (&s, HeapType::Struct),
        (&s, HeapType::Eq),
        (&a, HeapType::Any),
        (&c, HeapType::Cont),
        (&HeapType::None, s.clone()),
        (&HeapType::NoCont, c.clone()),
    ] {
        assert!(low.matches(&high) && !high.matches(low), "{low} {high}");
    }
    assert!(!s.matches(&a) && !c.matches(&HeapType::Any) && !a.matches(&HeapType::Struct));

    let mut store = Store::new(&engine, ());
    let ty = ValType::from(RefType::new(true, c.clone()));
    let global = backstitch::GlobalType::new(ty, Mutability::Var);
    let global = Global::new(&mut store, global, Val::null_cont_ref()).unwrap();
    assert!(global.set(&mut store, Val::null_exn_ref()).is_err());
    let ty = backstitch::TableType::new(RefType::new(true, c), 1, None);
    let table = Table::new(&mut store, ty, Ref::Cont(None)).unwrap();
    assert!(table.set(&mut store, 0, Ref::Any(None)).is_err());
}
