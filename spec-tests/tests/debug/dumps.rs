//! Each packet, with dumps (D4 and D5).

use crate::client::{Client, Local, dump, hex, packet, serve};
use crate::command::{backstitch, file};
use crate::fixtures::{self, Writer, kitchen, mixer, ours, shop};
use backstitch::debug::{Dump, End, State};
use std::net::TcpStream;
use std::time::Duration;

/// The start of the first module in the address space.
const CODE: u64 = 0x4000_0001_0000_0000;

fn shop_client() -> Client<Local<Dump<'static>>> {
    Client::local(dump(ours(shop(), "shop.wasm"), Some(shop())))
}

/// Returns a client of a dump with four continuations besides the thread that trapped.
fn kitchen_client() -> Client<Local<Dump<'static>>> {
    let module: &'static [u8] = kitchen(4).leak();
    Client::local(dump(ours(module, "kitchen.wasm"), Some(module)))
}

/// Returns the addresses of instructions at offsets in the first module, as an answer has them.
fn addresses(offsets: &[u64]) -> String {
    let bytes = offsets.iter().map(|offset| (CODE + offset).to_le_bytes());
    bytes.map(hex).collect()
}

#[test]
fn d4_a_session_begins_with_what_both_sides_can_do() {
    let mut client = shop_client();
    let features = client.ask("qSupported:xmlRegisters=i386;multiprocess+;swbreak+");
    for feature in [
        "PacketSize=20000",
        "QStartNoAckMode+",
        "qXfer:libraries:read+",
        "swbreak+",
    ] {
        assert!(features.split(';').any(|it| it == feature), "{features}");
    }
    assert!(
        !features.contains("Reverse"),
        "a dump does not run backwards"
    );
    client.trust();
    let host = client.ask("qHostInfo");
    let triple = format!("triple:{};", hex("wasm32-unknown-unknown-wasm"));
    for part in [
        &triple,
        "endian:little;",
        "ptrsize:4;",
        "watchpoint_exceptions_received:before;",
    ] {
        assert!(host.contains(part), "{host}");
    }
    let process = client.ask("qProcessInfo");
    assert!(
        process.contains("pid:1;") && process.contains(&triple),
        "{process}"
    );
    client.expect("qAttached", "1");
    client.expect("qNothingLikeThis", "");
    client.expect("vMustReplyEmpty", "");
}

#[test]
fn d4_there_is_one_register() {
    let mut client = shop_client();
    let register = client.ask("qRegisterInfo0");
    assert!(
        register.starts_with("name:pc;bitsize:64;offset:0;"),
        "{register}"
    );
    assert!(register.contains("generic:pc;"), "{register}");
    client.expect("qRegisterInfo1", "E45");
    client.expect("Hg1", "OK");
    client.expect("p0", &addresses(&[0x4e]));
    client.expect("g", &addresses(&[0x4e]));
    client.expect("p1", "");
    client.expect("P0=0000000000000000", "E5f");
    client.expect("G0000000000000000", "E5f");
}

