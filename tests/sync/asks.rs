//! Flush, settled, refresh, preview, and those who no longer wait.

use cartwright::sync::{Ask, Event, Failure, Phase, Reply};
use serde_json::{Value as Json, json};

use crate::desk::{Desk, ID, items, new, value, with};

fn preview(changes: &Json) -> Ask {
    Ask::Preview(value(changes))
}

#[test]
fn flush_resolves_when_the_revision_of_the_call_is_acknowledged() {
    let mut desk = Desk::new();
    let empty = desk.ask(Ask::Flush);
    assert!(desk.done(empty) && desk.sent.is_empty(), "nothing is to be done");
    desk.add("A", 1);
    let first = desk.ask(Ask::Flush);
    assert!(desk.open.is_some(), "at once");
    desk.add("A", 1);
    let second = desk.ask(Ask::Flush);
    desk.serve();
    assert!(desk.done(first) && desk.is_waiting(second));
    assert!(desk.open.is_some(), "at once again");
    desk.serve();
    assert!(desk.done(second));
}

#[test]
fn flush_survives_transient_trouble() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    let flush = desk.ask(Ask::Flush);
    for status in [409, 429, 500] {
        desk.answer(status, "{}");
        desk.next();
    }
    desk.fail(Failure::Network);
    desk.next();
    desk.fail(Failure::Timeout);
    assert!(desk.is_waiting(flush));
    desk.run();
    assert!(desk.done(flush));
}

#[test]
fn settled_asks_for_a_fresh_quote_where_the_draft_is_acknowledged_without_one() {
    let mut desk = Desk::stocked();
    desk.add("A", 1);
    desk.next();
    desk.lose_answer();
    desk.endpoint.foreign(ID, &json!({ "attributes": { "Note": "foreign" } }));
    desk.endpoint.foreign(ID, &json!({ "cartItems": [] }));
    desk.run();
    assert!(!desk.machine.quote_is_current());
    let settled = desk.ask(Ask::Settled);
    assert!(desk.is_waiting(settled));
    desk.run();
    assert!(desk.done(settled) && desk.machine.quote_is_current());
    assert_eq!(desk.endpoint.items(), items(&[("A", 2)]));
}

#[test]
fn settled_on_an_unused_session_is_at_once() {
    let mut desk = Desk::new();
    let settled = desk.ask(Ask::Settled);
    assert!(desk.done(settled) && desk.sent.is_empty());
}

#[test]
fn settled_rejects_with_what_blocks() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    let settled = desk.ask(Ask::Settled);
    desk.answer(422, "{}");
    assert_eq!(desk.rejected(settled), "rejected");
}

#[test]
fn refresh_adopts_what_others_wrote_when_nothing_is_unacknowledged() {
    let mut desk = Desk::stocked();
    desk.endpoint.foreign(ID, &json!({ "cartItems": [{ "sku": "F", "quantity": 9, "price": 1 }] }));
    let (revision, acknowledged) = (desk.machine.revision(), desk.machine.acknowledged());
    let refresh = desk.ask(Ask::Refresh);
    assert!(desk.request().is_read());
    desk.serve();
    assert!(desk.done(refresh) && desk.rests());
    assert_eq!(desk.items(), items(&[("F", 9)]));
    assert!(desk.machine.revision() > revision && desk.machine.acknowledged() > acknowledged);
    assert!(desk.machine.quote_is_current());
}

#[test]
fn refresh_without_news_leaves_the_draft_and_the_revision() {
    let mut desk = Desk::stocked();
    let revision = desk.machine.revision();
    let refresh = desk.ask(Ask::Refresh);
    desk.run();
    assert!(desk.done(refresh));
    assert_eq!((desk.machine.revision(), desk.items()), (revision, items(&[("A", 1)])));
}

#[test]
fn refresh_leaves_a_draft_with_unacknowledged_edits() {
    let mut desk = Desk::stocked();
    desk.endpoint.foreign(ID, &json!({ "cartItems": [{ "sku": "F", "quantity": 9, "price": 1 }] }));
    desk.add("B", 1);
    let refresh = desk.ask(Ask::Refresh);
    desk.serve();
    assert!(desk.done(refresh));
    assert_eq!(desk.items(), items(&[("A", 1), ("B", 1)]));
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("B", 1)]));
}

