//! Rules 1, 3 and 4: what an update carries, when it leaves, and which key it has.

use std::collections::BTreeSet;

use cartwright::sync::{Ask, Event, Failure, Phase};
use serde_json::{Value as Json, json};

use crate::desk::{Desk, Sent, items, new, with};

const HOUR: u64 = 3_600_000;

#[test]
fn rule_1_every_update_is_the_whole_draft() {
    let mut desk = Desk::stocked();
    desk.edit(json!({ "do": "attributes.set", "name": "Note", "value": "gift" }));
    let sent = desk.next();
    assert_eq!(
        sent.session(),
        json!({
            "cartItems": [{ "quantity": 1, "sku": "A", "price": 19.99 }],
            "attributes": { "Note": "gift" },
        })
    );
    let body: Json = serde_json::from_str(&sent.send.body.unwrap()).unwrap();
    assert_eq!(body["responseContent"], json!(["customerSession", "loyalty"]));
    assert_eq!(desk.machine.request_text(), desk.request().send.body.unwrap());
}

#[test]
fn rule_1_server_set_members_of_items_are_never_sent_back() {
    let mut desk = Desk::stocked();
    desk.endpoint.foreign(
        crate::desk::ID,
        &json!({ "cartItems": [{ "sku": "SKU1241028", "quantity": 1 }], "attributes": {} }),
    );
    let refresh = desk.ask(Ask::Refresh);
    desk.run();
    assert!(desk.done(refresh));
    desk.edit(json!({ "do": "attributes.set", "name": "Note", "value": "n" }));
    let line = desk.next().session()["cartItems"][0].clone();
    let names: BTreeSet<&String> = line.as_object().unwrap().keys().collect();
    assert!(!names.contains(&"position".to_string()) && !names.contains(&"returnedQuantity".to_string()));
}

#[test]
fn rule_1_state_is_in_close_and_cancel_only() {
    let mut desk = Desk::stocked();
    desk.add("B", 1);
    desk.run();
    let preview = desk.ask(Ask::Preview(crate::desk::value(&json!({ "couponCodes": ["XMAS-20-2021"] }))));
    desk.run();
    let close = desk.ask(Ask::Close(None));
    desk.run();
    let cancel = desk.ask(Ask::Cancel);
    desk.run();
    assert!(desk.done(preview) && desk.done(close) && desk.done(cancel));
    let states: Vec<Json> = desk.sent.iter().map(|sent| sent.session()["state"].clone()).collect();
    assert_eq!(states, [Json::Null, Json::Null, Json::Null, json!("closed"), json!("cancelled")]);
    let (closing, cancelling) = (desk.sent[3].session(), desk.sent[4].session());
    assert_eq!(closing["cartItems"].as_array().unwrap().len(), 2, "closing carries the whole draft");
    assert_eq!(cancelling, json!({ "state": "cancelled" }), "a closed session takes no other change");
}

#[test]
fn rule_1_what_was_sent_is_cleared_and_never_omitted() {
    let mut desk = Desk::new();
    desk.edit(json!({ "do": "load", "session": {
        "profileId": "p", "couponCodes": ["C"], "referralCode": "R", "loyaltyCards": ["L"], "identifiers": ["i"],
        "cartItems": [{ "sku": "A", "quantity": 1, "price": 1 }],
        "additionalCosts": { "shipping": { "price": 5 } }, "attributes": { "Note": "n", "Name": "m" },
    } }));
    desk.run();
    for field in ["profileId", "couponCodes", "referralCode", "loyaltyCards", "identifiers", "cartItems"] {
        desk.edit(json!({ "do": "unset", "field": field }));
    }
    desk.edit(json!({ "do": "unset", "field": "additionalCosts" }));
    desk.edit(json!({ "do": "attributes.remove", "name": "Note" }));
    desk.run();
    let cleared = json!({
        "profileId": "", "couponCodes": [], "referralCode": "", "loyaltyCards": [], "cartItems": [],
        "additionalCosts": {}, "identifiers": [], "attributes": { "Note": null, "Name": "m" },
    });
    assert_eq!(desk.sent.last().unwrap().session(), cleared);
    // And again with every later update.
    desk.add("B", 1);
    desk.run();
    let later = desk.sent.last().unwrap().session();
    for (name, value) in cleared.as_object().unwrap().iter().filter(|(name, _)| *name != "cartItems") {
        assert_eq!(&later[name], value, "{name}");
    }
    assert_eq!(desk.endpoint.session()["attributes"], json!({ "Name": "m" }));
}

