//! Rule 9, held in memory: close, prepare, finish, release, cancel.

use cartwright::draft::state::State;
use cartwright::sync::{Ask, Failure, Phase, Reply, SyncCode};
use serde_json::{Value as Json, json};

use crate::desk::{Desk, ID, items, value, with};

/// A stocked desk whose closing request is under way.
fn closing() -> (Desk, u64) {
    let mut desk = Desk::stocked();
    let close = desk.ask(Ask::Close(None));
    assert_eq!(desk.request().session()["state"], "closed");
    (desk, close)
}

fn add() -> Json {
    json!({ "do": "cart.add", "item": { "sku": "X", "quantity": 1, "price": 1 } })
}

fn closes(desk: &Desk) -> usize {
    desk.endpoint.applied.iter().filter(|body| body["customerSession"]["state"] == "closed").count()
}

#[test]
fn rule_9_close_flushes_first_and_carries_the_newest_draft() {
    let mut desk = Desk::stocked();
    desk.add("B", 2);
    let close = desk.ask(Ask::Close(None));
    assert_eq!(desk.request().session()["state"], Json::Null, "first what is not acknowledged");
    desk.add("B", 1);
    desk.serve();
    assert_eq!(desk.request().session()["state"], Json::Null, "and what came meanwhile");
    desk.serve();
    let closing = desk.request();
    assert_eq!((closing.session()["state"].clone(), desk.phase()), (json!("closed"), Phase::Closing));
    assert_eq!(closing.session()["cartItems"][1]["quantity"], 3);
    assert!(closing.send.key.is_some());
    assert!(desk.is_waiting(close));
    desk.serve();
    assert!(desk.done(close) && desk.rests());
    assert_eq!((desk.phase(), desk.machine.state()), (Phase::Finished, &State::Closed));
    assert_eq!(desk.closed_notices(), [(false, false)]);
    assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("B", 3)]));
}

#[test]
fn rule_9_close_during_the_opening_waits_for_it() {
    let mut desk = Desk::closed(&crate::desk::known());
    desk.endpoint.foreign(ID, &json!({ "cartItems": [{ "sku": "S", "quantity": 1, "price": 1 }] }));
    desk.handle(cartwright::sync::Event::Opened);
    desk.add("A", 1);
    let close = desk.ask(Ask::Close(None));
    desk.run();
    assert!(desk.done(close));
    assert_eq!(
        (desk.endpoint.state().as_str(), desk.endpoint.items()),
        ("closed", items(&[("S", 1), ("A", 1)]))
    );
}

#[test]
fn rule_9_close_with_the_quote_that_was_seen() {
    let mut desk = Desk::stocked();
    let seen = desk.fingerprint();
    let close = desk.ask(Ask::Close(Some(seen)));
    desk.run();
    assert!(desk.done(close));
    assert_eq!((desk.endpoint.state().as_str(), desk.sent.len()), ("closed", 2));
}

#[test]
fn rule_9_close_with_another_quote_is_refused_and_nothing_is_closed() {
    let mut desk = Desk::stocked();
    let seen = desk.fingerprint();
    desk.edit(json!({ "do": "coupons.add", "code": "XMAS-20-2021" }));
    let close = desk.ask(Ask::Close(Some(seen)));
    desk.run();
    assert_eq!(desk.rejected(close), "quote_changed");
    assert_eq!((desk.endpoint.state().as_str(), desk.phase()), ("open", Phase::Idle));
    desk.edit(add());
    let wrong = desk.ask(Ask::Close(Some("nonsense".to_string())));
    desk.run();
    assert_eq!(desk.rejected(wrong), "quote_changed");
    let right = desk.ask(Ask::Close(Some(desk.fingerprint())));
    desk.run();
    assert!(desk.done(right));
}

#[test]
fn rule_9_a_stale_quote_is_made_fresh_before_it_is_compared() {
    let mut desk = Desk::stocked();
    desk.add("A", 1);
    desk.next();
    desk.lose_answer();
    desk.next();
    desk.serve();
    let seen = desk.fingerprint();
    assert!(!desk.machine.quote_is_current());
    let close = desk.ask(Ask::Close(Some(seen)));
    desk.serve();
    assert_eq!(desk.request().session()["state"], "closed", "after a read, not before");
    desk.run();
    assert!(desk.done(close));
}

