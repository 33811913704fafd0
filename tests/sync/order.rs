//! Rule 9 for what is done with an order that was placed: reopening it, and giving units of it back.

use cartwright::amount::Amount;
use cartwright::draft::refusal::Figure;
use cartwright::draft::state::State;
use cartwright::sync::{Ask, Event, Failure, Method, Phase, Send};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::desk::{Desk, ID, items, known, new, value, with};

const SETTLE: u64 = 60_000;

/// A new session under a store whose order was placed: A × 3, B × 1, A × 2 at another price.
fn ordered() -> Desk {
    ordered_with(json!({}))
}

fn ordered_with(more: Json) -> Desk {
    let mut desk = Desk::with(&with(with(new(), json!({ "stored": {} })), more));
    desk.add("A", 3);
    desk.add("B", 1);
    desk.edit(json!({ "do": "cart.add", "item": { "sku": "A", "quantity": 2, "price": 5 } }));
    let close = desk.ask(Ask::Close(None));
    desk.run();
    assert!(desk.done(close));
    desk.news();
    desk
}

fn give_back(desk: &mut Desk, wanted: Json) -> u64 {
    desk.ask(Ask::Return(value(&wanted)))
}

/// One unit of the line at this position.
fn one(position: u64) -> Json {
    json!([{ "position": position, "quantity": 1 }])
}

/// Units of each line that the endpoint has back.
fn returned(desk: &Desk) -> Vec<u64> {
    let session = desk.endpoint.session();
    let items = session["cartItems"].as_array().unwrap();
    items.iter().map(|item| item["returnedQuantity"].as_u64().unwrap_or_default()).collect()
}

/// The same as a shopper sees it.
fn shown(desk: &Desk) -> Vec<u64> {
    let (quote, _) = desk.machine.quote().expect("a quote");
    quote.lines.iter().map(|line| line.returned).collect()
}

/// How often the order was reopened, or units of it given back.
fn made(desk: &Desk) -> usize {
    let of_order = |body: &&Json| **body == json!("reopen") || !body["return"].is_null();
    desk.endpoint.applied.iter().filter(of_order).count()
}

pub fn is_of_order(send: &Send) -> bool {
    send.path.ends_with("/reopen") || send.path.ends_with("/returns")
}

/// What is done with an order, and the state that it leads to.
fn both() -> [(Ask, &'static str); 2] {
    [(Ask::Reopen, "open"), (Ask::Return(value(&one(0))), "partially_returned")]
}

#[test]
fn rule_9_an_order_is_reopened_by_its_own_request_and_a_read() {
    let mut desk = ordered();
    let reopen = desk.ask(Ask::Reopen);
    assert_eq!(desk.refused(json!({ "do": "cart.clear" })), ["session_finished"], "not yet");
    let send = desk.request().send;
    assert_eq!((send.method, &send.body), (Method::Put, &None));
    assert_eq!(send.path, format!("/v2/customer_sessions/{ID}/reopen"));
    assert!(send.key.is_some() && send.keepalive);
    assert_eq!(desk.phase(), Phase::Sending);
    desk.serve();
    assert!(desk.is_waiting(reopen), "the answer has no session");
    assert!(desk.request().is_read());
    desk.serve();
    assert!(desk.done(reopen));
    assert_eq!(desk.machine.state(), &State::Open);
    assert!(!desk.machine.quote_is_current());
    assert_eq!(desk.request().session()["cartItems"], desk.endpoint.session()["cartItems"].take_sent());
    desk.run();
    assert!(desk.machine.quote_is_current());
    assert_eq!((desk.phase(), desk.closed_notices()), (Phase::Idle, vec![]));
    desk.add("B", 1);
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 3), ("B", 2), ("A", 2)]));
    let close = desk.ask(Ask::Close(None));
    desk.run();
    assert!(desk.done(close));
}

trait Sent {
    /// The lines without what only the server sets.
    fn take_sent(&self) -> Json;
}

impl Sent for Json {
    fn take_sent(&self) -> Json {
        let line =
            |line: &Json| json!({ "sku": line["sku"], "quantity": line["quantity"], "price": line["price"] });
        self.as_array().unwrap().iter().map(line).collect()
    }
}

/// Places an order with a code and reopens it, up to the update after that; what was to be paid.
fn reopen_with_a_code(desk: &mut Desk) -> Amount {
    desk.edit(json!({ "do": "coupons.add", "code": "XMAS-20-2021" }));
    desk.run();
    let payable = desk.machine.sums().payable;
    desk.ask(Ask::Close(None));
    desk.run();
    desk.ask(Ask::Reopen);
    desk.serve();
    desk.serve();
    payable
}

