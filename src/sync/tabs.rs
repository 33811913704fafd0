//! Several tabs with one session: one of them sends, all of them edit, and each hears of what the
//! others stored (rule 2, "Store and tabs").

use crate::draft::Draft;
use crate::model::json::{Value, write_list, write_string};
use crate::sync::error::{SyncCode, SyncError};
use crate::sync::event::{Action, Ask};
use crate::sync::journal::read_entries;
use crate::sync::machine::Machine;
use crate::sync::moves::Move;
use crate::sync::record::{Stored, count, number};

/// How long a sender may take to answer before a tab that is looked at takes its place, in milliseconds.
const PATIENCE: u64 = 5000;

/// The same for a tab that stores nothing: where it is alone, nobody answers.
const SHORT_PATIENCE: u64 = 1000;

/// What a tab has to do with the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Part {
    /// There are no other tabs: nothing is shared.
    #[default]
    Alone,
    /// Another tab sends, or may.
    Follower,
    /// It has the lock; that is not on record yet.
    Taking,
    /// It sends.
    Sender,
}

/// Where this tab stands among the others.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Tabs {
    pub(super) part: Part,
    /// Whether the lock is this tab's, as far as it knows.
    holds: bool,
    hidden: bool,
    /// Since when the role of the sender is asked for, and whether the sender answered.
    wish: Option<(u64, bool)>,
    /// Whether another tab asks for it.
    wished: bool,
    /// Whether any other tab would do better.
    offered: bool,
    /// What waits until this tab is the sender.
    asks: Vec<(u64, Ask)>,
}

impl Machine {
    /// Whether it is this tab that talks to the endpoint.
    pub(super) fn leads(&self) -> bool {
        matches!(self.tabs.part, Part::Alone | Part::Sender)
    }

    /// Begins as one of several tabs.
    pub(super) fn join(&mut self) {
        if self.tabs.part != Part::Follower {
            return;
        }
        if !self.options.locked {
            self.out.push(Action::TakeLock);
            return;
        }
        self.tabs.holds = true;
        self.claim();
        if self.keeping.version == 0 {
            self.leads_now();
        }
    }

    /// The lock is this tab's: whatever another one had begun is found in the store.
    pub(super) fn lock_gained(&mut self) {
        if self.tabs.part != Part::Follower {
            return;
        }
        self.tabs.holds = true;
        self.claim();
        // What is not known to be there may have been stored meanwhile.
        self.keeping.reads |= !self.keeping.whole || self.keeping.version == 0;
    }

    /// Raises the epoch, so that whoever had the role before can write nothing any more.
    fn claim(&mut self) {
        self.tabs.part = Part::Taking;
        self.tabs.wish = None;
        self.keeping.claims = self.keeping.works;
        if !self.keeping.works {
            self.leads_now();
        }
    }

    /// The role is on record, or there is no record.
    pub(super) fn leads_now(&mut self) {
        if self.tabs.part != Part::Taking {
            return;
        }
        self.tabs.part = Part::Sender;
        self.touched = true;
        self.update_wanted |= self.reopened;
        if !self.keeping.works && self.opening.is_none() {
            self.keeping.rejoins = true;
            self.read_wanted = true;
        }
        for (ticket, ask) in std::mem::take(&mut self.tabs.asks) {
            self.ask(ticket, ask);
        }
    }

    /// Another tab took the lock, or the page is put away.
    pub(super) fn lock_lost(&mut self) {
        if self.tabs.part != Part::Alone {
            self.tabs.holds = false;
            self.stop_leading();
            self.wait_for_lock();
        }
    }

    /// Waits for the lock behind everybody else who does.
    fn wait_for_lock(&mut self) {
        self.tabs.holds = false;
        self.tabs.wish = None;
        self.out.push(Action::YieldLock);
        // One that stores nothing stands in the way of one that does only where that is not there.
        if self.keeping.works {
            self.out.push(Action::TakeLock);
        }
    }

