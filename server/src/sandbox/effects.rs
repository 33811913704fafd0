//! Makes the effects of a rule that holds.

use cartwright::amount::{Amount, AmountError};
use cartwright::model::json::{Object, Value};
use cartwright::model::{CartItem, Effect};
use time::format_description::well_known::Rfc3339;

use crate::sandbox::books::{self, EVERYBODY, account};
use crate::sandbox::campaigns::{
    Bundle, Campaigns, Code, Condition, Ledger, Part, Points, Reward, Rule, Selector, Tier,
};
use crate::sandbox::evaluate::{Evaluation, Obstacle};
use crate::sandbox::{numbers, returns};

const NO_PROFILE: Obstacle = Obstacle::NotApplied("the session has no profile");

/// Decimal places to which a discount is spread over units.
const SPREAD_PLACES: u8 = 4;

pub(crate) fn object<const N: usize>(members: [(&str, Value); N]) -> Object {
    members.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

pub(crate) fn text(text: &str) -> Value {
    Value::String(text.to_string())
}

pub(crate) fn number(amount: Amount) -> Value {
    Value::Number(amount.to_string())
}

pub(crate) fn integer(integer: i64) -> Value {
    Value::Number(integer.to_string())
}

/// A unit of a line.
#[derive(Debug, Clone, Copy)]
struct Unit<'u> {
    position: i64,
    sub_position: i64,
    item: &'u CartItem,
}

impl Unit<'_> {
    fn price(&self) -> Amount {
        self.item.price.unwrap_or_default()
    }

    /// Where an effect on it lies; a label of it ends in `#` and the position.
    fn place(&self, name: &str, value: Amount) -> Object {
        object([
            ("name", text(&format!("{name}#{}", self.position))),
            ("value", number(value)),
            ("position", integer(self.position)),
            ("subPosition", integer(self.sub_position)),
        ])
    }

    fn in_cart(&self, props: &mut Object) {
        props.set("cartItemPosition", integer(self.position));
        props.set("cartItemSubPosition", integer(self.sub_position));
    }
}

/// A part of an amount, at most all of it.
fn part_of(part: Part, whole: Amount) -> Result<Amount, AmountError> {
    match part {
        Part::Percent(hundredths) => whole.times(hundredths)?.shift(-2),
        Part::Amount(amount) => Ok(amount.least(whole)),
    }
}

