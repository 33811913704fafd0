//! What outlives the page, and what becomes of it after.

use cartwright::sync::{Ask, Event, Failure, Notice, Phase, Reply};
use proptest::prelude::*;
use serde_json::json;

use crate::desk::{Desk, Disk, known, new, with};

/// A new session with a store under it.
fn kept() -> Desk {
    Desk::with(&with(new(), json!({ "stored": {} })))
}

/// The same with a line that the endpoint has.
fn stocked() -> Desk {
    let mut desk = kept();
    desk.add("A", 1);
    desk.run();
    assert_eq!(desk.phase(), Phase::Idle);
    desk
}

fn items(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(sku, units)| ((*sku).to_string(), *units)).collect()
}

fn server_units(desk: &Desk) -> Vec<(String, u64)> {
    if desk.endpoint.stored.is_some() { desk.endpoint.items() } else { Vec::new() }
}

fn errors(desk: &Desk) -> Vec<&'static str> {
    let code = |notice: &Notice| match notice {
        Notice::Error(error) => Some(error.code.as_str()),
        _ => None,
    };
    desk.notices.iter().filter_map(code).collect()
}

#[test]
fn edits_survive_the_page_with_the_ids_of_their_lines() {
    let mut desk = kept();
    let first = desk.add("A", 1).line.unwrap();
    desk.edit(json!({ "do": "cart.add", "item": { "sku": "B", "quantity": 2, "price": 3 }, "meta": 1 }));
    desk.edit(json!({ "do": "cart.setQuantity", "lineId": first.to_text(), "quantity": 5 }));
    desk.edit(json!({ "do": "coupons.add", "code": "XMAS-20-2021" }));
    assert_eq!(desk.machine.persisted(), 4);
    let lines: Vec<_> = desk.machine.draft().lines().iter().map(|line| line.id).collect();
    let mut desk = desk.reload();
    assert_eq!(desk.items(), items(&[("A", 5), ("B", 2)]), "the cart is there before anything is answered");
    assert_eq!(desk.machine.draft().lines().iter().map(|line| line.id).collect::<Vec<_>>(), lines);
    assert_eq!((desk.machine.revision(), desk.machine.persisted()), (4, 4));
    assert!(desk.machine.restored());
    desk.edit(json!({ "do": "cart.setQuantity", "lineId": first.to_text(), "quantity": 6 }));
    desk.run();
    assert_eq!(server_units(&desk), items(&[("A", 6), ("B", 2)]));
    assert_eq!(desk.coupon("XMAS-20-2021").code, "XMAS-20-2021");
}

#[test]
fn what_is_acknowledged_is_not_sent_again_after_a_reload() {
    let mut desk = stocked();
    desk.edit(json!({ "do": "attributes.set", "name": "Note", "value": "x" }));
    desk.run();
    let updates = desk.endpoint.applied.len();
    let mut desk = desk.reload();
    assert_eq!(desk.items(), items(&[("A", 1)]));
    assert!(desk.request().is_read(), "the quote is to be fresh");
    desk.run();
    assert_eq!(desk.endpoint.applied.len(), updates);
    assert!(
        desk.machine.quote_is_current(),
        "{:?} {} {:?}",
        desk.machine.quote().map(|(_, r)| r),
        desk.machine.revision(),
        desk.error()
    );
    assert_eq!(desk.refused(json!({ "do": "attributes.unset", "name": "Note" })), ["cannot_unset"]);
}

#[test]
fn bytes_written_for_an_edit_do_not_grow_with_the_cart() {
    let cost = |lines: u64| {
        let mut desk = kept();
        let items: Vec<_> =
            (0..lines).map(|n| json!({ "sku": format!("S{n}"), "quantity": 1, "price": n })).collect();
        desk.edit(json!({ "do": "cart.replace", "items": items }));
        desk.run();
        let before = desk.disk.written;
        desk.add("A", 1);
        desk.disk.written - before
    };
    assert_eq!(cost(990), cost(10));
    assert!(cost(10) < 400, "{}", cost(10));
}

