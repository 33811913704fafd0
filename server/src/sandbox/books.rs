//! What sessions that were closed used up and earned: redemptions, points, giveaways, progress.
//!
//! The books are a sum over sessions of [`entries`], so that whoever stores a session only has to
//! add the [`difference`] that its change makes.

use std::collections::BTreeMap;

use cartwright::amount::Amount;
use cartwright::draft::state::State;
use cartwright::model::json::Value;
use cartwright::model::{CustomerSessionV2, Effect};

use crate::sandbox::returns;
use crate::sandbox::rules::Stored;

/// The owner of what counts for everybody.
pub(crate) const EVERYBODY: &str = "all";

/// A profile as an owner.
pub(crate) fn profile(id: &str) -> String {
    format!("profile {id}")
}

/// A loyalty card as an owner.
pub(crate) fn card(identifier: &str) -> String {
    format!("card {identifier}")
}

/// Names of accounts.
pub(crate) mod account {
    /// Redemptions of a coupon.
    pub(crate) fn coupon(code: &str) -> String {
        format!("coupon {code}")
    }

    /// Reservations of a coupon.
    pub(crate) fn reservation(code: &str) -> String {
        format!("reservation {code}")
    }

    /// What a coupon has taken off.
    pub(crate) fn discount(coupon: i64) -> String {
        format!("discount {coupon}")
    }

    /// Redemptions of a referral.
    pub(crate) fn referral(code: &str) -> String {
        format!("referral {code}")
    }

    /// Redemptions of all codes of a campaign.
    pub(crate) fn campaign(id: i64) -> String {
        format!("campaign {id}")
    }

    /// Points that can be spent.
    pub(crate) fn points(program: i64, sub_ledger: &str) -> String {
        format!("points {program} {sub_ledger}")
    }

    /// Points that wait for an activation.
    pub(crate) fn pending(program: i64, sub_ledger: &str) -> String {
        format!("pending {program} {sub_ledger}")
    }

    /// Codes that a pool of giveaways has given out.
    pub(crate) fn giveaways(pool: i64) -> String {
        format!("giveaways {pool}")
    }

    /// Progress of an achievement.
    pub(crate) fn achievement(id: i64) -> String {
        format!("achievement {id}")
    }

    /// Membership of an audience, 1 or 0.
    pub(crate) fn audience(id: i64) -> String {
        format!("audience {id}")
    }

    /// How often a profile was referred.
    pub(crate) const REFERRED: &str = "referred";
    /// Sessions that a profile closed.
    pub(crate) const CLOSED_SESSIONS: &str = "closedSessions";
    /// What a profile spent, before discounts.
    pub(crate) const TOTAL_SALES: &str = "totalSales";
}

/// Amounts by owner and account; what is missing is zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Books(BTreeMap<(String, String), Amount>);

impl Books {
    /// The amount of an account.
    pub fn get(&self, owner: &str, account: &str) -> Amount {
        self.0.get(&(owner.to_string(), account.to_string())).copied().unwrap_or_default()
    }

    /// Adds to an account; a sum beyond the range of an amount leaves it as it is.
    pub fn add(&mut self, owner: &str, account: &str, amount: Amount) {
        let sum = self.0.entry((owner.to_string(), account.to_string())).or_default();
        *sum = sum.add(amount).unwrap_or(*sum);
    }

