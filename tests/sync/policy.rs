//! Rule 6: the policy table, row by row, as a function and through the machine.

use cartwright::model::wire::Step;
use cartwright::sync::policy::{Meaning, Next, Outcome, meaning};
use cartwright::sync::{Ask, Event, Failure, Phase, SyncCode};
use serde_json::{Value as Json, json};

use crate::desk::{Desk, ID, items, known, value};

/// What rule 6 says of an answer that is not a 2xx of ours.
fn row(status: u16) -> (SyncCode, Next) {
    match status {
        401 | 403 => (SyncCode::Unauthorized, Next::HeadersOnce),
        404 => (SyncCode::NotFound, Next::Stop),
        409 => (SyncCode::Overlap, Next::NewestDraft),
        429 => (SyncCode::RateLimited, Next::NewestDraft),
        408 | 425 | 500..=599 => (SyncCode::ServerError, Next::NewestDraft),
        400..=499 => (SyncCode::Rejected, Next::Stop),
        _ => (SyncCode::BadAnswer, Next::SameBytesThrice),
    }
}

#[test]
fn rule_6_every_status_has_one_meaning() {
    for status in 0..=u16::MAX {
        let (code, next) = row(status);
        let refused = Meaning { code: Some(code), next };
        assert_eq!(meaning(Outcome::Status { status, ours: false }), refused, "{status}");
        let ours = meaning(Outcome::Status { status, ours: true });
        match status {
            200 | 201 => assert_eq!(ours, Meaning { code: None, next: Next::Settle }),
            _ => assert_eq!(ours, refused, "{status}"),
        }
    }
    let network = Meaning { code: Some(SyncCode::Network), next: Next::SameBytes };
    assert_eq!(meaning(Outcome::Network), network);
    let timeout = Meaning { code: Some(SyncCode::Timeout), next: Next::SameBytes };
    assert_eq!(meaning(Outcome::Timeout), timeout);
}

#[test]
fn rule_6_the_codes_are_those_of_the_surface_and_say_whether_to_try_again() {
    for (code, word, retryable) in [
        (SyncCode::Network, "network", true),
        (SyncCode::Timeout, "timeout", true),
        (SyncCode::Overlap, "overlap", true),
        (SyncCode::RateLimited, "rate_limited", true),
        (SyncCode::ServerError, "server_error", true),
        (SyncCode::BadAnswer, "bad_answer", true),
        (SyncCode::Rejected, "rejected", false),
        (SyncCode::Unauthorized, "unauthorized", false),
        (SyncCode::NotFound, "not_found", false),
        (SyncCode::NotSent, "not_sent", true),
        (SyncCode::QuoteChanged, "quote_changed", false),
        (SyncCode::Aborted, "aborted", false),
        (SyncCode::ApiKeyInBrowser, "api_key_in_browser", false),
    ] {
        assert_eq!((code.as_str(), code.retryable()), (word, retryable));
    }
}

/// A stocked desk with an update under way.
fn sending() -> Desk {
    let mut desk = Desk::stocked();
    desk.add("B", 1);
    desk.next();
    desk
}

#[test]
fn rule_6_every_status_leads_to_its_next_request() {
    for status in 100..=599 {
        let mut desk = sending();
        let first = desk.request().send;
        let at = desk.now;
        desk.answer(status, "{}");
        let (code, next) = row(status);
        assert_eq!(desk.error(), Some(code.as_str()), "{status}");
        assert_eq!(desk.machine.error().unwrap().status, Some(status));
        match next {
            Next::NewestDraft | Next::SameBytesThrice => {
                assert_eq!((desk.phase(), desk.machine.attempt()), (Phase::Waiting, 1), "{status}");
                desk.add("B", 1);
                let again = desk.next().send;
                assert_eq!(again.key == first.key, next == Next::SameBytesThrice, "{status}");
                assert_eq!(again.body == first.body, next == Next::SameBytesThrice, "{status}");
            }
            Next::HeadersOnce => {
                let again = desk.request();
                assert_eq!(again.at, at, "at once");
                assert_ne!(again.send.key, first.key);
                desk.answer(status, "{}");
                assert_eq!((desk.phase(), desk.rests()), (Phase::Blocked, true));
                desk.ask(Ask::Flush);
                assert!(desk.open.is_some());
            }
            Next::Stop => {
                assert_eq!(desk.phase(), Phase::Blocked, "{status}");
                assert!(desk.request().is_read(), "a refusal without a place costs one read");
                desk.serve();
                assert_eq!((desk.phase(), desk.error()), (Phase::Blocked, Some(code.as_str())), "{status}");
                desk.pass(600_000);
                assert_eq!((desk.sent.len(), desk.rests()), (3, true), "and nothing more");
                desk.add("B", 1);
                assert_ne!(desk.next().send.key, first.key);
            }
            Next::Settle | Next::SameBytes => panic!("not by a status that is not ours"),
        }
        desk.run();
        assert_eq!(desk.error(), None);
        assert_eq!(desk.machine.acknowledged(), desk.machine.revision(), "{status}");
    }
}