#[test]
fn refresh_waits_for_an_update_of_unknown_fate() {
    let mut desk = Desk::stocked();
    desk.add("B", 1);
    desk.next();
    desk.lose_answer();
    let refresh = desk.ask(Ask::Refresh);
    assert!(!desk.next().is_read());
    desk.run();
    assert!(desk.done(refresh));
    assert_eq!(desk.items(), items(&[("A", 1), ("B", 1)]));
}

#[test]
fn refresh_is_tried_some_times_and_then_rejected() {
    let mut desk = Desk::stocked();
    let refresh = desk.ask(Ask::Refresh);
    let mut tries = 0;
    while desk.is_waiting(refresh) {
        desk.next();
        desk.answer(503, "");
        tries += 1;
    }
    assert_eq!((desk.rejected(refresh), tries), ("server_error", 4));
    desk.pass(600_000);
    assert_eq!(desk.sent.len(), 1 + 4, "nobody waits any more");
    assert_eq!(desk.items(), items(&[("A", 1)]));
}

#[test]
fn refresh_of_a_session_that_is_nowhere_is_not_found() {
    let mut desk = Desk::new();
    let refresh = desk.ask(Ask::Refresh);
    desk.run();
    assert_eq!(desk.rejected(refresh), "not_found");
}

#[test]
fn a_preview_changes_nothing() {
    let mut desk = Desk::stocked();
    let (before, revision, fingerprint) =
        (desk.endpoint.session(), desk.machine.revision(), desk.fingerprint());
    let draft = desk.machine.draft().clone();
    let asked = json!({
        "couponCodes": ["XMAS-20-2021"], "evaluableCampaignIds": [244], "now": "2030-01-01T00:00:00+02:00",
        "responseContent": ["loyalty"], "cartItems": [{ "sku": "P", "quantity": 2, "price": "5.00" }],
    });
    let ticket = desk.ask(preview(&asked));
    let sent = desk.request();
    assert_eq!(
        sent.send.path,
        format!("/v2/customer_sessions/{ID}?dry=true&now=2030-01-01T00%3A00%3A00%2B02%3A00")
    );
    assert_eq!(sent.send.key, None);
    let body: Json = serde_json::from_str(sent.send.body.as_ref().unwrap()).unwrap();
    assert_eq!(body["responseContent"], json!(["customerSession", "loyalty"]));
    assert_eq!(body["customerSession"]["evaluableCampaignIds"], json!([244]));
    desk.serve();
    let Some(Ok(Reply::Preview(quote, shown, made_of))) = desk.settled.remove(&ticket) else {
        panic!("a quote is expected");
    };
    assert_eq!((quote.total.to_string(), quote.payable.to_string()), ("10".to_string(), "8".to_string()));
    assert_eq!((shown.lines().len(), made_of), (1, revision));
    assert_eq!((desk.endpoint.session(), desk.machine.revision()), (before, revision));
    assert_eq!((desk.fingerprint(), desk.machine.draft()), (fingerprint, &draft));
    assert!(desk.machine.quote_is_current() && desk.rests());
}

#[test]
fn a_preview_is_of_the_draft_at_the_call_and_refused_before_a_byte() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    for (changes, code) in [
        (json!({ "couponCodes": [""] }), "coupon_empty"),
        (json!({ "cartItems": [{ "sku": "P", "quantity": 0, "price": 1 }] }), "quantity_invalid"),
        (json!({ "now": 5 }), "value_type"),
        (json!({ "responseContent": "loyalty" }), "value_type"),
        (json!({ "responseContent": [1] }), "value_type"),
    ] {
        let ticket = desk.ask(preview(&changes));
        assert_eq!(desk.rejected(ticket), code, "{changes}");
    }
    assert!(desk.sent.is_empty());
    let ticket = desk.ask(preview(&json!({ "couponCodes": ["XMAS-20-2021"] })));
    desk.add("A", 1);
    assert_eq!(desk.request().session()["cartItems"][0]["quantity"], 1);
    desk.run();
    let Some(Ok(Reply::Preview(_, _, revision))) = desk.settled.get(&ticket) else {
        panic!("a quote is expected");
    };
    assert_eq!((*revision, desk.machine.revision()), (1, 2), "it says what it was made of");
    assert_eq!(desk.endpoint.session()["couponCodes"], Json::Null);
}

#[test]
fn a_preview_that_waits_its_turn_stays_that_of_the_draft_at_the_call() {
    let mut desk = Desk::stocked();
    desk.add("B", 1);
    desk.next();
    let ticket = desk.ask(preview(&json!({})));
    desk.add("C", 1);
    desk.run();
    let Some(Ok(Reply::Preview(_, shown, revision))) = desk.settled.get(&ticket) else {
        panic!("a quote is expected");
    };
    assert_eq!((shown.lines().len(), *revision, desk.machine.revision()), (2, 2, 3));
}