    /// Owner, account and amount of every entry that is not zero.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, Amount)> {
        let entries = self.0.iter().filter(|(_, amount)| **amount != Amount::ZERO);
        entries.map(|((owner, account), amount)| (owner.as_str(), account.as_str(), *amount))
    }

    /// Adds all entries of other books.
    pub fn add_all(&mut self, other: &Books) {
        for (owner, account, amount) in other.iter() {
            self.add(owner, account, amount);
        }
    }

    /// Takes all entries of other books off.
    pub fn subtract_all(&mut self, other: &Books) {
        for (owner, account, amount) in other.iter() {
            self.add(owner, account, negative(amount));
        }
    }

    /// Adds what an effect books for the profile of its session.
    pub(crate) fn add_effect(&mut self, effect: &Effect, profile_id: &str) {
        let Some(props) = &effect.props else { return };
        let text = |name: &str| props.get(name).and_then(Value::as_str).unwrap_or_default();
        let integer = |name: &str| props.get(name).and_then(Value::as_integer).unwrap_or_default();
        let amount = |name: &str| match props.get(name) {
            Some(Value::Number(digits)) => Amount::parse(digits).unwrap_or_default(),
            _ => Amount::ZERO,
        };
        let one = cartwright::amount::ONE;
        let owner = profile(profile_id);
        let holder = |recipient: &str| match text("cardIdentifier") {
            "" => profile(recipient),
            identifier => card(identifier),
        };
        let campaign = account::campaign(effect.campaign_id.unwrap_or_default());
        match effect.effect_type.as_deref().unwrap_or_default() {
            "acceptCoupon" => {
                self.for_both(&owner, &account::coupon(text("value")), one);
                self.for_both(&owner, &campaign, one);
            }
            "acceptReferral" => {
                self.for_both(&owner, &account::referral(text("value")), one);
                self.for_both(&owner, &campaign, one);
                self.add(&owner, account::REFERRED, one);
            }
            "setDiscount"
            | "setDiscountPerItem"
            | "setDiscountPerAdditionalCost"
            | "setDiscountPerAdditionalCostPerItem" => {
                if let Some(coupon) = effect.triggered_by_coupon {
                    self.add(EVERYBODY, &account::discount(coupon), amount("value"));
                }
            }
            "addLoyaltyPoints" => {
                let waits = props.get("awaitsActivation") == Some(&Value::Bool(true));
                let account = if waits { account::pending } else { account::points };
                let account = account(integer("programId"), text("subLedgerId"));
                self.add(&holder(text("recipientIntegrationId")), &account, amount("value"));
            }
            "deductLoyaltyPoints" => {
                let account = account::points(integer("programId"), text("subLedgerId"));
                self.add(&holder(profile_id), &account, negative(amount("value")));
            }
            "awardGiveaway" => self.add(EVERYBODY, &account::giveaways(integer("poolId")), one),
            "increaseAchievementProgress" => {
                self.add(&owner, &account::achievement(integer("achievementId")), amount("delta"));
            }
            "reserveCoupon" => {
                let owner = profile(text("profileIntegrationId"));
                self.for_both(&owner, &account::reservation(text("couponValue")), one);
            }
            "addToAudience" => self.add(&owner, &account::audience(integer("audienceId")), one),
            "removeFromAudience" => {
                self.add(&owner, &account::audience(integer("audienceId")), negative(one));
            }
            _ => {}
        }
    }

    fn for_both(&mut self, owner: &str, account: &str, amount: Amount) {
        self.add(EVERYBODY, account, amount);
        self.add(owner, account, amount);
    }
}

fn negative(amount: Amount) -> Amount {
    Amount::ZERO.subtract(amount).unwrap_or_default()
}

/// Whose accounts the rules look at for a session of that profile and these cards.
pub fn owners(profile_id: &str, cards: &[String]) -> Vec<String> {
    let cards = cards.iter().map(|identifier| card(identifier));
    [EVERYBODY.to_string(), profile(profile_id)].into_iter().chain(cards).collect()
}

/// All that a session has booked.
pub fn entries(stored: &Stored) -> Books {
    let mut books = Books::default();
    let profile_id = stored.session.profile_id.as_deref().unwrap_or_default();
    for effect in &stored.kept {
        books.add_effect(effect, profile_id);
    }
    let state = State::from_word(stored.session.state.as_deref().unwrap_or_default());
    if [State::Closed, State::PartiallyReturned].contains(&state) {
        for effect in stored.effects.iter().filter(|effect| !stored.kept.contains(effect)) {
            books.add_effect(effect, profile_id);
        }
        let owner = profile(profile_id);
        books.add(&owner, account::CLOSED_SESSIONS, cartwright::amount::ONE);
        books.add(&owner, account::TOTAL_SALES, sales(&stored.session));
    }
    books
}

/// The total of a session without what was returned.
fn sales(session: &CustomerSessionV2) -> Amount {
    let mut sales = session.total.unwrap_or_default();
    for item in session.cart_items.iter().flatten() {
        let returned = u64::try_from(returns::kept(item).start).unwrap_or_default();
        let back = item.price.unwrap_or_default().times(returned).unwrap_or_default();
        sales = sales.subtract(back).unwrap_or(sales);
    }
    sales
}

/// What the books gain when a session becomes another one.
pub fn difference(before: Option<&Stored>, after: &Stored) -> Books {
    let mut difference = entries(after);
    difference.subtract_all(&before.map(entries).unwrap_or_default());
    difference
}
