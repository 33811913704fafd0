//! What outlives the page: the draft as the server confirmed it, the edits since, and the request
//! under way (rules 4 and 9).
//!
//! An edit adds its own text to the journal and nothing else, however long the cart is. The draft
//! itself is written when the server confirmed it, and takes the journal up to there with it.

use crate::draft::command::{Command, LineIds};
use crate::draft::{Draft, LineId};
use crate::model::json::{Value, write_list, write_string};
use crate::model::wire::write_count;
use crate::sync::error::{SyncCode, SyncError};
use crate::sync::event::{Action, Edit, Notice, Send};
use crate::sync::machine::Machine;
use crate::sync::moves::Move;
use crate::sync::send::Kind;

/// The version of the stored form; a newer one is left alone.
const SCHEMA: i64 = 1;

/// The records of a session as they were found, each a JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    /// The draft as the server confirmed it.
    pub head: Option<String>,
    /// The request under way, the move, and what was sent.
    pub sending: Option<String>,
    /// Edits since, in order.
    pub journal: Vec<String>,
}

/// What is to be stored, all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Writes {
    /// Whether what was found is first set aside under another name.
    pub aside: bool,
    /// Whether everything of the session is deleted first.
    pub clear: bool,
    /// The new head.
    pub head: Option<String>,
    /// The new record of sending.
    pub sending: Option<String>,
    /// Edits to be added, each with its revision.
    pub journal: Vec<(u64, String)>,
    /// The revision up to which edits are deleted.
    pub upto: u64,
}

/// What is stored and what is still to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Keeping {
    /// Whether there is a store, and it works.
    pub(super) works: bool,
    /// Why it does not, until that is told.
    pub(super) trouble: Option<SyncCode>,
    /// Whether what was found is to be set aside.
    aside: bool,
    /// Edits that are not in the store, by revision.
    journal: Vec<(u64, String)>,
    /// The revision up to which everything is stored.
    pub(super) revision: u64,
    /// Whether the confirmed draft is another one than in the store.
    pub(super) head: bool,
    /// The record of sending as it is in the store.
    sending: String,
    /// The revision that the running transaction brings.
    busy: Option<u64>,
    /// Whether it brings the record of the request that is held.
    releases: bool,
    /// Whether the session is over and nothing of it is left.
    cleared: bool,
    /// A request that leaves when its record is stored.
    held: Option<Send>,
}

impl Stored {
    /// Reads the option of the JavaScript surface.
    pub fn read(value: &Value) -> Stored {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_string);
        let journal = value.get("journal").and_then(Value::as_array).unwrap_or_default();
        let journal = journal.iter().filter_map(Value::as_str).map(str::to_string).collect();
        Stored { head: text("head"), sending: text("sending"), journal }
    }
}

impl Writes {
    fn is_nothing(&self) -> bool {
        *self == Writes::default()
    }

    /// The writes as JSON text.
    pub fn to_text(&self) -> String {
        let mut out = "{\"aside\":".to_string();
        out.push_str(if self.aside { "true" } else { "false" });
        out.push_str(",\"clear\":");
        out.push_str(if self.clear { "true" } else { "false" });
        for (name, text) in [("head", &self.head), ("sending", &self.sending)] {
            if let Some(text) = text {
                out.push(',');
                write_string(name, &mut out);
                out.push(':');
                write_string(text, &mut out);
            }
        }
        out.push_str(",\"journal\":");
        write_list(&self.journal, &mut out, |(revision, text), out| {
            out.push('[');
            write_count(*revision, out);
            out.push(',');
            write_string(text, out);
            out.push(']');
        });
        out.push_str(",\"upto\":");
        write_count(self.upto, &mut out);
        out.push('}');
        out
    }
}

impl Machine {
    /// Whether everything outlives the page.
    pub fn is_stored(&self) -> bool {
        self.keeping.works
    }

    /// The revision up to which everything outlives the page.
    pub fn persisted(&self) -> u64 {
        self.keeping.revision
    }

    /// Notes an edit of the newest revision.
    pub(super) fn keep(&mut self, edits: &[Edit]) {
        if !self.keeping.works {
            return;
        }
        let mut text = "{\"revision\":".to_string();
        write_count(self.revision, &mut text);
        text.push_str(",\"edits\":");
        write_list(edits, &mut text, |edit, out| {
            out.push_str("{\"ids\":");
            write_string(&edit.ids.to_text(), out);
            out.push_str(",\"edit\":");
            edit.raw.write(out);
            out.push('}');
        });
        text.push('}');
        self.keeping.journal.push((self.revision, text));
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
        if !self.keeping.works || self.keeping.busy.is_some() || self.revision == 0 {
            return;
        }
        let writes = self.writes();
        if writes.is_nothing() {
            // Its record is there already: it is sent again.
            self.out.extend(self.keeping.held.take().map(Action::Send));
            return;
        }
        self.keeping.busy = Some(self.revision);
        self.keeping.releases = self.keeping.held.is_some();
        self.out.push(Action::Store(writes));
    }

