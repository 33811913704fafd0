//! `campaigns/everything.json`: its README's tables make every documented word appear, and all its
//! answers are what the models say.

use std::collections::BTreeSet;

use cartwright::model::json::{Object, Value};

use crate::harness::{Answer, Endpoint, repository, session_path};
use crate::models::{Models, rows};

/// Every word of `responseContent`.
const ALL: &str = r#"["customerSession","customerProfile","coupons","triggeredCampaigns","referral","loyalty",
    "event","awardedGiveaways","ruleFailureReasons","previousReturns","campaignEligibility","achievements"]"#;

/// A row of the README: what appears, and by which steps.
struct Row {
    table: String,
    word: String,
    steps: Vec<String>,
}

/// What stands in back quotes.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(ToString::to_string).collect()
}

/// The session that the rows start from, and the rows.
fn readme() -> (Object, Vec<Row>) {
    let text = std::fs::read_to_string(repository("server/campaigns/README.md")).unwrap();
    let json = text.split("```json").nth(1).unwrap().split("```").next().unwrap();
    let base = Value::parse(json).unwrap().as_object().unwrap().clone();
    let mut table = String::new();
    let mut rows = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            table = title.to_string();
        }
        let cells: Vec<&str> = line.split('|').collect();
        if let [_, word, _, steps, _] = cells.as_slice()
            && let [word] = quoted(word).as_slice()
            && !quoted(steps).is_empty()
        {
            rows.push(Row { table: table.clone(), word: word.clone(), steps: quoted(steps) });
        }
    }
    (base, rows)
}

fn everything() -> Endpoint {
    let file = repository("server/campaigns/everything.json");
    Endpoint::start_with(&["--campaigns", file.to_str().unwrap()])
}

/// Takes a row's steps on a fresh sandbox; each answer with the model that it must be.
fn walk(endpoint: &Endpoint, base: &Object, row: &Row) -> Vec<(&'static str, Answer)> {
    assert_eq!(endpoint.send("POST", "/sandbox/reset", &[], b"").status, 204);
    let state = "IntegrationStateV2";
    let put = |session: &str, query: &str| {
        let body = format!(r#"{{"customerSession":{session},"responseContent":{ALL}}}"#);
        endpoint.put(&format!("c{query}"), &body)
    };
    let mut answers = Vec::new();
    for step in &row.steps {
        let answer = match step.as_str() {
            "cancel" => (state, put(r#"{"state":"cancelled"}"#, "")),
            "reopen" => {
                let path = format!("{}/reopen", session_path("c"));
                ("ReopenSessionResponse", endpoint.send("PUT", &path, &[], b""))
            }
            "return 0" => {
                let body = format!(
                    r#"{{"return":{{"returnedCartItems":[{{"position":0}}]}},"responseContent":{ALL}}}"#
                );
                let path = format!("{}/returns", session_path("c"));
                let headers = [("content-type", "application/json")];
                (state, endpoint.send("POST", &path, &headers, body.as_bytes()))
            }
            fields => {
                let mut session = base.clone();
                for (name, value) in Value::parse(fields).unwrap().as_object().unwrap().iter() {
                    session.set(name, value.clone());
                }
                let session = Value::Object(session).to_text();
                answers.push((state, put(&session, "?dry=true")));
                (state, put(&session, ""))
            }
        };
        answers.push(answer);
        answers.push(("IntegrationCustomerSessionResponse", endpoint.session("c")));
    }
    for (_, answer) in &answers {
        assert_eq!(answer.status, 200, "{} {:?}: {}", row.word, row.steps, answer.text);
    }
    answers
}

/// The words of a table that an answer shows.
fn shown(table: &str, answer: &Answer) -> Vec<String> {
    let prop = |kind: &str, name: &str| -> Vec<String> {
        let effects = answer.effects().into_iter().filter(|(found, _)| kind.is_empty() || found == kind);
        effects.filter_map(|(_, props)| Some(props.get(name)?.as_str()?.to_string())).collect()
    };
    match table {
        "Effects" => answer.effects().into_iter().map(|(kind, _)| kind).collect(),
        "Reasons of a refused coupon" => prop("rejectCoupon", "rejectionReason"),
        "Reasons of a refused referral" => prop("rejectReferral", "rejectionReason"),
        _ => prop("", "campaignExclusionReason"),
    }
}

#[test]
fn every_row_of_the_readme_makes_its_word_appear() {
    let endpoint = everything();
    let (base, rows) = readme();
    for row in &rows {
        let answers = walk(&endpoint, &base, row);
        let found = answers.iter().any(|(_, answer)| shown(&row.table, answer).contains(&row.word));
        let texts: Vec<&str> = answers.iter().map(|(_, answer)| answer.text.as_str()).collect();
        assert!(found, "{} {}: {}", row.word, row.steps.join(" "), texts.join("\n"));
    }
}

#[test]
fn the_readme_has_every_documented_effect_type_and_reason() {
    let (_, listed) = readme();
    let words = |table: &str| -> BTreeSet<&str> {
        listed.iter().filter(|row| row.table == table).map(|row| row.word.as_str()).collect()
    };
    let models = Models::load();
    assert_eq!(words("Effects"), models.effect_types().into_iter().collect());
    for row in rows("tests/fixtures/models/reasons.tsv") {
        let table = match row[0].as_str() {
            "rejectCoupon" => "Reasons of a refused coupon",
            "rejectReferral" => "Reasons of a refused referral",
            _ => "Why a campaign was left out",
        };
        assert!(words(table).contains(row[1].as_str()), "{row:?}");
    }
}

#[test]
fn every_answer_is_what_the_models_say() {
    let endpoint = everything();
    let models = Models::load();
    let (base, rows) = readme();
    let mut parts = BTreeSet::new();
    for row in &rows {
        for (model, answer) in walk(&endpoint, &base, row) {
            let json = answer.json();
            assert_eq!(models.faults(model, &json), Vec::<String>::new(), "{}: {}", row.word, answer.text);
            parts.extend(json.as_object().unwrap().iter().map(|(name, _)| name.to_string()));
        }
    }
    // Every part but the one of another operation was there at least once.
    for (part, expected) in [
        ("customerProfile", true),
        ("loyalty", true),
        ("triggeredCampaigns", true),
        ("campaignEligibility", true),
        ("effects", true),
        ("ruleFailureReasons", true),
        ("createdCoupons", true),
        ("createdReferrals", true),
        ("awardedGiveaways", true),
        ("achievements", true),
        ("referral", true),
        ("coupons", true),
        ("event", true),
        ("advancedEvent", false),
        ("customerSession", true),
        ("return", true),
        ("previousReturns", true),
    ] {
        assert_eq!(parts.contains(part), expected, "{part}");
    }
}

#[test]
fn refusals_are_what_the_models_say() {
    let endpoint = everything();
    let models = Models::load();
    let refused = endpoint.put("c", r#"{"customerSession":{"attributes":{"Foo":1},"cartItems":[{}]}}"#);
    assert_eq!(refused.status, 400);
    assert_eq!(models.faults("ErrorResponse", &refused.json()), Vec::<String>::new());
    let missing = endpoint.session("nobody");
    assert_eq!(missing.status, 404);
    assert_eq!(models.faults("ErrorResponseWithStatus", &missing.json()), Vec::<String>::new());
}
