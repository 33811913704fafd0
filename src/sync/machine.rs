//! The state of a checkout and what events do to it.

use std::sync::Arc;

use crate::amount::Amount;
use crate::draft::command::{Command, LineIds};
use crate::draft::effects::{Role, role};
use crate::draft::field::Field;
use crate::draft::quote::{Outcome, Quote, Verdict};
use crate::draft::refusal::{Code, Refusal};
use crate::draft::state::State;
use crate::draft::{Change, Draft, Item, Line, LineChange, LineId};
use crate::model::index::{firsts, keys};
use crate::model::json::{Object, Value, write_list, write_string};
use crate::model::wire::{Path, Source, Step};
use crate::sync::backoff::Random;
use crate::sync::error::SyncError;
use crate::sync::event::{Action, Actions, Coupon, Edit, Edited, Event, Notice, Status, commands};
use crate::sync::keeping::Keeping;
use crate::sync::moves::Move;
use crate::sync::options::{Mode, Options};
use crate::sync::send::{Attempt, Kind, Preview};
use crate::sync::tabs::{Part, Tabs};

/// One checkout: the draft, what the server knows of it, and what is under way.
#[derive(Debug, Clone)]
pub struct Machine {
    pub(super) options: Options,
    pub(super) now: u64,
    pub(super) random: Random,
    pub(super) ids: LineIds,
    pub(super) out: Vec<Action>,
    pub(super) touched: bool,
    changes: Change,

    pub(super) draft: Draft,
    pub(super) revision: u64,
    pub(super) acknowledged: u64,
    pub(super) acknowledged_draft: Draft,
    /// What was confirmed before edits were made again on top of what was read, and the revision that
    /// they have now: nobody was told that number.
    pub(super) made_again: (u64, u64),
    pub(super) state: State,
    pub(super) session: Option<Arc<Value>>,
    /// The last session that is ours: answered to an update, or adopted.
    pub(super) own: Option<Arc<Value>>,
    pub(super) quote: Option<Arc<Quote>>,
    pub(super) quote_revision: u64,
    pub(super) quote_fresh: bool,

    /// Edits made before the server's session is known: they are made again on top of it.
    pub(super) opening: Option<Vec<Edit>>,
    pub(super) flight: Option<(u64, Attempt)>,
    /// An attempt of unknown fate: its bytes go again until they are answered (rule 4).
    pub(super) unknown: Option<Attempt>,
    pub(super) moving: Option<Move>,
    pub(super) previews: Vec<Preview>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) read_wanted: bool,
    /// Whether the next read is the first one since the store was read: others may have written meanwhile.
    pub(super) reads_back: bool,
    pub(super) keeping: Keeping,
    pub(super) tabs: Tabs,
    /// When the last attempt was made that may still arrive (rule 8); how often such were sent.
    pub(super) suspect: Option<u64>,
    pub(super) doubts: i64,
    /// The update count at which somebody else was seen to write; none where the newest answer shows nothing of it.
    pub(super) foreign: Option<i64>,
    /// The draft is to be sent although nothing in it is new, for a fresh quote.
    pub(super) update_wanted: bool,
    /// Whether nothing was confirmed since the order was reopened: what a read quotes is not of the cart
    /// as it is now.
    pub(super) reopened: bool,

    pub(super) next_attempt: u64,
    pub(super) attempt: u32,
    pub(super) bad_answers: u32,
    pub(super) headers_retried: bool,
    /// No request before this time; 0 where nothing holds it up.
    pub(super) resume_at: u64,
    /// The part of it that a `Retry-After` asked for, which nothing shortens.
    pub(super) not_before: u64,
    pub(super) blocked: Option<Block>,
    pub(super) error: Option<SyncError>,
    pub(super) online: bool,
    pub(super) first_edit: Option<u64>,
    pub(super) last_edit: u64,
    pub(super) urgent: bool,
}

/// Why nothing is sent, and until when.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) error: SyncError,
    pub(super) until: Until,
}

/// What ends a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// The next edit: the same draft would be refused again.
    Edit,
    /// Somebody who asks: no edit mends it.
    Ask,
    /// Either of them.
    EditOrAsk,
}

/// Somebody who waits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Waiting {
    pub(super) ticket: u64,
    pub(super) goal: Goal,
}

/// What they wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// This revision acknowledged.
    Flush(u64),
    /// Everything acknowledged and the quote fresh.
    Settled,
    /// An answer to a read; and how often it was tried.
    Refresh(u32),
}

