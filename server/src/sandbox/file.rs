//! Reads the campaigns file; `campaigns/schema.json` says the same for editors.

use std::collections::{BTreeMap, BTreeSet};

use cartwright::amount::{Amount, ONE};
use cartwright::model::json::{Object, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::sandbox::books::{self, Books, EVERYBODY, account};
use crate::sandbox::campaigns::{
    Achievement, AttributeType, Audience, Bundle, Campaign, Campaigns, Card, CatalogItem, Code, Condition,
    Cost, Group, Kind, Ledger, Mode, Part, Points, Pool, Profile, Program, Refused, Reward, Rule, Selector,
    Status, Tier,
};
use crate::strict::{Misfit, Node};

/// Largest count of a limit or a counter (API reference, section 7: `usageLimit`).
const MAX_COUNT: u64 = 999_999;

/// Longest code (API reference, section 7).
const MAX_CODE: usize = 100;

/// Most units that one effect of the file gives for nothing; each of them is an effect of its own.
const MAX_FREE: u64 = 100;

/// What a reading gathers beside the campaigns.
struct Reader<'n> {
    start: Books,
    /// Numbers and codes that must be the only ones of their kind.
    known: BTreeSet<String>,
    /// Names that are used, each with its place, to be looked up when all is read.
    uses: Vec<(Node<'n>, Use)>,
}

/// Something that must be declared elsewhere in the file.
enum Use {
    Cost(String),
    Program(i64),
    Pool(i64),
    Achievement(i64),
    Audience(i64),
    Group(i64),
    Attribute(String),
}

pub(crate) fn read(file: &Node<'_>) -> Result<Campaigns, Misfit> {
    file.only(&[
        "$schema",
        "applicationId",
        "accountId",
        "partialDiscounts",
        "attributes",
        "additionalCosts",
        "catalog",
        "loyaltyPrograms",
        "giveawayPools",
        "achievements",
        "audiences",
        "profiles",
        "evaluationGroups",
        "campaigns",
    ])?;
    file.optional("$schema", Node::text)?;
    let attributes = file.required("attributes")?;
    attributes.only(&["session", "item"])?;
    let mut reader = Reader { start: Books::default(), known: BTreeSet::new(), uses: Vec::new() };
    let campaigns = Campaigns {
        application_id: file.required("applicationId")?.integer()?,
        account_id: file.optional("accountId", Node::integer)?.unwrap_or(1),
        partial_discounts: flag(file, "partialDiscounts")?,
        session_attributes: table(&attributes, "session", attribute_type)?,
        item_attributes: table(&attributes, "item", attribute_type)?,
        additional_costs: table(file, "additionalCosts", cost)?,
        catalog: table(file, "catalog", catalog_item)?,
        programs: file.each("loyaltyPrograms", |node| reader.program(node))?,
        pools: file.each("giveawayPools", pool)?,
        achievements: file.each("achievements", achievement)?,
        audiences: file.each("audiences", audience)?,
        profiles: table(file, "profiles", |node| reader.profile(node))?,
        groups: file.each("evaluationGroups", group)?,
        campaigns: file.each("campaigns", |node| reader.campaign(node))?,
        start: Books::default(),
    };
    for (node, used) in &reader.uses {
        check(node, used, &campaigns)?;
    }
    Ok(Campaigns { start: reader.start, ..campaigns })
}

/// Something that is used must be declared.
fn check(node: &Node<'_>, used: &Use, campaigns: &Campaigns) -> Result<(), Misfit> {
    let (known, kind) = match used {
        Use::Cost(name) => (campaigns.additional_costs.contains_key(name), "additional cost"),
        Use::Attribute(name) => (campaigns.session_attributes.contains_key(name), "session attribute"),
        Use::Program(id) => (campaigns.program(*id).is_some(), "loyalty program"),
        Use::Pool(id) => (campaigns.pools.iter().any(|pool| pool.id == *id), "giveaway pool"),
        Use::Achievement(id) => (campaigns.achievements.iter().any(|one| one.id == *id), "achievement"),
        Use::Audience(id) => (campaigns.audiences.iter().any(|one| one.id == *id), "audience"),
        Use::Group(id) => (campaigns.groups.iter().any(|group| group.id == *id), "evaluation group"),
    };
    if known { Ok(()) } else { node.misfit(format!("this {kind} is not declared in the file")) }
}

fn table<'n, T>(
    parent: &Node<'n>,
    name: &str,
    mut read: impl FnMut(&Node<'n>) -> Result<T, Misfit>,
) -> Result<BTreeMap<String, T>, Misfit> {
    let Some(node) = parent.member(name) else {
        return Ok(BTreeMap::new());
    };
    let entry = |(name, node): (&str, Node<'n>)| Ok((name.to_string(), read(&node)?));
    node.entries()?.into_iter().map(entry).collect()
}

fn flag(node: &Node<'_>, name: &str) -> Result<bool, Misfit> {
    Ok(node.optional(name, Node::boolean)?.unwrap_or(false))
}

fn count(node: &Node<'_>, name: &str) -> Result<u64, Misfit> {
    node.optional(name, |node| match node.count(0)? {
        count if count <= MAX_COUNT => Ok(count),
        _ => node.misfit(format!("a number up to {MAX_COUNT} is expected")),
    })
    .map(Option::unwrap_or_default)
}

fn texts(node: &Node<'_>, name: &str) -> Result<Vec<String>, Misfit> {
    node.each(name, Node::text)
}

fn object(node: &Node<'_>) -> Result<Object, Misfit> {
    match node.value {
        Value::Object(object) => Ok(object.clone()),
        _ => node.misfit("an object is expected"),
    }
}

/// An amount that is not negative.
fn amount(node: &Node<'_>) -> Result<Amount, Misfit> {
    match node.amount()? {
        amount if !amount.is_negative() => Ok(amount),
        _ => node.misfit("an amount from 0 up is expected"),
    }
}

fn date_time(node: &Node<'_>) -> Result<OffsetDateTime, Misfit> {
    match OffsetDateTime::parse(&node.text()?, &Rfc3339) {
        Ok(date) => Ok(date),
        Err(_) => node.misfit("an RFC 3339 date and time is expected"),
    }
}

/// One of these words.
fn word(node: &Node<'_>, words: &[&'static str]) -> Result<&'static str, Misfit> {
    let text = node.text()?;
    match words.iter().find(|word| **word == text) {
        Some(word) => Ok(word),
        None => node.misfit(format!("one of {} is expected", words.join(", "))),
    }
}

