//! Rule 10: somebody else writes to the session.

use cartwright::sync::{Ask, Failure, Notice, Phase};
use serde_json::{Value as Json, json};

use crate::desk::{Desk, ID, items, known};

/// Another cart.
fn cart(units: u64) -> Json {
    json!({ "cartItems": [{ "sku": "F", "quantity": units, "price": 1 }] })
}

/// Whether somebody else was told of since this was asked last.
fn told(desk: &mut Desk) -> bool {
    desk.machine.is_foreign() && desk.news().contains(&Notice::Sync)
}

#[test]
fn rule_10_an_update_on_top_of_a_foreign_one_is_told_and_costs_one_read() {
    let mut desk = Desk::stocked();
    desk.endpoint.foreign(ID, &cart(1));
    desk.add("B", 1);
    desk.next();
    desk.news();
    desk.serve();
    assert!(told(&mut desk));
    assert!(!desk.machine.quote_is_current());
    assert!(desk.request().is_read());
    desk.run();
    assert!(!desk.machine.is_foreign() && desk.machine.quote_is_current(), "ours was the last one");
    assert_eq!((desk.sent.len(), desk.endpoint.items()), (3, items(&[("A", 1), ("B", 1)])));
}

#[test]
fn rule_10_nothing_is_sent_against_a_foreign_write_until_somebody_asks() {
    let mut desk = Desk::stocked();
    desk.add("B", 1);
    desk.next();
    desk.lose_answer();
    desk.endpoint.foreign(ID, &cart(1));
    desk.endpoint.foreign(ID, &cart(2));
    desk.run();
    assert!(told(&mut desk), "the answer came from memory, the read after it tells");
    assert!(!desk.machine.quote_is_current());
    assert_eq!((desk.phase(), desk.endpoint.items()), (Phase::Idle, items(&[("F", 2)])));
    // One who asks gets the server's cart, or the own one there.
    let mut taken = desk;
    let refresh = taken.ask(Ask::Refresh);
    taken.run();
    assert!(taken.done(refresh) && !taken.machine.is_foreign() && taken.machine.quote_is_current());
    assert_eq!(taken.items(), items(&[("F", 2)]));
    taken.add("A", 1);
    taken.run();
    assert!(!taken.machine.is_foreign(), "what was seen is not told again");
    assert_eq!(taken.endpoint.items(), items(&[("F", 2), ("A", 1)]));
}

#[test]
fn rule_10_every_foreign_write_is_told_once() {
    let mut desk = Desk::stocked();
    desk.ask(Ask::Prepare(None));
    desk.run();
    desk.ask(Ask::Release);
    for (writes, foreign) in [(1, true), (0, false), (2, true), (1, true)] {
        for _ in 0..writes {
            desk.endpoint.foreign(ID, &json!({ "attributes": {} }));
        }
        desk.news();
        desk.ask(Ask::Refresh);
        desk.run();
        assert_eq!(told(&mut desk), foreign, "{writes}");
    }
}

#[test]
fn rule_10_what_may_be_ours_is_not_foreign() {
    // Applied behind an error, behind nothing, and twice under two keys.
    let rows: [fn(&mut Desk); 4] = [
        |desk| {
            desk.apply();
            desk.answer(503, "{}");
        },
        Desk::lose_answer,
        |desk| {
            desk.lose_answer();
            desk.next();
            desk.answer(409, "{}");
        },
        |desk| {
            for _ in 0..3 {
                desk.apply();
                desk.answer(500, "{}");
                desk.next();
            }
        },
    ];
    for (index, trouble) in rows.into_iter().enumerate() {
        let mut desk = Desk::stocked();
        desk.add("B", 1);
        desk.next();
        trouble(&mut desk);
        for _ in 0..20 {
            if desk.open.is_some() {
                desk.serve();
            } else if desk.wake.is_some() {
                desk.wait();
            }
            assert!(!desk.machine.is_foreign(), "row {index}");
        }
        assert!(desk.rests() && desk.machine.quote_is_current());
    }
}

