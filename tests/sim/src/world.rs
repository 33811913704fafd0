//! Everything around the machines: clock, network, store, endpoint and people, one step at a time.

use std::collections::{BTreeMap, VecDeque};

use cartwright::draft::refusal::Refusal;
use cartwright::draft::state::State;
use cartwright::model::json::Value;
use cartwright::sync::backoff::Random;
use cartwright::sync::{Action, Ask, Edited, Event, Failure, Notice, Phase, Send};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::checks::{self, Broken};
use crate::edits::{self, Deed, Edits, SHARED, Standing};
use crate::endpoint::{Answer, Endpoint};
use crate::network::Flying;
use crate::step::{Back, Disk, Edit, End, Fate, GATEWAY, INSTEAD, PORTAL, Signal, Step, What};
use crate::store::Store;
use crate::tab::Tab;
use crate::tally::Tally;

pub const START: u64 = 1_800_000_000_000;
pub const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// How long an attempt that nobody waits for may still arrive: the default of `settleMs`.
const SETTLE: u64 = 60_000;

/// Longest debounce: the default of `maxWaitMs`.
pub const MAX_WAIT: u64 = 1500;

/// Longest wait that a `Retry-After` may ask for.
const MAX_RETRY_AFTER: u64 = 300_000;

/// What a tab hears when its lock was taken from it.
pub const LOST: &str = "lost";

/// So many events do not lead to each other at once.
const MAX_DEPTH: usize = 40;

/// So many words are not told at once.
const MAX_WORDS: usize = 5000;

/// After this time a key may be too old to be sent again.
const OLD: i64 = 20 * 3_600_000;

/// What a schedule begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    pub seed: u64,
    pub tabs: usize,
    /// Whether the endpoint may know the session, and whether it does.
    pub known: bool,
    pub stocked: bool,
    pub manual: bool,
    /// Whether the endpoint remembers errors under their keys.
    pub remembers_errors: bool,
    /// Whether pages get a store.
    pub stored: bool,
    /// Whether transactions take their time, and so does what tabs tell each other.
    pub slow: bool,
    pub slow_words: bool,
}

impl Setup {
    pub fn new(seed: u64, most_tabs: usize) -> (Setup, Random) {
        // Neighbouring seeds are to have nothing in common.
        let mut random = Random::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.bits();
        let mut chance = |of: u64| random.up_to(of - 1) == 0;
        let known = chance(3);
        let setup = Setup {
            seed,
            tabs: 1,
            known,
            stocked: known && !chance(3),
            manual: chance(8),
            remembers_errors: chance(2),
            stored: !chance(6),
            slow: !chance(3),
            slow_words: !chance(3),
        };
        let tabs = 1 + usize::try_from(random.up_to(most_tabs as u64 - 1)).unwrap_or(0);
        // Tabs without a store have no session in common.
        (Setup { tabs: if setup.stored { tabs } else { 1 }, ..setup }, random)
    }
}

/// One browser, the network, the endpoint, and what has to hold.
#[derive(Debug)]
pub struct World {
    pub setup: Setup,
    /// Whether everything that happens is printed.
    aloud: bool,
    /// Milliseconds since the beginning, which no one can set back.
    pub time: u64,
    /// How far the clock was set, and whether it was ever set back.
    offset: i64,
    unclear: bool,
    pub tabs: Vec<Tab>,
    pub net: Vec<Flying>,
    pub store: Store,
    /// Which tab has the lock, and who waits for it.
    pub holder: Option<usize>,
    queue: VecDeque<usize>,
    /// Tabs that know the records to be older than the cart.
    pub distrust: Vec<bool>,
    pub endpoint: Endpoint,
    /// How often campaigns changed, and how often they had when the session was evaluated last.
    pub prices: usize,
    evaluated: usize,
    pub edits: Edits,
    pub tally: Tally,
    pub broken: Option<Broken>,
    /// Which tab is being edited: its transactions end when the editor was answered.
    editing: Option<usize>,
    /// Whether the session was reopened.
    pub reopened: bool,
    /// Whether nothing was evaluated since: what a read tells are the effects that were left.
    pub unevaluated: bool,
    /// How many events lead to each other at once just now.
    depth: usize,
    /// Requests, what may cause them, what makes them be repeated, and reads while somebody polls.
    pub requests: usize,
    pub causes: usize,
    pub faults: usize,
    pub polls: usize,
    /// The body of every key.
    pub keys: BTreeMap<String, String>,
    /// Fields and attributes that were sent under each key, and were not refused.
    pub fields: BTreeMap<String, Vec<String>>,
    /// Whether somebody else wrote, or ended the session.
    pub foreign: bool,
    /// Whether a page is gone that wrote more than the records say which the next one finds.
    pub blurred: bool,
    pub ended_elsewhere: bool,
    pub closed_by_back_end: bool,
    pub closings: usize,
    /// When a closing request left first, whether anything speaks against its taking effect, and
    /// whether it is known to have.
    pub closing_since: Option<u64>,
    /// The same of the move that is under way.
    pub closing_begun: bool,
    pub closing_excused: bool,
    pub closed: bool,
}

impl World {
    pub fn new(setup: Setup) -> World {
        World::made(setup, false)
    }

    /// A world in which everything that happens is printed.
    pub fn aloud(setup: Setup) -> World {
        World::made(setup, true)
    }