impl<'e> Evaluation<'e> {
    /// Makes the effects of one reward; `index` is its place in the rule.
    pub(crate) fn reward(
        &mut self,
        head: &Effect,
        rule: &Rule,
        index: i64,
        reward: &Reward,
        code: Option<&Code>,
    ) -> Result<(), Obstacle> {
        let transaction = Transaction { head, index };
        match reward {
            Reward::Discount { name, part, scope } => {
                let wanted = part_of(*part, self.total)?;
                let mut props = object([("name", text(name)), ("value", number(wanted))]);
                if let Some(scope) = scope {
                    props.set("scope", text(scope));
                }
                self.discount(head, "setDiscount", props, wanted, code)
            }
            Reward::ItemDiscount { name, part, items, scope, excluded_from_price_history, bundle } => {
                let optional = [
                    ("scope", scope.as_deref().map(text)),
                    ("excludedFromPriceHistory", excluded_from_price_history.map(Value::Bool)),
                ];
                for (unit, bundled) in self.bundled(items, bundle.as_ref()) {
                    let wanted = part_of(*part, unit.price())?;
                    let mut props = unit.place(name, wanted);
                    for (name, value) in optional.iter().cloned() {
                        if let Some(value) = value {
                            props.set(name, value);
                        }
                    }
                    for (name, value) in bundled {
                        props.set(name, value);
                    }
                    self.discount(head, "setDiscountPerItem", props, wanted, code)?;
                }
                Ok(())
            }
            Reward::ProRata { name, total, items } => {
                let units = self.units(items);
                let prices: Vec<Amount> = units.iter().map(Unit::price).collect();
                let sum = prices.iter().copied().try_fold(Amount::ZERO, Amount::add)?;
                let total = total.least(sum);
                for (unit, share) in units.iter().zip(shares(total, &prices)?) {
                    let mut props = unit.place(name, share);
                    props.set("totalDiscount", number(total));
                    if self.context.campaigns.partial_discounts {
                        props.set("desiredTotalDiscount", number(total));
                    }
                    self.discount(head, "setDiscountPerItem", props, share, code)?;
                }
                Ok(())
            }
            Reward::CostDiscount { name, additional_cost, part } => {
                let charged = self.context.session.additional_costs.as_ref();
                let price = charged.and_then(|costs| costs.get(additional_cost)?.price).unwrap_or_default();
                let wanted = part_of(*part, price)?;
                let props = object([("name", text(name))]);
                let props = with_cost(props, self.context.campaigns, additional_cost, wanted);
                self.discount(head, "setDiscountPerAdditionalCost", props, wanted, code)
            }
            Reward::ItemCostDiscount { name, additional_cost, part, items } => {
                for (position, item) in self.lines(items) {
                    let costs = item.additional_costs.as_ref();
                    let price = costs.and_then(|costs| costs.get(additional_cost)?.price).unwrap_or_default();
                    let wanted = part_of(*part, price)?;
                    let props = object([("name", text(&format!("{name}#{position}")))]);
                    let mut props = with_cost(props, self.context.campaigns, additional_cost, wanted);
                    props.set("position", integer(position));
                    self.discount(head, "setDiscountPerAdditionalCostPerItem", props, wanted, code)?;
                }
                Ok(())
            }
            Reward::FreeItem { sku, name, quantity, at_most, for_each } => {
                self.free_items(head, sku.as_deref(), name, (*quantity, *at_most), for_each.as_ref())
            }
            Reward::Notification { notification_type, title, body } => {
                let below = rule.conditions.iter().find_map(|condition| match condition {
                    Condition::CartItemTotal { below, .. } => *below,
                    _ => None,
                });
                let missing = below.unwrap_or_default().subtract(self.total)?;
                let body = body.replace("{missing}", &missing.not_negative().to_string());
                let props = object([
                    ("notificationType", text(notification_type)),
                    ("title", text(title)),
                    ("body", text(&body)),
                ]);
                self.push(head, "showNotification", props);
                Ok(())
            }
            Reward::CreateCoupon { value } => {
                let value = numbers::pattern(value, &self.name_of(transaction, None));
                let props = object([("value", text(&value)), ("profileId", text(self.needed_profile()?))]);
                self.push(head, "couponCreated", props);
                Ok(())
            }
            Reward::CreateReferral { value } => {
                self.needed_profile()?;
                let value = numbers::pattern(value, &self.name_of(transaction, None));
                self.push(head, "referralCreated", object([("value", text(&value))]));
                Ok(())
            }
            Reward::ReserveCoupon { value } => {
                let profile = self.needed_profile()?;
                let before = self.booked(&books::profile(profile), &account::reservation(value));
                let props = object([
                    ("couponValue", text(value)),
                    ("profileIntegrationId", text(profile)),
                    ("isNewReservation", Value::Bool(before == Amount::ZERO)),
                ]);
                self.push(head, "reserveCoupon", props);
                Ok(())
            }
            Reward::AddPoints { name, ledger, points, at_most, props } => {
                let (owner, card) = self.needed_holder(ledger)?;
                let before = self.points(&owner, ledger);
                for (unit, wanted) in self.earned(points)? {
                    let mut made = object([("name", text(name))]);
                    self.ledger(&mut made, ledger);
                    let value = self.cut(wanted, *at_most)?;
                    made.set("value", number(value));
                    self.desired(&mut made, wanted);
                    made.set("recipientIntegrationId", text(self.profile));
                    for (name, value) in props.iter() {
                        made.set(name, value.clone());
                    }
                    made.set("transactionUUID", text(&numbers::uuid(&self.name_of(transaction, unit))));
                    if let Some(unit) = unit {
                        unit.in_cart(&mut made);
                    }
                    if let Some(card) = card {
                        made.set("cardIdentifier", text(card));
                    }
                    if value > Amount::ZERO {
                        self.push(head, "addLoyaltyPoints", made);
                    }
                }
                self.tier_change(head, ledger, before, self.points(&owner, ledger));
                Ok(())
            }
            Reward::DeductPoints { name, ledger, points } => {
                let (owner, card) = self.needed_holder(ledger)?;
                if self.points(&owner, ledger) < *points {
                    return Err(Obstacle::NotApplied("there are not enough points"));
                }
                let mut props = object([("ruleTitle", text(&rule.name))]);
                self.ledger(&mut props, ledger);
                props.set("value", number(*points));
                props.set("transactionUUID", text(&numbers::uuid(&self.name_of(transaction, None))));
                props.set("name", text(name));
                if let Some(card) = card {
                    props.set("cardIdentifier", text(card));
                }
                self.push(head, "deductLoyaltyPoints", props);
                Ok(())
            }
            Reward::Giveaway { pool } => self.giveaway(head, *pool),
            Reward::Progress { achievement, delta } => self.progress(head, *achievement, *delta),
            Reward::Custom { props, items } => {
                let units = items.as_ref().map(|items| self.units(items));
                let Some(units) = units else {
                    self.push(head, "customEffect", props.clone());
                    return Ok(());
                };
                for unit in units {
                    let mut props = props.clone();
                    unit.in_cart(&mut props);
                    self.push(head, "customEffect", props);
                }
                Ok(())
            }
            Reward::Audience { audience, joins } => {
                let profile = self.needed_profile()?;
                let named = self.context.campaigns.audiences.iter().find(|one| one.id == *audience);
                // Who is in it already does not join, and who is not does not leave.
                if self.is_member(*audience) == *joins {
                    return Ok(());
                }
                let props = object([
                    ("audienceId", integer(*audience)),
                    ("audienceName", text(named.map_or("", |audience| &audience.name))),
                    ("profileIntegrationId", text(profile)),
                    ("profileId", integer(numbers::profile(profile))),
                ]);
                self.push(head, if *joins { "addToAudience" } else { "removeFromAudience" }, props);
                Ok(())
            }
            Reward::BundleMetadata { props, items } => {
                let indices: Vec<Value> = self.lines(items).map(|(position, _)| integer(position)).collect();
                if !indices.is_empty() {
                    let mut props = props.clone();
                    props.set("itemsIndices", Value::Array(indices));
                    self.push(head, "showBundleMetadata", props);
                }
                Ok(())
            }
            Reward::Reward { id, used } => self.unlock_or_use(head, *id, *used),
            Reward::Plain { effect_type, props } => {
                self.push(head, effect_type, props.clone());
                Ok(())
            }
        }
    }

