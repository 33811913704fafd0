//! A move of the session from one state to another, and its record (rule 9).

use crate::draft::state::State;
use crate::model::json::Value;
use crate::sync::error::{SyncCode, SyncError};
use crate::sync::event::Ask;
use crate::sync::order::{Units, read_units, write_units};
use crate::sync::record::member;
use crate::sync::send::Kind;

/// The word that a record has for a preparation.
const PREPARE: &str = "prepare";

/// A move of the session from one state to another.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub(super) aim: Aim,
    pub(super) tickets: Vec<u64>,
    /// The fingerprint that was agreed to.
    pub(super) quote: Option<String>,
    /// Whether it is recorded: what has to be done before it is done.
    pub(super) begun: bool,
    /// The refusal that a read is to explain.
    pub(super) refusal: Option<SyncError>,
    /// Whether an attempt may have taken effect without our knowing, or the shop was told that its
    /// back end may close.
    pub(super) doubt: bool,
}

/// Where a move leads.
#[derive(Debug, Clone)]
pub(super) enum Aim {
    /// First everything is flushed, then the closing request goes.
    Close,
    /// First everything is settled, then the back end may close.
    Prepare {
        /// Who waits for the back end to have closed.
        finish: Vec<u64>,
        polls: u32,
    },
    Cancel,
    Reopen,
    Return {
        /// The lines as they were asked for.
        wanted: Value,
        /// What they are at the server; known once the move has begun.
        units: Vec<Units>,
    },
}

impl Move {
    pub(super) fn new(aim: Aim, ticket: u64, quote: Option<String>) -> Move {
        let begun = matches!(aim, Aim::Cancel);
        Move { aim, tickets: vec![ticket], quote, begun, refusal: None, doubt: false }
    }

    /// Whether it is about an order that was placed.
    pub(super) fn is_of_order(&self) -> bool {
        matches!(self.aim, Aim::Reopen | Aim::Return { .. })
    }

    /// Whether the session is to be given up.
    pub(super) fn cancels(&self) -> bool {
        matches!(self.aim, Aim::Cancel)
    }

    /// Whether the draft must stay as it is. What is done with an order finds no draft to be edited.
    pub(super) fn holds_edits(&self) -> bool {
        self.begun && !self.is_of_order()
    }

    /// The request that makes it, as soon as it may go.
    pub(super) fn request(&self) -> Option<Kind> {
        self.kind().filter(|_| self.begun && self.refusal.is_none())
    }

    fn kind(&self) -> Option<Kind> {
        match self.aim {
            Aim::Close => Some(Kind::Close),
            Aim::Prepare { .. } => None,
            Aim::Cancel => Some(Kind::Cancel),
            Aim::Reopen => Some(Kind::Reopen),
            Aim::Return { .. } => Some(Kind::Return),
        }
    }

    /// A read is to tell whether the move took effect; its own answer is not known.
    pub(super) fn verify(&mut self) {
        if self.kind().is_some() {
            self.refusal.get_or_insert(SyncError::new(SyncCode::Network));
        }
    }

    /// The state that it leads to.
    pub(super) fn goal(&self) -> State {
        match self.aim {
            Aim::Close | Aim::Prepare { .. } => State::Closed,
            Aim::Cancel => State::Cancelled,
            Aim::Reopen => State::Open,
            Aim::Return { .. } => State::PartiallyReturned,
        }
    }

    /// Whether the session is the back end's to close, once the move has begun.
    pub(super) fn is_prepared(&self) -> bool {
        self.kind().is_none()
    }

    /// Whether it is answered, and the read after it is not.
    pub(super) fn is_answered(&self) -> bool {
        self.refusal.as_ref().is_some_and(|error| error.code == SyncCode::BadAnswer)
    }

    /// Whether a read is to tell what became of it.
    pub(super) fn waits_for_read(&self) -> bool {
        self.refusal.is_some()
    }

    /// Appends what a record holds of it.
    pub(super) fn write_record(&self, out: &mut String) {
        member("move", self.kind().and_then(Kind::word).unwrap_or(PREPARE), out);
        if let Some(quote) = &self.quote {
            member("quote", quote, out);
        }
        if let Aim::Return { units, .. } = &self.aim {
            out.push_str(",\"units\":[");
            write_units(units, out);
            out.push(']');
        }
    }

    /// Everybody who waits for anything of it.
    pub(super) fn everybody(&mut self) -> Vec<u64> {
        let mut tickets = std::mem::take(&mut self.tickets);
        if let Aim::Prepare { finish, .. } = &mut self.aim {
            tickets.append(finish);
        }
        tickets
    }

    /// It could not be recorded: edits are free until it can.
    pub(super) fn begin_again(&mut self) {
        self.begun &= self.is_of_order() || self.cancels();
    }

    /// What was asked for, by everybody who waits for it.
    pub(super) fn into_asks(mut self) -> Vec<(u64, Ask)> {
        let tickets = self.everybody();
        let ask = match self.aim {
            Aim::Close => Ask::Close(self.quote),
            Aim::Prepare { .. } => Ask::Prepare(self.quote),
            Aim::Cancel => Ask::Cancel,
            Aim::Reopen => Ask::Reopen,
            Aim::Return { wanted, .. } => Ask::Return(wanted),
        };
        let mut asks = Vec::new();
        for ticket in tickets {
            asks.push((ticket, ask.clone()));
        }
        asks
    }

    /// Those who wait for the same move wait for this one; gives back another one.
    pub(super) fn join(&mut self, mut known: Move) -> Option<Move> {
        if self.kind() != known.kind() {
            return Some(known);
        }
        match (&mut self.aim, &mut known.aim) {
            (Aim::Prepare { finish, .. }, Aim::Prepare { finish: more, .. }) => finish.append(more),
            (Aim::Return { units, .. }, Aim::Return { units: others, .. }) if units != others => {
                return Some(known);
            }
            _ => {}
        }
        self.tickets.append(&mut known.tickets);
        None
    }

    /// The move that a record has, nobody waiting for it.
    pub(super) fn from_record(record: &Value) -> Option<Move> {
        let text = |name: &str| record.text(name);
        let word = text("move")?;
        let aim = match Kind::from_word(word) {
            Some(Kind::Close) => Aim::Close,
            Some(Kind::Cancel) => Aim::Cancel,
            Some(Kind::Reopen) => Aim::Reopen,
            Some(Kind::Return) => {
                Aim::Return { wanted: Value::Null, units: read_units(record.get("units")?)? }
            }
            _ if word == PREPARE => Aim::Prepare { finish: Vec::new(), polls: 0 },
            _ => return None,
        };
        let quote = text("quote").map(str::to_string);
        // Whoever recorded an attempt of it may have made it, and whoever prepared may have been told.
        let doubt = text("kind") == Some(word) || word == PREPARE;
        let mut moving = Move { aim, tickets: Vec::new(), quote, begun: true, refusal: None, doubt };
        if moving.is_of_order() {
            // A second one would be another one: unless its bytes are there still, a read decides.
            moving.verify();
        }
        Some(moving)
    }
}
