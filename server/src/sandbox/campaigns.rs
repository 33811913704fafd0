//! What the back office would hold, as the campaigns file says it.

use std::collections::BTreeMap;

use cartwright::amount::Amount;
use cartwright::model::CartItem;
use cartwright::model::json::{Object, Value};
use time::OffsetDateTime;

use crate::sandbox::books::Books;
use crate::sandbox::file;
use crate::strict::{Misfit, Node};

/// The campaigns that are used when no file is given.
pub const DEFAULT: &str = include_str!("../../campaigns/default.json");

/// Everything that the back office declares.
#[derive(Debug, Clone)]
pub struct Campaigns {
    /// The owning Application.
    pub application_id: i64,
    /// The owning account.
    pub account_id: i64,
    /// Whether a discount that passes its limit is cut instead of refused.
    pub partial_discounts: bool,
    /// Declared session attributes and their types.
    pub session_attributes: BTreeMap<String, AttributeType>,
    /// Declared item attributes and their types.
    pub item_attributes: BTreeMap<String, AttributeType>,
    /// Declared additional costs.
    pub additional_costs: BTreeMap<String, Cost>,
    /// SKUs whose price need not be sent.
    pub catalog: BTreeMap<String, CatalogItem>,
    /// Profiles that exist before their first session.
    pub profiles: BTreeMap<String, Profile>,
    /// Loyalty programs.
    pub programs: Vec<Program>,
    /// Pools of giveaways.
    pub pools: Vec<Pool>,
    /// Achievements.
    pub achievements: Vec<Achievement>,
    /// Audiences.
    pub audiences: Vec<Audience>,
    /// Evaluation groups.
    pub groups: Vec<Group>,
    /// The campaigns, in the order in which their effects come.
    pub campaigns: Vec<Campaign>,
    /// What the books hold before any session: counters, points, redemptions of the file.
    pub start: Books,
}

/// The type of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributeType {
    /// Whether it is a list of such values.
    pub list: bool,
    /// What one value is.
    pub kind: Kind,
}

/// What one attribute value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// RFC 3339 text.
    Time,
    /// An object with a place on earth.
    Location,
}

/// A declared additional cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Internal number.
    pub id: i64,
    /// Whether a session may carry it.
    pub on_session: bool,
    /// Whether an item may carry it.
    pub on_items: bool,
}

/// A row of the catalogue.
#[derive(Debug, Clone)]
pub struct CatalogItem {
    /// Internal number.
    pub id: Option<i64>,
    /// Unit price.
    pub price: Amount,
    /// Display name.
    pub name: Option<String>,
}

/// A profile that exists before its first session.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Its attributes.
    pub attributes: Object,
}

/// A loyalty program.
#[derive(Debug, Clone)]
pub struct Program {
    /// Internal number.
    pub id: i64,
    /// API name.
    pub name: String,
    /// Visible name.
    pub title: String,
    /// Its tiers, lowest first.
    pub tiers: Vec<Tier>,
    /// Its cards; with any, points belong to the card of the session instead of its profile.
    pub cards: Vec<Card>,
}

/// A tier of a program.
#[derive(Debug, Clone)]
pub struct Tier {
    /// Internal number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Points from which it is held.
    pub from: Amount,
}

/// A loyalty card.
#[derive(Debug, Clone)]
pub struct Card {
    /// Internal number.
    pub id: i64,
    /// What the session sends.
    pub identifier: String,
}

/// A pool of giveaways.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Internal number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its codes, given out in this order.
    pub codes: Vec<String>,
}

/// An achievement.
#[derive(Debug, Clone)]
pub struct Achievement {
    /// Internal number.
    pub id: i64,
    /// API name.
    pub name: String,
    /// Visible name.
    pub title: String,
    /// Text.
    pub description: String,
    /// The progress that completes it.
    pub target: Amount,
}

/// An audience.
#[derive(Debug, Clone)]
pub struct Audience {
    /// Internal number.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// An evaluation group.
#[derive(Debug, Clone)]
pub struct Group {
    /// Internal number.
    pub id: i64,
    /// Which of its campaigns count.
    pub mode: Mode,
}

/// Which campaigns of a group count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All of them.
    Stackable,
    /// The one that gives most.
    HighestDiscount,
    /// The first one that gives anything.
    First,
}

impl Mode {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Stackable => "stackable",
            Mode::HighestDiscount => "highestDiscount",
            Mode::First => "first",
        }
    }
}

/// Whether a campaign runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It runs within its times.
    Enabled,
    /// It does not run.
    Disabled,
    /// It is not even looked at.
    Archived,
}

