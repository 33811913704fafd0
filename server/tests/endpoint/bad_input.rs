//! Whatever comes: a 4xx in the API's error shape, never a 500, never a stop.

use std::io::{Read, Write};

use crate::harness::{Answer, Endpoint, repository, session_path, whole};

pub const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// It has the shape of `ErrorResponse`, and everything but a 400 repeats its status.
pub fn assert_shape(answer: &Answer, status: u16, case: &str) {
    assert_eq!(answer.status, status, "{case}: {}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/json"), "{case}");
    let json = answer.json();
    assert!(
        json.get("message").is_some_and(|message| message.as_str() != Some("")),
        "{case}: {}",
        answer.text
    );
    let repeated = json.get("StatusCode").and_then(|status| status.as_integer());
    assert_eq!(repeated, (status != 400).then_some(i64::from(status)), "{case}");
}

fn lines(count: usize, quantity: u64) -> String {
    let line = format!(r#"{{"sku":"A","quantity":{quantity},"price":1}}"#);
    format!(r#"{{"cartItems":[{}]}}"#, vec![line; count].join(","))
}

#[test]
fn wrong_fields_name_their_places() {
    let endpoint = Endpoint::start();
    let long = "x".repeat(101);
    let item =
        |fields: &str| format!(r#"{{"cartItems":[{{"sku":"A","quantity":1,"price":1}},{{{fields}}}]}}"#);
    let cases: Vec<(String, &[&str])> = vec![
        (item(r#""sku":"A","quantity":0,"price":1"#), &["/cartItems/1/quantity"]),
        (item(r#""sku":"A","quantity":-1,"price":1"#), &["/cartItems/1/quantity"]),
        (item(r#""sku":"A","quantity":0.5,"price":1"#), &["/cartItems/1/quantity"]),
        (item(r#""sku":"A","quantity":"1","price":1"#), &["/cartItems/1/quantity"]),
        (item(r#""sku":"A","quantity":9223372036854775808,"price":1"#), &["/cartItems/1/quantity"]),
        (item(r#""sku":"A","price":1"#), &["/cartItems/1/quantity"]),
        (item(r#""sku":"","quantity":1,"price":1"#), &["/cartItems/1/sku"]),
        (item(r#""quantity":1,"price":1"#), &["/cartItems/1/sku"]),
        (item(r#""sku":"A","quantity":1"#), &["/cartItems/1/price"]),
        (item(r#""sku":"A","quantity":1,"price":"1""#), &["/cartItems/1/price"]),
        (item(r#""sku":"A","quantity":1,"price":1e99"#), &["/cartItems/1/price"]),
        (item(r#""sku":"A","quantity":1,"price":1,"product":{}"#), &["/cartItems/1/product/name"]),
        (item(r#""sku":"A","quantity":1,"price":1,"attributes":{"Foo":1}"#), &["/cartItems/1/attributes/Foo"]),
        (item(r#""sku":"A","quantity":1,"price":1,"attributes":{"color":1}"#), &["/cartItems/1/attributes/color"]),
        (item(r#""sku":"A","quantity":1,"price":1,"additionalCosts":{"Foo":{"price":1}}"#), &["/cartItems/1/additionalCosts/Foo"]),
        (item(r#""sku":"A","quantity":1,"price":1,"additionalCosts":{"assembly":{}}"#), &["/cartItems/1/additionalCosts/assembly/price"]),
        (item(""), &["/cartItems/1/sku", "/cartItems/1/quantity", "/cartItems/1/price"]),
        (r#"{"cartItems":{}}"#.to_string(), &["/cartItems"]),
        (r#"{"cartItems":[7]}"#.to_string(), &["/cartItems/0"]),
        (lines(1001, 1), &["/cartItems"]),
        (lines(2, 5_001), &["/cartItems"]),
        (r#"{"couponCodes":"A"}"#.to_string(), &["/couponCodes"]),
        (r#"{"couponCodes":["A",1]}"#.to_string(), &["/couponCodes/1"]),
        (format!(r#"{{"couponCodes":["{long}"]}}"#), &["/couponCodes/0"]),
        (format!(r#"{{"referralCode":"{long}"}}"#), &["/referralCode"]),
        (r#"{"referralCode":1}"#.to_string(), &["/referralCode"]),
        (r#"{"loyaltyCards":["a","b"]}"#.to_string(), &["/loyaltyCards"]),
        (r#"{"identifiers":["1","2","3","4","5","6"]}"#.to_string(), &["/identifiers"]),
        (r#"{"storeIntegrationId":""}"#.to_string(), &["/storeIntegrationId"]),
        (format!(r#"{{"storeIntegrationId":"{}"}}"#, "x".repeat(1001)), &["/storeIntegrationId"]),
        (r#"{"profileId":5}"#.to_string(), &["/profileId"]),
        (r#"{"state":"unheard-of"}"#.to_string(), &["/state"]),
        (r#"{"state":["open"]}"#.to_string(), &["/state"]),
        (r#"{"attributes":[]}"#.to_string(), &["/attributes"]),
        (r#"{"attributes":{"Foo":null}}"#.to_string(), &["/attributes/Foo"]),
        (r#"{"attributes":{"a/b~c":1}}"#.to_string(), &["/attributes/a~1b~0c"]),
        (r#"{"attributes":{"__proto__":1}}"#.to_string(), &["/attributes/__proto__"]),
        (r#"{"attributes":{"Tags":["a",1]}}"#.to_string(), &["/attributes/Tags"]),
        (r#"{"attributes":{"CheckInDate":"tomorrow"}}"#.to_string(), &["/attributes/CheckInDate"]),
        (r#"{"additionalCosts":{"Foo":{"price":1}}}"#.to_string(), &["/additionalCosts/Foo"]),
        (r#"{"additionalCosts":{"assembly":{"price":1}}}"#.to_string(), &["/additionalCosts/assembly"]),
        (r#"{"additionalCosts":{"shipping":{}}}"#.to_string(), &["/additionalCosts/shipping/price"]),
        (r#"{"additionalCosts":{"shipping":9}}"#.to_string(), &["/additionalCosts/shipping"]),
        (r#"{"evaluableCampaignIds":["a"]}"#.to_string(), &["/evaluableCampaignIds/0"]),
        (r#"{"experimentVariantAllocations":[{}]}"#.to_string(),
            &["/experimentVariantAllocations/0/experimentID", "/experimentVariantAllocations/0/variantID"]),
        (r#"{"cartItems":[{"sku":"A","quantity":10000,"price":1e18}]}"#.to_string(), &["/cartItems"]),
        (r#"{"couponCodes":["XMAS-20-2021"],"cartItems":[{"sku":"A","quantity":1,"price":0.00000000000000000001}]}"#.to_string(),
            &["/cartItems"]),
        ("7".to_string(), &["/customerSession"]),
        ("null".to_string(), &["/customerSession"]),
    ];
    for (session, places) in cases {
        let answer = endpoint.put("c", &whole(&session));
        let case: String = session.chars().take(100).collect();
        assert_shape(&answer, 400, &case);
        assert_eq!(answer.places(), places, "{case}");
    }
    assert_eq!(
        endpoint.put("c", r#"{"customerSession":{},"responseContent":"all"}"#).places(),
        ["/responseContent"]
    );
    assert_eq!(endpoint.session("c").status, 404, "a refused update stores nothing");
}

#[test]
fn the_limits_themselves_are_allowed() {
    let endpoint = Endpoint::start();
    let code = "x".repeat(100);
    for session in [
        lines(1000, 10),
        lines(1, 10_000),
        format!(r#"{{"couponCodes":["{}"],"referralCode":"{code}"}}"#, "é".repeat(100)),
        r#"{"loyaltyCards":["a"],"identifiers":["1","2","3","4","5"]}"#.to_string(),
        format!(r#"{{"storeIntegrationId":"{}"}}"#, "x".repeat(1000)),
    ] {
        endpoint.updated("c", &session);
    }
    assert_eq!(endpoint.session("c").at("/customerSession/total"), "10000");
}

#[test]
fn documented_error_examples_come_out_word_for_word() {
    let endpoint = Endpoint::start();
    for (session, example) in [
        (r#"{"attributes":{"MyAttribute":1}}"#, "040-put-res-400-unknown-attribute.json"),
        (r#"{"attributes":{"Name":false}}"#, "041-put-res-400-wrong-type.json"),
    ] {
        let expected = std::fs::read_to_string(repository("tests/fixtures/api").join(example)).unwrap();
        let expected = cartwright::model::json::Value::parse(&expected).unwrap();
        assert_eq!(endpoint.put("c", &whole(session)).json(), expected, "{example}");
    }
}

#[test]
fn bodies_that_are_no_update() {
    let endpoint = Endpoint::start();
    let nested = |open: &str, close: &str| {
        format!(r#"{{"customerSession":{}1{}}}"#, open.repeat(20_000), close.repeat(20_000)).into_bytes()
    };
    for (case, body) in [
        ("nothing", b" ".to_vec()),
        ("half", br#"{"customerSession":{"#.to_vec()),
        ("two", br#"{"customerSession":{}}{}"#.to_vec()),
        ("a word", b"hello".to_vec()),
        ("a list", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("no session", b"{}".to_vec()),
        ("not UTF-8", b"{\"customerSession\":{\"profileId\":\"\xff\"}}".to_vec()),
        ("half a surrogate pair", br#"{"customerSession":{"profileId":"\ud800"}}"#.to_vec()),
        ("NaN", br#"{"customerSession":{"cartItems":[{"sku":"A","quantity":1,"price":NaN}]}}"#.to_vec()),
        ("lists in lists", nested("[", "]")),
        ("objects in objects", nested("{\"a\":", "}")),
    ] {
        assert_shape(&endpoint.send("PUT", &session_path("c"), JSON, &body), 400, case);
    }
    let empty = endpoint.raw(
        format!("PUT {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", session_path("c")).as_bytes(),
    );
    assert!(empty.starts_with("HTTP/1.1 400 "), "{empty}");
}

#[test]
fn large_bodies_get_an_answer() {
    let endpoint = Endpoint::start();
    let body = |size: usize| {
        let frame = r#"{"customerSession":{"profileId":""}}"#;
        frame.replace("\"\"", &format!("\"{}\"", "x".repeat(size - frame.len())))
    };
    assert_eq!(endpoint.put("c", &body(1 << 20)).status, 200);
    assert_shape(&endpoint.put("c", &body((1 << 20) + 1)), 413, "1 MiB and one byte");
    assert_shape(&endpoint.put("c", &body(8 << 20)), 413, "8 MiB");
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n",
        session_path("c")
    );
    let announced = endpoint.raw(head.as_bytes());
    assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
    assert_eq!(endpoint.put("c", &body(100)).status, 200);
}

#[test]
fn wrong_methods_types_paths_queries_and_keys() {
    let endpoint = Endpoint::start();
    let path = session_path("c");
    let body = whole("{}");
    let long_key = "k".repeat(256);
    type Case<'c> = (&'c str, String, Vec<(&'c str, &'c str)>, u16);
    let cases: Vec<Case<'_>> = vec![
        ("DELETE", path.clone(), vec![], 405),
        ("POST", path.clone(), JSON.to_vec(), 405),
        ("PATCH", path.clone(), JSON.to_vec(), 405),
        ("OPTIONS", path.clone(), vec![], 405),
        ("BREW", path.clone(), vec![], 405),
        ("PUT", path.clone(), vec![], 415),
        ("PUT", path.clone(), vec![("content-type", "text/plain")], 415),
        ("PUT", path.clone(), vec![("content-type", "application/jsonp")], 415),
        ("PUT", path.clone(), vec![("content-type", "application/json"), ("content-encoding", "gzip")], 415),
        ("PUT", format!("{path}?dry=maybe"), JSON.to_vec(), 400),
        ("PUT", format!("{path}?dry"), JSON.to_vec(), 400),
        ("PUT", format!("{path}?dry=true&dry=true"), JSON.to_vec(), 400),
        ("PUT", format!("{path}?now=2999-01-01T00:00:00Z"), JSON.to_vec(), 400),
        ("PUT", format!("{path}?dry=true&now=2001-01-01T00:00:00Z"), JSON.to_vec(), 400),
        ("PUT", format!("{path}?dry=true&now=tomorrow"), JSON.to_vec(), 400),
        ("PUT", format!("{path}?dry=%ff"), JSON.to_vec(), 400),
        ("PUT", format!("{path}?dry=%zz"), JSON.to_vec(), 400),
        ("PUT", session_path("%ff"), JSON.to_vec(), 400),
        ("PUT", session_path("%4"), JSON.to_vec(), 400),
        ("GET", session_path("%zz"), vec![], 400),
        ("PUT", path.clone(), vec![JSON[0], ("idempotency-key", "")], 400),
        ("PUT", path.clone(), vec![JSON[0], ("idempotency-key", &long_key)], 400),
        ("PUT", path.clone(), vec![JSON[0], ("idempotency-key", "a"), ("idempotency-key", "b")], 400),
        ("PUT", session_path(""), JSON.to_vec(), 404),
        ("PUT", session_path("c/"), JSON.to_vec(), 404),
        ("PUT", session_path("c/unknown"), JSON.to_vec(), 404),
        ("GET", "/session-api".to_string(), vec![], 404),
        ("GET", "/session-api/".to_string(), vec![], 404),
        ("GET", "/session-api/v2/customer_sessions".to_string(), vec![], 404),
        ("GET", "/session-api/v1/customer_sessions/c".to_string(), vec![], 404),
        ("PUT", "/session-api/v2/customer_profiles/p".to_string(), JSON.to_vec(), 404),
        ("GET", "/sandbox/unknown".to_string(), vec![], 404),
        ("GET", "/sandbox/reset".to_string(), vec![], 405),
        ("PUT", "/sandbox/requests".to_string(), JSON.to_vec(), 405),
    ];
    for (method, path, headers, status) in cases {
        let body =
            if method == "PUT" || method == "POST" || method == "PATCH" { body.as_bytes() } else { b"" };
        let answer = endpoint.send(method, &path, &headers, body);
        assert_shape(&answer, status, &format!("{method} {path} {headers:?}"));
        assert_eq!(answer.header("allow").is_some(), status == 405, "{method} {path}");
    }
    let charset = [("content-type", "Application/JSON; charset=utf-8")];
    assert_eq!(
        endpoint.send("PUT", &format!("{path}?unknown=1&unknown=2"), &charset, body.as_bytes()).status,
        200
    );
}

#[test]
fn bytes_that_are_no_http() {
    let endpoint = Endpoint::start();
    for bytes in [
        &b"GARBAGE\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PUT /session-api HTTP/9.9\r\n\r\n",
        b"PUT /session-api/v2/customer_sessions/c HTTP/1.1\r\nHost: x\r\nContent-Length: minus\r\n\r\n",
        b"PUT /session-api/v2/customer_sessions/c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nzz\r\n",
    ] {
        let answer = endpoint.raw(bytes);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let mut half = endpoint.connect();
    half.write_all(b"PUT /session-api/v2/customer_sessions/c HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"cust").unwrap();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert_eq!(endpoint.put("c", &whole("{}")).at("/customerSession/updateCount"), "1");
}