    /// What is under way is the next sender's, who finds it in the store.
    pub(super) fn stop_leading(&mut self) {
        if self.tabs.part == Part::Sender {
            // Where another tab took the role, it has the lock, whatever is known here.
            if self.tabs.holds {
                self.wait_for_lock();
            }
            self.recall();
            self.tabs.wished = false;
            self.touched = true;
            let recorded = self.keeping.is_recorded();
            let stays = |moving: &Move| moving.begun && (recorded || moving.is_of_order());
            if let Some(moving) = self.moving.take_if(|moving| !stays(moving)) {
                self.put_off_move(moving);
            }
        }
        let flight = self.flight.take().map(|(_, attempt)| attempt).or(self.unknown.take());
        // It may take effect, whoever finds it on record or cannot.
        if let Some(attempt) = flight.filter(|attempt| attempt.key.is_some()) {
            self.suspects(attempt.sends);
            if !self.keeping.works {
                self.verify_move(attempt.kind);
            }
        }
        self.keeping.whole = false;
        self.keeping.answer = None;
        // What was read is the sender's to store; without it the edits on top of it are made twice.
        self.keeping.reads |= self.keeping.adopted;
        self.tabs.part = Part::Follower;
        self.keeping.claims = false;
        if self.tabs.holds {
            self.claim();
        }
    }

    /// Keeps what only the sender can do until this tab is the sender.
    pub(super) fn put_off(&mut self, ticket: u64, ask: Ask) {
        self.tabs.asks.push((ticket, ask));
    }

    /// The same with a move.
    pub(super) fn put_off_move(&mut self, moving: Move) {
        self.tabs.asks.append(&mut moving.into_asks());
    }

    /// They no longer wait.
    pub(super) fn forget_put_off(&mut self, ticket: u64) {
        self.tabs.asks.retain(|(waiting, _)| *waiting != ticket);
    }

    /// The page is looked at, or put away.
    pub(super) fn seen(&mut self, hidden: bool) {
        self.tabs.hidden = hidden;
        // A page that stood still may not have heard of everything.
        self.keeping.reads |= !hidden && self.tabs.part == Part::Follower;
    }

    /// Whether somebody waits for what this tab is to do.
    fn is_asked(&self) -> bool {
        let moves =
            self.moving.as_ref().is_some_and(|moving| !moving.is_of_order() && !moving.tickets.is_empty());
        moves || !self.waiting.is_empty() || !self.tabs.asks.is_empty() || !self.previews.is_empty()
    }

    /// Asks for the role of the sender when there is something to send: the shopper is here.
    pub(super) fn wish(&mut self) {
        // While a store that gave out is tried again, it is not known who of two is to have the role.
        let tries =
            self.keeping.works && self.keeping.failed && (self.keeping.reads || self.keeping.is_busy());
        if self.tabs.part != Part::Follower || tries {
            return;
        }
        let (patience, word) = match self.keeping.works {
            false => (SHORT_PATIENCE, "anybody"),
            // Two that nobody looks at would take it from each other for ever.
            true => (PATIENCE, if self.tabs.hidden { "turn" } else { "wish" }),
        };
        let may_read = self.keeping.works || self.is_dirty() || self.opening.is_some() || self.read_wanted;
        let due = if self.is_asked() {
            Some(0)
        } else {
            // What waits before its next try waits in the role of the sender too.
            let due = self.next_due().filter(|_| !self.tabs.hidden && may_read);
            due.map(|due| due.max(self.resume_at))
        };
        let Some(due) = due else {
            self.tabs.wish = None;
            return;
        };
        let due = match self.tabs.wish {
            None => due,
            Some((since, _)) => since.saturating_add(patience),
        };
        if due > self.now {
            self.out.push(Action::WakeAt(due));
            return;
        }
        // One that does not answer stands still, or is no more.
        if matches!(self.tabs.wish, Some((_, false))) && !self.tabs.hidden {
            self.out.push(Action::StealLock);
        } else {
            self.tell(word);
        }
        self.tabs.wish = Some((self.now, false));
        self.out.push(Action::WakeAt(self.now.saturating_add(patience)));
    }