#[test]
fn rule_9_the_codes_of_a_reopened_order_work_again() {
    let mut desk = Desk::stocked();
    let payable = reopen_with_a_code(&mut desk);
    assert!(desk.coupon("XMAS-20-2021").rolled_back);
    let sums = desk.machine.sums();
    assert_eq!(
        (sums.discount.to_string().as_str(), sums.payable),
        ("0", sums.total),
        "nothing of it holds any more"
    );
    desk.run();
    let coupon = desk.coupon("XMAS-20-2021");
    assert_eq!((coupon.status, coupon.rolled_back), (cartwright::sync::Status::Accepted, false));
    assert_eq!(desk.machine.sums().payable, payable);
}

#[test]
fn rule_9_what_is_read_of_a_reopened_order_is_no_quote_after_a_reload_either() {
    for failure in [Failure::ApiKey, Failure::NotSent] {
        let mut desk = Desk::with(&with(new(), json!({ "stored": {} })));
        desk.add("A", 1);
        let payable = reopen_with_a_code(&mut desk);
        assert!(!desk.request().is_read(), "one more update is to tell what the cart costs");
        desk.fail(failure);
        let mut desk = desk.reload();
        assert!(desk.request().is_read());
        desk.serve();
        assert!(!desk.machine.quote_is_current(), "{failure:?}");
        desk.run();
        assert!(desk.machine.quote_is_current());
        assert_eq!(desk.machine.sums().payable, payable);
        let mut desk = desk.reload();
        desk.serve();
        assert!(desk.machine.quote_is_current() && desk.rests(), "and never again");
    }
}

#[test]
fn rule_9_manual_mode_evaluates_a_reopened_order_when_asked() {
    let mut desk = ordered_with(json!({ "sync": { "mode": "manual" } }));
    let reopen = desk.ask(Ask::Reopen);
    desk.run();
    assert!(desk.done(reopen) && !desk.machine.quote_is_current());
    let settled = desk.ask(Ask::Settled);
    desk.run();
    assert!(desk.done(settled) && desk.machine.quote_is_current());
}

