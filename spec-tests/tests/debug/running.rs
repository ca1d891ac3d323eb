//! Runs, breakpoints and watchpoints (D4), by a debuggee that records what it is asked for.

use crate::client::{Client, Local, hex};
use backstitch::coredump::Value;
use backstitch::debug::{
    Action, DebugError, Debuggee, Direction, End, Frame, Location, Resumption, State, Stop,
    ThreadId, WatchKind, Watchpoint,
};

/// A program with two threads, one module and one memory, which never runs by itself.
struct Program {
    stop: Stop,
    /// The stops that the next runs end with.
    next: Vec<Stop>,
    asked: Vec<Resumption>,
    breakpoints: Vec<Location>,
    watchpoints: Vec<Watchpoint>,
    memory: Vec<u8>,
    threads: u32,
}

const FIRST: ThreadId = ThreadId::MIN;

impl Program {
    fn client(next: &[Stop]) -> Client<Local<Program>> {
        Client::local(Program {
            stop: Stop::Interrupted { thread: FIRST },
            next: next.iter().rev().cloned().collect(),
            asked: Vec::new(),
            breakpoints: Vec::new(),
            watchpoints: Vec::new(),
            memory: vec![0; 16],
            threads: 2,
        })
    }
}

impl Debuggee for Program {
    fn modules(&self) -> Vec<String> {
        vec!["a \"<&>\u{1}".to_string()]
    }

    fn module_bytes(&self, module: u32) -> Option<&[u8]> {
        // Its only instruction is a call of a function whose index has two bytes.
        (module == 0).then_some(&[0x10, 0x80, 0x01])
    }

    fn instance_of(&self, module: u32) -> Option<u32> {
        (module == 0).then_some(0)
    }

    fn threads(&self) -> Vec<ThreadId> {
        (1..=self.threads).filter_map(ThreadId::new).collect()
    }

    fn thread_name(&self, _: ThreadId) -> Option<String> {
        None
    }

    fn thread_state(&self, _: ThreadId) -> Option<String> {
        None
    }

    fn frames(&self, _: ThreadId, most: usize) -> Vec<Frame> {
        let frame = Frame {
            instance: 0,
            module: 0,
            offset: Some(0),
        };
        vec![frame; most.min(2)]
    }

    fn local(&self, _: ThreadId, _: usize, _: usize) -> Option<Value> {
        None
    }

    fn operand(&self, _: ThreadId, _: usize, _: usize) -> Option<Value> {
        None
    }

    fn global(&self, _: ThreadId, _: usize, _: usize) -> Option<Value> {
        None
    }

    fn memory_size(&self, instance: u32) -> Option<u64> {
        (instance == 0).then_some(self.memory.len() as u64)
    }

    fn read_memory(&self, _: u32, address: u64, buffer: &mut [u8]) -> Result<(), DebugError> {
        let from = self.memory.get(address as usize..);
        let from = from.and_then(|from| from.get(..buffer.len()));
        buffer.copy_from_slice(from.ok_or(DebugError::OutOfBounds)?);
        Ok(())
    }

    fn write_memory(&mut self, _: u32, address: u64, bytes: &[u8]) -> Result<(), DebugError> {
        let to = self.memory.get_mut(address as usize..);
        let to = to.and_then(|to| to.get_mut(..bytes.len()));
        to.ok_or(DebugError::OutOfBounds)?.copy_from_slice(bytes);
        Ok(())
    }

    fn stop(&self) -> Stop {
        self.stop.clone()
    }

    fn resume(&mut self, resumption: &Resumption) -> Stop {
        self.asked.push(resumption.clone());
        let stop = self.next.pop().expect("a run is expected");
        if stop != Stop::Yielded {
            self.stop = stop.clone();
        }
        stop
    }

    fn interrupt(&mut self) -> Stop {
        Stop::Interrupted {
            thread: ThreadId::new(2).expect("it is not 0"),
        }
    }

    fn runs_back(&self) -> bool {
        true
    }

    fn set_breakpoint(&mut self, location: Location) -> Result<(), DebugError> {
        if location.module != 0 || location.offset != 0 {
            return Err(DebugError::Missing);
        }
        self.breakpoints.push(location);
        Ok(())
    }

