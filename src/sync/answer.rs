//! What an answer, or none, leads to (rules 0, 5, 6, 7).

use crate::draft::field::Field;
use crate::draft::quote::{Quote, differences, part};
use crate::draft::refusal::Refusal;
use crate::draft::state::State;
use crate::model::json::Value;
use crate::model::text::cut;
use crate::sync::backoff;
use crate::sync::error::{SyncCode, SyncError};
use crate::sync::event::{Ask, Failure, Notice, Reply};
use crate::sync::machine::{Block, Goal, Machine, Until, Waiting, update_count};
use crate::sync::moves::Move;
use crate::sync::policy::{Next, Outcome, meaning};
use crate::sync::send::{Attempt, Kind};

/// Answers in a row that cannot be the endpoint's, or requests that could not be made, after which
/// nothing is sent until the next edit or until somebody asks.
const MAX_BAD_ANSWERS: u32 = 3;

/// How often a read or a preview is tried before its caller is told.
const MAX_TRIES: u32 = 4;

/// Whether a 400 speaks of the session's id: where it names its sources, in one of them, else in its
/// words.
fn names(problem: &Value, id: &str) -> bool {
    let mut placed = false;
    for error in problem.at("errors").items() {
        for (_, place) in error.at("source").members() {
            let mut step = place.as_str().unwrap_or_default();
            while let Some((_, rest)) = cut(step, b'/') {
                step = rest;
            }
            placed = true;
            if [id, "integrationId", "customerSessionId"].contains(&step) {
                return true;
            }
        }
    }
    if placed {
        return false;
    }
    // Bytes, since searching text costs kilobytes of the wasm.
    let (text, id) = (problem.to_text(), id.as_bytes());
    let ends =
        |byte: Option<&u8>| !byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
    let text = text.as_bytes();
    text.windows(id.len()).enumerate().any(|(at, part)| {
        part == id && ends(text.get(at.wrapping_sub(1))) && ends(text.get(at.saturating_add(id.len())))
    })
}

impl Machine {
    /// An attempt was answered. An answer to anything but the open attempt is nobody's (rule 5).
    pub(super) fn answered(&mut self, id: u64, status: u16, retry_after: Option<&str>, body: &str) {
        let Some((_, attempt)) = self.flight.take_if(|(open, _)| *open == id) else {
            return;
        };
        let value = Value::parse_lenient(body).ok();
        let ours = value.as_ref().is_some_and(|value| self.is_ours(attempt.kind, value));
        let result = meaning(Outcome::Status { status, ours });
        let wait = retry_after.and_then(|value| backoff::retry_after(value, self.now));
        let Some(code) = result.code else {
            self.keeping.hand_on(attempt.kind, body);
            self.succeeded(attempt, value.unwrap_or(Value::Null));
            return;
        };
        let error = SyncError::answered(code, status, body);
        if self.opening.is_some() && attempt.kind == Kind::Read && self.says_unknown(&error) {
            self.relieve(Kind::Read);
            self.opening = None;
            self.keeping.head = true;
            self.all_changed();
            return;
        }
        // A 404 that is not the API's says nothing of the session: something stands in between.
        let opens = self.opening.is_some() && attempt.kind == Kind::Read;
        let foreign = opens && status == 404;
        let next = if foreign { Next::NewestDraft } else { result.next };
        self.unsuccessful(attempt, next, error, wait);
    }

    /// An attempt was not answered.
    pub(super) fn failed(&mut self, id: u64, failure: Failure) {
        let Some((_, mut attempt)) = self.flight.take_if(|(open, _)| *open == id) else {
            return;
        };
        let (next, code) = match failure {
            Failure::Network => (meaning(Outcome::Network).next, SyncCode::Network),
            Failure::Timeout => (meaning(Outcome::Timeout).next, SyncCode::Timeout),
            Failure::NotSent | Failure::ApiKey => {
                attempt.sends = attempt.sends.saturating_sub(1);
                let code =
                    if failure == Failure::ApiKey { SyncCode::ApiKeyInBrowser } else { SyncCode::NotSent };
                // Bytes that left before are still of unknown fate; else the newest draft may go.
                (if attempt.sends > 0 { Next::SameBytes } else { Next::NewestDraft }, code)
            }
        };
        let error = SyncError::new(code);
        if failure == Failure::ApiKey {
            self.give_up_on(attempt.kind, &error);
            self.owe(attempt, next);
            self.block(error, Until::Ask);
            return;
        }
        self.unsuccessful(attempt, next, error, None);
    }

