//! The quote: money by hand-made sums, verdicts on codes, and answers that are not as they should be.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::Path;

use cartwright::amount::Amount;
use cartwright::draft::command::{Command, LineIds};
use cartwright::draft::effects::{Role, role};
use cartwright::draft::limits::CartLimits;
use cartwright::draft::quote::{Outcome, Quote};
use cartwright::draft::{Draft, LineId};
use cartwright::model::json::Value;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn value(json: &Json) -> Value {
    Value::parse(&json.to_string()).unwrap()
}

/// The example answer whose file name starts with this number.
fn example(number: &str) -> Json {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/api");
    let file = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_string_lossy().starts_with(number))
        .unwrap_or_else(|| panic!("no example {number}"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn restored(session: &Json) -> Draft {
    let session = value(session);
    let mut ids = LineIds::new(0);
    let mut known = |_: usize, _: &Value| (ids.make(), None, false);
    Draft::from_session(&session, CartLimits::Flattened, &mut known).unwrap()
}

fn draft(session: &Json) -> Draft {
    let command = json!({"do": "load", "session": session});
    let mut draft = Draft::new(CartLimits::Flattened);
    draft.apply(&Command::read(&value(&command), &mut LineIds::new(0)).unwrap()).unwrap();
    draft
}

/// The quote of an answer with these effects and no session.
fn quoted(session: &Json, effects: &Json) -> Quote {
    Quote::new(&draft(session), &value(&json!({"effects": effects})))
}

fn effect(kind: &str, props: Json) -> Json {
    json!({"campaignId": 1, "rulesetId": 2, "ruleIndex": 3, "ruleName": "rule", "effectType": kind, "props": props})
}

fn off(name: &str, value: impl Into<Json>) -> Json {
    effect("setDiscount", json!({"name": name, "value": value.into()}))
}

fn off_unit(name: &str, position: i64, unit: i64, value: impl Into<Json>) -> Json {
    let (name, value) = (format!("{name}#{position}"), value.into());
    effect(
        "setDiscountPerItem",
        json!({"name": name, "value": value, "position": position, "subPosition": unit}),
    )
}

/// Everything that a quote says beside fingerprint and raw effects, line by line.
fn shown(quote: &Quote) -> String {
    let mut out =
        vec![format!("total {} discount {} payable {}", quote.total, quote.discount, quote.payable)];
    if !quote.complete {
        out.push("incomplete".to_string());
    }
    for discount in &quote.discounts {
        let wished = discount.desired.map(|desired| format!(" of {desired}")).unwrap_or_default();
        out.push(format!("{:?}: {} {}{wished}", discount.scope, discount.name, discount.amount));
    }
    for line in &quote.lines {
        let text = |amount: Option<Amount>| amount.map_or("?".to_string(), |amount| amount.padded(0));
        let discounts: String =
            line.discounts.iter().map(|entry| format!(" {} {}", entry.name, entry.amount)).collect();
        out.push(format!(
            "line {} {}{discounts} = {}",
            text(line.price),
            text(line.subtotal),
            text(line.payable)
        ));
    }
    for (kind, verdicts) in [("coupon", &quote.coupons), ("referral", &quote.referrals)] {
        for verdict in verdicts {
            let outcome = match &verdict.outcome {
                Outcome::Accepted => "accepted".to_string(),
                Outcome::RolledBack => "rolled back".to_string(),
                Outcome::Rejected(why) => {
                    let more: String =
                        why.exclusion.iter().chain(&why.details).map(|text| format!(" {text}")).collect();
                    format!("{}{more}", why.reason)
                }
            };
            out.push(format!("{kind} {}: {outcome}", verdict.code));
        }
    }
    for discount in &quote.rolled_back {
        out.push(format!("void {:?}: {} {}", discount.scope, discount.name, discount.amount));
    }
    for item in &quote.free_items {
        let wished = item.desired.map(|desired| format!(" of {desired}")).unwrap_or_default();
        out.push(format!("free {}{wished} {} {}", item.quantity, item.sku, item.name));
    }
    for points in &quote.points {
        let wished = points.desired.map(|desired| format!(" of {desired}")).unwrap_or_default();
        let until = points
            .props
            .get("expiryDate")
            .map(|date| format!(" until {}", date.to_text()))
            .unwrap_or_default();
        let name = points.props.get("name").and_then(Value::as_str).unwrap_or("?");
        let program = points.props.get("programId").and_then(Value::as_integer).unwrap_or(-1);
        out.push(format!("{:?} {}{wished} in {program}: {name}{until}", points.flow, points.value));
    }
    for (what, props) in [
        ("tier", &quote.tier.iter().cloned().collect()),
        ("expiry", &quote.expiry),
        ("giveaway", &quote.giveaways),
    ] {
        out.extend(props.iter().map(|props| format!("{what} {}", props.to_text())));
    }
    for note in &quote.notifications {
        out.push(format!("{}: {} - {}", note.kind, note.title, note.body));
    }
    if let Some(mismatch) = &quote.mismatch {
        out.push(format!("mismatch {:?} {:?}", mismatch.fields, mismatch.total));
    }
    out.join("\n")
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

// ---- Example answers, computed by hand ----

/// The quotes of the example answers; those without a session are for the cart of example 021:
/// 99.99 + 2 × 15.99 + 9 shipping = 140.97.
const EXAMPLES: [(&str, &[&str]); 26] = [
    (
        "020",
        &["total 140.97 discount 0 payable 140.97", "line 99.99 99.99 = 99.99", "line 15.99 31.98 = 31.98"],
    ),
    (
        "021",
        &["total 140.97 discount 0 payable 140.97", "line 99.99 99.99 = 99.99", "line 15.99 31.98 = 31.98"],
    ),
    (
        "022",
        &[
            "total 99.99 discount 19.998 payable 79.992",
            "Session: 20% off 19.998",
            "line 99.99 99.99 = 99.99",
            "coupon XMAS-20-2021: accepted",
        ],
    ),
    (
        "023",
        &[
            "total 140.97 discount 0 payable 140.97",
            "line 99.99 99.99 = 99.99",
            "line 15.99 31.98 = 31.98",
            "coupon Cool-Summer!: CouponNotFound",
        ],
    ),
    (
        "024",
        &[
            "total 140.97 discount 0 payable 140.97",
            "line 99.99 99.99 = 99.99",
            "line 15.99 31.98 = 31.98",
            "coupon XMAS-20-2021: CouponPartOfNotTriggeredCampaign CampaignGaveLowerDiscount another campaign gave more",
        ],
    ),
    (
        "025",
        &[
            "total 100 discount 15 payable 85",
            "Line: 5forALL 15",
            "line 60 60 5forALL 5 = 55",
            "line 20 40 5forALL 10 = 30",
        ],
    ),
    (
        // 449.50 + 25 − 12.50 − 10 = 452, + 39.95, shipping 9 − 9.
        "026",
        &[
            "total 523.45 discount 31.5 payable 491.95",
            "Cost: Free shipping 9 of 9",
            "Line: Assembly half off 12.5 of 12.5",
            "Line: Bundle 10",
            "line 449.5 449.5 Assembly half off 12.5 Bundle 10 = 452",
            "line 39.95 39.95 = 39.95",
        ],
    ),
    (
        "027",
        &[
            "total 140.97 discount 0 payable 140.97",
            "line 99.99 99.99 = 99.99",
            "line 15.99 31.98 = 31.98",
            "free 1 of 1 SKU1241028 Free gift",
            "Offer: Almost there - Spend 10 more for free shipping.",
        ],
    ),
    (
        "028",
        &[
            "total 140.97 discount 0 payable 140.97",
            "line 99.99 99.99 = 99.99",
            "line 15.99 31.98 = 31.98",
            "Earned 100 of 100 in 5: Points for purchase until \"2025-01-01T00:00:00Z\"",
            "Spent 50 in 5: Paid with points",
            "tier {\"ruleTitle\":\"Tier upgrade\",\"programId\":5,\"subLedgerId\":\"\",\"previousTierName\":\"Silver\",\"newTierName\":\"Gold\",\"expiryDate\":\"2025-12-31T23:59:59Z\"}",
        ],
    ),
    (
        "029",
        &[
            "total 140.97 discount 0 payable 140.97",
            "line 99.99 99.99 = 99.99",
            "line 15.99 31.98 = 31.98",
            "referral NT2K54D9: accepted",
        ],
    ),
    (
        "030",
        &[
            "total 140.97 discount 0 payable 140.97",
            "line 99.99 99.99 = 99.99",
            "line 15.99 31.98 = 31.98",
            "referral NT2K54D9: ReferralRecipientIdSameAsAdvocate self referral",
        ],
    ),
    (
        "031",
        &[
            "total 140.97 discount 0 payable 140.97",
            "line 99.99 99.99 = 99.99",
            "line 15.99 31.98 = 31.98",
            "giveaway {\"poolId\":2,\"poolName\":\"My pool\",\"recipientIntegrationId\":\"URNGV8294NV\",\"giveawayId\":5,\"code\":\"57638t-67439hty\"}",
        ],
    ),
    // 99.99 + 9 − 20.
    (
        "032",
        &[
            "total 108.99 discount 20 payable 88.99",
            "Session: 20% off 20",
            "line 99.99 99.99 = 99.99",
            "coupon XMAS-20-2021: accepted",
        ],
    ),
    (
        "033",
        &[
            "total 100 discount 0 payable 100",
            "line 60 60 = 60",
            "line 20 40 = 40",
            "coupon XMAS-20-2021: rolled back",
            "referral NT2K54D9: rolled back",
            "void Session: 20% off 20",
            "void Line: 5forALL 5",
            "TakenBack 100 in 5: ?",
            "GivenBack 50 in 5: ? until \"2025-01-01T00:00:00Z\"",
        ],
    ),
    (
        "034",
        &["total 140.97 discount 0 payable 140.97", "line 99.99 99.99 = 99.99", "line 15.99 31.98 = 31.98"],
    ),
    (
        "035",
        &["total 140.97 discount 0 payable 140.97", "line 99.99 99.99 = 99.99", "line 15.99 31.98 = 31.98"],
    ),
    (
        "036",
        &["total 140.97 discount 0 payable 140.97", "line 99.99 99.99 = 99.99", "line 15.99 31.98 = 31.98"],
    ),
    (
        "037",
        &[
            "total 140.97 discount 0 payable 140.97",
            "line 99.99 99.99 = 99.99",
            "line 15.99 31.98 = 31.98",
            "referral REF-ABC123: accepted",
            "expiry {\"programId\":5,\"subLedgerId\":\"main\",\"extensionDuration\":\"12h\",\"affectedTransactions\":[{\"transactionUUID\":\"8c2d3670-6ea5-4e9e-b5c6-e7e7b4a10111\",\"previousExpiryDate\":\"2024-07-24T14:15:22Z\",\"newExpiryDate\":\"2024-07-25T02:15:22Z\"}]}",
            "expiry {\"programId\":5,\"subLedgerId\":\"main\",\"newExpiryDate\":\"2024-07-24T14:15:22Z\",\"affectedTransactions\":[]}",
        ],
    ),
    (
        "038",
        &["total 140.97 discount 0 payable 140.97", "line 99.99 99.99 = 99.99", "line 15.99 31.98 = 31.98"],
    ),
    ("039", &["total 90 discount 9 payable 81", "Line: Member 9", "line 90 90 Member 9 = 81"]),
    (
        "050",
        &[
            "total 108.99 discount 0 payable 108.99",
            "line 99.99 99.99 = 99.99",
            "coupon XMAS-20-2021: accepted",
        ],
    ),
    ("051", &["total 100 discount 0 payable 100", "line 60 60 = 60", "line 20 40 = 40"]),
    (
        "052",
        &[
            "total 140.97 discount 0 payable 140.97",
            "line 99.99 99.99 = 99.99",
            "line 15.99 31.98 = 31.98",
            "coupon XMAS-20-2021: rolled back",
            "void Session: 20% off 20",
        ],
    ),
    (
        "056",
        &["total 100 discount 0 payable 100", "line 60 60 = 60", "line 20 40 = 40", "void Line: 5forALL 5"],
    ),
    (
        "061",
        &["total 140.97 discount 0 payable 140.97", "line 99.99 99.99 = 99.99", "line 15.99 31.98 = 31.98"],
    ),
    (
        "063",
        &[
            "total 140.97 discount 0 payable 140.97",
            "line 99.99 99.99 = 99.99",
            "line 15.99 31.98 = 31.98",
            "Info: Hello - Welcome back",
        ],
    ),
];

#[test]
fn example_answers_give_the_quotes_computed_by_hand() {
    let usual = example("021")["customerSession"].clone();
    for (number, expected) in EXAMPLES {
        let answer = example(number);
        let session = answer.get("customerSession").unwrap_or(&usual);
        let quote = Quote::new(&restored(session), &value(&answer));
        assert_eq!(shown(&quote), expected.join("\n"), "example {number}");
        let raw: Vec<Json> =
            quote.effects.iter().map(|raw| serde_json::from_str(&raw.to_text()).unwrap()).collect();
        assert_eq!(Json::Array(raw), answer["effects"], "every effect is kept, raw and in order");
        assert_eq!(quote.fingerprint.len(), 32);
    }
}

#[test]
fn every_example_answer_with_effects_has_its_expected_quote() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/api");
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".json") && example(&name).get("effects").is_some() {
            found.insert(name.split('-').next().unwrap().to_string());
        }
    }
    let expected: BTreeSet<String> = EXAMPLES.iter().map(|(number, _)| number.to_string()).collect();
    assert_eq!(found, expected);
}

