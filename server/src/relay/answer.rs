//! What a browser gets of a deployment's answer.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use cartwright::model::json::Value;

use crate::problem::Problem;
use crate::reply::{json, refusal};

/// Largest error body that is looked at and passed on.
const MAX_ERROR: usize = 1 << 20;

/// What a deployment answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What is passed on: status, `Retry-After` and a body in the API's form, and nothing else.
pub(crate) fn pass_on(answered: Answered) -> Response {
    let retry_after = answered.headers.get(header::RETRY_AFTER).cloned();
    let status = answered.status;
    let mut response = match status.as_u16() {
        200..=299 if is_json(&answered.headers) => json(status, answered.body),
        200..=299 => refusal(&Problem::new(502, "The deployment's answer is not JSON")),
        // It is this endpoint's key that is wrong, which no browser can mend.
        401 | 403 => refusal(&Problem::new(502, "The deployment refused the key of this endpoint")),
        400..=599 if is_error(&answered) => json(status, answered.body),
        // Whatever says this is not the API, so it is no verdict on the request.
        400..=499 if !matches!(status.as_u16(), 408 | 409 | 425 | 429) => {
            refusal(&Problem::new(502, format!("Something in between answered {}", status.as_u16())))
        }
        400..=599 => {
            refusal(&Problem::new(status.as_u16(), format!("The deployment answered {}", status.as_u16())))
        }
        _ => refusal(&Problem::new(502, "The deployment's answer is a redirect or no answer at all")),
    };
    if let Some(retry_after) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, retry_after);
    }
    response
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// Whether it is an error body of the API: an object with a message.
fn is_error(answered: &Answered) -> bool {
    let value = match std::str::from_utf8(&answered.body) {
        Ok(text) if text.len() <= MAX_ERROR && is_json(&answered.headers) => Value::parse(text),
        _ => return false,
    };
    value.is_ok_and(|value| value.get("message").is_some_and(|message| message.as_str().is_some()))
}