    fn made(setup: Setup, aloud: bool) -> World {
        let (mut endpoint, mut store) = (Endpoint::default(), Store::default());
        endpoint.remember_errors = setup.remembers_errors;
        store.denied = !setup.stored;
        let mut edits = Edits::default();
        if setup.stocked {
            let line = json!({ "sku": "K", "quantity": 2, "price": 10.5 });
            endpoint.foreign(ID, &json!({ "cartItems": [line], "attributes": { "Note": "kept" } }));
            edits.first_note = Some("kept".to_string());
        }
        let mut world = World {
            setup,
            aloud,
            time: 0,
            offset: 0,
            unclear: false,
            tabs: (0..setup.tabs).map(|_| Tab::default()).collect(),
            net: Vec::new(),
            store,
            holder: None,
            queue: VecDeque::new(),
            distrust: vec![false; setup.tabs],
            endpoint,
            prices: 0,
            evaluated: 0,
            edits,
            tally: Tally { schedules: 1, ..Tally::default() },
            broken: None,
            editing: None,
            reopened: false,
            unevaluated: false,
            depth: 0,
            requests: 0,
            causes: 0,
            faults: 0,
            polls: 0,
            keys: BTreeMap::new(),
            fields: BTreeMap::new(),
            foreign: false,
            blurred: false,
            ended_elsewhere: false,
            closed_by_back_end: false,
            closings: 0,
            closing_since: None,
            closing_begun: false,
            closing_excused: false,
            closed: false,
        };
        for tab in 0..setup.tabs {
            world.open(tab);
        }
        world
    }

    /// Takes one step; what does not apply does nothing.
    pub fn take(&mut self, step: Step) -> Result<(), Broken> {
        self.tally.steps += 1;
        if self.aloud {
            println!("{step:?}");
        }
        match step {
            Step::Edit { tab, edit, pick } if self.tabs[tab].is_awake() => self.edit(tab, edit, pick),
            Step::Ask { tab, what } if self.tabs[tab].is_awake() => drop(self.ask(tab, what)),
            Step::Forget { tab, pick } if self.tabs[tab].is_awake() => self.forget(tab, pick),
            Step::Signal { tab, signal } if self.tabs[tab].is_awake() => {
                self.causes += 1;
                self.handle(tab, event_of(signal));
            }
            Step::Request { pick, fate } => {
                if let Some(place) = self.flying(pick, false) {
                    self.fare(place, fate);
                }
            }
            Step::Answer { pick, fate } => {
                if let Some(place) = self.flying(pick, true) {
                    self.come_back(place, fate);
                }
            }
            Step::Commit { tab, end } => self.commit(tab, end),
            Step::Tick => self.tick(),
            Step::Pass { milliseconds } => self.pass(milliseconds),
            Step::Jump { milliseconds } => self.jump(milliseconds),
            Step::Crash { tab, commits } => self.crash(tab, commits),
            Step::Open { tab } if !self.tabs[tab].is_open() => self.open(tab),
            Step::Freeze { tab } if self.tabs[tab].is_awake() => {
                self.tally.fault("freeze");
                self.tabs[tab].frozen = true;
            }
            Step::Thaw { tab } if self.tabs[tab].frozen && !self.tabs[tab].away => self.thaw(tab),
            Step::PutAway { tab } if self.tabs[tab].is_awake() => self.put_away(tab),
            Step::Back { tab } if self.tabs[tab].away => self.come_back_to(tab),
            Step::Hear { tab } if self.tabs[tab].is_awake() => self.hear(tab),
            Step::Miss { tab } if self.tabs[tab].frozen && !self.tabs[tab].heard.is_empty() => {
                self.tally.fault("told and not heard");
                self.tabs[tab].heard.retain(|text| text == LOST);
            }
            Step::Late => self.store.catch_up(),
            Step::Disk(disk) => self.disk(disk),
            Step::Foreign if self.is_open_there() && self.has_sent("cartItems") => {
                self.tally.fault("foreign writer");
                self.foreign = true;
                let line = json!({ "sku": "F", "quantity": 1 + self.time % 7, "price": 5 });
                self.endpoint.foreign(ID, &json!({ "cartItems": [line] }));
            }
            Step::ForeignClose if self.is_open_there() => {
                self.tally.fault("foreign close");
                self.ended_elsewhere = true;
                self.endpoint.foreign(ID, &json!({ "state": "closed" }));
            }
            Step::BackEnd if self.is_prepared() => {
                self.tally.fault("back end closes");
                self.closed_by_back_end = true;
                self.endpoint.foreign(ID, &json!({ "state": "closed" }));
            }
            Step::Prices => {
                self.tally.fault("campaigns change");
                self.prices += 1;
                self.endpoint.campaigns = self.prices % 2;
            }
            _ => {}
        }
        self.broken.take().map_or(Ok(()), Err)
    }

    /// The time of day as pages see it.
    pub fn wall(&self) -> u64 {
        (START + self.time).saturating_add_signed(self.offset)
    }

    /// When the next page has something to do by itself.
    pub fn due(&self) -> Option<u64> {
        self.tabs.iter().filter_map(Tab::due).min()
    }

    pub fn fail(&mut self, invariant: &'static str, detail: String) {
        self.broken.get_or_insert(Broken { invariant, detail });
    }

    /// Whether the endpoint has the session, and it is open there.
    pub fn is_open_there(&self) -> bool {
        self.endpoint.stored.is_some() && self.endpoint.state() == "open"
    }

    /// Whether the endpoint has the session, and it is over there.
    pub fn is_over_there(&self) -> bool {
        self.endpoint.stored.is_some() && self.endpoint.state() != "open"
    }

    /// Whether the endpoint may have been told of a field.
    fn has_sent(&self, field: &str) -> bool {
        self.fields.values().flatten().any(|sent| sent == field)
    }

    /// Whether a page waits for the back end, which may close.
    pub fn is_prepared(&self) -> bool {
        let prepared = |tab: &Tab| tab.prepared && tab.open.is_none();
        self.is_open_there() && self.tabs.iter().any(prepared)
    }

    // People.

