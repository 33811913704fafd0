//! `/session-api`: reads a request, gives it its place and its fault, carries it out.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use cartwright::model::wire::Wire;
use percent_encoding::percent_decode_str;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;

use crate::app::{App, lock};
use crate::body;
use crate::faults::{Fault, Target};
use crate::journal::{Arrival, End};
use crate::problem::{Problem, at_parameter};
use crate::sandbox::places::Place;
use crate::sandbox::store::{self, Answer, StoreError};
use crate::sandbox::{read, rules};
use crate::serve;

/// Where the sessions are.
const SESSIONS: &str = "/session-api/v2/customer_sessions/";

/// Methods of a session.
const METHODS: &str = "GET, PUT";

/// Longest `Idempotency-Key`, in characters (API reference, section 1.1).
const MAX_KEY_LENGTH: usize = 255;

/// What a request asks for.
enum Operation {
    Update(store::Request),
    Read(String),
}

/// What leaves.
enum Outcome {
    Cut,
    Answered {
        status: u16,
        content_type: &'static str,
        headers: Vec<(HeaderName, HeaderValue)>,
        text: String,
    },
}

/// Carries a request out to its end, even when its client goes away meanwhile.
pub(crate) async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let work = app.tasks.spawn(serve_request(app.clone(), request));
    match work.await {
        Ok(response) => response,
        Err(_) => serve::cut(),
    }
}

async fn serve_request(app: Arc<App>, request: Request) -> Response {
    let mut releases = app.releases.subscribe();
    let started_at = store::milliseconds(OffsetDateTime::now_utc());
    let (head, body) = request.into_parts();
    let body = body::read(body).await;
    let target = head.uri.path_and_query().map_or_else(|| head.uri.path().to_string(), ToString::to_string);
    let session = session_id(head.uri.path()).and_then(Result::ok);
    let arrival = Arrival {
        method: head.method.to_string(),
        path: head.uri.path().to_string(),
        query: head.uri.query().unwrap_or_default().to_string(),
        session: session.clone(),
        key: key(&head.headers).ok().flatten(),
        body: String::from_utf8_lossy(body.as_deref().unwrap_or_default()).into_owned(),
        started_at,
    };
    let operation = operation(&head, &target, body);
    // One stretch without a pause, so that the journal has requests in the order of their places.
    let place = place(&app, &operation);
    let seq = lock(&app.journal).begin(arrival);
    let fault = match &place {
        Err(_) => None,
        Ok(_) => lock(&app.faults).take(&Target {
            method: head.method.as_str(),
            path_and_query: &target,
            session: session.as_deref(),
        }),
    };
    let outcome = match place {
        Err(problem) => Outcome::from(&problem),
        Ok(None) => act(&app, operation, fault, &mut releases).await,
        Ok(Some(place)) => {
            let _turn = place.turn().await;
            act(&app, operation, fault, &mut releases).await
        }
    };
    lock(&app.journal).finish(seq, outcome.end());
    outcome.into_response(&app)
}

/// The place of an update in the queue of its session.
fn place(app: &App, operation: &Result<Operation, Problem>) -> Result<Option<Place>, Problem> {
    let Ok(Operation::Update(request)) = operation else {
        return Ok(None);
    };
    match app.places.enter(&request.integration_id) {
        Some(place) => Ok(Some(place)),
        None => Err(Problem {
            errors: Some(Vec::new()),
            ..Problem::new(409, "Too many requests are updating this session at the same time")
        }),
    }
}

async fn act(
    app: &Arc<App>,
    operation: Result<Operation, Problem>,
    fault: Option<Fault>,
    releases: &mut watch::Receiver<u64>,
) -> Outcome {
    let fault = fault.unwrap_or_default();
    if fault.delay_ms > 0 {
        let delay = Duration::from_millis(fault.delay_ms);
        let _ = tokio::time::timeout(delay, releases.changed()).await;
    }
    if fault.drop_before_apply {
        return Outcome::Cut;
    }
    let mut outcome = match &fault.answer {
        Some(_) if !fault.apply && !fault.drop_after_apply => Outcome::Cut,
        _ => run(app, operation).await,
    };
    if fault.drop_after_apply {
        return Outcome::Cut;
    }
    if let Some(answer) = fault.answer {
        outcome = Outcome::Answered {
            status: answer.status,
            content_type: answer.content_type,
            headers: Vec::new(),
            text: answer.text,
        };
    }
    if let Outcome::Answered { headers, .. } = &mut outcome {
        headers.extend(fault.headers);
    }
    outcome
}

async fn run(app: &Arc<App>, operation: Result<Operation, Problem>) -> Outcome {
    let operation = match operation {
        Ok(operation) => operation,
        Err(problem) => return Outcome::from(&problem),
    };
    let app = app.clone();
    let work = tokio::task::spawn_blocking(move || match operation {
        Operation::Update(request) => {
            let body = read::body(&request.text, &app.campaigns);
            let now = OffsetDateTime::now_utc();
            app.store.update(&request, &body, &app.campaigns, now)
        }
        Operation::Read(id) => Ok(match app.store.read(&id)? {
            Some(stored) => Answer { status: 200, text: rules::read(stored).to_answer_text() },
            None => Answer::from(&no_session()),
        }),
    });
    match work.await {
        Ok(Ok(answer)) => answer.into(),
        Ok(Err(error)) => Outcome::from(&unavailable(&error)),
        Err(_) => Outcome::Cut,
    }
}