#[test]
fn d4_frames_have_locals_operands_and_globals() {
    let mut client = shop_client();
    // Those of callers are the addresses after the calls.
    client.expect("qWasmCallStack:1", &addresses(&[0x4e, 0x70, 0x7c]));
    client.expect("qWasmCallStack:2", "");
    for (packet, value) in [
        ("qWasmLocal:0;0", hex(840_u32.to_le_bytes())),
        ("qWasmLocal:0;1", hex(0_u32.to_le_bytes())),
        ("qWasmLocal:0;2", String::new()),
        ("qWasmLocal:1;0", hex(1024_u32.to_le_bytes())),
        ("qWasmLocal:1;3", hex(1.5_f64.to_le_bytes())),
        // The top of the operand stack comes first.
        ("qWasmStackValue:0;0", hex(0_u32.to_le_bytes())),
        ("qWasmStackValue:0;1", hex(840_u32.to_le_bytes())),
        ("qWasmStackValue:0;2", String::new()),
        ("qWasmStackValue:1;0", hex(7_u32.to_le_bytes())),
        ("qWasmGlobal:0;0", hex(1_234_567_890_123_u64.to_le_bytes())),
        ("qWasmGlobal:2;1", hex(1_u32.to_le_bytes())),
        ("qWasmGlobal:0;2", String::new()),
        ("qWasmLocal:3;0", String::new()),
        (
            "qWasmLocal:18446744073709551615;18446744073709551615",
            String::new(),
        ),
        ("qWasmLocal:0", "E16".to_string()),
        ("qWasmLocal:0;0;0", "E16".to_string()),
        ("qWasmLocal:18446744073709551616;0", "E16".to_string()),
    ] {
        client.expect(packet, &value);
    }
    let module: &'static [u8] = mixer().leak();
    let mut client = Client::local(dump(ours(module, "mixer.wasm"), Some(module)));
    client.expect("qWasmLocal:0;0", "000102030405060708090a0b0c0d0e7f");
}

#[test]
fn d4_memory_and_code_are_read_but_not_written() {
    let mut client = shop_client();
    client.expect("m400,d", &hex("apples, pears"));
    // The last bytes, and none after them.
    client.expect("m1fffe,10", "0000");
    client.expect("m20000,1", "E0e");
    client.expect("mffffffff,1", "E0e");
    client.expect("m20000,0", "");
    // The same memory, as that of the module.
    client.expect("m100000400,d", &hex("apples, pears"));
    client.expect("m200000400,d", "E02");
    client.expect(&format!("m{CODE:x},4"), &hex("\0asm"));
    let end = CODE + shop().len() as u64;
    client.expect(
        &format!("m{:x},4", end - 1),
        &hex(&shop()[shop().len() - 1..]),
    );
    client.expect(&format!("m{end:x},4"), "E0e");
    client.expect("m4000000000000000,4", "E0e");
    client.expect("mffffffffffffffff,ffffffffffffffff", "E0e");
    client.expect("m0,ffffffffffffffffff", "E16");
    client.expect("m0", "E16");
    let whole = client.ask("m0,ffffffffffffffff");
    assert!(
        (1000..=1 << 17).contains(&whole.len()),
        "{} digits",
        whole.len()
    );
    client.expect("M400,1:00", "E5f");
    client.expect("X400,1:a", "E5f");
    client.expect(&format!("M{CODE:x},1:00"), "E5f");
    client.expect(
        "qMemoryRegionInfo:400",
        "start:0;size:20000;permissions:rw;",
    );
    client.expect("qMemoryRegionInfo:20000", "start:20000;size:fffe0000;");
    let region = format!("start:{CODE:x};size:{:x};permissions:rx;", shop().len());
    client.expect(&format!("qMemoryRegionInfo:{:x}", CODE + 8), &region);
    let region = client.ask("qMemoryRegionInfo:ffffffffffffffff");
    assert_eq!(region, "start:ffffffff00000000;size:100000000;");
}

#[test]
fn d4_modules_are_listed() {
    let mut client = shop_client();
    let xml = format!(
        "<library-list><library name=\"shop\"><section address=\"{CODE:#x}\"/></library></library-list>"
    );
    client.expect("qXfer:libraries:read::0,1000", &format!("m{xml}"));
    client.expect("qXfer:libraries:read::1,5", &format!("m{}", &xml[1..6]));
    client.expect(&format!("qXfer:libraries:read::{:x},5", xml.len()), "l");
    client.expect(
        "qXfer:libraries:read::ffffffffffffffff,ffffffffffffffff",
        "l",
    );
    // Without its bytes, a module cannot be read, and positions are not known.
    let mut client = Client::local(dump(ours(shop(), "shop.wasm"), None));
    client.expect(
        "qXfer:libraries:read::0,1000",
        "m<library-list></library-list>",
    );
    client.expect("qWasmCallStack:1", &addresses(&[0, 0, 0]));
    client.expect("qWasmLocal:0;0", &hex(840_u32.to_le_bytes()));
}

