//! What a request to `/session-api` asks for, read before anything is carried out.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use percent_encoding::percent_decode_str;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::problem::{Problem, at_parameter};

/// Where the sessions are.
const SESSIONS: &str = "/session-api/v2/customer_sessions/";

/// Longest `Idempotency-Key`, in characters (API reference, section 1.1).
const MAX_KEY_LENGTH: usize = 255;

/// Longest session id, in characters (API reference, section 2: the stored field's `maxLength`).
const MAX_ID_LENGTH: usize = 1000;

/// The four operations of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Update,
    Read,
    Reopen,
    Return,
}

impl Operation {
    /// Its name in logs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Operation::Update => "update",
            Operation::Read => "read",
            Operation::Reopen => "reopen",
            Operation::Return => "return",
        }
    }

    fn has_body(self) -> bool {
        matches!(self, Operation::Update | Operation::Return)
    }
}

/// The query of a request; parameters that no operation has are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Query {
    pub(crate) dry: bool,
    /// Evaluate for this time; only in dry runs.
    pub(crate) now: Option<OffsetDateTime>,
    pub(crate) run_rule_engine: bool,
}

/// A request that is right in itself, but for its body's content.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) operation: Operation,
    pub(crate) integration_id: String,
    /// Path and query as they came.
    pub(crate) target: String,
    pub(crate) query: Query,
    pub(crate) key: Option<String>,
    pub(crate) text: Vec<u8>,
}

/// Reads a request, or says why it is refused. `now` is the time that `?now=` must be after.
pub(crate) fn read(
    head: &Parts,
    target: &str,
    body: Result<Vec<u8>, Problem>,
    now: OffsetDateTime,
) -> Result<Asked, Problem> {
    let Some(place) = Place::of(head.uri.path()) else {
        return Err(Problem::new(404, "There is no such operation"));
    };
    let Some(operation) = place.operation(&head.method) else {
        let wrong = Problem::new(405, "The operation has other methods");
        return Err(Problem { allow: Some(place.methods()), ..wrong });
    };
    let text = body?;
    let integration_id = place.session()?;
    let query = query(head.uri.query().unwrap_or_default(), now)?;
    if operation.has_body() && !is_json(&head.headers) {
        return Err(Problem::new(415, "The body must be application/json"));
    }
    let key = match operation {
        Operation::Read => None,
        _ => key(&head.headers)?,
    };
    Ok(Asked { operation, integration_id, target: target.to_string(), query, key, text })
}

/// The session that a path names, where it names one.
pub(crate) fn session(path: &str) -> Option<String> {
    Place::of(path)?.session().ok()
}

/// A path of the API.
struct Place<'p> {
    raw_id: &'p str,
    rest: Option<&'p str>,
}

impl<'p> Place<'p> {
    fn of(path: &'p str) -> Option<Place<'p>> {
        let inside = path.strip_prefix(SESSIONS)?;
        let (raw_id, rest) = match inside.split_once('/') {
            None => (inside, None),
            Some((raw_id, rest)) => (raw_id, Some(rest)),
        };
        let known = matches!(rest, None | Some("reopen" | "returns"));
        (known && !raw_id.is_empty()).then_some(Place { raw_id, rest })
    }

    fn operation(&self, method: &Method) -> Option<Operation> {
        match (self.rest, method.as_str()) {
            (None, "PUT") => Some(Operation::Update),
            (None, "GET") => Some(Operation::Read),
            (Some("reopen"), "PUT") => Some(Operation::Reopen),
            (Some("returns"), "POST") => Some(Operation::Return),
            _ => None,
        }
    }

    fn methods(&self) -> &'static str {
        match self.rest {
            None => "GET, PUT",
            Some("reopen") => "PUT",
            Some(_) => "POST",
        }
    }

    fn session(&self) -> Result<String, Problem> {
        let refused = |details| Err(refused_parameter("customerSessionId", details));
        let Some(id) = decoded(self.raw_id) else {
            return refused("The session id is not percent-encoded UTF-8");
        };
        if id.chars().count() > MAX_ID_LENGTH {
            return refused("The session id is longer than 1000 characters");
        }
        Ok(id)
    }
}

pub(crate) fn refused_parameter(parameter: &str, details: &str) -> Problem {
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

fn query(raw: &str, present: OffsetDateTime) -> Result<Query, Problem> {
    let (mut dry, mut now, mut run_rule_engine) = (None, None, None);
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let spaced = |text: &str| decoded(&text.replace('+', " "));
        let (Some(name), Some(value)) = (spaced(name), spaced(value)) else {
            return Err(Problem::new(400, "The query is not percent-encoded UTF-8"));
        };
        let slot = match name.as_str() {
            "dry" => &mut dry,
            "now" => &mut now,
            "runRuleEngine" => &mut run_rule_engine,
            _ => continue,
        };
        if slot.replace(value).is_some() {
            return Err(refused_parameter(&name, "The parameter stands there twice"));
        }
    }
    let dry = switch("dry", dry.as_deref())?;
    let run_rule_engine = switch("runRuleEngine", run_rule_engine.as_deref())?;
    let now = match now.map(|now| OffsetDateTime::parse(&now, &Rfc3339)) {
        None => None,
        Some(Ok(_)) if !dry => return Err(refused_parameter("now", "now needs dry=true")),
        Some(Ok(now)) if now <= present => {
            return Err(refused_parameter("now", "A time in the future is expected"));
        }
        Some(Ok(now)) => Some(now),
        Some(Err(_)) => return Err(refused_parameter("now", "RFC 3339 text is expected")),
    };
    Ok(Query { dry, now, run_rule_engine })
}

fn switch(name: &str, value: Option<&str>) -> Result<bool, Problem> {
    match value {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(refused_parameter(name, "true or false is expected")),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let essence = value.to_str().ok().and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
        && !headers.contains_key(header::CONTENT_ENCODING)
}

/// The idempotency key.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
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