fn attribute_type(node: &Node<'_>) -> Result<AttributeType, Misfit> {
    let text = node.text()?;
    let inner = text.strip_prefix("(list ").and_then(|rest| rest.strip_suffix(')'));
    let kind = match inner.unwrap_or(&text) {
        "string" => Kind::String,
        "number" => Kind::Number,
        "boolean" if inner.is_none() => Kind::Boolean,
        "time" => Kind::Time,
        "location" => Kind::Location,
        _ => {
            return node.misfit(
                "an attribute type is expected: string, number, boolean, time, location, \
                 or (list string), (list number), (list time), (list location)",
            );
        }
    };
    Ok(AttributeType { list: inner.is_some(), kind })
}

fn cost(node: &Node<'_>) -> Result<Cost, Misfit> {
    node.only(&["id", "type"])?;
    let kind = word(&node.required("type")?, &["session", "item", "both"])?;
    Ok(Cost { id: node.required("id")?.integer()?, on_session: kind != "item", on_items: kind != "session" })
}

fn catalog_item(node: &Node<'_>) -> Result<CatalogItem, Misfit> {
    node.only(&["id", "price", "name"])?;
    Ok(CatalogItem {
        id: node.optional("id", Node::integer)?,
        price: node.required("price")?.amount()?,
        name: node.optional("name", Node::text)?,
    })
}

fn pool(node: &Node<'_>) -> Result<Pool, Misfit> {
    node.only(&["id", "name", "codes"])?;
    Ok(Pool {
        id: node.required("id")?.integer()?,
        name: node.required("name")?.text()?,
        codes: texts(node, "codes")?,
    })
}

