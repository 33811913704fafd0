//! Keeping the draft: one transaction after the other, each for the version of the records that this
//! tab knows, and what follows when another tab was first (rules 4 and 9, "Store and tabs").

use crate::draft::hash::push_hex;
use crate::draft::{Draft, LineId};
use crate::model::json::Value;
use crate::sync::error::{SyncCode, SyncError};
use crate::sync::event::{Action, Notice, Send, commands};
use crate::sync::journal::{Pending, drop_stored, read_entries};
use crate::sync::machine::Machine;
use crate::sync::record::{Stored, Writes};
use crate::sync::send::Kind;

/// Tabs whose last edit is remembered.
const MAX_TABS: usize = 64;

/// A transaction that took longer, in milliseconds, was of a page that stood still meanwhile.
const STOOD_STILL: u64 = 60_000;

/// A transaction under way.
#[derive(Debug, Clone, PartialEq, Default)]
struct Busy {
    /// What it brings.
    writes: Writes,
    /// The edits among it.
    pending: Vec<Pending>,
    /// The revision up to which everything is stored then.
    revision: u64,
    /// Whether it brings the record of the request that is held.
    releases: bool,
    /// When it was begun.
    since: u64,
    /// Whether it brings a draft that was adopted.
    adopts: bool,
    /// Whether it writes records anew that were gone.
    reseeds: bool,
    /// Whether a move is on record then.
    records: bool,
}

/// What is stored and what is still to be.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Keeping {
    /// Whether there is a store, and it works.
    pub(super) works: bool,
    /// Why it does not, until that is told.
    pub(super) trouble: Option<SyncCode>,
    /// Whether what was found is to be set aside.
    pub(super) aside: bool,
    /// The draft with everything that is in the store, and the number of the last edit in it.
    pub(super) base: Option<Draft>,
    pub(super) base_revision: u64,
    /// The number of the last edit in the store.
    pub(super) seen: u64,
    /// Whether the base is a session that was adopted and is not in the store.
    pub(super) adopted: bool,
    /// Edits that are not in the store.
    pub(super) pending: Vec<Pending>,
    /// The revision up to which everything was stored.
    pub(super) revision: u64,
    /// Whether the confirmed draft is another one than in the store.
    pub(super) head: bool,
    /// The record of sending as it is in the store.
    pub(super) sending: String,
    /// Whether the move is on record.
    pub(super) recorded: bool,
    busy: Option<Busy>,
    /// Whether the session is over and nothing of it is left.
    pub(super) cleared: bool,
    /// Whether it was another browser, or the shop, that ended it.
    pub(super) foreign: bool,
    /// A request that leaves when its record is stored.
    pub(super) held: Option<Send>,
    /// The version and the epoch of the records as they are known here.
    pub(super) version: u64,
    pub(super) epoch: u64,
    /// Whether the epoch is to be raised.
    pub(super) claims: bool,
    /// Whether other tabs are to be told of edits that cannot be stored here.
    pub(super) hands_over: bool,
    /// Whether the records are gone, and are to be written anew by whoever finds out.
    pub(super) reseeds: bool,
    /// Whether the next read is the base of what is not stored: this tab may not have heard of everything.
    pub(super) rejoins: bool,
    /// Whether everything is to be read.
    pub(super) reads: bool,
    /// Whether other tabs that store nothing are to hear that the endpoint has something new.
    pub(super) news: bool,
    /// Whether the store gave out, and nothing was stored since.
    pub(super) failed: bool,
    /// Whether the request of unknown fate is known, if there is one.
    pub(super) whole: bool,
    /// The newest answer, for other tabs.
    pub(super) answer: Option<String>,
    /// The last edit of each tab that is in the base.
    pub(super) last: Vec<(String, u64)>,
    /// What this tab is called.
    pub(super) tab: String,
    /// How many edits it made.
    pub(super) made: u64,
    /// What other tabs stored while a transaction was under way.
    pub(super) heard: Vec<Value>,
    /// Ids of lines that became others, since another tab had added the same.
    pub(super) aliases: Vec<(LineId, LineId)>,
}

impl Keeping {
    /// Another draft is what is in the store.
    pub(super) fn take_base(&mut self, draft: Draft, revision: u64) {
        self.base = Some(draft);
        self.base_revision = revision;
        self.seen = revision;
    }

