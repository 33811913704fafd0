//! Every interleaving of a small case on the real machine: two tabs with a few edits each, an order, an
//! answer that is lost, a tab that dies and another one in its place.
//!
//! Time is slower than the store, the channel and the endpoint: it goes on only where nothing of these is
//! under way. Whatever else can happen happens in every order.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use cartwright::sync::{Ask, Phase, Reply};

use crate::tabs::Browser;

const TABS: [usize; 2] = [0, 1];
/// The ticket of the order.
const TICKET: u64 = 1;

/// A browser, and what may still happen in it.
#[derive(Debug, Clone)]
struct Case {
    browser: Browser,
    /// Edits that are still to be made in each tab.
    edits: [usize; 2],
    closes: usize,
    losses: usize,
    crashes: usize,
    /// SKUs that shoppers were told are in the cart, with tab and revision; those of a page that died are
    /// told no longer, unless they were stored.
    told: Vec<(String, Option<usize>, u64)>,
    /// Edits that were given back, also to pages that died since.
    given_back: u64,
    /// The page that asked for the order, while it is there.
    asked: Option<usize>,
    /// The tab that died and has a new page.
    crashed: Option<usize>,
    /// What happened, for a failure.
    trace: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Edit(usize),
    Close(usize),
    Commit(usize),
    Hear(usize),
    Serve(usize),
    Lose(usize),
    Crash(usize),
    Wait(usize),
}

impl Case {
    /// `budget`: edits in each tab, orders, lost answers, tabs that die.
    fn new([first, second, closes, losses, crashes]: [usize; 5]) -> Case {
        Case {
            browser: Browser::with(2),
            edits: [first, second],
            closes,
            losses,
            crashes,
            told: Vec::new(),
            given_back: 0,
            asked: None,
            crashed: None,
            trace: Vec::new(),
        }
    }

    /// What is under way and ends by itself.
    fn under_way(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for tab in TABS {
            let here = &self.browser.tabs[tab];
            if here.writing.is_some() {
                steps.push(Step::Commit(tab));
            }
            if !here.inbox.is_empty() {
                steps.push(Step::Hear(tab));
            }
            if here.open.is_some() {
                steps.push(Step::Serve(tab));
            }
        }
        if steps.is_empty() {
            let wake = |tab: &usize| self.browser.tabs[*tab].wake;
            steps.extend(TABS.into_iter().filter(|tab| wake(tab).is_some()).min_by_key(wake).map(Step::Wait));
        }
        steps
    }

    /// Everything that can happen next.
    fn steps(&self) -> Vec<Step> {
        let mut steps = self.under_way();
        for tab in TABS {
            if self.edits[tab] > 0 {
                steps.push(Step::Edit(tab));
            }
            if self.closes > 0 {
                steps.push(Step::Close(tab));
            }
            if self.losses > 0 && self.browser.tabs[tab].open.is_some() {
                steps.push(Step::Lose(tab));
            }
            if self.crashes > 0 {
                steps.push(Step::Crash(tab));
            }
        }
        steps
    }

    fn take(&mut self, step: Step) {
        self.trace.push(step);
        match step {
            Step::Edit(tab) => {
                self.edits[tab] -= 1;
                let sku = format!("{}{}", ["A", "B"][tab], self.edits[tab]);
                if self.browser.add(tab, &sku) {
                    let revision = *self.browser.tabs[tab].told.last().unwrap();
                    self.told.push((sku, Some(tab), revision));
                }
            }
            Step::Close(tab) => {
                self.closes -= 1;
                self.asked = Some(tab);
                self.browser.ask(tab, TICKET, Ask::Close(None));
            }
            Step::Commit(tab) => assert!(self.browser.commit(tab)),
            Step::Hear(tab) => assert!(self.browser.deliver(tab)),
            Step::Serve(tab) => assert!(self.browser.serve(tab)),
            Step::Lose(tab) => {
                self.losses -= 1;
                self.browser.fail(tab, true);
            }
            Step::Crash(tab) => {
                self.crashes -= 1;
                let stored = self.browser.tabs[tab].machine.persisted();
                self.told.retain(|(_, of, revision)| *of != Some(tab) || *revision <= stored);
                for (_, of, _) in &mut self.told {
                    *of = of.filter(|of| *of != tab);
                }
                self.given_back += self.browser.tabs[tab].conflicts;
                self.asked = self.asked.filter(|asked| *asked != tab);
                self.crashed = Some(tab);
                self.browser.crash(tab);
            }
            Step::Wait(tab) => assert!(self.browser.wait(tab)),
        }
        let closings = |body: &&serde_json::Value| body["customerSession"]["state"] == "closed";
        assert!(self.browser.endpoint.applied.iter().filter(closings).count() <= 1, "ordered twice");
    }