    /// Whether a body proves itself an answer to this attempt.
    pub(super) fn is_ours(&self, kind: Kind, value: &Value) -> bool {
        if kind == Kind::Reopen {
            // No session is in it: the read after it tells the rest.
            return matches!(value.get("effects"), Some(Value::Array(_) | Value::Null));
        }
        let Some(session) = value.get("customerSession") else {
            return false;
        };
        let state = session.text("state");
        let expected = match kind {
            Kind::Close => state == Some(State::Closed.as_str()),
            Kind::Cancel => state == Some(State::Cancelled.as_str()),
            Kind::Return => state != Some(State::Closed.as_str()) && state != Some(State::Open.as_str()),
            _ => true,
        };
        let id = session.text("integrationId");
        expected && id == Some(self.options.session_id.as_str())
    }

    /// Whether the answer to a read says that the server does not know the session: 404, or a 400
    /// that names the id (no 404 is declared for it). A page of a gateway may name it too.
    fn says_unknown(&self, error: &SyncError) -> bool {
        let told = error
            .problem
            .as_ref()
            .is_some_and(|problem| problem.get("message").or_else(|| problem.get("errors")).is_some());
        (error.status == Some(404) && told)
            || (error.status == Some(400)
                && error.problem.as_ref().is_some_and(|problem| names(problem, &self.options.session_id)))
    }

    fn unsuccessful(&mut self, attempt: Attempt, next: Next, error: SyncError, wait: Option<u64>) {
        self.error = Some(error.clone());
        if attempt.sends > 0 && error.code.is_unclear() {
            self.doubt_move(attempt.kind);
        }
        // While its key goes on, what arrives late is answered from memory; what follows has another key.
        let ends = !matches!(next, Next::SameBytes | Next::SameBytesThrice);
        if attempt.key.is_some() && ends && (attempt.sends > 1 || error.code == SyncCode::ServerError) {
            self.suspects(attempt.sends);
        }
        match next {
            Next::Stop => {
                self.refused(attempt, error);
                return;
            }
            Next::HeadersOnce if self.headers_retried => {
                self.unauthorized(attempt, error);
                return;
            }
            Next::HeadersOnce => {
                // The headers are asked for before every attempt: at once is soon enough.
                self.headers_retried = true;
                self.owe(attempt, Next::NewestDraft);
                return;
            }
            _ => {}
        }
        let kind = attempt.kind;
        self.owe(attempt, next);
        if next == Next::SameBytesThrice || error.code == SyncCode::NotSent {
            self.bad_answers = self.bad_answers.saturating_add(1);
            if self.bad_answers >= MAX_BAD_ANSWERS {
                self.bad_answers = 0;
                self.give_up_on(kind, &error);
                self.block(error, Until::EditOrAsk);
                return;
            }
        }
        self.count_try(kind, &error);
        self.wait(error.code, wait);
    }

    /// Keeps what is still to be done of an attempt that did not succeed.
    fn owe(&mut self, attempt: Attempt, next: Next) {
        match (attempt.kind, next) {
            (kind, Next::SameBytes | Next::SameBytesThrice) if kind == Kind::Update || kind.is_move() => {
                self.unknown = Some(attempt);
            }
            (kind, _) if kind.is_of_order() => {
                self.verify_move(attempt.kind);
                self.read_wanted = true;
            }
            // The draft is newer than what is acknowledged, or was wanted for its quote.
            (Kind::Update, _) => self.update_wanted |= attempt.revision <= self.acknowledged,
            _ => {}
        }
    }