    /// A session was adopted: what was pending is made again by the one who did.
    pub(super) fn adopt(&mut self, draft: &Draft, revision: u64) {
        if self.is_shared() {
            self.base = Some(draft.clone());
            self.base_revision = revision;
            self.adopted = true;
            self.pending.clear();
            if let Some(busy) = &mut self.busy {
                busy.pending.clear();
            }
        }
    }

    /// The sender deleted everything.
    pub(super) fn cleared_by_another(&mut self) {
        self.cleared = true;
        self.recorded = false;
        self.seen = 0;
        self.sending.clear();
    }

    /// An answer is for all tabs.
    pub(super) fn hand_on(&mut self, kind: Kind, body: &str) {
        if self.works && !matches!(kind, Kind::Preview { .. }) {
            self.answer = Some(body.to_string());
        }
        let reads = matches!(kind, Kind::Preview { .. } | Kind::Read);
        self.news |= self.is_shared() && !self.works && !reads;
    }

    /// Edits that are not stored, as far as that is known.
    pub(super) fn outstanding(&self) -> impl Iterator<Item = &Pending> {
        self.busy.iter().flat_map(|busy| &busy.pending).chain(&self.pending)
    }

    pub(super) fn note(&mut self, by: &(String, u64)) {
        match self.last.iter_mut().find(|(tab, _)| *tab == by.0) {
            Some((_, number)) => *number = by.1.max(*number),
            None => self.last.push(by.clone()),
        }
        // Each page is one; those of old are gone.
        if self.last.len() > MAX_TABS {
            self.last.remove(0);
        }
    }

    /// Whether there may be other tabs.
    pub(super) fn is_shared(&self) -> bool {
        self.base.is_some()
    }

    /// Whether an edit is in the base already.
    pub(super) fn has(&self, by: &(String, u64)) -> bool {
        self.last.iter().any(|(tab, number)| *tab == by.0 && *number >= by.1)
    }

    /// Whether the move that holds the draft is on record, where there are records.
    pub(super) fn is_recorded(&self) -> bool {
        !self.works || self.recorded
    }

    /// Whether a transaction is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.is_some()
    }
}

impl Machine {
    /// Whether everything outlives the page.
    pub fn is_stored(&self) -> bool {
        self.keeping.works && !self.keeping.failed
    }

    /// The revision up to which everything outlives the page.
    pub fn persisted(&self) -> u64 {
        self.below_pending(self.keeping.revision)
    }

    /// A revision, or the last one before an edit of ours that is not stored: until then another tab may
    /// give its number to an edit of its own.
    pub(super) fn below_pending(&self, revision: u64) -> u64 {
        let mut revision = revision;
        for pending in self.keeping.outstanding() {
            // Where nothing is stored any more, what the endpoint has is safe.
            if self.keeping.works || pending.revision > self.acknowledged {
                revision = revision.min(pending.told.saturating_sub(1));
            }
        }
        revision
    }

    /// Whether a request waits for its record, which has to be stored before the first byte leaves.
    pub(super) fn hold(&mut self, send: Send) {
        let recorded = self.keeping.works && send.key.is_some();
        if recorded {
            self.keeping.held = Some(send);
        } else {
            self.out.push(Action::Send(send));
        }
    }

    /// Stores what is not stored, one transaction after the other.
    pub(super) fn store(&mut self) {
        if !self.keeping.works {
            if std::mem::take(&mut self.keeping.news) {
                self.tell("news");
            }
            self.hand_over();
            return;
        }
        if self.keeping.busy.is_some() {
            return;
        }
        if std::mem::take(&mut self.keeping.reads) {
            self.keeping.busy = Some(Busy::default());
            self.out.push(Action::Store(Writes::default()));
            return;
        }
        // A session that nobody touched leaves nothing behind.
        let touched = self.moving.is_some() || self.keeping.held.is_some();
        if self.revision == 0 && self.keeping.version == 0 && !touched {
            return;
        }
        let mut busy = self.writes();
        if busy.writes.is_nothing() {
            // Its record is there already: it is sent again.
            self.out.extend(self.keeping.held.take().map(Action::Send));
            return;
        }
        let version = self.keeping.version;
        busy.writes.expect = Some(version);
        // One that was deleted and begun anew must not look like the one before.
        busy.writes.version =
            if version == 0 { self.random.bits() >> 24 | 1 } else { version.saturating_add(1) };
        busy.revision = self.revision;
        busy.releases = self.keeping.held.is_some();
        busy.since = self.now;
        self.out.push(Action::Store(busy.writes.clone()));
        self.keeping.busy = Some(busy);
    }

