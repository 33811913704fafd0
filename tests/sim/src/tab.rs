//! One page of a browser: a machine, its timers, and what it waits for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cartwright::sync::{Event, Machine, Options, Writes};
use serde_json::Value as Json;

use crate::step::What;
use crate::world::LOST;

/// A page; without a machine it is closed.
#[derive(Debug, Default)]
pub struct Tab {
    pub machine: Option<Machine>,
    /// Which opening of the page it is.
    pub life: u64,
    pub frozen: bool,
    /// Whether it was put away so that it may come back: without lock, channel and store.
    pub away: bool,
    /// Whether it wants the lock when it is back.
    pub wants_lock: bool,
    /// Whether it shares the session with other tabs.
    pub shares: bool,
    /// What happened to it while it was frozen.
    pub inbox: VecDeque<Event>,
    /// What other tabs told and it has not heard.
    pub heard: VecDeque<String>,
    /// The open attempt, and when its time is over.
    pub open: Option<(u64, u64)>,
    /// Whether that only reads.
    pub reads: bool,
    /// Whether another tab may send although that is not answered.
    pub abandoned: bool,
    pub wake: Option<u64>,
    pub writing: Option<Writes>,
    pub next_ticket: u64,
    /// Who waits, and for what.
    pub waiting: BTreeMap<u64, What>,
    /// Who was answered.
    pub answered: BTreeSet<u64>,
    /// What the quotes agreed to are, by ticket.
    pub agreed: BTreeMap<u64, String>,
    /// Whether the back end may close.
    pub prepared: bool,
    /// Whether its store gave out.
    pub failed: bool,
    /// Whether it was opened without a record of a reopening, and nothing was evaluated since that.
    pub unaware: bool,
    /// Whether something of it left without a record.
    pub unrecorded: bool,
    pub acknowledged: u64,
    /// Since when an accepted edit waits for an update.
    pub first_edit: Option<u64>,
    /// No request before this time.
    pub not_before: u64,
    /// The campaigns when the request of the newest answer left.
    pub prices: usize,
    /// The request text for which the quote was compared last, and the outcome.
    pub compared: Option<(u64, usize)>,
    /// What the page began with, and everything that happened to it, with the time.
    pub options: Json,
    pub log: Vec<(u64, Event)>,
}

impl Tab {
    /// A page that opens with these options.
    pub fn open(life: u64, options: Json) -> Tab {
        let machine = machine(&options);
        Tab { machine: Some(machine), life, options, ..Tab::default() }
    }

    pub fn is_open(&self) -> bool {
        self.machine.is_some()
    }

    pub fn is_awake(&self) -> bool {
        self.is_open() && !self.frozen
    }

    pub fn machine(&self) -> &Machine {
        self.machine.as_ref().expect("an open page")
    }

    /// Whether its lock was taken from it, and it has not heard.
    pub fn lost(&self) -> bool {
        self.heard.iter().any(|text| text == LOST)
    }

    /// When it next has something to do by itself.
    pub fn due(&self) -> Option<u64> {
        let timeout = self.open.map(|(_, at)| at);
        self.is_awake().then(|| self.wake.into_iter().chain(timeout).min()).flatten()
    }
}

/// The machine that options make.
pub fn machine(options: &Json) -> Machine {
    let value = cartwright::model::json::Value::parse(&options.to_string()).expect("JSON");
    Machine::new(Options::read(&value).expect("options")).expect("a machine")
}
