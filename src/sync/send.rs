//! What is sent next, and when.

use crate::draft::Draft;
use crate::draft::hash::{Digest, push_hex};
use crate::draft::state::State;
use crate::model::json::Value;
use crate::sync::Mode;
use crate::sync::event::{Action, Method, Send};
use crate::sync::machine::{Goal, Machine, Until};
use crate::sync::moves::Move;

/// Largest body that may outlive its page (`fetch` with `keepalive`), in bytes.
const MAX_KEEPALIVE: usize = 60 * 1024;

/// Age at which a key is no longer sent again: the API keeps it for 24 hours (rule 4).
const MAX_KEY_AGE: u64 = 23 * 3_600_000;

/// A request, made or to be made again.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attempt {
    pub(super) kind: Kind,
    pub(super) path: String,
    pub(super) body: Option<String>,
    pub(super) key: Option<String>,
    /// Tells its bytes from others; of keyed ones only.
    pub(super) digest: String,
    /// The revision and the draft that it carries.
    pub(super) revision: u64,
    pub(super) draft: Draft,
    /// When its key was first sent.
    pub(super) first_sent: u64,
    /// How often it was sent.
    pub(super) sends: u32,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Update,
    Preview { ticket: u64 },
    Close,
    Cancel,
    Reopen,
    Return,
}

/// The words that a record has for what it keeps.
const WORDS: [(Kind, &str); 5] = [
    (Kind::Update, "update"),
    (Kind::Close, "close"),
    (Kind::Cancel, "cancel"),
    (Kind::Reopen, "reopen"),
    (Kind::Return, "return"),
];

impl Kind {
    /// Whether it takes the session from one state to another.
    pub(super) fn is_move(self) -> bool {
        matches!(self, Kind::Close | Kind::Cancel | Kind::Reopen | Kind::Return)
    }

    /// Whether it is done with an order that was placed.
    pub(super) fn is_of_order(self) -> bool {
        matches!(self, Kind::Reopen | Kind::Return)
    }

    /// The word that a record has for it; none for what is not recorded.
    pub(super) fn word(self) -> Option<&'static str> {
        WORDS.iter().find(|(kind, _)| *kind == self).map(|(_, word)| *word)
    }

    /// What a record's word stands for.
    pub(super) fn from_word(word: &str) -> Option<Kind> {
        WORDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// A preview that waits for its turn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Preview {
    pub(super) ticket: u64,
    pub(super) changes: Value,
    pub(super) revision: u64,
    pub(super) draft: Draft,
    pub(super) content: Vec<String>,
    pub(super) now: Option<String>,
    pub(super) tries: u32,
}

impl Machine {
    /// Sends the next request when its time has come, else asks to be woken then (rules 2, 3, 7).
    pub(super) fn pump(&mut self) {
        if self.flight.is_some() {
            return;
        }
        if !self.leads() {
            self.wish();
            return;
        }
        let Some(due) = self.next_due() else {
            return;
        };
        let due = due.max(self.resume_at);
        if due > self.now {
            self.out.push(Action::WakeAt(due));
            return;
        }
        if let Some(attempt) = self.next_attempt() {
            self.launch(attempt);
        }
    }

    /// When the next request is due; none when there is nothing to send.
    pub(super) fn next_due(&self) -> Option<u64> {
        if self.reads_now() || self.previews_now() || self.moves_now() {
            return Some(0);
        }
        if self.unknown.is_some() {
            return (!self.is_held()).then_some(0);
        }
        self.update_due().or_else(|| self.verification_due())
    }

    /// When a read may tell that nothing of ours arrives any more (rule 8).
    fn verification_due(&self) -> Option<u64> {
        let quiet = self.unknown.is_none() && self.opening.is_none() && !self.is_dirty() && !self.is_held();
        (self.is_suspect() && quiet).then(|| self.settled_at())
    }