    /// Waits before the next request: full jitter, not earlier than the server asked for (rule 7).
    fn wait(&mut self, code: SyncCode, asked: Option<u64>) {
        if !self.online && code == SyncCode::Network {
            self.resume_at = self.now.saturating_add(self.options.cap);
            return;
        }
        let delay = backoff::delay(&mut self.random, self.options.base, self.options.cap, self.attempt);
        self.attempt = self.attempt.saturating_add(1);
        self.not_before = asked.map_or(0, |asked| self.now.saturating_add(asked));
        self.resume_at = self.now.saturating_add(delay).max(self.not_before);
    }

    fn block(&mut self, error: SyncError, until: Until) {
        self.error = Some(error.clone());
        self.resume_at = 0;
        self.attempt = 0;
        if until != Until::Edit {
            self.hold_move(&error);
        }
        self.blocked = Some(Block { error, until });
    }

    /// Nothing is wrong any more; a read or a preview says nothing about what blocks the draft.
    fn relieve(&mut self, kind: Kind) {
        self.attempt = 0;
        self.bad_answers = 0;
        self.headers_retried = false;
        self.resume_at = 0;
        self.not_before = 0;
        if kind == Kind::Update || kind.is_move() || self.opening.is_some() {
            self.blocked = None;
        }
        self.error = self.blocked.as_ref().map(|block| block.error.clone());
    }

    fn unauthorized(&mut self, attempt: Attempt, error: SyncError) {
        self.headers_retried = false;
        self.give_up_on(attempt.kind, &error);
        match attempt.kind {
            Kind::Preview { .. } => {}
            kind if kind.is_move() => {
                if self.moving.as_ref().is_some_and(|moving| moving.doubt) {
                    self.move_refused(error.clone());
                    self.block(error, Until::Ask);
                } else {
                    self.give_up_move(&error);
                }
            }
            Kind::Read if self.opening.is_none() && !self.is_deciding() => {
                self.read_wanted = false;
                self.read_refused(&error);
            }
            _ => {
                self.owe(attempt, Next::NewestDraft);
                self.block(error, Until::Ask);
            }
        }
    }

    /// Whether a read is to tell what became of a move.
    fn is_deciding(&self) -> bool {
        self.moving.as_ref().is_some_and(Move::waits_for_read)
    }

    /// A 4xx that the same bytes would get again.
    fn refused(&mut self, attempt: Attempt, error: SyncError) {
        match attempt.kind {
            Kind::Preview { ticket } => {
                self.previews.retain(|preview| preview.ticket != ticket);
                self.reject(ticket, error);
            }
            Kind::Read if self.opening.is_some() || (self.is_deciding() && !self.says_unknown(&error)) => {
                self.give_up_on(Kind::Read, &error);
                self.block(error, Until::Ask);
            }
            Kind::Read => {
                self.read_wanted = false;
                self.keeping.rejoins = false;
                self.give_up_on(Kind::Read, &error);
                self.read_refused(&error);
            }
            kind if kind.is_move() => self.move_refused(error),
            _ => {
                // An earlier send of the same bytes may have been applied.
                if attempt.sends == 1 {
                    self.draft.take_sent(&attempt.draft);
                }
                // Somebody may have closed the session: a place in the draft is the shopper's to mend,
                // anything else costs one read.
                self.read_wanted |= error.path.is_none();
                self.update_wanted = false;
                // An edit made meanwhile is the one that is waited for.
                if attempt.revision == self.revision {
                    self.block(error, Until::Edit);
                }
            }
        }
    }