    /// Adds a discount effect; one of nothing is left out. A coupon's limit cuts or refuses it.
    fn discount(
        &mut self,
        head: &Effect,
        effect_type: &str,
        mut props: Object,
        wanted: Amount,
        code: Option<&Code>,
    ) -> Result<(), Obstacle> {
        let left = code.and_then(|code| {
            let used = self.booked(EVERYBODY, &account::discount(code.id));
            Some(code.discount_limit?.subtract(used).unwrap_or_default().not_negative())
        });
        let value = self.cut(wanted, left)?;
        props.set("value", number(value));
        self.desired(&mut props, wanted);
        if value > Amount::ZERO {
            self.push(head, effect_type, props);
        }
        Ok(())
    }

    /// An amount within a limit; more is cut where that is allowed and leaves something.
    fn cut(&self, wanted: Amount, limit: Option<Amount>) -> Result<Amount, Obstacle> {
        match limit {
            Some(limit) if limit < wanted => {
                if self.context.campaigns.partial_discounts && limit > Amount::ZERO {
                    return Ok(limit);
                }
                Err(Obstacle::NotApplied("the limit is reached"))
            }
            _ => Ok(wanted),
        }
    }

    fn desired(&self, props: &mut Object, wanted: Amount) {
        if self.context.campaigns.partial_discounts {
            props.set("desiredValue", number(wanted));
        }
    }

