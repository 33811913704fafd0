//! After the closing: cancel, reopen, return (session API reference, section 5).

use crate::harness::{Answer, Endpoint, session_path};

/// Two lines of shoes, the first one of two units.
const CART: &str = r#""cartItems":[{"sku":"RUN","quantity":2,"price":40,"category":"shoes"},
    {"sku":"LACE","quantity":1,"price":3.5,"category":"shoes"}],"additionalCosts":{"shipping":{"price":9}}"#;

fn close(endpoint: &Endpoint, id: &str, more: &str) -> Answer {
    endpoint.updated(id, &format!(r#"{{"state":"closed",{CART}{more}}}"#))
}

impl Endpoint {
    fn reopen(&self, id: &str) -> Answer {
        self.send("PUT", &format!("{}/reopen", session_path(id)), &[], b"")
    }

    fn returns(&self, id: &str, items: &str) -> Answer {
        self.returns_with(id, "", &format!(r#"{{"return":{{"returnedCartItems":{items}}}}}"#))
    }

    fn returns_with(&self, id: &str, query: &str, body: &str) -> Answer {
        let path = format!("{}/returns{query}", session_path(id));
        self.send("POST", &path, &[("content-type", "application/json")], body.as_bytes())
    }

    fn state(&self, id: &str) -> String {
        self.session(id).at("/customerSession/state")
    }
}

fn kinds(answer: &Answer) -> Vec<String> {
    answer.effects().into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn reopening_opens_and_rolls_back_and_has_no_session() {
    let endpoint = Endpoint::start();
    close(&endpoint, "c", r#","profileId":"P","couponCodes":["XMAS-20-2021"],"referralCode":"NT2K54D9""#);
    let answer = endpoint.reopen("c");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.props("rollbackCoupon"), [r#"{"value":"XMAS-20-2021"}"#]);
    assert_eq!(answer.props("rollbackReferral"), [r#"{"value":"NT2K54D9"}"#]);
    assert_eq!(
        answer.props("rollbackDiscount"),
        [r#"{"name":"20% off","value":16.7}"#, r#"{"name":"Referral","value":5}"#]
    );
    assert_eq!(answer.json().as_object().unwrap().len(), 1, "{}", answer.text);
    let stored = endpoint.session("c");
    assert_eq!(stored.at("/customerSession/state"), "\"open\"");
    assert_eq!(stored.at("/customerSession/updateCount"), "2");
    assert_eq!(stored.at("/effects"), "[]");
    let again = endpoint.updated("c", "{}");
    assert_eq!(again.props("acceptCoupon"), [r#"{"value":"XMAS-20-2021"}"#]);
}

#[test]
fn a_closed_session_cancels_with_roll_back_effects_and_an_open_one_without() {
    let endpoint = Endpoint::start();
    close(&endpoint, "c", r#","couponCodes":["SHOES5","SHIPFREE"]"#);
    let answer = endpoint.updated("c", r#"{"state":"cancelled"}"#);
    assert_eq!(answer.props("rollbackCoupon"), [r#"{"value":"SHOES5"}"#, r#"{"value":"SHIPFREE"}"#]);
    assert_eq!(
        answer.props("rollbackDiscount"),
        [
            r#"{"name":"5 off shoes#0","value":5,"cartItemPosition":0,"cartItemSubPosition":0,"scope":"price"}"#,
            r#"{"name":"5 off shoes#0","value":5,"cartItemPosition":0,"cartItemSubPosition":1,"scope":"price"}"#,
            r#"{"name":"5 off shoes#1","value":3.5,"cartItemPosition":1,"cartItemSubPosition":0,"scope":"price"}"#,
            r#"{"name":"Free shipping","value":9,"additionalCostId":1,"additionalCost":"shipping"}"#,
        ]
    );
    assert_eq!(endpoint.session("c").at("/effects"), "[]");
    endpoint.updated("open", &format!(r#"{{{CART},"couponCodes":["SHOES5"]}}"#));
    let cancelled = endpoint.updated("open", r#"{"state":"cancelled"}"#);
    assert_eq!(cancelled.at("/effects"), "[]");
}

#[test]
fn a_return_by_position_takes_units_back_and_their_discounts() {
    let endpoint = Endpoint::start();
    close(&endpoint, "c", r#","profileId":"P","couponCodes":["SHOES5"]"#);
    let body = r#"{"return":{"returnedCartItems":[{"position":0,"quantity":1}]},
        "responseContent":["customerSession","previousReturns"]}"#;
    let first = endpoint.returns_with("c", "", body);
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(kinds(&first), ["rollbackDiscount"]);
    assert_eq!(
        first.props("rollbackDiscount"),
        [
            r#"{"name":"5 off shoes#0","value":5,"cartItemPosition":0,"cartItemSubPosition":0,"scope":"price"}"#
        ]
    );
    assert_eq!(first.at("/customerSession/state"), "\"partially_returned\"");
    assert_eq!(first.at("/customerSession/cartItems/0/returnedQuantity"), "1");
    assert_eq!(first.at("/customerSession/cartItems/0/remainingQuantity"), "1");
    assert_eq!(first.at("/customerSession/cartItems/1/returnedQuantity"), "0");
    assert_eq!(first.at("/customerSession/cartItems/1/remainingQuantity"), "1");
    assert_eq!(first.at("/customerSession/total"), "92.5", "totals stay");
    assert_eq!(first.at("/return/returnedCartItems"), r#"[{"position":0,"quantity":1}]"#);
    assert_eq!(first.at("/return/sessionIntegrationId"), "\"c\"");
    assert_eq!(first.at("/return/profileIntegrationId"), "\"P\"");
    assert_eq!(first.at("/previousReturns"), "[]");
    let second = endpoint.returns_with("c", "", body);
    assert_eq!(
        second.props("rollbackDiscount"),
        [
            r#"{"name":"5 off shoes#0","value":5,"cartItemPosition":0,"cartItemSubPosition":1,"scope":"price"}"#
        ]
    );
    assert_eq!(second.at("/previousReturns/0/id"), first.at("/return/id"));
    assert_ne!(second.at("/return/id"), first.at("/return/id"));
    assert_eq!(endpoint.session("c").props("setDiscountPerItem").len(), 1, "what is void is not in force");
}

#[test]
fn a_return_by_sku_takes_from_the_lines_of_that_sku_in_order() {
    let endpoint = Endpoint::start();
    endpoint.updated(
        "c",
        r#"{"state":"closed","cartItems":[{"sku":"A","quantity":1,"price":1},{"sku":"B","quantity":1,"price":1},
            {"sku":"A","quantity":3,"price":1}]}"#,
    );
    let answer = endpoint.returns("c", r#"[{"sku":"A","quantity":2}]"#);
    assert_eq!(
        answer.at("/return/returnedCartItems"),
        r#"[{"position":0,"quantity":1},{"position":2,"quantity":1}]"#
    );
    let rest = endpoint.returns("c", r#"[{"sku":"A"},{"position":1}]"#);
    assert_eq!(
        rest.at("/return/returnedCartItems"),
        r#"[{"position":2,"quantity":2},{"position":1,"quantity":1}]"#
    );
    assert_eq!(endpoint.state("c"), "\"partially_returned\"", "returning all leads to no other state");
}

#[test]
fn a_return_that_is_wrong_is_refused_with_its_place_and_changes_nothing() {
    let endpoint = Endpoint::start();
    close(&endpoint, "c", "");
    let before = endpoint.session("c").text;
    for (items, places) in [
        ("[]", vec!["/returnedCartItems"]),
        ("[{}]", vec!["/returnedCartItems/0/position"]),
        (r#"[{"position":2}]"#, vec!["/returnedCartItems/0/position"]),
        (r#"[{"position":-1}]"#, vec!["/returnedCartItems/0/position"]),
        (r#"[{"position":0.5}]"#, vec!["/returnedCartItems/0/position"]),
        (r#"[{"position":0,"quantity":3}]"#, vec!["/returnedCartItems/0/quantity"]),
        (r#"[{"position":0,"quantity":0}]"#, vec!["/returnedCartItems/0/quantity"]),
        (
            r#"[{"position":0,"quantity":1},{"position":0,"quantity":2}]"#,
            vec!["/returnedCartItems/1/quantity"],
        ),
        (r#"[{"position":0},{"position":0}]"#, vec!["/returnedCartItems/1/quantity"]),
        (r#"[{"sku":"NONE"}]"#, vec!["/returnedCartItems/0/sku"]),
        (r#"[{"sku":""}]"#, vec!["/returnedCartItems/0/sku"]),
        (r#"[{"position":1,"sku":"RUN"}]"#, vec!["/returnedCartItems/0/sku"]),
        ("7", vec!["/returnedCartItems"]),
    ] {
        let answer = endpoint.returns("c", items);
        assert_eq!(
            (answer.status, answer.places()),
            (400, places.iter().map(ToString::to_string).collect()),
            "{items}"
        );
    }
    for body in ["", "{}", r#"{"return":{}}"#, r#"{"return":7}"#, "[", "\u{0}"] {
        assert_eq!(endpoint.returns_with("c", "", body).status, 400, "{body}");
    }
    assert_eq!(endpoint.returns_with("c", "?dry=perhaps", "{}").places(), ["dry"]);
    assert_eq!(endpoint.returns_with("c", "?runRuleEngine=1", "{}").places(), ["runRuleEngine"]);
    assert_eq!(endpoint.session("c").text, before);
}

#[test]
fn a_dry_return_answers_and_stores_nothing() {
    let endpoint = Endpoint::start();
    close(&endpoint, "c", r#","couponCodes":["SHOES5"]"#);
    let before = endpoint.session("c").text;
    let body = r#"{"return":{"returnedCartItems":[{"position":1}]},"responseContent":["customerSession"]}"#;
    let answer = endpoint.returns_with("c", "?dry=true", body);
    assert_eq!(answer.at("/customerSession/state"), "\"partially_returned\"");
    assert_eq!(answer.props("rollbackDiscount").len(), 1);
    assert_eq!(endpoint.session("c").text, before);
}

#[test]
fn a_partially_returned_session_can_be_cancelled_and_nothing_else() {
    let endpoint = Endpoint::start();
    close(&endpoint, "c", r#","couponCodes":["SHOES5"]"#);
    endpoint.returns("c", r#"[{"position":0,"quantity":1}]"#);
    for state in ["open", "closed", "partially_returned"] {
        let answer = endpoint.put("c", &format!(r#"{{"customerSession":{{"state":"{state}"}}}}"#));
        assert_eq!((answer.status, answer.places()), (400, vec!["/state".to_string()]), "{state}");
    }
    assert_eq!(endpoint.reopen("c").places(), ["/state"]);
    let cancelled = endpoint.updated("c", r#"{"state":"cancelled"}"#);
    assert_eq!(cancelled.props("rollbackDiscount").len(), 2, "those of the returned unit are void already");
    assert_eq!(cancelled.at("/customerSession/total"), "92.5");
}

#[test]
fn only_a_closed_session_is_reopened_or_returned() {
    let endpoint = Endpoint::start();
    endpoint.updated("open", &format!("{{{CART}}}"));
    endpoint.updated("cancelled", "{}");
    endpoint.updated("cancelled", r#"{"state":"cancelled"}"#);
    for id in ["open", "cancelled"] {
        let before = endpoint.session(id).text;
        for answer in [endpoint.reopen(id), endpoint.returns(id, r#"[{"position":0}]"#)] {
            assert_eq!((answer.status, answer.places()), (400, vec!["/state".to_string()]), "{id}");
        }
        assert_eq!(endpoint.session(id).text, before);
    }
    assert_eq!(endpoint.reopen("nobody").status, 404);
    assert_eq!(endpoint.returns("nobody", r#"[{"position":0}]"#).status, 404);
}

#[test]
fn reopen_and_returns_have_their_methods() {
    let endpoint = Endpoint::start();
    for (below, right) in [("reopen", "PUT"), ("returns", "POST")] {
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            let path = format!("{}/{below}", session_path("c"));
            let answer = endpoint.send(method, &path, &[("content-type", "application/json")], b"{}");
            if method == right {
                assert_ne!(answer.status, 405);
            } else {
                assert_eq!((answer.status, answer.header("allow")), (405, Some(right)), "{method} {below}");
            }
        }
        assert_eq!(endpoint.get(&format!("{}/{below}/more", session_path("c"))).status, 404);
    }
}

#[test]
fn reopen_and_returns_are_replay_safe_under_a_key() {
    let endpoint = Endpoint::start();
    close(&endpoint, "c", r#","couponCodes":["SHOES5"]"#);
    let path = format!("{}/returns", session_path("c"));
    let headers = [("content-type", "application/json"), ("idempotency-key", "return")];
    let body = br#"{"return":{"returnedCartItems":[{"position":0,"quantity":1}]}}"#;
    let first = endpoint.send("POST", &path, &headers, body);
    assert_eq!(endpoint.send("POST", &path, &headers, body).text, first.text);
    assert_eq!(endpoint.session("c").at("/customerSession/cartItems/0/returnedQuantity"), "1");
    close(&endpoint, "d", "");
    let path = format!("{}/reopen", session_path("d"));
    let first = endpoint.send("PUT", &path, &[("idempotency-key", "reopen")], b"");
    assert_eq!(first.status, 200);
    assert_eq!(endpoint.send("PUT", &path, &[("idempotency-key", "reopen")], b"").text, first.text);
    assert_eq!(endpoint.send("PUT", &path, &[], b"").status, 400);
}

#[test]
fn the_documented_returns_are_accepted() {
    let endpoint = Endpoint::start();
    for file in ["054-returns-req-position.json", "055-returns-req-sku.json"] {
        endpoint.updated(
            file,
            r#"{"state":"closed","cartItems":[{"sku":"SKU1241028","quantity":1},{"sku":"A","quantity":2,"price":1}]}"#,
        );
        let body = std::fs::read_to_string(crate::harness::repository(&format!("tests/fixtures/api/{file}")));
        let answer = endpoint.returns_with(file, "", &body.unwrap());
        assert_eq!(answer.status, 200, "{file}: {}", answer.text);
    }
}

#[test]
fn orders_survive_a_kill() {
    let mut endpoint = Endpoint::start();
    close(&endpoint, "c", r#","couponCodes":["SHOES5"]"#);
    endpoint.returns("c", r#"[{"position":0,"quantity":1}]"#);
    let before = endpoint.session("c").text;
    endpoint.kill_and_restart();
    assert_eq!(endpoint.session("c").text, before);
    let body = r#"{"return":{"returnedCartItems":[{"position":0}]},"responseContent":["previousReturns"]}"#;
    assert_eq!(
        endpoint.returns_with("c", "", body).at("/previousReturns/0/returnedCartItems/0/position"),
        "0"
    );
}
