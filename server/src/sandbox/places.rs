//! Who may run: per session one request at a time, two more in a queue, no others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Requests per session that run or wait at the same time (API reference, section 1.2).
const PLACES: usize = 3;

type Queues = HashMap<String, (usize, Arc<Turn<()>>)>;

/// The queues of all sessions that have a request.
#[derive(Debug, Default, Clone)]
pub(crate) struct Places(Arc<Mutex<Queues>>);

/// A place in a session's queue; given up when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    queues: Places,
    session: String,
    turn: Arc<Turn<()>>,
}

impl Places {
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place; none when all of the session's are taken.
    pub(crate) fn enter(&self, session: &str) -> Option<Place> {
        let mut queues = self.queues();
        let (taken, turn) = queues.entry(session.to_string()).or_default();
        if *taken >= PLACES {
            return None;
        }
        *taken = taken.saturating_add(1);
        Some(Place { queues: self.clone(), session: session.to_string(), turn: turn.clone() })
    }
}

impl Place {
    /// Waits until it is this request's turn, which lasts as long as what is given is kept.
    pub(crate) async fn turn(&self) -> OwnedMutexGuard<()> {
        self.turn.clone().lock_owned().await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queues = self.queues.queues();
        if let Some((taken, _)) = queues.get_mut(&self.session) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                queues.remove(&self.session);
            }
        }
    }
}
