//! Reads the bodies of updates and returns: types, required members, limits, declared names.

use std::collections::BTreeMap;

use cartwright::draft::limits::{self, CartLimits};
use cartwright::draft::refusal::{Figure, Refusal};
use cartwright::model::json::{Object, SyntaxError, SyntaxErrorKind, Value};
use cartwright::model::wire::{Fault, FaultKind, Map, Path, Reading, Source, Step, Wire, key};
use cartwright::model::{
    AdditionalCost, ApiError, CartItem, IntegrationRequest, NewCustomerSessionV2, NewReturn,
    ReturnIntegrationRequest, ReturnedCartItem,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::problem::{Problem, at_pointer};
use crate::sandbox::campaigns::{AttributeType, Campaigns, Cost, Kind};
use crate::strict::step;

/// Problems that one answer lists at most.
const MAX_PROBLEMS: usize = 100;

/// Longest part of a refused value that is repeated in an answer, in characters.
const MAX_SHOWN: usize = 100;

/// A body that is right in itself.
#[derive(Debug, Clone)]
pub struct Body {
    /// The fields to change.
    pub customer_session: NewCustomerSessionV2,
    /// Extra parts wanted in the answer.
    pub response_content: Vec<String>,
}

/// The body of a return that is right in itself.
#[derive(Debug, Clone)]
pub struct ReturnBody {
    /// The lines to give back; at least one.
    pub returned_cart_items: Vec<ReturnedCartItem>,
    /// Extra parts wanted in the answer.
    pub response_content: Vec<String>,
}

/// Reads the body of an update and checks all that needs no stored session.
pub fn body(text: &[u8], campaigns: &Campaigns) -> Result<Body, Problem> {
    checked(text, Some(campaigns))
}

/// As [`body`], where attributes, costs and catalogues are declared elsewhere.
pub fn undeclared(text: &[u8]) -> Result<Body, Problem> {
    checked(text, None)
}

fn checked(text: &[u8], campaigns: Option<&Campaigns>) -> Result<Body, Problem> {
    let IntegrationRequest { customer_session: Some(customer_session), response_content } =
        request(text)?.unwrap_or_default()
    else {
        return Err(missing("customerSession"));
    };
    let mut checks = Checks { campaigns, problems: Vec::new() };
    checks.session(&customer_session);
    if !checks.problems.is_empty() {
        return Err(invalid(checks.problems));
    }
    Ok(Body { customer_session, response_content: response_content.unwrap_or_default() })
}

/// Reads the body of a return and checks all that needs no stored session.
pub fn returns(text: &[u8]) -> Result<ReturnBody, Problem> {
    let ReturnIntegrationRequest { r#return: Some(NewReturn { returned_cart_items }), response_content } =
        request(text)?.unwrap_or_default()
    else {
        return Err(missing("return"));
    };
    let Some(returned_cart_items) = returned_cart_items.filter(|items| !items.is_empty()) else {
        return Err(missing("returnedCartItems"));
    };
    let mut problems = Vec::new();
    for (index, item) in returned_cart_items.iter().enumerate() {
        let mut refuse = |member: &str, title: &str, details: &str| {
            let pointer = format!("/returnedCartItems/{index}/{member}");
            problems.push(at_pointer(title, details.to_string(), pointer));
        };
        if item.position.is_none() && item.sku.is_none() {
            refuse("position", "required", "position or sku is required");
        }
        if item.position.is_some_and(|position| position < 0) {
            refuse("position", "minimum", "position counts from 0");
        }
        if item.sku.as_deref() == Some("") {
            refuse("sku", "minLength", "sku needs at least one character");
        }
        if item.quantity.is_some_and(|quantity| quantity < 1) {
            refuse("quantity", "minimum", "quantity must be at least 1");
        }
    }
    if !problems.is_empty() {
        return Err(invalid(problems));
    }
    Ok(ReturnBody { returned_cart_items, response_content: response_content.unwrap_or_default() })
}

/// A body as a model, or what of it has another type.
fn request<T: Wire>(text: &[u8]) -> Result<Option<T>, Problem> {
    let text = std::str::from_utf8(text)
        .map_err(|error| not_json(&format!("not UTF-8 at byte {}", error.valid_up_to())))?;
    let value = Value::parse(text).map_err(|error| not_json(&syntax(error)))?;
    let mut reading = Reading::new(Source::Api);
    let request = T::read(&value, &mut reading);
    let faults = reading.into_faults();
    if !faults.is_empty() {
        return Err(invalid(faults.iter().map(fault).collect()));
    }
    Ok(request)
}

fn missing(member: &str) -> Problem {
    Problem::invalid(vec![at_pointer("required", format!("{member} is required"), format!("/{member}"))])
}

fn invalid(mut problems: Vec<ApiError>) -> Problem {
    problems.truncate(MAX_PROBLEMS);
    Problem::invalid(problems)
}

fn not_json(what: &str) -> Problem {
    Problem::new(400, format!("The body could not be read: {what}"))
}

fn syntax(error: SyntaxError) -> String {
    let what = match error.kind {
        SyntaxErrorKind::Unexpected => "unexpected character",
        SyntaxErrorKind::End => "unexpected end",
        SyntaxErrorKind::Depth => "too many levels",
        SyntaxErrorKind::LoneSurrogate => "half a surrogate pair",
    };
    format!("{what} at byte {}", error.offset)
}

/// The pointer of a path, from the entity on.
fn pointer(path: &[Step]) -> String {
    let entity = |first: &str| ["customerSession", "return"].contains(&first);
    let inside = match path {
        [Step::Key(first), rest @ ..] if entity(first) && !rest.is_empty() => rest,
        whole => whole,
    };
    inside.iter().fold(String::new(), |pointer, next| match next {
        Step::Key(name) => step(&pointer, name),
        Step::Index(index) => format!("{pointer}/{index}"),
    })
}

fn fault(fault: &Fault) -> ApiError {
    let details = match fault.kind {
        FaultKind::Type(expected) => format!("The value is not of the type {expected}"),
        FaultKind::Amount(_) => "The number is out of range".to_string(),
    };
    at_pointer("Invalid type", details, pointer(&fault.path))
}

/// A value as an answer repeats it.
fn shown(value: &Value) -> String {
    value.to_text().chars().take(MAX_SHOWN).collect()
}

struct Checks<'c> {
    /// What is declared, where that is known.
    campaigns: Option<&'c Campaigns>,
    problems: Vec<ApiError>,
}

impl Checks<'_> {
    fn problem(&mut self, title: &str, details: String, path: &[Step]) {
        self.problems.push(at_pointer(title, details, pointer(path)));
    }

    fn limit(&mut self, result: Result<(), Refusal>) {
        let Err(refusal) = result else { return };
        let figure = |figure: &Option<Figure>| match figure {
            None => "none".to_string(),
            Some(Figure::Count(count)) => count.to_string(),
            Some(Figure::Text(text)) => text.clone(),
        };
        let details = format!(
            "{}: the limit is {}, got {}",
            refusal.code.as_str(),
            figure(&refusal.limit),
            figure(&refusal.actual)
        );
        self.problem("Limit exceeded", details, &refusal.path);
    }

    fn required(&mut self, present: bool, name: &str, mut path: Path) {
        if !present {
            path.push(Step::Key(name.to_string()));
            self.problem("required", format!("{name} is required"), &path);
        }
    }

    fn session(&mut self, session: &NewCustomerSessionV2) {
        let campaigns = self.campaigns;
        if let Some(id) = &session.store_integration_id {
            self.limit(limits::store_id(id, key("storeIntegrationId")));
        }
        for (index, code) in session.coupon_codes.iter().flatten().enumerate() {
            let path = vec![Step::Key("couponCodes".to_string()), Step::Index(index)];
            // The API documents no shortest code: an empty one is simply not found.
            if !code.is_empty() {
                self.limit(limits::coupon(code, path));
            }
        }
        if let Some(code) = &session.referral_code {
            self.limit(limits::referral(code, key("referralCode")));
        }
        if let Some(cards) = &session.loyalty_cards {
            self.limit(limits::loyalty_cards(cards.len(), key("loyaltyCards")));
        }
        if let Some(identifiers) = &session.identifiers {
            self.limit(limits::identifiers(identifiers.len(), key("identifiers")));
        }
        if let Some(items) = &session.cart_items {
            self.items(items);
        }
        for (index, variant) in session.experiment_variant_allocations.iter().flatten().enumerate() {
            let mut path = key("experimentVariantAllocations");
            path.push(Step::Index(index));
            self.required(variant.experiment_id.is_some(), "experimentID", path.clone());
            self.required(variant.variant_id.is_some(), "variantID", path);
        }
        if let Some(costs) = &session.additional_costs {
            self.costs(costs, |cost| cost.on_session, &[]);
        }
        if let (Some(attributes), Some(campaigns)) = (&session.attributes, campaigns) {
            let declared = &campaigns.session_attributes;
            self.attributes(attributes, declared, "CustomerSession", &[]);
        }
    }

    fn items(&mut self, items: &[CartItem]) {
        let path = key("cartItems");
        // A quantity below 1 is refused by itself and must not make room for others.
        let units =
            items.iter().filter_map(|item| u64::try_from(item.quantity?).ok()).fold(0, u64::saturating_add);
        self.limit(limits::cart(CartLimits::Flattened, items.len(), units, &path));
        for (index, item) in items.iter().enumerate().take(limits::MAX_LINES) {
            let mut path = path.clone();
            path.push(Step::Index(index));
            self.item(item, &path);
        }
    }

    fn item(&mut self, item: &CartItem, path: &Path) {
        let campaigns = self.campaigns;
        let inside = |name: &str| {
            let mut path = path.clone();
            path.push(Step::Key(name.to_string()));
            path
        };
        self.required(item.sku.is_some(), "sku", path.clone());
        if item.sku.as_deref() == Some("") {
            let details = "sku needs at least one character".to_string();
            self.problem("minLength", details, &inside("sku"));
        }
        self.required(item.quantity.is_some(), "quantity", path.clone());
        if let Some(quantity) = item.quantity.filter(|quantity| *quantity < 1) {
            let details = format!("quantity must be at least 1, got {quantity}");
            self.problem("minimum", details, &inside("quantity"));
        }
        let in_catalog = |sku| campaigns.is_none_or(|campaigns| campaigns.catalog.contains_key(sku));
        if item.price.is_none() && !item.sku.as_ref().is_some_and(in_catalog) {
            let details = "price is required for a sku that is in no catalog".to_string();
            self.problem("required", details, &inside("price"));
        }
        if let Some(product) = &item.product {
            self.required(product.name.is_some(), "name", inside("product"));
        }
        if let Some(costs) = &item.additional_costs {
            self.costs(costs, |cost| cost.on_items, path);
        }
        if let (Some(attributes), Some(campaigns)) = (&item.attributes, campaigns) {
            self.attributes(attributes, &campaigns.item_attributes, "CartItem", path);
        }
    }

    fn costs(&mut self, costs: &Map<AdditionalCost>, allowed: fn(&Cost) -> bool, path: &[Step]) {
        for (name, cost) in &costs.0 {
            let mut path = path.to_vec();
            path.extend(key("additionalCosts"));
            path.extend(key(name));
            let is_declared =
                |campaigns: &Campaigns| campaigns.additional_costs.get(name).is_some_and(allowed);
            if !self.campaigns.is_none_or(is_declared) {
                let details = format!("The additional cost \"{name}\" is not defined here.");
                self.problem("Unknown", details, &path);
            }
            self.required(cost.price.is_some(), "price", path);
        }
    }

    fn attributes(
        &mut self,
        attributes: &Object,
        declared: &BTreeMap<String, AttributeType>,
        entity: &str,
        path: &[Step],
    ) {
        for (name, value) in attributes.iter() {
            let mut path = path.to_vec();
            path.extend(key("attributes"));
            path.extend(key(name));
            match declared.get(name) {
                None => {
                    let details = format!("The attribute \"{name}\" is not defined on {entity} entities.");
                    self.problem("Unknown", details, &path);
                }
                Some(_) if *value == Value::Null => {}
                Some(declared) if fits(value, *declared) => {}
                Some(declared) => {
                    let details = format!(
                        "Value of \"{name}\" attribute ({}) is not {}",
                        shown(value),
                        wanted(*declared)
                    );
                    self.problem("Invalid type", details, &path);
                }
            }
        }
    }
}

fn fits(value: &Value, declared: AttributeType) -> bool {
    let one = |value: &Value| match (declared.kind, value) {
        (Kind::String, Value::String(_))
        | (Kind::Number, Value::Number(_))
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Location, Value::Object(_)) => true,
        (Kind::Time, Value::String(text)) => OffsetDateTime::parse(text, &Rfc3339).is_ok(),
        _ => false,
    };
    match value {
        Value::Array(items) if declared.list => items.iter().all(one),
        value => !declared.list && one(value),
    }
}

fn wanted(declared: AttributeType) -> &'static str {
    match (declared.list, declared.kind) {
        (false, Kind::String) => "a string",
        (false, Kind::Number) => "a number",
        (false, Kind::Boolean) => "a boolean",
        (false, Kind::Time) => "a time",
        (false, Kind::Location) => "a location",
        (true, Kind::String) => "a list of strings",
        (true, Kind::Number) => "a list of numbers",
        (true, Kind::Boolean) => "a list of booleans",
        (true, Kind::Time) => "a list of times",
        (true, Kind::Location) => "a list of locations",
    }
}