/// What the checkout is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is to be done.
    Idle,
    /// The server's session is not known yet.
    Opening,
    /// An update waits for further edits.
    Scheduled,
    /// A request is under way.
    Sending,
    /// A request failed and will be made again.
    Waiting,
    /// There is no network.
    Offline,
    /// Nothing is sent until an edit or a flush.
    Blocked,
    /// Edits wait for `flush()`.
    Manual,
    /// Another tab is to send what waits.
    Follower,
    /// The session is being closed, prepared or cancelled.
    Closing,
    /// The session is over, and nothing is done with the order.
    Finished,
}

impl Phase {
    /// The phase as the JavaScript surface spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Idle => "idle",
            Phase::Opening => "opening",
            Phase::Scheduled => "scheduled",
            Phase::Sending => "sending",
            Phase::Waiting => "waiting",
            Phase::Offline => "offline",
            Phase::Blocked => "blocked",
            Phase::Manual => "manual",
            Phase::Follower => "follower",
            Phase::Closing => "closing",
            Phase::Finished => "finished",
        }
    }
}

impl Machine {
    /// A checkout that has not begun; [`Event::Opened`] begins it. Refused when `initial` breaks a
    /// limit.
    pub fn new(options: Options) -> Result<Machine, Vec<Refusal>> {
        let mut random = Random::new(options.seed);
        let mut ids = LineIds::new(random.bits());
        let mut options = options;
        let initial = match &options.initial_draft {
            None => None,
            Some((source, session)) => {
                let first = ids.first();
                let command = Command::load(session, *source, &mut ids)?;
                Draft::new(options.limits).apply(&command)?;
                let given = match source {
                    Source::Text => ("text", Value::String(session.to_text())),
                    _ => ("session", session.clone()),
                };
                let (name, value) = given;
                let mut raw = Object::of("do", Value::String("load".to_string()));
                raw.set(name, value);
                Some(Edit { command, raw: Value::Object(raw), ids: first })
            }
        };
        let stored = options.stored.take();
        let mut machine = Machine::fresh(options, random, ids);
        if let Some(stored) = stored {
            machine = machine.restored_from(&stored);
            machine.tabs.part = Part::Follower;
            // That nobody else can know the session is to be known after a reload too.
            machine.keeping.head |= machine.options.session_is_new;
        }
        if let Some(answer) = machine.options.initial_answer.take() {
            if !machine.is_ours(Kind::Read, &answer) {
                let steps = ["initial", "answer"].map(|step| Step::Key(step.to_string()));
                return Err(vec![Refusal::new(Code::ValueType, steps.to_vec())]);
            }
            machine.read_session(&answer, 0)?;
        }
        // What the shopper did here before is newer than what the page brings along.
        if let Some(edit) = initial.filter(|_| !machine.is_stored() || machine.revision == 0) {
            machine.edit(vec![edit])?;
        }
        machine.out.retain(|action| matches!(action, Action::Emit(Notice::Conflict { .. })));
        Ok(machine)
    }

    /// A checkout of which nothing is known.
    pub(super) fn fresh(options: Options, random: Random, ids: LineIds) -> Machine {
        let draft = Draft::new(options.limits);
        let known = !options.session_is_new;
        Machine {
            now: 0,
            ids,
            out: Vec::new(),
            touched: false,
            changes: Change::default(),
            acknowledged_draft: draft.clone(),
            made_again: (0, 0),
            draft,
            revision: 0,
            acknowledged: 0,
            state: State::Open,
            session: None,
            own: None,
            quote: None,
            quote_revision: 0,
            quote_fresh: false,
            opening: known.then(Vec::new),
            flight: None,
            unknown: None,
            moving: None,
            previews: Vec::new(),
            waiting: Vec::new(),
            read_wanted: false,
            reads_back: false,
            keeping: Keeping::default(),
            tabs: Tabs::default(),
            suspect: None,
            doubts: 0,
            foreign: None,
            update_wanted: false,
            reopened: false,
            next_attempt: 1,
            attempt: 0,
            bad_answers: 0,
            headers_retried: false,
            resume_at: 0,
            not_before: 0,
            blocked: None,
            error: None,
            online: true,
            first_edit: None,
            last_edit: 0,
            urgent: false,
            options,
            random,
        }
    }

