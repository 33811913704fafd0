//! The fuzz targets over what was found before and over the example bodies, and over answers made at random.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../fuzz/checks/mod.rs"]
mod checks;

use std::fs;
use std::path::{Path, PathBuf};

use cartwright::draft::effects::EFFECTS;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// What a target does with an input.
type Target = fn(&[u8]);

/// Every target by the name of its corpus.
const TARGETS: [(&str, Target); 6] = [
    ("json", checks::json),
    ("answer", checks::answer),
    ("quote", checks::quote),
    ("amount", checks::amount),
    ("commands", checks::commands),
    ("record", checks::record),
];

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_target_has_a_program_and_inputs_and_finds_nothing_in_them() {
    for (name, target) in TARGETS {
        let inputs = files(&format!("fuzz/corpus/{name}"));
        assert!(!inputs.is_empty(), "{name}");
        for input in inputs {
            target(&fs::read(input).unwrap());
        }
    }
    assert_eq!(files("fuzz/fuzz_targets").len(), TARGETS.len());
    assert_eq!(files("fuzz/corpus").len(), TARGETS.len());
}

#[test]
fn no_target_finds_anything_in_the_example_bodies() {
    for file in files("tests/fixtures/api") {
        let body = fs::read(file).unwrap();
        for (_, target) in TARGETS {
            target(&body);
        }
        checks::quote(&[b"{\"cartItems\":[{\"sku\":\"A\",\"price\":5}]}\n", body.as_slice()].concat());
    }
}

/// Values under the names of a model's members: mostly of their type, and sometimes of any.
fn any_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-3..5_i64).prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "[1-9][0-9]{0,29}(\\.[0-9]{1,30})?([eE]-?[0-9]{1,3})?"
            .prop_map(|digits| Json::Number(digits.parse().unwrap())),
        prop::sample::select(vec!["MUG", "XMAS-20-2021", "price", "cartItems", "shipping", "N#0", ""])
            .prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let member = (prop::sample::select(vec!["price", "sku", "name", "wrap"]), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Json::Array),
            prop::collection::vec(member, 0..4).prop_map(|members| members.into_iter().collect::<Json>()),
        ]
    })
}

/// An object of the field tables: each member there or not, of its type or of any.
fn documented(model: &str) -> BoxedStrategy<Json> {
    let tables =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models/models.tsv"));
    let tables = tables.unwrap();
    let rows = tables.lines().map(|row| row.split('\t').collect::<Vec<_>>()).filter(|row| row[0] == model);
    let members = rows.map(|row| {
        let right = match row[2] {
            "integer" => (0..4_i64).prop_map(Json::from).boxed(),
            "number" | "number (float)" => {
                prop::sample::select(vec![json!(0), json!(1), json!(2.5), json!(9.999), json!(1e17)]).boxed()
            }
            "boolean" => any::<bool>().prop_map(Json::from).boxed(),
            "CartItem[]" => prop::collection::vec(documented("CartItem"), 0..4).prop_map(Json::Array).boxed(),
            "map<string,AdditionalCost>" => {
                documented("AdditionalCost").prop_map(|cost| json!({ "shipping": cost })).boxed()
            }
            text if text.starts_with("string") && !text.ends_with("[]") => {
                prop::sample::select(vec!["MUG", "XMAS-20-2021", "shipping", "wrap", "open", "price", ""])
                    .prop_map(Json::from)
                    .boxed()
            }
            _ => any_value().boxed(),
        };
        let value = prop_oneof![8 => right.prop_map(Some), 2 => Just(None), 1 => any_value().prop_map(Some)];
        (Just(row[1].to_string()), value)
    });
    let present = |(name, value): (String, Option<Json>)| value.map(|value| (name, value));
    members
        .collect::<Vec<_>>()
        .prop_map(move |members| members.into_iter().filter_map(present).collect::<Json>())
        .boxed()
}

fn any_answer() -> impl Strategy<Value = Json> {
    let effects = EFFECTS.map(|(kind, _)| {
        let props = documented(&format!("effect {kind}"));
        props.prop_map(move |props| json!({ "effectType": kind, "props": props })).boxed()
    });
    let effects =
        prop::collection::vec(prop_oneof![9 => prop::strategy::Union::new(effects), 1 => any_value()], 0..8);
    let answer = (effects, documented("CustomerSessionV2"), any_value());
    answer.prop_map(|(effects, session, loyalty)| {
        json!({ "effects": effects, "customerSession": session, "loyalty": loyalty })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_target_finds_anything_in_answers_made_at_random(answer in any_answer(), any in any_value()) {
        const DRAFT: &str = r#"{"cartItems":[{"sku":"MUG","quantity":3,"price":9.99,"additionalCosts":{"wrap":{"price":2}}},
            {"sku":"TEE"}],"additionalCosts":{"shipping":{"price":9}},"couponCodes":["XMAS-20-2021"]}"#;
        for answer in [answer, json!({ "customerSession": any, "effects": any }), any] {
            let text = answer.to_string();
            checks::json(text.as_bytes());
            checks::answer(text.as_bytes());
            checks::quote(format!("{}\n{text}", DRAFT.replace('\n', "")).as_bytes());
        }
    }
}