#[test]
fn lines_of_a_quote_carry_the_ids_of_the_draft() {
    let answer = example("051");
    let ours = restored(&answer["customerSession"]);
    let quote = Quote::new(&ours, &value(&answer));
    let ids: Vec<LineId> = ours.lines().iter().map(|line| line.id).collect();
    assert_eq!(quote.lines.iter().map(|line| line.id).collect::<Vec<_>>(), ids);
    let returned: Vec<u64> = answer["customerSession"]["cartItems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["returnedQuantity"].as_u64().unwrap_or(0))
        .collect();
    assert_eq!(quote.lines.iter().map(|line| line.returned).collect::<Vec<_>>(), returned);
    assert!(returned.iter().any(|units| *units > 0));
}

// ---- The table of effect types ----

/// The documented effect types, each with its documented props.
fn documented() -> Vec<(String, Json)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models/models.tsv");
    let mut types: Vec<(String, Json)> = Vec::new();
    for row in std::fs::read_to_string(file).unwrap().lines() {
        let cells: Vec<&str> = row.split('\t').collect();
        let Some(kind) = cells[0].strip_prefix("effect ") else { continue };
        if types.last().is_none_or(|(last, _)| last != kind) {
            types.push((kind.to_string(), json!({})));
        }
        let value = match (cells[1], cells[2]) {
            (name, "number" | "integer") if name.to_lowercase().contains("position") => json!(0),
            (_, "number" | "integer") => json!(1),
            (_, "boolean") => json!(true),
            (_, "object") => json!({}),
            (_, list) if list.ends_with("[]") => json!([]),
            (_, "string" | "any" | "string (date-time)") => json!("T"),
            other => panic!("no sample of {other:?}"),
        };
        types.last_mut().unwrap().1[cells[1]] = value;
    }
    types
}

#[test]
fn every_effect_type_shows_in_the_quote_or_is_raw() {
    let without = shown(&mug_quote(&json!([])));
    for (kind, props) in documented() {
        let effects = json!([effect(&kind, props)]);
        let quote = mug_quote(&effects);
        assert!(quote.complete, "{kind}");
        assert_eq!(quote.effects[0].to_text(), effects[0].to_string(), "{kind}");
        assert_eq!(shown(&quote) == without, role(&kind) == Role::Raw, "{kind}");
    }
}

// ---- Money ----

fn mug_and_two_cups() -> Json {
    json!({"cartItems": [{"sku": "MUG", "price": "10.00"}, {"sku": "CUP", "quantity": 2, "price": 7.5,
        "additionalCosts": {"wrap": {"price": 2}, "gift": {"price": 1}}}],
        "additionalCosts": {"shipping": {"price": "4.90"}, "tip": {"price": 1}}})
}

/// 10 + 15 + 3 + 5.90.
const GROSS: &str = "33.9";

fn mug_quote(effects: &Json) -> Quote {
    quoted(&mug_and_two_cups(), effects)
}

#[test]
fn without_effects_all_is_to_pay() {
    for answer in
        [json!({"effects": []}), json!({"effects": null}), json!({}), json!(null), json!([]), json!("x")]
    {
        let quote = Quote::new(&draft(&mug_and_two_cups()), &value(&answer));
        assert_eq!(
            shown(&quote),
            format!("total {GROSS} discount 0 payable {GROSS}\nline 10 10 = 10\nline 7.5 15 = 18"),
            "{answer}"
        );
    }
}

#[test]
fn a_discount_larger_than_its_base_is_listed_as_sent_and_capped_in_payable() {
    let cost = |name: &str, value: i64| {
        effect("setDiscountPerAdditionalCost", json!({"name": "C", "additionalCost": name, "value": value}))
    };
    let unit_cost = |name: &str, value: i64| {
        effect(
            "setDiscountPerAdditionalCostPerItem",
            json!({"name": "W#1", "additionalCost": name, "value": value, "position": 1, "subPosition": 0}),
        )
    };
    let scoped =
        |scope: &str, value: i64| effect("setDiscount", json!({"name": "S", "scope": scope, "value": value}));
    let unit = |scope: &str, value: i64| {
        let props = json!({"name": "U#1", "scope": scope, "value": value, "position": 1, "subPosition": 0});
        effect("setDiscountPerItem", props)
    };
    // What is left of 10 | 15 + 2 + 1 | 4.90 + 1 when all of one base is taken.
    for (effect, payable) in [
        (off_unit("U", 0, 0, 1000), "23.9"),
        (unit("price", 1000), "18.9"),
        (unit("additionalCosts", 1000), "30.9"),
        (unit("itemTotal", 1000), "15.9"),
        (unit("brandNew", 1000), "15.9"),
        (unit_cost("wrap", 1000), "31.9"),
        (unit_cost("unknown", 1000), "33.9"),
        (cost("shipping", 1000), "29"),
        (cost("unknown", 1000), "33.9"),
        (scoped("cartItems", 1000), "5.9"),
        (scoped("additionalCosts", 1000), "28"),
        (scoped("sessionTotal", 1000), "0"),
        (scoped("brandNew", 1000), "0"),
        (off("S", 1000), "0"),
    ] {
        let quote = mug_quote(&json!([effect]));
        assert_eq!(quote.payable, amount(payable), "{effect}");
        assert_eq!(quote.discount, amount("1000"), "{effect}");
        assert_eq!(quote.discounts[0].amount, amount("1000"), "{effect}");
        assert_eq!(quote.total, amount(GROSS));
        assert!(quote.complete);
    }
}

