//! Faults on demand: what goes wrong with which request.

use axum::http::{HeaderName, HeaderValue, header};
use cartwright::model::json::Value;
use tokio::sync::oneshot;

use crate::strict::{Misfit, Node};

/// Longest delay, in milliseconds.
const MAX_DELAY_MS: u64 = 600_000;

/// Headers that must fit the bytes that follow.
const FRAMING: [HeaderName; 3] = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION];

/// One rule: which requests, and what happens to them.
#[derive(Debug, Clone)]
struct Rule {
    method: Option<String>,
    /// A part of path and query.
    path: Option<String>,
    session: Option<String>,
    /// From which matching request on the rule is used.
    nth: u64,
    /// How many more requests it is used for.
    times: u64,
    seen: u64,
    fault: Fault,
}

/// What happens to a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fault {
    pub(crate) delay_ms: u64,
    pub(crate) client: Client,
    /// Whether the request is carried out although the client gets no real answer.
    apply: bool,
    /// Whether it is carried out twice.
    duplicate: bool,
    /// Requests of the same session that end before this one is carried out.
    pub(crate) reorder_after: u64,
    /// Bytes of the answer's body after which the connection is cut.
    pub(crate) truncate_body: Option<usize>,
    /// Headers of whatever is answered.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// What the client gets to see.
#[derive(Debug, Clone, Default)]
pub(crate) enum Client {
    /// The real answer.
    #[default]
    Answer,
    /// Another answer in its place.
    Instead(Replacement),
    /// The connection is cut without a byte of an answer.
    Cut,
    /// Nothing, for as long as it waits.
    Nothing,
}

/// An answer that stands for the real one.
#[derive(Debug, Clone)]
pub(crate) struct Replacement {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) text: String,
}

/// A request as far as rules look at it.
pub(crate) struct Target<'t> {
    pub(crate) method: &'t str,
    pub(crate) path_and_query: &'t str,
    pub(crate) session: Option<&'t str>,
}

/// A request that others overtake.
#[derive(Debug)]
struct Held {
    seq: u64,
    session: Option<String>,
    left: u64,
    wake: oneshot::Sender<()>,
}

/// The rules that are still in use, and the requests that wait because of one.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    held: Vec<Held>,
}

impl Faults {
    /// Adds a list of rules: all of them or, when one is wrong, none.
    pub(crate) fn add(&mut self, list: &Value) -> Result<(), Misfit> {
        let rules: Result<Vec<Rule>, Misfit> = Node::root(list).list()?.iter().map(rule).collect();
        self.rules.extend(rules?);
        Ok(())
    }

    /// Takes all rules back and lets go of what is held.
    pub(crate) fn clear(&mut self) {
        self.rules.clear();
        self.held.clear();
    }

    /// How many rules are in use.
    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether some rule cuts connections, at once or in the end.
    pub(crate) fn cuts(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.fault.client, Client::Cut | Client::Nothing))
    }

    /// What happens to this request: the first rule that matches and is due. Every matching rule
    /// counts the request.
    pub(crate) fn take(&mut self, target: &Target<'_>) -> Option<Fault> {
        let mut taken = None;
        for rule in self.rules.iter_mut().filter(|rule| rule.matches(target)) {
            rule.seen = rule.seen.saturating_add(1);
            if taken.is_none() && rule.seen >= rule.nth {
                rule.times = rule.times.saturating_sub(1);
                taken = Some(rule.fault.clone());
            }
        }
        self.rules.retain(|rule| rule.times > 0);
        taken
    }

    /// Holds the request with this number until so many later ones of its session have ended; what
    /// is given ends then, or when all are let go.
    pub(crate) fn hold(&mut self, seq: u64, session: Option<String>, others: u64) -> oneshot::Receiver<()> {
        let (wake, woken) = oneshot::channel();
        self.held.push(Held { seq, session, left: others, wake });
        woken
    }

    /// Notes that a request has ended.
    pub(crate) fn ended(&mut self, seq: u64, session: Option<&str>) {
        for held in &mut self.held {
            if held.seq < seq && held.session.as_deref() == session {
                held.left = held.left.saturating_sub(1);
            }
        }
        self.held.retain(|held| held.left > 0 && !held.wake.is_closed());
    }
}

impl Rule {
    fn matches(&self, target: &Target<'_>) -> bool {
        let path = |part: &String| target.path_and_query.contains(part.as_str());
        self.method.as_deref().is_none_or(|method| method == target.method)
            && self.path.as_ref().is_none_or(path)
            && (self.session.is_none() || self.session.as_deref() == target.session)
    }
}

