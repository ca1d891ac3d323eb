//! Creation, import and export of tags.

use crate::{each, module};
use backstitch::{
    Engine, Extern, ExternType, FuncType, Instance, Linker, Store, Tag, TagType, ValType,
};

fn tag_type(engine: &Engine, params: &[ValType]) -> TagType {
    TagType::new(FuncType::new(engine, params.iter().cloned(), []))
}

#[test]
fn each_instance_has_tags_of_its_own() {
    each(|engine| {
        let module = module(
            engine,
            r#"(module
                (tag $first (export "first") (param i32))
                (tag (export "second") (param i32))
                (export "again" (tag $first)))"#,
        );
        let mut store = Store::new(engine, ());
        let a = Instance::new(&mut store, &module, &[]).unwrap();
        let b = Instance::new(&mut store, &module, &[]).unwrap();
        let mut tag = |instance: Instance, name| instance.get_tag(&mut store, name).unwrap();
        let (first, again) = (tag(a, "first"), tag(a, "again"));
        let (second, other) = (tag(a, "second"), tag(b, "first"));
        assert_eq!(first, again);
        assert_ne!(first, second);
        assert_ne!(first, other);
        assert!(Tag::eq(&first, &again, &store) && !Tag::eq(&first, &other, &store));
        assert_eq!(first.ty(&store), tag_type(engine, &[ValType::I32]));
    });
}

#[test]
fn an_imported_tag_is_the_one_given() {
    each(|engine| {
        let module = module(
            engine,
            r#"(module
                (import "host" "tag" (tag $given (param i64)))
                (tag $own (export "own"))
                (export "given" (tag $given)))"#,
        );
        let import = module.imports().next().unwrap().ty();
        let ty = tag_type(engine, &[ValType::I64]);
        assert_eq!(import.unwrap_tag(), &ty);
        let exports: Vec<_> = module.exports().map(|export| export.ty()).collect();
        assert!(matches!(&exports[0], ExternType::Tag(own) if own.ty().params().len() == 0));
        assert_eq!(exports[1].tag(), Some(&ty));

        let mut store = Store::new(engine, ());
        let tag = Tag::new(&mut store, &ty).unwrap();
        let mut linker = Linker::new(engine);
        linker.define(&store, "host", "tag", tag).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        assert_eq!(instance.get_tag(&mut store, "given"), Some(tag));
        assert_ne!(instance.get_tag(&mut store, "own"), Some(tag));
        assert_eq!(instance.get_memory(&mut store, "given"), None);
        let direct = Instance::new(&mut store, &module, &[tag.into()]).unwrap();
        assert_eq!(
            direct.get_export(&mut store, "given"),
            Some(Extern::Tag(tag))
        );
    });
}

#[test]
fn an_imported_tag_must_have_exactly_the_declared_type() {
    each(|engine| {
        let module = module(
            engine,
            r#"(module (import "host" "tag" (tag (param i64))))"#,
        );
        let mut store = Store::new(engine, ());
        let linker = Linker::new(engine);
        let missing = linker.instantiate(&mut store, &module).unwrap_err();
        assert_eq!(
            format!("{missing}"),
            "unknown import: `host::tag` has not been defined; it must be \
             `(tag (func (param i64)))`"
        );
        let wrong = Tag::new(&mut store, &tag_type(engine, &[ValType::I32])).unwrap();
        let mut linker = Linker::new(engine);
        linker.define(&store, "host", "tag", wrong).unwrap();
        let error = linker.instantiate(&mut store, &module).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "incompatible import type for `host::tag`: types incompatible: expected \
             `(tag (func (param i64)))`, found `(tag (func (param i32)))`"
        );
        linker = Linker::new(engine);
        linker
            .define_unknown_imports_as_default_values(&mut store, &module)
            .unwrap();
        linker.instantiate(&mut store, &module).unwrap();
    });
}

#[test]
fn a_tag_belongs_to_one_store_and_its_type_to_one_engine() {
    let engine = Engine::default();
    let ty = tag_type(&engine, &[]);
    let mut store = Store::new(&engine, ());
    let tag = Tag::new(&mut store, &ty).unwrap();
    let used = std::panic::catch_unwind(move || tag.ty(Store::new(&engine, ())));
    assert!(used.is_err());
    let mut foreign = Store::new(&Engine::default(), ());
    let error = Tag::new(&mut foreign, &ty).unwrap_err();
    assert_eq!(error.to_string(), "type used with wrong engine");
}
