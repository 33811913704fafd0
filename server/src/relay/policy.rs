//! What a browser may ask of a deployment: the one place between the reader and the upstream.

use cartwright::draft::state::State;

use crate::asked::Operation;
use crate::problem::{Problem, at_parameter, at_pointer};
use crate::relay::request::{Content, Request};

/// Every word of `responseContent` (API reference, section 8).
pub(crate) const CONTENT: [&str; 13] = [
    "customerSession",
    "customerProfile",
    "coupons",
    "triggeredCampaigns",
    "referral",
    "loyalty",
    "event",
    "awardedGiveaways",
    "ruleFailureReasons",
    "previousReturns",
    "campaignEligibility",
    "achievements",
    "unlockedRewards",
];

/// Words that hold nothing but what a shopper may see.
const SHOPPER_CONTENT: [&str; 4] = ["customerSession", "loyalty", "referral", "coupons"];

/// What the shop allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Policy {
    /// Whether browsers may move sessions between states.
    pub(crate) allow_browser_close: bool,
    /// Words of `responseContent` beside the usual ones.
    pub(crate) allow_content: Vec<String>,
}

/// Decides about a request that is right in itself: gives what is passed on, which need not be what
/// was asked for, or a refusal. Every request of a browser goes through here, so prices from a
/// catalogue and the ownership of sessions are checked here too where a shop has such rules.
pub(crate) fn admit(policy: &Policy, request: Request) -> Result<Request, Problem> {
    safe_id(&request.integration_id)?;
    if request.query.now.is_some() {
        return Err(refused_parameter("now", "A browser may not choose the time of an evaluation"));
    }
    if !policy.allow_browser_close && moves_state(&request) {
        // Not a 403, which says that other headers might help.
        let details = "Only the shop's back end closes, cancels, reopens and gives items back".to_string();
        return Err(Problem::invalid(vec![at_pointer("Not allowed", details, "/state".to_string())]));
    }
    let content = match &request.content {
        Content::Nothing => &[][..],
        Content::Return(body) => body.response_content.as_slice(),
        Content::Update(body) => {
            if body.customer_session.evaluable_campaign_ids.is_some() {
                let details = "A browser may not choose the campaigns of an evaluation".to_string();
                let pointer = "/evaluableCampaignIds".to_string();
                return Err(Problem::invalid(vec![at_pointer("Not allowed", details, pointer)]));
            }
            body.response_content.as_slice()
        }
    };
    response_content(policy, content)?;
    Ok(request)
}

/// Whatever stands behind may take such parts for steps of the path, to another operation.
fn safe_id(id: &str) -> Result<(), Problem> {
    match id.split(['/', '\\']).any(|part| matches!(part, "." | "..")) {
        true => Err(refused_parameter("customerSessionId", "The session id has a part that means a folder")),
        false => Ok(()),
    }
}

/// Whether money may depend on it.
fn moves_state(request: &Request) -> bool {
    match (request.operation, &request.content) {
        (Operation::Reopen | Operation::Return, _) => true,
        (_, Content::Update(body)) => {
            body.customer_session.state.as_deref().is_some_and(|state| state != State::Open.as_str())
        }
        _ => false,
    }
}

fn response_content(policy: &Policy, words: &[String]) -> Result<(), Problem> {
    let allowed = |word: &str| {
        SHOPPER_CONTENT.contains(&word) || policy.allow_content.iter().any(|other| other == word)
    };
    let refused = words.iter().enumerate().filter(|(_, word)| !allowed(word));
    let problems: Vec<_> = refused
        .take(CONTENT.len())
        .map(|(index, _)| {
            let details = "A browser may not ask for this part".to_string();
            at_pointer("Not allowed", details, format!("/responseContent/{index}"))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Problem::invalid(problems)) }
}

fn refused_parameter(parameter: &str, details: &str) -> Problem {
    Problem::invalid(vec![at_parameter("Not allowed", details, parameter)])
}