#[test]
fn payable_is_never_below_zero() {
    let everything = json!([
        off_unit("a", 0, 0, 10),
        off_unit("a", 1, 0, 15),
        off("b", "4.9".parse::<f64>().unwrap()),
        off("c", 1000),
    ]);
    assert_eq!(mug_quote(&everything).payable, Amount::ZERO);
    let refund = json!({"cartItems": [{"sku": "REFUND", "price": -5}]});
    let quote = quoted(&refund, &json!([]));
    assert_eq!((quote.total, quote.payable), (amount("-5"), Amount::ZERO));
}

#[test]
fn cents_and_parts_of_cents_are_exact() {
    let session = json!({"cartItems": [{"sku": "A", "price": 0.1, "quantity": 3}, {"sku": "B", "price": 19.99},
        {"sku": "C", "price": 33.33, "quantity": 3}]});
    let quote = quoted(&session, &json!([off("20%", 24.056), off("tiny", 0.0001)]));
    assert_eq!(
        (quote.total, quote.discount, quote.payable),
        (amount("120.28"), amount("24.0561"), amount("96.2239"))
    );
}

#[test]
fn a_later_discount_of_the_same_name_on_the_same_target_replaces() {
    let quote = mug_quote(&json!([off("A", 1), off("B", 2), off("A", 3)]));
    assert_eq!((quote.discount, quote.payable), (amount("5"), amount("28.9")));
    let names: Vec<&str> = quote.discounts.iter().map(|discount| discount.name.as_str()).collect();
    assert_eq!(names, ["A", "B"], "it keeps its place");
    let quote = mug_quote(&json!([off_unit("A", 1, 0, 5), off_unit("A", 1, 0, 2)]));
    assert_eq!((quote.discount, quote.payable), (amount("2"), amount("31.9")));
}

#[test]
fn discounts_on_different_things_add_up() {
    let quote = mug_quote(&json!([
        off_unit("A", 1, 0, 5),
        off_unit("A", 1, 1, 2),
        off_unit("A", 0, 0, 1),
        off_unit("B", 1, 0, 0.5),
        effect(
            "setDiscountPerAdditionalCost",
            json!({"name": "A", "additionalCost": "shipping", "value": 0.9})
        ),
        effect("setDiscountPerAdditionalCost", json!({"name": "A", "additionalCost": "tip", "value": 1})),
        off("A", 2),
    ]));
    assert_eq!(
        shown(&quote),
        "total 33.9 discount 12.4 payable 21.5\nLine: A 8\nLine: B 0.5\nCost: A 1.9\nSession: A 2\n\
         line 10 10 A 1 = 9\nline 7.5 15 A 7 B 0.5 = 10.5"
    );
}

#[test]
fn bundles_tell_their_discounts_apart() {
    let bundle = |index: i64, value: i64| {
        let props = json!({"name": "Bundle#1", "position": 1, "subPosition": 0, "bundleIndex": index, "value": value});
        effect("setDiscountPerItem", props)
    };
    assert_eq!(mug_quote(&json!([bundle(0, 2), bundle(1, 3)])).discount, amount("5"));
    assert_eq!(mug_quote(&json!([bundle(0, 2), bundle(0, 3)])).discount, amount("3"));
}

#[test]
fn the_label_of_a_line_discount_is_its_name_without_the_position() {
    let label = |kind: &str, name: &str| {
        let quote = mug_quote(&json!([effect(kind, json!({"name": name, "value": 1, "position": 0}))]));
        quote.discounts[0].name.clone()
    };
    assert_eq!(label("setDiscountPerItem", "5 off#0"), "5 off");
    assert_eq!(label("setDiscountPerItem", "#1 fan#10"), "#1 fan");
    assert_eq!(label("setDiscountPerItem", "no position"), "no position");
    assert_eq!(label("setDiscountPerItem", "we are #first"), "we are #first");
    assert_eq!(label("setDiscount", "deal #1"), "deal #1", "only line discounts carry a position");
}

// ---- Answers that are not as they should be ----

#[test]
fn unknown_effects_are_kept_in_place_and_stop_nothing() {
    let odd = [
        json!(null),
        json!(7),
        json!("setDiscount"),
        json!([]),
        json!({}),
        json!({"effectType": "brandNew", "props": {"a": [1, {"b": null}]}}),
        json!({"effectType": 5, "props": {"value": 1}}),
        json!({"effectType": null, "props": null}),
        json!({"effectType": "customEffect"}),
        json!({"effectType": "acceptCoupon"}),
        json!({"effectType": "showNotification", "props": null}),
        json!({"props": {"value": 1, "name": "x"}}),
    ];
    for odd in odd {
        let effects = json!([off("A", 1), odd, off("B", 2)]);
        let quote = mug_quote(&effects);
        assert_eq!(shown(&quote), shown(&mug_quote(&json!([off("A", 1), off("B", 2)]))), "{odd}");
        assert_eq!(quote.effects[1].to_text(), odd.to_string());
        assert_eq!(quote.effects.len(), 3);
    }
}

/// A quote of these effects and a good one; the good one counts, and the quote is not complete.
fn incomplete(odd: Json) {
    let quote = mug_quote(&json!([odd, off("good", 3)]));
    assert!(!quote.complete, "{odd}");
    assert_eq!((quote.total, quote.payable), (amount(GROSS), amount("30.9")), "{odd}");
    assert_eq!(quote.lines.len(), 2, "{odd}");
    assert!(quote.discounts.iter().any(|discount| discount.name == "good"), "{odd}");
    assert_eq!(quote.effects.len(), 2);
}

#[test]
fn a_value_that_cannot_be_read_makes_the_quote_incomplete() {
    for value in [json!(null), json!("5"), json!([]), json!({}), json!(true), json!(1e300)] {
        incomplete(off("odd", value.clone()));
        incomplete(off_unit("odd", 0, 0, value));
    }
    incomplete(effect("setDiscount", json!({"name": "odd"})));
    for props in [json!(null), json!(5), json!("x"), json!([1])] {
        incomplete(effect("setDiscount", props.clone()));
        incomplete(effect("setDiscountPerItem", props));
    }
    incomplete(json!({"effectType": "setDiscount"}));
    incomplete(json!({"effectType": "setDiscountPerAdditionalCost"}));
}

#[test]
fn a_position_out_of_range_makes_the_quote_incomplete_and_leaves_the_rest() {
    for position in [json!(2), json!(-1), json!(1e18), json!(1e300), json!(0.5), json!("0"), json!(null)] {
        for kind in ["setDiscountPerItem", "setDiscountPerAdditionalCostPerItem"] {
            incomplete(effect(
                kind,
                json!({"name": "odd#2", "value": 5, "position": position, "additionalCost": "wrap"}),
            ));
        }
    }
    let whole =
        effect("setDiscountPerItem", json!({"name": "A#1", "value": 5, "position": 1.0, "subPosition": 1.0}));
    let quote = mug_quote(&json!([whole]));
    assert!(quote.complete, "a position is a number: 1.0 is one");
    assert_eq!(quote.payable, amount("28.9"));
}

#[test]
fn sums_beyond_the_range_make_the_quote_incomplete_and_keep_the_total() {
    let huge = json!(1_500_000_000_000_000_000_u64);
    let quote =
        mug_quote(&json!([off("a", huge.clone()), off("b", huge.clone()), off_unit("c", 0, 0, huge)]));
    assert!(!quote.complete);
    assert_eq!(quote.total, amount(GROSS));
    assert!(quote.payable <= quote.total);
    let back = effect("rollbackDiscount", json!({"name": "a", "value": 15e17}));
    assert!(!mug_quote(&json!([back, back])).complete, "what is taken back is summed too");
}

// ---- What the server says beside the effects ----

fn quoted_with(session: &Json, effects: Json, echo: Json) -> Quote {
    Quote::new(&draft(session), &value(&json!({"effects": effects, "customerSession": echo})))
}

#[test]
fn a_missing_price_is_taken_from_the_echo() {
    let session = json!({"cartItems": [{"sku": "A", "quantity": 2}, {"sku": "B", "price": 3}]});
    let echo = json!({"total": 23, "cartItems": [
        {"sku": "A", "quantity": 2, "price": 10}, {"sku": "B", "quantity": 1, "price": 3}]});
    let quote = quoted_with(&session, json!([off_unit("A", 0, 0, 1)]), echo);
    assert_eq!(
        shown(&quote),
        "total 23 discount 1 payable 22\nLine: A 1\nline 10 20 A 1 = 19\nline 3 3 = 3",
        "our total is not complete, so the server's is no mismatch"
    );
}

