//! The relay, with a sandbox as its upstream, or with a socket that shows every byte.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use cartwright::model::json::Value;

use crate::bad_input::{JSON, assert_shape};
use crate::harness::{Answer, Endpoint, KEY, put, session_path, until, whole};

/// A sandbox and a relay to it.
fn pair(arguments: &[&str]) -> (Endpoint, Endpoint) {
    let upstream = Endpoint::start();
    let relay = Endpoint::relay(&format!("{}/session-api", upstream.address), arguments);
    (upstream, relay)
}

/// The bodies, paths or whatever of what reached the upstream.
fn seen(upstream: &Endpoint, name: &str) -> Vec<String> {
    let texts =
        upstream.requests().iter().map(|entry| entry.get(name).unwrap().to_text()).collect::<Vec<_>>();
    texts.iter().map(|text| text.trim_matches('"').to_string()).collect()
}

/// An upstream that answers every request of every connection with the same bytes.
struct Canned {
    address: String,
    /// The requests, each with the number of its connection.
    requests: Receiver<(usize, String)>,
}

impl Canned {
    fn new(answer: &'static str) -> Canned {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let sender = sender.clone();
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    while let Some(request) = one_request(&mut stream) {
                        // The test may be over, and the relay gone.
                        let _ = sender.send((number, request));
                        let _ = stream.write_all(answer.as_bytes());
                    }
                });
            }
        });
        Canned { address, requests }
    }

    fn relay(answer: &'static str) -> (Canned, Endpoint) {
        let canned = Canned::new(answer);
        let relay = Endpoint::relay(&canned.address, &["--upstream-timeout", "5"]);
        (canned, relay)
    }
}

/// Head and body of the next request on a connection.
fn one_request(stream: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        text.push(byte[0]);
    }
    let head = String::from_utf8(text).unwrap();
    let length =
        head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ").map(String::from));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).unwrap())
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\n\
    Server: x\r\nX-Internal: y\r\nLocation: http://elsewhere\r\n\r\n{}";