    fn edit(&mut self, tab: usize, edit: Edit, pick: u64) {
        let lines = self.tabs[tab].machine().draft().lines().iter();
        let own = lines.filter(|line| line.item.sku() != SHARED);
        let own: Vec<(String, String)> =
            own.map(|line| (line.id.to_text(), line.item.sku().to_string())).collect();
        let line = usize::try_from(pick).ok().and_then(|pick| own.get(pick.checked_rem(own.len())?)).cloned();
        let one = |command: Json, deed: Deed| vec![(command, deed)];
        let commands = match edit {
            Edit::Add => {
                let sku = self.edits.label();
                one(edits::add(&sku), Deed::Add(sku))
            }
            Edit::Share => one(edits::add(SHARED), Deed::Add(SHARED.to_string())),
            Edit::Both => {
                let skus = [self.edits.label(), self.edits.label()];
                skus.map(|sku| (edits::add(&sku), Deed::Add(sku))).to_vec()
            }
            Edit::Remove => match line {
                None => return,
                Some((id, sku)) => one(json!({ "do": "cart.remove", "lineId": id }), Deed::Remove(sku)),
            },
            Edit::Quantity => match line {
                None => return,
                Some((id, sku)) => {
                    let units = 2 + pick % 7;
                    let command = json!({ "do": "cart.setQuantity", "lineId": id, "quantity": units });
                    one(command, Deed::Quantity(sku, units))
                }
            },
            Edit::Clear => one(json!({ "do": "cart.clear" }), Deed::Clear),
            Edit::Note => {
                let note = self.edits.label();
                let command = json!({ "do": "attributes.set", "name": "Note", "value": note });
                one(command, Deed::Note(Some(note)))
            }
            Edit::DropNote => one(json!({ "do": "attributes.remove", "name": "Note" }), Deed::Note(None)),
            Edit::Coupon => {
                let code = ["XMAS-20-2021", "SHIPFREE", "NOPE"][usize::try_from(pick % 3).unwrap_or(0)];
                one(json!({ "do": "coupons.add", "code": code }), Deed::Other)
            }
            Edit::DropCoupon => one(json!({ "do": "coupons.remove", "code": "XMAS-20-2021" }), Deed::Other),
            Edit::Cost => {
                let price = 1 + pick % 9;
                one(json!({ "do": "costs.set", "name": "shipping", "amount": price }), Deed::Other)
            }
            Edit::DropCost => one(json!({ "do": "costs.remove", "name": "shipping" }), Deed::Other),
            Edit::Profile => one(json!({ "do": "set", "field": "profileId", "value": "p" }), Deed::Other),
            Edit::DropProfile => one(json!({ "do": "unset", "field": "profileId" }), Deed::Other),
        };
        self.try_edit(tab, commands);
    }

    /// Makes several commands one edit; what is refused is part of the schedule.
    fn try_edit(&mut self, tab: usize, commands: Vec<(Json, Deed)>) {
        self.causes += 1;
        let machine = self.tabs[tab].machine.as_mut().expect("an open page");
        let before = (machine.phase(), machine.revision());
        let mut read = Vec::new();
        for (command, _) in &commands {
            match machine.read_command(&value(command)) {
                Ok(edit) => read.push(edit),
                Err(_) => return,
            }
        }
        let time = self.time;
        let waiting = self.tabs[tab].first_edit;
        self.tabs[tab].first_edit.get_or_insert(time);
        self.editing = Some(tab);
        let result = self.handle(tab, Event::Edited(read));
        self.editing = None;
        let Some(Ok(edited)) =
            result.filter(|result| result.as_ref().is_ok_and(|edited| edited.revision != before.1))
        else {
            // What is refused, or changes nothing, waits for nothing.
            let waits = self.tabs[tab].first_edit.and(waiting);
            self.tabs[tab].first_edit = waits;
            self.commit_at_once(tab);
            return;
        };
        if before.0 == Phase::Closing {
            self.fail(checks::NO_EDITS_WHILE_CLOSING, format!("tab {tab} accepted {commands:?}"));
        }
        let life = self.tabs[tab].life;
        for (command, deed) in commands {
            self.edits.accepted(tab, life, edited.revision, command, deed);
        }
        self.note_safe(tab);
        self.commit_at_once(tab);
        self.hear_at_once();
    }

    pub fn ask(&mut self, tab: usize, what: What) -> u64 {
        self.causes += 1;
        let shown = self.tabs[tab].machine().quote().map(|(quote, _)| quote.fingerprint.clone());
        let other = || Some("another".to_string());
        let (ask, agreed) = match what {
            What::Flush => (Ask::Flush, None),
            What::Settled => (Ask::Settled, None),
            What::Refresh => (Ask::Refresh, None),
            What::Preview => (Ask::Preview(value(&json!({ "couponCodes": ["XMAS-20-2021"] }))), None),
            What::Close => (Ask::Close(None), None),
            What::CloseSeen => (Ask::Close(shown.clone()), shown),
            What::CloseOther => (Ask::Close(other()), other()),
            What::Prepare => (Ask::Prepare(None), None),
            What::PrepareSeen => (Ask::Prepare(shown.clone()), shown),
            What::Finish => (Ask::Finish, None),
            What::Release => (Ask::Release, None),
            What::Cancel => (Ask::Cancel, None),
            What::Reopen => (Ask::Reopen, None),
        };
        let page = &mut self.tabs[tab];
        page.next_ticket += 1;
        let ticket = page.next_ticket;
        page.waiting.insert(ticket, what);
        // Who joins what is on its way cannot change it.
        let joins = page.machine().phase() == Phase::Closing;
        if let Some(agreed) = agreed.filter(|_| !joins) {
            page.agreed.insert(ticket, agreed);
        }
        if what == What::Release {
            page.prepared = false;
        }
        self.handle(tab, Event::Asked { ticket, ask });
        ticket
    }

    fn forget(&mut self, tab: usize, pick: u64) {
        let page = &mut self.tabs[tab];
        // Only these take a time-out or a signal.
        let may = |what: What| matches!(what, What::Flush | What::Settled);
        let tickets: Vec<u64> =
            page.waiting.iter().filter(|(_, what)| may(**what)).map(|(ticket, _)| *ticket).collect();
        let Some(ticket) =
            usize::try_from(pick).ok().and_then(|pick| tickets.get(pick.checked_rem(tickets.len())?))
        else {
            return;
        };
        page.waiting.remove(ticket);
        self.handle(tab, Event::Forgotten { ticket: *ticket });
    }

    // Pages.