#[test]
fn rule_9_units_are_given_back_by_line_by_position_and_by_sku() {
    /// The lines that are asked for, and `[position, quantity]` of those that are sent.
    type Row = (fn(&[String]) -> Json, &'static [[u64; 2]]);
    let rows: [Row; 9] = [
        (|_| json!([{ "position": 0, "quantity": 2 }]), &[[0, 2]]),
        (|_| json!([{ "position": 2 }]), &[[2, 2]]),
        (|ids| json!([{ "lineId": ids[1], "quantity": 1 }]), &[[1, 1]]),
        (|ids| json!([{ "lineId": ids[0] }]), &[[0, 3]]),
        (|_| json!([{ "sku": "B", "quantity": 1 }]), &[[1, 1]]),
        (|_| json!([{ "sku": "A", "quantity": 4 }]), &[[0, 3], [2, 1]]),
        (|_| json!([{ "sku": "A" }]), &[[0, 3], [2, 2]]),
        (|_| json!([{ "position": 2, "quantity": 1 }, { "sku": "A", "quantity": 4 }]), &[[0, 3], [2, 2]]),
        (
            |ids| json!([{ "sku": "B", "quantity": null }, { "lineId": ids[0], "quantity": 1 }]),
            &[[0, 1], [1, 1]],
        ),
    ];
    for (wanted, expected) in rows {
        let mut desk = ordered();
        let ids: Vec<String> = desk.machine.draft().lines().iter().map(|line| line.id.to_text()).collect();
        let before = (desk.machine.revision(), desk.items());
        let wanted = wanted(&ids);
        let ticket = give_back(&mut desk, wanted.clone());
        let send = desk.request().send;
        assert_eq!((send.method, send.key.is_some()), (Method::Post, true));
        assert_eq!(send.path, format!("/v2/customer_sessions/{ID}/returns"));
        let lines: Vec<Json> = expected
            .iter()
            .map(|[position, quantity]| json!({ "position": position, "quantity": quantity }))
            .collect();
        let body: Json = serde_json::from_str(send.body.as_ref().unwrap()).unwrap();
        let content = json!(["customerSession", "loyalty"]);
        assert_eq!(body, json!({ "return": { "returnedCartItems": lines }, "responseContent": content }));
        desk.serve();
        assert!(desk.done(ticket) && desk.rests(), "{wanted}");
        let mut back = vec![0; 3];
        for [position, quantity] in expected {
            back[usize::try_from(*position).unwrap()] = *quantity;
        }
        assert_eq!((returned(&desk), shown(&desk)), (back.clone(), back), "{wanted}");
        assert_eq!((desk.machine.state(), desk.phase()), (&State::PartiallyReturned, Phase::Finished));
        assert_eq!((desk.machine.revision(), desk.items()), before, "the draft is what was ordered");
        assert_eq!(desk.closed_notices(), []);
    }
}

#[test]
fn rule_9_a_return_asks_only_for_what_its_answer_may_hold() {
    let content = json!(["awardedGiveaways", "loyalty", "customerProfile", "achievements"]);
    let mut desk = ordered_with(json!({ "responseContent": content }));
    give_back(&mut desk, one(0));
    let body: Json = serde_json::from_str(desk.request().send.body.as_ref().unwrap()).unwrap();
    assert_eq!(body["responseContent"], json!(["customerSession", "loyalty"]));
}

#[test]
fn rule_9_a_return_that_does_not_fit_the_order_never_leaves() {
    type Row = (Json, &'static str, &'static str, Option<u64>, Option<Figure>);
    let text = |text: &str| Some(Figure::Text(text.to_string()));
    let rows: Vec<Row> = vec![
        (
            json!([{ "position": 0, "quantity": 4 }]),
            "units_limit",
            "0.quantity",
            Some(3),
            Some(Figure::Count(4)),
        ),
        (
            json!([{ "sku": "A", "quantity": 6 }]),
            "units_limit",
            "0.quantity",
            Some(5),
            Some(Figure::Count(6)),
        ),
        (
            json!([{ "sku": "A", "quantity": 3 }, { "position": 0, "quantity": 1 }]),
            "units_limit",
            "1.quantity",
            Some(0),
            Some(Figure::Count(1)),
        ),
        (
            json!([{ "sku": "B" }, { "sku": "B" }]),
            "units_limit",
            "1.quantity",
            Some(0),
            Some(Figure::Count(1)),
        ),
        (json!([{ "position": 3, "quantity": 1 }]), "line_unknown", "0.position", None, text("3")),
        (json!([{ "position": -1, "quantity": 1 }]), "line_unknown", "0.position", None, text("-1")),
        (json!([{ "position": "0", "quantity": 1 }]), "line_unknown", "0.position", None, text("0")),
        (json!([{ "sku": "a", "quantity": 1 }]), "line_unknown", "0.sku", None, text("a")),
        (
            json!([{ "lineId": "0000000000000001" }]),
            "line_unknown",
            "0.lineId",
            None,
            text("0000000000000001"),
        ),
        (json!([{ "lineId": 7 }]), "line_unknown", "0.lineId", None, text("7")),
        (json!([{ "position": 0, "quantity": 0 }]), "quantity_invalid", "0.quantity", Some(1), text("0")),
        (json!([{ "position": 0, "quantity": 1.5 }]), "quantity_invalid", "0.quantity", Some(1), None),
        (json!([{ "position": 0, "quantity": "1" }]), "quantity_invalid", "0.quantity", Some(1), None),
        (json!([{ "position": 0 }, { "quantity": 1 }]), "value_type", "1", None, None),
        (json!([{ "position": 0, "sku": "A" }]), "value_type", "0", None, None),
        (json!([3]), "value_type", "0", None, None),
        (json!([]), "value_type", "", None, None),
        (json!({ "position": 0 }), "value_type", "", None, None),
        (Json::Null, "value_type", "", None, None),
    ];
    for (wanted, code, path, limit, actual) in rows {
        let mut desk = ordered();
        let sent = desk.sent.len();
        let ticket = give_back(&mut desk, wanted.clone());
        let Some(Err(error)) = desk.settled.get(&ticket) else { panic!("a refusal of {wanted}") };
        let steps: Vec<String> = error
            .path
            .iter()
            .flatten()
            .map(|step| match step {
                cartwright::model::wire::Step::Key(name) => name.clone(),
                cartwright::model::wire::Step::Index(index) => index.to_string(),
            })
            .collect();
        assert_eq!((error.code.as_str(), steps.join(".").as_str()), (code, path), "{wanted}");
        assert_eq!((&error.limit, &error.actual), (&limit.map(Figure::Count), &actual), "{wanted}");
        assert_eq!((desk.sent.len(), desk.phase()), (sent, Phase::Finished));
    }
}

#[test]
fn rule_9_what_the_state_or_the_profile_forbids_never_leaves() {
    // Of a profile and a state: whether an order may be reopened, and units of it given back.
    let rows = [
        ("current", "open", false, false),
        ("current", "closed", true, true),
        ("current", "partially_returned", false, true),
        ("current", "cancelled", false, false),
        ("current", "odd", false, false),
        ("2022", "closed", false, true),
        ("2022", "partially_returned", false, true),
        ("v1", "closed", false, true),
    ];
    for (transitions, state, reopens, returns) in rows {
        for (ask, may) in [(Ask::Reopen, reopens), (Ask::Return(value(&one(0))), returns)] {
            let mut desk = Desk::with(&with(new(), json!({ "transitions": transitions })));
            desk.add("A", 1);
            desk.run();
            desk.ask(Ask::Refresh);
            let (status, body) = desk.apply();
            desk.answer(status, &body.replace("\"state\":\"open\"", &format!("\"state\":\"{state}\"")));
            let ticket = desk.ask(ask);
            assert_eq!(desk.open.is_some(), may, "{transitions} {state}");
            if !may {
                let Some(Err(error)) = desk.settled.get(&ticket) else { panic!("a refusal") };
                assert_eq!(error.code.as_str(), "state_forbidden");
                assert_eq!(error.actual, Some(Figure::Text(state.to_string())));
            }
        }
    }
}

#[test]
fn rule_9_what_is_left_of_an_order_is_counted_down() {
    let mut desk = ordered();
    for (wanted, back) in
        [(json!([{ "position": 0, "quantity": 2 }]), [2, 0, 0]), (json!([{ "sku": "A" }]), [3, 0, 2])]
    {
        let ticket = give_back(&mut desk, wanted);
        desk.run();
        assert!(desk.done(ticket));
        assert_eq!(shown(&desk), back);
    }
    let more = give_back(&mut desk, one(0));
    assert_eq!(desk.rejected(more), "units_limit");
    let last = give_back(&mut desk, json!([{ "sku": "B" }]));
    desk.run();
    assert!(desk.done(last));
    assert_eq!(returned(&desk), [3, 1, 2]);
    let cancel = desk.ask(Ask::Cancel);
    desk.run();
    assert!(desk.done(cancel));
    assert_eq!(desk.endpoint.state(), "cancelled");
}

#[test]
fn rule_9_what_a_return_leaves_of_the_discounts_still_stands_in_the_quote() {
    let mut desk = Desk::new();
    let shoes = json!({ "sku": "SHOES", "quantity": 3, "price": 60, "category": "shoes" });
    desk.edit(json!({ "do": "cart.add", "item": shoes }));
    desk.edit(json!({ "do": "coupons.add", "code": "SHOES5" }));
    desk.ask(Ask::Close(None));
    desk.run();
    let before = desk.machine.sums();
    for left in [10, 5] {
        give_back(&mut desk, one(0));
        desk.run();
        let (quote, _) = desk.machine.quote().unwrap();
        assert_eq!(
            (desk.machine.sums().discount.to_string(), before.discount.to_string()),
            (left.to_string(), "15".to_string())
        );
        assert_eq!(
            quote.effects.len() - quote.earlier,
            1,
            "the effects that are shown are those of the newest answer"
        );
    }
}

#[test]
fn rule_9_both_wait_until_the_session_is_known() {
    for (ask, state) in both() {
        let mut other = ordered();
        let mut desk = Desk::closed(&with(known(), json!({ "seed": "1".repeat(16) })));
        std::mem::swap(&mut desk.endpoint, &mut other.endpoint);
        desk.handle(Event::Opened);
        let ticket = desk.ask(ask);
        assert!(desk.request().is_read() && desk.is_waiting(ticket));
        desk.run();
        assert!(desk.done(ticket));
        assert_eq!((desk.endpoint.state().as_str(), made(&desk)), (state, 1));
    }
    for (ask, _) in both() {
        let mut desk = Desk::with(&known());
        let ticket = desk.ask(ask.clone());
        desk.run();
        assert_eq!(desk.rejected(ticket), "state_forbidden", "a cart is no order");
        let mut desk = Desk::with(&known());
        let ticket = desk.ask(ask);
        while desk.open.is_some() {
            desk.answer(401, "{}");
        }
        assert_eq!(desk.rejected(ticket), "unauthorized");
    }
}

#[test]
fn rule_9_a_second_reopening_joins_and_a_second_return_is_refused() {
    let mut desk = ordered();
    let tickets = [desk.ask(Ask::Reopen), desk.ask(Ask::Reopen)];
    desk.serve();
    let third = desk.ask(Ask::Reopen);
    desk.run();
    assert!(tickets.into_iter().chain([third]).all(|ticket| desk.done(ticket)));
    assert_eq!(made(&desk), 1);

    let mut desk = ordered();
    let first = give_back(&mut desk, one(0));
    let second = give_back(&mut desk, one(0));
    assert_eq!(desk.rejected(second), "overlap");
    desk.run();
    assert!(desk.done(first));
    assert_eq!(returned(&desk), [1, 0, 0]);
    let third = give_back(&mut desk, one(0));
    desk.run();
    assert!(desk.done(third), "one after the other they are two");
    assert_eq!(returned(&desk), [2, 0, 0]);
}

#[test]
fn rule_9_moves_of_an_order_and_others_stand_in_each_others_way() {
    for (ask, _) in both() {
        for other in [Ask::Close(None), Ask::Prepare(None), Ask::Cancel, Ask::Finish, Ask::Release] {
            let mut desk = ordered();
            desk.ask(ask.clone());
            let ticket = desk.ask(other.clone());
            // The order is placed, which is all that these wait for.
            let there_already = matches!(other, Ask::Finish);
            assert!(
                if there_already { desk.done(ticket) } else { desk.rejected(ticket) == "overlap" },
                "{other:?}"
            );
        }
        let mut desk = ordered();
        desk.ask(Ask::Cancel);
        let ticket = desk.ask(ask.clone());
        assert_eq!(desk.rejected(ticket), "session_closing");
        let mut desk = Desk::stocked();
        desk.ask(Ask::Close(None));
        let ticket = desk.ask(ask);
        assert_eq!(desk.rejected(ticket), "session_closing");
    }
}

#[test]
fn rule_9_after_a_lost_answer_the_same_bytes_go_under_the_same_key() {
    for (ask, state) in both() {
        for (applied, failure) in
            [(true, Failure::Network), (true, Failure::Timeout), (false, Failure::Timeout)]
        {
            let mut desk = ordered();
            let ticket = desk.ask(ask.clone());
            let first = desk.request().send;
            if applied {
                desk.apply();
            }
            for _ in 0..3 {
                desk.fail(failure);
                assert_eq!(desk.phase(), Phase::Waiting);
                let again = desk.next().send;
                assert_eq!(
                    (again.path, again.key, again.body),
                    (first.path.clone(), first.key.clone(), first.body.clone())
                );
            }
            desk.run();
            assert!(desk.done(ticket), "{state} {applied}");
            assert_eq!((desk.endpoint.state().as_str(), made(&desk)), (state, 1));
        }
    }
}

#[test]
fn rule_9_after_an_answered_error_a_read_decides_before_a_new_key() {
    for (ask, state) in both() {
        for applied in [true, false] {
            for status in [500, 503, 408] {
                let mut desk = ordered();
                let ticket = desk.ask(ask.clone());
                let first = desk.request();
                if applied {
                    desk.apply();
                }
                desk.answer(status, "{}");
                assert!(desk.next().is_read(), "{state} {status}");
                desk.serve();
                assert_eq!(desk.done(ticket), applied, "{state} {status}");
                if !applied {
                    assert!(desk.next().is_read(), "until nothing can arrive any more");
                    assert!(desk.now >= first.at + SETTLE);
                    desk.serve();
                    let again = desk.request().send;
                    assert!(is_of_order(&again) && again.key != first.send.key);
                    assert_eq!(again.body, first.send.body);
                }
                desk.run();
                assert!(desk.done(ticket));
                assert_eq!((desk.endpoint.state().as_str(), made(&desk)), (state, 1), "{status} {applied}");
            }
            for status in [409, 429] {
                let mut desk = ordered();
                let ticket = desk.ask(ask.clone());
                let (first, at) = (desk.request().send, desk.now);
                desk.answer(status, "{}");
                assert!(desk.next().is_read());
                desk.serve();
                assert_ne!(desk.request().send.key, first.key);
                assert!(desk.now < at + SETTLE, "what was turned away does not arrive");
                desk.run();
                assert!(desk.done(ticket));
                assert_eq!(made(&desk), 1);
            }
        }
    }
}

#[test]
fn rule_9_what_arrives_late_is_waited_for_and_counts() {
    for (ask, state) in both() {
        let mut desk = ordered();
        let ticket = desk.ask(ask);
        let ghost = desk.request().send;
        desk.answer(504, "{}");
        desk.next();
        desk.serve();
        // The page comes to the front meanwhile, and reads again.
        desk.handle(Event::Shown);
        desk.serve();
        assert!(desk.is_waiting(ticket));
        desk.endpoint.take(&ghost, desk.now);
        desk.run();
        assert!(desk.done(ticket));
        assert_eq!((desk.endpoint.state().as_str(), made(&desk)), (state, 1));
    }
}

#[test]
fn rule_9_a_refusal_is_told_after_a_read_and_the_order_stays_as_it_was() {
    for (ask, _) in both() {
        for (status, code) in [(400, "rejected"), (404, "not_found"), (405, "rejected"), (422, "rejected")] {
            let mut desk = ordered();
            let ticket = desk.ask(ask.clone());
            desk.answer(status, "{}");
            assert!(desk.request().is_read() && desk.is_waiting(ticket));
            desk.run();
            assert_eq!(desk.rejected(ticket), code);
            assert_eq!((desk.machine.state(), desk.phase()), (&State::Closed, Phase::Finished));
            assert!(desk.disk.is_empty(), "nothing of it is left to be done");
        }
        let mut desk = ordered();
        let ticket = desk.ask(ask);
        for _ in 0..3 {
            if desk.open.is_some() {
                desk.answer(401, "{}");
            }
        }
        assert_eq!(desk.rejected(ticket), "unauthorized");
        assert!(desk.rests() && made(&desk) == 0);
    }
}

#[test]
fn rule_9_a_key_that_is_too_old_is_not_sent_again() {
    for (ask, state) in both() {
        for applied in [true, false] {
            let mut desk = ordered();
            let ticket = desk.ask(ask.clone());
            let first = desk.request().send;
            if applied {
                desk.apply();
            }
            desk.fail(Failure::Timeout);
            desk.now += 24 * 3_600_000;
            desk.handle(Event::Woke);
            assert!(desk.request().is_read());
            desk.run();
            assert!(desk.done(ticket), "{state} {applied}");
            assert_eq!((desk.endpoint.state().as_str(), made(&desk)), (state, 1));
            assert!(desk.sent.iter().filter(|sent| sent.send.key == first.key).count() == 1);
        }
    }
}

#[test]
fn rule_9_answers_that_cannot_be_the_endpoints_are_told_and_it_goes_on_when_asked() {
    for (ask, state) in both() {
        for body in ["<html>", "{}", r#"{"effects":7}"#, r#"{"customerSession":{"integrationId":"other"}}"#] {
            let mut desk = ordered();
            let ticket = desk.ask(ask.clone());
            let first = desk.request().send;
            desk.apply();
            for _ in 0..3 {
                desk.next();
                desk.answer(200, body);
            }
            assert_eq!((desk.rejected(ticket), desk.phase()), ("bad_answer", Phase::Blocked));
            let again = desk.ask(ask.clone());
            assert_eq!(desk.request().send.key, first.key);
            desk.run();
            assert_eq!(desk.done(again), ask == Ask::Reopen, "another return is another one");
            assert_eq!((desk.machine.state().as_str(), made(&desk)), (state, 1));
        }
    }
}

#[test]
fn rule_9_an_order_that_is_closed_again_before_it_is_read_is_not_reopened_twice() {
    let mut desk = ordered();
    let reopen = desk.ask(Ask::Reopen);
    desk.serve();
    desk.endpoint.foreign(ID, &json!({ "state": "closed" }));
    desk.run();
    assert_eq!(desk.rejected(reopen), "bad_answer");
    assert_eq!((desk.machine.state(), made(&desk)), (&State::Closed, 1));
    assert!(desk.machine.is_foreign());
}

#[test]
fn rule_9_what_somebody_else_does_meanwhile_is_not_taken_for_ours() {
    let back = |position| json!({ "return": { "returnedCartItems": one(position) } });
    let cancel = || json!({ "state": "cancelled" });
    let two = || Ask::Return(value(&json!([{ "position": 0, "quantity": 2 }])));
    let rows = [
        (Ask::Reopen, vec![back(1)], "state_forbidden"),
        (Ask::Reopen, vec![cancel()], "state_forbidden"),
        (two(), vec![cancel()], "state_forbidden"),
        (two(), vec![back(0)], "overlap"),
        (two(), vec![back(1), back(2), back(2)], "overlap"),
    ];
    for (ask, others, code) in rows {
        let mut desk = ordered();
        let ticket = desk.ask(ask.clone());
        desk.answer(503, "{}");
        for other in &others {
            desk.endpoint.others(ID, other);
        }
        desk.run();
        assert_eq!((desk.rejected(ticket), made(&desk)), (code, 0), "{ask:?} {others:?}");
        assert!(desk.machine.is_foreign(), "{ask:?} {others:?}");
    }
    // Where the lines that are meant are as they were, it goes on.
    let mut desk = ordered();
    let ticket = desk.ask(two());
    desk.answer(503, "{}");
    desk.endpoint.others(ID, &back(1));
    desk.run();
    assert!(desk.done(ticket));
    assert_eq!(returned(&desk), [2, 1, 0]);
}

#[test]
fn rule_9_a_reopened_order_of_other_content_becomes_the_draft() {
    let mut desk = Desk::stocked();
    desk.endpoint.foreign(ID, &json!({ "cartItems": [{ "sku": "F", "quantity": 2, "price": 1 }] }));
    desk.endpoint.foreign(ID, &json!({ "state": "closed" }));
    desk.ask(Ask::Refresh);
    desk.run();
    let reopen = desk.ask(Ask::Reopen);
    desk.run();
    assert!(desk.done(reopen));
    assert_eq!(desk.items(), items(&[("F", 2)]));
    desk.add("A", 1);
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("F", 2), ("A", 1)]));
}

