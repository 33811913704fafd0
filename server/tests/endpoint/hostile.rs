//! Clients that mean no good, or know no better: an answer in the API's shape or a closed
//! connection, never a panic, never another session's data.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use cartwright::model::json::Value;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::bad_input::assert_shape;
use crate::harness::{Endpoint, session_path, whole};

/// A session that nobody else's answer may show.
const CANARY: &str = "canary-7f3a";

fn with_canary(endpoint: &Endpoint) {
    endpoint.updated(CANARY, &format!(r#"{{"profileId":"profile-{CANARY}"}}"#));
}

/// Still there, still whole, and nothing panicked on the way.
fn assert_unharmed(endpoints: &[&Endpoint]) {
    for endpoint in endpoints {
        let stored = endpoint.session(CANARY);
        assert_eq!(stored.at("/customerSession/profileId"), format!("\"profile-{CANARY}\""));
        assert_eq!(stored.at("/customerSession/updateCount"), "1");
        assert!(!endpoint.log().contains("panicked"), "{}", endpoint.log());
    }
}

fn sandbox_and_relay(arguments: &[&str]) -> (Endpoint, Endpoint) {
    let sandbox = Endpoint::start_with(arguments);
    with_canary(&sandbox);
    let relay = Endpoint::relay(&format!("{}/session-api", sandbox.address), arguments);
    (sandbox, relay)
}

/// Sends bytes, then nothing more, and reads until the other side closes.
fn exchange(endpoint: &Endpoint, bytes: &[u8]) -> String {
    let mut stream = endpoint.connect();
    // The other side may have closed already because of what it has read.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    until_closed(&mut stream)
}

/// What comes until the other side closes or resets the connection, which it must.
fn until_closed(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "it stays open");
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Every answer on a connection is a success, an error in the API's shape, or the bare 4xx of the
/// HTTP layer before it closes.
fn assert_answers(text: &str, sent: &[u8]) {
    let case = String::from_utf8_lossy(sent);
    let mut rest = text;
    while !rest.is_empty() {
        assert!(rest.starts_with("HTTP/1."), "{rest:?} to {case:?}");
        let Some((head, after)) = rest.split_once("\r\n\r\n") else { panic!("half a head: {rest:?}") };
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        let header = |name: &str| {
            let line = head.lines().find(|line| line.to_lowercase().starts_with(name));
            line.and_then(|line| line.split_once(": ")).map(|(_, value)| value.to_string())
        };
        let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
        let body = after.get(..length).unwrap_or(after);
        assert!(status < 500 && status != 101, "{head} to {case:?}");
        assert_eq!(header("injected"), None, "{head} to {case:?}");
        if status >= 400 && length > 0 {
            assert!(body.contains("\"message\""), "{body} to {case:?}");
        }
        rest = after.get(length..).unwrap_or_default();
    }
    assert!(!text.contains(CANARY), "{text:?} to {case:?}");
}

#[test]
fn heads_and_bodies_that_do_not_come_end_their_connection() {
    let (sandbox, relay) = sandbox_and_relay(&["--idle-timeout", "1", "--body-timeout", "1"]);
    for endpoint in [&sandbox, &relay] {
        for silent in ["", "PUT /session-api/v2/cust", "GET / HTTP/1.1\r\nHost: x\r\nX-A: "] {
            let mut stream = endpoint.connect();
            stream.write_all(silent.as_bytes()).unwrap();
            let answer = until_closed(&mut stream);
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{silent}: {answer}");
        }
        let mut slow = endpoint.connect();
        let head = format!(
            "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"cust",
            session_path("c")
        );
        slow.write_all(head.as_bytes()).unwrap();
        let answer = until_closed(&mut slow);
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"StatusCode\":408"), "{answer}");
        assert_eq!(endpoint.session("c").status, 404);
    }
    assert_unharmed(&[&sandbox, &relay]);
}

