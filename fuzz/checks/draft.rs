//! What holds for every draft.

use cartwright::amount::Amount;
use cartwright::draft::Draft;
use cartwright::draft::limits::CartLimits;
use cartwright::draft::totals::Totals;
use cartwright::model::json::Value;
use serde_json::Value as Json;

/// What an update sends of a draft.
pub fn request(draft: &Draft) -> String {
    let mut body = String::new();
    draft.write(&mut body, None);
    body
}

/// Every limit of the API that a client can check, looked for in the request itself.
pub fn broken_limits(draft: &Draft, limits: CartLimits) -> Vec<String> {
    let body: Json = serde_json::from_str(&request(draft)).unwrap();
    let mut broken = Vec::new();
    let mut check = |name: &str, holds: bool| {
        if !holds {
            broken.push(name.to_string());
        }
    };
    let name_fits = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|next| next.is_ascii_alphanumeric() || next == '_')
    };
    let list = |value: &Json| value.as_array().cloned().unwrap_or_default();
    let length = |value: &Json| value.as_str().unwrap().chars().count();
    let lines = list(&body["cartItems"]);
    check("lines", lines.len() <= 1000);
    let units: u64 = lines.iter().map(|line| line["quantity"].as_u64().unwrap()).sum();
    check("units", limits == CartLimits::Unflattened || units <= 10_000);
    for line in &lines {
        check("quantity", line["quantity"].as_u64().unwrap() >= 1);
        check("sku", length(&line["sku"]) >= 1);
    }
    for holder in lines.iter().chain([&body]) {
        for member in ["attributes", "additionalCosts"] {
            for (name, value) in holder[member].as_object().into_iter().flatten() {
                check("name", name_fits(name));
                check("cost", member == "attributes" || value["price"].is_number());
            }
        }
    }
    for code in list(&body["couponCodes"]) {
        check("coupon", (1..=100).contains(&length(&code)));
    }
    check("referral", body["referralCode"].as_str().is_none_or(|code| code.chars().count() <= 100));
    check("cards", list(&body["loyaltyCards"]).len() <= 1);
    check("identifiers", list(&body["identifiers"]).len() <= 5);
    if !body["storeIntegrationId"].is_null() {
        check("store", (1..=1000).contains(&length(&body["storeIntegrationId"])));
    }
    check("state", body.get("state").is_none());
    let nulls = body.as_object().unwrap().values().any(Json::is_null);
    check("null", !nulls);
    broken
}

/// The totals by counting the request's own numbers.
pub fn recount(draft: &Draft) -> Totals {
    let body = Value::parse(&request(draft)).unwrap();
    let number = |value: &Value| match value {
        Value::Number(digits) => Amount::parse(digits).unwrap(),
        other => panic!("{other:?} is no number"),
    };
    let costs = |holder: &Value| match holder.get("additionalCosts") {
        Some(Value::Object(costs)) => costs
            .iter()
            .map(|(_, cost)| number(cost.get("price").unwrap()))
            .fold(Amount::ZERO, |sum, price| sum.add(price).unwrap()),
        _ => Amount::ZERO,
    };
    let mut totals = Totals { costs: costs(&body), ..Totals::default() };
    for line in body.get("cartItems").and_then(Value::as_array).unwrap_or_default() {
        let units = u64::try_from(line.get("quantity").unwrap().as_integer().unwrap()).unwrap();
        totals.units += units;
        totals.item_costs = totals.item_costs.add(costs(line)).unwrap();
        match line.get("price") {
            Some(price) => totals.items = totals.items.add(number(price).times(units).unwrap()).unwrap(),
            None => totals.unpriced += 1,
        }
    }
    totals
}
