//! A request of a browser as the core reads it, and as it is passed on.

use cartwright::model::wire::Wire;
use cartwright::model::{IntegrationRequest, NewReturn, ReturnIntegrationRequest};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::asked::{Asked, Operation, Query};
use crate::problem::Problem;
use crate::sandbox::read;

/// All that RFC 3986 does not call unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request whose body the core has read.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) operation: Operation,
    pub(crate) integration_id: String,
    pub(crate) query: Query,
    pub(crate) key: Option<String>,
    pub(crate) content: Content,
}

/// What a body says.
#[derive(Debug)]
pub(crate) enum Content {
    Nothing,
    Update(Box<read::Body>),
    Return(read::ReturnBody),
}

/// Reads the body of a request: types, required members, and all limits that need no deployment.
pub(crate) fn read(asked: Asked) -> Result<Request, Problem> {
    let content = match asked.operation {
        Operation::Update => Content::Update(Box::new(read::undeclared(&asked.text)?)),
        Operation::Return => Content::Return(read::returns(&asked.text)?),
        Operation::Read | Operation::Reopen => Content::Nothing,
    };
    let Asked { operation, integration_id, query, key, .. } = asked;
    Ok(Request { operation, integration_id, query, key, content })
}

impl Request {
    /// Path and query below the base address.
    pub(crate) fn target(&self) -> String {
        let rest = match self.operation {
            Operation::Update | Operation::Read => "",
            Operation::Reopen => "/reopen",
            Operation::Return => "/returns",
        };
        let dry = if self.query.dry { "dry=true" } else { "" };
        let rules = if self.query.run_rule_engine { "runRuleEngine=true" } else { "" };
        let query = match (dry, rules) {
            ("", "") => String::new(),
            ("", one) | (one, "") => format!("?{one}"),
            (one, other) => format!("?{one}&{other}"),
        };
        format!("/v2/customer_sessions/{}{rest}{query}", utf8_percent_encode(&self.integration_id, ENCODED))
    }

    /// The body, written anew from what was read: what the reader did not see does not leave.
    pub(crate) fn text(self) -> String {
        let asked_for = |words: Vec<String>| (!words.is_empty()).then_some(words);
        match self.content {
            Content::Nothing => String::new(),
            Content::Update(body) => IntegrationRequest {
                customer_session: Some(body.customer_session),
                response_content: asked_for(body.response_content),
            }
            .to_request_text(),
            Content::Return(body) => ReturnIntegrationRequest {
                r#return: Some(NewReturn { returned_cart_items: Some(body.returned_cart_items) }),
                response_content: asked_for(body.response_content),
            }
            .to_request_text(),
        }
    }
}