    /// Counts a failed try of what only its caller waits for, and tells them after a few.
    fn count_try(&mut self, kind: Kind, error: &SyncError) {
        match kind {
            Kind::Preview { ticket } => {
                let preview = self.previews.iter_mut().find(|preview| preview.ticket == ticket);
                let tries = preview.map_or(MAX_TRIES, |preview| {
                    preview.tries = preview.tries.saturating_add(1);
                    preview.tries
                });
                if tries >= MAX_TRIES {
                    self.give_up_on(kind, error);
                }
            }
            Kind::Read => {
                let mut spent = false;
                for waiting in &mut self.waiting {
                    if let Goal::Refresh(tries) = &mut waiting.goal {
                        *tries = tries.saturating_add(1);
                        spent |= *tries >= MAX_TRIES;
                    }
                }
                if spent {
                    self.give_up_on(kind, error);
                }
            }
            _ => {}
        }
    }

    /// Tells those who wait for a read or a preview that it failed.
    fn give_up_on(&mut self, kind: Kind, error: &SyncError) {
        match kind {
            Kind::Preview { ticket } => {
                self.previews.retain(|preview| preview.ticket != ticket);
                self.reject(ticket, error.clone());
            }
            Kind::Read => {
                for ticket in self.take_waiting(&|goal| matches!(goal, Goal::Refresh(_))) {
                    self.reject(ticket, error.clone());
                }
            }
            _ => {}
        }
    }

    fn succeeded(&mut self, mut attempt: Attempt, value: Value) {
        self.relieve(attempt.kind);
        // It was not sent later than now: the clock may have gone back meanwhile.
        attempt.first_sent = attempt.first_sent.min(self.now);
        match attempt.kind {
            Kind::Read => {
                let verifies = self.is_suspect() && self.settled_at() <= attempt.first_sent;
                let session = value.get("customerSession");
                // Whether nobody wrote is asked before the session is taken over.
                let known = session.map(|session| (self.is_same(session), update_count(session)));
                if let Err(refusals) = self.read_session(&value, attempt.first_sent) {
                    // A line that cannot be read would be deleted by the next update.
                    let path = refusals.into_iter().next().map(|refusal| refusal.path);
                    let error = SyncError { path, ..SyncError::new(SyncCode::BadAnswer) };
                    self.give_up_on(Kind::Read, &error);
                    self.block(error, Until::Ask);
                } else if let Some((same, count)) = known.filter(|_| verifies) {
                    self.verified_by_read(same, count);
                }
            }
            Kind::Preview { ticket } => {
                self.previews.retain(|preview| preview.ticket != ticket);
                let quote = Quote::new(&attempt.draft, &value);
                self.resolve(
                    ticket,
                    Reply::Preview(Box::new(quote), Box::new(attempt.draft), attempt.revision),
                );
            }
            kind => {
                let replayed = attempt.sends > 1;
                if matches!(kind, Kind::Update | Kind::Close) {
                    self.acknowledged = self.acknowledged.max(attempt.revision);
                    self.acknowledged_draft = attempt.draft;
                    self.reopened = false;
                    self.keeping.head = true;
                }
                let was_open = self.state.is_open();
                if let Some(session) = value.get("customerSession").filter(|_| kind != Kind::Reopen) {
                    self.take_session(session, attempt.sends.into());
                    self.own = self.session.clone();
                }
                // Only now: what was suspect until here may have counted in this session.
                if !replayed && self.suspect.is_some() && self.settled_at() <= attempt.first_sent {
                    self.trust();
                }
                let known = self.quote.as_ref().filter(|_| kind.is_of_order());
                let loyalty = known.and_then(|quote| quote.loyalty.clone());
                let fresh = !replayed && self.foreign.is_none() && kind != Kind::Reopen;
                self.take_quote(&value, fresh, loyalty, kind.is_of_order());
                self.read_wanted |= self.foreign.is_some();
                match kind {
                    Kind::Update => {
                        // A replayed answer confirms, but what it quotes may be old.
                        self.read_wanted |= replayed && !self.is_dirty();
                        self.ended(was_open);
                        if value.get("effects").and_then(Value::as_array).is_some() {
                            self.withdraw(true);
                        }
                    }
                    Kind::Reopen => self.reopened(),
                    _ => self.moved(),
                }
            }
        }
    }

