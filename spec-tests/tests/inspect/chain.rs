//! From a trap to its cause: a program's dump by Backstitch, and the output of `inspect`.

use crate::command::{backstitch, file};
use crate::fixtures::{ours, shop};
use backstitch::CoreDump;
use backstitch::coredump::{ModuleIdentity, Position, ReasonKind, Value};

#[test]
fn c16_dumps_by_backstitch_are_read() {
    let bytes = ours(shop(), "shop.wasm");
    let dump = CoreDump::parse(&bytes).expect("the file is a core dump");
    let reason = dump.reason().expect("the reason is recorded");
    assert_eq!(reason.kind, ReasonKind::Trap);
    assert!(
        reason.message.contains("integer divide by zero"),
        "{}",
        reason.message
    );
    assert_eq!(dump.modules()[0].identity, Some(ModuleIdentity::of(shop())));

    let frames = &dump.threads()[0].frames;
    let functions: Vec<u32> = frames.iter().map(|frame| frame.function).collect();
    assert_eq!(functions, [0, 1, 2]);
    assert_eq!(frames[0].locals, [Value::I32(840), Value::I32(0)]);
    assert_eq!(frames[0].operands, [Value::I32(840), Value::I32(0)]);
    let rate = Value::F64(1.5_f64.to_bits());
    let locals = [Value::I32(1024), Value::I32(0), Value::I32(840), rate];
    assert_eq!(frames[1].locals, locals);
    assert_eq!(frames[1].operands, [Value::I32(7)]);
    let positions = frames
        .iter()
        .map(|frame| frame.details.map(|details| details.position));
    let positions: Option<Vec<Position>> = positions.collect();
    let expected = [Position::Trapped, Position::Calling, Position::Calling];
    assert_eq!(positions.as_deref(), Some(&expected[..]));

    let mut text = [0; 13];
    dump.memories()[0]
        .read(1024, &mut text)
        .expect("the address is in bounds");
    assert_eq!(&text, b"apples, pears");
    let globals: Vec<Value> = dump.globals().iter().map(|global| global.value).collect();
    assert_eq!(globals, [Value::I64(1_234_567_890_123), Value::I32(1)]);
}

/// The module is found in a folder by its hash, under any file name.
#[test]
fn c16_a_summary_gives_the_cause() {
    let dump = file("chain.coredump", ours(shop(), "shop.wasm"));
    let module = file("chain/any_name.wasm", shop());
    file(
        "chain/another.wasm",
        wat::parse_str("(module $shop)").expect("the text is valid"),
    );
    let folder = module.parent().expect("the path has a parent");
    let path = |path: &std::path::Path| path.to_str().expect("the path is text").to_string();
    let run = backstitch(["inspect", &path(&dump), "--module", &path(folder)]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let expected = format!(
        "shop.wasm: wasm trap: integer divide by zero
  in shop!divide(sum=840, count=0)
  at `i32.div_s`

Thread `main`, 3 frames, youngest first:
   0      0x4e  shop!divide(sum=840, count=0)
   1      0x6e  shop!average(list=1024, count=0)
   2      0x7a  shop!main()

module shop: {}
memory 0: 131,072 bytes (2 pages of 65,536), 13 of them in the dump
",
        path(&module)
    );
    assert!(run.out.starts_with(&expected), "{}", run.out);

    let other = file(
        "chain_other.wasm",
        wat::parse_str("(module)").expect("the text is valid"),
    );
    backstitch(["inspect", &path(&dump), "--module", &path(&other)])
        .expect(1, "")
        .says(&["is not one of the modules of the dump", "SHA-256"]);
}
