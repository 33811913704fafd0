//! Error bodies.

use crate::model::json::Value;
use crate::model::wire::model;

model! {
    /// `ErrorResponse`, `ErrorResponseWithStatus` and the untyped body of a 409: whatever of it
    /// is there. No member can be relied upon.
    ErrorResponse {
        /// Summary, for logs.
        message: String = "message",
        /// Single problems; those that are no objects are passed over.
        errors: Vec<ApiError> = "errors",
        /// The HTTP status again.
        status_code: i64 = "StatusCode",
    }
}

model! {
    /// One problem.
    ApiError {
        /// Short class of problem.
        title: String = "title",
        /// Longer text.
        details: String = "details",
        /// Where it is.
        source: ErrorSource = "source",
    }
}

model! {
    /// The place of a problem, by one of these.
    ErrorSource {
        /// JSON pointer into the entity, such as `/cartItems/0/quantity`.
        pointer: String = "pointer",
        /// Query parameter.
        parameter: String = "parameter",
        /// Line of an uploaded file.
        line: Value = "line",
        /// Resource pointer.
        resource: String = "resource",
    }
}
