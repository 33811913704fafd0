//! A strict reader of the documented models: unknown members and missing required ones are refused,
//! types and constraints checked.

use std::collections::BTreeMap;

use cartwright::amount::Amount;
use cartwright::model::json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::harness::repository;

struct Field {
    kind: String,
    required: bool,
    constraints: String,
}

/// The models by name, `effect <type>` for the props of an effect.
pub struct Models(BTreeMap<String, BTreeMap<String, Field>>);

/// The lines of a fixture below its head, split at tabs.
pub fn rows(path: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(repository(path)).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(ToString::to_string).collect()).collect()
}

impl Models {
    pub fn load() -> Models {
        let mut models: BTreeMap<String, BTreeMap<String, Field>> = BTreeMap::new();
        for row in rows("tests/fixtures/models/models.tsv") {
            let [model, name, kind, required, constraints] = row.as_slice() else { panic!("{row:?}") };
            let field =
                Field { kind: kind.clone(), required: required == "yes", constraints: constraints.clone() };
            let known = models.entry(model.clone()).or_default().insert(name.clone(), field);
            assert!(known.is_none(), "{model} {name} twice");
        }
        Models(models)
    }

    pub fn effect_types(&self) -> Vec<&str> {
        self.0.keys().filter_map(|model| model.strip_prefix("effect ")).collect()
    }

    /// All that is wrong with a value of a model.
    pub fn faults(&self, model: &str, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.model(model, value, "", &mut faults);
        faults
    }

    fn model(&self, model: &str, value: &Value, path: &str, faults: &mut Vec<String>) {
        let fields = self.0.get(model).unwrap_or_else(|| panic!("the model {model} is not known"));
        let Value::Object(object) = value else {
            return faults.push(format!("{path}: {model} is no object"));
        };
        for (name, value) in object.iter() {
            let place = format!("{path}/{name}");
            match fields.get(name) {
                None => faults.push(format!("{place}: unknown in {model}")),
                Some(field) if field.kind == "props" => {
                    let effect_type = object.get("effectType").and_then(Value::as_str).unwrap_or_default();
                    self.model(&format!("effect {effect_type}"), value, &place, faults);
                }
                Some(field) => {
                    self.value(&field.kind, value, &place, faults);
                    if !meets(&field.constraints, value) {
                        faults.push(format!("{place}: not {}", field.constraints));
                    }
                }
            }
        }
        for (name, _) in fields.iter().filter(|(name, field)| field.required && object.get(name).is_none()) {
            faults.push(format!("{path}/{name}: missing in {model}"));
        }
    }

    fn value(&self, kind: &str, value: &Value, path: &str, faults: &mut Vec<String>) {
        if let Some(of) = kind.strip_suffix("[]") {
            let Value::Array(items) = value else {
                return faults.push(format!("{path}: no list"));
            };
            for (index, item) in items.iter().enumerate() {
                self.value(of, item, &format!("{path}/{index}"), faults);
            }
            return;
        }
        if let Some(of) = kind.strip_prefix("map<string,").and_then(|rest| rest.strip_suffix('>')) {
            let Value::Object(object) = value else {
                return faults.push(format!("{path}: no map"));
            };
            for (name, value) in object.iter() {
                self.value(of, value, &format!("{path}/{name}"), faults);
            }
            return;
        }
        let right = match (kind, value) {
            ("any", _)
            | ("object", Value::Object(_))
            | ("boolean", Value::Bool(_))
            | ("string", Value::String(_)) => true,
            ("integer", value) => value.as_integer().is_some(),
            ("number" | "number (float)", Value::Number(digits)) => Amount::parse(digits).is_ok(),
            ("string (date-time)", Value::String(text)) => OffsetDateTime::parse(text, &Rfc3339).is_ok(),
            ("string (uuid)", Value::String(text)) => text.len() == 36,
            ("LoyaltyCardIdentifier", Value::String(text)) => (4..=108).contains(&text.len()),
            _ if kind.starts_with(|first: char| first.is_ascii_uppercase()) => {
                return self.model(kind, value, path, faults);
            }
            _ => false,
        };
        if !right {
            faults.push(format!("{path}: no {kind}"));
        }
    }
}