#[test]
fn rule_1_what_was_refused_as_a_whole_was_never_sent() {
    let mut desk = Desk::stocked();
    let unset = json!({ "do": "attributes.unset", "name": "Nobody" });
    desk.edit(json!({ "do": "attributes.set", "name": "Nobody", "value": 1 }));
    desk.next();
    assert_eq!(desk.refused(unset.clone()), ["cannot_unset"], "while it may arrive");
    desk.answer(400, r#"{"errors":[{"source":{"pointer":"/attributes/Nobody"}}]}"#);
    desk.edit(unset.clone());
    desk.run();
    assert_eq!(desk.sent.last().unwrap().session()["attributes"], Json::Null);
    // After a 503 the endpoint may have it all the same, so a later refusal takes nothing back.
    desk.edit(json!({ "do": "attributes.set", "name": "Nobody", "value": 2 }));
    desk.next();
    desk.answer(503, "");
    desk.next();
    desk.answer(400, r#"{"errors":[{"source":{"pointer":"/attributes/Nobody"}}]}"#);
    assert_eq!(desk.refused(unset), ["cannot_unset"]);
}

#[test]
fn rule_1_a_sent_field_without_a_clear_value_cannot_be_unset() {
    let mut desk = Desk::new();
    desk.edit(json!({ "do": "set", "field": "storeIntegrationId", "value": "S1" }));
    desk.next();
    let unset = json!({ "do": "unset", "field": "storeIntegrationId" });
    assert_eq!(desk.refused(unset.clone()), ["cannot_unset"], "already while the request is under way");
    desk.run();
    assert_eq!(desk.refused(unset), ["cannot_unset"]);
}

#[test]
fn rule_3_an_update_waits_for_the_next_edit() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    assert_eq!((desk.phase(), desk.open.is_none()), (Phase::Scheduled, true));
    desk.pass(149);
    desk.add("A", 1);
    desk.pass(149);
    assert!(desk.open.is_none());
    desk.pass(1);
    assert_eq!(desk.request().session()["cartItems"][0]["quantity"], 2);
}

#[test]
fn rule_3_it_waits_no_longer_than_the_ceiling() {
    let mut desk = Desk::new();
    let start = desk.now;
    for _ in 0..30 {
        desk.add("A", 1);
        desk.pass(100);
        if desk.open.is_some() {
            break;
        }
    }
    assert_eq!(desk.request().at - start, 1500);
}

#[test]
fn rule_3_the_times_are_options() {
    let mut desk = Desk::with(&with(new(), json!({ "sync": { "debounceMs": 0, "maxWaitMs": 0 } })));
    desk.add("A", 1);
    assert!(desk.open.is_some());
    let mut desk = Desk::with(&with(new(), json!({ "sync": { "debounceMs": 900, "maxWaitMs": 1000 } })));
    desk.add("A", 1);
    desk.pass(899);
    desk.add("A", 1);
    desk.pass(100);
    assert!(desk.open.is_none());
    desk.pass(1);
    assert!(desk.open.is_some());
}

#[test]
fn rule_3_a_burst_during_a_request_costs_one_more() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    desk.next();
    for _ in 0..50 {
        desk.add("A", 1);
        desk.pass(10);
    }
    desk.run();
    assert_eq!(desk.sent.len(), 2);
    assert_eq!(desk.endpoint.items(), items(&[("A", 51)]));
}