    pub fn open(&mut self, tab: usize) {
        self.store.catch_up();
        let life = self.tabs[tab].life + 1;
        let first = self.tabs.iter().all(|page| page.life == 0);
        let mut random = Random::new(self.setup.seed ^ (life << 12) ^ (tab as u64) << 8);
        random.bits();
        let mut options = json!({
            "sessionId": ID,
            "sessionIsNew": first && !self.setup.known,
            "seed": format!("{:016x}", random.bits()),
            "sync": { "mode": if self.setup.manual { "manual" } else { "auto" } },
        });
        let mut kept = !self.store.denied && !self.store.is_damaged();
        let shares = !self.store.denied;
        if shares {
            if self.holder.is_none() && self.queue.is_empty() {
                self.holder = Some(tab);
            }
            let locked = self.holder == Some(tab);
            if locked && std::mem::take(&mut self.distrust[tab]) {
                self.store.clear();
                kept = false;
            }
            options["stored"] = self.store.option();
            options["locked"] = json!(locked);
        }
        if !kept {
            self.edits.weaken();
            self.fields.clear();
            // Who has no record of what is on its way cannot wait for it.
            self.net.retain(|flying| flying.until.is_none());
            self.closing_excused = true;
        }
        self.causes += 1;
        let prepared = kept && self.store.records("\"prepare\"");
        let unaware = self.unevaluated && (!kept || self.store.is_empty());
        self.tabs[tab] = Tab { prepared, shares, unaware, ..Tab::open(life, options) };
        self.handle(tab, Event::Opened);
    }

    fn crash(&mut self, tab: usize, commits: bool) {
        let Some(machine) = self.tabs[tab].machine.take() else { return };
        self.tally.fault("crash");
        checks::replays(self, tab, &machine);
        let page = &mut self.tabs[tab];
        let (life, stored, unrecorded) = (page.life, machine.is_stored(), page.unrecorded);
        let writing = page.writing.take();
        *page = Tab { life, ..Tab::default() };
        if let Some(writes) = writing.filter(|_| commits && !self.store.full) {
            self.store.commit(&writes);
        }
        self.leave_queue(tab);
        for flying in &mut self.net {
            if flying.tab == tab && flying.wanted {
                flying.wanted = false;
                flying.until = Some(self.time + SETTLE - 1);
            }
        }
        self.net.retain(|flying| stored && !flying.is_read() || flying.wanted);
        if !stored && machine.is_suspect() {
            self.edits.doubt();
        }
        if !stored {
            self.blurred |= unrecorded && !self.store.is_empty() && !self.distrust[tab];
            self.closing_excused = true;
            self.fields.clear();
        }
    }

    fn thaw(&mut self, tab: usize) {
        self.tabs[tab].frozen = false;
        // First of all that its lock is gone: what left until then would be later than anybody waits for.
        if self.tabs[tab].inbox.contains(&Event::LockLost) {
            self.tabs[tab].inbox.retain(|event| !matches!(event, Event::LockLost | Event::LockGained));
            self.handle(tab, Event::LockLost);
            if self.holder == Some(tab) {
                self.handle(tab, Event::LockGained);
            }
        }
        while let Some(event) = self.tabs[tab].inbox.pop_front() {
            self.handle(tab, event);
        }
        self.commit_at_once(tab);
        self.hear_at_once();
    }

    /// The page lets go of lock, channel and store, and stands still.
    fn put_away(&mut self, tab: usize) {
        self.tally.fault("page is put away");
        self.causes += 1;
        self.hear_of_loss(tab);
        self.tabs[tab].away = true;
        self.tabs[tab].heard.clear();
        self.leave_queue(tab);
        if self.tabs[tab].shares {
            self.handle(tab, Event::LockLost);
        }
        self.handle(tab, Event::Hidden);
        self.tabs[tab].frozen = true;
    }

    fn come_back_to(&mut self, tab: usize) {
        self.tally.fault("page comes back");
        let page = &mut self.tabs[tab];
        page.away = false;
        let wants_lock = std::mem::take(&mut page.wants_lock);
        self.thaw(tab);
        self.handle(tab, Event::Shown);
        // Another page may have gone on with the cart meanwhile.
        self.ask(tab, What::Refresh);
        if !self.tabs[tab].shares || self.holder == Some(tab) {
            return;
        }
        if self.holder.is_none() && self.queue.is_empty() {
            self.holder = Some(tab);
            self.handle(tab, Event::LockGained);
        } else if wants_lock && !self.queue.contains(&tab) {
            self.queue.push_back(tab);
        }
    }

    // Tabs.

    fn hear(&mut self, tab: usize) {
        match self.tabs[tab].heard.pop_front() {
            Some(text) if text == LOST => {
                self.tabs[tab].heard.push_front(text);
                self.hear_of_loss(tab);
            }
            Some(text) => drop(self.handle(tab, Event::Heard(text))),
            None => {}
        }
    }

    /// A tab hears that its lock was taken from it, if that is so, before anything becomes of another one.
    fn hear_of_loss(&mut self, tab: usize) {
        if self.tabs[tab].lost() {
            self.tabs[tab].heard.retain(|text| text != LOST);
            self.abandon(tab);
            self.handle(tab, Event::LockLost);
        }
    }

    /// What is told is heard at once, where it does not take its time.
    fn hear_at_once(&mut self) {
        let hears = |tab: &Tab| tab.is_awake() && !tab.heard.is_empty();
        if self.setup.slow_words || self.depth > 0 {
            return;
        }
        let mut words = 0;
        self.depth += 1;
        while self.broken.is_none()
            && let Some(tab) = self.tabs.iter().position(hears)
        {
            self.hear(tab);
            words += 1;
            if words > MAX_WORDS {
                self.fail(checks::SETTLES, "tabs talk for ever".to_string());
            }
        }
        self.depth -= 1;
    }

    fn tell(&mut self, from: usize, text: &str) {
        if self.tabs[from].away {
            return;
        }
        for (tab, page) in self.tabs.iter_mut().enumerate() {
            if tab != from && page.is_open() && page.shares && !page.away {
                page.heard.push_back(text.to_string());
            }
        }
    }