#[test]
fn the_echo_of_another_line_gives_no_price() {
    let session = json!({"cartItems": [{"sku": "A"}]});
    let quote = quoted_with(
        &session,
        json!([]),
        json!({"total": 9, "cartItems": [{"sku": "B", "quantity": 1, "price": 9}]}),
    );
    assert_eq!(
        shown(&quote),
        "total 9 discount 0 payable 9\nincomplete\nline ? ? = ?\nmismatch [\"cartItems\"] None"
    );
}

#[test]
fn the_total_of_the_server_is_shown_and_both_are_named() {
    let same = |total: Json| quoted_with(&mug_and_two_cups(), json!([off("A", 5)]), json!({"total": total}));
    assert_eq!(same(json!(33.90)).mismatch.unwrap().total, None);
    for (total, payable) in [("40", "35"), ("30.5", "25.5"), ("4", "0")] {
        let quote = same(serde_json::from_str(total).unwrap());
        assert_eq!(quote.total, amount(total));
        assert_eq!(quote.payable, amount(payable), "what the server counts more or less is paid so");
        assert_eq!(quote.mismatch.unwrap().total, Some((amount(GROSS), amount(total))));
    }
}

#[test]
fn a_discount_on_the_session_takes_from_the_total_of_the_server() {
    let unpriced = json!({"cartItems": [{"sku": "A"}]});
    let echo = json!({"total": 100, "cartItems": [{"sku": "A", "quantity": 1}]});
    let quote = quoted_with(&unpriced, json!([off("A", 20)]), echo);
    assert!(!quote.complete);
    assert_eq!((quote.total, quote.payable), (amount("100"), amount("80")));
    let quote = quoted_with(&mug_and_two_cups(), json!([off("A", 38)]), json!({"total": 40}));
    assert_eq!(quote.payable, amount("2"));
}

/// A session with every field that the client owns.
fn full() -> Json {
    json!({"profileId": "P", "storeIntegrationId": "S", "couponCodes": ["A", "B"], "referralCode": "R",
        "loyaltyCards": ["L"], "identifiers": ["I"], "additionalCosts": {"shipping": {"price": 4.9}},
        "attributes": {"City": "Berlin", "List": [1, {"n": 1.50}], "Gone": null},
        "experimentVariantAllocations": [{"experimentID": 1, "variantID": 2}],
        "cartItems": [{"sku": "A", "quantity": 2, "price": 1.5}, {"sku": "B", "quantity": 1}]})
}

fn differing(echo: &Json) -> Vec<String> {
    let quote = Quote::new(&draft(&full()), &value(&json!({"customerSession": echo})));
    quote.mismatch.map(|mismatch| mismatch.fields).unwrap_or_default()
}

#[test]
fn each_field_that_the_server_holds_otherwise_is_named() {
    assert_eq!(differing(&full()), Vec::<String>::new());
    let cases = [
        ("profileId", vec![json!("Q"), json!(""), json!(null)]),
        ("storeIntegrationId", vec![json!("T"), json!(null)]),
        ("couponCodes", vec![json!(["A"]), json!(["B", "A"]), json!([]), json!(null), json!(["A", "b"])]),
        ("referralCode", vec![json!("r"), json!("")]),
        ("loyaltyCards", vec![json!(["M"]), json!([])]),
        ("identifiers", vec![json!(["I", "J"]), json!([])]),
        ("experimentVariantAllocations", vec![json!([]), json!([{"experimentID": 1, "variantID": 3}])]),
        (
            "additionalCosts",
            vec![
                json!({}),
                json!(null),
                json!({"shipping": {"price": 5}}),
                json!({"tip": {"price": 4.9}}),
                json!({"shipping": {"price": 4.9}, "tip": {"price": 1}}),
            ],
        ),
        (
            "attributes",
            vec![
                json!({}),
                json!(null),
                json!({"City": "Bonn", "List": [1, {"n": 1.5}]}),
                json!({"City": "Berlin", "List": [1, {"n": 1.6}]}),
                json!({"City": "Berlin", "List": [1, {"n": 1.5}], "Gone": 1}),
            ],
        ),
        (
            "cartItems",
            vec![
                json!([]),
                json!(null),
                json!([{"sku": "A", "quantity": 2, "price": 1.5}]),
                json!([{"sku": "A", "quantity": 1, "price": 1.5}, {"sku": "B", "quantity": 1}]),
                json!([{"sku": "A", "quantity": 2, "price": 1.6}, {"sku": "B", "quantity": 1}]),
                json!([{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}]),
                json!([{"sku": "B", "quantity": 1}, {"sku": "A", "quantity": 2, "price": 1.5}]),
            ],
        ),
    ];
    for (field, held) in cases {
        for held in held {
            let mut echo = full();
            echo[field] = held.clone();
            assert_eq!(differing(&echo), [field], "{held}");
        }
        let mut echo = full();
        echo.as_object_mut().unwrap().remove(field);
        assert_eq!(differing(&echo), [field], "missing");
    }
}

#[test]
fn what_the_server_adds_or_spells_another_way_is_no_difference() {
    let mut echo = full();
    echo["id"] = json!(6);
    echo["attributes"] = json!({"List": [1.0, {"n": 1.5}], "City": "Berlin", "Segment": "new"});
    echo["cartItems"] = json!([
        {"sku": "A", "quantity": 2.0, "price": 1.50, "position": 0, "remainingQuantity": 2, "attributes": {"x": 1}},
        {"sku": "B", "quantity": 1, "price": 9, "catalogItemID": 7}]);
    assert_eq!(differing(&echo), Vec::<String>::new());
}

#[test]
fn missing_null_and_empty_are_alike() {
    let text = ["profileId", "referralCode"];
    let list = ["couponCodes", "loyaltyCards", "identifiers", "cartItems", "experimentVariantAllocations"];
    let map = ["additionalCosts", "attributes"];
    let mut empty = serde_json::Map::new();
    for (names, value) in [(&text[..], json!("")), (&list[..], json!([])), (&map[..], json!({}))] {
        empty.extend(names.iter().map(|name| (name.to_string(), value.clone())));
    }
    let nulls: Json = empty.keys().map(|name| (name.clone(), Json::Null)).collect();
    let empty = Json::Object(empty);
    let ours = draft(&empty);
    for echo in [json!({}), nulls, empty] {
        let quote = Quote::new(&ours, &value(&json!({"customerSession": echo})));
        assert_eq!(quote.mismatch, None, "{echo}");
    }
    for odd in [json!(0), json!(false)] {
        let quote = Quote::new(&ours, &value(&json!({"customerSession": {"referralCode": odd}})));
        assert_eq!(quote.mismatch.unwrap().fields, ["referralCode"], "{odd} is no text at all");
    }
}

#[test]
fn fields_that_were_not_sent_are_not_compared() {
    let quote = quoted_with(&json!({"profileId": "P"}), json!([]), full());
    assert_eq!(quote.mismatch, None);
}

// ---- Codes ----

#[test]
fn an_accepted_code_counts_more_than_a_refusal_by_another_campaign() {
    let accept = effect("acceptCoupon", json!({"value": "A"}));
    let reject = |reason: &str| effect("rejectCoupon", json!({"value": "A", "rejectionReason": reason}));
    let reason = |effects: Json| {
        let quote = mug_quote(&effects);
        let verdict = quote.coupon("A").expect("the answer names the code").clone();
        match verdict.outcome {
            Outcome::Rejected(why) => Some(why.reason),
            _ => None,
        }
    };
    assert_eq!(reason(json!([accept, reject("CouponExpired")])), None);
    assert_eq!(reason(json!([reject("CouponExpired"), accept])), None);
    assert_eq!(
        reason(json!([reject("CouponExpired"), reject("CouponLimitReached")])).as_deref(),
        Some("CouponLimitReached"),
        "the last word counts"
    );
}

#[test]
fn codes_are_found_as_typed_and_else_without_case() {
    let quote = mug_quote(&json!([
        effect("rejectCoupon", json!({"value": "ABC", "rejectionReason": "CouponNotFound"})),
        effect("acceptCoupon", json!({"value": "abc"})),
        effect("acceptReferral", json!({"value": "Friend"})),
    ]));
    let accepted = |code: &str| quote.coupon(code).unwrap().outcome == Outcome::Accepted;
    assert!(!accepted("ABC") && accepted("abc"));
    assert!(accepted("aBc"), "accepted counts more");
    assert!(quote.coupon("other").is_none(), "a code that is not named is neither");
    assert!(quote.referral("FRIEND").is_some_and(|verdict| verdict.outcome == Outcome::Accepted));
    assert!(quote.coupon("Friend").is_none() && quote.referral("ABC").is_none());
}

