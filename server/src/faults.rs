//! Faults on demand: what goes wrong with which request.

use axum::http::{HeaderName, HeaderValue};
use cartwright::model::json::Value;

use crate::strict::{Misfit, Node};

/// Longest delay, in milliseconds.
const MAX_DELAY_MS: u64 = 600_000;

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
    /// The connection is cut instead of carrying the request out.
    pub(crate) drop_before_apply: bool,
    /// The connection is cut after carrying the request out.
    pub(crate) drop_after_apply: bool,
    /// Whether the request is carried out although `answer` stands for its answer.
    pub(crate) apply: bool,
    /// What is answered instead.
    pub(crate) answer: Option<Replacement>,
    /// Headers of whatever is answered.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
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

/// The rules that are still in use.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Rule>);

impl Faults {
    /// Adds a list of rules: all of them or, when one is wrong, none.
    pub(crate) fn add(&mut self, list: &Value) -> Result<(), Misfit> {
        let rules: Result<Vec<Rule>, Misfit> = Node::root(list).list()?.iter().map(rule).collect();
        self.0.extend(rules?);
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many rules are in use.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether some rule cuts connections.
    pub(crate) fn cuts(&self) -> bool {
        self.0.iter().any(|rule| rule.fault.cuts())
    }

    /// What happens to this request: the first rule that matches and is due. Every matching rule
    /// counts the request.
    pub(crate) fn take(&mut self, target: &Target<'_>) -> Option<Fault> {
        let mut taken = None;
        for rule in self.0.iter_mut().filter(|rule| rule.matches(target)) {
            rule.seen = rule.seen.saturating_add(1);
            if taken.is_none() && rule.seen >= rule.nth {
                rule.times = rule.times.saturating_sub(1);
                taken = Some(rule.fault.clone());
            }
        }
        self.0.retain(|rule| rule.times > 0);
        taken
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
    fn cuts(&self) -> bool {
        self.drop_before_apply || self.drop_after_apply
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

fn fault(node: &Node<'_>) -> Result<Fault, Misfit> {
    node.only(&["status", "body", "headers", "delayMs", "dropBeforeApply", "dropAfterApply", "apply"])?;
    let switch = |name| Ok(node.optional(name, Node::boolean)?.unwrap_or(false));
    let delay = |node: &Node<'_>| match node.count(0)? {
        delay if delay <= MAX_DELAY_MS => Ok(delay),
        _ => node.misfit(format!("at most {MAX_DELAY_MS} is expected")),
    };
    Ok(Fault {
        delay_ms: node.optional("delayMs", delay)?.unwrap_or(0),
        drop_before_apply: switch("dropBeforeApply")?,
        drop_after_apply: switch("dropAfterApply")?,
        apply: switch("apply")?,
        answer: replacement(node)?,
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
            (Ok(name), Ok(header)) => Ok((name, header)),
            _ => value.misfit("a header name and value are expected"),
        }
    };
    node.entries()?.into_iter().map(header).collect()
}