    /// Takes an event in and says what is to be done; `now` is in milliseconds since 1970.
    pub fn handle(&mut self, event: Event, now: u64) -> Actions {
        self.follow_clock(now);
        let before = (self.phase(), self.attempt, self.resume_at, self.error.clone(), self.foreign);
        let mut edited = None;
        match event {
            Event::Opened => {
                self.tell_trouble();
                self.join();
            }
            Event::Edited(edits) => edited = Some(self.edit(edits)),
            Event::Stored => self.stored(),
            Event::Behind(stored) => self.behind(&stored),
            Event::StoreFailed => self.store_failed(),
            Event::Woke => {}
            Event::Answered { id, status, retry_after, body } => {
                self.answered(id, status, retry_after.as_deref(), &body);
            }
            Event::Failed { id, failure } => self.failed(id, failure),
            Event::Online => {
                self.online = true;
                self.resume_at = self.not_before;
            }
            Event::Offline => {
                self.online = false;
                self.resume_at = self.resume_at.max(now.saturating_add(self.options.cap));
            }
            Event::Shown => {
                self.resume_at = self.not_before;
                self.seen(false);
            }
            Event::Hidden => {
                self.urgent |= self.is_dirty();
                self.seen(true);
            }
            Event::LockGained => self.lock_gained(),
            Event::LockLost => self.lock_lost(),
            Event::Heard(text) => self.heard(&text),
            Event::Asked { ticket, ask } => self.ask(ticket, ask),
            Event::Forgotten { ticket } => self.forget(ticket),
        }
        self.settle();
        self.pump();
        self.settle();
        self.store();
        self.maybe_yield();
        let after = (self.phase(), self.attempt, self.resume_at, self.error.clone(), self.foreign);
        if before != after {
            self.touched = true;
            self.emit(Notice::Sync);
            if let (Some(error), true) = (&after.3, before.3 != after.3) {
                let error = error.clone();
                self.emit(Notice::Error(error));
            }
        }
        let mut list = std::mem::take(&mut self.out);
        if std::mem::take(&mut self.touched) {
            list.insert(0, Action::Emit(Notice::Change));
        }
        Actions { list, edited }
    }

    /// Takes the time; where the clock went back, what is waited for keeps its distance.
    fn follow_clock(&mut self, now: u64) {
        let back = self.now.saturating_sub(now);
        for time in [&mut self.resume_at, &mut self.not_before, &mut self.last_edit] {
            *time = time.saturating_sub(back);
        }
        self.first_edit = self.first_edit.map(|first| first.saturating_sub(back));
        // One that another page noted may be later than now.
        self.suspect = self.suspect.map(|since| since.saturating_sub(back).min(now));
        self.now = now;
    }

    /// Reads a command; its line ids are new ones.
    pub fn read_command(&mut self, value: &Value) -> Result<Edit, Vec<Refusal>> {
        let ids = self.ids.first();
        let mut raw = value.clone();
        self.resolve_line(&mut raw);
        let command = Command::read(&raw, &mut self.ids)?;
        // No two edits have the same: it tells them apart wherever they are made again.
        if self.ids.first() == ids {
            self.ids.make();
        }
        Ok(Edit { command, raw, ids })
    }

    /// Whether edits are accepted now.
    pub fn may_edit(&self) -> Result<(), Refusal> {
        if !self.state.is_open() {
            return Err(Refusal::new(Code::SessionFinished, Path::new()).with_actual(self.state.as_str()));
        }
        if self.moving.as_ref().is_some_and(Move::holds_edits) {
            return Err(Refusal::new(Code::SessionClosing, Path::new()));
        }
        Ok(())
    }

    pub(super) fn edit(&mut self, edits: Vec<Edit>) -> Result<Edited, Vec<Refusal>> {
        self.may_edit().map_err(|refusal| vec![refusal])?;
        let change = self.draft.apply_all(&commands(&edits))?;
        let line = change.line;
        if !change.is_none() {
            self.drafted(change);
            self.keep(&edits);
            // What is not stored may still get another place.
            if let Some(opening) = self.opening.as_mut().filter(|_| !self.keeping.is_shared()) {
                opening.extend(edits);
            }
        }
        Ok(Edited { revision: self.revision, line })
    }

    /// Notes that the shopper's draft changed: a new revision, to be sent.
    pub(super) fn drafted(&mut self, change: Change) {
        self.revision = self.revision.saturating_add(1);
        self.first_edit.get_or_insert(self.now);
        self.last_edit = self.now;
        // Who enters a code waits for its verdict.
        let codes = [Field::CouponCodes, Field::ReferralCode, Field::LoyaltyCards];
        self.urgent |= codes.into_iter().any(|field| change.fields.contains(field));
        if self.blocked.take_if(|block| block.until != Until::Ask).is_some() {
            self.error = None;
            self.bad_answers = 0;
            self.headers_retried = false;
        }
        self.changed(change);
    }