#[test]
fn a_refusal_carries_its_exclusion_and_its_details() {
    let refusal = |props: Json| {
        shown(&mug_quote(&json!([effect("rejectReferral", props)])))
            .split_once("referral ")
            .unwrap()
            .1
            .to_string()
    };
    let all = json!({"value": "R", "rejectionReason": "X", "campaignExclusionReason": "E", "details": "D"});
    assert_eq!(refusal(all), "R: X E D");
    assert_eq!(refusal(json!({"value": "R", "rejectionReason": "X", "details": "D"})), "R: X D");
    let bare =
        json!({"value": "R", "rejectionReason": "NewReason", "details": "", "campaignExclusionReason": null});
    assert_eq!(refusal(bare), "R: NewReason");
    assert_eq!(refusal(json!({"value": "R"})), "R: ");
}

/// What becomes of the coupon `A` by these effects.
fn fate(effects: &[Json]) -> String {
    let quote = mug_quote(&json!(effects));
    match quote.coupon("A").map(|verdict| &verdict.outcome) {
        None => "entered".to_string(),
        Some(Outcome::Rejected(why)) => why.reason.clone(),
        Some(outcome) => format!("{outcome:?}"),
    }
}

#[test]
fn a_code_is_entered_then_accepted_or_rejected_then_rolled_back() {
    let accept = effect("acceptCoupon", json!({"value": "A"}));
    let reject = effect("rejectCoupon", json!({"value": "A", "rejectionReason": "No"}));
    let back = effect("rollbackCoupon", json!({"value": "A"}));
    let (a, r, b) = (&accept, &reject, &back);
    for (effects, expected) in [
        (vec![], "entered"),
        (vec![a], "Accepted"),
        (vec![r], "No"),
        (vec![b], "RolledBack"),
        (vec![a, b], "RolledBack"),
        (vec![r, b], "RolledBack"),
        (vec![b, a], "Accepted"),
        (vec![b, r], "No"),
        (vec![a, b, r], "No"),
        (vec![a, b, a], "Accepted"),
    ] {
        let effects: Vec<Json> = effects.into_iter().cloned().collect();
        assert_eq!(fate(&effects), expected, "{effects:?}");
    }
    let others =
        ["acceptCoupon", "rejectCoupon", "rollbackCoupon"].map(|kind| effect(kind, json!({"value": "B"})));
    assert_eq!(fate(&others), "entered", "what is said of another code is not said of this one");
    let referrals = ["acceptReferral", "rollbackReferral"].map(|kind| effect(kind, json!({"value": "A"})));
    assert_eq!(fate(&referrals), "entered", "a referral is no coupon");
}

#[test]
fn a_referral_is_accepted_by_its_older_effect_and_rolled_back_like_a_coupon() {
    let redeem = effect("redeemReferral", json!({"id": 12, "value": "R"}));
    let outcome = |effects: Json| mug_quote(&effects).referral("R").unwrap().outcome.clone();
    assert_eq!(outcome(json!([redeem])), Outcome::Accepted);
    assert_eq!(
        outcome(json!([redeem, effect("rollbackReferral", json!({"value": "R"}))])),
        Outcome::RolledBack
    );
}

#[test]
fn each_code_is_told_once() {
    let accept = |code: &str| effect("acceptCoupon", json!({"value": code}));
    let reject = effect("rejectCoupon", json!({"value": "A", "rejectionReason": "No"}));
    let quote = mug_quote(&json!([reject, accept("B"), accept("A"), accept("B"), accept("b")]));
    let codes: Vec<&str> = quote.coupons.iter().map(|verdict| verdict.code.as_str()).collect();
    assert_eq!(codes, ["A", "B", "b"]);
}

#[test]
fn free_items_count_one_unit_per_effect() {
    let free = |sku: &str, name: &str| effect("addFreeItem", json!({"sku": sku, "name": name}));
    let quote = mug_quote(&json!([free("A", "x"), free("B", "x"), free("A", "x"), free("A", "y")]));
    let items: Vec<(u64, &str, &str)> =
        quote.free_items.iter().map(|item| (item.quantity, item.sku.as_str(), item.name.as_str())).collect();
    assert_eq!(items, [(2, "A", "x"), (1, "B", "x"), (1, "A", "y")]);
    assert_eq!(quote.payable, amount(GROSS), "they cost nothing");
}

#[test]
fn free_items_tell_what_was_wished_and_what_is_given() {
    let free = |wish: Json| effect("addFreeItem", json!({"sku": "A", "name": "x", "desiredQuantity": wish}));
    let quote = mug_quote(&json!([
        free(json!(3)),
        free(json!(3)),
        free(json!(null)),
        free(json!("9")),
        free(json!(-1))
    ]));
    assert_eq!((quote.free_items[0].quantity, quote.free_items[0].desired), (5, Some(3)));
    let without = mug_quote(&json!([free(json!(null))]));
    assert_eq!(without.free_items[0].desired, None);
}

#[test]
fn partial_discounts_tell_what_was_wished() {
    let wished = |name: &str, value: Json, desired: Json| {
        effect("setDiscount", json!({"name": name, "value": value, "desiredValue": desired}))
    };
    let unit = |unit: i64, value: i64, desired: Json| {
        let props = json!({"name": "U#1", "position": 1, "subPosition": unit, "value": value, "desiredValue": desired,
            "totalDiscount": 6, "desiredTotalDiscount": 9});
        effect("setDiscountPerItem", props)
    };
    let quote = mug_quote(&json!([
        wished("A", json!(4), json!(6.5)),
        wished("B", json!(1), json!(null)),
        wished("C", json!(1), json!("2")),
        unit(0, 2, json!(5)),
        unit(1, 3, json!(null)),
    ]));
    assert_eq!(
        shown(&quote),
        "total 33.9 discount 11 payable 22.9\nSession: A 4 of 6.5\nSession: B 1\nSession: C 1\nLine: U 5 of 8\n\
         line 10 10 = 10\nline 7.5 15 U 5 = 13"
    );
    assert_eq!(quote.lines[1].discounts[0].desired, Some(amount("8")));
}

// ---- Roll-backs ----

fn void(props: Json) -> Json {
    effect("rollbackDiscount", props)
}

fn void_unit(name: &str, position: i64, unit: i64, value: i64) -> Json {
    let name = format!("{name}#{position}");
    void(
        json!({"name": name, "value": value, "cartItemPosition": position, "cartItemSubPosition": unit, "scope": "price"}),
    )
}

#[test]
fn a_roll_back_undoes_what_stands_before_it_and_is_told() {
    let cost = |kind: &str, name: &str| {
        effect(kind, json!({"name": "C", "value": 3, "additionalCost": name, "additionalCostId": 1}))
    };
    let line_cost = |kind: &str, position: &str| {
        effect(kind, json!({"name": "K#1", "value": 1, "additionalCost": "wrap", position: 1}))
    };
    for (effects, left, told) in [
        // Without a pair nothing is undone: the list has replaced the one that gave it.
        (json!([void(json!({"name": "A", "value": 5}))]), "33.9", "Session A 5"),
        (
            json!([off("A", 5), void(json!({"name": "A", "value": 5, "scope": "sessionTotal"}))]),
            "33.9",
            "Session A 5",
        ),
        (json!([off("A", 5), void(json!({"name": "A", "value": 2}))]), "30.9", "Session A 2"),
        (json!([off("A", 5), void(json!({"name": "A", "value": 9}))]), "33.9", "Session A 9"),
        (json!([off("A", 5), void(json!({"name": "B", "value": 5}))]), "28.9", "Session B 5"),
        (json!([off("A", 5), void(json!({"name": "A", "value": 5})), off("A", 3)]), "30.9", "Session A 5"),
        (json!([off("A", 5), off("A", 3), void(json!({"name": "A", "value": 3}))]), "33.9", "Session A 3"),
        (json!([void(json!({"name": "A", "value": 5})), off("A", 5)]), "28.9", "Session A 5"),
        (
            json!([off_unit("U", 1, 0, 4), off_unit("U", 1, 1, 4), void_unit("U", 1, 1, 4)]),
            "29.9",
            "Line U 4",
        ),
        (json!([off_unit("U", 1, 0, 4), void_unit("U", 0, 0, 4)]), "29.9", "Line U 4"),
        (
            json!([cost("setDiscountPerAdditionalCost", "shipping"), cost("rollbackDiscount", "shipping")]),
            "33.9",
            "Cost C 3",
        ),
        (
            json!([cost("setDiscountPerAdditionalCost", "shipping"), cost("rollbackDiscount", "tip")]),
            "30.9",
            "Cost C 3",
        ),
        (
            json!([
                line_cost("setDiscountPerAdditionalCostPerItem", "position"),
                line_cost("rollbackDiscount", "cartItemPosition")
            ]),
            "33.9",
            "Line K 1",
        ),
    ] {
        let quote = mug_quote(&effects);
        assert!(quote.complete, "{effects}");
        assert_eq!(quote.payable, amount(left), "{effects}");
        assert!(quote.discounts.iter().all(|discount| discount.amount != Amount::ZERO), "{effects}");
        let back: Vec<String> = quote
            .rolled_back
            .iter()
            .map(|back| format!("{:?} {} {}", back.scope, back.name, back.amount))
            .collect();
        assert_eq!(back, [told], "{effects}");
        assert_eq!(quote.effects.len(), effects.as_array().unwrap().len());
    }
}