/// A campaign. With codes, its rules run when one of them is accepted; without, always.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Internal number.
    pub id: i64,
    /// Name, for the back office.
    pub name: String,
    /// Text.
    pub description: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// Whether it runs.
    pub status: Status,
    /// It runs from here.
    pub start_time: Option<OffsetDateTime>,
    /// It runs until here.
    pub end_time: Option<OffsetDateTime>,
    /// The stores that it is tied to; none ties it to no store.
    pub stores: Vec<String>,
    /// Its evaluation group.
    pub group: Option<i64>,
    /// Redemptions of all its codes together, 0 = no limit.
    pub redemption_limit: u64,
    /// The same for one profile.
    pub profile_limit: u64,
    /// Number of its ruleset.
    pub ruleset_id: i64,
    /// Whether a return may evaluate it again.
    pub reevaluate_on_return: bool,
    /// Coupons.
    pub coupons: Vec<Code>,
    /// Referrals.
    pub referrals: Vec<Code>,
    /// Rules, in order.
    pub rules: Vec<Rule>,
}

/// A coupon or a referral.
#[derive(Debug, Clone)]
pub struct Code {
    /// Internal number.
    pub id: i64,
    /// The code itself; compared exactly.
    pub value: String,
    /// Valid from.
    pub start_date: Option<OffsetDateTime>,
    /// Valid until.
    pub expiry_date: Option<OffsetDateTime>,
    /// Redemptions allowed, 0 = no limit.
    pub usage_limit: u64,
    /// Redemptions allowed to one profile, 0 = no limit.
    pub profile_limit: u64,
    /// Whether the session must have a profile.
    pub profile_required: bool,
    /// Whether the profile must have reserved it.
    pub reservation_mandatory: bool,
    /// All that a coupon may take off.
    pub discount_limit: Option<Amount>,
    /// The only profile that may use it: the recipient of a coupon, the friend of a referral.
    pub recipient: Option<String>,
    /// Who invites with a referral.
    pub advocate: Option<String>,
    /// Custom attributes.
    pub attributes: Object,
    /// Refused with these words, whatever the session is.
    pub rejected: Option<Refused>,
}

/// The words of a refusal that no rule of the sandbox gives by itself.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Why.
    pub rejection_reason: String,
    /// Why its campaign was left out.
    pub campaign_exclusion_reason: Option<String>,
    /// Free text.
    pub details: Option<String>,
}

/// A rule: when all its conditions hold, it gives all its effects.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, repeated in each of its effects.
    pub name: String,
    /// Its conditions, in order.
    pub conditions: Vec<Condition>,
    /// What it gives.
    pub rewards: Vec<Reward>,
}

/// Which lines something is about; without sku and category, all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// Lines of this SKU.
    pub sku: Option<String>,
    /// Lines of this category.
    pub category: Option<String>,
}

impl Selector {
    /// Whether a line is meant.
    pub fn selects(&self, item: &CartItem) -> bool {
        (self.sku.is_none() || self.sku == item.sku)
            && (self.category.is_none() || self.category == item.category)
    }
}

/// The ledger of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The program.
    pub program: i64,
    /// The subledger; empty for the main one.
    pub sub_ledger: String,
}

/// What a rule asks of a session.
#[derive(Debug, Clone)]
pub enum Condition {
    /// `cartItemTotal` within bounds.
    CartItemTotal {
        /// At least.
        from: Option<Amount>,
        /// Less than.
        below: Option<Amount>,
    },
    /// At least so many units of these lines.
    Items {
        /// The lines.
        items: Selector,
        /// How many.
        from: u64,
    },
    /// A session attribute has this value.
    Attribute {
        /// Its name.
        name: String,
        /// The value.
        equals: Value,
    },
    /// At least so many identifiers.
    Identifiers {
        /// How many.
        from: u64,
    },
    /// The profile is one of these.
    ProfileId(Vec<String>),
    /// The profile belongs to an audience.
    Audience(i64),
    /// So many points can be spent.
    Points {
        /// Where they are.
        ledger: Ledger,
        /// At least.
        from: Amount,
    },
    /// The session is, or is being, in this state.
    State(String),
}

/// A part of an amount, or an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// 1 to 100 hundredths.
    Percent(u64),
    /// An amount.
    Amount(Amount),
}

