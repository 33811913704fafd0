//! Rule 5: which answers count, and for what. Rule 2: one open attempt.

use cartwright::sync::{Ask, Event, Failure, Notice, Phase, Status};
use serde_json::{Value as Json, json};

use crate::desk::{Desk, ID, items, known, value};

#[test]
fn rule_2_updates_previews_reads_and_moves_wait_in_one_queue() {
    let mut desk = Desk::with(&known());
    desk.add("A", 1);
    // The driver fails when a second attempt is open.
    let asks = [
        Ask::Flush,
        Ask::Refresh,
        Ask::Preview(value(&json!({}))),
        Ask::Settled,
        Ask::Preview(value(&json!({ "couponCodes": [] }))),
        Ask::Close(None),
    ];
    let tickets: Vec<u64> = asks.into_iter().map(|ask| desk.ask(ask)).collect();
    for event in [Event::Online, Event::Shown, Event::Hidden, Event::Offline, Event::Online, Event::Woke] {
        desk.handle(event);
    }
    assert_eq!(desk.sent.len(), 1);
    desk.run();
    assert!(tickets.iter().all(|ticket| desk.settled.contains_key(ticket)));
    assert_eq!(desk.endpoint.state(), "closed");
}

#[test]
fn rule_5_a_late_or_unknown_answer_is_ignored() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    let first = desk.next().send;
    let (status, body) = desk.apply();
    desk.fail(Failure::Timeout);
    let second = desk.next().send;
    let before = (desk.machine.acknowledged(), desk.phase(), desk.sent.len());
    for id in [first.id, 0, second.id + 1, u64::MAX] {
        desk.handle(Event::Answered { id, status, retry_after: None, body: body.clone() });
        desk.handle(Event::Answered { id, status: 400, retry_after: None, body: String::new() });
        desk.handle(Event::Failed { id, failure: Failure::Network });
        assert_eq!((desk.machine.acknowledged(), desk.phase(), desk.sent.len()), before);
    }
    desk.serve();
    assert_eq!(desk.machine.acknowledged(), 1);
    let (sent, acknowledged) = (desk.sent.len(), desk.machine.acknowledged());
    desk.handle(Event::Answered { id: second.id, status: 500, retry_after: None, body: String::new() });
    assert_eq!((desk.sent.len(), desk.machine.acknowledged()), (sent, acknowledged), "answered already");
}

#[test]
fn rule_5_the_echo_of_another_session_confirms_nothing() {
    for body in [
        json!({ "customerSession": { "integrationId": "other", "state": "open" }, "effects": [] }),
        json!({ "customerSession": { "state": "open" }, "effects": [] }),
        json!({ "customerSession": { "integrationId": 5 } }),
        json!({ "effects": [] }),
        json!([]),
        json!(null),
    ] {
        let mut desk = Desk::new();
        desk.add("A", 1);
        desk.next();
        desk.answer(200, &body.to_string());
        assert_eq!((desk.machine.acknowledged(), desk.error()), (0, Some("bad_answer")), "{body}");
        desk.run();
        assert_eq!(desk.machine.acknowledged(), 1);
    }
}

#[test]
fn rule_5_a_replayed_answer_confirms_but_its_quote_is_not_fresh() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    desk.next();
    desk.lose_answer();
    desk.next();
    desk.serve();
    assert_eq!(desk.machine.acknowledged(), desk.machine.revision());
    assert!(desk.machine.quote().is_some() && !desk.machine.quote_is_current());
    assert!(desk.request().is_read(), "a read makes it fresh");
    let settled = desk.ask(Ask::Settled);
    assert!(desk.is_waiting(settled));
    desk.serve();
    assert!(desk.machine.quote_is_current() && desk.done(settled) && desk.rests());
    assert_eq!(desk.sent.len(), 3);
}

#[test]
fn rule_5_a_replayed_answer_with_newer_edits_costs_no_read() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    desk.next();
    desk.lose_answer();
    desk.add("A", 1);
    desk.run();
    assert!(desk.sent.iter().all(|sent| !sent.is_read()));
    assert!(desk.machine.quote_is_current());
}