#[test]
fn rule_10_our_own_moves_are_not_foreign() {
    for moves in [
        vec![Ask::Close(None)],
        vec![Ask::Cancel],
        vec![Ask::Close(None), Ask::Cancel],
        vec![Ask::Close(None), Ask::Reopen, Ask::Close(None)],
        vec![Ask::Close(None), Ask::Return(crate::desk::value(&json!([{ "sku": "A" }]))), Ask::Cancel],
    ] {
        for failure in [None, Some(Failure::Network)] {
            let mut desk = Desk::stocked();
            for ask in &moves {
                let ticket = desk.ask(ask.clone());
                if failure.is_some() {
                    desk.lose_answer();
                }
                while !desk.rests() {
                    if desk.open.is_some() {
                        desk.serve();
                    } else {
                        desk.wait();
                    }
                    assert!(!desk.machine.is_foreign(), "{moves:?}");
                }
                assert!(desk.done(ticket));
            }
        }
    }
}

#[test]
fn rule_10_a_back_end_that_was_prepared_for_writes_as_it_likes() {
    let mut desk = Desk::stocked();
    desk.ask(Ask::Prepare(None));
    desk.run();
    desk.endpoint.foreign(ID, &json!({ "attributes": {} }));
    desk.endpoint.foreign(ID, &json!({ "attributes": {} }));
    desk.endpoint.foreign(ID, &json!({ "state": "closed" }));
    let finish = desk.ask(Ask::Finish);
    desk.run();
    assert!(desk.done(finish) && !desk.machine.is_foreign());
}

#[test]
fn rule_10_a_state_that_was_not_asked_for_is_told_and_ends_editing_at_once() {
    let back = json!({ "return": { "returnedCartItems": [{ "position": 0, "quantity": 1 }] } });
    let closed = || json!({ "state": "closed" });
    for (others, state) in [
        (vec![closed()], "closed"),
        (vec![json!({ "state": "cancelled" })], "cancelled"),
        (vec![closed(), back.clone()], "partially_returned"),
    ] {
        let mut desk = Desk::stocked();
        for other in &others {
            desk.endpoint.others(ID, other);
        }
        desk.news();
        desk.ask(Ask::Refresh);
        desk.serve();
        assert!(told(&mut desk), "{state}");
        assert_eq!((desk.machine.state().as_str(), desk.phase()), (state, Phase::Finished));
        assert_eq!(desk.refused(json!({ "do": "cart.clear" })), ["session_finished"]);
        assert!(desk.rests());
        // Found out by an update that is refused for it.
        let mut desk = Desk::stocked();
        for other in &others {
            desk.endpoint.others(ID, other);
        }
        desk.add("B", 1);
        assert_eq!((desk.next().is_read(), desk.serve()), (false, 400));
        desk.news();
        assert!(desk.request().is_read());
        desk.serve();
        assert!(told(&mut desk) && desk.rests(), "{state}");
        assert_eq!(desk.refused(json!({ "do": "cart.clear" })), ["session_finished"]);
    }
    // And one that is reopened elsewhere may be edited again.
    let mut desk = Desk::stocked();
    desk.ask(Ask::Close(None));
    desk.run();
    desk.endpoint.reopen();
    desk.ask(Ask::Refresh);
    desk.run();
    assert!(told(&mut desk));
    desk.add("B", 1);
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 1), ("B", 1)]));
}

#[test]
fn rule_10_a_session_that_is_opened_has_no_history() {
    let mut desk = Desk::closed(&known());
    desk.endpoint.foreign(ID, &cart(1));
    desk.endpoint.foreign(ID, &json!({ "state": "closed" }));
    desk.handle(cartwright::sync::Event::Opened);
    desk.run();
    assert!(!desk.machine.is_foreign());
}

#[test]
fn rule_10_without_counts_nobody_is_suspected() {
    let mut desk = Desk::stocked();
    let serve = |desk: &mut Desk| {
        let (status, body) = desk.apply();
        let mut answer: Json = serde_json::from_str(&body).unwrap();
        answer["customerSession"].as_object_mut().unwrap().remove("updateCount");
        desk.answer(status, &answer.to_string());
    };
    for _ in 0..3 {
        desk.endpoint.foreign(ID, &cart(3));
        desk.add("B", 1);
        desk.next();
        serve(&mut desk);
        assert!(!desk.machine.is_foreign() && desk.rests());
    }
}
