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
    /// The campaigns when it left.
    pub prices: usize,
}

impl Flying {
    pub fn is_read(&self) -> bool {
        self.send.method == Method::Get
    }
}