#[test]
fn rule_3_codes_and_cards_go_at_once() {
    for command in [
        json!({ "do": "coupons.add", "code": "XMAS-20-2021" }),
        json!({ "do": "referral.set", "code": "NT2K54D9" }),
        json!({ "do": "loyaltyCard.set", "id": "card" }),
        json!({ "do": "set", "field": "couponCodes", "value": ["C"] }),
    ] {
        let mut desk = Desk::new();
        desk.add("A", 1);
        assert!(desk.open.is_none());
        desk.edit(command.clone());
        assert_eq!(desk.request().at, desk.now, "{command}");
    }
}

#[test]
fn rule_3_a_hidden_page_sends_at_once() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    desk.handle(Event::Hidden);
    assert!(desk.open.is_some());
}

#[test]
fn rule_3_a_page_that_was_hidden_with_nothing_to_send_debounces_later() {
    let mut desk = Desk::stocked();
    desk.handle(Event::Hidden);
    desk.handle(Event::Shown);
    desk.add("A", 1);
    assert!(desk.open.is_none(), "the debounce holds again");
}

#[test]
fn rule_3_an_edit_that_changes_nothing_costs_nothing() {
    let mut desk = Desk::stocked();
    let revision = desk.machine.revision();
    desk.edit(json!({ "do": "coupons.remove", "code": "none" }));
    assert_eq!(desk.machine.revision(), revision);
    assert!(desk.rests());
}

#[test]
fn rule_3_a_batch_is_one_revision_or_none() {
    let mut desk = Desk::stocked();
    let add = |units: u64| json!({ "do": "cart.add", "item": { "sku": "B", "quantity": units, "price": 1 } });
    let revision = desk.machine.revision();
    assert!(desk.try_edits(&[add(1), add(10_000)]).is_err());
    assert_eq!((desk.machine.revision(), desk.items()), (revision, items(&[("A", 1)])));
    let edited = desk.try_edits(&[add(1), add(2)]).unwrap();
    assert_eq!(edited.revision, revision + 1);
    assert_eq!(desk.items(), items(&[("A", 1), ("B", 3)]));
}

#[test]
fn rule_3_in_manual_mode_updates_wait_for_a_flush() {
    let mut desk = Desk::with(&with(new(), json!({ "sync": { "mode": "manual" } })));
    desk.add("A", 1);
    desk.edit(json!({ "do": "coupons.add", "code": "XMAS-20-2021" }));
    desk.handle(Event::Hidden);
    desk.pass(600_000);
    assert_eq!((desk.phase(), desk.sent.len()), (Phase::Manual, 0));
    let flush = desk.ask(Ask::Flush);
    assert_eq!(desk.request().at, desk.now);
    desk.add("A", 1);
    desk.run();
    assert!(desk.done(flush));
    assert_eq!((desk.phase(), desk.sent.len()), (Phase::Manual, 1), "what came later waits for the next one");
    let close = desk.ask(Ask::Close(None));
    desk.run();
    assert!(desk.done(close));
    assert_eq!(desk.endpoint.items(), items(&[("A", 2)]));
}

fn bytes(sent: &Sent) -> (Option<String>, Option<String>) {
    (sent.send.body.clone(), sent.send.key.clone())
}

#[test]
fn rule_4_after_an_unknown_fate_the_same_bytes_go_under_the_same_key_until_answered() {
    for failure in [Failure::Network, Failure::Timeout] {
        let mut desk = Desk::new();
        desk.add("A", 1);
        let first = desk.next();
        desk.add("A", 1);
        for _ in 0..5 {
            desk.fail(failure);
            assert_eq!(desk.phase(), Phase::Waiting);
            assert_eq!(bytes(&desk.next()), bytes(&first));
        }
        desk.serve();
        let newest = desk.next();
        assert_ne!(newest.send.key, first.send.key);
        assert_eq!(newest.session()["cartItems"][0]["quantity"], 2);
        desk.run();
        assert_eq!(desk.endpoint.items(), items(&[("A", 2)]));
        assert_eq!(desk.endpoint.applied.len(), 2);
    }
}

#[test]
fn rule_4_an_answer_that_cannot_be_ours_is_an_unknown_fate_too() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    let first = desk.next();
    desk.apply();
    desk.answer(200, "<html>");
    assert_eq!(bytes(&desk.next()), bytes(&first));
    desk.run();
    assert_eq!(desk.endpoint.applied.len(), 1, "the key kept it from being applied twice");
}

