//! What the campaigns give for a session.

use std::collections::HashSet;

use cartwright::amount::{Amount, AmountError};
use cartwright::model::json::{Object, Value};
use cartwright::model::{CartItem, CustomerSessionV2, Effect};
use time::OffsetDateTime;

use crate::sandbox::campaigns::{Campaign, Campaigns, Code, Reward, Rule};
use crate::sandbox::returns;

/// Why a code is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rejection {
    NotFound,
    NotEvaluated,
    Expired,
    NotStarted,
    LimitReached,
    ProfileRequired,
}

/// A kind of code, with the API's words for it.
struct Kind {
    noun: &'static str,
    accept: &'static str,
    reject: &'static str,
}

const COUPON: Kind = Kind { noun: "Coupon", accept: "acceptCoupon", reject: "rejectCoupon" };

const REFERRAL: Kind = Kind { noun: "Referral", accept: "acceptReferral", reject: "rejectReferral" };

/// All effects that hold for a session at a time, every discount computed on undiscounted totals:
/// codes in the order in which they were sent, then the referral, then campaigns without codes.
pub fn evaluate(
    session: &CustomerSessionV2,
    campaigns: &Campaigns,
    now: OffsetDateTime,
) -> Result<Vec<Effect>, AmountError> {
    let mut evaluation = Evaluation {
        session,
        campaigns,
        now,
        total: session.cart_item_total.unwrap_or_default(),
        effects: Vec::new(),
    };
    let codes = session.coupon_codes.as_deref().unwrap_or_default();
    let mut seen = HashSet::new();
    for code in codes {
        if seen.insert(code) {
            evaluation.code(&COUPON, code, campaigns.coupon(code))?;
        }
    }
    let referral = session.referral_code.as_deref().filter(|code| !code.is_empty());
    if let Some(code) = referral {
        evaluation.code(&REFERRAL, code, campaigns.referral(code))?;
    }
    for campaign in &campaigns.campaigns {
        let without_codes = campaign.coupons.is_empty() && campaign.referrals.is_empty();
        if without_codes && evaluation.evaluable(campaign) {
            evaluation.rules(campaign, None)?;
        }
    }
    Ok(evaluation.effects)
}

struct Evaluation<'e> {
    session: &'e CustomerSessionV2,
    campaigns: &'e Campaigns,
    now: OffsetDateTime,
    total: Amount,
    effects: Vec<Effect>,
}