#[test]
fn rule_9_a_quote_that_changed_with_the_closing_answer_is_told() {
    let mut desk = Desk::stocked();
    let close = desk.ask(Ask::Close(Some(desk.fingerprint())));
    let (status, body) = desk.apply();
    let mut answer: Json = serde_json::from_str(&body).unwrap();
    answer["effects"] =
        json!([{ "campaignId": 1, "effectType": "setDiscount", "props": { "name": "late", "value": 1 } }]);
    desk.answer(status, &answer.to_string());
    assert!(desk.done(close));
    assert_eq!(desk.closed_notices(), [(false, true)]);
}

#[test]
fn rule_9_closing_twice_is_one_request() {
    let (mut desk, first) = closing();
    let second = desk.ask(Ask::Close(None));
    desk.run();
    let third = desk.ask(Ask::Close(None));
    assert!(desk.done(first) && desk.done(second) && desk.done(third));
    assert_eq!((desk.sent.len(), closes(&desk)), (2, 1));
    assert_eq!(desk.closed_notices().len(), 1);
}

#[test]
fn rule_9_a_lost_answer_of_a_close_sends_the_same_bytes() {
    for failure in [Failure::Network, Failure::Timeout] {
        let (mut desk, close) = closing();
        let first = desk.request().send;
        desk.apply();
        for _ in 0..3 {
            desk.fail(failure);
            assert!(desk.is_waiting(close));
            assert_eq!(desk.refused(add()), ["session_closing"]);
            let again = desk.next().send;
            assert_eq!((again.key, again.body), (first.key.clone(), first.body.clone()));
        }
        desk.run();
        assert!(desk.done(close));
        assert_eq!((closes(&desk), desk.machine.state()), (1, &State::Closed));
    }
}

#[test]
fn rule_9_a_close_that_took_effect_behind_a_5xx_resolves() {
    let (mut desk, close) = closing();
    let first = desk.request().send;
    desk.apply();
    desk.answer(503, "");
    assert_ne!(desk.next().send.key, first.key, "an answered error ends the key");
    assert_eq!(desk.serve(), 400);
    assert!(desk.request().is_read() && desk.is_waiting(close));
    desk.serve();
    assert!(desk.done(close));
    assert_eq!((desk.phase(), closes(&desk)), (Phase::Finished, 1));
    assert_eq!(desk.closed_notices(), [(false, false)]);
}

