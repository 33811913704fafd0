//! What outlives the page: the draft as the server confirmed it, the edits since, and the request
//! under way (rules 4 and 9).
//!
//! An edit adds its own text to the journal and nothing else, however long the cart is. The draft
//! itself is written when the server confirmed it, and takes the journal up to there with it. All tabs
//! write to the same records, each transaction for the version that its tab knows.

use crate::draft::Draft;
use crate::draft::state::State;
use crate::model::json::{Value, write_list, write_string};
use crate::model::wire::write_count;
use crate::sync::error::SyncCode;
use crate::sync::journal::read_entries;
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
    /// Which state of the records this is; 0 where there are none.
    pub version: u64,
    /// How often the role of the sender was taken.
    pub epoch: u64,
}

/// What is to be stored, all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Writes {
    /// The version that the records must have, else nothing is written and everything is read; none
    /// where it is only to be read.
    pub expect: Option<u64>,
    /// The version that they have then.
    pub version: u64,
    /// The epoch that they have then, where it is another one.
    pub epoch: Option<u64>,
    /// Whether what was found is first set aside under another name.
    pub aside: bool,
    /// Whether everything of the session is deleted first.
    pub clear: bool,
    /// The new head.
    pub head: Option<String>,
    /// The new record of sending.
    pub sending: Option<String>,
    /// Edits to be added, each with its number.
    pub journal: Vec<(u64, String)>,
    /// The number up to which edits are deleted.
    pub upto: u64,
    /// The newest answer, for other tabs; and the revision that its quote is fresh for.
    pub answer: Option<(String, Option<u64>)>,
}

impl Stored {
    /// Reads the option of the JavaScript surface, or what another tab wrote.
    pub fn read(value: &Value) -> Stored {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_string);
        let journal = value.get("journal").and_then(Value::as_array).unwrap_or_default();
        // What is written has its number before it.
        let entry =
            |entry: &Value| entry.as_str().or_else(|| entry.as_array()?.get(1)?.as_str()).map(str::to_string);
        let number = |name: &str| count(value, name).unwrap_or_default();
        Stored {
            head: text("head"),
            sending: text("sending"),
            journal: journal.iter().filter_map(entry).collect(),
            version: number("version"),
            epoch: number("epoch"),
        }
    }
}

impl Writes {
    /// Whether nothing is written.
    pub(super) fn is_nothing(&self) -> bool {
        let numbers = Writes { expect: self.expect, version: self.version, ..Writes::default() };
        *self == numbers
    }

    /// The writes as JSON text.
    pub fn to_text(&self) -> String {
        let mut out = "{\"aside\":".to_string();
        out.push_str(if self.aside { "true" } else { "false" });
        out.push_str(",\"clear\":");
        out.push_str(if self.clear { "true" } else { "false" });
        let numbers = [
            ("expect", self.expect),
            ("epoch", self.epoch),
            ("version", Some(self.version)),
            ("upto", Some(self.upto)),
        ];
        for (name, count) in numbers {
            if let Some(count) = count {
                number(name, count, &mut out);
            }
        }
        let answer = self.answer.as_ref().map(|(text, _)| text);
        let fresh = self.answer.as_ref().and_then(|(_, fresh)| *fresh);
        let texts = [("head", self.head.as_ref()), ("sending", self.sending.as_ref()), ("answer", answer)];
        for (name, text) in texts {
            if let Some(text) = text {
                member(name, text, &mut out);
            }
        }
        if let Some(fresh) = fresh {
            number("fresh", fresh, &mut out);
        }
        out.push_str(",\"journal\":");
        write_list(&self.journal, &mut out, |(revision, text), out| {
            out.push('[');
            write_count(*revision, out);
            out.push(',');
            write_string(text, out);
            out.push(']');
        });
        out.push('}');
        out
    }
}

impl Machine {
    /// The head of a session that is over.
    pub(super) fn end_text(&self) -> String {
        let mut out = "{\"schema\":".to_string();
        write_count(SCHEMA.unsigned_abs(), &mut out);
        number("revision", self.revision, &mut out);
        member("over", self.state.as_str(), &mut out);
        number("foreign", u64::from(self.keeping.foreign), &mut out);
        out.push('}');
        out
    }

    /// The draft as the server confirmed it; or, where the records are gone, with everything that was in
    /// them.
    pub(super) fn head_text(&self) -> String {
        let base = self.keeping.base.as_ref().filter(|_| self.keeping.reseeds);
        let revision = if base.is_some() { self.keeping.base_revision } else { self.acknowledged };
        let mut out = "{\"schema\":".to_string();
        write_count(SCHEMA.unsigned_abs(), &mut out);
        number("revision", revision, &mut out);
        if revision > self.acknowledged {
            number("open", 1, &mut out);
        }
        out.push_str(",\"draft\":");
        base.unwrap_or(&self.acknowledged_draft).write_record(&mut out);
        // An order is recorded as it was found.
        let session = if self.state.is_open() { &self.own } else { &self.session };
        if let Some(session) = session {
            out.push_str(",\"session\":");
            session.write(&mut out);
        }
        out.push_str(",\"tabs\":");
        write_list(&self.keeping.last, &mut out, |(tab, number), out| {
            out.push('[');
            write_string(tab, out);
            out.push(',');
            write_count(*number, out);
            out.push(']');
        });
        out.push('}');
        out
    }