#[test]
fn rule_6_a_201_is_as_good_as_a_200() {
    let mut desk = sending();
    let (_, body) = desk.apply();
    desk.answer(201, &body);
    assert_eq!((desk.phase(), desk.machine.acknowledged()), (Phase::Idle, desk.machine.revision()));
}

#[test]
fn rule_6_other_2xx_with_our_echo_are_of_unknown_fate() {
    for status in [202, 203, 204, 206, 226, 299, 304] {
        let mut desk = sending();
        let first = desk.request().send;
        let (_, body) = desk.apply();
        desk.answer(status, &body);
        assert_eq!(desk.next().send.key, first.key, "{status}");
    }
}

#[test]
fn rule_6_transport_failures_send_the_same_bytes_again() {
    for (failure, code) in [(Failure::Network, "network"), (Failure::Timeout, "timeout")] {
        let mut desk = sending();
        let first = desk.request().send;
        desk.fail(failure);
        assert_eq!((desk.phase(), desk.error(), desk.machine.attempt()), (Phase::Waiting, Some(code), 1));
        let error = desk.machine.error().unwrap();
        assert_eq!((error.status, error.problem.is_none(), error.code.retryable()), (None, true, true));
        let again = desk.next().send;
        assert_eq!((again.body, again.key), (first.body, first.key));
        assert_ne!(again.id, first.id);
    }
}

#[test]
fn rule_6_three_bad_answers_block_until_somebody_asks() {
    let mut desk = sending();
    let first = desk.request().send;
    let flush = desk.ask(Ask::Flush);
    for left in [2, 1, 0] {
        assert!(desk.is_waiting(flush));
        desk.answer(200, "<html>");
        if left > 0 {
            desk.next();
        }
    }
    assert_eq!((desk.phase(), desk.error()), (Phase::Blocked, Some("bad_answer")));
    assert_eq!(desk.rejected(flush), "bad_answer");
    desk.pass(600_000);
    assert_eq!(desk.sent.len(), 4);
    let flush = desk.ask(Ask::Flush);
    assert_eq!(desk.request().send.key, first.key, "its fate is still unknown");
    desk.run();
    assert!(desk.done(flush));
}

#[test]
fn rule_6_three_bad_answers_to_a_read_end_it() {
    let mut desk = sending();
    desk.lose_answer();
    desk.next();
    desk.serve();
    let sent = desk.sent.len();
    for _ in 0..3 {
        assert!(desk.next().is_read());
        desk.answer(200, "<html>");
    }
    desk.pass(600_000);
    assert_eq!((desk.phase(), desk.sent.len()), (Phase::Blocked, sent + 2), "a blocked checkout is quiet");
    let settled = desk.ask(Ask::Settled);
    desk.run();
    assert!(desk.done(settled) && desk.machine.quote_is_current());
}

#[test]
fn rule_6_unauthorized_asks_for_headers_once_and_then_waits_for_a_flush() {
    for status in [401, 403] {
        let mut desk = sending();
        let flush = desk.ask(Ask::Flush);
        desk.answer(status, "{}");
        assert!(desk.is_waiting(flush));
        desk.answer(status, "{}");
        assert_eq!(desk.rejected(flush), "unauthorized");
        assert_eq!((desk.phase(), desk.rests()), (Phase::Blocked, true));
        desk.add("B", 1);
        for event in [Event::Online, Event::Shown, Event::Hidden, Event::Woke] {
            desk.handle(event);
        }
        desk.pass(600_000);
        assert_eq!((desk.phase(), desk.sent.len()), (Phase::Blocked, 3), "an edit does not log in");
        let flush = desk.ask(Ask::Flush);
        desk.run();
        assert!(desk.done(flush));
        assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("B", 2)]));
    }
}

#[test]
fn rule_6_headers_that_are_right_the_second_time_heal_and_are_asked_again_later() {
    let mut desk = sending();
    for _ in 0..3 {
        desk.answer(401, "{}");
        assert_eq!(desk.serve(), 200);
        desk.add("B", 1);
        desk.next();
    }
}