#[test]
fn rule_9_a_close_that_took_effect_is_ours_though_the_server_writes_a_field_in_its_own_way() {
    // Read as it was answered, otherwise, and not at all.
    for (read, ours) in [(r#""REF""#, true), (r#""OTHER""#, false), ("null", false)] {
        let mut desk = Desk::stocked();
        desk.edit(json!({ "do": "referral.set", "code": "ref" }));
        let write = |body: &str, code: &str| {
            body.replace(r#""referralCode":"ref""#, &format!(r#""referralCode":{code}"#))
        };
        let (status, body) = desk.apply();
        desk.answer(status, &write(&body, r#""REF""#));
        let close = desk.ask(Ask::Close(None));
        desk.apply();
        desk.answer(503, "");
        desk.next();
        assert_eq!(desk.serve(), 400);
        let (status, body) = desk.apply();
        desk.answer(status, &write(&body, read));
        assert_eq!((desk.done(close), desk.closed_notices()), (ours, vec![(!ours, false)]), "{read}");
    }
}

#[test]
fn rule_9_a_close_refused_because_somebody_closed_otherwise_is_foreign() {
    let (mut desk, close) = closing();
    desk.endpoint.foreign(ID, &json!({ "cartItems": [], "state": "closed" }));
    desk.run();
    assert_eq!(desk.rejected(close), "rejected");
    assert_eq!((desk.phase(), desk.machine.state()), (Phase::Finished, &State::Closed));
    assert_eq!(desk.closed_notices(), [(true, false)]);
    assert_eq!(desk.refused(add()), ["session_finished"]);
}

#[test]
fn rule_9_a_refused_close_of_an_open_session_frees_the_edits() {
    for status in [400, 404, 410, 422] {
        let (mut desk, close) = closing();
        desk.answer(status, "{}");
        assert!(desk.is_waiting(close), "one read decides first");
        assert_eq!(desk.refused(add()), ["session_closing"]);
        desk.serve();
        let code = if status == 404 { "not_found" } else { "rejected" };
        assert_eq!(desk.rejected(close), code);
        desk.edit(add());
        desk.run();
        assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("X", 1)]));
        let close = desk.ask(Ask::Close(None));
        desk.run();
        assert!(desk.done(close));
        assert_eq!(closes(&desk), 1);
    }
}

#[test]
fn rule_9_transient_trouble_of_a_close_heals() {
    let (mut desk, close) = closing();
    for status in [409, 429, 500] {
        desk.answer(status, "{}");
        assert_eq!(desk.phase(), Phase::Closing);
        assert_eq!(desk.next().session()["state"], "closed");
    }
    desk.run();
    assert!(desk.done(close));
    assert_eq!(closes(&desk), 1);
}

#[test]
fn rule_9_a_close_whose_key_is_too_old_is_read_before_it_is_repeated() {
    for applied in [true, false] {
        let (mut desk, close) = closing();
        if applied {
            desk.apply();
        }
        desk.fail(Failure::Timeout);
        desk.now += 24 * 3_600_000;
        desk.handle(cartwright::sync::Event::Woke);
        assert!(desk.request().is_read());
        desk.run();
        assert!(desk.done(close), "{applied}");
        assert_eq!(closes(&desk), 1, "{applied}");
        let requests = desk.sent.iter().filter(|sent| !sent.is_read()).count();
        assert_eq!(requests, if applied { 2 } else { 3 });
    }
}

#[test]
fn rule_9_an_unauthorized_close_is_told_and_edits_are_free() {
    let (mut desk, close) = closing();
    desk.answer(401, "{}");
    assert_eq!(desk.request().session()["state"], "closed");
    desk.answer(401, "{}");
    assert_eq!(desk.rejected(close), "unauthorized");
    desk.edit(add());
    let flush = desk.ask(Ask::Flush);
    desk.run();
    assert!(desk.done(flush));
    assert_eq!((desk.endpoint.state().as_str(), desk.machine.state()), ("open", &State::Open));
}

#[test]
fn rule_9_an_unauthorized_close_that_may_have_taken_effect_is_found_out() {
    // The headers fail at once, or after the key was ended by them once before.
    for (headers_first, applied) in [(false, true), (false, false), (true, true), (true, false)] {
        let (mut desk, close) = closing();
        if headers_first {
            desk.answer(401, "{}");
        }
        if applied {
            desk.apply();
        }
        desk.fail(Failure::Network);
        desk.next();
        while desk.open.is_some() {
            desk.answer(401, "{}");
        }
        assert_eq!(desk.rejected(close), "unauthorized");
        assert_eq!(desk.refused(add()), ["session_closing"], "it may be closed");
        let again = desk.ask(Ask::Close(None));
        assert!(desk.request().is_read(), "a read decides before a new key");
        desk.run();
        assert!(desk.done(again), "{headers_first} {applied}");
        assert_eq!((closes(&desk), desk.machine.state()), (1, &State::Closed));
    }
}

#[test]
fn rule_9_an_open_session_found_out_frees_the_edits() {
    let (mut desk, close) = closing();
    desk.fail(Failure::Network);
    desk.next();
    while desk.open.is_some() {
        desk.answer(401, "{}");
    }
    assert_eq!(desk.rejected(close), "unauthorized");
    let flush = desk.ask(Ask::Flush);
    desk.run();
    assert!(desk.done(flush));
    desk.edit(add());
    desk.run();
    assert_eq!((desk.endpoint.state().as_str(), closes(&desk)), ("open", 0), "nobody waits for the close");
}

#[test]
fn rule_9_a_read_that_decides_about_a_close_is_not_left_out() {
    let (mut desk, close) = closing();
    desk.apply();
    desk.answer(400, "{}");
    while desk.open.is_some() {
        assert!(desk.request().is_read());
        desk.answer(401, "{}");
    }
    desk.pass(600_000);
    assert!(desk.sent.iter().filter(|sent| !sent.is_read()).count() == 2, "no second close meanwhile");
    assert!(desk.settled.contains_key(&close), "who waits is told");
    let again = desk.ask(Ask::Close(None));
    desk.run();
    assert!(desk.done(again));
    assert_eq!(closes(&desk), 1);
}

#[test]
fn rule_9_bad_answers_to_a_close_are_told_and_it_goes_on_when_asked() {
    let (mut desk, close) = closing();
    let first = desk.request().send;
    desk.apply();
    for _ in 0..3 {
        desk.next();
        desk.answer(200, "<html>");
    }
    assert_eq!(desk.rejected(close), "bad_answer");
    assert_eq!(desk.refused(add()), ["session_closing"]);
    let again = desk.ask(Ask::Close(None));
    assert_eq!(desk.request().send.key, first.key);
    desk.run();
    assert!(desk.done(again));
    assert_eq!(closes(&desk), 1);
}

#[test]
fn rule_9_an_answer_that_is_not_closed_does_not_close() {
    let (mut desk, close) = closing();
    let first = desk.request().send;
    let (status, body) = desk.apply();
    desk.answer(status, &body.replace("\"state\":\"closed\"", "\"state\":\"open\""));
    assert!(desk.is_waiting(close));
    assert_eq!(desk.next().send.key, first.key);
    desk.run();
    assert!(desk.done(close));
}

#[test]
fn rule_9_close_waits_for_an_update_that_only_renews_the_quote() {
    let mut desk = Desk::stocked();
    desk.add("A", 1);
    desk.next();
    desk.lose_answer();
    desk.endpoint.foreign(ID, &json!({ "cartItems": [] }));
    desk.run();
    let settled = desk.ask(Ask::Settled);
    assert!(desk.open.is_some() && desk.is_waiting(settled));
    let close = desk.ask(Ask::Close(None));
    desk.answer(400, r#"{"errors":[{"source":{"pointer":"/cartItems/0"}}]}"#);
    assert_eq!(desk.rejected(close), "rejected");
    desk.edit(add());
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 2), ("X", 1)]));
}

