//! Headless Chromium, driven by WebDriver.

use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Time within which a page must be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// Arguments for Chromium: no window, no questions, no network access.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,800",
];

/// A browser with one page.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// Starts a browser. Returns `None` if Chromium or its driver is not installed.
    pub fn start(name: &str) -> Option<Browser> {
        let chromium = ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find(|name| is_there(name));
        let (Some(chromium), true) = (chromium, is_there("chromedriver")) else {
            println!(
                "skipped: Chromium and chromedriver are not installed (apt-get install chromium chromium-driver)"
            );
            return None;
        };
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver can be started");
        let mut lines = BufReader::new(driver.stdout.take().expect("the output is piped")).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.rsplit_once("successfully on port ")?
                    .1
                    .trim_end_matches('.')
                    .parse()
                    .ok()
            })
            .expect("chromedriver prints its port");
        // Reads further output, so that the driver never blocks on a full pipe.
        thread::spawn(move || lines.for_each(drop));
        let mut browser = Browser {
            driver,
            port,
            session: String::new(),
        };
        let profile = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("inspect_browser")
            .join(name);
        let _ = std::fs::remove_dir_all(&profile);
        let mut arguments = ARGUMENTS.map(str::to_string).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        let options = json!({"args": arguments, "binary": path_of(chromium)});
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let session = browser.request("POST", "/session", &wanted);
        browser.session = session["sessionId"]
            .as_str()
            .expect("a session")
            .to_string();
        Some(browser)
    }

    /// Opens a page of `inspect` with a fragment, and waits until it is ready.
    pub fn open(&self, page: &Path, place: &str) {
        let url = format!("file://{}#{place}", page.display());
        // A URL that differs only in its fragment would not be loaded again.
        self.command("url", &json!({"url": "about:blank"}));
        self.command("url", &json!({"url": url}));
        let start = Instant::now();
        while self.eval("return document.documentElement.dataset.ready") != "true" {
            let said = self.text("#reason");
            assert!(start.elapsed() < PATIENCE, "the page is not ready: {said}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs a function body in the page and returns its result.
    pub fn eval(&self, body: &str) -> Value {
        self.command("execute/sync", &json!({"script": body, "args": []}))
    }

    /// Opens a page that is not one of `inspect`.
    pub fn load(&self, url: &str) {
        self.command("url", &json!({"url": url}));
    }

    /// Runs the body of an asynchronous function in the page, with `input` as its argument, and returns
    /// its result, or the text of an exception.
    pub fn eval_async(&self, body: &str, input: &str) -> Value {
        let script = format!(
            "const [input, done] = arguments;
            (async () => {{ {body} }})().then(done, error => done(String(error)));"
        );
        let body = json!({"script": script, "args": [input]});
        self.command("execute/async", &body)
    }

    /// Returns the text of the first element that matches a selector.
    pub fn text(&self, selector: &str) -> String {
        let body = format!(
            "return document.querySelector({})?.innerText ?? ''",
            json!(selector)
        );
        self.eval(&body).as_str().unwrap_or_default().to_string()
    }

    /// Waits until an element contains a text.
    #[track_caller]
    pub fn expect(&self, selector: &str, part: &str) {
        let start = Instant::now();
        while !self.text(selector).contains(part) {
            let text = self.text(selector);
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "`{part}` is not in `{selector}`:\n{text}"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Clicks on the first element that matches a selector.
    pub fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.command(&format!("element/{element}/click"), &json!({}));
    }

    /// Types text into an element.
    pub fn type_into(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.command(&format!("element/{element}/clear"), &json!({}));
        self.command(&format!("element/{element}/value"), &json!({"text": text}));
    }

    /// Presses and releases a key: a character, or one of WebDriver's codes.
    pub fn press(&self, key: &str) {
        let keys = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        let source = json!({"type": "key", "id": "keyboard", "actions": keys});
        self.command("actions", &json!({"actions": [source]}));
    }

    /// Emulates a screen of this width and a height of 800 pixels.
    pub fn resize(&self, width: u32) {
        let metrics = json!({
            "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Emulates a preference for dark colours.
    pub fn darken(&self) {
        let feature = json!({"name": "prefers-color-scheme", "value": "dark"});
        let media = json!({"features": [feature]});
        self.devtools("Emulation.setEmulatedMedia", &media);
    }

    fn devtools(&self, method: &str, parameters: &Value) {
        let body = json!({"cmd": method, "params": parameters});
        self.command("goog/cdp/execute", &body);
    }

    fn find(&self, selector: &str) -> String {
        let wanted = json!({"using": "css selector", "value": selector});
        let found = self.command("element", &wanted);
        let id = found.as_object().and_then(|found| found.values().next());
        let id = id.and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("there is no `{selector}`: {found}"))
            .to_string()
    }

    fn command(&self, name: &str, body: &Value) -> Value {
        self.request("POST", &format!("/session/{}/{name}", self.session), body)
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self
            .exchange(method, path, body)
            .expect("the driver responds");
        let answer: Value = serde_json::from_slice(&answer).expect("the answer is JSON");
        let value = &answer["value"];
        assert!(value.get("error").is_none(), "{path}: {value}");
        value.clone()
    }

    /// Sends a request and returns the body of the answer.
    fn exchange(&self, method: &str, path: &str, body: &Value) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let body = body.to_string();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        // The driver keeps the connection open in spite of `Connection: close`.
        let mut answer = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            answer.read_line(&mut line)?;
            if line.trim_end().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body)?;
        Ok(body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser only on this request. It is necessary after a failed test,
        // too.
        let _ = self.exchange("DELETE", &format!("/session/{}", self.session), &json!({}));
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn is_there(program: &str) -> bool {
    path_of(program).is_some()
}

fn path_of(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(program));
    let found = found.into_iter().find(|file| file.is_file())?;
    found.to_str().map(str::to_string)
}