    fn writes(&mut self) -> Writes {
        let aside = std::mem::take(&mut self.keeping.aside);
        let mut writes = Writes { aside, ..Writes::default() };
        let over = self.state != crate::draft::state::State::Open;
        if over && self.moving.is_none() && self.flight.is_none() && self.unknown.is_none() {
            // An order that is placed, or given up, leaves nothing behind.
            writes.clear = !std::mem::replace(&mut self.keeping.cleared, true);
            return writes;
        }
        self.keeping.cleared = false;
        let acknowledged = self.acknowledged;
        if std::mem::take(&mut self.keeping.head) {
            writes.head = Some(self.head_text());
            writes.upto = acknowledged;
        }
        let news = std::mem::take(&mut self.keeping.journal).into_iter();
        writes.journal = news.filter(|(revision, _)| *revision > acknowledged).collect();
        let sending = self.sending_text();
        if sending != self.keeping.sending {
            self.keeping.sending.clone_from(&sending);
            writes.sending = Some(sending);
        }
        writes
    }

    fn head_text(&self) -> String {
        let mut out = "{\"schema\":".to_string();
        write_count(SCHEMA.unsigned_abs(), &mut out);
        out.push_str(",\"revision\":");
        write_count(self.acknowledged, &mut out);
        out.push_str(",\"draft\":");
        self.acknowledged_draft.write_record(&mut out);
        if let Some(session) = &self.own {
            out.push_str(",\"session\":");
            session.write(&mut out);
        }
        out.push('}');
        out
    }

    /// The request whose fate is open, the move that holds the draft, and what was sent.
    fn sending_text(&self) -> String {
        let mut out = "{".to_string();
        self.draft.write_sent(&mut out);
        let attempt = self.flight.as_ref().map(|(_, attempt)| attempt).or(self.unknown.as_ref());
        if let Some((attempt, (word, key))) =
            attempt.and_then(|attempt| Some((attempt, attempt.kind.word().zip(attempt.key.as_ref())?)))
        {
            for (name, text) in [("kind", word), ("key", key), ("digest", &attempt.digest)] {
                member(name, text, &mut out);
            }
            for (name, count) in [("revision", attempt.revision), ("since", attempt.first_sent)] {
                number(name, count, &mut out);
            }
        }
        if let Some(since) = self.suspect {
            for (name, count) in [("suspect", since), ("doubts", self.doubts.unsigned_abs())] {
                number(name, count, &mut out);
            }
        }
        if let Some(moving) = self.moving.as_ref().filter(|moving| moving.begun) {
            moving.write_record(&mut out);
        }
        out.push('}');
        out
    }

    /// The transaction that was asked for is over.
    pub(super) fn stored(&mut self) {
        if let Some(revision) = self.keeping.busy.take() {
            self.keeping.revision = self.keeping.revision.max(revision);
            self.touched = true;
            if self.keeping.releases
                && let Some(send) = self.keeping.held.take()
            {
                self.out.push(Action::Send(send));
            }
        }
    }

    /// Nothing can be stored any more: what is here lives as long as the page, and is sent as it is.
    pub(super) fn store_failed(&mut self) {
        if self.keeping.works {
            self.keeping.works = false;
            self.keeping.busy = None;
            self.touched = true;
            self.emit(Notice::Error(SyncError::new(SyncCode::StorageFailed)));
            if let Some(send) = self.keeping.held.take() {
                self.out.push(Action::Send(send));
            }
        }
    }

    /// The checkout as the store has it; a fresh one, with the reason to be told, where that cannot be
    /// read. The store of a newer version is left alone, a damaged record is set aside.
    pub(super) fn restored_from(mut self, stored: &Stored) -> Machine {
        self.keeping.works = true;
        let Err(code) = self.restore(stored) else {
            return self;
        };
        let mut fresh = Machine::fresh(self.options, self.random, self.ids);
        fresh.opening = Some(Vec::new());
        fresh.keeping.trouble = Some(code);
        fresh.keeping.works = code != SyncCode::StorageNewer;
        fresh.keeping.aside = fresh.keeping.works;
        fresh
    }

    /// Tells what was wrong with the store when it was read.
    pub(super) fn tell_trouble(&mut self) {
        if let Some(code) = self.keeping.trouble.take() {
            self.emit(Notice::Error(SyncError::new(code)));
        }
    }