    pub(super) fn tell(&mut self, word: &str) {
        let mut text = "{\"word\":".to_string();
        write_string(word, &mut text);
        text.push('}');
        self.out.push(Action::Tell(text));
    }

    /// Lets the tab have the role that asked for it, between two requests.
    pub(super) fn maybe_yield(&mut self) {
        let busy = self.flight.is_some() || self.keeping.held.is_some() || self.keeping.is_busy();
        // What is not on record cannot be found by another tab.
        let known = self.keeping.works || (self.unknown.is_none() && self.moving.is_none());
        let wished = self.tabs.wished && (self.tabs.hidden || !self.is_asked());
        if !busy && known && (wished || self.tabs.offered) && self.tabs.part == Part::Sender {
            self.tabs.offered = false;
            self.wait_for_lock();
            self.stop_leading();
            self.keeping.hands_over = true;
            if !self.keeping.works {
                self.hand_over();
            }
        }
    }

    /// Lets another tab have the role, if there is one, and its edits: this one stores nothing any more, or still not.
    pub(super) fn offer(&mut self, again: bool) {
        self.keeping.hands_over = true;
        self.tabs.offered = true;
        self.maybe_yield();
        if self.tabs.part == Part::Follower {
            self.out.push(Action::YieldLock);
            if again {
                // Soon enough is the next time.
                self.tabs.wish = Some((self.now, true));
            }
        }
    }

    /// There is a sender. One that stores may store for this tab too; of those that do not, each sends its own edits.
    fn answered_by(&mut self, stores: bool) {
        let Some((since, false)) = self.tabs.wish else { return };
        self.tabs.wish = Some((since, true));
        // The store of a newer version is not this tab's to try.
        if self.keeping.works || !self.keeping.failed {
            return;
        }
        self.out.push(Action::TakeLock);
        if stores {
            self.touched = true;
            self.keeping.works = true;
            self.keeping.reads = true;
            self.tabs.wish = None;
        } else {
            self.tell("turn");
        }
    }

    /// Tells other tabs of edits that cannot be stored here: one that stores them tells of them again.
    pub(super) fn hand_over(&mut self) {
        if self.leads() || !std::mem::take(&mut self.keeping.hands_over) || self.keeping.pending.is_empty() {
            return;
        }
        let mut text = "{\"word\":\"take\"".to_string();
        number("acknowledged", self.acknowledged, &mut text);
        text.push_str(",\"journal\":");
        write_list(&self.keeping.pending, &mut text, |pending, out| write_string(&pending.to_text(), out));
        text.push('}');
        self.out.push(Action::Tell(text));
    }

    /// Takes edits that another tab cannot store, each one once.
    fn take_over(&mut self, value: &Value) {
        let Some(entries) = read_entries(&Stored::read(value).journal, 0) else {
            return;
        };
        let acknowledged = count(value, "acknowledged").unwrap_or_default();
        for entry in entries {
            // What the endpoint has is in the session that is about to be read.
            if self.opening.is_some() && entry.revision <= acknowledged {
                self.keeping.note(&entry.by);
                continue;
            }
            let known = self.keeping.outstanding().any(|pending| pending.by == entry.by);
            if !known && !self.keeping.has(&entry.by) {
                let known = self.revision;
                self.make_again(vec![entry.into_pending()], known);
            }
        }
    }