    /// What must hold where nothing is under way and nothing is waited for.
    fn rests(&self) {
        let browser = &self.browser;
        let server = browser.server();
        assert!(server.iter().all(|(_, units)| *units == 1), "an edit was made twice: {server:?}");
        let given_back = self.given_back + TABS.map(|tab| browser.tabs[tab].conflicts).iter().sum::<u64>();
        let lost = self.told.iter().filter(|(sku, ..)| !server.iter().any(|(known, _)| known == sku)).count();
        assert!(lost as u64 <= given_back, "{lost} edits are lost, {given_back} were given back");
        let closed = browser.endpoint.stored.is_some() && browser.endpoint.state() == "closed";
        assert!(closed || lost == 0, "an edit was given back without need");
        for tab in TABS {
            let here = &browser.tabs[tab];
            assert_eq!(browser.items(tab), server, "tab {tab} shows another cart");
            let phase = if closed { Phase::Finished } else { Phase::Idle };
            assert_eq!(here.machine.phase(), phase, "tab {tab}");
            // A page that comes after the order was placed knows nothing of who did.
            let knows = self.crashed != Some(tab);
            assert!(!knows || !here.closed.contains(&true), "tab {tab} takes the order for somebody else's");
        }
        if let Some(asked) = self.asked {
            let told = browser.tabs[asked].settled.iter().find(|(ticket, _)| *ticket == TICKET);
            let (_, told) = told.expect("whoever orders is told what became of it");
            assert_eq!(matches!(told, Ok(Reply::Done)), closed, "the order is {told:?}");
        }
    }

    /// What tells this case from others: all but how it came about.
    fn fingerprint(&self) -> (u64, u64) {
        let Browser { disk, endpoint, tabs, holder, queue, now, seeds: _ } = &self.browser;
        let mut text = format!("{:?}", (self.edits, self.closes, self.losses, self.crashes, &self.told));
        let disk = (&disk.head, &disk.sending, &disk.journal, disk.version, disk.epoch);
        let rest = (
            self.given_back,
            self.asked,
            self.crashed,
            disk,
            &endpoint.stored,
            &endpoint.applied,
            holder,
            queue,
            now,
        );
        write!(text, "{rest:?}{tabs:?}").unwrap();
        let hash = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, &text).hash(&mut hasher);
            hasher.finish()
        };
        (hash(0), hash(1))
    }
}

/// Goes through every interleaving, and says how many states there are.
fn hold(case: Case) {
    let mut seen = HashSet::new();
    let (mut steps, mut rests, mut deepest) = (0u64, 0u64, 0);
    let mut open = vec![case];
    while let Some(case) = open.pop() {
        if !seen.insert(case.fingerprint()) {
            continue;
        }
        deepest = deepest.max(case.trace.len());
        let trace = case.trace.clone();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            if case.under_way().is_empty() {
                rests += 1;
                case.rests();
            }
            for step in case.steps() {
                steps += 1;
                let mut next = case.clone();
                next.take(step);
                open.push(next);
            }
        }));
        assert!(outcome.is_ok(), "after {trace:?}");
        assert!(trace.len() < 200, "no end: {trace:?}");
    }
    println!("{} states, {steps} steps, {rests} at rest, at most {deepest} steps deep", seen.len());
}

/// Edits in each of two tabs, orders, lost answers and tabs that die: CARTWRIGHT_CASE, or small cases.
#[test]
fn every_interleaving_of_a_small_case_holds() {
    let given = std::env::var("CARTWRIGHT_CASE").ok();
    let given = given.map(|text| text.split(',').map(|count| count.parse().unwrap()).collect::<Vec<_>>());
    match given {
        Some(budget) => hold(Case::new(budget.try_into().unwrap())),
        None => [[1, 0, 0, 1, 0], [0, 0, 1, 1, 0]].into_iter().map(Case::new).for_each(hold),
    }
}

/// Two tabs that find an order in the records read it once each, and not for ever in turns.
#[test]
fn every_interleaving_after_an_order_comes_to_rest() {
    use Step::{Close, Commit, Hear, Serve, Wait};
    let mut case = Case::new([0, 0, 1, 0, 1]);
    let before = [Close(1), Hear(0), Hear(1), Commit(0), Wait(1), Hear(0), Hear(1), Commit(1), Serve(1)];
    for step in before.into_iter().chain([Commit(1), Commit(1), Serve(1), Commit(1)]) {
        case.take(step);
    }
    hold(case);
}
