//! Closing, preparing for a back end that closes, and cancelling (rule 9, held in memory).

use crate::draft::quote::differences;
use crate::draft::refusal::{Code, Refusal};
use crate::draft::state::State;
use crate::model::json::Value;
use crate::sync::backoff;
use crate::sync::error::{SyncCode, SyncError};
use crate::sync::event::{Ask, Notice, Reply};
use crate::sync::machine::Machine;
use crate::sync::send::Kind;

/// A move of the session from one state to another.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Move {
    /// First everything is flushed, then the closing request goes.
    Close {
        tickets: Vec<u64>,
        /// The fingerprint that was agreed to.
        quote: Option<String>,
        /// Whether the closing is recorded: from then on no edit is accepted.
        sending: bool,
        /// The refusal that a read is to explain.
        refusal: Option<SyncError>,
        /// Whether an attempt may have taken effect without our knowing.
        doubt: bool,
    },
    /// First everything is settled, then the back end may close.
    Prepare {
        tickets: Vec<u64>,
        quote: Option<String>,
        prepared: bool,
        /// Who waits for the back end to have closed.
        finish: Vec<u64>,
        polls: u32,
    },
    Cancel {
        tickets: Vec<u64>,
        refusal: Option<SyncError>,
        doubt: bool,
    },
}

impl Move {
    /// Whether the draft must stay as it is.
    pub(super) fn holds_edits(&self) -> bool {
        match self {
            Move::Close { sending, .. } => *sending,
            Move::Prepare { prepared, .. } => *prepared,
            Move::Cancel { .. } => true,
        }
    }

    /// A read is to tell whether the move took effect; its own answer is not known.
    pub(super) fn verify(&mut self) {
        if let Move::Close { refusal, .. } | Move::Cancel { refusal, .. } = self {
            refusal.get_or_insert(SyncError::new(SyncCode::Network));
        }
    }

    /// Whether an attempt may have taken effect without our knowing.
    pub(super) fn is_doubtful(&self) -> bool {
        matches!(self, Move::Close { doubt: true, .. } | Move::Cancel { doubt: true, .. })
    }

    /// Whether a read is to tell what became of it.
    pub(super) fn waits_for_read(&self) -> bool {
        matches!(self, Move::Close { refusal: Some(_), .. } | Move::Cancel { refusal: Some(_), .. })
    }

    /// The word that a record has for it, and the quote that was agreed to.
    pub(super) fn record(&self) -> (&'static str, Option<&String>) {
        match self {
            Move::Close { quote, .. } => ("close", quote.as_ref()),
            Move::Prepare { quote, .. } => ("prepare", quote.as_ref()),
            Move::Cancel { .. } => ("cancel", None),
        }
    }

    /// A move that a record has, nobody waiting for it.
    pub(super) fn from_record(word: &str, quote: Option<String>) -> Option<Move> {
        let (tickets, refusal, doubt) = (Vec::new(), None, false);
        match word {
            "close" => Some(Move::Close { tickets, quote, sending: true, refusal, doubt }),
            "prepare" => Some(Move::Prepare { tickets, quote, prepared: true, finish: Vec::new(), polls: 0 }),
            "cancel" => Some(Move::Cancel { tickets, refusal, doubt }),
            _ => None,
        }
    }

    fn tickets(&mut self) -> Vec<u64> {
        let (Move::Close { tickets, .. } | Move::Prepare { tickets, .. } | Move::Cancel { tickets, .. }) =
            self;
        std::mem::take(tickets)
    }
}