#[test]
fn rule_9_lines_that_are_not_those_of_the_order_are_unknown() {
    let mut desk = Desk::stocked();
    let id = desk.machine.draft().lines()[0].id.to_text();
    desk.edit(json!({ "do": "cart.add", "item": { "sku": "B", "quantity": 1, "price": 1 } }));
    desk.endpoint
        .foreign(ID, &json!({ "cartItems": [{ "sku": "F", "quantity": 2, "price": 1 }], "state": "closed" }));
    desk.run();
    assert_eq!(desk.machine.state(), &State::Closed);
    let ticket = give_back(&mut desk, json!([{ "lineId": id }]));
    assert_eq!(desk.rejected(ticket), "line_unknown");
    let ticket = give_back(&mut desk, json!([{ "sku": "F" }]));
    desk.run();
    assert!(desk.done(ticket));
}

#[test]
fn rule_9_a_reload_in_the_middle_goes_on_with_the_same_bytes() {
    for (ask, state) in both().into_iter().chain([(Ask::Cancel, "cancelled")]) {
        for applied in [true, false] {
            let mut desk = ordered();
            assert!(desk.disk.is_empty());
            desk.ask(ask.clone());
            let first = desk.request().send;
            if applied {
                desk.apply();
            }
            let mut desk = desk.reload();
            let again = desk.request().send;
            assert_eq!(
                (again.path, again.key, again.body),
                (first.path, first.key, first.body),
                "{state} {applied}"
            );
            desk.run();
            assert_eq!((desk.machine.state().as_str(), desk.endpoint.state().as_str()), (state, state));
            assert!(made(&desk) <= 1 && desk.rests());
            assert_eq!(desk.disk.is_empty(), state != "open", "{state} {applied}");
            if ask == Ask::Reopen {
                assert_eq!(desk.items(), items(&[("A", 3), ("B", 1), ("A", 2)]));
                let desk = desk.reload();
                assert_eq!(desk.machine.state(), &State::Open);
            }
        }
    }
}

