//! The models against the example bodies of the API and its field tables.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use cartwright::amount::{Amount, AmountError};
use cartwright::model::json::{Object, Value};
use cartwright::model::wire::{Fault, FaultKind, Map, Reading, Source, Step, Wire, read_answer};
use cartwright::model::{
    AdditionalCost, ApiError, CartItem, CustomerSessionV2, Effect, ErrorResponse, ErrorSource,
    ExperimentVariantAllocation, IntegrationCustomerSessionResponse, IntegrationRequest, IntegrationStateV2,
    NewCustomerSessionV2, NewReturn, PriceDetail, Product, ReopenSessionResponse, Return,
    ReturnIntegrationRequest, ReturnedCartItem,
};
use rust_decimal::Decimal;
use serde_json::Value as Json;

/// The item fields that the API reference marks as set by the server.
const SERVER_SET: [&str; 9] = [
    "returnedQuantity",
    "remainingQuantity",
    "position",
    "catalogItemID",
    "selectedPriceType",
    "adjustmentReferenceId",
    "adjustmentEffectiveFrom",
    "adjustmentEffectiveUntil",
    "prices",
];

/// What the models leave out, file by file: nulls that mean "absent".
const LEFT_OUT: [(&str, &[&str]); 2] = [
    ("007-put-req-null-codes.json", &["/customerSession/couponCodes", "/customerSession/referralCode"]),
    ("084-v2-put-req-2024.json", &["/customerSession/couponCodes"]),
];

struct Row {
    file: String,
    operation: String,
    model: String,
    text: String,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/api")
}

/// The rows of the index with the texts of their files.
fn index() -> Vec<Row> {
    let text = fs::read_to_string(fixtures().join("index.tsv")).unwrap();
    let mut lines = text.lines();
    let heads: Vec<&str> = lines.next().unwrap().split('\t').collect();
    assert_eq!(heads[..5], ["file", "operation", "direction", "status", "model"]);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), heads.len(), "{line}");
            Row {
                file: cells[0].to_string(),
                operation: cells[1].split('?').next().unwrap().to_string(),
                model: cells[4].to_string(),
                text: fs::read_to_string(fixtures().join(cells[0])).unwrap(),
            }
        })
        .collect()
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn value(text: &str) -> Value {
    Value::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What became of a body on its way through a model.
struct Through {
    faults: Vec<Fault>,
    request: Json,
    answer: Json,
}

fn through<T: Wire>(text: &str) -> Through {
    let mut reading = Reading::new(Source::Api);
    let model = T::read(&value(text), &mut reading).unwrap();
    Through {
        faults: reading.into_faults(),
        request: json(&model.to_request_text()),
        answer: json(&model.to_answer_text()),
    }
}

/// Paths at which two bodies differ; numbers are the same when their exact values are.
fn differences(before: &Json, after: &Json, path: &str, found: &mut BTreeSet<String>) {
    match (before, after) {
        (Json::Object(before), Json::Object(after)) => {
            for name in before.keys().chain(after.keys()) {
                let path = format!("{path}/{name}");
                match (before.get(name), after.get(name)) {
                    (Some(before), Some(after)) => differences(before, after, &path, found),
                    _ => drop(found.insert(path)),
                }
            }
        }
        (Json::Array(before), Json::Array(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                differences(before, after, &format!("{path}/{index}"), found);
            }
        }
        (Json::Number(before), Json::Number(after)) if exact(before) == exact(after) => {}
        _ if before == after => {}
        _ => drop(found.insert(path.to_string())),
    }
}

/// The exact value, or the text itself where it is beyond what the oracle holds.
fn exact(number: &serde_json::Number) -> Result<Decimal, String> {
    let text = number.to_string();
    Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text)).map_err(|_| text)
}

fn differing(before: &Json, after: &Json) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    differences(before, after, "", &mut found);
    found
}

fn without(body: &Json, names: &[&str]) -> Json {
    let mut body = body.clone();
    for name in names {
        body.as_object_mut().unwrap().shift_remove(*name);
    }
    body
}

#[test]
fn copies_are_the_originals() {
    let originals = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/api/examples");
    if !originals.exists() {
        // A clone stands alone, and then the copies are all there is.
        return;
    }
    assert_eq!(names_in(&fixtures()), names_in(&originals));
    for name in names_in(&originals) {
        let copy = fs::read(fixtures().join(&name)).unwrap();
        assert!(copy == fs::read(originals.join(&name)).unwrap(), "{name} differs");
    }
}

