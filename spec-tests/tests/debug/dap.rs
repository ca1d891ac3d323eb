//! A client of the Debug Adapter Protocol, which VS Code speaks to `lldb-dap`.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// The first version of the adapter with support for WebAssembly, by Debian's name.
const ADAPTER: &str = "lldb-dap-22";

/// The time after which an adapter that sends nothing is taken to hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to an adapter, in a process of its own.
pub struct Adapter {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    /// The number of the last request.
    requests: u64,
    /// The messages that nobody has waited for.
    pending: Vec<Value>,
    /// All messages, for what is printed when a test fails.
    log: Vec<String>,
}

impl Adapter {
    /// Starts an adapter: `None`, with a notice, if there is none.
    pub fn start() -> Option<Adapter> {
        let started = Command::new(ADAPTER)
            .arg("--no-lldbinit")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut process) = started else {
            println!("skipped: there is no {ADAPTER} (apt-get install lldb-22)");
            return None;
        };
        let input = process.stdin.take().expect("it is piped");
        let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut adapter = Adapter {
            process,
            input,
            messages,
            requests: 0,
            pending: Vec::new(),
            log: Vec::new(),
        };
        adapter.ask(
            "initialize",
            json!({"adapterID": "lldb-dap", "pathFormat": "path"}),
        );
        Some(adapter)
    }

    /// Sends a request, and does not wait for the response.
    pub fn send(&mut self, command: &str, arguments: Value) {
        self.requests += 1;
        let request = json!({
            "seq": self.requests,
            "type": "request",
            "command": command,
            "arguments": arguments,
        });
        let text = request.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len())
            .and_then(|()| self.input.flush())
            .expect("the adapter reads");
    }

    /// Sends a request. Returns the body of the response, which must be one of success.
    #[track_caller]
    pub fn ask(&mut self, command: &str, arguments: Value) -> Value {
        self.send(command, arguments);
        self.response(command)
    }

    /// Waits for the response to a request that was sent last by this name.
    #[track_caller]
    pub fn response(&mut self, command: &str) -> Value {
        let response = self.wait("response", "command", command);
        if response["success"] != true {
            self.fail(&format!("`{command}` failed"));
        }
        response["body"].clone()
    }

    /// Waits for the next event of a kind, and returns its body.
    #[track_caller]
    pub fn event(&mut self, kind: &str) -> Value {
        self.wait("event", "event", kind)["body"].clone()
    }

    /// Waits for the first message of a type whose member has a value. A stop may come before the
    /// response to the request that led to it.
    #[track_caller]
    fn wait(&mut self, kind: &str, member: &str, value: &str) -> Value {
        let is_awaited = |message: &Value| message["type"] == kind && message[member] == value;
        loop {
            if let Some(at) = self.pending.iter().position(is_awaited) {
                return self.pending.remove(at);
            }
            let Ok(message) = self.messages.recv_timeout(PATIENCE) else {
                self.fail(&format!("there is no {kind} `{value}`"));
            };
            self.log.push(message.to_string());
            self.pending.push(message);
        }
    }

    #[track_caller]
    fn fail(&mut self, why: &str) -> ! {
        let _ = self.process.kill();
        panic!("{why}:\n{}", self.log.join("\n"))
    }

    /// Ends the session and the adapter.
    pub fn disconnect(mut self) {
        self.ask("disconnect", json!({"terminateDebuggee": true}));
        drop(self.input);
        self.process.wait().expect("the adapter ends");
    }
}

/// Reads the next message: `None` at the end.
fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut len = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).expect("a header is text") == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", value)) => len = value.parse().expect("a length"),
            Some(_) => {}
            None => break,
        }
    }
    let mut contents = vec![0; len];
    output.read_exact(&mut contents).expect("a message");
    Some(serde_json::from_slice(&contents).expect("a message is JSON"))
}
