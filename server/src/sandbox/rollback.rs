//! What becomes of effects when their session is cancelled, reopened or partly returned.

use cartwright::amount::Amount;
use cartwright::model::Effect;
use cartwright::model::json::{Object, Value};

/// An effect that can be undone: its type, the type of its roll-back, and which of its props go
/// over under which name.
type Pair = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const PAIRS: [Pair; 10] = [
    ("acceptCoupon", "rollbackCoupon", &[("value", "value")]),
    ("acceptReferral", "rollbackReferral", &[("value", "value")]),
    ("setDiscount", "rollbackDiscount", &[("name", "name"), ("value", "value"), ("scope", "scope")]),
    (
        "setDiscountPerItem",
        "rollbackDiscount",
        &[
            ("name", "name"),
            ("value", "value"),
            ("position", "cartItemPosition"),
            ("subPosition", "cartItemSubPosition"),
            ("scope", "scope"),
        ],
    ),
    (
        "setDiscountPerAdditionalCost",
        "rollbackDiscount",
        &[
            ("name", "name"),
            ("value", "value"),
            ("additionalCostId", "additionalCostId"),
            ("additionalCost", "additionalCost"),
        ],
    ),
    (
        "setDiscountPerAdditionalCostPerItem",
        "rollbackDiscount",
        &[
            ("name", "name"),
            ("value", "value"),
            ("position", "cartItemPosition"),
            ("subPosition", "cartItemSubPosition"),
            ("additionalCostId", "additionalCostId"),
            ("additionalCost", "additionalCost"),
        ],
    ),
    (
        "addLoyaltyPoints",
        "rollbackAddedLoyaltyPoints",
        &[
            ("programId", "programId"),
            ("subLedgerId", "subLedgerId"),
            ("value", "value"),
            ("recipientIntegrationId", "recipientIntegrationId"),
            ("transactionUUID", "transactionUUID"),
            ("cartItemPosition", "cartItemPosition"),
            ("cartItemSubPosition", "cartItemSubPosition"),
            ("cardIdentifier", "cardIdentifier"),
        ],
    ),
    (
        "deductLoyaltyPoints",
        "rollbackDeductedLoyaltyPoints",
        &[
            ("programId", "programId"),
            ("subLedgerId", "subLedgerId"),
            ("value", "value"),
            ("transactionUUID", "transactionUUID"),
            ("cardIdentifier", "cardIdentifier"),
        ],
    ),
    (
        "increaseAchievementProgress",
        "rollbackIncreasedAchievementProgress",
        &[
            ("achievementId", "achievementId"),
            ("achievementName", "achievementName"),
            ("progressTrackerId", "progressTrackerId"),
            ("delta", "decreaseProgressBy"),
            ("target", "target"),
        ],
    ),
    (
        "useReward",
        "rollbackUseReward",
        &[("integrationId", "integrationId"), ("rewardId", "rewardId"), ("applicationId", "applicationId")],
    ),
];

/// Effects that stay when their session is reopened or cancelled: what the API names (session API
/// reference, section 5), and what happened outside of the session.
const STAYING: [&str; 11] = [
    "addFreeItem",
    "awardGiveaway",
    "couponCreated",
    "referralCreated",
    "reserveCoupon",
    "customEffect",
    "updateAttribute",
    "addToAudience",
    "removeFromAudience",
    "triggerWebhook",
    "unlockReward",
];

fn effect_type(effect: &Effect) -> &str {
    effect.effect_type.as_deref().unwrap_or_default()
}

/// Whether an effect stays when its session is reopened or cancelled.
pub(crate) fn stays(effect: &Effect) -> bool {
    STAYING.contains(&effect_type(effect))
}

/// The effect that undoes another one; none where nothing does.
pub(crate) fn of(effect: &Effect, profile: &str) -> Option<Effect> {
    let (_, roll_back, members) = PAIRS.iter().find(|(undone, ..)| *undone == effect_type(effect))?;
    let props = effect.props.as_ref()?;
    let member = |(old, new): &(&str, &str)| Some((new.to_string(), props.get(old)?.clone()));
    let mut made: Object = members.iter().filter_map(member).collect();
    match effect_type(effect) {
        // A discount of an item says of itself that it lies on the price only when it is void.
        "setDiscountPerItem" if made.get("scope").is_none() => {
            made.set("scope", Value::String("price".to_string()));
        }
        "deductLoyaltyPoints" => made.set("recipientIntegrationId", Value::String(profile.to_string())),
        "increaseAchievementProgress" => {
            let number = |name: &str| match props.get(name) {
                Some(Value::Number(digits)) => Amount::parse(digits).unwrap_or_default(),
                _ => Amount::ZERO,
            };
            let before = number("value").subtract(number("delta")).unwrap_or_default();
            made.set("currentProgress", Value::Number(before.to_string()));
        }
        _ => {}
    }
    Some(Effect {
        effect_type: Some(roll_back.to_string()),
        props: Some(Value::Object(made)),
        ..effect.clone()
    })
}

/// The line and, where it has one, the unit that an effect belongs to.
pub(crate) fn place(effect: &Effect) -> Option<(i64, Option<i64>)> {
    let props = effect.props.as_ref()?;
    let names = match effect_type(effect) {
        "setDiscountPerItem" | "setDiscountPerAdditionalCostPerItem" => ("position", "subPosition"),
        "addLoyaltyPoints" => ("cartItemPosition", "cartItemSubPosition"),
        _ => return None,
    };
    let number = |name: &str| props.get(name).and_then(Value::as_integer);
    Some((number(names.0)?, number(names.1)))
}