    pub(super) fn changed(&mut self, change: Change) {
        self.touched = true;
        self.changes.lines.extend(change.lines);
        self.changes.fields = self.changes.fields.union(change.fields);
    }

    /// Notes that every line may look different.
    pub(super) fn all_changed(&mut self) {
        self.touched = true;
        self.changes.lines = vec![LineChange::All];
    }

    pub(super) fn emit(&mut self, notice: Notice) {
        self.out.push(Action::Emit(notice));
    }

    /// Takes over what the server has: as the draft where nothing of ours is waiting, with edits
    /// that were made meanwhile on top.
    pub(super) fn adopt(
        &mut self,
        session: &Value,
        effects: Option<&Value>,
        again: Option<&[Edit]>,
    ) -> Result<(), Vec<Refusal>> {
        let known = std::mem::take(&mut self.draft);
        let mut taken: Vec<LineId> = Vec::new();
        let ids = &mut self.ids;
        // A line that is there already keeps its id and what the shop stored with it.
        // While the session was not known, the lines of the draft are additions to it that are made
        // again: one that will join a line of the server gives that line its id, no other does.
        let joining: Option<Vec<LineId>> = again.map(|edits| {
            let joins = |edit: &Edit| match &edit.command {
                Command::Add { line, merge: true } => Some(line.id),
                _ => None,
            };
            edits.iter().filter_map(joins).collect()
        });
        let mut old_line = |index: usize, item: &Value| {
            if let Some(joining) = &joining {
                let item = Item::read(item, Source::Api);
                let joins = |line: &&Arc<Line>| {
                    joining.contains(&line.id)
                        && !taken.contains(&line.id)
                        && item.as_ref().is_ok_and(|item| line.item.is_like(item))
                };
                let line = known.lines().iter().find(joins);
                taken.extend(line.map(|line| line.id));
                return match line {
                    Some(line) => (line.id, line.meta.clone(), false),
                    None => (ids.make(), None, false),
                };
            }
            let same =
                |line: &&Arc<Line>| item.text("sku") == Some(line.item.sku()) && !taken.contains(&line.id);
            let at_index = known.lines().get(index).filter(same);
            let line = at_index.or_else(|| known.lines().iter().find(same));
            if let Some(line) = line {
                taken.push(line.id);
            }
            match line {
                Some(line) => (line.id, line.meta.clone(), line.free),
                None => (ids.make(), None, false),
            }
        };
        // A free item that is still offered was taken before, on another page.
        let mut gifts = Vec::new();
        for effect in effects.map(Value::items).unwrap_or_default() {
            if effect.text("effectType").is_some_and(|kind| role(kind) == Role::FreeItem) {
                gifts.extend(effect.at("props").get("sku"));
            }
        }
        let mut known_line = |index: usize, item: &Value| {
            let (id, meta, free) = old_line(index, item);
            (id, meta, free || item.get("sku").is_some_and(|sku| gifts.contains(&sku)))
        };
        let draft = Draft::from_session(session, self.options.limits, &mut known_line);
        let draft = match draft {
            Ok(draft) => draft,
            Err(refusals) => {
                self.draft = known;
                return Err(refusals);
            }
        };
        self.draft = draft;
        self.revision = self.revision.saturating_add(1);
        self.acknowledged = self.revision;
        self.acknowledged_draft = self.draft.clone();
        self.keeping.head = true;
        self.keeping.adopt(&self.draft, self.revision);
        self.all_changed();
        Ok(())
    }

    /// Whether an edit that was accepted may be made again; it was before anybody asked to give the session up.
    pub(super) fn may_edit_again(&self) -> Result<(), Vec<Refusal>> {
        let cancels = self.state.is_open() && self.moving.as_ref().is_some_and(Move::cancels);
        if cancels { Ok(()) } else { self.may_edit().map_err(|refusal| vec![refusal]) }
    }

    /// Makes the edits of the time before the session was known again, on top of it; so many of them are stored.
    pub(super) fn replay(&mut self, edits: Vec<Edit>, stored: usize) {
        for (index, edit) in edits.into_iter().enumerate() {
            match self.may_edit_again().and_then(|()| self.draft.apply(&edit.command)) {
                Ok(change) if change.is_none() => {}
                Ok(change) => {
                    self.drafted(change);
                    self.keep(&[edit]);
                    if let Some(pending) = self.keeping.pending.last_mut() {
                        pending.stored = index < stored;
                    }
                }
                Err(errors) => self.emit(Notice::Conflict { edit: edit.raw, errors }),
            }
        }
    }