#[test]
fn rule_9_edits_are_refused_while_closing_and_afterwards() {
    let (mut desk, _) = closing();
    for command in [add(), json!({ "do": "cart.clear" }), json!({ "do": "coupons.add", "code": "C" })] {
        assert_eq!(desk.refused(command), ["session_closing"]);
    }
    desk.serve();
    let refusal = desk.try_edits(&[add()]).unwrap_err().remove(0);
    assert_eq!(refusal.code.as_str(), "session_finished");
    assert_eq!(refusal.actual, Some(cartwright::draft::refusal::Figure::Text("closed".to_string())));
    assert_eq!(desk.items(), items(&[("A", 1)]));
}

#[test]
fn rule_9_after_a_close_nothing_leaves_but_a_cancel() {
    let (mut desk, _) = closing();
    desk.serve();
    let sent = desk.sent.len();
    let flush = desk.ask(Ask::Flush);
    let settled = desk.ask(Ask::Settled);
    for event in [
        cartwright::sync::Event::Hidden,
        cartwright::sync::Event::Shown,
        cartwright::sync::Event::Offline,
        cartwright::sync::Event::Online,
    ] {
        desk.handle(event);
    }
    desk.pass(600_000);
    assert!(desk.done(flush) && desk.done(settled));
    assert_eq!(desk.sent.len(), sent);
    let prepare = desk.ask(Ask::Prepare(None));
    assert_eq!(desk.rejected(prepare), "state_forbidden");
    let cancel = desk.ask(Ask::Cancel);
    assert_eq!(desk.request().session(), json!({ "state": "cancelled" }));
    desk.serve();
    assert!(desk.done(cancel));
    assert_eq!((desk.machine.state(), desk.phase()), (&State::Cancelled, Phase::Finished));
}

fn prepare(desk: &mut Desk, quote: Option<String>) -> u64 {
    let ticket = desk.ask(Ask::Prepare(quote));
    desk.run();
    ticket
}

#[test]
fn rule_9_prepare_settles_and_holds_the_edits_for_the_back_end() {
    let mut desk = Desk::stocked();
    desk.add("B", 1);
    let ticket = prepare(&mut desk, None);
    let Some(Ok(Reply::Prepared { revision, quote })) = desk.settled.get(&ticket).cloned() else {
        panic!("prepared is expected");
    };
    assert_eq!((revision, &quote.fingerprint), (desk.machine.revision(), &desk.fingerprint()));
    assert_eq!(quote.payable.to_string(), "39.98");
    assert_eq!((desk.phase(), desk.refused(add())), (Phase::Closing, vec!["session_closing"]));
    assert!(desk.rests());
    let again = desk.ask(Ask::Prepare(None));
    assert!(desk.done(again));
    // The back end pays and closes.
    desk.endpoint.foreign(ID, &json!({ "state": "closed" }));
    let finish = desk.ask(Ask::Finish);
    desk.run();
    assert!(desk.done(finish));
    assert_eq!((desk.phase(), desk.closed_notices()), (Phase::Finished, vec![(false, false)]));
    let later = desk.ask(Ask::Finish);
    assert!(desk.done(later));
}

#[test]
fn rule_9_prepare_holds_to_the_quote_that_was_seen() {
    let mut desk = Desk::stocked();
    let seen = desk.fingerprint();
    desk.edit(json!({ "do": "coupons.add", "code": "XMAS-20-2021" }));
    let ticket = prepare(&mut desk, Some(seen));
    assert_eq!(desk.rejected(ticket), "quote_changed");
    desk.edit(add());
    desk.run();
    let seen = desk.fingerprint();
    let ticket = prepare(&mut desk, Some(seen));
    assert!(desk.done(ticket));
}