impl Machine {
    /// Somebody asks for a move; a second request for the same one joins the first.
    pub(super) fn ask_move(&mut self, ticket: u64, ask: Ask) {
        self.unblock();
        let may_close = self.may_become(&State::Closed);
        let may_cancel = self.may_become(&State::Cancelled) && self.may_exist();
        match (ask, &mut self.moving) {
            (Ask::Cancel, Some(Move::Cancel { tickets, .. })) => tickets.push(ticket),
            // Who joins is bound to the same quote; the first one that is named binds all.
            (Ask::Close(wished), Some(Move::Close { tickets, quote, sending: begun, .. }))
            | (Ask::Prepare(wished), Some(Move::Prepare { tickets, quote, prepared: begun, .. })) => {
                let current = self.quote.as_ref().map(|quote| quote.fingerprint.clone());
                let agrees = wished.is_none() || wished == *quote || (*begun && wished == current);
                if !agrees && (*begun || quote.is_some()) {
                    self.reject(ticket, SyncError::new(SyncCode::QuoteChanged));
                    return;
                }
                tickets.push(ticket);
                if !*begun {
                    *quote = quote.take().or(wished);
                } else if let Some(Move::Prepare { tickets, .. }) = &mut self.moving {
                    let tickets = std::mem::take(tickets);
                    self.prepared(&tickets);
                }
            }
            (Ask::Finish, Some(Move::Prepare { finish, prepared: true, .. })) => {
                finish.push(ticket);
                self.read_wanted = true;
            }
            (Ask::Finish, _) if self.state == State::Closed => self.resolve(ticket, Reply::Done),
            (Ask::Release, Some(Move::Prepare { .. })) => {
                if let Some(Move::Prepare { tickets, finish, .. }) = self.moving.take() {
                    for waiting in tickets.into_iter().chain(finish) {
                        self.reject(waiting, SyncError::new(SyncCode::Aborted));
                    }
                }
                self.resume_at = self.not_before;
                self.all_changed();
                self.resolve(ticket, Reply::Done);
            }
            (Ask::Release, None) => self.resolve(ticket, Reply::Done),
            (_, Some(_)) => self.reject(ticket, Refusal::new(Code::SessionClosing, Vec::new()).into()),
            (Ask::Close(_), None) if self.state == State::Closed => self.resolve(ticket, Reply::Done),
            (Ask::Close(quote), None) if may_close => {
                self.moving = Some(Move::Close {
                    tickets: vec![ticket],
                    quote,
                    sending: false,
                    refusal: None,
                    doubt: false,
                });
            }
            (Ask::Prepare(quote), None) if may_close => {
                let (finish, polls) = (Vec::new(), 0);
                self.moving =
                    Some(Move::Prepare { tickets: vec![ticket], quote, prepared: false, finish, polls });
            }
            (Ask::Cancel, None) if self.state == State::Cancelled => self.resolve(ticket, Reply::Done),
            (Ask::Cancel, None) if may_cancel => {
                self.moving = Some(Move::Cancel { tickets: vec![ticket], refusal: None, doubt: false });
            }
            _ => self.reject(ticket, self.forbidden()),
        }
    }

    fn may_become(&self, state: &State) -> bool {
        self.options.transitions.endpoint(&self.state, state).is_some()
    }

    /// Whether the server has the session, or may soon.
    fn may_exist(&self) -> bool {
        self.session.is_some() || self.opening.is_some() || self.revision > 0
    }

    fn forbidden(&self) -> SyncError {
        Refusal::new(Code::StateForbidden, crate::model::wire::key("state"))
            .with_actual(self.state.as_str())
            .into()
    }