    /// When what is under suspicion can no longer arrive.
    pub(super) fn settled_at(&self) -> u64 {
        self.suspect.unwrap_or_default().saturating_add(self.options.settle)
    }

    /// An attempt was given up that may still arrive, as often as it was sent (rule 8).
    pub(super) fn suspects(&mut self, sends: u32) {
        self.suspect = Some(self.now);
        self.doubts = self.doubts.saturating_add(sends.into());
        self.touched = true;
    }

    /// Nothing of ours may arrive any more.
    pub(super) fn trust(&mut self) {
        self.suspect = None;
        self.doubts = 0;
        self.touched = true;
    }

    /// A read that was made when nothing of ours could arrive any more (rule 8).
    fn verified_by_read(&mut self, same: bool, count: Option<i64>) {
        if !same && self.wrote_alone(count, 0) && self.state.is_open() {
            // An older draft of ours came after the newest one, which is sent again.
            self.update_wanted = true;
        } else {
            // What came late is counted now.
            if same {
                self.own = self.session.clone();
            }
            self.trust();
        }
    }

    /// Whether so many updates are all ours, with those that may have taken effect.
    fn wrote_alone(&self, count: Option<i64>, sends: i64) -> bool {
        let own = self.own.as_deref().and_then(update_count).unwrap_or_default();
        count.is_none_or(|count| count <= own.saturating_add(self.doubts).saturating_add(sends))
    }

    /// A read says nothing of balances: those of the same customer stay.
    pub(super) fn kept_loyalty(&self, session: &Value) -> Option<Value> {
        let profile = |session: &Value| session.get(Field::ProfileId.name()).cloned();
        let same_profile = self.session.as_deref().and_then(profile) == profile(session);
        self.quote.as_ref().filter(|_| same_profile).and_then(|quote| quote.loyalty.clone())
    }

    /// Takes in the answer to a read that was sent then, or one that the page brought along.
    pub(super) fn read_session(&mut self, answer: &Value, sent: u64) -> Result<(), Vec<Refusal>> {
        let Some(session) = part(answer, "customerSession") else {
            return Ok(());
        };
        let was_open = self.state.is_open();
        let loyalty = self.kept_loyalty(session);
        let stored = self.opening.as_ref().map_or(0, Vec::len);
        let opening = self.opening.take().map(|edits| self.with_pending(edits));
        let reads_back = std::mem::take(&mut self.reads_back);
        let refresh = |waiting: &Waiting| matches!(waiting.goal, Goal::Refresh(_));
        let begun = self.moving.as_ref().filter(|moving| moving.begun);
        let asked = reads_back || begun.is_some_and(Move::is_of_order) || self.waiting.iter().any(refresh);
        // The answer to a reopening told what it took back; what is in force comes with an update.
        let told = begun.is_some_and(Move::is_answered);
        // All that is under way may have taken effect.
        let sends = self.unknown.as_ref().map_or(0, |attempt| attempt.sends);
        let ours = i64::from(sends).saturating_add(i64::from(begun.is_some()));
        let known = self.acknowledged();
        let same = self.is_same(session);
        let nothing_waits = self.revision == self.acknowledged && self.unknown.is_none();
        let held = self.moving.as_ref().is_some_and(Move::holds_edits);
        // What is read under suspicion may be an older draft of ours.
        // What was found in the records agrees with everything that it says nothing of.
        let wanted = self.revision == 0 || (asked && nothing_waits && (reads_back || !same));
        // Where nobody else wrote, what is here is all there is.
        let alone = same || self.wrote_alone(update_count(session), sends.into());
        let again = self.keeping.rejoins.then(|| self.unconfirmed()).filter(|_| opening.is_none() && !alone);
        let takes_over = again.is_some() || (!held && !self.is_suspect() && wanted);
        self.keeping.rejoins = false;
        if opening.is_some() || takes_over {
            if let Err(refusals) = self.adopt(session, answer.get("effects"), opening.as_deref()) {
                self.opening = opening.map(|edits| self.without_pending(edits));
                self.read_wanted = false;
                return Err(refusals);
            }
            self.take_session(session, ours);
            self.own = self.session.clone();
            self.take_quote(answer, !self.reopened, loyalty, false);
        } else {
            self.take_session(session, ours);
            if !told {
                self.take_quote(answer, same && !self.reopened, loyalty, false);
            }
        }
        self.read_wanted = false;
        if let Some(edits) = opening.or(again) {
            self.replay(edits, stored);
            self.made_again = (known, self.revision);
            // Their callers were told earlier numbers.
            for pending in &mut self.keeping.pending {
                pending.told = pending.told.min(known.saturating_add(1));
            }
            // Those asked for meanwhile were made of a draft without what the server has.
            for preview in std::mem::take(&mut self.previews) {
                self.ask(preview.ticket, Ask::Preview(preview.changes));
            }
            // Who flushed them waits for them as they are now.
            for waiting in &mut self.waiting {
                if let Goal::Flush(revision) = &mut waiting.goal {
                    *revision = self.revision;
                }
            }
        }
        self.waiting_for(&|goal| matches!(goal, Goal::Refresh(_)));
        if !self.move_read(session, sent) {
            self.ended(was_open);
        }
        self.withdraw(false);
        Ok(())
    }

