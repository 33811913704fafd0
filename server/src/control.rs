//! `/sandbox`: faults, the journal, stored sessions and reports, for tests and for the curious.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use cartwright::model::json::{Object, Value};
use cartwright::model::wire::Wire;
use percent_encoding::percent_decode_str;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::app::{App, lock, raise};
use crate::body;
use crate::problem::{Problem, at_pointer, no_session};
use crate::reply::{json, refusal};
use crate::sandbox::rules;
use crate::session_api::unavailable;
use crate::strict::{Misfit, Node};

/// Years that the clock may be set to: later ones would leave room for no date after them.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9000;

/// Reports that are remembered.
const MAX_REPORTS: usize = 1000;

fn nothing() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

async fn value(app: &App, body: Body) -> Result<Value, Problem> {
    let bytes = body::read(body, app.body_timeout).await?;
    let text = String::from_utf8_lossy(&bytes);
    Value::parse_lenient(&text)
        .map_err(|error| Problem::new(400, format!("The body is not JSON at byte {}", error.offset)))
}

pub(crate) async fn wrong_method() -> Response {
    refusal(&Problem::new(405, "The operation has other methods"))
}

pub(crate) async fn unknown() -> Response {
    refusal(&Problem::new(404, "There is no such operation"))
}

/// Plain text, so that every browser shows it as a document of its own.
pub(crate) async fn health() -> Response {
    let mut response = json(StatusCode::OK, "ok\n");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Adds rules; answers how many are in use.
pub(crate) async fn add_faults(State(app): State<Arc<App>>, body: Body) -> Response {
    let list = match value(&app, body).await {
        Ok(list) => list,
        Err(problem) => return refusal(&problem),
    };
    let (added, rules, cuts) = {
        let mut faults = lock(&app.faults);
        (faults.add(&list), faults.len(), faults.cuts())
    };
    if let Err(misfit) = added {
        let problem = at_pointer("Invalid rule", misfit.wanted, misfit.pointer);
        return refusal(&Problem::invalid(vec![problem]));
    }
    if cuts {
        raise(&app.renewals);
    }
    json(StatusCode::OK, format!("{{\"rules\":{rules}}}"))
}

/// Takes all rules back, and ends the delays that run.
pub(crate) async fn clear_faults(State(app): State<Arc<App>>) -> Response {
    lock(&app.faults).clear();
    raise(&app.releases);
    nothing()
}

/// All requests, or those of `?session=`.
pub(crate) async fn requests(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let session = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("session="))
        .map(|raw| percent_decode_str(raw).decode_utf8_lossy().into_owned());
    json(StatusCode::OK, lock(&app.journal).list(session.as_deref()).to_text())
}

/// A stored session; a path that is no UTF-8 names none.
pub(crate) async fn session(
    State(app): State<Arc<App>>,
    params: Result<RawPathParams, RawPathParamsRejection>,
) -> Response {
    let id = match &params {
        Ok(params) => params.iter().next().map_or("", |(_, id)| id).to_string(),
        Err(_) => return refusal(&no_session()),
    };
    let work = tokio::task::spawn_blocking(move || app.store.read(&id));
    match work.await {
        Ok(Ok(Some(stored))) => json(StatusCode::OK, rules::read(stored).to_answer_text()),
        Ok(Err(error)) => refusal(&unavailable(&error)),
        _ => refusal(&no_session()),
    }
}

/// Sets the sandbox's time, from which it runs on; null is the machine's own. Answers it.
pub(crate) async fn clock(State(app): State<Arc<App>>, body: Body) -> Response {
    let asked = match value(&app, body).await {
        Ok(asked) => asked,
        Err(problem) => return refusal(&problem),
    };
    match wanted_time(&Node::root(&asked)) {
        Ok(now) => app.clock.set(now),
        Err(misfit) => {
            return refusal(&Problem::invalid(vec![at_pointer(
                "Invalid time",
                misfit.wanted,
                misfit.pointer,
            )]));
        }
    }
    let now = app.clock.now().format(&Rfc3339).map_or(Value::Null, Value::String);
    json(StatusCode::OK, Value::Object(Object::from_iter([("now".to_string(), now)])).to_text())
}

fn wanted_time(node: &Node<'_>) -> Result<Option<OffsetDateTime>, Misfit> {
    node.only(&["now"])?;
    let now = node.required("now")?;
    if *now.value == Value::Null {
        return Ok(None);
    }
    match OffsetDateTime::parse(&now.text()?, &Rfc3339) {
        Ok(time) if YEARS.contains(&time.to_offset(UtcOffset::UTC).year()) => Ok(Some(time)),
        _ => now.misfit("RFC 3339 text of a year from 1970 to 9000 is expected, or null"),
    }
}

/// Forgets sessions, keys, faults, requests, reports and the time that was set.
pub(crate) async fn reset(State(app): State<Arc<App>>) -> Response {
    app.clock.set(None);
    lock(&app.faults).clear();
    raise(&app.releases);
    lock(&app.journal).clear();
    lock(&app.reports).clear();
    let work = tokio::task::spawn_blocking(move || app.store.reset());
    match work.await {
        Ok(Err(error)) => refusal(&unavailable(&error)),
        _ => nothing(),
    }
}

pub(crate) async fn report(State(app): State<Arc<App>>, body: Body) -> Response {
    match value(&app, body).await {
        Ok(report) => {
            let mut reports = lock(&app.reports);
            reports.push_back(report);
            if reports.len() > MAX_REPORTS {
                reports.pop_front();
            }
            nothing()
        }
        Err(problem) => refusal(&problem),
    }
}

pub(crate) async fn reports(State(app): State<Arc<App>>) -> Response {
    let reports: Vec<Value> = lock(&app.reports).iter().cloned().collect();
    json(StatusCode::OK, Value::Array(reports).to_text())
}