#[test]
fn a_preview_asked_for_during_the_opening_is_of_the_cart_that_is_read() {
    let mut desk = Desk::closed(&crate::desk::known());
    desk.endpoint.foreign(ID, &json!({ "cartItems": [{ "sku": "S", "quantity": 2, "price": 5 }] }));
    desk.handle(Event::Opened);
    let ticket = desk.ask(preview(&json!({ "couponCodes": ["XMAS-20-2021"] })));
    let wrong = desk.ask(preview(&json!({ "couponCodes": [""] })));
    assert_eq!(desk.rejected(wrong), "coupon_empty", "at once");
    let nobody = desk.ask(preview(&json!({})));
    desk.handle(Event::Forgotten { ticket: nobody });
    desk.add("A", 1);
    desk.run();
    let Some(Ok(Reply::Preview(quote, shown, revision))) = desk.settled.get(&ticket) else {
        panic!("a quote is expected");
    };
    assert_eq!((shown.lines().len(), quote.total.to_string()), (2, "29.99".to_string()));
    assert_eq!(*revision, desk.machine.revision());
    assert!(desk.is_waiting(nobody));
}

#[test]
fn a_preview_is_retried_and_then_rejected() {
    for (status, code) in [(503, "server_error"), (409, "overlap"), (429, "rate_limited")] {
        let mut desk = Desk::stocked();
        let ticket = desk.ask(preview(&json!({})));
        let mut tries = 0;
        while desk.is_waiting(ticket) {
            desk.next();
            desk.answer(status, "{}");
            tries += 1;
        }
        assert_eq!((desk.rejected(ticket), tries), (code, 4));
        desk.pass(600_000);
        assert_eq!(desk.sent.len(), 1 + 4);
        desk.add("A", 1);
        desk.run();
        assert_eq!(desk.endpoint.items(), items(&[("A", 2)]), "the next update is not held up");
    }
    let mut desk = Desk::stocked();
    let ticket = desk.ask(preview(&json!({})));
    desk.fail(Failure::Timeout);
    desk.next();
    desk.serve();
    assert!(desk.done(ticket));
}

#[test]
fn a_refused_preview_is_told_at_once_and_blocks_nothing() {
    let mut desk = Desk::stocked();
    let ticket = desk.ask(preview(&json!({ "attributes": { "Undeclared": 1 } })));
    desk.serve();
    assert_eq!(desk.rejected(ticket), "rejected");
    assert_ne!(desk.phase(), Phase::Blocked);
    desk.add("A", 1);
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 2)]));
}

#[test]
fn previews_work_in_manual_mode_and_send_nothing_else() {
    let mut desk = Desk::with(&with(new(), json!({ "sync": { "mode": "manual" } })));
    desk.add("A", 1);
    let ticket = desk.ask(preview(&json!({})));
    desk.run();
    assert!(desk.done(ticket));
    assert_eq!((desk.sent.len(), desk.endpoint.stored.is_none()), (1, true));
}

#[test]
fn a_preview_that_never_gets_its_turn_is_rejected() {
    let mut desk = Desk::stocked();
    desk.add("B", 1);
    desk.next();
    let tickets = [desk.ask(preview(&json!({}))), desk.ask(Ask::Refresh)];
    for _ in 0..3 {
        desk.next();
        desk.answer(200, "<html>");
    }
    for ticket in tickets {
        assert_eq!(
            desk.rejected(ticket),
            "bad_answer",
            "the update before it is of unknown fate and blocked"
        );
    }
}

#[test]
fn who_is_forgotten_is_not_answered_and_keeps_nothing_going() {
    let mut desk = Desk::stocked();
    desk.add("A", 1);
    let tickets =
        [desk.ask(Ask::Flush), desk.ask(Ask::Settled), desk.ask(preview(&json!({}))), desk.ask(Ask::Refresh)];
    for ticket in tickets {
        desk.handle(Event::Forgotten { ticket });
    }
    desk.run();
    assert!(tickets.iter().all(|ticket| desk.is_waiting(*ticket)));
    assert_eq!(desk.sent.len(), 2, "the update had begun; the preview and the read had not");
    assert_eq!(desk.endpoint.items(), items(&[("A", 2)]), "the edit itself is not forgotten");
}
