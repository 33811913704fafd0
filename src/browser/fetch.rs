//! Answers, read with gloo-net; the shell makes the requests.

use gloo_net::http::Response;

use crate::sync::Event;

/// The answer to an attempt. A function that stands in for fetch may give anything: what is no
/// Response says nothing.
pub fn answered(id: u64, answer: Option<web_sys::Response>, body: &str) -> Event {
    let answer = answer.map(Response::from);
    Event::Answered {
        id,
        status: answer.as_ref().map_or(0, Response::status),
        retry_after: answer.and_then(|answer| answer.headers().get("Retry-After")),
        body: body.to_string(),
    }
}