    /// What is not in the store, as far as it is this tab's to write.
    fn writes(&mut self) -> Busy {
        let mut busy = Busy { records: self.keeping.recorded, ..Busy::default() };
        let writes = &mut busy.writes;
        writes.aside = std::mem::take(&mut self.keeping.aside);
        writes.epoch = self.keeping.claims.then(|| self.keeping.epoch.saturating_add(1));
        let leads = self.leads();
        if self.keeping.reseeds {
            writes.head = Some(self.head_text());
            busy.adopts = std::mem::take(&mut self.keeping.adopted);
        }
        if leads {
            let fresh = self.quote_fresh.then_some(self.quote_revision);
            writes.answer = self.keeping.answer.take().map(|answer| (answer, fresh));
            let over = !self.state.is_open();
            let moves = self.moving.as_ref().is_some_and(|moving| moving.begun);
            if over && !moves && self.unknown.is_none() {
                // An order that is placed, or given up, leaves nothing behind but that it is.
                busy.reseeds = std::mem::take(&mut self.keeping.reseeds);
                if !std::mem::replace(&mut self.keeping.cleared, true) || busy.reseeds {
                    writes.clear = true;
                    writes.head = Some(self.end_text());
                }
                busy.records = false;
                return busy;
            }
            let cleared = std::mem::take(&mut self.keeping.cleared);
            // Of an order that was not read yet, what is there tells more than what is known here.
            let unread = over && self.session.is_none();
            let news = (std::mem::take(&mut self.keeping.head) || cleared) && !unread;
            if news && !self.keeping.reseeds {
                writes.head = Some(self.head_text());
                writes.upto = self.acknowledged;
                busy.adopts = std::mem::take(&mut self.keeping.adopted);
            }
            let sending = self.sending_text();
            if sending != self.keeping.sending {
                self.keeping.sending.clone_from(&sending);
                writes.sending = Some(sending);
                busy.records = self.moving.as_ref().is_some_and(|moving| moving.begun);
            }
        }
        busy.reseeds = std::mem::take(&mut self.keeping.reseeds);
        busy.pending = std::mem::take(&mut self.keeping.pending);
        for pending in &busy.pending {
            writes.journal.push((pending.revision, pending.to_text()));
        }
        busy
    }

    /// The transaction that was asked for is committed.
    pub(super) fn stored(&mut self) {
        let Some(busy) = self.keeping.busy.take() else {
            return;
        };
        self.touched = true;
        let keeping = &mut self.keeping;
        keeping.failed = false;
        keeping.version = busy.writes.version;
        keeping.revision = keeping.revision.max(busy.revision);
        keeping.recorded = busy.records;
        // A move that was let go of meanwhile is on record all the same.
        keeping.reads |= busy.records && !self.moving.as_ref().is_some_and(|moving| moving.begun);
        let last = busy.writes.journal.last().map_or(0, |(revision, _)| *revision);
        keeping.seen = keeping.seen.max(busy.writes.upto).max(last);
        for pending in &busy.pending {
            keeping.note(&pending.by);
        }
        // What was adopted meanwhile has these edits in it.
        if !keeping.adopted && !busy.pending.is_empty() {
            if keeping.pending.is_empty() {
                keeping.base = Some(self.draft.clone());
            } else if let Some(base) = &mut keeping.base {
                for pending in &busy.pending {
                    // They were applied before, on the same.
                    let _ = base.apply_all(&commands(&pending.edits));
                }
            }
            keeping.base_revision = keeping.seen;
            if let Some(opening) = &mut self.opening {
                for pending in busy.pending {
                    opening.extend(pending.edits);
                }
            }
        }
        if let Some(epoch) = busy.writes.epoch {
            keeping.epoch = epoch;
            keeping.claims = false;
            self.leads_now();
        }
        if busy.releases && self.now > busy.since.saturating_add(STOOD_STILL) {
            // Another tab may have taken over, and takes it that nothing of ours arrives any more.
            self.recall();
            self.keeping.reads = true;
        } else if busy.releases {
            self.out.extend(self.keeping.held.take().map(Action::Send));
        }
        self.hear_the_rest();
    }