#[test]
fn rule_9_prepare_needs_a_fresh_quote() {
    let mut desk = Desk::new();
    let ticket = prepare(&mut desk, None);
    assert!(desk.done(ticket) && desk.machine.quote_is_current());
    assert_eq!(desk.sent.len(), 1, "a draft that was never sent is sent");
}

#[test]
fn rule_9_finish_reads_until_the_back_end_has_closed() {
    let mut desk = Desk::stocked();
    prepare(&mut desk, None);
    let finish = desk.ask(Ask::Finish);
    let start = desk.sent.len();
    for _ in 0..40 {
        assert!(desk.next().is_read());
        desk.serve();
        assert!(desk.is_waiting(finish));
    }
    assert!(desk.now - desk.sent[start].at >= 60_000, "the reads become rare");
    desk.next();
    desk.answer(503, "");
    desk.next();
    desk.fail(Failure::Network);
    desk.endpoint.foreign(ID, &json!({ "state": "closed" }));
    desk.run();
    assert!(desk.done(finish));
}

#[test]
fn rule_9_finish_is_rejected_when_the_session_ended_otherwise() {
    let mut desk = Desk::stocked();
    prepare(&mut desk, None);
    desk.endpoint.foreign(ID, &json!({ "state": "cancelled" }));
    let finish = desk.ask(Ask::Finish);
    desk.run();
    assert_eq!(desk.rejected(finish), "state_forbidden");
    assert_eq!(desk.machine.state(), &State::Cancelled);
}

#[test]
fn rule_9_release_frees_the_edits_and_tells_those_who_wait() {
    let mut desk = Desk::stocked();
    prepare(&mut desk, None);
    let finish = desk.ask(Ask::Finish);
    desk.serve();
    let release = desk.ask(Ask::Release);
    assert!(desk.done(release));
    assert_eq!(desk.rejected(finish), "aborted");
    desk.edit(add());
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("X", 1)]));
    let nothing = desk.ask(Ask::Release);
    assert!(desk.done(nothing));
}

#[test]
fn rule_9_moves_that_stand_in_each_others_way_are_refused() {
    let (mut desk, close) = closing();
    for ask in [Ask::Prepare(None), Ask::Finish, Ask::Cancel, Ask::Release] {
        let ticket = desk.ask(ask);
        assert_eq!(desk.rejected(ticket), "session_closing");
    }
    desk.run();
    assert!(desk.done(close));
    let mut desk = Desk::stocked();
    prepare(&mut desk, None);
    for ask in [Ask::Close(None), Ask::Cancel] {
        let ticket = desk.ask(ask);
        assert_eq!(desk.rejected(ticket), "session_closing");
    }
    let mut desk = Desk::stocked();
    let ticket = desk.ask(Ask::Finish);
    assert_eq!(desk.rejected(ticket), "state_forbidden", "nothing was prepared");
}

#[test]
fn rule_9_cancel_from_open() {
    let mut desk = Desk::stocked();
    desk.add("B", 1);
    let cancel = desk.ask(Ask::Cancel);
    assert_eq!(desk.refused(add()), ["session_closing"]);
    let second = desk.ask(Ask::Cancel);
    desk.run();
    let third = desk.ask(Ask::Cancel);
    assert!(desk.done(cancel) && desk.done(second) && desk.done(third));
    assert_eq!((desk.endpoint.state().as_str(), desk.sent.len()), ("cancelled", 2));
    assert_eq!(desk.refused(add()), ["session_finished"]);
    for ask in [Ask::Close(None), Ask::Prepare(None)] {
        let ticket = desk.ask(ask);
        assert_eq!(desk.rejected(ticket), "state_forbidden");
    }
}

#[test]
fn rule_9_a_lost_answer_of_a_cancel_sends_the_same_bytes() {
    let mut desk = Desk::stocked();
    let cancel = desk.ask(Ask::Cancel);
    let first = desk.request().send;
    desk.lose_answer();
    let again = desk.next().send;
    assert_eq!((again.key, again.body), (first.key, first.body));
    desk.run();
    assert!(desk.done(cancel));
    // And behind an answered error a read decides.
    let mut desk = Desk::stocked();
    let cancel = desk.ask(Ask::Cancel);
    desk.apply();
    desk.answer(500, "");
    desk.next();
    assert_eq!(desk.serve(), 400);
    assert!(desk.request().is_read());
    desk.run();
    assert!(desk.done(cancel));
}

