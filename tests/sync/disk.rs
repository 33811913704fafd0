//! The records of a session, as a store with transactions keeps them.

use std::collections::BTreeMap;

use cartwright::sync::{Event, Stored, Writes};
use serde_json::{Value as Json, json};

/// What a store holds of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    pub head: Option<String>,
    pub sending: Option<String>,
    pub journal: BTreeMap<u64, String>,
    /// What was set aside.
    pub aside: Option<Box<Disk>>,
    /// Bytes written so far.
    pub written: usize,
    pub version: u64,
    pub epoch: u64,
}

impl Disk {
    /// What becomes of a transaction.
    pub fn commit(&mut self, writes: Writes) -> Event {
        if writes.expect != Some(self.version) {
            return Event::Behind(self.stored());
        }
        let epoch = writes.epoch.unwrap_or(self.epoch);
        if writes.aside || writes.clear {
            let (written, known) = (self.written, std::mem::take(self));
            self.written = written;
            self.aside = if writes.aside { Some(Box::new(known)) } else { known.aside };
        }
        (self.version, self.epoch) = (writes.version, epoch);
        self.written += writes.to_text().len();
        if writes.head.is_some() {
            self.head = writes.head;
        }
        if writes.sending.is_some() {
            self.sending = writes.sending;
        }
        self.journal.retain(|revision, _| *revision > writes.upto);
        self.journal.extend(writes.journal);
        Event::Stored
    }

    /// What is there, for a machine that is not up to date.
    fn stored(&self) -> Stored {
        Stored {
            head: self.head.clone(),
            sending: self.sending.clone(),
            journal: self.journal.values().cloned().collect(),
            version: self.version,
            epoch: self.epoch,
        }
    }

    pub fn is_empty(&self) -> bool {
        let nothing = self.head.as_ref().is_none_or(|head| head.contains("\"over\"") && head.len() < 90);
        nothing && self.sending.is_none() && self.journal.is_empty()
    }

    /// The option that hands it to a checkout.
    pub fn option(&self) -> Json {
        let journal: Vec<&String> = self.journal.values().collect();
        let mut option = json!({ "journal": journal, "version": self.version, "epoch": self.epoch });
        for (name, text) in [("head", &self.head), ("sending", &self.sending)] {
            if let Some(text) = text {
                option[name] = json!(text);
            }
        }
        option
    }
}