    /// Takes the quote of an answer for the draft that was acknowledged, and tells what is new;
    /// `loyalty` holds balances for an answer that says nothing of them. What is done with an order is
    /// answered by what is taken back alone, on top of the effects before.
    pub(super) fn take_quote(&mut self, answer: &Value, fresh: bool, loyalty: Option<Value>, of_order: bool) {
        let earlier = self.quote.as_ref().filter(|_| of_order).map(|quote| quote.effects.clone());
        let earlier = earlier.unwrap_or_default();
        let mut quote = Quote::after(earlier, &self.acknowledged_draft, answer);
        quote.loyalty = quote.loyalty.or(loyalty);
        let old_codes = self.all_codes();
        let known = self.quote.as_ref().map(|quote| quote.notifications.as_slice()).unwrap_or_default();
        let mut texts = Vec::new();
        for news in known.iter().chain(&quote.notifications) {
            texts.push([news.kind.as_str(), "\n", &news.title, "\n", &news.body].concat());
        }
        let firsts = firsts(&keys(&texts, String::as_str));
        let mut news = Vec::new();
        for (notification, first) in quote.notifications.iter().zip(firsts.into_iter().skip(known.len())) {
            if first >= known.len() {
                news.push(Notice::Notification(notification.clone()));
            }
        }
        self.quote = Some(Arc::new(quote));
        self.quote_revision = self.acknowledged;
        self.quote_fresh = fresh;
        self.all_changed();
        self.emit(Notice::Quote);
        for code in self.all_codes() {
            if !old_codes.contains(&code) {
                self.emit(Notice::Coupon(code));
            }
        }
        for notice in news {
            self.emit(notice);
        }
    }

    /// What the server's state makes of the session; anything but open ends editing.
    pub(super) fn take_state(&mut self, session: &Value) {
        let state = session.get(Field::State.name()).and_then(Value::as_str);
        self.state = state.map_or(State::Open, State::from_word);
        self.session = Some(Arc::new(session.clone()));
        self.touched = true;
    }

    fn all_codes(&self) -> Vec<Coupon> {
        let (mut coupons, referral) = self.codes();
        coupons.extend(referral);
        coupons
    }

    // What a snapshot is made of.

    /// The options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The draft.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// Changes of the draft so far.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The last revision that the server confirmed.
    pub fn acknowledged(&self) -> u64 {
        let (floor, until) = self.made_again;
        let reached = if self.acknowledged < until { floor } else { self.acknowledged };
        self.below_pending(reached)
    }

    /// The state of the session.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The server's session as last read.
    pub fn session(&self) -> Option<&Arc<Value>> {
        self.session.as_ref()
    }

    /// The newest quote and the revision that it is for.
    pub fn quote(&self) -> Option<(&Arc<Quote>, u64)> {
        self.quote.as_ref().map(|quote| (quote, self.quote_revision))
    }

    /// Whether the quote is fresh and for the draft as it is.
    pub fn quote_is_current(&self) -> bool {
        self.quote.is_some() && self.quote_fresh && self.quote_revision == self.revision
    }

    /// Whether the session was read, or is new.
    pub fn restored(&self) -> bool {
        self.opening.is_none()
    }

    /// Whether an attempt of ours may still arrive at the server and undo a newer one (rule 8). A
    /// session that is over takes none.
    pub fn is_suspect(&self) -> bool {
        self.suspect.is_some() && self.state.is_open()
    }

    /// Whether the newest answer shows that somebody else wrote (rule 10).
    pub fn is_foreign(&self) -> bool {
        self.foreign.is_some()
    }

    /// Failed attempts in a row.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// When the next attempt is made, where one is waited for.
    pub fn retry_at(&self) -> Option<u64> {
        (self.resume_at > self.now && self.flight.is_none()).then_some(self.resume_at)
    }

    /// The last error, until an attempt succeeds.
    pub fn error(&self) -> Option<&SyncError> {
        self.error.as_ref()
    }

    /// Whether the server does not have the line as it is.
    pub fn is_pending(&self, line: &Arc<Line>) -> bool {
        let known = self.acknowledged_draft.line(line.id);
        known.is_none_or(|known| !Arc::ptr_eq(known, line) && known.text() != line.text())
    }

