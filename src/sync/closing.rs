//! Closing, preparing for a back end that closes, cancelling (rule 9), and what all moves have in
//! common: who asks, who waits, what a read tells. What is done with an order stands in `order`.

use crate::draft::quote::differences;
use crate::draft::refusal::{Code, Refusal};
use crate::draft::state::State;
use crate::model::json::Value;
use crate::sync::backoff;
use crate::sync::error::{SyncCode, SyncError};
use crate::sync::event::{Ask, Notice, Reply};
use crate::sync::machine::Machine;
use crate::sync::moves::{Aim, Move};
use crate::sync::send::Kind;

impl Machine {
    /// Somebody asks for a move; a second request for the same one joins the first. A second return is
    /// another return.
    pub(super) fn ask_move(&mut self, ticket: u64, ask: Ask) {
        self.unblock();
        let may_close = self.may_become(&State::Closed);
        let may_cancel = self.may_become(&State::Cancelled) && self.may_exist();
        let current = self.quote.as_ref().filter(|_| self.quote_is_current());
        match (ask, &mut self.moving) {
            (Ask::Cancel, Some(Move { aim: Aim::Cancel, tickets, .. }))
            | (Ask::Reopen, Some(Move { aim: Aim::Reopen, tickets, .. })) => tickets.push(ticket),
            // Who joins is bound to the same quote; the first one that is named binds all.
            (Ask::Close(wished), Some(Move { aim: Aim::Close, tickets, quote, begun, .. }))
            | (Ask::Prepare(wished), Some(Move { aim: Aim::Prepare { .. }, tickets, quote, begun, .. })) => {
                let current = current.map(|quote| quote.fingerprint.clone());
                let agrees = wished.is_none() || wished == *quote || (*begun && wished == current);
                if !agrees && (*begun || quote.is_some()) {
                    self.reject(ticket, SyncError::new(SyncCode::QuoteChanged));
                    return;
                }
                tickets.push(ticket);
                *quote = wished.or(quote.take());
            }
            (Ask::Finish, Some(Move { aim: Aim::Prepare { finish, .. }, begun: true, .. })) => {
                finish.push(ticket);
                self.read_wanted = true;
            }
            (Ask::Finish, _) if self.state == State::Closed => self.resolve(ticket, Reply::Done),
            (Ask::Release, Some(Move { aim: Aim::Prepare { .. }, .. })) => {
                if let Some(Move { aim: Aim::Prepare { finish, .. }, tickets, .. }) = self.moving.take() {
                    for waiting in tickets.into_iter().chain(finish) {
                        self.reject(waiting, SyncError::new(SyncCode::Aborted));
                    }
                }
                self.resume_at = self.not_before;
                self.all_changed();
                self.resolve(ticket, Reply::Done);
            }
            (Ask::Release, None) => self.resolve(ticket, Reply::Done),
            (_, Some(moving)) if moving.is_of_order() => {
                self.reject(ticket, SyncError::new(SyncCode::Overlap));
            }
            (_, Some(_)) => self.reject(ticket, Refusal::new(Code::SessionClosing, Vec::new()).into()),
            (Ask::Close(_), None) if self.state == State::Closed => self.resolve(ticket, Reply::Done),
            (Ask::Close(quote), None) if may_close => {
                self.moving = Some(Move::new(Aim::Close, ticket, quote));
            }
            (Ask::Prepare(quote), None) if may_close => {
                let aim = Aim::Prepare { finish: Vec::new(), polls: 0 };
                self.moving = Some(Move::new(aim, ticket, quote));
            }
            (Ask::Cancel, None) if self.state == State::Cancelled => self.resolve(ticket, Reply::Done),
            (Ask::Cancel, None) if may_cancel => {
                self.moving = Some(Move::new(Aim::Cancel, ticket, None));
                self.keep_order();
            }
            (Ask::Reopen, None) => self.moving = Some(Move::new(Aim::Reopen, ticket, None)),
            (Ask::Return(wanted), None) => {
                let aim = Aim::Return { wanted, units: Vec::new() };
                self.moving = Some(Move::new(aim, ticket, None));
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

    pub(super) fn forbidden(&self) -> SyncError {
        Refusal::new(Code::StateForbidden, crate::model::wire::key("state"))
            .with_actual(self.state.as_str())
            .into()
    }

    /// Takes a move one step further where everything that it waits for is there.
    pub(super) fn advance_move(&mut self) {
        let is_prepared = self.moving.as_ref().is_some_and(|moving| moving.begun && moving.is_prepared());
        if is_prepared && self.keeping.is_recorded() && self.quote_is_current() {
            // Another tab may have prepared meanwhile, for another quote.
            if self.is_for_another_quote() {
                self.reject_move(&SyncError::new(SyncCode::QuoteChanged));
            }
            let tickets = self.take_movers();
            self.prepared(&tickets);
        }
        if !self.leads() {
            return;
        }
        // Who joins one that was begun on another page waits for a quote again.
        if is_prepared && self.moving.as_ref().is_some_and(|moving| !moving.tickets.is_empty()) {
            match self.blocked.clone() {
                Some(block) => self.reject_move(&block.error),
                None => self.want_fresh_quote(),
            }
        }
        // What is under way may still be refused, and then edits have to be free.
        let answered = self.unknown.is_none() && self.flight.is_none();
        let quiet = answered && !self.is_dirty() && self.opening.is_none();
        let bound = match &self.moving {
            Some(Move { aim: Aim::Close, begun: false, quote, .. }) => quote.is_some(),
            Some(Move { aim: Aim::Prepare { .. }, begun: false, .. }) => true,
            Some(Move { aim: Aim::Reopen | Aim::Return { .. }, begun: false, .. }) => {
                self.begin_with_order(quiet);
                return;
            }
            // Whoever wrote between two attempts may have changed the price that was agreed to.
            Some(Move { aim: Aim::Close, refusal: None, .. }) if answered && self.is_for_another_quote() => {
                self.give_up_move(&SyncError::new(SyncCode::QuoteChanged));
                return;
            }
            Some(Move { aim: Aim::Cancel, doubt: false, .. }) if self.has_nothing_to_cancel() => {
                let error = self.forbidden();
                self.give_up_move(&error);
                return;
            }
            _ => return,
        };
        if !self.state.is_open() {
            let error = self.forbidden();
            self.give_up_move(&error);
            return;
        }
        if let Some(block) = self.blocked.clone() {
            self.give_up_move(&block.error);
            return;
        }
        if !quiet {
            return;
        }
        if bound && (self.is_suspect() || !self.quote_is_current()) {
            self.want_fresh_quote();
            return;
        }
        if self.is_for_another_quote() {
            self.give_up_move(&SyncError::new(SyncCode::QuoteChanged));
            return;
        }
        if let Some(moving) = &mut self.moving {
            moving.begun = true;
        }
        self.all_changed();
    }

    /// Whether the move was agreed to for another quote than the newest one, as far as there is one.
    fn is_for_another_quote(&self) -> bool {
        let agreed = self.moving.as_ref().and_then(|moving| moving.quote.as_ref());
        agreed.is_some_and(|agreed| self.quote.as_ref().is_some_and(|quote| quote.fingerprint != *agreed))
    }

    /// Whether the server does not have the session, and nothing is under way that would make it.
    fn has_nothing_to_cancel(&self) -> bool {
        let refused = self.blocked.is_some() || !self.is_dirty();
        let quiet = self.flight.is_none() && self.unknown.is_none() && self.opening.is_none();
        self.session.is_none() && quiet && refused
    }

    fn prepared(&mut self, tickets: &[u64]) {
        if let Some(moving) = self.moving.as_mut().filter(|_| !tickets.is_empty()) {
            moving.doubt = true;
        }
        let quote = self.quote.clone().unwrap_or_default();
        for ticket in tickets {
            let reply = Reply::Prepared { revision: self.revision, quote: quote.clone() };
            self.resolve(*ticket, reply);
        }
    }

    fn take_movers(&mut self) -> Vec<u64> {
        self.moving.as_mut().map(|moving| std::mem::take(&mut moving.tickets)).unwrap_or_default()
    }

    fn reject_move(&mut self, error: &SyncError) {
        for ticket in self.take_movers() {
            self.reject(ticket, error.clone());
        }
    }

    /// Nothing comes of the move, unless the back end has closed meanwhile: who waits for that is told so.
    pub(super) fn give_up_move(&mut self, error: &SyncError) {
        self.reject_move(error);
        if self.state != State::Closed {
            self.reject_finish(error);
        }
        if let Some(mut moving) = self.moving.take() {
            for ticket in moving.everybody() {
                self.resolve(ticket, Reply::Done);
            }
            if moving.begun {
                self.all_changed();
            }
        }
    }

    /// Whether an attempt to make the move took effect is not known: a read is to tell.
    pub(super) fn verify_move(&mut self, kind: Kind) {
        if let Some(moving) = self.moving.as_mut().filter(|_| kind.is_move()) {
            moving.verify();
        }
    }

    /// An attempt to make the move ended so that it may have taken effect.
    pub(super) fn doubt_move(&mut self, kind: Kind) {
        if let Some(moving) = self.moving.as_mut().filter(|_| kind.is_move()) {
            moving.doubt = true;
        }
    }

    /// Nothing is sent until somebody asks: those who wait for a move are told. One that may have
    /// taken effect stays, to be found out then.
    pub(super) fn hold_move(&mut self, error: &SyncError) {
        self.reject_move(error);
        self.reject_finish(error);
        match &mut self.moving {
            Some(Move { refusal: Some(refusal), .. }) => *refusal = SyncError::new(SyncCode::Network),
            Some(Move { doubt: true, .. }) | None => {}
            Some(_) => self.give_up_move(error),
        }
    }

    /// They no longer wait for the back end; the reads end with the last one.
    pub(super) fn forget_finish(&mut self, ticket: u64) {
        if let Some(Move { aim: Aim::Prepare { finish, .. }, .. }) = &mut self.moving {
            finish.retain(|waiting| *waiting != ticket);
        }
    }

    /// The move was refused: one read tells whether an earlier attempt had taken effect, and only
    /// then is its caller told. A shopper who is told of a failure orders again.
    pub(super) fn move_refused(&mut self, error: SyncError) {
        if let Some(moving) = &mut self.moving {
            moving.refusal = Some(error);
        }
        self.read_wanted = true;
    }

    /// The answer to the move is there.
    pub(super) fn moved(&mut self) {
        let quote_changed = self.is_for_another_quote();
        let Some(moving) = self.moving.take() else {
            return;
        };
        if moving.goal() == State::Closed {
            self.emit(Notice::Closed { foreign: false, quote_changed });
        }
        for ticket in moving.tickets {
            self.resolve(ticket, Reply::Done);
        }
        self.all_changed();
    }

    /// What a read that was sent then says about the move that is under way; false where there is
    /// none, or where the session ended otherwise.
    pub(super) fn move_read(&mut self, session: &Value, sent: u64) -> bool {
        let Some(Move { aim, begun: true, refusal, .. }) = &mut self.moving else {
            return false;
        };
        let error = refusal.clone();
        match aim {
            Aim::Close if error.is_some() || !self.state.is_open() => {
                let error = error.unwrap_or_else(|| self.forbidden());
                self.verified(&State::Closed, &error, session)
            }
            Aim::Cancel if error.is_some() || self.state == State::Cancelled => {
                let error = error.unwrap_or_else(|| self.forbidden());
                self.verified(&State::Cancelled, &error, session)
            }
            Aim::Reopen | Aim::Return { .. } => {
                error.is_some_and(|error| self.order_read(error, session, sent))
            }
            Aim::Prepare { finish, polls } => {
                if self.state.is_open() {
                    if finish.is_empty() {
                        return true;
                    }
                    let delay = backoff::delay(&mut self.random, self.options.base, self.options.cap, *polls);
                    *polls = polls.saturating_add(1);
                    self.resume_at = self.now.saturating_add(delay);
                    self.read_wanted = true;
                    return true;
                }
                let error = self.forbidden();
                self.give_up_move(&error);
                let closed = self.state == State::Closed;
                if closed {
                    self.emit(Notice::Closed { foreign: false, quote_changed: false });
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
        let not_yet = self.state.is_open() || (wished, &self.state) == (&State::Cancelled, &State::Closed);
        if not_yet && error.status.is_none() {
            self.try_move_again();
            return true;
        }
        self.give_up_move(error);
        self.error = Some(error.clone());
        false
    }

    /// A read says that the move did not take effect.
    pub(super) fn try_move_again(&mut self) {
        match &mut self.moving {
            Some(moving) if !moving.tickets.is_empty() => {
                moving.refusal = None;
                moving.doubt = false;
            }
            // Nobody waits for it: whoever did was told that it failed.
            moving => *moving = None,
        }
        self.all_changed();
    }

    /// A read was refused while a move waited for it: the server does not have the session.
    pub(super) fn read_refused(&mut self, error: &SyncError) {
        // Where nothing can be read, nothing more is found out by reading again.
        if self.suspect.is_some() && self.settled_at() <= self.now {
            self.suspect = None;
            self.touched = true;
        }
        match &mut self.moving {
            Some(Move { refusal: Some(first), .. }) => {
                let first = first.clone();
                self.give_up_move(&first);
            }
            _ => self.reject_finish(error),
        }
    }

    /// Tells those who wait for the back end to have closed that this is not found out.
    fn reject_finish(&mut self, error: &SyncError) {
        if let Some(Move { aim: Aim::Prepare { finish, .. }, .. }) = &mut self.moving {
            for ticket in std::mem::take(finish) {
                self.reject(ticket, error.clone());
            }
        }
    }
}
