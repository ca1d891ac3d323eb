//! The session: packets in, answers out, and runs of the debuggee in between.

use super::adapter::Adapter;
use super::packet::{MAX_PACKET, Received, Receiver, packet};
use super::{Connection, Debuggee, Stop, query, stop};
use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::mem;
use gdbstub::common::{Signal, Tid};
use gdbstub::stub::state_machine::GdbStubStateMachine;
use gdbstub::stub::{GdbStubBuilder, MultiThreadStopReason};

/// Number of bytes that are read from a connection at once.
const CHUNK: usize = 4096;

/// The answer to a packet that arrives while the debuggee runs: `EBUSY`.
const BUSY: &[u8] = b"E10";

/// A server of a debuggee for one client: GDB's remote protocol, with LLDB's packets for WebAssembly.
///
/// [`Server::serve`] does everything for a [`Connection`]. Without one, pass what the client sends to
/// [`Server::receive`], send it [`Server::take_output`], and call [`Server::run`] while the state is
/// [`State::Running`].
///
/// LLDB connects with `process connect --plugin wasm connect://HOST:PORT`.
///
/// ```
/// use backstitch::CoreDump;
/// use backstitch::debug::{Dump, Server};
///
/// # use wasm_encoder::*;
/// # let mut module = wasm_encoder::Module::new();
/// # let mut stack = CoreDumpStackSection::new("main");
/// # stack.frame(0, 7, 12, [CoreDumpValue::I32(3)], []);
/// # let bytes = module.section(&CoreDumpSection::new("shop.wasm")).section(&stack).as_slice();
/// let dump = CoreDump::parse(bytes)?;
/// let mut server = Server::new(Dump::new(&dump, |_| None)?);
/// server.receive(b"$qC#b4");
/// assert_eq!(server.take_output(), b"+$QC1#c5");
/// # Ok::<(), backstitch::Error>(())
/// ```
pub struct Server<D: Debuggee> {
    adapter: Adapter<D>,
    /// The state machine of `gdbstub`, unless it has failed.
    machine: Option<Machine<D>>,
    receiver: Receiver,
    state: State,
    /// `true` if neither side acknowledges packets.
    is_reliable: bool,
    output: Vec<u8>,
    /// The last answer, in case the client has not understood it.
    last: Vec<u8>,
    /// The last packet that selected a thread.
    selection: Option<Vec<u8>>,
}

/// The state of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The debuggee does not run, and the client is to send something.
    Stopped,
    /// The debuggee runs, and the client waits for it to stop.
    Running,
    /// The session has ended.
    Ended(End),
}

/// The end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The debuggee has exited.
    Exited(u8),
    /// The client wants the debuggee to end.
    Killed,
    /// The client has left, and the debuggee may go on.
    Detached,
    /// The connection was closed.
    Closed,
}

type Machine<D> = GdbStubStateMachine<'static, Adapter<D>, Output>;

/// Collects what `gdbstub` writes.
#[derive(Default)]
struct Output(Vec<u8>);

impl gdbstub::conn::Connection for Output {
    type Error = Infallible;

