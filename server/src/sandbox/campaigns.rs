//! The campaigns file: what the back office would hold.

use std::collections::BTreeMap;

use cartwright::amount::Amount;
use cartwright::model::json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

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
    /// Declared session attributes and their types.
    pub session_attributes: BTreeMap<String, AttributeType>,
    /// Declared item attributes and their types.
    pub item_attributes: BTreeMap<String, AttributeType>,
    /// Declared additional costs.
    pub additional_costs: BTreeMap<String, Cost>,
    /// SKUs whose price need not be sent.
    pub catalog: BTreeMap<String, CatalogItem>,
    /// The campaigns, in the order in which their effects come.
    pub campaigns: Vec<Campaign>,
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
    /// Unit price.
    pub price: Amount,
    /// Display name.
    pub name: Option<String>,
}

/// A campaign. With codes, its rules run when one of them is accepted; without, always.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Internal number.
    pub id: i64,
    /// Name, for the back office.
    pub name: String,
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
    /// Redemptions so far.
    pub usage_counter: u64,
    /// Whether the session must have a profile.
    pub profile_required: bool,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, repeated in each of its effects.
    pub name: String,
    /// Holds while `cartItemTotal` is at least this.
    pub from: Option<Amount>,
    /// Holds while `cartItemTotal` is less than this.
    pub below: Option<Amount>,
    /// What it gives.
    pub rewards: Vec<Reward>,
}

/// What a rule gives.
#[derive(Debug, Clone)]
pub enum Reward {
    /// A part of `cartItemTotal`.
    Percent {
        /// Label.
        name: String,
        /// 1 to 100.
        percent: u64,
    },
    /// An amount, at most `cartItemTotal`.
    Fixed {
        /// Label.
        name: String,
        /// The amount.
        amount: Amount,
    },
    /// An amount off each unit of a category, at most its price.
    PerItem {
        /// Label; `#` and the position are added.
        name: String,
        /// The amount for one unit.
        amount: Amount,
        /// The category.
        category: String,
    },
    /// The whole of a session cost.
    AdditionalCost {
        /// Label.
        name: String,
        /// API name of the cost.
        additional_cost: String,
    },
    /// One unit for nothing.
    FreeItem {
        /// SKU to add.
        sku: String,
        /// Description.
        name: String,
    },
    /// A message; `{missing}` in its body is what `cartItemTotal` lacks to the rule's `below`.
    Notification {
        /// `Info`, `Offer`, `Error` or `Misc`.
        notification_type: String,
        /// Headline.
        title: String,
        /// Text.
        body: String,
    },
}