fn achievement(node: &Node<'_>) -> Result<Achievement, Misfit> {
    node.only(&["id", "name", "title", "description", "target"])?;
    let text = |name: &str| node.required(name)?.text();
    Ok(Achievement {
        id: node.required("id")?.integer()?,
        name: text("name")?,
        title: text("title")?,
        description: text("description")?,
        target: amount(&node.required("target")?)?,
    })
}

fn audience(node: &Node<'_>) -> Result<Audience, Misfit> {
    node.only(&["id", "name"])?;
    Ok(Audience { id: node.required("id")?.integer()?, name: node.required("name")?.text()? })
}

fn group(node: &Node<'_>) -> Result<Group, Misfit> {
    node.only(&["id", "mode"])?;
    let modes = [Mode::Stackable, Mode::HighestDiscount, Mode::First];
    let mode = word(&node.required("mode")?, &modes.map(Mode::as_str))?;
    let mode = modes.into_iter().find(|one| one.as_str() == mode).unwrap_or(Mode::Stackable);
    Ok(Group { id: node.required("id")?.integer()?, mode })
}

fn tier(node: &Node<'_>) -> Result<Tier, Misfit> {
    node.only(&["id", "name", "from"])?;
    Ok(Tier {
        id: node.required("id")?.integer()?,
        name: node.required("name")?.text()?,
        from: amount(&node.required("from")?)?,
    })
}

fn refused(node: &Node<'_>) -> Result<Refused, Misfit> {
    node.only(&["rejectionReason", "campaignExclusionReason", "details"])?;
    Ok(Refused {
        rejection_reason: node.required("rejectionReason")?.text()?,
        campaign_exclusion_reason: node.optional("campaignExclusionReason", Node::text)?,
        details: node.optional("details", Node::text)?,
    })
}

/// The names by which props tell lines.
const SELECTOR: [&str; 2] = ["sku", "category"];

fn selector(node: &Node<'_>) -> Result<Selector, Misfit> {
    Ok(Selector { sku: node.optional("sku", Node::text)?, category: node.optional("category", Node::text)? })
}

fn selected(node: &Node<'_>) -> Result<Selector, Misfit> {
    node.only(&SELECTOR)?;
    selector(node)
}

/// `percent` or `amount`; none where neither stands there.
fn part(props: &Node<'_>) -> Result<Option<Part>, Misfit> {
    match (props.member("percent"), props.member("amount")) {
        (Some(percent), None) => match percent.count(1)? {
            hundredths if hundredths <= 100 => Ok(Some(Part::Percent(hundredths))),
            _ => percent.misfit("at most 100 is expected"),
        },
        (None, Some(node)) => Ok(Some(Part::Amount(amount(&node)?))),
        (None, None) => Ok(None),
        _ => props.misfit("either percent or amount is expected"),
    }
}

fn needed<T>(props: &Node<'_>, found: Option<T>) -> Result<T, Misfit> {
    found.map_or_else(|| props.misfit("either percent or amount is expected"), Ok)
}