    /// Lets go of the lock, or of the place in the queue; the next one has it.
    fn leave_queue(&mut self, tab: usize) {
        self.queue.retain(|waiting| *waiting != tab);
        if self.holder == Some(tab) {
            self.holder = None;
            self.abandon(tab);
            if let Some(next) = self.queue.pop_front() {
                self.holder = Some(next);
                self.handle(next, Event::LockGained);
            }
        }
    }

    fn lock(&mut self, tab: usize, action: &Action) {
        let page = &mut self.tabs[tab];
        if page.away {
            page.wants_lock = matches!(action, Action::TakeLock);
            return;
        }
        self.hear_of_loss(tab);
        match action {
            Action::TakeLock if self.holder == Some(tab) || self.queue.contains(&tab) => {}
            Action::TakeLock if self.holder.is_none() && self.queue.is_empty() => {
                self.holder = Some(tab);
                self.handle(tab, Event::LockGained);
            }
            Action::TakeLock => self.queue.push_back(tab),
            Action::StealLock => {
                self.tally.fault("lock stolen");
                self.faults += 1;
                self.queue.retain(|waiting| *waiting != tab);
                if let Some(holder) = self.holder.replace(tab).filter(|holder| *holder != tab) {
                    self.abandon(holder);
                    if self.setup.slow_words && self.tabs[holder].is_awake() {
                        self.tally.fault("lock lost without a word");
                        self.tabs[holder].heard.push_back(LOST.to_string());
                    } else {
                        // What it has not taken notice of yet is over.
                        self.tabs[holder].inbox.retain(|event| *event != Event::LockGained);
                        self.handle(holder, Event::LockLost);
                    }
                }
                self.handle(tab, Event::LockGained);
            }
            _ => self.leave_queue(tab),
        }
    }

    /// A tab that no longer sends gives up what it has under way, which may arrive for a while.
    fn abandon(&mut self, tab: usize) {
        let (life, until) = (self.tabs[tab].life, self.time + SETTLE - 1);
        self.tabs[tab].abandoned = true;
        for flying in &mut self.net {
            if (flying.tab, flying.life, flying.wanted) == (tab, life, true) {
                flying.until = Some(until);
            }
        }
    }