impl Campaigns {
    /// Reads a campaigns file; the error says where it is wrong.
    pub fn parse(text: &str) -> Result<Campaigns, Misfit> {
        let value = Value::parse(text).map_err(|error| Misfit {
            pointer: String::new(),
            wanted: format!("not JSON, at byte {}", error.offset),
        })?;
        campaigns(&Node::root(&value))
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
}

fn campaigns(file: &Node<'_>) -> Result<Campaigns, Misfit> {
    file.only(&["applicationId", "accountId", "attributes", "additionalCosts", "catalog", "campaigns"])?;
    let attributes = file.required("attributes")?;
    attributes.only(&["session", "item"])?;
    let campaigns = Campaigns {
        application_id: file.required("applicationId")?.integer()?,
        account_id: file.optional("accountId", Node::integer)?.unwrap_or(1),
        session_attributes: table(&attributes, "session", attribute_type)?,
        item_attributes: table(&attributes, "item", attribute_type)?,
        additional_costs: table(file, "additionalCosts", cost)?,
        catalog: table(file, "catalog", catalog_item)?,
        campaigns: file.each("campaigns", campaign)?,
    };
    check_costs(file, &campaigns)?;
    Ok(campaigns)
}

/// A reward on a cost that nobody declared could never come about.
fn check_costs(file: &Node<'_>, campaigns: &Campaigns) -> Result<(), Misfit> {
    let rewards =
        campaigns.campaigns.iter().flat_map(|campaign| &campaign.rules).flat_map(|rule| &rule.rewards);
    for reward in rewards {
        if let Reward::AdditionalCost { additional_cost, .. } = reward
            && !campaigns.additional_costs.contains_key(additional_cost)
        {
            return file
                .required("additionalCosts")?
                .misfit(format!("the cost {additional_cost}, which a rule discounts, is not declared"));
        }
    }
    Ok(())
}

fn table<T>(
    parent: &Node<'_>,
    name: &str,
    read: impl Fn(&Node<'_>) -> Result<T, Misfit>,
) -> Result<BTreeMap<String, T>, Misfit> {
    let Some(node) = parent.member(name) else {
        return Ok(BTreeMap::new());
    };
    let entry = |(name, node): (&str, Node<'_>)| Ok((name.to_string(), read(&node)?));
    node.entries()?.into_iter().map(entry).collect()
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
    let kind = node.required("type")?;
    let (on_session, on_items) = match kind.text()?.as_str() {
        "session" => (true, false),
        "item" => (false, true),
        "both" => (true, true),
        _ => return kind.misfit("session, item or both is expected"),
    };
    Ok(Cost { id: node.required("id")?.integer()?, on_session, on_items })
}

fn catalog_item(node: &Node<'_>) -> Result<CatalogItem, Misfit> {
    node.only(&["price", "name"])?;
    Ok(CatalogItem { price: node.required("price")?.amount()?, name: node.optional("name", Node::text)? })
}

fn campaign(node: &Node<'_>) -> Result<Campaign, Misfit> {
    node.only(&["id", "name", "rulesetId", "reevaluateOnReturn", "coupons", "referrals", "rules"])?;
    Ok(Campaign {
        id: node.required("id")?.integer()?,
        name: node.required("name")?.text()?,
        ruleset_id: node.required("rulesetId")?.integer()?,
        reevaluate_on_return: node.optional("reevaluateOnReturn", Node::boolean)?.unwrap_or(false),
        coupons: node.each("coupons", coupon)?,
        referrals: node.each("referrals", referral)?,
        rules: node.each("rules", rule)?,
    })
}

fn coupon(node: &Node<'_>) -> Result<Code, Misfit> {
    node.only(&["id", "value", "startDate", "expiryDate", "usageLimit", "usageCounter", "profileRequired"])?;
    code(node, "value")
}

fn referral(node: &Node<'_>) -> Result<Code, Misfit> {
    node.only(&["id", "code", "startDate", "expiryDate", "usageLimit", "usageCounter"])?;
    code(node, "code")
}

fn code(node: &Node<'_>, value: &str) -> Result<Code, Misfit> {
    let count = |node: &Node<'_>| node.count(0);
    Ok(Code {
        id: node.required("id")?.integer()?,
        value: node.required(value)?.text()?,
        start_date: node.optional("startDate", date_time)?,
        expiry_date: node.optional("expiryDate", date_time)?,
        usage_limit: node.optional("usageLimit", count)?.unwrap_or(0),
        usage_counter: node.optional("usageCounter", count)?.unwrap_or(0),
        profile_required: node.optional("profileRequired", Node::boolean)?.unwrap_or(false),
    })
}

fn date_time(node: &Node<'_>) -> Result<OffsetDateTime, Misfit> {
    match OffsetDateTime::parse(&node.text()?, &Rfc3339) {
        Ok(date) => Ok(date),
        Err(_) => node.misfit("an RFC 3339 date and time is expected"),
    }
}

fn rule(node: &Node<'_>) -> Result<Rule, Misfit> {
    node.only(&["name", "when", "then"])?;
    let mut rule = Rule {
        name: node.required("name")?.text()?,
        from: None,
        below: None,
        rewards: node.each("then", reward)?,
    };
    if let Some(when) = node.member("when") {
        when.only(&["cartItemTotal"])?;
        let total = when.required("cartItemTotal")?;
        total.only(&["from", "below"])?;
        rule.from = total.optional("from", Node::amount)?;
        rule.below = total.optional("below", Node::amount)?;
    }
    Ok(rule)
}

fn reward(node: &Node<'_>) -> Result<Reward, Misfit> {
    let kinds = [
        "setDiscount",
        "setDiscountPerItem",
        "setDiscountPerAdditionalCost",
        "addFreeItem",
        "showNotification",
    ];
    node.only(&kinds)?;
    let entries = node.entries()?;
    let [(kind, props)] = entries.as_slice() else {
        return node.misfit("exactly one effect type is expected");
    };
    let text = |name: &str| props.required(name)?.text();
    match *kind {
        "setDiscount" => set_discount(props),
        "setDiscountPerItem" => {
            props.only(&["name", "amount", "category"])?;
            Ok(Reward::PerItem {
                name: text("name")?,
                amount: props.required("amount")?.amount()?,
                category: text("category")?,
            })
        }
        "setDiscountPerAdditionalCost" => {
            props.only(&["name", "additionalCost"])?;
            Ok(Reward::AdditionalCost { name: text("name")?, additional_cost: text("additionalCost")? })
        }
        "addFreeItem" => {
            props.only(&["sku", "name"])?;
            Ok(Reward::FreeItem { sku: text("sku")?, name: text("name")? })
        }
        _ => {
            props.only(&["notificationType", "title", "body"])?;
            Ok(Reward::Notification {
                notification_type: text("notificationType")?,
                title: text("title")?,
                body: text("body")?,
            })
        }
    }
}

fn set_discount(props: &Node<'_>) -> Result<Reward, Misfit> {
    props.only(&["name", "percent", "amount"])?;
    let name = props.required("name")?.text()?;
    match (props.member("percent"), props.member("amount")) {
        (Some(percent), None) => match percent.count(1)? {
            percent if percent <= 100 => Ok(Reward::Percent { name, percent }),
            _ => percent.misfit("at most 100 is expected"),
        },
        (None, Some(amount)) => Ok(Reward::Fixed { name, amount: amount.amount()? }),
        _ => props.misfit("either percent or amount is expected"),
    }
}