#[test]
fn rule_9_a_record_is_stored_before_the_request_leaves() {
    for (ask, _) in both() {
        let mut desk = ordered();
        desk.slow_disk = true;
        desk.ask(ask);
        assert!(desk.open.is_none());
        desk.commit();
        assert!(is_of_order(&desk.request().send));
    }
}

#[test]
fn rule_9_after_a_reload_a_read_decides_what_became_of_an_answered_error() {
    for (ask, state) in both() {
        for applied in [true, false] {
            let mut desk = ordered();
            desk.ask(ask.clone());
            if applied {
                desk.apply();
            }
            desk.answer(503, "{}");
            let mut desk = desk.reload();
            assert!(desk.request().is_read());
            desk.run();
            // Nobody waits for it any more: what did not happen is left to be asked for again.
            let state = if applied { state } else { "closed" };
            assert_eq!((desk.machine.state().as_str(), made(&desk)), (state, usize::from(applied)));
            assert!(desk.rests());
        }
    }
}

#[test]
fn rule_9_a_reload_between_a_reopening_and_its_read_does_not_reopen_again() {
    for closed_again in [false, true] {
        let mut desk = ordered();
        desk.ask(Ask::Reopen);
        desk.serve();
        if closed_again {
            desk.endpoint.foreign(ID, &json!({ "state": "closed" }));
        }
        let mut desk = desk.reload();
        desk.run();
        assert_eq!((desk.machine.state() == &State::Closed, made(&desk)), (closed_again, 1));
    }
}

