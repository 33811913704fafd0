//! Starts the program, talks to it, and ends it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cartwright::model::json::Value;
use tempfile::TempDir;

/// The key of the relays.
pub const KEY: &str = "dbf2bab1c05f8e9a6f0a9d8cafe4e21a0d2bce0a";

/// Longest wait for something that must come.
const DEADLINE: Duration = Duration::from_secs(30);

/// A running endpoint with its own folder.
pub struct Endpoint {
    pub address: String,
    child: Child,
    pub folder: TempDir,
    arguments: Vec<String>,
}

/// An answer, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        Value::parse(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The text form of what a JSON pointer leads to.
    pub fn at(&self, pointer: &str) -> String {
        let json = self.json();
        let mut place = &json;
        for step in pointer.split('/').skip(1) {
            let next = match place {
                Value::Array(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
                other => other.get(step),
            };
            place = next.unwrap_or_else(|| panic!("no {pointer} in {}", self.text));
        }
        place.to_text()
    }

    /// Pointers (or parameters) of all problems.
    pub fn places(&self) -> Vec<String> {
        let json = self.json();
        let errors = json.get("errors").and_then(Value::as_array).unwrap_or_default().to_vec();
        let place = |error: &Value| {
            let source = error.get("source").unwrap();
            source.get("pointer").or(source.get("parameter")).unwrap().as_str().unwrap().to_string()
        };
        errors.iter().map(place).collect()
    }

    /// `effectType` and its props, in order.
    pub fn effects(&self) -> Vec<(String, Value)> {
        let json = self.json();
        let effects = json.get("effects").and_then(Value::as_array).unwrap().to_vec();
        let effect = |effect: &Value| {
            let kind = effect.get("effectType").unwrap().as_str().unwrap().to_string();
            (kind, effect.get("props").unwrap().clone())
        };
        effects.iter().map(effect).collect()
    }

    /// The props of all effects of a type, as text.
    pub fn props(&self, kind: &str) -> Vec<String> {
        let effects = self.effects().into_iter().filter(|(found, _)| found == kind);
        effects.map(|(_, props)| props.to_text()).collect()
    }
}

impl Endpoint {
    pub fn start() -> Endpoint {
        Endpoint::start_with(&[])
    }

    pub fn start_with(arguments: &[&str]) -> Endpoint {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("sandbox.sqlite");
        let mut all = vec!["--db".to_string(), db.to_str().unwrap().to_string()];
        all.extend(arguments.iter().map(ToString::to_string));
        Endpoint::launch(folder, all)
    }

    /// A relay to an address, with [`KEY`].
    pub fn relay(upstream: &str, arguments: &[&str]) -> Endpoint {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        std::fs::write(&key, format!("{KEY}\n")).unwrap();
        let mut all =
            ["--upstream", upstream, "--api-key-file", key.to_str().unwrap()].map(String::from).to_vec();
        all.extend(arguments.iter().map(ToString::to_string));
        Endpoint::launch(folder, all)
    }

    fn launch(folder: TempDir, arguments: Vec<String>) -> Endpoint {
        let (child, address) = launch(folder.path(), &arguments);
        Endpoint { address, child, folder, arguments }
    }

    /// What it wrote on standard error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process as a power failure would, and starts it again on the same file.
    pub fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        (self.child, self.address) = launch(self.folder.path(), &self.arguments);
    }

    /// Asks the process to stop.
    pub fn terminate(&self) {
        let kill = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// Waits for the end of the process; its exit code.
    pub fn wait(mut self) -> Option<i32> {
        let mut code = None;
        until("the process ends", || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        code.and_then(|code| code.code())
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_send(method, path, headers, body).unwrap()
    }

    /// Sends on a connection of its own.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        send(&self.address, method, path, headers, body)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    /// A session update.
    pub fn put(&self, id: &str, body: &str) -> Answer {
        put(&self.address, id, body).unwrap()
    }

    /// A session update that must succeed.
    pub fn updated(&self, id: &str, session: &str) -> Answer {
        let answer = self.put(id, &whole(session));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer
    }

    /// A session update under a key.
    pub fn keyed(&self, id: &str, key: &str, body: &str) -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.send("PUT", &session_path(id), &headers, body.as_bytes())
    }

    pub fn session(&self, id: &str) -> Answer {
        self.get(&session_path(id))
    }

    pub fn faults(&self, rules: &str) -> Answer {
        let headers = [("content-type", "application/json")];
        let answer = self.send("POST", "/sandbox/faults", &headers, rules.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer
    }

    pub fn clear_faults(&self) {
        assert_eq!(self.send("DELETE", "/sandbox/faults", &[], b"").status, 204);
    }

    /// The journal.
    pub fn requests(&self) -> Vec<Value> {
        self.get("/sandbox/requests").json().as_array().unwrap().to_vec()
    }

    /// A connection for bytes that no proper client would send.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// Sends bytes and reads until the other side closes.
    pub fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // It may have ended by itself, which the test then has seen.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(folder: &Path, arguments: &[String]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cartwright-server"))
        .args(["--port", "0"])
        .args(arguments)
        .env("CARTWRIGHT_LOG", "trace")
        .env_remove("CARTWRIGHT_API_KEY")
        .stdout(Stdio::piped())
        .stderr(File::options().create(true).append(true).open(folder.join("log")).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ").unwrap().to_string();
    (child, address)
}

pub fn put(address: &str, id: &str, body: &str) -> Result<Answer, ureq::Error> {
    let headers = [("content-type", "application/json")];
    send(address, "PUT", &session_path(id), &headers, body.as_bytes())
}

/// A request on a connection of its own.
pub fn send(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, ureq::Error> {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_idle_connections(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(DEADLINE))
        .build();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let agent = ureq::Agent::new_with_config(config);
    let mut response = match body {
        b"" => agent.run(request.body(()).unwrap())?,
        body => agent.run(request.body(body).unwrap())?,
    };
    let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_string())
    };
    let headers = response.headers().iter().map(header).collect();
    let status = response.status().as_u16();
    let bytes = response.body_mut().with_config().limit(64 << 20).read_to_vec()?;
    Ok(Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() })
}

pub fn session_path(id: &str) -> String {
    format!("/session-api/v2/customer_sessions/{id}")
}

/// An update body that asks for the session.
pub fn whole(session: &str) -> String {
    format!("{{\"customerSession\":{session},\"responseContent\":[\"customerSession\"]}}")
}

/// Waits for something that must come, however long the machine takes.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < DEADLINE, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