    fn write(&mut self, byte: u8) -> Result<(), Infallible> {
        self.0.push(byte);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<D: Debuggee> Server<D> {
    /// Returns a server that waits for the first packet.
    pub fn new(debuggee: D) -> Server<D> {
        Server {
            adapter: Adapter::new(debuggee),
            machine: None,
            receiver: Receiver::default(),
            state: State::Stopped,
            is_reliable: false,
            output: Vec::new(),
            last: Vec::new(),
            selection: None,
        }
    }

    /// Returns the state of the session.
    pub fn state(&self) -> State {
        self.state
    }

    /// Returns the debuggee.
    pub fn debuggee(&self) -> &D {
        &self.adapter.debuggee
    }

    /// Returns the debuggee, and ends the session without a word to the client.
    pub fn into_debuggee(self) -> D {
        self.adapter.debuggee
    }

    /// Returns the bytes that are to be sent to the client.
    pub fn take_output(&mut self) -> Vec<u8> {
        mem::take(&mut self.output)
    }

    /// Takes bytes of the client, up to the end of the first packet that needs an answer, and returns
    /// their number.
    pub fn receive(&mut self, bytes: &[u8]) -> usize {
        for (at, byte) in bytes.iter().enumerate() {
            if matches!(self.state, State::Ended(_)) {
                return at;
            }
            if let Some(received) = self.receiver.push(*byte) {
                self.handle(received);
                return at + 1;
            }
        }
        bytes.len()
    }

    /// Runs the debuggee until it stops or yields, if the client waits for that.
    pub fn run(&mut self) {
        if self.state == State::Running {
            let stop = self.adapter.debuggee.resume(&self.adapter.resumption);
            self.stopped(stop);
        }
    }

    /// Serves the client of a connection until the session ends.
    ///
    /// # Errors
    ///
    /// If the connection fails.
    pub fn serve<C: Connection>(&mut self, connection: &mut C) -> Result<End, C::Error> {
        let mut buffer = [0; CHUNK];
        loop {
            let read = match self.state {
                State::Ended(end) => return Ok(end),
                State::Stopped => Some(connection.read(&mut buffer)?),
                State::Running => connection.poll(&mut buffer)?,
            };
            let mut rest = match read {
                Some(0) => {
                    self.state = State::Ended(End::Closed);
                    continue;
                }
                Some(len) => &buffer[..len.min(CHUNK)],
                None => &[],
            };
            while !rest.is_empty() && !matches!(self.state, State::Ended(_)) {
                rest = &rest[self.receive(rest)..];
                self.send(connection)?;
            }
            self.run();
            self.send(connection)?;
        }
    }

    fn send<C: Connection>(&mut self, connection: &mut C) -> Result<(), C::Error> {
        match self.output.is_empty() {
            true => Ok(()),
            false => connection.write(&self.take_output()),
        }
    }

    fn handle(&mut self, received: Received) {
        match received {
            Received::Packet(packet) => {
                self.acknowledge(b"+");
                self.packet(&packet);
            }
            Received::Damaged if self.is_reliable => self.answer(query::MALFORMED),
            Received::Damaged => self.acknowledge(b"-"),
            Received::Resend if self.is_reliable => {}
            Received::Resend => self.output.extend_from_slice(&self.last),
            Received::Interrupt if self.state == State::Running => {
                let stop = self.adapter.debuggee.interrupt();
                self.stopped(stop);
            }
            // What does not run cannot be interrupted.
            Received::Interrupt => {}
        }
    }

    fn acknowledge(&mut self, sign: &[u8]) {
        if !self.is_reliable {
            self.output.extend_from_slice(sign);
        }
    }

    fn answer(&mut self, contents: &[u8]) {
        self.answer_framed(packet(contents));
    }

    fn answer_framed(&mut self, packet: Vec<u8>) {
        self.output.extend_from_slice(&packet);
        self.last = packet;
    }

    fn packet(&mut self, packet: &[u8]) {
        match packet {
            b"k" => {
                // The program is terminated by a signal: SIGKILL.
                self.answer(b"X09");
                self.state = State::Ended(End::Killed);
            }
            _ if packet.starts_with(b"vKill") => {
                self.answer(b"OK");
                self.state = State::Ended(End::Killed);
            }
            _ if self.state == State::Running => self.answer(BUSY),
            [b'D'] | [b'D', b';', ..] => {
                self.answer(b"OK");
                self.state = State::Ended(End::Detached);
            }
            b"QStartNoAckMode" => {
                self.answer(b"OK");
                self.is_reliable = true;
            }
            _ => match query::answer(&self.adapter, packet) {
                Some(answer) => self.answer(&answer),
                None => self.pass(&self.normalised(packet)),
            },
        }
    }

    /// Returns the packet that `gdbstub` is to see. It takes `c` and `s` to concern one thread, while
    /// all others stay.
    fn normalised<'p>(&self, packet: &'p [u8]) -> Cow<'p, [u8]> {
        match (packet, self.adapter.stop().thread()) {
            (b"c", _) => Cow::Borrowed(b"vCont;c"),
            (b"s", Some(thread)) => Cow::Owned(format!("vCont;s:{thread:x};c").into_bytes()),
            _ => Cow::Borrowed(packet),
        }
    }