#[test]
fn rule_4_nothing_leaves_before_its_record_is_stored() {
    let mut desk = kept();
    desk.slow_disk = true;
    desk.add("A", 1);
    assert!(desk.disk.is_empty());
    desk.commit();
    desk.wait();
    assert!(desk.open.is_none(), "the record is on its way");
    desk.commit();
    let key = desk.request().send.key.unwrap();
    assert!(desk.disk.sending.as_ref().unwrap().contains(&key));
}

#[test]
fn rule_4_after_a_crash_the_same_bytes_go_again_under_the_same_key() {
    for applied in [true, false] {
        let mut desk = stocked();
        desk.add("A", 2);
        let first = desk.next().send;
        if applied {
            desk.apply();
        }
        desk.add("B", 1);
        let mut desk = desk.reload();
        assert_eq!(desk.items(), items(&[("A", 3), ("B", 1)]));
        let again = desk.request().send;
        assert_eq!((&again.body, &again.key), (&first.body, &first.key), "applied: {applied}");
        desk.run();
        assert_eq!(server_units(&desk), items(&[("A", 3), ("B", 1)]));
        assert_eq!(desk.endpoint.applied.len(), 3);
    }
}

#[test]
fn a_first_update_of_unknown_fate_is_not_doubled_by_the_read_after_it() {
    let mut desk = kept();
    desk.add("A", 2);
    desk.next();
    desk.apply();
    let mut desk = desk.reload();
    assert!(!desk.request().is_read());
    desk.run();
    assert_eq!(desk.items(), items(&[("A", 2)]));
    assert_eq!(server_units(&desk), items(&[("A", 2)]));
}

#[test]
fn a_session_that_the_server_does_not_know_is_not_doubled_either() {
    let mut desk = Desk::with(&with(known(), json!({ "stored": {} })));
    assert_eq!(desk.serve(), 404);
    desk.add("A", 2);
    desk.next();
    desk.apply();
    desk.answer(503, "{}");
    let mut desk = desk.reload();
    assert!(desk.machine.restored());
    desk.run();
    assert_eq!(desk.items(), items(&[("A", 2)]));
    assert_eq!(server_units(&desk), items(&[("A", 2)]));
}

#[test]
fn a_confirmation_that_was_not_stored_is_had_again() {
    let mut desk = stocked();
    desk.slow_disk = true;
    desk.add("B", 1);
    desk.commit();
    desk.wait();
    desk.commit();
    desk.serve();
    assert_eq!(desk.machine.acknowledged(), 2);
    // The head is written in a transaction that never ends.
    assert!(desk.writing.is_some());
    desk.slow_disk = false;
    let mut desk = desk.reload();
    desk.run();
    assert_eq!(desk.endpoint.applied.len(), 2, "the endpoint answered from memory");
    assert_eq!(desk.items(), items(&[("A", 1), ("B", 1)]));
}

#[test]
fn edits_made_while_the_session_is_read_survive_the_page_too() {
    let mut other = Desk::with(&known());
    other.run();
    other.add("A", 1);
    other.run();
    let mut desk = Desk::with(&with(known(), json!({ "stored": {} })));
    desk.endpoint = other.endpoint;
    desk.add("A", 1);
    desk.add("B", 1);
    let mut desk = desk.reload();
    assert_eq!(desk.items(), items(&[("A", 1), ("B", 1)]));
    assert_eq!(desk.phase(), Phase::Opening);
    desk.run();
    assert_eq!(desk.items(), items(&[("A", 2), ("B", 1)]));
    assert_eq!(server_units(&desk), desk.items());
    let mut desk = desk.reload();
    desk.run();
    assert_eq!(desk.items(), items(&[("A", 2), ("B", 1)]), "once");
}

#[test]
fn a_field_that_was_sent_is_cleared_after_a_reload_too() {
    let mut desk = kept();
    desk.edit(json!({ "do": "referral.set", "code": "NT2K54D9" }));
    desk.next();
    desk.apply();
    let mut desk = desk.reload();
    desk.edit(json!({ "do": "unset", "field": "referralCode" }));
    let mut desk = desk.reload();
    desk.run();
    assert_eq!(desk.endpoint.session()["referralCode"], json!(""));
    assert!(desk.conflicts().is_empty());
}