    /// What another tab says or stored. Anything else was said by another version of this package.
    pub(super) fn heard(&mut self, text: &str) {
        let Ok(value) = Value::parse(text) else {
            return;
        };
        let here = if self.is_stored() { "here" } else { "also" };
        match value.get("word").and_then(Value::as_str) {
            Some(word @ ("wish" | "turn")) if self.tabs.part != Part::Follower => {
                // One that stores has the role, and the edits, at once; who does not has a turn after the other.
                let done = self.keeping.works || (self.opening.is_none() && self.next_due().is_none());
                let may = word == "wish" || (done && !self.is_asked());
                self.tabs.wished |= self.tabs.part == Part::Sender && may;
                self.tell(here);
            }
            // One that stores nothing may be content that there is a sender.
            Some("anybody") if self.tabs.part != Part::Follower => self.tell(here),
            Some("take") if self.keeping.works => self.take_over(&value),
            // What the endpoint has is all that tabs without a store have in common.
            Some("news") if !self.keeping.works && !self.leads() => {
                self.quote_fresh = false;
                self.read_wanted = true;
                self.touched = true;
            }
            Some(word @ ("here" | "also")) => self.answered_by(word == "here"),
            Some(_) => {}
            None if self.keeping.is_busy() => self.keeping.heard.push(value),
            None => self.follow_writes(&value),
        }
    }

    /// What was heard while a transaction was under way.
    pub(super) fn hear_the_rest(&mut self) {
        for value in std::mem::take(&mut self.keeping.heard) {
            self.follow_writes(&value);
        }
    }

    fn follow_writes(&mut self, value: &Value) {
        let stored = Stored::read(value);
        let Some(expect) = count(value, "expect") else {
            return;
        };
        let known = self.keeping.version;
        // Where nothing can be read, what is missing comes by and by.
        if expect != known && (self.keeping.works || stored.version <= known) {
            // What came before is missing; what is old is known, but for the quote.
            let is_news = stored.version > known || expect == 0;
            self.keeping.reads |= is_news;
            if !is_news && !self.quote_fresh {
                self.take_late_answer(&stored, value);
            }
            return;
        }
        let clears = value.get("clear") == Some(&Value::Bool(true));
        self.keeping.version = stored.version;
        if stored.epoch > 0 {
            self.keeping.epoch = stored.epoch;
        }
        if stored.epoch > 0 && self.keeping.works {
            // By its lock it must not be: the one who wrote took it.
            if self.leads() {
                self.stop_leading();
            }
        }
        if !self.leads() {
            self.keeping.whole = false;
            self.unknown = None;
        }
        if self.follow_all(&stored, value, clears).is_none() {
            self.keeping.reads = true;
        }
    }

    /// The answer that the confirmed draft was confirmed with, which the store does not have.
    fn take_late_answer(&mut self, stored: &Stored, value: &Value) {
        let head = stored.head.as_ref().and_then(|head| Value::parse(head).ok());
        let revision = head.and_then(|head| count(&head, "revision"));
        let answer =
            value.get("answer").and_then(Value::as_str).and_then(|text| Value::parse_lenient(text).ok());
        // What was told before the session ended does not open it again.
        let same = |answer: &Value| {
            answer.at("customerSession").text("state") == Some(self.state.as_str())
                && revision == Some(self.acknowledged)
        };
        if let Some(answer) = answer.filter(same) {
            let fresh = self.is_fresh(value);
            // What is in an order that was found in the records has to be read all the same.
            self.read_wanted &= !fresh || self.reads_back;
            self.take_told_quote(&answer, fresh);
        }
    }

    /// Whether the quote that is told is fresh for what is confirmed here.
    fn is_fresh(&self, value: &Value) -> bool {
        count(value, "fresh") == Some(self.acknowledged)
    }

    /// The answer that another tab had.
    fn take_told_quote(&mut self, answer: &Value, fresh: bool) {
        let session = answer.get("customerSession").unwrap_or(&Value::Null);
        let loyalty = answer.get("loyalty").is_none().then(|| self.kept_loyalty(session)).flatten();
        if *session != Value::Null {
            self.take_state(session);
        }
        self.foreign = None;
        // Of an order the answer tells only what is taken back.
        let of_order = *session == Value::Null || answer.get("return").is_some();
        self.take_quote(answer, fresh, loyalty, of_order);
    }

