//! Every interleaving of a small case on the real machine: two tabs with a few edits each, an order, an
//! answer that is lost, a tab that dies and another one in its place.
//!
//! Time is slower than the store, the channel and the endpoint: it goes on only where nothing of these is
//! under way. Whatever else can happen happens in every order; or, in larger cases, in every order in which the
//! store and the channel are prompt.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Condvar, Mutex};

use cartwright::sync::{Ask, Phase, Reply};
use serde_json::json;

use crate::desk::START;
use crate::tabs::{Browser, Tab};

const TABS: [usize; 2] = [0, 1];
/// More steps than lead to rest.
const LONGEST: usize = 250;
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
    /// How much may still happen out of turn, where that is counted.
    turns: Option<usize>,
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

/// What the store and the channel do.
fn is_quick(step: Step) -> bool {
    matches!(step, Step::Commit(_) | Step::Hear(_))
}

impl Case {
    /// `budget`: edits in each tab, orders, lost answers, tabs that die.
    fn new([first, second, closes, losses, crashes]: [usize; 5]) -> Case {
        Case {
            // Waits of a random length would tell apart what is alike.
            browser: Browser::opened(2, json!({ "sync": { "baseMs": 1, "capMs": 1 } })),
            edits: [first, second],
            closes,
            losses,
            crashes,
            told: Vec::new(),
            given_back: 0,
            asked: None,
            crashed: None,
            turns: None,
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

    /// Everything that can happen next, and which of it is out of turn: what the store and the channel have to
    /// do comes first, one tab after the other.
    fn steps(&self) -> Vec<(Step, bool)> {
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
        let turn = steps.iter().position(|step| is_quick(*step));
        let is_out_of_turn = |place| turn.is_some_and(|turn| place != turn);
        steps.into_iter().enumerate().map(|(place, step)| (step, is_out_of_turn(place))).collect()
    }

    /// Where nothing may happen out of turn any more, what the store and the channel have to do happens at once.
    fn take_turns(&mut self) {
        while self.turns == Some(0)
            && let Some((step, _)) = self.steps().into_iter().find(|(step, _)| is_quick(*step))
        {
            assert!(self.trace.len() < LONGEST, "no end");
            self.take(step);
        }
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
        assert!(self.closings() <= 1, "ordered twice");
        for tab in &mut self.browser.tabs {
            // As a page does that shows them.
            tab.machine.take_changes();
        }
    }

    /// Edits that were given back so far.
    fn given_back(&self) -> u64 {
        self.given_back + self.browser.tabs.iter().map(|tab| tab.conflicts).sum::<u64>()
    }

    /// How often the order was placed.
    fn closings(&self) -> usize {
        let closes = |body: &&serde_json::Value| body["customerSession"]["state"] == "closed";
        self.browser.endpoint.applied.iter().filter(closes).count()
    }

    /// What must hold where nothing is under way and nothing is waited for.
    fn rests(&self) {
        let browser = &self.browser;
        let server = browser.server();
        assert!(server.iter().all(|(_, units)| *units == 1), "an edit was made twice: {server:?}");
        let given_back = self.given_back();
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

    /// What tells this case from others: all but how it came about, and but names that were drawn.
    fn fingerprint(&self) -> (u64, u64) {
        let Browser { disk, endpoint, tabs, holder, queue, now, .. } = &self.browser;
        let mut names = Names::new(*now, disk.epoch);
        let disk = (&disk.head, &disk.sending, &disk.journal, disk.version);
        let budget = (self.edits, self.closes, self.losses, self.crashes);
        // Who was told of an edit, and as what, matters for pages that may die.
        let told =
            self.told.iter().map(|(sku, of, revision)| (sku, (self.crashes > 0).then_some((of, revision))));
        let history =
            (told.collect::<Vec<_>>(), self.given_back(), self.asked, self.crashed, self.closings());
        write!(names, "{budget:?}{history:?}{disk:?}{:?}{holder:?}{queue:?}", endpoint.stored).unwrap();
        for tab in tabs {
            let Tab { machine, inbox, writing, open, wake, closed, settled, .. } = tab;
            let (wake, foreign) = (wake.map(|at| at.max(*now)), closed.contains(&true));
            write!(names, "{machine:?}{inbox:?}{writing:?}{open:?}{wake:?}{foreign}{settled:?}").unwrap();
        }
        names.finish(endpoint.keys())
    }
}

/// A text in which everything that was drawn at random has a name by the order in which it comes, and a
/// time its distance from now: cases that differ in such alone go on alike.
#[derive(Debug)]
struct Names {
    now: u64,
    /// That of the records: how often somebody else was the sender is not asked for.
    epoch: u64,
    text: String,
    /// The word that is being written, and the two before it.
    word: String,
    before: [String; 2],
    /// Numbers that were drawn: those close to one were counted on from it.
    numbers: Vec<u64>,
    keys: Vec<String>,
}

impl Names {
    fn new(now: u64, epoch: u64) -> Names {
        let (text, word, before) = Default::default();
        Names { now, epoch, text, word, before, numbers: Vec::new(), keys: Vec::new() }
    }

    /// The name of a number that was drawn.
    fn number(&mut self, number: u64) {
        const COUNTED: u64 = 1 << 12;
        let known = |base: &u64| number.abs_diff(*base) < COUNTED;
        let place = self.numbers.iter().position(known).unwrap_or_else(|| {
            self.numbers.push(number);
            self.numbers.len() - 1
        });
        let distance = i128::from(number) - i128::from(self.numbers[place]);
        write!(self.text, "#{place}{distance:+}").unwrap();
    }

    /// The word is complete.
    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        let hex = word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = word.parse::<u64>().ok().filter(|_| digits && word.len() > 9);
        // The number of a request tells it from the one before, which is of no use any more.
        let [last, first] = &self.before;
        let request = last == "next_attempt"
            || (first == "Send" && last == "id")
            || (first == "flight" && last == "Some");
        // Nothing is asked of the seed any more, nor of the time of the last event.
        let spent = ["seed", "now"].contains(&last.as_str());
        // What was waited for is over, however long.
        let waits = ["resume_at", "not_before"].contains(&last.as_str());
        let count = word.parse::<u64>().ok();
        let over = waits && count.is_some_and(|at| at <= self.now);
        let epoch = last == "epoch" || (first == "epoch" && last == "Some");
        // As long as anything is waited for, but for what may arrive late; a pause of the shopper is shorter.
        let (pause, longest) = (150, 6000);
        let ages = if last == "last_edit" { pause } else { longest };
        if (digits && (request || spent)) || over {
            self.text.push('_');
        } else if let Some(epoch) = count.filter(|_| epoch) {
            write!(self.text, "{:+}", i128::from(epoch) - i128::from(self.epoch)).unwrap();
        } else if let Some(time) = number.filter(|number| (START..START + 1_000_000_000).contains(number)) {
            let far = last != "suspect" && time.saturating_add(ages) <= self.now;
            let distance = if far { -i128::from(ages) } else { i128::from(time) - i128::from(self.now) };
            write!(self.text, "@{distance}").unwrap();
        } else if let Some(number) = number {
            self.number(number);
        } else if hex && word.len() == 16 {
            self.number(u64::from_str_radix(&word, 16).unwrap());
        } else if hex && word.len() == 32 {
            let place = self.keys.iter().position(|key| *key == word).unwrap_or_else(|| {
                self.keys.push(word.clone());
                self.keys.len() - 1
            });
            write!(self.text, "!{place}").unwrap();
        } else {
            self.text.push_str(&word);
        }
        self.before.swap(0, 1);
        self.before[0] = word;
    }

    /// What tells the text from others, with those of these keys that it names.
    fn finish<'a>(mut self, keys: impl Iterator<Item = &'a String>) -> (u64, u64) {
        self.end_word();
        let mut known: Vec<usize> =
            keys.filter_map(|key| self.keys.iter().position(|known| known == key)).collect();
        known.sort_unstable();
        let hash = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, &self.text, &known).hash(&mut hasher);
            hasher.finish()
        };
        (hash(0), hash(1))
    }
}