#[test]
fn what_others_wrote_meanwhile_is_taken_over_where_nothing_of_ours_waits() {
    let mut desk = stocked();
    let mut other = Desk::closed(&with(known(), json!({ "seed": "1".repeat(16) })));
    other.endpoint = desk.endpoint.clone();
    other.handle(Event::Opened);
    other.run();
    other.add("C", 4);
    other.run();
    desk.endpoint = other.endpoint;
    let mut desk = desk.reload();
    assert_eq!(desk.items(), items(&[("A", 1)]));
    desk.run();
    assert_eq!(desk.items(), items(&[("A", 1), ("C", 4)]));
}

#[test]
fn rule_9_a_close_of_unknown_fate_goes_on_after_a_reload_and_closes_once() {
    for applied in [true, false] {
        let mut desk = stocked();
        desk.ask(Ask::Close(None));
        let first = desk.next().send;
        if applied {
            desk.apply();
        }
        let mut desk = desk.reload();
        assert_eq!(desk.phase(), Phase::Closing);
        assert_eq!(desk.refused(json!({ "do": "cart.clear" })), ["session_closing"]);
        let again = desk.request().send;
        assert_eq!((&again.body, &again.key), (&first.body, &first.key));
        desk.run();
        assert_eq!(desk.closed_notices(), [(false, false)]);
        let closing = |body: &&serde_json::Value| body["customerSession"]["state"] == "closed";
        assert_eq!(desk.endpoint.applied.iter().filter(closing).count(), 1, "applied: {applied}");
        assert!(desk.disk.is_empty(), "an order that is placed leaves nothing behind");
        assert!(desk.rests());
    }
}

#[test]
fn rule_9_a_preparation_holds_after_a_reload_until_it_is_released() {
    let mut desk = stocked();
    desk.ask(Ask::Prepare(None));
    desk.run();
    let mut desk = desk.reload();
    desk.run();
    assert_eq!(desk.refused(json!({ "do": "cart.clear" })), ["session_closing"]);
    desk.ask(Ask::Release);
    desk.add("B", 1);
    let mut desk = desk.reload();
    desk.run();
    assert_eq!(server_units(&desk), items(&[("A", 1), ("B", 1)]));
}

#[test]
fn rule_1_a_field_that_was_sent_is_cleared_by_an_edit_that_is_made_again_after_a_reload() {
    let mut desk = stocked();
    desk.edit(json!({ "do": "set", "field": "profileId", "value": "p" }));
    desk.next();
    desk.apply();
    desk.edit(json!({ "do": "unset", "field": "profileId" }));
    let mut desk = desk.reload();
    desk.run();
    assert_eq!(desk.sent.last().unwrap().session()["profileId"], "");
    assert_eq!(desk.endpoint.session()["profileId"], "");
}

#[test]
fn an_edit_that_unset_what_was_sent_only_later_is_no_conflict_after_a_reload() {
    let set = || json!({ "do": "attributes.set", "name": "Note", "value": "x" });
    let unset = || json!({ "do": "attributes.unset", "name": "Note" });
    let mut desk = stocked();
    desk.edit(set());
    desk.edit(unset());
    desk.edit(set());
    desk.edit(unset());
    desk.edit(set());
    desk.next();
    let mut desk = desk.reload();
    desk.run();
    assert_eq!(desk.conflicts(), []);
    assert_eq!(desk.endpoint.session()["attributes"]["Note"], "x");
}

#[test]
fn rule_9_a_session_that_nobody_touched_is_closed_prepared_and_forgotten_too() {
    let mut desk = kept();
    let close = desk.ask(Ask::Close(None));
    desk.run();
    assert!(desk.done(close) && desk.disk.is_empty());
    let mut desk = kept();
    let prepare = desk.ask(Ask::Prepare(None));
    desk.run();
    assert!(desk.done(prepare));
}