    /// Another tab was first: nothing was written, and this is what is stored.
    pub(super) fn behind(&mut self, stored: &Stored) {
        let Some(busy) = self.keeping.busy.take() else {
            return;
        };
        let keeping = &mut self.keeping;
        let mut pending = busy.pending;
        pending.append(&mut keeping.pending);
        keeping.pending = pending;
        keeping.head |= busy.writes.head.is_some();
        keeping.adopted |= busy.adopts;
        keeping.reseeds |= busy.reseeds;
        keeping.aside |= busy.writes.aside;
        if busy.writes.sending.is_some() {
            keeping.sending.clear();
        }
        if busy.writes.clear {
            keeping.cleared = false;
        }
        if let Some((answer, _)) = busy.writes.answer {
            keeping.answer.get_or_insert(answer);
        }
        self.recall();
        let known = std::mem::replace(&mut self.keeping.version, stored.version);
        let mut after = self.keeping.seen;
        let nothing = stored.version == 0;
        if self.keeping.adopted && !nothing {
            // What was made again on top of what was read keeps its place among what is new.
            drop_stored(&mut self.keeping.pending, &stored.journal);
            after = 0;
        }
        if nothing && known > 0 && self.keeping.base_revision > 0 {
            self.keeping.epoch = stored.epoch;
            self.wiped();
        } else if self.keeping.aside {
            // What is there cannot be read, and is set aside by what is written next.
            self.keeping.epoch = stored.epoch;
        } else if self.leads() && self.keeping.epoch == stored.epoch {
            // Only edits can be new: everything else is written by the sender alone.
            match read_entries(&stored.journal, after) {
                Some(entries) => self.insert(entries),
                None => self.store_failed(),
            }
        } else {
            self.keeping.reseeds = false;
            self.rebuild(stored);
        }
        if nothing {
            self.leads_now();
        }
        self.hear_the_rest();
    }

    /// A request that waits for its record does not leave: it would not be of the newest draft.
    pub(super) fn recall(&mut self) {
        if self.keeping.held.take().is_some()
            && let Some((_, mut attempt)) = self.flight.take()
        {
            attempt.sends = attempt.sends.saturating_sub(1);
            // Of an order the bytes stay the same, and so does the key: the record may be there all the same.
            if attempt.sends > 0 || attempt.kind.is_of_order() {
                self.unknown = Some(attempt);
            } else {
                self.draft.take_sent(&attempt.draft);
                self.urgent |= attempt.kind == Kind::Update;
            }
        }
        if !self.keeping.is_recorded()
            && let Some(moving) = &mut self.moving
        {
            moving.begin_again();
        }
    }

    /// The records were deleted, by the shopper or by a tab that knows that the session is over: a read
    /// decides, and what is here is stored anew.
    fn wiped(&mut self) {
        self.keeping.seen = 0;
        self.keeping.reseeds = self.opening.is_none();
        self.keeping.sending.clear();
        self.keeping.recorded = false;
        self.keeping.claims |= self.leads();
        self.read_wanted = true;
        self.reads_back = true;
    }

    /// Nothing can be stored any more: what is here lives as long as the page, and another tab that stores
    /// may have it.
    pub(super) fn store_failed(&mut self) {
        if !self.keeping.works {
            return;
        }
        self.keeping.revision = self.persisted();
        self.keeping.works = false;
        if let Some(mut busy) = self.keeping.busy.take() {
            busy.pending.append(&mut self.keeping.pending);
            self.keeping.pending = busy.pending;
        }
        // What was handed over is stored by nobody: who made it has it still.
        let (count, tab) = (self.keeping.pending.len(), &self.keeping.tab);
        self.keeping.pending.retain(|pending| pending.stored || pending.by.0 == *tab);
        if self.keeping.pending.len() < count {
            self.insert_nothing();
        }
        self.touched = true;
        let again = std::mem::replace(&mut self.keeping.failed, true);
        if !again {
            self.emit(Notice::Error(SyncError::new(SyncCode::StorageFailed)));
        }
        if self.keeping.claims {
            self.leads_now();
            // All that is stored is known until here, where it was not tried in vain before.
            self.keeping.rejoins &= again;
        }
        self.recall();
        self.offer(again);
        self.hear_the_rest();
    }

