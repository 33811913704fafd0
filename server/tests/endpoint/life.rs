//! Start, stop, kill, and what survives.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use cartwright_server::Options;

use crate::harness::{Answer, Endpoint, put, send, session_path, until, whole};

/// The last update of a client that was answered: its number and the answer.
struct Last {
    number: usize,
    answer: Answer,
}

fn numbered(number: usize) -> String {
    whole(&format!(r#"{{"profileId":"{number}","cartItems":[{{"sku":"A","quantity":1,"price":{number}}}]}}"#))
}

/// Updates a session, each time under a new key, until nobody answers.
fn write_on(address: &str, client: usize, answered: &AtomicUsize, first: usize) -> Option<Last> {
    let mut last = None;
    for number in first.. {
        let key = format!("key-{client}-{number}");
        let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
        let path = session_path(&format!("session-{client}"));
        let Ok(answer) = send(address, "PUT", &path, &headers, numbered(number).as_bytes()) else {
            return last;
        };
        assert_eq!(answer.status, 200, "{}", answer.text);
        answered.fetch_add(1, Ordering::Relaxed);
        last = Some(Last { number, answer });
    }
    last
}

#[test]
fn every_answered_update_survives_a_kill_while_50_clients_write() {
    const CLIENTS: usize = 50;
    let mut endpoint = Endpoint::start();
    let mut next = [1; CLIENTS];
    for kill_after in [1, 150, 400] {
        let answered = AtomicUsize::new(0);
        let last: Vec<Option<Last>> = std::thread::scope(|scope| {
            let clients: Vec<_> = next
                .iter()
                .enumerate()
                .map(|(client, first)| {
                    let address = endpoint.address.clone();
                    let answered = &answered;
                    scope.spawn(move || write_on(&address, client, answered, *first))
                })
                .collect();
            until("there were updates", || answered.load(Ordering::Relaxed) >= kill_after);
            endpoint.kill_and_restart();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        assert!(last.iter().flatten().count() > 0);
        for (client, last) in last.into_iter().enumerate() {
            let Some(last) = last else { continue };
            let id = format!("session-{client}");
            let stored: usize = endpoint.session(&id).at("/customerSession/total").parse().unwrap();
            assert!(stored == last.number || stored == last.number + 1, "{stored} of {}", last.number);
            let again = endpoint.keyed(&id, &format!("key-{client}-{}", last.number), &numbered(last.number));
            assert_eq!(again.text, last.answer.text, "its key is known too");
            next[client] = last.number + 2;
        }
    }
    endpoint.terminate();
    let file = endpoint.folder.path().join("sandbox.sqlite");
    let database = rusqlite::Connection::open(file).unwrap();
    let whole: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
}

#[test]
fn a_stop_finishes_what_runs() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"match":{"method":"PUT"},"do":{"delayMs":600000}}]"#);
    let address = endpoint.address.clone();
    let running = std::thread::spawn(move || put(&address, "c", &whole("{}")).unwrap());
    until("the update runs", || endpoint.requests().len() == 1);
    let idle = endpoint.connect();
    let mut half = endpoint.connect();
    half.write_all(b"GET /healthz HTT").unwrap();
    endpoint.terminate();
    assert_eq!(running.join().unwrap().at("/customerSession/updateCount"), "1");
    for mut waiting in [idle, half] {
        let mut rest = Vec::new();
        // A half-sent request may be answered by a reset; what counts is that nobody waits for it.
        let _ = waiting.read_to_end(&mut rest);
        assert_eq!(rest, b"");
    }
    assert_eq!(endpoint.wait(), Some(0));
}

#[test]
fn an_update_is_carried_out_though_its_client_left() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"match":{"method":"PUT"},"do":{"delayMs":600000}}]"#);
    let body = whole("{}");
    let mut leaving = endpoint.connect();
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        session_path("c"),
        body.len()
    );
    leaving.write_all(head.as_bytes()).unwrap();
    until("the update runs", || endpoint.requests().len() == 1);
    drop(leaving);
    endpoint.clear_faults();
    until("the update is carried out", || endpoint.session("c").status == 200);
}

#[test]
fn it_starts_inside_another_program_too() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { port: 0, db: folder.path().join("s.sqlite"), ..Options::default() };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(cartwright_server::start(&options)).unwrap();
    let address = format!("http://{}", server.address());
    assert_eq!(put(&address, "c", &whole("{}")).unwrap().status, 200);
    runtime.block_on(server.stop());
    put(&address, "c", &whole("{}")).unwrap_err();
}

#[test]
fn what_it_cannot_start_with_is_said() {
    let endpoint = Endpoint::start();
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.sqlite");
    std::fs::write(&broken, "this is no database, only some text".repeat(100)).unwrap();
    let port = endpoint.address.rsplit(':').next().unwrap();
    let db = folder.path().join("s.sqlite");
    let db = db.to_str().unwrap();
    for (arguments, said) in [
        (vec!["--port", port, "--db", db], "--port"),
        (vec!["--port", "0", "--db", broken.to_str().unwrap()], "broken.sqlite"),
        (vec!["--port", "0", "--db", db, "--static", "/nowhere/at/all"], "/nowhere/at/all"),
        (vec!["--port", "0", "--db", db, "--campaigns", "/nowhere.json"], "/nowhere.json"),
        (vec!["--prot", "0"], "--prot"),
        (vec!["--port", "many"], "many"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_cartwright-server")).args(&arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
    let help = Command::new(env!("CARGO_BIN_EXE_cartwright-server")).arg("--help").output().unwrap();
    assert!(help.status.success());
    assert!(String::from_utf8_lossy(&help.stdout).contains("--campaigns FILE"));
}
