//! A client of GDB's remote protocol.

use crate::command::program;
use backstitch::CoreDump;
use backstitch::debug::{Debuggee, Dump, Server, State};
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// A stream of bytes to and from a server.
pub trait Stream {
    /// Sends bytes to the server.
    fn send(&mut self, bytes: &[u8]);

    /// Returns the next byte of the server; `None` if it sends nothing more.
    fn receive(&mut self) -> Option<u8>;
}

impl Stream for TcpStream {
    fn send(&mut self, bytes: &[u8]) {
        self.write_all(bytes).expect("the server reads");
    }

    fn receive(&mut self) -> Option<u8> {
        let mut byte = [0];
        let len = self.read(&mut byte).expect("the server writes");
        (len > 0).then_some(byte[0])
    }
}

/// A server in this process.
pub struct Local<D: Debuggee> {
    pub server: Server<D>,
    output: VecDeque<u8>,
}

impl<D: Debuggee> Local<D> {
    /// Passes what the server has written to the client.
    pub fn send_output(&mut self) {
        self.output.extend(self.server.take_output());
    }
}

impl<D: Debuggee> Stream for Local<D> {
    fn send(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !matches!(self.server.state(), State::Ended(_)) {
            bytes = &bytes[self.server.receive(bytes)..];
            self.send_output();
        }
    }

    fn receive(&mut self) -> Option<u8> {
        while self.output.is_empty() && self.server.state() == State::Running {
            self.server.run();
            self.send_output();
        }
        self.output.pop_front()
    }
}

/// A client, which checks all that the protocol demands of a server.
pub struct Client<S> {
    pub stream: S,
    /// `true` if neither side acknowledges packets.
    is_reliable: bool,
}

impl<D: Debuggee> Client<Local<D>> {
    /// Returns a client of a server in this process.
    pub fn local(debuggee: D) -> Client<Local<D>> {
        Client::new(Local {
            server: Server::new(debuggee),
            output: VecDeque::new(),
        })
    }
}

impl<S: Stream> Client<S> {
    pub fn new(stream: S) -> Client<S> {
        Client {
            stream,
            is_reliable: false,
        }
    }

    /// Sends a packet, and returns the contents of the answer.
    #[track_caller]
    pub fn ask(&mut self, contents: &str) -> String {
        self.send(contents);
        self.answer()
    }

    /// Sends a packet, and checks the contents of the answer.
    #[track_caller]
    pub fn expect(&mut self, contents: &str, answer: &str) {
        let got = self.ask(contents);
        assert_eq!(got, answer, "the answer to `{contents}`");
    }

    /// Sends a packet without waiting for an answer.
    #[track_caller]
    pub fn send(&mut self, contents: &str) {
        self.stream.send(&packet(contents.as_bytes()));
        if !self.is_reliable {
            assert_eq!(
                self.stream.receive(),
                Some(b'+'),
                "`{contents}` is received"
            );
        }
    }

    /// Receives a packet.
    #[track_caller]
    pub fn answer(&mut self) -> String {
        assert_eq!(self.stream.receive(), Some(b'$'), "an answer");
        let mut contents = Vec::new();
        loop {
            match self.stream.receive().expect("the answer ends") {
                b'#' => break,
                byte => contents.push(byte),
            }
        }
        let sum = [self.stream.receive(), self.stream.receive()].map(|it| it.expect("a checksum"));
        assert!(packet(&contents).ends_with(&sum), "the checksum is wrong");
        if !self.is_reliable {
            self.stream.send(b"+");
        }
        String::from_utf8(contents).expect("the answer is text")
    }

    /// Turns acknowledgements off.
    #[track_caller]
    pub fn trust(&mut self) {
        self.expect("QStartNoAckMode", "OK");
        self.is_reliable = true;
    }
}

/// Returns the packet with the given contents.
pub fn packet(contents: &[u8]) -> Vec<u8> {
    let sum = contents
        .iter()
        .fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
    [b"$", contents, format!("#{sum:02x}").as_bytes()].concat()
}

/// Returns bytes as hexadecimal digits.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    let digits = bytes.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// Returns a dump as a debuggee, for the rest of the process.
pub fn dump(bytes: Vec<u8>, module: Option<&'static [u8]>) -> Dump<'static> {
    let dump = CoreDump::parse(bytes.leak()).expect("the file is a core dump");
    let dump: &'static CoreDump<'static> = Box::leak(Box::new(dump));
    Dump::new(dump, |_| module).expect("the module is one")
}

/// Starts `backstitch debug` with arguments. Returns the process, and the address that it has printed.
pub fn serve(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> (Child, String) {
    let mut server = Command::new(program())
        .arg("debug")
        .args(arguments)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut output = BufReader::new(server.stderr.take().expect("it is piped"));
    let mut line = String::new();
    output.read_line(&mut line).expect("the line is text");
    // The command may print more.
    server.stderr = Some(output.into_inner());
    let address = line.strip_prefix("Waiting for a debugger at ");
    (server, address.expect(&line).trim_end().to_string())
}