    /// Takes a move one step further where everything that it waits for is there.
    pub(super) fn advance_move(&mut self) {
        // What is under way may still be refused, and then edits have to be free.
        let quiet =
            !self.is_dirty() && self.unknown.is_none() && self.opening.is_none() && self.flight.is_none();
        let agreed = match &self.moving {
            Some(
                Move::Close { sending: false, quote, .. } | Move::Prepare { prepared: false, quote, .. },
            ) => quote.clone(),
            Some(Move::Cancel { doubt: false, .. }) if self.has_nothing_to_cancel() => {
                let error = self.forbidden();
                self.reject_move(&error);
                self.moving = None;
                self.all_changed();
                return;
            }
            _ => return,
        };
        if self.state != State::Open {
            let error = self.forbidden();
            self.reject_move(&error);
            self.moving = None;
            return;
        }
        if let Some(block) = self.blocked.clone() {
            self.reject_move(&block.error);
            self.moving = None;
            return;
        }
        if !quiet {
            return;
        }
        let preparing = matches!(self.moving, Some(Move::Prepare { .. }));
        if (preparing || agreed.is_some()) && (self.is_suspect() || !self.quote_is_current()) {
            self.want_fresh_quote();
            return;
        }
        let current = self.quote.as_ref().map(|quote| quote.fingerprint.as_str());
        if agreed.is_some() && agreed.as_deref() != current {
            self.reject_move(&SyncError::new(SyncCode::QuoteChanged));
            self.moving = None;
            return;
        }
        match &mut self.moving {
            Some(Move::Close { sending, .. }) => *sending = true,
            Some(Move::Prepare { prepared, tickets, .. }) => {
                *prepared = true;
                let tickets = std::mem::take(tickets);
                self.prepared(&tickets);
            }
            _ => {}
        }
        self.all_changed();
    }

    /// Whether the server does not have the session, and nothing is under way that would make it.
    fn has_nothing_to_cancel(&self) -> bool {
        let refused = self.blocked.is_some() || !self.is_dirty();
        let quiet = self.flight.is_none() && self.unknown.is_none() && self.opening.is_none();
        self.session.is_none() && quiet && refused
    }

    fn prepared(&mut self, tickets: &[u64]) {
        let quote = self.quote.clone().unwrap_or_default();
        for ticket in tickets {
            let reply = Reply::Prepared { revision: self.revision, quote: quote.clone() };
            self.resolve(*ticket, reply);
        }
    }

    pub(super) fn reject_move(&mut self, error: &SyncError) {
        let tickets = self.moving.as_mut().map(Move::tickets).unwrap_or_default();
        for ticket in tickets {
            self.reject(ticket, error.clone());
        }
    }

    /// An attempt to make the move ended so that it may have taken effect.
    pub(super) fn doubt_move(&mut self, kind: Kind) {
        if let (Kind::Close | Kind::Cancel, Some(Move::Close { doubt, .. } | Move::Cancel { doubt, .. })) =
            (kind, &mut self.moving)
        {
            *doubt = true;
        }
    }

    /// Nothing is sent until somebody asks: those who wait for a move are told. One that may have
    /// taken effect stays, to be found out then.
    pub(super) fn hold_move(&mut self, error: &SyncError) {
        self.reject_move(error);
        match &mut self.moving {
            Some(Move::Prepare { finish, .. }) => {
                for ticket in std::mem::take(finish) {
                    self.reject(ticket, error.clone());
                }
            }
            Some(moving) if moving.is_doubtful() || moving.waits_for_read() => {
                if let Move::Close { refusal: Some(refusal), .. }
                | Move::Cancel { refusal: Some(refusal), .. } = moving
                {
                    *refusal = SyncError::new(SyncCode::Network);
                }
            }
            Some(_) => {
                self.moving = None;
                self.all_changed();
            }
            None => {}
        }
    }

    /// They no longer wait for the back end; the reads end with the last one.
    pub(super) fn forget_finish(&mut self, ticket: u64) {
        if let Some(Move::Prepare { finish, .. }) = &mut self.moving {
            finish.retain(|waiting| *waiting != ticket);
        }
    }

    /// The move was refused: one read tells whether an earlier attempt had taken effect, and only
    /// then is its caller told. A shopper who is told of a failure orders again.
    pub(super) fn move_refused(&mut self, error: SyncError) {
        if let Some(Move::Close { refusal, .. } | Move::Cancel { refusal, .. }) = &mut self.moving {
            *refusal = Some(error);
        }
        self.read_wanted = true;
    }