    /// Takes in what the server has, and tells where somebody else wrote: more updates than `ours` and
    /// those that may still arrive, or a state that we did not ask for (rule 10).
    fn take_session(&mut self, session: &Value, ours: i64) {
        let before = self.session.take();
        let state = std::mem::take(&mut self.state);
        self.take_state(session);
        let (mut asked, mut prepared) = (false, false);
        if let Some(moving) = self.moving.as_ref().filter(|moving| moving.begun) {
            asked = moving.goal() == self.state;
            prepared = moving.is_prepared();
        }
        self.foreign = None;
        // A back end that was prepared for writes as it likes.
        if let Some(before) = before.filter(|_| !prepared) {
            let now = update_count(session).unwrap_or_default();
            let most = update_count(&before)
                .map_or(now, |count| count.saturating_add(ours).saturating_add(self.doubts));
            if now > most || (state != self.state && !asked) {
                self.foreign = Some(now);
            }
        }
        if self.suspect.is_none() {
            self.doubts = 0;
        }
    }

    /// Whether a session that was read holds what we last had acknowledged: nobody wrote since, or
    /// what was written is the same.
    fn is_same(&self, session: &Value) -> bool {
        let count = self.own.as_deref().and_then(update_count);
        if count.is_some() && update_count(session) == count {
            return true;
        }
        differences(&self.acknowledged_draft, session).is_empty()
    }

    /// Resolves those who wait for a goal of this kind.
    fn waiting_for(&mut self, reached: &dyn Fn(&Goal) -> bool) {
        for ticket in self.take_waiting(reached) {
            self.resolve(ticket, Reply::Done);
        }
    }

    /// Takes out those who wait for a goal of this kind.
    fn take_waiting(&mut self, wanted: &dyn Fn(&Goal) -> bool) -> Vec<u64> {
        let mut taken = Vec::new();
        self.waiting.retain(|waiting| {
            let is_wanted = wanted(&waiting.goal);
            if is_wanted {
                taken.push(waiting.ticket);
            }
            !is_wanted
        });
        taken
    }

    /// The server ended the session and it was not us.
    pub(super) fn ended(&mut self, was_open: bool) {
        self.ended_by(was_open, true);
    }

    /// The session ended; whether neither this tab nor another one of this browser did it.
    pub(super) fn ended_by(&mut self, was_open: bool, foreign: bool) {
        if was_open && !self.state.is_open() {
            self.update_wanted = false;
            self.reopened = false;
            self.unknown = None;
            self.keeping.foreign = foreign;
            if self.state != State::Cancelled {
                self.emit(Notice::Closed { foreign, quote_changed: false });
            }
        }
    }