    /// When the newest draft is due; none when it may not go, or need not.
    fn update_due(&self) -> Option<u64> {
        if self.blocked.is_some() || !self.is_dirty() || self.opening.is_some() {
            return None;
        }
        if self.urgent_update() {
            return Some(0);
        }
        if self.options.mode == Mode::Manual {
            return None;
        }
        let first = self.first_edit.unwrap_or(self.last_edit);
        let latest = first.saturating_add(self.options.max_wait);
        Some(self.last_edit.saturating_add(self.options.debounce).min(latest))
    }

    /// Whether nothing at all is sent by itself; a refused draft holds up only itself.
    fn is_held(&self) -> bool {
        self.blocked.as_ref().is_some_and(|block| block.until != Until::Edit)
    }

    fn reads_now(&self) -> bool {
        let opening = self.opening.is_some() && self.blocked.is_none();
        let refresh = self.waiting.iter().any(|waiting| matches!(waiting.goal, Goal::Refresh(_)));
        // An answer that is still owed comes first: what a read shows would be older than it.
        let wanted = (self.read_wanted && !self.is_held()) || (refresh && !self.update_comes_first());
        let verifies = self.verification_due().is_some_and(|due| due <= self.now);
        // A move that is recorded leaves before anything else is found out; one that may have taken
        // effect is looked for first.
        let moves = self.moves_now() && !self.moving.as_ref().is_some_and(|moving| moving.doubt);
        opening || verifies || (wanted && self.unknown.is_none() && !moves)
    }

    /// Whether the newest draft is due already: however many reads and previews are asked for, what
    /// the shopper did is sent before them.
    fn update_comes_first(&self) -> bool {
        self.unknown.is_none() && self.update_due().is_some_and(|due| due <= self.now)
    }

    fn previews_now(&self) -> bool {
        !self.previews.is_empty() && self.unknown.is_none() && self.opening.is_none()
    }

    fn moves_now(&self) -> bool {
        let ready = match self.moving.as_ref().and_then(Move::request) {
            None => false,
            Some(Kind::Close) => self.blocked.is_none(),
            // A draft that is refused does not keep anybody from giving the session up; one that the
            // server has not seen is sent first, since nothing becomes cancelled out of nothing.
            Some(_) => !self.is_held() && self.session.is_some(),
        };
        ready && self.unknown.is_none()
    }

    /// Whether an update need not wait for further edits.
    fn urgent_update(&self) -> bool {
        let asked = self.waiting.iter().any(|waiting| !matches!(waiting.goal, Goal::Refresh(_)));
        let automatic = self.options.mode == Mode::Auto;
        asked || self.moving.is_some() || (self.urgent && automatic) || (self.update_wanted && automatic)
    }

    fn next_attempt(&mut self) -> Option<Attempt> {
        if self.reads_now() {
            return Some(self.attempt_of(Kind::Read, None, false));
        }
        if let Some(attempt) = self.unknown.take() {
            let age = self.now.checked_sub(attempt.first_sent);
            if age.is_some_and(|age| age <= MAX_KEY_AGE) {
                return Some(attempt);
            }
            // Too old, or of no age at all because the clock went back: a read decides.
            self.suspects(attempt.sends);
            self.read_wanted = true;
            self.verify_move(attempt.kind);
            return Some(self.attempt_of(Kind::Read, None, false));
        }
        if let Some(kind) = self.moving.as_ref().and_then(Move::request).filter(|_| self.moves_now()) {
            let body = self.body_of(kind, &self.draft);
            return Some(self.attempt_of(kind, body, true));
        }
        if self.previews_now() && !self.update_comes_first() {
            let preview = self.previews.first()?.clone();
            let body = self.body(&preview.draft, None, &preview.content);
            let kind = Kind::Preview { ticket: preview.ticket };
            let mut attempt = self.attempt_of(kind, Some(body), false);
            attempt.draft = preview.draft;
            attempt.revision = preview.revision;
            attempt.path.push_str("?dry=true");
            if let Some(now) = &preview.now {
                attempt.path.push_str("&now=");
                encode(now, &mut attempt.path);
            }
            return Some(attempt);
        }
        let body = self.request_text();
        self.first_edit = None;
        self.urgent = false;
        self.update_wanted = false;
        Some(self.attempt_of(Kind::Update, Some(body), true))
    }