    /// The request whose fate is open, the move that holds the draft, and what was sent.
    pub(super) fn sending_text(&self) -> String {
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
        if self.reopened {
            number("reopened", 1, &mut out);
        }
        if let Some(moving) = self.moving.as_ref().filter(|moving| moving.begun) {
            moving.write_record(&mut out);
        }
        out.push('}');
        out
    }

    /// Takes up what the store has of the session; an error where that cannot be read.
    /// Whether it is over is told where something of it is here already.
    pub(super) fn restore(&mut self, stored: &Stored) -> Result<bool, SyncCode> {
        let parse = |text: &String| Value::parse(text).map_err(|_| SyncCode::StorageFailed);
        let head = stored.head.as_ref().map(parse).transpose()?;
        if let Some(head) = &head {
            let schema = head.get("schema").and_then(Value::as_integer).ok_or(SyncCode::StorageFailed)?;
            if schema > SCHEMA {
                return Err(SyncCode::StorageNewer);
            }
        }
        let end = head.as_ref().and_then(|head| head.get("over")).and_then(Value::as_str);
        let over = end.is_some() && self.keeping.base.is_some();
        if let Some(end) = end.filter(|_| over) {
            self.state = State::from_word(end);
            self.keeping.foreign = head.as_ref().and_then(|head| count(head, "foreign")) != Some(0);
        }
        if let Some(head) = head.as_ref().filter(|_| end.is_none()) {
            self.restore_head(head).ok_or(SyncCode::StorageFailed)?;
        }
        let sending = stored.sending.as_ref().map(parse).transpose()?;
        let recorded = sending.as_ref().and_then(|sending| count(sending, "revision"));
        let mut sent = (recorded == Some(self.revision)).then(|| self.draft.clone());
        // What was sent decides whether an edit unsets a field or clears it.
        if let Some(sending) = &sending {
            self.draft.read_sent(sending).ok_or(SyncCode::StorageFailed)?;
        }
        for entry in read_entries(&stored.journal, 0).ok_or(SyncCode::StorageFailed)? {
            self.follow(entry);
            if recorded == Some(self.revision) {
                sent = Some(self.draft.clone());
            }
        }
        if let Some(sending) = &sending {
            self.restore_sending(sending, sent);
        }
        self.keeping.sending = stored.sending.clone().unwrap_or_default();
        self.keeping.recorded = self.moving.is_some();
        self.keeping.base = Some(self.draft.clone());
        self.keeping.base_revision = self.revision;
        self.keeping.seen = self.revision;
        self.keeping.revision = self.keeping.revision.max(self.revision);
        self.keeping.epoch = stored.epoch;
        self.keeping.whole = true;
        self.all_changed();
        Ok(over)
    }

    fn restore_head(&mut self, head: &Value) -> Option<()> {
        self.draft = Draft::read_record(head.get("draft")?, self.options.limits)?;
        self.revision = count(head, "revision")?;
        if head.get("open").is_none() {
            self.acknowledged = self.revision;
            self.acknowledged_draft = self.draft.clone();
        }
        self.opening = None;
        if let Some(session) = head.get("session") {
            self.take_state(session);
            self.own = self.session.clone();
        }
        self.reads_back = self.session.is_some();
        for tab in head.get("tabs").and_then(Value::as_array).unwrap_or_default() {
            let mut parts = tab.as_array()?.iter();
            let (name, number) = (parts.next()?.as_str()?, parts.next()?.as_integer()?);
            self.keeping.note(&(name.to_string(), number.unsigned_abs()));
        }
        Some(())
    }

    /// What is to be known before an answer is believed.
    fn restore_doubts(&mut self, sending: &Value) {
        self.reopened = sending.get("reopened").is_some();
        self.suspect = count(sending, "suspect");
        self.doubts = sending.get("doubts").and_then(Value::as_integer).unwrap_or_default();
    }

    /// What another tab notes of its sending, as far as it concerns this one.
    pub(super) fn follow_sending(&mut self, sending: &Value) {
        self.restore_doubts(sending);
        self.keeping.recorded = sending.get("move").is_some();
        let _ = self.draft.read_sent(sending);
        if let Some(base) = &mut self.keeping.base {
            base.take_sent(&self.draft);
        }
    }

    /// The request of unknown fate goes again as it was; where its bytes cannot be had, a read decides.
    fn restore_sending(&mut self, sending: &Value, draft: Option<Draft>) {
        self.restore_doubts(sending);
        let text = |name: &str| sending.get(name).and_then(Value::as_str);
        self.moving = Move::from_record(sending);
        let kind = text("kind").and_then(Kind::from_word);
        // A session that is over takes no update.
        let Some(kind) = kind.filter(|kind| *kind != Kind::Update || self.state.is_open()) else {
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

pub(super) fn number(name: &str, count: u64, out: &mut String) {
    out.push(',');
    write_string(name, out);
    out.push(':');
    write_count(count, out);
}

pub(super) fn count(value: &Value, name: &str) -> Option<u64> {
    value.get(name).and_then(Value::as_integer).and_then(|count| u64::try_from(count).ok())
}