#[test]
fn units_that_are_rolled_back_add_up_by_name() {
    let bundle = |index: i64, value: i64| {
        let props =
            json!({"name": "U#1", "position": 1, "subPosition": 0, "bundleIndex": index, "value": value});
        effect("setDiscountPerItem", props)
    };
    // The last one is undone first, and what is left of the roll-back goes on to the one before.
    let quote = mug_quote(&json!([bundle(0, 4), bundle(1, 3), void_unit("U", 1, 0, 5)]));
    assert_eq!((quote.payable, quote.discount), (amount("31.9"), amount("2")));
    let quote =
        mug_quote(&json!([void_unit("U", 1, 0, 5), void_unit("U", 1, 1, 5), void_unit("U", 0, 0, 1)]));
    assert_eq!(quote.rolled_back.len(), 1);
    assert_eq!(quote.rolled_back[0].amount, amount("11"));
}

#[test]
fn a_roll_back_that_cannot_be_read_makes_the_quote_incomplete() {
    for props in [
        json!({"name": "A"}),
        json!({"name": "A", "value": "5"}),
        json!({"name": "A", "value": 5, "cartItemPosition": "x"}),
        json!({"name": "A", "value": 5, "cartItemPosition": -1}),
        json!(null),
    ] {
        incomplete(void(props));
    }
}

#[test]
fn a_discount_that_was_partly_undone_has_no_wish_any_more() {
    let partial = effect("setDiscount", json!({"name": "A", "value": 4, "desiredValue": 6}));
    let quote = mug_quote(&json!([partial, void(json!({"name": "A", "value": 1}))]));
    assert_eq!((quote.discounts[0].amount, quote.discounts[0].desired), (amount("3"), None));
}

// ---- Loyalty and giveaways ----

fn points(kind: &str, more: Json) -> Json {
    let mut props =
        json!({"name": "N", "programId": 5, "subLedgerId": "", "value": 10, "transactionUUID": "t1"});
    for (name, value) in more.as_object().unwrap() {
        props[name] = value.clone();
    }
    effect(kind, props)
}

/// What the quote of these effects says of points.
fn flows(effects: &Json) -> Vec<String> {
    let name = |props: &Value| props.get("name").and_then(Value::as_str).unwrap_or("?").to_string();
    let quote = mug_quote(effects);
    assert!(quote.complete && quote.payable == amount(GROSS), "points are no money");
    let wished = |wish: Option<Amount>| wish.map(|wish| format!(" of {wish}")).unwrap_or_default();
    quote
        .points
        .iter()
        .map(|one| format!("{:?} {} {}{}", one.flow, name(&one.props), one.value, wished(one.desired)))
        .collect()
}

#[test]
fn points_of_one_name_program_and_recipient_add_up() {
    let add = |more: Json| points("addLoyaltyPoints", more);
    let units = json!([
        add(json!({"cartItemSubPosition": 0})),
        add(json!({"cartItemSubPosition": 1, "transactionUUID": "t2", "value": 2.5}))
    ]);
    assert_eq!(flows(&units), ["Earned N 12.5"]);
    let apart = [
        json!({"name": "M"}),
        json!({"programId": 6}),
        json!({"subLedgerId": "x"}),
        json!({"recipientIntegrationId": "FRIEND"}),
        json!({"cardIdentifier": "CARD"}),
    ];
    for more in apart {
        assert_eq!(flows(&json!([add(json!({})), add(more.clone())])).len(), 2, "{more}");
    }
    assert_eq!(
        flows(&json!([add(json!({})), points("deductLoyaltyPoints", json!({"transactionUUID": "t2"}))])),
        ["Earned N 10", "Spent N 10"]
    );
    let partial = json!([add(json!({"desiredValue": 15})), add(json!({"transactionUUID": "t2"}))]);
    assert_eq!(flows(&partial), ["Earned N 20 of 25"]);
}

#[test]
fn points_are_taken_back_and_given_back_by_their_transaction() {
    let add = points("addLoyaltyPoints", json!({"desiredValue": 10}));
    let spend = points("deductLoyaltyPoints", json!({}));
    let back = |kind: &str, more: Json| {
        let mut back = points(kind, more);
        back["props"].as_object_mut().unwrap().remove("name");
        back
    };
    let taken = |more: Json| back("rollbackAddedLoyaltyPoints", more);
    let given = |more: Json| back("rollbackDeductedLoyaltyPoints", more);
    for (effects, expected) in [
        (json!([taken(json!({}))]), vec!["TakenBack ? 10"]),
        (json!([add, taken(json!({}))]), vec!["TakenBack ? 10"]),
        (json!([add, taken(json!({"value": 4}))]), vec!["Earned N 6", "TakenBack ? 4"]),
        (json!([add, taken(json!({"transactionUUID": "t2"}))]), vec!["Earned N 10 of 10", "TakenBack ? 10"]),
        (json!([add, taken(json!({"programId": 6}))]), vec!["Earned N 10 of 10", "TakenBack ? 10"]),
        (json!([add, given(json!({}))]), vec!["Earned N 10 of 10", "GivenBack ? 10"]),
        (json!([spend, given(json!({}))]), vec!["GivenBack ? 10"]),
        (json!([taken(json!({})), add]), vec!["TakenBack ? 10", "Earned N 10 of 10"]),
    ] {
        assert_eq!(flows(&effects), expected, "{effects}");
    }
}

#[test]
fn points_that_cannot_be_read_stay_among_the_raw_effects() {
    for value in [json!(null), json!("10"), json!([]), json!(1e300)] {
        assert!(flows(&json!([points("addLoyaltyPoints", json!({"value": value}))])).is_empty());
    }
    let huge = json!(1_500_000_000_000_000_000_u64);
    let both = json!([
        points("addLoyaltyPoints", json!({"value": huge})),
        points("addLoyaltyPoints", json!({"value": huge, "transactionUUID": "t2"}))
    ]);
    assert_eq!(flows(&both), ["Earned N 1500000000000000000"], "what is beyond the range is left out");
}

#[test]
fn the_last_tier_and_every_expiry_count() {
    let tier = |name: &str| effect("changeLoyaltyTierLevel", json!({"programId": 5, "newTierName": name}));
    let (extend, set) = (
        json!({"programId": 5, "extensionDuration": "12h"}),
        json!({"programId": 5, "newExpiryDate": "2026-01-01T00:00:00Z"}),
    );
    let quote = mug_quote(&json!([
        tier("Silver"),
        effect("extendLoyaltyPointsExpiryDate", extend.clone()),
        tier("Gold"),
        effect("setLoyaltyPointsExpiryDate", set.clone()),
    ]));
    assert_eq!(quote.tier.unwrap().get("newTierName").and_then(Value::as_str), Some("Gold"));
    assert_eq!(quote.expiry, [value(&extend), value(&set)]);
    assert_eq!(mug_quote(&json!([])).tier, None);
}

#[test]
fn balances_are_the_answers_own() {
    let answer = example("028");
    let quote = Quote::new(&Draft::new(CartLimits::Flattened), &value(&answer));
    assert_eq!(quote.loyalty.unwrap().to_text(), answer["loyalty"].to_string());
    for odd in [json!(null), json!([]), json!("points"), json!(1)] {
        let quote = Quote::new(&Draft::new(CartLimits::Flattened), &value(&json!({"loyalty": odd})));
        assert_eq!(quote.loyalty, None);
    }
}

#[test]
fn a_giveaway_that_was_given_stands_for_the_one_to_come() {
    let will =
        |pool: i64| effect("willAwardGiveaway", json!({"poolId": pool, "recipientIntegrationId": "P"}));
    let give = |pool: i64, code: &str| {
        effect(
            "awardGiveaway",
            json!({"poolId": pool, "recipientIntegrationId": "P", "giveawayId": 1, "code": code}),
        )
    };
    let told = |effects: Json| -> Vec<String> {
        let quote = mug_quote(&effects);
        let text = |props: &Value| {
            let code = props.get("code").and_then(Value::as_str).unwrap_or("to come");
            format!("{} {code}", props.get("poolId").and_then(Value::as_integer).unwrap())
        };
        quote.giveaways.iter().map(text).collect()
    };
    assert_eq!(told(json!([will(2)])), ["2 to come"]);
    assert_eq!(told(json!([give(2, "X")])), ["2 X"]);
    assert_eq!(told(json!([will(2), give(2, "X")])), ["2 X"]);
    assert_eq!(told(json!([will(2), will(2), give(2, "X")])), ["2 to come", "2 X"]);
    assert_eq!(told(json!([will(2), will(3), give(3, "X"), give(3, "Y")])), ["2 to come", "3 X", "3 Y"]);
}

// ---- Fingerprint ----

fn offers() -> Json {
    json!([
        effect("acceptCoupon", json!({"value": "A"})),
        off("20%", 5),
        off_unit("unit", 1, 0, 1),
        effect("addFreeItem", json!({"sku": "MUG", "name": "gift"})),
        effect("acceptReferral", json!({"value": "R"})),
        effect("showNotification", json!({"notificationType": "Info", "title": "1", "body": "one"})),
        effect("showNotification", json!({"notificationType": "Offer", "title": "2", "body": "two"})),
    ])
}