    fn clear_breakpoint(&mut self, location: Location) -> Result<(), DebugError> {
        let at = self.breakpoints.iter().position(|it| *it == location);
        self.breakpoints.remove(at.ok_or(DebugError::Missing)?);
        Ok(())
    }

    fn set_watchpoint(&mut self, watchpoint: &Watchpoint) -> Result<(), DebugError> {
        if watchpoint.addresses.end > self.memory.len() as u64 {
            return Err(DebugError::OutOfBounds);
        }
        self.watchpoints.push(watchpoint.clone());
        Ok(())
    }

    fn clear_watchpoint(&mut self, watchpoint: &Watchpoint) -> Result<(), DebugError> {
        let at = self.watchpoints.iter().position(|it| it == watchpoint);
        self.watchpoints.remove(at.ok_or(DebugError::Missing)?);
        Ok(())
    }
}

#[test]
fn d4_threads_run_as_the_client_says() {
    let stop = Stop::Step { thread: FIRST };
    let second = ThreadId::new(2).expect("it is not 0");
    let forward = |actions: &[(ThreadId, Action)], others_stay| Resumption {
        direction: Direction::Forward,
        actions: actions.to_vec(),
        others_stay,
    };
    let range = Action::StepOut {
        module: 0,
        offsets: 1..3,
    };
    let back = |actions: &[(ThreadId, Action)]| Resumption {
        direction: Direction::Back,
        actions: actions.to_vec(),
        others_stay: false,
    };
    for (packet, expected) in [
        ("c", forward(&[], false)),
        ("vCont;c", forward(&[], false)),
        ("s", forward(&[(FIRST, Action::Step)], false)),
        ("vCont;s:2;c", forward(&[(second, Action::Step)], false)),
        ("vCont;s:2", forward(&[(second, Action::Step)], true)),
        (
            "vCont;c:1;s:2",
            forward(&[(FIRST, Action::Continue), (second, Action::Step)], true),
        ),
        (
            "vCont;r4000000100000001,4000000100000003:1;c",
            forward(&[(FIRST, range)], false),
        ),
        ("vCont;r0,0:1;c", forward(&[(FIRST, Action::Step)], false)),
        ("bc", back(&[])),
        ("bs", back(&[(FIRST, Action::Step)])),
    ] {
        let mut client = Program::client(std::slice::from_ref(&stop));
        client.expect(packet, "T05thread:1;00:0000000001000040;reason:trace;");
        let asked = &client.stream.server.debuggee().asked;
        assert_eq!(asked, std::slice::from_ref(&expected), "{packet}");
        assert_eq!(expected.action(FIRST).is_none(), packet == "vCont;s:2");
    }
}

#[test]
fn d4_each_stop_has_a_reason() {
    let watchpoint = Watchpoint {
        instance: 0,
        addresses: 4..8,
        kind: WatchKind::Write,
    };
    let thread = FIRST;
    for (stop, answer) in [
        (Stop::Breakpoint { thread }, "reason:breakpoint;"),
        (Stop::Step { thread }, "reason:trace;"),
        (Stop::Interrupted { thread }, "reason:signal;"),
        (Stop::Watchpoint { thread, watchpoint }, "watch:100000004;"),
        (
            Stop::Trapped {
                thread,
                message: "no".to_string(),
            },
            "reason:exception;description:6e6f;",
        ),
        (
            Stop::HistoryEnds {
                thread,
                is_start: true,
            },
            "replaylog:begin;",
        ),
        (
            Stop::HistoryEnds {
                thread,
                is_start: false,
            },
            "replaylog:end;",
        ),
    ] {
        let mut client = Program::client(&[Stop::Yielded, Stop::Yielded, stop]);
        client.expect("Z2,100000004,4", "OK");
        let answer = format!("T05thread:1;00:0000000001000040;{answer}");
        client.expect("c", &answer);
        client.expect("?", &answer);
        assert_eq!(client.stream.server.debuggee().asked.len(), 3);
    }
    let mut client = Program::client(&[Stop::Exited { status: 7 }]);
    client.expect("c", "W07");
    assert_eq!(client.stream.server.state(), State::Ended(End::Exited(7)));
}

