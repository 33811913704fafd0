//! Rule 0: a session that the endpoint may know is read before anything is sent.

use cartwright::draft::state::State;
use cartwright::sync::{Ask, Event, Failure, Method, Notice, Phase};
use serde_json::{Value as Json, json};

use crate::desk::{Desk, ID, items, known, new, with};
use crate::endpoint::Endpoint;

/// An endpoint that holds a session with one line.
fn held() -> Endpoint {
    let mut endpoint = Endpoint::default();
    let line = json!({ "sku": "S", "quantity": 2, "price": 10.5 });
    endpoint.foreign(ID, &json!({ "cartItems": [line], "attributes": { "Note": "kept" } }));
    endpoint
}

fn desk(options: &Json, endpoint: Endpoint) -> Desk {
    let mut desk = Desk::closed(options);
    desk.endpoint = endpoint;
    desk.handle(Event::Opened);
    desk
}

#[test]
fn rule_0_a_known_id_is_read_first_and_adopted_without_an_update() {
    let mut desk = desk(&known(), held());
    let sent = desk.request();
    assert_eq!((sent.send.method, sent.send.body, sent.send.key), (Method::Get, None, None));
    assert_eq!(sent.send.path, format!("/v2/customer_sessions/{ID}"));
    assert_eq!((desk.phase(), desk.machine.restored()), (Phase::Opening, false));
    desk.serve();
    assert_eq!((desk.phase(), desk.machine.restored()), (Phase::Idle, true));
    assert_eq!(desk.items(), items(&[("S", 2)]));
    assert_eq!(desk.machine.revision(), desk.machine.acknowledged());
    assert!(desk.machine.quote_is_current());
    assert!(desk.rests());
    assert_eq!(desk.sent.len(), 1, "nothing is written");
}

#[test]
fn rule_0_the_id_is_one_segment_of_the_path_whatever_it_holds() {
    let desk = Desk::with(&with(known(), json!({ "sessionId": "a/b?c#d e%\u{fc}.._~-" })));
    assert_eq!(desk.request().send.path, "/v2/customer_sessions/a%2Fb%3Fc%23d%20e%25%C3%BC.._~-");
}

#[test]
fn rule_0_a_new_id_needs_no_read() {
    let mut desk = Desk::new();
    assert!(desk.rests() && desk.machine.restored());
    desk.add("A", 1);
    assert!(!desk.next().is_read());
}

#[test]
fn rule_0_edits_made_meanwhile_stand_on_top_of_the_servers_cart() {
    let mut desk = desk(&known(), held());
    desk.add("A", 1);
    desk.edit(json!({ "do": "coupons.add", "code": "XMAS-20-2021" }));
    assert_eq!(desk.items(), items(&[("A", 1)]), "edits show at once");
    desk.serve();
    assert_eq!(desk.items(), items(&[("S", 2), ("A", 1)]));
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("S", 2), ("A", 1)]));
    assert_eq!(desk.endpoint.session()["couponCodes"], json!(["XMAS-20-2021"]));
    assert_eq!(desk.endpoint.session()["attributes"]["Note"], "kept");
    assert_eq!(desk.sent.len(), 2, "one read and one update");
    assert!(desk.conflicts().is_empty());
}

#[test]
fn rule_0_an_edit_that_no_longer_fits_is_given_back() {
    let mut desk = desk(&known(), held());
    // 9 999 units fit an empty cart, and not beside the two that the server has.
    let big = json!({ "do": "cart.add", "item": { "sku": "B", "quantity": 9999, "price": 1 } });
    desk.edit(big.clone());
    desk.add("A", 1);
    desk.serve();
    assert_eq!(desk.conflicts(), [(big, vec!["units_limit"])]);
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("S", 2), ("A", 1)]));
}

#[test]
fn rule_0_a_flush_during_the_opening_waits_for_the_edits_on_top() {
    let mut desk = desk(&known(), held());
    desk.add("A", 1);
    let flush = desk.ask(Ask::Flush);
    desk.serve();
    assert!(desk.is_waiting(flush), "the edit is not acknowledged yet");
    desk.serve();
    assert!(desk.done(flush));
    assert_eq!(desk.endpoint.items(), items(&[("S", 2), ("A", 1)]));
}