impl Evaluation<'_> {
    fn evaluable(&self, campaign: &Campaign) -> bool {
        match &self.session.evaluable_campaign_ids {
            None => true,
            Some(ids) => ids.contains(&campaign.id),
        }
    }

    fn code(
        &mut self,
        kind: &Kind,
        value: &str,
        found: Option<(&Campaign, &Code)>,
    ) -> Result<(), AmountError> {
        let Some((campaign, code)) = found else {
            self.reject(kind, value, None, Rejection::NotFound);
            return Ok(());
        };
        if let Some(rejection) = self.rejection(campaign, code) {
            self.reject(kind, value, Some((campaign, code)), rejection);
            return Ok(());
        }
        let coupon = (kind.noun == COUPON.noun).then_some(code.id);
        let props = object([("value", text(value))]);
        let head = head(campaign, 0, campaign.rules.first(), coupon);
        self.push(head, kind.accept, props);
        self.rules(campaign, coupon)
    }

    fn rejection(&self, campaign: &Campaign, code: &Code) -> Option<Rejection> {
        if !self.evaluable(campaign) {
            Some(Rejection::NotEvaluated)
        } else if code.start_date.is_some_and(|start| self.now < start) {
            Some(Rejection::NotStarted)
        } else if code.expiry_date.is_some_and(|end| self.now > end) {
            Some(Rejection::Expired)
        } else if code.usage_limit > 0 && code.usage_counter >= code.usage_limit {
            Some(Rejection::LimitReached)
        } else if code.profile_required && self.session.profile_id.as_deref().unwrap_or("").is_empty() {
            Some(Rejection::ProfileRequired)
        } else {
            None
        }
    }

    fn reject(&mut self, kind: &Kind, value: &str, found: Option<(&Campaign, &Code)>, rejection: Rejection) {
        let noun = kind.noun;
        let reason = match rejection {
            Rejection::NotFound => format!("{noun}NotFound"),
            Rejection::NotEvaluated => format!("{noun}PartOfNotTriggeredCampaign"),
            Rejection::Expired => format!("{noun}Expired"),
            Rejection::NotStarted => format!("{noun}StartDateInFuture"),
            Rejection::LimitReached => format!("{noun}LimitReached"),
            Rejection::ProfileRequired => "ProfileRequired".to_string(),
        };
        let mut props = object([("value", text(value)), ("rejectionReason", text(&reason))]);
        if rejection == Rejection::NotEvaluated {
            props.set("campaignExclusionReason", text("CampaignNotInEvaluationSet"));
        }
        let head = match found {
            Some((campaign, code)) => {
                let coupon = (noun == COUPON.noun).then_some(code.id);
                head(campaign, 0, campaign.rules.first(), coupon)
            }
            // Nobody owns an unknown code; the API's own sample has zeros here.
            None => Effect {
                campaign_id: Some(0),
                ruleset_id: Some(0),
                rule_index: Some(0),
                rule_name: Some(String::new()),
                ..Effect::default()
            },
        };
        self.push(head, kind.reject, props);
    }

    fn rules(&mut self, campaign: &Campaign, coupon: Option<i64>) -> Result<(), AmountError> {
        for (index, rule) in (0_i64..).zip(&campaign.rules) {
            let holds = rule.from.is_none_or(|from| self.total >= from)
                && rule.below.is_none_or(|below| self.total < below);
            if holds {
                let head = head(campaign, index, Some(rule), coupon);
                for reward in &rule.rewards {
                    self.reward(&head, rule, reward)?;
                }
            }
        }
        Ok(())
    }

    fn reward(&mut self, head: &Effect, rule: &Rule, reward: &Reward) -> Result<(), AmountError> {
        match reward {
            Reward::Percent { name, percent } => {
                let value = self.total.times(*percent)?.shift(-2)?;
                self.set_discount(head, name, value);
            }
            Reward::Fixed { name, amount } => {
                self.set_discount(head, name, amount.least(self.total));
            }
            Reward::PerItem { name, amount, category } => {
                self.set_discount_per_item(head, name, *amount, category)
            }
            Reward::AdditionalCost { name, additional_cost } => {
                self.set_discount_per_additional_cost(head, name, additional_cost)
            }
            Reward::FreeItem { sku, name } => {
                let props = object([("sku", text(sku)), ("name", text(name))]);
                self.push(head.clone(), "addFreeItem", props);
            }
            Reward::Notification { notification_type, title, body } => {
                let missing = rule.below.unwrap_or_default().subtract(self.total)?;
                let body = body.replace("{missing}", &missing.not_negative().to_string());
                let props = object([
                    ("notificationType", text(notification_type)),
                    ("title", text(title)),
                    ("body", text(&body)),
                ]);
                self.push(head.clone(), "showNotification", props);
            }
        }
        Ok(())
    }

    fn set_discount(&mut self, head: &Effect, name: &str, value: Amount) {
        if value > Amount::ZERO {
            let props = object([("name", text(name)), ("value", number(value))]);
            self.push(head.clone(), "setDiscount", props);
        }
    }

    fn set_discount_per_item(&mut self, head: &Effect, name: &str, amount: Amount, category: &str) {
        let items: &[CartItem] = self.session.cart_items.as_deref().unwrap_or_default();
        for (position, item) in (0_i64..).zip(items) {
            let value = amount.least(item.price.unwrap_or_default());
            if item.category.as_deref() != Some(category) || value <= Amount::ZERO {
                continue;
            }
            for unit in returns::kept(item) {
                let props = object([
                    ("name", text(&format!("{name}#{position}"))),
                    ("value", number(value)),
                    ("position", integer(position)),
                    ("subPosition", integer(unit)),
                ]);
                self.push(head.clone(), "setDiscountPerItem", props);
            }
        }
    }

    fn set_discount_per_additional_cost(&mut self, head: &Effect, name: &str, cost: &str) {
        let charged = self.session.additional_costs.as_ref();
        let price = charged.and_then(|costs| costs.get(cost)?.price).unwrap_or_default();
        if let Some(declared) = self.campaigns.additional_costs.get(cost)
            && price > Amount::ZERO
        {
            let props = object([
                ("name", text(name)),
                ("additionalCostId", integer(declared.id)),
                ("additionalCost", text(cost)),
                ("value", number(price)),
            ]);
            self.push(head.clone(), "setDiscountPerAdditionalCost", props);
        }
    }

    fn push(&mut self, head: Effect, effect_type: &str, props: Object) {
        self.effects.push(Effect {
            effect_type: Some(effect_type.to_string()),
            props: Some(Value::Object(props)),
            ..head
        });
    }
}

fn head(campaign: &Campaign, index: i64, rule: Option<&Rule>, coupon: Option<i64>) -> Effect {
    Effect {
        campaign_id: Some(campaign.id),
        ruleset_id: Some(campaign.ruleset_id),
        rule_index: Some(index),
        rule_name: Some(rule.map(|rule| rule.name.clone()).unwrap_or_default()),
        triggered_by_coupon: coupon,
        ..Effect::default()
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Object {
    members.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

fn text(text: &str) -> Value {
    Value::String(text.to_string())
}

fn number(amount: Amount) -> Value {
    Value::Number(amount.to_string())
}

fn integer(integer: i64) -> Value {
    Value::Number(integer.to_string())
}