#[test]
fn rule_9_a_refused_cancel_frees_the_edits() {
    let mut desk = Desk::stocked();
    let cancel = desk.ask(Ask::Cancel);
    desk.answer(400, "{}");
    desk.run();
    assert_eq!(desk.rejected(cancel), "rejected");
    desk.edit(add());
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("X", 1)]));
}

#[test]
fn rule_9_moves_that_the_table_forbids_never_leave() {
    for transitions in ["current", "2022", "v1"] {
        let options = with(crate::desk::new(), json!({ "transitions": transitions }));
        let mut desk = Desk::with(&options);
        let never = desk.ask(Ask::Cancel);
        assert_eq!(desk.rejected(never), "state_forbidden", "there is nothing to cancel");
        desk.add("A", 1);
        desk.run();
        for (state, close, cancel) in [
            ("partially_returned", false, true),
            ("cancelled", false, false),
            ("returned_by_post", false, false),
        ] {
            let mut desk = Desk::with(&options);
            desk.add("A", 1);
            desk.run();
            desk.ask(Ask::Refresh);
            let (status, body) = desk.apply();
            desk.answer(status, &body.replace("\"state\":\"open\"", &format!("\"state\":\"{state}\"")));
            assert_eq!((desk.machine.state().as_str(), desk.phase()), (state, Phase::Finished));
            let sent = desk.sent.len();
            for (ask, allowed) in [(Ask::Close(None), close), (Ask::Prepare(None), close)] {
                let ticket = desk.ask(ask);
                assert!(!allowed);
                let Some(Err(error)) = desk.settled.get(&ticket) else { panic!("rejected is expected") };
                assert!(matches!(error.code, SyncCode::Refused(_)) && error.path.is_some());
                assert_eq!(error.code.as_str(), "state_forbidden", "{state}");
            }
            assert_eq!(desk.sent.len(), sent);
            if state != "cancelled" {
                let ticket = desk.ask(Ask::Cancel);
                assert_eq!(desk.open.is_some(), cancel, "{state}");
                assert_eq!(desk.is_waiting(ticket), cancel);
            }
        }
    }
}

#[test]
fn rule_9_a_preview_beside_a_close_waits_its_turn() {
    let (mut desk, close) = closing();
    let preview = desk.ask(Ask::Preview(value(&json!({}))));
    desk.fail(Failure::Network);
    assert_eq!(desk.next().session()["state"], "closed");
    desk.run();
    assert!(desk.done(close) && desk.settled.contains_key(&preview));
    assert_eq!(closes(&desk), 1);
}

#[test]
fn rule_9_a_refused_draft_can_still_be_cancelled() {
    let refusal = r#"{"errors":[{"source":{"pointer":"/cartItems/1/quantity"}}]}"#;
    // Blocked before the cancelling, and by the answer to an update that is under way then.
    for late in [false, true] {
        let mut desk = Desk::stocked();
        desk.edit(add());
        desk.next();
        if !late {
            desk.answer(400, refusal);
        }
        let cancel = desk.ask(Ask::Cancel);
        if late {
            desk.answer(400, refusal);
        }
        desk.run();
        assert!(desk.done(cancel));
        assert_eq!((desk.endpoint.state().as_str(), desk.phase()), ("cancelled", Phase::Finished));
    }
}

#[test]
fn rule_9_a_cancel_behind_an_unauthorized_update_is_told() {
    let mut desk = Desk::stocked();
    desk.edit(add());
    desk.next();
    let cancel = desk.ask(Ask::Cancel);
    while desk.open.is_some() {
        desk.answer(401, "{}");
    }
    assert_eq!(desk.rejected(cancel), "unauthorized");
    desk.edit(add());
    let flush = desk.ask(Ask::Flush);
    desk.run();
    assert!(desk.done(flush));
    assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("X", 2)]));
}

#[test]
fn rule_9_what_others_closed_is_not_taken_for_ours() {
    let (mut desk, close) = closing();
    desk.endpoint.foreign(ID, &json!({ "cartItems": [{ "sku": "F", "quantity": 1, "price": 1 }] }));
    desk.endpoint.foreign(ID, &json!({ "state": "closed" }));
    // The read that decides is also one that would have replaced the draft.
    let refresh = desk.ask(Ask::Refresh);
    desk.run();
    assert!(desk.done(refresh));
    assert_eq!(desk.closed_notices(), [(true, false)]);
    assert_eq!(desk.rejected(close), "rejected");
}