    fn lines<'s>(&self, items: &'s Selector) -> impl Iterator<Item = (i64, &'e CartItem)> + use<'e, 's> {
        let all = self.context.session.cart_items.as_deref().unwrap_or_default();
        let kept = |item: &CartItem| !returns::kept(item).is_empty();
        (0_i64..).zip(all).filter(move |(_, item)| items.selects(item) && kept(item))
    }

    fn units(&self, items: &Selector) -> Vec<Unit<'e>> {
        let units = self.lines(items).flat_map(|(position, item)| {
            returns::kept(item).map(move |sub_position| Unit { position, sub_position, item })
        });
        units.collect()
    }

    /// Units with what their effects say of the bundle that they are in.
    fn bundled(
        &self,
        items: &Selector,
        bundle: Option<&Bundle>,
    ) -> Vec<(Unit<'e>, Vec<(&'static str, Value)>)> {
        let units = self.units(items).into_iter();
        let Some(bundle) = bundle else {
            return units.map(|unit| (unit, Vec::new())).collect();
        };
        let others = (0_i64..).zip(self.units(&bundle.with));
        let paired = units.zip(others).map(|(unit, (index, other))| {
            let told = vec![
                ("bundleIndex", integer(index)),
                ("bundleName", text(&bundle.name)),
                ("targetedItemPosition", integer(other.position)),
                ("targetedItemSubPosition", integer(other.sub_position)),
            ];
            (unit, told)
        });
        paired.collect()
    }

    fn free_items(
        &mut self,
        head: &Effect,
        sku: Option<&str>,
        name: &str,
        (quantity, at_most): (u64, Option<u64>),
        for_each: Option<&(u64, Selector)>,
    ) -> Result<(), Obstacle> {
        let given = quantity.min(at_most.unwrap_or(quantity));
        if given < quantity && !self.context.campaigns.partial_discounts {
            return Err(Obstacle::NotApplied("there are not enough free items"));
        }
        let mut skus: Vec<&str> = Vec::new();
        match for_each {
            None => skus.extend(sku),
            Some((units, items)) => {
                for (_, item) in self.lines(items) {
                    // What was free already earns nothing more.
                    if item.price.unwrap_or_default() > Amount::ZERO {
                        let bought = u64::try_from(returns::kept(item).count()).unwrap_or_default();
                        let times =
                            usize::try_from(bought.checked_div(*units).unwrap_or(0)).unwrap_or_default();
                        let given = sku.or(item.sku.as_deref()).unwrap_or_default();
                        skus.extend(std::iter::repeat_n(given, times));
                    }
                }
            }
        }
        for sku in skus {
            for _ in 0..given {
                let mut props = object([("sku", text(sku)), ("name", text(name))]);
                if self.context.campaigns.partial_discounts {
                    props.set("desiredQuantity", Value::Number(quantity.to_string()));
                }
                self.push(head, "addFreeItem", props);
            }
        }
        Ok(())
    }

    fn needed_profile(&self) -> Result<&'e str, Obstacle> {
        if self.profile.is_empty() { Err(NO_PROFILE) } else { Ok(self.profile) }
    }

    fn needed_holder(&self, ledger: &Ledger) -> Result<(String, Option<&'e str>), Obstacle> {
        self.holder(ledger).ok_or(Obstacle::NotApplied("the session has no profile or card of the program"))
    }

    fn ledger(&self, props: &mut Object, ledger: &Ledger) {
        props.set("programId", integer(ledger.program));
        props.set("subLedgerId", text(&ledger.sub_ledger));
    }

    /// Points, for the session or for each unit.
    fn earned(&self, points: &Points) -> Result<Vec<(Option<Unit<'e>>, Amount)>, AmountError> {
        Ok(match points {
            Points::Fixed(points) => vec![(None, *points)],
            Points::PerCurrencyUnit(factor) => vec![(None, self.total.times(*factor)?)],
            Points::PerItem(points, items) => {
                self.units(items).into_iter().map(|unit| (Some(unit), *points)).collect()
            }
        })
    }

    fn tier_change(&mut self, head: &Effect, ledger: &Ledger, before: Amount, after: Amount) {
        let Some(program) = self.context.campaigns.program(ledger.program) else { return };
        let (old, new) = (tier(&program.tiers, before), tier(&program.tiers, after));
        if let Some(new) = new.filter(|new| old.is_none_or(|old| old.from < new.from)) {
            let mut props = object([("ruleTitle", text(head.rule_name.as_deref().unwrap_or_default()))]);
            self.ledger(&mut props, ledger);
            if let Some(old) = old {
                props.set("previousTierName", text(&old.name));
            }
            props.set("newTierName", text(&new.name));
            self.push(head, "changeLoyaltyTierLevel", props);
        }
    }

    fn giveaway(&mut self, head: &Effect, id: i64) -> Result<(), Obstacle> {
        let profile = self.needed_profile()?;
        if self.repeat(head, "awardGiveaway", "poolId", id) {
            return Ok(());
        }
        let pool = self.context.campaigns.pools.iter().find(|pool| pool.id == id);
        let given = self.booked(EVERYBODY, &account::giveaways(id)).padded(0).parse::<usize>();
        let next = pool.and_then(|pool| Some((pool, pool.codes.get(given.unwrap_or(usize::MAX))?)));
        let Some((pool, code)) = next else {
            return Err(Obstacle::NotApplied("the pool is empty"));
        };
        let mut props = object([
            ("poolId", integer(id)),
            ("poolName", text(&pool.name)),
            ("recipientIntegrationId", text(profile)),
        ]);
        if self.context.session.state.as_deref() == Some("closed") {
            props.set("giveawayId", integer(numbers::integer(&format!("giveaway {id} {code}"))));
            props.set("code", text(code));
            self.push(head, "awardGiveaway", props);
        } else {
            self.push(head, "willAwardGiveaway", props);
        }
        Ok(())
    }

    fn progress(&mut self, head: &Effect, id: i64, delta: Amount) -> Result<(), Obstacle> {
        let profile = self.needed_profile()?;
        let achievement = self.context.campaigns.achievements.iter().find(|achievement| achievement.id == id);
        let Some(achievement) = achievement else { return Ok(()) };
        let before = self.booked(&books::profile(profile), &account::achievement(id));
        if before >= achievement.target {
            return Ok(());
        }
        let common = object([
            ("achievementId", integer(id)),
            ("achievementName", text(&achievement.name)),
            ("progressTrackerId", integer(numbers::integer(&format!("tracker {id} {profile}")))),
        ]);
        if before == Amount::ZERO {
            let mut props = common.clone();
            props.set("target", number(achievement.target));
            props.set("startDate", self.now());
            self.push(head, "startAchievementProgress", props);
        }
        let value = before.add(delta)?;
        let mut props = common;
        props.set("delta", number(delta));
        props.set("value", number(value));
        props.set("target", number(achievement.target));
        props.set("isJustCompleted", Value::Bool(value >= achievement.target));
        self.push(head, "increaseAchievementProgress", props);
        Ok(())
    }

    fn unlock_or_use(&mut self, head: &Effect, id: i64, used: bool) -> Result<(), Obstacle> {
        let profile = self.needed_profile()?;
        if !used && self.repeat(head, "unlockReward", "rewardId", id) {
            return Ok(());
        }
        let session = self.context.session.id.unwrap_or_default();
        let mut props = object([
            ("integrationId", text(&numbers::uuid(&format!("reward {session} {id}")))),
            ("rewardId", integer(id)),
            ("applicationId", integer(self.context.campaigns.application_id)),
        ]);
        if !used {
            props.set("profileIntegrationId", text(profile));
            props.set("unlockedAt", self.now());
        }
        self.push(head, if used { "useReward" } else { "unlockReward" }, props);
        Ok(())
    }

    /// Tells again what an earlier closing gave, instead of giving it twice.
    fn repeat(&mut self, head: &Effect, effect_type: &str, prop: &str, id: i64) -> bool {
        let same = |kept: &&Effect| {
            let kept_id = kept.props.as_ref().and_then(|props| props.get(prop)?.as_integer());
            kept.effect_type.as_deref() == Some(effect_type)
                && (kept.campaign_id, kept.rule_index) == (head.campaign_id, head.rule_index)
                && kept_id == Some(id)
        };
        match self.context.kept.iter().find(same) {
            Some(kept) => {
                self.effects.push(kept.clone());
                true
            }
            None => false,
        }
    }

    fn now(&self) -> Value {
        Value::String(self.context.now.format(&Rfc3339).unwrap_or_default())
    }

    /// A name that is another one for every effect of every session.
    fn name_of(&self, transaction: Transaction<'_>, unit: Option<Unit<'_>>) -> String {
        let Transaction { head, index } = transaction;
        let session = self.context.session.id.unwrap_or_default();
        let (campaign, rule) = (head.campaign_id.unwrap_or_default(), head.rule_index.unwrap_or_default());
        let coupon = head.triggered_by_coupon.unwrap_or_default();
        let (position, sub_position) = unit.map_or((-1, -1), |unit| (unit.position, unit.sub_position));
        format!("{session} {campaign} {rule} {index} {coupon} {position} {sub_position}")
    }
}