    /// The checkout as the store has it; a fresh one, with the reason to be told, where that cannot be
    /// read. The store of a newer version is left alone, a damaged record is set aside.
    pub(super) fn restored_from(mut self, stored: &Stored) -> Machine {
        self.keeping.works = true;
        self.keeping.version = stored.version;
        push_hex(self.random.bits(), &mut self.keeping.tab);
        let code = match self.restore(stored) {
            Ok(_) => {
                self.read_wanted |= self.session.is_some();
                return self;
            }
            Err(code) => code,
        };
        let mut fresh = Machine::fresh(self.options, self.random, self.ids);
        fresh.keeping.tab = self.keeping.tab;
        fresh.opening = Some(Vec::new());
        fresh.keeping.version = stored.version;
        fresh.keeping.epoch = stored.epoch;
        fresh.keeping.trouble = Some(code);
        fresh.keeping.works = code != SyncCode::StorageNewer;
        fresh.keeping.aside = fresh.keeping.works;
        fresh.keeping.base = Some(fresh.draft.clone());
        fresh.keeping.whole = true;
        fresh
    }

    /// Takes up everything anew from the store, since another tab sends, or this one begins to.
    fn rebuild(&mut self, stored: &Stored) {
        let pending = std::mem::take(&mut self.keeping.pending);
        let mut known = self.revision;
        let told = self.acknowledged();
        let adopted = std::mem::take(&mut self.keeping.adopted);
        let confirmed = (self.acknowledged, self.acknowledged_draft.clone(), self.own.clone());
        // What has not begun is asked for again.
        let mut moving = self.moving.take();
        if let Some(known) = moving.take_if(|moving| !moving.begun) {
            self.put_off_move(known);
        }
        let was_open = self.state.is_open();
        self.stop_leading();
        let empty = Draft::new(self.options.limits);
        let opening = self.opening.take();
        // What was read at the endpoint and is not stored has to be read again.
        let unread = opening.is_some() || (adopted && stored.head.is_none());
        self.opening = unread.then(Vec::new);
        // A draft that is not known is no news.
        self.keeping.head &= !unread;
        let mut draft = std::mem::replace(&mut self.draft, empty.clone());
        if let Some(base) = self.keeping.base.as_ref().filter(|_| !pending.is_empty()) {
            draft.clone_from(base);
        }
        self.acknowledged_draft = empty;
        (self.revision, self.acknowledged) = (0, 0);
        self.keeping.last.clear();
        match self.restore(stored) {
            Err(_) => {
                self.draft = draft;
                (self.acknowledged, self.acknowledged_draft, self.own) = confirmed;
                self.revision = known;
                self.moving = moving;
                self.keeping.pending = pending;
                self.store_failed();
                return;
            }
            Ok(true) => {
                // Nothing of it is stored any more, not even what became of it since.
                self.read_wanted = true;
                self.reads_back |= was_open;
                // Whether it has what is here is asked of its content, not of how often it was written.
                (self.acknowledged_draft, self.own) = (confirmed.1, None);
                // What others ended without it is nobody's to keep.
                self.draft = if self.keeping.foreign { self.acknowledged_draft.clone() } else { draft };
                self.acknowledged_draft = self.draft.clone();
                self.acknowledged = self.revision.max(known);
                self.revision = self.acknowledged;
                self.keeping.base = Some(self.draft.clone());
                self.keeping.base_revision = self.revision;
                let was_open = was_open && moving.is_none();
                self.follow_move(moving);
                self.ended_by(was_open, self.keeping.foreign);
            }
            Ok(false) => {
                if confirmed.0 > self.acknowledged && confirmed.0 <= self.revision && !adopted {
                    (self.acknowledged, self.acknowledged_draft, self.own) = confirmed;
                } else if confirmed.0 != self.acknowledged || was_open != self.state.is_open() {
                    self.quote_fresh = false;
                    self.read_wanted |= self.session.is_some();
                }
                self.follow_move(moving);
            }
        }
        if told > self.acknowledged() && self.state.is_open() {
            // What was read is not in the store: its number stands for no other draft.
            known = known.saturating_add(1);
            self.made_again = (told, known);
        }
        self.make_again(pending, known);
    }

    /// Tells what was wrong with the store when it was read.
    pub(super) fn tell_trouble(&mut self) {
        if let Some(code) = self.keeping.trouble.take() {
            self.emit(Notice::Error(SyncError::new(code)));
        }
    }
}
