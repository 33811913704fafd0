//! Faults on demand, the journal, the queue of a session, reset, reports.

use std::io::{Read, Write};

use cartwright::model::json::Value;

use crate::harness::{Answer, Endpoint, put, repository, session_path, until, whole};

fn field(entry: &Value, name: &str) -> String {
    entry.get(name).unwrap().to_text()
}

#[test]
fn the_fourth_parallel_update_of_a_session_is_409() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"match":{"method":"PUT","session":"c"},"do":{"delayMs":600000}}]"#);
    let address = &endpoint.address;
    std::thread::scope(|scope| {
        let running = [(); 3].map(|()| scope.spawn(|| put(address, "c", &whole("{}")).unwrap()));
        until("three requests have a place", || endpoint.requests().len() == 3);
        let fourth = endpoint.put("c", &whole("{}"));
        let example =
            std::fs::read_to_string(repository("tests/fixtures/api/045-put-res-409-parallel.json")).unwrap();
        assert_eq!(fourth.status, 409);
        assert_eq!(fourth.json(), Value::parse(&example).unwrap());
        assert_eq!(endpoint.put("other", &whole("{}")).status, 200, "other sessions go on");
        assert_eq!(endpoint.session("c").status, 404, "reads need no place, and nothing is applied yet");
        endpoint.clear_faults();
        let mut counts = running.map(|thread| thread.join().unwrap().at("/customerSession/updateCount"));
        counts.sort();
        assert_eq!(counts, ["1", "2", "3"]);
    });
    assert_eq!(endpoint.put("c", &whole("{}")).status, 200, "places are free again");
}

#[test]
fn a_status_is_answered_without_applying() {
    let endpoint = Endpoint::start();
    endpoint.faults(
        r#"[{"do":{"status":503}},
            {"do":{"status":429,"headers":{"Retry-After":"7"},"body":{"message":"slow down"}}},
            {"do":{"body":"<html>please log in</html>"}}]"#,
    );
    let unavailable = endpoint.put("c", &whole("{}"));
    assert_eq!((unavailable.status, unavailable.at("/StatusCode")), (503, "503".to_string()));
    let limited = endpoint.put("c", &whole("{}"));
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("7")));
    assert_eq!(limited.text, r#"{"message":"slow down"}"#);
    let portal = endpoint.put("c", &whole("{}"));
    assert_eq!((portal.status, portal.text.as_str()), (200, "<html>please log in</html>"));
    assert_eq!(endpoint.put("c", &whole("{}")).at("/customerSession/updateCount"), "1");
}

#[test]
fn a_status_after_applying() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"do":{"status":502,"apply":true}}]"#);
    assert_eq!(endpoint.put("c", &whole("{}")).status, 502);
    assert_eq!(endpoint.session("c").at("/customerSession/updateCount"), "1");
}

#[test]
fn headers_alone_join_the_real_answer() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"do":{"headers":{"X-Request-Id":"r1"}}}]"#);
    let answer = endpoint.put("c", &whole("{}"));
    assert_eq!((answer.status, answer.header("x-request-id")), (200, Some("r1")));
}

#[test]
fn a_drop_before_applying_closes_the_connection_without_a_byte() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"do":{"dropBeforeApply":true}}]"#);
    let body = whole("{}");
    let bytes = endpoint.raw(
        format!(
            "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            session_path("c"),
            body.len()
        )
        .as_bytes(),
    );
    assert_eq!(bytes, "");
    assert_eq!(endpoint.session("c").status, 404);
    assert_eq!(endpoint.put("c", &body).status, 200, "used once");
}

#[test]
fn a_drop_after_applying_closes_the_connection_and_the_update_stands() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"do":{"dropAfterApply":true}}]"#);
    put(&endpoint.address, "c", &whole("{}")).unwrap_err();
    assert_eq!(endpoint.session("c").at("/customerSession/updateCount"), "1");
}