/// The place of a reward, for names of what it makes.
#[derive(Clone, Copy)]
struct Transaction<'t> {
    head: &'t Effect,
    index: i64,
}

/// The highest tier that so many points hold.
pub(crate) fn tier(tiers: &[Tier], points: Amount) -> Option<&Tier> {
    tiers.iter().rev().find(|tier| points >= tier.from)
}

fn with_cost(mut props: Object, campaigns: &Campaigns, name: &str, value: Amount) -> Object {
    let id = campaigns.additional_costs.get(name).map(|cost| cost.id);
    props.set("additionalCostId", integer(id.unwrap_or_default()));
    props.set("additionalCost", text(name));
    props.set("value", number(value));
    props
}

/// Spreads an amount by weights; the shares add up to it exactly.
fn shares(total: Amount, weights: &[Amount]) -> Result<Vec<Amount>, AmountError> {
    let fine = |amount: Amount| -> Result<i128, AmountError> {
        let digits = amount.round(SPREAD_PLACES)?.padded(SPREAD_PLACES).replace('.', "");
        digits.parse().map_err(|_| AmountError::OutOfRange)
    };
    let whole = fine(total)?;
    let weights: Vec<i128> = weights.iter().map(|weight| fine(*weight)).collect::<Result<_, _>>()?;
    let sum = weights.iter().try_fold(0_i128, |sum, weight| sum.checked_add(*weight));
    let sum = sum.ok_or(AmountError::OutOfRange)?;
    let mut shares = Vec::new();
    let (mut passed, mut given) = (0_i128, 0_i128);
    for weight in weights {
        passed = passed.checked_add(weight).ok_or(AmountError::OutOfRange)?;
        let upto = whole.checked_mul(passed).ok_or(AmountError::OutOfRange)?.checked_div(sum).unwrap_or(0);
        let share = upto.checked_sub(given).ok_or(AmountError::OutOfRange)?;
        given = upto;
        shares.push(Amount::parse(&format!("{share}e-{SPREAD_PLACES}"))?);
    }
    Ok(shares)
}