/// What a schedule does next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Return,
    Serve,
    Lose,
    LoseAnswer,
    Refuse(u16),
    RefuseApplied(u16),
    Ghost,
    Wait,
    Reload,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use Step::{Ghost, Lose, LoseAnswer, Refuse, RefuseApplied, Reload, Return, Serve, Wait};
    let status = || prop_oneof![Just(503), Just(409), Just(400), Just(401)];
    let step = prop_oneof![
        3 => Just(Return), 5 => Just(Serve), 1 => Just(Lose), 1 => Just(LoseAnswer), 2 => status().prop_map(Refuse),
        1 => Just(RefuseApplied(504)), 1 => Just(Ghost), 6 => Just(Wait), 1 => Just(Reload),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    /// A return that resolved was made once; one that did not was made once or not at all.
    #[test]
    fn no_return_is_made_twice(steps in steps()) {
        let mut desk = Desk::with(&with(new(), json!({ "stored": {} })));
        desk.add("A", 364);
        desk.ask(Ask::Close(None));
        desk.run();
        // Each of three times the units of the one before: the sum of what came back tells which did, and how often.
        let mut asked: Vec<u64> = Vec::new();
        let mut done = 0;
        let mut ghosts: Vec<(u64, Send)> = Vec::new();
        for step in steps {
            ghosts.retain(|(at, _)| desk.now < at + SETTLE);
            let open = desk.open.clone();
            let ghost = open.clone().filter(is_of_order).map(|send| (desk.now, send));
            match step {
                Step::Return if asked.len() < 6 => {
                    let quantity = 3_u64.pow(asked.len() as u32);
                    asked.push(give_back(&mut desk, json!([{ "position": 0, "quantity": quantity }])));
                }
                Step::Serve if open.is_some() => drop(desk.serve()),
                Step::Lose if open.is_some() => {
                    ghosts.extend(ghost);
                    desk.fail(Failure::Timeout);
                }
                Step::LoseAnswer if open.is_some() => desk.lose_answer(),
                Step::Refuse(status) if open.is_some() => {
                    ghosts.extend(ghost.filter(|_| status == 503));
                    desk.answer(status, "{}");
                }
                Step::RefuseApplied(status) if ghost.is_some() => {
                    desk.apply();
                    desk.answer(status, "{}");
                }
                Step::Ghost if !ghosts.is_empty() => {
                    let (_, ghost) = ghosts.remove(0);
                    desk.endpoint.take(&ghost, desk.now);
                }
                Step::Wait if desk.wake.is_some() => drop(desk.wait()),
                Step::Reload => {
                    done |= resolved(&desk, &asked);
                    // Tickets of the page before mean nothing to the next one.
                    asked.iter_mut().for_each(|ticket| *ticket = 0);
                    desk = desk.reload();
                }
                _ => {}
            }
        }
        for (at, ghost) in ghosts {
            if desk.now < at + SETTLE {
                desk.endpoint.take(&ghost, desk.now);
            }
        }
        desk.run();
        done |= resolved(&desk, &asked);
        for (index, times) in times_of(returned(&desk)[0]).into_iter().enumerate() {
            let resolved = (done >> index) & 1 == 1;
            prop_assert!(times == 1 || (times == 0 && !resolved), "{index}: {times} times, resolved: {resolved}");
        }
    }
}

/// Which of the returns resolved, as bits.
fn resolved(desk: &Desk, asked: &[u64]) -> u32 {
    asked.iter().enumerate().filter(|(_, ticket)| desk.done(**ticket)).map(|(index, _)| 1 << index).sum()
}

/// How often each return was made.
fn times_of(mut units: u64) -> Vec<u64> {
    let mut times = Vec::new();
    while units > 0 {
        times.push(units % 3);
        units /= 3;
    }
    times
}
