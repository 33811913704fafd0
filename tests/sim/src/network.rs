//! Requests and answers on their way.

use cartwright::sync::{Method, Send};

use crate::endpoint::Answer;

/// A request, or the answer to it.
#[derive(Debug, Clone)]
pub struct Flying {
    /// The page that made it, which may be gone.
    pub tab: usize,
    pub life: u64,
    pub send: Send,
    /// The answer, where it is on its way back.
    pub answer: Option<Answer>,
    /// Whether the page still waits for it.
    pub wanted: bool,
    /// Whether the network made a second one of it.
    pub copied: bool,
    /// When it can no longer arrive; none while a page that may send waits for it.
    pub until: Option<u64>,
    /// When it left.
    pub left: u64,
    /// The campaigns then.
    pub prices: usize,
}

/// Longest time in milliseconds that a network holds a request, even one of a page that slept meanwhile. By so
/// much a key is given up before the endpoint forgets it (rule 4).
const LONGEST: u64 = 3_600_000;

impl Flying {
    /// Whether it is a request that arrives nowhere any more.
    pub fn is_stale(&self, time: u64) -> bool {
        self.answer.is_none() && time.saturating_sub(self.left) > LONGEST
    }

    pub fn is_read(&self) -> bool {
        self.send.method == Method::Get
    }
}