#[test]
fn the_fingerprint_is_the_same_for_the_same_offer() {
    let echo = json!({"id": 6, "updateCount": 3, "updated": "2026-01-01T00:00:00Z", "total": 33.9});
    let same = quoted_with(&mug_and_two_cups(), offers(), echo.clone()).fingerprint;
    assert_eq!(quoted_with(&mug_and_two_cups(), offers(), echo.clone()).fingerprint, same);
    let mut renamed = offers();
    for effect in renamed.as_array_mut().unwrap() {
        effect["ruleName"] = json!("another rule");
        effect["campaignId"] = json!(99);
        effect["triggeredByCoupon"] = json!(7);
    }
    assert_eq!(quoted_with(&mug_and_two_cups(), renamed, echo.clone()).fingerprint, same);
    let mut turned = offers();
    turned.as_array_mut().unwrap().swap(5, 6);
    assert_eq!(quoted_with(&mug_and_two_cups(), turned, echo.clone()).fingerprint, same);
    let mut silent = offers();
    silent.as_array_mut().unwrap().truncate(5);
    assert_eq!(quoted_with(&mug_and_two_cups(), silent, echo).fingerprint, same);
    let later = json!({"id": 7, "updateCount": 4, "total": 33.90, "attributes": {"x": 1}});
    assert_eq!(quoted_with(&mug_and_two_cups(), offers(), later).fingerprint, same);
}

#[test]
fn the_fingerprint_differs_where_the_offer_does() {
    let with = |index: usize, effect: Json| {
        let mut effects = offers();
        effects[index] = effect;
        quoted(&mug_and_two_cups(), &effects).fingerprint
    };
    let line = |index: usize, member: &str, value: Json| {
        let mut session = mug_and_two_cups();
        session["cartItems"][index][member] = value;
        quoted(&session, &offers()).fingerprint
    };
    let mut more = mug_and_two_cups();
    more["additionalCosts"]["shipping"]["price"] = json!(5);
    let mut twice = offers();
    twice.as_array_mut().unwrap().push(offers()[3].clone());
    let free = |sku: &str| effect("addFreeItem", json!({"sku": sku, "name": "gift"}));
    let fingerprints = [
        quoted(&mug_and_two_cups(), &offers()).fingerprint,
        quoted(&mug_and_two_cups(), &twice).fingerprint,
        quoted(&more, &offers()).fingerprint,
        quoted_with(&mug_and_two_cups(), offers(), json!({"total": 35})).fingerprint,
        with(0, effect("acceptCoupon", json!({"value": "B"}))),
        with(0, effect("acceptReferral", json!({"value": "A"}))),
        with(0, json!(null)),
        with(1, off("20%", 5.01)),
        with(1, off("other name", 5)),
        with(2, off_unit("unit", 1, 0, 1.5)),
        with(3, free("CUP")),
        with(3, json!(null)),
        with(4, json!(null)),
        line(0, "quantity", json!(2)),
        line(0, "sku", json!("OTHER")),
        line(1, "attributes", json!({"Size": "M"})),
    ];
    let different: BTreeSet<&String> = fingerprints.iter().collect();
    assert_eq!(different.len(), fingerprints.len(), "{fingerprints:#?}");
}

#[test]
fn a_code_that_has_no_effect_is_not_in_the_fingerprint() {
    let with = |index: usize, effect: Json| {
        let mut effects = offers();
        effects[index] = effect;
        quoted(&mug_and_two_cups(), &effects).fingerprint
    };
    for (index, code, kinds) in
        [(0, "A", ["rejectCoupon", "rollbackCoupon"]), (4, "R", ["rejectReferral", "rollbackReferral"])]
    {
        for kind in kinds {
            let props = json!({"value": code, "rejectionReason": "CouponExpired"});
            assert_eq!(with(index, effect(kind, props)), with(index, json!(null)), "{kind}");
        }
    }
}

#[test]
fn the_fingerprint_knows_which_line_a_discount_lies_on() {
    let on = |line: i64| mug_quote(&json!([off_unit("A", line, 0, 1)]));
    assert_eq!((on(0).payable, on(0).discounts), (on(1).payable, on(1).discounts));
    assert_ne!(on(0).fingerprint, on(1).fingerprint);
}

#[test]
fn the_fingerprint_differs_where_only_payable_does() {
    let on = |cost: &str| {
        let props = json!({"name": "A", "additionalCost": cost, "value": 3});
        mug_quote(&json!([effect("setDiscountPerAdditionalCost", props)]))
    };
    let (shipping, tip) = (on("shipping"), on("tip"));
    assert_eq!((shipping.payable, tip.payable), (amount("30.9"), amount("32.9")));
    assert_eq!((shipping.total, shipping.discounts.clone()), (tip.total, tip.discounts.clone()));
    assert_ne!(shipping.fingerprint, tip.fingerprint);
}

#[test]
fn a_discount_and_a_free_item_of_the_same_words_are_two_things() {
    let nothing = json!({"cartItems": [{"sku": "A", "price": 0}]});
    let discount = quoted(&nothing, &json!([off("MUG", 1)]));
    let free = quoted(&nothing, &json!([effect("addFreeItem", json!({"sku": "MUG", "name": "gift"}))]));
    assert_eq!((discount.payable, free.payable), (Amount::ZERO, Amount::ZERO));
    assert_ne!(discount.fingerprint, free.fingerprint);
}

// ---- Size ----

#[test]
fn ten_thousand_discounts_on_a_thousand_lines_are_read_right() {
    let items: Json =
        (0..1000).map(|line| json!({"sku": format!("S{line}"), "quantity": 10, "price": 1})).collect();
    let mut effects: Vec<Json> = Vec::new();
    for line in 0..1000 {
        for unit in 0..10 {
            effects.push(off_unit("penny", line, unit, 0.01));
        }
    }
    let quote = quoted(&json!({"cartItems": items}), &Json::Array(effects));
    assert_eq!(
        (quote.total, quote.discount, quote.payable),
        (amount("10000"), amount("100"), amount("9900"))
    );
    assert_eq!(quote.discounts.len(), 1);
    assert!(quote.lines.iter().all(|line| line.payable == Some(amount("9.9"))));
    assert_eq!(quote.effects.len(), 10_000);
    assert!(quote.complete);
}

// ---- Properties ----

/// A discount in thousandths of the unit of money, on something of the cart.
#[derive(Debug, Clone)]
struct Off {
    name: usize,
    value: i128,
    on: On,
}