/// Who sends a byte now and then gets no more time than others.
#[test]
fn a_body_in_drops_ends_its_connection() {
    let (sandbox, relay) = sandbox_and_relay(&["--body-timeout", "1"]);
    for endpoint in [&sandbox, &relay] {
        let mut stream = endpoint.connect();
        let head = "PUT /session-api/v2/customer_sessions/c HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut reader = stream.try_clone().unwrap();
        let answer = std::thread::spawn(move || {
            let mut answer = [0; 12];
            reader.read_exact(&mut answer).map(|()| answer)
        });
        while !answer.is_finished() && stream.write_all(b"1\r\n \r\n").is_ok() {
            std::thread::yield_now();
        }
        // A client that goes on writing may see a reset in place of the answer.
        if let Ok(answer) = answer.join().unwrap() {
            assert!(matches!(&answer, b"HTTP/1.1 408" | b"HTTP/1.1 413"), "{answer:?}");
        }
    }
    assert_unharmed(&[&sandbox, &relay]);
}

#[test]
fn a_thousand_idle_connections_keep_nobody_waiting() {
    let (sandbox, relay) = sandbox_and_relay(&[]);
    for endpoint in [&sandbox, &relay] {
        let mut idle: Vec<TcpStream> = (0..1000).map(|_| endpoint.connect()).collect();
        for stream in idle.iter_mut().step_by(3) {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHo").unwrap();
        }
        for stream in idle.iter_mut().skip(1).step_by(3) {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            let mut start = [0; 12];
            stream.read_exact(&mut start).unwrap();
            assert_eq!(&start, b"HTTP/1.1 200");
        }
        assert_eq!(endpoint.put("c", &whole("{}")).status, 200);
        assert_eq!(endpoint.get("/healthz").text, "ok\n");
        let mut last = idle.pop().unwrap();
        last.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        last.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    }
    assert_unharmed(&[&sandbox, &relay]);
}

#[test]
fn nobody_writes_into_heads_and_logs() {
    let (sandbox, relay) = sandbox_and_relay(&[]);
    let body = whole("{}");
    for endpoint in [&sandbox, &relay] {
        for id in ["a%0D%0AInjected:%20b", "a%0AInjected:%20b", "%0D%0A%0D%0A", "%00", "a%E2%80%A8b"] {
            let answer = endpoint.put(id, &body);
            assert_eq!(answer.status, 200, "{id}: {}", answer.text);
            assert_eq!(answer.header("injected"), None);
        }
        for line in [
            "Idempotency-Key: a\rInjected: b",
            "Idempotency-Key: a\0b",
            "Idempotency-Key: \u{e9}",
            "Idempotency-Key: a\r\n Injected: b",
            "Content-Type : application/json",
            "Content-Length: 5",
            "Transfer-Encoding: gzip",
            "Host: y",
            "Expect: 100-continue\r\nUpgrade: h2c",
            "X: \x07\x1b[31m",
        ] {
            let sent = format!(
                "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{line}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                session_path("c"),
                body.len()
            );
            assert_answers(
                &exchange(endpoint, sent.as_bytes()).replace("HTTP/1.1 100 Continue\r\n\r\n", ""),
                sent.as_bytes(),
            );
        }
        let log = endpoint.log();
        assert!(!log.contains('\x1b') && !log.contains("njected"), "{log}");
    }
    assert_unharmed(&[&sandbox, &relay]);
}

/// What one side takes for the end of a request and the other does not would smuggle a second one.
#[test]
fn a_request_ends_in_one_place_only() {
    let (sandbox, relay) = sandbox_and_relay(&[]);
    let inner = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", session_path(CANARY));
    for framing in [
        format!("Content-Length: 5\r\nContent-Length: {}", 5 + inner.len()),
        "Content-Length: 5\r\nTransfer-Encoding: chunked".to_string(),
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity".to_string(),
        "Transfer-Encoding: xchunked".to_string(),
        "Content-Length: +5".to_string(),
        "Content-Length: 5, 5".to_string(),
    ] {
        for endpoint in [&sandbox, &relay] {
            let sent = format!(
                "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{framing}\r\n\r\n0\r\n\r\n{inner}",
                session_path("c")
            );
            let answers = exchange(endpoint, sent.as_bytes());
            let refused = answers.is_empty() || answers.starts_with("HTTP/1.1 4");
            assert!(refused, "{framing}: {answers}");
        }
    }
    let reached = sandbox.requests();
    let smuggled = |entry: &&Value| entry.get("method").unwrap().as_str() == Some("GET");
    assert_eq!(reached.iter().find(smuggled), None);
    assert_unharmed(&[&sandbox, &relay]);
}

fn cases(count: u32) -> TestRunner {
    TestRunner::new(Config { cases: count, failure_persistence: None, ..Config::default() })
}