#[test]
fn d4_a_run_is_interrupted() {
    let mut client = Program::client(&[Stop::Yielded, Stop::Step { thread: FIRST }]);
    client.send("c");
    let server = &mut client.stream.server;
    assert_eq!(server.state(), State::Running);
    server.run();
    assert_eq!(server.state(), State::Running);
    // Nothing else is answered now.
    assert_eq!(server.take_output(), b"");
    client.expect("m0,1", "E10");
    client.expect("c", "E10");
    client.stream.server.receive(b"\x03");
    assert_eq!(client.stream.server.state(), State::Stopped);
    client.stream.send_output();
    assert_eq!(
        client.answer(),
        "T05thread:2;00:0000000001000040;reason:signal;"
    );
    // The thread that stopped is the one that is selected.
    client.expect("s", "T05thread:1;00:0000000001000040;reason:trace;");
    let asked = &client.stream.server.debuggee().asked;
    let second = ThreadId::new(2).expect("it is not 0");
    assert_eq!(
        asked.last().expect("a run").actions,
        [(second, Action::Step)]
    );
    let mut client = Program::client(&[Stop::Yielded]);
    client.send("c");
    client.expect("k", "X09");
    assert_eq!(client.stream.server.state(), State::Ended(End::Killed));
}

#[test]
fn d4_breakpoints_and_watchpoints_are_set_and_removed() {
    let mut client = Program::client(&[]);
    client.expect("Z0,4000000100000000,1", "OK");
    client.expect("Z1,4000000100000000,4", "OK");
    assert_eq!(client.stream.server.debuggee().breakpoints.len(), 2);
    client.expect("z0,4000000100000000,1", "OK");
    client.expect("z1,4000000100000000,4", "OK");
    client.expect("z0,4000000100000000,1", "E02");
    client.expect("Z0,4000000100000001,1", "E02");
    client.expect("Z0,4000000200000000,1", "E02");
    client.expect("Z3,0,1", "OK");
    client.expect("Z4,f,1", "OK");
    client.expect("Z2,f,2", "E0e");
    client.expect("Z2,0,ffffffffffffffff", "E0e");
    client.expect("Z2,4000000100000000,1", "E0e");
    client.expect("Z2,200000000,1", "E02");
    let kinds = |client: &Client<Local<Program>>| {
        let watched = client.stream.server.debuggee().watchpoints.iter();
        watched.map(|it| it.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&client), [WatchKind::Read, WatchKind::Access]);
    client.expect("z2,0,1", "E02");
    client.expect("z3,0,1", "OK");
    client.expect("z3,0,1", "E02");
    assert_eq!(kinds(&client), [WatchKind::Access]);
}

#[test]
fn d4_memory_is_written_where_it_can_be() {
    let mut client = Program::client(&[]);
    client.expect("M4,3:616263", "OK");
    client.expect("X8,2:de", "OK");
    client.expect("m4,6", &hex("abc\0de"));
    client.expect("M10,1:00", "E0e");
    client.expect("M4000000100000000,1:00", "E5f");
    client.expect("m4000000100000000,8", "108001");
}

#[test]
fn d4_callers_go_on_after_their_calls() {
    let mut client = Program::client(&[]);
    client.expect("qWasmCallStack:1", "00000000010000400300000001000040");
    client.expect(
        "qXfer:libraries:read::0,1000",
        "m<library-list><library name=\"a &quot;&lt;&amp;&gt;\u{fffd}\">\
         <section address=\"0x4000000100000000\"/></library></library-list>",
    );
}

#[test]
fn d4_threads_come_and_go() {
    let mut client = Program::client(&[Stop::Step { thread: FIRST }]);
    client.expect("qfThreadInfo", "m01,02");
    client.expect("s", "T05thread:1;00:0000000001000040;reason:trace;");
    let mut program = Program::client(&[]).stream.server.into_debuggee();
    program.threads = 100_000;
    program.stop = Stop::Interrupted {
        thread: ThreadId::new(99_999).expect("it is not 0"),
    };
    // The one that stopped is always listed.
    let mut client = Client::local(program);
    let threads = client.ask("qfThreadInfo");
    assert!(threads.starts_with("m01869f,01,02,"), "{}", &threads[..40]);
    assert_eq!(threads.split(',').count(), 4096);
    client.expect("T1869f", "OK");
}