impl Fault {
    /// Whether what the client sees does not wait for the request to be carried out.
    pub(crate) fn is_early(&self) -> bool {
        !matches!(self.client, Client::Answer) && !self.apply
    }

    /// How often the request is carried out: an early one only where it comes late.
    pub(crate) fn times(&self) -> u64 {
        match (self.is_early() && self.reorder_after == 0, self.duplicate) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        }
    }
}

fn rule(node: &Node<'_>) -> Result<Rule, Misfit> {
    node.only(&["match", "do"])?;
    let mut rule = Rule {
        method: None,
        path: None,
        session: None,
        nth: 1,
        times: 1,
        seen: 0,
        fault: fault(&node.required("do")?)?,
    };
    if let Some(matches) = node.member("match") {
        matches.only(&["method", "path", "session", "nth", "times"])?;
        let count = |node: &Node<'_>| node.count(1);
        rule.method = matches.optional("method", Node::text)?;
        rule.path = matches.optional("path", Node::text)?;
        rule.session = matches.optional("session", Node::text)?;
        rule.nth = matches.optional("nth", count)?.unwrap_or(1);
        rule.times = matches.optional("times", count)?.unwrap_or(1);
    }
    Ok(rule)
}

const WORDS: [&str; 11] = [
    "delayMs",
    "status",
    "body",
    "headers",
    "dropBeforeApply",
    "dropAfterApply",
    "hang",
    "truncateBody",
    "duplicate",
    "reorderAfter",
    "apply",
];

fn fault(node: &Node<'_>) -> Result<Fault, Misfit> {
    node.only(&WORDS)?;
    let switch = |name| Ok(node.optional(name, Node::boolean)?.unwrap_or(false));
    let delay = |node: &Node<'_>| match node.count(0)? {
        delay if delay <= MAX_DELAY_MS => Ok(delay),
        _ => node.misfit(format!("at most {MAX_DELAY_MS} is expected")),
    };
    let dropped_after = switch("dropAfterApply")?;
    let choices = [
        (switch("dropBeforeApply")?, Client::Cut),
        (dropped_after, Client::Cut),
        (switch("hang")?, Client::Nothing),
    ];
    let instead = replacement(node)?.map(Client::Instead);
    let mut chosen =
        choices.into_iter().filter_map(|(wanted, client)| wanted.then_some(client)).chain(instead);
    let client = chosen.next().unwrap_or_default();
    if chosen.next().is_some() {
        return node.misfit("one of status or body, dropBeforeApply, dropAfterApply and hang is expected");
    }
    let truncate = node.optional("truncateBody", |node| node.count(0))?;
    Ok(Fault {
        delay_ms: node.optional("delayMs", delay)?.unwrap_or(0),
        client,
        apply: dropped_after || switch("apply")?,
        duplicate: switch("duplicate")?,
        reorder_after: node.optional("reorderAfter", |node| node.count(1))?.unwrap_or(0),
        truncate_body: truncate.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        headers: node.optional("headers", headers)?.unwrap_or_default(),
    })
}

fn replacement(node: &Node<'_>) -> Result<Option<Replacement>, Misfit> {
    let status = node.optional("status", |node| match node.count(200)? {
        status if status <= 599 => Ok(u16::try_from(status).unwrap_or(599)),
        _ => node.misfit("a status from 200 to 599 is expected"),
    })?;
    let body = node.member("body");
    if status.is_none() && body.is_none() {
        return Ok(None);
    }
    let status = status.unwrap_or(200);
    let (content_type, text) = match body.map(|body| body.value) {
        None => {
            let problem = crate::problem::Problem::new(status, "A fault on demand");
            ("application/json", problem.body())
        }
        Some(Value::String(text)) => ("text/plain; charset=utf-8", text.clone()),
        Some(value) => ("application/json", value.to_text()),
    };
    Ok(Some(Replacement { status, content_type, text }))
}

fn headers(node: &Node<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, Misfit> {
    let header = |(name, value): (&str, Node<'_>)| {
        let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value.text()?));
        match parsed {
            (Ok(name), Ok(_)) if FRAMING.contains(&name) => {
                value.misfit("the server sets this header itself")
            }
            (Ok(name), Ok(header)) => Ok((name, header)),
            _ => value.misfit("a header name and value are expected"),
        }
    };
    node.entries()?.into_iter().map(header).collect()
}