    /// The body of an update or a move with this draft; a reopening has none.
    pub(super) fn body_of(&self, kind: Kind, draft: &Draft) -> Option<String> {
        let content = &self.options.response_content;
        match kind {
            Kind::Close => Some(self.body(draft, Some(State::Closed.as_str()), content)),
            // The state alone: a closed session takes no other change.
            Kind::Cancel => {
                let empty = Draft::new(self.options.limits);
                Some(self.body(&empty, Some(State::Cancelled.as_str()), content))
            }
            Kind::Reopen => None,
            Kind::Return => self.return_text(),
            _ => Some(self.body(draft, None, content)),
        }
    }

    pub(super) fn attempt_of(&mut self, kind: Kind, body: Option<String>, keyed: bool) -> Attempt {
        let mut path = "/v2/customer_sessions/".to_string();
        encode(&self.options.session_id, &mut path);
        path.push_str(match kind {
            Kind::Reopen => "/reopen",
            Kind::Return => "/returns",
            _ => "",
        });
        let key = keyed.then(|| {
            let mut key = String::new();
            push_hex(self.random.bits(), &mut key);
            push_hex(self.random.bits(), &mut key);
            key
        });
        let mut digest = Digest::default();
        digest.add(body.as_deref().filter(|_| keyed).unwrap_or_default(), 1);
        Attempt {
            kind,
            path,
            body,
            key,
            digest: digest.to_text(),
            revision: self.revision,
            draft: self.draft.clone(),
            first_sent: self.now,
            sends: 0,
        }
    }

    fn launch(&mut self, mut attempt: Attempt) {
        attempt.sends = attempt.sends.saturating_add(1);
        if matches!(attempt.kind, Kind::Update | Kind::Close) {
            self.draft.mark_sent();
        }
        let id = self.next_attempt;
        self.next_attempt = id.saturating_add(1);
        self.hold(Send {
            id,
            method: match attempt.kind {
                Kind::Read => Method::Get,
                Kind::Return => Method::Post,
                _ => Method::Put,
            },
            path: attempt.path.clone(),
            keepalive: attempt.kind != Kind::Read
                && attempt.body.as_ref().is_none_or(|body| body.len() <= MAX_KEEPALIVE),
            body: attempt.body.clone(),
            key: attempt.key.clone(),
            timeout: self.options.timeout,
        });
        self.flight = Some((id, attempt));
    }

    /// A preview is asked for: the draft with these changes.
    pub(super) fn preview_of(
        &mut self,
        ticket: u64,
        changes: &Value,
    ) -> Result<Preview, crate::sync::SyncError> {
        let value_type = |name: &str| {
            let path = crate::model::wire::key(name);
            crate::draft::refusal::Refusal::new(crate::draft::refusal::Code::ValueType, path)
        };
        let content = match changes.get("responseContent") {
            None | Some(Value::Null) => self.options.response_content.clone(),
            Some(given) => crate::sync::options::words(given).ok_or_else(|| value_type("responseContent"))?,
        };
        let now = match changes.get("now") {
            None | Some(Value::Null) => None,
            Some(given) => Some(given.as_str().ok_or_else(|| value_type("now"))?.to_string()),
        };
        let mut draft = self.draft.clone();
        let command = crate::draft::command::Command::merge(changes, &mut self.ids);
        let applied = command.and_then(|command| draft.apply(&command));
        if let Err(refusals) = applied {
            let refusal = refusals.into_iter().next().unwrap_or_else(|| value_type("changes"));
            return Err(refusal.into());
        }
        let content = crate::sync::options::with_session(content);
        let (changes, revision) = (changes.clone(), self.revision);
        Ok(Preview { ticket, changes, revision, draft, content, now, tries: 0 })
    }
}

/// Percent-encodes a path segment or a query value (RFC 3986, unreserved characters stay).
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
            continue;
        }
        out.push('%');
        for nibble in [byte >> 4, byte & 15] {
            let digit = char::from_digit(u32::from(nibble), 16).unwrap_or('0');
            out.push(digit.to_ascii_uppercase());
        }
    }
}