#[test]
fn rule_4_every_answer_that_is_no_2xx_ends_the_key() {
    for status in [400, 401, 404, 408, 409, 412, 425, 429, 500, 502, 503, 504, 599] {
        let mut desk = Desk::new();
        desk.add("A", 1);
        let first = desk.next();
        desk.fail(Failure::Network);
        assert_eq!(bytes(&desk.next()), bytes(&first));
        desk.answer(status, "{}");
        desk.add("B", 1);
        while desk.sent.last().unwrap().is_read() || desk.open.is_none() {
            match desk.open {
                Some(_) => assert_eq!(desk.serve(), 404),
                None => drop(desk.wait()),
            }
        }
        assert_ne!(desk.request().send.key, first.send.key, "{status}");
        desk.run();
        assert!(desk.endpoint.items().contains(&("B".to_string(), 1)), "{status}");
    }
}

#[test]
fn rule_4_every_attempt_of_new_bytes_has_a_key_of_its_own() {
    let mut desk = Desk::new();
    for _ in 0..50 {
        desk.add("A", 1);
        desk.run();
    }
    let keys: BTreeSet<String> = desk.sent.iter().map(|sent| sent.send.key.clone().unwrap()).collect();
    assert_eq!(keys.len(), 50);
    assert!(keys.iter().all(|key| (16..=255).contains(&key.len()) && key.is_ascii()));
}

#[test]
fn rule_4_a_key_that_never_left_is_not_kept() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    desk.next();
    desk.fail(Failure::NotSent);
    desk.add("A", 1);
    assert_eq!(desk.next().session()["cartItems"][0]["quantity"], 2, "the newest draft goes");
    // Once it has left, later attempts that do not leave change nothing about that.
    let first = desk.request();
    desk.fail(Failure::Network);
    desk.next();
    desk.fail(Failure::NotSent);
    desk.add("A", 1);
    assert_eq!(bytes(&desk.next()), bytes(&first));
}

#[test]
fn rule_4_a_key_older_than_23_hours_is_not_sent_again() {
    for (age, again) in [(23 * HOUR, true), (23 * HOUR + 1, false)] {
        let mut desk = Desk::new();
        desk.add("A", 1);
        let first = desk.next();
        desk.lose_answer();
        desk.now = first.at + age;
        desk.handle(Event::Woke);
        assert_eq!(bytes(&desk.request()) == bytes(&first), again, "{age}");
        assert_eq!(desk.request().is_read(), !again);
        desk.run();
        assert_eq!(desk.endpoint.items(), items(&[("A", 1)]));
        assert_eq!(desk.machine.acknowledged(), desk.machine.revision());
    }
}

#[test]
fn rule_4_a_clock_that_went_back_makes_a_key_of_unclear_age() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    let first = desk.next();
    desk.fail(Failure::Network);
    desk.now = first.at - 1;
    desk.handle(Event::Online);
    assert!(desk.request().is_read());
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 1)]));
    assert!(desk.sent.iter().filter(|sent| !sent.is_read()).count() == 2);
}

#[test]
fn rule_4_a_clock_that_went_back_delays_nothing() {
    // While waiting for further edits, and while waiting after a failure.
    for failed in [false, true] {
        let mut desk = Desk::new();
        desk.add("A", 1);
        if failed {
            desk.next();
            desk.fail(Failure::Network);
        }
        desk.now -= 24 * HOUR;
        desk.handle(Event::Woke);
        desk.pass(60_000);
        desk.run();
        assert!(desk.sent.last().unwrap().at < crate::desk::START - 23 * HOUR);
        assert_eq!(desk.endpoint.items(), items(&[("A", 1)]));
    }
}

#[test]
fn rule_4_small_bodies_outlive_their_page() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    assert!(desk.next().send.keepalive);
    desk.serve();
    desk.edit(json!({ "do": "attributes.set", "name": "Note", "value": "x".repeat(61 * 1024) }));
    assert!(!desk.next().send.keepalive);
    assert_eq!(desk.request().send.timeout, 15_000);
}