    /// Something happens to a page, and whatever follows from it at once.
    pub fn handle(&mut self, tab: usize, event: Event) -> Option<Result<Edited, Vec<Refusal>>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.fail(checks::SETTLES, format!("tab {tab} goes round in circles"));
            self.depth -= 1;
            return None;
        }
        // Whatever the next sender did, its answer comes later than the loss of the lock.
        if matches!(event, Event::Answered { .. }) && self.tabs[tab].is_awake() {
            self.hear_of_loss(tab);
        }
        let edited = self.happen(tab, event);
        self.depth -= 1;
        self.hear_at_once();
        edited
    }

    /// One that is frozen hears of it later.
    fn happen(&mut self, tab: usize, event: Event) -> Option<Result<Edited, Vec<Refusal>>> {
        let (now, time) = (self.wall(), self.time);
        let page = &mut self.tabs[tab];
        if page.frozen {
            page.inbox.push_back(event);
            return None;
        }
        let machine = page.machine.as_mut()?;
        page.log.push((now, event.clone()));
        *self.tally.events.entry(event_name(&event)).or_default() += 1;
        match &event {
            Event::Answered { id, .. } | Event::Failed { id, .. } => {
                page.open.take_if(|(open, _)| open == id);
                page.abandoned &= page.open.is_some();
            }
            Event::Woke => page.wake = None,
            _ => {}
        }
        let wait = match &event {
            Event::Answered { retry_after: Some(wait), .. } => wait.parse::<u64>().ok(),
            _ => None,
        };
        let tries = machine.attempt();
        let before = machine.phase().as_str();
        let told = self.aloud.then(|| format!("{event:?}"));
        let actions = machine.handle(event, now);
        let after = machine.phase().as_str();
        // The answer to an attempt that was given up says nothing.
        if let Some(seconds) = wait.filter(|_| machine.attempt() > tries) {
            page.not_before = time + (seconds * 1000).min(MAX_RETRY_AFTER);
        }
        if let Some(told) = told {
            let (revision, acknowledged) = (machine.revision(), machine.acknowledged());
            println!("  {time} tab {tab}: {told:.300}\n    {before} → {after}, {acknowledged} of {revision}");
            for action in &actions.list {
                println!("    {:.900}", format!("{action:?}"));
            }
        }
        if before != after {
            *self.tally.transitions.entry((before, after)).or_default() += 1;
        }
        // What becomes of the lock is told when everything else is done.
        let mut locks = Vec::new();
        for action in actions.list {
            match action {
                Action::Send(send) => self.leave(tab, send),
                Action::Store(writes) => {
                    if self.tabs[tab].writing.replace(writes).is_some() {
                        self.fail(checks::ONE_TRANSACTION, format!("tab {tab}"));
                    }
                }
                Action::WakeAt(at) => self.tabs[tab].wake = Some(time + at.saturating_sub(now)),
                Action::Emit(notice) => self.told(tab, notice),
                Action::Tell(text) => self.tell(tab, &text),
                Action::TakeLock | Action::StealLock | Action::YieldLock => locks.push(action),
            }
        }
        checks::always(self, tab);
        for action in locks {
            self.lock(tab, &action);
        }
        self.commit_at_once(tab);
        actions.edited
    }

    /// Transactions that take no time end, except of a page that has still to hear what happened while
    /// it stood still.
    fn commit_at_once(&mut self, tab: usize) {
        let page = &self.tabs[tab];
        let ready = page.inbox.is_empty() && self.editing != Some(tab);
        if !self.setup.slow && page.writing.is_some() && ready {
            self.commit(tab, End::Done);
        }
    }

    fn told(&mut self, tab: usize, notice: Notice) {
        match notice {
            Notice::Settled { ticket, result } => {
                let page = &mut self.tabs[tab];
                let what = page.waiting.remove(&ticket);
                if !page.answered.insert(ticket) {
                    self.fail(checks::ANSWERED_ONCE, format!("ticket {ticket} of tab {tab}"));
                }
                checks::promise(self, tab, ticket, what, &result);
            }
            Notice::Conflict { edit, .. } => {
                let edit: Json = serde_json::from_str(&edit.to_text()).expect("JSON");
                let life = self.tabs[tab].life;
                if !self.edits.reported(&edit, tab, life) {
                    self.fail(checks::EDITS_ONCE, format!("given back, and nobody made it: {edit}"));
                }
            }
            Notice::Closed { foreign, .. } => checks::closed(self, tab, foreign),
            _ => {}
        }
    }

    // The store.

    fn commit(&mut self, tab: usize, end: End) {
        if self.tabs[tab].away {
            return;
        }
        let Some(writes) = self.tabs[tab].writing.take() else { return };
        let end = if self.store.full { End::Fails } else { end };
        match end {
            End::Done => {}
            End::Fails => self.tally.fault("transaction fails"),
            End::FailsAfter => {
                self.tally.fault("transaction fails after");
                self.store.commit(&writes);
            }
            End::FailsLate => {
                self.tally.fault("transaction fails and is late");
                self.store.late.push(writes.clone());
            }
            End::Twice => {
                self.tally.fault("transaction tried twice");
                self.store.commit(&writes);
            }
        }
        // Where the store of a page gave out, another one carries it out.
        let by = if matches!(end, End::Done | End::Twice) { Some(tab) } else { self.helper(tab) };
        let event = by.map_or(Event::StoreFailed, |_| self.store.commit(&writes));
        self.tabs[tab].failed |= event == Event::StoreFailed;
        if let Some(by) = by.filter(|_| event == Event::Stored) {
            let text = writes.to_text();
            self.tell(by, &text);
            if by != tab {
                self.tally.fault("transaction of another page");
                self.handle(by, Event::Heard(text));
            }
        }
        self.handle(tab, event);
    }

    /// Another page that stores.
    pub fn helper(&self, tab: usize) -> Option<usize> {
        let helps = |page: &Tab| page.is_awake() && page.shares && page.machine().is_stored();
        let mut others = (0..self.tabs.len()).filter(|other| *other != tab);
        others.find(|other| self.tabs[tab].shares && !self.store.full && helps(&self.tabs[*other]))
    }

    fn disk(&mut self, disk: Disk) {
        match disk {
            Disk::Denied => {
                self.tally.fault("storage denied");
                self.store.denied = true;
            }
            Disk::Granted => self.store.denied = !self.setup.stored,
            Disk::Full => {
                self.tally.fault("storage full");
                self.store.full = true;
            }
            Disk::Free => self.store.full = false,
            // What is found damaged is what an earlier page left.
            Disk::Damaged if self.tabs.iter().any(Tab::is_open) => {}
            Disk::Damaged => {
                self.tally.fault("storage damaged");
                self.store.damage();
            }
        }
    }

    // Time.

    fn tick(&mut self) {
        let Some(at) = self.due() else { return };
        self.set_time(self.time.max(at));
        let due = |page: &Tab| page.due() == Some(at);
        let Some(tab) = self.tabs.iter().position(due) else { return };
        match self.tabs[tab].open {
            Some((id, over)) if over == at => {
                self.tally.fault("request times out");
                self.faults += 1;
                self.give_up(tab, id);
                self.handle(tab, Event::Failed { id, failure: Failure::Timeout });
            }
            _ => drop(self.handle(tab, Event::Woke)),
        }
    }

    pub fn pass(&mut self, milliseconds: u64) {
        let end = self.time + milliseconds;
        self.ages(milliseconds.cast_signed());
        // A page that is woken again and again goes nowhere.
        for _ in 0..100 {
            match self.due() {
                Some(at) if at <= end => self.tick(),
                _ => break,
            }
        }
        self.set_time(end);
    }

    fn set_time(&mut self, time: u64) {
        self.closing_excused |= self.closing_since.is_some_and(|since| time - since > OLD.unsigned_abs());
        self.time = time;
        let before = self.net.len();
        self.net.retain(|flying| flying.until.is_none_or(|until| time <= until) && !flying.is_stale(time));
        for _ in self.net.len()..before {
            self.tally.fault("late request is lost");
        }
    }

    /// The age of a key becomes unclear, or too great: a read decides what became of a close.
    fn ages(&mut self, milliseconds: i64) {
        let closing = |page: &Tab| page.is_open() && page.machine().phase() == Phase::Closing;
        let begun = self.closing_since.is_some() || self.tabs.iter().any(closing);
        self.closing_excused |= begun && !(0..OLD).contains(&milliseconds);
    }

    fn jump(&mut self, milliseconds: i64) {
        self.tally.fault(if milliseconds < 0 { "clock back" } else { "clock ahead" });
        self.offset += milliseconds;
        self.ages(milliseconds);
        self.unclear |= milliseconds < 0;
        for page in &mut self.tabs {
            // What passed before a clock is set back cannot be told from nothing.
            page.first_edit = None;
        }
        if milliseconds < 0 {
            self.net.retain(|flying| flying.until.is_none() || !is_closing(&flying.send));
        }
        if milliseconds > 0 {
            // Times are told by the clock: a wait that it cuts short is over, and what was waited out
            // does not arrive any more.
            self.net.retain(|flying| flying.until.is_none());
            for page in &mut self.tabs {
                page.not_before = page.not_before.saturating_sub(milliseconds.unsigned_abs());
            }
        }
    }

    // The network.

    fn leave(&mut self, tab: usize, send: Send) {
        checks::leaving(self, tab, &send);
        self.requests += 1;
        self.tally.requests += 1;
        let polled = |page: &Tab| page.waiting.values().any(|what| *what == What::Finish);
        self.polls += usize::from(polled(&self.tabs[tab]));
        let page = &mut self.tabs[tab];
        page.open = Some((send.id, self.time + send.timeout));
        page.reads = send.key.is_none();
        let (life, prices) = (page.life, self.prices);
        self.net.push(Flying {
            tab,
            life,
            send,
            answer: None,
            wanted: true,
            copied: false,
            until: None,
            left: self.time,
            prices,
        });
    }

    /// The place of a request, or of an answer, on its way.
    fn flying(&self, pick: u64, answered: bool) -> Option<usize> {
        let places: Vec<usize> =
            (0..self.net.len()).filter(|place| self.net[*place].answer.is_some() == answered).collect();
        places.get(usize::try_from(pick).ok()?.checked_rem(places.len())?).copied()
    }

    /// The request reaches the endpoint.
    fn arrive(&mut self, place: usize) -> Answer {
        let flying = &self.net[place];
        let (send, late) = (flying.send.clone(), !flying.wanted);
        if late {
            self.tally.fault("late request arrives");
        }
        let before = self.endpoint.applied.len();
        let answer = self.endpoint.take(&send, START + self.time);
        if let Some(body) = self.endpoint.applied.get(before) {
            self.evaluated = self.prices;
            self.closings += usize::from(body["customerSession"]["state"] == "closed");
            self.unevaluated = body == "reopen";
            if body == "reopen" {
                (self.closings, self.closing_since, self.closed) = (0, None, false);
                self.store.ended = false;
                self.reopened = true;
                // What waited when others ended it was nobody's to keep.
                self.foreign |= std::mem::take(&mut self.ended_elsewhere);
                self.closed_by_back_end = false;
            }
        }
        if self.net[place].is_read() {
            self.net[place].prices = self.evaluated;
        }
        answer
    }

    fn fare(&mut self, place: usize, fate: Fate) {
        if !self.net[place].wanted {
            // Nobody hears what becomes of it.
            match fate {
                Fate::Serve | Fate::Arrive | Fate::Break | Fate::Gateway(_) => drop(self.arrive(place)),
                _ => self.tally.fault("late request is lost"),
            }
            self.net.remove(place);
            return;
        }
        if !matches!(fate, Fate::Serve | Fate::Arrive | Fate::Copy) {
            self.faults += 1;
        }
        let fate = match fate {
            // What never left cannot have been doubled.
            Fate::NotSent | Fate::ApiKey if self.net[place].copied => Fate::Refuse,
            fate => fate,
        };
        match fate {
            Fate::Serve => {
                let (status, body) = self.arrive(place);
                self.answer(place, status, &body, None);
            }
            Fate::Arrive => {
                let answer = self.arrive(place);
                self.net[place].answer = Some(answer);
            }
            Fate::Lose => {
                self.tally.fault("request lost");
                self.net.remove(place);
            }
            Fate::Refuse => {
                self.tally.fault("connection refused");
                self.lose(place, Failure::Network);
            }
            Fate::Break => {
                self.tally.fault("connection breaks before");
                self.leave_on_its_way(place);
                self.fail_request(place, Failure::Network);
            }
            Fate::BreakAfter => {
                self.tally.fault("connection breaks after");
                self.arrive(place);
                self.lose(place, Failure::Network);
            }
            Fate::Instead(at) => {
                let (status, body, retry_after) = INSTEAD[at];
                self.tally.fault(name_of(status));
                let place = self.without_copies(place, status);
                self.answer(place, status, body, retry_after);
            }
            Fate::Gateway(at) => {
                self.tally.fault("gateway gives up before");
                self.leave_on_its_way(place);
                self.answer(place, GATEWAY[at], "<html>", None);
            }
            Fate::GatewayAfter(at) => {
                self.tally.fault("gateway gives up after");
                self.arrive(place);
                self.answer(place, GATEWAY[at], "<html>", None);
            }
            Fate::Portal(at) => {
                let (status, body) = PORTAL[at];
                self.tally.fault(if status == 204 { name_of(status) } else { "answer replaced: portal" });
                self.answer(place, status, body, None);
            }
            Fate::Cut => {
                self.tally.fault("answer cut");
                let (status, body) = self.arrive(place);
                let half: String = body.chars().take(body.len() / 2).collect();
                self.answer(place, status, &half, None);
            }
            Fate::Copy => {
                self.tally.fault("request copied");
                self.net[place].copied = true;
                if !self.net[place].is_read() {
                    let until = Some(self.time + self.net[place].send.timeout + SETTLE - 1);
                    let copy = Flying { wanted: false, until, ..self.net[place].clone() };
                    self.net.push(copy);
                }
            }
            Fate::NotSent => {
                self.tally.fault("headers fail");
                self.lose(place, Failure::NotSent);
            }
            Fate::ApiKey => {
                self.tally.fault("headers hold a key");
                self.lose(place, Failure::ApiKey);
            }
        }
    }

    fn come_back(&mut self, place: usize, fate: Back) {
        let flying = &self.net[place];
        let Some((status, body)) = flying.answer.clone() else { return };
        if !flying.wanted {
            self.net.remove(place);
            return;
        }
        self.tally.fault("answer late");
        match fate {
            Back::Deliver => self.answer(place, status, &body, None),
            Back::Lose => {
                self.tally.fault("answer lost");
                self.net.remove(place);
            }
            Back::Break => {
                self.tally.fault("connection breaks after");
                self.faults += 1;
                self.lose(place, Failure::Network);
            }
            Back::Cut => {
                self.tally.fault("answer cut");
                self.faults += 1;
                let half: String = body.chars().take(body.len() / 2).collect();
                self.answer(place, status, &half, None);
            }
        }
    }

    /// An answer reaches the page.
    fn answer(&mut self, place: usize, status: u16, body: &str, retry_after: Option<&str>) {
        let flying = self.net.remove(place);
        let page = &mut self.tabs[flying.tab];
        if !(200..300).contains(&status) {
            self.faults += 1;
            self.closing_excused |= status < 500 && is_closing(&flying.send);
            if let (400 | 404 | 422, Some(key)) = (status, &flying.send.key) {
                self.fields.remove(key);
            }
        }
        page.prices = flying.prices;
        let retry_after = retry_after.map(str::to_string);
        let id = flying.send.id;
        self.handle(flying.tab, Event::Answered { id, status, retry_after, body: body.to_string() });
    }

    /// The page hears that a request failed, and nothing of it is left.
    fn lose(&mut self, place: usize, failure: Failure) {
        if matches!(failure, Failure::NotSent | Failure::ApiKey) {
            self.closing_excused |= is_closing(&self.net[place].send);
        }
        self.fail_request(place, failure);
    }

    fn fail_request(&mut self, place: usize, failure: Failure) {
        let flying = self.net.remove(place);
        self.handle(flying.tab, Event::Failed { id: flying.send.id, failure });
    }

    /// Something of a request goes on that its page gives up.
    fn leave_on_its_way(&mut self, place: usize) {
        let flying = &self.net[place];
        if !flying.is_read() && !self.ages_badly(flying) {
            let copy = Flying { wanted: false, until: Some(self.time + SETTLE - 1), ..flying.clone() };
            self.net.push(copy);
        }
    }

    /// Whether a close is of unclear age: a read decides at once what became of it, so that it must
    /// not arrive after that.
    fn ages_badly(&self, flying: &Flying) -> bool {
        self.unclear && is_closing(&flying.send)
    }

    /// The page no longer waits for an attempt, which goes on.
    fn give_up(&mut self, tab: usize, id: u64) {
        let life = self.tabs[tab].life;
        let is_it = |flying: &Flying| {
            (flying.tab, flying.life, flying.send.id, flying.wanted) == (tab, life, id, true)
        };
        if let Some(place) = self.net.iter().position(is_it) {
            let flying = &self.net[place];
            if flying.is_read() || flying.answer.is_some() || self.ages_badly(flying) {
                self.net.remove(place);
                return;
            }
            let flying = &mut self.net[place];
            flying.wanted = false;
            flying.until = Some(self.time + SETTLE - 1);
        }
    }

    /// An answer that says for sure that nothing took effect is not given while a copy goes on; gives
    /// the new place of the request.
    fn without_copies(&mut self, place: usize, status: u16) -> usize {
        let flying = self.net.remove(place);
        if status < 500 {
            self.net.retain(|other| other.wanted || other.send.key != flying.send.key);
        }
        self.net.push(flying);
        self.net.len() - 1
    }

    // The end.

    /// Everything works until nothing is left to do; false when that does not come about.
    pub fn calm(&mut self) -> bool {
        for _ in 0..800 * self.tabs.len() {
            if self.broken.is_some() {
                return true;
            }
            if let Some(tab) = self.tabs.iter().position(|page| page.writing.is_some() && !page.away) {
                self.commit(tab, End::Done);
            } else if let Some(tab) = self.tabs.iter().position(|tab| tab.is_awake() && !tab.heard.is_empty())
            {
                self.hear(tab);
            } else if let Some(place) = self.flying(0, true) {
                self.come_back(place, Back::Deliver);
            } else if let Some(place) = self.flying(0, false) {
                self.fare(place, Fate::Serve);
            } else if self.due().is_some() {
                self.tick();
            } else {
                return true;
            }
        }
        false
    }

    pub fn note_safe(&mut self, tab: usize) {
        let page = &self.tabs[tab];
        let (machine, life) = (page.machine(), page.life);
        if machine.is_stored() {
            self.edits.safe(tab, life, machine.persisted(), Standing::Stored);
        }
        self.edits.safe(tab, life, machine.acknowledged(), Standing::Acknowledged);
    }
}