#[test]
fn rule_9_a_back_end_that_closed_is_seen_by_any_read() {
    let mut desk = Desk::stocked();
    prepare(&mut desk, None);
    let early = desk.ask(Ask::Refresh);
    desk.run();
    assert!(desk.done(early));
    assert_eq!(desk.phase(), Phase::Closing, "not yet");
    desk.endpoint.foreign(ID, &json!({ "state": "closed" }));
    let refresh = desk.ask(Ask::Refresh);
    desk.run();
    assert!(desk.done(refresh));
    assert_eq!((desk.phase(), desk.closed_notices()), (Phase::Finished, vec![(false, false)]));
    let finish = desk.ask(Ask::Finish);
    assert!(desk.done(finish));
    assert_eq!(desk.closed_notices().len(), 1);
}

#[test]
fn rule_9_a_forgotten_finish_ends_its_reads() {
    let mut desk = Desk::stocked();
    prepare(&mut desk, None);
    let finish = desk.ask(Ask::Finish);
    desk.serve();
    desk.handle(cartwright::sync::Event::Forgotten { ticket: finish });
    desk.run();
    assert!(desk.rests() && desk.sent.len() <= 3);
    assert_eq!(desk.refused(add()), ["session_closing"], "the preparation stands");
}

#[test]
fn rule_9_a_finish_that_cannot_be_read_is_told() {
    for (status, body, code) in
        [(401, "{}", "unauthorized"), (200, "<html>", "bad_answer"), (404, "{}", "not_found")]
    {
        let mut desk = Desk::stocked();
        prepare(&mut desk, None);
        let finish = desk.ask(Ask::Finish);
        while desk.is_waiting(finish) {
            desk.next();
            desk.answer(status, body);
        }
        assert_eq!(desk.rejected(finish), code);
        desk.run();
        assert!(desk.rests());
        desk.endpoint.foreign(ID, &json!({ "state": "closed" }));
        let finish = desk.ask(Ask::Finish);
        desk.run();
        assert!(desk.done(finish));
    }
}

#[test]
fn rule_9_a_deciding_read_that_is_refused_decides_nothing() {
    let (mut desk, close) = closing();
    desk.apply();
    desk.answer(422, "{}");
    assert!(desk.request().is_read());
    desk.answer(422, "{}");
    assert_eq!(desk.rejected(close), "rejected");
    assert_eq!(desk.refused(add()), ["session_closing"]);
    assert!(desk.rests());
    let again = desk.ask(Ask::Close(None));
    desk.run();
    assert!(desk.done(again));
    assert_eq!(closes(&desk), 1);
}

#[test]
fn rule_9_any_read_that_shows_the_session_closed_ends_a_close() {
    let (mut desk, close) = closing();
    desk.apply();
    desk.answer(408, "");
    let refresh = desk.ask(Ask::Refresh);
    assert!(desk.next().is_read());
    desk.serve();
    assert!(desk.done(close) && desk.done(refresh) && desk.rests());
    assert_eq!((desk.closed_notices(), desk.sent.len()), (vec![(false, false)], 3), "no second close leaves");
}

#[test]
fn rule_9_no_read_comes_between_what_was_agreed_to_and_its_close() {
    let mut desk = Desk::stocked();
    let quote = desk.fingerprint();
    let preview = desk.ask(Ask::Preview(crate::desk::value(&json!({}))));
    let refresh = desk.ask(Ask::Refresh);
    let close = desk.ask(Ask::Close(Some(quote)));
    desk.serve();
    assert_eq!(desk.request().session()["state"], "closed");
    desk.run();
    assert!([preview, refresh, close].iter().all(|ticket| desk.done(*ticket)));
}

#[test]
fn rule_9_a_cancel_of_a_refused_draft_survives_a_lost_answer() {
    let mut desk = Desk::stocked();
    desk.edit(add());
    desk.next();
    desk.answer(400, r#"{"errors":[{"source":{"pointer":"/cartItems/1"}}]}"#);
    let cancel = desk.ask(Ask::Cancel);
    desk.lose_answer();
    desk.run();
    assert!(desk.done(cancel));
}

#[test]
fn rule_9_a_cancel_of_a_cart_that_the_server_has_not_seen_sends_it_first() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    let cancel = desk.ask(Ask::Cancel);
    assert_eq!(desk.request().session()["state"], Json::Null, "nothing becomes cancelled out of nothing");
    desk.run();
    assert!(desk.done(cancel));
    assert_eq!((desk.endpoint.state().as_str(), desk.phase()), ("cancelled", Phase::Finished));
}

