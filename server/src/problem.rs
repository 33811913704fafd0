//! Error answers in the API's own shape.

use cartwright::model::wire::Wire;
use cartwright::model::{ApiError, ErrorResponse, ErrorSource};

/// A refusal: a status, a summary, and single problems with their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status, 4xx or 5xx.
    pub status: u16,
    /// Summary, for logs.
    pub message: String,
    /// Single problems; none where the summary says it all.
    pub errors: Option<Vec<ApiError>>,
    /// The methods that a 405 names.
    pub allow: Option<&'static str>,
}

impl Problem {
    /// A refusal with a summary only.
    pub fn new(status: u16, message: impl Into<String>) -> Problem {
        Problem { status, message: message.into(), errors: None, allow: None }
    }

    /// A 400 with its single problems, as the API words it.
    pub fn invalid(errors: Vec<ApiError>) -> Problem {
        Problem { errors: Some(errors), ..Problem::new(400, "The submitted data was invalid") }
    }

    /// The body; `StatusCode` repeats the status except in a 400, which the API sends without it.
    pub fn body(&self) -> String {
        ErrorResponse {
            message: Some(self.message.clone()),
            errors: self.errors.clone(),
            status_code: Some(i64::from(self.status)).filter(|status| *status != 400),
        }
        .to_answer_text()
    }
}

/// The answer for a session that nobody made.
pub(crate) fn no_session() -> Problem {
    Problem::new(404, "The session does not exist")
}

/// One problem of a body; `pointer` starts at the session, such as `/cartItems/0/quantity`.
pub(crate) fn at_pointer(title: &str, details: String, pointer: String) -> ApiError {
    located(title, details, ErrorSource { pointer: Some(pointer), ..ErrorSource::default() })
}

/// One problem of a query or path parameter.
pub(crate) fn at_parameter(title: &str, details: &str, parameter: &str) -> ApiError {
    located(
        title,
        details.to_string(),
        ErrorSource { parameter: Some(parameter.to_string()), ..ErrorSource::default() },
    )
}

fn located(title: &str, details: String, source: ErrorSource) -> ApiError {
    ApiError { title: Some(title.to_string()), details: Some(details), source: Some(source) }
}