/// Pieces of requests, right and wrong ones.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&'static [u8]> = vec![
        b"PUT ",
        b"GET ",
        b"POST ",
        b"DELETE ",
        b"/session-api/v2/customer_sessions/",
        b"c",
        b"/reopen",
        b"/returns",
        b"?dry=true",
        b"&dry=false",
        b"&now=2999-01-01T00:00:00Z",
        b"%",
        b"%2F",
        b"%00",
        b"..",
        b" HTTP/1.1\r\n",
        b" HTTP/1.0\r\n",
        b"Host: x\r\n",
        b"Content-Type: application/json\r\n",
        b"Content-Length: 24\r\n",
        b"Content-Length: 0\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Idempotency-Key: k\r\n",
        b"Connection: close\r\n",
        b"Upgrade: websocket\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"18\r\n",
        b"0\r\n\r\n",
        b"{\"customerSession\":{}}  ",
        b"{",
        b"null",
        b"\r",
        b"\n",
        b"\0",
        b" ",
        b":",
    ];
    prop_oneof![
        6 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..20),
    ]
}

#[test]
fn raw_bytes_of_any_kind() {
    let (sandbox, relay) = sandbox_and_relay(&[]);
    cases(300)
        .run(&vec(piece(), 0..24), |pieces| {
            let bytes = pieces.concat();
            for endpoint in [&sandbox, &relay] {
                assert_answers(&exchange(endpoint, &bytes), &bytes);
            }
            Ok(())
        })
        .unwrap();
    assert_unharmed(&[&sandbox, &relay]);
}

/// JSON of the documented names with values of any kind.
fn json() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "customerSession",
        "responseContent",
        "profileId",
        "couponCodes",
        "referralCode",
        "loyaltyCards",
        "state",
        "cartItems",
        "additionalCosts",
        "identifiers",
        "attributes",
        "sku",
        "quantity",
        "price",
        "name",
        "category",
        "product",
        "shipping",
        "Note",
        "return",
        "returnedCartItems",
        "position",
        "storeIntegrationId",
        "evaluableCampaignIds",
        "experimentVariantAllocations",
        "__proto__",
        "",
    ]);
    let leaf = prop_oneof![
        Just("null".to_string()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        prop::sample::select(vec![
            "0",
            "-0",
            "1e400",
            "1E-400",
            "0.1",
            "10001",
            "-1",
            "1e18",
            "9007199254740993"
        ])
        .prop_map(String::from),
        "\"[ -~\u{e9}\u{1f600}]{0,8}\"".prop_map(|text| {
            let inner: String = text.trim_matches('"').chars().filter(|c| !['"', '\\'].contains(c)).collect();
            format!("\"{inner}\"")
        }),
        prop::sample::select(vec![
            "open",
            "closed",
            "cancelled",
            "partially_returned",
            "XMAS-20-2021",
            "customerSession"
        ])
        .prop_map(|word| format!("\"{word}\"")),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            vec((name.clone(), inner), 0..6).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

#[test]
fn bodies_of_any_kind() {
    let (sandbox, relay) = sandbox_and_relay(&[]);
    let open = Endpoint::relay(&format!("{}/session-api", sandbox.address), &["--allow-browser-close"]);
    let method = prop::sample::select(vec![
        ("PUT", ""),
        ("PUT", "?dry=true"),
        ("POST", "/returns"),
        ("PUT", "/reopen"),
    ]);
    let wrapped = (json(), any::<u8>()).prop_map(|(json, kind)| match kind % 4 {
        0 => json,
        1 => format!(r#"{{"return":{json}}}"#),
        _ => whole(&json),
    });
    cases(300)
        .run(&(method, "[a-z0-9]{1,2}", wrapped), |((method, rest), id, body)| {
            for endpoint in [&sandbox, &relay, &open] {
                let path = session_path(&format!("{id}{rest}"));
                let answer =
                    endpoint.send(method, &path, &[("content-type", "application/json")], body.as_bytes());
                match answer.status {
                    200 => prop_assert!(answer.text.contains("\"effects\""), "{}", answer.text),
                    status => assert_shape(&answer, status, &body),
                }
                prop_assert!(matches!(answer.status, 200 | 400 | 404), "{body}: {}", answer.text);
                prop_assert!(!answer.text.contains(CANARY), "{body}: {}", answer.text);
            }
            Ok(())
        })
        .unwrap();
    assert_unharmed(&[&sandbox, &relay]);
}