/// A browser repeats a request by itself when a used connection breaks, which would hide the drop.
#[test]
fn open_connections_end_when_a_drop_is_asked_for() {
    let endpoint = Endpoint::start();
    let mut used = endpoint.connect();
    used.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut start = [0; 12];
    used.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    let mut unused = endpoint.connect();
    endpoint.faults(r#"[{"match":{"nth":2},"do":{"dropBeforeApply":true}}]"#);
    used.read_to_end(&mut Vec::new()).unwrap();
    let mut nothing = Vec::new();
    unused.read_to_end(&mut nothing).unwrap();
    assert_eq!(nothing, b"");
    assert_eq!(endpoint.put("c", &whole("{}")).header("connection"), Some("close"));
    put(&endpoint.address, "c", &whole("{}")).unwrap_err();
    assert_eq!(endpoint.put("c", &whole("{}")).header("connection"), None);
}

#[test]
fn rules_match_by_method_path_session_count_and_times() {
    let endpoint = Endpoint::start();
    let status = |method: &str, path: &str| {
        let body = if method == "PUT" { whole("{}") } else { String::new() };
        endpoint.send(method, path, &[("content-type", "application/json")], body.as_bytes()).status
    };
    endpoint.faults(r#"[{"match":{"method":"GET"},"do":{"status":500}}]"#);
    assert_eq!(status("PUT", &session_path("a")), 200);
    assert_eq!([status("GET", &session_path("a")), status("GET", &session_path("a"))], [500, 200]);
    endpoint.faults(r#"[{"match":{"path":"dry=true"},"do":{"status":500}}]"#);
    assert_eq!(status("PUT", &session_path("a")), 200);
    assert_eq!(status("PUT", &session_path("a?dry=true")), 500);
    endpoint.faults(r#"[{"match":{"session":"b c"},"do":{"status":500}}]"#);
    assert_eq!([status("PUT", &session_path("a")), status("PUT", &session_path("b%20c"))], [200, 500]);
    endpoint.faults(r#"[{"match":{"nth":2,"times":2},"do":{"status":500}}]"#);
    let row = [(); 4].map(|()| status("PUT", &session_path("a")));
    assert_eq!(row, [200, 500, 500, 200]);
    endpoint.faults(r#"[{"match":{"times":100},"do":{"status":500}}]"#);
    endpoint.clear_faults();
    assert_eq!(status("PUT", &session_path("a")), 200);
}

/// The bytes of an update, for a connection that is read by hand.
fn update(id: &str, body: &str) -> String {
    format!(
        "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        session_path(id),
        body.len()
    )
}

#[test]
fn a_request_that_hangs_gets_nothing_and_keeps_no_place() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"match":{"times":4},"do":{"hang":true}}]"#);
    let waiting = [(); 4].map(|()| {
        let mut stream = endpoint.connect();
        stream.write_all(update("c", &whole("{}")).as_bytes()).unwrap();
        stream
    });
    let hangs = |entry: &Value| field(entry, "dropped") == "true" && field(entry, "applied") == "0";
    until("four hang", || endpoint.requests().iter().filter(|entry| hangs(entry)).count() == 4);
    assert_eq!(endpoint.put("c", &whole("{}")).at("/customerSession/updateCount"), "1");
    for stream in &waiting {
        stream.set_nonblocking(true).unwrap();
        let early = (&*stream).read(&mut [0]).unwrap_err();
        assert_eq!(early.kind(), std::io::ErrorKind::WouldBlock, "it still waits");
        stream.set_nonblocking(false).unwrap();
    }
    endpoint.clear_faults();
    for mut stream in waiting {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    }
    assert_eq!(endpoint.session("c").at("/customerSession/updateCount"), "1");
}

#[test]
fn a_request_may_be_carried_out_and_hang() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"match":{"method":"PUT"},"do":{"hang":true,"apply":true}}]"#);
    let mut stream = endpoint.connect();
    stream.write_all(update("c", &whole("{}")).as_bytes()).unwrap();
    until("it is carried out", || endpoint.session("c").status == 200);
    assert_eq!(endpoint.send("POST", "/sandbox/reset", &[], b"").status, 204);
    assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap(), 0, "a reset lets it go");
}

