//! Several tabs with one session: one store, one lock, one channel, one endpoint.

use std::collections::VecDeque;

use cartwright::sync::{
    Action, Ask, Event, Failure, Machine, Notice, Options, Phase, Reply, Send, SyncError, Writes,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::desk::{Disk, START, items, known, new, value, with};
use crate::endpoint::Endpoint;

/// One tab, as its browser sees it.
#[derive(Debug, Clone)]
pub struct Tab {
    pub machine: Machine,
    /// What other tabs told and it has not heard yet.
    pub inbox: VecDeque<String>,
    pub writing: Option<Writes>,
    pub open: Option<Send>,
    pub wake: Option<u64>,
    /// Revisions that its shopper was told, each for one unit.
    pub told: Vec<u64>,
    pub conflicts: u64,
    pub closed: Vec<bool>,
    /// Whether its store gave out.
    pub failed: bool,
    pub settled: Vec<(u64, Result<Reply, SyncError>)>,
}

/// A browser with some tabs.
#[derive(Debug, Clone)]
pub struct Browser {
    pub disk: Disk,
    pub endpoint: Endpoint,
    pub tabs: Vec<Tab>,
    pub holder: Option<usize>,
    pub queue: VecDeque<usize>,
    pub now: u64,
    pub seeds: u64,
    /// What all pages open with besides what they have of their own.
    pub options: Json,
}

impl Browser {
    pub fn with(count: usize) -> Browser {
        Browser::opened(count, json!({}))
    }

    pub fn opened(count: usize, options: Json) -> Browser {
        let mut browser = Browser {
            disk: Disk::default(),
            endpoint: Endpoint::default(),
            tabs: Vec::new(),
            holder: None,
            queue: VecDeque::new(),
            now: START,
            seeds: 0,
            options,
        };
        for tab in 0..count {
            let opened = browser.page(if tab == 0 { new() } else { known() });
            browser.tabs.push(opened);
        }
        for tab in 0..count {
            browser.handle(tab, Event::Opened);
        }
        browser
    }

    pub fn page(&mut self, options: Json) -> Tab {
        self.seeds += 1;
        let stored = json!({ "stored": self.disk.option(), "seed": format!("{:016x}", self.seeds << 40) });
        let options = with(with(options, self.options.clone()), stored);
        let options = Options::read(&value(&options)).unwrap();
        Tab {
            machine: Machine::new(options).unwrap(),
            inbox: VecDeque::new(),
            writing: None,
            open: None,
            wake: None,
            told: Vec::new(),
            conflicts: 0,
            closed: Vec::new(),
            failed: false,
            settled: Vec::new(),
        }
    }

    /// The tab is gone, whatever it was doing, and a new one takes its place.
    pub fn crash(&mut self, tab: usize) {
        self.release(tab);
        self.queue.retain(|waiting| *waiting != tab);
        self.tabs[tab] = self.page(known());
        self.grant();
        self.handle(tab, Event::Opened);
    }

    pub fn release(&mut self, tab: usize) {
        if self.holder == Some(tab) {
            self.holder = None;
        }
    }

    pub fn grant(&mut self) {
        if self.holder.is_none()
            && let Some(next) = self.queue.pop_front()
        {
            self.holder = Some(next);
            self.handle(next, Event::LockGained);
        }
    }

    pub fn steal(&mut self, tab: usize) {
        if let Some(holder) = self.holder.replace(tab).filter(|holder| *holder != tab) {
            self.tabs[holder].open = None;
            self.handle(holder, Event::LockLost);
        }
        self.queue.retain(|waiting| *waiting != tab);
        self.handle(tab, Event::LockGained);
    }

    pub fn tell(&mut self, from: usize, text: &str) {
        for (to, tab) in self.tabs.iter_mut().enumerate() {
            if to != from {
                tab.inbox.push_back(text.to_string());
            }
        }
    }

    pub fn handle(&mut self, tab: usize, event: Event) -> bool {
        let now = self.now;
        let here = &mut self.tabs[tab];
        if matches!(&event, Event::Answered { id, .. } | Event::Failed { id, .. }
            if here.open.as_ref().is_some_and(|open| open.id == *id))
        {
            here.open = None;
        }
        if event == Event::Woke {
            here.wake = None;
        }
        let actions = here.machine.handle(event, now);
        let ok = match &actions.edited {
            Some(Ok(edited)) => {
                here.told.push(edited.revision);
                true
            }
            Some(Err(_)) => false,
            None => true,
        };
        for action in actions.list {
            let here = &mut self.tabs[tab];
            match action {
                Action::Send(send) => {
                    assert_eq!(self.holder, Some(tab), "only the sender sends");
                    here.open = Some(send);
                    here.wake = None;
                }
                Action::Store(writes) => {
                    assert!(here.writing.is_none(), "one transaction after the other");
                    here.writing = Some(writes);
                }
                Action::WakeAt(at) => here.wake = Some(at),
                Action::Tell(text) => self.tell(tab, &text),
                Action::TakeLock if self.queue.contains(&tab) || self.holder == Some(tab) => {}
                Action::TakeLock => self.queue.push_back(tab),
                Action::StealLock => self.steal(tab),
                Action::YieldLock => {
                    self.release(tab);
                    self.queue.retain(|waiting| *waiting != tab);
                }
                Action::Emit(Notice::Settled { ticket, result }) => here.settled.push((ticket, result)),
                Action::Emit(Notice::Conflict { .. }) => here.conflicts += 1,
                Action::Emit(Notice::Closed { foreign, .. }) => here.closed.push(foreign),
                Action::Emit(_) => {}
            }
        }
        self.grant();
        ok
    }

    pub fn add(&mut self, tab: usize, sku: &str) -> bool {
        let item = json!({ "do": "cart.add", "item": { "sku": sku, "quantity": 1, "price": "19.99" } });
        self.edit(tab, &item)
    }

    pub fn edit(&mut self, tab: usize, command: &Json) -> bool {
        match self.tabs[tab].machine.read_command(&value(command)) {
            Ok(edit) => self.handle(tab, Event::Edited(vec![edit])),
            Err(_) => false,
        }
    }

    pub fn ask(&mut self, tab: usize, ticket: u64, ask: Ask) {
        self.handle(tab, Event::Asked { ticket, ask });
    }

    /// The store gives out in one tab.
    pub fn fail_store(&mut self, tab: usize) {
        self.tabs[tab].failed = true;
        if self.tabs[tab].writing.take().is_some() {
            self.handle(tab, Event::StoreFailed);
        }
    }

    pub fn commit(&mut self, tab: usize) -> bool {
        let Some(writes) = self.tabs[tab].writing.take() else {
            return false;
        };
        // Where the store gave out, another tab carries it out.
        let mut tabs = (tab..self.tabs.len()).chain(0..tab);
        let Some(by) = tabs.find(|by| !self.tabs[*by].failed) else {
            self.handle(tab, Event::StoreFailed);
            return true;
        };
        let text = writes.to_text();
        let event = self.disk.commit(writes);
        if event == Event::Stored {
            self.tell(by, &text);
            if by != tab {
                self.handle(by, Event::Heard(text));
            }
        }
        self.handle(tab, event);
        true
    }

    pub fn deliver(&mut self, tab: usize) -> bool {
        let Some(text) = self.tabs[tab].inbox.pop_front() else {
            return false;
        };
        self.handle(tab, Event::Heard(text));
        true
    }

    pub fn serve(&mut self, tab: usize) -> bool {
        let Some(send) = self.tabs[tab].open.clone() else {
            return false;
        };
        let (status, body) = self.endpoint.take(&send, self.now);
        self.handle(tab, Event::Answered { id: send.id, status, retry_after: None, body });
        true
    }

    pub fn fail(&mut self, tab: usize, applied: bool) {
        if let Some(send) = self.tabs[tab].open.clone() {
            if applied {
                self.endpoint.take(&send, self.now);
            }
            self.handle(tab, Event::Failed { id: send.id, failure: Failure::Network });
        }
    }

    pub fn answer(&mut self, tab: usize, status: u16) {
        if let Some(send) = self.tabs[tab].open.clone() {
            let body = "{}".to_string();
            self.handle(tab, Event::Answered { id: send.id, status, retry_after: None, body });
        }
    }

    pub fn wait(&mut self, tab: usize) -> bool {
        let Some(at) = self.tabs[tab].wake else {
            return false;
        };
        self.now = self.now.max(at);
        self.handle(tab, Event::Woke);
        true
    }

    /// Everything happens that is to happen, what is there already before what is waited for.
    pub fn run(&mut self) {
        for _ in 0..2000 {
            let tabs = 0..self.tabs.len();
            let now = tabs.clone().any(|tab| self.commit(tab) || self.deliver(tab) || self.serve(tab));
            if now {
                continue;
            }
            let next =
                tabs.filter(|tab| self.tabs[*tab].wake.is_some()).min_by_key(|tab| self.tabs[*tab].wake);
            let Some(next) = next else {
                return;
            };
            self.wait(next);
        }
        let seen: Vec<_> = self.tabs.iter().map(|tab| (tab.machine.phase(), tab.wake, &tab.open)).collect();
        panic!("no end: {seen:?}");
    }

    pub fn items(&self, tab: usize) -> Vec<(String, u64)> {
        let lines = self.tabs[tab].machine.draft().lines().iter();
        lines.map(|line| (line.item.sku().to_string(), line.item.quantity())).collect()
    }

    pub fn server(&self) -> Vec<(String, u64)> {
        if self.endpoint.stored.is_some() { self.endpoint.items() } else { Vec::new() }
    }

    pub fn phase(&self, tab: usize) -> Phase {
        self.tabs[tab].machine.phase()
    }
}

#[test]
fn a_tab_shows_what_another_one_did_and_its_quote() {
    let mut browser = Browser::with(2);
    browser.add(0, "A");
    browser.run();
    browser.add(1, "B");
    browser.edit(1, &json!({ "do": "coupons.add", "code": "XMAS-20-2021" }));
    browser.run();
    for tab in [0, 1] {
        assert_eq!(browser.items(tab), items(&[("A", 1), ("B", 1)]), "{tab}");
        let machine = &browser.tabs[tab].machine;
        assert!(machine.quote_is_current(), "{tab}");
        assert_eq!(machine.acknowledged(), machine.revision());
        assert_eq!(machine.persisted(), machine.revision());
        assert_eq!(machine.codes().0[0].status, cartwright::sync::Status::Accepted);
        assert_eq!(browser.phase(tab), Phase::Idle);
    }
    assert_eq!(browser.server(), items(&[("A", 1), ("B", 1)]));
}

#[test]
fn two_hundred_increments_in_each_of_two_tabs_make_four_hundred() {
    let mut browser = Browser::with(2);
    for round in 0..200 {
        for tab in [0, 1] {
            assert!(browser.add(tab, "A"));
            if round % 7 == tab {
                browser.commit(tab);
            }
            if round % 5 == 0 {
                browser.deliver(tab);
            }
        }
    }
    browser.run();
    assert_eq!(browser.server(), items(&[("A", 400)]));
    assert_eq!((browser.items(0), browser.items(1)), (browser.server(), browser.server()));
    assert!(browser.endpoint.applied.len() < 12, "{}", browser.endpoint.applied.len());
}

#[test]
fn the_other_tab_finishes_what_a_tab_had_begun_when_it_died() {
    for applied in [true, false] {
        let mut browser = Browser::with(2);
        browser.add(0, "A");
        browser.run();
        let sender = browser.holder.unwrap();
        browser.add(sender, "B");
        while browser.tabs[sender].open.is_none() {
            assert!(browser.commit(sender) || browser.wait(sender));
        }
        let first = browser.tabs[sender].open.clone().unwrap();
        if applied {
            browser.endpoint.take(&first, browser.now);
        }
        browser.crash(sender);
        let other = 1 - sender;
        while browser.tabs[other].open.is_none() {
            assert!(browser.commit(other) || browser.deliver(other) || browser.wait(other));
        }
        let again = browser.tabs[other].open.clone().unwrap();
        assert_eq!((&again.body, &again.key), (&first.body, &first.key), "applied: {applied}");
        browser.run();
        assert_eq!(browser.server(), items(&[("A", 1), ("B", 1)]));
        assert_eq!(browser.endpoint.applied.len(), 2);
    }
}

#[test]
fn an_edit_that_no_longer_fits_is_given_back() {
    let mut browser = Browser::with(2);
    browser.add(0, "A");
    browser.run();
    let line = browser.tabs[0].machine.draft().lines()[0].id.to_text();
    browser.edit(0, &json!({ "do": "cart.clear" }));
    assert!(browser.edit(1, &json!({ "do": "cart.setQuantity", "lineId": line, "quantity": 5 })));
    assert!(browser.commit(0));
    browser.run();
    assert_eq!(browser.tabs[1].conflicts, 1);
    assert_eq!((browser.items(0), browser.items(1), browser.server()), (vec![], vec![], vec![]));
}

#[test]
fn a_line_that_two_tabs_added_is_one_line_under_both_ids() {
    let mut browser = Browser::with(2);
    browser.add(0, "A");
    browser.add(1, "A");
    let ids = [0, 1].map(|tab| browser.tabs[tab].machine.draft().lines()[0].id.to_text());
    assert_ne!(ids[0], ids[1]);
    browser.run();
    assert_eq!(browser.server(), items(&[("A", 2)]));
    for (tab, id) in ids.iter().enumerate() {
        assert!(browser.edit(tab, &json!({ "do": "cart.setQuantity", "lineId": id, "quantity": 5 + tab })));
        browser.run();
        assert_eq!(browser.server(), items(&[("A", 5 + tab as u64)]));
    }
}

#[test]
fn a_double_close_from_two_tabs_closes_once_and_both_are_told() {
    let mut browser = Browser::with(2);
    browser.add(0, "A");
    browser.run();
    browser.ask(0, 1, Ask::Close(None));
    browser.ask(1, 1, Ask::Close(None));
    browser.run();
    for tab in [0, 1] {
        assert_eq!(browser.tabs[tab].settled, [(1, Ok(Reply::Done))], "{tab}");
        assert_eq!(browser.tabs[tab].closed, [false], "{tab}");
        assert_eq!(browser.phase(tab), Phase::Finished);
    }
    let closing = |body: &&Json| body["customerSession"]["state"] == "closed";
    assert_eq!(browser.endpoint.applied.iter().filter(closing).count(), 1);
    assert!(browser.disk.is_empty());
}

#[test]
fn an_edit_of_another_tab_is_in_the_order_or_is_given_back() {
    for first in [0, 1] {
        let mut browser = Browser::with(2);
        browser.add(0, "A");
        browser.run();
        let sender = browser.holder.unwrap();
        let other = 1 - sender;
        assert!(browser.add(other, "B"));
        browser.ask(sender, 1, Ask::Close(None));
        browser.commit(if first == 0 { sender } else { other });
        browser.run();
        let given_back = browser.tabs[other].conflicts;
        let expected = if given_back == 0 { items(&[("A", 1), ("B", 1)]) } else { items(&[("A", 1)]) };
        assert_eq!(browser.server(), expected);
        assert_eq!(given_back, if first == 0 { 1 } else { 0 });
        assert_eq!(browser.phase(other), Phase::Finished);
    }
}

#[test]
fn a_tab_that_is_asked_becomes_the_sender() {
    let mut browser = Browser::with(3);
    browser.add(0, "A");
    browser.run();
    for tab in [2, 0, 1] {
        browser.ask(tab, 7, Ask::Preview(value(&json!({ "couponCodes": ["XMAS-20-2021"] }))));
        browser.run();
        assert_eq!(browser.holder, Some(tab));
        assert!(matches!(browser.tabs[tab].settled.as_slice(), [(7, Ok(Reply::Preview(..)))]));
    }
}

#[test]
fn a_sender_that_stands_still_is_replaced() {
    let mut browser = Browser::with(2);
    browser.add(0, "A");
    browser.run();
    let frozen = browser.holder.unwrap();
    let other = 1 - frozen;
    browser.add(other, "B");
    while browser.holder == Some(frozen) {
        assert!(browser.commit(other) || browser.wait(other));
    }
    while browser.server() != items(&[("A", 1), ("B", 1)]) {
        assert!(browser.commit(other) || browser.serve(other) || browser.wait(other));
    }
    browser.run();
    assert_eq!(browser.items(frozen), browser.server());
}

#[test]
fn a_preparation_holds_the_edits_of_every_tab_until_one_releases_it() {
    let mut browser = Browser::with(2);
    browser.add(0, "A");
    browser.run();
    browser.ask(0, 1, Ask::Prepare(None));
    browser.run();
    assert!(matches!(browser.tabs[0].settled.as_slice(), [(1, Ok(Reply::Prepared { .. }))]));
    assert!(!browser.add(0, "B") && !browser.add(1, "B"));
    browser.ask(1, 1, Ask::Release);
    browser.run();
    assert_eq!(browser.tabs[1].settled, [(1, Ok(Reply::Done))]);
    assert!(browser.add(0, "B") && browser.add(1, "B"));
    browser.run();
    assert_eq!(browser.server(), items(&[("A", 1), ("B", 2)]));
}

#[test]
fn a_tab_that_cannot_store_hands_its_edits_to_one_that_can() {
    for sender_fails in [true, false] {
        let mut browser = Browser::with(2);
        browser.add(0, "A");
        browser.run();
        let sender = browser.holder.unwrap();
        let failing = if sender_fails { sender } else { 1 - sender };
        browser.add(failing, "B");
        browser.fail_store(failing);
        browser.add(failing, "C");
        browser.add(1 - failing, "D");
        browser.run();
        let mut all = browser.server();
        all.sort();
        assert_eq!(all, items(&[("A", 1), ("B", 1), ("C", 1), ("D", 1)]), "{sender_fails}");
        assert_eq!((browser.items(0), browser.items(1)), (browser.server(), browser.server()));
        // Everything survives in the other one's store.
        browser.crash(failing);
        browser.run();
        browser.crash(1 - failing);
        browser.run();
        assert_eq!((browser.items(0), browser.items(1)), (browser.server(), browser.server()));
        assert_eq!(browser.server().len(), 4);
    }
}

#[test]
fn whoever_asks_in_a_tab_that_cannot_store_is_answered_and_no_edit_is_made_twice() {
    let preview = Ask::Preview(value(&json!({ "couponCodes": ["XMAS-20-2021"] })));
    for ask in [Ask::Flush, Ask::Settled, preview, Ask::Refresh, Ask::Close(None)] {
        for (tabs, sender_fails, all_fail) in
            [2, 3].into_iter().flat_map(|tabs| [0, 1, 2, 3].map(|case| (tabs, case % 2 == 0, case > 1)))
        {
            let case = format!("{ask:?} of {tabs} tabs, the sender fails: {sender_fails}, all: {all_fail}");
            let mut browser = Browser::with(tabs);
            browser.add(0, "A");
            browser.run();
            let sender = browser.holder.unwrap();
            let failing = if sender_fails { sender } else { (sender + 1) % tabs };
            let other = (failing + 1) % tabs;
            browser.add(failing, "B");
            browser.fail_store(failing);
            browser.add(failing, "C");
            browser.add(other, "D");
            for tab in (0..tabs).filter(|_| all_fail) {
                browser.fail_store(tab);
            }
            browser.ask(failing, 7, ask.clone());
            browser.run();
            let [(7, Ok(_))] = browser.tabs[failing].settled.as_slice() else {
                panic!("{case}: {:?}", browser.tabs[failing].settled);
            };
            let mut there = browser.server();
            for tab in 0..tabs {
                assert_eq!(browser.items(tab), there, "{case}: tab {tab}");
            }
            there.sort();
            let mut all = items(&[("A", 1), ("B", 1), ("C", 1), ("D", 1)]);
            if ask == Ask::Close(None) && browser.tabs[other].conflicts == 1 {
                // It came too late for the order, and was given back.
                all.pop();
            }
            assert_eq!(there, all, "{case}");
        }
    }
}

#[test]
fn a_tab_that_cannot_store_becomes_known_with_the_session_although_another_one_sends() {
    for both in [false, true] {
        let mut browser = Browser::with(2);
        browser.add(0, "A");
        while browser.commit(0) {}
        assert_eq!(browser.phase(1), Phase::Opening);
        browser.fail_store(1);
        if both {
            browser.fail_store(0);
        }
        browser.run();
        for tab in [0, 1] {
            assert_eq!((browser.items(tab), browser.phase(tab)), (items(&[("A", 1)]), Phase::Idle), "{both}");
        }
    }
}

#[test]
fn what_cannot_be_understood_on_the_channel_changes_nothing() {
    let mut browser = Browser::with(2);
    browser.add(0, "A");
    browser.run();
    let version = browser.disk.version;
    let damaged = json!({ "expect": version, "version": version + 1, "head": "{", "journal": [] });
    let strange = json!({ "expect": version, "version": version + 9, "journal": [[9, "{}"]], "answer": 7 });
    let future = json!({ "expect": version + 5, "version": version + 6, "sending": "[]", "journal": 3 });
    let words = ["", "{", "[]", "7", "null", "{\"word\":7}", "{\"word\":\"new\"}", "{\"word\":\"take\"}"];
    let entry = "{\"word\":\"take\",\"journal\":[\"{}\"]}";
    let texts = words.into_iter().chain([entry]).map(str::to_string);
    let texts: Vec<String> = texts.chain([damaged, strange, future].map(|text| text.to_string())).collect();
    for text in texts {
        for tab in [0, 1] {
            browser.handle(tab, Event::Heard(text.clone()));
            browser.run();
            assert_eq!(browser.items(tab), items(&[("A", 1)]), "{text}");
            assert_eq!(browser.phase(tab), Phase::Idle, "{text}");
        }
    }
    browser.add(1, "B");
    browser.run();
    assert_eq!((browser.items(0), browser.server()), (browser.items(1), items(&[("A", 1), ("B", 1)])));
}

#[test]
fn records_that_were_deleted_under_a_tab_are_written_anew() {
    let mut browser = Browser::with(2);
    browser.add(0, "A");
    browser.run();
    browser.disk = Disk::default();
    browser.add(1, "B");
    browser.run();
    assert_eq!(browser.server(), items(&[("A", 1), ("B", 1)]));
    browser.crash(0);
    browser.run();
    browser.crash(1);
    browser.run();
    assert_eq!((browser.items(0), browser.items(1)), (browser.server(), browser.server()));
}

/// What a schedule does next, in which tab.
#[derive(Debug, Clone, Copy)]
enum Step {
    Add,
    Commit,
    Deliver,
    Serve,
    Lose,
    LoseAnswer,
    Refuse,
    Wait,
    Crash,
    Hide,
    Show,
    Flush,
}

fn schedule() -> impl Strategy<Value = (usize, Vec<(usize, Step)>)> {
    use Step::{Add, Commit, Crash, Deliver, Flush, Hide, Lose, LoseAnswer, Refuse, Serve, Show, Wait};
    let step = prop_oneof![
        5 => Just(Add), 8 => Just(Commit), 6 => Just(Deliver), 5 => Just(Serve), 1 => Just(Lose),
        1 => Just(LoseAnswer), 1 => Just(Refuse), 5 => Just(Wait), 1 => Just(Crash), 1 => Just(Hide), 1 => Just(Show),
        1 => Just(Flush),
    ];
    (2..4_usize)
        .prop_flat_map(move |tabs| (Just(tabs), prop::collection::vec((0..tabs, step.clone()), 1..90)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every edit that was stored, or whose tab lives, is at the endpoint once, and all tabs show the same.
    #[test]
    fn edits_of_all_tabs_arrive_once((tabs, steps) in schedule()) {
        let mut browser = Browser::with(tabs);
        let mut units = 0;
        for (tab, step) in steps {
            let confirmed: Vec<u64> = browser.tabs.iter().map(|tab| tab.machine.acknowledged()).collect();
            match step {
                Step::Add => units += u64::from(browser.add(tab, "A")),
                Step::Commit => { browser.commit(tab); }
                Step::Deliver => { browser.deliver(tab); }
                Step::Serve => { browser.serve(tab); }
                Step::Lose => browser.fail(tab, false),
                Step::LoseAnswer => browser.fail(tab, true),
                Step::Refuse => browser.answer(tab, 503),
                Step::Wait => { browser.wait(tab); }
                Step::Crash => {
                    let persisted = browser.tabs[tab].machine.persisted();
                    let lost = browser.tabs[tab].told.iter().filter(|told| **told > persisted).count();
                    // What is being stored may be or not: it is not promised.
                    browser.tabs[tab].writing = None;
                    units -= lost as u64;
                    browser.crash(tab);
                    continue;
                }
                Step::Hide => { browser.handle(tab, Event::Hidden); }
                Step::Show => { browser.handle(tab, Event::Shown); }
                Step::Flush => browser.ask(tab, 0, Ask::Flush),
            }
            for (tab, before) in browser.tabs.iter().zip(confirmed) {
                prop_assert!(tab.machine.acknowledged() >= before, "what was confirmed stays confirmed");
                prop_assert!(tab.machine.acknowledged() <= tab.machine.revision());
            }
        }
        for tab in 0..tabs {
            browser.handle(tab, Event::Shown);
        }
        browser.run();
        let expected = if units == 0 { vec![] } else { items(&[("A", units)]) };
        prop_assert_eq!(browser.server(), expected.clone());
        for tab in 0..tabs {
            prop_assert_eq!(browser.items(tab), expected.clone(), "tab {}", tab);
            prop_assert_eq!(browser.tabs[tab].conflicts, 0);
            prop_assert!(browser.tabs[tab].settled.iter().all(|(_, result)| result.is_ok()));
            let machine = &browser.tabs[tab].machine;
            prop_assert_eq!(machine.acknowledged(), machine.revision());
            prop_assert_eq!(machine.persisted(), machine.revision());
        }
    }
}
