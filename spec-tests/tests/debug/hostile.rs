//! Clients that send anything: each packet has an answer, and none does harm.

use crate::client::{dump, packet};
use crate::fixtures::{kitchen, ours, shop};
use backstitch::CoreDump;
use backstitch::debug::{Debuggee, Dump, MAX_PACKET, Server, State};

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Packets of every kind, to be mutated.
const PACKETS: &[&str] = &[
    "?",
    "D",
    "g",
    "G0000000000000040",
    "Hg1",
    "Hc-1",
    "Hgp1.1",
    "k",
    "m400,20",
    "m4000000100000000,1ffff",
    "M400,2:0000",
    "X400,2:ab",
    "qAttached",
    "qfThreadInfo",
    "qsThreadInfo",
    "qSupported:multiprocess+;xmlRegisters=i386",
    "T1",
    "vKill;1",
    "c",
    "s",
    "C05",
    "S05;400",
    "bc",
    "bs",
    "vCont?",
    "vCont;c",
    "vCont;s:1;c",
    "vCont;r4000000100000000,4000000100000020:1;c:-1",
    "vCont;C05:p1.1",
    "QStartNoAckMode",
    "p0",
    "P0=0000000000000040",
    "qRegisterInfo0",
    "qXfer:libraries:read::0,1000",
    "qXfer:features:read:target.xml:0,1000",
    "qHostInfo",
    "qProcessInfo",
    "qThreadExtraInfo,1",
    "qThreadStopInfo1",
    "qMemoryRegionInfo:400",
    "qC",
    "qWasmCallStack:1",
    "qWasmLocal:0;0",
    "qWasmGlobal:0;0",
    "qWasmStackValue:0;0",
    "Z0,4000000100000059,1",
    "z0,4000000100000059,1",
    "Z2,400,4",
    "z2,400,4",
    "Z0,4000000100000059,1;X3,220027",
];

/// Parts that packets are changed with.
const PARTS: &[&[u8]] = &[
    b"",
    b":",
    b";",
    b",",
    b"-1",
    b"0",
    b"p-1.0",
    b"ffffffffffffffff",
    b"8000000000000000",
    b"100000000000000000000",
    b"4000000100000000",
    b"18446744073709551615",
    b"\xff\xfe",
    b"}",
    b"*~",
    b"x",
    b"=",
    b"+",
    b"\0",
];

/// Sends bytes, and returns the answer. Nothing that is sent takes long.
fn send<D: Debuggee>(server: &mut Server<D>, mut bytes: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    while !bytes.is_empty() && !matches!(server.state(), State::Ended(_)) {
        bytes = &bytes[server.receive(bytes)..];
        server.run();
        output.extend(server.take_output());
        assert!(output.len() < 4 * MAX_PACKET, "the answer is too long");
    }
    output
}

fn mutated(random: &mut Random) -> Vec<u8> {
    let mut bytes = random.of(PACKETS).as_bytes().to_vec();
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(4)).min(bytes.len());
        match random.below(4) {
            0 => drop(bytes.splice(at..end, random.of(PARTS).iter().copied())),
            1 => bytes.truncate(at),
            2 => bytes.insert(at, random.below(256) as u8),
            _ => {
                let other = random.of(PACKETS).bytes();
                bytes.extend(other);
            }
        }
    }
    bytes.retain(|byte| !matches!(byte, b'#' | b'$'));
    bytes
}

fn server() -> Server<Dump<'static>> {
    let module: &'static [u8] = kitchen(4).leak();
    Server::new(dump(ours(module, "kitchen.wasm"), Some(module)))
}

#[test]
fn d4_mutated_packets_have_answers() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let mut server = server();
    for _ in 0..30_000 {
        let contents = mutated(&mut random);
        let output = send(&mut server, &packet(&contents));
        let text = String::from_utf8_lossy(&contents);
        let answers = output.iter().filter(|byte| **byte == b'$').count();
        assert_eq!(answers, 1, "the answer to `{text}`");
        if matches!(server.state(), State::Ended(_)) {
            server = Server::new(server.into_debuggee());
            continue;
        }
        // The server still works.
        let output = send(&mut server, &packet(b"qC"));
        assert!(output.ends_with(&packet(b"QC1")), "after `{text}`");
    }
}

#[test]
fn d4_any_bytes_are_received() {
    let mut random = Random(0xfeed_beef_1357_9bdf);
    let mut server = server();
    let bytes = b"$$$###+-\x03m0,?kDcsvHgq1234567890abcdef:;}*";
    for _ in 0..3_000 {
        let noise: Vec<u8> = (0..random.below(400))
            .map(|_| match random.below(4) {
                0 => random.below(256) as u8,
                _ => *random.of(bytes),
            })
            .collect();
        send(&mut server, &noise);
        if matches!(server.state(), State::Ended(_)) {
            server = Server::new(server.into_debuggee());
            continue;
        }
        // Whatever has begun ends with this.
        send(&mut server, b"#00");
        let output = send(&mut server, &packet(b"qC"));
        assert!(output.ends_with(&packet(b"QC1")));
    }
}

#[test]
fn d4_long_packets_are_refused() {
    let mut server = server();
    let long = vec![b'0'; 20 * MAX_PACKET];
    let output = send(&mut server, &packet(&long));
    assert_eq!(output, b"-");
    // The longest that is received, of each kind.
    for name in [
        "m",
        "M0,1:",
        "X0,1:",
        "vCont;",
        "H",
        "qWasmLocal:",
        "G",
        "Z0,",
        "qThreadExtraInfo,",
    ] {
        let contents = format!("{name}{}", "0".repeat(MAX_PACKET - name.len()));
        let output = send(&mut server, &packet(contents.as_bytes()));
        assert!(output.starts_with(b"+$"), "the answer to `{name}…`");
    }
    let output = send(&mut server, &packet(b"qC"));
    assert!(output.ends_with(&packet(b"QC1")));
}

/// Dumps are hostile as well: each that can be parsed is shown.
#[test]
fn d5_mutated_dumps_are_shown() {
    let mut random = Random(0x0dd_ba11_5eed);
    let original = ours(shop(), "shop.wasm");
    let mut parsed = 0;
    for _ in 0..10_000 {
        let mut bytes = original.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] = random.below(256) as u8;
        }
        let Ok(dump) = CoreDump::parse(&bytes) else {
            continue;
        };
        let Ok(debuggee) = Dump::new(&dump, |_| Some(shop())) else {
            continue;
        };
        parsed += 1;
        let mut server = Server::new(debuggee);
        for contents in PACKETS
            .iter()
            .filter(|packet| !matches!(**packet, "k" | "D" | "vKill;1"))
        {
            if matches!(server.state(), State::Ended(_)) {
                break;
            }
            send(&mut server, &packet(contents.as_bytes()));
        }
    }
    assert!(parsed > 1000, "only {parsed} dumps can be parsed");
}
