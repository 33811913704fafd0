//! The quote: money by hand-made sums, verdicts on codes, and answers that are not as they should be.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::Path;

use cartwright::amount::Amount;
use cartwright::draft::command::{Command, LineIds};
use cartwright::draft::limits::CartLimits;
use cartwright::draft::quote::Quote;
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
        out.push(format!("{:?}: {} {}", discount.scope, discount.name, discount.amount));
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
            let outcome = match &verdict.rejected {
                None => "accepted".to_string(),
                Some(why) => format!("{} {}", why.reason, why.detail.as_deref().unwrap_or("-")),
            };
            out.push(format!("{kind} {}: {outcome}", verdict.code));
        }
    }
    for item in &quote.free_items {
        out.push(format!("free {} {} {}", item.quantity, item.sku, item.name));
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
const EXAMPLES: [(&str, &[&str]); 10] = [
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
            "coupon Cool-Summer!: CouponNotFound -",
        ],
    ),
    (
        "024",
        &[
            "total 140.97 discount 0 payable 140.97",
            "line 99.99 99.99 = 99.99",
            "line 15.99 31.98 = 31.98",
            "coupon XMAS-20-2021: CouponPartOfNotTriggeredCampaign CampaignGaveLowerDiscount",
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
            "Cost: Free shipping 9",
            "Line: Assembly half off 12.5",
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
            "free 1 SKU1241028 Free gift",
            "Offer: Almost there - Spend 10 more for free shipping.",
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
    ("039", &["total 90 discount 9 payable 81", "Line: Member 9", "line 90 90 Member 9 = 81"]),
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
        verdict.rejected.map(|why| why.reason)
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
    assert!(quote.coupon("ABC").unwrap().rejected.is_some());
    assert!(quote.coupon("abc").unwrap().rejected.is_none());
    assert!(quote.coupon("aBc").unwrap().rejected.is_none(), "accepted counts more");
    assert!(quote.coupon("other").is_none(), "a code that is not named is neither");
    assert!(quote.referral("FRIEND").is_some_and(|verdict| verdict.rejected.is_none()));
    assert!(quote.coupon("Friend").is_none() && quote.referral("ABC").is_none());
}

#[test]
fn a_refusal_carries_its_exclusion_or_its_details() {
    let detail = |props: Json| {
        let quote = mug_quote(&json!([effect("rejectReferral", props)]));
        quote.referrals[0].rejected.clone().unwrap()
    };
    let all = json!({"value": "R", "rejectionReason": "X", "campaignExclusionReason": "E", "details": "D"});
    assert_eq!(detail(all).detail.as_deref(), Some("E"));
    assert_eq!(
        detail(json!({"value": "R", "rejectionReason": "X", "details": "D"})).detail.as_deref(),
        Some("D")
    );
    let bare = detail(json!({"value": "R", "rejectionReason": "NewReason", "details": ""}));
    assert_eq!((bare.reason.as_str(), bare.detail), ("NewReason", None));
    assert_eq!(detail(json!({"value": "R"})).reason, "");
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
        with(0, effect("rejectCoupon", json!({"value": "A", "rejectionReason": "CouponExpired"}))),
        with(0, effect("acceptCoupon", json!({"value": "B"}))),
        with(0, effect("acceptReferral", json!({"value": "A"}))),
        with(0, json!(null)),
        with(1, off("20%", 5.01)),
        with(1, off("other name", 5)),
        with(2, off_unit("unit", 1, 0, 1.5)),
        with(3, free("CUP")),
        with(3, json!(null)),
        with(4, effect("rejectReferral", json!({"value": "R"}))),
        line(0, "quantity", json!(2)),
        line(0, "sku", json!("OTHER")),
        line(1, "attributes", json!({"Size": "M"})),
    ];
    let different: BTreeSet<&String> = fingerprints.iter().collect();
    assert_eq!(different.len(), fingerprints.len(), "{fingerprints:#?}");
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

/// Any JSON with the words of answers among its keys and texts.
fn any_answer() -> impl Strategy<Value = Json> {
    let words = [
        "effects",
        "effectType",
        "props",
        "setDiscount",
        "setDiscountPerItem",
        "acceptCoupon",
        "addFreeItem",
        "showNotification",
        "rejectCoupon",
        "value",
        "name",
        "position",
        "subPosition",
        "scope",
        "customerSession",
        "cartItems",
        "total",
        "price",
        "sku",
        "quantity",
        "additionalCosts",
        "attributes",
        "couponCodes",
        "MUG",
        "setDiscountPerAdditionalCost",
        "setDiscountPerAdditionalCostPerItem",
        "additionalCost",
        "shipping",
    ];
    let word = prop::sample::select(words.to_vec()).prop_map(str::to_string);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-3..5_i64).prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        word.clone().prop_map(Json::from),
    ];
    let tree = leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::Array),
            prop::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().collect::<Json>()),
        ]
    });
    let kinds = [
        "setDiscount",
        "setDiscountPerItem",
        "setDiscountPerAdditionalCost",
        "setDiscountPerAdditionalCostPerItem",
        "acceptCoupon",
        "rejectCoupon",
        "addFreeItem",
        "showNotification",
    ];
    let odd =
        (prop::sample::select(kinds.to_vec()), tree.clone()).prop_map(|(kind, props)| effect(kind, props));
    let effects = prop::collection::vec(prop_oneof![odd, tree.clone()], 0..6);
    (effects, tree.clone(), tree).prop_flat_map(|(effects, session, any)| {
        prop_oneof![
            4 => Just(json!({"effects": effects, "customerSession": session})),
            1 => Just(any),
        ]
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
    fn reading_any_answer_never_panics_and_never_makes_payable_negative(answer in any_answer()) {
        let ours = draft(&mug_and_two_cups());
        let quote = Quote::new(&ours, &value(&answer));
        prop_assert!(!quote.payable.is_negative());
        prop_assert_eq!(quote.lines.len(), ours.lines().len());
        prop_assert_eq!(quote.fingerprint.clone(), Quote::new(&ours, &value(&answer)).fingerprint);
        let effects = answer.get("effects").and_then(Json::as_array).map_or(0, Vec::len);
        prop_assert_eq!(quote.effects.len(), effects);
    }
}