    /// Passes a packet to `gdbstub`.
    fn pass(&mut self, contents: &[u8]) {
        match self.feed(contents) {
            Ok(answer) => {
                if contents.starts_with(b"Hg") {
                    self.selection = Some(contents.to_vec());
                }
                match self.machine {
                    Some(GdbStubStateMachine::Running(_)) => self.state = State::Running,
                    _ => self.answer_framed(answer),
                }
            }
            Err(Malformed) => {
                if let Some(selection) = self.selection.clone() {
                    // It was understood before.
                    let _ = self.feed(&selection);
                }
                self.answer(query::MALFORMED);
            }
        }
    }

    /// Lets `gdbstub` handle a packet, and returns its answer. If it fails, the next packet is for a new
    /// one.
    fn feed(&mut self, contents: &[u8]) -> Result<Vec<u8>, Malformed> {
        let machine = self.machine.take();
        let mut machine = machine.map_or_else(|| start(&mut self.adapter), Ok)?;
        for byte in packet(contents) {
            let GdbStubStateMachine::Idle(idle) = machine else {
                return Err(Malformed);
            };
            let next = idle.incoming_data(&mut self.adapter, byte);
            machine = next.map_err(|_| Malformed)?;
        }
        let written = match &mut machine {
            GdbStubStateMachine::Idle(inner) => mem::take(&mut inner.borrow_conn().0),
            GdbStubStateMachine::Running(inner) => mem::take(&mut inner.borrow_conn().0),
            _ => return Err(Malformed),
        };
        self.machine = Some(machine);
        // It acknowledges what it understood.
        Ok(written.strip_prefix(b"+").unwrap_or(&written).to_vec())
    }

    /// Tells the client, and `gdbstub`, that the debuggee has stopped.
    fn stopped(&mut self, stop: Stop) {
        if stop == Stop::Yielded {
            return;
        }
        self.adapter.set_stop(stop);
        self.answer(&stop::reply(&self.adapter));
        if let Stop::Exited { status } = *self.adapter.stop() {
            self.state = State::Ended(End::Exited(status));
            return;
        }
        self.state = State::Stopped;
        self.selection = None;
        let thread = self.adapter.stop().thread();
        let thread = thread.and_then(|thread| Tid::new(usize::try_from(thread.get()).ok()?));
        if let (Some(GdbStubStateMachine::Running(running)), Some(tid)) =
            (self.machine.take(), thread)
        {
            let signal = Signal::SIGTRAP;
            let reason = MultiThreadStopReason::SignalWithThread { tid, signal };
            if let Ok(GdbStubStateMachine::Idle(mut idle)) =
                running.report_stop(&mut self.adapter, reason)
            {
                // The client has got another answer already.
                idle.borrow_conn().0.clear();
                self.machine = Some(idle.into());
            }
        }
    }
}

impl<D: Debuggee> fmt::Debug for Server<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// A packet that `gdbstub` does not understand.
struct Malformed;

/// Returns a new state machine of `gdbstub`.
fn start<D: Debuggee>(adapter: &mut Adapter<D>) -> Result<Machine<D>, Malformed> {
    let builder = GdbStubBuilder::new(Output::default()).packet_buffer_size(MAX_PACKET + 4);
    let stub = builder.build().map_err(|_| Malformed)?;
    stub.run_state_machine(adapter).map_err(|_| Malformed)
}
