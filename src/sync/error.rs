//! Why something that needed the server did not come about.

use crate::amount::whole;
use crate::draft::field::Field;
use crate::draft::refusal::{Code, Figure, Refusal};
use crate::model::json::Value;
use crate::model::text::cut;
use crate::model::wire::{Path, Step};

/// The stable codes of errors that have to do with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncCode {
    /// No connection, or it broke.
    Network,
    /// No answer in time.
    Timeout,
    /// 409: too many requests for this session at once.
    Overlap,
    /// 429.
    RateLimited,
    /// 408, 425 and every 5xx.
    ServerError,
    /// 400 and every 4xx that has no code of its own.
    Rejected,
    /// 401 and 403.
    Unauthorized,
    /// 404.
    NotFound,
    /// An answer that cannot be the endpoint's.
    BadAnswer,
    /// The quote is not the one that was agreed to.
    QuoteChanged,
    /// The request could not be made: the shop's headers could not be had.
    NotSent,
    /// The caller gave up.
    Aborted,
    /// A value of the headers is a key of the API.
    ApiKeyInBrowser,
    /// What is stored cannot be read, or nothing can be stored.
    StorageFailed,
    /// What is stored was written by a newer version.
    StorageNewer,
    /// What was asked for is refused before anything is sent.
    Refused(Code),
}

impl SyncCode {
    /// The code as the JavaScript surface spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            SyncCode::Network => "network",
            SyncCode::Timeout => "timeout",
            SyncCode::Overlap => "overlap",
            SyncCode::RateLimited => "rate_limited",
            SyncCode::ServerError => "server_error",
            SyncCode::Rejected => "rejected",
            SyncCode::Unauthorized => "unauthorized",
            SyncCode::NotFound => "not_found",
            SyncCode::BadAnswer => "bad_answer",
            SyncCode::QuoteChanged => "quote_changed",
            SyncCode::NotSent => "not_sent",
            SyncCode::Aborted => "aborted",
            SyncCode::ApiKeyInBrowser => "api_key_in_browser",
            SyncCode::StorageFailed => "storage_failed",
            SyncCode::StorageNewer => "storage_newer",
            SyncCode::Refused(code) => code.as_str(),
        }
    }

    /// Whether the request may have taken effect, or may still.
    pub fn is_unclear(self) -> bool {
        matches!(self, SyncCode::Network | SyncCode::Timeout | SyncCode::BadAnswer | SyncCode::ServerError)
    }

    /// Whether trying again later may help.
    pub fn retryable(self) -> bool {
        matches!(
            self,
            SyncCode::Network
                | SyncCode::Timeout
                | SyncCode::Overlap
                | SyncCode::RateLimited
                | SyncCode::ServerError
                | SyncCode::BadAnswer
                | SyncCode::NotSent
        )
    }
}

/// An error with what the server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncError {
    /// What happened.
    pub code: SyncCode,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The body of the answer, where it was JSON.
    pub problem: Option<Value>,
    /// The place in the draft that the server, or a limit, names.
    pub path: Option<Path>,
    /// The limit that was passed.
    pub limit: Option<Figure>,
    /// The value that passed it.
    pub actual: Option<Figure>,
}

impl SyncError {
    /// An error without an answer.
    pub fn new(code: SyncCode) -> SyncError {
        SyncError { code, status: None, problem: None, path: None, limit: None, actual: None }
    }

    /// An error of an answer; the first pointer of its body becomes the path.
    pub fn answered(code: SyncCode, status: u16, body: &str) -> SyncError {
        let problem = Value::parse_lenient(body).ok();
        let pointer = problem.as_ref().and_then(|problem| {
            let errors = problem.get("errors")?.as_array()?;
            errors.iter().find_map(|error| error.get("source")?.get("pointer")?.as_str())
        });
        let path = pointer.and_then(pointer_path);
        SyncError { status: Some(status), problem, path, ..SyncError::new(code) }
    }
}

impl From<Refusal> for SyncError {
    fn from(refusal: Refusal) -> SyncError {
        let Refusal { code, path, limit, actual } = refusal;
        SyncError { path: Some(path), limit, actual, ..SyncError::new(SyncCode::Refused(code)) }
    }
}

/// A step of a JSON pointer: `~1` stands for `/`, `~0` for `~`.
fn unescape(step: &str) -> String {
    let mut out = String::new();
    let mut escaped = false;
    for character in step.chars() {
        match (escaped, character) {
            (false, '~') => {
                escaped = true;
                continue;
            }
            (true, '1') => out.push('/'),
            (true, '0') => out.push('~'),
            (_, other) => out.push(other),
        }
        escaped = false;
    }
    out
}

/// A JSON pointer as a path into the draft; none where it names no field of a session.
fn pointer_path(pointer: &str) -> Option<Path> {
    let pointer = pointer.strip_prefix("/customerSession").unwrap_or(pointer);
    let (_, mut rest) = cut(pointer, b'/').filter(|(before, _)| before.is_empty())?;
    let mut path = Path::new();
    loop {
        let (step, behind) = cut(rest, b'/').unwrap_or((rest, ""));
        let index = whole(step.as_bytes()).ok().and_then(|index| usize::try_from(index).ok());
        path.push(match index.filter(|_| !path.is_empty()) {
            Some(index) => Step::Index(index),
            None => Step::Key(unescape(step)),
        });
        if step.len() == rest.len() {
            break;
        }
        rest = behind;
    }
    // The state is no part of a draft: an edit could not mend it.
    match path.first() {
        Some(Step::Key(name)) if Field::from_name(name).is_some_and(|field| field != Field::State) => {
            Some(path)
        }
        _ => None,
    }
}