/// Whether a value meets constraints such as `one of …`, `minLength 4`, `maximum 999999`.
fn meets(constraints: &str, value: &Value) -> bool {
    let words =
        |text: &str| -> Vec<String> { text.split('`').skip(1).step_by(2).map(ToString::to_string).collect() };
    constraints.split(';').map(str::trim).filter(|one| !one.is_empty()).all(|one| {
        if let Some(rest) = one.strip_prefix("each ") {
            return value.as_array().is_some_and(|items| items.iter().all(|item| meets(rest, item)));
        }
        if one.starts_with("one of") {
            return value.as_str().is_some_and(|text| words(one).iter().any(|word| word == text));
        }
        let Some((rule, figure)) =
            one.split_once(' ').and_then(|(rule, rest)| Some((rule, Amount::parse(rest).ok()?)))
        else {
            // Patterns and notes: the examples show that the reader does not need them.
            return true;
        };
        let size = |count: usize| Amount::parse(&count.to_string()).unwrap();
        match (rule, value) {
            ("minLength", Value::String(text)) => size(text.chars().count()) >= figure,
            ("maxLength", Value::String(text)) => size(text.chars().count()) <= figure,
            ("maxItems", Value::Array(items)) => size(items.len()) <= figure,
            ("minimum", Value::Number(digits)) => Amount::parse(digits).unwrap() >= figure,
            ("maximum", Value::Number(digits)) => Amount::parse(digits).unwrap() <= figure,
            _ => false,
        }
    })
}

/// The documented answers, each with its model; what they lack on purpose is left out.
fn examples() -> Vec<(&'static str, &'static str)> {
    let state = "IntegrationStateV2";
    let mut examples: Vec<(&str, &str)> = [
        "020-put-res-200-minimal",
        "021-put-res-200-session",
        "022-put-res-200-accept-coupon",
        "023-put-res-200-reject-coupon",
        "024-put-res-200-reject-excluded",
        "025-put-res-200-per-item",
        "026-put-res-200-cost-discounts",
        "027-put-res-200-free-item-notify",
        "029-put-res-200-referral",
        "030-put-res-200-reject-referral",
        "031-put-res-200-giveaways",
        "033-put-res-200-cancelled",
        "035-put-res-200-achievements",
        "036-put-res-200-internal-effects",
        "037-put-res-200-bundles-expiry",
        "038-put-res-200-rewards",
        "039-put-res-200-prices",
        "056-returns-res-200",
    ]
    .map(|file| (file, state))
    .to_vec();
    examples.push(("050-get-res-200", "IntegrationCustomerSessionResponse"));
    examples.push(("051-get-res-200-partially-returned", "IntegrationCustomerSessionResponse"));
    examples.push(("052-reopen-res-200", "ReopenSessionResponse"));
    examples.push(("040-put-res-400-unknown-attribute", "ErrorResponse"));
    examples
}

#[test]
fn the_reader_takes_the_documented_answers_and_refuses_what_is_not_in_them() {
    let models = Models::load();
    for (file, model) in examples() {
        let text = std::fs::read_to_string(repository(&format!("tests/fixtures/api/{file}.json"))).unwrap();
        let value = Value::parse(&text).unwrap();
        assert_eq!(models.faults(model, &value), Vec::<String>::new(), "{file}");
        let mut more = value.as_object().unwrap().clone();
        more.set("novelty", Value::Null);
        assert_eq!(models.faults(model, &Value::Object(more)).len(), 1, "{file}: unknown member");
        for (name, field) in &models.0[model] {
            let mut less = value.as_object().unwrap().clone();
            if less.remove(name).is_some() {
                let faults = models.faults(model, &Value::Object(less.clone())).len();
                assert_eq!(faults, usize::from(field.required), "{file}: without {name}");
                less.set(name, Value::Number("0.5".to_string()));
                assert_ne!(
                    models.faults(model, &Value::Object(less)).len(),
                    0,
                    "{file}: {name} of another type"
                );
            }
        }
    }
}