    /// The coupon codes and the referral code with what is known of each.
    pub fn codes(&self) -> (Vec<Coupon>, Option<Coupon>) {
        codes(&self.draft, self.quote.as_deref())
    }

    /// What the draft costs: our own sums at once, what the server takes off as newly as it is known.
    pub fn sums(&self) -> Sums {
        let totals = self.draft.totals();
        let local = totals.total().unwrap_or_default();
        match &self.quote {
            None => {
                Sums { total: local, discount: Amount::ZERO, payable: local, complete: totals.complete() }
            }
            Some(quote) => {
                let same = self.quote_revision == self.revision;
                Sums {
                    total: if same { quote.total } else { local },
                    discount: quote.discount,
                    payable: quote.payable,
                    complete: quote.complete && (same || totals.complete()),
                }
            }
        }
    }

    /// What the checkout is doing.
    pub fn phase(&self) -> Phase {
        let of_order = self.moving.as_ref().is_some_and(|moving| moving.begun && moving.is_of_order());
        let outstanding = self.is_dirty() || self.unknown.is_some() || self.opening.is_some() || of_order;
        if self.moving.as_ref().is_some_and(Move::holds_edits) {
            Phase::Closing
        } else if !self.state.is_open() && !of_order {
            Phase::Finished
        } else if self.blocked.is_some() {
            Phase::Blocked
        } else if !self.leads() && self.opening.is_none() && outstanding {
            Phase::Follower
        } else if !self.online && self.flight.is_none() && outstanding {
            Phase::Offline
        } else if self.opening.is_some() {
            Phase::Opening
        } else if self.flight.is_some() {
            Phase::Sending
        } else if self.resume_at > self.now && (outstanding || self.read_wanted) {
            Phase::Waiting
        } else if outstanding && self.options.mode == Mode::Manual {
            Phase::Manual
        } else if outstanding {
            Phase::Scheduled
        } else {
            Phase::Idle
        }
    }

    /// Whether the server does not have the draft as it is.
    pub(super) fn is_dirty(&self) -> bool {
        self.state.is_open() && (self.revision > self.acknowledged || self.update_wanted)
    }

    /// What changed since it was asked last, for whoever keeps a picture of the draft.
    pub fn take_changes(&mut self) -> Change {
        std::mem::take(&mut self.changes)
    }

    /// The `IntegrationRequest` that the next update sends.
    pub fn request_text(&self) -> String {
        self.body(&self.draft, None, &self.options.response_content)
    }

    pub(super) fn body(&self, draft: &Draft, state: Option<&str>, content: &[String]) -> String {
        let mut out = "{\"customerSession\":".to_string();
        draft.write(&mut out, state);
        out.push_str(",\"responseContent\":");
        write_list(content, &mut out, |word, out| write_string(word, out));
        out.push('}');
        out
    }
}

/// How many updates a session of the server has had.
pub(super) fn update_count(session: &Value) -> Option<i64> {
    session.get("updateCount").and_then(Value::as_integer)
}

/// What a draft costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// Before discounts.
    pub total: Amount,
    /// All discounts as they were sent.
    pub discount: Amount,
    /// What is left to pay.
    pub payable: Amount,
    /// Whether nothing is missing in these sums.
    pub complete: bool,
}

/// The coupon codes and the referral code of a draft with what a quote says of each.
pub fn codes(draft: &Draft, quote: Option<&Quote>) -> (Vec<Coupon>, Option<Coupon>) {
    let mut coupons = Vec::new();
    for code in draft.texts(Field::CouponCodes) {
        coupons.push(coupon(code, quote.and_then(|quote| quote.coupon(code))));
    }
    let referral = draft.field(Field::ReferralCode).and_then(Value::as_str).filter(|code| !code.is_empty());
    (coupons, referral.map(|code| coupon(code, quote.and_then(|quote| quote.referral(code)))))
}

fn coupon(code: &str, verdict: Option<&Verdict>) -> Coupon {
    let (status, rejection, rolled_back) = match verdict.map(|verdict| &verdict.outcome) {
        None => (Status::Entered, None, false),
        Some(Outcome::RolledBack) => (Status::Entered, None, true),
        Some(Outcome::Accepted) => (Status::Accepted, None, false),
        Some(Outcome::Rejected(why)) => (Status::Rejected, Some(why.clone()), false),
    };
    Coupon { code: code.to_string(), status, rejection, rolled_back }
}