    /// Takes up what the store has of the session; an error where that cannot be read.
    fn restore(&mut self, stored: &Stored) -> Result<(), SyncCode> {
        let parse = |text: &String| Value::parse(text).map_err(|_| SyncCode::StorageFailed);
        let head = stored.head.as_ref().map(parse).transpose()?;
        if let Some(head) = &head {
            let schema = head.get("schema").and_then(Value::as_integer).ok_or(SyncCode::StorageFailed)?;
            if schema > SCHEMA {
                return Err(SyncCode::StorageNewer);
            }
            self.restore_head(head).ok_or(SyncCode::StorageFailed)?;
        }
        let sending = stored.sending.as_ref().map(parse).transpose()?;
        let recorded = sending.as_ref().and_then(|sending| count(sending, "revision"));
        let mut sent = (recorded == Some(self.revision)).then(|| self.draft.clone());
        for text in &stored.journal {
            let entry = parse(text)?;
            let (revision, edits) = read_entry(&entry).ok_or(SyncCode::StorageFailed)?;
            self.edit_again(edits);
            // Numbers stay as they are in the store, whatever became of the edit.
            self.revision = revision;
            if recorded == Some(revision) {
                sent = Some(self.draft.clone());
            }
        }
        if let Some(sending) = &sending {
            self.draft.read_sent(sending).ok_or(SyncCode::StorageFailed)?;
            self.restore_sending(sending, sent);
        }
        self.keeping.revision = self.revision;
        self.keeping.journal.clear();
        self.read_wanted |= self.session.is_some();
        self.all_changed();
        Ok(())
    }

    fn restore_head(&mut self, head: &Value) -> Option<()> {
        self.draft = Draft::read_record(head.get("draft")?, self.options.limits)?;
        self.revision = count(head, "revision")?;
        self.acknowledged = self.revision;
        self.acknowledged_draft = self.draft.clone();
        self.opening = None;
        if let Some(session) = head.get("session") {
            self.take_state(session);
            self.own = self.session.clone();
        }
        self.reads_back = self.session.is_some();
        Some(())
    }

    /// An edit of the journal; what no longer fits is given back as a conflict.
    fn edit_again(&mut self, edits: Vec<(LineId, Value)>) {
        let mut read = Vec::new();
        for (ids, raw) in edits {
            match Command::read(&raw, &mut LineIds::from(ids)) {
                Ok(command) => read.push(Edit { command, raw, ids }),
                Err(errors) => self.emit(Notice::Conflict { edit: raw, errors }),
            }
        }
        let shown = read.clone();
        if let Err(errors) = self.edit(read) {
            for edit in shown {
                self.emit(Notice::Conflict { edit: edit.raw, errors: errors.clone() });
            }
        }
    }

    /// The request of unknown fate goes again as it was; where its bytes cannot be had, a read decides.
    fn restore_sending(&mut self, sending: &Value, draft: Option<Draft>) {
        self.suspect = count(sending, "suspect");
        self.doubts = sending.get("doubts").and_then(Value::as_integer).unwrap_or_default();
        let text = |name: &str| sending.get(name).and_then(Value::as_str);
        self.moving = Move::from_record(sending);
        let Some(kind) = text("kind").and_then(Kind::from_word) else {
            return;
        };
        // What is done with an order does not carry the draft.
        let draft = draft.or_else(|| {
            self.moving.as_ref().filter(|moving| moving.is_of_order()).map(|_| self.draft.clone())
        });
        let body = draft.as_ref().map(|draft| self.body_of(kind, draft));
        let attempt = (|| {
            let mut attempt = self.attempt_of(kind, body?, true);
            attempt.draft = draft?;
            attempt.revision = count(sending, "revision")?;
            attempt.key = Some(text("key")?.to_string());
            attempt.first_sent = count(sending, "since")?;
            attempt.sends = 1;
            (text("digest") == Some(&attempt.digest)).then_some(attempt)
        })();
        if attempt.is_some() {
            self.unknown = attempt;
            return;
        }
        self.verify_move(kind);
        self.suspect = self.suspect.max(count(sending, "since"));
        self.doubts = self.doubts.saturating_add(1);
        self.read_wanted = true;
    }
}

/// Appends a member that is a text.
pub(super) fn member(name: &str, text: &str, out: &mut String) {
    out.push(',');
    write_string(name, out);
    out.push(':');
    write_string(text, out);
}

fn number(name: &str, count: u64, out: &mut String) {
    out.push(',');
    write_string(name, out);
    out.push(':');
    write_count(count, out);
}

fn count(value: &Value, name: &str) -> Option<u64> {
    value.get(name).and_then(Value::as_integer).and_then(|count| u64::try_from(count).ok())
}

fn read_entry(entry: &Value) -> Option<(u64, Vec<(LineId, Value)>)> {
    let mut edits = Vec::new();
    for edit in entry.get("edits")?.as_array()? {
        edits.push((LineId::parse(edit.get("ids")?.as_str()?)?, edit.get("edit")?.clone()));
    }
    Some((count(entry, "revision")?, edits))
}