#[test]
fn exactly_the_four_routes_reach_the_deployment() {
    let (upstream, relay) = pair(&["--allow-browser-close"]);
    let path = session_path("c");
    let cart = r#"{"cartItems":[{"sku":"A","quantity":2,"price":9.99}],"state":"closed"}"#;
    assert_eq!(relay.put("c", &whole(cart)).at("/customerSession/total"), "19.98");
    let units = r#"{"return":{"returnedCartItems":[{"position":0,"quantity":1}]}}"#;
    let dry =
        relay.send("POST", &format!("{path}/returns?dry=true&runRuleEngine=true"), JSON, units.as_bytes());
    assert_eq!(dry.status, 200, "{}", dry.text);
    let reopened = relay.send("PUT", &format!("{path}/reopen"), &[], b"");
    assert_eq!(reopened.status, 200, "{}", reopened.text);
    assert_eq!(relay.session("c").at("/customerSession/state"), r#""open""#);
    assert_eq!(relay.session("c").text, upstream.session("c").text);
    let reached = seen(&upstream, "path");
    assert_eq!(reached.len(), 6);
    for (method, path, status) in [
        ("DELETE", session_path("c"), 405),
        ("POST", session_path("c"), 405),
        ("BREW", session_path("c"), 405),
        ("GET", session_path("c/reopen"), 405),
        ("PUT", session_path("c/returns"), 405),
        ("PUT", session_path(""), 404),
        ("PUT", session_path("c/"), 404),
        ("PUT", session_path("c/reopen/"), 404),
        ("PUT", session_path("c/x"), 404),
        ("GET", "/session-api/v2/customer_sessions".to_string(), 404),
        ("PUT", "/session-api/v1/customer_sessions/c".to_string(), 404),
        ("PUT", "/session-api/v2/customer_profiles/p".to_string(), 404),
        ("POST", "/session-api/v2/events".to_string(), 404),
        ("GET", "/session-api".to_string(), 404),
        ("GET", "/session-api/../v1/x".to_string(), 404),
        ("GET", "/v2/customer_sessions/c".to_string(), 404),
    ] {
        let body = if method == "GET" { &b""[..] } else { b"{}" };
        assert_shape(&relay.send(method, &path, JSON, body), status, &format!("{method} {path}"));
    }
    assert_eq!(seen(&upstream, "path").len(), reached.len());
}

#[test]
fn the_sandbox_is_refused() {
    let (upstream, relay) = pair(&[]);
    for (method, path) in [
        ("POST", "/sandbox/faults"),
        ("DELETE", "/sandbox/faults"),
        ("GET", "/sandbox/requests"),
        ("POST", "/sandbox/clock"),
        ("POST", "/sandbox/reset"),
        ("GET", "/sandbox/sessions/c"),
        ("GET", "/sandbox"),
        ("POST", "/csp-reports"),
        ("GET", "/sandbox/csp-reports"),
    ] {
        let body = if method == "POST" { &b"[]"[..] } else { b"" };
        assert_shape(&relay.send(method, path, JSON, body), 404, path);
    }
    assert_eq!(upstream.requests().len(), 0);
    assert_eq!(relay.get("/healthz").text, "ok\n");
}

#[test]
fn the_key_is_added_and_the_head_of_the_browser_stays_behind() {
    let (canned, relay) = Canned::relay(OK);
    let headers = [
        ("content-type", "application/json; charset=utf-8"),
        ("cookie", "session=secret"),
        ("authorization", "Bearer of-the-browser"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-api-key", "x"),
        ("origin", "http://shop"),
        ("referer", "http://shop/cart"),
        ("accept-encoding", "gzip"),
        ("accept-language", "de"),
        ("user-agent", "browser"),
        ("idempotency-key", "key-1"),
    ];
    let path = session_path("a%20b%2Fc?dry=true&unknown=1&runRuleEngine=false");
    let answer = relay.send("PUT", &path, &headers, br#"{"customerSession":{"profileId":"P"}}"#);
    assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
    let request = canned.requests.recv().unwrap().1;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines().map(str::to_lowercase).collect::<Vec<_>>();
    assert_eq!(lines.remove(0), "put /v2/customer_sessions/a%20b%2fc?dry=true http/1.1");
    lines.sort();
    assert_eq!(
        lines,
        [
            "accept: application/json".to_string(),
            format!("authorization: apikey-v1 {KEY}"),
            format!("content-length: {}", body.len()),
            "content-type: application/json".to_string(),
            format!("host: {}", canned.address.strip_prefix("http://").unwrap()),
            "idempotency-key: key-1".to_string(),
            format!("user-agent: cartwright-server/{}", env!("CARGO_PKG_VERSION")),
        ]
    );
    assert_eq!(body, r#"{"customerSession":{"profileId":"P"}}"#);
    for name in ["set-cookie", "server", "x-internal", "location"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn a_reopen_has_no_body() {
    let canned = Canned::new(OK);
    let relay = Endpoint::relay(&format!("{}/", canned.address), &["--allow-browser-close"]);
    relay.send("PUT", &session_path("c/reopen"), &[], b"{\"secret\":1}");
    let request = canned.requests.recv().unwrap().1;
    assert!(request.starts_with("PUT /v2/customer_sessions/c/reopen HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n"), "{request}");
}

#[test]
fn connections_to_the_deployment_are_used_again() {
    let (canned, relay) = Canned::relay(OK);
    for _ in 0..20 {
        assert_eq!(relay.session("c").status, 200);
    }
    let connections = canned.requests.iter().take(20).map(|(number, _)| number).collect::<Vec<_>>();
    assert_eq!(connections, [0; 20]);
}

#[test]
fn what_is_wrong_does_not_leave() {
    let (upstream, relay) = pair(&["--allow-browser-close"]);
    let path = session_path("c");
    let body = whole("{}");
    let large = format!(r#"{{"customerSession":{{"profileId":"{}"}}}}"#, "x".repeat(1 << 20));
    let lines = |count: usize, quantity: u64| {
        let line = format!(r#"{{"sku":"A","quantity":{quantity},"price":1}}"#);
        whole(&format!(r#"{{"cartItems":[{}]}}"#, vec![line; count].join(",")))
    };
    let long = "x".repeat(101);
    let updates = [
        ("{".to_string(), 400),
        ("[]".to_string(), 400),
        ("{}".to_string(), 400),
        (large, 413),
        (lines(1001, 1), 400),
        (lines(1, 10_001), 400),
        (lines(1, 0), 400),
        (whole(r#"{"cartItems":[{"quantity":1}]}"#), 400),
        (whole(r#"{"cartItems":{}}"#), 400),
        (whole(&format!(r#"{{"couponCodes":["{long}"]}}"#)), 400),
        (whole(&format!(r#"{{"referralCode":"{long}"}}"#)), 400),
        (whole(r#"{"loyaltyCards":["a","b"]}"#), 400),
        (whole(r#"{"identifiers":["1","2","3","4","5","6"]}"#), 400),
        (whole(r#"{"storeIntegrationId":""}"#), 400),
        (whole(r#"{"additionalCosts":{"shipping":{}}}"#), 400),
    ];
    for (body, status) in updates {
        let case: String = body.chars().take(80).collect();
        assert_shape(&relay.put("c", &body), status, &case);
    }
    let key = "k".repeat(256);
    type Case<'c> = (&'c str, String, Vec<(&'c str, &'c str)>, u16);
    let requests: [Case<'_>; 11] = [
        ("PUT", path.clone(), vec![], 415),
        ("PUT", path.clone(), vec![("content-type", "text/plain")], 415),
        ("PUT", path.clone(), vec![JSON[0], JSON[0]], 415),
        ("PUT", path.clone(), vec![JSON[0], ("content-encoding", "gzip")], 415),
        ("PUT", path.clone(), vec![JSON[0], ("idempotency-key", &key)], 400),
        ("PUT", path.clone(), vec![JSON[0], ("idempotency-key", "a"), ("idempotency-key", "b")], 400),
        ("PUT", format!("{path}?dry=1"), JSON.to_vec(), 400),
        ("PUT", format!("{path}?dry=true&dry=false"), JSON.to_vec(), 400),
        ("PUT", session_path("%ff"), JSON.to_vec(), 400),
        ("PUT", session_path(&"x".repeat(1001)), JSON.to_vec(), 400),
        ("POST", format!("{path}/returns"), JSON.to_vec(), 400),
    ];
    for (method, path, headers, status) in requests {
        let case = format!("{method} {path}");
        assert_shape(&relay.send(method, &path, &headers, body.as_bytes()), status, &case);
    }
    assert_eq!(upstream.requests().len(), 0);
}

#[test]
fn ids_that_could_become_another_path_do_not_leave() {
    let (upstream, relay) = pair(&[]);
    for id in ["%2E%2E", "%2e", "..%2F..%2Fv1%2Fcoupons", "a%2F..%2Fb", "a%5C..%5Cb", "%2F..", "a%2F."] {
        let answer = relay.send("GET", &session_path(id), &[], b"");
        assert!(matches!(answer.status, 400 | 404), "{id}: {}", answer.text);
    }
    assert_eq!(upstream.requests().len(), 0);
}

#[test]
fn ids_of_every_kind_of_character_arrive() {
    let (upstream, relay) = pair(&[]);
    for (number, id) in [
        "10%25%24OFF",
        "a%20b",
        "a+b",
        "%C3%A9%F0%9F%98%80",
        "a%2Fb",
        "a%3Fb%23c%26d",
        "%0D%0Aa",
        "%00",
        "~-._",
        "...",
    ]
    .into_iter()
    .enumerate()
    {
        let profile = format!("P{number}");
        let answer = relay.put(id, &whole(&format!(r#"{{"profileId":"{profile}"}}"#)));
        assert_eq!(answer.status, 200, "{id}: {}", answer.text);
        assert_eq!(relay.session(id).at("/customerSession/profileId"), format!("\"{profile}\""), "{id}");
        assert_eq!(upstream.session(id).text, relay.session(id).text, "{id}");
    }
}

/// Two readers may disagree about a body: what leaves is written anew from what was checked.
#[test]
fn only_what_was_read_leaves() {
    let (upstream, relay) = pair(&[]);
    let body = r#"{"customerSession":{"state":"closed","state":"open","profileId":"P","secret":1,
        "cartItems":[{"sku":"A","quantity":1,"price":9.990000000000000001,"returnedQuantity":7,"position":9}],
        "attributes":{"Note":null}},"x":{"y":1}}"#;
    assert_eq!(relay.put("c", body).status, 200);
    let sent = upstream.requests()[0].get("body").unwrap().as_str().unwrap().to_string();
    let expected = Value::parse(
        r#"{"customerSession":{"state":"open","profileId":"P","attributes":{"Note":null},
        "cartItems":[{"sku":"A","quantity":1,"price":9.990000000000000001}]}}"#,
    );
    assert!(Value::parse(&sent).unwrap().same(&expected.unwrap()), "{sent}");
    let hidden = r#"{"customerSession":{"state":"open","state":"closed"}}"#;
    assert_eq!(relay.put("c", hidden).places(), ["/state"]);
}

#[test]
fn a_browser_moves_no_state_unless_it_is_allowed() {
    let moves = |endpoint: &Endpoint| {
        let units = br#"{"return":{"returnedCartItems":[{"position":0,"quantity":1}]}}"#;
        let reopen = session_path("c/reopen");
        [
            endpoint.put("c", &whole(r#"{"state":"closed"}"#)),
            endpoint.send("POST", &session_path("c/returns"), JSON, units),
            endpoint.send("PUT", &reopen, &[], b""),
            endpoint.put("c", &whole(r#"{"state":"cancelled"}"#)),
        ]
    };
    let cart = r#"{"cartItems":[{"sku":"A","quantity":2,"price":1}],"state":"open"}"#;
    let (upstream, relay) = pair(&[]);
    relay.updated("c", cart);
    for answer in moves(&relay) {
        assert_eq!((answer.status, answer.places()), (400, vec!["/state".to_string()]), "{}", answer.text);
    }
    assert_eq!(upstream.requests().len(), 1);
    let (upstream, relay) = pair(&["--allow-browser-close"]);
    relay.updated("c", cart);
    let statuses = moves(&relay).map(|answer| answer.status);
    assert_eq!(statuses[..2], [200, 200]);
    assert_eq!(upstream.requests().len(), 5, "the deployment decides about the rest: {statuses:?}");
}

#[test]
fn a_browser_may_not_ask_for_what_is_not_the_shoppers() {
    let asking = |words: &str| format!(r#"{{"customerSession":{{}},"responseContent":{words}}}"#);
    let (upstream, relay) = pair(&["--allow-content", "awardedGiveaways, triggeredCampaigns"]);
    let allowed =
        r#"["customerSession","loyalty","referral","coupons","awardedGiveaways","triggeredCampaigns"]"#;
    assert_eq!(relay.put("c", &asking(allowed)).status, 200);
    assert_eq!(seen(&upstream, "body").len(), 1);
    for (words, places) in [
        (r#"["customerSession","customerProfile"]"#, vec!["/responseContent/1"]),
        (r#"["ruleFailureReasons","event"]"#, vec!["/responseContent/0", "/responseContent/1"]),
        (r#"["CustomerSession"]"#, vec!["/responseContent/0"]),
        (r#"[""]"#, vec!["/responseContent/0"]),
    ] {
        assert_eq!(relay.put("c", &asking(words)).places(), places, "{words}");
    }
    let campaigns = relay.put("c?dry=true", &whole(r#"{"evaluableCampaignIds":[1]}"#));
    assert_eq!((campaigns.status, campaigns.places()), (400, vec!["/evaluableCampaignIds".to_string()]));
    let later = relay.put("c?dry=true&now=2999-01-01T00:00:00Z", &whole("{}"));
    assert_eq!((later.status, later.places()), (400, vec!["now".to_string()]));
    assert_eq!(upstream.requests().len(), 1);
}

#[test]
fn dry_runs_and_keys_are_passed_on() {
    let (upstream, relay) = pair(&[]);
    assert_eq!(relay.put("c?dry=true", &whole("{}")).status, 200);
    assert_eq!(relay.session("c").status, 404, "a dry run stores nothing");
    let first = relay.keyed("c", "key-1", &whole("{}"));
    assert_eq!(relay.keyed("c", "key-1", &whole("{}")).text, first.text);
    assert_eq!(relay.session("c").at("/customerSession/updateCount"), "1");
    assert_eq!(seen(&upstream, "key")[2..4], ["key-1", "key-1"]);
}

#[test]
fn errors_of_the_deployment_pass_with_retry_after() {
    let (upstream, relay) = pair(&[]);
    let refused = relay.put("c", &whole(r#"{"attributes":{"Foo":1}}"#));
    assert_eq!((refused.status, refused.places()), (400, vec!["/attributes/Foo".to_string()]));
    assert_shape(&relay.session("nobody"), 404, "unknown session");
    for (status, retry_after) in
        [(429, Some("7")), (503, Some("Wed, 21 Oct 2099 07:28:00 GMT")), (409, None), (500, None)]
    {
        let header =
            retry_after.map_or(String::new(), |value| format!(r#","headers":{{"Retry-After":"{value}"}}"#));
        upstream.faults(&format!(r#"[{{"do":{{"status":{status}{header}}}}}]"#));
        let answer = relay.put("c", &whole("{}"));
        assert_shape(&answer, status, "passed on");
        assert_eq!(answer.header("retry-after"), retry_after);
    }
}

/// What says this is not the API: a session that "is not found" by a gateway may well be there.
#[test]
fn what_is_no_answer_of_the_api_becomes_one() {
    let (upstream, relay) = pair(&["--upstream-timeout", "1"]);
    for (fault, status) in [
        (r#"{"status":404,"body":"<html>not found</html>"}"#, 502),
        (r#"{"status":400,"body":"<html>bad</html>"}"#, 502),
        (r#"{"status":404,"body":{"error":"no route"}}"#, 502),
        (r#"{"status":401}"#, 502),
        (r#"{"status":403}"#, 502),
        (r#"{"status":302,"headers":{"Location":"http://127.0.0.1:1/"}}"#, 502),
        (r#"{"status":503,"body":"<html>busy</html>"}"#, 503),
        (r#"{"status":429,"body":"slow down"}"#, 429),
        (r#"{"status":409,"body":"x"}"#, 409),
        (r#"{"body":"<html>please log in</html>"}"#, 502),
        (r#"{"dropBeforeApply":true}"#, 502),
        (r#"{"dropAfterApply":true}"#, 502),
        (r#"{"truncateBody":5}"#, 502),
        (r#"{"hang":true}"#, 504),
        (r#"{"delayMs":600000}"#, 504),
    ] {
        upstream.faults(&format!(r#"[{{"do":{fault}}}]"#));
        let answer = relay.put("c", &whole("{}"));
        assert_shape(&answer, status, fault);
        assert_eq!(answer.header("location"), None);
        upstream.clear_faults();
    }
    let address = upstream.address.clone();
    drop(upstream);
    assert_shape(&relay.put("c", &whole("{}")), 502, "nobody there");
    put(&address, "c", &whole("{}")).unwrap_err();
}

#[test]
fn bytes_that_are_no_http_of_the_deployment_become_an_answer() {
    for bytes in [
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rInjected: b\r\nContent-Length: 0\r\n\r\n",
    ] {
        let (_canned, relay) = Canned::relay(bytes);
        assert_shape(&relay.session("c"), 502, bytes);
    }
}

#[test]
fn sessions_are_not_mixed_up_under_load() {
    let (_upstream, relay) = pair(&[]);
    std::thread::scope(|scope| {
        for client in 0..32 {
            let relay = &relay;
            scope.spawn(move || {
                let id = format!("session-{client}");
                for round in 1..=8 {
                    let answer = relay.updated(&id, &format!(r#"{{"profileId":"P{client}"}}"#));
                    assert_eq!(answer.at("/customerSession/integrationId"), format!("\"{id}\""));
                    assert_eq!(answer.at("/customerSession/profileId"), format!("\"P{client}\""));
                    assert_eq!(answer.at("/customerSession/updateCount"), round.to_string());
                }
            });
        }
    });
}

#[test]
fn a_stop_of_the_relay_finishes_what_runs() {
    const CLIENTS: usize = 16;
    let (upstream, relay) = pair(&[]);
    upstream.faults(r#"[{"match":{"method":"PUT","times":16},"do":{"delayMs":600000}}]"#);
    std::thread::scope(|scope| {
        let running = [(); CLIENTS].map(|()| relay.address.clone()).into_iter().enumerate();
        let running = running
            .map(|(client, address)| {
                scope.spawn(move || put(&address, &format!("c{client}"), &whole("{}")).unwrap())
            })
            .collect::<Vec<_>>();
        until("the updates run", || upstream.requests().len() == CLIENTS);
        relay.terminate();
        until("no more is taken", || {
            TcpStream::connect(relay.address.strip_prefix("http://").unwrap()).is_err()
        });
        upstream.clear_faults();
        for running in running {
            assert_eq!(running.join().unwrap().at("/customerSession/updateCount"), "1");
        }
    });
    assert_eq!(relay.wait(), Some(0));
}

#[test]
fn a_request_is_finished_though_its_browser_left() {
    let (upstream, relay) = pair(&[]);
    upstream.faults(r#"[{"match":{"method":"PUT"},"do":{"delayMs":600000}}]"#);
    let body = whole("{}");
    let mut leaving = relay.connect();
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        session_path("c"),
        body.len()
    );
    leaving.write_all(head.as_bytes()).unwrap();
    until("the update runs", || upstream.requests().len() == 1);
    drop(leaving);
    until("it is noticed", || relay.log().contains("the client left"));
    upstream.clear_faults();
    until("the update is carried out", || relay.session("c").status == 200);
}

/// The lines of a log in JSON that have this message.
fn lines(log: &str, message: &str) -> Vec<Value> {
    let parsed = log.lines().map(|line| Value::parse(line).unwrap_or_else(|_| panic!("no JSON: {line}")));
    parsed.filter(|line| line.get("message").and_then(Value::as_str) == Some(message)).collect()
}

#[test]
fn every_request_has_a_line_under_the_id_that_its_answer_carries() {
    let (upstream, relay) = pair(&["--log-format", "json"]);
    let ids = [relay.put("c", &whole("{}")), relay.get("/healthz"), relay.put("c", "{")]
        .map(|answer| answer.header("x-request-id").unwrap().to_string());
    upstream.faults(r#"[{"do":{"dropBeforeApply":true}}]"#);
    relay.session("c");
    let log = relay.log();
    let answered = lines(&log, "answered");
    let span = |line: &Value, name: &str| line.get("span").unwrap().get(name).map(Value::to_text);
    let text = |text: &str| Some(format!("\"{text}\""));
    for (line, id) in answered.iter().zip(&ids) {
        assert_eq!(span(line, "id"), text(id));
        assert_eq!(line.get("level").unwrap().as_str(), Some("INFO"));
        assert!(line.get("timestamp").is_some() && line.get("ms").is_some());
    }
    let column = |name: &str| answered.iter().map(|line| span(line, name)).collect::<Vec<_>>();
    assert_eq!(column("operation"), [text("update"), None, text("update"), text("read")]);
    assert_eq!(column("upstream"), [Some("200".to_string()), None, None, None]);
    let statuses = answered.iter().map(|line| line.get("status").unwrap().to_text()).collect::<Vec<_>>();
    assert_eq!(statuses, ["200", "200", "400", "502"]);
    let warned = lines(&log, "the deployment gave no answer");
    assert_eq!(warned.len(), 1);
    assert_eq!(span(&warned[0], "id"), span(&answered[3], "id"), "the trouble is told under the same id");
}

#[test]
fn nothing_secret_is_in_what_it_writes_or_answers() {
    let (upstream, relay) = pair(&["--allow-browser-close", "--upstream-timeout", "1"]);
    let secrets = [
        KEY,
        "SECRET-COUPON",
        "secret-referral",
        "secret-session",
        "secret-profile",
        "secret-key",
        "secret-sku",
        "secret-cookie",
        "secret-bearer",
        "secret-card",
    ];
    let body = r#"{"couponCodes":["SECRET-COUPON"],"referralCode":"secret-referral","profileId":"secret-profile",
        "loyaltyCards":["secret-card"],"cartItems":[{"sku":"secret-sku","quantity":1,"price":1}]}"#;
    let headers = [
        JSON[0],
        ("idempotency-key", "secret-key"),
        ("cookie", "secret-cookie"),
        ("authorization", "secret-bearer"),
    ];
    let mut answers = Vec::new();
    let mut ask = |method: &str, path: &str, body: &str| {
        answers.push(relay.send(method, &session_path(path), &headers, body.as_bytes()));
    };
    ask("PUT", "secret-session", &whole(body));
    ask("PUT", "secret-session?dry=true", &whole(body));
    ask("GET", "secret-session", "");
    ask("PUT", "secret-session", &whole(&body.replace("\"quantity\":1", "\"quantity\":\"secret-sku\"")));
    ask("PUT", "secret-session", &body.replace('}', ""));
    ask("PUT", "secret-session/reopen", "");
    ask("SECRET-COUPON", "secret-session", "");
    ask("GET", "secret-session?now=secret-profile", "");
    for fault in [
        r#"{"status":401}"#,
        r#"{"status":500,"body":"secret-sku"}"#,
        r#"{"dropBeforeApply":true}"#,
        r#"{"truncateBody":3}"#,
        r#"{"hang":true}"#,
    ] {
        upstream.faults(&format!(r#"[{{"do":{fault}}}]"#));
        ask("PUT", "secret-session", &whole(body));
        upstream.clear_faults();
    }
    let upstream_log = upstream.log();
    drop(upstream);
    ask("PUT", "secret-session", &whole(body));
    for answer in &answers {
        assert!(!answer.text.contains(KEY) && !format!("{:?}", answer.headers).contains(KEY), "{answer:?}");
    }
    assert!(answers.iter().any(|answer| answer.text.contains("secret-sku")), "the words were used");
    relay.terminate();
    let folder = relay.folder.path().to_path_buf();
    until("it has ended", || TcpStream::connect(relay.address.strip_prefix("http://").unwrap()).is_err());
    let log = std::fs::read_to_string(folder.join("log")).unwrap();
    assert!(lines_of(&log) >= answers.len() && log.contains("DEBUG"), "all of it is written: {log}");
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in {log}");
        assert!(!upstream_log.contains(secret), "{secret} in {upstream_log}");
    }
}

fn lines_of(log: &str) -> usize {
    log.lines().filter(|line| line.contains("answered")).count()
}

#[test]
fn what_a_relay_cannot_start_with_is_said_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    };
    let (key, empty, two) = (file("key", KEY), file("empty", "\n"), file("two", &format!("ApiKey-v1 {KEY}")));
    let no_pem = file("no.pem", "hello");
    let url = "https://yourbaseurl.talon.one";
    for (arguments, environment, said) in [
        (vec!["--upstream", url], None, "CARTWRIGHT_API_KEY"),
        (vec!["--upstream", url, "--api-key-file", &key], Some(KEY), "leave one of them out"),
        (vec!["--upstream", url, "--api-key-file", "/nowhere/key"], None, "/nowhere/key"),
        (vec!["--upstream", url, "--api-key-file", &empty], None, "empty"),
        (vec!["--upstream", url, "--api-key-file", &two], None, "without ApiKey-v1"),
        (vec!["--upstream", url], Some(""), "CARTWRIGHT_API_KEY is empty"),
        (vec!["--upstream", url], Some("a\nb"), "CARTWRIGHT_API_KEY holds more than a key"),
        (vec!["--upstream", "yourbaseurl.talon.one"], Some(KEY), "https://yourbaseurl.talon.one"),
        (vec!["--upstream", "http://yourbaseurl.talon.one"], Some(KEY), "in the clear"),
        (vec!["--upstream", "ftp://127.0.0.1"], Some(KEY), "https"),
        (vec!["--upstream", "https://user:word@host"], Some(KEY), "no user"),
        (vec!["--upstream", "https://host/?a=b"], Some(KEY), "query"),
        (vec!["--upstream", ""], Some(KEY), "https://yourbaseurl.talon.one"),
        (vec!["--upstream", url, "--db", "x"], Some(KEY), "--db belongs to the sandbox"),
        (vec!["--upstream", url, "--forget-errors"], Some(KEY), "--forget-errors belongs to the sandbox"),
        (vec!["--api-key-file", &key], None, "--upstream URL"),
        (vec!["--allow-browser-close"], None, "--upstream URL"),
        (vec!["--upstream", url, "--upstream-timeout", "0"], Some(KEY), "1 to 3600"),
        (vec!["--upstream", url, "--upstream-ca", &no_pem], Some(KEY), "no certificate"),
        (vec!["--upstream", url, "--upstream-ca", "/nowhere.pem"], Some(KEY), "/nowhere.pem"),
        (vec!["--upstream", url, "--allow-content", "all"], Some(KEY), "awardedGiveaways"),
        (vec!["--upstream", url, "--api-key", KEY], None, "--api-key"),
        (vec!["--log-format", "xml"], None, "text or json"),
        (vec!["--host", "localhost"], None, "localhost"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cartwright-server"));
        command.args(["--port", "0"]).args(&arguments).env_remove("CARTWRIGHT_API_KEY");
        command.envs(environment.map(|key| ("CARTWRIGHT_API_KEY", key)));
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
        assert!(!text.contains(KEY), "{arguments:?}: {text}");
    }
}

#[test]
fn a_key_comes_from_the_environment_too() {
    let canned = Canned::new(OK);
    let mut child = Command::new(env!("CARGO_BIN_EXE_cartwright-server"))
        .args(["--port", "0", "--upstream", &canned.address])
        .env("CARTWRIGHT_API_KEY", KEY)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    let address = line.trim().strip_prefix("listening on ").unwrap();
    let answer: Answer = put(address, "c", &whole("{}")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answer.status, 200);
    assert!(canned.requests.recv().unwrap().1.contains(&format!("ApiKey-v1 {KEY}")));
}