#[test]
fn rule_6_unauthorized_reads_and_previews_are_told_and_do_not_end() {
    let mut desk = Desk::stocked();
    for ask in [Ask::Refresh, Ask::Preview(value(&json!({})))] {
        let sent = desk.sent.len();
        let ticket = desk.ask(ask);
        while desk.open.is_some() {
            desk.answer(401, "{}");
        }
        assert_eq!((desk.rejected(ticket), desk.sent.len()), ("unauthorized", sent + 2));
        desk.pass(600_000);
        assert_eq!(desk.sent.len(), sent + 2);
    }
}

#[test]
fn rule_6_an_api_key_in_the_headers_stops_everything_until_a_flush() {
    let asks: [fn() -> Option<Ask>; 5] = [
        || None,
        || Some(Ask::Refresh),
        || Some(Ask::Preview(value(&json!({})))),
        || Some(Ask::Close(None)),
        || Some(Ask::Cancel),
    ];
    for ask in asks {
        let mut desk = Desk::stocked();
        let sent = desk.sent.len();
        let ticket = match ask() {
            Some(ask) => desk.ask(ask),
            None => {
                desk.add("B", 1);
                desk.ask(Ask::Flush)
            }
        };
        desk.fail(Failure::ApiKey);
        assert_eq!(desk.rejected(ticket), "api_key_in_browser", "{:?}", ask());
        desk.pass(600_000);
        assert_eq!((desk.sent.len(), desk.rests()), (sent + 1, true), "{:?}", ask());
        assert_eq!(desk.error(), Some("api_key_in_browser"));
        desk.add("C", 1);
        let flush = desk.ask(Ask::Flush);
        desk.run();
        assert!(desk.done(flush), "{:?}", ask());
        assert!(desk.endpoint.items().contains(&("C".to_string(), 1)));
    }
}

#[test]
fn rule_6_headers_that_cannot_be_had_are_tried_again() {
    let mut desk = sending();
    desk.fail(Failure::NotSent);
    assert_eq!((desk.phase(), desk.error()), (Phase::Waiting, Some("not_sent")));
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("B", 1)]));
}

#[test]
fn rule_6_headers_that_fail_thrice_are_told_and_not_asked_until_there_is_a_reason() {
    // Before a byte left, and after the same bytes did.
    for left in [false, true] {
        let mut desk = sending();
        let flush = desk.ask(Ask::Flush);
        let first = desk.request().send;
        if left {
            desk.lose_answer();
        }
        for _ in 0..3 {
            desk.next();
            desk.fail(Failure::NotSent);
        }
        assert_eq!(desk.rejected(flush), "not_sent");
        desk.pass(600_000);
        assert_eq!((desk.phase(), desk.error(), desk.rests()), (Phase::Blocked, Some("not_sent"), true));
        desk.add("B", 1);
        assert_eq!(desk.next().send.key == first.key, left, "what may have arrived goes again first");
        for _ in 0..3 {
            desk.next();
            desk.fail(Failure::NotSent);
        }
        let flush = desk.ask(Ask::Flush);
        desk.run();
        assert!(desk.done(flush));
        assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("B", 2)]));
    }
}

fn refusal(pointer: &Json) -> String {
    let error = json!({ "title": "t", "details": "d", "source": { "pointer": pointer } });
    json!({ "message": "The submitted data was invalid", "errors": [error] }).to_string()
}

#[test]
fn rule_6_pointers_become_paths_of_the_draft() {
    let key = |name: &str| Step::Key(name.to_string());
    let cases = [
        ("/cartItems/1/quantity", vec![key("cartItems"), Step::Index(1), key("quantity")]),
        ("/customerSession/couponCodes/0", vec![key("couponCodes"), Step::Index(0)]),
        ("/attributes/Ship~1City~0", vec![key("attributes"), key("Ship/City~")]),
        ("/profileId", vec![key("profileId")]),
    ];
    for (pointer, path) in cases {
        let mut desk = sending();
        desk.answer(400, &refusal(&json!(pointer)));
        assert_eq!((desk.phase(), desk.error()), (Phase::Blocked, Some("rejected")));
        let error = desk.machine.error().unwrap();
        assert_eq!(error.path.as_ref(), Some(&path), "{pointer}");
        let problem = error.problem.as_ref().unwrap().to_text();
        assert!(problem.contains("The submitted data was invalid"));
    }
}

