//! Rule 8: an attempt of unknown fate may still arrive, after a newer one.

use cartwright::sync::{Ask, Failure, Notice, Send};
use proptest::prelude::*;
use serde_json::json;

use crate::desk::{Desk, new, with};

const SETTLE: u64 = 60_000;

fn items(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(sku, units)| ((*sku).to_string(), *units)).collect()
}

/// A cart whose last update was lost on the way and may still arrive: the request.
fn lost() -> (Desk, Send) {
    let mut desk = Desk::stocked();
    desk.add("A", 1);
    let ghost = desk.next().send;
    // The page in front of the endpoint gives up; what it passed on goes its own way.
    desk.answer(504, "{}");
    (desk, ghost)
}

fn arrives(desk: &mut Desk, ghost: &Send) {
    desk.endpoint.take(ghost, desk.now);
}

#[test]
fn rule_8_an_old_draft_that_arrives_late_is_overwritten_by_the_newest_one() {
    let (mut desk, ghost) = lost();
    desk.add("B", 1);
    desk.next();
    desk.serve();
    assert!(desk.machine.is_suspect());
    arrives(&mut desk, &ghost);
    assert_eq!(desk.endpoint.items(), items(&[("A", 2)]), "B is gone there");
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 2), ("B", 1)]));
    assert_eq!(desk.items(), desk.endpoint.items());
    assert!(!desk.machine.is_suspect());
    assert!(desk.machine.quote_is_current());
}

#[test]
fn rule_8_where_nothing_arrived_one_read_ends_it() {
    let (mut desk, _) = lost();
    desk.next();
    desk.serve();
    let before = desk.sent.len();
    let since = desk.now;
    desk.run();
    assert_eq!(desk.sent.len(), before + 1);
    assert!(desk.sent.last().unwrap().is_read());
    assert!(desk.now <= since + SETTLE);
    assert!(!desk.machine.is_suspect() && desk.rests());
}

#[test]
fn rule_8_an_update_sent_after_it_ends_it_without_a_read() {
    let (mut desk, _) = lost();
    desk.next();
    desk.serve();
    desk.now += SETTLE;
    desk.edit(json!({ "do": "coupons.add", "code": "XMAS-20-2021" }));
    if desk.request().is_read() {
        desk.serve();
    }
    desk.run();
    assert!(!desk.machine.is_suspect());
}

#[test]
fn rule_8_settled_waits_for_it_and_flush_does_not() {
    let (mut desk, _) = lost();
    let (flush, settled) = (desk.ask(Ask::Flush), desk.ask(Ask::Settled));
    desk.next();
    desk.serve();
    assert!(desk.done(flush));
    assert!(desk.is_waiting(settled));
    desk.run();
    assert!(desk.done(settled));
}

#[test]
fn rule_9_who_agreed_to_a_quote_is_not_closed_for_under_suspicion() {
    let (mut desk, ghost) = lost();
    desk.add("B", 1);
    desk.next();
    desk.serve();
    let quote = desk.machine.quote().unwrap().0.fingerprint.clone();
    let close = desk.ask(Ask::Close(Some(quote)));
    assert!(desk.open.is_none() && desk.is_waiting(close));
    arrives(&mut desk, &ghost);
    desk.run();
    assert!(desk.done(close));
    assert_eq!(
        (desk.endpoint.state().as_str(), desk.endpoint.items()),
        ("closed", items(&[("A", 2), ("B", 1)]))
    );
}

#[test]
fn rule_8_only_what_may_have_taken_effect_is_suspect() {
    for (status, suspect) in [(500, true), (503, true), (408, true), (409, false), (429, false), (400, false)]
    {
        let mut desk = Desk::stocked();
        desk.add("A", 1);
        desk.next();
        desk.answer(status, "{}");
        assert_eq!(desk.machine.is_suspect(), suspect, "{status}");
    }
    for failure in [Failure::Network, Failure::Timeout, Failure::NotSent] {
        let mut desk = Desk::stocked();
        desk.add("A", 1);
        desk.next();
        desk.fail(failure);
        // Under its own key it takes effect once, however late and often it arrives.
        assert!(!desk.machine.is_suspect(), "{failure:?}");
        desk.next();
        desk.answer(409, "{}");
        assert_eq!(desk.machine.is_suspect(), failure != Failure::NotSent, "{failure:?}");
    }
}

