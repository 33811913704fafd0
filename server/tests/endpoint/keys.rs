//! `Idempotency-Key`.

use crate::harness::{Endpoint, whole};

#[test]
fn a_key_repeats_its_answer_and_applies_once() {
    let mut endpoint = Endpoint::start();
    let body = whole(r#"{"cartItems":[{"sku":"A","quantity":1,"price":1}]}"#);
    let first = endpoint.keyed("c", "key-1", &body);
    assert_eq!(first.status, 200);
    endpoint.updated("c", r#"{"cartItems":[]}"#);
    assert_eq!(endpoint.keyed("c", "key-1", &body).text, first.text);
    endpoint.kill_and_restart();
    assert_eq!(endpoint.keyed("c", "key-1", &body).text, first.text);
    let stored = endpoint.session("c");
    assert_eq!(stored.at("/customerSession/updateCount"), "2");
    assert_eq!(stored.at("/customerSession/cartItems"), "[]");
    assert_eq!(endpoint.keyed("c", "key-2", &body).at("/customerSession/updateCount"), "3");
}

#[test]
fn a_key_belongs_to_its_bytes_and_its_path() {
    let endpoint = Endpoint::start();
    let body = whole("{}");
    assert_eq!(endpoint.keyed("c", "key", &body).status, 200);
    for (id, body) in [("c", whole("{ }")), ("other", body.clone()), ("c?dry=true", body)] {
        let answer = endpoint.keyed(id, "key", &body);
        assert_eq!((answer.status, answer.places()), (400, vec!["Idempotency-Key".to_string()]), "{id}");
    }
    assert_eq!(endpoint.session("other").status, 404);
    assert_eq!(endpoint.session("c").at("/customerSession/updateCount"), "1");
}

#[test]
fn errors_are_remembered_unless_told_otherwise() {
    let cancel = whole(r#"{"state":"cancelled"}"#);
    for (arguments, status) in [(&[][..], 400), (&["--forget-errors"][..], 200)] {
        let endpoint = Endpoint::start_with(arguments);
        let refused = endpoint.keyed("c", "key", &cancel);
        assert_eq!(refused.status, 400);
        endpoint.updated("c", "{}");
        let again = endpoint.keyed("c", "key", &cancel);
        assert_eq!(again.status, status, "{arguments:?}");
        assert_eq!(again.text == refused.text, status == 400);
    }
}

#[test]
fn a_key_whose_answer_was_lost_applies_once() {
    let endpoint = Endpoint::start();
    endpoint.faults(r#"[{"match":{"method":"PUT"},"do":{"dropAfterApply":true}}]"#);
    let headers = [("content-type", "application/json"), ("idempotency-key", "key")];
    let path = "/session-api/v2/customer_sessions/c";
    let body = whole("{}");
    endpoint.try_send("PUT", path, &headers, body.as_bytes()).unwrap_err();
    assert_eq!(endpoint.session("c").at("/customerSession/updateCount"), "1");
    let again = endpoint.keyed("c", "key", &body);
    assert_eq!(again.at("/customerSession/updateCount"), "1");
    assert_eq!(endpoint.session("c").at("/customerSession/updateCount"), "1");
}