/// A value of the core from one of the tests.
pub fn value(json: &Json) -> Value {
    Value::parse(&json.to_string()).expect("JSON")
}

pub fn is_close(what: What) -> bool {
    matches!(what, What::Close | What::CloseSeen | What::CloseOther)
}

/// Whether a request closes the session.
pub fn is_closing(send: &Send) -> bool {
    state_of(send).as_deref() == Some(State::Closed.as_str())
}

/// The state that a request asks for.
pub fn state_of(send: &Send) -> Option<String> {
    let body: Json = serde_json::from_str(send.body.as_ref()?).ok()?;
    Some(body["customerSession"]["state"].as_str()?.to_string())
}

fn event_of(signal: Signal) -> Event {
    match signal {
        Signal::Online => Event::Online,
        Signal::Offline => Event::Offline,
        Signal::Shown => Event::Shown,
        Signal::Hidden => Event::Hidden,
    }
}

/// Every kind of event, by the name under which it is counted.
pub const EVENTS: &[&str] = &[
    "Opened",
    "Edited",
    "Stored",
    "StoreFailed",
    "Behind",
    "LockGained",
    "LockLost",
    "Heard",
    "Woke",
    "Answered",
    "Failed",
    "Online",
    "Offline",
    "Shown",
    "Hidden",
    "Asked",
    "Forgotten",
];

fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Opened => "Opened",
        Event::Edited(_) => "Edited",
        Event::Stored => "Stored",
        Event::StoreFailed => "StoreFailed",
        Event::Behind(_) => "Behind",
        Event::LockGained => "LockGained",
        Event::LockLost => "LockLost",
        Event::Heard(_) => "Heard",
        Event::Woke => "Woke",
        Event::Answered { .. } => "Answered",
        Event::Failed { .. } => "Failed",
        Event::Online => "Online",
        Event::Offline => "Offline",
        Event::Shown => "Shown",
        Event::Hidden => "Hidden",
        Event::Asked { .. } => "Asked",
        Event::Forgotten { .. } => "Forgotten",
    }
}

fn name_of(status: u16) -> &'static str {
    match status {
        204 => "answer replaced: 204",
        400 => "answer replaced: 400",
        401 => "answer replaced: 401",
        403 => "answer replaced: 403",
        409 => "answer replaced: 409",
        422 => "answer replaced: 422",
        429 => "answer replaced: 429",
        _ => "answer replaced: 5xx",
    }
}