#[test]
fn rule_6_a_place_in_the_draft_costs_no_read_and_waits_for_an_edit() {
    let mut desk = sending();
    desk.answer(400, &refusal(&json!("/cartItems/1/quantity")));
    desk.pass(600_000);
    for ask in [Ask::Flush, Ask::Settled, Ask::Close(None), Ask::Prepare(None)] {
        let ticket = desk.ask(ask);
        assert_eq!(desk.rejected(ticket), "rejected", "the same body would be refused again");
    }
    desk.handle(Event::Online);
    desk.handle(Event::Shown);
    assert_eq!(desk.sent.len(), 2);
    desk.edit(json!({ "do": "cart.setQuantity", "lineId": line(&desk, 1), "quantity": 2 }));
    desk.run();
    assert_eq!((desk.endpoint.items(), desk.error()), (items(&[("A", 1), ("B", 2)]), None));
}

fn line(desk: &Desk, index: usize) -> String {
    desk.machine.draft().lines()[index].id.to_text()
}

#[test]
fn rule_6_an_unmapped_pointer_costs_exactly_one_read() {
    for pointer in
        [json!("/nothing"), json!("/state"), json!(""), json!("/"), json!("cartItems"), json!(7), json!(null)]
    {
        let mut desk = sending();
        desk.answer(400, &refusal(&pointer));
        assert_eq!(desk.machine.error().unwrap().path, None, "{pointer}");
        assert!(desk.request().is_read());
        desk.serve();
        desk.pass(600_000);
        assert_eq!((desk.sent.len(), desk.phase()), (3, Phase::Blocked), "{pointer}");
        assert_eq!(desk.items(), items(&[("A", 1), ("B", 1)]), "the draft is kept");
        desk.add("B", 1);
        desk.run();
        assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("B", 2)]));
    }
}

#[test]
fn rule_6_that_read_shows_that_somebody_closed_the_session() {
    // As the endpoint says it, at a place that no draft has, and without a place.
    for own in [true, false] {
        let mut desk = sending();
        desk.endpoint.foreign(ID, &json!({ "state": "closed" }));
        match own {
            true => assert_eq!(desk.serve(), 400),
            false => desk.answer(400, r#"{"message":"the session is closed"}"#),
        }
        desk.run();
        assert_eq!((desk.phase(), desk.machine.state().as_str()), (Phase::Finished, "closed"));
        assert_eq!(desk.closed_notices(), [(true, false)]);
        assert_eq!(desk.refused(json!({ "do": "cart.clear" })), ["session_finished"]);
    }
}

#[test]
fn rule_6_what_changed_during_a_refused_request_is_sent() {
    let mut desk = sending();
    desk.edit(json!({ "do": "cart.setQuantity", "lineId": line(&desk, 1), "quantity": 2 }));
    let flush = desk.ask(Ask::Flush);
    desk.answer(400, &refusal(&json!("/cartItems/1/quantity")));
    assert_ne!(desk.phase(), Phase::Blocked, "the next edit is there already");
    desk.run();
    assert!(desk.done(flush));
    assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("B", 2)]));
}

#[test]
fn rule_6_a_refresh_or_a_preview_does_not_lift_a_block() {
    let mut desk = sending();
    desk.answer(400, &refusal(&json!("/cartItems/1/quantity")));
    let refresh = desk.ask(Ask::Refresh);
    desk.serve();
    let preview = desk.ask(Ask::Preview(value(&json!({ "cartItems": [] }))));
    desk.serve();
    assert!(desk.done(refresh) && desk.done(preview));
    desk.pass(600_000);
    assert_eq!((desk.phase(), desk.error(), desk.rests()), (Phase::Blocked, Some("rejected"), true));
}

#[test]
fn rule_6_a_failed_read_never_empties_a_cart() {
    for (status, body) in [(404, "{}"), (400, ID), (500, ""), (401, ""), (200, "{}")] {
        let mut desk = Desk::stocked();
        let refresh = desk.ask(Ask::Refresh);
        for _ in 0..10 {
            if desk.open.is_some() {
                desk.answer(status, body);
            } else if desk.wake.is_some() {
                desk.wait();
            }
        }
        assert!(matches!(desk.settled.get(&refresh), Some(Err(_))), "{status}");
        assert_eq!(desk.items(), items(&[("A", 1)]), "{status}");
        assert_eq!(desk.sent.iter().filter(|sent| !sent.is_read()).count(), 1);
    }
}

#[test]
fn rule_6_waiting_for_a_blocked_opening_ends() {
    let mut desk = Desk::with(&known());
    let tickets = [Ask::Flush, Ask::Settled, Ask::Close(None), Ask::Preview(value(&json!({})))]
        .map(|ask| desk.ask(ask));
    while desk.open.is_some() {
        desk.answer(401, "{}");
    }
    for ticket in tickets {
        assert_eq!(desk.rejected(ticket), "unauthorized");
    }
}