/// Effects whose props are those of the file: which there are, and whether they are required.
type Plain = (&'static str, &'static [(&'static str, Form, bool)]);

#[derive(Clone, Copy)]
enum Form {
    Text,
    Integer,
    Time,
    Any,
    Program,
    SubLedger,
}

const PLAIN: [Plain; 6] = [
    ("updateAttribute", &[("path", Form::Text, true), ("value", Form::Any, true)]),
    ("triggerWebhook", &[("webhookId", Form::Integer, true), ("webhookName", Form::Text, true)]),
    ("error", &[("message", Form::Text, true)]),
    ("redeemReferral", &[("id", Form::Integer, true), ("value", Form::Text, true)]),
    (
        "extendLoyaltyPointsExpiryDate",
        &[
            ("programId", Form::Program, true),
            ("subLedgerId", Form::SubLedger, false),
            ("extensionDuration", Form::Text, true),
        ],
    ),
    (
        "setLoyaltyPointsExpiryDate",
        &[
            ("programId", Form::Program, true),
            ("subLedgerId", Form::SubLedger, false),
            ("newExpiryDate", Form::Time, true),
        ],
    ),
];

/// The other effects that a rule can give.
const KINDS: [&str; 18] = [
    "setDiscount",
    "setDiscountPerItem",
    "setDiscountPerAdditionalCost",
    "setDiscountPerAdditionalCostPerItem",
    "addFreeItem",
    "showNotification",
    "couponCreated",
    "referralCreated",
    "reserveCoupon",
    "addLoyaltyPoints",
    "deductLoyaltyPoints",
    "awardGiveaway",
    "increaseAchievementProgress",
    "customEffect",
    "addToAudience",
    "removeFromAudience",
    "showBundleMetadata",
    "unlockReward",
];

impl<'n> Reader<'n> {
    fn uses(&mut self, node: Node<'n>, used: Use) {
        self.uses.push((node, used));
    }

    /// The number of something, which nothing else of its kind has.
    fn unique(&mut self, node: &Node<'n>, kind: &str) -> Result<i64, Misfit> {
        let node = node.required("id")?;
        let id = node.integer()?;
        if self.known.insert(format!("{kind} id {id}")) {
            return Ok(id);
        }
        node.misfit("this number stands in the file twice")
    }

    /// A number that stands for something declared elsewhere.
    fn number(&mut self, node: &Node<'n>, name: &str, used: fn(i64) -> Use) -> Result<i64, Misfit> {
        let node = node.required(name)?;
        let id = node.integer()?;
        self.uses(node, used(id));
        Ok(id)
    }

    fn ledger(&mut self, node: &Node<'n>) -> Result<Ledger, Misfit> {
        Ok(Ledger {
            program: self.number(node, "programId", Use::Program)?,
            sub_ledger: node.optional("subLedgerId", Node::text)?.unwrap_or_default(),
        })
    }

    fn program(&mut self, node: &Node<'n>) -> Result<Program, Misfit> {
        node.only(&["id", "name", "title", "tiers", "cards"])?;
        let id = self.unique(node, "program")?;
        let mut tiers = node.each("tiers", tier)?;
        tiers.sort_by_key(|tier| tier.from);
        Ok(Program {
            id,
            name: node.required("name")?.text()?,
            title: node.required("title")?.text()?,
            tiers,
            cards: node.each("cards", |node| self.card(node, id))?,
        })
    }

    fn card(&mut self, node: &Node<'n>, program: i64) -> Result<Card, Misfit> {
        node.only(&["id", "identifier", "points"])?;
        let identifier = node.required("identifier")?.text()?;
        let points = node.optional("points", amount)?.unwrap_or_default();
        self.start.add(&books::card(&identifier), &account::points(program, ""), points);
        Ok(Card { id: node.required("id")?.integer()?, identifier })
    }

    fn profile(&mut self, node: &Node<'n>) -> Result<Profile, Misfit> {
        node.only(&[
            "attributes",
            "audiences",
            "coupons",
            "referrals",
            "reservations",
            "points",
            "achievements",
        ])?;
        let id = node.pointer.rsplit_once('/').map(|(_, id)| id.replace("~1", "/").replace("~0", "~"));
        let owner = books::profile(&id.unwrap_or_default());
        for audience in node.each("audiences", |node| Ok(node.clone()))? {
            let id = audience.integer()?;
            self.start.add(&owner, &account::audience(id), ONE);
            self.uses(audience, Use::Audience(id));
        }
        for code in texts(node, "coupons")? {
            self.start.add(&owner, &account::coupon(&code), ONE);
        }
        for code in texts(node, "referrals")? {
            self.start.add(&owner, &account::referral(&code), ONE);
            self.start.add(&owner, account::REFERRED, ONE);
        }
        for code in texts(node, "reservations")? {
            self.start.add(&owner, &account::reservation(&code), ONE);
        }
        node.each("points", |node| {
            node.only(&["programId", "subLedgerId", "points"])?;
            let ledger = self.ledger(node)?;
            let points = amount(&node.required("points")?)?;
            self.start.add(&owner, &account::points(ledger.program, &ledger.sub_ledger), points);
            Ok(())
        })?;
        node.each("achievements", |node| {
            node.only(&["achievementId", "progress"])?;
            let id = self.number(node, "achievementId", Use::Achievement)?;
            let progress = amount(&node.required("progress")?)?;
            self.start.add(&owner, &account::achievement(id), progress);
            Ok(())
        })?;
        Ok(Profile { attributes: node.optional("attributes", object)?.unwrap_or_default() })
    }

    fn campaign(&mut self, node: &Node<'n>) -> Result<Campaign, Misfit> {
        node.only(&[
            "id",
            "name",
            "description",
            "tags",
            "state",
            "startTime",
            "endTime",
            "stores",
            "evaluationGroupId",
            "redemptionLimit",
            "redemptionCounter",
            "profileLimit",
            "rulesetId",
            "reevaluateOnReturn",
            "coupons",
            "referrals",
            "rules",
        ])?;
        let id = self.unique(node, "campaign")?;
        let redeemed = count(node, "redemptionCounter")?;
        self.start.add(EVERYBODY, &account::campaign(id), whole(redeemed));
        let state = node.optional("state", |node| word(node, &["enabled", "disabled", "archived"]))?;
        let group = match node.member("evaluationGroupId") {
            None => None,
            Some(_) => Some(self.number(node, "evaluationGroupId", Use::Group)?),
        };
        Ok(Campaign {
            id,
            name: node.required("name")?.text()?,
            description: node.optional("description", Node::text)?,
            tags: texts(node, "tags")?,
            status: match state {
                Some("disabled") => Status::Disabled,
                Some("archived") => Status::Archived,
                _ => Status::Enabled,
            },
            start_time: node.optional("startTime", date_time)?,
            end_time: node.optional("endTime", date_time)?,
            stores: texts(node, "stores")?,
            group,
            redemption_limit: count(node, "redemptionLimit")?,
            profile_limit: count(node, "profileLimit")?,
            ruleset_id: node.required("rulesetId")?.integer()?,
            reevaluate_on_return: flag(node, "reevaluateOnReturn")?,
            coupons: node.each("coupons", |node| self.coupon(node))?,
            referrals: node.each("referrals", |node| self.referral(node))?,
            rules: node.each("rules", |node| self.rule(node))?,
        })
    }

    fn coupon(&mut self, node: &Node<'n>) -> Result<Code, Misfit> {
        node.only(&[
            "id",
            "value",
            "startDate",
            "expiryDate",
            "usageLimit",
            "usageCounter",
            "profileLimit",
            "profileRequired",
            "isReservationMandatory",
            "discountLimit",
            "discountCounter",
            "recipientIntegrationId",
            "attributes",
            "rejected",
        ])?;
        let code = self.code(node, "value", "recipientIntegrationId")?;
        let used = count(node, "usageCounter")?;
        self.start.add(EVERYBODY, &account::coupon(&code.value), whole(used));
        let taken = node.optional("discountCounter", amount)?.unwrap_or_default();
        self.start.add(EVERYBODY, &account::discount(code.id), taken);
        Ok(Code {
            profile_limit: count(node, "profileLimit")?,
            profile_required: flag(node, "profileRequired")?,
            reservation_mandatory: flag(node, "isReservationMandatory")?,
            discount_limit: node.optional("discountLimit", amount)?,
            ..code
        })
    }

    fn referral(&mut self, node: &Node<'n>) -> Result<Code, Misfit> {
        node.only(&[
            "id",
            "code",
            "startDate",
            "expiryDate",
            "usageLimit",
            "usageCounter",
            "advocateProfileIntegrationId",
            "friendProfileIntegrationId",
            "attributes",
            "rejected",
        ])?;
        let code = self.code(node, "code", "friendProfileIntegrationId")?;
        let used = count(node, "usageCounter")?;
        self.start.add(EVERYBODY, &account::referral(&code.value), whole(used));
        Ok(Code { advocate: Some(node.required("advocateProfileIntegrationId")?.text()?), ..code })
    }

    /// What coupons and referrals have in common.
    fn code(&mut self, node: &Node<'n>, value: &str, recipient: &str) -> Result<Code, Misfit> {
        let value_node = node.required(value)?;
        let text = value_node.text()?;
        if text.is_empty() || text.chars().count() > MAX_CODE {
            return value_node.misfit(format!("a code of 1 to {MAX_CODE} characters is expected"));
        }
        if !self.known.insert(format!("{value} {text}")) {
            return value_node.misfit("this code stands in the file twice");
        }
        Ok(Code {
            id: self.unique(node, value)?,
            value: text,
            start_date: node.optional("startDate", date_time)?,
            expiry_date: node.optional("expiryDate", date_time)?,
            usage_limit: count(node, "usageLimit")?,
            profile_limit: 0,
            profile_required: false,
            reservation_mandatory: false,
            discount_limit: None,
            recipient: node.optional(recipient, Node::text)?,
            advocate: None,
            attributes: node.optional("attributes", object)?.unwrap_or_default(),
            rejected: node.optional("rejected", refused)?,
        })
    }

    fn rule(&mut self, node: &Node<'n>) -> Result<Rule, Misfit> {
        node.only(&["name", "when", "then"])?;
        let when = node.optional("when", Node::entries)?.unwrap_or_default();
        let conditions = when.iter().map(|(name, node)| self.condition(name, node));
        Ok(Rule {
            name: node.required("name")?.text()?,
            conditions: conditions.collect::<Result<_, Misfit>>()?,
            rewards: node.each("then", |node| self.reward(node))?,
        })
    }

    fn condition(&mut self, name: &str, node: &Node<'n>) -> Result<Condition, Misfit> {
        match name {
            "cartItemTotal" => {
                node.only(&["from", "below"])?;
                Ok(Condition::CartItemTotal {
                    from: node.optional("from", amount)?,
                    below: node.optional("below", amount)?,
                })
            }
            "items" => {
                node.only(&["sku", "category", "from"])?;
                let from = node.optional("from", |node| node.count(1))?.unwrap_or(1);
                Ok(Condition::Items { items: selector(node)?, from })
            }
            "attribute" => {
                node.only(&["name", "equals"])?;
                let attribute = node.required("name")?;
                let name = attribute.text()?;
                self.uses(attribute, Use::Attribute(name.clone()));
                Ok(Condition::Attribute { name, equals: node.required("equals")?.value.clone() })
            }
            "identifiers" => {
                node.only(&["from"])?;
                Ok(Condition::Identifiers { from: node.required("from")?.count(1)? })
            }
            "profileId" => {
                Ok(Condition::ProfileId(node.list()?.iter().map(Node::text).collect::<Result<_, _>>()?))
            }
            "audience" => {
                let id = node.integer()?;
                self.uses(node.clone(), Use::Audience(id));
                Ok(Condition::Audience(id))
            }
            "points" => {
                node.only(&["programId", "subLedgerId", "from"])?;
                Ok(Condition::Points { ledger: self.ledger(node)?, from: amount(&node.required("from")?)? })
            }
            "state" => Ok(Condition::State(word(node, &["open", "closed"])?.to_string())),
            _ => node.misfit(
                "unknown condition; known are cartItemTotal, items, attribute, identifiers, profileId, \
                 audience, points, state",
            ),
        }
    }

    fn reward(&mut self, node: &Node<'n>) -> Result<Reward, Misfit> {
        let kinds: Vec<&str> =
            KINDS.into_iter().chain(["useReward"]).chain(PLAIN.map(|(kind, _)| kind)).collect();
        node.only(&kinds)?;
        let entries = node.entries()?;
        let [(kind, props)] = entries.as_slice() else {
            return node.misfit("exactly one effect type is expected");
        };
        if let Some((effect_type, members)) = PLAIN.into_iter().find(|(plain, _)| plain == kind) {
            return self.plain(effect_type, members, props);
        }
        let text = |name: &str| props.required(name)?.text();
        match *kind {
            "setDiscount" => {
                props.only(&["name", "percent", "amount", "scope"])?;
                Ok(Reward::Discount {
                    name: text("name")?,
                    part: needed(props, part(props)?)?,
                    scope: scope(props, &["cartItems", "additionalCosts", "sessionTotal"])?,
                })
            }
            "setDiscountPerItem" => self.per_item(props),
            "setDiscountPerAdditionalCost" => {
                props.only(&["name", "additionalCost", "percent", "amount"])?;
                Ok(Reward::CostDiscount {
                    name: text("name")?,
                    additional_cost: self.cost(props)?,
                    part: part(props)?.unwrap_or(Part::Percent(100)),
                })
            }
            "setDiscountPerAdditionalCostPerItem" => {
                props.only(&["name", "additionalCost", "percent", "amount", "sku", "category"])?;
                Ok(Reward::ItemCostDiscount {
                    name: text("name")?,
                    additional_cost: self.cost(props)?,
                    part: part(props)?.unwrap_or(Part::Percent(100)),
                    items: selector(props)?,
                })
            }
            "addFreeItem" => free_item(props),
            "showNotification" => {
                props.only(&["notificationType", "title", "body"])?;
                Ok(Reward::Notification {
                    notification_type: text("notificationType")?,
                    title: text("title")?,
                    body: text("body")?,
                })
            }
            "couponCreated" | "referralCreated" => {
                props.only(&["value"])?;
                let value = text("value")?;
                if !(4..=MAX_CODE).contains(&value.chars().count()) {
                    return props.required("value")?.misfit("a code of 4 to 100 characters is expected");
                }
                Ok(match *kind {
                    "couponCreated" => Reward::CreateCoupon { value },
                    _ => Reward::CreateReferral { value },
                })
            }
            "reserveCoupon" => {
                props.only(&["couponValue"])?;
                Ok(Reward::ReserveCoupon { value: text("couponValue")? })
            }
            "addLoyaltyPoints" => self.add_points(props),
            "deductLoyaltyPoints" => {
                props.only(&["name", "programId", "subLedgerId", "points"])?;
                Ok(Reward::DeductPoints {
                    name: text("name")?,
                    ledger: self.ledger(props)?,
                    points: amount(&props.required("points")?)?,
                })
            }
            "awardGiveaway" => {
                props.only(&["poolId"])?;
                Ok(Reward::Giveaway { pool: self.number(props, "poolId", Use::Pool)? })
            }
            "increaseAchievementProgress" => {
                props.only(&["achievementId", "delta"])?;
                Ok(Reward::Progress {
                    achievement: self.number(props, "achievementId", Use::Achievement)?,
                    delta: amount(&props.required("delta")?)?,
                })
            }
            "customEffect" => {
                props.only(&["effectId", "name", "payload", "items"])?;
                props.required("effectId")?.integer()?;
                text("name")?;
                object(&props.required("payload")?)?;
                Ok(Reward::Custom {
                    props: without(object(props)?, &["items"]),
                    items: props.optional("items", selected)?,
                })
            }
            "addToAudience" | "removeFromAudience" => {
                props.only(&["audienceId"])?;
                let audience = self.number(props, "audienceId", Use::Audience)?;
                Ok(Reward::Audience { audience, joins: *kind == "addToAudience" })
            }
            "showBundleMetadata" => {
                props.only(&["description", "bundleAttributes", "sku", "category"])?;
                text("description")?;
                let attributes = props.required("bundleAttributes")?;
                attributes.list()?.iter().try_for_each(|node| node.text().map(|_| ()))?;
                Ok(Reward::BundleMetadata {
                    props: without(object(props)?, &SELECTOR),
                    items: selector(props)?,
                })
            }
            _ => {
                props.only(&["rewardId"])?;
                let id = props.required("rewardId")?.integer()?;
                Ok(Reward::Reward { id, used: *kind == "useReward" })
            }
        }
    }

    fn plain(
        &mut self,
        effect_type: &'static str,
        members: &[(&str, Form, bool)],
        props: &Node<'n>,
    ) -> Result<Reward, Misfit> {
        let names: Vec<&str> = members.iter().map(|(name, ..)| *name).collect();
        props.only(&names)?;
        let mut object = object(props)?;
        for (name, form, required) in members {
            let Some(node) = props.member(name) else {
                if *required {
                    return props.misfit(format!("{name} is missing"));
                }
                if matches!(form, Form::SubLedger) {
                    object.set(name, Value::String(String::new()));
                }
                continue;
            };
            match form {
                Form::Text | Form::SubLedger => node.text().map(|_| ())?,
                Form::Integer => node.integer().map(|_| ())?,
                Form::Time => date_time(&node).map(|_| ())?,
                Form::Any => {}
                Form::Program => self.number(props, name, Use::Program).map(|_| ())?,
            }
        }
        Ok(Reward::Plain { effect_type, props: object })
    }

    fn cost(&mut self, props: &Node<'n>) -> Result<String, Misfit> {
        let node = props.required("additionalCost")?;
        let name = node.text()?;
        self.uses(node, Use::Cost(name.clone()));
        Ok(name)
    }

    fn per_item(&mut self, props: &Node<'n>) -> Result<Reward, Misfit> {
        props.only(&[
            "name",
            "percent",
            "amount",
            "total",
            "sku",
            "category",
            "scope",
            "excludedFromPriceHistory",
            "bundle",
        ])?;
        let name = props.required("name")?.text()?;
        let items = selector(props)?;
        let part = part(props)?;
        if let Some(total) = props.member("total") {
            let alone = ["percent", "amount", "scope", "excludedFromPriceHistory", "bundle"];
            if let Some(node) = alone.iter().find_map(|name| props.member(name)) {
                return node.misfit("it does not go together with total");
            }
            return Ok(Reward::ProRata { name, total: amount(&total)?, items });
        }
        Ok(Reward::ItemDiscount {
            name,
            part: needed(props, part)?,
            items,
            scope: scope(props, &["price", "additionalCosts", "itemTotal"])?,
            excluded_from_price_history: props.optional("excludedFromPriceHistory", Node::boolean)?,
            bundle: props.optional("bundle", |node| {
                node.only(&["name", "with"])?;
                Ok(Bundle { name: node.required("name")?.text()?, with: selected(&node.required("with")?)? })
            })?,
        })
    }

    fn add_points(&mut self, props: &Node<'n>) -> Result<Reward, Misfit> {
        let plain = ["startDate", "expiryDate", "validityDuration", "awaitsActivation"];
        let own = ["name", "programId", "subLedgerId", "points", "perCurrencyUnit", "perItem", "atMost"];
        props.only(&[&own[..], &plain[..]].concat())?;
        props.optional("startDate", date_time)?;
        props.optional("expiryDate", date_time)?;
        props.optional("validityDuration", Node::text)?;
        props.optional("awaitsActivation", Node::boolean)?;
        let points = match (props.member("points"), props.member("perCurrencyUnit"), props.member("perItem"))
        {
            (Some(points), None, None) => Points::Fixed(amount(&points)?),
            (None, Some(factor), None) => Points::PerCurrencyUnit(factor.count(1)?),
            (None, None, Some(node)) => {
                node.only(&["points", "sku", "category"])?;
                Points::PerItem(amount(&node.required("points")?)?, selector(&node)?)
            }
            _ => return props.misfit("one of points, perCurrencyUnit and perItem is expected"),
        };
        Ok(Reward::AddPoints {
            name: props.required("name")?.text()?,
            ledger: self.ledger(props)?,
            points,
            at_most: props.optional("atMost", amount)?,
            props: without(object(props)?, &own),
        })
    }
}

fn free_item(props: &Node<'_>) -> Result<Reward, Misfit> {
    props.only(&["sku", "name", "quantity", "atMost", "forEach"])?;
    let sku = props.optional("sku", Node::text)?;
    let for_each = props.optional("forEach", |node| {
        node.only(&["units", "sku", "category"])?;
        Ok((node.required("units")?.count(1)?, selector(node)?))
    })?;
    if sku.is_none() && for_each.is_none() {
        return props.misfit("sku is missing; only with forEach it may be left out");
    }
    let units = |node: &Node<'_>| match node.count(1)? {
        units if units <= MAX_FREE => Ok(units),
        _ => node.misfit(format!("a number up to {MAX_FREE} is expected")),
    };
    Ok(Reward::FreeItem {
        sku,
        name: props.required("name")?.text()?,
        quantity: props.optional("quantity", units)?.unwrap_or(1),
        at_most: props.optional("atMost", units)?,
        for_each,
    })
}

fn scope(props: &Node<'_>, words: &[&'static str]) -> Result<Option<String>, Misfit> {
    props.optional("scope", |node| word(node, words).map(ToString::to_string))
}

fn without(mut object: Object, names: &[&str]) -> Object {
    for name in names {
        object.remove(name);
    }
    object
}

/// A count as an amount.
fn whole(count: u64) -> Amount {
    ONE.times(count).unwrap_or_default()
}