#[test]
fn rule_9_who_prepares_is_told_when_a_reload_cannot_free_the_edits_any_more() {
    let mut desk = stocked();
    desk.slow_disk = true;
    let prepare = desk.ask(Ask::Prepare(None));
    assert_eq!(desk.refused(json!({ "do": "cart.clear" })), ["session_closing"]);
    assert!(desk.is_waiting(prepare));
    desk.commit();
    assert!(desk.done(prepare));
    let mut desk = desk.reload();
    assert_eq!(desk.refused(json!({ "do": "cart.clear" })), ["session_closing"]);
}

#[test]
fn rule_9_who_prepares_again_after_a_reload_waits_for_a_quote() {
    let mut desk = stocked();
    desk.ask(Ask::Prepare(None));
    let quote = desk.fingerprint();
    let mut desk = desk.reload();
    let prepare = desk.ask(Ask::Prepare(None));
    assert!(desk.is_waiting(prepare));
    desk.run();
    let told = desk.settled[&prepare].clone().expect("a preparation");
    assert!(matches!(told, Reply::Prepared { quote: told, .. } if told.fingerprint == quote));
    let mut desk = desk.reload();
    let prepare = desk.ask(Ask::Prepare(None));
    desk.endpoint.foreign(crate::desk::ID, &json!({ "state": "closed" }));
    desk.run();
    assert_eq!(desk.rejected(prepare), "state_forbidden");
}

#[test]
fn rule_9_a_close_that_may_have_left_holds_the_edits_whatever_becomes_of_the_headers() {
    let mut desk = stocked();
    desk.ask(Ask::Close(None));
    desk.next();
    desk.apply();
    let mut desk = desk.reload();
    desk.fail(Failure::ApiKey);
    assert_eq!(desk.refused(json!({ "do": "cart.clear" })), ["session_closing"]);
    desk.ask(Ask::Flush);
    desk.run();
    assert_eq!(desk.closed_notices(), [(false, false)]);
}

#[test]
fn a_session_that_is_over_is_forgotten_while_a_preview_is_under_way() {
    let mut desk = stocked();
    desk.endpoint.foreign(crate::desk::ID, &json!({ "state": "closed" }));
    desk.ask(Ask::Refresh);
    desk.ask(Ask::Preview(crate::desk::value(&json!({}))));
    desk.serve();
    assert!(desk.open.is_some() && desk.disk.is_empty());
}

#[test]
fn rule_4_a_key_that_is_too_old_is_not_sent_again_after_a_reload() {
    let mut desk = stocked();
    desk.add("B", 1);
    desk.next();
    desk.now += 24 * 3_600_000;
    let mut desk = desk.reload();
    assert!(desk.request().is_read());
    desk.run();
    assert_eq!(server_units(&desk), items(&[("A", 1), ("B", 1)]));
}

#[test]
fn a_store_that_fails_is_told_and_nothing_is_lost() {
    let mut desk = kept();
    desk.slow_disk = true;
    desk.add("A", 1);
    desk.commit();
    desk.wait();
    desk.writing = None;
    desk.handle(Event::StoreFailed);
    assert!(!desk.machine.is_stored());
    assert_eq!(errors(&desk), ["storage_failed"]);
    assert_eq!(desk.machine.persisted(), 1);
    desk.run();
    desk.add("B", 1);
    desk.run();
    assert_eq!(server_units(&desk), items(&[("A", 1), ("B", 1)]));
    assert!(desk.writing.is_none());
    // What comes late is nobody's.
    desk.handle(Event::Stored);
    assert!(!desk.machine.is_stored());
}

#[test]
fn the_store_of_a_newer_version_is_left_alone() {
    let mut desk = stocked();
    desk.disk.head = desk.disk.head.map(|head| head.replacen("\"schema\":1", "\"schema\":2", 1));
    let before = desk.disk.clone();
    let mut desk = desk.reload();
    assert_eq!(errors(&desk), ["storage_newer"]);
    desk.run();
    desk.add("B", 1);
    desk.run();
    assert_eq!(desk.disk, before);
    assert!(!desk.machine.is_stored());
    assert_eq!(server_units(&desk), items(&[("A", 1), ("B", 1)]), "the endpoint's cart is gone on with");
}