#[test]
fn rule_5_a_replayed_answer_after_which_somebody_wrote_makes_no_fresh_quote() {
    let mut desk = Desk::stocked();
    desk.add("A", 1);
    desk.next();
    desk.lose_answer();
    desk.endpoint.foreign(ID, &json!({ "cartItems": [] }));
    desk.run();
    assert!(!desk.machine.quote_is_current());
    let (quote, _) = desk.machine.quote().unwrap();
    assert_eq!(quote.mismatch.as_ref().unwrap().fields, ["cartItems"]);
    assert_eq!(desk.items(), items(&[("A", 2)]), "and the draft is not touched");
}

#[test]
fn rule_5_edits_made_during_a_request_are_never_overwritten() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    desk.next();
    desk.add("B", 3);
    desk.serve();
    assert_eq!(desk.items(), items(&[("A", 1), ("B", 3)]));
    assert_eq!((desk.machine.acknowledged(), desk.machine.revision()), (1, 2));
    assert!(!desk.machine.quote_is_current());
    assert_eq!(desk.machine.quote().unwrap().1, 1);
    let pending: Vec<bool> =
        desk.machine.draft().lines().iter().map(|line| desk.machine.is_pending(line)).collect();
    assert_eq!(pending, [false, true]);
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("B", 3)]));
    assert!(desk.machine.quote_is_current());
}

#[test]
fn rule_5_edits_made_during_a_read_are_never_overwritten() {
    let mut desk = Desk::stocked();
    desk.endpoint.foreign(ID, &json!({ "cartItems": [{ "sku": "F", "quantity": 9, "price": 1 }] }));
    let refresh = desk.ask(Ask::Refresh);
    desk.add("B", 1);
    desk.serve();
    assert!(desk.done(refresh));
    assert_eq!(desk.items(), items(&[("A", 1), ("B", 1)]));
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("B", 1)]));
}

#[test]
fn rule_5_what_the_answer_says_otherwise_is_named_and_changes_no_field() {
    let mut desk = Desk::new();
    desk.add("A", 2);
    desk.edit(json!({ "do": "referral.set", "code": "R" }));
    desk.serve();
    desk.add("A", 1);
    desk.next();
    let (status, body) = desk.apply();
    let mut answer: Json = serde_json::from_str(&body).unwrap();
    answer["customerSession"]["referralCode"] = json!("OTHER");
    answer["customerSession"]["cartItems"][0]["quantity"] = json!(1);
    desk.answer(status, &answer.to_string());
    let (quote, _) = desk.machine.quote().unwrap();
    assert_eq!(quote.mismatch.as_ref().unwrap().fields, ["referralCode", "cartItems"]);
    assert_eq!(desk.items(), items(&[("A", 3)]));
    assert_eq!(
        desk.machine.draft().fields().get("referralCode").and_then(cartwright::model::json::Value::as_str),
        Some("R")
    );
}

#[test]
fn rule_5_codes_get_their_verdicts_by_the_answer() {
    let mut desk = Desk::stocked();
    for code in ["XMAS-20-2021", "NOPE"] {
        desk.edit(json!({ "do": "coupons.add", "code": code }));
    }
    assert_eq!(desk.coupon("NOPE").status, Status::Entered);
    desk.news();
    desk.run();
    assert_eq!(desk.coupon("XMAS-20-2021").status, Status::Accepted);
    let rejected = desk.coupon("NOPE");
    assert_eq!(
        (rejected.status, rejected.rejection.unwrap().reason),
        (Status::Rejected, "CouponNotFound".to_string())
    );
    let told = desk.news().into_iter().filter(|notice| matches!(notice, Notice::Coupon(_))).count();
    assert_eq!(told, 2, "each code is told once");
    desk.add("A", 1);
    desk.run();
    assert!(!desk.news().iter().any(|notice| matches!(notice, Notice::Coupon(_))), "nothing new of them");
}