impl fmt::Write for Names {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for char in text.chars() {
            if char.is_ascii_alphanumeric() || char == '_' {
                self.word.push(char);
            } else {
                self.end_word();
                self.text.push(char);
            }
        }
        Ok(())
    }
}

/// Cases that are still to be gone on with, and how many are being gone on with.
#[derive(Debug, Default)]
struct Work {
    open: Vec<Case>,
    busy: usize,
    /// How often something may still happen out of turn in each case that was seen.
    seen: HashMap<(u64, u64), Option<usize>>,
    steps: u64,
    rests: u64,
    deepest: usize,
    /// What led to a failure.
    broken: Option<Vec<Step>>,
}

/// Goes through every interleaving in which no more than `turns` things happen out of turn, and says how many
/// states there are.
fn hold(case: Case, turns: Option<usize>) {
    let mut case = Case { turns, ..case };
    case.take_turns();
    let work = Mutex::new(Work { open: vec![case], ..Work::default() });
    let more = Condvar::new();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| go_on(&work, &more));
        }
    });
    let Work { seen, steps, rests, deepest, broken, .. } = work.into_inner().unwrap();
    assert!(broken.is_none(), "after {:?}", broken.unwrap());
    println!("{} states, {steps} steps, {rests} at rest, at most {deepest} steps deep", seen.len());
}

