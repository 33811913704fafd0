//! One line per request, under an id that the answer carries too. Neither paths nor bodies nor keys
//! are in it, since session ids and codes are in them.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::serve;

/// Tells the ids of one run from those of another.
static RUN: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));

static LAST: AtomicU64 = AtomicU64::new(0);

/// Where an answer carries the id of its request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How much is said about requests that end as they should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Volume {
    /// Said where `CARTWRIGHT_LOG` asks for it.
    Debug,
    Info,
}

/// A request that is under way; says so when it is given up before it ends.
struct Line {
    span: Span,
    volume: Volume,
    start: Instant,
    has_ended: bool,
}

impl Line {
    fn say(&self, status: Option<u16>, what: &'static str) {
        let ms = self.start.elapsed().as_secs_f64() * 1000.0;
        self.span.in_scope(|| match self.volume {
            Volume::Debug => tracing::debug!(status, ms, "{what}"),
            Volume::Info => tracing::info!(status, ms, "{what}"),
        });
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.has_ended {
            self.say(None, "the client left");
        }
    }
}

/// Gives a request its id and writes its line.
pub(crate) async fn requests(State(volume): State<Volume>, request: Request, next: Next) -> Response {
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let id = format!("{:08x}-{number}", *RUN >> 32);
    let method = known(request.method());
    let span = tracing::error_span!("request", id, method, operation = Empty, upstream = Empty);
    let mut line = Line { span: span.clone(), volume, start: Instant::now(), has_ended: false };
    let mut response = next.run(request).instrument(span).await;
    line.has_ended = true;
    match serve::is_cut(&response) {
        true => line.say(None, "cut"),
        false => line.say(Some(response.status().as_u16()), "answered"),
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().entry(REQUEST_ID).or_insert(id);
    }
    response
}

/// A method's name; whoever invents one does not write into the log.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "PUT" => "PUT",
        "POST" => "POST",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        _ => "other",
    }
}

/// Adds to the line of the request that is being carried out.
pub(crate) fn note_operation(operation: &'static str) {
    Span::current().record("operation", operation);
}

/// Adds to the line of the request that is being carried out.
pub(crate) fn note_upstream(status: u16) {
    Span::current().record("upstream", status);
}