    /// None where something is damaged.
    fn follow_all(&mut self, stored: &Stored, value: &Value, clears: bool) -> Option<()> {
        let parse = |text: &String| Value::parse(text).ok();
        let was_open = self.state.is_open();
        let mut adopted = false;
        if let Some(head) = &stored.head {
            adopted = !clears && self.follow_head(&parse(head)?)?;
        }
        let entries = read_entries(&stored.journal, self.keeping.seen)?;
        if adopted && entries.is_empty() {
            self.insert_nothing();
        }
        self.insert(entries);
        if let Some(answer) = value.get("answer").and_then(Value::as_str) {
            let answer = Value::parse_lenient(answer).ok()?;
            self.take_told_quote(&answer, self.is_fresh(value));
        }
        if clears {
            self.keeping.cleared_by_another();
            let head = stored.head.as_ref().and_then(parse);
            self.keeping.foreign = head.and_then(|head| count(&head, "foreign")) != Some(0);
        }
        let sending = match &stored.sending {
            Some(sending) => parse(sending)?,
            None if clears => Value::Null,
            None => return Some(()),
        };
        self.follow_sending(&sending);
        let moving = self.moving.take();
        let known = moving.is_some();
        self.moving = Move::from_record(&sending);
        self.follow_move(moving);
        if clears && was_open {
            self.ended_by(!known, self.keeping.foreign);
        }
        Some(())
    }

    /// The draft as the sender has it confirmed; whether it is one that was adopted.
    fn follow_head(&mut self, head: &Value) -> Option<bool> {
        let revision = count(head, "revision")?;
        // Of a session that was over nothing else is known here.
        let over = !self.state.is_open();
        let adopts = over || revision > self.keeping.base_revision;
        let same = revision == self.keeping.base_revision;
        let open = head.get("open").is_some();
        if open && adopts {
            return None;
        }
        if (over || revision > self.acknowledged) && !open {
            let draft = match self.keeping.base.as_ref().filter(|_| same && !over) {
                Some(base) => base.clone(),
                None => Draft::read_record(head.get("draft")?, self.options.limits)?,
            };
            self.acknowledged = revision;
            self.quote_fresh = false;
            if adopts {
                self.keeping.take_base(draft.clone(), revision);
            }
            self.acknowledged_draft = draft;
        }
        self.opening = None;
        if let Some(session) = head.get("session") {
            self.take_state(session);
            self.own = self.session.clone();
        }
        self.all_changed();
        Some(adopts)
    }

    /// The move as the sender's record has it takes the place of the one that is known here; who waits
    /// for one that is over is told.
    pub(super) fn follow_move(&mut self, known: Option<Move>) {
        let Some(mut known) = known else {
            return;
        };
        if let Some(moving) = &mut self.moving {
            known = match moving.join(known) {
                None => return,
                Some(other) => other,
            };
        }
        let free = self.moving.is_none();
        let reached = self.is_reached(&known);
        if !reached && free && (!known.begun || (known.is_of_order() && !known.tickets.is_empty())) {
            if known.begun {
                // Its record may be gone before its answer was heard of: a read tells.
                known.verify();
                self.read_wanted = true;
            }
            self.moving = Some(known);
            return;
        }
        let tickets = known.everybody();
        if reached && free {
            self.moving = Some(known);
            self.moved();
        }
        let code = if free { SyncCode::Rejected } else { SyncCode::Aborted };
        for ticket in tickets {
            match reached {
                true => self.resolve(ticket, crate::sync::Reply::Done),
                false => self.reject(ticket, SyncError::new(code)),
            }
        }
        self.all_changed();
    }

    /// Goals that a tab without the role can see reached by itself.
    pub(super) fn is_for_all(ask: &Ask) -> bool {
        matches!(ask, Ask::Flush | Ask::Settled | Ask::Refresh)
    }
}