#[test]
fn rule_0_the_initial_draft_wins() {
    let draft = json!({ "cartItems": [{ "sku": "I", "quantity": 1, "price": 3 }] });
    let options = with(known(), json!({ "initial": { "draft": draft } }));
    let mut desk = desk(&options, held());
    assert_eq!(desk.items(), items(&[("I", 1)]));
    assert!(desk.request().is_read(), "the server is asked first all the same");
    desk.serve();
    assert_eq!(desk.items(), items(&[("I", 1)]));
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("I", 1)]));
    assert_eq!(desk.endpoint.session()["attributes"], json!({}), "what the draft does not have is cleared");
}

#[test]
fn rule_0_the_initial_draft_wins_and_keeps_what_cannot_be_cleared() {
    let options =
        with(known(), json!({ "initial": { "draft": { "cartItems": [{ "sku": "I", "price": 1 }] } } }));
    let mut endpoint = held();
    endpoint.foreign(ID, &json!({ "storeIntegrationId": "STORE" }));
    let mut desk = desk(&options, endpoint);
    desk.run();
    assert_eq!((desk.conflicts(), desk.endpoint.items()), (Vec::new(), items(&[("I", 1)])));
    assert_eq!(desk.endpoint.session()["storeIntegrationId"], "STORE");
}

#[test]
fn rule_0_a_free_item_that_was_taken_is_not_taken_again() {
    let offer = json!([{ "effectType": "addFreeItem", "props": { "sku": "MUG", "name": "Free gift" } }]);
    let gift = json!({ "sku": "MUG", "quantity": 1, "price": 0 });
    // Taken, bought, and another one at no price.
    for (item, effects, free) in [
        (gift.clone(), offer.clone(), true),
        (json!({ "sku": "MUG", "quantity": 1, "price": 5 }), offer.clone(), false),
        (json!({ "sku": "CUP", "quantity": 1, "price": 0 }), offer, false),
        (gift, json!([{ "effectType": "other", "props": { "sku": "MUG" } }, {}, { "props": 5 }]), false),
    ] {
        let mut endpoint = crate::endpoint::Endpoint::default();
        endpoint.foreign(ID, &json!({ "cartItems": [item] }));
        let mut desk = desk(&known(), endpoint);
        let (status, body) = desk.apply();
        let mut answer: Json = serde_json::from_str(&body).unwrap();
        answer["effects"] = effects;
        desk.answer(status, &answer.to_string());
        assert_eq!(desk.machine.draft().lines()[0].free, free, "{item}");
        let again = desk.edit(json!({ "do": "cart.accept", "freeItem": { "sku": "MUG" } }));
        assert_eq!(desk.items().len(), if free { 1 } else { 2 }, "{item}");
        assert_eq!(again.line == Some(desk.machine.draft().lines()[0].id), free);
    }
}

#[test]
fn rule_0_an_initial_answer_stands_for_the_read() {
    let endpoint = held();
    let answer = json!({ "customerSession": endpoint.session(), "effects": [] });
    let options = with(known(), json!({ "initial": { "answer": answer } }));
    let mut desk = desk(&options, endpoint);
    assert_eq!(desk.items(), items(&[("S", 2)]));
    assert!(desk.rests() && desk.machine.restored());
    desk.add("A", 1);
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("S", 2), ("A", 1)]));
    assert_eq!(desk.sent.len(), 1);
}

