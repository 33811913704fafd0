//! What was asked and answered, newest last, within bounds.

use std::collections::VecDeque;

use cartwright::model::json::{Object, Value};

/// Requests that are remembered.
const MAX_ENTRIES: usize = 5_000;

/// Bytes of bodies and answers that are remembered.
const MAX_BYTES: usize = 64 << 20;

/// A request that was read and, where it needs one, has its place in the queue.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrival {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) session: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) body: String,
    pub(crate) started_at: i64,
}

#[derive(Debug)]
struct Entry {
    seq: u64,
    arrival: Arrival,
    end: Option<End>,
    /// How often it was carried out so far.
    applied: u64,
}

/// How a request ended.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// Status and text; none where the client got no answer.
    pub(crate) answer: Option<(u16, String)>,
    /// Whether the client got no answer, or not the whole of it.
    pub(crate) dropped: bool,
    pub(crate) finished_at: i64,
}

/// The journal.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    bytes: usize,
    last: u64,
}

impl Entry {
    fn bytes(&self) -> usize {
        let answer = self.end.as_ref().and_then(|end| end.answer.as_ref());
        let answer = answer.map_or(0, |(_, text)| text.len());
        self.arrival.body.len().saturating_add(answer)
    }

    fn value(&self) -> Value {
        let arrival = &self.arrival;
        let answer = self.end.as_ref().and_then(|end| end.answer.as_ref());
        let cut = self.end.as_ref().is_some_and(|end| end.dropped);
        let finished_at = self.end.as_ref().map(|end| end.finished_at);
        let members: [(&str, Value); 13] = [
            ("seq", number(self.seq)),
            ("method", text(&arrival.method)),
            ("path", text(&arrival.path)),
            ("query", text(&arrival.query)),
            ("session", or_null(arrival.session.as_deref(), text)),
            ("key", or_null(arrival.key.as_deref(), text)),
            ("body", text(&arrival.body)),
            ("status", or_null(answer, |(status, _)| number(*status))),
            ("answer", or_null(answer, |(_, answer)| text(answer))),
            ("startedAt", number(arrival.started_at)),
            ("finishedAt", or_null(finished_at, number)),
            ("dropped", Value::Bool(cut)),
            ("applied", number(self.applied)),
        ];
        let members = members.map(|(name, value)| (name.to_string(), value));
        Value::Object(members.into_iter().collect::<Object>())
    }
}

fn text(text: &str) -> Value {
    Value::String(text.to_string())
}

fn number(number: impl ToString) -> Value {
    Value::Number(number.to_string())
}

fn or_null<T>(value: Option<T>, write: impl FnOnce(T) -> Value) -> Value {
    value.map_or(Value::Null, write)
}

impl Journal {
    /// Notes a request and gives it a number, from 1 on.
    pub(crate) fn begin(&mut self, arrival: Arrival) -> u64 {
        self.last = self.last.saturating_add(1);
        let entry = Entry { seq: self.last, arrival, end: None, applied: 0 };
        self.bytes = self.bytes.saturating_add(entry.bytes());
        self.entries.push_back(entry);
        self.shorten();
        self.last
    }

    fn entry(&mut self, seq: u64) -> Option<&mut Entry> {
        let index = self.entries.binary_search_by_key(&seq, |entry| entry.seq).ok()?;
        self.entries.get_mut(index)
    }

    /// Notes that a request was carried out once more.
    pub(crate) fn applied(&mut self, seq: u64) {
        if let Some(entry) = self.entry(seq) {
            entry.applied = entry.applied.saturating_add(1);
        }
    }

    /// Notes how a request ended, where it is still remembered.
    pub(crate) fn finish(&mut self, seq: u64, end: End) {
        if let Some(entry) = self.entry(seq) {
            let before = entry.bytes();
            entry.end = Some(end);
            let after = entry.bytes();
            self.bytes = self.bytes.saturating_sub(before).saturating_add(after);
        }
        self.shorten();
    }

    fn shorten(&mut self) {
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(oldest.bytes());
        }
    }

    /// Forgets all requests; numbers go on, so that one that still runs finds no other's entry.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    /// The requests of a session, or all.
    pub(crate) fn list(&self, session: Option<&str>) -> Value {
        let wanted = |entry: &&Entry| session.is_none() || entry.arrival.session.as_deref() == session;
        Value::Array(self.entries.iter().filter(wanted).map(Entry::value).collect())
    }
}