#[test]
fn a_truncated_answer_announces_all_of_it_and_ends_early() {
    let endpoint = Endpoint::start();
    for bytes in [10, 0] {
        endpoint.faults(&format!(r#"[{{"match":{{"method":"PUT"}},"do":{{"truncateBody":{bytes}}}}}]"#));
        let answer = endpoint.raw(update("c", &whole("{}")).as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let length = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(String::from));
        let length: usize = length.unwrap().parse().unwrap();
        assert!(head.starts_with("HTTP/1.1 200") && length > 100, "{head}");
        assert_eq!(body.len(), bytes);
    }
    endpoint.faults(r#"[{"do":{"truncateBody":100000}}]"#);
    assert_eq!(endpoint.put("c", &whole("{}")).at("/customerSession/updateCount"), "3", "it is shorter");
    let requests = endpoint.requests();
    assert_eq!([field(&requests[0], "status"), field(&requests[0], "dropped")], ["200", "true"]);
}

#[test]
fn a_duplicate_is_carried_out_twice_and_answered_once() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"match":{"times":2},"do":{"duplicate":true}}]"#);
    assert_eq!(endpoint.put("c", &whole("{}")).at("/customerSession/updateCount"), "1");
    assert_eq!(endpoint.keyed("d", "key", &whole("{}")).at("/customerSession/updateCount"), "1");
    assert_eq!(endpoint.session("c").at("/customerSession/updateCount"), "2");
    assert_eq!(endpoint.session("d").at("/customerSession/updateCount"), "1", "the key holds");
    let applied = endpoint.requests().iter().map(|entry| field(entry, "applied")).collect::<Vec<_>>();
    assert_eq!(applied, ["2", "2", "1", "1"]);
}

