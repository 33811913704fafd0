//! What is done with an order by one of several tabs: seen by all of them, and never done twice.

use cartwright::sync::{Ask, Event, Phase, Reply};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::desk::{items, value};
use crate::order::is_of_order;
use crate::tabs::Browser;

/// An order of these many units, and both tabs know of it.
fn ordered(units: u64) -> Browser {
    let mut browser = Browser::with(2);
    let item = json!({ "do": "cart.add", "item": { "sku": "A", "quantity": units, "price": "1" } });
    assert!(browser.edit(0, &item));
    browser.ask(0, 1, Ask::Close(None));
    browser.run();
    for tab in &mut browser.tabs {
        assert_eq!(tab.machine.phase(), Phase::Finished);
        tab.settled.clear();
    }
    browser
}

fn give_back(units: u64) -> Ask {
    Ask::Return(value(&json!([{ "position": 0, "quantity": units }])))
}

fn returned(browser: &Browser) -> u64 {
    browser.endpoint.session()["cartItems"][0]["returnedQuantity"].as_u64().unwrap_or_default()
}

/// What is done with an order, and the state that it leads to.
fn of_order() -> [(Ask, &'static str); 2] {
    [(Ask::Reopen, "open"), (give_back(1), "partially_returned")]
}

#[test]
fn what_a_tab_does_with_an_order_is_seen_in_the_other_one() {
    for (ask, state) in of_order() {
        let mut browser = ordered(3);
        for tab in [1, 0] {
            browser.ask(tab, 7, ask.clone());
            browser.run();
            if tab == 1 || state != "open" {
                assert_eq!(browser.tabs[tab].settled, [(7, Ok(Reply::Done))], "{tab}");
            }
            for tab in &browser.tabs {
                assert_eq!(tab.machine.state().as_str(), state);
                assert!(!tab.machine.is_foreign());
            }
        }
        let lines = browser.tabs.iter().map(|tab| tab.machine.quote().unwrap().0.lines[0].returned);
        let units = if state == "open" { 0 } else { 2 };
        assert_eq!((lines.collect::<Vec<u64>>(), returned(&browser)), (vec![units; 2], units));
        if state == "open" {
            assert!(browser.add(0, "B") && browser.add(1, "B"));
            browser.run();
            assert_eq!(browser.server(), items(&[("A", 3), ("B", 2)]));
        }
    }
}

#[test]
fn what_is_left_of_the_discounts_stands_in_the_quote_of_every_tab() {
    let mut browser = Browser::with(2);
    let shoes = json!({ "sku": "SHOES", "quantity": 3, "price": 60, "category": "shoes" });
    browser.edit(0, &json!({ "do": "cart.add", "item": shoes }));
    browser.edit(0, &json!({ "do": "coupons.add", "code": "SHOES5" }));
    browser.ask(0, 1, Ask::Close(None));
    browser.run();
    browser.ask(0, 2, give_back(1));
    browser.run();
    for tab in &browser.tabs {
        assert_eq!(tab.machine.sums().discount.to_string(), "10");
    }
}

#[test]
fn what_a_tab_had_begun_with_an_order_is_finished_by_the_next_one_once() {
    for (ask, state) in of_order() {
        for applied in [true, false] {
            for dies in [true, false] {
                let mut browser = ordered(3);
                browser.ask(0, 7, ask.clone());
                while !browser.tabs[0].open.as_ref().is_some_and(is_of_order) {
                    let now = browser.commit(0) || browser.deliver(0) || browser.serve(0);
                    assert!(now || browser.deliver(1) || browser.commit(1));
                }
                if applied {
                    let open = browser.tabs[0].open.clone().unwrap();
                    browser.endpoint.take(&open, browser.now);
                }
                if dies {
                    browser.crash(0)
                } else {
                    browser.steal(1)
                }
                browser.run();
                assert_eq!(
                    (browser.endpoint.state().as_str(), returned(&browser)),
                    (state, u64::from(state != "open"))
                );
                if !dies {
                    assert_eq!(browser.tabs[0].settled, [(7, Ok(Reply::Done))], "{state} {applied}");
                }
                assert_eq!(browser.tabs[1].machine.state().as_str(), state);
            }
        }
    }
}

#[test]
fn a_move_of_an_order_whose_record_may_be_stored_is_not_made_twice() {
    for (ask, state) in of_order() {
        for committed in [true, false] {
            for fails in [true, false] {
                let mut browser = ordered(3);
                let sender = browser.holder.unwrap();
                browser.ask(sender, 7, ask.clone());
                // Its record is on its way to the store when another tab takes the role, or the store gives out.
                let writes = browser.tabs[sender].writing.clone().expect("a record");
                if committed {
                    let text = writes.to_text();
                    browser.disk.commit(writes);
                    browser.tell(sender, &text);
                    browser.tabs[sender].writing = None;
                }
                if fails {
                    browser.tabs[sender].failed = true;
                    browser.handle(sender, Event::StoreFailed);
                    browser.tabs[sender].writing = None;
                } else {
                    browser.steal(1 - sender);
                    if committed {
                        browser.handle(sender, Event::Stored);
                    }
                }
                browser.run();
                assert_eq!(
                    (browser.endpoint.state().as_str(), returned(&browser)),
                    (state, u64::from(state != "open")),
                    "{committed} {fails}"
                );
                assert_eq!(
                    browser.tabs[sender].settled,
                    [(7, Ok(Reply::Done))],
                    "{state} {committed} {fails}"
                );
                let made = |body: &&Json| **body == json!("reopen") || !body["return"].is_null();
                assert_eq!(browser.endpoint.applied.iter().filter(made).count(), 1);
            }
        }
    }
}

/// What a schedule does next, in which tab.
#[derive(Debug, Clone, Copy)]
enum Step {
    GiveBack,
    Commit,
    Deliver,
    Serve,
    Lose,
    LoseAnswer,
    Refuse,
    Wait,
    Crash,
    Steal,
}

fn order_schedule() -> impl Strategy<Value = Vec<(usize, Step)>> {
    use Step::{Commit, Crash, Deliver, GiveBack, Lose, LoseAnswer, Refuse, Serve, Steal, Wait};
    let step = prop_oneof![
        2 => Just(GiveBack), 8 => Just(Commit), 6 => Just(Deliver), 6 => Just(Serve), 1 => Just(Lose),
        1 => Just(LoseAnswer), 1 => Just(Refuse), 5 => Just(Wait), 1 => Just(Crash), 1 => Just(Steal),
    ];
    prop::collection::vec((0..2_usize, step), 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// A return that resolved in any tab was made once; one that did not was made once or not at all.
    #[test]
    fn no_return_is_made_twice_by_any_tab(steps in order_schedule()) {
        let mut browser = ordered(1093);
        let mut asked = 0;
        let mut done: Vec<u64> = Vec::new();
        for (tab, step) in steps {
            match step {
                Step::GiveBack if asked < 7 => {
                    browser.ask(tab, asked, give_back(3_u64.pow(asked as u32)));
                    asked += 1;
                }
                Step::Commit => { browser.commit(tab); }
                Step::Deliver => { browser.deliver(tab); }
                Step::Serve => { browser.serve(tab); }
                Step::Lose => browser.fail(tab, false),
                Step::LoseAnswer => browser.fail(tab, true),
                Step::Refuse => browser.answer(tab, 503),
                Step::Wait => { browser.wait(tab); }
                Step::Crash => {
                    done.extend(resolved(&browser, tab));
                    browser.crash(tab);
                }
                Step::Steal => {
                    // What is under way goes its own way.
                    if let Some(open) = browser.holder.and_then(|holder| browser.tabs[holder].open.clone()) {
                        browser.endpoint.take(&open, browser.now);
                    }
                    browser.steal(tab);
                }
                Step::GiveBack => {}
            }
        }
        browser.run();
        done.extend([0, 1].into_iter().flat_map(|tab| resolved(&browser, tab)));
        let mut units = returned(&browser);
        for index in 0..asked {
            let times = units % 3;
            units /= 3;
            prop_assert!(times == 1 || (times == 0 && !done.contains(&index)), "{index}: {times} times");
        }
    }
}

/// The returns that resolved in a tab.
fn resolved(browser: &Browser, tab: usize) -> Vec<u64> {
    let settled = browser.tabs[tab].settled.iter();
    settled.filter(|(_, result)| result.is_ok()).map(|(ticket, _)| *ticket).collect()
}