#[test]
fn d4_d5_each_stack_is_a_thread() {
    let mut client = kitchen_client();
    client.expect("qfThreadInfo", "m01,02,03,04,05");
    client.expect("qsThreadInfo", "l");
    client.expect("qC", "QC1");
    client.expect("T5", "OK");
    client.expect("T6", "E01");
    for (packet, name) in [
        ("qThreadExtraInfo,1", "main (running)"),
        ("qThreadExtraInfo,2", "continuation 2 (fresh)"),
        ("qThreadExtraInfo,5", "continuation 5 (suspended)"),
    ] {
        client.expect(packet, &hex(name));
    }
    let stop = client.ask("?");
    let name = format!(
        "T05thread:1;hexname:{};reason:exception;",
        hex("main (running)")
    );
    assert!(stop.starts_with(&name), "{stop}");
    assert!(stop.contains(&hex("unreachable")), "{stop}");
    let name = format!("T00thread:3;hexname:{};", hex("continuation 3 (suspended)"));
    client.expect("qThreadStopInfo3", &name);
    client.expect("qThreadStopInfo6", "E02");
    client.expect("qThreadStopInfo-1", "E02");
    // A continuation that trapped is a part of the thread that waits for it.
    let stack = |client: &mut Client<_>, thread: u32| {
        client.ask(&format!("qWasmCallStack:{thread}")).len() / 16
    };
    let frames = [1, 2, 3, 4, 5].map(|thread| stack(&mut client, thread));
    assert_eq!(frames, [3, 0, 2, 2, 2]);
    // Values are those of the thread that was selected last.
    for thread in [3_u32, 5, 4] {
        client.expect(&format!("Hg{thread}"), "OK");
        client.expect("qWasmLocal:0;0", &hex((thread - 2).to_le_bytes()));
    }
    client.expect("Hg2", "OK");
    client.expect("p0", "E02");
    client.expect("qWasmLocal:0;0", "");
}

#[test]
fn d5_a_dump_stops_again_in_the_same_state() {
    let mut client = kitchen_client();
    let stop = client.ask("?");
    client.expect("vCont?", "vCont;c;C;s;S;r");
    for run in [
        "c",
        "s",
        "vCont;c",
        "vCont;s:3",
        "vCont;s:1;c",
        "vCont;r4000000100000040,4000000100000060:1",
    ] {
        client.expect(run, &stop);
        client.expect("qWasmCallStack:1", &addresses(&frames_of_kitchen()));
    }
    // A dump cannot run, so nothing can stop it, and it has no past.
    for refused in [
        "Z0,4000000100000059,1",
        "z0,4000000100000059,1",
        "Z1,4000000100000059,1",
    ] {
        client.expect(refused, "E5f");
    }
    client.expect("Z0,59,1", "E02");
    client.expect("Z9,59,1", "");
    client.expect("bc", "");
    client.expect("bs", "");
    for malformed in ["vCont;x", "vCont;s", "vCont;c:", "Hg-2", "vCont;t"] {
        client.expect(malformed, "E16");
    }
    client.expect("qC", "QC1");
}

fn frames_of_kitchen() -> [u64; 3] {
    let mut client = kitchen_client();
    let stack = client.ask("qWasmCallStack:1");
    let address = |at: usize| {
        let digits = &stack[at * 16..][..16];
        let number = u64::from_str_radix(digits, 16).expect("an address");
        number.swap_bytes() - CODE
    };
    [address(0), address(1), address(2)]
}

#[test]
fn d4_watchpoints_are_refused_where_nothing_runs() {
    let mut client = shop_client();
    for kind in ["Z2", "Z3", "Z4"] {
        client.expect(&format!("{kind},400,4"), "E5f");
    }
    client.expect("z2,400,4", "E02");
    client.expect("Z2,ffffffffffffffff,4", "E0e");
}