#[derive(Debug, Clone, PartialEq)]
enum On {
    Session(&'static str),
    Cost(usize),
    Unit(usize, usize, &'static str),
    UnitCost(usize, usize, usize),
}

#[derive(Debug, Clone)]
struct Item {
    price: i128,
    quantity: i128,
    costs: Vec<i128>,
}

const COSTS: [&str; 3] = ["shipping", "handling", "tip"];

/// Thousandths as a JSON number with exactly those digits.
fn number(thousandths: i128) -> Json {
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    serde_json::from_str(&text).unwrap()
}

fn cost_map(costs: &[i128]) -> Json {
    COSTS.iter().zip(costs).map(|(name, cost)| (name.to_string(), json!({"price": number(*cost)}))).collect()
}

fn cart_json(items: &[Item], costs: &[i128]) -> Json {
    let line = |(index, item): (usize, &Item)| {
        let quantity = i64::try_from(item.quantity).unwrap();
        json!({"sku": format!("S{index}"), "quantity": quantity, "price": number(item.price),
            "additionalCosts": cost_map(&item.costs)})
    };
    json!({"cartItems": items.iter().enumerate().map(line).collect::<Json>(), "additionalCosts": cost_map(costs)})
}

fn off_json(off: &Off) -> Json {
    let mut props = json!({"name": format!("N{}", off.name), "value": number(off.value)});
    let mut with = |name: &str, value: Json| props[name] = value;
    let kind = match off.on {
        On::Session(scope) => {
            if !scope.is_empty() {
                with("scope", json!(scope));
            }
            "setDiscount"
        }
        On::Cost(cost) => {
            with("additionalCost", json!(COSTS[cost]));
            "setDiscountPerAdditionalCost"
        }
        On::Unit(line, unit, scope) => {
            if !scope.is_empty() {
                with("scope", json!(scope));
            }
            with("position", json!(line));
            with("subPosition", json!(unit));
            "setDiscountPerItem"
        }
        On::UnitCost(line, unit, cost) => {
            with("additionalCost", json!(COSTS[cost]));
            with("position", json!(line));
            with("subPosition", json!(unit));
            "setDiscountPerAdditionalCostPerItem"
        }
    };
    effect(kind, props)
}

/// What is left to pay, by the rules in words: each base less what lies on it, never below zero.
fn naive(items: &[Item], costs: &[i128], offs: &[Off]) -> i128 {
    let mut kept: Vec<&Off> = Vec::new();
    for off in offs {
        kept.retain(|known| known.name != off.name || known.on != off.on);
        kept.push(off);
    }
    let taken = |wanted: &dyn Fn(&On) -> bool| -> i128 {
        kept.iter().filter(|off| wanted(&off.on)).map(|off| off.value).sum()
    };
    let mut lines_left = 0;
    for (index, item) in items.iter().enumerate() {
        let unit = |scopes: &[&str]| {
            taken(&|on| matches!(on, On::Unit(line, _, scope) if *line == index && scopes.contains(scope)))
        };
        let price_left = (item.price * item.quantity - unit(&["", "price"])).max(0);
        let mut costs_left: i128 = 0;
        for (place, cost) in item.costs.iter().enumerate() {
            let off =
                taken(&|on| matches!(on, On::UnitCost(line, _, cost) if *line == index && *cost == place));
            costs_left += (cost - off).max(0);
        }
        costs_left = (costs_left - unit(&["additionalCosts"])).max(0);
        lines_left += (price_left + costs_left - unit(&["itemTotal"])).max(0);
    }
    let mut costs_left: i128 = 0;
    for (place, cost) in costs.iter().enumerate() {
        costs_left += (cost - taken(&|on| *on == On::Cost(place))).max(0);
    }
    let session = |scopes: &[&str]| taken(&|on| matches!(on, On::Session(scope) if scopes.contains(scope)));
    lines_left = (lines_left - session(&["cartItems"])).max(0);
    costs_left = (costs_left - session(&["additionalCosts"])).max(0);
    (lines_left + costs_left - session(&["", "sessionTotal"])).max(0)
}

fn thousandths(amount: Amount) -> i128 {
    amount.shift(3).unwrap().padded(0).parse().unwrap()
}

fn item() -> impl Strategy<Value = Item> {
    (0..50_000_i128, 1..5_i128, prop::collection::vec(0..9_000_i128, 0..3))
        .prop_map(|(price, quantity, costs)| Item { price, quantity, costs })
}

fn discount(lines: usize) -> impl Strategy<Value = Off> {
    let session = prop::sample::select(vec!["", "cartItems", "additionalCosts", "sessionTotal"]);
    let unit = prop::sample::select(vec!["", "price", "additionalCosts", "itemTotal"]);
    let on = prop_oneof![
        session.prop_map(On::Session),
        (0..3_usize).prop_map(On::Cost),
        (0..lines, 0..4_usize, unit).prop_map(|(line, unit, scope)| On::Unit(line, unit, scope)),
        (0..lines, 0..4_usize, 0..3_usize).prop_map(|(line, unit, cost)| On::UnitCost(line, unit, cost)),
    ];
    (0..3_usize, 0..30_000_i128, on).prop_map(|(name, value, on)| Off { name, value, on })
}

fn scene() -> impl Strategy<Value = (Vec<Item>, Vec<i128>, Vec<Off>)> {
    prop::collection::vec(item(), 1..6).prop_flat_map(|items| {
        let lines = items.len();
        (
            Just(items),
            prop::collection::vec(0..9_000_i128, 0..3),
            prop::collection::vec(discount(lines), 0..14),
        )
    })
}

/// Something that a shopper gets or pays less: what it is, which one, and how much.
type Gift = (usize, i64, i64);

/// The effects of a gift; `noise` is what each evaluation tells otherwise.
fn gift(&(what, which, much): &Gift, noise: u64) -> Vec<Json> {
    let (uuid, date) =
        (format!("t{noise}{which}{what}"), format!("20{:02}-01-01T00:00:00Z", noise % 90 + 10));
    let name = format!("N{which}");
    let points = json!({"name": name, "programId": which, "subLedgerId": "", "value": much, "transactionUUID": uuid,
        "startDate": date, "expiryDate": date});
    let giveaway = json!({"poolId": which, "poolName": "Pool", "recipientIntegrationId": "P"});
    let given = json!({"poolId": which, "poolName": "Pool", "recipientIntegrationId": "P", "giveawayId": noise, "code": uuid});
    let mut effects = match what {
        0 => vec![off(&name, much)],
        1 => vec![off_unit(&name, which % 2, 0, much)],
        2 => vec![effect("addFreeItem", json!({"sku": name, "name": uuid})); usize::try_from(much).unwrap()],
        3 => vec![effect("addLoyaltyPoints", points)],
        4 => vec![effect("deductLoyaltyPoints", points)],
        5 => vec![effect("acceptCoupon", json!({"value": format!("{name}-{much}")}))],
        6 => vec![effect("acceptReferral", json!({"value": format!("{name}-{much}")}))],
        7 if noise.is_multiple_of(2) => {
            vec![effect("willAwardGiveaway", giveaway); usize::try_from(much).unwrap()]
        }
        7 => vec![effect("awardGiveaway", given); usize::try_from(much).unwrap()],
        8 => vec![effect(
            "extendLoyaltyPointsExpiryDate",
            json!({"programId": which, "subLedgerId": "",
            "extensionDuration": format!("{much}D"), "affectedTransactions": [uuid]}),
        )],
        // Only the last tier counts, so that there is one.
        _ => vec![effect(
            "changeLoyaltyTierLevel",
            json!({"programId": 1, "newTierName": format!("T{much}"), "expiryDate": date}),
        )],
    };
    for effect in &mut effects {
        effect["ruleName"] = json!(uuid);
        effect["campaignId"] = json!(noise);
    }
    effects
}

/// What changes nothing for the shopper.
fn idle(which: usize, noise: u64) -> Json {
    let code = format!("idle{noise}");
    match which {
        0 => effect("showNotification", json!({"notificationType": "Info", "title": code, "body": ""})),
        1 => effect("rejectCoupon", json!({"value": code, "rejectionReason": "CouponExpired"})),
        2 => effect("rollbackReferral", json!({"value": code})),
        3 => effect("rollbackDiscount", json!({"name": code, "value": 5})),
        4 => effect("couponCreated", json!({"value": code, "profileId": "P"})),
        5 => effect("triggerWebhook", json!({"webhookId": noise, "webhookName": "W"})),
        6 => effect("brandNew", json!({"value": noise})),
        _ => Json::Null,
    }
}

fn gifts() -> impl Strategy<Value = Vec<Gift>> {
    prop::collection::btree_map((0..10_usize, 0..4_i64), 1..9_i64, 1..9).prop_map(|gifts| {
        let one_tier = |(what, which): &(usize, i64)| *what < 9 || *which == 0;
        gifts
            .into_iter()
            .filter(|(key, _)| one_tier(key))
            .map(|((what, which), much)| (what, which, much))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn payable_is_what_a_naive_count_gives((items, costs, offs) in scene(), more in -20_000..20_000_i128) {
        let session = cart_json(&items, &costs);
        let effects: Json = offs.iter().map(off_json).collect();
        let quote = quoted(&session, &effects);
        let gross = items.iter().map(|item| item.price * item.quantity + item.costs.iter().sum::<i128>()).sum::<i128>()
            + costs.iter().sum::<i128>();
        let left = naive(&items, &costs, &offs);
        prop_assert_eq!(thousandths(quote.total), gross);
        prop_assert_eq!(thousandths(quote.payable), left);
        prop_assert!(quote.complete);
        prop_assert!(!quote.payable.is_negative() && quote.payable <= quote.total);
        let listed = quote.discounts.iter().map(|discount| thousandths(discount.amount)).sum::<i128>();
        prop_assert_eq!(thousandths(quote.discount), listed);
        if listed == 0 {
            prop_assert_eq!(quote.payable, quote.total);
        }

        // A server that counts another total: the difference is paid, and the bounds still hold.
        let total = (gross + more).max(0);
        let answer = json!({"effects": effects, "customerSession": {"total": number(total)}});
        let counted = Quote::new(&draft(&session), &value(&answer));
        prop_assert_eq!(thousandths(counted.total), total);
        prop_assert!(!counted.payable.is_negative() && counted.payable <= counted.total);
        prop_assert_eq!(counted.mismatch.and_then(|mismatch| mismatch.total).is_some(), total != gross);
    }

    #[test]
    fn the_fingerprint_is_of_what_the_shopper_pays_and_gets_and_of_nothing_else(
        gifts in gifts(),
        noises in prop::array::uniform2(0..1000_u64),
        idles in prop::collection::vec((0..8_usize, 0..1000_u64), 0..4),
        order in any::<u64>(),
        chosen in any::<prop::sample::Index>(),
    ) {
        let effects = |gifts: &[Gift], noise: u64| -> Vec<Json> {
            gifts.iter().flat_map(|one| gift(one, noise)).collect()
        };
        let base = mug_quote(&Json::Array(effects(&gifts, noises[0])));
        let mut same = effects(&gifts, noises[1]);
        same.extend(idles.iter().map(|(which, noise)| idle(*which, *noise)));
        // Any order: each effect goes to a place that its text and the seed give.
        same.sort_by_key(|effect| {
            effect.to_string().bytes().fold(order, |sum, byte| sum.rotate_left(5).wrapping_mul(31) ^ u64::from(byte))
        });
        let again = mug_quote(&Json::Array(same));
        prop_assert!(base.complete && again.complete);
        prop_assert_eq!(&base.fingerprint, &again.fingerprint);

        if !gifts.is_empty() {
            let index = chosen.index(gifts.len());
            let mut more = gifts.clone();
            more[index].2 += 1;
            prop_assert_ne!(&base.fingerprint, &mug_quote(&Json::Array(effects(&more, noises[0]))).fingerprint);
            let mut fewer = gifts.clone();
            fewer.remove(index);
            prop_assert_ne!(&base.fingerprint, &mug_quote(&Json::Array(effects(&fewer, noises[0]))).fingerprint);
        }
    }
}