/// Takes one case after the other until none is left, or one fails.
fn go_on(work: &Mutex<Work>, more: &Condvar) {
    let mut all = work.lock().unwrap();
    while all.broken.is_none() {
        let Some(case) = all.open.pop() else {
            if all.busy == 0 {
                break;
            }
            all = more.wait(all).unwrap();
            continue;
        };
        all.busy += 1;
        drop(all);
        let print = case.fingerprint();
        let is_known = {
            let seen = &mut work.lock().unwrap().seen;
            let is_known = seen.get(&print).is_some_and(|turns| *turns >= case.turns);
            if !is_known {
                seen.insert(print, case.turns);
            }
            is_known
        };
        let mut next = Vec::new();
        let (mut rests, mut failed) = (false, false);
        if !is_known {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                assert!(case.trace.len() < LONGEST, "no end");
                rests = case.under_way().is_empty();
                if rests {
                    case.rests();
                }
                for (step, is_out_of_turn) in case.steps() {
                    let turns = case.turns.map(|turns| turns.checked_sub(usize::from(is_out_of_turn)));
                    if turns != Some(None) {
                        let mut then = Case { turns: turns.flatten(), ..case.clone() };
                        then.take(step);
                        then.take_turns();
                        next.push(then);
                    }
                }
            }));
            failed = outcome.is_err();
        }
        all = work.lock().unwrap();
        all.busy -= 1;
        all.steps += next.len() as u64;
        all.rests += u64::from(rests);
        all.deepest = all.deepest.max(case.trace.len());
        all.open.append(&mut next);
        if failed {
            all.broken = Some(case.trace);
        }
        more.notify_all();
    }
    more.notify_all();
}

/// The counts in an environment variable.
fn counts(name: &str) -> Option<Vec<usize>> {
    let text = std::env::var(name).ok()?;
    Some(text.split(',').map(|count| count.parse().unwrap()).collect())
}

/// Edits in each of two tabs, orders, lost answers and tabs that die: CARTWRIGHT_CASE, or small cases; and how often
/// something comes before what the store or the channel has to do: CARTWRIGHT_TURNS, or as often as it can.
#[test]
fn every_interleaving_of_a_small_case_holds() {
    let turns = counts("CARTWRIGHT_TURNS").map(|turns| turns[0]);
    match counts("CARTWRIGHT_CASE") {
        Some(budget) => hold(Case::new(budget.try_into().unwrap()), turns),
        None => [[1, 0, 0, 1, 0], [0, 0, 1, 1, 0]].into_iter().for_each(|case| hold(Case::new(case), None)),
    }
}

/// An edit, an order, a lost answer and a tab that dies, where the store and the channel are prompt.
#[test]
fn every_interleaving_with_a_prompt_store_holds() {
    hold(Case::new([1, 0, 1, 1, 1]), Some(0));
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
    hold(case, None);
}
