//! What all requests share, and which handler has which path.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::{any, get, post};
use cartwright::model::json::Value;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::sandbox::campaigns::Campaigns;
use crate::sandbox::places::Places;
use crate::sandbox::store::Store;
use crate::{control, pages, session_api};

/// What all requests share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) campaigns: Campaigns,
    pub(crate) places: Places,
    pub(crate) clock: Clock,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) journal: Mutex<Journal>,
    /// What browsers reported against the Content-Security-Policy, newest last.
    pub(crate) reports: Mutex<VecDeque<Value>>,
    /// Requests that are being carried out, whether or not their client still waits.
    pub(crate) tasks: TaskTracker,
    /// Rises when open connections shall be given up as soon as nothing runs on them.
    pub(crate) renewals: watch::Sender<u64>,
    /// Rises when delays that run shall end.
    pub(crate) releases: watch::Sender<u64>,
}

/// Tells all who listen.
pub(crate) fn raise(signal: &watch::Sender<u64>) {
    signal.send_modify(|count| *count = count.wrapping_add(1));
}

/// Locks; what a handler holds stays whole even where another one ended early.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn router(app: Arc<App>, places: &pages::Folders) -> Router {
    Router::new()
        .route("/session-api", any(session_api::handle))
        .route("/session-api/", any(session_api::handle))
        .route("/session-api/{*path}", any(session_api::handle))
        .route(
            "/sandbox/faults",
            post(control::add_faults).delete(control::clear_faults).fallback(control::wrong_method),
        )
        .route("/sandbox/requests", get(control::requests).fallback(control::wrong_method))
        .route("/sandbox/sessions/{id}", get(control::session).fallback(control::wrong_method))
        .route("/sandbox/clock", post(control::clock).fallback(control::wrong_method))
        .route("/sandbox/reset", post(control::reset).fallback(control::wrong_method))
        .route("/sandbox/csp-reports", get(control::reports).fallback(control::wrong_method))
        .route("/sandbox/{*path}", any(control::unknown))
        .route("/csp-reports", post(control::report).fallback(control::wrong_method))
        .route("/healthz", get(control::health).fallback(control::wrong_method))
        .merge(pages::router(places))
        .layer(axum::middleware::map_response(pages::safe))
        .with_state(app)
}
