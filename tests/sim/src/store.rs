//! The records of the session, and what may become of them.

use cartwright::sync::{Event, Writes};
use serde_json::Value as Json;

use crate::disk::Disk;

/// What a record holds that was damaged.
const DAMAGED: &str = "{";

/// The store of one browser.
#[derive(Debug, Default)]
pub struct Store {
    disk: Disk,
    /// Whether pages get none.
    pub denied: bool,
    /// Whether no transaction succeeds.
    pub full: bool,
    /// A transaction that was given up, and is carried out all the same.
    pub late: Vec<Writes>,
    /// Whether the end of the session was put on record, whatever became of the record.
    pub ended: bool,
}

impl Store {
    /// What becomes of a transaction.
    pub fn commit(&mut self, writes: &Writes) -> Event {
        self.catch_up();
        self.carry_out(writes.clone())
    }

    fn carry_out(&mut self, writes: Writes) -> Event {
        let ends = writes.head.as_ref().is_some_and(|head| head.contains("\"over\""));
        let event = self.disk.commit(writes);
        self.ended |= ends && event == Event::Stored;
        event
    }

    /// Transactions that were given up are carried out before any that begins later.
    pub fn catch_up(&mut self) {
        for writes in std::mem::take(&mut self.late) {
            self.carry_out(writes);
        }
    }

    /// Deletes everything, as a page does that knows it to be older than the cart.
    pub fn clear(&mut self) {
        let version = self.disk.version;
        let clear = Writes { expect: Some(version), version: version + 1, clear: true, ..Writes::default() };
        self.disk.commit(clear);
    }

    pub fn damage(&mut self) {
        self.disk.head = Some(DAMAGED.to_string());
    }

    pub fn is_damaged(&self) -> bool {
        self.disk.head.as_deref() == Some(DAMAGED)
    }

    /// Whether the record of sending names this: a key, a move.
    pub fn records(&self, text: &str) -> bool {
        self.disk.sending.as_ref().is_some_and(|sending| sending.contains(text))
    }

    pub fn is_empty(&self) -> bool {
        self.disk.is_empty()
    }

    /// The option that hands it to a checkout.
    pub fn option(&self) -> Json {
        self.disk.option()
    }
}