#[test]
fn rule_8_suspicion_outlives_the_page() {
    let mut desk = Desk::with(&with(new(), json!({ "stored": {} })));
    desk.add("A", 1);
    desk.run();
    desk.add("A", 1);
    let ghost = desk.next().send;
    desk.answer(504, "{}");
    desk.add("B", 1);
    desk.next();
    desk.serve();
    arrives(&mut desk, &ghost);
    let mut desk = desk.reload();
    assert!(desk.machine.is_suspect());
    desk.run();
    assert_eq!(desk.items(), items(&[("A", 2), ("B", 1)]), "what is read under suspicion is not taken over");
    assert_eq!(desk.endpoint.items(), desk.items());
}

#[test]
fn rule_10_what_others_wrote_is_not_overwritten_by_it() {
    let (mut desk, _) = lost();
    desk.next();
    desk.serve();
    for units in [7, 8, 9] {
        let session = json!({ "cartItems": [{ "sku": "F", "quantity": units, "price": 1 }] });
        desk.endpoint.foreign(crate::desk::ID, &session);
    }
    let before = desk.endpoint.applied.len();
    desk.run();
    assert_eq!(desk.endpoint.applied.len(), before);
    assert!(!desk.machine.is_suspect());
    assert!(!desk.machine.quote_is_current());
}

#[test]
fn a_read_that_is_refused_is_not_made_for_ever() {
    for status in [404, 401, 400] {
        let (mut desk, _) = lost();
        desk.next();
        desk.serve();
        desk.wait();
        for _ in 0..3 {
            if desk.open.is_some() {
                desk.answer(status, "{\"message\":\"no\"}");
            }
        }
        assert!(desk.rests(), "{status}");
    }
}

#[test]
fn a_read_that_is_refused_again_is_no_change() {
    let mut desk = Desk::stocked();
    desk.ask(Ask::Close(None));
    desk.run();
    let refused = |desk: &mut Desk| {
        desk.ask(Ask::Refresh);
        desk.news();
        desk.answer(400, "{\"message\":\"no\"}");
        desk.news().contains(&Notice::Change)
    };
    assert!(refused(&mut desk), "the error is new");
    assert!(!refused(&mut desk), "the same error is not");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// However late old updates arrive within their time, the endpoint has the newest draft in the end.
    #[test]
    fn late_updates_undo_nothing(steps in prop::collection::vec(0..7_u8, 1..50)) {
        let mut desk = Desk::new();
        let mut ghosts: Vec<(u64, Send)> = Vec::new();
        let mut units = 0;
        for step in steps {
            // What nobody waited for longer than this never arrives.
            ghosts.retain(|(at, _)| desk.now < at + SETTLE);
            match step {
                0 | 1 => {
                    units += 1;
                    desk.add("A", 1);
                }
                2 if desk.open.is_some() => { desk.serve(); }
                3 if desk.open.as_ref().is_some_and(|open| open.key.is_some()) => {
                    ghosts.push((desk.now, desk.open.clone().unwrap()));
                    desk.answer(503, "{}");
                }
                4 if desk.open.as_ref().is_some_and(|open| open.key.is_some()) => {
                    ghosts.push((desk.now, desk.open.clone().unwrap()));
                    desk.fail(Failure::Timeout);
                }
                5 if !ghosts.is_empty() => {
                    let (_, ghost) = ghosts.remove(0);
                    arrives(&mut desk, &ghost);
                }
                6 if desk.wake.is_some() => { desk.wait(); }
                _ => {}
            }
        }
        for (at, ghost) in ghosts {
            if desk.now < at + SETTLE {
                arrives(&mut desk, &ghost);
            }
        }
        desk.run();
        let expected = if units == 0 { vec![] } else { items(&[("A", units)]) };
        prop_assert_eq!(desk.items(), expected.clone());
        let held = if desk.endpoint.stored.is_some() { desk.endpoint.items() } else { vec![] };
        prop_assert_eq!(held, expected);
    }
}
