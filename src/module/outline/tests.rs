//! Tests of sections, valid and invalid.

use super::*;
use crate::ids::TypeId;
use crate::module::ConstOp;
use crate::module::features::DEFAULT;
use crate::module::validate::{self, Bodies};

fn read(registry: &TypeRegistry, text: &str) -> Outline {
    let bytes = wat::parse_str(text).unwrap();
    let mut sections = Sections::default();
    validate::module(&mut sections, &bytes, DEFAULT, Bodies::Now).unwrap();
    let mut outline = Outline::default();
    outline.read(registry, &sections).unwrap();
    outline
}

#[test]
fn declarations() {
    let registry = TypeRegistry::default();
    let outline = read(
        &registry,
        "(module
            (type $t (func (param i32)))
            (import \"m\" \"f\" (func (type $t)))
            (import \"m\" \"g\" (global (mut i64)))
            (import \"m\" \"t\" (table 1 2 externref))
            (import \"m\" \"m\" (memory i64 3))
            (memory 5 6 (pagesize 1))
            (table 7 (ref $t) (ref.func 0))
            (table i64 8 funcref)
            (global $g (ref null $t) (ref.func 1))
            (global f32 (f32.const 1))
            (func (type $t))
            (export \"z\" (func 1)) (export \"a\" (global 2)))",
    );
    let t = outline.types[0].id;
    assert_eq!(registry.func(t).params[..], [ValType::I32]);
    let imported: Vec<_> = outline
        .imports
        .iter()
        .map(|import| import.ty.clone())
        .collect();
    let memory = MemoryType {
        minimum: 3,
        maximum: None,
        memory64: true,
        shared: false,
        page_size_log2: 16,
    };
    let table = TableType {
        element: RefType::EXTERNREF,
        minimum: 1,
        maximum: Some(2),
        table64: false,
    };
    assert_eq!(
        imported,
        [
            ExternType::Func(t),
            ExternType::Global(GlobalType {
                value: ValType::I64,
                mutable: true
            }),
            ExternType::Table(table),
            ExternType::Memory(memory),
        ]
    );
    assert_eq!(&*outline.imports[2].module, "m");
    assert_eq!(&*outline.imports[2].name, "t");
    assert_eq!(outline.functions, [0, 0]);
    assert_eq!(
        [
            outline.imported_functions,
            outline.imported_globals,
            outline.imported_tables,
            outline.imported_memories,
        ],
        [1; 4]
    );
    assert_eq!(outline.memories[1].page_size_log2, 0);
    assert_eq!(
        (outline.memories[1].minimum, outline.memories[1].maximum),
        (5, Some(6))
    );
    let reference = RefType {
        nullable: false,
        heap: HeapType::ConcreteFunc(t),
    };
    assert_eq!(outline.tables[1].element, reference);
    assert!(outline.tables[2].table64);
    assert_eq!(
        outline.table_inits[0].as_ref().unwrap().ops(),
        [ConstOp::RefFunc(0)]
    );
    assert_eq!(outline.table_inits[1], None);
    assert_eq!(outline.global_inits[0].as_function(), Some(1));
    assert_eq!(outline.global_inits[1].as_constant(), Some(0x3f80_0000));
    assert_eq!(outline.exports[0].item, ExportItem::Func(1));
    assert_eq!(&*outline.exports[1].name, "a");
}

#[test]
fn segments() {
    let text = "(module (global $g (import \"\" \"\") i32) (table 9 funcref) (memory 1)
        (elem (i32.const 1) func 0 1)
        (elem (ref null func) (ref.func 1) (ref.null func))
        (elem declare funcref (ref.func 0))
        (data (offset (i32.mul (global.get $g) (i32.const 2))) \"one\") (data \"two\")
        (func) (func))";
    let bytes = wat::parse_str(text).unwrap();
    let outline = read(&TypeRegistry::default(), text);
    let [active, passive, declared] = &outline.elements[..] else {
        panic!()
    };
    assert!(matches!(&active.items, ElementItems::Functions(list) if list[..] == [0, 1]));
    let SegmentMode::Active { index: 0, offset } = &active.mode else {
        panic!()
    };
    assert_eq!(offset.as_constant(), Some(1));
    assert_eq!(active.items.len(), 2);
    assert_eq!(passive.mode, SegmentMode::Passive);
    assert!(matches!(&passive.items, ElementItems::Expressions(list) if list.len() == 2));
    assert_eq!(declared.mode, SegmentMode::Declared);
    assert!(matches!(&declared.items, ElementItems::Functions(list) if list[..] == [0]));
    let [one, two] = &outline.data[..] else {
        panic!()
    };
    assert_eq!(&bytes[one.range.clone()], b"one");
    assert_eq!(&bytes[two.range.clone()], b"two");
    let SegmentMode::Active { offset, .. } = &one.mode else {
        panic!()
    };
    assert_eq!(
        offset.ops(),
        [ConstOp::GlobalGet(0), ConstOp::I32Const(2), ConstOp::I32Mul]
    );
    assert_eq!(offset.as_constant(), None);
}

#[test]
fn types_are_shared_between_modules() {
    let registry = TypeRegistry::default();
    let ids =
        |text| -> Vec<TypeId> { read(&registry, text).types.iter().map(|ty| ty.id).collect() };
    let one = ids("(module (type $a (func)) (type (func (param (ref null $a)))))");
    let other = ids("(module (type (func (param i32))) (type $b (func))
        (type (func (param (ref null $b)))) (type (func)))");
    assert_eq!(other[1..], [one[0], one[1], one[0]]);
    let group = ids("(module (rec (type $a (func (param (ref $b)))) (type $b (func))))");
    let again = ids("(module (type (func))
        (rec (type $x (func (param (ref $y)))) (type $y (func)))
        (type (func (param (ref $y)))))");
    assert_eq!(again[..3], [one[0], group[0], group[1]]);
    assert!(!group.contains(&again[3]) && group[1] != one[0]);
}