#[test]
fn rule_0_a_session_that_the_server_does_not_know_is_empty() {
    let naming = json!({ "message": format!("no session {ID}"), "errors": [] }).to_string();
    let at = |source: Json| json!({ "message": "m", "errors": [{ "source": source }] }).to_string();
    for (status, body) in [
        (404, r#"{"message":"not found"}"#),
        (400, naming.as_str()),
        (400, &at(json!({ "pointer": "/integrationId" }))),
        (400, &at(json!({ "parameter": "customerSessionId" }))),
        (400, &at(json!({ "resource": format!("/v2/customer_sessions/{ID}") }))),
    ] {
        let mut desk = Desk::with(&known());
        desk.add("A", 1);
        desk.answer(status, body);
        assert!(desk.machine.restored());
        assert_eq!((desk.error(), desk.items()), (None, items(&[("A", 1)])));
        desk.run();
        assert_eq!(desk.endpoint.items(), items(&[("A", 1)]), "{status} {body}");
        assert_eq!(desk.sent.len(), 2);
    }
}

#[test]
fn rule_0_nothing_is_written_until_a_read_is_answered() {
    enum Trouble {
        Answer(u16, &'static str),
        Failure(Failure),
    }
    use Trouble::{Answer, Failure as Fails};
    let foreign = r#"{"customerSession":{"integrationId":"other","state":"open","cartItems":[]}}"#;
    let troubles = [
        Answer(500, ""),
        // Not the API's 404: a gateway says it while the endpoint is being changed.
        Answer(404, ""),
        Answer(404, "{}"),
        Answer(404, "<html>not found</html>"),
        Answer(503, "{}"),
        Answer(409, "{}"),
        Answer(429, "{}"),
        Answer(200, "<html>welcome to the hotel</html>"),
        Answer(200, "{}"),
        Answer(200, foreign),
        Answer(302, ""),
        Fails(Failure::Network),
        Fails(Failure::Timeout),
        Fails(Failure::NotSent),
    ];
    for trouble in &troubles {
        let mut desk = desk(&known(), held());
        for _ in 0..2 {
            match trouble {
                Answer(status, body) => desk.answer(*status, body),
                Fails(failure) => desk.fail(*failure),
            }
            desk.add("A", 1);
            assert!(!desk.machine.restored());
            assert!(desk.next().is_read());
        }
        desk.run();
        assert!(desk.sent.iter().take(3).all(|sent| sent.is_read()));
        assert_eq!(desk.endpoint.items(), items(&[("S", 2), ("A", 2)]));
    }
}

#[test]
fn rule_0_a_refused_read_blocks_and_keeps_the_edits() {
    let page = format!("<p>Bad request: /v2/customer_sessions/{ID}</p>");
    let other = json!({ "message": format!("no session {ID}0"), "errors": [] }).to_string();
    let prefixed = json!({ "message": format!("no session my-{ID}") }).to_string();
    let elsewhere =
        json!({ "errors": [{ "details": ID, "source": { "pointer": "/profileId" } }] }).to_string();
    for (status, body) in [
        (400, "{}"),
        (400, page.as_str()),
        (400, &other),
        (400, &prefixed),
        (400, &elsewhere),
        (401, ""),
        (403, ""),
        (410, "{}"),
        (422, "{}"),
    ] {
        let mut desk = desk(&known(), held());
        desk.add("A", 1);
        let refresh = desk.ask(Ask::Refresh);
        for _ in 0..5 {
            if desk.open.is_some() {
                desk.answer(status, body);
            }
        }
        assert!(matches!(desk.settled.get(&refresh), Some(Err(_))));
        desk.pass(600_000);
        assert_eq!((desk.phase(), desk.machine.restored()), (Phase::Blocked, false), "{status}");
        assert!(desk.sent.iter().all(|sent| sent.is_read()));
        let flush = desk.ask(Ask::Flush);
        desk.run();
        assert!(desk.done(flush));
        assert_eq!(desk.endpoint.items(), items(&[("S", 2), ("A", 1)]));
    }
}

#[test]
fn rule_0_a_cart_that_cannot_be_read_is_not_overwritten() {
    let body = json!({ "customerSession": { "integrationId": ID, "state": "open", "cartItems": [{ "quantity": 1 }] } });
    let mut desk = Desk::with(&known());
    let refresh = desk.ask(Ask::Refresh);
    desk.add("A", 1);
    desk.answer(200, &body.to_string());
    assert_eq!((desk.phase(), desk.error()), (Phase::Blocked, Some("bad_answer")));
    assert_eq!(desk.rejected(refresh), "bad_answer");
    desk.add("A", 1);
    desk.pass(600_000);
    assert!(desk.sent.iter().all(|sent| sent.is_read()), "the line without a SKU would be deleted");
}

#[test]
fn rule_0_a_refresh_that_cannot_be_read_ends_and_keeps_the_cart() {
    let body = json!({ "customerSession": { "integrationId": ID, "state": "open", "cartItems": [{ "quantity": 1 }] } });
    let mut desk = Desk::stocked();
    let refresh = desk.ask(Ask::Refresh);
    desk.answer(200, &body.to_string());
    assert_eq!(desk.rejected(refresh), "bad_answer");
    assert!(desk.open.is_none());
    assert_eq!(desk.items(), items(&[("A", 1)]));
}

#[test]
fn rule_0_adopting_a_session_that_is_over_ends_editing() {
    for (state, ended) in [("closed", State::Closed), ("cancelled", State::Cancelled)] {
        let mut endpoint = held();
        endpoint.foreign(ID, &json!({ "state": state }));
        let mut desk = desk(&known(), endpoint);
        let edit = json!({ "do": "cart.add", "item": { "sku": "A", "quantity": 1, "price": 1 } });
        desk.edit(edit.clone());
        let flush = desk.ask(Ask::Flush);
        desk.serve();
        assert_eq!((desk.machine.state(), desk.phase()), (&ended, Phase::Finished));
        assert_eq!(desk.conflicts(), [(edit.clone(), vec!["session_finished"])]);
        assert_eq!(desk.refused(edit), ["session_finished"]);
        assert!(desk.settled.contains_key(&flush));
        desk.pass(600_000);
        assert_eq!(desk.sent.len(), 1, "nothing is sent");
    }
}

#[test]
fn rule_0_lines_keep_their_ids_when_the_server_repeats_them() {
    let options = with(
        new(),
        json!({ "initial": {
        "draft": { "cartItems": [{ "sku": "S", "quantity": 1, "price": 1 }, { "sku": "S", "quantity": 3, "price": 2 }] }
    } }),
    );
    let mut desk = Desk::with(&options);
    let ids = |desk: &Desk| desk.machine.draft().lines().iter().map(|line| line.id).collect::<Vec<_>>();
    desk.run();
    let before = ids(&desk);
    desk.endpoint.foreign(ID, &json!({ "attributes": { "Note": "n" } }));
    let attributes = json!({ "do": "attributes.set", "name": "Note", "value": "mine" });
    desk.edit(attributes);
    desk.run();
    desk.endpoint.foreign(ID, &json!({ "attributes": { "Note": "n" } }));
    let refresh = desk.ask(Ask::Refresh);
    desk.run();
    assert!(desk.done(refresh));
    assert_eq!(ids(&desk), before);
}

#[test]
fn rule_0_a_change_is_told_when_the_session_is_there() {
    let mut desk = desk(&known(), held());
    desk.news();
    desk.serve();
    let news = desk.news();
    assert_eq!(news[0], Notice::Change);
    assert!(news.contains(&Notice::Quote) && news.contains(&Notice::Sync));
}

#[test]
fn rule_0_an_addition_made_meanwhile_never_takes_another_line_over() {
    let held =
        json!({ "cartItems": [{ "sku": "S", "quantity": 2, "price": 1, "attributes": { "size": "M" } }] });
    // Another price, another size, and a line that is to stand by itself.
    for (item, merge, joins) in [
        (json!({ "sku": "S", "price": 2, "attributes": { "size": "M" } }), true, false),
        (json!({ "sku": "S", "price": 1, "attributes": { "size": "L" } }), true, false),
        (json!({ "sku": "S", "price": 1, "attributes": { "size": "M" } }), false, false),
        (json!({ "sku": "S", "price": 1, "attributes": { "size": "M" } }), true, true),
    ] {
        let mut desk = Desk::closed(&known());
        desk.endpoint.foreign(ID, &held);
        desk.handle(Event::Opened);
        let added = desk.edit(json!({ "do": "cart.add", "item": item, "merge": merge })).line.unwrap();
        desk.run();
        let lines = desk.machine.draft().lines().to_vec();
        assert_eq!(lines.len(), if joins { 1 } else { 2 }, "{item}");
        assert_eq!(lines.iter().filter(|line| line.id == added).count(), 1, "an id names one line: {item}");
        let units = if joins { 3 } else { 1 };
        assert_eq!(desk.machine.draft().line(added).unwrap().item.quantity(), units, "{item}");
    }
}

#[test]
fn rule_0_of_two_equal_lines_an_addition_joins_one() {
    let line = json!({ "sku": "S", "quantity": 1, "price": 1 });
    let mut desk = Desk::closed(&known());
    desk.endpoint.foreign(ID, &json!({ "cartItems": [line, line] }));
    desk.handle(Event::Opened);
    let added = desk.edit(json!({ "do": "cart.add", "item": { "sku": "S", "price": 1 } })).line.unwrap();
    desk.run();
    let lines = desk.machine.draft().lines();
    let ids: Vec<bool> = lines.iter().map(|line| line.id == added).collect();
    assert_eq!((ids, desk.endpoint.items()), (vec![true, false], items(&[("S", 2), ("S", 1)])));
}

#[test]
fn rule_0_an_edit_made_meanwhile_is_confirmed_when_its_update_is() {
    let mut desk = desk(&known(), held());
    let told = desk.add("A", 1).revision;
    desk.serve();
    assert!(desk.machine.acknowledged() < told, "the cart that was read does not have it");
    desk.run();
    assert!(desk.machine.acknowledged() >= told);
    assert_eq!(desk.machine.acknowledged(), desk.machine.revision());
}
