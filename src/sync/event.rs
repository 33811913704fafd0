//! What goes into the machine and what comes out of it.

use std::sync::Arc;

use crate::draft::command::Command;
use crate::draft::quote::{Notification, Quote, Rejection};
use crate::draft::refusal::Refusal;
use crate::draft::{Draft, Line, LineId};
use crate::model::json::Value;
use crate::sync::error::SyncError;
use crate::sync::record::{Stored, Writes};

/// An edit: the command, and the text in which it came, to be shown when it has to be given back.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// What is wanted.
    pub command: Command,
    /// `{"do": …}` as it was read.
    pub raw: Value,
    /// The first id that its lines could take.
    pub ids: LineId,
}

/// The commands of edits.
pub(super) fn commands(edits: &[Edit]) -> Vec<&Command> {
    let mut commands = Vec::new();
    for edit in edits {
        commands.push(&edit.command);
    }
    commands
}

/// Something that the caller waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Everything up to now acknowledged.
    Flush,
    /// Everything acknowledged and the quote fresh.
    Settled,
    /// The session as the server has it.
    Refresh,
    /// What the draft with these changes would cost.
    Preview(Value),
    /// The order placed; with the fingerprint of the quote that was agreed to.
    Close(Option<String>),
    /// Everything ready for a back end to close.
    Prepare(Option<String>),
    /// The session read until the back end has closed it.
    Finish,
    /// Edits free again after a preparation.
    Release,
    /// The session given up.
    Cancel,
    /// The order open again.
    Reopen,
    /// Units of the order given back: a list of `{ lineId | sku | position, quantity }`.
    Return(Value),
}

/// What happened outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The machine starts.
    Opened,
    /// The shopper or the shop changes the draft; all of it or none.
    Edited(Vec<Edit>),
    /// What [`Action::Store`] asked for is stored.
    Stored,
    /// It is not, since the records are of another version: this is what they are.
    Behind(Stored),
    /// It is not, and nothing more will be.
    StoreFailed,
    /// The time asked for by [`Action::WakeAt`] is there.
    Woke,
    /// An attempt was answered.
    Answered {
        /// The attempt.
        id: u64,
        /// HTTP status.
        status: u16,
        /// The `Retry-After` header.
        retry_after: Option<String>,
        /// The body's text.
        body: String,
    },
    /// An attempt was not answered.
    Failed {
        /// The attempt.
        id: u64,
        /// Why.
        failure: Failure,
    },
    /// The browser says that it has a network.
    Online,
    /// The browser says that it has none.
    Offline,
    /// The page is looked at.
    Shown,
    /// The page is put away.
    Hidden,
    /// The lock that was asked for by [`Action::TakeLock`] is there.
    LockGained,
    /// It was taken away, or the page is put away.
    LockLost,
    /// What another tab told, or stored.
    Heard(String),
    /// Somebody waits for something; the ticket names them in the answer.
    Asked {
        /// Who.
        ticket: u64,
        /// For what.
        ask: Ask,
    },
    /// They no longer wait.
    Forgotten {
        /// Who.
        ticket: u64,
    },
}

impl Event {
    /// What is stored, as JSON text.
    pub fn behind(text: &str) -> Event {
        Value::parse(text).map_or(Event::StoreFailed, |value| Event::Behind(Stored::read(&value)))
    }
}

/// Why an attempt has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No connection, or it broke.
    Network,
    /// No answer in time.
    Timeout,
    /// It never left: the headers could not be had.
    NotSent,
    /// It never left: the headers hold a key of the API.
    ApiKey,
}

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Update.
    Put,
    /// Return.
    Post,
}

/// A request to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Send {
    /// Names the attempt in its answer.
    pub id: u64,
    /// The method.
    pub method: Method,
    /// Path below the endpoint, with query.
    pub path: String,
    /// JSON text.
    pub body: Option<String>,
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// Longest wait for an answer, in milliseconds.
    pub timeout: u64,
    /// Whether it may outlive the page.
    pub keepalive: bool,
}

/// What is to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Make a request.
    Send(Send),
    /// Store; answered by [`Event::Stored`], [`Event::Behind`] or [`Event::StoreFailed`] before the next one
    /// comes. What is stored is told to all other tabs, which get it as [`Event::Heard`].
    Store(Writes),
    /// Tell all other tabs, which get it as [`Event::Heard`].
    Tell(String),
    /// Wait for the lock of the session, if this tab does not yet.
    TakeLock,
    /// Take it, whoever has it.
    StealLock,
    /// Let go of it, if it is this tab's, and do not wait for it any more.
    YieldLock,
    /// Wake the machine at that time, in milliseconds since 1970; replaces an earlier one.
    WakeAt(u64),
    /// Tell whoever listens.
    Emit(Notice),
}

/// What is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// Something of the snapshot changed.
    Change,
    /// A new quote is there.
    Quote,
    /// A code has another status.
    Coupon(Coupon),
    /// A message that was not there before.
    Notification(Notification),
    /// So many units of a line that was in the cart for nothing were taken out, since they are offered
    /// no more; the line as it was.
    Withdrawn(Arc<Line>, u64),
    /// The phase changed.
    Sync,
    /// An edit that no longer fits what the server has.
    Conflict {
        /// The edit as it came.
        edit: Value,
        /// Why it does not fit.
        errors: Vec<Refusal>,
    },
    /// An error that the shop may want to show or to log.
    Error(SyncError),
    /// The session is closed; `foreign` when with another content than ours.
    Closed {
        /// Whether somebody else closed it.
        foreign: bool,
        /// Whether the closing answer's quote differs from the one agreed to.
        quote_changed: bool,
    },
    /// An answer to [`Event::Asked`].
    Settled {
        /// Who asked.
        ticket: u64,
        /// What came of it.
        result: Result<Reply, SyncError>,
    },
}

/// What comes of an [`Ask`].
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// It is done.
    Done,
    /// The quote of a preview, the draft that it is for, and the revision that this was made of.
    Preview(Box<Quote>, Box<Draft>, u64),
    /// The back end may close.
    Prepared {
        /// The revision that was agreed to.
        revision: u64,
        /// The quote that was agreed to.
        quote: Arc<Quote>,
    },
}

/// What is known of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// The code as it was entered.
    pub code: String,
    /// Its status.
    pub status: Status,
    /// Why it was rejected.
    pub rejection: Option<Rejection>,
    /// Whether its redemption was undone, so that it works again.
    pub rolled_back: bool,
}

/// The status of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The server has not said anything of it.
    Entered,
    /// It is valid.
    Accepted,
    /// It is not.
    Rejected,
}

/// What came of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The revision after it.
    pub revision: u64,
    /// The line that an addition made or grew.
    pub line: Option<LineId>,
}

/// What an event led to.
#[derive(Debug, Default)]
pub struct Actions {
    /// What is to be done, in order.
    pub list: Vec<Action>,
    /// What came of an [`Event::Edited`].
    pub edited: Option<Result<Edited, Vec<Refusal>>>,
}