    pub(super) fn resolve(&mut self, ticket: u64, reply: Reply) {
        self.emit(Notice::Settled { ticket, result: Ok(reply) });
    }

    pub(super) fn reject(&mut self, ticket: u64, error: SyncError) {
        self.emit(Notice::Settled { ticket, result: Err(error) });
    }

    /// Somebody asks for something that needs the server.
    pub(super) fn ask(&mut self, ticket: u64, ask: Ask) {
        if !self.leads() && !Machine::is_for_all(&ask) {
            self.put_off(ticket, ask);
            return;
        }
        let goal = match ask {
            Ask::Flush => Goal::Flush(self.revision),
            Ask::Settled => Goal::Settled,
            Ask::Refresh => Goal::Refresh(0),
            Ask::Preview(changes) => {
                match self.preview_of(ticket, &changes) {
                    Ok(preview) => self.previews.push(preview),
                    Err(error) => self.reject(ticket, error),
                }
                return;
            }
            other => {
                self.ask_move(ticket, other);
                return;
            }
        };
        if !matches!(goal, Goal::Refresh(_)) {
            self.unblock();
        }
        self.waiting.push(Waiting { ticket, goal });
    }

    /// A person asks to try again.
    pub(super) fn unblock(&mut self) {
        if self.blocked.take_if(|block| block.until != Until::Edit).is_some() {
            self.error = None;
            self.headers_retried = false;
        }
    }

    pub(super) fn forget(&mut self, ticket: u64) {
        self.waiting.retain(|waiting| waiting.ticket != ticket);
        self.previews.retain(|preview| preview.ticket != ticket);
        self.forget_finish(ticket);
        self.forget_put_off(ticket);
    }

    /// Tells everybody whose goal is reached, or cannot be.
    pub(super) fn settle(&mut self) {
        self.advance_move();
        if self.opening.is_none() {
            let acknowledged = self.acknowledged;
            self.waiting_for(&|goal| matches!(goal, Goal::Flush(revision) if *revision <= acknowledged));
            if self.is_settled() {
                self.waiting_for(&|goal| *goal == Goal::Settled);
            } else if self.waiting.iter().any(|waiting| waiting.goal == Goal::Settled) {
                self.want_fresh_quote();
            }
        }
        let error = match &self.blocked {
            Some(block) => block.error.clone(),
            None if !self.state.is_open() => {
                let refusal = Refusal::new(crate::draft::refusal::Code::SessionFinished, Vec::new());
                SyncError::from(refusal)
            }
            None => return,
        };
        self.give_up_on_stuck(&error);
        for ticket in self.take_waiting(&|goal| !matches!(goal, Goal::Refresh(_))) {
            self.reject(ticket, error.clone());
        }
    }

    /// Reads and previews whose turn does not come while something before them is blocked.
    fn give_up_on_stuck(&mut self, error: &SyncError) {
        let stuck = self.blocked.is_some() && self.unknown.is_some();
        if stuck {
            self.give_up_on(Kind::Read, error);
        }
        if stuck || (self.blocked.is_some() && self.opening.is_some()) {
            for preview in std::mem::take(&mut self.previews) {
                self.reject(preview.ticket, error.clone());
            }
        }
    }

    /// Everything acknowledged, nothing of unknown fate, and the quote fresh.
    pub(super) fn is_settled(&self) -> bool {
        let quiet =
            !self.is_dirty() && self.unknown.is_none() && self.opening.is_none() && !self.is_suspect();
        let unused = self.revision == 0 && self.session.is_none();
        quiet && (self.quote_is_current() || unused || !self.state.is_open())
    }

    /// Sends the draft once more where only its quote is old: somebody waits for it.
    pub(super) fn want_fresh_quote(&mut self) {
        let quiet = !self.is_dirty() && self.unknown.is_none() && self.flight.is_none() && !self.read_wanted;
        if quiet && !self.quote_is_current() && self.state.is_open() {
            self.update_wanted = true;
        }
    }
}