#[test]
fn a_damaged_store_is_set_aside_and_told() {
    let damages: [fn(&mut Disk); 6] = [
        |disk| disk.head = Some("{".to_string()),
        |disk| disk.head = disk.head.take().map(|head| head.replacen("\"item\":{", "\"item\":3,\"x\":{", 1)),
        |disk| {
            let fields = "\"fields\":{\"additionalCosts\":{\"shipping\":{}}";
            disk.head = disk.head.take().map(|head| head.replacen("\"fields\":{", fields, 1));
        },
        |disk| disk.head = Some("{\"schema\":\"one\"}".to_string()),
        |disk| disk.sending = Some("[]".to_string()),
        |disk| {
            disk.journal.insert(9, "{\"revision\":9,\"edits\":7}".to_string());
        },
    ];
    for damage in damages {
        let mut desk = stocked();
        damage(&mut desk.disk);
        let damaged = desk.disk.clone();
        let mut desk = desk.reload();
        assert_eq!(errors(&desk), ["storage_failed"], "{damaged:?}");
        desk.run();
        assert_eq!(desk.items(), items(&[("A", 1)]), "{damaged:?}");
        let aside = desk.disk.aside.clone().expect("what was damaged");
        assert_eq!((&aside.head, &aside.sending), (&damaged.head, &damaged.sending));
        let mut desk = desk.reload();
        assert_eq!(errors(&desk), [""; 0]);
        desk.run();
        assert_eq!(desk.items(), items(&[("A", 1)]));
    }
}

#[test]
fn an_initial_draft_is_the_beginning_only_once() {
    let initial =
        json!({ "initial": { "draft": { "cartItems": [{ "sku": "I", "quantity": 1, "price": 1 }] } } });
    let mut desk = Desk::with(&with(with(new(), json!({ "stored": {} })), initial.clone()));
    desk.edit(json!({ "do": "cart.clear" }));
    desk.add("A", 1);
    let mut desk = desk.reload_with(initial);
    desk.run();
    assert_eq!(server_units(&desk), items(&[("A", 1)]));
}

/// What a schedule does next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Add,
    Commit,
    Serve,
    Lose,
    Refuse,
    Fail,
    Wait,
    Reload,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use Step::{Add, Commit, Fail, Lose, Refuse, Reload, Serve, Wait};
    let step = prop_oneof![
        4 => Just(Add), 6 => Just(Commit), 3 => Just(Serve), 1 => Just(Lose), 1 => Just(Refuse), 1 => Just(Fail),
        4 => Just(Wait), 1 => Just(Reload),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Every edit that was stored is at the endpoint once, whatever the page, the store and the network do.
    #[test]
    fn stored_edits_arrive_once(steps in steps()) {
        let mut desk = kept();
        desk.slow_disk = true;
        // Units of one line: an edit that is made twice, or not at all, shows in its quantity.
        let mut units = 0;
        let mut revisions = Vec::new();
        for step in steps {
            match step {
                Step::Add => {
                    units += 1;
                    revisions.push(desk.add("A", 1).revision);
                }
                Step::Commit if desk.writing.is_some() => desk.commit(),
                Step::Serve if desk.open.is_some() => { desk.serve(); }
                Step::Lose if desk.open.is_some() => desk.lose_answer(),
                Step::Refuse if desk.open.is_some() => desk.answer(503, "{}"),
                Step::Fail if desk.open.is_some() => desk.fail(Failure::Network),
                Step::Wait if desk.wake.is_some() => { desk.wait(); }
                Step::Reload if desk.machine.is_stored() => {
                    let persisted = desk.machine.persisted();
                    units -= revisions.iter().filter(|revision| **revision > persisted).count() as u64;
                    revisions.clear();
                    desk = desk.reload();
                }
                _ => {}
            }
        }
        desk.slow_disk = false;
        if desk.writing.is_some() {
            desk.commit();
        }
        desk.run();
        let expected = if units == 0 { vec![] } else { items(&[("A", units)]) };
        prop_assert_eq!(desk.items(), expected.clone());
        prop_assert_eq!(server_units(&desk), expected);
    }
}