#[test]
fn the_index_lists_every_file() {
    let mut listed: BTreeSet<String> = index().into_iter().map(|row| row.file).collect();
    assert_eq!((index().len(), listed.len()), (72, 72));
    listed.extend(["README.md".to_string(), "index.tsv".to_string()]);
    assert_eq!(names_in(&fixtures()), listed);
}

#[test]
fn every_body_is_printed_again_unchanged() {
    for Row { file, text, .. } in index() {
        let read = value(&text);
        assert_eq!(Value::parse(&read.to_text()), Ok(read.clone()), "{file}");
        // The oracle keeps order and number texts, so equal texts mean equal bodies to the letter.
        assert_eq!(read.to_text(), json(&text).to_string(), "{file}");
    }
}

#[test]
fn bodies_of_the_session_operations_go_through_their_models() {
    let mut counts = BTreeMap::<String, usize>::new();
    let left_out: BTreeMap<&str, &[&str]> = LEFT_OUT.into_iter().collect();
    for Row { file, operation, model, text } in index() {
        let request = |through: Through| (through.faults, through.request);
        let answer = |through: Through| (through.faults, through.answer);
        let (faults, written) = match model.as_str() {
            "IntegrationRequest" => request(through::<IntegrationRequest>(&text)),
            "ReturnIntegrationRequest" => request(through::<ReturnIntegrationRequest>(&text)),
            "IntegrationStateV2" => answer(through::<IntegrationStateV2>(&text)),
            "IntegrationCustomerSessionResponse" => {
                answer(through::<IntegrationCustomerSessionResponse>(&text))
            }
            "ReopenSessionResponse" => answer(through::<ReopenSessionResponse>(&text)),
            "CustomerSessionV2" | "CustomerSession" => answer(through::<CustomerSessionV2>(&text)),
            "ErrorResponse" | "ErrorResponseWithStatus" | "Conflict409" => {
                answer(through::<ErrorResponse>(&text))
            }
            _ => {
                let session = [
                    "updateCustomerSessionV2",
                    "getCustomerSession",
                    "reopenCustomerSession",
                    "returnCartItems",
                ];
                assert!(!session.contains(&operation.as_str()), "{file} has no model");
                continue;
            }
        };
        *counts.entry(model).or_default() += 1;
        assert_eq!(faults, [], "{file}");
        let expected: BTreeSet<String> = left_out
            .get(file.as_str())
            .into_iter()
            .flat_map(|paths| paths.iter().map(ToString::to_string))
            .collect();
        assert_eq!(differing(&json(&text), &written), expected, "{file}");
    }
    let counted: Vec<(&str, usize)> = counts.iter().map(|(k, n)| (k.as_str(), *n)).collect();
    assert_eq!(
        counted,
        [
            ("Conflict409", 2),
            ("CustomerSession", 1),
            ("CustomerSessionV2", 3),
            ("ErrorResponse", 5),
            ("ErrorResponseWithStatus", 3),
            ("IntegrationCustomerSessionResponse", 2),
            ("IntegrationRequest", 18),
            ("IntegrationStateV2", 21),
            ("ReopenSessionResponse", 1),
            ("ReturnIntegrationRequest", 2),
        ]
    );
}

#[test]
fn what_an_answer_says_is_at_hand() {
    let row = |start: &str| index().into_iter().find(|row| row.file.starts_with(start)).unwrap();
    let state: IntegrationStateV2 = read_answer(&value(&row("021").text)).unwrap();
    let session = state.customer_session.unwrap();
    let items = session.cart_items.unwrap();
    let sum = items.iter().try_fold(Amount::ZERO, |sum, item| {
        sum.add(item.price.unwrap().times(u64::try_from(item.quantity.unwrap()).unwrap())?)
    });
    assert_eq!(sum, Ok(session.cart_item_total.unwrap()));
    assert_eq!(session.total.unwrap().to_string(), "140.97", "99.99 + 2 × 15.99 + 9");
    let state: IntegrationStateV2 = read_answer(&value(&row("023").text)).unwrap();
    let effect = &state.effects.unwrap()[0];
    assert_eq!(effect.effect_type.as_deref(), Some("rejectCoupon"));
    let reason = effect.props.as_ref().unwrap().get("rejectionReason").unwrap();
    assert_eq!(reason.as_str(), Some("CouponNotFound"));
    let error: ErrorResponse = read_answer(&value(&row("045").text)).unwrap();
    assert_eq!(error.status_code, Some(409));
}