#[test]
fn d5_dumps_of_other_writers_are_shown() {
    let bytes = fixtures::dump(Writer::Thorough);
    let mut client = Client::local(dump(bytes, Some(shop())));
    client.expect("qfThreadInfo", "m01");
    assert!(client.ask("?").starts_with("T05thread:1;"));
    client.expect("qWasmCallStack:1", &addresses(&[0x4e, 0x70, 0x7c]));
    client.expect("m400,d", &hex("apples, pears"));
}

#[test]
fn d4_damaged_packets_are_sent_again() {
    let mut client = shop_client();
    client.stream.server.receive(b"$qC#00");
    assert_eq!(client.stream.server.take_output(), b"-");
    client.stream.server.receive(b"$qC#b4");
    let answer = client.stream.server.take_output();
    assert_eq!(answer, [b"+", &*packet(b"QC1")].concat());
    client.stream.server.receive(b"-");
    assert_eq!(client.stream.server.take_output(), packet(b"QC1"));
    // An interrupt of what does not run has no effect.
    client.stream.server.receive(b"\x03");
    assert_eq!(client.stream.server.take_output(), b"");
    client.trust();
    client.stream.server.receive(b"$qC#00");
    assert_eq!(client.stream.server.take_output(), packet(b"E16"));
}

#[test]
fn d4_sessions_end_when_the_client_wants() {
    for (packet, answer, end) in [
        ("k", "X09", End::Killed),
        ("vKill;1", "OK", End::Killed),
        ("D", "OK", End::Detached),
    ] {
        let mut client = shop_client();
        client.expect(packet, answer);
        assert_eq!(client.stream.server.state(), State::Ended(end));
        assert_eq!(client.stream.server.receive(b"$qC#b4"), 0);
    }
}

#[test]
fn d5_the_command_serves_one_client() {
    let dump = file("debug/shop.coredump", ours(shop(), "shop.wasm"));
    let module = file("debug/shop.wasm", shop());
    let (mut server, address) = serve([std::path::Path::new("--module"), &module, &dump]);
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let stream = TcpStream::connect(address).expect("the server listens");
    let timeout = Some(Duration::from_secs(60));
    stream
        .set_read_timeout(timeout)
        .expect("the time is not zero");
    let mut client = Client::new(stream);
    client.expect("qC", "QC1");
    client.trust();
    client.expect("qC", "QC1");
    client.expect("m400,d", &hex("apples, pears"));
    client.expect("D", "OK");
    assert!(server.wait().expect("the command ends").success());
}

#[test]
fn d5_the_command_says_what_it_cannot_debug() {
    let text = |path: std::path::PathBuf| path.to_str().expect("the path is text").to_string();
    let program = text(file("debug/program.wat", "(module)"));
    let run = backstitch(["debug", &program]);
    run.expect(1, "")
        .says(&["nothing was run", "has neither a function `_start`"]);
    let run = backstitch(["debug", "--profile", "x.json", &program]);
    run.expect(1, "")
        .says(&["a program under a debugger cannot have --profile"]);
    let elf = text(file("debug/elf", b"\x7fELF\x02"));
    backstitch(["debug", &elf])
        .expect(1, "")
        .says(&["is an ELF file"]);
    let dump = text(file("debug/address.coredump", ours(shop(), "shop.wasm")));
    let run = backstitch(["debug", &dump, "--module"]);
    run.expect(1, "")
        .says(&["is not a program, and takes no arguments"]);
    let run = backstitch(["debug", "--listen", "nowhere", &dump]);
    run.expect(1, "").says(&["cannot listen at `nowhere`"]);
    let run = backstitch(["--listen", "127.0.0.1:0", "run", &program]);
    run.expect(2, "").says(&["only `debug` listens"]);
}