/// What a rule gives. The fields of each are those of its props.
#[derive(Debug, Clone)]
pub enum Reward {
    /// `setDiscount`: a part of `cartItemTotal`, or an amount that is at most that.
    Discount {
        /// Label.
        name: String,
        /// How much.
        part: Part,
        /// Told in the effect where the file says it.
        scope: Option<String>,
    },
    /// `setDiscountPerItem`: off each unit, at most its price.
    ItemDiscount {
        /// Label; `#` and the position are added.
        name: String,
        /// How much off one unit.
        part: Part,
        /// Which lines.
        items: Selector,
        /// Told in the effect where the file says it.
        scope: Option<String>,
        /// Told in the effect where the file says it.
        excluded_from_price_history: Option<bool>,
        /// Only units that make a bundle with a unit of other lines.
        bundle: Option<Bundle>,
    },
    /// `setDiscountPerItem`: an amount spread over units by their prices.
    ProRata {
        /// Label; `#` and the position are added.
        name: String,
        /// The whole amount, at most what the units cost.
        total: Amount,
        /// Which lines.
        items: Selector,
    },
    /// `setDiscountPerAdditionalCost`: off a cost of the session.
    CostDiscount {
        /// Label.
        name: String,
        /// API name of the cost.
        additional_cost: String,
        /// How much of it.
        part: Part,
    },
    /// `setDiscountPerAdditionalCostPerItem`: off a cost of lines.
    ItemCostDiscount {
        /// Label; `#` and the position are added.
        name: String,
        /// API name of the cost.
        additional_cost: String,
        /// How much of it.
        part: Part,
        /// Which lines.
        items: Selector,
    },
    /// `addFreeItem`
    FreeItem {
        /// SKU to add; none repeats the line that was bought.
        sku: Option<String>,
        /// Description.
        name: String,
        /// Units wished for.
        quantity: u64,
        /// Units given at most.
        at_most: Option<u64>,
        /// Given for each so many units of one of these lines that cost something.
        for_each: Option<(u64, Selector)>,
    },
    /// `showNotification`; `{missing}` in its body is what `cartItemTotal` lacks to the rule's `below`.
    Notification {
        /// `Info`, `Offer`, `Error` or `Misc`.
        notification_type: String,
        /// Headline.
        title: String,
        /// Text.
        body: String,
    },
    /// `couponCreated`
    CreateCoupon {
        /// Its code; each `#` becomes a digit.
        value: String,
    },
    /// `referralCreated`
    CreateReferral {
        /// Its code; each `#` becomes a digit.
        value: String,
    },
    /// `reserveCoupon`
    ReserveCoupon {
        /// The code.
        value: String,
    },
    /// `addLoyaltyPoints`, and `changeLoyaltyTierLevel` where they lift a tier.
    AddPoints {
        /// Reason.
        name: String,
        /// Where to.
        ledger: Ledger,
        /// How many.
        points: Points,
        /// At most.
        at_most: Option<Amount>,
        /// Props that go over as they stand: dates, life span, activation.
        props: Object,
    },
    /// `deductLoyaltyPoints`
    DeductPoints {
        /// Reason.
        name: String,
        /// Where from.
        ledger: Ledger,
        /// How many; not given where there are fewer.
        points: Amount,
    },
    /// `willAwardGiveaway` while open, `awardGiveaway` at the closing.
    Giveaway {
        /// The pool.
        pool: i64,
    },
    /// `increaseAchievementProgress`, after `startAchievementProgress` where there was none.
    Progress {
        /// The achievement.
        achievement: i64,
        /// How much.
        delta: Amount,
    },
    /// `customEffect`
    Custom {
        /// Number, name and payload.
        props: Object,
        /// For each unit of these lines; none for the session.
        items: Option<Selector>,
    },
    /// `addToAudience` or `removeFromAudience`
    Audience {
        /// The audience.
        audience: i64,
        /// Whether the profile joins.
        joins: bool,
    },
    /// `showBundleMetadata`
    BundleMetadata {
        /// Text and attributes.
        props: Object,
        /// The lines of the bundle.
        items: Selector,
    },
    /// `unlockReward` or `useReward`
    Reward {
        /// The reward.
        id: i64,
        /// Whether it is used; else unlocked.
        used: bool,
    },
    /// An effect whose props are those of the file.
    Plain {
        /// `updateAttribute`, `triggerWebhook`, `error`, `redeemReferral`,
        /// `extendLoyaltyPointsExpiryDate` or `setLoyaltyPointsExpiryDate`.
        effect_type: &'static str,
        /// Its props.
        props: Object,
    },
}

/// Units that are discounted only together with others.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// Its name.
    pub name: String,
    /// The lines whose units make bundles with the discounted ones.
    pub with: Selector,
}

/// How many points.
#[derive(Debug, Clone)]
pub enum Points {
    /// So many.
    Fixed(Amount),
    /// So many for each unit of currency of `cartItemTotal`.
    PerCurrencyUnit(u64),
    /// So many for each unit of these lines.
    PerItem(Amount, Selector),
}

impl Campaigns {
    /// Reads a campaigns file; the error says where it is wrong.
    pub fn parse(text: &str) -> Result<Campaigns, Misfit> {
        let value = Value::parse(text).map_err(|error| Misfit {
            pointer: String::new(),
            wanted: format!("not JSON, at byte {}", error.offset),
        })?;
        file::read(&Node::root(&value))
    }

    /// The coupon of that code, with its campaign.
    pub fn coupon(&self, value: &str) -> Option<(&Campaign, &Code)> {
        self.find(value, |campaign| &campaign.coupons)
    }

    /// The referral of that code, with its campaign.
    pub fn referral(&self, value: &str) -> Option<(&Campaign, &Code)> {
        self.find(value, |campaign| &campaign.referrals)
    }

    fn find(&self, value: &str, codes: impl Fn(&Campaign) -> &Vec<Code>) -> Option<(&Campaign, &Code)> {
        self.campaigns.iter().find_map(|campaign| {
            let code = codes(campaign).iter().find(|code| code.value == value)?;
            Some((campaign, code))
        })
    }

    /// The program of that number.
    pub fn program(&self, id: i64) -> Option<&Program> {
        self.programs.iter().find(|program| program.id == id)
    }

    /// The group of a campaign.
    pub fn group(&self, campaign: &Campaign) -> Option<&Group> {
        self.groups.iter().find(|group| Some(group.id) == campaign.group)
    }
}