/// Takes a body's text through one model.
type Run = fn(&str) -> Through;

/// Every model with every field of its table in the API reference.
const MODELS: [(&str, Run, &str); 20] = [
    (
        "IntegrationRequest",
        through::<IntegrationRequest>,
        r#"{"customerSession":{"state":"open"},"responseContent":["loyalty"]}"#,
    ),
    (
        "NewCustomerSessionV2",
        through::<NewCustomerSessionV2>,
        r#"{
        "profileId":"","storeIntegrationId":"S","evaluableCampaignIds":[1,9223372036854775807],
        "couponCodes":["a",""],"referralCode":"","loyaltyCards":[],"state":"partially_returned",
        "cartItems":[{"sku":"x","quantity":2}],
        "experimentVariantAllocations":[{"experimentID":1,"variantID":2}],
        "additionalCosts":{"shipping":{"price":9.005},"__proto__":{"price":-1}},
        "identifiers":["i"],"attributes":{"a":null,"b":[1.50,{"c":null}],"__proto__":1e400}}"#,
    ),
    (
        "CartItem",
        through::<CartItem>,
        r#"{
        "name":"N","sku":"x","quantity":3,"returnedQuantity":1,"remainingQuantity":2,"price":19.99,
        "category":"c","product":{"name":"p"},"weight":1.5,"height":2,"width":3,"length":4,
        "position":0,"attributes":{"a":null},"additionalCosts":{"d":{"price":1}},
        "catalogItemID":9223372036854775807,"selectedPriceType":"member",
        "adjustmentReferenceId":"r","adjustmentEffectiveFrom":"f","adjustmentEffectiveUntil":"u",
        "prices":{"base":{"price":20}}}"#,
    ),
    ("AdditionalCost", through::<AdditionalCost>, r#"{"price":0.1}"#),
    ("Product", through::<Product>, r#"{"name":"p"}"#),
    (
        "PriceDetail",
        through::<PriceDetail>,
        r#"{"price":20.5,"adjustmentContextId":"c",
        "adjustmentReferenceId":"r","adjustmentEffectiveFrom":"f","adjustmentEffectiveUntil":"u"}"#,
    ),
    (
        "ExperimentVariantAllocation",
        through::<ExperimentVariantAllocation>,
        r#"{"experimentID":1,"variantID":2}"#,
    ),
    (
        "ReturnIntegrationRequest",
        through::<ReturnIntegrationRequest>,
        r#"{"return":{"returnedCartItems":[]},"responseContent":[]}"#,
    ),
    ("NewReturn", through::<NewReturn>, r#"{"returnedCartItems":[{"sku":"x"}]}"#),
    ("ReturnedCartItem", through::<ReturnedCartItem>, r#"{"position":0,"quantity":1,"sku":"x"}"#),
    (
        "IntegrationStateV2",
        through::<IntegrationStateV2>,
        r#"{
        "customerProfile":{"id":9223372036854775807,"loyaltyMemberships":null},"loyalty":{"programs":{"5":{}}},
        "triggeredCampaigns":[{"id":1,"x":null}],"campaignEligibility":[{}],"effects":[{"props":{}}],
        "ruleFailureReasons":[{"ruleName":"r"}],"createdCoupons":[{"value":"v"}],
        "createdReferrals":[{"code":"c"}],"awardedGiveaways":[{"id":1}],"achievements":[{"id":2}],
        "referral":{"code":"r"},"coupons":[{"value":"w"}],"event":{"id":3},"advancedEvent":{"id":4},
        "customerSession":{"state":"open"},"return":{"id":5},"previousReturns":[{"id":6}]}"#,
    ),
    (
        "IntegrationCustomerSessionResponse",
        through::<IntegrationCustomerSessionResponse>,
        r#"{"customerSession":{},"effects":[{}]}"#,
    ),
    ("ReopenSessionResponse", through::<ReopenSessionResponse>, r#"{"effects":[{}]}"#),
    (
        "CustomerSessionV2",
        through::<CustomerSessionV2>,
        r#"{
        "id":9223372036854775807,"created":"c","integrationId":"i","applicationId":2,"profileId":"p",
        "storeIntegrationId":"S","evaluableCampaignIds":[1],"couponCodes":["a"],"referralCode":"r",
        "loyaltyCards":["l"],"state":"closed","cartItems":[{"sku":"x","position":0}],
        "experimentVariantAllocations":[{"experimentID":1,"variantID":2}],
        "additionalCosts":{"shipping":{"price":9}},"identifiers":["i"],"attributes":{"a":1},
        "firstSession":false,"updateCount":3,"total":134.99,"cartItemTotal":99.99,
        "additionalCostTotal":20.00000000000000000001,"cartItemAdditionalCostTotal":15,"updated":"u",
        "coupon":"","referral":"r","discounts":{"off":20.5},"closurePrediction":0.8}"#,
    ),
    (
        "Return",
        through::<Return>,
        r#"{"id":1,"created":"c","applicationId":2,"accountId":3,
        "returnedCartItems":[{"position":0}],"eventId":4,"sessionId":5,"sessionIntegrationId":"s",
        "profileId":6,"profileIntegrationId":"p","createdBy":7}"#,
    ),
    (
        "Effect",
        through::<Effect>,
        r#"{
        "experimentId":1,"campaignId":2,"rulesetId":3,"ruleIndex":4,"ruleName":"n","effectType":"t",
        "triggeredByCoupon":5,"triggeredForCatalogItem":6,"conditionIndex":7,"evaluationGroupID":8,
        "evaluationGroupMode":"stackable","campaignRevisionId":9,"campaignRevisionVersionId":10,
        "selectedPriceType":"member","selectedPrice":9.999,"adjustmentReferenceId":"r",
        "props":{"value":9.9990,"deep":[{"x":null}]}}"#,
    ),
    ("ErrorResponse", through::<ErrorResponse>, r#"{"message":"m","errors":[{"title":"t"}]}"#),
    ("ErrorResponseWithStatus", through::<ErrorResponse>, r#"{"message":"m","errors":[],"StatusCode":401}"#),
    ("APIError", through::<ApiError>, r#"{"title":"t","details":"d","source":{"pointer":"/state"}}"#),
    ("ErrorSource", through::<ErrorSource>, r#"{"pointer":"p","parameter":"q","line":"N/A","resource":"r"}"#),
];

#[test]
fn every_field_of_the_tables_goes_through() {
    for (name, through, full) in MODELS {
        let result = through(full);
        assert_eq!(result.faults, [], "{name}");
        assert_eq!(differing(&json(full), &result.answer), BTreeSet::new(), "{name}");
        let expected = match name {
            "CartItem" => without(&json(full), &SERVER_SET),
            // The session that holds a line with a server-set field is never sent.
            "CustomerSessionV2" => continue,
            _ => json(full),
        };
        assert_eq!(differing(&expected, &result.request), BTreeSet::new(), "{name}");
    }
}

#[test]
fn null_is_absent_and_absent_is_left_out() {
    for (name, through, full) in MODELS {
        let full = json(full);
        for field in full.as_object().unwrap().keys() {
            let mut body = full.clone();
            body[field] = Json::Null;
            let with_null = through(&body.to_string());
            let absent = through(&without(&full, &[field]).to_string());
            assert_eq!(with_null.faults, [], "{name}.{field}");
            assert_eq!(absent.faults, [], "{name}.{field}");
            assert_eq!(with_null.answer, absent.answer, "{name}.{field}");
            assert_eq!(with_null.answer.get(field), None, "{name}.{field}");
        }
        let empty = through("{}");
        assert_eq!((empty.faults.len(), &empty.answer, &empty.request), (0, &json("{}"), &json("{}")));
    }
}

#[test]
fn unknown_fields_are_passed_over() {
    for (name, through, full) in MODELS {
        let mut body = json(full);
        body["brandNew"] = json(r#"{"deep":[null,1e400]}"#);
        let result = through(&body.to_string());
        assert_eq!(result.faults, [], "{name}");
        assert_eq!(result.answer, through(full).answer, "{name}");
    }
}

#[test]
fn a_field_of_a_wrong_type_is_noted_and_costs_only_itself() {
    for (name, through, full) in MODELS {
        let full = json(full);
        for field in full.as_object().unwrap().keys() {
            for wrong in [r#"true"#, r#""x""#, "7", "0.5", "1e400", "[]", "{}", "[[null]]"] {
                let mut body = full.clone();
                body[field] = json(wrong);
                let result = through(&body.to_string());
                let kept = result.answer.get(field).is_some_and(|kept| *kept == body[field]);
                let step = Step::Key(field.clone());
                let noted = result.faults.iter().any(|fault| fault.path.first() == Some(&step));
                assert!(kept != noted, "{name}.{field} = {wrong}: either kept or noted");
                assert_eq!(
                    without(&result.answer, &[field]),
                    without(&through(&full.to_string()).answer, &[field]),
                    "{name}.{field} = {wrong}: the others stay"
                );
            }
        }
        for wrong in ["null", "true", "7", "\"x\"", "[]", "[{}]"] {
            let mut reading = Reading::new(Source::Api);
            assert_eq!(CartItem::read(&value(wrong), &mut reading), None, "{wrong}");
            assert_eq!(reading.into_faults(), [Fault { path: vec![], kind: FaultKind::Type("object") }]);
        }
    }
}

#[test]
fn unknown_words_are_kept() {
    for (text, result) in [
        (r#"{"state":"paused"}"#, through::<CustomerSessionV2>(r#"{"state":"paused"}"#)),
        (r#"{"state":"paused"}"#, through::<NewCustomerSessionV2>(r#"{"state":"paused"}"#)),
        (r#"{"effectType":"teleport"}"#, through::<Effect>(r#"{"effectType":"teleport"}"#)),
        (
            r#"{"responseContent":["unlockedRewards"]}"#,
            through::<IntegrationRequest>(r#"{"responseContent":["unlockedRewards"]}"#),
        ),
    ] {
        assert_eq!(result.faults, []);
        assert_eq!(result.answer, json(text));
    }
}

#[test]
fn writing_is_conservative() {
    assert_eq!(NewCustomerSessionV2::default().to_request_text(), "{}");
    let attributes: Object = [("gone".to_string(), Value::Null)].into_iter().collect();
    let cleared = NewCustomerSessionV2 {
        profile_id: Some(String::new()),
        coupon_codes: Some(Vec::new()),
        referral_code: Some(String::new()),
        cart_items: Some(Vec::new()),
        additional_costs: Some(Map::default()),
        attributes: Some(attributes),
        ..Default::default()
    };
    let request = IntegrationRequest { customer_session: Some(cleared), response_content: None };
    assert_eq!(
        request.to_request_text(),
        "{\"customerSession\":{\"profileId\":\"\",\"couponCodes\":[],\"referralCode\":\"\",\
         \"cartItems\":[],\"additionalCosts\":{},\"attributes\":{\"gone\":null}}}"
    );
    let closing = NewCustomerSessionV2 { state: Some("closed".to_string()), ..Default::default() };
    assert_eq!(closing.to_request_text(), r#"{"state":"closed"}"#);
}

#[test]
fn lines_of_an_answer_are_sent_back_without_what_the_server_set() {
    let (_, _, line) = MODELS.into_iter().find(|(name, _, _)| *name == "CartItem").unwrap();
    let answer = value(&format!(r#"{{"cartItems":[{line},{{"sku":"y","quantity":1,"position":1}}]}}"#));
    let session: CustomerSessionV2 = read_answer(&answer).unwrap();
    let draft = IntegrationRequest {
        customer_session: Some(NewCustomerSessionV2 { cart_items: session.cart_items, ..Default::default() }),
        response_content: None,
    };
    let sent = json(&draft.to_request_text());
    let items = sent["customerSession"]["cartItems"].as_array().unwrap();
    let expected = without(&json(line), &SERVER_SET);
    assert_eq!(differing(&expected, &items[0]), BTreeSet::new());
    assert_eq!(items[1], json(r#"{"sku":"y","quantity":1}"#));
}

#[test]
fn a_script_gets_amounts_and_long_numbers_as_texts() {
    for (answer, script) in [
        (r#"{"total":12.5,"cartItemTotal":1e2}"#, r#"{"total":"12.50","cartItemTotal":"100.00"}"#),
        (r#"{"total":0.125,"additionalCostTotal":7}"#, r#"{"total":"0.125","additionalCostTotal":"7.00"}"#),
        (r#"{"total":1e30}"#, r#"{"total":"1e30"}"#),
        (r#"{"total":"12.5"}"#, r#"{"total":"12.5"}"#),
        (
            r#"{"cartItems":[{"price":3,"weight":3,"catalogItemID":7},{"prices":{"base":{"price":4.9}}}]}"#,
            r#"{"cartItems":[{"price":"3.00","weight":3,"catalogItemID":7},{"prices":{"base":{"price":"4.90"}}}]}"#,
        ),
        (r#"{"id":9007199254740991,"firstSession":true}"#, r#"{"id":9007199254740991,"firstSession":true}"#),
        (
            r#"{"id":9007199254740992,"couponCodes":["A","B"]}"#,
            r#"{"id":"9007199254740992","couponCodes":["A","B"]}"#,
        ),
        (
            r#"{"attributes":{"n":0.12345678901234567,"m":[1,null]}}"#,
            r#"{"attributes":{"n":"0.12345678901234567","m":[1,null]}}"#,
        ),
        (
            r#"{"newer":{"price":1,"deep":{"id":12345678901234567890}}}"#,
            r#"{"newer":{"price":1,"deep":{"id":"12345678901234567890"}}}"#,
        ),
    ] {
        let mut out = String::new();
        CustomerSessionV2::KIND.write_script(&value(answer), 2, &mut out);
        assert_eq!(out, script);
    }
}

#[test]
fn error_bodies_are_read_whatever_they_lack() {
    for (text, written) in [
        ("{}", Some("{}")),
        ("[]", None),
        ("\"x\"", None),
        ("null", None),
        ("7", None),
        (r#"{"message":null,"errors":null,"StatusCode":null}"#, Some("{}")),
        (r#"{"message":7,"StatusCode":"409"}"#, Some("{}")),
        (r#"{"errors":"no list"}"#, Some("{}")),
        (r#"{"errors":{"0":{}}}"#, Some("{}")),
        (r#"{"errors":[1,null,{"source":{}}]}"#, Some(r#"{"errors":[{"source":{}}]}"#)),
        (r#"{"errors":[{"title":1,"source":"x"}]}"#, Some(r#"{"errors":[{}]}"#)),
        (
            r#"{"errors":[{"source":{"line":7,"pointer":null}}],"RequestUUID":"u"}"#,
            Some(r#"{"errors":[{"source":{"line":7}}]}"#),
        ),
        (r#"{"message":"m","StatusCode":429}"#, Some(r#"{"message":"m","StatusCode":429}"#)),
    ] {
        let read: Option<ErrorResponse> = read_answer(&value(text));
        assert_eq!(read.map(|read| read.to_answer_text()).as_deref(), written, "{text}");
    }
}

#[test]
fn amounts_are_read_as_their_source_writes_them() {
    use Source::{Api, Script, Text};
    let number = Err(FaultKind::Type("number"));
    let fault = |error| Err(FaultKind::Amount(error));
    for (text, source, expected) in [
        ("19.90", Api, Ok("19.9")),
        ("19.90", Script, Ok("19.9")),
        ("19.90", Text, Ok("19.9")),
        ("\"19.90\"", Api, number),
        ("\"19.90\"", Script, Ok("19.9")),
        ("\"19.90\"", Text, Ok("19.9")),
        ("0.30000000000000004", Api, Ok("0.30000000000000004")),
        ("0.30000000000000004", Script, fault(AmountError::Inexact)),
        ("0.30000000000000004", Text, Ok("0.30000000000000004")),
        ("\"0.30000000000000004\"", Script, Ok("0.30000000000000004")),
        ("1234567890123456789E0", Script, Ok("1234567890123456789")),
        ("12345678901234567890E0", Script, fault(AmountError::OutOfRange)),
        ("1e-21", Api, Ok("0")),
        ("0.000000000000000000015", Api, Ok("0.00000000000000000002")),
        ("-1.7763568394002505e-15", Api, Ok("-0.00000000000000177636")),
        ("1e-21", Text, fault(AmountError::OutOfRange)),
        ("1e-21", Script, fault(AmountError::OutOfRange)),
        ("\"\"", Script, fault(AmountError::Invalid)),
        ("\"1,5\"", Script, fault(AmountError::Invalid)),
        ("true", Script, number),
        ("[1]", Text, number),
        ("{}", Api, number),
    ] {
        let mut reading = Reading::new(source);
        let read = Amount::read(&value(text), &mut reading);
        let result = match read {
            Some(amount) => Ok(amount.to_string()),
            None => Err(reading.into_faults()[0].kind),
        };
        assert_eq!(result, expected.map(str::to_string), "{text} from {source:?}");
    }
}

#[test]
fn integers_are_read_as_their_source_writes_them() {
    use Source::{Api, Script, Text};
    for (text, source, expected) in [
        ("3", Api, Some(3)),
        ("3.0", Api, Some(3)),
        ("3.0", Script, Some(3)),
        ("0.5", Api, None),
        ("0.5", Script, None),
        ("9223372036854775807", Api, Some(i64::MAX)),
        ("9223372036854775807", Text, Some(i64::MAX)),
        ("9223372036854775807", Script, None),
        ("9223372036854775807E0", Script, Some(i64::MAX)),
        ("9223372036854775808E0", Script, None),
        ("9007199254740991", Script, Some(9_007_199_254_740_991)),
        ("9007199254740992", Script, None),
        ("-9007199254740992", Script, None),
        ("-9007199254740992", Api, Some(-9_007_199_254_740_992)),
        ("\"9223372036854775807\"", Script, Some(i64::MAX)),
        ("\"-7\"", Text, Some(-7)),
        ("\"7\"", Api, None),
        ("\"7.0\"", Script, None),
        ("\"\"", Script, None),
        ("true", Script, None),
        ("1e400", Api, None),
    ] {
        let mut reading = Reading::new(source);
        assert_eq!(reading.source(), source);
        let read = i64::read(&value(text), &mut reading);
        assert_eq!(read, expected, "{text} from {source:?}");
        let faults = usize::from(expected.is_none());
        assert_eq!(reading.into_faults().len(), faults, "{text} from {source:?}");
    }
}

#[test]
fn marks_of_big_integers_never_leave_the_reader() {
    let attributes = value(r#"{"a":12345678901234567890E0,"b":[1E0,{"c":2E0,"d":"3E0"}],"e":1.5}"#);
    let written = |source| {
        let object = Object::read(&attributes, &mut Reading::new(source)).unwrap();
        object.to_request_text()
    };
    assert_eq!(written(Source::Script), r#"{"a":12345678901234567890,"b":[1,{"c":2,"d":"3E0"}],"e":1.5}"#);
    assert_eq!(written(Source::Api), attributes.to_text(), "elsewhere it is the number's own text");
}

#[test]
fn faults_say_where() {
    let body = value(
        r#"{"customerSession":{"cartItems":[{"sku":"ok"},{"sku":1,"additionalCosts":{"a b":{"price":"9"}}},null],
        "couponCodes":["x",null,7]},"responseContent":"all"}"#,
    );
    let mut reading = Reading::new(Source::Api);
    let request = IntegrationRequest::read(&body, &mut reading).unwrap();
    let places: Vec<(String, FaultKind)> = reading
        .into_faults()
        .into_iter()
        .map(|fault| {
            let steps = fault.path.iter().map(|step| match step {
                Step::Key(name) => name.clone(),
                Step::Index(index) => index.to_string(),
            });
            (steps.collect::<Vec<_>>().join("/"), fault.kind)
        })
        .collect();
    let at = |place: &str, kind| (place.to_string(), FaultKind::Type(kind));
    assert_eq!(
        places,
        [
            at("customerSession/couponCodes/1", "string"),
            at("customerSession/couponCodes/2", "string"),
            at("customerSession/cartItems/1/sku", "string"),
            at("customerSession/cartItems/1/additionalCosts/a b/price", "number"),
            at("customerSession/cartItems/2", "object"),
            at("responseContent", "array"),
        ]
    );
    assert_eq!(
        request.to_request_text(),
        r#"{"customerSession":{"couponCodes":["x"],"cartItems":[{"sku":"ok"},{"additionalCosts":{"a b":{}}}]}}"#
    );
}

#[test]
fn integers_are_written_with_all_their_digits() {
    for integer in [0, -1, 9, 10, -10, 1_000, i64::MAX, i64::MIN] {
        assert_eq!(integer.to_request_text(), integer.to_string());
        assert_eq!(i64::from_str(&integer.to_answer_text()), Ok(integer));
    }
    assert_eq!(true.to_request_text(), "true");
    assert_eq!(false.to_request_text(), "false");
}

#[test]
fn maps_find_by_name() {
    let costs: Map<AdditionalCost> =
        read_answer(&value(r#"{"a":{"price":1},"b":null,"__proto__":{}}"#)).unwrap();
    assert_eq!(costs.get("a").unwrap().price.unwrap().to_string(), "1");
    assert_eq!(costs.get("b"), None);
    assert_eq!(costs.get("__proto__"), Some(&AdditionalCost::default()));
}