pub(crate) fn no_session() -> Problem {
    Problem::new(404, "The session does not exist")
}

/// A store that fails is trouble that may pass.
pub(crate) fn unavailable(error: &StoreError) -> Problem {
    tracing::error!("the store failed: {error}");
    Problem::new(503, "The sandbox cannot reach its database")
}

impl From<&Problem> for Outcome {
    fn from(problem: &Problem) -> Outcome {
        let allow = (header::ALLOW, HeaderValue::from_static(METHODS));
        Outcome::Answered {
            status: problem.status,
            content_type: "application/json",
            headers: (problem.status == 405).then_some(allow).into_iter().collect(),
            text: problem.body(),
        }
    }
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Outcome {
        Outcome::Answered {
            status: answer.status,
            content_type: "application/json",
            headers: Vec::new(),
            text: answer.text,
        }
    }
}

impl Outcome {
    fn end(&self) -> End {
        End {
            answer: match self {
                Outcome::Cut => None,
                Outcome::Answered { status, text, .. } => Some((*status, text.clone())),
            },
            finished_at: store::milliseconds(OffsetDateTime::now_utc()),
        }
    }

    fn into_response(self, app: &App) -> Response {
        let Outcome::Answered { status, content_type, headers, text } = self else {
            return serve::cut();
        };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        let sent = response.headers_mut();
        sent.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        sent.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // A browser repeats a request by itself when a used connection breaks: while cuts are
        // wanted every request gets a new connection, so that each cut is seen once.
        if lock(&app.faults).cuts() {
            sent.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        for (name, value) in headers {
            sent.insert(name, value);
        }
        response
    }
}

/// What the request asks for, or why it is refused before anything is looked at.
fn operation(head: &Parts, target: &str, body: Result<Vec<u8>, Problem>) -> Result<Operation, Problem> {
    let Some(id) = session_id(head.uri.path()) else {
        return Err(Problem::new(404, "There is no such operation"));
    };
    if ![Method::GET, Method::PUT].contains(&head.method) {
        return Err(Problem::new(405, "The operation has other methods"));
    }
    let text = body?;
    let integration_id = id?;
    let (dry, evaluate_at) = query(head.uri.query().unwrap_or_default())?;
    if head.method == Method::GET {
        return Ok(Operation::Read(integration_id));
    }
    if !is_json(&head.headers) {
        return Err(Problem::new(415, "The body must be application/json"));
    }
    Ok(Operation::Update(store::Request {
        integration_id,
        target: target.to_string(),
        key: key(&head.headers)?,
        text,
        dry,
        evaluate_at,
    }))
}

/// The session id of a path; none where the path is no session's.
fn session_id(path: &str) -> Option<Result<String, Problem>> {
    let raw = path.strip_prefix(SESSIONS)?;
    if raw.is_empty() || raw.contains('/') {
        return None;
    }
    Some(
        decoded(raw).ok_or_else(|| {
            refused_parameter("customerSessionId", "The session id is not percent-encoded UTF-8")
        }),
    )
}

fn refused_parameter(parameter: &str, details: &str) -> Problem {
    Problem::invalid(vec![at_parameter("Invalid parameter", details, parameter)])
}

/// Percent-decoded text; none where it is not well formed.
fn decoded(raw: &str) -> Option<String> {
    let hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let whole = raw.split('%').skip(1).all(|after| {
        let bytes = after.as_bytes();
        hex(bytes.first()) && hex(bytes.get(1))
    });
    if !whole {
        return None;
    }
    Some(percent_decode_str(raw).decode_utf8().ok()?.into_owned())
}

/// `dry` and `now`; other parameters are passed over.
fn query(raw: &str) -> Result<(bool, Option<OffsetDateTime>), Problem> {
    let mut dry = None;
    let mut now = None;
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let spaced = |text: &str| decoded(&text.replace('+', " "));
        let (Some(name), Some(value)) = (spaced(name), spaced(value)) else {
            return Err(Problem::new(400, "The query is not percent-encoded UTF-8"));
        };
        let slot = match name.as_str() {
            "dry" => &mut dry,
            "now" => &mut now,
            _ => continue,
        };
        if slot.replace(value).is_some() {
            return Err(refused_parameter(&name, "The parameter stands there twice"));
        }
    }
    let dry = match dry.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(refused_parameter("dry", "true or false is expected")),
    };
    let Some(now) = now else {
        return Ok((dry, None));
    };
    match OffsetDateTime::parse(&now, &Rfc3339) {
        Ok(_) if !dry => Err(refused_parameter("now", "now needs dry=true")),
        Ok(now) if now <= OffsetDateTime::now_utc() => {
            Err(refused_parameter("now", "A time in the future is expected"))
        }
        Ok(now) => Ok((dry, Some(now))),
        Err(_) => Err(refused_parameter("now", "RFC 3339 text is expected")),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
        && !headers.contains_key(header::CONTENT_ENCODING)
}

/// The idempotency key.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all("idempotency-key").iter();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) => match key.to_str() {
            Ok(key) if (1..=MAX_KEY_LENGTH).contains(&key.len()) => Ok(Some(key.to_string())),
            _ => Err(refused_parameter("Idempotency-Key", "A text of 1 to 255 characters is expected")),
        },
        _ => Err(refused_parameter("Idempotency-Key", "The header stands there twice")),
    }
}