#[test]
fn rule_5_success_ends_every_trouble() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    for status in [409, 503, 200, 429] {
        desk.next();
        desk.answer(status, "{}");
    }
    assert_eq!((desk.machine.attempt(), desk.error()), (4, Some("rate_limited")));
    assert!(desk.machine.retry_at().is_some());
    desk.run();
    assert_eq!((desk.machine.attempt(), desk.error(), desk.machine.retry_at()), (0, None, None));
    assert_eq!(desk.phase(), Phase::Idle);
}

#[test]
fn rule_5_more_attributes_than_anybody_has_are_compared_all_the_same() {
    // Whatever looks each name up in a list would still be at it when the test run is given up.
    let count = 200_000;
    let attributes: serde_json::Map<String, Json> =
        (0..count).map(|number| (format!("a{number}"), json!(number))).collect();
    let backwards: Vec<String> =
        (0..count).rev().map(|number| format!(r#""a{number}":{number}.0"#)).collect();
    let mut desk = Desk::new();
    desk.edit(json!({ "do": "set", "field": "attributes", "value": attributes }));
    let answer = |attributes: &str| {
        format!(
            r#"{{"customerSession":{{"integrationId":"{ID}","state":"open","attributes":{{{attributes}}}}}}}"#
        )
    };
    desk.next();
    desk.answer(200, &answer(&backwards.join(",")));
    let quote = |desk: &Desk| desk.machine.quote().unwrap().0.clone();
    assert_eq!(quote(&desk).mismatch, None);
    // As a whole: those that are not given any more are removed.
    desk.edit(json!({ "do": "set", "field": "attributes", "value": { "a0": 0, "b": 1 } }));
    let sent = desk.next().session()["attributes"].clone();
    assert_eq!(
        (sent.as_object().unwrap().len(), &sent["a0"], &sent["a1"]),
        (count + 1, &json!(0), &json!(null))
    );
    desk.answer(200, &answer(r#""a0":0,"b":1"#));
    assert_eq!(quote(&desk).mismatch, None);
    desk.edit(json!({ "do": "attributes.set", "name": "b", "value": 2 }));
    desk.next();
    desk.answer(200, &answer(r#""a0":0,"a7":1,"b":2"#));
    assert_eq!(quote(&desk).mismatch.as_ref().unwrap().fields, ["attributes"]);
    assert_eq!(desk.refused(json!({ "do": "attributes.unset", "name": "a7" })), ["cannot_unset"]);
}

#[test]
fn balances_are_those_of_the_newest_answer_that_has_any_of_the_same_customer() {
    let mut desk = Desk::new();
    // The endpoint answers, with this much on the customer's account.
    let answer = |desk: &mut Desk, points: Option<u64>| {
        desk.next();
        let (status, body) = desk.apply();
        let mut body: Json = serde_json::from_str(&body).unwrap();
        body.as_object_mut().unwrap().remove("loyalty");
        if let Some(points) = points {
            body["loyalty"] = json!({ "programs": { "5": { "ledger": { "currentBalance": points } } } });
        }
        desk.answer(status, &body.to_string());
        let loyalty = desk.machine.quote().unwrap().0.loyalty.as_ref();
        loyalty.map(|loyalty| loyalty.to_text().bytes().filter(u8::is_ascii_digit).map(char::from).collect())
    };
    let balance = |points: u64| Some(format!("5{points}"));
    desk.edit(json!({ "do": "profile.set", "id": "ME" }));
    assert_eq!(answer(&mut desk, Some(100)), balance(100));
    // A read says nothing of balances.
    desk.ask(Ask::Refresh);
    assert_eq!(answer(&mut desk, None), balance(100));
    desk.add("A", 1);
    assert_eq!(answer(&mut desk, Some(120)), balance(120));
    desk.endpoint.foreign(ID, &json!({ "profileId": "SOMEBODY-ELSE" }));
    desk.ask(Ask::Refresh);
    assert_eq!(answer(&mut desk, None), None);
    desk.edit(json!({ "do": "profile.set", "id": "ME" }));
    assert_eq!(answer(&mut desk, Some(120)), balance(120));
    desk.edit(json!({ "do": "profile.anonymous" }));
    assert_eq!(answer(&mut desk, None), None, "an update tells all there is");
}
