//! Answers, read with gloo-net; the shell makes the requests.

use gloo_net::http::Response;

/// Status and `Retry-After` of an answer. A function that stands in for fetch may give anything: what
/// is no Response says nothing.
pub fn head(answer: Option<web_sys::Response>) -> (u16, Option<String>) {
    let answer = answer.map(Response::from);
    let status = answer.as_ref().map_or(0, Response::status);
    (status, answer.and_then(|answer| answer.headers().get("Retry-After")))
}
