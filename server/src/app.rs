//! What all requests share, and which handler has which path.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get, post};
use cartwright::model::json::Value;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::log::{self, Volume};
use crate::relay::{self, Relay};
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
    /// How long the body of a request may take.
    pub(crate) body_timeout: Duration,
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

/// The sandbox's paths.
pub(crate) fn sandbox(app: Arc<App>, folders: &pages::Folders) -> Router {
    let paths = Router::new()
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
        .route("/csp-reports", post(control::report).fallback(control::wrong_method));
    with_common(paths, folders, Volume::Debug).with_state(app)
}

/// A relay's paths: none of them changes the relay itself.
pub(crate) fn relay(relay: Arc<Relay>, folders: &pages::Folders) -> Router {
    let paths = Router::new()
        .route("/session-api", any(relay::handle))
        .route("/session-api/", any(relay::handle))
        .route("/session-api/{*path}", any(relay::handle))
        .route("/sandbox", any(relay::no_sandbox))
        .route("/sandbox/", any(relay::no_sandbox))
        .route("/sandbox/{*path}", any(relay::no_sandbox));
    with_common(paths, folders, Volume::Info).with_state(relay)
}

fn with_common<S>(paths: Router<S>, folders: &pages::Folders, volume: Volume) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    paths
        .route("/healthz", get(control::health).fallback(control::wrong_method))
        .merge(pages::router(folders))
        .layer(axum::middleware::map_response(pages::safe))
        .layer(axum::middleware::from_fn_with_state(volume, log::requests))
}
