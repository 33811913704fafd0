//! What a result means (rule 6): one table.

use crate::sync::error::SyncCode;

/// What became of an attempt, as far as the transport can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer with this status; `ours` when its body is JSON and speaks of our session.
    Status {
        /// The HTTP status.
        status: u16,
        /// Whether the body proves itself ours.
        ours: bool,
    },
    /// No connection, a broken one, or a redirect that is not followed.
    Network,
    /// No answer in time.
    Timeout,
}

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The request took effect.
    Settle,
    /// Wait, then the same bytes under the same key: the request may have taken effect.
    SameBytes,
    /// As [`Next::SameBytes`], and after three such answers stop until somebody asks again.
    SameBytesThrice,
    /// Wait, then the newest draft under a new key: the server answered, the key is spent.
    NewestDraft,
    /// Ask for headers once more; then stop until `flush()`.
    HeadersOnce,
    /// Stop until the next edit: the same body would be refused again.
    Stop,
}

/// What a result means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// Its code; none when the request took effect.
    pub code: Option<SyncCode>,
    /// What is done next.
    pub next: Next,
}

/// The first row whose statuses hold it gives the meaning of an answer that is not a 2xx of ours.
const TABLE: [(u16, u16, SyncCode, Next); 10] = [
    (200, 399, SyncCode::BadAnswer, Next::SameBytesThrice),
    (401, 401, SyncCode::Unauthorized, Next::HeadersOnce),
    (403, 403, SyncCode::Unauthorized, Next::HeadersOnce),
    (404, 404, SyncCode::NotFound, Next::Stop),
    (408, 408, SyncCode::ServerError, Next::NewestDraft),
    (409, 409, SyncCode::Overlap, Next::NewestDraft),
    (425, 425, SyncCode::ServerError, Next::NewestDraft),
    (429, 429, SyncCode::RateLimited, Next::NewestDraft),
    (400, 499, SyncCode::Rejected, Next::Stop),
    (500, 599, SyncCode::ServerError, Next::NewestDraft),
];

/// Looks a result up.
pub fn meaning(outcome: Outcome) -> Meaning {
    let (status, ours) = match outcome {
        Outcome::Network => return Meaning { code: Some(SyncCode::Network), next: Next::SameBytes },
        Outcome::Timeout => return Meaning { code: Some(SyncCode::Timeout), next: Next::SameBytes },
        Outcome::Status { status, ours } => (status, ours),
    };
    if ours && matches!(status, 200 | 201) {
        return Meaning { code: None, next: Next::Settle };
    }
    let row = TABLE.iter().find(|(first, last, _, _)| (*first..=*last).contains(&status));
    match row {
        Some((_, _, code, next)) => Meaning { code: Some(*code), next: *next },
        // No status of HTTP at all: nothing that the endpoint could have said.
        None => Meaning { code: Some(SyncCode::BadAnswer), next: Next::SameBytesThrice },
    }
}