#[test]
fn rule_9_a_cancel_of_a_cart_that_the_server_refused_is_told_and_frees_the_edits() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    let cancel = desk.ask(Ask::Cancel);
    desk.answer(400, "{}");
    desk.run();
    assert_eq!(desk.rejected(cancel), "state_forbidden");
    desk.add("A", 1);
}

#[test]
fn rule_9_who_joins_a_close_or_a_preparation_is_bound_to_the_quote_too() {
    let mut desk = Desk::stocked();
    desk.add("B", 1);
    let first = desk.ask(Ask::Close(None));
    let second = desk.ask(Ask::Close(Some("nonsense".to_string())));
    desk.run();
    assert_eq!((desk.rejected(first), desk.rejected(second)), ("quote_changed", "quote_changed"));
    assert_eq!(closes(&desk), 0);

    let mut desk = Desk::stocked();
    let seen = desk.fingerprint();
    desk.edit(json!({ "do": "set", "field": "identifiers", "value": ["I"] }));
    let first = desk.ask(Ask::Close(Some(seen)));
    let other = desk.ask(Ask::Close(Some("nonsense".to_string())));
    assert_eq!(desk.rejected(other), "quote_changed", "both cannot be right");
    desk.run();
    assert!(desk.done(first));

    let mut desk = Desk::stocked();
    let prepare = desk.ask(Ask::Prepare(None));
    desk.run();
    assert!(desk.settled.contains_key(&prepare));
    let other = desk.ask(Ask::Prepare(Some("nonsense".to_string())));
    assert_eq!(desk.rejected(other), "quote_changed");
    let quote = desk.fingerprint();
    let same = desk.ask(Ask::Prepare(Some(quote)));
    assert!(matches!(desk.settled[&same], Ok(Reply::Prepared { .. })));
}

#[test]
fn rule_5_reads_of_a_foreign_cart_never_make_the_quote_fresh() {
    let mut desk = Desk::stocked();
    desk.ask(Ask::Prepare(None));
    desk.run();
    desk.endpoint.foreign(ID, &json!({ "cartItems": [{ "sku": "Z", "quantity": 5, "price": 1 }] }));
    desk.ask(Ask::Finish);
    for _ in 0..3 {
        desk.next();
        desk.serve();
    }
    assert!(!desk.machine.quote_is_current());
}

#[test]
fn rule_5_the_answer_to_a_close_or_a_cancel_is_ours_for_the_reads_after_it() {
    // A server that writes a field in its own way: only its count tells that nobody else wrote.
    let serve = |desk: &mut Desk| {
        let (status, body) = desk.apply();
        desk.answer(status, &body.replace(r#""referralCode":"ref""#, r#""referralCode":"REF""#));
    };
    for ask in [Ask::Close(None), Ask::Cancel] {
        let mut desk = Desk::stocked();
        desk.edit(json!({ "do": "referral.set", "code": "ref" }));
        serve(&mut desk);
        let moved = desk.ask(ask.clone());
        serve(&mut desk);
        assert!(desk.done(moved));
        let revision = desk.machine.revision();
        let refresh = desk.ask(Ask::Refresh);
        serve(&mut desk);
        assert!(desk.done(refresh) && desk.machine.quote_is_current(), "{ask:?}");
        assert_eq!(desk.machine.revision(), revision, "{ask:?}");
    }
}

#[test]
fn rule_2_what_the_shopper_did_goes_before_previews_however_many_are_asked_for() {
    let mut desk = Desk::stocked();
    desk.add("B", 1);
    let flush = desk.ask(Ask::Flush);
    for _ in 0..5 {
        desk.ask(Ask::Preview(value(&json!({}))));
        desk.serve();
    }
    assert!(desk.done(flush));
    // Asked for while an update is under way and a newer one waits behind it.
    desk.run();
    desk.add("B", 1);
    desk.ask(Ask::Flush);
    desk.add("B", 1);
    let flush = desk.ask(Ask::Flush);
    let previews = [(); 3].map(|()| desk.ask(Ask::Preview(value(&json!({})))));
    let refresh = desk.ask(Ask::Refresh);
    desk.serve();
    assert!(desk.request().send.key.is_some(), "the newest draft before any preview or read");
    desk.serve();
    assert!(desk.done(flush));
    desk.run();
    assert!(desk.done(refresh) && previews.iter().all(|preview| desk.done(*preview)));
}
