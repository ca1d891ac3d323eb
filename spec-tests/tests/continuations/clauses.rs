//! Selection of the clause that handles a suspension.

use crate::{each, instance, run, trap};
use backstitch::{FuncType, Linker, Store, Tag, TagType, Trap};

fn define_tags(linker: &mut Linker<Vec<i32>>, store: &mut Store<Vec<i32>>) {
    let ty = TagType::new(FuncType::new(store.engine(), [], []));
    let tag = Tag::new(&mut *store, &ty).expect("the type is the engine's");
    let other = Tag::new(&mut *store, &ty).expect("the type is the engine's");
    linker
        .define(&*store, "", "tag", tag)
        .expect("the name is not defined yet");
    linker
        .define(&*store, "", "other", other)
        .expect("the name is not defined yet");
}

/// Returns a module whose `run` resumes a function that suspends with `$suspended`, and returns the
/// number of the clause that handled it.
fn program(suspended: &str, clauses: &str) -> String {
    format!(
        r#"(module
            (type $f (func))
            (type $k (cont $f))
            (import "" "tag" (tag $a))
            (import "" "tag" (tag $b))
            (import "" "other" (tag $other))
            (tag $own)
            (func $g (suspend {suspended}))
            (elem declare func $g)
            (func (export "run") (param i32) (result i32)
                (block $one (result (ref $k))
                    (block $two (result (ref $k))
                        (resume $k {clauses} (cont.new $k (ref.func $g)))
                        (return (i32.const 0)))
                    (drop)
                    (return (i32.const 2)))
                (drop)
                (i32.const 1)))"#
    )
}

/// A tag that is imported twice is one tag. The first clause for it is selected, no matter which
/// index it has.
#[test]
fn the_first_clause_is_selected_under_any_index() {
    let cases = [
        ("$a", "(on $a $one) (on $a $two)", 1),
        ("$a", "(on $b $two) (on $a $one)", 2),
        ("$b", "(on $a $two) (on $b $one)", 2),
        ("$a", "(on $other $one) (on $b $two) (on $a $one)", 2),
        ("$b", "(on $own $one) (on $other $one) (on $a $two)", 2),
    ];
    for (suspended, clauses, wanted) in cases {
        each(|engine| {
            let text = program(suspended, clauses);
            let (mut store, instance) = instance(engine, &text, define_tags);
            assert_eq!(run(&mut store, &instance, 0).unwrap(), wanted, "{clauses}");
        });
    }
}

/// Tags have identities: another tag of the same type is a different tag.
#[test]
fn a_clause_for_another_tag_of_the_same_type_is_skipped() {
    each(|engine| {
        let text = program("$a", "(on $other $one) (on $own $two)");
        let (mut store, instance) = instance(engine, &text, define_tags);
        let ended = run(&mut store, &instance, 0);
        assert_eq!(trap(ended), Some(Trap::UnhandledTag));
    });
}

/// Clauses of the wrong kind are skipped, even with the right tag, no matter which index the tag
/// has.
#[test]
fn a_clause_of_the_wrong_kind_is_skipped() {
    for clauses in ["(on $a switch) (on $a $one)", "(on $b switch) (on $a $one)"] {
        each(|engine| {
            let (mut store, instance) = instance(engine, &program("$a", clauses), define_tags);
            assert_eq!(run(&mut store, &instance, 0).unwrap(), 1, "{clauses}");
        });
    }
}