#[test]
fn a_request_is_overtaken_by_later_ones_of_its_session() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"match":{"session":"c"},"do":{"reorderAfter":2}}]"#);
    let address = &endpoint.address;
    std::thread::scope(|scope| {
        let held = scope.spawn(|| put(address, "c", &whole(r#"{"profileId":"first"}"#)).unwrap());
        until("it has come", || endpoint.requests().len() == 1);
        endpoint.updated("other", "{}");
        endpoint.updated("c", r#"{"profileId":"second"}"#);
        assert_eq!(endpoint.session("c").at("/customerSession/profileId"), r#""second""#);
        let first = held.join().unwrap();
        assert_eq!(first.at("/customerSession/updateCount"), "2");
    });
    assert_eq!(endpoint.session("c").at("/customerSession/profileId"), r#""first""#);
}

#[test]
fn who_came_before_overtakes_nobody() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"do":{"delayMs":300}},{"do":{"reorderAfter":1}}]"#);
    let address = &endpoint.address;
    let update =
        |profile: &str| put(address, "c", &whole(&format!(r#"{{"profileId":"{profile}"}}"#))).unwrap();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| update("first"));
        until("the first has come", || endpoint.requests().len() == 1);
        let held = scope.spawn(|| update("held"));
        until("the second has come", || endpoint.requests().len() == 2);
        first.join().unwrap();
        update("third");
        assert_eq!(held.join().unwrap().at("/customerSession/updateCount"), "3");
    });
    assert_eq!(endpoint.session("c").at("/customerSession/profileId"), r#""held""#);
}

#[test]
fn what_was_dropped_or_answered_for_may_arrive_late() {
    let endpoint = Endpoint::start();
    for (number, client) in [r#""dropBeforeApply":true"#, r#""status":504"#].into_iter().enumerate() {
        let id = format!("c{number}");
        endpoint.faults(&format!(r#"[{{"do":{{"reorderAfter":1,{client}}}}}]"#));
        match put(&endpoint.address, &id, &whole(r#"{"profileId":"first"}"#)) {
            Ok(answer) => assert_eq!((answer.status, number), (504, 1)),
            Err(_) => assert_eq!(number, 0),
        }
        endpoint.updated(&id, r#"{"profileId":"second"}"#);
        let count = || endpoint.get(&format!("/sandbox/sessions/{id}")).at("/customerSession/updateCount");
        until("the late one arrives", || count() == "2");
        assert_eq!(endpoint.session(&id).at("/customerSession/profileId"), r#""first""#);
        let late =
            &endpoint.get(&format!("/sandbox/requests?session={id}")).json().as_array().unwrap()[0].clone();
        assert_eq!(field(late, "applied"), "1");
    }
}

#[test]
fn what_is_held_goes_on_when_faults_are_taken_back() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"do":{"reorderAfter":9,"delayMs":600000}}]"#);
    let address = &endpoint.address;
    std::thread::scope(|scope| {
        let held = scope.spawn(|| put(address, "c", &whole("{}")).unwrap());
        until("it has come", || endpoint.requests().len() == 1);
        endpoint.clear_faults();
        assert_eq!(held.join().unwrap().at("/customerSession/updateCount"), "1");
    });
}

fn set_clock(endpoint: &Endpoint, now: &str) -> Answer {
    endpoint.send("POST", "/sandbox/clock", &[], format!("{{\"now\":{now}}}").as_bytes())
}

#[test]
fn the_clock_may_be_set_and_runs_on() {
    let endpoint = Endpoint::start();
    let reasons = |id: &str| endpoint.updated(id, r#"{"couponCodes":["SOON"]}"#).props("rejectCoupon");
    assert!(reasons("a")[0].contains("CouponStartDateInFuture"));
    let set = set_clock(&endpoint, r#""8000-01-01T01:00:00+01:00""#);
    assert_eq!(set.status, 200);
    assert!(set.at("/now").starts_with(r#""8000-01-01T00:00:0"#), "{}", set.text);
    assert_eq!(reasons("b"), [""; 0]);
    let created = endpoint.session("b").at("/customerSession/created");
    assert!(created.starts_with(r#""8000-01-01T00:0"#), "{created}");
    let dry = |now: &str| {
        let path = session_path(&format!("b?dry=true&now={now}"));
        endpoint.send("PUT", &path, &[("content-type", "application/json")], whole("{}").as_bytes()).status
    };
    assert_eq!([dry("7999-12-31T23:59:59Z"), dry("8000-01-02T00:00:00Z")], [400, 200]);
    assert_eq!(set_clock(&endpoint, "null").status, 200);
    assert!(reasons("c")[0].contains("CouponStartDateInFuture"));
}

#[test]
fn a_key_is_forgotten_24_hours_later_by_the_clock_and_a_reset_sets_it_back() {
    let endpoint = Endpoint::start();
    set_clock(&endpoint, r#""2030-01-01T00:00:00Z""#);
    let count = || endpoint.keyed("c", "key", &whole("{}")).at("/customerSession/updateCount");
    assert_eq!([count(), count()], ["1", "1"]);
    set_clock(&endpoint, r#""2030-01-01T23:00:00Z""#);
    assert_eq!(count(), "1");
    set_clock(&endpoint, r#""2030-01-02T00:00:01Z""#);
    assert_eq!(count(), "2");
    assert_eq!(endpoint.send("POST", "/sandbox/reset", &[], b"").status, 204);
    endpoint.updated("c", "{}");
    assert!(!endpoint.session("c").at("/customerSession/created").starts_with(r#""2030-01-0"#));
}

#[test]
fn a_wrong_time_is_refused_with_its_place() {
    let endpoint = Endpoint::start();
    for (body, place) in [
        ("7", ""),
        ("{}", ""),
        (r#"{"now":"tomorrow"}"#, "/now"),
        (r#"{"now":1}"#, "/now"),
        (r#"{"now":"1969-12-31T23:59:59Z"}"#, "/now"),
        (r#"{"now":"9001-01-01T00:00:00Z"}"#, "/now"),
        (r#"{"now":null,"then":1}"#, "/then"),
    ] {
        let answer = endpoint.send("POST", "/sandbox/clock", &[], body.as_bytes());
        assert_eq!((answer.status, answer.places()), (400, vec![place.to_string()]), "{body}");
    }
    assert_eq!(endpoint.send("GET", "/sandbox/clock", &[], b"").status, 405);
}

#[test]
fn wrong_rules_are_refused_with_their_place_and_none_is_taken() {
    let endpoint = Endpoint::start();
    for (rules, place) in [
        (r#"{}"#, ""),
        (r#"[{}]"#, "/0"),
        (r#"[{"do":{"status":503}},{"do":{"stauts":503}}]"#, "/1/do/stauts"),
        (r#"[{"do":{"status":99}}]"#, "/0/do/status"),
        (r#"[{"do":{"status":600}}]"#, "/0/do/status"),
        (r#"[{"do":{"delayMs":-1}}]"#, "/0/do/delayMs"),
        (r#"[{"do":{"headers":{"a b":"c"}}}]"#, "/0/do/headers/a b"),
        (r#"[{"do":{"headers":{"a":"b\nc"}}}]"#, "/0/do/headers/a"),
        (r#"[{"do":{"headers":{"Content-Length":"9"}}}]"#, "/0/do/headers/Content-Length"),
        (r#"[{"do":{"hang":true,"status":500}}]"#, "/0/do"),
        (r#"[{"do":{"dropBeforeApply":true,"dropAfterApply":true}}]"#, "/0/do"),
        (r#"[{"do":{"truncateBody":-1}}]"#, "/0/do/truncateBody"),
        (r#"[{"do":{"truncateBody":true}}]"#, "/0/do/truncateBody"),
        (r#"[{"do":{"duplicate":1}}]"#, "/0/do/duplicate"),
        (r#"[{"do":{"reorderAfter":0}}]"#, "/0/do/reorderAfter"),
        (r#"[{"match":{"nth":0},"do":{}}]"#, "/0/match/nth"),
        (r#"[{"match":{"method":1},"do":{}}]"#, "/0/match/method"),
    ] {
        let answer = endpoint.send("POST", "/sandbox/faults", &[], rules.as_bytes());
        assert_eq!((answer.status, answer.places()), (400, vec![place.to_string()]), "{rules}");
    }
    assert_eq!(endpoint.send("POST", "/sandbox/faults", &[], b"[").status, 400);
    assert_eq!(endpoint.put("c", &whole("{}")).status, 200);
}

#[test]
fn the_journal_has_every_request_in_order() {
    let endpoint = Endpoint::start();
    let body = whole(r#"{"profileId":"P"}"#);
    let first = endpoint.keyed("a%20b", "key-1", &body);
    endpoint.put("c", "{");
    endpoint.get("/session-api/unknown?x=1");
    endpoint.faults(r#"[{"do":{"dropBeforeApply":true}}]"#);
    put(&endpoint.address, "c", &whole("{}")).unwrap_err();
    let requests = endpoint.requests();
    let column = |name: &str| requests.iter().map(|entry| field(entry, name)).collect::<Vec<_>>();
    assert_eq!(column("seq"), ["1", "2", "3", "4"]);
    assert_eq!(column("method"), [r#""PUT""#, r#""PUT""#, r#""GET""#, r#""PUT""#]);
    assert_eq!(column("session"), [r#""a b""#, r#""c""#, "null", r#""c""#]);
    assert_eq!(column("status"), ["200", "400", "404", "null"]);
    assert_eq!(column("dropped"), ["false", "false", "false", "true"]);
    assert_eq!(column("applied"), ["1", "1", "1", "0"]);
    assert_eq!(column("query"), [r#""""#, r#""""#, r#""x=1""#, r#""""#]);
    assert_eq!(column("key"), [r#""key-1""#, "null", "null", "null"]);
    assert_eq!(requests[0].get("path").unwrap().as_str(), Some("/session-api/v2/customer_sessions/a%20b"));
    assert_eq!(requests[0].get("body").unwrap().as_str(), Some(body.as_str()));
    assert_eq!(requests[0].get("answer").unwrap().as_str(), Some(first.text.as_str()));
    for entry in &requests {
        let time = |name: &str| entry.get(name).unwrap().as_integer().unwrap();
        assert!(time("finishedAt") >= time("startedAt") && time("startedAt") > 1_700_000_000_000);
    }
    let filtered = endpoint.get("/sandbox/requests?session=a%20b").json();
    assert_eq!(filtered.as_array().unwrap(), &requests[..1]);
}

#[test]
fn reset_forgets_everything() {
    let endpoint = Endpoint::start();
    let body = whole("{}");
    endpoint.keyed("c", "key", &body);
    endpoint.faults(r#"[{"match":{"times":9},"do":{"status":500}}]"#);
    endpoint.send("POST", "/csp-reports", &[], b"{}");
    assert_eq!(endpoint.send("POST", "/sandbox/reset", &[], b"").status, 204);
    assert_eq!(endpoint.get("/sandbox/requests").text, "[]");
    assert_eq!(endpoint.get("/sandbox/csp-reports").text, "[]");
    assert_eq!(endpoint.session("c").status, 404);
    assert_eq!(endpoint.keyed("c", "key", &whole(r#"{"profileId":"P"}"#)).status, 200);
}

#[test]
fn policy_reports_are_collected() {
    let endpoint = Endpoint::start();
    assert_eq!(endpoint.get("/sandbox/csp-reports").text, "[]");
    let report = r#"{"csp-report":{"violated-directive":"script-src"}}"#;
    let headers = [("content-type", "application/csp-report")];
    assert_eq!(endpoint.send("POST", "/csp-reports", &headers, report.as_bytes()).status, 204);
    assert_eq!(endpoint.get("/sandbox/csp-reports").text, format!("[{report}]"));
    assert_eq!(endpoint.send("POST", "/csp-reports", &headers, b"no").status, 400);
}