    /// The answer to the move is there.
    pub(super) fn moved(&mut self) {
        let Some(mut moving) = self.moving.take() else {
            return;
        };
        let newest = self.quote.as_ref().map(|quote| quote.fingerprint.as_str());
        if let Move::Close { quote, .. } = &moving {
            let quote_changed = quote.is_some() && quote.as_deref() != newest;
            self.emit(Notice::Closed { foreign: false, quote_changed });
        }
        for ticket in moving.tickets() {
            self.resolve(ticket, Reply::Done);
        }
        self.all_changed();
    }

    /// What a read says about the move that is under way; false where there is none, or where the
    /// session ended otherwise.
    pub(super) fn move_read(&mut self, session: &Value) -> bool {
        match &mut self.moving {
            Some(Move::Close { sending: true, refusal, .. })
                if refusal.is_some() || self.state != State::Open =>
            {
                let error = refusal.clone().unwrap_or_else(|| self.forbidden());
                self.verified(&State::Closed, &error, session)
            }
            Some(Move::Cancel { refusal, .. }) if refusal.is_some() || self.state == State::Cancelled => {
                let error = refusal.clone().unwrap_or_else(|| self.forbidden());
                self.verified(&State::Cancelled, &error, session)
            }
            Some(Move::Prepare { prepared: true, finish, polls, .. }) => {
                if self.state == State::Open {
                    if finish.is_empty() {
                        return true;
                    }
                    let delay = backoff::delay(&mut self.random, self.options.base, self.options.cap, *polls);
                    *polls = polls.saturating_add(1);
                    self.resume_at = self.now.saturating_add(delay);
                    self.read_wanted = true;
                    return true;
                }
                let tickets = std::mem::take(finish);
                self.moving = None;
                let closed = self.state == State::Closed;
                if closed {
                    self.emit(Notice::Closed { foreign: false, quote_changed: false });
                }
                for ticket in tickets {
                    if closed {
                        self.resolve(ticket, Reply::Done);
                    } else {
                        let error = self.forbidden();
                        self.reject(ticket, error);
                    }
                }
                closed
            }
            _ => false,
        }
    }

    /// A read after a refused move: it took effect with our content, with other content, or not.
    fn verified(&mut self, wished: &State, error: &SyncError, session: &Value) -> bool {
        // What the server already held otherwise after our last update is its own way to write it.
        let as_before = |field: &String| {
            let own = self.own.as_deref().and_then(|own| own.get(field));
            own.zip(session.get(field)).is_some_and(|(own, now)| own.same(now))
        };
        if self.state == *wished
            && (*wished == State::Cancelled || differences(&self.draft, session).iter().all(as_before))
        {
            self.acknowledged = self.revision;
            self.moved();
            return true;
        }
        // Of an attempt that was not refused, a session as it was says: not yet.
        let not_yet =
            self.state == State::Open || (wished, &self.state) == (&State::Cancelled, &State::Closed);
        if not_yet && error.status.is_none() {
            match &mut self.moving {
                Some(
                    Move::Close { refusal, tickets, doubt, .. } | Move::Cancel { refusal, tickets, doubt },
                ) if !tickets.is_empty() => {
                    *refusal = None;
                    *doubt = false;
                }
                // Everybody was told that it failed.
                _ => self.moving = None,
            }
            self.all_changed();
            return true;
        }
        self.reject_move(error);
        self.moving = None;
        self.error = Some(error.clone());
        self.all_changed();
        false
    }

    /// A read was refused while a move waited for it: the server does not have the session.
    pub(super) fn read_refused(&mut self, error: &SyncError) {
        // Where nothing can be read, nothing more is found out by reading again.
        if self.suspect.is_some() && self.settled_at() <= self.now {
            self.trust();
        }
        match &mut self.moving {
            Some(Move::Close { refusal: Some(first), .. } | Move::Cancel { refusal: Some(first), .. }) => {
                let first = first.clone();
                self.reject_move(&first);
                self.moving = None;
                self.all_changed();
            }
            Some(Move::Prepare { finish, .. }) => {
                for ticket in std::mem::take(finish) {
                    self.reject(ticket, error.clone());
                }
            }
            _ => {}
        }
    }
}
