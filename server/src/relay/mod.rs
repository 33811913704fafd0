//! The relay: checks what browsers ask, adds the key, passes it on.

pub(crate) mod policy;

mod answer;
mod request;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use time::OffsetDateTime;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::log::{note_operation, note_upstream};
use crate::options::RelayOptions;
use crate::problem::Problem;
use crate::reply::refusal;
use crate::{asked, body};
use answer::pass_on;
use policy::{Policy, admit};
use upstream::Upstream;

/// What all requests of a relay share.
#[derive(Debug)]
pub(crate) struct Relay {
    upstream: Upstream,
    policy: Policy,
    body_timeout: Duration,
    /// Requests that are being carried out, whether or not their client still waits.
    tasks: TaskTracker,
}

impl Relay {
    pub(crate) fn new(
        options: &RelayOptions,
        body_timeout: Duration,
        tasks: TaskTracker,
    ) -> Result<Relay, String> {
        let policy = Policy {
            allow_browser_close: options.allow_browser_close,
            allow_content: options.allow_content.clone(),
        };
        Ok(Relay { upstream: Upstream::new(options)?, policy, body_timeout, tasks })
    }
}

/// Carries a request out to its end, even when its client goes away meanwhile: what the deployment
/// was asked it may do anyway.
pub(crate) async fn handle(State(relay): State<Arc<Relay>>, request: Request) -> Response {
    let work = relay.tasks.clone().spawn(serve(relay, request).in_current_span());
    match work.await {
        Ok(response) => response,
        Err(_) => refusal(&Problem::new(500, "The request could not be carried out")),
    }
}

async fn serve(relay: Arc<Relay>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = body::read(body, relay.body_timeout).await;
    let request = asked::read(&head, "", body, OffsetDateTime::now_utc())
        .inspect(|asked| note_operation(asked.operation.as_str()))
        .and_then(request::read)
        .and_then(|request| admit(&relay.policy, request));
    let answered = match request {
        Ok(request) => relay.upstream.ask(request).await,
        Err(problem) => return refusal(&problem),
    };
    match answered {
        Ok(answered) => {
            note_upstream(answered.status.as_u16());
            pass_on(answered)
        }
        Err(problem) => refusal(&problem),
    }
}

/// What the sandbox has and a relay refuses.
pub(crate) async fn no_sandbox() -> Response {
    refusal(&Problem::new(404, "This endpoint relays to a deployment and has no sandbox"))
}
